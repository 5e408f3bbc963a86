//! Text that people and files give: cleaned once, where it enters.
//!
//! [`Line`] is one line (a title, a name). [`RichText`] is a body of text in Markdown or HTML. [`Slug`] and
//! [`WebUrl`] are what may stand in an address. None of them can hold a control character that a terminal, a
//! browser, XML or iCalendar would choke on, or a bidirectional override that disguises what is shown.

use crate::Refusal;
use serde::{Deserialize, Serialize};
use std::fmt;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The longest line kept, in characters; what is longer is cut.
pub const LINE_MAX: usize = 1_000;
/// The longest body of text kept, in characters; what is longer is cut.
pub const TEXT_MAX: usize = 200_000;

/// Whether a character may be kept. Refused: control characters other than tab and line feed, bidirectional
/// embeddings, overrides and isolates (Unicode Standard Annex 9), surrogates' stand-ins that XML 1.0 forbids.
fn keeps(c: char) -> bool {
    match c {
        '\t' | '\n' => true,
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}' => false,
        c => !c.is_control(),
    }
}

/// The first `max` characters of `text` on one line, with an ellipsis where something was cut: for messages.
pub fn excerpt(text: &str, max: usize) -> String {
    let mut out: String =
        text.chars().filter(|c| keeps(*c)).map(|c| if c == '\n' { ' ' } else { c }).take(max).collect();
    if text.chars().nth(max).is_some() {
        out.push('…');
    }
    out
}

/// The letters of `text` without accents and in lower case: what search and slugs compare.
pub fn folded(text: &str) -> String {
    text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

/// One line of text: no control characters, single spaces, trimmed, at most [`LINE_MAX`] characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Line(String);

impl Line {
    /// Cleans `text` into a line. Never fails: what a line cannot hold is dropped.
    pub fn clean(text: &str) -> Self {
        let mut out = String::with_capacity(text.len().min(LINE_MAX));
        let mut kept = 0;
        for word in text.split(|c: char| c.is_whitespace() || c == '\u{0}') {
            let mut letters = word.chars().filter(|c| keeps(*c)).peekable();
            if letters.peek().is_none() || kept >= LINE_MAX {
                continue;
            }
            if !out.is_empty() {
                out.push(' ');
                kept += 1;
            }
            for c in letters.take(LINE_MAX - kept.min(LINE_MAX)) {
                out.push(c);
                kept += 1;
            }
        }
        out.truncate(out.trim_end().len());
        Self(out)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text, or `None` when there is none.
    pub fn non_empty(&self) -> Option<&str> {
        (!self.0.is_empty()).then_some(self.0.as_str())
    }
}

impl From<&str> for Line {
    fn from(text: &str) -> Self {
        Self::clean(text)
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::clean(&String::deserialize(deserializer)?))
    }
}

/// How a [`RichText`] is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Markup {
    /// CommonMark, possibly with HTML in it; plain text is a case of it.
    Markdown,
    /// HTML.
    Html,
}

/// A body of text as its author wrote it, in Markdown or HTML. Kept as source; drawn and sanitised only where
/// it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct RichText(String);

impl RichText {
    /// Cleans `text`: line ends become line feeds, forbidden characters go, outer white space goes, at most
    /// [`TEXT_MAX`] characters stay.
    pub fn clean(text: &str) -> Self {
        let mut out = String::with_capacity(text.len());
        let mut chars = text.trim().chars().peekable();
        let mut kept = 0;
        while let Some(c) = chars.next() {
            let c = match c {
                '\r' => {
                    if chars.peek() == Some(&'\n') {
                        chars.next();
                    }
                    '\n'
                }
                '\u{2028}' | '\u{2029}' | '\u{0B}' | '\u{0C}' => '\n',
                c => c,
            };
            if keeps(c) {
                out.push(c);
                kept += 1;
                if kept == TEXT_MAX {
                    break;
                }
            }
        }
        out.truncate(out.trim_end().len());
        let leading = out.len() - out.trim_start().len();
        out.drain(..leading);
        Self(out)
    }

    /// The source text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How the text is written: HTML when it begins with a tag, otherwise Markdown. Derived, never stored, so
    /// that a text that goes out to a file and comes back is read the same way.
    pub fn markup(&self) -> Markup {
        let mut rest = self.0.chars();
        let html = rest.next() == Some('<')
            && rest.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '!')
            // `<https://example.org>` is a Markdown link, not a tag.
            && !self.0[1..].split('>').next().is_some_and(|tag| tag.contains("://") || tag.contains('@'));
        if html { Markup::Html } else { Markup::Markdown }
    }
}

impl From<&str> for RichText {
    fn from(text: &str) -> Self {
        Self::clean(text)
    }
}

impl fmt::Display for RichText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RichText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::clean(&String::deserialize(deserializer)?))
    }
}

/// A name in an address: lower-case ASCII letters, digits and single hyphens, 1 to 80 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Slug(String);

impl Slug {
    /// Accepts a slug as typed.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let made = Self::from_text(text);
        match made {
            Some(slug) if slug.0 == text => Ok(slug),
            other => Err(Refusal::new(
                "slug",
                format!("\"{}\" cannot stand in an address", excerpt(text, 60)),
                match other {
                    Some(slug) => format!("Use lower-case letters, digits and hyphens, such as \"{slug}\""),
                    None => "Use lower-case letters, digits and hyphens".to_owned(),
                },
            )),
        }
    }

    /// Makes a slug from any text: accents go, other characters become hyphens. `None` when nothing remains,
    /// as for a title written only in a script that does not decompose into ASCII.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut out = String::new();
        for c in folded(text).chars() {
            if c.is_ascii_alphanumeric() {
                out.push(c);
            } else if c == 'ß' {
                out.push_str("ss");
            } else if c != '\'' && c != '’' && !out.is_empty() && !out.ends_with('-') {
                out.push('-');
            }
            if out.len() >= 80 {
                break;
            }
        }
        let trimmed = out.trim_end_matches('-');
        (!trimmed.is_empty()).then(|| Self(trimmed.to_owned()))
    }

    /// A slug from the first of `texts` that gives one, else `fallback` and a number derived from `salt`.
    pub fn from_any(texts: &[&str], fallback: &str, salt: uuid::Uuid) -> Self {
        texts.iter().find_map(|text| Self::from_text(text)).unwrap_or_else(|| {
            let number = (salt.as_u128() & 0xff_ffff) as u32;
            Self(format!("{fallback}-{number:06x}"))
        })
    }

    /// This slug with `-number` behind it, for the second thing of the same name.
    pub fn numbered(&self, number: usize) -> Self {
        let tail = format!("-{number}");
        let keep = self.0.len().min(80 - tail.len());
        Self(format!("{}{tail}", self.0[..keep].trim_end_matches('-')))
    }

    /// This one, or the first of its numbered forms that is not `taken`.
    pub fn free_among<'a>(&self, taken: impl Iterator<Item = &'a Self>) -> Self {
        let taken: std::collections::HashSet<&Self> = taken.collect();
        if !taken.contains(self) {
            return self.clone();
        }
        // One more number than there are names that could be taken.
        (2..taken.len() + 3)
            .map(|number| self.numbered(number))
            .find(|slug| !taken.contains(slug))
            .unwrap_or_else(|| self.clone())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Slug {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// An address that a page may link to: absolute `http`, `https` or `mailto`, without white space, quotes or
/// angle brackets. Anything else (`javascript:`, `data:`, relative paths) has no value of this type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct WebUrl(String);

impl WebUrl {
    /// Accepts `text` as an address; `//host/path` gets `https:`, spaces are percent-encoded.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let refuse = |problem: &str| {
            Err(Refusal::new(
                "address",
                format!("\"{}\" {problem}", excerpt(text, 80)),
                "Give a full address that begins with https://",
            ))
        };
        let trimmed = text.trim();
        let full = if trimmed.starts_with("//") { format!("https:{trimmed}") } else { trimmed.to_owned() };
        let Some((scheme, rest)) = full.split_once(':') else {
            return refuse("is not a full address");
        };
        let scheme = scheme.to_ascii_lowercase();
        match scheme.as_str() {
            "http" | "https" => match rest.strip_prefix("//") {
                Some(host) if host.chars().next().is_some_and(|c| c.is_alphanumeric() || c == '[') => {}
                _ => return refuse("has no host"),
            },
            "mailto" if rest.contains('@') => {}
            _ => return refuse("is not a web address"),
        }
        if full.len() > 2_000 {
            return refuse("is longer than 2,000 bytes");
        }
        let mut out = format!("{scheme}:");
        for c in rest.chars() {
            match c {
                ' ' => out.push_str("%20"),
                '"' => out.push_str("%22"),
                '<' => out.push_str("%3C"),
                '>' => out.push_str("%3E"),
                '\\' => out.push_str("%5C"),
                '^' => out.push_str("%5E"),
                '`' => out.push_str("%60"),
                '{' => out.push_str("%7B"),
                '|' => out.push_str("%7C"),
                '}' => out.push_str("%7D"),
                c if c.is_control() || c.is_whitespace() || !keeps(c) => {
                    return refuse("holds a character that no address may hold");
                }
                c => out.push(c),
            }
        }
        Ok(Self(out))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for WebUrl {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// A colour as `#rrggbb`, lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Colour {
    /// Red, green, blue, 0 to 255 each.
    pub rgb: [u8; 3],
}

impl Colour {
    /// Accepts `#rrggbb`, `rrggbb` or `#rgb`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let hex = text.trim().trim_start_matches('#');
        let wide: String = match hex.len() {
            3 if hex.is_ascii() => hex.chars().flat_map(|c| [c, c]).collect(),
            _ => hex.to_owned(),
        };
        match (wide.len(), u32::from_str_radix(&wide, 16)) {
            (6, Ok(n)) if wide.bytes().all(|b| b.is_ascii_hexdigit()) => {
                Ok(Self { rgb: [(n >> 16) as u8, (n >> 8) as u8, n as u8] })
            }
            _ => Err(Refusal::new(
                "colour",
                format!("\"{}\" is not a colour", excerpt(text, 30)),
                "Write it as #rrggbb, such as #1f6feb",
            )),
        }
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [r, g, b] = self.rgb;
        write!(f, "#{r:02x}{g:02x}{b:02x}")
    }
}

impl Serialize for Colour {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Colour {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_is_one_clean_line() {
        assert_eq!(Line::clean("  a\t\nb\u{0}c \u{202E}evil ").as_str(), "a b c evil");
        assert_eq!(Line::clean(&"x".repeat(5_000)).as_str().len(), LINE_MAX);
    }

    #[test]
    fn text_that_begins_with_a_tag_is_html_and_an_autolink_is_not() {
        assert_eq!(RichText::clean("<p>Hi</p>").markup(), Markup::Html);
        assert_eq!(RichText::clean("<https://example.org> is").markup(), Markup::Markdown);
        assert_eq!(RichText::clean("1 < 2").markup(), Markup::Markdown);
    }

    #[test]
    fn slugs_come_from_any_language_and_never_break_an_address() {
        assert_eq!(Slug::from_text("Größe: Überblick!").unwrap().as_str(), "grosse-uberblick");
        assert_eq!(Slug::from_text("日本"), None);
        assert!(Slug::parse("A b").is_err());
        assert_eq!(Slug::parse("a-b").unwrap().numbered(2).as_str(), "a-b-2");
    }

    #[test]
    fn only_web_addresses_can_be_linked() {
        assert!(WebUrl::parse("javascript:alert(1)").is_err());
        assert!(WebUrl::parse("/system/logo.png").is_err());
        assert_eq!(WebUrl::parse("//example.org/a b").unwrap().as_str(), "https://example.org/a%20b");
        assert_eq!(WebUrl::parse("HTTPS://example.org/").unwrap().as_str(), "https://example.org/");
    }

    #[test]
    fn a_colour_is_read_in_its_usual_spellings() {
        assert_eq!(Colour::parse("#F90").unwrap().to_string(), "#ff9900");
        assert!(Colour::parse("red").is_err());
    }

    proptest! {
        #[test]
        fn cleaning_twice_is_cleaning_once(text in ".*") {
            let line = Line::clean(&text);
            prop_assert_eq!(&Line::clean(line.as_str()), &line);
            let body = RichText::clean(&text);
            prop_assert_eq!(&RichText::clean(body.as_str()), &body);
            if let Some(slug) = Slug::from_text(&text) {
                prop_assert_eq!(Slug::parse(slug.as_str()).unwrap(), slug);
            }
            if let Ok(url) = WebUrl::parse(&text) {
                prop_assert_eq!(WebUrl::parse(url.as_str()).unwrap(), url);
            }
        }
    }
}
