//! What the tests on real files share: where the files are, and what is counted in them.
#![allow(dead_code, reason = "each test file uses what it needs")]
#![allow(clippy::unwrap_used, reason = "test helpers")]

use interchange::Imported;
use std::path::{Path, PathBuf};

/// The folder of real data: `PLENARY_TEST_DATA`, or `../shared/data` beside the checkout.
pub(crate) fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("PLENARY_TEST_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let found = folder.join("schedules").is_dir().then_some(folder);
    if found.is_none() {
        println!("skipped: the folder of real data is not there");
    }
    found
}

/// The files below the folder's `schedules` that are XML, or that are not, by path.
pub(crate) fn files(data: &Path, xml: bool) -> Vec<String> {
    let mut out = vec![];
    let mut folders = vec![data.join("schedules")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(data).unwrap().to_str().unwrap().to_owned();
            let bare = name.trim_end_matches(".xz");
            if [".xml", ".frab", ".xcal"].iter().any(|end| bare.ends_with(end)) == xml {
                out.push(name);
            }
        }
    }
    out.sort();
    out
}

/// Sessions, persons, rooms, slots.
pub(crate) type Counts = [u64; 4];

pub(crate) fn counts(imported: &Imported) -> Counts {
    let programme = &imported.programme;
    [programme.sessions.len(), programme.persons.len(), programme.rooms.len(), programme.slots().count()]
        .map(|n| n as u64)
}
