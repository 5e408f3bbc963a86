//! What people do to a programme at the desk: rights, rules, warnings.

#![expect(clippy::unwrap_used, reason = "a test says what it expects")]

mod common;

use common::*;
use jiff::{SignedDuration, Timestamp};
use model::{
    doubt::{Weight, doubts, doubts_of},
    edit::{Command, Placing, Shift, decide, move_days},
    id::{AccountId, GrantId, RoomId, SlotId, TrackId},
    permission::{Grant, Role, Scope, Subject},
    programme::{Programme, Session, Standing},
    text::Line,
};
use uuid::Uuid;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn with(role: Role, scope: Scope) -> Subject {
    let grant = Grant {
        id: GrantId(Uuid::from_u128(1)),
        account: AccountId(Uuid::from_u128(2)),
        role,
        scope,
        given_by: "operator:test".to_owned(),
        given_at: NOW,
        from: None,
        until: None,
        revoked: None,
        note: Line::default(),
    };
    Subject::person(AccountId(Uuid::from_u128(2)), vec![grant], NOW)
}

fn named(programme: &Programme, title: &str) -> Session {
    programme.sessions.iter().find(|session| session.title.as_str() == title).unwrap().clone()
}

#[test]
fn a_lead_changes_the_sessions_of_their_track_and_takes_none_to_another() {
    let mut programme = small();
    programme.tracks.push(track("Desktop"));
    let (kernel, desktop) = (programme.tracks[0].id, programme.tracks[1].id);
    let lead = with(Role::Lead, Scope::Track(programme.edition.id, kernel));
    let text = Command::PutSession(Session { subtitle: "New".into(), ..named(&programme, "Locks") });
    let after = decide(&lead, &programme, &text).unwrap();
    assert_eq!(named(&after, "Locks").subtitle.as_str(), "New");
    let away = Command::PutSession(Session { track: Some(desktop), ..named(&programme, "Locks") });
    assert!(decide(&lead, &programme, &away).is_err());
    let elsewhere = Command::PutSession(Session { track: None, ..session("Brought in") });
    assert!(decide(&lead, &programme, &elsewhere).is_err(), "a lead adds no session");
    let gone = Command::RemoveSession(named(&programme, "Locks").id);
    assert!(decide(&lead, &programme, &gone).is_err());
    assert!(decide(&lead, &programme, &Command::RemoveRoom(programme.rooms[0].id)).is_err());
}

#[test]
fn a_crew_runs_what_is_in_its_room_and_nothing_else() {
    let programme = small();
    let main = programme.rooms.iter().find(|room| room.name.as_str() == "Main").unwrap().id;
    let crew = with(Role::Crew, Scope::Room(programme.edition.id, main));
    let late = |title: &str| {
        let session = named(&programme, title);
        Command::Stand { session: session.id, slot: None, standing: Standing::Delayed(10) }
    };
    let after = decide(&crew, &programme, &late("Opening")).unwrap();
    assert_eq!(named(&after, "Opening").slots[0].standing, Standing::Delayed(10));
    assert!(decide(&crew, &programme, &late("Locks")).is_err(), "that one is in the other room");
    let placing = Placing { room: Some(main), start: noon(), minutes: 10 };
    let session = named(&programme, "Opening");
    let place = Command::Place { session: session.id, slot: session.slots[0].id, placing };
    assert!(decide(&crew, &programme, &place).is_err());
}

#[test]
fn what_is_removed_leaves_nothing_behind_that_names_it() {
    let programme = small();
    let (room, track, person) = (programme.rooms[0].id, programme.tracks[0].id, programme.persons[0].id);
    for command in [Command::RemoveRoom(room), Command::RemoveTrack(track), Command::RemovePerson(person)] {
        let after = command.apply(&programme).unwrap();
        assert_eq!(after.sessions.len(), programme.sessions.len());
        assert!(
            after
                .slots()
                .all(|(_, slot)| !matches!(&command, Command::RemoveRoom(id) if slot.room == Some(*id)))
        );
        assert!(command.apply(&after).is_err(), "it is there no more");
    }
    assert!(
        Command::RemoveTrack(track).apply(&programme).unwrap().sessions.iter().all(|s| s.track.is_none())
    );
    let alone = Command::RemovePerson(person).apply(&programme).unwrap();
    assert!(alone.sessions.iter().all(|s| s.people.iter().all(|part| part.person != person)));
}

#[test]
fn an_order_is_changed_step_by_step() {
    let programme = small();
    let last = programme.rooms[1].id;
    let up = Command::ShiftRoom(last, Shift::Up).apply(&programme).unwrap();
    assert_eq!(up.rooms[0].id, last);
    assert_eq!(Command::ShiftRoom(last, Shift::Up).apply(&up).unwrap(), up, "the first stays the first");
    assert!(Command::ShiftTrack(TrackId(Uuid::nil()), Shift::Up).apply(&programme).is_err());
}

#[test]
fn a_session_is_refused_with_the_field_that_is_wrong() {
    let programme = small();
    let locks = named(&programme, "Locks");
    let field = |session: Session| Command::PutSession(session).apply(&programme).unwrap_err().field;
    assert_eq!(field(Session { title: Line::default(), ..locks.clone() }), "title");
    assert_eq!(field(Session { code: named(&programme, "Pages").code, ..locks.clone() }), "code");
    assert_eq!(field(Session { parent: Some(locks.id), ..locks.clone() }), "block");
    let twice = vec![locks.people[0], locks.people[0]];
    assert_eq!(field(Session { people: twice, ..locks.clone() }), "people");
    let minutes = |minutes| {
        let placing = Placing { room: None, start: noon(), minutes };
        Command::Place { session: locks.id, slot: SlotId(Uuid::from_u128(7)), placing }.apply(&programme)
    };
    assert_eq!(minutes(0).unwrap_err().field, "minutes");
    assert_eq!(minutes(5_000).unwrap_err().field, "minutes");
    let unknown = Placing { room: Some(RoomId(Uuid::nil())), start: noon(), minutes: 10 };
    let place = Command::Place { session: locks.id, slot: SlotId(Uuid::from_u128(7)), placing: unknown };
    assert_eq!(place.apply(&programme).unwrap_err().field, "room");
    let names = model::programme::Room { name: "main".into(), ..room("Third") };
    assert_eq!(Command::PutRoom(names).apply(&programme).unwrap_err().field, "name");
}

#[test]
fn a_text_that_is_saved_never_moves_a_session() {
    let programme = small();
    let without = Session { slots: vec![], ..named(&programme, "Locks") };
    assert_eq!(Command::PutSession(without).apply(&programme).unwrap(), programme);
}

#[test]
fn a_place_that_clashes_is_warned_about_at_both_ends() {
    let programme = small();
    let (opening, locks) = (named(&programme, "Opening"), named(&programme, "Locks"));
    let placing = Placing { room: opening.slots[0].room, start: opening.slots[0].start, minutes: 30 };
    let place = Command::Place { session: locks.id, slot: locks.slots[0].id, placing };
    let after = place.apply(&programme).unwrap();
    for id in [opening.id, locks.id] {
        let found = doubts_of(&after, id);
        assert!(found.iter().any(|doubt| doubt.weight == Weight::Wrong), "{found:?}");
    }
    let far = Placing { start: noon() + SignedDuration::from_hours(24 * 40), ..placing };
    let after = Command::Place { session: locks.id, slot: locks.slots[0].id, placing: far }.apply(&programme);
    assert!(doubts(&after.unwrap()).iter().any(|doubt| doubt.text.contains("outside the days")));
}

#[test]
fn a_session_without_a_time_or_a_room_is_wrong_until_it_has_both() {
    let mut programme = small();
    programme.sessions.push(session("Floating"));
    programme.normalise();
    let id = named(&programme, "Floating").id;
    assert!(doubts_of(&programme, id)[0].text.contains("no time and no room"));
    let placing = Placing { room: None, start: noon() + SignedDuration::from_hours(30), minutes: 30 };
    let place = |placing| Command::Place { session: id, slot: SlotId(Uuid::from_u128(7)), placing };
    let timed = place(placing).apply(&programme).unwrap();
    assert!(doubts_of(&timed, id).iter().any(|doubt| doubt.text.contains("no room")));
    let room = Some(programme.rooms[0].id);
    let placed = place(Placing { room, ..placing }).apply(&timed).unwrap();
    assert!(doubts_of(&placed, id).iter().all(|doubt| doubt.weight == Weight::Doubtful));
}

#[test]
fn sessions_move_with_the_first_day_and_keep_their_hour_over_a_dst_change() {
    let mut programme = small();
    let hour = |programme: &Programme| {
        let slot = &named(programme, "Opening").slots[0];
        programme.edition.zone.local(slot.start).strftime("%H:%M").to_string()
    };
    let before = (hour(&programme), named(&programme, "Opening").slots[0].minutes());
    // In Adelaide clocks go forward on 3 October 2027.
    move_days(&mut programme, jiff::civil::date(2027, 10, 9)).unwrap();
    assert_eq!((hour(&programme), named(&programme, "Opening").slots[0].minutes()), before);
    let day = programme.edition.day_of(named(&programme, "Opening").slots[0].start);
    assert_eq!(day, jiff::civil::date(2027, 10, 9));
}
