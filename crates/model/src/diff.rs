//! What differs between two programmes: the content of "what changed", of the feed of releases, and of an
//! import's dry run.

use crate::{
    feed::Deed,
    id::{PersonId, RoomId, SessionId, TrackId},
    programme::{Programme, Session, Slot, Standing},
    release::Counts,
    text::Line,
    time::Zone,
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// The difference of two programmes of one edition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Sessions, in the order of the newer programme; removed ones last.
    pub sessions: Vec<SessionChange>,
    /// Rooms, tracks, persons and sponsors.
    pub things: Vec<ThingChange>,
    /// Whether the edition itself changed: its title, dates, zone, texts.
    pub edition: bool,
}

/// What happened to one session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionChange {
    /// Which.
    pub session: SessionId,
    /// Its code, for a link: leads nowhere in the newer programme when it was removed.
    pub code: String,
    /// Its title, the newer one.
    pub title: Line,
    /// Created, changed or removed.
    pub deed: Deed,
    /// What changed about it; for a created session its slots.
    pub aspects: Vec<Aspect>,
}

/// One thing that changed about a session. Names are those that people read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// It has another title.
    Title {
        /// Before.
        from: Line,
    },
    /// It moved in time or to another room.
    Moved {
        /// Before.
        from: Place,
        /// After.
        to: Place,
    },
    /// It got a slot.
    Placed(Place),
    /// It lost a slot.
    Unplaced(Place),
    /// A slot of it was cancelled.
    Cancelled(Place),
    /// A slot of it is late by so many minutes.
    Delayed(Place, u16),
    /// A slot of it that was cancelled or delayed is as planned again.
    Restored(Place),
    /// Others take part.
    People {
        /// Who is new.
        joined: Vec<Line>,
        /// Who is gone.
        left: Vec<Line>,
    },
    /// It is in another track.
    Track {
        /// Before.
        from: Option<Line>,
        /// After.
        to: Option<Line>,
    },
    /// Its texts changed: subtitle, summary or description.
    Texts,
    /// Links, slides or videos changed.
    Links,
    /// Something smaller changed: kind, language, recording, picture, addresses.
    Details,
}

/// When and where, as people read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Planned begin.
    pub start: jiff::Timestamp,
    /// Planned end.
    pub end: jiff::Timestamp,
    /// The room's name, where there is a room.
    pub room: Option<Line>,
}

/// What happened to a room, track, person or sponsor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThingChange {
    /// `room`, `track`, `person` or `sponsor`.
    pub kind: String,
    /// Its name, the newer one.
    pub name: Line,
    /// Created, changed or removed.
    pub deed: Deed,
}

impl Difference {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty() && self.things.is_empty() && !self.edition
    }

    /// How many sessions are new, changed, gone.
    pub fn counts(&self) -> Counts {
        let count = |deed| self.sessions.iter().filter(|change| change.deed == deed).count() as u32;
        Counts { added: count(Deed::Created), changed: count(Deed::Changed), removed: count(Deed::Removed) }
    }
}

impl Aspect {
    /// One plain sentence without a full stop, with times in `zone`: for feeds, mails and the command line.
    pub fn describe(&self, zone: &Zone) -> String {
        let names = |lines: &[Line]| lines.iter().map(Line::as_str).collect::<Vec<_>>().join(", ");
        match self {
            Self::Title { from } => format!("was called \"{from}\""),
            Self::Moved { from, to } => {
                format!("moved from {} to {}", from.describe(zone), to.describe(zone))
            }
            Self::Placed(place) => format!("takes place {}", place.describe(zone)),
            Self::Unplaced(place) => format!("no longer takes place {}", place.describe(zone)),
            Self::Cancelled(place) => format!("cancelled {}", place.describe(zone)),
            Self::Delayed(place, minutes) => {
                format!("delayed by {minutes} minutes, planned {}", place.describe(zone))
            }
            Self::Restored(place) => format!("takes place after all {}", place.describe(zone)),
            Self::People { joined, left } => match (joined.is_empty(), left.is_empty()) {
                (false, false) => format!("with {} instead of {}", names(joined), names(left)),
                (false, true) => format!("now also with {}", names(joined)),
                (true, false) => format!("without {}", names(left)),
                (true, true) => "the order or roles of its people changed".to_owned(),
            },
            Self::Track { to: Some(to), .. } => format!("now in track {to}"),
            Self::Track { to: None, .. } => "now in no track".to_owned(),
            Self::Texts => "new text".to_owned(),
            Self::Links => "new links or files".to_owned(),
            Self::Details => "new details".to_owned(),
        }
    }
}

impl Place {
    /// `Tue 2021-09-21 10:00–10:45 PDT, Room 1`, in `zone`.
    pub fn describe(&self, zone: &Zone) -> String {
        let start = zone.local(self.start);
        let end = zone.local(self.end);
        let mut out = format!(
            "{} {}–{} {}",
            start.strftime("%a %Y-%m-%d"),
            start.strftime("%H:%M"),
            end.strftime("%H:%M"),
            zone.abbreviation(self.start)
        );
        if let Some(room) = &self.room {
            out.push_str(", ");
            out.push_str(room.as_str());
        }
        out
    }
}

/// What `new` changed against `old`. Both normalised. Linear in the size of both.
pub fn diff(old: &Programme, new: &Programme) -> Difference {
    let before = Names::of(old);
    let after = Names::of(new);
    let old_sessions: HashMap<SessionId, &Session> = old.sessions.iter().map(|s| (s.id, s)).collect();
    let new_sessions: HashMap<SessionId, &Session> = new.sessions.iter().map(|s| (s.id, s)).collect();
    let mut sessions = vec![];
    for session in &new.sessions {
        match old_sessions.get(&session.id) {
            None => sessions.push(change(
                session,
                Deed::Created,
                session.slots.iter().map(|slot| Aspect::Placed(after.place(slot))).collect(),
            )),
            Some(previous) if *previous == session && before.same_names(&after, session) => {}
            Some(previous) => {
                let aspects = aspects(previous, session, &before, &after);
                if !aspects.is_empty() {
                    sessions.push(change(session, Deed::Changed, aspects));
                }
            }
        }
    }
    for session in &old.sessions {
        if !new_sessions.contains_key(&session.id) {
            let aspects = session.slots.iter().map(|slot| Aspect::Unplaced(before.place(slot))).collect();
            sessions.push(change(session, Deed::Removed, aspects));
        }
    }
    let mut things = vec![];
    things_of("room", &old.rooms, &new.rooms, |r| r.id, |r| &r.name, &mut things);
    things_of("track", &old.tracks, &new.tracks, |t| t.id, |t| &t.name, &mut things);
    things_of("person", &old.persons, &new.persons, |p| p.id, |p| &p.name, &mut things);
    things_of("sponsor", &old.sponsors, &new.sponsors, |s| s.id, |s| &s.name, &mut things);
    Difference { sessions, things, edition: old.edition != new.edition }
}

fn change(session: &Session, deed: Deed, aspects: Vec<Aspect>) -> SessionChange {
    SessionChange {
        session: session.id,
        code: session.code.to_string(),
        title: session.title.clone(),
        deed,
        aspects,
    }
}

fn aspects(old: &Session, new: &Session, before: &Names<'_>, after: &Names<'_>) -> Vec<Aspect> {
    let mut out = vec![];
    if old.title != new.title {
        out.push(Aspect::Title { from: old.title.clone() });
    }
    slot_aspects(old, new, before, after, &mut out);
    if old.people != new.people || !before.same_names(after, new) {
        let old_names: Vec<Line> = old.people.iter().map(|part| before.person(part.person)).collect();
        let new_names: Vec<Line> = new.people.iter().map(|part| after.person(part.person)).collect();
        let minus = |all: &[Line], without: &[Line]| -> Vec<Line> {
            all.iter().filter(|name| !without.contains(name)).cloned().collect()
        };
        if old.people != new.people || old_names != new_names {
            out.push(Aspect::People {
                joined: minus(&new_names, &old_names),
                left: minus(&old_names, &new_names),
            });
        }
    }
    let (from, to) = (before.track(old.track), after.track(new.track));
    if old.track != new.track || from != to {
        out.push(Aspect::Track { from, to });
    }
    if (&old.subtitle, &old.summary, &old.description) != (&new.subtitle, &new.summary, &new.description) {
        out.push(Aspect::Texts);
    }
    if old.links != new.links {
        out.push(Aspect::Links);
    }
    let details = |s: &Session| {
        let numbers: Vec<u32> = s.slots.iter().map(|slot| slot.number).collect();
        (
            (s.code.clone(), s.kind, s.type_label.clone(), s.language.clone(), s.parent, numbers),
            (s.logo.clone(), s.url.clone(), s.feedback_url.clone(), s.recording.clone()),
        )
    };
    let same_slots = old.slots.len() == new.slots.len();
    if details(old).1 != details(new).1
        || (same_slots && details(old).0 != details(new).0)
        || (!same_slots
            && (&old.code, old.kind, &old.type_label, &old.language, old.parent)
                != (&new.code, new.kind, &new.type_label, &new.language, new.parent))
    {
        out.push(Aspect::Details);
    }
    out
}

fn slot_aspects(old: &Session, new: &Session, before: &Names<'_>, after: &Names<'_>, out: &mut Vec<Aspect>) {
    let mut gone: Vec<&Slot> =
        old.slots.iter().filter(|slot| !new.slots.iter().any(|s| s.id == slot.id)).collect();
    for slot in &new.slots {
        // A slot of a new identifier stands for one that went, so that a change of identifiers reads as a move.
        let previous =
            old.slots.iter().find(|s| s.id == slot.id).or_else(|| (!gone.is_empty()).then(|| gone.remove(0)));
        let to = after.place(slot);
        let Some(previous) = previous else {
            out.push(Aspect::Placed(to));
            continue;
        };
        let from = before.place(previous);
        if (from.start, from.end) != (to.start, to.end) || previous.room != slot.room {
            out.push(Aspect::Moved { from, to: to.clone() });
        }
        if previous.standing != slot.standing {
            out.push(match slot.standing {
                Standing::Planned => Aspect::Restored(to),
                Standing::Delayed(minutes) => Aspect::Delayed(to, minutes),
                Standing::Cancelled => Aspect::Cancelled(to),
            });
        }
    }
    out.extend(gone.into_iter().map(|slot| Aspect::Unplaced(before.place(slot))));
}

fn things_of<T: PartialEq, I: Eq + std::hash::Hash>(
    kind: &str,
    old: &[T],
    new: &[T],
    id: impl Fn(&T) -> I,
    name: impl Fn(&T) -> &Line,
    out: &mut Vec<ThingChange>,
) {
    let before: HashMap<I, &T> = old.iter().map(|thing| (id(thing), thing)).collect();
    let after: HashMap<I, &T> = new.iter().map(|thing| (id(thing), thing)).collect();
    let mut note = |thing: &T, deed| {
        out.push(ThingChange { kind: kind.to_owned(), name: name(thing).clone(), deed });
    };
    for thing in new {
        match before.get(&id(thing)) {
            None => note(thing, Deed::Created),
            Some(previous) if *previous != thing => note(thing, Deed::Changed),
            Some(_) => {}
        }
    }
    for thing in old.iter().filter(|thing| !after.contains_key(&id(thing))) {
        note(thing, Deed::Removed);
    }
}

/// The names that identifiers stand for in one programme.
struct Names<'a> {
    rooms: HashMap<RoomId, &'a Line>,
    tracks: HashMap<TrackId, &'a Line>,
    persons: HashMap<PersonId, &'a Line>,
}

impl<'a> Names<'a> {
    fn of(programme: &'a Programme) -> Self {
        Self {
            rooms: programme.rooms.iter().map(|room| (room.id, &room.name)).collect(),
            tracks: programme.tracks.iter().map(|track| (track.id, &track.name)).collect(),
            persons: programme.persons.iter().map(|person| (person.id, &person.name)).collect(),
        }
    }

    fn place(&self, slot: &Slot) -> Place {
        let room = slot.room.and_then(|room| self.rooms.get(&room)).map(|name| (*name).clone());
        Place { start: slot.start, end: slot.end, room }
    }

    fn person(&self, id: PersonId) -> Line {
        self.persons.get(&id).map(|name| (*name).clone()).unwrap_or_default()
    }

    fn track(&self, id: Option<TrackId>) -> Option<Line> {
        id.and_then(|id| self.tracks.get(&id)).map(|name| (*name).clone())
    }

    /// Whether everything that `session` names is called the same in both. A room that is only renamed is a
    /// change of the room, not of each session in it.
    fn same_names(&self, other: &Self, session: &Session) -> bool {
        session.people.iter().all(|part| self.persons.get(&part.person) == other.persons.get(&part.person))
            && session.track.is_none_or(|track| self.tracks.get(&track) == other.tracks.get(&track))
    }
}
