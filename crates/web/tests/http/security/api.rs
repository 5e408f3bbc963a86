//! The API for programs gives a token's owner what they may do, and nobody else's things. The operations come from its own
//! document, so a new one is tried without a word here.

use super::Two;
use crate::world::Answer;
use axum::http::StatusCode;
use model::{feed::Actor, permission::TokenScope, text::Line};
use serde_json::Value;
use store::NewToken;

/// A method and a path with the things of `garden-2027` in it.
struct Operation {
    method: String,
    path: String,
    /// Whether the path names an edition.
    in_edition: bool,
}

async fn operations(two: &Two) -> Vec<Operation> {
    let document = two.world.get("/api/v1/openapi.json").await.json();
    let mut out = vec![];
    for (pattern, methods) in document["paths"].as_object().unwrap() {
        let mut parts: Vec<String> = vec![];
        for part in pattern.split('/') {
            let name = part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
            let thing = name.map(|name| match (name, parts.last().map(String::as_str)) {
                ("edition", _) | (_, Some("editions")) => "garden-2027".to_owned(),
                (_, Some("rooms")) => two.thing("room", "/desk/").to_owned(),
                (_, Some("tracks")) => two.thing("track", "/desk/").to_owned(),
                (_, Some("persons" | "speaker-accounts")) => two.thing("person", "/desk/").to_owned(),
                (_, Some("sessions")) => two.thing("session", "/desk/").to_owned(),
                (_, Some("slots")) => two.thing("slot", "/desk/").to_owned(),
                (_, Some("webhooks")) => two.thing("webhook", "/desk/").to_owned(),
                (_, Some("deliveries")) => two.thing("delivery", "/desk/").to_owned(),
                (_, Some("registrations")) => two.thing("registration", "/desk/").to_owned(),
                (_, Some("pages")) => two.thing("page", "/desk/").to_owned(),
                (_, Some("posts")) => two.thing("post", "/desk/").to_owned(),
                (_, Some("session-types")) => two.thing("type", "/desk/").to_owned(),
                (_, Some("sponsors")) => two.thing("sponsor", "/desk/").to_owned(),
                (_, Some("calendars")) => two.thing("calendar", "/desk/").to_owned(),
                (_, Some("mail")) => two.thing("mail", "/desk/").to_owned(),
                (_, Some("log")) => two.thing("seq", "/desk/").to_owned(),
                (_, Some("mail-texts")) => "registered".to_owned(),
                (_, Some("tokens")) => two.thing("token", "/desk/").to_owned(),
                (_, Some("releases")) => "1".to_owned(),
                (_, Some("people" | "accounts")) => two.thing("account", "/desk/").to_owned(),
                _ => "01900000-0000-7000-8000-000000000003".to_owned(),
            });
            parts.push(thing.unwrap_or_else(|| part.to_owned()));
        }
        for method in methods
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| ["get", "post", "put", "patch", "delete"].contains(&key.as_str()))
        {
            out.push(Operation {
                method: method.to_uppercase(),
                path: parts.join("/"),
                in_edition: pattern.contains("/editions/{"),
            });
        }
    }
    assert!(out.len() > 20);
    out.retain(|operation| !operation.path.ends_with("/events"));
    out
}

async fn call(two: &Two, token: Option<&str>, operation: &Operation) -> Answer {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let mut headers =
        vec![("content-type", "application/json"), ("accept", "application/json"), ("if-match", "*")];
    headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
    two.world.send(&operation.method, &operation.path, &headers, "{}").await
}

async fn token(two: &Two, who: &crate::world::SignedIn, scope: TokenScope) -> String {
    let new = NewToken { name: Line::clean("test"), scope, edition: None, expires: None };
    two.world.store.add_token(&Actor::person(who.account), who.account, &new).await.unwrap().1
}

#[tokio::test]
async fn a_token_opens_nothing_that_its_owner_may_not_see_or_do() {
    let two = Two::new().await;
    let garden = two.world.edition("garden-2027").await.id;
    let theirs = token(&two, &two.theirs, TokenScope::Write).await;
    let nobody = token(&two, &two.nobody, TokenScope::Write).await;
    let before = two.world.store.head().await.unwrap();
    for operation in operations(&two).await {
        let seen = format!("{} {}", operation.method, operation.path);
        let visitor = call(&two, None, &operation).await.status;
        assert!(!visitor.is_server_error(), "{seen}: {visitor}");
        if visitor.is_success() {
            assert_eq!(operation.method, "GET", "{seen} is open to everybody");
            continue;
        }
        if operation.method != "GET" {
            assert!(
                matches!(
                    visitor,
                    StatusCode::UNAUTHORIZED
                        | StatusCode::FORBIDDEN
                        | StatusCode::NOT_FOUND
                        | StatusCode::BAD_REQUEST
                        | StatusCode::UNPROCESSABLE_ENTITY
                ),
                "{seen}: {visitor}"
            );
        }
        for token in [&theirs, &nobody] {
            let answer = call(&two, Some(token), &operation).await;
            assert!(!answer.status.is_server_error(), "{seen}: {}", answer.status);
            if operation.in_edition {
                assert!(
                    answer.status.is_client_error(),
                    "{seen} with the rights of another edition: {} {}",
                    answer.status,
                    answer.text()
                );
            }
            assert!(!answer.text().contains("guest@example.org"), "{seen} tells an address");
        }
    }
    let since = two.world.store.changes_since(before, 1_000).await.unwrap();
    assert!(since.iter().all(|entry| entry.edition != Some(garden)), "{since:#?}");
}

#[tokio::test]
async fn a_token_that_reads_changes_nothing() {
    let two = Two::new().await;
    let reading = token(&two, &two.ours, TokenScope::Read).await;
    let before = two.world.store.head().await.unwrap();
    for operation in operations(&two).await.into_iter().filter(|operation| operation.method != "GET") {
        let answer = call(&two, Some(&reading), &operation).await;
        assert!(
            answer.status.is_client_error(),
            "{} {}: {}",
            operation.method,
            operation.path,
            answer.status
        );
    }
    assert_eq!(two.world.store.head().await.unwrap(), before);
}

#[tokio::test]
async fn a_cookie_is_no_token_and_a_token_is_no_cookie() {
    let two = Two::new().await;
    let token = token(&two, &two.ours, TokenScope::Write).await;
    let page = two
        .world
        .get_with("/desk/", &[("authorization", &format!("Bearer {token}")), ("accept", "text/html")])
        .await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "a token opens no page");
    let refused: Value =
        two.world.get_with("/api/v1/account", &[("authorization", "Bearer nonsense")]).await.json();
    assert!(refused["status"].as_u64().unwrap_or(0) >= 400, "{refused}");
}
