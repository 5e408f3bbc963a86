use super::*;
use proptest::{prelude::*, strategy::ValueTree};

fn limits(least: u32, most: u32) -> Limits {
    Limits::new(least, most).unwrap()
}

fn points(value: f64) -> Affinity {
    Affinity::new(value).unwrap()
}

fn pair(proposal: usize, reviewer: usize) -> Pair {
    Pair { proposal, reviewer }
}

/// A problem with a row of affinities for each proposal; not a number for a conflict.
fn problem(proposals: &[Limits], reviewers: &[Limits], rows: &[&[f64]]) -> Problem {
    let mut problem = Problem::new(proposals.to_vec(), reviewers.to_vec()).unwrap();
    for (proposal, row) in rows.iter().enumerate() {
        for (reviewer, &value) in row.iter().enumerate() {
            let pairing = Affinity::new(value).map_or(Pairing::Conflict, Pairing::Open);
            problem.set(pair(proposal, reviewer), pairing).unwrap();
        }
    }
    problem
}

/// Every assignment within the limits, each proposal's reviewers as bits.
fn every(problem: &Problem) -> Vec<Vec<Pair>> {
    fn extend(problem: &Problem, proposal: usize, pairs: &mut Vec<Pair>, all: &mut Vec<Vec<Pair>>) {
        let loads = |reviewer| pairs.iter().filter(|pair| pair.reviewer == reviewer).count() as u32;
        if proposal == problem.proposals().len() {
            if problem
                .reviewers()
                .iter()
                .enumerate()
                .all(|(reviewer, limits)| loads(reviewer) >= limits.least())
            {
                all.push(pairs.clone());
            }
            return;
        }
        let full: Vec<bool> = (0..problem.reviewers().len())
            .map(|reviewer| loads(reviewer) >= problem.reviewers()[reviewer].most())
            .collect();
        'sets: for set in 0..1_u32 << problem.reviewers().len() {
            let before = pairs.len();
            let locked = (0..problem.reviewers().len())
                .filter(|&reviewer| matches!(problem.pairing(pair(proposal, reviewer)), Pairing::Locked(_)))
                .count() as u32;
            let limits = problem.proposals()[proposal];
            if set.count_ones() < limits.least() || set.count_ones() > limits.most().max(locked) {
                continue;
            }
            for (reviewer, is_full) in full.iter().enumerate() {
                let is_in = set & 1 << reviewer != 0;
                let fits = match problem.pairing(pair(proposal, reviewer)) {
                    Pairing::Open(_) => !is_in || !is_full,
                    Pairing::Locked(_) => is_in && !is_full,
                    Pairing::Conflict => !is_in,
                };
                if !fits {
                    pairs.truncate(before);
                    continue 'sets;
                }
                if is_in {
                    pairs.push(pair(proposal, reviewer));
                }
            }
            extend(problem, proposal + 1, pairs, all);
            pairs.truncate(before);
        }
    }
    let mut all = vec![];
    extend(problem, 0, &mut vec![], &mut all);
    all
}

/// How many wanted reviews are given, locked ones beyond what is wanted aside.
fn given(assignment: &Assignment, problem: &Problem) -> u32 {
    problem.proposals().iter().map(|limits| limits.most()).sum::<u32>()
        - assignment.missing.iter().sum::<u32>()
}

/// Adds up the limits of those named in a refusal by the problem alone: whether they really cannot be met.
fn is_contradiction(problem: &Problem, why: &Infeasible) -> bool {
    let locked = |pair| matches!(problem.pairing(pair), Pairing::Locked(_));
    let open = |pair| matches!(problem.pairing(pair), Pairing::Open(_));
    let proposals = 0..problem.proposals().len();
    let reviewers = 0..problem.reviewers().len();
    let locked_of_reviewer =
        |reviewer| proposals.clone().filter(|&proposal| locked(pair(proposal, reviewer))).count() as u32;
    let locked_of_proposal =
        |proposal| reviewers.clone().filter(|&reviewer| locked(pair(proposal, reviewer))).count() as u32;
    match why {
        Infeasible::Locks { reviewer, locked, most } => {
            *locked == locked_of_reviewer(*reviewer)
                && *most == problem.reviewers()[*reviewer].most()
                && locked > most
        }
        Infeasible::TooFewReviewers { proposals, reviewers: few, needed, possible } => {
            let others = |proposal: usize| {
                let elsewhere =
                    |&reviewer: &usize| !few.contains(&reviewer) && open(pair(proposal, reviewer));
                reviewers.clone().filter(elsewhere).count() as u32
            };
            let need = |&proposal: &usize| {
                let least = problem.proposals()[proposal].least();
                least.saturating_sub(locked_of_proposal(proposal)).saturating_sub(others(proposal))
            };
            let room =
                |&reviewer: &usize| problem.reviewers()[reviewer].most() - locked_of_reviewer(reviewer);
            *needed == proposals.iter().map(need).sum::<u32>()
                && *possible == few.iter().map(room).sum::<u32>()
                && needed > possible
        }
        Infeasible::TooFewProposals { reviewers: idle, proposals: named, needed, possible } => {
            let need = |&reviewer: &usize| {
                problem.reviewers()[reviewer].least().saturating_sub(locked_of_reviewer(reviewer))
            };
            let give = |proposal: usize| {
                let to = idle.iter().filter(|&&reviewer| open(pair(proposal, reviewer))).count() as u32;
                assert_eq!(to > 0, named.contains(&proposal), "{proposal} is named");
                to.min(problem.proposals()[proposal].most().saturating_sub(locked_of_proposal(proposal)))
            };
            *needed == idle.iter().map(need).sum::<u32>()
                && *possible == proposals.clone().map(give).sum::<u32>()
                && needed > possible
        }
    }
}

/// Complementary slackness, pair by pair, for an assignment in which nothing wanted is missing.
fn is_slack(problem: &Problem, optimum: &Optimum) -> bool {
    let pairs = (0..problem.proposals().len())
        .flat_map(|proposal| (0..problem.reviewers().len()).map(move |reviewer| pair(proposal, reviewer)));
    let by_pair = pairs.into_iter().all(|pair| match optimum.explain(problem, pair) {
        Reason::Locked => optimum.assignment.has(pair),
        Reason::Conflict => !optimum.assignment.has(pair),
        Reason::Assigned { worth } => worth >= Affinity::ZERO,
        Reason::Passed { cost } => cost >= Affinity::ZERO,
    });
    let by_reviewer = optimum.reviewer_prices.iter().enumerate().all(|(reviewer, &price)| {
        let load = optimum.assignment.loads[reviewer];
        let limits = problem.reviewers()[reviewer];
        let locked =
            |proposal: &usize| matches!(problem.pairing(pair(*proposal, reviewer)), Pairing::Locked(_));
        let locked = (0..problem.proposals().len()).filter(locked).count() as u32;
        (price <= Affinity::ZERO || load == limits.most())
            && (price >= Affinity::ZERO || load == limits.least().max(locked))
    });
    by_pair && by_reviewer
}

/// Small problems of every kind: ties, negative affinities, conflicts, locks, both limits on both sides.
fn small() -> impl Strategy<Value = Problem> {
    (1_usize..=4, 1_usize..=4).prop_flat_map(|(proposals, reviewers)| {
        let side = |count, most: u32| {
            prop::collection::vec((0..=most, 0..=most), count).prop_map(|sides| {
                sides
                    .into_iter()
                    .map(|(one, other)| limits(one.min(other), one.max(other)))
                    .collect::<Vec<_>>()
            })
        };
        let pairing = prop_oneof![
            3 => (-2_i32..=4).prop_map(|quarters| Pairing::Open(points(f64::from(quarters) / 4.0))),
            3 => (0.0..1.0).prop_map(|value| Pairing::Open(points(value))),
            1 => Just(Pairing::Conflict),
            1 => (0.0..1.0).prop_map(|value| Pairing::Locked(points(value))),
        ];
        let pairings = prop::collection::vec(pairing, proposals * reviewers);
        (side(proposals, 3), side(reviewers, 4), pairings).prop_map(
            move |(proposals, reviewers, pairings)| {
                let columns = reviewers.len();
                let mut problem = Problem::new(proposals, reviewers).unwrap();
                for (place, pairing) in pairings.into_iter().enumerate() {
                    problem.set(pair(place / columns, place % columns), pairing).unwrap();
                }
                problem
            },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn no_assignment_gives_more_reviews_or_as_many_with_a_larger_total(problem in small()) {
        let all: Vec<Assignment> =
            every(&problem).into_iter().map(|pairs| Assignment::new(&problem, pairs)).collect();
        let best = all.iter().map(|assignment| (given(assignment, &problem), assignment.total)).max();
        match problem.best() {
            Ok(optimum) => {
                prop_assert!(all.contains(&optimum.assignment), "the answer keeps the limits");
                prop_assert_eq!(Some((given(&optimum.assignment, &problem), optimum.assignment.total)), best);
                prop_assert!(optimum.is_proven(&problem));
                if optimum.assignment.missing.iter().all(|&missing| missing == 0) {
                    prop_assert!(is_slack(&problem, &optimum));
                }
            }
            Err(why) => {
                prop_assert_eq!(best, None);
                prop_assert!(is_contradiction(&problem, &why), "{:?}", why);
            }
        }
    }

    #[test]
    fn to_change_one_pair_costs_at_least_what_is_said(problem in small()) {
        let Ok(optimum) = problem.best() else { return Ok(()) };
        for proposal in 0..problem.proposals().len() {
            for reviewer in 0..problem.reviewers().len() {
                let pair = pair(proposal, reviewer);
                let said = match optimum.explain(&problem, pair) {
                    Reason::Assigned { worth } => worth,
                    Reason::Passed { cost } => cost,
                    Reason::Locked | Reason::Conflict => continue,
                };
                let Ok(second) = optimum.otherwise(&problem, pair) else { continue };
                prop_assert_ne!(optimum.assignment.has(pair), second.assignment.has(pair));
                if given(&second.assignment, &problem) == given(&optimum.assignment, &problem)
                    && problem.proposals()[proposal].most() >= second.assignment.pairs.iter()
                        .filter(|pair| pair.proposal == proposal).count() as u32
                {
                    prop_assert!(optimum.assignment.total - second.assignment.total >= said);
                }
            }
        }
    }

    #[test]
    fn a_rerun_with_a_preference_changes_no_more_than_one_without(problem in small(), seed in any::<u64>()) {
        let Ok(first) = problem.best() else { return Ok(()) };
        let mut changed = problem.clone();
        let proposal = seed as usize % problem.proposals().len();
        let reviewer = (seed >> 32) as usize % problem.reviewers().len();
        changed.set(pair(proposal, reviewer), Pairing::Conflict).unwrap();
        let Ok(free) = changed.best() else { return Ok(()) };
        changed.prefer(first.assignment.pairs.iter().copied(), points(0.25)).unwrap();
        let steady = changed.best().unwrap();
        let kept = |answer: &Optimum| answer.assignment.pairs.iter().filter(|pair| first.assignment.has(**pair)).count();
        prop_assert!(steady.is_proven(&changed));
        prop_assert!(kept(&steady) >= kept(&free));
        prop_assert!(steady.assignment.total <= free.assignment.total);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn the_fairest_keeps_every_limit_and_the_worst_off_is_no_worse(problem in small(), enough in prop::option::of(-1.0..3.0)) {
        let enough = enough.map(points);
        match (problem.best(), problem.fairest(enough)) {
            (Ok(best), Ok(fair)) => {
                let best = best.assignment;
                prop_assert!(every(&problem).contains(&fair.pairs));
                prop_assert_eq!(given(&fair, &problem), given(&best, &problem));
                let least = |assignment: &Assignment| {
                    assignment.least_score(&problem).map(|least| enough.map_or(least, |enough| least.min(enough)))
                };
                prop_assert!(least(&fair) >= least(&best));
                prop_assert!(fair.total <= best.total);
                if least(&fair) == least(&best) {
                    prop_assert_eq!(fair.total, best.total, "nothing is given up for nothing");
                }
            }
            (best, fair) => prop_assert_eq!(best.err(), fair.err()),
        }
    }
}

#[test]
fn the_worst_off_is_raised_as_far_as_it_can_be() {
    // The search proves nothing, so it is held against all assignments of problems that are the same in every run.
    let (mut feasible, mut fairest, mut largest) = (0, 0, 0);
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    while feasible < 500 {
        let problem = small().new_tree(&mut runner).unwrap().current();
        let Ok(fair) = problem.fairest(None) else { continue };
        feasible += 1;
        let all = every(&problem).into_iter().map(|pairs| Assignment::new(&problem, pairs));
        let as_many = all.filter(|other| given(other, &problem) == given(&fair, &problem));
        let best = as_many.map(|other| (other.least_score(&problem), other.total)).max().unwrap();
        fairest += usize::from(fair.least_score(&problem) == best.0);
        largest += usize::from((fair.least_score(&problem), fair.total) == best);
    }
    assert!(fairest >= 495 && largest >= 490, "{fairest} and {largest} of {feasible}");
}

#[test]
fn fairness_gives_up_a_total_for_the_one_who_is_worst_off() {
    let problem = problem(&[limits(1, 1); 2], &[limits(0, 1); 2], &[&[1.0, 0.3], &[0.4, 0.1]]);
    assert_eq!(problem.best().unwrap().assignment.pairs, [pair(0, 0), pair(1, 1)]);
    assert_eq!(problem.fairest(None).unwrap().pairs, [pair(0, 1), pair(1, 0)]);
    assert_eq!(problem.fairest(Some(points(0.1))).unwrap().pairs, [pair(0, 0), pair(1, 1)]);
}

#[test]
fn the_best_pair_yields_where_two_others_gain_more() {
    // Alone each proposal would take the first reviewer, who has time for one.
    let problem = problem(&[limits(1, 1); 2], &[limits(0, 1); 2], &[&[0.9, 0.8], &[0.7, 0.1]]);
    let optimum = problem.best().unwrap();
    assert_eq!(optimum.assignment.pairs, [pair(0, 1), pair(1, 0)]);
    assert_eq!(optimum.assignment.total, points(0.8) + points(0.7));
    let second = optimum.otherwise(&problem, pair(0, 0)).unwrap().assignment;
    assert_eq!(second.pairs, [pair(0, 0), pair(1, 1)]);
    assert_eq!(
        optimum.assignment.total - second.total,
        points(0.8) + points(0.7) - points(0.9) - points(0.1)
    );
}

#[test]
fn a_reviewer_below_the_lower_limit_gets_what_costs_least() {
    let problem = problem(&[limits(1, 1); 2], &[limits(0, 2), limits(1, 2)], &[&[0.9, 0.1], &[0.7, 0.2]]);
    let optimum = problem.best().unwrap();
    assert_eq!(optimum.assignment.pairs, [pair(0, 0), pair(1, 1)]);
    assert_eq!(optimum.reviewer_prices[1], points(0.2) - points(0.7));
}

#[test]
fn a_shortage_leaves_wanted_reviews_undone_but_no_needed_one() {
    let problem =
        problem(&[limits(1, 2), limits(2, 2)], &[limits(0, 2), limits(0, 1)], &[&[1.0, 1.0], &[0.1, 0.1]]);
    let assignment = problem.best().unwrap().assignment;
    assert_eq!(assignment.pairs, [pair(0, 0), pair(1, 0), pair(1, 1)]);
    assert_eq!(assignment.missing, [1, 0]);
}

#[test]
fn a_refusal_names_the_proposals_the_reviewers_and_by_how_much() {
    let never = f64::NAN;
    let problem = problem(
        &[limits(1, 1), limits(1, 1), limits(1, 1)],
        &[limits(0, 1), limits(0, 5)],
        &[&[0.5, never], &[0.5, 0.5], &[0.5, never]],
    );
    let refusal = problem.best().unwrap_err();
    assert_eq!(
        refusal,
        Infeasible::TooFewReviewers { proposals: vec![0, 2], reviewers: vec![0], needed: 2, possible: 1 }
    );
    assert_eq!(
        refusal.to_string(),
        "2 of the proposals need 2 more reviews, and the 1 reviewers who may do them have room for 1: raise their \
         limits by 1 together, find another reviewer, lift a conflict or ask for fewer reviews"
    );
}

#[test]
fn lower_limits_beyond_what_proposals_want_are_refused() {
    let problem = problem(&[limits(0, 1)], &[limits(1, 1), limits(1, 1), limits(0, 1)], &[&[0.1, 0.2, 0.3]]);
    assert_eq!(
        problem.best().unwrap_err(),
        Infeasible::TooFewProposals { reviewers: vec![0, 1], proposals: vec![0], needed: 2, possible: 1 }
    );
}

#[test]
fn more_locks_than_a_limit_allows_are_refused_with_the_reviewer() {
    let mut problem = problem(&[limits(1, 1); 2], &[limits(0, 1)], &[&[0.5], &[0.5]]);
    problem.set(pair(0, 0), Pairing::Locked(points(0.5))).unwrap();
    problem.set(pair(1, 0), Pairing::Locked(points(0.5))).unwrap();
    assert_eq!(problem.best().unwrap_err(), Infeasible::Locks { reviewer: 0, locked: 2, most: 1 });
}

#[test]
fn nonsense_does_not_become_a_problem() {
    assert_eq!(Limits::new(2, 1), Err(Malformed::Limits { least: 2, most: 1 }));
    assert_eq!(Affinity::new(f64::NAN), None);
    assert_eq!(Affinity::new(f64::INFINITY), None);
    assert_eq!(Affinity::new(16.1), None);
    let mut problem = problem(&[limits(0, 1)], &[limits(0, 1)], &[&[0.5]]);
    let twice = Affinity::MOST + Affinity::ONE;
    assert_eq!(problem.set(pair(0, 0), Pairing::Open(twice)), Err(Malformed::Affinity));
}

/// A large problem of random affinities, the same in every run.
fn large(proposals: usize, reviewers: usize, wanted: u32, load: u32, steps: u64) -> Problem {
    let mut problem =
        Problem::new(vec![limits(wanted, wanted); proposals], vec![limits(0, load); reviewers]).unwrap();
    // A linear congruential generator (Knuth, MMIX).
    let mut state: u64 = 7;
    for proposal in 0..proposals {
        for reviewer in 0..reviewers {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let value = ((state >> 33) % steps) as f64 / (steps - 1) as f64;
            problem.set(pair(proposal, reviewer), Pairing::Open(points(value))).unwrap();
        }
    }
    problem
}

#[test]
fn large_problems_are_proven_too() {
    for steps in [5, 1 << 30] {
        let problem = large(300, 40, 3, 23, steps);
        let optimum = problem.best().unwrap();
        assert!(optimum.is_proven(&problem) && is_slack(&problem, &optimum));
        assert_eq!(optimum.assignment.missing.iter().sum::<u32>(), 0);
        assert_eq!(problem.best().unwrap().assignment, optimum.assignment);
    }
}
