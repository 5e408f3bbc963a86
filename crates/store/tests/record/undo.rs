//! Taking back what is decided about mail, roles that were told by mail, and what dates are planned with.

use crate::{
    account::somebody,
    harness::{World, on_both},
    programme::import,
    sample,
};
use jiff::{SignedDuration, civil::date};
use model::{
    calendar::{Candidate, DatePlan},
    email::Email,
    feed::{Actor, Entry},
    id::EditionId,
    mail::{MailKind, Mailbox, NewMail, Outcome, Sender, Stage, Text},
    permission::{Role, Scope, Subject},
    text::{Line, WebUrl},
};
use serde_json::Value;
use store::{CalendarContent, NewGrant, Store};
use uuid::Uuid;

on_both!(
    the_sender_and_the_texts_of_mail_become_what_they_were,
    a_role_that_was_told_by_mail_is_taken_back_and_what_waits_is_called_off,
    what_was_only_mailed_stays_mailed,
    an_address_that_was_suppressed_comes_off_the_list_and_is_never_named,
    a_calendar_that_was_added_goes_and_one_that_was_removed_comes_back,
    what_dates_are_planned_with_becomes_what_it_was,
);

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

fn operator(world: &World) -> Subject {
    Subject::operator("test".to_owned(), world.store.clock().now())
}

async fn sound(world: &World) {
    assert_eq!(store::verify(&world.store).await.unwrap(), Vec::<String>::new());
}

async fn garden(world: &World) -> EditionId {
    let programme = sample::programme("garden", 3);
    import(world, &programme).await;
    programme.edition.id
}

/// Takes back what was done last.
async fn undo(world: &World) -> store::Result<usize> {
    world.store.undo(&operator(world), world.store.head().await.unwrap()).await
}

/// What was written last, together.
async fn newest(store: &Store) -> Vec<Entry<Value>> {
    store.written_together(store.head().await.unwrap()).await.unwrap()
}

async fn the_sender_and_the_texts_of_mail_become_what_they_were(world: World) {
    let store = &world.store;
    let (id, actor) = (garden(&world).await, Actor::System);
    let sender = |name: &str| Sender {
        name: Line::from(name),
        address: email("info@garden.example"),
        reply_to: Some(email("desk@garden.example")),
    };
    let (one, two) = (sender("Garden"), sender("Garden Days"));
    store.set_mail_sender(&actor, id, None, Some(&one)).await.unwrap().unwrap();
    let overtaken = store.set_mail_sender(&actor, id, None, Some(&two)).await.unwrap();
    assert_eq!(overtaken, Err(Some(one.clone())), "somebody else has set one meanwhile");
    store.set_mail_sender(&actor, id, Some(&one), Some(&two)).await.unwrap().unwrap();
    let changed = store.head().await.unwrap();
    store.undo(&operator(&world), changed).await.unwrap();
    assert_eq!(store.mail_sender(id).await.unwrap(), Some(one));
    let again = store.undo(&operator(&world), changed).await.unwrap_err().to_string();
    assert!(again.contains("changed again since"), "{again}");

    let text = Text::parse(MailKind::Post, "{{ title }}!", "Dear {{ name }},\n{{ body }}").unwrap();
    store.set_mail_text(&actor, id, MailKind::Post, None, Some(&text)).await.unwrap().unwrap();
    undo(&world).await.unwrap();
    assert!(store.mail_texts(id).await.unwrap().is_empty());
    undo(&world).await.unwrap();
    assert_eq!(store.mail_texts(id).await.unwrap()[&MailKind::Post], text);
    sound(&world).await;
}

async fn a_role_that_was_told_by_mail_is_taken_back_and_what_waits_is_called_off(world: World) {
    let store = &world.store;
    let ada = somebody(&world, "ada@example.org").await;
    store.give(&operator(&world), &NewGrant::new(ada, Role::Administrator, Scope::Everywhere)).await.unwrap();
    let told = |address: &str| {
        let mut mail = NewMail::new(MailKind::Invitation, Mailbox::bare(email(address)));
        for name in ["role", "scope", "address", "giver", "note", "link"] {
            mail = mail.with(name, "x");
        }
        NewMail { once: Some(format!("told {address}")), ..mail }
    };
    let mail_of = |deed: Vec<Entry<Value>>| {
        model::id::MailId(deed.into_iter().find(|entry| entry.kind == "mail").unwrap().thing)
    };
    let stage = async |id| store.mail(id).await.unwrap().unwrap().0.state.stage();
    let crew = NewGrant::new(ada, Role::Crew, Scope::Everywhere);
    let editor = NewGrant::new(email("new@example.org"), Role::Editor, Scope::Everywhere);

    let given = store.invite(&operator(&world), &crew, |_| told("ada@example.org")).await.unwrap();
    let waits = mail_of(newest(store).await);
    undo(&world).await.unwrap();
    let grants = store.grants_of(ada).await.unwrap();
    assert!(grants.iter().find(|one| one.id == given.id).unwrap().revoked.is_some());
    assert_eq!(stage(waits).await, Stage::GivenUp, "nobody is told of a role that they do not have");
    sound(&world).await;

    // What a server has stays sent, and telling another time is possible.
    store.invite(&operator(&world), &editor, |_| told("new@example.org")).await.unwrap();
    let deed = store.head().await.unwrap();
    let sent = mail_of(newest(store).await);
    let (worker, hold) = (Uuid::now_v7(), SignedDuration::from_mins(5));
    let sender = Sender { name: Line::default(), address: email("plenary@example.org"), reply_to: None };
    for claimed in store.claim_mail(worker, 10, hold, &sender).await.unwrap() {
        store.begin_mail(&claimed, worker, hold, "<1@example.org>").await.unwrap().unwrap();
        store.settle_mail(claimed.mail.id, worker, &Outcome::of_reply(250, "queued")).await.unwrap();
    }
    store.undo(&operator(&world), deed).await.unwrap();
    assert!(store.invitations(None).await.unwrap().is_empty());
    assert_eq!(stage(sent).await, Stage::Sent);
    store.invite(&operator(&world), &crew, |_| told("ada@example.org")).await.unwrap();
    assert_eq!(stage(mail_of(newest(store).await)).await, Stage::Queued);
    sound(&world).await;
}

async fn what_was_only_mailed_stays_mailed(world: World) {
    let mail = NewMail::new(MailKind::Notice, Mailbox::bare(email("ada@example.org")))
        .with("subject", "Hello")
        .with("body", "Some words.")
        .with("link", "");
    world.store.queue_mail(&Actor::System, vec![mail]).await.unwrap();
    let refused = undo(&world).await.unwrap_err().to_string();
    assert!(refused.contains("stays mailed"), "{refused}");
}

async fn an_address_that_was_suppressed_comes_off_the_list_and_is_never_named(world: World) {
    let store = &world.store;
    let note = Line::from("by phone");
    store.suppress(&Actor::System, &email("bob@example.org"), &note).await.unwrap();
    store.suppress(&Actor::System, &email("ada@example.org"), &note).await.unwrap();
    undo(&world).await.unwrap();
    let left = store.suppressions().await.unwrap();
    assert_eq!(left.iter().map(|one| one.address.as_str()).collect::<Vec<_>>(), ["bob@example.org"]);
    // It was taken off the list: the log cannot say which address to put there again.
    let refused = undo(&world).await.unwrap_err().to_string();
    assert!(refused.contains("does not name the address"), "{refused}");
    sound(&world).await;
}

async fn a_calendar_that_was_added_goes_and_one_that_was_removed_comes_back(world: World) {
    let store = &world.store;
    let (id, actor) = (garden(&world).await, Actor::System);
    let (name, topics) = (Line::from("Others"), [Line::from("soil")]);
    let address = WebUrl::parse("https://others.example.org/a.ics").unwrap();
    let calendar = store.add_calendar(&actor, id, &name, &address, &topics).await.unwrap();
    let added = store.head().await.unwrap();
    // It is fetched meanwhile, which is nobody's decision.
    let conference = model::calendar::OtherConference {
        name: "Weeds".into(),
        url: None,
        first_day: date(2027, 9, 13),
        last_day: date(2027, 9, 14),
        city: Line::default(),
        country: Line::default(),
        online: false,
        topics: vec![],
        cfp_end: None,
        source: Line::default(),
    };
    let content = CalendarContent { conferences: vec![conference], ..CalendarContent::default() };
    assert!(store.fill_calendar(id, calendar, Some(&content)).await.unwrap());
    assert!(undo(&world).await.is_err(), "what stands at its source is not decided here");
    store.undo(&operator(&world), added).await.unwrap();
    assert!(store.calendars(id).await.unwrap().is_empty());
    undo(&world).await.unwrap();
    let back = store.calendars(id).await.unwrap().remove(0);
    assert_eq!(
        (back.calendar.id, &back.calendar.name, &back.calendar.topics[..]),
        (calendar, &name, &topics[..])
    );
    assert_eq!((back.calendar.conferences, back.calendar.address), (0, Some(address)));
    assert!(back.due_at.unwrap() <= store.clock().now(), "it is fetched at once");

    let file = store.put_calendar_file(&actor, id, &Line::from("a.ics"), &[], &content).await.unwrap();
    store.remove_calendar(&actor, id, file).await.unwrap();
    let refused = undo(&world).await.unwrap_err().to_string();
    assert!(refused.contains("file was not kept"), "{refused}");
    sound(&world).await;
}

async fn what_dates_are_planned_with_becomes_what_it_was(world: World) {
    let store = &world.store;
    let id = garden(&world).await;
    let plan = |days| DatePlan {
        candidates: vec![Candidate { first_day: date(2027, 9, 13), days }],
        ..DatePlan::default()
    };
    let save = async |new: DatePlan| {
        let (_, version) = store.date_plan(id).await.unwrap();
        store.change_date_plan(&Actor::System, id, version, |_| Ok(new)).await
    };
    save(plan(3)).await.unwrap();
    let first = store.head().await.unwrap();
    save(plan(4)).await.unwrap();
    let (_, seen) = store.date_plan(id).await.unwrap();
    assert!(store.undo(&operator(&world), first).await.is_err(), "it was changed again since");
    undo(&world).await.unwrap();
    let (now, version) = store.date_plan(id).await.unwrap();
    assert_eq!(now, plan(3));
    assert!(version > seen, "who still has the other page open overwrites nothing");
    let wrong = save(plan(31)).await.unwrap_err().to_string();
    assert!(wrong.contains("candidates"), "{wrong}");
    sound(&world).await;
}
