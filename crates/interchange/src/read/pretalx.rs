//! pretalx: answers of its API (submissions, speakers, slots, rooms, tracks) and PyConFR's digest of them.
//!
//! Source: pretalx `doc/api/schema.yml`. Texts may be one per language; lists may be pages
//! (`{count, next, previous, results}`); things may be numbers, codes or, with `?expand`, whole objects. Given
//! together, the lists are one export. Only what was accepted or confirmed is on the programme, and no e-mail
//! address is ever taken over.

use super::{
    Format, Imported, Options, ReadError,
    draft::{Draft, RawEvent, RawLength, RawLink, RawPerson, RawRoom, RawTime, RawTrack},
    json::{JsonFile, Node, draft_of},
};
use model::programme::SessionKind;
use serde_json::Value;
use std::collections::HashMap;

/// Which part of an export a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Submissions, or one of them.
    Submissions,
    /// Speakers.
    Speakers,
    /// Slots of a schedule.
    Slots,
    /// Rooms.
    Rooms,
    /// PyConFR's digest.
    Pyconfr,
}

/// Which part `value` is; `None` for something else.
pub(super) fn recognises(value: &Value) -> Option<Part> {
    if value.get("schedule").is_some() && value.get("sprints").is_some() && value.get("speakers").is_some() {
        return Some(Part::Pyconfr);
    }
    let first = if value.get("code").is_some() && value.get("title").is_some() {
        value
    } else {
        items(value).first()?
    };
    let has = |fields: &[&str]| fields.iter().all(|field| first.get(field).is_some());
    if has(&["code", "title", "state"]) {
        Some(Part::Submissions)
    } else if has(&["code", "name"]) && (has(&["submissions"]) || has(&["biography"])) {
        Some(Part::Speakers)
    } else if has(&["submission", "start", "room"]) {
        Some(Part::Slots)
    } else if has(&["id", "name", "position"]) && (has(&["capacity"]) || has(&["guid"]) || has(&["uuid"])) {
        Some(Part::Rooms)
    } else {
        None
    }
}

/// The items of a list, or of a page of it, or of a schedule.
fn items(value: &Value) -> &[Value] {
    let list = value.get("results").or_else(|| value.get("slots")).unwrap_or(value);
    list.as_array().map_or(&[], Vec::as_slice)
}

fn nodes<'a>(root: &Node<'a>) -> Vec<Node<'a>> {
    if root.value.is_array() {
        root.as_objects()
    } else if root.has("results") {
        if root.has("next") {
            root.log.note("next", "this is one page of several", "Give the files of all pages together");
        }
        root.objects("results")
    } else if root.has("slots") && !root.has("code") {
        root.objects("slots")
    } else {
        vec![root.clone()]
    }
}

/// Reads the parts of one export.
pub(super) fn read(files: &[&JsonFile], options: &Options) -> Result<Imported, ReadError> {
    draft_of(files, Format::Pretalx, options, |roots, draft| {
        let mut rooms = HashMap::new();
        let mut slots: HashMap<String, Vec<Placed>> = HashMap::new();
        let of = |part: Part| roots.iter().filter(move |root| recognises(root.value) == Some(part));
        for room in of(Part::Rooms).flat_map(nodes) {
            take_room(&room, &mut rooms, draft);
        }
        for speaker in of(Part::Speakers).flat_map(nodes) {
            draft.person(person(&speaker));
        }
        let has_submissions = of(Part::Submissions).next().is_some();
        for slot in of(Part::Slots).flat_map(nodes) {
            match slot.get("submission") {
                // A break: no submission, but a text of its own.
                None => take_break(&slot, &rooms, draft)?,
                Some(submission) => {
                    let expanded = submission.value.is_object();
                    let code = if expanded { submission.text("code") } else { submission.as_text() };
                    if expanded && !has_submissions {
                        take_submission(&submission, &[placed(&slot, &rooms)], draft)?;
                    } else {
                        slots.entry(code).or_default().push(placed(&slot, &rooms));
                    }
                }
            }
        }
        for submission in of(Part::Submissions).flat_map(nodes) {
            let places = match slots.remove(&submission.text("code")) {
                Some(places) => places,
                None => places_of(&submission, &rooms),
            };
            take_submission(&submission, &places, draft)?;
        }
        if let Some(root) = roots.first().filter(|_| !slots.is_empty() && !has_submissions) {
            root.log.note(
                "",
                format!("{} sessions are known by their code only", slots.len()),
                "They were left out; give the list of submissions with it, or export the slots with ?expand=submission",
            );
        }
        for root in of(Part::Pyconfr) {
            take_pyconfr(root, draft)?;
        }
        Ok(())
    })
}

/// Where and when a submission takes place.
#[derive(Clone, Default)]
struct Placed {
    place: String,
    key: String,
    start: String,
    end: String,
    room: String,
}

fn placed(slot: &Node<'_>, rooms: &HashMap<String, String>) -> Placed {
    let room = match slot.get("room") {
        Some(node) if node.value.is_object() && node.has("name") => node.localised("name", &[]),
        Some(node) if node.value.is_number() => rooms.get(&node.as_text()).cloned().unwrap_or_default(),
        Some(_) => slot.localised("room", &[]),
        None => rooms.get(&slot.text("room_id")).cloned().unwrap_or_default(),
    };
    Placed {
        place: slot.place.clone(),
        key: slot.text("id"),
        start: slot.text("start"),
        end: slot.text("end"),
        room,
    }
}

/// The slots that a submission itself names: `slot` in older versions, `slots` in newer ones.
fn places_of(submission: &Node<'_>, rooms: &HashMap<String, String>) -> Vec<Placed> {
    if let Some(slot) = submission.get("slot").filter(|slot| slot.value.is_object()) {
        return vec![placed(&slot, rooms)];
    }
    let slots = submission.list("slots");
    slots
        .iter()
        .filter(|slot| slot.value.is_object() && slot.has("start"))
        .map(|slot| placed(slot, rooms))
        .collect()
}

fn take_room(room: &Node<'_>, rooms: &mut HashMap<String, String>, draft: &mut Draft) {
    let name = room.localised("name", &[]);
    rooms.insert(room.text("id"), name.clone());
    draft.room(RawRoom {
        guid: room.first_text(&["guid", "uuid"]),
        key: room.text("id"),
        name,
        capacity: room.int("capacity").and_then(|number| u64::try_from(number).ok()),
        description: room.localised("description", &[]),
        ..RawRoom::default()
    });
}

fn take_break(slot: &Node<'_>, rooms: &HashMap<String, String>, draft: &mut Draft) -> Result<(), ReadError> {
    let title = slot.localised("description", &[]);
    if title.trim().is_empty() || !slot.has("start") {
        return Ok(());
    }
    let at = placed(slot, rooms);
    draft.event(RawEvent {
        place: at.place,
        id: format!("slot-{}", at.key),
        title,
        known_kind: Some(SessionKind::Break),
        start: RawTime::full(at.start),
        length: RawLength::Until(RawTime::full(at.end)),
        room: at.room,
        ..RawEvent::default()
    })
}

fn take_submission(submission: &Node<'_>, places: &[Placed], draft: &mut Draft) -> Result<(), ReadError> {
    let (code, state) = (submission.text("code"), submission.text("state").trim().to_ascii_lowercase());
    if !matches!(state.as_str(), "accepted" | "confirmed" | "canceled" | "cancelled" | "") {
        submission.log.note(
            &submission.place,
            format!("the submission {} is {state}", model::text::excerpt(&code, 40)),
            "It is not on the programme and was left out",
        );
        return Ok(());
    }
    let cancelled = state.starts_with("cancel");
    if cancelled && places.is_empty() {
        return Ok(());
    }
    let locale = submission.text("content_locale");
    let languages = [locale.as_str()];
    // What sessions share is called by one name, whatever the language of each.
    let name = |field: &str| match submission.get(field) {
        Some(node) if node.value.is_object() && node.has("name") => node.localised("name", &[]),
        // A bare number names a thing by its id in pretalx; no people know it by that.
        Some(node) if node.value.is_number() => String::new(),
        Some(_) => submission.localised(field, &[]),
        None => String::new(),
    };
    let track = submission.get("track").filter(|node| node.value.is_object() && node.has("name"));
    let persons: Vec<RawPerson> = submission
        .list("speakers")
        .iter()
        .map(|node| {
            if node.value.is_object() {
                person(node)
            } else {
                RawPerson { place: node.place.clone(), code: node.as_text(), ..RawPerson::default() }
            }
        })
        .collect();
    let links: Vec<RawLink> = submission
        .list("resources")
        .iter()
        .filter(|node| node.value.is_object())
        .map(|node| RawLink {
            kind: "attachment".to_owned(),
            title: node.localised("description", &languages),
            url: node.first_text(&["resource", "link", "url"]),
        })
        .collect();
    let event = RawEvent {
        place: submission.place.clone(),
        guid: if places.len() > 1 { String::new() } else { submission.text("guid") },
        code: code.clone(),
        title: submission.localised("title", &languages),
        summary: submission.localised("abstract", &languages),
        description: submission.localised("description", &languages),
        kind: name("submission_type"),
        language: locale.clone(),
        track: RawTrack {
            name: name("track"),
            colour: track.map(|node| node.text("color")).unwrap_or_default(),
            ..RawTrack::default()
        },
        persons,
        length: submission.int("duration").map_or(RawLength::Unknown, RawLength::Minutes),
        links,
        url: submission.first_text(&["public_url", "url"]),
        logo: submission.text("image"),
        opt_out: submission.flag("do_not_record"),
        cancelled,
        ..RawEvent::default()
    };
    if places.is_empty() {
        return draft.event(event);
    }
    for at in places {
        let mut slot = event.clone();
        slot.start = RawTime::full(at.start.clone());
        if !at.end.trim().is_empty() {
            slot.length = RawLength::Until(RawTime::full(at.end.clone()));
        }
        slot.room.clone_from(&at.room);
        if !at.key.is_empty() {
            slot.id = format!("slot-{}", at.key);
        }
        draft.event(slot)?;
    }
    Ok(())
}

fn person(node: &Node<'_>) -> RawPerson {
    RawPerson {
        place: node.place.clone(),
        code: node.text("code"),
        name: node.text("name"),
        biography: node.localised("biography", &[]),
        avatar: node.first_text(&["avatar_url", "avatar"]),
        ..RawPerson::default()
    }
}

/// PyConFR's digest: days, in them minutes after midnight, in them rooms; sprints likewise; meals with a title.
fn take_pyconfr(root: &Node<'_>, draft: &mut Draft) -> Result<(), ReadError> {
    "Europe/Paris".clone_into(&mut draft.conference.zone);
    let mut rooms = HashMap::new();
    for room in root.objects("rooms") {
        take_room(&room, &mut rooms, draft);
    }
    for (_, speaker) in root.get("speakers").map(|node| node.entries()).unwrap_or_default() {
        draft.person(person(&speaker));
    }
    for part in ["schedule", "sprints"] {
        for (_, day) in root.get(part).map(|node| node.entries()).unwrap_or_default() {
            for (_, minute) in day.entries() {
                for (_, submission) in minute.entries() {
                    let places = places_of(&submission, &rooms);
                    take_submission(&submission, &places, draft)?;
                }
            }
        }
    }
    for (date, day) in root.get("extra").map(|node| node.entries()).unwrap_or_default() {
        for (minute, item) in day.entries() {
            let clock = minute
                .parse::<u32>()
                .map(|minute| format!("{:02}:{:02}", minute / 60, minute % 60))
                .unwrap_or_default();
            draft.event(RawEvent {
                place: item.place.clone(),
                id: format!("extra-{}", item.text("id")),
                title: item.localised("title", &[]),
                known_kind: Some(SessionKind::Break),
                start: RawTime::clock(date, clock),
                day: date.to_owned(),
                ..RawEvent::default()
            })?;
        }
    }
    Ok(())
}
