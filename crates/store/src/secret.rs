//! The server's secret: made when the record is made, the same on all nodes, told to nobody.

use crate::{Error, Result, entity::setting};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sea_orm::{ConnectionTrait, EntityTrait};
use sha2::Sha256;
use std::fmt;

/// Bytes of a short signature.
const SHORT: usize = 10;

/// Random bytes of a token: 43 letters in an address or a cookie.
const TOKEN: usize = 32;

/// The server's secret. Signs what leaves the server and comes back: cookies, links to leave a kind of mail.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Secret {
    /// Reads it.
    pub(crate) async fn read(db: &impl ConnectionTrait) -> Result<Self> {
        let row = setting::Entity::find_by_id("secret".to_owned()).one(db).await?;
        let row = row.ok_or_else(|| Error::damaged("setting", "the server's secret is missing"))?;
        Ok(Self(row.value))
    }

    /// HMAC-SHA256 (RFC 2104) of `text` under a key of its own for each `purpose`, so that what was signed for one is
    /// never good for another; URL-safe base64.
    pub fn sign(&self, purpose: &str, text: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.mac(purpose, text).finalize().into_bytes())
    }

    /// Whether `signature` is that of `text` for that purpose. Takes as long for a wrong one as for a right one.
    pub fn verifies(&self, purpose: &str, text: &str, signature: &str) -> bool {
        URL_SAFE_NO_PAD
            .decode(signature)
            .is_ok_and(|signature| self.mac(purpose, text).verify_slice(&signature).is_ok())
    }

    /// The same, in 20 hexadecimal digits, for what must be short and may lose the case of its letters: 80 bits, which nobody
    /// guesses by asking a server.
    pub(crate) fn sign_short(&self, purpose: &str, text: &str) -> String {
        let whole = self.mac(purpose, text).finalize().into_bytes();
        crate::body::hexadecimal(&whole[..SHORT])
    }

    /// Whether `signature` is the short one of `text` for that purpose. Takes as long for a wrong one as for a right one.
    pub(crate) fn verifies_short(&self, purpose: &str, text: &str, signature: &str) -> bool {
        let digit = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let bytes: Option<Vec<u8>> = signature.as_bytes().chunks(2).map(digit).collect();
        bytes.is_some_and(|bytes| {
            bytes.len() == SHORT && self.mac(purpose, text).verify_truncated_left(&bytes).is_ok()
        })
    }

    /// A key of its own for that purpose: 32 bytes that nobody can tell from random ones without the secret.
    pub(crate) fn key(&self, purpose: &str) -> [u8; 32] {
        self.mac(purpose, "key").finalize().into_bytes().into()
    }

    fn mac(&self, purpose: &str, text: &str) -> Hmac<Sha256> {
        let keyed = |key: &[u8]| {
            // HMAC takes keys of every length.
            Hmac::<Sha256>::new_from_slice(key)
                .unwrap_or_else(|_| Hmac::new(&hmac::digest::Key::<Hmac<Sha256>>::default()))
        };
        let mut key = keyed(&self.0);
        key.update(purpose.as_bytes());
        let mut mac = keyed(&key.finalize().into_bytes());
        mac.update(text.as_bytes());
        mac
    }
}

/// A fresh secret of 256 random bits, as it stands in a link or a cookie.
pub(crate) fn new_token() -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(random::<TOKEN>()?))
}

/// Random bytes from the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::Database { detail: format!("no random numbers: {error}") })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_good_for_its_text_its_purpose_and_its_server() {
        let (ours, theirs) = (Secret(vec![1; 32]), Secret(vec![2; 32]));
        let signature = ours.sign("cookie", "text");
        assert!(ours.verifies("cookie", "text", &signature));
        assert!(!ours.verifies("cookie", "other", &signature));
        assert!(!ours.verifies("link", "text", &signature));
        assert!(!theirs.verifies("cookie", "text", &signature));
        assert!(!ours.verifies("cookie", "text", ""));
        let short = ours.sign_short("reply", "text");
        assert_eq!(short.len(), 20);
        assert!(ours.verifies_short("reply", "text", &short));
        for wrong in ["", &short[..18], &format!("{short}00"), "zz", &theirs.sign_short("reply", "text")] {
            assert!(!ours.verifies_short("reply", "text", wrong), "{wrong}");
        }
        assert!(!ours.verifies_short("reply", "other", &short));
        assert_eq!(format!("{ours:?}"), "Secret(..)");
    }
}
