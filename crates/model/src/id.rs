//! Identifiers: one type for each kind of thing, so that a room can never be passed where a track is meant.
//!
//! An identifier is a UUID. Things born in Plenary get a random one from the caller; things that come from a
//! file get the file's own UUID, or one derived from the file's stable key with [`derived`], so that reading
//! the same file twice names the same things.

use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// The root of every derived identifier: UUIDv5 of the URL namespace and the project's name.
const ROOT: Uuid = Uuid::from_u128(0x6f1d_52a4_3c3b_5a0e_9a52_70c6_7a1d_9f01);

/// A UUIDv5 from an edition's slug, the kind of thing and its stable key in a file.
///
/// The same three always give the same identifier, on every machine and in every version of Plenary.
pub fn derived(edition: &str, kind: &str, key: &str) -> Uuid {
    // A separator that no slug, kind or cleaned key can hold keeps ("a","bc") and ("ab","c") apart.
    Uuid::new_v5(&ROOT, format!("{edition}\u{1f}{kind}\u{1f}{key}").as_bytes())
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The word for this kind of thing in the change feed.
            pub const KIND: &'static str = $kind;

            /// The identifier of the thing that `edition` knows in a file by the stable `key`: the key itself
            /// when it is a UUID, otherwise one [`derived`] from it.
            pub fn from_key(edition: &str, key: &str) -> Self {
                let key = key.trim();
                match Uuid::try_parse(key) {
                    Ok(uuid) if !uuid.is_nil() => Self(uuid),
                    _ => Self(derived(edition, $kind, key)),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
    )*};
}

ids! {
    /// One edition of a series.
    EditionId = "edition";
    /// A room, physical or virtual.
    RoomId = "room";
    /// A track or microconference track.
    TrackId = "track";
    /// A person as an edition's programme presents them.
    PersonId = "person";
    /// Somebody who can sign in: one person over all editions.
    AccountId = "account";
    /// An address or an outside account that somebody has proved to be theirs.
    IdentityId = "identity";
    /// A password or a passkey.
    CredentialId = "credential";
    /// One browser in which somebody is signed in.
    SignInId = "sign-in";
    /// A role that somebody was given.
    GrantId = "grant";
    /// The joining of two accounts of one person.
    MergeId = "account-merge";
    /// A while during which somebody saw the pages as another person sees them.
    ViewingId = "viewing";
    /// Somebody's registration for an edition.
    RegistrationId = "registration";
    /// A call for proposals, reviews or offers.
    CallId = "call";
    /// A code with which one may submit to a call that is closed.
    AccessCodeId = "access-code";
    /// A change of what a call says, published while it runs.
    AmendmentId = "amendment";
    /// A question about a call, and its answer.
    QuestionId = "question";
    /// What was submitted to a call.
    ProposalId = "proposal";
    /// Somebody's part in a proposal.
    AuthorId = "author";
    /// A file that was handed in with a proposal.
    FileId = "file";
    /// Something that was said about a proposal.
    CommentId = "comment";
    /// The passing on of a proposal to another call.
    ForwardId = "forward";
    /// An edition on another Plenary with which proposals are passed on.
    PartnerId = "partner";
    /// A microconference that somebody would like and nobody leads yet.
    IdeaId = "idea";
    /// Something on the programme.
    SessionId = "session";
    /// A placement of a session. Published as the `guid` of an event in schedule files, so it never changes.
    SlotId = "slot";
    /// A sponsor of an edition.
    SponsorId = "sponsor";
    /// A type of session that an edition offers.
    SessionTypeId = "session-type";
    /// A page that organisers write.
    WebPageId = "page";
    /// An announcement or an entry of the blog.
    PostId = "post";
    /// A mail in the queue, sent or not.
    MailId = "mail";
    /// The address to which somebody replies by mail, in one thread.
    ReplyId = "reply-address";
    /// A text from which mails are made.
    TemplateId = "template";
    /// A program's right to use the API in somebody's name.
    TokenId = "token";
    /// An address that is told of changes.
    WebhookId = "webhook";
    /// A list of other conferences, in the date planner.
    CalendarId = "calendar";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_names_the_same_thing_and_kinds_do_not_mix() {
        assert_eq!(RoomId::from_key("a", "Janson"), RoomId::from_key("a", " Janson "));
        assert_ne!(RoomId::from_key("a", "Janson"), RoomId::from_key("b", "Janson"));
        assert_ne!(RoomId::from_key("a", "x").0, TrackId::from_key("a", "x").0);
    }

    #[test]
    fn a_uuid_in_the_file_stays_what_it_is() {
        let guid = "fdbc5919-f702-524c-9331-3a2c670f6ff3";
        assert_eq!(SlotId::from_key("x", guid).to_string(), guid);
        assert_ne!(SlotId::from_key("x", "00000000-0000-0000-0000-000000000000").0, Uuid::nil());
    }
}
