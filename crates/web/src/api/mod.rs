//! The API for programs, version 1, below `/api/v1/`.
//!
//! A file holds one capability, a handler one operation. **Nothing is done here that pages do not do alike**: reading
//! takes what the public pages take or asks [`Subject::may`](model::permission::Subject::may), and changing goes
//! through the commands of the record.
//!
//! # How an operation is added
//!
//! 1. Its handler in the file of its capability, with `#[utoipa::path]` for what it takes and what a success answers;
//!    `operation_id` is unique. A thing of an edition that is listed, read and changed is a [`resource`], which has these
//!    handlers already.
//! 2. A [`Fault`] is what goes wrong: the document names every one that an operation can answer with by what it takes,
//!    see [`document`].
//! 3. A line with `routes!` in the file's `routes`. The committed document `docs/openapi.json` then changes; the test
//!    that compares it says how to write it anew.

mod answer;
mod body;
mod calendar;
mod call;
mod caller;
mod date_plan;
mod document;
mod edition;
mod events;
mod fault;
mod field;
mod link;
mod log;
mod mail;
mod mail_text;
mod mastodon;
mod merge;
mod overview;
mod part;
mod people;
mod person;
mod post;
mod programme;
mod proposal;
mod registration;
mod release;
mod resource;
mod room;
mod session;
mod session_type;
mod speaker_account;
mod sponsor;
mod state;
mod token;
mod track;
mod web_page;
mod webhook;

pub(crate) use state::ApiState;

use crate::{
    error::Failure,
    headers::{self, Policy},
    site::Site,
};
use axum::{
    Router,
    body::Body as HttpBody,
    extract::DefaultBodyLimit,
    http::{HeaderValue, Response, header},
    response::IntoResponse,
    routing::get,
};
use fault::Fault;
use utoipa_axum::router::OpenApiRouter;

/// Where the API stands.
pub(crate) const BASE: &str = "/api/v1";

/// The most bytes of a request.
const BODY: usize = 1024 * 1_024;

/// Adds the routes.
pub(crate) fn routes(router: Router<Site>) -> Router<Site> {
    let (api, _) = operations().split_for_parts();
    let named = |mut response: Response<HttpBody>| async move {
        response.extensions_mut().get_or_insert(crate::route::RouteName("/api/v1"));
        response
    };
    let api = api
        .method_not_allowed_fallback(async || Fault::method())
        .layer(axum::middleware::map_response(named))
        .layer(DefaultBodyLimit::max(BODY));
    let router = router.merge(api);
    let router = crate::route::at(router, "/api/v1/", get(overview::page));
    crate::route::at(router, "/api/v1/openapi.json", get(openapi))
}

/// All operations with what they say about themselves.
fn operations() -> OpenApiRouter<Site> {
    OpenApiRouter::with_openapi(document::head())
        .merge(edition::routes())
        .merge(room::routes())
        .merge(track::routes())
        .merge(person::routes())
        .merge(session_type::routes())
        .merge(session::routes())
        .merge(sponsor::routes())
        .merge(web_page::routes())
        .merge(post::routes())
        .merge(mastodon::routes())
        .merge(speaker_account::routes())
        .merge(registration::routes())
        .merge(release::routes())
        .merge(call::routes())
        .merge(proposal::routes())
        .merge(mail::routes())
        .merge(mail_text::routes())
        .merge(calendar::routes())
        .merge(date_plan::routes())
        .merge(people::routes())
        .merge(merge::routes())
        .merge(token::routes())
        .merge(webhook::routes())
        .merge(events::routes())
        .merge(log::routes())
}

/// The document that describes the API, as it is served and as `docs/openapi.json` holds it.
pub fn openapi_document() -> String {
    document::text().to_owned()
}

async fn openapi() -> Result<Response<HttpBody>, Failure> {
    let mut response = document::text().into_response();
    let headers = response.headers_mut();
    headers.extend(headers::of(Policy::File));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
