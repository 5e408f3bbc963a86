//! Webhooks and the events that programs follow: who is told of which change, and how much of it.
//!
//! **What an entry of the feed may say to a program is decided here and nowhere else**: [`told`] asks the same
//! [`Subject::may`] as every page, so that neither a webhook nor a stream of events tells more than its owner could
//! read at the desk at that moment.

use crate::{
    feed::{Entry, Sequence},
    id::{AccountId, EditionId, TrackId, WebhookId},
    permission::{Action, Place, Subject},
    retry::Schedule,
    text::{Line, WebUrl},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use uuid::Uuid;

/// When a delivery that failed is tried again: after 10 s, then doubling up to every two hours, for about a day.
pub const RETRIES: Schedule =
    Schedule { first: SignedDuration::from_secs(10), longest: SignedDuration::from_hours(2), attempts: 20 };

/// A webhook that failed for so long without one success is stopped.
pub const PATIENCE: SignedDuration = SignedDuration::from_hours(72);

/// So long the secret before still signs after a new one was made.
pub const OVERLAP: SignedDuration = SignedDuration::from_hours(24);

/// An address that is told of changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Its identifier.
    pub id: WebhookId,
    /// The edition of whose changes it is told; those of the whole installation where none is said.
    pub edition: Option<EditionId>,
    /// What it is for, as its owner calls it.
    pub name: Line,
    /// The receiver. May hold a secret, so it is shown only to those who may manage the webhook.
    pub url: WebUrl,
    /// The kinds of things of which it is told; of all where none is said.
    pub kinds: BTreeSet<String>,
    /// In whose name it reads: it is told what they may see. `None`: made by the operator, who may see everything.
    pub owner: Option<AccountId>,
    /// When it was made.
    pub created: Timestamp,
    /// Why nothing is sent; `None` while it is in use.
    pub stopped: Option<Line>,
    /// Since when every attempt has failed; `None` after a success.
    pub failing_since: Option<Timestamp>,
    /// Up to where the feed was looked through for it.
    pub cursor: Sequence,
}

impl Webhook {
    /// Whether it wants to be told of that entry. Whether it may is for [`told`].
    pub fn wants<J>(&self, entry: &Entry<J>) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&entry.kind))
            && (self.edition.is_none() || self.edition == entry.edition)
    }
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It waits for its first or next attempt.
    Pending,
    /// The receiver took it.
    Delivered,
    /// It was given up after the last attempt.
    Failed,
    /// Nothing was sent: the owner may not see it any more, or somebody chose to leave it out.
    Skipped,
}

impl DeliveryState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Delivered, Self::Failed, Self::Skipped];

    /// The word kept in the record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    /// How pages name it.
    pub fn shown(self) -> &'static str {
        match self {
            Self::Pending => "Waiting",
            Self::Delivered => "Delivered",
            Self::Failed => "Given up",
            Self::Skipped => "Left out",
        }
    }

    /// The state of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// The kinds of things that a webhook can be told of, with the word that pages use.
pub const KINDS: [(&str, &str); 15] = [
    ("release", "Releases"),
    ("session", "Sessions"),
    ("person", "Persons of the programme"),
    ("room", "Rooms"),
    ("track", "Tracks"),
    ("session-type", "Session types"),
    ("sponsor", "Sponsors"),
    ("edition", "Settings of editions"),
    ("page", "Pages"),
    ("post", "Posts"),
    ("registration", "Registrations"),
    ("account", "Accounts"),
    ("grant", "Roles given and revoked"),
    ("mail", "Mail"),
    ("webhook", "Webhooks"),
];

/// What one must be allowed in order to read entries about that kind of thing; `None` for what no program reads:
/// visitors' stars, how people sign in, their tokens, and who viewed as whom.
pub fn needed(kind: &str) -> Option<Action> {
    Some(match kind {
        "edition" | "room" | "track" | "person" | "session" | "session-type" | "sponsor" | "release"
        | "page" | "menu" | "post" | "announced" => Action::SeeDesk,
        "registration" | "registration-caps" => Action::SeeRegistrations,
        "account" | "identity" | "account-merge" | "invitation" => Action::SeePeople,
        "grant" | "webhook" => Action::SeeLog,
        "mail" | "template" => Action::ManageMail,
        "stars" | "sign-in" | "credential" | "link" | "token" | "viewing" => return None,
        // What a later version adds is private until it is named here.
        _ => Action::ManageInstallation,
    })
}

/// What a program is told of an entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told<J> {
    /// The position in the feed. Ascends in the order in which changes were made; has gaps.
    pub seq: Sequence,
    /// When it was committed.
    pub at: Timestamp,
    /// The kind of thing.
    pub kind: String,
    /// Which thing.
    pub thing: Uuid,
    /// The edition it belongs to, where it belongs to one.
    pub edition: Option<EditionId>,
    /// What happened: `created`, `changed` or `removed`.
    pub deed: crate::feed::Deed,
    /// Who did it, for those who may read the audit log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The thing before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<J>,
    /// The thing after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<J>,
}

impl<J> Told<J> {
    /// The type of the event, such as `session.changed`.
    pub fn event(&self) -> String {
        format!("{}.{}", self.kind, self.deed.as_str())
    }
}

/// What `subject` may be told of an entry that stands at `place`; `None` when nothing. Releases are public.
pub fn told<J>(entry: Entry<J>, subject: &Subject, place: &Place) -> Option<Told<J>> {
    // Being told changes nothing, so a token that only reads is told what its owner may see.
    let subject = Subject { token: None, viewing_as: None, ..subject.clone() };
    let action = needed(&entry.kind)?;
    if entry.kind != "release" && subject.may(action, place).is_err() {
        return None;
    }
    let actor = subject.may(Action::SeeLog, place).is_ok().then_some(entry.actor);
    let Entry { seq, at, kind, thing, edition, deed, before, after, .. } = entry;
    Some(Told { seq, at, kind, thing, edition, deed, actor, before, after })
}

/// Where the thing of an entry stands: in `edition`, when it belongs to one, and in the track that it was and is in.
/// `track` reads it from the thing's JSON.
pub fn place_of<J>(
    entry: &Entry<J>,
    edition: Option<&crate::edition::Edition>,
    track: impl Fn(&J) -> Option<TrackId>,
) -> Place {
    let Some(edition) = edition else {
        return Place { edition: entry.edition, ..Place::default() };
    };
    let tracks: Vec<Option<TrackId>> = entry.before.iter().chain(&entry.after).map(track).collect();
    // A session that moved from one track to another is told to those who may see both.
    let track = match tracks.as_slice() {
        [only] => *only,
        [before, after] if before == after => *after,
        _ => None,
    };
    Place::edition(edition).in_track(track)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        feed::Deed,
        id::GrantId,
        permission::{Grant, Role, Scope, TokenScope},
    };

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn edition(number: u128) -> EditionId {
        EditionId(Uuid::from_u128(number))
    }

    fn entry(kind: &str, edition: Option<EditionId>) -> Entry<&'static str> {
        Entry {
            seq: 7,
            at: NOW,
            actor: "person:somebody".to_owned(),
            kind: kind.to_owned(),
            thing: Uuid::from_u128(5),
            edition,
            deed: Deed::Changed,
            before: Some("before"),
            after: Some("after"),
        }
    }

    fn with(role: Role, scope: Scope) -> Subject {
        let account = AccountId(Uuid::from_u128(1));
        let grant = Grant {
            id: GrantId(Uuid::from_u128(2)),
            account,
            role,
            scope,
            given_by: String::new(),
            given_at: NOW,
            from: None,
            until: None,
            revoked: None,
            note: Line::default(),
        };
        Subject::person(account, vec![grant], NOW)
    }

    fn place(edition: EditionId) -> Place {
        Place { edition: Some(edition), ..Place::default() }
    }

    #[test]
    fn a_webhook_wants_its_kinds_of_its_edition() {
        let mut hook = Webhook {
            id: WebhookId(Uuid::from_u128(1)),
            edition: Some(edition(1)),
            name: Line::from("x"),
            url: WebUrl::parse("https://example.org/").unwrap(),
            kinds: ["session".to_owned()].into(),
            owner: None,
            created: NOW,
            stopped: None,
            failing_since: None,
            cursor: 0,
        };
        assert!(hook.wants(&entry("session", Some(edition(1)))));
        assert!(!hook.wants(&entry("session", Some(edition(2)))));
        assert!(!hook.wants(&entry("room", Some(edition(1)))));
        hook.kinds.clear();
        assert!(hook.wants(&entry("room", Some(edition(1)))));
        assert!(!hook.wants(&entry("account", None)));
        hook.edition = None;
        assert!(hook.wants(&entry("account", None)));
    }

    #[test]
    fn nobody_is_told_more_than_they_may_see() {
        let organiser = with(Role::Organiser, Scope::Edition(edition(1)));
        let here = place(edition(1));
        assert!(told(entry("registration", Some(edition(1))), &organiser, &here).is_some());
        assert!(told(entry("registration", Some(edition(2))), &organiser, &place(edition(2))).is_none());
        let editor = with(Role::Editor, Scope::Edition(edition(1)));
        assert!(told(entry("registration", Some(edition(1))), &editor, &here).is_none());
        let seen = told(entry("session", Some(edition(1))), &editor, &here).unwrap();
        assert_eq!(seen.event(), "session.changed");
        assert_eq!(seen.actor, None, "an editor may not read the log");
        assert!(told(entry("session", Some(edition(1))), &organiser, &here).unwrap().actor.is_some());
        let visitor = Subject::visitor(NOW);
        assert!(told(entry("session", Some(edition(1))), &visitor, &here).is_none());
        assert_eq!(told(entry("release", Some(edition(1))), &visitor, &here).unwrap().actor, None);
        let administrator = with(Role::Administrator, Scope::Everywhere);
        for private in ["stars", "sign-in", "credential", "token", "viewing"] {
            assert!(
                told(entry(private, None), &administrator, &Place::installation()).is_none(),
                "{private}"
            );
        }
        assert!(told(entry("something-new", None), &organiser, &here).is_none());
        assert!(told(entry("something-new", None), &administrator, &Place::installation()).is_some());
    }

    #[test]
    fn a_reading_token_is_told_what_its_owner_may_see() {
        let mut organiser = with(Role::Organiser, Scope::Edition(edition(1)));
        organiser.token = Some((crate::id::TokenId(Uuid::from_u128(3)), TokenScope::Read));
        assert!(told(entry("mail", Some(edition(1))), &organiser, &place(edition(1))).is_some());
    }

    #[test]
    fn every_kind_that_is_offered_can_be_told_to_somebody() {
        for (kind, _) in KINDS {
            assert!(needed(kind).is_some_and(|action| action != Action::ManageInstallation), "{kind}");
        }
    }
}
