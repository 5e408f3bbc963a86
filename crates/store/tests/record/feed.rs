//! The change feed: in order, never late, and followed exactly once.

use crate::{
    harness::{World, on_both},
    programme::import,
    sample,
};
use model::{feed::Actor, text::Line};
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

on_both!(
    an_entry_never_appears_behind_one_that_was_seen,
    a_cursor_never_moves_back,
    two_followers_of_one_name_index_each_release_once,
);

async fn an_entry_never_appears_behind_one_that_was_seen(world: World) {
    let programme = sample::programme("garden", 16);
    import(&world, &programme).await;
    let id = programme.edition.id;
    let stores = [world.store.clone(), world.another().await];
    let done = Arc::new(AtomicBool::new(false));
    let reader = {
        let (store, done) = (stores[1].clone(), done.clone());
        tokio::spawn(async move {
            let mut seen = vec![];
            loop {
                let last = done.load(Ordering::Acquire);
                let after = seen.last().copied().unwrap_or(0);
                let entries = store.changes_since(after, 7).await.unwrap();
                if last && entries.is_empty() {
                    return seen;
                }
                seen.extend(entries.iter().map(|entry| entry.seq));
            }
        })
    };
    let writers: Vec<_> = (0..8)
        .map(|task| {
            let store = stores[task % 2].clone();
            tokio::spawn(async move {
                for turn in 0..8 {
                    let edit = move |mut programme: model::programme::Programme| {
                        programme.sessions[task].subtitle = Line::clean(&format!("{task} {turn}"));
                        programme.sessions[task + 8].subtitle = Line::clean(&format!("{task} {turn}"));
                        if turn % 4 == 3 {
                            // Takes numbers on PostgreSQL and gives them back as a gap.
                            return Err(model::Refusal::new("turn", "is refused", "Go on"));
                        }
                        Ok(programme)
                    };
                    store.change(&Actor::System, id, edit).await.ok();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    done.store(true, Ordering::Release);
    let seen = reader.await.unwrap();
    let all: Vec<i64> =
        world.store.changes_since(0, 100_000).await.unwrap().iter().map(|entry| entry.seq).collect();
    assert_eq!(seen, all);
    assert!(seen.is_sorted_by(|a, b| a < b));
    assert_eq!(*seen.last().unwrap(), world.store.head().await.unwrap());
}

async fn a_cursor_never_moves_back(world: World) {
    assert_eq!(world.store.cursor("mailer").await.unwrap(), 0);
    for (to, expected) in [(7, 7), (3, 7), (9, 9)] {
        world.store.advance("mailer", to).await.unwrap();
        assert_eq!(world.store.cursor("mailer").await.unwrap(), expected);
    }
    assert_eq!(world.store.cursor("other").await.unwrap(), 0);
}

async fn two_followers_of_one_name_index_each_release_once(world: World) {
    let stores = [world.store.clone(), world.another().await];
    let mut indexed = 0;
    for turn in 0..5 {
        let programme = sample::programme(&format!("garden-{turn}"), 10);
        import(&world, &programme).await;
        let (one, two) =
            tokio::join!(store::search::catch_up(&stores[0]), store::search::catch_up(&stores[1]));
        indexed += one.unwrap() + two.unwrap();
    }
    assert_eq!(indexed, 5);
    assert_eq!(world.store.cursor("search").await.unwrap(), world.store.head().await.unwrap());
    assert_eq!(store::search::catch_up(&world.store).await.unwrap(), 0);
    for turn in 0..5 {
        let id = sample::programme(&format!("garden-{turn}"), 10).edition.id;
        let found: BTreeSet<_> =
            world.store.search(id, "garden path", 100).await.unwrap().iter().map(|hit| hit.session).collect();
        assert_eq!(found.len(), 10);
    }
}
