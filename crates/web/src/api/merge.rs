//! Two accounts of one person made one, by those who may merge accounts of others, and taking that back.

use super::{
    answer::{self, Answer, Page, Paging},
    body::{Json, Query},
    caller::Caller,
    fault::Fault,
    resource,
};
use crate::{desk::people, site::Site};
use axum::{
    extract::{Path, State as Held},
    http::{HeaderMap, Uri},
};
use jiff::Timestamp;
use model::{
    account as a,
    id::{AccountId, MergeId},
    permission::{Action, Place},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The operations.
pub(super) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(list, merge)).routes(routes!(undo))
}

/// Two accounts that became one.
#[derive(Debug, Serialize, ToSchema)]
struct Merge {
    /// Its identifier.
    id: Uuid,
    /// The account that is in use no more.
    gone: Uuid,
    /// The account that has everything since.
    kept: Uuid,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// By whom.
    by: String,
    /// How many things went from the one to the other.
    moved: usize,
    /// When it was undone; null while it holds.
    #[schema(value_type = Option<String>, format = DateTime)]
    undone: Option<Timestamp>,
}

impl From<&a::Merge> for Merge {
    fn from(merge: &a::Merge) -> Self {
        Self {
            id: merge.id.0,
            gone: merge.gone.0,
            kept: merge.kept.0,
            at: merge.at,
            by: merge.by.clone(),
            moved: merge.moved.len(),
            undone: merge.undone.as_ref().map(|undone| undone.at),
        }
    }
}

/// The account that is merged into another.
#[derive(Debug, Deserialize, ToSchema)]
struct MergeInput {
    /// Which. It is in use no more afterwards.
    other: Uuid,
}

#[utoipa::path(
    get, path = "/api/v1/accounts/{id}/merges", operation_id = "listMerges", tag = "People",
    summary = "Lists the merges that an account had part in, the latest first.",
    params(("id" = String, Path, description = "The account's identifier"), Paging),
    responses(
        (status = 200, description = "A page of the list", body = Page<Merge>),
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
    caller.known()?;
    let (known, _) = people::seen(&site, &caller.subject, resource::id_in("account", &key)?).await?;
    let merges = site.store().merges_of(known.account.id).await?;
    let all: Vec<Merge> = merges.iter().map(Merge::from).collect();
    answer::list(&headers, &uri, &paging.cut(all, |merge| merge.id)?)
}

#[utoipa::path(
    post, path = "/api/v1/accounts/{id}/merges", operation_id = "mergeAccounts", tag = "People",
    summary = "Merges another account of the same person into this one: everything of it moves.",
    params(("id" = String, Path, description = "The identifier of the account that is kept")),
    request_body = MergeInput,
    responses((status = 200, description = "The two accounts are one", body = Merge)),
    security(("token" = [])),
)]
async fn merge(
    Held(site): Held<Site>,
    caller: Caller,
    Path(key): Path<String>,
    Json(input): Json<MergeInput>,
) -> Answer {
    caller.may(Action::ManagePeople, &Place::installation())?;
    let kept = AccountId(resource::id_in("account", &key)?);
    if site.store().account(kept).await?.is_none() {
        return Err(Fault::none("account", &key));
    }
    let id = site.store().merge_accounts(&caller.subject, AccountId(input.other), kept).await?;
    let merges = site.store().merges_of(kept).await?;
    let made = merges.iter().find(|merge| merge.id == id);
    answer::changed(&Merge::from(made.ok_or_else(|| Fault::none("merge", &id.to_string()))?))
}

#[utoipa::path(
    post, path = "/api/v1/accounts/{id}/merges/{merge}/undo", operation_id = "undoMerge", tag = "People",
    summary = "Takes a merge back: what moved and is still there goes back.",
    params(
        ("id" = String, Path, description = "The identifier of the account that was kept"),
        ("merge" = String, Path, description = "The merge's identifier"),
    ),
    responses((status = 204, description = "There are two accounts again")),
    security(("token" = [])),
)]
async fn undo(Held(site): Held<Site>, caller: Caller, Path((key, merge)): Path<(String, String)>) -> Answer {
    caller.may(Action::ManagePeople, &Place::installation())?;
    let kept = AccountId(resource::id_in("account", &key)?);
    let id = MergeId(resource::id_in("merge", &merge)?);
    let merges = site.store().merges_of(kept).await?;
    if !merges.iter().any(|one| one.id == id && one.kept == kept) {
        return Err(Fault::none("merge", &merge));
    }
    site.store().undo_merge(&caller.subject, id).await?;
    answer::nothing()
}
