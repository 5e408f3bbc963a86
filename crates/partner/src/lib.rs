//! Outside system: other Plenarys, with whose editions proposals are passed on.
//!
//! Every message is an HTTP POST of JSON (see [`model::partner::Envelope`]) that is signed as [`sign`] says: HTTP Message
//! Signatures (RFC 9421) with Ed25519 over the method, the address, and the digest of the body (RFC 9530). **A partner may
//! get the same message more than once** (the sender was killed after sending, or the answer was lost) and takes it once.
//!
//! [`Messenger::run`] is the loop that sends; what is received is checked by [`sign::verify`], without I/O.

mod send;
pub mod sign;

pub use send::Messenger;

use model::{edition::Edition, partner::edition_address, text::WebUrl};

/// The address of an edition, as its partners write it; `None` where `base_url` is none.
pub fn address_of(base_url: &str, edition: &Edition) -> Option<WebUrl> {
    edition_address(&format!("{}/{}/", base_url.trim_end_matches('/'), edition.slug)).ok()
}

/// Where messages to the edition of that address are sent.
pub fn inbox(address: &WebUrl) -> String {
    format!("{}forwards/", address.as_str())
}
