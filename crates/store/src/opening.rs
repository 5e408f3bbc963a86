//! The opening of sealed offers: written down once, as soon as the closing second has come.
//!
//! Nobody reads a sealed offer before its call closes ([`model::call::Call::is_open_to_committee`]), and none can be changed
//! afterwards. What was there in that moment is kept in the record, with digests, so that it can be proved later.

use crate::{
    Error, Result, Store,
    account::fact,
    body::{digest, hexadecimal},
    call::call_of,
    content::note,
    entity::{call, opening, proposal},
    proposal::proposal_of,
    rows::json,
    save::upsert,
    tx::Tx,
};
use jiff::Timestamp;
use model::{
    call::{Call, Opened, Opening, Phase},
    feed::Actor,
    id::{CallId, EditionId},
    proposal::State,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
    sea_query::{Expr, ExprTrait, Query},
};
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The word for an opening in the feed; which it is, is said by the call.
pub(crate) const KIND: &str = "opening";

impl Store {
    /// The opening of a call's offers; `None` before, and of a call that is not sealed. One query.
    pub async fn opening(&self, edition: EditionId, call: CallId) -> Result<Option<Opening>> {
        find(self.readers(), edition, call).await
    }

    /// When the next call with sealed offers closes, or closed without its opening having been written down; `None` when
    /// there is none. One query.
    pub async fn next_opening(&self) -> Result<Option<Timestamp>> {
        let sealed = sealed(self.readers()).await?;
        Ok(sealed.iter().filter_map(|(_, call)| closing(call)).min())
    }

    /// Writes down the opening of every call with sealed offers whose closing second has come. Each is written once, however
    /// many nodes do this at once.
    pub async fn open_offers(&self) -> Result<Vec<Opening>> {
        if self.next_opening().await?.is_none_or(|at| at > self.now()) {
            return Ok(vec![]);
        }
        self.write(&Actor::System, async |tx| {
            let mut opened = vec![];
            for (edition, call) in sealed(tx.db()).await? {
                if let Phase::Closed(closed) = call.phase(tx.at()) {
                    opened.push(open(tx, edition, &call, closed).await?);
                }
            }
            Ok(opened)
        })
        .await
    }
}

/// The closing second of a call that everybody sees.
fn closing(call: &Call) -> Option<Timestamp> {
    call.closes.as_ref().filter(|_| call.published).map(model::call::Deadline::instant)
}

/// The opening of a call's offers.
pub(crate) async fn find(
    db: &impl ConnectionTrait,
    edition: EditionId,
    call: CallId,
) -> Result<Option<Opening>> {
    let row = opening::Entity::find_by_id((edition.0, call.0)).one(db).await?;
    row.as_ref().map(opening_of).transpose()
}

/// The calls whose offers are sealed and were not opened yet.
async fn sealed(db: &impl ConnectionTrait) -> Result<Vec<(EditionId, Call)>> {
    let opened = |column| Expr::col((opening::Entity, column));
    let opened = Query::select()
        .column(opening::Column::Call)
        .from(opening::Entity)
        .and_where(opened(opening::Column::Edition).equals((call::Entity, call::Column::Edition)))
        .and_where(opened(opening::Column::Call).equals((call::Entity, call::Column::Id)))
        .take();
    let rows = call::Entity::find()
        // The kind stands within the facts; what else has the word in it is left out below.
        .filter(call::Column::Facts.contains("\"offers\""))
        .filter(Expr::exists(opened).not())
        .all(db)
        .await?;
    let calls =
        rows.iter().map(|row| Ok((EditionId(row.edition), call_of(row)?))).collect::<Result<Vec<_>>>()?;
    Ok(calls.into_iter().filter(|(_, call)| call.kind.is_sealed()).collect())
}

async fn open(tx: &Tx, edition: EditionId, call: &Call, closed: Timestamp) -> Result<Opening> {
    let rows = proposal::Entity::find()
        .filter(proposal::Column::Edition.eq(edition.0))
        .filter(proposal::Column::Call.eq(call.id.0))
        .filter(proposal::Column::State.ne(State::Draft.as_str()))
        .order_by_asc(proposal::Column::Number)
        .all(tx.db())
        .await?;
    let mut offers = vec![];
    for row in &rows {
        let offer = proposal_of(row)?;
        let Some(submitted) = offer.submitted else { continue };
        offers.push(Opened {
            number: offer.number,
            revision: offer.revision,
            state: offer.state,
            submitted,
            changed: offer.changed,
            digest: hexadecimal(&digest(json(&offer.content)?.as_bytes())),
        });
    }
    let opening = Opening { call: call.id, closed, at: tx.at(), offers };
    let row = opening::Model { edition: edition.0, call: call.id.0, facts: json(&opening)? };
    upsert::<opening::Entity>(tx.db(), vec![row]).await?;
    note(tx, (KIND, call.id.0), edition, None, Some(&opening)).await?;
    Ok(opening)
}

fn opening_of(row: &opening::Model) -> Result<Opening> {
    serde_json::from_str(&row.facts)
        .map_err(|error| Error::damaged(format!("opening of call {}", row.call), error))
}

/// What the rows hold, in the feed's words, for [`crate::verify()`].
pub(crate) async fn state(
    db: &DatabaseTransaction,
    state: &mut BTreeMap<(Option<Uuid>, String, Uuid), Value>,
) -> Result<()> {
    for row in opening::Entity::find().all(db).await? {
        state.insert((Some(row.edition), KIND.to_owned(), row.call), fact(&opening_of(&row)?)?);
    }
    Ok(())
}
