//! Proposals: what somebody submits to a call, from the first draft to the programme.
//!
//! ```text
//! draft ─ submit ─> submitted ─ a review begins ─> under review
//!                       │  ^                            │
//!                       │  └─── submit ── withdrawn <── withdraw (at any stage before a decision is final)
//!                       └───────────── decide ──────────┤
//!            provisional, wait-listed, declined <───────┴──> accepted ─ confirm ─> confirmed
//!                   (decided again at will)                      │                     │
//!                                                                └──────> cancelled <──┘
//!
//! submitted, under review, wait-listed, declined ─ another call takes it ─> forwarded
//! ```
//!
//! What it says is its [`Content`], of which every revision is kept. Authors change it at any stage at which it still
//! matters (requirement 31); the committee sees what changed since it looked.

use crate::{
    Refusal,
    call::{Answers, Call, Form, Late, Reader, Stage},
    email::Email,
    id::{AccountId, AuthorId, CallId, ProposalId, SessionId, TrackId},
    text::{Line, RichText},
    words::words,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The most people who can propose something together.
pub const AUTHORS_MAX: usize = 30;

words! {
    /// Where a proposal stands (requirement 42).
    State {
        /// It is being written; only its authors see it.
        Draft = "draft", "Draft";
        /// It was submitted.
        Submitted = "submitted", "Submitted";
        /// Somebody has begun to review it.
        UnderReview = "under_review", "Under review";
        /// It is accepted with something left open, such as its format.
        Provisional = "provisional", "Provisionally accepted";
        /// It is accepted, and the authors have still to confirm.
        Accepted = "accepted", "Accepted";
        /// It is accepted when a place becomes free.
        WaitListed = "wait_listed", "Wait-listed";
        /// It is not accepted.
        Declined = "declined", "Declined";
        /// Its authors took it back.
        Withdrawn = "withdrawn", "Withdrawn";
        /// It was accepted, and does not take place.
        Cancelled = "cancelled", "Cancelled";
        /// It is accepted, and its authors come.
        Confirmed = "confirmed", "Confirmed";
        /// It was passed on to another call, which has it now; see [`crate::forward`].
        Forwarded = "forwarded", "Forwarded";
    }
}

impl State {
    /// Whether it takes one of the places of its call.
    pub fn takes_place(self) -> bool {
        matches!(self, Self::Provisional | Self::Accepted | Self::Confirmed)
    }

    /// Whether it waits for a decision.
    pub fn is_undecided(self) -> bool {
        matches!(self, Self::Submitted | Self::UnderReview)
    }

    /// Whether the committee has decided about it.
    pub fn is_decided(self) -> bool {
        !self.is_undecided() && !matches!(self, Self::Draft | Self::Withdrawn)
    }

    /// Whether the committee sees it: all that was ever submitted.
    pub fn is_filed(self) -> bool {
        self != Self::Draft
    }

    /// Whether its authors may still change it.
    pub fn may_change(self) -> bool {
        !matches!(self, Self::Declined | Self::Cancelled | Self::Forwarded)
    }

    /// Whether it can be passed on to another call: it was submitted and takes no place of its own call.
    pub fn may_forward(self) -> bool {
        self.is_undecided() || matches!(self, Self::WaitListed | Self::Declined)
    }
}

words! {
    /// What the committee decides about a proposal.
    Decision {
        /// Accepted, with something left open.
        Provisional = "provisional", "Accept provisionally";
        /// Accepted.
        Accept = "accept", "Accept";
        /// Accepted when a place becomes free.
        WaitList = "wait_list", "Wait-list";
        /// Not accepted.
        Decline = "decline", "Decline";
    }
}

impl Decision {
    /// The state that it leads to.
    pub fn state(self) -> State {
        match self {
            Self::Provisional => State::Provisional,
            Self::Accept => State::Accepted,
            Self::WaitList => State::WaitListed,
            Self::Decline => State::Declined,
        }
    }
}

/// What a proposal says: what its authors edit, and what revisions are of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Its title.
    pub title: Line,
    /// What it is about, for everybody once it is accepted.
    #[serde(rename = "abstract")]
    pub summary: RichText,
    /// How long it should be, in minutes; none where the call offers no lengths.
    #[serde(default)]
    pub minutes: Option<u16>,
    /// The tracks into which it fits, the best first; none where the call does not ask.
    #[serde(default)]
    pub tracks: Vec<TrackId>,
    /// The version of the form by which the answers were given.
    pub form: u32,
    /// The answers to the form.
    #[serde(default)]
    pub answers: Answers,
}

impl Content {
    /// Whether it can be kept (a draft) or submitted to `call`, whose form at that version is `form`, and whose edition has
    /// these tracks. The answers were read by the form already; this looks at what stands beside them. All that is wrong.
    pub fn check(
        &self,
        call: &Call,
        form: &Form,
        tracks: &[TrackId],
        stage: Stage,
    ) -> Result<(), Vec<Refusal>> {
        let mut wrong = vec![];
        let mut refuse =
            |field: &str, problem: String, remedy: &str| wrong.push(Refusal::new(field, problem, remedy));
        if stage == Stage::Submitted {
            if self.title.is_empty() {
                refuse("title", "it is empty".to_owned(), "Give it a title");
            }
            if self.summary.is_empty() {
                refuse("abstract", "it is empty".to_owned(), "Say what it is about");
            }
            if self.minutes.is_none() && !call.minutes.is_empty() {
                refuse("minutes", "no length is chosen".to_owned(), "Choose one");
            }
            if call.asks_tracks && self.tracks.is_empty() && !tracks.is_empty() {
                refuse("tracks", "no track is chosen".to_owned(), "Choose at least one");
            }
            for field in form.fields.iter().filter(|field| field.required && field.is_asked(&self.answers)) {
                if !self.answers.contains_key(&field.key) {
                    refuse(field.key.as_str(), "it is empty".to_owned(), "Fill it in");
                }
            }
        }
        if let Some(minutes) = self.minutes
            && !call.minutes.contains(&minutes)
        {
            refuse("minutes", format!("the call offers no {minutes} minutes"), "Choose one of its lengths");
        }
        if self.tracks.iter().any(|track| !tracks.contains(track)) {
            refuse("tracks", "a track is not there any more".to_owned(), "Choose another");
        }
        if (1..self.tracks.len()).any(|index| self.tracks[..index].contains(&self.tracks[index])) {
            refuse("tracks", "a track stands there twice".to_owned(), "Choose different ones");
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }
}

/// One thing in which two revisions differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// What differs, as the form names it.
    pub what: String,
    /// What it said; empty for nothing.
    pub before: String,
    /// What it says; empty for nothing.
    pub after: String,
}

/// In what two revisions differ, for somebody who reads what is for `reader`. `before_form` and `after_form` are the
/// versions by which they were filed; `track` names a track.
pub fn changes(
    (before, before_form): (&Content, &Form),
    (after, after_form): (&Content, &Form),
    reader: Reader,
    track: impl Fn(TrackId) -> String,
) -> Vec<Changed> {
    let mut out = vec![];
    let mut compare = |what: &str, before: String, after: String| {
        if before != after {
            out.push(Changed { what: what.to_owned(), before, after });
        }
    };
    compare("Title", before.title.to_string(), after.title.to_string());
    compare("Abstract", before.summary.to_string(), after.summary.to_string());
    let minutes =
        |content: &Content| content.minutes.map(|minutes| format!("{minutes} minutes")).unwrap_or_default();
    compare("Length", minutes(before), minutes(after));
    let tracks =
        |content: &Content| content.tracks.iter().map(|id| track(*id)).collect::<Vec<_>>().join(", ");
    compare("Tracks", tracks(before), tracks(after));
    // By the newer form first; what only the older one asked comes after it.
    let olds = before_form.fields.iter().filter(|field| after_form.field(&field.key).is_none());
    for field in after_form.fields.iter().chain(olds).filter(|field| field.reader <= reader) {
        let file =
            |content: &Content| content.answers.get(&field.key)?.as_file().map(|file| file.digest.clone());
        // Another file of the same name and size is another file.
        let replaced = file(before).zip(file(after)).is_some_and(|(before, after)| before != after);
        let said = |form: &Form, content: &Content| {
            // A field that was for fewer readers when it was filed stays for them.
            let field = form
                .field(&field.key)
                .filter(|field| field.reader <= reader && field.is_asked(&content.answers));
            field
                .and_then(|field| content.answers.get(&field.key))
                .map(crate::call::Answer::plain)
                .unwrap_or_default()
        };
        let (before, mut after) = (said(before_form, before), said(after_form, after));
        if replaced && before == after && !after.is_empty() {
            after = format!("{after}, replaced");
        }
        compare(field.label.as_str(), before, after);
    }
    out
}

/// Somebody who proposes something, or was asked to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// Its identifier.
    pub id: AuthorId,
    /// Their account; `None` while the invitation waits.
    pub account: Option<AccountId>,
    /// Their name, as it will stand on the programme.
    pub name: Line,
    /// The address that was invited; none for whoever began the proposal.
    pub email: Option<Email>,
    /// Whether they present it; the others only wrote it.
    pub speaks: bool,
}

impl Author {
    /// Whether they take part: they began it, or accepted the invitation.
    pub fn has_joined(&self) -> bool {
        self.account.is_some()
    }
}

/// Something that was submitted to a call, or will be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Its identifier.
    pub id: ProposalId,
    /// The call.
    pub call: CallId,
    /// Its number within the edition, by which people speak of it.
    pub number: u32,
    /// Where it stands.
    pub state: State,
    /// What it says.
    pub content: Content,
    /// The number of the present revision, from 1.
    pub revision: u32,
    /// When it was begun.
    pub created: Timestamp,
    /// When it was last changed.
    pub changed: Timestamp,
    /// When it was submitted; the first time counts.
    #[serde(default)]
    pub submitted: Option<Timestamp>,
    /// What the committee means to decide: known to the committee only until it is applied.
    #[serde(default)]
    pub prepared: Option<Decision>,
    /// The session that it became.
    #[serde(default)]
    pub session: Option<SessionId>,
    /// What the authors agreed to when they confirmed.
    #[serde(default)]
    pub confirmation: Option<Confirmation>,
}

/// What authors say when they confirm that they come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// When.
    pub at: Timestamp,
    /// Whether the recording may be published.
    pub recording: bool,
    /// Whether they present from afar.
    pub remote: bool,
    /// When they can, or cannot, in their own words and their own zone.
    #[serde(default)]
    pub availability: Line,
}

/// What is done with a proposal beside writing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Its authors submit it, or submit it again.
    Submit,
    /// Its authors take it back.
    Withdraw,
    /// Somebody begins to review it.
    TakeUp,
    /// The committee decides.
    Decide(Decision),
    /// Its authors confirm that they come.
    Confirm(Confirmation),
    /// The committee cancels what was accepted.
    Cancel,
    /// Another call takes it, and it ends here.
    Forward,
}

impl Proposal {
    /// The proposal after `step` at `now`. `taken` is how many others take a place of its call. Whether whoever does it may
    /// is for [`crate::permission`]; whether the content is complete for [`Content::check`].
    pub fn step(
        self,
        step: Step,
        call: &Call,
        late: Late,
        taken: usize,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        use State as S;
        let state = self.state;
        let refuse = |problem: &str, remedy: &str| {
            Err(Refusal::new(
                "state",
                format!("the proposal is {}: {problem}", state.shown().to_lowercase()),
                remedy,
            ))
        };
        match step {
            Step::Submit => {
                if !matches!(state, S::Draft | S::Withdrawn) {
                    return refuse("it was submitted already", "Save your changes; the committee sees them");
                }
                if self.session.is_some() {
                    return refuse("it stands on the programme, as cancelled", "Write to the committee");
                }
                call.accepts(now, late)?;
                Ok(Self { state: S::Submitted, submitted: self.submitted.or(Some(now)), ..self })
            }
            Step::Withdraw => match state {
                S::Draft => refuse("nobody has seen it", "Delete the draft instead"),
                S::Declined | S::Withdrawn | S::Cancelled | S::Forwarded => {
                    refuse("there is nothing to take back", "Leave it as it is")
                }
                _ => Ok(Self { state: S::Withdrawn, prepared: None, confirmation: None, ..self }),
            },
            Step::TakeUp => match state {
                S::Submitted => Ok(Self { state: S::UnderReview, ..self }),
                _ => Ok(self),
            },
            Step::Decide(decision) => {
                if matches!(state, S::Draft | S::Withdrawn | S::Cancelled) {
                    return refuse("there is nothing to decide", "Ask its authors to submit it");
                }
                if state == S::Forwarded {
                    return refuse("another call has it", "Leave the decision to that call's committee");
                }
                if state == S::Confirmed {
                    return refuse("its authors have arranged to come", "Cancel it, and write to them");
                }
                if decision.state() == state {
                    return refuse("that is decided already", "Choose another decision");
                }
                let full = call.places.is_some_and(|places| taken >= usize::from(places));
                if decision.state().takes_place() && !state.takes_place() && full {
                    let places = call.places.unwrap_or_default();
                    return Err(Refusal::new(
                        "decision",
                        format!("all {places} places of the call are taken"),
                        "Wait-list it, or give the call more places",
                    ));
                }
                Ok(Self { state: decision.state(), prepared: None, ..self })
            }
            Step::Confirm(confirmation) => match state {
                S::Accepted => Ok(Self { state: S::Confirmed, confirmation: Some(confirmation), ..self }),
                S::Confirmed => Ok(Self { confirmation: Some(confirmation), ..self }),
                _ => refuse("it is not accepted", "Wait for the decision"),
            },
            Step::Cancel => match state {
                S::Provisional | S::Accepted | S::Confirmed => {
                    Ok(Self { state: S::Cancelled, prepared: None, ..self })
                }
                _ => refuse("it does not take place anyway", "Decline it"),
            },
            Step::Forward => {
                if !state.may_forward() {
                    let remedy = "Pass on only what waits for a decision, is wait-listed or is declined";
                    return refuse("it cannot be passed on", remedy);
                }
                Ok(Self { state: S::Forwarded, prepared: None, ..self })
            }
        }
    }

    /// The proposal with what `content` says, at `now`. The same content is no new revision.
    pub fn revise(self, content: Content, call: &Call, now: Timestamp) -> Result<Self, Refusal> {
        if content == self.content {
            return Ok(self);
        }
        if !self.state.may_change() {
            let problem = format!("the proposal is {}", self.state.shown().to_lowercase());
            return Err(Refusal::new("state", problem, "Propose something new, or write to the committee"));
        }
        if self.state.is_filed() && call.kind.is_sealed() && call.is_open_to_committee(now) {
            return Err(Refusal::new("call", "the offers were opened", "Write to the committee"));
        }
        Ok(Self { content, revision: self.revision + 1, changed: now, ..self })
    }
}

/// Whether an author can be added to, or taken from, those that there are.
pub fn check_authors(authors: &[Author]) -> Result<(), Refusal> {
    if authors.len() > AUTHORS_MAX {
        return Err(Refusal::new("authors", "that are too many", format!("Name at most {AUTHORS_MAX}")));
    }
    if !authors.iter().any(Author::has_joined) {
        return Err(Refusal::new("authors", "nobody would be left to answer for it", "Withdraw it instead"));
    }
    for (index, author) in authors.iter().enumerate() {
        let twin = authors[..index].iter().any(|other| {
            (author.account.is_some() && author.account == other.account)
                || (author.email.is_some() && author.email == other.email)
        });
        if twin {
            return Err(Refusal::new(
                "email",
                format!("{} is among them already", author.name),
                "Name somebody else",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Answer, CallKind, FieldKey};
    use uuid::Uuid;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn call() -> Call {
        Call { published: true, ..Call::usual(CallId(Uuid::from_u128(1)), CallKind::Presentations) }
    }

    fn proposal(state: State) -> Proposal {
        Proposal {
            id: ProposalId(Uuid::from_u128(9)),
            call: call().id,
            number: 1,
            state,
            content: Content { title: Line::from("A talk"), form: 1, ..Content::default() },
            revision: 1,
            created: NOW,
            changed: NOW,
            submitted: None,
            prepared: None,
            session: None,
            confirmation: None,
        }
    }

    fn step(state: State, step: Step) -> Result<State, Refusal> {
        proposal(state).step(step, &call(), Late::No, 0, NOW).map(|after| after.state)
    }

    #[test]
    fn every_step_from_every_state_leads_where_the_picture_says_or_is_refused() {
        use State as S;
        let confirm = || {
            Step::Confirm(Confirmation {
                at: NOW,
                recording: true,
                remote: false,
                availability: Line::default(),
            })
        };
        for state in S::ALL.iter().copied() {
            let may = |ok: &[State]| ok.contains(&state);
            assert_eq!(step(state, Step::Submit).is_ok(), may(&[S::Draft, S::Withdrawn]), "submit {state}");
            let ends = [S::Draft, S::Declined, S::Withdrawn, S::Cancelled, S::Forwarded];
            assert_eq!(step(state, Step::Withdraw).is_ok(), !may(&ends), "withdraw {state}");
            assert_eq!(step(state, confirm()).is_ok(), may(&[S::Accepted, S::Confirmed]), "confirm {state}");
            let placed = [S::Provisional, S::Accepted, S::Confirmed];
            assert_eq!(step(state, Step::Cancel).is_ok(), may(&placed), "cancel {state}");
            let waits = [S::Submitted, S::UnderReview, S::WaitListed, S::Declined];
            assert_eq!(step(state, Step::Forward).is_ok(), may(&waits), "forward {state}");
            for decision in Decision::ALL.iter().copied() {
                let undecidable = may(&[S::Draft, S::Withdrawn, S::Cancelled, S::Confirmed, S::Forwarded]);
                let allowed = !undecidable && decision.state() != state;
                assert_eq!(step(state, Step::Decide(decision)).is_ok(), allowed, "{decision} {state}");
            }
        }
        assert_eq!(step(S::Submitted, Step::TakeUp), Ok(S::UnderReview));
        assert_eq!(step(S::Accepted, Step::TakeUp), Ok(S::Accepted));
    }

    #[test]
    fn a_full_call_accepts_no_more_but_fixes_what_is_provisional() {
        let call = Call { places: Some(2), ..call() };
        let decide =
            |state, taken| proposal(state).step(Step::Decide(Decision::Accept), &call, Late::No, taken, NOW);
        assert!(decide(State::Submitted, 1).is_ok());
        assert!(decide(State::Submitted, 2).unwrap_err().problem.contains("all 2 places"));
        assert!(decide(State::Provisional, 1).is_ok());
    }

    #[test]
    fn the_first_submission_counts_and_decisions_that_were_prepared_end_with_it() {
        let first = proposal(State::Draft).step(Step::Submit, &call(), Late::No, 0, NOW).unwrap();
        let prepared = Proposal { prepared: Some(Decision::Accept), ..first };
        let withdrawn = prepared.step(Step::Withdraw, &call(), Late::No, 0, NOW).unwrap();
        assert_eq!(withdrawn.prepared, None);
        let later = NOW + jiff::SignedDuration::from_hours(1);
        let again = withdrawn.step(Step::Submit, &call(), Late::No, 0, later).unwrap();
        assert_eq!(again.submitted, Some(NOW));
    }

    #[test]
    fn the_same_text_is_no_revision_and_a_declined_one_stays() {
        let one = proposal(State::Accepted);
        let content = one.content.clone();
        assert_eq!(one.clone().revise(content.clone(), &call(), NOW).unwrap().revision, 1);
        let changed = Content { title: Line::from("Another"), ..content };
        assert_eq!(one.revise(changed.clone(), &call(), NOW).unwrap().revision, 2);
        assert!(proposal(State::Declined).revise(changed, &call(), NOW).is_err());
    }

    #[test]
    fn a_submission_says_all_that_lacks_at_once() {
        let form = Form::usual(CallKind::Presentations);
        let content = Content { form: 1, ..Content::default() };
        assert!(content.check(&call(), &form, &[], Stage::Draft).is_ok());
        let wrong = content.check(&call(), &form, &[], Stage::Submitted).unwrap_err();
        let fields: Vec<&str> = wrong.iter().map(|refusal| refusal.field.as_str()).collect();
        assert_eq!(fields, ["title", "abstract", "minutes", "outcome_sought", "how_will_you_take_part"]);
    }

    #[test]
    fn a_difference_shows_nobody_what_is_for_fewer() {
        let form = Form::usual(CallKind::Presentations);
        let consent = FieldKey::parse("i_agree_to_be_recorded").unwrap();
        let before = Content { form: 1, ..Content::default() };
        let mut after = Content { title: Line::from("New"), ..before.clone() };
        after.answers.insert(consent, Answer::Ticked);
        let of = |reader| changes((&before, &form), (&after, &form), reader, |_| String::new()).len();
        assert_eq!((of(Reader::Committee), of(Reader::Reviewers)), (2, 1));
    }

    #[test]
    fn somebody_answers_for_every_proposal_and_nobody_twice() {
        let author = |number: u128, account: bool, email: &str| Author {
            id: AuthorId(Uuid::from_u128(number)),
            account: account.then(|| AccountId(Uuid::from_u128(number))),
            name: Line::from("Somebody"),
            email: (!email.is_empty()).then(|| Email::parse(email).unwrap()),
            speaks: true,
        };
        assert!(check_authors(&[author(1, true, "")]).is_ok());
        assert!(check_authors(&[author(1, false, "a@example.org")]).is_err());
        assert!(check_authors(&[author(1, true, ""), author(1, true, "")]).is_err());
        let twice =
            [author(1, true, ""), author(2, false, "a@example.org"), author(3, false, "a@example.org")];
        assert_eq!(check_authors(&twice).unwrap_err().field, "email");
    }
}
