//! The largest total, as a flow of least cost in a network of proposals and reviewers.
//!
//! Every proposal sends as many units as it wants reviews, at most one to each reviewer. A reviewer more, *nobody*, takes
//! what is wanted but not needed at a price above every gain, so that as many reviews as possible are given. Nobody aside,
//! no unit is worth a route of its own: the proposals begin with their best reviewers at a price of nothing, which is
//! optimal but breaks limits, and then units are moved along cheapest ways from reviewers above their upper limit to
//! those below it, and after that to those below their lower limit.
//!
//! That is the primal-dual method on a pseudoflow (Ahuja, Magnanti, Orlin, "Network flows", 1993, sections 9.7 and 9.8):
//! Dijkstra's algorithm on reduced costs finds how much dearer the crowded reviewers must become until a way opens, and
//! a search with current arcs (Dinic, 1970) then uses all ways that cost nothing more. Many pairs of equal affinity, as bids
//! give them, are so settled in a few rounds.

use super::{Affinity, Assignment, Infeasible, NEVER, Optimum, Pair, Problem};
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
};

/// Farther than every way.
const FAR: i64 = i64::MAX / 4;

/// The state of the search: an assignment of all wanted units, and prices with which it is optimal.
pub(super) struct Flow {
    /// How many real reviewers there are, and the place of nobody.
    nobody: usize,
    /// The worth of each free pair, a row for each proposal; [`NEVER`] for conflicts and for locked pairs.
    worth: Vec<i64>,
    /// The same, with [`NEVER`] also for the pairs that are assigned: a row is what a proposal could still take.
    open: Vec<i64>,
    /// How many units each proposal needs and wants beside its locked ones.
    least: Vec<u32>,
    most: Vec<u32>,
    /// The limits of the load of each reviewer beside the locked pairs, nobody the last.
    lower: Vec<u32>,
    upper: Vec<u32>,
    load: Vec<u32>,
    /// The proposals that each reviewer has, nobody the last.
    held: Vec<Vec<usize>>,
    /// How many units of each proposal go to nobody.
    unmet: Vec<u32>,
    /// What a unit that goes to nobody costs.
    penalty: i64,
    proposal_price: Vec<i64>,
    reviewer_price: Vec<i64>,
}

/// What is being repaired.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repair {
    /// Loads above the upper limit.
    Crowded,
    /// Loads below the lower limit.
    Idle,
}

/// Where a round of moves stands: each pair is looked at once in a round.
struct Round {
    /// How far each reviewer's proposals have been tried.
    proposal: Vec<usize>,
    /// How far each proposal's reviewers have been tried.
    reviewer: Vec<usize>,
    /// Reviewers from whom nobody more is reached.
    dead: Vec<bool>,
    /// Reviewers on the way that is being tried.
    on_way: Vec<bool>,
}

/// How far everything is from the reviewers that have too much.
struct Distances {
    reviewer: Vec<i64>,
    proposal: Vec<i64>,
    /// How far the nearest reviewer with room is; [`FAR`] for none.
    nearest: i64,
}

impl Flow {
    /// Every proposal with its best reviewers.
    pub(super) fn new(problem: &Problem) -> Result<Self, Infeasible> {
        let nobody = problem.reviewers.len();
        let mut worth = problem.affinity.clone();
        for &pair in &problem.preferred {
            if pair.proposal < problem.proposals.len() && pair.reviewer < nobody {
                worth[problem.place(pair)] = problem.worth(pair);
            }
        }
        let mut least: Vec<u32> = problem.proposals.iter().map(|limits| limits.least).collect();
        let mut most: Vec<u32> = problem.proposals.iter().map(|limits| limits.most).collect();
        let mut lower: Vec<u32> = problem.reviewers.iter().map(|limits| limits.least).collect();
        let mut upper: Vec<u32> = problem.reviewers.iter().map(|limits| limits.most).collect();
        let mut locked: HashMap<usize, u32> = HashMap::new();
        for &pair in &problem.locked {
            worth[problem.place(pair)] = NEVER;
            least[pair.proposal] = least[pair.proposal].saturating_sub(1);
            most[pair.proposal] = most[pair.proposal].saturating_sub(1);
            lower[pair.reviewer] = lower[pair.reviewer].saturating_sub(1);
            upper[pair.reviewer] = upper[pair.reviewer].saturating_sub(1);
            *locked.entry(pair.reviewer).or_default() += 1;
        }
        for (reviewer, limits) in problem.reviewers.iter().enumerate() {
            let locked = locked.get(&reviewer).copied().unwrap_or_default();
            if locked > limits.most {
                return Err(Infeasible::Locks { reviewer, locked, most: limits.most });
            }
        }
        lower.push(0);
        upper.push(u32::MAX);
        let free = || worth.iter().filter(|&&worth| worth != NEVER);
        let range = free().max().unwrap_or(&0) - free().min().unwrap_or(&0);
        // A way to nobody and back passes each proposal and each reviewer at most once.
        let penalty =
            (range + 1) * (problem.proposals.len().min(nobody) as i64 + 2) - free().min().unwrap_or(&0);
        let mut flow = Self {
            nobody,
            open: worth.clone(),
            worth,
            load: vec![0; nobody + 1],
            held: vec![vec![]; nobody + 1],
            unmet: vec![0; least.len()],
            proposal_price: vec![0; least.len()],
            reviewer_price: vec![0; nobody + 1],
            penalty,
            least,
            most,
            lower,
            upper,
        };
        flow.begin()?;
        Ok(flow)
    }

    /// Gives every proposal its best reviewers; among equals those with most room.
    fn begin(&mut self) -> Result<(), Infeasible> {
        for proposal in 0..self.most.len() {
            let mut choice: Vec<usize> =
                (0..self.nobody).filter(|&reviewer| self.worth(proposal, reviewer) != NEVER).collect();
            let wanted = self.most[proposal] as usize;
            if choice.len() < self.least[proposal] as usize {
                return Err(Infeasible::TooFewReviewers {
                    proposals: vec![proposal],
                    reviewers: vec![],
                    needed: self.least[proposal] - choice.len() as u32,
                    possible: 0,
                });
            }
            let rank = |&reviewer: &usize| {
                let room = i64::from(self.upper[reviewer]) - i64::from(self.load[reviewer]);
                (Reverse((self.worth(proposal, reviewer), room)), reviewer)
            };
            if wanted == 0 {
                self.proposal_price[proposal] =
                    choice.iter().map(|&reviewer| self.worth(proposal, reviewer)).max().unwrap_or_default();
                continue;
            }
            if choice.len() > wanted {
                choice.select_nth_unstable_by_key(wanted - 1, rank);
                choice.truncate(wanted);
            }
            choice.sort_unstable();
            let unmet = wanted - choice.len();
            self.proposal_price[proposal] = if unmet > 0 {
                -self.penalty
            } else {
                choice.iter().map(|&reviewer| self.worth(proposal, reviewer)).min().unwrap_or_default()
            };
            for reviewer in choice {
                self.give(proposal, reviewer);
            }
            for _ in 0..unmet {
                self.give(proposal, self.nobody);
            }
        }
        Ok(())
    }

    /// Brings all loads within the limits, or finds out why they cannot be.
    pub(super) fn solve(mut self) -> Result<Self, Infeasible> {
        for repair in [Repair::Crowded, Repair::Idle] {
            loop {
                while self.round(repair) {}
                if self.is_repaired(repair) {
                    break;
                }
                let distances = self.distances(repair);
                if distances.nearest == FAR {
                    return Err(self.cut(repair, &distances));
                }
                self.reprice(repair, &distances);
            }
        }
        Ok(self)
    }

    /// The answer, with the locked pairs, and the prices.
    pub(super) fn optimum(&self, problem: &Problem) -> Optimum {
        Optimum {
            assignment: Assignment::new(
                problem,
                self.free_pairs().chain(problem.locked.iter().copied()).collect(),
            ),
            proposal_prices: self.proposal_price.iter().copied().map(Affinity).collect(),
            reviewer_prices: self.reviewer_price[..self.nobody].iter().copied().map(Affinity).collect(),
            unmet: Affinity(-self.penalty - self.reviewer_price[self.nobody]),
        }
    }

    /// The assigned pairs without the locked ones.
    pub(super) fn free_pairs(&self) -> impl Iterator<Item = Pair> {
        let of = |(reviewer, held): (usize, &Vec<usize>)| {
            held.clone().into_iter().map(move |proposal| Pair { proposal, reviewer })
        };
        self.held[..self.nobody].iter().enumerate().flat_map(of)
    }

    /// How many wanted units of each proposal go to nobody, and how many may.
    pub(super) fn unmet(&self) -> impl Iterator<Item = (u32, u32)> {
        self.unmet
            .iter()
            .zip(self.most.iter().zip(&self.least))
            .map(|(unmet, (most, least))| (*unmet, most - least))
    }

    /// What a reviewer or nobody is worth to a proposal.
    fn worth(&self, proposal: usize, reviewer: usize) -> i64 {
        if reviewer == self.nobody { -self.penalty } else { self.worth[proposal * self.nobody + reviewer] }
    }

    /// The same, if the proposal could take one more unit there; else [`NEVER`].
    fn open(&self, proposal: usize, reviewer: usize) -> i64 {
        if reviewer < self.nobody {
            self.open[proposal * self.nobody + reviewer]
        } else if self.unmet[proposal] < self.most[proposal] - self.least[proposal] {
            -self.penalty
        } else {
            NEVER
        }
    }

    fn give(&mut self, proposal: usize, reviewer: usize) {
        self.load[reviewer] += 1;
        if reviewer < self.nobody {
            self.open[proposal * self.nobody + reviewer] = NEVER;
        } else {
            self.unmet[proposal] += 1;
            if self.unmet[proposal] > 1 {
                return;
            }
        }
        self.held[reviewer].push(proposal);
    }

    /// Takes away what stands at a place of what the reviewer has.
    fn take(&mut self, reviewer: usize, place: usize) {
        let proposal = self.held[reviewer][place];
        self.load[reviewer] -= 1;
        if reviewer < self.nobody {
            let pair = proposal * self.nobody + reviewer;
            self.open[pair] = self.worth[pair];
        } else {
            self.unmet[proposal] -= 1;
            if self.unmet[proposal] > 0 {
                return;
            }
        }
        self.held[reviewer].swap_remove(place);
    }

    /// Whether a unit of the reviewer should or may go elsewhere.
    fn can_spare(&self, repair: Repair, reviewer: usize) -> bool {
        match repair {
            Repair::Crowded => self.load[reviewer] > self.upper[reviewer],
            Repair::Idle => self.load[reviewer] > self.lower[reviewer],
        }
    }

    /// Whether a unit should or may come to the reviewer.
    fn has_room(&self, repair: Repair, reviewer: usize) -> bool {
        match repair {
            Repair::Crowded => self.load[reviewer] < self.upper[reviewer],
            Repair::Idle => self.load[reviewer] < self.lower[reviewer],
        }
    }

    fn is_repaired(&self, repair: Repair) -> bool {
        match repair {
            Repair::Crowded => (0..self.nobody).all(|reviewer| !self.can_spare(repair, reviewer)),
            Repair::Idle => (0..self.nobody).all(|reviewer| !self.has_room(repair, reviewer)),
        }
    }

    /// Moves units along ways that cost nothing at these prices, and says whether there was one.
    fn round(&mut self, repair: Repair) -> bool {
        let mut round = Round {
            proposal: vec![0; self.nobody + 1],
            reviewer: vec![0; self.most.len()],
            dead: vec![false; self.nobody + 1],
            on_way: vec![false; self.nobody + 1],
        };
        let mut moved = false;
        for reviewer in 0..=self.nobody {
            // A reviewer below the upper limit has no price in the first repair; in the second whoever has one would lose it.
            let free = repair == Repair::Crowded || self.reviewer_price[reviewer] == 0;
            while free && self.can_spare(repair, reviewer) && self.move_from(repair, reviewer, &mut round) {
                moved = true;
            }
        }
        moved
    }

    /// Moves one unit from the reviewer to one with room, by way of others, where that costs nothing.
    fn move_from(&mut self, repair: Repair, first: usize, round: &mut Round) -> bool {
        let mut way: Vec<(usize, usize)> = vec![];
        let mut reviewer = first;
        if round.dead[first] {
            return false;
        }
        'deeper: loop {
            round.on_way[reviewer] = true;
            while let Some(&proposal) = self.held[reviewer].get(round.proposal[reviewer]) {
                let price = self.proposal_price[proposal];
                if self.worth(proposal, reviewer) - self.reviewer_price[reviewer] == price {
                    while round.reviewer[proposal] <= self.nobody {
                        let next = round.reviewer[proposal];
                        if self.open(proposal, next) - self.reviewer_price[next] == price
                            && !round.dead[next]
                            && !round.on_way[next]
                        {
                            way.push((reviewer, proposal));
                            if self.has_room(repair, next) {
                                self.follow(&way, next, round);
                                return true;
                            }
                            reviewer = next;
                            continue 'deeper;
                        }
                        round.reviewer[proposal] += 1;
                    }
                }
                round.proposal[reviewer] += 1;
            }
            round.dead[reviewer] = true;
            round.on_way[reviewer] = false;
            let Some((back, proposal)) = way.pop() else { return false };
            round.reviewer[proposal] += 1;
            reviewer = back;
        }
    }

    fn follow(&mut self, way: &[(usize, usize)], last: usize, round: &mut Round) {
        let nexts = way.iter().skip(1).map(|&(reviewer, _)| reviewer).chain([last]);
        for (&(reviewer, proposal), next) in way.iter().zip(nexts) {
            self.take(reviewer, round.proposal[reviewer]);
            self.give(proposal, next);
            round.on_way[reviewer] = false;
        }
    }

    /// Dijkstra's algorithm on reduced costs, as far as the nearest reviewer with room.
    fn distances(&self, repair: Repair) -> Distances {
        let mut reviewer_distance = vec![FAR; self.nobody + 1];
        let mut proposal_distance = vec![FAR; self.most.len()];
        let mut nearest = FAR;
        // Reviewers by their places, then proposals.
        let mut queue = BinaryHeap::new();
        for reviewer in (0..=self.nobody).filter(|&reviewer| self.can_spare(repair, reviewer)) {
            // To fall below the upper limit a reviewer must first lose the price.
            let start = if repair == Repair::Crowded { 0 } else { self.reviewer_price[reviewer] };
            reviewer_distance[reviewer] = start;
            queue.push(Reverse((start, reviewer)));
        }
        while let Some(Reverse((distance, node))) = queue.pop() {
            if distance >= nearest {
                break;
            }
            if node <= self.nobody {
                if distance > reviewer_distance[node] {
                    continue;
                }
                for &proposal in &self.held[node] {
                    let cost = self.worth(proposal, node)
                        - self.reviewer_price[node]
                        - self.proposal_price[proposal];
                    let there = distance + cost;
                    if there < proposal_distance[proposal] && there < nearest {
                        proposal_distance[proposal] = there;
                        queue.push(Reverse((there, self.nobody + 1 + proposal)));
                    }
                }
                continue;
            }
            let proposal = node - self.nobody - 1;
            if distance > proposal_distance[proposal] {
                continue;
            }
            let base = distance + self.proposal_price[proposal];
            let row = &self.open[proposal * self.nobody..][..self.nobody];
            let nobody = self.open(proposal, self.nobody);
            let costs = row.iter().chain([&nobody]).zip(&self.reviewer_price);
            for (reviewer, ((open, price), far)) in costs.zip(&mut reviewer_distance).enumerate() {
                let there = base + price - open;
                if there < *far && there < nearest {
                    *far = there;
                    if self.has_room(repair, reviewer) {
                        nearest = there;
                    } else {
                        queue.push(Reverse((there, reviewer)));
                    }
                }
            }
        }
        Distances { reviewer: reviewer_distance, proposal: proposal_distance, nearest }
    }

    /// Changes the prices so that the nearest way costs nothing and no other less.
    fn reprice(&mut self, repair: Repair, distances: &Distances) {
        // What is nearer than the nearest reviewer with room becomes dearer by the difference; in the second repair
        // everything then becomes cheaper by the whole way, so that reviewers within their limits keep a price of nothing.
        let base = if repair == Repair::Crowded { 0 } else { distances.nearest };
        for (price, distance) in self.reviewer_price.iter_mut().zip(&distances.reviewer) {
            *price += (distances.nearest - distance).max(0) - base;
        }
        for (price, distance) in self.proposal_price.iter_mut().zip(&distances.proposal) {
            *price -= (distances.nearest - distance).max(0) - base;
        }
    }

    /// The limits that cannot be met together, from what is within reach and what is not.
    fn cut(&self, repair: Repair, distances: &Distances) -> Infeasible {
        let reached = |reviewer: usize| distances.reviewer[reviewer] < FAR;
        let count = |proposal: usize, among: &dyn Fn(usize) -> bool| {
            let row = &self.worth[proposal * self.nobody..][..self.nobody];
            row.iter().enumerate().filter(|(reviewer, worth)| **worth != NEVER && among(*reviewer)).count()
                as u32
        };
        match repair {
            Repair::Crowded => {
                let reviewers: Vec<usize> = (0..self.nobody).filter(|&reviewer| reached(reviewer)).collect();
                let mut proposals = vec![];
                let mut needed = 0;
                for proposal in (0..self.most.len()).filter(|&proposal| distances.proposal[proposal] < FAR) {
                    proposals.push(proposal);
                    needed +=
                        self.least[proposal].saturating_sub(count(proposal, &|reviewer| !reached(reviewer)));
                }
                let possible = reviewers.iter().map(|&reviewer| self.upper[reviewer]).sum();
                Infeasible::TooFewReviewers { proposals, reviewers, needed, possible }
            }
            Repair::Idle => {
                let left = |reviewer: usize| !reached(reviewer) && self.lower[reviewer] > 0;
                let reviewers: Vec<usize> = (0..self.nobody).filter(|&reviewer| left(reviewer)).collect();
                let mut proposals = vec![];
                let mut possible = 0;
                for proposal in 0..self.most.len() {
                    let open = count(proposal, &left);
                    if open > 0 {
                        proposals.push(proposal);
                        possible += open.min(self.most[proposal]);
                    }
                }
                let needed = reviewers.iter().map(|&reviewer| self.lower[reviewer]).sum();
                Infeasible::TooFewProposals { reviewers, proposals, needed, possible }
            }
        }
    }
}
