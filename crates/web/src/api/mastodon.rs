//! The Mastodon account on which an edition's posts are published. Its token is taken and never shown.

use super::{
    answer::{self, Answer, Seen},
    body::Json,
    caller::Caller,
    fault::Fault,
    field::{field, optional, same_words},
    programme,
    resource::Desk,
};
use crate::site::Site;
use axum::{
    extract::{Path, State as Held},
    http::HeaderMap,
};
use jiff::Timestamp;
use model::{
    edition::Edition,
    mastodon as m,
    permission::{Action, Place},
};
use serde::{Deserialize, Serialize};
use store::AccessToken;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The operations.
pub(super) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(get, set, forget))
}

/// The account on which posts are published.
#[derive(Debug, Serialize, ToSchema)]
struct MastodonAccount {
    /// Its server; null while there is no account.
    server: Option<String>,
    /// Who sees what is published.
    visibility: TootVisibility,
    /// Since when its access token is known.
    #[schema(value_type = Option<String>, format = DateTime)]
    token_since: Option<Timestamp>,
}

/// Who sees what is published on Mastodon.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum TootVisibility {
    /// Everybody, and it stands in public timelines.
    #[default]
    Public,
    /// Everybody, and it stands in no public timeline.
    Unlisted,
}

same_words!(TootVisibility = m::Visibility { Public, Unlisted });

/// An account on which posts are to be published.
#[derive(Debug, Deserialize, ToSchema)]
struct MastodonInput {
    /// The address of its server, such as `https://social.example.org`.
    server: String,
    /// Who sees what is published.
    #[serde(default)]
    visibility: TootVisibility,
    /// Its access token. Left out, the one that is known for this server stays.
    #[serde(default)]
    token: Option<String>,
}

async fn shown(site: &Site, edition: &Edition) -> Result<MastodonAccount, Fault> {
    let (account, token_since) = site.store().mastodon(edition.id).await?.unzip();
    Ok(MastodonAccount {
        server: account.as_ref().map(|account| account.server.to_string()),
        visibility: account.map(|account| account.visibility).unwrap_or_default().into(),
        token_since,
    })
}

/// The edition, for a caller who may change the account and saw what it is.
async fn seen(site: Site, caller: Caller, key: &str, headers: &HeaderMap) -> Result<Desk, Fault> {
    let desk = Desk::enter(site, caller, key).await?;
    desk.may(Action::EditEdition)?;
    Seen::required(headers)?.check(&shown(&desk.site, &desk.edition).await?)?;
    Ok(desk)
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/mastodon", operation_id = "getMastodonAccount", tag = "Site",
    summary = "Shows the account on which posts are published, without its token.",
    params(("edition" = String, Path, description = "The edition's slug or identifier")),
    responses(
        (status = 200, description = "The account", body = MastodonAccount),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn get(Held(site): Held<Site>, caller: Caller, headers: HeaderMap, Path(key): Path<String>) -> Answer {
    let edition = programme::desk(&site, &caller, &key).await?.edition;
    caller.may_read(Action::EditEdition, &Place::edition(&edition))?;
    answer::thing(&headers, &shown(&site, &edition).await?)
}

#[utoipa::path(
    put, path = "/api/v1/editions/{edition}/mastodon", operation_id = "setMastodonAccount", tag = "Site",
    summary = "Sets the account on which posts are published.",
    params(
        ("edition" = String, Path, description = "The edition's slug or identifier"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the account"),
    ),
    request_body = MastodonInput,
    responses((status = 200, description = "The account as it is now", body = MastodonAccount)),
    security(("token" = [])),
)]
async fn set(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path(key): Path<String>,
    Json(input): Json<MastodonInput>,
) -> Answer {
    let desk = seen(site, caller, &key, &headers).await?;
    let server = field("server", &input.server, m::MastodonAccount::parse_server)?;
    let token = optional("token", input.token.as_deref(), AccessToken::parse)?;
    let account = m::MastodonAccount { server, visibility: input.visibility.into() };
    let subject = &desk.caller.subject;
    desk.site.store().set_mastodon(subject, desk.edition.id, &account, token.as_ref()).await?;
    answer::changed(&shown(&desk.site, &desk.edition).await?)
}

#[utoipa::path(
    delete, path = "/api/v1/editions/{edition}/mastodon", operation_id = "forgetMastodonAccount", tag = "Site",
    summary = "Forgets the account and its token.",
    params(
        ("edition" = String, Path, description = "The edition's slug or identifier"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the account"),
    ),
    responses((status = 204, description = "It is forgotten")),
    security(("token" = [])),
)]
async fn forget(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path(key): Path<String>,
) -> Answer {
    let desk = seen(site, caller, &key, &headers).await?;
    desk.site.store().forget_mastodon(&desk.caller.subject, desk.edition.id).await?;
    answer::nothing()
}
