//! Signing in by a link, and the pages of one's own account.

use crate::world::{Answer, BASE, SignedIn, World, options};
use axum::http::StatusCode;
use jiff::SignedDuration;
use model::{
    account::{Handle, Proof},
    email::Email,
    id::AccountId,
    mail::{Outcome, Sender},
    permission::{Role, Scope},
    text::Line,
    time::SystemClock,
};
use std::sync::Arc;
use uuid::Uuid;
use web::{MailServer, SiteOptions};

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

fn sender() -> Sender {
    Sender { name: Line::from("Plenary"), address: email("plenary@example.org"), reply_to: None }
}

/// A site that can send mail.
async fn world() -> World {
    let mail = MailServer { name: "mail.example.org:587".to_owned(), sender: sender() };
    let options = SiteOptions { mail: Some(mail), ..options() };
    World::with(&["garden-2027"], options, Arc::new(SystemClock)).await
}

/// Delivers what is queued, and gives the paths of the links in it with their addresses, as people get them.
async fn links(world: &World) -> Vec<(String, String)> {
    let worker = Uuid::now_v7();
    let hold = SignedDuration::from_mins(5);
    let mut out = vec![];
    for claimed in world.store.claim_mail(worker, 100, hold, &sender()).await.unwrap() {
        let id = format!("<{}@example.org>", claimed.mail.id);
        let sent = world.store.begin_mail(&claimed, worker, hold, &id).await.unwrap().unwrap();
        let accepted = Outcome::Accepted(Line::from("250 queued"));
        world.store.settle_mail(claimed.mail.id, worker, &accepted).await.unwrap();
        let to = claimed.mail.to.unwrap().address.to_string();
        for word in sent.body.split_whitespace().filter(|word| word.contains("/sign-in/link/")) {
            out.push((to.clone(), word.strip_prefix(BASE).unwrap().to_owned()));
        }
    }
    out
}

async fn ask(world: &World, address: &str, next: &str) -> Answer {
    world.post_with("/sign-in/link/", &[], &[("email", address), ("next", next)]).await
}

/// The path of the link that is sent to that address.
async fn link_to(world: &World, address: &str, next: &str) -> String {
    let answer = ask(world, address, next).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let mut sent = links(world).await;
    assert_eq!(sent.len(), 1);
    let (to, path) = sent.remove(0);
    assert_eq!(to, address);
    path
}

/// The cookie by which an answer signs a browser in.
fn cookie(answer: &Answer) -> String {
    let mut cookies = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    let cookie = cookies.rfind(|cookie| cookie.starts_with("__Host-plenary="));
    cookie.unwrap_or_else(|| panic!("no cookie: {}", answer.status)).split(';').next().unwrap().to_owned()
}

async fn signed_in(world: &World, address: &str) -> SignedIn {
    let path = link_to(world, address, "").await;
    let answer = world.post_with(&path, &[], &[]).await;
    let account = world.store.account_of(&Proof::Email(email(address))).await.unwrap().unwrap();
    SignedIn { account, cookie: cookie(&answer) }
}

async fn addresses(world: &World, id: AccountId) -> Vec<String> {
    let known = world.store.account(id).await.unwrap().unwrap();
    known.identities.iter().filter_map(|one| one.proof.email()).map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_link_in_a_mail_signs_in_whoever_presses_its_button_and_once() {
    let world = world().await;
    let path = link_to(&world, "ada@example.org", "/garden-2027/schedule/").await;
    for _ in 0..3 {
        // Programs that look through mail open links.
        let page = world.get(&path).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text().contains("ada@example.org"));
        let cookies = page.headers.get_all("set-cookie").iter();
        assert!(cookies.map(|one| one.to_str().unwrap()).all(|one| !one.starts_with("__Host-plenary")));
        assert_eq!(page.header("referrer-policy"), "no-referrer");
    }
    let used = world.post_with(&path, &[("user-agent", "Firefox/140.0 Linux")], &[]).await;
    assert_eq!(used.status, StatusCode::SEE_OTHER);
    let who = SignedIn { account: AccountId(Uuid::nil()), cookie: cookie(&used) };
    assert_eq!(used.header("location"), "/account/welcome/?next=%2Fgarden-2027%2Fschedule%2F");
    let welcome = world.get_as(&who, used.header("location")).await;
    assert_eq!(welcome.status, StatusCode::OK);
    assert!(!welcome.text().contains("value=\"Guest "), "a name that says nothing is not offered");
    let fields = [("name", "Ada Lovelace"), ("handle", "ada"), ("next", "/garden-2027/schedule/")];
    let greeted = world.post_as(&who, "/account/welcome/", &fields).await;
    assert_eq!(greeted.header("location"), "/garden-2027/schedule/");
    let account = world.store.account_by_handle(&Handle::parse("ada").unwrap()).await.unwrap().unwrap();
    assert_eq!(account.account.name.as_str(), "Ada Lovelace");

    for method in ["GET", "POST"] {
        let again = world
            .send(
                method,
                &path,
                &[("sec-fetch-site", "same-origin"), ("content-type", "application/x-www-form-urlencoded")],
                "",
            )
            .await;
        assert_eq!(again.status, StatusCode::GONE, "{method}");
        assert!(again.text().contains("good no more"));
    }
    let page = world.get_as(&who, "/account/security/").await;
    assert!(page.text().contains("Firefox on Linux") && page.text().contains("by a link in a mail"));
}

#[tokio::test]
async fn whoever_asks_for_a_link_learns_nothing_about_the_address() {
    let world = world().await;
    world.sign_in("known@example.org", &[]).await;
    let known = ask(&world, "known@example.org", "").await;
    let unknown = ask(&world, "nobody@example.org", "").await;
    assert_eq!(known.status, unknown.status);
    assert_eq!(known.text().replace("known@", "x@"), unknown.text().replace("nobody@", "x@"));
    // With what the site does by itself after a write, once all of it is done; the least of several, since timers work too.
    let quiet = async || {
        let mut seen = world.store.statements();
        loop {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            let now = world.store.statements();
            if now == seen {
                return now;
            }
            seen = now;
        }
    };
    let least = async |address: &str| {
        let mut least = u64::MAX;
        for _ in 0..3 {
            let before = quiet().await;
            ask(&world, address, "").await;
            least = least.min(quiet().await - before);
        }
        least
    };
    assert_eq!(least("known@example.org").await, least("nobody@example.org").await, "the same work too");
    assert!(world.store.account_of(&Proof::Email(email("nobody@example.org"))).await.unwrap().is_none());
    for nonsense in ["", "nonsense", "a@b", "ada@example.org\r\nBcc: eve@example.org"] {
        let refused = ask(&world, nonsense, "").await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{nonsense}");
        assert!(refused.text().contains("aria-invalid"), "it says so at the field");
    }
    assert_eq!(links(&world).await.len(), 8);
}

#[tokio::test]
async fn an_address_gets_few_links_however_many_ask_and_a_client_few_too() {
    let world = world().await;
    for _ in 0..5 {
        assert_eq!(ask(&world, "ada@example.org", "").await.status, StatusCode::OK);
    }
    let refused = ask(&world, " ADA@example.org ", "").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("Several links"), "{}", refused.text());
    assert_eq!(ask(&world, "eve@example.org", "").await.status, StatusCode::OK);
    assert_eq!(links(&world).await.len(), 6);

    let mail = MailServer { name: "mail.example.org:587".to_owned(), sender: sender() };
    let options = SiteOptions { mail: Some(mail), links_per_minute: 2, ..options() };
    let world = World::with(&["garden-2027"], options, Arc::new(SystemClock)).await;
    for number in 0..2 {
        assert_eq!(ask(&world, &format!("x{number}@example.org"), "").await.status, StatusCode::OK);
    }
    assert_eq!(ask(&world, "x3@example.org", "").await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn nobody_is_led_elsewhere_after_signing_in() {
    let world = world().await;
    world.sign_in("ada@example.org", &[]).await;
    for elsewhere in ["https://evil.example/", "//evil.example", "/\\evil.example", "/sign-in/"] {
        let path = link_to(&world, "ada@example.org", elsewhere).await;
        let used = world.post_with(&path, &[], &[]).await;
        assert_eq!(used.header("location"), "/account/", "{elsewhere}");
    }
}

#[tokio::test]
async fn without_mail_the_page_says_whom_to_ask() {
    let world = World::new().await;
    let page = world.get("/sign-in/").await;
    assert!(page.text().contains("plenary user link") && !page.text().contains("Send me a link"));
    let refused = ask(&world, "ada@example.org", "").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn signing_out_ends_this_browser_and_revoking_ends_another() {
    let world = world().await;
    let one = signed_in(&world, "ada@example.org").await;
    let two = signed_in(&world, "ada@example.org").await;
    assert_eq!(one.account, two.account);
    assert_eq!(world.get_as(&two, "/account/").await.status, StatusCode::OK);
    let others = world.post_as(&one, "/account/security/", &[("do", "others")]).await;
    assert_eq!(others.status, StatusCode::SEE_OTHER);
    assert_eq!(world.get_as(&two, "/account/").await.status, StatusCode::SEE_OTHER, "it was signed out");
    assert_eq!(world.get_as(&one, "/account/").await.status, StatusCode::OK);
    let out = world.post_as(&one, "/sign-out/", &[]).await;
    assert!(cookie(&out).ends_with('='));
    assert_eq!(world.get_as(&one, "/account/").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_profile_is_seen_by_whom_its_person_chose() {
    let world = world().await;
    let ada = world.sign_in("ada@example.org", &[]).await;
    let base = [
        ("name", "Ada"),
        ("handle", "ada"),
        ("affiliation", "Engines"),
        ("biography", "**Numbers** <script>"),
    ];
    let choose = async |profile: &str, affiliation: &str| {
        let mut fields = base.to_vec();
        fields.extend([("see_profile", profile), ("see_affiliation", affiliation)]);
        fields.extend([("see_biography", "everybody"), ("see_editions", "organisers")]);
        let saved = world.post_as(&ada, "/account/", &fields).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    };
    choose("organisers", "organisers").await;
    assert_eq!(world.get("/people/ada/").await.status, StatusCode::NOT_FOUND);
    assert_eq!(world.get("/people/nobody/").await.status, StatusCode::NOT_FOUND);
    assert_eq!(world.get_as(&ada, "/people/ada/").await.status, StatusCode::OK, "to herself");
    choose("everybody", "organisers").await;
    let page = world.get("/people/ada/").await;
    assert!(page.text().contains("<strong>Numbers</strong>") && !page.text().contains("<script>"));
    assert!(!page.text().contains("Engines") && !page.text().contains("example.org"));
    let eve = world.sign_in("eve@example.org", &[]).await;
    choose("registered", "everybody").await;
    assert_eq!(world.get_as(&eve, "/people/ada/").await.status, StatusCode::NOT_FOUND);
    let taken = world.post_as(&eve, "/account/welcome/", &[("name", "Eve"), ("handle", "ADA")]).await;
    assert_eq!(taken.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(taken.text().contains("somebody else"), "{}", taken.text());
}

#[tokio::test]
async fn a_further_address_is_added_by_its_own_link_and_the_last_one_stays() {
    let world = world().await;
    let ada = signed_in(&world, "ada@example.org").await;
    let sent =
        world.post_as(&ada, "/account/identities/", &[("do", "add"), ("email", "ada@work.example")]).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER);
    let (to, path) = links(&world).await.remove(0);
    assert_eq!(to, "ada@work.example");
    assert_eq!(addresses(&world, ada.account).await.len(), 1, "nothing unproved is kept");
    let opened = world.get(&path).await;
    assert!(opened.text().contains("Add the address"), "in another browser too");
    let added = world.post_with(&path, &[], &[]).await;
    assert!(
        added.headers.get_all("set-cookie").iter().all(|one| !one.to_str().unwrap().contains("plenary=")),
        "it signs nobody in"
    );
    assert_eq!(addresses(&world, ada.account).await, ["ada@example.org", "ada@work.example"]);

    let known = world.store.account(ada.account).await.unwrap().unwrap().identities;
    let id = |at: usize| known[at].id.to_string();
    world.post_as(&ada, "/account/identities/", &[("do", "primary"), ("identity", &id(1))]).await;
    assert_eq!(addresses(&world, ada.account).await, ["ada@work.example", "ada@example.org"]);
    world.post_as(&ada, "/account/identities/", &[("do", "remove"), ("identity", &id(0))]).await;
    world.post_as(&ada, "/account/identities/", &[("do", "remove"), ("identity", &id(1))]).await;
    assert_eq!(addresses(&world, ada.account).await, ["ada@work.example"]);
}

#[tokio::test]
async fn a_tagged_address_is_offered_the_account_without_the_tag_and_never_given_it() {
    let world = world().await;
    let old = world.sign_in("ada@example.org", &[]).await;
    let new = signed_in(&world, "ada+lpc@example.org").await;
    assert_ne!(new.account, old.account);
    let welcome = world.get_as(&new, "/account/welcome/").await;
    assert!(welcome.text().contains("Is ada@example.org yours too?"));
    world.post_as(&new, "/account/merge/", &[("email", "ada@example.org")]).await;
    let (to, path) = links(&world).await.remove(0);
    assert_eq!(to, "ada@example.org");
    let stranger = world.sign_in("eve@example.org", &[]).await;
    for who in [None, Some(&stranger)] {
        let headers: Vec<(&str, &str)> = who.map(|who| ("cookie", who.cookie.as_str())).into_iter().collect();
        let refused = world.post_with(&path, &headers, &[("keep", "other")]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "only in the browser that asked");
    }
    let page = world.get_as(&new, &path).await;
    assert!(page.text().contains("Merge the two"), "{}", page.text());
    let merged = world.post_as(&new, &path, &[("keep", "other")]).await;
    assert_eq!(merged.header("location"), "/account/merge/");
    assert_eq!(addresses(&world, old.account).await, ["ada@example.org", "ada+lpc@example.org"]);
    let after = world.get_as(&new, "/account/merge/").await;
    assert!(after.text().contains("Undo"), "both browsers are the one person's now");
    let merge = world.store.merges_of(old.account).await.unwrap()[0].id.to_string();
    world.post_as(&new, "/account/merge/", &[("do", "undo"), ("merge", &merge)]).await;
    assert_eq!(addresses(&world, new.account).await, ["ada+lpc@example.org"]);
    assert_eq!(store::verify(&world.store).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn ones_data_can_be_taken_along_and_the_account_deleted_by_typing_its_handle() {
    let world = world().await;
    let ada = signed_in(&world, "ada@example.org").await;
    let file = world.get_as(&ada, "/account/data/plenary-account.json").await;
    assert_eq!(file.header("content-type"), "application/json");
    assert!(file.header("content-disposition").contains("attachment"));
    assert_eq!(file.json()["identity"][0]["proof"]["email"], "ada@example.org");
    let secret = ada.cookie.split(['=', '.']).nth(1).unwrap();
    assert!(!file.text().contains(secret));
    let refused = world.post_as(&ada, "/account/data/", &[("confirm", "yes")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let handle = world.store.account(ada.account).await.unwrap().unwrap().account.handle.to_string();
    let gone = world.post_as(&ada, "/account/data/", &[("confirm", &handle)]).await;
    assert_eq!(gone.status, StatusCode::SEE_OTHER);
    assert_eq!(world.get_as(&ada, "/account/").await.status, StatusCode::SEE_OTHER);
    let feed = serde_json::to_string(&world.store.changes_since(0, 10_000).await.unwrap()).unwrap();
    assert!(!feed.contains("ada@example.org"));
    assert_eq!(store::verify(&world.store).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn lists_are_left_and_joined_again() {
    let world = world().await;
    let ada = world.sign_in("ada@example.org", &[]).await;
    let page = world.get_as(&ada, "/account/notifications/").await;
    assert_eq!(page.text().matches(" checked").count(), 2, "{}", page.text());
    world.post_as(&ada, "/account/notifications/", &[("list_0_blog", "yes")]).await;
    let page = world.get_as(&ada, "/account/notifications/").await;
    assert_eq!(page.text().matches(" checked").count(), 1);
    assert_eq!(world.store.opt_outs(ada.account, &[]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_organiser_views_as_an_attendee_reading_only_and_the_attendee_sees_it() {
    let world = world().await;
    let admin = world.sign_in("grace@example.org", &[(Role::Administrator, Scope::Everywhere)]).await;
    let organiser = world.organiser().await;
    let edition = world.edition("garden-2027").await.id;
    let ada = world.sign_in("ada@example.org", &[(Role::Crew, Scope::Edition(edition))]).await;
    let page = format!("/desk/people/{}/", ada.account);
    assert!(world.get_as(&organiser, &page).await.text().contains("View as ada"));
    let begun = world.post_as(&organiser, &format!("{page}view-as/"), &[]).await;
    assert_eq!(begun.header("location"), "/account/");
    let seen = world.get_as(&organiser, "/account/identities/").await;
    assert!(seen.text().contains("You view as") && seen.text().contains("ada@example.org"));
    for (path, fields) in [
        ("/account/", [("name", "Mallory"), ("handle", "mallory")]),
        ("/account/data/", [("confirm", "ada"), ("x", "y")]),
        ("/account/security/", [("do", "others"), ("x", "y")]),
        ("/account/merge/", [("email", "eve@example.org"), ("x", "y")]),
        ("/account/notifications/", [("x", "y"), ("z", "y")]),
    ] {
        let refused = world.post_as(&organiser, path, &fields).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(
        world.get_as(&organiser, "/account/data/plenary-account.json").await.status,
        StatusCode::FORBIDDEN
    );
    // What would be refused is not offered, and the page about a refusal leads back too.
    let data = world.get_as(&organiser, "/account/data/").await;
    assert!(!data.text().contains("Download your data") && !data.text().contains("Delete my account"));
    let headers = [("cookie", organiser.cookie.as_str()), ("accept", "text/html")];
    let refused = world.get_with("/account/data/plenary-account.json", &headers).await;
    assert!(refused.text().contains("Return to your own view") && refused.text().contains("You view as"));
    let back = world.post_as(&organiser, "/account/view-as/end/", &[]).await;
    assert_eq!(back.header("location"), page);
    assert!(!world.get_as(&organiser, "/account/").await.text().contains("You view as"));
    assert!(world.get_as(&organiser, "/account/data/").await.text().contains("Download your data"));
    let none = world.get_with("/desk/people/not-an-id/", &headers).await;
    assert!(none.status.is_client_error() && !none.text().contains("You view as"), "{}", none.text());
    let history = world.get_as(&ada, "/account/history/").await;
    assert!(history.text().contains("organiser"), "{}", history.text());
    let above = format!("/desk/people/{}/", admin.account);
    assert_eq!(
        world.get_as(&organiser, &above).await.status,
        StatusCode::NOT_FOUND,
        "known in no edition of theirs"
    );
    let refused = world.post_as(&admin, &format!("/desk/people/{}/view-as/", organiser.account), &[]).await;
    assert_eq!(refused.status, StatusCode::SEE_OTHER, "an administrator covers an organiser");
}

#[tokio::test]
async fn people_are_found_and_merged_by_those_who_may() {
    let world = world().await;
    let admin = world.sign_in("grace@example.org", &[(Role::Administrator, Scope::Everywhere)]).await;
    let organiser = world.organiser().await;
    let ada = world.sign_in("ada@example.org", &[]).await;
    let old = world.sign_in("lovelace@old.example", &[]).await;
    let found = world.get_as(&admin, "/desk/people/?q=lovelace").await;
    assert!(found.text().contains("1 person") && found.text().contains("lovelace@old.example"));
    let within = world.get_as(&organiser, "/desk/people/").await;
    assert!(within.text().contains("organiser@example.org") && !within.text().contains("ada@example.org"));
    assert_eq!(world.get_as(&ada, "/desk/people/").await.status, StatusCode::FORBIDDEN);
    let page = format!("/desk/people/{}/", ada.account);
    assert_eq!(world.get_as(&organiser, &page).await.status, StatusCode::NOT_FOUND);
    let refused = world.post_as(&admin, &page, &[("do", "merge"), ("other", "nobody@example.org")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    world.post_as(&admin, &page, &[("do", "merge"), ("other", "lovelace@old.example")]).await;
    assert_eq!(addresses(&world, ada.account).await.len(), 2);
    let merge = world.store.merges_of(ada.account).await.unwrap()[0].id.to_string();
    world.post_as(&admin, &page, &[("do", "undo"), ("merge", &merge)]).await;
    assert_eq!(addresses(&world, old.account).await.len(), 1);
    assert_eq!(world.get_as(&admin, "/desk/people/not-an-id/").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn roles_are_given_with_an_invitation_and_revoked_within_ones_scope() {
    let world = world().await;
    let organiser = world.organiser().await;
    let edition = world.edition("garden-2027").await.id;
    let path = "/desk/garden-2027/grants/";
    let here = format!("edition:{edition}");
    let give = async |who: &str, role: &str, scope: &str| {
        let fields = [("do", "give"), ("who", who), ("role", role), ("scope", scope), ("note", "Thank you!")];
        world.post_as(&organiser, path, &fields).await
    };
    let page = world.get_as(&organiser, path).await;
    assert!(page.text().contains("Give a role") && page.text().contains("Publish a release"));
    assert_eq!(give("new@example.org", "committee", &here).await.status, StatusCode::SEE_OTHER);
    let whose = async || world.store.account_of(&Proof::Email(email("new@example.org"))).await.unwrap();
    assert_eq!(whose().await, None, "nobody has proved the address");
    let page = world.get_as(&organiser, path).await;
    assert!(page.text().contains("new@example.org") && page.text().contains("waits for the address"));
    assert_eq!(give("new@example.org", "committee", &here).await.status, StatusCode::SEE_OTHER);
    let worker = Uuid::now_v7();
    let sent = world.store.claim_mail(worker, 10, SignedDuration::from_mins(1), &sender()).await.unwrap();
    assert_eq!(sent.len(), 1, "told once");
    assert!(sent[0].mail.body.contains("Committee") && sent[0].mail.body.contains("Thank you!"));
    assert!(sent[0].mail.body.contains("sign in with this address, new@example.org"));
    assert_eq!(give("late@example.org", "crew", &here).await.status, StatusCode::SEE_OTHER);
    let waiting = world.store.invitations_to(&email("late@example.org")).await.unwrap();
    let withdraw = [("do", "revoke"), ("grant", &waiting[0].id.to_string())];
    let outsider = world.sign_in("crew2@example.org", &[(Role::Crew, Scope::Edition(edition))]).await;
    assert_eq!(world.post_as(&outsider, path, &withdraw).await.status, StatusCode::FORBIDDEN);
    assert_eq!(world.post_as(&organiser, path, &withdraw).await.status, StatusCode::SEE_OTHER);
    assert!(world.store.invitations_to(&email("late@example.org")).await.unwrap().is_empty());
    let account = world.sign_in("new@example.org", &[]).await.account;
    let grants = world.store.grants_of(account).await.unwrap();
    assert_eq!((grants.len(), grants[0].role), (1, Role::Committee), "it waited for its person");
    assert!(!world.get_as(&organiser, path).await.text().contains("waits for the address"));
    for (who, role, scope) in [
        ("new@example.org", "administrator", "everywhere"),
        ("new@example.org", "administrator", here.as_str()),
        ("new@example.org", "lead", here.as_str()),
        ("no-such-handle", "committee", here.as_str()),
        ("", "committee", here.as_str()),
        ("new@example.org", "emperor", here.as_str()),
        ("new@example.org", "committee", "edition:00000000-0000-0000-0000-000000000000"),
    ] {
        assert_eq!(
            give(who, role, scope).await.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{who} {role} {scope}"
        );
    }
    assert!(
        world.store.account_of(&Proof::Email(email("no-such-handle@example.org"))).await.unwrap().is_none()
    );
    let revoked =
        world.post_as(&organiser, path, &[("do", "revoke"), ("grant", &grants[0].id.to_string())]).await;
    assert_eq!(revoked.status, StatusCode::SEE_OTHER);
    assert!(world.store.grants_of(account).await.unwrap()[0].revoked.is_some());
    let crew = world.sign_in("crew@example.org", &[(Role::Crew, Scope::Edition(edition))]).await;
    assert_eq!(world.get_as(&crew, path).await.status, StatusCode::FORBIDDEN);
    assert_eq!(world.get_as(&organiser, "/desk/grants/").await.status, StatusCode::FORBIDDEN);
    let admin = world.sign_in("grace@example.org", &[(Role::Administrator, Scope::Everywhere)]).await;
    let all = world.get_as(&admin, "/desk/grants/").await;
    assert!(all.text().contains("the whole installation"), "{}", all.text());
}

#[tokio::test]
async fn an_administrator_blocks_an_account_and_unblocks_it() {
    let world = world().await;
    let admin = world.sign_in("grace@example.org", &[(Role::Administrator, Scope::Everywhere)]).await;
    let organiser = world.organiser().await;
    let edition = world.edition("garden-2027").await.id;
    let ada = world.sign_in("ada@example.org", &[(Role::Crew, Scope::Edition(edition))]).await;
    let page = format!("/desk/people/{}/", ada.account);
    let seen = world.get_as(&organiser, &page).await;
    assert!(seen.status == StatusCode::OK && !seen.text().contains("Block ada"));
    let refused = world.post_as(&organiser, &page, &[("do", "block")]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(world.get_as(&ada, "/account/").await.status, StatusCode::OK);

    assert!(world.get_as(&admin, &page).await.text().contains("Block ada"));
    assert_eq!(world.post_as(&admin, &page, &[("do", "block")]).await.header("location"), page);
    assert_eq!(world.get_as(&ada, "/account/").await.status, StatusCode::SEE_OTHER, "signed out at once");
    let blocked = world.get_as(&admin, &page).await;
    for said in ["Unblock ada", "Blocked</span>", "The account was blocked"] {
        assert!(blocked.text().contains(said), "{said} is not in\n{}", blocked.text());
    }
    assert!(!blocked.text().contains("View as ada"));
    let list = world.get_as(&admin, "/desk/people/").await;
    assert!(list.text().contains("blocked</span>"), "{}", list.text());
    // A link in a mail leads nowhere, and says why to whoever reads mail at the address.
    let path = link_to(&world, "ada@example.org", "").await;
    let used = world.post_with(&path, &[], &[]).await;
    assert_eq!(used.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(used.text().contains("This account is blocked."), "{}", used.text());

    assert_eq!(world.post_as(&admin, &page, &[("do", "unblock")]).await.header("location"), page);
    let used = world.post_with(&path, &[], &[]).await;
    assert_eq!(used.status, StatusCode::SEE_OTHER, "{}", used.text());
    assert!(world.get_as(&admin, &page).await.text().contains("The account was unblocked"));
    // The last administrator stays, and nobody blocks themselves.
    let own = format!("/desk/people/{}/", admin.account);
    assert!(!world.get_as(&admin, &own).await.text().contains("Block grace"));
    let refused = world.post_as(&admin, &own, &[("do", "block")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("It is your own"), "{}", refused.text());
}
