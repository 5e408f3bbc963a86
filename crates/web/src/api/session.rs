//! Sessions: what they say, when and where they are, how they stand on the day.

mod schema;

use super::{
    answer::{self, Answer, Page, Paging, Seen},
    body::{Json, Query},
    caller::Caller,
    fault::Fault,
    part::{Part, change_by},
    programme::{self, OfState, State, decide, unless_outdated},
    resource::{self, is_id, writing},
    state::Drawn,
};
use crate::{headers::Policy, route::Client, site::Site};
use axum::{
    extract::{Extension, Path, State as Held},
    http::{HeaderMap, Uri, header},
};
use bytes::Bytes;
use jiff::Timestamp;
use model::{
    Refusal,
    edit::{Command, Placing},
    id::{RoomId, SlotId},
    programme as p,
};
pub(super) use schema::SessionKind;
use schema::{Session, SessionInput};
use serde::Deserialize;
use std::net::IpAddr;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The operations.
pub(super) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, change, remove))
        .routes(routes!(place))
        .routes(routes!(unplace))
        .routes(routes!(delay))
        .routes(routes!(cancel))
        .routes(routes!(restore))
}

/// Which sessions.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Of this track, by identifier or slug.
    #[serde(default)]
    track: Option<String>,
    /// With a slot in this room, by identifier or slug.
    #[serde(default)]
    room: Option<String>,
    /// In which this person takes part, by identifier or slug.
    #[serde(default)]
    person: Option<String>,
}

impl Wanted {
    /// The sessions of the programme that are wanted.
    fn of<'a>(&'a self, all: &'a p::Programme) -> impl Iterator<Item = &'a p::Session> {
        let same = |key: &str, id: Uuid, slug: &str| key == slug || is_id(id, key);
        // A name that nothing has wants nothing.
        let track = self.track.as_deref().map(|key| {
            all.tracks.iter().find(|one| same(key, one.id.0, one.slug.as_str())).map(|one| one.id)
        });
        let room = self
            .room
            .as_deref()
            .map(|key| all.rooms.iter().find(|one| same(key, one.id.0, one.slug.as_str())).map(|one| one.id));
        let person = self.person.as_deref().map(|key| {
            all.persons.iter().find(|one| same(key, one.id.0, one.slug.as_str())).map(|one| one.id)
        });
        all.sessions.iter().filter(move |session| {
            track.is_none_or(|track| track.is_some() && session.track == track)
                && room
                    .is_none_or(|room| room.is_some() && session.slots.iter().any(|slot| slot.room == room))
                && person.is_none_or(|person| session.people.iter().any(|part| Some(part.person) == person))
        })
    }
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/sessions", operation_id = "listSessions", tag = "Sessions",
    summary = "Lists sessions, by time.",
    params(("edition" = String, Path, description = "The edition's slug or identifier"), OfState, Wanted, Paging),
    responses(
        (status = 200, description = "A page of the list", body = Page<Session>),
        (status = 304, description = "The caller has it already"),
    ),
)]
#[expect(clippy::too_many_arguments, reason = "each is a part of the request")]
async fn list(
    Held(site): Held<Site>,
    client: Option<Extension<Client>>,
    uri: Uri,
    headers: HeaderMap,
    Path(edition): Path<String>,
    Query(state): Query<OfState>,
    Query(wanted): Query<Wanted>,
    Query(paging): Query<Paging>,
) -> Answer {
    let state = state.state.unwrap_or_default();
    let public = state == State::Released && !headers.contains_key(header::AUTHORIZATION);
    let live = if state == State::Released { programme::live(&site, &edition) } else { None };
    let key = live.map(|live| {
        let uri = uri.path_and_query().map(ToString::to_string).unwrap_or_default();
        (live.edition.id, live.head.number, uri)
    });
    let answered = |drawn: &Drawn| {
        let link = answer::link(&uri, drawn.next.as_deref());
        let policy = if public { Policy::File } else { Policy::Private };
        answer::kept(&headers, drawn.body.clone(), &drawn.tag, link, policy)
    };
    let mut drawn = key.as_ref().and_then(|key| site.api().list(key));
    if let Some(drawn) = drawn.take_if(|_| public) {
        return Ok(answered(&drawn));
    }
    let client = client.map_or(IpAddr::from([127, 0, 0, 1]), |client| client.0.0);
    let caller = Caller::of(&site, &headers, client).await?;
    if let Some(drawn) = drawn {
        return Ok(answered(&drawn));
    }
    let source = programme::read(&site, &caller, &edition, state).await?;
    let page = paging.cut(wanted.of(&source).collect(), |session| session.id.0)?;
    let page = Page { items: page.items.into_iter().map(Session::shown).collect(), next: page.next };
    let Some(key) = key else { return answer::list(&headers, &uri, &page) };
    let body = Bytes::from(serde_json::to_vec(&page).unwrap_or_default());
    let drawn = Drawn { tag: answer::tag(&body).into(), next: page.next.map(Into::into), body };
    // What is kept was drawn from the release that the key names, or from a newer one that came meanwhile: then the
    // key is not asked for any more.
    site.api().keep(key, drawn.clone());
    Ok(answered(&drawn))
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/sessions/{id}", operation_id = "getSession", tag = "Sessions",
    summary = "Shows a session.",
    params(
        ("edition" = String, Path, description = "The edition's slug or identifier"),
        ("id" = String, Path, description = "Its identifier or code"),
        OfState,
    ),
    responses(
        (status = 200, description = "The session", body = Session),
        (status = 304, description = "The caller has it already"),
    ),
)]
async fn get(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path(at): Path<(String, String)>,
    Query(wanted): Query<OfState>,
) -> Answer {
    resource::get::<Session>(site, caller, headers, at, &wanted).await
}

writing!(
    Session by SessionInput, "Sessions",
    "/api/v1/editions/{edition}/sessions", "/api/v1/editions/{edition}/sessions/{id}" by "Its identifier or code",
    "createSession": "Adds a session to the working state.",
    "changeSession": "Changes what a session says in the working state.",
    "removeSession": "Removes a session from the working state.",
);

/// Where and when a slot is to be.
#[derive(Debug, Deserialize, ToSchema)]
struct Place {
    /// The number of the slot that gets another place. Left out: the session's only slot, or a new one where it has
    /// none. 0: a further one.
    #[serde(default)]
    slot: Option<u32>,
    /// The room; null where it concerns the whole house.
    #[serde(default)]
    room: Option<Uuid>,
    /// When it begins.
    #[schema(value_type = String, format = DateTime)]
    start: Timestamp,
    /// How long it takes.
    #[schema(minimum = 1, maximum = 4_320)]
    minutes: u32,
}

#[utoipa::path(
    post, path = "/api/v1/editions/{edition}/sessions/{id}/place", operation_id = "placeSession", tag = "Sessions",
    summary = "Gives a session a room and a time, or moves it.",
    params(
        ("edition" = String, Path, description = "The edition's slug or identifier"),
        ("id" = String, Path, description = "Its identifier or code"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the working state's session, to move what was seen only"),
    ),
    request_body = Place,
    responses((status = 200, description = "The session as it is now", body = Session)),
    security(("token" = [])),
)]
async fn place(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path((edition, key)): Path<(String, String)>,
    Json(wanted): Json<Place>,
) -> Answer {
    let edition = programme::desk(&site, &caller, &edition).await?.edition;
    caller.may_write()?;
    let seen = Seen::given(&headers);
    let changed = change_by::<Session>(&site, &caller, &edition, &key, |all, present| {
        unless_outdated(seen.as_ref(), &Session::shown(present))?;
        let slot = match (wanted.slot, present.slots.as_slice()) {
            (Some(0), _) | (None, []) => SlotId(Uuid::now_v7()),
            (None, [only]) => only.id,
            (None, _) => {
                let remedy = "Name one of them by its number";
                return Err(Refusal::new("slot", "the session has several slots", remedy).into());
            }
            (Some(number), slots) => numbered(slots, number)?,
        };
        let placing = Placing { room: wanted.room.map(RoomId), start: wanted.start, minutes: wanted.minutes };
        decide(&caller, all, &Command::Place { session: present.id, slot, placing })
    })
    .await?;
    answer::changed(&changed)
}

/// Which slot.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct Which {
    /// The number of the slot; all of them where it is left out.
    #[serde(default)]
    slot: Option<u32>,
}

#[utoipa::path(
    post, path = "/api/v1/editions/{edition}/sessions/{id}/unplace", operation_id = "unplaceSession", tag = "Sessions",
    summary = "Takes a session's slots from the timetable.",
    params(
        ("edition" = String, Path, description = "The edition's slug or identifier"),
        ("id" = String, Path, description = "Its identifier or code"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the working state's session, to change what was seen only"),
    ),
    request_body = Which,
    responses((status = 200, description = "The session as it is now", body = Session)),
    security(("token" = [])),
)]
async fn unplace(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path((edition, key)): Path<(String, String)>,
    Json(which): Json<Which>,
) -> Answer {
    let edition = programme::desk(&site, &caller, &edition).await?.edition;
    caller.may_write()?;
    let seen = Seen::given(&headers);
    let changed = change_by::<Session>(&site, &caller, &edition, &key, |all, present| {
        unless_outdated(seen.as_ref(), &Session::shown(present))?;
        let slots: Vec<SlotId> = match which.slot {
            Some(number) => vec![numbered(&present.slots, number)?],
            None => present.slots.iter().map(|slot| slot.id).collect(),
        };
        let mut out = all.clone();
        for slot in slots {
            out = decide(&caller, &out, &Command::Unplace { session: present.id, slot })?;
        }
        Ok(out)
    })
    .await?;
    answer::changed(&changed)
}

/// By how much a session is late.
#[derive(Debug, Deserialize, ToSchema)]
struct Delay {
    /// The number of the slot; all of them where it is left out.
    #[serde(default)]
    slot: Option<u32>,
    /// By how many minutes.
    #[schema(minimum = 1, maximum = 1_440)]
    minutes: u16,
}

#[utoipa::path(
    post, path = "/api/v1/editions/{edition}/sessions/{id}/delay", operation_id = "delaySession", tag = "Sessions",
    summary = "Says that a session begins and ends later than planned.",
    params(
        ("edition" = String, Path, description = "The edition's slug or identifier"),
        ("id" = String, Path, description = "Its identifier or code"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the working state's session, to change what was seen only"),
    ),
    request_body = Delay,
    responses((status = 200, description = "The session as it is now", body = Session)),
    security(("token" = [])),
)]
async fn delay(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path((edition, key)): Path<(String, String)>,
    Json(delay): Json<Delay>,
) -> Answer {
    if !(1..=1_440).contains(&delay.minutes) {
        let problem = format!("{} is no delay", delay.minutes);
        return Err(Refusal::new("minutes", problem, "Give 1 to 1440 minutes").into());
    }
    stand(&site, &caller, &headers, (&edition, &key), delay.slot, p::Standing::Delayed(delay.minutes)).await
}

#[utoipa::path(
    post, path = "/api/v1/editions/{edition}/sessions/{id}/cancel", operation_id = "cancelSession", tag = "Sessions",
    summary = "Says that a session does not take place; it stays on the programme.",
    params(
        ("edition" = String, Path, description = "The edition's slug or identifier"),
        ("id" = String, Path, description = "Its identifier or code"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the working state's session, to change what was seen only"),
    ),
    request_body = Which,
    responses((status = 200, description = "The session as it is now", body = Session)),
    security(("token" = [])),
)]
async fn cancel(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path((edition, key)): Path<(String, String)>,
    Json(which): Json<Which>,
) -> Answer {
    stand(&site, &caller, &headers, (&edition, &key), which.slot, p::Standing::Cancelled).await
}

#[utoipa::path(
    post, path = "/api/v1/editions/{edition}/sessions/{id}/restore", operation_id = "restoreSession", tag = "Sessions",
    summary = "Says that a session takes place as planned after all.",
    params(
        ("edition" = String, Path, description = "The edition's slug or identifier"),
        ("id" = String, Path, description = "Its identifier or code"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the working state's session, to change what was seen only"),
    ),
    request_body = Which,
    responses((status = 200, description = "The session as it is now", body = Session)),
    security(("token" = [])),
)]
async fn restore(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path((edition, key)): Path<(String, String)>,
    Json(which): Json<Which>,
) -> Answer {
    stand(&site, &caller, &headers, (&edition, &key), which.slot, p::Standing::Planned).await
}

async fn stand(
    site: &Site,
    caller: &Caller,
    headers: &HeaderMap,
    (edition, key): (&str, &str),
    slot: Option<u32>,
    standing: p::Standing,
) -> Answer {
    let edition = programme::desk(site, caller, edition).await?.edition;
    caller.may_write()?;
    let seen = Seen::given(headers);
    let changed = change_by::<Session>(site, caller, &edition, key, |all, present| {
        unless_outdated(seen.as_ref(), &Session::shown(present))?;
        let slot = slot.map(|number| numbered(&present.slots, number)).transpose()?;
        decide(caller, all, &Command::Stand { session: present.id, slot, standing })
    })
    .await?;
    answer::changed(&changed)
}

fn numbered(slots: &[p::Slot], number: u32) -> Result<SlotId, Fault> {
    let numbers: Vec<String> = slots.iter().map(|slot| slot.number.to_string()).collect();
    slots.iter().find(|slot| slot.number == number).map(|slot| slot.id).ok_or_else(|| {
        let remedy = format!("Its slots are: {}", numbers.join(", "));
        Refusal::new("slot", "the session has no slot of that number", remedy).into()
    })
}
