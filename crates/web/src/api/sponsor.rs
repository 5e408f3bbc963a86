//! Sponsors and their levels. Those of a past year are frozen, which the record sees to.

use super::{
    answer::{self, Answer, Seen},
    body::Json,
    caller::Caller,
    fault::Fault,
    field::{line, shown, url},
    programme::{self, OfState},
    resource::{self, Change, Desk, Ordered, Removable, Resource, Said, moving, reading, writing},
};
use crate::site::Site;
use axum::{
    extract::{Path, State as Held},
    http::HeaderMap,
};
use model::{
    Refusal,
    edit::Shift,
    edition,
    id::SponsorId,
    permission::{Action, Place},
    sponsor::{SponsorPlan, is_frozen},
    text::{Line, RichText},
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
        .routes(routes!(levels, set_levels))
        .routes(routes!(copy_levels))
        .routes(routes!(reopen))
        .routes(routes!(freeze))
}

reading!(
    Sponsor, "Site", "/api/v1/editions/{edition}/sponsors", "/api/v1/editions/{edition}/sponsors/{id}" by "Its identifier",
    [OfState] [],
    "listSponsors": "Lists sponsors, by level.",
    "getSponsor": "Shows a sponsor.",
);
writing!(
    Sponsor by SponsorInput, "Site",
    "/api/v1/editions/{edition}/sponsors", "/api/v1/editions/{edition}/sponsors/{id}" by "Its identifier",
    "createSponsor": "Adds a sponsor. It stands on every public page at once.",
    "changeSponsor": "Changes a sponsor.",
    "removeSponsor": "Removes a sponsor.",
);
moving!(
    Sponsor, "Site", "/api/v1/editions/{edition}/sponsors/{id}/move" by "Its identifier",
    "moveSponsor": "Moves a sponsor up or down among those of its level.",
);

/// A sponsor of the edition.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct Sponsor {
    /// Its identifier.
    pub(super) id: Uuid,
    /// What is known of it.
    #[serde(flatten)]
    pub(super) input: SponsorInput,
}

/// What one decides of a sponsor.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct SponsorInput {
    /// The company or foundation.
    #[schema(min_length = 1, max_length = 300)]
    name: String,
    /// The kind of sponsorship, such as "Platinum".
    #[schema(min_length = 1, max_length = 300)]
    level: String,
    /// The order of the levels: 0 is shown first.
    #[serde(default)]
    rank: u16,
    /// Its site.
    #[serde(default)]
    url: Option<String>,
    /// Its logo.
    #[serde(default)]
    logo: Option<String>,
    /// A line or two about it. Markdown.
    #[serde(default)]
    description: String,
}

impl From<&edition::Sponsor> for Sponsor {
    fn from(sponsor: &edition::Sponsor) -> Self {
        Self {
            id: sponsor.id.0,
            input: SponsorInput {
                name: sponsor.name.to_string(),
                level: sponsor.level.to_string(),
                rank: sponsor.rank,
                url: shown(sponsor.url.as_ref()),
                logo: shown(sponsor.logo.as_ref()),
                description: sponsor.description.to_string(),
            },
        }
    }
}

impl SponsorInput {
    /// The sponsor that it decides.
    fn read(&self, id: SponsorId, present: Option<&edition::Sponsor>) -> Result<edition::Sponsor, Refusal> {
        Ok(edition::Sponsor {
            id,
            name: line("name", &self.name)?,
            level: Line::clean(&self.level),
            rank: self.rank,
            url: url("url", self.url.as_deref())?,
            logo: url("logo", self.logo.as_deref())?,
            description: RichText::clean(&self.description),
            // An uploaded logo is changed on the sponsor's page at the desk.
            upload: present.and_then(|sponsor| sponsor.upload.clone()),
        })
    }
}

impl Sponsor {
    /// The sponsor as the record has it, for somebody who enters sponsors.
    async fn held(desk: &Desk, key: &str) -> Result<edition::Sponsor, Fault> {
        desk.may(Action::EditSponsors)?;
        let (_, sponsors) = desk.site.store().sponsors(desk.edition.id).await?;
        let found = sponsors.into_iter().find(|one| resource::is_id(one.id.0, key));
        found.ok_or_else(|| Fault::none(Self::ONE, key))
    }

    /// Changes the one of that identifier by `rule`, and gives it with the rank that it got; `None` where it is removed.
    async fn by(
        desk: &Desk,
        id: SponsorId,
        rule: impl Fn(Option<&edition::Sponsor>) -> Result<Option<edition::Sponsor>, Fault> + Send + Sync,
    ) -> Result<Option<Self>, Fault> {
        desk.may(Action::EditSponsors)?;
        let said = Said::default();
        let (store, subject) = (desk.site.store(), &desk.caller.subject);
        let done =
            store.change_sponsor(subject, desk.edition.id, id, |present| said.keep(rule(present))).await;
        Ok(said.outcome(done)?.as_ref().map(Self::from))
    }
}

impl Resource for Sponsor {
    type Input = SponsorInput;
    type Wanted = OfState;

    const ONE: &'static str = "sponsor";
    const LIST: &'static str = "sponsors";

    fn id(&self) -> Uuid {
        self.id
    }

    fn input(&self) -> &SponsorInput {
        &self.input
    }

    async fn all(site: &Site, caller: &Caller, edition: &str, wanted: &OfState) -> Result<Vec<Self>, Fault> {
        let source = programme::read(site, caller, edition, wanted.state.unwrap_or_default()).await?;
        Ok(source.sponsors.iter().map(Self::from).collect())
    }

    async fn add(desk: &Desk, input: &SponsorInput) -> Result<Self, Fault> {
        let new = input.read(SponsorId(Uuid::now_v7()), None)?;
        let added = Self::by(desk, new.id, |_| Ok(Some(new.clone()))).await?;
        added.ok_or_else(|| Fault::none(Self::ONE, &new.id.to_string()))
    }

    async fn change(desk: &Desk, key: &str, change: &Change) -> Result<Self, Fault> {
        let none = || Fault::none(Self::ONE, key);
        let id = SponsorId(resource::id_in(Self::ONE, key)?);
        let changed = Self::by(desk, id, |present| {
            let present = present.ok_or_else(none)?;
            Ok(Some(change.of(&Self::from(present))?.read(present.id, Some(present))?))
        });
        changed.await?.ok_or_else(none)
    }
}

impl Removable for Sponsor {
    async fn remove(desk: &Desk, key: &str, seen: &Seen) -> Result<(), Fault> {
        let id = SponsorId(resource::id_in(Self::ONE, key)?);
        Self::by(desk, id, |present| {
            seen.check(&Self::from(present.ok_or_else(|| Fault::none(Self::ONE, key))?))?;
            Ok(None)
        })
        .await
        .map(drop)
    }
}

impl Ordered for Sponsor {
    async fn shift(desk: &Desk, key: &str, by: Shift) -> Result<(), Fault> {
        let present = Self::held(desk, key).await?;
        let up = by == Shift::Up;
        desk.site.store().move_sponsor(&desk.caller.subject, desk.edition.id, present.id, up).await?;
        Ok(())
    }
}

/// The levels of an edition's sponsors, and whether sponsors can be changed.
#[derive(Debug, Serialize, ToSchema)]
struct SponsorLevels {
    /// The levels, the highest first.
    levels: Vec<String>,
    /// Whether nothing about the sponsors changes any more, because the edition is over.
    frozen: bool,
    /// Why they were opened again after that; null where they were not.
    reopened: Option<String>,
}

impl SponsorLevels {
    fn of(desk: &Desk, plan: &SponsorPlan) -> Self {
        Self {
            levels: plan.levels.iter().map(ToString::to_string).collect(),
            frozen: is_frozen(&desk.edition, plan, desk.site.now()),
            reopened: plan.reopened.as_ref().map(|reopened| reopened.reason.to_string()),
        }
    }

    async fn now(desk: &Desk) -> Result<Self, Fault> {
        let (plan, _) = desk.site.store().sponsors(desk.edition.id).await?;
        Ok(Self::of(desk, &plan))
    }
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/sponsor-levels", operation_id = "getSponsorLevels", tag = "Site",
    summary = "Shows the levels of sponsors, the highest first, and whether sponsors can be changed.",
    params(("edition" = String, Path, description = "The edition's slug or identifier")),
    responses(
        (status = 200, description = "The levels", body = SponsorLevels),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn levels(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path(edition): Path<String>,
) -> Answer {
    let edition = programme::desk(&site, &caller, &edition).await?.edition;
    caller.may_read(Action::EditSponsors, &Place::edition(&edition))?;
    answer::thing(&headers, &SponsorLevels::now(&Desk { site, caller, edition }).await?)
}

/// The levels that sponsors are to have.
#[derive(Debug, Deserialize, ToSchema)]
struct Levels {
    /// The levels, the highest first. Empty and repeated names are left out.
    #[schema(max_items = 20)]
    levels: Vec<String>,
}

#[utoipa::path(
    put, path = "/api/v1/editions/{edition}/sponsor-levels", operation_id = "setSponsorLevels", tag = "Site",
    summary = "Sets the levels of sponsors, the highest first. The order of the sponsors follows.",
    params(
        ("edition" = String, Path, description = "The edition's slug or identifier"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the levels"),
    ),
    request_body = Levels,
    responses((status = 200, description = "The levels as they are now", body = SponsorLevels)),
    security(("token" = [])),
)]
async fn set_levels(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path(edition): Path<String>,
    Json(wanted): Json<Levels>,
) -> Answer {
    let desk = Desk::enter(site, caller, &edition).await?;
    desk.may(Action::EditSponsors)?;
    let seen = Seen::required(&headers)?;
    let levels: Vec<Line> = wanted.levels.iter().map(|level| Line::clean(level)).collect();
    let said = Said::default();
    let rule =
        |plan: &SponsorPlan| said.keep(seen.check(&SponsorLevels::of(&desk, plan))).map(|()| levels.clone());
    let done = desk.site.store().change_levels(&desk.caller.subject, desk.edition.id, rule).await;
    answer::changed(&SponsorLevels::of(&desk, &said.outcome(done)?))
}

#[utoipa::path(
    post, path = "/api/v1/editions/{edition}/sponsor-levels/copy", operation_id = "copySponsorLevels", tag = "Site",
    summary = "Takes over the levels of the latest earlier edition of the series that has any.",
    params(("edition" = String, Path, description = "The edition's slug or identifier")),
    responses(
        (status = 200, description = "The levels as they are now; the same where no earlier edition has any", body = SponsorLevels),
        (status = 422, description = "The sponsors are frozen", body = super::fault::Problem, content_type = "application/problem+json"),
    ),
    security(("token" = [])),
)]
async fn copy_levels(Held(site): Held<Site>, caller: Caller, Path(edition): Path<String>) -> Answer {
    let desk = Desk::enter(site, caller, &edition).await?;
    desk.may(Action::EditSponsors)?;
    desk.site.store().copy_levels(&desk.caller.subject, desk.edition.id).await?;
    answer::changed(&SponsorLevels::now(&desk).await?)
}

/// Why the sponsors of an edition that is over are opened again.
#[derive(Debug, Deserialize, ToSchema)]
struct Reopening {
    /// The reason, which stands in the audit log.
    #[schema(min_length = 1, max_length = 300)]
    reason: String,
}

#[utoipa::path(
    post, path = "/api/v1/editions/{edition}/sponsors/reopen", operation_id = "reopenSponsors", tag = "Site",
    summary = "Opens the sponsors of an edition that is over.",
    params(("edition" = String, Path, description = "The edition's slug or identifier")),
    request_body = Reopening,
    responses((status = 200, description = "The levels, and that they are open", body = SponsorLevels)),
    security(("token" = [])),
)]
async fn reopen(
    Held(site): Held<Site>,
    caller: Caller,
    Path(edition): Path<String>,
    Json(why): Json<Reopening>,
) -> Answer {
    open(Desk::enter(site, caller, &edition).await?, Some(&Line::clean(&why.reason))).await
}

#[utoipa::path(
    post, path = "/api/v1/editions/{edition}/sponsors/freeze", operation_id = "freezeSponsors", tag = "Site",
    summary = "Freezes the sponsors of an edition that is over again.",
    params(("edition" = String, Path, description = "The edition's slug or identifier")),
    responses((status = 200, description = "The levels, and that they are frozen", body = SponsorLevels)),
    security(("token" = [])),
)]
async fn freeze(Held(site): Held<Site>, caller: Caller, Path(edition): Path<String>) -> Answer {
    open(Desk::enter(site, caller, &edition).await?, None).await
}

async fn open(desk: Desk, reason: Option<&Line>) -> Answer {
    desk.may(Action::EditEdition)?;
    let plan = desk.site.store().reopen_sponsors(&desk.caller.subject, desk.edition.id, reason).await?;
    answer::changed(&SponsorLevels::of(&desk, &plan))
}
