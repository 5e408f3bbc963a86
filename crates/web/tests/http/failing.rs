//! What is wrong with a request is told with a way on, and every answer protects the visitor.

use crate::world::World;
use axum::http::StatusCode;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

#[tokio::test]
async fn what_is_not_there_is_said_with_a_way_on() {
    let world = World::new().await;
    for path in [
        "/garden-2027/sessions/NOPE/",
        "/garden-2027/speakers/nobody/",
        "/garden-2027/tracks/none/",
        "/garden-2027/rooms/none/",
        "/garden-2027/rooms/none/sign/",
        "/garden-2027/rooms/none.ics",
        "/garden-2027/schedule/2031-01-01/",
        "/garden-2027/schedule/monday/",
        "/garden-2027/releases/9/",
        "/garden-2027/releases/-1/",
        "/garden-2027/nothing",
        "/garden-2027/stars/aaaaaaaaaaaaaaaaaaaaaaaa/",
    ] {
        let answer = world.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{path}");
        assert!(answer.text().contains("href=\"/garden-2027/"), "{path} has no link to the edition");
    }
    let elsewhere = world.get("/other-conf/schedule/").await;
    assert_eq!(elsewhere.status, StatusCode::NOT_FOUND);
    assert!(elsewhere.text().contains("href=\"/\""));
    assert!(world.get("/%ff/").await.status.is_client_error());
}

#[tokio::test]
async fn programs_get_problems_as_json() {
    let world = World::new().await;
    for (path, accept) in [
        ("/api/events/nope/", "*/*"),
        ("/garden-2027/nope/", "application/json"),
        ("/export/timetable/nope.json", "*/*"),
    ] {
        let answer = world.get_with(path, &[("accept", accept)]).await;
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
        let problem = answer.json();
        assert_eq!(problem["status"], 404);
        assert!(
            problem["detail"].as_str().unwrap().len() > 10 && problem["remedy"].as_str().unwrap().len() > 10,
            "{problem}"
        );
        assert_eq!(problem["request"], answer.header("x-request-id"));
    }
}

#[tokio::test]
async fn another_method_is_refused_with_those_allowed() {
    let world = World::new().await;
    let answer = world.send("DELETE", "/garden-2027/schedule/", &[], "").await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.header("allow"), "GET,HEAD");
    assert!(answer.text().contains("href=\"/garden-2027/"));
}

#[tokio::test]
async fn every_answer_protects_the_visitor() {
    let world = World::new().await;
    let paths = [
        "/",
        "/garden-2027/",
        "/garden-2027",
        "/garden-2027/schedule.xml",
        "/garden-2027/tracks.css",
        "/garden-2027/search/?q=x",
        "/garden-2027/nope/",
        "/api/events/",
        "/api/events/nope/",
        "/healthz",
        "/metrics",
        "/robots.txt",
        "/garden-2027/?tz=Nowhere",
    ];
    for path in paths {
        let answer = world.get(path).await;
        let policy = answer.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert!(!answer.header("referrer-policy").is_empty(), "{path}");
        assert!(!answer.header("cache-control").is_empty(), "{path}");
        assert_eq!(answer.header("server"), "", "{path}");
    }
}

#[tokio::test]
async fn pages_hold_nothing_that_the_content_security_policy_forbids() {
    let world = World::new().await;
    for path in [
        "/garden-2027/",
        "/garden-2027/schedule/",
        "/garden-2027/sessions/TALK00/",
        "/garden-2027/now/",
        "/garden-2027/nope/",
    ] {
        let page = world.get(path).await;
        let text = page.text();
        assert!(
            !text.contains(" style=\"") && !text.contains("<style") && !text.contains(" onclick="),
            "{path}"
        );
        for script in text.split("<script").skip(1) {
            let tag = script.split('>').next().unwrap_or_default();
            assert!(tag.contains("src=") || tag.contains("application/ld+json"), "{path}: <script{tag}>");
        }
    }
}

#[tokio::test]
async fn a_client_that_asks_for_nothing_does_not_hold_its_connection() {
    let world = World::new().await;
    let quiet = async |sent: &'static [u8]| {
        let mut stream = TcpStream::connect(world.address).await.unwrap();
        stream.write_all(sent).await.unwrap();
        let mut rest = vec![];
        let closed = tokio::time::timeout(Duration::from_secs(25), stream.read_to_end(&mut rest)).await;
        assert!(closed.is_ok(), "open although it sent only {:?}", String::from_utf8_lossy(sent));
    };
    tokio::join!(quiet(b""), quiet(b"PRI * HT"), quiet(b"GET / HTTP/1.1\r\nHost: "));
}
