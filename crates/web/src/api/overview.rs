//! The page for people that lists the operations.

use super::document;
use crate::{
    error::Failure,
    headers::{self, Policy},
    inner::Inner,
    page::PageError,
    site::Site,
};
use askama::Template;
use axum::{
    body::Body as HttpBody,
    extract::State,
    http::{HeaderValue, Response, header},
    response::IntoResponse,
};

#[derive(Template)]
#[template(path = "api.html")]
struct ApiPage {
    inner: Inner,
    base: String,
    groups: Vec<Group>,
}

/// The operations of one tag.
struct Group {
    name: String,
    operations: Vec<Operation>,
}

struct Operation {
    method: String,
    path: String,
    summary: String,
    needs_token: bool,
}

const HELP: &str =
    "What programs can read and change here, and how. The document that generators read is openapi.json.";

/// `GET /api/v1/`.
pub(super) async fn page(State(site): State<Site>) -> Result<Response<HttpBody>, Failure> {
    let mut groups: Vec<Group> = vec![];
    for (method, path, said) in document::operations() {
        let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
        let tag = said["tags"][0].as_str().unwrap_or_default().to_owned();
        let operation =
            Operation { method, path, summary: text("summary"), needs_token: said.get("security").is_some() };
        match groups.iter_mut().find(|group| group.name == tag) {
            Some(group) => group.operations.push(operation),
            None => groups.push(Group { name: tag, operations: vec![operation] }),
        }
    }
    let inner = Inner { narrow: false, ..Inner::outside("API", HELP) };
    let page = ApiPage { inner, base: site.base_url().to_owned(), groups };
    let mut response = page.render().map_err(PageError::from)?.into_response();
    let headers = response.headers_mut();
    headers.extend(headers::of(Policy::Page));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    Ok(response)
}
