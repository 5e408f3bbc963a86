//! `plenary export`: a static copy of the public site.

use crate::{
    config::Config,
    output::{self, Progress},
};
use model::time::{SharedClock, SystemClock};
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
    /// The address at which the copy will be found, for its feeds, such as <https://archive.example.org>.
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
}

/// Writes the copy.
pub(crate) async fn run(args: Args, config: &Config) -> anyhow::Result<()> {
    let clock: SharedClock = Arc::new(SystemClock);
    let store = config.open(clock.clone()).await?;
    let edition = match args.edition {
        Some(name) => Some(super::edition(&store, Some(&name)).await?.slug),
        None => None,
    };
    let config = Config { base_url: args.base_url.or_else(|| config.base_url.clone()), ..config.clone() };
    let progress = Progress::new(1);
    progress.step("writing pages");
    let site = web::Site::new(store.clone(), clock, config.site_options()?).await?;
    let written = web::static_site::write(&site, edition.as_ref(), &args.folder).await?;
    progress.done();
    output::line(format_args!(
        "{written} in {}. Open index.html there, or serve the folder.",
        args.folder.display()
    ));
    store.close().await;
    Ok(())
}
