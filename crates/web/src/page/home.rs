//! The front page of an edition.

use super::{
    Page, PageError, Viewer,
    content::{PostLine, newest},
    frame::Frame,
    now::{self, RoomView},
    part::{Anchor, date_span},
};
use crate::{
    markup::{self, SafeHtml},
    snapshot::Snapshot,
};
use askama::Template;
use model::{address::Address, edition::Mode, now::Phase, programme::SessionKind};

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    frame: Frame,
    title: String,
    subtitle: String,
    dates: String,
    place: String,
    notice: String,
    zone: String,
    welcome: SafeHtml,
    site: Option<String>,
    days: Vec<DayTile>,
    on: Vec<RoomView>,
    now: String,
    facts: Vec<(usize, &'static str)>,
    schedule: String,
    tracks: Vec<TrackTile>,
    news: Vec<PostLine>,
    all_news: String,
    levels: Vec<Level>,
}

struct DayTile {
    href: String,
    weekday: String,
    number: String,
    month: String,
    sessions: usize,
}

struct TrackTile {
    link: Anchor,
    colour: String,
    sessions: usize,
}

/// The sponsors of one kind.
pub(crate) struct Level {
    pub(crate) name: String,
    /// `first` for the highest.
    pub(crate) class: &'static str,
    pub(crate) sponsors: Vec<SponsorView>,
}

/// A sponsor.
pub(crate) struct SponsorView {
    pub(crate) name: String,
    pub(crate) href: Option<String>,
    pub(crate) logo: Option<String>,
}

/// Draws the front page.
pub(super) fn home(page: &Page, snapshot: &Snapshot, viewer: &Viewer) -> Result<Option<String>, PageError> {
    let edition = snapshot.edition();
    let programme = snapshot.programme();
    let description = markup::plain(&edition.description);
    let during = matches!(model::now::phase(programme, viewer.now), Phase::During) && !viewer.links.folder;
    let days = snapshot
        .days()
        .iter()
        .map(|day| DayTile {
            href: viewer.page(edition, Address::Grid(Some(day.date))),
            weekday: day.date.strftime("%A").to_string(),
            number: day.date.day().to_string(),
            month: day.date.strftime("%B").to_string(),
            sessions: snapshot
                .slots_on(day.date)
                .filter(|(session, _)| session.kind != SessionKind::Break)
                .count(),
        })
        .collect();
    let tracks = programme
        .tracks
        .iter()
        .zip(0..)
        .map(|(track, number)| TrackTile {
            link: Anchor {
                href: viewer.page(edition, track.into()),
                text: track.name.to_string(),
                current: false,
            },
            colour: format!("t-{number}"),
            sessions: snapshot.sessions_of_track(track.id).count(),
        })
        .filter(|track| track.sessions > 0)
        .collect();
    let place = [&edition.venue, &edition.city, &edition.country];
    let mut place = place.iter().filter_map(|line| line.non_empty()).collect::<Vec<_>>().join(", ");
    match edition.mode {
        Mode::InPerson => {}
        Mode::Hybrid if place.is_empty() => "In person and online".clone_into(&mut place),
        Mode::Hybrid => place.push_str(", and online"),
        Mode::Virtual => "Online".clone_into(&mut place),
    }
    let facts = [
        (snapshot.proper_sessions().count(), "sessions"),
        (programme.persons.len(), "speakers"),
        (programme.rooms.len(), "rooms"),
        (programme.tracks.len(), "tracks"),
    ];
    let view = Home {
        frame: Frame::new(snapshot, viewer, page, "", markup::beginning(&description, 200)),
        title: edition.title.to_string(),
        subtitle: edition.subtitle.to_string(),
        dates: date_span(edition.first_day, edition.last_day),
        place,
        notice: edition.notice.to_string(),
        zone: edition.zone.name().replace('_', " "),
        welcome: markup::html(&edition.description, 3),
        site: edition.url.as_ref().map(ToString::to_string),
        days,
        on: if during { now::rooms(snapshot, viewer, 2) } else { vec![] },
        now: viewer.page(edition, Address::Now),
        facts: facts.into_iter().filter(|(count, _)| *count > 1).collect(),
        schedule: viewer.page(edition, Address::Grid(None)),
        tracks,
        news: newest(snapshot, viewer),
        all_news: viewer.page(edition, Address::Posts),
        levels: levels(snapshot, viewer),
    };
    Ok(Some(view.render()?))
}

/// The sponsors as they are now, by level.
pub(crate) fn levels(snapshot: &Snapshot, viewer: &Viewer) -> Vec<Level> {
    let mut levels: Vec<Level> = vec![];
    for sponsor in &snapshot.content().sponsors {
        let upload = sponsor.upload.as_ref();
        let uploaded = upload.map(|name| viewer.file(snapshot.edition(), Address::Upload(name.as_str())));
        let elsewhere =
            sponsor.logo.as_ref().map(ToString::to_string).filter(|url| url.starts_with("https:"));
        let view = SponsorView {
            name: sponsor.name.to_string(),
            href: sponsor.url.as_ref().map(ToString::to_string),
            logo: uploaded.or(elsewhere),
        };
        match levels.iter_mut().find(|level| level.name == sponsor.level.as_str()) {
            Some(level) => level.sponsors.push(view),
            None => levels.push(Level {
                name: sponsor.level.to_string(),
                class: if levels.is_empty() { "first" } else { "further" },
                sponsors: vec![view],
            }),
        }
    }
    levels
}
