//! Two feeds that conferences made for their own apps: O'Reilly's OSCON and JetBrains' KotlinConf.
//!
//! Neither names its zone; KotlinConf's and OSCON's times are those on the clocks of the place.

use super::{
    Format, Imported, Options, ReadError,
    draft::{RawEvent, RawLength, RawLink, RawPerson, RawRoom, RawTime, RawTrack},
    json::{JsonFile, Node},
};
use model::programme::SessionKind;
use serde_json::Value;

/// Whether `value` is OSCON's feed.
pub(super) fn recognises_oscon(value: &Value) -> bool {
    value.get("Schedule").is_some_and(|schedule| schedule.get("events").is_some_and(Value::is_array))
}

/// Whether `value` is KotlinConf's file.
pub(super) fn recognises_kotlinconf(value: &Value) -> bool {
    value.get("rooms").is_none()
        && value.get("speakers").is_some_and(Value::is_array)
        && value
            .get("sessions")
            .and_then(|sessions| sessions.get(0))
            .is_some_and(|session| session.get("speakerIds").is_some() || session.get("location").is_some())
}

/// Reads OSCON's feed. Its names hold HTML entities.
pub(super) fn read_oscon(file: &JsonFile, options: &Options) -> Result<Imported, ReadError> {
    file.draft(Format::Oscon, options, |root, draft| {
        let Some(schedule) = root.object("Schedule") else { return Ok(()) };
        for venue in schedule.objects("venues") {
            draft.room(RawRoom {
                key: venue.text("serial"),
                name: entities(&venue.text("name")),
                ..RawRoom::default()
            });
        }
        for speaker in schedule.objects("speakers") {
            let twitter = speaker.text("twitter");
            let mut links = vec![RawLink { url: speaker.text("url"), ..RawLink::default() }];
            if !twitter.trim().is_empty() {
                links.push(RawLink {
                    title: "Twitter".to_owned(),
                    url: format!("https://twitter.com/{}", twitter.trim().trim_start_matches('@')),
                    ..RawLink::default()
                });
            }
            let affiliation = [speaker.text("position"), speaker.text("affiliation")];
            draft.person(RawPerson {
                place: speaker.place.clone(),
                id: speaker.text("serial"),
                name: entities(&speaker.text("name")),
                biography: speaker.text("bio"),
                affiliation: entities(&joined(&affiliation)),
                avatar: speaker.text("photo"),
                links,
                ..RawPerson::default()
            });
        }
        for event in schedule.objects("events") {
            let kind = event.text("event_type");
            let persons = event
                .list("speakers")
                .iter()
                .map(|serial| RawPerson {
                    place: serial.place.clone(),
                    id: serial.as_text(),
                    ..RawPerson::default()
                })
                .collect();
            draft.event(RawEvent {
                place: event.place.clone(),
                id: event.text("serial"),
                title: entities(&event.text("name")),
                description: event.text("description"),
                kind,
                track: event.list("categories").first().map(track).unwrap_or_default(),
                persons,
                start: RawTime::full(event.text("time_start")),
                length: RawLength::Until(RawTime::full(event.text("time_stop"))),
                room_key: event.text("venue_serial"),
                url: event.text("website_url"),
                ..RawEvent::default()
            })?;
        }
        Ok(())
    })
}

/// Reads KotlinConf's file.
pub(super) fn read_kotlinconf(file: &JsonFile, options: &Options) -> Result<Imported, ReadError> {
    file.draft(Format::KotlinConf, options, |root, draft| {
        for speaker in root.objects("speakers") {
            draft.person(RawPerson {
                place: speaker.place.clone(),
                guid: speaker.text("id"),
                name: speaker.text("name"),
                biography: speaker.text("description"),
                affiliation: speaker.text("position"),
                avatar: speaker.text("photoUrl"),
                ..RawPerson::default()
            });
        }
        for session in root.objects("sessions") {
            let tags: Vec<String> = session.list("tags").iter().map(Node::as_text).collect();
            let persons: Vec<RawPerson> = session
                .list("speakerIds")
                .iter()
                .map(|id| RawPerson { place: id.place.clone(), guid: id.as_text(), ..RawPerson::default() })
                .collect();
            let title = session.text("title");
            let video = session.text("videoUrl");
            let mut links = vec![];
            if !video.trim().is_empty() {
                links.push(RawLink { kind: "video".to_owned(), title: "Recording".to_owned(), url: video });
            }
            draft.event(RawEvent {
                place: session.place.clone(),
                guid: session.text("id"),
                known_kind: unstaffed_kind(&title, &persons),
                title,
                description: session.text("description"),
                kind: tags
                    .iter()
                    .find(|tag| SessionKind::guess(tag) != SessionKind::Other)
                    .cloned()
                    .unwrap_or_default(),
                track: tags
                    .iter()
                    .find(|tag| SessionKind::guess(tag) == SessionKind::Other)
                    .map(|tag| RawTrack { name: tag.clone(), ..RawTrack::default() })
                    .unwrap_or_default(),
                persons,
                start: RawTime::full(session.text("startsAt")),
                length: RawLength::Until(RawTime::full(session.text("endsAt"))),
                room: session.text("location"),
                links,
                ..RawEvent::default()
            })?;
        }
        Ok(())
    })
}

/// The kind that a title says where nobody speaks: breaks, registration, parties stand among the talks.
pub(super) fn unstaffed_kind(title: &str, persons: &[RawPerson]) -> Option<SessionKind> {
    let guess = SessionKind::guess(title);
    let told = matches!(guess, SessionKind::Break | SessionKind::Social | SessionKind::Service);
    (persons.is_empty() && told).then_some(guess)
}

fn track(category: &Node<'_>) -> RawTrack {
    RawTrack { name: entities(&category.as_text()), ..RawTrack::default() }
}

fn joined(parts: &[String]) -> String {
    let parts: Vec<&str> = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}

/// `text` with its HTML entities as the characters they stand for; one pass, so that `&amp;lt;` stays `&lt;`.
fn entities(text: &str) -> String {
    quick_xml::escape::unescape(text).map_or_else(|_| text.to_owned(), std::borrow::Cow::into_owned)
}
