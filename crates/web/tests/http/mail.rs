//! The pages about mail, and leaving a list with one click.

use crate::world::World;
use axum::http::StatusCode;
use model::{
    address::{Account, Desk, EditionDesk},
    email::Email,
    feed::Actor,
    id::MailId,
    mail::{List, MailKind, Mailbox, NewMail, Opens, Outcome, SecretLink, Sender, Stage},
    permission::{Role, Scope},
    text::Line,
};
use uuid::Uuid;

pub(crate) fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

pub(crate) async fn post(world: &World, to: &str) -> MailId {
    let edition = world.edition("garden-2027").await.id;
    let mail = NewMail::new(MailKind::Post, Mailbox::bare(email(to)))
        .with("title", "News <b>")
        .with("body", "There is news.")
        .with("link", "https://conf.example.org/");
    let mail = NewMail { edition: Some(edition), list: Some(List::Announcements), ..mail };
    world.store.queue_mail(&Actor::System, vec![mail]).await.unwrap().queued[0]
}

pub(crate) async fn sign_in_link(world: &World, to: &str) -> MailId {
    let link = SecretLink {
        opens: Opens::SignIn,
        before: "https://conf.example.org/sign-in/link/".to_owned(),
        after: "/".to_owned(),
        next: String::new(),
        minutes: 30,
    };
    let mail = NewMail::new(MailKind::SignIn, Mailbox::bare(email(to)));
    let mail = NewMail { link: Some(link), ..mail };
    world.store.queue_mail(&Actor::Visitor, vec![mail]).await.unwrap().queued[0]
}

/// Ends a mail as the mailer would.
pub(crate) async fn settle(world: &World, outcome: &Outcome) {
    let worker = Uuid::now_v7();
    let sender = Sender { name: Line::default(), address: email("plenary@example.org"), reply_to: None };
    let hold = jiff::SignedDuration::from_mins(5);
    for claimed in world.store.claim_mail(worker, 10, hold, &sender).await.unwrap() {
        let id = format!("<{}@example.org>", claimed.mail.id);
        world.store.begin_mail(&claimed, worker, hold, &id).await.unwrap().unwrap();
        world.store.settle_mail(claimed.mail.id, worker, outcome).await.unwrap();
    }
}

#[tokio::test]
async fn organisers_see_the_mail_of_their_edition_and_no_other() {
    let world = World::new().await;
    let ours = post(&world, "ada@example.org").await;
    let theirs = sign_in_link(&world, "bob@example.org").await;
    let organiser = world.organiser().await;
    let page = world.get_as(&organiser, &Desk::Mail.path()).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text().contains("ada@example.org") && !page.text().contains("bob@example.org"));
    assert!(page.text().contains("News &#60;b&#62;") || page.text().contains("News &lt;b&gt;"));
    assert!(page.text().contains("No mail server is configured"));
    assert_eq!(world.get_as(&organiser, &Desk::MailItem(ours).path()).await.status, StatusCode::OK);
    for path in ["", "again/"] {
        let path = format!("{}{path}", Desk::MailItem(theirs).path());
        let answer = if path.ends_with("again/") {
            world.post_as(&organiser, &path, &[]).await
        } else {
            world.get_as(&organiser, &path).await
        };
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(world.get_as(&organiser, &Desk::Suppressed.path()).await.status, StatusCode::FORBIDDEN);
    let somebody = world.sign_in("somebody@example.org", &[]).await;
    assert_eq!(world.get_as(&somebody, &Desk::Mail.path()).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn nobody_reads_the_link_of_another() {
    let world = World::new().await;
    let id = sign_in_link(&world, "bob@example.org").await;
    let administrator = world.sign_in("admin@example.org", &[(Role::Administrator, Scope::Everywhere)]).await;
    let page = world.get_as(&administrator, &Desk::MailItem(id).path()).await;
    assert!(page.text().contains("shown to nobody else"), "{}", page.text());
    assert!(!page.text().contains("/sign-in/link/"), "{}", page.text());
}

#[tokio::test]
async fn an_uncertain_mail_waits_for_somebody_who_decides() {
    let world = World::new().await;
    let first = post(&world, "ada@example.org").await;
    let second = post(&world, "bob@example.org").await;
    settle(&world, &Outcome::unknown("the connection broke")).await;
    let organiser = world.organiser().await;
    let list = world.get_as(&organiser, &format!("{}?state=uncertain", Desk::Mail.path())).await;
    assert!(
        list.text().contains("ada@example.org") && list.text().contains("2 Uncertain"),
        "{}",
        list.text()
    );
    let path = Desk::MailItem(first).path();
    let page = world.get_as(&organiser, &path).await;
    assert!(page.text().contains("Send it again") && page.text().contains("Leave it as it is"));
    assert!(page.text().contains("the connection broke"));
    let answer = world.post_as(&organiser, &format!("{path}again/"), &[]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let stage = async |id| world.store.mail(id).await.unwrap().unwrap().0.state.stage();
    assert_eq!(stage(first).await, Stage::Queued);
    let path = Desk::MailItem(second).path();
    world.post_as(&organiser, &format!("{path}let-be/"), &[]).await;
    assert_eq!(stage(second).await, Stage::GivenUp);
}

#[tokio::test]
async fn a_text_is_previewed_saved_and_given_up_again() {
    let world = World::new().await;
    let organiser = world.organiser().await;
    let edition = world.edition("garden-2027").await;
    let path = EditionDesk::Template(MailKind::Post.template_id(edition.id)).path(&edition.slug);
    let page = world.get_as(&organiser, &path).await;
    assert!(page.text().contains("{{ title }}") && page.text().contains("Person 3"), "{}", page.text());
    let built_in = MailKind::Post.text();
    let fields = |body: &'static str, what: &'static str| {
        vec![
            ("subject", "Garden: {{ title }}"),
            ("was:subject", "{{ conference }}: {{ title }}"),
            ("body", body),
            ("recipient", "Person 3"),
            ("do", what),
        ]
    };
    let was = [("was:body", built_in.body.as_str())];
    let with = |body, what| fields(body, what).into_iter().chain(was).collect::<Vec<_>>();
    let preview = world.post_as(&organiser, &path, &with("Dear {{ name }}!", "preview")).await;
    assert_eq!(preview.status, StatusCode::OK);
    assert!(preview.text().contains("Dear Person 3!"), "{}", preview.text());
    assert!(world.store.mail_texts(edition.id).await.unwrap().is_empty(), "a preview saves nothing");

    let refused = world.post_as(&organiser, &path, &with("Dear {{ nome }}!", "save")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.text().contains("nome") && refused.text().contains("id=\"e-body\""),
        "{}",
        refused.text()
    );
    let saved = world.post_as(&organiser, &path, &with("Dear {{ name }}!", "save")).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    let texts = world.store.mail_texts(edition.id).await.unwrap();
    assert_eq!(texts[&MailKind::Post].body, "Dear {{ name }}!");
    // Somebody else's page is older: both texts are shown, and nothing is lost.
    let conflict = world.post_as(&organiser, &path, &with("Hi {{ name }}!", "save")).await;
    assert_eq!(conflict.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(conflict.text().contains("Somebody else changed it to"), "{}", conflict.text());
    world.post_as(&organiser, &format!("{path}reset/"), &[]).await;
    assert!(world.store.mail_texts(edition.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_edition_has_a_sender() {
    let world = World::new().await;
    let organiser = world.organiser().await;
    let edition = world.edition("garden-2027").await;
    let path = EditionDesk::Mail.path(&edition.slug);
    let refused = world.post_as(&organiser, &path, &[("name", "Garden"), ("address", "")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let fields = [("name", "Garden"), ("address", "Info@Garden.example"), ("reply_to", "x@garden.example")];
    assert_eq!(world.post_as(&organiser, &path, &fields).await.status, StatusCode::SEE_OTHER);
    let sender = world.store.mail_sender(edition.id).await.unwrap().unwrap();
    assert_eq!(sender.address, email("info@garden.example"));
    let hostile = [("name", "x"), ("address", "a@b.org\r\nBcc: c@d.org")];
    assert_eq!(world.post_as(&organiser, &path, &hostile).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn addresses_are_put_on_the_suppress_list_and_taken_off() {
    let world = World::new().await;
    let administrator = world.sign_in("admin@example.org", &[(Role::Administrator, Scope::Everywhere)]).await;
    let path = Desk::Suppressed.path();
    let empty = world.get_as(&administrator, &path).await;
    assert!(empty.text().contains("No address is on the list"), "{}", empty.text());
    let bad = world.post_as(&administrator, &path, &[("address", "nonsense"), ("note", "by phone")]).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(bad.text().contains("by phone"), "what was typed is kept");
    world.post_as(&administrator, &path, &[("address", "ada@example.org"), ("note", "by phone")]).await;
    assert!(world.get_as(&administrator, &path).await.text().contains("ada@example.org"));
    world.post_as(&administrator, &format!("{path}remove/"), &[("address", "ada@example.org")]).await;
    assert!(world.store.suppressions().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_list_is_left_with_one_click_from_anywhere_and_never_by_looking() {
    let world = World::new().await;
    let id = post(&world, "ada@example.org").await;
    let token = mail::leave_token(world.store.secret(), id);
    let path = Account::Unsubscribe(&token).path();
    let looked = world.get(&path).await;
    assert_eq!(looked.status, StatusCode::OK);
    let left = async || {
        let account = model::id::AccountId(Uuid::now_v7());
        !world.store.opt_outs(account, &[email("ada@example.org")]).await.unwrap().is_empty()
    };
    assert!(!left().await);
    // As a mail provider sends it: no cookie, another origin.
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", "https://mail.example.com"),
        ("sec-fetch-site", "cross-site"),
    ];
    let answer = world.send("POST", &path, &headers, "List-Unsubscribe=One-Click").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert!(left().await);
    // A token that opens nothing gets the same answer.
    let other =
        world.send("POST", "/mail/unsubscribe/made-up/", &headers, "List-Unsubscribe=One-Click").await;
    assert_eq!((other.status, other.text()), (answer.status, answer.text()));
    assert_eq!(world.get("/mail/unsubscribe/made-up/").await.text(), looked.text());
    // Nothing else may be sent from elsewhere.
    let elsewhere = world.send("POST", "/desk/mail/suppressed/", &headers, "address=x@y.org").await;
    assert_eq!(elsewhere.status, StatusCode::FORBIDDEN);
}
