//! Partners: editions on other Plenarys, with which proposals are passed on. And the messages that go between them.
//!
//! Two editions are partners once an organiser of each has entered the other's address and public key. No secret is
//! exchanged: every message is signed with the sender's own key (HTTP Message Signatures, RFC 9421, with Ed25519).

use crate::{
    Refusal,
    forward::Offer,
    id::{EditionId, ForwardId, PartnerId},
    retry::Schedule,
    text::{Line, RichText, Slug, WebUrl, excerpt},
    words::words,
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// The most partners of one edition.
pub const PARTNERS_MAX: usize = 50;

/// The most calls of a partner that are kept.
pub const CALLS_MAX: usize = 200;

/// The most bytes of a message.
pub const MESSAGE_MAX: usize = 512 * 1_024;

/// How far the clocks of two partners may be apart, and how old a message may be.
pub const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// When a message that was not taken is sent again: after half a minute, at most six hours apart, for about three days.
pub const RETRIES: Schedule =
    Schedule { first: SignedDuration::from_secs(30), longest: SignedDuration::from_hours(6), attempts: 20 };

/// An Ed25519 public key (RFC 8032), 32 bytes; written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; 32]);

impl PublicKey {
    /// Reads one; spaces and colons between the digits do not matter.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let digits: Vec<u32> = text
            .chars()
            .filter(|c| !c.is_whitespace() && *c != ':')
            .map(|c| c.to_digit(16))
            .collect::<Option<_>>()
            .unwrap_or_default();
        let bytes: Vec<u8> =
            digits.chunks_exact(2).filter_map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok()).collect();
        <[u8; 32]>::try_from(bytes).ok().filter(|_| digits.len() == 64).map(Self).ok_or_else(|| {
            let problem = format!("\"{}\" is no public key", excerpt(text, 80));
            Refusal::new("key", problem, "Copy the 64 digits from the other Plenary's page Partners")
        })
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

/// A call of a partner's to which one may pass on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TheirCall {
    /// Its place in addresses there.
    pub slug: Slug,
    /// Its name.
    pub name: Line,
}

/// An edition on another Plenary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partner {
    /// Its identifier here.
    pub id: PartnerId,
    /// Our edition.
    pub edition: EditionId,
    /// How it is called here.
    pub name: Line,
    /// The address of their edition; ends with `/`.
    pub address: WebUrl,
    /// Their key.
    pub key: PublicKey,
    /// When it was entered.
    pub made: Timestamp,
    /// Their calls, as they last said.
    pub calls: Vec<TheirCall>,
    /// When they said so; never, where none is said.
    pub calls_at: Option<Timestamp>,
}

/// The address of an edition as partners write it: with its scheme, ending with `/`, without a query.
pub fn edition_address(text: &str) -> Result<WebUrl, Refusal> {
    let remedy = "Give the address of the other edition's overview, such as https://conf.example.org/2027/";
    let refuse = |problem: &str| Refusal::new("address", problem, remedy);
    let text = text.trim();
    let text = if text.ends_with('/') { text.to_owned() } else { format!("{text}/") };
    let url = WebUrl::parse(&text).map_err(|_| refuse("it is no address on the web"))?;
    let parts: Vec<&str> = url.as_str().split('/').collect();
    let edition = parts.len() >= 5 && parts.iter().skip(3).take(parts.len() - 4).all(|part| !part.is_empty());
    if !edition || url.as_str().contains(['?', '#', '@']) {
        return Err(refuse("it names no edition"));
    }
    Ok(url)
}

words! {
    /// What a message is for.
    MessageKind {
        /// Asks which calls there are.
        Calls = "calls", "Asks for the calls";
        /// Offers a proposal.
        Offer = "offer", "Offers a proposal";
        /// Answers an offer.
        Answer = "answer", "Answers an offer";
        /// Takes an offer back.
        Cancel = "cancel", "Takes an offer back";
    }
}

/// What one Plenary tells another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Message {
    /// Asks which calls there are; the answer holds them.
    Calls,
    /// Offers a proposal whose author has agreed.
    Offer {
        /// To which call, by its place in addresses.
        call: Slug,
        /// The name of the call to which it was submitted.
        from: Line,
        /// What the sender's committee says.
        #[serde(default)]
        note: RichText,
        /// The proposal.
        proposal: Offer,
    },
    /// Answers an offer.
    Answer {
        /// Whether it is taken.
        accepted: bool,
        /// What the receiver's committee says.
        #[serde(default)]
        note: RichText,
        /// The page of the new proposal for its authors.
        #[serde(default)]
        page: Option<WebUrl>,
    },
    /// Takes an offer back that is not answered.
    Cancel,
}

impl Message {
    /// What it is for.
    pub fn kind(&self) -> MessageKind {
        match self {
            Self::Calls => MessageKind::Calls,
            Self::Offer { .. } => MessageKind::Offer,
            Self::Answer { .. } => MessageKind::Answer,
            Self::Cancel => MessageKind::Cancel,
        }
    }
}

/// A message as it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// Its identifier, the same in every attempt.
    pub id: Uuid,
    /// The address of the sender's edition.
    pub from: WebUrl,
    /// The forward, the same at both ends; none where it asks for calls.
    #[serde(default)]
    pub forward: Option<ForwardId>,
    /// What it says.
    pub message: Message,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_64_digits_however_they_are_grouped() {
        let key = PublicKey([0xab; 32]);
        assert_eq!(PublicKey::parse(&key.to_string()), Ok(key));
        assert_eq!(PublicKey::parse(&"AB:".repeat(32)), Ok(key));
        for wrong in ["", "ab", &"ab".repeat(33), &"zz".repeat(32), &"a".repeat(63)] {
            assert_eq!(PublicKey::parse(wrong).unwrap_err().field, "key", "{wrong}");
        }
    }

    #[test]
    fn the_address_of_a_partner_names_an_edition() {
        let address = |text: &str| edition_address(text).map(|url| url.as_str().to_owned());
        assert_eq!(address(" https://conf.example.org/2027 ").unwrap(), "https://conf.example.org/2027/");
        assert!(address("http://127.0.0.1:8000/garden-2027/").is_ok());
        for wrong in
            ["", "conf", "https://conf.example.org/", "https://conf.example.org/2027/?x=1", "https://a/b//"]
        {
            assert_eq!(address(wrong).unwrap_err().field, "address", "{wrong}");
        }
    }

    #[test]
    fn a_message_reads_as_the_handbook_writes_it() {
        let text = r#"{
            "id": "0198c0de-0000-7000-8000-000000000001", "from": "https://a.example/2027/",
            "forward": "0198c0de-0000-7000-8000-000000000002",
            "message": {"type": "answer", "accepted": true, "note": "Thank you.", "page": "https://b.example/account/proposals/x/y/"}
        }"#;
        let envelope: Envelope = serde_json::from_str(text).unwrap();
        assert_eq!(envelope.message.kind(), MessageKind::Answer);
        let again = serde_json::to_string(&envelope).unwrap();
        assert_eq!(serde_json::from_str::<Envelope>(&again).unwrap(), envelope);
        assert!(serde_json::from_str::<Envelope>(&text.replace("accepted", "taken")).is_err());
    }
}
