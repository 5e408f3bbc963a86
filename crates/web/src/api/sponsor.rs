//! Sponsors. Those of a past year are frozen, which the record sees to.

use super::{
    BASE,
    answer::{self, Answer, Page, Paging, Seen},
    body::{Json, Patch, Query},
    caller::Caller,
    fault::Fault,
    programme::{self, OfState},
    schema::{Sponsor, SponsorInput},
};
use crate::site::Site;
use axum::{
    extract::{Path, State as Held},
    http::{HeaderMap, Uri},
};
use model::{
    edition::Edition,
    id::SponsorId,
    permission::{Action, Place},
};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The operations.
pub(super) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, change, remove))
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/sponsors", operation_id = "listSponsors", tag = "Site",
    summary = "Lists sponsors, by level.",
    params(("edition" = String, Path, description = "The edition's slug or identifier"), OfState, Paging),
    responses(
        (status = 200, description = "A page of the list", body = Page<Sponsor>),
        (status = 304, description = "The caller has it already"),
    ),
)]
async fn list(
    Held(site): Held<Site>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    Path(edition): Path<String>,
    Query(state): Query<OfState>,
    Query(paging): Query<Paging>,
) -> Answer {
    let source = programme::read(&site, &caller, &edition, state.state.unwrap_or_default()).await?;
    let all: Vec<Sponsor> = source.sponsors.iter().map(Sponsor::from).collect();
    answer::list(&headers, &uri, &paging.cut(all, |one| one.id)?)
}

#[utoipa::path(
    post, path = "/api/v1/editions/{edition}/sponsors", operation_id = "createSponsor", tag = "Site",
    summary = "Adds a sponsor to the working state.",
    params(("edition" = String, Path, description = "The edition's slug or identifier")),
    request_body = SponsorInput,
    responses((status = 201, description = "It is added", body = Sponsor)),
    security(("token" = [])),
)]
async fn create(
    Held(site): Held<Site>,
    caller: Caller,
    Path(edition): Path<String>,
    Json(input): Json<SponsorInput>,
) -> Answer {
    let edition = programme::desk(&site, &caller, &edition).await?.edition;
    caller.may(Action::EditSponsors, &Place::edition(&edition))?;
    let sponsor = input.read(SponsorId(Uuid::now_v7()), None)?;
    site.store().save_sponsor(&caller.subject, edition.id, &sponsor).await?;
    let shown = found(&site, &edition, &sponsor.id.to_string()).await?;
    answer::created(&format!("{BASE}/editions/{}/sponsors/{}", edition.slug, sponsor.id), &shown)
}

/// The sponsor of the working state.
async fn found(site: &Site, edition: &Edition, key: &str) -> Result<Sponsor, Fault> {
    let (_, sponsors) = site.store().sponsors(edition.id).await?;
    let found = sponsors.iter().find(|one| one.id.to_string() == key);
    found.map(Sponsor::from).ok_or_else(|| Fault::none("sponsor", key))
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/sponsors/{id}", operation_id = "getSponsor", tag = "Site",
    summary = "Shows a sponsor.",
    params(("edition" = String, Path, description = "The edition's slug or identifier"), ("id" = String, Path, description = "Its identifier"), OfState),
    responses(
        (status = 200, description = "The sponsor", body = Sponsor),
        (status = 304, description = "The caller has it already"),
    ),
)]
async fn get(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path((edition, key)): Path<(String, String)>,
    Query(state): Query<OfState>,
) -> Answer {
    let source = programme::read(&site, &caller, &edition, state.state.unwrap_or_default()).await?;
    let found = source.sponsors.iter().find(|one| one.id.to_string() == key);
    answer::thing(&headers, &Sponsor::from(found.ok_or_else(|| Fault::none("sponsor", &key))?))
}

#[utoipa::path(
    patch, path = "/api/v1/editions/{edition}/sponsors/{id}", operation_id = "changeSponsor", tag = "Site",
    summary = "Changes a sponsor of the working state.",
    params(("edition" = String, Path, description = "The edition's slug or identifier"), ("id" = String, Path, description = "Its identifier"), ("If-Match" = Option<String>, Header, description = "The ETag of the working state's sponsor")),
    request_body(content = SponsorInput, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The sponsor as it is now", body = Sponsor)),
    security(("token" = [])),
)]
async fn change(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path((edition, key)): Path<(String, String)>,
    patch: Patch,
) -> Answer {
    let edition = programme::desk(&site, &caller, &edition).await?.edition;
    caller.may(Action::EditSponsors, &Place::edition(&edition))?;
    let seen = Seen::required(&headers)?;
    let shown = found(&site, &edition, &key).await?;
    seen.check(&shown)?;
    let sponsor = patch.apply::<SponsorInput>(&shown.input)?.read(SponsorId(shown.id), None)?;
    site.store().save_sponsor(&caller.subject, edition.id, &sponsor).await?;
    answer::changed(&found(&site, &edition, &key).await?)
}

#[utoipa::path(
    delete, path = "/api/v1/editions/{edition}/sponsors/{id}", operation_id = "removeSponsor", tag = "Site",
    summary = "Removes a sponsor from the working state.",
    params(("edition" = String, Path, description = "The edition's slug or identifier"), ("id" = String, Path, description = "Its identifier"), ("If-Match" = Option<String>, Header, description = "The ETag of the working state's sponsor")),
    responses((status = 204, description = "It is gone")),
    security(("token" = [])),
)]
async fn remove(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path((edition, key)): Path<(String, String)>,
) -> Answer {
    let edition = programme::desk(&site, &caller, &edition).await?.edition;
    caller.may(Action::EditSponsors, &Place::edition(&edition))?;
    let seen = Seen::required(&headers)?;
    let shown = found(&site, &edition, &key).await?;
    seen.check(&shown)?;
    site.store().remove_sponsor(&caller.subject, edition.id, SponsorId(shown.id)).await?;
    answer::nothing()
}
