//! `plenary release`: publishes the present state of the timetable.

use crate::{
    config::{Config, actor},
    output,
};
use model::{
    diff::{Difference, diff},
    edition::Edition,
    programme::Programme,
    time::Zone,
};
use store::Store;

/// What to release.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The edition, where the record holds several.
    #[arg(long, value_name = "SLUG")]
    edition: Option<String>,
    /// What to say about the release.
    #[arg(long, default_value = "")]
    note: String,
    /// Only show what a release would change.
    #[arg(long)]
    dry_run: bool,
}

/// Shows what changes, and publishes it.
pub(crate) async fn run(args: Args, config: &Config) -> anyhow::Result<()> {
    let store = config.open(config.clock()).await?;
    let edition = super::edition(&store, args.edition.as_deref()).await?;
    let difference = pending(&store, &edition).await?;
    show(&difference, &edition.zone);
    if args.dry_run {
        output::line("Nothing was released (--dry-run).");
    } else {
        publish(&store, &edition, &args.note).await?;
    }
    store.close().await;
    Ok(())
}

/// Publishes and says under which number.
pub(crate) async fn publish(store: &Store, edition: &Edition, note: &str) -> anyhow::Result<()> {
    match store.publish(&actor(), edition.id, note).await? {
        Some(head) => output::line(format_args!("Release {} of {} is published.", head.number, edition.slug)),
        None => output::line(format_args!("Nothing differs from the latest release of {}.", edition.slug)),
    }
    Ok(())
}

/// What the working state changes against the latest release.
async fn pending(store: &Store, edition: &Edition) -> anyhow::Result<Difference> {
    let released = store.latest_release(&edition.slug).await?.map(|release| release.programme);
    let released = released.unwrap_or_else(|| Programme::empty(edition.clone()));
    let present = store.programme(edition.id).await?.unwrap_or_else(|| Programme::empty(edition.clone()));
    Ok(diff(&released, &present))
}

/// Prints a difference, a line for each session.
pub(crate) fn show(difference: &Difference, zone: &Zone) {
    for change in &difference.sessions {
        let said: Vec<String> = change.aspects.iter().map(|aspect| aspect.describe(zone)).collect();
        output::line(format_args!(
            "{:>8}  {}  {}: {}",
            change.deed.as_str(),
            change.code,
            change.title,
            said.join("; ")
        ));
    }
    for change in &difference.things {
        output::line(format_args!("{:>8}  {} {}", change.deed.as_str(), change.kind, change.name));
    }
    if difference.edition {
        output::line(" changed  the edition itself");
    }
}
