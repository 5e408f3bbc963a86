//! Signing in with a passkey: the script `passkey.js` asks here what to ask the device, and brings its answer.

use super::{ceremony_cookie, ceremony_in, ceremony_over, entered, failed, one_try, onwards};
use crate::{
    error::Failure,
    headers::{self, Policy},
    inner::Answer,
    route::{Asked, at},
    signed::{Asker, agent},
    site::Site,
};
use ::identity::passkey::{Answer as DeviceAnswer, Passkeys};
use axum::{
    Json, Router,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
    routing::post,
};
use model::Refusal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The kind of its ceremonies.
const KIND: &str = "passkey";

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/sign-in/passkey/begin/", post(begin));
    at(router, "/sign-in/passkey/", post(sign_in))
}

/// Passkeys, or the answer that this site has none.
pub(super) fn passkeys(site: &Site) -> Result<&Passkeys, Failure> {
    site.ways().passkeys(site).map_err(|why| Failure::NotFound(format!("This site has no passkeys: {why}")))
}

/// An answer for the script.
pub(super) fn json(value: &impl Serialize) -> Response {
    let mut response = Json(value).into_response();
    response.headers_mut().extend(headers::of(Policy::Private));
    response
}

/// Where the script goes on to.
#[derive(Serialize)]
pub(super) struct Onwards<'a> {
    pub(super) to: &'a str,
}

async fn begin(State(site): State<Site>, asked: Asked) -> Answer {
    one_try(&site, &asked)?;
    let begun = passkeys(&site)?.begin_sign_in().map_err(failed)?;
    let token = site.store().begin_ceremony(KIND, None, &begun.state).await?;
    let mut response = json(&begun.options);
    response.headers_mut().append(header::SET_COOKIE, ceremony_cookie(KIND, &token));
    Ok(response)
}

#[derive(Deserialize)]
struct Sent {
    answer: Value,
    #[serde(default)]
    next: String,
}

async fn sign_in(State(site): State<Site>, asked: Asked, asker: Asker, Json(sent): Json<Sent>) -> Answer {
    one_try(&site, &asked)?;
    let unknown = || {
        let remedy = "Use another one, or sign in in another way and add this one to your account";
        Failure::Refused(Refusal::new("passkey", "this site does not know it", remedy))
    };
    let late = || Failure::Refused(Refusal::new("passkey", "it took too long", "Try again"));
    let token = ceremony_in(&asked.headers, KIND).ok_or_else(late)?;
    let taken = site.store().take_ceremony(KIND, token).await?.ok_or_else(late)?;
    let answer = DeviceAnswer::read(&sent.answer.to_string()).map_err(failed)?;
    let (credential, kept) = site.store().passkey(answer.id()).await?.ok_or_else(unknown)?;
    let renewed = passkeys(&site)?.end_sign_in(&taken.body, &answer, &kept).map_err(failed)?;
    let (browser, client) = (agent(&asked.headers), asked.client.to_string());
    let signed = site.store().sign_in_with(credential.id, renewed.as_deref(), &browser, &client).await?;
    let mut response = json(&Onwards { to: &onwards(&sent.next) });
    response.headers_mut().append(header::SET_COOKIE, ceremony_over(KIND));
    entered(&site, &asker, &signed.1, response).await
}
