//! Rooms on the day: who may enter, what is seen in them, and the rooms that attendees open for themselves.
//!
//! A room of the programme ([`crate::programme::Room`]) is live with what [`LiveRoom::of`] says until somebody changes it.
//! Hack rooms, the hallway and the help desk are live rooms that no timetable places anything in.

use crate::{
    Refusal,
    id::{AccountId, RoomId},
    programme::Room,
    text::{Line, RichText, Slug, WebUrl},
    words::words,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The most hack rooms that one person may have open in an edition.
pub const OWN_OPEN_MAX: usize = 3;

/// The most hack rooms open at once in an edition.
pub const OPEN_MAX: usize = 200;

words! {
    /// What a live room is.
    LiveKind {
        /// A room of the programme.
        Programme = "programme", "Room of the programme";
        /// A room that an attendee opened.
        Hack = "hack", "Hack room";
        /// Where one meets whoever is about.
        Hallway = "hallway", "Hallway";
        /// Where one gets help.
        HelpDesk = "help_desk", "Help desk";
    }
}

words! {
    /// Who may enter a room.
    RoomAccess {
        /// Everybody reads, whoever is signed in speaks.
        Public = "public", "Everybody reads; whoever is signed in speaks";
        /// Those who are registered for the edition read and speak.
        Registered = "registered", "Only those who are registered";
        /// Those with a role in the room read and speak; nobody else learns that there is such a room.
        Private = "private", "Only those who have a role in this room; it is listed nowhere";
    }
}

/// What is seen in a room beside its conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "show", content = "url")]
pub enum Video {
    /// Nothing.
    #[default]
    None,
    /// A video meeting of our own pool of BigBlueButton servers.
    Meeting,
    /// A page elsewhere: a stream, a player, a meeting that somebody else runs.
    Page(WebUrl),
}

/// A room on the day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveRoom {
    /// Its identifier: that of the room of the programme, or one of its own.
    pub id: RoomId,
    /// What it is.
    pub kind: LiveKind,
    /// Its name in addresses.
    pub slug: Slug,
    /// Its name; a room of the programme has the programme's.
    pub name: Line,
    /// What it is about.
    pub topic: RichText,
    /// Who may enter.
    pub access: RoomAccess,
    /// Whether only those who moderate it may speak.
    pub locked: bool,
    /// What is seen in it.
    pub video: Video,
    /// Who opened it.
    pub opened_by: Option<AccountId>,
    /// When it was opened.
    pub opened: Option<Timestamp>,
    /// When it was closed. Its conversation stays to be read.
    pub closed: Option<Timestamp>,
}

impl LiveRoom {
    /// A room of the programme of which nobody has said anything else.
    pub fn of(room: &Room) -> Self {
        Self {
            id: room.id,
            kind: LiveKind::Programme,
            slug: room.slug.clone(),
            name: room.name.clone(),
            topic: RichText::default(),
            access: RoomAccess::Public,
            locked: false,
            video: Video::None,
            opened_by: None,
            opened: None,
            closed: None,
        }
    }

    /// A hack room that somebody opens.
    pub fn hack(id: RoomId, slug: Slug, name: Line, topic: RichText, by: AccountId, at: Timestamp) -> Self {
        Self {
            id,
            kind: LiveKind::Hack,
            slug,
            name,
            topic,
            access: RoomAccess::Registered,
            locked: false,
            video: Video::Meeting,
            opened_by: Some(by),
            opened: Some(at),
            closed: None,
        }
    }

    /// Whether it can stand beside the others: `own` and `all` say how many of its kind are open.
    pub fn check(&self, own: usize, all: usize) -> Result<(), Refusal> {
        if self.name.is_empty() {
            return Err(Refusal::new("name", "it is empty", "Say what the room is for, in a few words"));
        }
        if self.name.as_str().chars().count() > 80 {
            let problem = "it is too long for the list of rooms";
            return Err(Refusal::new("name", problem, "Use at most 80 characters"));
        }
        if self.topic.as_str().chars().count() > 1_000 {
            let problem = "it is too long for a topic";
            return Err(Refusal::new("topic", problem, "Use at most 1,000 characters"));
        }
        if self.kind == LiveKind::Hack && own >= OWN_OPEN_MAX {
            let problem = format!("you have {own} rooms open already");
            return Err(Refusal::new("name", problem, "Close one of them first"));
        }
        if self.kind == LiveKind::Hack && all >= OPEN_MAX {
            let problem = format!("{all} hack rooms are open already");
            return Err(Refusal::new("name", problem, "Join one of them, or wait until one is closed"));
        }
        Ok(())
    }

    /// Whether whoever opened it may do with it what those who moderate rooms may.
    pub fn is_own(&self, account: Option<AccountId>) -> bool {
        self.kind == LiveKind::Hack && account.is_some() && self.opened_by == account
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_hack_room_has_a_name_and_one_person_has_few_of_them() {
        let by = AccountId(Uuid::from_u128(1));
        let named = |name: &str| {
            let slug = Slug::from_text("sheds").unwrap();
            let id = RoomId(Uuid::nil());
            LiveRoom::hack(id, slug, name.into(), RichText::default(), by, Timestamp::UNIX_EPOCH)
        };
        assert!(named("Sheds").check(OWN_OPEN_MAX - 1, 10).is_ok());
        assert_eq!(named("").check(0, 0).unwrap_err().field, "name");
        assert!(named(&"x".repeat(81)).check(0, 0).is_err());
        assert!(named("Sheds").check(OWN_OPEN_MAX, 10).is_err());
        assert!(named("Sheds").check(0, OPEN_MAX).is_err());
        assert!(named("Sheds").is_own(Some(by)) && !named("Sheds").is_own(None));
    }
}
