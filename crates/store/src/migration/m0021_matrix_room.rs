//! Which room on the Matrix homeserver belongs to which room here.
//!
//! Adds a table only; a database in use notices nothing.

use super::tools::{index, table, to};
use sea_orm_migration::{
    prelude::*,
    schema::{text, text_null, uuid},
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0021_matrix_room"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let rooms = table("matrix_room", &["room"])
            .col(uuid("room"))
            .col(uuid("edition"))
            .col(text("key"))
            .col(text_null("outside"))
            .foreign_key(&mut to("matrix_room", "edition", "edition"))
            .take();
        manager.create_table(rooms).await?;
        manager.create_index(index("matrix_room", &["key"]).unique().take()).await?;
        manager.create_index(index("matrix_room", &["outside"])).await?;
        manager.create_index(index("matrix_room", &["edition"])).await
    }
}
