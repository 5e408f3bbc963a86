//! Entries of the audit log, and taking them back.

use super::{
    answer::{self, Answer},
    caller::Caller,
    fault::Fault,
};
use crate::{
    desk::log::{entry_for, may_undo},
    site::Site,
};
use axum::{
    extract::{Path, State as Held},
    http::HeaderMap,
};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The operations.
pub(super) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(get)).routes(routes!(undo))
}

/// An entry of the audit log and whether it can be taken back. What the thing was before and after is told by the list of
/// changes.
#[derive(Debug, Serialize, ToSchema)]
struct LogEntry {
    /// Its position in the feed.
    seq: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The kind of thing, such as `session`.
    kind: String,
    /// Which thing.
    thing: Uuid,
    /// The edition it belongs to; null where it belongs to none.
    edition: Option<Uuid>,
    /// `created`, `changed` or `removed`.
    deed: String,
    /// Who did it.
    actor: String,
    /// The positions of all entries that the same deed wrote, this one among them: they are taken back together.
    together: Vec<i64>,
    /// Why the caller cannot take it back; null where they can try. It is refused all the same where something of it was
    /// changed again since.
    not_undoable: Option<String>,
}

/// What was taken back.
#[derive(Debug, Serialize, ToSchema)]
struct Undone {
    /// How many things are what they were.
    things: usize,
}

/// The position in an address.
fn position(key: &str) -> Result<i64, Fault> {
    key.parse().map_err(|_| Fault::none("entry", key))
}

#[utoipa::path(
    get, path = "/api/v1/log/{seq}", operation_id = "getLogEntry", tag = "Changes",
    summary = "Shows an entry of the audit log and whether it can be taken back.",
    params(("seq" = i64, Path, description = "Its position in the feed")),
    responses(
        (status = 200, description = "The entry", body = LogEntry),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn get(Held(site): Held<Site>, caller: Caller, headers: HeaderMap, Path(key): Path<String>) -> Answer {
    caller.known()?;
    let (entry, _, place) = entry_for(&site, &caller.subject, position(&key)?).await?;
    let together = site.store().written_together(entry.seq).await?;
    let refused = may_undo(&caller.subject, &place, &together).err();
    answer::thing(
        &headers,
        &LogEntry {
            seq: entry.seq,
            at: entry.at,
            kind: entry.kind,
            thing: entry.thing,
            edition: entry.edition.map(|edition| edition.0),
            deed: entry.deed.as_str().to_owned(),
            actor: entry.actor,
            together: together.iter().map(|entry| entry.seq).collect(),
            not_undoable: refused.map(|refusal| refusal.to_string()),
        },
    )
}

#[utoipa::path(
    post, path = "/api/v1/log/{seq}/undo", operation_id = "undoLogEntry", tag = "Changes",
    summary = "Takes a deed back: all that it wrote becomes what it was, if nothing of it was changed since.",
    params(("seq" = i64, Path, description = "The position of one of its entries")),
    responses((status = 200, description = "It is taken back", body = Undone)),
    security(("token" = [])),
)]
async fn undo(Held(site): Held<Site>, caller: Caller, Path(key): Path<String>) -> Answer {
    caller.known()?;
    let (entry, _, place) = entry_for(&site, &caller.subject, position(&key)?).await?;
    caller.may(model::permission::Action::Undo, &place)?;
    answer::changed(&Undone { things: site.store().undo(&caller.subject, entry.seq).await? })
}
