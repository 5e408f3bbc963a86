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

use crate::snapshot::Snapshot;
use jiff::{Timestamp, civil::Date};
use model::{
    edition::Edition,
    id::SessionId,
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
        let _ = (snapshot, viewer);
        Ok(None)
    }

    /// The moment that the drawing depends on: as long as this value, the snapshot and the zone stay the same,
    /// so do the bytes. Constant for pages that do not show the present.
    pub fn moment(&self, snapshot: &Snapshot, now: Timestamp) -> i64 {
        let _ = snapshot;
        match self {
            Self::Now | Self::Home => now.as_second().div_euclid(60),
            _ => 0,
        }
    }
}

/// The style sheet of an edition, served as `text/css` at `/{edition}/tracks.css`: the colours of its tracks.
pub fn tracks_css(snapshot: &Snapshot) -> String {
    let _ = snapshot;
    String::new()
}

/// The page of all editions, newest first.
pub fn editions_page(editions: &[EditionEntry], viewer: &Viewer) -> Result<String, PageError> {
    let _ = (editions, viewer);
    Ok(String::new())
}

/// The page that says what went wrong and what to do. `title` such as "Not found", `problem` a sentence,
/// `remedy` a sentence; links lead to the edition (`home`: its slug) where one is known, and to all editions.
pub fn error_page(status: u16, title: &str, problem: &str, remedy: &str, home: Option<&str>, viewer: &Viewer) -> Result<String, PageError> {
    let _ = (status, title, problem, remedy, home, viewer);
    Ok(String::new())
}
