//! Rooms in Matrix: where the homeserver calls, and what a page says of it.

use crate::{error::Failure, route::at, site::Site};
use ::matrix::appservice::BODY_BYTES;
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{Response, StatusCode, header},
    response::IntoResponse,
    routing::{get, post, put},
};
use model::id::RoomId;

/// Adds the addresses at which the homeserver calls. It shows its token in a header, and no browser comes here.
pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/_matrix/app/v1/transactions/{transaction}", put(called));
    let router = at(router, "/_matrix/app/v1/users/{user}", get(called));
    let router = at(router, "/_matrix/app/v1/rooms/{alias}", get(called));
    at(router, "/_matrix/app/v1/ping", post(called))
}

/// Whatever the homeserver calls. Where none is set there is nothing here.
async fn called(State(site): State<Site>, request: Request) -> Result<Response<Body>, Failure> {
    let nothing = || Failure::from_status(StatusCode::NOT_FOUND, BODY_BYTES);
    let spoke = site.matrix().ok_or_else(nothing)?;
    let (parts, body) = request.into_parts();
    let authorization = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    // Nobody else's body is read.
    if let Err((status, text)) = spoke.admits(authorization) {
        return Ok(answer(status, text));
    }
    let body = to_bytes(body, BODY_BYTES)
        .await
        .map_err(|_| Failure::from_status(StatusCode::PAYLOAD_TOO_LARGE, BODY_BYTES))?;
    let (status, text) = spoke.answer(parts.method.as_str(), parts.uri.path(), authorization, &body).await;
    Ok(answer(status, text))
}

fn answer(status: u16, json: String) -> Response<Body> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")], json)
        .into_response()
}

/// What the page of a room says of Matrix.
pub(super) struct View {
    /// The room's alias.
    pub(super) alias: String,
    /// Where it is opened in whatever client one has.
    pub(super) href: String,
    /// Whether what is said here does not arrive there at the moment.
    pub(super) away: bool,
}

/// Where a room is in Matrix; `None` where it is not.
pub(super) async fn view(site: &Site, room: RoomId, public: bool) -> Result<Option<View>, Failure> {
    let Some(spoke) = site.matrix().filter(|_| public) else { return Ok(None) };
    let Some(alias) = spoke.alias(room).await? else { return Ok(None) };
    let away = spoke.lags(room).await?;
    let href = format!("https://matrix.to/#/{}", alias.replace('#', "%23").replace(':', "%3A"));
    Ok(Some(View { alias, href, away }))
}
