//! What servers tell us. Nothing of it is read before its proof is verified; see [`bigbluebutton::callback`].

use super::{client, end_key, instant_of, locked, meeting_id, room_of};
use crate::{error::Failure, route::at, site::Site};
use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::{StatusCode, Uri},
    routing::{get, post},
};
use bigbluebutton::{
    Secret,
    callback::{
        checksum_of, end,
        events::{self, BODY_MAX, ChatMessage, What},
        inbox::{Inbox, Offered},
        recording, verify,
    },
    meeting::MeetingId,
};
use model::{
    Refusal,
    chat::{Author, Rights, Said, Spoke},
    id::RoomId,
    meeting::{KnownMeeting, MeetingRecording},
    text::{Line, RichText},
};
use std::time::Duration;
use store::{KnownServer, Saying};
use uuid::Uuid;

/// Of what the identifiers of messages are made.
const MESSAGES: Uuid = Uuid::from_u128(0x7a51_26e1_0c4d_5b0e_9c13_5a0e_7d2b_bb01);

/// Adds the routes.
pub(crate) fn routes(router: Router<Site>) -> Router<Site> {
    let large = post(told).layer(DefaultBodyLimit::max(BODY_MAX));
    let router = at(router, "/bbb/{server}", large);
    let router = at(router, "/bbb/{server}/recording", post(recorded));
    at(router, "/bbb/{server}/ended/{room}/{token}", get(ended))
}

fn forged() -> Failure {
    Failure::Forbidden(Refusal::new(
        "checksum",
        "the proof is missing or wrong",
        "Compare the server's secret with the one that is entered at the desk",
    ))
}

async fn server(site: &Site, name: &str) -> Result<KnownServer, Failure> {
    let servers = site.store().meeting_servers().await?;
    servers.into_iter().find(|known| known.server.name.as_str() == name).ok_or_else(forged)
}

/// Events of meetings.
async fn told(
    State(site): State<Site>,
    Path(name): Path<String>,
    uri: Uri,
    body: Bytes,
) -> Result<StatusCode, Failure> {
    let server = server(&site, &name).await?;
    let checksum = uri.query().and_then(checksum_of).ok_or_else(forged)?;
    let registered = format!("{}/bbb/{name}", site.base_url());
    verify(&Secret::new(server.secret.reveal()), &registered, &body, &checksum).map_err(|_| forged())?;
    let delivery = match events::read(&body) {
        Ok(delivery) => delivery,
        Err(problem) => {
            // Sent again it would be the same; refused it would hold up all that follows.
            tracing::warn!(server = name, %problem, "what a server told cannot be read");
            return Ok(StatusCode::OK);
        }
    };
    let known = site.store().meetings().await?;
    let mut waits = false;
    for event in delivery.events {
        let room = room_of(&event.external);
        let one = known.iter().find(|one| {
            let so_called = !event.internal.is_empty() && one.meeting.internal == event.internal;
            so_called || Some(one.meeting.room) == room
        });
        let Some(one) = one else { continue };
        match event.what {
            What::Chat(message) => {
                let mut inboxes = locked(&site.meetings().inboxes);
                let inbox = inboxes.entry(one.meeting.room).or_insert_with(Inbox::default);
                let offered = inbox.offer(message, site.now());
                waits |= matches!(offered, Offered::Kept);
            }
            What::UserJoined(_) | What::UserLeft(_) => {
                // Events are lost and doubled; how many are inside is asked for.
                tokio::spawn(count(site.clone(), server.clone(), one.clone()));
            }
            What::MeetingEnded => site.meetings().look_soon(),
            What::MeetingCreated { .. } | What::Recording { .. } | What::Other(_) => {}
        }
    }
    if waits {
        tokio::spawn(say_soon(site, name));
    }
    Ok(StatusCode::OK)
}

async fn count(site: Site, server: KnownServer, one: KnownMeeting) {
    if one.meeting.server.as_ref() != Some(&server.server.name) {
        return;
    }
    let (Some(client), Ok(id)) = (client(&site, &server), meeting_id(one.meeting.room)) else { return };
    if let Ok(meeting) = client.meeting(&id).await
        && let Err(error) = site.store().count_meeting(one.edition, one.meeting.room, meeting.people).await
    {
        tracing::warn!(%error, "how many are in a meeting was not kept");
    }
}

/// Says what came from meetings once those that are late had their time.
async fn say_soon(site: Site, server: String) {
    let window = Duration::try_from(Inbox::WINDOW).unwrap_or_default();
    tokio::time::sleep(window + Duration::from_millis(20)).await;
    let _turn = site.meetings().saying.lock().await;
    let ripe: Vec<(RoomId, Vec<ChatMessage>)> = {
        let mut inboxes = locked(&site.meetings().inboxes);
        let now = site.now();
        inboxes
            .iter_mut()
            .map(|(room, inbox)| (*room, inbox.take(now)))
            .filter(|(_, ripe)| !ripe.is_empty())
            .collect()
    };
    for (room, messages) in ripe {
        if let Err(error) = say(&site, &server, room, messages).await {
            tracing::warn!(%error, "what was said in a meeting could not be written");
        }
    }
}

async fn say(site: &Site, server: &str, id: RoomId, messages: Vec<ChatMessage>) -> store::Result<()> {
    let known = site.store().meetings().await?;
    let Some(one) = known.into_iter().find(|one| one.meeting.room == id) else { return Ok(()) };
    let rooms = site.store().live_rooms(one.edition).await?;
    let room = rooms.into_iter().find(|room| room.id == id);
    let locked = room.is_none_or(|room| room.locked || room.closed.is_some());
    for message in messages {
        let author = match person(site, &message.person).await? {
            Some(account) => Author::Account(account),
            None => Author::Outside(format!("{server} {}", message.person)),
        };
        let saying = Saying {
            id: Uuid::new_v5(&MESSAGES, format!("bbb {server} {}", message.id).as_bytes()),
            edition: one.edition,
            room: id,
            spoke: Spoke::BigBlueButton,
            author,
            name: Line::clean(&message.name),
            rights: Rights { moderates: false, locked },
            said: Said::Message { text: RichText::clean(&message.text), reply_to: None },
            outside: Some(message.id),
        };
        if let Err(unsaid) = site.venue().say(saying).await {
            tracing::info!(%unsaid, "what was said in a meeting stands not in its room");
        }
    }
    Ok(())
}

/// Whose account a server knows by that name, which we gave it when they joined.
async fn person(site: &Site, name: &str) -> store::Result<Option<model::id::AccountId>> {
    if name.is_empty() {
        return Ok(None);
    }
    if let Some(account) = locked(&site.meetings().people).get(name) {
        return Ok(Some(*account));
    }
    // After a start nobody is known: the names follow from the accounts.
    let ids = site.store().active_account_ids().await?;
    let mut people = locked(&site.meetings().people);
    for id in ids {
        people.insert(crate::room::who(site.store(), &Author::Account(id)), id);
    }
    Ok(people.get(name).copied())
}

/// A meeting is over. The address proves no more than that somebody knows it, so it makes us look.
async fn ended(
    State(site): State<Site>,
    Path((_, room, token)): Path<(String, String, String)>,
) -> Result<StatusCode, Failure> {
    let meeting = MeetingId::parse(&room).map_err(|_| forged())?;
    if !end::verify(&end_key(&site), &meeting, &token) {
        return Err(forged());
    }
    site.meetings().look_soon();
    Ok(StatusCode::OK)
}

/// A recording can be watched. It is taken back at once: publishing it needs its speakers' consent.
async fn recorded(
    State(site): State<Site>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Failure> {
    let server = server(&site, &name).await?;
    // What has no token proves nothing either, and is not told apart from what is forged.
    let ready =
        recording::read(&body, &Secret::new(server.secret.reveal()), site.now()).map_err(|problem| {
            tracing::warn!(server = name, %problem, "what a server told of a recording is not believed");
            forged()
        })?;
    let known = site.store().meetings().await?;
    let room = room_of(&ready.meeting);
    let Some(one) = known.iter().find(|one| Some(one.meeting.room) == room) else {
        return Ok(StatusCode::GONE);
    };
    let begun = instant_of(&ready.recording);
    let mut session = None;
    let live = site.editions().into_iter().find(|live| live.edition.id == one.edition);
    if let (Some(live), Some(begun)) = (live, begun) {
        let snapshot = site.snapshot(&live).await?;
        let on = snapshot
            .slots_of_room(one.meeting.room)
            .find(|(_, slot)| super::pool::on_at(slot.actual_start(), slot.actual_end(), begun));
        session = on.map(|(session, _)| session.id);
    }
    let client = client(&site, &server).ok_or(Failure::Unavailable)?;
    client.publish_recordings(std::slice::from_ref(&ready.recording), false).await.map_err(|error| {
        tracing::warn!(%error, "a recording could not be taken back; the server tells of it again");
        Failure::Unavailable
    })?;
    let kept = MeetingRecording {
        recording: ready.recording,
        server: server.server.name,
        room: one.meeting.room,
        session,
        ready: site.now(),
    };
    site.store().note_recording(one.edition, &kept).await?;
    Ok(StatusCode::OK)
}
