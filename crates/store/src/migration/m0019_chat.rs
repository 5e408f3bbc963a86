//! Live rooms, their conversation, who is banned from it, what was reported, and how far each spoke has come.
//!
//! Adds tables only; a database in use notices nothing. What is said carries its own ascending number, which the writer
//! gives it: all writes wait for one another, so that readers never see a later number before an earlier one.

use super::tools::{index, table, to};
use sea_orm_migration::{
    prelude::{sea_query::*, *},
    schema::{big_integer, big_integer_null, boolean, text, text_null, uuid, uuid_null},
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0019_chat"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables() {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn of_edition(name: &'static str, key: &[&'static str]) -> TableCreateStatement {
    table(name, key).col(uuid("edition")).foreign_key(&mut to(name, "edition", "edition")).take()
}

fn tables() -> Vec<TableCreateStatement> {
    vec![
        of_edition("live_room", &["edition", "id"])
            .col(uuid("id"))
            .col(text("slug"))
            .col(text("kind"))
            .col(uuid_null("opened_by"))
            .col(big_integer_null("closed_at"))
            .col(text("facts"))
            .take(),
        of_edition("chat_event", &["seq"])
            .col(big_integer("seq"))
            .col(uuid("id"))
            .col(uuid("room"))
            .col(big_integer("at"))
            .col(text("spoke"))
            .col(uuid_null("account"))
            .col(text_null("outside"))
            .col(text("name"))
            .col(text("kind"))
            .col(big_integer_null("target"))
            .col(boolean("flag"))
            .col(text("body"))
            .take(),
        of_edition("chat_ban", &["id"]).col(uuid("id")).col(uuid("account")).col(text("facts")).take(),
        of_edition("chat_report", &["id"])
            .col(uuid("id"))
            .col(uuid_null("account"))
            .col(big_integer_null("settled_at"))
            .col(text("facts"))
            .take(),
        table("spoke_cursor", &["spoke", "room"])
            .col(text("spoke"))
            .col(uuid("room"))
            .col(big_integer("seq"))
            .take(),
        table("spoke_message", &["spoke", "outside"])
            .col(text("spoke"))
            .col(text("outside"))
            .col(big_integer("seq"))
            .take(),
    ]
}

/// What a room is found by in addresses, what was said in it, what was said about a message, and whose it is.
fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("live_room", &["edition", "slug"]).unique().take(),
        index("live_room", &["opened_by"]),
        index("chat_event", &["id"]).unique().take(),
        index("chat_event", &["room", "seq"]),
        index("chat_event", &["target"]),
        index("chat_event", &["account"]),
        index("chat_ban", &["edition", "account"]),
        index("chat_ban", &["account"]),
        index("chat_report", &["edition", "settled_at"]),
        index("chat_report", &["account"]),
        index("spoke_message", &["seq"]),
    ]
}
