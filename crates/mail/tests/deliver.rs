//! The mailer against a real SMTP server: what arrives, what is refused, what is uncertain, and how the connection is
//! kept secret.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use jiff::{SignedDuration, Timestamp};
use mail::{Password, Security, Smtp, SmtpSettings};
use model::{
    email::Email,
    feed::Actor,
    id::{MailId, ReplyId},
    mail::{MailKind, Mailbox, NewMail, Opens, SecretLink, Stage, SuppressReason},
    text::Line,
    time::{Clock, SystemClock},
};
use std::{
    collections::BTreeSet,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};
use store::{Location, Store};
use support::{SmtpServer, certificate, header};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A clock that a test moves ahead.
#[derive(Clone, Debug, Default)]
struct MovedClock(Arc<AtomicI64>);

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        SystemClock.now() + SignedDuration::from_secs(self.0.load(Ordering::SeqCst))
    }
}

struct World {
    store: Store,
    clock: MovedClock,
    folder: tempfile::TempDir,
    location: Location,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = MovedClock::default();
        let location = Location::from_data_dir(folder.path());
        let store = Store::open(&location, Arc::new(clock.clone())).await.unwrap();
        Self { store, clock, folder, location }
    }

    async fn queue(&self, to: &[&str]) -> Vec<MailId> {
        let mails = to.iter().map(|to| notice(to)).collect();
        self.store.queue_mail(&Actor::System, mails).await.unwrap().queued
    }

    /// Waits until a mail is in that state.
    async fn becomes(&self, id: MailId, stage: Stage) {
        let begin = Instant::now();
        loop {
            let mail = self.store.mail(id).await.unwrap().unwrap().0;
            if mail.state.stage() == stage {
                return;
            }
            assert!(begin.elapsed() < Duration::from_secs(40), "{mail:?} should be {stage:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until a mail was tried, and waits for its next attempt.
    async fn is_tried_later(&self, id: MailId) {
        let begin = Instant::now();
        loop {
            let mail = self.store.mail(id).await.unwrap().unwrap().0;
            if mail.attempts == 1 {
                assert_eq!(mail.state.stage(), Stage::Queued, "{mail:?}");
                return;
            }
            assert!(begin.elapsed() < Duration::from_secs(40), "{mail:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn answer(&self, id: MailId) -> String {
        self.store.mail(id).await.unwrap().unwrap().0.answer.to_string()
    }

    async fn sound(&self) {
        assert_eq!(store::verify(&self.store).await.unwrap(), Vec::<String>::new());
    }
}

fn notice(to: &str) -> NewMail {
    NewMail::new(MailKind::Notice, Mailbox::bare(Email::parse(to).unwrap()))
        .with("subject", "Grüße")
        .with("body", "Schöne Grüße.\n.\nEnd.")
        .with("link", "")
}

fn settings(port: u16) -> SmtpSettings {
    SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port: Some(port),
        security: Security::None,
        user: None,
        password: None,
        password_file: None,
        from: "plenary@example.org".to_owned(),
        from_name: "Plenary".to_owned(),
        ca_file: None,
        replies: None,
        hello: None,
        timeout_seconds: 2,
        connections: 3,
    }
}

fn encrypted(port: u16, security: Security, ca: &Path) -> SmtpSettings {
    SmtpSettings {
        host: "localhost".to_owned(),
        security,
        ca_file: Some(ca.to_owned()),
        user: Some("plenary".to_owned()),
        password: Some(Password::from("correct horse".to_owned())),
        ..settings(port)
    }
}

/// A mailer that runs until it is told to stop.
struct Mailer(CancellationToken, JoinHandle<()>);

impl Mailer {
    fn start(store: &Store, settings: &SmtpSettings) -> Self {
        let stop = CancellationToken::new();
        let smtp = Some(Smtp::new(settings).unwrap());
        let base = "https://conf.example.org".to_owned();
        Self(stop.clone(), tokio::spawn(mail::run(store.clone(), smtp, base, stop)))
    }

    async fn stop(self) {
        self.0.cancel();
        self.1.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_arrives_as_the_record_says() {
    let world = World::new().await;
    let Some(server) = SmtpServer::start(world.folder.path(), &[]) else { return };
    let mailer = Mailer::start(&world.store, &settings(server.port));
    let ids = world.queue(&["ada@example.org"]).await;
    world.becomes(ids[0], Stage::Sent).await;
    let taken = server.taken();
    assert_eq!(taken.len(), 1);
    let (mail, attempts) = world.store.mail(ids[0]).await.unwrap().unwrap();
    assert_eq!(taken[0]["from"], "plenary@example.org");
    assert_eq!(header(&taken[0], "Message-ID"), mail.message_id.as_deref());
    assert_eq!(header(&taken[0], "Auto-Submitted"), Some("auto-generated"));
    assert_eq!(header(&taken[0], "List-Unsubscribe"), None);
    let body = taken[0]["body"].as_str().unwrap().replace("\r\n", "\n");
    assert!(body.starts_with(&mail.body), "{body} is not {}", mail.body);
    assert_eq!(attempts.len(), 1);
    let number = taken[0]["number"].as_str().unwrap();
    assert_eq!(model::mail::server_number(mail.answer.as_str()), Some(number));
    mailer.stop().await;
    world.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_about_a_thread_can_be_answered_where_the_settings_name_an_address() {
    let world = World::new().await;
    let Some(server) = SmtpServer::start(world.folder.path(), &[]) else { return };
    let thread = ReplyId(uuid::Uuid::from_u128(7));
    let queue = async || {
        let mail = NewMail { reply: Some(thread), ..notice("ada@example.org") };
        let ids = world.store.queue_mail(&Actor::System, vec![mail]).await.unwrap().queued;
        world.becomes(ids[0], Stage::Sent).await;
    };
    let answered = SmtpSettings { replies: Some("reply@example.org".to_owned()), ..settings(server.port) };
    for settings in [answered, settings(server.port)] {
        let mailer = Mailer::start(&world.store, &settings);
        queue().await;
        mailer.stop().await;
    }
    let taken = server.taken();
    let address = header(&taken[0], "Reply-To").unwrap().trim_matches(['<', '>']);
    let token = address.strip_prefix("reply+").unwrap().strip_suffix("@example.org").unwrap();
    assert_eq!(world.store.reply_of_token(token), Some(thread));
    let says = |at: usize| taken[at]["body"].as_str().unwrap().contains("by replying to this mail");
    assert!(says(0));
    // Without an address nothing is said of it.
    assert_eq!(header(&taken[1], "Reply-To"), None);
    assert!(!says(1));
    world.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_in_a_mail_opens_and_stands_only_there() {
    let world = World::new().await;
    let Some(server) = SmtpServer::start(world.folder.path(), &[]) else { return };
    let mailer = Mailer::start(&world.store, &settings(server.port));
    let link = SecretLink {
        opens: Opens::SignIn,
        before: "https://conf.example.org/sign-in/link/".to_owned(),
        after: "/".to_owned(),
        next: "/".to_owned(),
        minutes: 30,
    };
    let to = Mailbox::bare(Email::parse("ada@example.org").unwrap());
    let mail = NewMail { link: Some(link), ..NewMail::new(MailKind::SignIn, to) };
    let ids = world.store.queue_mail(&Actor::Visitor, vec![mail]).await.unwrap().queued;
    world.becomes(ids[0], Stage::Sent).await;
    let body = server.taken()[0]["body"].as_str().unwrap().to_owned();
    let token = body.split("/sign-in/link/").nth(1).unwrap().split('/').next().unwrap();
    assert!(world.store.link(token).await.unwrap().is_some());
    mailer.stop().await;
    world.store.close().await;
    for file in std::fs::read_dir(world.folder.path()).unwrap() {
        let file = file.unwrap();
        if file.file_name() == "journal" {
            continue;
        }
        // What SQLite has just tidied away holds nothing.
        let Ok(bytes) = std::fs::read(file.path()) else { continue };
        let found = bytes.windows(token.len()).any(|window| window == token.as_bytes());
        assert!(!found, "{:?} holds the token", file.file_name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_refuses_for_ever_or_for_now_is_told_apart() {
    let world = World::new().await;
    let Some(server) = SmtpServer::start(world.folder.path(), &[]) else { return };
    let mailer = Mailer::start(&world.store, &settings(server.port));
    let ids = world
        .queue(&["nobody@example.org", "spam@example.org", "grey@example.org", "later@example.org"])
        .await;
    world.becomes(ids[0], Stage::Refused).await;
    world.becomes(ids[1], Stage::Refused).await;
    assert!(world.answer(ids[0]).await.contains("no such user"), "{}", world.answer(ids[0]).await);
    world.is_tried_later(ids[2]).await;
    world.is_tried_later(ids[3]).await;
    let listed = world.store.suppressions().await.unwrap();
    assert_eq!(listed.len(), 1, "spam is no missing mailbox");
    assert_eq!(
        (listed[0].address.as_str(), listed[0].reason),
        ("nobody@example.org", SuppressReason::NoMailbox)
    );

    world.clock.0.store(120, Ordering::SeqCst);
    let more = world.queue(&["ada@example.org"]).await;
    for id in [ids[2], ids[3], more[0]] {
        world.becomes(id, Stage::Sent).await;
    }
    assert_eq!(server.taken().len(), 3);
    mailer.stop().await;
    world.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_uncertain_and_no_answer_is_tried_again() {
    let world = World::new().await;
    let Some(server) = SmtpServer::start(world.folder.path(), &[]) else { return };
    let mailer = Mailer::start(&world.store, &settings(server.port));
    let ids = world.queue(&["drop@example.org", "break@example.org", "slow@example.org"]).await;
    world.is_tried_later(ids[0]).await;
    assert!(server.taken_for("drop@example.org").is_empty());
    world.becomes(ids[1], Stage::Uncertain).await;
    world.becomes(ids[2], Stage::Uncertain).await;
    // However long one waits, what may have arrived is not sent again by itself.
    world.clock.0.store(7 * 24 * 3_600, Ordering::SeqCst);
    let more = world.queue(&["ada@example.org"]).await;
    world.becomes(more[0], Stage::Sent).await;
    world.becomes(ids[0], Stage::Sent).await;
    assert_eq!(server.taken_for("break@example.org").len(), 1);
    assert_eq!(server.taken_for("slow@example.org").len(), 1);
    // Somebody decides, and it goes with the same Message-ID.
    let before = header(&server.taken_for("slow@example.org")[0], "Message-ID").unwrap().to_owned();
    world.store.send_mail_again(&Actor::Operator("test".to_owned()), ids[2]).await.unwrap();
    world.becomes(ids[2], Stage::Uncertain).await;
    let taken = server.taken_for("slow@example.org");
    assert_eq!(taken.len(), 2);
    assert_eq!(header(&taken[1], "Message-ID"), Some(before.as_str()));
    mailer.stop().await;
    world.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_goes_encrypted_and_signed_in_by_starttls_and_by_tls() {
    for (security, flag) in [(Security::Starttls, "--starttls"), (Security::Tls, "--tls")] {
        let world = World::new().await;
        let Some((certificate, key)) = certificate(world.folder.path()) else { return };
        let (certificate_text, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
        let mut args = vec![flag, "--certificate", certificate_text, "--key", key];
        if security == Security::Starttls {
            args.extend(["--user", "plenary", "--password", "correct horse"]);
        }
        let Some(server) = SmtpServer::start(world.folder.path(), &args) else { return };
        let mut settings = encrypted(server.port, security, &certificate);
        if security == Security::Tls {
            // The test's server offers signing in only after STARTTLS.
            (settings.user, settings.password) = (None, None);
        }
        mail::check(&Smtp::new(&settings).unwrap()).await.unwrap();
        let mailer = Mailer::start(&world.store, &settings);
        let ids = world.queue(&["ada@example.org"]).await;
        world.becomes(ids[0], Stage::Sent).await;
        let taken = server.taken();
        assert_eq!(taken[0]["encrypted"], true, "{security:?}");
        if security == Security::Starttls {
            assert_eq!(taken[0]["user"], "plenary");
        }
        mailer.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_said_to_a_server_that_is_not_the_right_one() {
    let world = World::new().await;
    let Some((certificate, key)) = certificate(world.folder.path()) else { return };
    let other = tempfile::tempdir().unwrap();
    let Some((stranger, _)) = support::certificate(other.path()) else { return };
    let (text, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
    let args = [
        "--starttls",
        "--certificate",
        text,
        "--key",
        key,
        "--user",
        "plenary",
        "--password",
        "correct horse",
    ];
    let Some(server) = SmtpServer::start(world.folder.path(), &args) else { return };
    let try_with = async |settings: SmtpSettings| mail::check(&Smtp::new(&settings).unwrap()).await;
    let right = encrypted(server.port, Security::Starttls, &certificate);
    try_with(right.clone()).await.unwrap();
    // Another's certificate.
    let error = try_with(encrypted(server.port, Security::Starttls, &stranger)).await.unwrap_err();
    assert!(error.to_lowercase().contains("certificate"), "{error}");
    // A wrong password, which is told to nobody.
    let wrong = SmtpSettings { password: Some(Password::from("hunter2".to_owned())), ..right };
    let error = try_with(wrong.clone()).await.unwrap_err();
    assert!(!error.contains("hunter2"), "{error}");
    // Mail waits, and organisers see why.
    let mailer = Mailer::start(&world.store, &wrong);
    let ids = world.queue(&["ada@example.org"]).await;
    let begin = Instant::now();
    let trouble = loop {
        if let Some(trouble) = world.store.mail_server_trouble().await.unwrap() {
            break trouble;
        }
        assert!(begin.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(trouble.error.contains("535"), "{}", trouble.error);
    let mail = world.store.mail(ids[0]).await.unwrap().unwrap().0;
    assert_eq!((mail.state.stage(), mail.attempts), (Stage::Queued, 0), "it is not the mail's fault");
    mailer.stop().await;
    // A server that offers no STARTTLS gets nothing.
    drop(server);
    let Some(open) = SmtpServer::start(other.path(), &[]) else { return };
    let error = try_with(encrypted(open.port, Security::Starttls, &certificate)).await.unwrap_err();
    assert!(error.contains("STARTTLS"), "{error}");
    assert!(open.taken().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_comes_back_gets_what_waited() {
    let world = World::new().await;
    let Some(first) = SmtpServer::start(world.folder.path(), &[]) else { return };
    let port = first.port;
    drop(first);
    let mailer = Mailer::start(&world.store, &settings(port));
    let ids = world.queue(&["ada@example.org", "bob@example.org"]).await;
    let begin = Instant::now();
    while world.store.mail_server_trouble().await.unwrap().is_none() {
        assert!(begin.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let Some(server) = SmtpServer::start(world.folder.path(), &["--port", &port.to_string()]) else { return };
    for id in ids {
        world.becomes(id, Stage::Sent).await;
    }
    assert_eq!(server.taken().len(), 2);
    assert_eq!(world.store.mail_server_trouble().await.unwrap(), None);
    mailer.stop().await;
    world.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_nodes_one_sends_each_mail() {
    let world = World::new().await;
    let Some(server) = SmtpServer::start(world.folder.path(), &["--delay", "3"]) else { return };
    let other = Store::open(&world.location, Arc::new(world.clock.clone())).await.unwrap();
    let mailers =
        [Mailer::start(&world.store, &settings(server.port)), Mailer::start(&other, &settings(server.port))];
    let to: Vec<String> = (0..120).map(|number| format!("p{number}@example.org")).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    let ids = world.queue(&to).await;
    for id in &ids {
        world.becomes(*id, Stage::Sent).await;
    }
    let taken: Vec<String> =
        server.taken().iter().map(|mail| header(mail, "Message-ID").unwrap().to_owned()).collect();
    let unique: BTreeSet<&String> = taken.iter().collect();
    assert_eq!((taken.len(), unique.len()), (120, 120));
    for mailer in mailers {
        mailer.stop().await;
    }
    world.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_a_slow_server_takes_its_time_with_stays_its_senders() {
    let world = World::new().await;
    let Some(server) = SmtpServer::start(world.folder.path(), &[]) else { return };
    let patient = SmtpSettings { timeout_seconds: 60, ..settings(server.port) };
    let other = Store::open(&world.location, Arc::new(world.clock.clone())).await.unwrap();
    let mailers = [Mailer::start(&world.store, &patient), Mailer::start(&other, &patient)];
    let id = world.queue(&["patience@example.org"]).await[0];
    world.becomes(id, Stage::Sending).await;
    // Together longer than the lease; in between the sender has held it anew.
    for _ in 0..2 {
        world.clock.0.fetch_add(19, Ordering::SeqCst);
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(10_500) {
            let stage = world.store.mail(id).await.unwrap().unwrap().0.state.stage();
            assert!(matches!(stage, Stage::Sending | Stage::Sent), "{stage:?}");
            if stage == Stage::Sent {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    world.becomes(id, Stage::Sent).await;
    assert_eq!(server.taken().len(), 1);
    for mailer in mailers {
        mailer.stop().await;
    }
    world.sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_server_mail_is_kept() {
    let world = World::new().await;
    let stop = CancellationToken::new();
    let mailer = tokio::spawn(mail::run(world.store.clone(), None, String::new(), stop.clone()));
    let ids = world.queue(&["ada@example.org"]).await;
    world.becomes(ids[0], Stage::Kept).await;
    stop.cancel();
    mailer.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_of_a_list_is_good_for_its_mail_and_this_server() {
    let (ours, theirs) = (World::new().await, World::new().await);
    let id = MailId(uuid::Uuid::now_v7());
    let token = mail::leave_token(ours.store.secret(), id);
    assert_eq!(mail::mail_of_token(ours.store.secret(), &token), Some(id));
    assert_eq!(mail::mail_of_token(theirs.store.secret(), &token), None);
    let other = mail::leave_token(ours.store.secret(), MailId(uuid::Uuid::now_v7()));
    let mixed = format!("{}.{}", token.split('.').next().unwrap(), other.split('.').nth(1).unwrap());
    assert_eq!(mail::mail_of_token(ours.store.secret(), &mixed), None);
    assert_eq!(mail::mail_of_token(ours.store.secret(), ""), None);
    assert!(Line::clean(&token).as_str() == token, "it can stand in an address");
}
