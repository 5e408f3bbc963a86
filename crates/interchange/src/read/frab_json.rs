//! frab's own JSON: `events.json`, `speakers.json`, and a single event as its call for papers hands it on.
//!
//! Given together, the first two are one export: the speakers' texts join the events that name them.

use super::{
    Format, Imported, Options, ReadError,
    draft::{Draft, RawConference, RawEvent, RawLength, RawLink, RawPerson, RawTime, RawTrack},
    json::{JsonFile, Node, draft_of},
    schedule_json::{address, links, person, reference},
};
use model::merge::Carries;
use serde_json::Value;

/// Whether `value` is a list of events, or one event.
pub(super) fn recognises_events(value: &Value) -> bool {
    value.get("conference_events").is_some()
        || (value.get("guid").is_some()
            && value.get("title").is_some()
            && value.get("speakers").is_some_and(Value::is_array))
}

/// Whether `value` is a list of speakers.
pub(super) fn recognises_speakers(value: &Value) -> bool {
    value.get("schedule_speakers").is_some()
}

/// Reads the parts of one export.
pub(super) fn read(files: &[&JsonFile], options: &Options) -> Result<Imported, ReadError> {
    draft_of(files, Format::Frab, options, |roots, draft| {
        for root in roots {
            if let Some(bundle) = root.object("schedule_speakers") {
                draft.conference.version = bundle.text("version");
                for speaker in bundle.objects("speakers") {
                    draft.person(speaker_of(&speaker));
                }
            }
        }
        for root in roots {
            if let Some(bundle) = root.object("conference_events") {
                draft.conference = RawConference {
                    version: bundle.text("version"),
                    ..std::mem::take(&mut draft.conference)
                };
                for event in bundle.objects("events") {
                    take_event(&event, draft)?;
                }
            } else if !root.has("schedule_speakers") {
                take_event(root, draft)?;
            }
        }
        Ok(())
    })
}

fn speaker_of(node: &Node<'_>) -> RawPerson {
    let mut raw = person(node);
    if raw.biography.is_empty() {
        raw.biography = [node.text("abstract"), node.text("description")]
            .into_iter()
            .filter(|text| !text.trim().is_empty())
            .collect::<Vec<_>>()
            .join("\n\n");
    }
    if raw.avatar.is_empty() {
        raw.avatar = address(node, "image");
    }
    raw
}

fn take_event(event: &Node<'_>, draft: &mut Draft) -> Result<(), ReadError> {
    for (key, carried) in [("description", Carries::DESCRIPTION), ("links", Carries::LINKS)] {
        if event.has(key) {
            draft.carries = draft.carries.and(carried);
        }
    }
    let room = match event.get("room") {
        Some(node) if node.value.is_object() => node.text("name"),
        Some(node) => node.as_text(),
        None => String::new(),
    };
    let end = event.text("end_time");
    let length = match event.int("duration") {
        // The call for papers counts seconds.
        Some(seconds) => RawLength::Minutes(seconds / 60),
        None if end.trim().is_empty() => RawLength::Unknown,
        None => RawLength::Until(RawTime::full(end)),
    };
    let mut all_links: Vec<RawLink> = links(event);
    all_links.extend(event.objects("files").iter().map(|file| reference(file, "attachment")));
    draft.event(RawEvent {
        place: event.place.clone(),
        guid: event.text("guid"),
        id: event.text("id"),
        title: event.text("title"),
        subtitle: event.text("subtitle"),
        summary: event.text("abstract"),
        description: event.text("description"),
        kind: event.text("type"),
        language: event.text("language"),
        track: RawTrack { name: event.text("track"), ..RawTrack::default() },
        persons: event.objects("speakers").iter().map(speaker_of).collect(),
        start: RawTime::full(event.text("start_time")),
        length,
        room,
        links: all_links,
        url: event.first_text(&["public_url", "url"]),
        logo: address(event, "logo"),
        licence: event.text("recording_license"),
        opt_out: event.flag("do_not_record"),
        ..RawEvent::default()
    })
}
