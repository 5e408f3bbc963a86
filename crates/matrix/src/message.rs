//! What is said in a room, as the
//! [specification](https://spec.matrix.org/v1.16/client-server-api/#mroommessage) writes it.

use crate::id::EventId;
use serde_json::{Map, Value, json};

/// How something is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Manner {
    /// By a person.
    #[default]
    Text,
    /// By a program: clients make no sound for it, and other programs do not answer.
    Notice,
    /// In the third person ("/me waves").
    Emote,
}

impl Manner {
    /// Its `msgtype`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "m.text",
            Self::Notice => "m.notice",
            Self::Emote => "m.emote",
        }
    }
}

/// A message to be sent. Nobody is notified by what its text happens to hold: it says that it mentions nobody.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Message {
    /// How it is said.
    pub manner: Manner,
    /// What is said, as plain text.
    pub body: String,
    /// The same as HTML that is already safe; clients that show none show the text.
    pub html: Option<String>,
    /// The event that it answers.
    pub reply_to: Option<EventId>,
    /// The event, by the same sender, that it replaces.
    pub edits: Option<EventId>,
    /// By what we know it again, under [`MARK`]: whether a message arrived whose answer was lost is seen by it.
    pub mark: Option<String>,
}

/// The field of a message's content that holds [`Message::mark`].
pub const MARK: &str = "org.plenary.said";

impl Message {
    /// Plain text.
    pub fn text(body: &str) -> Self {
        Self { body: body.to_owned(), ..Self::default() }
    }

    /// Plain text said by a program.
    pub fn notice(body: &str) -> Self {
        Self { manner: Manner::Notice, ..Self::text(body) }
    }

    /// With safe HTML beside the text.
    pub fn with_html(mut self, html: &str) -> Self {
        self.html = Some(html.to_owned());
        self
    }

    /// As an answer to that event.
    pub fn answering(mut self, event: &EventId) -> Self {
        self.reply_to = Some(event.clone());
        self
    }

    /// As the new text of that event.
    pub fn replacing(mut self, event: &EventId) -> Self {
        self.edits = Some(event.clone());
        self
    }

    /// The content of its event.
    pub fn content(&self) -> Value {
        let mut content = self.said("");
        content.insert("m.mentions".to_owned(), json!({}));
        if let Some(event) = &self.edits {
            // Clients that know no edits show this as a message of its own; the asterisk tells them.
            let new = self.said("");
            content = self.said("* ");
            content.insert("m.mentions".to_owned(), json!({}));
            content.insert("m.new_content".to_owned(), Value::Object(new));
            content.insert("m.relates_to".to_owned(), json!({ "rel_type": "m.replace", "event_id": event }));
        } else if let Some(event) = &self.reply_to {
            content.insert("m.relates_to".to_owned(), json!({ "m.in_reply_to": { "event_id": event } }));
        }
        if let Some(mark) = &self.mark {
            content.insert(MARK.to_owned(), json!(mark));
        }
        Value::Object(content)
    }

    fn said(&self, before: &str) -> Map<String, Value> {
        let mut content = Map::new();
        content.insert("msgtype".to_owned(), json!(self.manner.as_str()));
        content.insert("body".to_owned(), json!(format!("{before}{}", self.body)));
        if let Some(html) = &self.html {
            content.insert("format".to_owned(), json!("org.matrix.custom.html"));
            content.insert("formatted_body".to_owned(), json!(format!("{before}{html}")));
        }
        content
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_says_what_is_new_and_what_it_replaces() {
        let event = EventId::parse("$first").unwrap();
        let edit = Message::text("two").with_html("<b>two</b>").replacing(&event).content();
        assert_eq!(edit["body"], "* two");
        assert_eq!(edit["m.new_content"]["body"], "two");
        assert_eq!(edit["m.new_content"]["formatted_body"], "<b>two</b>");
        assert_eq!(edit["m.relates_to"], json!({ "rel_type": "m.replace", "event_id": "$first" }));
        let answer = Message::notice("yes").answering(&event).content();
        assert_eq!(answer["msgtype"], "m.notice");
        assert_eq!(answer["m.relates_to"]["m.in_reply_to"]["event_id"], "$first");
        assert_eq!(answer["m.mentions"], json!({}), "text alone calls nobody");
    }
}
