//! A browser is signed in by a cookie that only this server makes, and makes anew each time.

use super::Two;
use crate::world::Answer;
use axum::http::StatusCode;
use model::{email::Email, feed::Actor};
use store::{LINK_LIFE, Purpose};

#[tokio::test]
async fn a_planted_cookie_signs_nobody_in() {
    let two = Two::new().await;
    let value = two.ours.cookie.split_once('=').unwrap().1;
    let (secret, signature) = value.split_once('.').unwrap();
    let planted = [
        format!("plenary={value}"),
        format!("__Host-plenary={secret}"),
        format!("__Host-plenary={secret}."),
        format!("__Host-plenary={secret}.{}", "A".repeat(signature.len())),
        format!("__Host-plenary={}.{signature}", "A".repeat(secret.len())),
        format!("__Secure-plenary={value}"),
        "__Host-plenary=".to_owned(),
        format!("__Host-plenary={}", "A.".repeat(5_000)),
    ];
    for cookie in planted {
        let answer = two.world.get_with("/desk/", &[("cookie", &cookie), ("accept", "text/html")]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{cookie}");
    }
    assert_eq!(two.world.get_as(&two.ours, "/desk/").await.status, StatusCode::OK);
}

/// Opens a link of a mail in the browser that has this cookie.
async fn sign_in(two: &Two, address: &str, next: &str, cookie: &str) -> (String, Answer) {
    let email = Email::parse(address).unwrap();
    let token =
        two.world.store.make_link(Purpose::SignIn, Some(&email), None, next, LINK_LIFE).await.unwrap();
    let answer = two.world.post_with(&format!("/sign-in/link/{token}/"), &[("cookie", cookie)], &[]).await;
    (token, answer)
}

fn new_cookie(answer: &Answer) -> String {
    let mut cookies = answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
    let cookie = cookies.rfind(|cookie| cookie.starts_with("__Host-plenary=")).expect("a cookie");
    for part in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
        assert!(cookie.contains(part), "{cookie} lacks {part}");
    }
    assert!(!cookie.contains("Domain"), "for this host alone: {cookie}");
    cookie.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn signing_in_makes_a_new_cookie_and_adopts_none_that_was_there() {
    let two = Two::new().await;
    let planted = format!("__Host-plenary={}.{}", "A".repeat(43), "B".repeat(43));
    let (_, first) = sign_in(&two, "new@example.org", "", &planted).await;
    assert_eq!(first.status, StatusCode::SEE_OTHER, "{}", first.text());
    let first = new_cookie(&first);
    assert_ne!(first, planted);
    // Somebody else's browser, already signed in as the attacker wants it, becomes the victim's with a new secret.
    let (_, second) = sign_in(&two, "new@example.org", "", &two.nobody.cookie).await;
    let second = new_cookie(&second);
    assert!(second != first && second != two.nobody.cookie);
    let secret = |cookie: &str| cookie.split_once('=').unwrap().1.split_once('.').unwrap().0.to_owned();
    assert!(two.world.store.signed(&secret(&planted)).await.unwrap().is_none());
    let other = two.world.store.signed(&secret(&two.nobody.cookie)).await.unwrap();
    assert!(
        other.is_none_or(|signed| signed.account.id == two.nobody.account),
        "the planted sign-in stays its own"
    );
}

#[tokio::test]
async fn a_link_signs_in_once_and_opening_it_uses_nothing_up() {
    let two = Two::new().await;
    let email = Email::parse("new@example.org").unwrap();
    let token = two.world.store.make_link(Purpose::SignIn, Some(&email), None, "", LINK_LIFE).await.unwrap();
    let path = format!("/sign-in/link/{token}/");
    for _ in 0..3 {
        let opened = two.ask(None, "GET", &path).await;
        assert_eq!(opened.status, StatusCode::OK, "programs that look through mail open links");
        assert!(
            opened
                .headers
                .get_all("set-cookie")
                .iter()
                .all(|cookie| !cookie.to_str().unwrap().contains("plenary="))
        );
        assert!(opened.header("referrer-policy").contains("no-referrer"), "the address is a secret");
    }
    let used = two.world.post_with(&path, &[], &[]).await;
    new_cookie(&used);
    let again = two.world.post_with(&path, &[], &[]).await;
    assert!(again.status.is_client_error(), "{}", again.status);
    assert!(
        again
            .headers
            .get_all("set-cookie")
            .iter()
            .all(|cookie| !cookie.to_str().unwrap().contains("plenary=ey"))
    );
}

#[tokio::test]
async fn signing_in_leads_to_no_other_site() {
    let two = Two::new().await;
    for next in super::redirect::ELSEWHERE {
        let decoded: String =
            form_urlencoded::parse(format!("x={next}").as_bytes()).next().unwrap().1.into_owned();
        for next in [(*next).to_owned(), decoded] {
            let (_, answer) = sign_in(&two, "new@example.org", &next, "").await;
            let location = answer.header("location");
            assert!(super::redirect::stays(location), "{next:?} leads to {location}");
        }
    }
}

#[tokio::test]
async fn a_browser_that_was_signed_out_stays_out() {
    let two = Two::new().await;
    let out = two.world.post_as(&two.nobody, "/sign-out/", &[]).await;
    assert_eq!(out.status, StatusCode::SEE_OTHER);
    assert_eq!(
        two.world.get_as(&two.nobody, "/desk/").await.status,
        StatusCode::SEE_OTHER,
        "also with the old cookie"
    );
    two.world.store.sign_out(&Actor::System, two.ours.account, None).await.unwrap();
    assert_eq!(two.world.get_as(&two.ours, "/desk/").await.status, StatusCode::SEE_OTHER);
}
