//! What organisers changed here between two files of their tool stays, and is said; the file's word is taken
//! only when they ask for it.

use crate::support::{self, Plenary};
use model::programme::{Programme, Session};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Two snapshots of the history of 35C3 between which titles and places changed a lot, as files.
struct Snapshots {
    _folder: tempfile::TempDir,
    before: PathBuf,
    after: PathBuf,
    /// What each says by itself.
    said: [Programme; 2],
}

fn snapshots(data: &Path) -> Snapshots {
    let members = support::members(&data.join("history/35c3-everything-history.tar.xz"));
    let mut pair = members.iter().filter(|(name, _)| name.as_str() >= "1545573842").take(2);
    let folder = tempfile::TempDir::new().unwrap();
    let mut next = || {
        let (name, bytes) = pair.next().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        (path, support::read(name, bytes, "35c3").programme)
    };
    let ((before, first), (after, second)) = (next(), next());
    Snapshots { _folder: folder, before, after, said: [first, second] }
}

/// A session of `old` with one slot that `fits` together with itself in the newer programme.
fn chosen<'a>(
    old: &'a Programme,
    new: &'a Programme,
    fits: impl Fn(&Session, &Session) -> bool,
) -> &'a Session {
    old.sessions
        .iter()
        .find(|session| {
            let newer = new.sessions.iter().find(|newer| newer.id == session.id);
            session.slots.len() == 1
                && newer.is_some_and(|newer| {
                    newer.code == session.code && newer.slots.len() == 1 && fits(session, newer)
                })
        })
        .expect("the snapshots differ in this way")
}

fn session<'a>(programme: &'a Programme, like: &Session) -> &'a Session {
    programme.sessions.iter().find(|session| session.id == like.id).unwrap()
}

fn kept<'a>(report: &'a Value, title: &str, field: &str) -> Option<&'a Value> {
    report["kept"]
        .as_array()
        .unwrap()
        .iter()
        .find(|kept| kept["name"].as_str().unwrap().starts_with(title) && kept["field"] == field)
}

#[test]
fn what_an_organiser_changed_between_two_files_stays_and_is_reported() {
    let Some(data) = support::data() else { return };
    let files = snapshots(&data);
    let [old, new] = &files.said;
    let same_place = |a: &Session, b: &Session| {
        (a.slots[0].start, support::places(old, a)) == (b.slots[0].start, support::places(new, b))
    };
    // Retitled here and in the file; retitled here alone; cancelled here; moved here and in the file.
    let both = chosen(old, new, |a, b| a.title != b.title);
    let ours = chosen(old, new, |a, b| a.title == b.title && same_place(a, b) && a.people == b.people);
    let cancelled = chosen(old, new, |a, b| a.title == b.title && same_place(a, b) && a.id != ours.id);
    let moved = chosen(old, new, |a, b| a.title == b.title && a.slots[0].start != b.slots[0].start);
    let plenary = Plenary::new();
    plenary.import(&files.before, &["--edition", "35c3"]);
    let both_code = both.code.as_str();
    plenary.ok(&["session", "retitle", both_code, "Our word for it"]);
    plenary.ok(&["session", "retitle", ours.code.as_str(), "Our own title"]);
    plenary.ok(&["session", "cancel", cancelled.code.as_str()]);
    let room = old.rooms.iter().find(|room| Some(room.id) == moved.slots[0].room).unwrap();
    plenary.ok(&[
        "session",
        "move",
        moved.code.as_str(),
        "--start",
        "2018-12-29T03:33",
        "--room",
        room.name.as_str(),
        "--release",
        "by hand",
    ]);

    let report = plenary.import(&files.after, &["--edition", "35c3"]);
    let now = plenary.released();
    assert_eq!(session(&now, both).title.as_str(), "Our word for it");
    assert_eq!(session(&now, ours).title.as_str(), "Our own title");
    assert!(session(&now, cancelled).is_cancelled(), "a file that cannot say cancelled does not undo it");
    let start = session(&now, moved).slots[0].start.to_string();
    assert_eq!(start, "2018-12-29T02:33:00Z");
    // Said where both sides changed, and only there.
    let said = kept(&report, "Our word for it", "title").expect("both retitled it: that is said");
    assert_eq!(said["overwritten"], false);
    assert!(said["theirs"].as_str().unwrap().contains(session(new, both).title.as_str()), "{said}");
    assert!(kept(&report, moved.title.as_str(), "start").is_some(), "both moved it: that is said");
    assert!(kept(&report, "Our own title", "title").is_none(), "only we changed it: nothing to say");
    for kept in report["kept"].as_array().unwrap() {
        let name = kept["name"].as_str().unwrap();
        assert!(name == "Our word for it" || name.starts_with(moved.title.as_str()), "not ours: {kept}");
    }
    // Everything else is what the file says.
    let mut expected = new.clone();
    let (mut now, touched) = (now, [both, ours, cancelled, moved].map(|session| session.id));
    for programme in [&mut expected, &mut now] {
        programme.sessions.retain(|session| !touched.contains(&session.id));
    }
    support::assert_says_the_same("the untouched", &now, &expected);

    // The same file once more says the same again and changes nothing.
    let again = plenary.import(&files.after, &["--edition", "35c3"]);
    assert_eq!(
        (&again["release"], &again["tallies"]["sessions"]["changed"]),
        (&Value::Null, &Value::from(0))
    );
    assert_eq!(session(&plenary.released(), both).title.as_str(), "Our word for it");
}

#[test]
fn take_theirs_takes_the_files_word_and_says_so() {
    let Some(data) = support::data() else { return };
    let files = snapshots(&data);
    let [old, new] = &files.said;
    let both = chosen(old, new, |a, b| a.title != b.title);
    let moved = chosen(old, new, |a, b| a.title == b.title && a.slots[0].start != b.slots[0].start);
    let plenary = Plenary::new();
    plenary.import(&files.before, &["--edition", "35c3"]);
    plenary.ok(&["session", "retitle", both.code.as_str(), "Our word for it"]);
    plenary.ok(&["session", "move", moved.code.as_str(), "--start", "2018-12-29T03:33"]);
    let dry = plenary.import(&files.after, &["--edition", "35c3", "--take-theirs", "--dry-run"]);
    let report = plenary.import(&files.after, &["--edition", "35c3", "--take-theirs"]);
    assert_eq!(dry["kept"], report["kept"], "the dry run says what will be");
    let said = report["kept"].as_array().unwrap();
    assert!(said.len() >= 2 && said.iter().all(|kept| kept["overwritten"] == true), "{said:?}");
    let now = plenary.released();
    assert_eq!(session(&now, both).title, session(new, both).title);
    support::assert_says_the_same("the file's word", &now, new);
}
