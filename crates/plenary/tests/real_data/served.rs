//! Real conferences, served: every page and feed answers, the files are valid by their schemas, and what goes
//! out comes back as the same programme.

use crate::{
    binary::Server,
    support::{self, Plenary},
};
use model::{address::Address, programme::Programme};
use serde_json::Value;
use std::{path::Path, process::Command};

/// The conferences: file below `schedules/`, edition.
const CONFERENCES: [(&str, &str); 2] =
    [("fosdem/fosdem-2025-full.xml.xz", "fosdem-2025"), ("ccc/38c3-hub.schedule.xml.xz", "38c3")];

/// The files of an edition.
const FILES: [&str; 7] = [
    "schedule.xml",
    "schedule.json",
    "schedule.v2.json",
    "schedule.ics",
    "schedule.xcal",
    "schedule.csv",
    "releases.atom",
];

#[test]
fn real_conferences_are_served_on_every_page_and_in_every_valid_feed() {
    let Some(data) = support::data() else { return };
    for (file, edition) in CONFERENCES {
        let plenary = Plenary::new();
        plenary.import(&data.join("schedules").join(file), &["--edition", edition]);
        let programme = plenary.released();
        let server =
            Server::start(plenary.folder.path(), &["serve", "--listen", "127.0.0.1:0", "--log", "error"]);
        let begun = std::time::Instant::now();
        let pages = pages(&programme);
        for path in &pages {
            let (status, head, body) = server.get(path);
            assert_eq!(status, 200, "{path}: {body}");
            assert!(head.contains("text/html"), "{path}: {head}");
            assert!(body.contains("<h1") && body.trim_end().ends_with("</html>"), "{path} is not whole");
        }
        let title = programme.sessions.iter().max_by_key(|session| session.people.len()).unwrap();
        let (_, _, body) = server.get(&Address::from(title).path(&programme.edition.slug));
        for name in support::names(&programme, title) {
            let word = name.split(|c: char| !c.is_alphanumeric()).max_by_key(|word| word.len()).unwrap();
            assert!(body.contains(word), "{name} is on the page of their session");
        }
        println!("{file}: {} pages in {:.1} s", pages.len(), begun.elapsed().as_secs_f64());

        let folder = tempfile::TempDir::new().unwrap();
        for name in FILES {
            let (status, _, body) = server.get(&Address::File(name).path(&programme.edition.slug));
            assert_eq!(status, 200, "{name}: {body}");
            std::fs::write(folder.path().join(name), body).unwrap();
        }
        valid(&data, folder.path());
        others_read_them(folder.path(), &programme);
        for name in ["schedule.xml", "schedule.json", "schedule.v2.json"] {
            comes_back(&plenary, &folder.path().join(name), &programme);
        }
        for path in existing_tools(edition, &programme) {
            let (status, _, body) = server.get(&path);
            assert_eq!(status, 200, "{path}: {body}");
        }
        assert!(server.stop(), "the server stops in order");
    }
}

/// Every page that there is once, and of each kind with many the first, the middle and the last.
fn pages(programme: &Programme) -> Vec<String> {
    let some =
        |count: usize| [0, count / 2, count.saturating_sub(1)].into_iter().filter(move |at| *at < count);
    let mut pages = vec![
        Address::Home,
        Address::Grid(None),
        Address::List(None),
        Address::Now,
        Address::Speakers,
        Address::Tracks,
        Address::Rooms,
        Address::Search,
        Address::Stars,
        Address::Releases,
        Address::Release(1),
    ];
    for day in programme.days() {
        pages.extend([
            Address::Grid(Some(day.date)),
            Address::List(Some(day.date)),
            Address::Print(day.date),
        ]);
    }
    pages.extend(some(programme.sessions.len()).map(|at| Address::from(&programme.sessions[at])));
    pages.extend(some(programme.persons.len()).map(|at| Address::from(&programme.persons[at])));
    pages.extend(some(programme.tracks.len()).map(|at| Address::from(&programme.tracks[at])));
    pages.extend(some(programme.rooms.len()).map(|at| Address::from(&programme.rooms[at])));
    pages.extend(some(programme.rooms.len()).map(|at| Address::Sign(programme.rooms[at].slug.as_str())));
    pages.iter().map(|page| page.path(&programme.edition.slug)).collect()
}

/// Where tools that exist look: Indico's timetable, conference-bot's, pretalx's addresses.
fn existing_tools(edition: &str, programme: &Programme) -> Vec<String> {
    let session = programme.sessions.iter().find(|session| !session.people.is_empty()).unwrap();
    vec![
        format!("/export/timetable/{edition}.json"),
        format!("/event/{edition}/event.ics"),
        format!("/{edition}/p/matrix"),
        format!("/{edition}/schedule/export/schedule.xml"),
        format!("/{edition}/schedule/export/schedule.json"),
        format!("/{edition}/schedule/widgets/schedule.json"),
        format!("/api/events/{edition}/"),
        format!("/api/events/{edition}/submissions/"),
        format!("/api/events/{edition}/speakers/"),
        format!("/{edition}/sessions/{}.ics", session.code),
        format!("/{edition}/rooms/{}.ics", programme.rooms[0].slug),
    ]
}

/// Prints the first errors of a JSON file by a JSON schema; ends with 1 when there are any.
const VALIDATE: &str = "import json, sys, jsonschema\n\
        schema, value = (json.load(open(name)) for name in sys.argv[1:])\n\
        of = jsonschema.validators.validator_for(schema)\n\
        errors = [f'{list(e.absolute_path)}: {e.message[:200]}' for e in of(schema).iter_errors(value)]\n\
        print('\\n'.join(errors[:5])); sys.exit(bool(errors))";

/// The files hold to the schemas that c3voc publishes.
fn valid(data: &Path, folder: &Path) {
    let validators = data.join("validators");
    let output = Command::new("xmllint")
        .args(["--noout", "--schema"])
        .arg(validators.join("schedule.xml.xsd"))
        .arg(folder.join("schedule.xml"))
        .output()
        .expect("xmllint runs: install libxml2-utils");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for name in ["schedule.xcal", "releases.atom"] {
        let output = Command::new("xmllint").arg("--noout").arg(folder.join(name)).output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let python = |script: &str, arguments: &[&Path]| {
        Command::new("python3").args(["-c", script]).args(arguments).output().unwrap()
    };
    if !python("import jsonschema", &[]).status.success() {
        println!("skipped: Python has no jsonschema to validate the JSON with");
        return;
    }
    for (schema, name) in
        [("schedule.schema.json", "schedule.json"), ("schedule2.schema.json", "schedule.v2.json")]
    {
        let output = python(VALIDATE, &[&validators.join(schema), &folder.join(name)]);
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&said));
    }
}

/// The independent program counts in each file what the record holds. What is cancelled stands only in
/// the files that can say so.
fn others_read_them(folder: &Path, programme: &Programme) {
    let names = ["schedule.xml", "schedule.json", "schedule.v2.json", "schedule.ics", "schedule.xcal"];
    let paths: Vec<&Path> = std::iter::once(folder).chain(names.iter().map(Path::new)).collect();
    let counted = support::independently("count.py", &paths);
    for name in names {
        let (sessions, slots) = (&counted[name]["sessions"], &counted[name]["slots"]);
        println!("    {name}: {}", counted[name]);
        let says_cancelled = ["schedule.ics", "schedule.v2.json"].contains(&name);
        let shown = |slot: &model::programme::Slot| says_cancelled || !slot.is_cancelled();
        let ours = programme.slots().filter(|(_, slot)| shown(slot)).count();
        assert_eq!(slots, &Value::from(ours), "{name}: {}", counted[name]);
        let ours = programme.sessions.iter().filter(|session| session.slots.iter().any(shown)).count();
        assert_eq!(sessions, &Value::from(ours), "{name}: {}", counted[name]);
    }
}

/// A file of ours, imported into the record that it came from, changes nothing; into an empty one it gives the
/// same programme, identifiers and all.
fn comes_back(plenary: &Plenary, file: &Path, programme: &Programme) {
    let slug = programme.edition.slug.as_str();
    let begun = std::time::Instant::now();
    let report = plenary.import(file, &[]);
    let name = file.file_name().unwrap().to_str().unwrap();
    println!("    {name} again: {:.2} s", begun.elapsed().as_secs_f64());
    assert_eq!(report["edition"], slug);
    assert_eq!(report["release"], Value::Null, "{name}: {}", report["tallies"]);
    assert_eq!(report["kept"], serde_json::json!([]), "{name}");
    for (kind, tally) in report["tallies"].as_object().unwrap() {
        for deed in ["created", "changed", "removed"] {
            assert_eq!(tally[deed], 0, "{name}: {kind} {deed}");
        }
    }
    let fresh = Plenary::new();
    fresh.import(file, &[]);
    let back = fresh.released();
    support::assert_says_the_same(name, &back, programme);
    assert_eq!(back.edition, programme.edition, "{name}");
    let ids = |programme: &Programme| -> Vec<String> {
        let sessions = programme.sessions.iter().map(|session| format!("{} {}", session.id, session.code));
        let slots = programme.slots().map(|(_, slot)| format!("{} {}", slot.id, slot.number));
        let persons = programme.persons.iter().map(|person| format!("{} {}", person.id, person.slug));
        let rooms = programme.rooms.iter().map(|room| format!("{} {}", room.id, room.slug));
        sessions.chain(slots).chain(persons).chain(rooms).collect()
    };
    support::assert_same(&format!("{name}, identifiers and addresses"), ids(&back), ids(programme));
}
