//! Accounts: who somebody is over all editions, by which addresses and outside accounts they are known, and who
//! may see what of them.

use crate::{
    Refusal,
    email::Email,
    id::{AccountId, IdentityId, MergeId, ViewingId},
    text::{Line, RichText, excerpt, folded},
    time::Zone,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// The name in a person's public address, which they choose: 2 to 40 lower-case letters, digits, `-`, `_` and `.`,
/// with a letter or digit at both ends. Never made from an e-mail address (requirement 11).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Handle(String);

impl Handle {
    /// Reads a handle as typed; case and a leading `@` make no difference.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let typed = text.trim().trim_start_matches('@').to_lowercase();
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let holds = (2..=40).contains(&typed.len())
            && typed.chars().all(|c| plain(c) || "-_.".contains(c))
            && typed.starts_with(plain)
            && typed.ends_with(plain);
        if holds {
            return Ok(Self(typed));
        }
        Err(Refusal::new(
            "handle",
            format!("\"{}\" cannot be a handle", excerpt(text, 60)),
            "Use 2 to 40 letters, digits, hyphens, dots or underscores, with a letter or digit at both ends",
        ))
    }

    /// A handle to begin with, made from a public name and a random number; the person may change it.
    pub fn suggested(name: &str, number: u32) -> Self {
        let mut base: String = folded(name)
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect::<String>()
            .split('-')
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("-");
        base.truncate(28);
        let base = base.trim_end_matches('-');
        Self(if base.is_empty() { format!("guest-{number}") } else { format!("{base}-{number}") })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Handle {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Who may see a part of a profile. Organisers of the editions that a person takes part in always see it: they
/// answer for the conference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Only the person and organisers.
    #[default]
    Organisers,
    /// Everybody who is registered for an edition that the person takes part in too.
    Registered,
    /// Everybody.
    Everybody,
}

impl Audience {
    /// All, from the smallest.
    pub const ALL: [Self; 3] = [Self::Organisers, Self::Registered, Self::Everybody];

    /// The word kept in the record and used in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Organisers => "organisers",
            Self::Registered => "registered",
            Self::Everybody => "everybody",
        }
    }

    /// The audience of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|audience| audience.as_str() == word)
    }
}

/// Who may see what of a profile. The public name and the handle are what a person is known by, and seen by
/// everybody who sees the person at all; an e-mail address is never shown to others than organisers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Visibility {
    /// The whole profile page: without it nobody finds the person by their handle.
    pub profile: Audience,
    /// Where they work or belong.
    pub affiliation: Audience,
    /// What they say about themselves.
    pub biography: Audience,
    /// Which editions they take part in.
    pub editions: Audience,
}

/// Somebody who can sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Their identifier.
    pub id: AccountId,
    /// Their public name, which they choose.
    pub name: Line,
    /// Their handle, which they choose.
    pub handle: Handle,
    /// Where they work or belong.
    #[serde(default)]
    pub affiliation: Line,
    /// What they say about themselves.
    #[serde(default)]
    pub biography: RichText,
    /// The zone in which times are shown to them beside the conference's own.
    #[serde(default)]
    pub zone: Option<Zone>,
    /// Who may see what.
    #[serde(default)]
    pub visibility: Visibility,
    /// When the account came into being.
    pub created: Timestamp,
    /// What became of it.
    #[serde(default)]
    pub state: AccountState,
}

/// What became of an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// It is in use.
    #[default]
    Active,
    /// An administrator has locked it: nobody signs in to it in any way, until it is unblocked.
    Blocked,
    /// It was merged into another, which has all that it had.
    Merged(AccountId),
    /// Its person had it deleted; what the conference must keep stands under its identifier, without a name.
    Deleted,
}

/// How an identity was proved.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// They read mail at this address.
    Email(Email),
    /// An OpenID Connect provider says so: its issuer and the subject by which it knows them.
    Oidc {
        /// The provider's issuer identifier, an `https:` address.
        issuer: String,
        /// The `sub` claim, which is unique for the issuer and never reassigned (OpenID Connect Core, section 2).
        subject: String,
    },
    /// An LDAP directory accepted their password: the directory's name in the settings and their entry's DN.
    Ldap {
        /// The directory's name in the settings.
        directory: String,
        /// The distinguished name of the entry, as the directory writes it.
        dn: String,
    },
}

impl Proof {
    /// The kind, the issuer and the subject under which the record keeps it; the three are unique together.
    pub fn key(&self) -> (&'static str, &str, &str) {
        match self {
            Self::Email(email) => ("email", "", email.as_str()),
            Self::Oidc { issuer, subject } => ("oidc", issuer, subject),
            Self::Ldap { directory, dn } => ("ldap", directory, dn),
        }
    }

    /// The proof that the record keeps under these three; `None` for a kind that no version writes.
    pub fn from_key(kind: &str, issuer: &str, subject: &str) -> Option<Self> {
        match kind {
            "email" => Email::parse(subject).ok().map(Self::Email),
            "oidc" => Some(Self::Oidc { issuer: issuer.to_owned(), subject: subject.to_owned() }),
            "ldap" => Some(Self::Ldap { directory: issuer.to_owned(), dn: subject.to_owned() }),
            _ => None,
        }
    }

    /// The e-mail address, where it is one.
    pub fn email(&self) -> Option<&Email> {
        match self {
            Self::Email(email) => Some(email),
            Self::Oidc { .. } | Self::Ldap { .. } => None,
        }
    }
}

/// Something that somebody has proved to be theirs. Nothing unproved is ever kept as an identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Its identifier.
    pub id: IdentityId,
    /// Whose it is.
    pub account: AccountId,
    /// What was proved.
    pub proof: Proof,
    /// When it was proved.
    pub verified: Timestamp,
    /// Whether mail goes to this address; exactly one address of an account that has any.
    pub primary: bool,
}

/// Two accounts of one person that were joined. It can be undone as long as the account that was kept is in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merge {
    /// Its identifier.
    pub id: MergeId,
    /// The account that was merged into the other, and is in use no more.
    pub gone: AccountId,
    /// The account that has everything since.
    pub kept: AccountId,
    /// When.
    pub at: Timestamp,
    /// By whom, as [`Actor`](crate::feed::Actor) is written.
    pub by: String,
    /// Exactly what moved.
    pub moved: Vec<Moved>,
    /// The primary address of the account that is gone.
    #[serde(default)]
    pub primary: Option<IdentityId>,
    /// When it was undone, and by whom.
    #[serde(default)]
    pub undone: Option<Undone>,
}

/// A thing that went from one account to the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// The kind of thing, as in the change feed.
    pub kind: String,
    /// Which.
    pub thing: Uuid,
}

/// The end of a merge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undone {
    /// When.
    pub at: Timestamp,
    /// By whom, as [`Actor`](crate::feed::Actor) is written.
    pub by: String,
}

/// A while during which somebody saw the pages as another person sees them, reading only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewing {
    /// Its identifier.
    pub id: ViewingId,
    /// Who looked.
    pub viewer: AccountId,
    /// As whom.
    pub viewed: AccountId,
    /// From when on.
    pub begun: Timestamp,
    /// Until when at the latest.
    pub until: Timestamp,
    /// When they returned to their own view before that.
    #[serde(default)]
    pub ended: Option<Timestamp>,
}

impl Account {
    /// The name of somebody of whom none is known yet.
    pub fn guest_name(number: u32) -> Line {
        Line::clean(&format!("Guest {number}"))
    }

    /// Whether its person has not said yet how others shall know them.
    pub fn is_unnamed(&self) -> bool {
        let number = self.name.as_str().strip_prefix("Guest ");
        number.is_some_and(|number| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()))
    }

    /// What is left of a deleted account: what it did stands under its identifier, without anything about its person.
    #[must_use]
    pub fn erased(&self) -> Self {
        let id = self.id.0.simple().to_string();
        // The last digits of a version 7 identifier are random, those at its begin tell a time.
        let digits = id.get(20..).unwrap_or_default();
        Self {
            name: Line::from("Deleted account"),
            handle: Handle(format!("deleted-{digits}")),
            affiliation: Line::default(),
            biography: RichText::default(),
            zone: None,
            visibility: Visibility::default(),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_chosen_and_never_holds_an_address() {
        assert_eq!(Handle::parse(" @Ada.Lovelace ").unwrap().as_str(), "ada.lovelace");
        for nonsense in ["a", "-ada", "ada-", "ada@example.org", "a b", "ädä", &"x".repeat(41)] {
            assert!(Handle::parse(nonsense).is_err(), "{nonsense}");
        }
    }

    #[test]
    fn a_suggested_handle_is_a_handle() {
        for name in ["Ada Lovelace", "  ", "小林", "Zoë--O'Brien", &"long name ".repeat(20)] {
            let handle = Handle::suggested(name, 4_711);
            assert_eq!(Handle::parse(handle.as_str()).unwrap(), handle, "{name}");
        }
    }

    #[test]
    fn nothing_of_a_person_is_left_in_an_erased_account() {
        let account = Account {
            id: AccountId(Uuid::from_u128(0x0192_aaaa_bbbb_7ccc_8ddd_eeee_ffff_1234)),
            name: Line::from("Ada Lovelace"),
            handle: Handle::parse("ada").unwrap(),
            affiliation: Line::from("Analytical Engines"),
            biography: RichText::clean("Wrote the first program."),
            zone: Some(Zone::parse("Europe/London").unwrap()),
            visibility: Visibility::default(),
            created: Timestamp::UNIX_EPOCH,
            state: AccountState::Active,
        };
        let erased = account.erased();
        let text = serde_json::to_string(&erased).unwrap().to_lowercase();
        for word in ["ada", "lovelace", "engine", "program", "london"] {
            assert!(!text.contains(word), "{word} in {text}");
        }
        assert_eq!(Handle::parse(erased.handle.as_str()).unwrap(), erased.handle);
        assert_eq!((erased.id, erased.created), (account.id, account.created));
        assert!(!account.is_unnamed());
        assert!(Account { name: Account::guest_name(7), ..account }.is_unnamed());
    }

    #[test]
    fn a_proof_comes_back_from_its_key() {
        let proofs = [
            Proof::Email(Email::parse("ada@example.org").unwrap()),
            Proof::Oidc { issuer: "https://id.example.org".to_owned(), subject: "42".to_owned() },
            Proof::Ldap { directory: "lpc".to_owned(), dn: "uid=ada,dc=example,dc=org".to_owned() },
        ];
        for proof in proofs {
            let (kind, issuer, subject) = proof.key();
            assert_eq!(Proof::from_key(kind, issuer, subject).as_ref(), Some(&proof));
        }
    }
}
