//! iCalendar (RFC 5545, with RFC 7986's calendar properties), for phones and desktop calendars.
//!
//! - Times stand in the edition's zone by its full name, with a VTIMEZONE made of the zone's real transitions
//!   over the span of the events. A time that the zone's clocks show twice stands in UTC: RFC 5545 (section
//!   3.3.5) cannot say the second of the two, and some readers refuse the first.
//! - A UID is the slot's identifier and the site's host, so it stays the same over all releases; SEQUENCE is the
//!   release's number, so a later release replaces an earlier one.
//! - A cancelled slot stays, with STATUS:CANCELLED; a delayed one has the times at which it takes place.

use super::{Export, Index, is_datable, plain_text, sibling};
use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{Dst, Offset},
};
use model::{
    address::Address,
    id::{RoomId, SessionId, TrackId},
    programme::{Session, Slot},
    time::Zone,
};
use std::{collections::HashSet, fmt::Write as _};

/// Which slots a calendar holds.
#[derive(Clone, Copy, Debug)]
pub enum Filter<'a> {
    /// Every slot.
    All,
    /// Those of a track.
    Track(TrackId),
    /// Those in a room.
    Room(RoomId),
    /// Those of one session.
    Session(SessionId),
    /// Those of a set of sessions, such as somebody's stars.
    Sessions(&'a HashSet<SessionId>),
}

impl Filter<'_> {
    fn takes(&self, session: &Session, slot: &Slot) -> bool {
        match self {
            Self::All => true,
            Self::Track(id) => session.track == Some(*id),
            Self::Room(id) => slot.room == Some(*id),
            Self::Session(id) => session.id == *id,
            Self::Sessions(ids) => ids.contains(&session.id),
        }
    }
}

/// More transitions than any zone has in 400 years; what comes later stands in UTC.
const TRANSITIONS_MAX: usize = 1_000;

/// The slots that `filter` takes, as a calendar.
pub fn icalendar(export: &Export<'_>, filter: Filter<'_>) -> String {
    let programme = export.programme;
    let edition = &programme.edition;
    let index = Index::new(programme);
    let slots: Vec<(&Session, &Slot)> =
        programme.slots().filter(|(session, slot)| is_datable(slot) && filter.takes(session, slot)).collect();
    let mut out = Lines { out: String::with_capacity(1_024 + slots.len() * 1_500) };
    out.raw("BEGIN", "VCALENDAR");
    out.raw("VERSION", "2.0");
    out.raw("PRODID", "-//Plenary//Schedule//EN");
    out.raw("CALSCALE", "GREGORIAN");
    out.raw("METHOD", "PUBLISH");
    let name = calendar_name(export, &index, filter);
    out.text("NAME", &name);
    out.text("X-WR-CALNAME", &name);
    if !edition.subtitle.is_empty() {
        out.text("DESCRIPTION", edition.subtitle.as_str());
        out.text("X-WR-CALDESC", edition.subtitle.as_str());
    }
    out.raw("X-WR-TIMEZONE", edition.zone.name());
    out.raw("LAST-MODIFIED", &utc(export.release.at));
    out.raw("URL", &export.url(&Address::Home));
    if matches!(filter, Filter::All) {
        out.raw("SOURCE;VALUE=URI", &export.url(&Address::File("schedule.ics")));
    }
    out.raw("REFRESH-INTERVAL;VALUE=DURATION", "PT15M");
    out.raw("X-PUBLISHED-TTL", "PT15M");
    let span = (slots.iter().map(|(_, slot)| slot.actual_start()).min())
        .zip(slots.iter().map(|(_, slot)| slot.actual_end()).max());
    let zone = ZoneWriter::new(&edition.zone, span);
    zone.write(&mut out);
    for (session, slot) in slots {
        event(&mut out, export, &index, &zone, session, slot);
    }
    out.raw("END", "VCALENDAR");
    out.out
}

fn calendar_name(export: &Export<'_>, index: &Index<'_>, filter: Filter<'_>) -> String {
    let programme = export.programme;
    let title = programme.edition.title.as_str();
    let part = match filter {
        Filter::All | Filter::Sessions(_) => None,
        Filter::Track(id) => index.tracks.get(&id).map(|track| track.name.as_str()),
        Filter::Room(id) => index.rooms.get(&id).map(|&at| programme.rooms[at].name.as_str()),
        Filter::Session(id) => {
            programme.sessions.iter().find(|session| session.id == id).map(|s| s.title.as_str())
        }
    };
    part.map_or_else(|| title.to_owned(), |part| format!("{title}: {part}"))
}

fn event(
    out: &mut Lines,
    export: &Export<'_>,
    index: &Index<'_>,
    zone: &ZoneWriter<'_>,
    session: &Session,
    slot: &Slot,
) {
    let host = export.host();
    out.raw("BEGIN", "VEVENT");
    out.raw("UID", &format!("{}@{host}", slot.id));
    out.raw("DTSTAMP", &utc(export.release.at));
    out.raw("LAST-MODIFIED", &utc(export.release.at));
    out.raw("SEQUENCE", &export.release.number.min(i32::MAX as u32).to_string());
    zone.time(out, "DTSTART", slot.actual_start());
    zone.time(out, "DTEND", slot.actual_end());
    out.raw("STATUS", if slot.is_cancelled() { "CANCELLED" } else { "CONFIRMED" });
    out.text("SUMMARY", session.title.as_str());
    let edition = &export.programme.edition;
    let place: Vec<&str> = [index.room(slot).map(|room| room.name.as_str()), edition.venue.non_empty()]
        .into_iter()
        .flatten()
        .collect();
    if !place.is_empty() {
        out.text("LOCATION", &place.join(", "));
    }
    let description = description(index, session);
    if !description.is_empty() {
        out.text("DESCRIPTION", &description);
    }
    let mut categories = vec![];
    categories.extend(index.track(session).map(|track| track.name.as_str()));
    categories.push(session.kind_label());
    out.list("CATEGORIES", &categories);
    out.raw("URL", &export.url(&Address::from(session)));
    if let Some(first) = sibling(session, slot) {
        out.raw("RELATED-TO;RELTYPE=SIBLING", &format!("{}@{host}", first.id));
    }
    out.raw("TRANSP", "OPAQUE");
    out.raw("CLASS", "PUBLIC");
    out.raw("END", "VEVENT");
}

/// Subtitle, names and texts, as plain text.
fn description(index: &Index<'_>, session: &Session) -> String {
    let names: Vec<&str> = index.people(session).map(|(_, person)| person.name.as_str()).collect();
    let parts = [
        session.subtitle.as_str().to_owned(),
        names.join(", "),
        plain_text(&session.summary),
        plain_text(&session.description),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// The zone's part of a calendar: which local times it can say.
struct ZoneWriter<'a> {
    zone: &'a Zone,
    observances: Vec<Observance>,
    /// From when to when the observances hold.
    from: Timestamp,
    until: Timestamp,
}

/// A stretch of one offset.
struct Observance {
    /// The clocks' reading just before the change, as RFC 5545 wants it.
    start: DateTime,
    from: Offset,
    to: Offset,
    name: String,
    dst: bool,
}

impl<'a> ZoneWriter<'a> {
    fn new(zone: &'a Zone, span: Option<(Timestamp, Timestamp)>) -> Self {
        let none = Self { zone, observances: vec![], from: Timestamp::MAX, until: Timestamp::MIN };
        let Some((first, last)) = span.filter(|_| zone.name() != "UTC") else { return none };
        let rules = zone.rules();
        // The observance that holds at the first event began at the transition at or before it.
        let next = first.checked_add(jiff::SignedDuration::from_secs(1)).unwrap_or(first);
        let begin = rules.preceding(next).next();
        let (from, before) = match &begin {
            Some(transition) => {
                let at = transition.timestamp();
                let earlier = at.checked_sub(jiff::SignedDuration::from_secs(1)).unwrap_or(at);
                (at, rules.to_offset(earlier))
            }
            // No transition so far: the offset has held from the beginning.
            None => (Timestamp::MIN, rules.to_offset(first)),
        };
        let info = rules.to_offset_info(first);
        let start = if begin.is_some() {
            before.to_datetime(from)
        } else {
            let year = first.to_zoned_datetime(jiff::tz::TimeZone::UTC).year().clamp(2, 1_970) - 1;
            DateTime::constant(year, 1, 1, 0, 0, 0, 0)
        };
        let mut observances = vec![Observance {
            start,
            from: before,
            to: info.offset(),
            name: info.abbreviation().to_owned(),
            dst: info.dst() == Dst::Yes,
        }];
        let mut until = Timestamp::MAX;
        for transition in rules.following(first) {
            let at = transition.timestamp();
            if at > last {
                break;
            }
            if observances.len() == TRANSITIONS_MAX {
                until = at;
                break;
            }
            let before = observances.last().map_or(Offset::UTC, |observance| observance.to);
            observances.push(Observance {
                start: before.to_datetime(at),
                from: before,
                to: transition.offset(),
                name: transition.abbreviation().to_owned(),
                dst: transition.dst() == Dst::Yes,
            });
        }
        Self { zone, observances, from, until }
    }

    fn write(&self, out: &mut Lines) {
        if self.observances.is_empty() {
            return;
        }
        out.raw("BEGIN", "VTIMEZONE");
        out.raw("TZID", self.zone.name());
        for observance in &self.observances {
            let kind = if observance.dst { "DAYLIGHT" } else { "STANDARD" };
            out.raw("BEGIN", kind);
            out.raw("DTSTART", &local(observance.start));
            out.raw("TZOFFSETFROM", &offset(observance.from));
            out.raw("TZOFFSETTO", &offset(observance.to));
            out.text("TZNAME", &observance.name);
            out.raw("END", kind);
        }
        out.raw("END", "VTIMEZONE");
    }

    fn time(&self, out: &mut Lines, name: &str, instant: Timestamp) {
        // Whole seconds: the format has no smaller ones.
        let instant = Timestamp::from_second(instant.as_second()).unwrap_or(instant);
        let shown = self.zone.local(instant).datetime();
        let covered = !self.observances.is_empty() && self.from <= instant && instant < self.until;
        let twice = self.zone.rules().to_ambiguous_timestamp(shown).is_ambiguous();
        if covered && !twice {
            out.raw(&format!("{name};TZID={}", self.zone.name()), &local(shown));
        } else {
            out.raw(name, &utc(instant));
        }
    }
}

fn local(time: DateTime) -> String {
    time.strftime("%Y%m%dT%H%M%S").to_string()
}

fn utc(instant: Timestamp) -> String {
    instant.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// An offset as `+HHMM`, with seconds only where there are some.
fn offset(offset: Offset) -> String {
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let all = seconds.unsigned_abs();
    let mut out = format!("{sign}{:02}{:02}", all / 3_600, all / 60 % 60);
    if !all.is_multiple_of(60) {
        let _ = write!(out, "{:02}", all % 60);
    }
    out
}

/// Content lines, folded at 75 octets (RFC 5545, section 3.1).
struct Lines {
    out: String,
}

impl Lines {
    /// A line whose value holds nothing that would have to be escaped.
    fn raw(&mut self, name: &str, value: &str) {
        let mut line = String::with_capacity(name.len() + value.len() + 1);
        line.push_str(name);
        line.push(':');
        line.push_str(value);
        self.fold(&line);
    }

    /// A line with a TEXT value.
    fn text(&mut self, name: &str, value: &str) {
        self.list(name, &[value]);
    }

    /// A line with several TEXT values.
    fn list(&mut self, name: &str, values: &[&str]) {
        let mut line = String::with_capacity(64);
        line.push_str(name);
        for (at, value) in values.iter().enumerate() {
            line.push(if at == 0 { ':' } else { ',' });
            for c in value.chars() {
                match c {
                    '\\' | ';' | ',' => {
                        line.push('\\');
                        line.push(c);
                    }
                    '\n' => line.push_str("\\n"),
                    '\t' => line.push(' '),
                    c if c.is_control() => {}
                    c => line.push(c),
                }
            }
        }
        self.fold(&line);
    }

    fn fold(&mut self, line: &str) {
        let mut rest = line;
        // 75 octets with the space that begins each line after the first.
        let mut room = 75;
        while rest.len() > room {
            let mut at = room;
            while !rest.is_char_boundary(at) {
                at -= 1;
            }
            self.out.push_str(&rest[..at]);
            self.out.push_str("\r\n ");
            rest = &rest[at..];
            room = 74;
        }
        self.out.push_str(rest);
        self.out.push_str("\r\n");
    }
}
