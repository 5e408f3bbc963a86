//! The first schema: editions and their programmes, releases, the change feed, stars, the search index.
//!
//! Slugs, codes and slot numbers have no unique index: the model keeps them unique, and two rows that swap
//! their slugs in one change would break one halfway. The slug of an edition has one, since editions are
//! written one at a time.

use super::tools::{index, table};
use sea_orm::DbBackend;
use sea_orm_migration::{
    prelude::{sea_query::*, *},
    schema::{big_integer, big_integer_null, binary, boolean, integer, text, text_null, uuid, uuid_null},
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0001_record"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in programme_tables().into_iter().chain(record_tables()) {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        let connection = manager.get_connection();
        for statement in match manager.get_database_backend() {
            DbBackend::Sqlite => SQLITE,
            _ => POSTGRES,
        } {
            connection.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}

fn programme_tables() -> Vec<TableCreateStatement> {
    vec![
        table("edition", &["id"])
            .col(uuid("id"))
            .col(text("slug"))
            .col(text("series"))
            .col(text("title"))
            .col(text("subtitle"))
            .col(text("description"))
            .col(text("zone"))
            .col(text("first_day"))
            .col(text("last_day"))
            .col(integer("day_change"))
            .col(text("venue"))
            .col(text("city"))
            .col(text("country"))
            .col(text_null("url"))
            .col(text_null("logo"))
            .col(text("language"))
            .col(text_null("colour"))
            .col(integer("timeslot_minutes"))
            .take(),
        of_edition("room", &["id"])
            .col(uuid("id"))
            .col(big_integer("position"))
            .col(text("slug"))
            .col(text("name"))
            .col(text("kind"))
            .col(big_integer_null("capacity"))
            .col(text("description"))
            .take(),
        of_edition("track", &["id"])
            .col(uuid("id"))
            .col(big_integer("position"))
            .col(text("slug"))
            .col(text("name"))
            .col(text("description"))
            .col(text_null("colour"))
            .take(),
        of_edition("person", &["id"])
            .col(uuid("id"))
            .col(text("slug"))
            .col(text_null("code"))
            .col(big_integer_null("number"))
            .col(text("name"))
            .col(text("biography"))
            .col(text("affiliation"))
            .col(text_null("avatar"))
            .col(text("links"))
            .take(),
        of_edition("session", &["id"])
            .col(uuid("id"))
            .col(text("code"))
            .col(text("kind"))
            .col(text("type_label"))
            .col(text("title"))
            .col(text("subtitle"))
            .col(text("summary"))
            .col(text("description"))
            .col(text("language"))
            .col(uuid_null("track"))
            .col(uuid_null("parent"))
            .col(text("links"))
            .col(text_null("logo"))
            .col(text_null("url"))
            .col(text_null("feedback_url"))
            .col(text("licence"))
            .col(boolean("opt_out"))
            .foreign_key(&mut to("session", "track", "track"))
            .foreign_key(&mut to("session", "parent", "session"))
            .take(),
        of_edition("participation", &["session", "person"])
            .col(uuid("session"))
            .col(uuid("person"))
            .col(big_integer("position"))
            .col(text("role"))
            .foreign_key(&mut to("participation", "session", "session"))
            .foreign_key(&mut to("participation", "person", "person"))
            .take(),
        of_edition("slot", &["id"])
            .col(uuid("id"))
            .col(uuid("session"))
            .col(big_integer("number"))
            .col(uuid_null("room"))
            .col(big_integer("start"))
            .col(big_integer("end"))
            .col(text("standing"))
            .col(integer("delay"))
            .foreign_key(&mut to("slot", "session", "session"))
            .foreign_key(&mut to("slot", "room", "room"))
            .take(),
        of_edition("sponsor", &["id"])
            .col(uuid("id"))
            .col(big_integer("position"))
            .col(text("name"))
            .col(text("level"))
            .col(integer("rank"))
            .col(text_null("url"))
            .col(text_null("logo"))
            .col(text("description"))
            .take(),
    ]
}

fn record_tables() -> Vec<TableCreateStatement> {
    vec![
        of_edition("release", &["number"])
            .col(integer("number"))
            .col(big_integer("at"))
            .col(text("note"))
            .col(integer("added"))
            .col(integer("changed"))
            .col(integer("removed"))
            .col(binary("body"))
            .take(),
        of_edition("import_base", &[])
            .col(big_integer("at"))
            .col(binary("digest"))
            .col(binary("body"))
            .take(),
        Table::create()
            .table("change")
            .col(ColumnDef::new("seq").big_integer().not_null().auto_increment().primary_key())
            .col(big_integer("at"))
            .col(text("actor"))
            .col(text("kind"))
            .col(uuid("thing"))
            .col(uuid_null("edition"))
            .col(text("deed"))
            .col(text_null("before"))
            .col(text_null("after"))
            .take(),
        table("follower", &["name"]).col(text("name")).col(big_integer("seq")).take(),
        of_edition("star_list", &["id"])
            .col(uuid("id"))
            .col(binary("digest"))
            .col(big_integer("changed_at"))
            .take(),
        of_edition("star", &["list", "session"])
            .col(uuid("list"))
            .col(uuid("session"))
            .foreign_key(&mut to("star", "list", "star_list"))
            .take(),
    ]
}

/// Foreign keys are looked up from both ends; the rest serves the queries that every page makes.
fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("edition", &["slug"]).unique().take(),
        index("session", &["edition", "track"]),
        index("session", &["edition", "parent"]),
        index("participation", &["edition", "person"]),
        index("slot", &["edition", "session"]),
        index("slot", &["edition", "room"]),
        index("change", &["kind", "seq"]),
        index("star_list", &["edition", "digest"]).unique().take(),
    ]
}

/// A table whose primary key is the edition and `key`.
fn of_edition(name: &'static str, key: &[&'static str]) -> TableCreateStatement {
    let key: Vec<&'static str> = std::iter::once("edition").chain(key.iter().copied()).collect();
    table(name, &key)
        .col(uuid("edition"))
        .foreign_key(
            &mut ForeignKey::create()
                .name(format!("{name}_edition"))
                .from(name, "edition")
                .to("edition", "id")
                .take(),
        )
        .take()
}

/// (edition, `column`) of `from` names a row of `to`.
fn to(from: &'static str, column: &'static str, to: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(format!("{from}_{column}"))
        .from(from, ("edition", column))
        .to(to, ("edition", "id"))
        .take()
}

/// Full-text search and the guard of releases, in SQLite's words. The text comes folded and split into words.
const SQLITE: &[&str] = &[
    "CREATE VIRTUAL TABLE search USING fts5(edition, session UNINDEXED, title, people, body, \
     tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3')",
    "CREATE TRIGGER release_stays BEFORE UPDATE ON release BEGIN SELECT RAISE(ABORT, 'a release never changes'); END",
    "CREATE TRIGGER release_remains BEFORE DELETE ON release BEGIN SELECT RAISE(ABORT, 'a release is never removed'); END",
];

/// The same in PostgreSQL's.
const POSTGRES: &[&str] = &[
    "CREATE TABLE search (edition uuid NOT NULL, session uuid NOT NULL, place integer NOT NULL, words tsvector NOT NULL, \
     PRIMARY KEY (edition, session))",
    "CREATE INDEX search_by_words ON search USING gin (words)",
    "CREATE FUNCTION release_stays() RETURNS trigger LANGUAGE plpgsql AS \
     $$ BEGIN RAISE EXCEPTION 'a release never changes and is never removed'; END $$",
    "CREATE TRIGGER release_stays BEFORE UPDATE OR DELETE ON release FOR EACH ROW EXECUTE FUNCTION release_stays()",
    "CREATE TRIGGER release_remains BEFORE TRUNCATE ON release FOR EACH STATEMENT EXECUTE FUNCTION release_stays()",
];
