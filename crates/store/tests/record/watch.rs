//! Those who follow the feed are woken.

use crate::{
    harness::{World, on_both},
    sample,
};
use model::{feed::Actor, merge::Carries};
use std::time::{Duration, Instant};
use store::ImportOptions;

on_both!(
    an_own_commit_wakes_at_once,
    the_commit_of_another_process_wakes_within_a_second,
    the_search_index_follows_releases
);

async fn an_own_commit_wakes_at_once(world: World) {
    let mut head = world.store.watch();
    assert_eq!(*head.borrow_and_update(), 0);
    let programme = sample::programme("garden", 3);
    world.store.import(&Actor::System, &programme, Carries::ALL, &ImportOptions::default()).await.unwrap();
    assert!(head.has_changed().unwrap());
    let newest = world.store.head().await.unwrap();
    assert_eq!(*head.borrow_and_update(), newest);
}

async fn the_commit_of_another_process_wakes_within_a_second(world: World) {
    let other = world.another().await;
    let mut head = other.watch();
    for turn in 0..3 {
        // Any time between two looks at the database.
        tokio::time::sleep(Duration::from_millis(130 * turn)).await;
        head.borrow_and_update();
        let programme = sample::programme(&format!("garden-{turn}"), 3);
        world
            .store
            .import(&Actor::System, &programme, Carries::ALL, &ImportOptions::default())
            .await
            .unwrap();
        let committed = Instant::now();
        tokio::time::timeout(Duration::from_secs(1), head.changed())
            .await
            .expect("woken within a second")
            .unwrap();
        let took = committed.elapsed();
        let newest = world.store.head().await.unwrap();
        assert_eq!(*head.borrow(), newest, "after {took:?}");
    }
}

async fn the_search_index_follows_releases(world: World) {
    let follower = tokio::spawn(store::search::follow(world.another().await));
    let programme = sample::programme("garden", 9);
    let options = ImportOptions { release: true, ..ImportOptions::default() };
    world.store.import(&Actor::System, &programme, Carries::ALL, &options).await.unwrap();
    let found = async {
        while world.store.search(programme.edition.id, "gentle", 10).await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(3), found).await.expect("indexed within seconds");
    follower.abort();
}
