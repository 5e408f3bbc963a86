//! The programme of an edition: rooms, tracks, persons, sessions and their slots.
//!
//! A [`Programme`] is a plain value. [`Programme::normalise`] brings it into its one canonical form (order,
//! unique slugs, codes and numbers, no dangling references), so that two programmes that say the same are
//! equal, and reading a file twice changes nothing.

use crate::{
    edition::{Day, Edition, Sponsor},
    id::{PersonId, RoomId, SessionId, SlotId, TrackId},
    text::{Colour, Line, RichText, Slug, WebUrl},
};
use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Everything public about one edition's programme.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Programme {
    /// The edition it belongs to.
    pub edition: Edition,
    /// Rooms in the order in which they are shown.
    pub rooms: Vec<Room>,
    /// Tracks in the order in which they are shown.
    pub tracks: Vec<Track>,
    /// Persons by name.
    pub persons: Vec<Person>,
    /// Sessions by time.
    pub sessions: Vec<Session>,
    /// Sponsors by rank.
    #[serde(default)]
    pub sponsors: Vec<Sponsor>,
}

/// What a room is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoomKind {
    /// A place in a building.
    #[default]
    Physical,
    /// A video room only.
    Virtual,
    /// Both: people sit in it and others join by video.
    Hybrid,
}

/// A place where sessions happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// Its identifier; published as the `guid` of the room.
    pub id: RoomId,
    /// Its place in addresses, unique in the edition.
    pub slug: Slug,
    /// Its name.
    pub name: Line,
    /// What it is.
    #[serde(default)]
    pub kind: RoomKind,
    /// How many people it holds, where known.
    #[serde(default)]
    pub capacity: Option<u32>,
    /// Where it is and what one should know.
    #[serde(default)]
    pub description: RichText,
}

/// A track, among them the track of each microconference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Track {
    /// Its identifier.
    pub id: TrackId,
    /// Its place in addresses, unique in the edition.
    pub slug: Slug,
    /// Its name.
    pub name: Line,
    /// What it is about.
    #[serde(default)]
    pub description: RichText,
    /// Its colour on pages.
    #[serde(default)]
    pub colour: Option<Colour>,
}

/// A person as the edition's programme presents them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Their identifier.
    pub id: PersonId,
    /// Their place in addresses, unique in the edition. Never derived from an e-mail address.
    pub slug: Slug,
    /// The short code that other systems know them by (pretalx: six characters), where they have one.
    #[serde(default)]
    pub code: Option<Line>,
    /// The number that schedule files know them by.
    #[serde(default)]
    pub number: Option<u32>,
    /// Their public name.
    pub name: Line,
    /// What they say about themselves.
    #[serde(default)]
    pub biography: RichText,
    /// Where they work or belong.
    #[serde(default)]
    pub affiliation: Line,
    /// Their picture.
    #[serde(default)]
    pub avatar: Option<WebUrl>,
    /// Their pages elsewhere.
    #[serde(default)]
    pub links: Vec<Link>,
}

/// What a session is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionKind {
    /// A talk.
    #[default]
    Talk,
    /// A talk to everybody.
    Keynote,
    /// A block of topics on one area, with leads.
    Microconference,
    /// A topic inside a microconference.
    Topic,
    /// Birds of a feather.
    Bof,
    /// A workshop or tutorial.
    Workshop,
    /// One of many short talks.
    Lightning,
    /// A discussion on a stage.
    Panel,
    /// Work in a hack room.
    Hack,
    /// A meeting of a group.
    Meeting,
    /// Music, theatre, games, an evening event.
    Social,
    /// A pause: coffee, lunch.
    Break,
    /// Opening, closing, registration and the like.
    Service,
    /// Anything else.
    Other,
}

impl SessionKind {
    /// The word kept in the record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Talk => "talk",
            Self::Keynote => "keynote",
            Self::Microconference => "microconference",
            Self::Topic => "topic",
            Self::Bof => "bof",
            Self::Workshop => "workshop",
            Self::Lightning => "lightning",
            Self::Panel => "panel",
            Self::Hack => "hack",
            Self::Meeting => "meeting",
            Self::Social => "social",
            Self::Break => "break",
            Self::Service => "service",
            Self::Other => "other",
        }
    }

    /// What people read.
    pub fn label(self) -> &'static str {
        match self {
            Self::Talk => "Talk",
            Self::Keynote => "Keynote",
            Self::Microconference => "Microconference",
            Self::Topic => "Topic",
            Self::Bof => "BoF",
            Self::Workshop => "Workshop",
            Self::Lightning => "Lightning talk",
            Self::Panel => "Panel",
            Self::Hack => "Hack session",
            Self::Meeting => "Meeting",
            Self::Social => "Social event",
            Self::Break => "Break",
            Self::Service => "Service",
            Self::Other => "Other",
        }
    }

    /// The kind that a schedule file's `type` means; [`SessionKind::Talk`] for an empty one.
    pub fn guess(label: &str) -> Self {
        let label = crate::text::folded(label);
        let has = |words: &[&str]| words.iter().any(|word| label.contains(word));
        if label.trim().is_empty() {
            Self::Talk
        } else if has(&["keynote", "plenary"]) {
            Self::Keynote
        } else if has(&["lightning", "kurzvortrag"]) {
            Self::Lightning
        } else if has(&["microconf"]) {
            Self::Microconference
        } else if has(&["topic"]) {
            Self::Topic
        } else if label.split(|c: char| !c.is_alphanumeric()).any(|word| word == "bof" || word == "bofs")
            || has(&["birds of a feather"])
        {
            Self::Bof
        } else if has(&["workshop", "tutorial", "hands-on", "hands on", "training", "youth"]) {
            Self::Workshop
        } else if has(&["panel", "podium", "discussion", "debate"]) {
            Self::Panel
        } else if has(&["hack", "sprint"]) {
            Self::Hack
        } else if has(&["meeting", "assembly", "meetup"]) {
            Self::Meeting
        } else if has(&["break", "lunch", "coffee", "dinner", "pause"]) {
            Self::Break
        } else if has(&[
            "concert",
            "performance",
            "party",
            "social",
            "music",
            "film",
            "movie",
            "game",
            "theat",
            "djset",
            "dj set",
            "show",
        ]) {
            Self::Social
        } else if has(&["opening", "closing", "ceremony", "service", "registration"]) {
            Self::Service
        } else if has(&["talk", "lecture", "presentation", "contribution", "vortrag", "podcast", "session"]) {
            Self::Talk
        } else {
            Self::Other
        }
    }

    /// The kind of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::Talk,
        Self::Keynote,
        Self::Microconference,
        Self::Topic,
        Self::Bof,
        Self::Workshop,
        Self::Lightning,
        Self::Panel,
        Self::Hack,
        Self::Meeting,
        Self::Social,
        Self::Break,
        Self::Service,
        Self::Other,
    ];
}

/// Something on the programme.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its identifier.
    pub id: SessionId,
    /// Its short code in addresses, unique in the edition: pretalx's six characters, Indico's number, or one
    /// made here. `[A-Za-z0-9_-]`, at most 40 characters.
    pub code: Slugish,
    /// What it is.
    pub kind: SessionKind,
    /// The `type` that its file gave, kept for files that go out; empty where none was given.
    #[serde(default)]
    pub type_label: Line,
    /// Its title; never a place for "CANCELLED".
    pub title: Line,
    /// A line under the title.
    #[serde(default)]
    pub subtitle: Line,
    /// The short text.
    #[serde(default)]
    pub summary: RichText,
    /// The long text.
    #[serde(default)]
    pub description: RichText,
    /// The language it is held in, as a BCP 47 tag; empty where unknown.
    #[serde(default)]
    pub language: Line,
    /// Its track.
    #[serde(default)]
    pub track: Option<TrackId>,
    /// The microconference block that it is a topic of.
    #[serde(default)]
    pub parent: Option<SessionId>,
    /// Who takes part, in the order in which they are named.
    #[serde(default)]
    pub people: Vec<Participation>,
    /// When and where, by time. Empty: not scheduled yet.
    #[serde(default)]
    pub slots: Vec<Slot>,
    /// Links, slides, videos, in the file's order.
    #[serde(default)]
    pub links: Vec<Link>,
    /// Its picture.
    #[serde(default)]
    pub logo: Option<WebUrl>,
    /// Where it stands in the system it came from.
    #[serde(default)]
    pub url: Option<WebUrl>,
    /// Where one says what one thought of it.
    #[serde(default)]
    pub feedback_url: Option<WebUrl>,
    /// Whether it may be recorded, and under which licence.
    #[serde(default)]
    pub recording: Recording,
}

/// A short code that may stand in an address as it is: `[A-Za-z0-9_-]`, 1 to 40 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Slugish(String);

impl Slugish {
    /// The code of these characters, or `None` when it could not stand in an address.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = (1..=40).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        fits.then(|| Self(text.to_owned()))
    }

    /// A code of six characters `[0-9A-Z]` (the form that c3voc's schema and pretalx use) drawn from an
    /// identifier. Without I, O, 0 and 1, which people confuse.
    pub fn from_id(id: uuid::Uuid) -> Self {
        const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
        let mut bits = id.as_u128() ^ (id.as_u128() >> 64);
        let mut out = String::with_capacity(6);
        for _ in 0..6 {
            out.push(char::from(LETTERS[(bits & 31) as usize]));
            bits >>= 5;
        }
        Self(out)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Slugish {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Slugish {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom("a code is 1 to 40 of A-Z, a-z, 0-9, - and _"))
    }
}

/// In which role somebody takes part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Speaks.
    #[default]
    Speaker,
    /// Runs a microconference.
    Lead,
    /// Chairs the session.
    Moderator,
    /// Looks after the room.
    Host,
    /// Contributed without speaking.
    Contributor,
}

impl Role {
    /// The word kept in the record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Speaker => "speaker",
            Self::Lead => "lead",
            Self::Moderator => "moderator",
            Self::Host => "host",
            Self::Contributor => "contributor",
        }
    }

    /// The role of that word, in any letter case; also the words of other systems.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word.trim().to_ascii_lowercase().as_str() {
            "speaker" | "presenter" => Self::Speaker,
            "lead" | "leader" => Self::Lead,
            "moderator" | "chair" => Self::Moderator,
            "host" | "coordinator" => Self::Host,
            "contributor" | "author" | "guest" => Self::Contributor,
            _ => return None,
        })
    }
}

/// One person's part in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Participation {
    /// Who.
    pub person: PersonId,
    /// As what.
    #[serde(default)]
    pub role: Role,
}

/// How a slot stands on the day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It takes place as planned.
    #[default]
    Planned,
    /// It begins and ends this many minutes (1 to 1,440) later than planned.
    Delayed(u16),
    /// It does not take place; it stays on the programme so that people see it.
    Cancelled,
}

/// A session's place: room, start, end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// Its identifier; the `guid` of the event in schedule files.
    pub id: SlotId,
    /// Its number in schedule files (`event@id`): positive, at most 2,147,483,647, unique in the edition. 0
    /// means "not numbered yet" until [`Programme::normalise`] gives one.
    #[serde(default)]
    pub number: u32,
    /// Where; `None` while no room is decided, and for breaks that concern the whole house.
    pub room: Option<RoomId>,
    /// When it was planned to begin.
    pub start: Timestamp,
    /// When it was planned to end; never before `start`.
    pub end: Timestamp,
    /// How it stands.
    #[serde(default)]
    pub standing: Standing,
}

impl Slot {
    /// The delay, zero for one that is not delayed.
    pub fn delay(&self) -> SignedDuration {
        match self.standing {
            Standing::Delayed(minutes) => SignedDuration::from_mins(i64::from(minutes)),
            Standing::Planned | Standing::Cancelled => SignedDuration::ZERO,
        }
    }

    /// When it begins, with its delay.
    pub fn actual_start(&self) -> Timestamp {
        self.start.checked_add(self.delay()).unwrap_or(self.start)
    }

    /// When it ends, with its delay.
    pub fn actual_end(&self) -> Timestamp {
        self.end.checked_add(self.delay()).unwrap_or(self.end)
    }

    /// How long it takes, in whole minutes.
    pub fn minutes(&self) -> i64 {
        self.end.duration_since(self.start).as_mins()
    }

    /// The number that it gets where its file gives it none, or one that another slot has: above a million, away
    /// from the numbers that files give.
    pub(crate) fn drawn_number(&self) -> u32 {
        1_000_000 + (self.id.0.as_u128() % 1_000_000_000) as u32
    }

    /// Whether it does not take place.
    pub fn is_cancelled(&self) -> bool {
        self.standing == Standing::Cancelled
    }
}

/// What a link leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    /// Something related.
    #[default]
    Related,
    /// Slides.
    Slides,
    /// A paper.
    Paper,
    /// A recording.
    Video,
    /// A file that belongs to the session.
    Attachment,
    /// A chat room.
    Chat,
    /// The live stream or video room.
    Stream,
    /// A web page.
    Web,
}

/// A link on a session or a person.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Link {
    /// What it leads to.
    #[serde(default)]
    pub kind: LinkKind,
    /// What it is called; the address where it has no name.
    pub title: Line,
    /// Where it leads.
    pub url: WebUrl,
}

/// What a session allows to be recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Recording {
    /// The licence of the recording, where stated.
    #[serde(default)]
    pub licence: Line,
    /// Whether the speaker does not want to be recorded.
    #[serde(default)]
    pub opt_out: bool,
}

impl Session {
    /// Whether it is scheduled and every slot of it is cancelled.
    pub fn is_cancelled(&self) -> bool {
        !self.slots.is_empty() && self.slots.iter().all(Slot::is_cancelled)
    }

    /// The word for its kind that people read: the file's own where it had one.
    pub fn kind_label(&self) -> &str {
        self.type_label.non_empty().unwrap_or(self.kind.label())
    }

    /// Its first slot by time.
    pub fn first_slot(&self) -> Option<&Slot> {
        self.slots.first()
    }
}

/// Something that is wrong or doubtful in a programme, for organisers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Problem {
    /// Two slots overlap in one room.
    Overlap {
        /// The room.
        room: RoomId,
        /// The slot that begins first.
        first: SlotId,
        /// The slot that begins before the first has ended.
        second: SlotId,
    },
    /// One person is to be in two places at once.
    Torn {
        /// The person.
        person: PersonId,
        /// The slot that begins first.
        first: SlotId,
        /// The slot that begins before the first has ended.
        second: SlotId,
    },
    /// A slot of something other than a break has no room.
    NoRoom {
        /// The slot.
        slot: SlotId,
    },
}

impl Programme {
    /// An edition in which nothing is planned yet.
    pub fn empty(edition: Edition) -> Self {
        Self { edition, rooms: vec![], tracks: vec![], persons: vec![], sessions: vec![], sponsors: vec![] }
    }

    /// The conference days: the edition's own, and any other on which something takes place.
    pub fn days(&self) -> Vec<Day> {
        let dates: BTreeSet<Date> = self.slots().map(|(_, slot)| self.edition.day_of(slot.start)).collect();
        self.edition.days(dates)
    }

    /// Every slot with its session, by session order.
    pub fn slots(&self) -> impl Iterator<Item = (&Session, &Slot)> {
        self.sessions.iter().flat_map(|session| session.slots.iter().map(move |slot| (session, slot)))
    }

    /// Brings the programme into its canonical form:
    ///
    /// - dangling references to rooms, tracks, persons and parent sessions go; so do empty roles;
    /// - ends never stand before starts;
    /// - slugs and codes are unique (the second of a name gets `-2`), slot numbers are positive and unique;
    /// - sessions are ordered by first slot, then room order, then title; slots by time; persons by name.
    ///   Rooms, tracks and sponsors keep the order given, sponsors within their rank.
    ///
    /// Doing it twice changes nothing.
    pub fn normalise(&mut self) {
        self.edition.day_change = self.edition.day_change.min(1_439);
        if self.edition.last_day < self.edition.first_day {
            self.edition.last_day = self.edition.first_day;
        }
        keep_first_by(&mut self.rooms, |room| room.id);
        keep_first_by(&mut self.tracks, |track| track.id);
        keep_first_by(&mut self.persons, |person| person.id);
        keep_first_by(&mut self.sessions, |session| session.id);
        keep_first_by(&mut self.sponsors, |sponsor| sponsor.id);
        self.persons.sort_by_cached_key(|person| (crate::text::folded(person.name.as_str()), person.id));
        self.sponsors.sort_by_key(|sponsor| sponsor.rank);
        unique_slugs(self.rooms.iter_mut().map(|room| &mut room.slug));
        unique_slugs(self.tracks.iter_mut().map(|track| &mut track.slug));
        unique_slugs(self.persons.iter_mut().map(|person| &mut person.slug));

        let room_order: HashMap<RoomId, usize> = self.rooms.iter().map(|room| room.id).zip(0..).collect();
        let tracks: HashSet<TrackId> = self.tracks.iter().map(|track| track.id).collect();
        let persons: HashSet<PersonId> = self.persons.iter().map(|person| person.id).collect();
        let parents: HashMap<SessionId, Option<SessionId>> =
            self.sessions.iter().map(|session| (session.id, session.parent)).collect();
        let mut slots_seen = HashSet::new();
        for session in &mut self.sessions {
            session.track = session.track.filter(|track| tracks.contains(track));
            // A block holds topics and a topic holds nothing: one level, so no cycle can be written.
            session.parent =
                session.parent.filter(|parent| *parent != session.id && parents.get(parent) == Some(&None));
            session.people.retain(|part| persons.contains(&part.person));
            keep_first_by(&mut session.people, |part| part.person);
            keep_first_by(&mut session.links, std::clone::Clone::clone);
            session.slots.retain(|slot| slots_seen.insert(slot.id));
            for slot in &mut session.slots {
                slot.room = slot.room.filter(|room| room_order.contains_key(room));
                slot.end = slot.end.max(slot.start);
                slot.standing = match slot.standing {
                    Standing::Delayed(0) => Standing::Planned,
                    Standing::Delayed(minutes) => Standing::Delayed(minutes.min(1_440)),
                    other => other,
                };
            }
            session
                .slots
                .sort_by_key(|slot| (slot.start, slot.end, slot.room.map(|room| room_order[&room]), slot.id));
        }
        self.sessions.sort_by_cached_key(|session| {
            let first = session.slots.first();
            (
                first.is_none(),
                first.map(|slot| (slot.start, slot.room.map(|room| room_order[&room]))),
                crate::text::folded(session.title.as_str()),
                session.id,
            )
        });
        self.unique_codes();
        self.unique_numbers();
    }

    /// Gives the second session of a code one of its own. By identifier, not by order, so that a move in the
    /// timetable never changes an address.
    fn unique_codes(&mut self) {
        let mut taken: BTreeMap<String, SessionId> = BTreeMap::new();
        let mut order: Vec<usize> = (0..self.sessions.len()).collect();
        order.sort_by_key(|&at| self.sessions[at].id);
        for at in order {
            let session = &mut self.sessions[at];
            let mut number = 1;
            while taken.get(&session.code.0.to_ascii_lowercase()).is_some_and(|id| *id != session.id) {
                number += 1;
                let stem = Slugish::from_id(session.id.0);
                session.code = if number == 2 { stem } else { Slugish(format!("{stem}-{number}")) };
            }
            taken.insert(session.code.0.to_ascii_lowercase(), session.id);
        }
    }

    /// Gives every slot a positive number of its own: the one it has, or one drawn from its identifier. By
    /// identifier, not by time, so that a move in the timetable never changes a number.
    fn unique_numbers(&mut self) {
        let mut slots: Vec<&mut Slot> =
            self.sessions.iter_mut().flat_map(|session| session.slots.iter_mut()).collect();
        slots.sort_unstable_by_key(|slot| slot.id);
        let mut taken = HashSet::new();
        let (_, homeless): (Vec<&mut Slot>, Vec<&mut Slot>) = slots
            .into_iter()
            .partition(|slot| (1..=i32::MAX as u32).contains(&slot.number) && taken.insert(slot.number));
        // Where two identifiers draw the same number, the second takes one from here on: a file made so that
        // all of them do costs no more than any other.
        let mut spare = 2_000_000_000;
        for slot in homeless {
            let mut number = slot.drawn_number();
            while !taken.insert(number) {
                number = spare;
                spare += 1;
            }
            slot.number = number;
        }
    }

    /// What is wrong or doubtful: overlaps in a room, persons in two places, slots without a room. A block and
    /// the topics inside it do not overlap one another; cancelled slots take no room.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = vec![];
        let mut by_room: HashMap<RoomId, Vec<(&Session, &Slot)>> = HashMap::new();
        let mut by_person: HashMap<PersonId, Vec<(&Session, &Slot)>> = HashMap::new();
        for (session, slot) in self.slots().filter(|(_, slot)| !slot.is_cancelled()) {
            match slot.room {
                Some(room) => by_room.entry(room).or_default().push((session, slot)),
                None if session.kind != SessionKind::Break => {
                    problems.push(Problem::NoRoom { slot: slot.id });
                }
                None => {}
            }
            for part in &session.people {
                by_person.entry(part.person).or_default().push((session, slot));
            }
        }
        for room in &self.rooms {
            for (first, second) in clashes(by_room.remove(&room.id).unwrap_or_default()) {
                problems.push(Problem::Overlap { room: room.id, first, second });
            }
        }
        for person in &self.persons {
            for (first, second) in clashes(by_person.remove(&person.id).unwrap_or_default()) {
                problems.push(Problem::Torn { person: person.id, first, second });
            }
        }
        problems
    }
}

/// The pairs in time order that overlap, unless one is the block that holds the other. Each slot is compared
/// with the block and with the topic that reach furthest so far: linear, and every slot that clashes is named.
fn clashes(mut held: Vec<(&Session, &Slot)>) -> Vec<(SlotId, SlotId)> {
    held.retain(|(_, slot)| slot.minutes() > 0);
    // A block stands before the topic that begins with it.
    held.sort_by_key(|(session, slot)| {
        (slot.actual_start(), session.parent.is_some(), slot.actual_end(), slot.id)
    });
    let mut out = vec![];
    let mut furthest: [Option<(&Session, &Slot)>; 2] = [None, None];
    for (session, slot) in held {
        let clash = furthest.iter().flatten().find(|(other, before)| {
            let nested = session.parent == Some(other.id) || other.parent == Some(session.id);
            !nested && slot.actual_start() < before.actual_end()
        });
        if let Some((_, before)) = clash {
            out.push((before.id, slot.id));
        }
        let level = &mut furthest[usize::from(session.parent.is_some())];
        if level.is_none_or(|(_, before)| before.actual_end() < slot.actual_end()) {
            *level = Some((session, slot));
        }
    }
    out
}

/// Keeps the first of those with the same key.
fn keep_first_by<T, K: Eq + std::hash::Hash>(things: &mut Vec<T>, key: impl Fn(&T) -> K) {
    let mut seen = HashSet::new();
    things.retain(|thing| seen.insert(key(thing)));
}

/// Gives the second thing of a slug a number, in order.
fn unique_slugs<'a>(slugs: impl Iterator<Item = &'a mut Slug>) {
    let mut taken: HashSet<String> = HashSet::new();
    // Where the search for a free number goes on, so that thousands of one name do not cost their square.
    let mut last: HashMap<String, usize> = HashMap::new();
    for slug in slugs {
        let mut candidate = slug.clone();
        let number = last.entry(slug.as_str().to_owned()).or_insert(1);
        while !taken.insert(candidate.as_str().to_owned()) {
            *number += 1;
            candidate = slug.numbered(*number);
        }
        *slug = candidate;
    }
}
