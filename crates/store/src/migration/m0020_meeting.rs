//! Servers for meetings with sound and picture, which room has its meeting on which, and what was recorded.
//!
//! Adds tables only; a database in use notices nothing. How a server was when it was last looked at stands in a table of
//! its own, which is written every few seconds and is not in the feed.

use super::tools::{index, table, to};
use sea_orm_migration::{
    prelude::{sea_query::*, *},
    schema::{big_integer, big_integer_null, text, text_null, uuid},
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0020_meeting"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables() {
            manager.create_table(table).await?;
        }
        manager.create_index(index("meeting_server", &["name"]).unique().take()).await?;
        manager.create_index(index("meeting", &["internal"])).await
    }
}

fn of_edition(name: &'static str, key: &[&'static str]) -> TableCreateStatement {
    table(name, key).col(uuid("edition")).foreign_key(&mut to(name, "edition", "edition")).take()
}

fn tables() -> Vec<TableCreateStatement> {
    vec![
        table("meeting_server", &["id"])
            .col(uuid("id"))
            .col(text("name"))
            .col(text("secret"))
            .col(text("facts"))
            .take(),
        table("server_look", &["name"])
            .col(text("name"))
            .col(big_integer("at"))
            .col(big_integer_null("answered"))
            .col(big_integer("missed"))
            .col(big_integer("people"))
            .col(big_integer("meetings"))
            .col(text("version"))
            .col(text("problem"))
            .take(),
        of_edition("meeting", &["edition", "room"])
            .col(uuid("room"))
            .col(text_null("server"))
            .col(text("internal"))
            .col(big_integer("people"))
            .col(big_integer("since"))
            .col(text("facts"))
            .take(),
        of_edition("meeting_recording", &["id"]).col(uuid("id")).col(uuid("room")).col(text("facts")).take(),
    ]
}
