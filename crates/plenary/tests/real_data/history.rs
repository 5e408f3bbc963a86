//! The edit histories of two congresses, replayed as releases: every state and every difference is what an
//! independent reading of the snapshots finds.

use crate::support::{self, Plenary};
use model::{
    diff::{Aspect, Difference, Place, diff},
    feed::{Actor, Deed},
    programme::Programme,
    text::Line,
};
use serde_json::Value;
use std::{collections::BTreeMap, path::Path};
use store::{ImportOptions, Store};

#[test]
fn the_history_of_35c3_replays_as_releases_whose_differences_are_right() {
    replays("35c3-everything-history.tar.xz");
}

#[test]
fn the_history_of_the_camp_replays_as_releases_whose_differences_are_right() {
    replays("camp2019-everything-history.tar.xz");
}

#[test]
fn the_independent_reading_of_histories_keeps_its_own_rules() {
    if support::data().is_some() {
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../interchange/tests/independent/history.py");
        let status = std::process::Command::new("python3").arg("-B").arg(script).arg("--self-check").status();
        assert!(status.unwrap().success());
    }
}

#[test]
fn the_binary_replays_a_history_as_the_library_does() {
    let Some(data) = support::data() else { return };
    let archive = data.join("history/35c3-everything-history.tar.xz");
    let plenary = Plenary::new();
    let files = tempfile::TempDir::new().unwrap();
    for (number, (name, bytes)) in (1..).zip(support::members(&archive).into_iter().take(3)) {
        let path = files.path().join(&name);
        std::fs::write(&path, &bytes).unwrap();
        let report = plenary.import(&path, &["--edition", "35c3", "--note", &name]);
        assert_eq!(report["release"]["number"], number, "{name}");
        assert_eq!(report["release"]["note"], name);
        assert_eq!(report["kept"], serde_json::json!([]), "{name}");
        let alone = support::read(&name, &bytes, "35c3").programme;
        support::assert_says_the_same(&name, &plenary.released(), &alone);
    }
}

/// Imports every snapshot of an archive in the order of time and compares states and differences.
fn replays(archive: &str) {
    let Some(data) = support::data() else { return };
    let archive = data.join("history").join(archive);
    let slug = archive.file_name().unwrap().to_str().unwrap().split('-').next().unwrap().to_owned();
    let answer = support::independently("history.py", &[&archive]);
    let snapshots = answer["snapshots"].as_array().unwrap();
    let members = support::members(&archive);
    assert_eq!(members.len(), snapshots.len());
    let folder = tempfile::TempDir::new().unwrap();
    support::block_on(async {
        let store = support::open(folder.path()).await;
        let mut before: Option<Programme> = None;
        let mut failures = vec![];
        for ((name, bytes), theirs) in members.iter().zip(snapshots) {
            assert_eq!(theirs["name"], name.as_str());
            let Replay { released, heading, asked } = import(&store, name, bytes, &slug).await;
            let theirs_changes = lines(theirs, "changes");
            let removed = theirs_changes.iter().filter(|line| line.starts_with("removed\t")).count();
            let most = before.as_ref().is_some_and(|before| removed * 2 > before.sessions.len());
            assert_eq!(asked, most, "{name}: removing most of the sessions, and nothing else, needs a word");
            let Some((number, now)) = released else {
                assert!(theirs_changes.is_empty(), "{name}: no release, but {theirs_changes:?}");
                println!("{name}  no release: nothing changed");
                continue;
            };
            println!("{name}  release {number}  {heading}");
            failures.extend(compared(name, "state", state(&now), lines(theirs, "state")));
            let empty = Programme::empty(now.edition.clone());
            let difference = diff(before.as_ref().unwrap_or(&empty), &now);
            let (ours, theirs) = settled(&difference, theirs_changes);
            failures.extend(compared(name, "changes", ours, theirs));
            before = Some(now);
        }
        assert!(failures.is_empty(), "\n{}", failures.join("\n"));
        let last = before.unwrap();
        let (name, bytes) = members.last_key_value().unwrap();
        support::assert_says_the_same("the last state", &last, &support::read(name, bytes, &slug).programme);

        // Back to an older snapshot: the first time it is what the record says, the second time nothing changes.
        let (older, old_bytes) = members.iter().nth(members.len() / 2).unwrap();
        let first = import(&store, older, old_bytes, &slug).await;
        let (_, first) = first.released.expect("an older file differs");
        support::assert_says_the_same(older, &first, &support::read(older, old_bytes, &slug).programme);
        let head = store.head().await.unwrap();
        assert!(
            import(&store, older, old_bytes, &slug).await.released.is_none(),
            "{older} twice made a release"
        );
        assert_eq!(store.head().await.unwrap(), head, "{older} twice wrote something");
        let again = import(&store, name, bytes, &slug).await.released;
        support::assert_says_the_same("the last state again", &again.unwrap().1, &last);
        assert_eq!(store::verify(&store).await.unwrap(), Vec::<String>::new());
        store.close().await;
    });
}

/// What became of one snapshot.
struct Replay {
    /// The number and the programme of its release, where it changed anything.
    released: Option<(u32, Programme)>,
    /// A line on what it did.
    heading: String,
    /// Whether it was refused until the operator said that it may remove most of the sessions.
    asked: bool,
}

/// Imports one snapshot, with a word from the operator where that is needed.
async fn import(store: &Store, name: &str, bytes: &[u8], slug: &str) -> Replay {
    let imported = support::read(name, bytes, slug);
    let mut options = ImportOptions { release: true, note: name.to_owned(), ..ImportOptions::default() };
    let actor = Actor::Operator("history".to_owned());
    let mut outcome = store.import(&actor, &imported.programme, imported.carries, &options).await;
    let asked = matches!(&outcome, Err(store::Error::Refused(refusal)) if refusal.remedy.contains("--allow-removals"));
    if asked {
        options.allow_removals = true;
        outcome = store.import(&actor, &imported.programme, imported.carries, &options).await;
    }
    let outcome = outcome.unwrap();
    assert_eq!(outcome.merged.kept, vec![], "{name}: nobody changed anything here");
    let Some(head) = outcome.release else {
        return Replay { released: None, heading: String::new(), asked };
    };
    let release = store.release(head.edition, head.number).await.unwrap().unwrap();
    assert_eq!(release.programme, outcome.merged.programme, "{name}: what was released is what was imported");
    assert_eq!(head.counts, outcome.merged.difference.counts(), "{name}: the release counts its difference");
    let counts = head.counts;
    let word = if asked { ", by --allow-removals" } else { "" };
    let heading =
        format!("{} added, {} changed, {} removed{word}", counts.added, counts.changed, counts.removed);
    Replay { released: Some((head.number, release.programme)), heading, asked }
}

fn lines(snapshot: &Value, what: &str) -> Vec<String> {
    snapshot[what].as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()).collect()
}

fn compared(name: &str, what: &str, ours: Vec<String>, theirs: Vec<String>) -> Option<String> {
    let (ours, theirs) = support::differing(ours, theirs);
    let some = |lines: &[String]| lines[..lines.len().min(8)].join("\n    ");
    (!ours.is_empty() || !theirs.is_empty()).then(|| {
        let (our, their) = (some(&ours), some(&theirs));
        format!(
            "{name}, {what}:\n  only ours ({}):\n    {our}\n  only theirs ({}):\n    {their}",
            ours.len(),
            theirs.len()
        )
    })
}

/// A programme in the words of history.py.
fn state(programme: &Programme) -> Vec<String> {
    let sessions = programme.sessions.iter().map(|session| {
        let places = support::places(programme, session).join(" | ");
        let names = support::names(programme, session).join(" | ");
        format!("session\t{}\t{places}\t{names}", session.title)
    });
    let names = programme.sessions.iter().flat_map(|session| support::names(programme, session));
    let persons: std::collections::BTreeSet<String> = names.map(|name| format!("person\t{name}")).collect();
    let rooms = programme.rooms.iter().map(|room| format!("room\t{}", room.name));
    sessions.chain(rooms).chain(persons).collect()
}

/// Our difference and theirs, in the words of history.py, after the one rule in which they differ: a slot keeps
/// the identifier under which it was first known. A slot of a new guid stands for one of its session that went,
/// so a change of guids reads as a move, or as nothing where the place is the same; and where a guid comes back
/// it is the slot that had it first. Where the lines of a session differ therefore, the places that it lost and
/// gained in all are compared.
fn settled(difference: &Difference, theirs: Vec<String>) -> (Vec<String>, Vec<String>) {
    let (ours, theirs) = support::differing(ours(difference), theirs);
    (in_all(ours), in_all(theirs))
}

/// The lines with those of slots replaced by what their session gained and lost in all.
fn in_all(lines: Vec<String>) -> Vec<String> {
    let mut net: BTreeMap<String, i32> = BTreeMap::new();
    let mut out = vec![];
    for line in lines {
        let parts: Vec<&str> = line.split('\t').collect();
        let mut count = |place: &str, by| *net.entry(format!("{}\t{place}", parts[1])).or_default() += by;
        match parts[0] {
            "moved" => {
                count(parts[2], -1);
                count(parts[3], 1);
            }
            "placed" => count(parts[2], 1),
            "unplaced" => count(parts[2], -1),
            _ => out.push(line),
        }
    }
    out.extend(net.into_iter().filter(|(_, by)| *by != 0).map(|(place, by)| format!("{by:+}\t{place}")));
    out
}

/// Our difference in the words of history.py, which does not look at links and details.
fn ours(difference: &Difference) -> Vec<String> {
    let mut ours = vec![];
    for change in &difference.sessions {
        let title = &change.title;
        match change.deed {
            Deed::Created => ours.push(format!("added\t{title}\t{}", places(&change.aspects))),
            Deed::Removed => ours.push(format!("removed\t{title}\t{}", places(&change.aspects))),
            Deed::Changed => {}
        }
        for aspect in change.aspects.iter().filter(|_| change.deed == Deed::Changed) {
            match aspect {
                Aspect::Title { from } => ours.push(format!("title\t{from}\t{title}")),
                Aspect::Moved { from, to } => {
                    ours.push(format!("moved\t{title}\t{}\t{}", place(from), place(to)));
                }
                Aspect::Placed(to) => ours.push(format!("placed\t{title}\t{}", place(to))),
                Aspect::Unplaced(from) => ours.push(format!("unplaced\t{title}\t{}", place(from))),
                Aspect::People { joined, left } => {
                    ours.extend(joined.iter().map(|name| format!("joined\t{title}\t{name}")));
                    ours.extend(left.iter().map(|name| format!("left\t{title}\t{name}")));
                }
                Aspect::Track { from, to } => {
                    let name = |track: &Option<Line>| track.clone().unwrap_or_default();
                    ours.push(format!("track\t{title}\t{}\t{}", name(from), name(to)));
                }
                Aspect::Texts => ours.push(format!("texts\t{title}")),
                Aspect::Cancelled(_) | Aspect::Delayed(..) | Aspect::Restored(_) => {
                    ours.push(format!("{title}: {aspect:?}, which no snapshot can say"));
                }
                Aspect::Links | Aspect::Details => {}
            }
        }
    }
    ours
}

fn places(aspects: &[Aspect]) -> String {
    let mut places: Vec<String> = aspects
        .iter()
        .map(|aspect| match aspect {
            Aspect::Placed(at) | Aspect::Unplaced(at) => place(at),
            other => format!("{other:?}"),
        })
        .collect();
    places.sort();
    places.join(" | ")
}

fn place(place: &Place) -> String {
    format!("{} {} {}", place.start, place.end, place.room.clone().unwrap_or_default())
}
