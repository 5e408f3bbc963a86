//! Taking a schedule file into the record: merge, save and publish in one transaction, or nothing.

use crate::{
    Result, Store, body,
    edition::archived,
    entity::import_base,
    load, release,
    rows::Rows,
    save::{save, upsert},
};
use model::{
    edition::EditionState,
    feed::Actor,
    merge::{Carries, Conflict, Merged, merge},
    programme::Programme,
    release::ReleaseHead,
    time::to_micros,
};
use sea_orm::{ConnectionTrait, EntityTrait};
use uuid::Uuid;

/// How to import.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// Import a file that removes more than half of the sessions, which is otherwise refused
    /// ([`Merged::check`]).
    pub allow_removals: bool,
    /// Where the file and an organiser changed the same thing: let the file win.
    pub take_theirs: bool,
    /// Publish the outcome as a release, unless the newest release already says it.
    pub release: bool,
    /// The note of that release.
    pub note: String,
}

/// What an import did.
#[derive(Clone, Debug)]
pub struct ImportOutcome {
    /// What changed, what was kept, and the programme as it is now.
    pub merged: Merged,
    /// The release that was published.
    pub release: Option<ReleaseHead>,
}

impl Store {
    /// Merges `incoming`, a normalised programme of a file that can express `carries`, into the working state
    /// of its edition (found by identifier, else by slug; created where there is none), with the last import
    /// as the base of the merge. Importing the same file twice writes nothing the second time.
    pub async fn import(
        &self,
        actor: &Actor,
        incoming: &Programme,
        carries: Carries,
        options: &ImportOptions,
    ) -> Result<ImportOutcome> {
        self.write(actor, async |tx| {
            let (present, mut merged, base) =
                prepare(tx.db(), incoming, carries, options.take_theirs).await?;
            if let Some(present) = &present
                && present.edition.state == EditionState::Archived.as_str()
                && present.programme()? != merged.programme
            {
                return Err(archived(&merged.programme.edition.title).into());
            }
            if !options.allow_removals {
                merged.check()?;
            }
            let (programme, _) = save(tx, present.as_ref(), &merged.programme).await?;
            merged.programme = programme;
            let body = body::encode(&merged.base)?;
            let digest = body::digest(&body);
            if base.is_none_or(|base| base.digest != digest) {
                let row = import_base::Model {
                    edition: merged.programme.edition.id.0,
                    at: to_micros(tx.at()),
                    digest,
                    body,
                };
                upsert::<import_base::Entity>(tx.db(), vec![row]).await?;
            }
            let release = if options.release {
                release::publish(tx, &merged.programme, &options.note).await?
            } else {
                None
            };
            Ok(ImportOutcome { merged, release })
        })
        .await
    }

    /// What [`Store::import`] would do; writes nothing.
    pub async fn preview_import(
        &self,
        incoming: &Programme,
        carries: Carries,
        take_theirs: bool,
    ) -> Result<Merged> {
        let snapshot = self.read().await?;
        let (_, merged, _) = prepare(&snapshot, incoming, carries, take_theirs).await?;
        snapshot.commit().await?;
        Ok(merged)
    }
}

async fn prepare(
    db: &impl ConnectionTrait,
    incoming: &Programme,
    carries: Carries,
    take_theirs: bool,
) -> Result<(Option<Rows>, Merged, Option<import_base::Model>)> {
    incoming.edition.check()?;
    let present = load::load_same(db, incoming.edition.id, &incoming.edition.slug).await?;
    let base = match &present {
        Some(present) => import_base::Entity::find_by_id(present.edition.id).one(db).await?,
        None => None,
    };
    let base_programme =
        base.as_ref().map(|base| body::decode(&base.body, &place(base.edition))).transpose()?;
    let present_programme = present.as_ref().map(Rows::programme).transpose()?;
    let conflict = if take_theirs { Conflict::TakeTheirs } else { Conflict::KeepOurs };
    let merged = merge(present_programme.as_ref(), base_programme.as_ref(), incoming, carries, conflict);
    Ok((present, merged, base))
}

fn place(edition: Uuid) -> String {
    format!("the last import of edition {edition}")
}
