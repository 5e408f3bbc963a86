//! Accounts, and the roles that they were given.

use super::{
    BASE,
    answer::{self, Answer, Page, Paging},
    body::{Json, Query},
    caller::Caller,
    fault::Fault,
    programme, resource,
};
use crate::{
    desk::{grants, people},
    site::Site,
};
use axum::{
    extract::{Path, State as Held},
    http::{HeaderMap, Uri},
};
use jiff::Timestamp;
use model::{
    Refusal, account as a,
    edition::Edition,
    email::Email,
    id::{AccountId, EditionId, GrantId, RoomId, TrackId},
    invitation,
    permission::{self, Action, Place},
    text::Line,
};
use serde::{Deserialize, Serialize};
use store::{Grantee, KnownAccount, NewGrant, PeopleQuery};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The operations.
pub(super) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(me))
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(list_grants, give))
        .routes(routes!(revoke))
        .routes(routes!(list_invitations))
}

/// Somebody who can sign in.
#[derive(Debug, Serialize, ToSchema)]
struct Account {
    /// Their identifier.
    id: Uuid,
    /// Their public name.
    name: String,
    /// Their handle.
    handle: String,
    /// Where they work or belong.
    affiliation: String,
    /// The address to which mail goes; null for somebody who has none.
    email: Option<String>,
    /// When the account came into being.
    #[schema(value_type = String, format = DateTime)]
    created: Timestamp,
    /// `active`, `blocked`, `merged` or `deleted`.
    state: String,
}

impl Account {
    fn of(known: &KnownAccount) -> Self {
        let account = &known.account;
        Self {
            id: account.id.0,
            name: account.name.to_string(),
            handle: account.handle.to_string(),
            affiliation: account.affiliation.to_string(),
            email: known.email().map(|email| email.as_str().to_owned()),
            created: account.created,
            state: match account.state {
                a::AccountState::Active => "active",
                a::AccountState::Blocked => "blocked",
                a::AccountState::Merged(_) => "merged",
                a::AccountState::Deleted => "deleted",
            }
            .to_owned(),
        }
    }
}

/// Who the caller is.
#[derive(Debug, Serialize, ToSchema)]
struct Me {
    /// The token's owner.
    account: Account,
    /// Whether the token may change anything: `read` or `write`.
    scope: String,
    /// The only edition in which the token is good; null for everywhere.
    edition: Option<Uuid>,
    /// Until when it is good; null until it is revoked.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Timestamp>,
    /// The roles that it may use.
    grants: Vec<Grant>,
}

#[utoipa::path(
    get, path = "/api/v1/me", operation_id = "whoAmI", tag = "People",
    summary = "Shows whose token it is and what it may do.",
    responses(
        (status = 200, description = "The token's owner", body = Me),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn me(Held(site): Held<Site>, caller: Caller, headers: HeaderMap) -> Answer {
    let (id, bearer) = caller.known()?;
    let account = site.store().account(id).await?.ok_or_else(|| Fault::none("account", &id.to_string()))?;
    let mut shown = Account::of(&account);
    // A token of one edition does not reach its owner's address.
    if bearer.token.edition.is_some() {
        shown.email = None;
    }
    let me = Me {
        account: shown,
        scope: bearer.token.scope.as_str().to_owned(),
        edition: bearer.token.edition.map(|edition| edition.0),
        expires: bearer.token.expires,
        grants: caller.subject.holding().map(Grant::from).collect(),
    };
    answer::thing(&headers, &me)
}

/// Which accounts.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Parts of their name, handle, affiliation or address, each of which must be there; all people where it is left out.
    #[serde(default)]
    text: Option<String>,
}

#[utoipa::path(
    get, path = "/api/v1/accounts", operation_id = "listAccounts", tag = "People",
    summary = "Lists accounts by name: all of them, or of whom has to do with the editions whose people the caller may see.",
    params(Wanted, Paging),
    responses(
        (status = 200, description = "A page of the list", body = Page<Account>),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn list(
    Held(site): Held<Site>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
    Query(paging): Query<Paging>,
) -> Answer {
    caller.known()?;
    let within = people::within(&site, &caller.subject).await?;
    let query = PeopleQuery { words: wanted.text.unwrap_or_default(), within };
    let (last, limit) = (paging.last()?.map(AccountId), paging.limit()? as u64 + 1);
    let found = site.store().people_after(&query, last, limit).await?;
    let all: Vec<Account> = found.iter().map(|one| Account::of(&one.known)).collect();
    answer::list(&headers, &uri, &paging.page(all, |account| account.id)?)
}

#[utoipa::path(
    get, path = "/api/v1/accounts/{id}", operation_id = "getAccount", tag = "People",
    summary = "Shows an account: one's own, or that of somebody whom the list has.",
    params(("id" = String, Path, description = "Its identifier")),
    responses(
        (status = 200, description = "The account", body = Account),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn get(Held(site): Held<Site>, caller: Caller, headers: HeaderMap, Path(key): Path<String>) -> Answer {
    let (own, bearer) = caller.known()?;
    let id = resource::id_in("account", &key)?;
    // A token of one edition does not reach its owner's address.
    if own.0 == id && bearer.token.edition.is_none() {
        let account = site.store().account(own).await?.ok_or_else(|| Fault::none("account", &key))?;
        return answer::thing(&headers, &Account::of(&account));
    }
    answer::thing(&headers, &Account::of(&people::seen(&site, &caller.subject, id).await?.0))
}

/// A role that somebody was given.
#[derive(Debug, Serialize, ToSchema)]
struct Grant {
    /// Its identifier.
    id: Uuid,
    /// Who has it.
    account: Uuid,
    /// The role, such as `organiser`.
    role: String,
    /// Where it holds.
    scope: Scope,
    /// Who gave it.
    given_by: String,
    /// When it was given.
    #[schema(value_type = String, format = DateTime)]
    given_at: Timestamp,
    /// From when on it holds; null: at once.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Until when it holds; null: until it is revoked.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// When it was revoked.
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked: Option<Timestamp>,
    /// Why it was given.
    note: String,
}

/// Where a role holds. A track or room names its edition too.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
struct Scope {
    /// `everywhere`, `series`, `edition`, `track`, `call` or `room`.
    kind: String,
    /// The series' name.
    #[serde(default)]
    series: Option<String>,
    /// The edition.
    #[serde(default)]
    edition: Option<Uuid>,
    /// The track, call or room.
    #[serde(default)]
    thing: Option<Uuid>,
}

impl From<&permission::Scope> for Scope {
    fn from(scope: &permission::Scope) -> Self {
        use permission::Scope as S;
        let kind = |word: &str| Self {
            kind: word.to_owned(),
            edition: scope.edition().map(|id| id.0),
            ..Self::default()
        };
        match scope {
            S::Everywhere => kind("everywhere"),
            S::Series(name) => Self { series: Some(name.to_string()), ..kind("series") },
            S::Edition(_) => kind("edition"),
            S::Track(_, id) => Self { thing: Some(id.0), ..kind("track") },
            S::Call(_, id) => Self { thing: Some(id.0), ..kind("call") },
            S::Room(_, id) => Self { thing: Some(id.0), ..kind("room") },
        }
    }
}

impl Scope {
    fn read(&self) -> Result<permission::Scope, Refusal> {
        use permission::Scope as S;
        let missing = |name: &str| Refusal::new("scope", format!("it names no {name}"), "Add it");
        let edition = || self.edition.map(EditionId).ok_or_else(|| missing("edition"));
        let thing = || self.thing.ok_or_else(|| missing("thing"));
        Ok(match self.kind.as_str() {
            "everywhere" => S::Everywhere,
            "series" => S::Series(Line::clean(self.series.as_deref().ok_or_else(|| missing("series"))?)),
            "edition" => S::Edition(edition()?),
            "track" => S::Track(edition()?, TrackId(thing()?)),
            "call" => S::Call(edition()?, model::id::CallId(thing()?)),
            "room" => S::Room(edition()?, RoomId(thing()?)),
            _ => {
                return Err(Refusal::new(
                    "scope",
                    "its kind is not known",
                    "Use everywhere, series, edition, track, call or room",
                ));
            }
        })
    }
}

impl From<&permission::Grant> for Grant {
    fn from(grant: &permission::Grant) -> Self {
        Self {
            id: grant.id.0,
            account: grant.account.0,
            role: grant.role.as_str().to_owned(),
            scope: Scope::from(&grant.scope),
            given_by: grant.given_by.clone(),
            given_at: grant.given_at,
            from: grant.from,
            until: grant.until,
            revoked: grant.revoked.as_ref().map(|revoked| revoked.at),
            note: grant.note.to_string(),
        }
    }
}

/// Which grants.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct OfEdition {
    /// Those that hold in this edition, by slug or identifier; all where it is left out.
    #[serde(default)]
    edition: Option<String>,
}

#[utoipa::path(
    get, path = "/api/v1/grants", operation_id = "listGrants", tag = "People",
    summary = "Lists who was given which role, the latest first.",
    params(OfEdition, Paging),
    responses(
        (status = 200, description = "A page of the list", body = Page<Grant>),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn list_grants(
    Held(site): Held<Site>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    Query(wanted): Query<OfEdition>,
    Query(paging): Query<Paging>,
) -> Answer {
    let edition = people_of(&site, &caller, &wanted).await?;
    let grants = site.store().grants(edition.as_ref()).await?;
    let all: Vec<Grant> = grants.iter().map(|(grant, _)| Grant::from(grant)).collect();
    answer::list(&headers, &uri, &paging.cut(all, |grant| grant.id)?)
}

/// The edition whose people are wanted, when the caller may see them; `None` for those of the whole installation.
async fn people_of(site: &Site, caller: &Caller, wanted: &OfEdition) -> Result<Option<Edition>, Fault> {
    let edition = match &wanted.edition {
        Some(key) => Some(programme::desk(site, caller, key).await?.edition),
        None => None,
    };
    caller.may(Action::SeePeople, &edition.as_ref().map_or_else(Place::installation, Place::edition))?;
    Ok(edition)
}

/// A role that waits until somebody proves an address.
#[derive(Debug, Serialize, ToSchema)]
struct Invitation {
    /// Its identifier, which the grant that it becomes has too.
    id: Uuid,
    /// The address for which it waits.
    email: String,
    /// The role, such as `organiser`.
    role: String,
    /// Where it will hold.
    scope: Scope,
    /// Who invited.
    given_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    given_at: Timestamp,
    /// From when on the role holds; null: at once.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Until when the role holds and the invitation waits; null: until it is withdrawn.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Why.
    note: String,
}

impl From<&invitation::Invitation> for Invitation {
    fn from(one: &invitation::Invitation) -> Self {
        Self {
            id: one.id.0,
            email: one.email.as_str().to_owned(),
            role: one.role.as_str().to_owned(),
            scope: Scope::from(&one.scope),
            given_by: one.given_by.clone(),
            given_at: one.given_at,
            from: one.from,
            until: one.until,
            note: one.note.to_string(),
        }
    }
}

#[utoipa::path(
    get, path = "/api/v1/invitations", operation_id = "listInvitations", tag = "People",
    summary = "Lists the roles that wait for an address, the latest first. They are withdrawn like grants.",
    params(OfEdition, Paging),
    responses(
        (status = 200, description = "A page of the list", body = Page<Invitation>),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn list_invitations(
    Held(site): Held<Site>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    Query(wanted): Query<OfEdition>,
    Query(paging): Query<Paging>,
) -> Answer {
    let edition = people_of(&site, &caller, &wanted).await?;
    let waiting = site.store().invitations(edition.as_ref()).await?;
    let all: Vec<Invitation> = waiting.iter().map(Invitation::from).collect();
    answer::list(&headers, &uri, &paging.cut(all, |one| one.id)?)
}

/// A role to be given: to an account or to an address.
#[derive(Debug, Deserialize, ToSchema)]
struct GrantInput {
    /// To which account.
    #[serde(default)]
    account: Option<Uuid>,
    /// To whoever has proved this address, instead of `account`. They are told by mail; where nobody has proved it, the role
    /// waits for it.
    #[serde(default)]
    email: Option<String>,
    /// The role, such as `organiser`.
    role: String,
    /// Where it holds.
    scope: Scope,
    /// From when on; at once where it is left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Until when; until it is revoked where it is left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Why.
    #[serde(default)]
    note: String,
}

#[utoipa::path(
    post, path = "/api/v1/grants", operation_id = "giveRole", tag = "People",
    summary = "Gives a role, within what the caller may give.",
    request_body = GrantInput,
    responses(
        (status = 201, description = "It is given", body = Grant),
        (status = 202, description = "It waits for the address", body = Invitation),
    ),
    security(("token" = [])),
)]
async fn give(Held(site): Held<Site>, caller: Caller, Json(input): Json<GrantInput>) -> Answer {
    caller.may_write()?;
    let role = permission::Role::parse(&input.role).ok_or_else(|| {
        let roles: Vec<&str> = permission::Role::ALL.iter().map(|role| role.as_str()).collect();
        Refusal::new("role", "there is no such role", format!("Give one of {}", roles.join(", ")))
    })?;
    let scope = input.scope.read()?;
    let series = series_of(&site, &scope).await?;
    caller.subject.may_give(role, &scope, series.as_ref()).map_err(|refusal| {
        if role.fits(&scope) { Fault::forbidden(&refusal) } else { Fault::refused(&refusal) }
    })?;
    let to = match (input.account, &input.email) {
        (Some(id), None) => Grantee::Account(AccountId(id)),
        (None, Some(email)) => Grantee::Address(Email::parse(email)?),
        _ => {
            let remedy = "Name either the account or the e-mail address";
            return Err(Refusal::new("account", "it is not clear who gets the role", remedy).into());
        }
    };
    let is_told = matches!(to, Grantee::Address(_));
    let new = NewGrant {
        from: input.from,
        until: input.until,
        note: Line::clean(&input.note),
        ..NewGrant::new(to, role, scope)
    };
    let given = if is_told {
        grants::give_and_tell(&site, &caller.subject, &new).await?.0
    } else {
        site.store().give(&caller.subject, &new).await?
    };
    let gone = || Fault::none("grant", &given.id.to_string());
    if let Some(account) = given.account {
        let grants = site.store().grants_of(account).await?;
        let grant = grants.iter().find(|grant| grant.id == given.id).ok_or_else(gone)?;
        return answer::created(&format!("{BASE}/grants/{}", given.id), &Grant::from(grant));
    }
    let waiting = site.store().invitations(None).await?;
    let invitation = waiting.iter().find(|one| one.id == given.id).ok_or_else(gone)?;
    answer::accepted(&Invitation::from(invitation))
}

#[utoipa::path(
    delete, path = "/api/v1/grants/{id}", operation_id = "revokeRole", tag = "People",
    summary = "Revokes a role, or withdraws the invitation to it, within what the caller may give.",
    params(("id" = String, Path, description = "The grant's or invitation's identifier")),
    responses((status = 204, description = "It is revoked or withdrawn")),
    security(("token" = [])),
)]
async fn revoke(Held(site): Held<Site>, caller: Caller, Path(key): Path<String>) -> Answer {
    caller.may_write()?;
    let none = || Fault::none("grant", &key);
    let id = GrantId(Uuid::try_parse(&key).map_err(|_| none())?);
    let waiting = site.store().invitations(None).await?.into_iter().map(|one| (one.id, one.role, one.scope));
    let given = site.store().grants(None).await?.into_iter().map(|(grant, _)| grant);
    let given = given.filter(|grant| grant.revoked.is_none()).map(|one| (one.id, one.role, one.scope));
    let (_, role, scope) = waiting.chain(given).find(|(one, ..)| *one == id).ok_or_else(none)?;
    let series = series_of(&site, &scope).await?;
    // What one may not give one may not see either.
    caller.subject.may_give(role, &scope, series.as_ref()).map_err(|_| none())?;
    site.store().revoke(&caller.subject, id).await?;
    answer::nothing()
}

/// The series of the edition in which a scope lies.
async fn series_of(site: &Site, scope: &permission::Scope) -> Result<Option<Line>, Fault> {
    let Some(id) = scope.edition() else { return Ok(None) };
    let editions = site.store().editions().await?;
    let head = editions.into_iter().find(|head| head.edition.id == id);
    let head = head.ok_or_else(|| Refusal::new("scope", "there is no such edition", "List the editions"))?;
    Ok(Some(head.edition.series))
}
