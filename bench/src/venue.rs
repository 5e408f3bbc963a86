//! Live rooms: thousands of open pages, and how long a message takes to reach all of them.
//!
//! The server is a process of its own on a fresh record; the open pages are in this process, which shares its two cores
//! with it. Pages are opened over a few rooms of which one is large; then people say things, each a page of theirs, and every page notes
//! when it was told. Meanwhile pages of the room are asked for. Last, one room's log is filled as fast as the record takes it.

use crate::{
    edition,
    http::{Connection, get},
    public::Subject,
    report::{Bar, Report, head, percentile},
    server::{self, Server},
};
use anyhow::{Context, ensure};
use futures_util::{SinkExt, StreamExt};
use model::{
    account::Proof,
    address::Address,
    chat::{Author, Rights, Said, Spoke},
    email::Email,
    feed::Actor,
    id::AccountId,
    room::LiveRoom,
    text::{Line, RichText},
    time::SystemClock,
};
use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use store::{Location, NewAccount, Saying, Store, Way};
use tokio::{net::TcpStream, sync::mpsc};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};
use uuid::Uuid;

/// How many pages are in the large room.
const LARGE: usize = 1_000;

/// How many rooms there are.
const ROOMS: usize = 20;

/// How many people speak, by turns.
const SPEAKERS: usize = 60;

/// How to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many pages are open.
    #[arg(long, default_value_t = 5_000)]
    pages: usize,
    /// How many messages are said in a second, in all rooms together.
    #[arg(long, default_value_t = 30)]
    rate: u64,
    /// For how many seconds.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Keep the figures here as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Exit with 1 when a bar is missed.
    #[arg(long)]
    check: bool,
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Measures by itself.
pub(crate) fn run(args: &Args) -> anyhow::Result<bool> {
    let binaries = server::build()?;
    println!("{}", head());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut report = Report::default();
    runtime.block_on(async {
        let subject = Subject::prepare(&binaries, edition::USUAL)?;
        pages(args, &subject, &mut report).await?;
        log(&mut report).await
    })?;
    if let Some(file) = &args.json {
        report.write(file)?;
    }
    Ok(report.is_ok() || !args.check)
}

/// What open pages noted: how long after it was said each message reached each page, in milliseconds.
type Delays = Arc<Mutex<Vec<f64>>>;

async fn pages(args: &Args, subject: &Subject, report: &mut Report) -> anyhow::Result<()> {
    let location = Location::from_data_dir(subject.data.path());
    let store = Store::open(&location, Arc::new(SystemClock)).await?;
    let head = store.editions().await?.pop().context("there is no edition")?;
    let programme = store.programme(head.edition.id).await?.context("there is no programme")?;
    let rooms: Vec<LiveRoom> = programme.rooms.iter().take(ROOMS).map(LiveRoom::of).collect();
    ensure!(rooms.len() > 1, "the edition has too few rooms");
    let speakers = speakers(&store).await?;
    let server = Server::start(
        server::plenary(subject.binaries(), subject.data.path())
            .args(["serve", "--listen", "127.0.0.1:0"])
            .env("PLENARY_STREAMS", "20000")
            .env("PLENARY_STREAMS_PER_CLIENT", "20000")
            .env("PLENARY_CONNECTIONS", "20000")
            .env("PLENARY_CONNECTIONS_PER_CLIENT", "20000"),
    )?;
    let path = |room: &LiveRoom| Address::LiveRoom(room.slug.as_str()).path(&head.edition.slug);
    // The pages of everybody are drawn once before, so that what is measured is not the first start.
    let mut first = Connection::open(server.address).await?;
    for room in &rooms {
        first.status(&get(&path(room))).await?;
    }
    let before = server.memory("VmRSS")?;
    let begun = Instant::now();
    let (delays, told): (Delays, _) = (Arc::default(), Arc::new(AtomicUsize::new(0)));
    let mut counts = vec![0_usize; rooms.len()];
    let others = args.pages.saturating_sub(LARGE);
    for number in 0..args.pages {
        let room = if number < LARGE { 0 } else { 1 + (number - LARGE) % (rooms.len() - 1) };
        counts[room] += 1;
        let socket = open(&server, &path(&rooms[room]), None).await?;
        let (delays, told) = (Arc::clone(&delays), Arc::clone(&told));
        tokio::spawn(async move { listen(socket, begun, &delays, &told).await });
    }
    eprintln!("{LARGE} pages in one room and {others} in {} others", rooms.len() - 1);
    tokio::time::sleep(Duration::from_secs(7)).await;
    let each = (server.memory("VmRSS")? - before) / args.pages as f64;
    report.alone("open page, idle, KB", each / 1_024.0, Bar::AtMost(20.0));

    let mut voices = vec![];
    for (number, cookie) in speakers.iter().enumerate() {
        let room = number % rooms.len();
        let socket = open(&server, &path(&rooms[room]), Some(cookie)).await?;
        voices.push((room, speak(socket)));
    }
    let asking = tokio::spawn(ask(server.address, rooms.iter().map(path).collect(), args.seconds));
    let messages = args.rate * args.seconds;
    let mut expected = 0;
    let mut pace = tokio::time::interval(Duration::from_secs_f64(1.0 / args.rate as f64));
    for number in 0..messages {
        pace.tick().await;
        let (room, voice) = &voices[(number as usize) % voices.len()];
        let text = format!("At {} of {number}", begun.elapsed().as_micros());
        voice.send(text).await?;
        expected += counts[*room];
    }
    // Everything is on its way; what takes longer than this is too late by any bar.
    for _ in 0..100 {
        if told.load(Ordering::Relaxed) >= expected {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let reached = told.load(Ordering::Relaxed);
    let mut delays = std::mem::take(&mut *delays.lock().unwrap_or_else(PoisonError::into_inner));
    report.alone(
        format!("messages that did not arrive, of {expected}"),
        expected.abs_diff(reached) as f64,
        Bar::AtMost(0.0),
    );
    report.alone("delivery p50, ms", percentile(&mut delays, 0.5), Bar::None);
    report.alone("delivery p95, ms", percentile(&mut delays, 0.95), Bar::AtMost(250.0));
    report.alone("delivery p99, ms", percentile(&mut delays, 0.99), Bar::AtMost(500.0));
    let mut asked = asking.await??;
    report.alone("room page meanwhile p95, ms", percentile(&mut asked, 0.95), Bar::AtMost(200.0));
    store.close().await;
    Ok(())
}

/// Accounts that may speak, by the cookies of their browsers.
async fn speakers(store: &Store) -> anyhow::Result<Vec<String>> {
    let mut cookies = vec![];
    for number in 0..SPEAKERS {
        let proof = Proof::Email(Email::parse(&format!("speaker{number}@example.org"))?);
        let new = NewAccount { name: Line::clean(&format!("Speaker {number}")), ..NewAccount::default() };
        let id = store.account_for(&Actor::System, &proof, &new).await?;
        let secret = store.sign_in(id, &Way::Email, "bench", "").await?;
        let signature = store.secret().sign("sign-in cookie", &secret);
        cookies.push(format!("plenary={secret}.{signature}"));
    }
    Ok(cookies)
}

async fn open(server: &Server, path: &str, cookie: Option<&str>) -> anyhow::Result<Socket> {
    let mut request = format!("ws://{}{path}socket", server.address).into_client_request()?;
    if let Some(cookie) = cookie {
        request.headers_mut().insert("cookie", cookie.parse()?);
    }
    Ok(connect_async(request).await?.0)
}

/// Notes when each message arrives that says when it was said.
async fn listen(mut socket: Socket, begun: Instant, delays: &Delays, told: &AtomicUsize) {
    while let Some(Ok(frame)) = socket.next().await {
        let Message::Text(text) = frame else { continue };
        let Some((_, rest)) = text.split_once("<p>At ") else { continue };
        let said = rest.split(' ').next().and_then(|micros| micros.parse::<u64>().ok());
        if let Some(said) = said {
            let delay = begun.elapsed().as_secs_f64() * 1e3 - said as f64 / 1e3;
            delays.lock().unwrap_or_else(PoisonError::into_inner).push(delay);
            told.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A page through which somebody speaks.
fn speak(mut socket: Socket) -> mpsc::Sender<String> {
    let (sender, mut words) = mpsc::channel::<String>(64);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                word = words.recv() => {
                    let Some(text) = word else { return };
                    let said = serde_json::json!({ "id": Uuid::new_v4(), "do": "say", "text": text });
                    if socket.send(Message::text(said.to_string())).await.is_err() {
                        return;
                    }
                }
                frame = socket.next() => if !matches!(frame, Some(Ok(_))) { return },
            }
        }
    });
    sender
}

/// Asks for pages of rooms, ten a second.
async fn ask(address: std::net::SocketAddr, paths: Vec<String>, seconds: u64) -> anyhow::Result<Vec<f64>> {
    let mut connection = Connection::open(address).await?;
    let mut pace = tokio::time::interval(Duration::from_millis(100));
    let (mut took, begun) = (vec![], Instant::now());
    for path in paths.iter().cycle() {
        if begun.elapsed() > Duration::from_secs(seconds) {
            break;
        }
        pace.tick().await;
        let asked = Instant::now();
        let status = connection.status(&get(path)).await?;
        ensure!(status == 200, "{path} answers {status}");
        took.push(asked.elapsed().as_secs_f64() * 1e3);
    }
    Ok(took)
}

/// How many messages one room's log takes in a second, each acknowledged once it is on the disk.
async fn log(report: &mut Report) -> anyhow::Result<()> {
    const MESSAGES: usize = 20_000;
    const AT_ONCE: usize = 500;
    let folder = tempfile::tempdir()?;
    let store = Store::open(&Location::from_data_dir(folder.path()), Arc::new(SystemClock)).await?;
    let programme = edition::programme(edition::USUAL)?;
    let options = store::ImportOptions::default();
    store.import(&Actor::System, &programme, model::merge::Carries::ALL, &options).await?;
    let head = store.editions().await?.pop().context("there is no edition")?;
    let room = programme.rooms.first().context("there is no room")?.id;
    let venue = ::venue::Venue::new(store.clone(), |_: &_, _: &_, _: Option<&_>| bytes::Bytes::new());
    let stop = tokio_util::sync::CancellationToken::new();
    let running = tokio::spawn(venue.clone().run(stop.clone()));
    let begun = Instant::now();
    let mut people = tokio::task::JoinSet::new();
    for person in 0..AT_ONCE {
        let (venue, edition) = (venue.clone(), head.edition.id);
        people.spawn(async move {
            for number in 0..MESSAGES / AT_ONCE {
                let saying = Saying {
                    id: Uuid::now_v7(),
                    edition,
                    room,
                    spoke: Spoke::Browser,
                    author: Author::Account(AccountId(Uuid::from_u128(person as u128))),
                    name: Line::clean("Somebody"),
                    rights: Rights { moderates: false, locked: false },
                    said: Said::Message {
                        text: RichText::clean(&format!("Message {number} of {person}, of some length.")),
                        reply_to: None,
                    },
                    outside: None,
                };
                venue.say(saying).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = people.join_next().await {
        done??;
    }
    let rate = MESSAGES as f64 / begun.elapsed().as_secs_f64();
    report.alone("messages on the disk, one room, 1/s", rate, Bar::AtLeast(3_000.0));
    stop.cancel();
    running.await?;
    store.close().await;
    Ok(())
}
