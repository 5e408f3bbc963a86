//! Microconferences: the rolling path from a proposal that lives to a block on the programme with its own call for topics.
//!
//! ```text
//! submitted ── its leads tick what is done ──> ready ── the committee, one at a time ──> accepted ──> track, block,
//!                                                            │                                        call for topics,
//!                                                            └── wait-listed                          post, leads' rights
//! ```
//!
//! What is proposed is a [`crate::proposal::Proposal`] like every other; here is what only a microconference has. The queue
//! is in the order of the moments at which the leads called theirs ready (requirements 24 and 25); what is accepted gets all
//! that it needs in one step (requirement 26), and its leads order and time the topics within their block ([`Agenda`]).

mod agenda;
mod announcement;
mod join;

pub use agenda::{Agenda, Item};
pub use announcement::{Announced, announcement, from_last_time, leads_of};
pub use join::{merged, split};

use crate::{
    Refusal,
    call::{Answer, Answers, Call, Deadline, FieldKey},
    edition::Edition,
    feed::Sequence,
    id::{CallId, EditionId, PostId, ProposalId, SessionId, TrackId},
    proposal::State,
    words::words,
};
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The key under which the usual form asks for topics, one in a line.
pub const TOPICS: &str = "suggested_topics";

/// The key under which the usual form asks what came of the last time.
pub const RESULTS: &str = "results_since_last_time";

/// The key of the box that says that it was held before, upon which the usual form asks for the last time.
pub const AGAIN: &str = "it_was_held_before";

/// The key under which the usual form asks for the open problems.
pub const PROBLEM: &str = "problem_statement";

/// The key under which the usual form asks who must be there.
pub const PEOPLE: &str = "key_attendees";

words! {
    /// What a microconference needs before its leads call it ready.
    Check {
        /// The open problems are said.
        Problem = "problem", "The problem statement says what is to be solved";
        /// Who must be in the room is named, and has said that they come.
        People = "people", "The people who must be there are named and mean to come";
        /// A lead can be there.
        Leads = "leads", "At least one of its leads can attend";
        /// There are topics.
        Topics = "topics", "There are enough topics";
    }
}

words! {
    /// What a microconference gets on the programme.
    Format {
        /// 3.5 hours with a break of 30 minutes.
        Full = "full", "Full block: 3.5 hours with a break";
        /// Half of it, without a break.
        Half = "half", "Half block: 90 minutes";
        /// A full block in a room without sound and video.
        WithoutAv = "without_av", "Full block without sound and video";
    }
}

impl Format {
    /// How long the block takes, in minutes.
    pub fn block_minutes(self) -> u32 {
        self.content_minutes() + self.break_minutes()
    }

    /// How many minutes of it are for topics.
    pub fn content_minutes(self) -> u32 {
        match self {
            Self::Full | Self::WithoutAv => 180,
            Self::Half => 90,
        }
    }

    /// How long its break is, in minutes; 0 for none.
    pub fn break_minutes(self) -> u32 {
        match self {
            Self::Full | Self::WithoutAv => 30,
            Self::Half => 0,
        }
    }
}

/// What a call for microconferences asks of each, and what each gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// How many topics must be named before it can be called ready, 0 to 20.
    pub topics: u8,
    /// The call for topics closes at least so many days before the edition begins, 0 to 200.
    pub days: u8,
    /// How many passes its leads may hand out, 0 to 20.
    pub passes: u8,
}

impl Default for Terms {
    fn default() -> Self {
        Self { topics: 3, days: 7, passes: 3 }
    }
}

impl Terms {
    /// Whether they are those that are usual.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// The last moment at which a call for topics may close: the end of a day on the edition's clocks.
    pub fn latest(&self, edition: &Edition) -> Deadline {
        let day = edition.first_day.checked_sub(i64::from(self.days).days()).unwrap_or(edition.first_day);
        Deadline { local: day.at(23, 59, 0, 0), zone: crate::call::DeadlineZone::Zone(edition.zone.clone()) }
    }

    /// Whether a call for topics may close then. The refusal names the last moment.
    pub fn allow(&self, edition: &Edition, closes: &Deadline) -> Result<(), Refusal> {
        let latest = self.latest(edition);
        if closes.instant() <= latest.instant() {
            return Ok(());
        }
        Err(Refusal::new(
            "closes",
            format!("topics could be proposed until {}", closes.shown()),
            format!("Choose {} or earlier: the programme is made then", latest.shown()),
        ))
    }
}

/// What a microconference has beside its proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Microconference {
    /// The proposal.
    pub proposal: ProposalId,
    /// What its leads ticked.
    #[serde(default)]
    pub checked: BTreeSet<Check>,
    /// When its leads called it ready; `None` while they have not.
    #[serde(default)]
    pub ready: Option<Timestamp>,
    /// Which one it continues: a session of an earlier edition.
    #[serde(default)]
    pub again: Option<(EditionId, SessionId)>,
    /// The proposal that it was merged into.
    #[serde(default)]
    pub merged_into: Option<ProposalId>,
    /// What it got when it was accepted.
    #[serde(default)]
    pub held: Option<Held>,
}

/// What an accepted microconference has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// An entry of the feed that was written with the acceptance, by which all of it can be taken back.
    pub seq: Sequence,
    /// What it gets on the programme; `None` while that is left open.
    pub format: Option<Format>,
    /// Its track.
    pub track: TrackId,
    /// Its block on the programme.
    pub block: SessionId,
    /// Its call for topics.
    pub call: CallId,
    /// The post that announces it.
    pub post: PostId,
    /// When the committee agreed that its leads publish the post.
    #[serde(default)]
    pub nod: Option<Timestamp>,
    /// SHA-256 of the post to which it agreed: another text needs another nod.
    #[serde(default)]
    pub agreed: Option<String>,
    /// What happens in the block.
    #[serde(default)]
    pub agenda: Agenda,
}

/// How far a proposal is from being ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How many topics it names; `None` where its form does not ask for topics.
    pub topics: Option<usize>,
    /// How many it needs.
    pub wanted: usize,
}

impl Progress {
    /// Of what its authors answered; `asks` says whether the form asks for topics.
    pub fn of(answers: &Answers, terms: Terms, asks: bool) -> Self {
        Self { topics: asks.then(|| topics(answers).len()), wanted: terms.topics.into() }
    }
}

/// The topics that a proposal names, one in a line.
pub fn topics(answers: &Answers) -> Vec<String> {
    said(answers, TOPICS)
        .map(|answer| {
            let lines = answer.typed().join("\n");
            let plain = lines.lines().map(|line| line.trim().trim_start_matches(['-', '*', '•']).trim());
            plain.filter(|line| !line.is_empty()).map(str::to_owned).collect()
        })
        .unwrap_or_default()
}

/// The answer to the field of that key.
pub(crate) fn said<'a>(answers: &'a Answers, key: &str) -> Option<&'a Answer> {
    FieldKey::parse(key).ok().and_then(|key| answers.get(&key))
}

impl Microconference {
    /// One of which nothing is said yet.
    pub fn of(proposal: ProposalId) -> Self {
        Self { proposal, checked: BTreeSet::new(), ready: None, again: None, merged_into: None, held: None }
    }

    /// With these ticks, and called ready or not, at `now`. The moment at which it was first called ready stays while it
    /// is. Refused where something lacks, which is named.
    pub fn check(
        self,
        checked: BTreeSet<Check>,
        ready: bool,
        state: State,
        progress: &Progress,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        if self.held.is_some() {
            return Err(Refusal::new("ready", "it is accepted already", "There is nothing more to tick"));
        }
        let after = Self { checked, ..self };
        if !ready {
            return Ok(Self { ready: None, ..after });
        }
        if let Some(missing) = Check::ALL.iter().find(|check| !after.checked.contains(check)) {
            let problem = format!("this is not ticked: {}", missing.shown());
            return Err(Refusal::new(missing.as_str(), problem, "Tick it once it is so"));
        }
        if progress.topics.is_some_and(|topics| topics < progress.wanted) {
            let problem = format!("{} of {} topics are named", progress.topics.unwrap_or(0), progress.wanted);
            return Err(Refusal::new("topics", problem, "Name more above, one in a line, and save them"));
        }
        if !(state.is_undecided() || state == State::WaitListed) {
            let problem = format!("the proposal is {}", state.shown().to_lowercase());
            return Err(Refusal::new("ready", problem, "Submit it first"));
        }
        Ok(Self { ready: after.ready.or(Some(now)), ..after })
    }

    /// Whether it was called ready only after the call had closed.
    pub fn is_late(&self, call: &Call) -> bool {
        let closes = call.closes.as_ref().map(Deadline::instant);
        self.ready.zip(closes).is_some_and(|(ready, closes)| closes <= ready)
    }

    /// What it got, or why there is nothing to be done with that.
    pub fn held(&self) -> Result<&Held, Refusal> {
        self.held.as_ref().ok_or_else(|| {
            Refusal::new("microconference", "it is not accepted", "Wait for the committee's decision")
        })
    }
}

/// One microconference in the committee's queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Which.
    pub proposal: ProposalId,
    /// The number of its proposal.
    pub number: u32,
    /// Where it stands.
    pub state: State,
    /// When it was called ready.
    pub ready: Option<Timestamp>,
}

/// The order of the queue: by the moment at which each was called ready; what is not ready comes last, by number.
pub fn queue(waiting: &mut [Waiting]) {
    waiting.sort_by_key(|one| (one.ready.is_none(), one.ready, one.number));
}

/// Whether this one may be accepted now, beside the others of its call: it is ready, it is not late unless it comes from the
/// wait list, and none that was ready before it still waits for a decision.
pub fn may_accept(this: &Microconference, state: State, call: &Call, all: &[Waiting]) -> Result<(), Refusal> {
    let Some(ready) = this.ready else {
        return Err(Refusal::new("decision", "its leads have not called it ready", "Ask them what lacks"));
    };
    if !state.is_undecided() {
        return Ok(());
    }
    if this.is_late(call) {
        return Err(Refusal::new(
            "decision",
            "it was called ready after the call had closed",
            "Wait-list it; it can be accepted from the wait list once the others are decided",
        ));
    }
    let before = all.iter().find(|one| {
        one.proposal != this.proposal
            && one.state.is_undecided()
            && one.ready.is_some_and(|other| other < ready)
    });
    match before {
        None => Ok(()),
        Some(other) => Err(Refusal::new(
            "decision",
            format!("#{} was ready before it", other.number),
            "Decide that one first: one at a time, in the order in which they became ready",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        call::{CallKind, DeadlineZone},
        text::RichText,
        time::Zone,
    };
    use uuid::Uuid;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn id(number: u128) -> ProposalId {
        ProposalId(Uuid::from_u128(number))
    }

    fn answers(text: &str) -> Answers {
        [(FieldKey::parse(TOPICS).unwrap(), Answer::Text(RichText::clean(text)))].into()
    }

    #[test]
    fn it_is_ready_once_all_is_ticked_and_enough_topics_are_named_and_keeps_its_moment() {
        let all: BTreeSet<Check> = Check::ALL.iter().copied().collect();
        let now = at("2027-03-01T12:00:00Z");
        let few = Progress::of(&answers("- One\n\n* Two"), Terms::default(), true);
        assert_eq!(few, Progress { topics: Some(2), wanted: 3 });
        let enough = Progress::of(&answers("One\nTwo\nThree"), Terms::default(), true);
        let one = Microconference::of(id(1));
        let check = |checked: &BTreeSet<Check>, state, progress| {
            one.clone().check(checked.clone(), true, state, progress, now)
        };
        let lacks: BTreeSet<Check> = [Check::Problem, Check::Leads, Check::Topics].into();
        assert_eq!(check(&lacks, State::Submitted, &enough).unwrap_err().field, "people");
        assert!(check(&all, State::Submitted, &few).unwrap_err().problem.contains("2 of 3"));
        assert!(check(&all, State::Draft, &enough).unwrap_err().problem.contains("draft"));
        let ready = check(&all, State::Submitted, &enough).unwrap();
        assert_eq!(ready.ready, Some(now));
        let later = at("2027-03-02T12:00:00Z");
        let again = ready.clone().check(all.clone(), true, State::UnderReview, &enough, later).unwrap();
        assert_eq!(again.ready, Some(now), "the first moment counts");
        let back = ready.check(lacks, false, State::Submitted, &enough, later).unwrap();
        assert_eq!((back.ready, back.checked.len()), (None, 3), "what is ticked is kept");
        // A form that asks for no topics leaves their number to the leads.
        let unasked = Progress::of(&Answers::new(), Terms::default(), false);
        assert!(check(&all, State::Submitted, &unasked).is_ok());
    }

    #[test]
    fn the_queue_is_in_the_order_of_being_ready_and_decided_one_at_a_time() {
        let waiting = |number: u32, ready: Option<&str>, state| Waiting {
            proposal: id(number.into()),
            number,
            state,
            ready: ready.map(at),
        };
        let mut all = vec![
            waiting(1, None, State::Submitted),
            waiting(2, Some("2027-03-03T00:00:00Z"), State::Submitted),
            waiting(3, Some("2027-03-02T00:00:00Z"), State::UnderReview),
        ];
        queue(&mut all);
        assert_eq!(all.iter().map(|one| one.number).collect::<Vec<_>>(), [3, 2, 1]);
        let call = Call {
            closes: Some(Deadline {
                local: "2027-03-10T12:00".parse().unwrap(),
                zone: DeadlineZone::Zone(Zone::utc()),
            }),
            ..Call::usual(CallId(Uuid::from_u128(9)), CallKind::Microconferences)
        };
        let one = |waiting: &Waiting| Microconference {
            ready: waiting.ready,
            ..Microconference::of(waiting.proposal)
        };
        let may = |at: usize, all: &[Waiting]| may_accept(&one(&all[at]), all[at].state, &call, all);
        assert!(may(0, &all).is_ok());
        assert!(may(1, &all).unwrap_err().problem.contains("#3 was ready before"));
        assert!(may(2, &all).unwrap_err().problem.contains("not called it ready"));
        all[0].state = State::WaitListed;
        assert!(may(1, &all).is_ok(), "once the first is decided");
        let late = waiting(4, Some("2027-03-10T12:00:00Z"), State::Submitted);
        assert!(may_accept(&one(&late), late.state, &call, &[]).unwrap_err().remedy.contains("Wait-list"));
        assert!(may_accept(&one(&late), State::WaitListed, &call, &[]).is_ok(), "from the wait list it may");
    }
}
