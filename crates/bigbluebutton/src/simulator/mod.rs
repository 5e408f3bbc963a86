//! A BigBlueButton server that is none: a real HTTP server on a port that answers, forgets and calls back as one does,
//! without audio and video. Tests run against it, and `plenary demo` can show rooms with it.
//!
//! What it keeps to is the documented behaviour
//! (<https://docs.bigbluebutton.org/development/api/>, <https://docs.bigbluebutton.org/development/webhooks/>), with what is
//! known of real servers beyond it: `create` ignores the parameters of a repetition, `end` takes effect a moment later, a hook is
//! known by its address alone and is deleted after its calls have failed for minutes, 401 counts as delivered, a
//! checksum of an impossible length makes bbb-webhooks fail with a page of HTML, messages from outside vanish where the chat
//! is disabled. `tests/conformance.rs` runs unchanged against it and against a real server.
//!
//! With [`Chaos::hostile`] it also does what servers do on bad days. What happens then follows from [`Options::seed`], as far
//! as calls come in the same order.
//!
//! **It is not for real meetings**: it has no sound, and whoever can reach its port can read its chats.

mod answer;
mod deliver;
mod http;
mod page;
mod state;

use crate::{
    Secret, Server,
    checksum::{self, Algorithm},
    profile,
    server::NotAServer,
};
use deliver::Deliverer;
use fetch::Fetcher;
use jiff::{SignedDuration, Timestamp};
use model::time::{Clock, SharedClock, SystemClock};
use state::{State, Told};
use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio::{net::TcpListener, task::JoinHandle};

/// Which version of BigBlueButton is simulated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 2.7: the chat cannot be written from outside, messages are HTML.
    V2_7,
    /// 3.0.
    #[default]
    V3_0,
    /// 4.0.
    V4_0,
}

impl Version {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::V2_7, Self::V3_0, Self::V4_0];

    /// The number that it says of itself.
    pub fn number(self) -> &'static str {
        match self {
            Self::V2_7 => "2.7.14",
            Self::V3_0 => "3.0.12",
            Self::V4_0 => "4.0.0",
        }
    }

    /// The same as a version.
    pub fn version(self) -> profile::Version {
        match self {
            Self::V2_7 => profile::Version { major: 2, minor: 7, patch: 14 },
            Self::V3_0 => profile::Version { major: 3, minor: 0, patch: 12 },
            Self::V4_0 => profile::Version { major: 4, minor: 0, patch: 0 },
        }
    }
}

/// What goes wrong, in percent of the cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chaos {
    /// Callbacks that are never sent.
    pub drop: u8,
    /// Callbacks that are sent twice.
    pub duplicate: u8,
    /// The longest that a callback is held back. Anything but zero also brings them out of order.
    pub delay: Duration,
    /// Calls that are answered with status 500 and a page of HTML.
    pub fail: u8,
    /// Calls at which the server crashes and starts again: all meetings are gone, and nobody is told.
    pub crash: u8,
    /// Calls that are answered late.
    pub slow: u8,
    /// How late.
    pub slowness: Duration,
}

impl Chaos {
    /// Nothing goes wrong, and callbacks keep their order.
    pub const fn calm() -> Self {
        let none = Duration::ZERO;
        Self { drop: 0, duplicate: 0, delay: none, fail: 0, crash: 0, slow: 0, slowness: none }
    }

    /// What can be seen of real servers on bad days, all of it at once.
    pub const fn hostile() -> Self {
        Self {
            drop: 2,
            duplicate: 10,
            delay: Duration::from_millis(150),
            fail: 5,
            crash: 1,
            slow: 5,
            slowness: Duration::from_millis(300),
        }
    }
}

impl Default for Chaos {
    fn default() -> Self {
        Self::hostile()
    }
}

/// How a server is simulated.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which version.
    pub version: Version,
    /// Its secret.
    pub secret: Secret,
    /// The checksums that it takes (`supportedChecksumAlgorithms`).
    pub algorithms: Vec<Algorithm>,
    /// With what it signs its events (`hookChecksumAlgorithm`).
    pub hook_algorithm: Algorithm,
    /// What goes wrong.
    pub chaos: Chaos,
    /// From what chance follows.
    pub seed: u64,
    /// The clock by which meetings vanish.
    pub clock: SharedClock,
    /// How long a recording is made.
    pub processing: SignedDuration,
    /// The pauses before callbacks are tried again; after the last, the hook is deleted.
    pub pauses: Vec<Duration>,
}

impl Options {
    /// A calm server of that secret with 3.0, the machine's clock, and the pauses of bbb-webhooks.
    pub fn new(secret: &str) -> Self {
        let pauses = [100, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 30_000, 60_000, 60_000, 60_000, 60_000];
        Self {
            version: Version::default(),
            secret: Secret::new(secret),
            algorithms: Algorithm::ALL.to_vec(),
            hook_algorithm: Algorithm::Sha1,
            chaos: Chaos::calm(),
            seed: 0,
            clock: Arc::new(SystemClock),
            processing: SignedDuration::from_secs(5),
            pauses: pauses.into_iter().map(Duration::from_millis).collect(),
        }
    }
}

/// A clock that starts with another one's time and is moved on by hand, so that a test need not wait for a meeting to
/// vanish.
#[derive(Debug)]
pub struct MovableClock {
    base: SharedClock,
    /// By how much it was moved, in milliseconds.
    moved: AtomicI64,
}

impl MovableClock {
    /// A clock that shows what `base` shows until it is moved.
    pub fn new(base: SharedClock) -> Self {
        Self { base, moved: AtomicI64::new(0) }
    }

    /// Moves it on.
    pub fn advance(&self, by: SignedDuration) {
        self.moved.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::Relaxed);
    }
}

impl Clock for MovableClock {
    fn now(&self) -> Timestamp {
        let moved = SignedDuration::from_millis(self.moved.load(Ordering::Relaxed));
        self.base.now().checked_add(moved).unwrap_or(Timestamp::MAX)
    }
}

/// What the parts of a simulated server share.
#[derive(Debug)]
struct Node {
    options: Options,
    state: Mutex<State>,
    deliverer: Deliverer,
}

impl Node {
    fn now(&self) -> Timestamp {
        self.options.clock.now()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the state at the present instant, and sends what is to be told after it.
    fn with<R>(self: &Arc<Self>, act: impl FnOnce(&mut State, Timestamp) -> R) -> R {
        let now = self.now();
        let (result, told, hooks) = {
            let mut state = self.state();
            let result = act(&mut state, now);
            let told: Vec<Told> = std::mem::take(&mut state.outbox);
            (result, told, state.hooks.clone())
        };
        for told in told {
            Deliverer::tell(self, &hooks, told, now);
        }
        result
    }

    /// Whether chance wants something that happens in so many percent of the cases.
    fn chance(&self, percent: u8) -> bool {
        percent > 0 && self.state().rng.u8(0..100) < percent
    }

    fn verify(&self, call: &str, query: &str, checksum: &str) -> bool {
        let allowed = Algorithm::of_digits(checksum.len())
            .is_some_and(|algorithm| self.options.algorithms.contains(&algorithm));
        allowed && checksum::verify(&[call.as_bytes(), query.as_bytes()], &self.options.secret, checksum)
    }
}

/// A simulated server. It ends with this value.
#[derive(Debug)]
pub struct Simulator {
    node: Arc<Node>,
    address: SocketAddr,
    serving: Option<JoinHandle<()>>,
    ticking: JoinHandle<()>,
}

impl Simulator {
    /// Starts one on `address`; port 0 takes any that is free.
    pub async fn start(address: SocketAddr, options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let mut calling = fetch::Options::new(&format!("http://{address}"));
        // Whoever runs a simulator has it call their own machine.
        calling.allow_private = true;
        calling.answer_within = Duration::from_secs(10);
        let fetcher = Fetcher::new(calling).map_err(io::Error::other)?;
        let node = Arc::new(Node {
            state: Mutex::new(State::new(options.seed, options.processing)),
            deliverer: Deliverer::new(fetcher, address),
            options,
        });
        let serving = Some(tokio::spawn(http::serve(node.clone(), listener)));
        let ticking = tokio::spawn({
            let node = node.clone();
            async move {
                loop {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    node.with(State::tick);
                }
            }
        });
        Ok(Self { node, address, serving, ticking })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address that `bbb-conf --secret` would print.
    pub fn url(&self) -> String {
        format!("http://{}/bigbluebutton/", self.address)
    }

    /// The server, to be called with checksums of that algorithm.
    pub fn server(&self, algorithm: Algorithm) -> Result<Server, NotAServer> {
        Server::new(&self.url(), self.node.options.secret.clone(), algorithm)
    }

    /// Lets time do its work at once: what happens by itself within a fifth of a second otherwise.
    pub fn tick(&self) {
        self.node.with(State::tick);
    }

    /// Dies as a machine does: connections break, and nothing listens any more.
    pub async fn die(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.abort();
            // It ends as aborted, which is what was asked for.
            let _ = serving.await;
        }
    }

    /// Comes back on the same port without meetings. Hooks and recordings are still there.
    pub async fn restart(&mut self) -> io::Result<()> {
        self.die().await;
        self.node.state().meetings.clear();
        let listener = TcpListener::bind(self.address).await?;
        self.serving = Some(tokio::spawn(http::serve(self.node.clone(), listener)));
        Ok(())
    }

    /// Somebody who is inside, by the name that the others see, writes into the chat. Whether anybody did.
    pub fn say(&self, meeting: &str, name: &str, text: &str) -> bool {
        let version = self.node.options.version;
        let Some(internal) = self.internal(meeting, name) else { return false };
        self.node.with(|state, now| state.say(meeting, &internal, &as_sent(version, text), now))
    }

    /// Somebody who is inside leaves. Whether anybody did.
    pub fn leave(&self, meeting: &str, name: &str) -> bool {
        let Some(internal) = self.internal(meeting, name) else { return false };
        self.node.with(|state, now| state.leave(meeting, &internal, now));
        true
    }

    /// A moderator presses the button that starts recording. Whether it is recorded now.
    pub fn record(&self, meeting: &str) -> bool {
        self.node.with(|state, _| state.mark(meeting))
    }

    /// The lines of a meeting's chat, as name and text.
    pub fn chat(&self, meeting: &str) -> Vec<(String, String)> {
        let state = self.node.state();
        let said = state.meetings.get(meeting).into_iter().flat_map(|meeting| &meeting.chat);
        said.map(|said| (said.name.clone(), said.text.clone())).collect()
    }

    /// How many documents a meeting was given.
    pub fn documents(&self, meeting: &str) -> usize {
        self.node.state().meetings.get(meeting).map_or(0, |meeting| meeting.documents)
    }

    fn internal(&self, meeting: &str, name: &str) -> Option<String> {
        let state = self.node.state();
        let mut inside = state.meetings.get(meeting)?.inside();
        inside.find(|user| user.name == name).map(|user| user.internal.clone())
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.ticking.abort();
        if let Some(serving) = &self.serving {
            serving.abort();
        }
        self.node.deliverer.stop();
    }
}

/// What a version makes of what somebody typed.
fn as_sent(version: Version, text: &str) -> String {
    if version >= Version::V3_0 {
        return text.to_owned();
    }
    quick_xml::escape::escape(text).replace('\n', "<br/>")
}
