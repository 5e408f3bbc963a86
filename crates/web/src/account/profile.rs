//! One's profile: what others know one by, and who sees what of it. The same form greets whoever is new.

use super::may_write;
use crate::{
    error::Failure,
    form::Form,
    identity::onwards,
    inner::{Answer, Inner, again, done, see_other, show},
    route::{Asked, at},
    signed::Person,
    site::Site,
};
use askama::Template;
use axum::{Router, extract::State, routing::get};
use model::{
    Refusal,
    account::{Account as Somebody, Audience, Handle, Visibility},
    address::{Account, local_path},
    text::{Line, RichText},
    time::Zone,
};
use store::AccountEdit;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = crate::desk::form_at(router, "/account/", get(profile).post(save));
    at(router, "/account/welcome/", get(welcome).post(greeted))
}

const HELP: &str = "What others know you by. Your e-mail addresses are never shown to them.";

#[derive(Template)]
#[template(path = "account/profile.html")]
struct Profile {
    inner: Inner,
    form: Form,
    audiences: Vec<(String, String)>,
    /// Where others see the profile.
    public: String,
}

fn audiences() -> Vec<(String, String)> {
    let shown = |audience: Audience| match audience {
        Audience::Organisers => "Organisers only",
        Audience::Registered => "People who take part in the same edition",
        Audience::Everybody => "Everybody",
    };
    Audience::ALL.into_iter().map(|one| (one.as_str().to_owned(), shown(one).to_owned())).collect()
}

fn draw(site: &Site, asked: &Asked, person: &Person, form: Form) -> Profile {
    let inner =
        Inner::account(person, &Account::Profile.path(), "Profile", HELP).noticing(site, &asked.headers);
    let public = Account::Person(&person.signed.shown().handle).path();
    Profile { inner, form, audiences: audiences(), public }
}

fn filled(account: &Somebody) -> Form {
    let Visibility { profile, affiliation, biography, editions } = account.visibility;
    Form::default()
        .with("name", &account.name)
        .with("handle", &account.handle)
        .with("affiliation", &account.affiliation)
        .with("biography", &account.biography)
        .with("zone", account.zone.as_ref().map(Zone::name).unwrap_or_default())
        .with("see_profile", profile.as_str())
        .with("see_affiliation", affiliation.as_str())
        .with("see_biography", biography.as_str())
        .with("see_editions", editions.as_str())
}

fn read(form: &mut Form) -> Option<AccountEdit> {
    let audience = |text: &str| {
        Audience::parse(text)
            .ok_or_else(|| Refusal::new("audience", "it is none of the choices", "Choose who may see it"))
    };
    let name = form.line("name");
    let handle = form.read("handle", Handle::parse);
    let zone = form.read_optional("zone", Zone::parse);
    let profile = form.read("see_profile", audience);
    let affiliation = form.read("see_affiliation", audience);
    let biography = form.read("see_biography", audience);
    let editions = form.read("see_editions", audience);
    Some(AccountEdit {
        name: name?,
        handle: handle?,
        affiliation: Line::clean(form.value("affiliation")),
        biography: RichText::clean(form.value("biography")),
        zone: zone?,
        visibility: Visibility {
            profile: profile?,
            affiliation: affiliation?,
            biography: biography?,
            editions: editions?,
        },
    })
}

async fn profile(State(site): State<Site>, asked: Asked, person: Person) -> Answer {
    let form = filled(person.signed.shown());
    show(&draw(&site, &asked, &person, form))
}

async fn save(State(site): State<Site>, asked: Asked, person: Person, mut form: Form) -> Answer {
    may_write(&person)?;
    let account = &person.signed.account;
    if form.merge(&filled(account))
        && let Some(edit) = read(&mut form)
        && kept(&site, &person, &mut form, &edit).await?
    {
        return done(&site, &Account::Profile.path(), "Your profile is saved.");
    }
    again(&draw(&site, &asked, &person, form))
}

/// Keeps it, or says at the form why not.
async fn kept(site: &Site, person: &Person, form: &mut Form, edit: &AccountEdit) -> Result<bool, Failure> {
    match site.store().edit_account(&person.subject.actor, person.signed.account.id, edit).await {
        Ok(()) => Ok(true),
        Err(store::Error::Refused(refusal)) => {
            form.refuse_by(&refusal);
            Ok(false)
        }
        Err(other) => Err(other.into()),
    }
}

#[derive(Template)]
#[template(path = "account/welcome.html")]
struct Welcome {
    inner: Inner,
    form: Form,
    /// The address of an account that is probably theirs too.
    alias: Option<String>,
    later: String,
}

async fn welcome_page(site: &Site, person: &Person, form: Form, next: &str) -> Result<Welcome, Failure> {
    let help = "You are signed in. Say how others shall know you; you can change it at any time.";
    let inner = Inner { nav: vec![], narrow: true, ..Inner::account(person, "", "Welcome", help) };
    let alias = match site.store().account(person.signed.account.id).await? {
        Some(known) => match known.email() {
            Some(email) => site.store().alias_of(email, known.account.id).await?,
            None => None,
        },
        None => None,
    };
    Ok(Welcome { inner, form, alias: alias.map(|alias| alias.to_string()), later: onwards(next) })
}

async fn welcome(State(site): State<Site>, asked: Asked, person: Person) -> Answer {
    let next = local_path(asked.value("next").unwrap_or_default()).unwrap_or_default();
    let account = person.signed.shown();
    let form = Form::default()
        // The name that it was given until now says nothing of the person.
        .with("name", if account.is_unnamed() { "" } else { account.name.as_str() })
        .with("handle", &account.handle)
        .with("affiliation", &account.affiliation)
        .with("next", next);
    show(&welcome_page(&site, &person, form, next).await?)
}

async fn greeted(State(site): State<Site>, person: Person, mut form: Form) -> Answer {
    may_write(&person)?;
    let account = &person.signed.account;
    let next = local_path(form.value("next")).unwrap_or_default().to_owned();
    let (name, handle) = (form.line("name"), form.read("handle", Handle::parse));
    if let (Some(name), Some(handle)) = (name, handle) {
        let edit = AccountEdit {
            name,
            handle,
            affiliation: Line::clean(form.value("affiliation")),
            biography: account.biography.clone(),
            zone: account.zone.clone(),
            visibility: account.visibility,
        };
        if kept(&site, &person, &mut form, &edit).await? {
            return Ok(see_other(&onwards(&next)));
        }
    }
    again(&welcome_page(&site, &person, form, &next).await?)
}
