//! Calendars as a reader that is not ours understands them.

use super::{Filter, export, programmes, sample};
use calcard::{
    Entry, Parser,
    common::{IanaString, timezone::Tz},
    icalendar::{ICalendar, ICalendarComponentType, ICalendarProperty, ICalendarValue},
};
use jiff::Timestamp;
use model::programme::{Programme, Standing};
use std::collections::{BTreeMap, HashSet};

/// UID, begin and end in seconds since 1970, summary, status.
type Seen = BTreeMap<String, (i64, i64, String, String)>;

fn parsed(text: &str) -> ICalendar {
    let mut parser = Parser::new(text);
    match parser.entry() {
        Entry::ICalendar(calendar) => {
            assert!(matches!(parser.entry(), Entry::Eof));
            calendar
        }
        other => panic!("{other:?}"),
    }
}

fn seen(text: &str) -> Seen {
    let calendar = parsed(text);
    let expanded = calendar.expand_dates(Tz::Floating, 10_000);
    assert!(expanded.errors.is_empty(), "{:?}", expanded.errors);
    let word = |component: usize, property: &ICalendarProperty| {
        calendar.components[component]
            .entries
            .iter()
            .find(|entry| entry.name == *property)
            .and_then(|entry| match entry.values.first() {
                Some(ICalendarValue::Text(text)) => Some(text.clone()),
                Some(ICalendarValue::Status(status)) => Some(status.as_str().to_owned()),
                _ => None,
            })
            .unwrap_or_default()
    };
    expanded
        .events
        .into_iter()
        .map(|event| {
            let component = event.comp_id as usize;
            let (start, end) =
                event.try_into_date_time().map(|e| (e.start.timestamp(), e.end.timestamp())).unwrap();
            (
                word(component, &ICalendarProperty::Uid),
                (
                    start,
                    end,
                    word(component, &ICalendarProperty::Summary),
                    word(component, &ICalendarProperty::Status),
                ),
            )
        })
        .collect()
}

fn expected(programme: &Programme) -> Seen {
    programme
        .slots()
        .map(|(session, slot)| {
            let status = if slot.standing == Standing::Cancelled { "CANCELLED" } else { "CONFIRMED" };
            (
                format!("{}@conf.example.org", slot.id),
                (
                    slot.actual_start().as_second(),
                    slot.actual_end().as_second(),
                    session.title.to_string(),
                    status.to_owned(),
                ),
            )
        })
        .collect()
}

#[test]
fn another_reader_sees_the_same_instants_uids_and_titles() {
    for programme in programmes(150, false) {
        let release = sample::release(&programme);
        let text = super::super::icalendar(&export(&programme, &release), Filter::All);
        assert_eq!(seen(&text), expected(&programme), "{text}");
    }
}

#[test]
fn lines_are_folded_at_75_octets_between_characters() {
    for programme in programmes(50, false) {
        let release = sample::release(&programme);
        let text = super::super::icalendar(&export(&programme, &release), Filter::All);
        assert!(text.ends_with("END:VCALENDAR\r\n"));
        for line in text.trim_end_matches("\r\n").split("\r\n") {
            assert!(line.len() <= 75 && !line.contains(['\r', '\n']), "{line}");
        }
    }
}

#[test]
fn times_around_a_change_of_the_clocks_are_the_right_instants_in_every_zone() {
    for zone in sample::ZONES {
        let programme = sample::around_clock_changes(zone);
        let release = sample::release(&programme);
        let text = super::super::icalendar(&export(&programme, &release), Filter::All);
        assert_eq!(text.contains("BEGIN:VTIMEZONE"), zone != "UTC", "{zone}");
        assert_eq!(seen(&text), expected(&programme), "{zone}\n{text}");
    }
}

#[test]
fn a_filter_takes_what_it_names_and_nothing_else() {
    let programme = sample::conference();
    let release = sample::release(&programme);
    let export = export(&programme, &release);
    let count = |filter| {
        parsed(&super::super::icalendar(&export, filter))
            .components
            .iter()
            .filter(|component| component.component_type == ICalendarComponentType::VEvent)
            .count()
    };
    assert_eq!(count(Filter::All), 11);
    assert_eq!(count(Filter::Track(programme.tracks[1].id)), 3);
    assert_eq!(count(Filter::Room(programme.rooms[0].id)), 3);
    let talk = programme.sessions.iter().find(|session| session.code.as_str() == "TWICE1").unwrap();
    assert_eq!(count(Filter::Session(talk.id)), 3);
    let (one, none) = (HashSet::from([talk.id]), HashSet::new());
    assert_eq!(count(Filter::Sessions(&one)), 3);
    assert_eq!(count(Filter::Sessions(&none)), 0);
}

#[test]
fn a_calendar_says_which_release_it_is() {
    let programme = sample::conference();
    let release = sample::release(&programme);
    let text = super::super::icalendar(&export(&programme, &release), Filter::All);
    assert!(text.contains("SEQUENCE:3\r\n"));
    assert!(text.contains("DTSTAMP:20270901T080000Z\r\n"));
    // Release time, not the time of writing: the same release gives the same bytes.
    let later = super::Export { generated: Timestamp::MAX, ..export(&programme, &release) };
    assert_eq!(text, super::super::icalendar(&later, Filter::All));
}
