//! Importing a file: idempotent, three-way, all or nothing.

use crate::{
    harness::{World, on_both},
    sample,
};
use model::{feed::Actor, id::EditionId, merge::Carries, programme::Programme, text::Line};
use store::{Error, ImportOptions};

on_both!(
    a_second_import_of_the_same_file_writes_nothing,
    what_an_organiser_changed_here_stays_and_is_said,
    a_newer_file_becomes_a_release_with_its_changes,
    a_dry_run_says_what_an_import_does_and_writes_nothing,
    a_file_of_another_system_finds_its_edition_by_slug,
    a_large_conference_is_imported_with_few_statements,
);

fn releasing() -> ImportOptions {
    ImportOptions { release: true, note: " The first ".to_owned(), ..ImportOptions::default() }
}

async fn a_second_import_of_the_same_file_writes_nothing(world: World) {
    let programme = sample::programme("garden", 80);
    let first = world.store.import(&Actor::System, &programme, Carries::ALL, &releasing()).await.unwrap();
    let release = first.release.unwrap();
    assert_eq!((release.number, release.note.as_str(), release.counts.added), (1, "The first", 80));
    assert_eq!(first.merged.tallies.sessions.created, 80);
    let head = world.store.head().await.unwrap();
    let second = world.store.import(&Actor::System, &programme, Carries::ALL, &releasing()).await.unwrap();
    assert!(second.release.is_none() && second.merged.difference.is_empty());
    assert_eq!(world.store.head().await.unwrap(), head);
    assert_eq!(world.store.releases(programme.edition.id).await.unwrap().len(), 1);
}

async fn what_an_organiser_changed_here_stays_and_is_said(world: World) {
    let file = sample::programme("garden", 20);
    let ours = file.sessions[4].id;
    let theirs = file.sessions[7].id;
    world.store.import(&Actor::System, &file, Carries::ALL, &releasing()).await.unwrap();
    let edit = |mut programme: Programme| {
        for session in &mut programme.sessions {
            if session.id == ours {
                session.title = Line::clean("Ours");
            }
        }
        Ok(programme)
    };
    world.store.change(&Actor::System, file.edition.id, edit).await.unwrap();
    let mut newer = file.clone();
    for session in &mut newer.sessions {
        if session.id == ours || session.id == theirs {
            session.title = Line::clean("Theirs");
        }
    }
    newer.normalise();
    let title =
        |programme: &Programme, id| programme.sessions.iter().find(|s| s.id == id).unwrap().title.to_string();

    let kept = world.store.import(&Actor::System, &newer, Carries::ALL, &releasing()).await.unwrap();
    assert_eq!(kept.merged.kept.len(), 1);
    let said = &kept.merged.kept[0];
    assert!(said.ours.contains("Ours") && said.theirs.contains("Theirs") && !said.overwritten, "{said:?}");
    let now = world.store.programme(file.edition.id).await.unwrap().unwrap();
    assert_eq!((title(&now, ours), title(&now, theirs)), ("Ours".to_owned(), "Theirs".to_owned()));

    // The file has said so once; the same file again has nothing to add.
    let again = world.store.import(&Actor::System, &newer, Carries::ALL, &releasing()).await.unwrap();
    assert!(again.merged.kept.is_empty() && again.release.is_none());

    newer.sessions.iter_mut().find(|session| session.id == ours).unwrap().title =
        Line::clean("Theirs at last");
    newer.normalise();
    let take = ImportOptions { take_theirs: true, ..releasing() };
    let taken = world.store.import(&Actor::System, &newer, Carries::ALL, &take).await.unwrap();
    assert!(taken.merged.kept.iter().all(|kept| kept.overwritten));
    let now = world.store.programme(file.edition.id).await.unwrap().unwrap();
    assert_eq!(title(&now, ours), "Theirs at last");
}

async fn a_newer_file_becomes_a_release_with_its_changes(world: World) {
    let file = sample::programme("garden", 30);
    world.store.import(&Actor::System, &file, Carries::ALL, &releasing()).await.unwrap();
    let mut newer = sample::retitled(file.clone(), 2, "Renamed");
    newer.sessions.pop();
    newer.normalise();
    let outcome = world.store.import(&Actor::System, &newer, Carries::ALL, &releasing()).await.unwrap();
    let release = outcome.release.unwrap();
    assert_eq!((release.number, release.counts.changed, release.counts.removed), (2, 1, 1));
    let published = world.store.latest_release(&file.edition.slug).await.unwrap().unwrap();
    assert_eq!(published.head, release);
    assert_eq!(published.programme, newer);
    assert_eq!(world.store.release(file.edition.id, 1).await.unwrap().unwrap().programme, file);
}

async fn a_dry_run_says_what_an_import_does_and_writes_nothing(world: World) {
    let file = sample::programme("garden", 12);
    let preview = world.store.preview_import(&file, Carries::ALL, false).await.unwrap();
    assert_eq!(world.store.head().await.unwrap(), 0);
    assert!(world.store.editions().await.unwrap().is_empty());
    let outcome =
        world.store.import(&Actor::System, &file, Carries::ALL, &ImportOptions::default()).await.unwrap();
    assert_eq!(preview, outcome.merged);
    assert!(outcome.release.is_none());
}

async fn a_file_of_another_system_finds_its_edition_by_slug(world: World) {
    let file = sample::programme("garden", 12);
    world.store.import(&Actor::System, &file, Carries::ALL, &releasing()).await.unwrap();
    let mut other = sample::retitled(file.clone(), 1, "Renamed");
    other.edition.id = EditionId::from_key("garden", "known elsewhere as 4711");
    let outcome = world.store.import(&Actor::System, &other, Carries::ALL, &releasing()).await.unwrap();
    assert_eq!(outcome.merged.programme.edition.id, file.edition.id);
    assert_eq!(outcome.release.unwrap().number, 2);
    assert_eq!(world.store.editions().await.unwrap().len(), 1);
}

async fn a_large_conference_is_imported_with_few_statements(world: World) {
    let file = sample::programme("garden", 1_105);
    assert!(file.persons.len() > 1_455);
    let before = world.store.statements();
    world.store.import(&Actor::System, &file, Carries::ALL, &releasing()).await.unwrap();
    let statements = world.store.statements() - before;
    assert!(statements < 60, "{statements}");
    // A kill in the middle is a transaction that is not committed: whoever reads sees none of it.
    let refused =
        world.store.change(&Actor::System, file.edition.id, |_| Err(model::Refusal::new("x", "y", "z")));
    assert!(matches!(refused.await, Err(Error::Refused(_))));
    assert_eq!(world.store.programme(file.edition.id).await.unwrap(), Some(file));
}
