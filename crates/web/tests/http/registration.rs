//! Registrations at the desk: by hand, from a list, and what becomes of those who are registered.

use crate::{
    planner::Browser,
    world::{Answer, World, options},
};
use model::{
    mail::MailKind,
    permission::{Role, Scope, Subject},
    text::Slug,
    time::SystemClock,
};
use std::sync::Arc;
use store::NewGrant;

const LIST: &str = "/desk/garden-2027/registrations/";
const IMPORT: &str = "/desk/garden-2027/registrations/import/";

const CSV: &str = "First Name,Last Name,Email Address,Registration Type,Company Name,Country\n\
    Ada,Lovelace, ADA@example.org ,Speaker pass,Engines <b>,United Kingdom\n\
    Bob,\"=cmd|'/c calc'!A1\",bob@example.org,Virtual attendee,,Germany\n\
    Nobody,,nonsense,,,\n";

/// Uploads a list and answers with the path of its difference, its columns as they were guessed.
async fn difference_of(world: &World, browser: &Browser, csv: &str, columns: &[(&str, &str)]) -> String {
    let answer = browser.upload(world, IMPORT, &[], ("file", "list.csv", csv)).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let mapping = answer.header("location").to_owned();
    assert_eq!(browser.get(world, &mapping).await.status, 200);
    let answer = browser.post(world, &mapping, columns).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    answer.header("location").to_owned()
}

const COLUMNS: [(&str, &str); 6] = [
    ("column-0", "first_name"),
    ("column-1", "last_name"),
    ("column-2", "email"),
    ("column-3", "kind"),
    ("column-4", "affiliation"),
    ("column-5", "country"),
];

fn seen(page: &Answer) -> String {
    page.text().split("name=\"seen\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_list_shows_what_it_would_change_before_it_changes_anything_and_twice_changes_nothing() {
    let world = World::new().await;
    let registrar = Browser::of(&world, "reg", Some((Role::Registrar, "garden-2027"))).await;
    assert!(registrar.get(&world, LIST).await.text().contains("Nobody is registered yet"));
    let answer = registrar.upload(&world, IMPORT, &[], ("file", "../list.csv", CSV)).await;
    let mapping = answer.header("location").to_owned();
    let columns = registrar.get(&world, &mapping).await;
    let text = columns.text();
    for said in [
        "list.csv: 3 rows",
        "<option value=\"first_name\" selected>",
        "<option value=\"email\" selected>",
        "<option value=\"country\" selected>",
        "Engines &#60;b&#62;",
    ] {
        assert!(text.contains(said), "{said} is not in\n{text}");
    }
    let head = world.store.head().await.unwrap();
    let path = difference_of(&world, &registrar, CSV, &COLUMNS).await;
    let page = registrar.get(&world, &path).await;
    let text = page.text();
    for said in [
        "<span class=\"number\">2</span> new",
        "ada@example.org",
        "Speaker, in person",
        "Attendee, virtual",
        "Line 4, Email Address: &#34;nonsense&#34; has no @. The row was left out.",
    ] {
        assert!(text.contains(said), "{said} is not in\n{text}");
    }
    assert_eq!(world.store.head().await.unwrap(), head, "nothing is written before somebody agrees");
    let answer = registrar.post(&world, &path, &[("seen", &seen(&page))]).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let list = registrar.get(&world, LIST).await;
    assert!(
        list.text().contains("<span class=\"number\">2</span> registered")
            && list.text().contains("Ada Lovelace")
    );
    assert!(list.text().contains("Europe/London") && list.text().contains("Europe/Berlin"));
    // The list is forgotten once it is imported.
    assert_eq!(registrar.get(&world, &path).await.status, 404);
    let path = difference_of(&world, &registrar, CSV, &COLUMNS).await;
    let page = registrar.get(&world, &path).await;
    assert!(page.text().contains("This list changes nothing"), "{}", page.text());
    let head = world.store.head().await.unwrap();
    registrar.post(&world, &path, &[("seen", &seen(&page)), ("cancel_missing", "yes")]).await;
    assert_eq!(world.store.head().await.unwrap(), head);
    // What a spreadsheet would run is guarded, and the export is a list that changes nothing either.
    let export = registrar.get(&world, &format!("{LIST}registrations.csv")).await;
    assert!(
        export.header("content-type").starts_with("text/csv")
            && export.header("cache-control").contains("no-store")
    );
    assert!(export.text().starts_with("email,name,type,mode,affiliation"), "{}", export.text());
    assert!(!export.text().lines().any(|line| line.starts_with('=')), "{}", export.text());
    assert_eq!(store::verify(&world.store).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn an_import_changes_no_role_and_cancels_most_only_on_a_second_word() {
    let world = World::new().await;
    let registrar = Browser::of(&world, "reg", Some((Role::Registrar, "garden-2027"))).await;
    let ada = Browser::of(&world, "ada", Some((Role::Moderator, "garden-2027"))).await;
    let roles = world.store.grants_of(ada.account).await.unwrap();
    let columns = [("column-0", "email"), ("column-1", "kind")];
    let all = "email,type\nada@example.org,Staff\nbob@example.org,Organiser\ncyd@example.org,Attendee\n";
    let path = difference_of(&world, &registrar, all, &columns).await;
    let page = registrar.get(&world, &path).await;
    registrar.post(&world, &path, &[("seen", &seen(&page))]).await;
    let path = difference_of(&world, &registrar, "email,type\ncyd@example.org,Attendee\n", &columns).await;
    let page = registrar.get(&world, &path).await;
    assert!(page.text().contains("Yes, cancel most of all registrations"), "{}", page.text());
    let agreed = seen(&page);
    let answer = registrar.post(&world, &path, &[("seen", &agreed), ("cancel_missing", "yes")]).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("2 of 3 registrations would be cancelled"), "{}", answer.text());
    let answer = registrar
        .post(&world, &path, &[("seen", &agreed), ("cancel_missing", "yes"), ("cancel_most", "yes")])
        .await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!(world.store.grants_of(ada.account).await.unwrap(), roles);
    let garden = world.store.edition(&Slug::parse("garden-2027").unwrap()).await.unwrap().unwrap().edition.id;
    assert_eq!(world.store.registration_counts(garden).await.unwrap().cancelled, 2);
}

#[tokio::test]
async fn a_difference_that_is_another_by_now_is_shown_again_and_not_applied() {
    let world = World::new().await;
    let registrar = Browser::of(&world, "reg", Some((Role::Organiser, "garden-2027"))).await;
    let path = difference_of(&world, &registrar, CSV, &COLUMNS).await;
    let page = registrar.get(&world, &path).await;
    let by_hand = [("email", "ada@example.org"), ("name", "Ada"), ("type", "staff"), ("mode", "in_person")];
    let answer = registrar.post(&world, &format!("{LIST}new/"), &by_hand).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let answer = registrar.post(&world, &path, &[("seen", &seen(&page))]).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("changed since this difference was drawn"), "{}", answer.text());
    assert!(answer.text().contains("<span class=\"number\">1</span> changed"), "{}", answer.text());
}

#[tokio::test]
async fn whoever_is_entered_now_signs_in_with_their_address_and_is_known() {
    let world = World::new().await;
    let registrar = Browser::of(&world, "reg", Some((Role::Registrar, "garden-2027"))).await;
    let fields = [
        ("email", " New@Example.org"),
        ("name", "New Person"),
        ("type", "attendee"),
        ("mode", "virtual"),
        ("zone", "Asia/Tokyo"),
        ("tell", "yes"),
    ];
    let answer = registrar.post(&world, &format!("{LIST}new/"), &fields).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let new = Browser::of(&world, "new", None).await;
    let theirs = world.store.registrations_of(new.account).await.unwrap();
    assert_eq!((theirs.len(), theirs[0].name.as_str()), (1, "New Person"));
    let list = registrar.get(&world, &format!("{LIST}?linked=yes&q=new")).await;
    assert!(
        list.text().contains("signed in</span>") && list.text().contains("New Person"),
        "{}",
        list.text()
    );
    // They are told once.
    let confirmed = store::MailFilter { kind: Some(MailKind::Registered), ..store::MailFilter::default() };
    let mails = world.store.mails(&confirmed, None, 10).await.unwrap().mails;
    let told: Vec<_> = mails.iter().filter_map(|mail| Some(mail.to.as_ref()?.address.to_string())).collect();
    assert_eq!(told, ["new@example.org"]);
    // The hours know where they are.
    let organiser = Browser::of(&world, "org", Some((Role::Organiser, "garden-2027"))).await;
    let hours = organiser.get(&world, "/desk/garden-2027/hours/").await;
    assert!(hours.text().contains("1 registered") && hours.text().contains("Asia/Tokyo"), "{}", hours.text());
}

#[tokio::test]
async fn what_is_wrong_is_said_at_its_field() {
    let world = World::new().await;
    let registrar = Browser::of(&world, "reg", Some((Role::Registrar, "garden-2027"))).await;
    let wrong = [
        ("email", "nobody"),
        ("name", "Kept Name"),
        ("type", "king"),
        ("mode", "virtual"),
        ("zone", "Mars/Olympus"),
    ];
    let answer = registrar.post(&world, &format!("{LIST}new/"), &wrong).await;
    assert_eq!(answer.status, 422);
    for said in ["id=\"e-email\"", "id=\"e-type\"", "id=\"e-zone\"", "Kept Name"] {
        assert!(answer.text().contains(said), "{said} is not in\n{}", answer.text());
    }
    for (name, content) in [
        ("a.html", "<table>"),
        ("a.csv", ""),
        ("a.csv", "email,name\n"),
        ("a.json", "[]"),
        ("a.zip", "PK\u{3}\u{4}x"),
    ] {
        let answer = registrar.upload(&world, IMPORT, &[], ("file", name, content)).await;
        assert_eq!(answer.status, 422, "{name} {content}");
        assert!(answer.text().contains("id=\"e-file\""), "{}", answer.text());
    }
    let answer = registrar.upload(&world, IMPORT, &[], ("file", "l.csv", CSV)).await;
    let mapping = answer.header("location").to_owned();
    let answer = registrar.post(&world, &mapping, &[("column-0", "name")]).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("No column is the e-mail address"), "{}", answer.text());
    let answer = registrar.post(&world, &mapping, &[("column-0", "email"), ("column-1", "email")]).await;
    assert!(answer.text().contains("Two columns are"), "{}", answer.text());
}

#[tokio::test]
async fn registrations_are_for_those_who_may_and_end_at_the_edition() {
    let world = World::with(&["garden-2027", "orchard-2027"], options(), Arc::new(SystemClock)).await;
    let registrar = Browser::of(&world, "reg", Some((Role::Registrar, "garden-2027"))).await;
    let answer = registrar
        .post(
            &world,
            &format!("{LIST}new/"),
            &[("email", "ada@example.org"), ("type", "speaker"), ("mode", "in_person")],
        )
        .await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let garden = world.store.edition(&Slug::parse("garden-2027").unwrap()).await.unwrap().unwrap().edition.id;
    let id = world.store.all_registrations(garden).await.unwrap()[0].id;
    let upload =
        registrar.upload(&world, IMPORT, &[], ("file", "l.csv", CSV)).await.header("location").to_owned();
    let one = format!("{LIST}{id}/");
    let paths: Vec<String> = vec![
        LIST.to_owned(),
        format!("{LIST}registrations.csv"),
        format!("{LIST}new/"),
        one.clone(),
        IMPORT.to_owned(),
        upload.clone(),
        format!("{upload}difference/"),
    ];
    let guest = Browser::of(&world, "guest", None).await;
    let editor = Browser::of(&world, "editor", Some((Role::Editor, "garden-2027"))).await;
    let other = Browser::of(&world, "other", Some((Role::Organiser, "orchard-2027"))).await;
    for path in paths.iter().map(String::as_str) {
        assert_eq!(registrar.get(&world, path).await.status, 200, "{path}");
        assert_eq!(guest.get(&world, path).await.status, 404, "{path}");
        assert_eq!(editor.get(&world, path).await.status, 403, "{path}");
        assert_eq!(other.get(&world, path).await.status, 404, "{path}");
        let foreign = path.replace("garden-2027", "orchard-2027");
        if path.contains(&id.to_string()) || path == upload.as_str() || path.ends_with("difference/") {
            assert_eq!(other.get(&world, &foreign).await.status, 404, "{foreign}");
            assert_eq!(
                other.post(&world, &foreign, &[("email", "x@example.org")]).await.status,
                404,
                "{foreign}"
            );
        }
    }
    // A committee sees who is registered and changes nothing.
    let committee = Browser::of(&world, "com", Some((Role::Committee, "garden-2027"))).await;
    assert_eq!(committee.get(&world, &one).await.status, 200);
    assert_eq!(committee.post(&world, &one, &[("email", "x@example.org")]).await.status, 403);
    assert_eq!(committee.get(&world, IMPORT).await.status, 403);
    let operator = Subject::operator("test".to_owned(), world.store.clock().now());
    let series = NewGrant::new(guest.account, Role::Registrar, Scope::Edition(garden));
    world.store.give(&operator, &series).await.unwrap();
    assert_eq!(guest.get(&world, &one).await.status, 200);
}

const CAPS: &str = "/desk/garden-2027/registrations/caps/";

#[tokio::test]
async fn a_cap_is_shown_respected_by_hand_and_named_before_a_list_goes_over_it() {
    let world = World::new().await;
    let registrar = Browser::of(&world, "reg", Some((Role::Registrar, "garden-2027"))).await;
    let answer = registrar.post(&world, CAPS, &[("speaker", "many"), ("staff", "1")]).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("id=\"e-speaker\"") && answer.text().contains("value=\"many\""));
    let answer = registrar.post(&world, CAPS, &[("speaker", "1"), ("virtual", "0"), ("staff", "")]).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let enter = async |address: &str| {
        let fields = [("email", address), ("name", "Typed"), ("type", "speaker"), ("mode", "in_person")];
        registrar.post(&world, &format!("{LIST}new/"), &fields).await
    };
    assert_eq!(enter("first@example.org").await.status, 303);
    let answer = enter("second@example.org").await;
    assert_eq!(answer.status, 422);
    for said in
        ["id=\"e-type\"", "1 of at most 1 are registered as speaker", "value=\"Typed\"", "Speaker (full)"]
    {
        assert!(answer.text().contains(said), "{said} is not in\n{}", answer.text());
    }
    let list = registrar.get(&world, LIST).await;
    assert!(list.text().contains("1 of 1") && list.text().contains("full</span>"), "{}", list.text());
    // The list has a speaker more, and somebody who takes part virtually.
    let path = difference_of(&world, &registrar, CSV, &COLUMNS).await;
    let page = registrar.get(&world, &path).await;
    for said in
        ["Speaker: 2 would be registered, and 1 may be", "Virtual: 1 would be registered, and 0 may be"]
    {
        assert!(page.text().contains(said), "{said} is not in\n{}", page.text());
    }
    let agreed = seen(&page);
    let answer = registrar.post(&world, &path, &[("seen", &agreed)]).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("id=\"e-over_caps\""), "{}", answer.text());
    let answer = registrar.post(&world, &path, &[("seen", &agreed), ("over_caps", "yes")]).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let list = registrar.get(&world, LIST).await;
    assert!(list.text().contains("2 of 1") && list.text().contains("1 over</span>"), "{}", list.text());
}

#[tokio::test]
async fn two_who_set_caps_at_once_lose_nothing() {
    let world = World::new().await;
    let registrar = Browser::of(&world, "reg", Some((Role::Registrar, "garden-2027"))).await;
    let first = [("speaker", "5"), ("was:speaker", ""), ("staff", ""), ("was:staff", "")];
    assert_eq!(registrar.post(&world, CAPS, &first).await.status, 303);
    // Drawn before the first was saved.
    let second = [("speaker", ""), ("was:speaker", ""), ("staff", "7"), ("was:staff", "")];
    assert_eq!(registrar.post(&world, CAPS, &second).await.status, 303);
    let page = registrar.get(&world, CAPS).await;
    for kept in ["name=\"speaker\" type=\"number\" value=\"5\"", "name=\"staff\" type=\"number\" value=\"7\""]
    {
        assert!(page.text().contains(kept), "{kept} is not in\n{}", page.text());
    }
    let committee = Browser::of(&world, "com", Some((Role::Committee, "garden-2027"))).await;
    assert_eq!(committee.get(&world, CAPS).await.status, 403);
}
