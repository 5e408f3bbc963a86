//! Publishing on a server that checks what it is sent as Mastodon's documentation has it. It is not Mastodon: it knows
//! `GET /api/v2/instance` and `POST /api/v1/statuses`, the bearer token, the form, and the hour of the idempotency key.

#![expect(clippy::unwrap_used, reason = "a test says what it expects")]

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use fetch::{Fetcher, Options};
use jiff::{SignedDuration, Timestamp, civil::date};
use model::{
    edition::Edition,
    feed::Actor,
    id::EditionId,
    mastodon::{MastodonAccount, RETRY, TootState, Visibility},
    permission::Subject,
    post::{Post, PostKind, Publication},
    programme::Programme,
    text::{Line, RichText, Slug},
    time::{Clock, Zone},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use store::{AccessToken, ImportOptions, Location, PostStep, Store};
use uuid::Uuid;

const TOKEN: &str = "ZA-Yj3aBD8U8Cm7lKUp";

/// What the server has, and how it answers next.
#[derive(Default)]
struct Account {
    statuses: BTreeMap<String, Value>,
    requests: Vec<(HeaderMap, BTreeMap<String, String>)>,
    /// Statuses to answer with before the true one: a status code, and whether the status is made all the same.
    troubles: Vec<(u16, bool)>,
    max_characters: usize,
}

type Shared = Arc<Mutex<Account>>;

async fn instance(State(account): State<Shared>) -> Json<Value> {
    let most = account.lock().unwrap().max_characters;
    Json(json!({ "domain": "social.example", "configuration": { "statuses": {
        "max_characters": most, "max_media_attachments": 4, "characters_reserved_per_url": 23 } } }))
}

async fn create(State(account): State<Shared>, headers: HeaderMap, body: Bytes) -> (StatusCode, Json<Value>) {
    let mut account = account.lock().unwrap();
    let form: BTreeMap<String, String> = form_urlencoded::parse(&body).into_owned().collect();
    account.requests.push((headers.clone(), form.clone()));
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if header("authorization") != format!("Bearer {TOKEN}") {
        return (StatusCode::UNAUTHORIZED, Json(json!({ "error": "The access token is invalid" })));
    }
    assert_eq!(header("content-type"), "application/x-www-form-urlencoded");
    let text = form.get("status").cloned().unwrap_or_default();
    let counted: usize = text
        .split_whitespace()
        .map(|word| if word.starts_with("http") { 23 } else { word.chars().count() } + 1)
        .sum();
    if text.is_empty() || counted > account.max_characters + 1 {
        let error = json!({ "error": "Validation failed: Text character limit exceeded" });
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(error));
    }
    assert!(["public", "unlisted", "private", "direct"].contains(&form["visibility"].as_str()));
    let trouble = if account.troubles.is_empty() { None } else { Some(account.troubles.remove(0)) };
    let key = header("idempotency-key").to_owned();
    assert!(!key.is_empty());
    if !matches!(trouble, Some((_, false))) {
        let number = account.statuses.len() + 1;
        let status = json!({ "id": number.to_string(), "uri": format!("https://social.example/users/lpc/statuses/{number}"),
            "url": format!("https://social.example/@lpc/{number}"), "content": format!("<p>{text}</p>"), "visibility": form["visibility"] });
        account.statuses.entry(key.clone()).or_insert(status);
    }
    match trouble {
        Some((code, _)) => (StatusCode::from_u16(code).unwrap(), Json(json!({ "error": "Try again later" }))),
        None => (StatusCode::OK, Json(account.statuses[&key].clone())),
    }
}

/// A clock that is moved by hand.
#[derive(Debug)]
struct Hand(Mutex<Timestamp>);

impl Hand {
    fn move_on(&self, by: SignedDuration) {
        let mut now = self.0.lock().unwrap();
        *now = now.checked_add(by).unwrap();
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

struct World {
    store: Store,
    fetcher: Fetcher,
    clock: Arc<Hand>,
    account: Shared,
    server: String,
    edition: EditionId,
    me: Subject,
    _folder: tempfile::TempDir,
}

const BASE: &str = "https://conf.example.org";

async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(Hand(Mutex::new("2027-09-01T12:00:00Z".parse().unwrap())));
    let store = Store::open(&Location::from_data_dir(folder.path()), clock.clone()).await.unwrap();
    let edition = Edition {
        id: EditionId(Uuid::from_u128(7)),
        slug: Slug::parse("lpc-2027").unwrap(),
        series: "Linux Plumbers Conference".into(),
        title: "Linux Plumbers Conference 2027".into(),
        subtitle: Line::default(),
        description: RichText::default(),
        zone: Zone::parse("Europe/Prague").unwrap(),
        first_day: date(2027, 10, 4),
        last_day: date(2027, 10, 6),
        day_change: 0,
        venue: Line::default(),
        city: Line::default(),
        country: Line::default(),
        url: None,
        logo: None,
        language: "en-GB".into(),
        colour: None,
        timeslot_minutes: 5,
        mode: model::edition::Mode::default(),
        state: model::edition::EditionState::default(),
        notice: Line::default(),
    };
    let programme = Programme::empty(edition.clone());
    let options = ImportOptions { release: true, ..ImportOptions::default() };
    let actor = Actor::Operator("test".to_owned());
    store.import(&actor, &programme, model::merge::Carries::ALL, &options).await.unwrap();
    let account = Shared::default();
    account.lock().unwrap().max_characters = 500;
    let routes = Router::new()
        .route("/api/v2/instance", get(instance))
        .route("/api/v1/statuses", post(create))
        .with_state(account.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, routes).await });
    let fetcher =
        Fetcher::new(Options { allow_private: true, allow_http: true, ..Options::new(BASE) }).unwrap();
    let me = Subject::operator("test".to_owned(), clock.now());
    let mastodon = MastodonAccount {
        server: MastodonAccount::parse_server(&server).unwrap(),
        visibility: Visibility::Unlisted,
    };
    let token = AccessToken::parse(TOKEN).unwrap();
    store.set_mastodon(&me, edition.id, &mastodon, Some(&token)).await.unwrap();
    World { store, fetcher, clock, account, server, edition: edition.id, me, _folder: folder }
}

impl World {
    async fn publish(&self, title: &str, summary: &str) -> Post {
        let post = Post {
            id: model::id::PostId(Uuid::nil()),
            slug: Slug::from_text(title).unwrap(),
            title: Line::clean(title),
            kind: PostKind::Announcement,
            summary: Line::clean(summary),
            body: RichText::clean("The text."),
            author: Line::default(),
            track: None,
            created: self.clock.now(),
            publication: Publication::Draft,
            mail_to: vec![],
            mastodon: true,
        };
        let post = self.store.add_post(&self.me, self.edition, post).await.unwrap();
        let step = PostStep::Publish;
        self.store.step_post(&self.me, self.edition, post.id, step, BASE).await.unwrap().post
    }

    async fn work(&self) -> bool {
        mastodon::publish_next(&self.store, &self.fetcher, BASE).await.unwrap()
    }

    async fn state(&self, post: &Post) -> TootState {
        self.store.toot(self.edition, post.id).await.unwrap().unwrap().state
    }

    async fn is_sound(&self) {
        assert_eq!(store::verify(&self.store).await.unwrap(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_published_post_stands_on_mastodon_with_its_link_and_its_page_knows_where() {
    let world = world().await;
    let post = world.publish("Call for proposals", "Send yours until May.").await;
    assert!(world.work().await);
    let TootState::Published { url: Some(url), .. } = world.state(&post).await else {
        panic!("not published")
    };
    assert_eq!(url.as_str(), "https://social.example/@lpc/1");
    {
        let account = world.account.lock().unwrap();
        let (headers, form) = &account.requests[0];
        assert_eq!(
            form["status"],
            "Call for proposals\n\nSend yours until May.\n\nhttps://conf.example.org/lpc-2027/posts/call-for-proposals/"
        );
        assert_eq!((form["visibility"].as_str(), form["language"].as_str()), ("unlisted", "en"));
        assert_eq!(headers["idempotency-key"], post.id.to_string());
    }
    assert!(!world.work().await, "nothing is left to do");
    world.is_sound().await;
}

#[tokio::test]
async fn an_answer_that_was_lost_publishes_nothing_twice() {
    let world = world().await;
    world.account.lock().unwrap().troubles = vec![(502, true), (503, false)];
    let post = world.publish("The schedule is out", "").await;
    assert!(world.work().await);
    assert!(matches!(world.state(&post).await, TootState::Waiting { .. }));
    assert!(!world.work().await, "it waits its time");
    for _ in 0..2 {
        world.clock.move_on(SignedDuration::from_mins(5));
        assert!(world.work().await);
    }
    assert!(matches!(world.state(&post).await, TootState::Published { .. }));
    assert_eq!(world.account.lock().unwrap().statuses.len(), 1);
    world.is_sound().await;
}

#[tokio::test]
async fn a_worker_that_was_killed_leaves_its_post_to_the_next_one() {
    let world = world().await;
    world.publish("Registration opens", "").await;
    // Claimed, and nothing more: the process is gone.
    assert!(world.store.claim_toot(SignedDuration::from_mins(2)).await.unwrap().is_some());
    assert!(!world.work().await, "it belongs to the other for a while");
    world.clock.move_on(SignedDuration::from_mins(3));
    assert!(world.work().await);
    assert_eq!(world.account.lock().unwrap().statuses.len(), 1);
}

#[tokio::test]
async fn what_the_server_refuses_is_said_and_can_be_tried_again() {
    let world = world().await;
    let wrong = AccessToken::parse("another-token").unwrap();
    let (account, _) = world.store.mastodon(world.edition).await.unwrap().unwrap();
    world.store.set_mastodon(&world.me, world.edition, &account, Some(&wrong)).await.unwrap();
    let post = world.publish("Call for proposals", "").await;
    assert!(world.work().await);
    let toot = world.store.toot(world.edition, post.id).await.unwrap().unwrap();
    assert!(matches!(toot.state, TootState::Failed { .. }));
    assert!(toot.answer.as_str().contains("The access token is invalid"), "{}", toot.answer);
    let right = AccessToken::parse(TOKEN).unwrap();
    world.store.set_mastodon(&world.me, world.edition, &account, Some(&right)).await.unwrap();
    world.store.toot_post(&world.me, world.edition, post.id).await.unwrap();
    assert!(world.work().await);
    assert!(matches!(world.state(&post).await, TootState::Published { .. }));
    world.is_sound().await;
}

#[tokio::test]
async fn a_server_that_stays_away_is_given_up_within_the_hour() {
    let world = world().await;
    world.account.lock().unwrap().troubles = vec![(503, false); 20];
    let post = world.publish("Call for proposals", "").await;
    let begun = world.clock.now();
    for attempt in 1..=RETRY.attempts {
        assert!(world.work().await, "attempt {attempt}");
        if let TootState::Waiting { next } = world.state(&post).await {
            world.clock.move_on(next.duration_since(world.clock.now()));
        }
    }
    assert!(matches!(world.state(&post).await, TootState::Failed { .. }));
    assert!(world.clock.now().duration_since(begun) < SignedDuration::from_hours(1));
}

#[tokio::test]
async fn a_long_title_is_cut_to_what_the_server_allows() {
    let world = world().await;
    world.account.lock().unwrap().max_characters = 100;
    let post = world.publish(&"Everything changes ".repeat(12), &"Much more to say ".repeat(40)).await;
    assert!(world.work().await);
    assert!(matches!(world.state(&post).await, TootState::Published { .. }));
}

#[tokio::test]
async fn the_token_stands_in_no_feed_and_goes_to_no_other_server() {
    let world = world().await;
    let feed = serde_json::to_string(&world.store.changes_since(0, 1_000).await.unwrap()).unwrap();
    assert!(feed.contains("\"mastodon\"") && !feed.contains(TOKEN));
    let elsewhere = MastodonAccount {
        server: MastodonAccount::parse_server("https://evil.example").unwrap(),
        visibility: Visibility::Public,
    };
    let refused = world.store.set_mastodon(&world.me, world.edition, &elsewhere, None).await.unwrap_err();
    assert!(refused.to_string().contains("another server"), "{refused}");
    assert!(!format!("{:?}", AccessToken::parse(TOKEN).unwrap()).contains(TOKEN));
    assert!(world.server.starts_with("http://127.0.0.1:"));
}
