//! What the API holds in memory: who a token is, who asked how often, and public lists that were drawn.

use crate::limit::Limiter;
use bytes::Bytes;
use model::{feed::Sequence, id::EditionId};
use quick_cache::{Weighter, sync::Cache};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};
use store::Bearer;

/// Tokens that are remembered.
const TOKENS: usize = 2_000;

/// Bytes of public lists that are remembered.
const BYTES: u64 = 16 * 1_024 * 1_024;

/// Streams of events that one caller may hold open.
const STREAMS: usize = 10;

/// See the module.
#[derive(Debug)]
pub(crate) struct ApiState {
    /// Who asked how often.
    pub(crate) asked: Limiter,
    bearers: Cache<[u8; 32], (Sequence, Bearer)>,
    lists: Cache<ListKey, Drawn, Weight>,
    streams: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// A public list: a release never changes, so neither does what is drawn from it.
pub(crate) type ListKey = (EditionId, u32, String);

/// A drawn list.
#[derive(Clone, Debug)]
pub(crate) struct Drawn {
    pub(crate) body: Bytes,
    pub(crate) tag: Arc<str>,
    pub(crate) next: Option<Arc<str>>,
}

#[derive(Clone, Debug)]
struct Weight;

impl Weighter<ListKey, Drawn> for Weight {
    fn weight(&self, key: &ListKey, drawn: &Drawn) -> u64 {
        (drawn.body.len() + key.2.len() + 200) as u64
    }
}

/// One open stream of events; ends its count when it is dropped.
#[derive(Debug)]
pub(crate) struct StreamPermit(Arc<Mutex<HashMap<IpAddr, usize>>>, IpAddr);

impl Drop for StreamPermit {
    fn drop(&mut self) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.1) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.remove(&self.1);
            }
        }
    }
}

impl ApiState {
    /// The state of a site on which each caller has so many requests a minute.
    pub(crate) fn new(per_minute: u32) -> Self {
        Self {
            asked: Limiter::new(per_minute),
            bearers: Cache::new(TOKENS),
            lists: Cache::with_weighter(1_000, BYTES, Weight),
            streams: Arc::default(),
        }
    }

    /// Who the token was, if the record has not changed since.
    pub(crate) fn bearer(&self, token: &str, head: Sequence) -> Option<Bearer> {
        let (known, bearer) = self.bearers.get(&key(token))?;
        (known == head).then_some(bearer)
    }

    /// Remembers who the token was when the feed ended at `head`.
    pub(crate) fn remember(&self, token: &str, head: Sequence, bearer: &Bearer) {
        self.bearers.insert(key(token), (head, bearer.clone()));
    }

    /// A list that was drawn.
    pub(crate) fn list(&self, key: &ListKey) -> Option<Drawn> {
        self.lists.get(key)
    }

    /// Keeps a drawn list.
    pub(crate) fn keep(&self, key: ListKey, drawn: Drawn) {
        self.lists.insert(key, drawn);
    }

    /// A permit for one more stream of that caller; `None` when they have as many as they may.
    pub(crate) fn stream(&self, caller: IpAddr) -> Option<StreamPermit> {
        let mut open = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(caller).or_default();
        if *count >= STREAMS {
            return None;
        }
        *count += 1;
        Some(StreamPermit(Arc::clone(&self.streams), caller))
    }
}

/// The token itself is not kept in memory longer than a request.
fn key(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}
