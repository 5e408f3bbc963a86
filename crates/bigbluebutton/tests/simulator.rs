//! What the simulated server does of itself: callbacks, expiry, recordings, and bad days.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test helpers")]

mod support;

use bigbluebutton::{
    Secret,
    api::{CreateMeeting, Error, Join, MessageKey, RecordingPolicy, RecordingState, RecordingsWanted},
    callback::{
        self, end,
        events::{self, ChatMessage, Event, What},
        inbox::{Inbox, Offered},
        recording,
    },
    checksum::Algorithm,
    meeting::{CreateTime, MeetingId, Role},
    simulator::{Chaos, MovableClock, Options, Version},
};
use jiff::{SignedDuration, Timestamp};
use model::time::{Clock, StoppedClock, SystemClock};
use std::{sync::Arc, time::Duration};
use support::{Call, Receiver, SECRET, hasty, simulated, until};

fn id(text: &str) -> MeetingId {
    MeetingId::parse(text).unwrap()
}

fn join(name: &str) -> Join {
    Join::new(name, Role::Viewer, &format!("person-{name}"), CreateTime::default())
}

/// The events of verified callbacks that came to that path.
fn read(receiver: &Receiver, path: &str, calls: &[Call]) -> Vec<Event> {
    let secret = Secret::new(SECRET);
    calls
        .iter()
        .flat_map(|call| {
            let checksum = callback::checksum_of(&call.query).unwrap();
            callback::verify(&secret, &receiver.url(path), &call.body, &checksum).unwrap();
            events::read(&call.body).unwrap().events
        })
        .collect()
}

fn messages(events: Vec<Event>) -> Vec<ChatMessage> {
    events
        .into_iter()
        .filter_map(|event| match event.what {
            What::Chat(message) => Some(message),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn a_calm_server_tells_everything_in_order_and_signed() {
    for version in Version::ALL {
        for algorithm in [Algorithm::Sha1, Algorithm::Sha512] {
            let receiver = Receiver::start().await;
            let options = Options { version, hook_algorithm: algorithm, ..hasty() };
            let (simulator, client) = simulated(options).await;
            client.create_hook(&receiver.url("/bbb/a")).await.unwrap();
            let meeting = id("track-a");
            client.create(&meeting, &CreateMeeting::new("Track A")).await.unwrap();
            client.join_as_simulated(&meeting, &join("Ada")).await.unwrap();
            assert!(simulator.say("track-a", "Ada", "a < b & \"c\"\nnext"));
            assert!(simulator.leave("track-a", "Ada"));
            client.end(&meeting).await.unwrap();
            let calls = receiver.wait("/bbb/a", 5).await;
            let events = read(&receiver, "/bbb/a", &calls);
            assert!(events.iter().all(|event| event.external == "track-a" && !event.internal.is_empty()));
            let [created, joined, said, left, ended] = events.as_slice() else { panic!("{events:?}") };
            assert_eq!(created.what, What::MeetingCreated { name: "Track A".to_owned() });
            let What::UserJoined(person) = &joined.what else { panic!("{joined:?}") };
            assert_eq!((person.external.as_str(), person.name.as_str()), ("person-Ada", "Ada"));
            let What::Chat(message) = &said.what else { panic!("{said:?}") };
            assert_eq!(message.text, "a < b & \"c\"\nnext", "whatever the version makes of it");
            assert!(!message.is_echo());
            assert!(matches!(left.what, What::UserLeft(_)));
            assert_eq!(ended.what, What::MeetingEnded);
        }
    }
}

#[tokio::test]
async fn a_burst_on_a_bad_day_comes_out_in_order_and_once_each() {
    let receiver = Receiver::start().await;
    let chaos = Chaos { drop: 0, duplicate: 40, fail: 0, crash: 0, slow: 0, ..Chaos::hostile() };
    let clock = Arc::new(MovableClock::new(Arc::new(SystemClock)));
    let (simulator, client) = simulated(Options { chaos, seed: 7, clock: clock.clone(), ..hasty() }).await;
    client.create_hook(&receiver.url("/bbb/a")).await.unwrap();
    let meeting = id("track-a");
    client.create(&meeting, &CreateMeeting::new("Track A")).await.unwrap();
    client.join_as_simulated(&meeting, &join("Ada")).await.unwrap();
    for number in 0..30 {
        // Two messages of one millisecond have no order that anybody could know.
        clock.advance(SignedDuration::from_millis(1));
        assert!(simulator.say("track-a", "Ada", &number.to_string()));
    }
    let expected: Vec<String> = (0..30).map(|number| number.to_string()).collect();
    let arrived = || messages(read(&receiver, "/bbb/a", &receiver.calls("/bbb/a")));
    until(|| expected.iter().all(|text| arrived().iter().any(|message| message.text == *text))).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let arrived = arrived();
    let texts: Vec<&str> = arrived.iter().map(|message| message.text.as_str()).collect();
    assert!(arrived.len() > 30, "some come twice");
    assert!(texts.windows(2).any(|pair| pair[0].parse::<u32>().unwrap() > pair[1].parse().unwrap()));
    let mut inbox = Inbox::default();
    let now = Timestamp::UNIX_EPOCH;
    let duplicates =
        arrived.iter().filter(|message| inbox.offer((*message).clone(), now) == Offered::Duplicate).count();
    assert_eq!(duplicates, arrived.len() - 30);
    let out = inbox.take(now.checked_add(Inbox::WINDOW).unwrap());
    assert_eq!(out.into_iter().map(|message| message.text).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn what_we_write_comes_back_as_an_echo_and_goes_nowhere() {
    let receiver = Receiver::start().await;
    let (simulator, client) = simulated(hasty()).await;
    client.create_hook(&receiver.url("/bbb/a")).await.unwrap();
    let meeting = id("track-a");
    client.create(&meeting, &CreateMeeting::new("Track A")).await.unwrap();
    client.send_chat(&meeting, "Ada (Matrix)", "hello").await.unwrap();
    assert_eq!(simulator.chat("track-a"), [("Ada (Matrix)".to_owned(), "hello".to_owned())]);
    let calls = receiver.wait("/bbb/a", 2).await;
    let [message] = messages(read(&receiver, "/bbb/a", &calls)).try_into().unwrap();
    assert!(message.is_echo());
    assert_eq!(Inbox::default().offer(message, Timestamp::UNIX_EPOCH), Offered::Echo);
}

#[tokio::test]
async fn in_a_room_without_chat_messages_vanish_without_a_word() {
    let (simulator, client) = simulated(hasty()).await;
    let meeting = id("track-a");
    let mut room = CreateMeeting::new("Track A");
    room.disabled.insert(bigbluebutton::profile::Feature::Chat);
    client.create(&meeting, &room).await.unwrap();
    client.send_chat(&meeting, "Ada", "hello").await.unwrap();
    assert_eq!(simulator.chat("track-a"), []);
}

#[tokio::test]
async fn a_hook_that_fails_for_long_is_deleted_and_401_counts_as_taken() {
    let receiver = Receiver::start().await;
    let (_simulator, client) = simulated(hasty()).await;
    let meeting = id("track-a");
    receiver.answer(401);
    client.create_hook(&receiver.url("/bbb/a")).await.unwrap();
    client.create(&meeting, &CreateMeeting::new("Track A")).await.unwrap();
    receiver.wait("/bbb/a", 1).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!((receiver.calls("/bbb/a").len(), client.hooks().await.unwrap().len()), (1, 1));
    receiver.answer(503);
    client.end(&meeting).await.unwrap();
    // One attempt, and one more after each of the four pauses.
    receiver.wait("/bbb/a", 6).await;
    let mut left = 1;
    for _ in 0..100 {
        left = client.hooks().await.unwrap().len();
        if left == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!((left, receiver.calls("/bbb/a").len()), (0, 6));
}

#[tokio::test]
async fn rooms_vanish_when_nobody_comes_and_when_everybody_has_left() {
    let receiver = Receiver::start().await;
    let start: Timestamp = "2026-09-21T08:00:00Z".parse().unwrap();
    let clock = Arc::new(MovableClock::new(Arc::new(StoppedClock(start))));
    let (simulator, client) = simulated(Options { clock: clock.clone(), ..hasty() }).await;
    let (empty, left, kept) = (id("empty"), id("left"), id("kept"));
    let key = Secret::new("our key");
    let token = end::token(&key, &empty);
    let room = CreateMeeting {
        end_callback: receiver.url(&format!("/end/empty/{token}")),
        ..CreateMeeting::new("Empty")
    };
    client.create(&empty, &room).await.unwrap();
    client.create(&left, &CreateMeeting::new("Left")).await.unwrap();
    let stays = CreateMeeting {
        minutes_until_first: Some(0),
        minutes_after_last: Some(0),
        ..CreateMeeting::new("Kept")
    };
    client.create(&kept, &stays).await.unwrap();
    client.join_as_simulated(&left, &join("Ada")).await.unwrap();
    clock.advance(SignedDuration::from_secs(5 * 60 - 1));
    simulator.tick();
    assert_eq!(client.meetings().await.unwrap().len(), 3);
    clock.advance(SignedDuration::from_secs(1));
    simulator.tick();
    simulator.tick();
    assert!(client.meeting(&empty).await.unwrap_err().is_gone());
    assert_eq!(client.meeting(&left).await.unwrap().people, 1);
    let [called] = receiver.wait("/end/", 1).await.try_into().unwrap();
    assert!(end::verify(&key, &empty, called.path.rsplit('/').next().unwrap()));
    assert_eq!(end::read(&called.query), end::Ended { meeting: "empty".to_owned(), marked: false });
    simulator.leave("left", "Ada");
    clock.advance(SignedDuration::from_secs(59));
    simulator.tick();
    assert_eq!(client.meeting(&left).await.unwrap().people, 0);
    clock.advance(SignedDuration::from_secs(1));
    simulator.tick();
    simulator.tick();
    assert!(client.meeting(&left).await.unwrap_err().is_gone());
    clock.advance(SignedDuration::from_hours(48));
    simulator.tick();
    assert!(client.meeting(&kept).await.is_ok());
}

#[tokio::test]
async fn a_recording_is_made_told_published_and_deleted() {
    let receiver = Receiver::start().await;
    let (_simulator, client) = simulated(hasty()).await;
    let meeting = id("track-a");
    let room = CreateMeeting {
        recording: RecordingPolicy::Always,
        recording_callback: receiver.url("/ready"),
        ..CreateMeeting::new("Track A")
    };
    let created = client.create(&meeting, &room).await.unwrap();
    client.join_as_simulated(&meeting, &join("Ada")).await.unwrap();
    client.end(&meeting).await.unwrap();
    let [called] = receiver.wait("/ready", 1).await.try_into().unwrap();
    let now = SystemClock.now();
    let ready = recording::read(&called.body, &Secret::new(SECRET), now).unwrap();
    assert_eq!((ready.meeting.as_str(), &ready.recording), ("track-a", &created.internal));
    assert!(recording::read(&called.body, &Secret::new("other"), now).is_err());
    let wanted = RecordingsWanted { meetings: vec![meeting], ..RecordingsWanted::default() };
    let [found] = client.recordings(&wanted).await.unwrap().try_into().unwrap();
    assert_eq!((found.state, found.playbacks.len()), (RecordingState::Published, 1));
    let ids = vec![found.id.clone()];
    client.publish_recordings(&ids, false).await.unwrap();
    let metadata = [("title".to_owned(), "Opening".to_owned())].into();
    client.update_recordings(&ids, &metadata).await.unwrap();
    let [found] = client.recordings(&wanted).await.unwrap().try_into().unwrap();
    assert_eq!(found.state, RecordingState::Unpublished);
    assert_eq!(found.metadata.get("title").map(String::as_str), Some("Opening"));
    assert_eq!(client.text_tracks(&found.id).await.unwrap(), []);
    client.delete_recordings(&ids).await.unwrap();
    assert_eq!(client.recordings(&wanted).await.unwrap(), []);
}

#[tokio::test]
async fn without_the_button_there_is_no_recording() {
    let (simulator, client) = simulated(hasty()).await;
    for (name, press) in [("not-pressed", false), ("pressed", true)] {
        let room = CreateMeeting { recording: RecordingPolicy::ByModerators, ..CreateMeeting::new(name) };
        client.create(&id(name), &room).await.unwrap();
        client.join_as_simulated(&id(name), &join("Ada")).await.unwrap();
        assert!(!press || simulator.record(name));
        client.end(&id(name)).await.unwrap();
    }
    simulator.tick();
    let found = client.recordings(&RecordingsWanted::default()).await.unwrap();
    assert_eq!(found.iter().map(|recording| recording.meeting.as_str()).collect::<Vec<_>>(), ["pressed"]);
}

#[tokio::test]
async fn a_server_that_dies_cannot_be_reached_and_comes_back_without_rooms() {
    let (mut simulator, client) = simulated(hasty()).await;
    let meeting = id("track-a");
    client.create_hook("https://plenary.example.org/bbb/a").await.unwrap();
    let first = client.create(&meeting, &CreateMeeting::new("Track A")).await.unwrap();
    simulator.die().await;
    let error = client.meeting(&meeting).await.unwrap_err();
    assert!(error.is_missed() && error.may_pass() && !error.is_gone(), "{error}");
    simulator.restart().await.unwrap();
    assert!(client.meeting(&meeting).await.unwrap_err().is_gone());
    assert_eq!(client.hooks().await.unwrap().len(), 1);
    let second = client.create(&meeting, &CreateMeeting::new("Track A")).await.unwrap();
    assert!(!second.already && second.run > first.run);
}

#[tokio::test]
async fn two_runs_of_a_room_differ_also_when_the_clock_stands_still() {
    let clock = Arc::new(StoppedClock("2026-09-21T08:00:00Z".parse().unwrap()));
    let (simulator, client) = simulated(Options { clock, ..hasty() }).await;
    let meeting = id("track-a");
    let first = client.create(&meeting, &CreateMeeting::new("Track A")).await.unwrap();
    client.end(&meeting).await.unwrap();
    simulator.tick();
    let second = client.create(&meeting, &CreateMeeting::new("Track A")).await.unwrap();
    assert!(second.run > first.run && second.internal != first.internal);
}

#[tokio::test]
async fn a_failing_server_speaks_against_its_health_and_a_late_one_answers() {
    let fail = Chaos { fail: 100, ..Chaos::calm() };
    let (_simulator, client) = simulated(Options { chaos: fail, ..hasty() }).await;
    let error = client.meetings().await.unwrap_err();
    assert!(matches!(error, Error::Failing { status: 500, .. }) && error.is_missed(), "{error}");
    let slow = Chaos { slow: 100, slowness: Duration::from_millis(50), ..Chaos::calm() };
    let (_simulator, client) = simulated(Options { chaos: slow, ..hasty() }).await;
    assert_eq!(client.meetings().await.unwrap(), []);
}

#[tokio::test]
async fn on_bad_days_a_client_that_tries_again_gets_what_it_wants_and_chance_repeats_itself() {
    let mut days = vec![];
    for _ in 0..2 {
        let chaos = Chaos { slowness: Duration::from_millis(1), ..Chaos::hostile() };
        let (_simulator, client) = simulated(Options { chaos, seed: 11, ..hasty() }).await;
        let (mut failed, mut lost) = (0, 0);
        for number in 0..200 {
            let meeting = id(&format!("room-{number}"));
            let created = loop {
                match client.create(&meeting, &CreateMeeting::new("Room")).await {
                    Ok(created) => break created,
                    Err(error) => assert!(error.may_pass(), "{error}"),
                }
                failed += 1;
            };
            loop {
                match client.meeting(&meeting).await {
                    Ok(found) => assert_eq!(found.internal, created.internal),
                    Err(error) if error.is_gone() => lost += 1,
                    Err(error) => {
                        assert!(error.may_pass(), "{error}");
                        failed += 1;
                        continue;
                    }
                }
                break;
            }
        }
        days.push((failed, lost));
    }
    let [(failed, lost), again] = days.as_slice() else { panic!("two days") };
    assert!(*failed > 5 && *lost > 0, "{days:?}");
    assert_eq!(again, &(*failed, *lost));
}

#[tokio::test]
async fn an_algorithm_that_is_not_allowed_is_refused() {
    let (simulator, client) =
        simulated(Options { algorithms: vec![Algorithm::Sha1, Algorithm::Sha256], ..hasty() }).await;
    client.meetings().await.unwrap();
    let other =
        bigbluebutton::api::Client::new(support::fetcher(), simulator.server(Algorithm::Sha512).unwrap());
    let error = other.meetings().await.unwrap_err();
    assert!(matches!(error, Error::Refused { key: MessageKey::ChecksumError, .. }), "{error}");
}

#[tokio::test]
async fn a_full_room_and_its_policy_for_guests_hold() {
    let (_simulator, client) = simulated(hasty()).await;
    let meeting = id("full");
    let room = CreateMeeting {
        most_people: Some(1),
        guests: Some(bigbluebutton::api::GuestPolicy::AskModerator),
        ..CreateMeeting::new("Full")
    };
    client.create(&meeting, &room).await.unwrap();
    let guest = Join { guest: true, ..join("Gus") };
    assert!(!client.join_as_simulated(&meeting, &guest).await.unwrap().let_in);
    assert!(client.join_as_simulated(&meeting, &join("Ada")).await.unwrap().let_in);
    let error = client.join_as_simulated(&meeting, &join("Bob")).await.unwrap_err();
    assert!(matches!(error, Error::Refused { key: MessageKey::MaxParticipantsReached, .. }), "{error}");
    let inside = client.meeting(&meeting).await.unwrap();
    assert_eq!(inside.attendees.iter().map(|one| one.person.as_str()).collect::<Vec<_>>(), ["person-Ada"]);
}

#[tokio::test]
async fn a_browser_enters_talks_and_leaves_and_text_stays_text() {
    let (simulator, client) = simulated(hasty()).await;
    let meeting = id("by-hand");
    let created = client.create(&meeting, &CreateMeeting::new("<i>By hand</i>")).await.unwrap();
    let person = Join::new("<script>Ada", Role::Moderator, "p1", created.run);
    let fetcher = support::fetcher();
    let entered = fetcher.get(client.join_url(&meeting, &person).reveal()).await.unwrap().success().unwrap();
    let page = String::from_utf8(entered.body.to_vec()).unwrap();
    assert!(page.contains("&lt;script&gt;Ada") && !page.contains("<script>") && !page.contains("<i>"));
    let token = entered.url.query().unwrap().to_owned();
    let act = async |deed: &str| {
        let form = format!("{token}&{deed}");
        let address = entered.url.as_str().split('?').next().unwrap();
        let request = fetch::Request::post(address, "application/x-www-form-urlencoded", form);
        fetcher.send(request).await.unwrap()
    };
    let said = act("deed=say&text=%3Cb%3Ehello").await;
    assert!(String::from_utf8_lossy(&said.body).contains("&lt;b&gt;hello"));
    assert_eq!(simulator.chat("by-hand"), [("<script>Ada".to_owned(), "<b>hello".to_owned())]);
    assert_eq!(client.meeting(&meeting).await.unwrap().moderators, 1);
    act("deed=leave").await;
    assert_eq!(client.meeting(&meeting).await.unwrap().people, 0);
    assert_eq!(act("deed=say&text=x").await.status, 401);
}
