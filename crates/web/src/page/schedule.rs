//! The timetable: as a grid and as a list, by day, and a day on one sheet of paper.

use super::{
    Page, PageError, Viewer,
    frame::Frame,
    layout::{Cell, Entry, Layout},
    part::{Anchor, Card, Cards, When, abbreviation, long_date, short_date},
};
use crate::snapshot::Snapshot;
use askama::Template;
use jiff::{Timestamp, civil::Date};
use model::{address::Address, programme::SessionKind};

/// With more slots than this, the timetable shows one day at a time.
const ONE_PAGE: usize = 250;

/// The days that a page of the timetable shows: the one asked for, all of a small programme, or today's of a
/// large one (the first before the conference, the last after it). `None`: no such day.
pub(super) fn shown(snapshot: &Snapshot, date: Option<Date>, now: Timestamp) -> Option<Vec<Date>> {
    if let Some(date) = date {
        return snapshot.day(date).map(|day| vec![day.date]);
    }
    let days = snapshot.days();
    let busy: Vec<Date> =
        days.iter().map(|day| day.date).filter(|date| snapshot.slots_on(*date).next().is_some()).collect();
    if snapshot.slot_count() <= ONE_PAGE {
        return Some(busy);
    }
    let today = days.iter().find(|day| now < day.end && busy.contains(&day.date)).map(|day| day.date);
    Some(today.or(busy.last().copied()).into_iter().collect())
}

/// The links to the days, and to the other ways of looking at them.
pub(super) struct Tabs {
    days: Vec<Anchor>,
    whole: Option<Anchor>,
    grid: Anchor,
    list: Anchor,
    print: Option<Anchor>,
}

impl Tabs {
    fn new(snapshot: &Snapshot, viewer: &Viewer, page: &Page, dates: &[Date]) -> Self {
        let edition = snapshot.edition();
        let (asked, as_list) = match page {
            Page::List(date) => (*date, true),
            Page::Grid(date) => (*date, false),
            _ => (None, false),
        };
        let view = |date: Option<Date>, list: bool| {
            viewer.page(edition, if list { Address::List(date) } else { Address::Grid(date) })
        };
        let all = snapshot.slot_count() <= ONE_PAGE;
        let days = snapshot
            .days()
            .iter()
            .map(|day| Anchor {
                href: view(Some(day.date), as_list),
                text: short_date(day.date),
                current: asked == Some(day.date) || (!all && asked.is_none() && dates.contains(&day.date)),
            })
            .collect();
        let whole =
            Anchor { href: view(None, as_list), text: "All days".to_owned(), current: asked.is_none() };
        Self {
            days,
            whole: (all && snapshot.days().len() > 1).then_some(whole),
            grid: Anchor { href: view(asked, false), text: "Grid".to_owned(), current: !as_list },
            list: Anchor { href: view(asked, true), text: "List".to_owned(), current: as_list },
            print: match dates {
                [date] => Some(Anchor {
                    href: viewer.page(edition, Address::Print(*date)),
                    text: "Print".to_owned(),
                    current: false,
                }),
                _ => None,
            },
        }
    }
}

/// What the filter offers.
pub(super) struct Choices {
    tracks: Vec<(String, String)>,
    rooms: Vec<String>,
    kinds: Vec<String>,
}

impl Choices {
    fn of<'a>(snapshot: &Snapshot, cards: impl Iterator<Item = &'a Card>) -> Self {
        let mut choices = Self { tracks: vec![], rooms: vec![], kinds: vec![] };
        let (mut tracks, mut rooms) = (std::collections::HashSet::new(), std::collections::HashSet::new());
        for card in cards.flat_map(|card| std::iter::once(card).chain(&card.topics)) {
            tracks.insert(card.colour.clone());
            rooms.extend(card.room.as_ref().map(|room| room.text.clone()));
            if let Some(label) = &card.label
                && !choices.kinds.contains(label)
            {
                choices.kinds.push(label.clone());
            }
        }
        let programme = snapshot.programme();
        choices.tracks = programme
            .tracks
            .iter()
            .zip(0..)
            .map(|(track, number)| (format!("t-{number}"), track.name.to_string()))
            .filter(|(class, _)| tracks.contains(class))
            .collect();
        choices.rooms = programme
            .rooms
            .iter()
            .map(|room| room.name.to_string())
            .filter(|name| rooms.contains(name))
            .collect();
        choices.kinds.sort();
        choices
    }
}

#[derive(Template)]
#[template(path = "grid.html")]
struct Grid {
    frame: Frame,
    tabs: Tabs,
    choices: Choices,
    days: Vec<GridDay>,
}

/// A day of the grid.
struct GridDay {
    date: Date,
    heading: String,
    /// The zone of the times, where it is the same all day.
    zone: String,
    /// `few`, `some` or `many` columns.
    size: &'static str,
    width: usize,
    columns: Vec<GridColumn>,
    rows: Vec<GridRow>,
    print: String,
}

struct GridColumn {
    room: Option<Anchor>,
    lanes: usize,
}

struct GridRow {
    when: When,
    begins: bool,
    class: String,
    beside: Vec<Card>,
    cells: Vec<GridCell>,
}

struct GridCell {
    rows: usize,
    columns: usize,
    wide: bool,
    class: &'static str,
    cards: Vec<Card>,
}

/// Draws the grid.
pub(super) fn grid(
    page: &Page,
    date: Option<Date>,
    snapshot: &Snapshot,
    viewer: &Viewer,
) -> Result<Option<String>, PageError> {
    let Some(dates) = shown(snapshot, date, viewer.now) else { return Ok(None) };
    let days: Vec<GridDay> = dates.iter().map(|date| grid_day(snapshot, viewer, *date)).collect();
    let cards = days.iter().flat_map(|day| &day.rows).flat_map(|row| &row.cells).flat_map(|cell| &cell.cards);
    let view = Grid {
        choices: Choices::of(snapshot, cards),
        frame: Frame::new(snapshot, viewer, page, &heading("Schedule", date), String::new()),
        tabs: Tabs::new(snapshot, viewer, page, &dates),
        days,
    };
    Ok(Some(view.render()?))
}

fn heading(what: &str, date: Option<Date>) -> String {
    date.map_or_else(|| what.to_owned(), |date| format!("{what}, {}", short_date(date)))
}

fn grid_day(snapshot: &Snapshot, viewer: &Viewer, date: Date) -> GridDay {
    let layout = Layout::of(snapshot, date);
    let zone = &snapshot.edition().zone;
    let zones: std::collections::BTreeSet<String> =
        layout.rows.iter().map(|row| abbreviation(zone, row.start)).collect();
    let one_zone = zones.len() <= 1;
    let cards = Cards { snapshot, viewer, zones: !one_zone, days: false };
    let width = layout.width();
    GridDay {
        date,
        heading: long_date(date),
        zone: zones.into_iter().collect::<Vec<_>>().join(", "),
        size: match width {
            0..=5 => "few",
            6..=9 => "some",
            _ => "many",
        },
        width,
        columns: layout
            .columns
            .iter()
            .map(|column| GridColumn {
                room: column.room.and_then(|id| snapshot.room(id)).map(|room| cards.room(room)),
                lanes: column.lanes,
            })
            .collect(),
        rows: layout
            .rows
            .iter()
            .map(|row| {
                let minutes = row.end.duration_since(row.start).as_mins();
                let pause = row.cells.iter().any(|cell| cell.wide && cell.entries.iter().all(is_break));
                GridRow {
                    when: When::instant(zone, viewer, row.start).without_zone(one_zone),
                    begins: row.begins,
                    class: format!(
                        "{}{}{}",
                        height(minutes, pause),
                        if row.begins { "" } else { " quiet" },
                        if zone.local(row.start).minute() == 0 { " hour" } else { "" },
                    ),
                    beside: row.beside.iter().map(|entry| entry_card(&cards, entry)).collect(),
                    cells: row.cells.iter().map(|cell| grid_cell(&cards, cell)).collect(),
                }
            })
            .collect(),
        print: viewer.page(snapshot.edition(), Address::Print(date)),
    }
}

fn is_break(entry: &Entry<'_>) -> bool {
    entry.session.kind == SessionKind::Break
}

/// The class that gives a row its least height.
fn height(minutes: i64, pause: bool) -> &'static str {
    match minutes {
        _ if pause => "h2",
        ..=5 => "h1",
        6..=10 => "h2",
        11..=20 => "h3",
        21..=30 => "h4",
        31..=60 => "h5",
        _ => "h6",
    }
}

fn grid_cell(cards: &Cards<'_>, cell: &Cell<'_>) -> GridCell {
    GridCell {
        rows: cell.rows,
        columns: cell.columns,
        wide: cell.wide,
        class: match cell.entries.first() {
            None => "free",
            Some(entry) if is_break(entry) && cell.wide => "pause wide",
            Some(_) if cell.wide => "wide",
            Some(_) => "held",
        },
        cards: cell.entries.iter().map(|entry| entry_card(cards, entry)).collect(),
    }
}

fn entry_card(cards: &Cards<'_>, entry: &Entry<'_>) -> Card {
    let mut card = cards.card(entry.session, Some(entry.slot));
    card.topics = entry
        .topics
        .iter()
        .map(|(session, slot)| {
            let topic = cards.card(session, Some(slot));
            Card { when: topic.when.map(When::beginning), ..topic }
        })
        .collect();
    card
}

#[derive(Template)]
#[template(path = "list.html")]
struct List {
    frame: Frame,
    tabs: Tabs,
    choices: Choices,
    days: Vec<ListDay>,
}

struct ListDay {
    date: Date,
    heading: String,
    hours: Vec<ListHour>,
}

/// What begins at the same time.
struct ListHour {
    when: When,
    cards: Vec<Card>,
}

/// Draws the list.
pub(super) fn list(
    page: &Page,
    date: Option<Date>,
    snapshot: &Snapshot,
    viewer: &Viewer,
) -> Result<Option<String>, PageError> {
    let Some(dates) = shown(snapshot, date, viewer.now) else { return Ok(None) };
    let days: Vec<ListDay> = dates.iter().map(|date| list_day(snapshot, viewer, *date)).collect();
    let cards = days.iter().flat_map(|day| &day.hours).flat_map(|hour| &hour.cards);
    let view = List {
        choices: Choices::of(snapshot, cards),
        frame: Frame::new(snapshot, viewer, page, &heading("Schedule as a list", date), String::new()),
        tabs: Tabs::new(snapshot, viewer, page, &dates),
        days,
    };
    Ok(Some(view.render()?))
}

fn list_day(snapshot: &Snapshot, viewer: &Viewer, date: Date) -> ListDay {
    let zone = &snapshot.edition().zone;
    let cards = Cards::of_a_day(snapshot, viewer);
    let mut hours: Vec<(Timestamp, ListHour)> = vec![];
    for (session, slot) in snapshot.slots_on(date) {
        let card = cards.card(session, Some(slot));
        match hours.last_mut() {
            Some((start, hour)) if *start == slot.start => hour.cards.push(card),
            _ => hours.push((
                slot.start,
                ListHour { when: When::instant(zone, viewer, slot.start), cards: vec![card] },
            )),
        }
    }
    ListDay { date, heading: long_date(date), hours: hours.into_iter().map(|(_, hour)| hour).collect() }
}

#[derive(Template)]
#[template(path = "print.html")]
struct Print {
    frame: Frame,
    heading: String,
    edition: String,
    zone: String,
    /// The size of the type: `p0` (10 pt) and smaller.
    size: String,
    back: String,
    body: PrintBody,
}

enum PrintBody {
    Table { columns: Vec<GridColumn>, rows: Vec<GridRow> },
    Columns { hours: Vec<ListHour>, count: usize },
}

/// Sizes of type on paper, in points; the class `pN` of `assets/style.css` is the N-th.
const TYPE_SIZES: [f64; 10] = [10.0, 9.0, 8.0, 7.0, 6.2, 5.5, 4.8, 4.2, 3.6, 3.0];
/// The room for the programme on a landscape A4 sheet with margins of 8 mm, below its heading, in points.
const SHEET: (f64, f64) = (796.0, 490.0);
/// The width of a letter, as a part of the size of its type: the mean of system fonts, a little on the safe side.
const LETTER: f64 = 0.56;

/// Draws a day on one sheet.
pub(super) fn print(
    page: &Page,
    date: Date,
    snapshot: &Snapshot,
    viewer: &Viewer,
) -> Result<Option<String>, PageError> {
    if snapshot.day(date).is_none() {
        return Ok(None);
    }
    let mut day = grid_day(snapshot, viewer, date);
    let table_size = TYPE_SIZES.iter().take(6).position(|size| table_height(&day, *size) <= SHEET.1);
    let (size, body) = match table_size {
        Some(size) if day.width <= 14 => (
            size,
            PrintBody::Table {
                columns: std::mem::take(&mut day.columns),
                rows: std::mem::take(&mut day.rows),
            },
        ),
        _ => {
            let mut list = list_day(snapshot, viewer, date);
            // Each entry stands under the time at which it begins.
            for card in list.hours.iter_mut().flat_map(|hour| &mut hour.cards) {
                card.when = None;
            }
            let (mut size, mut count) = column_fit(&list);
            // Names make way before the type gets too small to be read.
            if TYPE_SIZES[size] < 4.5 {
                for card in list.hours.iter_mut().flat_map(|hour| &mut hour.cards) {
                    card.people.clear();
                }
                (size, count) = column_fit(&list);
            }
            (size, PrintBody::Columns { hours: list.hours, count })
        }
    };
    let edition = snapshot.edition();
    let view = Print {
        frame: Frame::new(snapshot, viewer, page, &format!("{}, to print", short_date(date)), String::new()),
        heading: long_date(date),
        edition: edition.title.to_string(),
        zone: format!("{}, {}", edition.zone.name().replace('_', " "), day.zone),
        size: format!("p{size}"),
        back: viewer.page(edition, Address::Grid(Some(date))),
        body,
    };
    Ok(Some(view.render()?))
}

/// About how tall the table of a day gets in type of that size: the longest way through its rows, each cell
/// needing as many lines as its text takes at the width of its column.
fn table_height(day: &GridDay, size: f64) -> f64 {
    let column = (SHEET.0 - 4.0 * size) / day.width as f64 - 5.0;
    let lines = |text: usize, width: f64| (text as f64 * LETTER * size / width).ceil().max(1.0);
    let line = size * 1.2;
    // The least position of each row's top, from the top of the table.
    let mut tops = vec![0.0_f64; day.rows.len() + 1];
    for (at, row) in day.rows.iter().enumerate() {
        // What stands beside the time has a narrow column: about seven letters to a line.
        let beside: usize = row.beside.iter().map(|card| card.title.chars().count() / 7 + 1).sum();
        let least = if row.begins { (1.0 + beside as f64) * line + 3.0 } else { 2.0 };
        tops[at + 1] = tops[at + 1].max(tops[at] + least);
        for cell in &row.cells {
            let width = column * cell.columns as f64;
            let need: f64 = cell
                .cards
                .iter()
                .map(|card| {
                    let names: usize = card.people.iter().map(|who| who.text.chars().count() + 2).sum();
                    let names = if names > 0 { lines(names, width) } else { 0.0 };
                    let topics: f64 =
                        card.topics.iter().map(|t| lines(t.title.chars().count() + 6, width)).sum();
                    (lines(card.title.chars().count() + 6, width) + names + topics) * line + 5.0
                })
                .sum();
            tops[at + cell.rows] = tops[at + cell.rows].max(tops[at] + need);
        }
    }
    // A browser does not share height out between rows as well as this does.
    tops.last().copied().unwrap_or_default() * 1.15 + 2.0 * line
}

/// The largest type, and the number of columns, in which a list fits on the sheet.
fn column_fit(list: &ListDay) -> (usize, usize) {
    for (size, points) in TYPE_SIZES.iter().enumerate() {
        let count = ((SHEET.0 / (points * 24.0)) as usize).clamp(2, 9);
        let width = SHEET.0 / count as f64 - points * 1.2;
        let mut height = 0.0;
        for hour in &list.hours {
            height += points * 1.7;
            for card in &hour.cards {
                let names: usize = card.people.iter().map(|who| who.text.chars().count() + 2).sum();
                let room = card.room.as_ref().map_or(0, |room| room.text.chars().count() + 3);
                let letters = card.title.chars().count() + names + room + 2;
                height += (letters as f64 * LETTER * points / width).ceil() * points * 1.2 + points * 0.25;
            }
        }
        if height * 1.12 <= SHEET.1 * count as f64 {
            return (size, count);
        }
    }
    (TYPE_SIZES.len() - 1, 9)
}
