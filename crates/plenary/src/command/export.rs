//! `plenary export`: a static copy of the public site.

use crate::{
    config::Config,
    output::{self, Progress},
};
use model::time::SystemClock;
use std::{path::PathBuf, sync::Arc};

/// What to copy, and where to.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder to write; must be empty, new, or an earlier copy.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Only this edition.
    #[arg(long, value_name = "SLUG")]
    edition: Option<String>,
    /// The address at which the copy will be found, for its feeds: https://archive.example.org.
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
}

/// Writes the copy.
pub(crate) async fn run(args: Args, config: &Config) -> anyhow::Result<()> {
    let store = config.open(Arc::new(SystemClock)).await?;
    let editions = match args.edition {
        Some(name) => vec![super::edition(&store, Some(&name)).await?.slug],
        None => vec![],
    };
    let config = Config { base_url: args.base_url.or_else(|| config.base_url.clone()), ..config.clone() };
    let progress = Progress::new(1);
    progress.step("writing pages");
    let site = web::Site::open(store.clone(), config.site_options(config.listen)?).await?;
    let written = web::static_site::write(&site, &editions, &args.folder).await?;
    progress.done();
    output::line(format_args!(
        "{} editions, {} files, {} KiB in {}. Open index.html there, or serve the folder.",
        written.editions,
        written.files,
        written.bytes.div_ceil(1024),
        args.folder.display()
    ));
    store.close().await;
    Ok(())
}
