//! Opening the record: connections, migration, and the handle that everybody holds.

use crate::{Error, Location, Result, Secret, migration, tx, watch};
use model::{
    chat::Position,
    feed::Sequence,
    time::{SharedClock, from_micros, to_micros},
};
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, IsolationLevel,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use sqlx::{
    Connection, PgConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{
    fmt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// How long a write waits for others before it gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// After how long a file that somebody else is just creating is opened again.
const AGAIN: Duration = Duration::from_millis(20);

/// Connections for reading. Two cores keep four busy; more only cost memory.
const READERS: u32 = 4;

/// After how long without use a PostgreSQL connection is tried before it is used again. Trying each time would
/// cost a round trip for every query.
const STALE: Duration = Duration::from_secs(5);

/// The record. Cheap to clone; all clones are the same record.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    location: Location,
    clock: SharedClock,
    /// One connection: writers of one process queue here, not in the database.
    writer: DatabaseConnection,
    readers: DatabaseConnection,
    head: tokio::sync::watch::Sender<Sequence>,
    /// The end of the rooms' log.
    chat: tokio::sync::watch::Sender<Position>,
    statements: Arc<AtomicU64>,
    secret: Secret,
    watcher: tokio::task::AbortHandle,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.watcher.abort();
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({})", self.0.location)
    }
}

impl Store {
    /// Opens the record at `location`, brings its schema to the present version, and begins to watch for what
    /// other processes write. A SQLite file and PostgreSQL tables are created where there are none. Refuses a
    /// database that a newer Plenary has written, and leaves it as it is.
    pub async fn open(location: &Location, clock: SharedClock) -> Result<Self> {
        let opening = |error| Error::while_opening(location, error);
        let statements = Arc::new(AtomicU64::new(0));
        let (mut writer, mut readers, notices);
        match location {
            Location::Sqlite(file) => {
                // Full: what was acknowledged is on the disk, so that not even a power cut loses it. It costs one
                // fsync for each write, and writes here are few and large.
                let writing = sqlite(file)
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full);
                let pool = || {
                    SqlitePoolOptions::new()
                        .max_connections(1)
                        .acquire_timeout(PATIENCE)
                        .idle_timeout(None)
                        .max_lifetime(None)
                        .connect_with(writing.clone())
                };
                writer = DatabaseConnection::from(patiently(pool).await.map_err(opening)?);
                migrate(&writer, location).await?;
                let pool = SqlitePoolOptions::new()
                    .max_connections(READERS)
                    .acquire_timeout(PATIENCE)
                    .idle_timeout(None)
                    .max_lifetime(None)
                    .connect_with(sqlite(file).pragma("query_only", "ON"))
                    .await
                    .map_err(opening)?;
                readers = DatabaseConnection::from(pool);
                notices = watch::Notices::Sqlite(Box::new(sqlite(file)));
            }
            Location::Postgres(url) => {
                let options: PgConnectOptions = url.parse().map_err(opening)?;
                let options = options.application_name("plenary").options([("lock_timeout", "30s")]);
                // A pool would try again for as long as a write may wait, and then not say why.
                PgConnection::connect_with(&options)
                    .await
                    .map_err(opening)?
                    .close()
                    .await
                    .map_err(opening)?;
                let pool = |most| {
                    PgPoolOptions::new()
                        .max_connections(most)
                        .acquire_timeout(PATIENCE)
                        .test_before_acquire(false)
                        .before_acquire(|connection, meta| {
                            Box::pin(async move {
                                if meta.idle_for < STALE {
                                    return Ok(true);
                                }
                                Ok(connection.ping().await.is_ok())
                            })
                        })
                        .connect_with(options.clone())
                };
                writer = DatabaseConnection::from(pool(1).await.map_err(opening)?);
                migrate(&writer, location).await?;
                readers = DatabaseConnection::from(pool(READERS).await.map_err(opening)?);
                notices = watch::Notices::Postgres(Box::new(options));
            }
        }
        let watching = readers.clone();
        for connection in [&mut writer, &mut readers] {
            let statements = statements.clone();
            connection.set_metric_callback(move |_| {
                statements.fetch_add(1, Ordering::Relaxed);
            });
        }
        let secret = Secret::read(&readers).await?;
        let (head, _) = tokio::sync::watch::channel(tx::head(&readers).await?);
        let (chat, _) = tokio::sync::watch::channel(crate::chat::head(&readers).await?);
        let heads = watch::Heads { feed: head.clone(), chat: chat.clone() };
        let watcher = tokio::spawn(watch::others(notices, watching, heads)).abort_handle();
        Ok(Self(Arc::new(Inner {
            location: location.clone(),
            clock,
            writer,
            readers,
            head,
            chat,
            statements,
            secret,
            watcher,
        })))
    }

    /// Where the record lies.
    pub fn location(&self) -> &Location {
        &self.0.location
    }

    /// The clock that dates what is written.
    pub fn clock(&self) -> &SharedClock {
        &self.0.clock
    }

    /// The server's secret, the same on all nodes.
    pub fn secret(&self) -> &Secret {
        &self.0.secret
    }

    /// How many statements were sent to the database since it was opened, for metrics.
    pub fn statements(&self) -> u64 {
        self.0.statements.load(Ordering::Relaxed)
    }

    /// Fails when the database does not answer.
    pub async fn ping(&self) -> Result<()> {
        self.0.readers.execute_unprepared("SELECT 1").await?;
        Ok(())
    }

    /// Ends all connections after what is under way. The record cannot be used afterwards.
    pub async fn close(&self) {
        self.0.watcher.abort();
        // An error here means that the connection is gone already.
        self.0.readers.close_by_ref().await.ok();
        self.0.writer.close_by_ref().await.ok();
    }

    /// The head of the feed, now and whenever it moves: by writes of this process as soon as they are
    /// committed, by those of others within a second. A receiver that was slow sees only the newest head.
    pub fn watch(&self) -> tokio::sync::watch::Receiver<Sequence> {
        self.0.head.subscribe()
    }

    /// Says that the feed has reached `head`.
    pub(crate) fn wake(&self, head: Sequence) {
        watch::advance(&self.0.head, head);
    }

    /// Where the end of the rooms' log is told.
    pub(crate) fn chat_heads(&self) -> &tokio::sync::watch::Sender<Position> {
        &self.0.chat
    }

    /// Says that the rooms' log has reached `head`.
    pub(crate) fn wake_chat(&self, head: Position) {
        watch::advance(&self.0.chat, head);
    }

    /// The present instant in whole microseconds, as the record keeps it.
    pub(crate) fn now(&self) -> jiff::Timestamp {
        let now = self.0.clock.now();
        from_micros(to_micros(now)).unwrap_or(now)
    }

    pub(crate) fn backend(&self) -> DbBackend {
        self.0.writer.get_database_backend()
    }

    pub(crate) fn writer(&self) -> &DatabaseConnection {
        &self.0.writer
    }

    /// Connections for queries of one statement.
    pub(crate) fn readers(&self) -> &DatabaseConnection {
        &self.0.readers
    }

    /// One state of the record for several queries: what others commit meanwhile is not seen.
    pub(crate) async fn read(&self) -> Result<DatabaseTransaction> {
        Ok(self.0.readers.begin_with_options(snapshot(self.backend())).await?)
    }
}

/// A transaction that sees one state and writes nothing.
pub(crate) fn snapshot(backend: DbBackend) -> TransactionOptions {
    match backend {
        DbBackend::Sqlite => TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Deferred),
            ..TransactionOptions::default()
        },
        _ => TransactionOptions {
            isolation_level: Some(IsolationLevel::RepeatableRead),
            access_mode: Some(AccessMode::ReadOnly),
            ..TransactionOptions::default()
        },
    }
}

/// How every connection to a SQLite file is made. What a query cannot hold elsewhere stays in memory: a confined server
/// may write nowhere but into its data folder.
pub(crate) fn sqlite(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .foreign_keys(true)
        .busy_timeout(PATIENCE)
        .pragma("temp_store", "MEMORY")
}

/// Tries again while the database is busy, until the patience of a write has run out. SQLite waits by itself for locks,
/// but not for those with which a file begins or ends to write ahead: whoever wants one while somebody else has the file
/// open is refused at once (sqlite.org/c3ref/busy_handler.html, on locks that would wait for each other).
pub(crate) async fn patiently<T, F>(mut open: impl FnMut() -> F) -> Result<T, sqlx::Error>
where
    F: Future<Output = Result<T, sqlx::Error>>,
{
    let begun = Instant::now();
    loop {
        match open().await {
            Err(error) if begun.elapsed() < PATIENCE && Error::is_busy(&error) => {
                tokio::time::sleep(AGAIN).await;
            }
            opened => return opened,
        }
    }
}

/// One transaction, in which no other process migrates.
async fn migrate(writer: &DatabaseConnection, location: &Location) -> Result<()> {
    let options = match location {
        Location::Sqlite(_) => TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        },
        Location::Postgres(_) => TransactionOptions::default(),
    };
    let db = writer.begin_with_options(options).await?;
    if db.get_database_backend() == DbBackend::Postgres {
        db.execute_unprepared(&tx::lock_writers()).await?;
    }
    migration::run(&db, location).await?;
    Ok(db.commit().await?)
}
