//! Which proposals are likely the same: by their titles, their authors and their texts (requirement 39).
//!
//! | part | value, between 0 and 1 |
//! |---|---|
//! | title | the words in common among all words of both, each counted by how rare it is among the titles |
//! | authors | the authors in common among those of the one that has fewer |
//! | text | the runs of three words in common among those of the shorter text (Broder, "On the resemblance and containment of documents", 1997) |
//!
//! Titles and authors find the candidates, which is quick for thousands; texts decide about the few that are left.

use crate::assignment::affinity::split;
use std::collections::{BTreeSet, HashMap};

/// The most candidates of one proposal.
const MOST: usize = 20;

/// Below that likeness of the titles, and without an author in common, nobody is a candidate.
const LEAST: f64 = 0.2;

/// Words in a run.
const RUN: usize = 3;

/// A title and whose it is.
#[derive(Clone, Copy, Debug)]
pub struct Titled<'a> {
    /// The title.
    pub title: &'a str,
    /// Its authors, by whatever tells them apart; empty where they are not to be known, and then they count for nothing.
    pub authors: &'a [String],
}

/// How alike two proposals are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Likeness {
    /// By their titles.
    pub title: f64,
    /// By their authors.
    pub authors: f64,
    /// By their texts, where those were compared.
    pub text: f64,
}

impl Likeness {
    /// Whether they are likely the same: much of one part, or the same people and some of another.
    pub fn is_likely(self) -> bool {
        let same = self.title.max(self.text);
        same >= 0.6 || self.authors > 0.0 && same >= 0.3
    }

    /// For the order: the likeliest first.
    fn sum(self) -> f64 {
        self.title + self.authors + 2.0 * self.text
    }
}

/// The titles among which the same is looked for.
#[derive(Clone, Debug)]
pub struct Titles<'a> {
    all: &'a [Titled<'a>],
    words: Vec<BTreeSet<usize>>,
    /// In which titles a word stands.
    with: Vec<Vec<usize>>,
    /// Which proposals somebody has part in.
    by: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Titles<'a> {
    /// Of all these.
    pub fn new(all: &'a [Titled<'a>]) -> Self {
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let mut with: Vec<Vec<usize>> = vec![];
        let mut by: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut words = Vec::with_capacity(all.len());
        for (index, one) in all.iter().enumerate() {
            let own: BTreeSet<usize> = split(one.title)
                .map(|word| {
                    let next = numbers.len();
                    *numbers.entry(word).or_insert(next)
                })
                .collect();
            with.resize(numbers.len(), vec![]);
            for word in &own {
                with[*word].push(index);
            }
            for author in one.authors {
                by.entry(author).or_default().push(index);
            }
            words.push(own);
        }
        Self { all, words, with, by }
    }

    /// Those that may be the same as the one at `index`, the likeliest first, each with its place. Their texts are still to be
    /// compared: see [`Titles::likely`].
    pub fn candidates(&self, index: usize) -> Vec<(usize, Likeness)> {
        let (Some(own), Some(one)) = (self.words.get(index), self.all.get(index)) else { return vec![] };
        let mut shared: HashMap<usize, f64> = HashMap::new();
        for word in own {
            // A word that stands everywhere tells nothing, and would make every title a candidate.
            if self.rarity(*word) > 0.0 {
                for other in &self.with[*word] {
                    *shared.entry(*other).or_default() += self.rarity(*word);
                }
            }
        }
        for author in one.authors {
            for other in self.by.get(author.as_str()).into_iter().flatten() {
                shared.entry(*other).or_default();
            }
        }
        shared.remove(&index);
        let weight = |place: usize| -> f64 { self.words[place].iter().map(|word| self.rarity(*word)).sum() };
        let mine = weight(index);
        let mut out: Vec<(usize, Likeness)> = shared
            .into_iter()
            .map(|(other, both)| {
                let all = mine + weight(other) - both;
                let title = if all > 0.0 { both / all } else { 0.0 };
                (
                    other,
                    Likeness { title, authors: in_common(one.authors, self.all[other].authors), text: 0.0 },
                )
            })
            .filter(|(_, like)| like.title >= LEAST || like.authors > 0.0)
            .collect();
        order(&mut out);
        out.truncate(MOST);
        out
    }

    /// Those that are likely the same as the one at `index`, by all three parts, the likeliest first. `text` gives the text of
    /// the one at a place.
    pub fn likely<'t>(
        &self,
        index: usize,
        text: impl Fn(usize) -> Option<&'t str>,
    ) -> Vec<(usize, Likeness)> {
        let own = text(index).map(runs);
        let mut out: Vec<(usize, Likeness)> = self
            .candidates(index)
            .into_iter()
            .map(|(other, like)| {
                let theirs = text(other).map(runs);
                let text =
                    own.as_ref().zip(theirs.as_ref()).map_or(0.0, |(own, theirs)| contained(own, theirs));
                (other, Likeness { text, ..like })
            })
            .filter(|(_, like)| like.is_likely())
            .collect();
        order(&mut out);
        out
    }

    /// How much a word tells.
    fn rarity(&self, word: usize) -> f64 {
        ((self.all.len() as f64 + 1.0) / (self.with[word].len() as f64)).ln()
    }
}

fn order(all: &mut [(usize, Likeness)]) {
    all.sort_by(|(one, first), (other, second)| second.sum().total_cmp(&first.sum()).then(one.cmp(other)));
}

fn in_common(one: &[String], other: &[String]) -> f64 {
    let fewer = one.len().min(other.len());
    if fewer == 0 {
        return 0.0;
    }
    let both = one.iter().filter(|author| other.contains(author)).count();
    (both as f64 / fewer as f64).min(1.0)
}

/// The runs of words of a text; a shorter text is one run.
fn runs(text: &str) -> BTreeSet<String> {
    let words: Vec<String> = split(text).collect();
    match words.len() {
        0 => BTreeSet::new(),
        1..RUN => [words.join(" ")].into(),
        _ => words.windows(RUN).map(|run| run.join(" ")).collect(),
    }
}

fn contained(one: &BTreeSet<String>, other: &BTreeSet<String>) -> f64 {
    let fewer = one.len().min(other.len());
    if fewer == 0 { 0.0 } else { one.intersection(other).count() as f64 / fewer as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_same_title_is_found_whatever_its_case_and_order() {
        let nobody = people(&[]);
        let all = [
            "Scheduling for real time",
            "Real-Time SCHEDULING",
            "Compost for everybody",
            "The garden in winter",
        ]
        .map(|title| Titled { title, authors: &nobody });
        let likely = Titles::new(&all).likely(0, |_| None);
        assert_eq!(likely.iter().map(|(other, _)| *other).collect::<Vec<_>>(), [1]);
        assert!(Titles::new(&all).likely(2, |_| None).is_empty());
    }

    #[test]
    fn the_same_people_with_the_same_text_under_another_title_are_found() {
        let (ada, bo) = (people(&["ada"]), people(&["bo"]));
        let all = [
            Titled { title: "Compost", authors: &ada },
            Titled { title: "Rotting things well", authors: &ada },
            Titled { title: "Seeds", authors: &ada },
            Titled { title: "Rotting things badly", authors: &bo },
        ];
        let texts = [
            "We turn the heap every second week and measure how warm it is.",
            "Every spring we turn the heap every second week and measure how warm it is, and smell it.",
            "Which seeds to keep, and how.",
            "Nothing of that.",
        ];
        let titles = Titles::new(&all);
        let likely = titles.likely(0, |place| texts.get(place).copied());
        assert_eq!(likely.iter().map(|(other, _)| *other).collect::<Vec<_>>(), [1]);
        assert!(likely[0].1.text > 0.8 && likely[0].1.title == 0.0);
        // Who is not known counts for nothing.
        let hidden = all.map(|one| Titled { authors: &[], ..one });
        assert!(Titles::new(&hidden).likely(0, |place| texts.get(place).copied()).is_empty());
    }

    #[test]
    fn nothing_is_alike_where_there_is_nothing() {
        let all = [Titled { title: "", authors: &[] }, Titled { title: "", authors: &[] }];
        assert!(Titles::new(&all).likely(0, |_| Some("")).is_empty());
        assert!(Titles::new(&all).likely(7, |_| None).is_empty());
    }
}
