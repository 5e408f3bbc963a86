//! Nobody gets at what they have no right to, by no method and with nobody's identifiers.

use super::{Access, ROUTES, Two, guarded, is_stream, path};
use crate::world::SignedIn;
use axum::http::StatusCode;
use model::permission::{Role, Scope};
use std::collections::{BTreeMap, BTreeSet};

#[tokio::test]
async fn every_route_says_whom_it_is_for() {
    let _front = Two::new().await;
    let known: BTreeSet<&str> = ROUTES.iter().map(|route| route.pattern).collect();
    let there: BTreeSet<&str> = web::patterns().into_iter().collect();
    let missing: Vec<_> = there.difference(&known).collect();
    assert!(missing.is_empty(), "say in security/table.rs whom these are for: {missing:#?}");
    let gone: Vec<_> = known.difference(&there).collect();
    assert!(gone.is_empty(), "these are no routes any more: {gone:#?}");
}

/// The methods of every guarded route, each tried once as that person.
async fn tried(
    two: &Two,
    who: Option<&SignedIn>,
    mut judge: impl FnMut(&super::Route, &str, &str, &crate::world::Answer),
) {
    for route in guarded() {
        // What is one's own may be changed by oneself.
        if who.is_some() && route.access == Access::Person {
            continue;
        }
        let path = path(two, route);
        let methods = two.methods(&path).await;
        assert!(!methods.is_empty(), "{path}");
        for method in methods.iter().filter(|method| *method != "HEAD") {
            let answer = two.ask(who, method, &path).await;
            judge(route, method, &path, &answer);
        }
    }
}

#[tokio::test]
async fn a_visitor_gets_nowhere_but_to_the_page_to_sign_in() {
    let two = Two::new().await;
    let before = two.world.store.head().await.unwrap();
    tried(&two, None, |route, method, path, answer| {
        if route.access == Access::Secret {
            // It says that there is nothing behind it, and lets nobody in.
            let cookies = answer.headers.get_all("set-cookie");
            assert!(!answer.status.is_server_error(), "{method} {path}: {}", answer.status);
            assert!(
                cookies.iter().all(|cookie| !cookie.to_str().unwrap().contains("-plenary=")),
                "{method} {path}"
            );
            return;
        }
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{method} {path}");
        assert!(
            answer.header("location").starts_with("/sign-in/"),
            "{method} {path}: {}",
            answer.header("location")
        );
    })
    .await;
    assert_eq!(two.world.store.head().await.unwrap(), before, "and nothing was changed");
}

#[tokio::test]
async fn a_program_that_is_not_signed_in_is_told_so_and_gets_no_page() {
    let two = Two::new().await;
    for route in guarded().filter(|route| route.access != Access::Secret) {
        let path = path(&two, route);
        for method in two.methods(&path).await {
            let headers = [("accept", "application/json"), ("sec-fetch-site", "same-origin")];
            let answer = two.world.send(&method, &path, &headers, "").await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn somebody_without_a_role_sees_no_desk() {
    let two = Two::new().await;
    let before = two.world.store.head().await.unwrap();
    tried(&two, Some(&two.nobody), |route, method, path, answer| {
        if matches!(route.access, Access::Edition | Access::Installation) {
            assert!(refused(answer.status), "{method} {path}: {}", answer.status);
        }
        if route.access == Access::Desk {
            tells_nothing(method, path, answer);
        }
    })
    .await;
    assert_eq!(two.world.store.head().await.unwrap(), before, "and nothing was changed");
}

#[tokio::test]
async fn the_rights_of_one_edition_open_nothing_of_another() {
    let two = Two::new().await;
    let before = two.world.store.head().await.unwrap();
    tried(&two, Some(&two.theirs), |route, method, path, answer| {
        if matches!(route.access, Access::Edition | Access::Installation) {
            assert!(refused(answer.status), "{method} {path}: {}", answer.status);
        }
        if route.access == Access::Desk {
            tells_nothing(method, path, answer);
        }
    })
    .await;
    assert_eq!(two.world.store.head().await.unwrap(), before, "and nothing was changed");
}

#[tokio::test]
async fn an_identifier_of_one_edition_names_nothing_in_the_desk_of_another() {
    let two = Two::new().await;
    let garden = two.world.edition("garden-2027").await.id;
    let before = two.world.store.head().await.unwrap();
    let mut tries = 0;
    for route in guarded().filter(|route| route.access == Access::Edition) {
        // Only addresses that name a thing beside the edition.
        if route.pattern.matches('{').count() < 2 {
            continue;
        }
        let path = path(&two, route).replacen("/garden-2027/", "/orchard-2027/", 1);
        for method in two.methods(&path).await.iter().filter(|method| *method != "HEAD") {
            let answer = two.ask(Some(&two.theirs), method, &path).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}");
            tries += 1;
        }
    }
    assert!(tries > 0);
    let since = two.world.store.changes_since(before, 1_000).await.unwrap();
    assert!(since.iter().all(|entry| entry.edition != Some(garden)), "{since:#?}");
}

#[tokio::test]
async fn the_things_of_one_person_are_nothing_to_another() {
    let two = Two::new().await;
    let before = two.world.store.account(two.ours.account).await.unwrap();
    let tokens = two.world.store.tokens_of(two.ours.account).await.unwrap().len();
    let mut tries = 0;
    for route in guarded().filter(|route| route.access == Access::Person && route.pattern.contains('{')) {
        let path = path(&two, route);
        for method in two.methods(&path).await.iter().filter(|method| *method != "HEAD") {
            let answer = two.ask(Some(&two.theirs), method, &path).await;
            // Either there is no such thing, or one is led back and told so.
            let led_back = method == "POST" && answer.status == StatusCode::SEE_OTHER;
            assert!(answer.status.is_client_error() || led_back, "{method} {path}: {}", answer.status);
            tries += 1;
        }
    }
    assert!(tries > 2);
    assert_eq!(two.world.store.account(two.ours.account).await.unwrap(), before);
    assert_eq!(two.world.store.tokens_of(two.ours.account).await.unwrap().len(), tokens);
}

#[tokio::test]
async fn what_a_person_may_do_works_so_that_the_refusals_mean_something() {
    let two = Two::new().await;
    let mut seen = 0;
    for route in guarded().filter(|route| route.access == Access::Edition) {
        // Nothing was uploaded or handed in here.
        if route.pattern.contains("{upload}")
            || route.pattern.contains("/files/{field}")
            || route.pattern.ends_with("/logo")
            || is_stream(route)
        {
            continue;
        }
        let path = path(&two, route);
        if two.methods(&path).await.iter().any(|method| method == "GET") {
            let answer = two.ask(Some(&two.ours), "GET", &path).await;
            assert!(!refused(answer.status) && !answer.status.is_server_error(), "{path}: {}", answer.status);
            seen += 1;
        }
    }
    assert!(seen > 3);
}

/// Nothing of `garden-2027` and of who has to do with it alone.
fn tells_nothing(method: &str, path: &str, answer: &crate::world::Answer) {
    for secret in ["garden-2027", "organiser@example.org", "guest@example.org", "hook.example.org"] {
        assert!(!answer.text().contains(secret), "{method} {path} tells of {secret}");
    }
}

fn refused(status: StatusCode) -> bool {
    matches!(status, StatusCode::NOT_FOUND | StatusCode::FORBIDDEN)
}

/// Every page of the desk that links lead somebody to, from the first one on, with its answer.
async fn walked(two: &Two, who: &SignedIn) -> BTreeMap<String, StatusCode> {
    let mut found = BTreeMap::new();
    let mut next = vec!["/desk/".to_owned()];
    while let Some(path) = next.pop() {
        if found.contains_key(&path) {
            continue;
        }
        let answer = two.ask(Some(who), "GET", &path).await;
        found.insert(path, answer.status);
        if answer.header("content-type").starts_with("text/html") {
            let links =
                answer.text().split("href=\"").skip(1).filter_map(|rest| rest.split(['"', '?', '#']).next());
            next.extend(links.filter(|link| link.starts_with("/desk/")).map(str::to_owned));
        }
    }
    found
}

#[tokio::test]
async fn links_lead_everybody_to_all_that_they_may_see_and_to_nothing_else() {
    let two = Two::new().await;
    let garden = two.world.edition("garden-2027").await;
    let programme = two.world.store.programme(garden.id).await.unwrap().unwrap();
    let edition = Scope::Edition(garden.id);
    let track = Scope::Track(garden.id, programme.tracks[0].id);
    let room = Scope::Room(garden.id, programme.rooms[0].id);
    let people = [
        (Role::Administrator, Scope::Everywhere),
        (Role::Organiser, Scope::Series(garden.series.clone())),
        (Role::Organiser, edition.clone()),
        (Role::Committee, edition.clone()),
        (Role::Committee, track.clone()),
        (Role::Reviewer, edition.clone()),
        (Role::Lead, track),
        (Role::Editor, edition.clone()),
        (Role::Registrar, edition.clone()),
        (Role::Crew, edition.clone()),
        (Role::Crew, room),
        (Role::Moderator, edition),
    ];
    let mut wrong = vec![];
    for (number, (role, scope)) in people.into_iter().enumerate() {
        let told = format!("{role}, {scope:?}");
        let address = format!("walker-{number}@example.org");
        let who = two.world.sign_in(&address, &[(role, scope)]).await;
        let walked = walked(&two, &who).await;
        let dead = walked.iter().filter(|(_, status)| **status != StatusCode::OK);
        wrong.extend(
            dead.map(|(path, status)| format!("{told}: a link leads to {path}, which says {status}")),
        );
        // Pages that name no thing beside the edition; the others are reached from their lists.
        for route in guarded().filter(|route| route.pattern.starts_with("/desk/")) {
            let things = route.pattern.matches('{').count();
            if is_stream(route) || things > usize::from(route.pattern.starts_with("/desk/{edition}/")) {
                continue;
            }
            let path = path(&two, route);
            if !walked.contains_key(&path) && two.ask(Some(&who), "GET", &path).await.status == StatusCode::OK
            {
                wrong.push(format!("{told}: no link leads to {path}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
