//! Outside system: Mastodon. Publishes posts through its API.
//!
//! [`run`] takes what waits in the record, one post at a time, and has the edition's account publish it: [`api`] speaks
//! with the server, [`text`] says what is published. A status that was sent and whose answer was lost is sent again with
//! the same `Idempotency-Key`, so that Mastodon answers with the one that it made; see [`model::mastodon::RETRY`].

pub mod api;
pub mod text;
mod work;

pub use work::{publish_next, run};
