//! The change feed for programs: as a list, and as server-sent events (HTML, section 9.2).

use super::{
    answer::{self, Answer, Page},
    body::Query,
    caller::Caller,
    fault::Fault,
    programme,
    state::StreamPermit,
};
use crate::{
    headers::{self, Policy},
    site::Site,
};
use axum::{
    extract::State as Held,
    http::{HeaderMap, HeaderName, HeaderValue, Uri},
    response::{
        IntoResponse,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::{Stream, StreamExt, stream};
use jiff::Timestamp;
use model::{feed::Sequence, id::EditionId, webhook::Told};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, watch};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// A comment is sent that often, so that proxies do not close the stream.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// After how long a client asks again when the stream broke.
const RETRY: Duration = Duration::from_secs(3);

/// Entries that are looked through at once.
const BATCH: u64 = 500;

/// Entries that are looked through for one page of the list.
const LOOK: u64 = 5_000;

/// The operations.
pub(super) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(log)).routes(routes!(events))
}

/// One change to the record, as far as the caller may see it.
#[derive(Debug, Serialize, ToSchema)]
struct Change {
    /// Its position in the feed. Ascends; has gaps.
    seq: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The kind of thing, such as `session`.
    kind: String,
    /// Which thing.
    thing: Uuid,
    /// The edition it belongs to; null where it belongs to none.
    edition: Option<Uuid>,
    /// `created`, `changed` or `removed`.
    deed: String,
    /// Who did it; null for those who may not read the audit log.
    actor: Option<String>,
    /// The thing before.
    #[schema(value_type = Option<Object>)]
    before: Option<Value>,
    /// The thing after.
    #[schema(value_type = Option<Object>)]
    after: Option<Value>,
}

impl From<Told<Value>> for Change {
    fn from(told: Told<Value>) -> Self {
        Self {
            seq: told.seq,
            at: told.at,
            kind: told.kind,
            thing: told.thing,
            edition: told.edition.map(|edition| edition.0),
            deed: told.deed.as_str().to_owned(),
            actor: told.actor,
            before: told.before,
            after: told.after,
        }
    }
}

/// Which changes.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Of this edition, by slug or identifier; of all where it is left out.
    #[serde(default)]
    edition: Option<String>,
    /// Of this kind of thing, such as `session`; of all where it is left out.
    #[serde(default)]
    kind: Option<String>,
}

/// Where to begin.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct After {
    /// After this position in the feed.
    #[serde(default)]
    #[param(minimum = 0)]
    after: Option<i64>,
}

/// How many.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Limit {
    /// How many items at most.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
}

/// What a caller wants, with the edition found.
#[derive(Clone, Debug)]
struct Filter {
    edition: Option<EditionId>,
    kind: Option<String>,
}

impl Filter {
    async fn of(site: &Site, caller: &Caller, wanted: Wanted) -> Result<Self, Fault> {
        let edition = match &wanted.edition {
            Some(key) => Some(programme::known(site, caller, key).await?.edition.id),
            None => None,
        };
        Ok(Self { edition, kind: wanted.kind })
    }

    fn wants(&self, told: &Told<Value>) -> bool {
        (self.edition.is_none() || self.edition == told.edition)
            && self.kind.as_ref().is_none_or(|kind| *kind == told.kind)
    }
}

#[utoipa::path(
    get, path = "/api/v1/log", operation_id = "listChanges", tag = "Changes",
    summary = "Lists changes to the record, the oldest first: releases for everybody, the rest for those who may see it.",
    params(Wanted, After, Limit),
    responses(
        (status = 200, description = "A page of the list. It may hold fewer items than asked for, or none, and still have a next", body = Page<Change>),
        (status = 304, description = "The caller has it already"),
    ),
)]
async fn log(
    Held(site): Held<Site>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
    Query(after): Query<After>,
    Query(limit): Query<Limit>,
) -> Answer {
    let limit = match limit.limit.unwrap_or(50) {
        limit @ 1..=200 => limit as usize,
        limit => return Err(Fault::unreadable(format!("limit: {limit} is not from 1 to 200"))),
    };
    let mut from = position(after.after)?;
    let filter = Filter::of(&site, &caller, wanted).await?;
    let (mut items, mut looked, mut next) = (vec![], 0, None);
    loop {
        let (told, last, more) = site.store().told_since(&caller.subject, from, BATCH).await?;
        for told in told.into_iter().filter(|told| filter.wants(told)) {
            if items.len() == limit {
                break;
            }
            items.push(Change::from(told));
        }
        looked += BATCH;
        if items.len() == limit {
            // There may be more: what was looked through beyond the last item is looked through again.
            next = items.last().map(|last: &Change| last.seq.to_string());
            break;
        }
        from = last;
        if !more {
            break;
        }
        if looked >= LOOK {
            next = Some(from.to_string());
            break;
        }
    }
    answer::list(&headers, &uri, &Page { items, next })
}

fn position(after: Option<i64>) -> Result<Sequence, Fault> {
    match after.unwrap_or(0) {
        after @ 0.. => Ok(after),
        _ => Err(Fault::unreadable("after: a position is 0 or more")),
    }
}

#[utoipa::path(
    get, path = "/api/v1/events", operation_id = "followChanges", tag = "Changes",
    summary = "Follows changes as they are made, as server-sent events.",
    description = "Each event has the change's position as its `id`, its type such as `session.changed` as its `event`, \
        and the change as its `data`. Begins with what is made from now on, or after `Last-Event-ID` or `after`.",
    params(
        Wanted,
        After,
        ("Last-Event-ID" = Option<String>, Header, description = "The position of the last change that is known"),
    ),
    responses((status = 200, description = "A stream of changes", body = String, content_type = "text/event-stream")),
)]
async fn events(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
    Query(after): Query<After>,
) -> Answer {
    let known =
        headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.trim().parse().ok());
    let after = match known.or(after.after) {
        Some(after) => position(Some(after))?,
        None => site.store().head().await?,
    };
    let filter = Filter::of(&site, &caller, wanted).await?;
    let permit = Arc::clone(site.streams())
        .try_acquire_owned()
        .map_err(|_| Fault::busy("As many streams are open as this server can keep"))?;
    let own = site.api().stream(caller.key).ok_or_else(|| Fault::too_many(60))?;
    let stop = site.stop().clone();
    let follower = Follower {
        feed: site.store().watch(),
        site,
        caller,
        headers,
        filter,
        after,
        ready: VecDeque::new(),
        _permits: (permit, own),
    };
    let events = follow(follower).take_until(stop.cancelled_owned());
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
    caller: Caller,
    headers: HeaderMap,
    filter: Filter,
    feed: watch::Receiver<Sequence>,
    after: Sequence,
    ready: VecDeque<Told<Value>>,
    _permits: (OwnedSemaphorePermit, StreamPermit),
}

/// The stream ends when the token is good for nothing any more, or the record cannot be read: the client asks again.
fn follow(follower: Follower) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(follower, |mut follower| async move {
        loop {
            if let Some(told) = follower.ready.pop_front() {
                let (seq, name) = (told.seq, told.event());
                let data = serde_json::to_string(&Change::from(told)).ok()?;
                let event = Event::default().id(seq.to_string()).event(name).retry(RETRY).data(data);
                return Some((Ok(event), follower));
            }
            follower.feed.mark_unchanged();
            // Who the caller is may have changed since: asked anew for every batch.
            let subject = follower.caller.again(&follower.site, &follower.headers).await.ok()??;
            let batch = follower.site.store().told_since(&subject, follower.after, BATCH).await;
            let (told, last, more) = batch.ok()?;
            follower.after = last;
            let filter = follower.filter.clone();
            follower.ready.extend(told.into_iter().filter(|told| filter.wants(told)));
            if follower.ready.is_empty() && !more {
                follower.feed.changed().await.ok()?;
            }
        }
    })
}
