//! The crash test: the server and everybody who writes are killed with SIGKILL, again and again, at random
//! instants. What was acknowledged is there afterwards, nothing is there twice, and whoever follows the change
//! feed goes on where they were.
//!
//! Acknowledged means that a command ended well, or that the server answered. What was under way at the kill may
//! be there or not, but never in part.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use model::{
    text::Slug,
    time::{SharedClock, SystemClock},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs::OpenOptions,
    hash::{BuildHasher, Hasher, RandomState},
    io::{Read, Write as _},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use store::{Location, Store};
use support::{Server, plenary};

/// How often the server is killed at least.
const KILLS: u32 = 50;
/// How long the killing goes on at least, so that a fast machine sees more of it.
const AT_LEAST: Duration = Duration::from_secs(25);
/// After this time the killing ends even if it was not often enough, and the test fails.
const AT_MOST: Duration = Duration::from_mins(3);

const EDITION: &str = "crash-2030";
/// Sessions that every version of the file holds; the rest come and go.
const STEADY: u32 = 10;
const SESSIONS: u32 = 30;
/// The session that an organiser retitles, over and over.
const RETITLED: u32 = 5;
const FOLLOWER: &str = "crash-test";
/// Where the follower process finds the record and writes its diary.
const FOLLOWER_DATA: &str = "CRASH_TEST_FOLLOWER_DATA";

#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_doubled_when_everybody_is_killed_again_and_again() {
    let data = tempfile::tempdir().unwrap();
    let seed = RandomState::new().build_hasher().finish();
    println!("seed {seed}");
    let mut dice = Dice(seed);
    let world = Arc::new(World::default());
    import(data.path(), &world);
    assert!(world.faults().is_empty(), "{:?}", world.faults());

    let mut writers = vec![
        repeat(&world, data.path(), import),
        repeat(&world, data.path(), import),
        repeat(&world, data.path(), retitle),
        repeat(&world, data.path(), follow),
    ];
    for number in 0..3 {
        writers.push(stars(&world, number));
    }

    let begin = Instant::now();
    let mut kills = 0;
    while begin.elapsed() < AT_MOST && (kills < KILLS || begin.elapsed() < AT_LEAST) {
        if dice.below(5) == 0 {
            // In the middle of starting.
            let mut child = plenary(data.path())
                .args(["serve", "--listen", "127.0.0.1:0"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            thread::sleep(Duration::from_millis(dice.below(150)));
            child.kill().unwrap();
            child.wait().unwrap();
        } else {
            let server = Server::start(data.path(), &["serve", "--listen", "127.0.0.1:0"]);
            *world.server.lock().unwrap() = Some(server.address.parse().unwrap());
            thread::sleep(Duration::from_millis(dice.below(700)));
            if dice.below(2) == 0 {
                world.kill_commands(&mut dice);
            }
            // Dropping kills it, with SIGKILL.
            drop(server);
        }
        kills += 1;
        *world.server.lock().unwrap() = None;
    }
    world.over.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.join().unwrap();
    }
    let faults = world.faults();
    assert!(faults.is_empty(), "commands failed that nobody had killed: {faults:#?}");
    assert!(
        kills >= KILLS,
        "the server was killed {kills} times only: the machine is too slow for this test"
    );

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let said = runtime.block_on(judge(data.path(), &world));
    println!(
        "{kills} kills of the server, {} of commands; {said}",
        world.commands_killed.load(Ordering::SeqCst)
    );
    search_has_caught_up(data.path(), &world);
}

/// What the test did, and what it was told.
#[derive(Default)]
struct World {
    over: AtomicBool,
    /// Where the server listens, while it runs.
    server: Mutex<Option<SocketAddr>>,
    /// Commands under way, by process number.
    running: Mutex<BTreeSet<u32>>,
    /// Those of them that were killed.
    killed: Mutex<BTreeSet<u32>>,
    commands_killed: AtomicU32,
    /// Counts versions of the file, titles and lists, so that each is recognised.
    counter: AtomicU32,
    told: Mutex<Told>,
}

/// What was acknowledged.
#[derive(Default)]
struct Told {
    /// Releases by number, with their notes.
    releases: BTreeMap<u32, String>,
    /// Notes of releases that were asked for.
    notes: BTreeSet<String>,
    /// The number in the newest acknowledged title, and in every title that was tried after it.
    title: u32,
    titles_since: Vec<u32>,
    /// Lists of stars by token: the acknowledged one, and those that were tried after it.
    lists: BTreeMap<String, Vec<BTreeSet<u32>>>,
    /// What went wrong without a kill.
    faults: Vec<String>,
}

impl World {
    fn next(&self) -> u32 {
        self.counter.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn fault(&self, what: String) {
        self.told.lock().unwrap().faults.push(what);
    }

    fn faults(&self) -> Vec<String> {
        self.told.lock().unwrap().faults.clone()
    }

    /// Runs a command to its end; `None` when it was killed on the way.
    fn run(&self, mut command: Command) -> Option<(bool, String, String)> {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let id = child.id();
        self.running.lock().unwrap().insert(id);
        let (mut out, mut err) = (String::new(), String::new());
        let _ = child.stdout.take().unwrap().read_to_string(&mut out);
        let _ = child.stderr.take().unwrap().read_to_string(&mut err);
        let status = wait(&mut child, &self.running, id);
        let killed = self.killed.lock().unwrap().remove(&id);
        // A command that was done before the kill came has acknowledged.
        if killed && status.code().is_none() { None } else { Some((status.success(), out, err)) }
    }

    /// Kills some of the commands under way.
    fn kill_commands(&self, dice: &mut Dice) {
        // Held while killing, so that no number is killed that another process has got since.
        let running = self.running.lock().unwrap();
        for id in running.iter().filter(|_| dice.below(3) > 0) {
            self.killed.lock().unwrap().insert(*id);
            let told =
                Command::new("kill").args(["-KILL", &id.to_string()]).stderr(Stdio::null()).status().unwrap();
            if told.success() {
                self.commands_killed.fetch_add(1, Ordering::SeqCst);
            }
        }
    }
}

/// Waits for a child, and strikes it off the list before its number can be used again.
fn wait(child: &mut Child, running: &Mutex<BTreeSet<u32>>, id: u32) -> std::process::ExitStatus {
    loop {
        let mut running = running.lock().unwrap();
        if let Some(status) = child.try_wait().unwrap() {
            running.remove(&id);
            return status;
        }
        drop(running);
        thread::sleep(Duration::from_millis(2));
    }
}

/// Does `what` until the killing is over.
fn repeat(world: &Arc<World>, data: &Path, what: fn(&Path, &World)) -> thread::JoinHandle<()> {
    let (world, data) = (Arc::clone(world), data.to_owned());
    thread::spawn(move || {
        while !world.over.load(Ordering::SeqCst) {
            what(&data, &world);
        }
    })
}

/// Imports the next version of the file, which becomes a release.
fn import(data: &Path, world: &World) {
    let version = world.next();
    let note = format!("import {version}");
    let file = data.join(format!("{version}.xml"));
    std::fs::write(&file, schedule(version)).unwrap();
    world.told.lock().unwrap().notes.insert(note.clone());
    let mut command = plenary(data);
    command.arg("import").arg(&file).args(["--json", "--note", &note]);
    let done = world.run(command);
    std::fs::remove_file(&file).unwrap();
    let Some((ok, out, err)) = done else { return };
    let report: serde_json::Value = serde_json::from_str(&out).unwrap_or_default();
    match report[0]["release"]["number"].as_u64() {
        Some(number) if ok => {
            let before = world.told.lock().unwrap().releases.insert(number as u32, note.clone());
            if let Some(before) = before {
                world.fault(format!("release {number} was acknowledged to {before} and to {note}"));
            }
        }
        _ => world.fault(format!("{note}: {out}{err}")),
    }
}

/// Gives a session another title and publishes it.
fn retitle(data: &Path, world: &World) {
    let number = world.next();
    let note = format!("retitle {number}");
    {
        let mut told = world.told.lock().unwrap();
        told.notes.insert(note.clone());
        told.titles_since.push(number);
    }
    let mut command = plenary(data);
    command.args(["session", "retitle", &code(RETITLED), &format!("Title {number}"), "--release", &note]);
    let Some((ok, out, err)) = world.run(command) else { return };
    if !ok {
        return world.fault(format!("{note}: {out}{err}"));
    }
    let mut told = world.told.lock().unwrap();
    told.title = number;
    told.titles_since.clear();
    // An import may have published the new title before this command could: then there is no release for it.
    let release = out.split_once("Release ").and_then(|(_, rest)| rest.split(' ').next()?.parse().ok());
    if let Some(release) = release {
        told.releases.insert(release, note);
    }
}

/// Follows the change feed in a process of its own, until that is killed or the test is over.
fn follow(data: &Path, world: &World) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "the_process_that_follows_the_feed", "--ignored", "--nocapture"])
        .env(FOLLOWER_DATA, data);
    match world.run(command) {
        Some((true, ..)) | None => {}
        Some((false, out, err)) => world.fault(format!("the follower: {out}{err}")),
    }
}

/// Keeps lists of stars over HTTP: new ones, and other stars on old ones.
fn stars(world: &Arc<World>, writer: u8) -> thread::JoinHandle<()> {
    let world = Arc::clone(world);
    thread::spawn(move || {
        let mut dice = Dice(u64::from(writer));
        let mut mine: Vec<String> = vec![];
        while !world.over.load(Ordering::SeqCst) {
            let Some(address) = *world.server.lock().unwrap() else {
                thread::sleep(Duration::from_millis(5));
                continue;
            };
            let sessions: BTreeSet<u32> =
                (0..STEADY).filter(|_| dice.below(2) == 0).chain([writer.into()]).collect();
            let token = (mine.len() > 3 && dice.below(4) > 0)
                .then(|| mine[dice.below(mine.len() as u64) as usize].clone());
            if let Some(token) = &token {
                let mut told = world.told.lock().unwrap();
                told.lists.get_mut(token).unwrap().push(sessions.clone());
            }
            let codes: Vec<String> = sessions.iter().map(|number| code(*number)).collect();
            let body = serde_json::json!({ "sessions": codes, "token": token }).to_string();
            // Each request comes from an address of its own, for one address may not write so often.
            let from = Ipv4Addr::from(0x7F01_0000 + (u32::from(writer) << 20) + world.next() % 0xF_FFFF);
            let Ok((status, answer)) = post(address, from, &format!("/{EDITION}/stars/"), &body) else {
                continue;
            };
            let answer: serde_json::Value = serde_json::from_str(&answer).unwrap_or_default();
            let Some(given) = answer["token"].as_str().filter(|_| status == 200) else {
                world.fault(format!("stars: {status} {answer}"));
                continue;
            };
            if token.as_deref().is_some_and(|token| token != given) {
                world.fault(format!("the list of {token:?} was answered as {given}"));
            }
            if token.is_none() {
                mine.push(given.to_owned());
            }
            world.told.lock().unwrap().lists.insert(given.to_owned(), vec![sessions]);
        }
    })
}

/// Sends JSON and gives the whole answer; an error when the connection broke before its end.
fn post(to: SocketAddr, from: Ipv4Addr, path: &str, body: &str) -> std::io::Result<(u16, String)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.bind(SocketAddr::new(IpAddr::V4(from), 0))?;
        socket.connect(to).await?.into_std()
    })?;
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: {to}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let cut = || std::io::Error::other("the answer is cut");
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(cut)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(cut)?;
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    if length.is_some_and(|length: usize| body.len() < length) {
        return Err(cut());
    }
    Ok((status, body.to_owned()))
}

/// Compares the record with what was acknowledged; gives a summary.
async fn judge(data: &Path, world: &World) -> String {
    let clock: SharedClock = Arc::new(SystemClock);
    let store = Store::open(&Location::from_data_dir(data), clock).await.unwrap();
    let broken = store::verify(&store).await.unwrap();
    assert!(broken.is_empty(), "{broken:#?}");

    // Everybody who told is done, so it is taken out and needs no lock.
    let told = std::mem::take(&mut *world.told.lock().unwrap());
    let slug = Slug::parse(EDITION).unwrap();
    let edition = store.edition(&slug).await.unwrap().unwrap().edition;

    let releases = store.releases(edition.id).await.unwrap();
    let notes: BTreeMap<u32, &str> = releases.iter().map(|head| (head.number, head.note.as_str())).collect();
    for (number, note) in &told.releases {
        assert_eq!(notes.get(number), Some(&note.as_str()), "release {number} was acknowledged");
    }
    let distinct: BTreeSet<&str> = notes.values().copied().collect();
    assert_eq!(distinct.len(), notes.len(), "something was released twice: {notes:?}");
    for note in distinct {
        assert!(told.notes.contains(note), "nobody asked for release \"{note}\"");
    }
    for (number, note) in &notes {
        if let Some(version) = note.strip_prefix("import ") {
            let release = store.release(edition.id, *number).await.unwrap().unwrap();
            let first =
                release.programme.sessions.iter().find(|session| session.code.as_str() == code(0)).unwrap();
            assert_eq!(
                first.title.as_str(),
                format!("Version {version}"),
                "release {number} holds another import"
            );
        }
    }

    let programme = store.programme(edition.id).await.unwrap().unwrap();
    let title =
        &programme.sessions.iter().find(|session| session.code.as_str() == code(RETITLED)).unwrap().title;
    let mut titles: Vec<String> = told.titles_since.iter().map(|number| format!("Title {number}")).collect();
    titles.push(format!("Title {}", told.title));
    assert!(
        titles.iter().any(|allowed| allowed == title.as_str()),
        "the title is \"{title}\" and not one of {titles:?}"
    );

    let numbers: BTreeMap<_, u32> = programme
        .sessions
        .iter()
        .filter_map(|session| Some((session.id, session.code.as_str().strip_prefix('C')?.parse().ok()?)))
        .collect();
    for (token, allowed) in &told.lists {
        let held = store.stars(edition.id, token).await.unwrap();
        let held = held.unwrap_or_else(|| panic!("the list {token} was acknowledged and is gone"));
        let held: BTreeSet<u32> = held.iter().map(|session| numbers[session]).collect();
        assert!(allowed.contains(&held), "the list {token} is {held:?} and not one of {allowed:?}");
    }

    let entries = store.changes_since(0, 1_000_000).await.unwrap();
    let told_of = diary(&data.join("diary"), &entries.iter().map(|entry| entry.seq).collect());
    store.close().await;
    format!(
        "{} releases, {} of them acknowledged; {} lists of stars; {} changes, of which the follower saw {told_of}",
        notes.len(),
        told.releases.len(),
        told.lists.len(),
        entries.len()
    )
}

/// Reads what the follower wrote down: it saw every change up to its last, none out of order, and after each kill it
/// went on from where its work was known to be done. Gives how many changes it saw.
fn diary(file: &Path, feed: &BTreeSet<i64>) -> usize {
    let mut seen = BTreeSet::new();
    let (mut last, mut kept, mut kills) = (0, 0, 0);
    let text = std::fs::read_to_string(file).unwrap();
    for line in text.lines() {
        let (word, number) = line.split_once(' ').unwrap();
        let number: i64 = number.parse().unwrap();
        match word {
            "resume" => {
                assert!(number >= kept, "the follower resumed at {number} although it had kept {kept}");
                assert!(
                    number <= last,
                    "the follower resumed at {number} although it had only come to {last}"
                );
                (last, kept, kills) = (number, number, kills + 1);
            }
            "saw" => {
                assert!(number > last, "the follower saw {number} after {last}");
                let between: Vec<i64> = feed.range(last + 1..number).copied().collect();
                assert!(between.is_empty(), "the follower never saw {between:?}");
                seen.insert(number);
                last = number;
            }
            "kept" => kept = number,
            other => panic!("the diary says {other:?}"),
        }
    }
    assert!(kills > 5, "the follower was started {kills} times only");
    assert!(seen.iter().all(|number| feed.contains(number)), "the follower saw what is not in the feed");
    assert!(!seen.is_empty());
    seen.len()
}

/// Started by [`follow`], to be killed.
#[test]
#[ignore = "a part of the crash test, which starts it"]
fn the_process_that_follows_the_feed() {
    let Some(data) = std::env::var_os(FOLLOWER_DATA) else { return };
    let data = Path::new(&data);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let clock: SharedClock = Arc::new(SystemClock);
        let store = Store::open(&Location::from_data_dir(data), clock).await.unwrap();
        let mut diary = OpenOptions::new().create(true).append(true).open(data.join("diary")).unwrap();
        let mut head = store.watch();
        let mut cursor = store.cursor(FOLLOWER).await.unwrap();
        diary.write_all(format!("resume {cursor}\n").as_bytes()).unwrap();
        // It ends by itself now and then, so that the test ends too.
        let end = Instant::now() + Duration::from_secs(5);
        while Instant::now() < end {
            let entries = store.changes_since(cursor, 7).await.unwrap();
            for entry in &entries {
                diary.write_all(format!("saw {}\n", entry.seq).as_bytes()).unwrap();
                cursor = entry.seq;
            }
            if entries.is_empty() {
                let _ = tokio::time::timeout(Duration::from_millis(500), head.changed()).await;
            } else {
                store.advance(FOLLOWER, cursor).await.unwrap();
                diary.write_all(format!("kept {cursor}\n").as_bytes()).unwrap();
            }
        }
        store.close().await;
    });
}

/// The search index is a follower too: a server that is left alone brings it up to the newest release.
fn search_has_caught_up(data: &Path, world: &World) {
    let mut command = plenary(data);
    let file = data.join("last.xml");
    std::fs::write(&file, schedule(world.next()).replace("Steady 7", "Zephyrine")).unwrap();
    command.arg("import").arg(&file);
    assert!(command.output().unwrap().status.success());
    let server = Server::start(data, &["serve", "--listen", "127.0.0.1:0"]);
    let begin = Instant::now();
    loop {
        let (status, _, body) = server.get(&format!("/{EDITION}/search/?q=zephyrine"));
        if status == 200 && body.contains(&format!("/sessions/{}/", code(7))) {
            return;
        }
        assert!(
            begin.elapsed() < Duration::from_secs(20),
            "search does not find the newest release: {status}"
        );
        thread::sleep(Duration::from_millis(100));
    }
}

fn code(number: u32) -> String {
    format!("C{number:05}")
}

/// A version of the file: the first session names it, some sessions come and go, one room changes its name.
fn schedule(version: u32) -> String {
    let mut events = String::new();
    for number in (0..SESSIONS).filter(|number| *number < STEADY || !(number + version).is_multiple_of(5)) {
        let title = match number {
            0 => format!("Version {version}"),
            number if number < STEADY => format!("Steady {number}"),
            number => format!("Passing {number} of {}", version % 3),
        };
        let _ = write!(
            events,
            "<event id=\"{}\" guid=\"4d3f6b52-8b7e-4f43-9d60-{number:012}\" code=\"{}\"><date>2030-05-01T{:02}:{:02}:00+02:00</date>\
             <start>{:02}:{:02}</start><duration>00:30</duration><room>Hall</room><title>{title}</title><subtitle/><track>T{}</track>\
             <type>Talk</type><language>en</language><abstract>About {title}.</abstract><description/>\
             <persons><person id=\"{}\">Person {}</person></persons><links/><attachments/></event>",
            number + 1,
            code(number),
            8 + number / 2,
            number % 2 * 30,
            8 + number / 2,
            number % 2 * 30,
            number % 4,
            number % 9 + 1,
            number % 9 + 1,
        );
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><schedule><version>{version}</version><conference><acronym>{EDITION}</acronym>\
         <title>Crash 2030</title><start>2030-05-01</start><end>2030-05-01</end><days>1</days><timeslot_duration>00:05</timeslot_duration>\
         <time_zone_name>Europe/Brussels</time_zone_name></conference><day index=\"1\" date=\"2030-05-01\" start=\"2030-05-01T06:00:00+02:00\" \
         end=\"2030-05-02T04:00:00+02:00\"><room name=\"Hall\">{events}</room></day></schedule>"
    )
}

/// Numbers that look random: splitmix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % end
    }
}
