//! Calls while they run: access codes, amendments, questions, and the opening of sealed offers.

use crate::{
    account::somebody,
    harness::{World, on_both},
    programme::import,
    sample,
};
use jiff::{SignedDuration, Timestamp};
use model::{
    call::{Call, CallKind, Deadline, DeadlineZone},
    edition::Edition,
    id::CallId,
    permission::{Role, Scope, Subject},
    proposal::{Content, Decision, State},
    review::Review,
    text::{Line, RichText},
    time::{Clock, StoppedClock, SystemClock, Zone},
};
use std::sync::Arc;
use store::{Error, FiledFilter, NewGrant, Store};

on_both!(
    a_code_lets_somebody_in_late_until_it_is_taken_back,
    a_question_is_told_to_whoever_asked_and_an_amendment_to_all_who_are_concerned,
    sealed_offers_are_opened_once_and_nothing_seals_them_again,
    a_call_that_said_something_is_not_removed,
    the_best_of_the_wait_list_takes_a_place_that_becomes_free,
);

const BASE: &str = "https://conf.example.org";

fn operator() -> Subject {
    Subject::operator("test".to_owned(), SystemClock.now())
}

async fn edition(world: &World) -> Edition {
    let programme = sample::programme("garden", 6);
    import(world, &programme).await;
    world.store.edition(&programme.edition.slug).await.unwrap().unwrap().edition
}

async fn sound(world: &World) {
    assert_eq!(store::verify(&world.store).await.unwrap(), Vec::<String>::new());
}

/// A public call of that kind that closes so many hours from now.
async fn call(world: &World, edition: &Edition, kind: CallKind, hours: i64) -> Call {
    let id = CallId::from_key("garden", kind.as_str());
    let closes = SystemClock.now() + SignedDuration::from_hours(hours);
    let zone = Zone::utc();
    let closes = Deadline { local: zone.local(closes).datetime(), zone: DeadlineZone::Zone(zone) };
    let call = Call { published: true, grace: 0, closes: Some(closes), ..Call::usual(id, kind) };
    let put = call.clone();
    world.store.put_call(&operator(), edition.id, id, |_| Ok((put, vec![]))).await.unwrap().call
}

fn content(title: &str) -> Content {
    Content {
        title: Line::clean(title),
        summary: RichText::clean("About it."),
        form: 1,
        minutes: None,
        ..Content::default()
    }
}

async fn person(world: &World, address: &str) -> Subject {
    Subject::person(somebody(world, address).await, vec![], SystemClock.now())
}

/// The same record some time from now.
async fn later(world: &World, by: SignedDuration) -> Store {
    let clock = Arc::new(StoppedClock(SystemClock.now() + by));
    Store::open(&world.location, clock).await.unwrap()
}

fn refused(error: &Error) -> &str {
    let Error::Refused(refusal) = error else { panic!("{error}") };
    &refusal.field
}

async fn a_code_lets_somebody_in_late_until_it_is_taken_back(world: World) {
    let home = edition(&world).await;
    let closed = call(&world, &home, CallKind::Sponsors, -2).await;
    let (me, ada) = (operator(), person(&world, "ada@authors.example").await);
    let begin = async |code: &str| {
        world.store.begin_proposal(&ada, home.id, closed.id, &content("Late"), Some(code)).await
    };
    assert_eq!(refused(&begin("").await.unwrap_err()), "call");
    assert_eq!(refused(&begin("AAAA-BBBB-CCCC").await.unwrap_err()), "code");
    let until = SystemClock.now() + SignedDuration::from_hours(1);
    let note = Line::from("Ada, who was ill");
    let (code, text) = world.store.add_access_code(&me, &home, closed.id, (&note, until)).await.unwrap();
    let typed = model::call::shown_code(&text).to_lowercase();
    assert!(begin(&typed).await.unwrap().submitted);
    let other = call(&world, &home, CallKind::Bofs, -2).await;
    let elsewhere = Content { minutes: Some(45), ..content("Elsewhere") };
    let elsewhere =
        world.store.begin_proposal(&ada, home.id, other.id, &elsewhere, Some(&typed)).await.unwrap_err();
    assert_eq!(refused(&elsewhere), "code", "it is good for its call only");
    let tomorrow = later(&world, SignedDuration::from_hours(24)).await;
    let over = tomorrow.begin_proposal(&ada, home.id, closed.id, &content("Later"), Some(&typed)).await;
    assert_eq!(refused(&over.unwrap_err()), "code", "its time is over");
    assert!(world.store.add_access_code(&ada, &home, closed.id, (&note, until)).await.is_err());
    assert!(world.store.revoke_access_code(&ada, &home, code.id).await.is_err());
    world.store.revoke_access_code(&me, &home, code.id).await.unwrap();
    assert_eq!(refused(&begin(&typed).await.unwrap_err()), "code");
    let entries = world.store.changes_since(0, 10_000).await.unwrap();
    let all = serde_json::to_string(&entries).unwrap();
    assert!(all.contains("who was ill") && !all.contains(&text), "the feed does not hold the code");
    sound(&world).await;
}

async fn a_question_is_told_to_whoever_asked_and_an_amendment_to_all_who_are_concerned(world: World) {
    let home = edition(&world).await;
    let open = call(&world, &home, CallKind::Offers, 2).await;
    let me = operator();
    let (asks, offers) =
        (person(&world, "asks@one.example").await, person(&world, "offers@two.example").await);
    person(&world, "idle@three.example").await;
    world.store.begin_proposal(&offers, home.id, open.id, &content("Draft"), None).await.unwrap();
    let asked = RichText::clean("How many rooms?");
    let question = world.store.ask(&asks, &home, open.id, &asked).await.unwrap();
    assert!(world.store.answer_question(&asks, &home, question.id, &asked, BASE).await.is_err());
    let answer = RichText::clean("Five.");
    world.store.answer_question(&me, &home, question.id, &answer, BASE).await.unwrap();
    world.store.answer_question(&me, &home, question.id, &RichText::clean("Six."), BASE).await.unwrap();
    let exchange = world.store.exchange(home.id, open.id).await.unwrap();
    assert_eq!(exchange.questions[0].answer.as_str(), "Six.");
    let names = world.store.askers(home.id, open.id).await.unwrap();
    assert_eq!(names[&question.id].as_str(), "Ada Lovelace");
    let told = world.store.amend_call(&me, &home, open.id, &RichText::clean("Six rooms."), BASE).await;
    assert_eq!(told.unwrap(), 2, "who asked and who began an offer, and nobody else");
    let second = world.store.amend_call(&me, &home, open.id, &RichText::clean("Seven."), BASE).await;
    assert_eq!(second.unwrap(), 2);
    let exchange = world.store.exchange(home.id, open.id).await.unwrap();
    assert_eq!(exchange.amendments.iter().map(|one| one.number).collect::<Vec<_>>(), [1, 2]);
    // Who leaves takes the open questions along; what was answered stays, without them.
    let account = asks.account.unwrap();
    world.store.ask(&asks, &home, open.id, &RichText::clean("And chairs?")).await.unwrap();
    world.store.delete_account(&asks.actor, account).await.unwrap();
    let exchange = world.store.exchange(home.id, open.id).await.unwrap();
    assert_eq!(exchange.questions.len(), 1);
    assert_eq!(exchange.questions[0].account, None);
    sound(&world).await;
}

async fn sealed_offers_are_opened_once_and_nothing_seals_them_again(world: World) {
    let home = edition(&world).await;
    let open = call(&world, &home, CallKind::Offers, 1).await;
    let (me, ada) = (operator(), person(&world, "ada@one.example").await);
    let bea = person(&world, "bea@two.example").await;
    let begin = async |who: &Subject, title: &str, submit: Option<&str>| {
        let content = content(title);
        world.store.begin_proposal(who, home.id, open.id, &content, submit).await.unwrap().proposal
    };
    let first = begin(&ada, "An offer", Some("")).await;
    begin(&ada, "A draft", None).await;
    let second = begin(&bea, "Taken back", Some("")).await;
    world.store.withdraw_proposal(&bea, home.id, second.id, BASE).await.unwrap();
    assert_eq!(world.store.open_offers().await.unwrap(), vec![], "its time has not come");
    assert!(
        world.store.filed_proposals(&me, &home, &FiledFilter::default()).await.unwrap().heads.is_empty(),
        "they are sealed"
    );
    let closes = open.closes.as_ref().unwrap().instant();
    assert_eq!(world.store.next_opening().await.unwrap(), Some(closes));
    let (one, two) = (
        later(&world, SignedDuration::from_hours(1)).await,
        later(&world, SignedDuration::from_hours(1)).await,
    );
    let (a, b) = tokio::join!(one.open_offers(), two.open_offers());
    assert_eq!(a.unwrap().len() + b.unwrap().len(), 1, "once, however many nodes look at the clock");
    let opening = world.store.opening(home.id, open.id).await.unwrap().unwrap();
    assert_eq!(opening.closed, closes);
    let said: Vec<(u32, State)> = opening.offers.iter().map(|offer| (offer.number, offer.state)).collect();
    assert_eq!(said, [(first.number, State::Submitted), (second.number, State::Withdrawn)]);
    assert!(opening.offers.iter().all(|offer| offer.digest.len() == 64));
    assert_ne!(opening.offers[0].digest, opening.offers[1].digest);
    assert_eq!(one.next_opening().await.unwrap(), None);
    assert_eq!(one.filed_proposals(&me, &home, &FiledFilter::default()).await.unwrap().heads.len(), 2);
    let again = Call { closes: Some(tomorrow()), ..open.clone() };
    let sealed = one.put_call(&me, home.id, open.id, |_| Ok((again, vec![]))).await.unwrap_err();
    assert_eq!(refused(&sealed), "closes");
    let changed = one.revise_proposal(&ada, home.id, first.id, None, |_| Ok(content("Cheaper"))).await;
    assert_eq!(refused(&changed.unwrap_err()), "call");
    sound(&world).await;
}

fn tomorrow() -> Deadline {
    let zone = Zone::utc();
    let at: Timestamp = SystemClock.now() + SignedDuration::from_hours(24);
    Deadline { local: zone.local(at).datetime(), zone: DeadlineZone::Zone(zone) }
}

async fn a_call_that_said_something_is_not_removed(world: World) {
    let home = edition(&world).await;
    let (me, ada) = (operator(), person(&world, "ada@one.example").await);
    let open = call(&world, &home, CallKind::Bofs, 2).await;
    let quiet = call(&world, &home, CallKind::Sponsors, 2).await;
    world.store.ask(&ada, &home, open.id, &RichText::clean("Where?")).await.unwrap();
    let until = SystemClock.now() + SignedDuration::from_hours(1);
    let note = Line::from("Somebody");
    world.store.add_access_code(&me, &home, quiet.id, (&note, until)).await.unwrap();
    assert_eq!(refused(&world.store.remove_call(&me, home.id, open.id).await.unwrap_err()), "call");
    world.store.remove_call(&me, home.id, quiet.id).await.unwrap();
    assert!(world.store.access_codes(home.id, quiet.id).await.unwrap().is_empty());
    sound(&world).await;
}

async fn the_best_of_the_wait_list_takes_a_place_that_becomes_free(world: World) {
    let home = edition(&world).await;
    let me = operator();
    let open = call(&world, &home, CallKind::Presentations, 2).await;
    let open = Call { places: Some(1), ..open };
    let put = open.clone();
    world.store.put_call(&me, home.id, open.id, |_| Ok((put, vec![]))).await.unwrap();
    let reviewer = person(&world, "rita@reviewers.example").await;
    let role = NewGrant::new(reviewer.account.unwrap(), Role::Committee, Scope::Call(home.id, open.id));
    world.store.give(&me, &role).await.unwrap();
    let grants = world.store.grants_of(reviewer.account.unwrap()).await.unwrap();
    let reviewer = Subject::person(reviewer.account.unwrap(), grants, SystemClock.now());
    let mut all = vec![];
    for (index, score) in [3, 2, 5].into_iter().enumerate() {
        let author = person(&world, &format!("author{index}@place{index}.example")).await;
        let content = Content { minutes: Some(45), ..content(&format!("Talk {index}")) };
        let written =
            world.store.begin_proposal(&author, home.id, open.id, &content, Some("")).await.unwrap();
        let id = written.proposal.id;
        let review = |_: Option<&Review>, open: &store::OpenCall| {
            Ok(Review {
                proposal: id,
                reviewer: reviewer.account.unwrap(),
                revision: 1,
                scores: open.call.reviewing.criteria.iter().map(|one| (one.key.clone(), score)).collect(),
                to_committee: RichText::default(),
                to_authors: RichText::default(),
                submitted: true,
                at: SystemClock.now(),
            })
        };
        world.store.put_review(&reviewer, &home, id, review).await.unwrap();
        all.push((author, id));
    }
    let decide = async |index: usize, decision| {
        world.store.prepare_decision(&reviewer, &home, all[index].1, Some(decision)).await.unwrap();
        world.store.apply_decisions(&reviewer, &home, &[all[index].1], BASE).await.unwrap()
    };
    decide(0, Decision::Accept).await;
    decide(1, Decision::WaitList).await;
    decide(2, Decision::WaitList).await;
    let left = world.store.withdraw_proposal(&all[0].0, home.id, all[0].1, BASE).await.unwrap();
    assert_eq!((left.proposal.state, left.proposal.session), (State::Withdrawn, None), "it had no time yet");
    let promoted: Vec<_> = left.promoted.iter().map(|one| (one.id, one.state)).collect();
    assert_eq!(promoted, [(all[2].1, State::Accepted)], "the better one, and no more than there are places");
    let programme = world.store.programme(home.id).await.unwrap().unwrap();
    let titles: Vec<&str> = programme.sessions.iter().map(|session| session.title.as_str()).collect();
    assert!(titles.contains(&"Talk 2") && !titles.contains(&"Talk 0"), "{titles:?}");
    // A call that says otherwise leaves its wait list to the committee.
    let by_hand = Call { moves_up: false, ..open.clone() };
    world.store.put_call(&me, home.id, open.id, |_| Ok((by_hand, vec![]))).await.unwrap();
    let left = world.store.cancel_proposal(&reviewer, &home, all[2].1, BASE).await.unwrap();
    assert_eq!((left.proposal.state, left.promoted.len()), (State::Cancelled, 0));
    sound(&world).await;
}
