//! What hostile and broken exports do: give an error with its place, or a programme and notes; never more.

#![allow(clippy::unwrap_used, reason = "tests")]

use interchange::{Imported, Input, MAX_INPUT, Options, ReadError, read};
use proptest::prelude::*;
use std::path::Path;

/// Every sample, with its name.
fn samples() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples");
    let mut out = vec![];
    for folder in [folder.join("open-event"), folder] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                out.push((
                    path.file_name().unwrap().to_str().unwrap().to_owned(),
                    std::fs::read(path).unwrap(),
                ));
            }
        }
    }
    out.sort();
    assert!(out.len() > 20);
    out
}

fn open(name: &str, bytes: &[u8]) -> Result<Vec<Imported>, ReadError> {
    read(&[Input { name, bytes }], &Options::default())
}

fn one(name: &str, text: &str) -> Imported {
    open(name, text.as_bytes()).unwrap_or_else(|error| panic!("{error}")).remove(0)
}

fn notes(imported: &Imported) -> String {
    imported.notes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// A schedule of one event with these fields more.
fn schedule(fields: &str) -> String {
    format!(
        r#"{{"schedule": {{"conference": {{"acronym": "x", "title": "X", "time_zone_name": "UTC", "days": [{{"date": "2027-10-04",
        "rooms": {{"Oak": [{{"guid": "0b9a7c3e-6d0f-4c11-8f5e-1f2e3d4c0011", "title": "T", "date": "2027-10-04T09:00:00Z", "duration": "1:00", {fields} "id": 1}}]}}}}]}}}}}}"#
    )
}

#[test]
fn a_file_that_is_cut_anywhere_is_refused_whole_or_is_whole() {
    for (name, bytes) in samples() {
        let whole = open(&name, &bytes).map_or(0, |imported| imported[0].programme.sessions.len());
        for cut in 1..20 {
            let part = &bytes[..bytes.trim_ascii_end().len() * cut / 20];
            match open(&name, part) {
                Err(error) => assert!(error.to_string().starts_with(&name), "{error}"),
                // A table has no end that could be missing; what is left are whole rows and one that is cut.
                Ok(_) if name.contains(".csv") => {}
                Ok(imported) => panic!(
                    "{name} cut at {cut}/20: {} of {whole} sessions",
                    imported[0].programme.sessions.len()
                ),
            }
        }
    }
}

#[test]
fn control_characters_and_disguises_go_and_markup_stays_text() {
    let imported = one(
        "x.json",
        &schedule(
            r#""subtitle": "a\u0000b\u202Egnp.exe", "abstract": "<script>alert(1)</script>", "url": "javascript:alert(1)", "logo": "data:text/html,x","#,
        ),
    );
    let session = &imported.programme.sessions[0];
    assert_eq!(session.subtitle.as_str(), "a bgnp.exe");
    assert_eq!(session.summary.as_str(), "<script>alert(1)</script>");
    assert_eq!((&session.url, &session.logo), (&None, &None));
    assert!(notes(&imported).contains("javascript:alert(1)"));
    let imported = one(
        "x.ics",
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nSUMMARY:a\u{0}b\u{202E}c\nURL:javascript:x\nEND:VEVENT\nEND:VCALENDAR\n",
    );
    assert_eq!(imported.programme.sessions[0].title.as_str(), "a bc");
    assert_eq!(imported.programme.sessions[0].url, None);
}

#[test]
fn dates_outside_of_all_conferences_leave_the_session_unplaced_with_a_note() {
    for date in [
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "-004000-01-01T00:00:00Z",
        "1969-12-31T00:00:00Z",
        "2027-13-45T99:00:00Z",
        "soon",
    ] {
        let text = schedule("").replace("2027-10-04T09:00:00Z", date);
        let imported = one("x.json", &text);
        assert!(imported.programme.sessions[0].slots.is_empty(), "{date}");
        assert!(notes(&imported).contains("rooms.Oak[0]"), "{date}: {}", notes(&imported));
    }
    for start in ["00000101T000000Z", "99991231T235959Z", "20271345T990000Z", "x", "99999999"] {
        let text = format!(
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nSUMMARY:T\nDTSTART:{start}\nEND:VEVENT\nEND:VCALENDAR\n"
        );
        let imported = one("x.ics", &text);
        assert!(imported.programme.sessions[0].slots.is_empty(), "{start}");
        assert!(notes(&imported).contains("line 2"), "{start}: {}", notes(&imported));
    }
}

#[test]
fn lengths_below_zero_and_beyond_reason_become_none_with_a_note() {
    for length in ["-1:00", "0:00", "99999:00", "1e400", "PT-5M", "P99999D", "x"] {
        let imported = one("x.json", &schedule("").replace("\"1:00\"", &format!("\"{length}\"")));
        assert_eq!(imported.programme.sessions[0].slots[0].minutes(), 0, "{length}");
        assert!(notes(&imported).contains("rooms.Oak[0]"), "{length}: {}", notes(&imported));
    }
    let text = r#"[{"code": "AAAAA1", "title": "T", "state": "confirmed", "speakers": [], "duration": -9223372036854775808,
        "slot": {"start": "2027-10-04T09:00:00Z", "end": null, "room": "Oak"}}]"#;
    assert_eq!(one("x.json", text).programme.sessions[0].slots[0].minutes(), 0);
}

#[test]
fn every_field_may_have_every_type() {
    for wrong in ["null", "true", "-1e300", "\"x\"", "[1, [2]]", "{\"a\": {\"b\": 1}}"] {
        for (name, bytes) in samples() {
            let Ok(value) = serde_json::from_slice::<serde_json::Value>(&bytes) else { continue };
            let wrong: serde_json::Value = serde_json::from_str(wrong).unwrap();
            let mut places = vec![];
            pointers(&value, String::new(), &mut places);
            for place in places {
                let mut changed = value.clone();
                *changed.pointer_mut(&place).unwrap() = wrong.clone();
                match open(&name, changed.to_string().as_bytes()) {
                    Ok(imported) => assert_eq!(imported.len(), 1),
                    Err(error) => assert!(error.to_string().starts_with(&name), "{error}"),
                }
            }
        }
    }
}

/// The JSON pointers of every value below `value`.
fn pointers(value: &serde_json::Value, at: String, out: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (key, value) in fields {
                pointers(value, format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), out);
            }
        }
        serde_json::Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                pointers(value, format!("{at}/{index}"), out);
            }
        }
        _ => {}
    }
    if !at.is_empty() {
        out.push(at);
    }
}

#[test]
fn what_costs_too_much_is_refused_before_it_is_paid_for() {
    let refused = |name: &str, bytes: &[u8]| open(name, bytes).unwrap_err().to_string();
    assert!(refused("x.json", &vec![b' '; MAX_INPUT + 1]).contains("64 MiB"));
    assert!(refused("x.json", "[".repeat(1_000_000).as_bytes()).contains("64 levels"));
    assert!(
        refused("x.json", format!("[{}]", "[],".repeat(3_000_000)).as_bytes()).contains("4,000,000 values")
    );
    assert!(refused("x.csv", &b",\n".repeat(3_000_000)).contains("4,000,000 cells"));
    assert!(refused("x.ics", "BEGIN:VCALENDAR\n".repeat(100_000).as_bytes()).contains("64 components"));
    let many = r#"{"title": "T", "guid": ""},"#.repeat(50_001);
    let text =
        format!(r#"{{"schedule": {{"conference": {{}}, "events": [{}]}}}}"#, many.trim_end_matches(','));
    assert!(refused("x.json", text.as_bytes()).contains("50,000 events"));
}

#[test]
fn one_line_of_many_megabytes_is_one_short_field() {
    let long = "x".repeat(4 << 20);
    let imported = one("x.json", &schedule("").replace("\"T\"", &format!("\"{long}\"")));
    assert_eq!(imported.programme.sessions[0].title.as_str().len(), model::text::LINE_MAX);
    let imported = one(
        "x.ics",
        &format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nSUMMARY:{long}\nEND:VEVENT\nEND:VCALENDAR\n"),
    );
    assert_eq!(imported.programme.sessions[0].title.as_str().len(), model::text::LINE_MAX);
}

#[test]
fn the_same_thing_twice_is_one_thing_and_overlaps_are_kept_as_they_are() {
    let event = r#"{"guid": "0b9a7c3e-6d0f-4c11-8f5e-1f2e3d4c0021", "title": "T", "start": "2027-10-04T09:00:00Z", "end": "2027-10-04T10:00:00Z", "room": {"guid": "5f0c1f5e-0d4e-4d3c-9a41-6f5c4c1d0001", "name": "Oak"}}"#;
    let other = event.replace("0021", "0022").replace("\"T\"", "\"U: : \"");
    let text = format!(
        r#"{{"schedule": {{"conference": {{"acronym": "x"}}, "events": [{event}, {event}, {other}]}}}}"#
    );
    let imported = one("x.json", &text);
    assert_eq!(imported.programme.sessions.len(), 2);
    assert_eq!(imported.programme.slots().count(), 2);
    assert_eq!(imported.programme.problems().len(), 1, "the overlap is there to be seen");
    assert!(notes(&imported).contains("stands in the file twice"));
}

#[test]
fn bytes_that_are_no_text_are_refused_with_their_place() {
    let mut bytes = schedule("").into_bytes();
    bytes[40..].iter_mut().for_each(|byte| *byte |= 0x80);
    assert!(open("x.json", &bytes).unwrap_err().to_string().starts_with("x.json, line 1"));
    let utf16: Vec<u8> = schedule("").encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(open("x.json", &utf16).unwrap()[0].programme.sessions.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn mutated_exports_never_panic(
        file in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..5_u8, any::<u8>()), 1..8),
    ) {
        let samples = samples();
        let (name, mut bytes) = samples[file.index(samples.len())].clone();
        for (at, kind, byte) in edits {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => { bytes.remove(at); }
                2 => bytes.insert(at, byte),
                3 => {
                    let piece = bytes[at..].iter().copied().take(usize::from(byte)).collect::<Vec<_>>();
                    bytes.splice(at..at, piece);
                }
                _ => {
                    let end = (at + usize::from(byte)).min(bytes.len());
                    bytes.drain(at..end);
                }
            }
        }
        if let Ok(imported) = open(&name, &bytes) {
            for imported in imported {
                let mut again = imported.programme.clone();
                again.normalise();
                prop_assert_eq!(again, imported.programme);
            }
        }
    }

    #[test]
    fn arbitrary_text_never_panics(head in 0..6_usize, text in "\\PC{0,200}") {
        let head = ["", "{", "[{", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;TZID=", "ID,Name,Proposal titles\n", "{\"schedule\":{\"events\":["][head];
        let _ = open("x", format!("{head}{text}").as_bytes());
        let _ = open("x", format!("{head}{text}\nEND:VEVENT\nEND:VCALENDAR\n").as_bytes());
    }

    #[test]
    fn arbitrary_calendar_lines_never_panic(lines in prop::collection::vec(("(DTSTART|DTEND|DURATION|RRULE|UID|TZOFFSETTO|RDATE|CATEGORIES|RECURRENCE-ID|LOCATION)(;TZID=[A-Z+0-9]{1,8})?", "[-+0-9TZP,;:=A-Z\\\\é]{0,24}"), 0..12)) {
        let mut body: String = lines.iter().map(|(name, value)| format!("{name}:{value}")).collect::<Vec<_>>().join("\n");
        body.push('\n');
        let zone = format!("BEGIN:VTIMEZONE\nTZID:A\nBEGIN:STANDARD\n{body}END:STANDARD\nEND:VTIMEZONE\n");
        let _ = open("x.ics", format!("BEGIN:VCALENDAR\n{zone}BEGIN:VEVENT\n{body}END:VEVENT\nEND:VCALENDAR\n").as_bytes());
    }
}
