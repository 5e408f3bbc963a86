//! When: zones, moments, lengths, and where one conference day ends.

use super::{Notes, RawConference, RawEvent, RawLength, RawTime, values};
use crate::read::Options;
use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime},
    fmt::temporal::Pieces,
    tz::Offset,
};
use model::{edition::DAYS_MAX, text::excerpt, time::Zone};
use std::collections::BTreeMap;

/// The years in which a conference may take place.
const YEARS: std::ops::RangeInclusive<i16> = 1970..=2200;
/// The latest hour, in minutes after midnight, that is believed to be a day change when it is only the end of
/// a day's programme.
const LATEST_END: u16 = 12 * 60;

/// A moment as written: with an offset it is an instant, without one it needs a zone.
#[derive(Clone, Copy, Debug)]
enum Written {
    Instant(Timestamp),
    Local(DateTime),
}

/// The zone and the day change by which the times of a file are read.
#[derive(Debug)]
pub(super) struct Calendar {
    /// The edition's zone.
    pub zone: Zone,
    /// Whether somebody named it.
    pub named: bool,
    /// Before this, in minutes after midnight, a clock time without date belongs to the next day.
    clock_change: u16,
}

impl Calendar {
    /// The calendar of a file: its zone by option, by name, or by the first offset that it holds.
    pub(super) fn new(
        conference: &RawConference,
        options: &Options,
        events: &[RawEvent],
        notes: &mut Notes,
    ) -> Self {
        let clock_change = values::clock(&conference.day_change).unwrap_or(0);
        match named_zone(conference, options, notes) {
            Some(zone) => Self { zone, named: true, clock_change },
            None => Self { zone: inferred_zone(events, notes), named: false, clock_change },
        }
    }

    /// The start and the end of `event`; `None` for one that has no start, and with a note for one whose start
    /// cannot be.
    pub(super) fn span(&self, event: &RawEvent, notes: &mut Notes) -> Option<(Timestamp, Timestamp)> {
        let start = self.resolve(&event.start, "start", &event.place, notes)?;
        Some((start, self.end(start, event, notes)))
    }

    fn end(&self, start: Timestamp, event: &RawEvent, notes: &mut Notes) -> Timestamp {
        let place = event.place.as_str();
        let length = match &event.length {
            RawLength::Unknown => None,
            RawLength::Minutes(minutes) => {
                Some(SignedDuration::from_mins((*minutes).clamp(-1_000_000, 1_000_000)))
            }
            RawLength::Text(text) if text.trim().is_empty() => None,
            RawLength::Text(text) => {
                let length = values::length(text);
                if length.is_none() {
                    let problem = format!("the duration \"{}\" cannot be read", excerpt(text, 40));
                    notes.add(place, problem, "It was taken as none; write it as hours:minutes");
                    return start;
                }
                length
            }
            RawLength::Until(end) if end.is_empty() => None,
            RawLength::Until(end) => match self.resolve(end, "end", place, notes) {
                Some(end) => Some(end.duration_since(start)),
                None => return start,
            },
        };
        match length {
            None => notes.add(place, "there is no duration", "The session was given none; set its end"),
            Some(length) if length.is_negative() => {
                notes.add(
                    place,
                    "the end is before the start",
                    "The session was given no duration; set its end",
                );
            }
            Some(length) if length.is_zero() => {
                notes.add(
                    place,
                    "the duration is zero",
                    "It was kept; set the session's end if that is not meant",
                );
            }
            Some(length) if length.as_hours() > i64::from(DAYS_MAX) * 24 => {
                let problem = format!("the duration is {} days", length.as_hours() / 24);
                notes.add(place, problem, "The session was given no duration; set its end");
            }
            Some(length) => match start.checked_add(length) {
                Ok(end) => return end,
                Err(_) => notes.add(
                    place,
                    "the end is out of range",
                    "The session was given no duration; set its end",
                ),
            },
        }
        start
    }

    /// The instant that `raw` means.
    fn resolve(&self, raw: &RawTime, what: &str, place: &str, notes: &mut Notes) -> Option<Timestamp> {
        if raw.is_empty() {
            return None;
        }
        let found = raw
            .instant
            .or_else(|| self.full(raw, what, place, notes))
            .or_else(|| self.clock(raw, what, place, notes))?;
        let year = self.zone.local(found).year();
        if YEARS.contains(&year) {
            return Some(found);
        }
        notes.add(
            place,
            format!("the {what} is in the year {year}"),
            "The session was left without a place in the timetable; correct its date",
        );
        None
    }

    fn full(&self, raw: &RawTime, what: &str, place: &str, notes: &mut Notes) -> Option<Timestamp> {
        let text = raw.full.trim();
        if text.is_empty() {
            return None;
        }
        let found = match written(text) {
            Some(Written::Instant(instant)) => Some(instant),
            Some(Written::Local(local)) => self.zone_of(raw, place, notes).instant(local),
            None => None,
        };
        if found.is_none() {
            let problem = format!("the {what} \"{}\" is not a date and time", excerpt(text, 40));
            let remedy = if raw.clock.trim().is_empty() {
                "The session was left without a place in the timetable; write it like 2027-10-03T09:30:00+02:00"
            } else {
                "The day and the time on the clock were taken instead; write it like 2027-10-03T09:30:00+02:00"
            };
            notes.add(place, problem, remedy);
        }
        found
    }

    fn clock(&self, raw: &RawTime, what: &str, place: &str, notes: &mut Notes) -> Option<Timestamp> {
        if raw.clock.trim().is_empty() {
            return None;
        }
        let (Some(date), Some(minutes)) = (date(&raw.date), values::clock(&raw.clock)) else {
            let problem = format!(
                "the {what} \"{} {}\" is not a date and time",
                excerpt(raw.date.trim(), 30),
                excerpt(raw.clock.trim(), 30)
            );
            notes.add(place, problem, "The session was left without a place in the timetable; write the day as 2027-10-03 and the time as 09:30");
            return None;
        };
        let date = if minutes < self.clock_change { date.tomorrow().ok()? } else { date };
        self.zone_of(raw, place, notes).instant(date.at((minutes / 60) as i8, (minutes % 60) as i8, 0, 0))
    }

    fn zone_of(&self, raw: &RawTime, place: &str, notes: &mut Notes) -> Zone {
        if raw.zone.trim().is_empty() {
            return self.zone.clone();
        }
        Zone::parse(&raw.zone).unwrap_or_else(|refusal| {
            notes.add(place, refusal.problem, format!("The time was read in {}", self.zone));
            self.zone.clone()
        })
    }

    /// The day change, in minutes after midnight, by which the days to which the file counts its events come
    /// out best. `placed` are the events with their conference day in the file and their start.
    ///
    /// Candidates in order of trust: what the conference says; days that reach from one to the next; the hour
    /// at which a day's programme ends; none; the full hour after the latest event of a night.
    pub(super) fn day_change(&self, conference: &RawConference, placed: &[(Date, Timestamp)]) -> u16 {
        // How far into the day each event starts: minutes after midnight of its conference day.
        let mut starts: BTreeMap<i64, usize> = BTreeMap::new();
        for (day, start) in placed {
            let local = self.zone.local(*start).datetime();
            let days = i64::from(local.date().since(*day).map_or(i32::MAX, |span| span.get_days()));
            let minutes = i64::from(local.hour()) * 60 + i64::from(local.minute());
            *starts.entry(days.saturating_mul(1_440).saturating_add(minutes)).or_default() += 1;
        }
        let misses = |change: u16| -> usize {
            let first = i64::from(change);
            starts
                .iter()
                .filter(|(minutes, _)| !(first..first + 1_440).contains(*minutes))
                .map(|(_, n)| n)
                .sum()
        };
        let mut candidates: Vec<u16> = vec![];
        candidates.extend(values::clock(&conference.day_change));
        let mut ends = vec![];
        for day in &conference.days {
            let (Some(start), Some(end)) = (self.minute(&day.start), self.minute(&day.end)) else {
                ends.extend(self.minute(&day.end).map(|(_, minute)| minute));
                continue;
            };
            let length = end.0.duration_since(start.0).as_mins();
            if (1_438..=1_440).contains(&length) {
                candidates.push(start.1);
            }
            ends.push(end.1);
        }
        candidates.extend(ends.into_iter().filter(|end| *end <= LATEST_END));
        candidates.push(0);
        let night = starts
            .range(1_440..1_440 + i64::from(LATEST_END))
            .next_back()
            .map(|(minutes, _)| minutes - 1_440);
        candidates.extend(night.map(|minutes| ((minutes / 60 + 1) * 60) as u16));
        candidates.into_iter().min_by_key(|change| misses(*change)).unwrap_or(0)
    }

    /// The instant of a day's bound and its minute of the day here.
    fn minute(&self, text: &str) -> Option<(Timestamp, u16)> {
        let instant = match written(text.trim())? {
            Written::Instant(instant) => instant,
            Written::Local(local) => self.zone.instant(local)?,
        };
        let local = self.zone.local(instant);
        Some((
            instant,
            u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs()),
        ))
    }
}

/// The zone that the importer names, or the file.
fn named_zone(conference: &RawConference, options: &Options, notes: &mut Notes) -> Option<Zone> {
    let name = conference.zone.trim();
    if options.zone.is_some() || name.is_empty() {
        return options.zone.clone();
    }
    let found = Zone::parse(name);
    if let Err(refusal) = &found {
        let remedy = "It was passed over; give the conference's zone, as with --zone Europe/Brussels";
        notes.add("", &refusal.problem, remedy);
    }
    found.ok()
}

/// The zone of a file that names none: as far from UTC as its first event, or UTC.
fn inferred_zone(events: &[RawEvent], notes: &mut Notes) -> Zone {
    let remedy = "Give the conference's zone, as with --zone Europe/Brussels";
    let offset = events.iter().find_map(|event| offset(&event.start.full));
    if let Some(offset) = offset {
        let name = match offset.seconds() {
            0 => Some("UTC".to_owned()),
            // POSIX counts west: Etc/GMT-2 is two hours ahead of UTC.
            seconds if seconds % 3_600 == 0 => Some(format!("Etc/GMT{:+}", -seconds / 3_600)),
            _ => None,
        };
        let zone = name.and_then(|name| Zone::parse(&name).ok()).unwrap_or_else(Zone::utc);
        let problem = format!(
            "the file names no time zone; its first event is at UTC{offset}, so days are drawn in {zone}"
        );
        notes.add("", problem, remedy);
        return zone;
    }
    let floats = |time: &RawTime| time.instant.is_none() && time.zone.trim().is_empty() && !time.is_empty();
    if events.iter().any(|event| floats(&event.start)) {
        let problem = "the file names no time zone, and its times have no offset; they were read as UTC";
        notes.add("", problem, remedy);
    }
    Zone::utc()
}

/// The offset that a moment states.
fn offset(text: &str) -> Option<Offset> {
    Pieces::parse(text.trim()).ok()?.to_numeric_offset()
}

/// A moment as written.
fn written(text: &str) -> Option<Written> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(Written::Instant(instant));
    }
    // `2027-10-03T09:30:00 +02:00` and a date without a time are not moments.
    text.parse::<DateTime>().ok().filter(|_| text.len() > 10).map(Written::Local)
}

/// A date, also that of a date-time as it is written there; only in the years of conferences.
pub(super) fn date(text: &str) -> Option<Date> {
    let text = text.trim();
    let head = text.split(['T', ' ']).next().unwrap_or(text);
    head.parse::<Date>().ok().filter(|date| YEARS.contains(&date.year()))
}

/// The instant at which something was made, where it says one.
pub(super) fn made(text: &str, zone: &Zone) -> Option<Timestamp> {
    match written(text.trim())? {
        Written::Instant(instant) => Some(instant),
        Written::Local(local) => zone.instant(local),
    }
}
