//! The last changes of one thing, for the page on which it is edited.

use super::log;
use crate::{error::Failure, signed::Person, site::Site};
use model::{
    address::Desk,
    edition::Edition,
    permission::{Action, Place},
};
use store::LogFilter;
use uuid::Uuid;

/// So many changes are shown; the log has them all.
const SHOWN: u64 = 10;

/// One change.
pub(super) struct Past {
    pub(super) at: String,
    pub(super) who: String,
    pub(super) deed: &'static str,
    /// The entry of the log, for those who may read it.
    pub(super) href: Option<String>,
}

/// The last changes of `thing`, the newest first.
pub(super) async fn of(
    site: &Site,
    person: &Person,
    edition: &Edition,
    thing: Uuid,
) -> Result<Vec<Past>, Failure> {
    let filter = LogFilter { edition: Some(edition.id), thing: Some(thing), ..LogFilter::default() };
    let entries = site.store().log(&filter, SHOWN).await?;
    let names = log::names(site, &entries).await?;
    let sees_log = person.subject.may(Action::SeeLog, &Place::edition(edition)).is_ok();
    Ok(entries
        .iter()
        .map(|entry| Past {
            at: edition.zone.local(entry.at).strftime("%a %-d %b %Y %H:%M %Z").to_string(),
            who: log::who(&entry.actor, &names),
            deed: entry.deed.as_str(),
            href: sees_log.then(|| Desk::LogEntry(entry.seq).path()),
        })
        .collect())
}
