//! Tracks and rooms: their lists, their pages, and the sign for a room's door.

use super::{
    Page, PageError, Viewer,
    frame::Frame,
    layout::Layout,
    part::{Anchor, Card, Cards, abbreviation, calendar, long_date},
};
use crate::{
    markup::{self, SafeHtml},
    snapshot::Snapshot,
};
use askama::Template;
use jiff::civil::Date;
use model::{
    address::Address,
    programme::{Room, RoomKind, Session, SessionKind, Slot},
};

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    frame: Frame,
    heading: &'static str,
    entries: Vec<OverviewEntry>,
}

struct OverviewEntry {
    link: Anchor,
    colour: String,
    facts: String,
    about: String,
}

/// Draws the page of all tracks.
pub(super) fn tracks(page: &Page, snapshot: &Snapshot, viewer: &Viewer) -> Result<Option<String>, PageError> {
    let entries = snapshot.programme().tracks.iter().zip(0..).map(|(track, number)| OverviewEntry {
        link: Anchor {
            href: viewer.page(snapshot.edition(), track.into()),
            text: track.name.to_string(),
            current: false,
        },
        colour: format!("t-{number}"),
        facts: counted(snapshot.sessions_of_track(track.id).count(), "session"),
        about: markup::beginning(&markup::plain(&track.description), 160),
    });
    let frame = Frame::new(snapshot, viewer, page, "Tracks", String::new());
    Ok(Some(Overview { frame, heading: "Tracks", entries: entries.collect() }.render()?))
}

/// Draws the page of all rooms.
pub(super) fn rooms(page: &Page, snapshot: &Snapshot, viewer: &Viewer) -> Result<Option<String>, PageError> {
    let entries = snapshot.programme().rooms.iter().map(|room| OverviewEntry {
        link: Anchor {
            href: viewer.page(snapshot.edition(), room.into()),
            text: room.name.to_string(),
            current: false,
        },
        colour: "t-none".to_owned(),
        facts: [
            Some(counted(snapshot.slots_of_room(room.id).count(), "session")),
            room.capacity.map(|seats| format!("{seats} seats")),
            kind(room).map(ToOwned::to_owned),
        ]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" · "),
        about: markup::beginning(&markup::plain(&room.description), 160),
    });
    let frame = Frame::new(snapshot, viewer, page, "Rooms", String::new());
    Ok(Some(Overview { frame, heading: "Rooms", entries: entries.collect() }.render()?))
}

/// `1 session`, `3 sessions`.
pub(super) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn kind(room: &Room) -> Option<&'static str> {
    match room.kind {
        RoomKind::Physical => None,
        RoomKind::Virtual => Some("online only"),
        RoomKind::Hybrid => Some("in the building and online"),
    }
}

#[derive(Template)]
#[template(path = "place.html")]
struct Place {
    frame: Frame,
    what: &'static str,
    heading: String,
    colour: String,
    facts: Vec<String>,
    about: SafeHtml,
    calendar: Anchor,
    sign: Option<Anchor>,
    /// Where one takes part from elsewhere, and where everybody talks; a copy in a folder has neither.
    live: Option<Anchor>,
    days: Vec<PlaceDay>,
    unscheduled: Vec<Card>,
}

struct PlaceDay {
    date: Date,
    heading: String,
    cards: Vec<Card>,
}

/// Draws the page of a track.
pub(super) fn track(
    page: &Page,
    slug: &str,
    snapshot: &Snapshot,
    viewer: &Viewer,
) -> Result<Option<String>, PageError> {
    let Some(track) = snapshot.track_by_slug(slug) else { return Ok(None) };
    let sessions: Vec<&Session> = snapshot.sessions_of_track(track.id).collect();
    let mut slots: Vec<(&Session, &Slot)> =
        sessions.iter().flat_map(|session| session.slots.iter().map(|slot| (*session, slot))).collect();
    slots.sort_by_key(|(session, slot)| {
        (
            slot.start,
            std::cmp::Reverse(slot.end),
            slot.room.and_then(|id| snapshot.room_order(id)),
            session.id,
        )
    });
    let cards = Cards::of_a_day(snapshot, viewer);
    let about = markup::beginning(&markup::plain(&track.description), 200);
    let view = Place {
        frame: Frame::new(snapshot, viewer, page, track.name.as_str(), about),
        what: "Track",
        heading: track.name.to_string(),
        colour: snapshot
            .track_order(track.id)
            .map_or_else(|| "t-none".to_owned(), |number| format!("t-{number}")),
        facts: vec![counted(sessions.len(), "session")],
        about: markup::html(&track.description, 2),
        calendar: calendar(
            viewer,
            snapshot,
            Address::TrackCalendar(track.slug.as_str()),
            "Calendar of this track",
        ),
        sign: None,
        live: None,
        days: by_day(
            snapshot,
            slots
                .into_iter()
                .map(|(session, slot)| (slot, Card { track: None, ..cards.card(session, Some(slot)) })),
        ),
        unscheduled: sessions
            .iter()
            .filter(|session| session.slots.is_empty())
            .map(|session| cards.card(session, None))
            .collect(),
    };
    Ok(Some(view.render()?))
}

/// Draws the page of a room.
pub(super) fn room(
    page: &Page,
    slug: &str,
    snapshot: &Snapshot,
    viewer: &Viewer,
) -> Result<Option<String>, PageError> {
    let Some(room) = snapshot.room_by_slug(slug) else { return Ok(None) };
    let cards = Cards::of_a_day(snapshot, viewer);
    let count = snapshot.slots_of_room(room.id).count();
    let view = Place {
        frame: Frame::new(snapshot, viewer, page, room.name.as_str(), String::new()),
        what: "Room",
        heading: room.name.to_string(),
        colour: "t-none".to_owned(),
        facts: [
            Some(counted(count, "session")),
            room.capacity.map(|seats| format!("{seats} seats")),
            kind(room).map(ToOwned::to_owned),
        ]
        .into_iter()
        .flatten()
        .collect(),
        about: markup::html(&room.description, 2),
        calendar: calendar(
            viewer,
            snapshot,
            Address::RoomCalendar(room.slug.as_str()),
            "Calendar of this room",
        ),
        sign: Some(Anchor {
            href: viewer.page(snapshot.edition(), Address::Sign(room.slug.as_str())),
            text: "Door sign".to_owned(),
            current: false,
        }),
        live: (!viewer.links.folder).then(|| Anchor {
            href: viewer.page(snapshot.edition(), Address::LiveRoom(room.slug.as_str())),
            text: "Live room: video and conversation".to_owned(),
            current: false,
        }),
        days: by_day(
            snapshot,
            snapshot
                .slots_of_room(room.id)
                .map(|(session, slot)| (slot, Card { room: None, ..cards.card(session, Some(slot)) })),
        ),
        unscheduled: vec![],
    };
    Ok(Some(view.render()?))
}

/// Cards by conference day; they come by time.
fn by_day<'a>(snapshot: &Snapshot, cards: impl Iterator<Item = (&'a Slot, Card)>) -> Vec<PlaceDay> {
    let mut days: Vec<PlaceDay> = vec![];
    for (slot, card) in cards {
        let date = snapshot.edition().day_of(slot.start);
        match days.last_mut() {
            Some(day) if day.date == date => day.cards.push(card),
            _ => days.push(PlaceDay { date, heading: long_date(date), cards: vec![card] }),
        }
    }
    days
}

#[derive(Template)]
#[template(path = "sign.html")]
struct Sign {
    frame: Frame,
    edition: String,
    room: String,
    /// How long the name is: `short`, `medium`, `long`; longer names are set smaller.
    length: &'static str,
    back: String,
    days: Vec<SignDay>,
}

struct SignDay {
    heading: String,
    zone: String,
    /// `loose`, `tight` or `dense`, by how much is to be on the sheet.
    class: &'static str,
    cards: Vec<Card>,
}

/// How high an entry of a door sign is, in tenths of a line of its text. A sheet of Letter, which is shorter than A4,
/// holds 24 loose or 31 tight lines below a name in large type; some of them are kept for titles in wide letters.
fn height(card: &Card) -> usize {
    let lines = |letters: usize| letters.div_ceil(50);
    let people = card.people.iter().map(|who| who.text.chars().count() + 2).sum();
    let topics = card.topics.iter().map(|topic| lines(topic.title.chars().count() + 14) * 8).sum::<usize>();
    let badge = if card.cancelled || card.delay.is_some() { 10 } else { 0 };
    8 + lines(card.title.chars().count()) * 8 + lines(people) * 9 + badge + topics
}

/// Draws the sign for a room's door: a sheet for each day.
pub(super) fn sign(
    page: &Page,
    slug: &str,
    snapshot: &Snapshot,
    viewer: &Viewer,
) -> Result<Option<String>, PageError> {
    let Some(room) = snapshot.room_by_slug(slug) else { return Ok(None) };
    let cards = Cards { snapshot, viewer, zones: false, days: false };
    let zone = &snapshot.edition().zone;
    let mut days = vec![];
    for day in snapshot.days() {
        let layout = Layout::of(snapshot, day.date);
        let mut lines: Vec<(&Session, &Slot, Card)> = vec![];
        for entry in layout
            .rows
            .iter()
            .flat_map(|row| row.beside.iter().chain(row.cells.iter().flat_map(|cell| &cell.entries)))
        {
            let here = entry.slot.room == Some(room.id);
            // A break of the whole house is on every door.
            if here || (entry.slot.room.is_none() && entry.session.kind == SessionKind::Break) {
                let mut card = cards.card(entry.session, Some(entry.slot));
                card.topics =
                    entry.topics.iter().map(|(session, slot)| cards.card(session, Some(slot))).collect();
                lines.push((entry.session, entry.slot, card));
            }
        }
        if !lines.iter().any(|(_, slot, _)| slot.room == Some(room.id)) {
            continue;
        }
        lines.sort_by_key(|(session, slot, _)| (slot.start, slot.end, session.id));
        let height: usize = lines.iter().map(|(_, _, card)| height(card)).sum();
        days.push(SignDay {
            heading: long_date(day.date),
            zone: abbreviation(zone, day.start),
            class: match height {
                0..=210 => "loose",
                211..=290 => "tight",
                _ => "dense",
            },
            cards: lines.into_iter().map(|(_, _, card)| card).collect(),
        });
    }
    let view = Sign {
        frame: Frame::new(snapshot, viewer, page, &format!("Door sign, {}", room.name), String::new()),
        edition: snapshot.edition().title.to_string(),
        room: room.name.to_string(),
        length: match room.name.as_str().chars().count() {
            0..=12 => "short",
            13..=28 => "medium",
            _ => "long",
        },
        back: viewer.page(snapshot.edition(), room.into()),
        days,
    };
    Ok(Some(view.render()?))
}
