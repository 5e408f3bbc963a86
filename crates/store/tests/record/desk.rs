//! What the desk does to the record: new editions and the next one, session types, archiving, taking releases back, and
//! what people were told.

use crate::{
    harness::{World, on_both},
    programme::import,
    sample,
};
use model::{
    copy::Kept,
    edit::{Command, Shift},
    edition::{Edition, EditionState, Mode},
    feed::Actor,
    session_type,
    text::{Line, Slug},
};
use store::{Error, NextEdition};

on_both!(
    a_new_edition_is_there_with_the_usual_types_and_nothing_public,
    two_editions_never_have_one_address,
    the_next_edition_takes_settings_along_and_no_people,
    an_archived_edition_stays_as_it_is_and_can_be_opened_again,
    session_types_keep_their_order_and_the_feed_knows_them,
    a_release_taken_back_is_followed_by_what_was_public_before,
    new_dates_are_told_once,
    a_command_changes_what_it_names_and_nothing_else,
    the_address_of_a_published_edition_stays,
);

const NOBODY: Actor = Actor::System;

fn entered(slug: &str) -> Edition {
    Edition {
        slug: Slug::parse(slug).unwrap(),
        title: Line::from("Garden 2028"),
        series: Line::from("Garden"),
        ..sample::programme("x", 0).edition
    }
}

async fn sound(world: &World) {
    store::search::catch_up(&world.store).await.unwrap();
    assert_eq!(store::verify(&world.store).await.unwrap(), Vec::<String>::new());
}

async fn a_new_edition_is_there_with_the_usual_types_and_nothing_public(world: World) {
    let edition = world.store.new_edition(&NOBODY, &entered("garden-2028")).await.unwrap();
    let head = world.store.edition(&edition.slug).await.unwrap().unwrap();
    assert_eq!((head.edition.id, head.latest), (edition.id, None));
    let types = world.store.session_types(edition.id).await.unwrap();
    assert_eq!(types.len(), session_type::USUAL.len());
    assert_eq!((types[0].name.as_str(), types[0].minutes), ("Talk", 30));
    sound(&world).await;
}

async fn two_editions_never_have_one_address(world: World) {
    world.store.new_edition(&NOBODY, &entered("garden-2028")).await.unwrap();
    let head = world.store.head().await.unwrap();
    let error = world.store.new_edition(&NOBODY, &entered("garden-2028")).await.unwrap_err();
    assert!(matches!(&error, Error::Refused(refusal) if refusal.field == "slug"), "{error}");
    assert_eq!(world.store.head().await.unwrap(), head, "nothing of the second is written");
    let error = world.store.new_edition(&NOBODY, &entered("desk")).await.unwrap_err();
    assert!(matches!(&error, Error::Refused(refusal) if refusal.field == "slug"), "{error}");
}

async fn the_next_edition_takes_settings_along_and_no_people(world: World) {
    let old = sample::programme("garden", 20);
    import(&world, &old).await;
    let talk = session_type::SessionType {
        id: model::id::SessionTypeId(uuid::Uuid::now_v7()),
        name: Line::from("Short talk"),
        kind: model::programme::SessionKind::Talk,
        minutes: 10,
        description: model::text::RichText::default(),
    };
    let rule = |types: &[session_type::SessionType]| session_type::put(types, &talk);
    world.store.change_session_types(&NOBODY, old.edition.id, rule).await.unwrap();
    let next =
        NextEdition { edition: entered("garden-2028"), kept: Kept::ALL, archive: true, organiser: None };
    let edition = world.store.copy_edition(&NOBODY, old.edition.id, &next).await.unwrap();
    let new = world.store.programme(edition.id).await.unwrap().unwrap();
    let names = |programme: &model::programme::Programme| -> Vec<String> {
        programme.rooms.iter().map(|room| room.name.to_string()).collect()
    };
    assert_eq!(names(&new), names(&old));
    assert_eq!(new.tracks.len(), old.tracks.len());
    assert!(new.rooms.iter().all(|room| old.rooms.iter().all(|other| other.id != room.id)));
    assert_eq!((new.sessions.len(), new.persons.len()), (0, 0));
    assert_eq!(new.edition.state, EditionState::Open);
    assert!(new.edition.notice.is_empty(), "the old one's notice is not the new one's");
    let types = world.store.session_types(edition.id).await.unwrap();
    assert_eq!(types.len(), 1);
    assert_ne!(types[0].id, talk.id);
    // The old one is archived, and what was public of it still is.
    let held = world.store.programme(old.edition.id).await.unwrap().unwrap();
    assert_eq!(held.edition.state, EditionState::Archived);
    assert_eq!(world.store.latest_release(&old.edition.slug).await.unwrap().unwrap().programme, old);
    sound(&world).await;
}

async fn an_archived_edition_stays_as_it_is_and_can_be_opened_again(world: World) {
    let old = sample::programme("garden", 5);
    import(&world, &old).await;
    let id = old.edition.id;
    let set = |state: EditionState| {
        move |mut all: model::programme::Programme| {
            all.edition.state = state;
            Ok(all)
        }
    };
    let retitle = |mut all: model::programme::Programme| {
        all.sessions[0].title = Line::from("Another");
        Ok(all)
    };
    world.store.change(&NOBODY, id, set(EditionState::Archived)).await.unwrap();
    let refused = |error: Error| assert!(error.to_string().contains("archived"), "{error}");
    refused(world.store.change(&NOBODY, id, retitle).await.unwrap_err());
    refused(world.store.publish(&NOBODY, id, "").await.unwrap_err());
    refused(world.store.reset_to_release(&NOBODY, id).await.unwrap_err());
    refused(world.store.change_session_types(&NOBODY, id, |types| Ok(types.to_vec())).await.unwrap_err());
    world.store.change(&NOBODY, id, set(EditionState::Open)).await.unwrap();
    world.store.change(&NOBODY, id, retitle).await.unwrap();
    assert!(world.store.publish(&NOBODY, id, "").await.unwrap().is_some());
    sound(&world).await;
}

async fn session_types_keep_their_order_and_the_feed_knows_them(world: World) {
    let edition = world.store.new_edition(&NOBODY, &entered("garden-2028")).await.unwrap();
    let types = world.store.session_types(edition.id).await.unwrap();
    let last = types.last().unwrap().id;
    for _ in 0..types.len() {
        let rule = |types: &[session_type::SessionType]| session_type::shift(types, last, Shift::Up);
        world.store.change_session_types(&NOBODY, edition.id, rule).await.unwrap();
    }
    let rule = |held: &[session_type::SessionType]| session_type::remove(held, types[0].id);
    world.store.change_session_types(&NOBODY, edition.id, rule).await.unwrap();
    let now = world.store.session_types(edition.id).await.unwrap();
    assert_eq!(now[0].id, last);
    assert_eq!(now.len(), types.len() - 1);
    sound(&world).await;
}

async fn a_release_taken_back_is_followed_by_what_was_public_before(world: World) {
    let first = sample::programme("garden", 10);
    import(&world, &first).await;
    let id = first.edition.id;
    let retitle = |mut all: model::programme::Programme| {
        all.sessions[0].title = Line::from("A mistake");
        Ok(all)
    };
    let mistaken = world.store.change(&NOBODY, id, retitle).await.unwrap();
    world.store.publish(&NOBODY, id, "").await.unwrap().unwrap();

    let back = world.store.take_back(&NOBODY, id, 1, "Back", false).await.unwrap().unwrap();
    assert_eq!(back.number, 3);
    let public = world.store.latest_release(&first.edition.slug).await.unwrap().unwrap();
    assert_eq!(public.programme, first);
    assert_eq!(world.store.programme(id).await.unwrap().unwrap(), mistaken, "the work is kept");
    assert_eq!(world.store.take_back(&NOBODY, id, 1, "", false).await.unwrap(), None, "once is enough");

    assert_eq!(world.store.reset_to_release(&NOBODY, id).await.unwrap(), first);
    let none = world.store.take_back(&NOBODY, id, 0, "", true).await.unwrap().unwrap();
    assert_eq!((none.number, none.counts.removed), (4, 10));
    assert!(world.store.programme(id).await.unwrap().unwrap().sessions.is_empty());
    let error = world.store.take_back(&NOBODY, id, 9, "", false).await.unwrap_err();
    assert!(error.to_string().contains("no release 9"), "{error}");
    sound(&world).await;
}

async fn new_dates_are_told_once(world: World) {
    let first = sample::programme("garden", 5);
    import(&world, &first).await;
    let edition = first.edition.clone();
    assert_eq!(world.store.untold(&edition).await.unwrap(), None);
    let virtual_now = |mut all: model::programme::Programme| {
        all.edition.mode = Mode::Virtual;
        Ok(all)
    };
    world.store.change(&NOBODY, edition.id, virtual_now).await.unwrap();
    assert_eq!(world.store.untold(&edition).await.unwrap(), None, "a draft is no news");
    world.store.publish(&NOBODY, edition.id, "").await.unwrap();
    let untold = world.store.untold(&edition).await.unwrap().unwrap();
    assert_eq!(untold.news.len(), 1);
    assert!(untold.news[0].contains("online only"), "{:?}", untold.news);
    assert!(world.store.note_told(&NOBODY, edition.id).await.unwrap().is_some());
    assert_eq!(world.store.untold(&edition).await.unwrap(), None);
    assert_eq!(world.store.note_told(&NOBODY, edition.id).await.unwrap(), None);
    sound(&world).await;
}

async fn a_command_changes_what_it_names_and_nothing_else(world: World) {
    let old = sample::programme("garden", 30);
    import(&world, &old).await;
    let head = world.store.head().await.unwrap();
    let id = old.sessions[3].id;
    let command = Command::PutSession(model::programme::Session {
        title: Line::from("Said otherwise"),
        ..old.sessions[3].clone()
    });
    world.store.change(&NOBODY, old.edition.id, |all| command.apply(&all)).await.unwrap();
    let feed = world.store.changes_since(head, 10).await.unwrap();
    assert_eq!(feed.len(), 1);
    assert_eq!((feed[0].kind.as_str(), feed[0].thing), ("session", id.0));
    sound(&world).await;
}

async fn the_address_of_a_published_edition_stays(world: World) {
    let store = &world.store;
    let to = |slug: &'static str| {
        move |mut all: model::programme::Programme| {
            all.edition.slug = Slug::parse(slug).unwrap();
            Ok(all)
        }
    };
    let edition = store.new_edition(&NOBODY, &entered("garden-2028")).await.unwrap();
    store.change(&NOBODY, edition.id, to("garden-28")).await.unwrap();
    let moving = store.head().await.unwrap();
    assert!(store.publish(&NOBODY, edition.id, "").await.unwrap().is_some());
    let head = store.head().await.unwrap();
    let error = store.change(&NOBODY, edition.id, to("garden")).await.unwrap_err();
    assert!(matches!(&error, Error::Refused(refusal) if refusal.field == "slug"), "{error}");
    // Nor does the log bring an earlier address back.
    let operator = model::permission::Subject::operator("test".to_owned(), store.clock().now());
    let error = store.undo(&operator, moving).await.unwrap_err();
    assert!(matches!(&error, Error::Refused(refusal) if refusal.field == "slug"), "{error}");
    assert_eq!(store.head().await.unwrap(), head);
    sound(&world).await;
}
