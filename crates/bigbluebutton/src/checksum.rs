//! The checksums with which BigBlueButton and those who use it know each other.
//!
//! A call carries `checksum`, the hexadecimal hash over the name of the call, the query exactly as it is sent (still
//! encoded, without `checksum` itself) and the shared secret
//! (<https://docs.bigbluebutton.org/development/api/#usage>). A callback of bbb-webhooks carries one over the address
//! that was registered, the raw body and the secret
//! (<https://docs.bigbluebutton.org/development/webhooks/#implementation>). Which hash it is shows in its length.

use crate::secret::Secret;
use sha2::Digest;
use std::{fmt, fmt::Write as _};
use subtle::ConstantTimeEq;

/// A hash with which calls are signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// SHA-1, which every version knows. What bbb-webhooks signs with unless it is told otherwise.
    Sha1,
    /// SHA-256, which every supported version and every balancer knows.
    #[default]
    Sha256,
    /// SHA-384, since 2.5. Scalelite refuses it unless it is told otherwise.
    Sha384,
    /// SHA-512, since 2.5.
    Sha512,
}

impl Algorithm {
    /// All of them, the weakest first.
    pub const ALL: [Self; 4] = [Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];

    /// As the servers' settings spell it: `sha256`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// The algorithm of that name; capitals and a hyphen do not matter.
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase().replace('-', "");
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name)
    }

    /// The number of hexadecimal digits of its checksums.
    pub fn digits(self) -> usize {
        match self {
            Self::Sha1 => 40,
            Self::Sha256 => 64,
            Self::Sha384 => 96,
            Self::Sha512 => 128,
        }
    }

    /// The algorithm whose checksums have so many digits.
    pub fn of_digits(digits: usize) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.digits() == digits)
    }

    /// The checksum over `parts`, one after another, and then the secret.
    pub fn checksum(self, parts: &[&[u8]], secret: &Secret) -> String {
        match self {
            Self::Sha1 => hashed::<sha1::Sha1>(parts, secret),
            Self::Sha256 => hashed::<sha2::Sha256>(parts, secret),
            Self::Sha384 => hashed::<sha2::Sha384>(parts, secret),
            Self::Sha512 => hashed::<sha2::Sha512>(parts, secret),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether `claimed` is the checksum over `parts` and the secret, by whichever algorithm its length tells. How long this
/// takes depends on lengths only, so that nobody finds a checksum by trying one digit after another.
pub fn verify(parts: &[&[u8]], secret: &Secret, claimed: &str) -> bool {
    // Without a secret, everybody could compute the checksum.
    let Some(algorithm) = Algorithm::of_digits(claimed.len()).filter(|_| !secret.is_empty()) else {
        return false;
    };
    let expected = algorithm.checksum(parts, secret);
    expected.as_bytes().ct_eq(claimed.to_ascii_lowercase().as_bytes()).into()
}

fn hashed<H: Digest>(parts: &[&[u8]], secret: &Secret) -> String {
    let mut hash = H::new();
    for part in parts {
        hash.update(part);
    }
    hash.update(secret.reveal().as_bytes());
    hex(&hash.finalize())
}

/// The bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The SHA-1 of a text, from which BigBlueButton makes a meeting's internal identifier.
pub(crate) fn sha1_hex(text: &str) -> String {
    hex(&sha1::Sha1::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "639259d4-9dd8-4b25-bf01-95f9567eaf4b";
    const QUERY: &str = "name=Test+Meeting&meetingID=abc123&attendeePW=111222&moderatorPW=333444";

    /// The example of BigBlueButton's own documentation.
    #[test]
    fn the_checksum_is_the_one_of_the_documentation() {
        let secret = Secret::new(SECRET);
        let checksum = Algorithm::Sha1.checksum(&[b"create", QUERY.as_bytes()], &secret);
        assert_eq!(checksum, "1fcbb0c4fc1f039f73aa6d697d2db9ba7f803f17");
    }

    #[test]
    fn every_algorithm_is_known_by_the_length_of_its_checksums() {
        let secret = Secret::new(SECRET);
        for algorithm in Algorithm::ALL {
            let checksum = algorithm.checksum(&[b"create", QUERY.as_bytes()], &secret);
            assert_eq!(checksum.len(), algorithm.digits());
            assert!(verify(&[b"create", QUERY.as_bytes()], &secret, &checksum), "{algorithm}");
            assert!(verify(&[b"create", QUERY.as_bytes()], &secret, &checksum.to_uppercase()));
            assert!(!verify(&[b"end", QUERY.as_bytes()], &secret, &checksum));
            assert!(!verify(&[b"create", QUERY.as_bytes()], &secret, &checksum[1..]));
            assert_eq!(Algorithm::parse(&algorithm.as_str().to_uppercase()), Some(algorithm));
        }
    }

    #[test]
    fn no_secret_signs_nothing() {
        let none = Secret::new(" ");
        let checksum = Algorithm::Sha256.checksum(&[b"end"], &none);
        assert!(!verify(&[b"end"], &none, &checksum));
    }

    #[test]
    fn a_secret_is_never_printed() {
        assert_eq!(format!("{:?}", Secret::new(SECRET)), "***");
    }
}
