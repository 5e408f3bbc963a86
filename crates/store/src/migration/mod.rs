//! The steps from an empty database, or from any earlier version, to the present one.
//!
//! All pending steps run at start in **one** transaction, so a kill in the middle leaves the database as it
//! was. A step that was released is never edited; what a new version needs goes into a new file, which says
//! why, and what it does to a database that is in use. Steps do not use the entities, which move on.

mod m0001_record;
mod m0002_account;
mod m0009_desk;
mod tools;

use crate::{Error, Location, Result};
use sea_orm::DatabaseTransaction;
use sea_orm_migration::{MigrationTrait, MigratorTrait, SchemaManager};

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_record::Migration),
            Box::new(m0002_account::Migration),
            Box::new(m0009_desk::Migration),
        ]
    }
}

/// Brings the database to the present schema; refuses one that a newer Plenary has written. Reads only where
/// nothing is to be done.
pub(crate) async fn run(db: &DatabaseTransaction, location: &Location) -> Result<()> {
    let names: Vec<String> = Migrator::migrations().iter().map(|step| step.name().to_owned()).collect();
    let applied = applied(db).await?;
    if let Some(unknown) = applied.iter().find(|name| !names.contains(name)) {
        return Err(Error::NewerSchema {
            location: location.to_string(),
            found: applied.len(),
            unknown: unknown.clone(),
            program: env!("CARGO_PKG_VERSION"),
            known: names.len(),
        });
    }
    if applied.len() < names.len() {
        tracing::info!(from = applied.len(), to = names.len(), "migrating the record");
        Migrator::up(db, None).await?;
    }
    Ok(())
}

/// The names of the steps that the database has seen; none for an empty one.
async fn applied(db: &DatabaseTransaction) -> Result<Vec<String>> {
    if !SchemaManager::new(db).has_table("seaql_migrations").await? {
        return Ok(vec![]);
    }
    Ok(Migrator::get_migration_models(db).await?.into_iter().map(|step| step.version).collect())
}
