//! Signing in with a password, by an e-mail address or the handle.

use super::{WaysView, enter, one_try, ways::with_next};
use crate::{
    error::Failure,
    form::Form,
    inner::{Answer, Inner, again, show},
    route::{Asked, at},
    signed::{Asker, agent},
    site::Site,
};
use ::identity::{Secret, Trouble, password::Verdict};
use askama::Template;
use axum::{Router, extract::State, routing::get};
use model::{
    Refusal,
    account::{Handle, Proof},
    address::Account,
    email::Email,
};
use std::time::Instant;
use store::{Credential, Store};

/// After so many wrong ones in a row a password opens nothing more until its person sets another (NIST SP 800-63B,
/// section 5.2.2).
const MOST_MISSES: u32 = 100;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    at(router, "/sign-in/password/", get(page).post(sign_in))
}

#[derive(Template)]
#[template(path = "sign_in/password_page.html")]
struct Page {
    inner: Inner,
    form: Form,
    ways: WaysView,
    all: String,
}

fn draw(site: &Site, form: Form, next: &str) -> Page {
    let help =
        "Sign in with the password that you set in your account. Without one, have a link sent to you.";
    let all = with_next(&Account::SignIn.path(), next);
    let inner = Inner::outside("Sign in with a password", help).below(all.clone(), "All ways to sign in");
    let inner = inner.script(WaysView::SCRIPT);
    Page { inner, form, ways: WaysView::new(site, next), all }
}

async fn page(State(site): State<Site>, asked: Asked) -> Answer {
    show(&draw(&site, Form::default(), asked.value("next").unwrap_or_default()))
}

async fn sign_in(State(site): State<Site>, asked: Asked, asker: Asker, mut form: Form) -> Answer {
    one_try(&site, &asked)?;
    let (next, name) = (form.value("next").to_owned(), form.value("name").trim().to_owned());
    let typed = Secret::new(form.value("password"));
    form.put("password", "");
    if name.is_empty() || name.chars().count() > 254 {
        form.refuse(
            "name",
            &Refusal::new("name", "no name was given", "Type your e-mail address or your handle"),
        );
        return again(&draw(&site, form, &next));
    }
    if let Err(seconds) = site.ways().names().take_name(&name, Instant::now()) {
        let problem = "too many passwords were tried for this name";
        let remedy = format!("Try again in {seconds} seconds, or have a link sent to your address");
        form.refuse("password", &Refusal::new("password", problem, remedy));
        return again(&draw(&site, form, &next));
    }
    let known = find(site.store(), &name).await?;
    let usable = known.as_ref().filter(|(credential, _)| credential.misses < MOST_MISSES);
    let checked = site.ways().passwords().check(&typed, usable.map(|(_, hash)| hash.as_str())).await;
    match (checked, known) {
        (Ok(Verdict::Right { renewed }), Some((credential, hash))) => {
            if let Some(renewed) = renewed {
                site.store().renew_password(credential.id, &hash, &renewed).await?;
            }
            let browser = (agent(&asked.headers), asked.client.to_string());
            match site.store().sign_in_with(credential.id, None, &browser.0, &browser.1).await {
                Ok((_, secret)) => enter(&site, &asker, &secret, &next).await,
                // The password is right, so its person may know that the account is blocked.
                Err(store::Error::Refused(refusal)) => {
                    form.refuse("", &refusal);
                    again(&draw(&site, form, &next))
                }
                Err(error) => Err(error.into()),
            }
        }
        (Err(Trouble::Busy), _) => Err(Failure::Busy(Trouble::Busy.to_string())),
        (Err(trouble), _) => Err(super::failed(trouble)),
        (Ok(_), known) => {
            if let Some((credential, _)) = known {
                // Nobody waits for the count: the answer takes as long as for a name that nobody has.
                let store = site.store().clone();
                tokio::spawn(async move {
                    if let Err(error) = store.password_missed(credential.id).await {
                        tracing::warn!(%error, "a wrong password could not be counted");
                    }
                });
            }
            let problem = "this name and password do not go together";
            let remedy = "Check both, or have a link sent to your address";
            form.refuse("password", &Refusal::new("password", problem, remedy));
            again(&draw(&site, form, &next))
        }
    }
}

/// The password of whoever has that address or handle.
async fn find(store: &Store, name: &str) -> Result<Option<(Credential, String)>, Failure> {
    let account = if let Ok(email) = Email::parse(name) {
        store.account_of(&Proof::Email(email)).await?
    } else if let Ok(handle) = Handle::parse(name) {
        store.account_by_handle(&handle).await?.map(|known| known.account.id)
    } else {
        None
    };
    match account {
        Some(account) => Ok(store.password(account).await?),
        None => Ok(None),
    }
}
