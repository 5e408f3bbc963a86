//! Tokens of the API.

use crate::{
    account::somebody,
    harness::{World, on_both},
    programme::import,
    sample,
};
use jiff::SignedDuration;
use model::{
    feed::Actor,
    permission::{Action, Place, Role, Scope, Subject, TokenScope},
    text::Line,
};
use store::{NewGrant, NewToken};

on_both!(
    a_token_acts_in_its_owners_name_and_its_text_stands_nowhere,
    a_reading_token_and_one_of_an_edition_do_no_more_than_that,
    a_token_that_is_revoked_or_over_is_good_for_nothing,
);

fn token(scope: TokenScope) -> NewToken {
    NewToken { name: Line::from("sync"), scope, edition: None, expires: None }
}

async fn a_token_acts_in_its_owners_name_and_its_text_stands_nowhere(world: World) {
    let store = &world.store;
    let ada = somebody(&world, "ada@example.org").await;
    let (made, text) = store.add_token(&Actor::person(ada), ada, &token(TokenScope::Write)).await.unwrap();
    assert!(text.starts_with("plenary_") && text.len() == 51, "{text}");
    let now = store.clock().now();
    let bearer = store.bearer(&text, now).await.unwrap().unwrap();
    assert_eq!((bearer.account.id, bearer.token.id), (ada, made.id));
    assert_eq!(bearer.subject(now).actor.to_string(), format!("person:{ada}/token:{}", made.id));
    assert_eq!(store.bearer("plenary_nonsense", now).await.unwrap(), None);
    assert_eq!(store.bearer(&text[8..], now).await.unwrap(), None);
    assert_eq!(store.tokens_of(ada).await.unwrap()[0].used, None);
    store.token_used(made.id).await.unwrap();
    let used = store.tokens_of(ada).await.unwrap()[0].used;
    assert!(used.is_some());
    store.token_used(made.id).await.unwrap();
    assert_eq!(store.tokens_of(ada).await.unwrap()[0].used, used, "noted once in ten minutes");
    let feed = serde_json::to_string(&store.changes_since(0, 1_000).await.unwrap()).unwrap();
    assert!(feed.contains(&made.id.to_string()) && !feed.contains(&text[8..]));
    assert_eq!(store::verify(store).await.unwrap(), Vec::<String>::new());
}

async fn a_reading_token_and_one_of_an_edition_do_no_more_than_that(world: World) {
    let store = &world.store;
    let (garden, orchard) = (sample::programme("garden", 3), sample::programme("orchard", 3));
    import(&world, &garden).await;
    import(&world, &orchard).await;
    let ada = somebody(&world, "ada@example.org").await;
    let now = store.clock().now();
    let operator = Subject::operator("test".to_owned(), now);
    store.give(&operator, &NewGrant::new(ada, Role::Administrator, Scope::Everywhere)).await.unwrap();
    let (here, there) = (Place::edition(&garden.edition), Place::edition(&orchard.edition));
    let subject = async |new: NewToken| {
        let (_, text) = store.add_token(&Actor::person(ada), ada, &new).await.unwrap();
        let now = store.clock().now();
        store.bearer(&text, now).await.unwrap().unwrap().subject(now)
    };
    let reading = subject(token(TokenScope::Read)).await;
    assert!(reading.may(Action::SeeDesk, &here).is_ok() && reading.may(Action::Release, &here).is_err());
    let limited = NewToken { edition: Some(garden.edition.id), ..token(TokenScope::Write) };
    let limited = subject(limited).await;
    assert!(limited.may(Action::Release, &here).is_ok() && limited.may(Action::SeeDesk, &there).is_err());
    assert!(limited.may(Action::SeePeople, &Place::installation()).is_err());
    let unknown = NewToken { edition: Some(model::id::EditionId(ada.0)), ..token(TokenScope::Read) };
    assert!(store.add_token(&Actor::person(ada), ada, &unknown).await.is_err());
}

async fn a_token_that_is_revoked_or_over_is_good_for_nothing(world: World) {
    let store = &world.store;
    let ada = somebody(&world, "ada@example.org").await;
    let bob = somebody(&world, "bob@example.org").await;
    let (made, text) = store.add_token(&Actor::person(ada), ada, &token(TokenScope::Read)).await.unwrap();
    assert!(store.revoke_token(&Actor::person(bob), bob, made.id).await.is_err(), "it is not theirs");
    store.revoke_token(&Actor::person(ada), ada, made.id).await.unwrap();
    store.revoke_token(&Actor::person(ada), ada, made.id).await.unwrap();
    let now = store.clock().now();
    assert_eq!(store.bearer(&text, now).await.unwrap(), None);
    let soon = NewToken { expires: Some(now + SignedDuration::from_secs(60)), ..token(TokenScope::Read) };
    let (_, text) = store.add_token(&Actor::person(ada), ada, &soon).await.unwrap();
    assert!(store.bearer(&text, now).await.unwrap().is_some());
    assert_eq!(store.bearer(&text, now + SignedDuration::from_secs(61)).await.unwrap(), None);
    let past = NewToken { expires: Some(now), ..token(TokenScope::Read) };
    assert!(store.add_token(&Actor::person(ada), ada, &past).await.is_err());
    assert_eq!(store::verify(store).await.unwrap(), Vec::<String>::new());
}
