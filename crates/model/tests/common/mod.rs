//! A small invented conference, and arbitrary ones.
#![allow(dead_code, reason = "each test file uses what it needs")]
#![allow(clippy::unwrap_used, reason = "test helpers")]

use jiff::{SignedDuration, Timestamp, civil::date};
use model::{
    edition::Edition,
    id::{EditionId, PersonId, RoomId, SessionId, SlotId, TrackId},
    programme::{
        Participation, Person, Programme, Recording, Role, Room, RoomKind, Session, SessionKind, Slot,
        Slugish, Standing, Track,
    },
    text::{Line, RichText, Slug},
    time::Zone,
};
use proptest::prelude::*;

/// Noon UTC of the first day.
pub(crate) fn noon() -> Timestamp {
    "2027-10-02T12:00:00Z".parse().unwrap()
}

pub(crate) fn edition() -> Edition {
    Edition {
        id: EditionId::from_key("demo", "demo"),
        slug: Slug::parse("demo").unwrap(),
        series: "Demo".into(),
        title: "Demo 2027".into(),
        subtitle: Line::default(),
        description: RichText::default(),
        zone: Zone::parse("Australia/Adelaide").unwrap(),
        first_day: date(2027, 10, 2),
        last_day: date(2027, 10, 4),
        day_change: 240,
        venue: Line::default(),
        city: Line::default(),
        country: Line::default(),
        url: None,
        logo: None,
        language: Line::default(),
        colour: None,
        timeslot_minutes: 5,
        mode: model::edition::Mode::default(),
        state: model::edition::EditionState::default(),
        notice: Line::default(),
    }
}

pub(crate) fn room(name: &str) -> Room {
    Room {
        id: RoomId::from_key("demo", name),
        slug: Slug::from_any(&[name], "room", RoomId::from_key("demo", name).0),
        name: name.into(),
        kind: RoomKind::Physical,
        capacity: None,
        description: RichText::default(),
    }
}

pub(crate) fn track(name: &str) -> Track {
    let id = TrackId::from_key("demo", name);
    Track {
        id,
        slug: Slug::from_any(&[name], "track", id.0),
        name: name.into(),
        description: RichText::default(),
        colour: None,
    }
}

pub(crate) fn person(name: &str) -> Person {
    let id = PersonId::from_key("demo", name);
    Person {
        id,
        slug: Slug::from_any(&[name], "person", id.0),
        code: None,
        number: None,
        name: name.into(),
        biography: RichText::default(),
        affiliation: Line::default(),
        avatar: None,
        links: vec![],
    }
}

pub(crate) fn session(title: &str) -> Session {
    let id = SessionId::from_key("demo", title);
    Session {
        id,
        code: Slugish::from_id(id.0),
        kind: SessionKind::Talk,
        type_label: Line::default(),
        title: title.into(),
        subtitle: Line::default(),
        summary: RichText::default(),
        description: RichText::default(),
        language: Line::default(),
        track: None,
        parent: None,
        people: vec![],
        slots: vec![],
        links: vec![],
        logo: None,
        url: None,
        feedback_url: None,
        recording: Recording::default(),
    }
}

/// A slot of `session`, `from` minutes after [`noon`], `minutes` long.
pub(crate) fn slot(session: &Session, room: Option<&Room>, from: i64, minutes: i64) -> Slot {
    let start = noon().checked_add(SignedDuration::from_mins(from)).unwrap();
    Slot {
        id: SlotId::from_key("demo", &format!("{} {}", session.id, session.slots.len())),
        number: 0,
        room: room.map(|room| room.id),
        start,
        end: start.checked_add(SignedDuration::from_mins(minutes)).unwrap(),
        standing: Standing::Planned,
    }
}

/// Two rooms, one track, two persons, three sessions.
pub(crate) fn small() -> Programme {
    let mut programme = Programme::empty(edition());
    programme.rooms = vec![room("Main"), room("Side")];
    programme.tracks = vec![track("Kernel")];
    programme.persons = vec![person("Ada Byron"), person("Bo Ek")];
    for (at, title) in ["Opening", "Locks", "Pages"].into_iter().enumerate() {
        let mut session = session(title);
        session.track = Some(programme.tracks[0].id);
        session.people = vec![Participation { person: programme.persons[at % 2].id, role: Role::Speaker }];
        session.slots = vec![slot(&session, Some(&programme.rooms[at % 2]), at as i64 * 60, 45)];
        programme.sessions.push(session);
    }
    programme.normalise();
    programme
}

/// Programmes with clashing names, dangling references and odd times.
pub(crate) fn programmes() -> impl Strategy<Value = Programme> {
    let name = prop_oneof![Just("A".to_owned()), Just("a".to_owned()), Just("日本".to_owned()), "[a-c]{0,3}"];
    let one = (
        name.clone(),
        0..4_usize,
        proptest::collection::vec((0..4_usize, -5_000_i64..5_000, -60_i64..300, 0..3_u8), 0..3),
        0..5_usize,
        0..4_usize,
    );
    (proptest::collection::vec(name, 0..4), proptest::collection::vec(one, 0..8)).prop_map(
        |(names, sessions)| {
            let mut programme = Programme::empty(edition());
            for (at, name) in names.iter().enumerate() {
                let key = format!("{name}{at}");
                programme.rooms.push(Room { name: name.as_str().into(), ..room(&key) });
                programme.tracks.push(Track { name: name.as_str().into(), ..track(&key) });
                programme.persons.push(Person { name: name.as_str().into(), ..person(&key) });
            }
            for (at, (title, person, slots, parent, track)) in sessions.into_iter().enumerate() {
                let mut made = Session { title: title.as_str().into(), ..session(&format!("{title}{at}")) };
                if at % 3 == 0 {
                    made.code = Slugish::parse("SAME").unwrap();
                }
                made.people = programme
                    .persons
                    .iter()
                    .skip(person)
                    .map(|p| Participation { person: p.id, role: Role::Speaker })
                    .collect();
                made.track = programme.tracks.get(track).map(|t| t.id);
                made.parent = programme.sessions.get(parent).map(|s| s.id);
                for (room, from, minutes, standing) in slots {
                    let mut placed = slot(&made, programme.rooms.get(room), from, minutes);
                    placed.standing = match standing {
                        0 => Standing::Planned,
                        1 => Standing::Delayed(15),
                        _ => Standing::Cancelled,
                    };
                    made.slots.push(placed);
                }
                programme.sessions.push(made);
            }
            programme
        },
    )
}
