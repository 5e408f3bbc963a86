//! The queue of mail: nothing is queued twice, lost or sent by two; and what nobody wants is not sent.

use crate::{
    harness::{World, on_both},
    programme::import,
    sample,
};
use jiff::SignedDuration;
use model::{
    account::Proof,
    email::Email,
    feed::Actor,
    id::{EditionId, MailId},
    mail::{
        List, MailKind, Mailbox, NewMail, Opens, Outcome, SecretLink, Sender, Stage, SuppressReason, Text,
        redacted,
    },
    text::Line,
};
use std::collections::BTreeSet;
use store::{Claimed, MailFilter, NewAccount, Store};
use uuid::Uuid;

on_both!(
    a_mail_is_queued_claimed_by_one_and_sent_once,
    a_worker_that_lives_holds_its_mail_and_one_that_was_overtaken_does_not,
    a_worker_that_is_killed_before_the_text_loses_nothing,
    a_worker_that_is_killed_in_the_middle_leaves_a_mail_that_people_decide_about,
    what_the_server_takes_back_is_tried_again_later,
    a_missing_mailbox_is_suppressed_except_for_what_somebody_asks_for,
    who_has_left_a_list_gets_no_more_of_it_in_any_edition,
    whatever_runs_twice_tells_once,
    a_link_is_made_when_it_is_sent_and_kept_nowhere,
    an_edition_has_its_own_sender_and_texts,
    two_who_write_a_text_do_not_overwrite_one_another,
    without_a_server_mail_is_kept_and_can_be_sent_later,
    somebody_who_waits_goes_before_ten_thousand,
    a_deleted_person_is_gone_from_the_mail,
    a_list_of_mails_shows_what_its_viewer_may_see,
);

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

fn sender() -> Sender {
    Sender { name: Line::clean("Plenary"), address: email("plenary@example.org"), reply_to: None }
}

fn notice(to: &str) -> NewMail {
    NewMail::new(MailKind::Notice, Mailbox::bare(email(to)))
        .with("subject", "Hello")
        .with("body", "Some words.")
        .with("link", "")
}

fn post(edition: EditionId, to: &str) -> NewMail {
    let mail = NewMail::new(MailKind::Post, Mailbox::bare(email(to)))
        .with("title", "News")
        .with("body", "There is news.")
        .with("link", "https://conf.example.org/");
    NewMail { edition: Some(edition), list: Some(List::Announcements), ..mail }
}

const HOLD: SignedDuration = SignedDuration::from_mins(5);

async fn queue(store: &Store, mails: Vec<NewMail>) -> Vec<MailId> {
    store.queue_mail(&Actor::System, mails).await.unwrap().queued
}

async fn claim(store: &Store, worker: Uuid) -> Vec<Claimed> {
    store.claim_mail(worker, 10, HOLD, &sender()).await.unwrap()
}

async fn begin(store: &Store, claimed: &Claimed, worker: Uuid) -> Option<String> {
    let id = format!("<{}@example.org>", claimed.mail.id);
    Some(store.begin_mail(claimed, worker, HOLD, &id).await.unwrap()?.body)
}

async fn stage(store: &Store, id: MailId) -> Stage {
    store.mail(id).await.unwrap().unwrap().0.state.stage()
}

async fn sound(store: &Store) {
    assert_eq!(store::verify(store).await.unwrap(), Vec::<String>::new());
}

async fn a_worker_that_lives_holds_its_mail_and_one_that_was_overtaken_does_not(world: World) {
    let store = &world.store;
    let (one, two) = (Uuid::now_v7(), Uuid::now_v7());
    let over = SignedDuration::from_secs(-1);
    let ids = queue(store, vec![notice("ada@example.org"), notice("bob@example.org")]).await;
    let all: BTreeSet<MailId> = ids.iter().copied().collect();
    let claimed = store.claim_mail(one, 10, over, &sender()).await.unwrap();
    assert_eq!(claimed.len(), 2);
    store.hold_mail(one, &all, HOLD).await.unwrap();
    assert!(claim(store, two).await.is_empty(), "they are held");
    // One is being sent, in doubt at once unless it is held.
    let sending = claimed.iter().find(|claimed| claimed.mail.id == ids[0]).unwrap();
    store.begin_mail(sending, one, over, "<1@x>").await.unwrap().unwrap();
    store.hold_mail(two, &all, HOLD).await.unwrap();
    assert!(
        store.next_mail().await.unwrap().unwrap() < store.clock().now(),
        "only its own worker holds a mail"
    );
    store.hold_mail(one, &all, HOLD).await.unwrap();
    assert_eq!(store.doubt_mail().await.unwrap(), 0);
    // The process stands still for longer than its lease, and another takes over.
    store.hold_mail(one, &all, over).await.unwrap();
    assert_eq!(store.doubt_mail().await.unwrap(), 1);
    assert_eq!(claim(store, two).await.len(), 1);
    store.hold_mail(one, &all, HOLD).await.unwrap();
    assert_eq!(stage(store, ids[0]).await, Stage::Uncertain);
    let other = claimed.iter().find(|claimed| claimed.mail.id == ids[1]).unwrap();
    assert_eq!(begin(store, other, one).await, None, "nothing is sent by who was overtaken");
    assert!(begin(store, other, two).await.is_some());
    sound(store).await;
}

async fn a_mail_is_queued_claimed_by_one_and_sent_once(world: World) {
    let store = &world.store;
    let (one, two) = (Uuid::now_v7(), Uuid::now_v7());
    let mut head = store.watch();
    let ids = queue(store, vec![notice("ada@example.org")]).await;
    assert!(head.has_changed().unwrap(), "queueing wakes the mailer");
    head.borrow_and_update();
    assert!(store.next_mail().await.unwrap().unwrap() <= store.clock().now());

    let claimed = claim(store, one).await;
    assert_eq!(claimed.len(), 1);
    assert!(claim(store, two).await.is_empty(), "it is another's");
    assert!(store.next_mail().await.unwrap().unwrap() > store.clock().now());
    assert_eq!(begin(store, &claimed[0], two).await, None, "only its worker may send it");
    assert_eq!(begin(store, &claimed[0], one).await.as_deref(), Some(claimed[0].mail.body.as_str()));
    assert_eq!(begin(store, &claimed[0], one).await, None, "it began already");
    assert_eq!(stage(store, ids[0]).await, Stage::Sending);
    let accepted = Outcome::of_reply(250, "2.0.0 Ok: queued as 4F2");
    assert!(!store.settle_mail(ids[0], two, &accepted).await.unwrap());
    assert!(store.settle_mail(ids[0], one, &accepted).await.unwrap());
    assert!(!store.settle_mail(ids[0], one, &Outcome::later("again")).await.unwrap(), "it stays sent");

    let (mail, attempts) = store.mail(ids[0]).await.unwrap().unwrap();
    assert_eq!((mail.state.stage(), mail.attempts), (Stage::Sent, 1));
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0].outcome, accepted);
    assert_eq!(mail.from, Some(sender()));
    assert_eq!(store.next_mail().await.unwrap(), None);
    let feed = serde_json::to_string(&store.changes_since(0, 1_000).await.unwrap()).unwrap();
    assert!(!feed.contains("ada@example.org") && !feed.contains("Some words"), "{feed}");
    sound(store).await;
}

async fn a_worker_that_is_killed_before_the_text_loses_nothing(world: World) {
    let store = &world.store;
    let (dead, next) = (Uuid::now_v7(), Uuid::now_v7());
    let ids = queue(store, vec![notice("ada@example.org")]).await;
    let short = SignedDuration::from_millis(30);
    let claimed = store.claim_mail(dead, 10, short, &sender()).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(60)).await;
    assert_eq!(begin(store, &claimed[0], dead).await, None, "its lease is over");
    assert_eq!(store.doubt_mail().await.unwrap(), 0);
    let claimed = claim(store, next).await;
    assert_eq!(claimed[0].mail.id, ids[0]);
    assert!(begin(store, &claimed[0], next).await.is_some());
    sound(store).await;
}

async fn a_worker_that_is_killed_in_the_middle_leaves_a_mail_that_people_decide_about(world: World) {
    let store = &world.store;
    let (dead, next) = (Uuid::now_v7(), Uuid::now_v7());
    let ids = queue(store, vec![notice("ada@example.org"), notice("bob@example.org")]).await;
    let short = SignedDuration::from_millis(30);
    for claimed in claim(store, dead).await {
        let begun = store.begin_mail(&claimed, dead, short, &format!("<{}@x>", claimed.mail.id)).await;
        assert!(begun.unwrap().is_some());
    }
    tokio::time::sleep(std::time::Duration::from_millis(60)).await;
    assert!(claim(store, next).await.is_empty(), "what may have arrived is not sent again by itself");
    assert_eq!(store.doubt_mail().await.unwrap(), 2);
    assert_eq!(stage(store, ids[0]).await, Stage::Uncertain);
    assert!(claim(store, next).await.is_empty());

    // A worker that was only slow is believed.
    assert!(store.settle_mail(ids[0], dead, &Outcome::of_reply(250, "ok")).await.unwrap());
    assert_eq!(stage(store, ids[0]).await, Stage::Sent);

    // The other one is decided about, and keeps its Message-ID.
    let before = store.mail(ids[1]).await.unwrap().unwrap().0.message_id;
    let actor = Actor::Operator("test".to_owned());
    assert_eq!(store.send_mail_again(&actor, ids[1]).await.unwrap(), ids[1]);
    assert!(store.let_mail_be(&actor, ids[1]).await.is_err(), "it is on its way again");
    let claimed = claim(store, next).await;
    assert_eq!(claimed[0].mail.message_id, before);
    assert!(begin(store, &claimed[0], next).await.is_some());
    assert!(!store.settle_mail(ids[1], dead, &Outcome::of_reply(250, "ok")).await.unwrap());
    store.settle_mail(ids[1], next, &Outcome::unknown("the connection broke")).await.unwrap();
    store.let_mail_be(&actor, ids[1]).await.unwrap();
    assert_eq!(stage(store, ids[1]).await, Stage::GivenUp);
    sound(store).await;
}

async fn what_the_server_takes_back_is_tried_again_later(world: World) {
    let store = &world.store;
    let worker = Uuid::now_v7();
    let soon = store.clock().now() + SignedDuration::from_secs(20);
    let hurried = NewMail { good_until: Some(soon), ..notice("bob@example.org") };
    let ids = queue(store, vec![notice("ada@example.org"), hurried]).await;
    for claimed in claim(store, worker).await {
        // Refused before its text was asked for: nothing began.
        assert!(store.settle_mail(claimed.mail.id, worker, &Outcome::of_reply(451, "later")).await.unwrap());
    }
    let (mail, _) = store.mail(ids[0]).await.unwrap().unwrap();
    assert_eq!((mail.state.stage(), mail.attempts), (Stage::Queued, 1));
    let wait = mail.state.at().duration_since(store.clock().now()).as_secs();
    assert!((50..=70).contains(&wait), "{wait}");
    assert!(claim(store, worker).await.is_empty());
    assert_eq!(stage(store, ids[1]).await, Stage::GivenUp, "its time is over by then");
    sound(store).await;
}

async fn a_missing_mailbox_is_suppressed_except_for_what_somebody_asks_for(world: World) {
    let store = &world.store;
    let worker = Uuid::now_v7();
    let actor = Actor::Operator("test".to_owned());
    queue(store, vec![notice("gone@example.org")]).await;
    let claimed = claim(store, worker).await;
    let refused = Outcome::of_reply(550, "5.1.1 <gone@example.org>: no such user");
    store.settle_mail(claimed[0].mail.id, worker, &refused).await.unwrap();
    let listed = store.suppressions().await.unwrap();
    assert_eq!((listed.len(), listed[0].reason), (1, SuppressReason::NoMailbox));

    let outcome = store.queue_mail(&actor, vec![notice("gone@example.org")]).await.unwrap();
    assert_eq!((outcome.queued.len(), outcome.suppressed), (0, 1));
    let sign_in = NewMail::new(MailKind::SignIn, Mailbox::bare(email("gone@example.org")))
        .with("minutes", "30")
        .with("link", "https://x.example/");
    assert_eq!(queue(store, vec![sign_in.clone()]).await.len(), 1, "somebody asks for it now");

    // An organiser's entry stops everything, also what is queued already.
    store.suppress(&actor, &email("gone@example.org"), &Line::clean("asked by phone")).await.unwrap();
    assert!(claim(store, worker).await.is_empty());
    assert!(queue(store, vec![sign_in]).await.is_empty());
    store.unsuppress(&actor, &email("gone@example.org")).await.unwrap();
    assert!(store.unsuppress(&actor, &email("gone@example.org")).await.is_err());
    assert_eq!(queue(store, vec![notice("gone@example.org")]).await.len(), 1);
    let feed = serde_json::to_string(&store.changes_since(0, 1_000).await.unwrap()).unwrap();
    assert!(!feed.contains("gone@"), "{feed}");
    sound(store).await;
}

async fn who_has_left_a_list_gets_no_more_of_it_in_any_edition(world: World) {
    let store = &world.store;
    let worker = Uuid::now_v7();
    let (this, mut next) = (sample::programme("garden", 3), sample::programme("garden-next", 3));
    next.edition.series = this.edition.series.clone();
    import(&world, &this).await;
    import(&world, &next).await;
    let (this, next) = (this.edition.id, next.edition.id);
    let ids = queue(store, vec![post(this, "ada@example.org"), post(this, "bob@example.org")]).await;
    store.leave_list(ids[0]).await.unwrap();
    store.leave_list(ids[0]).await.unwrap();
    store.leave_list(MailId(Uuid::now_v7())).await.unwrap();
    let claimed = claim(store, worker).await;
    assert_eq!(claimed.len(), 1, "what waited for her is not sent any more");
    assert_eq!(stage(store, ids[0]).await, Stage::Suppressed);
    assert!(queue(store, vec![post(next, "ada@example.org")]).await.is_empty());
    let blog = NewMail { list: Some(List::Blog), ..post(next, "ada@example.org") };
    let direct = NewMail { edition: Some(next), ..notice("ada@example.org") };
    assert_eq!(
        queue(store, vec![blog, direct]).await.len(),
        2,
        "another list, and what is meant for her alone"
    );
    sound(store).await;
}

async fn whatever_runs_twice_tells_once(world: World) {
    let store = &world.store;
    let once = |to: &str| NewMail { once: Some(format!("dates 2030 {to}")), ..notice(to) };
    let both = || vec![once("ada@example.org"), once("bob@example.org"), once("ada@example.org")];
    let outcome = store.queue_mail(&Actor::System, both()).await.unwrap();
    assert_eq!((outcome.queued.len(), outcome.known), (2, 1));
    let head = store.head().await.unwrap();
    let outcome = store.queue_mail(&Actor::System, both()).await.unwrap();
    assert_eq!((outcome.queued.len(), outcome.known), (0, 3));
    assert_eq!(store.head().await.unwrap(), head);
    sound(store).await;
}

async fn a_link_is_made_when_it_is_sent_and_kept_nowhere(world: World) {
    let store = &world.store;
    let worker = Uuid::now_v7();
    let link = SecretLink {
        opens: Opens::SignIn,
        before: "https://conf.example.org/sign-in/link/".to_owned(),
        after: "/".to_owned(),
        next: "/desk/".to_owned(),
        minutes: 30,
    };
    let mail = NewMail::new(MailKind::SignIn, Mailbox::bare(email("ada@example.org")));
    let ids = queue(store, vec![NewMail { link: Some(link), ..mail }]).await;
    let claimed = claim(store, worker).await;
    let body = begin(store, &claimed[0], worker).await.unwrap();
    let token = body.split("/sign-in/link/").nth(1).unwrap().split('/').next().unwrap().to_owned();
    assert!(body.contains("30 minutes"), "{body}");
    store.settle_mail(ids[0], worker, &Outcome::of_reply(250, "ok")).await.unwrap();
    let kept = store.mail(ids[0]).await.unwrap().unwrap().0;
    assert!(!format!("{kept:?}").contains(&token));
    assert!(redacted(&kept.body).contains("for one use"));
    let opened = store.link(&token).await.unwrap().unwrap();
    assert_eq!((opened.email, opened.next.as_str()), (Some(email("ada@example.org")), "/desk/"));
    // Sent again, it holds another.
    let again = store.send_mail_again(&Actor::System, ids[0]).await.unwrap();
    assert_ne!(again, ids[0]);
    let claimed = claim(store, worker).await;
    assert!(!begin(store, &claimed[0], worker).await.unwrap().contains(&token));
    sound(store).await;
}

async fn an_edition_has_its_own_sender_and_texts(world: World) {
    let store = &world.store;
    let worker = Uuid::now_v7();
    let programme = sample::programme("garden", 3);
    import(&world, &programme).await;
    let edition = programme.edition.id;
    let actor = Actor::Operator("test".to_owned());
    let own = Sender {
        name: Line::clean("Garden"),
        address: email("info@garden.example"),
        reply_to: Some(email("desk@garden.example")),
    };
    store.set_mail_sender(&actor, edition, None, Some(&own)).await.unwrap().unwrap();
    let text = Text::parse(MailKind::Post, "{{ title }}!", "Dear {{ name }},\n{{ body }}").unwrap();
    let set = store.set_mail_text(&actor, edition, MailKind::Post, None, Some(&text)).await.unwrap();
    assert_eq!(set, Ok(()));
    queue(store, vec![post(edition, "ada@example.org"), notice("bob@example.org")]).await;
    let claimed = claim(store, worker).await;
    let of = |to: &str| {
        claimed.iter().find(|one| one.mail.to.as_ref().unwrap().address == email(to)).unwrap().clone()
    };
    let (ada, bob) = (of("ada@example.org"), of("bob@example.org"));
    assert_eq!((ada.sender, ada.mail.subject.as_str()), (own.clone(), "News!"));
    assert_eq!(bob.sender, sender());
    store.set_mail_text(&actor, edition, MailKind::Post, Some(&text), None).await.unwrap().unwrap();
    store.set_mail_sender(&actor, edition, Some(&own), None).await.unwrap().unwrap();
    assert!(store.mail_texts(edition).await.unwrap().is_empty());
    assert_eq!(store.mail_sender(edition).await.unwrap(), None);
    sound(store).await;
}

async fn two_who_write_a_text_do_not_overwrite_one_another(world: World) {
    let store = &world.store;
    let programme = sample::programme("garden", 3);
    import(&world, &programme).await;
    let edition = programme.edition.id;
    let actor = Actor::Operator("test".to_owned());
    let text = |body: &str| Text { subject: "News".to_owned(), body: body.to_owned() };
    let (first, second) = (text("first"), text("second"));
    let set = async |seen, text| {
        store.set_mail_text(&actor, edition, MailKind::Post, seen, Some(text)).await.unwrap()
    };
    assert_eq!(set(None, &first).await, Ok(()));
    assert_eq!(set(None, &second).await, Err(Some(first.clone())));
    assert_eq!(set(Some(&first), &second).await, Ok(()));
    sound(store).await;
}

async fn without_a_server_mail_is_kept_and_can_be_sent_later(world: World) {
    let store = &world.store;
    let ids = queue(store, vec![notice("ada@example.org"), notice("bob@example.org")]).await;
    assert_eq!(store.keep_mail().await.unwrap(), 2);
    assert_eq!(store.keep_mail().await.unwrap(), 0);
    assert_eq!(stage(store, ids[0]).await, Stage::Kept);
    assert!(claim(store, Uuid::now_v7()).await.is_empty(), "a server that comes later sends no old news");
    store.send_mail_again(&Actor::System, ids[0]).await.unwrap();
    assert_eq!(claim(store, Uuid::now_v7()).await.len(), 1);
    sound(store).await;
}

async fn somebody_who_waits_goes_before_ten_thousand(world: World) {
    let store = &world.store;
    let programme = sample::programme("garden", 3);
    import(&world, &programme).await;
    let many = (0..50).map(|number| post(programme.edition.id, &format!("p{number}@example.org")));
    queue(store, many.collect()).await;
    let sign_in = NewMail::new(MailKind::SignIn, Mailbox::bare(email("ada@example.org")))
        .with("minutes", "30")
        .with("link", "https://x.example/");
    let ids = queue(store, vec![notice("bob@example.org"), sign_in]).await;
    let first = store.claim_mail(Uuid::now_v7(), 2, HOLD, &sender()).await.unwrap();
    assert_eq!(first.iter().map(|one| one.mail.id).collect::<Vec<_>>(), [ids[1], ids[0]]);
}

async fn a_deleted_person_is_gone_from_the_mail(world: World) {
    let store = &world.store;
    let worker = Uuid::now_v7();
    let ids = queue(store, vec![notice("ada@example.org")]).await;
    let claimed = claim(store, worker).await;
    let refused = Outcome::of_reply(554, "<ada@example.org> is not welcome");
    store.settle_mail(claimed[0].mail.id, worker, &refused).await.unwrap();
    queue(store, vec![notice("ada@example.org"), notice("bob@example.org")]).await;
    let proof = Proof::Email(email("ada@example.org"));
    let account = store.account_for(&Actor::System, &proof, &NewAccount::default()).await.unwrap();
    let hers = NewMail { account: Some(account), ..notice("ada@elsewhere.example") };
    queue(store, vec![hers]).await;
    let export = store.own_data(account).await.unwrap().unwrap();
    assert_eq!(export["mail"].as_array().unwrap().len(), 1);
    store.delete_account(&Actor::System, account).await.unwrap();
    let export = store.own_data(account).await.unwrap().unwrap_or_default();
    assert!(!export.to_string().contains("elsewhere"), "{export}");
    let (mail, attempts) = store.mail(ids[0]).await.unwrap().unwrap();
    assert!(!format!("{mail:?}{attempts:?}").contains("ada@"), "{mail:?} {attempts:?}");
    assert_eq!(mail.state.stage(), Stage::Refused, "that something was sent, and when, stays");
    assert!(store.send_mail_again(&Actor::System, ids[0]).await.is_err());
    assert_eq!(claim(store, worker).await.len(), 1, "the other's");
    sound(store).await;
}

async fn a_list_of_mails_shows_what_its_viewer_may_see(world: World) {
    let store = &world.store;
    let programme = sample::programme("garden", 3);
    import(&world, &programme).await;
    let edition = programme.edition.id;
    queue(
        store,
        vec![notice("ada@example.org"), post(edition, "ada@example.org"), post(edition, "bob@x.org")],
    )
    .await;
    let all = MailFilter::default();
    let own = MailFilter { editions: Some(vec![edition]), ..all.clone() };
    let none = MailFilter { editions: Some(vec![]), ..all.clone() };
    let count = async |filter: &MailFilter| store.mails(filter, None, 10).await.unwrap().mails.len();
    assert_eq!((count(&all).await, count(&own).await, count(&none).await), (3, 2, 0));
    assert_eq!(store.mail_counts(&own).await.unwrap().get(&Stage::Queued), Some(&2));
    let text = |text: &str| MailFilter { text: text.to_owned(), ..all.clone() };
    assert_eq!((count(&text("ADA@")).await, count(&text("%")).await, count(&text("news")).await), (2, 0, 2));
    let first = store.mails(&all, None, 2).await.unwrap();
    let rest = store.mails(&all, first.next, 2).await.unwrap();
    assert_eq!((first.mails.len(), rest.mails.len(), rest.next), (2, 1, None));
}
