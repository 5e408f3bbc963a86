//! Signing in by password, passkey, provider or directory, and what a person does with these in their account.
//!
//! Each way has a module here and a part of the sign-in page in `templates/sign_in/`. All of them end in [`enter`], which
//! makes the sign-in of the browser, or in [`arrival`], where somebody whom a provider or directory proved becomes an
//! account, or is connected to theirs.
//!
//! **Whether an account exists is told to nobody**: a wrong password, a name that nobody has and an account without a
//! password get the same answer after the same work, and the limits count names that nobody has too.

mod arrival;
mod directory;
mod passkey;
mod password;
mod provider;
mod security;
mod ways;

pub(crate) use security::{ConnectionsView, CredentialsView, may_change, when};
pub(crate) use ways::{Ways, WaysView, with_next};

use crate::{
    cookies,
    error::Failure,
    inner::{self, Answer},
    route::Asked,
    signed::{self, Asker},
    site::Site,
};
use ::identity::Trouble;
use axum::{
    Router,
    body::Body as HttpBody,
    http::{HeaderMap, HeaderValue, Response, header},
};
use model::address::Account;
use std::time::Instant;

/// Adds the routes.
pub(crate) fn routes(router: Router<Site>) -> Router<Site> {
    let router = password::routes(router);
    let router = passkey::routes(router);
    let router = provider::routes(router);
    let router = directory::routes(router);
    let router = arrival::routes(router);
    security::routes(router)
}

/// Takes one of the tries that the client's address has in a minute.
fn one_try(site: &Site, asked: &Asked) -> Result<(), Failure> {
    site.ways().tries().take(asked.client, Instant::now()).map_err(Failure::TooMany)
}

/// The answer that signs this browser in with that secret and leads on to `next`, else to the account. Whoever was signed
/// in here before is so no more: nobody goes on with a sign-in that somebody else may know of.
async fn enter(site: &Site, asker: &Asker, secret: &str, next: &str) -> Answer {
    entered(site, asker, secret, inner::see_other(&onwards(next))).await
}

/// Where somebody goes on to who has signed in: a path of this site that is not about signing in, except the page where
/// they decide about an arrival.
pub(crate) fn onwards(next: &str) -> String {
    let arrival = Account::SignInArrival.path();
    let to = model::address::local_path(next);
    let to = to.filter(|next| *next == arrival || !next.starts_with(&Account::SignIn.path()));
    to.map_or_else(|| Account::Profile.path(), str::to_owned)
}

/// See [`enter`], for an answer that is ready.
pub(crate) async fn entered(
    site: &Site,
    asker: &Asker,
    secret: &str,
    mut response: Response<HttpBody>,
) -> Answer {
    if let Asker(Some(before)) = asker {
        let (account, which) = (before.signed.account.id, before.signed.sign_in.id);
        site.store().sign_out(&model::feed::Actor::person(account), account, Some(which)).await?;
    }
    response.headers_mut().append(header::SET_COOKIE, signed::sign_in_cookie(site, secret));
    Ok(response)
}

/// The cookie with the token of a ceremony of that kind that has begun.
fn ceremony_cookie(kind: &str, token: &str) -> HeaderValue {
    cookies::set(kind, token, store::CEREMONY_LIFE.as_secs())
}

/// The cookie that forgets it.
fn ceremony_over(kind: &str) -> HeaderValue {
    cookies::set(kind, "", 0)
}

/// The token of a ceremony in the browser.
fn ceremony_in<'a>(headers: &'a HeaderMap, kind: &str) -> Option<&'a str> {
    cookies::value(headers, kind).filter(|token| !token.is_empty() && token.len() <= 64)
}

/// The failure of an answer for programs that a proof led to.
fn failed(trouble: Trouble) -> Failure {
    match trouble {
        Trouble::Refused(why) => {
            Failure::Refused(model::Refusal::new("sign-in", why, "Try again, or sign in in another way"))
        }
        Trouble::Down(why) => {
            tracing::error!(why, "a way of signing in does not work");
            Failure::Internal
        }
        Trouble::Busy => Failure::Busy(Trouble::Busy.to_string()),
    }
}
