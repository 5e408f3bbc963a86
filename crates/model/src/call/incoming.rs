//! Proposals from elsewhere: a table, or a list of objects, that another tool exported, read by what its columns are called.

use super::{Answer, Answers, Call, FieldKey, Form, Stage};
use crate::{
    Refusal,
    email::Email,
    proposal::Content,
    registration::Sheet,
    text::{Line, RichText, folded},
};
use std::collections::BTreeSet;

/// The most authors that are taken of one row.
const AUTHORS_MAX: usize = 20;

/// What a column means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// By which the other tool knows the proposal.
    Key,
    /// Its title.
    Title,
    /// Its abstract.
    Abstract,
    /// Its length in minutes.
    Minutes,
    /// Names of its authors, separated by commas, semicolons or "and".
    Authors,
    /// Addresses of its authors, in the order of their names.
    Emails,
    /// The answer to a field of the call's form.
    Answer(FieldKey),
    /// Nothing that is taken.
    Ignored,
}

impl Column {
    /// What a column of that name means to a call with that form: by the names that exports use, and by the labels and names
    /// of the form's fields.
    pub fn of(name: &str, form: &Form) -> Self {
        let name = folded(name).replace(['_', '-'], " ");
        let name = name.trim();
        match name {
            "id" | "key" | "code" | "number" | "paper id" => Self::Key,
            "title" | "name" | "published title" | "subject" => Self::Title,
            "abstract" | "description" | "published description" | "content" | "text" => Self::Abstract,
            "minutes" | "length" | "duration" | "scheduled duration" => Self::Minutes,
            "author" | "authors" | "names" | "published names" | "speaker" | "speakers" | "speaker names" => {
                Self::Authors
            }
            "email" | "emails" | "e mail" | "author email" | "speaker emails" => Self::Emails,
            _ => form
                .fields
                .iter()
                .find(|field| {
                    folded(field.label.as_str()) == name || field.key.as_str().replace('_', " ") == name
                })
                .map_or(Self::Ignored, |field| Self::Answer(field.key.clone())),
        }
    }
}

/// One proposal of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// By which it is known again when the same table comes a second time.
    pub key: String,
    /// What it says.
    pub content: Content,
    /// Its authors: names, and addresses where they are known, by which they take part once they sign in.
    pub authors: Vec<(Line, Option<Email>)>,
}

/// The proposals of a table whose columns mean that, and the rows that are none: at their lines, why. A row without a title,
/// or with the key of one before it, is none; what a row has beside that and cannot be read is left out with a remark.
pub fn incoming(
    sheet: &Sheet,
    columns: &[Column],
    call: &Call,
    form: &Form,
) -> (Vec<Incoming>, Vec<(u64, Refusal)>) {
    let (mut out, mut wrong, mut keys) = (vec![], vec![], BTreeSet::new());
    for row in &sheet.rows {
        let cells = || row.cells.iter().map(|cell| cell.trim()).zip(columns);
        let of = |column: &Column| {
            cells().find(|(cell, of)| *of == column && !cell.is_empty()).map(|(cell, _)| cell)
        };
        let title = Line::clean(of(&Column::Title).unwrap_or_default());
        if title.is_empty() {
            let problem = "the row has no title";
            wrong.push((row.line, Refusal::new("title", problem, "Give it one, or remove the row")));
            continue;
        }
        let mut answers = Answers::new();
        for field in &form.fields {
            let typed: Vec<&str> = cells()
                .filter(|(_, column)| **column == Column::Answer(field.key.clone()))
                .map(|(cell, _)| cell)
                .collect();
            match Answer::read(field, &typed, Stage::Draft) {
                Ok(Some(answer)) => {
                    answers.insert(field.key.clone(), answer);
                }
                Ok(None) => {}
                Err(refusal) => wrong.push((row.line, refusal)),
            }
        }
        let authors =
            authors(cells().filter(|(_, column)| **column == Column::Authors).map(|(cell, _)| cell));
        let mut emails = vec![];
        for cell in cells().filter(|(_, column)| **column == Column::Emails).map(|(cell, _)| cell) {
            for text in cell.split([',', ';', ' ']).filter(|text| !text.is_empty()) {
                match Email::parse(text) {
                    Ok(email) => emails.push(email),
                    Err(refusal) => wrong.push((row.line, refusal)),
                }
            }
        }
        let mut emails = emails.into_iter();
        let mut authors: Vec<(Line, Option<Email>)> =
            authors.into_iter().map(|name| (name, emails.next())).collect();
        // An address without a name is somebody all the same.
        authors.extend(emails.map(|email| (Line::from("An author"), Some(email))));
        authors.truncate(AUTHORS_MAX);
        let content = Content {
            summary: RichText::clean(of(&Column::Abstract).unwrap_or_default()),
            minutes: of(&Column::Minutes).and_then(minutes).filter(|minutes| call.minutes.contains(minutes)),
            tracks: vec![],
            form: form.version,
            answers,
            title,
        };
        let key = of(&Column::Key).map_or_else(
            || {
                let names = authors.iter().map(|(name, _)| folded(name.as_str()));
                std::iter::once(folded(content.title.as_str())).chain(names).collect::<Vec<_>>().join(" / ")
            },
            str::to_owned,
        );
        if !keys.insert(key.clone()) {
            let problem = format!("another row is \"{key}\" too");
            wrong.push((row.line, Refusal::new("id", problem, "Give each its own id, or remove one")));
            continue;
        }
        out.push(Incoming { key, content, authors });
    }
    (out, wrong)
}

/// The names in some cells.
fn authors<'a>(cells: impl Iterator<Item = &'a str>) -> Vec<Line> {
    let names = cells.flat_map(|cell| cell.split([',', ';', '\n'])).flat_map(|part| part.split(" and "));
    names.map(Line::clean).filter(|name| !name.is_empty()).collect()
}

/// The minutes of a text such as `45`, `45 minutes` or `0:45`.
fn minutes(text: &str) -> Option<u16> {
    if let Some((hours, minutes)) = text.split_once(':') {
        return Some(
            hours.trim().parse::<u16>().ok()?.checked_mul(60)? + minutes.trim().parse::<u16>().ok()?,
        );
    }
    text.split(|c: char| !c.is_ascii_digit()).find(|part| !part.is_empty())?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{call::CallKind, id::CallId, registration::Row};
    use uuid::Uuid;

    fn sheet(columns: &[&str], rows: &[&[&str]]) -> Sheet {
        Sheet {
            name: "proposals.csv".to_owned(),
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            rows: (2..)
                .zip(rows)
                .map(|(line, cells)| Row {
                    line,
                    cells: cells.iter().map(|cell| (*cell).to_owned()).collect(),
                })
                .collect(),
        }
    }

    fn read(sheet: &Sheet) -> (Vec<Incoming>, Vec<(u64, Refusal)>) {
        let call = Call::usual(CallId(Uuid::from_u128(1)), CallKind::Presentations);
        let form = Form::usual(CallKind::Presentations);
        let columns: Vec<Column> = sheet.columns.iter().map(|name| Column::of(name, &form)).collect();
        incoming(sheet, &columns, &call, &form)
    }

    #[test]
    fn columns_are_known_by_what_exports_and_the_form_call_them() {
        let form = Form::usual(CallKind::Presentations);
        let of = |name| Column::of(name, &form);
        assert_eq!(
            (of("ID"), of("published_title"), of("Speakers")),
            (Column::Key, Column::Title, Column::Authors)
        );
        assert_eq!(of("Outcome sought"), Column::Answer(FieldKey::parse("outcome_sought").unwrap()));
        assert_eq!(of("outcome_sought"), of("Outcome sought"));
        assert_eq!(of("need_finance"), Column::Ignored);
    }

    #[test]
    fn a_row_becomes_a_proposal_with_its_authors_and_what_cannot_be_read_is_said_with_its_line() {
        let sheet = sheet(
            &["id", "title", "description", "duration", "names", "email", "How will you take part?"],
            &[
                &[
                    "7",
                    "Sleep",
                    "About it.",
                    "0:45",
                    "Ada Lovelace and Bea; Cy",
                    "ada@a.example, bea@b.example",
                    "Remote",
                ],
                &["8", " ", "Nothing", "", "", "", ""],
                &["", "Wake Up", "", "90", "", "nobody", "By post"],
                &["7", "Sleep again", "", "", "", "", ""],
            ],
        );
        let (read, wrong) = read(&sheet);
        assert_eq!(read.len(), 2);
        let names: Vec<(&str, bool)> =
            read[0].authors.iter().map(|(name, email)| (name.as_str(), email.is_some())).collect();
        assert_eq!(names, [("Ada Lovelace", true), ("Bea", true), ("Cy", false)]);
        assert_eq!((read[0].content.minutes, read[0].content.answers.len()), (Some(45), 1));
        assert_eq!(
            (read[1].key.as_str(), read[1].content.minutes),
            ("wake up", None),
            "90 is no length of the call"
        );
        let lines: Vec<(u64, &str)> =
            wrong.iter().map(|(line, refusal)| (*line, refusal.field.as_str())).collect();
        assert_eq!(lines, [(3, "title"), (4, "how_will_you_take_part"), (4, "email"), (5, "id")]);
    }
}
