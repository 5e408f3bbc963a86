//! Taking back what was done to microconferences as a whole: accepting, merging, splitting, ticking; and what committees did
//! with forwards.
//!
//! Such a deed writes calls, proposals, authors and accounts of speakers too, which alone are not taken back from the log: a
//! proposal is its authors'. Together with an entry about a microconference they are.

use super::{KIND, find, forget, put};
use crate::{
    Result,
    audience::{SPEAKER_KIND, speaker_fact},
    call as calls,
    call::OpenCall,
    content::note,
    entity::{
        author, call as call_entity, call_form, proposal, proposal_revision, review_conflict, speaker_account,
    },
    forward::STEP_KIND,
    proposal as proposals,
    review::{CONFLICT_KIND, conflict_said},
    tx::{Change, Tx},
};
use model::{
    feed::Deed,
    id::{AuthorId, CallId, EditionId, ForwardId, MailId, ProposalId},
    microconference::Microconference,
    proposal::{Proposal, State},
};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

/// The kinds that come back together with a microconference or a forward, in the order in which they do: what belongs to a
/// proposal goes before it.
const ORDER: [&str; 9] = [
    STEP_KIND,
    ForwardId::KIND,
    KIND,
    CONFLICT_KIND,
    AuthorId::KIND,
    ProposalId::KIND,
    CallId::KIND,
    SPEAKER_KIND,
    MailId::KIND,
];

/// Whether entries of these kinds, written together, are such a deed.
pub(crate) fn is_one<'a>(mut kinds: impl Iterator<Item = &'a str>) -> bool {
    kinds.any(|kind| kind == KIND || kind == ForwardId::KIND)
}

/// The place of a kind in the order in which they come back; `None` for kinds that are nothing of this.
pub(crate) fn order(kind: &str) -> Option<usize> {
    ORDER.iter().position(|one| *one == kind)
}

/// Makes a thing what it was `before`, if it still is what it was `after`; gives whether it was.
pub(crate) async fn restore(
    tx: &Tx,
    edition: EditionId,
    (kind, thing): (&str, Uuid),
    before: Option<Value>,
    after: Option<&Value>,
) -> Result<bool> {
    match kind {
        STEP_KIND | ForwardId::KIND => {
            crate::forward::restore(tx, edition, (kind, thing), before, after).await
        }
        KIND => microconference(tx, edition, ProposalId(thing), before, after).await,
        CONFLICT_KIND => conflict(tx, edition, thing, before.as_ref(), after).await,
        AuthorId::KIND => author(tx, edition, AuthorId(thing), before.as_ref(), after).await,
        ProposalId::KIND => proposal(tx, edition, ProposalId(thing), before, after).await,
        CallId::KIND => call(tx, edition, CallId(thing), before, after).await,
        _ => speaker(tx, edition, thing, before.as_ref(), after).await,
    }
}

fn read<T: for<'a> Deserialize<'a>>(value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(|error| crate::Error::damaged("feed", error))
}

async fn microconference(
    tx: &Tx,
    edition: EditionId,
    id: ProposalId,
    before: Option<Value>,
    after: Option<&Value>,
) -> Result<bool> {
    let present = find(tx.db(), id).await?;
    if after.is_some() && Some(&crate::account::fact(&present)?) != after {
        return Ok(false);
    }
    match before {
        Some(before) => put(tx, edition, Some(&present), &read::<Microconference>(before)?).await?,
        None => forget(tx, edition, id).await?,
    }
    Ok(true)
}

/// A conflict that was carried over goes with what it was carried to.
async fn conflict(
    tx: &Tx,
    edition: EditionId,
    thing: Uuid,
    before: Option<&Value>,
    after: Option<&Value>,
) -> Result<bool> {
    let row = review_conflict::Entity::find_by_id(thing).one(tx.db()).await?;
    let Some(said) = row.as_ref().map(conflict_said).filter(|said| before.is_none() && Some(said) == after)
    else {
        return Ok(false);
    };
    review_conflict::Entity::delete_by_id(thing).exec(tx.db()).await?;
    note(tx, (CONFLICT_KIND, thing), edition, Some(&said), None).await?;
    Ok(true)
}

/// An author who was added goes; one who went does not come back, since the feed does not know their name.
async fn author(
    tx: &Tx,
    edition: EditionId,
    id: AuthorId,
    before: Option<&Value>,
    after: Option<&Value>,
) -> Result<bool> {
    let Some(row) = author::Entity::find_by_id(id.0).one(tx.db()).await? else { return Ok(false) };
    let present = proposals::author_of(&row)?;
    let said = proposals::author_said(row.proposal, row.account, row.speaks);
    if before.is_some() || Some(&said) != after {
        return Ok(false);
    }
    proposals::put_author(tx, edition, ProposalId(row.proposal), Some(&present), None).await?;
    Ok(true)
}

/// What of a proposal the feed knows, and the text of the revision that it had.
#[derive(Deserialize)]
struct Said {
    state: State,
    revision: u32,
    session: Option<model::id::SessionId>,
}

async fn proposal(
    tx: &Tx,
    edition: EditionId,
    id: ProposalId,
    before: Option<Value>,
    after: Option<&Value>,
) -> Result<bool> {
    let Some(present) = proposals::find(tx.db(), edition, id).await? else { return Ok(false) };
    if Some(&proposals::said(&present)) != after {
        return Ok(false);
    }
    let Some(before) = before else {
        // It came into being by the deed. What somebody has said about it since keeps it.
        if has_been_discussed(tx, id).await? {
            return Ok(false);
        }
        proposal_revision::Entity::delete_many()
            .filter(proposal_revision::Column::Proposal.eq(id.0))
            .exec(tx.db())
            .await?;
        proposals::put(tx, edition, Some(&present), None).await?;
        return Ok(true);
    };
    let said: Said = read(before)?;
    let mut wanted = Proposal { state: said.state, session: said.session, ..present.clone() };
    if said.revision != present.revision {
        // Its text as it was, as a revision after the present one: no revision is ever taken out.
        let kept = proposals::revisions(tx.db(), id).await?;
        let Some(old) = kept.into_iter().find(|one| one.number == said.revision) else { return Ok(false) };
        wanted.content = old.content;
        wanted.revision = present.revision + 1;
        wanted.changed = tx.at();
    }
    proposals::put(tx, edition, Some(&present), Some(&wanted)).await?;
    Ok(true)
}

async fn has_been_discussed(tx: &Tx, id: ProposalId) -> Result<bool> {
    use crate::entity::{proposal_comment, review, review_conflict};
    let db = tx.db();
    let reviews = review::Entity::find().filter(review::Column::Proposal.eq(id.0)).count(db).await?;
    let comments = proposal_comment::Entity::find()
        .filter(proposal_comment::Column::Proposal.eq(id.0))
        .count(db)
        .await?;
    let conflicts =
        review_conflict::Entity::find().filter(review_conflict::Column::Proposal.eq(id.0)).count(db).await?;
    Ok(reviews + comments + conflicts > 0)
}

/// A call with its form. One that came into being goes while nothing was proposed to it.
async fn call(
    tx: &Tx,
    edition: EditionId,
    id: CallId,
    before: Option<Value>,
    after: Option<&Value>,
) -> Result<bool> {
    let present = calls::find(tx.db(), edition, id).await?;
    let said = present.as_ref().map(calls::said).transpose()?;
    if said.as_ref() != after {
        return Ok(false);
    }
    let Some(before) = before else {
        let filed = proposal::Entity::find()
            .filter(proposal::Column::Edition.eq(edition.0))
            .filter(proposal::Column::Call.eq(id.0))
            .count(tx.db())
            .await?;
        if filed > 0 {
            return Ok(false);
        }
        call_form::Entity::delete_many()
            .filter(call_form::Column::Edition.eq(edition.0))
            .filter(call_form::Column::Call.eq(id.0))
            .exec(tx.db())
            .await?;
        call_entity::Entity::delete_by_id((edition.0, id.0)).exec(tx.db()).await?;
        calls::note(tx, edition, present.as_ref(), None).await?;
        return Ok(true);
    };
    let form = before.get("form").cloned().unwrap_or_default();
    let wanted = OpenCall { call: read(before)?, form: read(form)? };
    calls::put(tx, edition, present.as_ref(), &wanted, present.is_none().then_some(i64::MAX)).await?;
    Ok(true)
}

async fn speaker(
    tx: &Tx,
    edition: EditionId,
    thing: Uuid,
    before: Option<&Value>,
    after: Option<&Value>,
) -> Result<bool> {
    let Some(row) = speaker_account::Entity::find_by_id(thing).one(tx.db()).await? else { return Ok(false) };
    let said = speaker_fact(&row);
    if before.is_some() || Some(&said) != after {
        return Ok(false);
    }
    speaker_account::Entity::delete_by_id(thing).exec(tx.db()).await?;
    let edition = Some(edition);
    let (deed, before) = (Deed::Removed, Some(said));
    tx.note(vec![Change { kind: SPEAKER_KIND, thing, edition, deed, before, after: None }]).await?;
    Ok(true)
}
