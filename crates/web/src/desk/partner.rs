//! Partners: editions on other Plenarys with which proposals are passed on.

use super::{enter, form_at};
use crate::{
    error::Failure,
    form::Form,
    inner::{Answer, Inner, again, done, show},
    route::{Asked, at},
    signed::Person,
    site::Site,
};
use ::partner::{address_of, sign::Key};
use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    routing::{get, post},
};
use model::{
    address::EditionDesk,
    edition::Edition,
    id::PartnerId,
    partner::{PublicKey, edition_address},
    permission::{Action, Place},
};
use store::NewPartner;
use uuid::Uuid;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = form_at(router, "/desk/{edition}/partners/", get(list).post(add));
    let router = at(router, "/desk/{edition}/partners/{partner}/ask/", post(ask));
    at(router, "/desk/{edition}/partners/{partner}/remove/", post(remove))
}

const HELP: &str = "Conferences on other Plenarys with which you pass proposals on. An organiser on each side enters the other's address and key; nothing of it is secret.";

#[derive(Template)]
#[template(path = "desk/partners.html")]
struct PartnersPage {
    inner: Inner,
    address: String,
    key: String,
    rows: Vec<Row>,
    form: Form,
}

struct Row {
    id: PartnerId,
    name: String,
    address: String,
    key: String,
    calls: String,
    state: String,
}

async fn page(
    site: &Site,
    asked: &Asked,
    person: &Person,
    edition: &Edition,
    form: Form,
) -> Result<PartnersPage, Failure> {
    let at = |instant| edition.zone.local(instant).strftime("%-d %B %Y, %H:%M %Z").to_string();
    let rows = site
        .store()
        .partners(&person.subject, edition.id)
        .await?
        .into_iter()
        .map(|known| Row {
            id: known.partner.id,
            name: known.partner.name.to_string(),
            address: known.partner.address.as_str().to_owned(),
            key: known.partner.key.to_string(),
            calls: match known.partner.calls_at {
                Some(when) => {
                    let names: Vec<&str> =
                        known.partner.calls.iter().map(|call| call.name.as_str()).collect();
                    let names = if names.is_empty() { "none is public".to_owned() } else { names.join(", ") };
                    format!("{names} (on {})", at(when))
                }
                None => "not known yet".to_owned(),
            },
            state: match (known.waiting, known.well, known.answer.is_empty()) {
                (0, true, _) => "It takes what it is told.".to_owned(),
                (0, false, true) | (_, _, true) => "It is about to be told.".to_owned(),
                (0, false, false) => format!("It refused: {}", known.answer),
                (_, _, false) => format!("It did not answer well, and is tried again: {}", known.answer),
            },
        })
        .collect();
    let key = Key::new(&site.store().partner_seed().await?).and_then(|key| key.public());
    let path = EditionDesk::Partners.path(&edition.slug);
    let inner = Inner::edition(person, edition, &path, "Partners", HELP).noticing(site, &asked.headers);
    Ok(PartnersPage {
        inner,
        address: address_of(site.base_url(), edition)
            .map(|address| address.as_str().to_owned())
            .unwrap_or_default(),
        key: key.map(|key| key.to_string()).unwrap_or_default(),
        rows,
        form,
    })
}

async fn list(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::ManageCalls, &Place::edition(&edition))?;
    show(&page(&site, &asked, &person, &edition, Form::default()).await?)
}

async fn add(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(slug): Path<String>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::ManageCalls, &Place::edition(&edition))?;
    let name = form.line("name");
    let address = form.read("address", edition_address);
    let key = form.read("key", PublicKey::parse);
    if let (Some(name), Some(address), Some(key)) = (name, address, key) {
        let new = NewPartner { name, address, key };
        match site.store().add_partner(&person.subject, edition.id, &new).await {
            Ok(_) => {
                let told = "It is a partner, and is asked for its calls. Its organiser enters your address and key, too.";
                return done(&site, &EditionDesk::Partners.path(&edition.slug), told);
            }
            Err(store::Error::Refused(refusal)) => form.refuse_by(&refusal),
            Err(other) => return Err(other.into()),
        }
    }
    again(&page(&site, &asked, &person, &edition, form).await?)
}

/// Refuses who may not make the calls of the edition, and what is no partner of it.
async fn find(site: &Site, person: &Person, edition: &Edition, id: Uuid) -> Result<(), Failure> {
    person.may(Action::ManageCalls, &Place::edition(edition))?;
    let known = site.store().partners(&person.subject, edition.id).await?;
    if known.iter().any(|one| one.partner.id == PartnerId(id)) {
        return Ok(());
    }
    Err(Failure::no("partner", &id.to_string()))
}

async fn ask(State(site): State<Site>, person: Person, Path((slug, id)): Path<(String, Uuid)>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    find(&site, &person, &edition, id).await?;
    let outcome = site.store().ask_partner(&person.subject, edition.id, PartnerId(id)).await;
    told(&site, &edition, outcome, "It is asked. Load the page again in a moment.")
}

async fn remove(State(site): State<Site>, person: Person, Path((slug, id)): Path<(String, Uuid)>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    find(&site, &person, &edition, id).await?;
    let outcome = site.store().remove_partner(&person.subject, edition.id, PartnerId(id)).await;
    told(&site, &edition, outcome, "It is no partner any more.")
}

fn told(site: &Site, edition: &Edition, outcome: store::Result<()>, notice: &str) -> Answer {
    let to = EditionDesk::Partners.path(&edition.slug);
    match outcome {
        Ok(()) => done(site, &to, notice),
        Err(store::Error::Refused(refusal)) => done(site, &to, &format!("Nothing was changed: {refusal}")),
        Err(other) => Err(other.into()),
    }
}
