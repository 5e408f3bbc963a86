//! The crash test of mail: a server that sends is killed with SIGKILL, again and again, at random instants, while a real
//! SMTP server writes down what it takes over. Afterwards no mail was taken over twice, none is lost, and each whose
//! outcome is not known is shown as uncertain.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "../../mail/tests/support/mod.rs"]
mod smtp;
mod support;

use model::{
    email::Email,
    feed::Actor,
    id::MailId,
    mail::{MailKind, Mailbox, NewMail, Stage},
    time::{SharedClock, SystemClock},
};
use smtp::{SmtpServer, header};
use std::{
    collections::BTreeMap,
    hash::{BuildHasher, Hasher, RandomState},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use store::{Location, MailFilter, Store};
use support::Server;

/// How often the server is killed at least, and for how long at least.
const KILLS: u32 = 20;
const AT_LEAST: Duration = Duration::from_secs(20);
/// After this time the killing ends even if it was not often enough, and the test fails.
const AT_MOST: Duration = Duration::from_mins(2);
/// What is claimed or being sent at the last kill is another process's, or known to be uncertain, after less than this,
/// however long a server may take to answer.
const SETTLES: Duration = Duration::from_mins(1);

#[test]
fn nothing_that_the_mail_server_acknowledged_is_sent_twice_and_nothing_is_lost_by_sigkill() {
    let data = tempfile::tempdir().unwrap();
    let Some(smtp) = SmtpServer::start(data.path(), &["--delay", "15"]) else { return };
    let settings = format!(
        "sandbox = \"off\"\n[smtp]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nfrom = \"plenary@example.org\"\n",
        smtp.port
    );
    std::fs::write(data.path().join("plenary.toml"), settings).unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let writer = queue(data.path(), &over);
    let seed = RandomState::new().build_hasher().finish();
    println!("seed {seed}");
    let mut dice = seed;

    let begin = Instant::now();
    let mut kills = 0;
    while begin.elapsed() < AT_MOST && (kills < KILLS || begin.elapsed() < AT_LEAST) {
        let before = smtp.taken().len();
        let server = Server::start(data.path(), &["serve", "--listen", "127.0.0.1:0"]);
        // Until it has begun to send, so that most kills hit it in the middle.
        let started = Instant::now();
        while smtp.taken().len() == before && started.elapsed() < Duration::from_secs(5) {
            thread::sleep(Duration::from_millis(2));
        }
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        thread::sleep(Duration::from_millis((dice >> 33) % 300));
        // Dropping kills it, with SIGKILL.
        drop(server);
        kills += 1;
    }
    over.store(true, Ordering::SeqCst);
    let queued = writer.join().unwrap();
    assert!(
        kills >= KILLS,
        "the server was killed {kills} times only: the machine is too slow for this test"
    );

    let server = Server::start(data.path(), &["serve", "--listen", "127.0.0.1:0"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = open(data.path()).await;
        settled(&store).await;
        drop(server);
        judge(&store, &smtp, &queued, kills).await;
    });
}

async fn open(data: &Path) -> Store {
    let clock: SharedClock = Arc::new(SystemClock);
    Store::open(&Location::from_data_dir(data), clock).await.unwrap()
}

/// Queues mails in a process that is not killed, until the killing is over; gives those that were acknowledged.
fn queue(data: &Path, over: &Arc<AtomicBool>) -> thread::JoinHandle<Vec<MailId>> {
    let (data, over) = (data.to_owned(), Arc::clone(over));
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = open(&data).await;
            let mut queued = vec![];
            while !over.load(Ordering::SeqCst) {
                let mails = (0..10)
                    .map(|number| {
                        let to = format!("p{}@example.org", queued.len() + number);
                        NewMail::new(MailKind::Notice, Mailbox::bare(Email::parse(&to).unwrap()))
                            .with("subject", "Hello")
                            .with("body", "Some words.")
                            .with("link", "")
                    })
                    .collect();
                queued.extend(store.queue_mail(&Actor::System, mails).await.unwrap().queued);
                tokio::time::sleep(Duration::from_millis(120)).await;
            }
            queued
        })
    })
}

/// Waits until nothing waits any more.
async fn settled(store: &Store) {
    let begin = Instant::now();
    loop {
        let counts = store.mail_counts(&MailFilter::default()).await.unwrap();
        if !counts.contains_key(&Stage::Queued) && !counts.contains_key(&Stage::Sending) {
            return;
        }
        assert!(begin.elapsed() < SETTLES, "some mails neither go nor are given up: {counts:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn judge(store: &Store, smtp: &SmtpServer, queued: &[MailId], kills: u32) {
    assert_eq!(store::verify(store).await.unwrap(), Vec::<String>::new());
    let mut taken: BTreeMap<String, u32> = BTreeMap::new();
    for mail in smtp.taken() {
        *taken.entry(header(&mail, "Message-ID").unwrap().to_owned()).or_default() += 1;
    }
    let twice: Vec<_> = taken.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "taken over more than once: {twice:?}");
    let (mut sent, mut uncertain, mut arrived) = (0, 0, 0);
    for id in queued {
        let (mail, _) =
            store.mail(*id).await.unwrap().expect("a mail that was acknowledged is in the record");
        let was_taken = mail.message_id.as_ref().is_some_and(|id| taken.remove(id).is_some());
        match mail.state.stage() {
            Stage::Sent => {
                assert!(was_taken, "{id} is said to be sent, and the mail server does not know it");
                sent += 1;
            }
            Stage::Uncertain => {
                uncertain += 1;
                arrived += u32::from(was_taken);
            }
            other => panic!("{id} is {other:?}: {}", mail.answer),
        }
    }
    assert!(taken.is_empty(), "the mail server knows mails that the record does not: {taken:?}");
    println!("{kills} kills; {sent} mails sent once, {uncertain} uncertain, of which {arrived} had arrived");
    assert!(sent > 0);
}
