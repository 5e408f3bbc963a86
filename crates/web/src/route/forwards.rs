//! Where other Plenarys tell this one of proposals that they pass on: signed messages, believed only from partners.
//!
//! The signature in the request's headers is what proves who sends; no cookie counts here.

use super::{Asked, at};
use crate::{
    error::Failure,
    headers::{self, Policy},
    inner::Answer,
    site::Site,
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use model::{
    partner::{Envelope, MESSAGE_MAX},
    text::Slug,
};
use partner::sign::{self, Key};
use serde_json::json;
use std::time::Instant;
use store::Received;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let methods = get(about).post(receive).layer(DefaultBodyLimit::max(MESSAGE_MAX));
    at(router, "/{edition}/forwards/", methods)
}

fn answer(status: StatusCode, body: serde_json::Value) -> Response {
    let mut response = (status, Json(body)).into_response();
    response.headers_mut().extend(headers::of(Policy::Private));
    response
}

fn no(status: StatusCode, problem: &str, remedy: &str) -> Response {
    answer(status, json!({ "problem": problem, "remedy": remedy }))
}

/// What an organiser elsewhere needs in order to make this edition a partner: nothing of it is secret.
async fn about(State(site): State<Site>, Path(slug): Path<String>) -> Answer {
    let edition = public(&site, &slug).await?;
    let address = partner::address_of(site.base_url(), &edition);
    let key = Key::new(&site.store().partner_seed().await?).and_then(|key| key.public());
    let (Some(address), Ok(key)) = (address, key) else { return Err(Failure::Internal) };
    Ok(answer(
        StatusCode::OK,
        json!({ "edition": edition.title, "address": address, "key": key.to_string() }),
    ))
}

/// An edition of which something is public: others are not told that there is one.
async fn public(site: &Site, slug: &str) -> Result<model::edition::Edition, Failure> {
    let none = || Failure::no("edition", slug);
    let slug = Slug::parse(slug).map_err(|_| none())?;
    let edition = site.store().edition(&slug).await?.ok_or_else(none)?.edition;
    let calls = site.store().calls(edition.id).await?;
    if calls.iter().any(|open| open.call.published) { Ok(edition) } else { Err(none()) }
}

async fn receive(
    State(site): State<Site>,
    asked: Asked,
    Path(slug): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Answer {
    site.forward_messages().take(asked.client, Instant::now()).map_err(Failure::TooMany)?;
    let Ok(body) = body else {
        let problem = format!("the message has more than {MESSAGE_MAX} bytes");
        return Ok(no(StatusCode::PAYLOAD_TOO_LARGE, &problem, "Shorten it"));
    };
    // Whether there is such an edition is told to its partners only.
    let slug = Slug::parse(&slug).map_err(|_| Failure::no("edition", &slug))?;
    let target = format!("{}/{slug}/forwards/", site.base_url());
    let header = |name: &str| value(&asked.headers, name);
    let signed = (header("content-digest"), header("signature-input"), header("signature"));
    let verified = match sign::verify(&target, &body, signed, site.now()) {
        Ok(verified) => verified,
        Err(error) => {
            return Ok(no(StatusCode::UNAUTHORIZED, &error.to_string(), "Sign it as the handbook describes"));
        }
    };
    let envelope: Envelope = match serde_json::from_slice(&body) {
        Ok(envelope) => envelope,
        Err(error) => {
            let problem = format!("it is no message of this kind: {error}");
            return Ok(no(StatusCode::UNPROCESSABLE_ENTITY, &problem, "Send one as the handbook describes"));
        }
    };
    let from = envelope.from.as_str();
    let known = match site.store().edition(&slug).await? {
        Some(head) => {
            let known = site.store().partner_by_key(head.edition.id, &verified.key, from).await?;
            known.map(|known| (head.edition, known))
        }
        None => None,
    };
    let Some((edition, known)) = known else {
        let remedy = "Ask an organiser here to enter your address and your key on the page Partners";
        return Ok(no(StatusCode::FORBIDDEN, "the sender is no partner of this edition", remedy));
    };
    let told = (&envelope, verified.nonce.as_str());
    let received = site.store().receive_message(&edition, &known, told, site.base_url()).await;
    Ok(match received {
        Ok(Received::Taken) => answer(StatusCode::OK, json!({ "taken": true })),
        Ok(Received::Calls(calls)) => answer(StatusCode::OK, json!({ "taken": true, "calls": calls })),
        Err(store::Error::Refused(refusal)) if refusal.field == "nonce" => {
            no(StatusCode::CONFLICT, &refusal.problem, &refusal.remedy)
        }
        Err(store::Error::Refused(refusal)) => {
            let problem = format!("{}: {}", refusal.field, refusal.problem);
            no(StatusCode::UNPROCESSABLE_ENTITY, &problem, &refusal.remedy)
        }
        Err(other) => return Err(other.into()),
    })
}

fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
