//! What is told to partners: queued with the deed that it tells of, sent until it is taken or given up.

use crate::{
    Error, Result, Store,
    entity::{edition, partner, partner_message},
    partner as partners, rows,
    save::upsert,
    tx::Tx,
};
use jiff::SignedDuration;
use model::{
    edition::Edition,
    feed::Actor,
    id::{ForwardId, PartnerId},
    partner::{CALLS_MAX, Message, Partner, RETRIES, TheirCall},
    text::excerpt,
    time::to_micros,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The characters of an answer that are kept.
const ANSWER: usize = 300;

/// How long messages that are done are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// A message whose time has come.
#[derive(Clone, Debug)]
pub struct DueMessage {
    /// Its identifier, the same in every attempt.
    pub id: Uuid,
    /// To whom.
    pub partner: Partner,
    /// Our edition, for the address of the sender.
    pub edition: Edition,
    /// The forward of which it tells.
    pub forward: Option<ForwardId>,
    /// What it says.
    pub message: Message,
}

/// What became of an attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SentMessage {
    /// Whether the partner took it.
    pub taken: bool,
    /// Whether it never will, so that it is not tried again: the partner said that it is wrong.
    pub hopeless: bool,
    /// The beginning of the answer, or why there was none.
    pub answer: String,
    /// The calls that it named, where it was asked for them.
    pub calls: Option<Vec<TheirCall>>,
}

impl Store {
    /// The first message of each forward that waits for a partner and whose time has come: what comes after it in the same
    /// forward waits for it, so that an offer is never overtaken by its cancellation.
    pub async fn due_messages(&self) -> Result<Vec<DueMessage>> {
        let now = to_micros(self.now());
        let db = self.read().await?;
        let waiting = partner_message::Entity::find()
            .filter(partner_message::Column::State.eq("pending"))
            .order_by_asc(partner_message::Column::CreatedAt)
            .order_by_asc(partner_message::Column::Id)
            .limit(1_000)
            .all(&db)
            .await?;
        let mut seen = BTreeSet::new();
        let mut out = vec![];
        for row in waiting {
            // In order within a forward; what a partner does not answer yet holds up no other.
            if !seen.insert((row.partner, row.forward)) || row.next_at.is_some_and(|at| at > now) {
                continue;
            }
            let Some(to) = partner::Entity::find_by_id(row.partner).one(&db).await? else { continue };
            let Some(home) = edition::Entity::find_by_id(to.edition).one(&db).await? else { continue };
            out.push(DueMessage {
                id: row.id,
                partner: partners::partner_of(&to)?,
                edition: rows::edition(&home)?,
                forward: row.forward.map(ForwardId),
                message: serde_json::from_str(&row.body)
                    .map_err(|error| Error::damaged(format!("message {}", row.id), error))?,
            });
        }
        db.commit().await?;
        Ok(out)
    }

    /// Keeps what became of an attempt to send a message.
    pub async fn finish_message(&self, due: &DueMessage, sent: &SentMessage) -> Result<()> {
        self.write(&Actor::System, async |tx| {
            let Some(row) = partner_message::Entity::find_by_id(due.id).one(tx.db()).await? else {
                return Ok(());
            };
            let attempts = row.attempts.saturating_add(1);
            let failed = u32::try_from(attempts).unwrap_or(u32::MAX);
            let again = RETRIES.next(failed, tx.at(), u64::from(due.id.as_fields().0));
            let (state, next) = match again.filter(|_| !sent.hopeless) {
                _ if sent.taken => ("delivered", None),
                Some(next) => ("pending", Some(to_micros(next))),
                None => ("failed", None),
            };
            let after = partner_message::Model {
                state: state.to_owned(),
                attempts,
                next_at: next,
                finished_at: (state != "pending").then(|| to_micros(tx.at())),
                answer: excerpt(&sent.answer, ANSWER),
                ..row
            };
            upsert::<partner_message::Entity>(tx.db(), vec![after]).await?;
            if let Some(calls) = &sent.calls
                && let Some(before) = partners::find(tx.db(), due.edition.id, due.partner.id).await?
            {
                let calls = calls.iter().take(CALLS_MAX).cloned().collect();
                let after = Partner { calls, calls_at: Some(tx.at()), ..before.clone() };
                partners::put(tx, Some(&before), Some(&after)).await?;
            }
            Ok(())
        })
        .await
    }

    /// Removes messages that were done long ago.
    pub async fn tidy_messages(&self) -> Result<()> {
        let limit = to_micros(self.now().saturating_sub(KEPT).unwrap_or(jiff::Timestamp::MIN));
        let old = partner_message::Entity::find()
            .filter(partner_message::Column::FinishedAt.lt(limit))
            .one(self.readers())
            .await?;
        if old.is_none() {
            return Ok(());
        }
        self.write(&Actor::System, async |tx| {
            partner_message::Entity::delete_many()
                .filter(partner_message::Column::FinishedAt.lt(limit))
                .exec(tx.db())
                .await?;
            Ok(())
        })
        .await
    }

    /// How the message of a forward to its partner fares: how many were tried in vain and what the last answered; `None`
    /// where all were taken.
    pub async fn forward_trouble(&self, id: ForwardId) -> Result<Option<(u32, String, bool)>> {
        let row = partner_message::Entity::find()
            .filter(partner_message::Column::Forward.eq(id.0))
            .filter(partner_message::Column::State.ne("delivered"))
            .order_by_asc(partner_message::Column::CreatedAt)
            .one(self.readers())
            .await?;
        Ok(row.map(|row| {
            let attempts = u32::try_from(row.attempts).unwrap_or_default();
            (attempts, row.answer, row.state == "pending")
        }))
    }
}

/// Queues a message within the deed of which it tells.
pub(crate) async fn queue(
    tx: &Tx,
    partner: PartnerId,
    forward: Option<ForwardId>,
    message: &Message,
) -> Result<()> {
    let row = partner_message::Model {
        id: Uuid::now_v7(),
        partner: partner.0,
        forward: forward.map(|id| id.0),
        kind: message.kind().as_str().to_owned(),
        body: rows::json(message)?,
        state: "pending".to_owned(),
        attempts: 0,
        created_at: to_micros(tx.at()),
        next_at: Some(to_micros(tx.at())),
        finished_at: None,
        answer: String::new(),
    };
    upsert::<partner_message::Entity>(tx.db(), vec![row]).await
}
