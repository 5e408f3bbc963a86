//! Conditional requests, codings, and what may be kept for how long.

use crate::world::{World, conference, import};
use axum::http::StatusCode;
use std::{io::Read, time::Duration};

#[tokio::test]
async fn every_coding_decodes_to_the_same_bytes() {
    let world = World::new().await;
    for path in ["/garden-2027/schedule/", "/garden-2027/schedule.xml", "/garden-2027/sessions/TALK01/"] {
        let plain = world.get(path).await;
        assert_eq!(plain.header("content-encoding"), "");
        for coding in ["br", "zstd", "gzip"] {
            let sent = world.get_with(path, &[("accept-encoding", coding)]).await;
            assert_eq!(sent.header("content-encoding"), coding, "{path}");
            assert_eq!(sent.header("vary"), "accept-encoding");
            assert_eq!(sent.header("content-length"), sent.body.len().to_string());
            assert!(
                sent.body.len() * 2 < plain.body.len(),
                "{path} in {coding}: {} of {} bytes",
                sent.body.len(),
                plain.body.len()
            );
            let mut decoded = vec![];
            match coding {
                "br" => brotli::BrotliDecompress(&mut &sent.body[..], &mut decoded).unwrap(),
                "zstd" => decoded = zstd::decode_all(&sent.body[..]).unwrap(),
                _ => assert_ne!(
                    flate2::read::GzDecoder::new(&sent.body[..]).read_to_end(&mut decoded).unwrap(),
                    0
                ),
            }
            assert_eq!(decoded, plain.body, "{path} in {coding}");
        }
    }
}

#[tokio::test]
async fn who_holds_the_newest_body_gets_304_and_after_a_release_the_new_one() {
    let world = World::new().await;
    for path in ["/garden-2027/schedule.ics", "/garden-2027/sessions/TALK00/"] {
        let first = world.get_with(path, &[("accept-encoding", "gzip")]).await;
        let tag = first.header("etag").to_owned();
        assert!(tag.starts_with('"') && !first.header("last-modified").is_empty(), "{path}");
        for condition in
            [("if-none-match", tag.as_str()), ("if-modified-since", first.header("last-modified"))]
        {
            let again = world.get_with(path, &[("accept-encoding", "gzip"), condition]).await;
            assert_eq!(again.status, StatusCode::NOT_MODIFIED, "{path} {condition:?}");
            assert!(again.body.is_empty());
            assert!(!again.header("cache-control").is_empty() && !again.header("etag").is_empty());
        }
    }
    let tag = world.get("/garden-2027/schedule.ics").await.header("etag").to_owned();
    import(&world.store, &conference("garden-2027", true)).await;
    for _ in 0..50 {
        let now = world.get_with("/garden-2027/schedule.ics", &[("if-none-match", &tag)]).await;
        if now.status == StatusCode::OK {
            assert_ne!(now.header("etag"), tag);
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the new release was not served within 5 s");
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let world = World::new().await;
    for path in [
        "/garden-2027/schedule/",
        "/garden-2027/schedule.xml",
        "/garden-2027/search/?q=talk",
        "/api/events/",
        "/garden-2027/nothing/",
    ] {
        let get = world.get(path).await;
        let head = world.send("HEAD", path, &[], "").await;
        assert_eq!(head.status, get.status, "{path}");
        assert!(head.body.is_empty(), "{path}");
        for name in ["content-type", "etag", "cache-control"] {
            assert_eq!(head.header(name), get.header(name), "{path} {name}");
        }
        if path != "/garden-2027/nothing/" {
            assert_eq!(head.header("content-length"), get.body.len().to_string(), "{path}");
        }
    }
}

#[tokio::test]
async fn public_pages_may_be_kept_for_a_short_while() {
    let world = World::new().await;
    assert_eq!(
        world.get("/garden-2027/schedule/").await.header("cache-control"),
        "public, max-age=10, stale-while-revalidate=50"
    );
    assert_eq!(
        world.get("/garden-2027/schedule.json").await.header("cache-control"),
        "public, max-age=60, stale-while-revalidate=240"
    );
}

#[tokio::test]
async fn a_body_is_drawn_once_however_many_ask() {
    let world = World::new().await;
    let asked = (0..40).map(|_| world.get("/garden-2027/schedule.xcal"));
    let answers = futures_util::future::join_all(asked).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::OK));
    let figures = world.get("/metrics").await;
    let figure = |name: &str| {
        figures
            .text()
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .map(|n| n.trim().parse::<u64>().unwrap())
    };
    assert_eq!(figure("plenary_bodies_drawn_total"), Some(1));
}
