//! Roles that wait for an address.

use crate::{
    account::somebody,
    harness::{World, on_both},
    programme::import,
    sample,
};
use jiff::SignedDuration;
use model::{
    account::Proof,
    email::Email,
    feed::Actor,
    id::AccountId,
    permission::{Role, Scope, Subject},
    text::Line,
    time::{from_micros, to_micros},
};
use store::{Given, LINK_LIFE, NewGrant, Purpose, Way};

on_both!(
    a_role_for_an_address_makes_no_account_and_waits,
    whoever_proves_the_address_has_the_role_in_that_instant,
    an_invitation_is_withdrawn_by_who_may_give_its_role,
    an_invitation_waits_no_longer_than_its_role_would_hold,
    a_role_that_somebody_has_already_is_not_given_twice,
    what_was_withdrawn_comes_back_from_the_log,
    an_invitation_to_an_address_of_an_account_is_unsound,
);

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

fn operator(world: &World) -> Subject {
    Subject::operator("test".to_owned(), world.store.clock().now())
}

async fn sound(world: &World) {
    assert_eq!(store::verify(&world.store).await.unwrap(), Vec::<String>::new());
}

fn crew(address: &str) -> NewGrant {
    NewGrant::new(email(address), Role::Crew, Scope::Everywhere)
}

async fn invite(world: &World, new: &NewGrant) -> Given {
    let given = world.store.give(&operator(world), new).await.unwrap();
    assert_eq!(given.account, None);
    given
}

async fn roles(world: &World, id: AccountId) -> Vec<Role> {
    world.store.grants_of(id).await.unwrap().iter().map(|grant| grant.role).collect()
}

async fn a_role_for_an_address_makes_no_account_and_waits(world: World) {
    let store = &world.store;
    let programme = sample::programme("garden", 5);
    import(&world, &programme).await;
    let editor = NewGrant::new(email("ada@example.org"), Role::Editor, Scope::Edition(programme.edition.id));
    let given = invite(&world, &editor).await;
    assert_eq!(store.account_of(&Proof::Email(email("ada@example.org"))).await.unwrap(), None);
    assert_eq!(invite(&world, &editor).await, given, "it waits once");
    invite(&world, &crew("bob@example.org")).await;
    let all = store.invitations(Some(&programme.edition)).await.unwrap();
    assert_eq!(all.len(), 2, "those of the whole installation hold here too");
    let other = sample::programme("meadow", 5);
    import(&world, &other).await;
    assert_eq!(store.invitations(Some(&other.edition)).await.unwrap().len(), 1);
    assert_eq!(store.invitations_to(&email("Ada@Example.org")).await.unwrap()[0].id, given.id);
    sound(&world).await;
}

async fn whoever_proves_the_address_has_the_role_in_that_instant(world: World) {
    let store = &world.store;
    // By a link in a mail.
    let given = invite(&world, &crew("ada@example.org")).await;
    let link = store.make_link(Purpose::SignIn, Some(&email("ada@example.org")), None, "", LINK_LIFE).await;
    let signed = store.redeem(&link.unwrap(), "", "").await.unwrap();
    let signed = store.signed(&signed.secret.unwrap()).await.unwrap().unwrap();
    assert_eq!(
        signed.grants.iter().map(|one| (one.id, one.role)).collect::<Vec<_>>(),
        [(given.id, Role::Crew)]
    );
    assert_eq!(signed.grants[0].given_by, operator(&world).actor.to_string());
    // At a provider and in a directory that vouch for it.
    let proofs = [
        Proof::Oidc { issuer: "https://id.example.org".to_owned(), subject: "7".to_owned() },
        Proof::Ldap { directory: "uni".to_owned(), dn: "uid=eve".to_owned() },
    ];
    for (proof, address) in proofs.iter().zip(["bob@example.org", "eve@example.org"]) {
        invite(&world, &crew(address)).await;
        let way = Way::Oidc("id".to_owned());
        let name = Line::from("Bob");
        let arrived = store.arrive(proof, Some(&email(address)), &name, (&way, "", "")).await.unwrap();
        assert_eq!(roles(&world, arrived.0).await, [Role::Crew], "{address}");
    }
    // By adding it to an account.
    let carol = somebody(&world, "carol@example.org").await;
    invite(&world, &crew("carol@work.example")).await;
    let second = email("carol@work.example");
    let link = store.make_link(Purpose::Verify, Some(&second), Some(carol), "", LINK_LIFE).await.unwrap();
    assert_eq!(roles(&world, carol).await, []);
    store.redeem(&link, "", "").await.unwrap();
    assert_eq!(roles(&world, carol).await, [Role::Crew]);
    assert_eq!(store.invitations(None).await.unwrap(), []);
    sound(&world).await;
}

async fn an_invitation_is_withdrawn_by_who_may_give_its_role(world: World) {
    let store = &world.store;
    let given = invite(&world, &crew("ada@example.org")).await;
    let bob = somebody(&world, "bob@example.org").await;
    let bob = Subject::person(bob, vec![], store.clock().now());
    assert!(store.revoke(&bob, given.id).await.is_err());
    assert!(store.give(&bob, &crew("eve@example.org")).await.is_err());
    store.revoke(&operator(&world), given.id).await.unwrap();
    assert!(store.revoke(&operator(&world), given.id).await.is_err(), "it is withdrawn once");
    let ada = somebody(&world, "ada@example.org").await;
    assert_eq!(roles(&world, ada).await, []);
    // Withdrawn in the moment in which it was accepted: what was meant is done.
    let given = invite(&world, &crew("carol@example.org")).await;
    let carol = somebody(&world, "carol@example.org").await;
    store.revoke(&operator(&world), given.id).await.unwrap();
    assert!(store.grants_of(carol).await.unwrap()[0].revoked.is_some());
    sound(&world).await;
}

async fn an_invitation_waits_no_longer_than_its_role_would_hold(world: World) {
    let store = &world.store;
    let hour = SignedDuration::from_hours(1);
    // In whole microseconds, as the record keeps it.
    let now = from_micros(to_micros(store.clock().now())).unwrap();
    let over =
        |address: &str| NewGrant { from: Some(now - hour), until: Some(now - hour / 2), ..crew(address) };
    invite(&world, &over("ada@example.org")).await;
    invite(&world, &over("bob@example.org")).await;
    invite(&world, &NewGrant { until: Some(now + hour), ..crew("carol@example.org") }).await;
    assert_eq!(store.invitations(None).await.unwrap().len(), 1);
    let ada = somebody(&world, "ada@example.org").await;
    assert_eq!(roles(&world, ada).await, []);
    assert_eq!(store.forget_expired().await.unwrap(), 1, "Bob's is forgotten, Ada's went with her proof");
    let carol = somebody(&world, "carol@example.org").await;
    assert_eq!(store.grants_of(carol).await.unwrap()[0].until, Some(now + hour));
    sound(&world).await;
}

async fn a_role_that_somebody_has_already_is_not_given_twice(world: World) {
    let store = &world.store;
    let ada = somebody(&world, "ada@example.org").await;
    store.give(&operator(&world), &NewGrant::new(ada, Role::Crew, Scope::Everywhere)).await.unwrap();
    invite(&world, &crew("ada@work.example")).await;
    store.add_identity(&Actor::person(ada), ada, &Proof::Email(email("ada@work.example"))).await.unwrap();
    assert_eq!(roles(&world, ada).await, [Role::Crew]);
    let direct = store.give(&operator(&world), &crew("ada@work.example")).await.unwrap();
    assert_eq!(direct.account, Some(ada), "an address of an account is that account");
    assert_eq!(roles(&world, ada).await, [Role::Crew]);
    sound(&world).await;
}

async fn what_was_withdrawn_comes_back_from_the_log(world: World) {
    let store = &world.store;
    let given = invite(&world, &crew("ada@example.org")).await;
    let made = store.head().await.unwrap();
    store.revoke(&operator(&world), given.id).await.unwrap();
    let withdrawn = store.head().await.unwrap();
    assert!(store.undo(&operator(&world), made).await.is_err(), "it is not as that deed left it");
    store.undo(&operator(&world), withdrawn).await.unwrap();
    assert_eq!(store.invitations(None).await.unwrap()[0].id, given.id);
    let again = store.head().await.unwrap();
    store.undo(&operator(&world), again).await.unwrap();
    assert_eq!(store.invitations(None).await.unwrap(), []);
    // Somebody has the address by now: what comes back is theirs.
    let ada = somebody(&world, "ada@example.org").await;
    store.undo(&operator(&world), withdrawn).await.unwrap();
    assert_eq!(roles(&world, ada).await, [Role::Crew]);
    sound(&world).await;
}

async fn an_invitation_to_an_address_of_an_account_is_unsound(world: World) {
    invite(&world, &crew("ada@example.org")).await;
    somebody(&world, "bob@example.org").await;
    world.meddle("UPDATE invitation SET email = 'bob@example.org'").await.unwrap();
    let broken = store::verify(&world.store).await.unwrap();
    assert!(broken.iter().any(|line| line.contains("has its address")), "{broken:?}");
}
