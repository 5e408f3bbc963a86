//! Who reviews what: the assignment of reviewers to proposals with the largest total affinity, proven, or the fairest one.
//!
//! A [`Problem`] says how many reviews each proposal needs and each reviewer may be given, and for each pair how well
//! they suit each other ([`affinity`]), whether it is a conflict, and whether it is already settled. Then
//!
//! - [`Problem::best`] finds the largest total there is, with prices that prove it;
//! - [`Problem::fairest`] raises the proposal that is worst off, and only then the total;
//! - both say what stands in the way where there is no assignment at all ([`Infeasible`]).
//!
//! A preview is an answer that nobody has stored. A re-run is the same problem with what must stay
//! [locked](Pairing::Locked) and the last answer [preferred](Problem::prefer). The same problem always has the same answer.
//!
//! # What is optimal
//!
//! Every proposal gets at least its least number of reviews and every reviewer a load within the limits: these are never
//! broken. Within them as many of the wanted reviews as possible are given, and among all such assignments one with the
//! largest sum of affinities is taken. Without a lower limit or a shortage that is the *paper assignment problem* of
//! Taylor, "On the optimal assignment of conference papers to reviewers" (2008) and of Charlin and Zemel, "The Toronto
//! paper matching system" (2013): maximise `sum S[p][r] X[p][r]` with `X` of zeroes and ones, `sum over r X[p][r] = k` and
//! `sum over p X[p][r] <= limit`, whose linear relaxation has a whole optimum.
//!
//! # How the optimum is proven
//!
//! Affinities are whole multiples of 2⁻³², so that sums are exact. [`Optimum`] holds a price for each proposal and
//! each reviewer (the variables of the dual programme). Complementary slackness (Ahuja, Magnanti, Orlin, "Network
//! flows", 1993, theorem 9.4) is then a matter of comparing whole numbers, and the tests do it by a way of their own.

pub mod affinity;
mod fair;
mod flow;
pub mod round;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    iter::Sum,
    ops::{Add, Neg, Sub},
};

/// How well a reviewer and a proposal suit each other, or a sum of that; exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Affinity(i64);

impl Affinity {
    /// No affinity.
    pub const ZERO: Self = Self(0);

    /// One point.
    pub const ONE: Self = Self(1 << 32);

    /// The most that a pair may have, up and down: 16 points. It keeps every sum of the solver within 64 bits.
    pub const MOST: Self = Self(16 << 32);

    /// The nearest multiple of 2⁻³²; none for what is not a number or beyond [`Affinity::MOST`].
    pub fn new(points: f64) -> Option<Self> {
        let scaled = (points * Self::ONE.0 as f64).round();
        (scaled.abs() <= Self::MOST.0 as f64).then_some(Self(scaled as i64))
    }

    /// In points.
    pub fn points(self) -> f64 {
        self.0 as f64 / Self::ONE.0 as f64
    }
}

impl Add for Affinity {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Affinity {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Neg for Affinity {
    type Output = Self;

    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Sum for Affinity {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::ZERO, Add::add)
    }
}

/// How many reviews: of a proposal from what is needed to what is wanted, of a reviewer the lower and the upper limit of
/// the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    least: u32,
    most: u32,
}

impl Limits {
    /// From `least` to `most`.
    pub fn new(least: u32, most: u32) -> Result<Self, Malformed> {
        if least > most { Err(Malformed::Limits { least, most }) } else { Ok(Self { least, most }) }
    }

    /// The lower limit.
    pub fn least(self) -> u32 {
        self.least
    }

    /// The upper limit.
    pub fn most(self) -> u32 {
        self.most
    }
}

/// Why a problem cannot be stated so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A lower limit above the upper one.
    #[error(
        "at least {least} and at most {most} reviews cannot both be: lower the first or raise the second"
    )]
    Limits {
        /// The lower limit.
        least: u32,
        /// The upper limit.
        most: u32,
    },
    /// More than the arithmetic is made for.
    #[error("{0} proposals or reviewers are too many at once: assign at most {most} together", most = Problem::MOST)]
    TooMany(usize),
    /// An affinity beyond what a pair may have.
    #[error("an affinity lies between -16 and 16 points: scale the affinities down")]
    Affinity,
}

/// A reviewer and a proposal, by their places in the problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair {
    /// The place of the proposal.
    pub proposal: usize,
    /// The place of the reviewer.
    pub reviewer: usize,
}

/// What is known of a pair before the assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairing {
    /// They may be assigned.
    Open(Affinity),
    /// They are assigned, whatever else.
    Locked(Affinity),
    /// They must never be.
    Conflict,
}

/// The place of a conflict in the table of affinities; far enough from every sum of affinities to lose every comparison.
const NEVER: i64 = i64::MIN / 2;

/// What is to be assigned.
#[derive(Clone, Debug)]
pub struct Problem {
    proposals: Vec<Limits>,
    reviewers: Vec<Limits>,
    /// A row for each proposal, with [`NEVER`] for conflicts.
    affinity: Vec<i64>,
    locked: BTreeSet<Pair>,
    preferred: BTreeSet<Pair>,
    /// What a preferred pair is worth beyond its affinity.
    preference: i64,
}

impl Problem {
    /// The most proposals, and the most reviewers.
    pub const MOST: usize = 1 << 16;

    /// Proposals and reviewers, every pair open and without affinity.
    pub fn new(proposals: Vec<Limits>, reviewers: Vec<Limits>) -> Result<Self, Malformed> {
        let largest = proposals.len().max(reviewers.len());
        if largest > Self::MOST {
            return Err(Malformed::TooMany(largest));
        }
        let affinity = vec![0; proposals.len() * reviewers.len()];
        Ok(Self {
            proposals,
            reviewers,
            affinity,
            locked: BTreeSet::new(),
            preferred: BTreeSet::new(),
            preference: 0,
        })
    }

    /// The limits of each proposal.
    pub fn proposals(&self) -> &[Limits] {
        &self.proposals
    }

    /// The limits of each reviewer.
    pub fn reviewers(&self) -> &[Limits] {
        &self.reviewers
    }

    /// Says what is known of a pair. Panics where there is no such pair, as an index does.
    pub fn set(&mut self, pair: Pair, pairing: Pairing) -> Result<(), Malformed> {
        let place = self.place(pair);
        let (value, locked) = match pairing {
            Pairing::Open(affinity) => (affinity, false),
            Pairing::Locked(affinity) => (affinity, true),
            Pairing::Conflict => {
                self.affinity[place] = NEVER;
                self.locked.remove(&pair);
                return Ok(());
            }
        };
        if value > Affinity::MOST || value < -Affinity::MOST {
            return Err(Malformed::Affinity);
        }
        self.affinity[place] = value.0;
        if locked {
            self.locked.insert(pair);
        } else {
            self.locked.remove(&pair);
        }
        Ok(())
    }

    /// What is known of a pair. Panics where there is no such pair, as an index does.
    pub fn pairing(&self, pair: Pair) -> Pairing {
        match self.affinity[self.place(pair)] {
            NEVER => Pairing::Conflict,
            affinity if self.locked.contains(&pair) => Pairing::Locked(Affinity(affinity)),
            affinity => Pairing::Open(Affinity(affinity)),
        }
    }

    /// Prefers the pairs of an earlier answer: each counts as if it had `worth` more affinity when answers are
    /// compared, so that a re-run changes nothing for a smaller gain. Scores and totals never include it.
    pub fn prefer(
        &mut self,
        earlier: impl IntoIterator<Item = Pair>,
        worth: Affinity,
    ) -> Result<(), Malformed> {
        if worth > Affinity::ONE || worth < Affinity::ZERO {
            return Err(Malformed::Affinity);
        }
        self.preferred = earlier.into_iter().collect();
        self.preference = worth.0;
        Ok(())
    }

    /// The assignment with the largest total affinity, with its proof.
    pub fn best(&self) -> Result<Optimum, Infeasible> {
        flow::Flow::new(self)?.solve().map(|flow| flow.optimum(self))
    }

    /// The assignment in which the proposal that is worst off has the highest score that the search finds, and with
    /// that the largest total that it finds. Where a score is said to be `enough`, a proposal that has it is not worst off,
    /// and above it only the total counts: the lower it is, the less of the total is given up.
    ///
    /// The highest least score is a hard problem already for three reviews each (Garg and others, "Assigning papers to
    /// referees", 2010), so it comes without a proof. As many reviews are given as in [`Problem::best`], and the least
    /// score is never below that answer's or what is enough, whichever is lower.
    pub fn fairest(&self, enough: Option<Affinity>) -> Result<Assignment, Infeasible> {
        let best = flow::Flow::new(self)?.solve()?;
        Ok(fair::Search::new(self, &best).run(enough.map(|enough| enough.0)))
    }

    fn place(&self, pair: Pair) -> usize {
        assert!(pair.reviewer < self.reviewers.len(), "there is no reviewer {}", pair.reviewer);
        pair.proposal * self.reviewers.len() + pair.reviewer
    }

    /// What a pair is worth when answers are compared.
    fn worth(&self, pair: Pair) -> i64 {
        let affinity = self.affinity[self.place(pair)];
        if affinity != NEVER && self.preferred.contains(&pair) {
            affinity + self.preference
        } else {
            affinity
        }
    }
}

/// Who reviews what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The pairs, by proposal and then by reviewer; locked ones among them.
    pub pairs: Vec<Pair>,
    /// For each proposal the sum of its affinities.
    pub scores: Vec<Affinity>,
    /// For each proposal how many of the wanted reviews it does not get.
    pub missing: Vec<u32>,
    /// For each reviewer how many reviews.
    pub loads: Vec<u32>,
    /// The sum of all affinities.
    pub total: Affinity,
}

impl Assignment {
    fn new(problem: &Problem, mut pairs: Vec<Pair>) -> Self {
        pairs.sort_unstable();
        let mut scores = vec![Affinity::ZERO; problem.proposals.len()];
        let mut missing: Vec<u32> = problem.proposals.iter().map(|limits| limits.most).collect();
        let mut loads = vec![0; problem.reviewers.len()];
        for &pair in &pairs {
            scores[pair.proposal] = scores[pair.proposal] + Affinity(problem.affinity[problem.place(pair)]);
            missing[pair.proposal] = missing[pair.proposal].saturating_sub(1);
            loads[pair.reviewer] += 1;
        }
        let total = scores.iter().copied().sum();
        Self { pairs, scores, missing, loads, total }
    }

    /// Whether the pair is assigned.
    pub fn has(&self, pair: Pair) -> bool {
        self.pairs.binary_search(&pair).is_ok()
    }

    /// The score of the proposal that is worst off, of those that want reviews at all.
    pub fn least_score(&self, problem: &Problem) -> Option<Affinity> {
        let wanting = self.scores.iter().zip(&problem.proposals).filter(|(_, limits)| limits.most > 0);
        wanting.map(|(score, _)| *score).min()
    }
}

/// An assignment with the largest total, and the prices that prove it.
///
/// A reviewer's price is what one more review of that reviewer would be worth (one fewer, where it is negative and the
/// lower limit binds); a proposal's price is what its last review is worth after the reviewer's price. With them every
/// open pair that is assigned has an affinity of at least the two prices together, and every other one of at most that.
#[derive(Clone, Debug)]
pub struct Optimum {
    /// The assignment.
    pub assignment: Assignment,
    /// The price of each proposal.
    pub proposal_prices: Vec<Affinity>,
    /// The price of each reviewer.
    pub reviewer_prices: Vec<Affinity>,
    /// What a wanted review that nobody does counts for: less than every gain there could be.
    unmet: Affinity,
}

/// Why a pair is assigned or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It was settled before.
    Locked,
    /// It must not be.
    Conflict,
    /// It is assigned; to do without it would cost at least so much.
    Assigned {
        /// By how much the total would fall at least.
        worth: Affinity,
    },
    /// It is not assigned; to assign it would cost at least so much, because of others who need the reviewer or the
    /// place more.
    Passed {
        /// By how much the total would fall at least.
        cost: Affinity,
    },
}

impl Optimum {
    /// Whether the prices prove that no assignment of as many reviews has a larger total: the value of the dual programme,
    /// summed up from the prices and the problem alone, bounds every total, and equals this one.
    pub fn is_proven(&self, problem: &Problem) -> bool {
        let mut proposals: Vec<i128> = problem.proposals.iter().map(|limits| limits.most.into()).collect();
        let mut spare: Vec<i128> =
            problem.proposals.iter().map(|limits| (limits.most - limits.least).into()).collect();
        let mut loads: Vec<(i128, i128)> =
            problem.reviewers.iter().map(|limits| (limits.least.into(), limits.most.into())).collect();
        let mut bound = 0_i128;
        for pair in &problem.locked {
            proposals[pair.proposal] = (proposals[pair.proposal] - 1).max(0);
            spare[pair.proposal] = spare[pair.proposal].min(proposals[pair.proposal]);
            let (least, most) = loads[pair.reviewer];
            loads[pair.reviewer] = ((least - 1).max(0), most - 1);
            bound += i128::from(problem.worth(*pair));
        }
        for (proposal, &price) in self.proposal_prices.iter().enumerate() {
            bound += proposals[proposal] * i128::from(price.0);
            bound += spare[proposal] * i128::from((self.unmet - price).0.max(0));
            for (reviewer, other) in self.reviewer_prices.iter().enumerate() {
                let pair = Pair { proposal, reviewer };
                if let Pairing::Open(_) = problem.pairing(pair) {
                    bound += i128::from((problem.worth(pair) - price.0 - other.0).max(0));
                }
            }
        }
        for (&(least, most), price) in loads.iter().zip(&self.reviewer_prices) {
            bound += i128::from(price.0) * if price.0 > 0 { most } else { least };
        }
        let mut reached: i128 =
            self.assignment.pairs.iter().map(|&pair| i128::from(problem.worth(pair))).sum();
        for &missing in &self.assignment.missing {
            reached += i128::from(missing) * i128::from(self.unmet.0);
        }
        bound == reached
    }

    /// Why a pair is assigned or not, and what it would cost to have it otherwise.
    ///
    /// The costs are reduced costs, so they are bounds from below that are quickly had for every pair, and where several
    /// pairs must change together each may bear only a part. The exact cost of one pair is the difference to the total of
    /// [`Optimum::otherwise`]. Preferred pairs count with their preference.
    pub fn explain(&self, problem: &Problem, pair: Pair) -> Reason {
        match problem.pairing(pair) {
            Pairing::Locked(_) => Reason::Locked,
            Pairing::Conflict => Reason::Conflict,
            Pairing::Open(_) => {
                let prices = self.proposal_prices[pair.proposal] + self.reviewer_prices[pair.reviewer];
                let margin = Affinity(problem.worth(pair)) - prices;
                if self.assignment.has(pair) {
                    Reason::Assigned { worth: margin }
                } else {
                    Reason::Passed { cost: -margin }
                }
            }
        }
    }

    /// The best assignment with an open pair the other way: not assigned where it is, assigned where it is not. For
    /// locked pairs and conflicts it is this one.
    pub fn otherwise(&self, problem: &Problem, pair: Pair) -> Result<Self, Infeasible> {
        let mut changed = problem.clone();
        if let Pairing::Open(_) = problem.pairing(pair) {
            if self.assignment.has(pair) {
                changed.affinity[problem.place(pair)] = NEVER;
            } else {
                changed.locked.insert(pair);
            }
        }
        changed.best()
    }
}

/// Why there is no assignment, with the proposals, the reviewers and the numbers that cannot be brought together.
///
/// Each is a proof: whoever adds up the limits of those named finds `needed` above `possible`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Infeasible {
    /// More pairs are locked for a reviewer than the upper limit allows.
    #[error(
        "{locked} reviews are locked for a reviewer with a limit of {most}: unlock {} or raise the limit",
        locked - most
    )]
    Locks {
        /// The reviewer.
        reviewer: usize,
        /// How many are locked.
        locked: u32,
        /// The reviewer's upper limit.
        most: u32,
    },
    /// The proposals need more reviews than the reviewers who may do them are allowed (Hall's condition).
    #[error(
        "{} of the proposals need {needed} more reviews, and the {} reviewers who may do them have room for {possible}: \
         raise their limits by {} together, find another reviewer, lift a conflict or ask for fewer reviews",
        proposals.len(), reviewers.len(), needed - possible
    )]
    TooFewReviewers {
        /// The proposals.
        proposals: Vec<usize>,
        /// All reviewers who are open to them, apart from those who are counted as fully used.
        reviewers: Vec<usize>,
        /// How many reviews of these reviewers the proposals need beside the locked ones, if everybody else who may
        /// review one does.
        needed: u32,
        /// How many reviews these reviewers may be given beside the locked ones.
        possible: u32,
    },
    /// The lower limits of the reviewers ask for more reviews than there are to give.
    #[error(
        "the lower limits of {} reviewers ask for {needed} more reviews, and the {} proposals that are open to them have \
         {possible} to give: lower these limits by {} together, lift a conflict or want more reviews",
        reviewers.len(), proposals.len(), needed - possible
    )]
    TooFewProposals {
        /// The reviewers.
        reviewers: Vec<usize>,
        /// All proposals that are open to one of them.
        proposals: Vec<usize>,
        /// How many reviews the lower limits ask for beside the locked ones.
        needed: u32,
        /// How many the proposals can want of these reviewers beside the locked ones.
        possible: u32,
    },
}
