//! What leaves its call: its session goes with it, and the best of the wait list takes the place that becomes free
//! (requirement 41).

use crate::{
    Result,
    decision::{self, How, change_programme, places_taken},
    entity::{proposal, review},
    microconference, proposal as proposals,
    proposal::proposal_of,
    review::review_of,
    tx::Tx,
};
use model::{
    call::{Call, CallKind},
    edition::Edition,
    feed::Actor,
    id::{AccountId, ProposalId},
    programme::Standing,
    proposal::{Decision, Proposal, State},
    review::{Review, Tally},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use std::{cmp::Reverse, collections::BTreeMap};
use uuid::Uuid;

/// A proposal that left its call, and what took its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The proposal as it is now.
    pub proposal: Proposal,
    /// What was accepted from the wait list.
    pub promoted: Vec<Proposal>,
}

/// Writes that `before` has become `after`, which takes place no more: a session that has a time stays on the programme, marked
/// as cancelled; one without goes. Then the wait list moves up.
pub(crate) async fn leave(
    tx: &Tx,
    actor: &Actor,
    edition: &Edition,
    call: &Call,
    (before, mut after): (&Proposal, Proposal),
    base_url: &str,
) -> Result<Left> {
    match after.session {
        Some(session) if call.kind == CallKind::Topics => {
            after.session = None;
            proposals::put(tx, edition.id, Some(before), Some(&after)).await?;
            microconference::drop_topic(tx, edition.id, before, session).await?;
        }
        Some(session) => {
            let stays = change_programme(tx, edition.id, |programme| {
                let Some(at) = programme.sessions.iter().position(|one| one.id == session) else {
                    return Ok(false);
                };
                // The block of a microconference stays: its track and its topics belong to it.
                if programme.sessions[at].slots.is_empty() && call.kind != CallKind::Microconferences {
                    programme.sessions.remove(at);
                    return Ok(false);
                }
                for slot in &mut programme.sessions[at].slots {
                    slot.standing = Standing::Cancelled;
                }
                Ok(true)
            })
            .await?;
            after.session = after.session.filter(|_| stays);
            proposals::put(tx, edition.id, Some(before), Some(&after)).await?;
        }
        None => proposals::put(tx, edition.id, Some(before), Some(&after)).await?,
    }
    microconference::close_topics(tx, edition.id, after.id).await?;
    let authors = proposals::authors(tx.db(), after.id).await?;
    let accounts: Vec<AccountId> = authors.iter().filter_map(|author| author.account).collect();
    microconference::stop_leading(tx, actor, edition.id, after.id, &accounts).await?;
    let promoted =
        if before.state.takes_place() { move_up(tx, actor, edition, call, base_url).await? } else { vec![] };
    Ok(Left { proposal: after, promoted })
}

/// Accepts the best of the wait list for each place that is free, where the call says so. Their authors are told.
async fn move_up(
    tx: &Tx,
    actor: &Actor,
    edition: &Edition,
    call: &Call,
    base_url: &str,
) -> Result<Vec<Proposal>> {
    let Some(places) = call.fills_places(edition, tx.at()) else { return Ok(vec![]) };
    let nothing = ProposalId(Uuid::nil());
    let taken = places_taken(tx.db(), edition.id, call, nothing).await?;
    let free = usize::from(places).saturating_sub(taken);
    let mut promoted = vec![];
    for next in waiting(tx, edition, call).await?.into_iter().take(free) {
        let how = How { decision: Decision::Accept, minutes: None };
        promoted.push(decision::decide(tx, actor, edition, next, how, base_url).await?.0);
    }
    Ok(promoted)
}

/// The wait list of a call: by what the reviews say, the best first; of equal ones the one that was submitted first.
async fn waiting(tx: &Tx, edition: &Edition, call: &Call) -> Result<Vec<Proposal>> {
    let waiting = proposal::Entity::find()
        .filter(proposal::Column::Edition.eq(edition.id.0))
        .filter(proposal::Column::Call.eq(call.id.0))
        .filter(proposal::Column::State.eq(State::WaitListed.as_str()));
    let rows = waiting.clone().all(tx.db()).await?;
    let ids = waiting.select_only().column(proposal::Column::Id).into_query();
    let mut reviews: BTreeMap<ProposalId, Vec<Review>> = BTreeMap::new();
    for row in review::Entity::find().filter(review::Column::Proposal.in_subquery(ids)).all(tx.db()).await? {
        let review = review_of(&row)?;
        reviews.entry(review.proposal).or_default().push(review);
    }
    let mut list = rows.iter().map(proposal_of).collect::<Result<Vec<_>>>()?;
    let score = |one: &Proposal| {
        let of = reviews.get(&one.id).map(Vec::as_slice).unwrap_or_default();
        // In hundredths, so that it can be compared.
        let mean = Tally::of(of.iter(), &call.reviewing.criteria, one.revision).mean;
        #[expect(clippy::cast_possible_truncation, reason = "a mean is from 0 to 100")]
        mean.map(|mean| (mean * 100.0).round() as i64)
    };
    list.sort_by_cached_key(|one| (Reverse(score(one)), one.submitted, one.number));
    Ok(list)
}
