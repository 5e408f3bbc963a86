//! The meetings of rooms: placed once, and no secret where somebody could read it.

use crate::{
    harness::{World, on_both},
    programme::import,
    sample,
};
use model::{
    edition::Edition,
    feed::Actor,
    id::RoomId,
    meeting::{MeetingRecording, MeetingServer, ServerLook, ServerState},
    permission::Subject,
    text::Slug,
};
use std::collections::BTreeSet;
use store::SharedSecret;

on_both!(
    a_room_is_placed_once_however_many_want_it_elsewhere,
    a_server_is_kept_with_its_secret_and_the_feed_is_without_it,
);

fn slug(name: &str) -> Slug {
    Slug::parse(name).unwrap()
}

fn server(name: &str) -> MeetingServer {
    MeetingServer {
        name: slug(name),
        url: format!("https://{name}.example.org/bigbluebutton/"),
        state: ServerState::Enabled,
        capacity: Some(150),
        tags: BTreeSet::from(["eu".to_owned()]),
    }
}

async fn a_room(world: &World) -> (Edition, RoomId) {
    import(world, &sample::programme("garden-2027", 3)).await;
    let edition = world.store.edition(&slug("garden-2027")).await.unwrap().unwrap().edition;
    let programme = world.store.programme(edition.id).await.unwrap().unwrap();
    let room = programme.rooms[0].id;
    (edition, room)
}

fn operator(world: &World) -> Subject {
    Subject::operator("test".to_owned(), world.store.clock().now())
}

async fn a_room_is_placed_once_however_many_want_it_elsewhere(world: World) {
    let (edition, room) = a_room(&world).await;
    let store = &world.store;
    let (one, two) = (slug("bbb1"), slug("bbb2"));
    let place = |to| async move {
        store.place_meeting(&Actor::System, edition.id, room, None, to).await.unwrap().server.unwrap()
    };
    let (first, second) = tokio::join!(place(&one), place(&two));
    assert_eq!(first, second, "whoever came later follows");
    let other = if first == one { two } else { one };
    // What the other server answers comes too late.
    assert!(!store.meeting_began(edition.id, room, &other, (7, "x-7")).await.unwrap());
    assert!(store.meeting_began(edition.id, room, &first, (8, "x-8")).await.unwrap());
    assert_eq!(store.meeting_called("x-8").await.unwrap().unwrap().meeting.room, room);
    store.count_meeting(edition.id, room, 12).await.unwrap();
    let known = store.meeting(edition.id, room).await.unwrap().unwrap();
    assert!(known.meeting.is_open() && known.people == 12);

    let moved = store.place_meeting(&Actor::System, edition.id, room, Some(&first), &other).await.unwrap();
    assert_eq!((moved.server.as_ref(), moved.run), (Some(&other), 0));
    assert!(store.meeting_began(edition.id, room, &other, (9, "y-9")).await.unwrap());
    let operator = operator(&world);
    store.pin_meeting(&operator, &edition, room, Some(&first)).await.unwrap();
    store.end_meeting(&operator, &edition, room).await.unwrap();
    let ended = store.meeting(edition.id, room).await.unwrap().unwrap().meeting;
    assert!(!ended.is_open() && ended.pin.as_ref() == Some(&first));
    let visitor = Subject::visitor(store.clock().now());
    assert!(store.end_meeting(&visitor, &edition, room).await.is_err());
    let recording = MeetingRecording {
        recording: "y-9".to_owned(),
        server: other,
        room,
        session: None,
        ready: store.clock().now(),
    };
    store.note_recording(edition.id, &recording).await.unwrap();
    store.note_recording(edition.id, &recording).await.unwrap();
    assert_eq!(store.meeting_recordings(edition.id).await.unwrap().len(), 1);
    assert_eq!(store::verify(store).await.unwrap(), Vec::<String>::new());
}

async fn a_server_is_kept_with_its_secret_and_the_feed_is_without_it(world: World) {
    let store = &world.store;
    let operator = operator(&world);
    let secret = SharedSecret::parse(" whisper-whisper ").unwrap();
    assert_eq!(format!("{secret:?}"), "SharedSecret(..)");
    assert!(SharedSecret::parse("two words").is_err());
    let visitor = Subject::visitor(store.clock().now());
    assert!(store.put_meeting_server(&visitor, &server("bbb1"), &secret).await.is_err());
    store.put_meeting_server(&operator, &server("bbb1"), &secret).await.unwrap();
    let head = store.head().await.unwrap();
    let look = ServerLook { missed: 3, people: 40, version: "3.0.4".into(), ..ServerLook::default() };
    store.note_look(&slug("bbb1"), &look).await.unwrap();
    assert_eq!(store.head().await.unwrap(), head, "looks are not told of");
    store.set_meeting_server(&operator, &slug("bbb1"), ServerState::Draining).await.unwrap();
    let known = store.meeting_servers().await.unwrap().remove(0);
    assert_eq!((known.secret.reveal(), known.look.people), ("whisper-whisper", 40));
    assert_eq!(known.server.state, ServerState::Draining);
    let entries = store.changes_since(0, 1_000).await.unwrap();
    assert!(entries.iter().any(|entry| entry.kind == "meeting-server"));
    assert!(!format!("{entries:?}").contains("whisper"));
    store.remove_meeting_server(&operator, &slug("bbb1")).await.unwrap();
    assert!(store.meeting_servers().await.unwrap().is_empty());
    assert_eq!(store::verify(store).await.unwrap(), Vec::<String>::new());
}
