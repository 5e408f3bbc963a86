//! Accounts, links, sign-ins and roles.

use crate::{
    harness::{World, on_both},
    programme::import,
    sample,
};
use model::{
    account::Proof,
    email::Email,
    feed::Actor,
    id::AccountId,
    permission::{Action, Place, Role, Scope, Subject},
    text::Line,
};
use store::{LINK_LIFE, NewAccount, NewGrant, Purpose, SETUP_LIFE};

on_both!(
    a_link_signs_in_once_and_its_secret_stands_nowhere,
    the_same_person_comes_back_to_the_same_account,
    a_verified_address_of_another_account_is_refused,
    signing_out_ends_a_browser_at_once,
    set_up_makes_one_administrator_and_no_second,
    a_role_holds_until_it_is_revoked_and_the_last_administrator_stays,
    a_link_that_is_over_is_good_for_nothing,
);

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

fn operator(world: &World) -> Subject {
    Subject::operator("test".to_owned(), world.store.clock().now())
}

/// Somebody with an account.
pub(crate) async fn somebody(world: &World, address: &str) -> AccountId {
    let new = NewAccount { name: Line::from("Ada Lovelace"), ..NewAccount::default() };
    world.store.account_for(&Actor::System, &Proof::Email(email(address)), &new).await.unwrap()
}

async fn sound(world: &World) {
    assert_eq!(store::verify(&world.store).await.unwrap(), Vec::<String>::new());
}

async fn a_link_signs_in_once_and_its_secret_stands_nowhere(world: World) {
    let ada = email("ada@example.org");
    let store = &world.store;
    let token = store.make_link(Purpose::SignIn, Some(&ada), None, "/desk/", LINK_LIFE).await.unwrap();
    assert_eq!(store.link(&token).await.unwrap().unwrap().email, Some(ada));
    let done = store.redeem(&token, "Firefox", "192.0.2.1").await.unwrap();
    assert_eq!(done.next, "/desk/");
    let secret = done.secret.unwrap();
    let signed = store.signed(&secret).await.unwrap().unwrap();
    assert_eq!((signed.account.id, signed.sign_in.way.as_str()), (done.account, "email"));
    assert!(store.redeem(&token, "Firefox", "192.0.2.1").await.is_err(), "a link is good for one use");
    assert!(store.link(&token).await.unwrap().is_none());
    let feed = serde_json::to_string(&store.changes_since(0, 1_000).await.unwrap()).unwrap();
    assert!(feed.contains("sign-in") && !feed.contains(&token) && !feed.contains(&secret));
    sound(&world).await;
}

async fn the_same_person_comes_back_to_the_same_account(world: World) {
    let first = somebody(&world, "Ada@Example.org").await;
    assert_eq!(somebody(&world, " ada@example.ORG").await, first);
    assert_ne!(somebody(&world, "ada+lpc@example.org").await, first, "a tag is offered, never assumed");
    let known = world.store.account(first).await.unwrap().unwrap();
    assert_eq!(known.email(), Some(&email("ada@example.org")));
    assert!(!known.account.handle.as_str().contains("example"));
    sound(&world).await;
}

async fn a_verified_address_of_another_account_is_refused(world: World) {
    let store = &world.store;
    let (ada, bob) = (somebody(&world, "ada@example.org").await, somebody(&world, "bob@example.org").await);
    let taken = store.add_identity(&Actor::person(bob), bob, &Proof::Email(email("ada@example.org"))).await;
    assert!(taken.unwrap_err().to_string().contains("another account"));
    let second = email("ada@work.example");
    let token = store.make_link(Purpose::Verify, Some(&second), Some(ada), "", LINK_LIFE).await.unwrap();
    let done = store.redeem(&token, "", "").await.unwrap();
    assert!(done.secret.is_none(), "verifying an address signs nobody in");
    let known = store.account(ada).await.unwrap().unwrap();
    assert_eq!(known.identities.len(), 2);
    assert_eq!(known.email(), Some(&email("ada@example.org")), "the first address stays the primary one");
    sound(&world).await;
}

async fn signing_out_ends_a_browser_at_once(world: World) {
    let store = &world.store;
    let ada = somebody(&world, "ada@example.org").await;
    let one = store.sign_in(ada, &store::Way::Password, "one", "").await.unwrap();
    let two = store.sign_in(ada, &store::Way::Passkey, "two", "").await.unwrap();
    let first = store.signed(&one).await.unwrap().unwrap().sign_in.id;
    assert_eq!(store.sign_ins(ada).await.unwrap().len(), 2);
    assert_eq!(store.sign_out(&Actor::person(ada), ada, Some(first)).await.unwrap(), 1);
    assert!(store.signed(&one).await.unwrap().is_none());
    assert!(store.signed(&two).await.unwrap().is_some());
    assert_eq!(store.sign_out(&Actor::person(ada), ada, None).await.unwrap(), 1);
    assert!(store.signed(&two).await.unwrap().is_none());
    sound(&world).await;
}

async fn set_up_makes_one_administrator_and_no_second(world: World) {
    let store = &world.store;
    assert!(store.needs_set_up().await.unwrap());
    let link = async || store.make_link(Purpose::Setup, None, None, "", SETUP_LIFE).await.unwrap();
    let (first, second) = (link().await, link().await);
    let name = Line::from("Grace Hopper");
    let wrong = store.redeem(&first, "", "").await;
    assert!(wrong.is_err(), "a set-up link signs nobody in by itself");
    let first = if store.link(&first).await.unwrap().is_some() { first } else { link().await };
    let done = store.set_up(&first, &email("grace@example.org"), &name, "", "").await.unwrap();
    let signed = store.signed(&done.secret.unwrap()).await.unwrap().unwrap();
    let subject = signed.subject(store.clock().now());
    assert!(subject.may(Action::ManageInstallation, &Place::installation()).is_ok());
    assert!(!store.needs_set_up().await.unwrap());
    assert!(store.set_up(&second, &email("eve@example.org"), &name, "", "").await.is_err());
    sound(&world).await;
}

async fn a_role_holds_until_it_is_revoked_and_the_last_administrator_stays(world: World) {
    let store = &world.store;
    let programme = sample::programme("garden", 10);
    import(&world, &programme).await;
    let edition = programme.edition.id;
    let (ada, bob) = (somebody(&world, "ada@example.org").await, somebody(&world, "bob@example.org").await);
    let administrator = NewGrant::new(ada, Role::Administrator, Scope::Everywhere);
    let first = store.give(&operator(&world), &administrator).await.unwrap().id;
    assert_eq!(store.give(&operator(&world), &administrator).await.unwrap().id, first, "given once");
    let organiser = NewGrant::new(bob, Role::Organiser, Scope::Edition(edition));
    let second = store.give(&operator(&world), &organiser).await.unwrap().id;

    let now = store.clock().now();
    let bobs = Subject::person(bob, store.grants_of(bob).await.unwrap(), now);
    let place = Place::edition(&programme.edition);
    assert!(bobs.may(Action::Release, &place).is_ok());
    assert!(store.give(&bobs, &NewGrant::new(bob, Role::Administrator, Scope::Everywhere)).await.is_err());
    assert!(store.revoke(&bobs, first).await.is_err(), "an organiser revokes no administrator");
    assert_eq!(store.grants(Some(&programme.edition)).await.unwrap().len(), 2);

    store.revoke(&operator(&world), second).await.unwrap();
    let bobs = Subject::person(bob, store.grants_of(bob).await.unwrap(), now);
    assert!(bobs.may(Action::Release, &place).is_err());
    let last = store.revoke(&operator(&world), first).await.unwrap_err();
    assert!(last.to_string().contains("nobody would be an administrator"), "{last}");
    assert!(!store.needs_set_up().await.unwrap());
    sound(&world).await;
}

async fn a_link_that_is_over_is_good_for_nothing(world: World) {
    let store = &world.store;
    let ada = email("ada@example.org");
    let over = jiff::SignedDuration::from_secs(-1);
    let token = store.make_link(Purpose::SignIn, Some(&ada), None, "", over).await.unwrap();
    assert!(store.link(&token).await.unwrap().is_none());
    assert!(store.redeem(&token, "", "").await.is_err());
    assert_eq!(store.forget_expired().await.unwrap(), 1);
}
