//! Lists of registrations between their upload and their import: kept for an hour, then gone.
//!
//! They are no facts: nothing of them stands in the feed, and verification does not look at them.

use crate::{Error, Result, Store, body, entity::registration_upload, rows::json};
use jiff::SignedDuration;
use model::{
    Refusal,
    feed::Actor,
    id::EditionId,
    registration::{Mapping, Sheet},
    time::to_micros,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

/// How long a list is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(1);

impl Store {
    /// Keeps a list that was uploaded, and how its columns are read for now. Lists whose time is over go.
    pub async fn keep_upload(&self, edition: EditionId, sheet: &Sheet, mapping: &Mapping) -> Result<Uuid> {
        let row = registration_upload::Model {
            id: Uuid::now_v7(),
            edition: edition.0,
            expires_at: self.now().checked_add(KEPT).map_or(i64::MAX, to_micros),
            mapping: json(mapping)?,
            body: body::encode(sheet)?,
        };
        let id = row.id;
        self.write(&Actor::System, async |tx| {
            registration_upload::Entity::delete_many()
                .filter(registration_upload::Column::ExpiresAt.lt(to_micros(tx.at())))
                .exec(tx.db())
                .await?;
            crate::save::upsert::<registration_upload::Entity>(tx.db(), vec![row]).await
        })
        .await?;
        Ok(id)
    }

    /// A list that was uploaded for that edition; `None` when its time is over.
    pub async fn upload(&self, edition: EditionId, id: Uuid) -> Result<Option<(Sheet, Mapping)>> {
        let row = registration_upload::Entity::find_by_id(id)
            .filter(registration_upload::Column::Edition.eq(edition.0))
            .filter(registration_upload::Column::ExpiresAt.gte(to_micros(self.now())))
            .one(self.readers())
            .await?;
        let Some(row) = row else { return Ok(None) };
        let place = format!("registration upload {}", row.id);
        let mapping = serde_json::from_str(&row.mapping).map_err(|error| Error::damaged(&place, error))?;
        Ok(Some((body::decode(&row.body, &place)?, mapping)))
    }

    /// Keeps how the columns of a list are read.
    pub async fn map_upload(&self, edition: EditionId, id: Uuid, mapping: &Mapping) -> Result<()> {
        let mapping = json(mapping)?;
        self.write(&Actor::System, async |tx| {
            let row = registration_upload::Entity::find_by_id(id)
                .filter(registration_upload::Column::Edition.eq(edition.0))
                .one(tx.db())
                .await?;
            let Some(row) = row else {
                return Err(Refusal::new("file", "it is not kept any more", "Upload it again").into());
            };
            crate::save::upsert::<registration_upload::Entity>(
                tx.db(),
                vec![registration_upload::Model { mapping, ..row }],
            )
            .await
        })
        .await
    }

    /// Forgets a list, and all whose time is over.
    pub async fn drop_upload(&self, edition: EditionId, id: Uuid) -> Result<()> {
        self.write(&Actor::System, async |tx| {
            registration_upload::Entity::delete_many()
                .filter(registration_upload::Column::Edition.eq(edition.0))
                .filter(registration_upload::Column::Id.eq(id))
                .exec(tx.db())
                .await?;
            registration_upload::Entity::delete_many()
                .filter(registration_upload::Column::ExpiresAt.lt(to_micros(tx.at())))
                .exec(tx.db())
                .await?;
            Ok(())
        })
        .await
    }

    /// Forgets all lists whose time is over. Writes nothing where there is none.
    pub async fn tidy_uploads(&self) -> Result<()> {
        let over = registration_upload::Column::ExpiresAt.lt(to_micros(self.now()));
        if registration_upload::Entity::find().filter(over.clone()).one(self.readers()).await?.is_none() {
            return Ok(());
        }
        self.write(&Actor::System, async |tx| {
            registration_upload::Entity::delete_many().filter(over).exec(tx.db()).await?;
            Ok(())
        })
        .await
    }
}
