//! Schedule JSON, version 1: days, rooms, events, as frab, pretalx and c3voc's merged schedules write it.
//!
//! Source: voc/schedule `validator/json/schema.json`. Real files take liberties with it: links that are bare
//! strings, a room without a name, persons under four spellings, rooms listed beside the conference.

use super::{
    Format, Imported, Options, ReadError,
    draft::{RawConference, RawDay, RawEvent, RawLength, RawLink, RawPerson, RawRoom, RawTime, RawTrack},
    json::{JsonFile, Node},
};
use crate::extras::Extras;
use serde_json::Value;

/// Whether `value` is such a file.
pub(super) fn recognises(value: &Value) -> bool {
    value.get("schedule").is_some_and(|schedule| {
        schedule.get("events").is_none_or(|events| !events.is_array())
            && schedule.get("conference").and_then(|conference| conference.get("days")).is_some()
    })
}

/// Reads it.
pub(super) fn read(file: &JsonFile, options: &Options) -> Result<Imported, ReadError> {
    file.draft(Format::ScheduleJson, options, |root, draft| {
        let Some(schedule) = root.object("schedule") else { return Ok(()) };
        let Some(conference) = schedule.object("conference") else { return Ok(()) };
        if let Some(extras) = Extras::from_json(schedule.value) {
            draft.take_extras(extras);
        }
        draft.conference = conference_of(&schedule, &conference);
        for node in conference.objects("rooms").iter().chain(&schedule.objects("rooms")) {
            draft.room(room(node));
        }
        for node in conference.objects("tracks") {
            draft.track(track(&node));
        }
        for day in conference.objects("days") {
            let date = day.text("date");
            draft.conference.days.push(RawDay {
                date: date.clone(),
                start: day.text("day_start"),
                end: day.text("day_end"),
            });
            let Some(rooms) = day.get("rooms") else { continue };
            for (name, events) in rooms.entries() {
                draft.room(RawRoom { name: name.to_owned(), ..RawRoom::default() });
                for event in events.as_objects() {
                    draft.event(event_of(&event, &date, name))?;
                }
            }
        }
        Ok(())
    })
}

/// What both versions say of the conference.
pub(super) fn conference_of(schedule: &Node<'_>, conference: &Node<'_>) -> RawConference {
    let base_url = match schedule.text("base_url") {
        text if text.trim().is_empty() => conference.text("base_url"),
        text => text,
    };
    RawConference {
        title: conference.localised("title", &[]),
        acronym: conference.text("acronym"),
        subtitle: conference.localised("subtitle", &[]),
        description: conference.localised("description", &[]),
        start: conference.text("start"),
        end: conference.text("end"),
        timeslot: conference.text("timeslot_duration"),
        // The schema's pattern cannot hold every zone; our own files name theirs in `meta` too.
        zone: match conference.text("time_zone_name") {
            text if text.trim().is_empty() => {
                conference.object("meta").map(|meta| meta.text("time_zone")).unwrap_or_default()
            }
            text => text,
        },
        base_url,
        url: conference.text("url"),
        logo: address(conference, "logo"),
        venue: conference.text("venue"),
        city: conference.text("city"),
        colour: conference.object("colors").map(|colours| colours.text("primary")).unwrap_or_default(),
        version: schedule.text("version"),
        ..RawConference::default()
    }
}

/// A room that the file lists.
pub(super) fn room(node: &Node<'_>) -> RawRoom {
    RawRoom {
        guid: node.text("guid"),
        name: node.localised("name", &[]),
        slug: node.text("slug"),
        capacity: node.int("capacity").and_then(|number| u64::try_from(number).ok()),
        description: node.localised("description", &[]),
        is_virtual: matches!(node.text("type").to_ascii_lowercase().as_str(), "bbb" | "online" | "virtual"),
        ..RawRoom::default()
    }
}

/// A track that the file lists.
pub(super) fn track(node: &Node<'_>) -> RawTrack {
    let colour = match node.object("colors") {
        Some(colours) => colours.first_text(&["light", "dark"]),
        None => node.text("color"),
    };
    RawTrack {
        guid: node.text("guid"),
        name: node.localised("name", &[]),
        slug: node.text("slug"),
        description: node.localised("description", &[]),
        colour,
        ..RawTrack::default()
    }
}

fn event_of(event: &Node<'_>, date: &str, room: &str) -> RawEvent {
    let track = match event.get("track") {
        Some(node) if node.value.is_object() => track(&node),
        Some(node) => RawTrack { name: node.as_text(), ..RawTrack::default() },
        None => RawTrack::default(),
    };
    let named_room = event.text("room");
    RawEvent {
        place: event.place.clone(),
        guid: event.text("guid"),
        id: event.text("id"),
        code: event.text("code"),
        title: event.localised("title", &[]),
        subtitle: event.localised("subtitle", &[]),
        summary: event.localised("abstract", &[]),
        description: event.localised("description", &[]),
        kind: event.localised("type", &[]),
        language: event.text("language"),
        track,
        persons: event.objects("persons").iter().map(person).collect(),
        start: RawTime {
            full: event.text("date"),
            date: date.to_owned(),
            clock: event.text("start"),
            ..RawTime::default()
        },
        length: length(event),
        day: date.to_owned(),
        room: if named_room.trim().is_empty() { room.to_owned() } else { named_room },
        links: links(event),
        url: event.text("url"),
        logo: address(event, "logo"),
        feedback_url: event.text("feedback_url"),
        licence: event.text("recording_license"),
        opt_out: event.flag("do_not_record"),
        ..RawEvent::default()
    }
}

/// The duration, or where there is none the end.
fn length(event: &Node<'_>) -> RawLength {
    match (event.text("duration"), event.text("end")) {
        (duration, end) if duration.trim().is_empty() && !end.trim().is_empty() => {
            RawLength::Until(RawTime::full(end))
        }
        (duration, _) if duration.trim().is_empty() => RawLength::Unknown,
        (duration, _) => RawLength::Text(duration),
    }
}

/// A person as frab, pretalx and the hub spell one.
pub(super) fn person(node: &Node<'_>) -> RawPerson {
    let mut links: Vec<RawLink> = node.objects("links").iter().map(|link| reference(link, "")).collect();
    for field in ["url", "public_url"] {
        if let Some(url) = node.get(field).filter(|_| links.is_empty()) {
            links.push(RawLink { url: url.as_text(), ..RawLink::default() });
        }
    }
    RawPerson {
        place: node.place.clone(),
        guid: node.text("guid"),
        code: node.text("code"),
        id: node.text("id"),
        name: node.first_text(&["public_name", "full_public_name", "name", "full_name", "display_name"]),
        biography: node.localised("biography", &[]),
        affiliation: node.text("affiliation"),
        avatar: address(node, "avatar"),
        links,
        role: node.text("role"),
    }
}

/// Links, then attachments.
pub(super) fn links(event: &Node<'_>) -> Vec<RawLink> {
    let mut out = vec![];
    for link in event.list("links") {
        if link.value.is_string() {
            out.push(RawLink { url: link.as_text(), ..RawLink::default() });
        } else {
            out.push(reference(&link, ""));
        }
    }
    out.extend(event.objects("attachments").iter().map(|link| reference(link, "attachment")));
    out
}

/// A link or attachment.
pub(super) fn reference(node: &Node<'_>, kind: &str) -> RawLink {
    let stated = node.text("type");
    RawLink {
        kind: if stated.trim().is_empty() { kind.to_owned() } else { stated },
        title: node.localised("title", &[]),
        url: node.text("url"),
    }
}

/// An address that stands as text or as `{"url": ...}`.
pub(super) fn address(node: &Node<'_>, field: &str) -> String {
    match node.get(field) {
        Some(image) if image.value.is_object() => image.text("url"),
        Some(image) => image.as_text(),
        None => String::new(),
    }
}
