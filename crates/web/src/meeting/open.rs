//! Placing a room's meeting and opening it, so that two who click at the same moment get one.

use super::{Meetings, client, end_key, installation, meeting_id, nodes};
use crate::site::Site;
use bigbluebutton::{
    api::{CreateMeeting, Error, RecordingPolicy},
    callback::end,
    pool::{MARK, NoPlace, Wish, choose},
    profile::Abilities,
};
use model::{
    Refusal,
    address::Address,
    edition::Edition,
    feed::Actor,
    meeting::Meeting,
    room::{LiveKind, LiveRoom, RoomAccess, Video},
    text::Slug,
};
use std::collections::BTreeMap;
use store::{KnownServer, Store};

/// How many people a room is expected to hold where nobody says otherwise.
pub(super) const SEATS: u32 = 30;

/// After how many minutes a meeting without anybody ends by itself.
const EMPTY_MINUTES: u32 = 5;

/// How often placing is tried while others place the same room.
const TRIES: usize = 4;

/// Why a meeting is not open.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotOpen {
    /// No server takes it.
    #[error("{0}")]
    NoPlace(#[from] NoPlace),
    /// Its server did not do it.
    #[error("{0}")]
    Failed(#[from] Error),
    /// A rule said no.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// The record could not be read or written.
    #[error("{0}")]
    Record(#[from] store::Error),
    /// Others moved the room again and again meanwhile.
    #[error("the room is being moved")]
    Moving,
}

/// Opens the meeting of a room, or finds it open. Gives where.
pub(crate) async fn open(
    site: &Site,
    actor: &Actor,
    edition: &Edition,
    room: &LiveRoom,
) -> Result<(KnownServer, Meeting), NotOpen> {
    let store = site.store();
    for _ in 0..TRIES {
        let servers = store.meeting_servers().await?;
        let known = store.meetings().await?;
        let before = known.iter().find(|one| one.edition == edition.id && one.meeting.room == room.id);
        let before = before.map_or_else(|| Meeting::none(room.id), |known| known.meeting.clone());
        let wish = Wish {
            seats: SEATS,
            pin: before.pin.clone(),
            current: before.server.clone(),
            leave: before.leave,
            ..Wish::default()
        };
        let nodes = nodes(&servers, &known);
        // Whoever was asked to leave its server stays until there is another.
        let chosen = choose(&nodes, &wish).or_else(|no| {
            if before.leave && before.is_open() {
                choose(&nodes, &Wish { leave: false, ..wish })
            } else {
                Err(no)
            }
        });
        let to = chosen?.node.name.clone();
        let placed = store.place_meeting(actor, edition.id, room.id, before.server.as_ref(), &to).await?;
        let Some(server) =
            servers.into_iter().find(|server| placed.server.as_ref() == Some(&server.server.name))
        else {
            continue;
        };
        if placed.server.as_ref() != Some(&to) {
            // Somebody else decided at the same moment; where they decided is looked at anew.
            continue;
        }
        match create(site, edition, room, &server).await {
            Ok(true) => {}
            Ok(false) => continue,
            Err(error) => {
                look_soon(site.meetings());
                return Err(error);
            }
        }
        let meeting = store.meeting(edition.id, room.id).await?.map(|known| known.meeting);
        if let Some(meeting) = meeting.filter(|meeting| meeting.server.as_ref() == Some(&server.server.name))
        {
            return Ok((server, meeting));
        }
    }
    Err(NotOpen::Moving)
}

fn look_soon(meetings: &Meetings) {
    meetings.look_soon();
}

/// Opens a placed meeting on its server. Gives false where it was placed elsewhere meanwhile.
pub(super) async fn create(
    site: &Site,
    edition: &Edition,
    room: &LiveRoom,
    server: &KnownServer,
) -> Result<bool, NotOpen> {
    let Some(client) = client(site, server) else { return Err(NotOpen::Moving) };
    let id = meeting_id(room.id)?;
    let abilities = super::node(server, &[]).abilities();
    let wanted = wanted(site, edition, room, &server.server.name, &abilities);
    // Calling it again finds the room open, so that a failure on the way is tried once more.
    let created = match client.create(&id, &wanted).await {
        Ok(created) => created,
        Err(Error::Refused { .. } | Error::Gone { .. } | Error::Failing { .. }) => {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            client.create(&id, &wanted).await?
        }
        Err(error) => return Err(error.into()),
    };
    let run = (created.run.0, created.internal.as_str());
    Ok(began(site.store(), edition, room, &server.server.name, run).await?)
}

async fn began(
    store: &Store,
    edition: &Edition,
    room: &LiveRoom,
    server: &Slug,
    run: (i64, &str),
) -> store::Result<bool> {
    store.meeting_began(edition.id, room.id, server, run).await
}

/// What is recorded in a room, by what the room is: sessions that everybody may follow always, others where those who
/// moderate them start it.
pub(crate) fn recording(room: &LiveRoom) -> RecordingPolicy {
    match (room.kind, room.access) {
        (LiveKind::Programme, RoomAccess::Public | RoomAccess::Registered) => RecordingPolicy::Always,
        _ => RecordingPolicy::ByModerators,
    }
}

/// The words for that, shown before joining and in the meeting.
pub(crate) fn recording_notice(room: &LiveRoom) -> &'static str {
    match recording(room) {
        RecordingPolicy::Always => {
            "This room is recorded while its video is open, and nobody in it can stop that. A recording is published only when its speakers agree."
        }
        RecordingPolicy::ByModerators => {
            "Nothing is recorded unless a moderator starts it, and then everybody inside is told."
        }
        RecordingPolicy::Never => "Nothing is recorded.",
    }
}

/// The one template of rooms.
fn wanted(
    site: &Site,
    edition: &Edition,
    room: &LiveRoom,
    server: &Slug,
    abilities: &Abilities,
) -> CreateMeeting {
    let base = site.base_url();
    let page = format!("{base}{}", Address::LiveRoom(room.slug.as_str()).path(&edition.slug));
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let ended = meeting_id(room.id).map(|id| end::token(&end_key(site), &id)).unwrap_or_default();
    let bridged = if abilities.bridges_chat() {
        " What is written in this chat is also seen on the room's page, and stays there."
    } else {
        ""
    };
    CreateMeeting {
        welcome: format!(
            "Welcome to {}.<br/>{} The code of conduct of {} holds here.{bridged}",
            escaped(room.name.as_str()),
            recording_notice(room),
            escaped(edition.title.as_str()),
        ),
        logout_url: page,
        recording: recording(room),
        tell_recording: true,
        minutes_until_first: Some(EMPTY_MINUTES),
        minutes_after_last: Some(EMPTY_MINUTES),
        disabled: abilities
            .unbridged
            .iter()
            .copied()
            .chain([bigbluebutton::profile::Feature::BreakoutRooms])
            .collect(),
        metadata: BTreeMap::from([(MARK.to_owned(), installation(site))]),
        end_callback: format!("{base}/bbb/{server}/ended/{}/{ended}", room.id),
        recording_callback: format!("{base}/bbb/{server}/recording"),
        ..CreateMeeting::new(room.name.as_str())
    }
}

/// Whether a room has video meetings at all.
pub(super) fn may_be_open(room: &LiveRoom) -> bool {
    room.video == Video::Meeting && room.closed.is_none()
}
