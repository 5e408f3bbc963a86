//! Mail: the queue and what was tried, senders and texts of editions, who wants no mail.
//!
//! Adds tables only; a database in use notices nothing.

use super::tools::{index, table, to};
use sea_orm_migration::{
    prelude::{sea_query::*, *},
    schema::{big_integer, big_integer_null, integer, text, text_null, uuid, uuid_null},
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0003_mail"
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

fn tables() -> Vec<TableCreateStatement> {
    vec![
        table("mail", &["id"])
            .col(uuid("id"))
            .col(uuid_null("edition"))
            .col(text("kind"))
            .col(text_null("list"))
            .col(integer("rank"))
            .col(uuid_null("account"))
            .col(text("to_name"))
            .col(text("to_address"))
            .col(text_null("sender"))
            .col(text("subject"))
            .col(text("body"))
            .col(text_null("link"))
            .col(text("stage"))
            .col(big_integer("at"))
            .col(text("answer"))
            .col(integer("attempts"))
            .col(integer("failed"))
            .col(uuid_null("lease"))
            .col(big_integer_null("lease_until"))
            .col(text_null("message_id"))
            .col(text_null("once"))
            .col(big_integer("created_at"))
            .col(big_integer_null("good_until"))
            .foreign_key(&mut to("mail", "edition", "edition"))
            .foreign_key(&mut to("mail", "account", "account"))
            .take(),
        table("mail_attempt", &["mail", "number"])
            .col(uuid("mail"))
            .col(integer("number"))
            .col(big_integer("at"))
            .col(text("outcome"))
            .col(text("answer"))
            .foreign_key(&mut to("mail_attempt", "mail", "mail"))
            .take(),
        table("mail_sender", &["edition"])
            .col(uuid("edition"))
            .col(text("name"))
            .col(text("address"))
            .col(text_null("reply_to"))
            .foreign_key(&mut to("mail_sender", "edition", "edition"))
            .take(),
        table("mail_template", &["edition", "kind"])
            .col(uuid("edition"))
            .col(text("kind"))
            .col(text("subject"))
            .col(text("body"))
            .foreign_key(&mut to("mail_template", "edition", "edition"))
            .take(),
        table("suppression", &["address"])
            .col(text("address"))
            .col(text("reason"))
            .col(text("note"))
            .col(big_integer("since"))
            .take(),
        table("opt_out", &["id"])
            .col(uuid("id"))
            .col(text("who"))
            .col(text("series"))
            .col(text("list"))
            .col(big_integer("since"))
            .take(),
        table("mail_server", &["id"])
            .col(integer("id"))
            .col(big_integer("failing_since"))
            .col(big_integer("retry_at"))
            .col(text("error"))
            .take(),
    ]
}

/// What is sent next; the lists of the desk; one person's mail; and keys of which there is one mail.
fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("mail", &["stage", "rank", "at"]),
        index("mail", &["edition", "stage"]),
        index("mail", &["to_address"]),
        index("mail", &["account"]),
        index("mail", &["lease"]),
        index("mail", &["message_id"]).unique().take(),
        index("mail", &["once"]).unique().take(),
        index("opt_out", &["who"]),
    ]
}
