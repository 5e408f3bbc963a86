//! Microconferences in the record: what their leads and the committee see of them, and what their leads tick.
//!
//! Accepting one stands in `accept`, what its leads then do in `run`, two that become one in `join`, and what taking
//! such a deed back needs in `undo`.

mod accept;
pub(crate) mod join;
mod run;
pub(crate) mod undo;

pub use accept::Acceptance;
pub(crate) use accept::{accept, close_topics, drop_topic, let_lead, settle, stop_leading, take_topic};
pub(crate) use run::{follow, lay_out_topics};

use crate::{
    Error, Result, Store, call as calls,
    call::OpenCall,
    content::note,
    edition as editions,
    entity::{author, edition, microconference, post as post_entity, proposal, release, session},
    post as posts, proposal as proposals,
    proposal::{author_of, gone, proposal_of},
    review,
    rows::{self, json},
    save::upsert,
    tx::Tx,
};
use model::{
    call::CallKind,
    edition::Edition,
    id::{AccountId, CallId, EditionId, ProposalId, SessionId},
    microconference::{Check, Microconference, Progress, TOPICS, Waiting, queue},
    permission::{Action, Place, Subject},
    post::Post,
    programme::{Programme, Session, SessionKind},
    proposal::{Author, Proposal, State},
    text::Line,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The word for what a microconference has in the feed.
pub(crate) const KIND: &str = "microconference";

/// A microconference in a list.
#[derive(Clone, Debug)]
pub struct MicroconferenceHead {
    /// Its call.
    pub call: CallId,
    /// Its proposal's number.
    pub number: u32,
    /// Its title.
    pub title: Line,
    /// Where its proposal stands.
    pub state: State,
    /// Who leads it; nobody where that is not to be known.
    pub leads: Vec<Line>,
    /// What it has.
    pub microconference: Microconference,
}

/// A topic that was proposed to a microconference.
#[derive(Clone, Debug)]
pub struct TopicHead {
    /// The proposal.
    pub proposal: Proposal,
    /// Who proposes it.
    pub authors: Vec<Line>,
}

/// A microconference with all that its leads and the committee work on.
#[derive(Clone, Debug)]
pub struct MicroconferenceView {
    /// The call to which it was proposed.
    pub open: OpenCall,
    /// Its proposal.
    pub proposal: Proposal,
    /// Who leads it; nobody where that is not to be known.
    pub authors: Vec<Author>,
    /// What it has.
    pub microconference: Microconference,
    /// The queue in which it stands, in its order.
    pub waiting: Vec<Waiting>,
    /// How many places of its call are taken.
    pub taken: usize,
    /// Its call for topics, once it is accepted.
    pub topic_call: Option<OpenCall>,
    /// The topics that were proposed, by number.
    pub topics: Vec<TopicHead>,
    /// The post that announces it.
    pub post: Option<Post>,
    /// Whether whoever asks may decide on it: the right, and no conflict.
    pub may_decide: bool,
    /// Whether they may run it.
    pub may_lead: bool,
}

/// One that was held at an earlier edition.
#[derive(Clone, Debug)]
pub struct HeldBefore {
    /// The edition.
    pub edition: Edition,
    /// Its block there.
    pub session: SessionId,
    /// Its title there.
    pub title: Line,
}

impl Store {
    /// What a microconference of somebody's own has; `None` where the proposal is another's or no microconference.
    pub async fn own_microconference(
        &self,
        subject: &Subject,
        edition: EditionId,
        id: ProposalId,
    ) -> Result<Option<Microconference>> {
        let Some(own) = self.own_proposal(subject, edition, id).await? else { return Ok(None) };
        if own.open.call.kind != CallKind::Microconferences {
            return Ok(None);
        }
        Ok(Some(find(self.readers(), id).await?))
    }

    /// Keeps what the leads of a microconference tick, and calls it ready or not.
    pub async fn check_microconference(
        &self,
        subject: &Subject,
        edition: EditionId,
        id: ProposalId,
        checked: &BTreeSet<Check>,
        ready: bool,
    ) -> Result<Microconference> {
        let account = proposals::signed_in(subject)?;
        self.write(&subject.actor, async |tx| {
            editions::open(tx.db(), edition).await?;
            let own = own(tx, account, edition, id).await?;
            let before = find(tx.db(), id).await?;
            let asks = own.open.form.fields.iter().any(|field| field.key.as_str() == TOPICS);
            let progress = Progress::of(&own.proposal.content.answers, own.open.call.terms, asks);
            let state = own.proposal.state;
            let after = before.clone().check(checked.clone(), ready, state, &progress, tx.at())?;
            put(tx, edition, Some(&before), &after).await?;
            Ok(after)
        })
        .await
    }

    /// Says that a microconference of somebody's own continues one that was held before.
    pub async fn continue_microconference(
        &self,
        subject: &Subject,
        edition: EditionId,
        id: ProposalId,
        last: (EditionId, SessionId),
    ) -> Result<()> {
        let account = proposals::signed_in(subject)?;
        self.write(&subject.actor, async |tx| {
            own(tx, account, edition, id).await?;
            let before = find(tx.db(), id).await?;
            let after = Microconference { again: Some(last), ..before.clone() };
            put(tx, edition, Some(&before), &after).await
        })
        .await
    }

    /// The microconferences of earlier editions of the same series, the latest first. Three queries.
    pub async fn held_before(&self, edition: &Edition) -> Result<Vec<HeldBefore>> {
        let rows = edition::Entity::find()
            .filter(edition::Column::Series.eq(edition.series.as_str()))
            .filter(edition::Column::Id.ne(edition.id.0))
            .all(self.readers())
            .await?;
        let mut editions: Vec<Edition> = rows.iter().map(rows::edition).collect::<Result<_>>()?;
        // Only what the public knows: editions that are over, of which something was released.
        let today = self.now();
        editions
            .retain(|one| one.first_day < edition.first_day && one.zone.local(today).date() > one.last_day);
        let released = self.released(&editions).await?;
        editions.retain(|one| released.contains(&one.id));
        editions.sort_by_key(|one| std::cmp::Reverse(one.first_day));
        if editions.is_empty() {
            return Ok(vec![]);
        }
        let blocks = session::Entity::find()
            .filter(session::Column::Edition.is_in(editions.iter().map(|one| one.id.0)))
            .filter(session::Column::Kind.eq(SessionKind::Microconference.as_str()))
            .order_by_asc(session::Column::Title)
            .order_by_asc(session::Column::Id)
            .all(self.readers())
            .await?;
        Ok(editions
            .iter()
            .flat_map(|edition| {
                blocks.iter().filter(|row| row.edition == edition.id.0).map(|row| HeldBefore {
                    edition: edition.clone(),
                    session: SessionId(row.id),
                    title: Line::clean(&row.title),
                })
            })
            .collect())
    }

    /// Which of these editions have a release. One query.
    async fn released(&self, editions: &[Edition]) -> Result<BTreeSet<EditionId>> {
        let ids: Vec<Uuid> = release::Entity::find()
            .select_only()
            .distinct()
            .column(release::Column::Edition)
            .filter(release::Column::Edition.is_in(editions.iter().map(|one| one.id.0)))
            .into_tuple()
            .all(self.readers())
            .await?;
        Ok(ids.into_iter().map(EditionId).collect())
    }

    /// One that was held at an earlier edition of the same series: the programme and its block there.
    pub async fn last_time(
        &self,
        edition: &Edition,
        last: (EditionId, SessionId),
    ) -> Result<Option<(Programme, Session)>> {
        let heads = self.editions().await?;
        let Some(home) = heads.iter().map(|head| &head.edition).find(|one| one.id == last.0) else {
            return Ok(None);
        };
        // As the public knows it: the working state may hold what is not announced.
        let Some(release) = self.latest_release(&home.slug).await? else { return Ok(None) };
        let programme = release.programme;
        let of_series = home.series == edition.series && home.first_day < edition.first_day;
        let block = programme.sessions.iter().find(|session| session.id == last.1).cloned();
        Ok(block.filter(|_| of_series).map(|block| (programme, block)))
    }

    /// The microconferences of an edition that `subject` may see, by call and in the order of the queue: the committee those
    /// that were submitted, leads their own. A constant number of queries.
    pub async fn microconferences(
        &self,
        subject: &Subject,
        edition: &Edition,
    ) -> Result<Vec<MicroconferenceHead>> {
        let db = self.read().await?;
        let calls = calls::calls(&db, edition.id).await?;
        let ids = calls.iter().filter(|one| one.call.kind == CallKind::Microconferences);
        let ids: Vec<Uuid> = ids.map(|one| one.call.id.0).collect();
        if ids.is_empty() {
            return Ok(vec![]);
        }
        let filed = proposal::Entity::find()
            .filter(proposal::Column::Edition.eq(edition.id.0))
            .filter(proposal::Column::Call.is_in(ids))
            .filter(proposal::Column::State.ne(State::Draft.as_str()))
            .order_by_asc(proposal::Column::Number)
            .all(&db)
            .await?;
        let known = all(&db, edition.id).await?;
        let mut leads: BTreeMap<Uuid, Vec<Line>> = BTreeMap::new();
        let authors = author::Entity::find()
            .filter(author::Column::Edition.eq(edition.id.0))
            .order_by_asc(author::Column::Position)
            .order_by_asc(author::Column::Id)
            .all(&db)
            .await?;
        for author in &authors {
            leads.entry(author.proposal).or_default().push(Line::clean(&author.name));
        }
        db.commit().await?;
        let mut out = vec![];
        for row in &filed {
            let one = proposal_of(row)?;
            let microconference = known.get(&one.id).cloned().unwrap_or_else(|| Microconference::of(one.id));
            let Some(open) = calls.iter().find(|open| open.call.id == one.call) else { continue };
            let sees = subject.may(Action::SeeProposals, &calls::place(edition, &open.call)).is_ok();
            let leads_it = leads_it(subject, edition, &microconference);
            if !leads_it && !review::knows_authors(subject, edition, open) {
                leads.remove(&row.id);
            }
            if sees || leads_it {
                out.push(MicroconferenceHead {
                    call: one.call,
                    number: one.number,
                    title: one.content.title,
                    state: one.state,
                    leads: leads.remove(&row.id).unwrap_or_default(),
                    microconference,
                });
            }
        }
        out.sort_by_key(|head| {
            let position = calls.iter().position(|open| open.call.id == head.call);
            let ready = head.microconference.ready;
            (position, ready.is_none(), ready, head.number)
        });
        Ok(out)
    }

    /// A microconference for those who decide on it or lead it; to others there is none. A constant number of queries.
    pub async fn microconference(
        &self,
        subject: &Subject,
        edition: &Edition,
        id: ProposalId,
    ) -> Result<Option<MicroconferenceView>> {
        let db = self.read().await?;
        let Some(proposal) = proposals::find(&db, edition.id, id).await? else { return Ok(None) };
        let Some(open) = calls::find(&db, edition.id, proposal.call).await? else { return Ok(None) };
        if open.call.kind != CallKind::Microconferences || !proposal.state.is_filed() {
            return Ok(None);
        }
        let microconference = find(&db, id).await?;
        let filed = review::one(&db, subject, edition, id, self.now()).await?;
        let may_lead = leads_it(subject, edition, &microconference);
        if filed.is_none() && !may_lead {
            return Ok(None);
        }
        let mut view = MicroconferenceView {
            waiting: waiting(&db, edition.id, open.call.id).await?,
            taken: 0,
            authors: match &filed {
                Some(filed) if !may_lead => filed.authors.clone().unwrap_or_default(),
                _ => proposals::authors(&db, id).await?,
            },
            topic_call: None,
            topics: vec![],
            post: None,
            may_decide: filed.is_some_and(|filed| filed.may_decide),
            may_lead,
            open,
            proposal,
            microconference,
        };
        view.taken = view.waiting.iter().filter(|one| one.state.takes_place()).count();
        if let Some(held) = &view.microconference.held {
            view.topic_call = calls::find(&db, edition.id, held.call).await?;
            view.topics = topics(&db, edition.id, held.call).await?;
            let row = post_entity::Entity::find_by_id((edition.id.0, held.post.0)).one(&db).await?;
            view.post = row.as_ref().map(posts::post_of).transpose()?;
        }
        db.commit().await?;
        Ok(Some(view))
    }
}

/// Whether they run that microconference.
fn leads_it(subject: &Subject, edition: &Edition, one: &Microconference) -> bool {
    one.held.as_ref().is_some_and(|held| {
        let place = Place::edition(edition).in_track(Some(held.track));
        subject.may(Action::DecideProposals, &place).is_ok()
    })
}

/// A microconference of somebody's own.
async fn own(
    tx: &Tx,
    account: AccountId,
    edition: EditionId,
    id: ProposalId,
) -> Result<proposals::OwnProposal> {
    let own = proposals::own(tx.db(), account, edition, id).await?.ok_or_else(gone)?;
    if own.open.call.kind == CallKind::Microconferences { Ok(own) } else { Err(gone()) }
}

/// What was proposed to a call for topics, by number, without drafts.
async fn topics(db: &impl ConnectionTrait, edition: EditionId, call: CallId) -> Result<Vec<TopicHead>> {
    let rows = proposal::Entity::find()
        .filter(proposal::Column::Edition.eq(edition.0))
        .filter(proposal::Column::Call.eq(call.0))
        .filter(proposal::Column::State.ne(State::Draft.as_str()))
        .order_by_asc(proposal::Column::Number)
        .all(db)
        .await?;
    if rows.is_empty() {
        return Ok(vec![]);
    }
    let authors = author::Entity::find()
        .filter(author::Column::Proposal.is_in(rows.iter().map(|row| row.id)))
        .order_by_asc(author::Column::Position)
        .all(db)
        .await?;
    rows.iter()
        .map(|row| {
            let theirs = authors.iter().filter(|author| author.proposal == row.id);
            let authors = theirs.map(|author| Ok(author_of(author)?.name)).collect::<Result<_>>()?;
            Ok(TopicHead { proposal: proposal_of(row)?, authors })
        })
        .collect()
}

/// What a microconference has; nothing yet where nothing is kept of it.
pub(crate) async fn find(db: &impl ConnectionTrait, id: ProposalId) -> Result<Microconference> {
    let row = microconference::Entity::find_by_id(id.0).one(db).await?;
    Ok(row.as_ref().map(of_row).transpose()?.unwrap_or_else(|| Microconference::of(id)))
}

/// What all microconferences of an edition have.
async fn all(db: &impl ConnectionTrait, edition: EditionId) -> Result<BTreeMap<ProposalId, Microconference>> {
    let rows = microconference::Entity::find()
        .filter(microconference::Column::Edition.eq(edition.0))
        .all(db)
        .await?;
    rows.iter().map(|row| of_row(row).map(|one| (one.proposal, one))).collect()
}

/// The one whose call for topics that is.
async fn of_topics(
    db: &impl ConnectionTrait,
    edition: EditionId,
    call: CallId,
) -> Result<Option<Microconference>> {
    let all = all(db, edition).await?;
    Ok(all.into_values().find(|one| one.held.as_ref().is_some_and(|held| held.call == call)))
}

/// All that was submitted to a call for microconferences, in the order of the queue.
async fn waiting(db: &impl ConnectionTrait, edition: EditionId, call: CallId) -> Result<Vec<Waiting>> {
    let known = all(db, edition).await?;
    let rows = proposal::Entity::find()
        .filter(proposal::Column::Edition.eq(edition.0))
        .filter(proposal::Column::Call.eq(call.0))
        .filter(proposal::Column::State.ne(State::Draft.as_str()))
        .all(db)
        .await?;
    let mut out: Vec<Waiting> = rows
        .iter()
        .map(|row| {
            let one = proposal_of(row)?;
            let ready = known.get(&one.id).and_then(|known| known.ready);
            Ok(Waiting { proposal: one.id, number: one.number, state: one.state, ready })
        })
        .collect::<Result<_>>()?;
    queue(&mut out);
    Ok(out)
}

/// Keeps what a microconference has, and notes it.
async fn put(
    tx: &Tx,
    edition: EditionId,
    before: Option<&Microconference>,
    after: &Microconference,
) -> Result<()> {
    let id = after.proposal.0;
    let known = microconference::Entity::find_by_id(id).one(tx.db()).await?.is_some();
    if known && before == Some(after) {
        return Ok(());
    }
    let row = microconference::Model { edition: edition.0, proposal: id, facts: json(after)? };
    upsert::<microconference::Entity>(tx.db(), vec![row]).await?;
    note(tx, (KIND, id), edition, before.filter(|_| known), Some(after)).await
}

/// Takes out what a proposal had that goes.
pub(crate) async fn forget(tx: &Tx, edition: EditionId, id: ProposalId) -> Result<()> {
    let Some(row) = microconference::Entity::find_by_id(id.0).one(tx.db()).await? else { return Ok(()) };
    let before = of_row(&row)?;
    microconference::Entity::delete_by_id(id.0).exec(tx.db()).await?;
    note(tx, (KIND, id.0), edition, Some(&before), None).await
}

fn of_row(row: &microconference::Model) -> Result<Microconference> {
    serde_json::from_str(&row.facts)
        .map_err(|error| Error::damaged(format!("microconference {}", row.proposal), error))
}

/// What the rows hold, in the feed's words, for [`crate::verify()`]; broken invariants go to `broken`.
pub(crate) async fn state(
    db: &DatabaseTransaction,
    state: &mut BTreeMap<(Option<Uuid>, String, Uuid), Value>,
    broken: &mut Vec<String>,
) -> Result<()> {
    for row in microconference::Entity::find().all(db).await? {
        let one = of_row(&row)?;
        let fact = crate::account::fact(&one)?;
        state.insert((Some(row.edition), KIND.to_owned(), row.proposal), fact);
        if let Some(held) = &one.held
            && calls::find(db, EditionId(row.edition), held.call).await?.is_none()
        {
            broken.push(format!("microconference {}: its call for topics is gone", row.proposal));
        }
    }
    Ok(())
}
