//! The date planner: calendars of other conferences, and what an edition plans with.
//!
//! Adds two empty tables; a database in use notices nothing.

use super::tools::{index, table, to};
use sea_orm_migration::{
    prelude::{sea_query::*, *},
    schema::{big_integer, big_integer_null, binary, integer, text, text_null, uuid},
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0004_planner"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables() {
            manager.create_table(table).await?;
        }
        manager.create_index(index("calendar", &["edition"])).await?;
        manager.create_index(index("calendar", &["due_at"])).await
    }
}

fn tables() -> Vec<TableCreateStatement> {
    vec![
        table("calendar", &["id"])
            .col(uuid("id"))
            .col(uuid("edition"))
            .col(text("name"))
            .col(text_null("address"))
            .col(text("topics"))
            .col(integer("conferences"))
            .col(text("digest"))
            .col(big_integer_null("read_at"))
            .col(big_integer_null("tried_at"))
            .col(big_integer_null("due_at"))
            .col(integer("failures"))
            .col(text("error"))
            .col(text("etag"))
            .col(text("notes"))
            .col(binary("body"))
            .foreign_key(&mut to("calendar", "edition", "edition"))
            .take(),
        table("date_plan", &["edition"])
            .col(uuid("edition"))
            .col(big_integer("changed_at"))
            .col(text("plan"))
            .foreign_key(&mut to("date_plan", "edition", "edition"))
            .take(),
    ]
}
