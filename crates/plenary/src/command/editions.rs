//! `plenary editions`: what the record holds.

use crate::{config::Config, output};
use model::{address::Address, release::ReleaseHead};

/// How to list.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(serde::Serialize)]
struct Row {
    slug: String,
    title: String,
    first_day: String,
    last_day: String,
    path: String,
    latest: Option<ReleaseHead>,
}

/// Lists the editions, newest first.
pub(crate) async fn run(args: Args, config: &Config) -> anyhow::Result<()> {
    let store = config.open(config.clock()).await?;
    let rows: Vec<Row> = store
        .editions()
        .await?
        .into_iter()
        .map(|head| Row {
            slug: head.edition.slug.to_string(),
            title: head.edition.title.to_string(),
            first_day: head.edition.first_day.to_string(),
            last_day: head.edition.last_day.to_string(),
            path: Address::Home.path(&head.edition.slug),
            latest: head.latest,
        })
        .collect();
    store.close().await;
    if args.json {
        return output::json(&rows);
    }
    if rows.is_empty() {
        output::line("The record is empty. Import an edition with `plenary import FILE`.");
    }
    for row in rows {
        let release = row.latest.map_or("not released".to_owned(), |head| format!("release {}", head.number));
        output::line(format_args!(
            "{}  {} ({} to {}), {release}, at {}",
            row.slug, row.title, row.first_day, row.last_day, row.path
        ));
    }
    Ok(())
}
