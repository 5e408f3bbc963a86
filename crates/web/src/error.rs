//! What went wrong with a request, and how it is told: a page with a way on for people, `application/problem+json`
//! (RFC 9457) for programs. A handler returns a [`Failure`]; the front draws it, because it knows who asks.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use model::Refusal;
use serde::Serialize;

/// A request that could not be answered as asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failure {
    /// There is nothing at this address, or not any more.
    #[error("{0}")]
    NotFound(String),
    /// What was sent does not hold: a field, a zone, a number.
    #[error("{0}")]
    Refused(Refusal),
    /// Somebody must be signed in for it; after that they may go on to this path.
    #[error("it needs somebody who is signed in")]
    SignIn(String),
    /// They may not do that, or not there.
    #[error("{0}")]
    Forbidden(Refusal),
    /// The request does not come from a page of this site.
    #[error("the request does not come from a page of this site")]
    ForeignOrigin,
    /// The address knows other methods only.
    #[error("this address does not take the method")]
    Method,
    /// More was sent than a request may hold.
    #[error("the request is larger than {0} bytes")]
    TooLarge(usize),
    /// What was sent is in a format that the address does not read.
    #[error("{0}")]
    MediaType(String),
    /// The client asks too often; it may ask again after this many seconds.
    #[error("too many requests in a short time")]
    TooMany(u64),
    /// The server has as many open streams as it may.
    #[error("{0}")]
    Busy(String),
    /// The record cannot be reached.
    #[error("the record cannot be read at the moment")]
    Unavailable,
    /// The answer took too long.
    #[error("the answer took longer than {0} seconds")]
    Timeout(u64),
    /// A fault of ours; the message stands in the log.
    #[error("a fault of this server")]
    Internal,
}

impl Failure {
    /// Nothing of this kind and name.
    pub fn no(kind: &str, name: &str) -> Self {
        Self::NotFound(format!("There is no {kind} \"{}\"", model::text::excerpt(name, 60)))
    }

    /// The status code.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Refused(_) => StatusCode::BAD_REQUEST,
            Self::SignIn(_) => StatusCode::UNAUTHORIZED,
            Self::ForeignOrigin | Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy(_) | Self::Unavailable | Self::Timeout(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// A heading.
    pub fn title(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "Not found",
            Self::Refused(_) => "That cannot be read",
            Self::SignIn(_) => "Sign in first",
            Self::Forbidden(_) => "Not allowed",
            Self::ForeignOrigin => "Not from here",
            Self::Method => "Not that way",
            Self::TooLarge(_) => "Too large",
            Self::MediaType(_) => "Unknown format",
            Self::TooMany(_) => "Too many requests",
            Self::Busy(_) => "Busy",
            Self::Unavailable | Self::Timeout(_) => "Not available right now",
            Self::Internal => "Something broke",
        }
    }

    /// What is wrong, as a sentence.
    pub fn problem(&self) -> String {
        match self {
            Self::Refused(refusal) | Self::Forbidden(refusal) => {
                sentence(&format!("{}: {}", refusal.field, refusal.problem))
            }
            other => sentence(&other.to_string()),
        }
    }

    /// What to do about it, as a sentence.
    pub fn remedy(&self) -> String {
        match self {
            Self::NotFound(_) => "Search the programme, or start from the front page.".to_owned(),
            Self::Refused(refusal) | Self::Forbidden(refusal) => sentence(&refusal.remedy),
            Self::SignIn(_) => "Sign in and try again; programs send a token.".to_owned(),
            Self::ForeignOrigin => "Open the page on this site and try again from there.".to_owned(),
            Self::Method => "Open the page and use its links and forms.".to_owned(),
            Self::TooLarge(_) => "Send less at once.".to_owned(),
            Self::MediaType(_) => "Send a form or JSON.".to_owned(),
            Self::TooMany(seconds) => format!("Try again in {seconds} seconds."),
            Self::Busy(_) | Self::Unavailable | Self::Timeout(_) => "Try again in a moment.".to_owned(),
            Self::Internal => "Try again; if it stays, tell the organisers the number below.".to_owned(),
        }
    }

    /// After how many seconds it makes sense to ask again, where waiting helps.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooMany(seconds) => Some(*seconds),
            Self::Busy(_) | Self::Unavailable | Self::Timeout(_) => Some(10),
            _ => None,
        }
    }

    /// The failure that a bare status code of a library means.
    pub fn from_status(status: StatusCode, limit: usize) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::NotFound("There is nothing at this address".to_owned()),
            StatusCode::METHOD_NOT_ALLOWED => Self::Method,
            StatusCode::FORBIDDEN => Self::ForeignOrigin,
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge(limit),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                Self::MediaType("The format of the request is not known here".to_owned())
            }
            StatusCode::TOO_MANY_REQUESTS => Self::TooMany(10),
            StatusCode::SERVICE_UNAVAILABLE => Self::Unavailable,
            status if status.is_client_error() => Self::Refused(Refusal::new(
                "request",
                "it cannot be read",
                "Check the address and what was sent",
            )),
            _ => Self::Internal,
        }
    }
}

/// `text` with a capital at its begin and a full stop at its end.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let mut out: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    out.extend(chars);
    if !out.ends_with(['.', '!', '?']) {
        out.push('.');
    }
    out
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Refused(refusal) => Self::Refused(refusal),
            other => {
                tracing::error!(error = %other, "the record did not answer");
                Self::Unavailable
            }
        }
    }
}

impl From<crate::page::PageError> for Failure {
    fn from(error: crate::page::PageError) -> Self {
        tracing::error!(%error, "a page could not be drawn");
        Self::Internal
    }
}

impl IntoResponse for Failure {
    /// An answer without a body, which the front completes.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        if let Some(seconds) = self.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// The body of an answer for programs (RFC 9457), with two members of ours.
#[derive(Debug, Serialize)]
pub struct Problem<'a> {
    /// `about:blank`: the status code says what kind it is.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// A heading.
    pub title: &'a str,
    /// The status code.
    pub status: u16,
    /// What is wrong.
    pub detail: &'a str,
    /// What to do about it.
    pub remedy: &'a str,
    /// The number under which the request stands in the log.
    pub request: &'a str,
}

/// Whether the one who asks is a program: it asks for JSON and not for HTML, or at an address for programs.
pub fn wants_json(path: &str, headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_json = std::path::Path::new(path).extension().is_some_and(|end| end == "json");
    let for_programs =
        path.starts_with("/api/") || path.starts_with("/export/") || is_json || path == "/healthz";
    !accept.contains("text/html") && (for_programs || accept.contains("json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_field_and_the_remedy() {
        let failure = Failure::from(Refusal::new("time zone", "\"Mars\" is not known", "Name one like UTC"));
        assert_eq!(failure.status(), StatusCode::BAD_REQUEST);
        assert_eq!(failure.problem(), "Time zone: \"Mars\" is not known.");
        assert_eq!(failure.remedy(), "Name one like UTC.");
    }

    #[test]
    fn a_browser_gets_a_page_and_a_program_gets_json() {
        let accept =
            |value: &'static str| HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(value))]);
        assert!(!wants_json("/x/", &accept("text/html,application/xhtml+xml,*/*;q=0.8")));
        assert!(wants_json("/x/", &accept("application/json")));
        assert!(wants_json("/api/events/x/", &accept("*/*")));
        assert!(!wants_json("/x/", &accept("*/*")));
    }
}
