//! What is said in rooms, in both directions.

use crate::support::{Homeserver, Receiver};
use jiff::Timestamp;
use matrix::{
    appservice::What,
    client::{Client, NewRoom, Utterance},
    error::Error,
    id::RoomId,
    message::Message,
    state::{Membership, StateEvent},
};
use serde_json::json;
use std::time::{Duration, Instant};

/// A room that everybody may enter.
async fn open_room(client: &Client, localpart: &str) -> RoomId {
    let fact = |kind: &str, content| StateEvent { kind: kind.to_owned(), key: String::new(), content };
    let new = NewRoom {
        localpart: localpart.to_owned(),
        space: false,
        version: "12".to_owned(),
        federated: true,
        levels: json!({ "users_default": 0, "events_default": 0, "invite": 0 }),
        state: vec![fact("m.room.join_rules", json!({ "join_rule": "public" }))],
    };
    client.create_room(&new).await.unwrap()
}

#[tokio::test]
async fn what_is_said_arrives_once_as_it_was_said_and_when() {
    let receiver = Receiver::start().await;
    let Some(homeserver) = Homeserver::start(&receiver.url, |_| {}).await else { return };
    receiver.serve(&homeserver);
    let client = homeserver.client();

    // Who we are, and that the homeserver reaches us.
    assert_eq!(client.whoami().await.unwrap(), homeserver.ours.sender().unwrap());
    assert!(client.ping("plenary").await.unwrap() < Duration::from_secs(5));
    let strange = Client::new({
        let mut options = homeserver.options();
        options.token = matrix::secret::Secret::random().unwrap();
        options
    })
    .unwrap();
    assert!(strange.whoami().await.unwrap_err().is("M_UNKNOWN_TOKEN"));

    // A ghost exists once, has a name, and lies in our namespace.
    let ghost = homeserver.ours.ghost("bbb-7").unwrap();
    assert!(client.register(ghost.localpart()).await.unwrap(), "it is new");
    assert!(!client.register(ghost.localpart()).await.unwrap(), "it is known");
    assert!(client.register("ada").await.unwrap_err().is("M_EXCLUSIVE"));
    client.set_display_name(&ghost, "Grace (in the room)").await.unwrap();

    let room = open_room(&client, "plenary_hall").await;
    let ada = homeserver.person("ada").await;
    assert_eq!(ada.join(&room).await, 200);
    client.join(&room, &ghost).await.unwrap();
    client.join(&room, &ghost).await.unwrap();

    // A message keeps its time, and sent again with its key it is the same event.
    let at: Timestamp = "2026-09-01T09:30:00.250Z".parse().unwrap();
    let said = Utterance { room: &room, by: Some(&ghost), key: "bbb-1698771232706-9idm9pxf", at: Some(at) };
    let first =
        client.say(said, &Message::text("good morning").with_html("<b>good</b> morning")).await.unwrap();
    let again = client.say(said, &Message::text("good morning")).await.unwrap();
    assert_eq!(first, again);
    let event = client.event_in(&room, &first).await.unwrap().unwrap();
    assert_eq!(event["origin_server_ts"], at.as_millisecond());
    assert_eq!(event["content"]["formatted_body"], "<b>good</b> morning");

    // Answers, edits, reactions and redactions.
    let now = |key| Utterance { key, at: None, ..said };
    let answer = client.say(now("k2"), &Message::text("and welcome").answering(&first)).await.unwrap();
    client.say(now("k3"), &Message::text("good evening").replacing(&first)).await.unwrap();
    let reaction = client.react(now("k4"), &answer, "👍").await.unwrap();
    client.redact(now("k5"), &reaction, "a slip").await.unwrap();
    let edited = client.event_in(&room, &first).await.unwrap().unwrap();
    assert_eq!(
        edited["unsigned"]["m.relations"]["m.replace"]["content"]["m.new_content"]["body"],
        "good evening"
    );
    let withdrawn = client.event_in(&room, &reaction).await.unwrap().unwrap();
    assert_eq!(withdrawn["content"], json!({}));
    assert!(client.react(now("k6"), &answer, "👍").await.is_ok(), "after that one may react again");

    // All of it comes back to us as ours; what Ada does comes as news.
    let news = ada.say(&room, "hello from Matrix").await;
    let arrived = receiver.until("Ada's message", |event| event.event == news).await;
    assert!(!arrived.ours && arrived.sender == ada.id && arrived.room == room);
    assert!(matches!(&arrived.what, What::Message { body, .. } if body == "hello from Matrix"));
    {
        let received = receiver.received.lock().unwrap();
        let by_ghost: Vec<_> = received.events.iter().filter(|event| event.sender == ghost).collect();
        assert!(by_ghost.iter().all(|event| event.ours));
        let said = by_ghost.iter().filter(|event| matches!(event.what, What::Message { .. })).count();
        assert_eq!(said, 3, "a message, an answer and an edit, each once: {by_ghost:?}");
        assert_eq!(by_ghost.iter().find(|event| event.event == first).unwrap().at, at);
        assert!(
            by_ghost.iter().any(|event| matches!(&event.what, What::Redaction { of, .. } if *of == reaction))
        );
        assert!(received.events.iter().any(|event| {
            matches!(&event.what, What::Membership { user, now: Membership::Join, .. } if *user == ada.id)
        }));
        assert_eq!((received.calls.as_slice(), received.unauthorised), (&["ping".to_owned()][..], 0));
    }

    // A moderator's redaction of what a ghost said, and a ban.
    client.redact(Utterance { by: None, ..now("k7") }, &answer, "off topic").await.unwrap();
    client.ban(&room, &ada.id, "spam").await.unwrap();
    assert_eq!(client.membership(&room, &ada.id).await.unwrap(), Some(Membership::Ban));
    assert_eq!(ada.join(&room).await, 403);
    client.unban(&room, &ada.id).await.unwrap();
    assert_eq!(ada.join(&room).await, 200);
    client.remove(&room, &ada.id, "").await.unwrap();
    client.leave(&room, &ghost).await.unwrap();
    assert_eq!(client.membership(&room, &ghost).await.unwrap(), Some(Membership::Leave));
    let absent = client.say(now("k8"), &Message::text("gone")).await.unwrap_err();
    assert!(absent.is("M_FORBIDDEN"), "{absent}");
}

#[tokio::test]
async fn a_transaction_that_fails_or_whose_answer_is_lost_comes_again_and_is_worked_on_once() {
    let receiver = Receiver::start().await;
    let Some(homeserver) = Homeserver::start(&receiver.url, |_| {}).await else { return };
    receiver.serve(&homeserver);
    let client = homeserver.client();
    let room = open_room(&client, "plenary_hall").await;
    let ada = homeserver.person("ada").await;
    assert_eq!(ada.join(&room).await, 200);
    receiver.until("that Ada came", |event| event.sender == ada.id).await;

    receiver.received.lock().unwrap().fail = 1;
    let mut sent = vec![ada.say(&room, "one").await];
    receiver.until("the first after a failure", |event| event.event == sent[0]).await;
    receiver.received.lock().unwrap().forget = 1;
    sent.push(ada.say(&room, "two").await);
    sent.push(ada.say(&room, "three").await);
    receiver.until("the last", |event| event.event == sent[2]).await;

    let received = receiver.received.lock().unwrap();
    let arrived: Vec<_> = received
        .events
        .iter()
        .filter(|e| matches!(e.what, What::Message { .. }))
        .map(|e| e.event.clone())
        .collect();
    assert_eq!(arrived, sent, "each once and in order");
    let repeated = received.transactions.iter().filter(|(_, times)| *times > 1).count();
    assert_eq!(repeated, 2, "one that failed and one whose answer was lost: {:?}", received.transactions);
}

#[tokio::test]
async fn a_registration_that_leaves_us_limited_is_waited_for_or_told() {
    // Nobody listens there: the homeserver sends in vain and serves us all the same.
    let Some(homeserver) =
        Homeserver::start("http://127.0.0.1:9", |registration| registration.rate_limited = None).await
    else {
        return;
    };
    let patient = homeserver.client();
    let room = open_room(&patient, "plenary_hall").await;
    let mut options = homeserver.options();
    options.wait_for_limits = Duration::ZERO;
    let hasty = Client::new(options).unwrap();
    // Synapse never limits our own user, only those in our namespace.
    let ghost = homeserver.ours.ghost("7").unwrap();
    patient.register(ghost.localpart()).await.unwrap();
    patient.join(&room, &ghost).await.unwrap();

    let mut told = None;
    for n in 0..60 {
        let key = format!("n{n}");
        let who = Utterance { room: &room, by: Some(&ghost), key: &key, at: None };
        if let Err(error) = hasty.say(who, &Message::notice("again")).await {
            told = Some(error);
            break;
        }
    }
    let error = told.expect("the limit is reached");
    let Error::Limited { after } = error else { panic!("{error:?}") };
    assert!(after > Duration::ZERO && after < Duration::from_secs(30), "{after:?}");
    assert!(Error::Limited { after }.remedy().contains("rate_limited: false"));
    // Two a second are allowed from here on: who waits as told gets all of them through.
    let began = Instant::now();
    for n in 0..5 {
        let key = format!("p{n}");
        let who = Utterance { room: &room, by: Some(&ghost), key: &key, at: None };
        patient.say(who, &Message::notice("again")).await.unwrap();
    }
    assert!(began.elapsed() > Duration::from_millis(1_200), "{:?}", began.elapsed());
    // What nobody takes is told, not waited for.
    assert!(patient.ping("plenary").await.is_err());
}
