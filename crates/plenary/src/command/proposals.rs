//! `plenary proposals`: what was submitted elsewhere, filed in a call.

use crate::{
    config::{Config, operator},
    output,
};
use anyhow::{Context, bail};
use interchange::Input;
use model::{
    call::{Column, incoming},
    permission::Subject,
    registration::{Row, Sheet},
    text::Slug,
    time::{Clock, SystemClock},
};
use std::{path::PathBuf, sync::Arc};
use store::Store;

/// What to do.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, clap::Subcommand)]
enum Deed {
    /// Files proposals that another tool exported in a call, as submitted: CSV, or JSON with a list of objects. The same file
    /// again changes nothing; a newer one revises what it says otherwise.
    Import {
        /// The file.
        file: PathBuf,
        /// The call, by its place in addresses.
        #[arg(long, value_name = "SLUG")]
        call: String,
        /// The edition [default: the only one].
        #[arg(long, value_name = "SLUG")]
        edition: Option<String>,
        /// The names of the columns of a table that begins without them, separated by commas; the last one stands for all
        /// that follow. Known are id, title, abstract, minutes, authors, email, and the fields of the call's form.
        #[arg(long, value_name = "NAMES", value_delimiter = ',')]
        columns: Vec<String>,
        /// Only show what would be filed.
        #[arg(long)]
        dry_run: bool,
    },
}

/// Remarks that are printed.
const REMARKS: usize = 20;

/// Does it.
pub(crate) async fn run(args: Args, config: &Config) -> anyhow::Result<()> {
    let store = config.open(Arc::new(SystemClock)).await?;
    let outcome = act(args.deed, &store).await;
    store.close().await;
    outcome
}

async fn act(deed: Deed, store: &Store) -> anyhow::Result<()> {
    let Deed::Import { file, call, edition, columns, dry_run } = deed;
    let edition = super::edition(store, edition.as_deref()).await?;
    let calls = store.calls(edition.id).await?;
    let slug = Slug::parse(&call)?;
    let Some(open) = calls.iter().find(|open| open.call.slug == slug) else {
        let known: Vec<&str> = calls.iter().map(|open| open.call.slug.as_str()).collect();
        bail!("call: {} has no \"{slug}\". It has: {}.", edition.title, known.join(", "));
    };
    let bytes = std::fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (mut sheet, notes) = interchange::read_records(Input { name: &name, bytes: &bytes })?;
    if !columns.is_empty() {
        name_columns(&mut sheet, &columns);
    }
    let meanings: Vec<Column> = sheet.columns.iter().map(|name| Column::of(name, &open.form)).collect();
    if !meanings.contains(&Column::Title) {
        bail!(
            "{name}: no column is called title; there are: {}. Name them with --columns.",
            sheet.columns.join(", ")
        );
    }
    let (proposals, remarks) = incoming(&sheet, &meanings, &open.call, &open.form);
    let subject = Subject::operator(operator(), SystemClock.now());
    let filed = store.file_proposals(&subject, &edition, open.call.id, &proposals, dry_run).await?;
    let ignored: Vec<&str> = sheet
        .columns
        .iter()
        .zip(&meanings)
        .filter(|(_, meaning)| **meaning == Column::Ignored)
        .map(|(name, _)| name.as_str())
        .collect();
    if !ignored.is_empty() {
        output::line(format_args!("Columns that were not taken: {}.", ignored.join(", ")));
    }
    for note in notes.iter().take(REMARKS) {
        output::line(format_args!("{} {}: {}. {}.", note.file, note.place, note.problem, note.remedy));
    }
    for (line, refusal) in remarks.iter().take(REMARKS) {
        output::line(format_args!("{name}, line {line}: {refusal}"));
    }
    let more = (notes.len() + remarks.len()).saturating_sub(REMARKS);
    if more > 0 {
        output::line(format_args!("... and {more} remarks more."));
    }
    output::line(format_args!(
        "{}{} new, {} changed, {} as before in {}.",
        if dry_run { "Would file: " } else { "" },
        filed.created,
        filed.changed,
        filed.same,
        open.call.name
    ));
    Ok(())
}

/// Names the columns of a table whose first row is a row like the others.
fn name_columns(sheet: &mut Sheet, names: &[String]) {
    let first = std::mem::take(&mut sheet.columns);
    let width = sheet.rows.iter().map(|row| row.cells.len()).max().unwrap_or_default().max(first.len());
    sheet.rows.insert(0, Row { line: 1, cells: first });
    let last = names.last().cloned().unwrap_or_default();
    sheet.columns =
        names.iter().cloned().chain(std::iter::repeat(last)).take(width.max(names.len())).collect();
}
