//! Signing in by a link in a mail, and the pages of one's own account.
//!
//! One module for each page. What is shown is the account of [`store::Signed::shown`], so that whoever views as another
//! sees theirs; what is changed is always one's own, and whoever views as another changes nothing.

mod data;
mod history;
mod identities;
mod link;
mod merge;
mod notifications;
mod person;
mod profile;
mod proposal;
mod security;

pub(crate) use history::{EntryView, ViewView, actor as actor_name, of as history_of};
pub(crate) use link::Links;
pub(crate) use merge::{MergeView, of as merges_of};

use crate::{error::Failure, inner::Answer, signed::Person, site::Site};
use axum::Router;
use model::time::Zone;

/// Adds the routes.
pub(crate) fn routes(router: Router<Site>) -> Router<Site> {
    let router = link::routes(router);
    let router = profile::routes(router);
    let router = identities::routes(router);
    let router = security::routes(router);
    let router = notifications::routes(router);
    let router = history::routes(router);
    let router = merge::routes(router);
    let router = proposal::routes(router);
    let router = data::routes(router);
    person::routes(router)
}

/// Refuses who views as another person.
fn may_write(person: &Person) -> Result<(), Failure> {
    person.subject.may_write().map_err(Failure::Forbidden)
}

/// The zone in which one's own pages show times.
fn zone(person: &Person) -> Zone {
    person.signed.shown().zone.clone().unwrap_or_else(Zone::utc)
}

/// Leads on with what was done, or with why it was not.
fn told(site: &Site, to: &str, outcome: store::Result<()>, notice: &str) -> Answer {
    match outcome {
        Ok(()) => crate::inner::done(site, to, notice),
        Err(store::Error::Refused(refusal)) => {
            crate::inner::done(site, to, &format!("Nothing was changed: {refusal}"))
        }
        Err(other) => Err(other.into()),
    }
}
