//! A sound record has no broken invariants, and a forged one shows which.

use crate::{
    harness::{World, on_both},
    programme::import,
    sample,
};
use model::feed::Actor;
use store::verify;

on_both!(a_record_that_was_used_is_sound, what_was_changed_behind_the_feed_is_found);

async fn used(world: &World) {
    let programme = sample::programme("garden", 40);
    import(world, &programme).await;
    import(world, &sample::programme("orchard", 12)).await;
    let mut smaller = sample::retitled(programme.clone(), 3, "Renamed");
    smaller.sessions.truncate(30);
    import(world, &smaller).await;
    world.store.put_stars(programme.edition.id, None, &[programme.sessions[0].id]).await.unwrap();
    store::search::catch_up(&world.store).await.unwrap();
    world.store.publish(&Actor::System, programme.edition.id, "").await.unwrap();
}

async fn a_record_that_was_used_is_sound(world: World) {
    assert_eq!(verify(&world.store).await.unwrap(), Vec::<String>::new());
    used(&world).await;
    assert_eq!(verify(&world.store).await.unwrap(), Vec::<String>::new());
}

async fn what_was_changed_behind_the_feed_is_found(world: World) {
    used(&world).await;
    let forgeries = [
        (
            "UPDATE session SET title = 'Forged' WHERE code = 'G00003'",
            "the feed says something else than the record",
        ),
        ("DELETE FROM participation WHERE role = 'lead'", "the feed says something else than the record"),
        ("DELETE FROM sponsor", "the feed has it, the record has not"),
        ("DELETE FROM change WHERE kind = 'room' AND seq < 9", "the record has it, the feed has not"),
        ("UPDATE follower SET seq = 1000000", "and the feed ends at"),
        ("DELETE FROM search", "the search index is not that of the newest release"),
    ];
    for (forgery, finding) in forgeries {
        world.meddle(forgery).await.unwrap();
        let broken = verify(&world.store).await.unwrap();
        assert!(broken.iter().any(|line| line.contains(finding)), "{forgery}: {broken:#?}");
    }
}
