//! Zones of iCalendar: names that are known, and VTIMEZONEs for names that are not.

use super::lines::{Component, Property};
use jiff::{
    Timestamp,
    civil::{Date, DateTime, Weekday},
    tz::Offset,
};
use model::time::Zone;
use std::collections::HashMap;

/// What a TZID means.
#[derive(Clone, Debug)]
pub(super) enum Meaning {
    /// A zone that this build knows, by its name.
    Known(String),
    /// The rules that the file itself gives.
    Own(Vec<Observance>),
    /// Neither.
    Unknown,
}

/// From when on, each year or once, which offset holds.
#[derive(Clone, Debug)]
pub(super) struct Observance {
    start: DateTime,
    offset: Offset,
    rule: Option<Rule>,
    also: Vec<DateTime>,
}

/// "On the `nth` `weekday` of `month`", each year.
#[derive(Clone, Copy, Debug)]
struct Rule {
    month: i8,
    nth: i8,
    weekday: Weekday,
    until_year: i16,
}

/// The zones that a file defines, by TZID.
#[derive(Debug, Default)]
pub(super) struct Zones {
    own: HashMap<String, Vec<Observance>>,
    located: HashMap<String, String>,
}

impl Zones {
    /// Takes the VTIMEZONEs of a calendar.
    pub(super) fn take(&mut self, calendar: &Component) {
        for zone in calendar.parts.iter().filter(|part| part.name == "VTIMEZONE") {
            let id = zone.text("TZID");
            if let Some(name) = zone.get("X-LIC-LOCATION").and_then(|property| known(&property.text())) {
                self.located.insert(id.clone(), name);
            }
            let observances = zone.parts.iter().filter_map(observance).collect();
            self.own.insert(id, observances);
        }
    }

    /// What `id` means.
    pub(super) fn meaning(&self, id: &str) -> Meaning {
        if let Some(name) = known(id).or_else(|| self.located.get(id).cloned()) {
            return Meaning::Known(name);
        }
        match self.own.get(id) {
            Some(observances) if !observances.is_empty() => Meaning::Own(observances.clone()),
            _ => Meaning::Unknown,
        }
    }
}

/// The IANA name in `id`: the whole of it, or its end after a vendor's prefix
/// (`/freeassociation.sourceforge.net/Europe/Berlin`).
fn known(id: &str) -> Option<String> {
    let id = id.trim();
    let parts: Vec<&str> = id.split('/').filter(|part| !part.is_empty()).collect();
    (1..=parts.len().min(3))
        .rev()
        .map(|length| parts[parts.len() - length..].join("/"))
        .filter(|name| name.contains('/') || name.eq_ignore_ascii_case("UTC") || parts.len() == 1)
        .find_map(|name| Zone::parse(&name).ok())
        .map(|zone| zone.name().to_owned())
}

/// The instant at which clocks under these rules show `local`: by the observance that began last (RFC 5545,
/// section 3.6.5).
pub(super) fn instant(observances: &[Observance], local: DateTime) -> Option<Timestamp> {
    let by_onset =
        observances.iter().filter_map(|observance| Some((observance.onset(local)?, observance.offset)));
    let latest = by_onset.max_by_key(|(onset, _)| *onset).map(|(_, offset)| offset);
    // Before the first onset, the first rule is the best guess.
    let offset = latest.or_else(|| observances.iter().min_by_key(|one| one.start).map(|one| one.offset))?;
    offset.to_timestamp(local).ok()
}

impl Observance {
    /// When it began last at or before `local`.
    fn onset(&self, local: DateTime) -> Option<DateTime> {
        let once = self.also.iter().copied().chain([self.start]).filter(|start| *start <= local).max();
        let yearly = self.rule.and_then(|rule| {
            [local.year(), local.year() - 1]
                .into_iter()
                .map(|year| year.min(rule.until_year))
                .filter_map(|year| Some(rule.date(year)?.to_datetime(self.start.time())))
                .find(|onset| *onset <= local && *onset >= self.start)
        });
        once.max(yearly)
    }
}

impl Rule {
    fn date(self, year: i16) -> Option<Date> {
        Date::new(year, self.month, 1).ok()?.nth_weekday_of_month(self.nth, self.weekday).ok()
    }
}

fn observance(part: &Component) -> Option<Observance> {
    if !matches!(part.name.as_str(), "STANDARD" | "DAYLIGHT") {
        return None;
    }
    let moment = |text: &str| text.trim().trim_end_matches('Z').parse::<DateTime>().ok();
    Some(Observance {
        start: moment(&part.get("DTSTART")?.value)?,
        offset: offset(part.get("TZOFFSETTO")?.value.trim())?,
        rule: part.get("RRULE").and_then(rule),
        also: part.all("RDATE").flat_map(|property| property.value.split(',').filter_map(moment)).collect(),
    })
}

/// `+0200`, `-043000`.
fn offset(text: &str) -> Option<Offset> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    if !matches!(digits.len(), 4 | 6) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number =
        |from: usize| digits.get(from..from + 2).and_then(|two| two.parse::<i32>().ok()).unwrap_or(0);
    Offset::from_seconds(sign * (number(0) * 3_600 + number(2) * 60 + number(4))).ok()
}

/// `FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU`, which is how changes of the clocks are ruled everywhere.
fn rule(property: &Property) -> Option<Rule> {
    let field = |name: &str| {
        property
            .value
            .split(';')
            .find_map(|part| part.split_once('=').filter(|(key, _)| key.eq_ignore_ascii_case(name)))
    };
    if !field("FREQ")?.1.eq_ignore_ascii_case("YEARLY") {
        return None;
    }
    let day = field("BYDAY")?.1.trim();
    let (nth, weekday) = day.split_at_checked(day.len().checked_sub(2)?)?;
    let weekday = match weekday.to_ascii_uppercase().as_str() {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    };
    let until_year = field("UNTIL").and_then(|(_, until)| until.get(..4)?.parse().ok()).unwrap_or(i16::MAX);
    Some(Rule {
        month: field("BYMONTH")?.1.trim().parse().ok()?,
        nth: nth.parse().ok()?,
        weekday,
        until_year,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::icalendar::lines::parse;
    use jiff::civil::date;

    const OWN: &str = "BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:House time\nBEGIN:STANDARD\nDTSTART:16010101T030000\n\
        TZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\nEND:STANDARD\nBEGIN:DAYLIGHT\n\
        DTSTART:16010101T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\n\
        END:DAYLIGHT\nEND:VTIMEZONE\nEND:VCALENDAR\n";

    #[test]
    fn a_zone_that_only_the_file_knows_follows_its_own_rules_over_the_year() {
        let mut zones = Zones::default();
        zones.take(&parse("x", OWN).unwrap().0[0]);
        let Meaning::Own(rules) = zones.meaning("House time") else { panic!("not its own") };
        let shown = |local| instant(&rules, local).unwrap().to_string();
        assert_eq!(shown(date(2027, 7, 1).at(12, 0, 0, 0)), "2027-07-01T10:00:00Z");
        assert_eq!(shown(date(2027, 12, 1).at(12, 0, 0, 0)), "2027-12-01T11:00:00Z");
        assert_eq!(shown(date(2027, 1, 1).at(12, 0, 0, 0)), "2027-01-01T11:00:00Z");
        assert_eq!(shown(date(2027, 3, 28).at(3, 30, 0, 0)), "2027-03-28T01:30:00Z");
    }

    #[test]
    fn a_known_name_is_found_behind_a_prefix() {
        assert_eq!(known("/freeassociation.sourceforge.net/Europe/Berlin").as_deref(), Some("Europe/Berlin"));
        assert_eq!(known("europe/berlin").as_deref(), Some("Europe/Berlin"));
        assert_eq!(known("W. Europe Standard Time"), None);
    }
}
