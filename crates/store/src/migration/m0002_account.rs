//! People: accounts, what they proved to be theirs, how they sign in, their roles; and the server's secret.
//!
//! Adds tables and five indexes of the change feed, by which the audit log is filtered by person, thing, edition and
//! time. On a
//! database in use it takes as long as building those indexes: a second for a million entries.

use super::tools::{index, table, to};
use sea_orm::DbBackend;
use sea_orm_migration::{
    prelude::{sea_query::*, *},
    schema::{big_integer, big_integer_null, binary, boolean, text, text_null, uuid, uuid_null},
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0002_account"
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
        let mut secret = [0_u8; 32];
        getrandom::fill(&mut secret).map_err(|error| DbErr::Custom(format!("no random numbers: {error}")))?;
        let connection = manager.get_connection();
        let insert = Query::insert()
            .into_table("setting")
            .columns(["name", "value"])
            .values_panic(["secret".into(), secret.to_vec().into()])
            .take();
        connection.execute(&insert).await?;
        // Text sorts by bytes in SQLite; in PostgreSQL the collation would make a prefix no range.
        if manager.get_database_backend() == DbBackend::Postgres {
            connection
                .execute_unprepared("CREATE INDEX change_by_actor_seq ON change (actor COLLATE \"C\", seq)")
                .await?;
        } else {
            connection.execute_unprepared("CREATE INDEX change_by_actor_seq ON change (actor, seq)").await?;
        }
        Ok(())
    }
}

fn tables() -> Vec<TableCreateStatement> {
    vec![
        table("setting", &["name"]).col(text("name")).col(binary("value")).take(),
        table("account", &["id"])
            .col(uuid("id"))
            .col(text("name"))
            .col(text("handle"))
            .col(text("affiliation"))
            .col(text("biography"))
            .col(text_null("zone"))
            .col(text("visibility"))
            .col(big_integer("created_at"))
            .col(text("state"))
            .col(uuid_null("merged_into"))
            .take(),
        table("identity", &["id"])
            .col(uuid("id"))
            .col(uuid("account"))
            .col(text("kind"))
            .col(text("issuer"))
            .col(text("subject"))
            .col(big_integer("verified_at"))
            .col(boolean("primary"))
            .foreign_key(&mut to("identity", "account", "account"))
            .take(),
        table("credential", &["id"])
            .col(uuid("id"))
            .col(uuid("account"))
            .col(text("kind"))
            .col(text("name"))
            .col(text("secret"))
            .col(big_integer("created_at"))
            .col(big_integer_null("used_at"))
            .foreign_key(&mut to("credential", "account", "account"))
            .take(),
        table("link", &["digest"])
            .col(binary("digest"))
            .col(text("purpose"))
            .col(text_null("email"))
            .col(uuid_null("account"))
            .col(text("next"))
            .col(big_integer("created_at"))
            .col(big_integer("expires_at"))
            .take(),
        table("sign_in", &["id"])
            .col(uuid("id"))
            .col(uuid("account"))
            .col(binary("digest"))
            .col(text("way"))
            .col(text("agent"))
            .col(text("client"))
            .col(big_integer("created_at"))
            .col(big_integer("seen_at"))
            .col(big_integer("expires_at"))
            .col(uuid_null("viewing_as"))
            .foreign_key(&mut to("sign_in", "account", "account"))
            .take(),
        table("role_grant", &["id"])
            .col(uuid("id"))
            .col(uuid("account"))
            .col(text("role"))
            .col(text("scope"))
            .col(uuid_null("edition"))
            .col(uuid_null("thing"))
            .col(text("series"))
            .col(text("given_by"))
            .col(big_integer("given_at"))
            .col(big_integer_null("from_at"))
            .col(big_integer_null("until_at"))
            .col(big_integer_null("revoked_at"))
            .col(text_null("revoked_by"))
            .col(text("note"))
            .foreign_key(&mut to("role_grant", "account", "account"))
            .foreign_key(&mut to("role_grant", "edition", "edition"))
            .take(),
    ]
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("account", &["handle"]).unique().take(),
        index("identity", &["kind", "issuer", "subject"]).unique().take(),
        index("identity", &["account"]),
        index("credential", &["account"]),
        index("link", &["expires_at"]),
        index("sign_in", &["digest"]).unique().take(),
        index("sign_in", &["account"]),
        index("sign_in", &["expires_at"]),
        index("role_grant", &["account"]),
        index("role_grant", &["edition"]),
        index("change", &["thing", "seq"]),
        index("change", &["edition", "seq"]),
        index("change", &["edition", "kind", "seq"]),
        index("change", &["at", "seq"]),
    ]
}
