//! Schedule JSON, version 2: flat events with a state, which alone can say "cancelled" and "delayed".
//!
//! Source: voc/schedule `validator/json/schema2.json` (alpha-3), and what the CCC hub writes.

use super::{
    Format, Imported, Options, ReadError,
    draft::{Draft, RawDay, RawEvent, RawLength, RawTime, RawTrack},
    json::{JsonFile, Node},
    schedule_json::{address, conference_of, links, person, room, track},
};
use crate::extras::Extras;
use model::programme::SessionKind;
use serde_json::Value;

/// Whether `value` is such a file.
pub(super) fn recognises(value: &Value) -> bool {
    value.get("schedule").is_some_and(|schedule| schedule.get("events").is_some_and(Value::is_array))
}

/// Reads it.
pub(super) fn read(file: &JsonFile, options: &Options) -> Result<Imported, ReadError> {
    file.draft(Format::ScheduleJsonV2, options, |root, draft| {
        let Some(schedule) = root.object("schedule") else { return Ok(()) };
        if let Some(extras) = Extras::from_json(schedule.value) {
            draft.take_extras(extras);
        }
        if let Some(conference) = schedule.object("conference") {
            draft.conference = conference_of(&schedule, &conference);
            draft.conference.language =
                conference.object("defaults").map(|node| node.text("language")).unwrap_or_default();
            for node in conference.objects("rooms") {
                draft.room(room(&node));
            }
            for node in conference.objects("tracks") {
                draft.track(track(&node));
            }
            for day in conference.objects("days") {
                draft.conference.days.push(RawDay {
                    date: day.text("date"),
                    start: day.text("start"),
                    end: day.text("end"),
                });
            }
        }
        for node in schedule.objects("persons") {
            draft.person(person(&node));
        }
        for event in schedule.objects("events") {
            take_event(&event, draft)?;
        }
        Ok(())
    })
}

fn take_event(event: &Node<'_>, draft: &mut Draft) -> Result<(), ReadError> {
    let state = event.text("state").trim().to_ascii_uppercase();
    if matches!(state.as_str(), "DRAFT" | "SUBMITTED" | "REJECTED" | "WITHDRAWN" | "DELETED") {
        event.log.note(
            &event.place,
            format!(
                "the event \"{}\" is {}",
                model::text::excerpt(&event.text("title"), 60),
                state.to_ascii_lowercase()
            ),
            "It is not part of the programme and was left out",
        );
        return Ok(());
    }
    let language = event.text("language");
    let languages = [language.as_str()];
    let word = event.text("type");
    let (room_name, room_key) = match event.get("room") {
        // Nobody can leave the room out by the schema, so the nil UUID stands for none.
        Some(node) if node.value.is_object() => {
            (node.text("name"), node.text("guid").replace("00000000-0000-0000-0000-000000000000", ""))
        }
        Some(node) => (node.as_text(), String::new()),
        None => (String::new(), String::new()),
    };
    let track = match event.get("track") {
        // The same for the track.
        Some(node) if node.text("slug").trim_start_matches('_') == "none" && !node.has("name") => {
            RawTrack::default()
        }
        Some(node) if node.value.is_object() => track(&node),
        Some(node) => RawTrack { name: node.as_text(), ..RawTrack::default() },
        None => RawTrack::default(),
    };
    let (mut feedback_url, mut url) = (event.text("feedback_url"), event.text("url"));
    let mut kept = links(event);
    kept.retain(|link| match link.kind.to_ascii_uppercase().as_str() {
        "FEEDBACK" if feedback_url.is_empty() => {
            feedback_url.clone_from(&link.url);
            false
        }
        // Our own files give our page as `url`; what they say beside the format holds the origin.
        "ORIGIN" if url.trim().is_empty() || draft.extras.is_some() => {
            url.clone_from(&link.url);
            false
        }
        _ => true,
    });
    let (duration, end) = (event.text("duration"), event.text("end"));
    draft.event(RawEvent {
        place: event.place.clone(),
        guid: event.text("guid"),
        id: event.text("id"),
        code: event.text("code"),
        title: event.localised("title", &languages),
        subtitle: event.localised("subtitle", &languages),
        summary: event.localised("abstract", &languages),
        description: event.localised("description", &languages),
        known_kind: (word == "META").then_some(SessionKind::Service),
        kind: word,
        language: language.clone(),
        track,
        persons: event.objects("participants").iter().chain(&event.objects("persons")).map(person).collect(),
        start: RawTime::full(event.text("start")),
        length: if end.trim().is_empty() {
            RawLength::Text(duration)
        } else {
            RawLength::Until(RawTime::full(end))
        },
        room: room_name,
        room_key,
        links: kept,
        url,
        logo: address(event, "logo"),
        feedback_url,
        licence: event.text("recording_license"),
        opt_out: event.flag("do_not_record"),
        cancelled: matches!(state.as_str(), "CANCELED" | "CANCELLED"),
        delay_minutes: delay(event, &state, draft.extras.is_some()),
        ..RawEvent::default()
    })
}

/// By how many minutes a delayed event is late, where somebody adds it: the schema has a state and no number. Where
/// only the state is given, the times are the new ones and nothing is added.
fn delay(event: &Node<'_>, state: &str, ours: bool) -> Option<i64> {
    if state != "DELAYED" {
        return None;
    }
    let minutes = event.int("delay");
    // Our own files say it beside the format.
    if minutes.is_none() && !ours {
        event.log.note(
            &event.place,
            "the event is delayed, and the file does not say by how much",
            "Its times were taken for those that now hold",
        );
    }
    minutes
}
