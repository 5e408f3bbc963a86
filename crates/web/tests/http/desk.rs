//! The desk: who gets in, forms that lose nothing, the audit log.

use crate::world::World;
use axum::http::StatusCode;
use model::permission::{Role, Scope};

const TRACKS: &str = "/desk/garden-2027/tracks/";

#[tokio::test]
async fn a_visitor_is_led_to_sign_in_and_back() {
    let world = World::new().await;
    let answer = world.get_with(TRACKS, &[("accept", "text/html")]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.header("location"), "/sign-in/?next=%2Fdesk%2Fgarden-2027%2Ftracks%2F");
    let program = world.get_with(TRACKS, &[("accept", "application/json")]).await;
    assert_eq!(program.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_desk_of_another_edition_is_not_there() {
    let world = World::with(
        &["garden-2027", "orchard-2027"],
        crate::world::options(),
        std::sync::Arc::new(model::time::SystemClock),
    )
    .await;
    let organiser = world.organiser().await;
    assert_eq!(world.get_as(&organiser, TRACKS).await.status, StatusCode::OK);
    assert_eq!(world.get_as(&organiser, "/desk/orchard-2027/tracks/").await.status, StatusCode::NOT_FOUND);
    let home = world.get_as(&organiser, "/desk/").await;
    assert!(home.text().contains("garden-2027") && !home.text().contains("orchard-2027"));
    let nobody = world.sign_in("nobody@example.org", &[]).await;
    assert_eq!(world.get_as(&nobody, TRACKS).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_refused_form_keeps_what_was_typed_and_says_why_at_the_field() {
    let world = World::new().await;
    let organiser = world.organiser().await;
    let fields = [("name", "Fire <b>"), ("slug", "Not A Slug"), ("colour", ""), ("description", "long text")];
    let answer = world.post_as(&organiser, "/desk/garden-2027/tracks/new/", &fields).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = answer.text();
    assert!(page.contains("Fire &#60;b&#62;") && page.contains("long text"), "{page}");
    assert!(page.contains("id=\"e-slug\"") && page.contains("not-a-slug"), "{page}");
}

#[tokio::test]
async fn two_people_who_edit_the_same_track_lose_nothing() {
    let world = World::new().await;
    let organiser = world.organiser().await;
    let programme = world.store.programme(world.edition("garden-2027").await.id).await.unwrap().unwrap();
    let track = programme.tracks[0].clone();
    let path = format!("{TRACKS}{}/", track.id);
    let form = |name: &'static str, was: &'static str, text: &'static str| {
        [
            ("name", name),
            ("was:name", was),
            ("slug", "soil"),
            ("was:slug", "soil"),
            ("description", text),
            ("was:description", ""),
        ]
    };
    let first = world.post_as(&organiser, &path, &form("Earth", "Soil", "")).await;
    assert_eq!(first.status, StatusCode::SEE_OTHER, "{}", first.text());
    // The other had the form open before that, and changed another field.
    let second = world.post_as(&organiser, &path, &form("Soil", "Soil", "About worms.")).await;
    assert_eq!(second.status, StatusCode::SEE_OTHER, "{}", second.text());
    let merged = world.store.programme(programme.edition.id).await.unwrap().unwrap();
    let merged = merged.tracks.iter().find(|other| other.id == track.id).unwrap();
    assert_eq!((merged.name.as_str(), merged.description.as_str()), ("Earth", "About worms."));
    // A third changed the same field.
    let third = world.post_as(&organiser, &path, &form("Ground", "Soil", "")).await;
    assert_eq!(third.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        third.text().contains("value=\"Ground\"") && third.text().contains("<pre>Earth</pre>"),
        "{}",
        third.text()
    );
}

#[tokio::test]
async fn the_log_says_who_changed_what_and_only_to_those_who_may_know() {
    let world = World::new().await;
    let organiser = world.organiser().await;
    let fields = [("name", "Fire"), ("slug", ""), ("colour", ""), ("description", "")];
    let added = world.post_as(&organiser, "/desk/garden-2027/tracks/new/", &fields).await;
    assert_eq!(added.status, StatusCode::SEE_OTHER);
    let log = world.get_as(&organiser, "/desk/garden-2027/log/?kind=track").await;
    assert!(log.text().contains("organiser</a>") && log.text().contains("track created"), "{}", log.text());
    let by = world.get_as(&organiser, &format!("/desk/garden-2027/log/?who={}", organiser.account)).await;
    assert_eq!(by.text().matches("created</td>").count(), 1, "{}", by.text());
    assert_eq!(world.get_as(&organiser, "/desk/log/").await.status, StatusCode::FORBIDDEN);
    let entry = world.store.head().await.unwrap();
    assert_eq!(world.get_as(&organiser, &format!("/desk/log/{entry}/")).await.status, StatusCode::OK);
    let scope = Scope::Edition(world.edition("garden-2027").await.id);
    let crew = world.sign_in("crew@example.org", &[(Role::Crew, scope)]).await;
    assert_eq!(world.get_as(&crew, "/desk/garden-2027/log/").await.status, StatusCode::FORBIDDEN);
    assert_eq!(world.get_as(&crew, &format!("/desk/log/{entry}/")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_form_of_another_site_is_refused() {
    let world = World::new().await;
    let organiser = world.organiser().await;
    let headers = [
        ("cookie", organiser.cookie.as_str()),
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://evil.example"),
    ];
    let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
    all.extend(headers);
    let answer = world.send("POST", "/desk/garden-2027/tracks/new/", &all, "name=Fire").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}
