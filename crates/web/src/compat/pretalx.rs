//! pretalx's addresses: the exports that apps and scripts know, the pages that were linked, the widget's JSON and
//! the read-only part of its REST API.

use crate::{
    error::Failure,
    page::Page,
    route::{Asked, at, moved},
    site::Site,
    target::{self, File, Target},
};
use axum::{
    Router,
    body::Body as HttpBody,
    extract::{Path, State},
    http::Response,
    routing::get,
};
use interchange::write::{
    Export,
    pretalx::{self, List, Paging, Query},
};
use model::{Refusal, address::Address, programme::Slugish, text::Line};

/// The most editions that the list of events holds.
const EVENTS_MAX: usize = 50;

/// The longest `expand` that is understood.
const EXPAND_MAX: usize = 200;

type Answer = Result<Response<HttpBody>, Failure>;
type Named = Path<(String, String)>;

/// Adds the routes.
pub(crate) fn routes(mut router: Router<Site>) -> Router<Site> {
    for (pattern, target) in [
        ("/{edition}/schedule/export/schedule.xml", Target::File(File::ScheduleXml)),
        ("/{edition}/schedule/export/schedule.xcal", Target::File(File::Xcal)),
        ("/{edition}/schedule/export/schedule.json", Target::File(File::ScheduleJson)),
        ("/{edition}/schedule/export/schedule.ics", Target::File(File::Calendar)),
        ("/{edition}/schedule/feed.xml", Target::ReleaseFeed),
        ("/{edition}/schedule/widgets/schedule.json", Target::File(File::PretalxWidget)),
    ] {
        let handler = move |State(site): State<Site>, asked: Asked, Path(edition): Path<String>| async move {
            asked.show(&site, &edition, target).await
        };
        router = at(router, pattern, get(handler));
    }
    router = at(router, "/{edition}/schedule/v/{version}/", get(version));
    router = at(router, "/{edition}/talk/", get(talks));
    router = at(router, "/{edition}/talk/{code}/", get(talk));
    router = at(router, "/{edition}/talk/{file}", get(talk_calendar));
    router = at(router, "/{edition}/speaker/", get(speakers));
    router = at(router, "/{edition}/speaker/{code}/", get(speaker));
    router = at(router, "/api/events/", get(events));
    router = at(router, "/api/events/{edition}/", get(event));
    router = at(router, "/api/events/{edition}/{list}/", get(list));
    at(router, "/api/events/{edition}/{list}/{key}/", get(item))
}

/// An old version of the schedule: what the release of that number changed. `latest` is the schedule.
async fn version(State(site): State<Site>, Path((edition, version)): Named) -> Answer {
    let live = site.live(&edition)?;
    if version == "latest" {
        return Ok(moved(&Address::Grid(None).path(live.slug())));
    }
    let number: u32 = version.parse().map_err(|_| Failure::no("release", &version))?;
    Ok(moved(&Address::Release(number).path(live.slug())))
}

async fn talks(State(site): State<Site>, Path(edition): Path<String>) -> Answer {
    Ok(moved(&Address::List(None).path(site.live(&edition)?.slug())))
}

async fn speakers(State(site): State<Site>, Path(edition): Path<String>) -> Answer {
    Ok(moved(&Address::Speakers.path(site.live(&edition)?.slug())))
}

async fn talk(State(site): State<Site>, Path((edition, code)): Named) -> Answer {
    let live = site.live(&edition)?;
    let snapshot = site.snapshot(&live).await?;
    let session = snapshot.session_by_code(&code).ok_or_else(|| Failure::no("session", &code))?;
    Ok(moved(&Address::from(session).path(live.slug())))
}

async fn talk_calendar(State(site): State<Site>, asked: Asked, Path((edition, file)): Named) -> Answer {
    let code = file.strip_suffix(".ics").ok_or_else(|| Failure::no("file", &file))?;
    asked.show(&site, &edition, Target::SessionCalendar(code.to_owned())).await
}

/// A person by the code that pretalx gave or that its API says here, else by slug.
async fn speaker(State(site): State<Site>, Path((edition, code)): Named) -> Answer {
    let live = site.live(&edition)?;
    let snapshot = site.snapshot(&live).await?;
    let is_named = |own: Option<&str>| own.is_some_and(|own| own.eq_ignore_ascii_case(&code));
    let persons = &snapshot.programme().persons;
    let person = persons
        .iter()
        .find(|person| is_named(person.code.as_ref().map(Line::as_str)))
        .or_else(|| persons.iter().find(|person| is_named(Some(Slugish::from_id(person.id.0).as_str()))))
        .or_else(|| snapshot.person_by_slug(&code))
        .ok_or_else(|| Failure::no("person", &code))?;
    Ok(moved(&Page::Speaker(person.slug.to_string()).address().path(live.slug())))
}

async fn events(State(site): State<Site>, asked: Asked) -> Answer {
    let mut snapshots = vec![];
    for live in site.editions().iter().take(EVENTS_MAX) {
        snapshots.push(site.snapshot(live).await?);
    }
    let base = site.base_url();
    let exports: Vec<Export<'_>> = snapshots.iter().map(|snapshot| target::export(snapshot, base)).collect();
    let address = format!("{base}/api/events/");
    let query = Query { address: &address, paging: paging(&asked)?, expand: "" };
    let text = pretalx::events(&exports, &query).ok_or_else(no_page)?;
    let body = site.passing("/api/events/", crate::headers::Policy::File, "application/json", text);
    Ok(asked.answer(body).await)
}

async fn event(State(site): State<Site>, asked: Asked, Path(edition): Path<String>) -> Answer {
    let live = site.live(&edition)?;
    let base = site.base_url();
    let key = format!("/api/events/{edition}/");
    let body = site
        .derived(&live, "/api/events/{edition}/", &key, |snapshot| {
            Some(pretalx::event(&target::export(snapshot, base)))
        })
        .await?;
    Ok(asked.answer(body.ok_or_else(no_page)?).await)
}

async fn list(State(site): State<Site>, asked: Asked, Path((edition, name)): Named) -> Answer {
    let list = List::parse(&name).ok_or_else(|| Failure::no("list", &name))?;
    let live = site.live(&edition)?;
    let base = site.base_url();
    let path = format!("/api/events/{edition}/{name}/");
    let address = format!("{base}{path}");
    let query = Query { address: &address, paging: paging(&asked)?, expand: expand(&asked)? };
    let key = match query.paging {
        Paging::Pages { page, size } => {
            format!("{path}?page={page}&page_size={size}&expand={}", query.expand)
        }
        Paging::Offset { offset, limit } => {
            format!("{path}?limit={limit}&offset={offset}&expand={}", query.expand)
        }
    };
    let draw =
        |snapshot: &crate::snapshot::Snapshot| pretalx::list(&target::export(snapshot, base), list, &query);
    let body = site.derived(&live, "/api/events/{edition}/{list}/", &key, draw).await?;
    Ok(asked.answer(body.ok_or_else(no_page)?).await)
}

async fn item(
    State(site): State<Site>,
    asked: Asked,
    Path((edition, name, key)): Path<(String, String, String)>,
) -> Answer {
    let list = List::parse(&name).ok_or_else(|| Failure::no("list", &name))?;
    let live = site.live(&edition)?;
    let base = site.base_url();
    let query = Query { expand: expand(&asked)?, ..Query::default() };
    let at = format!("/api/events/{edition}/{name}/{key}/?expand={}", query.expand);
    let draw = |snapshot: &crate::snapshot::Snapshot| {
        pretalx::item(&target::export(snapshot, base), list, &key, &query)
    };
    let body = site.derived(&live, "/api/events/{edition}/{list}/{key}/", &at, draw).await?;
    Ok(asked.answer(body.ok_or_else(|| Failure::no("entry", &key))?).await)
}

fn no_page() -> Failure {
    Failure::NotFound("There is no such page of the list".to_owned())
}

/// Which part of a list is asked for: `limit` and `offset` as older versions did, else `page` and `page_size`.
fn paging(asked: &Asked) -> Result<Paging, Failure> {
    let number = |name: &'static str| {
        let text = asked.value(name);
        text.map(str::parse::<usize>)
            .transpose()
            .map_err(|_| Refusal::new(name, "it is not a whole number", "Give a number such as 1"))
    };
    let bounded = |size: usize| size.clamp(1, pretalx::PAGE_SIZE_MAX);
    Ok(match (number("offset")?, number("limit")?) {
        (None, None) => Paging::Pages {
            page: number("page")?.unwrap_or(1),
            size: bounded(number("page_size")?.unwrap_or(50)),
        },
        (offset, limit) => {
            Paging::Offset { offset: offset.unwrap_or(0), limit: bounded(limit.unwrap_or(50)) }
        }
    })
}

fn expand(asked: &Asked) -> Result<&str, Failure> {
    let expand = asked.value("expand").unwrap_or_default();
    if expand.len() > EXPAND_MAX {
        return Err(Refusal::new(
            "expand",
            "it is longer than 200 letters",
            "Name what is to be expanded, such as speakers,slots.room",
        )
        .into());
    }
    Ok(expand)
}
