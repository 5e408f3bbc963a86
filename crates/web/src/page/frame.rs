//! What surrounds every page: head, navigation, footer.

use super::{
    Page, Viewer,
    home::{Level, levels},
    part::{Anchor, When, abbreviation, utc_offset},
};
use crate::snapshot::Snapshot;
use model::{
    address::Address,
    edition::{Edition, EditionState},
    page::{BuiltIn, MenuItem, MenuTarget},
    text::Line,
    time::Zone,
};

/// The frame of a page.
pub(crate) struct Frame {
    /// The title of the document.
    pub(crate) title: String,
    /// A sentence or two about the page, for previews on other sites; may be empty.
    pub(crate) description: String,
    /// Where the assets are.
    pub(crate) assets: String,
    /// The address of the page of all editions.
    pub(crate) root: String,
    /// The full address of the page, where the site's base is known.
    pub(crate) url: Option<String>,
    /// The edition, on pages of one.
    pub(crate) site: Option<Site>,
}

/// The frame's part about one edition.
pub(crate) struct Site {
    pub(crate) slug: String,
    pub(crate) title: String,
    pub(crate) home: Anchor,
    pub(crate) nav: Vec<NavEntry>,
    pub(crate) search: Option<Anchor>,
    pub(crate) stars: Anchor,
    pub(crate) tracks_css: String,
    pub(crate) feeds: Vec<Feed>,
    /// The address for calendar programs, which fetch it again and again.
    pub(crate) subscribe: String,
    pub(crate) release: u32,
    pub(crate) released: When,
    pub(crate) releases: Anchor,
    /// The IANA name of the conference's zone, and the same for people.
    pub(crate) zone_id: String,
    pub(crate) zone_name: String,
    pub(crate) zone_now: String,
    /// The zone that the viewer asked for.
    pub(crate) own: Option<String>,
    pub(crate) zones: &'static [&'static str],
    /// Where live updates come from; `None` in a static copy.
    pub(crate) events: Option<String>,
    /// What the search form keeps when the zone is changed.
    pub(crate) query: Option<String>,
    /// The sponsors, by level; none on the front page, which shows them itself.
    pub(crate) sponsors: Vec<Level>,
}

/// An entry of the navigation, with those below it.
pub(crate) struct NavEntry {
    /// Where it leads; without an address it is a heading over those below it.
    pub(crate) link: Anchor,
    /// The entries below it.
    pub(crate) below: Vec<Anchor>,
    /// Whether the page stands below it.
    pub(crate) around: bool,
}

/// A file that carries the programme.
pub(crate) struct Feed {
    pub(crate) href: String,
    pub(crate) text: &'static str,
    pub(crate) mime: &'static str,
    pub(crate) title: &'static str,
}

impl Frame {
    /// The frame of a page of one edition.
    pub(crate) fn new(
        snapshot: &Snapshot,
        viewer: &Viewer,
        page: &Page,
        title: &str,
        description: String,
    ) -> Self {
        let edition = snapshot.edition();
        let whole = edition.title.as_str();
        let address = page.address();
        Self {
            title: if title.is_empty() { whole.to_owned() } else { format!("{title} · {whole}") },
            description,
            assets: viewer.links.assets.clone(),
            root: viewer.links.to("/"),
            url: viewer.links.base.as_ref().map(|base| format!("{base}{}", address.path(&edition.slug))),
            site: Some(site(snapshot, viewer, page)),
        }
    }

    /// The frame of a page outside any edition.
    pub(crate) fn bare(viewer: &Viewer, title: &str) -> Self {
        Self {
            title: title.to_owned(),
            description: String::new(),
            assets: viewer.links.assets.clone(),
            root: viewer.links.to("/"),
            url: None,
            site: None,
        }
    }
}

fn site(snapshot: &Snapshot, viewer: &Viewer, page: &Page) -> Site {
    let edition = snapshot.edition();
    let here = page.address();
    let link = |address: Address<'_>, text: &str, current: bool| Anchor {
        current: current || address == here,
        href: viewer.page(edition, address),
        text: text.to_owned(),
    };
    let nav = navigation(snapshot, viewer, page);
    let ics = Address::File("schedule.ics").path(&edition.slug);
    let subscribe = match viewer.links.base.as_deref().and_then(|base| base.split_once("://")) {
        Some((_, host)) => format!("webcal://{host}{ics}"),
        None => viewer.links.to(&ics),
    };
    let number = snapshot.head().number;
    let mut tracks_css = viewer.file(edition, Address::File("tracks.css"));
    if !viewer.links.folder {
        tracks_css = format!("{tracks_css}?r={number}");
    }
    Site {
        slug: edition.slug.to_string(),
        title: edition.title.to_string(),
        home: link(Address::Home, edition.title.as_str(), false),
        nav,
        search: (!viewer.links.folder).then(|| link(Address::Search, "Search", false)),
        stars: link(Address::Stars, "Stars", matches!(page, Page::StarList { .. })),
        tracks_css,
        feeds: feeds(edition, viewer),
        subscribe,
        release: number,
        released: When::instant(&edition.zone, viewer, snapshot.head().at).with_day(&edition.zone),
        releases: link(Address::Releases, "Releases", matches!(page, Page::Release { .. })),
        zone_id: edition.zone.name().to_owned(),
        zone_name: edition.zone.name().replace('_', " "),
        zone_now: zone_in_use(snapshot),
        own: viewer.zone.as_ref().map(|zone| zone.name().to_owned()),
        zones: COMMON_ZONES,
        events: (!viewer.links.folder).then(|| viewer.file(edition, Address::Events)),
        query: match page {
            Page::Search { query, .. } => Some(query.clone()),
            _ => None,
        },
        sponsors: if matches!(page, Page::Home) { vec![] } else { levels(snapshot, viewer) },
    }
}

/// The menu that organisers made, or else the pages that there are.
fn navigation(snapshot: &Snapshot, viewer: &Viewer, page: &Page) -> Vec<NavEntry> {
    let menu = &snapshot.content().menu;
    let anchors: Vec<NavEntry> = if menu.entries.is_empty() {
        let own = snapshot.content().pages.iter().map(|page| MenuTarget::Page(page.id));
        usual(snapshot)
            .into_iter()
            .map(MenuTarget::BuiltIn)
            .chain(own)
            .filter_map(|target| entry(&MenuItem { label: Line::default(), target }, snapshot, viewer, page))
            .map(|link| NavEntry { link, below: vec![], around: false })
            .collect()
    } else {
        menu.entries
            .iter()
            .filter_map(|above| {
                let below: Vec<Anchor> =
                    above.below.iter().filter_map(|item| entry(item, snapshot, viewer, page)).collect();
                let link = entry(&above.item, snapshot, viewer, page);
                let around = below.iter().any(|link| link.current);
                match link {
                    Some(link) if !link.href.is_empty() || !below.is_empty() => {
                        Some(NavEntry { link, below, around })
                    }
                    // Its own page is not published; those below it are still to be found.
                    None if !below.is_empty() => {
                        let text = above.item.label.non_empty().unwrap_or("More").to_owned();
                        Some(NavEntry { link: Anchor { text, ..Anchor::default() }, below, around })
                    }
                    _ => None,
                }
            })
            .collect()
    };
    anchors
}

/// The pages that every edition has, as far as something stands on them.
fn usual(snapshot: &Snapshot) -> Vec<BuiltIn> {
    let mut pages = vec![BuiltIn::Schedule, BuiltIn::Now, BuiltIn::Speakers];
    if !snapshot.programme().tracks.is_empty() {
        pages.push(BuiltIn::Tracks);
    }
    if !snapshot.programme().rooms.is_empty() {
        pages.push(BuiltIn::Rooms);
        if snapshot.edition().state == EditionState::Open {
            pages.push(BuiltIn::Live);
        }
    }
    if !snapshot.content().posts.is_empty() {
        pages.push(BuiltIn::Posts);
    }
    pages
}

/// An entry of the menu as a link; `None` for one that leads to a page that is not published.
fn entry(item: &MenuItem, snapshot: &Snapshot, viewer: &Viewer, page: &Page) -> Option<Anchor> {
    let edition = snapshot.edition();
    let (href, name, current) = match &item.target {
        // A copy in a folder has no conversation.
        MenuTarget::BuiltIn(BuiltIn::Live) if viewer.links.folder => return None,
        MenuTarget::BuiltIn(target) => {
            let address = target.address();
            let current = address == page.address() || belongs(*target, page);
            (viewer.page(edition, address), target.shown().to_owned(), current)
        }
        MenuTarget::Page(id) => {
            let target = snapshot.content().pages.iter().find(|page| page.id == *id)?;
            let address = Address::WebPage(target.slug.as_str());
            let current = address == page.address();
            (viewer.page(edition, address), target.title.to_string(), current)
        }
        MenuTarget::Url(url) => (url.to_string(), String::new(), false),
        MenuTarget::Heading => (String::new(), String::new(), false),
    };
    Some(Anchor { href, text: item.label.non_empty().map_or(name, str::to_owned), current })
}

/// Whether a page stands in the part of the site that `part` begins.
fn belongs(part: BuiltIn, page: &Page) -> bool {
    match part {
        BuiltIn::Schedule => {
            matches!(page, Page::Grid(_) | Page::List(_) | Page::Print(_) | Page::Session(_))
        }
        BuiltIn::Speakers => matches!(page, Page::Speaker(_)),
        BuiltIn::Tracks => matches!(page, Page::Track(_)),
        BuiltIn::Rooms => matches!(page, Page::Room(_) | Page::Sign(_)),
        BuiltIn::Posts => matches!(page, Page::Post(_)),
        BuiltIn::Releases => matches!(page, Page::Release { .. }),
        BuiltIn::Home | BuiltIn::List | BuiltIn::Now | BuiltIn::Live => false,
    }
}

/// `PDT, UTC−7`: what the zone is called during the conference, both names where clocks change in between.
fn zone_in_use(snapshot: &Snapshot) -> String {
    let zone = &snapshot.edition().zone;
    let name = |zone: &Zone, at| {
        let (short, offset) = (abbreviation(zone, at), utc_offset(zone, at));
        if short == offset { short } else { format!("{short}, {offset}") }
    };
    let (Some(first), Some(last)) = (snapshot.days().first(), snapshot.days().last()) else {
        return String::new();
    };
    let (start, end) = (name(zone, first.start), name(zone, last.end));
    if start == end { start } else { format!("{start}; later {end}") }
}

fn feeds(edition: &Edition, viewer: &Viewer) -> Vec<Feed> {
    [
        ("schedule.ics", "iCal", "text/calendar", "Calendar"),
        ("schedule.xml", "XML", "application/xml", "Schedule XML"),
        ("schedule.json", "JSON", "application/json", "Schedule JSON"),
        ("schedule.v2.json", "JSON v2", "application/json", "Schedule JSON, version 2"),
        ("schedule.xcal", "xCal", "application/calendar+xml", "Calendar as XML"),
        ("schedule.csv", "CSV", "text/csv", "Table"),
        ("releases.atom", "Atom", "application/atom+xml", "Releases"),
    ]
    .into_iter()
    .map(|(file, text, mime, title)| Feed {
        href: viewer.file(edition, Address::File(file)),
        text,
        mime,
        title,
    })
    .collect()
}

/// Zones offered while one types; any other IANA zone is taken too.
pub(crate) const COMMON_ZONES: &[&str] = &[
    "UTC",
    "America/Anchorage",
    "America/Argentina/Buenos_Aires",
    "America/Bogota",
    "America/Chicago",
    "America/Denver",
    "America/Halifax",
    "America/Los_Angeles",
    "America/Mexico_City",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Toronto",
    "America/Vancouver",
    "Africa/Cairo",
    "Africa/Johannesburg",
    "Africa/Lagos",
    "Africa/Nairobi",
    "Asia/Dubai",
    "Asia/Hong_Kong",
    "Asia/Jakarta",
    "Asia/Jerusalem",
    "Asia/Karachi",
    "Asia/Kolkata",
    "Asia/Seoul",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Asia/Taipei",
    "Asia/Tokyo",
    "Australia/Adelaide",
    "Australia/Brisbane",
    "Australia/Perth",
    "Australia/Sydney",
    "Europe/Amsterdam",
    "Europe/Athens",
    "Europe/Berlin",
    "Europe/Brussels",
    "Europe/Dublin",
    "Europe/Helsinki",
    "Europe/Istanbul",
    "Europe/Kyiv",
    "Europe/Lisbon",
    "Europe/London",
    "Europe/Madrid",
    "Europe/Paris",
    "Europe/Prague",
    "Europe/Rome",
    "Europe/Stockholm",
    "Europe/Vienna",
    "Europe/Warsaw",
    "Europe/Zurich",
    "Pacific/Auckland",
    "Pacific/Honolulu",
];
