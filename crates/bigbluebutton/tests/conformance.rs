//! What we rely on in a BigBlueButton server, each promise a test.
//!
//! With `BBB_URL` and `BBB_SECRET`, the two lines that `bbb-conf --secret` prints, it runs against that server. Without, it runs
//! against the simulator of each version, and so keeps the simulator honest. Nobody needs to be inside the meetings, and
//! every meeting is ended again.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test helpers")]

mod support;

use bigbluebutton::{
    api::{CreateMeeting, Document, Error, Join, MessageKey, RecordingsWanted},
    checksum::Algorithm,
    meeting::{CreateTime, MeetingId, Role},
    profile::Version,
};
use support::Subject;

/// An identifier that no other run of the tests has.
fn fresh(what: &str) -> MeetingId {
    MeetingId::parse(&format!("plenary-{what}-{}", uuid::Uuid::now_v7())).unwrap()
}

fn room() -> CreateMeeting {
    let mut room = CreateMeeting::new("Conformance & co <test>");
    room.metadata.insert("plenary-Room".to_owned(), "a \"b\" <c>".to_owned());
    room
}

#[tokio::test]
async fn it_says_what_it_is_without_a_secret() {
    for subject in Subject::all().await {
        let about = subject.client.about().await.unwrap();
        assert_eq!(about.api, "2.0");
    }
}

#[tokio::test]
async fn a_wrong_secret_is_told_from_every_other_failure() {
    for subject in Subject::all().await {
        for algorithm in Algorithm::ALL {
            let stranger = subject.other("not-the-secret", algorithm);
            let error = stranger.meetings().await.unwrap_err();
            assert!(matches!(error, Error::Refused { key: MessageKey::ChecksumError, .. }), "{error}");
        }
    }
}

#[tokio::test]
async fn sha256_is_taken_and_others_where_the_server_allows_them() {
    for subject in Subject::all().await {
        for algorithm in Algorithm::ALL {
            match subject.other(&subject.secret, algorithm).meetings().await {
                Ok(_) => {}
                Err(Error::Refused { key: MessageKey::ChecksumError, .. })
                    if subject.simulator.is_none() && algorithm != Algorithm::Sha256 => {}
                Err(error) => panic!("{algorithm}: {error}"),
            }
        }
    }
}

#[tokio::test]
async fn opening_a_room_again_finds_the_same_run() {
    for subject in Subject::all().await {
        let id = fresh("again");
        let first = subject.client.create(&id, &room()).await.unwrap();
        assert!(!first.already && first.run != CreateTime::default() && !first.joined);
        let mut other = room();
        other.name = "Another name".to_owned();
        let second = subject.client.create(&id, &other).await.unwrap();
        assert!(second.already);
        assert_eq!((&second.internal, second.run), (&first.internal, first.run));
        let meeting = subject.client.meeting(&id).await.unwrap();
        assert_eq!(meeting.name, "Conformance & co <test>", "the repetition changes nothing");
        subject.client.end(&id).await.unwrap();
    }
}

#[tokio::test]
async fn a_room_comes_back_with_what_it_carries() {
    for subject in Subject::all().await {
        let id = fresh("carries");
        let created = subject.client.create(&id, &room()).await.unwrap();
        let listed = subject.client.meetings().await.unwrap();
        let listed = listed.iter().find(|meeting| meeting.id == id.as_str()).expect("it is in the list");
        assert_eq!((&listed.internal, listed.run), (&created.internal, created.run));
        assert_eq!((listed.people, listed.running, listed.ended), (0, false, false));
        // Names come back in lower case.
        assert_eq!(listed.metadata.get("plenary-room").map(String::as_str), Some("a \"b\" <c>"));
        assert!(!subject.client.is_running(&id).await.unwrap(), "nobody is inside");
        subject.client.end(&id).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_not_there_is_gone_and_not_a_failure() {
    for subject in Subject::all().await {
        let id = fresh("nowhere");
        assert!(!subject.client.is_running(&id).await.unwrap());
        assert!(subject.client.meeting(&id).await.unwrap_err().is_gone());
        assert!(subject.client.end(&id).await.unwrap_err().is_gone());
        let join = Join::new("Ada", Role::Viewer, "p1", CreateTime::default());
        assert!(subject.client.join_as_simulated(&id, &join).await.unwrap_err().is_gone());
    }
}

#[tokio::test]
async fn a_join_address_opens_this_run_and_no_other() {
    for subject in Subject::all().await {
        let id = fresh("join");
        let created = subject.client.create(&id, &room()).await.unwrap();
        let join = |run| Join::new("Zoë <b>", Role::Moderator, "person-7", run);
        let session = subject.client.join_as_simulated(&id, &join(created.run)).await.unwrap();
        assert!(session.let_in && !session.token().is_empty() && !session.user.is_empty());
        let other = CreateTime(created.run.0 - 1);
        let error = subject.client.join_as_simulated(&id, &join(other)).await.unwrap_err();
        assert!(matches!(error, Error::Refused { key: MessageKey::MismatchCreateTime, .. }), "{error}");
        subject.client.end(&id).await.unwrap();
    }
}

#[tokio::test]
async fn the_chat_can_be_written_since_3_and_a_room_that_is_gone_cannot() {
    for subject in Subject::all().await {
        let about = subject.client.about().await.unwrap();
        let id = fresh("chat");
        subject.client.create(&id, &room()).await.unwrap();
        let sent = subject.client.send_chat(&id, "Ada (Matrix)", "hello & <b>welcome</b>").await;
        if about.version.or(about.at_least).is_none_or(|version| version < Version::new(3, 0)) {
            let error = sent.unwrap_err();
            assert!(!error.is_gone(), "{error}");
        } else {
            sent.unwrap();
            let error = subject.client.send_chat(&fresh("nowhere"), "Ada", "hello").await.unwrap_err();
            assert!(error.is_gone(), "{error}");
        }
        let error = subject.client.send_chat(&id, "Ada", &"x".repeat(501)).await.unwrap_err();
        assert!(matches!(error, Error::TooLong { limit: 500, .. }), "{error}");
        subject.client.end(&id).await.unwrap();
    }
}

#[tokio::test]
async fn slides_are_taken_at_the_start_and_later() {
    for subject in Subject::all().await {
        let id = fresh("slides");
        let slides =
            |name: &str| Document::Inline { name: name.to_owned(), bytes: b"%PDF-1.4\n%%EOF\n".to_vec() };
        let with_slides = CreateMeeting { documents: vec![slides("first.pdf")], ..room() };
        subject.client.create(&id, &with_slides).await.unwrap();
        subject.client.insert_documents(&id, &[slides("a & b.pdf")]).await.unwrap();
        if let Some(simulator) = &subject.simulator {
            assert_eq!(simulator.documents(id.as_str()), 2);
        }
        assert!(subject.client.insert_documents(&fresh("nowhere"), &[slides("c.pdf")]).await.is_err());
        subject.client.end(&id).await.unwrap();
    }
}

#[tokio::test]
async fn recordings_that_are_not_there_are_an_empty_list() {
    for subject in Subject::all().await {
        let wanted = RecordingsWanted { meetings: vec![fresh("nothing")], ..RecordingsWanted::default() };
        assert_eq!(subject.client.recordings(&wanted).await.unwrap(), []);
        let none = vec!["0000000000000000000000000000000000000000-1".to_owned()];
        assert!(subject.client.publish_recordings(&none, true).await.is_err());
        assert!(subject.client.delete_recordings(&none).await.is_err());
    }
}

#[tokio::test]
async fn a_hook_is_known_by_its_address() {
    for subject in Subject::all().await {
        let callback = format!("https://plenary.example.org/bbb/{}", uuid::Uuid::now_v7());
        let first = match subject.client.create_hook(&callback).await {
            Ok(hook) => hook,
            Err(error) if subject.simulator.is_none() => {
                eprintln!("skipped: this server has no webhooks ({error})");
                continue;
            }
            Err(error) => panic!("{error}"),
        };
        let second = subject.client.create_hook(&callback).await.unwrap();
        assert_eq!(first.id, second.id);
        let listed = subject.client.hooks().await.unwrap();
        assert_eq!(listed.iter().filter(|hook| hook.callback == callback).count(), 1);
        subject.client.destroy_hook(&first.id).await.unwrap();
        let listed = subject.client.hooks().await.unwrap();
        assert!(listed.iter().all(|hook| hook.callback != callback));
        assert!(subject.client.destroy_hook(&first.id).await.is_err());
    }
}

#[tokio::test]
async fn a_room_that_is_ended_is_gone_soon_and_opens_as_another_run() {
    for subject in Subject::all().await {
        let id = fresh("end");
        let first = subject.client.create(&id, &room()).await.unwrap();
        subject.client.end(&id).await.unwrap();
        let mut gone = false;
        for _ in 0..150 {
            gone = match subject.client.meeting(&id).await {
                Ok(meeting) => {
                    assert!(meeting.ended, "it is being ended");
                    false
                }
                Err(error) => error.is_gone(),
            };
            if gone {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
        assert!(gone, "it is still there after 30 s");
        let second = subject.client.create(&id, &room()).await.unwrap();
        assert!(!second.already && second.run > first.run);
        subject.client.end(&id).await.unwrap();
    }
}
