//! Calls, proposals with their revisions and authors, reviews, comments, conflicts that were declared.
//!
//! Adds tables only; a database in use notices nothing. Two writers never meet in a table of one call: every write of the
//! record waits for the one before it.

use super::tools::{index, table, to};
use sea_orm_migration::{
    prelude::{sea_query::*, *},
    schema::{
        big_integer, big_integer_null, boolean, integer, integer_null, text, text_null, uuid, uuid_null,
    },
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0012_call"
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

/// A row that belongs to a proposal.
fn of_proposal(name: &'static str) -> TableCreateStatement {
    of_edition(name, &["id"])
        .col(uuid("id"))
        .col(uuid("proposal"))
        .foreign_key(&mut to(name, "proposal", "proposal"))
        .take()
}

fn tables() -> Vec<TableCreateStatement> {
    vec![
        of_edition("call", &["edition", "id"])
            .col(uuid("id"))
            .col(text("slug"))
            .col(big_integer("position"))
            .col(integer("form"))
            .col(text("facts"))
            .take(),
        of_edition("call_form", &["edition", "call", "version"])
            .col(uuid("call"))
            .col(integer("version"))
            .col(text("fields"))
            .take(),
        of_edition("proposal", &["id"])
            .col(uuid("id"))
            .col(uuid("call"))
            .col(integer("number"))
            .col(text("state"))
            .col(text("title"))
            .col(text("summary"))
            .col(integer_null("minutes"))
            .col(text("tracks"))
            .col(integer("form"))
            .col(text("answers"))
            .col(integer("revision"))
            .col(big_integer("created_at"))
            .col(big_integer("changed_at"))
            .col(big_integer_null("submitted_at"))
            .col(text_null("prepared"))
            .col(uuid_null("session"))
            .col(text_null("confirmation"))
            .take(),
        table("proposal_revision", &["proposal", "revision"])
            .col(uuid("proposal"))
            .col(integer("revision"))
            .col(text("content"))
            .col(big_integer("at"))
            .foreign_key(&mut to("proposal_revision", "proposal", "proposal"))
            .take(),
        of_proposal("author")
            .col(uuid_null("account"))
            .col(text("name"))
            .col(text_null("email"))
            .col(boolean("speaks"))
            .col(integer("position"))
            .take(),
        of_proposal("review")
            .col(uuid("account"))
            .col(integer("revision"))
            .col(text("scores"))
            .col(text("to_committee"))
            .col(text("to_authors"))
            .col(boolean("submitted"))
            .col(big_integer("at"))
            .take(),
        of_proposal("review_conflict").col(uuid("account")).col(big_integer("since")).take(),
        of_proposal("proposal_comment")
            .col(uuid_null("account"))
            .col(big_integer("at"))
            .col(boolean("to_authors"))
            .col(text("body"))
            .take(),
    ]
}

/// What stands at an address or under a number, what a call, a proposal or an account has.
fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("call", &["edition", "slug"]).unique().take(),
        index("proposal", &["edition", "number"]).unique().take(),
        index("proposal", &["edition", "call"]),
        index("author", &["edition"]),
        index("author", &["proposal"]),
        index("author", &["account"]),
        index("author", &["email"]),
        index("review", &["proposal", "account"]).unique().take(),
        index("review", &["edition"]),
        index("review", &["account"]),
        index("review_conflict", &["proposal", "account"]).unique().take(),
        index("review_conflict", &["account"]),
        index("proposal_comment", &["proposal", "at"]),
        index("proposal_comment", &["account"]),
    ]
}
