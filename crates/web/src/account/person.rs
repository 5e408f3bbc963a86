//! A person's public profile, as far as they let it be seen; and returning from a view as another person.

use crate::{
    error::Failure,
    inner::{Answer, Inner, done, show},
    markup,
    page::Anchor,
    route::{Asked, at},
    signed::{Asker, Person},
    site::Site,
};
use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    routing::{get, post},
};
use model::{
    account::{Account as Somebody, Audience, Handle},
    address::{Account, Address, Desk},
    permission::Action,
};

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/people/{handle}/", get(person));
    at(router, "/account/view-as/end/", post(end_view))
}

#[derive(Template)]
#[template(path = "people/person.html")]
struct PersonPage {
    inner: Inner,
    handle: String,
    affiliation: String,
    /// HTML, cleaned.
    biography: String,
    editions: Vec<Anchor>,
    /// What only some see, where the reader is one of them.
    own: bool,
}

async fn person(State(site): State<Site>, asked: Asked, asker: Asker, Path(handle): Path<String>) -> Answer {
    let none = || Failure::no("person", &handle);
    let parsed = Handle::parse(&handle).map_err(|_| none())?;
    let account = site.store().account_by_handle(&parsed).await?.ok_or_else(none)?.account;
    let reader = reader(&site, &asker, &account).await?;
    let visibility = account.visibility;
    if visibility.profile < reader {
        return Err(none());
    }
    let part_in =
        if visibility.editions < reader { vec![] } else { site.store().taking_part(account.id).await? };
    // Only editions that are public have a page to lead to.
    let editions = part_in
        .into_iter()
        .filter_map(|id| site.editions().into_iter().find(|live| live.edition.id == id))
        .map(|live| Anchor {
            href: Address::Home.path(live.slug()),
            text: live.edition.title.to_string(),
            current: false,
        })
        .collect();
    let own = asker.0.as_ref().is_some_and(|person| person.signed.shown().id == account.id);
    let inner = match &asker.0 {
        Some(person) => {
            Inner { nav: vec![], narrow: true, ..Inner::account(person, "", account.name.as_str(), "") }
        }
        None => Inner::outside(account.name.as_str(), ""),
    };
    show(&PersonPage {
        inner: inner.noticing(&site, &asked.headers),
        handle: account.handle.to_string(),
        affiliation: if visibility.affiliation < reader {
            String::new()
        } else {
            account.affiliation.to_string()
        },
        biography: if visibility.biography < reader {
            String::new()
        } else {
            markup::html(&account.biography, 2).as_str().to_owned()
        },
        editions,
        own,
    })
}

/// The smallest audience that the reader belongs to.
async fn reader(site: &Site, asker: &Asker, account: &Somebody) -> Result<Audience, Failure> {
    let Some(person) = &asker.0 else { return Ok(Audience::Everybody) };
    let shown = person.signed.shown().id;
    if shown == account.id {
        return Ok(Audience::Organisers);
    }
    let places = site.store().places_of(account.id).await?;
    if places.iter().any(|place| person.subject.may(Action::SeePeople, place).is_ok()) {
        return Ok(Audience::Organisers);
    }
    let (theirs, own) = (site.store().taking_part(account.id).await?, site.store().taking_part(shown).await?);
    if theirs.iter().any(|edition| own.contains(edition)) {
        return Ok(Audience::Registered);
    }
    Ok(Audience::Everybody)
}

async fn end_view(State(site): State<Site>, person: Person) -> Answer {
    let viewed = person.signed.viewing_as.as_ref().map(|account| account.id);
    site.store().end_view(&person.subject, person.signed.sign_in.id).await?;
    let to = viewed.map_or_else(|| Account::Profile.path(), |id| Desk::Person(id).path());
    done(&site, &to, "You are back in your own view.")
}
