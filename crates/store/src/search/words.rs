//! The words of a text and of a query, the same for both databases.
//!
//! A word is a run of letters and digits, folded ([`model::text::folded`]) and cut to 64 characters. Since
//! nothing else reaches a database, no query can be a syntax error and none can mean more than its words.

use model::text::folded;
use std::{collections::BTreeMap, fmt::Write};

/// The longest word, in characters.
const WORD_MAX: usize = 64;

/// The most words of a query that count.
const QUERY_MAX: usize = 12;

/// The most bytes of a session's words that are indexed; PostgreSQL takes no `tsvector` of more than a megabyte.
const DOCUMENT_MAX: usize = 300_000;

/// What is indexed of one session.
pub(super) struct Document {
    pub(super) title: Vec<String>,
    pub(super) people: Vec<String>,
    pub(super) body: Vec<String>,
}

impl Document {
    /// From plain text in `title` and `people` and Markdown or HTML in `body`.
    pub(super) fn of(title: &str, people: &[&str], body: &[&str]) -> Self {
        let mut left = DOCUMENT_MAX;
        let mut fitting = |texts: &[&str]| -> Vec<String> {
            let words = texts.iter().flat_map(|text| words(&without_tags(text)));
            words
                .take_while(|word| {
                    left.checked_sub(word.len() + 1).is_some_and(|rest| {
                        left = rest;
                        true
                    })
                })
                .collect()
        };
        Self { title: fitting(&[title]), people: fitting(people), body: fitting(body) }
    }

    /// PostgreSQL's text form (section 8.11.1 of its manual): each word with its positions and their weights.
    pub(super) fn tsvector(&self) -> String {
        let mut places: BTreeMap<&str, Vec<(usize, &str)>> = BTreeMap::new();
        let weighted = [(&self.title, "A"), (&self.people, "B"), (&self.body, "")];
        let all = weighted.iter().flat_map(|(words, weight)| words.iter().map(move |word| (word, *weight)));
        for (position, (word, weight)) in (1..).zip(all) {
            places.entry(word).or_default().push((position, weight));
        }
        let mut out = String::new();
        for (word, places) in places {
            write!(out, "'{word}'").ok();
            // More positions than 255 are not kept, and none above 16,383.
            for (at, (position, weight)) in places.iter().take(200).enumerate() {
                write!(out, "{}{}{weight}", if at == 0 { ':' } else { ',' }, position.min(&16_000)).ok();
            }
            out.push(' ');
        }
        out
    }
}

/// The words that a visitor looks for; at least one.
pub(super) struct Query(Vec<String>);

impl Query {
    /// `None` when there is no letter and no digit.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text: String = text.chars().take(1_000).collect();
        let words: Vec<String> = words(&text).take(QUERY_MAX).collect();
        (!words.is_empty()).then_some(Self(words))
    }

    /// FTS5's syntax (sqlite.org/fts5.html, section 3): all words, the last one as a prefix.
    pub(super) fn fts5(&self) -> String {
        let quoted: Vec<String> = self.0.iter().map(|word| format!("\"{word}\"")).collect();
        format!("{{title people body}} : ({} *)", quoted.join(" AND "))
    }

    /// PostgreSQL's text form of the same.
    pub(super) fn tsquery(&self) -> String {
        let quoted: Vec<String> = self.0.iter().map(|word| format!("'{word}'")).collect();
        format!("{}:*", quoted.join(" & "))
    }
}

fn words(text: &str) -> impl Iterator<Item = String> + use<> {
    let words: Vec<String> = folded(text)
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| word.chars().take(WORD_MAX).collect())
        .collect();
    words.into_iter()
}

/// The text without HTML tags, so that nobody finds a session by `href`. A `<` that begins no tag stays.
fn without_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        out.push(' ');
        rest = &rest[at + 1..];
        let is_tag = rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!')
            && !rest.starts_with("http");
        if is_tag {
            // No end anywhere: nothing that follows is a tag either.
            let Some(end) = rest.find('>') else { break };
            rest = &rest[end + 1..];
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_not_words_and_what_stands_between_them_is() {
        let shown = |text: &str| words(&without_tags(text)).collect::<Vec<_>>().join(" ");
        assert_eq!(shown("<p>Größe &lt; <a href=\"https://x\">hier</a></p>"), "große lt hier");
        assert_eq!(shown("a < b <https://example.org> <unclosed"), "a b https example org unclosed");
    }

    #[test]
    fn a_text_of_nothing_but_openings_takes_no_time() {
        let began = std::time::Instant::now();
        without_tags(&"<a".repeat(500_000));
        without_tags(&format!("{}>", "< ".repeat(500_000)));
        assert!(began.elapsed().as_secs() < 5);
    }

    #[test]
    fn whatever_is_typed_only_words_reach_the_database() {
        for hostile in [
            "\" OR 1",
            "a* NEAR(b",
            "'; DROP TABLE x;--",
            "title:x ^y",
            "a:*&!b",
            "\\'",
            "\u{0}%_{}()[]",
            "AND OR NOT",
        ] {
            if let Some(query) = Query::parse(hostile) {
                assert!(query.0.iter().all(|word| word.chars().all(char::is_alphanumeric)), "{hostile}");
            }
        }
        assert!(Query::parse(" \"'()*:-^ ").is_none());
        assert_eq!(Query::parse(&"x ".repeat(5_000)).unwrap().0.len(), QUERY_MAX);
    }
}
