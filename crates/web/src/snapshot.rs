//! One release, held in memory with the indices that pages and feeds look things up by.
//!
//! Beside the release stands what is public without one: pages, the menu, posts, sponsors ([`store::Content`]).
//!
//! A snapshot never changes; a new release, or a changed page, is a new snapshot. Making one is linear in the size of the
//! programme and draws nothing, so that a server answers soon after it starts.

use jiff::civil::Date;
use model::{
    edition::{Day, Edition},
    id::{PersonId, RoomId, SessionId, TrackId},
    programme::{Participation, Person, Programme, Room, Session, SessionKind, Slot, Track},
    release::{Release, ReleaseHead},
};
use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::Arc,
};
use store::Content;

/// A release and its indices, and what is public beside it. Cloning it costs nothing.
#[derive(Clone)]
pub struct Snapshot(Arc<Inner>, Arc<Content>);

struct Inner {
    release: Release,
    days: Vec<Day>,
    by_code: HashMap<String, usize>,
    sessions: HashMap<SessionId, usize>,
    rooms: HashMap<RoomId, usize>,
    tracks: HashMap<TrackId, usize>,
    persons: HashMap<PersonId, usize>,
    of_person: Vec<Vec<usize>>,
    of_track: Vec<Vec<usize>>,
    of_room: Vec<Vec<Place>>,
    topics: HashMap<SessionId, Vec<usize>>,
    on_day: BTreeMap<Date, Vec<Place>>,
}

/// Where a slot stands in the programme: the session's place and the slot's place in it.
#[derive(Clone, Copy)]
struct Place {
    session: usize,
    slot: usize,
}

impl Snapshot {
    /// Indexes a release. Its programme is in canonical form, as every release is. Beside it nothing is public but its
    /// sponsors.
    pub fn new(release: Release) -> Self {
        let programme = &release.programme;
        let rooms = places(programme.rooms.iter().map(|room| room.id));
        let tracks = places(programme.tracks.iter().map(|track| track.id));
        let persons = places(programme.persons.iter().map(|person| person.id));
        let sessions = places(programme.sessions.iter().map(|session| session.id));
        let mut of_person = vec![vec![]; programme.persons.len()];
        let mut of_track = vec![vec![]; programme.tracks.len()];
        let mut of_room = vec![vec![]; programme.rooms.len()];
        let mut topics: HashMap<SessionId, Vec<usize>> = HashMap::new();
        let mut on_day: BTreeMap<Date, Vec<Place>> = BTreeMap::new();
        for (at, session) in programme.sessions.iter().enumerate() {
            for part in &session.people {
                if let Some(&person) = persons.get(&part.person) {
                    of_person[person].push(at);
                }
            }
            if let Some(&track) = session.track.and_then(|track| tracks.get(&track)) {
                of_track[track].push(at);
            }
            if let Some(parent) = session.parent {
                topics.entry(parent).or_default().push(at);
            }
            for (slot_at, slot) in session.slots.iter().enumerate() {
                let place = Place { session: at, slot: slot_at };
                on_day.entry(programme.edition.day_of(slot.start)).or_default().push(place);
                if let Some(&room) = slot.room.and_then(|room| rooms.get(&room)) {
                    of_room[room].push(place);
                }
            }
        }
        let by_time = |place: &Place| {
            let slot = &programme.sessions[place.session].slots[place.slot];
            (
                slot.start,
                slot.room.and_then(|room| rooms.get(&room)),
                std::cmp::Reverse(slot.end),
                place.session,
            )
        };
        for places in on_day.values_mut().chain(&mut of_room) {
            places.sort_by_key(by_time);
        }
        let by_code = programme
            .sessions
            .iter()
            .map(|session| session.code.as_str().to_ascii_lowercase())
            .zip(0..)
            .collect();
        let days = programme.edition.days(on_day.keys().copied());
        let content = Content { sponsors: programme.sponsors.clone(), ..Content::default() };
        let inner = Inner {
            release,
            days,
            by_code,
            sessions,
            rooms,
            tracks,
            persons,
            of_person,
            of_track,
            of_room,
            topics,
            on_day,
        };
        Self(Arc::new(inner), Arc::new(content))
    }

    /// The same release, with other pages, posts and sponsors beside it.
    #[must_use]
    pub fn with_content(&self, content: Content) -> Self {
        Self(Arc::clone(&self.0), Arc::new(content))
    }

    /// What is public beside the release: pages, the menu, posts, sponsors.
    pub fn content(&self) -> &Content {
        &self.1
    }

    /// The release.
    pub fn release(&self) -> &Release {
        &self.0.release
    }

    /// Number, time and note of the release.
    pub fn head(&self) -> &ReleaseHead {
        &self.0.release.head
    }

    /// The programme.
    pub fn programme(&self) -> &Programme {
        &self.0.release.programme
    }

    /// The edition.
    pub fn edition(&self) -> &Edition {
        &self.0.release.programme.edition
    }

    /// The conference days, by date.
    pub fn days(&self) -> &[Day] {
        &self.0.days
    }

    /// The conference day of that date.
    pub fn day(&self, date: Date) -> Option<&Day> {
        self.0.days.iter().find(|day| day.date == date)
    }

    /// The session of that identifier.
    pub fn session(&self, id: SessionId) -> Option<&Session> {
        self.0.sessions.get(&id).map(|&at| &self.programme().sessions[at])
    }

    /// The session of that code, in any letter case.
    pub fn session_by_code(&self, code: &str) -> Option<&Session> {
        self.0.by_code.get(&code.to_ascii_lowercase()).map(|&at| &self.programme().sessions[at])
    }

    /// The room of that identifier.
    pub fn room(&self, id: RoomId) -> Option<&Room> {
        self.0.rooms.get(&id).map(|&at| &self.programme().rooms[at])
    }

    /// The place of a room in the order in which rooms are shown.
    pub fn room_order(&self, id: RoomId) -> Option<usize> {
        self.0.rooms.get(&id).copied()
    }

    /// The room of that slug.
    pub fn room_by_slug(&self, slug: &str) -> Option<&Room> {
        self.programme().rooms.iter().find(|room| room.slug.as_str() == slug)
    }

    /// The track of that identifier.
    pub fn track(&self, id: TrackId) -> Option<&Track> {
        self.0.tracks.get(&id).map(|&at| &self.programme().tracks[at])
    }

    /// The place of a track in the order in which tracks are shown; also the number of its colour.
    pub fn track_order(&self, id: TrackId) -> Option<usize> {
        self.0.tracks.get(&id).copied()
    }

    /// The track of that slug.
    pub fn track_by_slug(&self, slug: &str) -> Option<&Track> {
        self.programme().tracks.iter().find(|track| track.slug.as_str() == slug)
    }

    /// The person of that identifier.
    pub fn person(&self, id: PersonId) -> Option<&Person> {
        self.0.persons.get(&id).map(|&at| &self.programme().persons[at])
    }

    /// The person of that slug.
    pub fn person_by_slug(&self, slug: &str) -> Option<&Person> {
        self.programme().persons.iter().find(|person| person.slug.as_str() == slug)
    }

    /// Who takes part in a session, and as what.
    pub fn people<'a>(&'a self, session: &'a Session) -> impl Iterator<Item = (&'a Person, Participation)> {
        session.people.iter().filter_map(|part| self.person(part.person).map(|person| (person, *part)))
    }

    /// The sessions in which somebody takes part, by time.
    pub fn sessions_of_person(&self, id: PersonId) -> impl Iterator<Item = &Session> {
        self.named(self.0.persons.get(&id).map_or(&[], |&at| &self.0.of_person[at]))
    }

    /// The sessions of a track, by time.
    pub fn sessions_of_track(&self, id: TrackId) -> impl Iterator<Item = &Session> {
        self.named(self.0.tracks.get(&id).map_or(&[], |&at| &self.0.of_track[at]))
    }

    /// The slots in a room, by time; a block before the topics that begin with it.
    pub fn slots_of_room(&self, id: RoomId) -> impl Iterator<Item = (&Session, &Slot)> {
        self.placed(self.0.rooms.get(&id).map_or(&[], |&at| &self.0.of_room[at]))
    }

    /// The topics of a microconference block, by time.
    pub fn topics(&self, block: SessionId) -> impl Iterator<Item = &Session> {
        self.named(self.0.topics.get(&block).map_or(&[], Vec::as_slice))
    }

    /// The slots of a conference day, by time, then room; a block before the topics that begin with it.
    pub fn slots_on(&self, date: Date) -> impl Iterator<Item = (&Session, &Slot)> {
        self.placed(self.0.on_day.get(&date).map_or(&[], Vec::as_slice))
    }

    /// How many slots the programme holds.
    pub fn slot_count(&self) -> usize {
        self.0.on_day.values().map(Vec::len).sum()
    }

    /// The sessions that are more than a pause, for counting and for lists.
    pub fn proper_sessions(&self) -> impl Iterator<Item = &Session> {
        self.programme().sessions.iter().filter(|session| session.kind != SessionKind::Break)
    }

    fn named<'a>(&'a self, places: &'a [usize]) -> impl Iterator<Item = &'a Session> {
        places.iter().map(|&at| &self.programme().sessions[at])
    }

    fn placed<'a>(&'a self, places: &'a [Place]) -> impl Iterator<Item = (&'a Session, &'a Slot)> {
        places.iter().map(|place| {
            let session = &self.programme().sessions[place.session];
            (session, &session.slots[place.slot])
        })
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Snapshot({} release {})", self.edition().slug, self.head().number)
    }
}

/// Each key with its place.
fn places<K: Eq + std::hash::Hash>(keys: impl Iterator<Item = K>) -> HashMap<K, usize> {
    keys.zip(0..).collect()
}
