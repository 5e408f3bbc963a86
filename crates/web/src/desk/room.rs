//! Rooms of an edition: the list in its order, the form for a new one, the form of each.

use super::{
    change::{by_button, by_form, count, find, programme},
    enter, form_at,
};
use crate::{
    form::Form,
    inner::{Answer, Inner, again, done, show},
    page::Anchor,
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
    edit::{Command, Shift},
    edition::{Edition, Mode},
    id::RoomId,
    permission::{Action, Place},
    programme::{Programme, Room, RoomKind},
    text::{RichText, Slug},
};
use uuid::Uuid;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/desk/{edition}/rooms/", get(list));
    let router = form_at(router, "/desk/{edition}/rooms/new/", get(new).post(create));
    let router = form_at(router, "/desk/{edition}/rooms/{room}/", get(room).post(save));
    let router = at(router, "/desk/{edition}/rooms/{room}/remove/", post(remove));
    at(router, "/desk/{edition}/rooms/{room}/{shift}/", post(shift))
}

const HELP: &str =
    "Where sessions take place, in a building or by video. The timetable shows the rooms in this order.";

const KINDS: [(&str, &str, RoomKind); 3] = [
    ("physical", "In the building", RoomKind::Physical),
    ("hybrid", "In the building, with video", RoomKind::Hybrid),
    ("virtual", "By video only", RoomKind::Virtual),
];

#[derive(Template)]
#[template(path = "desk/rooms.html")]
struct RoomsPage {
    inner: Inner,
    rooms: Vec<RoomView>,
    new: String,
    may_edit: bool,
}

struct RoomView {
    link: Anchor,
    kind: &'static str,
    capacity: String,
    slots: usize,
}

async fn list(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let programme = programme(&site, &edition).await?;
    let rooms = programme
        .rooms
        .iter()
        .map(|room| RoomView {
            link: Anchor {
                href: EditionDesk::Room(room.id).path(&edition.slug),
                text: room.name.to_string(),
                current: false,
            },
            kind: KINDS.iter().find(|(_, _, kind)| *kind == room.kind).map_or("", |(_, text, _)| text),
            capacity: room.capacity.map(|seats| seats.to_string()).unwrap_or_default(),
            slots: programme.slots().filter(|(_, slot)| slot.room == Some(room.id)).count(),
        })
        .collect();
    let path = EditionDesk::Rooms.path(&edition.slug);
    let inner = Inner::edition(&person, &edition, &path, "Rooms", HELP).noticing(&site, &asked.headers);
    let may_edit = person.subject.may(Action::EditProgramme, &Place::edition(&edition)).is_ok();
    show(&RoomsPage { inner, rooms, new: EditionDesk::NewRoom.path(&edition.slug), may_edit })
}

#[derive(Template)]
#[template(path = "desk/room.html")]
struct RoomPage {
    inner: Inner,
    form: Form,
    kinds: Vec<(&'static str, &'static str)>,
    /// Where it is removed, for one that exists, and what that does.
    remove: Option<(String, String)>,
}

fn page(
    site: &Site,
    asked: &Asked,
    person: &Person,
    edition: &Edition,
    room: Option<(&Room, &Programme)>,
    form: Form,
) -> RoomPage {
    let list = EditionDesk::Rooms.path(&edition.slug);
    let title = room.map_or("New room", |(room, _)| room.name.as_str());
    let inner = Inner::edition(person, edition, &list, title, HELP)
        .below(list.clone(), "Rooms")
        .noticing(site, &asked.headers);
    let remove = room.map(|(room, programme)| {
        let used = programme.slots().filter(|(_, slot)| slot.room == Some(room.id)).count();
        let what = match used {
            0 => "Nothing takes place in it.".to_owned(),
            used => format!(
                "{} in it then keep their time and have no room, until you give them another.",
                count(used, "session", "sessions")
            ),
        };
        (format!("{}remove/", EditionDesk::Room(room.id).path(&edition.slug)), what)
    });
    let kinds = KINDS.iter().map(|(word, text, _)| (*word, *text)).collect();
    RoomPage { inner, form, kinds, remove }
}

fn filled(room: &Room) -> Form {
    let kind = KINDS.iter().find(|(_, _, kind)| *kind == room.kind).map_or("", |(word, _, _)| word);
    Form::default()
        .with("name", &room.name)
        .with("slug", &room.slug)
        .with("kind", kind)
        .with("capacity", room.capacity.map(|seats| seats.to_string()).unwrap_or_default())
        .with("description", &room.description)
}

/// What the form says; `None` when a field is refused, which then says why.
fn read(form: &mut Form, id: RoomId, all: &Programme) -> Option<Room> {
    let name = form.line("name");
    let slug = form.read_optional("slug", Slug::parse);
    let kind = form.read("kind", |word| {
        let known = KINDS.iter().find(|(known, _, _)| *known == word).map(|(_, _, kind)| *kind);
        known.ok_or_else(|| Refusal::new("kind", "nothing is chosen", "Choose what the room is"))
    });
    let capacity = form.read_optional("capacity", |text| {
        text.trim().parse::<u32>().ok().filter(|seats| *seats <= 1_000_000).ok_or_else(|| {
            Refusal::new("capacity", "it is no number of people", "Type a number, or leave it empty")
        })
    });
    let description = RichText::clean(form.value("description"));
    let (name, slug, kind, capacity) = (name?, slug?, kind?, capacity?);
    let slug = slug.unwrap_or_else(|| {
        let others = all.rooms.iter().filter(|other| other.id != id).map(|other| &other.slug);
        Slug::from_any(&[name.as_str()], "room", id.0).free_among(others)
    });
    Some(Room { id, slug, name, kind, capacity, description })
}

async fn new(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::EditProgramme, &Place::edition(&edition))?;
    let kind = match edition.mode {
        Mode::InPerson => "physical",
        Mode::Hybrid => "hybrid",
        Mode::Virtual => "virtual",
    };
    show(&page(&site, &asked, &person, &edition, None, Form::default().with("kind", kind)))
}

async fn create(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(slug): Path<String>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::EditProgramme, &Place::edition(&edition))?;
    let id = RoomId(Uuid::now_v7());
    let put = by_form(&site, &person, &edition, &mut form, |form, all| {
        Ok(read(form, id, all).map(|room| vec![Command::PutRoom(room)]))
    });
    if put.await?.is_some() {
        let name = form.value("name").trim().to_owned();
        let to = if form.is_chosen("then", "more") { EditionDesk::NewRoom } else { EditionDesk::Rooms };
        return done(&site, &to.path(&edition.slug), &format!("The room {name} is added."));
    }
    again(&page(&site, &asked, &person, &edition, None, form))
}

async fn room(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let all = programme(&site, &edition).await?;
    let room = find(&all.rooms, "room", id, |room| room.id.0 == id)?;
    person.may(Action::EditProgramme, &Place::edition(&edition))?;
    show(&page(&site, &asked, &person, &edition, Some((&room, &all)), filled(&room)))
}

async fn save(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let all = programme(&site, &edition).await?;
    let room = find(&all.rooms, "room", id, |room| room.id.0 == id)?;
    person.may(Action::EditProgramme, &Place::edition(&edition))?;
    let put = by_form(&site, &person, &edition, &mut form, |form, all| {
        let present = all.rooms.iter().find(|other| other.id == room.id);
        let merged = present.is_none_or(|present| form.merge(&filled(present)));
        Ok(if merged { read(form, room.id, all).map(|room| vec![Command::PutRoom(room)]) } else { None })
    });
    if put.await?.is_some() {
        let name = form.value("name").trim().to_owned();
        return done(&site, &EditionDesk::Rooms.path(&edition.slug), &format!("The room {name} is saved."));
    }
    again(&page(&site, &asked, &person, &edition, Some((&room, &all)), form))
}

async fn remove(State(site): State<Site>, person: Person, Path((slug, id)): Path<(String, Uuid)>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let all = programme(&site, &edition).await?;
    let room = find(&all.rooms, "room", id, |room| room.id.0 == id)?;
    by_button(&site, &person, &edition, &Command::RemoveRoom(room.id)).await?;
    done(&site, &EditionDesk::Rooms.path(&edition.slug), &format!("The room {} is removed.", room.name))
}

async fn shift(
    State(site): State<Site>,
    person: Person,
    Path((slug, id, way)): Path<(String, Uuid, String)>,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let all = programme(&site, &edition).await?;
    let room = find(&all.rooms, "room", id, |room| room.id.0 == id)?;
    let by = super::shift_of(&way)?;
    by_button(&site, &person, &edition, &Command::ShiftRoom(room.id, by)).await?;
    let way = if by == Shift::Up { "up" } else { "down" };
    done(
        &site,
        &EditionDesk::Rooms.path(&edition.slug),
        &format!("{} is one place further {way}.", room.name),
    )
}
