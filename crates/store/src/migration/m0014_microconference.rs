//! What microconferences have beside their proposals, ideas that wait for a lead, and whom they interest.
//!
//! Adds tables only; a database in use notices nothing.

use super::tools::{index, table, to};
use sea_orm_migration::{
    prelude::{sea_query::*, *},
    schema::{big_integer, text, uuid, uuid_null},
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0014_microconference"
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
        of_edition("microconference", &["proposal"])
            .col(uuid("proposal"))
            .col(text("facts"))
            .foreign_key(&mut to("microconference", "proposal", "proposal"))
            .take(),
        of_edition("idea", &["id"])
            .col(uuid("id"))
            .col(uuid_null("account"))
            .col(text("title"))
            .col(text("text"))
            .col(big_integer("at"))
            .col(uuid_null("adopted"))
            .take(),
        of_edition("idea_interest", &["id"])
            .col(uuid("id"))
            .col(uuid("idea"))
            .col(uuid("account"))
            .col(big_integer("at"))
            .foreign_key(&mut to("idea_interest", "idea", "idea"))
            .take(),
    ]
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("microconference", &["edition"]),
        index("idea", &["edition", "at"]),
        index("idea", &["account"]),
        index("idea_interest", &["idea", "account"]).unique().take(),
        index("idea_interest", &["edition"]),
        index("idea_interest", &["account"]),
    ]
}
