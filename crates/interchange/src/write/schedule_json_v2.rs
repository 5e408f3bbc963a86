//! Schedule JSON version 2 (alpha 3), as c3voc's `schedule2.schema.json` states it: the flat form that the CCC
//! hub reads, and the only one of the family that says "delayed" and "cancelled".
//!
//! A break with nothing to say but its title is a `MetaEvent`. What the schema demands and the programme does not
//! know gets a value that says so: no room is the nil UUID, no track is the track `none`, an unknown language is
//! the edition's, else `en`.

use super::{
    Export, Index, acronym, days, event_code, event_slug, is_datable,
    schedule_json::{Colours, Generator, Meta, json_slug, zone_name},
    stamp, uri,
};
use crate::extras::{Beside, Extras};
use model::{
    address::Address,
    programme::{Link, LinkKind, Recording, Role, Room, RoomKind, Session, SessionKind, Slot, Standing},
};
use serde::Serialize;
use std::{borrow::Cow, collections::HashSet};

/// The slug of the track of sessions that have none.
pub(crate) const NO_TRACK: &str = "none";

/// The release as schedule JSON version 2.
pub fn schedule_json_v2(export: &Export<'_>) -> String {
    let programme = export.programme;
    let edition = &programme.edition;
    let index = Index::new(programme);
    let zone = export.zone();
    let days = days(programme);
    let slugs: HashSet<&str> = programme.tracks.iter().map(|track| track.slug.as_str()).collect();
    let mut no_track = NO_TRACK.to_owned();
    while slugs.contains(no_track.as_str()) {
        no_track.insert(0, '_');
    }
    let fallback = two_letters(edition.language.as_str()).unwrap_or_else(|| "en".to_owned());
    let mut slots: Vec<(&Session, &Slot)> = programme.slots().filter(|(_, slot)| is_datable(slot)).collect();
    slots.sort_by_key(|(_, slot)| (slot.actual_start(), slot.id));
    let events = slots
        .into_iter()
        .map(|(session, slot)| {
            if is_bare_break(session, slot) {
                Entry::Meta(meta_event(export, &index, session, slot))
            } else {
                Entry::Event(Box::new(event(export, &index, session, slot, &no_track, &fallback)))
            }
        })
        .collect();
    let grid = edition.timeslot_minutes;
    let file = File {
        schema: "https://c3voc.de/schema/schedule2",
        generator: Generator::this(export),
        schedule: Schedule {
            version: export.release.number.to_string(),
            conference: Conference {
                acronym: acronym(&edition.slug),
                title: edition.title.as_str(),
                description: edition.description.as_str(),
                start: days.first().map(|day| stamp(zone, day.start)).unwrap_or_default(),
                end: days.last().map(|day| stamp(zone, day.end)).unwrap_or_default(),
                timeslot_duration: format!("PT{grid}M"),
                time_zone_name: zone_name(zone),
                logo: edition.logo.as_ref().and_then(image),
                colors: edition.colour.map(|colour| Colours { primary: colour.to_string() }),
                url: edition
                    .url
                    .as_ref()
                    .and_then(uri::strict)
                    .unwrap_or_else(|| Cow::Owned(export.url(&Address::Home))),
                languages: two_letters(edition.language.as_str()).into_iter().collect(),
                tracks: programme
                    .tracks
                    .iter()
                    .map(|track| TrackJson {
                        name: track.name.as_str(),
                        slug: track_slug(track.slug.as_str()),
                        color: track.colour.map(|colour| colour.to_string()),
                    })
                    .collect(),
                rooms: programme.rooms.iter().map(|room| room_json(export, room)).collect(),
                meta: Meta {
                    time_zone: zone.name(),
                    subtitle: edition.subtitle.as_str(),
                    plenary: Extras::of(programme, Beside::Json2),
                },
                days: days
                    .iter()
                    .map(|day| DayJson {
                        index: day.index,
                        date: day.date.to_string(),
                        start: stamp(zone, day.start),
                        end: stamp(zone, day.end),
                    })
                    .collect(),
            },
            events,
        },
    };
    serde_json::to_string(&file).unwrap_or_default()
}

/// Whether a `MetaEvent` says all there is to say about the slot.
fn is_bare_break(session: &Session, slot: &Slot) -> bool {
    session.kind == SessionKind::Break
        && slot.standing == Standing::Planned
        && session.people.is_empty()
        && session.links.is_empty()
        && session.summary.is_empty()
        && session.description.is_empty()
        && session.logo.is_none()
        && session.track.is_none()
        && session.recording == Recording::default()
}

fn meta_event<'a>(
    export: &Export<'_>,
    index: &Index<'a>,
    session: &'a Session,
    slot: &'a Slot,
) -> MetaEvent<'a> {
    MetaEvent {
        kind: "BREAK",
        guid: slot.id.to_string(),
        title: session.title.as_str(),
        subtitle: session.subtitle.as_str(),
        start: stamp(export.zone(), slot.start),
        end: stamp(export.zone(), slot.end),
        room: index.room(slot).map(room_reference),
    }
}

fn event<'a>(
    export: &Export<'_>,
    index: &Index<'a>,
    session: &'a Session,
    slot: &'a Slot,
    no_track: &str,
    fallback: &str,
) -> Event<'a> {
    let (attached, linked): (Vec<&Link>, Vec<&Link>) =
        session.links.iter().partition(|link| link.kind == LinkKind::Attachment);
    let mut links: Vec<Reference<'_>> = linked.into_iter().filter_map(reference).collect();
    for (kind, url) in [("FEEDBACK", &session.feedback_url), ("ORIGIN", &session.url)] {
        if let Some(url) = url.as_ref().and_then(uri::strict) {
            links.push(Reference { kind: Some(kind), url, title: "" });
        }
    }
    Event {
        guid: slot.id.to_string(),
        code: event_code(session),
        logo: session.logo.as_ref().and_then(image),
        start: stamp(export.zone(), slot.actual_start()),
        end: stamp(export.zone(), slot.actual_end()),
        room: index.room(slot).map_or(
            RoomReference { guid: uuid::Uuid::nil().to_string(), name: None, slug: None },
            room_reference,
        ),
        slug: event_slug(&export.programme.edition.slug, session, slot),
        url: export.url(&Address::from(session)),
        title: session.title.as_str(),
        subtitle: session.subtitle.as_str(),
        track: TrackReference {
            slug: index
                .track(session)
                .map_or_else(|| no_track.to_owned(), |track| track_slug(track.slug.as_str())),
        },
        kind: event_type(session.kind),
        language: two_letters(session.language.as_str()).unwrap_or_else(|| fallback.to_owned()),
        summary: session.summary.as_str(),
        description: session.description.as_str(),
        participants: index
            .people(session)
            .map(|(part, person)| Participant {
                guid: person.id.to_string(),
                name: person.name.as_str(),
                role: role(part.role),
            })
            .collect(),
        links,
        attachments: attached.into_iter().filter_map(reference).collect(),
        state: match slot.standing {
            Standing::Planned => "CONFIRMED",
            Standing::Delayed(_) => "DELAYED",
            Standing::Cancelled => "CANCELED",
        },
    }
}

/// The schema's word for a kind; it knows fewer than we do.
fn event_type(kind: SessionKind) -> &'static str {
    match kind {
        SessionKind::Talk | SessionKind::Keynote | SessionKind::Topic => "TALK",
        SessionKind::Workshop => "WORKSHOP",
        SessionKind::Hack => "HANDS-ON",
        SessionKind::Bof | SessionKind::Meeting | SessionKind::Microconference => "MEETING",
        SessionKind::Panel => "DISCUSSION",
        SessionKind::Lightning => "LIGHTNING_TALK",
        SessionKind::Social | SessionKind::Break | SessionKind::Service | SessionKind::Other => "OTHER",
    }
}

/// The schema's word for a role; a lead is to the schema a moderator.
fn role(role: Role) -> &'static str {
    match role {
        Role::Speaker => "SPEAKER",
        Role::Lead | Role::Moderator => "MODERATOR",
        Role::Host => "HOST",
        Role::Contributor => "CONTRIBUTOR",
    }
}

/// The language as ISO 639-1, where the tag begins with such a code.
fn two_letters(tag: &str) -> Option<String> {
    let code = tag.split(['-', '_']).next().unwrap_or(tag).to_ascii_lowercase();
    (code.len() == 2 && code.bytes().all(|b| b.is_ascii_lowercase())).then_some(code)
}

/// The track's slug by the pattern `^[a-z0-9_-]+[a-z0-9]$`: one character gets a hyphen before it.
fn track_slug(slug: &str) -> String {
    if slug.len() >= 2 { slug.to_owned() } else { format!("-{slug}") }
}

fn room_json<'a>(export: &Export<'_>, room: &'a Room) -> RoomJson<'a> {
    RoomJson {
        name: room.name.as_str(),
        slug: json_slug(&room.slug),
        kind: (room.kind == RoomKind::Virtual).then_some("VIRTUAL"),
        guid: room.id.to_string(),
        description: room.description.as_str(),
        capacity: room.capacity,
        url: export.url(&Address::from(room)),
    }
}

fn room_reference(room: &Room) -> RoomReference<'_> {
    RoomReference { guid: room.id.to_string(), name: Some(room.name.as_str()), slug: json_slug(&room.slug) }
}

fn reference(link: &Link) -> Option<Reference<'_>> {
    Some(Reference {
        kind: match link.kind {
            LinkKind::Slides => Some("SLIDES"),
            LinkKind::Paper => Some("PAPER"),
            LinkKind::Video | LinkKind::Stream => Some("MEDIA"),
            LinkKind::Web => Some("WEB"),
            LinkKind::Related | LinkKind::Chat => Some("RELATED"),
            LinkKind::Attachment => None,
        },
        url: uri::strict(&link.url)?,
        title: link.title.as_str(),
    })
}

fn image(url: &model::text::WebUrl) -> Option<Image<'_>> {
    Some(Image { url: uri::strict(url)? })
}

#[derive(Serialize)]
struct File<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    generator: Generator,
    schedule: Schedule<'a>,
}

#[derive(Serialize)]
struct Schedule<'a> {
    version: String,
    conference: Conference<'a>,
    events: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Conference<'a> {
    acronym: String,
    title: &'a str,
    description: &'a str,
    start: String,
    end: String,
    timeslot_duration: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logo: Option<Image<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    colors: Option<Colours>,
    url: Cow<'a, str>,
    languages: Vec<String>,
    tracks: Vec<TrackJson<'a>>,
    rooms: Vec<RoomJson<'a>>,
    meta: Meta<'a>,
    days: Vec<DayJson>,
}

#[derive(Serialize)]
struct Image<'a> {
    url: Cow<'a, str>,
}

#[derive(Serialize)]
struct TrackJson<'a> {
    name: &'a str,
    slug: String,
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
struct DayJson {
    index: u32,
    date: String,
    start: String,
    end: String,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Entry<'a> {
    Event(Box<Event<'a>>),
    Meta(MetaEvent<'a>),
}

#[derive(Serialize)]
struct MetaEvent<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    guid: String,
    title: &'a str,
    subtitle: &'a str,
    start: String,
    end: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<RoomReference<'a>>,
}

#[derive(Serialize)]
struct Event<'a> {
    guid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    logo: Option<Image<'a>>,
    start: String,
    end: String,
    room: RoomReference<'a>,
    slug: String,
    url: String,
    title: &'a str,
    subtitle: &'a str,
    track: TrackReference,
    #[serde(rename = "type")]
    kind: &'static str,
    language: String,
    #[serde(rename = "abstract")]
    summary: &'a str,
    description: &'a str,
    participants: Vec<Participant<'a>>,
    links: Vec<Reference<'a>>,
    attachments: Vec<Reference<'a>>,
    state: &'static str,
}

#[derive(Serialize)]
struct RoomReference<'a> {
    guid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slug: Option<&'a str>,
}

#[derive(Serialize)]
struct TrackReference {
    slug: String,
}

#[derive(Serialize)]
struct Participant<'a> {
    guid: String,
    name: &'a str,
    role: &'static str,
}

#[derive(Serialize)]
struct Reference<'a> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    url: Cow<'a, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    title: &'a str,
}
