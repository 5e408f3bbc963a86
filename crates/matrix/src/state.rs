//! Facts about rooms, which Matrix calls
//! [state events](https://spec.matrix.org/v1.16/client-server-api/#types-of-room-events).

use crate::id::UserId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A fact about a room, as Matrix keeps it: for each kind and key there is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateEvent {
    /// Its kind, such as `m.room.name`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is about within its kind; mostly empty.
    #[serde(rename = "state_key")]
    pub key: String,
    /// What it says.
    pub content: Value,
}

/// How somebody has to do with a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// In it.
    Join,
    /// Invited.
    Invite,
    /// Asking to be let in.
    Knock,
    /// Not in it, or not any more.
    Leave,
    /// Kept out.
    Ban,
}

impl Membership {
    /// Reads the `membership` of an `m.room.member`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "join" => Some(Self::Join),
            "invite" => Some(Self::Invite),
            "knock" => Some(Self::Knock),
            "leave" => Some(Self::Leave),
            "ban" => Some(Self::Ban),
            _ => None,
        }
    }
}

/// How somebody has to do with a room, and whether they brought that about themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// How.
    pub now: Membership,
    /// Whether they did it: who left by themselves is not invited again.
    pub own: bool,
}

/// All that is stated of a room.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RoomState {
    /// What is said of the room itself, by kind and key.
    pub facts: BTreeMap<(String, String), Value>,
    /// Those who have, or had, to do with it.
    pub members: BTreeMap<UserId, Standing>,
}

impl RoomState {
    /// The room's version. Rooms of the first version do not say which they are.
    pub fn version(&self) -> &str {
        let created = self.facts.get(&("m.room.create".to_owned(), String::new()));
        created.and_then(|created| created.get("room_version")?.as_str()).unwrap_or("1")
    }

    /// Whether that user is in it.
    pub fn holds(&self, user: &UserId) -> bool {
        self.members.get(user).is_some_and(|standing| standing.now == Membership::Join)
    }
}
