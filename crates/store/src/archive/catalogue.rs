//! Which tables a database has, and how a row of each becomes JSON and comes back.

use super::refused;
use crate::{Result, search};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Statement};
use serde::{Deserialize, Serialize};

/// A table of the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Table {
    pub(super) name: String,
    /// By name, so that both databases agree on their order.
    pub(super) columns: Vec<Column>,
}

/// A column of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Column {
    name: String,
    kind: Kind,
    /// Its place in the primary key, from 1; 0 for one that is no part of it.
    key: i64,
}

/// What a column holds, whatever the database calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Text,
    Uuid,
    Bytes,
    Integer,
    Boolean,
}

impl Kind {
    /// By the type's name in the schema of either database. One that is not known is refused rather than kept by halves.
    fn of(declared: &str) -> Option<Self> {
        let declared = declared.to_ascii_lowercase();
        Some(match declared.as_str() {
            "uuid" | "uuid_text" => Self::Uuid,
            "boolean" => Self::Boolean,
            "bytea" => Self::Bytes,
            "integer" | "bigint" | "smallint" => Self::Integer,
            "text" | "character varying" => Self::Text,
            other if other.starts_with("blob") => Self::Bytes,
            other if other.starts_with("varchar") => Self::Text,
            _ => return None,
        })
    }
}

/// The tables that hold the record, by name.
pub(super) async fn tables(db: &DatabaseTransaction) -> Result<Vec<Table>> {
    let sql = match db.get_database_backend() {
        DbBackend::Sqlite => {
            "SELECT t.name, c.name, c.type, c.pk FROM sqlite_schema t JOIN pragma_table_info(t.name) c \
             WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY t.name, c.name"
        }
        _ => {
            "SELECT c.table_name::text, c.column_name::text, c.data_type::text, COALESCE(k.ordinal_position, 0)::bigint \
             FROM information_schema.columns c \
             JOIN information_schema.tables t USING (table_schema, table_name) \
             LEFT JOIN information_schema.table_constraints p ON p.table_schema = c.table_schema \
               AND p.table_name = c.table_name AND p.constraint_type = 'PRIMARY KEY' \
             LEFT JOIN information_schema.key_column_usage k ON k.constraint_schema = p.constraint_schema \
               AND k.constraint_name = p.constraint_name AND k.table_name = c.table_name AND k.column_name = c.column_name \
             WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' \
             ORDER BY c.table_name::text COLLATE \"C\", c.column_name::text COLLATE \"C\""
        }
    };
    let mut tables: Vec<Table> = vec![];
    for row in db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await? {
        let table: String = row.try_get_by_index(0)?;
        if is_made_anew(&table) {
            continue;
        }
        let (name, declared): (String, String) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        let kind = Kind::of(&declared).ok_or_else(|| {
            refused(
                format_args!(
                    "the column {name} of the table {table} has the type {declared}, which no backup holds"
                ),
                "Use the database's own tool for a backup, and report this",
            )
        })?;
        let column = Column { name, kind, key: row.try_get_by_index(3)? };
        match tables.last_mut().filter(|last| last.name == table) {
            Some(last) => last.columns.push(column),
            None => tables.push(Table { name: table, columns: vec![column] }),
        }
    }
    Ok(tables)
}

/// Whether the table is no part of an archive: the migrations stand in its header, and the search index with its shadow
/// tables is made from the releases.
fn is_made_anew(table: &str) -> bool {
    const SHADOWS: [&str; 7] = [
        "seaql_migrations",
        "search",
        "search_config",
        "search_content",
        "search_data",
        "search_docsize",
        "search_idx",
    ];
    SHADOWS.contains(&table)
}

impl Table {
    /// Reads all rows, each as a JSON array, in the order of the primary key.
    pub(super) fn select(&self, backend: DbBackend) -> String {
        let values: Vec<String> = self.columns.iter().map(|column| column.out(backend)).collect();
        let array = match backend {
            DbBackend::Sqlite => format!("json_array({})", values.join(", ")),
            _ => format!("json_build_array({})::text", values.join(", ")),
        };
        // The index of search starts anew, so its place in the feed is not kept.
        let filter = if self.name == "follower" {
            format!(" WHERE name <> '{}'", search::FOLLOWER)
        } else {
            String::new()
        };
        format!("SELECT {array} FROM {}{filter} ORDER BY {}", quoted(&self.name), self.order(backend))
    }

    /// Adds the rows of a JSON array of such arrays, which is its one parameter.
    pub(super) fn insert(&self, backend: DbBackend) -> String {
        let names: Vec<String> = self.columns.iter().map(|column| quoted(&column.name)).collect();
        let values: Vec<String> =
            self.columns.iter().enumerate().map(|(at, column)| column.kind.back(at, backend)).collect();
        let (from, overriding) = match backend {
            DbBackend::Sqlite => ("json_each(?) AS part", ""),
            _ => ("json_array_elements($1::json) AS part(value)", " OVERRIDING SYSTEM VALUE"),
        };
        format!(
            "INSERT INTO {} ({}){overriding} SELECT {} FROM {from}",
            quoted(&self.name),
            names.join(", "),
            values.join(", ")
        )
    }

    fn order(&self, backend: DbBackend) -> String {
        let mut key: Vec<&Column> = self.columns.iter().filter(|column| column.key > 0).collect();
        key.sort_by_key(|column| column.key);
        if key.is_empty() {
            key = self.columns.iter().collect();
        }
        let by = |column: &&Column| match (column.kind, backend) {
            // SQLite compares bytes; so shall PostgreSQL.
            (Kind::Text, DbBackend::Postgres) => format!("{} COLLATE \"C\"", quoted(&column.name)),
            _ => quoted(&column.name),
        };
        key.iter().map(by).collect::<Vec<_>>().join(", ")
    }
}

impl Column {
    /// The value as JSON has it.
    fn out(&self, backend: DbBackend) -> String {
        let name = quoted(&self.name);
        match (self.kind, backend) {
            (Kind::Text | Kind::Integer, _) | (Kind::Boolean, DbBackend::Sqlite) => name,
            // SQLite's hex() makes an empty text of NULL.
            (Kind::Uuid | Kind::Bytes, DbBackend::Sqlite) => {
                format!("CASE WHEN {name} IS NOT NULL THEN lower(hex({name})) END")
            }
            (Kind::Uuid, _) => format!("replace({name}::text, '-', '')"),
            (Kind::Bytes, _) => format!("encode({name}, 'hex')"),
            (Kind::Boolean, _) => format!("{name}::int"),
        }
    }
}

impl Kind {
    /// The value at that place of a row, from its JSON.
    fn back(self, at: usize, backend: DbBackend) -> String {
        match (self, backend) {
            (Self::Uuid | Self::Bytes, DbBackend::Sqlite) => {
                format!("unhex(json_extract(part.value, '$[{at}]'))")
            }
            (_, DbBackend::Sqlite) => format!("json_extract(part.value, '$[{at}]')"),
            (Self::Text, _) => format!("part.value->>{at}"),
            (Self::Uuid, _) => format!("(part.value->>{at})::uuid"),
            (Self::Bytes, _) => format!("decode(part.value->>{at}, 'hex')"),
            (Self::Integer, _) => format!("(part.value->>{at})::bigint"),
            (Self::Boolean, _) => format!("(part.value->>{at})::int::boolean"),
        }
    }
}

/// A name as SQL takes it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
