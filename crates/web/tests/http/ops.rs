//! What operators see.

use crate::world::{World, conference, import};
use axum::http::StatusCode;
use std::time::Duration;

#[tokio::test]
async fn health_says_how_far_the_record_has_come() {
    let world = World::new().await;
    let answer = world.get("/healthz").await;
    assert_eq!(answer.status, StatusCode::OK);
    let health = answer.json();
    assert_eq!(health["status"], "ok");
    assert_eq!(health["editions"]["garden-2027"]["release"], 1);
    assert_eq!(health["feed_head"], world.store.head().await.unwrap());
    assert_eq!(health["search_lag"], 0);
    import(&world.store, &conference("garden-2027", true)).await;
    let head = world.store.head().await.unwrap();
    for _ in 0..100 {
        let health = world.get("/healthz").await.json();
        if health["search_lag"] == 0 && health["editions"]["garden-2027"]["release"] == 2 {
            assert_eq!(health["feed_head"], head);
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the server did not catch up with the record");
}

#[tokio::test]
async fn pages_are_served_while_the_record_is_away_and_health_says_so() {
    let world = World::new().await;
    let before = world.get("/garden-2027/schedule/").await;
    world.store.close().await;
    let health = world.get("/healthz").await;
    assert_eq!(health.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!health.json()["reason"].as_str().unwrap().is_empty());
    assert_eq!(world.get("/garden-2027/schedule/").await.body, before.body, "kept");
    assert_eq!(
        world.get("/garden-2027/sessions/TALK05/").await.status,
        StatusCode::OK,
        "drawn from the snapshot"
    );
    let search = world.get("/garden-2027/search/?q=soil").await;
    assert_eq!(search.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(search.text().contains("Try again"));
}

#[tokio::test]
async fn figures_are_counted_by_route_and_never_by_address() {
    let world = World::new().await;
    world.get("/garden-2027/sessions/TALK01/").await;
    world.get("/garden-2027/sessions/TALK01/").await;
    world.get("/garden-2027/nope/").await;
    world.get("/garden-2027/stars/secretsecretsecretsecret/").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let figures = world.get("/metrics").await;
    let text = figures.text();
    for line in [
        "plenary_requests_total{route=\"/{edition}/sessions/{session}/\",status=\"200\"} 2",
        "plenary_requests_total{route=\"unmatched\",status=\"404\"} 1",
        "plenary_body_hits_total 1",
        "plenary_release_number{edition=\"garden-2027\"} 1",
        "plenary_record_reachable 1",
        "plenary_request_seconds_bucket{route=\"/{edition}/sessions/{session}/\",le=\"+Inf\"} 2",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    assert!(!text.contains("secretsecret"));
}

#[tokio::test]
async fn the_server_speaks_http_2_too() {
    use axum::{
        body::Bytes,
        http::{Request, Version},
    };
    use http_body_util::Full;
    use hyper_util::{client::legacy::Client, rt::TokioExecutor};
    let world = World::new().await;
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    let request = Request::get(format!("http://{}/garden-2027/schedule/", world.address))
        .body(Full::default())
        .unwrap();
    let answer = client.request(request).await.unwrap();
    assert_eq!((answer.status(), answer.version()), (StatusCode::OK, Version::HTTP_2));
}
