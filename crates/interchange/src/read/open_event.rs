//! Open Event (Eventyay): an archive or folder of `event`, `sessions`, `speakers`, `tracks`, `microlocations`,
//! with or without `.json` behind their names.
//!
//! Two generations of the server spell fields with underscores or with hyphens. The server fills in a start for
//! every proposal, placed or not, so a start counts only together with a room.

use super::{
    Format, Imported, Options, ReadError,
    draft::{Draft, RawEvent, RawLength, RawLink, RawPerson, RawRoom, RawSponsor, RawTime, RawTrack},
    json::{JsonFile, Node, draft_of},
};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// Which part of an archive a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The event.
    Event,
    /// Sessions.
    Sessions,
    /// Speakers.
    Speakers,
    /// Tracks.
    Tracks,
    /// Rooms.
    Rooms,
    /// Sponsors.
    Sponsors,
}

/// Which part `value` is by its file's name and its shape; `None` for something else.
pub(super) fn recognises(name: &str, value: &Value) -> Option<Part> {
    let base = name.rsplit(['/', '\\', '!']).next().unwrap_or(name);
    let part = match base.strip_suffix(".json").unwrap_or(base) {
        "event" => Part::Event,
        "sessions" => Part::Sessions,
        "speakers" => Part::Speakers,
        "tracks" => Part::Tracks,
        "microlocations" => Part::Rooms,
        "sponsors" => Part::Sponsors,
        _ => return None,
    };
    let Some(first) = value.get(0) else {
        let fits = match part {
            Part::Event => both(value, "start_time").or(both(value, "organizer_name")).is_some(),
            _ => value.as_array().is_some_and(Vec::is_empty),
        };
        return fits.then_some(part);
    };
    let fits = match part {
        Part::Event => false,
        Part::Sessions => first.get("microlocation").is_some() || both(first, "session_type").is_some(),
        Part::Speakers => first.get("organisation").is_some() || both(first, "short_biography").is_some(),
        Part::Tracks | Part::Rooms | Part::Sponsors => {
            first.get("name").is_some() && first.get("id").is_some()
        }
    };
    fits.then_some(part)
}

/// The field under its name with underscores or with hyphens.
fn both<'a>(value: &'a Value, field: &str) -> Option<&'a Value> {
    value.get(field).or_else(|| value.get(kebab(field)))
}

fn kebab(field: &str) -> String {
    match field {
        "start_time" => "starts-at".to_owned(),
        "end_time" => "ends-at".to_owned(),
        field => field.replace('_', "-"),
    }
}

/// The text under either spelling.
fn text(node: &Node<'_>, field: &str) -> String {
    node.first_text(&[field, &kebab(field), &format!("{}-url", kebab(field))])
}

/// Reads the parts of one archive.
pub(super) fn read(files: &[&JsonFile], options: &Options) -> Result<Imported, ReadError> {
    draft_of(files, Format::OpenEvent, options, |roots, draft| {
        let of = |part: Part| {
            roots
                .iter()
                .zip(files)
                .filter(move |(root, file)| recognises(&file.name, root.value) == Some(part))
                .map(|(root, _)| root)
        };
        for event in of(Part::Event) {
            take_event(event, draft);
        }
        let mut rooms = HashSet::new();
        for room in of(Part::Rooms).flat_map(Node::as_objects) {
            rooms.insert(room.text("id"));
            draft.room(RawRoom { key: room.text("id"), name: room.text("name"), ..RawRoom::default() });
        }
        for node in of(Part::Tracks).flat_map(Node::as_objects) {
            draft.track(track(&node));
        }
        for sponsor in of(Part::Sponsors).flat_map(Node::as_objects) {
            draft.sponsor(RawSponsor {
                guid: sponsor.text("id"),
                name: sponsor.text("name"),
                level: sponsor.first_text(&["sponsor_type", "type", "sponsor-type"]),
                rank: sponsor.int("level").and_then(|level| u16::try_from(level).ok()).unwrap_or(0),
                url: sponsor.text("url"),
                logo: text(&sponsor, "logo"),
                description: sponsor.text("description"),
            });
        }
        // The number of each listed name: sessions spell numbers unlike the list now and then.
        let mut numbers: HashMap<String, String> = HashMap::new();
        for speaker in of(Part::Speakers).flat_map(Node::as_objects) {
            let person = speaker_of(&speaker);
            numbers.insert(person.name.trim().to_owned(), person.id.clone());
            draft.person(person);
        }
        for session in of(Part::Sessions).flat_map(Node::as_objects) {
            take_session(&session, &numbers, draft)?;
        }
        Ok(())
    })
}

fn take_event(event: &Node<'_>, draft: &mut Draft) {
    let place = text(event, "location_name");
    let conference = &mut draft.conference;
    conference.title = event.text("name");
    conference.acronym = event.text("name");
    conference.description = event.text("description");
    conference.start = text(event, "start_time");
    conference.end = text(event, "end_time");
    conference.zone = event.text("timezone");
    conference.url = event.first_text(&["event_url", "event-url"]);
    conference.logo = text(event, "logo");
    conference.venue = place;
    conference.city = text(event, "searchable_location_name");
    conference.made = text(event, "schedule_published_on");
}

fn track(node: &Node<'_>) -> RawTrack {
    RawTrack {
        key: node.text("id"),
        name: node.text("name"),
        description: node.text("description"),
        colour: node.text("color"),
        ..RawTrack::default()
    }
}

fn speaker_of(speaker: &Node<'_>) -> RawPerson {
    let mut links = vec![];
    for (field, title) in [
        ("website", ""),
        ("github", "GitHub"),
        ("twitter", "Twitter"),
        ("linkedin", "LinkedIn"),
        ("facebook", "Facebook"),
    ] {
        let url = speaker.text(field);
        // Many write a bare name where an address is asked for.
        if url.trim().starts_with("http") {
            links.push(RawLink { title: title.to_owned(), url, ..RawLink::default() });
        }
    }
    let position = [speaker.text("position"), speaker.text("organisation")];
    let position: Vec<&str> =
        position.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect();
    RawPerson {
        place: speaker.place.clone(),
        id: speaker.text("id"),
        name: speaker.text("name"),
        biography: match text(speaker, "long_biography") {
            long if long.trim().is_empty() => text(speaker, "short_biography"),
            long => long,
        },
        affiliation: position.join(", "),
        avatar: text(speaker, "photo"),
        links,
        ..RawPerson::default()
    }
}

fn take_session(
    session: &Node<'_>,
    numbers: &HashMap<String, String>,
    draft: &mut Draft,
) -> Result<(), ReadError> {
    let state = session.text("state").trim().to_ascii_lowercase();
    if !matches!(state.as_str(), "accepted" | "confirmed" | "canceled" | "cancelled" | "") {
        session.log.note(
            &session.place,
            format!("the proposal \"{}\" is {state}", model::text::excerpt(&session.text("title"), 60)),
            "It is not on the programme and was left out",
        );
        return Ok(());
    }
    let persons = session
        .objects("speakers")
        .iter()
        .map(|speaker| {
            let name = speaker.text("name");
            let id = numbers.get(name.trim()).cloned().unwrap_or_else(|| speaker.text("id"));
            RawPerson { place: speaker.place.clone(), id, name, ..RawPerson::default() }
        })
        .collect();
    let room = session.object("microlocation");
    let (start, end) = match &room {
        Some(_) => (RawTime::full(text(session, "start_time")), RawTime::full(text(session, "end_time"))),
        None => <_>::default(),
    };
    let mut links = vec![];
    for (field, kind, title) in
        [("slides", "slides", "Slides"), ("video", "video", "Video"), ("audio", "audio", "Audio")]
    {
        let url = text(session, field);
        if !url.trim().is_empty() {
            links.push(RawLink { kind: kind.to_owned(), title: title.to_owned(), url });
        }
    }
    let kind = session.object("session_type").or_else(|| session.object("session-type"));
    draft.event(RawEvent {
        place: session.place.clone(),
        id: session.text("id"),
        title: session.text("title"),
        subtitle: session.text("subtitle"),
        summary: text(session, "short_abstract"),
        description: text(session, "long_abstract"),
        kind: kind.map(|kind| kind.text("name")).unwrap_or_default(),
        language: session.text("language"),
        track: session.object("track").map(|node| track(&node)).unwrap_or_default(),
        persons,
        start,
        length: RawLength::Until(end),
        room: room.as_ref().map(|room| room.text("name")).unwrap_or_default(),
        room_key: room.as_ref().map(|room| room.text("id")).unwrap_or_default(),
        links,
        cancelled: state.starts_with("cancel"),
        ..RawEvent::default()
    })
}
