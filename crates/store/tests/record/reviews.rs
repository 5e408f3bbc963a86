//! What reviewers and the committee get of what was submitted, on both databases.

use crate::harness::{World, on_both};
use crate::sample;
use model::{
    account::Proof,
    assignment::{Bid, Chosen, Load, Plan, Round, Why},
    call::{Call, CallKind},
    edition::Edition,
    email::Email,
    feed::Actor,
    id::{AccountId, CallId, ProposalId},
    merge::Carries,
    permission::{Role, Scope, Subject},
    proposal::{Content, Decision},
    review::{Review, Scores},
    text::{Line, RichText},
};
use std::collections::BTreeMap;
use store::{FiledFilter, ImportOptions, NewAccount, NewGrant, Sitting, Store, Turn};

on_both!(
    a_page_of_the_list_takes_as_many_statements_for_many_as_for_few,
    the_list_is_paged_and_the_unknown_comes_last_by_score,
    an_assignment_is_planned_locked_run_again_and_applied_once,
    whoever_has_a_conflict_plans_without_it,
    what_waits_is_told_to_those_for_whom_it_waits_and_reminded_once,
    what_is_before_the_committee_is_hidden_from_who_has_a_conflict,
    a_merged_account_keeps_its_bids_and_assignments,
    whoever_is_asked_to_propose_it_has_a_conflict_before_they_answer_and_after_they_leave,
    the_feed_does_not_tie_a_review_to_its_proposal,
    authors_read_what_waits_for_the_decision_no_sooner_by_withdrawing,
);

const BASE: &str = "https://conf.example.org";

/// An edition with a call, an organiser, and people.
struct Desk {
    store: Store,
    edition: Edition,
    call: CallId,
    chair: Subject,
}

impl Desk {
    async fn new(world: &World) -> Self {
        let store = world.store.clone();
        let programme = sample::programme("sample", 1);
        store.import(&Actor::System, &programme, Carries::ALL, &ImportOptions::default()).await.unwrap();
        let edition = store.edition(&programme.edition.slug).await.unwrap().unwrap().edition;
        let call = CallId::from_key("sample", "talks");
        let mut new = Call { published: true, ..Call::usual(call, CallKind::Presentations) };
        new.reviewing.wanted = 2;
        let operator = Subject::operator("test".to_owned(), store.clock().now());
        store.put_call(&operator, edition.id, call, |_| Ok((new, vec![]))).await.unwrap();
        let chair =
            person(&store, "chair@committee.example", &[(Role::Committee, Scope::Edition(edition.id))]).await;
        Self { store, edition, call, chair }
    }

    async fn reviewer(&self, address: &str) -> Subject {
        person(&self.store, address, &[(Role::Reviewer, Scope::Call(self.edition.id, self.call))]).await
    }

    async fn submit(&self, by: &Subject, title: &str) -> ProposalId {
        let content = Content {
            title: Line::clean(title),
            summary: RichText::clean(&format!("All about {title}.")),
            minutes: Some(45),
            form: 1,
            ..Content::default()
        };
        let begun =
            self.store.begin_proposal(by, self.edition.id, self.call, &content, Some("")).await.unwrap();
        begun.proposal.id
    }

    async fn review(&self, by: &Subject, id: ProposalId, score: u8) {
        let me = by.account.unwrap();
        self.store
            .put_review(by, &self.edition, id, |_, open| {
                let scores: Scores =
                    open.call.reviewing.criteria.iter().map(|one| (one.key.clone(), score)).collect();
                Ok(Review {
                    proposal: id,
                    reviewer: me,
                    revision: 1,
                    scores,
                    to_committee: RichText::clean("Said."),
                    to_authors: RichText::default(),
                    submitted: true,
                    at: self.store.clock().now(),
                })
            })
            .await
            .unwrap();
    }

    async fn run(&self, by: &Subject) {
        let round = self.store.assignment_round(by, &self.edition, self.call).await.unwrap().unwrap();
        let chosen = first_come(&round);
        self.store.plan_assignment(by, &self.edition, self.call, &chosen).await.unwrap();
    }
}

/// An assignment that is good enough for these tests: whoever comes first and may. `planner` has the real one.
fn first_come(round: &Round) -> Vec<Chosen> {
    let mut out = vec![];
    let mut loads: BTreeMap<AccountId, u16> = BTreeMap::new();
    for proposal in &round.proposals {
        let settled = |who: AccountId| round.settled.contains(&(proposal.id, who));
        let mut people: Vec<_> = round.reviewers.iter().collect();
        people.sort_by_key(|one| {
            (!settled(one.id), round.bids.get(&(proposal.id, one.id)) != Some(&Bid::Eager))
        });
        for (index, one) in people.into_iter().enumerate() {
            let pair = (proposal.id, one.id);
            let load = loads.entry(one.id).or_default();
            let barred = round.conflicts.contains(&pair) || round.bids.get(&pair) == Some(&Bid::Cannot);
            let assigned =
                settled(one.id) || !barred && index < usize::from(round.wanted) && *load < one.load.most;
            if barred && !assigned {
                continue;
            }
            *load += u16::from(assigned);
            out.push(Chosen { proposal: proposal.id, reviewer: one.id, assigned, why: Why::default() });
        }
    }
    out
}

async fn person(store: &Store, address: &str, roles: &[(Role, Scope)]) -> Subject {
    let name = Line::clean(address.split('@').next().unwrap());
    let new = NewAccount { name, ..NewAccount::default() };
    let proof = Proof::Email(Email::parse(address).unwrap());
    let account = store.account_for(&Actor::System, &proof, &new).await.unwrap();
    let operator = Subject::operator("test".to_owned(), store.clock().now());
    for (role, scope) in roles {
        store.give(&operator, &NewGrant::new(account, *role, scope.clone())).await.unwrap();
    }
    Subject::person(account, store.grants_of(account).await.unwrap(), store.clock().now())
}

async fn a_page_of_the_list_takes_as_many_statements_for_many_as_for_few(world: World) {
    let desk = Desk::new(&world).await;
    let rita = desk.reviewer("rita@reviewers.example").await;
    let mut number = 0;
    let mut more = async |count: usize| {
        for _ in 0..count {
            number += 1;
            let author = person(&desk.store, &format!("author-{number}@authors-{number}.example"), &[]).await;
            let id = desk.submit(&author, &format!("Talk {number}")).await;
            desk.review(&rita, id, 3).await;
        }
    };
    more(2).await;
    let (few, few_total) = statements(&desk, &rita).await;
    more(60).await;
    let (many, many_total) = statements(&desk, &rita).await;
    assert_eq!((few_total, many_total), (2, 62));
    assert_eq!(few, many, "statements for 2 and for 62 proposals, page by page");
    assert!(store::verify(&desk.store).await.unwrap().is_empty());
}

/// The statements that each page takes, and how many proposals there are.
async fn statements(desk: &Desk, reviewer: &Subject) -> (Vec<(&'static str, u64)>, usize) {
    let (store, edition) = (&desk.store, &desk.edition);
    let mut out = vec![];
    let mut seen = store.statements();
    let mut taken = |name| {
        let now = store.statements();
        out.push((name, now - seen));
        seen = now;
    };
    let page = store.filed_proposals(reviewer, edition, &FiledFilter::default()).await.unwrap();
    taken("list");
    for by_score in [false, true] {
        let filter = FiledFilter { by_score, ..FiledFilter::default() };
        store.filed_proposals(&desk.chair, edition, &filter).await.unwrap();
        taken(if by_score { "by score" } else { "by number" });
    }
    store.filed_counts(&desk.chair, edition).await.unwrap();
    taken("counts");
    store.places_taken(&desk.chair, edition).await.unwrap();
    taken("places");
    store.assigning(&desk.chair, edition, desk.call, 0).await.unwrap().unwrap();
    taken("assignment");
    store.bids(reviewer, edition, desk.call, 0).await.unwrap().unwrap();
    taken("bids");
    store.to_do(&desk.chair, edition).await.unwrap();
    taken("to do");
    store.filed_texts(&desk.chair, edition, None).await.unwrap();
    taken("export");
    store.filed_titles(&desk.chair, edition).await.unwrap();
    taken("titles");
    (out, page.total)
}

async fn the_list_is_paged_and_the_unknown_comes_last_by_score(world: World) {
    let desk = Desk::new(&world).await;
    let rita = desk.reviewer("rita@reviewers.example").await;
    let mut ids = vec![];
    for number in 0..store::FILED_PER_PAGE + 2 {
        let author = person(&desk.store, &format!("a-{number}@authors-{}.example", number / 40), &[]).await;
        ids.push(desk.submit(&author, &format!("Talk {number}")).await);
    }
    let friend = &ids[store::FILED_PER_PAGE + 1];
    desk.review(&rita, ids[1], 2).await;
    desk.review(&rita, *friend, 5).await;
    let list = async |by: &Subject, by_score, page| {
        let filter = FiledFilter { by_score, page, ..FiledFilter::default() };
        desk.store.filed_proposals(by, &desk.edition, &filter).await.unwrap()
    };
    let (first, second) = (list(&desk.chair, false, 0).await, list(&desk.chair, false, 1).await);
    assert_eq!((first.heads.len(), second.heads.len()), (store::FILED_PER_PAGE, 2));
    assert_eq!((first.total, first.pages()), (ids.len(), 2));
    let best = list(&desk.chair, true, 0).await;
    assert_eq!((best.heads[0].id, best.heads[1].id), (*friend, ids[1]));
    // A conflict with the best takes it out of the order.
    desk.store.declare_conflict(&desk.chair, &desk.edition, *friend, true).await.unwrap();
    let best = list(&desk.chair, true, 0).await;
    assert_eq!(best.heads[0].id, ids[1]);
    let last = list(&desk.chair, true, 1).await;
    let hidden = last.heads.iter().find(|head| head.id == *friend).unwrap();
    assert!(hidden.tally.is_none() && !hidden.conflicts.is_empty());
    // What is prepared for it is in no count either.
    let other =
        person(&desk.store, "two@second.example", &[(Role::Committee, Scope::Edition(desk.edition.id))])
            .await;
    for id in [*friend, ids[1]] {
        desk.store.prepare_decision(&other, &desk.edition, id, Some(Decision::Accept)).await.unwrap();
    }
    assert_eq!(list(&other, false, 0).await.prepared, 2);
    assert_eq!(list(&desk.chair, false, 0).await.prepared, 1);
    let only = FiledFilter { prepared: true, ..FiledFilter::default() };
    let prepared = desk.store.filed_proposals(&desk.chair, &desk.edition, &only).await.unwrap();
    assert_eq!(prepared.heads.iter().map(|head| head.id).collect::<Vec<_>>(), [ids[1]]);
    assert_eq!(desk.store.places_taken(&desk.chair, &desk.edition).await.unwrap()[&desk.call].coming, 1);
}

async fn an_assignment_is_planned_locked_run_again_and_applied_once(world: World) {
    let desk = Desk::new(&world).await;
    let author = person(&desk.store, "ada@authors.example", &[]).await;
    let (one, two) = (desk.submit(&author, "Kernel").await, desk.submit(&author, "Compost").await);
    let rita = desk.reviewer("rita@reviewers.example").await;
    let sam = desk.reviewer("sam@elsewhere.example").await;
    let [rita_id, sam_id] = [rita.account.unwrap(), sam.account.unwrap()];
    let bids = [(one, Some(Bid::Eager)), (two, Some(Bid::Cannot))].into();
    assert_eq!(desk.store.put_bids(&rita, &desk.edition, desk.call, &bids, &[]).await.unwrap(), 2);
    let plan = Plan { needed: 1, load: Load { least: 0, most: 3 } };
    let loads = [(sam_id, Some(Load { least: 0, most: 1 }))].into();
    desk.store.put_assignment_plan(&desk.chair, &desk.edition, desk.call, plan, &loads).await.unwrap();
    desk.run(&desk.chair).await;
    let board =
        async || desk.store.assigning(&desk.chair, &desk.edition, desk.call, 0).await.unwrap().unwrap();
    let asked = |board: &store::Assigning, id: ProposalId| -> Vec<AccountId> {
        let found = board.proposals.iter().find(|one| one.id == id).unwrap();
        found.pairs.iter().filter(|pair| pair.planned).map(|pair| pair.reviewer).collect()
    };
    let planned = board().await;
    assert!(asked(&planned, one).contains(&rita_id) && !asked(&planned, two).contains(&rita_id));
    assert!(planned.reviewers.iter().all(|one| one.given == 0), "a plan asks nobody yet");
    assert!(desk.store.to_do(&rita, &desk.edition).await.unwrap().to_write.shown.is_empty());
    // Locked by hand, it stays through the next run, against the bid of the other.
    desk.store.settle_assignment(&desk.chair, &desk.edition, desk.call, (one, sam_id), true).await.unwrap();
    desk.run(&desk.chair).await;
    assert!(asked(&board().await, one).contains(&sam_id));
    let applied = desk.store.apply_assignment(&desk.chair, &desk.edition, desk.call, BASE).await.unwrap();
    assert!(applied.asked >= 2 && applied.mails >= 1, "{applied:?}");
    let again = desk.store.apply_assignment(&desk.chair, &desk.edition, desk.call, BASE).await.unwrap();
    assert_eq!(again, store::Applied::default(), "nobody is asked twice");
    assert_eq!(desk.store.to_do(&rita, &desk.edition).await.unwrap().to_write.total, 1);
    assert!(
        board().await.proposals.iter().flat_map(|one| &one.pairs).any(|pair| pair.why.is_some()),
        "the reasons are kept"
    );
    // A reviewer is no chair.
    assert!(desk.store.assigning(&rita, &desk.edition, desk.call, 0).await.unwrap().is_none());
    assert!(desk.store.apply_assignment(&rita, &desk.edition, desk.call, BASE).await.is_err());
    assert!(store::verify(&desk.store).await.unwrap().is_empty());
}

async fn whoever_has_a_conflict_plans_without_it(world: World) {
    let desk = Desk::new(&world).await;
    let author = person(&desk.store, "ada@authors.example", &[]).await;
    let (one, two) = (desk.submit(&author, "Kernel").await, desk.submit(&author, "Compost").await);
    let rita = desk.reviewer("rita@reviewers.example").await;
    let other =
        person(&desk.store, "two@second.example", &[(Role::Committee, Scope::Edition(desk.edition.id))])
            .await;
    desk.store.declare_conflict(&desk.chair, &desk.edition, one, true).await.unwrap();
    desk.run(&other).await;
    desk.store.apply_assignment(&other, &desk.edition, desk.call, BASE).await.unwrap();
    let seen = desk.store.assigning(&desk.chair, &desk.edition, desk.call, 0).await.unwrap().unwrap();
    assert_eq!((seen.proposals.len(), seen.left_out), (1, 1));
    assert_eq!(seen.proposals[0].id, two);
    let all = desk.store.assigning(&other, &desk.edition, desk.call, 0).await.unwrap().unwrap();
    let of = |board: &store::Assigning| {
        board.reviewers.iter().find(|one| one.id == rita.account.unwrap()).map(|one| one.given)
    };
    assert_eq!((of(&seen), of(&all)), (Some(1), Some(2)), "no count tells of it");
    let behind = desk.store.to_do(&desk.chair, &desk.edition).await.unwrap().behind;
    assert_eq!(behind.iter().find(|one| Some(one.id) == rita.account).unwrap().reviews, 1);
    // Nor can they change it, nor does their own run.
    let pair = (one, rita.account.unwrap());
    assert!(desk.store.settle_assignment(&desk.chair, &desk.edition, desk.call, pair, false).await.is_err());
    desk.run(&desk.chair).await;
    let all = desk.store.assigning(&other, &desk.edition, desk.call, 0).await.unwrap().unwrap();
    assert!(all.proposals.iter().find(|found| found.id == one).unwrap().pairs.iter().any(|pair| pair.given));
    // Who has a conflict is asked for nothing.
    let mine = all.proposals.iter().find(|found| found.id == one).unwrap();
    assert!(mine.pairs.iter().all(|pair| Some(pair.reviewer) != desk.chair.account || !pair.planned));
    let chair = (one, desk.chair.account.unwrap());
    assert!(desk.store.settle_assignment(&other, &desk.edition, desk.call, chair, true).await.is_err());
}

async fn what_waits_is_told_to_those_for_whom_it_waits_and_reminded_once(world: World) {
    let desk = Desk::new(&world).await;
    let author = person(&desk.store, "ada@authors.example", &[]).await;
    let id = desk.submit(&author, "Kernel").await;
    let rita = desk.reviewer("rita@reviewers.example").await;
    let pair = (id, rita.account.unwrap());
    desk.store.settle_assignment(&desk.chair, &desk.edition, desk.call, pair, true).await.unwrap();
    desk.store.apply_assignment(&desk.chair, &desk.edition, desk.call, BASE).await.unwrap();
    assert_eq!(desk.store.to_do(&rita, &desk.edition).await.unwrap().to_write.total, 1);
    assert_eq!(desk.store.remind_reviewers(&desk.chair, &desk.edition, BASE).await.unwrap(), 1);
    assert_eq!(
        desk.store.remind_reviewers(&desk.chair, &desk.edition, BASE).await.unwrap(),
        0,
        "once a week"
    );
    assert_eq!(desk.store.remind_due(BASE).await.unwrap(), 0, "nothing is late yet");
    let text = RichText::clean("What about soil?");
    desk.store.comment_proposal(&author, &desk.edition, id, (true, &text), BASE).await.unwrap();
    let waits = desk.store.to_do(&desk.chair, &desk.edition).await.unwrap();
    assert_eq!((waits.questions.total, waits.answers.total), (1, 0));
    desk.store.comment_proposal(&rita, &desk.edition, id, (true, &text), BASE).await.unwrap();
    let waits = desk.store.to_do(&desk.chair, &desk.edition).await.unwrap();
    assert_eq!((waits.questions.total, waits.answers.total), (0, 1));
    desk.store.prepare_decision(&desk.chair, &desk.edition, id, Some(Decision::Accept)).await.unwrap();
    assert_eq!(desk.store.to_do(&desk.chair, &desk.edition).await.unwrap().prepared.total, 1);
    assert_eq!(desk.store.to_do(&rita, &desk.edition).await.unwrap().prepared.total, 0);
    desk.review(&rita, id, 4).await;
    assert!(desk.store.to_do(&desk.chair, &desk.edition).await.unwrap().behind.is_empty());
    // Late ones are reminded by the clock.
    let other = desk.submit(&author, "Compost").await;
    let pair = (other, rita.account.unwrap());
    desk.store.settle_assignment(&desk.chair, &desk.edition, desk.call, pair, true).await.unwrap();
    desk.store.apply_assignment(&desk.chair, &desk.edition, desk.call, BASE).await.unwrap();
    world.meddle("UPDATE assignment SET since = since - 700000000000").await.unwrap();
    world.meddle("UPDATE mail SET created_at = created_at - 700000000000").await.unwrap();
    assert_eq!(desk.store.remind_due(BASE).await.unwrap(), 1);
    assert_eq!(desk.store.remind_due(BASE).await.unwrap(), 0);
}

async fn what_is_before_the_committee_is_hidden_from_who_has_a_conflict(world: World) {
    let desk = Desk::new(&world).await;
    let author = person(&desk.store, "ada@authors.example", &[]).await;
    let (one, two) = (desk.submit(&author, "Kernel").await, desk.submit(&author, "Compost").await);
    let friend = desk.reviewer("fred@elsewhere.example").await;
    desk.store.declare_conflict(&friend, &desk.edition, one, true).await.unwrap();
    let turn = async |by: &Subject, turn| desk.store.turn_sitting(by, &desk.edition, turn).await;
    let seen = async |by: &Subject| desk.store.sitting(by, &desk.edition).await.unwrap().0;
    assert!(matches!(seen(&friend).await, Sitting::Nothing));
    turn(&desk.chair, Turn::Next).await.unwrap();
    assert!(matches!(seen(&desk.chair).await, Sitting::Before(filed) if filed.proposal.id == one));
    assert!(matches!(seen(&friend).await, Sitting::Without));
    turn(&desk.chair, Turn::Next).await.unwrap();
    assert!(matches!(seen(&friend).await, Sitting::Before(filed) if filed.proposal.id == two));
    assert!(turn(&desk.chair, Turn::Next).await.is_err(), "there is no third");
    assert!(turn(&friend, Turn::Previous).await.is_err(), "a reviewer leads no meeting");
    turn(&desk.chair, Turn::End).await.unwrap();
    assert!(matches!(seen(&desk.chair).await, Sitting::Nothing));
    assert!(store::verify(&desk.store).await.unwrap().is_empty());
}

async fn a_merged_account_keeps_its_bids_and_assignments(world: World) {
    let desk = Desk::new(&world).await;
    let author = person(&desk.store, "ada@authors.example", &[]).await;
    let id = desk.submit(&author, "Kernel").await;
    let rita = desk.reviewer("rita@reviewers.example").await;
    let bids = [(id, Some(Bid::Eager))].into();
    desk.store.put_bids(&rita, &desk.edition, desk.call, &bids, &[]).await.unwrap();
    let pair = (id, rita.account.unwrap());
    desk.store.settle_assignment(&desk.chair, &desk.edition, desk.call, pair, true).await.unwrap();
    let twin = person(&desk.store, "rita@home.example", &[]).await;
    let operator = Subject::operator("test".to_owned(), desk.store.clock().now());
    desk.store.merge_accounts(&operator, rita.account.unwrap(), twin.account.unwrap()).await.unwrap();
    let seen = desk.store.assigning(&desk.chair, &desk.edition, desk.call, 0).await.unwrap().unwrap();
    assert!(seen.proposals[0].pairs.iter().any(|pair| Some(pair.reviewer) == twin.account && pair.planned));
    assert!(seen.reviewers.iter().any(|one| Some(one.id) == twin.account && one.bids == 1));
    assert!(store::verify(&desk.store).await.unwrap().is_empty());
}

async fn whoever_is_asked_to_propose_it_has_a_conflict_before_they_answer_and_after_they_leave(world: World) {
    let desk = Desk::new(&world).await;
    let (ada, rita) = (
        person(&desk.store, "ada@authors.example", &[]).await,
        desk.reviewer("rita@reviewers.example").await,
    );
    let other = desk.reviewer("otto@elsewhere.example").await;
    let colleague = desk.reviewer("cora@strangers.example").await;
    let id = desk.submit(&ada, "Moss").await;
    desk.review(&other, id, 5).await;
    let seen = async |who: &Subject| {
        let filed = desk.store.filed_proposal(who, &desk.edition, id).await.unwrap().unwrap();
        (filed.conflicts.is_empty(), filed.reviews.len())
    };
    assert_eq!(seen(&rita).await, (true, 1));
    let invite = async |address: &str| {
        let (name, email) = (Line::from("Rita"), Email::parse(address).unwrap());
        desk.store.invite_author(&ada, desk.edition.id, id, (&name, &email, true), BASE).await.unwrap()
    };
    // By an address that is somebody's, who has not answered; and by one of an organisation, of which nobody knows more.
    let invited = invite("rita@reviewers.example").await;
    assert_eq!(seen(&rita).await, (false, 0), "it is her own, whether or not she accepts");
    assert_eq!(seen(&colleague).await, (true, 1));
    let stranger = invite("somebody@strangers.example").await;
    assert_eq!(seen(&colleague).await, (false, 0), "somebody of the same organisation proposes it");
    desk.store.remove_author(&ada, desk.edition.id, id, stranger.id).await.unwrap();
    assert_eq!(seen(&colleague).await, (true, 1));
    desk.store.answer_invitation(&rita, invited.id, true).await.unwrap();
    desk.store.remove_author(&rita, desk.edition.id, id, invited.id).await.unwrap();
    assert_eq!(seen(&rita).await, (false, 0), "who leaves the authors does not become a reviewer");
    assert_eq!(store::verify(&desk.store).await.unwrap(), Vec::<String>::new());
}

async fn the_feed_does_not_tie_a_review_to_its_proposal(world: World) {
    let desk = Desk::new(&world).await;
    let ada = person(&desk.store, "ada@authors.example", &[]).await;
    let rita = desk.reviewer("rita@reviewers.example").await;
    let id = desk.submit(&ada, "Moss").await;
    let head = desk.store.head().await.unwrap();
    desk.review(&rita, id, 5).await;
    let filed = desk.store.filed_proposal(&rita, &desk.edition, id).await.unwrap().unwrap();
    assert_eq!(filed.proposal.state, model::proposal::State::UnderReview);
    let entries = desk.store.changes_since(head, 100).await.unwrap();
    let said = serde_json::to_string(&entries).unwrap();
    assert!(!entries.is_empty() && !said.contains(&id.to_string()), "{said}");
    assert_eq!(store::verify(&desk.store).await.unwrap(), Vec::<String>::new());
}

async fn authors_read_what_waits_for_the_decision_no_sooner_by_withdrawing(world: World) {
    let desk = Desk::new(&world).await;
    let operator = Subject::operator("test".to_owned(), desk.store.clock().now());
    let late = |open: Option<&store::OpenCall>| {
        let mut call = open.unwrap().call.clone();
        call.reviewing.comments = model::call::CommentTime::WithDecision;
        Ok((call, open.unwrap().form.fields.clone()))
    };
    desk.store.put_call(&operator, desk.edition.id, desk.call, late).await.unwrap();
    let ada = person(&desk.store, "ada@authors.example", &[]).await;
    let rita = desk.reviewer("rita@reviewers.example").await;
    let id = desk.submit(&ada, "Moss").await;
    desk.review(&rita, id, 2).await;
    let said = (true, &RichText::clean("Weak."));
    desk.store.comment_proposal(&rita, &desk.edition, id, said, BASE).await.unwrap();
    let read = async || desk.store.comments_to_authors(&ada, desk.edition.id, id).await.unwrap().len();
    assert_eq!(read().await, 0);
    desk.store.withdraw_proposal(&ada, desk.edition.id, id, BASE).await.unwrap();
    assert_eq!(read().await, 0);
}
