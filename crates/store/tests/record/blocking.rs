//! Blocked accounts.

use crate::{
    account::somebody,
    harness::{World, on_both},
    programme::import,
    sample,
};
use model::{
    account::{AccountState, Proof},
    email::Email,
    feed::Actor,
    id::AccountId,
    permission::{Role, Scope, Subject, TokenScope},
    text::Line,
};
use store::{LINK_LIFE, NewGrant, NewToken, PeopleQuery, Purpose, Way};

on_both!(
    nobody_gets_into_a_blocked_account_in_any_way,
    an_unblocked_account_is_as_it_was_but_for_its_browsers_and_tokens,
    the_last_administrator_is_never_blocked,
    a_blocked_person_is_found_and_their_state_is_not_changed_from_the_log,
);

fn operator(world: &World) -> Subject {
    Subject::operator("test".to_owned(), world.store.clock().now())
}

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

async fn state(world: &World, id: AccountId) -> AccountState {
    world.store.account(id).await.unwrap().unwrap().account.state
}

async fn sound(world: &World) {
    assert_eq!(store::verify(&world.store).await.unwrap(), Vec::<String>::new());
}

const BLOCKED: &str = "this account is blocked";

async fn nobody_gets_into_a_blocked_account_in_any_way(world: World) {
    let store = &world.store;
    let ada = somebody(&world, "ada@example.org").await;
    let actor = Actor::person(ada);
    let ldap = Proof::Ldap { directory: "lpc".to_owned(), dn: "uid=ada".to_owned() };
    store.add_identity(&actor, ada, &ldap).await.unwrap();
    let password = store.set_password(&actor, ada, "$argon2id$", None).await.unwrap();
    let secret = store.sign_in(ada, &Way::Passkey, "Firefox", "192.0.2.1").await.unwrap();
    let token = NewToken { name: Line::from("sync"), scope: TokenScope::Write, edition: None, expires: None };
    let (_, text) = store.add_token(&actor, ada, &token).await.unwrap();
    let address = email("ada@example.org");
    let before = store.make_link(Purpose::SignIn, Some(&address), None, "", LINK_LIFE).await.unwrap();
    let operators = store.make_link(Purpose::Account, None, Some(ada), "", LINK_LIFE).await.unwrap();

    store.block_account(&operator(&world), ada).await.unwrap();
    assert_eq!(state(&world, ada).await, AccountState::Blocked);
    assert!(store.signed(&secret).await.unwrap().is_none(), "its browsers are signed out");
    assert!(store.sign_ins(ada).await.unwrap().is_empty());
    assert!(
        store.bearer(&text, store.clock().now()).await.unwrap().is_none(),
        "its tokens are good for nothing"
    );
    assert!(store.link(&before).await.unwrap().is_none() && store.link(&operators).await.unwrap().is_none());
    let after = store.make_link(Purpose::SignIn, Some(&address), None, "", LINK_LIFE).await.unwrap();
    let operators = store.make_link(Purpose::Account, None, Some(ada), "", LINK_LIFE).await.unwrap();
    let (agent, client) = ("Firefox", "192.0.2.1");
    let way = Way::Ldap("lpc".to_owned());
    let entering = (&way, agent, client);
    for refused in [
        store.redeem(&after, agent, client).await.map(drop),
        store.redeem(&operators, agent, client).await.map(drop),
        store.sign_in(ada, &Way::Passkey, agent, client).await.map(drop),
        store.sign_in_with(password, None, agent, client).await.map(drop),
        store.arrive(&ldap, None, &Line::default(), entering).await.map(drop),
        store.add_token(&actor, ada, &token).await.map(drop),
        store.add_identity(&actor, ada, &Proof::Email(email("other@example.org"))).await.map(drop),
        store.set_password(&operator(&world).actor, ada, "$argon2id$", None).await.map(drop),
        store.give(&operator(&world), &NewGrant::new(ada, Role::Crew, Scope::Everywhere)).await.map(drop),
        store.block_account(&operator(&world), ada).await,
    ] {
        let said = refused.unwrap_err().to_string();
        assert!(said.contains(BLOCKED), "{said}");
    }
    assert!(store.sign_ins(ada).await.unwrap().is_empty());
    sound(&world).await;
}

async fn an_unblocked_account_is_as_it_was_but_for_its_browsers_and_tokens(world: World) {
    let store = &world.store;
    let programme = sample::programme("garden", 2);
    import(&world, &programme).await;
    let ada = somebody(&world, "ada@example.org").await;
    let role = NewGrant::new(ada, Role::Organiser, Scope::Edition(programme.edition.id));
    store.give(&operator(&world), &role).await.unwrap();
    let before = store.account(ada).await.unwrap();
    let grants = store.grants_of(ada).await.unwrap();
    let token = NewToken { name: Line::from("sync"), scope: TokenScope::Read, edition: None, expires: None };
    let (_, text) = store.add_token(&Actor::person(ada), ada, &token).await.unwrap();
    store.block_account(&operator(&world), ada).await.unwrap();
    store.unblock_account(&operator(&world), ada).await.unwrap();
    assert_eq!(store.account(ada).await.unwrap(), before);
    assert_eq!(store.grants_of(ada).await.unwrap(), grants);
    assert!(
        store.bearer(&text, store.clock().now()).await.unwrap().is_none(),
        "a revoked token stays revoked"
    );
    let secret = store.sign_in(ada, &Way::Passkey, "Firefox", "192.0.2.1").await.unwrap();
    assert!(store.signed(&secret).await.unwrap().is_some());
    let again = store.unblock_account(&operator(&world), ada).await.unwrap_err().to_string();
    assert!(again.contains("it is not blocked"), "{again}");
    sound(&world).await;
}

async fn the_last_administrator_is_never_blocked(world: World) {
    let store = &world.store;
    let (ada, bob) = (somebody(&world, "ada@example.org").await, somebody(&world, "bob@example.org").await);
    // Where there is none yet, anybody may be blocked.
    store.block_account(&operator(&world), bob).await.unwrap();
    store.unblock_account(&operator(&world), bob).await.unwrap();
    let administrator = |id| NewGrant::new(id, Role::Administrator, Scope::Everywhere);
    store.give(&operator(&world), &administrator(ada)).await.unwrap();
    let refused = store.block_account(&operator(&world), ada).await.unwrap_err().to_string();
    assert!(refused.contains("nobody would be an administrator any more"), "{refused}");
    assert_eq!(state(&world, ada).await, AccountState::Active, "nothing was written");
    let bobs = store.give(&operator(&world), &administrator(bob)).await.unwrap().id;
    store.block_account(&operator(&world), ada).await.unwrap();
    // A blocked one counts for nothing, so the other is the last.
    assert!(store.block_account(&operator(&world), bob).await.is_err());
    assert!(store.revoke(&operator(&world), bobs).await.is_err());
    assert!(store.delete_account(&Actor::person(bob), bob).await.is_err());
    assert!(!store.needs_set_up().await.unwrap());
    let grants = store.grants_of(bob).await.unwrap();
    let own = Subject::person(bob, grants, store.clock().now());
    assert!(store.block_account(&own, bob).await.is_err(), "nobody blocks themselves");
    store.unblock_account(&own, ada).await.unwrap();
    sound(&world).await;
}

async fn a_blocked_person_is_found_and_their_state_is_not_changed_from_the_log(world: World) {
    let store = &world.store;
    let ada = somebody(&world, "ada@example.org").await;
    let handle = store.account(ada).await.unwrap().unwrap().account.handle;
    store.block_account(&operator(&world), ada).await.unwrap();
    let blocking = store.head().await.unwrap();
    for name in ["ada@example.org".to_owned(), handle.to_string()] {
        assert_eq!(store.person_named(&name).await.unwrap().unwrap().account.id, ada, "{name}");
    }
    assert!(store.account_by_handle(&handle).await.unwrap().is_none(), "others see them no more");
    let found = store.people(&PeopleQuery::default(), 0).await.unwrap();
    assert_eq!(found.people[0].known.account.state, AccountState::Blocked);
    let refused = store.undo(&operator(&world), blocking).await.unwrap_err().to_string();
    assert!(refused.contains("not blocked, unblocked or merged from the log"), "{refused}");
    store.unblock_account(&operator(&world), ada).await.unwrap();
    let unblocking = store.head().await.unwrap();
    assert!(store.undo(&operator(&world), unblocking).await.is_err());
    sound(&world).await;
}
