//! Session types of an edition: what kinds of session it offers, and how long each usually is.

use super::{
    change::{count, find, programme, undecided},
    enter, form_at,
};
use crate::{
    error::Failure,
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
    edit::Shift,
    edition::Edition,
    id::SessionTypeId,
    permission::{Action, Place},
    programme::SessionKind,
    session_type::{self, MINUTES_MAX, SessionType},
    text::RichText,
};
use uuid::Uuid;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/desk/{edition}/types/", get(list));
    let router = form_at(router, "/desk/{edition}/types/new/", get(new).post(create));
    let router = form_at(router, "/desk/{edition}/types/{type}/", get(one).post(save));
    let router = at(router, "/desk/{edition}/types/{type}/remove/", post(remove));
    at(router, "/desk/{edition}/types/{type}/{shift}/", post(shift))
}

const HELP: &str = "What kinds of session this edition has, and how long each usually is. Who adds a session chooses one of them; \
    its length is then filled in.";

#[derive(Template)]
#[template(path = "desk/types.html")]
struct TypesPage {
    inner: Inner,
    types: Vec<TypeView>,
    new: String,
    may_edit: bool,
}

struct TypeView {
    link: Anchor,
    kind: &'static str,
    minutes: u16,
    sessions: usize,
}

async fn list(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let types = site.store().session_types(edition.id).await?;
    let all = programme(&site, &edition).await?;
    let views = types.iter().map(|one| TypeView {
        link: Anchor {
            href: EditionDesk::SessionType(one.id).path(&edition.slug),
            text: one.name.to_string(),
            current: false,
        },
        kind: one.kind.label(),
        minutes: one.minutes,
        sessions: all
            .sessions
            .iter()
            .filter(|s| session_type::of(&types, s.kind, &s.type_label).is_some_and(|held| held.id == one.id))
            .count(),
    });
    let views = views.collect();
    let path = EditionDesk::SessionTypes.path(&edition.slug);
    let inner =
        Inner::edition(&person, &edition, &path, "Session types", HELP).noticing(&site, &asked.headers);
    let may_edit = person.subject.may(Action::EditProgramme, &Place::edition(&edition)).is_ok();
    show(&TypesPage { inner, types: views, new: EditionDesk::NewSessionType.path(&edition.slug), may_edit })
}

#[derive(Template)]
#[template(path = "desk/type.html")]
struct TypePage {
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
    one: Option<(&SessionType, usize)>,
    form: Form,
) -> TypePage {
    let list = EditionDesk::SessionTypes.path(&edition.slug);
    let title = one.map_or("New session type", |(one, _)| one.name.as_str());
    let inner = Inner::edition(person, edition, &list, title, HELP)
        .below(list.clone(), "Session types")
        .noticing(site, &asked.headers);
    let remove = one.map(|(one, used)| {
        let what = match used {
            0 => "No session is of this type.".to_owned(),
            used => format!(
                "{} of it stay what they are; only new sessions cannot choose it any more.",
                count(used, "session", "sessions")
            ),
        };
        (format!("{}remove/", EditionDesk::SessionType(one.id).path(&edition.slug)), what)
    });
    let kinds = SessionKind::ALL.iter().map(|kind| (kind.as_str(), kind.label())).collect();
    TypePage { inner, form, kinds, remove }
}

fn filled(one: &SessionType) -> Form {
    Form::default()
        .with("name", &one.name)
        .with("kind", one.kind.as_str())
        .with("minutes", one.minutes)
        .with("description", &one.description)
}

fn read(form: &mut Form, id: SessionTypeId) -> Option<SessionType> {
    let name = form.line("name");
    let kind = form.read("kind", |word| {
        SessionKind::parse(word)
            .ok_or_else(|| Refusal::new("kind", "nothing is chosen", "Choose what a session of it is"))
    });
    let minutes = form.number("minutes", 1, MINUTES_MAX.into());
    let description = RichText::clean(form.value("description"));
    Some(SessionType {
        id,
        name: name?,
        kind: kind?,
        minutes: u16::try_from(minutes?).unwrap_or(MINUTES_MAX),
        description,
    })
}

/// Changes the types by a form. Gives whether it could be.
async fn by_form(
    site: &Site,
    person: &Person,
    edition: &Edition,
    form: &mut Form,
    id: SessionTypeId,
) -> Result<bool, Failure> {
    let outcome = site
        .store()
        .change_session_types(&person.subject.actor, edition.id, |types| {
            let present = types.iter().find(|one| one.id == id);
            if present.is_some_and(|present| !form.merge(&filled(present))) {
                return Err(undecided());
            }
            session_type::put(types, &read(form, id).ok_or_else(undecided)?)
        })
        .await;
    match outcome {
        Ok(_) => Ok(true),
        Err(store::Error::Refused(refusal)) => {
            if !form.is_refused() {
                form.refuse_by(&refusal);
            }
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

async fn new(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::EditProgramme, &Place::edition(&edition))?;
    show(&page(&site, &asked, &person, &edition, None, Form::default().with("minutes", 30)))
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
    if by_form(&site, &person, &edition, &mut form, SessionTypeId(Uuid::now_v7())).await? {
        let name = form.value("name").trim().to_owned();
        let list = EditionDesk::SessionTypes.path(&edition.slug);
        return done(&site, &list, &format!("The session type {name} is added."));
    }
    again(&page(&site, &asked, &person, &edition, None, form))
}

/// The type of that identifier, and how many sessions are of it.
async fn held(site: &Site, edition: &Edition, id: Uuid) -> Result<(SessionType, usize), Failure> {
    let types = site.store().session_types(edition.id).await?;
    let one = find(&types, "session type", id, |one| one.id.0 == id)?;
    let all = programme(site, edition).await?;
    let of_it = |s: &&model::programme::Session| {
        session_type::of(&types, s.kind, &s.type_label).is_some_and(|held| held.id == one.id)
    };
    let used = all.sessions.iter().filter(of_it).count();
    Ok((one, used))
}

async fn one(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let (one, used) = held(&site, &edition, id).await?;
    person.may(Action::EditProgramme, &Place::edition(&edition))?;
    show(&page(&site, &asked, &person, &edition, Some((&one, used)), filled(&one)))
}

async fn save(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let (one, used) = held(&site, &edition, id).await?;
    person.may(Action::EditProgramme, &Place::edition(&edition))?;
    if by_form(&site, &person, &edition, &mut form, one.id).await? {
        let name = form.value("name").trim().to_owned();
        let list = EditionDesk::SessionTypes.path(&edition.slug);
        return done(&site, &list, &format!("The session type {name} is saved."));
    }
    again(&page(&site, &asked, &person, &edition, Some((&one, used)), form))
}

async fn remove(State(site): State<Site>, person: Person, Path((slug, id)): Path<(String, Uuid)>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let (one, _) = held(&site, &edition, id).await?;
    person.may(Action::EditProgramme, &Place::edition(&edition))?;
    let rule = |types: &[SessionType]| session_type::remove(types, one.id);
    site.store().change_session_types(&person.subject.actor, edition.id, rule).await?;
    let list = EditionDesk::SessionTypes.path(&edition.slug);
    done(&site, &list, &format!("The session type {} is removed.", one.name))
}

async fn shift(
    State(site): State<Site>,
    person: Person,
    Path((slug, id, way)): Path<(String, Uuid, String)>,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let (one, _) = held(&site, &edition, id).await?;
    person.may(Action::EditProgramme, &Place::edition(&edition))?;
    let by = super::shift_of(&way)?;
    let rule = |types: &[SessionType]| session_type::shift(types, one.id, by);
    site.store().change_session_types(&person.subject.actor, edition.id, rule).await?;
    let way = if by == Shift::Up { "up" } else { "down" };
    let list = EditionDesk::SessionTypes.path(&edition.slug);
    done(&site, &list, &format!("{} is one place further {way}.", one.name))
}
