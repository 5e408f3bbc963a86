//! Writing an archive.

use super::{
    Adder, FORMAT, HEADER, Header, LEVEL, MANIFEST, Manifest, PART, RECORD, Sum, UPLOADS,
    catalogue::{self, Table},
    connect, refused, snapshot,
};
use crate::{Location, Result, body::hexadecimal, migration, tx};
use futures_util::TryStreamExt;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Statement};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{
    fs::File,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

/// Writes the record at `location`, and the files in the folder `uploads` where there is one, as an archive to `out`:
/// one state of it, while servers go on writing. The record is read as it is: its schema may be older than this program's.
/// `made` is the present instant.
pub async fn write<W: Write + Send>(
    location: &Location,
    uploads: &Path,
    made: jiff::Timestamp,
    out: W,
) -> Result<(Header, Manifest)> {
    let connection = connect(location).await?;
    let db = snapshot(&connection).await?;
    let schema = migration::applied(&db).await?;
    if schema.is_empty() {
        return Err(refused(
            format_args!("the database at {location} holds no record"),
            "Name the right one with --data or --database",
        ));
    }
    let header = Header {
        format: FORMAT,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        made,
        database: match db.get_database_backend() {
            DbBackend::Sqlite => "SQLite",
            _ => "PostgreSQL",
        }
        .to_owned(),
        schema,
        head: tx::head(&db).await?,
        tables: catalogue::tables(&db).await?,
    };
    let mut parts = Parts::new(out, made)?;
    parts.json(HEADER, &header)?;
    for table in &header.tables {
        let sum = rows(&db, table, |number, part| {
            parts.add(&format!("{RECORD}{}/{number:06}.json", table.name), part)
        })
        .await?;
        parts.manifest.tables.insert(table.name.clone(), sum);
    }
    db.commit().await?;
    connection.close().await.ok();
    // After the record: a file is uploaded before the record names it, so none that it names is missing.
    for file in files(uploads).map_err(|error| unreadable(uploads, &error))? {
        parts.upload(uploads, &file)?;
    }
    Ok((header, parts.finish()?))
}

/// Reads the rows of a table in parts, each a JSON array, and adds them up.
pub(super) async fn rows(
    db: &DatabaseTransaction,
    table: &Table,
    mut part: impl FnMut(u32, &[u8]) -> Result<()>,
) -> Result<Sum> {
    let backend = db.get_database_backend();
    let mut found =
        sea_orm::StreamTrait::stream_raw(db, Statement::from_string(backend, table.select(backend))).await?;
    let (mut adder, mut number, mut buffer) = (Adder::default(), 0, vec![]);
    while let Some(row) = found.try_next().await? {
        let text: String = row.try_get_by_index(0)?;
        // The databases write the same JSON in different words.
        let row: Value =
            serde_json::from_str(&text).map_err(|error| crate::Error::damaged(&table.name, error))?;
        buffer.push(if buffer.is_empty() { b'[' } else { b',' });
        let start = buffer.len();
        serde_json::to_writer(&mut buffer, &row)
            .map_err(|error| crate::Error::damaged(&table.name, error))?;
        adder.row(&buffer[start..]);
        if buffer.len() >= PART {
            number += 1;
            buffer.push(b']');
            part(number, &buffer)?;
            buffer.clear();
        }
    }
    if !buffer.is_empty() {
        buffer.push(b']');
        part(number + 1, &buffer)?;
    }
    Ok(adder.sum())
}

/// The archive that is being written.
struct Parts<W: Write> {
    tar: tar::Builder<zstd::Encoder<'static, W>>,
    made: u64,
    manifest: Manifest,
}

impl<W: Write> Parts<W> {
    fn new(out: W, made: jiff::Timestamp) -> Result<Self> {
        let mut encoder = zstd::Encoder::new(out, LEVEL).map_err(|error| unwritable(&error))?;
        encoder.include_checksum(true).map_err(|error| unwritable(&error))?;
        let made = u64::try_from(made.as_second()).unwrap_or_default();
        Ok(Self { tar: tar::Builder::new(encoder), made, manifest: Manifest::default() })
    }

    fn head(&self, size: u64) -> tar::Header {
        let mut head = tar::Header::new_gnu();
        head.set_size(size);
        head.set_mode(0o600);
        head.set_mtime(self.made);
        head
    }

    fn add(&mut self, path: &str, bytes: &[u8]) -> Result<()> {
        let mut head = self.head(bytes.len() as u64);
        self.tar.append_data(&mut head, path, bytes).map_err(|error| unwritable(&error))?;
        self.manifest.parts.insert(path.to_owned(), hexadecimal(&Sha256::digest(bytes)));
        Ok(())
    }

    fn json(&mut self, path: &str, value: &impl serde::Serialize) -> Result<()> {
        let bytes = serde_json::to_vec_pretty(value).map_err(|error| crate::Error::damaged(path, error))?;
        self.add(path, &bytes)
    }

    fn upload(&mut self, folder: &Path, file: &Path) -> Result<()> {
        let whole = folder.join(file);
        let opened = File::open(&whole).and_then(|open| Ok((open.metadata()?.len(), open)));
        // Swept meanwhile, since nothing names it: what something names is never removed.
        if opened.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            return Ok(());
        }
        let (size, open) = opened.map_err(|error| unreadable(&whole, &error))?;
        let name = file.to_str().ok_or_else(|| {
            refused(format_args!("{} has a name that is no text", whole.display()), "Rename the file")
        })?;
        let path = format!("{UPLOADS}{}", name.replace(std::path::MAIN_SEPARATOR, "/"));
        let mut head = self.head(size);
        let mut reader = Hashing { inner: open.take(size), digest: Sha256::new(), bytes: 0 };
        self.tar.append_data(&mut head, &path, &mut reader).map_err(|error| unwritable(&error))?;
        if reader.bytes != size {
            let problem = format!("{} became shorter while it was read", whole.display());
            return Err(refused(problem, "Try again"));
        }
        self.manifest.parts.insert(path, hexadecimal(&reader.digest.finalize()));
        self.manifest.uploads += 1;
        Ok(())
    }

    fn finish(mut self) -> Result<Manifest> {
        let manifest = self.manifest.clone();
        self.json(MANIFEST, &manifest)?;
        let encoder = self.tar.into_inner().map_err(|error| unwritable(&error))?;
        encoder.finish().and_then(|mut out| out.flush()).map_err(|error| unwritable(&error))?;
        Ok(manifest)
    }
}

/// Adds up what is read through it.
pub(super) struct Hashing<R> {
    pub(super) inner: R,
    pub(super) digest: Sha256,
    pub(super) bytes: u64,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.digest.update(&buffer[..count]);
        self.bytes += count as u64;
        Ok(count)
    }
}

/// The plain files below a folder, by path from there; none where there is no folder.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut out = vec![];
    let mut folders = vec![PathBuf::new()];
    while let Some(within) = folders.pop() {
        let entries = match std::fs::read_dir(folder.join(&within)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let path = within.join(entry.file_name());
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && path.extension().is_none_or(|end| end != "part") {
                // What is just being uploaded is named by nothing yet.
                out.push(path);
            }
        }
    }
    out.sort();
    Ok(out)
}

fn unreadable(path: &Path, error: &io::Error) -> crate::Error {
    refused(
        format_args!("{} cannot be read: {error}", path.display()),
        "Give the account that makes the backup the right to read it",
    )
}

fn unwritable(error: &io::Error) -> crate::Error {
    refused(format_args!("it cannot be written: {error}"), "Check the folder's free space and rights")
}
