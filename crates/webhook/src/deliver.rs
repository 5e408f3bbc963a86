//! The loop that delivers: on one node at a time, several webhooks at once, each webhook one delivery after another.

use crate::{payload, sign};
use fetch::{Fetcher, Request};
use jiff::{SignedDuration, Timestamp};
use model::{feed::Sequence, id::WebhookId};
use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};
use store::{Due, Outcome, Store};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The name of the lease.
const LEASE: &str = "webhooks";

/// How long the lease is taken, and so how long others wait after a kill. It is prolonged in time while there is work,
/// and not held while there is none.
const LEASED: SignedDuration = SignedDuration::from_secs(6);

/// How long a receiver has for its answer. The specification recommends 15 to 30 s.
const PATIENCE: Duration = Duration::from_secs(15);

/// How often one looks for deliveries whose time has come; what is new in the feed is seen at once.
const LOOK: Duration = Duration::from_secs(1);

/// Webhooks that are served at once.
const AT_ONCE: usize = 8;

/// Deliveries of one webhook before others have their turn.
const TURN: usize = 50;

/// How long finished deliveries are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How often old deliveries are looked for.
const TIDY: Duration = Duration::from_hours(1);

/// The characters of an answer that are kept for people to read.
const ANSWER: usize = 300;

/// Delivers what webhooks are to be told. Cloning it costs nothing.
#[derive(Clone, Debug)]
pub struct Deliverer {
    store: Store,
    fetcher: Fetcher,
    holder: Arc<str>,
    /// Until when the lease is held, in microseconds.
    until: Arc<AtomicI64>,
}

impl Deliverer {
    /// A deliverer that sends with `fetcher`, which decides where to.
    pub fn new(store: Store, fetcher: Fetcher) -> Self {
        let holder = Uuid::now_v7().to_string().into();
        Self { store, fetcher, holder, until: Arc::new(AtomicI64::new(i64::MIN)) }
    }

    /// Delivers until `stop` is cancelled. A database that cannot be reached is waited for.
    pub async fn run(self, stop: CancellationToken) {
        let mut feed = self.store.watch();
        let mut seen: HashMap<WebhookId, Sequence> = HashMap::new();
        let mut busy: HashSet<WebhookId> = HashSet::new();
        let mut turns: JoinSet<WebhookId> = JoinSet::new();
        let mut tidied = Instant::now();
        loop {
            feed.mark_unchanged();
            if let Err(error) = self.round(&mut seen, &mut busy, &mut turns).await {
                tracing::warn!(%error, "webhooks cannot be served at the moment");
            }
            if tidied.elapsed() >= TIDY && self.leads() {
                tidied = Instant::now();
                while let Ok(1..) = self.store.forget_deliveries(KEPT).await {}
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(LOOK) => {}
                changed = feed.changed() => if changed.is_err() { break },
                Some(turn) = turns.join_next() => match turn {
                    Ok(id) => { busy.remove(&id); }
                    // A turn that broke off: whose it was is not known, so all may be served again.
                    Err(error) => { tracing::error!(%error, "a delivery broke off"); busy.clear(); }
                },
            }
        }
        // What is under way may still end within the receiver's time; the rest is sent by the next start.
        let farewell = async { while turns.join_next().await.is_some() {} };
        if tokio::time::timeout(Duration::from_secs(5), farewell).await.is_err() {
            tracing::info!("deliveries that were under way are sent again after the next start");
        }
        if let Err(error) = self.store.release_lease(LEASE, &self.holder).await {
            tracing::debug!(%error, "the lease of the webhooks ends by itself");
        }
    }

    /// Looks through the feed for every webhook, and gives those with work a turn.
    async fn round(
        &self,
        seen: &mut HashMap<WebhookId, Sequence>,
        busy: &mut HashSet<WebhookId>,
        turns: &mut JoinSet<WebhookId>,
    ) -> Result<(), store::Error> {
        let hooks = self.store.webhooks_with_work().await?;
        let head = *self.store.watch().borrow();
        let mut work = vec![];
        for hook in &hooks {
            // From where the record has it, or from what was looked through here without finding anything.
            let from = seen.get(&hook.id).copied().unwrap_or_default().max(hook.cursor);
            let news = hook.stopped.is_none() && head > from;
            let free = turns.len() + work.len() < AT_ONCE && !busy.contains(&hook.id);
            if news || (free && self.store.due_delivery(hook.id).await?.is_some()) {
                work.push((hook.id, news.then_some(from)));
            }
        }
        seen.retain(|id, _| hooks.iter().any(|hook| hook.id == *id));
        if (work.is_empty() && turns.is_empty()) || !self.lead().await? {
            return Ok(());
        }
        for (id, news) in work {
            if let Some(mut from) = news {
                loop {
                    let (to, more) = self.store.queue_deliveries(id, from).await?;
                    from = to;
                    if !more {
                        break;
                    }
                }
                seen.insert(id, from);
            }
            if turns.len() < AT_ONCE && busy.insert(id) {
                let this = self.clone();
                turns.spawn(async move {
                    this.turn(id).await;
                    id
                });
            }
        }
        Ok(())
    }

    /// Sends one webhook what is due, one after another.
    async fn turn(&self, id: WebhookId) {
        for _ in 0..TURN {
            // Another node may have taken over while a receiver was slow.
            if !self.leads() {
                return;
            }
            let due = match self.store.due_delivery(id).await {
                Ok(Some(due)) => due,
                Ok(None) => return,
                Err(error) => {
                    tracing::warn!(%error, "a delivery cannot be read");
                    return;
                }
            };
            let outcome = self.send(&due).await;
            if let Err(error) = self.store.finish_attempt(&due, &outcome).await {
                // It will be sent again; its identifier tells the receiver that it is the same.
                tracing::warn!(%error, delivery = %due.delivery.id, "what became of a delivery cannot be kept");
                return;
            }
        }
    }

    /// One attempt.
    async fn send(&self, due: &Due) -> Outcome {
        let at = self.store.clock().now();
        let body = match &due.told {
            Some(told) => payload::change(told),
            None => payload::ping(due.webhook.id, due.delivery.created),
        };
        let id = format!("msg_{}", due.delivery.id);
        let began = Instant::now();
        let (status, answer) = match sign::signature(&due.secrets, &id, at.as_second(), body.as_bytes()) {
            Err(error) => (None, error.to_string()),
            Ok(signature) => {
                let request = Request::post(due.webhook.url.as_str(), "application/json", body)
                    .header("webhook-id", &id)
                    .header("webhook-timestamp", &at.as_second().to_string())
                    .header("webhook-signature", &signature)
                    .cut_long_answer()
                    // A redirect is a failure: the receiver's address is to be changed here, by somebody who may.
                    .follow_nothing()
                    .within(PATIENCE);
                match self.fetcher.send(request).await {
                    Ok(answer) => (Some(answer.status), answer.excerpt(ANSWER)),
                    Err(error) => (None, format!("{error}. {}", error.remedy())),
                }
            }
        };
        let took = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
        Outcome { at, status, answer, took }
    }

    /// Takes or prolongs the lease. Whether this node is the one that delivers.
    async fn lead(&self) -> Result<bool, store::Error> {
        let now = self.store.clock().now();
        let until = self.until.load(Ordering::Relaxed);
        let left = until.saturating_sub(micros(now));
        if left > i64::try_from(LEASED.as_micros()).unwrap_or(i64::MAX) / 3 * 2 {
            return Ok(true);
        }
        let taken = self.store.take_lease(LEASE, &self.holder, LEASED).await?;
        self.until.store(taken.map_or(i64::MIN, micros), Ordering::Relaxed);
        Ok(taken.is_some())
    }

    /// Whether the lease is held now.
    fn leads(&self) -> bool {
        self.until.load(Ordering::Relaxed) > micros(self.store.clock().now())
    }
}

fn micros(at: Timestamp) -> i64 {
    model::time::to_micros(at)
}
