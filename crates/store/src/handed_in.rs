//! Files that are handed in with proposals: who has which, who may read them, and which nobody needs any more.
//!
//! The bytes lie in the folder of uploads, under what they are known by; here stands whose they are. A file is a fact once a
//! proposal names it, and then stands in the proposal's revisions; until then it only waits for the form to be saved.
//! Nothing of it stands in the feed. **Whoever may not read an answer gets no file from here.**

use crate::{
    Error, Result, Store, edition as editions,
    entity::{handed_in, proposal_revision},
    holding::Holding,
    lookup::among,
    proposal as proposals,
    save::upsert,
};
use jiff::{SignedDuration, Timestamp};
use model::{
    Refusal,
    call::{
        Answer, FieldKey, FileDigest, FileKind, HandedIn, PERSON_FILES_MAX, PERSON_MAX, Reader, readable,
        size,
    },
    edition::Edition,
    id::{AccountId, EditionId, FileId, ProposalId},
    permission::Subject,
    proposal::Content,
    text::Line,
    time::to_micros,
};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// How long a file is kept that no proposal names: long enough to mend a form that was refused, or to undo a deletion.
const WAITS: SignedDuration = SignedDuration::from_hours(7 * 24);

impl Store {
    /// Keeps that somebody handed in a file, whose bytes lie in the folder already. Refused where they have too many.
    pub async fn keep_handed_in(&self, subject: &Subject, edition: EditionId, file: &HandedIn) -> Result<()> {
        let account = proposals::signed_in(subject)?;
        self.write(&subject.actor, async |tx| {
            editions::open(tx.db(), edition).await?;
            room_for(tx.db(), account, edition, file.bytes).await?;
            let row = handed_in::Model {
                edition: edition.0,
                id: file.id.0,
                account: Some(account.0),
                digest: file.digest.to_string(),
                name: file.name.to_string(),
                kind: file.kind.as_str().to_owned(),
                bytes: i64::try_from(file.bytes).unwrap_or(i64::MAX),
                at: to_micros(tx.at()),
            };
            upsert::<handed_in::Entity>(tx.db(), vec![row]).await
        })
        .await
    }

    /// Refuses where somebody has no room for so many bytes more in an edition: asked before anything is written to the disk.
    pub async fn room_for_file(&self, subject: &Subject, edition: EditionId, bytes: u64) -> Result<()> {
        room_for(self.readers(), proposals::signed_in(subject)?, edition, bytes).await
    }

    /// Of these files those that this person handed in themselves: nobody else's can be named in a form by guessing.
    pub async fn own_handed_in(
        &self,
        subject: &Subject,
        edition: EditionId,
        ids: Vec<FileId>,
    ) -> Result<BTreeMap<FileId, HandedIn>> {
        let account = proposals::signed_in(subject)?;
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let rows = handed_in::Entity::find()
            .filter(among(handed_in::Column::Id, ids.into_iter().map(|id| id.0)))
            .filter(handed_in::Column::Account.eq(account.0))
            .filter(handed_in::Column::Edition.eq(edition.0))
            .all(self.readers())
            .await?;
        rows.iter().map(|row| file_of(row).map(|file| (file.id, file))).collect()
    }

    /// The file with which an author answered a field, now or in that revision. To others there is none.
    pub async fn own_file(
        &self,
        subject: &Subject,
        edition: EditionId,
        id: ProposalId,
        (key, revision): (&FieldKey, Option<u32>),
    ) -> Result<Option<HandedIn>> {
        let Some(own) = self.own_proposal(subject, edition, id).await? else { return Ok(None) };
        let content = match revision {
            None => Some(own.proposal.content),
            Some(number) => revision_of(self.readers(), id, number).await?,
        };
        Ok(content.and_then(|content| content.answers.get(key)?.as_file().cloned()))
    }

    /// The file with which the authors of a submitted proposal answered a field, now or in that revision, for a reviewer or the
    /// committee. There is none where the answer is not for them, and none for those with a conflict.
    pub async fn filed_file(
        &self,
        subject: &Subject,
        edition: &Edition,
        id: ProposalId,
        (key, revision): (&FieldKey, Option<u32>),
    ) -> Result<Option<HandedIn>> {
        let Some(filed) = self.filed_proposal(subject, edition, id).await? else { return Ok(None) };
        if !filed.conflicts.is_empty() {
            return Ok(None);
        }
        let reader = if filed.may_decide { Reader::Committee } else { Reader::Reviewers };
        let content = match revision {
            None => Some(filed.proposal.content),
            Some(number) => {
                filed.revisions.into_iter().find(|one| one.number == number).map(|one| one.content)
            }
        };
        let Some(content) = content else { return Ok(None) };
        let Some(form) = filed.forms.get(&content.form) else { return Ok(None) };
        let found = readable(form, &content.answers, reader).find(|(field, _)| field.key == *key);
        Ok(found.and_then(|(_, answer)| answer.as_file().cloned()))
    }

    /// Forgets the files that no proposal names, neither now nor in a revision, and that have waited long enough. Their bytes
    /// lie in the folder until [`Store::kept_digests`] is asked. Two queries where nothing is to be done.
    pub async fn tidy_handed_in(&self) -> Result<u64> {
        let before = self.now().checked_sub(WAITS).map_or(i64::MIN, to_micros);
        let old: Vec<Uuid> = handed_in::Entity::find()
            .select_only()
            .column(handed_in::Column::Id)
            .filter(handed_in::Column::At.lt(before))
            .into_tuple()
            .all(self.readers())
            .await?;
        if old.is_empty() {
            return Ok(0);
        }
        let named = named(self.readers()).await?;
        if old.iter().all(|id| named.contains_key(&FileId(*id))) {
            return Ok(0);
        }
        self.write(&model::feed::Actor::System, async |tx| {
            // Asked again: meanwhile a form may have been saved that names one.
            let named = self::named(tx.db()).await?;
            let gone: Vec<Uuid> =
                old.iter().copied().filter(|id| !named.contains_key(&FileId(*id))).collect();
            let mut count = 0;
            for gone in gone.chunks(500) {
                let done = handed_in::Entity::delete_many()
                    .filter(handed_in::Column::Id.is_in(gone.iter().copied()))
                    .exec(tx.db())
                    .await?;
                count += done.rows_affected;
            }
            Ok(count)
        })
        .await
    }

    /// By what the bytes of all files are known that somebody has, or that a proposal names; nothing else is needed.
    pub async fn kept_digests(&self) -> Result<BTreeSet<FileDigest>> {
        let db = self.read().await?;
        let rows: Vec<String> = handed_in::Entity::find()
            .select_only()
            .column(handed_in::Column::Digest)
            .into_tuple()
            .all(&db)
            .await?;
        let mut out: BTreeSet<FileDigest> = rows.iter().filter_map(|text| FileDigest::parse(text)).collect();
        out.extend(named(&db).await?.into_values().map(|file| file.digest));
        db.commit().await?;
        Ok(out)
    }

    /// The files that proposals name, now or in a revision: what has to lie in the folder of uploads.
    pub async fn files_of_proposals(&self) -> Result<Vec<HandedIn>> {
        Ok(named(self.readers()).await?.into_values().collect())
    }
}

/// Refuses where somebody has no room for so many bytes more. One query.
async fn room_for(
    db: &impl ConnectionTrait,
    account: AccountId,
    edition: EditionId,
    bytes: u64,
) -> Result<()> {
    let kept: Vec<i64> = handed_in::Entity::find()
        .select_only()
        .column(handed_in::Column::Bytes)
        .filter(handed_in::Column::Account.eq(account.0))
        .filter(handed_in::Column::Edition.eq(edition.0))
        .into_tuple()
        .all(db)
        .await?;
    let sum: u64 = kept.iter().filter_map(|bytes| u64::try_from(*bytes).ok()).sum();
    if kept.len() as u64 >= PERSON_FILES_MAX || sum.saturating_add(bytes) > PERSON_MAX {
        let problem = format!("you have {} files with {} in this edition already", kept.len(), size(sum));
        let remedy =
            "Send a smaller file. Those that no draft and no proposal needs go by themselves within a week";
        return Err(Refusal::new("file", problem, remedy).into());
    }
    Ok(())
}

async fn revision_of(db: &impl ConnectionTrait, id: ProposalId, number: u32) -> Result<Option<Content>> {
    let Ok(wanted) = i32::try_from(number) else { return Ok(None) };
    let row = proposal_revision::Entity::find_by_id((id.0, wanted)).one(db).await?;
    row.map(|row| content_of(&row)).transpose()
}

fn content_of(row: &proposal_revision::Model) -> Result<Content> {
    serde_json::from_str(&row.content).map_err(|error| {
        Error::damaged(format!("revision {} of proposal {}", row.revision, row.proposal), error)
    })
}

/// The files that revisions name, and with them those that proposals name now: what a proposal says is its newest revision.
/// One query, which reads the revisions that name a file.
async fn named(db: &impl ConnectionTrait) -> Result<BTreeMap<FileId, HandedIn>> {
    let rows = proposal_revision::Entity::find()
        .filter(proposal_revision::Column::Content.contains("\"digest\""))
        .all(db)
        .await?;
    let mut out = BTreeMap::new();
    for row in &rows {
        let content = content_of(row)?;
        let files = content.answers.values().filter_map(Answer::as_file);
        out.extend(files.map(|file| (file.id, file.clone())));
    }
    Ok(out)
}

fn file_of(row: &handed_in::Model) -> Result<HandedIn> {
    let damaged = |what: &str| Error::damaged(format!("file {}", row.id), what);
    Ok(HandedIn {
        id: FileId(row.id),
        digest: FileDigest::parse(&row.digest).ok_or_else(|| damaged("no such digest"))?,
        name: Line::clean(&row.name),
        kind: FileKind::parse(&row.kind).ok_or_else(|| damaged("no such kind"))?,
        bytes: u64::try_from(row.bytes).map_err(|_| damaged("no such size"))?,
    })
}

impl Holding for handed_in::Entity {
    const KIND: &'static str = FileId::KIND;
    const ACCOUNT: Self::Column = handed_in::Column::Account;
    const ID: Self::Column = handed_in::Column::Id;

    fn id(row: &handed_in::Model) -> Uuid {
        row.id
    }

    fn edition(row: &handed_in::Model) -> Option<EditionId> {
        Some(EditionId(row.edition))
    }

    /// The feed says nothing of files: their names are for those who read the answers.
    fn fact(_row: &handed_in::Model) -> Result<Value> {
        Ok(Value::Null)
    }

    fn of_account(row: handed_in::Model, account: Uuid) -> handed_in::Model {
        handed_in::Model { account: Some(account), ..row }
    }

    /// What was submitted to the conference stays with it, without the person; what was not goes with the next tidying.
    fn kept(row: handed_in::Model, _at: Timestamp, _by: &str) -> Option<handed_in::Model> {
        Some(handed_in::Model { account: None, ..row })
    }

    fn exported(row: &handed_in::Model) -> Result<Value> {
        let file = file_of(row)?;
        Ok(
            json!({ "edition": row.edition, "id": file.id, "name": file.name, "kind": file.kind, "bytes": file.bytes, "sha256": file.digest }),
        )
    }
}

/// What is broken, for [`crate::verify()`]: a proposal that names a file of which nobody knows.
pub(crate) async fn broken(db: &DatabaseTransaction, broken: &mut Vec<String>) -> Result<()> {
    for (id, file) in named(db).await? {
        let known = handed_in::Entity::find_by_id(id.0).one(db).await?;
        let known = known.as_ref().map(file_of).transpose()?;
        if known.is_none_or(|known| known.digest != file.digest || known.bytes != file.bytes) {
            broken.push(format!("file {id}: a proposal names it, and it is not kept"));
        }
    }
    Ok(())
}
