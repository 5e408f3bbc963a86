//! How far each spoke of the rooms' conversation has come, and what it calls the messages.
//!
//! A spoke other than our own pages is an outside system: it has names of its own for messages, and it is sometimes away.
//! For each room it has a cursor in the record, which moves only when what lies before it was delivered; a kill at any
//! instant repeats at most what the outside system takes twice without showing it twice.

use crate::{
    Result, Store,
    entity::{spoke_cursor, spoke_message},
    lookup::among,
    save::upsert,
    tx::Tx,
};
use model::{
    chat::{Position, Spoke},
    feed::Actor,
    id::RoomId,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use std::collections::{BTreeMap, BTreeSet};

impl Store {
    /// Up to which place each room was delivered to a spoke; rooms of which nothing was are not among them. One query.
    pub async fn spoke_cursors(&self, spoke: Spoke) -> Result<BTreeMap<RoomId, Position>> {
        let rows = spoke_cursor::Entity::find()
            .filter(spoke_cursor::Column::Spoke.eq(spoke.as_str()))
            .all(self.readers())
            .await?;
        Ok(rows.into_iter().map(|row| (RoomId(row.room), row.seq)).collect())
    }

    /// Says that a room was delivered to a spoke up to a place, and what the spoke calls the messages that it took.
    pub async fn move_spoke(
        &self,
        spoke: Spoke,
        room: RoomId,
        to: Position,
        taken: &[(Position, String)],
    ) -> Result<()> {
        self.write(&Actor::System, async |tx| {
            let row = spoke_cursor::Model { spoke: spoke.as_str().to_owned(), room: room.0, seq: to };
            upsert::<spoke_cursor::Entity>(tx.db(), vec![row]).await?;
            remember(tx, taken.iter().map(|(place, outside)| (spoke, *place, outside.clone())).collect())
                .await
        })
        .await
    }

    /// What a spoke calls these messages; those that it does not have are not among them. One query.
    pub async fn outside_names(
        &self,
        spoke: Spoke,
        messages: &[Position],
    ) -> Result<BTreeMap<Position, String>> {
        if messages.is_empty() {
            return Ok(BTreeMap::new());
        }
        let rows = spoke_message::Entity::find()
            .filter(spoke_message::Column::Spoke.eq(spoke.as_str()))
            .filter(among(spoke_message::Column::Seq, messages.to_vec()))
            .all(self.readers())
            .await?;
        Ok(rows.into_iter().map(|row| (row.seq, row.outside)).collect())
    }

    /// The messages that a spoke calls so. One query.
    pub async fn messages_called(
        &self,
        spoke: Spoke,
        names: &[String],
    ) -> Result<BTreeMap<String, Position>> {
        let names: BTreeSet<String> = names.iter().cloned().collect();
        if names.is_empty() {
            return Ok(BTreeMap::new());
        }
        called(self.readers(), spoke, names).await
    }
}

async fn called(
    db: &impl ConnectionTrait,
    spoke: Spoke,
    names: BTreeSet<String>,
) -> Result<BTreeMap<String, Position>> {
    let rows = spoke_message::Entity::find()
        .filter(spoke_message::Column::Spoke.eq(spoke.as_str()))
        .filter(among(spoke_message::Column::Outside, names))
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| (row.outside, row.seq)).collect())
}

/// Keeps what spokes call messages.
pub(crate) async fn remember(tx: &Tx, names: Vec<(Spoke, Position, String)>) -> Result<()> {
    let rows = names.into_iter().map(|(spoke, seq, outside)| spoke_message::Model {
        spoke: spoke.as_str().to_owned(),
        outside,
        seq,
    });
    upsert::<spoke_message::Entity>(tx.db(), rows.collect()).await
}
