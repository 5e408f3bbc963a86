//! The fairest assignment: first the score of the proposal that is worst off, then the total.
//!
//! A search through cyclic exchanges (Thompson and Psaraftis, "Cyclic transfer algorithms for multivehicle routing and
//! scheduling problems", 1993), begun at the largest total. In an exchange several proposals pass one reviewer on: the
//! first gives its reviewer to the second, that one another to the third, and so on, until the last gives one to the first,
//! or the chain begins at a reviewer who has room and ends at one who may do with less. All exchanges together are the cycles
//! of a graph of reviewers with the best proposal for each step, and one that gains is a cycle of positive length, which
//! Bellman's and Ford's algorithm finds.
//!
//! A gain is judged against a *floor*: what proposals lack below it counts before any total. The floor begins at what
//! the best reviewers alone would give every proposal, above which nothing is possible, or at what is said to be enough,
//! and is halved towards the least score reached so far.

use super::{Assignment, NEVER, Pair, Problem, flow::Flow};

/// How often the floor is tried between what is reached and what is not.
const HALVINGS: usize = 12;

/// What a step or an exchange gains: what proposals lack below the floor first, the total second.
type Gain = i128;

/// No step.
const NO_GAIN: Gain = Gain::MIN / 4;

/// A gain out of what proposals lack less and what the total grows by.
fn gain(lack: i64, worth: i64) -> Gain {
    (Gain::from(lack) << 64) + Gain::from(worth)
}

/// The best way to pass a proposal from one reviewer to another.
#[derive(Clone, Copy)]
struct Step {
    gain: Gain,
    proposal: usize,
}

const NO_STEP: Step = Step { gain: NO_GAIN, proposal: usize::MAX };

/// One proposal that passes from one reviewer to another.
#[derive(Clone, Copy)]
struct Move {
    proposal: usize,
    from: usize,
    to: usize,
}

/// What changes from one trial to the next.
#[derive(Clone)]
struct State {
    /// For each proposal its reviewers; nobody as often as there are reviews missing.
    reviewers: Vec<Vec<usize>>,
    /// For each reviewer, and for nobody, the proposals; once each.
    proposals: Vec<Vec<usize>>,
    /// For each proposal the sum of affinities, locked ones included.
    scores: Vec<i64>,
    /// The total of what the pairs are worth.
    worth: i64,
}

impl State {
    /// How often the proposal has the reviewer: at most once, but for nobody.
    fn count(&self, proposal: usize, reviewer: usize) -> usize {
        self.reviewers[proposal].iter().filter(|&&other| other == reviewer).count()
    }
}

/// The search.
pub(super) struct Search<'a> {
    problem: &'a Problem,
    /// How many real reviewers there are, and the place of nobody; one further stands the room that reviewers have left.
    nobody: usize,
    /// The affinity of each free pair, a row for each proposal and nobody the last of each; [`NEVER`] for conflicts and locks.
    affinity: Vec<i64>,
    /// The same with what a preferred pair is worth.
    worth: Vec<i64>,
    /// How many reviews each proposal may do without.
    spare: Vec<usize>,
    /// The limits of each reviewer beside the locked pairs.
    limits: Vec<(usize, usize)>,
    state: State,
}

impl<'a> Search<'a> {
    /// Begins at the largest total.
    pub(super) fn new(problem: &'a Problem, flow: &Flow) -> Self {
        let nobody = problem.reviewers.len();
        let width = nobody + 1;
        let mut limits: Vec<(usize, usize)> =
            problem.reviewers.iter().map(|limits| (limits.least as usize, limits.most as usize)).collect();
        let mut affinity = vec![0; problem.proposals.len() * width];
        let mut worth = affinity.clone();
        for proposal in 0..problem.proposals.len() {
            let row = &problem.affinity[proposal * nobody..][..nobody];
            affinity[proposal * width..][..nobody].copy_from_slice(row);
            for reviewer in 0..nobody {
                worth[proposal * width + reviewer] = problem.worth(Pair { proposal, reviewer });
            }
        }
        let mut state = State {
            reviewers: vec![vec![]; problem.proposals.len()],
            proposals: vec![vec![]; width],
            scores: vec![0; problem.proposals.len()],
            worth: 0,
        };
        for pair in &problem.locked {
            let place = pair.proposal * width + pair.reviewer;
            state.scores[pair.proposal] += affinity[place];
            affinity[place] = NEVER;
            worth[place] = NEVER;
            let (least, most) = &mut limits[pair.reviewer];
            *least = least.saturating_sub(1);
            *most = most.saturating_sub(1);
        }
        let mut search = Self { problem, nobody, affinity, worth, spare: vec![], limits, state };
        for (proposal, (unmet, spare)) in flow.unmet().enumerate() {
            search.spare.push(spare as usize);
            for _ in 0..unmet {
                search.give(proposal, nobody);
            }
        }
        for pair in flow.free_pairs() {
            search.give(pair.proposal, pair.reviewer);
        }
        search
    }

    /// Searches, and gives the best that was found. Scores above what is enough count only for the total.
    pub(super) fn run(mut self, enough: Option<i64>) -> Assignment {
        let start = self.state.clone();
        let Some(mut reached) = self.least() else { return self.assignment() };
        let mut ceiling = self.ceiling().min(enough.unwrap_or(i64::MAX));
        // A least score above what is enough binds nothing.
        let bound = |least: i64| least.min(enough.unwrap_or(i64::MAX));
        reached = bound(reached);
        let mut floor = ceiling;
        for _ in 0..HALVINGS {
            if reached >= ceiling {
                break;
            }
            let before = self.state.clone();
            self.climb(floor, true);
            match self.least() {
                Some(least) if bound(least) > reached => reached = bound(least),
                _ => self.state = before,
            }
            if reached < floor {
                ceiling = floor - 1;
            }
            floor = reached + (ceiling - reached + 1) / 2;
        }
        // With the floor known, the total: once more from the largest, and from where the floor was reached.
        self.climb(reached, false);
        let found = std::mem::replace(&mut self.state, start);
        self.climb(reached, false);
        if self.least().map(bound) < Some(reached) || self.state.worth < found.worth {
            self.state = found;
        }
        self.assignment()
    }

    fn assignment(&self) -> Assignment {
        let free = self.state.reviewers.iter().enumerate().flat_map(|(proposal, reviewers)| {
            let real = reviewers.iter().filter(|&&reviewer| reviewer != self.nobody);
            real.map(move |&reviewer| Pair { proposal, reviewer })
        });
        Assignment::new(self.problem, free.chain(self.problem.locked.iter().copied()).collect())
    }

    /// The proposals that want reviews.
    fn wanting(&self) -> impl Iterator<Item = usize> {
        let limits = self.problem.proposals.iter().enumerate();
        limits.filter(|(_, limits)| limits.most > 0).map(|(proposal, _)| proposal)
    }

    /// The least score.
    fn least(&self) -> Option<i64> {
        self.wanting().map(|proposal| self.state.scores[proposal]).min()
    }

    /// What no least score can exceed: a proposal's best reviewers beside the locked ones, if it had them all.
    fn ceiling(&self) -> i64 {
        let width = self.nobody + 1;
        let most = |proposal: usize| {
            let mut row: Vec<i64> = self.affinity[proposal * width..][..self.nobody]
                .iter()
                .copied()
                .filter(|&affinity| affinity != NEVER)
                .collect();
            row.sort_unstable_by(|one, other| other.cmp(one));
            let free = &self.state.reviewers[proposal];
            let mine: i64 = free.iter().map(|&reviewer| self.affinity[proposal * width + reviewer]).sum();
            let best: i64 = row.iter().take(free.len()).map(|&affinity| affinity.max(0)).sum();
            self.state.scores[proposal] - mine + best
        };
        self.wanting().map(most).min().unwrap_or_default()
    }

    /// Exchanges as long as one gains; where only the floor matters, as long as a proposal lies below it.
    fn climb(&mut self, floor: i64, only_floor: bool) {
        let mut steps = vec![NO_STEP; (self.nobody + 2) * (self.nobody + 2)];
        let mut stale: Vec<usize> = (0..=self.nobody).collect();
        let mut passed: Vec<usize> = vec![];
        loop {
            if only_floor && self.least() >= Some(floor) {
                return;
            }
            for reviewer in stale.drain(..) {
                self.fill(&mut steps, reviewer, floor);
            }
            self.fill_room(&mut steps);
            let Some(moves) = self.cycle(&steps) else { return };
            if self.gains(&moves, floor) > 0 {
                stale = self.make(&moves);
                stale.append(&mut passed);
                stale.sort_unstable();
                stale.dedup();
            } else {
                // A proposal takes part twice, and its two steps together gain less than each alone.
                for step in &moves {
                    steps[step.from * (self.nobody + 2) + step.to] = NO_STEP;
                    passed.push(step.from);
                }
            }
        }
    }

    /// The best steps from a reviewer.
    fn fill(&self, steps: &mut [Step], from: usize, floor: i64) {
        let width = self.nobody + 1;
        let steps = &mut steps[from * (width + 1)..][..width];
        steps.fill(NO_STEP);
        for &proposal in &self.state.proposals[from] {
            let affinity = &self.affinity[proposal * width..][..width];
            let worth = &self.worth[proposal * width..][..width];
            let score = self.state.scores[proposal];
            let lacks = (floor - score).max(0);
            let (left, lost) = (score - affinity[from], worth[from]);
            for (to, step) in steps.iter_mut().enumerate() {
                if affinity[to] == NEVER {
                    continue;
                }
                let lack = (floor - left - affinity[to]).max(0);
                let gain = gain(lacks - lack, worth[to] - lost);
                if gain > step.gain && self.may_take(proposal, to) {
                    *step = Step { gain, proposal };
                }
            }
        }
    }

    /// The steps to and from the room that reviewers have left.
    fn fill_room(&self, steps: &mut [Step]) {
        let width = self.nobody + 2;
        let room = self.nobody + 1;
        for (reviewer, &(least, most)) in self.limits.iter().enumerate() {
            let load = self.state.proposals[reviewer].len();
            let free = |is_free: bool| Step { gain: if is_free { 0 } else { NO_GAIN }, ..NO_STEP };
            steps[reviewer * width + room] = free(load < most);
            steps[room * width + reviewer] = free(load > least);
        }
    }

    /// Whether the proposal could have the reviewer too.
    fn may_take(&self, proposal: usize, reviewer: usize) -> bool {
        let most = if reviewer == self.nobody { self.spare[proposal] } else { 1 };
        self.state.count(proposal, reviewer) < most
    }

    /// A cycle of steps with a positive sum, without those that end or begin in room.
    fn cycle(&self, steps: &[Step]) -> Option<Vec<Move>> {
        let width = self.nobody + 2;
        let mut sums: Vec<Gain> = vec![0; width];
        let mut parents: Vec<usize> = vec![usize::MAX; width];
        for _ in 0..=width {
            let mut changed = false;
            for from in 0..width {
                let base = sums[from];
                for (to, step) in steps[from * width..][..width].iter().enumerate() {
                    if base + step.gain > sums[to] && to != from {
                        sums[to] = base + step.gain;
                        parents[to] = from;
                        changed = true;
                    }
                }
            }
            if !changed {
                return None;
            }
            if let Some(on_cycle) = cycle_of(&parents) {
                let mut moves = vec![];
                let mut to = on_cycle;
                loop {
                    let from = parents[to];
                    if from <= self.nobody && to <= self.nobody {
                        moves.push(Move { proposal: steps[from * width + to].proposal, from, to });
                    }
                    to = from;
                    if to == on_cycle {
                        return Some(moves);
                    }
                }
            }
        }
        None
    }

    /// What moves gain together; nothing where they cannot be made together.
    fn gains(&self, moves: &[Move], floor: i64) -> Gain {
        let width = self.nobody + 1;
        let mut sum = 0;
        for (place, first) in moves.iter().enumerate() {
            let proposal = first.proposal;
            if moves[..place].iter().any(|earlier| earlier.proposal == proposal) {
                continue;
            }
            let (mut score, mut worth) = (self.state.scores[proposal], 0);
            let mut taken: Vec<usize> = vec![];
            for step in moves[place..].iter().filter(|step| step.proposal == proposal) {
                if taken.contains(&step.to) {
                    return 0;
                }
                taken.push(step.to);
                score +=
                    self.affinity[proposal * width + step.to] - self.affinity[proposal * width + step.from];
                worth += self.worth[proposal * width + step.to] - self.worth[proposal * width + step.from];
            }
            sum += gain((floor - self.state.scores[proposal]).max(0) - (floor - score).max(0), worth);
        }
        sum
    }

    /// Makes moves, and names the reviewers whose steps change.
    fn make(&mut self, moves: &[Move]) -> Vec<usize> {
        let mut stale = vec![];
        for step in moves {
            stale.extend_from_slice(&self.state.reviewers[step.proposal]);
            self.take(step.proposal, step.from);
        }
        for step in moves {
            self.give(step.proposal, step.to);
            stale.extend_from_slice(&self.state.reviewers[step.proposal]);
        }
        stale
    }

    fn give(&mut self, proposal: usize, reviewer: usize) {
        if self.state.count(proposal, reviewer) == 0 {
            self.state.proposals[reviewer].push(proposal);
        }
        self.state.reviewers[proposal].push(reviewer);
        let place = proposal * (self.nobody + 1) + reviewer;
        self.state.scores[proposal] += self.affinity[place];
        self.state.worth += self.worth[place];
    }

    fn take(&mut self, proposal: usize, reviewer: usize) {
        if let Some(place) = self.state.reviewers[proposal].iter().position(|&other| other == reviewer) {
            self.state.reviewers[proposal].swap_remove(place);
        }
        if self.state.count(proposal, reviewer) == 0 {
            self.state.proposals[reviewer].retain(|&other| other != proposal);
        }
        let place = proposal * (self.nobody + 1) + reviewer;
        self.state.scores[proposal] -= self.affinity[place];
        self.state.worth -= self.worth[place];
    }
}

/// A node on a cycle of the graph in which each node has at most one parent.
fn cycle_of(parents: &[usize]) -> Option<usize> {
    // Which walk came by first.
    let mut seen = vec![usize::MAX; parents.len()];
    for start in 0..parents.len() {
        let mut node = start;
        while node != usize::MAX && seen[node] == usize::MAX {
            seen[node] = start;
            node = parents[node];
        }
        if node != usize::MAX && seen[node] == start {
            return Some(node);
        }
    }
    None
}
