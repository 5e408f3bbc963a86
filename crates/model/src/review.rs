//! Reviews: what a proposal is measured by, and what somebody thinks of it.
//!
//! A review has a score for each criterion and two texts that never mix: one for the committee, one for the authors
//! (requirement 34). It is written of a revision, and is stale once the proposal has a newer one.

use crate::{
    Refusal,
    call::FieldKey,
    id::{AccountId, ProposalId},
    text::{Line, RichText},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most criteria of a call: nobody scores more with care.
const CRITERIA_MAX: usize = 10;

/// Something by which a proposal is measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Criterion {
    /// Its name within the call, by which scores find it.
    pub key: FieldKey,
    /// What is scored.
    pub name: Line,
    /// How much it counts beside the others, 1 to 10.
    pub weight: u8,
    /// The best score, 2 to 10; the worst is 1.
    pub best: u8,
}

impl Criterion {
    /// A criterion of that name, from 1 to 5.
    pub fn named(name: &str, weight: u8) -> Self {
        let key = FieldKey::from_label(name, std::iter::empty());
        Self { key, name: Line::from(name), weight, best: 5 }
    }

    /// The one that every call has to begin with.
    pub fn overall() -> Self {
        Self::named("Overall", 1)
    }

    /// What refereed presentations are usually measured by.
    pub fn of_presentations() -> Vec<Self> {
        vec![
            Self::named("Relevance", 2),
            Self::named("Quality of the proposal", 1),
            Self::named("Discussion expected", 1),
        ]
    }

    /// Whether a call can have these.
    pub fn check_all(all: &[Self]) -> Result<(), Refusal> {
        let refuse = |problem: String, remedy: &str| Err(Refusal::new("criteria", problem, remedy));
        if all.is_empty() {
            return refuse("there is none".to_owned(), "Name at least one, such as Overall");
        }
        if all.len() > CRITERIA_MAX {
            return refuse(format!("{} are too many to score with care", all.len()), "Name at most 10");
        }
        for (index, one) in all.iter().enumerate() {
            crate::edit::named("criterion", &one.name, all[..index].iter().map(|other| &other.name))?;
            if all[..index].iter().any(|other| other.key == one.key) {
                return refuse(
                    format!("\"{}\" has the name of another in the record", one.name),
                    "Name it otherwise",
                );
            }
            if !(1..=10).contains(&one.weight) || !(2..=10).contains(&one.best) {
                let problem =
                    format!("\"{}\" has no weight from 1 to 10, or no best score from 2 to 10", one.name);
                return refuse(problem, "Give both");
            }
        }
        Ok(())
    }
}

/// The scores of a review, by criterion.
pub type Scores = BTreeMap<FieldKey, u8>;

/// What somebody thinks of a proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// The proposal.
    pub proposal: ProposalId,
    /// Who wrote it.
    pub reviewer: AccountId,
    /// Of which revision of the proposal.
    pub revision: u32,
    /// The scores. A draft may lack some.
    pub scores: Scores,
    /// What the committee reads.
    pub to_committee: RichText,
    /// What the authors read.
    pub to_authors: RichText,
    /// Whether it counts; until then only its writer sees it.
    pub submitted: bool,
    /// When it was last changed.
    pub at: Timestamp,
}

impl Review {
    /// Whether it can stand: scores within their criteria, and all of them where it is submitted.
    pub fn check(&self, criteria: &[Criterion]) -> Result<(), Refusal> {
        for criterion in criteria {
            match self.scores.get(&criterion.key) {
                Some(score) if !(1..=criterion.best).contains(score) => {
                    let problem = format!("{score} is no score of \"{}\"", criterion.name);
                    return Err(Refusal::new(
                        criterion.key.as_str(),
                        problem,
                        format!("Give 1 to {}", criterion.best),
                    ));
                }
                None if self.submitted => {
                    let problem = format!("\"{}\" has no score", criterion.name);
                    return Err(Refusal::new(criterion.key.as_str(), problem, "Give one, or keep a draft"));
                }
                _ => {}
            }
        }
        match self.scores.keys().find(|key| criteria.iter().all(|criterion| criterion.key != **key)) {
            Some(key) => {
                Err(Refusal::new(key.as_str(), "it is none of the criteria", "Open the review again"))
            }
            None => Ok(()),
        }
    }

    /// Whether the proposal, which is at `revision`, has changed since.
    pub fn is_stale(&self, revision: u32) -> bool {
        self.revision < revision
    }

    /// The scores as one figure: see [`figure`].
    pub fn figure(&self, criteria: &[Criterion]) -> Option<f64> {
        figure(&self.scores, criteria)
    }
}

/// Scores as one figure from 0 (all the worst) to 100 (all the best), weighted; `None` where one lacks.
pub fn figure(scores: &Scores, criteria: &[Criterion]) -> Option<f64> {
    let mut sum = 0.0;
    let mut weights = 0.0;
    for criterion in criteria {
        let score = f64::from(*scores.get(&criterion.key)?);
        let weight = f64::from(criterion.weight);
        sum += weight * (score - 1.0) / f64::from(criterion.best.max(2) - 1);
        weights += weight;
    }
    (weights > 0.0).then(|| 100.0 * sum / weights)
}

/// What the submitted reviews of a proposal say together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// How many there are.
    pub reviews: usize,
    /// How many of them were written of an earlier revision.
    pub stale: usize,
    /// The mean of their figures, 0 to 100.
    pub mean: Option<f64>,
    /// The distance between the best and the worst figure: where it is large, the reviewers should talk.
    pub spread: Option<f64>,
}

impl Tally {
    /// Of the reviews of a proposal that is at `revision`. Drafts count for nothing.
    pub fn of<'a>(reviews: impl Iterator<Item = &'a Review>, criteria: &[Criterion], revision: u32) -> Self {
        let submitted = reviews.filter(|review| review.submitted);
        Self::from_figures(submitted.map(|review| (review.is_stale(revision), review.figure(criteria))))
    }

    /// Of submitted reviews: whether each is stale, and its figure.
    pub fn from_figures(reviews: impl Iterator<Item = (bool, Option<f64>)>) -> Self {
        let mut tally = Self::default();
        let mut figures: Vec<f64> = vec![];
        for (stale, figure) in reviews {
            tally.reviews += 1;
            tally.stale += usize::from(stale);
            figures.extend(figure);
        }
        if !figures.is_empty() {
            let (least, most) = figures
                .iter()
                .fold((f64::MAX, f64::MIN), |(least, most), figure| (least.min(*figure), most.max(*figure)));
            #[expect(clippy::cast_precision_loss, reason = "nobody writes 2^52 reviews")]
            let count = figures.len() as f64;
            tally.mean = Some(figures.iter().sum::<f64>() / count);
            tally.spread = Some(most - least);
        }
        tally
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn review(scores: &[(&str, u8)]) -> Review {
        Review {
            proposal: ProposalId(Uuid::from_u128(1)),
            reviewer: AccountId(Uuid::from_u128(2)),
            revision: 1,
            scores: scores.iter().map(|(key, score)| (FieldKey::parse(key).unwrap(), *score)).collect(),
            to_committee: RichText::default(),
            to_authors: RichText::default(),
            submitted: true,
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn scores_are_weighed_and_span_nought_to_a_hundred() {
        let criteria = [Criterion::named("A", 3), Criterion::named("B", 1)];
        assert_eq!(review(&[("a", 1), ("b", 1)]).figure(&criteria), Some(0.0));
        assert_eq!(review(&[("a", 5), ("b", 5)]).figure(&criteria), Some(100.0));
        assert_eq!(review(&[("a", 5), ("b", 1)]).figure(&criteria), Some(75.0));
        assert_eq!(review(&[("a", 5)]).figure(&criteria), None);
    }

    #[test]
    fn a_submitted_review_has_all_scores_within_their_bounds() {
        let criteria = [Criterion::named("A", 1)];
        assert!(review(&[("a", 5)]).check(&criteria).is_ok());
        assert!(review(&[("a", 6)]).check(&criteria).is_err());
        assert!(review(&[("a", 0)]).check(&criteria).is_err());
        assert!(review(&[]).check(&criteria).is_err());
        assert!(review(&[("a", 1), ("z", 1)]).check(&criteria).is_err());
        assert!(Review { submitted: false, ..review(&[]) }.check(&criteria).is_ok());
    }

    #[test]
    fn drafts_count_for_nothing_and_old_reviews_are_stale() {
        let criteria = [Criterion::named("A", 1)];
        let draft = Review { submitted: false, ..review(&[("a", 1)]) };
        let all = [review(&[("a", 5)]), Review { revision: 2, ..review(&[("a", 3)]) }, draft];
        let tally = Tally::of(all.iter(), &criteria, 2);
        assert_eq!(tally, Tally { reviews: 2, stale: 1, mean: Some(75.0), spread: Some(50.0) });
    }
}
