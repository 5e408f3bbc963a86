//! Releases: publishing them and reading them. A release is written once and never again; a trigger in the
//! database refuses everything else.

use crate::{
    Error, Result, Store, announced, body,
    edition::archived,
    entity::{edition, release},
    load, save,
    tx::{Change, Tx},
};
use model::{
    Refusal,
    announced::Facts,
    diff::diff,
    edition::EditionState,
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

    /// Takes the newest release back: publishes a further one that says what release `to` said, 0 for an empty
    /// programme, and so what the public sees is again what it was. Releases are never removed: the one taken back
    /// stays in the list. The working state keeps its changes, to be mended and released again, unless `reset` makes
    /// it what is published too. `None` when the newest release says the same already.
    pub async fn take_back(
        &self,
        actor: &Actor,
        id: EditionId,
        to: u32,
        note: &str,
        reset: bool,
    ) -> Result<Option<ReleaseHead>> {
        self.write(actor, async |tx| {
            let rows = load::load(tx.db(), edition::Column::Id.eq(id.0))
                .await?
                .ok_or_else(|| Error::no_edition(id))?;
            let present = rows.programme()?;
            let earlier = earlier(tx, &present, to).await?;
            let head = publish(tx, &earlier, note).await?;
            if reset {
                save::save(tx, Some(&rows), &earlier).await?;
            }
            Ok(head)
        })
        .await
    }

    /// Makes the working state what the newest release says: what was changed since is dropped. Refused where nothing
    /// is published.
    pub async fn reset_to_release(&self, actor: &Actor, id: EditionId) -> Result<Programme> {
        self.write(actor, async |tx| {
            let rows = load::load(tx.db(), edition::Column::Id.eq(id.0))
                .await?
                .ok_or_else(|| Error::no_edition(id))?;
            let present = rows.programme()?;
            if present.edition.state == EditionState::Archived {
                return Err(archived(&present.edition.title).into());
            }
            let newest = newest_head(tx.db(), id.0).await?.ok_or_else(|| no_release(1))?;
            let published = earlier(tx, &present, newest.number).await?;
            Ok(save::save(tx, Some(&rows), &published).await?.0)
        })
        .await
    }
}

/// What release `number` said, with the address that the edition has now; an empty programme for 0.
async fn earlier(tx: &Tx, present: &Programme, number: u32) -> Result<Programme> {
    let mut programme = if number == 0 {
        Programme { sponsors: present.sponsors.clone(), ..Programme::empty(present.edition.clone()) }
    } else {
        let key = (present.edition.id.0, i32::try_from(number).unwrap_or(i32::MAX));
        let row = release::Entity::find_by_id(key).one(tx.db()).await?.ok_or_else(|| no_release(number))?;
        read(&row)?.programme
    };
    programme.edition.slug = present.edition.slug.clone();
    programme.edition.state = present.edition.state;
    Ok(programme)
}

fn no_release(number: u32) -> Error {
    Refusal::new("release", format!("there is no release {number}"), "Choose one of the list").into()
}

/// Publishes `programme`, the working state, unless the newest release says the same. Nothing is published of an
/// archived edition.
pub(crate) async fn publish(tx: &Tx, programme: &Programme, note: &str) -> Result<Option<ReleaseHead>> {
    let edition = programme.edition.id;
    if programme.edition.state == EditionState::Archived {
        return Err(archived(&programme.edition.title).into());
    }
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
    if announced::facts(tx.db(), edition).await?.is_none() {
        // What the first release says is what people know; of an edition that is older than this note, what its
        // newest release has said until now.
        announced::set(tx, edition, &Facts::of(&against.edition)).await?;
    }
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
