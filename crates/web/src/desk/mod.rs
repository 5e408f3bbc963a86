//! The committee's desk: what organisers, leads and crews see and do.
//!
//! One module for each capability. Every handler takes [`Person`], enters its edition with [`enter`] and asks
//! `Subject::may`; `track.rs` is the one to read.

mod access;
mod assignment;
mod bid;
pub(crate) mod calendars;
mod call;
mod change;
pub(crate) mod dates;
mod edition;
mod exchange;
mod export;
pub(crate) mod forward;
pub(crate) mod grants;
mod history;
mod home;
pub(crate) mod hours;
mod import;
mod live;
pub(crate) mod log;
pub(crate) mod mail;
mod mastodon;
mod menu;
mod microconference;
mod page;
mod paging;
mod partner;
pub(crate) mod people;
mod person;
mod post;
mod proposal;
mod registration;
pub(crate) mod release;
mod room;
mod server;
mod session;
mod session_type;
mod sitting;
mod slot;
pub(crate) mod speaker;
mod sponsor;
mod to_do;
mod track;
mod webhook;

use crate::{
    error::Failure,
    form::{FORM_LIMIT, FormLimit},
    route::at,
    signed::Person,
    site::Site,
};
pub(crate) use registration::tell;
pub(crate) use webhook::receiver;

use axum::{Router, extract::DefaultBodyLimit, routing::MethodRouter};
use model::{
    edit::Shift,
    edition::Edition,
    permission::{Action, Place},
    text::Slug,
};

/// Adds the routes of the desk.
pub(crate) fn routes(router: Router<Site>) -> Router<Site> {
    let router = home::routes(router);
    let router = edition::routes(router);
    let router = import::routes(router);
    let router = people::routes(router);
    let router = grants::routes(router);
    let router = room::routes(router);
    let router = live::routes(router);
    let router = track::routes(router);
    let router = call::routes(router);
    let router = access::routes(router);
    let router = exchange::routes(router);
    let router = proposal::routes(router);
    let router = microconference::routes(router);
    let router = assignment::routes(router);
    let router = bid::routes(router);
    let router = to_do::routes(router);
    let router = sitting::routes(router);
    let router = export::routes(router);
    let router = forward::routes(router);
    let router = partner::routes(router);
    let router = page::routes(router);
    let router = menu::routes(router);
    let router = sponsor::routes(router);
    let router = post::routes(router);
    let router = mastodon::routes(router);
    let router = speaker::routes(router);
    let router = dates::routes(router);
    let router = hours::routes(router);
    let router = registration::routes(router);
    let router = webhook::routes(router);
    let router = server::routes(router);
    let router = mail::routes(router);
    let router = session_type::routes(router);
    let router = person::routes(router);
    let router = session::routes(router);
    let router = slot::routes(router);
    let router = release::routes(router);
    log::routes(router)
}

/// Adds a route whose forms may hold long texts and files.
pub(crate) fn form_at(
    router: Router<Site>,
    pattern: &'static str,
    methods: MethodRouter<Site>,
) -> Router<Site> {
    at(router, pattern, methods.layer(DefaultBodyLimit::max(FORM_LIMIT)))
}

/// Adds a route whose forms may hold files that are handed in: one of the largest that there may be, or several smaller ones.
pub(crate) fn files_at(
    router: Router<Site>,
    pattern: &'static str,
    methods: MethodRouter<Site>,
) -> Router<Site> {
    let limit = FORM_LIMIT + usize::from(model::call::MEGABYTES_MAX) * 1_000_000;
    let both = (DefaultBodyLimit::max(limit), axum::Extension(FormLimit(limit)));
    at(router, pattern, methods.layer(both))
}

/// The edition of that slug, for somebody who may see its desk or that of a part of it. To others there is none.
pub(crate) async fn enter(site: &Site, person: &Person, slug: &str) -> Result<Edition, Failure> {
    let none = || Failure::no("edition", slug);
    let known = Slug::parse(slug).map_err(|_| none())?;
    let edition = site.store().edition(&known).await?.ok_or_else(none)?.edition;
    if person.subject.may_within(Action::SeeDesk, &edition) { Ok(edition) } else { Err(none()) }
}

/// Refuses who may not do that in the edition or in any part of it.
fn within(person: &Person, action: Action, edition: &Edition) -> Result<(), Failure> {
    if person.subject.may_within(action, edition) {
        return Ok(());
    }
    // Whoever may nowhere within it may not in the whole, and the refusal says whom to ask.
    person.may(action, &Place::edition(edition))
}

/// The step that the last part of an address means.
fn shift_of(word: &str) -> Result<Shift, Failure> {
    match word {
        "up" => Ok(Shift::Up),
        "down" => Ok(Shift::Down),
        _ => Err(Failure::NotFound("There is nothing at this address".to_owned())),
    }
}
