//! Releases: publishing them and reading them. A release is written once and never again; a trigger in the
//! database refuses everything else.

use crate::{
    Error, Result, Store, body,
    entity::{edition, release},
    load,
    tx::{Change, Tx},
};
use model::{
    diff::diff,
    feed::{Actor, Deed},
    id::{EditionId, derived},
    programme::Programme,
    release::{Counts, Release, ReleaseHead},
    text::Slug,
    time::{from_micros, to_micros},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DerivePartialModel, EntityTrait, QueryFilter, QueryOrder,
};
use uuid::Uuid;

/// The word for a release in the feed.
pub(crate) const KIND: &str = "release";

impl Store {
    /// The newest release of the edition of this slug; `None` when there is no such edition or nothing is
    /// published.
    pub async fn latest_release(&self, slug: &Slug) -> Result<Option<Release>> {
        let Some(edition) = edition::Entity::find()
            .filter(edition::Column::Slug.eq(slug.as_str()))
            .one(self.readers())
            .await?
        else {
            return Ok(None);
        };
        match newest(self.readers(), edition.id).await? {
            Some(row) => read_apart(row).await.map(Some),
            None => Ok(None),
        }
    }

    /// One release of an edition.
    pub async fn release(&self, id: EditionId, number: u32) -> Result<Option<Release>> {
        let Ok(number) = i32::try_from(number) else {
            return Ok(None);
        };
        match release::Entity::find_by_id((id.0, number)).one(self.readers()).await? {
            Some(row) => read_apart(row).await.map(Some),
            None => Ok(None),
        }
    }

    /// All releases of an edition, newest first, without their programmes.
    pub async fn releases(&self, id: EditionId) -> Result<Vec<ReleaseHead>> {
        let rows = release::Entity::find()
            .filter(release::Column::Edition.eq(id.0))
            .order_by_desc(release::Column::Number)
            .into_partial_model::<HeadRow>()
            .all(self.readers())
            .await?;
        rows.into_iter().map(HeadRow::head).collect()
    }

    /// Publishes the working state of an edition as its next release. `None`, and nothing written, when it is
    /// what the newest release already says.
    pub async fn publish(&self, actor: &Actor, id: EditionId, note: &str) -> Result<Option<ReleaseHead>> {
        self.write(actor, async |tx| {
            let rows = load::load(tx.db(), edition::Column::Id.eq(id.0))
                .await?
                .ok_or_else(|| Error::no_edition(id))?;
            publish(tx, &rows.programme()?, note).await
        })
        .await
    }
}

/// Publishes `programme`, the working state, unless the newest release says the same.
pub(crate) async fn publish(tx: &Tx, programme: &Programme, note: &str) -> Result<Option<ReleaseHead>> {
    let edition = programme.edition.id;
    let previous = newest(tx.db(), edition.0).await?.map(|row| read(&row)).transpose()?;
    let empty;
    let (number, against) = match &previous {
        Some(previous) if previous.programme == *programme => return Ok(None),
        Some(previous) => (previous.head.number + 1, &previous.programme),
        None => {
            empty = Programme::empty(programme.edition.clone());
            (1, &empty)
        }
    };
    let counts = diff(against, programme).counts();
    let head = ReleaseHead { edition, number, at: tx.at(), note: note.trim().to_owned(), counts };
    let row = release::ActiveModel {
        edition: Set(edition.0),
        number: Set(small(number)),
        at: Set(to_micros(head.at)),
        note: Set(head.note.clone()),
        added: Set(small(counts.added)),
        changed: Set(small(counts.changed)),
        removed: Set(small(counts.removed)),
        body: Set(body::encode(programme)?),
    };
    release::Entity::insert_many([row]).exec_without_returning(tx.db()).await?;
    tx.note(vec![Change {
        kind: KIND,
        thing: thing(edition, number),
        edition: Some(edition),
        deed: Deed::Created,
        before: None,
        after: Some(fact(&head)?),
    }])
    .await?;
    Ok(Some(head))
}

/// By what the feed knows a release: derived from the edition and the number.
pub(crate) fn thing(edition: EditionId, number: u32) -> Uuid {
    derived(&edition.to_string(), KIND, &number.to_string())
}

/// The JSON of a release in the feed.
pub(crate) fn fact(head: &ReleaseHead) -> Result<serde_json::Value> {
    serde_json::to_value(head).map_err(|error| Error::damaged("a release to be written", error))
}

/// The row of an edition's newest release.
pub(crate) async fn newest(db: &impl ConnectionTrait, edition: Uuid) -> Result<Option<release::Model>> {
    let newest = release::Entity::find()
        .filter(release::Column::Edition.eq(edition))
        .order_by_desc(release::Column::Number);
    Ok(newest.one(db).await?)
}

/// The head of an edition's newest release, without reading its body.
pub(crate) async fn newest_head(db: &impl ConnectionTrait, edition: Uuid) -> Result<Option<ReleaseHead>> {
    let newest = release::Entity::find()
        .filter(release::Column::Edition.eq(edition))
        .order_by_desc(release::Column::Number);
    newest.into_partial_model::<HeadRow>().one(db).await?.map(HeadRow::head).transpose()
}

/// The release of a row.
pub(crate) fn read(row: &release::Model) -> Result<Release> {
    let head = HeadRow {
        edition: row.edition,
        number: row.number,
        at: row.at,
        note: row.note.clone(),
        added: row.added,
        changed: row.changed,
        removed: row.removed,
    };
    let place = head.place();
    Ok(Release { head: head.head()?, programme: body::decode(&row.body, &place)? })
}

/// The same on a thread of its own: the programme of a large conference takes tens of milliseconds.
async fn read_apart(row: release::Model) -> Result<Release> {
    let reading = tokio::task::spawn_blocking(move || read(&row));
    reading.await.map_err(|error| Error::damaged("a release", error))?
}

/// What a row says without its body.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "release::Entity")]
pub(crate) struct HeadRow {
    pub(crate) edition: Uuid,
    pub(crate) number: i32,
    pub(crate) at: i64,
    pub(crate) note: String,
    pub(crate) added: i32,
    pub(crate) changed: i32,
    pub(crate) removed: i32,
}

impl HeadRow {
    fn place(&self) -> String {
        format!("release {} of edition {}", self.number, self.edition)
    }

    /// The head that the row says.
    pub(crate) fn head(self) -> Result<ReleaseHead> {
        let damaged = || Error::damaged(self.place(), "a number outside its range");
        let number = |value: i32| u32::try_from(value).map_err(|_| damaged());
        Ok(ReleaseHead {
            edition: EditionId(self.edition),
            number: number(self.number)?,
            at: from_micros(self.at).ok_or_else(damaged)?,
            counts: Counts {
                added: number(self.added)?,
                changed: number(self.changed)?,
                removed: number(self.removed)?,
            },
            note: self.note,
        })
    }
}

fn small(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
