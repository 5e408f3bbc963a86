//! Forwards of proposals and their trail; the partners on other Plenarys, and what is sent to them.
//!
//! Only adds tables; a database in use notices nothing.

use super::tools::{index, table, to};
use sea_orm_migration::{
    prelude::{sea_query::*, *},
    schema::{big_integer, big_integer_null, integer, text, text_null, uuid, uuid_null},
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0017_forward"
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

fn of_edition(name: &'static str) -> TableCreateStatement {
    table(name, &["id"])
        .col(uuid("edition"))
        .col(uuid("id"))
        .foreign_key(&mut to(name, "edition", "edition"))
        .take()
}

fn tables() -> Vec<TableCreateStatement> {
    vec![
        of_edition("partner")
            .col(text("name"))
            .col(text("address"))
            .col(text("key"))
            .col(big_integer("made_at"))
            .col(text("calls"))
            .col(big_integer_null("calls_at"))
            .take(),
        // An end is either of this record (edition, call, proposal) or at the partner (slug, name, page).
        of_edition("forward")
            .col(text("state"))
            .col(big_integer("since_at"))
            .col(uuid_null("from_edition"))
            .col(uuid_null("from_call"))
            .col(uuid_null("from_proposal"))
            .col(uuid_null("to_edition"))
            .col(uuid_null("to_call"))
            .col(uuid_null("to_proposal"))
            .col(uuid_null("partner"))
            .col(text("away_slug"))
            .col(text("away_name"))
            .col(text_null("away_page"))
            .col(text("left_over"))
            .col(text_null("offer"))
            .foreign_key(&mut to("forward", "partner", "partner"))
            .take(),
        of_edition("forward_step")
            .col(uuid("forward"))
            .col(uuid_null("account"))
            .col(text("step"))
            .col(big_integer("at"))
            .col(text("note"))
            .foreign_key(&mut to("forward_step", "forward", "forward"))
            .take(),
        table("partner_message", &["id"])
            .col(uuid("id"))
            .col(uuid("partner"))
            .col(uuid_null("forward"))
            .col(text("kind"))
            .col(text("body"))
            .col(text("state"))
            .col(integer("attempts"))
            .col(big_integer("created_at"))
            .col(big_integer_null("next_at"))
            .col(big_integer_null("finished_at"))
            .col(text("answer"))
            .foreign_key(&mut to("partner_message", "partner", "partner"))
            .take(),
        table("partner_nonce", &["partner", "nonce"])
            .col(uuid("partner"))
            .col(text("nonce"))
            .col(big_integer("at"))
            .take(),
    ]
}

/// What an edition, a proposal, an account and a queue has.
fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("partner", &["edition"]),
        index("forward", &["edition"]),
        index("forward", &["from_proposal"]),
        index("forward", &["to_proposal"]),
        index("forward", &["to_edition", "to_call", "state"]),
        index("forward", &["from_edition", "state"]),
        index("forward", &["partner"]),
        index("forward_step", &["forward", "at"]),
        index("forward_step", &["account"]),
        index("partner_message", &["partner", "state", "created_at"]),
        index("partner_message", &["forward"]),
    ]
}
