//! Leases.

use crate::harness::{World, on_both};
use jiff::SignedDuration;

on_both!(a_lease_has_one_holder_until_it_ends_or_is_given_back);

async fn a_lease_has_one_holder_until_it_ends_or_is_given_back(world: World) {
    let store = &world.store;
    let minute = SignedDuration::from_mins(1);
    let first = store.take_lease("work", "a", minute).await.unwrap().unwrap();
    assert_eq!(store.take_lease("work", "b", minute).await.unwrap(), None);
    assert!(store.take_lease("other work", "b", minute).await.unwrap().is_some());
    assert!(store.take_lease("work", "a", minute).await.unwrap().unwrap() > first, "the holder prolongs it");
    store.release_lease("work", "b").await.unwrap();
    assert_eq!(store.take_lease("work", "b", minute).await.unwrap(), None, "it is not theirs to give back");
    store.release_lease("work", "a").await.unwrap();
    assert!(store.take_lease("work", "b", SignedDuration::ZERO).await.unwrap().is_some());
    assert!(store.take_lease("work", "a", minute).await.unwrap().is_some(), "it had ended");
}
