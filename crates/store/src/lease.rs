//! Work that only one node may do at a time: whoever holds the lease does it.

use crate::{Result, Store, entity::lease, save::upsert};
use jiff::{SignedDuration, Timestamp};
use model::{
    feed::Actor,
    time::{from_micros, to_micros},
};
use sea_orm::EntityTrait;

impl Store {
    /// Takes the lease of that name for so long, or prolongs it when `holder` has it. Gives the instant at which it
    /// ends, or `None` while another has it. **Work that outlasts its lease is done by two at once**: prolong it in
    /// time, and make each step harmless to repeat.
    pub async fn take_lease(
        &self,
        name: &str,
        holder: &str,
        duration: SignedDuration,
    ) -> Result<Option<Timestamp>> {
        self.write(&Actor::System, async |tx| {
            let held = lease::Entity::find_by_id(name.to_owned()).one(tx.db()).await?;
            let now = to_micros(tx.at());
            if held.is_some_and(|held| held.holder != holder && held.until > now) {
                return Ok(None);
            }
            let until = now.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX));
            let row = lease::Model { name: name.to_owned(), holder: holder.to_owned(), until };
            upsert::<lease::Entity>(tx.db(), vec![row]).await?;
            Ok(from_micros(until))
        })
        .await
    }

    /// Gives a lease back, so that another node need not wait for its end.
    pub async fn release_lease(&self, name: &str, holder: &str) -> Result<()> {
        self.write(&Actor::System, async |tx| {
            let held = lease::Entity::find_by_id(name.to_owned()).one(tx.db()).await?;
            if held.is_some_and(|held| held.holder == holder) {
                lease::Entity::delete_by_id(name.to_owned()).exec(tx.db()).await?;
            }
            Ok(())
        })
        .await
    }
}
