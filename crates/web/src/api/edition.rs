//! Editions: which there are, their settings, the next one made from this one, archiving.

mod schema;

use super::{
    BASE,
    answer::{self, Answer, Page, Paging, Seen},
    body::{Json, Patch, Query},
    caller::Caller,
    fault::Fault,
    programme,
};
use crate::site::Site;
use axum::{
    extract::{Path, State as Held},
    http::{HeaderMap, Uri},
};
use jiff::civil::Date;
use model::{
    announced::Facts,
    edition,
    id::EditionId,
    permission::{Action, Place},
    text::{Line, Slug},
    time::Zone,
};
use schema::{Edition, EditionInput};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The operations.
pub(super) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, change))
}

#[utoipa::path(
    get, path = "/api/v1/editions", operation_id = "listEditions", tag = "Editions",
    summary = "Lists editions, the newest first: those with a release, and those whose desk the caller may see.",
    params(Paging),
    responses(
        (status = 200, description = "A page of the list", body = Page<Edition>),
        (status = 304, description = "The caller has it already"),
    ),
)]
async fn list(
    Held(site): Held<Site>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    Query(paging): Query<Paging>,
) -> Answer {
    let heads = site.store().editions().await?;
    let seen = heads
        .iter()
        .filter(|head| head.latest.is_some() || caller.subject.may_within(Action::SeeDesk, &head.edition));
    let all: Vec<Edition> =
        seen.map(|head| Edition::of(&head.edition, head.latest.as_ref().map(|head| head.number))).collect();
    answer::list(&headers, &uri, &paging.cut(all, |edition| edition.id)?)
}

#[utoipa::path(
    post, path = "/api/v1/editions", operation_id = "createEdition", tag = "Editions",
    summary = "Opens a new edition.",
    request_body = EditionInput,
    responses((status = 201, description = "It is opened", body = Edition)),
    security(("token" = [])),
)]
async fn create(Held(site): Held<Site>, caller: Caller, Json(input): Json<EditionInput>) -> Answer {
    caller.may_write()?;
    let blank = blank()?;
    let entered = input.read(&blank)?;
    caller.may(Action::CreateEdition, &Place::series(&entered.series))?;
    entered.check_entered()?;
    let edition = site.store().new_edition(&caller.subject.actor, &entered).await?;
    answer::created(&format!("{BASE}/editions/{}", edition.slug), &Edition::of(&edition, None))
}

/// An edition of which nothing is decided.
fn blank() -> Result<edition::Edition, Fault> {
    let day = Date::constant(2000, 1, 1);
    Ok(edition::Edition {
        id: EditionId(Uuid::nil()),
        slug: Slug::parse("new-edition")?,
        series: Line::default(),
        title: Line::default(),
        subtitle: Line::default(),
        description: model::text::RichText::default(),
        zone: Zone::utc(),
        first_day: day,
        last_day: day,
        day_change: 0,
        venue: Line::default(),
        city: Line::default(),
        country: Line::default(),
        url: None,
        logo: None,
        language: Line::default(),
        colour: None,
        timeslot_minutes: 5,
        mode: edition::Mode::default(),
        state: edition::EditionState::default(),
        notice: Line::default(),
    })
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}", operation_id = "getEdition", tag = "Editions",
    summary = "Shows an edition.",
    params(("edition" = String, Path, description = "Its slug or identifier")),
    responses(
        (status = 200, description = "The edition", body = Edition),
        (status = 304, description = "The caller has it already"),
    ),
)]
async fn get(Held(site): Held<Site>, caller: Caller, headers: HeaderMap, Path(key): Path<String>) -> Answer {
    let head = programme::known(&site, &caller, &key).await?;
    answer::thing(&headers, &Edition::of(&head.edition, head.latest.map(|head| head.number)))
}

#[utoipa::path(
    patch, path = "/api/v1/editions/{edition}", operation_id = "changeEdition", tag = "Editions",
    summary = "Changes an edition's settings.",
    params(
        ("edition" = String, Path, description = "Its slug or identifier"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the edition"),
    ),
    request_body(content = EditionInput, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The edition as it is now", body = Edition)),
    security(("token" = [])),
)]
async fn change(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path(key): Path<String>,
    patch: Patch,
) -> Answer {
    let head = programme::desk(&site, &caller, &key).await?;
    caller.may(Action::EditEdition, &Place::edition(&head.edition))?;
    let seen = Seen::required(&headers)?;
    let told = site.store().told(head.edition.id).await?;
    let release = head.latest.map(|head| head.number);
    let after = programme::change(&site, &caller, &head.edition, |mut all| {
        let shown = Edition::of(&all.edition, release);
        seen.check(&shown)?;
        let mut changed = patch.apply::<EditionInput>(&shown.input)?.read(&all.edition)?;
        changed.check_entered()?;
        if let Some(told) = &told {
            changed.notice = Facts::of(&changed).notice(&Facts::of(&all.edition), told, &changed.notice);
        }
        // Who takes an edition to another series needs the right there too.
        caller.may(Action::EditEdition, &Place::edition(&changed))?;
        all.edition = changed;
        Ok(all)
    })
    .await?;
    answer::changed(&Edition::of(&after.edition, release))
}
