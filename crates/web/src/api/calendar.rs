//! Calendars of other conferences: lists that are given, addresses that are fetched.

use super::{
    BASE,
    answer::{self, Answer, Page, Paging},
    body::{Json, Query},
    caller::Caller,
    fault::Fault,
    field::{field, line, shown},
    programme,
    resource::{self, Desk},
};
use crate::{
    desk::calendars::{address_of, content, name_of},
    refresh,
    site::Site,
};
use axum::{
    extract::{Path, State as Held},
    http::{HeaderMap, Uri},
};
use jiff::Timestamp;
use model::{
    Refusal,
    edition::Edition,
    id::CalendarId,
    permission::{Action, Place},
    text::Line,
};
use serde::{Deserialize, Serialize};
use store::KnownCalendar;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The operations.
pub(super) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(get, remove)).routes(routes!(fetch))
}

/// A list of other conferences.
#[derive(Debug, Serialize, ToSchema)]
struct Calendar {
    /// Its identifier.
    id: Uuid,
    /// What it is called.
    name: String,
    /// Where it is fetched; null for a list that was given.
    address: Option<String>,
    /// What all its conferences are about.
    topics: Vec<String>,
    /// How many conferences it held when it was last read.
    conferences: u32,
    /// When it was last read.
    #[schema(value_type = Option<String>, format = DateTime)]
    read: Option<Timestamp>,
    /// When it is fetched next; null for a list that was given.
    #[schema(value_type = Option<String>, format = DateTime)]
    due: Option<Timestamp>,
    /// Why it could not be fetched last; empty when it could.
    error: String,
    /// What was wrong in it.
    notes: Vec<String>,
}

impl From<&KnownCalendar> for Calendar {
    fn from(known: &KnownCalendar) -> Self {
        let calendar = &known.calendar;
        Self {
            id: calendar.id.0,
            name: calendar.name.to_string(),
            address: shown(calendar.address.as_ref()),
            topics: calendar.topics.iter().map(ToString::to_string).collect(),
            conferences: calendar.conferences,
            read: known.read_at,
            due: known.due_at,
            error: known.error.clone(),
            notes: known.notes.clone(),
        }
    }
}

/// A list of other conferences to be added: its address or its text.
#[derive(Debug, Deserialize, ToSchema)]
struct CalendarInput {
    /// What it is called; by its host where it is left out. A text takes the place of an earlier one of the same name.
    #[serde(default)]
    #[schema(max_length = 300)]
    name: String,
    /// Where it is fetched, at once and then every day.
    #[serde(default)]
    address: Option<String>,
    /// The list itself: an iCalendar file, or a list in one of the formats that the handbook names.
    #[serde(default)]
    text: Option<String>,
    /// What all its conferences are about.
    #[serde(default)]
    #[schema(max_items = 100)]
    topics: Vec<String>,
}

/// The calendar that an address means.
async fn find(site: &Site, edition: &Edition, key: &str) -> Result<KnownCalendar, Fault> {
    let id = CalendarId(resource::id_in("calendar", key)?);
    site.store().calendar(edition.id, id).await?.ok_or_else(|| Fault::none("calendar", key))
}

async fn planned(site: Site, caller: Caller, key: &str) -> Result<Desk, Fault> {
    let desk = Desk::enter(site, caller, key).await?;
    desk.may(Action::PlanDates)?;
    Ok(desk)
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/calendars", operation_id = "listCalendars", tag = "Planning",
    summary = "Lists the calendars with which the edition is compared.",
    params(("edition" = String, Path, description = "The edition's slug or identifier"), Paging),
    responses(
        (status = 200, description = "A page of the list", body = Page<Calendar>),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn list(
    Held(site): Held<Site>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    Path(key): Path<String>,
    Query(paging): Query<Paging>,
) -> Answer {
    let edition = programme::desk(&site, &caller, &key).await?.edition;
    caller.may_read(Action::PlanDates, &Place::edition(&edition))?;
    let known = site.store().calendars(edition.id).await?;
    let all: Vec<Calendar> = known.iter().map(Calendar::from).collect();
    answer::list(&headers, &uri, &paging.cut(all, |calendar| calendar.id)?)
}

#[utoipa::path(
    post, path = "/api/v1/editions/{edition}/calendars", operation_id = "addCalendar", tag = "Planning",
    summary = "Adds a calendar by its address, which is fetched at once, or by its text.",
    params(("edition" = String, Path, description = "The edition's slug or identifier")),
    request_body = CalendarInput,
    responses((status = 201, description = "It is added", body = Calendar)),
    security(("token" = [])),
)]
async fn add(
    Held(site): Held<Site>,
    caller: Caller,
    Path(key): Path<String>,
    Json(input): Json<CalendarInput>,
) -> Answer {
    let desk = planned(site, caller, &key).await?;
    let (store, edition, actor) = (desk.site.store(), &desk.edition, &desk.caller.subject.actor);
    let topics: Vec<Line> =
        input.topics.iter().map(|topic| line("topics", topic)).collect::<Result<_, _>>()?;
    let id = match (&input.address, &input.text) {
        (Some(address), None) => {
            let address = field("address", address, address_of)?;
            let name = name_of(&input.name, &address);
            let id = store.add_calendar(actor, edition.id, &name, &address, &topics).await?;
            fetch_now(&desk.site, &find(&desk.site, edition, &id.to_string()).await?).await?;
            id
        }
        (None, Some(text)) => {
            let name = line("name", &input.name)?;
            let read = content(name.to_string(), text.clone().into_bytes().into()).await;
            let read = read.map_err(|refusal| Refusal { field: "text".to_owned(), ..refusal })?;
            store.put_calendar_file(actor, edition.id, &name, &topics, &read).await?
        }
        _ => {
            let remedy = "Give either the address or the text of the list";
            return Err(Refusal::new("address", "it is not clear where the list is", remedy).into());
        }
    };
    let known = find(&desk.site, edition, &id.to_string()).await?;
    let place = format!("{BASE}/editions/{}/calendars/{id}", edition.slug);
    answer::created(&place, &Calendar::from(&known))
}

/// Fetches a calendar. Why that failed stands beside it.
async fn fetch_now(site: &Site, known: &KnownCalendar) -> Result<(), Fault> {
    if let Err(why) = refresh::one(site, known).await? {
        tracing::info!(calendar = %known.calendar.id, why, "a calendar was not fetched");
    }
    Ok(())
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/calendars/{id}", operation_id = "getCalendar", tag = "Planning",
    summary = "Shows a calendar, without its conferences.",
    params(
        ("edition" = String, Path, description = "The edition's slug or identifier"),
        ("id" = String, Path, description = "Its identifier"),
    ),
    responses(
        (status = 200, description = "The calendar", body = Calendar),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn get(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path((key, id)): Path<(String, String)>,
) -> Answer {
    let edition = programme::desk(&site, &caller, &key).await?.edition;
    caller.may_read(Action::PlanDates, &Place::edition(&edition))?;
    answer::thing(&headers, &Calendar::from(&find(&site, &edition, &id).await?))
}

#[utoipa::path(
    delete, path = "/api/v1/editions/{edition}/calendars/{id}", operation_id = "removeCalendar", tag = "Planning",
    summary = "Removes a calendar and its conferences.",
    params(
        ("edition" = String, Path, description = "The edition's slug or identifier"),
        ("id" = String, Path, description = "Its identifier"),
    ),
    responses((status = 204, description = "It is gone")),
    security(("token" = [])),
)]
async fn remove(Held(site): Held<Site>, caller: Caller, Path((key, id)): Path<(String, String)>) -> Answer {
    let desk = planned(site, caller, &key).await?;
    let known = find(&desk.site, &desk.edition, &id).await?;
    let actor = &desk.caller.subject.actor;
    desk.site.store().remove_calendar(actor, desk.edition.id, known.calendar.id).await?;
    answer::nothing()
}

#[utoipa::path(
    post, path = "/api/v1/editions/{edition}/calendars/{id}/fetch", operation_id = "fetchCalendar", tag = "Planning",
    summary = "Fetches a calendar now. Why it could not be fetched stands in its error.",
    params(
        ("edition" = String, Path, description = "The edition's slug or identifier"),
        ("id" = String, Path, description = "Its identifier"),
    ),
    responses((status = 200, description = "The calendar as it is now", body = Calendar)),
    security(("token" = [])),
)]
async fn fetch(Held(site): Held<Site>, caller: Caller, Path((key, id)): Path<(String, String)>) -> Answer {
    let desk = planned(site, caller, &key).await?;
    let known = find(&desk.site, &desk.edition, &id).await?;
    if known.calendar.address.is_none() {
        let remedy = "Give it again under the same name to renew it";
        return Err(Refusal::new("address", "the list was given and stands nowhere", remedy).into());
    }
    fetch_now(&desk.site, &known).await?;
    answer::changed(&Calendar::from(&find(&desk.site, &desk.edition, &id).await?))
}
