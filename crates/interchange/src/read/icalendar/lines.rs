//! The lines of iCalendar: unfolding, names, parameters, values, and the components they make.
//!
//! Source: RFC 5545, sections 3.1 and 3.2, and RFC 6868. Own code, because what is wrong in a file has to be told
//! with its line, which no parser at hand keeps, and because frab writes parameters that break the grammar.

use crate::read::{MAX_DEPTH, ReadError};

/// A content line, unfolded.
#[derive(Clone, Debug, Default)]
pub(super) struct Property {
    /// Its name in capitals.
    pub name: String,
    /// Its parameters, names in capitals.
    pub parameters: Vec<(String, String)>,
    /// Its value as it stands.
    pub value: String,
}

impl Property {
    /// The value of a parameter.
    pub(super) fn parameter(&self, name: &str) -> &str {
        self.parameters.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
    }

    /// The value as TEXT.
    pub(super) fn text(&self) -> String {
        unescape(&self.value)
    }

    /// The value as a list of TEXT.
    pub(super) fn texts(&self) -> Vec<String> {
        let mut out = vec![String::new()];
        let mut escaped = false;
        for c in self.value.chars() {
            if c == ',' && !escaped {
                out.push(String::new());
            } else if let Some(last) = out.last_mut() {
                last.push(c);
            }
            escaped = c == '\\' && !escaped;
        }
        out.iter().map(|text| unescape(text)).collect()
    }
}

/// A component: `BEGIN:NAME` to `END:NAME`.
#[derive(Clone, Debug, Default)]
pub(super) struct Component {
    /// Where it begins.
    pub line: usize,
    /// Its name in capitals.
    pub name: String,
    /// Its lines.
    pub properties: Vec<Property>,
    /// The components in it.
    pub parts: Vec<Component>,
}

impl Component {
    /// Its first line of that name.
    pub(super) fn get(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name == name)
    }

    /// All its lines of that name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Property> {
        self.properties.iter().filter(move |property| property.name == name)
    }

    /// The TEXT of the first line of that name; empty where there is none.
    pub(super) fn text(&self, name: &str) -> String {
        self.get(name).map(Property::text).unwrap_or_default()
    }
}

/// What was wrong with a line, where, and what was done.
pub(super) type Complaint = (usize, String, &'static str);

/// Parses the calendars of a file, and tells what was wrong with its lines.
///
/// # Errors
/// When the file ends inside a component, when components do not nest, or nest deeper than [`MAX_DEPTH`].
pub(super) fn parse(file: &str, text: &str) -> Result<(Vec<Component>, Vec<Complaint>), ReadError> {
    let mut complaints = vec![];
    let mut done = vec![];
    let mut open: Vec<Component> = vec![];
    let mut events = 0;
    let mut last_line = 1;
    for (line, content) in unfolded(text) {
        last_line = line;
        let Some(property) = property(&content) else {
            let shown = model::text::excerpt(&content, 40);
            complaints.push((line, format!("\"{shown}\" is no line of a calendar"), "It was skipped"));
            continue;
        };
        let word = property.value.trim().to_ascii_uppercase();
        match (property.name.as_str(), open.last_mut()) {
            ("BEGIN", _) => {
                if open.len() == MAX_DEPTH {
                    return Err(ReadError::too_large(
                        file,
                        format!("line {line}"),
                        format!("{MAX_DEPTH} components inside one another"),
                    ));
                }
                open.push(Component { line, name: word, ..Component::default() });
            }
            ("END", Some(top)) if top.name == word => {
                events += usize::from(word == "VEVENT");
                if let Some(component) = open.pop() {
                    match open.last_mut() {
                        Some(parent) => parent.parts.push(component),
                        None => done.push(component),
                    }
                }
            }
            ("END", top) => {
                let inside = top
                    .map_or_else(|| "nothing".to_owned(), |top| format!("{} of line {}", top.name, top.line));
                let problem = format!("END:{} stands inside {inside}", model::text::excerpt(&word, 40));
                return Err(ReadError::malformed(
                    file,
                    format!("line {line}"),
                    problem,
                    "Export the calendar again",
                ));
            }
            (_, Some(top)) => top.properties.push(property),
            (_, None) => {
                complaints.push((
                    line,
                    "this line stands outside of a calendar".to_owned(),
                    "It was skipped",
                ));
            }
        }
    }
    if !open.is_empty() {
        return Err(ReadError::Truncated {
            file: file.to_owned(),
            place: format!("line {last_line}"),
            events,
        });
    }
    Ok((done, complaints))
}

/// The content lines of `text` with the number of the line on which each begins.
fn unfolded(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut lines =
        (1..).zip(text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line))).peekable();
    std::iter::from_fn(move || {
        loop {
            let (number, first) = lines.next()?;
            let mut content = first.to_owned();
            while let Some((_, more)) = lines.next_if(|(_, line)| line.starts_with([' ', '\t'])) {
                content.push_str(&more[1..]);
            }
            if !content.trim().is_empty() {
                return Some((number, content));
            }
        }
    })
}

/// One content line: `NAME;PARAMETER=value;PARAMETER="a:b":value`.
fn property(content: &str) -> Option<Property> {
    let mut quoted = false;
    let colon = content.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        *c == ':' && !quoted
    });
    // A quotation mark that is never closed ends nowhere: the first colon then.
    let at = colon.map(|(at, _)| at).or_else(|| content.find(':'))?;
    let (head, value) = (&content[..at], &content[at + 1..]);
    let mut parts = split_unquoted(head, ';');
    let name = parts.next()?.trim().to_ascii_uppercase();
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return None;
    }
    let parameters = parts
        .map(|part| {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            (key.trim().to_ascii_uppercase(), caret(value.trim().trim_matches('"')))
        })
        .collect();
    Some(Property { name, parameters, value: value.to_owned() })
}

/// `text` between `separator`s that stand outside of quotation marks.
fn split_unquoted(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
}

/// TEXT without its escapes (RFC 5545, section 3.3.11).
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 'N') => out.push('\n'),
                Some(escaped) => out.push(escaped),
                None => out.push('\\'),
            },
            c => out.push(c),
        }
    }
    out
}

/// A parameter's value without its escapes (RFC 6868).
fn caret(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let escaped = match (c, chars.peek()) {
            ('^', Some('n')) => Some('\n'),
            ('^', Some('^')) => Some('^'),
            ('^', Some('\'')) => Some('"'),
            _ => None,
        };
        if escaped.is_some() {
            chars.next();
        }
        out.push(escaped.unwrap_or(c));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_unfolded_and_keep_the_number_of_their_first_line() {
        let text = "BEGIN:VCALENDAR\r\nX;A=1;B=\"c:d;e\":f\\, g\r\n  h\r\n\ti\r\nBEGIN:VEVENT\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        let (calendars, complaints) = parse("x", text).unwrap();
        let property = &calendars[0].properties[0];
        assert_eq!((calendars[0].parts[0].line, property.value.as_str()), (5, "f\\, g hi"));
        assert_eq!((property.parameter("A"), property.parameter("B")), ("1", "c:d;e"));
        assert_eq!(property.text(), "f, g hi");
        assert!(complaints.is_empty());
    }

    #[test]
    fn lists_split_at_commas_that_are_not_escaped() {
        let property = Property { value: "a\\, b,c\\\\,d".into(), ..Property::default() };
        assert_eq!(property.texts(), ["a, b", "c\\", "d"]);
    }

    #[test]
    fn what_does_not_nest_or_end_is_an_error_with_its_line() {
        let error = parse("x.ics", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR\n").unwrap_err().to_string();
        assert!(error.starts_with("x.ics, line 3: END:VCALENDAR stands inside VEVENT of line 2"), "{error}");
        let error = parse("x.ics", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VEVENT\nBEGIN:VEV").unwrap_err();
        assert!(matches!(&error, ReadError::Truncated { events: 1, .. }), "{error}");
        assert!(parse("x", &"BEGIN:V\n".repeat(65)).unwrap_err().to_string().contains("64 components"));
    }
}
