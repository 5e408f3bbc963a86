//! How well a reviewer and a proposal suit each other: from topics, bids and texts to one number and its parts.
//!
//! Each part lies between 0 and 1, and the affinity is their mean by [`Weights`]; a part that is not known for a pair
//! (a reviewer without texts, a proposal without topics) is left out of the mean, so that a newcomer is not taken for a
//! stranger. Whoever asks is told what each part gave.
//!
//! | part | value |
//! |---|---|
//! | topics | the share of the proposal's topics that the reviewer named, so that naming many harms nobody |
//! | bid | yes 1, maybe ½, no bid ¼, no 0: the values of Xu and others, "A one-size-fits-all approach to improving randomness in paper assignment" (2023), for the bids of AAMAS 2015 |
//! | text | the cosine of the two texts' words, compared with the pair that is most alike |
//!
//! The cosine is that of Salton and Buckley, "Term-weighting approaches in automatic text retrieval" (1988): a word that
//! occurs `n` times counts `(1 + ln n) · ln((N + 1) / (d + 1))`, where `d` of all `N` texts hold it. Words are compared without
//! accents, case and a last "s". All past texts of a reviewer count as one. On the gold standard of Stelmakh and others
//! (2023), which the benchmark reads, it puts fewer pairs of papers in the wrong order than the Toronto paper matching system.

use super::{Affinity, Pair};
use model::text::folded;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What a reviewer said of a proposal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bid {
    /// Wants to review it.
    Yes,
    /// Would review it.
    Maybe,
    /// Said nothing.
    #[default]
    Silent,
    /// Would rather not. Who must not is in conflict, which is no matter of affinity.
    No,
}

impl Bid {
    /// Between 0 and 1.
    pub fn value(self) -> f64 {
        match self {
            Self::Yes => 1.0,
            Self::Maybe => 0.5,
            Self::Silent => 0.25,
            Self::No => 0.0,
        }
    }
}

/// The share of the proposal's topics that the reviewer named; none where either has none.
pub fn topics<T: Ord>(proposal: &[T], reviewer: &[T]) -> Option<f64> {
    if proposal.is_empty() || reviewer.is_empty() {
        return None;
    }
    let named: BTreeSet<&T> = reviewer.iter().collect();
    let own: BTreeSet<&T> = proposal.iter().collect();
    Some(own.intersection(&named).count() as f64 / own.len() as f64)
}

/// What is known of a pair, each between 0 and 1; none for what is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Parts {
    /// The topics in common: [`topics`].
    pub topics: Option<f64>,
    /// The bid: [`Bid::value`]. None where nobody was asked.
    pub bid: Option<f64>,
    /// How alike the texts are: [`Texts::likeness`].
    pub text: Option<f64>,
}

/// How much each part counts beside the others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    topics: f64,
    bid: f64,
    text: f64,
}

impl Default for Weights {
    /// All parts alike.
    fn default() -> Self {
        Self { topics: 1.0, bid: 1.0, text: 1.0 }
    }
}

/// An affinity and what each part gave to it, in points.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Explained {
    /// The affinity, between 0 and 1.
    pub affinity: Affinity,
    /// What the topics gave; none where they are not known.
    pub topics: Option<f64>,
    /// What the bid gave; none where it is not known.
    pub bid: Option<f64>,
    /// What the texts gave; none where they are not known.
    pub text: Option<f64>,
}

impl Weights {
    /// Weights between 0 and 1,000; none for others.
    pub fn new(topics: f64, bid: f64, text: f64) -> Option<Self> {
        [topics, bid, text].iter().all(|weight| (0.0..=1_000.0).contains(weight)).then_some(Self {
            topics,
            bid,
            text,
        })
    }

    /// The mean of the parts that are known; no affinity where none is.
    pub fn combine(&self, parts: &Parts) -> Explained {
        let parts = [(self.topics, parts.topics), (self.bid, parts.bid), (self.text, parts.text)];
        let known: f64 = parts.iter().filter(|(_, part)| part.is_some()).map(|(weight, _)| weight).sum();
        let [topics, bid, text] = parts.map(|(weight, part)| {
            part.map(|part| if known > 0.0 { weight / known * part.clamp(0.0, 1.0) } else { 0.0 })
        });
        let sum: f64 = [topics, bid, text].into_iter().flatten().sum();
        Explained { affinity: Affinity::new(sum).unwrap_or_default(), topics, bid, text }
    }
}

/// The words of a text and how much each counts; the squares add up to 1.
type Words = BTreeMap<usize, f64>;

/// How alike the proposals' texts and those of the reviewers are.
#[derive(Clone, Debug)]
pub struct Texts {
    words: Vec<String>,
    proposals: Vec<Words>,
    reviewers: Vec<HashMap<usize, f64>>,
    /// The cosine of each pair, a row for each proposal.
    cosines: Vec<f64>,
    /// The largest of them.
    largest: f64,
}

impl Texts {
    /// Compares the text of each proposal with the past texts of each reviewer.
    pub fn new<P: AsRef<str>, R: AsRef<str>>(proposals: &[P], reviewers: &[Vec<R>]) -> Self {
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let mut words: Vec<String> = vec![];
        let mut texts_with: Vec<u32> = vec![];
        let mut count = |text: &str| {
            let mut counts: BTreeMap<usize, u32> = BTreeMap::new();
            for word in split(text) {
                let number = *numbers.entry(word).or_insert_with_key(|word| {
                    words.push(word.clone());
                    texts_with.push(0);
                    words.len() - 1
                });
                *counts.entry(number).or_default() += 1;
            }
            for &number in counts.keys() {
                texts_with[number] += 1;
            }
            counts
        };
        let ours: Vec<_> = proposals.iter().map(|text| count(text.as_ref())).collect();
        let mut all = ours.len();
        let theirs: Vec<_> = reviewers
            .iter()
            .map(|texts| {
                all += texts.len();
                let mut sum: BTreeMap<usize, u32> = BTreeMap::new();
                for (number, occurs) in texts.iter().flat_map(|text| count(text.as_ref())) {
                    *sum.entry(number).or_default() += occurs;
                }
                sum
            })
            .collect();
        let weigh = |counts: BTreeMap<usize, u32>| -> Words {
            let rarity = |number: usize| ((all as f64 + 1.0) / (f64::from(texts_with[number]) + 1.0)).ln();
            let weighed: Words = counts
                .into_iter()
                .map(|(number, occurs)| (number, (1.0 + f64::from(occurs).ln()) * rarity(number)))
                .collect();
            let length = weighed.values().map(|weight| weight * weight).sum::<f64>().sqrt();
            weighed
                .into_iter()
                .filter(|_| length > 0.0)
                .map(|(number, weight)| (number, weight / length))
                .collect()
        };
        let proposals: Vec<Words> = ours.into_iter().map(weigh).collect();
        let reviewers: Vec<HashMap<usize, f64>> =
            theirs.into_iter().map(|counts| weigh(counts).into_iter().collect()).collect();
        let mut cosines = Vec::with_capacity(proposals.len() * reviewers.len());
        for ours in &proposals {
            for theirs in &reviewers {
                let shared = ours.iter().filter_map(|(number, weight)| Some(weight * theirs.get(number)?));
                cosines.push(shared.sum());
            }
        }
        let largest = cosines.iter().copied().fold(0.0, f64::max);
        Self { words, proposals, reviewers, cosines, largest }
    }

    /// How alike the two texts are, 1 for the pair that is most alike; none where either has no words that tell anything.
    pub fn likeness(&self, pair: Pair) -> Option<f64> {
        if self.proposals[pair.proposal].is_empty() || self.reviewers[pair.reviewer].is_empty() {
            return None;
        }
        let cosine = self.cosines[pair.proposal * self.reviewers.len() + pair.reviewer];
        Some(if self.largest > 0.0 { cosine / self.largest } else { 0.0 })
    }

    /// The words that make them alike, those that count most first, at most `most`.
    pub fn shared(&self, pair: Pair, most: usize) -> Vec<&str> {
        let theirs = &self.reviewers[pair.reviewer];
        let mut shared: Vec<(f64, &str)> = self.proposals[pair.proposal]
            .iter()
            .filter_map(|(number, weight)| Some((weight * theirs.get(number)?, self.words[*number].as_str())))
            .filter(|(weight, _)| *weight > 0.0)
            .collect();
        shared.sort_by(|(one, first), (other, second)| other.total_cmp(one).then(first.cmp(second)));
        shared.into_iter().take(most).map(|(_, word)| word).collect()
    }
}

/// The words of a text, of two characters and more.
pub(crate) fn split(text: &str) -> impl Iterator<Item = String> {
    let text = folded(text);
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().nth(1).is_some())
        .map(|word| {
            let is_plural = word.chars().nth(3).is_some() && word.ends_with('s') && !word.ends_with("ss");
            word[..word.len() - usize::from(is_plural)].to_owned()
        })
        .collect();
    words.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(proposal: usize, reviewer: usize) -> Pair {
        Pair { proposal, reviewer }
    }

    fn about(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-9
    }

    #[test]
    fn naming_many_topics_harms_nobody() {
        assert_eq!(topics(&["kernel", "rust"], &["rust"]), Some(0.5));
        assert_eq!(topics(&["kernel", "rust"], &["rust", "kernel", "audio", "video"]), Some(1.0));
        assert_eq!(topics(&["kernel"], &["audio"]), Some(0.0));
        assert_eq!(topics(&[], &["audio"]), None);
        assert_eq!(topics(&["kernel"], &[]), None);
    }

    #[test]
    fn the_parts_add_up_to_the_affinity() {
        let parts = Parts { topics: Some(0.5), bid: Some(Bid::Yes.value()), text: Some(0.25) };
        let explained = Weights::new(1.0, 2.0, 1.0).unwrap().combine(&parts);
        assert!(about(explained.affinity.points(), 0.6875));
        assert_eq!((explained.topics, explained.bid, explained.text), (Some(0.125), Some(0.5), Some(0.0625)));
    }

    #[test]
    fn what_is_not_known_does_not_count_against_a_newcomer() {
        let weights = Weights::default();
        let newcomer = weights.combine(&Parts { topics: Some(1.0), bid: Some(1.0), text: None });
        assert_eq!(newcomer.affinity, Affinity::ONE);
        assert_eq!(newcomer.text, None);
        assert_eq!(weights.combine(&Parts::default()), Explained::default());
        let deaf = Weights::new(0.0, 0.0, 0.0).unwrap();
        assert_eq!(deaf.combine(&Parts { bid: Some(1.0), ..Parts::default() }).affinity, Affinity::ZERO);
    }

    #[test]
    fn a_weight_is_a_number_that_is_not_negative() {
        assert_eq!(Weights::new(-1.0, 1.0, 1.0), None);
        assert_eq!(Weights::new(1.0, f64::NAN, 1.0), None);
    }

    #[test]
    fn rare_words_in_common_count_and_common_ones_do_not() {
        let texts = Texts::new(
            &["The scheduler of the kernel", "The sound of the orchestra"],
            &[vec!["Kernel schedulers and the future"], vec!["The orchestras", "The opera"], vec!["The the"]],
        );
        assert_eq!(texts.shared(pair(0, 0), 5), ["kernel", "scheduler"]);
        assert_eq!(texts.shared(pair(1, 1), 5), ["orchestra"]);
        assert!(texts.likeness(pair(0, 0)) > texts.likeness(pair(0, 1)));
        assert_eq!(texts.likeness(pair(0, 1)), Some(0.0));
        let pairs = (0..2).flat_map(|proposal| (0..3).map(move |reviewer| pair(proposal, reviewer)));
        let most = pairs.filter_map(|pair| texts.likeness(pair));
        assert!(about(most.fold(0.0, f64::max), 1.0));
    }

    #[test]
    fn texts_without_words_are_not_known() {
        let texts = Texts::new(&["", "kernel"], &[vec![], vec!["–"], vec!["kernel"]]);
        assert_eq!(texts.likeness(pair(0, 2)), None);
        assert_eq!(texts.likeness(pair(1, 0)), None);
        assert_eq!(texts.likeness(pair(1, 1)), None);
        assert_eq!(texts.likeness(pair(1, 2)), Some(1.0));
    }

    #[test]
    fn accents_and_case_make_no_difference() {
        let texts = Texts::new(&["Café Noël", "x y z"], &[vec!["CAFE NOEL"], vec!["something else"]]);
        assert_eq!(texts.shared(pair(0, 0), 1), ["cafe"]);
        assert_eq!(texts.likeness(pair(0, 1)), Some(0.0));
    }
}
