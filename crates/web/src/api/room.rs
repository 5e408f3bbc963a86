//! Rooms.

use super::{
    field::{line, same_words, slug},
    part::{OrderedPart, Part},
    programme::OfState,
    resource::{is_id, moving, reading, writing},
};
use crate::site::Site;
use model::{
    Refusal,
    edit::{Command, Shift},
    id::RoomId,
    programme::{self as p, Programme},
    text::RichText,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The operations.
pub(super) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, change, remove))
        .routes(routes!(shift))
}

reading!(
    Room, "Programme", "/api/v1/editions/{edition}/rooms", "/api/v1/editions/{edition}/rooms/{id}" by "Its identifier or slug",
    [OfState] [],
    "listRooms": "Lists rooms.",
    "getRoom": "Shows a room.",
);
writing!(
    Room by RoomInput, "Programme", "/api/v1/editions/{edition}/rooms", "/api/v1/editions/{edition}/rooms/{id}" by "Its identifier or slug",
    "createRoom": "Adds a room to the working state.",
    "changeRoom": "Changes a room of the working state.",
    "removeRoom": "Removes a room from the working state.",
);

moving!(
    Room, "Programme", "/api/v1/editions/{edition}/rooms/{id}/move" by "Its identifier or slug",
    "moveRoom": "Moves a room up or down in the order in which rooms are shown.",
);

/// A room.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct Room {
    /// Its identifier.
    pub(super) id: Uuid,
    /// What is known of it.
    #[serde(flatten)]
    pub(super) input: RoomInput,
}

/// What one decides of a room.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct RoomInput {
    /// Its name.
    #[schema(min_length = 1, max_length = 300)]
    name: String,
    /// Its place in addresses; made from the name where it is left out.
    #[serde(default)]
    slug: Option<String>,
    /// `physical`, `virtual` or `hybrid`.
    #[serde(default)]
    kind: RoomKind,
    /// How many people it holds.
    #[serde(default)]
    #[schema(maximum = 1_000_000)]
    capacity: Option<u32>,
    /// Where it is and what one should know. Markdown.
    #[serde(default)]
    description: String,
}

/// What a room is.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RoomKind {
    /// A place in a building.
    #[default]
    Physical,
    /// A video room only.
    Virtual,
    /// Both.
    Hybrid,
}

same_words!(RoomKind = p::RoomKind { Physical, Virtual, Hybrid });

impl Part for Room {
    type Model = p::Room;
    type Input = RoomInput;

    const ONE: &'static str = "room";
    const LIST: &'static str = "rooms";

    fn shown(room: &p::Room) -> Self {
        Self {
            id: room.id.0,
            input: RoomInput {
                name: room.name.to_string(),
                slug: Some(room.slug.to_string()),
                kind: room.kind.into(),
                capacity: room.capacity,
                description: room.description.to_string(),
            },
        }
    }

    fn id(&self) -> Uuid {
        self.id
    }

    fn input(&self) -> &RoomInput {
        &self.input
    }

    fn of(all: &Programme) -> &[p::Room] {
        &all.rooms
    }

    fn is(one: &p::Room, key: &str) -> bool {
        one.slug.as_str() == key || is_id(one.id.0, key)
    }

    fn read(input: &RoomInput, id: Uuid, _: Option<&p::Room>, _: &Programme) -> Result<p::Room, Refusal> {
        let name = line("name", &input.name)?;
        Ok(p::Room {
            id: RoomId(id),
            slug: slug(input.slug.as_deref(), &name, "room", id)?,
            name,
            kind: input.kind.into(),
            capacity: input.capacity,
            description: RichText::clean(&input.description),
        })
    }

    fn put(one: p::Room) -> Command {
        Command::PutRoom(one)
    }

    fn without(id: Uuid) -> Command {
        Command::RemoveRoom(RoomId(id))
    }
}

impl OrderedPart for Room {
    fn moved(id: Uuid, by: Shift) -> Command {
        Command::ShiftRoom(RoomId(id), by)
    }
}
