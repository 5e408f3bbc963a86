//! The first page of a new installation: its first administrator, without editing a file.
//!
//! The address holds a token that the server printed when it started, good for one use. Whoever has it has read what the
//! server printed, so they may make themselves its administrator.

use super::{Asked, at};
use crate::{
    error::Failure,
    form::Form,
    inner::{self, Answer, Inner, again, see_other, show},
    signed,
    site::Site,
};
use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    http::{StatusCode, header},
    routing::get,
};
use model::{address::Desk, email::Email};
use store::Purpose;

/// Adds the routes of setting up.
pub(crate) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/setup/", get(without_token));
    at(router, "/setup/{token}/", get(page).post(set_up))
}

#[derive(Template)]
#[template(path = "setup.html")]
struct Setup {
    inner: Inner,
    form: Form,
    /// Whether the address is good.
    good: bool,
    /// Whether somebody is administrator already.
    done: bool,
}

const TITLE: &str = "Set up Plenary";

async fn draw(site: &Site, good: bool, form: Form) -> Result<Setup, Failure> {
    let done = !site.store().needs_set_up().await?;
    let help = "Say who you are. You become the administrator of this installation, and give roles to others from there.";
    let help = if good && !done { help } else { "" };
    Ok(Setup { inner: Inner::outside(TITLE, help), form, good: good && !done, done })
}

async fn without_token(State(site): State<Site>) -> Answer {
    show(&draw(&site, false, Form::default()).await?)
}

/// Whether a token opens the set-up.
async fn opens(site: &Site, token: &str) -> Result<bool, Failure> {
    Ok(site.store().link(token).await?.is_some_and(|link| link.purpose == Purpose::Setup))
}

async fn page(State(site): State<Site>, Path(token): Path<String>) -> Answer {
    let good = opens(&site, &token).await?;
    let page = draw(&site, good, Form::default()).await?;
    if page.good { show(&page) } else { inner::page(StatusCode::NOT_FOUND, &page) }
}

async fn set_up(State(site): State<Site>, asked: Asked, Path(token): Path<String>, mut form: Form) -> Answer {
    if !opens(&site, &token).await? {
        return inner::page(StatusCode::NOT_FOUND, &draw(&site, false, form).await?);
    }
    let name = form.line("name");
    let email = form.read("email", Email::parse);
    if let (Some(name), Some(email)) = (name, email) {
        let agent = signed::agent(&asked.headers);
        match site.store().set_up(&token, &email, &name, &agent, &asked.client.to_string()).await {
            Ok(redeemed) => {
                let mut response = see_other(&Desk::Home.path());
                if let Some(secret) = redeemed.secret {
                    let cookie = signed::sign_in_cookie(&site, &secret);
                    response.headers_mut().append(header::SET_COOKIE, cookie);
                }
                return Ok(response);
            }
            Err(store::Error::Refused(refusal)) => form.refuse_by(&refusal),
            Err(error) => return Err(error.into()),
        }
    }
    again(&draw(&site, true, form).await?)
}
