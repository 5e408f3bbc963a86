//! The worker: takes what waits, publishes it, notes what came of it.

use crate::{
    api::{self, Status},
    text,
};
use fetch::Fetcher;
use jiff::SignedDuration;
use std::time::Duration;
use store::{Result, Store};
use tokio_util::sync::CancellationToken;

/// So long a post belongs to the worker that took it: longer than its two calls may take.
const HOLD: SignedDuration = SignedDuration::from_mins(2);

/// It is looked at least this often.
const OFTEN: Duration = Duration::from_secs(15);

/// Publishes what waits, here or on another node, until `stop`. `base_url` is the site's address, for links.
pub async fn run(store: Store, fetcher: Fetcher, base_url: String, stop: CancellationToken) {
    let mut feed = store.watch();
    loop {
        feed.mark_unchanged();
        let pause = match publish_next(&store, &fetcher, &base_url).await {
            Ok(true) => continue,
            Ok(false) => until_next(&store).await,
            Err(error) => {
                tracing::warn!(%error, "what waits for Mastodon cannot be read; it is tried again");
                OFTEN
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            changed = feed.changed() => if changed.is_err() { return },
            () = stop.cancelled() => return,
        }
    }
}

/// Publishes the post that has waited longest, if one is due. Gives whether one was.
pub async fn publish_next(store: &Store, fetcher: &Fetcher, base_url: &str) -> Result<bool> {
    let Some(claimed) = store.claim_toot(HOLD).await? else { return Ok(false) };
    let limits = api::limits(fetcher, &claimed.account).await;
    let link = text::link(base_url, &claimed.edition, &claimed.post);
    let text = text::status(&claimed.post, &link, limits);
    let key = claimed.post.id.to_string();
    let language = claimed.edition.language.as_str().split('-').next().unwrap_or_default();
    let language = if (2..=3).contains(&language.len()) { language } else { "" };
    let status = Status { text: &text, language, key: &key };
    let outcome = api::publish(fetcher, &claimed.account, &claimed.token, &status).await;
    tracing::info!(post = %claimed.post.id, attempt = claimed.attempt, ?outcome, "a post was sent to Mastodon");
    store.settle_toot(&claimed, &outcome).await?;
    Ok(true)
}

async fn until_next(store: &Store) -> Duration {
    match store.next_toot().await {
        Ok(Some(at)) => {
            let left = at.duration_since(store.clock().now()).max(SignedDuration::from_millis(10));
            left.unsigned_abs().min(OFTEN)
        }
        Ok(None) | Err(_) => OFTEN,
    }
}
