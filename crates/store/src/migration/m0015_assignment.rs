//! Who reviews what: bids, assignments, the limits and topics of reviewers, what the committee asks of an assignment, and
//! which proposal the committee has before it.
//!
//! Adds tables only; a database in use notices nothing.

use super::tools::{index, table, to};
use sea_orm_migration::{
    prelude::{sea_query::*, *},
    schema::{big_integer, boolean, integer_null, text, uuid, uuid_null},
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0015_assignment"
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

/// A row about an account and a proposal.
fn of_pair(name: &'static str) -> TableCreateStatement {
    of_edition(name, &["id"])
        .col(uuid("id"))
        .col(uuid("proposal"))
        .col(uuid("account"))
        .foreign_key(&mut to(name, "proposal", "proposal"))
        .take()
}

fn tables() -> Vec<TableCreateStatement> {
    vec![
        of_pair("bid").col(text("bid")).col(big_integer("at")).take(),
        of_pair("assignment")
            .col(boolean("given"))
            .col(boolean("planned"))
            .col(boolean("locked"))
            .col(text("why"))
            .col(big_integer("since"))
            .take(),
        of_edition("review_load", &["id"])
            .col(uuid("id"))
            .col(uuid("call"))
            .col(uuid("account"))
            .col(integer_null("least"))
            .col(integer_null("most"))
            .col(text("topics"))
            .take(),
        of_edition("assignment_plan", &["edition", "call"]).col(uuid("call")).col(text("facts")).take(),
        of_edition("sitting", &["edition"]).col(uuid_null("proposal")).col(big_integer("at")).take(),
    ]
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("bid", &["proposal", "account"]).unique().take(),
        index("bid", &["account"]),
        index("assignment", &["proposal", "account"]).unique().take(),
        index("assignment", &["account"]),
        index("assignment", &["edition"]),
        index("review_load", &["edition", "call", "account"]).unique().take(),
        index("review_load", &["account"]),
    ]
}
