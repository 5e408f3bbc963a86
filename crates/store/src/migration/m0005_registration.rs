//! Registrations: who comes to an edition, and lists that are being imported.
//!
//! Adds two empty tables; a database in use notices nothing.

use super::tools::{index, table, to};
use sea_orm_migration::{
    prelude::{sea_query::*, *},
    schema::{big_integer, binary, text, text_null, uuid, uuid_null},
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0005_registration"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables() {
            manager.create_table(table).await?;
        }
        for index in [
            index("registration", &["edition", "email"]),
            index("registration", &["email"]),
            index("registration", &["account"]),
            index("registration_upload", &["edition"]),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

/// One address has one registration for an edition; the rules keep that. There is no unique index, since two
/// registrations that swap their addresses in one import would break one halfway.
fn tables() -> Vec<TableCreateStatement> {
    vec![
        table("registration", &["id"])
            .col(uuid("id"))
            .col(uuid("edition"))
            .col(text("email"))
            .col(text("name"))
            .col(text("kind"))
            .col(text("mode"))
            .col(text("affiliation"))
            .col(text("country"))
            .col(text_null("zone"))
            .col(text("code"))
            .col(text("state"))
            .col(uuid_null("account"))
            .col(text("searched"))
            .foreign_key(&mut to("registration", "edition", "edition"))
            .foreign_key(&mut to("registration", "account", "account"))
            .take(),
        table("registration_upload", &["id"])
            .col(uuid("id"))
            .col(uuid("edition"))
            .col(big_integer("expires_at"))
            .col(text("mapping"))
            .col(binary("body"))
            .foreign_key(&mut to("registration_upload", "edition", "edition"))
            .take(),
    ]
}
