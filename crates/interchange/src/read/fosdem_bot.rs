//! The JSON that FOSDEM gives to conference-bot (`/p/matrix`): talks with persons by role, and tracks.
//!
//! Source: matrix-org/conference-bot, backend `json`, format `fosdem`. Managers of a track look after its chat
//! room; they take no part in a session unless a talk names them, so they are not read.

use super::{
    Format, Imported, Options, ReadError,
    draft::{RawEvent, RawLength, RawPerson, RawTime, RawTrack},
    json::{JsonFile, Node},
};
use serde_json::Value;

/// Whether `value` is such a file.
pub(super) fn recognises(value: &Value) -> bool {
    value.get("talks").is_some_and(Value::is_array) && value.get("tracks").is_some_and(Value::is_array)
}

/// Reads it.
pub(super) fn read(file: &JsonFile, options: &Options) -> Result<Imported, ReadError> {
    file.draft(Format::FosdemBot, options, |root, draft| {
        draft.conference.title = root.text("title");
        for node in root.objects("tracks") {
            draft.track(track(&node));
        }
        for talk in root.objects("talks") {
            let persons = talk
                .objects("persons")
                .iter()
                .map(|person| RawPerson {
                    place: person.place.clone(),
                    id: person.text("person_id"),
                    name: person.text("name"),
                    role: person.text("event_role"),
                    ..RawPerson::default()
                })
                .collect();
            draft.event(RawEvent {
                place: talk.place.clone(),
                id: talk.text("event_id"),
                title: talk.text("title"),
                track: talk.object("track").map(|node| track(&node)).unwrap_or_default(),
                persons,
                start: RawTime::full(talk.text("start_datetime")),
                length: talk.int("duration").map_or(RawLength::Unknown, RawLength::Minutes),
                room: talk.text("conference_room"),
                ..RawEvent::default()
            })?;
        }
        Ok(())
    })
}

fn track(node: &Node<'_>) -> RawTrack {
    RawTrack { key: node.text("id"), name: node.text("name"), slug: node.text("slug"), ..RawTrack::default() }
}
