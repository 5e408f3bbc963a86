//! The pool: which servers there are, how they are, where a room goes, and what has to be done so that what is there is
//! what is wanted. But for [`look`], which asks a server, it is pure: what was observed and what time it is come in, decisions come out, and every decision can be
//! printed with its reason.
//!
//! We place rooms ourselves rather than leave it to a balancer, because we know the timetable: a server that is idle now may
//! have a keynote in half an hour.

#[cfg(feature = "net")]
mod look;
mod placement;
mod plan;

#[cfg(feature = "net")]
pub use look::{Looked, look};
pub use placement::{NoPlace, Placed, Wish, choose};
pub use plan::{Action, DesiredRoom, Found, Observed, OurHook, Seen, Why, plan};

use crate::profile::{Abilities, Kind, Version};
use jiff::{SignedDuration, Timestamp};
use model::text::Slug;
use std::collections::BTreeSet;

/// What a meeting costs a server besides its people, counted in people. Meetings without anybody still hold processes.
pub const MEETING_COST: u32 = 30;

/// For how long ahead the timetable reserves seats.
pub const RESERVED_AHEAD: SignedDuration = SignedDuration::from_hours(1);

/// What our meetings carry, by this name in their metadata and with a value of this installation, so that they are told from
/// those of others on the same server.
pub const MARK: &str = "plenary-installation";

/// How often health is looked at.
pub const LOOK: SignedDuration = SignedDuration::from_secs(10);

/// What the organisers decided about a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Rooms are placed on it.
    #[default]
    Enabled,
    /// It keeps the rooms that have people and gets no new ones; empty ones move away. For an update of the server.
    Draining,
    /// It is not called, and has no rooms.
    Disabled,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Enabled, Self::Draining, Self::Disabled];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Draining => "draining",
            Self::Disabled => "disabled",
        }
    }

    /// The state of that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// How a server is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Health {
    /// It answers.
    Healthy,
    /// Two looks in a row missed it, or it has not been looked at yet: it keeps its rooms and gets no new ones.
    #[default]
    Suspect,
    /// It has been missed for so long that its rooms move.
    Offline,
}

impl Health {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Suspect => "suspect",
            Self::Offline => "offline",
        }
    }
}

/// What looking at a server showed over time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pulse {
    /// How many looks in a row missed it.
    pub missed: u32,
    /// When it answered last.
    pub answered: Option<Timestamp>,
}

impl Pulse {
    /// So many misses in a row make a server suspect. One may be chance.
    pub const SUSPECT: u32 = 2;

    /// So many misses in a row, a minute's worth, make it offline: moving a room costs everybody inside a click, so it has to be
    /// worth it.
    pub const OFFLINE: u32 = 6;

    /// After a look that was answered, or was not.
    #[must_use]
    pub fn after(self, answered: bool, now: Timestamp) -> Self {
        if answered {
            Self { missed: 0, answered: Some(now) }
        } else {
            Self { missed: self.missed.saturating_add(1), ..self }
        }
    }

    /// How the server is.
    pub fn health(self) -> Health {
        match self.missed {
            missed if missed >= Self::OFFLINE => Health::Offline,
            missed if missed >= Self::SUSPECT => Health::Suspect,
            // One that never answered is not trusted, and one that just began to miss is.
            _ if self.answered.is_none() => Health::Suspect,
            _ => Health::Healthy,
        }
    }
}

/// A server of the pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is called, in addresses too.
    pub name: Slug,
    /// What answers there.
    pub kind: Kind,
    /// Its version, where it is known.
    pub version: Option<Version>,
    /// What the organisers decided.
    pub state: State,
    /// How it is.
    pub health: Health,
    /// How many people are on it, also in meetings of others.
    pub people: u32,
    /// How many meetings are on it, also of others.
    pub meetings: u32,
    /// How many seats the timetable reserves on it within [`RESERVED_AHEAD`], beyond those that are taken.
    pub reserved: u32,
    /// How many people it serves well; `None` where nobody measured.
    pub capacity: Option<u32>,
    /// What it is good for, such as `recording` or `eu`.
    pub tags: BTreeSet<String>,
}

impl Node {
    /// A server that is enabled, healthy and empty.
    pub fn new(name: Slug) -> Self {
        Self {
            name,
            kind: Kind::Server,
            version: None,
            state: State::Enabled,
            health: Health::Healthy,
            people: 0,
            meetings: 0,
            reserved: 0,
            capacity: None,
            tags: BTreeSet::new(),
        }
    }

    /// How loaded it is, in people.
    pub fn score(&self) -> u32 {
        self.people.saturating_add(self.meetings.saturating_mul(MEETING_COST)).saturating_add(self.reserved)
    }

    /// How many more people fit; `None` where nobody measured.
    pub fn free(&self) -> Option<u32> {
        self.capacity.map(|capacity| capacity.saturating_sub(self.people.saturating_add(self.reserved)))
    }

    /// Whether it takes rooms that it does not have yet.
    pub fn takes_rooms(&self) -> bool {
        self.state == State::Enabled && self.health == Health::Healthy
    }

    /// Whether it keeps the rooms that it has.
    pub fn keeps_rooms(&self) -> bool {
        self.state != State::Disabled && self.health != Health::Offline
    }

    /// What it can do for us.
    pub fn abilities(&self) -> Abilities {
        Abilities::of(self.kind, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_miss_is_chance_two_are_suspect_and_a_minute_is_offline() {
        use Health::{Healthy, Offline, Suspect};
        let now = Timestamp::UNIX_EPOCH;
        let mut pulse = Pulse::default();
        assert_eq!(pulse.health(), Health::Suspect, "nobody has looked yet");
        pulse = pulse.after(true, now);
        let seen: Vec<Health> = (0..6)
            .map(|_| {
                pulse = pulse.after(false, now);
                pulse.health()
            })
            .collect();
        assert_eq!(seen, [Healthy, Suspect, Suspect, Suspect, Suspect, Offline]);
        assert_eq!(pulse.after(true, now).health(), Healthy);
    }

    #[test]
    fn load_counts_people_meetings_and_what_the_timetable_reserves() {
        let node = Node {
            people: 40,
            meetings: 2,
            reserved: 100,
            capacity: Some(150),
            ..Node::new(Slug::parse("bbb1").unwrap())
        };
        assert_eq!((node.score(), node.free()), (200, Some(10)));
    }
}
