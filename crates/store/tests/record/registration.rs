//! Registrations: by hand, by list, and joined to those who prove their address.

use crate::{
    account::somebody,
    harness::{World, on_both},
    programme::import,
    sample,
};
use model::{
    account::Proof,
    email::Email,
    feed::Actor,
    id::{EditionId, RegistrationId},
    permission::{Role, Scope, Subject},
    registration::{
        Attendance, Capped, Caps, Mapping, Registration, RegistrationState, RegistrationType, Row, Sheet,
    },
    text::Line,
    time::Zone,
};
use std::fmt::Write;
use store::{Agreed, LINK_LIFE, NewGrant, Purpose, RegistrationFilter};
use uuid::Uuid;

on_both!(
    a_list_imported_twice_changes_nothing_the_second_time,
    an_import_never_touches_a_role,
    whoever_is_registered_is_known_as_soon_as_they_sign_in,
    what_was_not_agreed_to_is_not_written,
    cancelling_most_of_all_needs_a_second_word,
    registrations_are_found_by_word_type_and_way_and_counted,
    an_address_is_registered_once_in_an_edition,
    an_uploaded_list_belongs_to_its_edition_and_goes,
    a_large_list_takes_few_statements,
    registrations_go_along_when_accounts_are_merged,
    a_deleted_account_leaves_a_figure_and_no_name,
    nobody_is_entered_over_a_cap_by_hand,
    a_list_goes_over_a_cap_only_on_a_word,
    caps_are_taken_back_from_the_log_and_a_full_one_holds_there_too,
);

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

fn sheet(text: &str) -> Sheet {
    let mut lines = text.lines();
    let cells = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
    let columns = cells(lines.next().unwrap());
    let rows = lines.zip(2..).map(|(text, line)| Row { line, cells: cells(text) }).collect();
    Sheet { name: "list.csv".to_owned(), columns, rows }
}

const LIST: &str = "Email,Name,Registration Type,Country,Time zone\n\
    ada@example.org,Ada Lovelace,Speaker,United Kingdom,\n\
    bob@example.org,Bob 100%,Virtual attendee,Germany,America/New_York\n\
    cyd@example.org,Cyd,Student,United States,\n";

async fn edition(world: &World, slug: &str) -> EditionId {
    let programme = sample::programme(slug, 2);
    import(world, &programme).await;
    programme.edition.id
}

/// Imports a list as somebody does who looked at the difference.
async fn take(world: &World, edition: EditionId, text: &str, cancel: bool) -> store::RegistrationImport {
    let sheet = sheet(text);
    let mapping = Mapping::guess(&sheet.columns);
    let shown = world.store.registration_difference(edition, &sheet, &mapping).await.unwrap();
    let agreed = Agreed { seen: shown.seen(), cancel_missing: cancel, ..Agreed::default() };
    world.store.import_registrations(&Actor::System, edition, &sheet, &mapping, &agreed).await.unwrap()
}

async fn sound(world: &World) {
    assert_eq!(store::verify(&world.store).await.unwrap(), Vec::<String>::new());
}

fn by_hand(edition: EditionId, address: &str) -> Registration {
    Registration {
        id: RegistrationId(Uuid::now_v7()),
        edition,
        email: email(address),
        name: Line::from("By Hand"),
        kind: RegistrationType::Staff,
        mode: Attendance::InPerson,
        affiliation: Line::default(),
        country: Line::default(),
        zone: None,
        code: Line::default(),
        state: RegistrationState::Active,
        account: None,
    }
}

async fn a_list_imported_twice_changes_nothing_the_second_time(world: World) {
    let garden = edition(&world, "garden").await;
    let first = take(&world, garden, LIST, true).await;
    assert_eq!((first.added.len(), first.changed, first.cancelled), (3, 0, 0));
    let head = world.store.head().await.unwrap();
    let second = take(&world, garden, LIST, true).await;
    assert_eq!(second, store::RegistrationImport::default());
    assert_eq!(world.store.head().await.unwrap(), head);
    // One changed, one gone.
    let third =
        take(&world, garden, "email,name\nada@example.org,Ada King\nbob@example.org,Bob 100%\n", true).await;
    assert_eq!((third.added.len(), third.changed, third.cancelled), (0, 1, 1));
    let all = world.store.all_registrations(garden).await.unwrap();
    let told: Vec<_> = all.iter().map(|one| (one.name.as_str(), one.state.as_str())).collect();
    assert_eq!(told, [("Ada King", "active"), ("Bob 100%", "active"), ("Cyd", "cancelled")]);
    sound(&world).await;
}

async fn an_import_never_touches_a_role(world: World) {
    let garden = edition(&world, "garden").await;
    let ada = somebody(&world, "ada@example.org").await;
    let operator = Subject::operator("test".to_owned(), world.store.clock().now());
    for role in [Role::Moderator, Role::Organiser] {
        world.store.give(&operator, &NewGrant::new(ada, role, Scope::Edition(garden))).await.unwrap();
    }
    let before = world.store.grants_of(ada).await.unwrap();
    take(&world, garden, LIST, true).await;
    // A list in which she is staff, one in which she is cancelled, one in which she is not at all.
    take(
        &world,
        garden,
        "email,type\nada@example.org,Staff\nbob@example.org,Staff\ncyd@example.org,Staff\n",
        true,
    )
    .await;
    take(&world, garden, "email,status\nada@example.org,cancelled\nbob@example.org,\n", true).await;
    take(&world, garden, "email\nbob@example.org\n", true).await;
    assert_eq!(world.store.grants_of(ada).await.unwrap(), before);
    let bob = somebody(&world, "bob@example.org").await;
    assert!(world.store.grants_of(bob).await.unwrap().is_empty(), "being registered as staff gives no right");
    let entries = world.store.changes_since(0, 10_000).await.unwrap();
    assert_eq!(entries.iter().filter(|entry| entry.kind == "grant").count(), 2);
    sound(&world).await;
}

async fn whoever_is_registered_is_known_as_soon_as_they_sign_in(world: World) {
    let garden = edition(&world, "garden").await;
    let store = &world.store;
    let early = somebody(&world, "bob@example.org").await;
    take(&world, garden, LIST, false).await;
    assert_eq!(
        store.registrations_of(early).await.unwrap().len(),
        1,
        "an account that was there is joined at once"
    );
    let link = store
        .make_link(Purpose::SignIn, Some(&email("Ada@Example.org")), None, "/", LINK_LIFE)
        .await
        .unwrap();
    let ada = store.redeem(&link, "Firefox", "192.0.2.1").await.unwrap().account;
    let hers = store.registrations_of(ada).await.unwrap();
    assert_eq!((hers.len(), hers[0].name.as_str(), hers[0].edition), (1, "Ada Lovelace", garden));
    // A second address of hers brings what is registered with it.
    store.put_registration(&Actor::System, &by_hand(garden, "ada@engines.example")).await.unwrap();
    store.add_identity(&Actor::person(ada), ada, &Proof::Email(email("ada@engines.example"))).await.unwrap();
    assert_eq!(store.registrations_of(ada).await.unwrap().len(), 2);
    // An address with a tag is another one until it is proved.
    store.put_registration(&Actor::System, &by_hand(garden, "ada+lpc@example.org")).await.unwrap();
    assert_eq!(store.registrations_of(ada).await.unwrap().len(), 2);
    // Who comes later is joined as they are registered.
    store
        .put_registration(
            &Actor::System,
            &Registration {
                name: "Ada".into(),
                ..by_hand(edition(&world, "orchard").await, "ada@example.org")
            },
        )
        .await
        .unwrap();
    assert_eq!(store.registrations_of(ada).await.unwrap().len(), 3);
    sound(&world).await;
}

async fn what_was_not_agreed_to_is_not_written(world: World) {
    let garden = edition(&world, "garden").await;
    let list = sheet(LIST);
    let mapping = Mapping::guess(&list.columns);
    let shown = world.store.registration_difference(garden, &list, &mapping).await.unwrap();
    let agreed = Agreed { seen: shown.seen(), ..Agreed::default() };
    world.store.put_registration(&Actor::System, &by_hand(garden, "bob@example.org")).await.unwrap();
    let head = world.store.head().await.unwrap();
    let refused =
        world.store.import_registrations(&Actor::System, garden, &list, &mapping, &agreed).await.unwrap_err();
    assert!(refused.to_string().contains("changed since this difference was drawn"), "{refused}");
    assert_eq!(world.store.head().await.unwrap(), head);
}

async fn cancelling_most_of_all_needs_a_second_word(world: World) {
    let garden = edition(&world, "garden").await;
    take(&world, garden, LIST, true).await;
    let part = sheet("email\nada@example.org\n");
    let mapping = Mapping::guess(&part.columns);
    let shown = world.store.registration_difference(garden, &part, &mapping).await.unwrap();
    let mut agreed = Agreed { seen: shown.seen(), cancel_missing: true, ..Agreed::default() };
    let refused =
        world.store.import_registrations(&Actor::System, garden, &part, &mapping, &agreed).await.unwrap_err();
    assert!(refused.to_string().contains("2 of 3 registrations would be cancelled"), "{refused}");
    assert_eq!(world.store.registration_counts(garden).await.unwrap().cancelled, 0);
    agreed.cancel_most = true;
    let done =
        world.store.import_registrations(&Actor::System, garden, &part, &mapping, &agreed).await.unwrap();
    assert_eq!(done.cancelled, 2);
    sound(&world).await;
}

async fn registrations_are_found_by_word_type_and_way_and_counted(world: World) {
    let garden = edition(&world, "garden").await;
    take(&world, garden, LIST, true).await;
    let find = async |filter: RegistrationFilter| {
        let (found, count) = world.store.registrations(garden, &filter, 0, 10).await.unwrap();
        assert_eq!(found.len() as u64, count);
        found.into_iter().map(|one| one.name.to_string()).collect::<Vec<_>>()
    };
    let words = |words: &str| RegistrationFilter { words: words.to_owned(), ..RegistrationFilter::default() };
    assert_eq!(find(words("")).await, ["Ada Lovelace", "Bob 100%", "Cyd"]);
    assert_eq!(find(words("LOVE ada")).await, ["Ada Lovelace"]);
    assert_eq!(find(words("100%")).await, ["Bob 100%"]);
    assert_eq!(find(words("%")).await, ["Bob 100%"]);
    assert!(find(words("_")).await.is_empty());
    assert!(find(words("' OR 1=1 --")).await.is_empty());
    let mode = RegistrationFilter { mode: Some(Attendance::Virtual), ..RegistrationFilter::default() };
    assert_eq!(find(mode).await, ["Bob 100%"]);
    let kind = RegistrationFilter {
        kind: Some(RegistrationType::Student),
        linked: Some(false),
        ..RegistrationFilter::default()
    };
    assert_eq!(find(kind).await, ["Cyd"]);
    let (page, count) =
        world.store.registrations(garden, &RegistrationFilter::default(), 2, 2).await.unwrap();
    assert_eq!((page.len(), count), (1, 3));
    let counts = world.store.registration_counts(garden).await.unwrap();
    assert_eq!((counts.total, counts.cancelled, counts.linked), (3, 0, 0));
    assert_eq!(counts.active[&(RegistrationType::Attendee, Attendance::Virtual)], 1);
    // Germany has a zone, and what somebody said stands above it; the United States have several.
    let zones = world.store.people_by_zone(garden).await.unwrap();
    let zones: Vec<_> = zones.iter().map(|one| (one.zone.name(), one.people)).collect();
    assert_eq!(zones, [("America/New_York", 1), ("Europe/London", 1)]);
    assert_eq!(world.store.people_by_zone(edition(&world, "orchard").await).await.unwrap(), []);
}

async fn an_address_is_registered_once_in_an_edition(world: World) {
    let garden = edition(&world, "garden").await;
    let orchard = edition(&world, "orchard").await;
    let store = &world.store;
    let one = by_hand(garden, "ada@example.org");
    store.put_registration(&Actor::System, &one).await.unwrap();
    let head = store.head().await.unwrap();
    store.put_registration(&Actor::System, &one).await.unwrap();
    assert_eq!(store.head().await.unwrap(), head, "the same again is no change");
    let refused =
        store.put_registration(&Actor::System, &by_hand(garden, "ADA@example.org")).await.unwrap_err();
    assert!(refused.to_string().contains("is registered with ada@example.org already"), "{refused}");
    store.put_registration(&Actor::System, &by_hand(orchard, "ada@example.org")).await.unwrap();
    let moved = Registration { edition: orchard, email: email("x@example.org"), ..one.clone() };
    assert!(store.put_registration(&Actor::System, &moved).await.is_err());
    assert!(store.registration(orchard, one.id).await.unwrap().is_none());
    let zoned = Registration { zone: Zone::parse("Europe/Paris").ok(), ..one.clone() };
    store.put_registration(&Actor::System, &zoned).await.unwrap();
    assert_eq!(store.registration(garden, one.id).await.unwrap(), Some(zoned));
    let nowhere = by_hand(EditionId(Uuid::now_v7()), "ada@example.org");
    assert!(store.put_registration(&Actor::System, &nowhere).await.is_err());
    sound(&world).await;
}

async fn an_uploaded_list_belongs_to_its_edition_and_goes(world: World) {
    let garden = edition(&world, "garden").await;
    let orchard = edition(&world, "orchard").await;
    let store = &world.store;
    let head = store.head().await.unwrap();
    let list = sheet(LIST);
    let mapping = Mapping::guess(&list.columns);
    let id = store.keep_upload(garden, &list, &mapping).await.unwrap();
    assert_eq!(store.upload(garden, id).await.unwrap(), Some((list.clone(), mapping)));
    assert_eq!(store.upload(orchard, id).await.unwrap(), None);
    let none = Mapping(vec![None; 5]);
    assert!(store.map_upload(orchard, id, &none).await.is_err());
    store.map_upload(garden, id, &none).await.unwrap();
    assert_eq!(store.upload(garden, id).await.unwrap(), Some((list.clone(), none.clone())));
    world.meddle("UPDATE registration_upload SET expires_at = 1").await.unwrap();
    assert_eq!(store.upload(garden, id).await.unwrap(), None);
    store.tidy_uploads().await.unwrap();
    assert!(store.map_upload(garden, id, &none).await.is_err());
    let id = store.keep_upload(garden, &list, &none).await.unwrap();
    store.drop_upload(garden, id).await.unwrap();
    assert_eq!(store.upload(garden, id).await.unwrap(), None);
    assert_eq!(store.head().await.unwrap(), head, "what was only uploaded is no fact");
}

async fn a_large_list_takes_few_statements(world: World) {
    let garden = edition(&world, "garden").await;
    let mut list = String::from("email,name,type\n");
    for number in 0..2_000 {
        writeln!(list, "p{number}@example.org,Person {number},Attendee").unwrap();
    }
    let before = world.store.statements();
    let done = take(&world, garden, &list, true).await;
    assert_eq!(done.added.len(), 2_000);
    assert!(world.store.statements() - before < 60, "{} statements", world.store.statements() - before);
    let before = world.store.statements();
    take(&world, garden, &list, true).await;
    assert!(world.store.statements() - before < 10, "{} statements", world.store.statements() - before);
}

async fn registrations_go_along_when_accounts_are_merged(world: World) {
    let garden = edition(&world, "garden").await;
    let store = &world.store;
    take(&world, garden, LIST, true).await;
    let (ada, bob) = (somebody(&world, "ada@example.org").await, somebody(&world, "bob@example.org").await);
    let operator = Subject::operator("test".to_owned(), store.clock().now());
    let merge = store.merge_accounts(&operator, bob, ada).await.unwrap();
    assert_eq!(
        (store.registrations_of(ada).await.unwrap().len(), store.registrations_of(bob).await.unwrap().len()),
        (2, 0)
    );
    store.undo_merge(&operator, merge).await.unwrap();
    assert_eq!(
        (store.registrations_of(ada).await.unwrap().len(), store.registrations_of(bob).await.unwrap().len()),
        (1, 1)
    );
    sound(&world).await;
}

async fn a_deleted_account_leaves_a_figure_and_no_name(world: World) {
    let garden = edition(&world, "garden").await;
    let store = &world.store;
    take(&world, garden, LIST, true).await;
    let ada = somebody(&world, "ada@example.org").await;
    let data = store.own_data(ada).await.unwrap().unwrap().to_string();
    assert!(data.contains("Ada Lovelace") && data.contains("registration"), "{data}");
    store.delete_account(&Actor::person(ada), ada).await.unwrap();
    let counts = store.registration_counts(garden).await.unwrap();
    assert_eq!((counts.total, counts.active[&(RegistrationType::Speaker, Attendance::InPerson)]), (3, 1));
    let all = store.all_registrations(garden).await.unwrap();
    assert!(all.iter().all(|one| one.email != email("ada@example.org")));
    // Not even the entry from before she proved her address tells who it was.
    let feed = serde_json::to_string(&store.changes_since(0, 10_000).await.unwrap()).unwrap();
    assert!(!feed.contains("ada@example.org") && feed.contains("bob@example.org"), "{feed}");
    sound(&world).await;
}

async fn cap(world: &World, edition: EditionId, caps: &[(Capped, u32)]) {
    let caps: Caps = caps.iter().copied().collect();
    world.store.change_registration_caps(&Actor::System, edition, |_| Ok(caps)).await.unwrap();
}

const STAFF: Capped = Capped::Kind(RegistrationType::Staff);
const VIRTUAL: Capped = Capped::Mode(Attendance::Virtual);

async fn nobody_is_entered_over_a_cap_by_hand(world: World) {
    let garden = edition(&world, "garden").await;
    let orchard = edition(&world, "orchard").await;
    let store = &world.store;
    cap(&world, garden, &[(STAFF, 1), (VIRTUAL, 0)]).await;
    let first = by_hand(garden, "first@example.org");
    store.put_registration(&Actor::System, &first).await.unwrap();
    let head = store.head().await.unwrap();
    let second = by_hand(garden, "second@example.org");
    let refused = store.put_registration(&Actor::System, &second).await.unwrap_err().to_string();
    assert!(refused.contains("1 of at most 1 are registered as staff"), "{refused}");
    let afar = Registration { kind: RegistrationType::Lead, mode: Attendance::Virtual, ..second.clone() };
    let refused = store.put_registration(&Actor::System, &afar).await.unwrap_err().to_string();
    assert!(refused.contains("0 of at most 0 are registered to take part virtually"), "{refused}");
    assert_eq!(store.head().await.unwrap(), head, "nothing was written");
    // What is in stays in and can be changed; another edition has caps of its own.
    let renamed = Registration { name: Line::from("Renamed"), ..first.clone() };
    store.put_registration(&Actor::System, &renamed).await.unwrap();
    store.put_registration(&Actor::System, &by_hand(orchard, "second@example.org")).await.unwrap();
    // Who is cancelled makes room, and comes back only where there is some.
    let cancelled = Registration { state: RegistrationState::Cancelled, ..renamed.clone() };
    store.put_registration(&Actor::System, &cancelled).await.unwrap();
    store.put_registration(&Actor::System, &second).await.unwrap();
    assert!(store.put_registration(&Actor::System, &renamed).await.is_err());
    cap(&world, garden, &[(STAFF, 2)]).await;
    store.put_registration(&Actor::System, &renamed).await.unwrap();
    sound(&world).await;
}

async fn a_list_goes_over_a_cap_only_on_a_word(world: World) {
    let garden = edition(&world, "garden").await;
    cap(&world, garden, &[(VIRTUAL, 0), (STAFF, 5)]).await;
    let list = sheet(LIST);
    let mapping = Mapping::guess(&list.columns);
    let shown = world.store.registration_difference(garden, &list, &mapping).await.unwrap();
    let mut agreed = Agreed { seen: shown.seen(), ..Agreed::default() };
    let refused =
        world.store.import_registrations(&Actor::System, garden, &list, &mapping, &agreed).await.unwrap_err();
    assert!(refused.to_string().contains("it would go over a cap: Virtual 1 of 0"), "{refused}");
    assert_eq!(world.store.registration_counts(garden).await.unwrap().total, 0);
    agreed.over_caps = true;
    world.store.import_registrations(&Actor::System, garden, &list, &mapping, &agreed).await.unwrap();
    assert_eq!(world.store.registration_counts(garden).await.unwrap().total, 3);
    // The same list goes no further over it, so nobody is asked again.
    assert_eq!(take(&world, garden, LIST, true).await, store::RegistrationImport::default());
    sound(&world).await;
}

async fn caps_are_taken_back_from_the_log_and_a_full_one_holds_there_too(world: World) {
    let garden = edition(&world, "garden").await;
    let store = &world.store;
    let operator = Subject::operator("test".to_owned(), store.clock().now());
    cap(&world, garden, &[(STAFF, 2)]).await;
    cap(&world, garden, &[(STAFF, 1)]).await;
    let newest = store.head().await.unwrap();
    store.undo(&operator, newest).await.unwrap();
    assert_eq!(store.registration_caps(garden).await.unwrap().get(STAFF), Some(2));
    cap(&world, garden, &[]).await;
    assert!(store.registration_caps(garden).await.unwrap().is_empty());
    sound(&world).await;
    // A cancelled registration does not come back into a full type.
    let first = by_hand(garden, "first@example.org");
    store.put_registration(&Actor::System, &first).await.unwrap();
    let cancelled = Registration { state: RegistrationState::Cancelled, ..first.clone() };
    store.put_registration(&Actor::System, &cancelled).await.unwrap();
    let cancelling = store.head().await.unwrap();
    cap(&world, garden, &[(STAFF, 0)]).await;
    let refused = store.undo(&operator, cancelling).await.unwrap_err().to_string();
    assert!(refused.contains("0 of at most 0"), "{refused}");
    cap(&world, garden, &[]).await;
    store.undo(&operator, cancelling).await.unwrap();
    assert_eq!(store.registration_counts(garden).await.unwrap().total, 1);
    sound(&world).await;
}
