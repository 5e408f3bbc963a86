//! Looking up many texts with one statement.

use sea_orm::{
    ColumnTrait,
    sea_query::{Expr, Query, SelectStatement, Value},
};

/// Texts that are looked up with one statement.
pub(crate) const LOOKUP: usize = 500;

/// Whether a column of texts holds one of `values`, of which there is at least one:
/// `column IN (SELECT column1 FROM (VALUES (...), ...))`.
///
/// **Not `column IN ($1, ..., $500)`.** PostgreSQL keeps the plan of a prepared statement, and a plan that was made while the
/// table was small compares every value with every row ever after: 10,000 mails took five seconds to queue instead of one.
/// A list that is joined stays a hash join however the table grows. Both databases call the column of `VALUES` `column1`
/// (postgresql.org/docs/current/sql-values.html, sqlite.org/lang_select.html).
pub(crate) fn among<C: ColumnTrait, V: Into<Value>>(column: C, values: impl IntoIterator<Item = V>) -> Expr {
    column.in_subquery(listed(values))
}

/// What [`among`] looks in, for a column that has no type of its own; at least one value.
pub(crate) fn listed<V: Into<Value>>(values: impl IntoIterator<Item = V>) -> SelectStatement {
    let list = values.into_iter().map(Into::<Value>::into);
    Query::select().column("column1").from_values(list, "listed").to_owned()
}
