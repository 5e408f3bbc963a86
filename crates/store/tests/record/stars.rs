//! Lists of stars behind private addresses.

use crate::{
    harness::{World, on_both},
    programme::import,
    sample,
};
use model::id::SessionId;
use std::collections::BTreeSet;

on_both!(
    stars_are_kept_behind_their_token_only,
    a_list_is_replaced_and_unknown_sessions_are_left_out,
    an_unknown_token_gets_a_new_list,
);

async fn stars_are_kept_behind_their_token_only(world: World) {
    let programme = sample::programme("garden", 10);
    let other = sample::programme("orchard", 10);
    import(&world, &programme).await;
    import(&world, &other).await;
    let id = programme.edition.id;
    let stars: Vec<SessionId> = programme.sessions.iter().take(3).map(|session| session.id).collect();
    let token = world.store.put_stars(id, None, &stars).await.unwrap();
    assert_eq!(token.len(), 24);
    let kept: BTreeSet<_> = world.store.stars(id, &token).await.unwrap().unwrap().into_iter().collect();
    assert_eq!(kept, stars.iter().copied().collect());
    assert_eq!(world.store.stars(other.edition.id, &token).await.unwrap(), None);
    assert_eq!(world.store.stars(id, "").await.unwrap(), None);
    // Neither the feed nor a row tells the token.
    let feed = serde_json::to_string(&world.store.changes_since(0, 100_000).await.unwrap()).unwrap();
    assert!(feed.contains("\"stars\"") && !feed.contains(&token));
}

async fn a_list_is_replaced_and_unknown_sessions_are_left_out(world: World) {
    let programme = sample::programme("garden", 10);
    import(&world, &programme).await;
    let id = programme.edition.id;
    let [a, b, c] = [0, 1, 2].map(|at| programme.sessions[at].id);
    let unknown = SessionId::from_key("garden", "unknown");
    let token = world.store.put_stars(id, None, &[a, b, unknown, a]).await.unwrap();
    assert_eq!(world.store.put_stars(id, Some(&token), &[b, c]).await.unwrap(), token);
    let kept: BTreeSet<_> = world.store.stars(id, &token).await.unwrap().unwrap().into_iter().collect();
    assert_eq!(kept, [b, c].into());
    let head = world.store.head().await.unwrap();
    world.store.put_stars(id, Some(&token), &[c, b]).await.unwrap();
    assert_eq!(world.store.head().await.unwrap(), head, "the same stars are no change");
    world.store.put_stars(id, Some(&token), &[]).await.unwrap();
    assert_eq!(world.store.stars(id, &token).await.unwrap(), Some(vec![]));
    assert_eq!(store::verify(&world.store).await.unwrap(), Vec::<String>::new());
}

async fn an_unknown_token_gets_a_new_list(world: World) {
    let programme = sample::programme("garden", 2);
    import(&world, &programme).await;
    let id = programme.edition.id;
    let token = world.store.put_stars(id, Some("made-up"), &[programme.sessions[0].id]).await.unwrap();
    assert_ne!(token, "made-up");
    assert_eq!(world.store.stars(id, "made-up").await.unwrap(), None);
    assert_eq!(world.store.stars(id, &token).await.unwrap(), Some(vec![programme.sessions[0].id]));
}
