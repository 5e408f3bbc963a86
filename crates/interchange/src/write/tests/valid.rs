//! Whatever a programme holds, what goes out is valid. The schemas are run by xmllint and Python's jsonschema.

use super::{data, every_format, export, programmes, sample};
use jiff::Timestamp;
use std::{path::Path, process::Command};

/// How many programmes are tried.
const COUNT: usize = 300;

/// Runs a program; `None`, with a line that says so, where it cannot be started.
fn run(command: &mut Command) -> Option<(bool, String)> {
    match command.output() {
        Ok(output) => {
            let text = [output.stdout, output.stderr].concat();
            Some((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
        }
        Err(error) => {
            println!("skipped: {} cannot be started: {error}", command.get_program().to_string_lossy());
            None
        }
    }
}

fn excerpt(text: &str) -> String {
    text.lines().filter(|line| !line.ends_with(" validates")).take(30).collect::<Vec<_>>().join("\n")
}

/// Writes every programme in every format into `folder` as `0007-schedule.xml`.
fn write_all(folder: &Path) {
    let mut all = programmes(COUNT, false);
    all.extend(sample::ZONES.iter().map(|zone| sample::around_clock_changes(zone)));
    all.push(sample::conference());
    all.push({
        // Times at the ends of what an instant can be, as only a broken file has them.
        let mut programme = sample::conference();
        programme.sessions[0].slots[0].start = Timestamp::MIN;
        programme.sessions[1].slots[0].start = Timestamp::MAX;
        programme.edition.first_day = jiff::civil::Date::MIN;
        programme.edition.last_day = jiff::civil::Date::MAX;
        programme.normalise();
        programme
    });
    for (number, programme) in all.iter().enumerate() {
        let release = sample::release(programme);
        for (name, text) in every_format(&export(programme, &release)) {
            std::fs::write(folder.join(format!("{number:04}-{name}")), text).unwrap();
        }
    }
}

#[test]
fn any_programme_gives_files_that_their_schemas_and_other_readers_accept() {
    let Some(data) = data() else { return };
    let folder = tempfile::tempdir().unwrap();
    write_all(folder.path());
    let files: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with("-schedule.xml"))
        .collect();
    assert_eq!(files.len(), COUNT + sample::ZONES.len() + 2);
    let schema = data.join("validators/schedule.xml.xsd");
    if let Some((fine, told)) =
        run(Command::new("xmllint").arg("--noout").arg("--schema").arg(schema).args(&files))
    {
        assert!(fine, "{}", excerpt(&told));
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/independent/check_exports.py");
    let mut python = Command::new("python3");
    if let Some((fine, told)) = run(python.arg(script).arg(folder.path()).arg(data.join("validators"))) {
        println!("{told}");
        assert!(fine, "{}", excerpt(&told));
    }
}

#[test]
fn no_file_holds_a_control_character_or_a_bidirectional_override() {
    for programme in programmes(100, false) {
        let release = sample::release(&programme);
        for (name, text) in every_format(&export(&programme, &release)) {
            let bad = text.chars().find(|c| match c {
                '\n' => false,
                '\r' => !matches!(name, "schedule.ics" | "schedule.csv"),
                '\t' => matches!(name, "schedule.ics" | "schedule.xcal"),
                '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}' => {
                    true
                }
                c => c.is_control(),
            });
            assert_eq!(bad, None, "{name}");
        }
    }
}

#[test]
fn every_release_of_a_programme_keeps_the_identifiers_of_its_slots() {
    let programme = sample::conference();
    let mut release = sample::release(&programme);
    let uids = |text: &str| {
        text.lines().filter(|line| line.starts_with("UID:")).map(str::to_owned).collect::<Vec<_>>()
    };
    let first = uids(&super::super::icalendar(&export(&programme, &release), super::Filter::All));
    release.number += 1;
    release.at = sample::at("2027-09-02T08:00:00Z");
    let second = uids(&super::super::icalendar(&export(&programme, &release), super::Filter::All));
    assert_eq!(first.len(), 11);
    assert_eq!(first, second);
}
