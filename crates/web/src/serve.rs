//! The front of the server: what is done for every request.
//!
//! A request for a body in memory is answered here, before any routing. Every other one goes to the routes, with
//! a time limit and a net for panics; a failure that comes back is drawn for the one who asked, and every answer
//! gets the headers that protect the visitor.

use crate::{
    cookies,
    error::{Failure, Problem, wants_json},
    headers::{self, Policy},
    inner,
    ops::{self, Seen},
    page,
    route::{self, Client, RouteName},
    signed::Viewing,
    site::Site,
};
use axum::{
    Router,
    body::{Body as HttpBody, HttpBody as _},
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri, header, request::Parts},
};
use bytes::Bytes;
use futures_util::FutureExt;
use std::{
    convert::Infallible,
    fmt::Write as _,
    net::{IpAddr, Ipv4Addr},
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};
use tower::{Service, ServiceExt};

/// So long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The service that answers every request of the site.
#[derive(Clone, Debug)]
pub struct Front {
    site: Site,
    routes: Router,
    /// The other end of the connection: the visitor, or a proxy.
    peer: IpAddr,
    encrypted: bool,
}

impl Front {
    /// The service for `site`. Requests count as coming from this machine, unencrypted, until
    /// [`Front::of_connection`] says otherwise.
    pub fn new(site: Site) -> Self {
        let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Self { routes: route::routes(site.clone()), site, peer, encrypted: false }
    }

    /// The service for a connection from `client`.
    #[must_use]
    pub fn of_client(&self, client: IpAddr) -> Self {
        self.of_connection(client, false)
    }

    /// The service for a connection from `peer`, which may be a proxy; `encrypted` where it is TLS.
    #[must_use]
    pub fn of_connection(&self, peer: IpAddr, encrypted: bool) -> Self {
        Self { peer, encrypted, ..self.clone() }
    }

    /// The site that it serves.
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// Answers a request. Never fails: what goes wrong is an answer too.
    pub async fn answer<B>(&self, request: Request<B>) -> Response<HttpBody>
    where
        B: axum::body::HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        let mut seen = Seen { number: self.site.meters().request(), at: Instant::now(), hit: true };
        if let Some((route, mut response)) = self.kept(request.method(), request.uri(), request.headers()) {
            if self.is_secure(request.headers()) {
                headers::only_encrypted(response.headers_mut());
            }
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

    /// Whether the visitor came by HTTPS: to this server, to the site's own address, or to a proxy that is believed.
    fn is_secure(&self, headers: &HeaderMap) -> bool {
        let proxies = &self.site.options().trusted_proxies;
        self.encrypted || self.site.is_https() || proxies.says_https(self.peer, headers)
    }

    async fn by_route(self, mut request: Request, seen: Seen) -> Response<HttpBody> {
        let client = self.site.options().trusted_proxies.client(self.peer, request.headers());
        let secure = self.is_secure(request.headers());
        cookies::receive(request.headers_mut(), secure);
        request.extensions_mut().insert(Client(client));
        request.extensions_mut().insert(Viewing::default());
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
        if secure {
            headers::only_encrypted(&mut headers);
        }
        cookies::send(&mut headers, secure);
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
            // What belongs to one person, or has a secret in its address, which stands in the answer.
            if headers::is_private(answer.headers()) {
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
            let viewing = asked.extensions.get::<Viewing>().and_then(Viewing::name);
            let said = page::Said {
                status: status.as_u16(),
                title: failure.title(),
                problem: &problem,
                remedy: &remedy,
            };
            let page = page::error_page(&said, home, viewing, &viewer);
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
