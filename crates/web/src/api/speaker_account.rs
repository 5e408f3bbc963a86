//! Whose accounts the persons of the programme are.

use super::{
    answer::{self, Answer, Page, Paging},
    body::{Json, Query},
    caller::Caller,
    fault::Fault,
    programme,
    resource::{self, Desk},
};
use crate::{desk::speaker, site::Site};
use axum::{
    extract::{Path, State as Held},
    http::{HeaderMap, Uri},
};
use model::{
    account::Account,
    edition::Edition,
    id::AccountId,
    permission::{Action, Place},
    programme::Person,
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The operations.
pub(super) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(set, clear))
}

/// A person of the programme and whose account they are known to be.
#[derive(Debug, Serialize, ToSchema)]
struct SpeakerAccount {
    /// The person.
    person: Uuid,
    /// Their name in the programme.
    name: String,
    /// Their account; null where none is known.
    account: Option<Uuid>,
    /// Its handle.
    handle: Option<String>,
}

/// Whose account a person of the programme is.
#[derive(Debug, Deserialize, ToSchema)]
struct SpeakerAccountInput {
    /// Their handle, or a verified address of theirs for callers who see addresses.
    who: String,
}

/// All persons of the working state.
async fn all(site: &Site, edition: &Edition) -> Result<Vec<SpeakerAccount>, Fault> {
    let persons = persons(site, edition).await?;
    let linked = site.store().speaker_accounts(edition.id).await?;
    let ids: Vec<AccountId> = linked.values().copied().collect();
    let accounts: HashMap<AccountId, Account> =
        site.store().accounts(&ids).await?.into_iter().map(|account| (account.id, account)).collect();
    let shown = |one: &Person| {
        let account = linked.get(&one.id).and_then(|id| accounts.get(id));
        SpeakerAccount {
            person: one.id.0,
            name: one.name.to_string(),
            account: account.map(|account| account.id.0),
            handle: account.map(|account| account.handle.to_string()),
        }
    };
    Ok(persons.iter().map(shown).collect())
}

async fn persons(site: &Site, edition: &Edition) -> Result<Vec<Person>, Fault> {
    let programme = site.store().programme(edition.id).await?;
    Ok(programme.ok_or_else(|| Fault::none("edition", edition.slug.as_str()))?.persons)
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/speaker-accounts", operation_id = "listSpeakerAccounts", tag = "Programme",
    summary = "Lists the persons of the working state, each with the account that they are known to be.",
    params(("edition" = String, Path, description = "The edition's slug or identifier"), Paging),
    responses(
        (status = 200, description = "A page of the list", body = Page<SpeakerAccount>),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn list(
    Held(site): Held<Site>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    Path(key): Path<String>,
    Query(paging): Query<Paging>,
) -> Answer {
    let edition = programme::desk(&site, &caller, &key).await?.edition;
    caller.may_read(Action::EditProgramme, &Place::edition(&edition))?;
    answer::list(&headers, &uri, &paging.cut(all(&site, &edition).await?, |one| one.person)?)
}

/// The person that an address means, for a caller who may say whose account it is.
async fn find(site: Site, caller: Caller, key: &str, person: &str) -> Result<(Desk, Person), Fault> {
    let desk = Desk::enter(site, caller, key).await?;
    desk.may(Action::EditProgramme)?;
    let persons = persons(&desk.site, &desk.edition).await?;
    let is_it = |one: &Person| one.slug.as_str() == person || resource::is_id(one.id.0, person);
    let found = persons.into_iter().find(is_it).ok_or_else(|| Fault::none("person", person))?;
    Ok((desk, found))
}

#[utoipa::path(
    put, path = "/api/v1/editions/{edition}/speaker-accounts/{person}", operation_id = "setSpeakerAccount",
    tag = "Programme",
    summary = "Says whose account a person of the programme is: mail to speakers goes there.",
    params(
        ("edition" = String, Path, description = "The edition's slug or identifier"),
        ("person" = String, Path, description = "The person's slug or identifier"),
    ),
    request_body = SpeakerAccountInput,
    responses((status = 200, description = "The person and their account", body = SpeakerAccount)),
    security(("token" = [])),
)]
async fn set(
    Held(site): Held<Site>,
    caller: Caller,
    Path((key, person)): Path<(String, String)>,
    Json(input): Json<SpeakerAccountInput>,
) -> Answer {
    let (desk, one) = find(site, caller, &key, &person).await?;
    let subject = &desk.caller.subject;
    let sees_people = subject.may(Action::SeePeople, &Place::edition(&desk.edition)).is_ok();
    let who = super::field::line("who", &input.who)?;
    let account = speaker::account(&desk.site, who.as_str(), sees_people).await??;
    desk.site.store().set_speaker_account(subject, desk.edition.id, one.id, account).await?;
    let all = all(&desk.site, &desk.edition).await?;
    let known = all.iter().find(|known| known.person == one.id.0);
    answer::changed(known.ok_or_else(|| Fault::none("person", &person))?)
}

#[utoipa::path(
    delete, path = "/api/v1/editions/{edition}/speaker-accounts/{person}", operation_id = "clearSpeakerAccount",
    tag = "Programme",
    summary = "Says that no account of a person of the programme is known.",
    params(
        ("edition" = String, Path, description = "The edition's slug or identifier"),
        ("person" = String, Path, description = "The person's slug or identifier"),
    ),
    responses((status = 204, description = "None is known")),
    security(("token" = [])),
)]
async fn clear(
    Held(site): Held<Site>,
    caller: Caller,
    Path((key, person)): Path<(String, String)>,
) -> Answer {
    let (desk, one) = find(site, caller, &key, &person).await?;
    let subject = &desk.caller.subject;
    desk.site.store().set_speaker_account(subject, desk.edition.id, one.id, None).await?;
    answer::nothing()
}
