//! An open page learns of a release.

use crate::world::{World, conference, import, options};
use axum::http::StatusCode;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use model::time::SystemClock;
use std::{sync::Arc, time::Duration};
use web::SiteOptions;

const EVENTS: &str = "/garden-2027/events";

/// Reads the stream until `needle` has come; panics after five seconds.
async fn until(stream: &mut Incoming, needle: &str) -> String {
    let mut seen = String::new();
    let reading = async {
        while !seen.contains(needle) {
            let frame = stream.frame().await.expect("the stream goes on").unwrap();
            seen.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
        }
    };
    tokio::time::timeout(Duration::from_secs(5), reading).await.expect("within 5 seconds");
    seen
}

#[tokio::test]
async fn an_open_page_learns_within_five_seconds_of_a_release_made_by_another_process() {
    let world = World::new().await;
    let answer = world.open("GET", EVENTS, &[("accept", "text/event-stream")], "").await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    assert_eq!(answer.headers()["x-accel-buffering"], "no");
    let mut stream = answer.into_body();
    let first = until(&mut stream, "\n\n").await;
    assert!(
        first.contains("event: release") && first.contains("id: 1") && first.contains("\"number\":1"),
        "{first}"
    );
    import(&world.other_process().await, &conference("garden-2027", true)).await;
    let next = until(&mut stream, "\n\n").await;
    assert!(next.contains("id: 2") && next.contains("/garden-2027/releases/2/"), "{next}");
    assert!(world.get("/garden-2027/releases/2/").await.text().contains("Talk number 0"));
}

#[tokio::test]
async fn a_page_that_comes_back_is_told_only_what_it_missed() {
    let world = World::new().await;
    import(&world.store, &conference("garden-2027", true)).await;
    let caught_up = async {
        while world.site.edition("garden-2027").unwrap().head.number < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), caught_up).await.expect("within 5 seconds");
    let mut missed = world.open("GET", EVENTS, &[("last-event-id", "1")], "").await.into_body();
    assert!(until(&mut missed, "\n\n").await.contains("id: 2"));
    let mut knows = world.open("GET", EVENTS, &[("last-event-id", "2")], "").await.into_body();
    let nothing = tokio::time::timeout(Duration::from_millis(500), knows.frame()).await;
    assert!(nothing.is_err(), "it knows release 2 already");
}

#[tokio::test]
async fn more_streams_than_allowed_are_refused_until_one_ends() {
    let options = SiteOptions { streams: 2, ..options() };
    let world = World::with(&["garden-2027"], options, Arc::new(SystemClock)).await;
    let one = world.open("GET", EVENTS, &[], "").await;
    let _two = world.open("GET", EVENTS, &[], "").await;
    let refused = world.get(EVENTS).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.header("retry-after"), "10");
    assert!(refused.text().contains("reload"), "{}", refused.text());
    drop(one);
    for _ in 0..100 {
        if world.open("GET", EVENTS, &[], "").await.status() == StatusCode::OK {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the place of the stream that ended was not given to another");
}

#[tokio::test]
async fn stopping_the_server_ends_the_streams() {
    let mut world = World::new().await;
    let mut stream = world.open("GET", EVENTS, &[], "").await.into_body();
    until(&mut stream, "\n\n").await;
    tokio::time::timeout(Duration::from_secs(5), world.stop()).await.expect("the server stops");
    let rest = tokio::time::timeout(Duration::from_secs(1), stream.collect()).await.expect("the stream ends");
    assert!(rest.unwrap().to_bytes().is_empty());
}
