//! `plenary backup`: the whole record and the uploaded files in one file, while the server goes on serving.

use crate::{config::Config, output};
use anyhow::{Context, bail};
use jiff::Timestamp;
use model::time::{Clock, SystemClock};
use serde::{Deserialize, Serialize};
use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    sync::Arc,
};
use store::{
    Location,
    archive::{self, Uploads},
};

/// Where to write.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file to write, such as plenary-2027-05-01.backup. It must not exist.
    file: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What the data folder remembers of the last backup, for `plenary doctor`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LastBackup {
    /// When it was made.
    pub(crate) at: Timestamp,
    /// Where it was written.
    pub(crate) file: PathBuf,
}

impl LastBackup {
    const NAME: &str = "last-backup.json";

    /// What is remembered; `None` where there was no backup yet.
    pub(crate) fn of(config: &Config) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(config.data.join(Self::NAME)).ok()?).ok()
    }

    fn remember(&self, data: &Path) -> anyhow::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(data)?;
        serde_json::to_writer(&mut file, self)?;
        // The server's account reads it too, whoever made the backup.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
        }
        file.persist(data.join(Self::NAME))?;
        Ok(())
    }
}

#[derive(Serialize)]
struct Report {
    file: PathBuf,
    bytes: u64,
    head: i64,
    rows: u64,
    uploads: u64,
    tables: std::collections::BTreeMap<String, archive::Sum>,
}

/// Writes, reads back, and only then gives the file its name.
pub(crate) async fn run(args: Args, config: &Config) -> anyhow::Result<()> {
    let file = args.file;
    if file.exists() {
        bail!("file: {} exists. A backup overwrites nothing: name another file.", file.display());
    }
    let folder = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let beside =
        |error| format!("file: cannot write into {}: {error}. Name another folder.", folder.display());
    let location = config.location()?;
    let now = SystemClock.now();
    let progress = output::Progress::new(2);
    progress.step("writing");
    // Readable by its owner alone, and gone if this ends early.
    let temporary = tempfile::Builder::new()
        .prefix(".plenary-backup-")
        .tempfile_in(folder)
        .map_err(|error| anyhow::anyhow!(beside(error)))?;
    let mut out = BufWriter::with_capacity(1 << 18, temporary.as_file());
    let (header, manifest) = archive::write(&location, &config.uploads(), now, &mut out).await?;
    out.flush()?;
    drop(out);
    temporary.as_file().sync_all()?;
    progress.step("reading back");
    read_back(temporary.path(), folder, &header, &manifest).await?;
    progress.done();
    let bytes = temporary.as_file().metadata()?.len();
    temporary.persist_noclobber(&file).with_context(|| {
        format!("file: cannot write {}. A backup overwrites nothing: name another file.", file.display())
    })?;
    // The name too shall survive a power cut.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    let remembered = LastBackup { at: now, file: std::path::absolute(&file)? };
    if let Err(error) = remembered.remember(&config.data) {
        tracing::warn!(%error, "the data folder could not remember this backup; `plenary doctor` will not know of it");
    }
    let (rows, uploads) = (manifest.rows(), manifest.uploads);
    if args.json {
        return output::json(&Report {
            file,
            bytes,
            head: header.head,
            rows,
            uploads,
            tables: manifest.tables,
        });
    }
    output::line(format_args!(
        "{} holds the record up to change {}: {rows} rows and {uploads} uploaded files in {}. It was read back and is whole. \
         Keep it as safe as the record: it holds its secrets.",
        file.display(),
        header.head,
        size(bytes)
    ));
    Ok(())
}

/// Restores the file into a fresh place beside it, compares, and throws that away.
async fn read_back(
    file: &Path,
    folder: &Path,
    header: &archive::Header,
    manifest: &archive::Manifest,
) -> anyhow::Result<()> {
    let fresh = tempfile::Builder::new().prefix(".plenary-read-back-").tempdir_in(folder)?;
    let location = Location::from_data_dir(fresh.path());
    let restored =
        archive::restore(&location, Arc::new(SystemClock), File::open(file)?, Uploads::Compare, false).await;
    let restored = restored.context("the backup could not be read back, and was thrown away")?;
    if restored.header != *header || restored.manifest != *manifest {
        bail!("the backup came back otherwise than it was written, and was thrown away. Check the disk.");
    }
    Ok(())
}

/// For people.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}
