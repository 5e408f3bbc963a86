//! Programs: tokens of the API, webhooks with what was delivered, and leases for work that only one node may do.
//!
//! Adds tables only; a database in use is not held up.

use super::tools::{index, table, to};
use sea_orm_migration::{
    prelude::{sea_query::*, *},
    schema::{
        big_integer, big_integer_null, binary, integer, integer_null, text, text_null, uuid, uuid_null,
    },
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0007_programs"
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
        table("token", &["id"])
            .col(uuid("id"))
            .col(uuid("account"))
            .col(text("name"))
            .col(binary("digest"))
            .col(text("scope"))
            .col(uuid_null("edition"))
            .col(big_integer("created_at"))
            .col(big_integer_null("used_at"))
            .col(big_integer_null("expires_at"))
            .col(big_integer_null("revoked_at"))
            .foreign_key(&mut to("token", "account", "account"))
            .foreign_key(&mut to("token", "edition", "edition"))
            .take(),
        table("webhook", &["id"])
            .col(uuid("id"))
            .col(uuid_null("edition"))
            .col(text("name"))
            .col(text("url"))
            .col(text("kinds"))
            .col(uuid_null("owner"))
            .col(big_integer("created_at"))
            .col(text_null("stopped"))
            .col(big_integer_null("failing_since"))
            .col(text("secret"))
            .col(text_null("old_secret"))
            .col(big_integer_null("old_until"))
            .col(big_integer("cursor"))
            .foreign_key(&mut to("webhook", "edition", "edition"))
            .foreign_key(&mut to("webhook", "owner", "account"))
            .take(),
        table("webhook_delivery", &["id"])
            .col(uuid("id"))
            .col(uuid("webhook"))
            .col(big_integer("seq"))
            .col(text("event"))
            .col(big_integer("created_at"))
            .col(text("state"))
            .col(integer("attempts"))
            .col(big_integer_null("next_at"))
            .col(big_integer_null("finished_at"))
            .foreign_key(&mut to("webhook_delivery", "webhook", "webhook"))
            .take(),
        table("webhook_attempt", &["delivery", "number"])
            .col(uuid("delivery"))
            .col(integer("number"))
            .col(big_integer("at"))
            .col(integer_null("status"))
            .col(text("answer"))
            .col(integer("took"))
            .foreign_key(&mut to("webhook_attempt", "delivery", "webhook_delivery"))
            .take(),
        table("lease", &["name"]).col(text("name")).col(text("holder")).col(big_integer("until")).take(),
    ]
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("token", &["digest"]).unique().take(),
        index("token", &["account"]),
        index("token", &["edition"]),
        index("webhook", &["edition"]),
        index("webhook", &["owner"]),
        index("webhook_delivery", &["webhook", "state", "seq"]),
        index("webhook_delivery", &["webhook", "created_at"]),
        index("webhook_delivery", &["state", "finished_at"]),
    ]
}
