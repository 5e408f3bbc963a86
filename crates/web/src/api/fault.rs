//! What goes wrong with an operation, as `application/problem+json` (RFC 9457).

use crate::{
    error::Failure,
    headers::{self, Policy},
};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use model::{Refusal, text::excerpt};
use serde::Serialize;

/// What is wrong, and what to do about it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(description = "What is wrong, and what to do about it (RFC 9457).")]
pub(crate) struct Problem {
    /// `about:blank`: the status says what kind it is.
    #[serde(rename = "type")]
    kind: String,
    /// The kind of problem, in words.
    title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What is wrong.
    detail: String,
    /// What to do about it.
    remedy: String,
    /// The field that is refused, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    field: Option<String>,
    /// The number under which the request stands in the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    request: Option<String>,
}

/// An operation that did not do what was asked.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    status: StatusCode,
    field: Option<String>,
    detail: String,
    remedy: String,
    wait: Option<u64>,
}

impl Fault {
    fn new(status: StatusCode, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { status, field: None, detail: detail.into(), remedy: remedy.into(), wait: None }
    }

    fn of(status: StatusCode, refusal: &Refusal) -> Self {
        Self { field: Some(refusal.field.clone()), ..Self::new(status, &refusal.problem, &refusal.remedy) }
    }

    /// 400: the request cannot be read.
    pub(crate) fn unreadable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail, "Read the description of the operation at /api/v1/")
    }

    /// 401: it needs a token, or the token is good for nothing.
    pub(crate) fn unknown_caller(detail: &str) -> Self {
        let remedy = "Send \"Authorization: Bearer plenary_...\" with a token from /account/tokens/";
        Self::new(StatusCode::UNAUTHORIZED, detail, remedy)
    }

    /// 403: the caller may not.
    pub(crate) fn forbidden(refusal: &Refusal) -> Self {
        Self::of(StatusCode::FORBIDDEN, refusal)
    }

    /// 404: there is nothing of that name, or the caller may not see it.
    pub(crate) fn none(kind: &str, name: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            format!("There is no {kind} \"{}\"", excerpt(name, 60)),
            "Check the address; what you may not see looks the same",
        )
    }

    /// 405: the address takes other methods.
    pub(crate) fn method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "This address does not take the method",
            "The header Allow names those that it takes",
        )
    }

    /// 412: the thing is not any more what the caller saw.
    pub(crate) fn outdated() -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "Somebody changed it since you read it",
            "Read it again, make your change to what you get, and send its ETag with If-Match",
        )
    }

    /// 428: the caller does not say what they saw.
    pub(crate) fn unconditional() -> Self {
        Self::new(
            StatusCode::PRECONDITION_REQUIRED,
            "A change needs to say which state it changes",
            "Send the ETag that you read with If-Match",
        )
    }

    /// 413: too much was sent.
    pub(crate) fn too_large(limit: usize) -> Self {
        let detail = format!("The request is larger than {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, detail, "Send less at once")
    }

    /// 415: it is not JSON.
    pub(crate) fn media_type(expected: &str) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "The format of the request is not read here",
            format!("Send {expected}"),
        )
    }

    /// 422: a rule says no.
    pub(crate) fn refused(refusal: &Refusal) -> Self {
        Self::of(StatusCode::UNPROCESSABLE_ENTITY, refusal)
    }

    /// 429: the caller asks too often.
    pub(crate) fn too_many(seconds: u64) -> Self {
        let fault = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "Too many requests in a short time",
            format!("Try again in {seconds} seconds"),
        );
        Self { wait: Some(seconds), ..fault }
    }

    /// 503: as many streams are open as may be.
    pub(crate) fn busy(detail: &str) -> Self {
        let fault = Self::new(StatusCode::SERVICE_UNAVAILABLE, detail, "Try again in a moment");
        Self { wait: Some(10), ..fault }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::refused(&refusal)
    }
}

impl From<store::Error> for Fault {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Refused(refusal) => Self::refused(&refusal),
            other => {
                tracing::error!(error = %other, "the record did not answer");
                Self::busy("The record cannot be read at the moment")
            }
        }
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        let fault = Self::new(failure.status(), failure.problem(), failure.remedy());
        Self { wait: failure.retry_after(), ..fault }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let problem = Problem {
            kind: "about:blank".to_owned(),
            title: self.status.canonical_reason().unwrap_or("Problem").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail,
            remedy: self.remedy,
            field: self.field,
            request: None,
        };
        let text = serde_json::to_string(&problem).unwrap_or_default();
        let mut response = (self.status, text).into_response();
        let headers = response.headers_mut();
        headers.extend(headers::of(Policy::Fresh));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"plenary\""));
        }
        if let Some(seconds) = self.wait {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
