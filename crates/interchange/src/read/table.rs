//! Tables as they are: spreadsheets of which somebody says on screen what the columns mean.

use super::{Input, Note, ReadError, bundle::Table, decode::Source};
use crate::container;
use model::registration::{Row, Sheet};

/// The most rows of a table that is read so.
const ROWS_MAX: usize = 100_000;

/// The most columns.
const COLUMNS_MAX: usize = 200;

/// Reads a table: CSV separated by commas, semicolons or tabs, with the names of its columns in the first row.
///
/// # Errors
/// When it is packed with other files, is no table, or has more than 100,000 rows or 200 columns.
pub fn read_table(input: Input<'_>) -> Result<(Sheet, Vec<Note>), ReadError> {
    let mut members = container::unpack(input.name, input.bytes)?;
    let unrecognised = |problem: &str| ReadError::Unrecognised {
        file: input.name.to_owned(),
        problem: problem.to_owned(),
        remedy: "Save the list as CSV, with the names of the columns in the first row".to_owned(),
    };
    let (Some(member), true) = (members.pop(), members.is_empty()) else {
        return Err(unrecognised("it is an archive of several files or of none"));
    };
    let source = Source::decode(&member.name, &member.bytes)?;
    if source.text.trim_start().starts_with(['<', '{', '[']) {
        return Err(unrecognised("this is no table"));
    }
    let table = match Table::parse(&source)? {
        Some(table) => table,
        // One column needs no separator.
        None => single_column(&source).ok_or_else(|| unrecognised("this is no table"))?,
    };
    if table.rows.len() > ROWS_MAX {
        return Err(ReadError::too_large(input.name, "", "100,000 rows"));
    }
    if table.columns.len() > COLUMNS_MAX {
        return Err(ReadError::too_large(input.name, "", "200 columns"));
    }
    if table.rows.is_empty() {
        return Err(unrecognised("it has no rows below the names of its columns"));
    }
    let Table { columns, rows, notes, .. } = table;
    let rows = rows.into_iter().map(|row| Row { line: row.line(), cells: row.cells }).collect();
    let name = model::text::excerpt(input.name, 200);
    Ok((Sheet { name, columns, rows }, notes))
}

/// A list of addresses under a heading.
fn single_column(source: &Source) -> Option<Table> {
    let mut lines = source.text.lines();
    let heading = lines.next()?.trim();
    let is_plain = |text: &str| !text.is_empty() && text.len() <= 320 && !text.contains(char::is_control);
    if !is_plain(heading) || !lines.clone().any(|line| line.contains('@')) {
        return None;
    }
    let rows = lines
        .zip(2..)
        .filter(|(line, _)| is_plain(line.trim()))
        .map(|(text, line)| super::bundle::Row::new(line, vec![text.trim().to_owned()]))
        .collect();
    Some(Table {
        name: source.name.clone(),
        columns: vec![heading.to_owned()],
        rows,
        notes: source.notes.clone(),
    })
}
