//! What goes out comes back: reading our own files into the record that made them changes nothing.

use super::{Export, Filter, data, export, programmes, sample};
use crate::{Imported, Input, Options, read};
use model::{
    merge::Carries,
    programme::{Programme, Session, Standing},
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

/// The formats that carry a whole programme.
fn whole(export: &Export<'_>) -> [(&'static str, String); 3] {
    [
        ("schedule.xml", super::super::schedule_xml(export)),
        ("schedule.json", super::super::schedule_json(export)),
        ("schedule.v2.json", super::super::schedule_json_v2(export)),
    ]
}

fn read_one(name: &str, text: &str) -> Imported {
    let mut imported = read(&[Input { name, bytes: text.as_bytes() }], &Options::default()).unwrap();
    assert_eq!(imported.len(), 1, "{name}");
    imported.remove(0)
}

/// Says in which member two programmes differ, which is shorter than showing both.
fn assert_same(found: &Programme, expected: &Programme, what: &str) {
    assert_eq!(found.edition, expected.edition, "{what}");
    assert_eq!(found.rooms, expected.rooms, "{what}");
    assert_eq!(found.tracks, expected.tracks, "{what}");
    assert_eq!(found.persons.len(), expected.persons.len(), "{what}");
    for (found, expected) in found.persons.iter().zip(&expected.persons) {
        assert_eq!(found, expected, "{what}");
    }
    assert_eq!(found.sessions.len(), expected.sessions.len(), "{what}");
    for (found, expected) in found.sessions.iter().zip(&expected.sessions) {
        assert_eq!(found, expected, "{what}");
    }
    assert_eq!(found.sponsors, expected.sponsors, "{what}");
}

#[test]
fn the_small_conference_comes_back_as_it_went_out() {
    let programme = sample::conference();
    let release = sample::release(&programme);
    for (name, text) in whole(&export(&programme, &release)) {
        let imported = read_one(name, &text);
        assert_same(&imported.programme, &programme, name);
        assert_eq!(imported.notes, [], "{name}");
        assert_eq!(imported.carries, Carries::ALL, "{name}");
    }
}

#[test]
fn any_programme_comes_back_as_it_went_out() {
    for (number, programme) in programmes(300, true).into_iter().enumerate() {
        let release = sample::release(&programme);
        for (name, text) in whole(&export(&programme, &release)) {
            assert_same(&read_one(name, &text).programme, &programme, &format!("programme {number}, {name}"));
        }
    }
}

#[test]
fn what_somebody_changes_in_the_file_is_taken_from_the_file() {
    let programme = sample::conference();
    let release = sample::release(&programme);
    let text = super::super::schedule_xml(&export(&programme, &release))
        .replace("<title>A keynote that begins late</title>", "<title>Another title</title>")
        .replace(">Resin<", ">Resin, filled<")
        .replace("<date>2027-10-29T12:20:00+02:00</date>", "<date>2027-10-29T12:50:00+02:00</date>")
        .replace("<type>Long talk</type>", "<type>Workshop</type>")
        .replace("Great Hall", "Small Hall");
    let found = read_one("schedule.xml", &text).programme;
    let by_code: BTreeMap<&str, &Session> = found.sessions.iter().map(|s| (s.code.as_str(), s)).collect();
    assert_eq!(by_code["LATE33"].title.as_str(), "Another title");
    assert_eq!(by_code["TOPIC2"].title.as_str(), "Resin, filled");
    assert_eq!(by_code["LATE33"].slots[0].start, sample::at("2027-10-29T10:30:00Z"));
    assert_eq!(by_code["LATE33"].slots[0].standing, Standing::Delayed(20));
    assert_eq!(by_code["TWICE1"].type_label.as_str(), "Workshop");
    assert_eq!(found.rooms[0].name.as_str(), "Small Hall");
    assert_eq!(found.rooms[0].capacity, Some(400), "what the format cannot say stays");
}

#[test]
fn importing_under_another_name_keeps_that_name() {
    let programme = sample::conference();
    let release = sample::release(&programme);
    let options = Options { edition: Some(model::text::Slug::parse("copy").unwrap()), zone: None };
    for (name, text) in whole(&export(&programme, &release)) {
        let found = read(&[Input { name, bytes: text.as_bytes() }], &options).unwrap().remove(0).programme;
        assert_eq!(found.edition.slug.as_str(), "copy", "{name}");
        assert_eq!(found.sessions, programme.sessions, "{name}");
    }
}

#[test]
fn extras_that_somebody_damaged_or_forged_do_no_harm() {
    let programme = sample::conference();
    let release = sample::release(&programme);
    let text = super::super::schedule_xml(&export(&programme, &release));
    let damaged = read_one("schedule.xml", &text.replace("<?plenary {", "<?plenary {]"));
    assert!(
        damaged.notes.iter().any(|note| note.problem.contains("beside the format")),
        "{:?}",
        damaged.notes
    );
    assert_eq!(damaged.programme.sessions.iter().flat_map(|session| &session.slots).count(), 9);
    let forged = text
        .replace("\"delay\":20", "\"delay\":65535")
        .replace("\"first_day\":\"2027", "\"first_day\":\"9999")
        .replace("\"end\":\"2027-10-29T09:30:00Z\"", "\"end\":\"9999-01-01T00:00:00Z\"");
    assert_ne!(forged, text);
    let found = read_one("schedule.xml", &forged).programme;
    assert_eq!(found.edition.first_day, programme.edition.first_day);
    let latest = found.slots().map(|(_, slot)| slot.end).max();
    assert!(latest < Some(sample::at("2028-01-01T00:00:00Z")), "{latest:?}");
    assert!(found.slots().all(|(_, slot)| slot.delay().as_mins() <= 1_440));
}

/// What a calendar can say of a programme: title, times, place, standing by slot.
fn calendar_view(programme: &Programme) -> BTreeMap<String, (String, i64, i64, Option<String>, bool)> {
    let rooms: BTreeMap<_, _> = programme.rooms.iter().map(|room| (room.id, room.name.to_string())).collect();
    programme
        .slots()
        .map(|(session, slot)| {
            let room = slot.room.map(|id| rooms[&id].clone());
            let times = (slot.actual_start().as_second(), slot.actual_end().as_second());
            (slot.id.to_string(), (session.title.to_string(), times.0, times.1, room, slot.is_cancelled()))
        })
        .collect()
}

#[test]
fn a_calendar_comes_back_with_the_slots_it_went_out_with() {
    let programme = sample::conference();
    let release = sample::release(&programme);
    let text = super::super::icalendar(&export(&programme, &release), Filter::All);
    let imported = read_one("schedule.ics", &text);
    assert_eq!(calendar_view(&imported.programme), calendar_view(&programme));
    for programme in programmes(200, true) {
        let release = sample::release(&programme);
        let text = super::super::icalendar(&export(&programme, &release), Filter::All);
        let found = read_one("schedule.ics", &text).programme;
        let strip = |view: BTreeMap<String, (String, i64, i64, Option<String>, bool)>| -> Vec<_> {
            // A location joins room and venue, and hostile names hold commas themselves.
            view.into_iter().map(|(id, (title, start, end, _, gone))| (id, title, start, end, gone)).collect()
        };
        assert_eq!(strip(calendar_view(&found)), strip(calendar_view(&programme)));
    }
}

/// Title, begin, end of everything that takes place.
fn what_is_on(programme: &Programme) -> Vec<(String, i64, i64)> {
    let mut out: Vec<_> = programme
        .slots()
        .filter(|(_, slot)| !slot.is_cancelled())
        .map(|(session, slot)| {
            (session.title.to_string(), slot.actual_start().as_second(), slot.actual_end().as_second())
        })
        .collect();
    out.sort();
    out
}

#[test]
fn the_clones_of_other_systems_answers_show_what_is_on() {
    use super::super::{fosdem_bot, indico_timetable, pretalx, xcal};
    let mut programme = sample::conference();
    // xCal and Indico give local times, which cannot say the second time that clocks show 02:30.
    programme.sessions.retain(|session| session.code.as_str() != "PARTY7");
    let release = sample::release(&programme);
    let export = export(&programme, &release);
    let query = pretalx::Query { expand: "speakers,slots.room", ..pretalx::Query::default() };
    let submissions = pretalx::list(&export, pretalx::List::Submissions, &query).unwrap();
    for (name, text, breaks) in [
        ("schedule.xcal", xcal(&export), true),
        ("indico.json", indico_timetable(&export, "17"), true),
        ("fosdem.json", fosdem_bot(&export), false),
        ("submissions.json", submissions, false),
    ] {
        let mut expected = what_is_on(&programme);
        expected.retain(|(title, ..)| breaks || title != "Lunch");
        let options = Options { zone: Some(programme.edition.zone.clone()), ..Options::default() };
        let found = read(&[Input { name, bytes: text.as_bytes() }], &options).unwrap().remove(0).programme;
        let mut shown = what_is_on(&found);
        // pretalx's answer says of a slot only whether it is visible.
        shown.dedup();
        shown.retain(|entry| name != "submissions.json" || expected.contains(entry));
        assert_eq!(shown, expected, "{name}");
    }
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files_below(&path, found) } else { found.push(path) }
    }
}

/// Takes one file in and sends what it holds out and in again; how many programmes that were.
fn there_and_back(data: &Path, path: &Path) -> usize {
    let name = path.strip_prefix(data).unwrap().to_string_lossy().into_owned();
    let bytes = std::fs::read(path).unwrap();
    // Parts of exports and files that are no schedules are the readers' affair.
    let Ok(imported) = read(&[Input { name: &name, bytes: &bytes }], &Options::default()) else {
        return 0;
    };
    for (at, imported) in imported.iter().enumerate() {
        let programme = &imported.programme;
        let release = sample::release(programme);
        for (format, text) in whole(&export(programme, &release)) {
            let what = format!("{name} ({at}) by {format}");
            let found = read_one(format, &text);
            assert_same(&found.programme, programme, &what);
            // What the programme itself has, such as a session of no length, is noted each time.
            let own = ["the duration is zero", "the days of the events lie more than"];
            let new: Vec<String> = (found.notes.iter())
                .filter(|note| own.iter().all(|problem| !note.problem.starts_with(problem)))
                .map(ToString::to_string)
                .collect();
            assert_eq!(new, Vec::<String>::new(), "{what}");
        }
        let text = super::super::icalendar(&export(programme, &release), Filter::All);
        let slots = |programme: &Programme| -> Vec<_> {
            let view = calendar_view(programme).into_iter();
            view.map(|(id, (title, start, end, _, gone))| (id, title, start, end, gone)).collect()
        };
        assert_eq!(
            slots(&read_one("schedule.ics", &text).programme),
            slots(programme),
            "{name} by schedule.ics"
        );
    }
    imported.len()
}

#[test]
fn every_real_file_goes_out_and_comes_back_the_same() {
    let Some(data) = data() else { return };
    let mut files = vec![];
    files_below(&data.join("schedules"), &mut files);
    files.sort();
    let next = AtomicUsize::new(0);
    let told = AtomicUsize::new(0);
    // The longest test of all: every core takes the next file.
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    told.fetch_add(there_and_back(&data, path), Ordering::Relaxed);
                }
            });
        }
    });
    let told = told.into_inner();
    println!("{told} programmes went out and came back");
    assert!(told >= 30, "only {told} programmes were tried");
}
