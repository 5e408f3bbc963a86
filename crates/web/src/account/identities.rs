//! One's e-mail addresses, and accounts at providers and directories.

use super::{link, told};
use crate::{
    error::Failure,
    form::Form,
    identity::{ConnectionsView, may_change, when},
    inner::{Answer, Inner, again, done, show},
    route::{Asked, at},
    signed::Person,
    site::Site,
};
use askama::Template;
use axum::{Router, extract::State, routing::get};
use model::{account::Proof, address::Account, email::Email, id::IdentityId, mail::Opens};
use uuid::Uuid;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    at(router, "/account/identities/", get(identities).post(change))
}

#[derive(Template)]
#[template(path = "account/identities.html")]
struct Identities {
    inner: Inner,
    form: Form,
    addresses: Vec<AddressView>,
    connections: ConnectionsView,
    /// Whether one may be taken off: the last way in stays.
    several: bool,
    mail: bool,
}

struct AddressView {
    id: Uuid,
    address: String,
    since: String,
    primary: bool,
}

async fn draw(site: &Site, asked: &Asked, person: &Person, form: Form) -> Result<Identities, Failure> {
    let path = Account::Identities.path();
    let shown = person.signed.shown();
    let zone = super::zone(person);
    let known = site.store().account(shown.id).await?.map(|known| known.identities).unwrap_or_default();
    let addresses = known.iter().filter_map(|identity| {
        Some(AddressView {
            id: identity.id.0,
            address: identity.proof.email()?.to_string(),
            since: when(&zone, identity.verified),
            primary: identity.primary,
        })
    });
    let help = "Each of these signs you in to this account. Mail goes to the primary address; only organisers see any of them.";
    let inner = Inner::account(person, &path, "Addresses and accounts", help).noticing(site, &asked.headers);
    Ok(Identities {
        inner,
        form,
        addresses: addresses.collect(),
        connections: ConnectionsView::of(site, person, &known, &path),
        several: known.len() > 1,
        mail: site.options().mail.is_some(),
    })
}

async fn identities(State(site): State<Site>, asked: Asked, person: Person) -> Answer {
    show(&draw(&site, &asked, &person, Form::default()).await?)
}

async fn change(State(site): State<Site>, asked: Asked, person: Person, mut form: Form) -> Answer {
    may_change(&site, &person)?;
    let (store, path) = (site.store(), Account::Identities.path());
    let (actor, account) = (&person.subject.actor, &person.signed.account);
    let which = IdentityId(form.value("identity").parse().unwrap_or_default());
    match form.value("do") {
        "primary" => {
            let outcome = store.make_primary(actor, account.id, which).await;
            told(&site, &path, outcome, "Mail goes to that address from now on.")
        }
        "remove" => {
            let outcome = store.remove_identity(actor, account.id, which, &site.ways().in_use()).await;
            told(&site, &path, outcome, "The address is taken off your account.")
        }
        _ => {
            let Some(email) = form.read("email", Email::parse) else {
                return again(&draw(&site, &asked, &person, form).await?);
            };
            // Whose it is, is told to whoever proves that they read its mail, and to nobody else.
            let taken = store.account_of(&Proof::Email(email.clone())).await?;
            if taken == Some(account.id) {
                return done(&site, &path, &format!("{email} belongs to your account already."));
            }
            let opens = if taken.is_some() { Opens::Merge } else { Opens::Verify };
            match link::send(&site, &asked, &email, opens, Some(account), "").await? {
                Ok(()) => done(
                    &site,
                    &path,
                    &format!("A link is on its way to {email}. Open it to add the address."),
                ),
                Err(refusal) => {
                    form.refuse("email", &refusal);
                    again(&draw(&site, &asked, &person, form).await?)
                }
            }
        }
    }
}
