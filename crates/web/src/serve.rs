//! The front of the server: connections, and what is done for every request.
//!
//! A request for a body in memory is answered here, before any routing. Every other one goes to the routes, with
//! a time limit and a net for panics; a failure that comes back is drawn for the one who asked, and every answer
//! gets the headers that protect the visitor.

use crate::{
    error::{Failure, Problem, wants_json},
    headers::{self, Policy},
    inner,
    ops::{self, Seen},
    page,
    route::{self, Client, RouteName},
    site::Site,
    timer,
};
use axum::{
    Router,
    body::{Body as HttpBody, HttpBody as _},
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri, header, request::Parts},
};
use bytes::Bytes;
use futures_util::FutureExt;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use std::{
    convert::Infallible,
    fmt::Write as _,
    io,
    net::{IpAddr, Ipv4Addr},
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};
use tokio::net::{TcpListener, TcpStream};
use tower::{Service, ServiceExt};

/// So long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// So long a client may take to send the head of a request.
const HEAD_PATIENCE: Duration = Duration::from_secs(20);

/// So long open connections may go on after the server was told to stop.
const FAREWELL: Duration = Duration::from_secs(10);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The service that answers every request of the site.
#[derive(Clone, Debug)]
pub struct Front {
    site: Site,
    routes: Router,
    client: IpAddr,
}

impl Front {
    /// The service for `site`. Requests count as coming from this machine until [`Front::of_client`] says
    /// otherwise.
    pub fn new(site: Site) -> Self {
        Self { routes: route::routes(site.clone()), site, client: IpAddr::V4(Ipv4Addr::LOCALHOST) }
    }

    /// The service for a connection from `client`.
    #[must_use]
    pub fn of_client(&self, client: IpAddr) -> Self {
        Self { client, ..self.clone() }
    }

    /// Answers a request. Never fails: what goes wrong is an answer too.
    pub async fn answer<B>(&self, request: Request<B>) -> Response<HttpBody>
    where
        B: axum::body::HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        let mut seen = Seen { number: self.site.meters().request(), at: Instant::now(), hit: true };
        if let Some((route, response)) = self.kept(request.method(), request.uri(), request.headers()) {
            ops::note(&self.site, seen, request.method(), route, &response);
            return response;
        }
        seen.hit = false;
        let this = self.clone();
        // Boxed, so that the future of an answer from memory stays small.
        Box::pin(async move { this.by_route(request.map(HttpBody::new), seen).await }).await
    }

    /// The answer to a request for a body that is in memory, fresh, and compressed as the client wants it.
    fn kept(
        &self,
        method: &Method,
        uri: &Uri,
        request: &HeaderMap,
    ) -> Option<(&'static str, Response<HttpBody>)> {
        if method != Method::GET && method != Method::HEAD {
            return None;
        }
        let body = self.site.bodies().get(uri.path_and_query()?.as_str())?;
        if !body.is_fresh(|| self.site.now().as_second()) {
            return None;
        }
        Some((body.route, body.answer_at_once(method, request)?))
    }

    async fn by_route(self, mut request: Request, seen: Seen) -> Response<HttpBody> {
        let client = self.client_of(request.headers());
        request.extensions_mut().insert(Client(client));
        let (parts, body) = request.into_parts();
        let asked = parts.clone();
        let mut response = self.within_limits(Request::from_parts(parts, body)).await;
        if response.status() == StatusCode::NOT_FOUND
            && let Some(moved) = self.with_slash(&asked).await
        {
            response = moved;
        }
        let route = response.extensions().get::<RouteName>().map_or("unmatched", |name| name.0);
        if response.status().is_client_error() || response.status().is_server_error() {
            response = self.explained(response, &asked, seen);
        }
        let mut headers = std::mem::take(response.headers_mut());
        headers::complete(&mut headers);
        if !headers.contains_key(header::CACHE_CONTROL) {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        }
        if let Ok(name) = HeaderValue::try_from(self.site.meters().name_of(seen.number)) {
            headers.insert(REQUEST_ID, name);
        }
        *response.headers_mut() = headers;
        if asked.method == Method::HEAD && response.body().size_hint().exact() != Some(0) {
            *response.body_mut() = HttpBody::empty();
        }
        ops::note(&self.site, seen, &asked.method, route, &response);
        response
    }

    /// Runs the route with a time limit and a net for panics.
    async fn within_limits(&self, request: Request) -> Response<HttpBody> {
        let running = AssertUnwindSafe(self.routes.clone().oneshot(request)).catch_unwind();
        let failure = match tokio::time::timeout(PATIENCE, running).await {
            Ok(Ok(Ok(response))) => return response,
            Ok(Ok(Err(never))) => match never {},
            // The panic's own message was printed where it happened.
            Ok(Err(_)) => Failure::Internal,
            Err(_) => Failure::Timeout(PATIENCE.as_secs()),
        };
        axum::response::IntoResponse::into_response(failure)
    }

    /// A redirect to the same address with a slash at its end, where there is a page.
    async fn with_slash(&self, asked: &Parts) -> Option<Response<HttpBody>> {
        let path = asked.uri.path();
        let last = path.rsplit('/').next().unwrap_or_default();
        let safe = matches!(asked.method, Method::GET | Method::HEAD) && !path.starts_with("//");
        if !safe || last.is_empty() || last.contains('.') {
            return None;
        }
        let target = match asked.uri.query() {
            Some(query) => format!("{path}/?{query}"),
            None => format!("{path}/"),
        };
        let mut parts = asked.clone();
        parts.uri = target.parse().ok()?;
        let answer = self.within_limits(Request::from_parts(parts, HttpBody::empty())).await;
        (answer.status().is_success() || answer.status().is_redirection()).then(|| {
            let mut moved = route::moved(&target);
            // The private address of a list of stars stands in the answer.
            if path.contains("/stars/") {
                moved
                    .headers_mut()
                    .insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
            }
            moved
        })
    }

    /// The answer with an explanation: a page for people, JSON for programs.
    fn explained(&self, mut response: Response<HttpBody>, asked: &Parts, seen: Seen) -> Response<HttpBody> {
        let own_words = response
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| !kind.as_bytes().starts_with(b"text/plain"));
        let for_programs = wants_json(asked.uri.path(), &asked.headers);
        let failure = match response.extensions_mut().remove::<Failure>() {
            // People are led to the page where they sign in, and from there back.
            Some(Failure::SignIn(next)) if !for_programs => return inner::to_sign_in(&next),
            Some(failure) => failure,
            None if own_words => return response,
            None => Failure::from_status(response.status(), route::BODY_LIMIT),
        };
        let status = failure.status();
        let number = self.site.meters().name_of(seen.number);
        let mut problem = failure.problem();
        if matches!(failure, Failure::Internal) {
            let _ = write!(problem, " Its number is {number}.");
        }
        let remedy = failure.remedy();
        let (mime, text) = if for_programs {
            let body = Problem {
                kind: "about:blank",
                title: failure.title(),
                status: status.as_u16(),
                detail: &problem,
                remedy: &remedy,
                request: &number,
            };
            ("application/problem+json", serde_json::to_string(&body).unwrap_or_default())
        } else {
            let home = asked.uri.path().split('/').nth(1).filter(|slug| self.site.edition(slug).is_some());
            let viewer = self.site.viewer(None, self.site.now());
            let page = page::error_page(status.as_u16(), failure.title(), &problem, &remedy, home, &viewer);
            match page {
                Ok(page) => ("text/html; charset=utf-8", page),
                Err(error) => {
                    tracing::error!(%error, "the page about a failure could not be drawn");
                    ("text/plain; charset=utf-8", format!("{}\n{problem}\n{remedy}\n", failure.title()))
                }
            }
        };
        let policy = if is_private(response.extensions().get::<RouteName>()) {
            Policy::Private
        } else {
            Policy::Fresh
        };
        let mut headers = headers::of(policy);
        for kept in [header::ALLOW, header::RETRY_AFTER] {
            if let Some(value) = response.headers_mut().remove(&kept) {
                headers.insert(kept, value);
            }
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(mime));
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(text.len()));
        let mut out = Response::new(HttpBody::from(text));
        *out.status_mut() = status;
        *out.headers_mut() = headers;
        out
    }

    /// The address of the client: that of the connection, or behind a proxy the one that the proxy saw.
    fn client_of(&self, headers: &HeaderMap) -> IpAddr {
        if !self.site.options().behind_proxy {
            return self.client;
        }
        // The last entry is the one that the proxy added; those before it are what the client claims.
        let forwarded =
            headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
        forwarded
            .and_then(|list| list.rsplit(',').next())
            .and_then(|last| {
                let last = last.trim();
                // Some proxies add the port.
                last.parse()
                    .ok()
                    .or_else(|| last.parse::<std::net::SocketAddr>().ok().map(|client| client.ip()))
            })
            .unwrap_or(self.client)
    }
}

/// Whether the address of the route holds a secret, or its page belongs to one person.
fn is_private(route: Option<&RouteName>) -> bool {
    const PRIVATE: [&str; 6] = ["/{edition}/stars/", "/account/", "/desk/", "/setup/", "/sign-in/", "/mail/"];
    route.is_some_and(|route| PRIVATE.iter().any(|prefix| route.0.starts_with(prefix)))
}

impl<B> Service<Request<B>> for Front
where
    B: axum::body::HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    type Response = Response<HttpBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let front = self.clone();
        Box::pin(async move { Ok(front.answer(request).await) })
    }
}

/// Answers on `listener` until `shutdown` is ready: HTTP/1.1 and HTTP/2 (with prior knowledge, as proxies speak
/// it). Keeps the site and the search index up to date meanwhile. When told to stop it ends the streams of live
/// updates, lets other answers finish for at most ten seconds, and returns.
pub async fn serve(listener: TcpListener, site: Site, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    site.listens_at(listener.local_addr()?);
    let front = Front::new(site.clone());
    let background = [
        tokio::spawn(site.clone().follow()),
        tokio::spawn(site.clone().keep_warm()),
        tokio::spawn(store::search::follow(site.store().clone())),
        tokio::spawn(ops::tidy(site.clone())),
        tokio::spawn(timer::publish(site.clone())),
    ];
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_PATIENCE).pipeline_flush(true);
    server
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_mins(1))
        .max_concurrent_streams(128);
    let open = GracefulShutdown::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let front = front.of_client(peer.ip().to_canonical());
                connection(&server, stream, front, &open);
            }
            Err(error) => {
                // A connection that was reset before it was accepted, or no file descriptors for the moment.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    site.stop().cancel();
    if tokio::time::timeout(FAREWELL, open.shutdown()).await.is_err() {
        tracing::warn!("some connections did not end in time");
    }
    for task in background {
        task.abort();
    }
    Ok(())
}

fn connection(
    server: &auto::Builder<TokioExecutor>,
    stream: TcpStream,
    front: Front,
    open: &GracefulShutdown,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection was gone at once");
        return;
    }
    let asked = Arc::new(AtomicBool::new(false));
    let has_asked = Arc::clone(&asked);
    let service = hyper::service::service_fn(move |request| {
        has_asked.store(true, Ordering::Relaxed);
        let front = front.clone();
        async move { Ok::<_, Infallible>(front.answer(request).await) }
    });
    let connection = server.serve_connection(TokioIo::new(stream), service).into_owned();
    let watched = open.watch(connection);
    tokio::spawn(async move {
        let mut watched = std::pin::pin!(watched);
        // hyper's limit on the head begins with HTTP/1: a client that sends nothing, or the beginning of
        // HTTP/2's preface, would hold its connection for ever.
        let ended = match tokio::time::timeout(HEAD_PATIENCE, &mut watched).await {
            Ok(ended) => ended,
            Err(_) if asked.load(Ordering::Relaxed) => watched.await,
            Err(_) => {
                tracing::debug!("a connection asked for nothing");
                return;
            }
        };
        if let Err(error) = ended {
            tracing::debug!(error, "a connection ended early");
        }
    });
}
