//! The API: what it says, who may, and that nothing is lost when two change the same thing.

use crate::world::{Answer, World};
use axum::http::StatusCode;
use model::{
    feed::Actor,
    id::AccountId,
    permission::{Role, Scope, TokenScope},
    text::Line,
};
use serde_json::{Value, json};
use store::NewToken;

pub(crate) const EDITION: &str = "/api/v1/editions/garden-2027";

/// A token of somebody with that role in `garden-2027`.
pub(crate) async fn token(world: &World, role: Role, scope: TokenScope) -> (AccountId, String) {
    let edition = world.edition("garden-2027").await;
    let who = world.sign_in(&format!("{role}@example.org"), &[(role, Scope::Edition(edition.id))]).await;
    let new = NewToken { name: Line::from("test"), scope, edition: None, expires: None };
    let actor = Actor::person(who.account);
    (who.account, world.store.add_token(&actor, who.account, &new).await.unwrap().1)
}

/// Sends JSON with a token, and the tag that was seen.
pub(crate) async fn send(
    world: &World,
    method: &str,
    path: &str,
    token: &str,
    seen: &str,
    body: &Value,
) -> Answer {
    let bearer = format!("Bearer {token}");
    let kind = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
    let mut headers = vec![("content-type", kind), ("authorization", bearer.as_str())];
    if !seen.is_empty() {
        headers.push(("if-match", seen));
    }
    let body = if body.is_null() { String::new() } else { body.to_string() };
    world.send(method, path, &headers, &body).await
}

pub(crate) async fn read(world: &World, path: &str, token: &str) -> Answer {
    world.get_with(path, &[("authorization", &format!("Bearer {token}"))]).await
}

pub(crate) fn problem(answer: &Answer, status: StatusCode) -> Value {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!(problem["status"], status.as_u16());
    assert!(!problem["remedy"].as_str().unwrap().is_empty());
    problem
}

#[tokio::test]
async fn what_is_released_is_read_without_a_token_page_by_page() {
    let world = World::new().await;
    let mut path = format!("{EDITION}/sessions?limit=5");
    let mut codes = vec![];
    loop {
        let answer = world.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        let page = answer.json();
        codes.extend(
            page["items"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else { break };
        assert!(answer.header("link").contains(next) && answer.header("link").ends_with("rel=\"next\""));
        path = format!("{EDITION}/sessions?limit=5&after={next}");
    }
    codes.sort();
    let expected: Vec<String> = (0..crate::world::TALKS).map(|at| format!("TALK{at:02}")).collect();
    assert_eq!(codes, expected);
    for list in ["rooms", "tracks", "persons", "sponsors", "releases"] {
        assert_eq!(world.get(&format!("{EDITION}/{list}")).await.status, StatusCode::OK, "{list}");
    }
    let of_track = world.get(&format!("{EDITION}/sessions?track=soil")).await.json();
    assert_eq!(of_track["items"].as_array().unwrap().len(), crate::world::TALKS / 2);
    assert!(
        world.get(&format!("{EDITION}/sessions?track=nowhere")).await.json()["items"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    for list in ["pages", "posts"] {
        assert_eq!(world.get(&format!("{EDITION}/{list}")).await.status, StatusCode::OK, "{list}");
    }
    for private in ["session-types", "registrations"] {
        problem(&world.get(&format!("{EDITION}/{private}")).await, StatusCode::UNAUTHORIZED);
    }
    let (_, token) = token(&world, Role::Organiser, TokenScope::Read).await;
    for private in ["session-types", "registrations"] {
        assert_eq!(
            read(&world, &format!("{EDITION}/{private}"), &token).await.status,
            StatusCode::OK,
            "{private}"
        );
    }
    problem(&world.get(&format!("{EDITION}/sessions?limit=0")).await, StatusCode::BAD_REQUEST);
    problem(&world.get(&format!("{EDITION}/sessions?after=nonsense")).await, StatusCode::BAD_REQUEST);
    problem(&world.get("/api/v1/editions/nowhere/sessions").await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_answer_that_the_caller_has_is_not_sent_again() {
    let world = World::new().await;
    for path in [format!("{EDITION}/sessions"), format!("{EDITION}/sessions/TALK00"), EDITION.to_owned()] {
        let first = world.get(&path).await;
        let tag = first.header("etag").to_owned();
        let again = world.get_with(&path, &[("if-none-match", &tag)]).await;
        assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0), "{path}");
    }
}

#[tokio::test]
async fn the_working_state_is_for_those_who_may_see_the_desk() {
    let world = World::new().await;
    let path = format!("{EDITION}/sessions?state=working");
    let visitor = world.get(&path).await;
    problem(&visitor, StatusCode::UNAUTHORIZED);
    assert!(visitor.header("www-authenticate").starts_with("Bearer"));
    problem(&read(&world, &path, "plenary_nonsense").await, StatusCode::UNAUTHORIZED);
    problem(&world.get_with(&path, &[("authorization", "Basic YTpi")]).await, StatusCode::UNAUTHORIZED);
    let (_, token) = token(&world, Role::Reviewer, TokenScope::Read).await;
    assert_eq!(read(&world, &path, &token).await.status, StatusCode::OK);
    let nobody = world.sign_in("nobody@example.org", &[]).await;
    let new = NewToken { name: Line::from("test"), scope: TokenScope::Write, edition: None, expires: None };
    let (_, text) = world.store.add_token(&Actor::System, nobody.account, &new).await.unwrap();
    problem(&read(&world, &path, &text).await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_change_needs_what_was_seen_and_the_second_of_two_is_told() {
    let world = World::new().await;
    let (account, token) = token(&world, Role::Organiser, TokenScope::Write).await;
    let path = format!("{EDITION}/sessions/TALK00");
    let working = format!("{path}?state=working");
    let tag = read(&world, &working, &token).await.header("etag").to_owned();
    let patch = json!({ "title": "Compost", "subtitle": "From waste" });
    problem(&send(&world, "PATCH", &path, &token, "", &patch).await, StatusCode::PRECONDITION_REQUIRED);
    let changed = send(&world, "PATCH", &path, &token, &tag, &patch).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text());
    assert_eq!((&changed.json()["title"], &changed.json()["code"]), (&json!("Compost"), &json!("TALK00")));
    assert_eq!(read(&world, &working, &token).await.header("etag"), changed.header("etag"));
    let late = send(&world, "PATCH", &path, &token, &tag, &json!({ "title": "Mine" })).await;
    problem(&late, StatusCode::PRECONDITION_FAILED);
    assert_eq!(read(&world, &working, &token).await.json()["title"], "Compost");
    // What is public changes with the next release only.
    assert_ne!(world.get(&path).await.json()["title"], "Compost");
    let released =
        send(&world, "POST", &format!("{EDITION}/releases"), &token, "", &json!({ "note": "By API" })).await;
    assert_eq!(released.status, StatusCode::CREATED, "{}", released.text());
    assert_eq!(released.json()["number"], 2);
    let again = send(&world, "POST", &format!("{EDITION}/releases"), &token, "", &json!({})).await;
    assert_eq!(again.status, StatusCode::OK, "nothing to publish");
    // The feed names the person and the token.
    let entry = world.store.changes_since(0, 10_000).await.unwrap();
    let actor = format!("person:{account}/token:");
    assert!(entry.iter().any(|entry| entry.kind == "session" && entry.actor.starts_with(&actor)));
}

#[tokio::test]
async fn a_refusal_names_the_field_and_what_to_do() {
    let world = World::new().await;
    let (_, token) = token(&world, Role::Organiser, TokenScope::Write).await;
    let sessions = format!("{EDITION}/sessions");
    for (body, field) in [
        (json!({ "title": " " }), "title"),
        (json!({ "title": "T", "code": "a b" }), "code"),
        (json!({ "title": "T", "code": "TALK01" }), "code"),
        (json!({ "title": "T", "logo": "javascript:alert(1)" }), "logo"),
        (json!({ "title": "T", "track": uuid() }), "track"),
        (json!({ "title": "T", "people": [{ "person": uuid() }] }), "people"),
        (json!({ "title": 7 }), "body"),
        (json!({}), "body"),
        (json!([]), "body"),
    ] {
        let answer = send(&world, "POST", &sessions, &token, "", &body).await;
        let said = problem(&answer, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(said["field"], field, "{body}: {said}");
    }
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "text/plain")];
    problem(&world.send("POST", &sessions, &headers, "{}").await, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    problem(&world.send("POST", &sessions, &headers, "{").await, StatusCode::BAD_REQUEST);
    let large = json!({ "title": "x".repeat(1_100_000) }).to_string();
    problem(&world.send("POST", &sessions, &headers, &large).await, StatusCode::PAYLOAD_TOO_LARGE);
    let wrong = world.send("PUT", &sessions, &headers, "{}").await;
    problem(&wrong, StatusCode::METHOD_NOT_ALLOWED);
    assert!(wrong.header("allow").contains("POST"));
}

pub(crate) fn uuid() -> String {
    "00000000-0000-4000-8000-00000000abcd".to_owned()
}

#[tokio::test]
async fn a_session_is_added_placed_delayed_cancelled_and_removed() {
    let world = World::new().await;
    let (_, token) = token(&world, Role::Organiser, TokenScope::Write).await;
    let room = world.get(&format!("{EDITION}/rooms")).await.json()["items"][0]["id"].clone();
    let new =
        send(&world, "POST", &format!("{EDITION}/sessions"), &token, "", &json!({ "title": "Weeding" }))
            .await;
    assert_eq!(new.status, StatusCode::CREATED, "{}", new.text());
    let at = new.header("location").to_owned();
    assert_eq!(read(&world, &format!("{at}?state=working"), &token).await.json(), new.json());
    let deed = async |name: &str, body: Value| {
        let answer = send(&world, "POST", &format!("{at}/{name}"), &token, "", &body).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}: {}", answer.text());
        answer.json()["slots"].clone()
    };
    let placed = deed("place", json!({ "room": room, "start": "2027-05-02T13:00:00Z", "minutes": 30 })).await;
    assert_eq!((&placed[0]["room"], &placed[0]["end"]), (&room, &json!("2027-05-02T13:30:00Z")));
    let moved = deed("place", json!({ "room": room, "start": "2027-05-02T14:00:00Z", "minutes": 45 })).await;
    assert_eq!(
        (moved.as_array().unwrap().len(), &moved[0]["id"]),
        (1, &placed[0]["id"]),
        "the same slot moved"
    );
    assert_eq!(deed("delay", json!({ "minutes": 10 })).await[0]["delay"], 10);
    assert_eq!(deed("cancel", json!({})).await[0]["standing"], "cancelled");
    assert_eq!(deed("restore", json!({})).await[0]["standing"], "planned");
    let further = deed("place", json!({ "slot": 0, "start": "2027-05-02T15:00:00Z", "minutes": 45 })).await;
    assert_eq!(further.as_array().unwrap().len(), 2);
    let unclear = json!({ "start": "2027-05-02T16:00:00Z", "minutes": 45 });
    let answer = send(&world, "POST", &format!("{at}/place"), &token, "", &unclear).await;
    assert_eq!(problem(&answer, StatusCode::UNPROCESSABLE_ENTITY)["field"], "slot");
    assert!(deed("unplace", json!({})).await.as_array().unwrap().is_empty());
    let gone = send(&world, "DELETE", &at, &token, "*", &Value::Null).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.text());
    problem(&read(&world, &format!("{at}?state=working"), &token).await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn parts_of_the_programme_are_added_changed_and_removed_alike() {
    let world = World::new().await;
    let (_, token) = token(&world, Role::Organiser, TokenScope::Write).await;
    for (list, field) in [
        ("rooms", "description"),
        ("tracks", "description"),
        ("persons", "biography"),
        ("sponsors", "description"),
    ] {
        let mut body = json!({ "name": "Something new" });
        if list == "sponsors" {
            body["level"] = json!("Gold");
        }
        let new = send(&world, "POST", &format!("{EDITION}/{list}"), &token, "", &body).await;
        assert_eq!(new.status, StatusCode::CREATED, "{list}: {}", new.text());
        let at = new.header("location").to_owned();
        let tag = new.header("etag").to_owned();
        let changed = send(&world, "PATCH", &at, &token, &tag, &json!({ field: "Told" })).await;
        assert_eq!(changed.status, StatusCode::OK, "{list}: {}", changed.text());
        assert_eq!(
            (&changed.json()[field], &changed.json()["name"]),
            (&json!("Told"), &json!("Something new"))
        );
        let late = send(&world, "DELETE", &at, &token, &tag, &Value::Null).await;
        problem(&late, StatusCode::PRECONDITION_FAILED);
        let gone = send(&world, "DELETE", &at, &token, changed.header("etag"), &Value::Null).await;
        assert_eq!(gone.status, StatusCode::NO_CONTENT, "{list}: {}", gone.text());
    }
}

#[tokio::test]
async fn what_organisers_write_is_added_changed_and_removed_and_the_second_of_two_is_told() {
    let world = World::new().await;
    let (_, token) = token(&world, Role::Organiser, TokenScope::Write).await;
    for (list, body, patch) in [
        ("pages", json!({ "title": "Getting here" }), json!({ "body": "By train." })),
        ("posts", json!({ "title": "Getting here" }), json!({ "body": "By train." })),
        ("session-types", json!({ "name": "Walk", "minutes": 90 }), json!({ "minutes": 120 })),
        ("registrations", json!({ "email": "guest@example.org" }), json!({ "state": "cancelled" })),
    ] {
        let new = send(&world, "POST", &format!("{EDITION}/{list}"), &token, "", &body).await;
        assert_eq!(new.status, StatusCode::CREATED, "{list}: {}", new.text());
        let (at, tag) = (new.header("location").to_owned(), new.header("etag").to_owned());
        assert_eq!(read(&world, &at, &token).await.header("etag"), tag, "{list}");
        problem(&send(&world, "PATCH", &at, &token, "", &patch).await, StatusCode::PRECONDITION_REQUIRED);
        let changed = send(&world, "PATCH", &at, &token, &tag, &patch).await;
        assert_eq!(changed.status, StatusCode::OK, "{list}: {}", changed.text());
        for (field, value) in patch.as_object().unwrap() {
            assert_eq!(changed.json()[field], *value, "{list}");
        }
        for (field, value) in body.as_object().unwrap().iter().filter(|(field, _)| !patch[field].is_null()) {
            assert_ne!(changed.json()[field], *value, "{list}");
        }
        let late = send(&world, "PATCH", &at, &token, &tag, &json!({})).await;
        problem(&late, StatusCode::PRECONDITION_FAILED);
        if list == "registrations" {
            let never = send(&world, "DELETE", &at, &token, "*", &Value::Null).await;
            problem(&never, StatusCode::METHOD_NOT_ALLOWED);
            continue;
        }
        problem(
            &send(&world, "DELETE", &at, &token, &tag, &Value::Null).await,
            StatusCode::PRECONDITION_FAILED,
        );
        let gone = send(&world, "DELETE", &at, &token, changed.header("etag"), &Value::Null).await;
        assert_eq!(gone.status, StatusCode::NO_CONTENT, "{list}: {}", gone.text());
        problem(&read(&world, &at, &token).await, StatusCode::NOT_FOUND);
    }
    for (list, body, field) in [
        ("pages", json!({ "title": "" }), "title"),
        ("pages", json!({ "title": "T", "slug": "a b" }), "slug"),
        ("pages", json!({ "title": "T", "position": 10_000 }), "position"),
        ("posts", json!({ "title": "T", "mail_to": ["everybody"] }), "mail_to"),
        ("posts", json!({ "title": "T", "track": uuid() }), "track"),
        ("session-types", json!({ "name": "Walk", "minutes": 0 }), "minutes"),
        ("session-types", json!({ "name": "", "minutes": 5 }), "name"),
        ("registrations", json!({ "email": "nobody" }), "email"),
        ("registrations", json!({ "email": "guest@example.org" }), "email"),
        ("registrations", json!({ "email": "b@example.org", "zone": "Mars/Olympus" }), "zone"),
    ] {
        let answer = send(&world, "POST", &format!("{EDITION}/{list}"), &token, "", &body).await;
        let said = problem(&answer, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(said["field"], field, "{list} {body}: {said}");
    }
}

#[tokio::test]
async fn a_program_that_moves_the_dates_fills_the_notice_like_the_desk_and_keeps_the_address() {
    let world = World::new().await;
    let (_, token) = token(&world, Role::Organiser, TokenScope::Write).await;
    let change = async |patch: Value| send(&world, "PATCH", EDITION, &token, "*", &patch).await;
    let moved = change(json!({ "first_day": "2027-05-01", "last_day": "2027-05-03" })).await;
    assert_eq!(moved.status, StatusCode::OK, "{}", moved.text());
    assert_eq!(
        moved.json()["notice"],
        "The dates are now 1 to 3 May 2027, before they were 1 to 2 May 2027."
    );
    let again = change(json!({ "last_day": "2027-05-04" })).await;
    assert_eq!(
        again.json()["notice"],
        "The dates are now 1 to 4 May 2027, before they were 1 to 2 May 2027."
    );
    change(json!({ "notice": "Bring a coat." })).await;
    let kept = change(json!({ "last_day": "2027-05-05" })).await;
    assert_eq!(kept.json()["notice"], "Bring a coat.");
    let said = problem(&change(json!({ "slug": "elsewhere" })).await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(said["field"], "slug");
}

#[tokio::test]
async fn caps_on_registrations_are_set_counted_and_respected() {
    let world = World::new().await;
    let (_, token) = token(&world, Role::Registrar, TokenScope::Write).await;
    let at = format!("{EDITION}/registration-caps");
    let none = read(&world, &at, &token).await;
    assert_eq!(none.json(), json!({ "caps": {} }));
    let caps = json!({ "caps": { "student": 1, "virtual": 0 } });
    problem(&send(&world, "PUT", &at, &token, "", &caps).await, StatusCode::PRECONDITION_REQUIRED);
    let set = send(&world, "PUT", &at, &token, none.header("etag"), &caps).await;
    assert_eq!((set.status, set.json()), (StatusCode::OK, caps.clone()), "{}", set.text());
    let late = send(&world, "PUT", &at, &token, none.header("etag"), &json!({ "caps": {} })).await;
    problem(&late, StatusCode::PRECONDITION_FAILED);
    for wrong in [json!({ "caps": { "king": 1 } }), json!({ "caps": { "student": 200_001 } })] {
        problem(&send(&world, "PUT", &at, &token, "*", &wrong).await, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let list = format!("{EDITION}/registrations");
    for (address, kind, mode, refused) in [
        ("a@example.org", "student", "in_person", None),
        ("b@example.org", "student", "in_person", Some("kind")),
        ("b@example.org", "lead", "virtual", Some("mode")),
        ("b@example.org", "lead", "in_person", None),
    ] {
        let new = json!({ "email": address, "kind": kind, "mode": mode });
        let answer = send(&world, "POST", &list, &token, "", &new).await;
        match refused {
            None => assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text()),
            Some(field) => {
                assert_eq!(problem(&answer, StatusCode::UNPROCESSABLE_ENTITY)["field"], field);
            }
        }
    }
    let counts = read(&world, &format!("{EDITION}/registration-counts"), &token).await.json();
    assert_eq!((&counts["registered"], &counts["cancelled"]), (&json!(2), &json!(0)));
    assert_eq!(
        counts["caps"],
        json!([
            { "of": "student", "registered": 1, "most": 1 },
            { "of": "virtual", "registered": 0, "most": 0 },
        ])
    );
    let elsewhere = format!("{list}/{}", uuid());
    problem(
        &send(&world, "PATCH", &elsewhere, &token, "*", &json!({ "name": "X" })).await,
        StatusCode::NOT_FOUND,
    );
}

#[tokio::test]
async fn what_organisers_write_is_written_by_those_alone_who_may() {
    let world = World::new().await;
    let (_, reading) = token(&world, Role::Organiser, TokenScope::Read).await;
    let (_, crew) = token(&world, Role::Crew, TokenScope::Write).await;
    let (_, writer) = token(&world, Role::Organiser, TokenScope::Write).await;
    let draft = json!({ "title": "Secret plans", "body": "Soon." });
    let page = send(&world, "POST", &format!("{EDITION}/pages"), &writer, "", &draft).await;
    let post = send(&world, "POST", &format!("{EDITION}/posts"), &writer, "", &draft).await;
    let (page, post) = (page.header("location").to_owned(), post.header("location").to_owned());
    let head = world.store.head().await.unwrap();
    for token in [&reading, &crew] {
        for (list, body) in [
            ("pages", json!({ "title": "T" })),
            ("posts", json!({ "title": "T" })),
            ("session-types", json!({ "name": "N", "minutes": 5 })),
            ("registrations", json!({ "email": "a@example.org" })),
            ("sponsors", json!({ "name": "N", "level": "Gold" })),
            ("sponsors/reopen", json!({ "reason": "Because" })),
        ] {
            let answer = send(&world, "POST", &format!("{EDITION}/{list}"), token, "", &body).await;
            problem(&answer, StatusCode::FORBIDDEN);
        }
        problem(&send(&world, "PATCH", &page, token, "*", &json!({})).await, StatusCode::FORBIDDEN);
        problem(&send(&world, "DELETE", &page, token, "*", &Value::Null).await, StatusCode::FORBIDDEN);
        let menu =
            send(&world, "PUT", &format!("{EDITION}/menu"), token, "*", &json!({ "entries": [] })).await;
        problem(&menu, StatusCode::FORBIDDEN);
        let levels =
            send(&world, "PUT", &format!("{EDITION}/sponsor-levels"), token, "*", &json!({ "levels": [] }))
                .await;
        problem(&levels, StatusCode::FORBIDDEN);
        for step in ["publish", "take-back", "mail", "audience", "mastodon"] {
            let answer =
                send(&world, "POST", &format!("{post}/{step}"), token, "", &json!({ "to": [] })).await;
            assert!(answer.status.is_client_error(), "{step}");
        }
    }
    for path in [&page, &post] {
        problem(&world.get(path).await, StatusCode::NOT_FOUND);
        problem(&read(&world, path, &crew).await, StatusCode::NOT_FOUND);
        assert_eq!(read(&world, path, &reading).await.status, StatusCode::OK, "{path}");
    }
    assert_eq!(world.store.head().await.unwrap(), head, "and nothing was changed");
}

#[tokio::test]
async fn a_post_is_scheduled_published_mailed_and_taken_back() {
    let world = World::new().await;
    let (_, token) = token(&world, Role::Organiser, TokenScope::Write).await;
    let registered = json!({ "email": "guest@example.org", "name": "Guest" });
    let guest = send(&world, "POST", &format!("{EDITION}/registrations"), &token, "", &registered).await;
    let tell = format!("{}/tell", guest.header("location"));
    for mails in [1, 0] {
        let told = send(&world, "POST", &tell, &token, "", &Value::Null).await;
        assert_eq!(told.json()["mails"], mails, "each is told once: {}", told.text());
    }
    let new = json!({ "title": "Doors open", "kind": "blog", "mail_to": ["registered"] });
    let new = send(&world, "POST", &format!("{EDITION}/posts"), &token, "", &new).await;
    let at = new.header("location").to_owned();
    assert_eq!((&new.json()["state"], &new.json()["published"]), (&json!("draft"), &Value::Null));
    let step = async |name: &str, body: Value| {
        let answer = send(&world, "POST", &format!("{at}/{name}"), &token, "", &body).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}: {}", answer.text());
        answer.json()
    };
    let empty = send(&world, "POST", &format!("{at}/publish"), &token, "", &json!({})).await;
    problem(&empty, StatusCode::UNPROCESSABLE_ENTITY);
    let written = send(&world, "PATCH", &at, &token, "*", &json!({ "body": "At nine." })).await;
    assert_eq!(written.status, StatusCode::OK, "{}", written.text());
    let past =
        send(&world, "POST", &format!("{at}/publish"), &token, "", &json!({ "at": "2001-01-01T00:00:00Z" }))
            .await;
    problem(&past, StatusCode::UNPROCESSABLE_ENTITY);
    let soon = world.site.now().checked_add(jiff::SignedDuration::from_hours(5)).unwrap();
    assert_eq!(step("publish", json!({ "at": soon })).await["post"]["state"], "scheduled");
    problem(&world.get(&at).await, StatusCode::NOT_FOUND);
    assert_eq!(step("take-back", Value::Null).await["post"]["state"], "draft");
    assert_eq!(step("audience", json!({ "to": ["registered"] })).await["reach"], 1);
    let published = step("publish", json!({})).await;
    assert_eq!((&published["post"]["state"], &published["mails"]), (&json!("published"), &json!(1)));
    let public = world.get(&at).await.json();
    assert_eq!(
        (&public["body"], &public["mail_to"]),
        (&json!("At nine."), &json!([])),
        "to whom is nobody else's"
    );
    assert_eq!(step("mail", json!({ "to": ["registered"] })).await["mails"], 0, "nobody gets it twice");
    let toot = send(&world, "POST", &format!("{at}/mastodon"), &token, "", &Value::Null).await;
    assert_eq!(
        problem(&toot, StatusCode::UNPROCESSABLE_ENTITY)["field"],
        "mastodon",
        "no account is connected"
    );
}

#[tokio::test]
async fn the_menu_and_the_order_of_things_are_decided_by_programs_too() {
    let world = World::new().await;
    let (_, token) = token(&world, Role::Organiser, TokenScope::Write).await;
    let menu = format!("{EDITION}/menu");
    let page = send(
        &world,
        "POST",
        &format!("{EDITION}/pages"),
        &token,
        "",
        &json!({ "title": "Venue", "published": true }),
    )
    .await
    .json();
    let shown = read(&world, &menu, &token).await;
    let entries = json!({ "entries": [
        { "label": "Programme", "own": "schedule" },
        { "label": "Attend", "below": [{ "label": "", "page": page["id"] }, { "label": "Hotel", "url": "https://hotel.example/" }] },
    ] });
    let set = send(&world, "PUT", &menu, &token, shown.header("etag"), &entries).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.text());
    assert_eq!(set.json()["entries"][1]["below"][0]["page"], page["id"]);
    assert!(world.get("/garden-2027/").await.text().contains("https://hotel.example/"));
    let late = send(&world, "PUT", &menu, &token, shown.header("etag"), &entries).await;
    problem(&late, StatusCode::PRECONDITION_FAILED);
    for (entry, field) in [
        (json!({ "label": "X", "own": "nowhere" }), "own"),
        (json!({ "label": "X", "url": "ftp://x.example/" }), "url"),
        (json!({ "label": "X", "own": "home", "url": "https://x.example/" }), "entry"),
        (json!({ "label": "X" }), "menu"),
        (json!({ "label": "X", "page": uuid() }), "entry 1"),
    ] {
        let answer = send(&world, "PUT", &menu, &token, "*", &json!({ "entries": [entry] })).await;
        assert_eq!(problem(&answer, StatusCode::UNPROCESSABLE_ENTITY)["field"], field);
    }
    for name in ["Walk", "Talk"] {
        let new = json!({ "name": name, "minutes": 60 });
        let added = send(&world, "POST", &format!("{EDITION}/session-types"), &token, "", &new).await;
        assert_eq!(added.status, StatusCode::CREATED, "{}", added.text());
    }
    for list in ["rooms", "tracks", "session-types"] {
        let ids = async || {
            let all = read(&world, &format!("{EDITION}/{list}?state=working"), &token).await.json();
            let ids =
                all["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned());
            ids.collect::<Vec<String>>()
        };
        let before = ids().await;
        let path = format!("{EDITION}/{list}/{}/move", before[1]);
        let moved = send(&world, "POST", &path, &token, "", &json!({ "to": "up" })).await;
        assert_eq!(moved.status, StatusCode::NO_CONTENT, "{list}: {}", moved.text());
        let after = ids().await;
        assert_eq!((&after[0], &after[1]), (&before[1], &before[0]), "{list}");
    }
}

#[tokio::test]
async fn sponsors_keep_their_uploads_and_stand_in_levels() {
    let world = World::new().await;
    let (account, token) = token(&world, Role::Organiser, TokenScope::Write).await;
    let levels = format!("{EDITION}/sponsor-levels");
    let tag = read(&world, &levels, &token).await.header("etag").to_owned();
    let set =
        send(&world, "PUT", &levels, &token, &tag, &json!({ "levels": ["Gold", "Silver", "Gold", ""] }))
            .await;
    assert_eq!(
        (set.status, &set.json()["levels"]),
        (StatusCode::OK, &json!(["Gold", "Silver"])),
        "{}",
        set.text()
    );
    problem(
        &send(&world, "PUT", &levels, &token, &tag, &json!({ "levels": [] })).await,
        StatusCode::PRECONDITION_FAILED,
    );
    let new = json!({ "name": "Acme", "level": "Silver" });
    let new = send(&world, "POST", &format!("{EDITION}/sponsors"), &token, "", &new).await;
    assert_eq!((new.status, &new.json()["rank"]), (StatusCode::CREATED, &json!(1)), "{}", new.text());
    // A logo that was uploaded at the desk stays when a program changes something else.
    let edition = world.edition("garden-2027").await.id;
    let of_acme = async || {
        let (_, sponsors) = world.store.sponsors(edition).await.unwrap();
        sponsors.into_iter().find(|one| one.name.as_str() == "Acme").unwrap()
    };
    let mut acme = of_acme().await;
    let picture = model::sponsor::Picture::Png;
    acme.upload = Some(model::sponsor::UploadName::new(7, picture));
    let grants = world.store.grants_of(account).await.unwrap();
    let subject = model::permission::Subject::person(account, grants, world.site.now());
    world.store.save_sponsor(&subject, edition, &acme).await.unwrap();
    let at = new.header("location").to_owned();
    let changed = send(&world, "PATCH", &at, &token, "*", &json!({ "level": "Gold" })).await;
    assert_eq!((changed.status, &changed.json()["rank"]), (StatusCode::OK, &json!(0)), "{}", changed.text());
    assert_eq!(of_acme().await.upload, acme.upload);
    let moved = send(&world, "POST", &format!("{at}/move"), &token, "", &json!({ "to": "down" })).await;
    assert_eq!(moved.status, StatusCode::NO_CONTENT, "{}", moved.text());
    let none =
        send(&world, "POST", &format!("{EDITION}/sponsors/reopen"), &token, "", &json!({ "reason": " " }))
            .await;
    assert_eq!(problem(&none, StatusCode::UNPROCESSABLE_ENTITY)["field"], "reason");
    let open = send(
        &world,
        "POST",
        &format!("{EDITION}/sponsors/reopen"),
        &token,
        "",
        &json!({ "reason": "A late one" }),
    )
    .await;
    assert_eq!(open.json()["reopened"], "A late one", "{}", open.text());
    let frozen = send(&world, "POST", &format!("{EDITION}/sponsors/freeze"), &token, "", &Value::Null).await;
    assert_eq!(frozen.json()["reopened"], Value::Null, "{}", frozen.text());
}

#[tokio::test]
async fn a_token_does_no_more_than_its_scope_and_its_owners_roles() {
    let world = World::new().await;
    let (_, reading) = token(&world, Role::Organiser, TokenScope::Read).await;
    let (_, crew) = token(&world, Role::Crew, TokenScope::Write).await;
    let head = world.store.head().await.unwrap();
    let body = json!({ "title": "Mine" });
    for token in [&reading, &crew] {
        let sessions = send(&world, "POST", &format!("{EDITION}/sessions"), token, "", &body).await;
        problem(&sessions, StatusCode::FORBIDDEN);
        let patched = send(&world, "PATCH", &format!("{EDITION}/sessions/TALK00"), token, "*", &body).await;
        problem(&patched, StatusCode::FORBIDDEN);
        problem(&send(&world, "PATCH", EDITION, token, "*", &body).await, StatusCode::FORBIDDEN);
        let release = send(&world, "POST", &format!("{EDITION}/releases"), token, "", &json!({})).await;
        problem(&release, StatusCode::FORBIDDEN);
        let hook = json!({ "name": "x", "url": "https://example.org/", "edition": "garden-2027" });
        problem(&send(&world, "POST", "/api/v1/webhooks", token, "", &hook).await, StatusCode::FORBIDDEN);
        let editions = json!({ "slug": "new-1", "series": "S", "title": "T", "zone": "UTC", "first_day": "2028-01-01", "last_day": "2028-01-01" });
        problem(&send(&world, "POST", "/api/v1/editions", token, "", &editions).await, StatusCode::FORBIDDEN);
    }
    assert_eq!(world.store.head().await.unwrap(), head, "and nothing was changed");
    let cancelled =
        send(&world, "POST", &format!("{EDITION}/sessions/TALK00/cancel"), &crew, "", &json!({})).await;
    assert_eq!(cancelled.status, StatusCode::OK, "the crew runs sessions: {}", cancelled.text());
}

#[tokio::test]
async fn a_revoked_token_is_refused_at_once_and_may_revoke_itself() {
    let world = World::new().await;
    let (account, token) = token(&world, Role::Organiser, TokenScope::Read).await;
    let me = read(&world, "/api/v1/me", &token).await.json();
    assert_eq!((&me["account"]["id"], &me["scope"]), (&json!(account.to_string()), &json!("read")));
    assert_eq!(me["grants"][0]["role"], "organiser");
    let tokens = read(&world, "/api/v1/tokens", &token).await.json();
    let id = tokens["items"][0]["id"].as_str().unwrap().to_owned();
    assert!(!tokens.to_string().contains(&token[8..]));
    let gone = send(&world, "DELETE", &format!("/api/v1/tokens/{id}"), &token, "", &Value::Null).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.text());
    problem(&read(&world, "/api/v1/me", &token).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn roles_are_given_within_what_the_caller_may_give() {
    let world = World::new().await;
    let (_, token) = token(&world, Role::Organiser, TokenScope::Write).await;
    let bob = world.sign_in("bob@example.org", &[]).await;
    let edition = world.edition("garden-2027").await.id;
    let grant = |role: &str, scope: Value| json!({ "account": bob.account, "role": role, "scope": scope });
    let here = json!({ "kind": "edition", "edition": edition });
    let given = send(&world, "POST", "/api/v1/grants", &token, "", &grant("editor", here)).await;
    assert_eq!(given.status, StatusCode::CREATED, "{}", given.text());
    let everywhere = grant("organiser", json!({ "kind": "everywhere" }));
    problem(&send(&world, "POST", "/api/v1/grants", &token, "", &everywhere).await, StatusCode::FORBIDDEN);
    let list = read(&world, "/api/v1/grants?edition=garden-2027", &token).await.json();
    assert!(list["items"].as_array().unwrap().iter().any(|one| one["role"] == "editor"));
    problem(&read(&world, "/api/v1/grants", &token).await, StatusCode::FORBIDDEN);
    let id = given.json()["id"].as_str().unwrap().to_owned();
    let gone = send(&world, "DELETE", &format!("/api/v1/grants/{id}"), &token, "", &Value::Null).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.text());
    problem(
        &send(&world, "DELETE", &format!("/api/v1/grants/{id}"), &token, "", &Value::Null).await,
        StatusCode::NOT_FOUND,
    );
}

#[tokio::test]
async fn a_role_for_an_address_that_nobody_has_waits_and_can_be_withdrawn() {
    let world = World::new().await;
    let (_, token) = token(&world, Role::Organiser, TokenScope::Write).await;
    let here = json!({ "kind": "edition", "edition": world.edition("garden-2027").await.id });
    let give = |who: Value| {
        let mut body = json!({ "role": "editor", "scope": here });
        body.as_object_mut().unwrap().extend(who.as_object().unwrap().clone());
        body
    };
    let waits = give(json!({ "email": "New@Example.org" }));
    let invited = send(&world, "POST", "/api/v1/grants", &token, "", &waits).await;
    assert_eq!(invited.status, StatusCode::ACCEPTED, "{}", invited.text());
    assert_eq!(invited.json()["email"], "new@example.org");
    let list = read(&world, "/api/v1/invitations?edition=garden-2027", &token).await.json();
    assert_eq!(list["items"][0]["id"], invited.json()["id"]);
    problem(&read(&world, "/api/v1/invitations", &token).await, StatusCode::FORBIDDEN);
    let bob = world.sign_in("bob@example.org", &[]).await;
    let known = give(json!({ "email": "bob@example.org" }));
    let given = send(&world, "POST", "/api/v1/grants", &token, "", &known).await;
    assert_eq!(given.status, StatusCode::CREATED, "{}", given.text());
    assert_eq!(given.json()["account"], bob.account.to_string());
    let nobody = give(json!({}));
    let refused = send(&world, "POST", "/api/v1/grants", &token, "", &nobody).await;
    problem(&refused, StatusCode::UNPROCESSABLE_ENTITY);
    let place = format!("/api/v1/grants/{}", invited.json()["id"].as_str().unwrap());
    let gone = send(&world, "DELETE", &place, &token, "", &Value::Null).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.text());
    let list = read(&world, "/api/v1/invitations?edition=garden-2027", &token).await.json();
    assert_eq!(list["items"], json!([]));
}

#[tokio::test]
async fn the_log_tells_each_caller_what_they_may_see() {
    let world = World::new().await;
    let visitor = world.get("/api/v1/log?limit=200").await.json();
    let kinds: Vec<&str> =
        visitor["items"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["release"], "a visitor is told of releases alone");
    let (_, token) = token(&world, Role::Organiser, TokenScope::Read).await;
    let mut after = 0;
    let mut seen = vec![];
    loop {
        let page = read(&world, &format!("/api/v1/log?limit=7&edition=garden-2027&after={after}"), &token)
            .await
            .json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|one| one["seq"].as_i64().unwrap()));
        let Some(next) = page["next"].as_str() else { break };
        after = next.parse().unwrap();
    }
    let edition = world.edition("garden-2027").await.id;
    let expected: Vec<i64> = world
        .store
        .changes_since(0, 10_000)
        .await
        .unwrap()
        .iter()
        .filter(|entry| entry.edition == Some(edition) && entry.kind != "stars")
        .map(|entry| entry.seq)
        .collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn events_follow_the_feed_from_where_the_client_was() {
    use http_body_util::BodyExt;
    let world = World::new().await;
    let (_, token) = token(&world, Role::Organiser, TokenScope::Read).await;
    let head = world.store.head().await.unwrap();
    let retitle = async |title: &str| {
        let id = world.edition("garden-2027").await.id;
        let rule = |mut all: model::programme::Programme| {
            all.sessions[0].title = Line::from(title);
            Ok(all)
        };
        world.store.change(&Actor::System, id, rule).await.unwrap();
    };
    retitle("First").await;
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("last-event-id", &head.to_string())];
    let mut stream = world.open("GET", "/api/v1/events?kind=session", &headers, "").await.into_body();
    let mut heard = String::new();
    let mut hear = async |until: &str| {
        let wait = async {
            while !heard.contains(until) {
                let frame = stream.frame().await.unwrap().unwrap();
                heard.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), wait).await.unwrap();
        heard.clone()
    };
    let first = hear("\"title\":\"First\"").await;
    assert!(first.contains("event: session.changed"), "{first}");
    retitle("Second").await;
    hear("\"title\":\"Second\"").await;
    // A token that is revoked ends the stream.
    let owner = world.store.bearer(&token, world.site.now()).await.unwrap().unwrap();
    world.store.revoke_token(&Actor::System, owner.account.id, owner.token.id).await.unwrap();
    let end = async { while stream.frame().await.is_some() {} };
    tokio::time::timeout(std::time::Duration::from_secs(10), end).await.unwrap();
}

#[tokio::test]
async fn a_caller_who_asks_too_often_is_told_when_to_ask_again() {
    let options = web::SiteOptions { api_per_minute: 3, ..crate::world::options() };
    let clock = std::sync::Arc::new(model::time::SystemClock);
    let world = World::with(&["garden-2027"], options, clock).await;
    let (_, token) = token(&world, Role::Organiser, TokenScope::Read).await;
    for _ in 0..3 {
        assert_eq!(read(&world, "/api/v1/me", &token).await.status, StatusCode::OK);
    }
    let answer = read(&world, "/api/v1/me", &token).await;
    problem(&answer, StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
    // Others are not held up, and what everybody may read from memory is not counted.
    assert_eq!(world.get(&format!("{EDITION}/rooms")).await.status, StatusCode::OK);
    for _ in 0..5 {
        assert_eq!(world.get(&format!("{EDITION}/sessions")).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_webhook_is_made_tried_and_removed_and_its_secret_shown_once() {
    let world = World::new().await;
    let (_, token) = token(&world, Role::Organiser, TokenScope::Write).await;
    let hook =
        |url: &str| json!({ "name": "Mirror", "url": url, "kinds": ["session"], "edition": "garden-2027" });
    for url in [
        "http://example.org/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/",
        "ftp://example.org/",
    ] {
        let answer = send(&world, "POST", "/api/v1/webhooks", &token, "", &hook(url)).await;
        assert_eq!(problem(&answer, StatusCode::UNPROCESSABLE_ENTITY)["field"], "url", "{url}");
    }
    let made = send(&world, "POST", "/api/v1/webhooks", &token, "", &hook("https://hooks.invalid/a")).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    let secret = made.json()["secret"].as_str().unwrap().to_owned();
    let at = made.header("location").to_owned();
    let shown = read(&world, &at, &token).await;
    assert!(secret.starts_with("whsec_") && !shown.text().contains(&secret));
    let pinged = send(&world, "POST", &format!("{at}/ping"), &token, "", &Value::Null).await;
    assert_eq!(pinged.status, StatusCode::NO_CONTENT, "{}", pinged.text());
    let patch = json!({ "kinds": ["session", "release"] });
    let changed = send(&world, "PATCH", &at, &token, shown.header("etag"), &patch).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text());
    let list = read(&world, &format!("{at}/deliveries"), &token).await.json();
    assert_eq!(list["items"][0]["event"], "ping");
    let gone = send(&world, "DELETE", &at, &token, "*", &Value::Null).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    problem(&read(&world, &at, &token).await, StatusCode::NOT_FOUND);
}

/// `PLENARY_WRITE_OPENAPI=1 cargo test -p web --test http openapi` writes the document anew.
#[tokio::test]
async fn the_committed_openapi_document_is_what_the_code_generates() {
    let world = World::new().await;
    let served = world.get("/api/v1/openapi.json").await;
    assert_eq!(served.text(), web::openapi_document());
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    if std::env::var_os("PLENARY_WRITE_OPENAPI").is_some() {
        std::fs::write(file, served.text()).unwrap();
    }
    let committed = std::fs::read_to_string(file).unwrap();
    assert!(
        committed == served.text(),
        "docs/openapi.json is not what the code says; see this test for how to write it"
    );
}

#[tokio::test]
async fn the_page_for_people_lists_every_operation() {
    let world = World::new().await;
    let page = world.get("/api/v1/").await;
    assert_eq!(page.status, StatusCode::OK);
    let document = world.get("/api/v1/openapi.json").await.json();
    for path in document["paths"].as_object().unwrap().keys() {
        assert!(page.text().contains(path.as_str()), "{path}");
    }
}

#[tokio::test]
async fn a_webhook_is_kept_at_the_desk_with_its_log() {
    let world = World::new().await;
    let who = world.organiser().await;
    let empty = world.get_as(&who, "/desk/webhooks/").await;
    assert!(empty.text().contains("Add a webhook"), "{}", empty.text());
    let fields =
        [("name", "Chat"), ("url", "http://127.0.0.1/"), ("edition", "garden-2027"), ("kinds", "session")];
    let refused = world.post_as(&who, "/desk/webhooks/", &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text());
    assert!(refused.text().contains("value=\"Chat\""), "what was typed is kept");
    let fields = [
        ("name", "Chat"),
        ("url", "https://hooks.invalid/a"),
        ("edition", "garden-2027"),
        ("kinds", "session"),
    ];
    let made = world.post_as(&who, "/desk/webhooks/", &fields).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text());
    assert!(made.text().contains("whsec_"));
    let list = world.get_as(&who, "/desk/webhooks/").await;
    assert!(list.text().contains("hooks.invalid") && !list.text().contains("whsec_"));
    let path = crate::world::links(list.text())
        .into_iter()
        .find(|link| link.len() > 40 && link.starts_with("/desk/webhooks/"))
        .unwrap();
    let after = |step: &str| format!("{path}{step}/");
    assert_eq!(world.post_as(&who, &after("ping"), &[]).await.status, StatusCode::SEE_OTHER);
    let page = world.get_as(&who, &path).await;
    assert!(page.text().contains("ping") && page.text().contains("In use"), "{}", page.text());
    assert!(world.post_as(&who, &after("secret"), &[]).await.text().contains("whsec_"));
    assert_eq!(world.post_as(&who, &after("stop"), &[]).await.status, StatusCode::SEE_OTHER);
    assert!(world.get_as(&who, &path).await.text().contains("Stopped by hand"));
    assert_eq!(
        world.post_as(&who, &after("resume"), &[("leave_out", "yes")]).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(world.post_as(&who, &after("remove"), &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(world.get_as(&who, &path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_token_is_made_shown_once_and_revoked_on_the_account_page() {
    let world = World::new().await;
    let who = world.organiser().await;
    assert!(world.get_as(&who, "/account/tokens/").await.text().contains("You have no token"));
    let fields = [("name", "Signage"), ("scope", "read"), ("edition", ""), ("expires", "2099-12-31")];
    let made = world.post_as(&who, "/account/tokens/", &fields).await;
    let text = made.text().split("plenary_").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert_eq!(text.len(), 43);
    assert_eq!(read(&world, "/api/v1/me", &format!("plenary_{text}")).await.status, StatusCode::OK);
    let list = world.get_as(&who, "/account/tokens/").await;
    assert!(list.text().contains("Signage") && !list.text().contains(&text));
    let revoke =
        crate::world::links(list.text()).into_iter().find(|link| link.ends_with("/revoke/")).unwrap();
    assert_eq!(world.post_as(&who, &revoke, &[]).await.status, StatusCode::SEE_OTHER);
    problem(&read(&world, "/api/v1/me", &format!("plenary_{text}")).await, StatusCode::UNAUTHORIZED);
    let past = [("name", "Old"), ("scope", "read"), ("edition", ""), ("expires", "2001-01-01")];
    assert_eq!(world.post_as(&who, "/account/tokens/", &past).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}
