//! `plenary import`: schedule files of other tools.

use crate::{
    config::{Config, actor},
    output::{self, Progress},
};
use anyhow::{Context, bail};
use interchange::{Imported, Input, Note};
use model::{
    merge::{Kept, Merged, Tallies, Tally},
    programme::{Problem, Programme},
    release::ReleaseHead,
    text::Slug,
    time::Zone,
};
use std::{
    io::Read,
    path::{Path, PathBuf},
};
use store::{ImportOptions, Store};

/// What to read, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Files, folders or archives; - reads standard input. Parts of one export, such as sessions and speakers,
    /// are given together.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The edition to read into [default: the one that the file names].
    #[arg(long, value_name = "SLUG")]
    edition: Option<String>,
    /// The zone of times that the file states without one, and of the timetable: Europe/Berlin.
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// Only show what would be created, changed, removed and left alone.
    #[arg(long)]
    dry_run: bool,
    /// Where both the file and an organiser here changed something, take the file's word.
    #[arg(long)]
    take_theirs: bool,
    /// Import a file that removes more than half of the edition's sessions; it is refused otherwise, because it is
    /// more likely a part of a schedule.
    #[arg(long)]
    allow_removals: bool,
    /// Do not publish the result as a release.
    #[arg(long)]
    no_release: bool,
    /// What to say about the release.
    #[arg(long, default_value = "")]
    note: String,
    /// Show all notes instead of the first twenty.
    #[arg(long)]
    all_notes: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What became of one conference in the files.
#[derive(serde::Serialize)]
struct Report {
    edition: String,
    title: String,
    format: String,
    dry_run: bool,
    notes: Vec<Note>,
    kept: Vec<Kept>,
    tallies: Tallies,
    problems: usize,
    timed: bool,
    release: Option<ReleaseHead>,
}

/// Reads, compares, writes, releases.
pub(crate) async fn run(args: Args, config: &Config) -> anyhow::Result<()> {
    let options = interchange::Options {
        edition: args.edition.as_deref().map(Slug::parse).transpose()?,
        zone: args.zone.as_deref().map(Zone::parse).transpose()?,
    };
    let progress = Progress::new(4);
    progress.step("reading files");
    let files = load(&args.files)?;
    progress.step("understanding the schedule");
    let inputs: Vec<Input<'_>> = files.iter().map(|(name, bytes)| Input { name, bytes }).collect();
    let imported = interchange::read(&inputs, &options)?;
    progress.step("comparing with the record");
    let store = config.open(config.clock()).await?;
    let mut reports = vec![];
    for (at, conference) in imported.into_iter().enumerate() {
        let conference = in_known_zone(&store, conference, at, &inputs, &options).await?;
        reports.push(one(&store, conference, &args, &progress).await?);
    }
    progress.done();
    store.close().await;
    if args.json {
        return output::json(&reports);
    }
    for report in &reports {
        show(report, &args);
    }
    Ok(())
}

/// A file that names no zone is read again in the zone of the edition that the record already holds: its wall
/// clock is the conference's, and what it left unsaid must not move the whole timetable.
async fn in_known_zone(
    store: &Store,
    conference: Imported,
    at: usize,
    inputs: &[Input<'_>],
    options: &interchange::Options,
) -> anyhow::Result<Imported> {
    if conference.zone_named || options.zone.is_some() {
        return Ok(conference);
    }
    let Some(head) = store.edition(&conference.programme.edition.slug).await? else { return Ok(conference) };
    let options = interchange::Options { zone: Some(head.edition.zone), ..options.clone() };
    Ok(interchange::read(inputs, &options)?.into_iter().nth(at).unwrap_or(conference))
}

async fn one(
    store: &Store,
    conference: Imported,
    args: &Args,
    progress: &Progress,
) -> anyhow::Result<Report> {
    let Imported { format, programme, carries, notes, .. } = conference;
    let (merged, release): (Merged, _) = if args.dry_run {
        (store.preview_import(&programme, carries, args.take_theirs).await?, None)
    } else {
        progress.step(format!("writing {}", programme.edition.title));
        // What has no time yet is no timetable: it is kept, and released when there is one.
        let timed = programme.slots().next().is_some();
        let options = ImportOptions {
            take_theirs: args.take_theirs,
            allow_removals: args.allow_removals,
            release: timed && !args.no_release,
            note: args.note.clone(),
        };
        let outcome = store.import(&actor(), &programme, carries, &options).await?;
        (outcome.merged, outcome.release)
    };
    Ok(Report {
        edition: merged.programme.edition.slug.to_string(),
        title: merged.programme.edition.title.to_string(),
        format: format.to_string(),
        dry_run: args.dry_run,
        problems: clashes(&merged.programme),
        timed: merged.programme.slots().next().is_some(),
        notes,
        kept: merged.kept,
        tallies: merged.tallies,
        release,
    })
}

/// How many slots clash with another.
fn clashes(programme: &Programme) -> usize {
    programme.problems().iter().filter(|problem| !matches!(problem, Problem::NoRoom { .. })).count()
}

fn show(report: &Report, args: &Args) {
    output::line(format_args!("{} ({}), from {}", report.title, report.edition, report.format));
    let shown = if args.all_notes { usize::MAX } else { 20 };
    for note in report.notes.iter().take(shown) {
        output::line(format_args!("  note: {note}"));
    }
    if report.notes.len() > shown {
        output::line(format_args!("  and {} more notes: --all-notes shows them", report.notes.len() - shown));
    }
    output::line(format_args!(
        "{:>10} {:>8} {:>8} {:>8} {:>8}",
        "", "created", "changed", "removed", "as was"
    ));
    let tallies = &report.tallies;
    let rows = [
        ("sessions", tallies.sessions),
        ("slots", tallies.slots),
        ("persons", tallies.persons),
        ("rooms", tallies.rooms),
        ("tracks", tallies.tracks),
    ];
    for (name, Tally { created, changed, removed, alone }) in rows {
        output::line(format_args!("{name:>10} {created:>8} {changed:>8} {removed:>8} {alone:>8}"));
    }
    for kept in &report.kept {
        let verdict = if kept.overwritten { "the file's word was taken" } else { "kept as it is here" };
        output::line(format_args!(
            "  differs: {} \"{}\", {}: here {}, in the file {}; {verdict}",
            kept.kind, kept.name, kept.field, kept.ours, kept.theirs
        ));
    }
    if report.kept.iter().any(|kept| !kept.overwritten) {
        output::line("  --take-theirs takes the file's word instead");
    }
    if report.problems > 0 {
        output::line(format_args!("  {} slots overlap in one room or tear a person in two", report.problems));
    }
    match &report.release {
        Some(head) => {
            output::line(format_args!("Release {} is published at /{}/.", head.number, report.edition));
        }
        None if report.dry_run => output::line("Nothing was written (--dry-run)."),
        None if !report.timed => {
            output::line("Not published: nothing has a time yet. Import the timetable, too.");
        }
        None if args.no_release => output::line("Not published: `plenary release` publishes it."),
        None => output::line("Nothing changed, so there is no new release."),
    }
}

/// The files with their names; folders give the files in them.
fn load(paths: &[PathBuf]) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut out = vec![];
    for path in paths {
        if path.as_os_str() == "-" {
            let mut bytes = vec![];
            std::io::stdin().lock().take(interchange::MAX_INPUT as u64 + 1).read_to_end(&mut bytes)?;
            out.push(("standard input".to_owned(), bytes));
        } else if path.is_dir() {
            let mut inside: Vec<PathBuf> = std::fs::read_dir(path)
                .with_context(|| format!("file: cannot read the folder {}", path.display()))?
                .filter_map(|entry| entry.ok().map(|entry| entry.path()))
                .filter(|path| path.is_file())
                .collect();
            inside.sort();
            if inside.is_empty() {
                bail!("file: the folder {} holds no file. Name the export's files.", path.display());
            }
            for file in inside {
                out.push(load_file(&file)?);
            }
        } else {
            out.push(load_file(path)?);
        }
    }
    Ok(out)
}

fn load_file(path: &Path) -> anyhow::Result<(String, Vec<u8>)> {
    let context = || format!("file: cannot read {}. Check its name and its permissions.", path.display());
    let size = std::fs::metadata(path).with_context(context)?.len();
    if size > interchange::MAX_INPUT as u64 {
        let limit = interchange::MAX_INPUT >> 20;
        bail!(
            "file: {} is larger than {limit} MiB. No schedule is: check that it is the right file.",
            path.display()
        );
    }
    let name = path
        .file_name()
        .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    Ok((name, std::fs::read(path).with_context(context)?))
}
