//! What is saved is what is read, and only what differs is written.

use crate::{
    harness::{World, on_both},
    sample,
};
use model::{
    Refusal,
    feed::{Actor, Deed},
    merge::Carries,
    programme::Programme,
    text::{Line, Slug},
};
use store::{Error, ImportOptions};

on_both!(
    a_programme_comes_back_as_it_was_saved,
    a_change_writes_one_feed_entry_for_each_thing_that_changed,
    things_that_go_take_their_rows_with_them,
    reading_takes_as_many_queries_for_a_large_programme_as_for_a_small_one,
    a_refused_change_writes_nothing,
    editions_are_listed_newest_first_with_their_releases,
);

pub(crate) async fn import(world: &World, programme: &Programme) {
    let options = ImportOptions { release: true, ..ImportOptions::default() };
    world.store.import(&Actor::System, programme, Carries::ALL, &options).await.unwrap();
}

async fn a_programme_comes_back_as_it_was_saved(world: World) {
    for sessions in [0, 1, 7, 230] {
        let programme = sample::programme(&format!("of-{sessions}"), sessions);
        import(&world, &programme).await;
        assert_eq!(world.store.programme(programme.edition.id).await.unwrap(), Some(programme));
    }
    assert_eq!(world.store.programme(sample::programme("unknown", 0).edition.id).await.unwrap(), None);
}

async fn a_change_writes_one_feed_entry_for_each_thing_that_changed(world: World) {
    let programme = sample::programme("garden", 60);
    import(&world, &programme).await;
    let head = world.store.head().await.unwrap();
    let mut wanted = programme.clone();
    wanted.sessions[9].title = Line::clean("Another title");
    let slot =
        wanted.sessions.iter_mut().find(|session| session.slots.len() == 2).unwrap().slots.pop().unwrap();
    wanted.persons[5].affiliation = Line::clean("Elsewhere");
    wanted.rooms.swap(0, 1);
    wanted.tracks.insert(2, {
        let mut new = wanted.tracks[0].clone();
        new.id.0 = slot.id.0;
        new
    });
    let operator = Actor::Operator("anna".to_owned());
    let next = wanted.clone();
    let after = world.store.change(&operator, programme.edition.id, |_| Ok(next)).await.unwrap();
    wanted.normalise();
    assert_eq!(after, wanted);
    assert_eq!(world.store.programme(programme.edition.id).await.unwrap(), Some(wanted));

    let entries = world.store.changes_since(head, 100).await.unwrap();
    let mut said: Vec<(&str, Deed)> = entries.iter().map(|entry| (entry.kind.as_str(), entry.deed)).collect();
    said.sort_by_key(|(kind, _)| *kind);
    let changed = Deed::Changed;
    assert_eq!(
        said,
        [
            ("person", changed),
            ("room", changed),
            ("session", changed),
            ("session", changed),
            ("track", Deed::Created)
        ]
    );
    assert!(
        entries
            .iter()
            .all(|entry| entry.actor == "operator:anna" && entry.edition == Some(programme.edition.id))
    );
    let titled = entries.iter().find(|entry| entry.thing == programme.sessions[9].id.0).unwrap();
    assert_eq!(titled.before.as_ref().unwrap()["title"], programme.sessions[9].title.as_str());
    assert_eq!(titled.after.as_ref().unwrap()["title"], "Another title");
}

async fn things_that_go_take_their_rows_with_them(world: World) {
    let programme = sample::programme("garden", 120);
    import(&world, &programme).await;
    let change = |rule: fn(&mut Programme)| {
        let id = programme.edition.id;
        world.store.change(&Actor::System, id, move |mut programme| {
            rule(&mut programme);
            Ok(programme)
        })
    };
    // Blocks with their topics, a room and a track that sessions name, everybody but one, a slot that moves over.
    change(|programme| programme.sessions.retain(|session| session.parent.is_some())).await.unwrap();
    change(|programme| drop(programme.rooms.remove(0))).await.unwrap();
    change(|programme| drop(programme.tracks.remove(1))).await.unwrap();
    change(|programme| programme.persons.truncate(1)).await.unwrap();
    change(|programme| {
        let slots = std::mem::take(&mut programme.sessions[0].slots);
        programme.sessions[1].slots.extend(slots);
    })
    .await
    .unwrap();
    let last = change(|programme| {
        programme.sessions.clear();
        programme.sponsors.clear();
    })
    .await
    .unwrap();
    assert_eq!(world.store.programme(programme.edition.id).await.unwrap(), Some(last));
    assert_eq!(store::verify(&world.store).await.unwrap(), Vec::<String>::new());
}

async fn reading_takes_as_many_queries_for_a_large_programme_as_for_a_small_one(world: World) {
    let mut statements = vec![];
    for sessions in [2, 400] {
        let programme = sample::programme(&format!("of-{sessions}"), sessions);
        import(&world, &programme).await;
        let before = world.store.statements();
        world.store.programme(programme.edition.id).await.unwrap().unwrap();
        let reading = world.store.statements() - before;
        world.store.latest_release(&programme.edition.slug).await.unwrap().unwrap();
        statements.push((reading, world.store.statements() - before - reading));
    }
    assert_eq!(statements[0], statements[1]);
    assert_eq!(statements[0], (8, 2));
}

async fn a_refused_change_writes_nothing(world: World) {
    let programme = sample::programme("garden", 5);
    let other = sample::programme("orchard", 1);
    import(&world, &programme).await;
    import(&world, &other).await;
    let head = world.store.head().await.unwrap();
    let refused = world.store.change(&Actor::System, programme.edition.id, |_| {
        Err(Refusal::new("title", "is rude", "Choose another"))
    });
    assert_eq!(refused.await.unwrap_err().to_string(), "title: is rude. Choose another.");
    let taken = world.store.change(&Actor::System, programme.edition.id, |mut programme| {
        programme.edition.slug = Slug::parse("orchard").unwrap();
        Ok(programme)
    });
    assert!(matches!(taken.await, Err(Error::Refused(refusal)) if refusal.field == "slug"));
    let unknown = sample::programme("unknown", 0).edition.id;
    assert!(matches!(world.store.change(&Actor::System, unknown, Ok).await, Err(Error::Refused(_))));
    assert_eq!(world.store.head().await.unwrap(), head);
    assert_eq!(world.store.programme(programme.edition.id).await.unwrap(), Some(programme));
}

async fn editions_are_listed_newest_first_with_their_releases(world: World) {
    let old = sample::programme("old", 3);
    let mut new = sample::programme("next", 3);
    new.edition.first_day = "2028-01-01".parse().unwrap();
    new.edition.last_day = new.edition.first_day;
    import(&world, &old).await;
    world.store.import(&Actor::System, &new, Carries::ALL, &ImportOptions::default()).await.unwrap();
    let heads = world.store.editions().await.unwrap();
    let seen: Vec<_> = heads
        .iter()
        .map(|head| (head.edition.slug.as_str(), head.latest.as_ref().map(|l| l.number)))
        .collect();
    assert_eq!(seen, [("next", None), ("old", Some(1))]);
    assert_eq!(world.store.edition(&old.edition.slug).await.unwrap().as_ref(), Some(&heads[1]));
    assert_eq!(world.store.edition(&Slug::parse("none").unwrap()).await.unwrap(), None);
}
