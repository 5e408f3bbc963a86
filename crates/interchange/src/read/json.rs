//! JSON as exports write it: parsed within limits, and read field by field with the place of what is wrong.
//!
//! A [`Node`] is a value and its place, such as `schedule.conference.days[2].rooms["Saal 1"][4]`. Numbers are
//! taken for text and text for numbers, because exporters disagree; what fits neither is noted and left out.

use super::{
    Format, Imported, MAX_DEPTH, Note, Options, ReadError,
    decode::Source,
    draft::{Draft, Notes},
};
use model::text::excerpt;
use serde_json::{Map, Value};
use std::cell::RefCell;

/// The most values in one file. A value takes up to a hundred bytes of memory, so this bounds what a file of
/// nothing but brackets and commas can cost; the largest real schedule has a hundredth of it.
const VALUES_MAX: usize = 4_000_000;
/// What to do about a field of the wrong type.
const LEFT_OUT: &str = "It was left out; correct it in the tool that made the file";

/// A file that was parsed.
#[derive(Debug)]
pub(super) struct JsonFile {
    /// Its name, for messages.
    pub name: String,
    /// Its content.
    pub value: Value,
    /// What was wrong with it as a text.
    pub notes: Vec<Note>,
}

impl JsonFile {
    /// Parses `source`. A comment before the first bracket is skipped, with a note.
    pub(super) fn parse(source: &Source) -> Result<Self, ReadError> {
        let name = &source.name;
        let (text, skipped_lines, commented) = skip_comments(&source.text);
        check_size(name, text, skipped_lines)?;
        let value = serde_json::from_str(text).map_err(|error| {
            let place = format!("line {}, column {}", error.line() + skipped_lines, error.column());
            if error.is_eof() {
                let problem = "the file ends in the middle of the JSON";
                return ReadError::malformed(
                    name,
                    place,
                    problem,
                    "Fetch it again, and look at how the old end differs",
                );
            }
            let text = error.to_string();
            let problem = text.split(" at line ").next().unwrap_or(&text);
            let problem = format!("this is not JSON: {}", excerpt(problem, 120));
            ReadError::malformed(name, place, problem, "Export the file again, or correct it there")
        })?;
        let mut notes = source.notes.clone();
        if commented {
            notes.push(Note {
                file: name.clone(),
                place: "line 1".to_owned(),
                problem: "there is a comment before the JSON".to_owned(),
                remedy: "It was skipped; JSON has no comments".to_owned(),
            });
        }
        Ok(Self { name: name.clone(), value, notes })
    }

    /// Makes a programme of this file alone: `fill` takes what the root holds into the draft.
    pub(super) fn draft(
        &self,
        format: Format,
        options: &Options,
        fill: impl FnOnce(&Node<'_>, &mut Draft) -> Result<(), ReadError>,
    ) -> Result<Imported, ReadError> {
        draft_of(&[self], format, options, |roots, draft| match roots {
            [root] => fill(root, draft),
            _ => Ok(()),
        })
    }
}

/// Makes a programme of the parts of one export: `fill` gets the roots in the order of `files`.
pub(super) fn draft_of(
    files: &[&JsonFile],
    format: Format,
    options: &Options,
    fill: impl FnOnce(&[Node<'_>], &mut Draft) -> Result<(), ReadError>,
) -> Result<Imported, ReadError> {
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    let name = common_name(&names);
    let mut draft = Draft::new(&name, format, options);
    let log = Log::new(&name);
    // Several files: a place begins with the file it is in.
    let place =
        |file: &JsonFile| if files.len() > 1 { base_name(&file.name).to_owned() } else { String::new() };
    let roots: Vec<Node<'_>> =
        files.iter().map(|file| Node { value: &file.value, place: place(file), log: &log }).collect();
    fill(&roots, &mut draft)?;
    draft.says_only_what_it_has();
    for file in files {
        draft.take_notes(&file.notes);
    }
    draft.take_notes(&log.into_list());
    Ok(draft.finish())
}

/// What messages call the files of one export: the archive or folder that they lie in, else all their names.
pub(super) fn common_name(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [name] => (*name).to_owned(),
        [first, ..] => match first.rfind(['/', '\\', '!']) {
            Some(at) if first[..at].contains('!') || first[at..].starts_with('!') => {
                first.split('!').next().unwrap_or(first).to_owned()
            }
            _ => names.join(" + "),
        },
    }
}

fn base_name(name: &str) -> &str {
    name.rsplit(['/', '\\', '!']).next().unwrap_or(name)
}

/// Where what is wrong with a file is collected while it is read.
#[derive(Debug)]
pub(super) struct Log(RefCell<Notes>);

impl Log {
    /// Nothing is wrong with `file` yet.
    pub(super) fn new(file: &str) -> Self {
        Self(RefCell::new(Notes::new(file)))
    }

    /// Adds a note.
    pub(super) fn note(&self, place: impl Into<String>, problem: impl Into<String>, remedy: &str) {
        self.0.borrow_mut().add(place, problem, remedy);
    }

    /// The notes.
    pub(super) fn into_list(self) -> Vec<Note> {
        self.0.into_inner().into_list()
    }
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    /// The value.
    pub value: &'a Value,
    /// Its place; empty for the root.
    pub place: String,
    /// Where to tell what is wrong.
    pub log: &'a Log,
}

impl<'a> Node<'a> {
    /// The root of a file.
    pub(super) fn root(value: &'a Value, log: &'a Log) -> Self {
        Self { value, place: String::new(), log }
    }

    /// Its fields; none where it is no object.
    fn fields(&self) -> Option<&'a Map<String, Value>> {
        self.value.as_object()
    }

    fn at(&self, field: &str) -> String {
        let simple = !field.is_empty()
            && field.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'$'));
        match (simple, self.place.is_empty()) {
            (true, true) => field.to_owned(),
            (true, false) => format!("{}.{field}", self.place),
            (false, _) => format!("{}[\"{}\"]", self.place, excerpt(field, 60)),
        }
    }

    /// Whether it has a value under `field` that is not null.
    pub(super) fn has(&self, field: &str) -> bool {
        self.fields().and_then(|fields| fields.get(field)).is_some_and(|value| !value.is_null())
    }

    /// The value under `field`; `None` where it is missing or null.
    pub(super) fn get(&self, field: &str) -> Option<Node<'a>> {
        let value = self.fields()?.get(field).filter(|value| !value.is_null())?;
        Some(Node { value, place: self.at(field), log: self.log })
    }

    /// The object under `field`; something else is noted.
    pub(super) fn object(&self, field: &str) -> Option<Node<'a>> {
        let node = self.get(field)?;
        if !node.value.is_object() {
            node.wrong("an object");
            return None;
        }
        Some(node)
    }

    /// The text or number under `field`, as text; empty where there is none.
    pub(super) fn text(&self, field: &str) -> String {
        self.get(field).map_or_else(String::new, |node| node.as_text())
    }

    /// The first text among `fields` that is not empty.
    pub(super) fn first_text(&self, fields: &[&str]) -> String {
        fields.iter().map(|field| self.text(field)).find(|text| !text.trim().is_empty()).unwrap_or_default()
    }

    /// The text of this value; something else than text or a number is noted.
    pub(super) fn as_text(&self) -> String {
        match self.value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Null => String::new(),
            _ => {
                self.wrong("text");
                String::new()
            }
        }
    }

    /// The text under `field`, where it may also be an object of one text per language: that of the first of
    /// `languages` that it has, else English, else the first that is not empty.
    pub(super) fn localised(&self, field: &str, languages: &[&str]) -> String {
        let Some(node) = self.get(field) else { return String::new() };
        if !node.value.is_object() {
            return node.as_text();
        }
        let preferred = languages.iter().copied().chain(["en"]).map(|language| node.text(language));
        preferred
            .chain(node.entries().into_iter().map(|(_, entry)| entry.as_text()))
            .find(|text| !text.trim().is_empty())
            .unwrap_or_default()
    }

    /// The whole number under `field`, also where it stands as text.
    pub(super) fn int(&self, field: &str) -> Option<i64> {
        let node = self.get(field)?;
        let number = match node.value {
            // A fraction of a minute is no part of any programme.
            Value::Number(number) => number
                .as_i64()
                .or_else(|| number.as_f64().filter(|f| f.abs() < 1e15).map(|f| f.round() as i64)),
            Value::String(text) if text.trim().is_empty() => return None,
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        if number.is_none() {
            node.wrong("a whole number");
        }
        number
    }

    /// Whether `field` says yes: `true`, `"true"`, `1`.
    pub(super) fn flag(&self, field: &str) -> bool {
        let Some(node) = self.get(field) else { return false };
        match node.value {
            Value::Bool(flag) => *flag,
            Value::Number(number) => number.as_f64() != Some(0.0),
            Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" => true,
                "false" | "no" | "0" | "" => false,
                _ => {
                    node.wrong("true or false");
                    false
                }
            },
            _ => {
                node.wrong("true or false");
                false
            }
        }
    }

    /// The list under `field`; none where it is missing.
    pub(super) fn list(&self, field: &str) -> Vec<Node<'a>> {
        self.get(field).map_or_else(Vec::new, |node| node.as_list())
    }

    /// The items of this list; something else is noted.
    pub(super) fn as_list(&self) -> Vec<Node<'a>> {
        let Value::Array(items) = self.value else {
            self.wrong("a list");
            return vec![];
        };
        items
            .iter()
            .enumerate()
            .map(|(at, value)| Node { value, place: format!("{}[{at}]", self.place), log: self.log })
            .collect()
    }

    /// The items of the list under `field` that are objects; others are noted.
    pub(super) fn objects(&self, field: &str) -> Vec<Node<'a>> {
        only_objects(self.list(field))
    }

    /// The items of this list that are objects; others are noted.
    pub(super) fn as_objects(&self) -> Vec<Node<'a>> {
        only_objects(self.as_list())
    }

    /// The entries of this object in the order of the file; something else is noted.
    pub(super) fn entries(&self) -> Vec<(&'a str, Node<'a>)> {
        match self.value {
            Value::Object(fields) => fields
                .iter()
                .map(|(key, value)| (key.as_str(), Node { value, place: self.at(key), log: self.log }))
                .collect(),
            // PHP and some others write an empty object as an empty list.
            Value::Array(items) if items.is_empty() => vec![],
            _ => {
                self.wrong("an object");
                vec![]
            }
        }
    }

    /// Notes that this value is not `expected`.
    fn wrong(&self, expected: &str) {
        let found = match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "text",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        self.log.note(&self.place, format!("{expected} was expected, there is {found}"), LEFT_OUT);
    }
}

fn only_objects(mut nodes: Vec<Node<'_>>) -> Vec<Node<'_>> {
    nodes.retain(|node| {
        if !node.value.is_object() {
            node.wrong("an object");
        }
        node.value.is_object()
    });
    nodes
}

/// `text` from its first bracket on where nothing but white space and comments stand before it; how many lines
/// were skipped; whether there was a comment.
fn skip_comments(text: &str) -> (&str, usize, bool) {
    let mut rest = text.trim_start();
    let mut commented = false;
    loop {
        let after = if let Some(comment) = rest.strip_prefix("/*") {
            comment.split_once("*/").map(|(_, after)| after)
        } else if let Some(comment) = rest.strip_prefix("//") {
            comment.split_once('\n').map(|(_, after)| after)
        } else {
            None
        };
        match after {
            Some(after) => {
                rest = after.trim_start();
                commented = true;
            }
            None => break,
        }
    }
    let skipped = &text[..text.len() - rest.len()];
    (rest, skipped.matches('\n').count(), commented)
}

/// Refuses what would cost too much to parse: more than [`VALUES_MAX`] values or [`MAX_DEPTH`] levels.
fn check_size(name: &str, text: &str, skipped_lines: usize) -> Result<(), ReadError> {
    let (mut depth, mut values, mut lines) = (0_usize, 1_usize, skipped_lines + 1);
    let (mut in_text, mut escaped) = (false, false);
    for byte in text.bytes() {
        if byte == b'\n' {
            lines += 1;
        }
        if in_text {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_text = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b',' => values += 1,
            b'[' | b'{' => {
                values += 1;
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(ReadError::too_large(
                        name,
                        format!("line {lines}"),
                        format!("{MAX_DEPTH} levels of brackets"),
                    ));
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if values > VALUES_MAX {
            return Err(ReadError::too_large(name, format!("line {lines}"), "4,000,000 values"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn source(text: &str) -> Source {
        Source { name: "x.json".into(), text: text.into(), notes: vec![] }
    }

    #[test]
    fn a_syntax_error_says_line_column_and_remedy() {
        let error = JsonFile::parse(&source("{\n \"a\": nope}")).unwrap_err().to_string();
        assert!(error.starts_with("x.json, line 2, column 8: this is not JSON"), "{error}");
        let error = JsonFile::parse(&source("{\n \"a\": [1,")).unwrap_err().to_string();
        assert!(error.contains("ends in the middle") && error.contains("Fetch it again"), "{error}");
    }

    #[test]
    fn a_comment_before_the_json_is_skipped_and_noted() {
        let file = JsonFile::parse(&source("/* from\n docs */\n// more\n{\"a\": 1}")).unwrap();
        assert_eq!(file.value, json!({"a": 1}));
        assert_eq!(file.notes.len(), 1);
        let error = JsonFile::parse(&source("/* a\n*/\n{\"a\" 1}")).unwrap_err().to_string();
        assert!(error.contains("line 3"), "{error}");
    }

    #[test]
    fn brackets_without_end_are_refused_before_they_are_parsed() {
        let error = JsonFile::parse(&source(&"[".repeat(100_000))).unwrap_err().to_string();
        assert!(error.contains("64 levels"), "{error}");
        let error =
            JsonFile::parse(&source(&format!("[{}0]", "0,".repeat(VALUES_MAX)))).unwrap_err().to_string();
        assert!(error.contains("4,000,000 values"), "{error}");
        assert!(JsonFile::parse(&source(&format!("\"{}\"", "[".repeat(1_000)))).is_ok());
    }

    #[test]
    fn numbers_and_texts_are_taken_for_one_another_and_the_rest_is_noted_with_its_place() {
        let value =
            json!({"a b": [{"n": "12", "t": 7, "l": {"de": "eins", "fr": "un"}, "x": [], "f": "yes"}]});
        let log = Log::new("x.json");
        let root = Node::root(&value, &log);
        let node = root.list("a b").remove(0);
        assert_eq!((node.int("n"), node.text("t").as_str()), (Some(12), "7"));
        assert_eq!(node.localised("l", &["fr"]), "un");
        assert_eq!(node.localised("l", &[]), "eins");
        assert!(node.flag("f"));
        assert_eq!(node.text("x"), "");
        let notes = log.into_list();
        assert_eq!(notes.len(), 1);
        assert_eq!(notes[0].place, "[\"a b\"][0].x");
    }
}
