//! Telling a meeting what is said in its room.
//!
//! What was said before the meeting began is not replayed, but for its last messages, as one note for those inside. The
//! cursor moves behind each message, so that a kill repeats one at most.

use super::{client, meeting_id};
use crate::{markup, site::Site};
use bigbluebutton::{
    api::{Client, Error},
    chat,
    meeting::MeetingId,
};
use jiff::SignedDuration;
use model::{
    chat::{Author, Event, Position, Said, Spoke},
    meeting::KnownMeeting,
};
use std::time::Duration;
use uuid::Uuid;

const LEASE: &str = "chat of meetings";
const LEASED: SignedDuration = SignedDuration::from_secs(30);

/// How often it is looked at least, and after how long a server that failed is tried again.
const OFTEN: Duration = Duration::from_secs(2);

/// How many messages the note at the beginning holds.
const BEFORE: u64 = 10;

/// How many are sent to one meeting before others have their turn.
const BATCH: u64 = 50;

/// As whom what nobody said stands in the chat.
const NOBODY: &str = "Room";

/// Tells meetings what is said, until the server stops.
pub(crate) async fn run(site: Site) {
    let holder = Uuid::now_v7().to_string();
    let mut head = site.store().watch_chat();
    loop {
        head.mark_unchanged();
        if let Err(error) = turn(&site, &holder).await {
            tracing::warn!(%error, "what is said in rooms could not be told in their meetings; it is tried again");
        }
        let changed = async {
            if head.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = changed => {}
            () = tokio::time::sleep(OFTEN) => {}
            () = site.stop().cancelled() => break,
        }
    }
    if let Err(error) = site.store().release_lease(LEASE, &holder).await {
        tracing::debug!(%error, "the lease of the meetings' chat was not given back");
    }
}

async fn turn(site: &Site, holder: &str) -> store::Result<()> {
    let store = site.store();
    let open: Vec<KnownMeeting> =
        store.meetings().await?.into_iter().filter(|one| one.meeting.is_open()).collect();
    if open.is_empty() || store.take_lease(LEASE, holder, LEASED).await?.is_none() {
        return Ok(());
    }
    let servers = store.meeting_servers().await?;
    let cursors = store.spoke_cursors(Spoke::BigBlueButton).await?;
    let told = open.iter().filter_map(|one| {
        let server = servers.iter().find(|known| Some(&known.server.name) == one.meeting.server.as_ref())?;
        if !super::node(server, &[]).abilities().bridges_chat() {
            return None;
        }
        let (client, id) = (client(site, server)?, meeting_id(one.meeting.room).ok()?);
        let from = cursors.get(&one.meeting.room).copied().unwrap_or_default();
        Some(async move { tell(site, one, &client, &id, from).await })
    });
    for outcome in futures_util::future::join_all(told).await {
        outcome?;
    }
    Ok(())
}

/// Tells one meeting what it was not told yet. Stops where its server does not take it.
async fn tell(
    site: &Site,
    one: &KnownMeeting,
    client: &Client,
    id: &MeetingId,
    mut from: Position,
) -> store::Result<()> {
    let store = site.store();
    let room = one.meeting.room;
    if from < one.since {
        let (before, _) = store.chat_page(room, Some(one.since + 1), BEFORE).await?;
        let lines: Vec<String> = before
            .iter()
            .filter(|message| !matches!(message.author, Author::System))
            .filter_map(|message| {
                let text = markup::plain(message.text.as_ref()?);
                Some(format!("{}: {}", message.name, markup::beginning(&text, 200)))
            })
            .collect();
        if !lines.is_empty() {
            let note = format!("Said in this room before:\n{}", lines.join("\n"));
            if !send(site, client, id, NOBODY, &note).await {
                return Ok(());
            }
        }
        from = one.since;
        store.move_spoke(Spoke::BigBlueButton, room, from, &[]).await?;
    }
    for event in store.chat_in(room, from, BATCH).await? {
        if let Some(text) = text_of(&event) {
            let name = event.name.non_empty().unwrap_or(NOBODY);
            if !send(site, client, id, name, &text).await {
                return Ok(());
            }
        }
        store.move_spoke(Spoke::BigBlueButton, room, event.position, &[]).await?;
    }
    Ok(())
}

/// What is sent of an event; `None` for what came from there and for what a chat cannot show.
fn text_of(event: &Event) -> Option<String> {
    if event.spoke == Spoke::BigBlueButton {
        return None;
    }
    match &event.said {
        Said::Message { text, .. } => Some(markup::plain(text)),
        Said::Question { text } => Some(format!("Question: {}", markup::plain(text))),
        _ => None,
    }
}

/// Sends a text in as many messages as it takes. Gives false where it is to be tried again.
async fn send(site: &Site, client: &Client, id: &MeetingId, name: &str, text: &str) -> bool {
    for part in chat::split(text) {
        match client.send_chat(id, name, &part).await {
            Ok(()) => {}
            Err(Error::Gone { .. }) => {
                site.meetings().look_soon();
                return false;
            }
            // What a server refuses it refuses again: the conversation goes on without it there.
            Err(error @ (Error::Refused { .. } | Error::TooLong { .. })) => {
                tracing::warn!(%error, "a server takes a message of a room not");
            }
            Err(error) => {
                tracing::info!(%error, "a server did not take what was said; it is tried again");
                return false;
            }
        }
    }
    true
}
