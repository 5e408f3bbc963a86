//! Programmes for tests: a small invented conference, and any programme at all.

mod any;

pub(crate) use any::any_programme;
use jiff::{SignedDuration, Timestamp, civil::Date};
use model::{
    edition::{Edition, Sponsor},
    id::{EditionId, PersonId, RoomId, SessionId, SlotId, SponsorId, TrackId},
    programme::{
        Link, LinkKind, Participation, Person, Programme, Recording, Role, Room, RoomKind, Session,
        SessionKind, Slot, Slugish, Standing, Track,
    },
    release::{Counts, ReleaseHead},
    text::{Colour, Line, RichText, Slug, WebUrl},
    time::Zone,
};
use uuid::Uuid;

/// The address of the site in tests.
pub(crate) const BASE: &str = "https://conf.example.org";

/// The third release of `programme`, published on 1 September 2027.
pub(crate) fn release(programme: &Programme) -> ReleaseHead {
    ReleaseHead {
        edition: programme.edition.id,
        number: 3,
        at: at("2027-09-01T08:00:00Z"),
        note: "Rooms & times are <final>".to_owned(),
        counts: Counts { added: 2, changed: 1, removed: 0 },
    }
}

/// An instant.
pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// An edition of two days in that zone.
pub(crate) fn edition(zone: &str, first: Date, last: Date) -> Edition {
    Edition {
        id: EditionId(Uuid::from_u128(1)),
        slug: Slug::parse("sample-2027").unwrap(),
        series: "Sample Conference".into(),
        title: "Sample Conference 2027".into(),
        subtitle: "Small, & invented".into(),
        description: "Welcome to **Sampletown**.".into(),
        zone: Zone::parse(zone).unwrap(),
        first_day: first,
        last_day: last,
        day_change: 240,
        venue: "Town Hall".into(),
        city: "Sampletown".into(),
        country: "Utopia".into(),
        url: Some(WebUrl::parse("https://www.example.org/").unwrap()),
        logo: Some(WebUrl::parse("https://www.example.org/logo.svg").unwrap()),
        language: "en".into(),
        colour: Some(Colour::parse("#1f6feb").unwrap()),
        timeslot_minutes: 5,
        mode: model::edition::Mode::default(),
        state: model::edition::EditionState::default(),
        notice: Line::default(),
    }
}

/// A session with nothing but a title.
pub(crate) fn session(number: u128, code: &str, kind: SessionKind, title: &str) -> Session {
    Session {
        id: SessionId(Uuid::from_u128(0x5e55_0000 + number)),
        code: Slugish::parse(code).unwrap(),
        kind,
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

/// A slot that takes place as planned.
pub(crate) fn slot(number: u32, room: Option<RoomId>, start: &str, minutes: i64) -> Slot {
    Slot {
        id: SlotId(Uuid::from_u128(0x5107_0000 + u128::from(number))),
        number,
        room,
        start: at(start),
        end: at(start) + SignedDuration::from_mins(minutes),
        standing: Standing::Planned,
    }
}

/// A small invented conference: a talk in two slots, one cancelled, one delayed, a microconference with two
/// topics, a break for the whole house, a session without a slot, a person and a room of whom nothing is on.
pub(crate) fn conference() -> Programme {
    let room = |number: u128, slug: &str, name: &str, kind, capacity, text: &str| Room {
        id: RoomId(Uuid::from_u128(0x4000_0000 + number)),
        slug: Slug::parse(slug).unwrap(),
        name: name.into(),
        kind,
        capacity,
        description: text.into(),
    };
    let rooms = vec![
        room(1, "great-hall", "Great Hall", RoomKind::Hybrid, Some(400), "Ground floor"),
        room(2, "attic", "Attic <& cellar>", RoomKind::Physical, None, ""),
        room(3, "online", "Online", RoomKind::Virtual, None, ""),
    ];
    let track = |number: u128, slug: &str, name: &str, colour: Option<&str>| Track {
        id: TrackId(Uuid::from_u128(0x7000_0000 + number)),
        slug: Slug::parse(slug).unwrap(),
        name: name.into(),
        description: "What it is about".into(),
        colour: colour.map(|c| Colour::parse(c).unwrap()),
    };
    let tracks = vec![
        track(1, "refereed", "Refereed", Some("#aa3300")),
        track(2, "3d-printing", "3D printing MC", None),
    ];
    let person = |number: u32, slug: &str, name: &str, code: Option<&str>| Person {
        id: PersonId(Uuid::from_u128(0x9000_0000 + u128::from(number))),
        slug: Slug::parse(slug).unwrap(),
        code: code.map(Line::from),
        number: (number < 3).then_some(number),
        name: name.into(),
        biography: "Wrote *things*.".into(),
        affiliation: "Example Ltd".into(),
        avatar: Some(WebUrl::parse("https://example.org/a.png").unwrap()),
        links: vec![],
    };
    let persons = vec![
        person(1, "ada-example", "Ada Example", Some("ADA123")),
        person(2, "bob-o-hara", "Bob \"Bobby\" O'Hara", None),
        person(3, "chloe", "Chloé, the Third", None),
        person(4, "nobody", "Nobody Yet", None),
    ];
    let by = |who: usize, role| Participation { person: persons[who].id, role };
    let hall = Some(rooms[0].id);
    let attic = Some(rooms[1].id);
    let talk = Session {
        subtitle: "Twice, because of the demand".into(),
        summary: "<p>One &amp; <b>two</b></p><script>alert(1)</script>".into(),
        description: "A long text; with, commas\nand \\ lines. ".repeat(4).as_str().into(),
        type_label: "Long talk".into(),
        language: "en".into(),
        track: Some(tracks[0].id),
        people: vec![by(1, Role::Speaker), by(0, Role::Moderator)],
        slots: vec![
            slot(11, hall, "2027-10-29T08:00:00Z", 45),
            Slot { standing: Standing::Cancelled, ..slot(12, attic, "2027-10-30T08:00:00Z", 45) },
            slot(13, attic, "2027-10-31T09:00:00Z", 45),
        ],
        links: vec![
            Link {
                kind: LinkKind::Attachment,
                title: "Paper.pdf".into(),
                url: WebUrl::parse("https://example.org/paper [1].pdf").unwrap(),
            },
            Link {
                kind: LinkKind::Chat,
                title: "Chat".into(),
                url: WebUrl::parse("https://matrix.to/#/#room:example.org").unwrap(),
            },
            Link {
                kind: LinkKind::Slides,
                title: "Slides".into(),
                url: WebUrl::parse("https://example.org/s").unwrap(),
            },
        ],
        logo: Some(WebUrl::parse("https://example.org/logo.png").unwrap()),
        url: Some(WebUrl::parse("https://old.example.org/talk/1").unwrap()),
        feedback_url: Some(WebUrl::parse("https://example.org/feedback").unwrap()),
        recording: Recording { licence: "CC BY 4.0".into(), opt_out: true },
        ..session(1, "TWICE1", SessionKind::Talk, "=A talk; with \"quotes\", & in two slots")
    };
    let cancelled = Session {
        slots: vec![Slot { standing: Standing::Cancelled, ..slot(21, attic, "2027-10-29T09:00:00Z", 30) }],
        ..session(2, "GONE22", SessionKind::Bof, "A BoF that does not take place")
    };
    let delayed = Session {
        people: vec![by(2, Role::Speaker)],
        slots: vec![Slot { standing: Standing::Delayed(20), ..slot(31, hall, "2027-10-29T10:00:00Z", 30) }],
        ..session(3, "LATE33", SessionKind::Keynote, "A keynote that begins late")
    };
    let block = Session {
        track: Some(tracks[1].id),
        people: vec![by(0, Role::Lead)],
        slots: vec![slot(41, attic, "2027-10-30T08:00:00Z", 210)],
        ..session(4, "BLOCK4", SessionKind::Microconference, "3D printing MC")
    };
    let topic = |number: u32, title: &str, start: &str| Session {
        track: Some(tracks[1].id),
        parent: Some(block.id),
        people: vec![by(2, Role::Speaker)],
        slots: vec![slot(number, attic, start, 30)],
        ..session(u128::from(number), &format!("TOPIC{}", number % 10), SessionKind::Topic, title)
    };
    let topics = [topic(51, "Filament", "2027-10-30T08:00:00Z"), topic(52, "Resin", "2027-10-30T08:30:00Z")];
    let lunch = Session {
        slots: vec![slot(61, None, "2027-10-29T11:00:00Z", 60), slot(62, None, "2027-10-30T12:00:00Z", 60)],
        ..session(6, "lunch", SessionKind::Break, "Lunch")
    };
    // In the hour that clocks show twice, and meant is the second time.
    let party = Session {
        slots: vec![slot(71, hall, "2027-10-31T01:30:00Z", 60)],
        ..session(7, "PARTY7", SessionKind::Social, "Party while the clocks go back")
    };
    let unscheduled = session(8, "LATER8", SessionKind::Talk, "Not scheduled yet");
    let mut sessions = vec![talk, cancelled, delayed, block.clone(), lunch, party, unscheduled];
    sessions.extend(topics);
    let mut programme = Programme {
        edition: edition("Europe/Berlin", Date::constant(2027, 10, 29), Date::constant(2027, 10, 31)),
        rooms,
        tracks,
        persons,
        sessions,
        sponsors: vec![Sponsor {
            id: SponsorId(Uuid::from_u128(0xa000_0000)),
            name: "Example Ltd".into(),
            level: "Platinum".into(),
            rank: 0,
            url: None,
            logo: None,
            upload: None,
            description: RichText::default(),
        }],
    };
    programme.normalise();
    programme
}

/// A session at every quarter of an hour around every change of the clocks in two years, and on two ordinary
/// days.
pub(crate) fn around_clock_changes(zone: &str) -> Programme {
    let mut programme = conference();
    programme.edition = edition(zone, Date::constant(2026, 3, 1), Date::constant(2026, 3, 2));
    programme.sessions.clear();
    let rules = Zone::parse(zone).unwrap();
    let mut instants = vec![at("2026-01-15T12:00:00Z"), at("2026-07-15T12:00:00Z")];
    for change in rules.rules().following(at("2026-01-01T00:00:00Z")).take(4) {
        instants.extend((-8..=8).filter_map(|quarter| {
            change.timestamp().checked_add(SignedDuration::from_mins(quarter * 15)).ok()
        }));
    }
    for (number, instant) in (1_u32..).zip(instants) {
        let title = format!("at {instant}");
        let mut session = session(u128::from(number), &format!("S{number}"), SessionKind::Talk, &title);
        let mut slot = slot(number, None, "2026-01-01T00:00:00Z", 0);
        (slot.start, slot.end) = (instant, instant + SignedDuration::from_mins(30));
        session.slots.push(slot);
        programme.sessions.push(session);
    }
    programme.normalise();
    programme
}

/// Zones at the edges: no DST, DST of half an hour, quarter-hour offsets, three-part names, fixed offsets.
pub(crate) const ZONES: [&str; 14] = [
    "UTC",
    "Europe/Berlin",
    "Australia/Adelaide",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Etc/GMT-2",
    "Etc/GMT+12",
    "America/Argentina/Ushuaia",
    "Africa/Casablanca",
    "Europe/Dublin",
    "Pacific/Apia",
    "America/Port-au-Prince",
    "Japan",
];
