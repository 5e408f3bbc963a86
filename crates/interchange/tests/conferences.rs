//! Lists of other conferences: what each kind says, what is wrong in them, and what hostile ones do.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use interchange::{ConferenceList, Input, ReadError, read_conferences};
use model::{calendar::OtherConference, country::Country};
use proptest::prelude::*;

fn open(name: &str, text: &str) -> Result<ConferenceList, ReadError> {
    read_conferences(&[Input { name, bytes: text.as_bytes() }])
}

fn list(name: &str, text: &str) -> ConferenceList {
    open(name, text).unwrap_or_else(|error| panic!("{error}"))
}

fn notes(list: &ConferenceList) -> String {
    list.notes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Name, days, place, topics.
fn told(one: &OtherConference) -> String {
    let topics: Vec<_> = one.topics.iter().map(model::text::Line::as_str).collect();
    format!("{} | {} to {} | {} | {}", one.name, one.first_day, one.last_day, one.place(), topics.join(", "))
}

const CONFS_TECH: &str = r#"[
    {"name": "Soil Days", "url": "https://soil.example.org", "startDate": "2027-09-13", "endDate": "2027-09-15", "city": "Ghent",
     "country": "Belgium", "online": true, "cfpUrl": "https://soil.example.org/cfp", "cfpEndDate": "2027-04-01"},
    {"name": "No Day", "startDate": "2027-09", "endDate": "2027-09"},
    {"name": "Backwards", "startDate": "2027-05-04", "endDate": "2026-05-06", "url": "soil"},
    {"startDate": "2027-05-04", "endDate": "2027-05-06"},
    17
]"#;

#[test]
fn a_file_of_confs_tech_is_about_what_it_is_called() {
    let list = list("conferences/2027/data.json", CONFS_TECH);
    let told: Vec<_> = list.conferences.iter().map(told).collect();
    assert_eq!(
        told,
        [
            "Backwards | 2027-05-04 to 2027-05-04 |  | data",
            "Soil Days | 2027-09-13 to 2027-09-15 | Ghent, Belgium | data"
        ]
    );
    let soil = &list.conferences[1];
    assert_eq!((soil.online, soil.cfp_end.map(|day| day.to_string())), (true, Some("2027-04-01".to_owned())));
    let notes = notes(&list);
    for said in [
        "[1]: No Day: \"2027-09\" is no day. It was left out.",
        "[2]: Backwards ends on 2026-05-06, before it begins. It was taken to last one day",
        "[2]: \"soil\" is not a full address. The address was left out.",
        "[3]: the conference has no name. It was left out.",
    ] {
        assert!(notes.contains(said), "{said} is not in\n{notes}");
    }
    assert_eq!(list.notes.len(), 5, "{notes}");
}

#[test]
fn a_collection_or_a_year_is_no_topic() {
    for name in ["conferences.json", "2027.json", "all.json", "list"] {
        assert!(list(name, CONFS_TECH).conferences[0].topics.is_empty(), "{name}");
    }
}

#[test]
fn yaml_of_two_communities_is_read_by_the_names_of_its_fields() {
    let ruby = "---\n\n- name: Gem Days\n  location: Orlando, FL\n  start_date: 2027-02-04\n  end_date: 2027-02-05\n  url: https://gems.example.org\n  \
        cfp_close_date: 2026-12-01\n- name: Off\n  location: Utrecht, Netherlands\n  start_date: 2027-03-01\n  end_date: 2027-03-01\n  status: Cancelled\n";
    let read = list("conferences.yml", ruby);
    assert_eq!(
        read.conferences.iter().map(told).collect::<Vec<_>>(),
        ["Gem Days | 2027-02-04 to 2027-02-05 | Orlando, United States | "]
    );
    assert!(notes(&read).contains("Off is cancelled"));
    let deadlines = "- title: LEAF\n  full_name: Learning in Forests\n  year: 2027\n  id: leaf27\n  link: https://leaf.example.org\n  deadline: '2027-01-20 23:59:00'\n  \
        place: Vienna, Austria\n  start: 2027-07-21\n  end: 2027-07-23\n  sub: ['ML', 'trees']\n- title: ROOT\n  year: 2027\n  place: Online\n  start: 2027-08-01\n  sub: RO\n";
    let read = list("deadlines.yml", deadlines);
    assert_eq!(
        read.conferences.iter().map(told).collect::<Vec<_>>(),
        [
            "Learning in Forests (LEAF 2027) | 2027-07-21 to 2027-07-23 | Vienna, Austria | machine learning, trees",
            "ROOT 2027 | 2027-08-01 to 2027-08-01 | Online | robotics",
        ]
    );
    assert!(read.conferences[1].online);
    assert_eq!(read.conferences[0].cfp_end.map(|day| day.to_string()).as_deref(), Some("2027-01-20"));
}

#[test]
fn a_table_is_read_by_the_names_of_its_columns() {
    let text = "Subject,Start Date,End Date,Location,Country,Venue,Tutorial Deadline,Talk Deadline,Website URL\n\
        \"Snakes, Minsk\",2027-02-04,2027-02-05,\"Minsk, Minsk, Belarus\",BLR,,,2026-11-30,http://snakes.example.org\n\
        Short,2027/3/1\n";
    let list = list("2027.csv", text);
    assert_eq!(
        list.conferences.iter().map(told).collect::<Vec<_>>(),
        [
            "Snakes, Minsk | 2027-02-04 to 2027-02-05 | Minsk, BLR | ",
            "Short | 2027-03-01 to 2027-03-01 |  | "
        ]
    );
    assert_eq!(list.conferences[0].land().map(Country::name), Some("Belarus"));
}

#[test]
fn a_calendar_of_conferences_ends_the_day_before_its_end() {
    let event = |fields: &str| format!("BEGIN:VEVENT\r\n{fields}\r\nEND:VEVENT\r\n");
    let calendar = [
        "BEGIN:VCALENDAR\r\n".to_owned(),
        event(
            "SUMMARY:Whole days\\, three\r\nDTSTART;VALUE=DATE:20270913\r\nDTEND;VALUE=DATE:20270916\r\nLOCATION:Ghent\\, Belgium\r\nCATEGORIES:soil,water\r\nURL:https://a.example.org",
        ),
        event("SUMMARY:One day\r\nDTSTART;VALUE=DATE:20270920"),
        event("SUMMARY:Hours\r\nDTSTART;TZID=Europe/Brussels:20270921T090000\r\nDTEND;TZID=Europe/Brussels:20270922T170000"),
        event("SUMMARY:Long\r\nDTSTART;VALUE=DATE:20270924\r\nDURATION:P2D"),
        event("SUMMARY:Gone\r\nDTSTART;VALUE=DATE:20270925\r\nSTATUS:CANCELLED"),
        event("SUMMARY:Empty\r\nDTSTART;VALUE=DATE:20270926\r\nDTEND;VALUE=DATE:20270926"),
        "END:VCALENDAR\r\n".to_owned(),
    ]
    .concat();
    let list = list("x.ics", &calendar);
    assert_eq!(
        list.conferences.iter().map(told).collect::<Vec<_>>(),
        [
            "Whole days, three | 2027-09-13 to 2027-09-15 | Ghent, Belgium | soil, water",
            "One day | 2027-09-20 to 2027-09-20 |  | ",
            "Hours | 2027-09-21 to 2027-09-22 |  | ",
            "Long | 2027-09-24 to 2027-09-25 |  | ",
            "Empty | 2027-09-26 to 2027-09-26 |  | ",
        ]
    );
    assert_eq!(list.notes.len(), 1, "{}", notes(&list));
}

#[test]
fn what_is_no_list_is_refused_with_what_to_give_instead() {
    for (name, text) in [
        ("a.html", "<!doctype html><title>Conferences</title>"),
        ("a.txt", "conferences of next year"),
        ("a.json", "{\"schedule\": {}}"),
        ("a.json", "[{\"id\": 1}]"),
        ("a.csv", "Name,Colour\nOak,green\n"),
        ("a.yml", "- a\n- b\n"),
        ("empty", "  \n"),
    ] {
        match open(name, text) {
            Err(ReadError::Unrecognised { remedy, .. }) => assert!(remedy.contains(".ics"), "{remedy}"),
            other => assert!(
                other.as_ref().is_ok_and(|list| list.conferences.is_empty() && !list.notes.is_empty()),
                "{name}: {other:?}"
            ),
        }
    }
    let broken = open("a.yml", "- name: [\n  start: x\n").unwrap_err().to_string();
    assert!(broken.starts_with("a.yml, line") && broken.contains("not YAML"), "{broken}");
    let broken = open("a.json", "[{\"name\": ").unwrap_err().to_string();
    assert!(broken.starts_with("a.json"), "{broken}");
}

#[test]
fn bombs_are_refused_before_they_cost_anything() {
    let begun = std::time::Instant::now();
    let mut aliases = String::from("- name: &a0 [x, x, x, x, x, x, x, x, x, x]\n  start: 2027-01-01\n");
    for level in 1..12 {
        let of = format!("*a{}", level - 1);
        let entry = format!("- name: &a{level} [{}]\n  start: 2027-01-01\n", [of.as_str(); 10].join(", "));
        aliases.push_str(&entry);
    }
    assert!(open("a.yml", &aliases).is_err());
    assert!(open("a.yml", &format!("- {}", "[".repeat(100_000))).is_err());
    assert!(open("a.json", &"[".repeat(100_000)).is_err());
    assert!(open("a.yml", &format!("- name: {}", "x".repeat(9 << 20))).is_err());
    let many: String = std::iter::once("Name,Start\n".to_owned())
        .chain((0..20_001).map(|n| format!("n{n},2027-01-01\n")))
        .collect();
    assert!(open("a.csv", &many).unwrap_err().to_string().contains("20000 conferences"));
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}

#[test]
fn text_that_would_run_or_disguise_is_text_or_gone() {
    let text = r#"[{"name": "a\u0000b\u202Egnp<script>", "startDate": "2027-01-01", "url": "javascript:alert(1)", "city": "x\ny"}]"#;
    let list = list("a.json", text);
    let one = &list.conferences[0];
    assert_eq!((one.name.as_str(), one.city.as_str(), &one.url), ("a bgnp<script>", "x y", &None));
}

/// Conferences and notes of each real list. The numbers were counted apart: entries of one name and first day are one
/// conference, in however many topics.
#[test]
fn every_real_list_is_read_whole() {
    let Some(data) = common::data() else { return };
    let folder = data.join("calendar");
    if !folder.is_dir() {
        println!("skipped: the folder of calendars is not there");
        return;
    }
    for (name, conferences, notes) in [
        ("confs-tech-2014.tar.xz", 43, 0),
        ("confs-tech-2015.tar.xz", 38, 0),
        ("confs-tech-2016.tar.xz", 146, 0),
        ("confs-tech-2017.tar.xz", 281, 0),
        ("confs-tech-2019.tar.xz", 937, 0),
        ("confs-tech-2020.tar.xz", 634, 0),
        ("confs-tech-2021.tar.xz", 543, 0),
        ("confs-tech-2023.tar.xz", 640, 0),
        ("confs-tech-2024.tar.xz", 689, 0),
        ("confs-tech-2027.tar.xz", 16, 0),
        // 415 entries, 12 of them cancelled.
        ("ruby-conferences.yml", 403, 11),
        // 169 entries, 6 of them without a first day.
        ("ai-deadlines-conferences.yml", 163, 8),
        // 360 rows, one of them twice.
        ("python-organizers-csv.tar.xz", 359, 1),
    ] {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let list =
            read_conferences(&[Input { name, bytes: &bytes }]).unwrap_or_else(|error| panic!("{error}"));
        let told: Vec<_> = list.notes.iter().map(ToString::to_string).collect();
        assert_eq!(
            (list.conferences.len(), list.notes.len()),
            (conferences, notes),
            "{name}\n{}",
            told.join("\n")
        );
        let placed = list.conferences.iter().filter(|one| !one.place().is_empty() && !one.online);
        let unknown: Vec<_> =
            placed.clone().filter(|one| one.land().is_none()).map(OtherConference::place).collect();
        assert!(unknown.len() * 10 <= placed.count(), "{name}: countries that are not known: {unknown:?}");
        assert!(list.conferences.iter().all(|one| one.last_day >= one.first_day));
    }
}

proptest! {
    #[test]
    fn mutated_lists_never_panic(
        kind in 0..4_usize,
        at in any::<prop::sample::Index>(),
        with in "\\PC{0,12}",
        cut in any::<prop::sample::Index>(),
    ) {
        let (name, text) = [
            ("a.json", CONFS_TECH),
            ("a.yml", "- name: x\n  start_date: 2027-02-04\n  location: Orlando, FL\n"),
            ("a.csv", "Subject,Start Date,End Date\nx,2027-02-04,2027-02-05\n"),
            ("a.ics", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:x\nDTSTART:20270204T230000Z\nDURATION:PT3H\nEND:VEVENT\nEND:VCALENDAR\n"),
        ][kind];
        let chars: Vec<char> = text.chars().collect();
        let at = at.index(chars.len());
        let mut mutated: String = chars[..at].iter().collect();
        mutated.push_str(&with);
        mutated.extend(&chars[at..][cut.index(chars.len() - at)..]);
        if let Err(error) = open(name, &mutated) {
            prop_assert!(error.to_string().ends_with('.'), "{}", error);
        }
    }
}

#[test]
fn the_seeds_of_the_fuzzer_are_lists() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/conferences");
    for (name, conferences) in
        [("confs.json", 1), ("community.yml", 2), ("organisers.csv", 1), ("feed.ics", 2)]
    {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!(list(name, &text).conferences.len(), conferences, "{name}");
    }
}
