//! Meetings with sound and picture: the servers on which rooms have theirs, which room has one where, what was recorded.
//!
//! Where a meeting goes is decided by the pool of the `bigbluebutton` crate; here is what the record keeps of it.

use crate::{
    Refusal,
    id::{EditionId, RoomId, SessionId},
    text::{Line, Slug},
    words::words,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The most servers of one installation.
pub const SERVERS_MAX: usize = 100;

words! {
    /// What the operator decided about a server.
    ServerState {
        /// Rooms are placed on it.
        Enabled = "enabled", "In use";
        /// It keeps rooms with people and gets no new ones.
        Draining = "draining", "Draining";
        /// It is not called, and has no rooms.
        Disabled = "disabled", "Disabled";
    }
}

/// A server on which rooms have their meetings. Its secret is not part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeetingServer {
    /// What it is called, in addresses too.
    pub name: Slug,
    /// The address of its API, as `bbb-conf --secret` prints it.
    pub url: String,
    /// What the operator decided.
    pub state: ServerState,
    /// How many people it serves well; `None` where nobody measured.
    pub capacity: Option<u32>,
    /// What it is good for, such as `recording`.
    pub tags: BTreeSet<String>,
}

impl MeetingServer {
    /// The tags of a field, separated by commas or space.
    pub fn parse_tags(text: &str) -> Result<BTreeSet<String>, Refusal> {
        let tags: BTreeSet<String> = text
            .split(|c: char| c == ',' || c.is_whitespace())
            .filter(|tag| !tag.is_empty())
            .map(str::to_lowercase)
            .collect();
        if tags.len() > 10 || tags.iter().any(|tag| tag.chars().count() > 30) {
            let problem = "these are too many tags, or one is too long";
            return Err(Refusal::new("tags", problem, "Use at most 10 of at most 30 characters"));
        }
        Ok(tags)
    }
}

/// How a server was when it was last looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerLook {
    /// When it was looked at last.
    pub at: Option<Timestamp>,
    /// When it answered last.
    pub answered: Option<Timestamp>,
    /// How many looks in a row missed it.
    pub missed: u32,
    /// How many people are on it, also in meetings of others.
    pub people: u32,
    /// How many meetings are on it, also of others.
    pub meetings: u32,
    /// Its version, where it tells it.
    pub version: Line,
    /// What went wrong; empty for nothing.
    pub problem: Line,
}

/// The meeting of a room: where it is, and which run of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meeting {
    /// The room.
    pub room: RoomId,
    /// On which server; `None` before somebody joined.
    pub server: Option<Slug>,
    /// Which run: the server's time of creation in milliseconds since 1970; zero while it is not open there.
    pub run: i64,
    /// The server's own identifier of the run; empty while it is not open there.
    pub internal: String,
    /// When the run was opened.
    pub begun: Option<Timestamp>,
    /// When it was ended by those who run rooms; the next click opens another one.
    pub ended: Option<Timestamp>,
    /// On which server the organisers want it.
    pub pin: Option<Slug>,
    /// Whether somebody asked to have it moved off its server.
    pub leave: bool,
}

impl Meeting {
    /// A room that has had none.
    pub fn none(room: RoomId) -> Self {
        Self {
            room,
            server: None,
            run: 0,
            internal: String::new(),
            begun: None,
            ended: None,
            pin: None,
            leave: false,
        }
    }

    /// Whether it is open on its server, as far as the record knows.
    pub fn is_open(&self) -> bool {
        self.server.is_some() && self.run != 0 && self.ended.is_none()
    }
}

/// A meeting with what changes too often to be told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownMeeting {
    /// Its edition.
    pub edition: EditionId,
    /// The meeting.
    pub meeting: Meeting,
    /// How many people are inside.
    pub people: u32,
    /// What was said in the room up to this place was said before the run began.
    pub since: crate::chat::Position,
}

/// A recording that a server made of a meeting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeetingRecording {
    /// Its identifier on its server.
    pub recording: String,
    /// The server.
    pub server: Slug,
    /// The room.
    pub room: RoomId,
    /// The session that was on when the run began, where one was.
    pub session: Option<SessionId>,
    /// When the server said that it can be watched.
    pub ready: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_words_and_few() {
        let tags = MeetingServer::parse_tags(" eu, Recording  eu").unwrap();
        assert_eq!(tags.into_iter().collect::<Vec<_>>(), ["eu", "recording"]);
        assert!(MeetingServer::parse_tags(&"x".repeat(31)).is_err());
    }

    #[test]
    fn a_meeting_is_open_while_a_server_has_a_run_of_it() {
        let none = Meeting::none(RoomId(uuid::Uuid::nil()));
        assert!(!none.is_open());
        let open = Meeting { server: Slug::parse("bbb1").ok(), run: 7, ..none };
        assert!(open.is_open());
        assert!(!Meeting { ended: Some(Timestamp::UNIX_EPOCH), ..open }.is_open());
    }
}
