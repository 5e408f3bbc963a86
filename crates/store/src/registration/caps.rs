//! The caps of an edition's registrations.

use super::counts;
use crate::{
    Error, Result, Store,
    account::fact,
    content::note,
    entity::{edition, registration_caps},
    rows,
    save::upsert,
    tx::Tx,
};
use model::{
    Refusal,
    feed::Actor,
    id::EditionId,
    registration::{Caps, Registration},
};
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::Value;
use uuid::Uuid;

/// The word for an edition's caps in the feed; they are known by its identifier.
pub(crate) const CAPS_KIND: &str = "registration-caps";

impl Store {
    /// How many may be registered for an edition. One query.
    pub async fn registration_caps(&self, id: EditionId) -> Result<Caps> {
        Ok(stored(self.readers(), id).await?.unwrap_or_default())
    }

    /// Changes the caps of an edition: `rule` gets the present ones and answers with the new ones, or says no. A cap below
    /// what is registered already cancels nobody; it takes nobody more.
    pub async fn change_registration_caps(
        &self,
        actor: &Actor,
        id: EditionId,
        rule: impl FnOnce(Caps) -> Result<Caps, Refusal> + Send,
    ) -> Result<Caps> {
        self.write(actor, async |tx| {
            if edition::Entity::find_by_id(id.0).one(tx.db()).await?.is_none() {
                return Err(Error::no_edition(id));
            }
            let before = stored(tx.db(), id).await?;
            let after = rule(before.clone().unwrap_or_default())?;
            put(tx, id, before.as_ref(), Some(&after).filter(|caps| !caps.is_empty())).await?;
            Ok(after)
        })
        .await
    }
}

/// Makes the caps what `after` says, and notes it.
async fn put(tx: &Tx, id: EditionId, before: Option<&Caps>, after: Option<&Caps>) -> Result<()> {
    match after {
        Some(caps) => {
            caps.check()?;
            let row = registration_caps::Model { edition: id.0, caps: rows::json(caps)? };
            upsert::<registration_caps::Entity>(tx.db(), vec![row]).await?;
        }
        None => {
            registration_caps::Entity::delete_by_id(id.0).exec(tx.db()).await?;
        }
    }
    note(tx, (CAPS_KIND, id.0), id, before, after).await
}

/// Refuses to make `after` of `before` where a cap leaves no place for it. One query, two where the edition has caps.
pub(crate) async fn room(tx: &Tx, before: Option<&Registration>, after: &Registration) -> Result<()> {
    if let Some(caps) = stored(tx.db(), after.edition).await? {
        caps.room(&counts(tx.db(), after.edition).await?.active, before, after)?;
    }
    Ok(())
}

/// The caps of an edition, where it has any.
pub(crate) async fn stored(db: &impl ConnectionTrait, id: EditionId) -> Result<Option<Caps>> {
    let row = registration_caps::Entity::find_by_id(id.0).one(db).await?;
    row.as_ref().map(caps_of).transpose()
}

/// The caps of a row.
pub(crate) fn caps_of(row: &registration_caps::Model) -> Result<Caps> {
    serde_json::from_str(&row.caps)
        .map_err(|error| Error::damaged(format!("caps of edition {}", row.edition), error))
}

/// Makes the caps what they were `before`, if they still are what they were `after`; gives whether they were.
pub(crate) async fn restore_caps(
    tx: &Tx,
    id: EditionId,
    before: Option<Value>,
    after: Option<&Value>,
) -> Result<bool> {
    let present = stored(tx.db(), id).await?;
    if present.as_ref().map(fact).transpose()?.as_ref() != after {
        return Ok(false);
    }
    let wanted: Option<Caps> =
        before.map(serde_json::from_value).transpose().map_err(|error| Error::damaged("feed", error))?;
    put(tx, id, present.as_ref(), wanted.as_ref()).await?;
    Ok(true)
}

/// What the rows hold, in the feed's words, for [`crate::verify()`]: edition and fact.
pub(crate) async fn state(db: &impl ConnectionTrait) -> Result<Vec<(Uuid, Value)>> {
    let rows = registration_caps::Entity::find().all(db).await?;
    rows.iter().map(|row| Ok((row.edition, fact(&caps_of(row)?)?))).collect()
}
