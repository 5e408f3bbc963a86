//! The public site: which editions there are, the snapshot of each one's newest release, and the bodies drawn
//! from them.
//!
//! A [`Site`] is opened on a [`Store`] and then needs it only for what it has not seen yet: the editions are
//! known in memory, a release is read when its first page is asked for, and a page is drawn when it is first
//! asked for. When a release commits, in this process or another, [`Site::follow`] reads it, swaps it in, and
//! everything drawn from the one before is outdated at once.
//!
//! Pages, menus, posts and sponsors are public without a release. [`Site::refresh`] learns from the feed of which
//! editions some changed, reads those anew and outdates the edition's pages, which all show the menu and the sponsors.
//! Schedule files say nothing of them, and stay.

use crate::{
    api::ApiState,
    assets,
    body::{Bodies, Body, Draft, Stamp},
    error::Failure,
    headers::Policy,
    identity::Ways,
    limit::Limiter,
    listen::{Crowd, Seat},
    markup,
    meeting::Meetings,
    ops::Meters,
    page::{self, EditionEntry, Links, Viewer},
    proxy::TrustedProxies,
    room,
    snapshot::Snapshot,
    target::Target,
};
use arc_swap::{ArcSwap, ArcSwapOption};
use axum::http::HeaderValue;
use bytes::Bytes;
use fetch::Fetcher;
use jiff::Timestamp;
use model::{
    chat::{Event, Message},
    id::EditionId,
    release::ReleaseHead,
    text::Slug,
    time::{SharedClock, Zone},
};
use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use store::{Activity, EditionHead, Store};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use venue::Venue;

/// How many messages and reactions one person may send at once in rooms, and how often another one: faster than anybody
/// types, and slower than a flood.
const SAID_AT_ONCE: u32 = 12;
const SAID_EVERY: Duration = Duration::from_secs(1);

/// How many searches in conversations one client address may make in a minute. A whole venue may stand behind one.
const SEARCHES: u32 = 240;

/// How old what is told of the last message of each room may be.
const ACTIVITY: Duration = Duration::from_secs(5);

/// When it was read, and what was last said in each room of an edition.
type KnownActivity = (Instant, Arc<Vec<Activity>>);

/// What an operator may decide about the site.
#[derive(Clone, Debug)]
pub struct SiteOptions {
    /// The address at which visitors reach the site, without a slash at its end: `https://conf.example.org`. It
    /// stands in schedule files, calendars and feeds. Where none is given, the address at which the server
    /// listens stands there.
    pub base_url: Option<String>,
    /// How many editions' newest releases are held in memory; the one used least recently goes first.
    pub snapshots: usize,
    /// How many bytes of drawn pages and files are held in memory.
    pub body_bytes: u64,
    /// How many streams of live updates may be open at once.
    pub streams: usize,
    /// How many of them one client address may hold.
    pub streams_per_client: usize,
    /// How many lists of stars one client address may write in a minute. A whole venue may stand behind one
    /// address, and each star that somebody sets writes their list.
    pub star_writes_per_minute: u32,
    /// How many requests one token, or one client address without a token, may make of the API in a minute. Public lists
    /// that are in memory do not count.
    pub api_per_minute: u32,
    /// The reverse proxies that stand before the server, whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted_proxies: TrustedProxies,
    /// How many connections may be open at once; more wait until one ends.
    pub connections: usize,
    /// How many of them one client address may hold. A whole venue may stand behind one.
    pub connections_per_client: usize,
    /// With what mail is sent, for the pages about mail; `None` where no server is configured.
    pub mail: Option<MailServer>,
    /// How many tries to sign in one client address has in a minute, in all ways together. A whole venue may stand behind
    /// one address.
    pub sign_in_tries_per_minute: u32,
    /// How many links to sign in or to verify an address one client address may ask for in a minute. A whole venue may
    /// stand behind one; each address gets few whoever asks.
    pub links_per_minute: u32,
    /// The OpenID Connect providers at which people may sign in.
    pub oidc: Vec<::identity::settings::OidcSettings>,
    /// The LDAP directories with whose passwords people may sign in.
    pub ldap: Vec<::identity::settings::LdapSettings>,
    /// The Matrix homeserver to which rooms' conversations are carried, where there is one.
    pub matrix: Option<matrix::spoke::Settings>,
    /// The folder of uploaded files; without one nothing can be uploaded. On several nodes it is the same for all.
    pub uploads: Option<PathBuf>,
    /// The most megabytes of a file that is handed in with a proposal, 1 to [`model::call::MEGABYTES_MAX`]. A field of a call
    /// may allow less.
    pub file_megabytes: u16,
    /// How long after the start, and after a release, the pages and files that most ask for are drawn and
    /// compressed ahead; `None`: each when it is asked for. Until then the machine is left to those who ask.
    pub ahead_after: Option<Duration>,
    /// Whether calendars may be fetched from private addresses, servers of meetings stand there, and without TLS: for laboratories
    /// and tests.
    pub fetch_private: bool,
}

/// The server with which mail is sent, as pages show it.
#[derive(Clone, Debug)]
pub struct MailServer {
    /// Its name and port.
    pub name: String,
    /// From whom mail comes where an edition has no sender of its own.
    pub sender: model::mail::Sender,
}

impl Default for SiteOptions {
    fn default() -> Self {
        Self {
            base_url: None,
            snapshots: 8,
            body_bytes: 32 * 1_024 * 1_024,
            streams: 4_000,
            streams_per_client: 1_000,
            star_writes_per_minute: 600,
            trusted_proxies: TrustedProxies::default(),
            connections: 10_000,
            connections_per_client: 2_500,
            api_per_minute: 1_200,
            mail: None,
            sign_in_tries_per_minute: 120,
            links_per_minute: 300,
            oidc: vec![],
            ldap: vec![],
            matrix: None,
            uploads: None,
            file_megabytes: 20,
            ahead_after: Some(Duration::from_secs(2)),
            fetch_private: false,
        }
    }
}

/// The public site. Cloning it costs nothing.
#[derive(Clone, Debug)]
pub struct Site(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    clock: SharedClock,
    options: SiteOptions,
    base_url: OnceLock<String>,
    fetcher: OnceLock<Option<Fetcher>>,
    editions: ArcSwap<Editions>,
    /// One refresh at a time, so that an older state never replaces a newer one.
    refreshing: Mutex<()>,
    /// Up to which entry of the feed changes of pages, posts and the like are in `editions`.
    seen: AtomicI64,
    versions: AtomicU64,
    ticks: AtomicU64,
    /// The version of [`Editions`] that is public.
    listed: Arc<AtomicU64>,
    released: watch::Sender<u64>,
    bodies: Bodies,
    meters: Meters,
    streams: Arc<Semaphore>,
    streamers: Arc<Crowd>,
    star_writes: Limiter,
    saying: Limiter,
    searching: Limiter,
    activity: Mutex<HashMap<EditionId, KnownActivity>>,
    forward_messages: Limiter,
    api: ApiState,
    ways: Ways,
    links: crate::account::Links,
    venue: Venue,
    matrix: Option<matrix::spoke::Spoke>,
    meetings: Meetings,
    stop: CancellationToken,
}

/// Messages about forwards that one client may send in a minute: a committee passes on tens at once, at the end of a call.
const FORWARD_MESSAGES: u32 = 60;

/// A place for one stream of live updates; given back when it is dropped.
#[derive(Debug)]
pub struct StreamPlace {
    _permit: OwnedSemaphorePermit,
    _seat: Seat,
}

/// The editions of which something is public, newest first.
#[derive(Debug, Default)]
struct Editions {
    live: Vec<Arc<Live>>,
    by_slug: HashMap<String, Arc<Live>>,
}

/// One edition with its newest release.
#[derive(Debug)]
pub struct Live {
    /// Title, dates, zone, address.
    pub edition: model::edition::Edition,
    /// The newest release.
    pub head: ReleaseHead,
    /// The version of all that pages are drawn from.
    version: u64,
    current: Arc<AtomicU64>,
    /// The version of what files are drawn from: the release and the edition.
    release_version: u64,
    release_current: Arc<AtomicU64>,
    snapshot: ArcSwapOption<Snapshot>,
    loading: Mutex<()>,
    /// When the snapshot was last used, in ticks of the site.
    used: AtomicU64,
}

impl Live {
    /// The edition's place in addresses.
    pub fn slug(&self) -> &Slug {
        &self.edition.slug
    }

    /// For what shows more than the release.
    fn stamp(&self, until: i64) -> Stamp {
        Stamp { version: self.version, current: Arc::clone(&self.current), until }
    }

    /// For what is a function of the release.
    fn release_stamp(&self) -> Stamp {
        Stamp { version: self.release_version, current: Arc::clone(&self.release_current), until: i64::MAX }
    }
}

impl Site {
    /// Opens the site: reads which editions there are, nothing more. [`crate::serve`] keeps it up to date; who
    /// uses the site without it spawns [`Site::follow`].
    pub async fn new(store: Store, clock: SharedClock, options: SiteOptions) -> Result<Self, store::Error> {
        let base_url = OnceLock::new();
        if let Some(given) = &options.base_url {
            let _ = base_url.set(given.trim_end_matches('/').to_owned());
        }
        let ways = Ways::new(&options)?;
        let drawing = store.clone();
        let draw = move |event: &Event, message: &Message, replied: Option<&Message>| {
            room::news(&drawing, event, message, replied)
        };
        let venue = Venue::new(store.clone(), draw);
        let site = Self(Arc::new(Inner {
            clock,
            ways,
            base_url,
            fetcher: OnceLock::new(),
            editions: ArcSwap::default(),
            refreshing: Mutex::new(()),
            // Nothing is read yet, so nothing before this is missing.
            seen: AtomicI64::new(*store.watch().borrow()),
            versions: AtomicU64::new(1),
            ticks: AtomicU64::new(1),
            listed: Arc::new(AtomicU64::new(1)),
            released: watch::Sender::new(1),
            bodies: Bodies::new(options.body_bytes),
            meters: Meters::new(),
            streams: Arc::new(Semaphore::new(options.streams)),
            streamers: Crowd::new(options.streams_per_client),
            star_writes: Limiter::new(options.star_writes_per_minute),
            saying: Limiter::slow(SAID_AT_ONCE, SAID_EVERY),
            searching: Limiter::new(SEARCHES),
            activity: Mutex::default(),
            forward_messages: Limiter::new(FORWARD_MESSAGES),
            api: ApiState::new(options.api_per_minute),
            links: crate::account::Links::new(options.links_per_minute),
            matrix: carried(&options, &venue),
            venue,
            meetings: Meetings::default(),
            stop: CancellationToken::new(),
            store,
            options,
        }));
        site.refresh().await?;
        Ok(site)
    }

    /// The record.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The spoke of the Matrix homeserver, where there is one.
    pub(crate) fn matrix(&self) -> Option<&matrix::spoke::Spoke> {
        self.0.matrix.as_ref()
    }

    /// The rooms on the day.
    pub(crate) fn venue(&self) -> &Venue {
        &self.0.venue
    }

    /// How often one client may search conversations.
    pub(crate) fn searching(&self) -> &Limiter {
        &self.0.searching
    }

    /// What this node holds of meetings.
    pub(crate) fn meetings(&self) -> &Meetings {
        &self.0.meetings
    }

    /// How much one person may say.
    pub(crate) fn saying(&self) -> &Limiter {
        &self.0.saying
    }

    /// What was last said in each room of an edition: read once in a while for everybody who looks at the list of rooms.
    pub(crate) async fn activity(&self, edition: EditionId) -> store::Result<Arc<Vec<Activity>>> {
        let mut known = self.0.activity.lock().await;
        if let Some((at, activity)) = known.get(&edition)
            && at.elapsed() < ACTIVITY
        {
            return Ok(Arc::clone(activity));
        }
        let activity = Arc::new(self.0.store.chat_activity(edition).await?);
        known.insert(edition, (Instant::now(), Arc::clone(&activity)));
        Ok(activity)
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// What the operator decided.
    pub fn options(&self) -> &SiteOptions {
        &self.0.options
    }

    /// The site's address as files that leave it give it, without a slash at its end.
    pub fn base_url(&self) -> &str {
        self.0.base_url.get().map_or("http://localhost", String::as_str)
    }

    /// What calls addresses that organisers typed; `None` where it cannot be set up, which the log says.
    pub(crate) fn fetcher(&self) -> Option<&Fetcher> {
        let private = self.0.options.fetch_private;
        let made = self.0.fetcher.get_or_init(|| {
            let options = fetch::Options {
                allow_private: private,
                allow_http: private,
                ..fetch::Options::new(self.base_url())
            };
            Fetcher::new(options)
                .inspect_err(|error| tracing::error!(%error, "nothing can be fetched from elsewhere"))
                .ok()
        });
        made.as_ref()
    }

    /// Says where the server listens, and whether with TLS, for a site that was not told its address.
    pub fn listens_at(&self, address: SocketAddr, encrypted: bool) {
        let scheme = if encrypted { "https" } else { "http" };
        // Given already: the operator knows better.
        let _ = self.0.base_url.set(format!("{scheme}://{address}"));
    }

    /// Whether visitors reach the site by HTTPS, so that cookies say `Secure` and browsers are told to stay with it.
    pub fn is_https(&self) -> bool {
        self.base_url().starts_with("https://")
    }

    /// What is counted.
    pub fn meters(&self) -> &Meters {
        &self.0.meters
    }

    /// The bodies drawn so far.
    pub fn bodies(&self) -> &Bodies {
        &self.0.bodies
    }

    /// Permits for streams of live updates that are left.
    pub fn streams(&self) -> &Arc<Semaphore> {
        &self.0.streams
    }

    /// A place for one stream of live updates to `client`, to be kept as long as it is open.
    pub fn stream(&self, client: IpAddr) -> Result<StreamPlace, Failure> {
        let seat = self.0.streamers.enter(client).ok_or_else(|| {
            Failure::Busy("From your network as many pages are kept up to date as one may; reload the page to see what is new".to_owned())
        })?;
        let permit = Arc::clone(&self.0.streams).try_acquire_owned().map_err(|_| {
            Failure::Busy(
                "As many pages are kept up to date as this server can; reload the page to see what is new"
                    .to_owned(),
            )
        })?;
        Ok(StreamPlace { _permit: permit, _seat: seat })
    }

    /// Who may ask for links how often.
    pub(crate) fn links(&self) -> &crate::account::Links {
        &self.0.links
    }

    /// Who may write stars how often.
    pub fn star_writes(&self) -> &Limiter {
        &self.0.star_writes
    }

    /// Who may send messages about forwards how often.
    pub(crate) fn forward_messages(&self) -> &Limiter {
        &self.0.forward_messages
    }

    /// What the API holds in memory.
    pub(crate) fn api(&self) -> &ApiState {
        &self.0.api
    }

    /// The ways of signing in beside the link in a mail.
    pub(crate) fn ways(&self) -> &Ways {
        &self.0.ways
    }

    /// How the providers and directories at which people sign in are doing, by the titles that people know them by.
    pub fn outside_health(&self) -> Vec<(String, ::identity::Health)> {
        self.0.ways.health()
    }

    /// Cancelled when the server stops.
    pub fn stop(&self) -> &CancellationToken {
        &self.0.stop
    }

    /// Wakes whenever the public editions or their releases changed.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.released.subscribe()
    }

    /// The editions of which something is public, newest first.
    pub fn editions(&self) -> Vec<Arc<Live>> {
        self.0.editions.load().live.clone()
    }

    /// The edition of that slug.
    pub fn edition(&self, slug: &str) -> Option<Arc<Live>> {
        self.0.editions.load().by_slug.get(slug).cloned()
    }

    /// The edition of that slug, or a failure that says there is none.
    pub fn live(&self, slug: &str) -> Result<Arc<Live>, Failure> {
        self.edition(slug).ok_or_else(|| Failure::no("edition", slug))
    }

    /// Keeps the site as new as the record, until the server stops: at most a second after a release commits,
    /// here or in another process, it is what visitors get.
    pub async fn follow(self) {
        let mut feed = self.0.store.watch();
        loop {
            // Also before the first wake-up: something may have committed since the site was opened.
            while let Err(error) = self.refresh().await {
                tracing::warn!(%error, "the record cannot be read; what is known stays public");
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_secs(1)) => {}
                    () = self.0.stop.cancelled() => return,
                }
            }
            tokio::select! {
                changed = feed.changed() => if changed.is_err() { return },
                () = self.0.stop.cancelled() => return,
            }
        }
    }

    /// Reads which editions and releases there are, and swaps in what is new. A release of an edition that is
    /// in use is read before it replaces the one before, so that nobody waits for it.
    pub async fn refresh(&self) -> Result<(), store::Error> {
        let _one_at_a_time = self.0.refreshing.lock().await;
        let (seen, head_of_feed) = (self.0.seen.load(Ordering::Relaxed), *self.0.store.watch().borrow());
        let written =
            if head_of_feed > seen { self.0.store.content_changed_since(seen).await? } else { vec![] };
        let heads = self.0.store.editions().await?;
        let before = self.0.editions.load_full();
        let mut live = Vec::with_capacity(heads.len());
        for EditionHead { edition, latest } in heads {
            let Some(head) = latest else { continue };
            let old = before.live.iter().find(|old| old.edition.id == edition.id);
            let same_release = old.filter(|old| old.head == head && old.edition == edition);
            let other_content = written.contains(&edition.id);
            if let (Some(old), false) = (same_release, other_content) {
                live.push(Arc::clone(old));
                continue;
            }
            let mut snapshot = old.and_then(|old| old.snapshot.load_full());
            let mut content = None;
            if let (Some(old), Some(held)) = (same_release, &snapshot) {
                let now = self.0.store.content(edition.id).await?;
                if now == *held.content() {
                    // Something was written that the public does not see, such as a draft of a proposal.
                    live.push(Arc::clone(old));
                    continue;
                }
                content = Some(now);
            }
            if snapshot.as_ref().is_some_and(|snapshot| snapshot.head() != &head) {
                snapshot = match self.read(edition.id, head.number).await {
                    Ok(new) => new.map(Arc::new),
                    // One edition's damage is not every edition's: what was shown of it goes on being shown.
                    Err(error @ store::Error::Damaged { .. }) => {
                        tracing::error!(%error, edition = %edition.slug, "a release cannot be read");
                        live.extend(old.map(Arc::clone));
                        continue;
                    }
                    Err(error) => return Err(error),
                };
            } else if let (Some(held), Some(content)) = (&snapshot, content) {
                snapshot = Some(Arc::new(held.with_content(content)));
            } else if let (Some(held), true) = (&snapshot, other_content) {
                snapshot = Some(Arc::new(held.with_content(self.0.store.content(edition.id).await?)));
            }
            let version = self.0.versions.fetch_add(1, Ordering::Relaxed) + 1;
            live.push(Arc::new(Live {
                version,
                release_version: same_release.map_or(version, |old| old.release_version),
                release_current: old
                    .map_or_else(|| Arc::new(AtomicU64::new(0)), |old| Arc::clone(&old.release_current)),
                current: old.map_or_else(|| Arc::new(AtomicU64::new(0)), |old| Arc::clone(&old.current)),
                snapshot: ArcSwapOption::new(snapshot),
                loading: Mutex::new(()),
                used: AtomicU64::new(old.map_or(0, |old| old.used.load(Ordering::Relaxed))),
                edition,
                head,
            }));
        }
        let same =
            live.len() == before.live.len() && live.iter().zip(&before.live).all(|(a, b)| Arc::ptr_eq(a, b));
        if same {
            self.0.seen.store(head_of_feed, Ordering::Relaxed);
            return Ok(());
        }
        let by_slug = live.iter().map(|live| (live.slug().to_string(), Arc::clone(live))).collect();
        let gone: Vec<_> = before
            .live
            .iter()
            .filter(|old| live.iter().all(|new| new.edition.id != old.edition.id))
            .cloned()
            .collect();
        self.0.editions.store(Arc::new(Editions { live: live.clone(), by_slug }));
        // What is drawn from now on is drawn from the new state; only then does the old become outdated.
        for live in &live {
            live.current.store(live.version, Ordering::Release);
            live.release_current.store(live.release_version, Ordering::Release);
        }
        for old in gone {
            old.current.store(0, Ordering::Release);
            old.release_current.store(0, Ordering::Release);
        }
        let version = self.0.versions.fetch_add(1, Ordering::Relaxed) + 1;
        self.0.listed.store(version, Ordering::Release);
        self.0.bodies.drop_outdated();
        self.0.released.send_replace(version);
        self.0.seen.store(head_of_feed, Ordering::Relaxed);
        Ok(())
    }

    /// The snapshot of the edition's newest release, read from the record if it is not in memory.
    pub async fn snapshot(&self, live: &Live) -> Result<Arc<Snapshot>, Failure> {
        live.used.store(self.0.ticks.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        if let Some(snapshot) = live.snapshot.load_full() {
            return Ok(snapshot);
        }
        let _once = live.loading.lock().await;
        if let Some(snapshot) = live.snapshot.load_full() {
            return Ok(snapshot);
        }
        let read = self.read(live.edition.id, live.head.number).await?;
        let snapshot = Arc::new(read.ok_or_else(|| Failure::no("release", &live.head.number.to_string()))?);
        live.snapshot.store(Some(Arc::clone(&snapshot)));
        self.forget_least_used();
        Ok(snapshot)
    }

    /// The edition's snapshot, if it is in memory.
    pub fn snapshot_in_memory(&self, live: &Live) -> Option<Arc<Snapshot>> {
        live.snapshot.load_full()
    }

    async fn read(&self, edition: EditionId, number: u32) -> Result<Option<Snapshot>, store::Error> {
        let Some(release) = self.0.store.release(edition, number).await? else { return Ok(None) };
        let content = self.0.store.content(edition).await?;
        Ok(Some(Snapshot::new(release).with_content(content)))
    }

    fn forget_least_used(&self) {
        let editions = self.0.editions.load();
        let mut held: Vec<_> = editions.live.iter().filter(|live| live.snapshot.load().is_some()).collect();
        held.sort_by_key(|live| std::cmp::Reverse(live.used.load(Ordering::Relaxed)));
        for live in held.into_iter().skip(self.0.options.snapshots.max(1)) {
            live.snapshot.store(None);
        }
    }

    /// The body of one of the edition's pages or files, drawn if it is not in memory. `None` when the release
    /// has nothing of that name.
    pub async fn body(
        &self,
        live: &Arc<Live>,
        target: &Target,
        zone: Option<&Zone>,
    ) -> Result<Option<Arc<Body>>, Failure> {
        // One's own zone is nothing new where the conference is held in it.
        let zone = zone.filter(|zone| **zone != live.edition.zone && target.is_page());
        let mut key = target.key(live);
        if let Some(zone) = zone {
            key.push_str("?tz=");
            key.push_str(zone.name());
        }
        let now = self.now();
        let holds = |body: &Body| {
            body.is_fresh(|| now.as_second()) || {
                // The minute is over; the page may still say the same.
                let same = body.is_current()
                    && live
                        .snapshot
                        .load()
                        .as_ref()
                        .is_some_and(|snapshot| target.moment(snapshot, now) == body.moment);
                if same {
                    body.extend(next_minute(now));
                }
                same
            }
        };
        let draw = async {
            self.0.meters.drawn.increment(1);
            let snapshot = self.snapshot(live).await.map_err(Some)?;
            let viewer = self.viewer(zone.cloned(), now);
            let moment = target.moment(&snapshot, now);
            let Some(drawn) = target.draw(self, &snapshot, &viewer).await.map_err(Some)? else {
                return Err(None);
            };
            Ok(Arc::new(Body::new(Draft {
                route: target.route(),
                bytes: drawn,
                content_type: HeaderValue::from_static(target.content_type()),
                policy: target.policy(),
                // A file is a function of the release; a page also of the present and of the program.
                modified: Some(if target.is_file() { snapshot.head().at } else { now }),
                stamp: match (target.is_page(), target.is_file()) {
                    (true, _) => live.stamp(next_minute(now)),
                    (false, true) => live.release_stamp(),
                    (false, false) => live.stamp(i64::MAX),
                },
                moment,
            })))
        };
        match self.0.bodies.get_or_draw(&key, holds, draw).await {
            Ok(body) => Ok(Some(body)),
            Err(None) => Ok(None),
            Err(Some(failure)) => Err(failure),
        }
    }

    /// A body made from the edition's newest release in a way that no [`Target`] names, such as a part of a
    /// list; `key` says which.
    pub async fn derived(
        &self,
        live: &Live,
        route: &'static str,
        key: &str,
        draw: impl FnOnce(&Snapshot) -> Option<String>,
    ) -> Result<Option<Arc<Body>>, Failure> {
        let draw = async {
            self.0.meters.drawn.increment(1);
            let snapshot = self.snapshot(live).await.map_err(Some)?;
            let text = draw(&snapshot).ok_or(None)?;
            Ok(Arc::new(Body::new(Draft {
                route,
                bytes: Bytes::from(text),
                content_type: HeaderValue::from_static("application/json"),
                policy: Policy::File,
                modified: Some(snapshot.head().at),
                stamp: live.release_stamp(),
                moment: 0,
            })))
        };
        match self.0.bodies.get_or_draw(key, Body::is_current, draw).await {
            Ok(body) => Ok(Some(body)),
            Err(None) => Ok(None),
            Err(Some(failure)) => Err(failure),
        }
    }

    /// A body that belongs to no edition and holds until the list of editions changes, drawn if it is not in
    /// memory.
    pub async fn common(
        &self,
        route: &'static str,
        key: &str,
        policy: Policy,
        mime: &'static str,
        draw: impl FnOnce() -> Result<Bytes, Failure>,
    ) -> Result<Arc<Body>, Failure> {
        let draw = async {
            self.0.meters.drawn.increment(1);
            Ok(Arc::new(Body::new(Draft {
                route,
                bytes: draw()?,
                content_type: HeaderValue::from_static(mime),
                policy,
                modified: None,
                stamp: Stamp {
                    version: self.0.listed.load(Ordering::Acquire),
                    current: Arc::clone(&self.0.listed),
                    until: i64::MAX,
                },
                moment: 0,
            })))
        };
        self.0.bodies.get_or_draw(key, Body::is_current, draw).await
    }

    /// A body for this one answer, kept nowhere.
    pub fn passing(
        &self,
        route: &'static str,
        policy: Policy,
        mime: &'static str,
        bytes: impl Into<Bytes>,
    ) -> Arc<Body> {
        Arc::new(Body::new(Draft {
            route,
            bytes: bytes.into(),
            content_type: HeaderValue::from_static(mime),
            policy,
            modified: None,
            stamp: Stamp { version: 0, current: Arc::default(), until: 0 },
            moment: 0,
        }))
    }

    /// The page of those editions.
    pub fn editions_page(editions: &[Arc<Live>], viewer: &Viewer) -> Result<String, Failure> {
        let entry = |live: &Arc<Live>| EditionEntry {
            edition: live.edition.clone(),
            latest: Some(live.head.clone()),
        };
        let entries: Vec<EditionEntry> = editions.iter().map(entry).collect();
        Ok(page::editions_page(&entries, viewer)?)
    }

    /// A visitor of the server at `now`.
    pub fn viewer(&self, zone: Option<Zone>, now: Timestamp) -> Viewer {
        let links = Links {
            prefix: String::new(),
            folder: false,
            assets: assets::base().to_owned(),
            base: self.0.options.base_url.as_ref().map(|_| self.base_url().to_owned()),
        };
        Viewer { zone, now, links }
    }

    /// Draws and compresses with good effort what most visitors and programs ask for, one after the other, so
    /// that after a release hardly anybody waits; without `files` only pages. For a task of its own.
    pub async fn warm(&self, live: &Arc<Live>, files: bool) {
        let Ok(snapshot) = self.snapshot(live).await else { return };
        for target in Target::busiest(&snapshot).into_iter().filter(|target| files || !target.is_file()) {
            if self.0.stop.is_cancelled() {
                return;
            }
            match self.body(live, &target, None).await {
                Ok(Some(body)) => body.precompress().await,
                Ok(None) => {}
                Err(failure) => tracing::warn!(%failure, route = target.route(), "could not be drawn ahead"),
            }
        }
    }

    /// Warms the newest edition a while after the start, and every edition that is in use after a release.
    pub async fn keep_warm(self) {
        let Some(patience) = self.0.options.ahead_after else { return };
        let mut changes = self.changes();
        let mut warmed: HashMap<EditionId, (u32, u64)> = HashMap::new();
        loop {
            tokio::select! {
                () = tokio::time::sleep(patience) => {}
                () = self.0.stop.cancelled() => return,
            }
            changes.mark_unchanged();
            for (at, live) in self.editions().iter().enumerate() {
                let used = at == 0 || live.snapshot.load().is_some();
                if used {
                    let now = (live.head.number, live.version);
                    match warmed.insert(live.edition.id, now) {
                        Some(before) if before == now => {}
                        // A page or a post changed: the files are what they were.
                        Some((number, _)) if number == now.0 => self.warm(live, false).await,
                        _ => self.warm(live, true).await,
                    }
                }
            }
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                () = self.0.stop.cancelled() => return,
            }
        }
    }
}

/// The spoke of the homeserver that is set.
fn carried(options: &SiteOptions, venue: &Venue) -> Option<matrix::spoke::Spoke> {
    let settings = options.matrix.clone()?;
    let render = |text: &model::text::RichText| markup::chat(text).to_string();
    match matrix::spoke::Spoke::new(settings, venue.clone(), render) {
        Ok(spoke) => Some(spoke),
        Err(error) => {
            tracing::error!(%error, remedy = error.remedy(), "Matrix is left out");
            None
        }
    }
}

/// The second at which the next minute begins.
fn next_minute(now: Timestamp) -> i64 {
    (now.as_second().div_euclid(60) + 1) * 60
}
