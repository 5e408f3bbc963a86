//! A room that somebody watches: its newest messages, drawn, and the seats in it.

use crate::{
    Venue,
    people::{Here, People},
};
use bytes::Bytes;
use model::{
    chat::{Event, Message, Position, Said},
    id::RoomId,
};
use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};
use store::Store;
use tokio::sync::watch;

/// How many of a room's newest events are held in memory: some minutes of a busy room.
const HELD: usize = 256;

/// How many events somebody who is far behind reads at once.
const BEHIND: u64 = 100;

/// How an event becomes what readers are sent.
pub trait Draw: Send + Sync + 'static {
    /// What readers of the room are sent when `event` happened: `message` is the one that was said or that it is about, as
    /// it stands, and `replied` the one that it answers.
    fn draw(&self, event: &Event, message: &Message, replied: Option<&Message>) -> Bytes;
}

impl<F> Draw for F
where
    F: Fn(&Event, &Message, Option<&Message>) -> Bytes + Send + Sync + 'static,
{
    fn draw(&self, event: &Event, message: &Message, replied: Option<&Message>) -> Bytes {
        self(event, message, replied)
    }
}

/// An event as readers are sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// Its place in the log.
    pub position: Position,
    /// What is sent. All seats share the bytes.
    pub text: Bytes,
}

#[derive(Debug)]
pub(crate) struct Room {
    held: Mutex<Held>,
    /// The place up to which seats may be told.
    news: watch::Sender<Position>,
    seats: AtomicUsize,
    people: People,
}

#[derive(Debug)]
struct Held {
    /// All that was said in the room after this place is in `events`.
    base: Position,
    events: VecDeque<Drawn>,
}

impl Room {
    pub(crate) fn new(base: Position) -> Self {
        Self {
            held: Mutex::new(Held { base, events: VecDeque::new() }),
            news: watch::Sender::new(base),
            seats: AtomicUsize::new(0),
            people: People::new(),
        }
    }

    pub(crate) fn here(&self) -> Here {
        self.people.here()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.seats.load(Ordering::Acquire) == 0
    }

    fn sit_down(&self) {
        self.seats.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn stand_up(&self) {
        self.seats.fetch_sub(1, Ordering::AcqRel);
    }

    /// Adds what was just said, and tells those who sit here.
    pub(crate) fn add(&self, events: Vec<Drawn>) {
        let Some(newest) = events.last().map(|event| event.position) else { return };
        let mut held = self.held();
        held.events.extend(events);
        while held.events.len() > HELD {
            if let Some(old) = held.events.pop_front() {
                held.base = old.position;
            }
        }
        drop(held);
        self.news.send_replace(newest);
    }

    /// Says that what was said up to `place` is to be read from the record.
    pub(crate) fn begins_at(&self, place: Position) {
        let mut held = self.held();
        held.base = place;
        held.events.clear();
        drop(held);
        self.news.send_replace(place);
    }

    /// What is held of what was said after `place`; `Err` with the place from which on all is held, where that is later.
    fn after(&self, place: Position) -> Result<Vec<Drawn>, Position> {
        let held = self.held();
        if place < held.base {
            return Err(held.base);
        }
        let from = held.events.partition_point(|event| event.position <= place);
        Ok(held.events.range(from..).cloned().collect())
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in a room from which one follows its conversation. Leaving is dropping it.
pub struct Seat {
    venue: Venue,
    id: RoomId,
    room: Arc<Room>,
    who: Option<(String, String)>,
    news: watch::Receiver<Position>,
}

/// Tells that somebody came to a room or left it.
pub struct Comings(watch::Receiver<u64>);

impl Comings {
    /// Waits until somebody comes or goes; for ever once nobody is there.
    pub async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Seat {
    /// Takes the seat. The venue calls it with its lock held, so that the room is not forgotten meanwhile.
    pub(crate) fn new(venue: Venue, id: RoomId, room: Arc<Room>, who: Option<(String, String)>) -> Self {
        room.sit_down();
        room.people.come(who.as_ref());
        let news = room.news.subscribe();
        Self { venue, id, room, who, news }
    }

    /// What was said in the room after `place`, at least one event, as soon as there is any. May be dropped while it
    /// waits: nothing is lost, for the caller keeps the place.
    pub async fn after(&mut self, place: Position) -> store::Result<Vec<Drawn>> {
        let mut place = place;
        loop {
            self.news.mark_unchanged();
            match self.room.after(place) {
                Ok(events) if !events.is_empty() => return Ok(events),
                Ok(_) => {
                    // The room is held by this seat, so that its sender lives.
                    let _ = self.news.changed().await;
                }
                Err(base) => {
                    let store = self.venue.store();
                    let events = store.chat_in(self.id, place, BEHIND).await?;
                    let drawn = draw(store, &*self.venue.0.draw, &events).await?;
                    match drawn.into_values().next() {
                        Some(events) if !events.is_empty() => return Ok(events),
                        // Nothing was said in this room up to there.
                        _ => place = base,
                    }
                }
            }
        }
    }

    /// What tells that somebody came or went.
    pub fn comings(&self) -> Comings {
        Comings(self.room.people.watch())
    }

    /// Who is in the room on this node.
    pub fn here(&self) -> Here {
        self.room.here()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.room.people.go(self.who.as_ref());
        self.venue.leave(self.id, &self.room);
    }
}

/// Draws events by their rooms. Two to four queries for all.
pub(crate) async fn draw(
    store: &Store,
    draw: &dyn Draw,
    events: &[Event],
) -> store::Result<HashMap<RoomId, Vec<Drawn>>> {
    let about = |event: &Event| event.said.target().unwrap_or(event.position);
    let wanted: BTreeSet<Position> = events
        .iter()
        .flat_map(|event| {
            let replied = match &event.said {
                Said::Message { reply_to, .. } => *reply_to,
                _ => None,
            };
            [Some(about(event)), replied]
        })
        .flatten()
        .collect();
    let mut known = HashMap::new();
    read(store, wanted, &mut known).await?;
    let replied: BTreeSet<Position> = known
        .values()
        .filter_map(|message| message.reply_to)
        .filter(|position| !known.contains_key(position))
        .collect();
    read(store, replied, &mut known).await?;
    let mut drawn: HashMap<RoomId, Vec<Drawn>> = HashMap::new();
    for event in events {
        let Some(message) = known.get(&about(event)) else { continue };
        let replied = message.reply_to.and_then(|position| known.get(&position));
        let text = draw.draw(event, message, replied);
        drawn.entry(event.room).or_default().push(Drawn { position: event.position, text });
    }
    Ok(drawn)
}

async fn read(
    store: &Store,
    positions: BTreeSet<Position>,
    known: &mut HashMap<Position, Message>,
) -> store::Result<()> {
    let positions: Vec<Position> = positions.into_iter().collect();
    let messages = store.chat_messages(&positions).await?;
    known.extend(messages.into_iter().map(|message| (message.position, message)));
    Ok(())
}
