//! Stars at private addresses.

use crate::world::{BASE, World, options};
use axum::http::StatusCode;
use model::time::SystemClock;
use serde_json::json;
use std::sync::Arc;
use web::{SiteOptions, proxy::TrustedProxies};

const STARS: &str = "/garden-2027/stars/";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[tokio::test]
async fn a_list_gets_a_private_address_with_a_page_and_a_calendar() {
    let world = World::new().await;
    let kept = world.star(&json!({ "sessions": ["TALK01", "talk02", "GONE99"], "token": null })).await;
    assert_eq!(kept.status, StatusCode::OK, "{}", kept.text());
    let kept = kept.json();
    assert_eq!(kept["sessions"], 2);
    let page = world.get(kept["page"].as_str().unwrap()).await;
    assert!(
        page.text().contains("Talk number 1")
            && page.text().contains("Talk number 2")
            && !page.text().contains("Talk number 3")
    );
    let calendar = world.get(kept["calendar"].as_str().unwrap()).await;
    assert_eq!(calendar.header("content-type"), "text/calendar; charset=utf-8");
    assert_eq!(calendar.text().matches("BEGIN:VEVENT").count(), 2);
    for answer in [page, calendar] {
        assert_eq!(answer.header("cache-control"), "private, no-store");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("x-robots-tag"), "noindex, nofollow");
    }
}

#[tokio::test]
async fn who_knows_the_address_may_change_the_list_and_it_stays_where_it_is() {
    let world = World::new().await;
    let token =
        world.star(&json!({ "sessions": ["TALK01"] })).await.json()["token"].as_str().unwrap().to_owned();
    let again = world.star(&json!({ "sessions": ["TALK05"], "token": token })).await;
    assert_eq!(again.json()["token"], token);
    let page = world.get(&format!("{STARS}{token}/")).await;
    assert!(page.text().contains("Talk number 5") && !page.text().contains("Talk number 1 "));
}

#[tokio::test]
async fn a_plain_form_works_without_a_script() {
    let world = World::new().await;
    let sent = world
        .send("POST", STARS, &[FORM, ("sec-fetch-site", "same-origin")], "session=TALK01&session=TALK04")
        .await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER);
    assert_eq!(sent.header("cache-control"), "private, no-store");
    let page = world.get(sent.header("location")).await;
    assert!(page.text().contains("Talk number 4"));
}

#[tokio::test]
async fn another_site_cannot_send_the_form() {
    let world = World::new().await;
    let host = world.address.to_string();
    for headers in [
        vec![FORM, ("sec-fetch-site", "cross-site")],
        vec![FORM, ("origin", "https://evil.example"), ("host", &host)],
    ] {
        let refused = world.send("POST", STARS, &headers, "session=TALK01").await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{headers:?}");
        assert!(refused.text().contains("href=\"/garden-2027/"), "it has a way on");
    }
    let own = world.send("POST", STARS, &[FORM, ("origin", BASE)], "session=TALK01").await;
    assert_eq!(own.status, StatusCode::SEE_OTHER, "the site's own address is trusted behind a proxy");
}

#[tokio::test]
async fn a_list_that_does_not_hold_is_refused_with_the_field() {
    let world = World::new().await;
    let refused = world.star(&json!({ "sessions": [] })).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.text().contains("Star a session first"), "{}", refused.text());
    let many: Vec<String> = (0..1_001).map(|n| format!("T{n}")).collect();
    assert_eq!(world.star(&json!({ "sessions": many })).await.status, StatusCode::BAD_REQUEST);
    let headers = [("content-type", "application/json")];
    assert_eq!(
        world.send("POST", STARS, &headers, "{\"sessions\": 3}").await.status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        world.send("POST", STARS, &[("content-type", "text/plain")], "x").await.status,
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    );
    let large = format!("session={}", "x".repeat(70_000));
    assert_eq!(world.send("POST", STARS, &[FORM], &large).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn one_client_may_not_write_without_end() {
    let trusted_proxies = TrustedProxies::parse(&["127.0.0.1".to_owned()]).unwrap();
    let options = SiteOptions { star_writes_per_minute: 3, trusted_proxies, ..options() };
    let world = World::with(&["garden-2027"], options, Arc::new(SystemClock)).await;
    let write = async |client: &str| {
        world.send("POST", STARS, &[FORM, ("x-forwarded-for", client)], "session=TALK01").await
    };
    for _ in 0..3 {
        assert_eq!(write("203.0.113.9, 192.0.2.1").await.status, StatusCode::SEE_OTHER);
    }
    let refused = write("198.51.100.7, 192.0.2.1").await;
    assert_eq!(
        refused.status,
        StatusCode::TOO_MANY_REQUESTS,
        "what the client claims before the proxy's entry counts for nothing"
    );
    assert!(refused.header("retry-after").parse::<u64>().unwrap() <= 20);
    assert_eq!(write("192.0.2.2").await.status, StatusCode::SEE_OTHER, "another client is not held up");
    assert_eq!(world.get(STARS).await.status, StatusCode::OK, "reading is not limited");
}
