//! The record: whether it can be reached, is whole, and is kept elsewhere too.

use super::Finding;
use crate::{command::backup::LastBackup, config::Config};
use jiff::{SignedDuration, Timestamp};
use model::time::{Clock, SystemClock};
use std::{path::Path, sync::Arc};
use store::{Examination, Location, Store};

/// A follower that is this far behind has stopped.
const LATE: SignedDuration = SignedDuration::from_mins(5);

/// A backup that is older is one too few.
const STALE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Looks at the database, and reads all of it.
pub(super) async fn record(config: &Config) -> Vec<Finding> {
    const WHAT: &str = "record";
    // Asking for the place of the record would create its folder, and that it is missing is another finding.
    if config.database.is_none() && !config.data.is_dir() {
        return vec![];
    }
    let location = match config.location() {
        Ok(location) => location,
        Err(error) => {
            return vec![Finding::bad(WHAT, error.to_string(), "Mend the setting `database`")];
        }
    };
    if let Location::Sqlite(file) = &location
        && !file.exists()
    {
        let found = format!("there is none yet at {}", file.display());
        return vec![Finding::warn(
            WHAT,
            found,
            "`plenary serve` creates it; `plenary demo` shows one without",
        )];
    }
    let found = match store::examine(&location).await {
        Ok(found) => found,
        Err(error) => return vec![broken(WHAT, &error)],
    };
    let mut findings = vec![Finding::ok("database", format!("{} at {location}", found.database))];
    findings.extend(clock(&found));
    if found.encrypted == Some(false) && !is_near(&location) {
        findings.push(Finding::warn(
            "database",
            "the connection to it is not encrypted",
            "Add ?sslmode=verify-full to the setting `database`; see docs/operating.md",
        ));
    }
    if found.schema < found.known {
        let steps = found.known - found.schema;
        findings.push(Finding::warn(
            WHAT,
            format!("its schema is {steps} steps older than this Plenary"),
            "Take a backup, then start `plenary serve`, which brings it up to date",
        ));
        return findings;
    }
    findings.extend(followers(&found));
    findings.extend(whole(&location, found.head, &config.uploads()).await);
    findings
}

/// Whether the record is sound, and the files that it names lie where they should.
async fn whole(location: &Location, head: i64, uploads: &Path) -> Vec<Finding> {
    let store = match Store::open(location, Arc::new(SystemClock)).await {
        Ok(store) => store,
        Err(error) => return vec![broken("record", &error)],
    };
    let findings = vec![sound(&store, head).await, files(&store, uploads).await];
    store.close().await;
    findings
}

async fn files(store: &Store, uploads: &Path) -> Finding {
    const WHAT: &str = "files";
    let named = match store.files_of_proposals().await {
        Ok(named) => named,
        Err(error) => return broken(WHAT, &error),
    };
    let lies = |file: &model::call::HandedIn| {
        let place = uploads.join(model::call::HANDED_IN).join(file.digest.as_str());
        place.metadata().is_ok_and(|found| found.len() == file.bytes)
    };
    match named.iter().filter(|file| !lies(file)).collect::<Vec<_>>().as_slice() {
        [] => {
            Finding::ok(WHAT, format!("{} files that were handed in with proposals are there", named.len()))
        }
        [first, ..] => Finding::bad(
            WHAT,
            format!("a file that was handed in with a proposal is missing or cut short: {}", first.name),
            format!(
                "Take {} from a backup into {}",
                first.digest,
                uploads.join(model::call::HANDED_IN).display()
            ),
        ),
    }
}

async fn sound(store: &Store, head: i64) -> Finding {
    const WHAT: &str = "record";
    match store::verify(store).await {
        Ok(faults) if faults.is_empty() => Finding::ok(WHAT, format!("sound, up to change {head}")),
        Ok(faults) => Finding::bad(
            WHAT,
            format!("{} faults, of which the first is: {}", faults.len(), faults[0]),
            "Restore the last backup into another place and compare; keep this record for a report",
        ),
        Err(error) => broken(WHAT, &error),
    }
}

/// The errors of the record say themselves what to do.
fn broken(what: &'static str, error: &store::Error) -> Finding {
    Finding::bad(what, error.to_string(), "See above; docs/operating.md tells more")
}

fn clock(found: &Examination) -> Vec<Finding> {
    const WHAT: &str = "clock";
    let here = SystemClock.now();
    let mut findings = vec![];
    // This program cannot be older than the day on which it was written.
    if here < Timestamp::constant(1_780_000_000, 0) {
        findings.push(Finding::bad(
            WHAT,
            format!("it is {} by this machine's clock", here.strftime("%F %H:%M UTC")),
            "Set the clock, and keep it right with an NTP service",
        ));
    }
    if let Some(there) = found.now {
        let apart = there.duration_since(here).abs();
        findings.push(if apart > SignedDuration::from_secs(2) {
            Finding::warn(
                WHAT,
                format!("this machine and the database are {} seconds apart", apart.as_secs()),
                "Keep both right with an NTP service",
            )
        } else {
            Finding::ok(WHAT, "this machine and the database agree")
        });
    }
    findings
}

fn followers(found: &Examination) -> Vec<Finding> {
    const WHAT: &str = "followers";
    let now = SystemClock.now();
    let late: Vec<String> = found
        .followers
        .iter()
        .filter(|follower| follower.waiting_since.is_some_and(|since| now.duration_since(since) > LATE))
        .map(|follower| format!("{} ({} changes)", follower.name, found.head - follower.at))
        .collect();
    vec![if late.is_empty() {
        Finding::ok(WHAT, format!("{} of the change feed, none late", found.followers.len()))
    } else {
        Finding::warn(
            WHAT,
            format!("late by more than five minutes: {}", late.join(", ")),
            "Start the server; where it runs, its log says what keeps them",
        )
    }]
}

/// Whether the database is on this machine.
fn is_near(location: &Location) -> bool {
    let Location::Postgres(url) = location else { return true };
    let host = url.split_once("://").map_or("", |(_, rest)| rest);
    let host = host.split(['/', '?']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    host.is_empty() || ["localhost", "127.", "[::1]", "%2F"].iter().any(|near| host.starts_with(near))
}

/// Whether there is a backup of late.
pub(super) fn backups(config: &Config) -> Vec<Finding> {
    const WHAT: &str = "backup";
    const REMEDY: &str = "Run `plenary backup FILE` every night, and copy the file to another machine";
    vec![match LastBackup::of(config) {
        None => Finding::warn(WHAT, "none was made yet", REMEDY),
        Some(last) => {
            let age = SystemClock.now().duration_since(last.at);
            let found =
                format!("the last is of {}: {}", last.at.strftime("%F %H:%M UTC"), last.file.display());
            if age > STALE { Finding::warn(WHAT, found, REMEDY) } else { Finding::ok(WHAT, found) }
        }
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_near_when_its_address_is_of_this_machine() {
        let near = |url: &str| is_near(&Location::from_url(url).unwrap());
        assert!(near("postgres://plenary@localhost/plenary"));
        assert!(near("postgres://plenary:p%40w@127.0.0.1:5433/plenary?sslmode=disable"));
        assert!(near("postgres:///plenary?host=/run/postgresql"));
        assert!(!near("postgres://plenary@db.example.org/plenary"));
        assert!(!near("postgres://localhost:secret@db.example.org/plenary"));
    }
}
