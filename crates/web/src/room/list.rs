//! All rooms of an edition on one page, and the rooms that attendees open for themselves.

use super::{edition, rooms};
use crate::{
    error::Failure,
    form::Form,
    inner::{Answer, Inner, again, done, show},
    markup,
    page::{RoomCard, room_now},
    route::Asked,
    signed::{Asker, Person},
    site::Site,
};
use askama::Template;
use axum::extract::{Path, State};
use model::{
    address::{Account, Address},
    permission::Subject,
    room::{LiveKind, LiveRoom, RoomAccess},
    text::{Line, RichText},
};

const HELP: &str = "Every room has a page with what is on in it and one conversation, before, during and after its sessions.";

#[derive(Template)]
#[template(path = "room/list.html")]
struct RoomsPage {
    inner: Inner,
    groups: Vec<(&'static str, Vec<RoomRow>)>,
    zone: String,
    form: Form,
    signed_in: bool,
    sign_in: String,
}

struct RoomRow {
    name: String,
    href: String,
    topic: String,
    access: &'static str,
    here: usize,
    inside: u32,
    said: Option<String>,
    now: Option<RoomCard>,
}

async fn page(
    site: &Site,
    asked: &Asked,
    asker: &Asker,
    slug: &str,
    form: Form,
) -> Result<RoomsPage, Failure> {
    let (_, snapshot) = edition(site, slug).await?;
    let edition = snapshot.edition();
    let person = asker.0.as_ref();
    let rooms = rooms(site, &snapshot, person).await?;
    let here = site.venue().here();
    let activity = site.activity(edition.id).await?;
    let meetings = site.store().meetings().await?;
    let viewer = site.viewer(None, site.now());
    let row = |room: &LiveRoom| RoomRow {
        name: room.name.to_string(),
        href: Address::LiveRoom(room.slug.as_str()).path(&edition.slug),
        topic: markup::beginning(&markup::plain(&room.topic), 200),
        access: match room.access {
            RoomAccess::Public => "",
            RoomAccess::Registered => "for those who are registered",
            RoomAccess::Private => "private",
        },
        here: here.get(&room.id).map_or(0, |here| here.count()),
        inside: meetings.iter().find(|one| one.meeting.room == room.id).map_or(0, |one| one.people),
        said: activity
            .iter()
            .find(|one| one.room == room.id)
            .map(|one| edition.zone.local(one.at).strftime("%-d %B, %H:%M").to_string()),
        now: room_now(&snapshot, &viewer, room.id),
    };
    let of = |kinds: &[LiveKind]| -> Vec<RoomRow> {
        let open = rooms.iter().filter(|room| kinds.contains(&room.kind) && room.closed.is_none());
        open.map(row).collect()
    };
    let groups = [
        ("Rooms", of(&[LiveKind::Programme])),
        ("To meet and to get help", of(&[LiveKind::Hallway, LiveKind::HelpDesk])),
        ("Hack rooms", of(&[LiveKind::Hack])),
    ];
    let path = Address::Live.path(&edition.slug);
    let inner = Inner::public(person, edition, "Live rooms", HELP).noticing(site, &asked.headers);
    Ok(RoomsPage {
        inner,
        groups: groups.into_iter().filter(|(_, rooms)| !rooms.is_empty()).collect(),
        zone: edition.zone.name().replace('_', " "),
        form,
        signed_in: person.is_some_and(|person| person.subject.may_write().is_ok()),
        sign_in: format!("{}?next={path}", Account::SignIn.path()),
    })
}

/// `GET /{edition}/live/`.
pub(super) async fn list(
    State(site): State<Site>,
    asked: Asked,
    asker: Asker,
    Path(slug): Path<String>,
) -> Answer {
    show(&page(&site, &asked, &asker, &slug, Form::default()).await?)
}

/// Refuses who may not be in rooms for those who are registered: a hack room is one.
async fn may_open(site: &Site, person: &Person, slug: &str) -> Result<Subject, Failure> {
    let (_, snapshot) = edition(site, slug).await?;
    person.subject.may_write().map_err(Failure::Forbidden)?;
    let edition = snapshot.edition();
    if person.subject.may_within(model::permission::Action::SeeDesk, edition)
        || super::is_registered(site, person, edition).await?
    {
        return Ok(person.subject.clone());
    }
    Err(Failure::Forbidden(model::Refusal::new(
        "hack room",
        format!("they are opened by those who are registered for {}", edition.title),
        "Register with the address with which you sign in; it then takes a minute at most",
    )))
}

/// `POST /{edition}/live/`: opens a hack room.
pub(super) async fn open(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(slug): Path<String>,
    mut form: Form,
) -> Answer {
    let subject = may_open(&site, &person, &slug).await?;
    let (_, snapshot) = edition(&site, &slug).await?;
    let (name, topic) = (Line::clean(form.value("name")), RichText::clean(form.value("topic")));
    match site.store().open_hack_room(&subject, snapshot.edition(), &name, &topic).await {
        Ok(room) => {
            let to = Address::LiveRoom(room.slug.as_str()).path(&snapshot.edition().slug);
            done(&site, &to, "Your room is open. Everybody who is registered finds it in the list.")
        }
        Err(store::Error::Refused(refusal)) => {
            form.refuse_by(&refusal);
            again(&page(&site, &asked, &Asker(Some(person)), &slug, form).await?)
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /{edition}/live/{room}/close/`: closes a room that no timetable knows, or opens it again.
pub(super) async fn close(
    State(site): State<Site>,
    person: Person,
    Path((edition, slug)): Path<(String, String)>,
    form: Form,
) -> Answer {
    let entered = super::enter(&site, &Asker(Some(person.clone())), &edition, &slug).await?;
    let closed = form.value("closed") != "no";
    let to = Address::LiveRoom(entered.room.slug.as_str()).path(&entered.edition.slug);
    let closing =
        site.store().close_live_room(&person.subject, &entered.edition, entered.room.id, closed).await;
    match closing {
        Ok(()) if closed => done(&site, &to, "The room is closed. What was said in it stays."),
        Ok(()) => done(&site, &to, "The room is open again."),
        Err(store::Error::Refused(refusal)) => done(&site, &to, &format!("Nothing was changed: {refusal}")),
        Err(other) => Err(other.into()),
    }
}
