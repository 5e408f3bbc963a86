//! One conference in several formats is one record: the first file makes it, the others find everything in it,
//! create and remove nothing, and change only what they really say otherwise.

use crate::support;
use model::{
    feed::Actor,
    merge::{Tallies, Tally},
    programme::Programme,
};
use serde_json::Value;
use std::collections::BTreeMap;
use store::ImportOptions;

/// A file that says again what the record holds, and what it says otherwise: field, how often, why.
type Again = (&'static [&'static str], &'static [(&'static str, usize, &'static str)]);

#[test]
fn the_33c3_of_frab_is_one_record_in_all_its_formats() {
    one_record(
        "ccc/33c3-frab-bundle/schedule.xml.xz",
        &[
            (&["ccc/33c3-frab-bundle/schedule.json.xz"], &[]),
            (
                &["ccc/33c3-frab-bundle/schedule.ics.xz"],
                &[
                    ("session url", 150, "only the calendars hold the addresses"),
                    (
                        "session description",
                        1,
                        "this session has no short text, which is the calendar's one text",
                    ),
                ],
            ),
            (
                &["ccc/33c3-frab-bundle/schedule.xcal.xz"],
                &[("session url", 150, "the addresses have no scheme, which is read as https")],
            ),
            (
                &["ccc/33c3-frab-bundle/events.json.xz", "ccc/33c3-frab-bundle/speakers.json.xz"],
                &[
                    ("persons created", 2, "the list of speakers names two who are in no session"),
                    ("person biography", 174, "only the list of speakers has biographies"),
                    ("person links", 102, "only the list of speakers has links"),
                ],
            ),
            (
                &["ccc/33c3-frab-bundle/schedule.xml.xz"],
                &[
                    ("persons removed", 2, "the schedule names those only who take part"),
                    ("session description", 1, "the text that the calendar did not have"),
                ],
            ),
        ],
    );
}

#[test]
fn a_congress_with_all_that_was_added_to_it_is_one_record_as_xml_and_as_json() {
    one_record("ccc/32c3-everything.schedule.xml.xz", &[(&["ccc/32c3-everything.schedule.json.xz"], &[])]);
    one_record("ccc/33c3-everything.schedule.xml.xz", &[(&["ccc/33c3-everything.schedule.json.xz"], &[])]);
    one_record("ccc/35c3-everything.schedule.xml.xz", &[(&["ccc/35c3-everything.schedule.json.xz"], &[])]);
    one_record(
        "ccc/camp2019-everything.schedule.xml.xz",
        &[(&["ccc/camp2019-everything.schedule.json.xz"], &[])],
    );
}

#[test]
fn the_emf_is_one_record_in_all_its_formats() {
    one_record(
        "emf/emf-2016.schedule.json.xz",
        &[
            (
                &["emf/emf-2016.schedule.ics.xz"],
                &[("session title", 1, "one title ends in a full stop in the calendar alone")],
            ),
            (
                &["emf/emf-2016.schedule.frab.xz"],
                &[
                    ("sessions removed", 212, EXTERNAL),
                    ("slots removed", 212, EXTERNAL),
                    ("rooms removed", 25, "those in which only such sessions take place"),
                    ("edition first_day", 1, DAYS),
                    ("edition last_day", 1, DAYS),
                    ("edition day_change", 1, DAYS),
                    ("edition timeslot_minutes", 1, DAYS),
                    ("session links", 138, "its elements for links are empty"),
                    ("session recording", 138, "only it names the licence"),
                ],
            ),
        ],
    );
    one_record(
        "emf/emf-2018.schedule.json.xz",
        &[
            (&["emf/emf-2018.schedule.ics.xz"], &[("session description", 74, COSTS)]),
            (
                &["emf/emf-2018.schedule.frab.xz"],
                &[
                    ("sessions removed", 141, EXTERNAL),
                    ("slots removed", 141, EXTERNAL),
                    ("rooms removed", 18, "those in which only such sessions take place"),
                    ("edition title", 1, "it calls the camp EMF 2020"),
                    ("edition day_change", 1, DAYS),
                    ("edition timeslot_minutes", 1, DAYS),
                    ("person name", 1, "one first name is an initial there"),
                    ("session description", 74, COSTS),
                    ("session summary", 74, COSTS),
                    ("session links", 214, "its elements for links are empty"),
                    ("session recording", 214, "only it names the licence"),
                ],
            ),
        ],
    );
}

/// Why the .frab of EMF lacks sessions.
const EXTERNAL: &str = "it holds only what the committee chose, not what villages and others offer";
/// Why texts of EMF 2018 change.
const COSTS: &str = "only the calendar says under the text what a workshop costs";
/// Why the .frab of EMF changes the edition.
const DAYS: &str = "only it states the days";

fn one_record(first: &str, others: &[Again]) {
    let Some(data) = support::data() else { return };
    let folder = tempfile::TempDir::new().unwrap();
    let mut wrong = vec![];
    support::block_on(async {
        let store = support::open(folder.path()).await;
        let mut before: Option<Programme> = None;
        for (names, expected) in std::iter::once((&[first][..], &[][..])).chain(others.iter().copied()) {
            let bytes: Vec<Vec<u8>> =
                names.iter().map(|name| std::fs::read(data.join("schedules").join(name)).unwrap()).collect();
            let inputs: Vec<interchange::Input<'_>> =
                names.iter().zip(&bytes).map(|(name, bytes)| interchange::Input { name, bytes }).collect();
            let options = interchange::Options {
                edition: Some(model::text::Slug::parse("one").unwrap()),
                zone: Some(model::time::Zone::parse(zone(first)).unwrap()),
            };
            let mut imported = interchange::read(&inputs, &options).unwrap();
            assert_eq!(imported.len(), 1, "{names:?} are parts of one export");
            let imported = imported.remove(0);
            // EMF's .frab holds less than half of what its other files do.
            let options = ImportOptions { allow_removals: true, ..ImportOptions::default() };
            let outcome =
                store.import(&Actor::System, &imported.programme, imported.carries, &options).await.unwrap();
            let merged = outcome.merged;
            assert_eq!(merged.kept, vec![], "{names:?}: nobody changed anything here");
            if let Some(before) = before.replace(merged.programme.clone()) {
                println!("{} after {first}:", names.join(", "));
                let mut found = changes(&before, &merged.programme);
                for (kind, tally) in kinds(&merged.tallies) {
                    for (deed, count) in [("created", tally.created), ("removed", tally.removed)] {
                        if count > 0 {
                            found.insert(format!("{kind} {deed}"), vec![String::new(); count as usize]);
                        }
                    }
                }
                for (field, examples) in &found {
                    let reason = expected.iter().find(|(name, ..)| name == field);
                    println!("    {field}: {} ({})", examples.len(), reason.map_or("?", |(_, _, why)| why));
                    if reason.map(|(_, count, _)| *count) != Some(examples.len()) {
                        let shown = examples[..examples.len().min(6)].join("\n    ");
                        wrong.push(format!("{names:?}: {field}, {} times:\n    {shown}", examples.len()));
                    }
                }
                for (field, count, _) in expected.iter().filter(|(field, ..)| !found.contains_key(*field)) {
                    wrong.push(format!("{names:?}: {field} was expected to differ {count} times"));
                }
            }
        }
        assert_eq!(store::verify(&store).await.unwrap(), Vec::<String>::new());
        store.close().await;
    });
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The zone that an organiser would name with --zone; several of the formats lack it.
fn zone(file: &str) -> &'static str {
    if file.starts_with("emf") { "Europe/London" } else { "Europe/Berlin" }
}

fn kinds(tallies: &Tallies) -> [(&'static str, Tally); 5] {
    [
        ("sessions", tallies.sessions),
        ("slots", tallies.slots),
        ("persons", tallies.persons),
        ("rooms", tallies.rooms),
        ("tracks", tallies.tracks),
    ]
}

/// What changed, field by field: "session title" → each thing's name with the value before and after.
fn changes(before: &Programme, after: &Programme) -> BTreeMap<String, Vec<String>> {
    let mut out = BTreeMap::new();
    let (old, new) = (things(before), things(after));
    for (id, (kind, name, now)) in &new {
        let Some((_, _, then)) = old.get(id) else { continue };
        for (field, value) in now.as_object().unwrap() {
            if then[field] != *value {
                out.entry(format!("{kind} {field}")).or_insert_with(Vec::new).push(format!(
                    "{name}: {} -> {}",
                    short(&then[field]),
                    short(value)
                ));
            }
        }
    }
    out
}

/// Every thing of a programme by kind and identifier, with its name.
fn things(programme: &Programme) -> BTreeMap<String, (&'static str, String, Value)> {
    let mut out = BTreeMap::new();
    out.insert("edition".to_owned(), ("edition", "the edition".to_owned(), value(&programme.edition)));
    for room in &programme.rooms {
        out.insert(format!("room {}", room.id), ("room", room.name.to_string(), value(room)));
    }
    for track in &programme.tracks {
        out.insert(format!("track {}", track.id), ("track", track.name.to_string(), value(track)));
    }
    for person in &programme.persons {
        out.insert(format!("person {}", person.id), ("person", person.name.to_string(), value(person)));
    }
    for session in &programme.sessions {
        let mut fields = value(session);
        fields.as_object_mut().unwrap().remove("slots");
        out.insert(format!("session {}", session.id), ("session", session.title.to_string(), fields));
        for slot in &session.slots {
            out.insert(format!("slot {}", slot.id), ("slot", session.title.to_string(), value(slot)));
        }
    }
    out
}

fn value(thing: &impl serde::Serialize) -> Value {
    serde_json::to_value(thing).unwrap()
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() > 160 { text.chars().take(160).chain(['…']).collect() } else { text }
}
