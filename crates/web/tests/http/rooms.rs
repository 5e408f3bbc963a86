//! Rooms on the day: who enters, what is said, and how it reaches open pages.

use crate::world::{SignedIn, World};
use axum::http::StatusCode;
use futures_util::{SinkExt, StreamExt};
use model::{
    id::RegistrationId,
    permission::{Role, Scope},
    registration::{Attendance, Registration, RegistrationState, RegistrationType},
    room::{LiveRoom, RoomAccess},
    text::Line,
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};
use uuid::Uuid;

const HALL: &str = "/garden-2027/live/great-hall/";

/// An open page.
struct Page(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Page {
    async fn open(world: &World, who: Option<&SignedIn>, path: &str, after: i64) -> Result<Self, StatusCode> {
        Self::open_from(world, who, path, after, &format!("http://{}", world.address)).await
    }

    async fn open_from(
        world: &World,
        who: Option<&SignedIn>,
        path: &str,
        after: i64,
        origin: &str,
    ) -> Result<Self, StatusCode> {
        let url = format!("ws://{}{path}socket?after={after}", world.address);
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("origin", origin.parse().unwrap());
        if let Some(who) = who {
            request.headers_mut().insert("cookie", who.cookie.parse().unwrap());
        }
        match connect_async(request).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => {
                Err(StatusCode::from_u16(answer.status().as_u16()).unwrap())
            }
            Err(error) => panic!("{error}"),
        }
    }

    async fn send(&mut self, value: &Value) {
        self.0.send(Message::text(value.to_string())).await.unwrap();
    }

    /// The next thing that it is sent that has `key`.
    async fn next(&mut self, key: &str) -> Value {
        let waiting = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Text(text))) => {
                        let value: Value = serde_json::from_str(&text).unwrap();
                        if value.get(key).is_some() {
                            return value;
                        }
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    other => panic!("the page was closed: {other:?}"),
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("within ten seconds")
    }

    /// Waits until the server closes it.
    async fn closed(mut self) {
        let waiting = async {
            while let Some(Ok(frame)) = self.0.next().await {
                if frame.is_close() {
                    return;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("within ten seconds");
    }
}

fn say(text: &str) -> Value {
    json!({ "id": Uuid::new_v4(), "do": "say", "text": text })
}

async fn register(world: &World, who: &SignedIn) {
    let edition = world.edition("garden-2027").await;
    let known = world.store.account(who.account).await.unwrap().unwrap();
    let registration = Registration {
        id: RegistrationId(Uuid::now_v7()),
        edition: edition.id,
        email: known.email().unwrap().clone(),
        name: known.account.name.clone(),
        kind: RegistrationType::Attendee,
        mode: Attendance::Virtual,
        affiliation: Line::default(),
        country: Line::default(),
        zone: None,
        code: Line::default(),
        state: RegistrationState::Active,
        account: Some(who.account),
    };
    world.store.put_registration(&model::feed::Actor::System, &registration).await.unwrap();
}

#[tokio::test]
async fn what_one_says_reaches_everybody_in_the_room_and_nobody_elsewhere() {
    let world = World::new().await;
    let (ada, bob) =
        (world.sign_in("ada@example.org", &[]).await, world.sign_in("bob@example.org", &[]).await);
    let mut of_ada = Page::open(&world, Some(&ada), HALL, 0).await.unwrap();
    let mut of_bob = Page::open(&world, Some(&bob), HALL, 0).await.unwrap();
    let mut reader = Page::open(&world, None, HALL, 0).await.unwrap();
    let mut elsewhere = Page::open(&world, Some(&bob), "/garden-2027/live/attic/", 0).await.unwrap();
    let sent = say("Hello <b>all</b>, **so**");
    of_ada.send(&sent).await;
    let told = of_ada.next("said").await;
    assert_eq!(told["said"], sent["id"]);
    for page in [&mut of_ada, &mut of_bob, &mut reader] {
        let news = page.next("html").await;
        assert_eq!(news["name"], "ada");
        let html = news["html"].as_str().unwrap();
        assert!(html.contains("Hello &lt;b&gt;all&lt;/b&gt;, <strong>so</strong>"), "{html}");
    }
    // Sent again, as after a broken connection, it is said once.
    of_ada.send(&sent).await;
    assert_eq!(of_ada.next("said").await["seq"], told["seq"]);
    of_bob.send(&json!({ "id": Uuid::new_v4(), "do": "react", "target": told["seq"], "emoji": "👍" })).await;
    let news = reader.next("html").await;
    assert_eq!((news["message"].clone(), news["new"].clone()), (told["seq"].clone(), json!(false)));
    elsewhere.send(&say("In the attic")).await;
    assert!(elsewhere.next("html").await["html"].as_str().unwrap().contains("In the attic"));
    // A page without a script shows the same.
    let page = world.get(HALL).await;
    assert!(page.text().contains("<strong>so</strong>") && page.text().contains("👍 1"), "{}", page.text());
    assert!(!page.text().contains("In the attic") && !page.text().contains("<b>all"));
    reader.send(&say("Me too")).await;
    assert!(reader.next("refused").await["problem"].as_str().unwrap().contains("not signed in"));
}

#[tokio::test]
async fn a_page_that_comes_back_hears_what_it_missed_and_one_without_sockets_asks() {
    let world = World::new().await;
    let ada = world.sign_in("ada@example.org", &[]).await;
    let mut page = Page::open(&world, Some(&ada), HALL, 0).await.unwrap();
    page.send(&say("One")).await;
    let one = page.next("said").await["seq"].as_i64().unwrap();
    drop(page);
    // Said by another process meanwhile, as another node would.
    let other = world.other_process().await;
    let edition = world.edition("garden-2027").await;
    let room = world.store.programme(edition.id).await.unwrap().unwrap().rooms[0].id;
    let saying = store::Saying {
        id: Uuid::now_v7(),
        edition: edition.id,
        room,
        spoke: model::chat::Spoke::Matrix,
        author: model::chat::Author::Outside("@bob:example.org".to_owned()),
        name: "Bob".into(),
        rights: model::chat::Rights { moderates: false, locked: false },
        said: model::chat::Said::Message { text: "Two".into(), reply_to: Some(one) },
        outside: None,
    };
    other.say(&[saying]).await.unwrap().remove(0).unwrap();
    let mut back = Page::open(&world, Some(&ada), HALL, one).await.unwrap();
    let news = back.next("html").await;
    let html = news["html"].as_str().unwrap();
    assert!(html.contains("Two") && html.contains("by Matrix") && html.contains("ada: One"), "{html}");
    let asked = world.get(&format!("{HALL}messages?after={one}")).await.json();
    assert_eq!(asked["news"].as_array().unwrap().len(), 1);
    assert_eq!(asked["seq"], news["seq"]);
    let older = world.get(&format!("{HALL}messages?before={}", news["seq"])).await.json();
    assert_eq!((older["items"].as_array().unwrap().len(), older["older"].clone()), (1, Value::Null));
    // Whoever asks and waits is told as soon as something is said.
    let address = format!("{HALL}messages?after={}", news["seq"]);
    let waiting = world.get(&address);
    let speaking = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        back.send(&say("Three")).await;
    };
    let (answer, ()) = tokio::join!(waiting, speaking);
    assert!(answer.text().contains("Three"), "{}", answer.text());
}

#[tokio::test]
async fn a_form_says_the_same_once_and_keeps_what_was_typed_when_it_is_refused() {
    let world = World::new().await;
    let ada = world.sign_in("ada@example.org", &[]).await;
    let visitor = world.post_with(HALL, &[], &[("do", "say"), ("text", "Hello")]).await;
    assert!(visitor.header("location").starts_with("/sign-in/"), "{}", visitor.status);
    let id = Uuid::new_v4().to_string();
    for _ in 0..2 {
        let said = world.post_as(&ada, HALL, &[("id", &id), ("do", "say"), ("text", "Hello")]).await;
        assert!(said.header("location").starts_with(&format!("{HALL}#m")), "{}", said.text());
    }
    let page = world.get_as(&ada, HALL).await;
    assert_eq!(page.text().matches("<p>Hello</p>").count(), 1);
    let long = "long ".repeat(1_000);
    let refused = world.post_as(&ada, HALL, &[("id", &id), ("do", "say"), ("text", &long)]).await;
    // The identifier was used, so that what it said stands: a page never sends other words under it.
    assert_eq!(refused.status, StatusCode::SEE_OTHER);
    let refused = world.post_as(&ada, HALL, &[("do", "say"), ("text", &long)]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("at most 4000") && refused.text().contains("long long"));
}

#[tokio::test]
async fn a_private_room_is_known_to_those_who_have_a_role_in_it() {
    let world = World::new().await;
    let (ada, bob) =
        (world.sign_in("ada@example.org", &[]).await, world.sign_in("bob@example.org", &[]).await);
    let edition = world.edition("garden-2027").await;
    let programme = world.store.programme(edition.id).await.unwrap().unwrap();
    let attic = programme.rooms[1].clone();
    let private = LiveRoom { access: RoomAccess::Private, ..LiveRoom::of(&attic) };
    let operator = model::permission::Subject::operator("test".to_owned(), world.store.clock().now());
    world.store.put_live_room(&operator, &edition, &private).await.unwrap();
    let role = store::NewGrant::new(ada.account, Role::Moderator, Scope::Room(edition.id, attic.id));
    world.store.give(&operator, &role).await.unwrap();
    let path = "/garden-2027/live/attic/";
    for address in [path.to_owned(), format!("{path}messages?after=0")] {
        assert_eq!(world.get(&address).await.status, StatusCode::NOT_FOUND);
        assert_eq!(world.get_as(&bob, &address).await.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(Page::open(&world, Some(&bob), path, 0).await.err(), Some(StatusCode::NOT_FOUND));
    assert!(!world.get_as(&bob, "/garden-2027/live/").await.text().contains("live/attic/"));
    assert!(world.get_as(&ada, "/garden-2027/live/").await.text().contains("live/attic/"));
    let mut page = Page::open(&world, Some(&ada), path, 0).await.unwrap();
    page.send(&say("Between us")).await;
    page.next("said").await;
    // A role that is revoked ends it at the next word, and at the latest within a minute.
    let grants = world.store.grants_of(ada.account).await.unwrap();
    world.store.revoke(&operator, grants[0].id).await.unwrap();
    page.send(&say("Still?")).await;
    page.closed().await;
    assert_eq!(world.store.chat_activity(edition.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_room_for_those_who_are_registered_says_so_to_others() {
    let world = World::new().await;
    let (ada, bob) =
        (world.sign_in("ada@example.org", &[]).await, world.sign_in("bob@example.org", &[]).await);
    register(&world, &ada).await;
    let refused = world.post_as(&bob, "/garden-2027/live/", &[("name", "Sheds")]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let opened =
        world.post_as(&ada, "/garden-2027/live/", &[("name", "Sheds"), ("topic", "All of them")]).await;
    let path = opened.header("location").to_owned();
    assert_eq!(path, "/garden-2027/live/sheds/");
    assert!(
        world.get(&path).await.header("location").starts_with("/sign-in/")
            || world.get(&path).await.status == StatusCode::UNAUTHORIZED
    );
    assert_eq!(world.get_as(&bob, &path).await.status, StatusCode::FORBIDDEN);
    assert_eq!(world.get_as(&ada, &path).await.status, StatusCode::OK);
    // Whoever opened it keeps the peace in it, and closes it.
    register(&world, &bob).await;
    let mut of_bob = Page::open(&world, Some(&bob), &path, 0).await.unwrap();
    of_bob.send(&say("Spam")).await;
    let spam = of_bob.next("said").await["seq"].to_string();
    let removed = world.post_as(&ada, &path, &[("do", "remove"), ("target", &spam)]).await;
    assert_eq!(removed.status, StatusCode::SEE_OTHER, "{}", removed.text());
    assert!(world.get_as(&bob, &path).await.text().contains("This message was removed"));
    let denied = world.post_as(&bob, &format!("{path}close/"), &[]).await;
    assert!(denied.status.is_redirection());
    world.post_as(&ada, &format!("{path}close/"), &[]).await;
    of_bob.send(&say("More")).await;
    assert!(of_bob.next("refused").await["problem"].as_str().unwrap().contains("only those who run"));
}

#[tokio::test]
async fn a_socket_of_another_site_is_refused_and_a_flood_is_slowed_down() {
    let world = World::new().await;
    let ada = world.sign_in("ada@example.org", &[]).await;
    let other = Page::open_from(&world, Some(&ada), HALL, 0, "https://evil.example").await;
    assert_eq!(other.err(), Some(StatusCode::FORBIDDEN));
    let plain = world.get_as(&ada, &format!("{HALL}socket")).await;
    assert_eq!(plain.status, StatusCode::BAD_REQUEST);
    let mut page = Page::open(&world, Some(&ada), HALL, 0).await.unwrap();
    for number in 0..40 {
        page.send(&say(&format!("Flood {number}"))).await;
    }
    let refused = page.next("refused").await;
    assert!(refused["remedy"].as_str().unwrap().contains("Wait"), "{refused}");
    page.send(&json!({ "no": "sense" })).await;
    page.closed().await;
}

#[tokio::test]
async fn those_who_run_rooms_say_what_is_seen_and_deal_with_reports() {
    let world = World::new().await;
    let organiser = world.organiser().await;
    let (ada, bob) =
        (world.sign_in("ada@example.org", &[]).await, world.sign_in("bob@example.org", &[]).await);
    let edition = world.edition("garden-2027").await;
    let room = world.store.programme(edition.id).await.unwrap().unwrap().rooms[0].id;
    let address = format!("/desk/garden-2027/live/{room}/");
    assert_eq!(world.get_as(&ada, &address).await.status, StatusCode::NOT_FOUND);
    let fields =
        [("access", "public"), ("show", "page"), ("url", "https://live.example.org/hall"), ("topic", "")];
    let saved = world.post_as(&organiser, &address, &fields).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    let page = world.get(HALL).await;
    assert!(page.text().contains("<iframe src=\"https://live.example.org/hall\""));
    assert!(page.header("content-security-policy").ends_with("; frame-src https://live.example.org"));
    let refused = world
        .post_as(&organiser, &address, &[("access", "public"), ("show", "page"), ("url", "javascript:x")])
        .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let mut of_bob = Page::open(&world, Some(&bob), HALL, 0).await.unwrap();
    of_bob.send(&say("Something foul")).await;
    let foul = of_bob.next("said").await["seq"].to_string();
    world.post_as(&ada, HALL, &[("do", "report"), ("target", &foul), ("reason", "Foul")]).await;
    let desk = world.get_as(&organiser, "/desk/garden-2027/live/").await;
    assert!(desk.text().contains("Something foul") && desk.text().contains("Foul"), "{}", desk.text());
    let form = desk.text().split("action=\"").find(|part| part.contains("/reports/")).unwrap();
    let settle = form.split('"').next().unwrap().to_owned();
    assert_eq!(world.post_as(&ada, &settle, &[]).await.status, StatusCode::NOT_FOUND);
    world.post_as(&organiser, &settle, &[("do", "remove")]).await;
    assert!(world.get(HALL).await.text().contains("This message was removed"));
    of_bob.send(&say("More of it")).await;
    let more = of_bob.next("said").await["seq"].to_string();
    let banned = world.post_as(&organiser, HALL, &[("do", "ban"), ("target", &more), ("hours", "24")]).await;
    assert_eq!(banned.status, StatusCode::SEE_OTHER, "{}", banned.text());
    of_bob.send(&say("Again")).await;
    assert!(
        of_bob.next("refused").await["problem"].as_str().unwrap().contains("you may say nothing here until")
    );
    let desk = world.get_as(&organiser, "/desk/garden-2027/live/").await;
    let form = desk.text().split("action=\"").find(|part| part.contains("/bans/")).unwrap();
    let lift = form.split('"').next().unwrap().to_owned();
    world.post_as(&organiser, &lift, &[]).await;
    of_bob.send(&say("Sorry")).await;
    of_bob.next("said").await;
    // Where only those who moderate may write, others read.
    world.post_as(&organiser, HALL, &[("do", "lock")]).await;
    of_bob.send(&say("Hello?")).await;
    assert!(
        of_bob.next("refused").await["problem"].as_str().unwrap().contains("only those who run this room")
    );
}
