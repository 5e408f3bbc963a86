//! Calls of an edition and their forms, every version of them.

use crate::{
    Error, Result, Store, access,
    account::fact,
    content::{self, allowed},
    edition as editions,
    entity::{amendment, call, call_form, proposal, question, track},
    opening,
    rows::{self, json},
    save::upsert,
    tx::Tx,
};
use model::{
    Refusal,
    call::{Call, Field, Form},
    edition::Edition,
    id::{CallId, EditionId},
    permission::{Action, Place, Subject},
    programme::Track,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
};
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A call with the form that it asks now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenCall {
    /// The call.
    pub call: Call,
    /// Its present form.
    pub form: Form,
}

/// The forms of a call, by version.
pub type Forms = BTreeMap<u32, Form>;

impl Store {
    /// The calls of an edition in their order, each with its present form. Two queries.
    pub async fn calls(&self, id: EditionId) -> Result<Vec<OpenCall>> {
        let db = self.read().await?;
        let calls = calls(&db, id).await?;
        db.commit().await?;
        Ok(calls)
    }

    /// The tracks of an edition's working state in their order, for those who choose one. One query: the whole programme is
    /// not read for it.
    pub async fn tracks(&self, id: EditionId) -> Result<Vec<Track>> {
        let rows = track::Entity::find()
            .filter(track::Column::Edition.eq(id.0))
            .order_by_asc(track::Column::Position)
            .order_by_asc(track::Column::Id)
            .all(self.readers())
            .await?;
        rows.iter().map(rows::track).collect()
    }

    /// Every version of the form of a call. One query.
    pub async fn call_forms(&self, edition: EditionId, call: CallId) -> Result<Forms> {
        forms(self.readers(), edition, call).await
    }

    /// Adds or changes a call and its form. The form gets a new version where its fields changed and something was filed
    /// with the present one; what was filed keeps its own.
    pub async fn put_call(
        &self,
        subject: &Subject,
        edition: EditionId,
        id: CallId,
        rule: impl FnOnce(Option<&OpenCall>) -> Result<(Call, Vec<Field>), Refusal> + Send,
    ) -> Result<OpenCall> {
        self.write(&subject.actor, async |tx| {
            editions::open(tx.db(), edition).await?;
            let present = calls(tx.db(), edition).await?;
            let before = present.iter().find(|one| one.call.id == id);
            let (call, fields) = rule(before)?;
            let call = Call { id, ..call };
            let place = allowed(tx.db(), subject, Action::ManageCalls, edition, call.track).await?;
            if let Some(before) = before {
                may_manage(subject, &place, &before.call)?;
            }
            call.check(present.iter().map(|one| &one.call))?;
            if let Some(before) = before
                && (before.call.closes != call.closes || before.call.published != call.published)
                && opening::find(tx.db(), edition, id).await?.is_some()
            {
                let problem = "its offers were opened, and nothing seals them again";
                return Err(Refusal::new("closes", problem, "Make another call for further offers").into());
            }
            if let Some(track) = call.track
                && track::Entity::find_by_id((edition.0, track.0)).one(tx.db()).await?.is_none()
            {
                return Err(Refusal::new("track", "it is not there any more", "Choose another").into());
            }
            let version = match before {
                None => 1,
                Some(before) if before.form.fields == fields => before.form.version,
                Some(before) => {
                    let filed = proposal::Entity::find()
                        .filter(proposal::Column::Edition.eq(edition.0))
                        .filter(proposal::Column::Call.eq(id.0))
                        .count(tx.db())
                        .await?;
                    before.form.version + u32::from(filed > 0)
                }
            };
            let form = Form { version, fields };
            form.check()?;
            let position = match before {
                Some(_) => None,
                None => Some(i64::try_from(present.len()).unwrap_or_default()),
            };
            put(tx, edition, before, &OpenCall { call: call.clone(), form: form.clone() }, position).await?;
            Ok(OpenCall { call, form })
        })
        .await
    }

    /// Removes a call to which nothing was submitted, with its form.
    pub async fn remove_call(&self, subject: &Subject, edition: EditionId, id: CallId) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            let present = calls(tx.db(), edition).await?;
            let before = present.iter().find(|one| one.call.id == id).ok_or_else(gone)?;
            let place = allowed(tx.db(), subject, Action::ManageCalls, edition, before.call.track).await?;
            may_manage(subject, &place, &before.call)?;
            let filed = proposal::Entity::find()
                .filter(proposal::Column::Edition.eq(edition.0))
                .filter(proposal::Column::Call.eq(id.0))
                .count(tx.db())
                .await?;
            if filed > 0 {
                let problem = format!("{filed} proposals or drafts belong to it");
                return Err(Refusal::new("call", problem, "Unpublish it instead").into());
            }
            // Whoever asked, or read an answer, finds it again.
            let said = question::Entity::find()
                .filter(question::Column::Edition.eq(edition.0))
                .filter(question::Column::Call.eq(id.0))
                .count(tx.db())
                .await?
                + amendment::Entity::find()
                    .filter(amendment::Column::Edition.eq(edition.0))
                    .filter(amendment::Column::Call.eq(id.0))
                    .count(tx.db())
                    .await?;
            if said > 0 {
                let problem = format!("{said} questions and amendments belong to it");
                return Err(Refusal::new("call", problem, "Unpublish it instead").into());
            }
            access::remove_all(tx, edition, id).await?;
            crate::assignment::remove_of_call(tx, edition, id).await?;
            call_form::Entity::delete_many()
                .filter(call_form::Column::Edition.eq(edition.0))
                .filter(call_form::Column::Call.eq(id.0))
                .exec(tx.db())
                .await?;
            call::Entity::delete_by_id((edition.0, id.0)).exec(tx.db()).await?;
            note(tx, edition, Some(before), None).await
        })
        .await
    }
}

/// Whether they may change that call.
fn may_manage(subject: &Subject, edition: &Edition, call: &Call) -> Result<(), Refusal> {
    subject.may(Action::ManageCalls, &place(edition, call))
}

/// Where a call stands, for [`Subject::may`].
pub(crate) fn place(edition: &Edition, call: &Call) -> Place {
    Place::edition(edition).in_track(call.track).in_call(Some(call.id))
}

pub(crate) fn gone() -> Error {
    Refusal::new("call", "it is not there any more", "Look in the list of calls").into()
}

/// The calls of an edition in their order, with their present forms.
pub(crate) async fn calls(db: &impl ConnectionTrait, id: EditionId) -> Result<Vec<OpenCall>> {
    let rows = call::Entity::find()
        .filter(call::Column::Edition.eq(id.0))
        .order_by_asc(call::Column::Position)
        .order_by_asc(call::Column::Id)
        .all(db)
        .await?;
    if rows.is_empty() {
        return Ok(vec![]);
    }
    let forms = call_form::Entity::find().filter(call_form::Column::Edition.eq(id.0)).all(db).await?;
    let mut forms: BTreeMap<(Uuid, i32), call_form::Model> =
        forms.into_iter().map(|row| ((row.call, row.version), row)).collect();
    rows.iter()
        .map(|row| {
            let form = forms.remove(&(row.id, row.form));
            let form =
                form.ok_or_else(|| Error::damaged(format!("call {}", row.id), "its form is missing"))?;
            Ok(OpenCall { call: call_of(row)?, form: form_of(&form)? })
        })
        .collect()
}

/// One call with its present form.
pub(crate) async fn find(
    db: &impl ConnectionTrait,
    edition: EditionId,
    id: CallId,
) -> Result<Option<OpenCall>> {
    let Some(row) = call::Entity::find_by_id((edition.0, id.0)).one(db).await? else { return Ok(None) };
    let form = call_form::Entity::find_by_id((edition.0, id.0, row.form)).one(db).await?;
    let form = form.ok_or_else(|| Error::damaged(format!("call {}", row.id), "its form is missing"))?;
    Ok(Some(OpenCall { call: call_of(&row)?, form: form_of(&form)? }))
}

/// Every version of the form of a call.
pub(crate) async fn forms(db: &impl ConnectionTrait, edition: EditionId, call: CallId) -> Result<Forms> {
    let rows = call_form::Entity::find()
        .filter(call_form::Column::Edition.eq(edition.0))
        .filter(call_form::Column::Call.eq(call.0))
        .all(db)
        .await?;
    rows.iter().map(|row| form_of(row).map(|form| (form.version, form))).collect()
}

pub(crate) async fn put(
    tx: &Tx,
    edition: EditionId,
    before: Option<&OpenCall>,
    after: &OpenCall,
    position: Option<i64>,
) -> Result<()> {
    let id = after.call.id.0;
    let position = match position {
        Some(position) => position,
        None => call::Entity::find_by_id((edition.0, id)).one(tx.db()).await?.map_or(0, |row| row.position),
    };
    let version = i32::try_from(after.form.version).unwrap_or(i32::MAX);
    let row = call::Model {
        edition: edition.0,
        id,
        slug: after.call.slug.to_string(),
        position,
        form: version,
        facts: json(&after.call)?,
    };
    let form = call_form::Model { edition: edition.0, call: id, version, fields: json(&after.form.fields)? };
    upsert::<call::Entity>(tx.db(), vec![row]).await?;
    upsert::<call_form::Entity>(tx.db(), vec![form]).await?;
    note(tx, edition, before, Some(after)).await
}

/// What the feed says of a call: the call, and the fields of its form.
pub(crate) fn said(one: &OpenCall) -> Result<Value> {
    let mut value = fact(&one.call)?;
    if let Value::Object(map) = &mut value {
        map.insert("form".to_owned(), fact(&one.form)?);
    }
    Ok(value)
}

pub(crate) async fn note(
    tx: &Tx,
    edition: EditionId,
    before: Option<&OpenCall>,
    after: Option<&OpenCall>,
) -> Result<()> {
    let Some(thing) = after.or(before).map(|one| one.call.id.0) else { return Ok(()) };
    let (before, after) = (before.map(said).transpose()?, after.map(said).transpose()?);
    content::note(tx, (CallId::KIND, thing), edition, before.as_ref(), after.as_ref()).await
}

/// What the rows hold, in the feed's words, for [`crate::verify()`].
pub(crate) async fn state(
    db: &DatabaseTransaction,
    edition: EditionId,
    state: &mut BTreeMap<(Option<Uuid>, String, Uuid), Value>,
) -> Result<()> {
    for one in calls(db, edition).await? {
        state.insert((Some(edition.0), CallId::KIND.to_owned(), one.call.id.0), said(&one)?);
    }
    Ok(())
}

pub(crate) fn call_of(row: &call::Model) -> Result<Call> {
    serde_json::from_str(&row.facts).map_err(|error| Error::damaged(format!("call {}", row.id), error))
}

pub(crate) fn form_of(row: &call_form::Model) -> Result<Form> {
    let damaged = |what: &dyn std::fmt::Display| Error::damaged(format!("form of call {}", row.call), what);
    let fields = serde_json::from_str(&row.fields).map_err(|error| damaged(&error))?;
    let version = u32::try_from(row.version).map_err(|error| damaged(&error))?;
    Ok(Form { version, fields })
}
