//! The programme of an edition as rows, and back.

use crate::{
    Error, Result,
    entity::{edition, participation, person, room, session, slot, sponsor, track},
};
use model::{
    edition::{Edition, EditionState, Mode, Sponsor},
    id::{EditionId, PersonId, RoomId, SessionId, SlotId, SponsorId, TrackId},
    programme::{
        Participation, Person, Programme, Recording, Role, Room, RoomKind, Session, SessionKind, Slot,
        Slugish, Standing, Track,
    },
    sponsor::UploadName,
    text::{Colour, Line, RichText, Slug, WebUrl},
    time::{Zone, from_micros, to_micros},
};
use serde::{Serialize, de::DeserializeOwned};
use std::{collections::HashMap, fmt::Display};
use uuid::Uuid;

/// Where the things that people put in order stand: larger comes later, gaps are normal.
pub(crate) type Positions = HashMap<Uuid, i64>;

/// All rows of one edition's programme. Order means nothing here: rooms, tracks, sponsors and participations
/// have positions, and the rest is ordered by [`Programme::normalise`].
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    pub(crate) edition: edition::Model,
    pub(crate) rooms: Vec<room::Model>,
    pub(crate) tracks: Vec<track::Model>,
    pub(crate) persons: Vec<person::Model>,
    pub(crate) sessions: Vec<session::Model>,
    pub(crate) participations: Vec<participation::Model>,
    pub(crate) slots: Vec<slot::Model>,
    pub(crate) sponsors: Vec<sponsor::Model>,
}

impl Rows {
    /// The rows of `programme`, with its rooms, tracks and sponsors at `positions`.
    pub(crate) fn of(programme: &Programme, positions: &Positions) -> Result<Self> {
        let edition = programme.edition.id.0;
        let at = |id: Uuid| positions.get(&id).copied().unwrap_or_default();
        let mut rows = Self {
            edition: edition_row(&programme.edition),
            rooms: programme.rooms.iter().map(|room| room_row(edition, room, at(room.id.0))).collect(),
            tracks: programme.tracks.iter().map(|track| track_row(edition, track, at(track.id.0))).collect(),
            persons: programme
                .persons
                .iter()
                .map(|person| person_row(edition, person))
                .collect::<Result<_>>()?,
            sessions: programme
                .sessions
                .iter()
                .map(|session| session_row(edition, session))
                .collect::<Result<_>>()?,
            participations: vec![],
            slots: vec![],
            sponsors: programme
                .sponsors
                .iter()
                .map(|sponsor| sponsor_row(edition, sponsor, at(sponsor.id.0)))
                .collect(),
        };
        for session in &programme.sessions {
            rows.participations.extend(session.people.iter().zip(0..).map(|(part, position)| {
                participation::Model {
                    edition,
                    session: session.id.0,
                    person: part.person.0,
                    position,
                    role: part.role.as_str().to_owned(),
                }
            }));
            rows.slots.extend(session.slots.iter().map(|slot| slot_row(edition, session, slot)));
        }
        Ok(rows)
    }

    /// The positions that the rows hold.
    pub(crate) fn positions(&self) -> Positions {
        let rooms = self.rooms.iter().map(|row| (row.id, row.position));
        let tracks = self.tracks.iter().map(|row| (row.id, row.position));
        let sponsors = self.sponsors.iter().map(|row| (row.id, row.position));
        rooms.chain(tracks).chain(sponsors).collect()
    }

    /// The programme that the rows say, normalised. Fails where a row holds what the model cannot.
    pub(crate) fn programme(&self) -> Result<Programme> {
        let mut people: HashMap<Uuid, Vec<&participation::Model>> = HashMap::new();
        for row in &self.participations {
            people.entry(row.session).or_default().push(row);
        }
        for rows in people.values_mut() {
            rows.sort_unstable_by_key(|row| row.position);
        }
        let mut slots: HashMap<Uuid, Vec<Slot>> = HashMap::new();
        for row in &self.slots {
            slots.entry(row.session).or_default().push(slot(row)?);
        }
        let mut sessions = Vec::with_capacity(self.sessions.len());
        for row in &self.sessions {
            let mut session = session(row)?;
            for part in people.remove(&row.id).unwrap_or_default() {
                let place = Place("participation", part.session);
                let role = place.known("role", Role::parse(&part.role))?;
                session.people.push(Participation { person: PersonId(part.person), role });
            }
            session.slots = slots.remove(&row.id).unwrap_or_default();
            sessions.push(session);
        }
        let mut programme = Programme {
            edition: edition(&self.edition)?,
            rooms: in_order(&self.rooms, |row| row.position, room)?,
            tracks: in_order(&self.tracks, |row| row.position, track)?,
            persons: self.persons.iter().map(person).collect::<Result<_>>()?,
            sessions,
            sponsors: in_order(&self.sponsors, |row| row.position, sponsor)?,
        };
        programme.normalise();
        Ok(programme)
    }
}

/// The edition that a row says.
pub(crate) fn edition(row: &edition::Model) -> Result<Edition> {
    let place = Place("edition", row.id);
    Ok(Edition {
        id: EditionId(row.id),
        slug: place.valid("slug", Slug::parse(&row.slug))?,
        series: Line::clean(&row.series),
        title: Line::clean(&row.title),
        subtitle: Line::clean(&row.subtitle),
        description: RichText::clean(&row.description),
        zone: place.valid("zone", Zone::parse(&row.zone))?,
        first_day: place.valid("first_day", row.first_day.parse())?,
        last_day: place.valid("last_day", row.last_day.parse())?,
        day_change: place.valid("day_change", row.day_change.try_into())?,
        venue: Line::clean(&row.venue),
        city: Line::clean(&row.city),
        country: Line::clean(&row.country),
        url: place.address("url", row.url.as_deref())?,
        logo: place.address("logo", row.logo.as_deref())?,
        language: Line::clean(&row.language),
        colour: place.colour(row.colour.as_deref())?,
        timeslot_minutes: place.valid("timeslot_minutes", row.timeslot_minutes.try_into())?,
        mode: place.known("mode", Mode::parse(&row.mode))?,
        state: place.known("state", EditionState::parse(&row.state))?,
        notice: Line::clean(&row.notice),
    })
}

fn edition_row(edition: &Edition) -> edition::Model {
    edition::Model {
        id: edition.id.0,
        slug: edition.slug.to_string(),
        series: edition.series.to_string(),
        title: edition.title.to_string(),
        subtitle: edition.subtitle.to_string(),
        description: edition.description.to_string(),
        zone: edition.zone.to_string(),
        first_day: edition.first_day.to_string(),
        last_day: edition.last_day.to_string(),
        day_change: edition.day_change.into(),
        venue: edition.venue.to_string(),
        city: edition.city.to_string(),
        country: edition.country.to_string(),
        url: written(edition.url.as_ref()),
        logo: written(edition.logo.as_ref()),
        language: edition.language.to_string(),
        colour: written(edition.colour.as_ref()),
        timeslot_minutes: edition.timeslot_minutes.into(),
        mode: edition.mode.as_str().to_owned(),
        state: edition.state.as_str().to_owned(),
        notice: edition.notice.to_string(),
    }
}

fn room(row: &room::Model) -> Result<Room> {
    let place = Place("room", row.id);
    Ok(Room {
        id: RoomId(row.id),
        slug: place.valid("slug", Slug::parse(&row.slug))?,
        name: Line::clean(&row.name),
        kind: match row.kind.as_str() {
            "physical" => RoomKind::Physical,
            "virtual" => RoomKind::Virtual,
            "hybrid" => RoomKind::Hybrid,
            _ => return place.known("kind", None),
        },
        capacity: row.capacity.map(|capacity| place.valid("capacity", capacity.try_into())).transpose()?,
        description: RichText::clean(&row.description),
    })
}

fn room_row(edition: Uuid, room: &Room, position: i64) -> room::Model {
    room::Model {
        edition,
        id: room.id.0,
        position,
        slug: room.slug.to_string(),
        name: room.name.to_string(),
        kind: match room.kind {
            RoomKind::Physical => "physical",
            RoomKind::Virtual => "virtual",
            RoomKind::Hybrid => "hybrid",
        }
        .to_owned(),
        capacity: room.capacity.map(i64::from),
        description: room.description.to_string(),
    }
}

pub(crate) fn track(row: &track::Model) -> Result<Track> {
    let place = Place("track", row.id);
    Ok(Track {
        id: TrackId(row.id),
        slug: place.valid("slug", Slug::parse(&row.slug))?,
        name: Line::clean(&row.name),
        description: RichText::clean(&row.description),
        colour: place.colour(row.colour.as_deref())?,
    })
}

fn track_row(edition: Uuid, track: &Track, position: i64) -> track::Model {
    track::Model {
        edition,
        id: track.id.0,
        position,
        slug: track.slug.to_string(),
        name: track.name.to_string(),
        description: track.description.to_string(),
        colour: written(track.colour.as_ref()),
    }
}

fn person(row: &person::Model) -> Result<Person> {
    let place = Place("person", row.id);
    Ok(Person {
        id: PersonId(row.id),
        slug: place.valid("slug", Slug::parse(&row.slug))?,
        code: row.code.as_deref().map(Line::clean),
        number: row.number.map(|number| place.valid("number", number.try_into())).transpose()?,
        name: Line::clean(&row.name),
        biography: RichText::clean(&row.biography),
        affiliation: Line::clean(&row.affiliation),
        avatar: place.address("avatar", row.avatar.as_deref())?,
        links: place.json("links", &row.links)?,
    })
}

fn person_row(edition: Uuid, person: &Person) -> Result<person::Model> {
    Ok(person::Model {
        edition,
        id: person.id.0,
        slug: person.slug.to_string(),
        code: written(person.code.as_ref()),
        number: person.number.map(i64::from),
        name: person.name.to_string(),
        biography: person.biography.to_string(),
        affiliation: person.affiliation.to_string(),
        avatar: written(person.avatar.as_ref()),
        links: json(&person.links)?,
    })
}

/// Without its people and slots, which have rows of their own.
fn session(row: &session::Model) -> Result<Session> {
    let place = Place("session", row.id);
    Ok(Session {
        id: SessionId(row.id),
        code: place.known("code", Slugish::parse(&row.code))?,
        kind: place.known("kind", SessionKind::parse(&row.kind))?,
        type_label: Line::clean(&row.type_label),
        title: Line::clean(&row.title),
        subtitle: Line::clean(&row.subtitle),
        summary: RichText::clean(&row.summary),
        description: RichText::clean(&row.description),
        language: Line::clean(&row.language),
        track: row.track.map(TrackId),
        parent: row.parent.map(SessionId),
        people: vec![],
        slots: vec![],
        links: place.json("links", &row.links)?,
        logo: place.address("logo", row.logo.as_deref())?,
        url: place.address("url", row.url.as_deref())?,
        feedback_url: place.address("feedback_url", row.feedback_url.as_deref())?,
        recording: Recording { licence: Line::clean(&row.licence), opt_out: row.opt_out },
    })
}

fn session_row(edition: Uuid, session: &Session) -> Result<session::Model> {
    Ok(session::Model {
        edition,
        id: session.id.0,
        code: session.code.to_string(),
        kind: session.kind.as_str().to_owned(),
        type_label: session.type_label.to_string(),
        title: session.title.to_string(),
        subtitle: session.subtitle.to_string(),
        summary: session.summary.to_string(),
        description: session.description.to_string(),
        language: session.language.to_string(),
        track: session.track.map(|track| track.0),
        parent: session.parent.map(|parent| parent.0),
        links: json(&session.links)?,
        logo: written(session.logo.as_ref()),
        url: written(session.url.as_ref()),
        feedback_url: written(session.feedback_url.as_ref()),
        licence: session.recording.licence.to_string(),
        opt_out: session.recording.opt_out,
    })
}

fn slot(row: &slot::Model) -> Result<Slot> {
    let place = Place("slot", row.id);
    Ok(Slot {
        id: SlotId(row.id),
        number: place.valid("number", row.number.try_into())?,
        room: row.room.map(RoomId),
        start: place.known("start", from_micros(row.start))?,
        end: place.known("end", from_micros(row.end))?,
        standing: match row.standing.as_str() {
            "planned" => Standing::Planned,
            "delayed" => Standing::Delayed(place.valid("delay", row.delay.try_into())?),
            "cancelled" => Standing::Cancelled,
            _ => return place.known("standing", None),
        },
    })
}

fn slot_row(edition: Uuid, session: &Session, slot: &Slot) -> slot::Model {
    let (standing, delay) = match slot.standing {
        Standing::Planned => ("planned", 0),
        Standing::Delayed(minutes) => ("delayed", minutes),
        Standing::Cancelled => ("cancelled", 0),
    };
    slot::Model {
        edition,
        id: slot.id.0,
        session: session.id.0,
        number: slot.number.into(),
        room: slot.room.map(|room| room.0),
        start: to_micros(slot.start),
        end: to_micros(slot.end),
        standing: standing.to_owned(),
        delay: delay.into(),
    }
}

/// The sponsor of a row.
pub(crate) fn sponsor(row: &sponsor::Model) -> Result<Sponsor> {
    let place = Place("sponsor", row.id);
    Ok(Sponsor {
        id: SponsorId(row.id),
        name: Line::clean(&row.name),
        level: Line::clean(&row.level),
        rank: place.valid("rank", row.rank.try_into())?,
        url: place.address("url", row.url.as_deref())?,
        logo: place.address("logo", row.logo.as_deref())?,
        upload: row.upload.as_deref().and_then(UploadName::parse),
        description: RichText::clean(&row.description),
    })
}

fn sponsor_row(edition: Uuid, sponsor: &Sponsor, position: i64) -> sponsor::Model {
    sponsor::Model {
        edition,
        id: sponsor.id.0,
        position,
        name: sponsor.name.to_string(),
        level: sponsor.level.to_string(),
        rank: sponsor.rank.into(),
        url: written(sponsor.url.as_ref()),
        logo: written(sponsor.logo.as_ref()),
        upload: sponsor.upload.as_ref().map(ToString::to_string),
        description: sponsor.description.to_string(),
    }
}

fn in_order<R, T>(
    rows: &[R],
    position: impl Fn(&R) -> i64,
    read: impl Fn(&R) -> Result<T>,
) -> Result<Vec<T>> {
    let mut rows: Vec<&R> = rows.iter().collect();
    rows.sort_by_key(|row| position(row));
    rows.into_iter().map(read).collect()
}

fn written(value: Option<&impl ToString>) -> Option<String> {
    value.map(ToString::to_string)
}

/// JSON text of a value that the record keeps.
pub(crate) fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::damaged("a value to be written", error))
}

/// A row, for messages about what is wrong in it.
struct Place(&'static str, Uuid);

impl Place {
    fn damaged(&self, column: &str, detail: impl Display) -> Error {
        Error::damaged(format!("{} {}, column {column}", self.0, self.1), detail)
    }

    fn valid<T, E: Display>(&self, column: &str, value: Result<T, E>) -> Result<T> {
        value.map_err(|error| self.damaged(column, error))
    }

    fn known<T>(&self, column: &str, value: Option<T>) -> Result<T> {
        value.ok_or_else(|| self.damaged(column, "not a value that is known here"))
    }

    fn address(&self, column: &str, text: Option<&str>) -> Result<Option<WebUrl>> {
        text.map(|text| self.valid(column, WebUrl::parse(text))).transpose()
    }

    fn colour(&self, text: Option<&str>) -> Result<Option<Colour>> {
        text.map(|text| self.valid("colour", Colour::parse(text))).transpose()
    }

    fn json<T: DeserializeOwned>(&self, column: &str, text: &str) -> Result<T> {
        self.valid(column, serde_json::from_str(text))
    }
}
