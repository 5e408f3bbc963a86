//! Signing in with the password of an LDAP directory.

use super::{
    arrival::{self, Arrived},
    one_try,
    ways::with_next,
};
use crate::{
    error::Failure,
    form::Form,
    inner::{Answer, Inner, again, show},
    route::{Asked, at},
    signed::Asker,
    site::Site,
};
use ::identity::{Secret, Trouble, ldap::Directory};
use askama::Template;
use axum::{Router, extract::State, routing::get};
use model::{Refusal, address::Account};
use std::time::Instant;
use store::Way;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    at(router, "/sign-in/ldap/", get(page).post(sign_in))
}

#[derive(Template)]
#[template(path = "sign_in/ldap.html")]
struct Page {
    inner: Inner,
    form: Form,
    title: String,
    all: String,
}

fn draw(directory: &Directory, form: Form, next: &str) -> Page {
    let all = with_next(&Account::SignIn.path(), next);
    let title = directory.title().to_owned();
    let help = format!(
        "Use the name and password that you have at {title}. They are checked there and kept nowhere here."
    );
    let inner =
        Inner::outside(&format!("Sign in with {title}"), &help).below(all.clone(), "All ways to sign in");
    Page { inner, form, title, all }
}

fn directory<'a>(site: &'a Site, name: &str) -> Result<&'a Directory, Failure> {
    site.ways().directory(name).ok_or_else(|| Failure::no("directory", name))
}

async fn page(State(site): State<Site>, asked: Asked) -> Answer {
    let name = asked.value("directory").unwrap_or_default();
    let next = asked.value("next").unwrap_or_default();
    let form = Form::default().with("directory", name).with("next", next);
    show(&draw(directory(&site, name)?, form, next))
}

async fn sign_in(State(site): State<Site>, asked: Asked, asker: Asker, mut form: Form) -> Answer {
    one_try(&site, &asked)?;
    let directory = directory(&site, form.value("directory"))?;
    let (next, name) = (form.value("next").to_owned(), form.value("name").trim().to_owned());
    let typed = Secret::new(form.value("password"));
    form.put("password", "");
    // Counted for each directory: the same name may be two people's in two of them.
    let counted = format!("{} {name}", directory.name());
    if let Err(seconds) = site.ways().names().take_name(&counted, Instant::now()) {
        let problem = "too many passwords were tried for this name";
        form.refuse(
            "password",
            &Refusal::new("password", problem, format!("Try again in {seconds} seconds")),
        );
        return again(&draw(directory, form, &next));
    }
    match directory.check(&name, &typed).await {
        Ok(proven) => {
            let way = Way::Ldap(directory.name().to_owned());
            arrival::arrive(&site, &asked, &asker, Arrived::new(proven, way, directory.title(), &next)).await
        }
        Err(Trouble::Refused(_)) => {
            let problem = "this name and password do not go together";
            form.refuse("password", &Refusal::new("password", problem, "Check both and try again"));
            again(&draw(directory, form, &next))
        }
        Err(Trouble::Down(_) | Trouble::Busy) => {
            let problem = format!("{} does not answer at the moment", directory.title());
            form.refuse("", &Refusal::new("", problem, "Sign in in another way, or try again later"));
            again(&draw(directory, form, &next))
        }
    }
}
