//! The desk's programme: from an installation without anybody to a published conference, and two people at one form.

use crate::world::{SignedIn, World, conference, import, options};
use axum::http::StatusCode;
use model::{
    edition::{EditionState, Mode},
    feed::Actor,
    permission::{Role, Scope},
    programme::{Programme, Standing},
    time::SystemClock,
};
use std::sync::Arc;
use store::{Purpose, SETUP_LIFE};

async fn programme(world: &World, slug: &str) -> Programme {
    let id = world.edition(slug).await.id;
    world.store.programme(id).await.unwrap().unwrap()
}

/// What a form's page holds in a hidden or typed field.
fn value_of<'a>(page: &'a str, name: &str) -> &'a str {
    let at = page.find(&format!("name=\"{name}\"")).unwrap_or_else(|| panic!("{name} in {page}"));
    let rest = &page[at..];
    let begin = rest.find("value=\"").unwrap() + 7;
    rest[begin..].split('"').next().unwrap()
}

/// Publishes what stands at the desk.
async fn publish(world: &World, who: &SignedIn, slug: &str) {
    let path = format!("/desk/{slug}/release/");
    let page = world.get_as(who, &path).await;
    let seen = value_of(page.text(), "seen").to_owned();
    let answer = world.post_as(who, &path, &[("seen", &seen), ("note", "")]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
}

#[tokio::test]
async fn the_first_administrator_is_made_once_by_the_address_that_the_server_printed() {
    let world = World::with(&[], options(), Arc::new(SystemClock)).await;
    assert!(world.get("/").await.text().contains("/desk/"), "the empty front page leads on");
    let token = world.store.make_link(Purpose::Setup, None, None, "", SETUP_LIFE).await.unwrap();
    let path = format!("/setup/{token}/");
    assert_eq!(world.get(&path).await.status, StatusCode::OK);
    let wrong = world.post_with(&path, &[], &[("name", "Ada"), ("email", "nonsense")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("value=\"Ada\"") && wrong.text().contains("has no @"));
    let fields = [("name", "Ada"), ("email", "ada@example.org")];
    let answer = world.post_with(&path, &[], &fields).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/desk/"));
    let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
    let desk = world.get_with("/desk/", &[("cookie", &cookie), ("accept", "text/html")]).await;
    assert!(desk.text().contains("Open your first edition"), "{}", desk.text());
    // Neither that address nor any other makes a second one.
    assert_eq!(world.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(world.post_with(&path, &[], &fields).await.status, StatusCode::NOT_FOUND);
    let second = world.store.make_link(Purpose::Setup, None, None, "", SETUP_LIFE).await.unwrap();
    let answer = world.post_with(&format!("/setup/{second}/"), &[], &fields).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!world.store.needs_set_up().await.unwrap());
}

#[tokio::test]
async fn an_edition_is_made_filled_and_published_in_forms() {
    let world = World::with(&[], options(), Arc::new(SystemClock)).await;
    let ada = world.sign_in("ada@example.org", &[(Role::Administrator, Scope::Everywhere)]).await;
    let edition = [
        ("title", "Garden Days 2029"),
        ("series", "Garden Days"),
        ("slug", ""),
        ("first_day", "2029-05-01"),
        ("last_day", "2029-05-02"),
        ("zone", "Europe/Berlin"),
        ("mode", "hybrid"),
        ("city", "Berlin"),
    ];
    let backwards: Vec<_> =
        edition.iter().map(|(k, v)| if *k == "last_day" { (*k, "2029-04-01") } else { (*k, *v) }).collect();
    let refused = world.post_as(&ada, "/desk/new/", &backwards).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("id=\"e-last_day\""), "{}", refused.text());
    let made = world.post_as(&ada, "/desk/new/", &edition).await;
    assert_eq!(made.header("location"), "/desk/garden-days-2029/", "{}", made.text());

    let desk = "/desk/garden-days-2029";
    let home = world.get_as(&ada, &format!("{desk}/")).await;
    assert!(home.text().contains("Add the rooms"), "an empty edition says what to do next");
    let room = [("name", "Great Hall"), ("kind", "hybrid"), ("capacity", "120")];
    let added = world.post_as(&ada, &format!("{desk}/rooms/new/"), &room).await;
    assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.text());
    let again = world.post_as(&ada, &format!("{desk}/rooms/new/"), &room).await;
    assert!(again.text().contains("There is a room called"), "{}", again.text());
    world.post_as(&ada, &format!("{desk}/tracks/new/"), &[("name", "Soil")]).await;

    let held = programme(&world, "garden-days-2029").await;
    let (room, track) = (held.rooms[0].id.to_string(), held.tracks[0].id.to_string());
    let types = world.store.session_types(held.edition.id).await.unwrap();
    let talk = types[0].id.to_string();
    let session = [
        ("title", "How worms work"),
        ("type", &talk),
        ("track", &track),
        ("room", &room),
        ("start", "2029-05-01T10:00"),
        ("minutes", ""),
        ("person0", "Grace Hopper"),
        ("role0", "speaker"),
        ("person1", "Alan Turing"),
        ("role1", "moderator"),
    ];
    let added = world.post_as(&ada, &format!("{desk}/sessions/new/"), &session).await;
    assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.text());
    let held = programme(&world, "garden-days-2029").await;
    let worms = &held.sessions[0];
    assert_eq!((held.persons.len(), worms.people.len(), worms.slots[0].minutes()), (2, 2, 30));
    assert_eq!(worms.slots[0].start.to_string(), "2029-05-01T08:00:00Z");

    // Nothing is public until it is published, and then it is at once.
    assert_eq!(world.get("/garden-days-2029/").await.status, StatusCode::NOT_FOUND);
    publish(&world, &ada, "garden-days-2029").await;
    world.site.refresh().await.unwrap();
    let public = world.get("/garden-days-2029/").await;
    assert_eq!(public.status, StatusCode::OK);
    assert!(public.text().contains("Berlin, and online"), "the mode is said");
    assert!(world.get("/garden-days-2029/schedule/list/").await.text().contains("How worms work"));
    assert_eq!(store::verify(&world.store).await.unwrap(), Vec::<String>::new());
}

/// The fields of a session's form as a browser sends them, from its page.
async fn form_of(world: &World, who: &SignedIn, path: &str) -> Vec<(String, String)> {
    let page = world.get_as(who, path).await;
    let text = page.text().to_owned();
    let form =
        text.split("<h2>What it says</h2>").nth(1).unwrap().split("</form>").next().unwrap().to_owned();
    let mut out = vec![];
    for part in form.split('<').skip(1) {
        let attribute = |name: &str| {
            let at = part.find(&format!(" {name}=\""))? + name.len() + 3;
            Some(part[at..].split('"').next().unwrap().to_owned())
        };
        let Some(name) = attribute("name") else { continue };
        if part.starts_with("input") && !part.contains("checkbox") {
            out.push((name, attribute("value").unwrap_or_default()));
        } else if part.starts_with("textarea") {
            out.push((name, part.split('>').nth(1).unwrap_or_default().trim_start_matches('\n').to_owned()));
        } else if part.starts_with("select") {
            let options = &form[form.find(&format!("<select id=\"f-{name}\"")).unwrap()..];
            let options = options.split("</select>").next().unwrap();
            let chosen = options.split("<option").find(|option| option.contains(" selected"));
            let chosen = chosen.or_else(|| options.split("<option").nth(1)).unwrap();
            let at = chosen.find("value=\"").unwrap() + 7;
            out.push((name, chosen[at..].split('"').next().unwrap().to_owned()));
        }
    }
    out
}

async fn send(world: &World, who: &SignedIn, path: &str, form: &[(String, String)]) -> crate::world::Answer {
    let fields: Vec<(&str, &str)> = form.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    world.post_as(who, path, &fields).await
}

fn put(form: &mut [(String, String)], name: &str, value: &str) {
    let field = form.iter_mut().find(|(key, _)| key == name).unwrap_or_else(|| panic!("{name}"));
    value.clone_into(&mut field.1);
}

#[tokio::test]
async fn two_people_at_one_session_lose_no_text() {
    let world = World::new().await;
    let ada = world.organiser().await;
    let edition = world.edition("garden-2027").await;
    let bo = world.sign_in("bo@example.org", &[(Role::Committee, Scope::Edition(edition.id))]).await;
    let session = programme(&world, "garden-2027").await.sessions[0].clone();
    let path = format!("/desk/garden-2027/sessions/{}/", session.id);
    // Both open the page; then each saves.
    let (mut hers, mut his) = (form_of(&world, &ada, &path).await, form_of(&world, &bo, &path).await);
    put(&mut hers, "title", "Ada's title");
    put(&mut hers, "summary", "Ada's summary");
    put(&mut his, "person1", "Somebody New");
    put(&mut his, "summary", "Bo's summary");
    assert_eq!(send(&world, &ada, &path, &hers).await.status, StatusCode::SEE_OTHER);
    let told = send(&world, &bo, &path, &his).await;
    assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = told.text();
    for text in
        ["Somebody else changed", "Ada&#39;s summary", "Bo&#39;s summary", "Ada&#39;s title", "Somebody New"]
    {
        assert!(page.contains(text), "{text}: {page}");
    }
    let unchanged = programme(&world, "garden-2027").await;
    assert!(unchanged.persons.iter().all(|person| person.name.as_str() != "Somebody New"));
    // He decides, and saves again: now the form began with what she wrote.
    put(&mut his, "summary", "Both summaries");
    put(&mut his, "was:summary", "Ada's summary");
    put(&mut his, "title", "Ada's title");
    put(&mut his, "was:title", "Ada's title");
    let saved = send(&world, &bo, &path, &his).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    let held = programme(&world, "garden-2027").await;
    let held = held.sessions.iter().find(|other| other.id == session.id).unwrap();
    assert_eq!((held.title.as_str(), held.summary.as_str()), ("Ada's title", "Both summaries"));
    assert_eq!(held.people.len(), 2);
    assert_eq!(held.slots, session.slots, "its place is not the form's");
}

#[tokio::test]
async fn a_place_is_refused_with_a_warning_until_it_is_meant() {
    let world = World::new().await;
    let ada = world.organiser().await;
    let all = programme(&world, "garden-2027").await;
    let [first, second] = [&all.sessions[0], &all.sessions[1]];
    let slot = &second.slots[0];
    let path = format!("/desk/garden-2027/sessions/{}/slots/{}/", second.id, slot.id);
    let start = all.edition.zone.local(first.slots[0].start).strftime("%Y-%m-%dT%H:%M").to_string();
    let room = first.slots[0].room.unwrap().to_string();
    let fields = [("room", room.as_str()), ("start", &start), ("minutes", "45")];
    let warned = world.post_as(&ada, &path, &fields).await;
    assert_eq!(warned.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(warned.text().contains("Place it all the same"), "{}", warned.text());
    assert_eq!(programme(&world, "garden-2027").await, all);
    let meant = [fields[0], fields[1], fields[2], ("anyway", "yes")];
    let placed = world.post_as(&ada, &path, &meant).await;
    assert_eq!(placed.status, StatusCode::SEE_OTHER, "{}", placed.text());
    let release = world.get_as(&ada, "/desk/garden-2027/release/").await;
    assert!(release.text().contains("Look at these before you publish"), "{}", release.text());
    assert!(release.text().contains("all the same"));
}

#[tokio::test]
async fn a_crew_delays_what_is_in_its_room_and_edits_nothing() {
    let world = World::new().await;
    let all = programme(&world, "garden-2027").await;
    let session = &all.sessions[0];
    let room = session.slots[0].room.unwrap();
    let crew = world.sign_in("crew@example.org", &[(Role::Crew, Scope::Room(all.edition.id, room))]).await;
    let own = format!("/desk/garden-2027/sessions/{}/", session.id);
    let page = world.get_as(&crew, &own).await;
    assert!(page.text().contains("Delay") && !page.text().contains(">Save<"), "{}", page.text());
    let slot = session.slots[0].id.to_string();
    let late = [("slot", slot.as_str()), ("standing", "delay"), ("minutes", "20")];
    assert_eq!(world.post_as(&crew, &format!("{own}stand/"), &late).await.status, StatusCode::SEE_OTHER);
    let held = programme(&world, "garden-2027").await;
    let held = held.sessions.iter().find(|other| other.id == session.id).unwrap();
    assert_eq!(held.slots[0].standing, Standing::Delayed(20));
    let other = all.sessions.iter().find(|other| other.slots[0].room != Some(room)).unwrap();
    let theirs = format!("/desk/garden-2027/sessions/{}/stand/", other.id);
    assert_eq!(world.post_as(&crew, &theirs, &[("standing", "cancel")]).await.status, StatusCode::FORBIDDEN);
    for (path, fields) in [
        (own.clone(), vec![("title", "Mine")]),
        (format!("{own}remove/"), vec![]),
        (format!("{own}slots/{slot}/"), vec![("start", "2027-05-01T09:00"), ("minutes", "5")]),
        ("/desk/garden-2027/release/".to_owned(), vec![("seen", "x")]),
        ("/desk/garden-2027/settings/".to_owned(), vec![("title", "Mine")]),
    ] {
        assert_eq!(world.post_as(&crew, &path, &fields).await.status, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn a_release_is_taken_back_and_the_work_is_kept() {
    let world = World::new().await;
    let ada = world.organiser().await;
    let all = programme(&world, "garden-2027").await;
    let session = &all.sessions[0];
    let remove = format!("/desk/garden-2027/sessions/{}/remove/", session.id);
    assert_eq!(world.post_as(&ada, &remove, &[]).await.status, StatusCode::SEE_OTHER);
    // What was not seen is not published.
    let stale = world.post_as(&ada, "/desk/garden-2027/release/", &[("seen", "something else")]).await;
    assert_eq!(stale.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(stale.text().contains("has changed since you opened this page"));
    publish(&world, &ada, "garden-2027").await;
    world.site.refresh().await.unwrap();
    let gone = format!("/garden-2027/sessions/{}/", session.code);
    assert_eq!(world.get(&gone).await.status, StatusCode::NOT_FOUND);
    let back = world.post_as(&ada, "/desk/garden-2027/release/back/", &[("to", "1"), ("note", "")]).await;
    assert_eq!(back.status, StatusCode::SEE_OTHER, "{}", back.text());
    world.site.refresh().await.unwrap();
    assert_eq!(world.get(&gone).await.status, StatusCode::OK);
    assert!(programme(&world, "garden-2027").await.sessions.iter().all(|other| other.id != session.id));
    let page = world.get_as(&ada, "/desk/garden-2027/release/").await;
    assert!(page.text().contains("Release 4 would change"), "{}", page.text());
    assert_eq!(
        world.post_as(&ada, "/desk/garden-2027/release/reset/", &[]).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(programme(&world, "garden-2027").await, all);
}

#[tokio::test]
async fn new_dates_are_told_by_mail_once_when_they_are_public() {
    let world = World::new().await;
    let ada = world.organiser().await;
    let edition = world.edition("garden-2027").await;
    let page = world.get_as(&ada, "/desk/garden-2027/settings/").await;
    assert!(page.text().contains("People have seen these dates"));
    let fields = [
        ("title", edition.title.as_str()),
        ("series", edition.series.as_str()),
        ("first_day", "2027-05-08"),
        ("last_day", "2027-05-09"),
        ("zone", edition.zone.name()),
        ("day_change", "0"),
        ("mode", Mode::Virtual.as_str()),
        ("shift", "yes"),
    ];
    let saved = world.post_as(&ada, "/desk/garden-2027/settings/", &fields).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    let all = programme(&world, "garden-2027").await;
    assert_eq!(all.edition.day_of(all.sessions[0].slots[0].start).to_string(), "2027-05-08");
    let draft = world.get_as(&ada, "/desk/garden-2027/release/").await;
    assert!(!draft.text().contains("People do not know yet"), "a draft is told to nobody");
    publish(&world, &ada, "garden-2027").await;
    let page = world.get_as(&ada, "/desk/garden-2027/release/").await;
    assert!(page.text().contains("People do not know yet") && page.text().contains("8 to 9 May 2027"));
    assert!(page.text().contains("online only"), "the mail is shown before it is sent: {}", page.text());
    let told = world.post_as(&ada, "/desk/garden-2027/release/told/", &[("how", "mail")]).await;
    assert_eq!(told.status, StatusCode::SEE_OTHER, "{}", told.text());
    let again = world.post_as(&ada, "/desk/garden-2027/release/told/", &[("how", "mail")]).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER);
    let entries = world.store.changes_since(0, 10_000).await.unwrap();
    let mails = entries.iter().filter(|entry| entry.kind == "mail" && entry.before.is_none()).count();
    assert_eq!(mails, 1, "the one organiser is told, once");
    assert_eq!(store::verify(&world.store).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn the_next_edition_is_made_from_this_one_which_stays_where_it_is() {
    let world = World::new().await;
    let edition = world.edition("garden-2027").await;
    let series = Scope::Series(edition.series.clone());
    let ada = world.sign_in("ada@example.org", &[(Role::Organiser, series)]).await;
    let page = world.get_as(&ada, "/desk/garden-2027/copy/").await;
    assert_eq!(value_of(page.text(), "slug"), "garden-2028");
    let fields = [
        ("title", "Garden Days 2028"),
        ("series", edition.series.as_str()),
        ("slug", "garden-2028"),
        ("first_day", "2028-05-01"),
        ("last_day", "2028-05-02"),
        ("zone", "Europe/Berlin"),
        ("mode", "in_person"),
        ("rooms", "yes"),
        ("archive", "yes"),
    ];
    let made = world.post_as(&ada, "/desk/garden-2027/copy/", &fields).await;
    assert_eq!(made.header("location"), "/desk/garden-2028/", "{}", made.text());
    let new = programme(&world, "garden-2028").await;
    assert_eq!((new.rooms.len(), new.tracks.len(), new.sessions.len()), (2, 0, 0));
    assert_eq!(world.edition("garden-2027").await.state, EditionState::Archived);
    world.site.refresh().await.unwrap();
    assert_eq!(world.get("/garden-2027/schedule/").await.status, StatusCode::OK);
    // Nothing of it is changed any more, and the one who tries is told why.
    let refused = world
        .post_as(&ada, "/desk/garden-2027/rooms/new/", &[("name", "Cellar"), ("kind", "physical")])
        .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("is archived"), "{}", refused.text());
    // An import by the command line is refused too.
    let options = store::ImportOptions::default();
    let moved = conference("garden-2027", true);
    assert!(world.store.import(&Actor::System, &moved.programme, moved.carries, &options).await.is_err());
    // In another series they open nothing.
    let foreign: Vec<_> =
        fields.iter().map(|(k, v)| if *k == "series" { (*k, "Another") } else { (*k, *v) }).collect();
    let answer = world.post_as(&ada, "/desk/new/", &foreign).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_order_of_rooms_is_changed_by_buttons_and_shown_to_visitors() {
    let world = World::new().await;
    let ada = world.organiser().await;
    let before = programme(&world, "garden-2027").await;
    let last = before.rooms[1].id;
    let up = format!("/desk/garden-2027/rooms/{last}/up/");
    assert_eq!(world.post_as(&ada, &up, &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(programme(&world, "garden-2027").await.rooms[0].id, last);
    let sideways = format!("/desk/garden-2027/rooms/{last}/sideways/");
    assert_eq!(world.post_as(&ada, &sideways, &[]).await.status, StatusCode::NOT_FOUND);
    import(&world.store, &conference("orchard-2027", false)).await;
    let elsewhere = format!("/desk/orchard-2027/rooms/{last}/up/");
    assert_eq!(world.post_as(&ada, &elsewhere, &[]).await.status, StatusCode::NOT_FOUND);
}
