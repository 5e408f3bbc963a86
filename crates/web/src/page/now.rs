//! What is on now, and what comes next, room by room.

use super::{
    Page, PageError, Viewer,
    frame::Frame,
    part::{Anchor, Card, Cards, When},
};
use crate::snapshot::Snapshot;
use askama::Template;
use model::{
    address::Address,
    id::RoomId,
    now::{Entry, Phase, now_and_next, phase},
    programme::SessionKind,
};

#[derive(Template)]
#[template(path = "now.html")]
struct Now {
    frame: Frame,
    time: When,
    /// When it begins, before the conference.
    begins: Option<When>,
    /// When it ended, after the conference.
    ended: Option<When>,
    unscheduled: bool,
    rooms: Vec<RoomView>,
    /// When it goes on, while nothing is on within the window.
    goes_on: Option<When>,
    schedule: String,
    /// A static copy cannot know what time it is.
    still: bool,
}

/// A room with what is on and what is next.
pub(super) struct RoomView {
    pub(super) id: Option<RoomId>,
    pub(super) room: Option<Anchor>,
    pub(super) now: Vec<Card>,
    pub(super) next: Vec<Card>,
}

/// Draws the page.
pub(super) fn now(page: &Page, snapshot: &Snapshot, viewer: &Viewer) -> Result<Option<String>, PageError> {
    let zone = &snapshot.edition().zone;
    let instant = |at| When::instant(zone, viewer, at).with_day(zone);
    let phase = phase(snapshot.programme(), viewer.now);
    let rooms = if viewer.links.folder { vec![] } else { rooms(snapshot, viewer, 4) };
    let next = snapshot
        .programme()
        .slots()
        .map(|(_, slot)| slot.actual_start())
        .filter(|start| *start > viewer.now)
        .min();
    let view = Now {
        frame: Frame::new(snapshot, viewer, page, "Now and next", String::new()),
        time: instant(viewer.now),
        begins: if let Phase::Before(at) = phase { Some(instant(at)) } else { None },
        ended: if let Phase::After(at) = phase { Some(instant(at)) } else { None },
        unscheduled: phase == Phase::Unscheduled,
        goes_on: if phase == Phase::During && rooms.is_empty() { next.map(instant) } else { None },
        rooms,
        schedule: viewer.page(snapshot.edition(), Address::Grid(None)),
        still: viewer.links.folder,
    };
    Ok(Some(view.render()?))
}

/// The rooms that have something within the window, with at most `ahead` of what comes next: breaks are not
/// counted, so they never hide a session.
pub(super) fn rooms(snapshot: &Snapshot, viewer: &Viewer, ahead: usize) -> Vec<RoomView> {
    let today = snapshot.edition().day_of(viewer.now);
    let card = |entry: &Entry<'_>| {
        let other_day = snapshot.edition().day_of(entry.slot.start) != today;
        let cards = Cards { snapshot, viewer, zones: true, days: other_day };
        Card { room: None, ..cards.card(entry.session, Some(entry.slot)) }
    };
    now_and_next(snapshot.programme(), viewer.now)
        .into_iter()
        .map(|room| {
            let mut counted = 0;
            let next = room.next.iter().filter(|entry| {
                counted += usize::from(entry.session.kind != SessionKind::Break);
                counted <= ahead
            });
            RoomView {
                id: room.room,
                room: room.room.and_then(|id| snapshot.room(id)).map(|room| Anchor {
                    href: viewer.page(snapshot.edition(), room.into()),
                    text: room.name.to_string(),
                    current: false,
                }),
                now: room.now.iter().map(card).collect(),
                next: next.map(card).collect(),
            }
        })
        .collect()
}

/// What is on and next in one room, for a page of its own; `None` while nothing is within the window.
pub(crate) struct RoomCard {
    pub(crate) now: Vec<Card>,
    pub(crate) next: Vec<Card>,
}

/// What is on in a room, and the next that comes.
pub(crate) fn room_now(snapshot: &Snapshot, viewer: &Viewer, room: RoomId) -> Option<RoomCard> {
    let here = rooms(snapshot, viewer, 1).into_iter().find(|one| one.id == Some(room))?;
    Some(RoomCard { now: here.now, next: here.next })
}
