//! Lists of other conferences, in whatever form: what comes out is canonical and within limits, and notes say what to do.
#![no_main]

use interchange::{Input, read_conferences};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    match read_conferences(&[Input { name: "list.bin", bytes }]) {
        Ok(list) => {
            let mut again = list.conferences.clone();
            model::calendar::normalise(&mut again);
            assert_eq!(again, list.conferences, "a list that is not in its canonical form");
            let kept = serde_json::to_string(&list.conferences).expect("a list can be written");
            let back: Vec<model::calendar::OtherConference> =
                serde_json::from_str(&kept).expect("the record can be read back");
            assert_eq!(back, list.conferences, "the record's own format changed the list");
            for one in &list.conferences {
                assert!(one.last_day >= one.first_day && !one.name.is_empty(), "{one:?}");
            }
            for note in &list.notes {
                assert!(!note.problem.is_empty() && !note.remedy.is_empty(), "{note:?}");
                assert!(note.to_string().len() < 2_000, "a note of {} bytes", note.to_string().len());
            }
        }
        Err(refusal) => {
            let text = refusal.to_string();
            assert!(text.contains(": ") && text.ends_with('.') && text.len() < 2_000, "{text}");
        }
    }
});
