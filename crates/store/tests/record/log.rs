//! The audit log and taking changes back from it.

use crate::{
    account::somebody,
    harness::{World, on_both},
    programme::import,
    sample,
};
use model::{
    edit,
    feed::{Actor, Deed},
    id::{SessionId, TokenId},
    permission::{Role, Scope, Subject},
    text::Line,
};
use store::{LogFilter, NewGrant};
use uuid::Uuid;

on_both!(
    the_log_is_filtered_by_person_thing_kind_and_time,
    what_somebody_did_by_themselves_and_with_tokens_is_one_list_and_pages,
    a_removed_track_comes_back_with_its_sessions,
    what_changed_since_is_not_overwritten,
    a_revoked_role_comes_back_and_a_given_one_is_revoked,
    only_those_who_may_take_back,
);

async fn sound(world: &World) {
    assert_eq!(store::verify(&world.store).await.unwrap(), Vec::<String>::new());
}

fn operator(world: &World) -> Subject {
    Subject::operator("test".to_owned(), world.store.clock().now())
}

async fn the_log_is_filtered_by_person_thing_kind_and_time(world: World) {
    let programme = sample::programme("garden", 10);
    import(&world, &programme).await;
    let id = programme.edition.id;
    let (ada, bob) = (somebody(&world, "ada@example.org").await, somebody(&world, "bob@example.org").await);
    let code = programme.sessions[0].code.to_string();
    let retitle = async |who, title: &str| {
        let wanted = edit::Edit::Retitle(Line::from(title));
        world
            .store
            .change(&Actor::person(who), id, |all| edit::edit(&all, &code, None, &wanted))
            .await
            .unwrap();
    };
    retitle(ada, "One").await;
    let between = world.store.clock().now();
    retitle(bob, "Two").await;
    let titles = async |filter: LogFilter| -> Vec<String> {
        let entries = world.store.log(&filter, 10).await.unwrap();
        entries
            .iter()
            .map(|entry| entry.after.as_ref().unwrap()["title"].as_str().unwrap().to_owned())
            .collect()
    };
    let thing = Some(programme.sessions[0].id.0);
    let by = |account| LogFilter { account: Some(account), edition: Some(id), ..LogFilter::default() };
    assert_eq!(titles(by(ada)).await, ["One"]);
    assert_eq!(titles(by(bob)).await, ["Two"]);
    let first = programme.sessions[0].title.to_string();
    assert_eq!(titles(LogFilter { thing, ..LogFilter::default() }).await, ["Two", "One", first.as_str()]);
    let since = LogFilter { thing, from: Some(between), ..LogFilter::default() };
    assert_eq!(titles(since).await, ["Two"]);
    let until = LogFilter {
        thing,
        until: Some(between),
        kind: Some(SessionId::KIND.to_owned()),
        ..LogFilter::default()
    };
    assert_eq!(titles(until).await, ["One", first.as_str()]);
    let newest = world.store.head().await.unwrap();
    assert_eq!(
        titles(LogFilter { thing, before: Some(newest), ..LogFilter::default() }).await,
        ["One", first.as_str()]
    );
    let never = LogFilter { from: Some(jiff::Timestamp::MAX), ..LogFilter::default() };
    assert!(titles(never).await.is_empty());
}

async fn what_somebody_did_by_themselves_and_with_tokens_is_one_list_and_pages(world: World) {
    let programme = sample::programme("garden", 10);
    import(&world, &programme).await;
    let id = programme.edition.id;
    let (ada, bob) = (somebody(&world, "ada@example.org").await, somebody(&world, "bob@example.org").await);
    let code = programme.sessions[0].code.to_string();
    let token = |number: u128| Some(TokenId(Uuid::from_u128(number)));
    let actors =
        [(ada, None), (ada, token(2)), (bob, token(3)), (ada, token(1)), (ada, None), (ada, token(2))];
    for (number, (account, token)) in actors.into_iter().enumerate() {
        let wanted = edit::Edit::Retitle(Line::clean(&format!("Title {number}")));
        let actor = Actor::Person { account, token };
        world.store.change(&actor, id, |all| edit::edit(&all, &code, None, &wanted)).await.unwrap();
    }
    let mut filter = LogFilter { account: Some(ada), edition: Some(id), ..LogFilter::default() };
    let mut found = vec![];
    loop {
        let page = world.store.log(&filter, 2).await.unwrap();
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        filter.before = Some(last.seq);
        found
            .extend(page.iter().map(|one| one.after.as_ref().unwrap()["title"].as_str().unwrap().to_owned()));
    }
    assert_eq!(found, ["Title 5", "Title 4", "Title 3", "Title 1", "Title 0"]);
}

async fn a_removed_track_comes_back_with_its_sessions(world: World) {
    let programme = sample::programme("garden", 10);
    import(&world, &programme).await;
    let before = world.store.programme(programme.edition.id).await.unwrap().unwrap();
    let track = before.sessions.iter().find_map(|session| session.track).unwrap();
    world
        .store
        .change(&Actor::System, before.edition.id, |all| edit::Command::RemoveTrack(track).apply(&all))
        .await
        .unwrap();
    assert_ne!(world.store.programme(before.edition.id).await.unwrap().unwrap(), before);
    let newest = world.store.head().await.unwrap();
    let together = world.store.written_together(newest).await.unwrap();
    assert!(together.iter().any(|entry| entry.deed == Deed::Removed) && together.len() > 1);
    assert_eq!(world.store.undo(&operator(&world), newest).await.unwrap(), together.len());
    assert_eq!(world.store.programme(before.edition.id).await.unwrap().unwrap(), before);
    sound(&world).await;
    // What was taken back can be taken back.
    let newest = world.store.head().await.unwrap();
    world.store.undo(&operator(&world), newest).await.unwrap();
    let again = world.store.programme(before.edition.id).await.unwrap().unwrap();
    assert!(again.tracks.iter().all(|other| other.id != track));
    sound(&world).await;
}

async fn what_changed_since_is_not_overwritten(world: World) {
    let programme = sample::programme("garden", 10);
    import(&world, &programme).await;
    let id = programme.edition.id;
    let code = programme.sessions[0].code.to_string();
    for title in ["One", "Two"] {
        let wanted = edit::Edit::Retitle(Line::from(title));
        world.store.change(&Actor::System, id, |all| edit::edit(&all, &code, None, &wanted)).await.unwrap();
    }
    let newest = world.store.head().await.unwrap();
    let refused = world.store.undo(&operator(&world), newest - 1).await.unwrap_err();
    assert!(refused.to_string().contains("changed again since"), "{refused}");
    world.store.undo(&operator(&world), newest).await.unwrap();
    sound(&world).await;
}

async fn a_revoked_role_comes_back_and_a_given_one_is_revoked(world: World) {
    let store = &world.store;
    let ada = somebody(&world, "ada@example.org").await;
    store.give(&operator(&world), &NewGrant::new(ada, Role::Administrator, Scope::Everywhere)).await.unwrap();
    let editor = NewGrant::new(ada, Role::Editor, Scope::Everywhere);
    let id = store.give(&operator(&world), &editor).await.unwrap().id;
    let holds =
        async || store.grants_of(ada).await.unwrap().iter().any(|one| one.id == id && one.revoked.is_none());
    store.revoke(&operator(&world), id).await.unwrap();
    assert!(!holds().await);
    store.undo(&operator(&world), store.head().await.unwrap()).await.unwrap();
    assert!(holds().await);
    let crew = NewGrant::new(ada, Role::Crew, Scope::Everywhere);
    let other = store.give(&operator(&world), &crew).await.unwrap().id;
    store.undo(&operator(&world), store.head().await.unwrap()).await.unwrap();
    let grants = store.grants_of(ada).await.unwrap();
    assert!(grants.iter().find(|one| one.id == other).unwrap().revoked.is_some(), "kept, as revoked");
    sound(&world).await;
}

async fn only_those_who_may_take_back(world: World) {
    let store = &world.store;
    let programme = sample::programme("garden", 10);
    import(&world, &programme).await;
    let newest = store.head().await.unwrap();
    let ada = somebody(&world, "ada@example.org").await;
    let now = store.clock().now();
    let nobody = Subject::person(ada, vec![], now);
    assert!(store.undo(&nobody, newest).await.is_err());
    let release = store.undo(&operator(&world), newest).await;
    assert!(release.is_err(), "an import with its release is not taken back here: {release:?}");
    assert!(store.undo(&operator(&world), 1_000_000).await.is_err());
}
