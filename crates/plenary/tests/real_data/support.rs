//! What the tests share: the data, the binary, the independent programs, and programmes put into words that
//! hold no identifiers.

use crate::binary::run_ok;
use interchange::{Imported, Input, Options};
use model::{
    programme::{Link, Programme, Session, Slot},
    text::Slug,
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    hash::Hash,
    io::Read,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

/// The folder of real data; says that the test is skipped where there is none.
pub(crate) fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("PLENARY_TEST_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let found = folder.join("schedules").is_dir().then_some(folder);
    if found.is_none() {
        println!("skipped: there is no real data; PLENARY_TEST_DATA can name its folder");
    }
    found
}

/// What an independent program of `interchange` prints.
pub(crate) fn independently(program: &str, arguments: &[&Path]) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../interchange/tests/independent").join(program);
    let output = Command::new("python3").arg("-B").arg(script).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("python3 does not run ({error}): install it"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The members of a history, by name, which begins with the time.
pub(crate) fn members(archive: &Path) -> BTreeMap<String, Vec<u8>> {
    let out = unpacked(archive);
    assert!(out.len() > 20, "{} holds a history", archive.display());
    out
}

/// The members of an archive, by name.
pub(crate) fn unpacked(archive: &Path) -> BTreeMap<String, Vec<u8>> {
    let file = std::fs::File::open(archive).unwrap();
    let mut tar = tar::Archive::new(lzma_rust2::XzReader::new(file, true));
    let mut out = BTreeMap::new();
    for entry in tar.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_string_lossy().into_owned();
        let mut bytes = vec![];
        entry.read_to_end(&mut bytes).unwrap();
        out.insert(name, bytes);
    }
    out
}

/// What one file says, read into the edition `slug`.
pub(crate) fn read(name: &str, bytes: &[u8], slug: &str) -> Imported {
    let options = Options { edition: Some(Slug::parse(slug).unwrap()), ..Options::default() };
    let mut imported = interchange::read(&[Input { name, bytes }], &options).unwrap();
    assert_eq!(imported.len(), 1, "{name}");
    imported.remove(0)
}

/// A record in a folder of its own, and the binary at work on it.
pub(crate) struct Plenary {
    /// The data folder.
    pub(crate) folder: TempDir,
}

impl Plenary {
    /// An empty record.
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    /// Runs `plenary ARGUMENTS`, which must succeed; what it printed.
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        run_ok(self.folder.path(), arguments)
    }

    /// Imports one conference; the report.
    pub(crate) fn import(&self, file: &Path, options: &[&str]) -> Value {
        let arguments = [&["import", file.to_str().unwrap(), "--json"], options].concat();
        let mut reports: Vec<Value> = serde_json::from_str(&self.ok(&arguments)).unwrap();
        assert_eq!(reports.len(), 1, "{}", file.display());
        reports.remove(0)
    }

    /// The programme that was released last, of the only edition.
    pub(crate) fn released(&self) -> Programme {
        block_on(async {
            let store = open(self.folder.path()).await;
            let editions = store.editions().await.unwrap();
            let [head] = &editions[..] else { panic!("{} editions", editions.len()) };
            let release = store.latest_release(&head.edition.slug).await.unwrap().unwrap();
            store.close().await;
            release.programme
        })
    }
}

/// Opens the record of a data folder.
pub(crate) async fn open(folder: &Path) -> store::Store {
    let clock = std::sync::Arc::new(model::time::SystemClock);
    store::Store::open(&store::Location::from_data_dir(folder), clock).await.unwrap()
}

/// Runs a future to its end.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(future)
}

/// When and where a slot is: "START END ROOM" in UTC.
pub(crate) fn place(programme: &Programme, slot: &Slot) -> String {
    let room = slot.room.and_then(|id| programme.rooms.iter().find(|room| room.id == id));
    format!("{} {} {}", slot.start, slot.end, room.map_or("", |room| room.name.as_str()))
}

/// The places of a session, sorted.
pub(crate) fn places(programme: &Programme, session: &Session) -> Vec<String> {
    let mut places: Vec<String> = session.slots.iter().map(|slot| place(programme, slot)).collect();
    places.sort();
    places
}

/// The names of those who take part, sorted, each once.
pub(crate) fn names(programme: &Programme, session: &Session) -> Vec<String> {
    let ids: BTreeSet<_> = session.people.iter().map(|part| part.person).collect();
    let names: BTreeSet<String> = programme
        .persons
        .iter()
        .filter(|person| ids.contains(&person.id))
        .map(|person| person.name.to_string())
        .collect();
    names.into_iter().collect()
}

/// A programme without identifiers, numbers, codes and slugs: what it says, as lists of values in an order that
/// does not depend on them.
pub(crate) fn said(programme: &Programme) -> BTreeMap<&'static str, Vec<Value>> {
    let track = |id| programme.tracks.iter().find(|track| Some(track.id) == id).map(|track| &track.name);
    let title = |id| programme.sessions.iter().find(|s| Some(s.id) == id).map(|session| &session.title);
    let person = |id| programme.persons.iter().find(|person| person.id == id).unwrap();
    let sessions = programme.sessions.iter().map(|session| {
        let people: Vec<Value> =
            session.people.iter().map(|part| json!([person(part.person).name, part.role])).collect();
        let mut slots: Vec<String> = session
            .slots
            .iter()
            .map(|slot| format!("{} {:?}", place(programme, slot), slot.standing))
            .collect();
        slots.sort();
        json!({
            "title": session.title, "subtitle": session.subtitle, "summary": session.summary,
            "description": session.description, "kind": session.kind, "type": session.type_label,
            "language": session.language, "track": track(session.track), "parent": title(session.parent),
            "people": people, "slots": slots, "links": links(&session.links), "logo": session.logo,
            "url": session.url, "feedback": session.feedback_url, "recording": session.recording,
        })
    });
    let persons = programme.persons.iter().map(|person| {
        json!({
            "name": person.name, "biography": person.biography, "affiliation": person.affiliation,
            "avatar": person.avatar, "links": links(&person.links),
        })
    });
    let rooms = programme.rooms.iter().map(|room| {
        json!({
            "name": room.name, "kind": room.kind, "capacity": room.capacity, "description": room.description,
        })
    });
    let tracks = programme.tracks.iter().map(|track| {
        json!({ "name": track.name, "description": track.description, "colour": track.colour.map(|c| c.to_string()) })
    });
    let mut edition = serde_json::to_value(&programme.edition).unwrap();
    for field in ["id", "slug"] {
        edition.as_object_mut().unwrap().remove(field);
    }
    let sorted = |values: Vec<Value>| {
        let mut values = values;
        values.sort_by_cached_key(Value::to_string);
        values
    };
    BTreeMap::from([
        ("edition", vec![edition]),
        ("sessions", sorted(sessions.collect())),
        ("persons", sorted(persons.collect())),
        ("rooms", sorted(rooms.collect())),
        ("tracks", sorted(tracks.collect())),
    ])
}

fn links(links: &[Link]) -> Value {
    links.iter().map(|link| json!([link.kind, link.title, link.url])).collect()
}

/// Fails with what stands only in one of two lists, both in any order.
pub(crate) fn assert_same<T: Eq + Hash + Ord + Debug>(what: &str, ours: Vec<T>, theirs: Vec<T>) {
    let (only_ours, only_theirs) = differing(ours, theirs);
    assert!(
        only_ours.is_empty() && only_theirs.is_empty(),
        "{what}:\n  only ours ({}): {:#?}\n  only theirs ({}): {:#?}",
        only_ours.len(),
        &only_ours[..only_ours.len().min(12)],
        only_theirs.len(),
        &only_theirs[..only_theirs.len().min(12)]
    );
}

/// What stands only in the first list, and what only in the second; things that occur twice count twice.
pub(crate) fn differing<T: Ord>(mut ours: Vec<T>, mut theirs: Vec<T>) -> (Vec<T>, Vec<T>) {
    ours.sort();
    theirs.sort();
    let (mut only_ours, mut only_theirs) = (vec![], vec![]);
    let (mut ours, mut theirs) = (ours.into_iter().peekable(), theirs.into_iter().peekable());
    loop {
        let order = match (ours.peek(), theirs.peek()) {
            (Some(our), Some(their)) => our.cmp(their),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (None, None) => return (only_ours, only_theirs),
        };
        match order {
            std::cmp::Ordering::Less => only_ours.extend(ours.next()),
            std::cmp::Ordering::Greater => only_theirs.extend(theirs.next()),
            std::cmp::Ordering::Equal => {
                ours.next();
                theirs.next();
            }
        }
    }
}

/// Fails where two programmes do not say the same.
pub(crate) fn assert_says_the_same(what: &str, ours: &Programme, theirs: &Programme) {
    let (ours, theirs) = (said(ours), said(theirs));
    for (kind, ours) in ours {
        let lines = |values: &[Value]| values.iter().map(Value::to_string).collect();
        assert_same(&format!("{what}, {kind}"), lines(&ours), lines(&theirs[kind]));
    }
}
