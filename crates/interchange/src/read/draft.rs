//! The draft of a programme: what every reader fills with the raw strings of its file.
//!
//! A reader knows its format's names and nothing else. What must be done with the strings is done here, once:
//! cleaning, identifiers, times and zones, grouping slots into sessions, the conference days, limits, notes.
//!
//! In every raw struct an empty string means "the file does not say". Strings are given as they stand in the
//! file; nobody trims before.

mod assemble;
pub(super) mod notes;
mod people;
mod sessions;
mod values;
mod when;

use crate::{
    extras::Extras,
    read::{Format, Imported, MAX_EVENTS, Note, Options, ReadError},
};
use jiff::Timestamp;
use model::merge::Carries;
pub(crate) use notes::Notes;

/// The most rooms, tracks, persons, links and sponsors of one file, counted wherever they are named.
const PARTS_MAX: usize = 500_000;

/// What the file says of the conference as a whole.
#[derive(Clone, Debug, Default)]
pub(crate) struct RawConference {
    /// Its title.
    pub title: String,
    /// Its acronym, from which the slug is made.
    pub acronym: String,
    /// A line under the title.
    pub subtitle: String,
    /// The welcome text.
    pub description: String,
    /// Its first day, as a date or a date-time. The days named in `days` are believed before it.
    pub start: String,
    /// Its last day.
    pub end: String,
    /// When the conference day changes: `09:00`, `09:00:00`.
    pub day_change: String,
    /// The grid: `00:15`, `00:15:00`, or minutes.
    pub timeslot: String,
    /// The name of its zone.
    pub zone: String,
    /// The address that relative addresses in the file are relative to.
    pub base_url: String,
    /// Its web site.
    pub url: String,
    /// Its logo.
    pub logo: String,
    /// The building.
    pub venue: String,
    /// The city.
    pub city: String,
    /// The country.
    pub country: String,
    /// The main language.
    pub language: String,
    /// The colour.
    pub colour: String,
    /// The release that the file holds.
    pub version: String,
    /// When the file was made.
    pub made: String,
    /// The days that the file lists, in any order.
    pub days: Vec<RawDay>,
}

/// A conference day that the file lists.
#[derive(Clone, Debug, Default)]
pub(crate) struct RawDay {
    /// Its date.
    pub date: String,
    /// When it begins, with offset.
    pub start: String,
    /// When it ends, with offset.
    pub end: String,
}

/// A room that the file lists. Rooms that only events name need not be listed.
#[derive(Clone, Debug, Default)]
pub(crate) struct RawRoom {
    /// Its UUID or other lasting identifier.
    pub guid: String,
    /// The key by which events in this file name it, where that is neither its guid nor its name.
    pub key: String,
    /// Its name; a room without a name is no room.
    pub name: String,
    /// Its slug.
    pub slug: String,
    /// How many people it holds.
    pub capacity: Option<u64>,
    /// What one should know.
    pub description: String,
    /// Whether it is a video room only.
    pub is_virtual: bool,
}

/// A track that the file lists or that an event names.
#[derive(Clone, Debug, Default)]
pub(crate) struct RawTrack {
    /// Its UUID or other lasting identifier.
    pub guid: String,
    /// The key by which events in this file name it, where that is neither its guid, its slug nor its name.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its slug.
    pub slug: String,
    /// What it is about.
    pub description: String,
    /// Its colour.
    pub colour: String,
}

/// A person that the file lists or that an event names.
#[derive(Clone, Debug, Default)]
pub(crate) struct RawPerson {
    /// Where in the file.
    pub place: String,
    /// Their UUID or other lasting identifier.
    pub guid: String,
    /// Their code in pretalx.
    pub code: String,
    /// Their number; "0" is none. Two names under one number are two persons.
    pub id: String,
    /// Their name. May be empty where an event names somebody whom the file lists by guid, code or id.
    pub name: String,
    /// What they say of themselves.
    pub biography: String,
    /// Where they belong.
    pub affiliation: String,
    /// Their picture.
    pub avatar: String,
    /// Their pages.
    pub links: Vec<RawLink>,
    /// Their role in the event that names them; empty for a speaker.
    pub role: String,
}

/// A link, an attachment, a recording.
#[derive(Clone, Debug, Default)]
pub(crate) struct RawLink {
    /// What the file calls its type: `slides`, `video`, `attachment`; empty to guess from title and address.
    pub kind: String,
    /// Its title.
    pub title: String,
    /// Its address, possibly relative to [`RawConference::base_url`].
    pub url: String,
}

/// A sponsor.
#[derive(Clone, Debug, Default)]
pub(crate) struct RawSponsor {
    /// The key that lasts; empty to use the name.
    pub guid: String,
    /// The name.
    pub name: String,
    /// The kind of sponsorship.
    pub level: String,
    /// The order of the levels.
    pub rank: u16,
    /// The site.
    pub url: String,
    /// The logo.
    pub logo: String,
    /// A line or two.
    pub description: String,
}

/// A moment as the file states it; what is known is filled in, the best is taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct RawTime {
    /// A date and time in one: RFC 3339, with or without offset, also in iCalendar's compact form.
    pub full: String,
    /// The conference day, used with `clock` where `full` is empty or broken.
    pub date: String,
    /// The time on the clock: `9:30`, `09:30`, `0930`, `09:30:00`. Before the day change it is the next day's.
    pub clock: String,
    /// The zone in which `full` without an offset, or `clock`, is meant; empty for the edition's.
    pub zone: String,
    /// The instant, where the reader knows it already.
    pub instant: Option<Timestamp>,
}

impl RawTime {
    /// A date and time in one string.
    pub(crate) fn full(text: impl Into<String>) -> Self {
        Self { full: text.into(), ..Self::default() }
    }

    /// A conference day and a time on the clock.
    pub(crate) fn clock(date: impl Into<String>, clock: impl Into<String>) -> Self {
        Self { date: date.into(), clock: clock.into(), ..Self::default() }
    }

    /// Whether the file says nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.instant.is_none() && self.full.trim().is_empty() && self.clock.trim().is_empty()
    }
}

/// How long an event takes.
#[derive(Clone, Debug, Default)]
pub(crate) enum RawLength {
    /// The file does not say.
    #[default]
    Unknown,
    /// `1:30`, `01:30:00`, `PT1H30M`, or a bare number of minutes.
    Text(String),
    /// Minutes.
    Minutes(i64),
    /// Until then.
    Until(RawTime),
}

/// One event of the file: a session, or one of several slots of a session, or a session without a slot.
#[derive(Clone, Debug, Default)]
pub(crate) struct RawEvent {
    /// Where in the file: "line 12", "sessions\[3\]".
    pub place: String,
    /// The lasting identifier of the slot. Events that share it are one session.
    pub guid: String,
    /// The file's own id: a number, or any other key that lasts.
    pub id: String,
    /// The session's code. Events that share it are one session.
    pub code: String,
    /// The session's own lasting key where the file tells session and slot apart and has no code. Events that
    /// share it are one session.
    pub session_key: String,
    /// The title; "CANCELLED" before it becomes the slot's standing.
    pub title: String,
    /// The line under it.
    pub subtitle: String,
    /// The short text.
    pub summary: String,
    /// The long text.
    pub description: String,
    /// What the file calls its kind.
    pub kind: String,
    /// The kind, where the reader knows better than the word.
    pub known_kind: Option<model::programme::SessionKind>,
    /// The language.
    pub language: String,
    /// The track; all empty for none.
    pub track: RawTrack,
    /// Who takes part.
    pub persons: Vec<RawPerson>,
    /// When it begins; empty for a session without a slot.
    pub start: RawTime,
    /// How long it takes.
    pub length: RawLength,
    /// The conference day under which the file lists it.
    pub day: String,
    /// The room's name.
    pub room: String,
    /// The room's key, where the file names it by guid or key.
    pub room_key: String,
    /// Links, attachments and recordings.
    pub links: Vec<RawLink>,
    /// Where it stands in the system it came from. Events that share it and the title are one session.
    pub url: String,
    /// Its picture.
    pub logo: String,
    /// Where to say what one thought of it.
    pub feedback_url: String,
    /// The licence of the recording.
    pub licence: String,
    /// Whether it must not be recorded.
    pub opt_out: bool,
    /// Whether the file says that it is cancelled.
    pub cancelled: bool,
    /// By how many minutes it is late.
    pub delay_minutes: Option<i64>,
    /// The guid, code, session key or id of the block that it is a topic of.
    pub parent_key: String,
}

/// A programme in the making.
#[derive(Debug)]
pub(crate) struct Draft {
    /// What the file says of the conference.
    pub conference: RawConference,
    /// What this file can express; at first what its format can.
    pub carries: Carries,
    format: Format,
    options: Options,
    notes: Notes,
    rooms: Vec<RawRoom>,
    tracks: Vec<RawTrack>,
    persons: Vec<RawPerson>,
    sponsors: Vec<RawSponsor>,
    events: Vec<RawEvent>,
    /// How many rooms, tracks, persons, links and sponsors there are.
    parts: usize,
    /// What our own files carry beside their format.
    pub extras: Option<Extras>,
    /// Whether `person.id` names an appearance and not a person, so that only names tell persons apart.
    pub persons_by_name: bool,
}

impl Draft {
    /// An empty draft of what `file` says.
    pub(crate) fn new(file: &str, format: Format, options: &Options) -> Self {
        Self {
            conference: RawConference::default(),
            carries: format.carries(),
            format,
            options: options.clone(),
            notes: Notes::new(file),
            rooms: vec![],
            tracks: vec![],
            persons: vec![],
            sponsors: vec![],
            events: vec![],
            parts: 0,
            extras: None,
            persons_by_name: false,
        }
    }

    /// Notes something wrong at `place`, without full stops. Many notes with one `remedy` are summed up.
    pub(crate) fn note(
        &mut self,
        place: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.notes.add(place, problem, remedy);
    }

    /// Takes over notes made before the draft, such as those of [`Source::decode`](super::decode::Source).
    pub(crate) fn take_notes(&mut self, notes: &[Note]) {
        self.notes.take(notes);
    }

    /// Says that the file is of another format than was thought at first.
    pub(crate) fn set_format(&mut self, format: Format) {
        self.format = format;
        self.carries = format.carries();
    }

    /// Takes over what a file of ours says beside its format; notes it where it cannot be read.
    pub(crate) fn take_extras(&mut self, extras: serde_json::Result<Extras>) {
        match extras {
            Ok(extras) => self.extras = Some(extras),
            Err(error) => self.note(
                "",
                format!("what Plenary wrote beside the format cannot be read: {error}"),
                "It was passed over; fetch the file again",
            ),
        }
    }

    /// Adds a room that the file lists. Order is kept.
    pub(crate) fn room(&mut self, room: RawRoom) {
        if self.has_space(1) {
            self.rooms.push(room);
        }
    }

    /// Adds a track that the file lists. Order is kept.
    pub(crate) fn track(&mut self, track: RawTrack) {
        if self.has_space(1) {
            self.tracks.push(track);
        }
    }

    /// Adds a person that the file lists by themselves.
    pub(crate) fn person(&mut self, person: RawPerson) {
        if self.has_space(1 + person.links.len()) {
            self.persons.push(person);
        }
    }

    /// Adds a sponsor.
    pub(crate) fn sponsor(&mut self, sponsor: RawSponsor) {
        if self.has_space(1) {
            self.sponsors.push(sponsor);
        }
    }

    /// Adds an event; an error when there are more than [`MAX_EVENTS`], or far more persons and links than events.
    pub(crate) fn event(&mut self, event: RawEvent) -> Result<(), ReadError> {
        if self.events.len() >= MAX_EVENTS {
            return Err(ReadError::too_large(self.notes.file(), event.place, "50,000 events"));
        }
        let links: usize = event.persons.iter().map(|person| person.links.len()).sum();
        if !self.has_space(event.persons.len() + event.links.len() + links) {
            return Err(ReadError::too_large(
                self.notes.file(),
                event.place,
                "500,000 persons, rooms and links",
            ));
        }
        self.events.push(event);
        Ok(())
    }

    /// Counts `more` parts; whether they may be kept. A part takes memory though it may stand in a few bytes.
    fn has_space(&mut self, more: usize) -> bool {
        self.parts += more;
        self.parts <= PARTS_MAX
    }

    /// How many events there are.
    pub(crate) fn event_count(&self) -> usize {
        self.events.len()
    }

    /// Takes back what the format carries and this file lacks: a list of speakers alone says nothing of sessions,
    /// files without any biography say nothing of who somebody is, and so on.
    pub(crate) fn says_only_what_it_has(&mut self) {
        if self.events.is_empty() {
            self.carries = Carries::PEOPLE.and(Carries::PROFILES);
        }
        let mut persons = self.persons.iter().chain(self.events.iter().flat_map(|event| &event.persons));
        let told = persons.any(|person| {
            let texts = [&person.biography, &person.avatar, &person.affiliation];
            texts.iter().any(|text| !text.is_empty()) || !person.links.is_empty()
        });
        if !told {
            self.carries = self.carries.without(Carries::PROFILES);
        }
        let mut rooms = self.rooms.iter();
        if rooms.any(|room| room.capacity.is_some() || !room.description.is_empty() || room.is_virtual) {
            self.carries = self.carries.and(Carries::ROOM_DETAILS);
        }
        if self.tracks.iter().any(|track| !track.colour.is_empty() || !track.description.is_empty()) {
            self.carries = self.carries.and(Carries::TRACK_DETAILS);
        }
        let edition = &self.conference;
        let details =
            [&edition.subtitle, &edition.venue, &edition.city, &edition.country, &edition.url, &edition.logo];
        if details.iter().any(|text| !text.trim().is_empty()) {
            self.carries = self.carries.and(Carries::EDITION_DETAILS);
        }
    }

    /// Makes the programme.
    pub(crate) fn finish(mut self) -> Imported {
        // Who lists rooms also lists those in which nothing takes place.
        if !self.rooms.is_empty() {
            self.carries = self.carries.and(Carries::ROOMS);
        }
        assemble::assemble(self)
    }
}
