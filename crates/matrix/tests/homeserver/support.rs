//! A real Synapse for a test, with our registration and our configuration.
#![allow(dead_code, reason = "the tests of several crates use what they need")]

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, http::StatusCode, routing::any};
use matrix::{
    appservice::{Call, Incoming, Listener},
    client::{Client, Options},
    id::{EventId, RoomId, ServerName, UserId},
    registration::{Namespace, Registration},
    synapse::{Conference, fragment},
};
use serde_json::{Value, json};
use std::{
    collections::HashSet,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// The Python that has Synapse; `None`, with a word on standard error, where there is none and nobody insists.
fn python() -> Option<&'static str> {
    // The second is where `./test tools` puts it, as seen from this crate.
    let found = ["python3", "../../target/test-tools/python/bin/python3"].into_iter().find(|python| {
        let has = Command::new(python).args(["-c", "import synapse.app"]).stderr(Stdio::null()).status();
        has.is_ok_and(|status| status.success())
    });
    if found.is_none() {
        let why = "no Python with matrix-synapse was found: ./test tools installs it";
        assert!(std::env::var_os("CI").is_none(), "{why}");
        eprintln!("skipped: {why}");
    }
    found
}

/// Starts the program with the files in that folder.
fn spawn(python: &str, folder: &Path) -> Child {
    let at = |name: &str| folder.join(name);
    let output =
        || Stdio::from(std::fs::File::options().create(true).append(true).open(at("output")).unwrap());
    Command::new(python)
        .args(["-m", "synapse.app.homeserver", "--config-path"])
        .arg(at("homeserver.yaml"))
        .arg("--config-path")
        .arg(at("conference.yaml"))
        .stdin(Stdio::null())
        .stdout(output())
        .stderr(output())
        .spawn()
        .unwrap()
}

/// A running homeserver; it ends with this value.
pub(crate) struct Homeserver {
    child: Child,
    python: &'static str,
    folder: TempDir,
    /// Its web address.
    pub(crate) address: String,
    /// By what it knows us.
    pub(crate) registration: Registration,
    /// Our names on it.
    pub(crate) ours: Namespace,
    http: reqwest::Client,
}

impl Homeserver {
    /// Starts one that tells `receiver` what happens; `None` where the test is skipped. `change` may alter the
    /// registration first.
    pub(crate) async fn start(receiver: &str, change: impl FnOnce(&mut Registration)) -> Option<Self> {
        let python = python()?;
        // A disk makes every event wait; what is tested here needs none.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.unwrap();
        let at = |name: &str| folder.path().join(name);
        let server = ServerName::parse("plenary.test").unwrap();
        let mut registration = Registration::new(&server, receiver).unwrap();
        change(&mut registration);
        std::fs::write(at("plenary.yaml"), registration.yaml()).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let base = json!({
            "server_name": server,
            "pid_file": at("pid"),
            "listeners": [{
                "port": port, "type": "http", "bind_addresses": ["127.0.0.1"],
                "resources": [{ "names": ["client", "federation"] }],
            }],
            "database": { "name": "sqlite3", "args": { "database": at("homeserver.db") } },
            "media_store_path": at("media"),
            "signing_key_path": at("signing.key"),
            "log_config": at("log.yaml"),
            "macaroon_secret_key": "only for this test",
            "form_secret": "only for this test",
            "report_stats": false,
            "trusted_key_servers": [],
            "enable_registration": true,
            "enable_registration_without_verification": true,
            "bcrypt_rounds": 4,
        });
        std::fs::write(at("homeserver.yaml"), base.to_string()).unwrap();
        let log = json!({
            "version": 1,
            "disable_existing_loggers": false,
            "formatters": { "line": { "format": "%(asctime)s %(levelname)s %(name)s %(message)s" } },
            "handlers": { "file": { "class": "logging.FileHandler", "filename": at("log"), "formatter": "line" } },
            "root": { "level": "WARNING", "handlers": ["file"] },
        });
        std::fs::write(at("log.yaml"), log.to_string()).unwrap();
        // An ed25519 key of this test's own.
        std::fs::write(at("signing.key"), "ed25519 a_test aZNyTZ9nBB2TYGZ1AZMlU9nFDKJ5rXAwIYuBr2LC5Yc\n")
            .unwrap();
        let conference = Conference {
            server: server.clone(),
            attendees: 1_000,
            registration_file: at("plenary.yaml").display().to_string(),
            sign_in: None,
        };
        std::fs::write(at("conference.yaml"), fragment(&conference)).unwrap();
        let child = spawn(python, folder.path());
        let mut homeserver = Self {
            child,
            python,
            folder,
            address: format!("http://127.0.0.1:{port}"),
            registration,
            ours: Namespace::new(server),
            http: reqwest::Client::new(),
        };
        homeserver.wait().await;
        Some(homeserver)
    }

    /// Kills it, as a machine that loses its power does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again after [`Homeserver::kill`], with what it knows.
    pub(crate) async fn again(&mut self) {
        self.child = spawn(self.python, self.folder.path());
        self.wait().await;
    }

    async fn wait(&mut self) {
        let began = Instant::now();
        loop {
            let health = self.http.get(format!("{}/health", self.address)).send().await;
            if health.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none() && began.elapsed() < Duration::from_secs(90), "{}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What it wrote.
    pub(crate) fn log(&self) -> String {
        let read = |name: &str| std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        format!("{}\n{}", read("output"), read("log"))
    }

    /// A client with the usual limits.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.options()).unwrap()
    }

    /// The options of such a client.
    pub(crate) fn options(&self) -> Options {
        Options::new(&self.address, &self.registration.as_token)
    }

    /// Somebody with an account and a client of their own.
    pub(crate) async fn person(&self, name: &str) -> Person {
        let body = json!({ "username": name, "password": "only for this test", "auth": { "type": "m.login.dummy" } });
        let url = format!("{}/_matrix/client/v3/register", self.address);
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        Person {
            id: UserId::parse(answer["user_id"].as_str().expect("an account is made")).unwrap(),
            token: answer["access_token"].as_str().unwrap().to_owned(),
            address: self.address.clone(),
            http: self.http.clone(),
        }
    }
}

impl Drop for Homeserver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            println!("{}", self.log());
        }
    }
}

/// Somebody on the homeserver who is none of ours.
pub(crate) struct Person {
    pub(crate) id: UserId,
    token: String,
    address: String,
    http: reqwest::Client,
}

impl Person {
    /// Makes a call as any client does; the status and the answer come back.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}/_matrix/client/v3/{path}", self.address);
        let request = self.http.request(method.parse().unwrap(), url).bearer_auth(&self.token);
        let request = if method == "GET" { request } else { request.json(&body) };
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    /// Enters a room.
    pub(crate) async fn join(&self, room: &RoomId) -> u16 {
        self.call("POST", &format!("rooms/{room}/join"), json!({})).await.0
    }

    /// Sends an event of any kind.
    pub(crate) async fn send(&self, room: &RoomId, kind: &str, key: &str, content: Value) -> EventId {
        let (status, answer) = self.call("PUT", &format!("rooms/{room}/send/{kind}/{key}"), content).await;
        assert_eq!(status, 200, "{answer}");
        EventId::parse(answer["event_id"].as_str().unwrap()).unwrap()
    }

    /// Says something.
    pub(crate) async fn say(&self, room: &RoomId, text: &str) -> EventId {
        self.send(room, "m.room.message", text, json!({ "msgtype": "m.text", "body": text })).await
    }
}

/// What a receiver has got, in order.
#[derive(Default)]
pub(crate) struct Received {
    /// Transactions by their identifiers, with how often each came.
    pub(crate) transactions: Vec<(String, usize)>,
    /// What was in them, without what came again.
    pub(crate) events: Vec<Incoming>,
    /// The kinds of other calls.
    pub(crate) calls: Vec<String>,
    /// Those that were worked on.
    done: HashSet<String>,
    /// How many are still refused before they are worked on.
    pub(crate) fail: usize,
    /// How many answers are still lost after the work is done.
    pub(crate) forget: usize,
    /// How many calls were turned away for want of the right token.
    pub(crate) unauthorised: usize,
}

/// An application service that takes down what it gets.
pub(crate) struct Receiver {
    /// Where it listens.
    pub(crate) url: String,
    pub(crate) received: Arc<Mutex<Received>>,
    listener: Arc<Mutex<Option<Listener>>>,
}

impl Receiver {
    /// Begins to listen; it answers 503 until it knows the registration.
    pub(crate) async fn start() -> Self {
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", socket.local_addr().unwrap());
        let receiver = Self { url, received: Arc::default(), listener: Arc::default() };
        let state = (Arc::clone(&receiver.received), Arc::clone(&receiver.listener));
        let router = Router::new().fallback(any(answer)).with_state(state);
        tokio::spawn(async move { axum::serve(socket, router).await });
        receiver
    }

    /// Answers from now on as that registration says.
    pub(crate) fn serve(&self, homeserver: &Homeserver) {
        let listener = Listener::new(homeserver.registration.hs_token.clone(), homeserver.ours.clone());
        *self.listener.lock().unwrap() = Some(listener);
    }

    /// Waits for an event such as that, and gives it.
    pub(crate) async fn until(&self, what: &str, such: impl Fn(&Incoming) -> bool) -> Incoming {
        let began = Instant::now();
        loop {
            {
                let received = self.received.lock().unwrap();
                if let Some(event) = received.events.iter().find(|event| such(event)) {
                    return event.clone();
                }
                assert!(
                    began.elapsed() < Duration::from_secs(30),
                    "{what} never came: {:?}",
                    received.events
                );
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

type Shared = (Arc<Mutex<Received>>, Arc<Mutex<Option<Listener>>>);

async fn answer(
    State((received, listener)): State<Shared>,
    method: axum::http::Method,
    uri: axum::http::Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let mut received = received.lock().unwrap();
    let listener = listener.lock().unwrap();
    let Some(listener) = &*listener else { return (StatusCode::SERVICE_UNAVAILABLE, "{}".to_owned()) };
    let authorization = headers.get("authorization").and_then(|value| value.to_str().ok());
    let call = match listener.read(method.as_str(), uri.path(), authorization, &body) {
        Ok(call) => call,
        Err(rejection) => {
            if rejection.status == 401 || rejection.status == 403 {
                received.unauthorised += 1;
            }
            return (StatusCode::from_u16(rejection.status).unwrap(), rejection.body());
        }
    };
    match call.clone() {
        Call::Transaction { id, events } => {
            match received.transactions.iter_mut().find(|(known, _)| *known == id) {
                Some((_, times)) => *times += 1,
                None => received.transactions.push((id.clone(), 1)),
            }
            if received.fail > 0 {
                received.fail -= 1;
                return (StatusCode::SERVICE_UNAVAILABLE, "{}".to_owned());
            }
            if received.done.insert(id) {
                received.events.extend(events);
            }
            if received.forget > 0 {
                received.forget -= 1;
                return (StatusCode::BAD_GATEWAY, "{}".to_owned());
            }
            (StatusCode::OK, "{}".to_owned())
        }
        Call::Ping => {
            received.calls.push("ping".to_owned());
            (StatusCode::OK, "{}".to_owned())
        }
        Call::User(_) | Call::Room(_) => {
            received.calls.push(format!("{call:?}"));
            let (status, body) = matrix::appservice::answer(false);
            (StatusCode::from_u16(status).unwrap(), body.to_owned())
        }
    }
}
