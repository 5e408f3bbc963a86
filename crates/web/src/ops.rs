//! What operators see: the state of the server, figures for Prometheus, a line in the log for each request.

use crate::{error::Failure, site::Site};
use axum::{
    Json,
    body::Body as HttpBody,
    extract::State,
    http::{HeaderMap, Method, Response, StatusCode, header},
    response::IntoResponse,
};
use metrics::{Counter, Histogram, Label, with_local_recorder};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use model::mail::Stage;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Upper bounds of the buckets of the duration histogram, in seconds.
const BUCKETS: [f64; 12] = [0.000_1, 0.000_3, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0];

/// What is counted. Figures belong to one site, so that several in one process do not mix.
pub struct Meters {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    routes: RwLock<HashMap<(&'static str, u16), Route>>,
    requests: AtomicU64,
    /// What the numbers of requests begin with, so that those of two runs differ.
    run: String,
    /// Requests answered with a body that was in memory.
    pub hits: Counter,
    /// Bodies that had to be drawn.
    pub drawn: Counter,
}

/// The figures of one route and status.
#[derive(Clone)]
struct Route {
    count: Counter,
    seconds: Histogram,
}

impl std::fmt::Debug for Meters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meters")
    }
}

impl Meters {
    /// Nothing counted yet.
    pub fn new() -> Self {
        let builder = PrometheusBuilder::new();
        let recorder = builder
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)
            .unwrap_or_else(|_| PrometheusBuilder::new())
            .build_recorder();
        let handle = recorder.handle();
        let (hits, drawn) = with_local_recorder(&recorder, || {
            metrics::describe_counter!("plenary_requests_total", "Requests answered, by route and status");
            metrics::describe_histogram!("plenary_request_seconds", "Time from request to answer, by route");
            metrics::describe_counter!(
                "plenary_body_hits_total",
                "Requests answered with a body that was in memory"
            );
            metrics::describe_counter!("plenary_bodies_drawn_total", "Pages and files that had to be drawn");
            metrics::describe_gauge!("plenary_bodies", "Pages and files in memory");
            metrics::describe_gauge!("plenary_bodies_bytes", "Weight of the pages and files in memory");
            metrics::describe_gauge!("plenary_event_streams", "Open streams of live updates");
            metrics::describe_gauge!("plenary_release_number", "The newest release of an edition");
            metrics::describe_gauge!(
                "plenary_release_age_seconds",
                "How long ago the newest release of an edition was published"
            );
            metrics::describe_gauge!("plenary_feed_head", "The newest entry of the record's change feed");
            metrics::describe_gauge!(
                "plenary_search_lag",
                "Entries of the change feed that the search index has not seen"
            );
            metrics::describe_gauge!("plenary_mail", "Mails in the record, by state");
            metrics::describe_gauge!("plenary_mail_server_failing", "1 when the mail server cannot be used");
            metrics::describe_gauge!("plenary_record_reachable", "1 when the record answers");
            (metrics::counter!("plenary_body_hits_total"), metrics::counter!("plenary_bodies_drawn_total"))
        });
        Self {
            recorder,
            handle,
            routes: RwLock::default(),
            requests: AtomicU64::new(1),
            run: uuid::Uuid::now_v7().simple().to_string()[..12].to_owned(),
            hits,
            drawn,
        }
    }

    /// A number for a request, by which a visitor and an operator can speak about it.
    pub fn request(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed)
    }

    /// How the number of a request is written.
    pub fn name_of(&self, request: u64) -> String {
        format!("{}-{request}", self.run)
    }

    fn count(&self, route: &'static str, status: StatusCode, passed: Duration) {
        let key = (route, status.as_u16());
        let known = self.routes.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        let known = known.unwrap_or_else(|| {
            let made = with_local_recorder(&self.recorder, || Route {
                count: metrics::counter!(
                    "plenary_requests_total",
                    vec![
                        Label::from_static_parts("route", route),
                        Label::new("status", status.as_str().to_owned()),
                    ]
                ),
                seconds: metrics::histogram!("plenary_request_seconds", "route" => route),
            });
            self.routes.write().unwrap_or_else(PoisonError::into_inner).entry(key).or_insert(made).clone()
        });
        known.count.increment(1);
        known.seconds.record(passed.as_secs_f64());
    }

    /// Keeps the figures small; to be called every second or so, because each request leaves one until then.
    pub fn tidy(&self) {
        self.handle.run_upkeep();
    }
}

impl Default for Meters {
    fn default() -> Self {
        Self::new()
    }
}

/// A request on its way, for metrics and the log.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// Its number.
    pub number: u64,
    /// When it came.
    pub at: Instant,
    /// Whether it was answered from memory.
    pub hit: bool,
}

/// Counts an answer and writes its line in the log: at level `info`, at `debug` for one that came from memory,
/// which costs less than its line. The route stands in it and never the address, which may hold a secret.
pub fn note(site: &Site, seen: Seen, method: &Method, route: &'static str, response: &Response<HttpBody>) {
    let passed = seen.at.elapsed();
    let status = response.status();
    site.meters().count(route, status, passed);
    if seen.hit {
        site.meters().hits.increment(1);
    }
    macro_rules! line {
        ($level:expr) => {
            if tracing::enabled!(target: "plenary::request", $level) {
                tracing::event!(
                    target: "plenary::request",
                    $level,
                    method = %method,
                    route,
                    status = status.as_u16(),
                    ms = (passed.as_secs_f64() * 1e6).round() / 1e3,
                    bytes = bytes(response.headers()),
                    request = %site.meters().name_of(seen.number),
                );
            }
        };
    }
    if status.is_server_error() {
        line!(tracing::Level::WARN);
    } else if seen.hit {
        line!(tracing::Level::DEBUG);
    } else {
        line!(tracing::Level::INFO);
    }
}

fn bytes(headers: &HeaderMap) -> u64 {
    headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse().ok())
        .unwrap_or(0)
}

/// How far the record has come, for the two pages of operators.
struct Record {
    head: i64,
    lag: i64,
}

/// How the mail is doing: not asked for by `/healthz`, since counting takes longer than looking.
async fn mail(site: &Site) -> Result<(BTreeMap<Stage, u64>, bool), store::Error> {
    let counts = site.store().mail_counts(&store::MailFilter::default()).await?;
    Ok((counts, site.store().mail_server_trouble().await?.is_some()))
}

async fn record(site: &Site) -> Result<Record, store::Error> {
    let store = site.store();
    store.ping().await?;
    let head = store.head().await?;
    let searched = store.cursor(store::search::FOLLOWER).await?;
    Ok(Record { head, lag: (head - searched).max(0) })
}

/// `/healthz`: 200 when the record answers, 503 with the reason when it does not. Pages that are in memory are
/// served in either case.
pub async fn health(State(site): State<Site>) -> impl IntoResponse {
    let editions: serde_json::Map<String, Value> = site
        .editions()
        .iter()
        .map(|live| (live.slug().to_string(), json!({ "release": live.head.number })))
        .collect();
    let reached = tokio::time::timeout(Duration::from_secs(5), record(&site)).await;
    let (status, body) = match reached {
        Ok(Ok(record)) => (
            StatusCode::OK,
            json!({ "status": "ok", "record": "reachable", "feed_head": record.head, "search_lag": record.lag, "editions": editions }),
        ),
        Ok(Err(error)) => {
            tracing::error!(%error, "the record cannot be reached");
            unreachable_record("the log says why", &editions)
        }
        Err(_) => unreachable_record("no answer within 5 seconds", &editions),
    };
    (status, Json(body))
}

fn unreachable_record(reason: &str, editions: &serde_json::Map<String, Value>) -> (StatusCode, Value) {
    let body =
        json!({ "status": "degraded", "record": "unreachable", "reason": reason, "editions": editions });
    (StatusCode::SERVICE_UNAVAILABLE, body)
}

/// `/metrics`, in Prometheus' text format.
pub async fn metrics(State(site): State<Site>) -> Result<impl IntoResponse, Failure> {
    let reached = tokio::time::timeout(Duration::from_secs(5), record(&site)).await.ok().and_then(Result::ok);
    let mail = tokio::time::timeout(Duration::from_secs(5), mail(&site)).await.ok().and_then(Result::ok);
    let meters = site.meters();
    let now = site.now();
    let (bodies, weight) = site.bodies().size();
    let streams = site.options().streams - site.streams().available_permits();
    with_local_recorder(&meters.recorder, || {
        metrics::gauge!("plenary_bodies").set(bodies as f64);
        metrics::gauge!("plenary_bodies_bytes").set(weight as f64);
        metrics::gauge!("plenary_event_streams").set(streams as f64);
        metrics::gauge!("plenary_record_reachable").set(if reached.is_some() { 1.0 } else { 0.0 });
        if let Some(record) = reached {
            metrics::gauge!("plenary_feed_head").set(record.head as f64);
            metrics::gauge!("plenary_search_lag").set(record.lag as f64);
        }
        if let Some((counts, failing)) = mail {
            for stage in Stage::ALL {
                let count = counts.get(&stage).copied().unwrap_or_default();
                metrics::gauge!("plenary_mail", "state" => stage.as_str()).set(count as f64);
            }
            metrics::gauge!("plenary_mail_server_failing").set(if failing { 1.0 } else { 0.0 });
        }
        for live in site.editions() {
            let edition = live.slug().to_string();
            metrics::gauge!("plenary_release_number", "edition" => edition.clone())
                .set(f64::from(live.head.number));
            let age = now.duration_since(live.head.at).as_secs_f64();
            metrics::gauge!("plenary_release_age_seconds", "edition" => edition).set(age);
        }
    });
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], meters.handle.render()))
}

/// Tidies the figures every second, until the server stops.
pub async fn tidy(site: Site) {
    let mut every = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            _ = every.tick() => site.meters().tidy(),
            () = site.stop().cancelled() => return,
        }
    }
}

/// Removes links and sign-ins whose time is over, every quarter of an hour, until the server stops.
pub async fn forget(site: Site) {
    let mut every = tokio::time::interval(Duration::from_mins(15));
    loop {
        tokio::select! {
            _ = every.tick() => match site.store().forget_expired().await {
                Ok(0) => {}
                Ok(gone) => tracing::info!(gone, "links and sign-ins that were over are removed"),
                Err(error) => tracing::warn!(%error, "what is over could not be removed"),
            },
            () = site.stop().cancelled() => return,
        }
    }
}
