//! Reading the working state of an edition: one query for each table, however large the programme is.

use crate::{
    Result, Store,
    entity::{edition, participation, person, room, session, slot, sponsor, track},
    rows::Rows,
};
use model::{id::EditionId, programme::Programme, text::Slug};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

impl Store {
    /// The working state of an edition, normalised: what organisers see before it is released. `None` when
    /// there is no such edition. Eight queries.
    pub async fn programme(&self, id: EditionId) -> Result<Option<Programme>> {
        let snapshot = self.read().await?;
        let rows = load(&snapshot, edition::Column::Id.eq(id.0)).await?;
        snapshot.commit().await?;
        rows.map(|rows| rows.programme()).transpose()
    }
}

/// The rows of the edition that `programme` belongs to: by identifier, else by slug, since an edition may
/// have another identifier in a file of another system.
pub(crate) async fn load_same(db: &impl ConnectionTrait, id: EditionId, slug: &Slug) -> Result<Option<Rows>> {
    match load(db, edition::Column::Id.eq(id.0)).await? {
        Some(rows) => Ok(Some(rows)),
        None => load(db, edition::Column::Slug.eq(slug.as_str())).await,
    }
}

/// The rows of an edition, or `None` when there is none.
pub(crate) async fn load(
    db: &impl ConnectionTrait,
    which: sea_orm::sea_query::SimpleExpr,
) -> Result<Option<Rows>> {
    let Some(edition) = edition::Entity::find().filter(which).one(db).await? else {
        return Ok(None);
    };
    let id = edition.id;
    Ok(Some(Rows {
        edition,
        rooms: room::Entity::find().filter(room::Column::Edition.eq(id)).all(db).await?,
        tracks: track::Entity::find().filter(track::Column::Edition.eq(id)).all(db).await?,
        persons: person::Entity::find().filter(person::Column::Edition.eq(id)).all(db).await?,
        sessions: session::Entity::find().filter(session::Column::Edition.eq(id)).all(db).await?,
        participations: participation::Entity::find()
            .filter(participation::Column::Edition.eq(id))
            .all(db)
            .await?,
        slots: slot::Entity::find().filter(slot::Column::Edition.eq(id)).all(db).await?,
        sponsors: sponsor::Entity::find().filter(sponsor::Column::Edition.eq(id)).all(db).await?,
    }))
}
