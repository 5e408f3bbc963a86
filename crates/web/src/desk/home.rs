//! The first page of the desk, and the first page of an edition's.

use super::enter;
use crate::{
    inner::{Answer, Inner, show},
    page::Anchor,
    route::{Asked, at},
    signed::Person,
    site::Site,
};
use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    routing::get,
};
use model::{
    address::{Desk, EditionDesk},
    permission::Action,
};

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/desk/", get(home));
    at(router, "/desk/{edition}/", get(edition))
}

#[derive(Template)]
#[template(path = "desk/home.html")]
struct Home {
    inner: Inner,
    editions: Vec<EditionView>,
    may_create: bool,
}

struct EditionView {
    link: Anchor,
    dates: String,
    release: Option<u32>,
}

async fn home(State(site): State<Site>, asked: Asked, person: Person) -> Answer {
    let heads = site.store().editions().await?;
    let seen = heads.into_iter().filter(|head| person.subject.may_within(Action::SeeDesk, &head.edition));
    let editions = seen
        .map(|head| EditionView {
            link: Anchor {
                href: EditionDesk::Home.path(&head.edition.slug),
                text: head.edition.title.to_string(),
                current: false,
            },
            dates: crate::page::date_span(head.edition.first_day, head.edition.last_day),
            release: head.latest.map(|latest| latest.number),
        })
        .collect();
    let help = "The conferences in which you have a role. Choose one to go on.";
    let inner =
        Inner::desk(&person, &Desk::Home.path(), "Your conferences", help).noticing(&site, &asked.headers);
    show(&Home { inner, editions, may_create: person.subject.may_somewhere(Action::CreateEdition) })
}

#[derive(Template)]
#[template(path = "desk/edition.html")]
struct EditionHome {
    inner: Inner,
    dates: String,
    zone: String,
    release: Option<u32>,
    counts: Vec<(usize, &'static str, String)>,
}

async fn edition(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let head = site.store().edition(&edition.slug).await?;
    let programme = site.store().programme(edition.id).await?;
    let programme = programme.ok_or_else(|| crate::error::Failure::no("edition", &slug))?;
    let to = |page: EditionDesk| page.path(&edition.slug);
    let counts = vec![
        (programme.sessions.len(), "sessions", to(EditionDesk::Sessions)),
        (programme.persons.len(), "persons", to(EditionDesk::Persons)),
        (programme.tracks.len(), "tracks", to(EditionDesk::Tracks)),
        (programme.rooms.len(), "rooms", to(EditionDesk::Rooms)),
    ];
    let help = "Where this edition stands. Everything here is the working state; the public sees the newest release.";
    let inner = Inner::edition(&person, &edition, &to(EditionDesk::Home), edition.title.as_str(), help)
        .noticing(&site, &asked.headers);
    show(&EditionHome {
        inner,
        dates: crate::page::date_span(edition.first_day, edition.last_day),
        zone: edition.zone.name().to_owned(),
        release: head.and_then(|head| head.latest).map(|latest| latest.number),
        counts,
    })
}
