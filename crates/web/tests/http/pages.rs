//! Every address of the site answers what it should.

use crate::world::{TALKS, World, links, options};
use axum::http::StatusCode;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

const PAGES: [(&str, &str); 17] = [
    ("/garden-2027/", "Garden Days"),
    ("/garden-2027/schedule/", "Talk number 0"),
    ("/garden-2027/schedule/2027-05-02/", "Talk number 7"),
    ("/garden-2027/schedule/list/", "Talk number 0"),
    ("/garden-2027/schedule/list/2027-05-01/", "Talk number 5"),
    ("/garden-2027/schedule/print/2027-05-01/", "Talk number 5"),
    ("/garden-2027/now/", "Garden Days"),
    ("/garden-2027/sessions/TALK03/", "Talk number 3"),
    ("/garden-2027/speakers/", "Person 4"),
    ("/garden-2027/speakers/person-4/", "Talk number 4"),
    ("/garden-2027/tracks/", "Soil"),
    ("/garden-2027/tracks/soil/", "Talk number 2"),
    ("/garden-2027/rooms/", "Great Hall"),
    ("/garden-2027/rooms/attic/", "Talk number 1"),
    ("/garden-2027/rooms/attic/sign/", "Attic"),
    ("/garden-2027/stars/", "Stars"),
    ("/garden-2027/releases/", "1"),
];

const FILES: [(&str, &str, &str); 10] = [
    ("/garden-2027/schedule.xml", "application/xml; charset=utf-8", "<schedule>"),
    ("/garden-2027/schedule.json", "application/json", "\"schedule\""),
    ("/garden-2027/schedule.v2.json", "application/json", "TALK03"),
    ("/garden-2027/schedule.ics", "text/calendar; charset=utf-8", "BEGIN:VEVENT"),
    ("/garden-2027/schedule.xcal", "application/xml; charset=utf-8", "vevent"),
    ("/garden-2027/schedule.csv", "text/csv; charset=utf-8; header=present", "TALK03"),
    ("/garden-2027/releases.atom", "application/atom+xml; charset=utf-8", "<entry>"),
    ("/garden-2027/sessions/TALK03.ics", "text/calendar; charset=utf-8", "Talk number 3"),
    ("/garden-2027/tracks/soil.ics", "text/calendar; charset=utf-8", "Talk number 2"),
    ("/garden-2027/rooms/attic.ics", "text/calendar; charset=utf-8", "Talk number 1"),
];

#[tokio::test]
async fn every_page_and_file_answers_with_its_content_and_type() {
    let world = World::new().await;
    for (path, needle) in PAGES {
        let answer = world.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{path}");
        assert!(answer.text().contains(needle), "{path} lacks {needle:?}");
    }
    for (path, kind, needle) in FILES {
        let answer = world.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.header("content-type"), kind, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        assert!(answer.text().contains(needle), "{path} lacks {needle:?}");
    }
    let css = world.get("/garden-2027/tracks.css?r=1").await;
    assert_eq!((css.status, css.header("content-type")), (StatusCode::OK, "text/css; charset=utf-8"));
    assert!(css.header("cache-control").contains("immutable"));
    assert!(!world.get("/garden-2027/tracks.css").await.header("cache-control").contains("immutable"));
}

#[tokio::test]
async fn every_link_on_every_page_leads_somewhere() {
    let world = World::new().await;
    let mut seen = BTreeSet::new();
    let mut todo: VecDeque<String> =
        ["/garden-2027/".to_owned(), "/garden-2027/sessions/TALK00/?tz=Asia/Tokyo".to_owned()].into();
    while let Some(path) = todo.pop_front() {
        let answer = world.get(&path).await;
        let fine = answer.status.is_success() || answer.status.is_redirection();
        assert!(fine, "{path}: {}", answer.status);
        if !answer.header("content-type").starts_with("text/html") {
            continue;
        }
        for link in links(answer.text()) {
            let path = link.split('#').next().unwrap_or_default();
            if path.starts_with('/') && !path.ends_with("/events") && seen.insert(path.to_owned()) {
                todo.push_back(path.to_owned());
            }
        }
    }
    assert!(seen.len() > 2 * TALKS, "only {} addresses were found", seen.len());
}

#[tokio::test]
async fn the_root_is_the_one_edition_or_the_list_of_them() {
    let one = World::new().await;
    assert_eq!(one.moves_to("/").await, "/garden-2027/");
    let two =
        World::with(&["garden-2027", "garden-2028"], options(), Arc::new(model::time::SystemClock)).await;
    let list = two.get("/").await;
    assert_eq!(list.status, StatusCode::OK);
    assert!(list.text().contains("/garden-2027/") && list.text().contains("/garden-2028/"));
}

#[tokio::test]
async fn an_address_that_lacks_its_slash_or_letter_case_moves_to_the_one_right_address() {
    let world = World::new().await;
    assert_eq!(world.moves_to("/garden-2027").await, "/garden-2027/");
    assert_eq!(world.moves_to("/garden-2027/schedule?tz=UTC").await, "/garden-2027/schedule/?tz=UTC");
    assert_eq!(world.moves_to("/garden-2027/sessions/TALK01").await, "/garden-2027/sessions/TALK01/");
    assert_eq!(world.moves_to("/garden-2027/rooms/attic").await, "/garden-2027/rooms/attic/");
    assert_eq!(world.moves_to("/garden-2027/sessions/talk01/").await, "/garden-2027/sessions/TALK01/");
    assert_eq!(world.moves_to("/garden-2027/releases/01/").await, "/garden-2027/releases/1/");
    // Not a way to send visitors elsewhere.
    assert_eq!(world.get("//evil.example").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_visitor_may_ask_for_their_own_zone_and_an_unknown_one_is_explained() {
    let world = World::new().await;
    let plain = world.get("/garden-2027/sessions/TALK00/").await;
    let tokyo = world.get("/garden-2027/sessions/TALK00/?tz=Asia%2FTokyo").await;
    assert_eq!(tokyo.status, StatusCode::OK);
    assert!(
        tokyo.text().contains("16:00") && !plain.text().contains("16:00"),
        "09:00 in Berlin is 16:00 in Tokyo"
    );
    assert!(tokyo.text().contains("09:00"), "the conference's own time stays");
    let same = world.get("/garden-2027/sessions/TALK00/?tz=asia/tokyo").await;
    assert_eq!(same.text(), tokyo.text());
    let unknown = world.get("/garden-2027/?tz=Mars/Olympus").await;
    assert_eq!(unknown.status, StatusCode::BAD_REQUEST);
    assert!(
        unknown.text().contains("Mars/Olympus") && unknown.text().contains("Europe/Brussels"),
        "{}",
        unknown.text()
    );
}

#[tokio::test]
async fn search_finds_sessions_and_shows_what_was_asked_without_running_it() {
    let world = World::new().await;
    let found = world.get("/garden-2027/search/?q=number+7+gard").await;
    assert_eq!(found.status, StatusCode::OK);
    assert!(found.text().contains("/garden-2027/sessions/TALK07/"));
    let nasty = world.get("/garden-2027/search/?q=%3Cscript%3Ealert(1)%3C/script%3E%22*%20OR%20NEAR(").await;
    assert_eq!(nasty.status, StatusCode::OK);
    assert!(!nasty.text().contains("<script>alert"));
}

#[tokio::test]
async fn the_page_of_what_is_on_follows_the_clock() {
    let world = World::at("2027-05-01T07:10:00Z").await;
    let now = world.get("/garden-2027/now/").await;
    assert!(now.text().contains("Talk number 0"), "it began at 09:00 in Berlin");
    assert!(now.text().contains("Talk number 5"), "it begins within six hours");
    assert!(!now.text().contains("Talk number 9"), "it is on the next day");
}

#[tokio::test]
async fn assets_stand_at_an_address_that_changes_with_them() {
    let world = World::new().await;
    let page = world.get("/garden-2027/").await;
    let style = links(page.text()).into_iter().find(|link| link.ends_with("style.css")).unwrap();
    let answer = world.get(&style).await;
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "text/css; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
    let outdated = world.get("/assets/000000000000/style.css").await;
    assert_eq!((outdated.status, outdated.header("cache-control")), (StatusCode::OK, "no-store"));
    assert_eq!(world.get("/assets/000000000000/..%2F..%2FCargo.toml").await.status, StatusCode::NOT_FOUND);
}
