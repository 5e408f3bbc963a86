//! What the committee has before it: one proposal at a time, the same on everybody's screen.
//!
//! Whoever has a conflict with it learns that it is one of those, and not what the others see.

use crate::{
    Result, Store,
    content::note,
    entity::{proposal, sitting},
    proposal::gone,
    review::{
        self, Filed,
        filed::Reading,
        judge::{Judge, Over},
    },
    save::upsert,
    tx::Tx,
};
use jiff::Timestamp;
use model::{
    Refusal,
    edition::Edition,
    id::{EditionId, ProposalId},
    permission::{Action, Subject},
    time::{from_micros, to_micros},
};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The word for it in the feed.
const KIND: &str = "sitting";

/// What somebody of the committee sees of the meeting.
#[derive(Clone, Debug)]
pub enum Sitting {
    /// Nothing is before the committee.
    Nothing,
    /// Something with which they have a conflict, or which is not for them.
    Without,
    /// That proposal.
    Before(Box<Filed>),
}

/// How the meeting goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// To the next by number of those that wait for a decision.
    Next,
    /// To the one before.
    Previous,
    /// To the one of that number.
    Number(u32),
    /// Nothing is before the committee any more.
    End,
}

impl Store {
    /// What of the meeting somebody sees, and since when it is so.
    pub async fn sitting(
        &self,
        subject: &Subject,
        edition: &Edition,
    ) -> Result<(Sitting, Option<Timestamp>)> {
        let db = self.read().await?;
        let Some(row) = sitting::Entity::find_by_id(edition.id.0).one(&db).await? else {
            return Ok((Sitting::Nothing, None));
        };
        let since = from_micros(row.at);
        let Some(id) = row.proposal else { return Ok((Sitting::Nothing, since)) };
        let filed = review::one(&db, subject, edition, ProposalId(id), self.now()).await?;
        db.commit().await?;
        let seen = match filed {
            Some(filed) if filed.conflicts.is_empty() => Sitting::Before(Box::new(filed)),
            _ => Sitting::Without,
        };
        Ok((seen, since))
    }

    /// Since when it is as it is: what open pages compare. One query.
    pub async fn sitting_since(&self, edition: EditionId) -> Result<Option<Timestamp>> {
        let row = sitting::Entity::find_by_id(edition.0).one(self.readers()).await?;
        Ok(row.and_then(|row| from_micros(row.at)))
    }

    /// Puts another proposal before the committee: one that `subject` decides and has no conflict with. At the end nothing
    /// is before it.
    pub async fn turn_sitting(&self, subject: &Subject, edition: &Edition, turn: Turn) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            subject.may_write()?;
            let reading = Reading::new(tx.db(), subject, edition, tx.at()).await?;
            let decided = reading.filed(reading.calls_with(Action::DecideProposals));
            let Some(decided) = decided else {
                // Says whom to ask.
                let nowhere = model::permission::Place::edition(edition);
                subject.may(Action::DecideProposals, &nowhere)?;
                return Err(gone());
            };
            let rows: Vec<(Uuid, i32, String)> = proposal::Entity::find()
                .select_only()
                .columns([proposal::Column::Id, proposal::Column::Number, proposal::Column::State])
                .filter(decided)
                .order_by_asc(proposal::Column::Number)
                .into_tuple()
                .all(tx.db())
                .await?;
            let judge = Judge::of(tx.db(), edition.id, subject.account, &Over::Edition).await?;
            let mine: Vec<(ProposalId, u32, bool)> = rows
                .into_iter()
                .filter(|(id, ..)| judge.is_clear(subject.account, ProposalId(*id)))
                .map(|(id, number, state)| {
                    let waits = model::proposal::State::parse(&state)
                        .is_some_and(model::proposal::State::is_undecided);
                    (ProposalId(id), u32::try_from(number).unwrap_or_default(), waits)
                })
                .collect();
            let before = sitting::Entity::find_by_id(edition.id.0).one(tx.db()).await?;
            let here = before.as_ref().and_then(|row| row.proposal);
            // Where the present one is not theirs, its number is found all the same, so that they go on from it.
            let number = match here {
                Some(id) => number_of(tx, edition.id, id).await?,
                None => None,
            };
            let next = match turn {
                Turn::End => None,
                Turn::Next => mine
                    .iter()
                    .find(|(_, other, waits)| *waits && number.is_none_or(|number| *other > number)),
                Turn::Previous => mine
                    .iter()
                    .rev()
                    .find(|(_, other, waits)| *waits && number.is_none_or(|number| *other < number)),
                Turn::Number(wanted) => mine.iter().find(|(_, other, _)| *other == wanted),
            };
            if next.is_none() && turn != Turn::End {
                let (problem, remedy) = match turn {
                    Turn::Number(number) => (
                        format!("there is no #{number} that you decide without a conflict"),
                        "Look in the list of proposals",
                    ),
                    _ => (
                        "no further one waits for a decision of yours".to_owned(),
                        "Name a number, or end the meeting",
                    ),
                };
                return Err(Refusal::new("number", problem, remedy).into());
            }
            let after = sitting::Model {
                edition: edition.id.0,
                proposal: next.map(|(id, ..)| id.0),
                at: to_micros(tx.at()),
            };
            upsert::<sitting::Entity>(tx.db(), vec![after.clone()]).await?;
            note(
                tx,
                (KIND, edition.id.0),
                edition.id,
                before.as_ref().map(said).as_ref(),
                Some(&said(&after)),
            )
            .await
        })
        .await
    }
}

async fn number_of(tx: &Tx, edition: EditionId, id: Uuid) -> Result<Option<u32>> {
    let number: Option<i32> = proposal::Entity::find_by_id(id)
        .select_only()
        .column(proposal::Column::Number)
        .filter(proposal::Column::Edition.eq(edition.0))
        .into_tuple()
        .one(tx.db())
        .await?;
    Ok(number.and_then(|number| u32::try_from(number).ok()))
}

/// What the feed says: that the meeting went on, not to what.
fn said(row: &sitting::Model) -> Value {
    json!({ "at": from_micros(row.at) })
}

/// What the rows hold, in the feed's words, for [`crate::verify()`].
pub(crate) async fn state(
    db: &DatabaseTransaction,
    state: &mut BTreeMap<(Option<Uuid>, String, Uuid), Value>,
) -> Result<()> {
    for row in sitting::Entity::find().all(db).await? {
        state.insert((Some(row.edition), KIND.to_owned(), row.edition), said(&row));
    }
    Ok(())
}
