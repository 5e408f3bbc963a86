//! What the homeserver calls us with, by the
//! [application service API](https://spec.matrix.org/v1.16/application-service-api/#homeserver---application-service-api):
//! method, path, header and body in, plain values out. Whatever serves HTTP can use it.
//!
//! **Whoever receives must remember the identifiers of transactions that it has worked on, together with that work.** A
//! transaction that is not answered with 200 comes again with the same identifier, after 2 s, 4 s and so on, and nothing
//! else comes before; one that was worked on may come again too, because our answer got lost.
//!
//! An event that cannot be understood becomes [`What::Other`], or is left out where it lacks even an identifier: to
//! refuse a transaction because of one event would stop everything behind it for good.

use crate::{
    id::{Alias, EventId, RoomId, UserId},
    message::Manner,
    registration::Namespace,
    secret::Secret,
    state::Membership,
};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

/// Below this path the homeserver calls us.
pub const PATH: &str = "/_matrix/app/v1/";

/// The most bytes of a body. Synapse sends at most 100 events at once, and an event has at most 65,536 bytes.
pub const BODY_BYTES: usize = 8 * 1_024 * 1_024;

/// The most bytes of a transaction's identifier.
const TRANSACTION_BYTES: usize = 255;

/// Something that the homeserver tells or asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Things have happened. Answer 200 and `{}` once they are worked on, also when the identifier is known already.
    Transaction {
        /// By what it is known when it comes again.
        id: String,
        /// What happened, in order.
        events: Vec<Incoming>,
    },
    /// Whether that user in our namespace should exist: see [`answer`].
    User(UserId),
    /// Whether that alias in our namespace should exist: see [`answer`].
    Room(Alias),
    /// Whether we are there, because we asked the homeserver to try. Answer 200 and `{}`.
    Ping,
}

/// Something that happened in a room in which one of our users is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// Its identifier.
    pub event: EventId,
    /// In which room.
    pub room: RoomId,
    /// By whom.
    pub sender: UserId,
    /// When, as the sender's homeserver says.
    pub at: Timestamp,
    /// Whether the sender is one of ours: it is an echo of what we did, and no news.
    pub ours: bool,
    /// What happened.
    pub what: What,
}

/// What happened in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Somebody said something.
    Message {
        /// How.
        manner: Manner,
        /// What, as plain text, without a quotation of what it answers; the name of what is attached.
        body: String,
        /// The same as HTML, as the sender wrote it. It must be made safe before it is shown.
        html: Option<String>,
        /// The event that it answers.
        reply_to: Option<EventId>,
        /// The event whose new text it is. Only the same sender may do that, which is for the receiver to check.
        edits: Option<EventId>,
        /// What is attached, as an address on the homeserver (`mxc:`).
        attached: Option<String>,
    },
    /// Somebody reacted to an event.
    Reaction {
        /// To which.
        to: EventId,
        /// With what: mostly one emoji.
        with: String,
    },
    /// Somebody took back an event: their own, or a moderator anybody's. The homeserver has checked that they may.
    Redaction {
        /// Which.
        of: EventId,
        /// Why, if it was said.
        reason: Option<String>,
    },
    /// Somebody came, was invited, left or was kept out.
    Membership {
        /// Who it is about; the sender is who did it.
        user: UserId,
        /// How they have to do with the room now.
        now: Membership,
        /// What they call themselves.
        name: Option<String>,
    },
    /// Something else, of that kind.
    Other {
        /// Its kind, such as `m.room.encrypted`.
        kind: String,
    },
}

/// Why a call is turned away.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{status} {errcode}: {message}")]
pub struct Rejection {
    /// The HTTP status to answer with.
    pub status: u16,
    /// The specification's code for the reason.
    pub errcode: &'static str,
    /// What is wrong.
    pub message: &'static str,
}

impl Rejection {
    fn new(status: u16, errcode: &'static str, message: &'static str) -> Self {
        Self { status, errcode, message }
    }

    /// The body to answer with, as JSON.
    pub fn body(&self) -> String {
        json!({ "errcode": self.errcode, "error": self.message }).to_string()
    }
}

/// Status and body of the answer to [`Call::User`] and [`Call::Room`]: whether there is one. Who answers that there is
/// has made it before.
pub fn answer(known: bool) -> (u16, &'static str) {
    if known { (200, "{}") } else { (404, r#"{"errcode":"M_NOT_FOUND","error":"There is none"}"#) }
}

/// Reads what one homeserver calls us with.
#[derive(Clone, Debug)]
pub struct Listener {
    token: Secret,
    ours: Namespace,
}

impl Listener {
    /// One that expects the `hs_token` of the registration, and knows which users are ours.
    pub fn new(token: Secret, ours: Namespace) -> Self {
        Self { token, ours }
    }

    /// Whether the caller is the homeserver, by the value of its `Authorization` header. Can be asked before a body
    /// is read.
    pub fn admit(&self, authorization: Option<&str>) -> Result<(), Rejection> {
        let Some(header) = authorization else {
            return Err(Rejection::new(401, "M_UNAUTHORIZED", "The homeserver's token is missing"));
        };
        let given = header.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        if given.is_some_and(|(_, token)| self.token.is(token.trim())) {
            return Ok(());
        }
        Err(Rejection::new(403, "M_FORBIDDEN", "This is not the homeserver's token"))
    }

    /// Reads a call: its method, its path as it came, the value of its `Authorization` header and its body.
    pub fn read(
        &self,
        method: &str,
        path: &str,
        authorization: Option<&str>,
        body: &[u8],
    ) -> Result<Call, Rejection> {
        self.admit(authorization)?;
        let unknown = || Rejection::new(404, "M_UNRECOGNIZED", "There is nothing at this address");
        let rest = path.strip_prefix(PATH).ok_or_else(unknown)?;
        let (what, name) = rest.split_once('/').unwrap_or((rest, ""));
        let name = percent_decode_str(name).decode_utf8().map_err(|_| unknown())?;
        let expects = match what {
            "transactions" => "PUT",
            "users" | "rooms" => "GET",
            "ping" => "POST",
            _ => return Err(unknown()),
        };
        if method != expects {
            return Err(Rejection::new(405, "M_UNRECOGNIZED", "This is asked with another method"));
        }
        match what {
            "users" => UserId::parse(&name).map(Call::User).map_err(|_| unknown()),
            "rooms" => Alias::parse(&name).map(Call::Room).map_err(|_| unknown()),
            "ping" => Ok(Call::Ping),
            _ if name.is_empty() || name.len() > TRANSACTION_BYTES => Err(unknown()),
            _ => Ok(Call::Transaction { id: name.into_owned(), events: self.events(body)? }),
        }
    }

    /// The events of a transaction's body.
    pub fn events(&self, body: &[u8]) -> Result<Vec<Incoming>, Rejection> {
        if body.len() > BODY_BYTES {
            return Err(Rejection::new(413, "M_TOO_LARGE", "The transaction is larger than any should be"));
        }
        let body: Value = serde_json::from_slice(body)
            .map_err(|_| Rejection::new(400, "M_NOT_JSON", "The body of the transaction is not JSON"))?;
        let events = body
            .get("events")
            .and_then(Value::as_array)
            .ok_or_else(|| Rejection::new(400, "M_BAD_JSON", "The transaction has no list of events"))?;
        Ok(events.iter().filter_map(|event| self.event(event)).collect())
    }

    fn event(&self, event: &Value) -> Option<Incoming> {
        let sender = UserId::parse(text(event, "sender")?).ok()?;
        let at = Timestamp::from_millisecond(event.get("origin_server_ts")?.as_i64()?).ok()?;
        let kind = text(event, "type")?;
        let what =
            understood(kind, event).unwrap_or_else(|| What::Other { kind: model::text::excerpt(kind, 255) });
        Some(Incoming {
            event: EventId::parse(text(event, "event_id")?).ok()?,
            room: RoomId::parse(text(event, "room_id")?).ok()?,
            ours: self.ours.holds(&sender),
            sender,
            at,
            what,
        })
    }
}

/// What an event of a kind that concerns us says; `None` where it is of another kind or says it wrongly.
fn understood(kind: &str, event: &Value) -> Option<What> {
    let content = event.get("content")?;
    match kind {
        "m.room.message" => message(content),
        "m.reaction" => {
            let relation = content.get("m.relates_to")?;
            let to = EventId::parse(text(relation, "event_id")?).ok()?;
            Some(What::Reaction { to, with: text(relation, "key")?.to_owned() })
        }
        // Older room versions say it beside the content, newer ones in it.
        "m.room.redaction" => {
            let of = text(content, "redacts").or_else(|| text(event, "redacts"))?;
            let reason = text(content, "reason").map(str::to_owned);
            Some(What::Redaction { of: EventId::parse(of).ok()?, reason })
        }
        "m.room.member" => {
            let now = Membership::parse(text(content, "membership")?)?;
            let user = UserId::parse(text(event, "state_key")?).ok()?;
            Some(What::Membership { user, now, name: text(content, "displayname").map(str::to_owned) })
        }
        _ => None,
    }
}

fn message(content: &Value) -> Option<What> {
    let relation = content.get("m.relates_to");
    let edits = relation
        .filter(|relation| text(relation, "rel_type") == Some("m.replace"))
        .and_then(|relation| EventId::parse(text(relation, "event_id")?).ok());
    let reply_to = relation
        .and_then(|relation| relation.get("m.in_reply_to"))
        .and_then(|reply| EventId::parse(text(reply, "event_id")?).ok());
    // The text of an edit stands in a content of its own; what stands outside is for clients that know no edits.
    let said = edits.as_ref().and_then(|_| content.get("m.new_content")).unwrap_or(content);
    let manner = match text(said, "msgtype")? {
        "m.notice" => Manner::Notice,
        "m.emote" => Manner::Emote,
        _ => Manner::Text,
    };
    let mut body = text(said, "body")?;
    let mut html =
        text(said, "formatted_body").filter(|_| text(said, "format") == Some("org.matrix.custom.html"));
    if reply_to.is_some() {
        body = without_quotation(body);
        html = html.map(without_quoted_html);
    }
    Some(What::Message {
        manner,
        body: body.to_owned(),
        html: html.map(str::to_owned),
        reply_to,
        edits,
        attached: text(said, "url").filter(|url| url.starts_with("mxc://")).map(str::to_owned),
    })
}

/// The text behind the lines with `> ` with which
/// [older clients](https://spec.matrix.org/v1.12/client-server-api/#fallbacks-for-rich-replies) begin an answer.
fn without_quotation(body: &str) -> &str {
    let mut rest = body;
    while rest.starts_with("> ") || rest.starts_with(">\n") {
        match rest.split_once('\n') {
            Some((_, behind)) => rest = behind,
            None => return body,
        }
    }
    if rest.len() == body.len() {
        return body;
    }
    rest.strip_prefix('\n').unwrap_or(rest)
}

fn without_quoted_html(html: &str) -> &str {
    let Some(quoted) = html.trim_start().strip_prefix("<mx-reply>") else { return html };
    quoted.split_once("</mx-reply>").map_or(html, |(_, behind)| behind)
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str()
}

#[cfg(test)]
mod tests;
