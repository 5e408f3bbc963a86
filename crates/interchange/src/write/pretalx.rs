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

mod api;

use super::{Export, is_listed, stamp};
use api::{Api, is_submission, language};
use model::{
    address::Address,
    id::{PersonId, RoomId, TrackId},
    text::WebUrl,
};
use serde_json::{Value, json};
use std::collections::HashSet;

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
    Some(page(count, &results, query))
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
    Some(page(exports.len(), &exports[range].iter().map(event_value).collect::<Vec<_>>(), query))
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
            let avatar = person.avatar.as_ref().map(WebUrl::as_str);
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
        "logo": edition.logo.as_ref().map(WebUrl::as_str),
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

fn page(count: usize, results: &[Value], query: &Query<'_>) -> String {
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
