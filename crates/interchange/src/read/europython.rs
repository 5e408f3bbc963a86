//! The XML of EuroPython 2014: schedule XML by its root and its days, and nothing else like it.
//!
//! `day@date/entry@id` holds `category`, `topics/topic`, `start` (0930), `duration` in minutes, `room@id`, `title`,
//! `abstract`, `description`, `speakers/speaker@id` with `name`, `profile`, `description`, `image`. An entry that
//! recurs keeps its id on every day. A break names several rooms, or ALL, in a `room` without an id.

use crate::read::{
    ReadError,
    draft::{Draft, RawEvent, RawLength, RawLink, RawPerson, RawTime, RawTrack},
    xml::Node,
};
use model::text::excerpt;

/// Adds the entry `node` of the day `date`.
pub(super) fn entry(draft: &mut Draft, node: &Node, date: &str) -> Result<(), ReadError> {
    let text = |name: &str| node.text_of(name).to_owned();
    let room = node.child("room");
    let one_room = room.filter(|room| !room.attribute("id").is_empty());
    if one_room.is_none()
        && let Some(rooms) = room.filter(|room| !room.text.trim().is_empty())
    {
        let problem =
            format!("the entry takes place in several rooms at once: {}", excerpt(rooms.text.trim(), 80));
        draft.note(&node.place, problem, "It was left without a room, which means the whole house");
    }
    draft.event(RawEvent {
        place: node.place.clone(),
        id: node.attribute("id").to_owned(),
        title: text("title"),
        summary: text("abstract"),
        description: text("description"),
        kind: text("category"),
        track: RawTrack {
            name: node.listed("topics", "topic").next().map(|topic| topic.text.clone()).unwrap_or_default(),
            ..RawTrack::default()
        },
        persons: node.listed("speakers", "speaker").map(speaker).collect(),
        start: RawTime::clock(date, node.text_of("start")),
        length: RawLength::Text(text("duration")),
        day: date.to_owned(),
        room: one_room.map(|room| room.text.clone()).unwrap_or_default(),
        ..RawEvent::default()
    })
}

/// A speaker. `profile` is an address in one export and the biography in the other.
fn speaker(node: &Node) -> RawPerson {
    let profile = node.text_of("profile").trim();
    let is_page = profile.starts_with("http") && !profile.contains(char::is_whitespace);
    let description = node.text_of("description");
    let image = node.text_of("image").trim();
    // The exporter put the site's address before pictures that had a full address already, and before none.
    let image = image.rfind("http").map_or("", |at| &image[at..]);
    RawPerson {
        place: node.place.clone(),
        id: node.attribute("id").to_owned(),
        name: node.text_of("name").to_owned(),
        biography: if description.trim().is_empty() && !is_page { profile } else { description }.to_owned(),
        avatar: if image.ends_with('/') { "" } else { image }.to_owned(),
        links: if is_page { vec![RawLink { url: profile.to_owned(), ..RawLink::default() }] } else { vec![] },
        ..RawPerson::default()
    }
}
