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
    diff::diff,
    doubt::{Weight, doubts},
    edition::EditionState,
    permission::{Action, Place},
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
    archived: bool,
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
            archived: head.edition.state == EditionState::Archived,
        })
        .collect();
    let help = "The conferences in which you have a role. Choose one to go on.";
    let inner =
        Inner::desk(&person, &Desk::Home.path(), "Your conferences", help).noticing(&site, &asked.headers);
    show(&Home { inner, editions, may_create: person.subject.may_open_editions() })
}

#[derive(Template)]
#[template(path = "desk/edition.html")]
struct EditionHome {
    inner: Inner,
    dates: String,
    zone: String,
    mode: &'static str,
    release: Option<u32>,
    counts: Vec<(usize, &'static str, String)>,
    /// What to do next: what it is, why, and where.
    steps: Vec<Step>,
}

/// Something that waits for somebody.
struct Step {
    text: String,
    why: String,
    href: String,
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
    let steps = steps(&site, &person, &programme).await?;
    let help = "Where this edition stands. Everything here is the working state; the public sees the newest release.";
    let inner = Inner::edition(&person, &edition, &to(EditionDesk::Home), edition.title.as_str(), help)
        .noticing(&site, &asked.headers);
    show(&EditionHome {
        inner,
        dates: crate::page::date_span(edition.first_day, edition.last_day),
        zone: edition.zone.name().replace('_', " "),
        mode: edition.mode.shown(),
        steps,
        release: head.and_then(|head| head.latest).map(|latest| latest.number),
        counts,
    })
}

/// What is to be done next in an edition, for somebody who may do it, the most pressing first.
async fn steps(
    site: &Site,
    person: &Person,
    all: &model::programme::Programme,
) -> Result<Vec<Step>, crate::error::Failure> {
    let edition = &all.edition;
    if edition.state == EditionState::Archived {
        return Ok(vec![]);
    }
    let to = |page: EditionDesk| page.path(&edition.slug);
    let may = |action| person.subject.may(action, &Place::edition(edition)).is_ok();
    let step = |text: &str, why: &str, page: EditionDesk| Step {
        text: text.to_owned(),
        why: why.to_owned(),
        href: to(page),
    };
    let mut out = vec![];
    if site.store().untold(edition).await?.is_some() && may(Action::Release) {
        out.push(step(
            "Tell people of the change",
            "New dates or another mode are public.",
            EditionDesk::Release,
        ));
    }
    if may(Action::EditProgramme) {
        if all.rooms.is_empty() {
            out.push(step(
                "Add the rooms",
                "Sessions need one before people can find them.",
                EditionDesk::NewRoom,
            ));
        }
        if all.tracks.is_empty() && all.sessions.len() < 2 {
            out.push(step(
                "Add tracks",
                "If sessions belong together. Small conferences need none.",
                EditionDesk::NewTrack,
            ));
        }
        if all.sessions.is_empty() {
            out.push(step(
                "Add the first session",
                "A title is enough to begin with.",
                EditionDesk::NewSession,
            ));
        }
    }
    let wrong = doubts(all).into_iter().filter(|doubt| doubt.weight == Weight::Wrong).count();
    if wrong > 0 {
        let text = super::change::count(wrong, "thing is wrong", "things are wrong");
        out.push(step(&text, "Sessions without a time or a room, or two in one room.", EditionDesk::Release));
    }
    if may(Action::Release) && !all.sessions.is_empty() {
        let latest = site.store().latest_release(&edition.slug).await?;
        match latest {
            None => out.push(step(
                "Publish the first release",
                "Nothing is public until you do.",
                EditionDesk::Release,
            )),
            Some(latest) => {
                let changed = diff(&latest.programme, all).sessions.len();
                if changed > 0 {
                    let text = super::change::count(changed, "session has changed", "sessions have changed");
                    out.push(step(&text, "The public does not see it yet.", EditionDesk::Release));
                }
            }
        }
    }
    Ok(out)
}
