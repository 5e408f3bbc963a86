//! Addresses of the public site: every page's path is made here from a value, never by formatting elsewhere.
//!
//! All paths begin with `/` and stand below the site's base address (`https://conf.example.org`, without a
//! slash at its end). The address of a session, a person, a track or a room stays the same over all releases.

mod account;
mod desk;

pub use account::Account;
pub use desk::{Desk, EditionDesk};

use crate::{
    programme::{Person, Room, Session, Track},
    text::Slug,
};
use jiff::civil::Date;

/// An address within one edition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address<'a> {
    /// The front page of the edition.
    Home,
    /// The timetable as a grid of rooms and hours, of one day or of all.
    Grid(Option<Date>),
    /// The timetable as a list, of one day or of all.
    List(Option<Date>),
    /// One day on one sheet of paper.
    Print(Date),
    /// What is on now and next.
    Now,
    /// A session, by its code.
    Session(&'a str),
    /// Everybody who takes part.
    Speakers,
    /// A person, by slug.
    Speaker(&'a str),
    /// All tracks.
    Tracks,
    /// A track, by slug.
    Track(&'a str),
    /// All rooms.
    Rooms,
    /// A room, by slug.
    Room(&'a str),
    /// The sign for a room's door, by slug.
    Sign(&'a str),
    /// The rooms on the day: what is on in each, and who is there.
    Live,
    /// A room on the day, by slug.
    LiveRoom(&'a str),
    /// Search.
    Search,
    /// The sessions that the visitor has starred in this browser.
    Stars,
    /// A list of stars at its private address, by token.
    StarList(&'a str),
    /// The releases.
    Releases,
    /// What one release changed.
    Release(u32),
    /// A page that organisers wrote, by slug.
    WebPage(&'a str),
    /// Announcements and the blog.
    Posts,
    /// A post, by slug.
    Post(&'a str),
    /// The newest posts as an Atom feed.
    PostFeed,
    /// Where one has posts sent to oneself by mail, or no more.
    Subscribe,
    /// The calls: what one can submit.
    Calls,
    /// A call, by slug.
    Call(&'a str),
    /// Where one writes a proposal to a call, by slug.
    Propose(&'a str),
    /// Ideas for microconferences that wait for somebody to lead them.
    Ideas,
    /// An uploaded file, by its name.
    Upload(&'a str),
    /// The server-sent events of the edition.
    Events,
    /// A file: `schedule.xml`, `schedule.json`, `schedule.v2.json`, `schedule.ics`, `schedule.xcal`,
    /// `schedule.csv`, `releases.atom`.
    File(&'a str),
    /// The calendar of a track, by slug.
    TrackCalendar(&'a str),
    /// The calendar of a room, by slug.
    RoomCalendar(&'a str),
    /// The calendar of one session, by code.
    SessionCalendar(&'a str),
    /// The calendar of a list of stars, by token.
    StarCalendar(&'a str),
}

impl Address<'_> {
    /// The path on the site of `edition`.
    pub fn path(&self, edition: &Slug) -> String {
        let e = edition.as_str();
        match self {
            Self::Home => format!("/{e}/"),
            Self::Grid(None) => format!("/{e}/schedule/"),
            Self::Grid(Some(day)) => format!("/{e}/schedule/{day}/"),
            Self::List(None) => format!("/{e}/schedule/list/"),
            Self::List(Some(day)) => format!("/{e}/schedule/list/{day}/"),
            Self::Print(day) => format!("/{e}/schedule/print/{day}/"),
            Self::Now => format!("/{e}/now/"),
            Self::Session(code) => format!("/{e}/sessions/{code}/"),
            Self::Speakers => format!("/{e}/speakers/"),
            Self::Speaker(slug) => format!("/{e}/speakers/{slug}/"),
            Self::Tracks => format!("/{e}/tracks/"),
            Self::Track(slug) => format!("/{e}/tracks/{slug}/"),
            Self::Rooms => format!("/{e}/rooms/"),
            Self::Room(slug) => format!("/{e}/rooms/{slug}/"),
            Self::Sign(slug) => format!("/{e}/rooms/{slug}/sign/"),
            Self::Live => format!("/{e}/live/"),
            Self::LiveRoom(slug) => format!("/{e}/live/{slug}/"),
            Self::Search => format!("/{e}/search/"),
            Self::Stars => format!("/{e}/stars/"),
            Self::StarList(token) => format!("/{e}/stars/{token}/"),
            Self::Releases => format!("/{e}/releases/"),
            Self::Release(number) => format!("/{e}/releases/{number}/"),
            Self::WebPage(slug) => format!("/{e}/pages/{slug}/"),
            Self::Posts => format!("/{e}/posts/"),
            Self::Post(slug) => format!("/{e}/posts/{slug}/"),
            Self::PostFeed => format!("/{e}/posts/feed.atom"),
            Self::Subscribe => format!("/{e}/subscribe/"),
            Self::Calls => format!("/{e}/calls/"),
            Self::Call(slug) => format!("/{e}/calls/{slug}/"),
            Self::Propose(slug) => format!("/{e}/calls/{slug}/propose/"),
            Self::Ideas => format!("/{e}/ideas/"),
            Self::Upload(name) => format!("/{e}/uploads/{name}"),
            Self::Events => format!("/{e}/events"),
            Self::File(name) => format!("/{e}/{name}"),
            Self::TrackCalendar(slug) => format!("/{e}/tracks/{slug}.ics"),
            Self::RoomCalendar(slug) => format!("/{e}/rooms/{slug}.ics"),
            Self::SessionCalendar(code) => format!("/{e}/sessions/{code}.ics"),
            Self::StarCalendar(token) => format!("/{e}/stars/{token}.ics"),
        }
    }
}

/// `text` where it is a path of this site and nothing else, as what a person goes on to after signing in: one slash
/// at its begin, no scheme, no host, nothing that a browser would read as either (WHATWG URL, section 4.4: a backslash
/// counts as a slash, tabs and line ends are dropped).
pub fn local_path(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('/')?;
    let plain = text.chars().all(|c| c.is_ascii_graphic() && c != '\\');
    (plain && !rest.starts_with('/') && text.len() <= 2_000).then_some(text)
}

impl<'a> From<&'a Session> for Address<'a> {
    fn from(session: &'a Session) -> Self {
        Self::Session(session.code.as_str())
    }
}

impl<'a> From<&'a Person> for Address<'a> {
    fn from(person: &'a Person) -> Self {
        Self::Speaker(person.slug.as_str())
    }
}

impl<'a> From<&'a Track> for Address<'a> {
    fn from(track: &'a Track) -> Self {
        Self::Track(track.slug.as_str())
    }
}

impl<'a> From<&'a Room> for Address<'a> {
    fn from(room: &'a Room) -> Self {
        Self::Room(room.slug.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_of_this_site_is_gone_on_to() {
        assert_eq!(local_path("/desk/?a=b#c"), Some("/desk/?a=b#c"));
        for elsewhere in [
            "",
            "desk",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/\t/evil.example",
            "/a b",
            "/a\r\nX: y",
        ] {
            assert_eq!(local_path(elsewhere), None, "{elsewhere:?}");
        }
    }
}
