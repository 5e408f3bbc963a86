//! From an empty database to the present schema, and no further.

use crate::{
    harness::{World, clock, on_both},
    programme::import,
    sample,
};
use store::{Error, Location, Store};

on_both!(
    opening_again_changes_nothing,
    a_newer_database_is_refused_and_left_alone,
    several_may_open_an_empty_database_at_once
);

async fn opening_again_changes_nothing(world: World) {
    let programme = sample::programme("garden", 5);
    import(&world, &programme).await;
    world.store.close().await;
    for _ in 0..2 {
        let store = world.another().await;
        store.ping().await.unwrap();
        assert_eq!(store.programme(programme.edition.id).await.unwrap().as_ref(), Some(&programme));
        let head = store.head().await.unwrap();
        assert_eq!(*store.watch().borrow(), head);
        store.close().await;
        assert!(store.ping().await.is_err());
    }
}

async fn a_newer_database_is_refused_and_left_alone(world: World) {
    let programme = sample::programme("garden", 5);
    import(&world, &programme).await;
    world
        .meddle("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m0999_from_the_future', 0)")
        .await
        .unwrap();
    let error = Store::open(&world.location, clock()).await.unwrap_err();
    let Error::NewerSchema { found, known, .. } = &error else { panic!("{error:?}") };
    assert_eq!(*found, known + 1);
    let (schema, up_to) = (format!("schema {found}"), format!("up to {known}"));
    let text = error.to_string();
    for part in [
        "m0999_from_the_future",
        &schema,
        &up_to,
        env!("CARGO_PKG_VERSION"),
        "Run the Plenary that last opened it",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // Who had it open goes on, and nothing was changed.
    assert_eq!(world.store.programme(programme.edition.id).await.unwrap(), Some(programme));
}

async fn several_may_open_an_empty_database_at_once(world: World) {
    let location = if world.is_sqlite() {
        let Location::Sqlite(file) = &world.location else { unreachable!() };
        Location::Sqlite(file.with_file_name("fresh.sqlite"))
    } else {
        world.store.close().await;
        world.meddle("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await.unwrap();
        world.location.clone()
    };
    let opening: Vec<_> = (0..4)
        .map(|_| {
            let location = location.clone();
            tokio::spawn(async move { Store::open(&location, clock()).await.map(|_| ()) })
        })
        .collect();
    for opened in opening {
        opened.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_place_that_cannot_be_opened_is_named_with_the_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let missing = Location::Sqlite(dir.path().join("no such folder").join("x.sqlite"));
    let error = Store::open(&missing, clock()).await.unwrap_err().to_string();
    assert!(error.contains("no such folder") && error.contains("Check that the folder exists"), "{error}");

    let refused = Location::from_url("postgres://nobody:secret@127.0.0.1:1/none").unwrap();
    let error = Store::open(&refused, clock()).await.unwrap_err().to_string();
    assert!(
        error.contains("127.0.0.1:1") && error.contains("Check the address") && !error.contains("secret"),
        "{error}"
    );

    let other = dir.path().join("letter.txt");
    std::fs::write(&other, "Dear committee, ".repeat(100)).unwrap();
    let error = Store::open(&Location::Sqlite(other), clock()).await.unwrap_err().to_string();
    assert!(error.contains("not a database"), "{error}");
}
