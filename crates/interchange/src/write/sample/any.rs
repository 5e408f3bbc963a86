//! Any programme at all, with hostile texts in every field.

use super::ZONES;
use jiff::{SignedDuration, Timestamp, civil::Date};
use model::{
    edition::Edition,
    id::{EditionId, PersonId, RoomId, SessionId, SlotId, TrackId},
    programme::{
        Link, LinkKind, Participation, Person, Programme, Recording, Role, Room, RoomKind, Session,
        SessionKind, Slot, Slugish, Standing, Track,
    },
    text::{Colour, Line, RichText, Slug, WebUrl},
    time::Zone,
};
use proptest::{collection::vec, option, prelude::*, sample::select};
use uuid::Uuid;

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
            mode: model::edition::Mode::default(),
            state: model::edition::EditionState::default(),
            notice: Line::default(),
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
