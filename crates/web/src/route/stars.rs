//! Stars: the page of those in the browser, and lists at private addresses.
//!
//! `POST /{edition}/stars/` keeps a list: a form with `session` (a code, repeated) and `token` where the list
//! exists already, or JSON `{"sessions": [CODE, ...], "token": TOKEN?}`. A form is answered with a redirect to
//! the list's page, JSON with `{"token", "page", "calendar", "sessions"}`. Whoever knows the token may read and
//! change the list; it appears in no log.

use super::{Asked, at};
use crate::{
    error::Failure,
    headers::{self, Policy},
    page::Page,
    site::{Live, Site},
    target::{self, File, Target},
};
use axum::{
    Json, Router,
    body::{Body as HttpBody, Bytes},
    extract::{Path, State, rejection::BytesRejection},
    http::{HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use interchange::write::{Filter, icalendar};
use model::{Refusal, address::Address, id::SessionId, text::excerpt};
use serde::Deserialize;
use serde_json::json;
use std::{collections::HashSet, time::Instant};

/// The most sessions of one list.
const SESSIONS_MAX: usize = 1_000;

/// The longest token that is looked up; ours have 24 letters.
const TOKEN_MAX: usize = 64;

type Answer = Result<Response<HttpBody>, Failure>;

/// Adds the routes of stars.
pub(crate) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/{edition}/stars/", get(stars).post(keep));
    let router = at(router, "/{edition}/stars/{token}/", get(list));
    at(router, "/{edition}/stars/{file}", get(calendar))
}

async fn stars(State(site): State<Site>, asked: Asked, Path(edition): Path<String>) -> Answer {
    asked.show(&site, &edition, Target::Page(Page::Stars)).await
}

/// What a visitor sends.
#[derive(Debug, Default, Deserialize)]
struct Kept {
    #[serde(default)]
    sessions: Vec<String>,
    #[serde(default)]
    token: Option<String>,
}

async fn keep(
    State(site): State<Site>,
    asked: Asked,
    Path(edition): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Answer {
    site.star_writes().take(asked.client, Instant::now()).map_err(Failure::TooMany)?;
    let body = body.map_err(|rejection| Failure::from_status(rejection.status(), super::BODY_LIMIT))?;
    let kind =
        asked.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_json = kind.starts_with("application/json");
    let kept = if is_json {
        serde_json::from_slice(&body).map_err(|error| {
            refused(
                "body",
                &format!("it is not the JSON expected: {error}"),
                "Send {\"sessions\": [\"CODE\"]}",
            )
        })?
    } else if kind.starts_with("application/x-www-form-urlencoded") {
        from_form(&body)
    } else {
        return Err(Failure::MediaType(format!(
            "A list of stars cannot be read from \"{}\"",
            excerpt(kind, 60)
        )));
    };
    let live = site.live(&edition)?;
    let sessions = starred(&site, &live, &kept).await?;
    let token = kept.token.as_deref().filter(|token| !token.is_empty() && token.len() <= TOKEN_MAX);
    let token = site.store().put_stars(live.edition.id, token, &sessions).await?;
    let page = Address::StarList(&token).path(live.slug());
    let response = if is_json {
        let calendar = Address::StarCalendar(&token).path(live.slug());
        Json(json!({ "token": token, "page": page, "calendar": calendar, "sessions": sessions.len() }))
            .into_response()
    } else {
        let to = HeaderValue::try_from(page).map_err(|_| Failure::Internal)?;
        (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
    };
    Ok(private(response))
}

fn from_form(body: &[u8]) -> Kept {
    let mut kept = Kept::default();
    for (name, value) in form_urlencoded::parse(body) {
        match name.as_ref() {
            "session" => kept.sessions.push(value.into_owned()),
            "token" => kept.token = Some(value.into_owned()),
            _ => {}
        }
    }
    kept
}

/// The sessions that the codes mean. Codes of sessions that are gone since they were starred are left out.
async fn starred(site: &Site, live: &Live, kept: &Kept) -> Result<Vec<SessionId>, Failure> {
    if kept.sessions.len() > SESSIONS_MAX {
        let problem = format!("{} sessions are too many for one list", kept.sessions.len());
        return Err(refused("sessions", &problem, &format!("Star at most {SESSIONS_MAX}")));
    }
    let snapshot = site.snapshot(live).await?;
    let found: Vec<SessionId> = kept
        .sessions
        .iter()
        .filter_map(|code| snapshot.session_by_code(code))
        .map(|session| session.id)
        .collect();
    if found.is_empty() && (!kept.sessions.is_empty() || kept.token.is_none()) {
        return Err(refused("sessions", "none of them is on the programme", "Star a session first"));
    }
    Ok(found)
}

fn refused(field: &str, problem: &str, remedy: &str) -> Failure {
    Failure::Refused(Refusal::new(field, problem, remedy))
}

/// The sessions on the list of that token.
async fn listed(site: &Site, live: &Live, token: &str) -> Result<Vec<SessionId>, Failure> {
    // The token is no part of the message: messages may be logged or shown to others.
    let nothing = || Failure::NotFound("There is no list of stars at this address".to_owned());
    if token.len() > TOKEN_MAX {
        return Err(nothing());
    }
    site.store().stars(live.edition.id, token).await?.ok_or_else(nothing)
}

async fn list(
    State(site): State<Site>,
    asked: Asked,
    Path((edition, token)): Path<(String, String)>,
) -> Answer {
    let live = site.live(&edition)?;
    let sessions = listed(&site, &live, &token).await?;
    let snapshot = site.snapshot(&live).await?;
    let viewer = site.viewer(asked.zone()?.filter(|zone| *zone != live.edition.zone), site.now());
    let text = Page::StarList { token, sessions }.render(&snapshot, &viewer)?.unwrap_or_default();
    Ok(asked
        .answer(site.passing("/{edition}/stars/{token}/", Policy::Private, "text/html; charset=utf-8", text))
        .await)
}

async fn calendar(
    State(site): State<Site>,
    asked: Asked,
    Path((edition, file)): Path<(String, String)>,
) -> Answer {
    let live = site.live(&edition)?;
    let token = file
        .strip_suffix(".ics")
        .ok_or_else(|| Failure::NotFound("There is nothing at this address".to_owned()))?;
    let sessions: HashSet<SessionId> = listed(&site, &live, token).await?.into_iter().collect();
    let snapshot = site.snapshot(&live).await?;
    let text = icalendar(&target::export(&snapshot, site.base_url()), Filter::Sessions(&sessions));
    Ok(asked
        .answer(site.passing(
            "/{edition}/stars/{token}.ics",
            Policy::Private,
            File::Calendar.content_type(),
            text,
        ))
        .await)
}

fn private(mut response: Response<HttpBody>) -> Response<HttpBody> {
    for (name, value) in &headers::of(Policy::Private) {
        response.headers_mut().insert(name, value.clone());
    }
    response
}
