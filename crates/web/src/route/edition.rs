//! The pages and files of an edition.

use super::{Asked, at, moved};
use crate::{
    error::Failure,
    page::Page,
    site::Site,
    target::{File, Target},
};
use axum::{
    Router,
    body::Body as HttpBody,
    extract::{Path, State},
    http::Response,
    routing::get,
};
use jiff::civil::Date;
use model::address::Address;

/// The longest query that is looked for, in characters.
const QUERY_MAX: usize = 200;

type Answer = Result<Response<HttpBody>, Failure>;

/// The edition and the name of a thing in it, from the address.
type Named = Path<(String, String)>;

/// Adds the routes of an edition.
pub(crate) fn routes(mut router: Router<Site>) -> Router<Site> {
    for page in [
        Page::Home,
        Page::Grid(None),
        Page::List(None),
        Page::Now,
        Page::Speakers,
        Page::Tracks,
        Page::Rooms,
        Page::Posts,
    ] {
        router = fixed(router, Target::Page(page));
    }
    for file in File::NAMED {
        router = fixed(router, Target::File(file));
    }
    router = fixed(router, Target::ReleaseFeed);
    router = fixed(router, Target::PostFeed);
    router = fixed(router, Target::Releases);
    router = at(router, "/{edition}/releases/{number}/", get(release));
    router = at(router, "/{edition}/tracks.css", get(tracks_css));
    router = of_day(router, "/{edition}/schedule/{day}/", |day| Page::Grid(Some(day)));
    router = of_day(router, "/{edition}/schedule/list/{day}/", |day| Page::List(Some(day)));
    router = of_day(router, "/{edition}/schedule/print/{day}/", Page::Print);
    router = at(router, "/{edition}/sessions/", get(sessions));
    router = at(router, "/{edition}/sessions/{session}/", get(session));
    router = of_name(router, "/{edition}/speakers/{speaker}/", Page::Speaker);
    router = of_name(router, "/{edition}/tracks/{track}/", Page::Track);
    router = of_name(router, "/{edition}/rooms/{room}/", Page::Room);
    router = of_name(router, "/{edition}/rooms/{room}/sign/", Page::Sign);
    router = of_name(router, "/{edition}/pages/{page}/", Page::WebPage);
    router = of_name(router, "/{edition}/posts/{post}/", Page::Post);
    router = calendar(router, "/{edition}/sessions/{file}", Target::SessionCalendar);
    router = calendar(router, "/{edition}/tracks/{file}", Target::TrackCalendar);
    router = calendar(router, "/{edition}/rooms/{file}", Target::RoomCalendar);
    at(router, "/{edition}/search/", get(search))
}

/// Adds the route of a page or file that an edition has once.
fn fixed(router: Router<Site>, target: Target) -> Router<Site> {
    let pattern = target.route();
    let handler = move |State(site): State<Site>, asked: Asked, Path(edition): Path<String>| async move {
        asked.show(&site, &edition, target).await
    };
    at(router, pattern, get(handler))
}

/// Adds the route of a page about something with a slug.
fn of_name(router: Router<Site>, pattern: &'static str, page: fn(String) -> Page) -> Router<Site> {
    let handler = move |State(site): State<Site>, asked: Asked, Path((edition, name)): Named| async move {
        asked.show(&site, &edition, Target::Page(page(name))).await
    };
    at(router, pattern, get(handler))
}

/// Adds the route of a page about a day. A date written otherwise than `2027-10-03` moves there.
fn of_day(router: Router<Site>, pattern: &'static str, page: fn(Date) -> Page) -> Router<Site> {
    let handler = move |State(site): State<Site>, asked: Asked, Path((edition, text)): Named| async move {
        let date: Date = text.parse().map_err(|_| Failure::no("day", &text))?;
        let live = site.live(&edition)?;
        if date.to_string() != text {
            return Ok(moved(&page(date).address().path(live.slug())));
        }
        asked.show(&site, &edition, Target::Page(page(date))).await
    };
    at(router, pattern, get(handler))
}

/// Adds the route of the calendars of a kind of thing: `NAME.ics`.
fn calendar(router: Router<Site>, pattern: &'static str, target: fn(String) -> Target) -> Router<Site> {
    let handler = move |State(site): State<Site>, asked: Asked, Path((edition, file)): Named| async move {
        let name = file.strip_suffix(".ics").ok_or_else(|| Failure::no("file", &file))?;
        asked.show(&site, &edition, target(name.to_owned())).await
    };
    at(router, pattern, get(handler))
}

async fn sessions(State(site): State<Site>, Path(edition): Path<String>) -> Answer {
    Ok(moved(&Address::List(None).path(site.live(&edition)?.slug())))
}

/// A session's page; its code in other letters moves to the one address.
async fn session(State(site): State<Site>, asked: Asked, Path((edition, code)): Named) -> Answer {
    let live = site.live(&edition)?;
    let snapshot = site.snapshot(&live).await?;
    match snapshot.session_by_code(&code) {
        Some(session) if session.code.as_str() != code => {
            Ok(moved(&Address::from(session).path(live.slug())))
        }
        Some(_) => asked.show(&site, &edition, Target::Page(Page::Session(code))).await,
        None => Err(Failure::no("session", &code)),
    }
}

async fn release(State(site): State<Site>, asked: Asked, Path((edition, number)): Named) -> Answer {
    let parsed: u32 = number.parse().map_err(|_| Failure::no("release", &number))?;
    if parsed.to_string() != number {
        return Ok(moved(&Address::Release(parsed).path(site.live(&edition)?.slug())));
    }
    asked.show(&site, &edition, Target::Release(parsed)).await
}

async fn tracks_css(State(site): State<Site>, asked: Asked, Path(edition): Path<String>) -> Answer {
    let newest = site.live(&edition)?.head.number.to_string();
    let pinned = asked.value("r") == Some(newest.as_str());
    asked.show(&site, &edition, Target::TracksCss { pinned }).await
}

/// What was found.
async fn search(State(site): State<Site>, asked: Asked, Path(edition): Path<String>) -> Answer {
    let query: String = asked.value("q").unwrap_or_default().chars().take(QUERY_MAX).collect();
    let target = match query.trim() {
        "" => Target::Page(Page::Search { query: String::new(), hits: vec![] }),
        words => Target::Search(words.to_owned()),
    };
    asked.show(&site, &edition, target).await
}
