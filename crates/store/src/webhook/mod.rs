//! Webhooks: making, changing and stopping them. What is sent is in [`deliver`].
//!
//! The secret is kept in clear, because signing needs it, and shown once; the address may hold a secret of the
//! receiver. Neither stands in the feed: there the address is named by its origin and a digest.

mod deliver;

pub(crate) use deliver::broken;
pub use deliver::{Attempt, Delivery, Due, Outcome};

use crate::{
    Error, Result, Store,
    body::digest,
    entity::{account, attempt, delivery, edition, webhook},
    rows,
    save::upsert,
    secret::new_token,
    tx::{Change, Tx},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use model::{
    Refusal,
    account::{Account, AccountState},
    edition::Edition,
    feed::Deed,
    id::{AccountId, EditionId, WebhookId},
    permission::{Action, Place, Subject},
    text::{Line, WebUrl},
    time::{from_micros, to_micros},
    webhook::{KINDS, OVERLAP, Webhook},
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fmt::Write as _};
use uuid::Uuid;

/// The most webhooks of one installation.
const MOST: usize = 200;

/// What a person may decide about a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookEdit {
    /// What it is for.
    pub name: Line,
    /// The receiver.
    pub url: WebUrl,
    /// The kinds of things of which it is told; of all where none is said.
    pub kinds: BTreeSet<String>,
}

/// A webhook with those who are behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownWebhook {
    /// The webhook.
    pub webhook: Webhook,
    /// Its edition.
    pub edition: Option<Edition>,
    /// In whose name it reads; `None` for the operator.
    pub owner: Option<Account>,
    /// How many deliveries wait.
    pub pending: u64,
}

impl KnownWebhook {
    /// Where it stands.
    pub fn place(&self) -> Place {
        self.edition.as_ref().map_or_else(Place::installation, Place::edition)
    }
}

impl Store {
    /// Makes a webhook, when `subject` may, which is told of what happens from now on. Gives its secret, which cannot
    /// be had again.
    pub async fn add_webhook(
        &self,
        subject: &Subject,
        edition: Option<EditionId>,
        edit: &WebhookEdit,
    ) -> Result<(WebhookId, String)> {
        let secret = new_secret()?;
        let id = self
            .write(&subject.actor, async |tx| {
                allowed(tx, subject, edition).await?;
                check(edit)?;
                if webhook::Entity::find().all(tx.db()).await?.len() >= MOST {
                    return Err(Refusal::new(
                        "webhook",
                        format!("there are {MOST} webhooks already"),
                        "Remove those that are not used any more",
                    )
                    .into());
                }
                let row = webhook::Model {
                    id: Uuid::now_v7(),
                    edition: edition.map(|edition| edition.0),
                    name: edit.name.as_str().to_owned(),
                    url: edit.url.as_str().to_owned(),
                    kinds: rows::json(&edit.kinds)?,
                    owner: subject.account.map(|account| account.0),
                    created_at: to_micros(tx.at()),
                    stopped: None,
                    failing_since: None,
                    secret: secret.clone(),
                    old_secret: None,
                    old_until: None,
                    cursor: tx.head().await?,
                };
                put(tx, None, &row).await?;
                Ok(WebhookId(row.id))
            })
            .await?;
        Ok((id, secret))
    }

    /// Changes a webhook, when `subject` may. From then on it reads in their name: whoever decides where changes go
    /// answers for it.
    pub async fn edit_webhook(&self, subject: &Subject, id: WebhookId, edit: &WebhookEdit) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            let before = manage(tx, subject, id).await?;
            check(edit)?;
            let after = webhook::Model {
                name: edit.name.as_str().to_owned(),
                url: edit.url.as_str().to_owned(),
                kinds: rows::json(&edit.kinds)?,
                owner: subject.account.map(|account| account.0),
                ..before.clone()
            };
            put(tx, Some(&before), &after).await
        })
        .await
    }

    /// Makes a new secret, when `subject` may, and gives it. The one before goes on signing for a day, so that the
    /// receiver can change over without missing anything.
    pub async fn rotate_webhook_secret(&self, subject: &Subject, id: WebhookId) -> Result<String> {
        let secret = new_secret()?;
        self.write(&subject.actor, async |tx| {
            let before = manage(tx, subject, id).await?;
            let until = tx.at().saturating_add(OVERLAP).unwrap_or(Timestamp::MAX);
            let after = webhook::Model {
                secret: secret.clone(),
                old_secret: Some(before.secret.clone()),
                old_until: Some(to_micros(until)),
                ..before.clone()
            };
            put(tx, Some(&before), &after).await
        })
        .await?;
        Ok(secret)
    }

    /// Stops a webhook, when `subject` may: nothing is sent, and what happens meanwhile is not forgotten.
    pub async fn stop_webhook(&self, subject: &Subject, id: WebhookId) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            let before = manage(tx, subject, id).await?;
            if before.stopped.is_some() {
                return Ok(());
            }
            let after = webhook::Model { stopped: Some("Stopped by hand".to_owned()), ..before.clone() };
            put(tx, Some(&before), &after).await
        })
        .await
    }

    /// Lets a webhook go on, when `subject` may, and in their name: with all that happened meanwhile, or, where
    /// `leave_out` is said, with what happens from now on.
    pub async fn resume_webhook(&self, subject: &Subject, id: WebhookId, leave_out: bool) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            let before = manage(tx, subject, id).await?;
            let mut after = webhook::Model {
                stopped: None,
                failing_since: None,
                owner: subject.account.map(|account| account.0),
                ..before.clone()
            };
            let waiting = delivery::Entity::update_many()
                .filter(delivery::Column::Webhook.eq(id.0))
                .filter(delivery::Column::State.eq("pending"));
            if leave_out {
                after.cursor = tx.head().await?;
                waiting
                    .col_expr(delivery::Column::State, Expr::value("skipped"))
                    .col_expr(delivery::Column::NextAt, Expr::value(None::<i64>))
                    .col_expr(delivery::Column::FinishedAt, Expr::value(to_micros(tx.at())))
                    .exec(tx.db())
                    .await?;
            } else {
                waiting
                    .col_expr(delivery::Column::NextAt, Expr::value(to_micros(tx.at())))
                    .exec(tx.db())
                    .await?;
            }
            put(tx, Some(&before), &after).await
        })
        .await
    }

    /// Removes a webhook with its log of deliveries, when `subject` may.
    pub async fn remove_webhook(&self, subject: &Subject, id: WebhookId) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            let before = manage(tx, subject, id).await?;
            let deliveries = sea_orm::sea_query::Query::select()
                .column(delivery::Column::Id)
                .from(delivery::Entity)
                .and_where(delivery::Column::Webhook.eq(id.0))
                .take();
            attempt::Entity::delete_many()
                .filter(attempt::Column::Delivery.in_subquery(deliveries))
                .exec(tx.db())
                .await?;
            delivery::Entity::delete_many().filter(delivery::Column::Webhook.eq(id.0)).exec(tx.db()).await?;
            webhook::Entity::delete_by_id(id.0).exec(tx.db()).await?;
            tx.note(vec![Change {
                kind: WebhookId::KIND,
                thing: id.0,
                edition: before.edition.map(EditionId),
                deed: Deed::Removed,
                before: Some(fact(&before)),
                after: None,
            }])
            .await
        })
        .await
    }

    /// All webhooks that `subject` may manage, by name. Four queries.
    pub async fn webhooks(&self, subject: &Subject) -> Result<Vec<KnownWebhook>> {
        let rows = webhook::Entity::find()
            .order_by_asc(webhook::Column::Name)
            .order_by_asc(webhook::Column::Id)
            .all(self.readers())
            .await?;
        let known = self.known(rows).await?;
        Ok(known.into_iter().filter(|hook| subject_sees(subject, hook)).collect())
    }

    /// The webhook of that identifier, if `subject` may manage it. Four queries.
    pub async fn webhook(&self, subject: &Subject, id: WebhookId) -> Result<Option<KnownWebhook>> {
        let row = webhook::Entity::find_by_id(id.0).one(self.readers()).await?;
        let known = self.known(row.into_iter().collect()).await?;
        Ok(known.into_iter().find(|hook| subject_sees(subject, hook)))
    }

    async fn known(&self, rows: Vec<webhook::Model>) -> Result<Vec<KnownWebhook>> {
        let db = self.readers();
        let owners = account::Entity::find()
            .filter(account::Column::Id.is_in(rows.iter().filter_map(|row| row.owner)))
            .all(db)
            .await?;
        let editions = edition::Entity::find()
            .filter(edition::Column::Id.is_in(rows.iter().filter_map(|row| row.edition)))
            .all(db)
            .await?;
        let pending = deliver::pending(db, rows.iter().map(|row| row.id)).await?;
        rows.iter()
            .map(|row| {
                let owner = owners.iter().find(|owner| Some(owner.id) == row.owner);
                let edition = editions.iter().find(|edition| Some(edition.id) == row.edition);
                Ok(KnownWebhook {
                    webhook: webhook_of(row)?,
                    edition: edition.map(rows::edition).transpose()?,
                    owner: owner.map(crate::account::account_of).transpose()?,
                    pending: pending.get(&row.id).copied().unwrap_or_default(),
                })
            })
            .collect()
    }
}

/// Seeing a webhook changes nothing, so a token that only reads may where its owner may manage it.
fn subject_sees(subject: &Subject, hook: &KnownWebhook) -> bool {
    let reading = Subject { token: None, viewing_as: None, ..subject.clone() };
    reading.may(Action::ManageWebhooks, &hook.place()).is_ok()
}

/// The webhook's row, when `subject` may manage it.
async fn manage(tx: &Tx, subject: &Subject, id: WebhookId) -> Result<webhook::Model> {
    let gone = || Refusal::new("webhook", "there is no such webhook any more", "Load the page again");
    let row = webhook::Entity::find_by_id(id.0).one(tx.db()).await?.ok_or_else(gone)?;
    allowed(tx, subject, row.edition.map(EditionId)).await?;
    Ok(row)
}

async fn allowed(tx: &Tx, subject: &Subject, edition: Option<EditionId>) -> Result<()> {
    let place = match edition {
        Some(id) => {
            let row = edition::Entity::find_by_id(id.0).one(tx.db()).await?;
            Place::edition(&rows::edition(&row.ok_or_else(|| Error::no_edition(id))?)?)
        }
        None => Place::installation(),
    };
    Ok(subject.may(Action::ManageWebhooks, &place)?)
}

fn check(edit: &WebhookEdit) -> Result<(), Refusal> {
    if edit.name.is_empty() {
        return Err(Refusal::new("name", "it is empty", "Say what the webhook is for"));
    }
    if let Some(unknown) = edit.kinds.iter().find(|kind| KINDS.iter().all(|(known, _)| known != kind)) {
        let known: Vec<&str> = KINDS.iter().map(|(known, _)| *known).collect();
        return Err(Refusal::new(
            "kinds",
            format!("\"{}\" is nothing that changes are told of", model::text::excerpt(unknown, 40)),
            format!("Choose among {}", known.join(", ")),
        ));
    }
    Ok(())
}

/// Writes a webhook and notes it, unless nothing of it changed.
async fn put(tx: &Tx, before: Option<&webhook::Model>, after: &webhook::Model) -> Result<()> {
    if before == Some(after) {
        return Ok(());
    }
    upsert::<webhook::Entity>(tx.db(), vec![after.clone()]).await?;
    let (old, new) = (before.map(fact), fact(after));
    if old.as_ref() == Some(&new) {
        return Ok(());
    }
    tx.note(vec![Change {
        kind: WebhookId::KIND,
        thing: after.id,
        edition: after.edition.map(EditionId),
        deed: if before.is_some() { Deed::Changed } else { Deed::Created },
        before: old,
        after: Some(new),
    }])
    .await
}

/// The JSON of a webhook in the feed: without its secrets, and with its address named by origin and digest. How far
/// it has come and how it fares is no fact about it.
pub(crate) fn fact(row: &webhook::Model) -> Value {
    let origin: String = row.url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    let kinds: Value = serde_json::from_str(&row.kinds).unwrap_or_default();
    json!({
        "id": row.id,
        "edition": row.edition,
        "name": row.name,
        "receiver": origin,
        "receiver_digest": short(&row.url),
        "kinds": kinds,
        "owner": row.owner,
        "created": from_micros(row.created_at),
        "stopped": row.stopped,
        "secret_digest": short(&row.secret),
    })
}

/// Enough of a digest to see that something changed.
fn short(text: &str) -> String {
    digest(text.as_bytes()).iter().take(4).fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// As the Standard Webhooks specification (1.0.0, "Signature scheme") writes secrets: 24 to 64 random bytes in base64
/// after `whsec_`.
fn new_secret() -> Result<String> {
    Ok(format!("whsec_{}", STANDARD.encode(digest(new_token()?.as_bytes()))))
}

/// The webhook of a row.
pub(crate) fn webhook_of(row: &webhook::Model) -> Result<Webhook> {
    let damaged = |what: String| Error::damaged(format!("webhook {}", row.id), what);
    let instant = |at: i64| from_micros(at).ok_or_else(|| damaged("no such instant".to_owned()));
    Ok(Webhook {
        id: WebhookId(row.id),
        edition: row.edition.map(EditionId),
        name: Line::clean(&row.name),
        url: WebUrl::parse(&row.url).map_err(|error| damaged(error.to_string()))?,
        kinds: serde_json::from_str(&row.kinds).map_err(|error| damaged(error.to_string()))?,
        owner: row.owner.map(AccountId),
        created: instant(row.created_at)?,
        stopped: row.stopped.as_deref().map(Line::clean),
        failing_since: row.failing_since.map(instant).transpose()?,
        cursor: row.cursor,
    })
}

/// In whose name a webhook reads: its owner with their present roles, or the operator. `None` for an owner who is
/// not here any more.
async fn reader(store: &Store, row: &webhook::Model, now: Timestamp) -> Result<Option<Subject>> {
    let Some(owner) = row.owner else {
        return Ok(Some(Subject::operator("webhook".to_owned(), now)));
    };
    let Some(owner) = account::Entity::find_by_id(owner).one(store.readers()).await? else { return Ok(None) };
    let owner = crate::account::account_of(&owner)?;
    if owner.state != AccountState::Active {
        return Ok(None);
    }
    let grants = crate::grant::of_account(store.readers(), owner.id).await?;
    Ok(Some(Subject::person(owner.id, grants, now)))
}

/// All webhooks as the feed shows them, for [`crate::verify()`].
pub(crate) async fn facts(db: &impl ConnectionTrait) -> Result<Vec<(Option<Uuid>, Uuid, Value)>> {
    let rows = webhook::Entity::find().all(db).await?;
    Ok(rows.iter().map(|row| (row.edition, row.id, fact(row))).collect())
}
