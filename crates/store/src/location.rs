//! Where the record lies: a SQLite file or a PostgreSQL database.

use model::Refusal;
use std::{
    fmt,
    path::{Path, PathBuf},
};

/// The name of the SQLite file in a data folder.
pub const FILE_NAME: &str = "plenary.sqlite";

/// Where the record lies.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A SQLite file; it is created when it does not exist, its folder is not.
    Sqlite(PathBuf),
    /// A PostgreSQL database, version 15 or later, as `postgres://user:password@host:port/database`. The
    /// database must exist; its tables are created.
    Postgres(String),
}

impl Location {
    /// The SQLite file in a data folder.
    pub fn from_data_dir(dir: &Path) -> Self {
        Self::Sqlite(dir.join(FILE_NAME))
    }

    /// Accepts `postgres://...`, `postgresql://...` and `sqlite:FILE`.
    pub fn from_url(url: &str) -> Result<Self, Refusal> {
        let url = url.trim();
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_owned()));
        }
        let file = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:"));
        match file.map(|file| file.split('?').next().unwrap_or(file)) {
            Some(file) if !file.is_empty() && file != ":memory:" => Ok(Self::Sqlite(PathBuf::from(file))),
            _ => Err(Refusal::new(
                "database",
                format!("\"{}\" is not a database address", model::text::excerpt(&without_password(url), 80)),
                "Give postgres://user:password@host/database or sqlite:FILE",
            )),
        }
    }
}

/// For messages and logs: without the password.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => write!(f, "{}", file.display()),
            Self::Postgres(url) => f.write_str(&without_password(url)),
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Location({self})")
    }
}

fn without_password(url: &str) -> String {
    // A password may also stand in the query, so all of the query goes.
    let url = url.split('?').next().unwrap_or(url);
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, rest)), Some((_, host))) => {
            let user = rest.split([':', '@']).next().unwrap_or_default();
            format!("{scheme}://{user}@{host}")
        }
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_shown_without_its_password() {
        let shown = |url: &str| Location::from_url(url).unwrap().to_string();
        assert_eq!(
            shown("postgres://anna:s3cr@t@db.example.org:5432/conf"),
            "postgres://anna@db.example.org:5432/conf"
        );
        assert_eq!(shown("postgres://db/conf?user=anna&password=secret"), "postgres://db/conf");
        assert_eq!(shown("sqlite:conf.sqlite"), "conf.sqlite");
    }

    #[test]
    fn an_address_of_another_database_is_refused_with_the_forms_that_are_known() {
        let refusal = Location::from_url("mysql://root:secret@host/x").unwrap_err().to_string();
        assert!(
            refusal.contains("postgres://user:password@host/database") && !refusal.contains("secret"),
            "{refusal}"
        );
    }
}
