//! What is sent to webhooks: queueing entries of the feed, and keeping what became of each attempt.
//!
//! **Queueing moves the webhook's cursor in the transaction that queues**, and only from where it was read: no entry is
//! queued twice or left out, whoever is killed when. A delivery is finished only after the receiver answered; one that
//! was under way when the server was killed is sent again under the same identifier.

use super::{manage, put, reader, webhook_of};
use crate::{
    Error, Result, Store,
    entity::{attempt, delivery, edition, webhook},
    feed, rows,
};
use jiff::{SignedDuration, Timestamp};
use model::{
    Refusal,
    edition::Edition,
    feed::{Actor, Entry, Sequence},
    id::{EditionId, TrackId, WebhookId, derived},
    permission::{Action, Place, Subject},
    text::excerpt,
    time::{from_micros, to_micros},
    webhook::{DeliveryState, PATIENCE, RETRIES, Told, Webhook, place_of, told},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, FromQueryResult, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
    sea_query::{Expr, Query},
};
use serde_json::Value;
use std::collections::HashMap;
use uuid::Uuid;

/// Entries of the feed that are looked through at once.
const BATCH: u64 = 500;

/// A cursor that has fallen so far behind without anything wanted is written, so that a restart need not look again.
const LAG: Sequence = 200;

/// The characters of an answer that are kept.
const ANSWER: usize = 500;

/// Deliveries that are removed at once when they are old.
const OLD: u64 = 2_000;

/// One entry of the feed, or a ping, on its way to a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its identifier, the same in every attempt, and the same again were it queued anew after a restore.
    pub id: Uuid,
    /// To whom.
    pub webhook: WebhookId,
    /// The entry of the feed; 0 for a ping.
    pub seq: Sequence,
    /// The type of the event, such as `session.changed`.
    pub event: String,
    /// When it was queued.
    pub created: Timestamp,
    /// What became of it.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next, while it waits.
    pub next: Option<Timestamp>,
    /// When it was delivered, given up or left out.
    pub finished: Option<Timestamp>,
}

/// One attempt to deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The delivery.
    pub delivery: Uuid,
    /// 1 for the first.
    pub number: u32,
    /// When it began.
    pub at: Timestamp,
    /// The HTTP status; `None` when there was no answer.
    pub status: Option<u16>,
    /// The beginning of the answer, or why there was none.
    pub answer: String,
    /// How long it took, in milliseconds.
    pub took: u32,
}

/// What the receiver made of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// When the attempt began.
    pub at: Timestamp,
    /// The HTTP status; `None` when there was no answer.
    pub status: Option<u16>,
    /// The beginning of the answer, or why there was none.
    pub answer: String,
    /// How long it took, in milliseconds.
    pub took: u32,
}

impl Outcome {
    /// Whether the receiver took it: any status from 200 to 299.
    pub fn success(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// A delivery whose time has come, with what is needed to send it.
#[derive(Clone, Debug)]
pub struct Due {
    /// The delivery.
    pub delivery: Delivery,
    /// The webhook.
    pub webhook: Webhook,
    /// The secrets with which it is signed, the present one first.
    pub secrets: Vec<String>,
    /// What it says; `None` for a ping.
    pub told: Option<Told<Value>>,
}

impl Store {
    /// The webhooks that are in use, and those that are stopped with a test on its way. One query.
    pub async fn webhooks_with_work(&self) -> Result<Vec<Webhook>> {
        let pings = Query::select()
            .column(delivery::Column::Webhook)
            .from(delivery::Entity)
            .and_where(delivery::Column::State.eq(DeliveryState::Pending.as_str()))
            .and_where(delivery::Column::Seq.eq(0))
            .take();
        let work = webhook::Column::Stopped.is_null().or(webhook::Column::Id.in_subquery(pings));
        let rows = webhook::Entity::find().filter(work).all(self.readers()).await?;
        rows.iter().map(webhook_of).collect()
    }

    /// Looks through the feed for the webhook, from `from` or its cursor, whichever is later, and queues what it is to
    /// be told. Gives how far it has looked, and whether there may be more. Stops the webhook when its owner may not
    /// have it any more.
    pub async fn queue_deliveries(&self, id: WebhookId, from: Sequence) -> Result<(Sequence, bool)> {
        let Some(row) = webhook::Entity::find_by_id(id.0).one(self.readers()).await? else {
            return Ok((from, false));
        };
        if row.stopped.is_some() {
            return Ok((from, false));
        }
        let from = Ord::max(from, row.cursor);
        let entries = feed::entries(self.readers(), from, BATCH).await?;
        let Some(last) = entries.last().map(|entry| entry.seq) else { return Ok((from, false)) };
        let more = entries.len() as u64 == BATCH;
        let editions = self.all_editions().await?;
        let own = row.edition.and_then(|id| editions.get(&EditionId(id)));
        let reader = reader(self, &row, self.now()).await?;
        let place = own.map_or_else(Place::installation, Place::edition);
        let Some(reader) = reader.filter(|reader| reader.may(Action::ManageWebhooks, &place).is_ok()) else {
            let why = "Its owner may not manage webhooks here any more; somebody who may can let it go on";
            return self.stop(id, why).await.map(|()| (from, false));
        };
        let hook = webhook_of(&row)?;
        let wanted: Vec<Told<Value>> = entries
            .into_iter()
            .filter(|entry| hook.wants(entry))
            .filter_map(|entry| tell(entry, &reader, &editions))
            .collect();
        if wanted.is_empty() && last - row.cursor < LAG {
            return Ok((last, more));
        }
        self.write(&Actor::System, async |tx| {
            let moved = webhook::Entity::update_many()
                .col_expr(webhook::Column::Cursor, Expr::value(last))
                .filter(webhook::Column::Id.eq(id.0))
                .filter(webhook::Column::Cursor.eq(row.cursor))
                .filter(webhook::Column::Stopped.is_null())
                .exec(tx.db())
                .await?;
            if moved.rows_affected == 0 {
                // Another node was faster, or somebody stopped or moved it.
                return Ok(());
            }
            let rows = wanted.iter().map(|told| {
                delivery::Model {
                    id: derived(&id.to_string(), "delivery", &told.seq.to_string()),
                    webhook: id.0,
                    seq: told.seq,
                    event: told.event(),
                    created_at: to_micros(tx.at()),
                    state: DeliveryState::Pending.as_str().to_owned(),
                    attempts: 0,
                    next_at: Some(to_micros(tx.at())),
                    finished_at: None,
                }
                .into_active_model()
            });
            if !wanted.is_empty() {
                delivery::Entity::insert_many(rows).exec_without_returning(tx.db()).await?;
            }
            Ok(())
        })
        .await?;
        Ok((last, more))
    }

    /// The webhook's first delivery that waits, if its time has come: what comes after it waits for it, so that a
    /// receiver is told of changes in their order. What the owner may not be told any more is left out here.
    pub async fn due_delivery(&self, id: WebhookId) -> Result<Option<Due>> {
        loop {
            let now = self.now();
            let Some(row) = webhook::Entity::find_by_id(id.0).one(self.readers()).await? else {
                return Ok(None);
            };
            let first = delivery::Entity::find()
                .filter(delivery::Column::Webhook.eq(id.0))
                .filter(delivery::Column::State.eq(DeliveryState::Pending.as_str()))
                .order_by_asc(delivery::Column::Seq)
                .order_by_asc(delivery::Column::Id)
                .one(self.readers())
                .await?;
            let Some(first) = first.filter(|first| first.next_at.is_none_or(|at| at <= to_micros(now)))
            else {
                return Ok(None);
            };
            let ping = first.seq == 0;
            if row.stopped.is_some() && !ping {
                return Ok(None);
            }
            let said = if ping { None } else { self.said(&row, first.seq, now).await? };
            if !ping && said.is_none() {
                self.leave_out(first.id).await?;
                continue;
            }
            let mut secrets = vec![row.secret.clone()];
            if row.old_until.is_some_and(|until| to_micros(now) < until) {
                secrets.extend(row.old_secret.clone());
            }
            return Ok(Some(Due {
                delivery: delivery_of(&first)?,
                webhook: webhook_of(&row)?,
                secrets,
                told: said,
            }));
        }
    }

    /// Keeps what became of an attempt. A failed delivery waits for its next attempt or is given up; a webhook that
    /// has failed for too long, or whose receiver says that it is gone (410), is stopped.
    pub async fn finish_attempt(&self, due: &Due, outcome: &Outcome) -> Result<()> {
        let id = due.delivery.id;
        self.write(&Actor::System, async |tx| {
            let Some(row) = delivery::Entity::find_by_id(id).one(tx.db()).await? else {
                // The webhook was removed meanwhile.
                return Ok(());
            };
            let now = tx.at();
            let number = row.attempts.saturating_add(1);
            let made = attempt::Model {
                delivery: id,
                number,
                at: to_micros(outcome.at),
                status: outcome.status.map(i32::from),
                answer: excerpt(&outcome.answer, ANSWER),
                took: i32::try_from(outcome.took).unwrap_or(i32::MAX),
            };
            attempt::Entity::insert_many([made.into_active_model()]).exec_without_returning(tx.db()).await?;
            let ping = row.seq == 0;
            let (state, next) = if outcome.success() {
                (DeliveryState::Delivered, None)
            } else {
                let failed = u32::try_from(number).unwrap_or(u32::MAX);
                let spread = u64::from(id.as_fields().0);
                match RETRIES.next(failed, now, spread).filter(|_| !ping) {
                    Some(next) => (DeliveryState::Pending, Some(to_micros(next))),
                    None => (DeliveryState::Failed, None),
                }
            };
            delivery::Entity::update_many()
                .col_expr(delivery::Column::State, Expr::value(state.as_str()))
                .col_expr(delivery::Column::Attempts, Expr::value(number))
                .col_expr(delivery::Column::NextAt, Expr::value(next))
                .col_expr(
                    delivery::Column::FinishedAt,
                    Expr::value((state != DeliveryState::Pending).then(|| to_micros(now))),
                )
                .filter(delivery::Column::Id.eq(id))
                .exec(tx.db())
                .await?;
            if ping {
                return Ok(());
            }
            let Some(before) = webhook::Entity::find_by_id(row.webhook).one(tx.db()).await? else {
                return Ok(());
            };
            let mut after = before.clone();
            after.failing_since = match (outcome.success(), before.failing_since) {
                (true, _) => None,
                (false, since) => since.or(Some(to_micros(now))),
            };
            let longest = now.saturating_sub(PATIENCE).map_or(i64::MIN, to_micros);
            if outcome.status == Some(410) {
                after.stopped = Some("The receiver answered that it is gone (status 410)".to_owned());
            } else if after.failing_since.is_some_and(|since| since <= longest) {
                after.stopped = Some(format!(
                    "Every attempt failed for {} hours; the last one: {}",
                    PATIENCE.as_hours(),
                    excerpt(&outcome.answer, 120)
                ));
            }
            put(tx, Some(&before), &after).await
        })
        .await
    }

    /// Sends a webhook a test, when `subject` may.
    pub async fn ping_webhook(&self, subject: &Subject, id: WebhookId) -> Result<Uuid> {
        self.write(&subject.actor, async |tx| {
            manage(tx, subject, id).await?;
            let waiting = delivery::Entity::find()
                .filter(delivery::Column::Webhook.eq(id.0))
                .filter(delivery::Column::State.eq(DeliveryState::Pending.as_str()))
                .filter(delivery::Column::Seq.eq(0))
                .one(tx.db())
                .await?;
            if let Some(waiting) = waiting {
                return Ok(waiting.id);
            }
            let row = delivery::Model {
                id: Uuid::now_v7(),
                webhook: id.0,
                seq: 0,
                event: "ping".to_owned(),
                created_at: to_micros(tx.at()),
                state: DeliveryState::Pending.as_str().to_owned(),
                attempts: 0,
                next_at: Some(to_micros(tx.at())),
                finished_at: None,
            };
            let ping = row.id;
            delivery::Entity::insert_many([row.into_active_model()]).exec_without_returning(tx.db()).await?;
            Ok(ping)
        })
        .await
    }

    /// Sends a delivery again, when `subject` may, under its identifier, whatever became of it before.
    pub async fn redeliver(&self, subject: &Subject, hook: WebhookId, id: Uuid) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            manage(tx, subject, hook).await?;
            let again = delivery::Entity::update_many()
                .col_expr(delivery::Column::State, Expr::value(DeliveryState::Pending.as_str()))
                .col_expr(delivery::Column::NextAt, Expr::value(to_micros(tx.at())))
                .col_expr(delivery::Column::FinishedAt, Expr::value(None::<i64>))
                .filter(delivery::Column::Webhook.eq(hook.0))
                .filter(delivery::Column::Id.eq(id))
                .exec(tx.db())
                .await?;
            if again.rows_affected == 0 {
                return Err(
                    Refusal::new("delivery", "there is no such delivery", "Load the page again").into()
                );
            }
            Ok(())
        })
        .await
    }

    /// The webhook's deliveries, the latest first, after the one named, with their attempts in order. Three queries.
    pub async fn deliveries(
        &self,
        id: WebhookId,
        after: Option<Uuid>,
        limit: u64,
    ) -> Result<Vec<(Delivery, Vec<Attempt>)>> {
        let mut find = delivery::Entity::find()
            .filter(delivery::Column::Webhook.eq(id.0))
            .order_by_desc(delivery::Column::CreatedAt)
            .order_by_desc(delivery::Column::Seq)
            .order_by_desc(delivery::Column::Id)
            .limit(limit);
        if let Some(after) = after {
            let Some(after) = delivery::Entity::find_by_id(after).one(self.readers()).await? else {
                return Ok(vec![]);
            };
            let earlier = delivery::Column::CreatedAt.lt(after.created_at);
            let before_it = delivery::Column::Seq
                .lt(after.seq)
                .or(delivery::Column::Seq.eq(after.seq).and(delivery::Column::Id.lt(after.id)));
            let same = delivery::Column::CreatedAt.eq(after.created_at).and(before_it);
            find = find.filter(earlier.or(same));
        }
        let rows = find.all(self.readers()).await?;
        let made = attempt::Entity::find()
            .filter(attempt::Column::Delivery.is_in(rows.iter().map(|row| row.id)))
            .order_by_asc(attempt::Column::Number)
            .all(self.readers())
            .await?;
        let mut attempts: HashMap<Uuid, Vec<Attempt>> = HashMap::new();
        for row in &made {
            attempts.entry(row.delivery).or_default().push(attempt_of(row)?);
        }
        rows.iter().map(|row| Ok((delivery_of(row)?, attempts.remove(&row.id).unwrap_or_default()))).collect()
    }

    /// Forgets deliveries that were finished longer ago than `age`. Gives how many; call again while there are any.
    pub async fn forget_deliveries(&self, age: SignedDuration) -> Result<u64> {
        let end = to_micros(self.now().saturating_sub(age).unwrap_or(Timestamp::MIN));
        let old: Vec<Uuid> = delivery::Entity::find()
            .select_only()
            .column(delivery::Column::Id)
            .filter(delivery::Column::State.ne(DeliveryState::Pending.as_str()))
            .filter(delivery::Column::FinishedAt.lt(end))
            .limit(OLD)
            .into_tuple()
            .all(self.readers())
            .await?;
        if old.is_empty() {
            return Ok(0);
        }
        self.write(&Actor::System, async |tx| {
            attempt::Entity::delete_many()
                .filter(attempt::Column::Delivery.is_in(old.iter().copied()))
                .exec(tx.db())
                .await?;
            let gone = delivery::Entity::delete_many()
                .filter(delivery::Column::Id.is_in(old.iter().copied()))
                .exec(tx.db())
                .await?;
            Ok(gone.rows_affected)
        })
        .await
    }

    /// What `subject` may be told of the entries after `after`, looking through at most `limit` of them; with how far
    /// was looked, and whether there may be more.
    pub async fn told_since(
        &self,
        subject: &Subject,
        after: Sequence,
        limit: u64,
    ) -> Result<(Vec<Told<Value>>, Sequence, bool)> {
        let entries = feed::entries(self.readers(), after, limit).await?;
        let last = entries.last().map_or(after, |entry| entry.seq);
        let more = entries.len() as u64 == limit;
        if entries.is_empty() {
            return Ok((vec![], last, more));
        }
        let editions = self.all_editions().await?;
        let heard = entries.into_iter().filter_map(|entry| tell(entry, subject, &editions)).collect();
        Ok((heard, last, more))
    }

    /// What the webhook's owner may be told now of an entry.
    async fn said(&self, row: &webhook::Model, seq: Sequence, now: Timestamp) -> Result<Option<Told<Value>>> {
        let Some(reader) = reader(self, row, now).await? else { return Ok(None) };
        let entry =
            feed::entries(self.readers(), seq - 1, 1).await?.into_iter().find(|entry| entry.seq == seq);
        let Some(entry) = entry else { return Ok(None) };
        Ok(tell(entry, &reader, &self.all_editions().await?))
    }

    async fn leave_out(&self, id: Uuid) -> Result<()> {
        self.write(&Actor::System, async |tx| {
            delivery::Entity::update_many()
                .col_expr(delivery::Column::State, Expr::value(DeliveryState::Skipped.as_str()))
                .col_expr(delivery::Column::NextAt, Expr::value(None::<i64>))
                .col_expr(delivery::Column::FinishedAt, Expr::value(to_micros(tx.at())))
                .filter(delivery::Column::Id.eq(id))
                .exec(tx.db())
                .await?;
            Ok(())
        })
        .await
    }

    async fn stop(&self, id: WebhookId, why: &str) -> Result<()> {
        self.write(&Actor::System, async |tx| {
            let Some(before) = webhook::Entity::find_by_id(id.0).one(tx.db()).await? else { return Ok(()) };
            if before.stopped.is_some() {
                return Ok(());
            }
            put(tx, Some(&before), &webhook::Model { stopped: Some(why.to_owned()), ..before.clone() }).await
        })
        .await
    }

    async fn all_editions(&self) -> Result<HashMap<EditionId, Edition>> {
        let rows = edition::Entity::find().all(self.readers()).await?;
        rows.iter().map(|row| Ok((EditionId(row.id), rows::edition(row)?))).collect()
    }
}

fn tell(
    entry: Entry<Value>,
    reader: &Subject,
    editions: &HashMap<EditionId, Edition>,
) -> Option<Told<Value>> {
    let edition = entry.edition.and_then(|id| editions.get(&id));
    let track = |thing: &Value| thing.get("track")?.as_str()?.parse().ok().map(TrackId);
    let place = place_of(&entry, edition, track);
    told(entry, reader, &place)
}

/// How many deliveries wait, by webhook.
pub(super) async fn pending(
    db: &impl ConnectionTrait,
    hooks: impl Iterator<Item = Uuid>,
) -> Result<HashMap<Uuid, u64>> {
    #[derive(FromQueryResult)]
    struct Count {
        webhook: Uuid,
        waiting: i64,
    }
    let counts = delivery::Entity::find()
        .select_only()
        .column(delivery::Column::Webhook)
        .column_as(delivery::Column::Id.count(), "waiting")
        .filter(delivery::Column::State.eq(DeliveryState::Pending.as_str()))
        .filter(delivery::Column::Webhook.is_in(hooks))
        .group_by(delivery::Column::Webhook)
        .into_model::<Count>()
        .all(db)
        .await?;
    Ok(counts.into_iter().map(|count| (count.webhook, count.waiting.unsigned_abs())).collect())
}

/// What must hold of deliveries, for [`crate::verify()`].
pub(crate) async fn broken(db: &impl ConnectionTrait) -> Result<Vec<String>> {
    let head = crate::tx::head(db).await?;
    let mut broken = vec![];
    for row in webhook::Entity::find().all(db).await? {
        if row.cursor > head {
            broken.push(format!("webhook {}: stands at {}, and the feed ends at {head}", row.id, row.cursor));
        }
        let beyond = delivery::Entity::find()
            .filter(delivery::Column::Webhook.eq(row.id))
            .filter(delivery::Column::Seq.gt(row.cursor))
            .one(db)
            .await?;
        if let Some(beyond) = beyond {
            broken.push(format!("webhook {}: change {} is queued beyond its cursor", row.id, beyond.seq));
        }
    }
    let unfinished = Expr::col(delivery::Column::State)
        .eq("pending")
        .eq(Expr::col(delivery::Column::FinishedAt).is_null());
    let odd = delivery::Entity::find().filter(unfinished.not()).one(db).await?;
    if let Some(odd) = odd {
        broken.push(format!("delivery {}: its state is {} and its end says otherwise", odd.id, odd.state));
    }
    Ok(broken)
}

fn delivery_of(row: &delivery::Model) -> Result<Delivery> {
    let damaged = |what: &str| Error::damaged(format!("delivery {}", row.id), what);
    let instant = |at: i64| from_micros(at).ok_or_else(|| damaged("no such instant"));
    Ok(Delivery {
        id: row.id,
        webhook: WebhookId(row.webhook),
        seq: row.seq,
        event: row.event.clone(),
        created: instant(row.created_at)?,
        state: DeliveryState::parse(&row.state).ok_or_else(|| damaged("no such state"))?,
        attempts: u32::try_from(row.attempts).map_err(|_| damaged("a number outside its range"))?,
        next: row.next_at.map(instant).transpose()?,
        finished: row.finished_at.map(instant).transpose()?,
    })
}

fn attempt_of(row: &attempt::Model) -> Result<Attempt> {
    let damaged =
        |what: &str| Error::damaged(format!("attempt {} of delivery {}", row.number, row.delivery), what);
    let range = |_| damaged("a number outside its range");
    Ok(Attempt {
        delivery: row.delivery,
        number: u32::try_from(row.number).map_err(range)?,
        at: from_micros(row.at).ok_or_else(|| damaged("no such instant"))?,
        status: row.status.map(u16::try_from).transpose().map_err(range)?,
        answer: row.answer.clone(),
        took: u32::try_from(row.took).map_err(range)?,
    })
}
