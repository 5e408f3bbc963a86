//! Search and stars: lists that a visitor puts together.

use super::{
    Page, PageError, Viewer,
    frame::Frame,
    part::{Anchor, Card, Cards},
    places::counted,
};
use crate::{markup, snapshot::Snapshot};
use askama::Template;
use model::{address::Address, id::SessionId, text::folded};
use std::fmt::Write as _;

/// At most so many persons stand beside the sessions found.
const PERSONS: usize = 12;
/// The length of an excerpt in characters.
const EXCERPT: usize = 220;

#[derive(Template)]
#[template(path = "search.html")]
struct Search {
    frame: Frame,
    query: String,
    action: String,
    own: Option<String>,
    found: String,
    people: Vec<Anchor>,
    hits: Vec<Hit>,
    schedule: String,
    speakers: String,
}

struct Hit {
    card: Card,
    /// The title with the words marked.
    title: Marked,
    excerpt: Marked,
}

/// Text in which the words looked for are marked; escaped.
pub(super) struct Marked(String);

impl std::fmt::Display for Marked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Marked {}

/// Draws the search page with what was found.
pub(super) fn search(
    page: &Page,
    query: &str,
    hits: &[SessionId],
    snapshot: &Snapshot,
    viewer: &Viewer,
) -> Result<Option<String>, PageError> {
    let words = words(query);
    let cards = Cards::dated(snapshot, viewer);
    let hits: Vec<Hit> = hits
        .iter()
        .filter_map(|id| snapshot.session(*id))
        .map(|session| {
            let card = cards.card(session, session.first_slot());
            let text = format!("{} {}", markup::plain(&session.summary), markup::plain(&session.description));
            Hit { title: marked(&card.title, &words), excerpt: marked(&around(&text, &words), &words), card }
        })
        .collect();
    let people: Vec<Anchor> = if words.is_empty() {
        vec![]
    } else {
        let persons = snapshot.programme().persons.iter();
        let named = persons.filter(|person| {
            let name = folded(person.name.as_str());
            words.iter().all(|word| name.contains(word.as_str()))
        });
        named.take(PERSONS).map(|person| cards.person(person)).collect()
    };
    let edition = snapshot.edition();
    let view = Search {
        frame: Frame::new(
            snapshot,
            viewer,
            page,
            &if query.is_empty() { "Search".to_owned() } else { format!("\"{query}\"") },
            String::new(),
        ),
        query: query.to_owned(),
        action: viewer.links.to(&Address::Search.path(&edition.slug)),
        own: viewer.zone.as_ref().map(|zone| zone.name().to_owned()),
        found: counted(hits.len(), "session"),
        people,
        hits,
        schedule: viewer.page(edition, Address::List(None)),
        speakers: viewer.page(edition, Address::Speakers),
    };
    Ok(Some(view.render()?))
}

/// The words of a query as they are compared: folded, the longest first, so that the longest is marked.
fn words(query: &str) -> Vec<String> {
    let mut words: Vec<String> = folded(query)
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(ToOwned::to_owned)
        .collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words.dedup();
    words.truncate(12);
    words
}

/// The folded text, with the place in the original of each of its characters.
fn folded_with_places(text: &str) -> (Vec<char>, Vec<usize>) {
    let (mut letters, mut places) = (vec![], vec![]);
    let mut buffer = [0; 4];
    for (at, c) in text.char_indices() {
        for letter in folded(c.encode_utf8(&mut buffer)).chars() {
            letters.push(letter);
            places.push(at);
        }
    }
    places.push(text.len());
    (letters, places)
}

/// Where words begin with one of `words`: spans of bytes in `text`, in order, not overlapping.
fn spans(text: &str, words: &[String]) -> Vec<(usize, usize)> {
    let (letters, places) = folded_with_places(text);
    let words: Vec<Vec<char>> = words.iter().map(|word| word.chars().collect()).collect();
    let mut out = vec![];
    let mut at = 0;
    while at < letters.len() {
        let begins = at == 0 || !letters[at - 1].is_alphanumeric();
        let hit = words.iter().filter(|_| begins).find(|word| letters[at..].starts_with(word));
        match hit {
            Some(word) => {
                // A letter that folds into two ends where the next one begins.
                let end =
                    places[at + word.len()..].iter().copied().find(|end| *end > places[at + word.len() - 1]);
                out.push((places[at], end.unwrap_or(text.len())));
                at += word.len();
            }
            None => at += 1,
        }
    }
    out
}

/// The text escaped, with the words in `<mark>`.
fn marked(text: &str, words: &[String]) -> Marked {
    let mut out = String::with_capacity(text.len() + 16);
    let mut from = 0;
    for (start, end) in spans(text, words) {
        if start < from {
            continue;
        }
        let _ = write!(out, "{}<mark>{}</mark>", escaped(&text[from..start]), escaped(&text[start..end]));
        from = end;
    }
    out.push_str(&escaped(&text[from..]));
    Marked(out)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// The part of the text around the first word found, else its beginning.
fn around(text: &str, words: &[String]) -> String {
    let text = text.trim();
    // Long texts are looked at as far as anybody would read.
    let reach = text.char_indices().nth(20_000).map_or(text.len(), |(at, _)| at);
    let first = spans(&text[..reach], words).first().map_or(0, |span| span.0);
    let before = text[..first].char_indices().rev().nth(60).map_or(0, |(at, _)| at);
    let start = if before == 0 {
        0
    } else {
        text[before..first].find(' ').map_or(before, |space| before + space + 1)
    };
    let part = markup::beginning(&text[start..], EXCERPT);
    if start > 0 { format!("…{part}") } else { part }
}

#[derive(Template)]
#[template(path = "stars.html")]
struct Stars {
    frame: Frame,
    list: String,
    schedule: String,
    folder: bool,
}

/// Draws the page of the sessions starred in this browser; the browser fills it.
pub(super) fn stars(page: &Page, snapshot: &Snapshot, viewer: &Viewer) -> Result<Option<String>, PageError> {
    let edition = snapshot.edition();
    let view = Stars {
        frame: Frame::new(snapshot, viewer, page, "Stars", String::new()),
        list: viewer.page(edition, Address::List(None)),
        schedule: viewer.page(edition, Address::Grid(None)),
        folder: viewer.links.folder,
    };
    Ok(Some(view.render()?))
}

#[derive(Template)]
#[template(path = "star_list.html")]
struct StarList {
    frame: Frame,
    cards: Vec<Card>,
    /// The full address for a calendar program.
    subscribe: String,
    download: String,
    schedule: String,
}

/// Draws a list of stars at its private address.
pub(super) fn star_list(
    page: &Page,
    token: &str,
    sessions: &[SessionId],
    snapshot: &Snapshot,
    viewer: &Viewer,
) -> Result<Option<String>, PageError> {
    let edition = snapshot.edition();
    let cards = Cards::dated(snapshot, viewer);
    let mut starred: Vec<_> = sessions.iter().filter_map(|id| snapshot.session(*id)).collect();
    starred.sort_by_key(|session| {
        (session.first_slot().map_or(jiff::Timestamp::MAX, |slot| slot.start), session.id)
    });
    let download = viewer.file(edition, Address::StarCalendar(token));
    let path = Address::StarCalendar(token).path(&edition.slug);
    let view = StarList {
        frame: Frame::new(snapshot, viewer, page, "Starred sessions", String::new()),
        cards: starred.into_iter().flat_map(|session| cards.all(session)).collect(),
        subscribe: match viewer.links.base.as_deref().and_then(|base| base.split_once("://")) {
            Some((_, host)) => format!("webcal://{host}{path}"),
            None => download.clone(),
        },
        download,
        schedule: viewer.page(edition, Address::Grid(None)),
    };
    Ok(Some(view.render()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_marked_whatever_their_accents_and_case_and_nothing_else_is() {
        let found = |text: &str, query: &str| marked(text, &words(query)).0;
        assert_eq!(
            found("Das Schönste an Rust", "schon RUST"),
            "Das <mark>Schön</mark>ste an <mark>Rust</mark>"
        );
        assert_eq!(found("trust <b>rust</b>", "rust"), "trust &lt;b&gt;<mark>rust</mark>&lt;/b&gt;");
        assert_eq!(found("ﬁne", "f"), "<mark>ﬁ</mark>ne");
        assert_eq!(found("a & b", ""), "a &amp; b");
    }

    #[test]
    fn an_excerpt_shows_the_first_word_found() {
        let text = format!("{} needle in the haystack", "hay ".repeat(200));
        let shown = around(&text, &words("needle"));
        assert!(shown.starts_with("…hay") && shown.contains("needle in the haystack"), "{shown}");
    }
}
