//! Pages, the menu, posts and sponsors: written at the desk, public at once, and only what is to be public.

use crate::world::{SignedIn, World};
use axum::http::StatusCode;
use model::permission::{Role, Scope};
use std::time::Duration;
use web::static_site;

const DESK: &str = "/desk/garden-2027";

/// A 1 by 1 pixel PNG.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\xf8\xff\xff?\0\x05\xfe\x02\xfe\xa75\x81\x84\0\0\0\0IEND\xaeB`\x82";

/// Asks until the answer holds a text, as the site follows the record a moment behind.
pub(crate) async fn until(world: &World, path: &str, text: &str) -> String {
    for _ in 0..100 {
        let answer = world.get(path).await;
        if answer.text().contains(text) {
            return answer.text().to_owned();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{path} never said {text}: {}", world.get(path).await.text());
}

async fn write_page(world: &World, who: &SignedIn, title: &str, body: &str, published: bool) -> String {
    let mut fields = vec![("title", title), ("slug", ""), ("body", body), ("do", "save")];
    if published {
        fields.push(("published", "yes"));
    }
    let saved = world.post_as(who, &format!("{DESK}/pages/new/"), &fields).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    saved.header("location").to_owned()
}

#[tokio::test]
async fn a_published_page_is_public_at_once_and_stands_in_the_menu_of_every_page() {
    let world = World::new().await;
    let organiser = world.organiser().await;
    let schedule = world.get("/garden-2027/schedule/").await;
    let file = world.get("/garden-2027/schedule.xml").await;
    assert!(!schedule.text().contains("Getting there"));
    write_page(&world, &organiser, "Getting there", "## By train\n\n| a | b |\n|---|---|\n| 1 | 2 |", true)
        .await;
    write_page(&world, &organiser, "Not yet", "Still being written.", false).await;
    until(&world, "/garden-2027/schedule/", "Getting there").await;
    let page = until(&world, "/garden-2027/pages/getting-there/", "id=\"by-train\"").await;
    assert!(page.contains("<table>"), "{page}");
    assert_eq!(world.get("/garden-2027/pages/not-yet/").await.status, StatusCode::NOT_FOUND);
    assert!(!world.get("/garden-2027/").await.text().contains("Not yet"));
    let again = world.get("/garden-2027/schedule.xml").await;
    assert_eq!(file.header("etag"), again.header("etag"), "the timetable is what it was");
    assert!(world.get("/garden-2027/releases/").await.text().contains("Release 1"));
    assert!(!world.get("/garden-2027/releases/").await.text().contains("Release 2"), "no release was made");
}

#[tokio::test]
async fn a_menu_nests_its_entries_and_hides_what_is_not_published() {
    let world = World::new().await;
    let organiser = world.organiser().await;
    let venue = write_page(&world, &organiser, "Venue", "Here.", true).await;
    let hidden = write_page(&world, &organiser, "Hidden", "There.", false).await;
    let id = |path: &str| path.trim_end_matches('/').rsplit('/').next().unwrap().to_owned();
    let (venue, hidden) = (format!("page:{}", id(&venue)), format!("page:{}", id(&hidden)));
    let fields = [
        ("was:menu", ""),
        ("target-0", "own:schedule"),
        ("label-1", "Attend"),
        ("target-1", "heading"),
        ("target-2", venue.as_str()),
        ("below-2", "yes"),
        ("target-3", hidden.as_str()),
        ("below-3", "yes"),
        ("target-4", "url"),
        ("label-4", "Tickets"),
        ("url-4", "https://tickets.example.org/"),
        ("do", "save"),
    ];
    let saved = world.post_as(&organiser, &format!("{DESK}/menu/"), &fields).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    let page = until(&world, "/garden-2027/speakers/", "Tickets").await;
    assert!(
        page.contains("<summary>Attend</summary>") && page.contains("/garden-2027/pages/venue/"),
        "{page}"
    );
    assert!(!page.contains("Hidden") && page.contains("https://tickets.example.org/"));
    // Somebody who had the form open before sees the other's menu and keeps their own.
    let late = [("was:menu", ""), ("target-0", "own:rooms"), ("do", "save")];
    let late = world.post_as(&organiser, &format!("{DESK}/menu/"), &late).await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(late.text().contains("Somebody else changed the menu") && late.text().contains("Tickets"));
}

#[tokio::test]
async fn two_people_who_edit_one_page_lose_nothing() {
    let world = World::new().await;
    let organiser = world.organiser().await;
    let page = write_page(&world, &organiser, "Venue", "The old text.", false).await;
    let form = |title: &'static str, body: &'static str| {
        vec![
            ("title", title),
            ("was:title", "Venue"),
            ("slug", "venue"),
            ("was:slug", "venue"),
            ("body", body),
            ("was:body", "The old text."),
            ("was:published", ""),
            ("was:position", "1"),
            ("position", "1"),
            ("do", "save"),
        ]
    };
    let first = world.post_as(&organiser, &page, &form("Venue", "What Ada wrote.")).await;
    assert_eq!(first.status, StatusCode::SEE_OTHER, "{}", first.text());
    // Another field: merged.
    let second = world.post_as(&organiser, &page, &form("The venue", "The old text.")).await;
    assert_eq!(second.status, StatusCode::SEE_OTHER, "{}", second.text());
    // The same field: both are told.
    let third = world.post_as(&organiser, &page, &form("Venue", "What Grace wrote.")).await;
    assert_eq!(third.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(third.text().contains("What Ada wrote.") && third.text().contains("What Grace wrote."));
    let kept = world.get_as(&organiser, &page).await;
    assert!(kept.text().contains("What Ada wrote.") && kept.text().contains("The venue"), "{}", kept.text());
}

#[tokio::test]
async fn a_preview_shows_the_page_and_saves_nothing() {
    let world = World::new().await;
    let organiser = world.organiser().await;
    let fields = [("title", "Venue"), ("body", "## Here\n\n<script>alert(1)</script>"), ("do", "preview")];
    let seen = world.post_as(&organiser, &format!("{DESK}/pages/new/"), &fields).await;
    assert_eq!(seen.status, StatusCode::OK);
    assert!(
        seen.text().contains("Preview, not saved") && seen.text().contains(">Here</h3>"),
        "{}",
        seen.text()
    );
    assert!(!seen.text().contains("<script>alert"));
    let list = world.get_as(&organiser, &format!("{DESK}/pages/")).await;
    assert!(list.text().contains("There is no page yet"));
}

#[tokio::test]
async fn a_post_is_drafted_published_followed_and_taken_back() {
    let world = World::new().await;
    let organiser = world.organiser().await;
    let fields = [
        ("title", "The schedule is out"),
        ("kind", "announcement"),
        ("track", ""),
        ("slug", ""),
        ("summary", "See who speaks when."),
        ("body", "At *last*."),
        ("do", "save"),
    ];
    let saved = world.post_as(&organiser, &format!("{DESK}/posts/new/"), &fields).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    let own = saved.header("location").to_owned();
    assert_eq!(world.get("/garden-2027/posts/the-schedule-is-out/").await.status, StatusCode::NOT_FOUND);
    assert!(world.get("/garden-2027/posts/").await.text().contains("Nothing has been posted yet"));
    let over = [("do", "at"), ("publish_at", "2001-01-01T10:00")];
    let over = world.post_as(&organiser, &format!("{own}publish/"), &over).await;
    assert_eq!(over.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(over.text().contains("That time is over"), "{}", over.text());
    let published = world.post_as(&organiser, &format!("{own}publish/"), &[("do", "now")]).await;
    assert_eq!(published.status, StatusCode::SEE_OTHER, "{}", published.text());
    until(&world, "/garden-2027/", "The schedule is out").await;
    let page = until(&world, "/garden-2027/posts/the-schedule-is-out/", "<em>last</em>").await;
    assert!(page.contains("The schedule is out"));
    let feed = world.get("/garden-2027/posts/feed.atom").await;
    assert_eq!(feed.header("content-type"), "application/atom+xml; charset=utf-8");
    assert!(
        feed.text().contains("https://conf.example.org/garden-2027/posts/the-schedule-is-out/")
            && feed.text().contains("&lt;em&gt;last"),
        "{}",
        feed.text()
    );
    let back = world.post_as(&organiser, &format!("{own}take-back/"), &[]).await;
    assert_eq!(back.status, StatusCode::SEE_OTHER);
    until(&world, "/garden-2027/posts/", "Nothing has been posted yet").await;
    assert_eq!(world.get("/garden-2027/posts/the-schedule-is-out/").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_desk_of_posts_shows_a_lead_their_track_and_a_stranger_nothing() {
    let world = World::new().await;
    let edition = world.edition("garden-2027").await;
    let programme = world.store.programme(edition.id).await.unwrap().unwrap();
    let track = programme.tracks[0].id;
    let lead = world.sign_in("lead@example.org", &[(Role::Lead, Scope::Track(edition.id, track))]).await;
    let organiser = world.organiser().await;
    let fields = [("title", "For all"), ("kind", "blog"), ("track", ""), ("body", "x"), ("do", "save")];
    let whole =
        world.post_as(&organiser, &format!("{DESK}/posts/new/"), &fields).await.header("location").to_owned();
    assert_eq!(world.get_as(&lead, &whole).await.status, StatusCode::NOT_FOUND);
    let refused = world.post_as(&lead, &format!("{DESK}/posts/new/"), &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text());
    let track = track.to_string();
    let fields =
        [("title", "Mine"), ("kind", "blog"), ("track", track.as_str()), ("body", "x"), ("do", "save")];
    let mine = world.post_as(&lead, &format!("{DESK}/posts/new/"), &fields).await;
    assert_eq!(mine.status, StatusCode::SEE_OTHER, "{}", mine.text());
    let mine = mine.header("location").to_owned();
    assert_eq!(
        world.post_as(&lead, &format!("{mine}publish/"), &[("do", "now")]).await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(world.get_as(&lead, &format!("{DESK}/pages/")).await.status, StatusCode::FORBIDDEN);
    let stranger = world.sign_in("stranger@example.org", &[]).await;
    for path in ["pages/", "menu/", "posts/", "sponsors/", "mastodon/"] {
        let path = format!("{DESK}/{path}");
        assert_eq!(world.get_as(&stranger, &path).await.status, StatusCode::NOT_FOUND, "{path}");
        assert!(world.get(&path).await.header("location").starts_with("/sign-in/"), "{path}");
    }
}

/// A form with a file, as browsers send it.
pub(crate) fn multipart(fields: &[(&str, &str)], file: (&str, &str, &[u8])) -> (String, Vec<u8>) {
    let boundary = "plenary-test-boundary";
    let mut body = vec![];
    for (name, value) in fields {
        let part =
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    let (field, name, bytes) = file;
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\nContent-Type: image/png\r\n\r\n"
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(bytes);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

#[tokio::test]
async fn a_logo_is_served_as_the_picture_that_it_is_and_a_script_is_refused() {
    let world = World::new().await;
    let organiser = world.organiser().await;
    let levels = [("levels", "Platinum\nGold"), ("was:levels", "")];
    let levels = world.post_as(&organiser, &format!("{DESK}/sponsors/levels/"), &levels).await;
    assert_eq!(levels.status, StatusCode::SEE_OTHER, "{}", levels.text());
    let send = async |name: &str, bytes: &[u8]| {
        let fields = [("name", "Acme & Sons"), ("level", "Gold"), ("url", "https://acme.example.org/")];
        let (kind, body) = multipart(&fields, ("logo_file", name, bytes));
        let headers = [
            ("content-type", kind.as_str()),
            ("cookie", organiser.cookie.as_str()),
            ("sec-fetch-site", "same-origin"),
        ];
        world.send_bytes("POST", &format!("{DESK}/sponsors/new/"), &headers, body).await
    };
    let refused = send("logo.png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.text().contains("It is an SVG") && refused.text().contains("Acme &#38; Sons"),
        "{}",
        refused.text()
    );
    let taken = send("../../evil.html", PNG).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.text());
    let page = until(&world, "/garden-2027/speakers/", "/garden-2027/uploads/").await;
    let at = page.find("/garden-2027/uploads/").unwrap();
    let path: String = page[at..].chars().take_while(|c| *c != '"').collect();
    let ending = std::path::Path::new(&path).extension();
    assert!(ending.is_some_and(|ending| ending == "png") && !path.contains("evil"), "{path}");
    let logo = world.get(&path).await;
    assert_eq!((logo.status, &logo.body[..]), (StatusCode::OK, PNG));
    assert_eq!(logo.header("content-type"), "image/png");
    assert_eq!(logo.header("x-content-type-options"), "nosniff");
    assert_eq!(logo.header("content-security-policy"), "default-src 'none'; sandbox");
    let unknown = format!("/garden-2027/uploads/{}.png", "0".repeat(32));
    assert_eq!(world.get(&unknown).await.status, StatusCode::NOT_FOUND);
    // The copy of the site has the picture too.
    let out = world.folder.path().join("copy");
    static_site::write(&world.site, None, &out).await.unwrap();
    assert_eq!(std::fs::read(out.join(path.trim_start_matches('/'))).unwrap(), PNG);
}

#[tokio::test]
async fn a_token_is_taken_and_never_shown() {
    let world = World::new().await;
    let organiser = world.organiser().await;
    let token = "ZA-Yj3aBD8U8Cm7lKUp";
    let fields = [("server", "social.example.org"), ("token", token), ("visibility", "public")];
    let saved = world.post_as(&organiser, &format!("{DESK}/mastodon/"), &fields).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    let shown = world.get_as(&organiser, &format!("{DESK}/mastodon/")).await;
    assert!(shown.text().contains("https://social.example.org") && !shown.text().contains(token));
    let wrong = [
        ("server", "javascript:alert(1)"),
        ("token", token),
        ("visibility", "public"),
        ("was:server", "https://social.example.org"),
    ];
    let refused = world.post_as(&organiser, &format!("{DESK}/mastodon/"), &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!refused.text().contains(token), "not even when it is refused");
}

#[tokio::test]
async fn somebody_subscribes_and_ends_it() {
    let world = World::new().await;
    let reader = world.sign_in("reader@example.org", &[]).await;
    let path = "/garden-2027/subscribe/";
    assert!(world.get(path).await.header("location").starts_with("/sign-in/"));
    assert!(world.get_as(&reader, path).await.text().contains("would be sent to"));
    world.post_as(&reader, path, &[("wanted", "yes")]).await;
    assert!(world.get_as(&reader, path).await.text().contains("Send me no more"));
    world.post_as(&reader, path, &[("wanted", "no")]).await;
    assert!(world.get_as(&reader, path).await.text().contains("would be sent to"));
}
