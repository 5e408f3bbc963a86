//! Which things of a file are which things of the record, and what a file says as it must rather than anew.

use super::Carries;
use crate::{
    id::{PersonId, RoomId, SessionId, SlotId},
    programme::{Person, Programme, Session, Slot},
    text::{Line, RichText, folded},
};
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// `incoming` with its identifiers replaced by those under which `present` knows the same things.
///
/// The same thing is: the same identifier; else (rooms, tracks) the same name; (persons) the same code, the
/// same number and name, or a name that only one has on each side; (sessions) a common slot, the same code
/// where it is more than a number, the same number together with title or begin, the same address, the same
/// title and begin, or a title that only one has on each side;
/// (persons of a matched session) the only one of that name in it;
/// (slots of a matched session) the same number, the same begin and room, or being the only one left.
pub(super) fn align(
    present: &Programme,
    base: Option<&Programme>,
    incoming: &Programme,
    carries: Carries,
) -> Programme {
    let mut out = incoming.clone();
    // A number that was drawn for want of one is not the file's word.
    for slot in out.sessions.iter_mut().flat_map(|session| &mut session.slots) {
        if slot.number == slot.drawn_number() {
            slot.number = 0;
        }
    }
    let incoming = &out.clone();

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
    // What a tool numbers anew is known by the number of its last file, not by the first, which it keeps here.
    let numbers: HashMap<SlotId, u32> =
        base.into_iter().flat_map(Programme::slots).map(|(_, slot)| (slot.id, slot.number)).collect();
    let as_in_file =
        |slot: &Slot| Slot { number: *numbers.get(&slot.id).unwrap_or(&slot.number), ..slot.clone() };
    let rest_ours: Vec<Session> = present
        .sessions
        .iter()
        .filter(|session| !taken.contains(&session.id))
        .map(|session| Session { slots: session.slots.iter().map(as_in_file).collect(), ..session.clone() })
        .collect();
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
    let named: HashSet<SlotId> = incoming.slots().map(|(_, slot)| slot.id).collect();
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
            // A slot that the file names in another session is there.
            let here: HashSet<SlotId> = session.slots.iter().map(|slot| slot.id).collect();
            let free = |slot: &&Slot| here.contains(&slot.id) || !named.contains(&slot.id);
            let our_slots: Vec<Slot> = our.slots.iter().filter(free).map(as_in_file).collect();
            let slots = pair(
                &our_slots,
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
    namesakes(present, &mut out);
    if !carries.has(Carries::ROOMS) {
        unused_rooms(present, base, &mut out);
    }
    let ground: HashMap<SessionId, &Session> =
        base.unwrap_or(present).sessions.iter().map(|session| (session.id, session)).collect();
    for session in &mut out.sessions {
        if let Some(our) = ours.get(&session.id) {
            let ground = ground.get(&session.id).copied().unwrap_or(our);
            in_other_words(session, ground, our, present, carries);
        }
    }
    out
}

/// Of several persons of one name, a file that has one of that name, and none of their identifiers, means the one
/// who takes part in the session.
fn namesakes(present: &Programme, out: &mut Programme) {
    let known: HashMap<PersonId, &Person> =
        present.persons.iter().map(|person| (person.id, person)).collect();
    let ours: HashMap<SessionId, &Session> =
        present.sessions.iter().map(|session| (session.id, session)).collect();
    let mut bearers: HashMap<String, (usize, usize)> = HashMap::new();
    for person in &present.persons {
        bearers.entry(fold(&person.name)).or_default().0 += 1;
    }
    for person in &out.persons {
        bearers.entry(fold(&person.name)).or_default().1 += 1;
    }
    let unclear = |name: &String| bearers.get(name).is_some_and(|(ours, theirs)| *ours > 1 && *theirs == 1);
    let names: HashMap<PersonId, String> = out
        .persons
        .iter()
        .map(|person| (person.id, fold(&person.name)))
        .filter(|(_, name)| unclear(name))
        .collect();
    // Who is meant in each session; nobody, once it cannot be told in one of them: a person is one everywhere.
    let mut meant: HashMap<PersonId, Option<HashMap<SessionId, PersonId>>> = HashMap::new();
    for session in &out.sessions {
        for part in session.people.iter().filter(|part| !known.contains_key(&part.person)) {
            let Some(name) = names.get(&part.person) else { continue };
            let there = |id: &PersonId| session.people.iter().any(|part| part.person == *id);
            let called = |id: &PersonId| known.get(id).is_some_and(|person| fold(&person.name) == *name);
            let people = ours.get(&session.id).map(|our| &our.people[..]).unwrap_or_default();
            let mut same = people.iter().map(|our| our.person).filter(|id| called(id) && !there(id));
            let entry = meant.entry(part.person).or_insert_with(|| Some(HashMap::new()));
            match (same.next(), same.next(), entry.as_mut()) {
                (Some(one), None, Some(found)) => {
                    found.insert(session.id, one);
                }
                _ => *entry = None,
            }
        }
    }
    let meant: HashMap<PersonId, HashMap<SessionId, PersonId>> =
        meant.into_iter().filter_map(|(person, found)| Some((person, found?))).collect();
    for session in &mut out.sessions {
        for part in &mut session.people {
            if let Some(one) = meant.get(&part.person).and_then(|found| found.get(&session.id)) {
                part.person = *one;
            }
        }
    }
    // The file's word on that person goes to each who is meant.
    let mut there: HashSet<PersonId> = out.persons.iter().map(|person| person.id).collect();
    let (theirs, others): (Vec<Person>, Vec<Person>) =
        std::mem::take(&mut out.persons).into_iter().partition(|person| meant.contains_key(&person.id));
    out.persons = others;
    for person in theirs {
        for id in meant[&person.id].values().copied().filter(|id| there.insert(*id)) {
            out.persons.push(Person { id, ..person.clone() });
        }
    }
}

/// Rooms of ours in which nothing takes place, which the file has no way to name.
fn unused_rooms(present: &Programme, base: Option<&Programme>, out: &mut Programme) {
    let used: HashSet<RoomId> = present.slots().filter_map(|(_, slot)| slot.room).collect();
    let ours: HashSet<RoomId> = present.rooms.iter().map(|room| room.id).collect();
    let mut there: HashSet<RoomId> = out.rooms.iter().map(|room| room.id).collect();
    let ground = base.map(|base| &base.rooms).into_iter().chain([&present.rooms]).flatten();
    let silent = ground.filter(|room| ours.contains(&room.id) && !used.contains(&room.id));
    out.rooms.extend(silent.filter(|room| there.insert(room.id)).cloned());
}

/// What the file says as it must, for want of a better place, is what it said before: a title with the names of
/// the speakers behind it where people cannot be named (frab's calendar); one text, short or long or as
/// both, where we know both, or where both sides have one. `ground` is what the last file said, `ours` what we say.
fn in_other_words(
    theirs: &mut Session,
    ground: &Session,
    ours: &Session,
    present: &Programme,
    carries: Carries,
) {
    if !carries.has(Carries::PEOPLE) && theirs.title != ours.title {
        let names: Vec<&str> = ours
            .people
            .iter()
            .filter_map(|part| present.persons.iter().find(|person| person.id == part.person))
            .map(|person| person.name.as_str())
            .collect();
        let with_names = |title: &Line| Line::clean(&format!("{title} - {}", names.join(", ")));
        if [&ground.title, &ours.title].into_iter().any(|title| with_names(title) == theirs.title) {
            theirs.title = ground.title.clone();
        }
    }
    let carried = [Carries::SUMMARY, Carries::DESCRIPTION].map(|text| carries.has(text));
    let theirs_both = [&theirs.summary, &theirs.description];
    let mut told: Vec<&RichText> = theirs_both
        .into_iter()
        .zip(carried)
        .filter_map(|(text, carried)| (carried && !text.is_empty()).then_some(text))
        .collect();
    told.dedup();
    let known: Vec<&RichText> =
        [&ground.summary, &ground.description].into_iter().filter(|text| !text.is_empty()).collect();
    if let [only] = told[..]
        && known.contains(&only)
        && (known.len() == 1 || carried != [true, true])
    {
        (theirs.summary, theirs.description) = (ground.summary.clone(), ground.description.clone());
    }
}

fn fold(name: &Line) -> String {
    folded(name.as_str())
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
