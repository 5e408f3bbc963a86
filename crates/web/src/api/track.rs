//! Tracks; every microconference is one.

use super::{
    field::{line, optional, shown, slug},
    part::{OrderedPart, Part},
    programme::OfState,
    resource::{is_id, moving, reading, writing},
};
use crate::site::Site;
use model::{
    Refusal,
    edit::{Command, Shift},
    id::TrackId,
    programme::{self as p, Programme},
    text::{Colour, RichText},
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
    Track, "Programme", "/api/v1/editions/{edition}/tracks", "/api/v1/editions/{edition}/tracks/{id}" by "Its identifier or slug",
    [OfState] [],
    "listTracks": "Lists tracks.",
    "getTrack": "Shows a track.",
);
writing!(
    Track by TrackInput, "Programme", "/api/v1/editions/{edition}/tracks", "/api/v1/editions/{edition}/tracks/{id}" by "Its identifier or slug",
    "createTrack": "Adds a track to the working state.",
    "changeTrack": "Changes a track of the working state.",
    "removeTrack": "Removes a track from the working state.",
);

moving!(
    Track, "Programme", "/api/v1/editions/{edition}/tracks/{id}/move" by "Its identifier or slug",
    "moveTrack": "Moves a track up or down in the order in which tracks are shown.",
);

/// A track; every microconference is one.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct Track {
    /// Its identifier.
    pub(super) id: Uuid,
    /// What is known of it.
    #[serde(flatten)]
    pub(super) input: TrackInput,
}

/// What one decides of a track.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct TrackInput {
    /// Its name.
    #[schema(min_length = 1, max_length = 300)]
    name: String,
    /// Its place in addresses; made from the name where it is left out.
    #[serde(default)]
    slug: Option<String>,
    /// Its colour on pages, such as `#0055aa`.
    #[serde(default)]
    colour: Option<String>,
    /// What it is about. Markdown.
    #[serde(default)]
    description: String,
}

impl Part for Track {
    type Model = p::Track;
    type Input = TrackInput;

    const ONE: &'static str = "track";
    const LIST: &'static str = "tracks";

    fn shown(track: &p::Track) -> Self {
        Self {
            id: track.id.0,
            input: TrackInput {
                name: track.name.to_string(),
                slug: Some(track.slug.to_string()),
                colour: shown(track.colour.as_ref()),
                description: track.description.to_string(),
            },
        }
    }

    fn id(&self) -> Uuid {
        self.id
    }

    fn input(&self) -> &TrackInput {
        &self.input
    }

    fn of(all: &Programme) -> &[p::Track] {
        &all.tracks
    }

    fn is(one: &p::Track, key: &str) -> bool {
        one.slug.as_str() == key || is_id(one.id.0, key)
    }

    fn read(input: &TrackInput, id: Uuid, _: Option<&p::Track>, _: &Programme) -> Result<p::Track, Refusal> {
        let name = line("name", &input.name)?;
        Ok(p::Track {
            id: TrackId(id),
            slug: slug(input.slug.as_deref(), &name, "track", id)?,
            name,
            description: RichText::clean(&input.description),
            colour: optional("colour", input.colour.as_deref(), Colour::parse)?,
        })
    }

    fn put(one: p::Track) -> Command {
        Command::PutTrack(one)
    }

    fn without(id: Uuid) -> Command {
        Command::RemoveTrack(TrackId(id))
    }
}

impl OrderedPart for Track {
    fn moved(id: Uuid, by: Shift) -> Command {
        Command::ShiftTrack(TrackId(id), by)
    }
}
