//! A session's slots: a place of a session, given, moved and taken back.

use super::{
    change::{by_button, by_form, find, programme},
    enter, form_at,
    session::{capital, place_of},
};
use crate::{
    error::Failure,
    form::Form,
    inner::{Answer, Inner, again, done, show},
    route::{Asked, at},
    signed::Person,
    site::Site,
};
use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    routing::{get, post},
};
use model::{
    Refusal,
    address::EditionDesk,
    doubt::doubts_of,
    edit::{Command, Placing},
    edition::Edition,
    id::{RoomId, SlotId},
    permission::{Action, Place},
    programme::{Programme, Session, Slot},
    session_type,
};
use uuid::Uuid;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = form_at(router, "/desk/{edition}/sessions/{session}/slots/new/", get(new).post(create));
    let router = form_at(router, "/desk/{edition}/sessions/{session}/slots/{slot}/", get(one).post(save));
    at(router, "/desk/{edition}/sessions/{session}/slots/{slot}/remove/", post(remove))
}

const HELP: &str =
    "When and where the session is. You are warned before a room or a person would be needed twice.";

#[derive(Template)]
#[template(path = "desk/slot.html")]
struct SlotPage {
    inner: Inner,
    form: Form,
    rooms: Vec<(String, String)>,
    zone: String,
    /// What a change would make wrong, once it was tried.
    clashes: Vec<String>,
    /// What else is in the rooms on that day, for those who look for a free place.
    taken: Vec<(String, Vec<String>)>,
    remove: Option<(String, String)>,
}

/// The session of an address, for somebody who may place it.
async fn open(
    site: &Site,
    person: &Person,
    slug: &str,
    id: Uuid,
) -> Result<(Edition, Programme, Session), Failure> {
    let edition = enter(site, person, slug).await?;
    let all = programme(site, &edition).await?;
    let session = find(&all.sessions, "session", id, |session| session.id.0 == id)?;
    person.may(Action::PlaceSession, &Place::edition(&edition).in_track(session.track))?;
    Ok((edition, all, session))
}

struct Around<'a> {
    site: &'a Site,
    asked: &'a Asked,
    person: &'a Person,
    all: &'a Programme,
    session: &'a Session,
}

fn page(around: &Around<'_>, slot: Option<&Slot>, form: Form, clashes: Vec<String>) -> SlotPage {
    let Around { site, asked, person, all, session } = around;
    let edition = &all.edition;
    let own = EditionDesk::Session(session.id).path(&edition.slug);
    let list = EditionDesk::Sessions.path(&edition.slug);
    let title = if slot.is_some() { "Move" } else { "Place" };
    let inner = Inner::edition(person, edition, &list, &format!("{title}: {}", session.title), HELP)
        .below(own.clone(), session.title.as_str())
        .noticing(site, &asked.headers);
    let mut rooms = vec![(String::new(), "No room yet".to_owned())];
    rooms.extend(all.rooms.iter().map(|room| (room.id.to_string(), room.name.to_string())));
    let day = jiff::civil::DateTime::strptime("%Y-%m-%dT%H:%M", form.value("start"))
        .map_or(edition.first_day, jiff::civil::DateTime::date);
    let taken = all
        .rooms
        .iter()
        .map(|room| {
            let mut held: Vec<(&Session, &Slot)> = all
                .slots()
                .filter(|(other, held)| {
                    held.room == Some(room.id)
                        && !held.is_cancelled()
                        && other.id != session.id
                        && edition.day_of(held.start) == day
                })
                .collect();
            held.sort_by_key(|(_, slot)| slot.start);
            let line = |(other, held): (&Session, &Slot)| {
                let at = |instant| edition.zone.local(instant).strftime("%H:%M").to_string();
                format!("{}–{} {}", at(held.start), at(held.end), other.title)
            };
            (room.name.to_string(), held.into_iter().map(line).collect())
        })
        .collect();
    SlotPage {
        inner,
        form,
        rooms,
        zone: edition.zone.name().replace('_', " "),
        clashes,
        taken,
        remove: slot.map(|slot| {
            let what = "The session stays on the list without this time and room. If people have seen it already, cancel it \
                instead: then it stays on the programme, marked."
                .to_owned();
            (format!("{own}slots/{}/remove/", slot.id), what)
        }),
    }
}

fn filled(all: &Programme, slot: &Slot) -> Form {
    Form::default()
        .with("room", slot.room.map(|id| id.to_string()).unwrap_or_default())
        .with("start", all.edition.zone.local(slot.start).strftime("%Y-%m-%dT%H:%M"))
        .with("minutes", slot.minutes())
}

/// Where and when the form says; `None` when a field is refused. `usual` is the length where none is typed.
pub(super) fn read(form: &mut Form, all: &Programme, usual: Option<u32>) -> Option<Placing> {
    let room = form.read_optional("room", |text| {
        let known = all.rooms.iter().find(|room| room.id.to_string() == text);
        known.map(|room| room.id).ok_or_else(|| {
            Refusal::new("room", "what was chosen is not there any more", "Choose another room")
        })
    });
    let start = form.instant("start", &all.edition.zone);
    let minutes = match usual {
        Some(usual) if form.value("minutes").trim().is_empty() => Some(usual),
        _ => form.number("minutes", 1, 4_320),
    };
    let (room, start, minutes): (Option<RoomId>, _, _) = (room?, start?, minutes?);
    Some(Placing { room, start, minutes })
}

/// Places by a form, with a warning before anything clashes that did not before. Gives whether it was placed, and what
/// would clash.
async fn place(
    site: &Site,
    person: &Person,
    edition: &Edition,
    session: &Session,
    slot: SlotId,
    form: &mut Form,
) -> Result<(bool, Vec<String>), Failure> {
    let mut clashes = vec![];
    let put = by_form(site, person, edition, form, |form, all| {
        let held = all.sessions.iter().find(|other| other.id == session.id);
        let present = held.and_then(|held| held.slots.iter().find(|other| other.id == slot));
        if present.is_some_and(|present| !form.merge(&filled(all, present))) {
            return Ok(None);
        }
        let Some(placing) = read(form, all, None) else { return Ok(None) };
        let command = Command::Place { session: session.id, slot, placing };
        let before: Vec<String> = doubts_of(all, session.id).into_iter().map(|doubt| doubt.text).collect();
        let after = doubts_of(&command.apply(all)?, session.id);
        let new = after.into_iter().map(|doubt| doubt.text).filter(|text| !before.contains(text));
        clashes = new.map(|text| capital(&text)).collect();
        if clashes.is_empty() || form.is_ticked("anyway") {
            return Ok(Some(vec![command]));
        }
        form.refuse(
            "anyway",
            &Refusal::new(
                "anyway",
                "something is not right with this place",
                "Choose another, or tick to place it all the same",
            ),
        );
        Ok(None)
    });
    Ok((put.await?.is_some(), clashes))
}

async fn new(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
) -> Answer {
    let (edition, all, session) = open(&site, &person, &slug, id).await?;
    let types = site.store().session_types(edition.id).await?;
    let usual = session_type::of(&types, session.kind, &session.type_label).map_or(30, |one| one.minutes);
    let form = Form::default()
        .with("room", "")
        .with("start", format!("{}T09:00", edition.first_day))
        .with("minutes", usual);
    let around = Around { site: &site, asked: &asked, person: &person, all: &all, session: &session };
    show(&page(&around, None, form, vec![]))
}

async fn create(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    mut form: Form,
) -> Answer {
    let (edition, all, session) = open(&site, &person, &slug, id).await?;
    let slot = SlotId(Uuid::now_v7());
    let (placed, clashes) = place(&site, &person, &edition, &session, slot, &mut form).await?;
    if placed {
        let to = EditionDesk::Session(session.id).path(&edition.slug);
        return done(&site, &to, "It has its place. The public sees it with the next release.");
    }
    let around = Around { site: &site, asked: &asked, person: &person, all: &all, session: &session };
    again(&page(&around, None, form, clashes))
}

/// The slot of an address.
fn held(session: &Session, id: Uuid) -> Result<Slot, Failure> {
    find(&session.slots, "slot", id, |slot| slot.id.0 == id)
}

async fn one(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id, slot)): Path<(String, Uuid, Uuid)>,
) -> Answer {
    let (_, all, session) = open(&site, &person, &slug, id).await?;
    let slot = held(&session, slot)?;
    let around = Around { site: &site, asked: &asked, person: &person, all: &all, session: &session };
    show(&page(&around, Some(&slot), filled(&all, &slot), vec![]))
}

async fn save(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id, slot)): Path<(String, Uuid, Uuid)>,
    mut form: Form,
) -> Answer {
    let (edition, all, session) = open(&site, &person, &slug, id).await?;
    let slot = held(&session, slot)?;
    let (placed, clashes) = place(&site, &person, &edition, &session, slot.id, &mut form).await?;
    if placed {
        let to = EditionDesk::Session(session.id).path(&edition.slug);
        return done(&site, &to, "It is moved. The public sees it with the next release.");
    }
    let around = Around { site: &site, asked: &asked, person: &person, all: &all, session: &session };
    again(&page(&around, Some(&slot), form, clashes))
}

async fn remove(
    State(site): State<Site>,
    person: Person,
    Path((slug, id, slot)): Path<(String, Uuid, Uuid)>,
) -> Answer {
    let (edition, all, session) = open(&site, &person, &slug, id).await?;
    let slot = held(&session, slot)?;
    let place = place_of(&all, &slot);
    by_button(&site, &person, &edition, &Command::Unplace { session: session.id, slot: slot.id }).await?;
    let to = EditionDesk::Session(session.id).path(&edition.slug);
    done(&site, &to, &format!("It is no longer {place}."))
}
