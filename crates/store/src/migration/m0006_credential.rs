//! What passwords and passkeys need beside their table, and ceremonies: what is kept between the two requests of a
//! sign-in that leads to a device or a provider and back.
//!
//! Adds two columns, an index and a table. Nothing that is there changes.

use super::tools::{index, table};
use sea_orm_migration::{
    prelude::{sea_query::*, *},
    schema::{big_integer, big_integer_null, binary, binary_null, text, uuid_null},
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0006_credential"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite adds one column in a statement.
        for column in [
            binary_null("key_digest"),
            big_integer("misses").default(0).take(),
            big_integer_null("missed_at"),
        ] {
            manager.alter_table(Table::alter().table("credential").add_column(column).take()).await?;
        }
        manager.create_index(index("credential", &["key_digest"]).unique().take()).await?;
        let ceremony = table("ceremony", &["digest"])
            .col(binary("digest"))
            .col(text("kind"))
            .col(uuid_null("account"))
            .col(text("body"))
            .col(big_integer("expires_at"))
            .take();
        manager.create_table(ceremony).await?;
        manager.create_index(index("ceremony", &["expires_at"])).await
    }
}
