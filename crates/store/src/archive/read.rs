//! Reading an archive back: all of it or nothing.
//!
//! On SQLite the record grows in a file beside the present one and takes its place by being renamed; on PostgreSQL all of
//! it is one transaction. In both it is compared before anybody sees it: each part and each table with the archive's own
//! sums, and the whole with [`crate::verify()`].

use super::{
    Adder, FORMAT, HEADER, Header, MANIFEST, Manifest, RECORD, Restored, UPLOADS, broken,
    catalogue::{self, Table, quoted},
    postgres, refused, unpack_error, write,
};
use crate::{Error, Location, Result, Store, body::hexadecimal, migration, search, store, tx, verify};
use model::time::SharedClock;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait,
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::{
    ConnectOptions, Connection, SqliteConnection,
    sqlite::{SqliteJournalMode, SqlitePoolOptions},
};
use std::{
    collections::BTreeMap,
    fs,
    io::Read,
    path::{Component, Path, PathBuf},
    time::Duration,
};
use tokio::sync::mpsc;

/// How long others may take to leave the record that is to be replaced.
const PATIENCE: Duration = Duration::from_secs(3);

/// What becomes of the uploaded files of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Uploads {
    /// They are written into this folder, which takes the place of one that is there.
    Into(PathBuf),
    /// They are read and compared with their sums, and written nowhere.
    Compare,
}

/// Restores the archive `input` as the record at `location`. A record that is not empty stays as it is unless `replace`;
/// then a SQLite file and a folder of uploads are kept beside the new ones, under a name with the instant. Nothing may
/// serve the record meanwhile. After any failure everything is as it was.
pub async fn restore(
    location: &Location,
    clock: SharedClock,
    input: impl Read + Send + 'static,
    uploads: Uploads,
    replace: bool,
) -> Result<Restored> {
    let stamp = clock.now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let folder = match &uploads {
        Uploads::Into(folder) => Some(Swap::beside(folder, &stamp)?),
        Uploads::Compare => None,
    };
    let unpacking = folder.as_ref().map(|swap| swap.new.clone());
    let (send, pieces) = mpsc::channel(2);
    let reader = tokio::task::spawn_blocking(move || unpack(input, unpacking.as_deref(), &send));
    let outcome = match location {
        Location::Sqlite(file) => into_sqlite(file, &clock, pieces, folder.as_ref(), replace, &stamp).await,
        Location::Postgres(url) => {
            into_postgres(location, url, &clock, pieces, folder.as_ref(), replace).await
        }
    };
    // The reader ends by itself: its channel is closed or all is read.
    let read = reader.await;
    if outcome.is_err()
        && let Some(swap) = &folder
    {
        swap.discard();
    }
    if let Err(failed) = read {
        tracing::error!(%failed, "the reader of the backup broke");
    }
    outcome
}

/// What the reader finds, in the order of the archive.
enum Piece {
    Header(Box<Header>),
    Rows { table: String, json: String },
    Manifest(Box<Manifest>),
}

/// Reads the archive, in a thread of its own, and sends on what is in it. A failure is the last that is sent.
fn unpack(input: impl Read, uploads: Option<&Path>, send: &mpsc::Sender<Result<Piece>>) {
    if let Err(error) = unpack_all(input, uploads, send) {
        // Nobody listens any more where the other side has failed already.
        let _ = send.blocking_send(Err(error));
    }
}

fn unpack_all(input: impl Read, uploads: Option<&Path>, send: &mpsc::Sender<Result<Piece>>) -> Result<()> {
    let decoder = zstd::Decoder::new(input).map_err(|error| unpack_error(&error))?;
    let mut archive = tar::Archive::new(decoder);
    let mut sums = BTreeMap::new();
    let mut uploaded = 0;
    for entry in archive.entries().map_err(|error| unpack_error(&error))? {
        let entry = entry.map_err(|error| unpack_error(&error))?;
        let path = entry.path().map_err(|error| unpack_error(&error))?;
        let path = path.to_str().ok_or_else(|| broken("it holds a name that is no text"))?.to_owned();
        let mut hashing = write::Hashing { inner: entry, digest: Sha256::new(), bytes: 0 };
        if let Some(file) = path.strip_prefix(UPLOADS) {
            uploaded += 1;
            match uploads {
                Some(folder) => upload(&mut hashing, folder, file)?,
                None => {
                    std::io::copy(&mut hashing, &mut std::io::sink())
                        .map_err(|error| unpack_error(&error))?;
                }
            }
            sums.insert(path, hexadecimal(&hashing.digest.finalize()));
            continue;
        }
        let mut text = String::new();
        hashing.read_to_string(&mut text).map_err(|error| unpack_error(&error))?;
        let piece = if path == HEADER {
            Piece::Header(Box::new(
                serde_json::from_str(&text).map_err(|error| broken(format_args!("{path}: {error}")))?,
            ))
        } else if path == MANIFEST {
            let told: Manifest =
                serde_json::from_str(&text).map_err(|error| broken(format_args!("{path}: {error}")))?;
            if told.parts != sums || told.uploads != uploaded {
                return Err(broken("its parts are not those that were written"));
            }
            let _ = send.blocking_send(Ok(Piece::Manifest(Box::new(told))));
            return Ok(());
        } else if let Some((table, _)) = path.strip_prefix(RECORD).and_then(|rest| rest.split_once('/')) {
            Piece::Rows { table: table.to_owned(), json: text }
        } else {
            return Err(broken(format_args!(
                "it holds \"{}\", which is not ours",
                model::text::excerpt(&path, 60)
            )));
        };
        sums.insert(path, hexadecimal(&hashing.digest.finalize()));
        if send.blocking_send(Ok(piece)).is_err() {
            return Ok(());
        }
    }
    Err(broken("it ends too early"))
}

/// Writes one uploaded file. A name may not lead out of the folder.
fn upload(from: &mut impl Read, folder: &Path, name: &str) -> Result<()> {
    let path = Path::new(name);
    if name.is_empty() || !path.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(broken(format_args!(
            "it holds \"{}\", which is no file's name",
            model::text::excerpt(name, 60)
        )));
    }
    let target = folder.join(path);
    let written = target.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| {
        let mut file = fs::File::create_new(&target)?;
        std::io::copy(from, &mut file)?;
        file.sync_all()
    });
    written.map_err(|error| {
        refused(
            format_args!("{} cannot be written: {error}", target.display()),
            "Check the folder's free space and rights",
        )
    })
}

async fn into_sqlite(
    file: &Path,
    clock: &SharedClock,
    pieces: mpsc::Receiver<Result<Piece>>,
    uploads: Option<&Swap>,
    replace: bool,
    stamp: &str,
) -> Result<Restored> {
    let location = Location::Sqlite(file.to_owned());
    let swap = Swap::beside(file, stamp)?;
    let held = if file.exists() {
        match held_alone(file, replace).await {
            // A damaged record is what a backup is for; nobody can be asked whether it is in use.
            Err(Error::Damaged { .. }) if replace => None,
            held => Some(held?),
        }
    } else {
        None
    };
    let outcome = async {
        let writing =
            store::sqlite(&swap.new).create_if_missing(true).journal_mode(SqliteJournalMode::Delete);
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(writing)
            .await
            .map_err(|error| Error::while_opening(&location, error))?;
        let connection = DatabaseConnection::from(pool);
        private(&swap.new)?;
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let db = connection.begin_with_options(options).await?;
        let restored = load(&db, &location, pieces).await?;
        db.commit().await?;
        connection.close().await?;
        index(&Location::Sqlite(swap.new.clone()), clock).await?;
        settle(&swap.new).await?;
        Ok::<_, Error>(restored)
    }
    .await;
    let restored = match outcome {
        Ok(restored) => restored,
        Err(error) => {
            swap.discard();
            return Err(error);
        }
    };
    // The files first: if the record cannot take its place, they go back.
    let moved = uploads.map(Swap::take).transpose()?;
    match swap.take() {
        Ok(taken) => {
            drop(held);
            let replaced = (taken == Taken::Replaced).then(|| swap.old.clone());
            Ok(Restored { replaced, ..restored })
        }
        Err(error) => {
            if let (Some(uploads), Some(moved)) = (uploads, moved) {
                uploads.give_back(&moved);
            }
            swap.discard();
            Err(error)
        }
    }
}

/// A record that nobody else has open, and that nobody can open until this is dropped.
async fn held_alone(file: &Path, replace: bool) -> Result<SqliteConnection> {
    let location = Location::Sqlite(file.to_owned());
    let opening = |error| Error::while_opening(&location, error);
    let options = store::sqlite(file).busy_timeout(PATIENCE);
    let mut connection = options.connect().await.map_err(opening)?;
    let held: i64 = match sqlx::query_scalar("SELECT count(*) FROM (SELECT 1 FROM change LIMIT 1)")
        .fetch_one(&mut connection)
        .await
    {
        Ok(held) => held,
        // No such table: a file without a record.
        Err(sqlx::Error::Database(error)) if error.message().contains("no such table") => 0,
        Err(error) => return Err(opening(error)),
    };
    if held > 0 && !replace {
        return Err(not_empty(&location));
    }
    // Leaving the write-ahead log needs the file alone, and folds the log into it, so that the file is whole. SQLite does
    // not wait for others here, and a program that has just ended may still be closing its connection.
    let begin = tokio::time::Instant::now();
    loop {
        let alone = async {
            sqlx::query("PRAGMA journal_mode = DELETE").execute(&mut connection).await?;
            sqlx::query("BEGIN EXCLUSIVE").execute(&mut connection).await
        };
        match alone.await.map_err(Error::from) {
            Ok(_) => return Ok(connection),
            Err(Error::Busy { .. }) if begin.elapsed() < PATIENCE => tokio::time::sleep(PATIENCE / 20).await,
            Err(Error::Busy { .. }) => return Err(in_use(&location)),
            Err(error) => return Err(error),
        }
    }
}

/// The search index of the restored record, and a last look at the whole.
async fn index(location: &Location, clock: &SharedClock) -> Result<()> {
    let store = Store::open(location, clock.clone()).await?;
    let outcome = async {
        search::catch_up(&store).await?;
        sound(&verify(&store).await?)
    }
    .await;
    store.close().await;
    outcome
}

/// Folds the log of a database that nobody uses into its file.
async fn settle(file: &Path) -> Result<()> {
    // Whoever closed it a moment ago may still be at it.
    store::patiently(async || {
        let mut connection = store::sqlite(file).connect().await?;
        sqlx::query("PRAGMA journal_mode = DELETE").execute(&mut connection).await?;
        connection.close().await
    })
    .await?;
    let synced = fs::File::open(file).and_then(|file| file.sync_all());
    synced.map_err(|error| refused(format_args!("it cannot be written: {error}"), "Check the disk"))
}

async fn into_postgres(
    location: &Location,
    url: &str,
    clock: &SharedClock,
    pieces: mpsc::Receiver<Result<Piece>>,
    uploads: Option<&Swap>,
    replace: bool,
) -> Result<Restored> {
    let connection = postgres(url).await.map_err(|error| Error::while_opening(location, error))?;
    let db = connection.begin().await?;
    db.execute_unprepared(&tx::lock_writers()).await?;
    let servers = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'plenary'";
    if number(&db, servers).await? > 0 {
        return Err(in_use(location));
    }
    migration::check(&db, location).await?;
    if !migration::applied(&db).await?.is_empty() {
        if number(&db, "SELECT count(*) FROM (SELECT 1 FROM change LIMIT 1) AS found").await? > 0 && !replace
        {
            return Err(not_empty(location));
        }
        clear(&db).await?;
    }
    let restored = load(&db, location, pieces).await?;
    let moved = uploads.map(Swap::take).transpose()?;
    if let Err(error) = db.commit().await {
        if let (Some(uploads), Some(moved)) = (uploads, moved) {
            uploads.give_back(&moved);
        }
        return Err(error.into());
    }
    connection.close().await.ok();
    index(location, clock).await?;
    Ok(restored)
}

async fn number(db: &DatabaseTransaction, sql: &str) -> Result<i64> {
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
    row.map_or(Ok(0), |row| Ok(row.try_get_by_index(0)?))
}

/// Removes our tables, and nothing that somebody else may have put into the same database.
async fn clear(db: &DatabaseTransaction) -> Result<()> {
    // Brought to the present schema first, so that its tables are those of a new record.
    migration::up(db, None).await?;
    let mut ours = fresh_tables().await?;
    ours.extend(["search".to_owned(), "seaql_migrations".to_owned()]);
    let functions = format!(
        "SELECT DISTINCT t.tgfoid::regprocedure::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid \
         WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace AND c.relname IN ({})",
        ours.iter().map(|name| format!("'{}'", name.replace('\'', "''"))).collect::<Vec<_>>().join(", ")
    );
    let functions = texts(db, &functions).await?;
    for table in &ours {
        db.execute_unprepared(&format!("DROP TABLE IF EXISTS {} CASCADE", quoted(table))).await?;
    }
    for function in functions {
        db.execute_unprepared(&format!("DROP FUNCTION IF EXISTS {function} CASCADE")).await?;
    }
    Ok(())
}

async fn texts(db: &DatabaseTransaction, sql: &str) -> Result<Vec<String>> {
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// The names of the tables of a new record.
async fn fresh_tables() -> Result<Vec<String>> {
    let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await?;
    let connection = DatabaseConnection::from(pool);
    let db = connection.begin().await?;
    migration::up(&db, None).await?;
    Ok(catalogue::tables(&db).await?.into_iter().map(|table| table.name).collect())
}

/// Fills an empty database from the archive, compares, and brings it to the present schema.
async fn load(
    db: &DatabaseTransaction,
    location: &Location,
    mut pieces: mpsc::Receiver<Result<Piece>>,
) -> Result<Restored> {
    let too_early = || broken("it ends too early");
    let Some(Piece::Header(header)) = pieces.recv().await.transpose()? else {
        return Err(broken("it does not begin as a backup of Plenary does"));
    };
    if header.format != FORMAT {
        let problem = format!("it has format {}, and this Plenary reads format {FORMAT}", header.format);
        return Err(refused(problem, &format!("Use Plenary {} or a newer one", header.program)));
    }
    migration::build(db, location, &header.schema).await?;
    if catalogue::tables(db).await? != header.tables {
        return Err(broken("its tables are not those of its schema"));
    }
    let postponed = Postponed::begin(db).await?;
    // Some steps bring rows of their own, such as a new server's secret.
    for table in &header.tables {
        db.execute_unprepared(&format!("DELETE FROM {}", quoted(&table.name))).await?;
    }
    let mut adders: BTreeMap<String, Adder> = BTreeMap::new();
    let manifest = loop {
        match pieces.recv().await.ok_or_else(too_early)?? {
            Piece::Header(_) => return Err(broken("it begins twice")),
            Piece::Rows { table, json } => {
                let known = header.tables.iter().find(|known| known.name == table);
                let known =
                    known.ok_or_else(|| broken(format_args!("it holds rows of an unknown table {table}")))?;
                insert(db, known, json, adders.entry(table).or_default()).await?;
            }
            Piece::Manifest(manifest) => break manifest,
        }
    };
    postponed.end(db).await?;
    for table in &header.tables {
        let told = manifest.tables.get(&table.name).cloned().unwrap_or_default();
        let sent = adders.remove(&table.name).unwrap_or_default().sum();
        let held = write::rows(db, table, |_, _| Ok(())).await?;
        if told != sent || told != held {
            return Err(broken(format_args!("the table {} came back otherwise than it was", table.name)));
        }
    }
    migration::up(db, None).await?;
    sound(&verify::verify_in(db).await?)?;
    Ok(Restored { header: *header, manifest: *manifest, replaced: None })
}

async fn insert(db: &DatabaseTransaction, table: &Table, json: String, adder: &mut Adder) -> Result<()> {
    let rows: Vec<Value> =
        serde_json::from_str(&json).map_err(|error| broken(format_args!("{}: {error}", table.name)))?;
    for row in &rows {
        if row.as_array().map(Vec::len) != Some(table.columns.len()) {
            return Err(broken(format_args!("a row of {} has too many or too few values", table.name)));
        }
        adder.row(&serde_json::to_vec(row).map_err(|error| broken(format_args!("{}: {error}", table.name)))?);
    }
    let backend = db.get_database_backend();
    db.execute_raw(Statement::from_sql_and_values(backend, table.insert(backend), [json.into()])).await?;
    Ok(())
}

fn sound(faults: &[String]) -> Result<()> {
    match faults.first() {
        None => Ok(()),
        Some(first) => Err(refused(
            format_args!("the record in it is not sound: {first} ({} faults in all)", faults.len()),
            "Use an older backup, and keep this one for a report",
        )),
    }
}

/// What the database shall look at only when all rows are there: they come table by table, and those of one may name
/// others that come later.
struct Postponed {
    /// The table, the name and the definition of each foreign key that was taken away.
    keys: Vec<[String; 3]>,
}

impl Postponed {
    async fn begin(db: &DatabaseTransaction) -> Result<Self> {
        if db.get_database_backend() == DbBackend::Sqlite {
            db.execute_unprepared("PRAGMA defer_foreign_keys = ON").await?;
            return Ok(Self { keys: vec![] });
        }
        let sql = "SELECT conrelid::regclass::text, conname::text, pg_get_constraintdef(oid) FROM pg_constraint \
                   WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY 1, 2";
        let mut keys: Vec<[String; 3]> = vec![];
        for row in db.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await? {
            keys.push([row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?]);
        }
        for [table, name, _] in &keys {
            db.execute_unprepared(&format!("ALTER TABLE {table} DROP CONSTRAINT {}", quoted(name))).await?;
        }
        Ok(Self { keys })
    }

    async fn end(self, db: &DatabaseTransaction) -> Result<()> {
        if db.get_database_backend() == DbBackend::Sqlite {
            // Looked at by `verify`, which says where, and at the commit.
            return Ok(());
        }
        for [table, name, definition] in &self.keys {
            db.execute_unprepared(&format!(
                "ALTER TABLE {table} ADD CONSTRAINT {} {definition}",
                quoted(name)
            ))
            .await
            .map_err(|error| broken(format_args!("a row of {table} names one that is missing: {error}")))?;
        }
        // Numbers that the database gives go on after those that came with the rows.
        let sql = "SELECT table_name::text, column_name::text FROM information_schema.columns \
                   WHERE table_schema = current_schema() AND (is_identity = 'YES' OR column_default LIKE 'nextval(%')";
        for row in db.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await? {
            let (table, column): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            let (table, name) = (quoted(&table), quoted(&column));
            db.execute_unprepared(&format!(
                "SELECT setval(pg_get_serial_sequence('{}', '{}'), COALESCE(max({name}), 1), max({name}) IS NOT NULL) FROM {table}",
                table.replace('\'', "''"),
                column.replace('\'', "''"),
            ))
            .await?;
        }
        Ok(())
    }
}

/// A file or folder that is made beside the present one and then takes its place.
struct Swap {
    present: PathBuf,
    new: PathBuf,
    old: PathBuf,
}

impl Swap {
    fn beside(present: &Path, stamp: &str) -> Result<Self> {
        let name = present.file_name().unwrap_or_default().to_string_lossy();
        let beside = |end: &str| present.with_file_name(format!("{name}.{end}"));
        let swap = Self {
            new: beside("restoring"),
            old: beside(&format!("replaced-{stamp}")),
            present: present.to_owned(),
        };
        if swap.old.exists() {
            return Err(refused(
                format_args!("{} stands already", swap.old.display()),
                "Another restore runs, or ran a second ago. Try again",
            ));
        }
        swap.discard();
        Ok(swap)
    }

    /// Removes what a restore that was killed left, or what has failed.
    fn discard(&self) {
        let _ = if self.new.is_dir() { fs::remove_dir_all(&self.new) } else { fs::remove_file(&self.new) };
        for end in ["-journal", "-wal", "-shm"] {
            let _ = fs::remove_file(with_end(&self.new, end));
        }
    }

    /// Puts the new one into its place.
    fn take(&self) -> Result<Taken> {
        let taken = || {
            if !self.new.exists() {
                return Ok(Taken::Nothing);
            }
            if !self.present.exists() {
                fs::rename(&self.new, &self.present)?;
                return Ok(Taken::New);
            }
            if self.present.is_file() {
                // A log of the file before would be applied to the new one.
                for end in ["-wal", "-shm", "-journal"] {
                    let _ = fs::rename(with_end(&self.present, end), with_end(&self.old, end));
                }
                // A second name for the old file: at no instant is there none at its place.
                fs::hard_link(&self.present, &self.old)?;
            } else {
                fs::rename(&self.present, &self.old)?;
            }
            if let Err(error) = fs::rename(&self.new, &self.present) {
                self.give_back(&Taken::Replaced);
                return Err(error);
            }
            Ok(Taken::Replaced)
        };
        taken().map_err(|error| {
            refused(
                format_args!("{} cannot take its place: {error}", self.present.display()),
                "Check the folder's rights",
            )
        })
    }

    /// Undoes [`Swap::take`].
    fn give_back(&self, taken: &Taken) {
        let given = match taken {
            Taken::Nothing => Ok(()),
            Taken::New => fs::rename(&self.present, &self.new),
            Taken::Replaced => {
                if self.present.is_dir() {
                    let _ = fs::rename(&self.present, &self.new);
                }
                // Two names of one file stay two after this.
                fs::rename(&self.old, &self.present).map(|()| {
                    let _ = fs::remove_file(&self.old);
                })
            }
        };
        if let Err(error) = given {
            tracing::error!(%error, kept = %self.old.display(), "what was replaced could not be put back");
        }
        self.discard();
    }
}

/// What a [`Swap`] did.
#[derive(Debug, PartialEq, Eq)]
enum Taken {
    /// There was nothing new.
    Nothing,
    /// The new one stands where there was none.
    New,
    /// The new one stands where another was, which is kept.
    Replaced,
}

/// The path with something behind its name.
fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push(end);
    PathBuf::from(name)
}

/// Only the account that runs Plenary reads the record.
fn private(file: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(file, fs::Permissions::from_mode(0o600)).map_err(|error| {
            refused(
                format_args!("{}: its rights cannot be set: {error}", file.display()),
                "Check the folder's rights",
            )
        })?;
    }
    Ok(())
}

fn not_empty(location: &Location) -> Error {
    refused(
        format_args!("the record at {location} is not empty"),
        "Name another place, or give --replace to put the backup in its place",
    )
}

fn in_use(location: &Location) -> Error {
    refused(
        format_args!("the record at {location} is in use"),
        "Stop the server and other commands on it first",
    )
}
