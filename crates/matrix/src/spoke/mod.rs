//! Matrix as a spoke of the conversation of rooms: what is said on our pages is said there, and the other way round.
//!
//! The log in the record is the conversation. One node at a time, by a lease, makes the rooms (`rooms`) and
//! carries the log to the homeserver (`deliver`); every node takes what the homeserver sends (`receive`).
//!
//! **Nothing is lost, and nothing is said twice.** Going out, each room has a cursor in the record that moves once the
//! homeserver has taken what lies before it; what is sent again after an answer got lost is known by its mark. Coming in, a
//! transaction is acknowledged once all that it holds is in the record, where the identifier of each event makes it be said
//! once.
//!
//! Only rooms that everybody may read are there: the homeserver does not know who is registered, or who has a role.

mod deliver;
mod people;
mod receive;
mod rooms;

pub use rooms::{Wanted, desired};

use crate::{
    apply,
    appservice::Listener,
    client::{Client, Options},
    error::Error,
    id::RoomId as MatrixId,
    plan::{self, Action},
    registration::{Namespace, Registration},
};
use jiff::SignedDuration;
use model::{
    chat::{Author, Spoke as Way},
    id::RoomId,
    text::RichText,
};
use people::Names;
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};
use store::Store;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use venue::Venue;

/// The lease of whoever speaks to the homeserver.
const LEASE: &str = "matrix";

/// How long the lease is taken for, and how often it is prolonged or asked for.
const LEASED: SignedDuration = SignedDuration::from_secs(30);
const PROLONGED: Duration = Duration::from_secs(10);

/// From how old on something that was not delivered means that Matrix is away.
const AWAY: SignedDuration = SignedDuration::from_secs(30);

/// What is needed to speak to a homeserver.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How it is reached.
    pub options: Options,
    /// By what it knows us.
    pub registration: Registration,
    /// Our names on it.
    pub ours: Namespace,
    /// The version in which rooms are made, see [`plan::VERSIONS`].
    pub room_version: String,
}

/// The spoke of one homeserver. Cloning it costs nothing.
#[derive(Clone, Debug)]
pub struct Spoke(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    client: Client,
    listener: Listener,
    store: Store,
    venue: Venue,
    render: fn(&RichText) -> String,
    names: Names,
    /// The rooms to which the log is carried, as the record knows them.
    rooms: watch::Sender<Rooms>,
    /// How many events the homeserver refused for good since this process began.
    skipped: AtomicU64,
}

type Rooms = Arc<BTreeMap<RoomId, MatrixId>>;

impl Spoke {
    /// The spoke; `render` makes safe HTML of a message. Nothing is called yet.
    ///
    /// # Errors
    /// What is set is no address of a homeserver.
    pub fn new(settings: Settings, venue: Venue, render: fn(&RichText) -> String) -> Result<Self, Error> {
        let client = Client::new(settings.options.clone())?;
        let listener = Listener::new(settings.registration.hs_token.clone(), settings.ours.clone());
        let store = venue.store().clone();
        Ok(Self(Arc::new(Inner {
            settings,
            client,
            listener,
            store,
            venue,
            render,
            names: Names::default(),
            rooms: watch::Sender::default(),
            skipped: AtomicU64::new(0),
        })))
    }

    /// Makes the rooms and carries the log, while this node has the lease, until `stop`. `base` is the site's address,
    /// without a slash at its end.
    pub async fn run(self, base: String, stop: CancellationToken) {
        let holder = Uuid::now_v7().to_string();
        loop {
            match self.0.store.take_lease(LEASE, &holder, LEASED).await {
                Ok(Some(_)) => {
                    tokio::select! {
                        () = rooms::keep(&self, &base) => {}
                        () = deliver::run(&self) => {}
                        () = self.hold(&holder) => {}
                        () = stop.cancelled() => break,
                    }
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(%error, "the lease for Matrix cannot be asked for; trying again");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(PROLONGED) => {}
                () = stop.cancelled() => break,
            }
        }
        if let Err(error) = self.0.store.release_lease(LEASE, &holder).await {
            tracing::debug!(%error, "the lease for Matrix ends by itself");
        }
    }

    /// Prolongs the lease until another has it, or until it would have ended.
    async fn hold(&self, holder: &str) {
        let mut failed = 0;
        while failed < 2 {
            tokio::time::sleep(PROLONGED).await;
            match self.0.store.take_lease(LEASE, holder, LEASED).await {
                Ok(Some(_)) => failed = 0,
                Ok(None) => return,
                Err(error) => {
                    tracing::warn!(%error, "the lease for Matrix cannot be prolonged; trying again");
                    failed += 1;
                }
            }
        }
    }

    /// The alias of a room that is on the homeserver, such as `#plenary_conf_hall:example.org`. One query.
    pub async fn alias(&self, room: RoomId) -> store::Result<Option<String>> {
        let known = self.0.store.matrix_room(room.0).await?.filter(|room| room.outside.is_some());
        Ok(known.and_then(|room| Some(self.0.settings.ours.alias(&room.key).ok()?.to_string())))
    }

    /// Whether something that was said in a room more than 30 s ago has not arrived on the homeserver. Two queries.
    pub async fn lags(&self, room: RoomId) -> store::Result<bool> {
        let cursor = self.0.store.spoke_cursors(Way::Matrix).await?.remove(&room).unwrap_or_default();
        let waiting = self.0.store.chat_in(room, cursor, 50).await?;
        let oldest = waiting.iter().find(|event| event.spoke != Way::Matrix);
        let now = self.0.store.clock().now();
        Ok(oldest.is_some_and(|event| now.duration_since(event.at) > AWAY))
    }

    /// The steps that are to be taken on the homeserver now. Nothing is changed, here or there.
    ///
    /// # Errors
    /// The record or the homeserver cannot be asked.
    pub async fn plan(&self, base: &str) -> Result<Vec<Action>, Trouble> {
        let wanted = rooms::wanted(&self.0.store, &mut rooms::Released::default()).await?;
        let known = self.0.store.matrix_rooms().await?;
        let (desired, rows) = desired(&wanted, &known, &self.0.settings, base)?;
        let ids = rooms::ids(&rows);
        let observed = apply::observe(&self.0.client, &desired, &ids).await?;
        Ok(plan::plan(&desired, &observed))
    }

    fn ghost(&self, author: &Author) -> Option<crate::id::UserId> {
        people::ghost(&self.0.store, &self.0.settings.ours, author)
    }
}

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The record.
    #[error(transparent)]
    Record(#[from] store::Error),
    /// The homeserver.
    #[error(transparent)]
    Homeserver(#[from] Error),
    /// What the rooms should be cannot be.
    #[error(transparent)]
    Refused(#[from] model::Refusal),
}
