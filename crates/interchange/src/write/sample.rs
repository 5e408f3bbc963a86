//! Programmes for tests: a small invented conference, and any programme at all.

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
use proptest::{collection::vec, option, prelude::*, sample::select};
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

/// What any programme may hold. `named`: every room, track, person and session has a name, as everything that
/// was read from a file has.
pub(crate) fn any_programme(named: bool) -> impl Strategy<Value = Programme> {
    let rooms = vec(any_room(named), 0..4);
    let tracks = vec(any_track(named), 0..4);
    let persons = vec(any_person(named), 0..5);
    let sessions = vec(any_session(named), 0..8);
    (any_edition(), rooms, tracks, persons, sessions, any::<u64>()).prop_map(
        |(edition, rooms, tracks, persons, sessions, salt)| {
            let mut programme = Programme { edition, rooms, tracks, persons, sessions, sponsors: vec![] };
            connect(&mut programme, salt);
            programme.normalise();
            programme
        },
    )
}

/// Draws tracks, rooms, people and parents for the sessions from the programme's own.
fn connect(programme: &mut Programme, mut salt: u64) {
    let mut draw = |count: usize| {
        salt = salt.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((salt >> 33) as usize) % (count + 1)
    };
    let parent = programme.sessions.first().map(|session| session.id);
    for (at, session) in programme.sessions.iter_mut().enumerate() {
        session.track = programme.tracks.get(draw(programme.tracks.len())).map(|track| track.id);
        for _ in 0..draw(2) {
            if let Some(person) = programme.persons.get(draw(programme.persons.len())) {
                let role =
                    [Role::Speaker, Role::Lead, Role::Moderator, Role::Host, Role::Contributor][draw(4)];
                session.people.push(Participation { person: person.id, role });
            }
        }
        for slot in &mut session.slots {
            slot.room = programme.rooms.get(draw(programme.rooms.len())).map(|room| room.id);
        }
        if at > 0 && draw(2) == 0 {
            session.parent = parent;
        }
    }
}

/// Texts that break writers: markup, separators, formulas, other scripts, long words.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => select(vec![
            "]]><script>alert(1)</script>", "a ?> b <?plenary {}?>", "<!-- x --> -- y", "&amp; &#0; &nope;", "\"'`",
            "=HYPERLINK(\"http://x\")", "+1", "-2", "@SUM(A1)", "a;b,c\\n d\\", "BEGIN:VEVENT\nEND:VEVENT\nX:Y",
            "line\r\n\tline\u{2028}line\u{85}", "\u{202e}gnissim\u{202c} \u{2066}x\u{2069}", "\u{0}\u{7}\u{1b}[31m",
            "日本語のとても長い題名日本語のとても長い題名日本語のとても長い題名", "👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦", "العربية עברית",
            "\u{fffe}\u{ffff}\u{feff}x", "<p>Hi &lt;there&gt;<br/>you</p>", "{{7*7}} ${x} %s", "Talk", "a", "ß", "CON",
        ]).prop_map(str::to_owned),
        2 => "\\PC{0,60}",
        1 => "(?s).{0,40}",
        1 => "[a-z ]{1,200}",
    ]
}

fn line(named: bool) -> impl Strategy<Value = Line> {
    hostile().prop_map(move |text| {
        let line = Line::clean(&text);
        if named && line.is_empty() { "Nameless".into() } else { line }
    })
}

fn body() -> impl Strategy<Value = RichText> {
    prop_oneof![
        Just(String::new()),
        hostile(),
        (hostile(), hostile()).prop_map(|(a, b)| format!("{a}\n\n{b}"))
    ]
    .prop_map(|text| RichText::clean(&text))
}

fn web_url() -> impl Strategy<Value = WebUrl> {
    let odd = select(vec![
        "https://example.org/",
        "http://example.org:8080/a?b=c&d=é#e#f",
        "https://[::1]/x",
        "https://exa[mple/",
        "mailto:a@example.org",
        "https://example.org/%zz [1]{2}|3^`\\",
        "https://example.org:port/",
        "//bücher.example/ü",
        "https://a@b@c/'\"<>",
    ])
    .prop_map(str::to_owned);
    prop_oneof![odd, hostile().prop_map(|tail| format!("https://example.org/{tail}"))]
        .prop_filter_map("an address that can be linked", |text| WebUrl::parse(&text).ok())
}

fn uuid() -> impl Strategy<Value = Uuid> {
    (1_u128..).prop_map(|bits| uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid())
}

fn slug() -> impl Strategy<Value = Slug> {
    "[a-z0-9]{1,3}(-[a-z0-9]{1,4}){0,2}".prop_map(|text| Slug::parse(&text).unwrap())
}

fn colour() -> impl Strategy<Value = Colour> {
    any::<[u8; 3]>().prop_map(|rgb| Colour { rgb })
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

fn any_edition() -> impl Strategy<Value = Edition> {
    let words = (line(true), line(false), line(false), body(), line(false), line(false));
    let looks = (
        option::of(web_url()),
        option::of(web_url()),
        option::of(colour()),
        select(vec!["", "en", "de-AT", "日本"]),
    );
    let time = (select(ZONES.to_vec()), -3_i64..900, 0_i64..4, 0_u16..1_439, 0_u16..200);
    (uuid(), slug(), words, looks, time).prop_map(|(id, slug, words, looks, time)| {
        let first = Date::constant(2025, 1, 1) + jiff::Span::new().days(time.1);
        Edition {
            id: EditionId(id),
            slug,
            title: words.0,
            series: words.1,
            subtitle: words.2,
            description: words.3,
            venue: words.4,
            city: words.5,
            country: Line::default(),
            url: looks.0,
            logo: looks.1,
            colour: looks.2,
            language: looks.3.into(),
            zone: Zone::parse(time.0).unwrap(),
            first_day: first,
            last_day: first + jiff::Span::new().days(time.2),
            day_change: time.3,
            timeslot_minutes: time.4,
        }
    })
}

fn any_room(named: bool) -> impl Strategy<Value = Room> {
    let kind = select(vec![RoomKind::Physical, RoomKind::Virtual, RoomKind::Hybrid]);
    (uuid(), slug(), line(named), kind, option::of(any::<u32>()), body()).prop_map(
        |(id, slug, name, kind, capacity, description)| Room {
            id: RoomId(id),
            slug,
            name,
            kind,
            capacity,
            description,
        },
    )
}

fn any_track(named: bool) -> impl Strategy<Value = Track> {
    (uuid(), slug(), line(named), body(), option::of(colour())).prop_map(
        |(id, slug, name, description, colour)| Track { id: TrackId(id), slug, name, description, colour },
    )
}

fn any_person(named: bool) -> impl Strategy<Value = Person> {
    let code = option::of(select(vec!["ABC123", "abc", "日本"]));
    (
        uuid(),
        slug(),
        code,
        option::of(0_u32..4),
        line(named),
        body(),
        line(false),
        option::of(web_url()),
        vec(link(), 0..2),
    )
        .prop_map(|(id, slug, code, number, name, biography, affiliation, avatar, links)| Person {
            id: PersonId(id),
            slug,
            code: code.map(Line::from),
            number,
            name,
            biography,
            affiliation,
            avatar,
            links,
        })
}

fn link() -> impl Strategy<Value = Link> {
    let kind = select(vec![
        LinkKind::Related,
        LinkKind::Slides,
        LinkKind::Paper,
        LinkKind::Video,
        LinkKind::Attachment,
        LinkKind::Chat,
        LinkKind::Stream,
        LinkKind::Web,
    ]);
    (kind, line(false), web_url()).prop_map(|(kind, title, url)| Link { kind, title, url })
}

fn any_slot() -> impl Strategy<Value = Slot> {
    let start = prop_oneof![
        // Around the DST changes of autumn 2026 and spring 2027 as much as anywhere.
        4 => 1_735_689_600_i64..1_830_297_600,
        2 => 1_792_864_800_i64..1_792_900_000,
        2 => 1_806_170_400_i64..1_806_206_400,
    ]
    .prop_map(|seconds| seconds / 60 * 60);
    let minutes = prop_oneof![8 => 0_i64..300, 1 => 5_900_i64..6_100];
    let standing = prop_oneof![
        6 => Just(Standing::Planned),
        2 => (1_u16..=1_440).prop_map(Standing::Delayed),
        1 => Just(Standing::Cancelled),
    ];
    (uuid(), 0_u32..40, start, minutes, 0_i64..20, standing).prop_map(
        |(id, number, start, minutes, odd, standing)| {
            // Now and then a slot that does not begin or end at a whole minute.
            let seconds = if odd == 1 { 17 } else { 0 };
            let start = Timestamp::from_second(start + seconds).unwrap();
            let end = start + SignedDuration::from_secs(minutes * 60 + if odd == 2 { 29 } else { 0 });
            Slot { id: SlotId(id), number, room: None, start, end, standing }
        },
    )
}

fn any_session(named: bool) -> impl Strategy<Value = Session> {
    let texts = (line(named), line(false), line(false), body(), body());
    let code =
        prop_oneof!["[A-Z0-9]{6}", "[A-Za-z0-9_-]{1,40}"].prop_map(|text| Slugish::parse(&text).unwrap());
    let kind = select(SessionKind::ALL.to_vec());
    let rest = (
        select(if named { vec!["", "en", "de-AT"] } else { vec!["", "en", "de-AT", "x y"] }),
        vec(any_slot(), 0..4),
        vec(link(), 0..4),
    );
    let urls = (option::of(web_url()), option::of(web_url()), option::of(web_url()));
    (uuid(), code, kind, texts, rest, urls, line(false), any::<bool>()).prop_map(
        |(id, code, kind, texts, rest, urls, licence, opt_out)| Session {
            id: SessionId(id),
            code,
            kind,
            title: texts.0,
            type_label: texts.1,
            subtitle: texts.2,
            summary: texts.3,
            description: texts.4,
            language: rest.0.into(),
            track: None,
            parent: None,
            people: vec![],
            slots: rest.1,
            links: rest.2,
            logo: urls.0,
            url: urls.1,
            feedback_url: urls.2,
            recording: Recording { licence, opt_out },
        },
    )
}
