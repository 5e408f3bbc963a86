//! Tables as they are: spreadsheets of which somebody says what the columns mean.

use super::{Input, Note, ReadError, bundle::Table, decode::Source, json::JsonFile};
use crate::container;
use model::registration::{Row, Sheet};
use serde_json::Value;

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

/// Reads records: a table as [`read_table`] does, or JSON with a list of objects in it, whose fields become the columns. Of
/// several lists in the file the longest is taken; a field that is no text, number or list of such is left out.
///
/// # Errors
/// As [`read_table`]; when the JSON is malformed, too deep, or holds no list of objects.
pub fn read_records(input: Input<'_>) -> Result<(Sheet, Vec<Note>), ReadError> {
    let mut members = container::unpack(input.name, input.bytes)?;
    let (Some(member), true) = (members.pop(), members.is_empty()) else {
        return Err(ReadError::Unrecognised {
            file: input.name.to_owned(),
            problem: "it is an archive of several files or of none".to_owned(),
            remedy: "Give the one file that holds the records".to_owned(),
        });
    };
    let source = Source::decode(&member.name, &member.bytes)?;
    if !source.text.trim_start().starts_with(['{', '[']) {
        return read_table(input);
    }
    let file = JsonFile::parse(&source)?;
    let list = longest(&file.value).ok_or_else(|| ReadError::Unrecognised {
        file: input.name.to_owned(),
        problem: "there is no list of objects in it".to_owned(),
        remedy: "Export the records as a JSON list, or as CSV".to_owned(),
    })?;
    if list.len() > ROWS_MAX {
        return Err(ReadError::too_large(input.name, "", "100,000 records"));
    }
    let mut columns: Vec<String> = vec![];
    for key in list.iter().filter_map(Value::as_object).flat_map(|object| object.keys()) {
        if !columns.contains(key) && columns.len() < COLUMNS_MAX {
            columns.push(key.clone());
        }
    }
    let rows = (1..)
        .zip(list)
        .map(|(line, value)| Row {
            line,
            cells: columns.iter().map(|column| value.get(column).map(cell).unwrap_or_default()).collect(),
        })
        .collect();
    Ok((Sheet { name: model::text::excerpt(input.name, 200), columns, rows }, file.notes))
}

/// The longest list that holds nothing but objects.
fn longest(value: &Value) -> Option<&Vec<Value>> {
    let own = value.as_array().filter(|list| !list.is_empty() && list.iter().all(Value::is_object));
    let below: Vec<&Value> = match value {
        Value::Array(list) => list.iter().collect(),
        Value::Object(map) => map.values().collect(),
        _ => vec![],
    };
    below.into_iter().filter_map(longest).chain(own).max_by_key(|list| list.len())
}

/// A field as a cell holds it; a list as its texts, one in a line.
fn cell(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Array(list) => list
            .iter()
            .filter(|one| !one.is_array() && !one.is_object())
            .map(cell)
            .collect::<Vec<_>>()
            .join("\n"),
        _ => String::new(),
    }
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
