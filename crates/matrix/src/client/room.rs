//! Rooms: made, found, described, listed, entered.

use super::{Client, owned_alias, owned_room, owned_user};
use crate::{
    error::Error,
    id::{Alias, RoomId, UserId},
    state::{Membership, RoomState, Standing, StateEvent},
};
use ruma::{
    api::client::{
        alias, directory,
        membership::{
            ban_user,
            invite_user::{self, v3::InviteUserId},
            join_room_by_id, joined_rooms, kick_user, leave_room, unban_user,
        },
        room::{Visibility, create_room},
        space, state as facts,
    },
    serde::Raw,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::to_raw_value};
use std::time::Duration;

/// A room to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRoom {
    /// The first part of its alias.
    pub localpart: String,
    /// Whether it is a space, which holds other rooms.
    pub space: bool,
    /// Its version, such as `11`.
    pub version: String,
    /// Whether other servers may take part.
    pub federated: bool,
    /// The whole of its power levels. The homeserver takes these fields instead of its own, one by one.
    pub levels: Value,
    /// What else is said of it from the beginning. It takes precedence over what the preset says.
    pub state: Vec<StateEvent>,
}

/// How long making a room may take beyond a usual call: it is a dozen events.
const PATIENCE: Duration = Duration::from_mins(1);

impl Client {
    /// Makes a room with its alias.
    ///
    /// A failure does not mean that nothing was made: the alias may exist. Look with [`Client::resolve`] before
    /// trying again.
    pub async fn create_room(&self, new: &NewRoom) -> Result<RoomId, Error> {
        let mut request = create_room::v3::Request::new();
        let mut creation = create_room::v3::CreationContent::new();
        creation.federate = new.federated;
        creation.room_type = new.space.then_some(ruma::room::RoomType::Space);
        request.creation_content =
            Some(Raw::new(&creation).map_err(|error| Error::Request(error.to_string()))?);
        request.room_alias_name = Some(new.localpart.clone());
        request.room_version = Some(new.version.as_str().try_into().map_err(super::unfit)?);
        request.power_level_content_override = Some(raw(&new.levels)?);
        // Whatever the preset says is said otherwise below; this one invites nobody and lists nothing.
        request.preset = Some(create_room::v3::RoomPreset::PrivateChat);
        request.initial_state = new.state.iter().map(raw).collect::<Result<_, _>>()?;
        let made = tokio::time::timeout(PATIENCE, self.call(request, None))
            .await
            .map_err(|_| Error::TimedOut { host: self.host.to_string(), after: PATIENCE })??;
        self.room(made.room_id.as_str())
    }

    /// The room of that alias, if there is one.
    pub async fn resolve(&self, alias: &Alias) -> Result<Option<RoomId>, Error> {
        let request = alias::get_alias::v3::Request::new(owned_alias(alias)?);
        match self.call(request, None).await {
            Ok(answer) => Ok(Some(self.room(answer.room_id.as_str())?)),
            Err(error) if error.is("M_NOT_FOUND") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes an alias in our namespace away from whatever room it leads to. One that is not there is no failure.
    pub async fn release(&self, alias: &Alias) -> Result<(), Error> {
        let request = alias::delete_alias::v3::Request::new(owned_alias(alias)?);
        match self.call(request, None).await {
            Err(error) if !error.is("M_NOT_FOUND") => Err(error),
            _ => Ok(()),
        }
    }

    /// States a fact about a room, as ourselves.
    pub async fn set_state(&self, room: &RoomId, fact: &StateEvent) -> Result<(), Error> {
        let request = facts::send_state_event::v3::Request::new_raw(
            owned_room(room)?,
            fact.kind.as_str().into(),
            fact.key.clone(),
            raw(&fact.content)?,
        );
        self.call(request, None).await?;
        Ok(())
    }

    /// One fact about a room, if it was ever stated.
    pub async fn state(&self, room: &RoomId, kind: &str, key: &str) -> Result<Option<Value>, Error> {
        let request =
            facts::get_state_event_for_key::v3::Request::new(owned_room(room)?, kind.into(), key.to_owned());
        match self.call(request, None).await {
            Ok(answer) => serde_json::from_str(answer.event_or_content.get())
                .map(Some)
                .map_err(|error| self.malformed(&error.to_string())),
            Err(error) if error.is("M_NOT_FOUND") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All that is stated of a room; `None` where we may not see it. Who has left sees it as it was then.
    pub async fn whole_state(&self, room: &RoomId) -> Result<Option<RoomState>, Error> {
        #[derive(Deserialize)]
        struct Stated {
            sender: String,
            #[serde(flatten)]
            event: StateEvent,
        }
        let request = facts::get_state_events::v3::Request::new(owned_room(room)?);
        let answer = match self.call(request, None).await {
            Ok(answer) => answer,
            Err(error) if error.is("M_FORBIDDEN") || error.is("M_NOT_FOUND") => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut state = RoomState::default();
        for event in answer.room_state {
            let Stated { sender, event } = serde_json::from_str(event.json().get())
                .map_err(|error| self.malformed(&error.to_string()))?;
            if event.kind != "m.room.member" {
                state.facts.insert((event.kind, event.key), event.content);
                continue;
            }
            // A way to be in a room that did not exist when this was written concerns nobody here.
            let membership = event.content.get("membership").and_then(Value::as_str);
            let Some(now) = membership.and_then(Membership::parse) else { continue };
            state.members.insert(self.user(&event.key)?, Standing { now, own: sender == event.key });
        }
        Ok(Some(state))
    }

    /// The rooms that a space holds, and theirs, as the homeserver shows them.
    pub async fn hierarchy(&self, space: &RoomId) -> Result<Vec<RoomId>, Error> {
        let mut rooms = vec![];
        let mut from = None;
        loop {
            let mut request = space::get_hierarchy::v1::Request::new(owned_room(space)?);
            request.from = from;
            let answer = self.call(request, None).await?;
            for room in answer.rooms {
                rooms.push(self.room(room.summary.room_id.as_str())?);
            }
            from = answer.next_batch;
            if from.is_none() {
                return Ok(rooms);
            }
        }
    }

    /// The rooms in which we are.
    pub async fn rooms(&self) -> Result<Vec<RoomId>, Error> {
        let answer = self.call(joined_rooms::v3::Request::new(), None).await?;
        answer.joined_rooms.iter().map(|room| self.room(room.as_str())).collect()
    }

    /// Whether a room stands in the homeserver's public list.
    pub async fn listed(&self, room: &RoomId) -> Result<bool, Error> {
        let request = directory::get_room_visibility::v3::Request::new(owned_room(room)?);
        Ok(self.call(request, None).await?.visibility == Visibility::Public)
    }

    /// Puts a room into the homeserver's public list, or takes it out.
    pub async fn list(&self, room: &RoomId, listed: bool) -> Result<(), Error> {
        let visibility = if listed { Visibility::Public } else { Visibility::Private };
        self.call(directory::set_room_visibility::v3::Request::new(owned_room(room)?, visibility), None)
            .await?;
        Ok(())
    }

    /// Has one of our users enter a room.
    pub async fn join(&self, room: &RoomId, user: &UserId) -> Result<(), Error> {
        self.call(join_room_by_id::v3::Request::new(owned_room(room)?), Some(user)).await?;
        Ok(())
    }

    /// Has one of our users leave a room.
    pub async fn leave(&self, room: &RoomId, user: &UserId) -> Result<(), Error> {
        self.call(leave_room::v3::Request::new(owned_room(room)?), Some(user)).await?;
        Ok(())
    }

    /// Invites somebody. Who is there already is no failure.
    pub async fn invite(&self, room: &RoomId, user: &UserId) -> Result<(), Error> {
        let whom = InviteUserId::new(owned_user(user)?);
        let request = invite_user::v3::Request::new(owned_room(room)?, whom.into());
        let Err(error) = self.call(request, None).await else { return Ok(()) };
        // Synapse answers 403 M_FORBIDDEN also to one who is in the room.
        if error.is("M_FORBIDDEN") && self.membership(room, user).await? == Some(Membership::Join) {
            return Ok(());
        }
        Err(error)
    }

    /// How somebody has to do with a room, if ever.
    pub async fn membership(&self, room: &RoomId, user: &UserId) -> Result<Option<Membership>, Error> {
        let content = self.state(room, "m.room.member", user.as_str()).await?;
        Ok(content.and_then(|content| Membership::parse(content.get("membership")?.as_str()?)))
    }

    /// Takes somebody out of a room, who may come again where the room is open. `reason` is seen by all in it.
    pub async fn remove(&self, room: &RoomId, user: &UserId, reason: &str) -> Result<(), Error> {
        let mut request = kick_user::v3::Request::new(owned_room(room)?, owned_user(user)?);
        request.reason = some(reason);
        self.call(request, None).await?;
        Ok(())
    }

    /// Takes somebody out of a room and keeps them out, also before they came. `reason` is seen by all in it.
    pub async fn ban(&self, room: &RoomId, user: &UserId, reason: &str) -> Result<(), Error> {
        let mut request = ban_user::v3::Request::new(owned_room(room)?, owned_user(user)?);
        request.reason = some(reason);
        self.call(request, None).await?;
        Ok(())
    }

    /// Lets somebody come again.
    pub async fn unban(&self, room: &RoomId, user: &UserId) -> Result<(), Error> {
        self.call(unban_user::v3::Request::new(owned_room(room)?, owned_user(user)?), None).await?;
        Ok(())
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn raw<T, S: Serialize>(value: &S) -> Result<Raw<T>, Error> {
    to_raw_value(value).map(Raw::from_json).map_err(|error| Error::Request(error.to_string()))
}
