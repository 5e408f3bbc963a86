//! The JSON in FOSDEM's form that matrix-org/conference-bot reads (`json` backend, format `fosdem`).
//!
//! Each track becomes a Matrix room of the bot; a talk's `conference_room` names its live stream. Sessions without
//! a track stand under a track of their own called "General", because the bot throws on a talk without one.
//! E-mail addresses and Matrix identifiers are not public, so those fields are empty strings, which the bot takes.

use super::{Export, Index, is_listed, stamp_utc};
use model::programme::{Role, Session, SessionKind, Slot};
use serde::Serialize;
use std::collections::{HashMap, HashSet};

/// The number and slug of the track of sessions that have none.
const GENERAL: (u32, &str, &str) = (0, "general", "General");

/// The release in the form that conference-bot reads.
pub fn fosdem_bot(export: &Export<'_>) -> String {
    let programme = export.programme;
    let index = Index::new(programme);
    let mut taken = HashSet::from([GENERAL.0]);
    let numbers: HashMap<_, u32> =
        programme.tracks.iter().map(|track| (track.id, super::number_from(track.id.0, &mut taken))).collect();
    let mut slots: Vec<(&Session, &Slot)> = programme
        .slots()
        .filter(|(session, slot)| is_listed(slot) && session.kind != SessionKind::Break)
        .collect();
    slots.sort_by_key(|(_, slot)| (slot.actual_start(), slot.id));
    let talks: Vec<Talk<'_>> = slots
        .into_iter()
        .map(|(session, slot)| {
            let track = index.track(session).map_or(
                TrackReference { id: GENERAL.0, slug: GENERAL.1, name: GENERAL.2, online_qa: false },
                |track| TrackReference {
                    id: numbers[&track.id],
                    slug: track.slug.as_str(),
                    name: track.name.as_str(),
                    online_qa: false,
                },
            );
            Talk {
                event_id: slot.number,
                title: session.title.as_str(),
                persons: index
                    .people(session)
                    .map(|(part, person)| PersonJson {
                        person_id: index.number(person),
                        event_role: match part.role {
                            Role::Speaker | Role::Contributor => "speaker",
                            Role::Host => "host",
                            Role::Lead | Role::Moderator => "coordinator",
                        },
                        name: person.name.as_str(),
                        email: "",
                        matrix_id: "",
                    })
                    .collect(),
                conference_room: index.room(slot).map_or("", |room| room.slug.as_str()),
                start_datetime: stamp_utc(slot.actual_start()),
                duration: slot.minutes().max(0),
                track,
            }
        })
        .collect();
    let general = talks.iter().any(|talk| talk.track.id == GENERAL.0);
    let mut tracks: Vec<TrackJson<'_>> = programme
        .tracks
        .iter()
        .map(|track| TrackJson {
            id: numbers[&track.id],
            slug: track.slug.as_str(),
            name: track.name.as_str(),
            kind: "devroom",
            managers: vec![],
        })
        .collect();
    if general {
        tracks.push(TrackJson {
            id: GENERAL.0,
            slug: GENERAL.1,
            name: GENERAL.2,
            kind: "maintrack",
            managers: vec![],
        });
    }
    serde_json::to_string(&File { tracks, talks }).unwrap_or_default()
}

#[derive(Serialize)]
struct File<'a> {
    tracks: Vec<TrackJson<'a>>,
    talks: Vec<Talk<'a>>,
}

#[derive(Serialize)]
struct TrackJson<'a> {
    id: u32,
    slug: &'a str,
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    managers: Vec<PersonJson<'a>>,
}

#[derive(Serialize)]
struct Talk<'a> {
    event_id: u32,
    title: &'a str,
    persons: Vec<PersonJson<'a>>,
    conference_room: &'a str,
    start_datetime: String,
    duration: i64,
    track: TrackReference<'a>,
}

#[derive(Serialize)]
struct TrackReference<'a> {
    id: u32,
    slug: &'a str,
    name: &'a str,
    online_qa: bool,
}

#[derive(Serialize)]
struct PersonJson<'a> {
    person_id: u32,
    event_role: &'static str,
    name: &'a str,
    email: &'static str,
    matrix_id: &'static str,
}
