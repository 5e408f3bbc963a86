//! What can go wrong with the record, and what the operator does about it.

use model::Refusal;
use sea_orm::{DbErr, RuntimeErr};

/// The result of everything that the record does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the record could not be read or written. Each text says what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A rule said no; nothing was written.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Others held the database for too long.
    #[error(
        "The database is busy: {detail}. Try again; if it stays busy, look for a backup or another program that holds it."
    )]
    Busy {
        /// What the database said.
        detail: String,
    },
    /// No space is left where the database lies.
    #[error("No space is left for the database: {detail}. Free some space on its disk; nothing was written.")]
    Full {
        /// What the database said.
        detail: String,
    },
    /// The database may only be read.
    #[error(
        "The database may not be written: {detail}. Give the account that runs Plenary the right to write it."
    )]
    ReadOnly {
        /// What the database said.
        detail: String,
    },
    /// The database was written by a newer Plenary.
    #[error(
        "The database at {location} has schema {found} ({unknown}), and this Plenary {program} knows schemas up to {known}. \
         Run the Plenary that last opened it or a newer one, or restore the backup made before the upgrade."
    )]
    NewerSchema {
        /// Where the database lies.
        location: String,
        /// The number of the database's schema.
        found: usize,
        /// The name of its newest migration that is unknown here.
        unknown: String,
        /// The version of this program.
        program: &'static str,
        /// The newest schema that this program knows.
        known: usize,
    },
    /// The database could not be opened, or the connection broke.
    #[error("The database at {location} cannot be reached: {detail}. {remedy}.")]
    CannotConnect {
        /// Where the database lies; empty when it broke later.
        location: String,
        /// What the system said.
        detail: String,
        /// What to look at.
        remedy: &'static str,
    },
    /// The record holds something that no version of Plenary writes.
    #[error(
        "The record is damaged: {place}: {detail}. Restore the last backup, and keep the damaged database for a report."
    )]
    Damaged {
        /// Table and row.
        place: String,
        /// What is wrong there.
        detail: String,
    },
    /// Anything else that the database said.
    #[error(
        "The database refused: {detail}. This is a fault of Plenary unless the database was changed by hand; please report it."
    )]
    Database {
        /// What the database said.
        detail: String,
    },
}

impl Error {
    /// A row that cannot be read.
    pub(crate) fn damaged(place: impl Into<String>, detail: impl std::fmt::Display) -> Self {
        Self::Damaged { place: place.into(), detail: detail.to_string() }
    }

    /// The refusal of a command about an edition that does not exist.
    pub(crate) fn no_edition(name: impl std::fmt::Display) -> Self {
        Self::Refused(Refusal::new(
            "edition",
            format!("there is no edition {name}"),
            "Import its schedule first",
        ))
    }

    /// Whether others held the database, so that the same may succeed a moment later.
    pub(crate) fn is_busy(error: &sqlx::Error) -> bool {
        matches!(classify(error), Self::Busy { .. })
    }

    /// `error` while opening the database at `location`.
    pub(crate) fn while_opening(location: &crate::Location, error: sqlx::Error) -> Self {
        let remedy = match location {
            crate::Location::Sqlite(_) => {
                "Check that the folder exists and that the account that runs Plenary may write it"
            }
            crate::Location::Postgres(_) => "Check the address, that the server runs, and the user's rights",
        };
        match Self::from(error) {
            Self::CannotConnect { detail, .. } | Self::Database { detail } => {
                Self::CannotConnect { location: location.to_string(), detail, remedy }
            }
            other => other,
        }
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        match &error {
            DbErr::Exec(RuntimeErr::SqlxError(e))
            | DbErr::Query(RuntimeErr::SqlxError(e))
            | DbErr::Conn(RuntimeErr::SqlxError(e)) => classify(e),
            DbErr::ConnectionAcquire(_) => {
                Self::Busy { detail: "no connection became free in time".to_owned() }
            }
            other => Self::Database { detail: other.to_string() },
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        classify(&error)
    }
}

/// By SQLite's result codes (sqlite.org/rescode.html) and PostgreSQL's SQLSTATE (appendix A of its manual).
fn classify(error: &sqlx::Error) -> Error {
    let detail = model::text::excerpt(&error.to_string(), 400);
    let unreachable = |detail| Error::CannotConnect {
        location: "its address".to_owned(),
        detail,
        remedy: "Check that the database server runs; Plenary reconnects by itself",
    };
    let database = match error {
        sqlx::Error::Database(database) => database,
        sqlx::Error::PoolTimedOut => {
            return Error::Busy { detail: "no connection became free in time".to_owned() };
        }
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Configuration(_) => {
            return unreachable(detail);
        }
        sqlx::Error::Protocol(_) => return unreachable(detail),
        _ => return Error::Database { detail },
    };
    let code = database.code().unwrap_or_default().into_owned();
    // SQLite's are decimal numbers of which the low byte is the primary code, PostgreSQL's have five characters.
    match code.parse::<u32>().ok().filter(|_| code.len() < 5).map(|code| code & 0xff) {
        Some(5 | 6) => Error::Busy { detail },
        Some(13) => Error::Full { detail },
        Some(8) => Error::ReadOnly { detail },
        Some(10 | 14) => Error::CannotConnect {
            location: "its file".to_owned(),
            detail,
            remedy: "Check the disk, its free space and the rights to the file",
        },
        Some(11 | 26) => Error::damaged("the file", detail),
        Some(_) => Error::Database { detail },
        None => match code.as_str() {
            "40001" | "40P01" | "53300" | "55P03" | "57014" => Error::Busy { detail },
            "53100" | "53200" => Error::Full { detail },
            "25006" | "42501" => Error::ReadOnly { detail },
            "3D000" | "57P01" | "57P02" | "57P03" => unreachable(detail),
            code if code.starts_with("08") || code.starts_with("28") => unreachable(detail),
            "XX001" | "XX002" => Error::damaged("the database", detail),
            _ => Error::Database { detail },
        },
    }
}
