//! The types of session that an edition offers.

use super::{
    answer::Seen,
    caller::Caller,
    fault::Fault,
    field::line,
    programme,
    resource::{Change, Desk, Nothing, Ordered, Removable, Resource, Said, moving, reading, writing},
    session::SessionKind,
};
use crate::site::Site;
use model::{
    Refusal,
    edit::Shift,
    id::SessionTypeId,
    permission::Action,
    session_type::{self, SessionType as Offered},
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
    SessionType, "Programme",
    "/api/v1/editions/{edition}/session-types", "/api/v1/editions/{edition}/session-types/{id}" by "Its identifier",
    [] [security(("token" = []))],
    "listSessionTypes": "Lists the types of session that the edition offers.",
    "getSessionType": "Shows a session type.",
);
writing!(
    SessionType by SessionTypeInput, "Programme",
    "/api/v1/editions/{edition}/session-types", "/api/v1/editions/{edition}/session-types/{id}" by "Its identifier",
    "createSessionType": "Adds a session type.",
    "changeSessionType": "Changes a session type.",
    "removeSessionType": "Removes a session type. Sessions of it stay what they are.",
);
moving!(
    SessionType, "Programme", "/api/v1/editions/{edition}/session-types/{id}/move" by "Its identifier",
    "moveSessionType": "Moves a session type up or down in the list from which people choose.",
);

/// A type of session that the edition offers.
#[derive(Debug, Serialize, ToSchema)]
struct SessionType {
    /// Its identifier.
    id: Uuid,
    /// What is known of it.
    #[serde(flatten)]
    input: SessionTypeInput,
}

/// What one decides of a session type.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct SessionTypeInput {
    /// Its name, which sessions of it carry.
    #[schema(min_length = 1, max_length = 300)]
    name: String,
    /// What it is.
    #[serde(default)]
    kind: SessionKind,
    /// How long a session of it usually is.
    #[schema(minimum = 1, maximum = 1_440)]
    minutes: u16,
    /// What it is for. Markdown.
    #[serde(default)]
    description: String,
}

impl From<&Offered> for SessionType {
    fn from(one: &Offered) -> Self {
        Self {
            id: one.id.0,
            input: SessionTypeInput {
                name: one.name.to_string(),
                kind: one.kind.into(),
                minutes: one.minutes,
                description: one.description.to_string(),
            },
        }
    }
}

impl SessionTypeInput {
    /// The type that it decides.
    fn read(&self, id: SessionTypeId) -> Result<Offered, Refusal> {
        Ok(Offered {
            id,
            name: line("name", &self.name)?,
            kind: self.kind.into(),
            minutes: self.minutes,
            description: RichText::clean(&self.description),
        })
    }
}

impl SessionType {
    /// Changes the types of the edition by `rule`, for somebody who may.
    async fn by(
        desk: &Desk,
        rule: impl FnOnce(&[Offered]) -> Result<Vec<Offered>, Fault> + Send,
    ) -> Result<Vec<Offered>, Fault> {
        desk.may(Action::EditProgramme)?;
        let said = Said::default();
        let (actor, id) = (&desk.caller.subject.actor, desk.edition.id);
        let done = desk.site.store().change_session_types(actor, id, |types| said.keep(rule(types))).await;
        said.outcome(done)
    }

    /// The one that the address means.
    fn among(types: &[Offered], key: &str) -> Result<Self, Fault> {
        types.iter().map(Self::from).find(|one| one.is(key)).ok_or_else(|| Fault::none(Self::ONE, key))
    }
}

impl Resource for SessionType {
    type Input = SessionTypeInput;
    type Wanted = Nothing;

    const ONE: &'static str = "session type";
    const LIST: &'static str = "session-types";

    fn id(&self) -> Uuid {
        self.id
    }

    fn input(&self) -> &SessionTypeInput {
        &self.input
    }

    async fn all(site: &Site, caller: &Caller, edition: &str, _: &Nothing) -> Result<Vec<Self>, Fault> {
        let edition = programme::desk(site, caller, edition).await?.edition;
        Ok(site.store().session_types(edition.id).await?.iter().map(Self::from).collect())
    }

    async fn add(desk: &Desk, input: &SessionTypeInput) -> Result<Self, Fault> {
        let new = input.read(SessionTypeId(Uuid::now_v7()))?;
        let after = Self::by(desk, |types| Ok(session_type::put(types, &new)?)).await?;
        Self::among(&after, &new.id.to_string())
    }

    async fn change(desk: &Desk, key: &str, change: &Change) -> Result<Self, Fault> {
        let after = Self::by(desk, |types| {
            let present = Self::among(types, key)?;
            let changed = change.of(&present)?.read(SessionTypeId(present.id))?;
            Ok(session_type::put(types, &changed)?)
        })
        .await?;
        Self::among(&after, key)
    }
}

impl Removable for SessionType {
    async fn remove(desk: &Desk, key: &str, seen: &Seen) -> Result<(), Fault> {
        Self::by(desk, |types| {
            let present = Self::among(types, key)?;
            seen.check(&present)?;
            Ok(session_type::remove(types, SessionTypeId(present.id))?)
        })
        .await?;
        Ok(())
    }
}

impl Ordered for SessionType {
    async fn shift(desk: &Desk, key: &str, by: Shift) -> Result<(), Fault> {
        Self::by(desk, |types| {
            Ok(session_type::shift(types, SessionTypeId(Self::among(types, key)?.id), by)?)
        })
        .await?;
        Ok(())
    }
}
