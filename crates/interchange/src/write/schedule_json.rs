//! Schedule JSON version 1, as c3voc's `schedule.schema.json` (draft 6) states it.
//!
//! Where the schema's patterns cannot hold a value it is left out or spelled so that they can: the acronym has
//! no hyphens, `time_zone_name` is one of the form `Area/City` or `UTC` (`Etc/GMT+1` would fail, and
//! `Asia/Kathmandu` passes); the zone's full name always stands in `meta`. Persons have both `name` and
//! `public_name`, because readers look for one or the other, and no `id`, which would make them match two shapes
//! at once.

use super::{Export, GENERATOR, Index, VERSION, acronym, clock, event_code, event_slug, stamp, uri};
use crate::extras::{Beside, Extras};
use model::{
    address::Address,
    programme::{Link, LinkKind, Person, Room, RoomKind, Session, Slot},
    text::{Line, Slug},
    time::Zone,
};
use serde::{Serialize, Serializer, ser::SerializeMap};
use std::borrow::Cow;

/// The release as schedule JSON version 1.
pub fn schedule_json(export: &Export<'_>) -> String {
    let programme = export.programme;
    let edition = &programme.edition;
    let index = Index::new(programme);
    let zone = export.zone();
    let days: Vec<Day<'_>> = index
        .by_day()
        .into_iter()
        .map(|(day, places)| {
            // Rooms of one name share a list: the format knows them by name.
            let mut rooms: Vec<(&str, Vec<Event<'_>>)> = vec![];
            for (place, held) in places {
                let name = index.place_name(place);
                let events =
                    held.into_iter().map(|(session, slot)| event(export, &index, name, session, slot));
                match rooms.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, list)) => list.extend(events),
                    None => rooms.push((name, events.collect())),
                }
            }
            Day {
                index: day.index,
                date: day.date.to_string(),
                start: stamp(zone, day.start),
                end: stamp(zone, day.end),
                rooms: Map(rooms),
            }
        })
        .collect();
    let grid = edition.timeslot_minutes;
    let file = File {
        schema: "https://c3voc.de/schedule/schema.json",
        generator: Generator::this(export),
        schedule: Schedule {
            version: export.release.number.to_string(),
            base_url: export.url(&Address::Home),
            conference: Conference {
                acronym: acronym(&edition.slug),
                title: edition.title.as_str(),
                description: edition.description.as_str(),
                start: edition.first_day.to_string(),
                end: edition.last_day.to_string(),
                days_count: days.len(),
                timeslot_duration: format!("{:02}:{:02}", grid / 60, grid % 60),
                time_zone_name: zone_name(zone),
                logo: edition.logo.as_ref().and_then(uri::strict),
                colors: edition.colour.map(|colour| Colours { primary: colour.to_string() }),
                url: edition
                    .url
                    .as_ref()
                    .and_then(uri::strict)
                    .unwrap_or_else(|| Cow::Owned(export.url(&Address::Home))),
                tracks: programme
                    .tracks
                    .iter()
                    .map(|track| TrackJson {
                        name: track.name.as_str(),
                        slug: json_slug(&track.slug),
                        color: track.colour.map(|colour| colour.to_string()),
                    })
                    .collect(),
                rooms: programme.rooms.iter().map(|room| room_json(export, room)).collect(),
                meta: Meta {
                    time_zone: zone.name(),
                    subtitle: edition.subtitle.as_str(),
                    plenary: Extras::of(programme, Beside::Json),
                },
                days,
            },
        },
    };
    serde_json::to_string(&file).unwrap_or_default()
}

fn event<'a>(
    export: &Export<'a>,
    index: &Index<'a>,
    room: &'a str,
    session: &'a Session,
    slot: &'a Slot,
) -> Event<'a> {
    let minutes = slot.minutes().max(0);
    Event {
        guid: slot.id.to_string(),
        code: event_code(session),
        id: slot.number,
        logo: session.logo.as_ref().and_then(uri::strict),
        date: stamp(export.zone(), slot.actual_start()),
        start: clock(export.zone(), slot.actual_start()),
        end: stamp(export.zone(), slot.actual_end()),
        duration: format!("{:02}:{:02}", minutes / 60, minutes % 60),
        room,
        slug: event_slug(&export.programme.edition.slug, session, slot),
        url: export.url(&Address::from(session)),
        title: session.title.as_str(),
        subtitle: session.subtitle.as_str(),
        track: index.track(session).map(|track| track.name.as_str()),
        kind: session.kind_label(),
        language: session.language.as_str(),
        summary: session.summary.as_str(),
        description: session.description.as_str(),
        recording_license: session.recording.licence.as_str(),
        do_not_record: session.recording.opt_out,
        persons: index.people(session).map(|(_, person)| person_json(export, person)).collect(),
        links: session
            .links
            .iter()
            .filter(|link| link.kind != LinkKind::Attachment)
            .filter_map(reference)
            .collect(),
        feedback_url: session.feedback_url.as_ref().and_then(uri::strict),
        origin_url: session.url.as_ref().and_then(uri::strict),
        attachments: session
            .links
            .iter()
            .filter(|link| link.kind == LinkKind::Attachment)
            .filter_map(reference)
            .collect(),
    }
}

fn person_json<'a>(export: &Export<'_>, person: &'a Person) -> PersonJson<'a> {
    PersonJson {
        guid: person.id.to_string(),
        code: person.code.as_ref().map(Line::as_str).filter(|code| {
            !code.is_empty() && code.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        }),
        name: person.name.as_str(),
        public_name: person.name.as_str(),
        avatar: person.avatar.as_ref().and_then(uri::strict),
        biography: person.biography.as_str(),
        url: export.url(&Address::from(person)),
    }
}

fn room_json<'a>(export: &Export<'_>, room: &'a Room) -> RoomJson<'a> {
    RoomJson {
        name: room.name.as_str(),
        slug: json_slug(&room.slug),
        kind: (room.kind == RoomKind::Virtual).then_some("online"),
        guid: room.id.to_string(),
        description: room.description.as_str(),
        capacity: room.capacity,
        url: export.url(&Address::from(room)),
    }
}

fn reference(link: &Link) -> Option<Reference<'_>> {
    Some(Reference {
        kind: match link.kind {
            LinkKind::Slides => Some("slides"),
            LinkKind::Paper => Some("paper"),
            LinkKind::Video | LinkKind::Stream => Some("media"),
            LinkKind::Web => Some("web"),
            LinkKind::Related | LinkKind::Chat => Some("related"),
            LinkKind::Attachment => None,
        },
        url: uri::strict(&link.url)?,
        title: link.title.as_str(),
    })
}

/// The slug where the pattern `^[a-z0-9_-]+[a-z0-9]$` takes it: two characters at least.
pub(super) fn json_slug(slug: &Slug) -> Option<&str> {
    Some(slug.as_str()).filter(|slug| slug.len() >= 2)
}

/// The zone's name where the pattern `^([A-Z][a-z]+/[A-Z][a-z]+)|UTC$` takes it. The pattern's first part is not
/// anchored at its end, so `America/St_Johns` and `America/Argentina/Ushuaia` pass; `Etc/GMT-2` does not.
pub(super) fn zone_name(zone: &Zone) -> Option<&str> {
    let name = zone.name();
    let capitalised = |part: &str| {
        let mut chars = part.chars();
        chars.next().is_some_and(|c| c.is_ascii_uppercase())
            && chars.next().is_some_and(|c| c.is_ascii_lowercase())
    };
    let (area, city) = name.split_once('/').unwrap_or((name, ""));
    let fits = name == "UTC"
        || (capitalised(area) && area[1..].bytes().all(|b| b.is_ascii_lowercase()) && capitalised(city));
    fits.then_some(name)
}

/// A JSON object that keeps its order.
struct Map<'a, T>(Vec<(&'a str, T)>);

impl<T: Serialize> Serialize for Map<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

#[derive(Serialize)]
struct File<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    generator: Generator,
    schedule: Schedule<'a>,
}

/// What wrote the file; the same in both versions.
#[derive(Serialize)]
pub(super) struct Generator {
    name: &'static str,
    version: &'static str,
    url: String,
}

impl Generator {
    /// This program on this site.
    pub(super) fn this(export: &Export<'_>) -> Self {
        Self { name: GENERATOR, version: VERSION, url: format!("{}/", export.base_url) }
    }
}

#[derive(Serialize)]
struct Schedule<'a> {
    version: String,
    base_url: String,
    conference: Conference<'a>,
}

#[derive(Serialize)]
struct Conference<'a> {
    acronym: String,
    title: &'a str,
    description: &'a str,
    start: String,
    end: String,
    #[serde(rename = "daysCount")]
    days_count: usize,
    timeslot_duration: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logo: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    colors: Option<Colours>,
    url: Cow<'a, str>,
    tracks: Vec<TrackJson<'a>>,
    rooms: Vec<RoomJson<'a>>,
    meta: Meta<'a>,
    days: Vec<Day<'a>>,
}

/// The colours of an edition; the same in both versions.
#[derive(Serialize)]
pub(super) struct Colours {
    /// The colour of its pages.
    pub(super) primary: String,
}

/// What has no place of its own; the same in both versions.
#[derive(Serialize)]
pub(super) struct Meta<'a> {
    /// The zone's full name.
    pub(super) time_zone: &'a str,
    /// The line under the edition's title.
    pub(super) subtitle: &'a str,
    /// What only Plenary reads.
    pub(super) plenary: Extras,
}

#[derive(Serialize)]
struct TrackJson<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    slug: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    color: Option<String>,
}

#[derive(Serialize)]
struct RoomJson<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    slug: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    guid: String,
    description: &'a str,
    capacity: Option<u32>,
    url: String,
}

#[derive(Serialize)]
struct Day<'a> {
    index: u32,
    date: String,
    #[serde(rename = "day_start")]
    start: String,
    #[serde(rename = "day_end")]
    end: String,
    rooms: Map<'a, Vec<Event<'a>>>,
}

#[derive(Serialize)]
struct Event<'a> {
    guid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    id: u32,
    logo: Option<Cow<'a, str>>,
    date: String,
    start: String,
    end: String,
    duration: String,
    room: &'a str,
    slug: String,
    url: String,
    title: &'a str,
    subtitle: &'a str,
    track: Option<&'a str>,
    #[serde(rename = "type")]
    kind: &'a str,
    language: &'a str,
    #[serde(rename = "abstract")]
    summary: &'a str,
    description: &'a str,
    recording_license: &'a str,
    do_not_record: bool,
    persons: Vec<PersonJson<'a>>,
    links: Vec<Reference<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    feedback_url: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin_url: Option<Cow<'a, str>>,
    attachments: Vec<Reference<'a>>,
}

#[derive(Serialize)]
struct PersonJson<'a> {
    guid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    name: &'a str,
    public_name: &'a str,
    avatar: Option<Cow<'a, str>>,
    biography: &'a str,
    url: String,
}

#[derive(Serialize)]
struct Reference<'a> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    url: Cow<'a, str>,
    title: &'a str,
}
