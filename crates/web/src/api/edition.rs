//! Editions: which there are, their settings, the next one made from this one, archiving.

mod schema;

use super::{
    BASE,
    answer::{self, Answer, Page, Paging, Seen},
    body::{Json, Patch, Query},
    caller::Caller,
    fault::Fault,
    programme,
    resource::Desk,
};
use crate::site::Site;
use axum::{
    extract::{Path, State as Held},
    http::{HeaderMap, Uri},
};
use jiff::civil::Date;
use model::{
    announced::Facts,
    copy::{Kept, may_follow},
    edition::{self, EditionState},
    id::EditionId,
    permission::{Action, Place},
    text::{Line, Slug},
    time::Zone,
};
use schema::{Edition, EditionInput};
use serde::Deserialize;
use store::NextEdition;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The operations.
pub(super) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, change))
        .routes(routes!(copy))
        .routes(routes!(archive))
        .routes(routes!(open))
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

/// The next edition, and what comes along from the one before.
#[derive(Debug, Deserialize, ToSchema)]
struct NextEditionInput {
    /// What one decides of it. What is left out of this is empty, and not taken from the edition before.
    #[serde(flatten)]
    input: EditionInput,
    /// What comes along.
    #[serde(default)]
    keep: KeepInput,
    /// Whether the edition before is archived.
    #[serde(default)]
    archive: bool,
}

/// What comes along from the edition before. People, sessions and sponsors never do.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(default)]
struct KeepInput {
    /// Rooms.
    #[schema(default = true)]
    rooms: bool,
    /// Tracks.
    #[schema(default = true)]
    tracks: bool,
    /// Session types.
    #[schema(default = true)]
    session_types: bool,
    /// Pages, as drafts, and the menu.
    #[schema(default = true)]
    pages: bool,
    /// The levels of sponsors.
    #[schema(default = true)]
    sponsor_levels: bool,
    /// The sender and the texts of mail.
    #[schema(default = true)]
    mail: bool,
}

impl From<Kept> for KeepInput {
    fn from(kept: Kept) -> Self {
        let Kept { rooms, tracks, types: session_types, pages, levels: sponsor_levels, mail } = kept;
        Self { rooms, tracks, session_types, pages, sponsor_levels, mail }
    }
}

impl From<KeepInput> for Kept {
    fn from(keep: KeepInput) -> Self {
        let KeepInput { rooms, tracks, session_types, pages, sponsor_levels, mail } = keep;
        Self { rooms, tracks, types: session_types, pages, levels: sponsor_levels, mail }
    }
}

impl Default for KeepInput {
    fn default() -> Self {
        Kept::ALL.into()
    }
}

#[utoipa::path(
    post, path = "/api/v1/editions/{edition}/copy", operation_id = "copyEdition", tag = "Editions",
    summary = "Opens the next edition from the settings of this one. Who may open none otherwise organises the new one.",
    params(("edition" = String, Path, description = "Its slug or identifier")),
    request_body = NextEditionInput,
    responses((status = 201, description = "The next edition is opened", body = Edition)),
    security(("token" = [])),
)]
async fn copy(
    Held(site): Held<Site>,
    caller: Caller,
    Path(key): Path<String>,
    Json(next): Json<NextEditionInput>,
) -> Answer {
    let desk = Desk::enter(site, caller, &key).await?;
    desk.may(Action::CreateEdition)?;
    let entered = next.input.read(&blank()?)?;
    entered.check_entered()?;
    let organiser = may_follow(&desk.caller.subject, &desk.edition, &entered.series, next.archive)
        .map_err(|refusal| Fault::forbidden(&refusal))?;
    let next = NextEdition { edition: entered, kept: next.keep.into(), archive: next.archive, organiser };
    let actor = &desk.caller.subject.actor;
    let made = desk.site.store().copy_edition(actor, desk.edition.id, &next).await?;
    answer::created(&format!("{BASE}/editions/{}", made.slug), &Edition::of(&made, None))
}

#[utoipa::path(
    post, path = "/api/v1/editions/{edition}/archive", operation_id = "archiveEdition", tag = "Editions",
    summary = "Archives an edition: everything of it stays at its addresses, and nothing changes any more.",
    params(("edition" = String, Path, description = "Its slug or identifier")),
    responses((status = 200, description = "The edition as it is now", body = Edition)),
    security(("token" = [])),
)]
async fn archive(Held(site): Held<Site>, caller: Caller, Path(key): Path<String>) -> Answer {
    set_state(&site, &caller, &key, EditionState::Archived).await
}

#[utoipa::path(
    post, path = "/api/v1/editions/{edition}/open", operation_id = "openEdition", tag = "Editions",
    summary = "Opens an archived edition again: its programme can be changed and released.",
    params(("edition" = String, Path, description = "Its slug or identifier")),
    responses((status = 200, description = "The edition as it is now", body = Edition)),
    security(("token" = [])),
)]
async fn open(Held(site): Held<Site>, caller: Caller, Path(key): Path<String>) -> Answer {
    set_state(&site, &caller, &key, EditionState::Open).await
}

async fn set_state(site: &Site, caller: &Caller, key: &str, state: EditionState) -> Answer {
    let head = programme::desk(site, caller, key).await?;
    caller.may(Action::EditEdition, &Place::edition(&head.edition))?;
    let after = programme::change(site, caller, &head.edition, |mut all| {
        all.edition.state = state;
        Ok(all)
    })
    .await?;
    answer::changed(&Edition::of(&after.edition, head.latest.map(|head| head.number)))
}
