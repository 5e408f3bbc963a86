//! Mail over the API: what was sent, senders and texts, the suppress list, telling of new dates, Mastodon.

use crate::{
    api::{EDITION, problem, read, send, token},
    mail::{email, post, settle, sign_in_link},
    world::World,
};
use axum::http::StatusCode;
use model::{
    feed::Actor,
    mail::Outcome,
    permission::{Role, Scope, TokenScope},
    text::Line,
};
use serde_json::{Value, json};
use store::NewToken;

/// A token of an administrator.
pub(crate) async fn administrator(world: &World) -> String {
    let who = world.sign_in("admin@example.org", &[(Role::Administrator, Scope::Everywhere)]).await;
    let new = NewToken { name: Line::from("test"), scope: TokenScope::Write, edition: None, expires: None };
    world.store.add_token(&Actor::person(who.account), who.account, &new).await.unwrap().1
}

/// The identifiers of a list, page by page.
pub(crate) async fn all_of(world: &World, path: &str, token: &str, field: &str) -> Vec<Value> {
    let mut out = vec![];
    let (mut next, join) = (String::new(), if path.contains('?') { '&' } else { '?' });
    loop {
        let answer = read(world, &format!("{path}{join}limit=1{next}"), token).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        let page = answer.json();
        out.extend(page["items"].as_array().unwrap().iter().map(|one| one[field].clone()));
        let Some(after) = page["next"].as_str() else { return out };
        next = format!("&after={after}");
    }
}

#[tokio::test]
async fn an_organiser_reads_the_mail_of_their_edition_and_no_other() {
    let world = World::new().await;
    let first = post(&world, "ada@example.org").await;
    let second = post(&world, "bob@example.org").await;
    let secret = sign_in_link(&world, "eve@example.org").await;
    let (_, reading) = token(&world, Role::Organiser, TokenScope::Read).await;
    let list = "/api/v1/mail";
    let ids = all_of(&world, list, &reading, "id").await;
    assert_eq!(ids, [json!(second.to_string()), json!(first.to_string())], "the latest first, and no other");
    for (query, expected) in [
        ("text=ada", 1),
        ("state=queued", 2),
        ("state=sent", 0),
        ("kind=post", 2),
        ("kind=notice", 0),
        ("edition=garden-2027&text=BOB", 1),
    ] {
        assert_eq!(
            all_of(&world, &format!("{list}?{query}"), &reading, "id").await.len(),
            expected,
            "{query}"
        );
    }
    let whole = read(&world, &format!("{list}/{first}"), &reading).await.json();
    assert_eq!((&whole["to"]["email"], &whole["state"]), (&json!("ada@example.org"), &json!("queued")));
    assert!(whole["body"].as_str().unwrap().contains("There is news."));
    problem(&read(&world, &format!("{list}/{secret}"), &reading).await, StatusCode::NOT_FOUND);
    problem(&read(&world, &format!("{list}/nonsense"), &reading).await, StatusCode::NOT_FOUND);
    problem(&read(&world, &format!("{list}?edition=nowhere"), &reading).await, StatusCode::NOT_FOUND);
    for wrong in ["state=lost", "kind=letter", "limit=0", "after=x"] {
        problem(&read(&world, &format!("{list}?{wrong}"), &reading).await, StatusCode::BAD_REQUEST);
    }
    problem(&world.get(list).await, StatusCode::UNAUTHORIZED);
    let (_, crew) = token(&world, Role::Crew, TokenScope::Write).await;
    problem(&read(&world, list, &crew).await, StatusCode::FORBIDDEN);
    let all = administrator(&world).await;
    assert_eq!(all_of(&world, list, &all, "id").await.len(), 3);
    let link = read(&world, &format!("{list}/{secret}"), &all).await;
    assert!(!link.text().contains("/sign-in/link/"), "nobody reads the link of another: {}", link.text());
}

#[tokio::test]
async fn a_mail_is_sent_again_or_left_as_it_is() {
    let world = World::new().await;
    let uncertain = post(&world, "ada@example.org").await;
    let other = post(&world, "bob@example.org").await;
    let (_, reading) = token(&world, Role::Organiser, TokenScope::Read).await;
    let (_, token) = token(&world, Role::Organiser, TokenScope::Write).await;
    let step = async |id, step: &str, token: &str| {
        send(&world, "POST", &format!("/api/v1/mail/{id}/{step}"), token, "", &Value::Null).await
    };
    let waits = step(uncertain, "again", &token).await;
    assert_eq!(problem(&waits, StatusCode::UNPROCESSABLE_ENTITY)["field"], "mail", "it is on its way");
    problem(&step(uncertain, "let-be", &token).await, StatusCode::UNPROCESSABLE_ENTITY);
    settle(&world, &Outcome::unknown("the connection broke")).await;
    for verb in ["again", "let-be"] {
        problem(&step(uncertain, verb, &reading).await, StatusCode::FORBIDDEN);
    }
    let again = step(uncertain, "again", &token).await;
    assert_eq!(
        (again.status, &again.json()["state"]),
        (StatusCode::OK, &json!("queued")),
        "{}",
        again.text()
    );
    let left = step(other, "let-be", &token).await;
    assert_eq!(
        (&left.json()["state"], &left.json()["tries"][0]["outcome"]),
        (&json!("given_up"), &json!("unknown"))
    );
    settle(&world, &Outcome::of_reply(250, "queued as 7")).await;
    let copy = step(uncertain, "again", &token).await.json();
    assert_ne!(copy["id"], json!(uncertain.to_string()), "what was sent stays what it is");
    assert_eq!(copy["state"], "queued");
}

#[tokio::test]
async fn addresses_come_onto_the_suppress_list_and_off_it() {
    let world = World::new().await;
    let (_, organiser) = token(&world, Role::Organiser, TokenScope::Write).await;
    let token = administrator(&world).await;
    let list = "/api/v1/suppressions";
    problem(&world.get(list).await, StatusCode::UNAUTHORIZED);
    problem(&read(&world, list, &organiser).await, StatusCode::FORBIDDEN);
    let ada = json!({ "email": "Ada@Example.org", "note": "By phone" });
    problem(&send(&world, "POST", list, &organiser, "", &ada).await, StatusCode::FORBIDDEN);
    let wrong = send(&world, "POST", list, &token, "", &json!({ "email": "nonsense" })).await;
    assert_eq!(problem(&wrong, StatusCode::UNPROCESSABLE_ENTITY)["field"], "email");
    let entered = send(&world, "POST", list, &token, "", &ada).await;
    assert_eq!(entered.status, StatusCode::CREATED, "{}", entered.text());
    assert_eq!(
        (&entered.json()["email"], &entered.json()["reason"]),
        (&json!("ada@example.org"), &json!("asked"))
    );
    let at = entered.header("location").to_owned();
    assert!(!at.contains("ada"), "an address stands in no log of requests: {at}");
    assert_eq!(read(&world, &at, &token).await.json(), entered.json());
    send(&world, "POST", list, &token, "", &json!({ "email": "bob@example.org" })).await;
    assert_eq!(
        all_of(&world, list, &token, "email").await,
        [json!("bob@example.org"), json!("ada@example.org")]
    );
    problem(&send(&world, "DELETE", &at, &organiser, "", &Value::Null).await, StatusCode::FORBIDDEN);
    let gone = send(&world, "DELETE", &at, &token, "", &Value::Null).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.text());
    problem(&send(&world, "DELETE", &at, &token, "", &Value::Null).await, StatusCode::NOT_FOUND);
    problem(&read(&world, &at, &token).await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_edition_has_its_sender_and_its_texts_and_the_second_of_two_is_told() {
    let world = World::new().await;
    let (_, crew) = token(&world, Role::Crew, TokenScope::Write).await;
    let (_, reading) = token(&world, Role::Organiser, TokenScope::Read).await;
    let (_, token) = token(&world, Role::Organiser, TokenScope::Write).await;
    let sender = format!("{EDITION}/mail-sender");
    let text = format!("{EDITION}/mail-texts/post");
    for path in [&sender, &text, &format!("{EDITION}/mail-texts")] {
        problem(&world.get(path).await, StatusCode::UNAUTHORIZED);
        problem(&read(&world, path, &crew).await, StatusCode::FORBIDDEN);
        assert_eq!(read(&world, path, &reading).await.status, StatusCode::OK, "{path}");
    }
    let garden =
        json!({ "name": "Garden", "email": "Info@Garden.example", "reply_to": "desk@garden.example" });
    let hello = json!({ "subject": "News: {{ title }}", "body": "Dear {{ name }},\n{{ body }}" });
    for (path, body) in [(&sender, &garden), (&text, &hello)] {
        for token in [&crew, &reading] {
            problem(&send(&world, "PUT", path, token, "*", body).await, StatusCode::FORBIDDEN);
        }
        problem(&send(&world, "PUT", path, &token, "", body).await, StatusCode::PRECONDITION_REQUIRED);
        let tag = read(&world, path, &token).await.header("etag").to_owned();
        let set = send(&world, "PUT", path, &token, &tag, body).await;
        assert_eq!(set.status, StatusCode::OK, "{path}: {}", set.text());
        assert_eq!(read(&world, path, &token).await.json(), set.json());
        problem(&send(&world, "PUT", path, &token, &tag, body).await, StatusCode::PRECONDITION_FAILED);
    }
    assert_eq!(read(&world, &sender, &token).await.json()["email"], "info@garden.example");
    let shown = read(&world, &text, &token).await;
    assert_eq!((&shown.json()["own"], &shown.json()["subject"]), (&json!(true), &hello["subject"]));
    for (path, body, field) in [
        (&sender, json!({ "name": "Garden" }), "email"),
        (&sender, json!({ "email": "nonsense" }), "email"),
        (&sender, json!({ "email": "a@b.org", "reply_to": "a@b.org\r\nBcc: c@d.org" }), "reply_to"),
        (&text, json!({ "subject": "", "body": "x" }), "subject"),
        (&text, json!({ "subject": "x", "body": "Dear {{ nome }}" }), "body"),
    ] {
        let answer = send(&world, "PUT", path, &token, "*", &body).await;
        assert_eq!(problem(&answer, StatusCode::UNPROCESSABLE_ENTITY)["field"], field, "{body}");
    }
    let kinds = all_of(&world, &format!("{EDITION}/mail-texts"), &token, "kind").await;
    assert!(kinds.contains(&json!("post")) && !kinds.contains(&json!("sign_in")), "{kinds:?}");
    for none in ["sign_in", "letter"] {
        problem(&read(&world, &format!("{EDITION}/mail-texts/{none}"), &token).await, StatusCode::NOT_FOUND);
    }
    let late = send(&world, "DELETE", &text, &token, "\"x\"", &Value::Null).await;
    problem(&late, StatusCode::PRECONDITION_FAILED);
    let gone = send(&world, "DELETE", &text, &token, shown.header("etag"), &Value::Null).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.text());
    assert_eq!(read(&world, &text, &token).await.json()["own"], false);
    let none = send(&world, "PUT", &sender, &token, "*", &json!({})).await;
    assert_eq!(none.json()["email"], Value::Null, "the address in the settings is used again");
}

#[tokio::test]
async fn new_dates_are_told_once() {
    let world = World::new().await;
    let (_, crew) = token(&world, Role::Crew, TokenScope::Write).await;
    let (_, token) = token(&world, Role::Organiser, TokenScope::Write).await;
    let (untold, told) = (format!("{EDITION}/releases/untold"), format!("{EDITION}/releases/told"));
    assert_eq!(read(&world, &untold, &token).await.json()["news"], json!([]));
    let guest = json!({ "email": "guest@example.org", "name": "Guest" });
    send(&world, "POST", &format!("{EDITION}/registrations"), &token, "", &guest).await;
    let move_to = async |mode: &str| {
        let changed = send(&world, "PATCH", EDITION, &token, "*", &json!({ "mode": mode })).await;
        assert_eq!(changed.status, StatusCode::OK, "{}", changed.text());
        send(&world, "POST", &format!("{EDITION}/releases"), &token, "", &json!({})).await;
    };
    move_to("hybrid").await;
    let news = read(&world, &untold, &token).await.json();
    assert_eq!(news["news"].as_array().unwrap().len(), 1, "{news}");
    assert!(news["people"].as_u64().unwrap() >= 2, "{news}");
    problem(&send(&world, "POST", &told, &crew, "", &json!({ "how": "mail" })).await, StatusCode::FORBIDDEN);
    problem(
        &send(&world, "POST", &told, &token, "", &json!({ "how": "shout" })).await,
        StatusCode::UNPROCESSABLE_ENTITY,
    );
    for sent in [news["people"].clone(), json!(0)] {
        let answer = send(&world, "POST", &told, &token, "", &json!({ "how": "mail" })).await;
        assert_eq!((answer.status, &answer.json()["mails"]), (StatusCode::OK, &sent), "{}", answer.text());
    }
    move_to("virtual").await;
    let noted = send(&world, "POST", &told, &token, "", &json!({ "how": "note" })).await.json();
    assert_eq!((noted["news"].as_array().unwrap().len(), &noted["mails"]), (1, &json!(0)));
    assert_eq!(read(&world, &untold, &token).await.json()["news"], json!([]));
}

#[tokio::test]
async fn a_mastodon_account_is_set_without_its_token_ever_being_shown() {
    let world = World::new().await;
    let (_, editor) = token(&world, Role::Editor, TokenScope::Write).await;
    let (_, reading) = token(&world, Role::Organiser, TokenScope::Read).await;
    let (_, token) = token(&world, Role::Organiser, TokenScope::Write).await;
    let path = format!("{EDITION}/mastodon");
    problem(&world.get(&path).await, StatusCode::UNAUTHORIZED);
    problem(&read(&world, &path, &editor).await, StatusCode::FORBIDDEN);
    let none = read(&world, &path, &reading).await;
    assert_eq!((none.status, &none.json()["server"]), (StatusCode::OK, &Value::Null));
    let account = json!({ "server": "social.example.org/@garden", "visibility": "unlisted", "token": "s3cret-token-of-garden" });
    problem(&send(&world, "PUT", &path, &reading, "*", &account).await, StatusCode::FORBIDDEN);
    problem(&send(&world, "PUT", &path, &token, "", &account).await, StatusCode::PRECONDITION_REQUIRED);
    let set = send(&world, "PUT", &path, &token, none.header("etag"), &account).await;
    assert_eq!(
        (set.status, &set.json()["server"]),
        (StatusCode::OK, &json!("https://social.example.org")),
        "{}",
        set.text()
    );
    let shown = read(&world, &path, &token).await;
    assert!(!shown.text().contains("s3cret") && !set.text().contains("s3cret"));
    assert_eq!(shown.json()["visibility"], "unlisted");
    problem(
        &send(&world, "PUT", &path, &token, none.header("etag"), &account).await,
        StatusCode::PRECONDITION_FAILED,
    );
    for (body, field) in [
        (json!({ "server": "mailto:a@b.org" }), "server"),
        (json!({ "server": "https://other.example.org" }), "token"),
    ] {
        let answer = send(&world, "PUT", &path, &token, "*", &body).await;
        assert_eq!(problem(&answer, StatusCode::UNPROCESSABLE_ENTITY)["field"], field, "{body}");
    }
    let gone = send(&world, "DELETE", &path, &token, shown.header("etag"), &Value::Null).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.text());
    assert_eq!(world.store.mastodon(world.edition("garden-2027").await.id).await.unwrap(), None);
}

#[tokio::test]
async fn mail_to_an_address_of_the_suppress_list_is_listed_as_suppressed() {
    let world = World::new().await;
    world.store.suppress(&Actor::System, &email("ada@example.org"), &Line::default()).await.unwrap();
    let edition = world.edition("garden-2027").await.id;
    let mail = model::mail::NewMail {
        edition: Some(edition),
        ..model::mail::NewMail::new(
            model::mail::MailKind::Notice,
            model::mail::Mailbox::bare(email("ada@example.org")),
        )
        .with("subject", "Hello")
        .with("body", "Some words.")
        .with("link", "")
    };
    world.store.queue_mail(&Actor::System, vec![mail]).await.unwrap();
    let (_, token) = token(&world, Role::Organiser, TokenScope::Read).await;
    let states = all_of(&world, "/api/v1/mail?state=suppressed", &token, "state").await;
    assert_eq!(states, [json!("suppressed")]);
}
