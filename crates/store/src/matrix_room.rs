//! Which room on the Matrix homeserver belongs to which room here.
//!
//! A room's alias is made once, from the name that it has then, and stays when the room is renamed: links to it are out
//! in the world. An edition is among them with its space.

use crate::{Result, Store, entity::matrix_room, lookup::among, save::upsert};
use model::{feed::Actor, id::EditionId};
use sea_orm::{EntityTrait, QueryFilter, QueryOrder};
use std::collections::BTreeSet;
use uuid::Uuid;

/// A room on the homeserver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatrixRoom {
    /// The room here; the edition's identifier for its space.
    pub room: Uuid,
    /// The edition.
    pub edition: EditionId,
    /// By what its alias is made; no other has it.
    pub key: String,
    /// How the homeserver calls it, once it is made.
    pub outside: Option<String>,
}

impl Store {
    /// All rooms that were ever meant to be on the homeserver, by their keys. One query.
    pub async fn matrix_rooms(&self) -> Result<Vec<MatrixRoom>> {
        let find = matrix_room::Entity::find().order_by_asc(matrix_room::Column::Key);
        Ok(find.all(self.readers()).await?.into_iter().map(of_row).collect())
    }

    /// The one that belongs to a room here. One query.
    pub async fn matrix_room(&self, room: Uuid) -> Result<Option<MatrixRoom>> {
        let row = matrix_room::Entity::find_by_id(room).one(self.readers()).await?;
        Ok(row.map(of_row))
    }

    /// Those that the homeserver calls so. One query.
    pub async fn matrix_rooms_called(&self, names: &[String]) -> Result<Vec<MatrixRoom>> {
        let names: BTreeSet<String> = names.iter().cloned().collect();
        if names.is_empty() {
            return Ok(vec![]);
        }
        let find = matrix_room::Entity::find().filter(among(matrix_room::Column::Outside, names));
        Ok(find.all(self.readers()).await?.into_iter().map(of_row).collect())
    }

    /// Keeps these.
    pub async fn keep_matrix_rooms(&self, rooms: Vec<MatrixRoom>) -> Result<()> {
        if rooms.is_empty() {
            return Ok(());
        }
        let rows = rooms.into_iter().map(|room| matrix_room::Model {
            room: room.room,
            edition: room.edition.0,
            key: room.key,
            outside: room.outside,
        });
        let rows: Vec<matrix_room::Model> = rows.collect();
        self.write(&Actor::System, async |tx| upsert::<matrix_room::Entity>(tx.db(), rows).await).await
    }
}

fn of_row(row: matrix_room::Model) -> MatrixRoom {
    MatrixRoom { room: row.room, edition: EditionId(row.edition), key: row.key, outside: row.outside }
}
