//! The change feed: the ordered log of every change to the record.
//!
//! It is the audit log, the undo history, the source of webhooks and the wake-up of every projection.
//! **A follower moves its cursor only when its work is done, in the same transaction as that work where the
//! work is in the record**: otherwise a kill between the two loses or repeats something visible.

use crate::id::{AccountId, EditionId, TokenId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A position in the feed. Entries are numbered from 1 in the order in which they were committed; 0 is before
/// the first.
pub type Sequence = i64;

/// Who made a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Actor {
    /// Somebody at the command line of the server; the name is what they gave or the operating system's.
    Operator(String),
    /// Somebody who is signed in, or a program that acts in their name with a token of theirs.
    Person {
        /// Who.
        account: AccountId,
        /// With which token, where a program acts.
        token: Option<TokenId>,
    },
    /// A visitor without an account, who can change only what is theirs, such as a list of stars.
    Visitor,
    /// Plenary itself: a timer, a migration.
    System,
}

impl Actor {
    /// Somebody at a page.
    pub fn person(account: AccountId) -> Self {
        Self::Person { account, token: None }
    }

    /// The account that is behind an actor, as it is written in the feed; `None` for those without one.
    pub fn account_in(text: &str) -> Option<AccountId> {
        let id = text.strip_prefix("person:")?;
        Uuid::try_parse(id.split('/').next()?).ok().map(AccountId)
    }
}

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Operator(name) => write!(f, "operator:{name}"),
            Self::Person { account, token: None } => write!(f, "person:{account}"),
            // What a person did is one range of this text, with tokens and without.
            Self::Person { account, token: Some(token) } => write!(f, "person:{account}/token:{token}"),
            Self::Visitor => f.write_str("visitor"),
            Self::System => f.write_str("system"),
        }
    }
}

/// What happened to the thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Deed {
    /// It came into being.
    Created,
    /// It changed.
    Changed,
    /// It is gone.
    Removed,
}

impl Deed {
    /// The word kept in the record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }

    /// The deed of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Created, Self::Changed, Self::Removed].into_iter().find(|deed| deed.as_str() == word)
    }
}

/// One entry of the feed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry<J> {
    /// Its position.
    pub seq: Sequence,
    /// When it was committed.
    pub at: Timestamp,
    /// Who did it, as [`Actor`] is written.
    pub actor: String,
    /// The kind of thing: `session`, `room`, `release`, ...
    pub kind: String,
    /// Which thing.
    pub thing: Uuid,
    /// The edition it belongs to, where it belongs to one.
    pub edition: Option<EditionId>,
    /// What happened.
    pub deed: Deed,
    /// The thing before, absent when it was created.
    pub before: Option<J>,
    /// The thing after, absent when it was removed.
    pub after: Option<J>,
}
