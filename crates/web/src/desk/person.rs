//! The persons of an edition's programme: the list, the form for a new one, the form of each.

use super::{
    change::{by_button, by_form, count, find, programme},
    enter, form_at,
};
use crate::{
    form::Form,
    inner::{Answer, Inner, again, done, show},
    page::Anchor,
    route::{Asked, at},
    signed::Person as Signed,
    site::Site,
};
use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    routing::{get, post},
};
use model::{
    address::EditionDesk,
    edit::Command,
    edition::Edition,
    id::PersonId,
    permission::{Action, Place},
    programme::{Person, Programme},
    text::{Line, RichText, Slug, WebUrl, folded},
};
use uuid::Uuid;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/desk/{edition}/persons/", get(list));
    let router = form_at(router, "/desk/{edition}/persons/new/", get(new).post(create));
    let router = form_at(router, "/desk/{edition}/persons/{person}/", get(one).post(save));
    at(router, "/desk/{edition}/persons/{person}/remove/", post(remove))
}

const HELP: &str = "Everybody who takes part in a session, as the programme presents them. They need no account here; nobody's e-mail \
    address is kept with them.";

#[derive(Template)]
#[template(path = "desk/persons.html")]
struct PersonsPage {
    inner: Inner,
    persons: Vec<PersonView>,
    query: String,
    total: usize,
    new: String,
    may_edit: bool,
}

struct PersonView {
    link: Anchor,
    affiliation: String,
    sessions: usize,
}

async fn list(State(site): State<Site>, asked: Asked, signed: Signed, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &signed, &slug).await?;
    let all = programme(&site, &edition).await?;
    let query = asked.value("q").unwrap_or_default().to_owned();
    let wanted = folded(&query);
    let found = all.persons.iter().filter(|person| {
        folded(person.name.as_str()).contains(&wanted)
            || folded(person.affiliation.as_str()).contains(&wanted)
    });
    let persons = found
        .map(|person| PersonView {
            link: Anchor {
                href: EditionDesk::Person(person.id).path(&edition.slug),
                text: person.name.to_string(),
                current: false,
            },
            affiliation: person.affiliation.to_string(),
            sessions: sessions(&all, person.id),
        })
        .collect();
    let path = EditionDesk::Persons.path(&edition.slug);
    let inner = Inner::edition(&signed, &edition, &path, "Persons", HELP).noticing(&site, &asked.headers);
    let may_edit = signed.subject.may(Action::EditProgramme, &Place::edition(&edition)).is_ok();
    let new = EditionDesk::NewPerson.path(&edition.slug);
    show(&PersonsPage { inner, persons, query, total: all.persons.len(), new, may_edit })
}

fn sessions(all: &Programme, id: PersonId) -> usize {
    all.sessions.iter().filter(|session| session.people.iter().any(|part| part.person == id)).count()
}

#[derive(Template)]
#[template(path = "desk/person.html")]
struct PersonPage {
    inner: Inner,
    form: Form,
    /// The sessions in which they take part.
    sessions: Vec<Anchor>,
    /// Where they are removed, for one that exists, and what that does.
    remove: Option<(String, String)>,
}

fn page(
    site: &Site,
    asked: &Asked,
    signed: &Signed,
    edition: &Edition,
    person: Option<(&Person, &Programme)>,
    form: Form,
) -> PersonPage {
    let list = EditionDesk::Persons.path(&edition.slug);
    let title = person.map_or("New person", |(person, _)| person.name.as_str());
    let inner = Inner::edition(signed, edition, &list, title, HELP)
        .below(list.clone(), "Persons")
        .noticing(site, &asked.headers);
    let remove = person.map(|(person, all)| {
        let what = match sessions(all, person.id) {
            0 => "They take part in no session.".to_owned(),
            used => format!("They are then named no more in {}.", count(used, "session", "sessions")),
        };
        (format!("{}remove/", EditionDesk::Person(person.id).path(&edition.slug)), what)
    });
    let held = person.map(|(person, all)| {
        let theirs =
            |session: &&model::programme::Session| session.people.iter().any(|part| part.person == person.id);
        let link = |session: &model::programme::Session| Anchor {
            href: EditionDesk::Session(session.id).path(&edition.slug),
            text: session.title.to_string(),
            current: false,
        };
        all.sessions.iter().filter(theirs).map(link).collect()
    });
    PersonPage { inner, form, sessions: held.unwrap_or_default(), remove }
}

fn filled(person: &Person) -> Form {
    Form::default()
        .with("name", &person.name)
        .with("slug", &person.slug)
        .with("affiliation", &person.affiliation)
        .with("biography", &person.biography)
        .with("avatar", person.avatar.as_ref().map(ToString::to_string).unwrap_or_default())
        .with("links", super::session::links_text(&person.links))
}

/// What the form says; `None` when a field is refused. What the form does not ask for stays as `present` has it.
fn read(form: &mut Form, id: PersonId, present: Option<&Person>, all: &Programme) -> Option<Person> {
    let name = form.line("name");
    let slug = form.read_optional("slug", Slug::parse);
    let avatar = form.read_optional("avatar", WebUrl::parse);
    let links = form.read("links", super::session::links_in);
    let (name, slug, avatar, links) = (name?, slug?, avatar?, links?);
    let slug = slug.unwrap_or_else(|| {
        let others = all.persons.iter().filter(|other| other.id != id).map(|other| &other.slug);
        Slug::from_any(&[name.as_str()], "person", id.0).free_among(others)
    });
    Some(Person {
        id,
        slug,
        code: present.and_then(|present| present.code.clone()),
        number: present.and_then(|present| present.number),
        name,
        biography: RichText::clean(form.value("biography")),
        affiliation: Line::clean(form.value("affiliation")),
        avatar,
        links,
    })
}

async fn new(State(site): State<Site>, asked: Asked, signed: Signed, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &signed, &slug).await?;
    signed.may(Action::EditProgramme, &Place::edition(&edition))?;
    show(&page(&site, &asked, &signed, &edition, None, Form::default()))
}

async fn create(
    State(site): State<Site>,
    asked: Asked,
    signed: Signed,
    Path(slug): Path<String>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &signed, &slug).await?;
    signed.may(Action::EditProgramme, &Place::edition(&edition))?;
    let id = PersonId(Uuid::now_v7());
    let put = by_form(&site, &signed, &edition, &mut form, |form, all| {
        Ok(read(form, id, None, all).map(|person| vec![Command::PutPerson(person)]))
    });
    if put.await?.is_some() {
        let name = form.value("name").trim().to_owned();
        return done(&site, &EditionDesk::Persons.path(&edition.slug), &format!("{name} is added."));
    }
    again(&page(&site, &asked, &signed, &edition, None, form))
}

async fn one(
    State(site): State<Site>,
    asked: Asked,
    signed: Signed,
    Path((slug, id)): Path<(String, Uuid)>,
) -> Answer {
    let edition = enter(&site, &signed, &slug).await?;
    let all = programme(&site, &edition).await?;
    let person = find(&all.persons, "person", id, |person| person.id.0 == id)?;
    signed.may(Action::EditProgramme, &Place::edition(&edition))?;
    show(&page(&site, &asked, &signed, &edition, Some((&person, &all)), filled(&person)))
}

async fn save(
    State(site): State<Site>,
    asked: Asked,
    signed: Signed,
    Path((slug, id)): Path<(String, Uuid)>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &signed, &slug).await?;
    let all = programme(&site, &edition).await?;
    let person = find(&all.persons, "person", id, |person| person.id.0 == id)?;
    signed.may(Action::EditProgramme, &Place::edition(&edition))?;
    let put = by_form(&site, &signed, &edition, &mut form, |form, all| {
        let present = all.persons.iter().find(|other| other.id == person.id);
        let merged = present.is_none_or(|present| form.merge(&filled(present)));
        let read = merged.then(|| read(form, person.id, present, all)).flatten();
        Ok(read.map(|person| vec![Command::PutPerson(person)]))
    });
    if put.await?.is_some() {
        let name = form.value("name").trim().to_owned();
        return done(&site, &EditionDesk::Persons.path(&edition.slug), &format!("{name} is saved."));
    }
    again(&page(&site, &asked, &signed, &edition, Some((&person, &all)), form))
}

async fn remove(State(site): State<Site>, signed: Signed, Path((slug, id)): Path<(String, Uuid)>) -> Answer {
    let edition = enter(&site, &signed, &slug).await?;
    let all = programme(&site, &edition).await?;
    let person = find(&all.persons, "person", id, |person| person.id.0 == id)?;
    by_button(&site, &signed, &edition, &Command::RemovePerson(person.id)).await?;
    done(&site, &EditionDesk::Persons.path(&edition.slug), &format!("{} is removed.", person.name))
}
