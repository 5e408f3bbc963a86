//! Files that are handed in with proposals, and replies that come by mail.
//!
//! Adds tables, to mails the thread in which one can answer them, and to comments whether they came by mail; a database in
//! use notices nothing.

use super::tools::{index, table, to};
use sea_orm_migration::{
    prelude::{sea_query::*, *},
    schema::{big_integer, binary, boolean, text, uuid, uuid_null},
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0018_handed_in"
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
        let reply = uuid_null("reply").take();
        manager.alter_table(Table::alter().table("mail").add_column(reply).take()).await?;
        let by_mail = boolean("by_mail").default(false).take();
        let table = Table::alter().table("proposal_comment").add_column(by_mail).take();
        manager.alter_table(table).await?;
        Ok(())
    }
}

fn tables() -> Vec<TableCreateStatement> {
    vec![
        table("handed_in", &["id"])
            .col(uuid("edition"))
            .col(uuid("id"))
            .col(uuid_null("account"))
            .col(text("digest"))
            .col(text("name"))
            .col(text("kind"))
            .col(big_integer("bytes"))
            .col(big_integer("at"))
            .foreign_key(&mut to("handed_in", "edition", "edition"))
            .take(),
        table("reply_address", &["id"])
            .col(uuid("edition"))
            .col(uuid("id"))
            .col(uuid("proposal"))
            .col(uuid("account"))
            .col(big_integer("made_at"))
            .foreign_key(&mut to("reply_address", "edition", "edition"))
            .take(),
        table("mail_received", &["digest"])
            .col(binary("digest"))
            .col(big_integer("at"))
            .col(text("outcome"))
            .take(),
    ]
}

/// What a person has, what lies in the folder, and what is found by a proposal and its author.
fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("handed_in", &["account", "edition"]),
        index("handed_in", &["at"]),
        index("handed_in", &["digest"]),
        index("reply_address", &["proposal", "account"]).unique().take(),
        index("reply_address", &["account"]),
        index("mail_received", &["at"]),
    ]
}
