//! Signing in with the password of a directory, from the form to the account, over a real slapd.

use crate::{
    slapd::Slapd,
    world::{Answer, World, options},
};
use axum::http::StatusCode;
use model::{account::Proof, email::Email, time::SystemClock};
use std::sync::Arc;
use web::SiteOptions;

const FORM: &str = "/sign-in/ldap/";

/// A site that people sign in to with the password of that directory.
async fn world(slapd: &Slapd) -> World {
    let options = SiteOptions { ldap: vec![slapd.settings()], ..options() };
    World::with(&["garden-2027"], options, Arc::new(SystemClock)).await
}

async fn try_password(world: &World, name: &str, password: &str) -> Answer {
    let fields =
        [("directory", "example"), ("next", "/account/security/"), ("name", name), ("password", password)];
    world.post_with(FORM, &[], &fields).await
}

/// The cookie of that name that an answer sets.
fn cookie(answer: &Answer, name: &str) -> String {
    let mut cookies = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    let found = cookies.rfind(|cookie| cookie.starts_with(name) && !cookie.contains("Max-Age=0"));
    found
        .unwrap_or_else(|| panic!("no cookie {name}: {}", answer.status))
        .split(';')
        .next()
        .unwrap()
        .to_owned()
}

fn ada() -> Proof {
    Proof::Ldap { directory: "example".to_owned(), dn: "uid=ada,ou=people,dc=example,dc=org".to_owned() }
}

const PASSWORD: &str = "enchantress of number";

#[tokio::test]
async fn whoever_the_directory_knows_gets_an_account_with_its_address_and_comes_back_to_it() {
    let Some(slapd) = Slapd::start() else { return };
    let world = world(&slapd).await;
    let all = world.get_with("/sign-in/?next=/account/security/", &[("accept", "text/html")]).await;
    assert!(all.text().contains("Example directory") && all.text().contains(FORM), "{}", all.text());
    let form = world.get(&format!("{FORM}?directory=example&next=/account/security/")).await;
    assert!(form.text().contains("name=\"password\"") && form.text().contains("value=\"example\""));

    let wrong = try_password(&world, "ada", "wrong").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("id=\"e-password\"") && wrong.text().contains("value=\"ada\""));
    assert!(!wrong.text().contains("value=\"wrong\""), "a password is never drawn again");

    let right = try_password(&world, "ada", PASSWORD).await;
    assert_eq!((right.status, right.header("location")), (StatusCode::SEE_OTHER, "/sign-in/arrival/"));
    let arrival = cookie(&right, "__Host-arrival=");
    let headers = [("cookie", arrival.as_str())];
    let ask = world.get_with("/sign-in/arrival/", &headers).await;
    for said in ["I am new here", "Ada Lovelace", "ada@example.org"] {
        assert!(ask.text().contains(said), "{said} is not in\n{}", ask.text());
    }
    assert_eq!(world.store.account_of(&ada()).await.unwrap(), None, "nobody is made by looking");
    let made = world.post_with("/sign-in/arrival/", &headers, &[("name", "Countess Lovelace")]).await;
    assert_eq!((made.status, made.header("location")), (StatusCode::SEE_OTHER, "/account/security/"));
    let browser = cookie(&made, "__Host-plenary=");
    let page = world.get_with("/account/identities/", &[("cookie", &browser)]).await;
    assert!(
        page.text().contains("ada@example.org") && page.text().contains("Example directory"),
        "{}",
        page.text()
    );

    let account = world.store.account_of(&ada()).await.unwrap().unwrap();
    let known = world.store.account(account).await.unwrap().unwrap();
    assert_eq!(known.account.name.as_str(), "Countess Lovelace");
    assert_eq!(known.email(), Some(&Email::parse("ada@example.org").unwrap()));
    // The next time they are known, by either of their names in the directory.
    for name in ["ada", "Ada@Example.org"] {
        let again = try_password(&world, name, PASSWORD).await;
        assert_eq!((again.status, again.header("location")), (StatusCode::SEE_OTHER, "/account/security/"));
        let browser = cookie(&again, "__Host-plenary=");
        assert_eq!(world.get_with("/account/", &[("cookie", &browser)]).await.status, StatusCode::OK);
    }
    let ways = world.store.sign_ins(account).await.unwrap();
    assert!(ways.len() == 3 && ways.iter().all(|one| one.way == "ldap:example"), "{ways:?}");
    // A blocked account is not entered this way either.
    let operator = model::permission::Subject::operator("test".to_owned(), world.store.clock().now());
    world.store.block_account(&operator, account).await.unwrap();
    let blocked = try_password(&world, "ada", PASSWORD).await;
    assert_eq!((blocked.status, blocked.header("location")), (StatusCode::SEE_OTHER, "/sign-in/"));
    let notice = cookie(&blocked, "__Host-notice=");
    let page = world.get_with("/sign-in/", &[("cookie", &notice)]).await;
    assert!(page.text().contains("This account is blocked."), "{}", page.text());
    assert_eq!(store::verify(&world.store).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn an_address_that_is_somebodys_is_connected_only_by_its_person() {
    let Some(slapd) = Slapd::start() else { return };
    let world = world(&slapd).await;
    let person = world.sign_in("ada@example.org", &[]).await;
    let right = try_password(&world, "ada", PASSWORD).await;
    let arrival = cookie(&right, "__Host-arrival=");
    let ask = world.get_with("/sign-in/arrival/", &[("cookie", &arrival)]).await;
    assert!(ask.text().contains("You have an account already"), "{}", ask.text());
    let forced =
        world.post_with("/sign-in/arrival/", &[("cookie", &arrival)], &[("name", "Somebody else")]).await;
    assert!(forced.status.is_client_error(), "{}", forced.status);
    assert_eq!(world.store.account_of(&ada()).await.unwrap(), None);

    let right = try_password(&world, "ada", PASSWORD).await;
    let both = format!("{}; {}", cookie(&right, "__Host-arrival="), person.cookie);
    let done = world.post_with("/sign-in/arrival/", &[("cookie", &both)], &[("x", "y")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert_eq!(world.store.account_of(&ada()).await.unwrap(), Some(person.account));
}

#[tokio::test]
async fn a_directory_that_is_down_is_named_and_the_other_ways_stay() {
    let Some(slapd) = Slapd::start() else { return };
    let world = world(&slapd).await;
    drop(slapd);
    let answer = try_password(&world, "ada", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text().contains("Example directory does not answer at the moment"), "{}", answer.text());
    assert!(world.get("/sign-in/").await.status.is_success());
}
