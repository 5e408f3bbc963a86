//! Roles that wait for an address which no account has.
//!
//! Adds a table: on a database in use it takes no time. Accounts that an earlier version made for whoever was given a role
//! stay as they are.

use super::tools::{index, table, to};
use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, big_integer_null, text, uuid, uuid_null},
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0011_people"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let invitation = table("invitation", &["id"])
            .col(uuid("id"))
            .col(text("email"))
            .col(text("role"))
            .col(text("scope"))
            .col(uuid_null("edition"))
            .col(uuid_null("thing"))
            .col(text("series"))
            .col(text("given_by"))
            .col(big_integer("given_at"))
            .col(big_integer_null("from_at"))
            .col(big_integer_null("until_at"))
            .col(text("note"))
            .foreign_key(&mut to("invitation", "edition", "edition"))
            .take();
        manager.create_table(invitation).await?;
        for index in [index("invitation", &["email"]), index("invitation", &["edition"])] {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}
