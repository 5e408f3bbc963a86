//! What the tests share: servers to call, and somebody who is called back.
#![allow(dead_code, reason = "each test file uses what it needs")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test helpers")]

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{StatusCode, Uri},
};
use bigbluebutton::{
    Secret, Server,
    api::Client,
    checksum::Algorithm,
    simulator::{Options, Simulator, Version},
};
use fetch::Fetcher;
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

/// The secret of simulated servers.
pub(crate) const SECRET: &str = "639259d4-9dd8-4b25-bf01-95f9567eaf4b";

/// Any free port of this machine.
pub(crate) fn anywhere() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// A fetcher that may call this machine.
pub(crate) fn fetcher() -> Fetcher {
    let mut options = fetch::Options::new("https://plenary.example.org");
    options.allow_private = true;
    Fetcher::new(options).unwrap()
}

/// A simulated server, and a client of it.
pub(crate) async fn simulated(options: Options) -> (Simulator, Client) {
    let simulator = Simulator::start(anywhere(), options).await.unwrap();
    let client = Client::new(fetcher(), simulator.server(Algorithm::Sha256).unwrap());
    (simulator, client)
}

/// Options that try callbacks again at once and make recordings at once.
pub(crate) fn hasty() -> Options {
    Options {
        pauses: vec![Duration::from_millis(10); 4],
        processing: jiff::SignedDuration::ZERO,
        ..Options::new(SECRET)
    }
}

/// A server under test: the one of `BBB_URL` and `BBB_SECRET`, or a simulated one of each version.
pub(crate) struct Subject {
    pub(crate) client: Client,
    /// Kept, as it ends with this value; `None` for a real server.
    pub(crate) simulator: Option<Simulator>,
    pub(crate) url: String,
    pub(crate) secret: String,
}

impl Subject {
    pub(crate) async fn all() -> Vec<Self> {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        if let (Some(url), Some(secret)) = (set("BBB_URL"), set("BBB_SECRET")) {
            let server = Server::new(&url, Secret::new(&secret), Algorithm::Sha256).unwrap();
            let client = Client::new(fetcher(), server);
            return vec![Self { client, simulator: None, url, secret }];
        }
        let mut all = vec![];
        for version in Version::ALL {
            let (simulator, client) = simulated(Options { version, ..hasty() }).await;
            let url = simulator.url();
            all.push(Self { client, simulator: Some(simulator), url, secret: SECRET.to_owned() });
        }
        all
    }

    /// A client that signs otherwise.
    pub(crate) fn other(&self, secret: &str, algorithm: Algorithm) -> Client {
        Client::new(fetcher(), Server::new(&self.url, Secret::new(secret), algorithm).unwrap())
    }
}

/// A request that came in.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) body: Vec<u8>,
}

/// Somebody who is called back, and keeps what came.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    calls: Arc<Mutex<Vec<Call>>>,
    status: Arc<AtomicU16>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind(anywhere()).await.unwrap();
        let this = Self {
            address: listener.local_addr().unwrap(),
            calls: Arc::default(),
            status: Arc::new(AtomicU16::new(200)),
        };
        let router = Router::new().fallback(taken).with_state(this.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        this
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Answers with that status from now on.
    pub(crate) fn answer(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    /// What came so far to paths that begin like that.
    pub(crate) fn calls(&self, path: &str) -> Vec<Call> {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|call| call.path.starts_with(path)).cloned().collect()
    }

    /// Waits until so many came.
    pub(crate) async fn wait(&self, path: &str, count: usize) -> Vec<Call> {
        until(|| self.calls(path).len() >= count).await;
        self.calls(path)
    }
}

async fn taken(State(this): State<Receiver>, uri: Uri, body: Bytes) -> StatusCode {
    let call = Call {
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        body: body.to_vec(),
    };
    this.calls.lock().unwrap().push(call);
    StatusCode::from_u16(this.status.load(Ordering::Relaxed)).unwrap()
}

/// Waits for something that has to happen soon.
pub(crate) async fn until(mut happened: impl FnMut() -> bool) {
    for _ in 0..1_000 {
        if happened() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it did not happen within 20 s");
}
