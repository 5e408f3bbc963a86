//! Forwards: what goes to another call, who is asked, and who sees nothing of it.

use crate::{
    harness::{World, on_both},
    programme::import,
    sample,
};
use jiff::SignedDuration;
use model::{
    account::Proof,
    call::{Answer, Call, CallKind, Deadline, DeadlineZone, Field, FieldKey, FieldKind, Reader},
    edition::Edition,
    email::Email,
    feed::Actor,
    forward::{State, Step},
    id::{CallId, ForwardId, ProposalId},
    partner::{Envelope, Message, PublicKey, edition_address},
    permission::{Role, Scope, Subject},
    proposal::{Content, Decision, State as Standing},
    review::Review,
    text::{Line, RichText, Slug},
    time::{Clock, StoppedClock, SystemClock, Zone},
};
use std::sync::Arc;
use store::{
    Error, ForwardAnswer, MailFilter, NewAccount, NewGrant, NewPartner, Received, SentMessage, Store, Target,
};
use uuid::Uuid;

on_both!(
    a_proposal_goes_once_its_author_and_the_receiver_agree_and_both_ends_keep_the_trail,
    whoever_has_a_conflict_sees_nothing_of_a_forward_at_either_end,
    who_reviews_a_blind_call_learns_no_author_by_a_forward,
    an_author_a_sender_and_a_withdrawal_end_a_forward,
    what_a_committee_did_with_a_forward_is_taken_back_and_not_what_an_author_answered,
    a_closed_call_of_another_edition_takes_what_its_committee_accepts,
    what_nobody_answers_is_reminded_once_a_week,
    a_partner_is_told_once_and_what_it_tells_counts_once,
);

const BASE: &str = "https://conf.example.org";

fn operator() -> Subject {
    Subject::operator("test".to_owned(), SystemClock.now())
}

async fn sound(store: &Store) {
    assert_eq!(store::verify(store).await.unwrap(), Vec::<String>::new());
}

fn refused(error: &Error) -> String {
    let Error::Refused(refusal) = error else { panic!("{error}") };
    refusal.to_string()
}

async fn person(store: &Store, address: &str, roles: &[(Role, Scope)]) -> Subject {
    let name = Line::clean(address.split('@').next().unwrap());
    let new = NewAccount { name, ..NewAccount::default() };
    let proof = Proof::Email(Email::parse(address).unwrap());
    let account = store.account_for(&Actor::System, &proof, &new).await.unwrap();
    for (role, scope) in roles {
        store.give(&operator(), &NewGrant::new(account, *role, scope.clone())).await.unwrap();
    }
    Subject::person(account, store.grants_of(account).await.unwrap(), store.clock().now())
}

fn field(label: &str, required: bool) -> Field {
    Field {
        key: FieldKey::from_label(label, std::iter::empty()),
        label: Line::from(label),
        help: Line::default(),
        kind: FieldKind::Text { long: false, words: None },
        required,
        reader: Reader::Committee,
        only_if: None,
    }
}

/// An edition with talks and, in `other`, BoFs, each with a committee of its own; and Ada's talk.
struct Hall {
    store: Store,
    home: Edition,
    there: Edition,
    talks: CallId,
    bofs: CallId,
    sender: Subject,
    receiver: Subject,
    ada: Subject,
    talk: ProposalId,
}

impl Hall {
    async fn new(world: &World, there: &str, bofs: impl FnOnce(&mut Call)) -> Self {
        let store = world.store.clone();
        let mut editions = vec![];
        for slug in ["garden", there] {
            let programme = sample::programme(slug, 2);
            if store.edition(&programme.edition.slug).await.unwrap().is_none() {
                import(world, &programme).await;
            }
            editions.push(store.edition(&programme.edition.slug).await.unwrap().unwrap().edition);
        }
        let [home, there] = <[Edition; 2]>::try_from(editions).unwrap();
        let (talks, bof) =
            (CallId::from_key("garden", "talks"), CallId::from_key(there.slug.as_str(), "bofs"));
        let new = Call { published: true, ..Call::usual(talks, CallKind::Presentations) };
        let fields = vec![field("Outcome sought", true), field("Secret wish", false)];
        store.put_call(&operator(), home.id, talks, |_| Ok((new, fields))).await.unwrap();
        let mut new = Call { published: true, minutes: vec![15, 30], ..Call::usual(bof, CallKind::Bofs) };
        bofs(&mut new);
        let fields = vec![field("Outcome sought", false), field("Who must come?", true)];
        store.put_call(&operator(), there.id, bof, |_| Ok((new, fields))).await.unwrap();
        let sender =
            person(&store, "sara@talks.example", &[(Role::Committee, Scope::Call(home.id, talks))]).await;
        let receiver =
            person(&store, "ben@bofs.example", &[(Role::Committee, Scope::Call(there.id, bof))]).await;
        let ada = person(&store, "ada@authors.example", &[]).await;
        let mut content = Content {
            title: Line::from("Compost for all"),
            summary: RichText::clean("About heaps."),
            minutes: Some(45),
            form: 1,
            ..Content::default()
        };
        for (key, said) in [("outcome_sought", "A plan"), ("secret_wish", "Not on Monday")] {
            content.answers.insert(FieldKey::parse(key).unwrap(), Answer::Line(Line::from(said)));
        }
        let talk = store.begin_proposal(&ada, home.id, talks, &content, Some("")).await.unwrap().proposal.id;
        let bo = Email::parse("bo@authors.example").unwrap();
        store.invite_author(&ada, home.id, talk, (&Line::from("Bo"), &bo, false), BASE).await.unwrap();
        Self { store, home, there, talks, bofs: bof, sender, receiver, ada, talk }
    }

    async fn offer(&self) -> ForwardId {
        let note = RichText::clean("Better as a BoF.");
        let to = Target::Here(self.there.id, self.bofs);
        let offered = self.store.offer_forward(&self.sender, &self.home, self.talk, (&to, &note), BASE).await;
        offered.unwrap().id
    }

    async fn agree(&self, id: ForwardId, agree: bool) -> store::Result<model::forward::Forward> {
        let none = RichText::default();
        self.store.answer_forward(&self.ada, self.home.id, (self.talk, id), (agree, &none), BASE).await
    }

    async fn decide(
        &self,
        by: &Subject,
        id: ForwardId,
        accept: bool,
    ) -> store::Result<model::forward::Forward> {
        let answer = ForwardAnswer { accept, minutes: None, note: RichText::clean("Gladly.") };
        self.store.decide_forward(by, &self.there, id, &answer, BASE).await
    }

    /// How many mails have a subject that holds `text`.
    async fn mails(&self, text: &str) -> usize {
        let all = self.store.mails(&MailFilter::default(), None, 200).await.unwrap().mails;
        all.iter().filter(|mail| mail.subject.as_str().contains(text)).count()
    }

    async fn state(&self) -> Standing {
        let own = self.store.own_proposal(&self.ada, self.home.id, self.talk).await.unwrap().unwrap();
        own.proposal.state
    }
}

async fn a_proposal_goes_once_its_author_and_the_receiver_agree_and_both_ends_keep_the_trail(world: World) {
    let hall = Hall::new(&world, "garden", |_| ()).await;
    let (store, home) = (&hall.store, &hall.home);
    // What the committee says, and a review, stay behind.
    let said = RichText::clean("Too small for the stage.");
    store.comment_proposal(&hall.sender, home, hall.talk, (false, &said), BASE).await.unwrap();
    let me = hall.sender.account.unwrap();
    let review = |_: Option<&Review>, _: &store::OpenCall| {
        Ok(Review {
            proposal: hall.talk,
            reviewer: me,
            revision: 1,
            scores: [].into(),
            to_committee: said.clone(),
            to_authors: said.clone(),
            submitted: false,
            at: SystemClock.now(),
        })
    };
    store.put_review(&hall.sender, home, hall.talk, review).await.unwrap();
    store.decide_proposal(&hall.sender, home, hall.talk, Decision::WaitList, BASE).await.unwrap();
    let targets = store.forward_targets(&hall.sender, home, hall.talk).await.unwrap();
    assert_eq!(targets.here.iter().map(|(_, call)| call.id).collect::<Vec<_>>(), [hall.bofs]);
    let id = hall.offer().await;
    assert_eq!(hall.mails("may your proposal #1 be passed on?").await, 1, "only Ada has joined");
    assert!(refused(&hall.decide(&hall.receiver, id, true).await.unwrap_err()).contains("not there"));
    assert!(store.incoming_forwards(&hall.receiver, home).await.unwrap().is_empty(), "she did not agree yet");
    let again = (&Target::Here(home.id, hall.bofs), &RichText::default());
    let again = store.offer_forward(&hall.sender, home, hall.talk, again, BASE).await.unwrap_err();
    assert!(refused(&again).contains("passed on already"));
    hall.agree(id, true).await.unwrap();
    assert_eq!(hall.mails("is passed on to").await, 1);
    let waiting = store.to_do(&hall.receiver, home).await.unwrap().incoming;
    assert_eq!((waiting.len(), waiting[0].title.as_str()), (1, "Compost for all"));
    let incoming = store.incoming_forward(&hall.receiver, home, id).await.unwrap().unwrap();
    assert_eq!(incoming.carried.content.minutes, Some(30), "45 minutes do not fit");
    assert_eq!(incoming.carried.left[0].text, "Not on Monday");
    assert_eq!(incoming.carried.missing, [Line::from("Who must come?")]);
    let forward = hall.decide(&hall.receiver, id, true).await.unwrap();
    assert_eq!((forward.state, hall.state().await), (State::Accepted, Standing::Forwarded));
    let new = forward.to.proposal().unwrap();
    let filed = store.filed_proposal(&hall.receiver, home, new).await.unwrap().unwrap();
    assert_eq!((filed.proposal.state, filed.proposal.number), (Standing::Submitted, 2));
    let answers = &filed.proposal.content.answers;
    assert_eq!(answers.values().map(Answer::plain).collect::<Vec<_>>(), ["A plan"]);
    let authors: Vec<String> = filed.authors.unwrap().iter().map(|one| one.name.to_string()).collect();
    assert_eq!(authors, ["ada", "Bo"]);
    assert!(filed.reviews.is_empty() && filed.comments.is_empty() && filed.mine.is_none());
    // Ada has it in both calls, and the second asks for what it lacks at the next edit.
    let own = store.own_proposal(&hall.ada, home.id, new).await.unwrap().unwrap();
    let edited = store
        .revise_proposal(&hall.ada, home.id, new, None, |own| {
            Ok(Content { title: Line::from("Heaps"), ..own.proposal.content.clone() })
        })
        .await;
    assert!(refused(&edited.unwrap_err()).contains("it is empty"), "{:?}", own.proposal.content);
    assert_eq!(hall.mails("is #2 of").await, 1);
    // The trail stands at both ends.
    let steps = |views: &[store::ForwardView]| {
        views[0].trail.iter().map(|step| (step.step, step.by.to_string())).collect::<Vec<_>>()
    };
    let sent = store.forwards_of(&hall.sender, home, hall.talk).await.unwrap();
    let expected = [(Step::Ask, "sara"), (Step::Agree, "ada"), (Step::Accept, "ben")];
    let expected: Vec<(Step, String)> = expected.map(|(step, by)| (step, by.to_owned())).to_vec();
    assert_eq!(steps(&sent), expected);
    assert_eq!(steps(&store.forwards_of(&hall.receiver, home, new).await.unwrap()), expected);
    let own = store.own_forwards(&hall.ada, home.id, hall.talk).await.unwrap();
    assert_eq!(steps(&own)[0].1, "The committee");
    assert!(hall.decide(&hall.receiver, id, false).await.is_err(), "it is settled");
    assert!(store.withdraw_proposal(&hall.ada, home.id, hall.talk, BASE).await.is_err());
    sound(store).await;
}

async fn whoever_has_a_conflict_sees_nothing_of_a_forward_at_either_end(world: World) {
    let hall = Hall::new(&world, "garden", |_| ()).await;
    let (store, home) = (&hall.store, &hall.home);
    // One works where Ada does; the other declared it.
    let calls = [hall.talks, hall.bofs].map(|call| (Role::Committee, Scope::Call(home.id, call)));
    let near = person(store, "nora@authors.example", &calls).await;
    let declared = person(store, "dan@away.example", &calls).await;
    store.declare_conflict(&declared, home, hall.talk, true).await.unwrap();
    let id = hall.offer().await;
    hall.agree(id, true).await.unwrap();
    for who in [&near, &declared] {
        assert!(store.forwards_of(who, home, hall.talk).await.unwrap().is_empty());
        assert!(store.forward_targets(who, home, hall.talk).await.unwrap().here.is_empty());
        assert!(store.incoming_forwards(who, home).await.unwrap().is_empty());
        assert!(store.outgoing_forwards(who, home).await.unwrap().is_empty());
        let to_do = store.to_do(who, home).await.unwrap();
        assert!(to_do.incoming.is_empty() && to_do.outgoing.is_empty());
        assert!(store.incoming_forward(who, home, id).await.unwrap().is_none());
        assert!(hall.decide(who, id, true).await.is_err());
        assert!(store.cancel_forward(who, home, id, &RichText::default(), BASE).await.is_err());
    }
    assert_eq!(hall.mails("is passed on to").await, 1, "the receiver without a conflict, and nobody else");
    assert_eq!(store.outgoing_forwards(&hall.sender, home).await.unwrap().len(), 1);
    // What was declared holds for what comes of it; the feed names neither proposal nor author.
    let new = hall.decide(&hall.receiver, id, true).await.unwrap().to.proposal().unwrap();
    let filed = store.filed_proposal(&declared, home, new).await.unwrap().unwrap();
    assert!(!filed.conflicts.is_empty() && store.forwards_of(&declared, home, new).await.unwrap().is_empty());
    let entries = store.changes_since(0, 10_000).await.unwrap();
    let told: Vec<String> = entries
        .iter()
        .filter(|entry| entry.kind.starts_with("forward"))
        .map(|entry| serde_json::to_string(&entry.after).unwrap())
        .collect();
    assert!(!told.is_empty());
    for text in told {
        assert!(!text.contains(&hall.talk.to_string()) && !text.contains(&new.to_string()), "{text}");
    }
    sound(store).await;
}

async fn who_reviews_a_blind_call_learns_no_author_by_a_forward(world: World) {
    let hall = Hall::new(&world, "garden", |call| call.reviewing.naming = model::call::Naming::Blind).await;
    let (store, home) = (&hall.store, &hall.home);
    let rita = person(store, "rita@away.example", &[(Role::Reviewer, Scope::Call(home.id, hall.bofs))]).await;
    let id = hall.offer().await;
    let note = RichText::clean("I am Ada.");
    store.answer_forward(&hall.ada, home.id, (hall.talk, id), (true, &note), BASE).await.unwrap();
    assert!(store.incoming_forwards(&rita, home).await.unwrap().is_empty(), "she decides nothing");
    let new = hall.decide(&hall.receiver, id, true).await.unwrap().to.proposal().unwrap();
    let seen = store.forwards_of(&rita, home, new).await.unwrap();
    let agreed = seen[0].trail.iter().find(|step| step.step == Step::Agree).unwrap();
    assert_eq!((agreed.by.as_str(), agreed.note.is_empty()), ("An author", true));
    assert!(seen[0].forward.left.is_empty(), "it was for the committee");
    let decides = store.forwards_of(&hall.receiver, home, new).await.unwrap();
    assert_eq!((decides[0].trail[1].by.as_str(), decides[0].forward.left.len()), ("ada", 1));
}

async fn an_author_a_sender_and_a_withdrawal_end_a_forward(world: World) {
    let hall = Hall::new(&world, "garden", |_| ()).await;
    let (store, home) = (&hall.store, &hall.home);
    let id = hall.offer().await;
    hall.agree(id, true).await.unwrap();
    // One who agreed is enough; one who refuses afterwards ends it all the same.
    assert!(refused(&hall.agree(id, true).await.unwrap_err()).contains("another author agreed already"));
    assert_eq!(hall.agree(id, false).await.unwrap().state, State::Refused);
    assert_eq!((hall.state().await, hall.mails("is not passed on").await), (Standing::Submitted, 1));
    let id = hall.offer().await;
    let none = RichText::default();
    assert!(store.cancel_forward(&hall.receiver, home, id, &none, BASE).await.is_err(), "not theirs");
    let cancelled = store.cancel_forward(&hall.sender, home, id, &none, BASE).await.unwrap();
    assert_eq!(cancelled.state, State::Cancelled);
    assert!(refused(&hall.agree(id, true).await.unwrap_err()).contains("settled"));
    let id = hall.offer().await;
    hall.agree(id, true).await.unwrap();
    assert_eq!(hall.decide(&hall.receiver, id, false).await.unwrap().state, State::Declined);
    assert_eq!((hall.state().await, hall.mails("was not taken").await), (Standing::Submitted, 1));
    let id = hall.offer().await;
    hall.agree(id, true).await.unwrap();
    store.withdraw_proposal(&hall.ada, home.id, hall.talk, BASE).await.unwrap();
    let all = store.forwards_of(&hall.sender, home, hall.talk).await.unwrap();
    assert_eq!((all.len(), all[0].forward.id, all[0].forward.state), (4, id, State::Refused));
    assert!(hall.decide(&hall.receiver, id, true).await.is_err());
    let to = (&Target::Here(home.id, hall.bofs), &none);
    let gone = store.offer_forward(&hall.sender, home, hall.talk, to, BASE).await.unwrap_err();
    assert!(refused(&gone).contains("withdrawn"));
    sound(store).await;
}

async fn what_a_committee_did_with_a_forward_is_taken_back_and_not_what_an_author_answered(world: World) {
    let hall = Hall::new(&world, "garden", |_| ()).await;
    let (store, home) = (&hall.store, &hall.home);
    let id = hall.offer().await;
    hall.agree(id, true).await.unwrap();
    let agreed = store.head().await.unwrap();
    let error = store.undo(&operator(), agreed).await.unwrap_err();
    assert!(refused(&error).contains("theirs"), "{error}");
    let new = hall.decide(&hall.receiver, id, true).await.unwrap().to.proposal().unwrap();
    let accepted = store.head().await.unwrap();
    store.undo(&operator(), accepted).await.unwrap();
    assert_eq!(hall.state().await, Standing::Submitted);
    assert!(store.own_proposal(&hall.ada, home.id, new).await.unwrap().is_none());
    let all = store.forwards_of(&hall.sender, home, hall.talk).await.unwrap();
    assert_eq!((all[0].forward.state, all[0].trail.len()), (State::Offered, 2));
    sound(store).await;
    // It waits again, and can be taken again.
    assert_eq!(hall.decide(&hall.receiver, id, true).await.unwrap().state, State::Accepted);
    sound(store).await;
}

async fn a_closed_call_of_another_edition_takes_what_its_committee_accepts(world: World) {
    let closed = |call: &mut Call| {
        let zone = Zone::utc();
        let local = zone.local(SystemClock.now() - SignedDuration::from_hours(48)).datetime();
        call.closes = Some(Deadline { local, zone: DeadlineZone::Zone(zone) });
    };
    let hall = Hall::new(&world, "orchard", closed).await;
    let store = &hall.store;
    store.decide_proposal(&hall.sender, &hall.home, hall.talk, Decision::Decline, BASE).await.unwrap();
    let id = hall.offer().await;
    hall.agree(id, true).await.unwrap();
    assert!(store.incoming_forward(&hall.receiver, &hall.home, id).await.unwrap().is_none(), "not here");
    let answer = ForwardAnswer { accept: true, minutes: Some(20), note: RichText::default() };
    let error = store.decide_forward(&hall.receiver, &hall.there, id, &answer, BASE).await.unwrap_err();
    assert!(refused(&error).contains("no 20 minutes"));
    let answer = ForwardAnswer { minutes: Some(15), ..answer };
    let taken = store.decide_forward(&hall.receiver, &hall.there, id, &answer, BASE).await.unwrap();
    let new = taken.to.proposal().unwrap();
    let own = store.own_proposal(&hall.ada, hall.there.id, new).await.unwrap().unwrap();
    assert_eq!((own.proposal.state, own.proposal.content.minutes), (Standing::Submitted, Some(15)));
    assert_eq!(own.proposal.number, 1, "by the numbers of that edition");
    sound(store).await;
}

async fn what_nobody_answers_is_reminded_once_a_week(world: World) {
    let hall = Hall::new(&world, "garden", |_| ()).await;
    let id = hall.offer().await;
    assert_eq!(hall.store.remind_forwards(BASE).await.unwrap(), 0);
    let after = async |days: i64| {
        let clock = Arc::new(StoppedClock(SystemClock.now() + SignedDuration::from_hours(24 * days)));
        let later = Store::open(&world.location, clock).await.unwrap();
        let mails = later.remind_forwards(BASE).await.unwrap();
        later.close().await;
        mails
    };
    assert_eq!((after(8).await, after(9).await, after(15).await), (1, 0, 1), "the author");
    hall.agree(id, true).await.unwrap();
    assert_eq!(hall.mails("waits for").await, 0);
    assert_eq!((after(8).await, after(8).await), (1, 0), "the receiver");
    assert_eq!(hall.mails("waits for").await, 1);
}

async fn a_partner_is_told_once_and_what_it_tells_counts_once(world: World) {
    // One record stands for both Plenarys: the garden offers, the orchard receives.
    let hall = Hall::new(&world, "orchard", |_| ()).await;
    let store = &hall.store;
    let key = PublicKey([7; 32]);
    let address = |edition: &Edition| edition_address(&format!("{BASE}/{}/", edition.slug)).unwrap();
    let enter = async |own: &Edition, other: &Edition| {
        let new = NewPartner { name: other.title.clone(), address: address(other), key };
        store.add_partner(&operator(), own.id, &new).await.unwrap()
    };
    let (to, from) = (enter(&hall.home, &hall.there).await, enter(&hall.there, &hall.home).await);
    assert!(
        store
            .add_partner(
                &hall.ada,
                hall.home.id,
                &NewPartner { name: Line::from("x"), address: address(&hall.home), key }
            )
            .await
            .is_err()
    );
    // Delivers what waits, and gives the kinds that were delivered.
    let mut nonce = 0;
    let mut deliver = async |twice: bool| {
        let mut kinds = vec![];
        for due in store.due_messages().await.unwrap() {
            let mine = due.edition.id == hall.home.id;
            let (edition, partner) = if mine { (&hall.there, from) } else { (&hall.home, to) };
            let known = store.partners(&operator(), edition.id).await.unwrap();
            let known = known.into_iter().find(|one| one.partner.id == partner).unwrap().partner;
            let envelope = Envelope {
                id: due.id,
                from: address(&due.edition),
                forward: due.forward,
                message: due.message.clone(),
            };
            let mut calls = None;
            for _ in 0..if twice { 2 } else { 1 } {
                nonce += 1;
                let told = (&envelope, format!("n{nonce}"));
                let told = (told.0, told.1.as_str());
                let got = store.receive_message(edition, &known, told, BASE).await.unwrap();
                let replayed = store.receive_message(edition, &known, told, BASE).await.unwrap_err();
                assert!(refused(&replayed).contains("received already"));
                if let Received::Calls(all) = got {
                    calls = Some(all);
                }
            }
            kinds.push(due.message.kind().as_str());
            let sent = SentMessage { taken: true, calls, ..SentMessage::default() };
            store.finish_message(&due, &sent).await.unwrap();
        }
        kinds
    };
    assert_eq!(Box::pin(deliver(false)).await, ["calls", "calls"]);
    let targets = store.forward_targets(&hall.sender, &hall.home, hall.talk).await.unwrap();
    let their = &targets.away[0].calls;
    assert_eq!(their.iter().map(|call| call.slug.as_str()).collect::<Vec<_>>(), ["bofs"]);
    let none = RichText::default();
    let away = Target::Away(to, Slug::parse("bofs").unwrap());
    let offer = async || {
        let note = RichText::clean("Better with you.");
        let id =
            store.offer_forward(&hall.sender, &hall.home, hall.talk, (&away, &note), BASE).await.unwrap().id;
        let agreed =
            store.answer_forward(&hall.ada, hall.home.id, (hall.talk, id), (true, &none), BASE).await;
        agreed.unwrap();
        id
    };
    // Here both ends would share one row, so the identifier is another at the receiver.
    let id = offer().await;
    let due = store.due_messages().await.unwrap();
    let Message::Offer { proposal, call, .. } = &due[0].message else { panic!("{:?}", due[0].message) };
    assert_eq!((proposal.title.as_str(), call.as_str()), ("Compost for all", "bofs"));
    assert_eq!(proposal.authors.len(), 2, "who was invited comes along");
    let text = serde_json::to_string(&due[0].message).unwrap();
    assert!(text.contains("Not on Monday") && !text.contains("review"), "{text}");
    let their = store.partners(&operator(), hall.there.id).await.unwrap()[0].partner.clone();
    let there = ForwardId(Uuid::now_v7());
    let offered = Envelope {
        id: due[0].id,
        from: address(&hall.home),
        forward: Some(there),
        message: due[0].message.clone(),
    };
    for nonce in ["one", "two"] {
        store.receive_message(&hall.there, &their, (&offered, nonce), BASE).await.unwrap();
    }
    assert_eq!(store.incoming_forwards(&hall.receiver, &hall.there).await.unwrap().len(), 1);
    // Who proved an address that is named has a conflict, as has who works where an author does.
    for address in ["ada@authors.example", "nora@authors.example"] {
        let roles = [(Role::Committee, Scope::Call(hall.there.id, hall.bofs))];
        let who = person(store, address, &roles).await;
        assert!(store.incoming_forward(&who, &hall.there, there).await.unwrap().is_none(), "{address}");
        assert!(store.incoming_forwards(&who, &hall.there).await.unwrap().is_empty(), "{address}");
    }
    // A partner that does not answer is asked again later, and given up when it says that it is wrong.
    let failed = SentMessage { answer: "no answer".to_owned(), ..SentMessage::default() };
    store.finish_message(&due[0], &failed).await.unwrap();
    assert!(store.due_messages().await.unwrap().is_empty());
    assert_eq!(store.forward_trouble(id).await.unwrap(), Some((1, "no answer".to_owned(), true)));
    store.ask_partner(&operator(), hall.home.id, to).await.unwrap();
    let due = store.due_messages().await.unwrap();
    store.finish_message(&due[0], &SentMessage { taken: true, ..SentMessage::default() }).await.unwrap();
    assert_eq!(store.forward_trouble(id).await.unwrap(), None);
    let answer = ForwardAnswer { accept: true, minutes: None, note: RichText::clean("Gladly.") };
    let taken = store.decide_forward(&hall.receiver, &hall.there, there, &answer, BASE).await.unwrap();
    let new =
        store.filed_proposal(&operator(), &hall.there, taken.to.proposal().unwrap()).await.unwrap().unwrap();
    let authors = new.authors.unwrap();
    assert!(authors.iter().all(|author| author.account.is_none() && author.email.is_some()), "{authors:?}");
    assert_eq!(hall.mails("your proposal is #1 of").await, 2, "they are invited");
    // Their answer comes back, and counts once.
    let mine = store.partners(&operator(), hall.home.id).await.unwrap()[0].partner.clone();
    let answers = store.due_messages().await.unwrap();
    let answer = answers.iter().find(|due| due.message.kind().as_str() == "answer").unwrap();
    let told = Envelope {
        id: answer.id,
        from: address(&hall.there),
        forward: Some(id),
        message: answer.message.clone(),
    };
    for nonce in ["three", "four"] {
        store.receive_message(&hall.home, &mine, (&told, nonce), BASE).await.unwrap();
    }
    assert_eq!(hall.state().await, Standing::Forwarded);
    let own = store.own_forwards(&hall.ada, hall.home.id, hall.talk).await.unwrap();
    let page = own[0].to.page.as_ref().unwrap().as_str().to_owned();
    assert!(page.starts_with(BASE) && page.contains("/account/proposals/orchard/"), "{page}");
    assert_eq!(own[0].trail.last().unwrap().by.as_str(), "The committee");
    // Neither can be told by somebody else in the name of a partner.
    let other = Envelope { forward: Some(id), ..offered };
    let error = store.receive_message(&hall.there, &their, (&other, "five"), BASE).await.unwrap_err();
    assert!(refused(&error).contains("forward"), "{error}");
    assert!(store.remove_partner(&operator(), hall.home.id, to).await.is_err(), "the trail names it");
    sound(store).await;
}
