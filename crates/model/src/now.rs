//! What is on now and what comes next, room by room: the page that people look at most during a conference.

use crate::{
    id::RoomId,
    programme::{Programme, Session, SessionKind, Slot},
};
use jiff::{SignedDuration, Timestamp};

/// How far ahead "next" looks (LPC's own choice, requirement 52).
pub const WINDOW: SignedDuration = SignedDuration::from_hours(6);

/// Where the conference stands at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It begins at this instant.
    Before(Timestamp),
    /// It is on: at least one slot has begun or will begin, and at least one is not over.
    During,
    /// It ended at this instant.
    After(Timestamp),
    /// Nothing is scheduled.
    Unscheduled,
}

/// One line of now and next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The session.
    pub session: &'a Session,
    /// Its slot.
    pub slot: &'a Slot,
}

/// Now and next in one room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomNow<'a> {
    /// The room; `None` gathers what has no room, such as breaks of the whole house.
    pub room: Option<RoomId>,
    /// What is on: a block before the topic in it.
    pub now: Vec<Entry<'a>>,
    /// What begins within the window, the earliest first.
    pub next: Vec<Entry<'a>>,
}

/// Now and next at `now` for every room that has something within [`WINDOW`], in room order, the house last.
///
/// A break never hides a session: breaks are listed beside sessions, and `next` reaches over them. Cancelled
/// slots stay in sight until their time is over, so that people at the door see why nobody is there.
pub fn now_and_next(programme: &Programme, now: Timestamp) -> Vec<RoomNow<'_>> {
    let until = now.checked_add(WINDOW).unwrap_or(Timestamp::MAX);
    let rooms = programme.rooms.iter().map(|room| Some(room.id)).chain([None]);
    let mut out: Vec<RoomNow<'_>> = rooms.map(|room| RoomNow { room, now: vec![], next: vec![] }).collect();
    for (session, slot) in programme.slots() {
        let (start, end) = (slot.actual_start(), slot.actual_end());
        if end <= now || start > until {
            continue;
        }
        let Some(place) = out.iter_mut().find(|place| place.room == slot.room) else {
            continue;
        };
        let list = if start <= now { &mut place.now } else { &mut place.next };
        list.push(Entry { session, slot });
    }
    for place in &mut out {
        let order = |entry: &Entry<'_>| {
            (
                entry.slot.actual_start(),
                entry.session.kind == SessionKind::Break,
                entry.session.parent.is_some(),
                entry.slot.id,
            )
        };
        place.now.sort_by_key(order);
        place.next.sort_by_key(order);
    }
    out.retain(|place| !place.now.is_empty() || !place.next.is_empty());
    out
}

/// Where the conference stands at `now`.
pub fn phase(programme: &Programme, now: Timestamp) -> Phase {
    let start = programme.slots().map(|(_, slot)| slot.actual_start()).min();
    let end = programme.slots().map(|(_, slot)| slot.actual_end()).max();
    match (start, end) {
        (Some(start), _) if now < start => Phase::Before(start),
        (_, Some(end)) if now >= end => Phase::After(end),
        (Some(_), Some(_)) => Phase::During,
        _ => Phase::Unscheduled,
    }
}
