//! What reviewers say before reviews are assigned: which proposals they want, what they know, and, where the committee says
//! so, how much they take.

use crate::{
    Error, Result, Store, call as calls,
    content::note,
    edition as editions,
    entity::{bid, proposal, review_load},
    holding::Holding,
    lookup::among,
    review::{
        filed::{FILED_PER_PAGE, Reading},
        judge::{Judge, Over},
        written,
    },
    rows::json,
    save::upsert,
    tx::Tx,
};
use model::{
    Refusal,
    assignment::{Bid, Load},
    conflict::Conflict,
    edition::Edition,
    id::{AccountId, CallId, EditionId, ProposalId, TrackId},
    permission::{Action, Subject},
    proposal::State,
    text::{Line, RichText},
    time::{from_micros, to_micros},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The words for these in the feed.
pub(crate) const KIND: &str = "bid";
pub(crate) const LOAD_KIND: &str = "review-load";

/// A proposal for which one may bid.
#[derive(Clone, Debug)]
pub struct BidHead {
    /// Which.
    pub id: ProposalId,
    /// Its number.
    pub number: u32,
    /// Its title.
    pub title: Line,
    /// What it is about.
    pub summary: RichText,
    /// Why one must not review it; then there is nothing to bid.
    pub conflicts: Vec<Conflict>,
    /// What one said.
    pub bid: Option<Bid>,
}

/// A page of what one may bid for in a call.
#[derive(Clone, Debug)]
pub struct BidPage {
    /// The call.
    pub call: CallId,
    /// What stands on the page.
    pub heads: Vec<BidHead>,
    /// How many there are on all pages.
    pub total: usize,
    /// What one said one knows.
    pub topics: Vec<TrackId>,
}

impl BidPage {
    /// How many pages there are; at least one.
    pub fn pages(&self) -> usize {
        self.total.div_ceil(FILED_PER_PAGE).max(1)
    }
}

/// What waits for a decision.
pub(crate) fn undecided() -> Condition {
    let states = State::ALL.iter().filter(|state| state.is_undecided()).map(|state| state.as_str());
    Condition::all().add(proposal::Column::State.is_in(states))
}

impl Store {
    /// A page, from 0, of what waits for a decision in a call and whoever asks may review; `None` where they are no reviewer
    /// of it. A constant number of statements.
    pub async fn bids(
        &self,
        subject: &Subject,
        edition: &Edition,
        call: CallId,
        page: usize,
    ) -> Result<Option<BidPage>> {
        let db = self.read().await?;
        let Some(me) = subject.account else { return Ok(None) };
        let reading = Reading::new(&db, subject, edition, self.now()).await?;
        let Some(open) = reading.calls.get(&call).filter(|open| reading.may(Action::Review, open)) else {
            return Ok(None);
        };
        let Some(filed) = reading.filed(std::iter::once(open.call.id)) else { return Ok(None) };
        let wanted = filed.add(undecided());
        let total = proposal::Entity::find().filter(wanted.clone()).count(&db).await?;
        let rows: Vec<(Uuid, i32, String, String)> = proposal::Entity::find()
            .select_only()
            .columns([
                proposal::Column::Id,
                proposal::Column::Number,
                proposal::Column::Title,
                proposal::Column::Summary,
            ])
            .filter(wanted)
            .order_by_asc(proposal::Column::Number)
            .offset(u64::try_from(page.saturating_mul(FILED_PER_PAGE)).ok())
            .limit(u64::try_from(FILED_PER_PAGE).ok())
            .into_tuple()
            .all(&db)
            .await?;
        let ids: BTreeSet<Uuid> = rows.iter().map(|row| row.0).collect();
        let bids = if ids.is_empty() {
            BTreeMap::new()
        } else {
            bids_of(
                &db,
                Condition::all()
                    .add(bid::Column::Account.eq(me.0))
                    .add(among(bid::Column::Proposal, ids.iter().copied())),
            )
            .await?
        };
        let judge = Judge::of(&db, edition.id, Some(me), &Over::These(ids)).await?;
        let load = load_of(&db, edition.id, call, me).await?;
        db.commit().await?;
        let heads = rows
            .into_iter()
            .map(|(id, number, title, summary)| {
                let id = ProposalId(id);
                BidHead {
                    id,
                    number: u32::try_from(number).unwrap_or_default(),
                    title: Line::clean(&title),
                    summary: RichText::clean(&summary),
                    conflicts: judge.conflicts(Some(me), id),
                    bid: bids.get(&(id, me)).copied(),
                }
            })
            .collect();
        Ok(Some(BidPage {
            call,
            heads,
            total: usize::try_from(total).unwrap_or(usize::MAX),
            topics: load.map(|row| topics_of(&row)).transpose()?.unwrap_or_default(),
        }))
    }

    /// Says what one wants to review, of proposals of one call, and which tracks one knows. What is not named stays. Those with
    /// which one has a conflict are left out. Gives how many bids changed.
    pub async fn put_bids(
        &self,
        subject: &Subject,
        edition: &Edition,
        call: CallId,
        bids: &BTreeMap<ProposalId, Option<Bid>>,
        topics: &[TrackId],
    ) -> Result<usize> {
        self.write(&subject.actor, async |tx| {
            subject.may_write()?;
            editions::open(tx.db(), edition.id).await?;
            let open = calls::find(tx.db(), edition.id, call).await?.ok_or_else(calls::gone)?;
            subject.may(Action::Review, &calls::place(edition, &open.call))?;
            let nobody = || Refusal::new("account", "you are not signed in", "Sign in first");
            let me = subject.account.ok_or_else(nobody)?;
            let changed = put_bids(tx, edition.id, call, me, bids).await?;
            let row = load_of(tx.db(), edition.id, call, me).await?;
            if row.is_some() || !topics.is_empty() {
                put_load(tx, edition.id, (call, me), row, |row| {
                    row.topics = json(&topics)?;
                    Ok(())
                })
                .await?;
            }
            Ok(changed)
        })
        .await
    }
}

async fn put_bids(
    tx: &Tx,
    edition: EditionId,
    call: CallId,
    me: AccountId,
    bids: &BTreeMap<ProposalId, Option<Bid>>,
) -> Result<usize> {
    if bids.is_empty() {
        return Ok(0);
    }
    let ids: Vec<Uuid> = proposal::Entity::find()
        .select_only()
        .column(proposal::Column::Id)
        .filter(proposal::Column::Edition.eq(edition.0))
        .filter(proposal::Column::Call.eq(call.0))
        .filter(among(proposal::Column::Id, bids.keys().map(|id| id.0)))
        .filter(undecided())
        .into_tuple()
        .all(tx.db())
        .await?;
    let judge = Judge::of(tx.db(), edition, Some(me), &Over::These(ids.iter().copied().collect())).await?;
    let mut before: BTreeMap<Uuid, bid::Model> = bid::Entity::find()
        .filter(bid::Column::Account.eq(me.0))
        .filter(among(bid::Column::Proposal, bids.keys().map(|id| id.0)))
        .all(tx.db())
        .await?
        .into_iter()
        .map(|row| (row.proposal, row))
        .collect();
    let mut changed = 0;
    for id in ids.into_iter().map(ProposalId).filter(|id| judge.is_clear(Some(me), *id)) {
        let before = before.remove(&id.0);
        let after = bids.get(&id).copied().flatten();
        if before.as_ref().map(|row| row.bid.as_str()) == after.map(Bid::as_str) {
            continue;
        }
        changed += 1;
        let after = after.map(|bid| bid::Model {
            edition: edition.0,
            id: before.as_ref().map_or_else(Uuid::now_v7, |row| row.id),
            proposal: id.0,
            account: me.0,
            bid: bid.as_str().to_owned(),
            at: to_micros(tx.at()),
        });
        let Some(thing) = after.as_ref().or(before.as_ref()).map(|row| row.id) else { continue };
        match &after {
            Some(row) => upsert::<bid::Entity>(tx.db(), vec![row.clone()]).await?,
            None => {
                bid::Entity::delete_by_id(thing).exec(tx.db()).await?;
            }
        }
        let (before, after) = (before.as_ref().map(said), after.as_ref().map(said));
        note(tx, (KIND, thing), edition, before.as_ref(), after.as_ref()).await?;
    }
    Ok(changed)
}

/// What was said, by proposal and person.
pub(crate) async fn bids_of(
    db: &impl ConnectionTrait,
    wanted: Condition,
) -> Result<BTreeMap<(ProposalId, AccountId), Bid>> {
    let rows: Vec<(Uuid, Uuid, String)> = bid::Entity::find()
        .select_only()
        .columns([bid::Column::Proposal, bid::Column::Account, bid::Column::Bid])
        .filter(wanted)
        .into_tuple()
        .all(db)
        .await?;
    rows.into_iter()
        .map(|(proposal, account, word)| {
            let bid = Bid::parse(&word)
                .ok_or_else(|| Error::damaged(format!("bid of {account} for {proposal}"), "no such word"))?;
            Ok(((ProposalId(proposal), AccountId(account)), bid))
        })
        .collect()
}

pub(crate) async fn load_of(
    db: &impl ConnectionTrait,
    edition: EditionId,
    call: CallId,
    who: AccountId,
) -> Result<Option<review_load::Model>> {
    Ok(review_load::Entity::find()
        .filter(review_load::Column::Edition.eq(edition.0))
        .filter(review_load::Column::Call.eq(call.0))
        .filter(review_load::Column::Account.eq(who.0))
        .one(db)
        .await?)
}

/// What is said of somebody's load and topics, changed by `rule`.
pub(crate) async fn put_load(
    tx: &Tx,
    edition: EditionId,
    (call, who): (CallId, AccountId),
    before: Option<review_load::Model>,
    rule: impl FnOnce(&mut review_load::Model) -> Result<()>,
) -> Result<()> {
    let mut after = before.clone().unwrap_or_else(|| review_load::Model {
        edition: edition.0,
        id: Uuid::now_v7(),
        call: call.0,
        account: who.0,
        least: None,
        most: None,
        topics: "[]".to_owned(),
    });
    rule(&mut after)?;
    if before.as_ref() == Some(&after) {
        return Ok(());
    }
    let (said, told) = (before.as_ref().map(load_said).transpose()?, load_said(&after)?);
    let thing = after.id;
    upsert::<review_load::Entity>(tx.db(), vec![after]).await?;
    note(tx, (LOAD_KIND, thing), edition, said.as_ref(), Some(&told)).await
}

/// Removes what is said of the reviewers of a call.
pub(crate) async fn remove_loads(tx: &Tx, edition: EditionId, call: CallId) -> Result<()> {
    let rows = review_load::Entity::find()
        .filter(review_load::Column::Edition.eq(edition.0))
        .filter(review_load::Column::Call.eq(call.0))
        .all(tx.db())
        .await?;
    for row in &rows {
        review_load::Entity::delete_by_id(row.id).exec(tx.db()).await?;
        note(tx, (LOAD_KIND, row.id), edition, Some(&load_said(row)?), None).await?;
    }
    Ok(())
}

/// The load that is said for somebody; none where the plan's holds.
pub(crate) fn own_load(row: &review_load::Model) -> Option<Load> {
    let number = |value: Option<i32>| value.and_then(|value| u16::try_from(value).ok());
    Some(Load { least: number(row.least)?, most: number(row.most)? })
}

pub(crate) fn topics_of(row: &review_load::Model) -> Result<Vec<TrackId>> {
    serde_json::from_str(&row.topics)
        .map_err(|error| Error::damaged(format!("review load {}", row.id), error))
}

/// What the feed says of a bid: that there is one, not for what. Those with a conflict read the log too.
fn said(row: &bid::Model) -> Value {
    json!({ "at": from_micros(row.at) })
}

fn load_said(row: &review_load::Model) -> Result<Value> {
    Ok(json!({
        "account": row.account,
        "call": row.call,
        "load": own_load(row),
        "topics": topics_of(row)?,
    }))
}

/// What the rows hold, in the feed's words, for [`crate::verify()`].
pub(crate) async fn state(
    db: &DatabaseTransaction,
    state: &mut BTreeMap<(Option<Uuid>, String, Uuid), Value>,
) -> Result<()> {
    for row in bid::Entity::find().all(db).await? {
        state.insert((Some(row.edition), KIND.to_owned(), row.id), said(&row));
    }
    for row in review_load::Entity::find().all(db).await? {
        state.insert((Some(row.edition), LOAD_KIND.to_owned(), row.id), load_said(&row)?);
    }
    Ok(())
}

written!(bid, KIND, said, |row, account| bid::Model { account, ..row }, true);

impl Holding for review_load::Entity {
    const KIND: &'static str = LOAD_KIND;
    const ACCOUNT: Self::Column = review_load::Column::Account;
    const ID: Self::Column = review_load::Column::Id;

    fn id(row: &review_load::Model) -> Uuid {
        row.id
    }

    fn edition(row: &review_load::Model) -> Option<EditionId> {
        Some(EditionId(row.edition))
    }

    fn fact(row: &review_load::Model) -> Result<Value> {
        load_said(row)
    }

    fn of_account(row: review_load::Model, account: Uuid) -> review_load::Model {
        review_load::Model { account, ..row }
    }

    /// Where something is said of both, one is enough.
    fn stays(row: &review_load::Model, others: &[review_load::Model]) -> bool {
        others.iter().any(|other| other.call == row.call)
    }
}
