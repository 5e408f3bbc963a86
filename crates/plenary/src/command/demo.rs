//! `plenary demo`: a complete invented edition, for a first look.

use crate::{
    config::{Config, actor},
    demo,
};
use anyhow::Context;
use jiff::Timestamp;
use model::{
    merge::Carries,
    programme::Programme,
    time::{SharedClock, ShiftedClock, StoppedClock, SystemClock},
};
use std::{net::SocketAddr, path::PathBuf, sync::Arc};
use store::{ImportOptions, Location, Store};

/// How to look at the demo.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The address to listen at; port 0 takes any free one.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Keep the data in this folder instead of a temporary one; a folder that holds a demo is opened as it is.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Stand at this moment: a time in the conference's zone (2027-10-02T10:30), an instant (with Z or an
    /// offset), or "now" for the real time [default: a busy moment of the third day].
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

/// Fills a record with the demo and serves it.
pub(crate) async fn run(args: Args, config: &Config) -> anyhow::Result<()> {
    let temporary = tempfile::Builder::new()
        .prefix("plenary-demo-")
        .tempdir()
        .context("cannot create a temporary folder")?;
    let folder = args.keep.clone().unwrap_or_else(|| temporary.path().to_owned());
    std::fs::create_dir_all(&folder).with_context(|| {
        format!("keep: cannot create the folder {}. Name a writable one.", folder.display())
    })?;
    let location = Location::from_data_dir(&folder);
    only_a_demo(&location).await.with_context(|| format!("keep: {}", folder.display()))?;
    let mut releases = demo::releases().context("the demo's own data is broken")?;
    let Some(latest) = releases.last().map(|release| &release.programme) else {
        anyhow::bail!("the demo holds no release");
    };
    let clock: SharedClock = match moment(args.at.as_deref(), latest)? {
        Some(instant) => Arc::new(ShiftedClock::standing_at(instant)),
        None => Arc::new(SystemClock),
    };
    let (slug, zone) = (latest.edition.slug.clone(), latest.edition.zone.clone());
    let edition = latest.edition.clone();
    // What was released later than that moment has not happened yet; the first release always has.
    let happened = releases.iter().filter(|release| release.published <= clock.now()).count();
    releases.truncate(happened.max(1));
    fill(&location, &releases).await?;
    demo::content::fill(&location, &slug, clock.now()).await?;
    demo::calls::fill(&location, &edition, clock.now()).await?;
    demo::live::fill(&location, &edition, clock.now()).await?;
    let store = Store::open(&location, clock.clone()).await?;
    let password = demo::calls::let_in(&store).await?;
    let guests = Guests { password, personas: demo::calls::personas()? };
    tracing::info!(
        data = %folder.display(),
        clock = %zone.local(clock.now()).strftime("%A %F %H:%M %Z"),
        "the demo's clock stands at a moment of the conference; --at TIME moves it, --at now takes the real time"
    );
    let path = format!("{slug}/");
    // Nobody of an invented conference reads mail: all of it is kept, whatever the settings say.
    let config = Config { listen: args.listen, data: folder.clone(), smtp: None, ..config.clone() };
    let opened = super::serve::open(&config)?;
    let _noted = demo::Standing::of(&clock, opened.origin()?).note(&folder)?;
    super::serve::site(store, clock, &config, opened, &path, &|origin| guests.shown(origin)).await
}

/// Refuses a record that is not the demo's: its clock stands elsewhere, and strangers can sign in to it.
async fn only_a_demo(location: &Location) -> anyhow::Result<()> {
    let Location::Sqlite(file) = location else { return Ok(()) };
    if !file.exists() {
        return Ok(());
    }
    let store = Store::open(location, Arc::new(SystemClock)).await?;
    let editions = store.editions().await?;
    let people = store.people(&store::PeopleQuery::default(), 0).await?.total;
    store.close().await;
    let ours = demo::slugs()?;
    let foreign = editions.iter().map(|head| &head.edition.slug).find(|slug| !ours.contains(slug));
    match foreign {
        Some(slug) => anyhow::bail!("the folder holds {slug}, a conference of yours. Name another folder."),
        None if editions.is_empty() && people > 0 => {
            anyhow::bail!("the folder holds {people} accounts and no demo. Name another folder.")
        }
        None => Ok(()),
    }
}

/// Who can sign in to the demo, and how.
struct Guests {
    password: String,
    personas: Vec<demo::calls::Persona>,
}

impl Guests {
    /// What is printed of them. The password is fresh at every start and opens nothing but the demo.
    fn shown(&self, origin: &str) -> String {
        let width = self.personas.iter().map(|one| one.email.as_str().len()).max().unwrap_or_default();
        let people = self.personas.iter().map(|one| format!("  {:width$}  {}", one.email.as_str(), one.does));
        format!(
            "Sign in at {origin}/sign-in/password/ as one of these, all with the password \"{}\":\n{}",
            self.password,
            people.collect::<Vec<_>>().join("\n")
        )
    }
}

/// Publishes the demo's releases, each at its own moment in the past, into a record that does not hold them.
async fn fill(location: &Location, releases: &[demo::DemoRelease]) -> anyhow::Result<()> {
    for (number, release) in releases.iter().enumerate() {
        let store = Store::open(location, Arc::new(StoppedClock(release.published))).await?;
        let held = store.edition(&release.programme.edition.slug).await?;
        if held.and_then(|head| head.latest).is_some_and(|latest| latest.number as usize > number) {
            store.close().await;
            return Ok(());
        }
        let options = ImportOptions { release: true, note: release.note.clone(), ..ImportOptions::default() };
        store.import(&actor(), &release.programme, Carries::ALL, &options).await?;
        store.close().await;
    }
    Ok(())
}

/// The instant that `--at` names; `None` for the real time.
fn moment(at: Option<&str>, programme: &Programme) -> anyhow::Result<Option<Timestamp>> {
    let edition = &programme.edition;
    let Some(at) = at else {
        let day = edition.first_day.saturating_add(jiff::Span::new().days(2));
        return Ok(edition.zone.instant(day.at(14, 50, 0, 0)));
    };
    if at.eq_ignore_ascii_case("now") {
        return Ok(None);
    }
    super::session::instant(at, edition).map(Some)
}
