//! Which address is answered by what. Every pattern stands here or in `compat/`, once.

mod calls;
mod content;
mod edition;
mod forwards;
mod ideas;
mod mail;
mod setup;
mod stars;

pub(crate) use calls::{LastTime, last_time};

use crate::{
    account, api, assets, body::Body, compat, desk, error::Failure, headers::Policy, identity, live, meeting,
    ops, room, site::Site, target::Target, token,
};
use axum::{
    Router,
    body::Body as HttpBody,
    extract::{DefaultBodyLimit, FromRequestParts, Path, State},
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header, request::Parts},
    response::IntoResponse,
    routing::{MethodRouter, get},
};
use model::{text::Slug, time::Zone};
use std::{
    collections::BTreeSet,
    convert::Infallible,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};
use tower_http::csrf::CsrfLayer;

/// The most bytes that a request may send.
pub(crate) const BODY_LIMIT: usize = 64 * 1_024;

/// The address of the client that asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client(pub(crate) IpAddr);

/// The pattern of the route that answered, for metrics and the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RouteName(pub(crate) &'static str);

/// All routes of the site.
pub(crate) fn routes(site: Site) -> Router {
    let mut csrf = CsrfLayer::new().with_insecure_bypass(mail::is_from_anywhere);
    // A proxy may give the server another host than visitors see; the site's own address is always right.
    if let Some(origin) = site.options().base_url.as_deref().and_then(origin) {
        csrf = csrf.add_trusted_origin(&origin).unwrap_or_else(|error| {
            tracing::warn!(%error, origin, "the site's address cannot be trusted as an origin");
            CsrfLayer::new().with_insecure_bypass(mail::is_from_anywhere)
        });
    }
    let router = Router::new();
    let router = at(router, "/", get(front_page));
    let router = at(router, "/assets/{hash}/{name}", get(asset));
    let router = at(router, "/robots.txt", get(robots));
    let router = at(router, "/favicon.ico", get(favicon));
    let router = at(router, "/healthz", get(ops::health));
    let router = at(router, "/metrics", get(ops::metrics));
    let router = at(router, "/{edition}/events", get(live::events));
    let router = edition::routes(router);
    let router = content::routes(router);
    let router = calls::routes(router);
    let router = ideas::routes(router);
    let router = room::routes(router);
    let router = forwards::routes(router);
    let router = meeting::routes(router);
    let router = stars::routes(router);
    let router = mail::routes(router);
    let router = account::routes(router);
    let router = identity::routes(router);
    let router = setup::routes(router);
    let router = desk::routes(router);
    let router = token::routes(router);
    let router = api::routes(router);
    let router = compat::routes(router);
    router
        .fallback(async || Failure::from_status(StatusCode::NOT_FOUND, BODY_LIMIT))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(csrf)
        .with_state(site)
}

/// Every pattern that [`at`] was given since the program began.
static PATTERNS: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// The patterns of all routes, once a [`crate::Front`] was made: by them the tests of security know that they leave none
/// out.
pub fn patterns() -> Vec<&'static str> {
    PATTERNS.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
}

/// Adds a route that tells its pattern with every answer.
pub(crate) fn at(router: Router<Site>, pattern: &'static str, methods: MethodRouter<Site>) -> Router<Site> {
    PATTERNS.lock().unwrap_or_else(PoisonError::into_inner).insert(pattern);
    let named = move |mut response: Response<HttpBody>| async move {
        response.extensions_mut().get_or_insert(RouteName(pattern));
        response
    };
    router.route(pattern, methods.layer(axum::middleware::map_response(named)))
}

/// A redirect that stays: the same thing has one address.
pub(crate) fn moved(to: &str) -> Response<HttpBody> {
    redirect(StatusCode::PERMANENT_REDIRECT, to, "public, max-age=300")
}

fn redirect(status: StatusCode, to: &str, cache: &'static str) -> Response<HttpBody> {
    match HeaderValue::try_from(to) {
        Ok(to) => {
            (status, [(header::LOCATION, to), (header::CACHE_CONTROL, HeaderValue::from_static(cache))])
                .into_response()
        }
        Err(_) => Failure::from_status(StatusCode::NOT_FOUND, BODY_LIMIT).into_response(),
    }
}

/// What handlers need of a request besides its path.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// GET or HEAD, where a handler answers both.
    pub(crate) method: Method,
    /// Its headers.
    pub(crate) headers: HeaderMap,
    /// The address of the client.
    pub(crate) client: IpAddr,
    query: Vec<(String, String)>,
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self {
            method: parts.method.clone(),
            headers: parts.headers.clone(),
            client: parts.extensions.get::<Client>().map_or(IpAddr::from([127, 0, 0, 1]), |client| client.0),
            query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        })
    }
}

impl Asked {
    /// The first value of that name in the query, trimmed; `None` when there is none or it is empty.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let value = self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim());
        value.filter(|value| !value.is_empty())
    }

    /// The zone asked for with `?tz=`.
    pub(crate) fn zone(&self) -> Result<Option<Zone>, Failure> {
        Ok(self.value("tz").map(Zone::parse).transpose()?)
    }

    /// The answer with that body.
    pub(crate) async fn answer(&self, body: Arc<Body>) -> Response<HttpBody> {
        let mut response = body.answer(&self.method, &self.headers).await;
        response.extensions_mut().insert(RouteName(body.route));
        response
    }

    /// The answer with a page or file of an edition.
    pub(crate) async fn show(
        &self,
        site: &Site,
        edition: &str,
        target: Target,
    ) -> Result<Response<HttpBody>, Failure> {
        let live = site.live(edition)?;
        let zone = self.zone()?;
        match site.body(&live, &target, zone.as_ref()).await? {
            Some(body) => Ok(self.answer(body).await),
            None => Err(Failure::NotFound(format!(
                "The programme of {} has nothing of this name",
                live.edition.title
            ))),
        }
    }
}

async fn front_page(State(site): State<Site>, asked: Asked) -> Result<Response<HttpBody>, Failure> {
    if let [only] = site.editions().as_slice() {
        let home = model::address::Address::Home.path(only.slug());
        return Ok(redirect(StatusCode::TEMPORARY_REDIRECT, &home, "no-cache"));
    }
    let viewer = site.viewer(None, site.now());
    let body = site
        .common("/", "/", Policy::Page, "text/html; charset=utf-8", || {
            Ok(Site::editions_page(&site.editions(), &viewer)?.into())
        })
        .await?;
    Ok(asked.answer(body).await)
}

async fn asset(
    State(site): State<Site>,
    asked: Asked,
    Path((hash, name)): Path<(String, String)>,
) -> Result<Response<HttpBody>, Failure> {
    const ROUTE: &str = "/assets/{hash}/{name}";
    let mime = assets::content_type(&name);
    let content = || assets::get(&name).ok_or_else(|| Failure::no("file", &name));
    let current = assets::base().ends_with(&format!("/{hash}"));
    let body = if current {
        site.common(ROUTE, &format!("{}/{name}", assets::base()), Policy::Asset, mime, content).await?
    } else {
        // A page drawn by another version of the server asks: it gets what there is, for this once.
        site.passing(ROUTE, Policy::Fresh, mime, content()?)
    };
    Ok(asked.answer(body).await)
}

async fn robots(State(site): State<Site>, asked: Asked) -> Result<Response<HttpBody>, Failure> {
    let text = "User-agent: *\nDisallow: /*/search/\nDisallow: /*/stars/\nDisallow: /api/\nDisallow: /desk/\nDisallow: /account/\nDisallow: /sign-in/\n";
    let body = site
        .common("/robots.txt", "/robots.txt", Policy::File, "text/plain; charset=utf-8", || Ok(text.into()))
        .await?;
    Ok(asked.answer(body).await)
}

/// Browsers ask for this one whatever the page says.
async fn favicon() -> Response<HttpBody> {
    let icon =
        assets::names().into_iter().find(|name| name.starts_with("icon.") || name.starts_with("favicon."));
    match icon {
        Some(name) => redirect(
            StatusCode::TEMPORARY_REDIRECT,
            &format!("{}/{name}", assets::base()),
            "public, max-age=3600",
        ),
        None => Failure::no("file", "favicon.ico").into_response(),
    }
}

/// The edition that `/` and addresses without an edition mean: the newest.
pub(crate) fn newest(site: &Site) -> Result<Slug, Failure> {
    let editions = site.editions();
    let newest =
        editions.first().ok_or_else(|| Failure::NotFound("Nothing is published here yet".to_owned()))?;
    Ok(newest.slug().clone())
}

/// The origin (scheme, host, port) of the site's address.
fn origin(base_url: &str) -> Option<String> {
    let (scheme, rest) = base_url.split_once("://")?;
    Some(format!("{scheme}://{}", rest.split('/').next()?))
}
