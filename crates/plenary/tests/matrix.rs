//! Matrix as a spoke of the conversation of rooms: a real Synapse, the real server, and somebody with a Matrix client.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "../../matrix/tests/homeserver/support.rs"]
mod homeserver;
mod support;

use homeserver::{Homeserver, Person};
use matrix::id::{EventId, RoomId as MatrixId};
use model::{
    account::Proof,
    chat::{Author, Rights, Said, Spoke},
    edition::Edition,
    email::Email,
    feed::Actor,
    id::AccountId,
    permission::Subject,
    programme::Room,
    room::{LiveRoom, RoomAccess},
    text::{Line, RichText, Slug},
    time::SystemClock,
};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    process::{Child, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};
use store::{Location, NewAccount, Saying, Store};
use support::{plenary, run_ok};
use tempfile::TempDir;
use uuid::Uuid;

const HALL: &str = "/garden-2027/live/great-hall/";
const HALL_ALIAS: &str = "#plenary_garden-2027_great-hall:plenary.test";
const ATTIC_ALIAS: &str = "#plenary_garden-2027_attic:plenary.test";
const SPACE_ALIAS: &str = "#plenary_garden-2027:plenary.test";

/// A homeserver, a server that knows it, and a second way into its record.
struct World {
    homeserver: Homeserver,
    server: Option<Child>,
    store: Store,
    edition: Edition,
    rooms: Vec<Room>,
    url: String,
    port: u16,
    http: reqwest::Client,
    data: TempDir,
}

/// Somebody who is signed in on our pages.
struct SignedIn {
    account: AccountId,
    cookie: String,
}

fn programme() -> Value {
    let talk = |at: usize, room: &str| {
        json!({
            "id": at, "guid": format!("00000000-0000-4000-8000-{at:012}"), "code": format!("TALK{at:02}"),
            "date": "2027-05-03T10:00:00+02:00", "start": "10:00", "duration": "00:45", "room": room,
            "slug": format!("garden-{at}"), "url": "https://old.example.org/", "title": format!("Talk {at}"), "subtitle": "",
            "language": "en", "type": "Talk", "track": "Soil", "abstract": "", "description": "", "links": [],
            "attachments": [], "recording_license": "", "do_not_record": false, "persons": [],
        })
    };
    let rooms = json!({ "Great Hall": [talk(1, "Great Hall")], "Attic": [talk(2, "Attic")] });
    let day = json!({
        "index": 1, "date": "2027-05-03", "day_start": "2027-05-03T04:00:00+02:00", "day_end": "2027-05-03T23:59:00+02:00",
        "rooms": rooms,
    });
    let conference = json!({
        "acronym": "garden-2027", "title": "Garden Conference 2027", "start": "2027-05-03", "end": "2027-05-03",
        "daysCount": 1, "timeslot_duration": "00:05", "time_zone_name": "Europe/Berlin",
        "rooms": [{ "name": "Great Hall" }, { "name": "Attic" }], "tracks": [{ "name": "Soil" }], "days": [day],
    });
    json!({ "schedule": { "version": "1", "base_url": "https://old.example.org/", "conference": conference } })
}

impl World {
    /// `None` where the test is skipped. The attic is private.
    async fn start() -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("http://127.0.0.1:{port}");
        let homeserver = Homeserver::start(&url, |_| {}).await?;
        let data = tempfile::tempdir().unwrap();
        let at = |name: &str| data.path().join(name);
        std::fs::write(at("registration.yaml"), homeserver.registration.yaml()).unwrap();
        let settings = format!(
            "base_url = \"https://conf.example.org\"\nlisten = \"127.0.0.1:{port}\"\n\
             [matrix]\nhomeserver = \"{}\"\nserver_name = \"plenary.test\"\nregistration = \"{}\"\n",
            homeserver.address,
            at("registration.yaml").display()
        );
        std::fs::write(at("plenary.toml"), settings).unwrap();
        std::fs::write(at("schedule.json"), programme().to_string()).unwrap();
        run_ok(data.path(), &["import", "schedule.json"]);
        let store = Store::open(&Location::from_data_dir(data.path()), Arc::new(SystemClock)).await.unwrap();
        let edition = store.edition(&Slug::parse("garden-2027").unwrap()).await.unwrap().unwrap().edition;
        let rooms = store.programme(edition.id).await.unwrap().unwrap().rooms;
        let http = reqwest::Client::new();
        let mut world = Self { homeserver, server: None, store, edition, rooms, url, port, http, data };
        world.access("Attic", RoomAccess::Private).await;
        world.serve();
        Some(world)
    }

    /// Starts the server.
    fn serve(&mut self) {
        let log = self.data.path().join("log");
        let log = std::fs::File::options().create(true).append(true).open(log).unwrap();
        let mut child = plenary(self.data.path())
            .args(["serve", "--listen", &format!("127.0.0.1:{}", self.port)])
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut greeting = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut greeting).unwrap();
        assert!(greeting.contains("Plenary is at"), "{greeting}{}", self.log());
        self.server = Some(child);
    }

    fn kill(&mut self) {
        let mut server = self.server.take().unwrap();
        server.kill().unwrap();
        server.wait().unwrap();
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.data.path().join("log")).unwrap_or_default()
    }

    fn room(&self, name: &str) -> &Room {
        self.rooms.iter().find(|room| room.name.as_str() == name).unwrap()
    }

    async fn access(&self, name: &str, access: RoomAccess) {
        let operator = Subject::operator("test".to_owned(), self.store.clock().now());
        let room = LiveRoom { access, ..LiveRoom::of(self.room(name)) };
        self.store.put_live_room(&operator, &self.edition, &room).await.unwrap();
    }

    /// Some people, so that together they may say more than one who is slowed down.
    async fn crowd(&self) -> Vec<SignedIn> {
        let mut crowd = vec![];
        for name in ["Ada", "Barbara", "Chien", "Dorothy", "Emmy"] {
            crowd.push(self.sign_in(name).await);
        }
        crowd
    }

    async fn sign_in(&self, name: &str) -> SignedIn {
        let new = NewAccount { name: Line::clean(name), ..NewAccount::default() };
        let proof = Proof::Email(Email::parse(&format!("{}@example.org", name.to_lowercase())).unwrap());
        let account = self.store.account_for(&Actor::System, &proof, &new).await.unwrap();
        let secret = self.store.sign_in(account, &store::Way::Email, "test", "").await.unwrap();
        let signature = self.store.secret().sign("sign-in cookie", &secret);
        SignedIn { account, cookie: format!("__Host-plenary={secret}.{signature}") }
    }

    /// Sends the form of the hall's page.
    async fn form(&self, who: &SignedIn, fields: &[(&str, &str)]) {
        let request = self.http.post(format!("{}{HALL}", self.url)).form(fields);
        let request = request.header("cookie", &who.cookie).header("sec-fetch-site", "same-origin");
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let well = !status.is_client_error() && !status.is_server_error();
        assert!(well, "{status} {}", answer.text().await.unwrap());
    }

    async fn page(&self) -> String {
        self.http.get(format!("{}{HALL}", self.url)).send().await.unwrap().text().await.unwrap()
    }

    /// Waits until the page of the hall is such.
    async fn until_page(&self, what: &str, such: impl Fn(&str) -> bool) -> String {
        let began = Instant::now();
        loop {
            let page = self.page().await;
            if such(&page) {
                return page;
            }
            assert!(began.elapsed() < Duration::from_secs(45), "{what}: {page}\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until an alias leads somewhere.
    async fn until_there(&self, who: &Person, alias: &str) -> MatrixId {
        let began = Instant::now();
        loop {
            if let Some(id) = find(who, alias).await {
                return id;
            }
            assert!(began.elapsed() < Duration::from_mins(1), "{alias} is not there: {}", self.log());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until what happened in a room over there is such.
    async fn until_said(&self, who: &Person, room: &MatrixId, such: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let began = Instant::now();
        loop {
            let events = timeline(who, room).await;
            if such(&events) {
                return events;
            }
            assert!(began.elapsed() < Duration::from_mins(1), "{:#?}\n{}", bodies(&events), self.log());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The place of the newest message here that says so.
    async fn place(&self, text: &str) -> String {
        let (messages, _) = self.store.chat_page(self.room("Great Hall").id, None, 100).await.unwrap();
        let says = |said: &RichText| said.as_str() == text;
        let found = messages.iter().rev().find(|one| one.text.as_ref().is_some_and(says));
        found.expect("it is said").position.to_string()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

async fn find(who: &Person, alias: &str) -> Option<MatrixId> {
    let alias = alias.replace('#', "%23").replace(':', "%3A");
    let (status, answer) = who.call("GET", &format!("directory/room/{alias}"), Value::Null).await;
    (status == 200).then(|| MatrixId::parse(answer["room_id"].as_str().unwrap()).unwrap())
}

/// Enters a room. It has its alias a moment before everybody may enter.
async fn enter(who: &Person, room: &MatrixId) {
    let began = Instant::now();
    while who.join(room).await != 200 {
        assert!(began.elapsed() < Duration::from_secs(20), "nobody may enter");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What happened in a room, the earliest first.
async fn timeline(who: &Person, room: &MatrixId) -> Vec<Value> {
    let (status, answer) =
        who.call("GET", &format!("rooms/{room}/messages?dir=b&limit=500"), Value::Null).await;
    assert_eq!(status, 200, "{answer}");
    let mut events = answer["chunk"].as_array().unwrap().clone();
    events.reverse();
    events
}

fn bodies(events: &[Value]) -> Vec<&str> {
    let messages = events.iter().filter(|event| event["type"] == "m.room.message");
    messages.filter_map(|event| event["content"]["body"].as_str()).collect()
}

fn saying<'a>(events: &'a [Value], body: &str) -> Option<&'a Value> {
    events.iter().find(|event| event["content"]["body"] == body)
}

fn reacts(events: &[Value], with: &str) -> bool {
    events.iter().any(|event| event["content"]["m.relates_to"]["key"] == with)
}

fn id(event: &Value) -> EventId {
    EventId::parse(event["event_id"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn people_on_pages_and_in_matrix_have_one_conversation() {
    let Some(world) = World::start().await else { return };
    let ada = world.sign_in("Ada").await;
    world.form(&ada, &[("do", "say"), ("text", "Hello **all**")]).await;
    let bob = world.homeserver.person("bob").await;
    let hall = world.until_there(&bob, HALL_ALIAS).await;
    enter(&bob, &hall).await;

    // From the page to Matrix, as the one who said it, with what follows.
    let events = world.until_said(&bob, &hall, |events| saying(events, "Hello **all**").is_some()).await;
    let hello = saying(&events, "Hello **all**").unwrap();
    assert!(hello["content"]["formatted_body"].as_str().unwrap().contains("<strong>all</strong>"));
    let ghost = hello["sender"].as_str().unwrap();
    assert!(ghost.starts_with("@plenary_") && !ghost.contains(&ada.account.to_string()), "{ghost}");
    let (_, member) =
        bob.call("GET", &format!("rooms/{hall}/state/m.room.member/{ghost}"), Value::Null).await;
    assert_eq!(member["displayname"], "Ada");
    let place = world.place("Hello **all**").await;
    world.form(&ada, &[("do", "edit"), ("target", &place), ("text", "Hello everybody")]).await;
    let events = world.until_said(&bob, &hall, |events| saying(events, "* Hello everybody").is_some()).await;
    let edit = saying(&events, "* Hello everybody").unwrap();
    assert_eq!(edit["content"]["m.relates_to"]["event_id"], hello["event_id"]);
    assert_eq!(edit["sender"], ghost);

    // From Matrix to the page.
    let said = bob.say(&hall, "From *my* client").await;
    let page = world.until_page("bob is heard", |page| page.contains("From *my* client")).await;
    assert!(page.contains("by Matrix") && page.contains("bob"), "{page}");
    assert!(page.contains("https://matrix.to/#/%23plenary_garden-2027_great-hall%3Aplenary.test"), "{page}");
    assert!(page.contains(HALL_ALIAS));
    let new = json!({ "msgtype": "m.text", "body": "From my phone" });
    let relation = json!({ "rel_type": "m.replace", "event_id": said });
    let edit = json!({ "msgtype": "m.text", "body": "* From my phone", "m.new_content": new, "m.relates_to": relation });
    bob.send(&hall, "m.room.message", "edit", edit).await;
    world.until_page("the edit is seen", |page| page.contains("From my phone")).await;
    let relation = json!({ "rel_type": "m.annotation", "event_id": id(hello), "key": "👍\u{fe0f}" });
    let thumb = bob.send(&hall, "m.reaction", "thumb", json!({ "m.relates_to": relation })).await;
    world.until_page("the reaction counts", |page| page.contains("👍 1")).await;
    bob.call("PUT", &format!("rooms/{hall}/redact/{thumb}/less"), json!({})).await;
    world.until_page("the reaction is taken back", |page| !page.contains("👍 1")).await;

    // Answers both ways.
    let of_bob = world.place("From my phone").await;
    world.form(&ada, &[("do", "say"), ("target", &of_bob), ("text", "Which one?")]).await;
    let events = world.until_said(&bob, &hall, |events| saying(events, "Which one?").is_some()).await;
    let question = saying(&events, "Which one?").unwrap();
    assert_eq!(question["content"]["m.relates_to"]["m.in_reply_to"]["event_id"], json!(said));
    let relation = json!({ "m.in_reply_to": { "event_id": id(question) } });
    let answer = json!({ "msgtype": "m.text", "body": "> <@x:y> Which one?\n\nThe old one", "m.relates_to": relation });
    bob.send(&hall, "m.room.message", "answer", answer).await;
    let answered = |page: &str| page.contains("<p>The old one</p>") && page.contains("Ada: Which one?");
    world.until_page("the answer is one", answered).await;

    // A reaction on the page, and that it is taken back; a question, and that it is answered.
    world.form(&ada, &[("do", "react"), ("target", &of_bob), ("emoji", "🎉")]).await;
    world.until_said(&bob, &hall, |events| reacts(events, "🎉")).await;
    world.form(&ada, &[("do", "unreact"), ("target", &of_bob), ("emoji", "🎉")]).await;
    world.until_said(&bob, &hall, |events| !reacts(events, "🎉")).await;
    world.form(&ada, &[("do", "ask"), ("text", "When is lunch?")]).await;
    world.until_said(&bob, &hall, |events| saying(events, "❓ When is lunch?").is_some()).await;
    let lunch = world.place("When is lunch?").await;
    world.form(&ada, &[("do", "answered"), ("target", &lunch)]).await;
    world.until_said(&bob, &hall, |events| reacts(events, "✅")).await;

    // Removed on either side, removed on both.
    bob.call("PUT", &format!("rooms/{hall}/redact/{said}/gone"), json!({})).await;
    let gone = |page: &str| page.contains("This message was removed") && !page.contains("From my phone");
    world.until_page("what bob removed is gone", gone).await;
    world.form(&ada, &[("do", "remove"), ("target", &lunch)]).await;
    world.until_said(&bob, &hall, |events| saying(events, "❓ When is lunch?").is_none()).await;
}

#[tokio::test]
async fn only_the_homeserver_is_believed_and_nobody_learns_of_a_private_room() {
    let Some(world) = World::start().await else { return };
    let bob = world.homeserver.person("bob").await;
    let hall = world.until_there(&bob, HALL_ALIAS).await;
    let event = |key: &str, room: &str, body: &str| {
        let content = json!({ "msgtype": "m.text", "body": body });
        json!({ "events": [{ "type": "m.room.message", "event_id": format!("${key}"), "room_id": room,
            "sender": "@eve:elsewhere.example", "origin_server_ts": 1_800_000_000_000_i64, "content": content }] })
    };
    let put = async |token: Option<&str>, transaction: &str, body: Value| {
        let url = format!("{}/_matrix/app/v1/transactions/{transaction}", world.url);
        let request = world.http.put(url).json(&body);
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        request.send().await.unwrap().status().as_u16()
    };
    let (ours, theirs) = (&world.homeserver.registration.as_token, &world.homeserver.registration.hs_token);
    let forged = || event("f", hall.as_str(), "Forged");
    assert_eq!(put(None, "forged", forged()).await, 401);
    assert_eq!(put(Some(ours.secret()), "forged", forged()).await, 403);
    assert_eq!(
        put(Some(theirs.secret()), "unknown", event("u", "!unknown:plenary.test", "Nowhere")).await,
        200
    );
    for transaction in ["one", "one", "another"] {
        assert_eq!(
            put(Some(theirs.secret()), transaction, event("e", hall.as_str(), "Once only")).await,
            200
        );
    }
    let page = world.until_page("eve is heard", |page| page.contains("Once only")).await;
    assert_eq!(page.matches("<p>Once only</p>").count(), 1, "{page}");
    assert!(!page.contains("Forged") && !page.contains("Nowhere"));

    // Nobody gets to know of a private room; once it is open it is there; closed again, nobody stays in it.
    assert_eq!(find(&bob, ATTIC_ALIAS).await, None);
    world.access("Attic", RoomAccess::Public).await;
    let attic = world.until_there(&bob, ATTIC_ALIAS).await;
    enter(&bob, &attic).await;
    let space = find(&bob, SPACE_ALIAS).await.unwrap();
    enter(&bob, &space).await;
    world.access("Attic", RoomAccess::Private).await;
    let began = Instant::now();
    loop {
        let child = format!("rooms/{space}/state/m.space.child/{attic}");
        let (_, child) = bob.call("GET", &child, Value::Null).await;
        let (_, public) = bob.call("GET", "publicRooms", Value::Null).await;
        let (_, joined) = bob.call("GET", "joined_rooms", Value::Null).await;
        let there = |list: &Value| list.to_string().contains(attic.as_str());
        if child.get("via").is_none() && !there(&public) && !there(&joined) {
            assert!(public.to_string().contains(space.as_str()), "the space is in the list: {public}");
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(40), "{child} {joined} {}", world.log());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(bob.join(&attic).await, 403);
    let plan = run_ok(world.data.path(), &["plan", "matrix"]);
    assert_eq!(plan, "", "nothing is left to do");
}

#[tokio::test]
async fn whoever_goes_away_and_comes_back_all_is_said_once_and_in_order() {
    let Some(mut world) = World::start().await else { return };
    let crowd = world.crowd().await;
    let bob = world.homeserver.person("bob").await;
    let hall = world.until_there(&bob, HALL_ALIAS).await;
    enter(&bob, &hall).await;
    let mut expected: Vec<String> = vec![];

    // The homeserver is killed while we speak.
    for number in 0..30 {
        if number == 10 {
            world.homeserver.kill();
        }
        let text = format!("Number {number}");
        world.form(&crowd[number % crowd.len()], &[("do", "say"), ("text", &text)]).await;
        expected.push(text);
    }
    assert!(world.page().await.contains("Number 29"), "the page goes on without Matrix");
    world.until_page("it says that Matrix is away", |page| page.contains("Matrix is away")).await;
    world.homeserver.again().await;
    let all = |expected: &[String]| {
        let last = expected.last().cloned().unwrap_or_default();
        move |events: &[Value]| bodies(events).contains(&last.as_str())
    };
    let events = world.until_said(&bob, &hall, all(&expected)).await;
    assert_eq!(bodies(&events), expected, "{}", world.log());
    world.until_page("it says so no more", |page| !page.contains("Matrix is away")).await;

    // We are killed while we carry, at several places; another node says what we carry.
    for round in 0..4_u64 {
        let texts: Vec<String> = (0..25).map(|number| format!("Round {round} number {number}")).collect();
        let sayings: Vec<Saying> = texts.iter().map(|text| said_by(&world, &crowd[0], text)).collect();
        expected.extend(texts);
        for outcome in world.store.say(&sayings).await.unwrap() {
            outcome.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(600 + 350 * round)).await;
        world.kill();
        // What somebody says meanwhile comes once we are there again.
        bob.say(&hall, &format!("Are you there {round}")).await;
        world.serve();
    }
    let events = world.until_said(&bob, &hall, all(&expected)).await;
    let ours: Vec<&str> = bodies(&events).into_iter().filter(|body| !body.starts_with("Are you")).collect();
    assert_eq!(ours, expected, "{}", world.log());
    world.until_page("bob is heard in the end", |page| page.contains("Are you there 3")).await;
    let log = world.store.chat_in(world.room("Great Hall").id, 0, 1_000).await.unwrap();
    let heard =
        log.into_iter().filter(|event| event.spoke == Spoke::Matrix).filter_map(|event| match event.said {
            Said::Message { text, .. } => Some(text.to_string()),
            _ => None,
        });
    let asked = (0..4).map(|round| format!("Are you there {round}"));
    assert_eq!(heard.collect::<Vec<_>>(), asked.collect::<Vec<_>>());
}

fn said_by(world: &World, who: &SignedIn, text: &str) -> Saying {
    Saying {
        id: Uuid::now_v7(),
        edition: world.edition.id,
        room: world.room("Great Hall").id,
        spoke: Spoke::Browser,
        author: Author::Account(who.account),
        name: "Ada".into(),
        rights: Rights { moderates: false, locked: false },
        said: Said::Message { text: RichText::clean(text), reply_to: None },
        outside: None,
    }
}

/// How long it takes until a client over there has a message: from the page, and from another client of the same
/// homeserver.
#[ignore = "a measurement: cargo nextest run --run-ignored all -E 'test(how_much_later_a_message)' --success-output final"]
#[tokio::test]
async fn how_much_later_a_message_of_a_page_is_in_matrix_than_one_of_a_client() {
    const EACH: usize = 40;
    let Some(world) = World::start().await else { return };
    let crowd = world.crowd().await;
    let bob = world.homeserver.person("bob").await;
    let (carl, dave) = (world.homeserver.person("carl").await, world.homeserver.person("dave").await);
    let hall = world.until_there(&bob, HALL_ALIAS).await;
    enter(&bob, &hall).await;
    enter(&carl, &hall).await;
    enter(&dave, &hall).await;
    // Those who speak first are made known over there.
    for (number, who) in crowd.iter().enumerate() {
        world.form(who, &[("do", "say"), ("text", &format!("First {number}"))]).await;
    }
    world.until_said(&bob, &hall, |events| saying(events, "First 4").is_some()).await;
    let (mut from_page, mut from_client, mut to_page) = (vec![], vec![], vec![]);
    for number in 0..EACH {
        // A homeserver takes so many messages a second of one person.
        tokio::time::sleep(Duration::from_millis(250)).await;
        let since = now(&bob).await;
        let text = format!("Page {number}");
        let fields = [("do", "say"), ("text", text.as_str())];
        let began = Instant::now();
        let (took, ()) =
            tokio::join!(seen(&bob, &since, &text, began), world.form(&crowd[number % crowd.len()], &fields));
        from_page.push(took);
        let since = now(&bob).await;
        let text = format!("Client {number}");
        let began = Instant::now();
        let (took, _) = tokio::join!(seen(&bob, &since, &text, began), carl.say(&hall, &text));
        from_client.push(took);
        let text = format!("Back {number}");
        let began = Instant::now();
        dave.say(&hall, &text).await;
        while !world.page().await.contains(&text) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        to_page.push(began.elapsed());
    }
    let of = |mut all: Vec<Duration>| {
        all.sort();
        (all[all.len() / 2], all[all.len() * 95 / 100])
    };
    let (page, client, back) = (of(from_page), of(from_client), of(to_page));
    println!("page to client: median {:?}, p95 {:?}", page.0, page.1);
    println!("client to client: median {:?}, p95 {:?}", client.0, client.1);
    println!("client to page: median {:?}, p95 {:?}", back.0, back.1);
}

async fn now(who: &Person) -> String {
    let (_, now) = who.call("GET", "sync?timeout=0", Value::Null).await;
    now["next_batch"].as_str().unwrap().to_owned()
}

/// How long after `began` a client has that text by `/sync`.
async fn seen(who: &Person, since: &str, text: &str, began: Instant) -> Duration {
    let mut since = since.to_owned();
    loop {
        let (_, news) = who.call("GET", &format!("sync?timeout=10000&since={since}"), Value::Null).await;
        if news["rooms"].to_string().contains(&format!("\"{text}\"")) {
            return began.elapsed();
        }
        news["next_batch"].as_str().unwrap().clone_into(&mut since);
        assert!(began.elapsed() < Duration::from_secs(30), "{text}");
    }
}
