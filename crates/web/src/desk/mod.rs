//! The committee's desk: what organisers, leads and crews see and do.
//!
//! One module for each capability. Every handler takes [`Person`], enters its edition with [`enter`] and asks
//! `Subject::may`; `track.rs` is the one to read.

pub(crate) mod calendars;
mod dates;
mod home;
mod hours;
mod log;
mod track;
mod webhook;

use crate::{error::Failure, form::FORM_LIMIT, route::at, signed::Person, site::Site};
pub(crate) use webhook::receiver;

use axum::{Router, extract::DefaultBodyLimit, routing::MethodRouter};
use model::{edition::Edition, permission::Action, text::Slug};

/// Adds the routes of the desk.
pub(crate) fn routes(router: Router<Site>) -> Router<Site> {
    let router = home::routes(router);
    let router = track::routes(router);
    let router = dates::routes(router);
    let router = hours::routes(router);
    let router = webhook::routes(router);
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

/// The edition of that slug, for somebody who may see its desk or that of a part of it. To others there is none.
pub(crate) async fn enter(site: &Site, person: &Person, slug: &str) -> Result<Edition, Failure> {
    let none = || Failure::no("edition", slug);
    let known = Slug::parse(slug).map_err(|_| none())?;
    let edition = site.store().edition(&known).await?.ok_or_else(none)?.edition;
    if person.subject.may_within(Action::SeeDesk, &edition) { Ok(edition) } else { Err(none()) }
}
