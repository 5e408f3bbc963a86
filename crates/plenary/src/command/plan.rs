//! `plenary plan`: what would be done to an outside system now.

use crate::{config::Config, output};
use matrix::spoke::Spoke;
use venue::Venue;

/// Of which system.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    system: System,
}

#[derive(Debug, clap::Subcommand)]
enum System {
    /// The rooms on the Matrix homeserver: one step a line, nothing where all is as it should be.
    Matrix,
}

/// Prints it.
pub(crate) async fn run(args: Args, config: &Config) -> anyhow::Result<()> {
    let System::Matrix = args.system;
    let settings = super::matrix::settings(config)?.open()?;
    let store = config.open(config.clock()).await?;
    // Nothing is said here, so that nobody is shown anything.
    let venue = Venue::new(store.clone(), |_: &_, _: &_, _: Option<&_>| Vec::new().into());
    let spoke = Spoke::new(settings, venue, |text| text.as_str().to_owned())?;
    let steps = spoke.plan(config.origin().trim_end_matches('/')).await;
    store.close().await;
    for step in steps? {
        output::line(step);
    }
    Ok(())
}
