//! Connections: how many there may be, how long they may take, and TLS.
//!
//! A client that is slow, silent or many can hold only its share: a connection must ask within `HEAD_PATIENCE`, take
//! what it asked for at some pace (`patient.rs`), and one client gets a part of the places (`crowd.rs`). When all places
//! are taken, new connections wait in the system's queue.

mod crowd;
mod patient;
mod tls;

pub use crowd::{Crowd, Seat};
pub use tls::Tls;

use crate::{Front, Site, deliver, meeting, ops, refresh, room, timer};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{
        conn::auto,
        graceful::{GracefulShutdown, Watcher},
    },
};
use patient::Patient;
use std::{
    convert::Infallible,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};

/// So long a client may take to send the head of a request.
const HEAD_PATIENCE: Duration = Duration::from_secs(20);

/// So long the two ends may take to agree on keys.
const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(10);

/// So long open connections may go on after the server was told to stop.
const FAREWELL: Duration = Duration::from_secs(10);

/// Answers on `listener` until `shutdown` is ready: HTTP/1.1 and HTTP/2 (with prior knowledge, as proxies speak
/// it). Keeps the site and the search index up to date meanwhile. When told to stop it ends the streams of live
/// updates, lets other answers finish for at most ten seconds, and returns.
pub async fn serve(listener: TcpListener, site: Site, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    answer(listener, None, site, shutdown).await
}

/// The same by HTTPS.
pub async fn serve_tls(
    listener: TcpListener,
    tls: Tls,
    site: Site,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    answer(listener, Some(tls), site, shutdown).await
}

async fn answer(
    listener: TcpListener,
    tls: Option<Tls>,
    site: Site,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    site.listens_at(listener.local_addr()?, tls.is_some());
    let mut background = vec![
        tokio::spawn(site.clone().follow()),
        tokio::spawn(site.clone().keep_warm()),
        tokio::spawn(store::search::follow(site.store().clone())),
        tokio::spawn(ops::tidy(site.clone())),
        tokio::spawn(ops::forget(site.clone())),
        tokio::spawn(refresh::refresh_calendars(site.clone())),
        tokio::spawn(site.venue().clone().run(site.stop().clone())),
        tokio::spawn(room::announce(site.clone())),
        tokio::spawn(meeting::pool(site.clone())),
        tokio::spawn(meeting::bridge(site.clone())),
        tokio::spawn(timer::run(site.clone())),
        tokio::spawn(timer::remind(site.clone())),
        tokio::spawn(deliver::partners(site.clone())),
    ];
    // Without a fetcher nothing is called; what waits for Mastodon goes on waiting.
    background.extend(site.fetcher().cloned().map(|fetcher| {
        let (store, base) = (site.store().clone(), site.base_url().to_owned());
        tokio::spawn(mastodon::run(store, fetcher, base, site.stop().clone()))
    }));
    background.extend(
        site.matrix()
            .cloned()
            .map(|spoke| tokio::spawn(spoke.run(site.base_url().to_owned(), site.stop().clone()))),
    );
    background.extend(tls.clone().map(|tls| tokio::spawn(tls.follow())));
    let open = GracefulShutdown::new();
    let door = Door {
        server: Arc::new(server()),
        front: Front::new(site.clone()),
        crowd: Crowd::new(site.options().connections_per_client),
        places: Arc::new(Semaphore::new(site.options().connections)),
        tls,
    };
    let deliverer = tokio::spawn(deliver::webhooks(site.clone()));
    let mut shutdown = std::pin::pin!(shutdown);
    tokio::select! {
        () = door.admit(&listener, &open) => {}
        () = &mut shutdown => {}
    }
    drop((listener, door));
    site.stop().cancel();
    if tokio::time::timeout(FAREWELL, open.shutdown()).await.is_err() {
        tracing::warn!("some connections did not end in time");
    }
    // What was under way is ended, and the lease given back for the next start.
    if tokio::time::timeout(FAREWELL, deliverer).await.is_err() {
        tracing::warn!("some deliveries did not end in time");
    }
    for task in background {
        task.abort();
    }
    Ok(())
}

fn server() -> auto::Builder<TokioExecutor> {
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_PATIENCE).pipeline_flush(true);
    server
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_mins(1))
        .max_concurrent_streams(128);
    server
}

/// Where connections come in.
struct Door {
    server: Arc<auto::Builder<TokioExecutor>>,
    front: Front,
    crowd: Arc<Crowd>,
    places: Arc<Semaphore>,
    tls: Option<Tls>,
}

impl Door {
    /// Admits one after the other, for ever.
    async fn admit(&self, listener: &TcpListener, open: &GracefulShutdown) {
        let mut full = false;
        loop {
            if self.places.available_permits() == 0 && !std::mem::replace(&mut full, true) {
                tracing::warn!(
                    "there are as many connections as may be (setting `connections`); new ones wait for a place"
                );
            }
            let Ok(place) = Arc::clone(&self.places).acquire_owned().await else { return };
            full = full && self.places.available_permits() == 0;
            let (stream, peer) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    // A connection that was reset before it was accepted, or no file descriptors for the moment.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let peer = peer.ip().to_canonical();
            // All visitors come through the proxy, so it may hold as many as there are.
            let seat = if self.front.site().options().trusted_proxies.trusts(peer) {
                None
            } else {
                let Some(seat) = self.crowd.enter(peer) else {
                    tracing::debug!(%peer, "one client holds too many connections");
                    continue;
                };
                Some(seat)
            };
            let server = Arc::clone(&self.server);
            let front = self.front.of_connection(peer, self.tls.is_some());
            let acceptor = self.tls.as_ref().map(Tls::acceptor);
            let watcher = open.watcher();
            tokio::spawn(async move {
                let _held = (place, seat);
                if let Err(error) = connection(&server, stream, acceptor, front, watcher).await {
                    tracing::debug!(error, "a connection ended early");
                }
            });
        }
    }
}

type Ended = Result<(), Box<dyn std::error::Error + Send + Sync>>;

async fn connection(
    server: &auto::Builder<TokioExecutor>,
    stream: TcpStream,
    acceptor: Option<tokio_rustls::TlsAcceptor>,
    front: Front,
    watcher: Watcher,
) -> Ended {
    stream.set_nodelay(true)?;
    let stream = Patient::new(stream);
    match acceptor {
        None => talk(server, stream, front, watcher).await,
        Some(acceptor) => {
            let encrypted = tokio::time::timeout(HANDSHAKE_PATIENCE, acceptor.accept(stream)).await??;
            talk(server, encrypted, front, watcher).await
        }
    }
}

async fn talk<S>(server: &auto::Builder<TokioExecutor>, stream: S, front: Front, watcher: Watcher) -> Ended
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let asked = Arc::new(AtomicBool::new(false));
    let has_asked = Arc::clone(&asked);
    let service = hyper::service::service_fn(move |request| {
        has_asked.store(true, Ordering::Relaxed);
        let front = front.clone();
        async move { Ok::<_, Infallible>(front.answer(request).await) }
    });
    let connection = server.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
    let mut watched = std::pin::pin!(watcher.watch(connection));
    // hyper's limit on the head begins with HTTP/1: a client that sends nothing, or the beginning of HTTP/2's
    // preface, would hold its connection for ever.
    match tokio::time::timeout(HEAD_PATIENCE, &mut watched).await {
        Ok(ended) => ended,
        Err(_) if asked.load(Ordering::Relaxed) => watched.await,
        Err(_) => Err("it asked for nothing".into()),
    }
}
