//! What servers tell us: events of meetings by bbb-webhooks, the end of a meeting, a recording that is ready.
//!
//! Whoever knows our address may call it, so **nothing of a callback is read before it is verified**, and that on the bytes as
//! they came:
//!
//! | callback | proof |
//! |---|---|
//! | [`events`] | a checksum over the address as registered, the raw body and the secret, see [`verify`] |
//! | [`end`] | none by the server; a token of our own in the address |
//! | [`recording`] | a JSON Web Token, HS256 or HS512, signed with the secret (<https://www.rfc-editor.org/rfc/rfc7519>) |
//!
//! Answer a forged callback with 403. **Never answer 401**: bbb-webhooks takes that for delivered.

pub mod end;
pub mod events;
pub mod inbox;
pub mod recording;
pub mod text;

use crate::{checksum, secret::Secret};

/// Why a callback is not acted upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// Its proof is missing or wrong.
    #[error(
        "the signature is missing or wrong. Compare the server's secret with the one that is entered here"
    )]
    Forged,
    /// It is genuine and not what such callbacks are.
    #[error("the callback cannot be read: {0}. Compare the server's version with those that are supported")]
    Malformed(&'static str),
}

/// Verifies a callback of bbb-webhooks. `registered` is the callback's address exactly as it was registered,
/// `checksum` the value of that parameter in the query, `body` the bytes as they came.
pub fn verify(secret: &Secret, registered: &str, body: &[u8], checksum: &str) -> Result<(), Rejected> {
    if checksum::verify(&[registered.as_bytes(), body], secret, checksum) {
        Ok(())
    } else {
        Err(Rejected::Forged)
    }
}

/// The value of `checksum` in the query of a request; `None` where it stands there more or less than once.
pub fn checksum_of(query: &str) -> Option<String> {
    let mut found = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "checksum");
    let first = found.next()?.1.into_owned();
    found.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::Algorithm;

    #[test]
    fn a_callback_is_believed_only_with_the_checksum_of_its_raw_body() {
        let secret = Secret::new("s3cret");
        let (address, body) = ("https://plenary.example.org/bbb/node1", b"domain=x&event=%5B%5D&timestamp=1");
        for algorithm in Algorithm::ALL {
            let checksum = algorithm.checksum(&[address.as_bytes(), body], &secret);
            assert_eq!(verify(&secret, address, body, &checksum), Ok(()));
            let encoded_otherwise = b"domain=x&event=%5b%5d&timestamp=1";
            assert_eq!(verify(&secret, address, encoded_otherwise, &checksum), Err(Rejected::Forged));
            assert_eq!(
                verify(&secret, "https://plenary.example.org/bbb/node2", body, &checksum),
                Err(Rejected::Forged)
            );
            assert_eq!(verify(&Secret::new("other"), address, body, &checksum), Err(Rejected::Forged));
        }
        assert_eq!(verify(&secret, address, body, ""), Err(Rejected::Forged));
    }

    #[test]
    fn two_checksums_are_none() {
        assert_eq!(checksum_of("checksum=ab").as_deref(), Some("ab"));
        assert_eq!(checksum_of("a=1&checksum=ab&checksum=ab"), None);
        assert_eq!(checksum_of(""), None);
    }
}
