//! Signing in at an OpenID Connect provider: there, and back.
//!
//! The way there is a link and not a form, because the content security policy lets no form lead to another site.

use super::{
    arrival::{self, Arrived},
    ceremony_cookie, ceremony_in, ceremony_over, one_try,
    ways::with_next,
};
use crate::{
    error::Failure,
    headers::{self, Policy},
    inner::{Answer, done},
    route::{Asked, at},
    signed::Asker,
    site::Site,
};
use ::identity::{Secret, Trouble, oidc::Returned};
use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use model::address::Account;
use serde::{Deserialize, Serialize};
use store::Way;

/// The kind of its ceremonies.
const KIND: &str = "oidc";

#[derive(Serialize, Deserialize)]
struct Kept {
    state: String,
    next: String,
}

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/sign-in/oidc/{provider}/", get(begin));
    at(router, "/sign-in/oidc/{provider}/return/", get(back))
}

async fn begin(State(site): State<Site>, asked: Asked, Path(name): Path<String>) -> Answer {
    one_try(&site, &asked)?;
    let provider = site.ways().provider(&name).ok_or_else(|| Failure::no("provider", &name))?;
    let next = asked.value("next").and_then(model::address::local_path).unwrap_or_default();
    let redirect = format!("{}{}", site.base_url(), Account::SignInOidcReturn(provider.name()).path());
    let begun = match provider.begin(&redirect).await {
        Ok(begun) => begun,
        Err(trouble) => return sorry(&site, &trouble, next),
    };
    let kept = Kept { state: begun.state, next: next.to_owned() };
    let kept = serde_json::to_string(&kept).map_err(|_| Failure::Internal)?;
    let token = site.store().begin_ceremony(KIND, None, &kept).await?;
    let to = HeaderValue::try_from(begun.url.as_str()).map_err(|_| Failure::Internal)?;
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response();
    response.headers_mut().extend(headers::of(Policy::Private));
    response.headers_mut().append(header::SET_COOKIE, ceremony_cookie(KIND, &token));
    Ok(response)
}

async fn back(State(site): State<Site>, asked: Asked, asker: Asker, Path(name): Path<String>) -> Answer {
    one_try(&site, &asked)?;
    let provider = site.ways().provider(&name).ok_or_else(|| Failure::no("provider", &name))?;
    let taken = match ceremony_in(&asked.headers, KIND) {
        Some(token) => site.store().take_ceremony(KIND, token).await?,
        None => None,
    };
    let Some(kept) = taken.and_then(|taken| serde_json::from_str::<Kept>(&taken.body).ok()) else {
        let why = format!("{}: it took too long, or it began in another browser", provider.title());
        return sorry(&site, &Trouble::Refused(why), "");
    };
    let value = |name: &str| asked.value(name).map(str::to_owned);
    let returned = Returned {
        code: value("code").map(Secret::new),
        state: value("state"),
        error: value("error"),
        iss: value("iss"),
    };
    let proven = match provider.finish(&kept.state, &returned).await {
        Ok(proven) => proven,
        Err(trouble) => return sorry(&site, &trouble, &kept.next),
    };
    let arrived = Arrived::new(proven, Way::Oidc(name.clone()), provider.title(), &kept.next);
    let mut response = arrival::arrive(&site, &asked, &asker, arrived).await?;
    response.headers_mut().append(header::SET_COOKIE, ceremony_over(KIND));
    Ok(response)
}

/// Back to the page with all ways, which says why this one did not lead on.
fn sorry(site: &Site, trouble: &Trouble, next: &str) -> Answer {
    let to = with_next(&Account::SignIn.path(), next);
    let what = match trouble {
        Trouble::Down(_) => "It does not work at the moment; sign in in another way, or try again later.",
        Trouble::Refused(_) | Trouble::Busy => "Try again, or sign in in another way.",
    };
    // The cause of a failure is for the operator, who reads it in the log and in doctor.
    let why = match trouble {
        Trouble::Down(why) => why.split(": ").next().unwrap_or_default().to_owned(),
        other => other.to_string(),
    };
    done(site, &to, &format!("{why}. {what}"))
}
