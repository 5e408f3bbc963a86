//! An invented edition of any size that uses every field.

use jiff::{SignedDuration, Timestamp};
use model::{
    edition::{Edition, Sponsor},
    id::{EditionId, PersonId, RoomId, SessionId, SlotId, SponsorId, TrackId},
    programme::{
        Link, LinkKind, Participation, Person, Programme, Recording, Role, Room, RoomKind, Session,
        SessionKind, Slot, Slugish, Standing, Track,
    },
    text::{Colour, Line, RichText, Slug, WebUrl},
    time::Zone,
};

const ADJECTIVES: [&str; 8] =
    ["Gentle", "Scalable", "Naïve", "Über", "Reliable", "Forgotten", "Crème", "Łódź"];
const NOUNS: [&str; 9] =
    ["Schedulers", "Filesystems", "Gardens", "Compilers", "Radios", "Kernels", "Maps", "Proofs", "Queues"];
const PARAGRAPH: &str = "Every garden needs a path. This talk walks along the one that we laid in the last three years, shows \
    where it sank, and what a community of volunteers did about it, with figures, and leaves time for questions. ";

/// An edition of so many sessions.
pub(crate) fn programme(slug: &str, sessions: usize) -> Programme {
    let mut programme = Programme::empty(edition(slug));
    let zone_hour = |hour: i64| -> Timestamp {
        let start: Timestamp = "2027-10-03T07:00:00Z".parse().unwrap();
        start + SignedDuration::from_hours(hour)
    };
    programme.rooms = (0..8).map(|n| room(slug, n)).collect();
    programme.tracks = (0..5).map(|n| track(slug, n)).collect();
    programme.persons = (0..sessions * 4 / 3).map(|n| person(slug, n)).collect();
    for n in 0..sessions {
        let mut session = session(slug, n);
        session.track = (n % 6 < 5).then(|| programme.tracks[n % 5].id);
        // The first of every ten is a block that holds the next.
        session.parent = (n % 10 == 1).then(|| SessionId::from_key(slug, &format!("session {}", n - 1)));
        session.people = (0..n % 3)
            .map(|part| Participation {
                person: programme.persons[(n + part) % programme.persons.len()].id,
                role: [Role::Speaker, Role::Moderator, Role::Lead][part],
            })
            .collect();
        let begin = zone_hour(i64::try_from(n / 8).unwrap());
        session.slots = (0..usize::from(n % 7 != 6) + usize::from(n % 50 == 3))
            .map(|again| Slot {
                id: SlotId::from_key(slug, &format!("slot {n} {again}")),
                number: u32::try_from(n * 2 + again + 1).unwrap(),
                room: (n % 11 != 10).then(|| programme.rooms[n % 8].id),
                start: begin + SignedDuration::from_hours(24 * again as i64),
                end: begin + SignedDuration::from_mins(45 + 1440 * again as i64),
                standing: match n % 13 {
                    4 => Standing::Delayed(15),
                    8 => Standing::Cancelled,
                    _ => Standing::Planned,
                },
            })
            .collect();
        programme.sessions.push(session);
    }
    programme.sponsors = (0..3).map(|n| sponsor(slug, n)).collect();
    programme.normalise();
    programme
}

/// Changes what a browsing organiser would: the title of one session.
pub(crate) fn retitled(mut programme: Programme, at: usize, title: &str) -> Programme {
    programme.sessions[at].title = Line::clean(title);
    programme.normalise();
    programme
}

fn edition(slug: &str) -> Edition {
    Edition {
        id: EditionId::from_key(slug, slug),
        slug: Slug::parse(slug).unwrap(),
        series: Line::clean("Gardening for Engineers"),
        title: Line::clean(&format!("Gardening for Engineers {slug}")),
        subtitle: Line::clean("Earth, water, code"),
        description: RichText::clean("Welcome *everybody*.\n\nBring boots."),
        zone: Zone::parse("Europe/Berlin").unwrap(),
        first_day: "2027-10-03".parse().unwrap(),
        last_day: "2027-10-07".parse().unwrap(),
        day_change: 240,
        venue: Line::clean("Glasshouse"),
        city: Line::clean("Łódź"),
        country: Line::clean("Poland"),
        url: Some(WebUrl::parse("https://garden.example.org/").unwrap()),
        logo: Some(WebUrl::parse("https://garden.example.org/logo.svg").unwrap()),
        language: Line::clean("en"),
        colour: Some(Colour::parse("#2f6f3a").unwrap()),
        timeslot_minutes: 15,
        mode: model::edition::Mode::Hybrid,
        state: model::edition::EditionState::default(),
        notice: Line::from("The dates have changed"),
    }
}

fn room(slug: &str, n: usize) -> Room {
    Room {
        id: RoomId::from_key(slug, &format!("room {n}")),
        slug: Slug::parse(&format!("room-{n}")).unwrap(),
        name: Line::clean(&format!("Room {}", 8 - n)),
        kind: [RoomKind::Physical, RoomKind::Virtual, RoomKind::Hybrid][n % 3],
        capacity: n.is_multiple_of(2).then_some(100),
        description: RichText::clean("Behind the palms."),
    }
}

fn track(slug: &str, n: usize) -> Track {
    Track {
        id: TrackId::from_key(slug, &format!("track {n}")),
        slug: Slug::parse(&format!("track-{n}")).unwrap(),
        name: Line::clean(&format!("Track {}", 5 - n)),
        description: RichText::clean("About soil."),
        colour: n.is_multiple_of(2).then(|| Colour::parse("#123456").unwrap()),
    }
}

fn person(slug: &str, n: usize) -> Person {
    Person {
        id: PersonId::from_key(slug, &format!("person {n}")),
        slug: Slug::parse(&format!("person-{n}")).unwrap(),
        code: n.is_multiple_of(2).then(|| Line::clean(&format!("P{n:05}"))),
        number: n.is_multiple_of(3).then_some(u32::try_from(n).unwrap()),
        name: Line::clean(&format!("{} Nováček-{n}", ["Ana", "Zoë", "Øyvind", "Bo"][n % 4])),
        biography: RichText::clean(PARAGRAPH),
        affiliation: Line::clean(if n.is_multiple_of(5) { "Moss & Fern Ltd" } else { "" }),
        avatar: n.is_multiple_of(4).then(|| WebUrl::parse("https://garden.example.org/face.png").unwrap()),
        links: link(n),
    }
}

fn session(slug: &str, n: usize) -> Session {
    let url = |path: &str| Some(WebUrl::parse(&format!("https://garden.example.org/{path}/{n}")).unwrap());
    Session {
        id: SessionId::from_key(slug, &format!("session {n}")),
        code: Slugish::parse(&format!("G{n:05}")).unwrap(),
        kind: SessionKind::ALL[n % SessionKind::ALL.len()],
        type_label: Line::clean(if n.is_multiple_of(2) { "Long talk" } else { "" }),
        title: Line::clean(&format!("{} {} {n}", ADJECTIVES[n % 8], NOUNS[n % 9])),
        subtitle: Line::clean(if n.is_multiple_of(4) { "A field report" } else { "" }),
        summary: RichText::clean(PARAGRAPH),
        description: RichText::clean(&PARAGRAPH.repeat(1 + n % 8)),
        language: Line::clean("en"),
        track: None,
        parent: None,
        people: vec![],
        slots: vec![],
        links: link(n),
        logo: url("logo").filter(|_| n.is_multiple_of(5)),
        url: url("session"),
        feedback_url: url("feedback").filter(|_| n % 5 == 1),
        recording: Recording { licence: Line::clean("CC-BY-4.0"), opt_out: n.is_multiple_of(9) },
    }
}

fn sponsor(slug: &str, n: u16) -> Sponsor {
    Sponsor {
        id: SponsorId::from_key(slug, &format!("sponsor {n}")),
        name: Line::clean(&format!("Seeds & Sons {}", 9 - n)),
        level: Line::clean("Catchbox"),
        rank: n / 2,
        url: Some(WebUrl::parse("https://seeds.example.org/").unwrap()),
        logo: None,
        upload: None,
        description: RichText::clean("Since 1890."),
    }
}

fn link(n: usize) -> Vec<Link> {
    let link = |kind, title: &str| Link {
        kind,
        title: Line::clean(title),
        url: WebUrl::parse(&format!("https://garden.example.org/files/{n}?a=1&b=%20")).unwrap(),
    };
    [link(LinkKind::Slides, "Slides"), link(LinkKind::Video, "Recording \"one\"")]
        .into_iter()
        .take(n % 3)
        .collect()
}
