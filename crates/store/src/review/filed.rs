//! The list of what was submitted, a page at a time, as far as whoever asks may know it.
//!
//! A page costs the same number of statements for ten proposals as for two thousand. By number, what is read is what is
//! shown. By score, the scores of all are read, and the rest of those that are shown.

use super::{Mine, knows_authors};
use crate::{
    Error, Result, Store, call as calls,
    call::OpenCall,
    entity::{author, proposal, review},
    lookup::among,
    proposal::author_of,
    review::judge::{Judge, Over},
};
use jiff::Timestamp;
use model::{
    conflict::Conflict,
    edition::Edition,
    id::{AccountId, CallId, ProposalId},
    permission::{Action, Subject},
    proposal::{Author, Decision, State},
    review::{Criterion, Scores, Tally, figure},
    text::Line,
    time::from_micros,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// How many proposals stand on one page of the list.
pub const FILED_PER_PAGE: usize = 50;

/// A proposal in the list at the desk, as far as whoever asks may know it.
#[derive(Clone, Debug)]
pub struct FiledHead {
    /// Which it is.
    pub id: ProposalId,
    /// Its call.
    pub call: CallId,
    /// Its number.
    pub number: u32,
    /// Its title.
    pub title: Line,
    /// Where it stands.
    pub state: State,
    /// When it was submitted.
    pub submitted: Option<Timestamp>,
    /// Its authors, unless they are not to be known.
    pub authors: Option<Vec<Author>>,
    /// Why whoever asks must not review it.
    pub conflicts: Vec<Conflict>,
    /// What the reviews say; `None` where there is a conflict.
    pub tally: Option<Tally>,
    /// The own review, where there is one.
    pub mine: Option<Mine>,
    /// What the committee means to decide; `None` where there is a conflict, or whoever asks does not decide.
    pub prepared: Option<Decision>,
}

/// Which proposals of the list are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FiledFilter {
    /// Only of this call.
    pub call: Option<CallId>,
    /// Only in this state.
    pub state: Option<State>,
    /// Only those for which a decision is prepared that whoever asks may apply.
    pub prepared: bool,
    /// Whether the best stand first. Those whose scores are not to be known come last, by number: their place tells nothing.
    pub by_score: bool,
    /// The page, from 0.
    pub page: usize,
}

/// A page of the list.
#[derive(Clone, Debug, Default)]
pub struct FiledPage {
    /// What stands on it.
    pub heads: Vec<FiledHead>,
    /// How many fit the filter, on all pages.
    pub total: usize,
    /// How many were submitted to each call that whoever asks may read, whatever the filter.
    pub filed: BTreeMap<CallId, usize>,
    /// For how many a decision is prepared that whoever asks may apply.
    pub prepared: usize,
}

impl FiledPage {
    /// How many pages there are; at least one.
    pub fn pages(&self) -> usize {
        self.total.div_ceil(FILED_PER_PAGE).max(1)
    }
}

/// How many of a call's proposals take a place of it, and how many would by what is prepared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Those that take one.
    pub taken: usize,
    /// Those that do not, and would by what is prepared.
    pub coming: usize,
}

impl Store {
    /// A page of what was submitted to the calls of an edition that `subject` may read. A constant number of statements.
    pub async fn filed_proposals(
        &self,
        subject: &Subject,
        edition: &Edition,
        filter: &FiledFilter,
    ) -> Result<FiledPage> {
        let db = self.read().await?;
        let reading = Reading::new(&db, subject, edition, self.now()).await?;
        let out = reading.page(&db, filter).await?;
        db.commit().await?;
        Ok(out)
    }

    /// How many were submitted to each call of an edition that `subject` may read. Three statements.
    pub async fn filed_counts(
        &self,
        subject: &Subject,
        edition: &Edition,
    ) -> Result<BTreeMap<CallId, usize>> {
        let db = self.read().await?;
        let out = Reading::new(&db, subject, edition, self.now()).await?.counts(&db).await?;
        db.commit().await?;
        Ok(out)
    }

    /// How the places of each call stand with what is prepared, of those that `subject` decides and has no conflict with: what
    /// is prepared for others is not counted.
    pub async fn places_taken(
        &self,
        subject: &Subject,
        edition: &Edition,
    ) -> Result<BTreeMap<CallId, Taken>> {
        let db = self.read().await?;
        let reading = Reading::new(&db, subject, edition, self.now()).await?;
        let out = reading.taken(&db).await?;
        db.commit().await?;
        Ok(out)
    }
}

/// What a row of the list is made of: a proposal's texts and answers are long.
#[derive(Debug, FromQueryResult)]
struct Row {
    id: Uuid,
    call: Uuid,
    number: i32,
    title: String,
    state: String,
    submitted_at: Option<i64>,
    revision: i32,
    prepared: Option<String>,
}

/// Somebody reads the list.
pub(crate) struct Reading<'a> {
    pub(crate) subject: &'a Subject,
    pub(crate) edition: &'a Edition,
    /// The calls that they may read, with their forms.
    pub(crate) calls: BTreeMap<CallId, OpenCall>,
}

impl<'a> Reading<'a> {
    /// Two statements.
    pub(crate) async fn new(
        db: &impl ConnectionTrait,
        subject: &'a Subject,
        edition: &'a Edition,
        now: Timestamp,
    ) -> Result<Self> {
        let calls = calls::calls(db, edition.id)
            .await?
            .into_iter()
            .filter(|one| subject.may(Action::SeeProposals, &calls::place(edition, &one.call)).is_ok())
            .filter(|one| one.call.is_open_to_committee(now))
            .map(|one| (one.call.id, one))
            .collect();
        Ok(Self { subject, edition, calls })
    }

    /// Whether they may do that in the call.
    pub(crate) fn may(&self, action: Action, open: &OpenCall) -> bool {
        self.subject.may(action, &calls::place(self.edition, &open.call)).is_ok()
    }

    /// The calls in which they may do that.
    pub(crate) fn calls_with(&self, action: Action) -> impl Iterator<Item = CallId> + '_ {
        self.calls.values().filter(move |open| self.may(action, open)).map(|open| open.call.id)
    }

    /// What was submitted to those of `calls`; `None` where there are none.
    pub(crate) fn filed(&self, calls: impl Iterator<Item = CallId>) -> Option<Condition> {
        let ids: Vec<Uuid> = calls.map(|id| id.0).collect();
        (!ids.is_empty()).then(|| {
            Condition::all()
                .add(proposal::Column::Edition.eq(self.edition.id.0))
                .add(proposal::Column::Call.is_in(ids))
                .add(proposal::Column::State.ne(State::Draft.as_str()))
        })
    }

    /// Which proposals the filter lets through, but for what is prepared.
    fn wanted(&self, filter: &FiledFilter) -> Option<Condition> {
        let calls = self.calls.keys().copied().filter(|id| filter.call.is_none_or(|call| call == *id));
        let mut wanted = self.filed(calls)?;
        if let Some(state) = filter.state {
            wanted = wanted.add(proposal::Column::State.eq(state.as_str()));
        }
        Some(wanted)
    }

    async fn counts(&self, db: &impl ConnectionTrait) -> Result<BTreeMap<CallId, usize>> {
        let Some(all) = self.filed(self.calls.keys().copied()) else { return Ok(BTreeMap::new()) };
        let rows: Vec<(Uuid, i64)> = proposal::Entity::find()
            .select_only()
            .column(proposal::Column::Call)
            .column_as(proposal::Column::Id.count(), "filed")
            .filter(all)
            .group_by(proposal::Column::Call)
            .into_tuple()
            .all(db)
            .await?;
        Ok(rows
            .into_iter()
            .map(|(call, filed)| (CallId(call), usize::try_from(filed).unwrap_or_default()))
            .collect())
    }

    /// For what they may apply a decision, conflicts apart.
    async fn prepared(&self, db: &impl ConnectionTrait) -> Result<BTreeMap<Uuid, (CallId, String, String)>> {
        let Some(decided) = self.filed(self.calls_with(Action::DecideProposals)) else {
            return Ok(BTreeMap::new());
        };
        let rows: Vec<(Uuid, Uuid, String, String)> = proposal::Entity::find()
            .select_only()
            .columns([
                proposal::Column::Id,
                proposal::Column::Call,
                proposal::Column::State,
                proposal::Column::Prepared,
            ])
            .filter(decided)
            .filter(proposal::Column::Prepared.is_not_null())
            .into_tuple()
            .all(db)
            .await?;
        Ok(rows
            .into_iter()
            .map(|(id, call, state, prepared)| (id, (CallId(call), state, prepared)))
            .collect())
    }

    async fn judge(&self, db: &impl ConnectionTrait, over: &Over) -> Result<Judge> {
        Judge::of(db, self.edition.id, self.subject.account, over).await
    }

    fn is_clear(&self, judge: &Judge, id: Uuid) -> bool {
        judge.is_clear(self.subject.account, ProposalId(id))
    }

    async fn taken(&self, db: &impl ConnectionTrait) -> Result<BTreeMap<CallId, Taken>> {
        let Some(decided) = self.filed(self.calls_with(Action::DecideProposals)) else {
            return Ok(BTreeMap::new());
        };
        let taking = State::ALL.iter().filter(|state| state.takes_place()).map(|state| state.as_str());
        let rows: Vec<(Uuid, i64)> = proposal::Entity::find()
            .select_only()
            .column(proposal::Column::Call)
            .column_as(proposal::Column::Id.count(), "taken")
            .filter(decided)
            .filter(proposal::Column::State.is_in(taking))
            .group_by(proposal::Column::Call)
            .into_tuple()
            .all(db)
            .await?;
        let mut out: BTreeMap<CallId, Taken> = BTreeMap::new();
        for (call, taken) in rows {
            out.entry(CallId(call)).or_default().taken = usize::try_from(taken).unwrap_or_default();
        }
        let prepared = self.prepared(db).await?;
        let judge = self.judge(db, &Over::These(prepared.keys().copied().collect())).await?;
        for (id, (call, state, prepared)) in prepared {
            let comes = Decision::parse(&prepared).is_some_and(|decision| decision.state().takes_place())
                && !State::parse(&state).is_some_and(State::takes_place);
            if self.is_clear(&judge, id) {
                out.entry(call).or_default().coming += usize::from(comes);
            }
        }
        Ok(out)
    }

    async fn page(&self, db: &impl ConnectionTrait, filter: &FiledFilter) -> Result<FiledPage> {
        let Some(wanted) = self.wanted(filter) else { return Ok(FiledPage::default()) };
        let filed = self.counts(db).await?;
        let prepared: BTreeSet<Uuid> = self.prepared(db).await?.into_keys().collect();
        // The numbers and calls of all that fits: small, and what a page and its order are made of.
        let mut keys: Vec<(Uuid, Uuid)> = proposal::Entity::find()
            .select_only()
            .columns([proposal::Column::Id, proposal::Column::Call])
            .filter(wanted)
            .order_by_asc(proposal::Column::Number)
            .into_tuple()
            .all(db)
            .await?;
        let span = |keys: &[(Uuid, Uuid)]| {
            let shown = keys.iter().skip(filter.page.saturating_mul(FILED_PER_PAGE)).take(FILED_PER_PAGE);
            shown.map(|(id, _)| *id).collect::<Vec<Uuid>>()
        };
        let over = if filter.by_score {
            Over::Edition
        } else {
            Over::These(span(&keys).into_iter().chain(prepared.iter().copied()).collect())
        };
        let judge = self.judge(db, &over).await?;
        let applicable: BTreeSet<Uuid> =
            prepared.into_iter().filter(|id| self.is_clear(&judge, *id)).collect();
        if filter.prepared {
            keys.retain(|(id, _)| applicable.contains(id));
        }
        let mut scored = None;
        if filter.by_score {
            let of: HashMap<Uuid, CallId> = keys.iter().map(|(id, call)| (*id, CallId(*call))).collect();
            let all = self.scored(db, review::Column::Edition.eq(self.edition.id.0).into(), &of).await?;
            let mean = |id: &Uuid| {
                let known = all.get(id).filter(|_| self.is_clear(&judge, *id));
                known.and_then(|reviews| tally(reviews, 0).mean).unwrap_or(-1.0)
            };
            let mut ranked: Vec<(f64, (Uuid, Uuid))> = keys.iter().map(|key| (mean(&key.0), *key)).collect();
            ranked.sort_by(|one, other| other.0.total_cmp(&one.0));
            keys = ranked.into_iter().map(|(_, key)| key).collect();
            scored = Some(all);
        }
        let shown = span(&keys);
        let (total, prepared) = (keys.len(), applicable.len());
        if shown.is_empty() {
            return Ok(FiledPage { heads: vec![], total, filed, prepared });
        }
        let scored = if let Some(scored) = scored {
            scored
        } else {
            let of: HashMap<Uuid, CallId> = keys.iter().map(|(id, call)| (*id, CallId(*call))).collect();
            self.scored(db, among(review::Column::Proposal, shown.iter().copied()).into(), &of).await?
        };
        let heads = self.heads(db, &shown, &judge, &scored).await?;
        Ok(FiledPage { heads, total, filed, prepared })
    }

    /// These proposals in this order. Two statements.
    async fn heads(
        &self,
        db: &impl ConnectionTrait,
        shown: &[Uuid],
        judge: &Judge,
        scored: &HashMap<Uuid, Vec<Scored>>,
    ) -> Result<Vec<FiledHead>> {
        let rows = proposal::Entity::find()
            .filter(among(proposal::Column::Id, shown.iter().copied()))
            .select_only()
            .columns([
                proposal::Column::Id,
                proposal::Column::Call,
                proposal::Column::Number,
                proposal::Column::Title,
                proposal::Column::State,
                proposal::Column::SubmittedAt,
                proposal::Column::Revision,
                proposal::Column::Prepared,
            ])
            .into_model::<Row>()
            .all(db)
            .await?;
        let mut rows: HashMap<Uuid, Row> = rows.into_iter().map(|row| (row.id, row)).collect();
        let mut authors: HashMap<Uuid, Vec<Author>> = HashMap::new();
        let author_rows = author::Entity::find()
            .filter(among(author::Column::Proposal, shown.iter().copied()))
            .order_by_asc(author::Column::Position)
            .order_by_asc(author::Column::Id)
            .all(db)
            .await?;
        for row in &author_rows {
            authors.entry(row.proposal).or_default().push(author_of(row)?);
        }
        let mut out = Vec::with_capacity(shown.len());
        for id in shown {
            let Some(row) = rows.remove(id) else { continue };
            let Some(open) = self.calls.get(&CallId(row.call)) else { continue };
            let conflicts = judge.conflicts(self.subject.account, ProposalId(*id));
            let clear = conflicts.is_empty();
            let reviews = scored.get(id).map_or(&[][..], Vec::as_slice);
            let mine = reviews.iter().find(|review| Some(review.by) == self.subject.account);
            let decides = self.may(Action::DecideProposals, open);
            out.push(FiledHead {
                id: ProposalId(*id),
                call: CallId(row.call),
                number: u32::try_from(row.number).unwrap_or_default(),
                title: Line::clean(&row.title),
                state: State::parse(&row.state)
                    .ok_or_else(|| Error::damaged(format!("proposal {id}"), "no such state"))?,
                submitted: row.submitted_at.and_then(from_micros),
                tally: clear.then(|| tally(reviews, row.revision)),
                mine: mine.filter(|_| clear).map(|review| Mine {
                    submitted: review.submitted,
                    stale: review.revision < row.revision,
                }),
                prepared: row.prepared.as_deref().and_then(Decision::parse).filter(|_| clear && decides),
                authors: knows_authors(self.subject, self.edition, open)
                    .then(|| authors.remove(id).unwrap_or_default()),
                conflicts,
            });
        }
        Ok(out)
    }

    /// The reviews that fit, of the proposals in `of`, without their texts. One statement.
    pub(crate) async fn scored(
        &self,
        db: &impl ConnectionTrait,
        wanted: Condition,
        of: &HashMap<Uuid, CallId>,
    ) -> Result<HashMap<Uuid, Vec<Scored>>> {
        let rows: Vec<(Uuid, Uuid, i32, String, bool)> = review::Entity::find()
            .select_only()
            .columns([
                review::Column::Proposal,
                review::Column::Account,
                review::Column::Revision,
                review::Column::Scores,
                review::Column::Submitted,
            ])
            .filter(wanted)
            .into_tuple()
            .all(db)
            .await?;
        // Few ways of scoring are used, each by many reviews.
        let mut figures: HashMap<(CallId, String), Option<f64>> = HashMap::new();
        let mut out: HashMap<Uuid, Vec<Scored>> = HashMap::new();
        for (id, account, revision, scores, submitted) in rows {
            let Some(open) = of.get(&id).and_then(|call| self.calls.get(call)) else { continue };
            let key = (open.call.id, scores);
            let figure = if let Some(figure) = figures.get(&key) {
                *figure
            } else {
                let figure = figure_of(id, &key.1, &open.call.reviewing.criteria)?;
                figures.insert(key, figure);
                figure
            };
            out.entry(id).or_default().push(Scored { by: AccountId(account), revision, figure, submitted });
        }
        Ok(out)
    }
}

fn figure_of(id: Uuid, scores: &str, criteria: &[Criterion]) -> Result<Option<f64>> {
    let scores: Scores =
        serde_json::from_str(scores).map_err(|error| Error::damaged(format!("review of {id}"), error))?;
    Ok(figure(&scores, criteria))
}

/// A review without its texts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scored {
    pub(crate) by: AccountId,
    pub(crate) revision: i32,
    pub(crate) figure: Option<f64>,
    pub(crate) submitted: bool,
}

fn tally(reviews: &[Scored], revision: i32) -> Tally {
    let counting = reviews.iter().filter(|review| review.submitted);
    Tally::from_figures(counting.map(|review| (review.revision < revision, review.figure)))
}
