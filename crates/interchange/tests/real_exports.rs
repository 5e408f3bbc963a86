//! Every real file at hand that is not XML, counted twice: by the importer and by an independent program; and
//! conferences of which there are several files, which must give one record.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Counts, counts, data, files};
use interchange::{Imported, Input, Options, ReadError, read};
use model::programme::{Session, Slot};
use std::{collections::BTreeMap, path::Path, process::Command};

/// The files that are not XML, and a calendar of LPC.
fn with_calendar(data: &Path) -> Vec<String> {
    let mut out = files(data, false);
    out.push("lpc/lpc-2026-excerpt.ics".to_owned());
    out.sort();
    out
}

fn import(data: &Path, names: &[&str], options: &Options) -> Result<Vec<Imported>, ReadError> {
    let bytes: Vec<Vec<u8>> = names.iter().map(|name| std::fs::read(data.join(name)).unwrap()).collect();
    let inputs: Vec<Input<'_>> =
        names.iter().zip(&bytes).map(|(name, bytes)| Input { name, bytes }).collect();
    read(&inputs, options)
}

fn import_one(data: &Path, name: &str) -> Imported {
    let mut imported = import(data, &[name], &Options::default()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(imported.len(), 1, "{name}");
    imported.remove(0)
}

/// Where we read something else than the independent program, and are right.
const DIFFERS: [(&str, Counts); 2] = [
    // A comment before the JSON stops a strict parser. It does not stop us.
    ("schedules/pretalx/api-pretalx-submission.json", [1, 1, 1, 1]),
    // One of its 50 rooms is another with two spaces in its name.
    ("schedules/other/oscon-2014.osconfeed.json.xz", [484, 357, 49, 484]),
];

/// What the independent program counts, `None` for what it refuses; nothing at all without Python.
fn counted(data: &Path, names: &[String]) -> Option<BTreeMap<String, Option<Counts>>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/independent/count.py");
    let output = match Command::new("python3").arg(script).arg(data).args(names).output() {
        Ok(output) => output,
        Err(error) => {
            println!("skipped: python3 does not run ({error})");
            return None;
        }
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: BTreeMap<String, serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    let counts = |value: &serde_json::Value| {
        value
            .get("refused")
            .is_none()
            .then(|| ["sessions", "persons", "rooms", "slots"].map(|key| value[key].as_u64().unwrap()))
    };
    Some(answer.iter().map(|(name, value)| (name.clone(), counts(value))).collect())
}

#[test]
fn every_file_has_the_counts_of_an_independent_reading_or_is_refused_like_there() {
    let Some(data) = data() else { return };
    let names = with_calendar(&data);
    assert!(names.len() > 35, "{} files", names.len());
    let Some(theirs) = counted(&data, &names) else { return };
    let mut wrong = vec![];
    for name in &names {
        match (import(&data, &[name], &Options::default()), theirs[name]) {
            (Ok(imported), expected) => {
                assert_eq!(imported.len(), 1, "{name}");
                let ours = counts(&imported[0]);
                println!("{name}: {}, {ours:?}, {} notes", imported[0].format, imported[0].notes.len());
                for note in &imported[0].notes {
                    println!("    {note}");
                }
                if expected != Some(ours) && !DIFFERS.contains(&(name.as_str(), ours)) {
                    wrong.push(format!("{name}: {ours:?}, independently {expected:?}"));
                }
            }
            (Err(error), expected) => {
                println!("{error}");
                if expected.is_some() {
                    wrong.push(format!("{name}: refused ({error}), independently {expected:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What two records of one conference say otherwise, in words.
fn differences(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> Vec<String> {
    let keys = one.keys().chain(other.keys().filter(|key| !one.contains_key(*key)));
    keys.filter(|key| one.get(*key) != other.get(*key))
        .map(|key| format!("{key}: {:?} / {:?}", one.get(key), other.get(key)))
        .collect()
}

/// Every field of a record under a name.
fn fields(imported: &Imported) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let mut add = |thing: String, value: &serde_json::Value| {
        for (field, value) in value.as_object().unwrap() {
            out.insert(format!("{thing} {field}"), value.to_string());
        }
    };
    let whole = serde_json::to_value(&imported.programme).unwrap();
    add("edition".to_owned(), &whole["edition"]);
    for kind in ["rooms", "tracks", "persons"] {
        for (at, thing) in whole[kind].as_array().unwrap().iter().enumerate() {
            let mut thing = thing.clone();
            if kind != "persons" {
                thing["order"] = at.into();
            }
            add(format!("{kind} {}", thing["id"]), &thing);
        }
    }
    for session in whole["sessions"].as_array().unwrap() {
        let mut session = session.clone();
        for slot in session["slots"].take().as_array().unwrap() {
            add(format!("slot {}", slot["id"]), slot);
        }
        session.as_object_mut().unwrap().remove("slots");
        add(format!("session {}", session["id"]), &session);
    }
    out
}

#[test]
fn schedule_xml_and_schedule_json_of_one_conference_give_one_record() {
    let Some(data) = data() else { return };
    for name in [
        "33c3-frab-bundle/schedule",
        "32c3-everything.schedule",
        "33c3-everything.schedule",
        "35c3-everything.schedule",
        "camp2019-everything.schedule",
    ] {
        let xml = import_one(&data, &format!("schedules/ccc/{name}.xml.xz"));
        let json = import_one(&data, &format!("schedules/ccc/{name}.json.xz"));
        let all = fields(&xml);
        assert!(all.len() > 3_000, "{name}: {} fields", all.len());
        let found = differences(&all, &fields(&json));
        assert!(found.is_empty(), "{name}: {}", found.join("\n"));
        assert_eq!(xml.programme, json.programme, "{name}");
    }
}

/// The slots of a record: number, start, end, room.
fn slots(
    imported: &Imported,
    key: impl Fn(&Session, &Slot) -> String,
) -> BTreeMap<String, (String, String, String)> {
    let rooms: BTreeMap<_, _> =
        imported.programme.rooms.iter().map(|room| (room.id, room.name.to_string())).collect();
    imported
        .programme
        .slots()
        .map(|(session, slot)| {
            let room = slot.room.map(|id| rooms[&id].clone()).unwrap_or_default();
            (key(session, slot), (slot.start.to_string(), slot.end.to_string(), room))
        })
        .collect()
}

/// The names of those who take part in each session, by slot.
fn names(imported: &Imported) -> BTreeMap<String, Vec<String>> {
    let persons: BTreeMap<_, _> =
        imported.programme.persons.iter().map(|person| (person.id, person.name.to_string())).collect();
    imported
        .programme
        .slots()
        .map(|(session, slot)| {
            (slot.id.to_string(), session.people.iter().map(|part| persons[&part.person].clone()).collect())
        })
        .collect()
}

#[test]
fn the_six_files_of_one_congress_give_one_record_in_what_each_can_say() {
    let Some(data) = data() else { return };
    let options = Options {
        edition: Some(model::text::Slug::parse("33c3").unwrap()),
        zone: Some(model::time::Zone::parse("Europe/Berlin").unwrap()),
    };
    let open = |names: &[&str]| {
        let names: Vec<String> =
            names.iter().map(|name| format!("schedules/ccc/33c3-frab-bundle/{name}.xz")).collect();
        import(&data, &names.iter().map(String::as_str).collect::<Vec<_>>(), &options).unwrap().remove(0)
    };
    let xml = open(&["schedule.xml"]);
    let by_id = |_: &Session, slot: &Slot| slot.id.to_string();
    let expected = slots(&xml, by_id);
    assert_eq!(expected.len(), 150);

    // frab's own JSON: identifiers, times, rooms, titles, kinds, short texts, persons; no track or subtitle.
    let events = open(&["events.json", "speakers.json"]);
    assert_eq!(slots(&events, by_id), expected);
    assert_eq!(names(&events), names(&xml));
    let told = |imported: &Imported| -> BTreeMap<String, [String; 3]> {
        let sessions = imported.programme.sessions.iter();
        sessions
            .map(|s| {
                (s.id.to_string(), [s.title.to_string(), s.kind_label().to_owned(), s.summary.to_string()])
            })
            .collect()
    };
    assert_eq!(told(&events), told(&xml));
    // The list of speakers brings two more, whose sessions are not in the schedule, and everybody's texts.
    assert_eq!(events.programme.persons.len(), xml.programme.persons.len() + 2);
    assert!(events.programme.persons.iter().filter(|person| !person.biography.is_empty()).count() > 150);

    // iCalendar: identifiers, times, rooms; its title is the title and the names.
    let ics = open(&["schedule.ics"]);
    assert_eq!(slots(&ics, by_id), expected);
    let (titles, people) = (told(&xml), names(&xml));
    for session in &ics.programme.sessions {
        let id = session.id.to_string();
        let joined = format!("{} - {}", titles[&id][0], people[&session.slots[0].id.to_string()].join(", "));
        assert_eq!(session.title.as_str(), joined.trim_end(), "{id}");
    }

    // xCal: numbers, times, rooms, titles.
    let xcal = open(&["schedule.xcal"]);
    let by_number = |_: &Session, slot: &Slot| slot.number.to_string();
    assert_eq!(slots(&xcal, by_number), slots(&xml, by_number));
}

#[test]
fn the_calendar_and_the_json_of_one_camp_give_one_timetable() {
    let Some(data) = data() else { return };
    let options = Options { edition: Some(model::text::Slug::parse("emf").unwrap()), zone: None };
    // One title of 2016 has a full stop in the calendar only.
    for (year, retitled) in [("2016", 1), ("2018", 0)] {
        let open = |end: &str| {
            import(&data, &[&format!("schedules/emf/emf-{year}.schedule.{end}.xz")], &options)
                .unwrap()
                .remove(0)
        };
        let (json, ics, frab) = (open("json"), open("ics"), open("frab"));
        let by_id = |_: &Session, slot: &Slot| slot.id.to_string();
        assert_eq!(slots(&ics, by_id), slots(&json, by_id), "{year}");
        let titles = |imported: &Imported| -> BTreeMap<String, String> {
            imported
                .programme
                .sessions
                .iter()
                .map(|session| (session.id.to_string(), session.title.to_string()))
                .collect()
        };
        let (json_titles, ics_titles) = (titles(&json), titles(&ics));
        let other: Vec<_> =
            json_titles.iter().filter(|(id, title)| ics_titles.get(*id) != Some(title)).collect();
        assert_eq!(other.len(), retitled, "{year}: {other:?}");
        // The XML holds what was submitted, not what villages brought; its numbers are the JSON's.
        let by_number = |_: &Session, slot: &Slot| slot.number.to_string();
        let (all, some) = (slots(&json, by_number), slots(&frab, by_number));
        assert!(some.len() > 100);
        let moved: Vec<_> = some.iter().filter(|(number, slot)| all.get(*number) != Some(slot)).collect();
        assert!(moved.is_empty(), "{year}: {moved:?}");
    }
}
