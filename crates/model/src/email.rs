//! E-mail addresses as people type them, and when two of them are the same person's.
//!
//! Case and white space never make a difference. What stands behind a `+` does: `ada+lpc@example.org` is an
//! address of its own, but whoever proves that they read it may be offered the account of `ada@example.org`
//! (requirement 3), since nearly every provider delivers both to one box. It is offered, never assumed.

use crate::{Refusal, text::excerpt};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The longest address: 64 octets, `@`, 255 octets (RFC 5321, section 4.5.3.1), within the 254 of a path.
const MAX: usize = 254;

/// An e-mail address in the form in which addresses are compared: trimmed, in lower case.
///
/// RFC 5321 lets a host tell `Ada@` from `ada@`; none does, and people type both.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// Reads an address as typed. A display name is not accepted: an address stands alone in its field.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let refuse =
            |problem: String| Refusal::new("email", problem, "Type an address such as ada@example.org");
        let text = text.trim();
        if text.is_empty() {
            return Err(refuse("no address was given".to_owned()));
        }
        let whole = text.to_lowercase();
        let shown = excerpt(text, 80);
        let Some((local, domain)) = whole.rsplit_once('@') else {
            return Err(refuse(format!("\"{shown}\" has no @")));
        };
        let printable = |c: char| !c.is_whitespace() && !c.is_control() && !"<>(),;:\\\"[]".contains(c);
        let local_holds = !local.is_empty()
            && local.len() <= 64
            && local.chars().all(|c| printable(c) && c != '@')
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..");
        let label_holds = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        };
        let domain_holds = domain.contains('.') && domain.split('.').all(label_holds);
        // A host without a dot is accepted where the server itself runs, so that a first look needs no domain.
        if whole.len() > MAX || !local_holds || !(domain_holds || domain == "localhost") {
            return Err(refuse(format!("\"{shown}\" is not an e-mail address")));
        }
        Ok(Self(whole))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands behind the `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// The address without its `+tag`; itself where there is none.
    #[must_use]
    pub fn without_tag(&self) -> Self {
        match self.0.rsplit_once('@') {
            Some((local, domain)) => match local.split_once('+') {
                Some((base, _)) if !base.is_empty() => Self(format!("{base}@{domain}")),
                _ => self.clone(),
            },
            None => self.clone(),
        }
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_white_space_make_no_difference_and_a_tag_does() {
        let email = |text: &str| Email::parse(text).unwrap();
        assert_eq!(email(" Ada@Example.ORG "), email("ada@example.org"));
        assert_ne!(email("ada+lpc@example.org"), email("ada@example.org"));
        assert_eq!(email("ada+lpc@example.org").without_tag(), email("ada@example.org"));
        assert_eq!(email("+x@example.org").without_tag(), email("+x@example.org"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let nonsense = [
            "",
            "ada",
            "@example.org",
            "ada@",
            "ada@org",
            "a b@example.org",
            "ada@exa mple.org",
            "a@b@c.org",
        ];
        let hostile = [
            "ada@example.org\r\nBcc: x@y.org",
            "<ada@example.org>",
            "ada@-x.org",
            "a..b@example.org",
            "a,b@example.org",
        ];
        for text in nonsense.iter().chain(&hostile) {
            assert!(Email::parse(text).is_err(), "{text}");
        }
        assert!(Email::parse(&format!("{}@example.org", "x".repeat(65))).is_err());
    }

    #[test]
    fn addresses_of_other_scripts_are_addresses() {
        assert_eq!(Email::parse("Jürgen@Bücher.example").unwrap().as_str(), "jürgen@bücher.example");
    }
}
