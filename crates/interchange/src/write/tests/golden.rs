//! One small conference in every format, as it was reviewed.

use super::{every_format, export, sample};

#[test]
fn every_format_shows_the_small_conference_as_reviewed() {
    let programme = sample::conference();
    let release = sample::release(&programme);
    for (name, text) in every_format(&export(&programme, &release)) {
        let shown = if text.starts_with('{') {
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            serde_json::to_string_pretty(&value).unwrap()
        } else {
            text.replace("\r\n", "\n")
        };
        // A new version of Plenary is no change of the format.
        let shown = shown.replace(&format!("\"{}\"", super::super::VERSION), "\"[version]\"");
        insta::assert_snapshot!(name, shown);
    }
}

#[test]
fn several_slots_of_one_session_go_out_in_each_formats_own_way() {
    let programme = sample::conference();
    let release = sample::release(&programme);
    let export = export(&programme, &release);
    let page = "https://conf.example.org/sample-2027/sessions/TWICE1/";
    let xml = super::super::schedule_xml(&export);
    assert_eq!(xml.matches(&format!("<url>{page}</url>")).count(), 2, "the cancelled slot is left out");
    assert!(!xml.contains("code=\"TWICE1\""), "a code that stands twice is not valid");
    let v2: serde_json::Value = serde_json::from_str(&super::super::schedule_json_v2(&export)).unwrap();
    let states: Vec<_> = v2["schedule"]["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["url"] == page)
        .map(|event| event["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["CONFIRMED", "CANCELED", "CONFIRMED"]);
    let ics = super::super::icalendar(&export, super::Filter::All);
    assert_eq!(
        ics.matches("RELATED-TO;RELTYPE=SIBLING").count(),
        3,
        "two later slots of the talk, one of lunch"
    );
    let query = super::super::pretalx::Query::default();
    let talk =
        super::super::pretalx::item(&export, super::super::pretalx::List::Submissions, "twice1", &query)
            .unwrap();
    let talk: serde_json::Value = serde_json::from_str(&talk).unwrap();
    assert_eq!(talk["slots"], serde_json::json!([11, 12, 13]));
}

#[test]
fn delayed_slots_go_out_with_the_times_at_which_they_take_place_and_titles_stay_titles() {
    let programme = sample::conference();
    let release = sample::release(&programme);
    for (name, text) in every_format(&export(&programme, &release)) {
        assert!(!text.to_lowercase().contains("cancelled: a bof"), "{name}");
        if name == "schedule.xml" {
            // Planned for 12:00 in Berlin, twenty minutes late.
            assert!(text.contains("<date>2027-10-29T12:20:00+02:00</date>"));
            assert!(!text.contains("<title>A BoF that does not take place"));
        }
    }
}

#[test]
fn a_list_of_pretalx_can_be_paged_through_to_its_end() {
    use super::super::pretalx::{List, Paging, Query, list};
    let programme = sample::conference();
    let release = sample::release(&programme);
    let export = export(&programme, &release);
    for pages in [true, false] {
        let (mut at, mut codes) = (0, vec![]);
        loop {
            let paging = if pages {
                Paging::Pages { page: at + 1, size: 3 }
            } else {
                Paging::Offset { offset: at * 3, limit: 3 }
            };
            let query = Query { address: "https://x/", paging, expand: "speakers,slots.room" };
            let text = list(&export, List::Submissions, &query).unwrap();
            let page: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(page["count"], 8);
            codes.extend(
                page["results"].as_array().unwrap().iter().map(|s| s["code"].as_str().unwrap().to_owned()),
            );
            if page["next"].is_null() {
                break;
            }
            at += 1;
        }
        codes.sort();
        assert_eq!(codes, ["BLOCK4", "GONE22", "LATE33", "LATER8", "PARTY7", "TOPIC1", "TOPIC2", "TWICE1"]);
    }
    let beyond = Query { paging: Paging::Pages { page: 9, size: 50 }, ..Query::default() };
    assert!(list(&export, List::Submissions, &beyond).is_none());
}

#[test]
fn a_cell_that_a_spreadsheet_would_run_is_text() {
    let programme = sample::conference();
    let release = sample::release(&programme);
    let csv = super::super::csv(&export(&programme, &release));
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 12, "eleven slots and one session without");
    assert!(rows.iter().any(|row| &row[4] == "'=A talk; with \"quotes\", & in two slots"));
}
