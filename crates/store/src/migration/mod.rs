//! The steps from an empty database, or from any earlier version, to the present one.
//!
//! All pending steps run at start in **one** transaction, so a kill in the middle leaves the database as it
//! was. A step that was released is never edited; what a new version needs goes into a new file, which says
//! why, and what it does to a database that is in use. Steps do not use the entities, which move on.

mod m0001_record;
mod m0002_account;
mod m0003_mail;
mod m0004_planner;
mod m0005_registration;
mod m0006_credential;
mod m0007_programs;
mod m0008_merge;
mod m0009_desk;
mod m0010_content;
mod m0011_people;
mod m0012_call;
mod m0013_registration_cap;
mod m0014_microconference;
mod m0015_assignment;
mod m0016_question;
mod m0017_forward;
mod m0018_handed_in;
mod m0019_chat;
mod m0020_meeting;
mod m0021_matrix_room;
mod tools;

use crate::{Error, Location, Result};
use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement};
use sea_orm_migration::{MigrationTrait, MigratorTrait, SchemaManager};

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_record::Migration),
            Box::new(m0002_account::Migration),
            Box::new(m0003_mail::Migration),
            Box::new(m0004_planner::Migration),
            Box::new(m0005_registration::Migration),
            Box::new(m0006_credential::Migration),
            Box::new(m0007_programs::Migration),
            Box::new(m0008_merge::Migration),
            Box::new(m0009_desk::Migration),
            Box::new(m0010_content::Migration),
            Box::new(m0011_people::Migration),
            Box::new(m0012_call::Migration),
            Box::new(m0013_registration_cap::Migration),
            Box::new(m0014_microconference::Migration),
            Box::new(m0015_assignment::Migration),
            Box::new(m0016_question::Migration),
            Box::new(m0017_forward::Migration),
            Box::new(m0018_handed_in::Migration),
            Box::new(m0019_chat::Migration),
            Box::new(m0020_meeting::Migration),
            Box::new(m0021_matrix_room::Migration),
        ]
    }
}

/// Brings the database to the present schema; refuses one that a newer Plenary has written. Reads only where
/// nothing is to be done.
pub(crate) async fn run(db: &DatabaseTransaction, location: &Location) -> Result<()> {
    let (from, to) = check(db, location).await?;
    if from < to {
        tracing::info!(from, to, "migrating the record");
        up(db, None).await?;
    }
    Ok(())
}

/// Refuses a database that a newer Plenary has written. Gives how many steps it has seen, and how many there are.
pub(crate) async fn check(db: &DatabaseTransaction, location: &Location) -> Result<(usize, usize)> {
    let applied = applied(db).await?;
    known(&applied, location)?;
    Ok((applied.len(), names().len()))
}

/// Makes the schema that had seen the `steps`, in an empty database; refuses steps that a newer Plenary has added.
pub(crate) async fn build(db: &DatabaseTransaction, location: &Location, steps: &[String]) -> Result<()> {
    known(steps, location)?;
    // As many steps as were seen, from the first on, are the same steps: none is ever put between.
    up(db, Some(u32::try_from(steps.len()).unwrap_or(u32::MAX))).await
}

/// Takes that many steps, or all that are left.
pub(crate) async fn up(db: &DatabaseTransaction, steps: Option<u32>) -> Result<()> {
    Ok(Migrator::up(db, steps).await?)
}

fn names() -> Vec<String> {
    Migrator::migrations().iter().map(|step| step.name().to_owned()).collect()
}

fn known(applied: &[String], location: &Location) -> Result<()> {
    let names = names();
    match applied.iter().find(|name| !names.contains(name)) {
        None => Ok(()),
        Some(unknown) => Err(Error::NewerSchema {
            location: location.to_string(),
            found: applied.len(),
            unknown: unknown.clone(),
            program: env!("CARGO_PKG_VERSION"),
            known: names.len(),
        }),
    }
}

/// The names of the steps that the database has seen; none for an empty one.
pub(crate) async fn applied(db: &DatabaseTransaction) -> Result<Vec<String>> {
    if !SchemaManager::new(db).has_table("seaql_migrations").await? {
        return Ok(vec![]);
    }
    // The library's own way would first create the table, which a transaction that only reads may not.
    let sql = "SELECT version FROM seaql_migrations ORDER BY version";
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}
