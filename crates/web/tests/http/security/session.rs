//! A browser is signed in by a cookie that only this server makes.

use super::Two;
use axum::http::StatusCode;

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

#[tokio::test]
async fn a_browser_that_was_signed_out_stays_out() {
    let two = Two::new().await;
    two.world.store.sign_out(&model::feed::Actor::System, two.ours.account, None).await.unwrap();
    assert_eq!(two.world.get_as(&two.ours, "/desk/").await.status, StatusCode::SEE_OTHER);
}
