//! What happens by the clock: posts that were scheduled are published when their time has come, sealed offers are opened when
//! their call closes, and those for whom a review or a forward waits are reminded.
//!
//! Every node keeps this clock. That one thing happens once is the record's promise, not this task's: see
//! [`store::Store::publish_due`] and [`store::Store::open_offers`].

use crate::site::Site;
use jiff::SignedDuration;
use std::time::Duration;

/// The clock is looked at at least this often: the system may sleep, and clocks are set.
const OFTEN: Duration = Duration::from_secs(30);

/// How often it is looked for reviewers who are behind.
const HOURLY: Duration = Duration::from_hours(1);

/// Does what is due until the server stops.
pub(crate) async fn run(site: Site) {
    let mut feed = site.store().watch();
    loop {
        feed.mark_unchanged();
        let pause = match due(&site).await {
            Ok(()) => until_next(&site).await,
            Err(error) => {
                tracing::warn!(%error, "what is due by the clock could not be done; it is tried again");
                OFTEN
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            // Something may have been scheduled for a moment from now.
            changed = feed.changed() => if changed.is_err() { return },
            () = site.stop().cancelled() => return,
        }
    }
}

/// Reminds reviewers who are behind, and those for whom a forward waits, until the server stops. That nobody is reminded twice
/// in a week is the record's promise: see [`store::Store::remind_due`] and [`store::Store::remind_forwards`].
pub(crate) async fn remind(site: Site) {
    loop {
        match site.store().remind_forwards(site.base_url()).await {
            Ok(0) => {}
            Ok(mails) => tracing::info!(mails, "those for whom a forward waits are reminded"),
            Err(error) => tracing::warn!(%error, "nobody could be reminded of forwards; it is tried again"),
        }
        match site.store().remind_due(site.base_url()).await {
            Ok(0) => {}
            Ok(mails) => tracing::info!(mails, "reviewers who are behind are reminded"),
            Err(error) => tracing::warn!(%error, "reviewers could not be reminded; it is tried again"),
        }
        tokio::select! {
            () = tokio::time::sleep(HOURLY) => {}
            () = site.stop().cancelled() => return,
        }
    }
}

async fn due(site: &Site) -> store::Result<()> {
    for post in site.store().publish_due(site.base_url()).await? {
        tracing::info!(post = %post.id, "a scheduled post is published");
    }
    for opening in site.store().open_offers().await? {
        tracing::info!(call = %opening.call, offers = opening.offers.len(), "sealed offers are opened");
    }
    Ok(())
}

async fn until_next(site: &Site) -> Duration {
    let (post, opening) = (site.store().next_post().await, site.store().next_opening().await);
    let next = [post, opening].into_iter().filter_map(|at| at.ok().flatten()).min();
    next.map_or(OFTEN, |at| {
        let left = at.duration_since(site.now()).max(SignedDuration::from_millis(1));
        left.unsigned_abs().min(OFTEN)
    })
}
