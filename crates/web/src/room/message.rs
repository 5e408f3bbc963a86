//! A message as readers see it: the same markup on a page and in what open pages are sent.

use crate::markup::{self, SafeHtml};
use askama::Template;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use jiff::Timestamp;
use model::{
    chat::{Author, Event, Message, Position, Spoke},
    text::RichText,
    time::Zone,
};
use serde::Serialize;
use sha2::{Digest, Sha256};
use store::Store;

/// What the anchor of a message in the conversation begins with, and of a question in the list of them.
pub(super) const MESSAGE: char = 'm';
pub(super) const QUESTION: char = 'q';

/// How many letters of a message its answer quotes.
const QUOTED: usize = 80;

#[derive(Template)]
#[template(path = "room/message.html")]
struct MessageView {
    anchor: char,
    position: Position,
    who: String,
    name: String,
    spoke: &'static str,
    system: bool,
    instant: String,
    time: String,
    edited: bool,
    question: bool,
    answered: bool,
    votes: usize,
    removed: bool,
    html: SafeHtml,
    replied: Option<(Position, String, String)>,
    /// Each emoji, how many gave it, and who, by what tells them apart.
    reactions: Vec<(String, usize, String)>,
}

/// What an open page is sent when something was said.
#[derive(Serialize)]
struct News<'a> {
    /// Its place: from where on the page asks when its connection broke.
    seq: Position,
    /// The message that is new or that changed.
    message: Position,
    /// How whoever did it is called, for a notice.
    name: &'a str,
    /// The message as it stands.
    html: String,
    /// What it says as it was typed, for its author to change.
    text: &'a str,
}

/// What tells one person from another on pages: it says nothing of their account, and nobody can make it up.
pub(crate) fn who(store: &Store, author: &Author) -> String {
    let key = match author {
        Author::Account(id) => format!("account {id}"),
        Author::Outside(id) => format!("outside {id}"),
        Author::System => return "system".to_owned(),
        Author::Gone => return "gone".to_owned(),
    };
    let signature = store.secret().sign("somebody in a room", &key);
    URL_SAFE_NO_PAD.encode(&Sha256::digest(signature)[..9])
}

/// How somebody is called.
pub(super) fn name(message: &Message) -> String {
    match message.name.non_empty() {
        Some(name) => name.to_owned(),
        None => "Somebody who left".to_owned(),
    }
}

/// The list item of a message; times in `zone`, else in UTC. In the list of questions it has another anchor than in the
/// conversation, which holds it too.
pub(super) fn html(
    store: &Store,
    message: &Message,
    replied: Option<&Message>,
    zone: Option<&Zone>,
    anchor: char,
) -> Result<String, askama::Error> {
    let time = match zone {
        Some(zone) => zone.local(message.at).strftime("%H:%M").to_string(),
        None => message.at.strftime("%H:%M UTC").to_string(),
    };
    let quoted = |replied: &Message| {
        let text = replied.text.as_ref().map_or_else(
            || "a message that was removed".to_owned(),
            |text| markup::beginning(&markup::plain(text), QUOTED),
        );
        (replied.position, name(replied), text)
    };
    let view = MessageView {
        anchor,
        position: message.position,
        who: who(store, &message.author),
        name: name(message),
        spoke: match message.spoke {
            Spoke::Browser | Spoke::System => "",
            other => other.shown(),
        },
        system: message.spoke == Spoke::System,
        instant: rounded(message.at),
        time,
        edited: message.edited.is_some(),
        question: message.question,
        answered: message.answered,
        votes: message.votes(),
        removed: message.text.is_none(),
        html: message.text.as_ref().map(markup::chat).unwrap_or_default(),
        replied: replied.map(quoted),
        reactions: message
            .reactions
            .iter()
            .map(|(emoji, by)| {
                let whose: Vec<String> = by.iter().map(|author| who(store, author)).collect();
                (emoji.clone(), by.len(), whose.join(" "))
            })
            .collect(),
    };
    view.render()
}

/// To the second: nobody reads more.
fn rounded(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// What open pages are sent when something was said.
pub(crate) fn news(store: &Store, event: &Event, message: &Message, replied: Option<&Message>) -> Bytes {
    let html = html(store, message, replied, None, MESSAGE).unwrap_or_else(|error| {
        tracing::error!(%error, "a message cannot be drawn");
        String::new()
    });
    let news = News {
        seq: event.position,
        message: message.position,
        name: event.name.as_str(),
        html,
        text: message.text.as_ref().map(RichText::as_str).unwrap_or_default(),
    };
    match serde_json::to_vec(&news) {
        Ok(json) => Bytes::from(json),
        Err(error) => {
            tracing::error!(%error, "a message cannot be written as JSON");
            Bytes::new()
        }
    }
}
