//! Forwards and their steps as rows, what the feed says of them, and how they come back.

use super::Stored;
use crate::{
    Error, Result,
    content::note,
    entity::{forward, forward_step},
    holding::Holding,
    rows::json,
    save::upsert,
    tx::Tx,
};
use jiff::Timestamp;
use model::{
    forward::{End, Forward, Said, State, Step},
    id::{AccountId, CallId, EditionId, ForwardId, PartnerId, ProposalId},
    text::{Line, RichText, Slug, WebUrl},
    time::{from_micros, to_micros},
};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The words for a step of one in the feed.
pub(crate) const STEP_KIND: &str = "forward-step";

pub(crate) async fn find(db: &impl ConnectionTrait, id: ForwardId) -> Result<Option<Stored>> {
    forward::Entity::find_by_id(id.0).one(db).await?.as_ref().map(of_row).transpose()
}

/// The steps of a forward, the first one first.
pub(super) async fn steps(db: &impl ConnectionTrait, id: ForwardId) -> Result<Vec<forward_step::Model>> {
    Ok(forward_step::Entity::find()
        .filter(forward_step::Column::Forward.eq(id.0))
        .order_by_asc(forward_step::Column::At)
        .order_by_asc(forward_step::Column::Id)
        .all(db)
        .await?)
}

/// Makes a forward what `after` says, and notes it.
pub(super) async fn put(
    tx: &Tx,
    owner: EditionId,
    before: Option<&Stored>,
    after: Option<&Stored>,
) -> Result<()> {
    let Some(id) = after.or(before).map(|one| one.forward.id) else { return Ok(()) };
    match after {
        Some(after) => upsert::<forward::Entity>(tx.db(), vec![row_of(owner, after)?]).await?,
        None => {
            forward::Entity::delete_by_id(id.0).exec(tx.db()).await?;
        }
    }
    let (before, after) = (before.map(said), after.map(said));
    note(tx, (ForwardId::KIND, id.0), owner, before.as_ref(), after.as_ref()).await
}

pub(super) async fn put_step(
    tx: &Tx,
    owner: EditionId,
    forward: ForwardId,
    (step, account): (Step, Option<AccountId>),
    text: &RichText,
) -> Result<()> {
    let row = forward_step::Model {
        edition: owner.0,
        id: Uuid::now_v7(),
        forward: forward.0,
        account: account.map(|account| account.0),
        step: step.as_str().to_owned(),
        at: to_micros(tx.at()),
        note: text.to_string(),
    };
    upsert::<forward_step::Entity>(tx.db(), vec![row.clone()]).await?;
    note(tx, (STEP_KIND, row.id), owner, None, Some(&step_said(&row))).await
}

/// What the feed says of a forward: where it stands, and not of which proposal, since those with a conflict read the log too.
fn said(one: &Stored) -> Value {
    json!({ "state": one.forward.state })
}

/// What the feed says of a step.
fn step_said(row: &forward_step::Model) -> Value {
    json!({ "step": row.step })
}

fn row_of(owner: EditionId, one: &Stored) -> Result<forward::Model> {
    let here = |end: &End| match end {
        End::Here { edition, call, proposal } => (Some(edition.0), Some(call.0), proposal.map(|id| id.0)),
        End::Away { .. } => (None, None, None),
    };
    let Forward { id, state, from, to, since, left } = &one.forward;
    let (from_edition, from_call, from_proposal) = here(from);
    let (to_edition, to_call, to_proposal) = here(to);
    let away = [from, to].into_iter().find_map(|end| match end {
        End::Away { partner, slug, name, page } => Some((partner.0, slug, name, page)),
        End::Here { .. } => None,
    });
    Ok(forward::Model {
        edition: owner.0,
        id: id.0,
        state: state.as_str().to_owned(),
        since_at: to_micros(*since),
        from_edition,
        from_call,
        from_proposal,
        to_edition,
        to_call,
        to_proposal,
        partner: away.map(|away| away.0),
        away_slug: away.map(|away| away.1.to_string()).unwrap_or_default(),
        away_name: away.map(|away| away.2.to_string()).unwrap_or_default(),
        away_page: away.and_then(|away| away.3.as_ref()).map(|page| page.as_str().to_owned()),
        left_over: json(left)?,
        offer: one.offer.as_ref().map(json).transpose()?,
    })
}

pub(super) fn of_row(row: &forward::Model) -> Result<Stored> {
    let damaged = |what: &dyn std::fmt::Display| Error::damaged(format!("forward {}", row.id), what);
    let end = |edition: Option<Uuid>, call: Option<Uuid>, proposal: Option<Uuid>| -> Result<End> {
        if let (Some(edition), Some(call)) = (edition, call) {
            let (edition, call) = (EditionId(edition), CallId(call));
            return Ok(End::Here { edition, call, proposal: proposal.map(ProposalId) });
        }
        Ok(End::Away {
            partner: PartnerId(row.partner.ok_or_else(|| damaged(&"an end is nowhere"))?),
            slug: Slug::parse(&row.away_slug).map_err(|error| damaged(&error))?,
            name: Line::clean(&row.away_name),
            page: row.away_page.as_deref().map(WebUrl::parse).transpose().map_err(|error| damaged(&error))?,
        })
    };
    let left: Vec<Said> = serde_json::from_str(&row.left_over).map_err(|error| damaged(&error))?;
    let offer =
        row.offer.as_deref().map(serde_json::from_str).transpose().map_err(|error| damaged(&error))?;
    Ok(Stored {
        forward: Forward {
            id: ForwardId(row.id),
            state: State::parse(&row.state).ok_or_else(|| damaged(&"no such state"))?,
            from: end(row.from_edition, row.from_call, row.from_proposal)?,
            to: end(row.to_edition, row.to_call, row.to_proposal)?,
            since: from_micros(row.since_at).ok_or_else(|| damaged(&"no such instant"))?,
            left,
        },
        offer,
    })
}

/// What the rows hold, in the feed's words, for [`crate::verify()`]; broken invariants go to `broken`.
pub(crate) async fn state(
    db: &DatabaseTransaction,
    state: &mut BTreeMap<(Option<Uuid>, String, Uuid), Value>,
    broken: &mut Vec<String>,
) -> Result<()> {
    for row in forward::Entity::find().all(db).await? {
        let one = of_row(&row)?;
        let arrived = one.forward.to.proposal().is_some();
        if one.forward.to.edition().is_some() && arrived != (one.forward.state == State::Accepted) {
            broken.push(format!("forward {}: it is {} and its proposal does not fit", row.id, row.state));
        }
        state.insert((Some(row.edition), ForwardId::KIND.to_owned(), row.id), said(&one));
    }
    for row in forward_step::Entity::find().all(db).await? {
        state.insert((Some(row.edition), STEP_KIND.to_owned(), row.id), step_said(&row));
    }
    Ok(())
}

/// Makes what a committee did with a forward what it was `before`, if it still is what it was `after`; gives whether it was.
/// What an author answered stays: it is theirs.
pub(crate) async fn restore(
    tx: &Tx,
    edition: EditionId,
    (kind, thing): (&str, Uuid),
    before: Option<Value>,
    after: Option<&Value>,
) -> Result<bool> {
    if kind == STEP_KIND {
        let Some(row) = forward_step::Entity::find_by_id(thing).one(tx.db()).await? else { return Ok(false) };
        let own = Step::parse(&row.step).is_none_or(Step::is_of_authors);
        if before.is_some() || own || Some(&step_said(&row)) != after {
            return Ok(false);
        }
        forward_step::Entity::delete_by_id(thing).exec(tx.db()).await?;
        note(tx, (STEP_KIND, thing), edition, Some(&step_said(&row)), None).await?;
        return Ok(true);
    }
    let Some(present) = find(tx.db(), ForwardId(thing)).await? else { return Ok(false) };
    // What was told to another Plenary cannot be taken back from it.
    let away = present.forward.from.partner().or(present.forward.to.partner());
    if away.is_some() || Some(&said(&present)) != after {
        return Ok(false);
    }
    let Some(before) = before else {
        put(tx, edition, Some(&present), None).await?;
        return Ok(true);
    };
    let state = before.get("state").and_then(Value::as_str).and_then(State::parse);
    let Some(state) = state else { return Ok(false) };
    // A proposal is on one way at a time.
    if let (true, Some(from)) = (state.is_open(), present.forward.from.proposal())
        && super::open_of(tx.db(), from).await?.is_some_and(|open| open.forward.id != present.forward.id)
    {
        return Ok(false);
    }
    let mut wanted = present.clone();
    wanted.forward.state = state;
    wanted.forward.since = tx.at();
    wanted.forward.left = vec![];
    if let End::Here { proposal, .. } = &mut wanted.forward.to {
        *proposal = None;
    }
    put(tx, edition, Some(&present), Some(&wanted)).await?;
    Ok(true)
}

impl Holding for forward_step::Entity {
    const KIND: &'static str = STEP_KIND;
    const ACCOUNT: Self::Column = forward_step::Column::Account;
    const ID: Self::Column = forward_step::Column::Id;

    fn id(row: &forward_step::Model) -> Uuid {
        row.id
    }

    fn edition(row: &forward_step::Model) -> Option<EditionId> {
        Some(EditionId(row.edition))
    }

    fn fact(row: &forward_step::Model) -> Result<Value> {
        Ok(step_said(row))
    }

    fn of_account(row: forward_step::Model, account: Uuid) -> forward_step::Model {
        forward_step::Model { account: Some(account), ..row }
    }

    /// The trail stays, without the person.
    fn kept(row: forward_step::Model, _at: Timestamp, _by: &str) -> Option<forward_step::Model> {
        Some(forward_step::Model { account: None, ..row })
    }
}
