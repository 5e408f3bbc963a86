//! FOSDEM's `/p/matrix`, from which matrix-org/conference-bot (backend `json`, format `fosdem`) makes its rooms.

use crate::{
    error::Failure,
    route::{Asked, at, newest},
    site::Site,
    target::{File, Target},
};
use axum::{
    Router,
    body::Body as HttpBody,
    extract::{Path, State},
    http::Response,
    routing::get,
};

/// Adds the routes.
pub(crate) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/{edition}/p/matrix", get(of_edition));
    at(router, "/p/matrix", get(of_newest))
}

async fn of_edition(
    State(site): State<Site>,
    asked: Asked,
    Path(edition): Path<String>,
) -> Result<Response<HttpBody>, Failure> {
    asked.show(&site, &edition, Target::File(File::FosdemBot)).await
}

async fn of_newest(State(site): State<Site>, asked: Asked) -> Result<Response<HttpBody>, Failure> {
    let edition = newest(&site)?;
    asked.show(&site, edition.as_str(), Target::File(File::FosdemBot)).await
}
