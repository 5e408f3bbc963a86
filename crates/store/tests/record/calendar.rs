//! Calendars of other conferences, and what an edition plans with.

use crate::{
    harness::{World, on_both},
    programme::import,
    sample,
};
use jiff::{SignedDuration, civil::date};
use model::{
    calendar::{Candidate, DatePlan, OtherConference},
    feed::Actor,
    id::EditionId,
    text::{Line, WebUrl},
};
use store::CalendarContent;

on_both!(
    reading_the_same_calendar_again_changes_nothing,
    an_address_that_fails_is_tried_again_later_and_says_why,
    a_calendar_belongs_to_its_edition_and_goes_with_its_conferences,
    a_plan_that_somebody_else_changed_is_not_overwritten,
    a_calendar_that_was_meddled_with_is_found,
);

fn conference(name: &str, day: i8) -> OtherConference {
    OtherConference {
        name: name.into(),
        url: WebUrl::parse("https://other.example.org").ok(),
        first_day: date(2027, 9, day),
        last_day: date(2027, 9, day),
        city: "Ghent".into(),
        country: "Belgium".into(),
        online: false,
        topics: vec!["soil".into()],
        cfp_end: Some(date(2027, 4, 1)),
        source: Line::default(),
    }
}

fn content(names: &[&str]) -> CalendarContent {
    let conferences = names.iter().map(|name| conference(name, 13)).collect();
    CalendarContent {
        conferences,
        notes: vec!["x.ics, line 1: doubtful. It was left out.".to_owned()],
        etag: "\"1\"".to_owned(),
    }
}

async fn edition(world: &World, slug: &str) -> EditionId {
    let programme = sample::programme(slug, 2);
    import(world, &programme).await;
    programme.edition.id
}

async fn sound(world: &World) {
    assert_eq!(store::verify(&world.store).await.unwrap(), Vec::<String>::new());
}

async fn reading_the_same_calendar_again_changes_nothing(world: World) {
    let garden = edition(&world, "garden").await;
    let store = &world.store;
    let name = Line::from("list.json");
    let topics = [Line::from("python")];
    let id =
        store.put_calendar_file(&Actor::System, garden, &name, &topics, &content(&["A", "B"])).await.unwrap();
    let head = store.head().await.unwrap();
    let again =
        store.put_calendar_file(&Actor::System, garden, &name, &topics, &content(&["A", "B"])).await.unwrap();
    assert_eq!((again, store.head().await.unwrap()), (id, head));
    let known = store.calendars(garden).await.unwrap();
    assert_eq!(
        (known.len(), known[0].calendar.conferences, known[0].due_at, known[0].notes.len()),
        (1, 2, None, 1)
    );
    let others = store.other_conferences(garden).await.unwrap();
    assert_eq!(others[0].topics, ["python".into(), "soil".into()]);
    assert_eq!(others[0].source.as_str(), "list.json");
    // A new list under the same name takes the place of the old one.
    store.put_calendar_file(&Actor::System, garden, &name, &[], &content(&["C"])).await.unwrap();
    let others = store.other_conferences(garden).await.unwrap();
    assert_eq!((others.len(), others[0].name.as_str()), (1, "C"));
    assert_eq!(store.head().await.unwrap(), head + 1);
    sound(&world).await;
}

async fn an_address_that_fails_is_tried_again_later_and_says_why(world: World) {
    let garden = edition(&world, "garden").await;
    let store = &world.store;
    let address = WebUrl::parse("https://other.example.org/all.ics").unwrap();
    let id = store.add_calendar(&Actor::System, garden, &"All".into(), &address, &[]).await.unwrap();
    assert_eq!(store.add_calendar(&Actor::System, garden, &"Again".into(), &address, &[]).await.unwrap(), id);
    let now = store.clock().now() + SignedDuration::from_secs(1);
    assert_eq!(store.calendars_due(now, 10).await.unwrap().len(), 1);
    let head = store.head().await.unwrap();
    store.calendar_failed(garden, id, "the server answered 500").await.unwrap();
    let known = store.calendar(garden, id).await.unwrap().unwrap();
    assert_eq!((known.failures, known.error.as_str(), known.read_at), (1, "the server answered 500", None));
    assert!(store.calendars_due(now, 10).await.unwrap().is_empty());
    assert_eq!(store.calendars_due(now + SignedDuration::from_mins(15), 10).await.unwrap().len(), 1);
    assert_eq!(store.head().await.unwrap(), head, "a failure is no change of the record");
    assert!(store.fill_calendar(garden, id, Some(&content(&["A"]))).await.unwrap());
    assert!(!store.fill_calendar(garden, id, Some(&content(&["A"]))).await.unwrap());
    assert!(!store.fill_calendar(garden, id, None).await.unwrap());
    let known = store.calendar(garden, id).await.unwrap().unwrap();
    assert_eq!((known.failures, known.error.as_str(), known.etag.as_str()), (0, "", "\"1\""));
    assert!(known.due_at.unwrap() > now + SignedDuration::from_hours(23));
    assert_eq!(store.head().await.unwrap(), head + 1);
    sound(&world).await;
}

async fn a_calendar_belongs_to_its_edition_and_goes_with_its_conferences(world: World) {
    let garden = edition(&world, "garden").await;
    let orchard = edition(&world, "orchard").await;
    let store = &world.store;
    let id =
        store.put_calendar_file(&Actor::System, garden, &"A".into(), &[], &content(&["A"])).await.unwrap();
    assert!(store.calendar(orchard, id).await.unwrap().is_none());
    assert!(store.other_conferences(orchard).await.unwrap().is_empty());
    assert!(store.remove_calendar(&Actor::System, orchard, id).await.is_err());
    assert!(store.fill_calendar(orchard, id, None).await.is_err());
    store.remove_calendar(&Actor::System, garden, id).await.unwrap();
    assert!(store.calendars(garden).await.unwrap().is_empty());
    assert!(store.other_conferences(garden).await.unwrap().is_empty());
    let nowhere = EditionId(uuid::Uuid::now_v7());
    assert!(
        store.put_calendar_file(&Actor::System, nowhere, &"A".into(), &[], &content(&["A"])).await.is_err()
    );
    sound(&world).await;
}

async fn a_plan_that_somebody_else_changed_is_not_overwritten(world: World) {
    let garden = edition(&world, "garden").await;
    let store = &world.store;
    let (plan, version) = store.date_plan(garden).await.unwrap();
    assert_eq!((plan, version), (DatePlan::default(), 0));
    let with = |day: i8| {
        move |plan: DatePlan| {
            Ok(DatePlan { candidates: vec![Candidate { first_day: date(2027, 9, day), days: 3 }], ..plan })
        }
    };
    store.change_date_plan(&Actor::System, garden, 0, with(13)).await.unwrap();
    let refused = store.change_date_plan(&Actor::System, garden, 0, with(20)).await.unwrap_err();
    assert!(refused.to_string().contains("somebody else changed it"), "{refused}");
    let (plan, version) = store.date_plan(garden).await.unwrap();
    assert_eq!(plan.candidates[0].first_day, date(2027, 9, 13));
    store.change_date_plan(&Actor::System, garden, version, with(20)).await.unwrap();
    let (plan, version) = store.date_plan(garden).await.unwrap();
    assert_eq!(plan.candidates[0].first_day, date(2027, 9, 20));
    let head = store.head().await.unwrap();
    store.change_date_plan(&Actor::System, garden, version, with(20)).await.unwrap();
    assert_eq!(store.head().await.unwrap(), head, "the same plan is no change");
    sound(&world).await;
}

async fn a_calendar_that_was_meddled_with_is_found(world: World) {
    let garden = edition(&world, "garden").await;
    world.store.put_calendar_file(&Actor::System, garden, &"A".into(), &[], &content(&["A"])).await.unwrap();
    world.meddle("UPDATE calendar SET conferences = 7").await.unwrap();
    let broken = store::verify(&world.store).await.unwrap();
    assert!(broken.iter().any(|line| line.contains("its conferences are not those")), "{broken:?}");
    assert!(broken.iter().any(|line| line.contains("the feed says something else")), "{broken:?}");
}
