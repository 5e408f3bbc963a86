//! Search over the sessions of an edition's newest release: FTS5 on SQLite, `tsvector` on PostgreSQL.
//!
//! Both get the same words (`words.rs`), so that both find the same sessions. The index is a follower of the
//! change feed: for each release it indexes the edition anew and moves its cursor in the same transaction.

mod words;

use crate::{
    Result, Store,
    entity::{change, edition},
    feed, release,
    tx::Tx,
};
use model::{
    feed::{Actor, Sequence},
    id::{EditionId, PersonId, SessionId, TrackId},
    programme::{Person, Programme, Session, Track},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement,
    Value,
};
use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write,
    time::Duration,
};
use uuid::Uuid;
use words::{Document, Query};

/// The name of the index among the followers of the feed.
pub const FOLLOWER: &str = "search";

/// Rows in one statement.
const CHUNK: usize = 200;

/// How long to wait after a failure before trying again.
const RETRY: Duration = Duration::from_secs(2);

/// A session that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Which.
    pub session: SessionId,
}

impl Store {
    /// The sessions that hold every word of `query`, best first: words of the title count more than names of
    /// people, and those more than the text. Letter case and accents make no difference, and the last word may
    /// be the beginning of one. No `query` is an error; one without a letter or digit finds nothing. One
    /// statement.
    pub async fn search(&self, id: EditionId, query: &str, limit: u64) -> Result<Vec<Hit>> {
        let Some(query) = Query::parse(query) else {
            return Ok(vec![]);
        };
        let limit = Value::from(i64::try_from(limit).unwrap_or(i64::MAX));
        let statement = match self.backend() {
            DbBackend::Sqlite => Statement::from_sql_and_values(
                DbBackend::Sqlite,
                // One weight for each column; the first two hold identifiers. The best are chosen by the index
                // alone, so that only their rows are read.
                "SELECT search.session FROM (SELECT rowid AS row, bm25(search, 0.0, 0.0, 1000.0, 50.0, 1.0) AS score \
                 FROM search WHERE search MATCH ? ORDER BY score, row LIMIT ?) AS best \
                 JOIN search ON search.rowid = best.row ORDER BY best.score, best.row",
                [format!("{} AND {}", of_edition(id.0), query.fts5()).into(), limit],
            ),
            backend => Statement::from_sql_and_values(
                backend,
                // The weights of the text (D), C, people (B) and title (A).
                "SELECT session FROM search, CAST($1 AS tsquery) AS query WHERE words @@ query AND edition = $2 \
                 ORDER BY ts_rank('{0.02, 0.1, 0.4, 1.0}', words, query) DESC, place LIMIT $3",
                [query.tsquery().into(), id.0.into(), limit],
            ),
        };
        let rows = self.readers().query_all_raw(statement).await?;
        rows.iter().map(|row| Ok(Hit { session: SessionId(row.try_get_by_index::<Uuid>(0)?) })).collect()
    }
}

/// Keeps the index up to date until the task is ended. Several nodes may do this for one record at once.
pub async fn follow(store: Store) {
    let mut head = store.watch();
    loop {
        match catch_up(&store).await {
            Ok(0) => {}
            Ok(editions) => tracing::debug!(editions, "indexed for search"),
            Err(error) => {
                tracing::warn!(%error, "the search index is behind; trying again");
                tokio::time::sleep(RETRY).await;
                continue;
            }
        }
        if head.changed().await.is_err() {
            return;
        }
    }
}

/// Indexes what was released since the last time; returns how many editions that were.
pub async fn catch_up(store: &Store) -> Result<usize> {
    let cursor = feed::cursor(store.readers(), FOLLOWER).await?;
    if released_since(store.readers(), cursor).await?.is_empty() {
        return Ok(0);
    }
    store
        .write(&Actor::System, async |tx| {
            // Another node may have been faster.
            let cursor = feed::cursor(tx.db(), FOLLOWER).await?;
            let editions = released_since(tx.db(), cursor).await?;
            for id in &editions {
                if let Some(row) = release::newest(tx.db(), *id).await? {
                    index(tx, &release::read(&row)?.programme).await?;
                }
            }
            feed::advance(tx, FOLLOWER, tx.head().await?).await?;
            Ok(editions.len())
        })
        .await
}

/// FTS5's query for everything of an edition, which is one word of the index.
fn of_edition(id: Uuid) -> String {
    format!("edition : \"{}\"", id.simple())
}

/// What finds an edition's rows in the index: a query on SQLite, the identifier on PostgreSQL.
fn edition_value(backend: DbBackend, id: Uuid) -> Value {
    match backend {
        DbBackend::Sqlite => of_edition(id).into(),
        _ => id.into(),
    }
}

/// The sessions that the index holds of an edition.
pub(crate) async fn indexed(db: &impl ConnectionTrait, id: Uuid) -> Result<BTreeSet<Uuid>> {
    let backend = db.get_database_backend();
    let sql = match backend {
        DbBackend::Sqlite => "SELECT session FROM search WHERE search MATCH ?",
        _ => "SELECT session FROM search WHERE edition = $1",
    };
    let rows =
        db.query_all_raw(Statement::from_sql_and_values(backend, sql, [edition_value(backend, id)])).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index::<Uuid>(0)?)).collect()
}

/// The editions with a release after that entry of the feed.
pub(crate) async fn released_since(db: &impl ConnectionTrait, cursor: Sequence) -> Result<BTreeSet<Uuid>> {
    let editions = change::Entity::find()
        .select_only()
        .column(change::Column::Edition)
        .filter(change::Column::Kind.eq(release::KIND))
        .filter(change::Column::Seq.gt(cursor))
        .order_by_asc(change::Column::Seq);
    let editions = editions.into_tuple::<Option<Uuid>>().all(db).await?;
    Ok(editions.into_iter().flatten().collect())
}

/// Replaces what the index holds of an edition.
async fn index(tx: &Tx, programme: &Programme) -> Result<()> {
    let db = tx.db();
    let backend = db.get_database_backend();
    let edition = programme.edition.id.0;
    let (delete, insert, columns) = match backend {
        DbBackend::Sqlite => (
            "DELETE FROM search WHERE rowid IN (SELECT rowid FROM search WHERE search MATCH ?)",
            "INSERT INTO search (edition, session, title, people, body) VALUES ",
            5,
        ),
        _ => (
            "DELETE FROM search WHERE edition = $1",
            "INSERT INTO search (edition, session, place, words) VALUES ",
            4,
        ),
    };
    let indexed = edition_value(backend, edition);
    db.execute_raw(Statement::from_sql_and_values(backend, delete, [indexed])).await?;
    let names = Names::of(programme);
    let sessions: Vec<(i32, &Session)> = (0..).zip(&programme.sessions).collect();
    for chunk in sessions.chunks(CHUNK) {
        let mut sql = insert.to_owned();
        let mut values: Vec<Value> = Vec::with_capacity(chunk.len() * columns);
        for (at, (place, session)) in chunk.iter().enumerate() {
            let document = names.document(session);
            let comma = if at == 0 { "" } else { ", " };
            if backend == DbBackend::Sqlite {
                write!(sql, "{comma}(?, ?, ?, ?, ?)").ok();
                let Document { title, people, body } = document;
                values.extend([
                    edition.simple().to_string().into(),
                    session.id.0.into(),
                    title.join(" ").into(),
                ]);
                values.extend([people.join(" ").into(), body.join(" ").into()]);
            } else {
                let [a, b, c, d] = [1, 2, 3, 4].map(|column| at * columns + column);
                write!(sql, "{comma}(${a}, ${b}, ${c}, CAST(${d} AS tsvector))").ok();
                values.extend([edition.into(), session.id.0.into()]);
                values.extend([(*place).into(), document.tsvector().into()]);
            }
        }
        db.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    }
    Ok(())
}

/// What the index reads of a programme beside its sessions.
struct Names<'a> {
    people: HashMap<PersonId, &'a Person>,
    tracks: HashMap<TrackId, &'a Track>,
}

impl<'a> Names<'a> {
    fn of(programme: &'a Programme) -> Self {
        Self {
            people: programme.persons.iter().map(|person| (person.id, person)).collect(),
            tracks: programme.tracks.iter().map(|track| (track.id, track)).collect(),
        }
    }

    fn document(&self, session: &Session) -> Document {
        let people = session.people.iter().filter_map(|part| self.people.get(&part.person));
        let people: Vec<&str> =
            people.flat_map(|person| [person.name.as_str(), person.affiliation.as_str()]).collect();
        let track =
            session.track.and_then(|track| self.tracks.get(&track)).map_or("", |track| track.name.as_str());
        let body = [
            session.subtitle.as_str(),
            track,
            session.code.as_str(),
            session.summary.as_str(),
            session.description.as_str(),
        ];
        Document::of(session.title.as_str(), &people, &body)
    }
}

/// The editions whose index says something else than their newest release, by slug.
pub(crate) async fn stale(db: &impl ConnectionTrait) -> Result<Vec<String>> {
    let cursor = feed::cursor(db, FOLLOWER).await?;
    let behind = released_since(db, cursor).await?;
    let mut stale = vec![];
    for row in edition::Entity::find().all(db).await? {
        if behind.contains(&row.id) {
            continue;
        }
        let released: BTreeSet<Uuid> = match release::newest(db, row.id).await? {
            Some(newest) => {
                release::read(&newest)?.programme.sessions.iter().map(|session| session.id.0).collect()
            }
            None => BTreeSet::new(),
        };
        if indexed(db, row.id).await? != released {
            stale.push(row.slug);
        }
    }
    Ok(stale)
}
