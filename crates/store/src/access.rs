//! Access codes of calls. A code's text is shown once; the record keeps its SHA-256, so that a copy of the database opens
//! nothing.

use crate::{
    Error, Result, Store, body::digest, call as calls, content::note, edition as editions,
    entity::access_code, save::upsert, secret::random, tx::Tx,
};
use jiff::Timestamp;
use model::{
    Refusal,
    call::{AccessCode, CODE_LENGTH, LETTERS, Late, late, normal_code},
    edition::Edition,
    id::{AccessCodeId, CallId, EditionId},
    permission::{Action, Subject},
    text::Line,
    time::{from_micros, to_micros},
};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

impl Store {
    /// The access codes of a call, the newest first, also those that are good no more; for those who manage the call. One
    /// query.
    pub async fn access_codes(&self, edition: EditionId, call: CallId) -> Result<Vec<AccessCode>> {
        let rows = access_code::Entity::find()
            .filter(access_code::Column::Edition.eq(edition.0))
            .filter(access_code::Column::Call.eq(call.0))
            .order_by_desc(access_code::Column::MadeAt)
            .order_by_desc(access_code::Column::Id)
            .all(self.readers())
            .await?;
        rows.iter().map(code_of).collect()
    }

    /// Makes an access code for a call, good until `until`, and gives its text, which cannot be had again.
    pub async fn add_access_code(
        &self,
        subject: &Subject,
        edition: &Edition,
        call: CallId,
        (why, until): (&Line, Timestamp),
    ) -> Result<(AccessCode, String)> {
        let text = code()?;
        let made = self
            .write(&subject.actor, async |tx| {
                editions::open(tx.db(), edition.id).await?;
                let open = manageable(tx.db(), subject, edition, call).await?;
                if open.call.kind.is_sealed() {
                    let problem = "no offer is taken once the others were opened";
                    return Err(Refusal::new("code", problem, "Make another call for further offers").into());
                }
                let code = AccessCode {
                    id: AccessCodeId(Uuid::now_v7()),
                    call,
                    note: why.clone(),
                    made: tx.at(),
                    until: from_micros(to_micros(until)).unwrap_or(until),
                    revoked: None,
                };
                code.check(tx.at())?;
                put(tx, edition.id, digest(text.as_bytes()), None, &code).await?;
                Ok(code)
            })
            .await?;
        Ok((made, text))
    }

    /// Takes an access code back; nothing is written when that was done already.
    pub async fn revoke_access_code(
        &self,
        subject: &Subject,
        edition: &Edition,
        id: AccessCodeId,
    ) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            let row = access_code::Entity::find_by_id(id.0).one(tx.db()).await?;
            let row = row.filter(|row| row.edition == edition.id.0);
            let row = row.ok_or_else(|| {
                Refusal::new("code", "it is not there any more", "Look in the list of codes")
            })?;
            let before = code_of(&row)?;
            manageable(tx.db(), subject, edition, before.call).await?;
            if before.revoked.is_some() {
                return Ok(());
            }
            let after = AccessCode { revoked: Some(tx.at()), ..before.clone() };
            put(tx, edition.id, row.digest, Some(&before), &after).await
        })
        .await
    }
}

/// With what right somebody submits who typed that code, or none. See [`late`].
pub(crate) async fn right(tx: &Tx, edition: EditionId, call: CallId, typed: &str) -> Result<Option<Late>> {
    let code = normal_code(typed);
    let mut found = None;
    if !code.is_empty() {
        let row = access_code::Entity::find()
            .filter(access_code::Column::Digest.eq(digest(code.as_bytes())))
            .filter(access_code::Column::Edition.eq(edition.0))
            .one(tx.db())
            .await?;
        found = row.as_ref().map(code_of).transpose()?;
    }
    Ok(late(typed, found.as_ref(), call, tx.at())?)
}

/// Removes the codes of a call that goes.
pub(crate) async fn remove_all(tx: &Tx, edition: EditionId, call: CallId) -> Result<()> {
    let rows = access_code::Entity::find()
        .filter(access_code::Column::Edition.eq(edition.0))
        .filter(access_code::Column::Call.eq(call.0))
        .all(tx.db())
        .await?;
    for row in rows {
        access_code::Entity::delete_by_id(row.id).exec(tx.db()).await?;
        note(tx, (AccessCodeId::KIND, row.id), edition, Some(&code_of(&row)?), None).await?;
    }
    Ok(())
}

/// The call, when `subject` may manage it.
pub(crate) async fn manageable(
    db: &impl ConnectionTrait,
    subject: &Subject,
    edition: &Edition,
    call: CallId,
) -> Result<calls::OpenCall> {
    let open = calls::find(db, edition.id, call).await?.ok_or_else(calls::gone)?;
    subject.may(Action::ManageCalls, &calls::place(edition, &open.call))?;
    Ok(open)
}

/// A fresh code: each letter is five random bits.
fn code() -> Result<String> {
    let bytes: [u8; CODE_LENGTH] = random()?;
    Ok(bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect())
}

async fn put(
    tx: &Tx,
    edition: EditionId,
    digest: Vec<u8>,
    before: Option<&AccessCode>,
    after: &AccessCode,
) -> Result<()> {
    let row = access_code::Model {
        edition: edition.0,
        call: after.call.0,
        id: after.id.0,
        digest,
        note: after.note.to_string(),
        made_at: to_micros(after.made),
        until_at: to_micros(after.until),
        revoked_at: after.revoked.map(to_micros),
    };
    upsert::<access_code::Entity>(tx.db(), vec![row]).await?;
    note(tx, (AccessCodeId::KIND, after.id.0), edition, before, Some(after)).await
}

fn code_of(row: &access_code::Model) -> Result<AccessCode> {
    let instant = |micros: i64| {
        from_micros(micros)
            .ok_or_else(|| Error::damaged(format!("access code {}", row.id), "no such instant"))
    };
    Ok(AccessCode {
        id: AccessCodeId(row.id),
        call: CallId(row.call),
        note: Line::clean(&row.note),
        made: instant(row.made_at)?,
        until: instant(row.until_at)?,
        revoked: row.revoked_at.map(instant).transpose()?,
    })
}

/// What the rows hold, in the feed's words, for [`crate::verify()`].
pub(crate) async fn state(
    db: &DatabaseTransaction,
    state: &mut BTreeMap<(Option<Uuid>, String, Uuid), Value>,
) -> Result<()> {
    for row in access_code::Entity::find().all(db).await? {
        let fact = crate::account::fact(&code_of(&row)?)?;
        state.insert((Some(row.edition), AccessCodeId::KIND.to_owned(), row.id), fact);
    }
    Ok(())
}
