//! What was backed up comes back: on the same database and on the other, all of it or nothing.

use crate::{
    harness::{World, clock, on_both},
    programme::import,
    sample,
};
use jiff::Timestamp;
use model::feed::Actor;
use std::{
    fs,
    io::Cursor,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use store::{
    Error, Location, Store,
    archive::{self, Header, Manifest, Restored, Uploads},
    verify,
};

on_both!(
    a_backup_of_either_database_comes_back_on_sqlite,
    a_backup_of_sqlite_comes_back_on_either_database,
    a_restored_record_goes_on_where_the_feed_ended,
    a_record_that_is_not_empty_stays_unless_it_shall_be_replaced,
    a_record_in_use_is_not_replaced,
    a_backup_that_was_changed_or_cut_short_changes_nothing,
    a_backup_taken_while_others_write_holds_one_state,
);

async fn fill(world: &World) {
    let programme = sample::programme("garden", 40);
    import(world, &programme).await;
    import(world, &sample::retitled(programme.clone(), 3, "Umlauts äöü, \"quotes\", \\ and \u{1f331}\n"))
        .await;
    world.store.put_stars(programme.edition.id, None, &[programme.sessions[0].id]).await.unwrap();
    store::search::catch_up(&world.store).await.unwrap();
    world.store.publish(&Actor::System, programme.edition.id, "Last words").await.unwrap();
}

/// A record on SQLite in that folder.
async fn on_sqlite(folder: &Path) -> World {
    let location = Location::from_data_dir(folder);
    World { store: Store::open(&location, clock()).await.unwrap(), location }
}

async fn back_up(location: &Location, uploads: &Path) -> (Header, Manifest, Vec<u8>) {
    let mut bytes = vec![];
    let made: Timestamp = "2027-05-01T12:00:00Z".parse().unwrap();
    let (header, manifest) = archive::write(location, uploads, made, &mut bytes).await.unwrap();
    (header, manifest, bytes)
}

async fn restore(location: &Location, bytes: Vec<u8>, replace: bool) -> Result<Restored, Error> {
    archive::restore(location, clock(), Cursor::new(bytes), Uploads::Compare, replace).await
}

async fn compare(location: &Location, manifest: &Manifest) {
    let (_, again, _) = back_up(location, Path::new("nowhere")).await;
    assert_eq!(again.tables, manifest.tables);
    let store = Store::open(location, clock()).await.unwrap();
    assert_eq!(verify(&store).await.unwrap(), Vec::<String>::new());
    let id = store.editions().await.unwrap()[0].edition.id;
    assert!(!store.search(id, "field", 100).await.unwrap().is_empty(), "search finds");
    store.close().await;
}

async fn a_backup_of_either_database_comes_back_on_sqlite(world: World) {
    fill(&world).await;
    let folder = tempfile::tempdir().unwrap();
    let uploads = folder.path().join("uploads");
    fs::create_dir_all(uploads.join("logos")).unwrap();
    fs::write(uploads.join("logos/a.png"), vec![7; 3_000_000]).unwrap();
    let (header, manifest, bytes) = back_up(&world.location, &uploads).await;
    assert_eq!(header.head, world.store.head().await.unwrap());
    assert_eq!((manifest.uploads, manifest.tables["edition"].rows), (1, 1));
    assert!(manifest.tables["change"].rows > 40);
    let target = folder.path().join("new");
    fs::create_dir(&target).unwrap();
    let location = Location::from_data_dir(&target);
    let into = Uploads::Into(target.join("uploads"));
    let restored = archive::restore(&location, clock(), Cursor::new(bytes), into, false).await.unwrap();
    assert_eq!((restored.header, &restored.manifest, restored.replaced), (header, &manifest, None));
    assert_eq!(fs::read(target.join("uploads/logos/a.png")).unwrap(), vec![7; 3_000_000]);
    compare(&location, &manifest).await;
    let mut left: Vec<_> = fs::read_dir(&target)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.retain(|name| !name.ends_with("-wal") && !name.ends_with("-shm"));
    left.sort();
    assert_eq!(left, ["plenary.sqlite", "uploads"], "nothing else is left behind");
}

async fn a_backup_of_sqlite_comes_back_on_either_database(world: World) {
    let folder = tempfile::tempdir().unwrap();
    let source = on_sqlite(folder.path()).await;
    fill(&source).await;
    let (_, manifest, bytes) = back_up(&source.location, folder.path()).await;
    world.store.close().await;
    restore(&world.location, bytes, false).await.unwrap();
    compare(&world.location, &manifest).await;
}

async fn a_restored_record_goes_on_where_the_feed_ended(world: World) {
    fill(&world).await;
    let head = world.store.head().await.unwrap();
    world.store.advance("a follower", head - 2).await.unwrap();
    let (_, _, bytes) = back_up(&world.location, Path::new("nowhere")).await;
    import(&world, &sample::programme("orchard", 12)).await;
    assert!(world.store.head().await.unwrap() > head);
    world.store.close().await;
    let restored = restore(&world.location, bytes, true).await.unwrap();
    assert_eq!(restored.replaced.is_some(), world.is_sqlite(), "the file before is kept");
    let store = world.another().await;
    assert_eq!((store.head().await.unwrap(), store.cursor("a follower").await.unwrap()), (head, head - 2));
    assert_eq!(store.editions().await.unwrap().len(), 1, "what came after the backup is gone");
    let again = World { store, location: world.location.clone() };
    import(&again, &sample::programme("meadow", 3)).await;
    let next = again.store.changes_since(head, 1).await.unwrap();
    assert_eq!(next[0].seq, head + 1, "numbers go on without a gap and none twice");
    assert_eq!(verify(&again.store).await.unwrap(), Vec::<String>::new());
}

async fn a_record_that_is_not_empty_stays_unless_it_shall_be_replaced(world: World) {
    fill(&world).await;
    let (_, _, bytes) = back_up(&world.location, Path::new("nowhere")).await;
    import(&world, &sample::programme("orchard", 12)).await;
    let (_, before, _) = back_up(&world.location, Path::new("nowhere")).await;
    world.store.close().await;
    let refusal = restore(&world.location, bytes, false).await.unwrap_err().to_string();
    assert!(refusal.contains("not empty") && refusal.contains("--replace"), "{refusal}");
    compare(&world.location, &before).await;
}

async fn a_record_in_use_is_not_replaced(world: World) {
    fill(&world).await;
    let (_, before, bytes) = back_up(&world.location, Path::new("nowhere")).await;
    let refusal = restore(&world.location, bytes, true).await.unwrap_err().to_string();
    assert!(refusal.contains("in use") && refusal.contains("Stop the server"), "{refusal}");
    let (_, after, _) = back_up(&world.location, Path::new("nowhere")).await;
    assert_eq!(after.tables, before.tables);
}

#[test]
fn a_damaged_record_is_replaced_when_it_shall_be() {
    crate::harness::on_sqlite(async |world: World| {
        fill(&world).await;
        let (_, manifest, bytes) = back_up(&world.location, Path::new("nowhere")).await;
        world.store.close().await;
        let Location::Sqlite(file) = &world.location else { unreachable!("a test of SQLite") };
        fs::write(file, b"nothing that SQLite would know, and longer than the header of its files, which has 100 bytes or so").unwrap();
        fs::write(file.with_extension("sqlite-wal"), b"the log of another life").unwrap();
        assert!(restore(&world.location, bytes.clone(), false).await.is_err());
        let restored = restore(&world.location, bytes, true).await.unwrap();
        assert!(
            fs::read(restored.replaced.unwrap()).unwrap().starts_with(b"nothing"),
            "it is kept for a report"
        );
        compare(&world.location, &manifest).await;
    });
}

async fn a_backup_that_was_changed_or_cut_short_changes_nothing(world: World) {
    fill(&world).await;
    let (_, before, bytes) = back_up(&world.location, Path::new("nowhere")).await;
    world.store.close().await;
    let plain = zstd::decode_all(&bytes[..]).unwrap();
    let forge = |from: &str, to: &str| {
        let at = plain.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        let mut forged = plain.clone();
        forged[at..at + to.len()].copy_from_slice(to.as_bytes());
        zstd::encode_all(&forged[..], 1).unwrap()
    };
    let broken = [
        bytes[..bytes.len() / 2].to_vec(),
        zstd::encode_all(&plain[..plain.len() / 2], 1).unwrap(),
        forge("A field report", "A field repost"),
        forge("\"format\": 1", "\"format\": 9"),
        forge("m0001_record", "m9999_future"),
        b"not a backup at all".to_vec(),
        vec![],
    ];
    for bytes in broken {
        let refusal = restore(&world.location, bytes, true).await.unwrap_err();
        assert!(matches!(refusal, Error::Refused(_) | Error::NewerSchema { .. }), "{refusal}");
        compare(&world.location, &before).await;
    }
}

async fn a_backup_taken_while_others_write_holds_one_state(world: World) {
    fill(&world).await;
    let other = World { store: world.another().await, location: world.location.clone() };
    let over = Arc::new(AtomicBool::new(false));
    let ended = Arc::clone(&over);
    let writing = tokio::spawn(async move {
        let mut written = 0;
        while !ended.load(Ordering::SeqCst) {
            let programme = sample::programme("garden", 40);
            import(&other, &sample::retitled(programme, written % 40, &format!("Title {written}"))).await;
            written += 1;
        }
        written
    });
    for _ in 0..3 {
        let (header, manifest, bytes) = back_up(&world.location, Path::new("nowhere")).await;
        let folder = tempfile::tempdir().unwrap();
        let location = Location::from_data_dir(folder.path());
        // The rules that `restore` looks at join the feed with all other tables: two states in one would break them.
        restore(&location, bytes, false).await.unwrap();
        compare(&location, &manifest).await;
        let store = Store::open(&location, clock()).await.unwrap();
        assert_eq!(store.head().await.unwrap(), header.head);
    }
    over.store(true, Ordering::SeqCst);
    assert!(writing.await.unwrap() > 0);
}
