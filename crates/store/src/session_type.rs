//! The session types of an edition, in their order.

use crate::{
    Error, Result, Store,
    entity::session_type,
    rows::Positions,
    save::{self, upsert},
    tx::{Change, Tx},
};
use model::{
    Refusal,
    feed::{Actor, Deed},
    id::{EditionId, SessionTypeId},
    programme::SessionKind,
    session_type::SessionType,
    text::{Line, RichText},
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};
use uuid::Uuid;

impl Store {
    /// The session types of an edition, in their order. One query.
    pub async fn session_types(&self, id: EditionId) -> Result<Vec<SessionType>> {
        rows(self.readers(), id).await?.iter().map(session_type_of).collect()
    }

    /// Changes the session types of an edition: `rule` gets the present ones and answers with the new ones, or says no.
    pub async fn change_session_types(
        &self,
        actor: &Actor,
        id: EditionId,
        rule: impl FnOnce(&[SessionType]) -> Result<Vec<SessionType>, Refusal> + Send,
    ) -> Result<Vec<SessionType>> {
        self.write(actor, async |tx| {
            crate::edition::open(tx.db(), id).await?;
            let before = rows(tx.db(), id).await?;
            let present: Vec<SessionType> = before.iter().map(session_type_of).collect::<Result<_>>()?;
            let after = rule(&present)?;
            save_types(tx, id, &before, &after).await?;
            Ok(after)
        })
        .await
    }
}

/// Makes `after` the session types of an edition in place of `before`, and tells the feed.
pub(crate) async fn save_types(
    tx: &Tx,
    id: EditionId,
    before: &[session_type::Model],
    after: &[SessionType],
) -> Result<()> {
    let old: Positions = before.iter().map(|row| (row.id, row.position)).collect();
    let mut positions = Positions::new();
    save::place(&old, after.iter().map(|one| one.id.0), &mut positions);
    let mut written = vec![];
    let mut feed = vec![];
    for one in after {
        let row = session_type::Model {
            edition: id.0,
            id: one.id.0,
            position: positions.get(&one.id.0).copied().unwrap_or_default(),
            name: one.name.to_string(),
            kind: one.kind.as_str().to_owned(),
            minutes: one.minutes.into(),
            description: one.description.to_string(),
        };
        let previous = before.iter().find(|other| other.id == row.id);
        if previous != Some(&row) {
            feed.push(change(id, previous, Some(&row))?);
            written.push(row);
        }
    }
    let gone: Vec<&session_type::Model> =
        before.iter().filter(|row| after.iter().all(|one| one.id.0 != row.id)).collect();
    for row in &gone {
        feed.push(change(id, Some(row), None)?);
    }
    if !gone.is_empty() {
        session_type::Entity::delete_many()
            .filter(session_type::Column::Edition.eq(id.0))
            .filter(session_type::Column::Id.is_in(gone.iter().map(|row| row.id)))
            .exec(tx.db())
            .await?;
    }
    upsert::<session_type::Entity>(tx.db(), written).await?;
    tx.note(feed).await
}

/// Makes a type what it was `before`, if it still is what it was `after`; gives whether it was.
pub(crate) async fn restore(
    tx: &Tx,
    id: EditionId,
    thing: Uuid,
    before: Option<Value>,
    after: Option<&Value>,
) -> Result<bool> {
    let present = rows(tx.db(), id).await?;
    let at = present.iter().position(|row| row.id == thing);
    if at.map(|at| fact(&present[at])).transpose()?.as_ref() != after {
        return Ok(false);
    }
    let mut types: Vec<SessionType> = present.iter().map(session_type_of).collect::<Result<_>>()?;
    let position = before.as_ref().and_then(|fact| fact.get("position")).and_then(Value::as_i64);
    let wanted: Option<SessionType> =
        before.map(serde_json::from_value).transpose().map_err(|error| Error::damaged("feed", error))?;
    match (wanted, at) {
        (Some(wanted), Some(at)) => types[at] = wanted,
        (Some(wanted), None) => {
            let behind = present.iter().take_while(|row| Some(row.position) <= position).count();
            types.insert(behind, wanted);
        }
        (None, Some(at)) => {
            types.remove(at);
        }
        (None, None) => {}
    }
    save_types(tx, id, &present, &types).await?;
    Ok(true)
}

/// The rows of an edition's types, in their order.
pub(crate) async fn rows(db: &impl ConnectionTrait, id: EditionId) -> Result<Vec<session_type::Model>> {
    let rows = session_type::Entity::find()
        .filter(session_type::Column::Edition.eq(id.0))
        .order_by_asc(session_type::Column::Position)
        .order_by_asc(session_type::Column::Id);
    Ok(rows.all(db).await?)
}

/// The type that a row says.
pub(crate) fn session_type_of(row: &session_type::Model) -> Result<SessionType> {
    let damaged =
        |column: &str| Error::damaged(format!("session_type {}, column {column}", row.id), "out of range");
    Ok(SessionType {
        id: SessionTypeId(row.id),
        name: Line::clean(&row.name),
        kind: SessionKind::parse(&row.kind).ok_or_else(|| damaged("kind"))?,
        minutes: row.minutes.try_into().map_err(|_| damaged("minutes"))?,
        description: RichText::clean(&row.description),
    })
}

/// The JSON of a type in the feed: its own fields and its position, as for rooms.
pub(crate) fn fact(row: &session_type::Model) -> Result<Value> {
    let one = session_type_of(row)?;
    let mut fact =
        serde_json::to_value(&one).map_err(|error| Error::damaged("a session type to be written", error))?;
    if let Some(fields) = fact.as_object_mut() {
        fields.insert("position".to_owned(), json!(row.position));
    }
    Ok(fact)
}

fn change(
    edition: EditionId,
    before: Option<&session_type::Model>,
    after: Option<&session_type::Model>,
) -> Result<Change> {
    let deed = match (before, after) {
        (None, _) => Deed::Created,
        (_, None) => Deed::Removed,
        _ => Deed::Changed,
    };
    Ok(Change {
        kind: SessionTypeId::KIND,
        thing: before.or(after).map(|row| row.id).unwrap_or_default(),
        edition: Some(edition),
        deed,
        before: before.map(fact).transpose()?,
        after: after.map(fact).transpose()?,
    })
}
