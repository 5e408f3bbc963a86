//! Looking at the servers, and putting right what is not as it should be: lost rooms, dead servers, deleted hooks.
//!
//! One node does it at a time. Every step can be repeated without harm, so that a node that dies halfway leaves nothing
//! that the next look would not see.

use super::{announce, client, installation, locked, meeting_id, nodes, open, room_of};
use crate::site::Site;
use bigbluebutton::{
    api::Client,
    meeting::{CreateTime, MeetingId},
    pool::{Action, DesiredRoom, LOOK, Looked, OurHook, Pulse, look, plan},
};
use jiff::{SignedDuration, Timestamp};
use model::{
    edition::Edition,
    feed::Actor,
    meeting::{KnownMeeting, ServerLook, ServerState},
    room::LiveRoom,
    text::{Line, Slug},
};
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};
use store::KnownServer;
use uuid::Uuid;

/// The lease of whoever looks.
const LEASE: &str = "meetings";

/// For how long it is taken: some looks, also slow ones.
const LEASED: SignedDuration = SignedDuration::from_secs(40);

/// The shortest pause between two looks that something asks for.
const PAUSE: Duration = Duration::from_secs(1);

/// Looks at the servers until the server stops.
pub(crate) async fn run(site: Site) {
    let holder = Uuid::now_v7().to_string();
    loop {
        if let Err(error) = turn(&site, &holder).await {
            tracing::warn!(%error, "the servers of meetings could not be looked at; it is tried again");
        }
        let pause = Duration::try_from(LOOK).unwrap_or(PAUSE);
        let sooner = async {
            tokio::time::sleep(PAUSE).await;
            site.meetings().look.notified().await;
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = sooner => {}
            () = site.stop().cancelled() => break,
        }
    }
    if let Err(error) = site.store().release_lease(LEASE, &holder).await {
        tracing::debug!(%error, "the lease of meetings was not given back");
    }
}

async fn turn(site: &Site, holder: &str) -> store::Result<()> {
    let store = site.store();
    let servers = store.meeting_servers().await?;
    let known = store.meetings().await?;
    if servers.is_empty() && known.is_empty() {
        return Ok(());
    }
    if store.take_lease(LEASE, holder, LEASED).await?.is_none() {
        return Ok(());
    }
    let looked = look_at(site, &servers).await?;
    let rooms = rooms(site, &known).await?;
    for (name, looked) in &looked {
        count(site, name, looked, &known).await?;
    }
    // As they are after the looks.
    let servers = store.meeting_servers().await?;
    let nodes = nodes(&servers, &[]);
    let desired: Vec<DesiredRoom> = known.iter().filter_map(|one| desired(one, &rooms)).collect();
    let ours = OurHook { base: format!("{}/bbb/", site.base_url()) };
    let observed: BTreeMap<Slug, _> =
        looked.into_iter().map(|(name, looked)| (name, looked.observed)).collect();
    let mut told = vec![];
    for action in plan(&nodes, &desired, &observed, &ours) {
        tracing::info!(%action, "a step of the meetings' plan");
        if let Action::Tell { .. } = &action {
            told.push(action.to_string());
        }
        if let Err(problem) = apply(site, &servers, &known, &rooms, action).await {
            tracing::warn!(problem, "a step of the meetings' plan failed; the next look tries again");
        }
    }
    *locked(&site.meetings().told) = told;
    Ok(())
}

/// Asks every server that is not disabled, all at once, and keeps how they are.
async fn look_at(site: &Site, servers: &[KnownServer]) -> store::Result<BTreeMap<Slug, Looked>> {
    let mark = installation(site);
    let asked =
        servers.iter().filter(|known| known.server.state != ServerState::Disabled).filter_map(|known| {
            let client = client(site, known)?;
            let mark = mark.clone();
            Some(async move {
                // A version is asked for while it is unknown, and when a server comes back, as after its update.
                let mut version = known.look.version.clone();
                if (version.is_empty() || known.look.missed > 0)
                    && let Ok(about) = client.about().await
                {
                    let said = about.version.or(about.at_least).map(|version| version.to_string());
                    version = Line::clean(&said.unwrap_or_default());
                }
                let mut seen = known.clone();
                seen.look.version = version.clone();
                let looked = look(&client, &super::node(&seen, &[]).abilities(), &mark).await;
                (known, version, looked)
            })
        });
    let mut out = BTreeMap::new();
    for (known, version, looked) in futures_util::future::join_all(asked).await {
        let now = site.now();
        let pulse =
            Pulse { missed: known.look.missed, answered: known.look.answered }.after(looked.answered(), now);
        let look = ServerLook {
            at: Some(now),
            answered: pulse.answered,
            missed: pulse.missed,
            people: looked.people,
            meetings: looked.meetings,
            version,
            problem: looked.problem.as_ref().map(|error| Line::clean(&error.to_string())).unwrap_or_default(),
        };
        site.store().note_look(&known.server.name, &look).await?;
        out.insert(known.server.name.clone(), looked);
    }
    Ok(out)
}

type Rooms = HashMap<(model::id::EditionId, model::id::RoomId), (Edition, LiveRoom)>;

/// The rooms of these meetings.
async fn rooms(site: &Site, known: &[KnownMeeting]) -> store::Result<Rooms> {
    let mut rooms = HashMap::new();
    for head in site.store().editions().await? {
        let edition = head.edition;
        if known.iter().any(|one| one.edition == edition.id) {
            for room in site.store().live_rooms(edition.id).await? {
                rooms.insert((edition.id, room.id), (edition.clone(), room));
            }
        }
    }
    Ok(rooms)
}

fn desired(known: &KnownMeeting, rooms: &Rooms) -> Option<DesiredRoom> {
    let meeting = &known.meeting;
    let server = meeting.server.clone()?;
    let room = rooms.get(&(known.edition, meeting.room)).map(|(_, room)| room);
    Some(DesiredRoom {
        meeting: meeting_id(meeting.room).ok()?,
        open: meeting.ended.is_none() && room.is_some_and(open::may_be_open),
        placed: (meeting.run != 0).then_some((server, CreateTime(meeting.run))),
        seats: open::SEATS,
        pin: meeting.pin.clone(),
        tags: std::collections::BTreeSet::new(),
        leave: meeting.leave,
    })
}

/// Keeps how many are inside the meetings of a server.
async fn count(site: &Site, name: &Slug, looked: &Looked, known: &[KnownMeeting]) -> store::Result<()> {
    for seen in looked.observed.meetings.iter().flatten().filter(|seen| seen.ours && !seen.ended) {
        let one = known.iter().find(|one| {
            meeting_id(one.meeting.room).is_ok_and(|id| id == seen.meeting)
                && one.meeting.server.as_ref() == Some(name)
        });
        if let Some(one) = one.filter(|one| one.people != seen.people) {
            site.store().count_meeting(one.edition, one.meeting.room, seen.people).await?;
        }
    }
    Ok(())
}

/// Does one step.
async fn apply(
    site: &Site,
    servers: &[KnownServer],
    known: &[KnownMeeting],
    rooms: &Rooms,
    action: Action,
) -> Result<(), String> {
    let at = |name: &Slug| -> Option<(&KnownServer, Client)> {
        let known = servers.iter().find(|known| known.server.name == *name)?;
        Some((known, client(site, known)?))
    };
    let of =
        |meeting: &MeetingId| known.iter().find(|one| Some(one.meeting.room) == room_of(meeting.as_str()));
    let failed = |error: &dyn std::fmt::Display| error.to_string();
    match action {
        Action::End { node, meeting, .. } => {
            let Some((_, client)) = at(&node) else { return Ok(()) };
            client.end(&meeting).await.map_err(|error| failed(&error))
        }
        Action::Register { node, callback } => {
            let Some((_, client)) = at(&node) else { return Ok(()) };
            client.create_hook(&callback).await.map(drop).map_err(|error| failed(&error))
        }
        Action::Unregister { node, hook, .. } => {
            let Some((_, client)) = at(&node) else { return Ok(()) };
            client.destroy_hook(&hook).await.map_err(|error| failed(&error))
        }
        Action::Adopt { node, meeting, run } => {
            let (Some((_, client)), Some(one)) = (at(&node), of(&meeting)) else { return Ok(()) };
            let found = client.meeting(&meeting).await.map_err(|error| failed(&error))?;
            let run = (run.0, found.internal.as_str());
            let began = site.store().meeting_began(one.edition, one.meeting.room, &node, run).await;
            began.map(drop).map_err(|error| failed(&error))
        }
        Action::Reopen { node, meeting, .. } => {
            let (Some((server, _)), Some(one)) = (at(&node), of(&meeting)) else { return Ok(()) };
            again(site, one, rooms, server, None).await
        }
        Action::Move { meeting, from, to, .. } => {
            let (Some((server, _)), Some(one)) = (at(&to), of(&meeting)) else { return Ok(()) };
            again(site, one, rooms, server, Some(&from)).await
        }
        Action::Tell { .. } => Ok(()),
    }
}

/// Opens a room's meeting again, where it was or moved from another server, and tells the room. One in which nobody was
/// waits for the next who joins.
async fn again(
    site: &Site,
    one: &KnownMeeting,
    rooms: &Rooms,
    server: &KnownServer,
    moved: Option<&Slug>,
) -> Result<(), String> {
    let meeting = &one.meeting;
    let store = site.store();
    let failed = |error: &dyn std::fmt::Display| error.to_string();
    if one.people == 0 {
        // The run is over for the room; what is left of it on a server is ended by the next plan.
        let over = store.meeting_over(one.edition, meeting.room, meeting.run).await;
        return over.map_err(|error| failed(&error));
    }
    let Some((edition, room)) = rooms.get(&(one.edition, meeting.room)) else { return Ok(()) };
    if let Some(from) = moved {
        let to = &server.server.name;
        let placed = store.place_meeting(&Actor::System, edition.id, room.id, Some(from), to).await;
        let placed = placed.map_err(|error| failed(&error))?;
        if placed.server.as_ref() != Some(to) {
            return Ok(());
        }
    }
    open::create(site, edition, room, server).await.map_err(|error| failed(&error))?;
    let text = if moved.is_some() {
        "The video of this room is on another server now. If you were in it, join it again."
    } else {
        "The video of this room was interrupted and is open again. If you were in it, join it again."
    };
    announce(site, edition.id, room.id, &format!("video after {}", meeting.run), text).await;
    Ok(())
}

/// When a session was on.
pub(super) fn on_at(start: Timestamp, end: Timestamp, at: Timestamp) -> bool {
    // A meeting is opened by those who come early.
    start.checked_sub(SignedDuration::from_mins(30)).is_ok_and(|start| start <= at) && at < end
}
