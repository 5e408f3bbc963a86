//! Carries the log to the homeserver, each room in its order and independently of the others.
//!
//! A room's cursor in the record moves once the homeserver has taken a batch. What was sent and whose answer was lost,
//! because the homeserver, the network or we went away, is looked for by its mark before it is sent again: the
//! homeserver knows the keys of utterances only until it is restarted.

use super::{Rooms, Spoke};
use crate::{
    client::{Ghost, Utterance},
    error::Error,
    id::{EventId, RoomId as MatrixId, UserId},
    message::Message,
};
use model::{
    chat::{Author, Event, Position, Said, Spoke as Way, VOTE},
    id::RoomId,
    text::RichText,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::atomic::Ordering,
    time::Duration,
};
use tokio::task::JoinSet;

/// How many events of a room are carried before its cursor moves.
const BATCH: u64 = 20;

/// How many events of the log are read at once to learn which rooms have news.
const FOLLOWED: u64 = 500;

/// How long to wait before an event is sent again; the last holds from then on.
const AGAIN: [Duration; 6] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(15),
];

/// The sign with which a question begins, and the reaction that says that it was answered.
const QUESTION: &str = "❓";
const ANSWERED: &str = "✅";

/// Carries what is said, for ever.
pub(super) async fn run(spoke: &Spoke) {
    let store = &spoke.0.store;
    let mut head = store.watch_chat();
    let mut rooms = spoke.0.rooms.subscribe();
    let mut cursors: HashMap<RoomId, Position> = HashMap::new();
    let mut followed = *head.borrow_and_update();
    match store.spoke_cursors(Way::Matrix).await {
        Ok(known) => cursors.extend(known),
        Err(error) => {
            tracing::warn!(%error, "how far Matrix has come cannot be read; trying again");
            return;
        }
    }
    let mut carried: Rooms = rooms.borrow_and_update().clone();
    // What was said before this began is looked for in every room.
    let mut waiting: BTreeSet<RoomId> = carried.keys().copied().collect();
    let mut busy: BTreeSet<RoomId> = BTreeSet::new();
    // Rooms of which nothing is there that we do not know of.
    let mut sure: BTreeSet<RoomId> = BTreeSet::new();
    let mut tasks: JoinSet<(RoomId, Position)> = JoinSet::new();
    loop {
        let ready: Vec<RoomId> = waiting.iter().filter(|room| !busy.contains(room)).copied().collect();
        for room in ready {
            waiting.remove(&room);
            let Some(there) = carried.get(&room) else { continue };
            busy.insert(room);
            let from = cursors.get(&room).copied().unwrap_or_default();
            let one = OneRoom {
                spoke: spoke.clone(),
                room,
                there: there.clone(),
                marks: sure.contains(&room).then(BTreeMap::new),
            };
            tasks.spawn(one.carry(from));
        }
        tokio::select! {
            Some(done) = tasks.join_next() => match done {
                Ok((room, to)) => {
                    busy.remove(&room);
                    sure.insert(room);
                    cursors.insert(room, to);
                }
                Err(error) => {
                    // Whatever it was, all rooms begin again from what the record knows.
                    tracing::error!(%error, "carrying a room to Matrix ended; beginning again");
                    return;
                }
            },
            changed = rooms.changed() => {
                if changed.is_err() {
                    return;
                }
                carried = rooms.borrow_and_update().clone();
                waiting.extend(carried.keys().copied());
            }
            changed = head.changed() => {
                if changed.is_err() {
                    return;
                }
                let to = *head.borrow_and_update();
                while followed < to {
                    match store.chat_since(followed, FOLLOWED).await {
                        Ok((_, newest)) if newest == followed => break,
                        Ok((events, newest)) => {
                            waiting.extend(events.iter().map(|event| event.room));
                            followed = newest;
                        }
                        Err(error) => {
                            tracing::warn!(%error, "what is said cannot be read for Matrix; trying again");
                            tokio::time::sleep(AGAIN[1]).await;
                        }
                    }
                }
            }
        }
    }
}

/// A room whose log is carried.
struct OneRoom {
    spoke: Spoke,
    room: RoomId,
    there: MatrixId,
    /// Marks that were found there; `None` until they are looked for.
    marks: Option<BTreeMap<String, EventId>>,
}

impl OneRoom {
    /// Carries all that follows `from`, and gives the place up to which the room was carried. Returns when nothing is left.
    async fn carry(mut self, from: Position) -> (RoomId, Position) {
        let store = self.spoke.0.store.clone();
        let mut at = from;
        loop {
            let events = match store.chat_in(self.room, at, BATCH).await {
                Ok(events) => events,
                Err(error) => {
                    tracing::warn!(%error, "a room cannot be read for Matrix; trying again");
                    tokio::time::sleep(AGAIN[2]).await;
                    continue;
                }
            };
            let Some(last) = events.last().map(|event| event.position) else { return (self.room, at) };
            let mut taken: Vec<(Position, String)> = vec![];
            for event in events.iter().filter(|event| event.spoke != Way::Matrix) {
                if let Some(outside) = self.patiently(event, &taken).await {
                    taken.push((event.position, outside.to_string()));
                }
            }
            while let Err(error) = store.move_spoke(Way::Matrix, self.room, last, &taken).await {
                tracing::warn!(%error, "how far Matrix has come cannot be kept; trying again");
                tokio::time::sleep(AGAIN[2]).await;
            }
            at = last;
        }
    }

    /// Says one event, for as long as it takes; `None` where there is nothing to say, or it is refused for good.
    async fn patiently(&mut self, event: &Event, taken: &[(Position, String)]) -> Option<EventId> {
        let mut pauses = AGAIN.iter().copied();
        let mut told = false;
        loop {
            let error = match self.one(event, taken).await {
                Ok(outside) => return outside,
                Err(Failed::Record(error)) => {
                    tracing::warn!(%error, "a message for Matrix cannot be read; trying again");
                    tokio::time::sleep(AGAIN[2]).await;
                    continue;
                }
                Err(Failed::Homeserver(error)) => error,
            };
            if is_for_good(&error) {
                let skipped = self.spoke.0.skipped.fetch_add(1, Ordering::Relaxed) + 1;
                tracing::warn!(%error, skipped, position = event.position, room = %self.there, "the homeserver refuses an event, which is passed over");
                return None;
            }
            // It may have arrived all the same.
            self.marks = None;
            let mut pause = pauses.next().unwrap_or(AGAIN[AGAIN.len() - 1]);
            if let Error::Limited { after } = &error {
                pause = pause.max(*after);
            }
            if !told && pause >= AGAIN[3] {
                told = true;
                tracing::warn!(%error, room = %self.there, "Matrix is away; what is said reaches it later");
            }
            tokio::time::sleep(pause).await;
        }
    }

    async fn one(&mut self, event: &Event, taken: &[(Position, String)]) -> Result<Option<EventId>, Failed> {
        match &event.said {
            Said::Message { text, reply_to } => {
                let answers = match reply_to {
                    Some(target) => self.outside(*target, taken).await?,
                    None => None,
                };
                let message = Message { reply_to: answers, ..self.message(event, text, "") };
                self.say_once(event, message).await.map(Some)
            }
            Said::Question { text } => {
                let message = self.message(event, text, QUESTION);
                self.say_once(event, message).await.map(Some)
            }
            Said::Edit { target, text } => {
                let Some(of) = self.outside(*target, taken).await? else { return Ok(None) };
                let message = Message { edits: Some(of), ..self.message(event, text, "") };
                Ok(Some(self.say(event, &message).await?))
            }
            Said::Removal { target } => {
                let Some(of) = self.outside(*target, taken).await? else { return Ok(None) };
                let key = event.id.to_string();
                Ok(Some(self.spoke.0.client.redact(self.by(None, &key), &of, "").await?))
            }
            Said::Reaction { target, emoji, given } => {
                let ghost = self.spoke.ghost(&event.author);
                self.react(event, ghost, *target, &outward(emoji), *given, taken).await
            }
            Said::Answered { target, answered } => {
                self.react(event, None, *target, ANSWERED, *answered, taken).await
            }
        }
    }

    /// Gives a reaction, or takes it back.
    async fn react(
        &self,
        event: &Event,
        ghost: Option<UserId>,
        target: Position,
        with: &str,
        given: bool,
        taken: &[(Position, String)],
    ) -> Result<Option<EventId>, Failed> {
        let client = &self.spoke.0.client;
        let Some(to) = self.outside(target, taken).await? else { return Ok(None) };
        let key = event.id.to_string();
        let utterance = self.by(ghost.as_ref(), &key);
        if !given {
            let by = match &ghost {
                Some(ghost) => ghost.clone(),
                None => {
                    self.spoke.0.settings.ours.sender().map_err(|error| Error::Request(error.to_string()))?
                }
            };
            let Some(reaction) = client.reaction(&self.there, &by, &to, with).await? else { return Ok(None) };
            return Ok(Some(client.redact(utterance, &reaction, "").await?));
        }
        if let Some(ghost) = &ghost {
            self.introduce(ghost, event).await?;
        }
        let outcome = match client.react(utterance, &to, with).await {
            Err(error) if error.is("M_FORBIDDEN") && ghost.is_some() => {
                if let Some(id) = &ghost {
                    client.enter(&self.there, &Ghost { id, name: event.name.as_str() }).await?;
                }
                client.react(utterance, &to, with).await
            }
            other => other,
        };
        match outcome {
            Ok(reaction) => Ok(Some(reaction)),
            // It stands there already.
            Err(error) if error.is("M_DUPLICATE_ANNOTATION") => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Says something that was not said there before.
    async fn say_once(&mut self, event: &Event, message: Message) -> Result<EventId, Failed> {
        let mark = event.id.to_string();
        let marks = match &mut self.marks {
            Some(marks) => marks,
            none => none.insert(self.spoke.0.client.marks(&self.there, event.at).await?),
        };
        if let Some(there) = marks.get(&mark) {
            return Ok(there.clone());
        }
        Ok(self.say(event, &Message { mark: Some(mark), ..message }).await?)
    }

    /// Says a message as its author's ghost. Where the ghost may not speak, as in a room that is closed for all but
    /// moderators, we say it in its name: whether it may be said was decided when it was.
    async fn say(&self, event: &Event, message: &Message) -> Result<EventId, Error> {
        let client = &self.spoke.0.client;
        let key = event.id.to_string();
        let ourselves = self.by(None, &key);
        let at = Some(event.at);
        let Some(ghost) = self.spoke.ghost(&event.author) else {
            return client.say(Utterance { at, ..ourselves }, message).await;
        };
        self.introduce(&ghost, event).await?;
        let who = Ghost { id: &ghost, name: event.name.as_str() };
        match client.say_as(&who, Utterance { at, ..ourselves }, message).await {
            Err(error) if error.is("M_FORBIDDEN") => {
                let body = format!("{}: {}", event.name, message.body);
                let spoken = Message { body, html: None, ..message.clone() };
                client.say(Utterance { at, ..ourselves }, &spoken).await
            }
            other => other,
        }
    }

    /// Makes sure that a ghost is called as its person is now.
    async fn introduce(&self, ghost: &UserId, event: &Event) -> Result<(), Error> {
        let (names, client, name) = (&self.spoke.0.names, &self.spoke.0.client, event.name.as_str());
        if names.is_new(ghost, name) {
            client.register(ghost.localpart()).await?;
            client.set_display_name(ghost, name).await?;
            names.named(ghost, name);
        }
        Ok(())
    }

    fn by<'a>(&'a self, by: Option<&'a UserId>, key: &'a str) -> Utterance<'a> {
        Utterance { room: &self.there, by, key, at: None }
    }

    fn message(&self, event: &Event, text: &RichText, sign: &str) -> Message {
        let html = (self.spoke.0.render)(text);
        let mut message = match event.author {
            Author::System => Message::notice(&unescaped(text.as_str())),
            _ => Message::text(text.as_str()),
        };
        if sign.is_empty() {
            return message.with_html(&html);
        }
        message.body = format!("{sign} {}", message.body);
        message.with_html(&format!("{sign} {html}"))
    }

    /// What the homeserver calls a message; `None` where it does not have it.
    async fn outside(
        &self,
        target: Position,
        taken: &[(Position, String)],
    ) -> Result<Option<EventId>, Failed> {
        let just = taken.iter().find(|(position, _)| *position == target).map(|(_, outside)| outside.clone());
        let outside = match just {
            Some(outside) => Some(outside),
            None => self.spoke.0.store.outside_names(Way::Matrix, &[target]).await?.remove(&target),
        };
        Ok(outside.and_then(|outside| EventId::parse(&outside).ok()))
    }
}

/// Why an event was not said.
enum Failed {
    Record(store::Error),
    Homeserver(Error),
}

impl From<store::Error> for Failed {
    fn from(error: store::Error) -> Self {
        Self::Record(error)
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Homeserver(error)
    }
}

/// Whether the homeserver will never take it. A token that it does not know, or an answer that is none of a homeserver,
/// concerns no event in particular, and is mended one day.
fn is_for_good(error: &Error) -> bool {
    match error {
        Error::Refused { status, errcode, .. } => !error.may_pass() && *status != 401 && !errcode.is_empty(),
        Error::Request(_) => true,
        _ => false,
    }
}

/// An emoji as Matrix clients send it: the thumb with the mark that it is a picture, so that both count together.
fn outward(emoji: &str) -> String {
    if emoji == VOTE { format!("{VOTE}\u{fe0f}") } else { emoji.to_owned() }
}

/// The text of our own notices without the backslashes that keep titles from being markup.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\\' && chars.peek().is_some_and(char::is_ascii_punctuation) {
            continue;
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_concerns_the_event_itself_passes_it_over() {
        let refused = |status, errcode: &str| Error::Refused {
            status,
            errcode: errcode.to_owned(),
            message: String::new(),
        };
        assert!(is_for_good(&refused(413, "M_TOO_LARGE")) && is_for_good(&refused(403, "M_FORBIDDEN")));
        assert!(!is_for_good(&refused(401, "M_UNKNOWN_TOKEN")), "the registration is mended");
        assert!(!is_for_good(&refused(404, "")), "a proxy answers for a homeserver that is away");
        assert!(!is_for_good(&Error::Limited { after: Duration::ZERO }));
    }

    #[test]
    fn a_title_in_a_notice_stands_there_as_it_is() {
        assert_eq!(unescaped("Now: a\\_b, c\\d"), "Now: a_b, c\\d");
        assert_eq!(outward("👍"), "👍\u{fe0f}");
    }
}
