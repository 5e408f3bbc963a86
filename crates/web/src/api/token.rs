//! The caller's own tokens. They are made at a page only: a token that leaked must not make others.

use super::{
    answer::{self, Answer, Page, Paging},
    body::Query,
    caller::Caller,
    fault::Fault,
};
use crate::site::Site;
use axum::{
    extract::{Path, State as Held},
    http::{HeaderMap, Uri},
};
use jiff::Timestamp;
use model::id::TokenId;
use serde::Serialize;
use store::KnownToken;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The operations.
pub(super) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(revoke))
}

/// A program's right to use the API in somebody's name.
#[derive(Debug, Serialize, ToSchema)]
struct Token {
    /// Its identifier.
    id: Uuid,
    /// What it is for.
    name: String,
    /// `read` or `write`.
    scope: String,
    /// The only edition in which it is good; null for everywhere.
    edition: Option<Uuid>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created: Timestamp,
    /// Until when it is good; null until it is revoked.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Timestamp>,
    /// When it was last used, to ten minutes.
    #[schema(value_type = Option<String>, format = DateTime)]
    used: Option<Timestamp>,
    /// When it was revoked.
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked: Option<Timestamp>,
}

impl From<&KnownToken> for Token {
    fn from(known: &KnownToken) -> Self {
        let token = &known.token;
        Self {
            id: token.id.0,
            name: token.name.to_string(),
            scope: token.scope.as_str().to_owned(),
            edition: token.edition.map(|edition| edition.0),
            created: token.created,
            expires: token.expires,
            used: known.used,
            revoked: token.revoked,
        }
    }
}

#[utoipa::path(
    get, path = "/api/v1/tokens", operation_id = "listTokens", tag = "Tokens",
    summary = "Lists the caller's tokens, the latest first. They are made at /account/tokens/.",
    params(Paging),
    responses(
        (status = 200, description = "A page of the list", body = Page<Token>),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn list(
    Held(site): Held<Site>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    Query(paging): Query<Paging>,
) -> Answer {
    let (owner, bearer) = caller.known()?;
    let mut known = site.store().tokens_of(owner).await?;
    // A token of one edition knows itself and no others.
    if bearer.token.edition.is_some() {
        known.retain(|known| known.token.id == bearer.token.id);
    }
    let all: Vec<Token> = known.iter().map(Token::from).collect();
    answer::list(&headers, &uri, &paging.cut(all, |token| token.id)?)
}

#[utoipa::path(
    delete, path = "/api/v1/tokens/{id}", operation_id = "revokeToken", tag = "Tokens",
    summary = "Revokes one of the caller's tokens. Any token may revoke itself.",
    params(("id" = String, Path, description = "The token's identifier")),
    responses((status = 204, description = "It is revoked")),
    security(("token" = [])),
)]
async fn revoke(Held(site): Held<Site>, caller: Caller, Path(key): Path<String>) -> Answer {
    let (owner, bearer) = caller.known()?;
    let none = || Fault::none("token", &key);
    let id = TokenId(Uuid::try_parse(&key).map_err(|_| none())?);
    if id != bearer.token.id {
        if bearer.token.edition.is_some() {
            return Err(none());
        }
        caller.may_write()?;
    }
    let known = site.store().tokens_of(owner).await?;
    if !known.iter().any(|known| known.token.id == id) {
        return Err(none());
    }
    site.store().revoke_token(&caller.subject.actor, owner, id).await?;
    answer::nothing()
}
