//! Signing in with a password, and what a person changes of how they sign in.

use crate::world::{Answer, World, options};
use axum::http::StatusCode;
use identity::{
    Secret,
    password::{NewPassword, Passwords},
    settings::OidcSettings,
};
use model::{
    feed::Actor,
    id::AccountId,
    time::{Clock, SystemClock},
};
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use store::Way;
use web::SiteOptions;

const PASSWORD: &str = "a horse of some battery";

/// A clock that is set on by whole hours.
#[derive(Debug, Default)]
struct Moving(AtomicI64);

impl Clock for Moving {
    fn now(&self) -> jiff::Timestamp {
        let hours = jiff::SignedDuration::from_hours(self.0.load(Ordering::Relaxed));
        SystemClock.now().checked_add(hours).unwrap()
    }
}

/// Somebody with a password.
async fn with_password(world: &World, address: &str) -> AccountId {
    let who = world.sign_in(address, &[]).await;
    let chosen = NewPassword::choose(&Secret::new(PASSWORD), &[]).unwrap();
    let hash = Passwords::new(1).unwrap().hash(&chosen).await.unwrap();
    world.store.set_password(&Actor::person(who.account), who.account, &hash, None).await.unwrap();
    who.account
}

async fn try_password(world: &World, name: &str, password: &str) -> Answer {
    let fields = [("name", name), ("password", password), ("next", "/account/security/")];
    world.post_with("/sign-in/password/", &[], &fields).await
}

/// What an answer says, without the name that it repeats.
fn said(answer: &Answer, name: &str) -> String {
    answer.text().replace(name, "NAME")
}

#[tokio::test]
async fn a_password_signs_in_by_address_and_by_handle_and_leads_on() {
    let world = World::new().await;
    let id = with_password(&world, "ada@example.org").await;
    let handle = world.store.account(id).await.unwrap().unwrap().account.handle.to_string();
    for name in ["Ada@Example.org", handle.as_str()] {
        let answer = try_password(&world, name, PASSWORD).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (StatusCode::SEE_OTHER, "/account/security/"),
            "{name}"
        );
        let cookie = answer.header("set-cookie");
        for part in ["__Host-plenary=", "HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
            assert!(cookie.contains(part), "{cookie}");
        }
    }
    // Onto another site nobody is led.
    let fields = [("name", "ada@example.org"), ("password", PASSWORD), ("next", "//evil.example/")];
    let answer = world.post_with("/sign-in/password/", &[], &fields).await;
    assert_eq!(answer.header("location"), "/account/");
}

#[tokio::test]
async fn whether_an_account_exists_is_told_neither_by_a_wrong_password_nor_by_the_limit() {
    let world = World::new().await;
    with_password(&world, "ada@example.org").await;
    world.sign_in("bare@example.org", &[]).await;
    let names = ["ada@example.org", "bare@example.org", "nobody@example.org"];
    let mut answers = vec![];
    for name in names {
        let answer = try_password(&world, name, "a horse of another colour").await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.header("set-cookie").starts_with("__Host-notice=;"), "nobody is signed in");
        answers.push(said(&answer, name));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert!(answers[0].contains("do not go together"));
    for name in names {
        let mut refused = false;
        // A busy machine is slow enough to get a try back now and then.
        for _ in 0..30 {
            let answer = try_password(&world, name, "a horse of another colour").await;
            refused |= answer.text().contains("Too many passwords were tried");
            if refused {
                break;
            }
        }
        assert!(refused, "{name}");
    }
}

#[tokio::test]
async fn guessing_is_told_to_the_one_who_is_guessed_and_ends_where_it_goes_on_too_long() {
    let world = World::new().await;
    let id = with_password(&world, "ada@example.org").await;
    let credential = world.store.password(id).await.unwrap().unwrap().0;
    for _ in 0..100 {
        world.store.password_missed(credential.id).await.unwrap();
    }
    let answer = try_password(&world, "ada@example.org", PASSWORD).await;
    assert!(answer.text().contains("do not go together"), "it opens nothing more");
    let ada = world.sign_in("ada@example.org", &[]).await;
    let page = world.get_as(&ada, "/account/security/").await;
    assert!(page.text().contains("wrong passwords were tried"), "{}", page.text());
}

#[tokio::test]
async fn a_person_sets_and_removes_their_own_password_and_nobody_elses() {
    let world = World::new().await;
    let ada = world.sign_in("ada@example.org", &[]).await;
    let eve = world.sign_in("eve@example.org", &[]).await;
    let page = "/account/security/password/";
    for (password, again, why) in [
        ("short", "short", "needs 12"),
        ("password12345", "password12345", "first that anybody would guess"),
        ("ada@example.org!", "ada@example.org!", "contains your address"),
        (PASSWORD, "a horse of some batteries", "is not the same"),
    ] {
        let answer = world.post_as(&ada, page, &[("password", password), ("again", again)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text().contains(why), "{why}: {}", answer.text());
        assert!(!answer.text().contains(&format!("value=\"{password}\"")), "a password is not sent back");
    }
    let elsewhere = world.sign_in("ada@example.org", &[]).await;
    let fields = [("password", PASSWORD), ("again", PASSWORD), ("others", "yes")];
    assert_eq!(world.post_as(&ada, page, &fields).await.status, StatusCode::SEE_OTHER);
    assert_eq!(
        world.get_as(&elsewhere, "/account/security/").await.status,
        StatusCode::SEE_OTHER,
        "signed out"
    );
    assert_eq!(world.get_as(&ada, "/account/security/").await.status, StatusCode::OK, "here still signed in");

    let id = world.store.credentials(ada.account).await.unwrap()[0].id;
    let path = format!("/account/security/{id}/");
    assert_eq!(world.post_as(&eve, &path, &[("do", "remove")]).await.status, StatusCode::NOT_FOUND);
    let foreign = [("cookie", ada.cookie.as_str()), ("sec-fetch-site", "cross-site")];
    let headers = [foreign[0], foreign[1], ("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(world.send("POST", &path, &headers, "do=remove").await.status, StatusCode::FORBIDDEN);
    assert_eq!(world.store.credentials(ada.account).await.unwrap().len(), 1);
    assert_eq!(world.post_as(&ada, &path, &[("do", "remove")]).await.status, StatusCode::SEE_OTHER);
    assert!(world.store.credentials(ada.account).await.unwrap().is_empty());
}

#[tokio::test]
async fn who_signed_in_long_ago_changes_nothing_about_how_they_sign_in() {
    let clock = Arc::new(Moving::default());
    let world = World::with(&["garden-2027"], options(), clock.clone()).await;
    let ada = world.sign_in("ada@example.org", &[]).await;
    clock.0.store(2, Ordering::Relaxed);
    let page = world.get_as(&ada, "/account/security/password/").await;
    assert!(
        page.text().contains("Sign in again") && !page.text().contains("name=\"again\""),
        "{}",
        page.text()
    );
    let fields = [("password", PASSWORD), ("again", PASSWORD)];
    assert_eq!(
        world.post_as(&ada, "/account/security/password/", &fields).await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        world.post_as(&ada, "/account/security/passkeys/begin/", &[]).await.status,
        StatusCode::FORBIDDEN
    );
    assert!(world.store.credentials(ada.account).await.unwrap().is_empty());
}

#[tokio::test]
async fn signing_in_anew_ends_the_sign_in_that_the_browser_had() {
    let world = World::new().await;
    let id = with_password(&world, "ada@example.org").await;
    let before = world.sign_in("ada@example.org", &[]).await;
    let fields = [("name", "ada@example.org"), ("password", PASSWORD)];
    let answer = world.post_as(&before, "/sign-in/password/", &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(
        world.get_as(&before, "/account/security/").await.status,
        StatusCode::SEE_OTHER,
        "the old one is over"
    );
    let ways: Vec<String> = world.store.sign_ins(id).await.unwrap().into_iter().map(|one| one.way).collect();
    assert!(ways.contains(&Way::Password.word()));
}

#[tokio::test]
async fn an_answer_from_nowhere_signs_nobody_in() {
    let down = OidcSettings {
        name: "test".to_owned(),
        title: "Example University".to_owned(),
        issuer: "http://127.0.0.1:9".to_owned(),
        client_id: "plenary".to_owned(),
        client_secret: Secret::default(),
        scopes: vec![],
    };
    let options = SiteOptions { oidc: vec![down], ..options() };
    let world = World::with(&["garden-2027"], options, Arc::new(SystemClock)).await;
    for path in [
        "/sign-in/oidc/test/",
        "/sign-in/oidc/test/return/?code=x&state=y",
        "/sign-in/oidc/test/return/",
        "/sign-in/arrival/",
    ] {
        let answer = world.get_with(path, &[("accept", "text/html")]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
        assert!(answer.header("location").starts_with("/sign-in/"), "{path}");
        assert!(
            !answer
                .headers
                .get_all("set-cookie")
                .iter()
                .any(|set| set.to_str().unwrap().contains("plenary="))
        );
    }
    assert_eq!(world.get("/sign-in/oidc/other/").await.status, StatusCode::NOT_FOUND);
    let headers = [
        ("content-type", "application/json"),
        ("accept", "application/json"),
        ("sec-fetch-site", "same-origin"),
    ];
    for body in ["{\"answer\":{}}", "{\"answer\":null}", "nonsense"] {
        let answer = world.send("POST", "/sign-in/passkey/", &headers, body).await;
        assert!(answer.status.is_client_error(), "{body}: {}", answer.status);
    }
    let begun = world.send("POST", "/sign-in/passkey/begin/", &headers, "{}").await;
    assert_eq!(begun.json()["publicKey"]["rpId"], "conf.example.org");
    let cookie = begun.header("set-cookie");
    assert!(cookie.starts_with("__Host-passkey=") && cookie.contains("HttpOnly"), "{cookie}");
}

#[tokio::test]
async fn a_blocked_account_is_named_to_nobody_but_who_knows_its_password() {
    let world = World::new().await;
    let id = with_password(&world, "ada@example.org").await;
    let operator = model::permission::Subject::operator("test".to_owned(), world.store.clock().now());
    world.store.block_account(&operator, id).await.unwrap();
    let right = try_password(&world, "ada@example.org", PASSWORD).await;
    assert_eq!(right.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(right.text().contains("This account is blocked."), "{}", right.text());
    let wrong = try_password(&world, "ada@example.org", "another horse of a battery").await;
    let nobody = try_password(&world, "nobody@example.org", "another horse of a battery").await;
    assert_eq!(said(&wrong, "ada@example.org"), said(&nobody, "nobody@example.org"));
    assert!(world.store.sign_ins(id).await.unwrap().iter().all(|one| one.way != "password"));
}
