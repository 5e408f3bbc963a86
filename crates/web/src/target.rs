//! What can be asked of an edition: its pages and files, each with its address, media type and how it is drawn.
//! The server and the static copy draw the same targets.

use crate::{
    error::Failure,
    headers::Policy,
    markup,
    page::{self, Page, Viewer},
    site::{Live, Site},
    snapshot::Snapshot,
};
use bytes::Bytes;
use interchange::write::{self, Export, Filter};
use jiff::Timestamp;
use model::{address::Address, diff::diff, feed::Deed, programme::Programme, release::ReleaseHead};
use std::fmt::Write as _;

/// How many releases the feed of releases holds.
const RELEASES_IN_FEED: usize = 30;

/// How many posts the feed of posts holds.
const POSTS_IN_FEED: usize = 30;

/// How many sessions a search shows.
const HITS_MAX: u64 = 100;

/// A page or file of an edition.
#[derive(Clone, Debug)]
pub enum Target {
    /// A page drawn from the newest release alone.
    Page(Page),
    /// The page of all releases.
    Releases,
    /// What a release changed, by number.
    Release(u32),
    /// The colours of the edition's tracks; pinned when asked for with the number of the newest release, so
    /// that the address changes with the content.
    TracksCss {
        /// Whether the address names the release.
        pinned: bool,
    },
    /// A schedule file.
    File(File),
    /// The feed of releases.
    ReleaseFeed,
    /// The calendar of a track, by slug.
    TrackCalendar(String),
    /// The calendar of a room, by slug.
    RoomCalendar(String),
    /// The calendar of a session, by code.
    SessionCalendar(String),
    /// The feed of posts.
    PostFeed,
    /// What a search finds; kept for a minute, since many look for the same at once.
    Search(String),
}

/// A schedule file of an edition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
    /// `schedule.xml`.
    ScheduleXml,
    /// `schedule.json`.
    ScheduleJson,
    /// `schedule.v2.json`.
    ScheduleJsonV2,
    /// `schedule.ics`.
    Calendar,
    /// `schedule.xcal`.
    Xcal,
    /// `schedule.csv`.
    Csv,
    /// Indico's timetable, for scripts that read `/export/timetable/ID.json`.
    IndicoTimetable,
    /// FOSDEM's JSON, which conference-bot reads at `/p/matrix`.
    FosdemBot,
    /// pretalx's widget JSON.
    PretalxWidget,
}

impl File {
    /// Every file that has an address of its own below the edition.
    pub const NAMED: [Self; 6] =
        [Self::ScheduleXml, Self::ScheduleJson, Self::ScheduleJsonV2, Self::Calendar, Self::Xcal, Self::Csv];

    /// Its name, or its path below the edition where another system gave it one.
    pub fn name(self) -> &'static str {
        match self {
            Self::ScheduleXml => "schedule.xml",
            Self::ScheduleJson => "schedule.json",
            Self::ScheduleJsonV2 => "schedule.v2.json",
            Self::Calendar => "schedule.ics",
            Self::Xcal => "schedule.xcal",
            Self::Csv => "schedule.csv",
            Self::IndicoTimetable => "export/timetable.json",
            Self::FosdemBot => "p/matrix",
            Self::PretalxWidget => "schedule/widgets/schedule.json",
        }
    }

    /// The file of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::NAMED.into_iter().find(|file| file.name() == name)
    }

    /// Its media type. Schedule XML goes out as plain XML rather than `application/vnd.c3voc.schedule+xml`, and
    /// xCal (the dialect of pentabarf, not RFC 6321) likewise: that is what frab, pretalx and FOSDEM send, what
    /// browsers show, and what no reader refuses.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::ScheduleXml | Self::Xcal => "application/xml; charset=utf-8",
            Self::ScheduleJson
            | Self::ScheduleJsonV2
            | Self::IndicoTimetable
            | Self::FosdemBot
            | Self::PretalxWidget => "application/json",
            Self::Calendar => "text/calendar; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }
}

impl Target {
    /// Its address; for a page of a list of stars the private one.
    pub fn address(&self) -> Address<'_> {
        match self {
            Self::Page(page) => page.address(),
            Self::Releases => Address::Releases,
            Self::Release(number) => Address::Release(*number),
            Self::TracksCss { .. } => Address::File("tracks.css"),
            Self::File(file) => Address::File(file.name()),
            Self::ReleaseFeed => Address::File("releases.atom"),
            Self::TrackCalendar(slug) => Address::TrackCalendar(slug),
            Self::RoomCalendar(slug) => Address::RoomCalendar(slug),
            Self::SessionCalendar(code) => Address::SessionCalendar(code),
            Self::PostFeed => Address::PostFeed,
            Self::Search(_) => Address::Search,
        }
    }

    /// The path and query under which its body is kept: the one that visitors send for it.
    pub fn key(&self, live: &Live) -> String {
        let mut key = self.address().path(live.slug());
        if let Self::TracksCss { pinned: true } = self {
            let _ = write!(key, "?r={}", live.head.number);
        }
        if let Self::Search(query) = self {
            key.push_str("?q=");
            key.extend(form_urlencoded::byte_serialize(query.as_bytes()));
        }
        key
    }

    /// The route, for metrics and logs.
    pub fn route(&self) -> &'static str {
        match self {
            Self::Page(page) => match page {
                Page::Home => "/{edition}/",
                Page::Grid(None) => "/{edition}/schedule/",
                Page::Grid(Some(_)) => "/{edition}/schedule/{day}/",
                Page::List(None) => "/{edition}/schedule/list/",
                Page::List(Some(_)) => "/{edition}/schedule/list/{day}/",
                Page::Print(_) => "/{edition}/schedule/print/{day}/",
                Page::Now => "/{edition}/now/",
                Page::Session(_) => "/{edition}/sessions/{session}/",
                Page::Speakers => "/{edition}/speakers/",
                Page::Speaker(_) => "/{edition}/speakers/{speaker}/",
                Page::Tracks => "/{edition}/tracks/",
                Page::Track(_) => "/{edition}/tracks/{track}/",
                Page::Rooms => "/{edition}/rooms/",
                Page::Room(_) => "/{edition}/rooms/{room}/",
                Page::Sign(_) => "/{edition}/rooms/{room}/sign/",
                Page::Search { .. } => "/{edition}/search/",
                Page::Stars => "/{edition}/stars/",
                Page::StarList { .. } => "/{edition}/stars/{token}/",
                Page::Releases(_) => "/{edition}/releases/",
                Page::Release { .. } => "/{edition}/releases/{number}/",
                Page::WebPage(_) => "/{edition}/pages/{page}/",
                Page::Posts => "/{edition}/posts/",
                Page::Post(_) => "/{edition}/posts/{post}/",
            },
            Self::Releases => "/{edition}/releases/",
            Self::Release(_) => "/{edition}/releases/{number}/",
            Self::TracksCss { .. } => "/{edition}/tracks.css",
            Self::File(file) => match file {
                File::ScheduleXml => "/{edition}/schedule.xml",
                File::ScheduleJson => "/{edition}/schedule.json",
                File::ScheduleJsonV2 => "/{edition}/schedule.v2.json",
                File::Calendar => "/{edition}/schedule.ics",
                File::Xcal => "/{edition}/schedule.xcal",
                File::Csv => "/{edition}/schedule.csv",
                File::IndicoTimetable => "/export/timetable/{id}.json",
                File::FosdemBot => "/{edition}/p/matrix",
                File::PretalxWidget => "/{edition}/schedule/widgets/schedule.json",
            },
            Self::ReleaseFeed => "/{edition}/releases.atom",
            Self::TrackCalendar(_) => "/{edition}/tracks/{track}.ics",
            Self::RoomCalendar(_) => "/{edition}/rooms/{room}.ics",
            Self::SessionCalendar(_) => "/{edition}/sessions/{session}.ics",
            Self::PostFeed => "/{edition}/posts/feed.atom",
            Self::Search(_) => "/{edition}/search/",
        }
    }

    /// Its media type.
    pub fn content_type(&self) -> &'static str {
        match self {
            Self::Page(_) | Self::Releases | Self::Release(_) | Self::Search(_) => "text/html; charset=utf-8",
            Self::TracksCss { .. } => "text/css; charset=utf-8",
            Self::File(file) => file.content_type(),
            Self::ReleaseFeed | Self::PostFeed => "application/atom+xml; charset=utf-8",
            Self::TrackCalendar(_) | Self::RoomCalendar(_) | Self::SessionCalendar(_) => {
                File::Calendar.content_type()
            }
        }
    }

    /// Which headers it gets.
    pub fn policy(&self) -> Policy {
        match self {
            Self::Page(Page::StarList { .. }) => Policy::Private,
            Self::Page(_)
            | Self::Releases
            | Self::Release(_)
            | Self::Search(_)
            | Self::TracksCss { pinned: false } => Policy::Page,
            Self::TracksCss { pinned: true } => Policy::Asset,
            Self::File(_)
            | Self::ReleaseFeed
            | Self::PostFeed
            | Self::TrackCalendar(_)
            | Self::RoomCalendar(_)
            | Self::SessionCalendar(_) => Policy::File,
        }
    }

    /// Whether it is a page: a viewer's own zone and the present may change it.
    pub fn is_page(&self) -> bool {
        matches!(self, Self::Page(_) | Self::Releases | Self::Release(_) | Self::Search(_))
    }

    /// Whether it is a function of the release alone.
    pub fn is_file(&self) -> bool {
        !self.is_page() && !matches!(self, Self::PostFeed)
    }

    /// The present that it shows; see [`Page::moment`].
    pub fn moment(&self, snapshot: &Snapshot, now: Timestamp) -> i64 {
        match self {
            Self::Page(page) => page.moment(snapshot, now),
            // The index follows a release by a moment.
            Self::Search(_) => now.as_second().div_euclid(60),
            _ => 0,
        }
    }

    /// Draws it. `None` when the release has nothing of that name. The record is read only for what earlier
    /// releases held.
    pub async fn draw(
        &self,
        site: &Site,
        snapshot: &Snapshot,
        viewer: &Viewer,
    ) -> Result<Option<Bytes>, Failure> {
        let edition = snapshot.edition();
        let store = site.store();
        let text = match self {
            Self::Page(page) if is_small(page) => page.render(snapshot, viewer)?,
            Self::Page(page) => {
                let (page, snapshot, viewer) = (page.clone(), snapshot.clone(), viewer.clone());
                aside(move || page.render(&snapshot, &viewer)).await??
            }
            Self::Search(query) => {
                // What is drawn is kept for a minute: it must not be what an index said that lags behind the
                // release. Two small queries where it does not.
                if let Err(error) = store::search::catch_up(store).await {
                    tracing::warn!(%error, "searching in an index that may lag behind");
                }
                let hits = store.search(edition.id, query, HITS_MAX).await?;
                let hits = hits.into_iter().map(|hit| hit.session).collect();
                Page::Search { query: query.clone(), hits }.render(snapshot, viewer)?
            }
            Self::Releases => {
                let heads = store.releases(edition.id).await?;
                Page::Releases(heads).render(snapshot, viewer)?
            }
            Self::Release(number) => {
                let Some(release) = store.release(edition.id, *number).await? else {
                    return Ok(None);
                };
                let previous = match number.checked_sub(1).filter(|number| *number > 0) {
                    Some(number) => store.release(edition.id, number).await?,
                    None => None,
                };
                let (snapshot, viewer) = (snapshot.clone(), viewer.clone());
                let page = Page::Release { release: Box::new(release), previous: previous.map(Box::new) };
                aside(move || page.render(&snapshot, &viewer)).await??
            }
            Self::TracksCss { .. } => Some(page::tracks_css(snapshot)),
            Self::ReleaseFeed => Some(atom(site, snapshot).await?),
            Self::PostFeed => Some(posts_feed(snapshot, site.base_url())),
            Self::File(file) => {
                let (file, snapshot, base) = (*file, snapshot.clone(), site.base_url().to_owned());
                Some(aside(move || schedule_file(file, &export(&snapshot, &base))).await?)
            }
            Self::TrackCalendar(slug) => {
                snapshot.track_by_slug(slug).map(|track| calendar(site, snapshot, Filter::Track(track.id)))
            }
            Self::RoomCalendar(slug) => {
                snapshot.room_by_slug(slug).map(|room| calendar(site, snapshot, Filter::Room(room.id)))
            }
            Self::SessionCalendar(code) => snapshot
                .session_by_code(code)
                .map(|session| calendar(site, snapshot, Filter::Session(session.id))),
        };
        Ok(text.map(Bytes::from))
    }

    /// What most visitors and programs ask for.
    pub fn busiest(snapshot: &Snapshot) -> Vec<Self> {
        let mut out = vec![Self::Page(Page::Grid(None)), Self::Page(Page::List(None))];
        out.extend(snapshot.days().iter().map(|day| Self::Page(Page::Grid(Some(day.date)))));
        out.push(Self::Page(Page::Speakers));
        out.extend(
            [File::ScheduleXml, File::ScheduleJson, File::Calendar, File::ScheduleJsonV2, File::Xcal]
                .map(Self::File),
        );
        out
    }

    /// Everything that is drawn from the newest release alone, for a static copy.
    pub fn all(snapshot: &Snapshot) -> Vec<Self> {
        let programme = snapshot.programme();
        let mut pages = vec![
            Page::Home,
            Page::Grid(None),
            Page::List(None),
            Page::Now,
            Page::Speakers,
            Page::Tracks,
            Page::Rooms,
            Page::Stars,
            Page::Posts,
        ];
        let content = snapshot.content();
        pages.extend(content.pages.iter().map(|page| Page::WebPage(page.slug.to_string())));
        pages.extend(content.posts.iter().map(|post| Page::Post(post.slug.to_string())));
        for day in snapshot.days() {
            pages.extend([Page::Grid(Some(day.date)), Page::List(Some(day.date)), Page::Print(day.date)]);
        }
        pages.extend(programme.sessions.iter().map(|session| Page::Session(session.code.to_string())));
        pages.extend(programme.persons.iter().map(|person| Page::Speaker(person.slug.to_string())));
        pages.extend(programme.tracks.iter().map(|track| Page::Track(track.slug.to_string())));
        pages.extend(
            programme
                .rooms
                .iter()
                .flat_map(|room| [Page::Room(room.slug.to_string()), Page::Sign(room.slug.to_string())]),
        );
        let mut out: Vec<Self> = pages.into_iter().map(Self::Page).collect();
        out.extend([Self::TracksCss { pinned: false }, Self::Releases, Self::ReleaseFeed, Self::PostFeed]);
        out.extend(File::NAMED.map(Self::File));
        out.extend(programme.tracks.iter().map(|track| Self::TrackCalendar(track.slug.to_string())));
        out.extend(programme.rooms.iter().map(|room| Self::RoomCalendar(room.slug.to_string())));
        out.extend(programme.sessions.iter().map(|session| Self::SessionCalendar(session.code.to_string())));
        out
    }
}

/// The snapshot as the writers of files want it. What they write is a function of the release, so a file has
/// the same bytes, and the same entity tag, on every server and after every restart.
pub fn export<'a>(snapshot: &'a Snapshot, base_url: &'a str) -> Export<'a> {
    Export {
        programme: snapshot.programme(),
        release: snapshot.head(),
        base_url,
        generated: snapshot.head().at,
    }
}

fn calendar(site: &Site, snapshot: &Snapshot, filter: Filter<'_>) -> String {
    write::icalendar(&export(snapshot, site.base_url()), filter)
}

fn schedule_file(file: File, export: &Export<'_>) -> String {
    match file {
        File::ScheduleXml => write::schedule_xml(export),
        File::ScheduleJson => write::schedule_json(export),
        File::ScheduleJsonV2 => write::schedule_json_v2(export),
        File::Calendar => write::icalendar(export, Filter::All),
        File::Xcal => write::xcal(export),
        File::Csv => write::csv(export),
        File::IndicoTimetable => write::indico_timetable(export, export.programme.edition.slug.as_str()),
        File::FosdemBot => write::fosdem_bot(export),
        File::PretalxWidget => write::pretalx::widget(export),
    }
}

/// The feed of the newest releases, each with what it changed.
async fn atom(site: &Site, snapshot: &Snapshot) -> Result<String, Failure> {
    let edition = snapshot.edition();
    let heads = site.store().releases(edition.id).await?;
    let shown: Vec<ReleaseHead> = heads.into_iter().take(RELEASES_IN_FEED).collect();
    let mut entries: Vec<(ReleaseHead, Vec<String>)> = Vec::with_capacity(shown.len());
    let mut newer: Option<(ReleaseHead, Programme)> = None;
    let oldest = shown.last().map_or(0, |head| head.number.saturating_sub(1));
    let before = ReleaseHead { number: oldest, ..snapshot.head().clone() };
    for head in shown.into_iter().chain([before]) {
        let programme = if head.number == 0 {
            None
        } else {
            site.store().release(edition.id, head.number).await?.map(|release| release.programme)
        };
        if let Some((newer, new)) = newer.take() {
            let old = programme.clone().unwrap_or_else(|| Programme::empty(edition.clone()));
            entries.push((newer, aside(move || lines(&old, &new)).await?));
        }
        newer = programme.map(|programme| (head, programme));
    }
    Ok(write::atom(&export(snapshot, site.base_url()), &entries))
}

/// The feed of the newest posts, with their whole text.
fn posts_feed(snapshot: &Snapshot, base_url: &str) -> String {
    let posts: Vec<write::PostEntry<'_>> = snapshot
        .content()
        .posts
        .iter()
        .take(POSTS_IN_FEED)
        .filter_map(|post| Some((post, post.published()?)))
        .map(|(post, published)| write::PostEntry {
            post,
            published,
            html: markup::html(&post.body, 2).to_string(),
        })
        .collect();
    write::post_atom(&export(snapshot, base_url), &posts)
}

/// A line for every session that `new` changed against `old`.
fn lines(old: &Programme, new: &Programme) -> Vec<String> {
    let zone = &new.edition.zone;
    let mut out = vec![];
    for change in &diff(old, new).sessions {
        let what = match change.deed {
            Deed::Created => "new",
            Deed::Changed => "changed",
            Deed::Removed => "removed",
        };
        let aspects: Vec<String> = change.aspects.iter().map(|aspect| aspect.describe(zone)).collect();
        let separator = if aspects.is_empty() { "" } else { ": " };
        out.push(format!("{} ({what}){separator}{}", change.title, aspects.join("; ")));
    }
    out
}

/// Whether drawing the page takes less time than handing it to another thread and back.
fn is_small(page: &Page) -> bool {
    matches!(
        page,
        Page::Session(_)
            | Page::Speaker(_)
            | Page::Sign(_)
            | Page::Stars
            | Page::Search { .. }
            | Page::WebPage(_)
            | Page::Posts
            | Page::Post(_)
    )
}

/// Runs long work on a thread for it, so that other requests go on.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "drawing ended early");
        Failure::Internal
    })
}
