//! The promises of the public pages that need no browser.

use super::{
    Links, Page, Said, Viewer, error_page,
    layout::Layout,
    part::{When, date_span},
    tracks_css,
};
use crate::snapshot::Snapshot;
use jiff::{SignedDuration, Timestamp, civil::date};
use model::{
    edition::Edition,
    id::{EditionId, PersonId, RoomId, SessionId, SlotId, TrackId, derived},
    programme::{
        Participation, Person, Programme, Role, Room, RoomKind, Session, SessionKind, Slot, Slugish,
        Standing, Track,
    },
    release::{Counts, Release, ReleaseHead},
    text::{Line, RichText, Slug},
    time::Zone,
};
use proptest::prelude::*;
use std::collections::HashMap;

fn edition(zone: &str) -> Edition {
    let texts = RichText::clean("Welcome.");
    Edition {
        id: EditionId(derived("t", "edition", "t")),
        slug: Slug::parse("t").unwrap(),
        series: "T".into(),
        title: "Test Conference".into(),
        subtitle: Line::default(),
        description: texts,
        zone: Zone::parse(zone).unwrap(),
        first_day: date(2027, 3, 27),
        last_day: date(2027, 3, 28),
        day_change: 0,
        venue: Line::default(),
        city: Line::default(),
        country: Line::default(),
        url: None,
        logo: None,
        language: Line::default(),
        colour: None,
        timeslot_minutes: 5,
        mode: model::edition::Mode::default(),
        state: model::edition::EditionState::default(),
        notice: Line::default(),
    }
}

fn room(name: &str) -> Room {
    Room {
        id: RoomId(derived("t", "room", name)),
        slug: Slug::from_text(name).unwrap_or_else(|| Slug::parse("room").unwrap()),
        name: name.into(),
        kind: RoomKind::Physical,
        capacity: None,
        description: RichText::default(),
    }
}

fn session(key: &str, kind: SessionKind, title: &str, slots: Vec<Slot>) -> Session {
    let id = SessionId(derived("t", "session", key));
    Session {
        id,
        code: Slugish::from_id(id.0),
        kind,
        type_label: Line::default(),
        title: title.into(),
        subtitle: Line::default(),
        summary: RichText::default(),
        description: RichText::default(),
        language: Line::default(),
        track: None,
        parent: None,
        people: vec![],
        slots,
        links: vec![],
        logo: None,
        url: None,
        feedback_url: None,
        recording: model::programme::Recording::default(),
    }
}

fn slot(key: &str, room: Option<RoomId>, start: Timestamp, minutes: i64) -> Slot {
    Slot {
        id: SlotId(derived("t", "slot", key)),
        number: 0,
        room,
        start,
        end: start + SignedDuration::from_mins(minutes),
        standing: Standing::Planned,
    }
}

fn snapshot(mut programme: Programme) -> Snapshot {
    programme.normalise();
    let head = ReleaseHead {
        edition: programme.edition.id,
        number: 1,
        at: "2027-03-01T09:00:00Z".parse().unwrap(),
        note: String::new(),
        counts: Counts::default(),
    };
    Snapshot::new(Release { head, programme })
}

fn viewer(zone: Option<&str>) -> Viewer {
    Viewer {
        zone: zone.map(|zone| Zone::parse(zone).unwrap()),
        now: "2027-03-27T09:30:00Z".parse().unwrap(),
        links: Links { prefix: String::new(), folder: false, assets: "/assets/x".to_owned(), base: None },
    }
}

/// Every page of an edition.
fn pages(snapshot: &Snapshot) -> Vec<Page> {
    let release = Box::new(snapshot.release().clone());
    let mut older = release.clone();
    older.programme.sessions.pop();
    let hits: Vec<SessionId> = snapshot.programme().sessions.iter().map(|session| session.id).collect();
    let mut pages = vec![
        Page::Home,
        Page::Grid(None),
        Page::List(None),
        Page::Now,
        Page::Speakers,
        Page::Tracks,
        Page::Rooms,
        Page::Stars,
        Page::Search { query: "\"><script>alert(1)</script> x".to_owned(), hits: hits.clone() },
        Page::StarList { token: "secret".to_owned(), sessions: hits },
        Page::Releases(vec![snapshot.head().clone()]),
        Page::Release { release, previous: Some(older) },
    ];
    for day in snapshot.days() {
        pages.extend([Page::Grid(Some(day.date)), Page::List(Some(day.date)), Page::Print(day.date)]);
    }
    let programme = snapshot.programme();
    pages.extend(programme.sessions.iter().map(|session| Page::Session(session.code.to_string())));
    pages.extend(programme.persons.iter().map(|person| Page::Speaker(person.slug.to_string())));
    pages.extend(programme.tracks.iter().map(|track| Page::Track(track.slug.to_string())));
    for room in &programme.rooms {
        pages.extend([Page::Room(room.slug.to_string()), Page::Sign(room.slug.to_string())]);
    }
    pages
}

/// What a text would do if any page wrote it as it is: open a script, leave an attribute, handle an event.
const HOSTILE: &str = "</title></script><script>alert(1)</script>\"'><img src=x onerror=alert(1)> x";

#[test]
fn hostile_text_in_any_field_is_shown_and_never_obeyed() {
    let mut programme = Programme::empty(edition("Europe/Berlin"));
    let hall = Room { name: HOSTILE.into(), description: RichText::clean(HOSTILE), ..room("hall") };
    let track = Track {
        id: TrackId(derived("t", "track", "t")),
        slug: Slug::parse("track").unwrap(),
        name: HOSTILE.into(),
        description: RichText::clean(HOSTILE),
        colour: None,
    };
    let person = Person {
        id: PersonId(derived("t", "person", "p")),
        slug: Slug::parse("p").unwrap(),
        code: Some(HOSTILE.into()),
        number: None,
        name: HOSTILE.into(),
        biography: RichText::clean(HOSTILE),
        affiliation: HOSTILE.into(),
        avatar: None,
        links: vec![],
    };
    let start = "2027-03-27T09:00:00Z".parse().unwrap();
    let mut talk = session("a", SessionKind::Talk, HOSTILE, vec![slot("a", Some(hall.id), start, 60)]);
    talk.subtitle = HOSTILE.into();
    talk.summary = RichText::clean(HOSTILE);
    talk.description = RichText::clean(&format!("<p>{HOSTILE}</p>"));
    talk.type_label = HOSTILE.into();
    talk.language = HOSTILE.into();
    talk.track = Some(track.id);
    talk.recording.licence = HOSTILE.into();
    talk.people = vec![Participation { person: person.id, role: Role::Speaker }];
    let mut block =
        session("b", SessionKind::Microconference, HOSTILE, vec![slot("b", Some(hall.id), start, 90)]);
    block.language = "de\"onload=alert(1)".into();
    talk.parent = Some(block.id);
    programme.edition.title = HOSTILE.into();
    programme.edition.subtitle = HOSTILE.into();
    programme.edition.venue = HOSTILE.into();
    programme.edition.description = RichText::clean(HOSTILE);
    programme.sessions =
        vec![talk, block, session("c", SessionKind::Break, HOSTILE, vec![slot("c", None, start, 15)])];
    programme.rooms = vec![hall];
    programme.tracks = vec![track];
    programme.persons = vec![person];
    let snapshot = snapshot(programme);
    for page in pages(&snapshot) {
        let html = page.render(&snapshot, &viewer(Some("Asia/Tokyo"))).unwrap().unwrap();
        let scripts = html.matches("<script").count();
        assert_eq!(scripts, 1, "{:?} holds a script that is not ours", page.address());
        for word in ["<img", "onload=a", "alert(1)</script"] {
            assert!(!html.contains(word), "{:?} holds {word}", page.address());
        }
        assert!(
            !html.contains(" style="),
            "{:?} holds an inline style, which the policy forbids",
            page.address()
        );
        for part in html.split("onerror=").skip(1) {
            // As text: its `>` is escaped, or a word of it is marked as found.
            let shown = part.starts_with("alert(1)&") || part.starts_with("<mark>");
            assert!(shown, "{:?} holds a handler", page.address());
        }
    }
    let said = Said { status: 404, title: HOSTILE, problem: HOSTILE, remedy: HOSTILE };
    let error = error_page(&said, Some("t"), Some(HOSTILE), &viewer(None)).unwrap();
    assert!(!error.contains("<script") && !error.contains("<img"));
    assert!(!tracks_css(&snapshot).contains('<'));
}

#[test]
fn a_session_over_a_clock_change_shows_the_right_times_in_both_zones() {
    // Clocks in Berlin go from 02:00 CET to 03:00 CEST at 01:00 UTC on 2027-03-28; New York changed on the 14th.
    let (zone, start): (Zone, Timestamp) =
        (Zone::parse("Europe/Berlin").unwrap(), "2027-03-28T00:30:00Z".parse().unwrap());
    let end = start + SignedDuration::from_mins(60);
    let shown = When::span(&zone, &viewer(Some("America/New_York")), start, end).with_day(&zone).to_string();
    for part in [
        "Sun 28 Mar 2027",
        "<time datetime=\"2027-03-28T00:30:00Z\">01:30</time>–<time datetime=\"2027-03-28T01:30:00Z\">03:30</time>",
        "<span class=\"zone\">CET</span>",
        "<span class=\"yours\">Sat 20:30–21:30 EDT</span>",
    ] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
}

#[test]
fn a_viewer_whose_clock_agrees_sees_each_time_once() {
    let zone = Zone::parse("Europe/Berlin").unwrap();
    let at: Timestamp = "2027-06-01T10:00:00Z".parse().unwrap();
    assert!(!When::instant(&zone, &viewer(Some("Europe/Paris")), at).to_string().contains("yours"));
    let without_letters = Zone::parse("America/Sao_Paulo").unwrap();
    assert!(When::instant(&without_letters, &viewer(None), at).to_string().contains("UTC−3"));
}

#[test]
fn a_day_with_a_clock_change_names_the_zone_at_every_time() {
    let mut programme = Programme::empty(edition("Europe/Berlin"));
    programme.rooms = vec![room("hall")];
    let hall = programme.rooms[0].id;
    programme.sessions = vec![
        session(
            "a",
            SessionKind::Talk,
            "Before",
            vec![slot("a", Some(hall), "2027-03-28T00:00:00Z".parse().unwrap(), 30)],
        ),
        session(
            "b",
            SessionKind::Talk,
            "After",
            vec![slot("b", Some(hall), "2027-03-28T02:00:00Z".parse().unwrap(), 30)],
        ),
    ];
    let snapshot = snapshot(programme);
    let html = Page::Grid(Some(date(2027, 3, 28))).render(&snapshot, &viewer(None)).unwrap().unwrap();
    assert!(html.contains("01:00</time> <span class=\"zone\">CET</span>"));
    assert!(html.contains("04:00</time> <span class=\"zone\">CEST</span>"));
}

#[test]
fn what_the_release_does_not_hold_has_no_page() {
    let snapshot = snapshot(Programme::empty(edition("UTC")));
    for page in [
        Page::Session("NOPE".to_owned()),
        Page::Speaker("nobody".to_owned()),
        Page::Track("none".to_owned()),
        Page::Room("none".to_owned()),
        Page::Sign("none".to_owned()),
        Page::Grid(Some(date(1999, 1, 1))),
        Page::Print(date(1999, 1, 1)),
    ] {
        assert_eq!(page.render(&snapshot, &viewer(None)).unwrap(), None, "{:?}", page.address());
    }
    for page in pages(&snapshot) {
        assert!(
            page.render(&snapshot, &viewer(None)).unwrap().is_some(),
            "{:?} of an empty programme",
            page.address()
        );
    }
}

#[test]
fn a_copy_in_a_folder_links_files_and_asks_nothing_of_a_server() {
    let mut programme = Programme::empty(edition("UTC"));
    programme.rooms = vec![room("hall")];
    let hall = programme.rooms[0].id;
    programme.sessions = vec![session(
        "a",
        SessionKind::Talk,
        "A",
        vec![slot("a", Some(hall), "2027-03-27T09:00:00Z".parse().unwrap(), 30)],
    )];
    let snapshot = snapshot(programme);
    let links =
        Links { prefix: "../..".to_owned(), folder: true, assets: "../../assets".to_owned(), base: None };
    for page in pages(&snapshot) {
        if matches!(page, Page::Search { .. } | Page::StarList { .. }) {
            continue;
        }
        let html = page
            .render(&snapshot, &Viewer { links: links.clone(), ..viewer(Some("Asia/Tokyo")) })
            .unwrap()
            .unwrap();
        for href in html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let outside = href.starts_with("https://") || href.starts_with('#');
            assert!(outside || href.starts_with("../../"), "{:?} links {href}", page.address());
            assert!(!href.ends_with('/'), "{:?} links the folder {href}", page.address());
        }
        assert!(!html.contains("data-events") && !html.contains("/search/"), "{:?}", page.address());
    }
}

#[test]
fn dates_are_written_as_short_as_they_can_be() {
    assert_eq!(date_span(date(2021, 9, 20), date(2021, 9, 24)), "20–24 September 2021");
    assert_eq!(date_span(date(2025, 2, 28), date(2025, 3, 2)), "28 February – 2 March 2025");
    assert_eq!(date_span(date(2024, 12, 27), date(2025, 1, 1)), "27 December 2024 – 1 January 2025");
    assert_eq!(date_span(date(2025, 2, 1), date(2025, 2, 1)), "1 February 2025");
}

/// A slot of a random day: room (0 none), begin and length in steps of five minutes, kind, and whether it is a
/// topic of the first block.
fn anything() -> impl Strategy<Value = Vec<(usize, i64, i64, u8, bool)>> {
    proptest::collection::vec((0..5usize, 0..200i64, 0..30i64, 0..4u8, any::<bool>()), 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]
    #[test]
    fn the_grid_holds_every_slot_exactly_once_and_its_cells_neither_overlap_nor_leave_holes(slots in anything()) {
        let mut programme = Programme::empty(edition("Europe/Berlin"));
        programme.rooms = ["a", "b", "c", "d"].map(room).to_vec();
        let midnight: Timestamp = "2027-03-26T23:00:00Z".parse().unwrap();
        let mut block = None;
        for (number, (at, begin, length, kind, topic)) in slots.into_iter().enumerate() {
            let kind = [SessionKind::Talk, SessionKind::Break, SessionKind::Microconference, SessionKind::Keynote][usize::from(kind)];
            let room = at.checked_sub(1).map(|at| programme.rooms[at].id);
            let key = number.to_string();
            let start = midnight + SignedDuration::from_mins(begin * 5);
            let mut new = session(&key, kind, if number % 3 == 0 { "Lunch" } else { &key }, vec![slot(&key, room, start, length * 5)]);
            if kind == SessionKind::Microconference && block.is_none() {
                block = Some(new.id);
            } else if topic {
                new.parent = block;
            }
            programme.sessions.push(new);
        }
        let snapshot = snapshot(programme);
        let day = date(2027, 3, 27);
        let layout = Layout::of(&snapshot, day);
        let mut seen: HashMap<SlotId, usize> = HashMap::new();
        let width = layout.width();
        let mut taken = vec![vec![false; width]; layout.rows.len()];
        for (at, row) in layout.rows.iter().enumerate() {
            for entry in row.beside.iter().chain(row.cells.iter().flat_map(|cell| &cell.entries)) {
                for slot in std::iter::once(entry.slot).chain(entry.topics.iter().map(|(_, slot)| *slot)) {
                    *seen.entry(slot.id).or_default() += 1;
                }
                prop_assert_eq!(entry.slot.start, row.start);
            }
            let mut column = 0;
            for cell in &row.cells {
                // As a browser does it: the next cell goes to the first place that is free.
                while column < width && taken[at][column] {
                    column += 1;
                }
                for line in taken.iter_mut().skip(at).take(cell.rows) {
                    for place in line.iter_mut().skip(column).take(cell.columns) {
                        prop_assert!(!*place, "two cells in one place");
                        *place = true;
                    }
                }
                prop_assert!(column + cell.columns <= width && at + cell.rows <= layout.rows.len(), "a cell outside");
            }
        }
        prop_assert!(taken.iter().flatten().all(|place| *place), "a hole");
        let wanted: HashMap<SlotId, usize> = snapshot.slots_on(day).map(|(_, slot)| (slot.id, 1)).collect();
        prop_assert_eq!(seen, wanted);
    }
}
