//! The public site under load, beside a bare server with the same bytes.
//!
//! Two editions are served by two servers of ours, one of 500 sessions and one of 5,000, and their answers by two
//! bare servers. Rounds are interleaved: within a round every server has its turn with every page, and every other
//! round the turns go the other way, so that what else happens on the machine meets all alike. Figures are the
//! medians of the rounds.

use crate::{
    edition::{self, LARGE, Size, USUAL},
    http::{Connection, get},
    load::{CONNECTIONS, Measured, load},
    reference,
    report::{Bar, Report, head, median},
    server::{self, Server},
};
use anyhow::{Context, ensure};
use interchange::write::{Export, schedule_json_v2};
use model::{
    address::Address,
    programme::Programme,
    release::{Counts, ReleaseHead},
};
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

/// How to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Exit 1 when a bar is missed.
    #[arg(long)]
    pub(crate) check: bool,
    /// Write the figures to this file, too.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// How many rounds to take the medians of.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,
    /// How long each server has each page in each round, in milliseconds.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(100..))]
    pub(crate) turn: u64,
}

/// How many different session and speaker pages are asked for in turn.
const PAGES: usize = 100;
/// How often starting, importing and the like are repeated.
const REPEATS: usize = 5;

/// Measures, prints, and says whether every bar is met.
pub(crate) fn run(args: &Args) -> anyhow::Result<bool> {
    eprintln!("building the release binaries");
    let binaries = server::build()?;
    // One thread for the load: the other core is the server's.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(measure(args, &binaries))?;
    if let Some(file) = &args.json {
        report.write(file).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(report.is_ok() || !args.check)
}

async fn measure(args: &Args, binaries: &Path) -> anyhow::Result<Report> {
    let mut report = Report::default();
    eprintln!("importing an edition of 500 sessions and one of 5,000");
    let usual = Subject::prepare(binaries, USUAL)?;
    let large = Subject::prepare(binaries, LARGE)?;
    println!("{}", head());
    cold_start(&usual, &mut report).await?;
    under_load(args, &usual, &large, &mut report).await?;
    allocations(&usual, &mut report)?;
    import(binaries, &mut report)?;
    let size = std::fs::metadata(binaries.join("plenary"))?.len();
    report.alone("release binary, MB", size as f64 / 1e6, Bar::AtMost(40.0));
    Ok(report)
}

/// An edition in a record of its own.
pub(crate) struct Subject {
    binaries: PathBuf,
    pub(crate) data: tempfile::TempDir,
    programme: Programme,
}

impl Subject {
    /// Imports an edition of that size as an organiser would: from a file, with the command.
    pub(crate) fn prepare(binaries: &Path, size: Size) -> anyhow::Result<Self> {
        let programme = edition::programme(size)?;
        let data = tempfile::Builder::new().prefix("plenary-bench-").tempdir()?;
        let release = ReleaseHead {
            edition: programme.edition.id,
            number: 1,
            at: jiff::Timestamp::UNIX_EPOCH,
            note: String::new(),
            counts: Counts::default(),
        };
        let file = data.path().join("schedule.json");
        std::fs::write(
            &file,
            schedule_json_v2(&Export {
                programme: &programme,
                release: &release,
                base_url: "https://conf.example.org",
                generated: jiff::Timestamp::UNIX_EPOCH,
            }),
        )?;
        let output = server::plenary(binaries, data.path()).arg("import").arg(&file).output()?;
        ensure!(output.status.success(), "the import failed: {}", String::from_utf8_lossy(&output.stderr));
        Ok(Self { binaries: binaries.to_owned(), data, programme })
    }

    /// Where the programs lie.
    pub(crate) fn binaries(&self) -> &Path {
        &self.binaries
    }

    /// Starts a server on it.
    pub(crate) fn serve(&self) -> anyhow::Result<Server> {
        Server::start(server::plenary(&self.binaries, self.data.path()).args([
            "serve",
            "--listen",
            "127.0.0.1:0",
        ]))
    }

    /// The path of an address of the edition.
    pub(crate) fn path(&self, address: &Address<'_>) -> String {
        address.path(&self.programme.edition.slug)
    }

    /// What is loaded, by name.
    fn targets(&self) -> Vec<Target> {
        let sessions = spread(&self.programme.sessions).map(|session| self.path(&session.into())).collect();
        let speakers = spread(&self.programme.persons).map(|person| self.path(&person.into())).collect();
        let one =
            |name, address: Address<'_>, least| Target { name, paths: vec![self.path(&address)], least };
        vec![
            one("schedule page", Address::Grid(None), 0.70),
            one("schedule.xml", Address::File("schedule.xml"), 0.70),
            one("schedule.json", Address::File("schedule.json"), 0.70),
            one("schedule.ics", Address::File("schedule.ics"), 0.70),
            Target { name: "session page", paths: sessions, least: 0.50 },
            Target { name: "speaker page", paths: speakers, least: 0.50 },
        ]
    }
}

/// [`PAGES`] of `things`, evenly spread over them.
fn spread<T>(things: &[T]) -> impl Iterator<Item = &T> {
    things.iter().step_by((things.len() / PAGES).max(1)).take(PAGES)
}

/// Pages that are loaded together.
struct Target {
    name: &'static str,
    paths: Vec<String>,
    /// The least share of the bare server's requests/s.
    least: f64,
}

impl Target {
    fn requests(&self) -> Arc<Vec<Vec<u8>>> {
        Arc::new(self.paths.iter().map(|path| get(path)).collect())
    }
}

/// Starts a bare server that answers `targets` as `ours` does.
async fn bare(ours: &Server, targets: &[Target]) -> anyhow::Result<(Server, tempfile::TempDir)> {
    let folder = tempfile::tempdir()?;
    let mut connection = Connection::open(ours.address).await?;
    for (number, path) in targets.iter().flat_map(|target| &target.paths).enumerate() {
        // The second answer is the one that visitors get: compressed as well as it ever will be.
        connection.status(&get(path)).await?;
        let (head, body) = connection.whole(&get(path)).await?;
        reference::keep(folder.path(), number, path, &head, &body)?;
    }
    let server = Server::start(Command::new(std::env::current_exe()?).arg("reference").arg(folder.path()))?;
    Ok((server, folder))
}

/// From the start of the process to the first page served, on a database that exists.
async fn cold_start(subject: &Subject, report: &mut Report) -> anyhow::Result<()> {
    let request = get(&subject.path(&Address::Grid(None)));
    let mut took = vec![];
    for _ in 0..REPEATS {
        let begin = Instant::now();
        let server = subject.serve()?;
        let status = Connection::open(server.address).await?.status(&request).await?;
        took.push(begin.elapsed().as_secs_f64() * 1_000.0);
        ensure!(status == 200, "the schedule page answers {status}");
    }
    report.alone("cold start to the first schedule page, ms", median(&mut took), Bar::AtMost(150.0));
    Ok(())
}

/// What is asked at which server, and what was measured.
type Cell<'a> = (&'a Server, Arc<Vec<Vec<u8>>>, Rounds);

/// What the rounds measured of one target at one server.
#[derive(Default)]
struct Rounds {
    per_second: Vec<f64>,
    p99: Vec<f64>,
}

impl Rounds {
    fn add(&mut self, measured: Measured) {
        self.per_second.push(measured.per_second);
        self.p99.push(measured.p99);
    }

    fn median(&mut self) -> (f64, f64) {
        (median(&mut self.per_second), median(&mut self.p99))
    }
}

async fn under_load(
    args: &Args,
    usual: &Subject,
    large: &Subject,
    report: &mut Report,
) -> anyhow::Result<()> {
    let turn = Duration::from_millis(args.turn);
    let (ours, ours_large) = (usual.serve()?, large.serve()?);
    let targets = usual.targets();
    let targets_large: Vec<Target> =
        large.targets().into_iter().filter(|target| target.paths.len() > 1).collect();
    let (bare_usual, _answers) = bare(&ours, &targets).await?;
    // What is asked at which server: ours and the bare one at 500 sessions, and ours at 5,000.
    let mut cells: Vec<Cell<'_>> = vec![];
    for target in &targets {
        cells.push((&ours, target.requests(), Rounds::default()));
        cells.push((&bare_usual, target.requests(), Rounds::default()));
    }
    for target in &targets_large {
        cells.push((&ours_large, target.requests(), Rounds::default()));
    }
    let searches: Arc<Vec<Vec<u8>>> = Arc::new(queries(large).iter().map(|path| get(path)).collect());
    wait_for_search(&ours_large, large).await?;
    cells.push((&ours_large, searches, Rounds::default()));

    // Every page is drawn and compressed once before anything is measured.
    for (server, requests, _) in &cells {
        let mut connection = Connection::open(server.address).await?;
        for request in requests.iter() {
            connection.status(request).await?;
        }
        load(server.address, requests, turn / 4).await?;
    }
    for round in 1..=args.rounds {
        eprintln!("round {round} of {}", args.rounds);
        let mut order: Vec<usize> = (0..cells.len()).collect();
        if round % 2 == 0 {
            order.reverse();
        }
        for at in order {
            let (server, requests, rounds) = &mut cells[at];
            rounds.add(load(server.address, requests, turn).await?);
        }
    }

    let mut results = cells.iter_mut().map(|(_, _, rounds)| rounds.median());
    let mut pages = vec![];
    for target in &targets {
        if let (Some(ours), Some(bare)) = (results.next(), results.next()) {
            report.beside(format!("{}, requests/s", target.name), ours.0, bare.0, Bar::AtLeast(target.least));
            report.beside(format!("{}, p99 ms", target.name), ours.1, bare.1, Bar::AtMost(3.0));
            if target.paths.len() > 1 {
                pages.push(ours);
            }
        }
    }
    for (target, usual) in targets_large.iter().zip(pages) {
        if let Some(large) = results.next() {
            let name = format!("{} at 5,000 beside at 500, requests/s", target.name);
            report.beside(name, large.0, usual.0, Bar::AtLeast(0.9));
        }
    }
    if let Some((per_second, p99)) = results.next() {
        report.alone(format!("search at 5,000, {CONNECTIONS} at once, p99 ms"), p99, Bar::AtMost(20.0));
        report.alone("search at 5,000, requests/s", per_second, Bar::None);
    }
    report.alone("memory after the load, MB", ours.memory("VmRSS")? / 1e6, Bar::AtMost(80.0));
    report.alone("memory at its peak, MB", ours.memory("VmHWM")? / 1e6, Bar::None);
    report.alone("memory after the load at 5,000, MB", ours_large.memory("VmRSS")? / 1e6, Bar::None);
    Ok(())
}

/// Searches as visitors type them: words of titles, two words, the beginning of a word, a name.
fn queries(subject: &Subject) -> Vec<String> {
    let search = subject.path(&Address::Search);
    let titles = spread(&subject.programme.sessions).enumerate().filter_map(|(number, session)| {
        let words: Vec<&str> = session.title.as_str().split(' ').filter(|word| word.len() > 3).collect();
        let (first, last) = (*words.first()?, *words.last()?);
        Some(match number % 3 {
            0 => first.to_owned(),
            1 => format!("{first}+{last}"),
            _ => first[..3].to_owned(),
        })
    });
    let names = spread(&subject.programme.persons).step_by(4).filter_map(|person| {
        let name = person.name.as_str().split(' ').next()?;
        name.is_ascii().then(|| name.to_owned())
    });
    titles.chain(names).map(|words| format!("{search}?q={words}")).collect()
}

/// Waits until the index has caught up with the release.
async fn wait_for_search(server: &Server, subject: &Subject) -> anyhow::Result<()> {
    let last = subject.programme.sessions.last().context("the edition holds no session")?;
    let word = last.title.as_str().split(' ').max_by_key(|word| word.len()).unwrap_or_default();
    let request = get(&format!("{}?q={word}", subject.path(&Address::Search))).clone();
    let plain = String::from_utf8_lossy(&request)
        .replace("Accept-Encoding: gzip, deflate, br, zstd\r\n", "")
        .into_bytes();
    for _ in 0..100 {
        let (_, body) = Connection::open(server.address).await?.whole(&plain).await?;
        if String::from_utf8_lossy(&body).contains("/sessions/") {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    anyhow::bail!("search finds nothing for \"{word}\"")
}

/// What one request for a page in the cache allocates, counted in the router itself.
fn allocations(subject: &Subject, report: &mut Report) -> anyhow::Result<()> {
    let output = Command::new(subject.binaries.join("allocations"))
        .arg(subject.data.path())
        .arg(subject.path(&Address::Grid(None)))
        .stdin(Stdio::null())
        .output()?;
    ensure!(
        output.status.success(),
        "counting allocations failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let counted: Counted = serde_json::from_slice(&output.stdout)?;
    report.alone("allocations of a cached request", counted.allocations, Bar::None);
    report.alone("bytes allocated by a cached request", counted.bytes, Bar::None);
    Ok(())
}

#[derive(serde::Deserialize)]
struct Counted {
    allocations: f64,
    bytes: f64,
}

/// The import of the largest real schedule file, as a whole command on an empty record.
fn import(binaries: &Path, report: &mut Report) -> anyhow::Result<()> {
    let Some(file) = largest(&crate::data::folder().join("schedules"))? else {
        eprintln!(
            "skipped: the import of the largest real file, for there are no real files ($PLENARY_TEST_DATA)"
        );
        return Ok(());
    };
    let mut took = vec![];
    for _ in 0..REPEATS {
        let record = tempfile::tempdir()?;
        let begin = Instant::now();
        let output = server::plenary(binaries, record.path()).arg("import").arg(&file).output()?;
        took.push(begin.elapsed().as_secs_f64());
        ensure!(output.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
    }
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    report.alone(format!("import of {name}, s"), median(&mut took), Bar::AtMost(1.0));
    Ok(())
}

/// The schedule file that holds the most bytes, packed files by their packed size.
fn largest(folder: &Path) -> anyhow::Result<Option<PathBuf>> {
    let mut found: Option<(u64, PathBuf)> = None;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        if !folder.is_dir() {
            continue;
        }
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let size = entry.metadata()?.len();
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if found.as_ref().is_none_or(|(most, _)| size > *most) {
                found = Some((size, entry.path()));
            }
        }
    }
    Ok(found.map(|(_, path)| path))
}
