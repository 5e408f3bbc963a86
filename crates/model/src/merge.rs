//! Reading a schedule file into a programme that people may have changed here: a three-way merge.
//!
//! *Base* is what the last import brought, *ours* is the present state, *theirs* is the new file. What only the
//! file changed is taken; what only an organiser changed here stays; where both changed the same field to
//! different values, ours stays and the [`Kept`] list says so (or theirs is taken, where the operator asked for
//! that). **A format that cannot express a field never clears it**: [`Carries`] says what a format can express.

use crate::{
    Refusal,
    diff::{Difference, diff},
    id::{PersonId, RoomId, SessionId, SlotId, TrackId},
    programme::{Programme, Slugish},
    text::Slug,
};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

mod align;
mod fields;
use align::align;
use fields::Fields;

/// The fields that a file format can express, as a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carries(u32);

impl Carries {
    /// Nothing but titles, times and rooms, which every format has.
    pub const BASICS: Self = Self(0);
    /// Subtitles.
    pub const SUBTITLE: Self = Self(1);
    /// Short texts.
    pub const SUMMARY: Self = Self(1 << 1);
    /// Long texts.
    pub const DESCRIPTION: Self = Self(1 << 2);
    /// Session kinds and type labels.
    pub const KIND: Self = Self(1 << 3);
    /// Languages.
    pub const LANGUAGE: Self = Self(1 << 4);
    /// Tracks.
    pub const TRACK: Self = Self(1 << 5);
    /// Who takes part.
    pub const PEOPLE: Self = Self(1 << 6);
    /// In which role they take part.
    pub const ROLES: Self = Self(1 << 7);
    /// Biographies, affiliations, pictures and links of persons.
    pub const PROFILES: Self = Self(1 << 8);
    /// Links and files of sessions.
    pub const LINKS: Self = Self(1 << 9);
    /// Pictures of sessions.
    pub const LOGO: Self = Self(1 << 10);
    /// The session's page elsewhere.
    pub const URL: Self = Self(1 << 11);
    /// The feedback page.
    pub const FEEDBACK: Self = Self(1 << 12);
    /// Recording licence and opt-out.
    pub const RECORDING: Self = Self(1 << 13);
    /// Cancelled and delayed.
    pub const STANDING: Self = Self(1 << 14);
    /// Which block a topic belongs to.
    pub const PARENT: Self = Self(1 << 15);
    /// Capacity, kind and description of rooms.
    pub const ROOM_DETAILS: Self = Self(1 << 16);
    /// Description and colour of tracks.
    pub const TRACK_DETAILS: Self = Self(1 << 17);
    /// Sponsors.
    pub const SPONSORS: Self = Self(1 << 18);
    /// Subtitle, venue, city, country, address, logo, language, colour of the edition.
    pub const EDITION_DETAILS: Self = Self(1 << 19);
    /// The edition's title, dates, zone and day change.
    pub const EDITION: Self = Self(1 << 20);
    /// Numbers and codes of sessions and slots.
    pub const NUMBERS: Self = Self(1 << 21);
    /// Sessions: a file of speakers alone lacks them.
    pub const SESSIONS: Self = Self(1 << 22);
    /// Rooms in which nothing takes place. A format that names rooms only where something takes place in them
    /// removes none of these.
    pub const ROOMS: Self = Self(1 << 23);
    /// Everything.
    pub const ALL: Self = Self((1 << 24) - 1);

    /// Both sets.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This set without the other.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether all of `other` can be expressed.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// What to do where both sides changed the same field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Conflict {
    /// What was changed here stays.
    #[default]
    KeepOurs,
    /// The file wins.
    TakeTheirs,
}

/// A place where the file and the record disagree and a choice was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The kind of thing: `session`, `room`, ...
    pub kind: String,
    /// What the thing is called here.
    pub name: String,
    /// The field, or `presence` where one side removed it.
    pub field: String,
    /// What the record says.
    pub ours: String,
    /// What the file says.
    pub theirs: String,
    /// Whether the file's value was taken.
    pub overwritten: bool,
}

/// How many things of one kind an import creates, changes, removes and leaves alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// New here.
    pub created: u32,
    /// Changed.
    pub changed: u32,
    /// Gone.
    pub removed: u32,
    /// As before.
    pub alone: u32,
}

/// The tallies of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tallies {
    /// Sessions.
    pub sessions: Tally,
    /// Slots.
    pub slots: Tally,
    /// Persons.
    pub persons: Tally,
    /// Rooms.
    pub rooms: Tally,
    /// Tracks.
    pub tracks: Tally,
}

/// The outcome of a merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The programme to store, normalised.
    pub programme: Programme,
    /// The base of the next merge: the file as understood here.
    pub base: Programme,
    /// What changes against the present state; empty for a file that brings nothing new.
    pub difference: Difference,
    /// What differs and was decided.
    pub kept: Vec<Kept>,
    /// The counts.
    pub tallies: Tallies,
}

/// How many sessions an edition must hold for [`Merged::check`] to guard them.
const GUARDED: u32 = 10;

impl Merged {
    /// Whether the file looks whole: one that would remove more than half of the sessions is more likely a part
    /// of a schedule, or the schedule of something else, than what its bringer means.
    pub fn check(&self) -> Result<(), Refusal> {
        let Tally { changed, removed, alone, .. } = self.tallies.sessions;
        let held = changed + removed + alone;
        if held < GUARDED || removed * 2 <= held {
            return Ok(());
        }
        Err(Refusal::new(
            "file",
            format!("it would remove {removed} of the {held} sessions of {}", self.programme.edition.slug),
            "Check that it is the whole schedule of this edition; --allow-removals imports it all the same, and \
             --edition reads it into another edition",
        ))
    }
}

/// Merges `incoming` into `present`. `base` is the [`Merged::base`] of the last import of this edition.
/// All normalised. Without a present state the file is taken as it is.
pub fn merge(
    present: Option<&Programme>,
    base: Option<&Programme>,
    incoming: &Programme,
    carries: Carries,
    conflict: Conflict,
) -> Merged {
    let Some(present) = present else {
        let empty = Programme::empty(incoming.edition.clone());
        return Merged {
            programme: incoming.clone(),
            base: incoming.clone(),
            difference: diff(&empty, incoming),
            kept: vec![],
            tallies: tallies(&empty, incoming),
        };
    };
    let mut theirs = align(present, base, incoming, carries);
    theirs.edition.id = present.edition.id;
    theirs.edition.slug = present.edition.slug.clone();
    let mut desk = Desk { carries, conflict, kept: vec![], kind: "", name: String::new() };

    desk.about("edition", present.edition.title.as_str());
    let edition = Fields::merge(&present.edition, base.map(|base| &base.edition), &theirs.edition, &mut desk);
    let has = |field| carries.has(field);
    // A file of speakers alone says nothing of rooms either.
    let placed = has(Carries::SESSIONS);
    let rooms = desk.things("room", &present.rooms, base.map(|b| &b.rooms[..]), &theirs.rooms, placed);
    let tracks = desk.things(
        "track",
        &present.tracks,
        base.map(|b| &b.tracks[..]),
        &theirs.tracks,
        has(Carries::TRACK),
    );
    let persons = desk.things(
        "person",
        &present.persons,
        base.map(|b| &b.persons[..]),
        &theirs.persons,
        has(Carries::PEOPLE),
    );
    let sessions = desk.things(
        "session",
        &present.sessions,
        base.map(|b| &b.sessions[..]),
        &theirs.sessions,
        has(Carries::SESSIONS),
    );
    let sponsors = desk.things(
        "sponsor",
        &present.sponsors,
        base.map(|b| &b.sponsors[..]),
        &theirs.sponsors,
        has(Carries::SPONSORS),
    );
    let mut programme = Programme { edition, rooms, tracks, persons, sessions, sponsors };
    keep_what_is_used(present, &mut programme);
    newcomers_yield(present, &mut programme);
    programme.normalise();

    // The next base: the file's word on what it carries, the last base's (or else ours) on what it does not.
    let mut silent =
        Desk { carries, conflict: Conflict::TakeTheirs, kept: vec![], kind: "", name: String::new() };
    let ground = base.unwrap_or(present);
    let mut new_base = Programme {
        edition: Fields::merge(&ground.edition, None, &theirs.edition, &mut silent),
        rooms: silent.overlay(&ground.rooms, &theirs.rooms, placed),
        tracks: silent.overlay(&ground.tracks, &theirs.tracks, has(Carries::TRACK)),
        persons: silent.overlay(&ground.persons, &theirs.persons, has(Carries::PEOPLE)),
        sessions: silent.overlay(&ground.sessions, &theirs.sessions, has(Carries::SESSIONS)),
        sponsors: silent.overlay(&ground.sponsors, &theirs.sponsors, has(Carries::SPONSORS)),
    };
    let numbers: HashMap<SlotId, u32> = theirs.slots().map(|(_, slot)| (slot.id, slot.number)).collect();
    for slot in new_base.sessions.iter_mut().flat_map(|session| &mut session.slots) {
        slot.number = numbers.get(&slot.id).copied().filter(|number| *number > 0).unwrap_or(slot.number);
    }
    new_base.normalise();
    Merged {
        difference: diff(present, &programme),
        tallies: tallies(present, &programme),
        programme,
        base: new_base,
        kept: desk.kept,
    }
}

/// A room, track or person that the file no longer has but that a session kept here still names stays.
fn keep_what_is_used(present: &Programme, programme: &mut Programme) {
    fn missing<T: Clone, I: Eq + Hash + Copy>(
        have: &mut Vec<T>,
        all: &[T],
        used: &HashSet<I>,
        id: impl Fn(&T) -> I,
    ) {
        let known: HashSet<I> = have.iter().map(&id).collect();
        have.extend(
            all.iter().filter(|thing| used.contains(&id(thing)) && !known.contains(&id(thing))).cloned(),
        );
    }
    let rooms: HashSet<RoomId> = programme.slots().filter_map(|(_, slot)| slot.room).collect();
    let tracks: HashSet<TrackId> = programme.sessions.iter().filter_map(|session| session.track).collect();
    let persons: HashSet<PersonId> =
        programme.sessions.iter().flat_map(|session| session.people.iter().map(|part| part.person)).collect();
    missing(&mut programme.rooms, &present.rooms, &rooms, |room| room.id);
    missing(&mut programme.tracks, &present.tracks, &tracks, |track| track.id);
    missing(&mut programme.persons, &present.persons, &persons, |person| person.id);
}

/// What is new here gets another code, number or slug where it would take the one of something that people
/// already have the address of.
fn newcomers_yield(present: &Programme, programme: &mut Programme) {
    fn slugs<T, I: Eq + Hash>(
        before: &[T],
        now: &mut [T],
        id: impl Fn(&T) -> I,
        slug: impl Fn(&mut T) -> &mut Slug,
    ) {
        let known: HashSet<I> = before.iter().map(&id).collect();
        let (old, new): (Vec<&mut T>, Vec<&mut T>) =
            now.iter_mut().partition(|thing| known.contains(&id(thing)));
        let mut taken: HashSet<Slug> = old.into_iter().map(|thing| slug(thing).clone()).collect();
        for thing in new {
            let slug = slug(thing);
            let wanted = slug.clone();
            let mut number = 1;
            while !taken.insert(slug.clone()) {
                number += 1;
                *slug = wanted.numbered(number);
            }
        }
    }
    slugs(&present.rooms, &mut programme.rooms, |room| room.id, |room| &mut room.slug);
    slugs(&present.tracks, &mut programme.tracks, |track| track.id, |track| &mut track.slug);
    slugs(&present.persons, &mut programme.persons, |person| person.id, |person| &mut person.slug);

    let known: HashSet<SessionId> = present.sessions.iter().map(|session| session.id).collect();
    let numbers: HashMap<SlotId, u32> = present.slots().map(|(_, slot)| (slot.id, slot.number)).collect();
    let (mut codes, mut used) = (HashSet::new(), HashSet::new());
    for session in &programme.sessions {
        if known.contains(&session.id) {
            codes.insert(session.code.as_str().to_ascii_lowercase());
        }
        let kept = session.slots.iter().filter(|slot| numbers.get(&slot.id) == Some(&slot.number));
        used.extend(kept.map(|slot| slot.number));
    }
    for session in &mut programme.sessions {
        if !known.contains(&session.id) && codes.contains(&session.code.as_str().to_ascii_lowercase()) {
            session.code = Slugish::from_id(session.id.0);
        }
        for slot in &mut session.slots {
            if numbers.get(&slot.id) != Some(&slot.number) && used.contains(&slot.number) {
                // Numbered anew when the programme is normalised.
                slot.number = 0;
            }
        }
    }
}

/// The desk at which each difference is decided and noted.
pub(crate) struct Desk {
    pub(crate) carries: Carries,
    conflict: Conflict,
    kept: Vec<Kept>,
    kind: &'static str,
    name: String,
}

impl Desk {
    fn about(&mut self, kind: &'static str, name: &str) {
        self.kind = kind;
        self.name = crate::text::excerpt(name, 80);
    }

    /// The value to keep of one field that the format carries.
    pub(crate) fn pick<T: PartialEq + Clone>(
        &mut self,
        field: &str,
        ours: &T,
        base: Option<&T>,
        theirs: &T,
        show: impl Fn(&T) -> String,
    ) -> T {
        if ours == theirs || base == Some(theirs) {
            return ours.clone();
        }
        if base == Some(ours) {
            return theirs.clone();
        }
        self.note(field, show(ours), show(theirs));
        match self.conflict {
            Conflict::KeepOurs => ours.clone(),
            Conflict::TakeTheirs => theirs.clone(),
        }
    }

    fn note(&mut self, field: &str, ours: String, theirs: String) {
        let overwritten = self.conflict == Conflict::TakeTheirs;
        let (kind, name, field) = (self.kind.to_owned(), self.name.clone(), field.to_owned());
        self.kept.push(Kept { kind, name, field, ours, theirs, overwritten });
    }

    /// Merges a list of things. A format that does not carry the list leaves it alone.
    pub(crate) fn things<T: Fields>(
        &mut self,
        kind: &'static str,
        ours: &[T],
        base: Option<&[T]>,
        theirs: &[T],
        carried: bool,
    ) -> Vec<T> {
        if !carried {
            return ours.to_vec();
        }
        let ours_by: HashMap<T::Id, &T> = ours.iter().map(|thing| (thing.id(), thing)).collect();
        let base_by: HashMap<T::Id, &T> =
            base.unwrap_or_default().iter().map(|thing| (thing.id(), thing)).collect();
        let mut merged: HashMap<T::Id, T> = HashMap::with_capacity(theirs.len());
        for thing in theirs {
            let id = thing.id();
            self.about(kind, &thing.name());
            match (ours_by.get(&id), base_by.get(&id)) {
                (Some(our), base) => {
                    self.about(kind, &our.name());
                    merged.insert(id, T::merge(our, base.copied(), thing, self));
                }
                (None, None) => {
                    merged.insert(id, thing.clone());
                }
                // Removed here after the last import: stays removed, and is said.
                (None, Some(_)) => {
                    self.note("presence", "removed here".to_owned(), "in the file".to_owned());
                    if self.conflict == Conflict::TakeTheirs {
                        merged.insert(id, thing.clone());
                    }
                }
            }
        }
        for thing in ours {
            let id = thing.id();
            if merged.contains_key(&id) {
                continue;
            }
            match base_by.get(&id) {
                // Came from the file, untouched here, no longer in the file: goes.
                Some(base) if untouched(thing, base) => {}
                Some(_) => {
                    self.about(kind, &thing.name());
                    self.note("presence", "changed here".to_owned(), "no longer in the file".to_owned());
                    if self.conflict == Conflict::KeepOurs {
                        merged.insert(id, thing.clone());
                    }
                }
                // Made here: the file has no say in it.
                None => {
                    merged.insert(id, thing.clone());
                }
            }
        }
        in_order(merged, ours, base, theirs)
    }

    /// `theirs` with the fields that the format does not carry taken from `ground`.
    fn overlay<T: Fields>(&mut self, ground: &[T], theirs: &[T], carried: bool) -> Vec<T> {
        if !carried {
            return ground.to_vec();
        }
        let ground_by: HashMap<T::Id, &T> = ground.iter().map(|thing| (thing.id(), thing)).collect();
        let over = |thing: &T, desk: &mut Self| match ground_by.get(&thing.id()) {
            // As its own base: what the file no longer has of it, such as a slot, goes.
            Some(below) => T::merge(below, Some(below), thing, desk),
            None => thing.clone(),
        };
        theirs.iter().map(|thing| over(thing, self)).collect()
    }
}

/// Whether nobody changed `thing` here since it came as `base`. Codes, numbers and slugs do not count: they may
/// differ from the file's because they are unique here.
fn untouched<T: Fields>(thing: &T, base: &T) -> bool {
    let carries = Carries::ALL.without(Carries::NUMBERS);
    let mut desk =
        Desk { carries, conflict: Conflict::KeepOurs, kept: vec![], kind: "", name: String::new() };
    T::merge(base, Some(base), thing, &mut desk) == *base
}

/// The file's order, unless the order was changed here since the last import; what only we have comes last.
fn in_order<T: Fields>(
    mut merged: HashMap<T::Id, T>,
    ours: &[T],
    base: Option<&[T]>,
    theirs: &[T],
) -> Vec<T> {
    let order = |list: &[T]| -> Vec<T::Id> { list.iter().map(Fields::id).collect() };
    let (our_order, base_order) = (order(ours), base.map(order).unwrap_or_default());
    let in_ours: HashSet<T::Id> = our_order.iter().copied().collect();
    let in_base: HashSet<T::Id> = base_order.iter().copied().collect();
    let common = |list: &[T::Id]| -> Vec<T::Id> {
        list.iter().copied().filter(|id| in_ours.contains(id) && in_base.contains(id)).collect()
    };
    let untouched = base.is_some() && common(&our_order) == common(&base_order);
    let (first, second) = if untouched { (theirs, ours) } else { (ours, theirs) };
    let mut out = Vec::with_capacity(merged.len());
    for thing in first.iter().chain(second) {
        if let Some(thing) = merged.remove(&thing.id()) {
            out.push(thing);
        }
    }
    out
}

fn tallies(before: &Programme, after: &Programme) -> Tallies {
    fn tally<T: PartialEq, I: Eq + Hash>(before: &[T], after: &[T], id: impl Fn(&T) -> I) -> Tally {
        let old: HashMap<I, &T> = before.iter().map(|thing| (id(thing), thing)).collect();
        let mut out = Tally::default();
        for thing in after {
            match old.get(&id(thing)) {
                None => out.created += 1,
                Some(previous) if *previous == thing => out.alone += 1,
                Some(_) => out.changed += 1,
            }
        }
        out.removed = before.len() as u32 - out.changed - out.alone;
        out
    }
    let slots = |programme: &Programme| -> Vec<crate::programme::Slot> {
        programme.slots().map(|(_, slot)| slot.clone()).collect()
    };
    Tallies {
        sessions: tally(&before.sessions, &after.sessions, |session| session.id),
        slots: tally(&slots(before), &slots(after), |slot| slot.id),
        persons: tally(&before.persons, &after.persons, |person| person.id),
        rooms: tally(&before.rooms, &after.rooms, |room| room.id),
        tracks: tally(&before.tracks, &after.tracks, |track| track.id),
    }
}
