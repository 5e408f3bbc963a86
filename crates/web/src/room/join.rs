//! Joining a room's meeting: the one click from the page of a room into its video.
//!
//! The answer is a redirect to an address that is signed for this person, this role and this run. It stands nowhere else:
//! in no page, no log and no record.

use super::{Entered, Silent, enter, message};
use crate::{
    error::Failure,
    headers::{self, Policy},
    inner::{Answer, done},
    meeting::{self, NotOpen},
    room::page::MeetingView,
    signed::Asker,
    site::Site,
};
use axum::{
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
    response::IntoResponse,
};
use bigbluebutton::{
    api::Join,
    meeting::{CreateTime, Role},
};
use jiff::Timestamp;
use model::{
    Refusal,
    address::Address,
    meeting::ServerState,
    room::{LiveKind, Video},
};

/// What the page says of the room's meeting; `None` for a room that has none.
pub(super) async fn view(site: &Site, entered: &Entered) -> Result<Option<MeetingView>, Failure> {
    let Entered { edition, room, .. } = entered;
    if room.video != Video::Meeting || room.closed.is_some() {
        return Ok(None);
    }
    let servers = site.store().meeting_servers().await?;
    let known = site.store().meeting(edition.id, room.id).await?;
    let used = servers.iter().filter(|known| known.server.state != ServerState::Disabled);
    let mut origins: Vec<String> = used.filter_map(|known| meeting::origin(&known.server)).collect();
    origins.sort();
    origins.dedup();
    let shut = if servers.is_empty() {
        "There is no server for the video yet. The conversation works without it.".to_owned()
    } else if let Some(opens) = opens(entered, site.now()) {
        opens
    } else if let Err(Silent::Refused(refusal)) = &entered.speaker {
        refusal.to_string()
    } else {
        String::new()
    };
    Ok(Some(MeetingView {
        shut,
        recording: meeting::recording_notice(room),
        people: known.map_or(0, |known| known.people),
        origins,
    }))
}

/// Why a room's meeting is not to be joined at `now`; `None` where it is. A room of the programme is open around its
/// sessions, and for those who moderate it always; others are open while they are not closed.
fn opens(entered: &Entered, now: Timestamp) -> Option<String> {
    let Entered { edition, snapshot, room, rights, .. } = entered;
    if room.kind != LiveKind::Programme || rights.moderates {
        return None;
    }
    let begins = |start: Timestamp| start.checked_sub(super::AROUND).unwrap_or(start);
    let ends = |end: Timestamp| end.checked_add(super::AROUND).unwrap_or(end);
    let slots = || snapshot.slots_of_room(room.id).filter(|(_, slot)| !slot.is_cancelled());
    if slots().any(|(_, slot)| begins(slot.actual_start()) <= now && now <= ends(slot.actual_end())) {
        return None;
    }
    let next = slots().map(|(_, slot)| begins(slot.actual_start())).filter(|start| *start > now).min();
    Some(match next {
        Some(at) => {
            let at = edition.zone.local(at).strftime("%-d %B, %H:%M");
            format!(
                "The video opens on {at}, half an hour before the next session here. This page then offers it."
            )
        }
        None => "Nothing more is planned in this room, so its video stays shut.".to_owned(),
    })
}

/// `POST /{edition}/live/{room}/join/`.
pub(super) async fn join(
    State(site): State<Site>,
    asker: Asker,
    Path((edition, slug)): Path<(String, String)>,
) -> Answer {
    let here = Address::LiveRoom(&slug).path(&model::text::Slug::parse(&edition)?);
    if asker.0.is_none() {
        return Err(Failure::SignIn(here));
    }
    let entered = enter(&site, &asker, &edition, &slug).await?;
    let Entered { edition, room, rights, speaker, .. } = &entered;
    if room.video != Video::Meeting {
        return Err(Failure::NotFound("This room has no video meeting".to_owned()));
    }
    let speaker = match speaker {
        Ok(speaker) => speaker,
        Err(Silent::Visitor) => return Err(Failure::SignIn(here)),
        Err(Silent::Refused(refusal)) => return Err(Failure::Forbidden(refusal.clone())),
    };
    let account = asker.0.as_ref().and_then(|person| person.subject.account);
    let bans = site.store().bans(edition.id).await?;
    if let Some(ban) = bans.iter().find(|ban| Some(ban.account) == account && ban.holds(site.now())) {
        return Err(Failure::Forbidden(ban.refusal()));
    }
    if let Some(why) = opens(&entered, site.now()) {
        return done(&site, &here, &why);
    }
    let actor = asker.0.as_ref().map(|person| &person.subject.actor);
    let Some(actor) = actor else { return Err(Failure::SignIn(here)) };
    let (server, meeting) = match meeting::open(&site, actor, edition, room).await {
        Ok(opened) => opened,
        Err(NotOpen::Record(error)) => return Err(error.into()),
        Err(NotOpen::Refused(refusal)) => return Err(Failure::Forbidden(refusal)),
        Err(error) => {
            tracing::warn!(room = %room.name, %error, "a meeting could not be opened");
            return Err(Failure::Busy(
                "The video cannot be opened at the moment; those who run it are told. Go back and try again in a minute".to_owned(),
            ));
        }
    };
    let role = if rights.moderates { Role::Moderator } else { Role::Viewer };
    let who = message::who(site.store(), &speaker.author);
    let mut entry = Join::new(speaker.name.as_str(), role, &who, CreateTime(meeting.run));
    let page = format!("{}{here}", site.base_url());
    entry.logout_url.clone_from(&page);
    entry.error_url = page;
    let client = meeting::client(&site, &server).ok_or(Failure::Unavailable)?;
    let url = client.join_url(&meeting::meeting_id(room.id).map_err(Failure::Refused)?, &entry);
    let to = HeaderValue::try_from(url.reveal()).map_err(|_| {
        Failure::Refused(Refusal::new("name", "it cannot stand in an address", "Change your name"))
    })?;
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response();
    response.headers_mut().extend(headers::of(Policy::Private));
    Ok(response)
}
