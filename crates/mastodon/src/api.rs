//! The two calls of Mastodon's API that are needed, as its documentation has them.
//!
//! - `GET /api/v2/instance`: `configuration.statuses.max_characters` and `characters_reserved_per_url`
//!   (<https://docs.joinmastodon.org/entities/Instance/>);
//! - `POST /api/v1/statuses`: `status`, `visibility` and `language` as a form, the token as `Authorization: Bearer`, an
//!   `Idempotency-Key` (<https://docs.joinmastodon.org/methods/statuses/#create>). The answer is a Status, of which `url`
//!   may be missing and `uri` never is (<https://docs.joinmastodon.org/entities/Status/>); a refusal is
//!   `{"error": "..."}`.

use crate::text::Limits;
use fetch::{Answer, Error, Fetcher, Method, Request};
use model::{
    mastodon::{MastodonAccount, TootOutcome},
    text::{Line, WebUrl, excerpt},
};
use serde_json::Value;
use std::time::Duration;
use store::AccessToken;

/// So long each call may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// How many characters of an answer are kept.
const ANSWER: usize = 300;

/// The most characters that are believed of a server: more is a slip.
const CHARACTERS_MAX: u64 = 100_000;

/// What the server allows; what Mastodon usually allows where it does not say.
pub async fn limits(fetcher: &Fetcher, account: &MastodonAccount) -> Limits {
    let usual = Limits::default();
    let request = Request::get(&format!("{}/api/v2/instance", account.server)).within(PATIENCE);
    let answer = match fetcher.send(request).await.and_then(Answer::success) {
        Ok(answer) => answer,
        Err(error) => {
            tracing::debug!(%error, "the server does not say what it allows");
            return usual;
        }
    };
    let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let number = |name: &str| {
        let number = said.pointer(&format!("/configuration/statuses/{name}")).and_then(Value::as_u64);
        number
            .filter(|number| (1..=CHARACTERS_MAX).contains(number))
            .and_then(|number| usize::try_from(number).ok())
    };
    Limits {
        characters: number("max_characters").unwrap_or(usual.characters),
        per_link: number("characters_reserved_per_url").unwrap_or(usual.per_link),
    }
}

/// A status to be published.
#[derive(Clone, Debug)]
pub struct Status<'a> {
    /// What it says.
    pub text: &'a str,
    /// Its language as an ISO 639 code; empty where unknown.
    pub language: &'a str,
    /// The key by which Mastodon knows that it has seen it.
    pub key: &'a str,
}

/// Publishes a status.
pub async fn publish(
    fetcher: &Fetcher,
    account: &MastodonAccount,
    token: &AccessToken,
    status: &Status<'_>,
) -> TootOutcome {
    let request = Request::new(Method::POST, &format!("{}/api/v1/statuses", account.server))
        .body("application/x-www-form-urlencoded", form(account, status))
        .header("authorization", &format!("Bearer {}", token.secret()))
        .header("idempotency-key", status.key)
        .header("accept", "application/json")
        // The token was given for this server and for no other.
        .follow_nothing()
        .within(PATIENCE);
    match fetcher.send(request).await {
        Ok(answer) => outcome(&answer),
        Err(error) => failed(&error),
    }
}

/// The status as the form that is sent.
fn form(account: &MastodonAccount, status: &Status<'_>) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("status", status.text);
    form.append_pair("visibility", account.visibility.as_str());
    if !status.language.is_empty() {
        form.append_pair("language", status.language);
    }
    form.finish()
}

/// What an answer means.
fn outcome(answer: &Answer) -> TootOutcome {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let said = || {
        let told = excerpt(text("error"), ANSWER);
        Line::clean(&format!("{} {told}", answer.status))
    };
    match answer.status {
        200..=299 => {
            let url = [text("url"), text("uri")].into_iter().find_map(|url| WebUrl::parse(url).ok());
            TootOutcome::Published(url)
        }
        300..=399 => TootOutcome::Refused(Line::clean(&format!(
            "{} The server has moved to another address. Enter that one on the desk.",
            answer.status
        ))),
        // Too many requests, or not in time.
        408 | 429 => TootOutcome::Later(said()),
        401 | 403 => TootOutcome::Refused(Line::clean(&format!(
            "{}. The server does not accept the token; make another with the permission write:statuses.",
            said()
        ))),
        400..=499 => TootOutcome::Refused(said()),
        _ => TootOutcome::Later(said()),
    }
}

/// What it means that no answer came.
fn failed(error: &Error) -> TootOutcome {
    let said = Line::clean(&format!("{error}. {}.", error.remedy()));
    match error {
        Error::NotAnAddress(_) | Error::Scheme { .. } | Error::Credentials | Error::Forbidden { .. } => {
            TootOutcome::Refused(said)
        }
        // Also where the server may have heard us: the key keeps it from publishing twice.
        _ => TootOutcome::Later(said),
    }
}
