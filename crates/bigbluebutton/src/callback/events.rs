//! The events that bbb-webhooks delivers: a form with `domain`, `timestamp` and `event`, which is a JSON array
//! (<https://docs.bigbluebutton.org/development/webhooks/#event-types>).
//!
//! Reading is lenient within an event, since versions differ, and strict about the whole. Edits, deletions and reactions
//! of chat messages are never delivered, and messages of private chats neither.

use super::Rejected;
use crate::meeting::Role;
use serde_json::Value;

/// The most bytes of a callback that are read; bbb-webhooks sends events one by one unless many wait.
pub const BODY_MAX: usize = 1_000_000;

/// The most events in one callback.
const EVENTS_MAX: usize = 1_000;

/// One callback.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// The host that the server takes itself for.
    pub domain: String,
    /// When it was sent first, in milliseconds since 1970; a repetition keeps it.
    pub timestamp: i64,
    /// What happened, not always in the order in which it happened.
    pub events: Vec<Event>,
}

/// Something that happened in a meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When bbb-webhooks saw it, in milliseconds since 1970.
    pub at: i64,
    /// The server's identifier of the run; empty where the event is of none.
    pub internal: String,
    /// Our identifier of the meeting; empty where bbb-webhooks did not see it being opened. Then look up
    /// [`Event::internal`], which `create` answered.
    pub external: String,
    /// What it was.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The meeting was opened.
    MeetingCreated {
        /// What it is called.
        name: String,
    },
    /// The meeting is over. That everybody left is told too.
    MeetingEnded,
    /// Somebody came in.
    UserJoined(Person),
    /// Somebody left.
    UserLeft(Person),
    /// Somebody wrote into the public chat.
    Chat(ChatMessage),
    /// A recording went a step further.
    Recording {
        /// The step, such as `publish-ended`, `published`, `deleted`.
        step: String,
        /// Which recording.
        recording: String,
        /// Whether the step succeeded; `true` where nothing is said.
        success: bool,
    },
    /// Anything else, by its name.
    Other(String),
}

/// Somebody in a meeting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// The server's identifier of their session, `w_...`.
    pub internal: String,
    /// Whom we know them as; empty where we gave nothing.
    pub external: String,
    /// Their name.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

/// A message in the public chat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChatMessage {
    /// The server's identifier of the message.
    pub id: String,
    /// What it says, as plain text; not to be trusted.
    pub text: String,
    /// The server's identifier of the sender's session.
    pub sender: String,
    /// Whom we know the sender as; empty for guests and for what came from outside.
    pub person: String,
    /// The sender's name.
    pub name: String,
    /// When it was written by the server's clock, in milliseconds since 1970.
    pub at: i64,
}

impl ChatMessage {
    /// Whether it is one that was sent from outside by `sendChatMessage`: the server takes the name for the identifier of
    /// the session then, and there is no person. Those who are inside have an identifier of the server's making.
    ///
    /// **What is an echo must not be sent on**, or two ends of a bridge talk with one another for ever.
    pub fn is_echo(&self) -> bool {
        self.person.is_empty() && self.sender == self.name
    }
}

/// Reads a callback that was verified.
pub fn read(body: &[u8]) -> Result<Delivery, Rejected> {
    if body.len() > BODY_MAX {
        return Err(Rejected::Malformed("it is too long"));
    }
    let mut delivery = Delivery::default();
    let mut events = None;
    for (name, value) in form_urlencoded::parse(body) {
        match &*name {
            "domain" => delivery.domain = value.into_owned(),
            "timestamp" => delivery.timestamp = value.parse().unwrap_or_default(),
            "event" => events = Some(value.into_owned()),
            _ => {}
        }
    }
    let events = events.ok_or(Rejected::Malformed("it has no \"event\""))?;
    let events: Value =
        serde_json::from_str(&events).map_err(|_| Rejected::Malformed("\"event\" is not JSON"))?;
    let events = match events {
        Value::Array(events) => events,
        // Before 3.0 an event may stand alone.
        one @ Value::Object(_) => vec![one],
        _ => return Err(Rejected::Malformed("\"event\" is no list")),
    };
    if events.len() > EVENTS_MAX {
        return Err(Rejected::Malformed("it has too many events"));
    }
    delivery.events = events.iter().filter_map(event).collect();
    Ok(delivery)
}

/// `None` for what has no name, of which nothing can be said.
fn event(value: &Value) -> Option<Event> {
    let name = value.pointer("/data/id").and_then(Value::as_str)?;
    let nothing = Value::Null;
    let attributes = value.pointer("/data/attributes").unwrap_or(&nothing);
    let meeting = attributes.get("meeting").unwrap_or(&nothing);
    Some(Event {
        at: number(value.pointer("/data/event").unwrap_or(&nothing), "ts"),
        internal: text(meeting, "internal-meeting-id"),
        external: text(meeting, "external-meeting-id"),
        what: what(name, attributes, meeting),
    })
}

fn what(name: &str, attributes: &Value, meeting: &Value) -> What {
    let nothing = Value::Null;
    match name {
        "meeting-created" => What::MeetingCreated { name: text(meeting, "name") },
        "meeting-ended" => What::MeetingEnded,
        "user-joined" => What::UserJoined(person(attributes.get("user").unwrap_or(&nothing))),
        "user-left" => What::UserLeft(person(attributes.get("user").unwrap_or(&nothing))),
        "chat-group-message-sent" => What::Chat(message(attributes.get("chat-message").unwrap_or(&nothing))),
        name => match name.strip_prefix("rap-") {
            Some(step) => What::Recording {
                step: step.to_owned(),
                recording: text(attributes, "record-id"),
                success: attributes.get("success").and_then(Value::as_bool).unwrap_or(true),
            },
            None => What::Other(name.to_owned()),
        },
    }
}

fn person(user: &Value) -> Person {
    Person {
        internal: text(user, "internal-user-id"),
        external: text(user, "external-user-id"),
        name: text(user, "name"),
        role: Role::lenient(&text(user, "role")),
    }
}

fn message(value: &Value) -> ChatMessage {
    let nothing = Value::Null;
    let sender = value.get("sender").unwrap_or(&nothing);
    ChatMessage {
        id: text(value, "id"),
        text: super::text::plain(&text(value, "message")),
        sender: text(sender, "internal-user-id"),
        person: text(sender, "external-user-id"),
        name: text(sender, "name"),
        at: number(sender, "time"),
    }
}

/// A text; a number is taken for one, since identifiers are whatever their maker gave.
fn text(value: &Value, name: &str) -> String {
    match value.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// A number; some versions write it as a text.
fn number(value: &Value, name: &str) -> i64 {
    match value.get(name) {
        Some(Value::Number(number)) => number.as_i64().unwrap_or_default(),
        Some(Value::String(text)) => text.parse().unwrap_or_default(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn body(events: &Value) -> Vec<u8> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("domain", "bbb1.example.org").append_pair("event", &events.to_string());
        form.append_pair("timestamp", "1698771232800").finish().into_bytes()
    }

    fn chat(sender: &Value) -> Value {
        json!([{"data": {"type": "event", "id": "chat-group-message-sent", "attributes": {
            "meeting": {"internal-meeting-id": "abc-1", "external-meeting-id": "track-a"},
            "chat-message": {"id": "m1", "message": "a &lt;b&gt; &amp; c", "sender": sender},
            "chat-id": "MAIN-PUBLIC-GROUP-CHAT"}, "event": {"ts": 1_795_427_063_974_i64}}}])
    }

    #[test]
    fn a_chat_message_is_read_as_plain_text() {
        let sender =
            json!({"internal-user-id": "w_x", "external-user-id": "p7", "name": "John", "time": 1_698});
        let delivery = read(&body(&chat(&sender))).unwrap();
        assert_eq!(delivery.domain, "bbb1.example.org");
        let [event] = delivery.events.as_slice() else { panic!("one event") };
        assert_eq!((event.external.as_str(), event.at), ("track-a", 1_795_427_063_974));
        let What::Chat(message) = &event.what else { panic!("a message") };
        assert_eq!(message.text, "a <b> & c");
        assert_eq!((message.person.as_str(), message.at), ("p7", 1_698));
        assert!(!message.is_echo());
    }

    #[test]
    fn what_we_sent_ourselves_is_an_echo_and_a_guest_is_not() {
        let is_echo = |sender: Value| {
            let delivery = read(&body(&chat(&sender))).unwrap();
            let What::Chat(message) = &delivery.events[0].what else { panic!("a message") };
            message.is_echo()
        };
        assert!(is_echo(json!({"internal-user-id": "Ada (Matrix)", "name": "Ada (Matrix)", "time": 1})));
        assert!(!is_echo(json!({"internal-user-id": "w_y", "name": "Guest", "time": 1})));
        assert!(!is_echo(
            json!({"internal-user-id": "Eve", "external-user-id": "p9", "name": "Eve", "time": 1})
        ));
    }

    #[test]
    fn events_that_are_not_known_keep_their_name() {
        let events = json!([
            {"data": {"id": "poll-started", "attributes": {"meeting": {"internal-meeting-id": "abc-1"}}}},
            {"data": {"id": "rap-publish-ended", "attributes": {"record-id": "abc-1", "success": false}}},
            {"data": {"id": "meeting-ended", "attributes": {}, "event": {"ts": "5"}}},
            {"nonsense": true},
        ]);
        let delivery = read(&body(&events)).unwrap();
        assert_eq!(delivery.events.len(), 3);
        assert_eq!(delivery.events[0].what, What::Other("poll-started".to_owned()));
        let step = What::Recording {
            step: "publish-ended".to_owned(),
            recording: "abc-1".to_owned(),
            success: false,
        };
        assert_eq!(delivery.events[1].what, step);
        assert_eq!((&delivery.events[2].what, delivery.events[2].at), (&What::MeetingEnded, 5));
    }

    #[test]
    fn what_is_no_callback_is_refused() {
        for body in [&b"domain=x"[..], b"event=no", b"event=3", b"", &[0xff; 40]] {
            assert!(matches!(read(body), Err(Rejected::Malformed(_))));
        }
        assert!(read(&vec![b'a'; BODY_MAX + 1]).is_err());
    }
}
