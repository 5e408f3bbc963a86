//! Promises of the programme, its differences and the merge of files into it.

#![allow(clippy::unwrap_used, reason = "test helpers")]

mod common;

use common::{noon, person, programmes, room, session, slot, small};
use jiff::SignedDuration;
use model::{
    diff::{Aspect, diff},
    feed::Deed,
    id::{PersonId, SessionId, SlotId},
    merge::{Carries, Conflict, merge},
    now::{Phase, now_and_next, phase},
    programme::{Participation, Person, Problem, Programme, Role, Session, SessionKind, Slot, Standing},
};
use proptest::prelude::*;
use std::collections::HashSet;
use uuid::Uuid;

/// What a file says: a format without standings and profiles, as most are.
const FILE: Carries = Carries::ALL.without(Carries::STANDING).without(Carries::PROFILES);

fn session_mut<'a>(programme: &'a mut Programme, title: &str) -> &'a mut Session {
    programme.sessions.iter_mut().find(|session| session.title.as_str() == title).unwrap()
}

#[test]
fn a_session_at_one_in_the_morning_belongs_to_the_evening_before() {
    let edition = common::edition();
    let late = "2027-10-02T16:00:00Z".parse().unwrap(); // 01:30 on the 3rd in Adelaide
    assert_eq!(edition.day_of(late), jiff::civil::date(2027, 10, 2));
}

#[test]
fn days_have_their_true_length_over_a_dst_change() {
    let days = small().days();
    assert_eq!(days.len(), 3);
    // Clocks go forward at 02:00 on Sunday the 3rd, which is before the day change at 04:00: Saturday is short.
    let hours: Vec<i64> = days.iter().map(|day| day.end.duration_since(day.start).as_hours()).collect();
    assert_eq!(hours, [23, 24, 24]);
}

#[test]
fn overlaps_and_torn_people_are_found_and_blocks_hold_their_topics() {
    let mut programme = small();
    let main = programme.rooms[0].clone();
    let ada = Participation { person: programme.persons[0].id, role: Role::Lead };
    let mut block = Session { kind: SessionKind::Microconference, people: vec![ada], ..session("Block") };
    block.slots = vec![slot(&block, Some(&main), 600, 180)];
    let mut first =
        Session { kind: SessionKind::Topic, parent: Some(block.id), people: vec![ada], ..session("First") };
    first.slots = vec![slot(&first, Some(&main), 600, 30)];
    let mut second = Session { kind: SessionKind::Topic, parent: Some(block.id), ..session("Second") };
    second.slots = vec![slot(&second, Some(&main), 630, 30)];
    programme.sessions.extend([block, first, second]);
    programme.normalise();
    assert_eq!(programme.problems(), []);

    let mut clash = Session { people: vec![ada], ..session("Clash") };
    clash.slots = vec![slot(&clash, Some(&main), 645, 30)];
    let clashing = clash.slots[0].id;
    programme.sessions.push(clash);
    programme.normalise();
    let problems = programme.problems();
    assert!(
        problems.iter().any(|p| matches!(p, Problem::Overlap { second, .. } if *second == clashing)),
        "{problems:?}"
    );
    assert!(
        problems.iter().any(|p| matches!(p, Problem::Torn { second, .. } if *second == clashing)),
        "{problems:?}"
    );
}

#[test]
fn a_difference_says_moved_cancelled_delayed_and_who() {
    let old = small();
    let mut new = old.clone();
    let side = new.rooms[1].id;
    session_mut(&mut new, "Opening").slots[0].room = Some(side);
    session_mut(&mut new, "Locks").slots[0].standing = Standing::Delayed(15);
    let pages = session_mut(&mut new, "Pages");
    pages.slots[0].standing = Standing::Cancelled;
    pages.people.clear();
    new.sessions.push(session("Fresh"));
    new.normalise();
    let changes = diff(&old, &new);
    let of = |title: &str| changes.sessions.iter().find(|change| change.title.as_str() == title).unwrap();
    assert!(
        matches!(&of("Opening").aspects[..], [Aspect::Moved { to, .. }] if to.room.as_ref().unwrap().as_str() == "Side")
    );
    assert!(matches!(&of("Locks").aspects[..], [Aspect::Delayed(_, 15)]));
    assert!(
        matches!(&of("Pages").aspects[..], [Aspect::Cancelled(_), Aspect::People { left, .. }] if left.len() == 1)
    );
    assert_eq!(of("Fresh").deed, Deed::Created);
    let counts = changes.counts();
    assert_eq!((counts.added, counts.changed, counts.removed), (1, 3, 0));
    let zone = &new.edition.zone;
    assert_eq!(
        of("Opening").aspects[0].describe(zone),
        "moved from Sat 2027-10-02 21:30–22:15 ACST, Main to Sat 2027-10-02 21:30–22:15 ACST, Side"
    );
}

#[test]
fn a_renamed_speaker_is_said_of_their_sessions_and_a_renamed_room_is_not() {
    let old = small();
    let mut new = old.clone();
    new.persons[0].name = "Ada Lovelace".into();
    new.rooms[0].name = "Grand".into();
    new.normalise();
    let changes = diff(&old, &new);
    assert!(changes.sessions.iter().all(|change| matches!(&change.aspects[..], [Aspect::People { .. }])));
    assert_eq!(changes.sessions.len(), 2);
    assert_eq!(changes.things.len(), 2);
}

#[test]
fn what_an_organiser_changed_survives_the_next_file_and_is_said_where_both_changed() {
    let first = small();
    let base = merge(None, None, &first, FILE, Conflict::KeepOurs).base;
    let mut ours = first.clone();
    session_mut(&mut ours, "Locks").title = "Locks, revisited".into();
    session_mut(&mut ours, "Pages").slots[0].standing = Standing::Cancelled;
    ours.normalise();

    // The file repeats itself: nothing changes.
    let again = merge(Some(&ours), Some(&base), &first, FILE, Conflict::KeepOurs);
    assert!(again.difference.is_empty(), "{:?}", again.difference);
    assert!(again.kept.is_empty());

    // The file changes something else, and the same title.
    let mut second = first.clone();
    session_mut(&mut second, "Opening").subtitle = "Welcome".into();
    session_mut(&mut second, "Locks").title = "Locks and more".into();
    second.normalise();
    let merged = merge(Some(&ours), Some(&base), &second, FILE, Conflict::KeepOurs);
    assert_eq!(session_mut(&mut merged.programme.clone(), "Opening").subtitle.as_str(), "Welcome");
    assert!(merged.programme.sessions.iter().any(|s| s.title.as_str() == "Locks, revisited"));
    assert!(session_mut(&mut merged.programme.clone(), "Pages").is_cancelled());
    assert_eq!(merged.kept.len(), 1);
    assert_eq!((merged.kept[0].field.as_str(), merged.kept[0].overwritten), ("title", false));

    let taken = merge(Some(&ours), Some(&base), &second, FILE, Conflict::TakeTheirs);
    assert!(taken.programme.sessions.iter().any(|s| s.title.as_str() == "Locks and more"));
    assert!(taken.kept[0].overwritten);
}

#[test]
fn what_the_file_drops_goes_unless_it_was_changed_or_made_here() {
    let first = small();
    let base = merge(None, None, &first, FILE, Conflict::KeepOurs).base;
    let mut ours = first.clone();
    session_mut(&mut ours, "Locks").subtitle = "changed here".into();
    ours.sessions.push(session("Made here"));
    ours.normalise();
    let mut second = first.clone();
    second.sessions.retain(|session| session.title.as_str() == "Opening");
    let merged = merge(Some(&ours), Some(&base), &second, FILE, Conflict::KeepOurs);
    let titles: HashSet<&str> = merged.programme.sessions.iter().map(|s| s.title.as_str()).collect();
    assert_eq!(titles, HashSet::from(["Opening", "Locks", "Made here"]));
    assert_eq!(merged.kept.len(), 1);
    assert_eq!((merged.tallies.sessions.removed, merged.tallies.sessions.alone), (1, 3));
}

#[test]
fn what_was_removed_here_stays_removed_and_is_said() {
    let first = small();
    let base = merge(None, None, &first, FILE, Conflict::KeepOurs).base;
    let mut ours = first.clone();
    ours.sessions.retain(|session| session.title.as_str() != "Locks");
    let merged = merge(Some(&ours), Some(&base), &first, FILE, Conflict::KeepOurs);
    assert!(merged.difference.is_empty());
    assert_eq!(merged.kept.len(), 1);
    assert_eq!(merged.kept[0].field, "presence");
}

#[test]
fn a_poorer_format_clears_nothing_and_finds_the_same_sessions_by_their_names() {
    let rich = small();
    let mut poor = rich.clone();
    // Other identifiers, no people, no track: as an iCalendar file of the same conference.
    for session in &mut poor.sessions {
        let other = common::session(&format!("ical {}", session.title));
        session.id = other.id;
        session.code = other.code;
        session.people.clear();
        session.track = None;
        session.slots[0].id = model::id::SlotId::from_key("demo", &format!("uid {}", session.title));
    }
    for room in &mut poor.rooms {
        let id = common::room(&format!("ical {}", room.name)).id;
        poor.sessions
            .iter_mut()
            .flat_map(|s| &mut s.slots)
            .filter(|s| s.room == Some(room.id))
            .for_each(|s| s.room = Some(id));
        room.id = id;
    }
    poor.persons.clear();
    poor.tracks.clear();
    session_mut(&mut poor, "Pages").slots[0].end += SignedDuration::from_mins(5);
    poor.normalise();
    let base = merge(None, None, &rich, FILE, Conflict::KeepOurs).base;
    let merged =
        merge(Some(&rich), Some(&base), &poor, Carries::BASICS.and(Carries::SESSIONS), Conflict::KeepOurs);
    assert_eq!(merged.tallies.sessions.created + merged.tallies.sessions.removed, 0);
    assert_eq!(merged.tallies.sessions.changed, 1);
    assert_eq!(merged.programme.persons, rich.persons);
    assert!(merged.programme.sessions.iter().all(|s| s.people.len() == 1 && s.track.is_some()));
}

#[test]
fn a_break_never_hides_what_is_next() {
    let mut programme = small();
    let main = programme.rooms[0].clone();
    let mut pause = Session { kind: SessionKind::Break, ..session("Lunch") };
    pause.slots = vec![slot(&pause, None, 50, 60)];
    let mut after = session("After lunch");
    after.slots = vec![slot(&after, Some(&main), 110, 45)];
    programme.sessions.extend([pause, after]);
    programme.normalise();
    let at = noon().checked_add(SignedDuration::from_mins(55)).unwrap();
    let rooms = now_and_next(&programme, at);
    let of_main = rooms.iter().find(|r| r.room == Some(main.id)).unwrap();
    assert!(of_main.next.iter().any(|entry| entry.session.title.as_str() == "After lunch"));
    assert_eq!(rooms.last().unwrap().now[0].session.title.as_str(), "Lunch");
    assert_eq!(phase(&programme, at), Phase::During);
    let before = noon().checked_sub(SignedDuration::from_hours(1)).unwrap();
    assert_eq!(phase(&programme, before), Phase::Before(noon()));
}

#[test]
fn a_person_of_the_same_name_in_another_format_is_the_same_person() {
    let ours = small();
    let mut theirs = small();
    let other = person("somebody else's key").id;
    let old = theirs.persons[0].id;
    theirs.persons[0].id = other;
    theirs
        .sessions
        .iter_mut()
        .flat_map(|s| &mut s.people)
        .filter(|p| p.person == old)
        .for_each(|p| p.person = other);
    let merged = merge(Some(&ours), Some(&ours), &theirs, FILE, Conflict::KeepOurs);
    assert!(merged.difference.is_empty(), "{:?}", merged.difference);
}

proptest! {
    #[test]
    fn normalising_twice_is_normalising_once_and_everything_is_unique(mut programme in programmes()) {
        programme.normalise();
        let mut again = programme.clone();
        again.normalise();
        prop_assert_eq!(&again, &programme);
        let codes: HashSet<String> = programme.sessions.iter().map(|s| s.code.as_str().to_ascii_lowercase()).collect();
        prop_assert_eq!(codes.len(), programme.sessions.len());
        let numbers: HashSet<u32> = programme.slots().map(|(_, slot)| slot.number).collect();
        prop_assert_eq!(numbers.len(), programme.slots().count());
        prop_assert!(!numbers.contains(&0));
        let slugs: HashSet<&str> = programme.rooms.iter().map(|room| room.slug.as_str()).collect();
        prop_assert_eq!(slugs.len(), programme.rooms.len());
        prop_assert!(programme.slots().all(|(_, slot)| slot.start <= slot.end));
    }

    #[test]
    fn a_programme_survives_json(mut programme in programmes()) {
        programme.normalise();
        let json = serde_json::to_string(&programme).unwrap();
        let mut back: Programme = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(&back, &programme);
        back.normalise();
        prop_assert_eq!(&back, &programme);
    }

    #[test]
    fn no_difference_means_equal(mut old in programmes(), mut new in programmes()) {
        old.normalise();
        new.normalise();
        prop_assert!(diff(&old, &old).is_empty());
        prop_assert_eq!(diff(&old, &new).is_empty(), old == new);
    }

    #[test]
    fn a_file_read_again_changes_nothing_and_a_newer_one_becomes_the_record(mut first in programmes(), mut second in programmes()) {
        first.normalise();
        second.normalise();
        let one = merge(None, None, &first, Carries::ALL, Conflict::KeepOurs);
        let again = merge(Some(&one.programme), Some(&one.base), &first, Carries::ALL, Conflict::KeepOurs);
        prop_assert!(again.difference.is_empty());
        prop_assert!(again.kept.is_empty());
        let two = merge(Some(&one.programme), Some(&one.base), &second, Carries::ALL, Conflict::KeepOurs);
        prop_assert!(two.kept.is_empty(), "{:?}", two.kept);
        prop_assert_eq!(two.programme.sessions.len(), second.sessions.len());
        let settled = merge(Some(&two.programme), Some(&two.base), &second, Carries::ALL, Conflict::KeepOurs);
        prop_assert!(settled.difference.is_empty(), "{:?}", settled.difference);
    }
}

#[test]
fn rooms_are_found_again_by_name() {
    let ours = small();
    let mut theirs = small();
    let old = theirs.rooms[0].id;
    theirs.rooms[0].id = room("other key").id;
    let new = theirs.rooms[0].id;
    theirs
        .sessions
        .iter_mut()
        .flat_map(|s| &mut s.slots)
        .filter(|s| s.room == Some(old))
        .for_each(|s| s.room = Some(new));
    let merged = merge(Some(&ours), Some(&ours), &theirs, FILE, Conflict::KeepOurs);
    assert!(merged.difference.is_empty(), "{:?}", merged.difference);
}

#[test]
fn a_cancelled_session_keeps_its_title_and_place_and_can_be_restored() {
    use model::edit::{Edit, edit};
    let programme = small();
    let code = programme.sessions[1].code.to_string();
    let cancelled = edit(&programme, &code.to_lowercase(), None, &Edit::Cancel).unwrap();
    assert!(cancelled.sessions[1].is_cancelled());
    assert_eq!(cancelled.sessions[1].title, programme.sessions[1].title);
    assert_eq!(edit(&cancelled, &code, None, &Edit::Restore).unwrap(), programme);
}

#[test]
fn an_edit_that_cannot_be_says_what_to_do() {
    use model::edit::{Edit, edit};
    let programme = small();
    let code = programme.sessions[0].code.to_string();
    let moved = Edit::Move { start: None, room: Some("Attic".to_owned()) };
    assert!(
        edit(&programme, &code, None, &moved).unwrap_err().to_string().contains("The rooms are Main, Side")
    );
    assert!(edit(&programme, "locks", None, &Edit::Cancel).unwrap_err().to_string().contains("Did you mean"));
    assert!(edit(&programme, &code, None, &Edit::Delay(0)).is_err());
    assert!(edit(&programme, &code, Some(7), &Edit::Cancel).unwrap_err().remedy.starts_with("Its slots are"));
    let side = Edit::Move { start: Some(noon()), room: Some("side".to_owned()) };
    let moved = edit(&programme, &code, None, &side).unwrap();
    let session = moved.sessions.iter().find(|s| s.code.as_str() == code).unwrap();
    assert_eq!((session.slots[0].minutes(), session.slots[0].room), (45, Some(programme.rooms[1].id)));
}

#[test]
fn two_sessions_that_claim_one_are_both_kept() {
    let ours = small();
    let mut theirs = small();
    // A new session that took over the slot of "Locks", listed before "Locks", which has a new slot.
    let locks = session_mut(&mut theirs, "Locks").clone();
    let mut usurper = Session { slots: locks.slots.clone(), ..session("A usurper") };
    usurper.slots[0].start = noon();
    session_mut(&mut theirs, "Locks").slots = vec![slot(&usurper, None, 300, 20)];
    theirs.sessions.insert(0, usurper);
    theirs.normalise();
    let merged = merge(Some(&ours), Some(&ours), &theirs, FILE, Conflict::KeepOurs);
    assert_eq!(merged.programme.sessions.len(), 4);
}

#[test]
fn what_is_new_never_takes_the_address_of_what_was_there() {
    let mut ours = small();
    let mut number = 7;
    for slot in ours.sessions.iter_mut().flat_map(|session| &mut session.slots) {
        slot.number = number;
        number += 1;
    }
    let mut theirs = ours.clone();
    for session in &ours.sessions {
        // Identifiers below all others, so that whatever goes by order would let them in first.
        let mut twin = Session { id: SessionId(Uuid::from_u128(number.into())), ..session.clone() };
        twin.title = format!("Another {}", session.title).as_str().into();
        for slot in &mut twin.slots {
            number += 1;
            slot.id = SlotId(Uuid::from_u128(number.into()));
        }
        theirs.sessions.push(twin);
    }
    let twin = Person { id: PersonId(Uuid::from_u128(1)), ..theirs.persons[0].clone() };
    theirs.persons.push(twin);
    theirs.normalise();
    let merged = merge(Some(&ours), Some(&ours), &theirs, Carries::ALL, Conflict::KeepOurs).programme;
    assert_eq!(merged.sessions.len(), 2 * ours.sessions.len());
    for session in &ours.sessions {
        assert!(merged.sessions.contains(session), "{} changed", session.title);
    }
    for person in &ours.persons {
        assert!(merged.persons.contains(person), "{} changed", person.name);
    }
}

#[test]
fn what_got_another_code_to_be_unique_still_goes_when_its_file_drops_it() {
    let ours = small();
    let mut first = ours.clone();
    let mut twin = session("Twin");
    twin.code = ours.sessions[0].code.clone();
    first.sessions.push(twin);
    let read = merge(Some(&ours), Some(&ours), &first, FILE, Conflict::KeepOurs);
    assert_eq!(read.programme.sessions.len(), ours.sessions.len() + 1);
    let dropped = merge(Some(&read.programme), Some(&read.base), &ours, FILE, Conflict::KeepOurs);
    assert_eq!((dropped.programme, dropped.kept), (ours, vec![]));
}

#[test]
fn of_a_session_that_falls_apart_the_larger_part_goes_on() {
    let mut ours = small();
    let at = ours.sessions.iter().position(|session| session.title.as_str() == "Locks").unwrap();
    let locks = ours.sessions[at].clone();
    let three = [1, 2, 3]
        .map(|hour| Slot { id: SlotId(Uuid::from_u128(hour)), ..slot(&locks, None, hour as i64 * 60, 30) });
    ours.sessions[at].slots = three.to_vec();
    ours.normalise();
    // Another tool gives both parts new identifiers of their own.
    let mut theirs = ours.clone();
    let part = |title: &str, slots: &[Slot]| Session { slots: slots.to_vec(), ..session(title) };
    theirs.sessions.retain(|session| session.title.as_str() != "Locks");
    theirs.sessions.push(part("The smaller part", &three[..1]));
    theirs.sessions.push(part("The larger part", &three[1..]));
    theirs.normalise();
    let merged = merge(Some(&ours), Some(&ours), &theirs, FILE, Conflict::KeepOurs).programme;
    let known = merged.sessions.iter().find(|session| session.id == locks.id).unwrap();
    assert_eq!((known.title.as_str(), known.slots.len()), ("The larger part", 2));
}

#[test]
fn a_slot_that_the_file_dropped_and_brings_back_comes_back() {
    let mut full = small();
    let at = full.sessions.iter().position(|session| session.title.as_str() == "Locks").unwrap();
    let second = Slot { id: SlotId(Uuid::from_u128(7)), ..slot(&full.sessions[at], None, 600, 30) };
    full.sessions[at].slots.push(second);
    full.normalise();
    let first = merge(None, None, &full, FILE, Conflict::KeepOurs);
    let dropped = merge(Some(&first.programme), Some(&first.base), &small(), FILE, Conflict::KeepOurs);
    assert_eq!(dropped.programme, small());
    let back = merge(Some(&dropped.programme), Some(&dropped.base), &full, FILE, Conflict::KeepOurs);
    assert_eq!((back.programme, back.kept), (full, vec![]));
}

#[test]
fn a_file_that_knows_only_names_means_the_namesake_who_takes_part() {
    let mut ours = small();
    let twin = Person { id: PersonId(Uuid::from_u128(5)), ..ours.persons[0].clone() };
    let opening = ours.sessions.iter().position(|s| s.people[0].person == ours.persons[0].id).unwrap();
    ours.sessions[1 - opening.min(1)].people[0].person = twin.id;
    ours.persons.push(twin);
    ours.normalise();
    let mut theirs = ours.clone();
    let stranger = Person { id: PersonId(Uuid::from_u128(9)), ..ours.persons[0].clone() };
    let both: Vec<PersonId> = ours.persons.iter().filter(|p| p.name == stranger.name).map(|p| p.id).collect();
    assert_eq!(both.len(), 2);
    for part in theirs.sessions.iter_mut().flat_map(|session| &mut session.people) {
        if both.contains(&part.person) {
            part.person = stranger.id;
        }
    }
    theirs.persons.retain(|person| !both.contains(&person.id));
    theirs.persons.push(stranger);
    theirs.normalise();
    let merged = merge(Some(&ours), Some(&ours), &theirs, FILE, Conflict::KeepOurs);
    assert_eq!(merged.programme, ours);
}

#[test]
fn a_calendar_that_writes_names_behind_titles_and_knows_one_text_changes_nothing() {
    let mut ours = small();
    session_mut(&mut ours, "Locks").summary = "Short.".into();
    session_mut(&mut ours, "Locks").description = "Long.".into();
    ours.rooms.push(room("Empty"));
    ours.normalise();
    let mut theirs = ours.clone();
    for session in &mut theirs.sessions {
        let person = ours.persons.iter().find(|person| person.id == session.people[0].person).unwrap();
        session.title = format!("{} - {}", session.title, person.name).as_str().into();
        session.description = std::mem::take(&mut session.summary);
        session.people.clear();
    }
    theirs.persons.clear();
    theirs.rooms.retain(|room| room.name.as_str() != "Empty");
    theirs.normalise();
    let calendar = Carries::SESSIONS.and(Carries::DESCRIPTION);
    let merged = merge(Some(&ours), Some(&ours), &theirs, calendar, Conflict::KeepOurs);
    assert_eq!(merged.programme, ours);
    // Another title is another title.
    session_mut(&mut theirs, "Locks - Bo Ek").title = "Keys - Bo Ek".into();
    let merged = merge(Some(&ours), Some(&ours), &theirs, calendar, Conflict::KeepOurs);
    assert_eq!(merged.difference.counts().changed, 1);
}
