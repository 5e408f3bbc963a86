//! Live updates: an open page learns of a release within seconds, by server-sent events (HTML, section 9.2).
//!
//! `GET /{edition}/events` sends an event `release` with `id` = its number and `data` = `{"number", "at",
//! "note", "counts", "page"}`: at once the newest one, unless `Last-Event-ID` says that the page knows it, then each one
//! that follows. A comment every 15 seconds keeps proxies from closing the stream.

use crate::{
    error::Failure,
    headers::{self, Policy},
    route::Asked,
    site::{Live, Site, StreamPlace},
};
use axum::{
    body::Body as HttpBody,
    extract::{Path, State},
    http::{HeaderName, HeaderValue, Response},
    response::{
        IntoResponse,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::{Stream, StreamExt, stream};
use model::address::Address;
use serde_json::json;
use std::{convert::Infallible, time::Duration};
use tokio::sync::watch;

pub(crate) const HEARTBEAT: Duration = Duration::from_secs(15);

/// After how long a browser asks again when the stream broke.
pub(crate) const RETRY: Duration = Duration::from_secs(3);

/// `GET /{edition}/events`.
pub(crate) async fn events(
    State(site): State<Site>,
    asked: Asked,
    Path(edition): Path<String>,
) -> Result<Response<HttpBody>, Failure> {
    let live = site.live(&edition)?;
    let place = site.stream(asked.client)?;
    let known = asked
        .headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok())
        .and_then(|id| id.trim().parse().ok());
    let stop = site.stop().clone();
    let follower =
        Follower { changes: site.changes(), site, edition: live.slug().to_string(), known, _place: place };
    let events = releases(follower).take_until(stop.cancelled_owned());
    let mut response = Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response();
    for (name, value) in &headers::of(Policy::Fresh) {
        response.headers_mut().insert(name, value.clone());
    }
    // nginx holds answers back to fill its buffers, unless told not to.
    response
        .headers_mut()
        .insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

struct Follower {
    site: Site,
    edition: String,
    changes: watch::Receiver<u64>,
    /// The newest release that the page knows.
    known: Option<u32>,
    _place: StreamPlace,
}

fn releases(follower: Follower) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(follower, |mut follower| async move {
        loop {
            follower.changes.mark_unchanged();
            let live = follower.site.edition(&follower.edition)?;
            if follower.known != Some(live.head.number) {
                follower.known = Some(live.head.number);
                return Some((Ok(event(&live)), follower));
            }
            follower.changes.changed().await.ok()?;
        }
    })
}

fn event(live: &Live) -> Event {
    let head = &live.head;
    let data = json!({
        "number": head.number,
        "at": head.at.to_string(),
        "note": head.note,
        "counts": head.counts,
        "page": Address::Release(head.number).path(live.slug()),
    });
    Event::default().event("release").id(head.number.to_string()).retry(RETRY).data(data.to_string())
}
