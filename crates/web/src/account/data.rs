//! One's own data: taking it along, and having it erased.

use crate::{
    error::Failure,
    form::Form,
    headers::{self, Policy},
    identity::may_change,
    inner::{Answer, Inner, again, done, show},
    route::{Asked, at},
    signed::{self, Person},
    site::Site,
};
use askama::Template;
use axum::{
    Router,
    extract::State,
    http::{HeaderValue, header},
    response::IntoResponse,
    routing::get,
};
use model::{Refusal, address::Account};

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/account/data/", get(data).post(delete));
    at(router, "/account/data/plenary-account.json", get(file))
}

#[derive(Template)]
#[template(path = "account/data.html")]
struct Data {
    inner: Inner,
    form: Form,
    file: String,
    handle: String,
    /// Whether they are the person's own: whoever views as another takes nothing along.
    own: bool,
}

fn draw(site: &Site, asked: &Asked, person: &Person, form: Form) -> Data {
    let help = "Take along what this site knows of you, or have your account deleted.";
    let path = Account::Data.path();
    let inner = Inner::account(person, &path, "Your data", help).noticing(site, &asked.headers);
    let handle = person.signed.shown().handle.to_string();
    let own = person.subject.viewing_as.is_none();
    Data { inner, form, file: Account::DataFile.path(), handle, own }
}

async fn data(State(site): State<Site>, asked: Asked, person: Person) -> Answer {
    show(&draw(&site, &asked, &person, Form::default()))
}

async fn file(State(site): State<Site>, person: Person) -> Answer {
    // Not while viewing as another: it is for the person alone.
    super::may_write(&person)?;
    let data = site.store().own_data(person.signed.account.id).await?;
    let text = serde_json::to_string_pretty(&data).map_err(|_| Failure::Internal)?;
    let mut response = text.into_response();
    response.headers_mut().extend(headers::of(Policy::Private));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"plenary-account.json\""),
    );
    Ok(response)
}

async fn delete(State(site): State<Site>, asked: Asked, person: Person, mut form: Form) -> Answer {
    may_change(&site, &person)?;
    let account = &person.signed.account;
    if form.value("confirm").trim().trim_start_matches('@') != account.handle.as_str() {
        let remedy = format!("Type {} to have the account deleted", account.handle);
        form.refuse("confirm", &Refusal::new("confirm", "it is not your handle", remedy));
        return again(&draw(&site, &asked, &person, form));
    }
    match site.store().delete_account(&person.subject.actor, account.id).await {
        Ok(()) => {
            let mut response = done(&site, &Account::SignIn.path(), "Your account is deleted.")?;
            response.headers_mut().append(header::SET_COOKIE, signed::sign_out_cookie());
            Ok(response)
        }
        Err(store::Error::Refused(refusal)) => {
            form.refuse("confirm", &refusal);
            again(&draw(&site, &asked, &person, form))
        }
        Err(other) => Err(other.into()),
    }
}
