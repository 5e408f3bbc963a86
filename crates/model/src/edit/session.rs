//! Sessions: what they say, where they are, how they stand.

use super::thing::gone;
use crate::{
    Refusal,
    id::{RoomId, SessionId, SlotId},
    programme::{Programme, Session, Slot, Standing},
};
use jiff::{SignedDuration, Timestamp, civil::Date};
use std::collections::HashSet;

/// The longest that a slot may be, in minutes: three days, for a hack room that is always open.
const MINUTES_MAX: u32 = 3 * 24 * 60;

/// Where and when a slot is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placing {
    /// The room; `None` where it concerns the whole house, or none is decided.
    pub room: Option<RoomId>,
    /// When it begins.
    pub start: Timestamp,
    /// How long it takes, in minutes, 1 to 4,320.
    pub minutes: u32,
}

/// Adds a session, or changes all of it but its slots.
pub(super) fn put(programme: &mut Programme, session: &Session) -> Result<(), Refusal> {
    if session.title.is_empty() {
        return Err(Refusal::new("title", "it is empty", "Give the session a title"));
    }
    let taken = programme.sessions.iter().find(|other| {
        other.id != session.id && other.code.as_str().eq_ignore_ascii_case(session.code.as_str())
    });
    if let Some(other) = taken {
        return Err(Refusal::new(
            "code",
            format!("{} is the code of \"{}\"", session.code, other.title),
            "Choose another",
        ));
    }
    if session.track.is_some_and(|track| programme.tracks.iter().all(|other| other.id != track)) {
        return Err(gone("track"));
    }
    let persons: HashSet<_> = programme.persons.iter().map(|person| person.id).collect();
    let mut seen = HashSet::new();
    for part in &session.people {
        if !persons.contains(&part.person) {
            return Err(gone("person"));
        }
        if !seen.insert(part.person) {
            return Err(Refusal::new("people", "somebody is named twice", "Name everybody once"));
        }
    }
    if let Some(parent) = session.parent {
        within(programme, session, parent)?;
    }
    match programme.sessions.iter_mut().find(|other| other.id == session.id) {
        Some(place) => *place = Session { slots: place.slots.clone(), ..session.clone() },
        None => programme.sessions.push(Session { slots: vec![], ..session.clone() }),
    }
    Ok(())
}

/// Whether `session` can be a topic of `parent`: one level, so that no circle can be made.
fn within(programme: &Programme, session: &Session, parent: SessionId) -> Result<(), Refusal> {
    let refuse = |problem: String| {
        Err(Refusal::new("block", problem, "Choose a session that is not itself part of another"))
    };
    let block = programme.sessions.iter().find(|other| other.id == parent).ok_or_else(|| gone("session"))?;
    if parent == session.id {
        return refuse("a session cannot be part of itself".to_owned());
    }
    if block.parent.is_some() {
        return refuse(format!("\"{}\" is part of another session", block.title));
    }
    if programme.sessions.iter().any(|other| other.parent == Some(session.id)) {
        return refuse("other sessions are part of this one".to_owned());
    }
    Ok(())
}

pub(super) fn remove(programme: &mut Programme, id: SessionId) -> Result<(), Refusal> {
    let at = programme.sessions.iter().position(|session| session.id == id).ok_or_else(|| gone("session"))?;
    programme.sessions.remove(at);
    for session in &mut programme.sessions {
        session.parent = session.parent.filter(|parent| *parent != id);
    }
    Ok(())
}

/// Gives the session that slot, or its slot another place. How the slot stands is not touched.
pub(super) fn place(
    programme: &mut Programme,
    id: SessionId,
    slot: SlotId,
    placing: &Placing,
) -> Result<(), Refusal> {
    if placing.room.is_some_and(|room| programme.rooms.iter().all(|other| other.id != room)) {
        return Err(gone("room"));
    }
    if !(1..=MINUTES_MAX).contains(&placing.minutes) {
        return Err(Refusal::new(
            "minutes",
            format!("{} minutes is no length", placing.minutes),
            format!("Give 1 to {MINUTES_MAX} minutes"),
        ));
    }
    let end =
        placing.start.checked_add(SignedDuration::from_mins(i64::from(placing.minutes))).map_err(|_| {
            Refusal::new(
                "start",
                "the session would end beyond the year 9999",
                "Give a time during the conference",
            )
        })?;
    if programme.sessions.iter().any(|other| other.id != id && other.slots.iter().any(|s| s.id == slot)) {
        return Err(Refusal::new("slot", "it belongs to another session", "Open the session that it is of"));
    }
    let session = found(programme, id)?;
    match session.slots.iter_mut().find(|other| other.id == slot) {
        Some(present) => {
            (present.room, present.start, present.end) = (placing.room, placing.start, end);
        }
        None => session.slots.push(Slot {
            id: slot,
            number: 0,
            room: placing.room,
            start: placing.start,
            end,
            standing: Standing::Planned,
        }),
    }
    Ok(())
}

pub(super) fn unplace(programme: &mut Programme, id: SessionId, slot: SlotId) -> Result<(), Refusal> {
    let session = found(programme, id)?;
    let at = session.slots.iter().position(|other| other.id == slot).ok_or_else(|| gone("slot"))?;
    session.slots.remove(at);
    Ok(())
}

pub(super) fn stand(
    programme: &mut Programme,
    id: SessionId,
    slot: Option<SlotId>,
    standing: Standing,
) -> Result<(), Refusal> {
    if let Standing::Delayed(minutes) = standing
        && !(1..=1_440).contains(&minutes)
    {
        return Err(Refusal::new(
            "minutes",
            format!("{minutes} is no delay"),
            "Give 1 to 1440 minutes, or restore the session to its planned time",
        ));
    }
    let session = found(programme, id)?;
    if session.slots.is_empty() {
        return Err(Refusal::new("session", "it has no slot yet", "Give it a time and a room first"));
    }
    let mut any = false;
    for one in session.slots.iter_mut().filter(|one| slot.is_none_or(|slot| one.id == slot)) {
        one.standing = standing;
        any = true;
    }
    if any { Ok(()) } else { Err(gone("slot")) }
}

/// Moves every slot by as many days as lie between the edition's first day and `first_day`, at the same hour on the
/// conference's clocks. The edition's own days are left to the caller.
pub fn move_days(programme: &mut Programme, first_day: Date) -> Result<(), Refusal> {
    let zone = programme.edition.zone.clone();
    let by = programme.edition.first_day.until(first_day).unwrap_or_default();
    let moved = |instant: Timestamp| {
        let local = zone.local(instant).datetime().checked_add(by).ok()?;
        zone.instant(local)
    };
    for slot in programme.sessions.iter_mut().flat_map(|session| &mut session.slots) {
        let length = slot.end.duration_since(slot.start);
        let start = moved(slot.start);
        let Some((start, end)) = start.and_then(|start| Some((start, start.checked_add(length).ok()?)))
        else {
            return Err(Refusal::new(
                "first_day",
                "sessions would stand beyond the calendar",
                "Give a day near the conference",
            ));
        };
        (slot.start, slot.end) = (start, end);
    }
    Ok(())
}

fn found(programme: &mut Programme, id: SessionId) -> Result<&mut Session, Refusal> {
    programme.sessions.iter_mut().find(|session| session.id == id).ok_or_else(|| gone("session"))
}
