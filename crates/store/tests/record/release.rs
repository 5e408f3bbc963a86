//! Releases never change and are numbered without a gap.

use crate::{
    harness::{World, on_both},
    programme::import,
    sample,
};
use model::{feed::Actor, text::Line};
use store::Error;

on_both!(
    a_release_can_be_neither_changed_nor_removed,
    nothing_new_is_no_new_release,
    concurrent_publishing_numbers_releases_without_a_gap,
    an_unknown_edition_is_refused_with_the_remedy,
);

async fn a_release_can_be_neither_changed_nor_removed(world: World) {
    let programme = sample::programme("garden", 4);
    import(&world, &programme).await;
    let statements =
        ["UPDATE release SET note = 'forged'", "DELETE FROM release", "UPDATE release SET number = 7"];
    for statement in statements.into_iter().chain((!world.is_sqlite()).then_some("TRUNCATE release")) {
        let error = world.meddle(statement).await.unwrap_err().to_string();
        assert!(error.contains("never"), "{statement}: {error}");
    }
    assert_eq!(
        world.store.latest_release(&programme.edition.slug).await.unwrap().unwrap().programme,
        programme
    );
}

async fn nothing_new_is_no_new_release(world: World) {
    let programme = sample::programme("garden", 4);
    import(&world, &programme).await;
    let head = world.store.head().await.unwrap();
    assert_eq!(world.store.publish(&Actor::System, programme.edition.id, "again").await.unwrap(), None);
    assert_eq!(world.store.head().await.unwrap(), head);
}

async fn concurrent_publishing_numbers_releases_without_a_gap(world: World) {
    let programme = sample::programme("garden", 30);
    import(&world, &programme).await;
    let id = programme.edition.id;
    // Two handles stand for two processes.
    let stores = [world.store.clone(), world.another().await];
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let store = stores[task % 2].clone();
            tokio::spawn(async move {
                let mut published = 0;
                for turn in 0..6 {
                    let edit = move |mut programme: model::programme::Programme| {
                        let at = programme.sessions.len() * task / 8;
                        programme.sessions[at].subtitle = Line::clean(&format!("{task} {turn}"));
                        Ok(programme)
                    };
                    store.change(&Actor::System, id, edit).await.unwrap();
                    published += usize::from(store.publish(&Actor::System, id, "").await.unwrap().is_some());
                }
                published
            })
        })
        .collect();
    let mut published = 1;
    for task in tasks {
        published += task.await.unwrap();
    }
    let mut numbers: Vec<u32> =
        world.store.releases(id).await.unwrap().iter().map(|head| head.number).collect();
    numbers.reverse();
    assert_eq!(numbers, (1..=u32::try_from(published).unwrap()).collect::<Vec<_>>());
    // Whoever publishes takes the others' changes along, and in lockstep one of eight does it for all. But nobody
    // changes again before their last change is published: at least one release for each turn, and the import's.
    assert!(published > 6, "{published}");
    assert_eq!(store::verify(&world.store).await.unwrap(), Vec::<String>::new());
}

async fn an_unknown_edition_is_refused_with_the_remedy(world: World) {
    let unknown = sample::programme("unknown", 0).edition.id;
    let error = world.store.publish(&Actor::System, unknown, "").await.unwrap_err();
    assert!(
        matches!(&error, Error::Refused(refusal) if refusal.remedy == "Import its schedule first"),
        "{error}"
    );
}
