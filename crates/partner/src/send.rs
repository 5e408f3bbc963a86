//! The loop that sends: on one node at a time, one message after another.

use crate::{
    address_of, inbox,
    sign::{CONTENT_TYPE, Key},
};
use fetch::{Fetcher, Request};
use jiff::SignedDuration;
use model::partner::{Envelope, Message, TheirCall};
use serde::Deserialize;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use store::{DueMessage, SentMessage, Store};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The name of the lease.
const LEASE: &str = "partners";

/// How long the lease is taken: longer than one message may take, and so how long others wait after a kill.
const LEASED: SignedDuration = SignedDuration::from_secs(30);

/// How long a partner has for its answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// How often one looks for messages whose time has come; what is new is seen at once.
const LOOK: Duration = Duration::from_secs(5);

/// How often old messages are looked for.
const TIDY: Duration = Duration::from_hours(1);

/// The characters of an answer that are kept for people to read.
const ANSWER: usize = 300;

/// Sends what partners are to be told. Cloning it costs nothing.
#[derive(Clone, Debug)]
pub struct Messenger {
    store: Store,
    fetcher: Fetcher,
    base_url: Arc<str>,
    holder: Arc<str>,
}

/// What a partner answers when it is asked for its calls.
#[derive(Debug, Deserialize)]
struct Answered {
    #[serde(default)]
    calls: Option<Vec<TheirCall>>,
}

impl Messenger {
    /// A messenger that sends with `fetcher`, which decides where to, in the name of the site at `base_url`.
    pub fn new(store: Store, fetcher: Fetcher, base_url: &str) -> Self {
        let holder = Uuid::now_v7().to_string().into();
        Self { store, fetcher, base_url: base_url.into(), holder }
    }

    /// Sends until `stop` is cancelled. A database that cannot be reached is waited for.
    pub async fn run(self, stop: CancellationToken) {
        let mut feed = self.store.watch();
        let mut tidied = Instant::now();
        loop {
            feed.mark_unchanged();
            let sent = tokio::select! {
                // What is under way is sent again by the next start; the partner takes it once.
                () = stop.cancelled() => break,
                sent = self.round() => sent,
            };
            match sent {
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "partners cannot be told anything at the moment"),
            }
            if tidied.elapsed() >= TIDY {
                tidied = Instant::now();
                if let Err(error) = self.store.tidy_messages().await {
                    tracing::warn!(%error, "old messages to partners cannot be removed");
                }
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(LOOK) => {}
                changed = feed.changed() => if changed.is_err() { break },
            }
        }
        if let Err(error) = self.store.release_lease(LEASE, &self.holder).await {
            tracing::debug!(%error, "the lease of the messages to partners ends by itself");
        }
    }

    /// Sends what is due, and gives how many were tried.
    pub async fn round(&self) -> Result<usize, store::Error> {
        let mut tried = 0;
        loop {
            let due = self.store.due_messages().await?;
            if due.is_empty() {
                return Ok(tried);
            }
            for one in due {
                if self.store.take_lease(LEASE, &self.holder, LEASED).await?.is_none() {
                    return Ok(tried);
                }
                let sent = self.send(&one).await?;
                self.store.finish_message(&one, &sent).await?;
                tried += 1;
            }
        }
    }

    /// One attempt.
    async fn send(&self, due: &DueMessage) -> Result<SentMessage, store::Error> {
        let failed =
            |answer: String, hopeless: bool| SentMessage { answer, hopeless, ..SentMessage::default() };
        let Some(from) = address_of(&self.base_url, &due.edition) else {
            return Ok(failed("this site does not know its own address; set base_url".to_owned(), false));
        };
        let envelope = Envelope { id: due.id, from, forward: due.forward, message: due.message.clone() };
        let body = match serde_json::to_vec(&envelope) {
            Ok(body) => body,
            Err(error) => return Ok(failed(error.to_string(), true)),
        };
        let target = inbox(&due.partner.address);
        let nonce = Uuid::new_v4().to_string();
        let signed = Key::new(&self.store.partner_seed().await?)
            .and_then(|key| key.sign(&target, &body, self.store.clock().now(), &nonce));
        let signed = match signed {
            Ok(signed) => signed,
            Err(error) => return Ok(failed(error.to_string(), false)),
        };
        let request = Request::post(&target, CONTENT_TYPE, body)
            .header("content-digest", &signed.digest)
            .header("signature-input", &signed.input)
            .header("signature", &signed.signature)
            // The address is part of what is signed: elsewhere it would not be believed.
            .follow_nothing()
            .within(PATIENCE);
        let answer = match self.fetcher.send(request).await {
            Ok(answer) => answer,
            Err(error) => return Ok(failed(format!("{error}. {}", error.remedy()), false)),
        };
        if !(200..300).contains(&answer.status) {
            // 422: it was understood, and refused. Whatever else may be mended: a key, a clock, a server that is down.
            return Ok(failed(
                format!("{}: {}", answer.status, answer.excerpt(ANSWER)),
                answer.status == 422,
            ));
        }
        let calls = match due.message {
            Message::Calls => {
                serde_json::from_slice::<Answered>(&answer.body).ok().and_then(|said| said.calls)
            }
            _ => None,
        };
        Ok(SentMessage { taken: true, hopeless: false, answer: String::new(), calls })
    }
}
