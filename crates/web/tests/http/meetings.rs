//! The meetings of rooms, with simulated servers: who joins where, what is said on both sides, what happens when a server
//! dies, and what those are told who have no right to it.

use crate::world::{SignedIn, World, options};
use axum::http::StatusCode;
use bigbluebutton::simulator::{Options, Simulator, Version};
use fetch::{Fetcher, Request};
use model::{
    meeting::{MeetingServer, ServerState},
    permission::{Role, Scope, Subject},
    room::{LiveKind, LiveRoom, RoomAccess, Video},
    text::Slug,
    time::SystemClock,
};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use store::SharedSecret;
use uuid::Uuid;
use web::SiteOptions;

const SECRET: &str = "whisper-whisper-whisper";
const HALL: &str = "/garden-2027/live/hall/";

/// A conference with a hallway that has video, and servers for it.
struct Pool {
    world: World,
    servers: Vec<Simulator>,
    room: LiveRoom,
}

impl Pool {
    async fn new(servers: usize) -> Self {
        let options = SiteOptions { base_url: None, fetch_private: true, ..options() };
        let world = World::with(&["garden-2027"], options, Arc::new(SystemClock)).await;
        let edition = world.edition("garden-2027").await;
        let hall = LiveRoom {
            id: model::id::RoomId(Uuid::now_v7()),
            kind: LiveKind::Hallway,
            slug: Slug::parse("hall").unwrap(),
            name: "Hall".into(),
            topic: "".into(),
            access: RoomAccess::Public,
            locked: false,
            video: Video::Meeting,
            opened_by: None,
            opened: None,
            closed: None,
            closed_by: None,
        };
        let room = world.store.put_live_room(&operator(&world), &edition, &hall).await.unwrap();
        let mut pool = Self { world, servers: vec![], room };
        let root = pool.root().await;
        for at in 1..=servers {
            let simulated = Options { version: Version::V3_0, ..Options::new(SECRET) };
            let simulator = Simulator::start("127.0.0.1:0".parse().unwrap(), simulated).await.unwrap();
            let fields = [("name", &*format!("bbb{at}")), ("url", &simulator.url()), ("secret", SECRET)];
            let added = pool.world.post_as(&root, "/desk/servers/", &fields).await;
            assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.text());
            pool.servers.push(simulator);
        }
        pool
    }

    async fn root(&self) -> SignedIn {
        plain(&self.world.sign_in("root@example.org", &[(Role::Administrator, Scope::Everywhere)]).await)
    }

    async fn sign_in(&self, address: &str) -> SignedIn {
        plain(&self.world.sign_in(address, &[]).await)
    }

    fn meeting(&self) -> String {
        self.room.id.to_string()
    }

    /// Clicks, and gives where the browser is sent.
    async fn click(&self, who: &SignedIn) -> String {
        let answer = self.world.post_as(who, &format!("{HALL}join/"), &[("role", "MODERATOR")]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        answer.header("location").to_owned()
    }

    /// Clicks and goes in, as a browser does.
    async fn join(&self, who: &SignedIn) -> String {
        let to = self.click(who).await;
        visit(&to).await;
        to
    }

    async fn known(&self) -> model::meeting::KnownMeeting {
        let edition = self.world.edition("garden-2027").await;
        self.world.store.meeting(edition.id, self.room.id).await.unwrap().unwrap()
    }

    /// Waits until the page of the room holds that.
    async fn shows(&self, text: &str) -> String {
        for _ in 0..150 {
            let page = self.world.get(HALL).await.text().to_owned();
            if page.contains(text) {
                return page;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the page never showed \"{text}\": {}", self.world.get(HALL).await.text());
    }

    /// Waits until the chat of a server's meeting holds that line, and gives all lines.
    async fn hears(&self, server: usize, name: &str, text: &str) -> Vec<(String, String)> {
        let line = (name.to_owned(), text.to_owned());
        for _ in 0..150 {
            let chat = self.servers[server].chat(&self.meeting());
            if chat.contains(&line) {
                return chat;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("never heard {line:?}: {:?}", self.servers[server].chat(&self.meeting()));
    }

    async fn say_on_page(&self, who: &SignedIn, text: &str) {
        let said = self.world.post_as(who, HALL, &[("do", "say"), ("text", text)]).await;
        assert_eq!(said.status, StatusCode::SEE_OTHER, "{}", said.text());
    }
}

fn operator(world: &World) -> Subject {
    Subject::operator("test".to_owned(), world.store.clock().now())
}

/// Without TLS a cookie has no prefix.
fn plain(who: &SignedIn) -> SignedIn {
    SignedIn { cookie: who.cookie.replace("__Host-", ""), ..who.clone() }
}

async fn visit(url: &str) {
    let mut calling = fetch::Options::new("http://localhost");
    calling.allow_private = true;
    let answer = Fetcher::new(calling).unwrap().send(Request::get(url)).await.unwrap();
    assert_eq!(answer.status, 200);
}

fn parameter(url: &str, name: &str) -> String {
    let query = url.split_once('?').unwrap().1;
    let found = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
    found.map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[tokio::test]
async fn two_who_click_at_the_same_moment_are_in_one_meeting_and_nobody_is_what_they_are_not() {
    let pool = Pool::new(2).await;
    let world = &pool.world;
    let (ada, bob) = (pool.sign_in("ada@example.org").await, pool.sign_in("bob@example.org").await);
    let organiser = plain(&world.organiser().await);
    let page = world.get_as(&ada, HALL).await;
    assert!(page.text().contains("Join the video") && page.text().contains("Nothing is recorded unless"));
    let policy = page.header("content-security-policy");
    assert!(policy.contains("form-action 'self' http://127.0.0.1:"), "{policy}");
    assert!(!world.get("/garden-2027/live/").await.header("content-security-policy").contains("127.0.0.1"));

    let (of_ada, of_bob) = tokio::join!(pool.click(&ada), pool.click(&bob));
    assert_eq!(parameter(&of_ada, "meetingID"), parameter(&of_bob, "meetingID"));
    assert_eq!(of_ada.split("/join").next(), of_bob.split("/join").next(), "one server");
    assert_eq!(parameter(&of_ada, "createTime"), parameter(&of_bob, "createTime"), "one run");
    assert_ne!(parameter(&of_ada, "userID"), parameter(&of_bob, "userID"));
    assert_eq!(parameter(&of_ada, "role"), "VIEWER", "whatever the form says");
    assert!(!of_ada.contains(&ada.account.to_string()), "the account stays with us");
    assert_eq!(parameter(&pool.click(&organiser).await, "role"), "MODERATOR");

    // A link is bound to its person: another name in it breaks the signature.
    visit(&of_ada).await;
    pool.shows("1 in the video").await;
    let visitor = world.post_with(&format!("{HALL}join/"), &[], &[]).await;
    assert!(visitor.header("location").starts_with("/sign-in/"), "{}", visitor.header("location"));
    // Neither the pages nor the feed hold the secret or a signed address.
    let root = pool.root().await;
    for path in ["/desk/servers/", "/desk/log/", HALL] {
        let answer = world.get_as(&root, path).await;
        assert!(!answer.text().contains(SECRET) && !answer.text().contains("checksum="), "{path}");
        assert_eq!(answer.status, StatusCode::OK, "{path}");
    }
    let feed = format!("{:?}", world.store.changes_since(0, 10_000).await.unwrap());
    assert!(feed.contains("meeting-server") && !feed.contains(SECRET) && !feed.contains("checksum="));
    assert!(store::verify(&world.store).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_said_in_the_meeting_and_on_the_page_is_on_both_sides_once_and_in_order() {
    let pool = Pool::new(1).await;
    let ada = pool.sign_in("ada@example.org").await;
    pool.say_on_page(&ada, "Said long before").await;
    pool.join(&ada).await;
    pool.hears(0, "Room", "Said in this room before:\nada: Said long before").await;
    // The hook is registered by the first look.
    pool.shows("1 in the video").await;
    for text in ["One from inside", "Two from inside", "Three from inside"] {
        assert!(pool.servers[0].say(&pool.meeting(), "ada", text));
        // Servers count in milliseconds: what is written within one has no order.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let page = pool.shows("Three from inside").await;
    let places: Vec<_> =
        ["One", "Two", "Three"].iter().map(|word| page.find(&format!("{word} from inside"))).collect();
    assert!(places.is_sorted() && places.iter().all(Option::is_some), "{places:?}");
    assert!(page.contains("by BigBlueButton"), "how it came is said");
    let edition = pool.world.edition("garden-2027").await;
    let said = pool.world.store.chat_in(pool.room.id, 0, 100).await.unwrap();
    let from_inside: Vec<_> = said.iter().filter(|event| event.spoke.as_str() == "big_blue_button").collect();
    assert_eq!(from_inside.len(), 3);
    let ours = model::chat::Author::Account(ada.account);
    assert!(from_inside.iter().all(|event| event.author == ours && event.edition == edition.id));

    pool.say_on_page(&ada, "From the **page**").await;
    let chat = pool.hears(0, "ada", "From the page").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let lines = pool.servers[0].chat(&pool.meeting());
    assert_eq!(lines.len(), chat.len(), "nothing comes back as an echo: {lines:?}");
    let unique: BTreeSet<_> = lines.iter().collect();
    assert_eq!(unique.len(), lines.len(), "{lines:?}");
    let page = pool.world.get(HALL).await;
    assert_eq!(page.text().matches("One from inside").count(), 1);
    assert_eq!(page.text().matches("<strong>page</strong>").count(), 1);
}

#[tokio::test]
async fn a_forged_call_is_refused_and_a_doubled_one_is_said_once() {
    let pool = Pool::new(1).await;
    let ada = pool.sign_in("ada@example.org").await;
    pool.join(&ada).await;
    pool.shows("1 in the video").await;
    let internal = pool.known().await.meeting.internal;
    let event = serde_json::json!([{ "data": { "type": "event", "id": "chat-group-message-sent", "attributes": {
        "meeting": { "internal-meeting-id": internal, "external-meeting-id": pool.meeting() },
        "chat-message": { "id": "m1", "message": "Twice sent", "sender": { "internal-user-id": "w_1", "external-user-id": "guest", "name": "Eve", "time": 1 } },
        "chat-id": "MAIN-PUBLIC-GROUP-CHAT" }, "event": { "ts": 1 } } }]);
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("domain", "bbb.example.org")
        .append_pair("timestamp", "1")
        .append_pair("event", &event.to_string())
        .finish();
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for path in ["/bbb/bbb1", "/bbb/bbb1?checksum=00", "/bbb/bbb9?checksum=00", "/bbb/bbb1/recording"] {
        let forged = pool.world.send("POST", path, &form, &body).await;
        assert_eq!(forged.status, StatusCode::FORBIDDEN, "{path}");
    }
    let ended = pool.world.get(&format!("/bbb/bbb1/ended/{}/0011", pool.meeting())).await;
    assert_eq!(ended.status, StatusCode::FORBIDDEN);
    let registered = format!("http://{}/bbb/bbb1", pool.world.address);
    let proof = bigbluebutton::checksum::Algorithm::Sha256
        .checksum(&[registered.as_bytes(), body.as_bytes()], &bigbluebutton::Secret::new(SECRET));
    for _ in 0..3 {
        let told = pool.world.send("POST", &format!("/bbb/bbb1?checksum={proof}"), &form, &body).await;
        assert_eq!(told.status, StatusCode::OK);
    }
    pool.shows("Twice sent").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(pool.world.get(HALL).await.text().matches("Twice sent").count(), 1);
}

#[tokio::test]
async fn when_a_server_dies_its_room_opens_on_another_and_people_are_told_on_the_page() {
    let mut pool = Pool::new(2).await;
    let ada = pool.sign_in("ada@example.org").await;
    let first = pool.join(&ada).await;
    pool.shows("1 in the video").await;
    let was = pool.known().await.meeting.server.unwrap();
    let at = usize::from(was.as_str() == "bbb2");
    pool.servers[at].die().await;
    // A minute of misses at once, as the record holds them.
    let look = model::meeting::ServerLook {
        missed: 6,
        answered: Some(pool.world.store.clock().now()),
        ..model::meeting::ServerLook::default()
    };
    pool.world.store.note_look(&was, &look).await.unwrap();
    pool.shows("is on another server now").await;
    let now = pool.known().await.meeting;
    assert_ne!(now.server.as_ref(), Some(&was));
    let second = pool.join(&ada).await;
    assert_ne!(first.split("/join").next(), second.split("/join").next());
    pool.shows("1 in the video").await;
    // The same conversation goes on there.
    pool.say_on_page(&ada, "Still here").await;
    pool.hears(1 - at, "ada", "Still here").await;
    assert!(store::verify(&pool.world.store).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_meeting_ended_by_mistake_is_back_with_one_click() {
    let pool = Pool::new(1).await;
    let ada = pool.sign_in("ada@example.org").await;
    pool.join(&ada).await;
    pool.shows("1 in the video").await;
    let run = pool.known().await.meeting.run;
    let server = pool.servers[0].server(bigbluebutton::checksum::Algorithm::Sha256).unwrap();
    let mut calling = fetch::Options::new("http://localhost");
    calling.allow_private = true;
    let client = bigbluebutton::api::Client::new(Fetcher::new(calling).unwrap(), server);
    let id = bigbluebutton::meeting::MeetingId::parse(&pool.meeting()).unwrap();
    client.end(&id).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    pool.join(&ada).await;
    assert_ne!(pool.known().await.meeting.run, run);
    assert!(client.is_running(&id).await.unwrap());
}

#[tokio::test]
async fn a_server_is_added_when_it_answers_and_its_secret_is_right() {
    let pool = Pool::new(1).await;
    let (world, root) = (&pool.world, pool.root().await);
    let url = pool.servers[0].url();
    let wrong =
        world.post_as(&root, "/desk/servers/", &[("name", "bbb7"), ("url", &url), ("secret", "wrong")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("checksumError") && wrong.text().contains("bbb7"), "{}", wrong.text());
    assert!(!wrong.text().contains("value=\"wrong\""));
    let nobody = [("name", "bbb7"), ("url", "http://127.0.0.1:1/"), ("secret", SECRET)];
    let nobody = world.post_as(&root, "/desk/servers/", &nobody).await;
    assert!(nobody.text().contains("cannot be reached"), "{}", nobody.text());
    let organiser = plain(&world.organiser().await);
    assert_eq!(world.get_as(&organiser, "/desk/servers/").await.status, StatusCode::FORBIDDEN);
    let drained = world.post_as(&root, "/desk/servers/bbb1/", &[("do", "drain")]).await;
    assert_eq!(drained.status, StatusCode::SEE_OTHER);
    let page = world.get_as(&root, "/desk/servers/").await;
    assert!(page.text().contains("Draining") && page.text().contains("3.0.12"), "{}", page.text());
    // Nothing takes the room now, and whoever clicks is told.
    let ada = pool.sign_in("ada@example.org").await;
    let shut = world.post_as(&ada, &format!("{HALL}join/"), &[]).await;
    assert_eq!(shut.status, StatusCode::SERVICE_UNAVAILABLE, "{}", shut.text());
    let edition = world.edition("garden-2027").await;
    let private = LiveRoom { access: RoomAccess::Private, ..pool.room.clone() };
    world.store.put_live_room(&operator(world), &edition, &private).await.unwrap();
    let hidden = world.post_as(&ada, &format!("{HALL}join/"), &[]).await;
    assert_eq!(hidden.status, StatusCode::NOT_FOUND, "a private room is for its people");
    // The store asks for the right too.
    let server = MeetingServer {
        name: Slug::parse("bbb8").unwrap(),
        url,
        state: ServerState::Enabled,
        capacity: None,
        tags: BTreeSet::new(),
    };
    let visitor = Subject::visitor(world.store.clock().now());
    let refused =
        world.store.put_meeting_server(&visitor, &server, &SharedSecret::parse(SECRET).unwrap()).await;
    assert!(matches!(refused, Err(store::Error::Refused(_))));
}
