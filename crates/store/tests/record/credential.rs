//! Passwords, passkeys, ceremonies, and who arrives from a provider.

use crate::{
    account::somebody,
    harness::{World, on_both},
};
use model::{account::Proof, email::Email, feed::Actor, text::Line};
use store::{Arrival, CredentialKind, Way, WaysIn};

on_both!(
    what_opens_a_credential_is_told_nowhere,
    guessing_shows_in_the_history_and_ends_with_the_right_one,
    a_new_password_signs_everybody_else_out,
    a_passkey_is_found_by_its_device_and_belongs_to_one_account,
    the_last_way_in_stays,
    a_ceremony_is_taken_once_by_who_began_it,
    nobody_is_joined_by_an_address_alone,
);

fn oidc(subject: &str) -> Proof {
    Proof::Oidc { issuer: "https://id.example.org".to_owned(), subject: subject.to_owned() }
}

/// The provider of [`oidc`] is configured, and no directory.
fn ways() -> WaysIn {
    WaysIn { issuers: ["https://id.example.org".to_owned()].into(), ..WaysIn::default() }
}

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

async fn sound(world: &World) {
    assert_eq!(store::verify(&world.store).await.unwrap(), Vec::<String>::new());
}

async fn feed(world: &World) -> String {
    serde_json::to_string(&world.store.changes_since(0, 1_000).await.unwrap()).unwrap()
}

async fn what_opens_a_credential_is_told_nowhere(world: World) {
    let (store, ada) = (&world.store, somebody(&world, "ada@example.org").await);
    let actor = Actor::person(ada);
    store.set_password(&actor, ada, "$argon2id$hidden", None).await.unwrap();
    store.add_passkey(&actor, ada, b"key", "{\"hidden\":1}", &Line::from("Phone")).await.unwrap();
    let token = store.begin_ceremony("passkey", Some(ada), "hidden").await.unwrap();
    let listed = store.credentials(ada).await.unwrap();
    assert_eq!(
        listed.iter().map(|one| (one.kind, one.name.as_str())).collect::<Vec<_>>(),
        [(CredentialKind::Password, ""), (CredentialKind::Passkey, "Phone")]
    );
    let feed = feed(&world).await;
    assert!(feed.contains("Phone") && !feed.contains("hidden") && !feed.contains(&token), "{feed}");
    sound(&world).await;
}

async fn guessing_shows_in_the_history_and_ends_with_the_right_one(world: World) {
    let (store, ada) = (&world.store, somebody(&world, "ada@example.org").await);
    let id = store.set_password(&Actor::person(ada), ada, "hash", None).await.unwrap();
    let count = async || store.changes_since(0, 1_000).await.unwrap().len();
    let before = count().await;
    for _ in 0..4 {
        store.password_missed(id).await.unwrap();
    }
    assert_eq!(count().await, before, "a slip of the finger is no news");
    for _ in 0..7 {
        store.password_missed(id).await.unwrap();
    }
    assert_eq!(count().await, before + 2, "five in a row are, and ten");
    assert_eq!(store.credentials(ada).await.unwrap()[0].misses, 11);
    sound(&world).await;
    let (account, secret) = store.sign_in_with(id, None, "Firefox", "192.0.2.1").await.unwrap();
    let signed = store.signed(&secret).await.unwrap().unwrap();
    assert_eq!((account, signed.sign_in.way.as_str()), (ada, "password"));
    let listed = store.credentials(ada).await.unwrap();
    assert!(listed[0].misses == 0 && listed[0].used.is_some());
    store.renew_password(id, "another", "newer").await.unwrap();
    assert_eq!(store.password(ada).await.unwrap().unwrap().1, "hash", "it was changed meanwhile");
    store.renew_password(id, "hash", "newer").await.unwrap();
    assert_eq!(store.password(ada).await.unwrap().unwrap().1, "newer");
    sound(&world).await;
}

async fn a_new_password_signs_everybody_else_out(world: World) {
    let (store, ada) = (&world.store, somebody(&world, "ada@example.org").await);
    let mut secrets = vec![];
    for _ in 0..3 {
        secrets.push(store.sign_in(ada, &Way::Email, "Firefox", "192.0.2.1").await.unwrap());
    }
    let here = store.signed(&secrets[1]).await.unwrap().unwrap().sign_in.id;
    let actor = Actor::person(ada);
    let first = store.set_password(&actor, ada, "one", None).await.unwrap();
    assert_eq!(store.sign_ins(ada).await.unwrap().len(), 3);
    let second = store.set_password(&actor, ada, "two", Some(here)).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(store.credentials(ada).await.unwrap().len(), 1, "an account has one password");
    let left = store.sign_ins(ada).await.unwrap();
    assert_eq!(left.iter().map(|one| one.id).collect::<Vec<_>>(), [here]);
    assert!(store.signed(&secrets[0]).await.unwrap().is_none());
    sound(&world).await;
}

async fn a_passkey_is_found_by_its_device_and_belongs_to_one_account(world: World) {
    let store = &world.store;
    let (ada, eve) = (somebody(&world, "ada@example.org").await, somebody(&world, "eve@example.org").await);
    let name = Line::default();
    let id = store.add_passkey(&Actor::person(ada), ada, b"one", "{}", &name).await.unwrap();
    assert!(store.add_passkey(&Actor::person(eve), eve, b"one", "{}", &name).await.is_err(), "it is Ada's");
    let (found, body) = store.passkey(b"one").await.unwrap().unwrap();
    assert_eq!((found.id, found.account, found.name.as_str(), body.as_str()), (id, ada, "Passkey 1", "{}"));
    assert!(store.passkey(b"two").await.unwrap().is_none());
    store.sign_in_with(id, Some("{\"counter\":1}"), "Firefox", "192.0.2.1").await.unwrap();
    assert_eq!(store.passkeys(ada).await.unwrap(), ["{\"counter\":1}"]);

    let renamed = Line::from("Blue key");
    assert!(store.rename_passkey(&Actor::person(eve), eve, id, &renamed).await.is_err(), "it is not Eve's");
    assert!(store.remove_credential(&Actor::person(eve), eve, id, &ways()).await.is_err());
    store.rename_passkey(&Actor::person(ada), ada, id, &renamed).await.unwrap();
    assert_eq!(store.credentials(ada).await.unwrap()[0].name, renamed);
    for number in 0..19_u8 {
        store.add_passkey(&Actor::person(ada), ada, &[number], "{}", &name).await.unwrap();
    }
    assert!(
        store.add_passkey(&Actor::person(ada), ada, b"more", "{}", &name).await.is_err(),
        "twenty are enough"
    );
    store.remove_credential(&Actor::person(ada), ada, id, &ways()).await.unwrap();
    assert!(store.sign_in_with(id, None, "Firefox", "192.0.2.1").await.is_err());
    sound(&world).await;
}

async fn the_last_way_in_stays(world: World) {
    let store = &world.store;
    let way = Way::Oidc("test".to_owned());
    let browser = (&way, "Firefox", "192.0.2.1");
    let (ada, _) = store.arrive(&oidc("ada"), None, &Line::from("Ada"), browser).await.unwrap();
    let actor = Actor::person(ada);
    let identity = store.account(ada).await.unwrap().unwrap().identities[0].id;
    assert!(store.disconnect(&actor, ada, identity, &ways()).await.is_err(), "it is the only way");
    let password = store.set_password(&actor, ada, "hash", None).await.unwrap();
    let ldap = Proof::Ldap { directory: "closed".to_owned(), dn: "uid=ada".to_owned() };
    let former = store.connect(&actor, ada, &ldap, None).await.unwrap();
    let gone = WaysIn::default();
    assert!(
        store.remove_credential(&actor, ada, password, &gone).await.is_err(),
        "nobody signs in at a provider that is configured no more"
    );
    assert!(store.remove_identity(&actor, ada, identity, &ways()).await.is_err(), "nor in a directory");
    store.disconnect(&actor, ada, former, &ways()).await.unwrap();
    store.disconnect(&actor, ada, identity, &ways()).await.unwrap();
    assert!(store.remove_credential(&actor, ada, password, &ways()).await.is_err(), "now the password is");
    assert_eq!(store.credentials(ada).await.unwrap().len(), 1);
    assert_eq!(store.arrival(&oidc("ada"), None).await.unwrap(), Arrival::New);
    let eve = somebody(&world, "eve@example.org").await;
    let hers = store.account(eve).await.unwrap().unwrap().identities[0].id;
    assert!(store.disconnect(&actor, ada, hers, &ways()).await.is_err(), "it is not Ada's");
    sound(&world).await;
}

async fn a_ceremony_is_taken_once_by_who_began_it(world: World) {
    let (store, ada) = (&world.store, somebody(&world, "ada@example.org").await);
    let token = store.begin_ceremony("passkey", Some(ada), "state").await.unwrap();
    assert!(store.take_ceremony("oidc", &token).await.unwrap().is_none(), "it is of another kind");
    assert_eq!(store.ceremony("passkey", &token).await.unwrap().unwrap().account, Some(ada));
    let taken = store.take_ceremony("passkey", &token).await.unwrap().unwrap();
    assert_eq!((taken.account, taken.body.as_str()), (Some(ada), "state"));
    assert!(store.take_ceremony("passkey", &token).await.unwrap().is_none(), "it was taken");
    assert!(store.take_ceremony("passkey", "nonsense").await.unwrap().is_none());
    sound(&world).await;
}

async fn nobody_is_joined_by_an_address_alone(world: World) {
    let (store, ada) = (&world.store, somebody(&world, "ada@example.org").await);
    let address = email("ada@example.org");
    let seen = store.arrival(&oidc("somebody"), Some(&address)).await.unwrap();
    assert_eq!(seen, Arrival::SameAddress(ada));
    let way = Way::Oidc("test".to_owned());
    let name = Line::from("Somebody");
    let browser = (&way, "Firefox", "192.0.2.1");
    assert!(store.arrive(&oidc("somebody"), Some(&address), &name, browser).await.is_err());
    assert!(store.account_of(&oidc("somebody")).await.unwrap().is_none());
    // Its person signs in and connects the two.
    store.connect(&Actor::person(ada), ada, &oidc("somebody"), Some(&address)).await.unwrap();
    assert_eq!(store.arrival(&oidc("somebody"), None).await.unwrap(), Arrival::Known(ada));
    let (account, secret) = store.arrive(&oidc("somebody"), Some(&address), &name, browser).await.unwrap();
    assert_eq!(account, ada);
    assert_eq!(store.signed(&secret).await.unwrap().unwrap().sign_in.way, "oidc:test");
    // Who is new gets an account with the address that is vouched for.
    let grace = email("grace@example.org");
    let (account, _) =
        store.arrive(&oidc("grace"), Some(&grace), &Line::from("Grace"), browser).await.unwrap();
    let known = store.account(account).await.unwrap().unwrap();
    assert_eq!((known.account.name.as_str(), known.email()), ("Grace", Some(&grace)));
    assert_ne!(account, ada);
    let taken = store.connect(&Actor::person(ada), ada, &oidc("grace"), None).await;
    assert!(taken.is_err(), "it is Grace's");
    sound(&world).await;
}
