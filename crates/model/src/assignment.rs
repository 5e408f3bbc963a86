//! Who reviews what: what the committee asks of an assignment, what reviewers say they want, and what came of it.
//!
//! The search itself is `planner::assignment`; here stand the words and the limits, and the plain data that go in and out.

use crate::{
    Refusal,
    id::{AccountId, ProposalId, TrackId},
    text::Line,
    words::words,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The most reviews that one person is asked for, and the most that one proposal can need.
pub const REVIEWS_MAX: u16 = 500;

words! {
    /// What a reviewer says of a proposal before reviews are assigned.
    Bid {
        /// They want to review it.
        Eager = "eager", "Eager";
        /// They would review it.
        Could = "could", "Could";
        /// They would rather not.
        RatherNot = "rather_not", "Rather not";
        /// They cannot: it is never assigned to them. What they may see is another matter; see [`crate::conflict`].
        Cannot = "cannot", "Cannot";
    }
}

/// How many reviews somebody is given, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// At least so many.
    pub least: u16,
    /// At most so many.
    pub most: u16,
}

impl Load {
    /// Whether somebody can be given so many. `who` names them in the refusal.
    pub fn check(self, who: &str) -> Result<Self, Refusal> {
        let refuse = |problem: String, remedy: &str| Err(Refusal::new("load", problem, remedy));
        if self.least > self.most {
            let problem = format!("{who} would get at least {} and at most {}", self.least, self.most);
            return refuse(problem, "Lower the first or raise the second");
        }
        if self.most > REVIEWS_MAX {
            return refuse(format!("nobody writes {} reviews", self.most), "Give at most 500");
        }
        Ok(self)
    }
}

/// What the committee asks of the assignment of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// How many reviews every proposal must get. The call says how many it should get.
    pub needed: u16,
    /// The load of everybody for whom nothing else is said.
    pub load: Load,
}

impl Plan {
    /// What is asked where nobody said anything: all the reviews that the call wants of each, and nobody more than 20.
    pub fn usual(wanted: u8) -> Self {
        Self { needed: u16::from(wanted.min(2)), load: Load { least: 0, most: 20 } }
    }

    /// Whether it can be asked of a call that wants `wanted` reviews of each proposal.
    pub fn check(self, wanted: u8) -> Result<Self, Refusal> {
        if self.needed > u16::from(wanted) {
            let problem = format!("{} reviews are needed and the call wants only {wanted}", self.needed);
            return Err(Refusal::new("needed", problem, "Ask for fewer, or let the call want more"));
        }
        self.load.check("everybody")?;
        Ok(self)
    }
}

/// A proposal that wants reviews.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanting {
    /// Which.
    pub id: ProposalId,
    /// Its number.
    pub number: u32,
    /// Its title and abstract.
    pub text: String,
    /// What it is about.
    pub topics: Vec<TrackId>,
}

/// Somebody who can be asked for reviews.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub id: AccountId,
    /// How they are called.
    pub name: Line,
    /// How many reviews they are given.
    pub load: Load,
    /// What they say they know.
    pub topics: Vec<TrackId>,
    /// What they wrote: about themselves, and their own proposals.
    pub texts: Vec<String>,
}

/// A person and a proposal.
pub type Pair = (ProposalId, AccountId);

/// Everything that an assignment is made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// What wants reviews.
    pub proposals: Vec<Wanting>,
    /// Who can be asked.
    pub reviewers: Vec<Candidate>,
    /// How many reviews every proposal must get.
    pub needed: u16,
    /// How many every proposal should get.
    pub wanted: u16,
    /// What reviewers said.
    pub bids: BTreeMap<Pair, Bid>,
    /// Who must not review what.
    pub conflicts: BTreeSet<Pair>,
    /// What is settled: locked, or the review was begun.
    pub settled: BTreeSet<Pair>,
    /// What was assigned before, and stays where nothing better is found.
    pub earlier: BTreeSet<Pair>,
}

/// Why somebody is asked for a review, or is not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Why {
    /// How well they suit each other, from 0 to 1.
    pub affinity: f64,
    /// What the topics gave to that; none where they are not known.
    pub topics: Option<f64>,
    /// What the bid gave.
    pub bid: Option<f64>,
    /// What the likeness of the texts gave.
    pub text: Option<f64>,
    /// The words by which the texts are alike.
    #[serde(default)]
    pub words: Vec<String>,
    /// By how much the total would fall at least, if it were otherwise.
    pub margin: f64,
    /// Whether it was settled before the search.
    #[serde(default)]
    pub settled: bool,
}

/// Somebody and a proposal after the search.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    /// The proposal.
    pub proposal: ProposalId,
    /// The reviewer.
    pub reviewer: AccountId,
    /// Whether they are assigned; else they were the next best.
    pub assigned: bool,
    /// Why.
    pub why: Why,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_asks_for_nothing_that_cannot_be() {
        let load = Load { least: 0, most: 10 };
        assert!(Plan { needed: 3, load }.check(3).is_ok());
        assert_eq!(Plan { needed: 4, load }.check(3).unwrap_err().field, "needed");
        let upside_down = Load { least: 5, most: 4 };
        assert_eq!(Plan { needed: 1, load: upside_down }.check(3).unwrap_err().field, "load");
        assert!(Load { least: 0, most: 501 }.check("everybody").is_err());
        assert!(Plan::usual(0).check(0).is_ok());
    }
}
