//! `plenary restore`: puts a backup into its place.

use crate::{config::Config, output};
use model::time::SystemClock;
use std::{fs::File, path::PathBuf, sync::Arc};
use store::archive::{self, Uploads};

/// What to read.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file that `plenary backup` wrote.
    file: PathBuf,
    /// Put it in the place of a record that is not empty.
    #[arg(long)]
    replace: bool,
}

/// Restores into the place that the settings name, on either database.
pub(crate) async fn run(args: Args, config: &Config) -> anyhow::Result<()> {
    let file = File::open(&args.file)
        .map_err(|error| anyhow::anyhow!("file: {}: {error}. Check its name.", args.file.display()))?;
    let location = config.location()?;
    // Where the record lies elsewhere, the uploads are still here.
    std::fs::create_dir_all(&config.data)?;
    let progress = output::Progress::new(1);
    progress.step("restoring");
    let uploads = Uploads::Into(config.uploads());
    let restored = archive::restore(&location, Arc::new(SystemClock), file, uploads, args.replace).await?;
    progress.done();
    output::line(format_args!(
        "The record at {location} is that of {} up to change {}: {} rows and {} uploaded files, compared with the backup and \
         found sound.",
        restored.header.made.strftime("%F %H:%M UTC"),
        restored.header.head,
        restored.manifest.rows(),
        restored.manifest.uploads,
    ));
    if let Some(replaced) = restored.replaced {
        output::line(format_args!("The record before is kept as {}.", replaced.display()));
    }
    Ok(())
}
