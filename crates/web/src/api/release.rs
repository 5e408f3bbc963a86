//! Releases: which there are, what the next would change, publishing it.

use super::{
    BASE,
    answer::{self, Answer, Page, Paging},
    body::{Json, Query},
    caller::Caller,
    fault::Fault,
    programme,
};
use crate::{desk::release::front_page, site::Site};
use axum::{
    extract::{Path, State as Held},
    http::{HeaderMap, Uri},
};
use jiff::Timestamp;
use model::{
    Refusal,
    diff::{Difference, diff},
    permission::{Action, Place},
    programme::Programme,
    release::{Counts, ReleaseHead},
    time::Zone,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The operations.
pub(super) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list, publish))
        .routes(routes!(preview))
        .routes(routes!(get))
        .routes(routes!(take_back))
        .routes(routes!(untold))
        .routes(routes!(told))
}

/// A numbered, published, immutable state of the timetable.
#[derive(Debug, Serialize, ToSchema)]
struct Release {
    /// 1 for the first release of the edition.
    number: u32,
    /// When it was published.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// What its publisher says about it; may be empty.
    note: String,
    /// How many sessions it added against the release before.
    added: u32,
    /// How many sessions it changed.
    changed: u32,
    /// How many sessions it removed.
    removed: u32,
}

impl From<&ReleaseHead> for Release {
    fn from(head: &ReleaseHead) -> Self {
        let Counts { added, changed, removed } = head.counts;
        Self { number: head.number, at: head.at, note: head.note.clone(), added, changed, removed }
    }
}

/// What a release would change against the newest one.
#[derive(Debug, Serialize, ToSchema)]
struct Preview {
    /// Whether there is anything to publish.
    differs: bool,
    /// Whether the edition itself changed: its title, dates, zone, texts.
    edition: bool,
    /// Sessions that change.
    sessions: Vec<Change>,
    /// Rooms, tracks, persons and sponsors that change.
    things: Vec<Change>,
}

/// One thing that changes.
#[derive(Debug, Serialize, ToSchema)]
struct Change {
    /// `session`, `room`, `track`, `person` or `sponsor`.
    kind: String,
    /// Its title or name.
    name: String,
    /// The code, for a session.
    code: Option<String>,
    /// `created`, `changed` or `removed`.
    deed: String,
    /// What changes about it, as people read it.
    aspects: Vec<String>,
}

impl Preview {
    fn of(difference: Difference, differs: bool, zone: &Zone) -> Self {
        let sessions = difference.sessions.into_iter().map(|change| Change {
            kind: "session".to_owned(),
            name: change.title.to_string(),
            code: Some(change.code),
            deed: change.deed.as_str().to_owned(),
            aspects: change.aspects.iter().map(|aspect| aspect.describe(zone)).collect(),
        });
        let things = difference.things.into_iter().map(|change| Change {
            kind: change.kind,
            name: change.name.to_string(),
            code: None,
            deed: change.deed.as_str().to_owned(),
            aspects: vec![],
        });
        Self { differs, edition: difference.edition, sessions: sessions.collect(), things: things.collect() }
    }
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/releases", operation_id = "listReleases", tag = "Releases",
    summary = "Lists releases, the newest first.",
    params(("edition" = String, Path, description = "The edition's slug or identifier"), Paging),
    responses(
        (status = 200, description = "A page of the list", body = Page<Release>),
        (status = 304, description = "The caller has it already"),
    ),
)]
async fn list(
    Held(site): Held<Site>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    Path(edition): Path<String>,
    Query(paging): Query<Paging>,
) -> Answer {
    let edition = programme::known(&site, &caller, &edition).await?.edition;
    let heads = site.store().releases(edition.id).await?;
    let all: Vec<Release> = heads.iter().map(Release::from).collect();
    answer::list(&headers, &uri, &paging.cut(all, |one| Uuid::from_u128(u128::from(one.number)))?)
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/releases/{number}", operation_id = "getRelease", tag = "Releases",
    summary = "Shows a release.",
    params(
        ("edition" = String, Path, description = "The edition's slug or identifier"),
        ("number" = u32, Path, description = "Its number"),
    ),
    responses(
        (status = 200, description = "The release", body = Release),
        (status = 304, description = "The caller has it already"),
    ),
)]
async fn get(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path((edition, number)): Path<(String, String)>,
) -> Answer {
    let edition = programme::known(&site, &caller, &edition).await?.edition;
    let heads = site.store().releases(edition.id).await?;
    let found = heads.iter().find(|head| number.parse() == Ok(head.number));
    answer::thing(&headers, &Release::from(found.ok_or_else(|| Fault::none("release", &number))?))
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/releases/preview", operation_id = "previewRelease", tag = "Releases",
    summary = "Shows what publishing the working state would change.",
    params(("edition" = String, Path, description = "The edition's slug or identifier")),
    responses(
        (status = 200, description = "What would change", body = Preview),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn preview(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path(key): Path<String>,
) -> Answer {
    let head = programme::desk(&site, &caller, &key).await?;
    let present = site.store().programme(head.edition.id).await?;
    let present = present.ok_or_else(|| Fault::none("edition", &key))?;
    let newest = match head.latest {
        Some(latest) => site.store().release(head.edition.id, latest.number).await?,
        None => None,
    };
    let before =
        newest.map_or_else(|| Programme::empty(present.edition.clone()), |release| release.programme);
    let zone = present.edition.zone.clone();
    answer::thing(&headers, &Preview::of(diff(&before, &present), before != present, &zone))
}

/// A release to be published.
#[derive(Debug, Deserialize, ToSchema)]
struct ReleaseInput {
    /// What to say about it.
    #[serde(default)]
    #[schema(max_length = 2_000)]
    note: String,
}

#[utoipa::path(
    post, path = "/api/v1/editions/{edition}/releases", operation_id = "publishRelease", tag = "Releases",
    summary = "Publishes the working state as the next release.",
    params(("edition" = String, Path, description = "The edition's slug or identifier")),
    request_body = ReleaseInput,
    responses(
        (status = 201, description = "It is published", body = Release),
        (status = 200, description = "The newest release says the same already", body = Release),
    ),
    security(("token" = [])),
)]
async fn publish(
    Held(site): Held<Site>,
    caller: Caller,
    Path(edition): Path<String>,
    Json(input): Json<ReleaseInput>,
) -> Answer {
    let head = programme::desk(&site, &caller, &edition).await?;
    caller.may(Action::Release, &Place::edition(&head.edition))?;
    let note = note(&input.note)?;
    match site.store().publish(&caller.subject.actor, head.edition.id, &note).await? {
        Some(new) => published(&head.edition, &new),
        None => same(head.latest.as_ref()),
    }
}

/// A release to be taken back.
#[derive(Debug, Deserialize, ToSchema)]
struct TakeBack {
    /// The release whose programme is to be public again; 0 for an empty programme.
    to: u32,
    /// What to say about it.
    #[serde(default)]
    #[schema(max_length = 2_000)]
    note: String,
    /// Whether the working state becomes what is published too; else it keeps its changes.
    #[serde(default)]
    reset: bool,
}

#[utoipa::path(
    post, path = "/api/v1/editions/{edition}/releases/take-back", operation_id = "takeBackRelease", tag = "Releases",
    summary = "Takes the newest release back: publishes a further one that says what an earlier one said.",
    params(("edition" = String, Path, description = "The edition's slug or identifier")),
    request_body = TakeBack,
    responses(
        (status = 201, description = "It is published", body = Release),
        (status = 200, description = "The newest release says the same already", body = Release),
    ),
    security(("token" = [])),
)]
async fn take_back(
    Held(site): Held<Site>,
    caller: Caller,
    Path(edition): Path<String>,
    Json(input): Json<TakeBack>,
) -> Answer {
    let head = programme::desk(&site, &caller, &edition).await?;
    caller.may(Action::Release, &Place::edition(&head.edition))?;
    if input.reset {
        // To drop what others have changed takes the right to change it.
        caller.may(Action::EditProgramme, &Place::edition(&head.edition))?;
    }
    let note = note(&input.note)?;
    let (store, id) = (site.store(), head.edition.id);
    match store.take_back(&caller.subject.actor, id, input.to, &note, input.reset).await? {
        Some(new) => published(&head.edition, &new),
        None => same(head.latest.as_ref()),
    }
}

fn note(text: &str) -> Result<String, Fault> {
    if text.chars().count() > 2_000 {
        return Err(Refusal::new("note", "it is longer than 2000 characters", "Shorten it").into());
    }
    Ok(model::text::RichText::clean(text).to_string())
}

fn published(edition: &model::edition::Edition, head: &ReleaseHead) -> Answer {
    answer::created(
        &format!("{BASE}/editions/{}/releases/{}", edition.slug, head.number),
        &Release::from(head),
    )
}

fn same(head: Option<&ReleaseHead>) -> Answer {
    answer::changed(&Release::from(head.ok_or_else(|| Fault::none("release", "0"))?))
}

/// What is published of an edition's dates and mode and was not told yet.
#[derive(Debug, Serialize, ToSchema)]
struct Untold {
    /// A sentence for each fact; empty where there is nothing to tell.
    news: Vec<String>,
    /// How many people would get a mail.
    people: usize,
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/releases/untold", operation_id = "getUntold", tag = "Releases",
    summary = "Shows what is published of the dates and the mode and was not told to people yet, and how many it concerns.",
    params(("edition" = String, Path, description = "The edition's slug or identifier")),
    responses(
        (status = 200, description = "What was not told", body = Untold),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn untold(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path(key): Path<String>,
) -> Answer {
    let edition = programme::desk(&site, &caller, &key).await?.edition;
    let news = site.store().untold(&edition).await?.map(|untold| untold.news).unwrap_or_default();
    let people = if news.is_empty() { 0 } else { site.store().concerned(&edition).await? };
    answer::thing(&headers, &Untold { news, people })
}

/// How people come to know of new dates or another mode.
#[derive(Debug, Deserialize, ToSchema)]
struct Telling {
    /// How.
    how: How,
}

/// How people come to know of it.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum How {
    /// Everybody concerned gets a mail.
    Mail,
    /// They know it otherwise: it is noted, and nothing is sent.
    Note,
}

/// What people know now.
#[derive(Debug, Serialize, ToSchema)]
struct Told {
    /// What they did not know before; empty where there was nothing to tell any more.
    news: Vec<String>,
    /// How many mails were queued.
    mails: usize,
}

#[utoipa::path(
    post, path = "/api/v1/editions/{edition}/releases/told", operation_id = "tellOfDates", tag = "Releases",
    summary = "Tells everybody concerned of new dates or another mode, once; or notes that they know.",
    params(("edition" = String, Path, description = "The edition's slug or identifier")),
    request_body = Telling,
    responses((status = 200, description = "They know it", body = Told)),
    security(("token" = [])),
)]
async fn told(
    Held(site): Held<Site>,
    caller: Caller,
    Path(key): Path<String>,
    Json(telling): Json<Telling>,
) -> Answer {
    let edition = programme::desk(&site, &caller, &key).await?.edition;
    caller.may(Action::EditEdition, &Place::edition(&edition))?;
    let (store, actor) = (site.store(), &caller.subject.actor);
    let told = match telling.how {
        How::Mail => {
            let told = store.tell(actor, edition.id, &front_page(&site, &edition)).await?;
            told.map(|(untold, queued)| Told { news: untold.news, mails: queued.queued.len() })
        }
        How::Note => {
            let told = store.note_told(actor, edition.id).await?;
            told.map(|untold| Told { news: untold.news, mails: 0 })
        }
    };
    answer::changed(&told.unwrap_or(Told { news: vec![], mails: 0 }))
}
