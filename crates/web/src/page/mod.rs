//! The public pages of an edition.
//!
//! A page is a value of [`Page`]; [`Page::render`] draws it from a [`Snapshot`] for a [`Viewer`], and nothing
//! else comes in: the same three give the same bytes. Each page has a view struct in a module of its own and
//! an askama template of the same name under `templates/`.
//!
//! # How a page is added
//!
//! 1. Give it an address in [`model::address::Address`] and a variant in [`Page`].
//! 2. Open a module here with its view struct and a `view` function that fills it from the snapshot.
//! 3. Write `templates/NAME.html`, extending `layout.html`.
//! 4. Route it (`route/`), and add it to the list that the browser tests walk.

mod colour;
mod content;
mod found;
mod frame;
mod home;
mod layout;
mod now;
mod outside;
mod part;
mod places;
mod releases;
mod schedule;
mod session;
#[cfg(test)]
mod tests;

pub(crate) use frame::COMMON_ZONES;
pub(crate) use now::{RoomCard, room_now};
pub(crate) use part::{Anchor, date_span, short_date};
pub(crate) use releases::Changes;

use crate::snapshot::Snapshot;
use jiff::{Timestamp, civil::Date};
use model::{
    address::Address,
    edition::Edition,
    id::SessionId,
    now::Phase,
    release::{Release, ReleaseHead},
    time::Zone,
};

/// A page of one edition.
#[derive(Clone, Debug)]
pub enum Page {
    /// The front page.
    Home,
    /// The timetable as a grid, of one day or of all.
    Grid(Option<Date>),
    /// The timetable as a list, of one day or of all.
    List(Option<Date>),
    /// One day on one sheet of paper.
    Print(Date),
    /// What is on now and next.
    Now,
    /// A session, by code.
    Session(String),
    /// Everybody who takes part.
    Speakers,
    /// A person, by slug.
    Speaker(String),
    /// All tracks.
    Tracks,
    /// A track, by slug.
    Track(String),
    /// All rooms.
    Rooms,
    /// A room, by slug.
    Room(String),
    /// The sign for a room's door, by slug.
    Sign(String),
    /// Search: the form, and what was found.
    Search {
        /// What was asked; empty when nothing was.
        query: String,
        /// The sessions found, best first.
        hits: Vec<SessionId>,
    },
    /// The sessions starred in this browser.
    Stars,
    /// A list of stars at its private address.
    StarList {
        /// The secret part of the address.
        token: String,
        /// The sessions starred.
        sessions: Vec<SessionId>,
    },
    /// The releases, newest first.
    Releases(Vec<ReleaseHead>),
    /// What a release changed.
    Release {
        /// The release.
        release: Box<Release>,
        /// The one before it.
        previous: Option<Box<Release>>,
    },
    /// A page that organisers wrote, by slug.
    WebPage(String),
    /// Announcements and the blog.
    Posts,
    /// A post, by slug.
    Post(String),
}

/// Who looks, when and from where.
#[derive(Clone, Debug)]
pub struct Viewer {
    /// The zone asked for with `?tz=`, shown beside the conference's own.
    pub zone: Option<Zone>,
    /// The present instant.
    pub now: Timestamp,
    /// How addresses are written.
    pub links: Links,
}

/// How addresses are written on a page.
#[derive(Clone, Debug)]
pub struct Links {
    /// What stands before every path: empty on a server, `..` and the like in a static copy (without a slash
    /// at its end).
    pub prefix: String,
    /// Whether the page stands in a folder of files: folders are then linked by their `index.html`, and what
    /// needs a server (search, live updates, private calendars) is left out.
    pub folder: bool,
    /// Where the assets are, without a slash at its end, such as `/assets/1a2b3c4d`. The last part changes
    /// when any of them changes, so that they can be kept for ever, and modules import one another relatively.
    pub assets: String,
    /// The site's base address, such as `https://conf.example.org`, where it is known: for `webcal:` links
    /// and previews on other sites.
    pub base: Option<String>,
}

/// A page could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("the page could not be drawn: {0}")]
pub struct PageError(#[from] askama::Error);

/// An edition on the page of all editions.
#[derive(Clone, Debug)]
pub struct EditionEntry {
    /// The edition.
    pub edition: Edition,
    /// Its latest release; `None` when nothing is public yet.
    pub latest: Option<ReleaseHead>,
}

impl Page {
    /// Draws the page. `None` when it is about something that the release does not hold.
    pub fn render(&self, snapshot: &Snapshot, viewer: &Viewer) -> Result<Option<String>, PageError> {
        match self {
            Self::Home => home::home(self, snapshot, viewer),
            Self::Grid(date) => schedule::grid(self, *date, snapshot, viewer),
            Self::List(date) => schedule::list(self, *date, snapshot, viewer),
            Self::Print(date) => schedule::print(self, *date, snapshot, viewer),
            Self::Now => now::now(self, snapshot, viewer),
            Self::Session(code) => session::session(self, code, snapshot, viewer),
            Self::Speakers => session::speakers(self, snapshot, viewer),
            Self::Speaker(slug) => session::speaker(self, slug, snapshot, viewer),
            Self::Tracks => places::tracks(self, snapshot, viewer),
            Self::Track(slug) => places::track(self, slug, snapshot, viewer),
            Self::Rooms => places::rooms(self, snapshot, viewer),
            Self::Room(slug) => places::room(self, slug, snapshot, viewer),
            Self::Sign(slug) => places::sign(self, slug, snapshot, viewer),
            Self::Search { query, hits } => found::search(self, query, hits, snapshot, viewer),
            Self::Stars => found::stars(self, snapshot, viewer),
            Self::StarList { token, sessions } => found::star_list(self, token, sessions, snapshot, viewer),
            Self::Releases(heads) => releases::releases(self, heads, snapshot, viewer),
            Self::Release { release, previous } => {
                releases::release(self, release, previous.as_deref(), snapshot, viewer)
            }
            Self::WebPage(slug) => content::web_page(self, slug, snapshot, viewer),
            Self::Posts => content::posts(self, snapshot, viewer),
            Self::Post(slug) => content::post(self, slug, snapshot, viewer),
        }
    }

    /// Where the page stands.
    pub fn address(&self) -> Address<'_> {
        match self {
            Self::Home => Address::Home,
            Self::Grid(date) => Address::Grid(*date),
            Self::List(date) => Address::List(*date),
            Self::Print(date) => Address::Print(*date),
            Self::Now => Address::Now,
            Self::Session(code) => Address::Session(code),
            Self::Speakers => Address::Speakers,
            Self::Speaker(slug) => Address::Speaker(slug),
            Self::Tracks => Address::Tracks,
            Self::Track(slug) => Address::Track(slug),
            Self::Rooms => Address::Rooms,
            Self::Room(slug) => Address::Room(slug),
            Self::Sign(slug) => Address::Sign(slug),
            Self::Search { .. } => Address::Search,
            Self::Stars => Address::Stars,
            Self::StarList { token, .. } => Address::StarList(token),
            Self::Releases(_) => Address::Releases,
            Self::Release { release, .. } => Address::Release(release.head.number),
            Self::WebPage(slug) => Address::WebPage(slug),
            Self::Posts => Address::Posts,
            Self::Post(slug) => Address::Post(slug),
        }
    }

    /// The moment that the drawing depends on: as long as this value, the snapshot and the viewer's zone and
    /// links stay the same, so do the bytes. Constant for pages that do not show the present.
    pub fn moment(&self, snapshot: &Snapshot, now: Timestamp) -> i64 {
        let minute = now.as_second().div_euclid(60);
        match self {
            Self::Now => minute,
            Self::Home => match model::now::phase(snapshot.programme(), now) {
                Phase::During => minute,
                _ => 0,
            },
            Self::Grid(None) | Self::List(None) => match schedule::shown(snapshot, None, now).as_deref() {
                Some([day]) => i64::from(day.year()) * 1_000 + i64::from(day.day_of_year()),
                _ => 0,
            },
            _ => 0,
        }
    }
}

impl Links {
    /// How to write the path of a page or file, which begins with `/`.
    pub fn to(&self, path: &str) -> String {
        let index = if self.folder && path.ends_with('/') { "index.html" } else { "" };
        format!("{}{path}{index}", self.prefix)
    }
}

impl Viewer {
    /// The address of a page for this viewer: it keeps the zone asked for.
    #[expect(clippy::needless_pass_by_value, reason = "an address is made for this call and nothing else")]
    pub fn page(&self, edition: &Edition, address: Address<'_>) -> String {
        let mut href = self.links.to(&address.path(&edition.slug));
        if let (Some(zone), false) = (&self.zone, self.links.folder) {
            href.push_str("?tz=");
            // `+` stands in names such as `Etc/GMT+5`, and means a space in a query.
            href.push_str(&zone.name().replace('+', "%2B"));
        }
        href
    }

    /// The address of a file.
    #[expect(clippy::needless_pass_by_value, reason = "an address is made for this call and nothing else")]
    pub fn file(&self, edition: &Edition, address: Address<'_>) -> String {
        self.links.to(&address.path(&edition.slug))
    }
}

/// The style sheet of an edition, served as `text/css` at `/{edition}/tracks.css`: the colours of its tracks.
pub fn tracks_css(snapshot: &Snapshot) -> String {
    colour::style_sheet(snapshot)
}

/// The page of all editions, newest first.
pub fn editions_page(editions: &[EditionEntry], viewer: &Viewer) -> Result<String, PageError> {
    outside::editions(editions, viewer)
}

/// What a page about a failure says.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// The HTTP status.
    pub status: u16,
    /// A heading such as "Not found".
    pub title: &'a str,
    /// What is wrong, a sentence.
    pub problem: &'a str,
    /// What to do, a sentence.
    pub remedy: &'a str,
}

/// The page that says what went wrong and what to do. Links lead to the edition (`home`: its slug) where one is known, and to
/// all editions; a button to one's own view, for who views as somebody (`viewing`: their name).
pub fn error_page(
    said: &Said<'_>,
    home: Option<&str>,
    viewing: Option<&str>,
    viewer: &Viewer,
) -> Result<String, PageError> {
    outside::error(said, home, viewing, viewer)
}
