//! The live conference: the conversation of rooms, who is in them, and how it reaches everybody who is there.
//!
//! The log in the record is the conversation (`model::chat`); this crate moves it. [`Venue::say`] takes what people say
//! from all spokes and writes many sayings at a time, so that one disk write serves hundreds of people. [`Venue::run`]
//! follows the log, on each node, and hands what is new to the [`Seat`]s of its room: each message is read and drawn once
//! for all of them.
//!
//! **Nobody misses a message, however slow.** A seat has no queue: it has a [`Position`], and asks for what follows it.
//! The newest messages of a room that somebody watches are in memory; whoever is further behind reads them from the
//! record.
//!
//! Who is in a room is known to the node on which they are, and to nobody once they leave: it is not in the record.

mod people;
mod room;
mod say;

pub use people::Here;
pub use room::{Comings, Draw, Drawn, Seat};
pub use say::Unsaid;

use model::{chat::Position, id::RoomId};
use room::Room;
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use store::{Saying, Store};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How many events of the log are read at once.
const BATCH: u64 = 500;

/// How long to wait when the record does not answer.
const RETRY: Duration = Duration::from_millis(500);

/// The rooms of a node. Cheap to clone; all clones are the same.
#[derive(Clone)]
pub struct Venue(Arc<Inner>);

struct Inner {
    store: Store,
    draw: Box<dyn Draw>,
    /// What waits to be written.
    asked: mpsc::Sender<say::Asked>,
    waiting: Mutex<Option<mpsc::Receiver<say::Asked>>>,
    followed: Mutex<Followed>,
}

/// What is watched here. One lock for both: a room that begins to be watched begins at the place up to which the log was
/// followed, with nothing between.
struct Followed {
    to: Position,
    rooms: HashMap<RoomId, Arc<Room>>,
}

impl fmt::Debug for Venue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Venue({:?})", self.0.store)
    }
}

impl Venue {
    /// The rooms of a record, drawn for readers by `draw`. Nothing moves until [`Venue::run`] does.
    pub fn new(store: Store, draw: impl Draw) -> Self {
        let (asked, waiting) = mpsc::channel(say::WAITING_MAX);
        let to = *store.watch_chat().borrow();
        Self(Arc::new(Inner {
            store,
            draw: Box::new(draw),
            asked,
            waiting: Mutex::new(Some(waiting)),
            followed: Mutex::new(Followed { to, rooms: HashMap::new() }),
        }))
    }

    /// The record.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// Writes what is said and hands on what was, until `stop`. A second call does nothing.
    pub async fn run(self, stop: CancellationToken) {
        let waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(waiting) = waiting else { return };
        let writer = tokio::spawn(say::write(self.0.store.clone(), waiting));
        tokio::select! {
            () = self.follow() => {}
            () = stop.cancelled() => {}
        }
        writer.abort();
    }

    /// Says something. Gives its place in the log once it is in the record, or why it is not.
    pub async fn say(&self, saying: Saying) -> Result<Position, Unsaid> {
        say::ask(&self.0.asked, saying).await
    }

    /// A seat in a room, for somebody who is called `name` or for a reader without a name; `who` tells people apart.
    pub fn enter(&self, room: RoomId, who: Option<(String, String)>) -> Seat {
        let mut followed = self.followed();
        let to = followed.to;
        let watched = followed.rooms.entry(room).or_insert_with(|| Arc::new(Room::new(to)));
        Seat::new(self.clone(), room, Arc::clone(watched), who)
    }

    /// Who is in each room on this node, and how many read along without a name.
    pub fn here(&self) -> HashMap<RoomId, Here> {
        self.followed().rooms.iter().map(|(id, room)| (*id, room.here())).collect()
    }

    fn followed(&self) -> std::sync::MutexGuard<'_, Followed> {
        self.0.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets a room that nobody watches any more.
    fn leave(&self, id: RoomId, room: &Arc<Room>) {
        let mut followed = self.followed();
        room.stand_up();
        if room.is_empty() && followed.rooms.get(&id).is_some_and(|known| Arc::ptr_eq(known, room)) {
            followed.rooms.remove(&id);
        }
    }

    /// Hands on what is said, for ever; outages of the record are survived.
    async fn follow(&self) {
        let mut head = self.0.store.watch_chat();
        loop {
            head.mark_unchanged();
            match self.catch_up().await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(%error, "what is said in rooms cannot be read; trying again");
                    tokio::time::sleep(RETRY).await;
                    continue;
                }
            }
            if head.changed().await.is_err() {
                return;
            }
        }
    }

    /// Hands on the next part of the log; gives whether there may be more.
    async fn catch_up(&self) -> store::Result<bool> {
        let (from, watched) = {
            let followed = self.followed();
            (followed.to, followed.rooms.clone())
        };
        let mut events = self.0.store.chat_since(from, BATCH).await?;
        let Some(newest) = events.last().map(|event| event.position) else { return Ok(false) };
        let more = events.len() as u64 == BATCH;
        events.retain(|event| watched.contains_key(&event.room));
        let mut drawn = room::draw(&self.0.store, &*self.0.draw, &events).await?;
        let mut followed = self.followed();
        for (id, room) in &followed.rooms {
            if watched.get(id).is_some_and(|known| Arc::ptr_eq(known, room)) {
                room.add(drawn.remove(id).unwrap_or_default());
            } else {
                // It began to be watched meanwhile, and some of what was just read may be its own: its memory begins
                // after that, and its seats read that from the record.
                room.begins_at(newest);
            }
        }
        followed.to = newest;
        Ok(more)
    }
}
