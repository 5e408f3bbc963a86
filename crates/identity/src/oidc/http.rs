//! The HTTP client for providers: no redirects, ten seconds, one MiB.
//!
//! A provider's addresses come from the operator's settings and from the provider's own discovery document, so they may
//! lie within the operator's network; what must not happen is that a provider leads us elsewhere by a redirect.

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse, http};
use std::{pin::Pin, time::Duration};

/// Nothing that a provider says is longer.
const MOST: usize = 1_024 * 1_024;
/// How long it may take to say it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a provider could not be asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpError {
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    #[error("its answer is longer than {MOST} bytes")]
    TooLong,
    #[error("it answered with a redirect, which is not followed")]
    Redirect,
    #[error("its answer cannot be read: {0}")]
    Unreadable(#[from] http::Error),
}

impl From<reqwest::Error> for HttpError {
    fn from(error: reqwest::Error) -> Self {
        // Without the address, which may hold a code, and with the cause, which says more than "error sending request".
        let error = error.without_url();
        let mut text = error.to_string();
        let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(&error);
        while let Some(one) = cause {
            text = one.to_string();
            cause = one.source();
        }
        Self::Unreachable(text)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Http(reqwest::Client);

impl Http {
    pub(super) fn new() -> Result<Self, HttpError> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .connect_timeout(Duration::from_secs(5))
            // A sign-in now and then gains nothing from a kept connection, and loses by one that has died meanwhile: a
            // code is good for one try.
            .pool_max_idle_per_host(0)
            .user_agent(concat!("Plenary/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self(client))
    }

    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let mut answer = self.0.execute(request.try_into()?).await?;
        if answer.status().is_redirection() {
            return Err(HttpError::Redirect);
        }
        let mut response = http::Response::builder().status(answer.status());
        for (name, value) in answer.headers() {
            response = response.header(name, value);
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > MOST {
                return Err(HttpError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(response.body(body)?)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(request))
    }
}
