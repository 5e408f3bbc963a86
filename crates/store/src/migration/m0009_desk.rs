//! The desk: where an edition takes place (in person, online), whether it is archived, a notice on its front page; its
//! session types; what people were told of its dates and mode.
//!
//! Adds columns with defaults and two tables: on a database in use it takes no time. Editions that are there already are
//! in person, and count as if people had been told of their dates.

use super::tools::{table, to};
use sea_orm_migration::{
    prelude::{sea_query::*, *},
    schema::{big_integer, integer, text, uuid},
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0009_desk"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite adds one column with each statement.
        for (column, default) in [("mode", "in_person"), ("state", "open"), ("notice", "")] {
            let column = ColumnDef::new(column).text().not_null().default(default).take();
            manager.alter_table(Table::alter().table("edition").add_column(column).take()).await?;
        }
        for table in [
            table("session_type", &["edition", "id"])
                .col(uuid("edition"))
                .col(uuid("id"))
                .col(big_integer("position"))
                .col(text("name"))
                .col(text("kind"))
                .col(integer("minutes"))
                .col(text("description"))
                .foreign_key(&mut to("session_type", "edition", "edition"))
                .take(),
            table("announced", &["edition"])
                .col(uuid("edition"))
                .col(text("facts"))
                .col(big_integer("at"))
                .foreign_key(&mut to("announced", "edition", "edition"))
                .take(),
        ] {
            manager.create_table(table).await?;
        }
        Ok(())
    }
}
