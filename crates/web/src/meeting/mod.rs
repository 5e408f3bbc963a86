//! Meetings with sound and picture in rooms, on BigBlueButton servers: see the crate `bigbluebutton` for what it takes.
//!
//! `open.rs` places and opens a meeting when somebody joins, `pool.rs` looks at the servers and puts right what is not as
//! it should be, `bridge.rs` tells a meeting what is said in its room, `hook.rs` takes what servers tell.

mod bridge;
mod hook;
mod open;
mod pool;

pub(crate) use bridge::run as bridge;
pub(crate) use hook::routes;
pub(crate) use open::{NotOpen, open, recording_notice};
pub(crate) use pool::run as pool;

use crate::site::Site;
use bigbluebutton::{
    Secret, Server,
    api::Client,
    callback::inbox::Inbox,
    checksum::Algorithm,
    meeting::MeetingId,
    pool::{Node, Pulse, State},
    profile::Version,
};
use jiff::Timestamp;
use model::{
    Refusal,
    chat::{Author, Rights, Said, Spoke},
    id::{AccountId, EditionId, RoomId},
    meeting::{KnownMeeting, MeetingServer, ServerState},
    text::{Line, RichText},
};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use store::{KnownServer, Saying, SharedSecret};
use tokio::sync::Notify;
use uuid::Uuid;

/// What a node holds of meetings in memory: nothing that the record or the servers do not know.
#[derive(Debug, Default)]
pub(crate) struct Meetings {
    /// Wakes who looks at the servers.
    look: Notify,
    /// Messages from meetings that wait for those that are late.
    inboxes: Mutex<HashMap<RoomId, Inbox>>,
    /// One at a time says what came, so that the order stays.
    saying: tokio::sync::Mutex<()>,
    /// Whose account servers know by which name.
    people: Mutex<HashMap<String, AccountId>>,
    /// What the last plan could not put right by itself.
    told: Mutex<Vec<String>>,
}

impl Meetings {
    /// Has the servers looked at soon.
    pub(crate) fn look_soon(&self) {
        self.look.notify_one();
    }

    /// What the last plan of this node could not put right by itself.
    pub(crate) fn told(&self) -> Vec<String> {
        locked(&self.told).clone()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The client of a server; `None` where its address is damaged, which the log says.
pub(crate) fn client(site: &Site, known: &KnownServer) -> Option<Client> {
    let fetcher = site.fetcher()?.clone();
    let server = server(&known.server.url, &known.secret)
        .inspect_err(
            |refusal| tracing::warn!(server = %known.server.name, %refusal, "a server cannot be called"),
        )
        .ok()?;
    Some(Client::new(fetcher, server))
}

/// A server by its address and secret as typed.
pub(crate) fn server(url: &str, secret: &SharedSecret) -> Result<Server, Refusal> {
    Server::new(url, Secret::new(secret.reveal()), Algorithm::Sha256)
        .map_err(|error| Refusal::new("url", error.to_string(), "Use what `bbb-conf --secret` prints"))
}

/// The origin of a server's pages, for the policy of the page that leads to it.
pub(crate) fn origin(server: &MeetingServer) -> Option<String> {
    let (scheme, rest) =
        server.url.split_once("://").filter(|(scheme, _)| matches!(*scheme, "https" | "http"))?;
    let host = rest.split(['/', '?', '#']).next().filter(|host| !host.is_empty())?;
    let plain = host.chars().all(|c| c.is_ascii_alphanumeric() || ".-:[]".contains(c));
    plain.then(|| format!("{scheme}://{host}"))
}

/// The pool as the placement sees it.
pub(crate) fn nodes(servers: &[KnownServer], meetings: &[KnownMeeting]) -> Vec<Node> {
    servers.iter().map(|known| node(known, meetings)).collect()
}

fn node(known: &KnownServer, meetings: &[KnownMeeting]) -> Node {
    let (server, look) = (&known.server, &known.look);
    let here = meetings.iter().filter(|one| one.meeting.server.as_ref() == Some(&server.name)).count();
    Node {
        version: Version::parse(look.version.as_str()),
        state: match server.state {
            ServerState::Enabled => State::Enabled,
            ServerState::Draining => State::Draining,
            ServerState::Disabled => State::Disabled,
        },
        health: Pulse { missed: look.missed, answered: look.answered }.health(),
        people: look.people,
        // What was placed since the last look counts too.
        meetings: look.meetings.max(u32::try_from(here).unwrap_or(u32::MAX)),
        capacity: server.capacity,
        tags: server.tags.clone(),
        ..Node::new(server.name.clone())
    }
}

/// By what a room's meetings are known on every server.
pub(crate) fn meeting_id(room: RoomId) -> Result<MeetingId, Refusal> {
    MeetingId::parse(&room.0.to_string())
}

/// The room whose meetings a server knows so.
fn room_of(meeting: &str) -> Option<RoomId> {
    Uuid::try_parse(meeting).ok().map(RoomId)
}

/// What our meetings carry, so that they are told from those of others on the same server.
fn installation(site: &Site) -> String {
    let mut mark = site.store().secret().sign("installation of meetings", "");
    mark.truncate(22);
    mark
}

/// What the tokens of end callbacks are made with.
fn end_key(site: &Site) -> Secret {
    Secret::new(&site.store().secret().sign("end of meetings", ""))
}

/// Tells a room something about its video, once for each `what`.
async fn announce(site: &Site, edition: EditionId, room: RoomId, what: &str, text: &str) {
    let saying = Saying {
        id: Uuid::new_v5(&room.0, what.as_bytes()),
        edition,
        room,
        spoke: Spoke::System,
        author: Author::System,
        name: Line::default(),
        rights: Rights { moderates: true, locked: false },
        said: Said::Message { text: RichText::clean(text), reply_to: None },
        outside: None,
    };
    if let Err(unsaid) = site.venue().say(saying).await {
        tracing::debug!(%unsaid, "a room was not told about its video");
    }
}

/// The instant in the server's identifier of a run or recording: `HASH-MILLISECONDS`.
fn instant_of(internal: &str) -> Option<Timestamp> {
    internal
        .rsplit_once('-')
        .and_then(|(_, at)| at.parse().ok())
        .and_then(|at| Timestamp::from_millisecond(at).ok())
}
