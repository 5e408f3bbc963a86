//! The static copy.

use crate::world::{TALKS, World, conference, import, links};
use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};
use web::static_site::{self, ExportError};

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, out) } else { out.push(path) }
    }
}

/// `path` without its `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut out, part| {
        match part {
            Component::ParentDir => drop(out.pop()),
            Component::CurDir => {}
            part => out.push(part),
        }
        out
    })
}

#[tokio::test]
async fn every_link_of_the_copy_is_relative_and_leads_to_a_file() {
    let world = World::new().await;
    import(&world.store, &conference("garden-2027", true)).await;
    world.site.refresh().await.unwrap();
    let out = world.folder.path().join("copy");
    let summary = static_site::write(&world.site, None, &out).await.unwrap();
    let mut found = vec![];
    files(&out, &mut found);
    assert_eq!((summary.editions, summary.files), (1, found.len()));
    let mut followed = BTreeSet::new();
    for file in found.iter().filter(|file| file.extension().is_some_and(|end| end == "html")) {
        for link in links(&fs::read_to_string(file).unwrap()) {
            let target = link.split(['#', '?']).next().unwrap_or_default();
            if target.is_empty() || link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            assert!(!target.starts_with('/'), "{}: {link}", file.display());
            let place = plain(&file.parent().unwrap().join(target));
            assert!(
                place.is_file(),
                "{} links to {link}, and there is no {}",
                file.display(),
                place.display()
            );
            followed.insert(place);
        }
    }
    assert!(followed.len() > 2 * TALKS);
    for needed in [
        "index.html",
        "garden-2027/releases/1/index.html",
        "garden-2027/releases/2/index.html",
        "garden-2027/schedule.ics",
    ] {
        assert!(out.join(needed).is_file(), "{needed}");
    }
}

#[tokio::test]
async fn a_later_copy_replaces_the_earlier_one_and_nothing_else() {
    let world = World::new().await;
    let out = world.folder.path().join("copy");
    static_site::write(&world.site, None, &out).await.unwrap();
    fs::write(out.join("garden-2027/stale.html"), "old").unwrap();
    static_site::write(&world.site, None, &out).await.unwrap();
    assert!(!out.join("garden-2027/stale.html").exists());
    let precious = world.folder.path().join("precious");
    fs::create_dir(&precious).unwrap();
    fs::write(precious.join("thesis.txt"), "years").unwrap();
    let refused = static_site::write(&world.site, None, &precious).await.unwrap_err();
    assert!(matches!(refused, ExportError::Refused(_)), "{refused}");
    assert_eq!(fs::read_to_string(precious.join("thesis.txt")).unwrap(), "years");
    let beside: Vec<_> =
        fs::read_dir(world.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(beside.iter().all(|name| !name.to_string_lossy().starts_with(".copy")), "{beside:?}");
}

#[tokio::test]
async fn an_edition_that_is_not_public_is_refused() {
    let world = World::new().await;
    let slug = model::text::Slug::parse("other").unwrap();
    let refused =
        static_site::write(&world.site, Some(&slug), &world.folder.path().join("x")).await.unwrap_err();
    assert!(refused.to_string().contains("other"), "{refused}");
}
