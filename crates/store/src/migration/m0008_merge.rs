//! Accounts as people see them: merging two of one person, viewing as another, and finding somebody by name.
//!
//! Adds two tables, and to accounts the text by which they are found, which is filled in for those that are there: a
//! second for a hundred thousand accounts.

use super::tools::{index, table, to};
use model::text::folded;
use sea_orm::ConnectionTrait;
use sea_orm_migration::{
    prelude::{sea_query::*, *},
    schema::{big_integer, big_integer_null, text, text_null, uuid, uuid_null},
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0008_merge"
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
        let found_by = ColumnDef::new("found_by").text().not_null().default("").take();
        manager.alter_table(Table::alter().table("account").add_column(found_by).take()).await?;
        let until = ColumnDef::new("viewing_until").big_integer().take();
        manager.alter_table(Table::alter().table("sign_in").add_column(until).take()).await?;
        fill(manager.get_connection()).await
    }
}

fn tables() -> Vec<TableCreateStatement> {
    vec![
        table("account_merge", &["id"])
            .col(uuid("id"))
            .col(uuid("gone"))
            .col(uuid("kept"))
            .col(big_integer("at"))
            .col(text("by"))
            .col(text("moved"))
            .col(uuid_null("primary_identity"))
            .col(big_integer_null("undone_at"))
            .col(text_null("undone_by"))
            .foreign_key(&mut to("account_merge", "gone", "account"))
            .foreign_key(&mut to("account_merge", "kept", "account"))
            .take(),
        table("viewing", &["id"])
            .col(uuid("id"))
            .col(uuid("viewer"))
            .col(uuid("viewed"))
            .col(uuid("sign_in"))
            .col(big_integer("begun_at"))
            .col(big_integer("until_at"))
            .col(big_integer_null("ended_at"))
            .foreign_key(&mut to("viewing", "viewer", "account"))
            .foreign_key(&mut to("viewing", "viewed", "account"))
            .take(),
    ]
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("account_merge", &["kept"]),
        index("account_merge", &["gone"]),
        index("viewing", &["viewed"]),
        index("viewing", &["viewer"]),
        index("viewing", &["sign_in"]),
    ]
}

/// The text by which an account is found: only this program folds letters as search does.
async fn fill(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    let select = Query::select().columns(["id", "name", "handle", "affiliation"]).from("account").take();
    for row in db.query_all(&select).await? {
        let id: uuid::Uuid = row.try_get("", "id")?;
        let texts: [String; 3] =
            [row.try_get("", "name")?, row.try_get("", "handle")?, row.try_get("", "affiliation")?];
        let update = Query::update()
            .table("account")
            .value("found_by", folded(&texts.join(" ")))
            .and_where(Expr::col("id").eq(id))
            .take();
        db.execute(&update).await?;
    }
    Ok(())
}
