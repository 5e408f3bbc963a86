//! The parts that pages are made of: times, links, session cards.

use super::Viewer;
use crate::snapshot::Snapshot;
use jiff::{Timestamp, ZonedDateTime, civil::Date};
use model::{
    address::Address,
    programme::{Person, Role, Room, Session, SessionKind, Slot, Standing},
    time::Zone,
};
use std::fmt;

/// A link with its text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Anchor {
    pub(crate) href: String,
    pub(crate) text: String,
    /// Whether it leads to the page it stands on.
    pub(crate) current: bool,
}

/// A time or a span of time as the page shows it: in the conference's zone, which it names unless the page
/// names it for the whole column, and in the viewer's own where one was asked for.
#[derive(Clone, Debug)]
pub(crate) struct When {
    start: (Timestamp, String),
    end: Option<(Timestamp, String)>,
    day: Option<String>,
    zone: Option<String>,
    yours: Option<String>,
}

impl When {
    /// From `start` to `end` on the page of `viewer`.
    pub(crate) fn span(zone: &Zone, viewer: &Viewer, start: Timestamp, end: Timestamp) -> Self {
        let mut when = Self::instant(zone, viewer, start);
        if end > start {
            when.end = Some((end, hour(&zone.local(end))));
            when.yours = viewer.zone.as_ref().and_then(|own| yours(zone, own, start, Some(end)));
        }
        when
    }

    /// One instant.
    pub(crate) fn instant(zone: &Zone, viewer: &Viewer, at: Timestamp) -> Self {
        Self {
            start: (at, hour(&zone.local(at))),
            end: None,
            day: None,
            zone: Some(abbreviation(zone, at)),
            yours: viewer.zone.as_ref().and_then(|own| yours(zone, own, at, None)),
        }
    }

    /// With the day before the time: `Mon 20 Sep 2021`.
    pub(crate) fn with_day(mut self, zone: &Zone) -> Self {
        self.day = Some(zone.local(self.start.0).strftime("%a %-d %b %Y").to_string());
        self
    }

    /// Only when it begins.
    pub(crate) fn beginning(mut self) -> Self {
        self.end = None;
        self
    }

    /// Without the zone's name, where it stands at the head of the column.
    pub(crate) fn without_zone(mut self, without: bool) -> Self {
        if without {
            self.zone = None;
        }
        self
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only digits, weekday names and zone abbreviations of the time zone database are written here.
        f.write_str("<span class=\"when\">")?;
        if let Some(day) = &self.day {
            write!(f, "<span class=\"date\">{day}</span> ")?;
        }
        write!(f, "<time datetime=\"{}\">{}</time>", self.start.0, self.start.1)?;
        if let Some((end, shown)) = &self.end {
            write!(f, "–<time datetime=\"{end}\">{shown}</time>")?;
        }
        if let Some(zone) = &self.zone {
            write!(f, " <span class=\"zone\">{zone}</span>")?;
        }
        if let Some(yours) = &self.yours {
            write!(f, " <span class=\"yours\">{yours}</span>")?;
        }
        f.write_str("</span>")
    }
}

impl askama::filters::HtmlSafe for When {}

/// The zone's abbreviation at an instant, such as `CEST`; `UTC+5:30` where it has none.
pub(crate) fn abbreviation(zone: &Zone, at: Timestamp) -> String {
    let name = zone.abbreviation(at);
    if name.starts_with(['+', '-']) { utc_offset(zone, at) } else { name }
}

/// `UTC−7`, `UTC+5:30`, `UTC`.
pub(crate) fn utc_offset(zone: &Zone, at: Timestamp) -> String {
    let seconds = zone.local(at).offset().seconds();
    let sign = if seconds < 0 { '−' } else { '+' };
    let (hours, minutes) = (seconds.abs() / 3_600, seconds.abs() / 60 % 60);
    match (hours, minutes) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
    }
}

/// The same span in the viewer's zone, with the weekday where it is another; `None` when clocks agree.
fn yours(zone: &Zone, own: &Zone, start: Timestamp, end: Option<Timestamp>) -> Option<String> {
    let (here, there) = (zone.local(start), own.local(start));
    if here.offset() == there.offset() {
        return None;
    }
    let mut out = if here.date() == there.date() { String::new() } else { there.strftime("%a ").to_string() };
    out.push_str(&hour(&there));
    if let Some(end) = end {
        out.push('–');
        out.push_str(&hour(&own.local(end)));
    }
    out.push(' ');
    out.push_str(&abbreviation(own, start));
    Some(out)
}

fn hour(time: &ZonedDateTime) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

/// `Monday, 20 September 2021`.
pub(crate) fn long_date(date: Date) -> String {
    date.strftime("%A, %-d %B %Y").to_string()
}

/// `Mon 20 Sep`.
pub(crate) fn short_date(date: Date) -> String {
    date.strftime("%a %-d %b").to_string()
}

/// `20–24 September 2021`, `28 February – 2 March 2025`.
pub(crate) fn date_span(first: Date, last: Date) -> String {
    let end = last.strftime("%-d %B %Y");
    if first == last {
        end.to_string()
    } else if (first.year(), first.month()) == (last.year(), last.month()) {
        format!("{}–{end}", first.day())
    } else if first.year() == last.year() {
        format!("{} – {end}", first.strftime("%-d %B"))
    } else {
        format!("{} – {end}", first.strftime("%-d %B %Y"))
    }
}

/// A session at one of its slots, or unscheduled, as lists and the grid show it.
#[derive(Clone, Debug)]
pub(crate) struct Card {
    pub(crate) code: String,
    pub(crate) href: String,
    pub(crate) title: String,
    pub(crate) subtitle: String,
    /// What it is, where that is not what one expects.
    pub(crate) label: Option<String>,
    pub(crate) is_break: bool,
    pub(crate) track: Option<Anchor>,
    /// The class of its track's colour; `t-none` without a track.
    pub(crate) colour: String,
    pub(crate) people: Vec<Anchor>,
    pub(crate) when: Option<When>,
    pub(crate) room: Option<Anchor>,
    pub(crate) language: String,
    pub(crate) cancelled: bool,
    /// `Delayed 15 min, now 10:15`, with the new time in the viewer's zone too.
    pub(crate) delay: Option<Delay>,
    /// The topics inside it, where it is a block.
    pub(crate) topics: Vec<Card>,
}

/// A delay.
#[derive(Clone, Debug)]
pub(crate) struct Delay {
    pub(crate) minutes: u16,
    pub(crate) now: When,
}

/// Draws cards for one page: what is the same for all of them.
#[derive(Clone, Copy)]
pub(crate) struct Cards<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) viewer: &'a Viewer,
    /// Whether times name their zone.
    pub(crate) zones: bool,
    /// Whether times name their day.
    pub(crate) days: bool,
}

impl<'a> Cards<'a> {
    /// Cards for lists of several days.
    pub(crate) fn dated(snapshot: &'a Snapshot, viewer: &'a Viewer) -> Self {
        Self { snapshot, viewer, zones: true, days: true }
    }

    /// Cards below a heading that names the day.
    pub(crate) fn of_a_day(snapshot: &'a Snapshot, viewer: &'a Viewer) -> Self {
        Self { snapshot, viewer, zones: true, days: false }
    }

    /// The span of a slot as planned.
    pub(crate) fn when(&self, slot: &Slot) -> When {
        let zone = &self.snapshot.edition().zone;
        let when = When::span(zone, self.viewer, slot.start, slot.end).without_zone(!self.zones);
        if self.days { when.with_day(zone) } else { when }
    }

    /// The card of a session at a slot.
    pub(crate) fn card(&self, session: &Session, slot: Option<&Slot>) -> Card {
        let Self { snapshot, viewer, .. } = *self;
        let edition = snapshot.edition();
        let track = session.track.and_then(|id| snapshot.track(id));
        let usual = matches!(session.kind, SessionKind::Talk | SessionKind::Topic | SessionKind::Break)
            && session.type_label.is_empty();
        let word = session.kind_label().to_lowercase();
        let said = session.title.as_str().to_lowercase().contains(&word)
            || track.is_some_and(|track| track.name.as_str().to_lowercase() == word);
        Card {
            code: session.code.to_string(),
            href: viewer.page(edition, session.into()),
            title: title(session),
            subtitle: session.subtitle.to_string(),
            label: (!usual && !said).then(|| label(session)),
            is_break: session.kind == SessionKind::Break,
            colour: colour_class(snapshot, session),
            track: track.map(|track| Anchor {
                href: viewer.page(edition, track.into()),
                text: track.name.to_string(),
                current: false,
            }),
            people: snapshot.people(session).map(|(person, _)| self.person(person)).collect(),
            when: slot.map(|slot| self.when(slot)),
            room: slot
                .and_then(|slot| slot.room)
                .and_then(|id| snapshot.room(id))
                .map(|room| self.room(room)),
            language: language(session, snapshot),
            cancelled: slot.is_some_and(Slot::is_cancelled),
            delay: slot.and_then(|slot| self.delay(slot)),
            topics: vec![],
        }
    }

    /// A card for each slot of a session, or one without a time.
    pub(crate) fn all(&self, session: &Session) -> Vec<Card> {
        if session.slots.is_empty() {
            vec![self.card(session, None)]
        } else {
            session.slots.iter().map(|slot| self.card(session, Some(slot))).collect()
        }
    }

    /// The delay of a slot, where it has one.
    pub(crate) fn delay(&self, slot: &Slot) -> Option<Delay> {
        let Standing::Delayed(minutes) = slot.standing else { return None };
        let zone = &self.snapshot.edition().zone;
        Some(Delay {
            minutes,
            now: When::instant(zone, self.viewer, slot.actual_start()).without_zone(!self.zones),
        })
    }

    /// A link to a room.
    pub(crate) fn room(&self, room: &Room) -> Anchor {
        Anchor {
            href: self.viewer.page(self.snapshot.edition(), room.into()),
            text: room.name.to_string(),
            current: false,
        }
    }

    /// A link to a person.
    pub(crate) fn person(&self, person: &Person) -> Anchor {
        Anchor {
            href: self.viewer.page(self.snapshot.edition(), person.into()),
            text: person_name(person),
            current: false,
        }
    }
}

/// A session's title, never empty.
pub(crate) fn title(session: &Session) -> String {
    session.title.non_empty().unwrap_or("Untitled").to_owned()
}

/// A person's name, never empty.
pub(crate) fn person_name(person: &Person) -> String {
    person.name.non_empty().unwrap_or("Unnamed").to_owned()
}

/// What a session is, with a capital letter.
pub(crate) fn label(session: &Session) -> String {
    let label = session.kind_label().replace('_', " ");
    let mut letters = label.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// What a person is to a session, where that is more than speaking.
pub(crate) fn role_label(role: Role) -> Option<&'static str> {
    match role {
        Role::Speaker => None,
        Role::Lead => Some("Lead"),
        Role::Moderator => Some("Moderator"),
        Role::Host => Some("Host"),
        Role::Contributor => Some("Contributor"),
    }
}

/// The class that carries the colour of a session's track.
pub(crate) fn colour_class(snapshot: &Snapshot, session: &Session) -> String {
    match session.track.and_then(|id| snapshot.track_order(id)) {
        Some(number) => format!("t-{number}"),
        None => "t-none".to_owned(),
    }
}

/// The language a session is held in, as a tag for `lang`, where it is another than that of the pages.
pub(crate) fn language(session: &Session, snapshot: &Snapshot) -> String {
    let tag = session.language.non_empty().or(snapshot.edition().language.non_empty()).unwrap_or_default();
    let good = !tag.is_empty()
        && tag.split('-').enumerate().all(|(at, part)| {
            let long = if at == 0 { (2..=3).contains(&part.len()) } else { (1..=8).contains(&part.len()) };
            long && part.bytes().all(|b| b.is_ascii_alphanumeric() && (at > 0 || b.is_ascii_alphabetic()))
        });
    if good && !tag.to_ascii_lowercase().starts_with("en") { tag.to_owned() } else { String::new() }
}

/// The slot's room and time in words, for a list of several places.
pub(crate) fn calendar(viewer: &Viewer, snapshot: &Snapshot, address: Address<'_>, text: &str) -> Anchor {
    Anchor { href: viewer.file(snapshot.edition(), address), text: text.to_owned(), current: false }
}
