//! Rooms on the day: their list, their pages, what is said in them.
//!
//! A page is drawn for one person at one moment, and works without scripts. With them it follows the conversation:
//! `socket.rs` sends what is new by WebSocket, or to those whose network lets none through when they ask again and again.
//! What is sent is the list item of a message as the page draws it, so that there is one way in which a message looks.

mod announce;
mod join;
mod list;
mod matrix;
mod message;
mod page;
mod say;
mod socket;

pub(crate) use announce::run as announce;
pub(crate) use message::{news, who};

use crate::{
    error::Failure,
    route::at,
    signed::{Asker, Person},
    site::{Live, Site},
    snapshot::Snapshot,
};
use axum::{
    Router,
    routing::{get, post},
};
use jiff::SignedDuration;
use model::{
    Refusal,
    address::Address,
    chat::{Author, Rights},
    edition::Edition,
    permission::{Action, Place},
    room::{LiveKind, LiveRoom, RoomAccess},
    text::Slug,
};
use std::sync::Arc;

/// How long before and after a session its leads moderate the room in which it is.
const AROUND: SignedDuration = SignedDuration::from_mins(30);

/// Adds the routes.
pub(crate) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/{edition}/live/", get(list::list).post(list::open));
    let router = at(router, "/{edition}/live/{room}/", get(page::page).post(say::say));
    let router = at(router, "/{edition}/live/{room}/messages", get(socket::messages));
    let router = at(router, "/{edition}/live/{room}/socket", get(socket::socket));
    let router = at(router, "/{edition}/live/{room}/join/", post(join::join));
    let router = at(router, "/{edition}/live/{room}/close/", post(list::close));
    matrix::routes(router)
}

/// A room that somebody has entered, with what they may do in it.
pub(super) struct Entered {
    pub(super) edition: Edition,
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) room: LiveRoom,
    pub(super) rights: Rights,
    /// Who is there, whether they may speak or not; nobody for a visitor.
    pub(super) there: Option<Speaker>,
    /// Who speaks; why they may not, where they may only read.
    pub(super) speaker: Result<Speaker, Silent>,
}

/// Somebody who may speak in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Speaker {
    pub(super) author: Author,
    pub(super) name: model::text::Line,
}

/// Why somebody may only read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Silent {
    /// They are not signed in.
    Visitor,
    /// The rules say so.
    Refused(Refusal),
}

/// The edition's rooms on the day that everybody may know of, or whoever asks: rooms of the programme first, in its order.
pub(super) async fn rooms(
    site: &Site,
    snapshot: &Snapshot,
    person: Option<&Person>,
) -> Result<Vec<LiveRoom>, Failure> {
    let edition = snapshot.edition();
    let said = site.store().live_rooms(edition.id).await?;
    let planned = snapshot.programme().rooms.iter().map(|room| {
        let known = said.iter().find(|known| known.id == room.id).cloned();
        LiveRoom::planned(room, known)
    });
    // Where a room of the programme has taken the name of another since, the other keeps an address of its own.
    let others = said.iter().filter(|room| room.kind != LiveKind::Programme).cloned().map(|room| {
        let taken = snapshot.room_by_slug(room.slug.as_str()).is_some();
        let own = if taken { Slug::parse(&room.id.to_string()).ok() } else { None };
        LiveRoom { slug: own.unwrap_or_else(|| room.slug.clone()), ..room }
    });
    let rooms = planned.chain(others);
    Ok(rooms.filter(|room| room.access != RoomAccess::Private || invited(person, edition, room)).collect())
}

/// Whether somebody has a role in a room, or in all of the edition.
fn invited(person: Option<&Person>, edition: &Edition, room: &LiveRoom) -> bool {
    let place = Place::edition(edition).in_room(Some(room.id));
    let holds = |person: &Person| person.subject.holding().any(|grant| grant.scope.covers(&place));
    person.is_some_and(holds)
}

/// The public edition of that slug with what is on in it.
pub(super) async fn edition(site: &Site, slug: &str) -> Result<(Arc<Live>, Arc<Snapshot>), Failure> {
    let live = site.live(slug)?;
    let snapshot = site.snapshot(&live).await?;
    Ok((live, snapshot))
}

/// Enters a room. To those who may not know of it there is none; whoever must sign in is led to do so.
pub(super) async fn enter(
    site: &Site,
    asker: &Asker,
    edition_slug: &str,
    slug: &str,
) -> Result<Entered, Failure> {
    let (_, snapshot) = edition(site, edition_slug).await?;
    let edition = snapshot.edition().clone();
    let person = asker.0.as_ref();
    let room = find(site, &snapshot, slug).await?.ok_or_else(|| Failure::no("room", slug))?;
    let role = invited(person, &edition, &room);
    match (room.access, person) {
        (RoomAccess::Public, _) => {}
        (RoomAccess::Registered, None) => {
            return Err(Failure::SignIn(Address::LiveRoom(slug).path(&edition.slug)));
        }
        (RoomAccess::Registered, Some(person)) => {
            let own = room.is_own(person.subject.account);
            if !role && !own && !is_registered(site, person, &edition).await? {
                return Err(Failure::Forbidden(Refusal::new(
                    "room",
                    format!("it is for those who are registered for {}", edition.title),
                    "Register with the address with which you sign in; it then takes a minute at most",
                )));
            }
        }
        (RoomAccess::Private, _) if role => {}
        (RoomAccess::Private, _) => return Err(Failure::no("room", slug)),
    }
    let moderates = person.is_some_and(|person| moderates(site, person, &snapshot, &room));
    let rights = Rights { moderates, locked: room.locked || room.closed.is_some() };
    let there = person.and_then(|person| {
        let author = Author::Account(person.subject.account?);
        Some(Speaker { author, name: person.signed.account.name.clone() })
    });
    Ok(Entered { speaker: speaker(person, rights), there, edition, snapshot, room, rights })
}

async fn find(site: &Site, snapshot: &Snapshot, slug: &str) -> Result<Option<LiveRoom>, Failure> {
    let planned = snapshot.room_by_slug(slug);
    if let Some(room) = planned {
        let said = site.store().live_rooms(snapshot.edition().id).await?;
        let known = said.into_iter().find(|known| known.id == room.id);
        return Ok(Some(LiveRoom::planned(room, known)));
    }
    let other = site.store().live_room(snapshot.edition().id, slug).await?;
    Ok(other.filter(|room| room.kind != LiveKind::Programme))
}

async fn is_registered(site: &Site, person: &Person, edition: &Edition) -> Result<bool, Failure> {
    let Some(account) = person.subject.account else { return Ok(false) };
    let registrations = site.store().registrations_of(account).await?;
    Ok(registrations
        .iter()
        .any(|one| one.edition == edition.id && one.state == model::registration::RegistrationState::Active))
}

/// Whether somebody keeps the peace in a room: by a role in it, as a lead of what is on in it around now, or because the
/// room is theirs.
fn moderates(site: &Site, person: &Person, snapshot: &Snapshot, room: &LiveRoom) -> bool {
    let subject = &person.subject;
    if subject.may_write().is_err() {
        return false;
    }
    let place = Place::edition(snapshot.edition()).in_room(Some(room.id));
    if room.is_own(subject.account) || subject.may(Action::ModerateRoom, &place).is_ok() {
        return true;
    }
    let now = site.now();
    snapshot.slots_of_room(room.id).any(|(session, slot)| {
        let begun = slot.actual_start().checked_sub(AROUND).is_ok_and(|begin| begin <= now);
        let over = slot.actual_end().checked_add(AROUND).is_ok_and(|end| end < now);
        let leads = || subject.may(Action::ModerateRoom, &place.clone().in_track(session.track)).is_ok();
        begun && !over && session.track.is_some() && leads()
    })
}

fn speaker(person: Option<&Person>, rights: Rights) -> Result<Speaker, Silent> {
    let person = person.ok_or(Silent::Visitor)?;
    person.subject.may_write().map_err(Silent::Refused)?;
    let Some(id) = person.subject.account else { return Err(Silent::Visitor) };
    if rights.locked && !rights.moderates {
        return Err(Silent::Refused(Refusal::new(
            "room",
            "only those who run this room may write in it at the moment",
            "You can read what is said",
        )));
    }
    Ok(Speaker { author: Author::Account(id), name: person.signed.account.name.clone() })
}
