//! Reading a schedule file into a programme that people may have changed here: a three-way merge.
//!
//! *Base* is what the last import brought, *ours* is the present state, *theirs* is the new file. What only the
//! file changed is taken; what only an organiser changed here stays; where both changed the same field to
//! different values, ours stays and the [`Kept`] list says so (or theirs is taken, where the operator asked for
//! that). **A format that cannot express a field never clears it**: [`Carries`] says what a format can express.

use crate::{
    diff::{Difference, diff},
    id::{PersonId, RoomId, SessionId, SlotId, TrackId},
    programme::{Programme, Session, Slugish},
    text::{Slug, folded},
};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

mod fields;
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
    /// Everything.
    pub const ALL: Self = Self((1 << 23) - 1);

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
    let mut theirs = align(present, incoming);
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
    let new_base = Programme {
        edition: Fields::merge(&ground.edition, None, &theirs.edition, &mut silent),
        rooms: silent.overlay(&ground.rooms, &theirs.rooms, placed),
        tracks: silent.overlay(&ground.tracks, &theirs.tracks, has(Carries::TRACK)),
        persons: silent.overlay(&ground.persons, &theirs.persons, has(Carries::PEOPLE)),
        sessions: silent.overlay(&ground.sessions, &theirs.sessions, has(Carries::SESSIONS)),
        sponsors: silent.overlay(&ground.sponsors, &theirs.sponsors, has(Carries::SPONSORS)),
    };
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
            Some(below) => T::merge(below, None, thing, desk),
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

/// `incoming` with its identifiers replaced by those under which `present` knows the same things.
///
/// The same thing is: the same identifier; else (rooms, tracks) the same name; (persons) the same code, the
/// same number and name, or a name that only one has on each side; (sessions) a common slot, the same code
/// where it is more than a number, the same number together with title or begin, the same address, the same
/// title and begin, or a title that only one has on each side;
/// (slots of a matched session) the same number, the same begin and room, or being the only one left.
fn align(present: &Programme, incoming: &Programme) -> Programme {
    let mut out = incoming.clone();
    // A number that was drawn for want of one is not the file's word.
    for slot in out.sessions.iter_mut().flat_map(|session| &mut session.slots) {
        if slot.number == slot.drawn_number() {
            slot.number = 0;
        }
    }
    let incoming = &out.clone();
    let fold = |name: &crate::text::Line| folded(name.as_str());

    let rooms = pair(&present.rooms, &incoming.rooms, |room| room.id, &[&|room| Some(fold(&room.name))]);
    let tracks =
        pair(&present.tracks, &incoming.tracks, |track| track.id, &[&|track| Some(fold(&track.name))]);
    let persons = pair(
        &present.persons,
        &incoming.persons,
        |person| person.id,
        &[
            &|person| person.code.as_ref().map(std::string::ToString::to_string),
            &|person| person.number.map(|number| format!("{number} {}", fold(&person.name))),
            &|person| person.name.non_empty().map(|_| fold(&person.name)),
        ],
    );
    for room in &mut out.rooms {
        room.id = rooms.get(&room.id).copied().unwrap_or(room.id);
    }
    for track in &mut out.tracks {
        track.id = tracks.get(&track.id).copied().unwrap_or(track.id);
    }
    for person in &mut out.persons {
        person.id = persons.get(&person.id).copied().unwrap_or(person.id);
    }
    let sponsors = pair(&present.sponsors, &incoming.sponsors, |s| s.id, &[&|s| Some(fold(&s.name))]);
    for sponsor in &mut out.sponsors {
        sponsor.id = sponsors.get(&sponsor.id).copied().unwrap_or(sponsor.id);
    }

    let mut sessions = known_sessions(present, incoming);
    let taken: HashSet<SessionId> = sessions.values().copied().collect();
    let numbered = |session: &Session, extra: String| {
        session.slots.first().filter(|slot| slot.number > 0).map(|slot| format!("{} {extra}", slot.number))
    };
    let rest_ours: Vec<Session> =
        present.sessions.iter().filter(|s| !taken.contains(&s.id)).cloned().collect();
    let rest_theirs: Vec<Session> =
        incoming.sessions.iter().filter(|s| !sessions.contains_key(&s.id)).cloned().collect();
    sessions.extend(pair(
        &rest_ours,
        &rest_theirs,
        |session| session.id,
        &[
            // A code of digits is a number, and some tools number their sessions anew each time.
            &|session| Some(session.code.as_str().to_ascii_lowercase()).filter(|code| has_letter(code)),
            &|session| numbered(session, fold(&session.title)),
            &|session| {
                numbered(session, session.slots.first().map_or(String::new(), |slot| slot.start.to_string()))
            },
            &|session| session.url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned()),
            &|session| session.slots.first().map(|slot| format!("{} {}", fold(&session.title), slot.start)),
            &|session| session.title.non_empty().map(|_| fold(&session.title)),
        ],
    ));
    let ours: HashMap<SessionId, &Session> =
        present.sessions.iter().map(|session| (session.id, session)).collect();
    for session in &mut out.sessions {
        session.id = sessions.get(&session.id).copied().unwrap_or(session.id);
        session.parent = session.parent.map(|parent| sessions.get(&parent).copied().unwrap_or(parent));
        session.track = session.track.map(|track| tracks.get(&track).copied().unwrap_or(track));
        for part in &mut session.people {
            part.person = persons.get(&part.person).copied().unwrap_or(part.person);
        }
        for slot in &mut session.slots {
            slot.room = slot.room.map(|room| rooms.get(&room).copied().unwrap_or(room));
        }
        if let Some(our) = ours.get(&session.id) {
            let slots = pair(
                &our.slots,
                &session.slots,
                |slot| slot.id,
                &[
                    &|slot| (slot.number > 0).then(|| slot.number.to_string()),
                    &|slot| Some(format!("{} {:?}", slot.start, slot.room)),
                    &|_| Some(String::new()),
                ],
            );
            for slot in &mut session.slots {
                slot.id = slots.get(&slot.id).copied().unwrap_or(slot.id);
            }
        }
    }
    out
}

/// The sessions that are known by identifier or by slot: theirs → ours. Where a session fell apart or several
/// became one, the part of the same identifier goes on as it, or else the one with most slots in common.
fn known_sessions(present: &Programme, incoming: &Programme) -> HashMap<SessionId, SessionId> {
    // Identifiers first, for all: a slot must not lead to a session that another one names outright.
    let ids: HashSet<SessionId> = present.sessions.iter().map(|session| session.id).collect();
    let mut found: HashMap<SessionId, SessionId> =
        incoming.sessions.iter().map(|s| (s.id, s.id)).filter(|(id, _)| ids.contains(id)).collect();
    let by_slot: HashMap<SlotId, SessionId> =
        present.slots().map(|(session, slot)| (slot.id, session.id)).collect();
    let mut claims = vec![];
    for (order, session) in incoming.sessions.iter().enumerate().filter(|(_, s)| !ids.contains(&s.id)) {
        let mut common: HashMap<SessionId, usize> = HashMap::new();
        for slot in &session.slots {
            if let Some(our) = by_slot.get(&slot.id) {
                *common.entry(*our).or_default() += 1;
            }
        }
        claims.extend(common.into_iter().map(|(our, count)| (Reverse(count), order, our, session.id)));
    }
    claims.sort_unstable();
    let mut taken: HashSet<SessionId> = found.values().copied().collect();
    for (_, _, our, their) in claims {
        if !found.contains_key(&their) && taken.insert(our) {
            found.insert(their, our);
        }
    }
    found
}

fn has_letter(code: &str) -> bool {
    code.bytes().any(|b| b.is_ascii_alphabetic())
}

/// A way to say what a thing is called, by which two lists can be paired.
type Key<'a, T> = &'a dyn Fn(&T) -> Option<String>;

/// Pairs two lists: first by identifier, then by each key in turn, as far as a key names exactly one thing on
/// each side. Returns theirs → ours. Nothing is paired twice.
fn pair<T, I: Copy + Eq + Hash>(
    ours: &[T],
    theirs: &[T],
    id: impl Fn(&T) -> I,
    keys: &[Key<'_, T>],
) -> HashMap<I, I> {
    let our_ids: HashSet<I> = ours.iter().map(&id).collect();
    let mut pairs: HashMap<I, I> =
        theirs.iter().map(&id).filter(|i| our_ids.contains(i)).map(|i| (i, i)).collect();
    let mut taken: HashSet<I> = pairs.keys().copied().collect();
    for key in keys {
        let mut names: HashMap<String, Option<I>> = HashMap::new();
        for thing in ours.iter().filter(|thing| !taken.contains(&id(thing))) {
            if let Some(name) = key(thing) {
                names.entry(name).and_modify(|only| *only = None).or_insert_with(|| Some(id(thing)));
            }
        }
        let mut wanted: HashMap<String, Option<I>> = HashMap::new();
        for thing in theirs.iter().filter(|thing| !pairs.contains_key(&id(thing))) {
            if let Some(name) = key(thing) {
                wanted.entry(name).and_modify(|only| *only = None).or_insert_with(|| Some(id(thing)));
            }
        }
        for (name, their) in wanted {
            if let (Some(their), Some(Some(our))) = (their, names.get(&name)) {
                pairs.insert(their, *our);
                taken.insert(*our);
            }
        }
    }
    pairs
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
