//! The public answers of pretalx: the schedule widget's JSON and the lists of its REST API, read-only.
//!
//! Addresses that scripts use, below the site: `/{event}/schedule/widgets/schedule.json` ([`widget`]) and
//! `/api/events/{event}/...` ([`event`], [`list`], [`item`]). Lists come in pages with `count`, `next`,
//! `previous` and `results`, by `page` and `page_size`, or by the older `offset` and `limit`; `?expand=` puts
//! objects where identifiers stand: `speakers`, `slots`, `slots.room`, `track`, `submission_type`.
//!
//! Identifiers are numbers in pretalx: a slot's is its number in schedule files, those of rooms and tracks are
//! drawn from their identifiers, a schedule's is its release's number. Texts in several languages are objects
//! with one member, the edition's language. A break is no submission but a slot without one, as in pretalx.

use super::{Export, Index, is_datable, is_listed, number_from, stamp};
use model::{
    address::Address,
    id::{PersonId, RoomId, TrackId},
    programme::{LinkKind, Person, Room, Session, SessionKind, Slot, Slugish, Track},
};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

/// A list of pretalx's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// `/submissions/`, and `/talks/`, its older name.
    Submissions,
    /// `/speakers/`.
    Speakers,
    /// `/rooms/`.
    Rooms,
    /// `/tracks/`.
    Tracks,
    /// `/slots/`.
    Slots,
    /// `/schedules/`: the present release.
    Schedules,
    /// `/submission-types/`.
    SubmissionTypes,
}

impl List {
    /// The list of that part of the address.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "submissions" | "talks" => Self::Submissions,
            "speakers" => Self::Speakers,
            "rooms" => Self::Rooms,
            "tracks" => Self::Tracks,
            "slots" => Self::Slots,
            "schedules" => Self::Schedules,
            "submission-types" => Self::SubmissionTypes,
            _ => return None,
        })
    }
}

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paging {
    /// Page by page: `page` from 1, `size` as pretalx bounds it.
    Pages {
        /// The page, from 1.
        page: usize,
        /// How many entries a page has, 1 to [`PAGE_SIZE_MAX`].
        size: usize,
    },
    /// From an offset, as older versions did.
    Offset {
        /// How many entries are passed over.
        offset: usize,
        /// How many entries come at most, 1 to [`PAGE_SIZE_MAX`].
        limit: usize,
    },
}

/// The most entries of one answer.
pub const PAGE_SIZE_MAX: usize = 250;

impl Default for Paging {
    fn default() -> Self {
        Self::Pages { page: 1, size: 50 }
    }
}

/// What was asked of a list.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<'a> {
    /// The full address of the list without its query, for `next` and `previous`.
    pub address: &'a str,
    /// Which part.
    pub paging: Paging,
    /// What is to be put in place of identifiers, as in `?expand=speakers,slots.room`.
    pub expand: &'a str,
}

impl Query<'_> {
    fn expands(&self, what: &str) -> bool {
        self.expand.split(',').map(str::trim).any(|word| word == what)
    }
}

/// A list of the API; `None` where the page asked for does not exist.
pub fn list(export: &Export<'_>, list: List, query: &Query<'_>) -> Option<String> {
    let api = Api::new(export);
    let (count, range) = api.range(list, query.paging)?;
    let results: Vec<Value> = match list {
        List::Submissions => api.submissions[range].iter().map(|s| api.submission(s, query)).collect(),
        List::Speakers => export.programme.persons[range].iter().map(|p| api.speaker(p)).collect(),
        List::Rooms => export.programme.rooms[range].iter().map(|room| api.room(room)).collect(),
        List::Tracks => export.programme.tracks[range].iter().map(|track| api.track(track)).collect(),
        List::Slots => {
            api.slots[range].iter().map(|(session, slot)| api.slot(session, slot, query)).collect()
        }
        List::Schedules => [api.schedule()][range].to_vec(),
        List::SubmissionTypes => api.types[range].iter().map(|label| api.submission_type(label)).collect(),
    };
    Some(page(count, results, query))
}

/// One entry of a list, by its code or number; `None` where there is none.
pub fn item(export: &Export<'_>, list: List, key: &str, query: &Query<'_>) -> Option<String> {
    let api = Api::new(export);
    let number = || key.parse::<u32>().ok();
    let value = match list {
        List::Submissions => {
            let session = api.submissions.iter().find(|s| s.code.as_str().eq_ignore_ascii_case(key))?;
            api.submission(session, query)
        }
        List::Speakers => {
            api.speaker(export.programme.persons.iter().find(|p| api.codes[&p.id].eq_ignore_ascii_case(key))?)
        }
        List::Rooms => {
            let number = number()?;
            api.room(export.programme.rooms.iter().find(|room| api.rooms[&room.id] == number)?)
        }
        List::Tracks => {
            let number = number()?;
            api.track(export.programme.tracks.iter().find(|track| api.tracks[&track.id] == number)?)
        }
        List::Slots => {
            let number = number()?;
            let (session, slot) = api.slots.iter().find(|(_, slot)| slot.number == number)?;
            api.slot(session, slot, query)
        }
        List::Schedules => (number()? == export.release.number || key == "latest").then(|| api.schedule())?,
        List::SubmissionTypes => {
            let number = number()? as usize;
            api.submission_type(number.checked_sub(1).and_then(|at| api.types.get(at))?)
        }
    };
    Some(value.to_string())
}

/// The event's own entry, `/api/events/{event}/`.
pub fn event(export: &Export<'_>) -> String {
    event_value(export).to_string()
}

/// The list of events, `/api/events/`, one for each edition.
pub fn events(exports: &[Export<'_>], query: &Query<'_>) -> Option<String> {
    let range = range(exports.len(), query.paging)?;
    Some(page(exports.len(), exports[range].iter().map(event_value).collect(), query))
}

/// The JSON from which pretalx's widget draws the schedule. Cancelled slots are left out.
pub fn widget(export: &Export<'_>) -> String {
    let programme = export.programme;
    let edition = &programme.edition;
    let api = Api::new(export);
    let zone = export.zone();
    let mut used_rooms: HashSet<RoomId> = HashSet::new();
    let mut used_tracks: HashSet<TrackId> = HashSet::new();
    let mut used_persons: HashSet<PersonId> = HashSet::new();
    let mut talks = Vec::with_capacity(api.slots.len());
    for (session, slot) in api.slots.iter().filter(|(_, slot)| is_listed(slot)) {
        used_rooms.extend(slot.room);
        let room = api.room_number(slot);
        let (start, end) = (stamp(zone, slot.actual_start()), stamp(zone, slot.actual_end()));
        talks.push(if is_submission(session) {
            used_tracks.extend(session.track);
            used_persons.extend(session.people.iter().map(|part| part.person));
            json!({
                "code": session.code.as_str(),
                "id": slot.number,
                "title": session.title.as_str(),
                "abstract": session.summary.as_str(),
                "speakers": api.speaker_codes(session),
                "track": session.track.and_then(|id| api.tracks.get(&id)),
                "start": start,
                "end": end,
                "room": room,
                "duration": slot.minutes(),
                "updated": stamp(zone, export.release.at),
                "state": Value::Null,
                "content_locale": language(export, session),
                "do_not_record": session.recording.opt_out,
            })
        } else {
            json!({
                "id": slot.number,
                "title": api.localised(session.title.as_str()),
                "start": start,
                "end": end,
                "room": room,
                "slot_type": "break",
            })
        });
    }
    json!({
        "talks": talks,
        "version": export.release.number.to_string(),
        "schedule_id": export.release.number,
        "timezone": zone.name(),
        "event_start": edition.first_day.to_string(),
        "event_end": edition.last_day.to_string(),
        "tracks": programme.tracks.iter().filter(|track| used_tracks.contains(&track.id)).map(|track| json!({
            "id": api.tracks[&track.id],
            "name": api.localised(track.name.as_str()),
            "description": api.localised(track.description.as_str()),
            "color": track.colour.map(|colour| colour.to_string()),
        })).collect::<Vec<_>>(),
        "rooms": programme.rooms.iter().filter(|room| used_rooms.contains(&room.id)).map(|room| json!({
            "id": api.rooms[&room.id],
            "name": api.localised(room.name.as_str()),
            "description": api.localised(room.description.as_str()),
        })).collect::<Vec<_>>(),
        "speakers": programme.persons.iter().filter(|p| used_persons.contains(&p.id)).map(|person| {
            let avatar = person.avatar.as_ref().map(|url| url.as_str());
            json!({
                "code": api.codes[&person.id],
                "name": person.name.as_str(),
                "avatar": avatar,
                "avatar_thumbnail_default": avatar,
                "avatar_thumbnail_tiny": avatar,
            })
        }).collect::<Vec<_>>(),
    })
    .to_string()
}

/// Everything of an edition under the identifiers that pretalx's API uses.
struct Api<'a> {
    export: &'a Export<'a>,
    index: Index<'a>,
    rooms: HashMap<RoomId, u32>,
    tracks: HashMap<TrackId, u32>,
    codes: HashMap<PersonId, String>,
    /// What pretalx calls submissions: sessions other than breaks.
    submissions: Vec<&'a Session>,
    slots: Vec<(&'a Session, &'a Slot)>,
    types: Vec<&'a str>,
    by_person: HashMap<PersonId, Vec<&'a Session>>,
    locale: String,
}

impl<'a> Api<'a> {
    fn new(export: &'a Export<'a>) -> Self {
        let programme = export.programme;
        let mut taken = HashSet::new();
        let rooms =
            programme.rooms.iter().map(|room| (room.id, number_from(room.id.0, &mut taken))).collect();
        let mut taken = HashSet::new();
        let tracks =
            programme.tracks.iter().map(|track| (track.id, number_from(track.id.0, &mut taken))).collect();
        let mut taken = HashSet::new();
        let mut codes = HashMap::new();
        for person in &programme.persons {
            let own = person.code.as_ref().and_then(|code| Slugish::parse(code.as_str()));
            let stem = own.unwrap_or_else(|| Slugish::from_id(person.id.0));
            let mut code = stem.to_string();
            let mut number = 1;
            while !taken.insert(code.to_ascii_uppercase()) {
                number += 1;
                code = format!("{stem}{number}");
            }
            codes.insert(person.id, code);
        }
        let submissions: Vec<&Session> = programme.sessions.iter().filter(|s| is_submission(s)).collect();
        let mut by_person: HashMap<PersonId, Vec<&Session>> = HashMap::new();
        let mut types: Vec<&str> = vec![];
        let mut types_seen = HashSet::new();
        for session in &submissions {
            for part in &session.people {
                by_person.entry(part.person).or_default().push(session);
            }
            if types_seen.insert(session.kind_label()) {
                types.push(session.kind_label());
            }
        }
        types.sort_unstable();
        let locale = export.programme.edition.language.as_str();
        Self {
            export,
            index: Index::new(programme),
            rooms,
            tracks,
            codes,
            submissions,
            slots: programme.slots().filter(|(_, slot)| is_datable(slot)).collect(),
            types,
            by_person,
            locale: if locale.is_empty() { "en".to_owned() } else { locale.to_owned() },
        }
    }

    fn range(&self, list: List, paging: Paging) -> Option<(usize, std::ops::Range<usize>)> {
        let programme = self.export.programme;
        let count = match list {
            List::Submissions => self.submissions.len(),
            List::Speakers => programme.persons.len(),
            List::Rooms => programme.rooms.len(),
            List::Tracks => programme.tracks.len(),
            List::Slots => self.slots.len(),
            List::Schedules => 1,
            List::SubmissionTypes => self.types.len(),
        };
        Some((count, range(count, paging)?))
    }

    fn localised(&self, text: &str) -> Value {
        json!({ self.locale.as_str(): text })
    }

    fn speaker_codes(&self, session: &Session) -> Vec<&str> {
        self.index.people(session).map(|(_, person)| self.codes[&person.id].as_str()).collect()
    }

    fn room_number(&self, slot: &Slot) -> Option<u32> {
        slot.room.and_then(|id| self.rooms.get(&id)).copied()
    }

    fn submission(&self, session: &Session, query: &Query<'_>) -> Value {
        let slots = || session.slots.iter().filter(|slot| is_datable(slot));
        let label = session.kind_label();
        json!({
            "code": session.code.as_str(),
            "title": session.title.as_str(),
            "speakers": if query.expands("speakers") {
                self.index.people(session).map(|(_, person)| self.speaker(person)).collect::<Value>()
            } else {
                json!(self.speaker_codes(session))
            },
            "submission_type": if query.expands("submission_type") {
                self.submission_type(label)
            } else {
                json!(self.type_number(label))
            },
            "track": match self.index.track(session) {
                Some(track) if query.expands("track") => self.track(track),
                Some(track) => json!(self.tracks[&track.id]),
                None => Value::Null,
            },
            "tags": [],
            "state": if session.is_cancelled() { "canceled" } else { "confirmed" },
            "abstract": session.summary.as_str(),
            "description": session.description.as_str(),
            "duration": session.slots.first().map(Slot::minutes),
            "slot_count": session.slots.len().max(1),
            "content_locale": language(self.export, session),
            "do_not_record": session.recording.opt_out,
            "is_featured": session.kind == SessionKind::Keynote,
            "image": session.logo.as_ref().map(|url| url.as_str()),
            "resources": session.links.iter().filter(|link| !matches!(link.kind, LinkKind::Chat | LinkKind::Stream))
                .map(|link| json!({ "resource": link.url.as_str(), "description": link.title.as_str() }))
                .collect::<Vec<_>>(),
            "slots": if query.expands("slots") || query.expands("slots.room") {
                slots().map(|slot| self.slot(session, slot, query)).collect::<Value>()
            } else {
                slots().map(|slot| json!(slot.number)).collect::<Value>()
            },
            "answers": [],
            "signup_status": Value::Null,
            "url": self.export.url(&Address::from(session)),
        })
    }

    fn speaker(&self, person: &Person) -> Value {
        let avatar = person.avatar.as_ref().map(|url| url.as_str());
        let sessions = self.by_person.get(&person.id);
        json!({
            "code": self.codes[&person.id],
            "name": person.name.as_str(),
            "biography": person.biography.as_str(),
            "submissions": sessions.into_iter().flatten().map(|session| session.code.as_str()).collect::<Vec<_>>(),
            "avatar_url": avatar,
            "avatar": avatar,
            "answers": [],
        })
    }

    fn room(&self, room: &Room) -> Value {
        json!({
            "id": self.rooms[&room.id],
            "name": self.localised(room.name.as_str()),
            "description": self.localised(room.description.as_str()),
            "uuid": room.id,
            "guid": room.id,
            "capacity": room.capacity,
            "position": self.index.rooms.get(&room.id),
        })
    }

    fn track(&self, track: &Track) -> Value {
        json!({
            "id": self.tracks[&track.id],
            "name": self.localised(track.name.as_str()),
            "description": self.localised(track.description.as_str()),
            "color": track.colour.map_or_else(|| "#5a5a5a".to_owned(), |colour| colour.to_string()),
            "position": self.export.programme.tracks.iter().position(|other| other.id == track.id),
            "requires_access_code": false,
        })
    }

    fn slot(&self, session: &Session, slot: &Slot, query: &Query<'_>) -> Value {
        let zone = self.export.zone();
        let room = match self.index.room(slot) {
            Some(room) if query.expands("room") || query.expands("slots.room") => self.room(room),
            Some(room) => json!(self.rooms[&room.id]),
            None => Value::Null,
        };
        let submission = is_submission(session);
        json!({
            "id": slot.number,
            "room": room,
            "start": stamp(zone, slot.actual_start()),
            "end": stamp(zone, slot.actual_end()),
            "duration": slot.minutes(),
            "submission": submission.then(|| session.code.as_str()),
            "schedule": self.export.release.number,
            "description": if submission { Value::Null } else { self.localised(session.title.as_str()) },
            "is_visible": !slot.is_cancelled(),
        })
    }

    fn schedule(&self) -> Value {
        let release = self.export.release;
        json!({
            "id": release.number,
            "version": release.number.to_string(),
            "published": stamp(self.export.zone(), release.at),
            "comment": self.localised(&release.note),
            "slots": self.slots.iter().map(|(_, slot)| slot.number).collect::<Vec<_>>(),
        })
    }

    fn type_number(&self, label: &str) -> usize {
        self.types.binary_search(&label).map_or(0, |at| at + 1)
    }

    fn submission_type(&self, label: &str) -> Value {
        json!({
            "id": self.type_number(label),
            "name": self.localised(label),
            "default_duration": Value::Null,
            "deadline": Value::Null,
            "requires_access_code": false,
        })
    }
}

/// Whether pretalx would hold the session as a submission.
fn is_submission(session: &Session) -> bool {
    session.kind != SessionKind::Break
}

fn language<'a>(export: &Export<'a>, session: &'a Session) -> &'a str {
    session.language.non_empty().or(export.programme.edition.language.non_empty()).unwrap_or("en")
}

fn event_value(export: &Export<'_>) -> Value {
    let edition = &export.programme.edition;
    let locale = edition.language.non_empty().unwrap_or("en");
    json!({
        "name": { locale: edition.title.as_str() },
        "slug": edition.slug.as_str(),
        "is_public": true,
        "date_from": edition.first_day.to_string(),
        "date_to": edition.last_day.to_string(),
        "timezone": edition.zone.name(),
        "email": "",
        "primary_color": edition.colour.map(|colour| colour.to_string()),
        "custom_domain": Value::Null,
        "logo": edition.logo.as_ref().map(|url| url.as_str()),
        "header_image": Value::Null,
        "locale": locale,
        "locales": [locale],
        "content_locales": [locale],
        "urls": {
            "base": export.url(&Address::Home),
            "schedule": export.url(&Address::Grid(None)),
            "speakers": export.url(&Address::Speakers),
        },
    })
}

fn range(count: usize, paging: Paging) -> Option<std::ops::Range<usize>> {
    let (from, size) = match paging {
        Paging::Pages { page, size } => {
            (page.checked_sub(1)?.checked_mul(size.clamp(1, PAGE_SIZE_MAX))?, size)
        }
        Paging::Offset { offset, limit } => (offset, limit),
    };
    let first = from == 0;
    let exists = first || from < count || matches!(paging, Paging::Offset { .. });
    exists.then(|| from.min(count)..from.saturating_add(size.clamp(1, PAGE_SIZE_MAX)).min(count))
}

fn page(count: usize, results: Vec<Value>, query: &Query<'_>) -> String {
    let expand = if query.expand.is_empty() {
        String::new()
    } else {
        // Only what can be in a list of names; the rest would not have been understood anyway.
        let names: String = query
            .expand
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ','))
            .collect();
        format!("&expand={names}")
    };
    let address = query.address;
    let (next, previous) = match query.paging {
        Paging::Pages { page, size } => {
            let size = size.clamp(1, PAGE_SIZE_MAX);
            let at = |page: usize| format!("{address}?page={page}&page_size={size}{expand}");
            ((page.saturating_mul(size) < count).then(|| at(page + 1)), (page > 1).then(|| at(page - 1)))
        }
        Paging::Offset { offset, limit } => {
            let limit = limit.clamp(1, PAGE_SIZE_MAX);
            let at = |offset: usize| format!("{address}?limit={limit}&offset={offset}{expand}");
            (
                (offset.saturating_add(limit) < count).then(|| at(offset + limit)),
                (offset > 0).then(|| at(offset.saturating_sub(limit))),
            )
        }
    };
    json!({ "count": count, "next": next, "previous": previous, "results": results }).to_string()
}
