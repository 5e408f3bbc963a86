//! Accounts, their merges, editions made from one another, and the log's undo over the API.

use crate::{
    api::{EDITION, problem, read, send, token, uuid},
    api_mail::{administrator, all_of},
    world::{World, options},
};
use axum::http::StatusCode;
use model::{
    edition::EditionState,
    feed::Actor,
    permission::{Role, Scope, TokenScope},
    text::Line,
    time::SystemClock,
};
use serde_json::{Value, json};
use std::sync::Arc;
use store::NewToken;

#[tokio::test]
async fn accounts_are_listed_page_by_page_to_whom_the_desk_shows_them() {
    let world = World::with(&["garden-2027", "orchard-2027"], options(), Arc::new(SystemClock)).await;
    let all = administrator(&world).await;
    let (_, crew) = token(&world, Role::Crew, TokenScope::Write).await;
    let (own, organiser) = token(&world, Role::Organiser, TokenScope::Read).await;
    let zoe = world.sign_in("zoe@example.org", &[]).await.account;
    let orchard = world.edition("orchard-2027").await.id;
    let bob = world.sign_in("bob@example.org", &[(Role::Crew, Scope::Edition(orchard))]).await.account;
    let list = "/api/v1/accounts";
    let emails = all_of(&world, list, &all, "email").await;
    let expected =
        ["admin", "bob", "crew", "organiser", "zoe"].map(|name| json!(format!("{name}@example.org")));
    assert_eq!(emails, expected, "by name");
    for (text, found) in [("zoe", 1), ("@example.org", 5), ("nobody", 0), ("zoe%20example.org", 1)] {
        assert_eq!(all_of(&world, &format!("{list}?text={text}"), &all, "id").await.len(), found, "{text}");
    }
    // Who organises one edition sees who has to do with it: in the list and one by one alike.
    let theirs = all_of(&world, list, &organiser, "email").await;
    assert_eq!(theirs, [json!("crew@example.org"), json!("organiser@example.org")]);
    for email in ["crew@example.org", "organiser@example.org"] {
        let id = world.store.person_named(email).await.unwrap().unwrap().account.id;
        let one = read(&world, &format!("{list}/{id}"), &organiser).await;
        assert_eq!((one.status, &one.json()["email"]), (StatusCode::OK, &json!(email)), "{}", one.text());
    }
    for id in [zoe.to_string(), bob.to_string(), uuid(), "x".to_owned()] {
        problem(&read(&world, &format!("{list}/{id}"), &organiser).await, StatusCode::NOT_FOUND);
    }
    problem(&world.get(list).await, StatusCode::UNAUTHORIZED);
    problem(&read(&world, list, &crew).await, StatusCode::FORBIDDEN);
    let me = world.store.person_named("crew@example.org").await.unwrap().unwrap().account.id;
    assert_eq!(read(&world, &format!("{list}/{me}"), &crew).await.status, StatusCode::OK, "one's own");
    problem(&read(&world, &format!("{list}/{own}"), &crew).await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn two_accounts_become_one_and_two_again() {
    let world = World::new().await;
    let (_, organiser) = token(&world, Role::Organiser, TokenScope::Write).await;
    let token = administrator(&world).await;
    let kept = world.sign_in("ada@example.org", &[]).await.account;
    let gone = world.sign_in("ada@work.example", &[]).await.account;
    let merges = format!("/api/v1/accounts/{kept}/merges");
    let other = json!({ "other": gone });
    problem(&send(&world, "POST", &merges, &organiser, "", &other).await, StatusCode::FORBIDDEN);
    problem(&read(&world, &merges, &organiser).await, StatusCode::NOT_FOUND);
    for wrong in [json!({ "other": kept }), json!({ "other": uuid() }), json!({})] {
        problem(&send(&world, "POST", &merges, &token, "", &wrong).await, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let nobody = format!("/api/v1/accounts/{}/merges", uuid());
    problem(&send(&world, "POST", &nobody, &token, "", &other).await, StatusCode::NOT_FOUND);
    let made = send(&world, "POST", &merges, &token, "", &other).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text());
    assert_eq!((&made.json()["gone"], &made.json()["undone"]), (&json!(gone), &Value::Null));
    assert_eq!(read(&world, &format!("/api/v1/accounts/{gone}"), &token).await.json()["state"], "merged");
    assert_eq!(all_of(&world, &merges, &token, "id").await, [made.json()["id"].clone()]);
    let undo = format!("{merges}/{}/undo", made.json()["id"].as_str().unwrap());
    problem(&send(&world, "POST", &undo, &organiser, "", &Value::Null).await, StatusCode::FORBIDDEN);
    let elsewhere = undo.replace(&kept.to_string(), &gone.to_string());
    problem(&send(&world, "POST", &elsewhere, &token, "", &Value::Null).await, StatusCode::NOT_FOUND);
    let undone = send(&world, "POST", &undo, &token, "", &Value::Null).await;
    assert_eq!(undone.status, StatusCode::NO_CONTENT, "{}", undone.text());
    assert_eq!(read(&world, &format!("/api/v1/accounts/{gone}"), &token).await.json()["state"], "active");
    let again = send(&world, "POST", &undo, &token, "", &Value::Null).await;
    problem(&again, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn the_next_edition_is_made_from_this_one() {
    let world = World::new().await;
    let (_, crew) = token(&world, Role::Crew, TokenScope::Write).await;
    let (account, token) = token(&world, Role::Organiser, TokenScope::Write).await;
    let garden = world.edition("garden-2027").await;
    let copy = format!("{EDITION}/copy");
    let next = |slug: &str, series: &str| {
        json!({
            "slug": slug, "series": series, "title": "Garden Days 2028", "zone": "Europe/Berlin",
            "first_day": "2028-05-01", "last_day": "2028-05-02", "keep": { "rooms": false },
        })
    };
    let series = garden.series.as_str();
    problem(
        &send(&world, "POST", &copy, &crew, "", &next("garden-2028", series)).await,
        StatusCode::FORBIDDEN,
    );
    let beyond = send(&world, "POST", &copy, &token, "", &next("orchard-2028", "Orchard")).await;
    problem(&beyond, StatusCode::FORBIDDEN);
    for (body, field) in [
        (next("garden-2027", series), "slug"),
        (json!({ "slug": "x" }), "body"),
        (next("a b", series), "slug"),
    ] {
        let answer = send(&world, "POST", &copy, &token, "", &body).await;
        assert_eq!(problem(&answer, StatusCode::UNPROCESSABLE_ENTITY)["field"], field, "{body}");
    }
    let made = send(&world, "POST", &copy, &token, "", &next("garden-2028", series)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    assert_eq!(made.header("location"), "/api/v1/editions/garden-2028");
    let list = async |list: &str| {
        let path = format!("/api/v1/editions/garden-2028/{list}?state=working");
        read(&world, &path, &token).await.json()["items"].as_array().unwrap().len()
    };
    assert_eq!((list("rooms").await, list("tracks").await, list("sessions").await), (0, 2, 0));
    let made = world.edition("garden-2028").await;
    let grants = world.store.grants_of(account).await.unwrap();
    let organises =
        |id| grants.iter().any(|one| one.role == Role::Organiser && one.scope == Scope::Edition(id));
    assert!(organises(made.id), "who made it from this one organises it");
    assert_eq!(world.edition("garden-2027").await.state, EditionState::Open);
    let mut last = next("garden-2029", series);
    last["archive"] = json!(true);
    let archived = send(&world, "POST", &copy, &token, "", &last).await;
    assert_eq!(archived.status, StatusCode::CREATED, "{}", archived.text());
    assert_eq!(world.edition("garden-2027").await.state, EditionState::Archived);
}

#[tokio::test]
async fn an_edition_is_archived_and_opened_again() {
    let world = World::new().await;
    let (_, crew) = token(&world, Role::Crew, TokenScope::Write).await;
    let (_, reading) = token(&world, Role::Organiser, TokenScope::Read).await;
    let (_, token) = token(&world, Role::Organiser, TokenScope::Write).await;
    let step = async |step: &str, token: &str| {
        send(&world, "POST", &format!("{EDITION}/{step}"), token, "", &Value::Null).await
    };
    for verb in ["archive", "open"] {
        for token in [&crew, &reading] {
            problem(&step(verb, token).await, StatusCode::FORBIDDEN);
        }
    }
    let archived = step("archive", &token).await;
    assert_eq!(
        (archived.status, &archived.json()["state"]),
        (StatusCode::OK, &json!("archived")),
        "{}",
        archived.text()
    );
    let room = json!({ "name": "Shed" });
    let late = send(&world, "POST", &format!("{EDITION}/rooms"), &token, "", &room).await;
    problem(&late, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(step("open", &token).await.json()["state"], "open");
    let added = send(&world, "POST", &format!("{EDITION}/rooms"), &token, "", &room).await;
    assert_eq!(added.status, StatusCode::CREATED, "{}", added.text());
}

#[tokio::test]
async fn a_deed_is_taken_back_from_the_log() {
    let world = World::with(&["garden-2027", "orchard-2027"], options(), Arc::new(SystemClock)).await;
    let (_, committee) = token(&world, Role::Committee, TokenScope::Write).await;
    let (_, reading) = token(&world, Role::Organiser, TokenScope::Read).await;
    let orchard = world.edition("orchard-2027").await.id;
    let stranger = world.sign_in("stranger@example.org", &[(Role::Organiser, Scope::Edition(orchard))]).await;
    let new = NewToken { name: Line::from("test"), scope: TokenScope::Write, edition: None, expires: None };
    let actor = Actor::person(stranger.account);
    let (_, theirs) = world.store.add_token(&actor, stranger.account, &new).await.unwrap();
    let (_, token) = token(&world, Role::Organiser, TokenScope::Write).await;
    let path = format!("{EDITION}/sessions/TALK00");
    let title = async || read(&world, &format!("{path}?state=working"), &token).await.json()["title"].clone();
    let before = title().await;
    send(&world, "PATCH", &path, &token, "*", &json!({ "title": "Mistaken" })).await;
    let entry = format!("/api/v1/log/{}", world.store.head().await.unwrap());
    let undo = format!("{entry}/undo");
    for path in [&entry, &undo] {
        let method = if path.ends_with("undo") { "POST" } else { "GET" };
        problem(&send(&world, method, path, &theirs, "", &Value::Null).await, StatusCode::NOT_FOUND);
        let visitor = world.send(method, path, &[], "").await;
        problem(&visitor, StatusCode::UNAUTHORIZED);
    }
    let shown = read(&world, &entry, &token).await.json();
    assert_eq!((&shown["kind"], &shown["not_undoable"]), (&json!("session"), &Value::Null));
    assert_eq!(shown["together"].as_array().unwrap().len(), 1);
    for may_not in [&committee, &reading] {
        problem(&send(&world, "POST", &undo, may_not, "", &Value::Null).await, StatusCode::FORBIDDEN);
        let why = read(&world, &entry, may_not).await.json()["not_undoable"].clone();
        assert!(why.is_string(), "{why}");
    }
    let undone = send(&world, "POST", &undo, &token, "", &Value::Null).await;
    assert_eq!((undone.status, &undone.json()["things"]), (StatusCode::OK, &json!(1)), "{}", undone.text());
    assert_eq!(title().await, before);
    problem(&send(&world, "POST", &undo, &token, "", &Value::Null).await, StatusCode::UNPROCESSABLE_ENTITY);
    for none in ["0", "999999", "x"] {
        problem(&read(&world, &format!("/api/v1/log/{none}"), &token).await, StatusCode::NOT_FOUND);
    }
    // A role that was given with a mail goes back too.
    let here = json!({ "kind": "edition", "edition": world.edition("garden-2027").await.id });
    let grant = json!({ "email": "new@example.org", "role": "crew", "scope": here });
    let invited = send(&world, "POST", "/api/v1/grants", &token, "", &grant).await;
    assert_eq!(invited.status, StatusCode::ACCEPTED, "{}", invited.text());
    let undo = format!("/api/v1/log/{}/undo", world.store.head().await.unwrap());
    let undone = send(&world, "POST", &undo, &token, "", &Value::Null).await;
    assert_eq!((undone.status, &undone.json()["things"]), (StatusCode::OK, &json!(1)), "{}", undone.text());
    assert!(world.store.invitations(None).await.unwrap().is_empty());
}

#[tokio::test]
async fn it_is_said_whose_account_a_speaker_is() {
    let world = World::new().await;
    let (_, crew) = token(&world, Role::Crew, TokenScope::Write).await;
    let (_, committee) = token(&world, Role::Committee, TokenScope::Write).await;
    let (_, token) = token(&world, Role::Organiser, TokenScope::Write).await;
    let ada = world.sign_in("ada@example.org", &[]).await.account;
    let handle = world.store.account(ada).await.unwrap().unwrap().account.handle.to_string();
    let list = format!("{EDITION}/speaker-accounts");
    problem(&world.get(&list).await, StatusCode::UNAUTHORIZED);
    problem(&read(&world, &list, &crew).await, StatusCode::FORBIDDEN);
    let persons = all_of(&world, &list, &token, "person").await;
    assert_eq!(persons.len(), crate::world::TALKS);
    let at = format!("{list}/{}", persons[0].as_str().unwrap());
    problem(&send(&world, "PUT", &at, &crew, "", &json!({ "who": handle })).await, StatusCode::FORBIDDEN);
    // Whether an address has an account is told to those alone who see addresses.
    let by_address = json!({ "who": "ada@example.org" });
    problem(&send(&world, "PUT", &at, &committee, "", &by_address).await, StatusCode::UNPROCESSABLE_ENTITY);
    for (token, who) in [(&committee, json!({ "who": format!("@{handle}") })), (&token, by_address)] {
        let set = send(&world, "PUT", &at, token, "", &who).await;
        assert_eq!((set.status, &set.json()["account"]), (StatusCode::OK, &json!(ada)), "{}", set.text());
    }
    for who in ["", "nobody@example.org", "nobody_here"] {
        let answer = send(&world, "PUT", &at, &token, "", &json!({ "who": who })).await;
        problem(&answer, StatusCode::UNPROCESSABLE_ENTITY);
    }
    problem(
        &send(&world, "PUT", &format!("{list}/{}", uuid()), &token, "", &json!({ "who": handle })).await,
        StatusCode::NOT_FOUND,
    );
    let gone = send(&world, "DELETE", &at, &token, "", &Value::Null).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.text());
    assert!(all_of(&world, &list, &token, "account").await.iter().all(Value::is_null));
}
