//! Access codes, amendments, questions, and the openings of sealed offers.
//!
//! Adds tables, and to comments whether an author said them; a database in use notices nothing.

use super::tools::{index, table, to};
use sea_orm_migration::{
    prelude::{sea_query::*, *},
    schema::{big_integer, big_integer_null, binary, boolean, integer, text, uuid, uuid_null},
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0016_question"
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
        // What was said before stays as it was shown: by whether its writer is an author now.
        let by_author = boolean("by_author").default(false).take();
        let table = Table::alter().table("proposal_comment").add_column(by_author).take();
        manager.alter_table(table).await?;
        Ok(())
    }
}

/// A row that belongs to a call. Calls have a key of two columns, and a call with such rows is not removed.
fn of_call(name: &'static str, key: &[&'static str]) -> TableCreateStatement {
    table(name, key)
        .col(uuid("edition"))
        .col(uuid("call"))
        .foreign_key(&mut to(name, "edition", "edition"))
        .take()
}

fn tables() -> Vec<TableCreateStatement> {
    vec![
        of_call("access_code", &["id"])
            .col(uuid("id"))
            .col(binary("digest"))
            .col(text("note"))
            .col(big_integer("made_at"))
            .col(big_integer("until_at"))
            .col(big_integer_null("revoked_at"))
            .take(),
        of_call("amendment", &["id"])
            .col(uuid("id"))
            .col(integer("number"))
            .col(big_integer("at"))
            .col(text("body"))
            .take(),
        of_call("question", &["id"])
            .col(uuid("id"))
            .col(uuid_null("account"))
            .col(big_integer("asked_at"))
            .col(text("body"))
            .col(text("answer"))
            .col(big_integer_null("answered_at"))
            .take(),
        of_call("opening", &["edition", "call"]).col(text("facts")).take(),
    ]
}

/// What a code is found by, and what a call or an account has.
fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("access_code", &["digest"]).unique().take(),
        index("access_code", &["edition", "call"]),
        index("amendment", &["edition", "call", "number"]).unique().take(),
        index("question", &["edition", "call"]),
        index("question", &["account"]),
    ]
}
