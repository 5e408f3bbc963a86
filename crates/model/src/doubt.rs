//! What an organiser should look at before a programme is published: sessions without a room or a time (requirement
//! 47), clashes, and what stands outside the conference's days.

use crate::{
    id::{SessionId, SlotId},
    programme::{Problem, Programme, Session, SessionKind, Slot},
};
use std::collections::HashMap;

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// It is wrong: people will stand before a locked door.
    Wrong,
    /// It may be meant.
    Doubtful,
}

/// Something wrong or doubtful about a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// How much it matters.
    pub weight: Weight,
    /// The session to open.
    pub session: SessionId,
    /// Its title.
    pub title: String,
    /// What is wrong with it, without its title and without a full stop.
    pub text: String,
}

/// Everything wrong or doubtful, what is wrong first, then by the programme's order.
pub fn doubts(programme: &Programme) -> Vec<Doubt> {
    let mut out = vec![];
    let by_slot: HashMap<SlotId, (&Session, &Slot)> =
        programme.slots().map(|(session, slot)| (slot.id, (session, slot))).collect();
    let when = |slot: &Slot| {
        programme.edition.zone.local(slot.actual_start()).strftime("%a %-d %B, %H:%M").to_string()
    };
    let mut add = |weight, session: &Session, text: String| {
        out.push(Doubt { weight, session: session.id, title: session.title.to_string(), text });
    };
    for session in &programme.sessions {
        if session.slots.is_empty() {
            add(Weight::Wrong, session, "it has no time and no room yet".to_owned());
        }
        let quiet = matches!(session.kind, SessionKind::Break | SessionKind::Service | SessionKind::Social);
        if session.people.is_empty() && !quiet {
            add(Weight::Doubtful, session, "nobody is named for it".to_owned());
        }
        for slot in &session.slots {
            let day = programme.edition.day_of(slot.start);
            if day < programme.edition.first_day || day > programme.edition.last_day {
                let text = format!("{} is outside the days of the conference", when(slot));
                add(Weight::Doubtful, session, text);
            }
            let parent = session.parent.and_then(|id| programme.sessions.iter().find(|other| other.id == id));
            if let Some(block) = parent.filter(|block| !block.slots.is_empty())
                && !block.slots.iter().any(|held| held.start <= slot.start && slot.end <= held.end)
            {
                let text = format!("{} is not within \"{}\", which it is part of", when(slot), block.title);
                add(Weight::Doubtful, session, text);
            }
        }
    }
    for problem in programme.problems() {
        let (weight, first, second) = match &problem {
            Problem::Overlap { first, second, .. } => (Weight::Wrong, first, second),
            Problem::Torn { first, second, .. } => (Weight::Doubtful, first, second),
            Problem::NoRoom { slot } => (Weight::Wrong, slot, slot),
        };
        let (Some((before, _)), Some((session, slot))) = (by_slot.get(first), by_slot.get(second)) else {
            continue;
        };
        let text = match &problem {
            Problem::Overlap { room, .. } => {
                let room = programme.rooms.iter().find(|other| other.id == *room);
                let room = room.map_or("", |room| room.name.as_str());
                format!("{}: \"{}\" is in {room} at that time", when(slot), before.title)
            }
            Problem::Torn { person, .. } => {
                let person = programme.persons.iter().find(|other| other.id == *person);
                let person = person.map_or("somebody", |person| person.name.as_str());
                format!("{}: {person} is in \"{}\" at that time", when(slot), before.title)
            }
            Problem::NoRoom { .. } => format!("{}: it has no room", when(slot)),
        };
        add(weight, session, text);
    }
    out.sort_by_key(|doubt| doubt.weight);
    out
}

/// What is wrong or doubtful about one session, also where it stands second in a clash.
pub fn doubts_of(programme: &Programme, id: SessionId) -> Vec<Doubt> {
    let mut out: Vec<Doubt> = doubts(programme).into_iter().filter(|doubt| doubt.session == id).collect();
    // A clash is told of the session that begins later; here the earlier one is the one looked at.
    let earlier = |slot: &SlotId| programme.slots().any(|(s, held)| s.id == id && held.id == *slot);
    for problem in programme.problems() {
        let (Problem::Overlap { first, second, .. } | Problem::Torn { first, second, .. }) = &problem else {
            continue;
        };
        let other = programme.slots().find(|(_, held)| held.id == *second);
        if let (true, Some((session, slot))) = (earlier(first), other)
            && session.id != id
        {
            let at = programme.edition.zone.local(slot.actual_start()).strftime("%a %-d %B, %H:%M");
            let (weight, what) = match &problem {
                Problem::Torn { person, .. } => {
                    let person = programme.persons.iter().find(|other| other.id == *person);
                    let name = person.map_or("somebody", |person| person.name.as_str());
                    (Weight::Doubtful, format!("{name} is also in \"{}\"", session.title))
                }
                _ => (Weight::Wrong, format!("\"{}\" is in the same room", session.title)),
            };
            let title = session.title.to_string();
            out.push(Doubt { weight, session: session.id, title, text: format!("{at}: {what}") });
        }
    }
    out.sort_by_key(|doubt| doubt.weight);
    out
}
