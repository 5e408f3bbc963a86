//! How a simulated server tells others: as bbb-webhooks and bbb-web do, with the pauses of its options.

use super::{
    Node,
    state::{Hook, Told},
};
use crate::callback::recording::{self, Ready};
use fetch::{Fetcher, Request};
use form_urlencoded::Serializer;
use jiff::Timestamp;
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio_util::sync::CancellationToken;

/// The most callbacks that wait for one hook; what is more is lost, as in a queue that is full.
const QUEUE: usize = 10_000;

/// Sends callbacks.
#[derive(Debug)]
pub(super) struct Deliverer {
    fetcher: Fetcher,
    domain: String,
    queues: Mutex<HashMap<u32, Sender<String>>>,
    stop: CancellationToken,
}

impl Deliverer {
    pub(super) fn new(fetcher: Fetcher, address: SocketAddr) -> Self {
        let (queues, stop) = (Mutex::new(HashMap::new()), CancellationToken::new());
        Self { fetcher, domain: address.to_string(), queues, stop }
    }

    /// The host and port that it takes itself for.
    pub(super) fn domain(&self) -> &str {
        &self.domain
    }

    /// Ends what is under way.
    pub(super) fn stop(&self) {
        self.stop.cancel();
    }

    /// Sends what is to be told.
    pub(super) fn tell(node: &Arc<Node>, hooks: &[Hook], told: Told, now: Timestamp) {
        let this = &node.deliverer;
        match told {
            Told::Event(event) => {
                let body = Serializer::new(String::new())
                    .append_pair("domain", &this.domain)
                    .append_pair("event", &serde_json::Value::Array(vec![event.clone()]).to_string())
                    .append_pair("timestamp", &now.as_millisecond().to_string())
                    .finish();
                for hook in hooks.iter().filter(|hook| hook.wants(&event)) {
                    if !node.chance(node.options.chaos.drop) {
                        Self::queue(node, hook, body.clone());
                    }
                    if node.chance(node.options.chaos.duplicate) {
                        Self::queue(node, hook, body.clone());
                    }
                }
            }
            Told::End(address) => {
                let node = node.clone();
                this.spawn(async move {
                    node.deliverer.try_often(&node, || Request::get(&address)).await;
                });
            }
            Told::Ready { address, meeting, recording } => {
                let body = recording::write(&Ready { meeting, recording }, &node.options.secret);
                let node = node.clone();
                this.spawn(async move {
                    node.deliverer.try_often(&node, || form(&address, &body)).await;
                });
            }
        }
    }

    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        tokio::spawn(async move {
            tokio::select! { () = work => {} () = stop.cancelled() => {} }
        });
    }

    /// Puts a callback behind those that wait for the hook.
    fn queue(node: &Arc<Node>, hook: &Hook, body: String) {
        let this = &node.deliverer;
        let mut queues = this.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = queues.entry(hook.id).or_insert_with(|| {
            let (sender, receiver) = mpsc::channel(QUEUE);
            let (work_node, hook) = (node.clone(), hook.clone());
            this.spawn(work(work_node, hook, receiver));
            sender
        });
        if sender.try_send(body).is_err() {
            tracing::debug!(hook = hook.id, "a callback is lost: the queue is full");
        }
    }

    /// Tries until it is taken; `false` when it was tried for the last time.
    async fn try_often(&self, node: &Node, request: impl Fn() -> Request) -> bool {
        let pauses = node.options.pauses.iter().map(Some).chain([None]);
        for pause in pauses {
            match self.fetcher.send(request().follow_nothing()).await {
                // 401 is taken for delivered.
                Ok(answer) if (200..300).contains(&answer.status) || answer.status == 401 => return true,
                // Nobody wants it.
                Ok(answer) if answer.status == 410 => return true,
                Ok(answer) => tracing::debug!(status = answer.status, "a callback was not taken"),
                Err(error) => tracing::debug!(%error, "a callback did not arrive"),
            }
            match pause {
                Some(pause) => tokio::time::sleep(*pause).await,
                None => break,
            }
        }
        false
    }
}

/// One after another where all is calm; otherwise each after a delay of its own.
async fn work(node: Arc<Node>, hook: Hook, mut waiting: Receiver<String>) {
    while let Some(body) = waiting.recv().await {
        let longest = u64::try_from(node.options.chaos.delay.as_millis()).unwrap_or(u64::MAX);
        if longest == 0 {
            deliver(&node, &hook, &body).await;
            continue;
        }
        let delay = Duration::from_millis(node.state().rng.u64(0..=longest));
        let (node, hook) = (node.clone(), hook.clone());
        let stop = node.deliverer.stop.clone();
        tokio::spawn(async move {
            let sending = async {
                tokio::time::sleep(delay).await;
                deliver(&node, &hook, &body).await;
            };
            tokio::select! { () = sending => {} () = stop.cancelled() => {} }
        });
    }
}

async fn deliver(node: &Node, hook: &Hook, body: &str) {
    // Destroyed in the meantime.
    if !node.state().hooks.iter().any(|known| known.id == hook.id) {
        return;
    }
    let parts = [hook.callback.as_bytes(), body.as_bytes()];
    let checksum = node.options.hook_algorithm.checksum(&parts, &node.options.secret);
    let joint = if hook.callback.contains('?') { '&' } else { '?' };
    let address = format!("{}{joint}checksum={checksum}", hook.callback);
    if !node.deliverer.try_often(node, || form(&address, body)).await {
        tracing::debug!(hook = hook.id, "a hook is deleted: its calls have failed too often");
        node.state().hooks.retain(|known| known.id != hook.id);
    }
}

fn form(address: &str, body: &str) -> Request {
    Request::post(address, "application/x-www-form-urlencoded", body.to_owned())
}
