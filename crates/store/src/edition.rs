//! The editions, and the one way in which an edition's programme is edited.

use crate::{
    Error, Result, Store,
    entity::{edition, release},
    load, release as releases, rows, save,
};
use model::{
    Refusal, edition::Edition, feed::Actor, id::EditionId, programme::Programme, release::ReleaseHead,
    text::Slug,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use std::collections::HashMap;

/// An edition and its newest release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditionHead {
    /// The edition, as its working state has it.
    pub edition: Edition,
    /// Its newest release; `None` while nothing is published.
    pub latest: Option<ReleaseHead>,
}

impl Store {
    /// All editions, newest first. Two queries.
    pub async fn editions(&self) -> Result<Vec<EditionHead>> {
        let rows = edition::Entity::find()
            .order_by_desc(edition::Column::FirstDay)
            .order_by_asc(edition::Column::Slug)
            .all(self.readers())
            .await?;
        let newest = release::Entity::find()
            .order_by_asc(release::Column::Number)
            .into_partial_model::<releases::HeadRow>()
            .all(self.readers())
            .await?;
        // The last one in ascending order stays.
        let mut newest: HashMap<_, _> = newest.into_iter().map(|row| (row.edition, row)).collect();
        rows.iter()
            .map(|row| {
                let latest = newest.remove(&row.id).map(releases::HeadRow::head).transpose()?;
                Ok(EditionHead { edition: rows::edition(row)?, latest })
            })
            .collect()
    }

    /// The edition of this slug.
    pub async fn edition(&self, slug: &Slug) -> Result<Option<EditionHead>> {
        let Some(row) = edition::Entity::find()
            .filter(edition::Column::Slug.eq(slug.as_str()))
            .one(self.readers())
            .await?
        else {
            return Ok(None);
        };
        let latest = releases::newest_head(self.readers(), row.id).await?;
        Ok(Some(EditionHead { edition: rows::edition(&row)?, latest }))
    }

    /// Edits the working state of an edition: `rule` gets the present state and answers with the new one, or
    /// says no. Writes the rows that differ and one feed entry for each thing that changed, in one
    /// transaction. Returns the new state, normalised.
    pub async fn change(
        &self,
        actor: &Actor,
        id: EditionId,
        rule: impl FnOnce(Programme) -> Result<Programme, Refusal> + Send,
    ) -> Result<Programme> {
        self.write(actor, async |tx| {
            let before = load::load(tx.db(), edition::Column::Id.eq(id.0))
                .await?
                .ok_or_else(|| Error::no_edition(id))?;
            let mut after = rule(before.programme()?)?;
            after.edition.id = id;
            after.normalise();
            if before.edition.slug != after.edition.slug.as_str() {
                slug_is_free(tx.db(), &after.edition.slug).await?;
            }
            Ok(save::save(tx, Some(&before), &after).await?.0)
        })
        .await
    }
}

async fn slug_is_free(db: &impl ConnectionTrait, slug: &Slug) -> Result<()> {
    match edition::Entity::find().filter(edition::Column::Slug.eq(slug.as_str())).one(db).await? {
        None => Ok(()),
        Some(other) => Err(Error::Refused(Refusal::new(
            "slug",
            format!("\"{slug}\" is the address of {}", other.title),
            "Choose another",
        ))),
    }
}
