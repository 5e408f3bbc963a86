//! The whole record in one file, and back: what `plenary backup` writes and `plenary restore` reads.
//!
//! An archive belongs to no database: what was kept on SQLite is restored on PostgreSQL, and the other way round. It is
//! a tar file, compressed with zstd (RFC 8878), that holds, in this order:
//!
//! 1. `header.json`: the version of this format and of the schema, and the columns of each table ([`Header`]);
//! 2. `record/TABLE/000001.json`, ...: the rows of each table in the order of its primary key, each file a JSON array of
//!    rows and each row an array of values in the order of the header's columns. Identifiers and bytes are hexadecimal
//!    text, truth is 0 or 1, all else is as JSON has it;
//! 3. `uploads/...`: the files that people uploaded;
//! 4. `manifest.json`: how many rows each table has, and SHA-256 of each table and of each file before it ([`Manifest`]).
//!    It stands last, so an archive that was cut short has none and is refused.
//!
//! The tables are those that the database has; nothing here names one, so a table that a new capability brings is kept
//! from its first day. Left out is only the search index, which is made anew from the releases. Writing and reading take
//! constant memory: a part of a table holds about a mebibyte.
//!
//! **An archive holds the server's secrets and everybody's addresses.** Who has it has the record.

mod catalogue;
mod read;
mod write;

pub use read::{Uploads, restore};
pub use write::write;

use crate::{Error, Location, Result, body::hexadecimal, store};
use catalogue::Table;
use model::{Refusal, feed::Sequence};
use sea_orm::{DatabaseConnection, DatabaseTransaction, TransactionTrait};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::{
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::SqlitePoolOptions,
};
use std::{collections::BTreeMap, time::Duration};

/// The version of the format. A reader refuses one that it does not know.
const FORMAT: u32 = 1;

/// The level of compression: a step above the default costs twice the time for a few hundredths of the size.
const LEVEL: i32 = 3;

/// About so many bytes of rows stand in one part; the last row of it may go beyond.
const PART: usize = 1_024 * 1_024;

const HEADER: &str = "header.json";
const MANIFEST: &str = "manifest.json";
const RECORD: &str = "record/";
const UPLOADS: &str = "uploads/";

/// What stands first in an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The version of the format.
    pub format: u32,
    /// The version of Plenary that wrote it.
    pub program: String,
    /// When it was begun.
    pub made: jiff::Timestamp,
    /// From which database: `SQLite` or `PostgreSQL`.
    pub database: String,
    /// The steps of the schema that the record had seen.
    pub schema: Vec<String>,
    /// The newest entry of the change feed.
    pub head: Sequence,
    /// The tables in it, by name.
    tables: Vec<Table>,
}

/// What stands last in an archive, and what a backup or a restore reports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// What each table holds, by name.
    pub tables: BTreeMap<String, Sum>,
    /// How many uploaded files there are.
    pub uploads: u64,
    /// SHA-256 of each file of the archive before this one, by path.
    pub parts: BTreeMap<String, String>,
}

impl Manifest {
    /// How many rows there are in all tables.
    pub fn rows(&self) -> u64 {
        self.tables.values().map(|table| table.rows).sum()
    }
}

/// What a table holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    /// How many rows.
    pub rows: u64,
    /// SHA-256 over all rows, each as JSON and a line feed, in the order of the primary key. The same rows give the
    /// same sum on either database.
    pub sha256: String,
}

/// What was read back.
#[derive(Clone, Debug)]
pub struct Restored {
    /// Where it came from.
    pub header: Header,
    /// What it holds.
    pub manifest: Manifest,
    /// Where the record stands that was replaced, if there was one and it was kept.
    pub replaced: Option<std::path::PathBuf>,
}

/// Adds up the rows of a table.
#[derive(Default)]
struct Adder {
    rows: u64,
    digest: Sha256,
}

impl Adder {
    fn row(&mut self, json: &[u8]) {
        self.rows += 1;
        self.digest.update(json);
        self.digest.update(b"\n");
    }

    fn sum(self) -> Sum {
        Sum { rows: self.rows, sha256: hexadecimal(&self.digest.finalize()) }
    }
}

/// The refusal of a backup that cannot be written or read.
fn refused(problem: impl std::fmt::Display, remedy: &str) -> Error {
    Error::Refused(Refusal::new("backup", problem.to_string(), remedy))
}

/// The refusal of an archive that is not as it was written.
fn broken(problem: impl std::fmt::Display) -> Error {
    refused(problem, "Take another backup: this file was cut short or changed since it was written")
}

/// The database as it is: nothing is created and nothing migrated, so that a backup can be made before an update.
pub(crate) async fn connect(location: &Location) -> Result<DatabaseConnection> {
    let opening = |error| Error::while_opening(location, error);
    match location {
        Location::Sqlite(file) => {
            if !file.is_file() {
                return Err(refused(
                    format_args!("there is no record at {}", file.display()),
                    "Name its folder with --data, or its database with --database",
                ));
            }
            let pool = SqlitePoolOptions::new()
                .max_connections(1)
                .idle_timeout(None)
                .max_lifetime(None)
                .connect_with(store::sqlite(file).pragma("query_only", "ON"))
                .await
                .map_err(opening)?;
            Ok(DatabaseConnection::from(pool))
        }
        Location::Postgres(url) => postgres(url).await.map_err(opening),
    }
}

/// One connection of its own name, by which a restore tells the servers' connections from its own.
async fn postgres(url: &str) -> Result<DatabaseConnection, sqlx::Error> {
    let options: PgConnectOptions = url.parse()?;
    let options = options.application_name("plenary archive").options([("lock_timeout", "30s")]);
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(30))
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options)
        .await?;
    Ok(DatabaseConnection::from(pool))
}

/// One state of the record, whatever others commit meanwhile.
pub(crate) async fn snapshot(db: &DatabaseConnection) -> Result<DatabaseTransaction> {
    Ok(db.begin_with_options(store::snapshot(db.get_database_backend())).await?)
}

/// What reading the container says about it.
fn unpack_error(error: &std::io::Error) -> Error {
    broken(format_args!("it cannot be read as a backup: {error}"))
}
