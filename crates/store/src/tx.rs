//! The one way in which the record is written.
//!
//! **Whatever is written goes through [`Store::write`].** On SQLite it begins with `BEGIN IMMEDIATE`, so that
//! writers wait for one another instead of failing; on PostgreSQL it takes one advisory lock, so that the
//! numbers of the feed become visible in their order. Numbers that a rolled-back transaction took are gaps.

use crate::{Result, Store, entity::change, rows};
use model::{
    chat::Position,
    feed::{Actor, Deed, Sequence},
    id::EditionId,
    time::to_micros,
};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, QueryOrder, QuerySelect,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use serde_json::Value;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use uuid::Uuid;

/// The advisory lock of all writers of one database: "plenary" in ASCII.
const WRITERS: i64 = 0x0070_6c65_6e61_7279;

/// The channel on which PostgreSQL wakes other nodes.
pub(crate) const CHANNEL: &str = "plenary_change";

/// Feed entries in one statement; seven to nine bind variables each.
const CHUNK: usize = 500;

/// An open write. It ends with the function that was given to [`Store::write`].
pub(crate) struct Tx {
    db: DatabaseTransaction,
    actor: String,
    at: jiff::Timestamp,
    noted: AtomicBool,
    /// The newest place of the rooms' log that this write adds; 0 for none.
    spoken: AtomicI64,
}

/// One change, before it has its number.
pub(crate) struct Change {
    pub(crate) kind: &'static str,
    pub(crate) thing: Uuid,
    pub(crate) edition: Option<EditionId>,
    pub(crate) deed: Deed,
    pub(crate) before: Option<Value>,
    pub(crate) after: Option<Value>,
}

impl Store {
    /// Runs `work` in one transaction, commits when it succeeds, and then wakes those who follow the feed.
    /// Nothing is written when it fails or is dropped halfway.
    pub(crate) async fn write<T>(
        &self,
        actor: &Actor,
        work: impl AsyncFnOnce(&Tx) -> Result<T>,
    ) -> Result<T> {
        let immediate = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let options = match self.backend() {
            DbBackend::Sqlite => immediate,
            _ => TransactionOptions::default(),
        };
        let db = self.writer().begin_with_options(options).await?;
        if self.backend() == DbBackend::Postgres {
            db.execute_unprepared(&lock_writers()).await?;
        }
        let tx = Tx {
            db,
            actor: actor.to_string(),
            at: self.now(),
            noted: AtomicBool::new(false),
            spoken: AtomicI64::new(0),
        };
        let outcome = match work(&tx).await {
            Ok(outcome) => outcome,
            Err(error) => {
                if self.backend() == DbBackend::Sqlite {
                    // SQLite ends a transaction by itself when the disk is full or fails
                    // (sqlite.org/lang_transaction.html, section 3), and then there is nothing to roll back: the
                    // connection would count as within a transaction from here on and refuse every write. So an
                    // empty one begins; where the first is still open this fails, and that one is rolled back.
                    tx.db.execute_unprepared("BEGIN").await.ok();
                }
                if let Err(failure) = tx.db.rollback().await {
                    tracing::warn!(error = %failure, "a failed write could not be rolled back");
                }
                return Err(error);
            }
        };
        let mut head = None;
        if tx.noted.load(Ordering::Relaxed) {
            head = Some(tx.head().await?);
        }
        let spoken = tx.spoken.load(Ordering::Relaxed);
        if (head.is_some() || spoken > 0) && self.backend() == DbBackend::Postgres {
            tx.db.execute_unprepared(&format!("NOTIFY {CHANNEL}")).await?;
        }
        tx.db.commit().await?;
        if spoken > 0 {
            self.wake_chat(spoken);
        }
        if let Some(head) = head {
            self.wake(head);
        }
        Ok(outcome)
    }
}

impl Tx {
    /// The connection on which everything of this write happens.
    pub(crate) fn db(&self) -> &DatabaseTransaction {
        &self.db
    }

    /// Who writes, as [`Actor`] is written.
    pub(crate) fn actor(&self) -> &str {
        &self.actor
    }

    /// When this write happens, in whole microseconds.
    pub(crate) fn at(&self) -> jiff::Timestamp {
        self.at
    }

    /// Says that the rooms' log reaches to `newest` with this write.
    pub(crate) fn said(&self, newest: Position) {
        self.spoken.store(newest, Ordering::Relaxed);
    }

    /// Adds to the feed.
    pub(crate) async fn note(&self, changes: Vec<Change>) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        self.noted.store(true, Ordering::Relaxed);
        let json = |value: Option<Value>| value.map(|value| rows::json(&value)).transpose();
        let mut changes = changes.into_iter().peekable();
        while changes.peek().is_some() {
            let mut entries = Vec::with_capacity(CHUNK);
            for change in changes.by_ref().take(CHUNK) {
                entries.push(change::ActiveModel {
                    seq: NotSet,
                    at: Set(to_micros(self.at)),
                    actor: Set(self.actor.clone()),
                    kind: Set(change.kind.to_owned()),
                    thing: Set(change.thing),
                    edition: Set(change.edition.map(|edition| edition.0)),
                    deed: Set(change.deed.as_str().to_owned()),
                    before: Set(json(change.before)?),
                    after: Set(json(change.after)?),
                });
            }
            change::Entity::insert_many(entries).exec_without_returning(&self.db).await?;
        }
        Ok(())
    }

    /// The head of the feed, with what this write has added.
    pub(crate) async fn head(&self) -> Result<Sequence> {
        head(&self.db).await
    }
}

/// The statement that makes a PostgreSQL transaction the only one that writes.
pub(crate) fn lock_writers() -> String {
    format!("SELECT pg_advisory_xact_lock({WRITERS})")
}

/// The number of the newest entry of the feed; 0 for an empty one.
pub(crate) async fn head(db: &impl ConnectionTrait) -> Result<Sequence> {
    let newest: Option<Sequence> = change::Entity::find()
        .select_only()
        .column(change::Column::Seq)
        .order_by_desc(change::Column::Seq)
        .into_tuple()
        .one(db)
        .await?;
    Ok(newest.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Error, Location};
    use model::time::SystemClock;
    use std::sync::Arc;

    #[tokio::test]
    async fn a_full_disk_is_named_and_writing_goes_on_once_there_is_space() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&Location::from_data_dir(dir.path()), Arc::new(SystemClock)).await.unwrap();
        let cut = async |tx: &Tx| -> Result<()> {
            // What SQLite does to a transaction for which there is no space.
            tx.db().execute_unprepared("ROLLBACK").await?;
            Err(Error::Full { detail: "database or disk is full".to_owned() })
        };
        for _ in 0..2 {
            let error = store.write(&Actor::System, cut).await.unwrap_err();
            assert!(matches!(error, Error::Full { .. }), "{error}");
        }
        let changed = async |tx: &Tx| {
            let thing = Uuid::now_v7();
            let deed = Deed::Created;
            tx.note(vec![Change { kind: "test", thing, edition: None, deed, before: None, after: None }])
                .await
        };
        store.write(&Actor::System, changed).await.unwrap();
        assert_eq!(store.head().await.unwrap(), 1);
    }
}
