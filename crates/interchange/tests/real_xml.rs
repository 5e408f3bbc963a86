//! Every real XML schedule at hand, counted twice: by the importer and by an independent program.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as its test does")]

mod common;

use common::{Counts, counts, data, files};
use interchange::{Imported, Input, Options, read};
use std::{collections::BTreeMap, path::Path, process::Command, time::Instant};

/// The content of a file, unpacked.
fn content(data: &Path, name: &str) -> Vec<u8> {
    let bytes = std::fs::read(data.join(name)).unwrap();
    if !bytes.starts_with(b"\xFD7zXZ\0") {
        return bytes;
    }
    let mut out = vec![];
    std::io::Read::read_to_end(&mut lzma_rust2::XzReader::new(&bytes[..], true), &mut out).unwrap();
    out
}

fn import(data: &Path, name: &str) -> Imported {
    let bytes = content(data, name);
    let mut imported =
        read(&[Input { name, bytes: &bytes }], &Options::default()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(imported.len(), 1, "{name}");
    imported.remove(0)
}

/// What the independent program counts; `None` without Python.
fn counted(data: &Path, names: &[String]) -> Option<BTreeMap<String, Counts>> {
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
    let numbers = |value: &serde_json::Value| {
        ["sessions", "persons", "rooms", "slots"]
            .map(|field| value[field].as_u64().unwrap_or_else(|| panic!("{value}")))
    };
    Some(answer.iter().map(|(name, value)| (name.clone(), numbers(value))).collect())
}

#[test]
fn every_real_file_gives_the_sessions_persons_rooms_and_slots_that_an_independent_count_finds() {
    let Some(data) = data() else { return };
    let names = files(&data, true);
    assert!(names.len() > 20, "{} XML files in the folder of real data", names.len());
    let Some(expected) = counted(&data, &names) else { return };
    let mut wrong = vec![];
    println!(
        "| file | format | sessions | persons | rooms | slots | notes | zone | days | day change | ms |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for name in &names {
        let bytes = content(&data, name);
        let begun = Instant::now();
        let imported = read(&[Input { name, bytes: &bytes }], &Options::default())
            .unwrap_or_else(|error| panic!("{error}"))
            .remove(0);
        let took = begun.elapsed().as_millis();
        let [sessions, persons, rooms, slots] = counts(&imported);
        let edition = &imported.programme.edition;
        println!(
            "| {name} | {} | {sessions} | {persons} | {rooms} | {slots} | {} | {} | {} to {} | {} | {took} |",
            imported.format,
            imported.notes.len(),
            edition.zone,
            edition.first_day,
            edition.last_day,
            edition.day_change
        );
        if counts(&imported) != expected[name] {
            wrong.push(format!("{name}: {:?} read, {:?} counted", counts(&imported), expected[name]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_event_of_a_real_file_falls_on_the_day_under_which_the_file_lists_it() {
    let Some(data) = data() else { return };
    for name in files(&data, true) {
        let imported = import(&data, &name);
        for note in &imported.notes {
            println!("{note}");
        }
        let edition = &imported.programme.edition;
        assert!(edition.first_day <= edition.last_day);
        let outside: Vec<_> = imported
            .programme
            .slots()
            .filter(|(_, slot)| !(edition.first_day..=edition.last_day).contains(&edition.day_of(slot.start)))
            .map(|(session, slot)| format!("{} at {}", session.code, slot.start))
            .collect();
        println!(
            "{name}: slug {}, series {:?}, title {:?}, outside its days: {outside:?}",
            edition.slug,
            edition.series.as_str(),
            edition.title.as_str()
        );
    }
}
