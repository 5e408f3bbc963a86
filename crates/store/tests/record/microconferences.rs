//! Microconferences: called ready, accepted with all they need, run by their leads, merged and split, and taken back whole.

use crate::{
    harness::{World, on_both},
    programme::import,
    sample,
};
use model::{
    account::Proof,
    call::{Answer, Call, CallKind, Deadline, DeadlineZone, FieldKey, Form},
    edit::{Command, Placing},
    edition::Edition,
    email::Email,
    feed::Actor,
    id::{AccountId, CallId, ProposalId, SlotId},
    microconference::{Agenda, Check, Format, Item, TOPICS, topics},
    permission::{Role, Scope, Subject},
    post::Publication,
    programme::SessionKind,
    proposal::{Content, Decision, State},
    text::{Line, RichText},
    time::{Clock, SystemClock},
};
use std::collections::BTreeSet;
use store::{Acceptance, NewAccount, NewGrant, Store};

on_both!(
    one_is_accepted_with_all_it_needs_and_all_of_it_is_taken_back_at_once,
    they_are_accepted_in_the_order_in_which_they_became_ready,
    reviewers_of_a_blind_call_learn_no_lead,
    topics_fill_the_block_and_follow_it,
    a_format_that_was_open_is_settled_and_everybody_is_told,
    two_become_one_and_one_becomes_two_and_both_can_be_undone,
    an_idea_waits_for_somebody_who_leads_it,
);

const BASE: &str = "https://conf.example.org";

/// An edition with an open call for microconferences, and its organiser.
struct Stage {
    store: Store,
    edition: Edition,
    call: CallId,
    organiser: Subject,
}

/// Somebody who is called as their address begins.
async fn somebody(store: &Store, address: &str) -> AccountId {
    let name = Line::clean(address.split('@').next().unwrap());
    let new = NewAccount { name, ..NewAccount::default() };
    store.account_for(&Actor::System, &Proof::Email(Email::parse(address).unwrap()), &new).await.unwrap()
}

async fn person(store: &Store, address: &str) -> Subject {
    let account = somebody(store, address).await;
    subject(store, account).await
}

/// Somebody with the rights that they have now.
async fn subject(store: &Store, account: AccountId) -> Subject {
    Subject::person(account, store.grants_of(account).await.unwrap(), store.clock().now())
}

impl Stage {
    async fn new(world: &World) -> Self {
        let store = world.store.clone();
        let programme = sample::programme("garden", 6);
        import(world, &programme).await;
        let edition = store.edition(&programme.edition.slug).await.unwrap().unwrap().edition;
        let account = somebody(&store, "olga@committee.example").await;
        let operator = Subject::operator("test".to_owned(), SystemClock.now());
        let role = NewGrant::new(account, Role::Organiser, Scope::Edition(edition.id));
        store.give(&operator, &role).await.unwrap();
        let organiser = subject(&store, account).await;
        let call = CallId::from_key("garden", "mc");
        let open = Call { published: true, ..Call::usual(call, CallKind::Microconferences) };
        let fields = Form::usual(CallKind::Microconferences).fields;
        store.put_call(&organiser, edition.id, call, |_| Ok((open, fields))).await.unwrap();
        Self { store, edition, call, organiser }
    }

    async fn propose(&self, who: &Subject, title: &str, lines: &str) -> ProposalId {
        let key = |text: &str| FieldKey::parse(text).unwrap();
        let people = model::call::People { public: vec![Line::from("Ada")], private: vec![Line::from("Bo")] };
        let content = Content {
            title: Line::from(title),
            summary: RichText::clean(&format!("All about {title}.")),
            minutes: Some(180),
            form: 1,
            answers: [
                (key("problem_statement"), Answer::Text(RichText::clean("Much is open."))),
                (key("key_attendees"), Answer::People(people)),
                (key(TOPICS), Answer::Text(RichText::clean(lines))),
            ]
            .into(),
            ..Content::default()
        };
        let begun = self.store.begin_proposal(who, self.edition.id, self.call, &content, Some("")).await;
        begun.unwrap().proposal.id
    }

    async fn ready(&self, who: &Subject, id: ProposalId) {
        let all: BTreeSet<Check> = Check::ALL.iter().copied().collect();
        self.store.check_microconference(who, self.edition.id, id, &all, true).await.unwrap();
    }

    async fn accept(&self, id: ProposalId, format: Option<Format>) -> store::Result<State> {
        let how = Acceptance { format, closes: None };
        let accepted =
            self.store.accept_microconference(&self.organiser, &self.edition, id, &how, BASE).await;
        accepted.map(|proposal| proposal.state)
    }

    /// A microconference that was accepted, and its lead.
    async fn accepted(&self, format: Option<Format>) -> (ProposalId, Subject) {
        let lead = person(&self.store, "lea@leads.example").await;
        let id = self.propose(&lead, "Sheds", "Doors\nRoofs\nFloors").await;
        self.ready(&lead, id).await;
        self.accept(id, format).await.unwrap();
        (id, subject(&self.store, lead.account.unwrap()).await)
    }

    async fn topic(&self, call: CallId, who: &Subject, title: &str, minutes: u16) -> ProposalId {
        let content = Content {
            title: Line::from(title),
            summary: RichText::clean("x"),
            minutes: Some(minutes),
            form: 1,
            answers: [
                (FieldKey::parse("problem").unwrap(), Answer::Text(RichText::clean("x"))),
                (FieldKey::parse("what_do_you_want_to_discuss").unwrap(), Answer::Text(RichText::clean("x"))),
                (
                    FieldKey::parse("how_will_you_take_part").unwrap(),
                    Answer::Chosen(vec![Line::from("In person")]),
                ),
            ]
            .into(),
            ..Content::default()
        };
        let begun = self.store.begin_proposal(who, self.edition.id, call, &content, Some("")).await;
        begun.unwrap().proposal.id
    }

    async fn view(&self, who: &Subject, id: ProposalId) -> store::MicroconferenceView {
        self.store.microconference(who, &self.edition, id).await.unwrap().unwrap()
    }

    async fn sound(&self) {
        assert_eq!(store::verify(&self.store).await.unwrap(), Vec::<String>::new());
    }
}

async fn one_is_accepted_with_all_it_needs_and_all_of_it_is_taken_back_at_once(world: World) {
    let stage = Stage::new(&world).await;
    let store = &stage.store;
    let before = store.programme(stage.edition.id).await.unwrap().unwrap();
    let (id, lead) = stage.accepted(None).await;
    let view = stage.view(&lead, id).await;
    assert!(view.may_lead && !view.may_decide, "a lead runs it and does not decide on it");
    assert_eq!(view.proposal.state, State::Provisional);
    let held = view.microconference.held.clone().unwrap();
    let after = store.programme(stage.edition.id).await.unwrap().unwrap();
    let track = after.tracks.iter().find(|track| track.id == held.track).unwrap();
    assert_eq!(track.name.as_str(), "Sheds");
    let block = after.sessions.iter().find(|session| session.id == held.block).unwrap();
    assert_eq!((block.kind, block.track), (SessionKind::Microconference, Some(track.id)));
    assert_eq!(block.people[0].role, model::programme::Role::Lead);
    let call = view.topic_call.unwrap().call;
    assert!(call.published && call.kind == CallKind::Topics && call.track == Some(track.id));
    let limit = Call::usual(stage.call, CallKind::Microconferences).terms.latest(&stage.edition);
    assert_eq!(call.closes, Some(limit));
    let post = view.post.unwrap();
    assert_eq!(post.publication, Publication::Draft);
    for said in
        ["Doors", "Much is open", "- Ada", "lea", &format!("{BASE}/garden/calls/{}/propose/", call.slug)]
    {
        assert!(post.body.as_str().contains(said), "{said}: {}", post.body.as_str());
    }
    assert!(!post.body.as_str().contains("Bo"), "who is private stays so");
    stage.sound().await;

    // The draft is its leads' to change and not to publish before the committee has agreed.
    let refused = store.announce_microconference(&lead, &stage.edition, id, BASE).await.unwrap_err();
    assert!(refused.to_string().contains("has not agreed"), "{refused}");
    assert!(store.nod_microconference(&lead, &stage.edition, id, true).await.is_err(), "not by the lead");

    store.take_back_microconference(&stage.organiser, &stage.edition, id, BASE).await.unwrap();
    assert_eq!(store.programme(stage.edition.id).await.unwrap().unwrap(), before);
    assert_eq!(store.calls(stage.edition.id).await.unwrap().len(), 1);
    assert!(store.posts(stage.edition.id).await.unwrap().is_empty());
    let view = stage.view(&stage.organiser, id).await;
    assert_eq!((view.proposal.state, view.proposal.session), (State::Submitted, None));
    assert!(view.microconference.held.is_none() && view.microconference.ready.is_some());
    let lead = subject(store, lead.account.unwrap()).await;
    assert!(lead.holding().next().is_none(), "the role is revoked");
    stage.sound().await;
    // And accepted again, and published by its lead.
    stage.accept(id, Some(Format::Full)).await.unwrap();
    store.nod_microconference(&stage.organiser, &stage.edition, id, true).await.unwrap();
    let lead = subject(store, lead.account.unwrap()).await;
    let post = stage.view(&lead, id).await.post.unwrap().id;
    let rewrite = |text: &'static str| {
        move |post: model::post::Post| Ok(model::post::Post { body: RichText::clean(text), ..post })
    };
    store.change_post(&lead, stage.edition.id, post, rewrite("Quite another text.")).await.unwrap();
    let refused = store.announce_microconference(&lead, &stage.edition, id, BASE).await.unwrap_err();
    assert!(refused.to_string().contains("changed since"), "the nod is for a text: {refused}");
    store.nod_microconference(&stage.organiser, &stage.edition, id, true).await.unwrap();
    store.announce_microconference(&lead, &stage.edition, id, BASE).await.unwrap();
    assert!(stage.view(&lead, id).await.post.unwrap().published().is_some());
    stage.sound().await;
    // Whoever withdraws it leads it no more, and does not come back by the way of a new proposal.
    store.withdraw_proposal(&lead, stage.edition.id, id, BASE).await.unwrap();
    let gone = subject(store, lead.account.unwrap()).await;
    assert!(gone.holding().next().is_none(), "the role ends with it");
    let again =
        store.revise_proposal(&gone, stage.edition.id, id, Some(""), |own| Ok(own.proposal.content.clone()));
    assert!(again.await.unwrap_err().to_string().contains("programme"));
    stage.sound().await;
}

async fn they_are_accepted_in_the_order_in_which_they_became_ready(world: World) {
    let stage = Stage::new(&world).await;
    let (ada, bo) = (person(&stage.store, "ada@a.example").await, person(&stage.store, "bo@b.example").await);
    let first = stage.propose(&ada, "Sheds", "a\nb\nc").await;
    let second = stage.propose(&bo, "Fences", "a\nb\nc").await;
    let refused = stage.accept(first, Some(Format::Full)).await.unwrap_err();
    assert!(refused.to_string().contains("not called it ready"), "{refused}");
    let all: BTreeSet<Check> = Check::ALL.iter().copied().collect();
    let theirs = stage.store.check_microconference(&bo, stage.edition.id, first, &all, true).await;
    assert!(theirs.is_err(), "only its leads tick");
    stage.ready(&bo, second).await;
    stage.ready(&ada, first).await;
    let heads = stage.store.microconferences(&stage.organiser, &stage.edition).await.unwrap();
    let order: Vec<&str> = heads.iter().map(|head| head.title.as_str()).collect();
    assert_eq!(order, ["Fences", "Sheds"]);
    assert!(stage.store.microconferences(&ada, &stage.edition).await.unwrap().is_empty());
    let refused = stage.accept(first, Some(Format::Full)).await.unwrap_err();
    assert!(refused.to_string().contains("was ready before"), "{refused}");
    // The way by which many are decided at once keeps the order too.
    let (organiser, edition) = (&stage.organiser, &stage.edition);
    stage.store.prepare_decision(organiser, edition, first, Some(Decision::Accept)).await.unwrap();
    assert!(stage.store.apply_decisions(organiser, edition, &[first], BASE).await.is_err());
    stage.accept(second, Some(Format::Half)).await.unwrap();
    stage.store.apply_decisions(organiser, edition, &[first], BASE).await.unwrap();
    let held = stage.view(organiser, first).await.microconference.held.unwrap();
    assert_eq!(held.format, Some(Format::Full));
    let out = stage.store.prepare_decision(organiser, edition, first, Some(Decision::Decline)).await;
    out.unwrap();
    let refused = stage.store.apply_decisions(organiser, edition, &[first], BASE).await.unwrap_err();
    assert!(refused.to_string().contains("Take the acceptance back"), "{refused}");
    stage.sound().await;
}

async fn reviewers_of_a_blind_call_learn_no_lead(world: World) {
    let stage = Stage::new(&world).await;
    let (store, edition) = (&stage.store, &stage.edition);
    let blind = |present: Option<&store::OpenCall>| {
        let mut call = present.unwrap().call.clone();
        call.reviewing.naming = model::call::Naming::Blind;
        Ok((call, present.unwrap().form.fields.clone()))
    };
    store.put_call(&stage.organiser, edition.id, stage.call, blind).await.unwrap();
    let ada = person(store, "ada@a.example").await;
    let id = stage.propose(&ada, "Sheds", "a\nb\nc").await;
    let account = somebody(store, "rita@reviewers.example").await;
    let role = NewGrant::new(account, Role::Reviewer, Scope::Call(edition.id, stage.call));
    store.give(&Subject::operator("test".to_owned(), SystemClock.now()), &role).await.unwrap();
    let rita = subject(store, account).await;
    let told = store.microconferences(&rita, edition).await.unwrap();
    assert!(told[0].leads.is_empty() && stage.view(&rita, id).await.authors.is_empty());
    let decides = store.microconferences(&stage.organiser, edition).await.unwrap();
    assert_eq!(decides[0].leads, [Line::from("ada")], "who decides knows them");
}

async fn topics_fill_the_block_and_follow_it(world: World) {
    let stage = Stage::new(&world).await;
    let (store, edition) = (&stage.store, &stage.edition);
    let (id, lead) = stage.accepted(Some(Format::Half)).await;
    let held = stage.view(&lead, id).await.microconference.held.unwrap();
    let ada = person(store, "ada@authors.example").await;
    let mut all = vec![];
    for (title, minutes) in [("Doors", 45), ("Roofs", 30), ("Floors", 45)] {
        all.push(stage.topic(held.call, &ada, title, minutes).await);
    }
    let choose = async |topic, minutes| {
        let how = (Decision::Accept, minutes);
        store.choose_topic(&lead, edition, id, topic, how, BASE).await
    };
    choose(all[0], None).await.unwrap();
    choose(all[1], None).await.unwrap();
    let refused = choose(all[2], None).await.unwrap_err();
    assert!(refused.to_string().contains("120 minutes and the block has 90"), "{refused}");
    choose(all[2], Some(15)).await.unwrap();
    let nobody = store.choose_topic(&ada, edition, id, all[0], (Decision::Decline, None), BASE).await;
    assert!(nobody.is_err(), "an author chooses nothing");

    // Placed, its topics get their times; moved, they follow.
    let programme = store.programme(edition.id).await.unwrap().unwrap();
    let topics_of = |all: &model::programme::Programme| -> Vec<(String, i64, i64)> {
        let block = all.sessions.iter().find(|one| one.id == held.block).unwrap();
        let Some(slot) = block.first_slot() else { return vec![] };
        let mut out: Vec<_> = all
            .sessions
            .iter()
            .filter(|one| one.parent == Some(held.block))
            .flat_map(|one| one.slots.iter().map(move |own| (one, own)))
            .inspect(|(_, own)| assert_eq!(own.room, slot.room))
            .map(|(one, own)| {
                (one.title.to_string(), own.start.duration_since(slot.start).as_mins(), own.minutes())
            })
            .collect();
        out.sort_by_key(|(_, start, _)| *start);
        out
    };
    assert!(topics_of(&programme).is_empty());
    let place = |room: usize, start: &str| Command::Place {
        session: held.block,
        slot: SlotId::from_key("garden", "block"),
        placing: Placing {
            room: Some(programme.rooms[room].id),
            start: start.parse().unwrap(),
            minutes: Format::Half.block_minutes(),
        },
    };
    let actor = &stage.organiser.actor;
    let at = async |room, start: &str| {
        let command = place(room, start);
        store.change(actor, edition.id, |all| command.apply(&all)).await.unwrap()
    };
    let first = at(0, "2027-10-04T08:00:00Z").await;
    let named = |title: &str, start, minutes| (title.to_owned(), start, minutes);
    let all_three = [named("Doors", 0, 45), named("Roofs", 45, 30), named("Floors", 75, 15)];
    assert_eq!(topics_of(&first), all_three);
    let second = at(1, "2027-10-05T12:00:00Z").await;
    assert_eq!(topics_of(&second), all_three);

    // In another order, shorter, one left out.
    let session = |all: &model::programme::Programme, title: &str| {
        all.sessions.iter().find(|one| one.title.as_str() == title).unwrap().id
    };
    let item = |title: &str, minutes| Item { session: session(&second, title), minutes };
    let agenda = |items: Vec<Item>| Agenda { items, pause: None };
    let too_long = agenda(vec![item("Floors", 60), item("Doors", 45)]);
    assert!(store.arrange_topics(&lead, edition, id, &too_long).await.is_err());
    let own = agenda(vec![item("Floors", 40), item("Doors", 45)]);
    assert!(store.arrange_topics(&ada, edition, id, &own).await.is_err());
    store.arrange_topics(&lead, edition, id, &own).await.unwrap();
    let third = store.programme(edition.id).await.unwrap().unwrap();
    assert_eq!(topics_of(&third), [named("Floors", 0, 40), named("Doors", 40, 45)]);
    let foreign = agenda(vec![Item { session: held.block, minutes: 10 }]);
    assert!(store.arrange_topics(&lead, edition, id, &foreign).await.is_err(), "only within their own block");

    // One that is not chosen any more leaves the block, and the others close up.
    store.choose_topic(&lead, edition, id, all[2], (Decision::WaitList, None), BASE).await.unwrap();
    let fourth = store.programme(edition.id).await.unwrap().unwrap();
    assert_eq!(topics_of(&fourth), [named("Doors", 0, 45)]);
    assert!(fourth.sessions.iter().all(|one| one.title.as_str() != "Floors"));

    // The deadline is the leads' own, up to the limit.
    let deadline = |day: &str| Deadline {
        local: format!("{day}T12:00").parse().unwrap(),
        zone: DeadlineZone::AnywhereOnEarth,
    };
    let set = async |who: &Subject, day| {
        store.set_topic_call(who, edition, id, &deadline(day), &RichText::clean("Bring patches.")).await
    };
    let refused = set(&lead, "2027-09-30").await.unwrap_err();
    assert!(refused.to_string().contains("26 September 2027"), "{refused}");
    assert!(set(&ada, "2027-09-01").await.is_err());
    set(&lead, "2027-09-01").await.unwrap();
    assert_eq!(stage.view(&lead, id).await.topic_call.unwrap().call.closes, Some(deadline("2027-09-01")));
    let draft = stage.view(&lead, id).await.post.unwrap();
    assert!(draft.body.as_str().contains("1 September 2027, 12:00"), "{}", draft.body.as_str());
    let taken = store.take_back_microconference(&stage.organiser, edition, id, BASE).await;
    assert!(taken.is_err(), "not once topics were proposed");
    stage.sound().await;
}

async fn a_format_that_was_open_is_settled_and_everybody_is_told(world: World) {
    let stage = Stage::new(&world).await;
    let (store, edition) = (&stage.store, &stage.edition);
    let (id, lead) = stage.accepted(None).await;
    let held = stage.view(&lead, id).await.microconference.held.unwrap();
    let ada = person(store, "ada@authors.example").await;
    let topic = stage.topic(held.call, &ada, "Doors", 30).await;
    store.choose_topic(&lead, edition, id, topic, (Decision::Accept, Some(20)), BASE).await.unwrap();
    let settle =
        async |who: &Subject, format| store.set_microconference_format(who, edition, id, format, BASE).await;
    assert!(settle(&lead, Format::Full).await.is_err(), "the committee settles it");
    assert_eq!(settle(&stage.organiser, Format::Half).await.unwrap(), 2, "its lead and the topic's author");
    assert_eq!(settle(&stage.organiser, Format::Half).await.unwrap(), 0, "once");
    let view = stage.view(&lead, id).await;
    assert_eq!(view.proposal.state, State::Accepted);
    assert_eq!(view.microconference.held.unwrap().format, Some(Format::Half));
    stage.sound().await;
}

async fn two_become_one_and_one_becomes_two_and_both_can_be_undone(world: World) {
    let stage = Stage::new(&world).await;
    let (store, edition, organiser) = (&stage.store, &stage.edition, &stage.organiser);
    let (ada, bo) = (person(store, "ada@a.example").await, person(store, "bo@b.example").await);
    let one = stage.propose(&ada, "Sheds", "Doors\nRoofs\nFloors").await;
    let other = stage.propose(&bo, "Huts", "roofs\nStoves").await;
    stage.ready(&ada, one).await;
    let title = Line::from("Sheds and huts");
    let merge =
        async |who: &Subject| store.merge_microconferences(who, edition, one, other, &title, BASE).await;
    assert!(merge(&ada).await.is_err(), "the committee merges");
    merge(organiser).await.unwrap();
    let seq = store.head().await.unwrap();
    let view = stage.view(organiser, one).await;
    assert_eq!(view.authors.len(), 2);
    assert_eq!(topics(&view.proposal.content.answers), ["Doors", "Roofs", "Floors", "Stoves"]);
    let gone = stage.view(organiser, other).await;
    assert_eq!((gone.proposal.state, gone.microconference.merged_into), (State::Withdrawn, Some(one)));
    assert!(store.own_proposal(&bo, edition.id, one).await.unwrap().is_some(), "both edit it now");
    stage.sound().await;
    store.undo(organiser, seq).await.unwrap();
    let view = stage.view(organiser, one).await;
    assert_eq!((view.authors.len(), view.proposal.content.title.as_str()), (1, "Sheds"));
    assert_eq!(view.proposal.revision, 3, "no revision is taken out");
    let back = stage.view(organiser, other).await;
    assert_eq!((back.proposal.state, back.microconference.merged_into), (State::Submitted, None));
    stage.sound().await;

    let lead = view.authors[0].id;
    let split = async |topics: &[usize], leads: &[model::id::AuthorId]| {
        let title = Line::from("Floors");
        store.split_microconference(organiser, edition, one, (&title, topics, leads), BASE).await
    };
    assert!(split(&[2], &[]).await.is_err(), "somebody leads the second");
    let second = split(&[2], &[lead]).await.unwrap();
    let seq = store.head().await.unwrap();
    assert_eq!(topics(&second.content.answers), ["Floors"]);
    let view = stage.view(organiser, one).await;
    assert_eq!(topics(&view.proposal.content.answers), ["Doors", "Roofs"]);
    let ready = stage.view(organiser, second.id).await.microconference.ready;
    assert_eq!(ready, view.microconference.ready, "both stand where the one stood");
    stage.sound().await;
    store.undo(organiser, seq).await.unwrap();
    assert!(store.microconference(organiser, edition, second.id).await.unwrap().is_none());
    assert_eq!(topics(&stage.view(organiser, one).await.proposal.content.answers).len(), 3);
    stage.sound().await;
}

async fn an_idea_waits_for_somebody_who_leads_it(world: World) {
    let stage = Stage::new(&world).await;
    let (store, edition) = (&stage.store, &stage.edition);
    let (ada, bo) = (person(store, "ada@a.example").await, person(store, "bo@b.example").await);
    let cy = person(store, "cy@c.example").await;
    let text = RichText::clean("Who keeps what where?");
    let idea = store.post_idea(&ada, edition.id, &Line::from("Sheds"), &text).await.unwrap().id;
    let visitor = Subject::visitor(SystemClock.now());
    assert!(store.post_idea(&visitor, edition.id, &Line::from("X"), &text).await.is_err());
    for who in [&bo, &cy, &bo] {
        store.set_interest(who, edition.id, idea, true).await.unwrap();
    }
    store.set_interest(&cy, edition.id, idea, false).await.unwrap();
    let seen = store.ideas(edition.id, bo.account).await.unwrap();
    assert_eq!((seen[0].interested, seen[0].mine, seen[0].by.as_str()), (1, true, "ada"));
    assert!(store.remove_idea(&bo, edition.id, idea).await.is_err(), "it is not theirs");
    let proposal = store.adopt_idea(&cy, edition, idea, BASE).await.unwrap();
    let own = store.own_proposal(&cy, edition.id, proposal).await.unwrap().unwrap();
    assert_eq!((own.proposal.state, own.proposal.content.title.as_str()), (State::Draft, "Sheds"));
    let told = store.changes_since(0, 10_000).await.unwrap();
    assert_eq!(
        told.iter().filter(|entry| entry.kind == "mail").count(),
        2,
        "who had it and whom it interests"
    );
    assert!(store.adopt_idea(&bo, edition, idea, BASE).await.is_err(), "once");
    store.delete_draft(&cy, edition.id, proposal).await.unwrap();
    assert!(store.ideas(edition.id, None).await.unwrap()[0].idea.adopted.is_none(), "it waits again");
    stage.sound().await;
    // Whose account ends leaves their idea to the others, and takes their interest along.
    store.delete_account(&ada.actor, ada.account.unwrap()).await.unwrap();
    store.delete_account(&bo.actor, bo.account.unwrap()).await.unwrap();
    let seen = store.ideas(edition.id, None).await.unwrap();
    assert_eq!((seen[0].interested, seen[0].idea.account), (0, None));
    stage.sound().await;
    store.remove_idea(&stage.organiser, edition.id, idea).await.unwrap();
    stage.sound().await;
}
