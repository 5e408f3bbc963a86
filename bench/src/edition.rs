//! An invented edition of any size, the same on every machine and in every run.
//!
//! Lengths follow what real exports of community conferences hold: abstracts of some 400 characters,
//! descriptions of some 900, biographies of some 300, one to three speakers, a third of the sessions with a link.

use jiff::{SignedDuration, civil::date};
use model::{
    Refusal,
    edition::Edition,
    id::{EditionId, PersonId, RoomId, SessionId, SlotId, TrackId},
    programme::{
        Link, LinkKind, Participation, Person, Programme, Recording, Role, Room, RoomKind, Session,
        SessionKind, Slot, Slugish, Standing, Track,
    },
    text::{Line, RichText, Slug, WebUrl},
    time::Zone,
};

/// How large the edition is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) sessions: usize,
    pub(crate) speakers: usize,
    pub(crate) rooms: usize,
    pub(crate) days: usize,
}

/// What the bars are set for.
pub(crate) const USUAL: Size = Size { sessions: 500, speakers: 400, rooms: 8, days: 3 };
/// Ten times as many sessions; rooms and days grow along so that a session still has its half hour.
pub(crate) const LARGE: Size = Size { sessions: 5_000, speakers: 4_000, rooms: 40, days: 6 };

const TRACKS: usize = 12;
const HALF_HOUR: SignedDuration = SignedDuration::from_mins(30);

const WORDS: &[&str] = &[
    "kernel",
    "scheduler",
    "memory",
    "network",
    "driver",
    "filesystem",
    "latency",
    "throughput",
    "container",
    "cluster",
    "compiler",
    "runtime",
    "packet",
    "trace",
    "probe",
    "lock",
    "queue",
    "page",
    "cache",
    "node",
    "device",
    "firmware",
    "boot",
    "image",
    "signature",
    "key",
    "protocol",
    "stream",
    "codec",
    "graph",
    "index",
    "query",
    "schema",
    "release",
    "patch",
    "review",
    "maintainer",
    "community",
    "project",
    "history",
    "future",
    "problem",
    "solution",
    "approach",
    "measurement",
    "benchmark",
    "regression",
    "test",
    "fuzzing",
    "coverage",
    "proof",
    "model",
    "design",
    "interface",
    "library",
    "binding",
    "language",
    "type",
    "borrow",
    "thread",
    "process",
    "signal",
    "event",
    "timer",
    "clock",
    "interrupt",
    "register",
    "board",
    "sensor",
    "battery",
    "power",
    "energy",
    "heat",
    "rack",
    "cable",
    "the",
    "a",
    "of",
    "and",
    "in",
    "to",
    "for",
    "with",
    "without",
    "between",
    "after",
    "before",
    "how",
    "why",
    "when",
    "what",
    "we",
    "they",
    "it",
    "is",
    "was",
    "can",
    "should",
    "will",
    "not",
    "only",
    "also",
    "every",
    "some",
    "many",
    "few",
    "new",
    "old",
    "small",
    "large",
    "fast",
    "slow",
    "safe",
    "open",
    "free",
    "shared",
    "local",
    "remote",
    "virtual",
    "physical",
    "real",
    "upstream",
    "downstream",
    "stable",
    "experimental",
    "deprecated",
    "surprising",
    "tedious",
    "elegant",
    "broken",
    "repaired",
];
const FIRST: &[&str] = &[
    "Ada", "Bela", "Cleo", "Dario", "Edda", "Farid", "Greta", "Hiro", "Ines", "Jonas", "Kaya", "Lars",
    "Mira", "Nils", "Olga", "Pavel", "Quinn", "Rosa", "Sven", "Tuva", "Umar", "Vera", "Wim", "Xenia", "Yann",
    "Zoë",
];
const LAST: &[&str] = &[
    "Abel",
    "Brück",
    "Castro",
    "Dvořák",
    "Engel",
    "Fontaine",
    "García",
    "Hansen",
    "Iversen",
    "Jansen",
    "Kowalski",
    "Lindqvist",
    "Moreau",
    "Nakamura",
    "Okafor",
    "Petrov",
    "Quist",
    "Rossi",
    "Sørensen",
    "Tanaka",
    "Ullmann",
    "Varga",
    "Weber",
    "Yilmaz",
];

/// Numbers that look random and are always the same: splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom
/// number generators", OOPSLA 2014).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }

    /// Some words, the first with a capital.
    fn words(&mut self, number: usize) -> String {
        let text = (0..number).map(|_| self.of(WORDS)).collect::<Vec<_>>().join(" ");
        let mut chars = text.chars();
        chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
    }

    /// Sentences of about `length` characters together, a paragraph for every 500.
    fn text(&mut self, length: usize) -> RichText {
        let mut out = String::new();
        let mut paragraph = 0;
        while out.len() < length {
            let sentence = 6 + self.below(12);
            out.push_str(&self.words(sentence));
            if out.len() - paragraph > 500 {
                out.push_str(".\n\n");
                paragraph = out.len();
            } else {
                out.push_str(". ");
            }
        }
        RichText::clean(&out)
    }
}

/// The edition of that size, in its canonical form.
pub(crate) fn programme(size: Size) -> Result<Programme, Refusal> {
    let slug = Slug::parse(&format!("bench-{}", size.sessions))?;
    let key = slug.as_str().to_owned();
    let mut dice = Dice(size.sessions as u64);
    let first_day = date(2027, 9, 6);
    let edition = Edition {
        id: EditionId::from_key(&key, "edition"),
        slug,
        series: Line::clean("Bench Conference"),
        title: Line::clean(&format!("Bench Conference of {} sessions", size.sessions)),
        subtitle: Line::clean("Invented from the first word to the last"),
        description: dice.text(600),
        zone: Zone::parse("Europe/Prague")?,
        first_day,
        last_day: first_day.saturating_add(jiff::Span::new().days(size.days as i64 - 1)),
        day_change: 240,
        venue: Line::clean("Congress Hall"),
        city: Line::clean("Prague"),
        country: Line::clean("Czechia"),
        url: None,
        logo: None,
        language: Line::clean("en"),
        colour: None,
        timeslot_minutes: 5,
        mode: model::edition::Mode::default(),
        state: model::edition::EditionState::default(),
        notice: Line::default(),
    };
    let rooms: Vec<Room> = (1..=size.rooms)
        .map(|number| {
            let name = format!("Hall {number}");
            Ok(Room {
                id: RoomId::from_key(&key, &name),
                slug: Slug::parse(&format!("hall-{number}"))?,
                name: Line::clean(&name),
                kind: RoomKind::Hybrid,
                capacity: Some(100 + 20 * number as u32),
                description: dice.text(120),
            })
        })
        .collect::<Result<_, Refusal>>()?;
    let tracks: Vec<Track> = (1..=TRACKS)
        .map(|number| {
            let name = format!("{} and {} {number}", dice.words(1), dice.of(WORDS));
            Ok(Track {
                id: TrackId::from_key(&key, &name),
                slug: Slug::parse(&format!("track-{number}"))?,
                name: Line::clean(&name),
                description: dice.text(300),
                colour: None,
            })
        })
        .collect::<Result<_, Refusal>>()?;
    let persons: Vec<Person> = (1..=size.speakers)
        .map(|number| {
            Ok(Person {
                id: PersonId::from_key(&key, &format!("number:{number}")),
                slug: Slug::parse(&format!("speaker-{number}"))?,
                code: None,
                number: Some(number as u32),
                name: Line::clean(&format!("{} {}", dice.of(FIRST), dice.of(LAST))),
                biography: dice.text(300),
                affiliation: Line::clean(&dice.words(2)),
                avatar: None,
                links: vec![],
            })
        })
        .collect::<Result<_, Refusal>>()?;
    let sessions = (0..size.sessions)
        .map(|number| {
            let id = SessionId::from_key(&key, &format!("number:{number}"));
            let day = (number % size.days) as i64;
            let room = number / size.days % size.rooms;
            let place = number / size.days / size.rooms;
            let local = first_day.saturating_add(jiff::Span::new().days(day)).at(9, 0, 0, 0);
            let morning = edition.zone.instant(local).unwrap_or_default();
            let start = morning.checked_add(HALF_HOUR.saturating_mul(place as i32)).unwrap_or(morning);
            let speakers = 1 + dice.below(3).saturating_sub(dice.below(2));
            let mut people = vec![];
            for place in 0..speakers {
                // The first speakers go round, so that everybody speaks.
                let who = if place == 0 { number % size.speakers } else { dice.below(size.speakers) };
                let part = Participation { person: persons[who].id, role: Role::Speaker };
                if !people.contains(&part) {
                    people.push(part);
                }
            }
            let title_words = 4 + dice.below(6);
            let links = if number % 3 == 0 {
                vec![Link {
                    kind: LinkKind::Slides,
                    title: Line::clean("Slides"),
                    url: WebUrl::parse(&format!("https://slides.example.org/{number}.pdf"))?,
                }]
            } else {
                vec![]
            };
            Ok(Session {
                id,
                code: Slugish::parse(&format!("S{number:05}"))
                    .ok_or_else(|| Refusal::new("code", "is none", "Choose another"))?,
                kind: SessionKind::Talk,
                type_label: Line::clean("Talk"),
                title: Line::clean(&dice.words(title_words)),
                subtitle: Line::default(),
                summary: dice.text(400),
                description: dice.text(900),
                language: Line::clean("en"),
                track: Some(tracks[dice.below(TRACKS)].id),
                parent: None,
                people,
                slots: vec![Slot {
                    id: SlotId(id.0),
                    number: number as u32 + 1,
                    room: Some(rooms[room].id),
                    start,
                    end: start.checked_add(HALF_HOUR).unwrap_or(start),
                    standing: Standing::Planned,
                }],
                links,
                logo: None,
                url: None,
                feedback_url: None,
                recording: Recording::default(),
            })
        })
        .collect::<Result<_, Refusal>>()?;
    let mut programme = Programme { edition, rooms, tracks, persons, sessions, sponsors: vec![] };
    programme.normalise();
    Ok(programme)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::programme::Problem;

    #[test]
    fn the_edition_has_the_size_that_was_asked_for_and_no_room_is_taken_twice() {
        let programme = programme(USUAL).unwrap();
        assert_eq!(programme.sessions.len(), 500);
        assert_eq!(programme.persons.len(), 400);
        assert_eq!(programme.rooms.len(), 8);
        assert_eq!(programme.edition.days([]).len(), 3);
        assert!(!programme.problems().iter().any(|problem| matches!(problem, Problem::Overlap { .. })));
    }

    #[test]
    fn two_runs_measure_the_same_edition() {
        assert_eq!(programme(USUAL).unwrap(), programme(USUAL).unwrap());
    }
}
