//! A calendar whose events are conferences: each VEVENT is one, of whole days.

use super::lines::{self, Component, Property};
use crate::read::{
    ReadError,
    conferences::{Draft, Raw},
    decode::Source,
};
use jiff::{Span, civil::Date};

/// Takes the conferences of a calendar. Days are those that the calendar writes: a time in a zone counts for the day
/// on the clocks of that zone.
pub(in crate::read) fn take(source: &Source, draft: &mut Draft) -> Result<(), ReadError> {
    let (calendars, complaints) = lines::parse(&source.name, &source.text)?;
    for (line, problem, remedy) in complaints {
        draft.note(format!("line {line}"), problem, remedy);
    }
    let events = calendars
        .iter()
        .flat_map(|calendar| std::iter::once(calendar).chain(&calendar.parts))
        .filter(|part| part.name == "VEVENT");
    for event in events {
        take_event(event, draft)?;
    }
    Ok(())
}

fn take_event(event: &Component, draft: &mut Draft) -> Result<(), ReadError> {
    let place = format!("line {}", event.line);
    if event.text("STATUS").trim().eq_ignore_ascii_case("CANCELLED") {
        draft.note(&place, "the event is cancelled", "It was left out");
        return Ok(());
    }
    if event.get("RRULE").is_some() || event.get("RDATE").is_some() {
        draft.note(&place, "the event recurs", "Its first occurrence was taken");
    }
    let day = |property: &Property| {
        let text = property.value.trim();
        let digits = text.get(..8).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
        digits.parse::<Date>().ok()
    };
    let first = event.get("DTSTART").and_then(day);
    // An end is the first moment after the event (RFC 5545, section 3.6.1): a date, or midnight, is the day after.
    let exclusive = |property: &Property| {
        let text = property.value.trim();
        text.len() == 8 || text.get(8..15).is_some_and(|time| time == "T000000")
    };
    let last = match (event.get("DTEND"), event.get("DURATION")) {
        (Some(end), _) => day(end).map(|date| if exclusive(end) { yesterday(date, first) } else { date }),
        (None, Some(duration)) => first.and_then(|first| {
            let span: Span = duration.value.trim().trim_start_matches('+').parse().ok()?;
            let whole = first.at(0, 0, 0, 0).checked_add(span).ok()?;
            Some(if whole.time() == jiff::civil::Time::midnight() {
                yesterday(whole.date(), Some(first))
            } else {
                whole.date()
            })
        }),
        (None, None) => None,
    };
    let written = |date: Option<Date>| date.map(|date| date.to_string()).unwrap_or_default();
    draft.conference(&Raw {
        place,
        name: event.text("SUMMARY"),
        url: event.text("URL"),
        first: written(first),
        last: written(last),
        location: event.text("LOCATION"),
        topics: event.all("CATEGORIES").flat_map(Property::texts).collect(),
        ..Raw::default()
    })
}

/// The day before, but never before `first`.
fn yesterday(date: Date, first: Option<Date>) -> Date {
    let before = date.yesterday().unwrap_or(date);
    first.map_or(before, |first| before.max(first))
}
