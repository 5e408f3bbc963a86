//! Addresses of other systems, as their tools ask for them.

use crate::world::{BASE, TALKS, World, options};
use axum::http::StatusCode;
use model::time::SystemClock;
use std::{collections::BTreeSet, sync::Arc};

#[tokio::test]
async fn pretalxs_exports_and_pages_are_where_apps_look() {
    let world = World::new().await;
    for (theirs, ours) in [
        ("/garden-2027/schedule/export/schedule.xml", "/garden-2027/schedule.xml"),
        ("/garden-2027/schedule/export/schedule.xcal", "/garden-2027/schedule.xcal"),
        ("/garden-2027/schedule/export/schedule.json", "/garden-2027/schedule.json"),
        ("/garden-2027/schedule/export/schedule.ics", "/garden-2027/schedule.ics"),
        ("/garden-2027/schedule/feed.xml", "/garden-2027/releases.atom"),
        ("/garden-2027/talk/TALK01.ics", "/garden-2027/sessions/TALK01.ics"),
        ("/event/garden-2027/event.ics", "/garden-2027/schedule.ics"),
    ] {
        let (theirs, ours) = (world.get(theirs).await, world.get(ours).await);
        assert_eq!((theirs.status, &theirs.body), (StatusCode::OK, &ours.body));
        assert_eq!(theirs.header("content-type"), ours.header("content-type"));
    }
    assert_eq!(world.moves_to("/garden-2027/talk/TALK01/").await, "/garden-2027/sessions/TALK01/");
    assert_eq!(world.moves_to("/garden-2027/talk/").await, "/garden-2027/schedule/list/");
    assert_eq!(world.moves_to("/garden-2027/speaker/PERS04/").await, "/garden-2027/speakers/person-4/");
    assert_eq!(world.moves_to("/garden-2027/schedule/v/1/").await, "/garden-2027/releases/1/");
    assert_eq!(world.moves_to("/garden-2027/schedule/v/latest/").await, "/garden-2027/schedule/");
    let widget = world.get("/garden-2027/schedule/widgets/schedule.json").await;
    assert_eq!(widget.header("access-control-allow-origin"), "*");
    assert_eq!(widget.json()["talks"].as_array().unwrap().len(), TALKS);
}

#[tokio::test]
async fn pretalxs_lists_are_read_page_by_page_in_both_ways() {
    let world = World::new().await;
    for start in [
        "/api/events/garden-2027/submissions/?page_size=5",
        "/api/events/garden-2027/talks/?limit=5&offset=0",
    ] {
        let mut codes = BTreeSet::new();
        let mut next = Some(start.to_owned());
        let mut pages = 0;
        while let Some(path) = next {
            let page = world.get(&path).await.json();
            assert_eq!(page["count"], TALKS);
            codes.extend(
                page["results"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|talk| talk["code"].as_str().unwrap().to_owned()),
            );
            next = page["next"].as_str().map(|url| url.strip_prefix(BASE).unwrap().to_owned());
            pages += 1;
        }
        assert_eq!((codes.len(), pages), (TALKS, 3), "{start}");
    }
    let one = world.get("/api/events/garden-2027/submissions/TALK03/?expand=speakers").await.json();
    assert_eq!(one["speakers"][0]["name"], "Person 3");
    for list in ["speakers", "rooms", "tracks", "schedules", "slots"] {
        let answer = world.get(&format!("/api/events/garden-2027/{list}/")).await.json();
        assert!(!answer["results"].as_array().unwrap().is_empty(), "{list}");
    }
    assert_eq!(world.get("/api/events/").await.json()["results"][0]["slug"], "garden-2027");
    assert_eq!(world.get("/api/events/garden-2027/").await.json()["timezone"], "Europe/Berlin");
    assert_eq!(world.get("/api/events/garden-2027/submissions/?page=9").await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        world.get("/api/events/garden-2027/submissions/?page=x").await.status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(world.get("/api/events/garden-2027/reviews/").await.status, StatusCode::NOT_FOUND);
    assert_eq!(world.moves_to("/api/events").await, "/api/events/");
}

#[tokio::test]
async fn indicos_timetable_is_read_by_identifier_and_by_several() {
    let world = World::with(&["garden-2027", "garden-2028"], options(), Arc::new(SystemClock)).await;
    let one = world.get("/export/timetable/garden-2027.json?pretty=yes").await.json();
    assert_eq!(one["_type"], "HTTPAPIResult");
    let days = one["results"]["garden-2027"].as_object().unwrap();
    let entries: usize = days.values().map(|day| day.as_object().unwrap().len()).sum();
    assert_eq!((days.len(), entries), (2, TALKS));
    let both = world.get("/export/timetable/garden-2027-garden-2028.json").await.json();
    assert!(both["results"]["garden-2027"].is_object() && both["results"]["garden-2028"].is_object());
}

#[tokio::test]
async fn conference_bot_finds_its_talks() {
    let world = World::new().await;
    let newest = world.get("/p/matrix").await;
    assert_eq!(newest.json()["talks"].as_array().unwrap().len(), TALKS);
    assert_eq!(world.get("/garden-2027/p/matrix").await.body, newest.body);
}
