//! Noticing what other processes write to the record.
//!
//! SQLite tells through `PRAGMA data_version`, which changes on a connection when another one commits;
//! PostgreSQL through `NOTIFY`, which carries nothing but the wake-up. Both only say *that* there is news: the
//! head of the feed is then read from the feed, so that a lost or doubled wake-up does no harm.

use crate::{Result, chat, tx};
use model::{chat::Position, feed::Sequence};
use sea_orm::DatabaseConnection;
use sqlx::{
    ConnectOptions, SqliteConnection,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
    sqlite::SqliteConnectOptions,
};
use std::time::Duration;
use tokio::sync::watch::Sender;

/// How often SQLite is asked. Asking costs a few microseconds.
const POLL: Duration = Duration::from_millis(300);

/// How long PostgreSQL may be silent before the head is looked at all the same: a connection that a router has
/// forgotten brings no notices and no error either.
const SILENCE: Duration = Duration::from_secs(10);

/// How long to wait before connecting again.
const RETRY: Duration = Duration::from_millis(500);

/// How the database tells that others have written.
pub(crate) enum Notices {
    Sqlite(Box<SqliteConnectOptions>),
    Postgres(Box<PgConnectOptions>),
}

/// What is told of: the head of the feed, and the end of the rooms' log.
pub(crate) struct Heads {
    pub(crate) feed: Sender<Sequence>,
    pub(crate) chat: Sender<Position>,
}

impl Heads {
    async fn look(&self, readers: &DatabaseConnection) -> Result<()> {
        advance(&self.feed, tx::head(readers).await?);
        advance(&self.chat, chat::head(readers).await?);
        Ok(())
    }
}

/// Keeps `heads` where the record is until the task is ended; outages are survived.
pub(crate) async fn others(notices: Notices, readers: DatabaseConnection, heads: Heads) {
    loop {
        let end = match &notices {
            Notices::Sqlite(options) => poll(options, &readers, &heads).await,
            Notices::Postgres(options) => listen(options, &readers, &heads).await,
        };
        if let Err(error) = end {
            tracing::warn!(%error, "lost sight of what others write; trying again");
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// Moves the head forward, and wakes only when it moved.
pub(crate) fn advance(head: &Sender<i64>, to: i64) {
    head.send_if_modified(|head| {
        let news = to > *head;
        *head = to.max(*head);
        news
    });
}

async fn poll(options: &SqliteConnectOptions, readers: &DatabaseConnection, heads: &Heads) -> Result<()> {
    let mut connection: SqliteConnection = options.connect().await?;
    let mut seen = None;
    loop {
        let version: i64 = sqlx::query_scalar("PRAGMA data_version").fetch_one(&mut connection).await?;
        if seen.replace(version) != Some(version) {
            heads.look(readers).await?;
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn listen(options: &PgConnectOptions, readers: &DatabaseConnection, heads: &Heads) -> Result<()> {
    let pool = PgPoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.listen(tx::CHANNEL).await?;
    loop {
        // Read after listening has begun, also after each reconnection, so that nothing falls between.
        heads.look(readers).await?;
        match tokio::time::timeout(SILENCE, listener.try_recv()).await {
            Ok(notice) => {
                notice?;
                // Several at once need one look.
                while listener.next_buffered().is_some() {}
            }
            Err(_silence) => {
                sqlx::query("SELECT 1").execute(&mut listener).await?;
            }
        }
    }
}
