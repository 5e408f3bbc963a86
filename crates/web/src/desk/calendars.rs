//! Calendars of other conferences: files that are given, addresses that are fetched.

use super::{
    dates::{self, Forms},
    enter, form_at,
};
use crate::{
    error::Failure,
    form::Form,
    inner::{Answer, again, done},
    route::{Asked, at},
    signed::Person,
    site::Site,
};
use axum::{
    Router,
    extract::{Path, State},
    routing::post,
};
use interchange::{Input, read_conferences};
use jiff::Timestamp;
use model::{
    Refusal,
    address::EditionDesk,
    calendar::read_words,
    edition::Edition,
    id::CalendarId,
    permission::{Action, Place},
    text::{Line, WebUrl},
};
use store::{CalendarContent, KnownCalendar};
use uuid::Uuid;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = form_at(router, "/desk/{edition}/dates/calendars/upload/", post(upload));
    let router = form_at(router, "/desk/{edition}/dates/calendars/address/", post(add));
    let router = at(router, "/desk/{edition}/dates/calendars/{calendar}/fetch/", post(fetch));
    at(router, "/desk/{edition}/dates/calendars/{calendar}/remove/", post(remove))
}

/// A calendar in the list.
pub(super) struct View {
    pub(super) name: String,
    pub(super) address: String,
    pub(super) topics: String,
    pub(super) conferences: u32,
    pub(super) read: String,
    pub(super) next: String,
    pub(super) error: String,
    pub(super) failures: u32,
    pub(super) notes: Vec<String>,
    pub(super) path: String,
}

impl View {
    pub(super) fn of(known: &KnownCalendar, edition: &Edition) -> Self {
        let shown = |at: Option<Timestamp>| {
            at.map(|at| edition.zone.local(at).strftime("%-d %b %Y %H:%M").to_string()).unwrap_or_default()
        };
        let topics: Vec<&str> = known.calendar.topics.iter().map(Line::as_str).collect();
        Self {
            name: known.calendar.name.to_string(),
            address: known.calendar.address.as_ref().map(ToString::to_string).unwrap_or_default(),
            topics: topics.join(", "),
            conferences: known.calendar.conferences,
            read: shown(known.read_at),
            next: shown(known.due_at),
            error: known.error.clone(),
            failures: known.failures,
            notes: known.notes.clone(),
            path: format!("{}calendars/{}/", EditionDesk::Dates.path(&edition.slug), known.calendar.id),
        }
    }
}

/// Reads a list, on a thread of its own: a large one takes a second.
pub(crate) async fn content(name: String, bytes: bytes::Bytes) -> Result<CalendarContent, Refusal> {
    let reading = tokio::task::spawn_blocking(move || {
        read_conferences(&[Input { name: &name, bytes: &bytes }]).map_err(|error| error.to_string())
    });
    match reading.await {
        Ok(Ok(list)) => Ok(CalendarContent {
            conferences: list.conferences,
            notes: list.notes.iter().map(ToString::to_string).collect(),
            etag: String::new(),
        }),
        Ok(Err(said)) => {
            let (problem, remedy) = said.trim_end_matches('.').rsplit_once(". ").map_or_else(
                || (said.clone(), "Give another file".to_owned()),
                |(problem, remedy)| (problem.to_owned(), remedy.to_owned()),
            );
            Err(Refusal::new("file", problem, remedy))
        }
        Err(_) => Err(Refusal::new("file", "it could not be read", "Give another file")),
    }
}

/// The address of a calendar that somebody typed. Calendars are often linked as webcal:, which is http: by another name.
pub(crate) fn address_of(text: &str) -> Result<WebUrl, Refusal> {
    let text = text.trim();
    WebUrl::parse(
        &text.strip_prefix("webcal://").map_or_else(|| text.to_owned(), |rest| format!("https://{rest}")),
    )
}

/// What a calendar at that address is called: as somebody typed, else by its host.
pub(crate) fn name_of(typed: &str, address: &WebUrl) -> Line {
    let name = Line::clean(typed);
    if name.is_empty() { Line::clean(address.as_str().split('/').nth(2).unwrap_or_default()) } else { name }
}

async fn upload(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(slug): Path<String>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::PlanDates, &Place::edition(&edition))?;
    let topics = read_words(form.value("topics"));
    let refusal = match form.file("file").cloned() {
        None => Refusal::new("file", "no file was chosen", "Choose a list of conferences or a calendar"),
        Some(file) => {
            let name = Line::clean(file.name.rsplit(['/', '\\']).next().unwrap_or_default());
            let name = if name.is_empty() { Line::from("calendar") } else { name };
            match content(name.to_string(), file.bytes).await {
                Err(refusal) => refusal,
                Ok(content) => {
                    let (store, actor) = (site.store(), &person.subject.actor);
                    match store.put_calendar_file(actor, edition.id, &name, &topics, &content).await {
                        Ok(_) => {
                            let notice =
                                format!("{name} is read: {} conferences.", content.conferences.len());
                            return done(&site, &EditionDesk::Dates.path(&edition.slug), &notice);
                        }
                        Err(store::Error::Refused(refusal)) => refusal,
                        Err(error) => return Err(error.into()),
                    }
                }
            }
        }
    };
    form.refuse("file", &refusal);
    let forms = Forms { upload: Some(form), ..Forms::default() };
    again(&dates::draw(&site, &asked, &person, &edition, forms).await?)
}

async fn add(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(slug): Path<String>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::PlanDates, &Place::edition(&edition))?;
    let address = form.read("address", address_of);
    if let Some(address) = address {
        let topics = read_words(form.value("calendar_topics"));
        let name = name_of(form.value("name"), &address);
        let (store, actor) = (site.store(), &person.subject.actor);
        match store.add_calendar(actor, edition.id, &name, &address, &topics).await {
            Ok(id) => {
                let notice = fetched(&site, &edition, id).await?;
                return done(&site, &EditionDesk::Dates.path(&edition.slug), &notice);
            }
            Err(store::Error::Refused(refusal)) => form.refuse_by(&refusal),
            Err(error) => return Err(error.into()),
        }
    }
    let forms = Forms { address: Some(form), ..Forms::default() };
    again(&dates::draw(&site, &asked, &person, &edition, forms).await?)
}

async fn fetch(State(site): State<Site>, person: Person, Path((slug, id)): Path<(String, Uuid)>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::PlanDates, &Place::edition(&edition))?;
    let notice = fetched(&site, &edition, CalendarId(id)).await?;
    done(&site, &EditionDesk::Dates.path(&edition.slug), &notice)
}

async fn remove(State(site): State<Site>, person: Person, Path((slug, id)): Path<(String, Uuid)>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::PlanDates, &Place::edition(&edition))?;
    let known = find(&site, &edition, id).await?;
    site.store().remove_calendar(&person.subject.actor, edition.id, CalendarId(id)).await?;
    let notice = format!("{} is removed.", known.calendar.name);
    done(&site, &EditionDesk::Dates.path(&edition.slug), &notice)
}

async fn find(site: &Site, edition: &Edition, id: Uuid) -> Result<KnownCalendar, Failure> {
    let known = site.store().calendar(edition.id, CalendarId(id)).await?;
    known.ok_or_else(|| Failure::no("calendar", &id.to_string()))
}

/// Fetches a calendar now, and says how that went.
async fn fetched(site: &Site, edition: &Edition, id: CalendarId) -> Result<String, Failure> {
    let known = find(site, edition, id.0).await?;
    let name = &known.calendar.name;
    if known.calendar.address.is_none() {
        return Ok(format!("{name} is a file; give it again to renew it."));
    }
    Ok(match crate::refresh::one(site, &known).await? {
        Ok(conferences) => format!("{name} is fetched: {conferences} conferences."),
        Err(why) => format!("{name} could not be fetched: {why} It is tried again by itself."),
    })
}
