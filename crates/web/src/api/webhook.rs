//! Webhooks and what was delivered to them.

use super::{
    BASE,
    answer::{self, Answer, Page, Paging, Seen},
    body::{Json, Patch, Query},
    caller::Caller,
    fault::Fault,
    programme,
};
use crate::site::Site;
use axum::{
    extract::{Path, State as Held},
    http::{HeaderMap, Uri},
};
use jiff::Timestamp;
use model::{
    Refusal,
    id::WebhookId,
    permission::{Action, Place},
    text::{Line, WebUrl},
};
use serde::{Deserialize, Serialize};
use store::{KnownWebhook, WebhookEdit};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The operations.
pub(super) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, change, remove))
        .routes(routes!(rotate))
        .routes(routes!(ping))
        .routes(routes!(stop))
        .routes(routes!(resume))
        .routes(routes!(deliveries))
        .routes(routes!(redeliver))
}

/// An address that is told of changes.
#[derive(Debug, Serialize, ToSchema)]
struct Webhook {
    /// Its identifier.
    id: Uuid,
    /// What one decides of it.
    #[serde(flatten)]
    input: WebhookInput,
    /// The edition of whose changes it is told; null for the whole installation.
    edition: Option<Uuid>,
    /// In whose name it reads; null for the operator of the server.
    owner: Option<Uuid>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created: Timestamp,
    /// Why nothing is sent; null while it is in use.
    stopped: Option<String>,
}

/// What one decides of a webhook.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct WebhookInput {
    /// What it is for.
    #[schema(min_length = 1, max_length = 300)]
    name: String,
    /// The receiver: an `https:` address.
    url: String,
    /// The kinds of things of which it is told, such as `session` and `release`; empty for all.
    #[serde(default)]
    kinds: Vec<String>,
}

/// A webhook to be made.
#[derive(Debug, Deserialize, ToSchema)]
struct NewWebhook {
    /// What one decides of it.
    #[serde(flatten)]
    input: WebhookInput,
    /// The edition of whose changes it is told, by slug or identifier; the whole installation where it is left out.
    #[serde(default)]
    edition: Option<String>,
}

/// A webhook with its secret, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
struct MadeWebhook {
    /// The webhook.
    webhook: Webhook,
    /// With which deliveries are signed.
    secret: String,
}

/// A new secret, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
struct Secret {
    /// With which deliveries are signed. The one before signs too, for a day.
    secret: String,
}

impl From<&KnownWebhook> for Webhook {
    fn from(known: &KnownWebhook) -> Self {
        let hook = &known.webhook;
        Self {
            id: hook.id.0,
            input: WebhookInput {
                name: hook.name.to_string(),
                url: hook.url.to_string(),
                kinds: hook.kinds.iter().cloned().collect(),
            },
            edition: hook.edition.map(|edition| edition.0),
            owner: hook.owner.map(|owner| owner.0),
            created: hook.created,
            stopped: hook.stopped.as_ref().map(ToString::to_string),
        }
    }
}

impl WebhookInput {
    fn read(&self, site: &Site) -> Result<WebhookEdit, Refusal> {
        let url =
            WebUrl::parse(&self.url).map_err(|refusal| Refusal { field: "url".to_owned(), ..refusal })?;
        crate::desk::receiver(site, &url)?;
        Ok(WebhookEdit { name: Line::clean(&self.name), url, kinds: self.kinds.iter().cloned().collect() })
    }
}

async fn found(site: &Site, caller: &Caller, key: &str) -> Result<KnownWebhook, Fault> {
    caller.known()?;
    let none = || Fault::none("webhook", key);
    let id = WebhookId(Uuid::try_parse(key).map_err(|_| none())?);
    site.store().webhook(&caller.subject, id).await?.ok_or_else(none)
}

/// The webhook, for a caller who may change it.
async fn managed(site: &Site, caller: &Caller, key: &str) -> Result<KnownWebhook, Fault> {
    let known = found(site, caller, key).await?;
    caller.may(Action::ManageWebhooks, &known.place())?;
    Ok(known)
}

#[utoipa::path(
    get, path = "/api/v1/webhooks", operation_id = "listWebhooks", tag = "Webhooks",
    summary = "Lists the webhooks that the caller may manage, by name.",
    params(Paging),
    responses(
        (status = 200, description = "A page of the list", body = Page<Webhook>),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn list(
    Held(site): Held<Site>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    Query(paging): Query<Paging>,
) -> Answer {
    caller.known()?;
    let known = site.store().webhooks(&caller.subject).await?;
    let all: Vec<Webhook> = known.iter().map(Webhook::from).collect();
    answer::list(&headers, &uri, &paging.cut(all, |hook| hook.id)?)
}

#[utoipa::path(
    post, path = "/api/v1/webhooks", operation_id = "createWebhook", tag = "Webhooks",
    summary = "Makes a webhook, which is told of what happens from now on.",
    request_body = NewWebhook,
    responses((status = 201, description = "It is made", body = MadeWebhook)),
    security(("token" = [])),
)]
async fn create(Held(site): Held<Site>, caller: Caller, Json(new): Json<NewWebhook>) -> Answer {
    caller.may_write()?;
    let edition = match &new.edition {
        Some(key) => Some(programme::desk(&site, &caller, key).await?.edition),
        None => None,
    };
    caller.may(Action::ManageWebhooks, &edition.as_ref().map_or_else(Place::installation, Place::edition))?;
    let edit = new.input.read(&site)?;
    let (id, secret) =
        site.store().add_webhook(&caller.subject, edition.map(|edition| edition.id), &edit).await?;
    let known = found(&site, &caller, &id.to_string()).await?;
    answer::created(&format!("{BASE}/webhooks/{id}"), &MadeWebhook { webhook: Webhook::from(&known), secret })
}

#[utoipa::path(
    get, path = "/api/v1/webhooks/{id}", operation_id = "getWebhook", tag = "Webhooks",
    summary = "Shows a webhook.",
    params(("id" = String, Path, description = "Its identifier")),
    responses(
        (status = 200, description = "The webhook", body = Webhook),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn get(Held(site): Held<Site>, caller: Caller, headers: HeaderMap, Path(key): Path<String>) -> Answer {
    answer::thing(&headers, &Webhook::from(&found(&site, &caller, &key).await?))
}

#[utoipa::path(
    patch, path = "/api/v1/webhooks/{id}", operation_id = "changeWebhook", tag = "Webhooks",
    summary = "Changes a webhook; from then on it reads in the caller's name.",
    params(
        ("id" = String, Path, description = "Its identifier"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the webhook"),
    ),
    request_body(content = WebhookInput, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The webhook as it is now", body = Webhook)),
    security(("token" = [])),
)]
async fn change(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path(key): Path<String>,
    patch: Patch,
) -> Answer {
    let known = managed(&site, &caller, &key).await?;
    let shown = Webhook::from(&known);
    Seen::required(&headers)?.check(&shown)?;
    let edit = patch.apply::<WebhookInput>(&shown.input)?.read(&site)?;
    site.store().edit_webhook(&caller.subject, known.webhook.id, &edit).await?;
    answer::changed(&Webhook::from(&found(&site, &caller, &key).await?))
}

#[utoipa::path(
    delete, path = "/api/v1/webhooks/{id}", operation_id = "removeWebhook", tag = "Webhooks",
    summary = "Removes a webhook with its log of deliveries.",
    params(
        ("id" = String, Path, description = "Its identifier"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the webhook"),
    ),
    responses((status = 204, description = "It is gone")),
    security(("token" = [])),
)]
async fn remove(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path(key): Path<String>,
) -> Answer {
    let known = managed(&site, &caller, &key).await?;
    Seen::required(&headers)?.check(&Webhook::from(&known))?;
    site.store().remove_webhook(&caller.subject, known.webhook.id).await?;
    answer::nothing()
}

#[utoipa::path(
    post, path = "/api/v1/webhooks/{id}/secret", operation_id = "rotateWebhookSecret", tag = "Webhooks",
    summary = "Makes a new secret; the one before goes on signing for a day.",
    params(("id" = String, Path, description = "Its identifier")),
    responses((status = 200, description = "The new secret", body = Secret)),
    security(("token" = [])),
)]
async fn rotate(Held(site): Held<Site>, caller: Caller, Path(key): Path<String>) -> Answer {
    let known = managed(&site, &caller, &key).await?;
    let secret = site.store().rotate_webhook_secret(&caller.subject, known.webhook.id).await?;
    answer::changed(&Secret { secret })
}

#[utoipa::path(
    post, path = "/api/v1/webhooks/{id}/ping", operation_id = "pingWebhook", tag = "Webhooks",
    summary = "Sends the webhook a test.",
    params(("id" = String, Path, description = "Its identifier")),
    responses((status = 204, description = "It is on its way; the deliveries say what became of it")),
    security(("token" = [])),
)]
async fn ping(Held(site): Held<Site>, caller: Caller, Path(key): Path<String>) -> Answer {
    let known = managed(&site, &caller, &key).await?;
    site.store().ping_webhook(&caller.subject, known.webhook.id).await?;
    answer::nothing()
}

#[utoipa::path(
    post, path = "/api/v1/webhooks/{id}/stop", operation_id = "stopWebhook", tag = "Webhooks",
    summary = "Stops a webhook. What happens meanwhile is not forgotten.",
    params(("id" = String, Path, description = "Its identifier")),
    responses((status = 204, description = "Nothing is sent any more")),
    security(("token" = [])),
)]
async fn stop(Held(site): Held<Site>, caller: Caller, Path(key): Path<String>) -> Answer {
    let known = managed(&site, &caller, &key).await?;
    site.store().stop_webhook(&caller.subject, known.webhook.id).await?;
    answer::nothing()
}

/// How a webhook goes on.
#[derive(Debug, Deserialize, ToSchema)]
struct Resume {
    /// Whether what happened meanwhile is left out; else it is sent first.
    #[serde(default)]
    leave_out: bool,
}

#[utoipa::path(
    post, path = "/api/v1/webhooks/{id}/resume", operation_id = "resumeWebhook", tag = "Webhooks",
    summary = "Lets a stopped webhook go on, in the caller's name.",
    params(("id" = String, Path, description = "Its identifier")),
    request_body = Resume,
    responses((status = 204, description = "It is in use")),
    security(("token" = [])),
)]
async fn resume(
    Held(site): Held<Site>,
    caller: Caller,
    Path(key): Path<String>,
    Json(how): Json<Resume>,
) -> Answer {
    let known = managed(&site, &caller, &key).await?;
    site.store().resume_webhook(&caller.subject, known.webhook.id, how.leave_out).await?;
    answer::nothing()
}

/// One entry of the feed, or a ping, on its way to a webhook.
#[derive(Debug, Serialize, ToSchema)]
struct Delivery {
    /// Its identifier; the receiver gets it as `msg_` and this.
    id: Uuid,
    /// The entry of the feed; 0 for a ping.
    seq: i64,
    /// The type of the event, such as `session.changed`.
    event: String,
    /// `pending`, `delivered`, `failed` or `skipped`.
    state: String,
    /// When it was queued.
    #[schema(value_type = String, format = DateTime)]
    created: Timestamp,
    /// When it is tried next, while it waits.
    #[schema(value_type = Option<String>, format = DateTime)]
    next: Option<Timestamp>,
    /// Every attempt, in order.
    attempts: Vec<Attempt>,
}

/// One attempt to deliver.
#[derive(Debug, Serialize, ToSchema)]
struct Attempt {
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The HTTP status; null when there was no answer.
    status: Option<u16>,
    /// The beginning of the answer, or why there was none.
    answer: String,
    /// How long it took, in milliseconds.
    took: u32,
}

#[utoipa::path(
    get, path = "/api/v1/webhooks/{id}/deliveries", operation_id = "listDeliveries", tag = "Webhooks",
    summary = "Lists what was delivered in the last 30 days and what waits, the latest first.",
    params(("id" = String, Path, description = "The webhook's identifier"), Paging),
    responses(
        (status = 200, description = "A page of the list", body = Page<Delivery>),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn deliveries(
    Held(site): Held<Site>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    Path(key): Path<String>,
    Query(paging): Query<Paging>,
) -> Answer {
    let known = found(&site, &caller, &key).await?;
    let limit = paging.limit()? as u64 + 1;
    let rows = site.store().deliveries(known.webhook.id, paging.last()?, limit).await?;
    let all: Vec<Delivery> = rows
        .into_iter()
        .map(|(one, attempts)| Delivery {
            id: one.id,
            seq: one.seq,
            event: one.event,
            state: one.state.as_str().to_owned(),
            created: one.created,
            next: one.next,
            attempts: attempts
                .into_iter()
                .map(|made| Attempt {
                    at: made.at,
                    status: made.status,
                    answer: made.answer,
                    took: made.took,
                })
                .collect(),
        })
        .collect();
    answer::list(&headers, &uri, &paging.page(all, |one| one.id)?)
}

#[utoipa::path(
    post, path = "/api/v1/webhooks/{id}/deliveries/{delivery}/redeliver", operation_id = "redeliver", tag = "Webhooks",
    summary = "Sends a delivery again, under the same identifier.",
    params(
        ("id" = String, Path, description = "The webhook's identifier"),
        ("delivery" = String, Path, description = "The delivery's identifier"),
    ),
    responses((status = 204, description = "It is on its way")),
    security(("token" = [])),
)]
async fn redeliver(
    Held(site): Held<Site>,
    caller: Caller,
    Path((key, delivery)): Path<(String, String)>,
) -> Answer {
    let known = managed(&site, &caller, &key).await?;
    let none = || Fault::none("delivery", &delivery);
    let id = Uuid::try_parse(&delivery).map_err(|_| none())?;
    site.store().redeliver(&caller.subject, known.webhook.id, id).await.map_err(|error| match error {
        store::Error::Refused(_) => none(),
        other => other.into(),
    })?;
    answer::nothing()
}
