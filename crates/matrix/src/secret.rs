//! Tokens between the homeserver and us.

use model::Refusal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// A token: it can be used, and never shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Secret(String);

impl Secret {
    /// A new one of 256 bits.
    ///
    /// # Errors
    /// The machine has no random numbers.
    pub fn random() -> Result<Self, getrandom::Error> {
        use std::fmt::Write as _;
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        let mut text = String::with_capacity(64);
        for byte in bytes {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Ok(Self(text))
    }

    /// Takes a token as it stands in a registration.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        if (16..=500).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
            return Ok(Self(text.to_owned()));
        }
        let remedy = "Copy as_token and hs_token from the registration file of the application service";
        Err(Refusal::new("token", "this is no token of an application service", remedy))
    }

    /// The token, to be sent to its homeserver and nowhere else.
    pub fn secret(&self) -> &str {
        &self.0
    }

    /// Whether that is the token. Digests are compared, so that the time this takes tells nothing of how much of a
    /// guess was right.
    pub fn is(&self, given: &str) -> bool {
        Sha256::digest(self.0.as_bytes()) == Sha256::digest(given.as_bytes())
    }
}

impl TryFrom<String> for Secret {
    type Error = Refusal;

    fn try_from(text: String) -> Result<Self, Refusal> {
        Self::parse(&text)
    }
}

impl From<Secret> for String {
    fn from(secret: Secret) -> Self {
        secret.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_random_known_by_its_text_alone_and_never_shown() {
        let secret = Secret::random().unwrap();
        assert_ne!(secret, Secret::random().unwrap());
        assert!(secret.is(secret.secret()));
        assert!(!secret.is("") && !secret.is(&secret.secret()[1..]));
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        assert!(Secret::parse("short").is_err() && Secret::parse("with a space in the middle").is_err());
    }
}
