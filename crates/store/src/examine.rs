//! What an operator wants to know of the database before opening it: which it is, how old its schema is, what its clock
//! says, and how far the followers of the feed have come. Nothing is created and nothing migrated.

use crate::{
    Location, Result,
    archive::{connect, snapshot},
    entity::{change, follower},
    migration, tx,
};
use model::{feed::Sequence, time::from_micros};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, Statement,
};

/// The state of a database.
#[derive(Clone, Debug)]
pub struct Examination {
    /// Its name and version.
    pub database: String,
    /// How many steps of the schema it has seen; 0 for one without a record.
    pub schema: usize,
    /// How many steps this program knows.
    pub known: usize,
    /// The instant by its own clock.
    pub now: Option<jiff::Timestamp>,
    /// Whether the connection is encrypted; `None` where there is none, as with a file.
    pub encrypted: Option<bool>,
    /// The newest entry of the feed.
    pub head: Sequence,
    /// Those who follow it.
    pub followers: Vec<Following>,
}

/// How far a follower of the feed has come.
#[derive(Clone, Debug)]
pub struct Following {
    /// Who.
    pub name: String,
    /// The last entry that it has dealt with.
    pub at: Sequence,
    /// How long the first entry that it has not dealt with has been waiting: when that was written.
    pub waiting_since: Option<jiff::Timestamp>,
}

/// Examines the database at `location`. Refuses one that a newer Plenary has written.
pub async fn examine(location: &Location) -> Result<Examination> {
    let connection = connect(location).await?;
    let db = snapshot(&connection).await?;
    let (schema, known) = migration::check(&db, location).await?;
    let (version, clock, encryption) = match db.get_database_backend() {
        DbBackend::Sqlite => ("SELECT 'SQLite ' || sqlite_version()", None, None),
        _ => (
            "SELECT 'PostgreSQL ' || current_setting('server_version')",
            Some("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"),
            Some("SELECT ssl::int::bigint FROM pg_stat_ssl WHERE pid = pg_backend_pid()"),
        ),
    };
    let database: String = match one(&db, version).await? {
        Some(row) => row.try_get_by_index(0)?,
        None => String::new(),
    };
    let now = number(&db, clock).await?.and_then(from_micros);
    let encrypted = number(&db, encryption).await?.map(|flag| flag == 1);
    let mut followers = vec![];
    let mut head = 0;
    if schema > 0 {
        head = tx::head(&db).await?;
        for row in follower::Entity::find().order_by_asc(follower::Column::Name).all(&db).await? {
            let waiting: Option<i64> = change::Entity::find()
                .select_only()
                .column(change::Column::At)
                .filter(change::Column::Seq.gt(row.seq))
                .order_by_asc(change::Column::Seq)
                .limit(1)
                .into_tuple()
                .one(&db)
                .await?;
            let waiting_since = waiting.and_then(from_micros);
            followers.push(Following { name: row.name, at: row.seq, waiting_since });
        }
    }
    db.commit().await?;
    connection.close().await.ok();
    Ok(Examination { database, schema, known, now, encrypted, head, followers })
}

async fn one(db: &DatabaseTransaction, sql: &str) -> Result<Option<sea_orm::QueryResult>> {
    Ok(db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await?)
}

async fn number(db: &DatabaseTransaction, sql: Option<&str>) -> Result<Option<i64>> {
    let Some(sql) = sql else { return Ok(None) };
    one(db, sql).await?.map(|row| Ok(row.try_get_by_index(0)?)).transpose()
}
