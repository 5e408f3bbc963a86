//! Content: pages, menus, posts, what sponsors are promised, Mastodon, and who subscribed.
//!
//! Adds tables and one column, of the name of a sponsor's uploaded logo; a database in use notices nothing.

use super::tools::{index, table, to};
use sea_orm_migration::{
    prelude::{sea_query::*, *},
    schema::{big_integer, big_integer_null, boolean, integer, text, text_null, uuid, uuid_null},
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0010_content"
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
        let logo = Table::alter().table("sponsor").add_column(text_null("upload")).take();
        manager.alter_table(logo).await
    }
}

fn of_edition(name: &'static str, key: &[&'static str]) -> TableCreateStatement {
    table(name, key).col(uuid("edition")).foreign_key(&mut to(name, "edition", "edition")).take()
}

fn tables() -> Vec<TableCreateStatement> {
    vec![
        of_edition("web_page", &["edition", "id"])
            .col(uuid("id"))
            .col(text("slug"))
            .col(text("title"))
            .col(text("body"))
            .col(boolean("published"))
            .col(big_integer("position"))
            .take(),
        of_edition("menu", &["edition"]).col(text("entries")).take(),
        of_edition("post", &["edition", "id"])
            .col(uuid("id"))
            .col(text("slug"))
            .col(text("title"))
            .col(text("kind"))
            .col(text("summary"))
            .col(text("body"))
            .col(text("author"))
            .col(uuid_null("track"))
            .col(big_integer("created_at"))
            .col(text("publication"))
            .col(big_integer_null("at"))
            .col(text("mail_to"))
            .col(boolean("mastodon"))
            .take(),
        of_edition("sponsor_plan", &["edition"])
            .col(text("levels"))
            .col(big_integer_null("reopened_at"))
            .col(text("reopened_reason"))
            .take(),
        of_edition("mastodon_account", &["edition"])
            .col(text("server"))
            .col(text("visibility"))
            .col(text("token"))
            .col(big_integer("token_since"))
            .take(),
        of_edition("toot", &["edition", "post"])
            .col(uuid("post"))
            .col(text("state"))
            .col(big_integer("at"))
            .col(text_null("url"))
            .col(text("answer"))
            .col(integer("attempts"))
            .col(big_integer_null("lease_until"))
            .take(),
        of_edition("subscription", &["id"])
            .col(uuid("id"))
            .col(uuid("account"))
            .col(big_integer("since"))
            .foreign_key(&mut to("subscription", "account", "account"))
            .take(),
        of_edition("speaker_account", &["id"])
            .col(uuid("id"))
            .col(uuid("person"))
            .col(uuid("account"))
            .foreign_key(&mut to("speaker_account", "account", "account"))
            .take(),
    ]
}

/// What stands at an address, what is due, and what belongs to an account.
fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("web_page", &["edition", "slug"]).unique().take(),
        index("post", &["edition", "slug"]).unique().take(),
        index("post", &["publication", "at"]),
        index("toot", &["state", "at"]),
        index("subscription", &["edition", "account"]).unique().take(),
        index("subscription", &["account"]),
        index("speaker_account", &["edition", "person"]).unique().take(),
        index("speaker_account", &["account"]),
    ]
}
