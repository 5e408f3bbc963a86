//! An assignment of a call: from what the record knows to who is asked for which review, with the reasons; or to what stands
//! in the way, in the words of those who can change it.

use super::{
    Affinity, Infeasible, Limits, Optimum, Pair as Place, Pairing, Problem, Reason,
    affinity::{self, Explained, Parts, Texts, Weights},
};
use model::{
    Refusal,
    assignment::{Bid, Chosen, Round, Why},
};

/// How many of those who were not chosen are told of for each proposal.
const NEXT: usize = 3;

/// How many words say why two texts are alike.
const WORDS: usize = 5;

/// What an earlier assignment is worth: less than a bid, so that a re-run follows new bids and not a small difference in texts.
const EARLIER: f64 = 0.05;

/// The most names and numbers in a diagnosis; more help nobody.
const NAMED: usize = 12;

/// Assigns the reviewers of a round, with the largest total affinity that there is.
///
/// The refusal says who or what stands in the way and what would help. Every proposal also names the next best of those who
/// are not assigned.
pub fn assign(round: &Round) -> Result<Vec<Chosen>, Refusal> {
    let (problem, parts, texts) = problem(round)?;
    let optimum = problem.best().map_err(|why| blocked(round, &why))?;
    Ok(chosen(round, &problem, &parts, &texts, &optimum))
}

/// The problem, what each pair's affinity is made of, and the texts.
fn problem(round: &Round) -> Result<(Problem, Vec<Explained>, Texts), Refusal> {
    let malformed = |error: super::Malformed| Refusal::new("load", error.to_string(), "Change the limits");
    let settled_of = |proposal| round.settled.iter().filter(|(other, _)| *other == proposal).count();
    let settled = |wanted: u16, proposal| {
        u32::from(wanted).max(u32::try_from(settled_of(proposal)).unwrap_or(u32::MAX))
    };
    let proposals = round
        .proposals
        .iter()
        // What is settled stays, also where it is more than is wanted.
        .map(|one| Limits::new(u32::from(round.needed), settled(round.wanted.max(round.needed), one.id)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(malformed)?;
    let reviewers = round
        .reviewers
        .iter()
        .map(|one| Limits::new(u32::from(one.load.least), u32::from(one.load.most)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(malformed)?;
    let ours: Vec<&str> = round.proposals.iter().map(|one| one.text.as_str()).collect();
    let theirs: Vec<Vec<&str>> =
        round.reviewers.iter().map(|one| one.texts.iter().map(String::as_str).collect()).collect();
    let texts = Texts::new(&ours, &theirs);
    let mut problem = Problem::new(proposals, reviewers).map_err(malformed)?;
    let weights = Weights::default();
    let mut parts = Vec::with_capacity(round.proposals.len() * round.reviewers.len());
    let mut earlier = vec![];
    for (proposal, wanting) in round.proposals.iter().enumerate() {
        for (reviewer, candidate) in round.reviewers.iter().enumerate() {
            let (place, pair) = (Place { proposal, reviewer }, (wanting.id, candidate.id));
            let bid = round.bids.get(&pair);
            let explained = weights.combine(&Parts {
                topics: affinity::topics(&wanting.topics, &candidate.topics),
                bid: (!round.bids.is_empty()).then(|| value(bid)),
                text: texts.likeness(place),
            });
            let pairing = if round.conflicts.contains(&pair) {
                Pairing::Conflict
            } else if round.settled.contains(&pair) {
                Pairing::Locked(explained.affinity)
            } else if bid == Some(&Bid::Cannot) {
                Pairing::Conflict
            } else {
                Pairing::Open(explained.affinity)
            };
            problem.set(place, pairing).map_err(malformed)?;
            if round.earlier.contains(&pair) {
                earlier.push(place);
            }
            parts.push(explained);
        }
    }
    let worth = Affinity::new(EARLIER).unwrap_or_default();
    problem.prefer(earlier, worth).map_err(malformed)?;
    Ok((problem, parts, texts))
}

fn value(bid: Option<&Bid>) -> f64 {
    match bid {
        Some(Bid::Eager) => affinity::Bid::Yes,
        Some(Bid::Could) => affinity::Bid::Maybe,
        Some(Bid::RatherNot | Bid::Cannot) => affinity::Bid::No,
        None => affinity::Bid::Silent,
    }
    .value()
}

fn chosen(
    round: &Round,
    problem: &Problem,
    parts: &[Explained],
    texts: &Texts,
    optimum: &Optimum,
) -> Vec<Chosen> {
    let mut out = vec![];
    for (proposal, wanting) in round.proposals.iter().enumerate() {
        let mut next = vec![];
        for (reviewer, candidate) in round.reviewers.iter().enumerate() {
            let place = Place { proposal, reviewer };
            let (assigned, settled, margin) = match optimum.explain(problem, place) {
                Reason::Locked => (true, true, Affinity::ZERO),
                Reason::Assigned { worth } => (true, false, worth),
                Reason::Passed { cost } => (false, false, cost),
                Reason::Conflict => continue,
            };
            let explained = &parts[proposal * round.reviewers.len() + reviewer];
            let one = Chosen {
                proposal: wanting.id,
                reviewer: candidate.id,
                assigned,
                why: Why {
                    affinity: explained.affinity.points(),
                    topics: explained.topics,
                    bid: explained.bid,
                    text: explained.text,
                    words: vec![],
                    margin: margin.points(),
                    settled,
                },
            };
            if assigned { out.push((place, one)) } else { next.push((margin, place, one)) }
        }
        next.sort_by_key(|(cost, place, _)| (*cost, *place));
        out.extend(next.into_iter().take(NEXT).map(|(_, place, one)| (place, one)));
    }
    out.into_iter()
        .map(|(place, mut one)| {
            one.why.words = texts.shared(place, WORDS).into_iter().map(str::to_owned).collect();
            one
        })
        .collect()
}

/// What stands in the way, by the numbers of proposals and the names of reviewers.
fn blocked(round: &Round, why: &Infeasible) -> Refusal {
    let names =
        |places: &[usize]| some(places, |place| round.reviewers.get(place).map(|one| one.name.to_string()));
    let numbers = |places: &[usize]| {
        some(places, |place| round.proposals.get(place).map(|one| format!("#{}", one.number)))
    };
    match why {
        Infeasible::Locks { reviewer, locked, most } => Refusal::new(
            "load",
            format!("{} has {locked} settled reviews and a limit of {most}", names(&[*reviewer])),
            "Raise the limit, or unlock some",
        ),
        Infeasible::TooFewReviewers { proposals, reviewers, needed, possible } => {
            let of = numbers(proposals);
            if reviewers.is_empty() {
                return Refusal::new(
                    "load",
                    format!(
                        "where everybody who may review {of} does, {needed} of the needed reviews are still missing"
                    ),
                    "Find another reviewer who has no conflict, or ask for fewer reviews",
                );
            }
            Refusal::new(
                "load",
                format!(
                    "{needed} more reviews are needed of {of}, and those who are left for them have room for {possible}: {}",
                    names(reviewers)
                ),
                format!(
                    "Raise these limits by {} together, find another reviewer, or ask for fewer reviews",
                    needed - possible
                ),
            )
        }
        Infeasible::TooFewProposals { reviewers, proposals, needed, possible } => Refusal::new(
            "load",
            format!(
                "the least that {} must get is {needed} more reviews together, and the {} proposals that they may review \
                 have {possible} to give",
                names(reviewers),
                proposals.len()
            ),
            format!(
                "Lower what they must get by {} together, or let the call want more reviews",
                needed - possible
            ),
        ),
    }
}

fn some(places: &[usize], name: impl Fn(usize) -> Option<String>) -> String {
    let named: Vec<String> = places.iter().filter_map(|place| name(*place)).take(NAMED).collect();
    match places.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{
        assignment::{Candidate, Load, Wanting},
        id::{AccountId, ProposalId},
        text::Line,
    };
    use std::collections::{BTreeSet, HashMap};
    use uuid::Uuid;

    fn proposal(number: u32, text: &str) -> Wanting {
        Wanting {
            id: ProposalId(Uuid::from_u128(number.into())),
            number,
            text: text.to_owned(),
            topics: vec![],
        }
    }

    fn reviewer(number: u128, name: &str, most: u16) -> Candidate {
        Candidate {
            id: AccountId(Uuid::from_u128(number)),
            name: Line::from(name),
            load: Load { least: 0, most },
            topics: vec![],
            texts: vec![],
        }
    }

    fn round() -> Round {
        Round {
            proposals: vec![proposal(1, "Kernel schedulers"), proposal(2, "Compost and soil")],
            reviewers: vec![reviewer(11, "Rita", 2), reviewer(12, "Sam", 2)],
            needed: 1,
            wanted: 1,
            ..Round::default()
        }
    }

    fn who(chosen: &[Chosen]) -> BTreeSet<(ProposalId, AccountId)> {
        chosen.iter().filter(|one| one.assigned).map(|one| (one.proposal, one.reviewer)).collect()
    }

    #[test]
    fn bids_decide_and_who_cannot_is_never_asked() {
        let mut round = round();
        let [one, two] = [round.proposals[0].id, round.proposals[1].id];
        let [rita, sam] = [round.reviewers[0].id, round.reviewers[1].id];
        round.bids = [((one, sam), Bid::Eager), ((two, rita), Bid::Eager)].into();
        assert_eq!(who(&assign(&round).unwrap()), [(one, sam), (two, rita)].into());
        round.bids.insert((one, sam), Bid::Cannot);
        assert_eq!(who(&assign(&round).unwrap()), [(one, rita), (two, rita)].into());
    }

    #[test]
    fn texts_decide_where_nobody_bids_and_the_words_say_why() {
        let mut round = round();
        round.reviewers[0].texts = vec!["I turn compost".to_owned()];
        round.reviewers[1].texts = vec!["The kernel's scheduler".to_owned()];
        let chosen = assign(&round).unwrap();
        let [rita, sam] = [round.reviewers[0].id, round.reviewers[1].id];
        assert_eq!(who(&chosen), [(round.proposals[0].id, sam), (round.proposals[1].id, rita)].into());
        let why = &chosen.iter().find(|one| one.assigned && one.reviewer == rita).unwrap().why;
        assert_eq!(why.words, ["compost"]);
        assert!(!why.settled && why.text.is_some_and(|text| text > 0.0), "{why:?}");
        let passed = chosen.iter().find(|one| !one.assigned && one.reviewer == rita).unwrap();
        assert!(passed.why.margin > 0.0, "to ask Rita for the other would cost something");
    }

    #[test]
    fn conflicts_hold_even_against_bids_and_locks_hold_against_texts() {
        let mut round = round();
        let one = round.proposals[0].id;
        let [rita, sam] = [round.reviewers[0].id, round.reviewers[1].id];
        round.bids = [((one, rita), Bid::Eager)].into();
        round.conflicts = [(one, rita)].into();
        round.settled = [(one, rita)].into();
        assert!(!who(&assign(&round).unwrap()).contains(&(one, rita)));
        round.conflicts.clear();
        round.bids = [((one, sam), Bid::Eager), ((one, rita), Bid::RatherNot)].into();
        let chosen = assign(&round).unwrap();
        let settled = chosen.iter().find(|chosen| (chosen.proposal, chosen.reviewer) == (one, rita)).unwrap();
        assert!(settled.assigned && settled.why.settled);
    }

    #[test]
    fn what_stands_in_the_way_is_named() {
        let mut round = round();
        round.needed = 2;
        round.wanted = 2;
        round.conflicts = [(round.proposals[1].id, round.reviewers[0].id)].into();
        let refusal = assign(&round).unwrap_err();
        let told = refusal.to_string();
        assert!(told.contains("#2") && told.contains("still missing"), "{told}");
        round.needed = 1;
        round.reviewers[0].load.most = 0;
        round.reviewers[1].load.most = 1;
        let told = assign(&round).unwrap_err().to_string();
        assert!(told.contains("Sam") && told.contains("by 1 together"), "{told}");
        for one in &mut round.reviewers {
            one.load = Load { least: 2, most: 2 };
        }
        (round.needed, round.wanted) = (1, 1);
        let told = assign(&round).unwrap_err().to_string();
        assert!(told.contains("Lower"), "{told}");
    }

    #[test]
    fn a_second_run_changes_nothing_that_need_not_change() {
        let mut round = round();
        let first = who(&assign(&round).unwrap());
        // Without bids and texts every answer is as good, so any other earlier one stays too.
        let other: BTreeSet<_> = HashMap::from([
            (round.proposals[0].id, round.reviewers[1].id),
            (round.proposals[1].id, round.reviewers[0].id),
        ])
        .into_iter()
        .collect();
        round.earlier = other.clone();
        assert_eq!(who(&assign(&round).unwrap()), other);
        round.earlier = first.clone();
        assert_eq!(who(&assign(&round).unwrap()), first);
    }
}
