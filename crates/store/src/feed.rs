//! Reading the change feed, and the cursors of those who follow it.

use crate::{
    Error, Result, Store,
    entity::{change, follower},
    tx::{self, Tx},
};
use model::{
    feed::{Actor, Deed, Entry, Sequence},
    id::EditionId,
    time::from_micros,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use serde_json::Value;

impl Store {
    /// The number of the newest entry of the feed; 0 for an empty one.
    pub async fn head(&self) -> Result<Sequence> {
        tx::head(self.readers()).await
    }

    /// The first `limit` entries after number `after`, in their order. Numbers ascend and may have gaps; an
    /// entry with a smaller number never appears after one with a larger has been seen.
    pub async fn changes_since(&self, after: Sequence, limit: u64) -> Result<Vec<Entry<Value>>> {
        entries(self.readers(), after, limit).await
    }

    /// Up to which entry the follower of this name has done its work; 0 for a new one.
    pub async fn cursor(&self, follower: &str) -> Result<Sequence> {
        cursor(self.readers(), follower).await
    }

    /// Moves the cursor of a follower whose work lies outside the record, after that work is done. A cursor
    /// never moves back.
    pub async fn advance(&self, follower: &str, to: Sequence) -> Result<()> {
        self.write(&Actor::System, async |tx| advance(tx, follower, to).await).await
    }
}

/// See [`Store::changes_since`].
pub(crate) async fn entries(
    db: &impl ConnectionTrait,
    after: Sequence,
    limit: u64,
) -> Result<Vec<Entry<Value>>> {
    let rows = change::Entity::find()
        .filter(change::Column::Seq.gt(after))
        .order_by_asc(change::Column::Seq)
        .limit(limit)
        .all(db)
        .await?;
    rows.into_iter().map(entry).collect()
}

/// See [`Store::cursor`].
pub(crate) async fn cursor(db: &impl ConnectionTrait, name: &str) -> Result<Sequence> {
    let row = follower::Entity::find_by_id(name.to_owned()).one(db).await?;
    Ok(row.map_or(0, |row| row.seq))
}

/// Moves a cursor in the transaction in which the follower did its work.
pub(crate) async fn advance(tx: &Tx, name: &str, to: Sequence) -> Result<()> {
    let row = follower::ActiveModel { name: sea_orm::Set(name.to_owned()), seq: sea_orm::Set(to) };
    let forward = OnConflict::column(follower::Column::Name)
        .update_column(follower::Column::Seq)
        .action_and_where(Expr::col((follower::Entity, follower::Column::Seq)).lt(to))
        .to_owned();
    follower::Entity::insert_many([row]).on_conflict(forward).exec_without_returning(tx.db()).await?;
    Ok(())
}

/// The entry of a row.
pub(crate) fn entry(row: change::Model) -> Result<Entry<Value>> {
    let place = || format!("change {}", row.seq);
    let json = |text: Option<String>| -> Result<Option<Value>> {
        text.map(|text| serde_json::from_str(&text).map_err(|error| Error::damaged(place(), error)))
            .transpose()
    };
    Ok(Entry {
        seq: row.seq,
        at: from_micros(row.at).ok_or_else(|| Error::damaged(place(), "no such instant"))?,
        deed: Deed::parse(&row.deed).ok_or_else(|| Error::damaged(place(), "no such deed"))?,
        before: json(row.before)?,
        after: json(row.after)?,
        actor: row.actor,
        kind: row.kind,
        thing: row.thing,
        edition: row.edition.map(EditionId),
    })
}
