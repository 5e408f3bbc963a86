//! Who asks: the cookie of a browser in which somebody is signed in, and what handlers learn from it.
//!
//! The cookie holds the secret of a sign-in and its signature, so that what is not ours is told apart without asking
//! the record. Scripts cannot read it, other sites' forms do not send it, and from a visitor who came by HTTPS it never
//! travels without: see [`cookies`].

use crate::{cookies, error::Failure, site::Site};
use axum::{
    extract::{FromRef, FromRequestParts},
    http::{HeaderMap, HeaderValue, Method, header, request::Parts},
};
use model::{
    permission::{Action, Place, Subject},
    text::excerpt,
};
use std::sync::{Arc, OnceLock};
use store::Signed;

/// What the signature of a cookie is for.
const PURPOSE: &str = "sign-in cookie";

/// The name of the cookie.
const NAME: &str = "plenary";

/// Somebody who is signed in. As an argument of a handler it answers a visitor with the page to sign in.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    /// Who, in which browser, with which roles.
    pub(crate) signed: Signed,
    /// What they may do.
    pub(crate) subject: Subject,
}

impl Person {
    /// Refuses when they may not do that to what stands there.
    pub(crate) fn may(&self, action: Action, place: &Place) -> Result<(), Failure> {
        self.subject.may(action, place).map_err(Failure::Forbidden)
    }
}

/// As whom the one who asks views, once it is known: the front gives it to each request, so that the page about a failure
/// leads back too.
#[derive(Clone, Debug, Default)]
pub(crate) struct Viewing(Arc<OnceLock<String>>);

impl Viewing {
    /// The name of the person viewed as, where anybody asked who it is and they do view.
    pub(crate) fn name(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }
}

/// Whoever asks: somebody who is signed in, or a visitor.
#[derive(Clone, Debug)]
pub(crate) struct Asker(pub(crate) Option<Person>);

impl<S: Send + Sync> FromRequestParts<S> for Asker
where
    Site: FromRef<S>,
{
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let site = Site::from_ref(state);
        let Some(secret) = secret_in(&site, &parts.headers) else { return Ok(Self(None)) };
        let Some(signed) = site.store().signed(&secret).await? else { return Ok(Self(None)) };
        if let (Some(viewed), Some(viewing)) = (&signed.viewing_as, parts.extensions.get::<Viewing>()) {
            // Asked twice within one request, it is the same.
            let _ = viewing.0.set(viewed.name.to_string());
        }
        let subject = signed.subject(site.now());
        let (store, sign_in) = (site.store().clone(), signed.sign_in.clone());
        if store.is_unseen(&sign_in) {
            // Nobody waits for a note in their own list.
            tokio::spawn(async move {
                if let Err(error) = store.seen(&sign_in).await {
                    tracing::warn!(%error, "it could not be noted that a browser was seen");
                }
            });
        }
        Ok(Self(Some(Person { signed, subject })))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Person
where
    Site: FromRef<S>,
{
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        if let Asker(Some(person)) = Asker::from_request_parts(parts, state).await? {
            return Ok(person);
        }
        // A form cannot be sent again by a redirect; its page can be opened again.
        let next = match parts.method {
            Method::GET | Method::HEAD => {
                parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned()
            }
            _ => parts.uri.path().to_owned(),
        };
        Err(Failure::SignIn(next))
    }
}

/// The cookie's secret, if its signature is ours.
pub(crate) fn secret_in(site: &Site, headers: &HeaderMap) -> Option<String> {
    let (secret, signature) = cookies::value(headers, NAME)?.split_once('.')?;
    let ours = secret.len() <= 64 && site.store().secret().verifies(PURPOSE, secret, signature);
    ours.then(|| secret.to_owned())
}

/// The header that signs a browser in with that secret.
pub(crate) fn sign_in_cookie(site: &Site, secret: &str) -> HeaderValue {
    let signature = site.store().secret().sign(PURPOSE, secret);
    cookies::set(NAME, &format!("{secret}.{signature}"), store::STAY.as_secs())
}

/// The header that signs a browser out.
pub(crate) fn sign_out_cookie() -> HeaderValue {
    cookies::set(NAME, "", 0)
}

/// What a browser calls itself, for a person's list of sign-ins.
pub(crate) fn agent(headers: &HeaderMap) -> String {
    excerpt(headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default(), 300)
}
