//! What an edition plans its dates and hours with.

use crate::{
    Error, Result, Store,
    account::fact,
    content,
    entity::{date_plan, edition},
    rows::json,
    save::upsert,
    tx::Tx,
};
use model::{Refusal, calendar::DatePlan, feed::Actor, id::EditionId, time::to_micros};
use sea_orm::EntityTrait;
use serde_json::Value;

/// The word for an edition's plan in the feed.
pub(crate) const KIND: &str = "date-plan";

impl Store {
    /// What an edition plans with, and the version of it to give back when it is saved; 0 before the first time. One
    /// query.
    pub async fn date_plan(&self, id: EditionId) -> Result<(DatePlan, i64)> {
        match date_plan::Entity::find_by_id(id.0).one(self.readers()).await? {
            Some(row) => Ok((plan_of(&row)?, row.changed_at)),
            None => Ok((DatePlan::default(), 0)),
        }
    }

    /// Changes what an edition plans with. `rule` gets the present plan and gives the new one. `version` is that of the
    /// plan that somebody saw; when it was changed since, nothing is written and they are told.
    pub async fn change_date_plan(
        &self,
        actor: &Actor,
        id: EditionId,
        version: i64,
        rule: impl FnOnce(DatePlan) -> Result<DatePlan, Refusal> + Send,
    ) -> Result<()> {
        self.write(actor, async |tx| {
            if edition::Entity::find_by_id(id.0).one(tx.db()).await?.is_none() {
                return Err(Error::no_edition(id));
            }
            let row = date_plan::Entity::find_by_id(id.0).one(tx.db()).await?;
            if row.as_ref().map_or(0, |row| row.changed_at) != version {
                return Err(Refusal::new(
                    "plan",
                    "somebody else changed it while this page was open",
                    "Your text is still here: compare it with theirs in another window, then save again",
                )
                .into());
            }
            let before = row.as_ref().map(plan_of).transpose()?;
            let after = rule(before.clone().unwrap_or_default())?;
            after.check()?;
            if before.as_ref() == Some(&after) {
                return Ok(());
            }
            put(tx, id, row.as_ref(), Some(&after)).await
        })
        .await
    }
}

/// Writes a plan in the place of the present one, or forgets it.
async fn put(
    tx: &Tx,
    id: EditionId,
    before: Option<&date_plan::Model>,
    after: Option<&DatePlan>,
) -> Result<()> {
    match after {
        Some(plan) => {
            // Two saves within a microsecond of one clock are two versions.
            let version = before.map_or(0, |row| row.changed_at);
            let changed_at = to_micros(tx.at()).max(version.saturating_add(1));
            let row = date_plan::Model { edition: id.0, changed_at, plan: json(plan)? };
            upsert::<date_plan::Entity>(tx.db(), vec![row]).await?;
        }
        None => {
            date_plan::Entity::delete_by_id(id.0).exec(tx.db()).await?;
        }
    }
    let before = before.map(plan_of).transpose()?;
    content::note(tx, (KIND, id.0), id, before.as_ref(), after).await
}

/// Makes the plan of an edition what it was `before`, if it still is what it was `after`; gives whether it was.
pub(crate) async fn restore(
    tx: &Tx,
    id: EditionId,
    before: Option<Value>,
    after: Option<&Value>,
) -> Result<bool> {
    let row = date_plan::Entity::find_by_id(id.0).one(tx.db()).await?;
    let present = row.as_ref().map(plan_of).transpose()?;
    if present.as_ref().map(fact).transpose()?.as_ref() != after {
        return Ok(false);
    }
    let wanted: Option<DatePlan> =
        before.map(serde_json::from_value).transpose().map_err(|error| Error::damaged("feed", error))?;
    put(tx, id, row.as_ref(), wanted.as_ref()).await?;
    Ok(true)
}

/// The plan of a row.
pub(crate) fn plan_of(row: &date_plan::Model) -> Result<DatePlan> {
    serde_json::from_str(&row.plan)
        .map_err(|error| Error::damaged(format!("date plan of edition {}", row.edition), error))
}
