//! The crash test of webhooks: the server is killed with SIGKILL, again and again, while it delivers. Afterwards every
//! entry of the feed has reached the receiver, in order, under an identifier of its own.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use model::{
    edition::Edition,
    feed::Actor,
    permission::Subject,
    text::{Line, WebUrl},
    time::{Clock, SystemClock},
    webhook::DeliveryState,
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    hash::{BuildHasher, Hasher, RandomState},
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use store::{Location, Store, WebhookEdit};
use support::Server;

/// How often the server is killed.
const KILLS: u32 = 8;

/// So long everything may take to arrive after the last kill.
const PATIENCE: Duration = Duration::from_mins(3);

/// What the receiver got: the number in the feed and the identifier of the delivery, in order.
type Got = Arc<Mutex<Vec<(i64, String)>>>;

#[test]
fn every_change_reaches_a_webhook_in_order_when_the_server_is_killed_again_and_again() {
    let data = tempfile::tempdir().unwrap();
    std::fs::write(data.path().join("plenary.toml"), "allow_private_addresses = true\n").unwrap();
    let seed = RandomState::new().build_hasher().finish();
    println!("seed {seed}");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let location = Location::from_data_dir(data.path());
    let store = runtime.block_on(Store::open(&location, Arc::new(SystemClock))).unwrap();
    let edition = runtime.block_on(store.new_edition(&Actor::System, &edition())).unwrap();

    let secret = Arc::new(Mutex::new(String::new()));
    let got = Got::default();
    let port = receive(&got, &secret);
    let subject = Subject::operator("test".to_owned(), SystemClock.now());
    let edit = WebhookEdit {
        name: Line::from("Crash test"),
        url: WebUrl::parse(&format!("http://127.0.0.1:{port}/hook")).unwrap(),
        kinds: ["edition".to_owned()].into(),
    };
    let (hook, made) = runtime.block_on(store.add_webhook(&subject, None, &edit)).unwrap();
    *secret.lock().unwrap() = made;
    let begin = runtime.block_on(store.head()).unwrap();

    // Somebody changes the edition all the while.
    let over = Arc::new(AtomicBool::new(false));
    let writer = {
        let (store, over, handle) = (store.clone(), Arc::clone(&over), runtime.handle().clone());
        thread::spawn(move || {
            let mut number = 0_u32;
            while !over.load(Ordering::SeqCst) {
                number += 1;
                let rule = |mut all: model::programme::Programme| {
                    all.edition.subtitle = Line::from(format!("State {number}").as_str());
                    Ok(all)
                };
                handle.block_on(store.change(&Actor::System, edition.id, rule)).unwrap();
                thread::sleep(Duration::from_millis(20));
            }
        })
    };
    let mut dice = seed | 1;
    for _ in 0..KILLS {
        let server = Server::start(data.path(), &["serve", "--listen", "127.0.0.1:0"]);
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // After a kill the lease of the one before has to end first.
        thread::sleep(Duration::from_millis(2_000 + (dice >> 33) % 6_000));
        // Dropping kills it, with SIGKILL.
        drop(server);
    }
    over.store(true, Ordering::SeqCst);
    writer.join().unwrap();

    let expected: Vec<i64> = runtime
        .block_on(store.changes_since(begin, 1_000_000))
        .unwrap()
        .iter()
        .filter(|entry| entry.kind == "edition")
        .map(|entry| entry.seq)
        .collect();
    let killed = got.lock().unwrap().len();
    let server = Server::start(data.path(), &["serve", "--listen", "127.0.0.1:0"]);
    let waited = Instant::now();
    let waiting = || {
        let known = runtime.block_on(store.webhook(&subject, hook)).unwrap().unwrap();
        known.pending > 0 || known.webhook.cursor < *expected.last().unwrap()
    };
    while waiting() {
        assert!(waited.elapsed() < PATIENCE, "not all was delivered in time");
        thread::sleep(Duration::from_millis(200));
    }
    assert!(server.stop(), "the server stops when it is told to");

    let got = got.lock().unwrap();
    let mut ids: BTreeMap<i64, &str> = BTreeMap::new();
    let mut first = vec![];
    for (seq, id) in got.iter() {
        match ids.insert(*seq, id) {
            None => first.push(*seq),
            Some(before) => assert_eq!(before, id, "change {seq} came under two identifiers"),
        }
    }
    assert_eq!(first, expected, "every change arrives, and first in its order");
    let different: std::collections::BTreeSet<&str> = ids.values().copied().collect();
    assert_eq!(different.len(), expected.len(), "no two changes share an identifier");
    let log = runtime.block_on(store.deliveries(hook, None, 1_000_000)).unwrap();
    assert_eq!(log.len(), expected.len(), "the log holds every change once");
    assert!(log.iter().all(|(one, _)| one.state == DeliveryState::Delivered));
    assert!(log.iter().any(|(one, _)| one.attempts > 1), "what was refused once was tried again");
    assert_eq!(runtime.block_on(store::verify(&store)).unwrap(), Vec::<String>::new());
    println!(
        "{KILLS} kills; {} changes, {killed} deliveries until the last kill, {} came twice",
        expected.len(),
        got.len() - expected.len()
    );
}

fn edition() -> Edition {
    serde_json::from_value(json!({
        "id": "00000000-0000-4000-8000-000000000001", "slug": "crash-2030", "series": "Crash", "title": "Crash 2030",
        "zone": "UTC", "first_day": "2030-05-01", "last_day": "2030-05-02",
    }))
    .unwrap()
}

/// A receiver that checks signatures and refuses the tenth delivery once.
fn receive(got: &Got, secret: &Arc<Mutex<String>>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (got, secret) = (Arc::clone(got), Arc::clone(secret));
    thread::spawn(move || {
        let mut count = 0;
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            // A server that is killed breaks off in the middle.
            let Some((headers, body)) = request(&stream) else { continue };
            let header = |name: &str| headers.get(name).cloned().unwrap_or_default();
            let (id, stamp) = (header("webhook-id"), header("webhook-timestamp"));
            let secrets = [secret.lock().unwrap().clone()];
            let expected = webhook::sign::signature(&secrets, &id, stamp.parse().unwrap(), &body).unwrap();
            assert_eq!(header("webhook-signature"), expected);
            count += 1;
            if count == 10 {
                let _ =
                    stream.write_all(b"HTTP/1.1 500 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                continue;
            }
            let said: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(said["type"], "edition.changed");
            got.lock().unwrap().push((said["data"]["seq"].as_i64().unwrap(), id));
            let _ = stream.write_all(b"HTTP/1.1 204 OK\r\nconnection: close\r\n\r\n");
        }
    });
    port
}

/// One whole request; `None` when it broke off.
fn request(stream: &TcpStream) -> Option<(BTreeMap<String, String>, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let Some((name, value)) = line.trim().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    Some((headers, body))
}
