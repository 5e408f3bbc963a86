//! Registrations: who takes part, as the desk lists and changes them.

use super::{
    answer::{self, Answer, Seen},
    body::Json,
    caller::Caller,
    fault::Fault,
    field::{field, optional, same_words},
    programme,
    resource::{self, Change, Desk, Resource, Said, reading},
};
use crate::{desk, site::Site};
use axum::{
    extract::{Path, State as Held},
    http::HeaderMap,
};
use model::{
    Refusal,
    country::Country,
    email::Email,
    id::RegistrationId,
    permission::{Action, Place},
    registration as r,
    text::{Line, excerpt},
    time::Zone,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{RegistrationCounts, RegistrationFilter};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The operations.
pub(super) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, change))
        .routes(routes!(tell))
        .routes(routes!(counts))
        .routes(routes!(caps, set_caps))
}

reading!(
    Registration, "Registrations",
    "/api/v1/editions/{edition}/registrations", "/api/v1/editions/{edition}/registrations/{id}" by "Its identifier",
    [Wanted] [security(("token" = []))],
    "listRegistrations": "Lists registrations, by name.",
    "getRegistration": "Shows a registration.",
);
resource::adding!(
    Registration by RegistrationInput, "Registrations",
    "/api/v1/editions/{edition}/registrations", "/api/v1/editions/{edition}/registrations/{id}" by "Its identifier",
    "createRegistration": "Registers somebody, who can sign in with their address at once. It gives them no role.",
    "changeRegistration": "Changes a registration, or cancels it: cancelled ones stay in the record.",
);

/// Somebody's registration for the edition.
#[derive(Debug, Serialize, ToSchema)]
struct Registration {
    /// Its identifier.
    id: Uuid,
    /// What is known of it.
    #[serde(flatten)]
    input: RegistrationInput,
    /// Their account, once they have proved that they read mail at the address.
    account: Option<Uuid>,
}

/// What one decides of a registration.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct RegistrationInput {
    /// The address by which they are known.
    #[schema(min_length = 3, max_length = 254)]
    email: String,
    /// Their name.
    #[serde(default)]
    name: String,
    /// As what they come.
    #[serde(default)]
    kind: RegistrationType,
    /// How they take part.
    #[serde(default)]
    mode: Attendance,
    /// Where they work or belong.
    #[serde(default)]
    affiliation: String,
    /// Their country, by name or by its code of two letters.
    #[serde(default)]
    country: String,
    /// The zone of their clocks, such as `Europe/Prague`.
    #[serde(default)]
    zone: Option<String>,
    /// The code that the system gave it in which they registered.
    #[serde(default)]
    code: String,
    /// Whether it holds.
    #[serde(default)]
    state: RegistrationState,
}

/// As what somebody comes.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RegistrationType {
    /// To listen and to talk.
    #[default]
    Attendee,
    /// To give a talk.
    Speaker,
    /// To lead a track or microconference.
    Lead,
    /// For a sponsor.
    Sponsor,
    /// To help run it.
    Staff,
    /// As a student.
    Student,
}

same_words!(RegistrationType = r::RegistrationType { Attendee, Speaker, Lead, Sponsor, Staff, Student });

/// How somebody takes part.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Attendance {
    /// At the venue.
    #[default]
    InPerson,
    /// By video.
    Virtual,
}

same_words!(Attendance = r::Attendance { InPerson, Virtual });

/// Whether a registration holds.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RegistrationState {
    /// It does.
    #[default]
    Active,
    /// It was cancelled.
    Cancelled,
}

same_words!(RegistrationState = r::RegistrationState { Active, Cancelled });

/// Which registrations.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Those whose name, address or affiliation holds these words.
    #[serde(default)]
    q: Option<String>,
    /// Those of that type.
    #[serde(default)]
    #[param(inline)]
    kind: Option<RegistrationType>,
    /// Those who take part that way.
    #[serde(default)]
    #[param(inline)]
    mode: Option<Attendance>,
    /// Those that hold, or those that were cancelled.
    #[serde(default)]
    #[param(inline)]
    state: Option<RegistrationState>,
    /// Those whose person has signed in, or has not.
    #[serde(default)]
    linked: Option<bool>,
}

impl From<&Wanted> for RegistrationFilter {
    fn from(wanted: &Wanted) -> Self {
        Self {
            words: wanted.q.clone().unwrap_or_default(),
            kind: wanted.kind.map(Into::into),
            mode: wanted.mode.map(Into::into),
            state: wanted.state.map(Into::into),
            linked: wanted.linked,
        }
    }
}

impl From<&r::Registration> for Registration {
    fn from(one: &r::Registration) -> Self {
        Self {
            id: one.id.0,
            input: RegistrationInput {
                email: one.email.to_string(),
                name: one.name.to_string(),
                kind: one.kind.into(),
                mode: one.mode.into(),
                affiliation: one.affiliation.to_string(),
                country: one.country.to_string(),
                zone: one.zone.as_ref().map(|zone| zone.name().to_owned()),
                code: one.code.to_string(),
                state: one.state.into(),
            },
            account: one.account.map(|account| account.0),
        }
    }
}

impl RegistrationInput {
    /// The registration that it decides.
    fn read(&self, desk: &Desk, present: Option<&r::Registration>) -> Result<r::Registration, Refusal> {
        let country = Country::parse(&self.country)
            .map_or_else(|| Line::clean(&self.country), |known| Line::from(known.name()));
        Ok(r::Registration {
            id: present.map_or_else(|| RegistrationId(Uuid::now_v7()), |present| present.id),
            edition: desk.edition.id,
            email: field("email", &self.email, Email::parse)?,
            name: Line::clean(&self.name),
            kind: self.kind.into(),
            mode: self.mode.into(),
            affiliation: Line::clean(&self.affiliation),
            country,
            zone: optional("zone", self.zone.as_deref(), Zone::parse)?,
            code: Line::clean(&self.code),
            state: self.state.into(),
            account: present.and_then(|present| present.account),
        })
    }
}

impl Registration {
    /// The registration as the record has it.
    async fn held(
        site: &Site,
        edition: &model::edition::Edition,
        key: &str,
    ) -> Result<r::Registration, Fault> {
        let id = RegistrationId(resource::id_in(Self::ONE, key)?);
        let found = site.store().registration(edition.id, id).await?;
        found.ok_or_else(|| Fault::none(Self::ONE, key))
    }

    /// Changes the one of that identifier by `rule`, and gives it with the account that it got.
    async fn by(
        desk: &Desk,
        id: RegistrationId,
        rule: impl FnOnce(Option<&r::Registration>) -> Result<r::Registration, Fault> + Send,
    ) -> Result<Self, Fault> {
        desk.may(Action::EditRegistrations)?;
        let said = Said::default();
        let (store, actor) = (desk.site.store(), &desk.caller.subject.actor);
        let done =
            store.change_registration(actor, desk.edition.id, id, |present| said.keep(rule(present))).await;
        Ok(Self::from(&said.outcome(done)?))
    }
}

impl Resource for Registration {
    type Input = RegistrationInput;
    type Wanted = Wanted;

    const ONE: &'static str = "registration";
    const LIST: &'static str = "registrations";

    fn id(&self) -> Uuid {
        self.id
    }

    fn input(&self) -> &RegistrationInput {
        &self.input
    }

    async fn all(site: &Site, caller: &Caller, edition: &str, wanted: &Wanted) -> Result<Vec<Self>, Fault> {
        let edition = programme::desk(site, caller, edition).await?.edition;
        caller.may(Action::SeeRegistrations, &Place::edition(&edition))?;
        let (found, _) = site.store().registrations(edition.id, &wanted.into(), 0, u32::MAX.into()).await?;
        Ok(found.iter().map(Self::from).collect())
    }

    async fn find(site: &Site, caller: &Caller, edition: &str, key: &str, _: &Wanted) -> Result<Self, Fault> {
        let edition = programme::desk(site, caller, edition).await?.edition;
        caller.may(Action::SeeRegistrations, &Place::edition(&edition))?;
        Ok(Self::from(&Self::held(site, &edition, key).await?))
    }

    async fn add(desk: &Desk, input: &RegistrationInput) -> Result<Self, Fault> {
        let new = input.read(desk, None)?;
        Self::by(desk, new.id, |_| Ok(new)).await
    }

    async fn change(desk: &Desk, key: &str, change: &Change) -> Result<Self, Fault> {
        let id = RegistrationId(resource::id_in(Self::ONE, key)?);
        Self::by(desk, id, |present| {
            let present = present.ok_or_else(|| Fault::none(Self::ONE, key))?;
            Ok(change.of(&Self::from(present))?.read(desk, Some(present))?)
        })
        .await
    }
}

/// How many mails were queued.
#[derive(Debug, Serialize, ToSchema)]
struct Told {
    /// 1, or 0 for somebody who was told before, or whose registration is cancelled.
    mails: usize,
}

#[utoipa::path(
    post, path = "/api/v1/editions/{edition}/registrations/{id}/tell", operation_id = "tellRegistration", tag = "Registrations",
    summary = "Sends the mail that confirms a registration. Each is told once.",
    params(
        ("edition" = String, Path, description = "The edition's slug or identifier"),
        ("id" = String, Path, description = "Its identifier"),
    ),
    responses((status = 200, description = "How many mails are on their way", body = Told)),
    security(("token" = [])),
)]
async fn tell(
    Held(site): Held<Site>,
    caller: Caller,
    Path((edition, key)): Path<(String, String)>,
) -> Answer {
    let desk = Desk::enter(site, caller, &edition).await?;
    desk.may(Action::EditRegistrations)?;
    let one = Registration::held(&desk.site, &desk.edition, &key).await?;
    let actor = &desk.caller.subject.actor;
    let mails = desk::tell(&desk.site, actor, &desk.edition, std::slice::from_ref(&one)).await?;
    answer::changed(&Told { mails })
}

/// How many are registered, and how much of each cap is taken.
#[derive(Debug, Serialize, ToSchema)]
struct Counts {
    /// All whose registration holds.
    registered: u64,
    /// Those of them who have signed in.
    signed_in: u64,
    /// Those whose registration was cancelled.
    cancelled: u64,
    /// Those whose registration holds, by type and way.
    by_type: Vec<Count>,
    /// How much of each cap is taken.
    caps: Vec<Taken>,
}

/// How many are registered as one type, who take part in one way.
#[derive(Debug, Serialize, ToSchema)]
struct Count {
    /// As what they come.
    kind: RegistrationType,
    /// How they take part.
    mode: Attendance,
    /// How many.
    registered: u64,
}

/// How much of a cap is taken.
#[derive(Debug, Serialize, ToSchema)]
struct Taken {
    /// What has the cap: a type or a way.
    of: &'static str,
    /// How many are registered.
    registered: u64,
    /// How many may be.
    most: u32,
}

impl Counts {
    fn of(counts: &RegistrationCounts, caps: &r::Caps) -> Self {
        let by_type = counts.active.iter().map(|(&(kind, mode), &registered)| Count {
            kind: kind.into(),
            mode: mode.into(),
            registered,
        });
        let taken = caps.taken(&counts.active);
        Self {
            registered: counts.total,
            signed_in: counts.linked,
            cancelled: counts.cancelled,
            by_type: by_type.collect(),
            caps: taken
                .iter()
                .map(|one| Taken { of: one.of.as_str(), registered: one.count, most: one.most })
                .collect(),
        }
    }
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/registration-counts", operation_id = "countRegistrations", tag = "Registrations",
    summary = "Counts registrations by type and way, and says how much of each cap is taken.",
    params(("edition" = String, Path, description = "The edition's slug or identifier")),
    responses(
        (status = 200, description = "How many there are", body = Counts),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn counts(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path(edition): Path<String>,
) -> Answer {
    let edition = programme::desk(&site, &caller, &edition).await?.edition;
    caller.may(Action::SeeRegistrations, &Place::edition(&edition))?;
    let counts = site.store().registration_counts(edition.id).await?;
    let caps = site.store().registration_caps(edition.id).await?;
    answer::thing(&headers, &Counts::of(&counts, &caps))
}

/// How many may be registered at most.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct RegistrationCaps {
    /// The cap of each type (`attendee`, `speaker`, `lead`, `sponsor`, `staff`, `student`) and of each way over all types
    /// (`in_person`, `virtual`) that has one. What is left out has none.
    caps: BTreeMap<String, u32>,
}

impl From<&r::Caps> for RegistrationCaps {
    fn from(caps: &r::Caps) -> Self {
        let all = r::Capped::all().filter_map(|of| Some((of.as_str().to_owned(), caps.get(of)?)));
        Self { caps: all.collect() }
    }
}

impl RegistrationCaps {
    /// The caps that it decides.
    fn read(&self) -> Result<r::Caps, Refusal> {
        let read = |(word, most): (&String, &u32)| {
            let of = r::Capped::parse(word).ok_or_else(|| {
                let words: Vec<&str> = r::Capped::all().map(r::Capped::as_str).collect();
                let problem = format!("\"{}\" is no type and no way", excerpt(word, 60));
                Refusal::new("caps", problem, format!("Use one of {}", words.join(", ")))
            })?;
            Ok((of, *most))
        };
        self.caps.iter().map(read).collect()
    }
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/registration-caps", operation_id = "getRegistrationCaps", tag = "Registrations",
    summary = "Shows how many may be registered at most.",
    params(("edition" = String, Path, description = "The edition's slug or identifier")),
    responses(
        (status = 200, description = "The caps", body = RegistrationCaps),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn caps(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path(edition): Path<String>,
) -> Answer {
    let edition = programme::desk(&site, &caller, &edition).await?.edition;
    caller.may(Action::SeeRegistrations, &Place::edition(&edition))?;
    answer::thing(&headers, &RegistrationCaps::from(&site.store().registration_caps(edition.id).await?))
}

#[utoipa::path(
    put, path = "/api/v1/editions/{edition}/registration-caps", operation_id = "setRegistrationCaps", tag = "Registrations",
    summary = "Sets how many may be registered at most. A cap below what is registered cancels nobody.",
    params(
        ("edition" = String, Path, description = "The edition's slug or identifier"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the caps"),
    ),
    request_body = RegistrationCaps,
    responses((status = 200, description = "The caps as they are now", body = RegistrationCaps)),
    security(("token" = [])),
)]
async fn set_caps(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path(edition): Path<String>,
    Json(wanted): Json<RegistrationCaps>,
) -> Answer {
    let desk = Desk::enter(site, caller, &edition).await?;
    desk.may(Action::EditRegistrations)?;
    let seen = Seen::required(&headers)?;
    let new = wanted.read()?;
    let said = Said::default();
    let rule = |caps: r::Caps| said.keep(seen.check(&RegistrationCaps::from(&caps))).map(|()| new);
    let (store, actor) = (desk.site.store(), &desk.caller.subject.actor);
    let done = store.change_registration_caps(actor, desk.edition.id, rule).await;
    answer::changed(&RegistrationCaps::from(&said.outcome(done)?))
}
