//! What organisers write and keep beside the programme: pages, posts, session types, registrations.

use super::{
    answer::{self, Answer, Page, Paging},
    body::Query,
    caller::Caller,
    fault::Fault,
    programme,
};
use crate::site::Site;
use axum::{
    extract::{Path, State as Held},
    http::{HeaderMap, Uri},
};
use jiff::Timestamp;
use model::{
    edition::Edition,
    page::WebPage,
    permission::{Action, Place},
    post::{Post as Written, Publication},
    registration::Registration as Registered,
    session_type::SessionType as Offered,
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The operations.
pub(super) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list_pages))
        .routes(routes!(get_page))
        .routes(routes!(list_posts))
        .routes(routes!(get_post))
        .routes(routes!(list_session_types))
        .routes(routes!(list_registrations))
        .routes(routes!(get_registration))
}

/// A page that organisers write.
#[derive(Debug, Serialize, ToSchema)]
struct SitePage {
    /// Its identifier.
    id: Uuid,
    /// Its place in its address.
    slug: String,
    /// Its title.
    title: String,
    /// Its text. Markdown.
    body: String,
    /// Whether visitors see it.
    published: bool,
}

impl From<&WebPage> for SitePage {
    fn from(page: &WebPage) -> Self {
        Self {
            id: page.id.0,
            slug: page.slug.to_string(),
            title: page.title.to_string(),
            body: page.body.to_string(),
            published: page.published,
        }
    }
}

/// An announcement or an entry of the blog.
#[derive(Debug, Serialize, ToSchema)]
struct Post {
    /// Its identifier.
    id: Uuid,
    /// Its place in its address.
    slug: String,
    /// Its title.
    title: String,
    /// A sentence or two for lists and feeds.
    summary: String,
    /// Its text. Markdown.
    body: String,
    /// Who is named as its author; empty for the organisers.
    author: String,
    /// The track that it is about.
    track: Option<Uuid>,
    /// `draft`, `scheduled` or `published`.
    state: String,
    /// When it was or will be published; null for a draft.
    #[schema(value_type = Option<String>, format = DateTime)]
    published: Option<Timestamp>,
}

impl From<&Written> for Post {
    fn from(post: &Written) -> Self {
        let (state, published) = match post.publication {
            Publication::Draft => ("draft", None),
            Publication::Scheduled(at) => ("scheduled", Some(at)),
            Publication::Published(at) => ("published", Some(at)),
        };
        Self {
            id: post.id.0,
            slug: post.slug.to_string(),
            title: post.title.to_string(),
            summary: post.summary.to_string(),
            body: post.body.to_string(),
            author: post.author.to_string(),
            track: post.track.map(|track| track.0),
            state: state.to_owned(),
            published,
        }
    }
}

/// A type of session that the edition offers.
#[derive(Debug, Serialize, ToSchema)]
struct SessionType {
    /// Its identifier.
    id: Uuid,
    /// Its name, which sessions of it carry.
    name: String,
    /// What it is, such as `talk`.
    kind: String,
    /// How long a session of it usually is.
    minutes: u16,
    /// What it is for.
    description: String,
}

impl From<&Offered> for SessionType {
    fn from(one: &Offered) -> Self {
        Self {
            id: one.id.0,
            name: one.name.to_string(),
            kind: one.kind.as_str().to_owned(),
            minutes: one.minutes,
            description: one.description.to_string(),
        }
    }
}

/// Somebody's registration for the edition.
#[derive(Debug, Serialize, ToSchema)]
struct Registration {
    /// Its identifier.
    id: Uuid,
    /// The address by which they are known.
    email: String,
    /// Their name, as they registered.
    name: String,
    /// Where they work or belong.
    affiliation: String,
    /// Their country, as they wrote it.
    country: String,
    /// The code that the system gave it in which they registered.
    code: String,
    /// Their account, once they have proved that they read mail at the address.
    account: Option<Uuid>,
}

impl From<&Registered> for Registration {
    fn from(one: &Registered) -> Self {
        Self {
            id: one.id.0,
            email: one.email.to_string(),
            name: one.name.to_string(),
            affiliation: one.affiliation.to_string(),
            country: one.country.to_string(),
            code: one.code.to_string(),
            account: one.account.map(|account| account.0),
        }
    }
}

/// Whether the caller sees what is not public yet: for those who write it.
fn writes(caller: &Caller, action: Action, edition: &Edition) -> bool {
    caller.may_read(action, &Place::edition(edition)).is_ok()
}

/// The pages that the caller may see.
async fn pages(site: &Site, caller: &Caller, edition: &str) -> Result<Vec<SitePage>, Fault> {
    let edition = programme::known(site, caller, edition).await?.edition;
    let all = writes(caller, Action::EditPages, &edition);
    let pages = site.store().pages(edition.id).await?;
    Ok(pages.iter().filter(|page| page.published || all).map(SitePage::from).collect())
}

/// The posts that the caller may see.
async fn posts(site: &Site, caller: &Caller, edition: &str) -> Result<Vec<Post>, Fault> {
    let edition = programme::known(site, caller, edition).await?.edition;
    let all = writes(caller, Action::WritePosts, &edition);
    let public = |post: &&Written| matches!(post.publication, Publication::Published(_)) || all;
    Ok(site.store().posts(edition.id).await?.iter().filter(public).map(Post::from).collect())
}

/// The registrations of an edition, for those who may see them.
async fn registrations(site: &Site, caller: &Caller, edition: &str) -> Result<Vec<Registration>, Fault> {
    let edition = programme::desk(site, caller, edition).await?.edition;
    caller.may(Action::SeeRegistrations, &Place::edition(&edition))?;
    Ok(site.store().all_registrations(edition.id).await?.iter().map(Registration::from).collect())
}

/// The one of that identifier or address.
fn one<T>(all: Vec<T>, kind: &str, key: &str, is: impl Fn(&T) -> bool) -> Result<T, Fault> {
    all.into_iter().find(|one| is(one)).ok_or_else(|| Fault::none(kind, key))
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/pages", operation_id = "listPages", tag = "Site",
    summary = "Lists pages: those that are published, and the others for those who write them.",
    params(("edition" = String, Path, description = "The edition's slug or identifier"), Paging),
    responses(
        (status = 200, description = "A page of the list", body = Page<SitePage>),
        (status = 304, description = "The caller has it already"),
    ),
)]
async fn list_pages(
    Held(site): Held<Site>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    Path(edition): Path<String>,
    Query(paging): Query<Paging>,
) -> Answer {
    let all = pages(&site, &caller, &edition).await?;
    answer::list(&headers, &uri, &paging.cut(all, |one| one.id)?)
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/pages/{id}", operation_id = "getPage", tag = "Site",
    summary = "Shows a page.",
    params(("edition" = String, Path, description = "The edition's slug or identifier"), ("id" = String, Path, description = "Its identifier")),
    responses(
        (status = 200, description = "The thing", body = SitePage),
        (status = 304, description = "The caller has it already"),
    ),
)]
async fn get_page(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path((edition, key)): Path<(String, String)>,
) -> Answer {
    let all = pages(&site, &caller, &edition).await?;
    let found = one(all, "page", &key, |one| one.slug == key || one.id.to_string() == key)?;
    answer::thing(&headers, &found)
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/posts", operation_id = "listPosts", tag = "Site",
    summary = "Lists posts: those that are published, and the others for those who write them.",
    params(("edition" = String, Path, description = "The edition's slug or identifier"), Paging),
    responses(
        (status = 200, description = "A page of the list", body = Page<Post>),
        (status = 304, description = "The caller has it already"),
    ),
)]
async fn list_posts(
    Held(site): Held<Site>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    Path(edition): Path<String>,
    Query(paging): Query<Paging>,
) -> Answer {
    let all = posts(&site, &caller, &edition).await?;
    answer::list(&headers, &uri, &paging.cut(all, |one| one.id)?)
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/posts/{id}", operation_id = "getPost", tag = "Site",
    summary = "Shows a post.",
    params(("edition" = String, Path, description = "The edition's slug or identifier"), ("id" = String, Path, description = "Its identifier")),
    responses(
        (status = 200, description = "The thing", body = Post),
        (status = 304, description = "The caller has it already"),
    ),
)]
async fn get_post(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path((edition, key)): Path<(String, String)>,
) -> Answer {
    let all = posts(&site, &caller, &edition).await?;
    let found = one(all, "post", &key, |one| one.slug == key || one.id.to_string() == key)?;
    answer::thing(&headers, &found)
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/session-types", operation_id = "listSessionTypes", tag = "Programme",
    summary = "Lists the types of session that the edition offers.",
    params(("edition" = String, Path, description = "The edition's slug or identifier"), Paging),
    responses(
        (status = 200, description = "A page of the list", body = Page<SessionType>),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn list_session_types(
    Held(site): Held<Site>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    Path(edition): Path<String>,
    Query(paging): Query<Paging>,
) -> Answer {
    let edition = programme::desk(&site, &caller, &edition).await?.edition;
    let types = site.store().session_types(edition.id).await?;
    let all: Vec<SessionType> = types.iter().map(SessionType::from).collect();
    answer::list(&headers, &uri, &paging.cut(all, |one| one.id)?)
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/registrations", operation_id = "listRegistrations", tag = "Registrations",
    summary = "Lists registrations, by name.",
    params(("edition" = String, Path, description = "The edition's slug or identifier"), Paging),
    responses(
        (status = 200, description = "A page of the list", body = Page<Registration>),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn list_registrations(
    Held(site): Held<Site>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    Path(edition): Path<String>,
    Query(paging): Query<Paging>,
) -> Answer {
    let all = registrations(&site, &caller, &edition).await?;
    answer::list(&headers, &uri, &paging.cut(all, |one| one.id)?)
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/registrations/{id}", operation_id = "getRegistration", tag = "Registrations",
    summary = "Shows a registration.",
    params(("edition" = String, Path, description = "The edition's slug or identifier"), ("id" = String, Path, description = "Its identifier")),
    responses(
        (status = 200, description = "The thing", body = Registration),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn get_registration(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path((edition, key)): Path<(String, String)>,
) -> Answer {
    let all = registrations(&site, &caller, &edition).await?;
    answer::thing(&headers, &one(all, "registration", &key, |one| one.id.to_string() == key)?)
}
