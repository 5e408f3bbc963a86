//! Chat messages in order and once each. bbb-webhooks delivers bursts out of order, and repeats what it is not sure of.
//!
//! An [`Inbox`] holds each message for a short window, in which those that are late catch up, and lets them go in the order in
//! which they were written. It reads no clock: instants come in.

use super::events::ChatMessage;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, HashSet, VecDeque};

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offered {
    /// It waits for its turn.
    Kept,
    /// It was here before.
    Duplicate,
    /// It is what we sent ourselves.
    Echo,
    /// It has no identifier, so that nobody could know whether it was here before.
    Nameless,
}

/// The messages of one meeting that wait for their turn, and what was here before.
#[derive(Clone, Debug)]
pub struct Inbox {
    window: SignedDuration,
    /// The most that wait, and the most that are remembered for each that waits at most.
    capacity: usize,
    waiting: BTreeMap<(i64, String), (Timestamp, ChatMessage)>,
    seen: HashSet<String>,
    order: VecDeque<String>,
}

impl Inbox {
    /// How long messages wait unless somebody says otherwise.
    pub const WINDOW: SignedDuration = SignedDuration::from_millis(400);

    /// How many messages wait unless somebody says otherwise; eight times as many are remembered.
    pub const CAPACITY: usize = 500;

    /// An inbox that holds messages for `window`, and at most `capacity` of them.
    pub fn new(window: SignedDuration, capacity: usize) -> Self {
        Self {
            window,
            capacity: capacity.max(1),
            waiting: BTreeMap::new(),
            seen: HashSet::new(),
            order: VecDeque::new(),
        }
    }

    /// Takes a message that came in at `now`.
    pub fn offer(&mut self, message: ChatMessage, now: Timestamp) -> Offered {
        if message.id.is_empty() {
            return Offered::Nameless;
        }
        if !self.seen.insert(message.id.clone()) {
            return Offered::Duplicate;
        }
        self.order.push_back(message.id.clone());
        while self.order.len() > self.capacity * 8 {
            if let Some(oldest) = self.order.pop_front() {
                self.seen.remove(&oldest);
            }
        }
        if message.is_echo() {
            return Offered::Echo;
        }
        self.waiting.insert((message.at, message.id.clone()), (now, message));
        Offered::Kept
    }

    /// The messages whose turn it is, in the order in which they were written: those that have waited for the window,
    /// those before them, and the first of those that are too many.
    pub fn take(&mut self, now: Timestamp) -> Vec<ChatMessage> {
        let ripe = |since: &Timestamp| now.duration_since(*since) >= self.window;
        let last = self.waiting.iter().rev().find(|(_, (since, _))| ripe(since)).map(|(key, _)| key.clone());
        let mut out = vec![];
        while let Some(first) = self.waiting.first_entry() {
            let due = last.as_ref().is_some_and(|last| first.key() <= last);
            if !due && self.waiting.len() <= self.capacity {
                break;
            }
            if let Some((_, (_, message))) = self.waiting.pop_first() {
                out.push(message);
            }
        }
        out
    }

    /// When there will be something to take; `None` while nothing waits.
    pub fn due(&self) -> Option<Timestamp> {
        let first = self.waiting.values().map(|(since, _)| *since).min()?;
        first.checked_add(self.window).ok()
    }
}

impl Default for Inbox {
    fn default() -> Self {
        Self::new(Self::WINDOW, Self::CAPACITY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(at: i64, id: &str) -> ChatMessage {
        ChatMessage { id: id.to_owned(), sender: "w_x".to_owned(), at, ..ChatMessage::default() }
    }

    fn instant(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).unwrap()
    }

    #[test]
    fn late_messages_catch_up_within_the_window() {
        let mut inbox = Inbox::default();
        assert_eq!(inbox.offer(message(20, "b"), instant(1_000)), Offered::Kept);
        assert!(inbox.take(instant(1_399)).is_empty());
        assert_eq!(inbox.due(), Some(instant(1_400)));
        assert_eq!(inbox.offer(message(10, "a"), instant(1_399)), Offered::Kept);
        assert_eq!(inbox.offer(message(20, "b"), instant(1_399)), Offered::Duplicate);
        assert_eq!(inbox.offer(message(30, "c"), instant(1_399)), Offered::Kept);
        let ids: Vec<_> = inbox.take(instant(1_400)).into_iter().map(|message| message.id).collect();
        assert_eq!(ids, ["a", "b"]);
        assert_eq!(inbox.offer(message(20, "b"), instant(1_500)), Offered::Duplicate);
        assert_eq!(inbox.take(instant(1_799)).len(), 1);
        assert_eq!(inbox.due(), None);
    }

    #[test]
    fn echoes_and_what_has_no_name_are_kept_out() {
        let mut inbox = Inbox::default();
        let echo = ChatMessage { name: "Ada".to_owned(), sender: "Ada".to_owned(), ..message(1, "e") };
        assert_eq!(inbox.offer(echo, instant(0)), Offered::Echo);
        assert_eq!(inbox.offer(message(1, ""), instant(0)), Offered::Nameless);
        assert!(inbox.take(instant(99_999)).is_empty());
    }

    proptest! {
        /// Bursts, permuted and repeated within the window, come out in order and once each.
        #[test]
        fn order_and_identity_survive_chance(
            times in prop::collection::vec((0_i64..50, 0_i64..300), 1..60),
            again in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        ) {
            let mut inbox = Inbox::default();
            let mut arrivals: Vec<_> =
                times.iter().enumerate().map(|(id, (at, delay))| (*delay, *at, id.to_string())).collect();
            for index in again {
                let repeated = index.get(&arrivals).clone();
                arrivals.push(repeated);
            }
            arrivals.sort();
            for (arrived, at, id) in &arrivals {
                inbox.offer(message(*at, id), instant(*arrived));
            }
            let out: Vec<_> = inbox.take(instant(1_000)).into_iter().map(|m| (m.at, m.id)).collect();
            let mut expected: Vec<_> = times.iter().enumerate().map(|(id, (at, _))| (*at, id.to_string())).collect();
            expected.sort();
            prop_assert_eq!(out, expected);
        }

        /// However many come, what waits and what is remembered stays bounded.
        #[test]
        fn it_stays_bounded(count in 1_usize..400, capacity in 1_usize..20) {
            let mut inbox = Inbox::new(SignedDuration::from_hours(1), capacity);
            let mut out = 0;
            for at in 0..count {
                inbox.offer(message(at as i64, &at.to_string()), instant(0));
                out += inbox.take(instant(0)).len();
                prop_assert!(inbox.waiting.len() <= capacity && inbox.seen.len() <= capacity * 8);
                prop_assert_eq!(inbox.seen.len(), inbox.order.len());
            }
            prop_assert_eq!(out + inbox.waiting.len(), count);
        }
    }
}
