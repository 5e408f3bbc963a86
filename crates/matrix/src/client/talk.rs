//! What our users say in rooms.

use super::{Client, owned_event, owned_room};
use crate::{
    error::Error,
    id::{EventId, RoomId, UserId},
    message::{MARK, Message},
};
use jiff::Timestamp;
use ruma::{
    MilliSecondsSinceUnixEpoch, UInt,
    api::{
        Direction,
        client::{
            message::{get_message_events, send_message_event},
            redact::redact_event,
            relations::get_relating_events_with_rel_type_and_event_type as relating,
            room::get_room_event,
        },
    },
    events::{TimelineEventType, relation::RelationType},
    serde::Raw,
};
use serde_json::{Value, json, value::to_raw_value};
use std::collections::BTreeMap;

/// Whom an utterance is by, where, and how the homeserver knows that it has seen it.
#[derive(Clone, Copy, Debug)]
pub struct Utterance<'a> {
    /// The room.
    pub room: &'a RoomId,
    /// Which of our users says it; ourselves where none is named.
    pub by: Option<&'a UserId>,
    /// A key that no other utterance has: said again with it, nothing happens twice and the same event comes back.
    pub key: &'a str,
    /// When it was said, where that is not now.
    pub at: Option<Timestamp>,
}

/// Somebody who speaks elsewhere, as Matrix sees them.
#[derive(Clone, Copy, Debug)]
pub struct Ghost<'a> {
    /// Their Matrix id, in our namespace.
    pub id: &'a UserId,
    /// What people see. Used when the ghost is made; later changes take [`Client::set_display_name`].
    pub name: &'a str,
}

impl Client {
    /// Says something.
    pub async fn say(&self, who: Utterance<'_>, message: &Message) -> Result<EventId, Error> {
        self.send(who, "m.room.message", &message.content()).await
    }

    /// Has a ghost say something, who comes into being and enters the room when that is the first time: members come
    /// lazily. A ghost that was banned stays out, and the call is refused.
    pub async fn say_as(
        &self,
        ghost: &Ghost<'_>,
        who: Utterance<'_>,
        message: &Message,
    ) -> Result<EventId, Error> {
        let who = Utterance { by: Some(ghost.id), ..who };
        match self.say(who, message).await {
            // Either the homeserver does not know the ghost, or the ghost is not in the room.
            Err(error) if error.is("M_FORBIDDEN") => {
                self.enter(who.room, ghost).await?;
                self.say(who, message).await
            }
            other => other,
        }
    }

    /// Has a ghost enter a room, who is made and named where need be, and invited where the room is private.
    pub async fn enter(&self, room: &RoomId, ghost: &Ghost<'_>) -> Result<(), Error> {
        if self.register(ghost.id.localpart()).await? {
            self.set_display_name(ghost.id, ghost.name).await?;
        }
        match self.join(room, ghost.id).await {
            Err(error) if error.is("M_FORBIDDEN") => {
                self.invite(room, ghost.id).await?;
                self.join(room, ghost.id).await
            }
            other => other,
        }
    }

    /// Reacts to an event with a word or, mostly, one emoji.
    pub async fn react(&self, who: Utterance<'_>, to: &EventId, with: &str) -> Result<EventId, Error> {
        let content = json!({ "m.relates_to": { "rel_type": "m.annotation", "event_id": to, "key": with } });
        self.send(who, "m.reaction", &content).await
    }

    /// Takes back what somebody said, a reaction too. `reason` is seen by all in the room. The time cannot be set.
    pub async fn redact(&self, who: Utterance<'_>, event: &EventId, reason: &str) -> Result<EventId, Error> {
        let mut request =
            redact_event::v3::Request::new(owned_room(who.room)?, owned_event(event)?, who.key.into());
        request.reason = (!reason.is_empty()).then(|| reason.to_owned());
        let done = self.call(request, who.by).await?;
        self.event(done.event_id.as_str())
    }

    async fn send(&self, who: Utterance<'_>, kind: &str, content: &Value) -> Result<EventId, Error> {
        let body = to_raw_value(content).map_err(|error| Error::Request(error.to_string()))?;
        let mut request = send_message_event::v3::Request::new_raw(
            owned_room(who.room)?,
            who.key.into(),
            kind.into(),
            Raw::from_json(body),
        );
        request.timestamp = who
            .at
            .and_then(|at| u64::try_from(at.as_millisecond()).ok())
            .and_then(|at| UInt::try_from(at).ok())
            .map(MilliSecondsSinceUnixEpoch);
        let sent = self.call(request, who.by).await?;
        self.event(sent.event_id.as_str())
    }

    /// An event as the homeserver has it now, whole; `None` where it is not there or we may not see it.
    pub async fn event_in(&self, room: &RoomId, event: &EventId) -> Result<Option<Value>, Error> {
        let request = get_room_event::v3::Request::new(owned_room(room)?, owned_event(event)?);
        match self.call(request, None).await {
            Ok(answer) => serde_json::from_str(answer.event.json().get())
                .map(Some)
                .map_err(|error| self.malformed(&error.to_string())),
            Err(error) if error.is("M_NOT_FOUND") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The [marks](Message::mark) of the newest messages in a room, back to `since` at least and at most some hundreds of
    /// events, with the events that bear them.
    pub async fn marks(&self, room: &RoomId, since: Timestamp) -> Result<BTreeMap<String, EventId>, Error> {
        let mut marks = BTreeMap::new();
        let mut from = None;
        for _ in 0..MARK_PAGES {
            let mut request = get_message_events::v3::Request::new(owned_room(room)?, Direction::Backward);
            request.from = from;
            request.limit = MARK_PAGE.into();
            let answer = self.call(request, None).await?;
            let mut older = false;
            for event in &answer.chunk {
                let event: Value = serde_json::from_str(event.json().get())
                    .map_err(|error| self.malformed(&error.to_string()))?;
                let at = event.get("origin_server_ts").and_then(Value::as_i64);
                older |= at.is_some_and(|at| at < since.as_millisecond());
                let mark = event.get("content").and_then(|content| content.get(MARK)?.as_str());
                let id = event.get("event_id").and_then(Value::as_str);
                if let (Some(mark), Some(id)) = (mark, id) {
                    marks.insert(mark.to_owned(), self.event(id)?);
                }
            }
            from = answer.end;
            if older || from.is_none() {
                break;
            }
        }
        Ok(marks)
    }

    /// The event with which somebody reacted so, if it still stands.
    pub async fn reaction(
        &self,
        room: &RoomId,
        by: &UserId,
        to: &EventId,
        with: &str,
    ) -> Result<Option<EventId>, Error> {
        let mut from = None;
        loop {
            let mut request = relating::v1::Request::new(
                owned_room(room)?,
                owned_event(to)?,
                RelationType::Annotation,
                TimelineEventType::Reaction,
            );
            request.from = from;
            request.limit = Some(MARK_PAGE.into());
            let answer = self.call(request, None).await?;
            for event in &answer.chunk {
                let event: Value = serde_json::from_str(event.json().get())
                    .map_err(|error| self.malformed(&error.to_string()))?;
                let key = event.pointer("/content/m.relates_to/key").and_then(Value::as_str);
                let sender = event.get("sender").and_then(Value::as_str);
                let id = event.get("event_id").and_then(Value::as_str);
                if let (Some(id), true) = (id, key == Some(with) && sender == Some(by.as_str())) {
                    return Ok(Some(self.event(id)?));
                }
            }
            from = answer.next_batch;
            if from.is_none() {
                return Ok(None);
            }
        }
    }
}

/// How many events a page of marks or reactions has, and over how many pages marks are looked for.
const MARK_PAGE: u32 = 100;
const MARK_PAGES: usize = 5;
