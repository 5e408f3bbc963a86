//! Queueing mail: ten thousand announcements at once, on SQLite, in the write in which a post is delivered.

use crate::report::{Bar, Report, median};
use model::{
    email::Email,
    feed::Actor,
    id::EditionId,
    mail::{List, MailKind, Mailbox, NewMail},
    text::Line,
    time::{SharedClock, SystemClock},
};
use std::{
    hash::{BuildHasher, Hasher, RandomState},
    path::PathBuf,
    sync::Arc,
    time::Instant,
};
use store::{Location, Store};

/// What the bar speaks of.
const MAILS: usize = 10_000;

/// The most seconds that they may take.
const BAR: f64 = 2.0;

/// How to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How often; the median counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Also on this PostgreSQL database, which is filled.
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// Keep the figures here as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Exit with 1 when a bar is missed.
    #[arg(long)]
    check: bool,
}

/// Measures by itself.
pub(crate) fn run(args: &Args) -> anyhow::Result<bool> {
    println!("{}", crate::report::head());
    let mut report = Report::default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let folder = tempfile::tempdir()?;
        queued(&mut report, "sqlite", &Location::from_data_dir(folder.path()), args.rounds).await?;
        if let Some(url) = &args.postgres {
            queued(&mut report, "postgres", &Location::from_url(url)?, args.rounds).await?;
        }
        anyhow::Ok(())
    })?;
    if let Some(file) = &args.json {
        report.write(file)?;
    }
    Ok(report.is_ok() || !args.check)
}

/// Adds the figure "10,000 mails queued, s" for a record at `location`, which holds more mails afterwards: each with its own
/// text from the template, the suppress list and those who have left consulted, a key by which it is queued once, and an
/// entry in the change feed.
pub(crate) async fn queued(
    report: &mut Report,
    database: &str,
    location: &Location,
    rounds: usize,
) -> anyhow::Result<()> {
    let clock: SharedClock = Arc::new(SystemClock);
    let store = Store::open(location, clock).await?;
    let edition = edition(&store).await?;
    // A database that is measured again has the keys of the last time.
    let run = RandomState::new().build_hasher().finish();
    let mut seconds = vec![];
    for round in 0..rounds.max(1) {
        let mails = mails(edition, run, round)?;
        let begin = Instant::now();
        let outcome = store.queue_mail(&Actor::System, mails).await?;
        seconds.push(begin.elapsed().as_secs_f64());
        anyhow::ensure!(outcome.queued.len() == MAILS, "{} were queued", outcome.queued.len());
    }
    report.alone(format!("10,000 mails queued, s ({database})"), median(&mut seconds), Bar::AtMost(BAR));
    store.close().await;
    Ok(())
}

fn mails(edition: EditionId, run: u64, round: usize) -> anyhow::Result<Vec<NewMail>> {
    let title: Arc<str> = "The schedule is out".into();
    let body: Arc<str> = "You can now see who speaks when, and where.\n\n".repeat(20).into();
    (0..MAILS)
        .map(|number| {
            let address = format!("person{number}@example.org");
            let name = Line::clean(&format!("Person {number}"));
            let to = Mailbox { name, address: Email::parse(&address)? };
            let mail = NewMail::new(MailKind::Post, to)
                .with("title", Arc::clone(&title))
                .with("body", Arc::clone(&body))
                .with("link", "https://conf.example.org/posts/schedule/");
            let once = Some(format!("bench {run} {round} {address}"));
            Ok(NewMail { edition: Some(edition), list: Some(List::Announcements), once, ..mail })
        })
        .collect()
}

/// An edition to write about.
async fn edition(store: &Store) -> anyhow::Result<EditionId> {
    let programme = crate::edition::programme(crate::edition::USUAL)?;
    let id = programme.edition.id;
    if store.programme(id).await?.is_none() {
        let options = store::ImportOptions::default();
        store.import(&Actor::System, &programme, model::merge::Carries::ALL, &options).await?;
    }
    Ok(id)
}
