//! Fetching calendars of other conferences: at once when somebody asks, and every day by itself. The same clock removes what
//! was uploaded and nobody needs.

use crate::{desk::calendars::content, error::Failure, site::Site};
use fetch::{Fetcher, Request};
use model::text::excerpt;
use std::time::Duration;
use store::KnownCalendar;

/// How long a calendar may take to come.
const WITHIN: Duration = Duration::from_secs(20);

/// How often it is looked for calendars that are due.
const PAUSE: Duration = Duration::from_mins(1);

/// After how many rounds it is looked for files that nobody needs.
const SWEEP: u32 = 60;

/// Calendars that are fetched in one round, one after the other.
const AT_ONCE: u64 = 20;

/// Fetches one calendar and keeps what came: the number of its conferences, or why it failed, which is kept too.
pub(crate) async fn one(site: &Site, known: &KnownCalendar) -> Result<Result<u32, String>, Failure> {
    let (edition, id) = (known.calendar.edition, known.calendar.id);
    let outcome = match site.fetcher() {
        Some(fetcher) => answer(fetcher, known).await,
        None => Err("this server fetches nothing from elsewhere.".to_owned()),
    };
    match outcome {
        Ok(content) => {
            let count = content.as_ref().map_or(known.calendar.conferences, |content| {
                u32::try_from(content.conferences.len()).unwrap_or(u32::MAX)
            });
            site.store().fill_calendar(edition, id, content.as_ref()).await?;
            Ok(Ok(count))
        }
        Err(why) => {
            site.store().calendar_failed(edition, id, &why).await?;
            Ok(Err(why))
        }
    }
}

/// What is at the address now; `None` when it is what was read last.
async fn answer(fetcher: &Fetcher, known: &KnownCalendar) -> Result<Option<store::CalendarContent>, String> {
    let Some(address) = &known.calendar.address else {
        return Err("it has no address.".to_owned());
    };
    let mut request = Request::get(address.as_str()).within(WITHIN);
    if !known.etag.is_empty() {
        request = request.header("if-none-match", &known.etag);
    }
    let answer = fetcher.send(request).await.map_err(|error| format!("{error}. {}.", error.remedy()))?;
    if answer.status == 304 {
        return Ok(None);
    }
    let answer = answer.success().map_err(|error| format!("{error}. {}.", error.remedy()))?;
    let etag = excerpt(answer.header("etag").unwrap_or_default(), 200);
    let name = answer.url.path().rsplit('/').next().unwrap_or_default().to_owned();
    let name = if name.is_empty() { "calendar".to_owned() } else { name };
    match content(name, answer.body).await {
        Ok(content) => Ok(Some(store::CalendarContent { etag, ..content })),
        Err(refusal) => Err(format!("{}. {}.", refusal.problem, refusal.remedy)),
    }
}

/// Fetches what is due, and forgets uploaded lists whose time is over, for as long as the server runs. Failures stand beside the calendar, where organisers see them.
pub(crate) async fn refresh_calendars(site: Site) {
    let mut tick = tokio::time::interval(PAUSE);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut round: u32 = 0;
    loop {
        tick.tick().await;
        if round.is_multiple_of(SWEEP) {
            crate::upload::sweep(&site).await;
        }
        round = round.wrapping_add(1);
        if let Err(error) = site.store().tidy_uploads().await {
            tracing::warn!(%error, "uploaded lists whose time is over could not be removed");
        }
        let due = match site.store().calendars_due(site.now(), AT_ONCE).await {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!(%error, "calendars that are due could not be looked up");
                continue;
            }
        };
        for known in due {
            match one(&site, &known).await {
                Ok(Ok(conferences)) => {
                    tracing::debug!(calendar = %known.calendar.id, conferences, "a calendar was fetched");
                }
                Ok(Err(why)) => {
                    tracing::info!(calendar = %known.calendar.id, why, "a calendar was not fetched");
                }
                Err(error) => {
                    tracing::warn!(calendar = %known.calendar.id, %error, "a calendar was not kept");
                }
            }
        }
    }
}
