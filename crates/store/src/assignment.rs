//! Assignments: who is asked to review what. Planned by those who decide a call, applied together, told to the reviewers once.
//!
//! **Whoever plans and has a conflict with a proposal plans without it**: it is not among the proposals, none of its reviewers
//! is named, and no count holds it. Others of the committee assign it.

use crate::{
    Error, Result, Store, call as calls,
    call::OpenCall,
    edition as editions,
    entity::{account, assignment, assignment_plan, author, bid, proposal, review, review_load, role_grant},
    grant::grant_of,
    holding::Holding,
    lookup::among,
    mail::{self, Notice},
    proposal::gone,
    review::{
        filed::{FILED_PER_PAGE, Reading},
        judge::{Judge, Over},
        written,
    },
    rows::json,
    save::upsert,
    tx::{Change, Tx},
};
use model::{
    Refusal,
    assignment::{Candidate, Chosen, Load, Plan, Round, Wanting, Why},
    edition::Edition,
    feed::Deed,
    id::{AccountId, CallId, EditionId, ProposalId, TrackId},
    permission::{Action, Subject},
    text::{Line, RichText},
    time::{from_micros, to_micros},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, sea_query::SelectStatement,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The words for these in the feed.
pub(crate) const KIND: &str = "assignment";
pub(crate) const PLAN_KIND: &str = "assignment-plan";

/// The assignment of a call, as those who decide it see it.
#[derive(Clone, Debug)]
pub struct Assigning {
    /// The call.
    pub open: OpenCall,
    /// What is asked of the assignment.
    pub plan: Plan,
    /// Who can be asked, by name.
    pub reviewers: Vec<AssignedReviewer>,
    /// A page of what waits for a decision.
    pub proposals: Vec<AssignedProposal>,
    /// How many wait on all pages.
    pub total: usize,
    /// How many are left out because whoever asks has a conflict with them.
    pub left_out: usize,
    /// In how many pairs the plan differs from what was given.
    pub differs: usize,
    /// How many of the proposals would get fewer reviews than are needed, by the plan.
    pub short: usize,
}

impl Assigning {
    /// How many pages there are; at least one.
    pub fn pages(&self) -> usize {
        self.total.div_ceil(FILED_PER_PAGE).max(1)
    }
}

/// Somebody who can be asked, and for how much they are.
#[derive(Clone, Debug)]
pub struct AssignedReviewer {
    /// Who.
    pub id: AccountId,
    /// How they are called.
    pub name: Line,
    /// What is said of them; none where the plan's load holds.
    pub own: Option<Load>,
    /// Whether they can be asked: others were, or reviewed something unasked, and have the role no more or never had it.
    pub may_be_asked: bool,
    /// How many bids they made.
    pub bids: usize,
    /// How many reviews they are asked for.
    pub given: usize,
    /// How many they would be by the plan.
    pub planned: usize,
    /// How many they have submitted.
    pub written: usize,
}

/// A proposal that waits for a decision, and who is asked to review it.
#[derive(Clone, Debug)]
pub struct AssignedProposal {
    /// Which.
    pub id: ProposalId,
    /// Its number.
    pub number: u32,
    /// Its title.
    pub title: Line,
    /// Those who are asked or planned, and those who reviewed it unasked.
    pub pairs: Vec<AssignedPair>,
    /// The next best of the last run, who are not.
    pub next: Vec<AssignedPair>,
}

/// Somebody and a proposal.
#[derive(Clone, Debug)]
pub struct AssignedPair {
    /// Who.
    pub reviewer: AccountId,
    /// How they are called.
    pub name: Line,
    /// Whether they were asked.
    pub given: bool,
    /// Whether the plan has them.
    pub planned: bool,
    /// Whether no run changes it.
    pub locked: bool,
    /// Whether they have begun the review, and whether it was submitted.
    pub begun: Option<bool>,
    /// Why, where a run made it.
    pub why: Option<Why>,
}

/// What came of applying a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// How many reviews are newly asked for.
    pub asked: usize,
    /// How many are asked for no more.
    pub released: usize,
    /// How many mails were queued.
    pub mails: usize,
}

impl Store {
    /// The assignment of a call with a page, from 0, of its proposals; `None` for those who do not decide the call. A constant
    /// number of statements.
    pub async fn assigning(
        &self,
        subject: &Subject,
        edition: &Edition,
        call: CallId,
        page: usize,
    ) -> Result<Option<Assigning>> {
        let db = self.read().await?;
        let Some(board) = Board::load(&db, subject, edition, call, self.now(), Reasons::Without).await?
        else {
            return Ok(None);
        };
        let out = board.page(&db, page).await?;
        db.commit().await?;
        Ok(Some(out))
    }

    /// Everything from which an assignment is made; `None` for those who do not decide the call.
    pub async fn assignment_round(
        &self,
        subject: &Subject,
        edition: &Edition,
        call: CallId,
    ) -> Result<Option<Round>> {
        let db = self.read().await?;
        let Some(board) = Board::load(&db, subject, edition, call, self.now(), Reasons::Without).await?
        else {
            return Ok(None);
        };
        let out = board.round(&db).await?;
        db.commit().await?;
        Ok(Some(out))
    }

    /// Says what is asked of the assignment, and how much single people take; `None` for somebody takes what is said of them
    /// away. `loads` names only people whom it changes.
    pub async fn put_assignment_plan(
        &self,
        subject: &Subject,
        edition: &Edition,
        call: CallId,
        plan: Plan,
        loads: &BTreeMap<AccountId, Option<Load>>,
    ) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            let board = Board::to_change(tx, subject, edition, call).await?;
            let plan = plan.check(board.open.call.reviewing.wanted)?;
            let before = assignment_plan::Entity::find_by_id((edition.id.0, call.0)).one(tx.db()).await?;
            let before = before.as_ref().map(plan_of).transpose()?;
            let row = assignment_plan::Model { edition: edition.id.0, call: call.0, facts: json(&plan)? };
            upsert::<assignment_plan::Entity>(tx.db(), vec![row]).await?;
            crate::content::note(tx, (PLAN_KIND, call.0), edition.id, before.as_ref(), Some(&plan)).await?;
            for (who, load) in loads {
                let Some(name) = board.reviewers.get(who) else { continue };
                let load = load.map(|load| load.check(name.as_str())).transpose()?;
                let row = board.loads.get(who).cloned();
                if row.is_none() && load.is_none() {
                    continue;
                }
                crate::bid::put_load(tx, edition.id, (call, *who), row, |row| {
                    row.least = load.map(|load| i32::from(load.least));
                    row.most = load.map(|load| i32::from(load.most));
                    Ok(())
                })
                .await?;
            }
            Ok(())
        })
        .await
    }

    /// Keeps what a run came to as the plan. Nobody is told; what was locked or begun meanwhile stays. Refused where a pair
    /// has a conflict.
    pub async fn plan_assignment(
        &self,
        subject: &Subject,
        edition: &Edition,
        call: CallId,
        chosen: &[Chosen],
    ) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            let board = Board::to_change(tx, subject, edition, call).await?;
            let mut rows: Vec<assignment::Model> = vec![];
            let mut kept: BTreeSet<Uuid> = BTreeSet::new();
            for one in chosen {
                let pair = (one.proposal, one.reviewer);
                if !board.proposals.contains_key(&one.proposal)
                    || !board.reviewers.contains_key(&one.reviewer)
                {
                    continue;
                }
                if one.assigned && !board.judge.is_clear(Some(one.reviewer), one.proposal) {
                    let problem = "somebody has a conflict that was not there before";
                    return Err(Refusal::new("assignment", problem, "Run it again").into());
                }
                let before = board.rows.get(&pair);
                let row = assignment::Model {
                    given: before.is_some_and(|row| row.given),
                    locked: before.is_some_and(|row| row.locked),
                    planned: one.assigned || before.is_some_and(|row| row.locked),
                    why: json(&one.why)?,
                    ..board.row(pair, tx)
                };
                kept.insert(row.id);
                rows.push(row);
            }
            let mut gone = vec![];
            for (pair, row) in &board.rows {
                let clear = board.judge.is_clear(Some(pair.1), pair.0);
                if kept.contains(&row.id) || (clear && (row.locked || board.begun.contains_key(pair))) {
                    continue;
                }
                if row.given {
                    rows.push(assignment::Model {
                        planned: false,
                        locked: row.locked && clear,
                        ..row.clone()
                    });
                } else {
                    gone.push(row.id);
                }
            }
            upsert::<assignment::Entity>(tx.db(), rows).await?;
            remove(tx, &gone).await
        })
        .await
    }

    /// Plans one pair by hand and locks it, or takes it from the plan and unlocks it. Refused with a conflict.
    pub async fn settle_assignment(
        &self,
        subject: &Subject,
        edition: &Edition,
        call: CallId,
        pair: (ProposalId, AccountId),
        planned: bool,
    ) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            let board = Board::to_change(tx, subject, edition, call).await?;
            if !board.proposals.contains_key(&pair.0) {
                return Err(gone());
            }
            let name = board.reviewers.get(&pair.1).filter(|_| !planned || board.asked.contains(&pair.1));
            let Some(name) = name else {
                let problem = "they cannot be asked for reviews of this call";
                return Err(Refusal::new("reviewer", problem, "Give them the role first").into());
            };
            if planned && let Some(conflict) = board.judge.conflicts(Some(pair.1), pair.0).first() {
                let problem = format!("{name} has a conflict: {}", conflict.shown().to_lowercase());
                return Err(Refusal::new("reviewer", problem, "Choose somebody else").into());
            }
            let before = board.rows.get(&pair);
            let row = assignment::Model { planned, locked: planned, ..board.row(pair, tx) };
            match before {
                None if !planned => return Ok(()),
                // The lock is part of what the feed says of a pair that was given.
                Some(before) if before.given => {
                    tx.note(change(Some(before), Some(&row)).into_iter().collect()).await?;
                }
                _ => {}
            }
            upsert::<assignment::Entity>(tx.db(), vec![row]).await
        })
        .await
    }

    /// Applies the plan: asks those whom it has and who were not asked, and releases those whom it does not have. Everybody
    /// who is newly asked gets one mail. `base_url` is the site's address.
    pub async fn apply_assignment(
        &self,
        subject: &Subject,
        edition: &Edition,
        call: CallId,
        base_url: &str,
    ) -> Result<Applied> {
        self.write(&subject.actor, async |tx| {
            let board = Board::to_change(tx, subject, edition, call).await?;
            let (mut rows, mut gone, mut changes) = (vec![], vec![], vec![]);
            let mut asked: BTreeMap<AccountId, usize> = BTreeMap::new();
            let mut out = Applied::default();
            for (pair, row) in &board.rows {
                if row.planned && !row.given {
                    // A conflict that was not there before: nobody is asked, and the others are.
                    if !board.judge.is_clear(Some(pair.1), pair.0) {
                        gone.push(row.id);
                        continue;
                    }
                    let after = assignment::Model { given: true, since: to_micros(tx.at()), ..row.clone() };
                    changes.extend(change(None, Some(&after)));
                    *asked.entry(pair.1).or_default() += 1;
                    rows.push(after);
                } else if row.given && !row.planned && !board.is_kept(pair, row) {
                    changes.extend(change(Some(row), None));
                    gone.push(row.id);
                    out.released += 1;
                }
            }
            out.asked = rows.len();
            upsert::<assignment::Entity>(tx.db(), rows).await?;
            remove(tx, &gone).await?;
            tx.note(changes).await?;
            let mut mails = vec![];
            for (who, count) in asked {
                let reviews = if count == 1 { "one review".to_owned() } else { format!("{count} reviews") };
                let notice = Notice {
                    subject: &format!("you are asked for {reviews}"),
                    body: &format!(
                        "The committee of \"{}\" asks you for {reviews}. They stand first in your list. If you cannot \
                         judge one freely, declare a conflict on its page.",
                        board.open.call.name
                    ),
                    link: &to_do_page(base_url, edition),
                    once: &format!("assigned {call} {}", to_micros(tx.at())),
                };
                mails.extend(mail::notice_to(tx, edition.id, who, &notice).await?);
            }
            out.mails = mail::queue(tx, mails).await?.queued.len();
            Ok(out)
        })
        .await
    }
}

/// The page of what one has to do in an edition.
pub(crate) fn to_do_page(base_url: &str, edition: &Edition) -> String {
    let path = model::address::EditionDesk::ToDo.path(&edition.slug);
    format!("{}{path}", base_url.trim_end_matches('/'))
}

/// Whether the reasons of assignments are read with them: they are long, and whoever writes the rows again needs them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reasons {
    With,
    Without,
}

/// An assignment without its reasons.
type Short = (Uuid, Uuid, Uuid, Uuid, bool, bool, bool, i64);

/// The assignments of these proposals.
async fn kept_rows(
    db: &impl ConnectionTrait,
    proposals: SelectStatement,
    reasons: Reasons,
) -> Result<Vec<assignment::Model>> {
    let find = assignment::Entity::find().filter(assignment::Column::Proposal.in_subquery(proposals));
    if reasons == Reasons::With {
        return Ok(find.all(db).await?);
    }
    let rows: Vec<Short> = find
        .select_only()
        .columns([
            assignment::Column::Edition,
            assignment::Column::Id,
            assignment::Column::Proposal,
            assignment::Column::Account,
            assignment::Column::Given,
            assignment::Column::Planned,
            assignment::Column::Locked,
            assignment::Column::Since,
        ])
        .into_tuple()
        .all(db)
        .await?;
    let row = |(edition, id, proposal, account, given, planned, locked, since)| {
        let why = String::new();
        assignment::Model { edition, id, proposal, account, given, planned, locked, why, since }
    };
    Ok(rows.into_iter().map(row).collect())
}

/// What those who decide a call know of its assignment.
struct Board<'a> {
    edition: &'a Edition,
    open: OpenCall,
    plan: Plan,
    /// Number and title of what waits for a decision and has no conflict with whoever asks, in the order of numbers.
    proposals: BTreeMap<ProposalId, (u32, Line)>,
    order: Vec<ProposalId>,
    left_out: usize,
    /// Who can be asked.
    asked: BTreeSet<AccountId>,
    /// They, and who was asked or reviewed something.
    reviewers: BTreeMap<AccountId, Line>,
    loads: BTreeMap<AccountId, review_load::Model>,
    /// The pairs that were planned, given, or next best.
    rows: BTreeMap<(ProposalId, AccountId), assignment::Model>,
    /// The reviews that were begun, and whether they were submitted.
    begun: BTreeMap<(ProposalId, AccountId), bool>,
    judge: Judge,
}

impl<'a> Board<'a> {
    async fn load(
        db: &impl ConnectionTrait,
        subject: &Subject,
        edition: &'a Edition,
        call: CallId,
        now: jiff::Timestamp,
        reasons: Reasons,
    ) -> Result<Option<Self>> {
        let reading = Reading::new(db, subject, edition, now).await?;
        let Some(open) = reading.calls.get(&call).filter(|open| reading.may(Action::DecideProposals, open))
        else {
            return Ok(None);
        };
        let Some(filed) = reading.filed(std::iter::once(call)) else { return Ok(None) };
        let waiting = filed.add(crate::bid::undecided());
        let ids = || {
            proposal::Entity::find()
                .select_only()
                .column(proposal::Column::Id)
                .filter(waiting.clone())
                .into_query()
        };
        let found: Vec<(Uuid, i32, String)> = proposal::Entity::find()
            .select_only()
            .columns([proposal::Column::Id, proposal::Column::Number, proposal::Column::Title])
            .filter(waiting.clone())
            .order_by_asc(proposal::Column::Number)
            .into_tuple()
            .all(db)
            .await?;
        let kept = kept_rows(db, ids(), reasons).await?;
        let mut rows: BTreeMap<(ProposalId, AccountId), assignment::Model> =
            kept.into_iter().map(|row| ((ProposalId(row.proposal), AccountId(row.account)), row)).collect();
        let reviews: Vec<(Uuid, Uuid, bool)> = review::Entity::find()
            .select_only()
            .columns([review::Column::Proposal, review::Column::Account, review::Column::Submitted])
            .filter(review::Column::Proposal.in_subquery(ids()))
            .into_tuple()
            .all(db)
            .await?;
        let loads: BTreeMap<AccountId, review_load::Model> = review_load::Entity::find()
            .filter(review_load::Column::Edition.eq(edition.id.0))
            .filter(review_load::Column::Call.eq(call.0))
            .all(db)
            .await?
            .into_iter()
            .map(|row| (AccountId(row.account), row))
            .collect();
        let plan = assignment_plan::Entity::find_by_id((edition.id.0, call.0)).one(db).await?;
        let plan = match plan {
            Some(row) => plan_of(&row)?,
            None => Plan::usual(open.call.reviewing.wanted),
        };
        let asked = candidates(db, edition, open, now).await?;
        let mut begun: BTreeMap<(ProposalId, AccountId), bool> = reviews
            .into_iter()
            .map(|(proposal, account, submitted)| ((ProposalId(proposal), AccountId(account)), submitted))
            .collect();
        let known = rows.keys().chain(begun.keys()).map(|(_, who)| *who);
        let people: BTreeSet<AccountId> = asked.iter().copied().chain(known).chain(subject.account).collect();
        let judge = Judge::of(db, edition.id, people, &Over::Edition).await?;
        let all = found.len();
        let mut order = vec![];
        let mut proposals = BTreeMap::new();
        for (id, number, title) in found {
            let id = ProposalId(id);
            if judge.is_clear(subject.account, id) {
                order.push(id);
                proposals.insert(id, (u32::try_from(number).unwrap_or_default(), Line::clean(&title)));
            }
        }
        // Whoever reviewed nothing but what is left out is named nowhere.
        rows.retain(|(id, _), _| proposals.contains_key(id));
        begun.retain(|(id, _), _| proposals.contains_key(id));
        let in_it = rows.iter().filter(|(_, row)| row.given || row.planned).map(|((_, who), _)| *who);
        let people = asked.iter().copied().chain(in_it).chain(begun.keys().map(|(_, who)| *who)).collect();
        let reviewers = names(db, &people).await?;
        let left_out = all - order.len();
        let open = open.clone();
        Ok(Some(Self {
            edition,
            open,
            plan,
            proposals,
            order,
            left_out,
            asked,
            reviewers,
            loads,
            rows,
            begun,
            judge,
        }))
    }

    /// For a change of it.
    async fn to_change(tx: &Tx, subject: &Subject, edition: &'a Edition, call: CallId) -> Result<Self> {
        subject.may_write()?;
        editions::open(tx.db(), edition.id).await?;
        let found = calls::find(tx.db(), edition.id, call).await?.ok_or_else(calls::gone)?;
        subject.may(Action::DecideProposals, &calls::place(edition, &found.call))?;
        Self::load(tx.db(), subject, edition, call, tx.at(), Reasons::With).await?.ok_or_else(calls::gone)
    }

    /// The row of a pair, as it is or as it begins.
    fn row(&self, (proposal, who): (ProposalId, AccountId), tx: &Tx) -> assignment::Model {
        self.rows.get(&(proposal, who)).cloned().unwrap_or_else(|| assignment::Model {
            edition: self.edition.id.0,
            id: Uuid::now_v7(),
            proposal: proposal.0,
            account: who.0,
            given: false,
            planned: false,
            locked: false,
            why: String::new(),
            since: to_micros(tx.at()),
        })
    }

    /// Whether it was given and the review begun: it stays, whatever the plan says.
    fn is_kept(&self, pair: &(ProposalId, AccountId), row: &assignment::Model) -> bool {
        row.given && self.begun.contains_key(pair)
    }

    /// How many reviews somebody is given. Whoever cannot be asked keeps what is settled.
    fn load_of(&self, who: AccountId) -> Load {
        let load = self.loads.get(&who).and_then(crate::bid::own_load).unwrap_or(self.plan.load);
        if self.asked.contains(&who) { load } else { Load { least: 0, ..load } }
    }

    async fn page(self, db: &impl ConnectionTrait, page: usize) -> Result<Assigning> {
        let shown: Vec<ProposalId> = self
            .order
            .iter()
            .skip(page.saturating_mul(FILED_PER_PAGE))
            .take(FILED_PER_PAGE)
            .copied()
            .collect();
        let mut whys: BTreeMap<Uuid, Why> = BTreeMap::new();
        if !shown.is_empty() {
            let rows: Vec<(Uuid, String)> = assignment::Entity::find()
                .select_only()
                .columns([assignment::Column::Id, assignment::Column::Why])
                .filter(among(assignment::Column::Proposal, shown.iter().map(|id| id.0)))
                .filter(assignment::Column::Why.ne(""))
                .into_tuple()
                .all(db)
                .await?;
            for (id, why) in rows {
                let why = serde_json::from_str(&why)
                    .map_err(|error| Error::damaged(format!("assignment {id}"), error))?;
                whys.insert(id, why);
            }
        }
        let bids = self.bids(db).await?;
        let mut pairs: BTreeMap<ProposalId, Vec<AssignedPair>> = BTreeMap::new();
        let mut next: BTreeMap<ProposalId, Vec<AssignedPair>> = BTreeMap::new();
        let mut has: BTreeMap<ProposalId, usize> = BTreeMap::new();
        let mut reviewers: BTreeMap<AccountId, AssignedReviewer> = self
            .reviewers
            .iter()
            .map(|(id, name)| {
                let own = self.loads.get(id).and_then(crate::bid::own_load);
                let bids = bids.get(id).copied().unwrap_or_default();
                let name = name.clone();
                let may_be_asked = self.asked.contains(id);
                (
                    *id,
                    AssignedReviewer {
                        id: *id,
                        name,
                        own,
                        may_be_asked,
                        bids,
                        given: 0,
                        planned: 0,
                        written: 0,
                    },
                )
            })
            .collect();
        let mut differs = 0;
        for (pair, row) in &self.rows {
            if let Some(reviewer) = reviewers.get_mut(&pair.1) {
                reviewer.given += usize::from(row.given);
                reviewer.planned += usize::from(row.planned);
            }
            differs += usize::from(row.given != row.planned && !self.is_kept(pair, row));
            *has.entry(pair.0).or_default() += usize::from(row.planned);
            let shown = AssignedPair {
                reviewer: pair.1,
                name: self.reviewers.get(&pair.1).cloned().unwrap_or_default(),
                given: row.given,
                planned: row.planned,
                locked: row.locked,
                begun: self.begun.get(pair).copied(),
                why: whys.remove(&row.id),
            };
            let to = if row.given || row.planned || shown.begun.is_some() { &mut pairs } else { &mut next };
            to.entry(pair.0).or_default().push(shown);
        }
        let unasked: Vec<_> = self.begun.iter().filter(|(pair, _)| !self.rows.contains_key(pair)).collect();
        for (pair, submitted) in unasked {
            pairs.entry(pair.0).or_default().push(AssignedPair {
                reviewer: pair.1,
                name: self.reviewers.get(&pair.1).cloned().unwrap_or_default(),
                given: false,
                planned: false,
                locked: false,
                begun: Some(*submitted),
                why: None,
            });
        }
        for ((id, who), submitted) in &self.begun {
            if *submitted && let Some(reviewer) = reviewers.get_mut(who) {
                reviewer.written += 1;
            }
            let counted = self.rows.get(&(*id, *who)).is_some_and(|row| row.planned);
            *has.entry(*id).or_default() += usize::from(*submitted && !counted);
        }
        let needed = usize::from(self.plan.needed);
        let short = self.order.iter().filter(|id| has.get(id).copied().unwrap_or_default() < needed).count();
        let proposals = shown
            .into_iter()
            .filter_map(|id| {
                let (number, title) = self.proposals.get(&id)?.clone();
                let pairs = pairs.remove(&id).unwrap_or_default();
                let mut next = next.remove(&id).unwrap_or_default();
                let margin = |pair: &AssignedPair| pair.why.as_ref().map_or(f64::MAX, |why| why.margin);
                next.sort_by(|one, other| margin(one).total_cmp(&margin(other)));
                Some(AssignedProposal { id, number, title, pairs, next })
            })
            .collect();
        let mut reviewers: Vec<AssignedReviewer> = reviewers.into_values().collect();
        reviewers
            .sort_by(|one, other| one.name.as_str().cmp(other.name.as_str()).then(one.id.cmp(&other.id)));
        Ok(Assigning {
            open: self.open,
            plan: self.plan,
            reviewers,
            proposals,
            total: self.order.len(),
            left_out: self.left_out,
            differs,
            short,
        })
    }

    /// How many bids each reviewer made for what is shown.
    async fn bids(&self, db: &impl ConnectionTrait) -> Result<BTreeMap<AccountId, usize>> {
        let mut out: BTreeMap<AccountId, usize> = BTreeMap::new();
        for (pair, _) in self.all_bids(db).await? {
            *out.entry(pair.1).or_default() += 1;
        }
        Ok(out)
    }

    async fn all_bids(
        &self,
        db: &impl ConnectionTrait,
    ) -> Result<BTreeMap<(ProposalId, AccountId), model::assignment::Bid>> {
        let of_call = proposal::Entity::find()
            .select_only()
            .column(proposal::Column::Id)
            .filter(proposal::Column::Edition.eq(self.edition.id.0))
            .filter(proposal::Column::Call.eq(self.open.call.id.0))
            .into_query();
        let mut bids =
            crate::bid::bids_of(db, Condition::all().add(bid::Column::Proposal.in_subquery(of_call))).await?;
        bids.retain(|(id, who), _| self.proposals.contains_key(id) && self.reviewers.contains_key(who));
        Ok(bids)
    }

    async fn round(self, db: &impl ConnectionTrait) -> Result<Round> {
        let bids = self.all_bids(db).await?;
        let texts: Vec<(Uuid, String, String, String)> = proposal::Entity::find()
            .select_only()
            .columns([
                proposal::Column::Id,
                proposal::Column::Title,
                proposal::Column::Summary,
                proposal::Column::Tracks,
            ])
            .filter(proposal::Column::Edition.eq(self.edition.id.0))
            .filter(proposal::Column::Call.eq(self.open.call.id.0))
            .into_tuple()
            .all(db)
            .await?;
        let mut texts: BTreeMap<ProposalId, (String, Vec<TrackId>)> = texts
            .into_iter()
            .map(|(id, title, summary, tracks)| {
                let tracks = serde_json::from_str(&tracks)
                    .map_err(|error| Error::damaged(format!("proposal {id}"), error))?;
                let summary = RichText::clean(&summary);
                Ok((ProposalId(id), (format!("{title}\n{summary}"), tracks)))
            })
            .collect::<Result<_>>()?;
        let mut written = self.written(db).await?;
        let proposals = self
            .order
            .iter()
            .filter_map(|id| {
                let (text, topics) = texts.remove(id)?;
                let (number, _) = self.proposals.get(id)?;
                Some(Wanting { id: *id, number: *number, text, topics })
            })
            .collect();
        let reviewers = self
            .reviewers
            .iter()
            .map(|(id, name)| {
                let topics = self.loads.get(id).map(crate::bid::topics_of).transpose()?.unwrap_or_default();
                Ok(Candidate {
                    id: *id,
                    name: name.clone(),
                    load: self.load_of(*id),
                    topics,
                    texts: written.remove(id).unwrap_or_default(),
                })
            })
            .collect::<Result<_>>()?;
        let locked = self.rows.iter().filter(|(_, row)| row.locked).map(|(pair, _)| *pair);
        let settled: BTreeSet<(ProposalId, AccountId)> = locked.chain(self.begun.keys().copied()).collect();
        let conflicts = self
            .order
            .iter()
            .flat_map(|id| self.reviewers.keys().map(move |who| (*id, *who)))
            .filter(|pair| {
                // Whoever cannot be asked any more keeps what is settled, and gets nothing else.
                let kept = self.asked.contains(&pair.1) || settled.contains(pair);
                !kept || !self.judge.is_clear(Some(pair.1), pair.0)
            })
            .collect();
        let earlier = self.rows.iter().filter(|(_, row)| row.given || row.planned).map(|(pair, _)| *pair);
        Ok(Round {
            proposals,
            reviewers,
            needed: self.plan.needed,
            wanted: u16::from(self.open.call.reviewing.wanted),
            bids,
            conflicts,
            settled,
            earlier: earlier.collect(),
        })
    }

    /// What the reviewers wrote: about themselves, and what they proposed anywhere. Two statements.
    async fn written(&self, db: &impl ConnectionTrait) -> Result<BTreeMap<AccountId, Vec<String>>> {
        if self.reviewers.is_empty() {
            return Ok(BTreeMap::new());
        }
        let ids = || self.reviewers.keys().map(|id| id.0);
        let about: Vec<(Uuid, String)> = account::Entity::find()
            .select_only()
            .columns([account::Column::Id, account::Column::Biography])
            .filter(among(account::Column::Id, ids()))
            .into_tuple()
            .all(db)
            .await?;
        let own: Vec<(Uuid, Uuid)> = author::Entity::find()
            .select_only()
            .columns([author::Column::Account, author::Column::Proposal])
            .filter(among(author::Column::Account, ids()))
            .into_tuple()
            .all(db)
            .await?;
        let theirs = author::Entity::find()
            .select_only()
            .column(author::Column::Proposal)
            .filter(among(author::Column::Account, ids()))
            .into_query();
        let texts: Vec<(Uuid, String, String)> = proposal::Entity::find()
            .select_only()
            .columns([proposal::Column::Id, proposal::Column::Title, proposal::Column::Summary])
            .filter(proposal::Column::Id.in_subquery(theirs))
            // What the committee of this call may read, or everybody can: no draft, no sealed offer, nobody else's call.
            .filter(proposal::Column::State.ne(model::proposal::State::Draft.as_str()))
            .filter(
                Condition::any()
                    .add(proposal::Column::Session.is_not_null())
                    .add(proposal::Column::Call.eq(self.open.call.id.0)),
            )
            .into_tuple()
            .all(db)
            .await?;
        let texts: BTreeMap<Uuid, String> =
            texts.into_iter().map(|(id, title, summary)| (id, format!("{title}\n{summary}"))).collect();
        let mut out: BTreeMap<AccountId, Vec<String>> = BTreeMap::new();
        for (id, about) in about.into_iter().filter(|(_, about)| !about.is_empty()) {
            out.entry(AccountId(id)).or_default().push(about);
        }
        for (who, proposal) in own {
            if let Some(text) = texts.get(&proposal) {
                out.entry(AccountId(who)).or_default().push(text.clone());
            }
        }
        Ok(out)
    }
}

/// Who is asked for reviews of a call. One statement.
pub(crate) async fn candidates(
    db: &impl ConnectionTrait,
    edition: &Edition,
    open: &OpenCall,
    now: jiff::Timestamp,
) -> Result<BTreeSet<AccountId>> {
    let rows = role_grant::Entity::find()
        .filter(
            Condition::any()
                .add(role_grant::Column::Edition.eq(edition.id.0))
                .add(role_grant::Column::Scope.is_in(["everywhere", "series"])),
        )
        .filter(role_grant::Column::RevokedAt.is_null())
        .all(db)
        .await?;
    let place = calls::place(edition, &open.call);
    let mut out = BTreeSet::new();
    for row in &rows {
        let grant = grant_of(row)?;
        let asked = grant.role.is_asked_to_review() && grant.role.allows(Action::Review);
        if asked && grant.holds(now) && grant.scope.covers(&place) {
            out.insert(grant.account);
        }
    }
    Ok(out)
}

/// How the people of these accounts are called. One statement.
pub(crate) async fn names(
    db: &impl ConnectionTrait,
    ids: &BTreeSet<AccountId>,
) -> Result<BTreeMap<AccountId, Line>> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<(Uuid, String)> = account::Entity::find()
        .select_only()
        .columns([account::Column::Id, account::Column::Name])
        .filter(among(account::Column::Id, ids.iter().map(|id| id.0)))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|(id, name)| (AccountId(id), Line::clean(&name))).collect())
}

async fn remove(tx: &Tx, ids: &[Uuid]) -> Result<()> {
    if !ids.is_empty() {
        assignment::Entity::delete_many()
            .filter(among(assignment::Column::Id, ids.iter().copied()))
            .exec(tx.db())
            .await?;
    }
    Ok(())
}

/// Removes what is said of the assignment of a call to which nothing was submitted.
pub(crate) async fn remove_of_call(tx: &Tx, edition: EditionId, call: CallId) -> Result<()> {
    if let Some(row) = assignment_plan::Entity::find_by_id((edition.0, call.0)).one(tx.db()).await? {
        let before = plan_of(&row)?;
        assignment_plan::Entity::delete_by_id((edition.0, call.0)).exec(tx.db()).await?;
        crate::content::note(tx, (PLAN_KIND, call.0), edition, Some(&before), None).await?;
    }
    crate::bid::remove_loads(tx, edition, call).await
}

fn plan_of(row: &assignment_plan::Model) -> Result<Plan> {
    serde_json::from_str(&row.facts)
        .map_err(|error| Error::damaged(format!("assignment plan of {}", row.call), error))
}

/// What the feed says of an assignment: that somebody was asked, not for what. Of one that is only planned it says nothing.
fn said(row: &assignment::Model) -> Value {
    if row.given { json!({ "locked": row.locked, "since": from_micros(row.since) }) } else { Value::Null }
}

/// The entry of the feed for an assignment that changes.
fn change(before: Option<&assignment::Model>, after: Option<&assignment::Model>) -> Option<Change> {
    let row = after.or(before)?;
    let known = |row: Option<&assignment::Model>| row.map(said).filter(|said| !said.is_null());
    let (before, after) = (known(before), known(after));
    let deed = match (&before, &after) {
        (before, after) if before == after => return None,
        (None, _) => Deed::Created,
        (_, None) => Deed::Removed,
        _ => Deed::Changed,
    };
    Some(Change { kind: KIND, thing: row.id, edition: Some(EditionId(row.edition)), deed, before, after })
}

/// What the rows hold, in the feed's words, for [`crate::verify()`].
pub(crate) async fn state(
    db: &DatabaseTransaction,
    state: &mut BTreeMap<(Option<Uuid>, String, Uuid), Value>,
) -> Result<()> {
    for row in assignment::Entity::find().filter(assignment::Column::Given.eq(true)).all(db).await? {
        state.insert((Some(row.edition), KIND.to_owned(), row.id), said(&row));
    }
    for row in assignment_plan::Entity::find().all(db).await? {
        let fact = crate::account::fact(&plan_of(&row)?)?;
        state.insert((Some(row.edition), PLAN_KIND.to_owned(), row.call), fact);
    }
    Ok(())
}

written!(assignment, KIND, said, |row, account| assignment::Model { account, ..row }, true);
