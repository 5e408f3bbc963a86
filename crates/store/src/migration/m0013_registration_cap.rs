//! Caps on registrations.
//!
//! Adds a table: on a database in use it takes no time. No edition has a cap until somebody sets one.

use super::tools::{table, to};
use sea_orm_migration::{
    prelude::*,
    schema::{text, uuid},
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0013_registration_cap"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let caps = table("registration_caps", &["edition"])
            .col(uuid("edition"))
            .col(text("caps"))
            .foreign_key(&mut to("registration_caps", "edition", "edition"))
            .take();
        manager.create_table(caps).await
    }
}
