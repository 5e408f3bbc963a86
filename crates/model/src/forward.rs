//! Forwarding: passing a proposal to another call, with the author's consent (requirement 36).
//!
//! ```text
//! asked ─ an author agrees ─> offered ─ the receiver accepts ──> accepted
//!   │                           │  └─── the receiver declines ─> declined
//!   ├─ an author refuses ───────┤──────────────────────────────> refused
//!   └─ the sender cancels ──────┴──────────────────────────────> cancelled
//! ```
//!
//! The proposal stays where it is until the receiver has accepted: then it stands in the receiving call as a proposal of its
//! own, and ends in the first one as [`crate::proposal::State::Forwarded`]. What the authors wrote goes along; **reviews and
//! what the committee said never do.**
//!
//! Authors have equal rights, so each may answer for all: the first who agrees is enough, as one is enough to submit or to
//! withdraw a proposal. As one may withdraw it at any time, one who refuses ends the forward, also after another has agreed.

use crate::{
    Refusal,
    call::{Answer, Answers, Call, CallKind, Field, Form, Reader, Stage, readable},
    email::Email,
    id::{CallId, EditionId, ForwardId, PartnerId, ProposalId, TrackId},
    proposal::{AUTHORS_MAX, Content},
    text::{Line, RichText, Slug, WebUrl, folded},
    words::words,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The most characters of a note that goes with a forward or an answer to it.
pub const NOTE_MAX: usize = 5_000;

words! {
    /// Where a forward stands.
    State {
        /// The sender wants it, and the authors are asked.
        Asked = "asked", "Waits for the authors";
        /// An author agreed, and the receiver is asked.
        Offered = "offered", "Waits for the receiver";
        /// The receiver took it.
        Accepted = "accepted", "Accepted";
        /// The receiver did not take it.
        Declined = "declined", "Declined by the receiver";
        /// An author did not want it, or withdrew the proposal.
        Refused = "refused", "Refused by an author";
        /// The sender took it back.
        Cancelled = "cancelled", "Cancelled by the sender";
    }
}

impl State {
    /// Whether somebody has still to answer.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Asked | Self::Offered)
    }
}

words! {
    /// What is done with a forward.
    Step {
        /// The sender's committee means to pass it on.
        Ask = "ask", "Asked the authors";
        /// An author agrees.
        Agree = "agree", "Agreed";
        /// An author does not.
        Refuse = "refuse", "Refused";
        /// The receiver's committee takes it.
        Accept = "accept", "Accepted it";
        /// The receiver's committee does not take it.
        Decline = "decline", "Declined it";
        /// The sender's committee takes it back.
        Cancel = "cancel", "Cancelled it";
    }
}

impl Step {
    /// Whether an author does it, rather than a committee.
    pub fn is_of_authors(self) -> bool {
        matches!(self, Self::Agree | Self::Refuse)
    }
}

impl State {
    /// The state after `step`. Whether whoever does it may is for [`crate::permission`].
    pub fn step(self, step: Step) -> Result<Self, Refusal> {
        Ok(match (step, self) {
            (Step::Agree, Self::Asked) => Self::Offered,
            (Step::Refuse, Self::Asked | Self::Offered) => Self::Refused,
            (Step::Accept, Self::Offered) => Self::Accepted,
            (Step::Decline, Self::Offered) => Self::Declined,
            (Step::Cancel, Self::Asked | Self::Offered) => Self::Cancelled,
            (Step::Agree, Self::Offered) => {
                let problem = "another author agreed already";
                return Err(Refusal::new("forward", problem, "Wait for the receiver's answer"));
            }
            (Step::Accept | Step::Decline, Self::Asked) => {
                let problem = "its authors have not agreed yet";
                return Err(Refusal::new("forward", problem, "Wait for their answer"));
            }
            _ => {
                let problem = format!("it is settled: {}", self.shown().to_lowercase());
                return Err(Refusal::new("forward", problem, "Load the page again to see how it stands"));
            }
        })
    }
}

/// One end of a forward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// A call of this record, and its proposal once there is one.
    Here {
        /// The edition.
        edition: EditionId,
        /// The call.
        call: CallId,
        /// The proposal: at the sender from the beginning, at the receiver once it was accepted.
        proposal: Option<ProposalId>,
    },
    /// A call on another Plenary.
    Away {
        /// The partner.
        partner: PartnerId,
        /// The call's place in addresses there.
        slug: Slug,
        /// Its name, with its edition's.
        name: Line,
        /// The page of the proposal there; at the receiver once it was accepted.
        page: Option<WebUrl>,
    },
}

impl End {
    /// The edition, where it is of this record.
    pub fn edition(&self) -> Option<EditionId> {
        match self {
            Self::Here { edition, .. } => Some(*edition),
            Self::Away { .. } => None,
        }
    }

    /// The proposal, where it is of this record.
    pub fn proposal(&self) -> Option<ProposalId> {
        match self {
            Self::Here { proposal, .. } => *proposal,
            Self::Away { .. } => None,
        }
    }

    /// The partner, where it is on another Plenary.
    pub fn partner(&self) -> Option<PartnerId> {
        match self {
            Self::Here { .. } => None,
            Self::Away { partner, .. } => Some(*partner),
        }
    }
}

/// The passing on of a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// Its identifier, the same at both ends.
    pub id: ForwardId,
    /// Where it stands.
    pub state: State,
    /// From where.
    pub from: End,
    /// To where.
    pub to: End,
    /// When it came to stand where it does.
    pub since: Timestamp,
    /// What its authors said to the sender's form and the receiver's did not ask, once it was accepted.
    pub left: Vec<Said>,
}

/// An answer as it is read where its form is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// What was asked.
    pub label: Line,
    /// What was answered.
    pub text: String,
}

/// Whether a note may go with it.
pub fn check_note(note: &RichText) -> Result<(), Refusal> {
    let length = note.as_str().chars().count();
    if length > NOTE_MAX {
        let problem = format!("it has {length} characters, and {NOTE_MAX} are allowed");
        return Err(Refusal::new("note", problem, "Shorten it"));
    }
    Ok(())
}

/// Whether what was submitted to a call of that kind can be passed on, and whether such a call can receive: what becomes a
/// session. Offers are sealed and sponsors pay; neither is a proposal of somebody's that fits elsewhere.
pub fn may_pass(kind: CallKind) -> bool {
    kind.session_kind().is_some()
}

/// Whether a proposal of `from` can be passed on to `to`.
pub fn check_calls(from: &Call, to: &Call) -> Result<(), Refusal> {
    if from.id == to.id {
        return Err(Refusal::new("to", "it was submitted to that call", "Choose another"));
    }
    for call in [from, to] {
        if !may_pass(call.kind) {
            let problem = format!(
                "nothing is passed on from or to {}: {}",
                call.name,
                call.kind.shown().to_lowercase()
            );
            return Err(Refusal::new("to", problem, "Choose a call for sessions"));
        }
    }
    Ok(())
}

/// What a proposal says in another call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// What it says there, by that call's form.
    pub content: Content,
    /// What it said before and nobody asks there.
    pub left: Vec<Said>,
    /// What that call requires and it does not say: the authors are asked to fill it in.
    pub missing: Vec<Line>,
}

/// What `content`, filed by `form`, says in the call `to` with the form `asked`, of whose edition `tracks` are those that it
/// can still name. An answer is carried to the field of the same name and kind, else to one with the same question and kind;
/// a choice only where it is still offered. The length becomes the longest that `to` offers and that is not longer than it
/// was, else its shortest: a talk of 45 minutes becomes a topic of 30.
pub fn carry(content: &Content, form: &Form, to: &Call, asked: &Form, tracks: &[TrackId]) -> Carried {
    let mut answers = Answers::new();
    let mut left = vec![];
    for (field, answer) in readable(form, &content.answers, Reader::Committee) {
        // What was written for few is not shown to more of them there.
        let fits = |other: &&Field| {
            other.kind.word() == field.kind.word()
                && other.reader >= field.reader
                && !answers.contains_key(&other.key)
        };
        let by_key = asked.field(&field.key).filter(fits);
        let by_label = || {
            let same = |other: &&Field| folded(other.label.as_str()) == folded(field.label.as_str());
            asked.fields.iter().find(|other| fits(other) && same(other))
        };
        let carried = by_key.or_else(by_label).and_then(|other| {
            let answer = if other.kind == field.kind { Some(answer.clone()) } else { read(other, answer) };
            Some((other.key.clone(), answer?))
        });
        match carried {
            Some((key, answer)) => {
                answers.insert(key, answer);
            }
            None => left.push(Said { label: field.label.clone(), text: answer.plain() }),
        }
    }
    // What is carried but would only be asked after another answer cannot be read there.
    let hidden: Vec<&Field> = asked
        .fields
        .iter()
        .filter(|field| answers.contains_key(&field.key) && !field.is_asked(&answers))
        .collect();
    for field in hidden {
        if let Some(answer) = answers.remove(&field.key) {
            left.push(Said { label: field.label.clone(), text: answer.plain() });
        }
    }
    let kept: Vec<TrackId> = content.tracks.iter().copied().filter(|track| tracks.contains(track)).collect();
    let content = Content {
        title: content.title.clone(),
        summary: content.summary.clone(),
        minutes: length(content.minutes, &to.minutes),
        tracks: if to.asks_tracks { kept } else { vec![] },
        form: asked.version,
        answers,
    };
    let mut missing: Vec<Line> = asked
        .fields
        .iter()
        .filter(|field| field.required && field.is_asked(&content.answers))
        .filter(|field| !content.answers.contains_key(&field.key))
        .map(|field| field.label.clone())
        .collect();
    if to.asks_tracks && content.tracks.is_empty() && !tracks.is_empty() {
        missing.push(Line::from("Tracks"));
    }
    Carried { content, left, missing }
}

/// An answer as another field of the same kind takes it, if it does.
fn read(field: &Field, answer: &Answer) -> Option<Answer> {
    let typed = answer.typed();
    let typed: Vec<&str> = typed.iter().map(String::as_str).collect();
    Answer::read(field, &typed, Stage::Draft).ok().flatten()
}

/// The length nearest to `asked` that is offered and not longer; the shortest where all are longer.
pub fn length(asked: Option<u16>, offered: &[u16]) -> Option<u16> {
    let most = asked.unwrap_or(u16::MAX);
    offered.iter().copied().filter(|minutes| *minutes <= most).max().or(offered.iter().copied().min())
}

/// Somebody who proposes, as another Plenary is told of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfferedAuthor {
    /// Their name.
    pub name: Line,
    /// The address at which they are invited.
    pub email: Email,
    /// Where they work or belong: for finding conflicts of interest.
    #[serde(default)]
    pub affiliation: Line,
    /// Whether they present it.
    pub speaks: bool,
}

/// A proposal as it is offered to another Plenary: what its authors wrote, and nothing that was said about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// Its title.
    pub title: Line,
    /// What it is about, in Markdown.
    #[serde(rename = "abstract")]
    pub summary: RichText,
    /// How long it should be, in minutes.
    #[serde(default)]
    pub minutes: Option<u16>,
    /// The fields of the form by which the answers were given.
    #[serde(default)]
    pub fields: Vec<Field>,
    /// The answers.
    #[serde(default)]
    pub answers: Answers,
    /// Its authors who take part, in their order.
    pub authors: Vec<OfferedAuthor>,
}

impl Offer {
    /// Whether it can stand for a proposal.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.title.is_empty() {
            return Err(Refusal::new("title", "it is empty", "Send its title"));
        }
        if self.authors.is_empty() || self.authors.len() > AUTHORS_MAX {
            let problem = format!("it names {} authors", self.authors.len());
            return Err(Refusal::new("authors", problem, format!("Name 1 to {AUTHORS_MAX}")));
        }
        if self.answers.values().any(|answer| matches!(answer, Answer::File(_))) {
            let problem = "a file of another Plenary is none here";
            return Err(Refusal::new(
                "answers",
                problem,
                "Leave files out; their authors hand them in again",
            ));
        }
        self.form().check()
    }

    /// The form by which its answers are read.
    pub fn form(&self) -> Form {
        Form { version: 1, fields: self.fields.clone() }
    }

    /// What it says, as the content of a proposal filed by [`Self::form`].
    pub fn content(&self) -> Content {
        Content {
            title: self.title.clone(),
            summary: self.summary.clone(),
            minutes: self.minutes,
            tracks: vec![],
            form: 1,
            answers: self.answers.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Condition, FieldKey, FieldKind};
    use uuid::Uuid;

    fn call(kind: CallKind) -> Call {
        Call { published: true, ..Call::usual(CallId(Uuid::from_u128(kind as u128)), kind) }
    }

    fn field(label: &str, kind: FieldKind) -> Field {
        Field {
            key: FieldKey::from_label(label, std::iter::empty()),
            label: Line::from(label),
            help: Line::default(),
            kind,
            required: false,
            reader: Reader::Reviewers,
            only_if: None,
        }
    }

    fn line() -> FieldKind {
        FieldKind::Text { long: false, words: None }
    }

    fn choice(options: &[&str]) -> FieldKind {
        let options = options.iter().map(|option| Line::from(*option)).collect();
        FieldKind::Choice { options, several: false }
    }

    #[test]
    fn every_step_leads_where_the_picture_says_or_is_refused() {
        use State as S;
        let reached = |step: Step| -> Vec<(State, State)> {
            S::ALL.iter().filter_map(|state| Some((*state, state.step(step).ok()?))).collect()
        };
        assert_eq!(reached(Step::Ask), []);
        assert_eq!(reached(Step::Agree), [(S::Asked, S::Offered)]);
        assert_eq!(reached(Step::Refuse), [(S::Asked, S::Refused), (S::Offered, S::Refused)]);
        assert_eq!(reached(Step::Accept), [(S::Offered, S::Accepted)]);
        assert_eq!(reached(Step::Decline), [(S::Offered, S::Declined)]);
        assert_eq!(reached(Step::Cancel), [(S::Asked, S::Cancelled), (S::Offered, S::Cancelled)]);
        assert!(S::Asked.step(Step::Accept).unwrap_err().problem.contains("not agreed"));
    }

    #[test]
    fn a_talk_gets_the_nearest_length_that_a_topic_may_have() {
        assert_eq!(length(Some(45), &[15, 20, 30]), Some(30));
        assert_eq!(length(Some(45), &[15, 45]), Some(45));
        assert_eq!(length(Some(10), &[30, 15]), Some(15));
        assert_eq!(length(None, &[15, 30]), Some(30));
        assert_eq!(length(Some(45), &[]), None);
    }

    #[test]
    fn answers_go_to_the_same_name_or_question_and_the_others_stay_readable() {
        let mut same = field("Outcome", line());
        let renamed = Field { key: FieldKey::parse("other").unwrap(), ..field("Who must come?", line()) };
        let form = Form {
            version: 3,
            fields: vec![
                same.clone(),
                field("who must COME?", line()),
                field("Presence", choice(&["Here", "Remote"])),
                field("Level", choice(&["Low", "High"])),
                field("Link", FieldKind::Url),
            ],
        };
        same.required = true;
        let mut lacking = field("Patches", line());
        lacking.required = true;
        let mut after = field("Level", choice(&["Low", "Middle"]));
        after.required = true;
        // The same question of another kind is another question.
        let other_kind = field("Link", line());
        let asked = Form {
            version: 7,
            fields: vec![
                same,
                renamed,
                field("Presence", choice(&["Remote", "Both"])),
                after,
                other_kind,
                lacking,
            ],
        };
        let key = |text: &str| FieldKey::parse(text).unwrap();
        let answer = |text: &str| Answer::Line(Line::from(text));
        let mut content =
            Content { title: Line::from("A talk"), minutes: Some(45), form: 3, ..Content::default() };
        content.answers.insert(key("outcome"), answer("A plan"));
        content.answers.insert(key("who_must_come"), answer("Ada"));
        content.answers.insert(key("presence"), Answer::Chosen(vec![Line::from("Remote")]));
        content.answers.insert(key("level"), Answer::Chosen(vec![Line::from("High")]));
        content.answers.insert(key("link"), Answer::Url(WebUrl::parse("https://example.org/").unwrap()));
        let carried = carry(&content, &form, &call(CallKind::Topics), &asked, &[]);
        assert_eq!(carried.content.answers.get(&key("outcome")), Some(&answer("A plan")));
        assert_eq!(carried.content.answers.get(&key("other")), Some(&answer("Ada")));
        assert_eq!(
            carried.content.answers.get(&key("presence")),
            Some(&Answer::Chosen(vec![Line::from("Remote")]))
        );
        let left: Vec<(&str, &str)> =
            carried.left.iter().map(|said| (said.label.as_str(), said.text.as_str())).collect();
        assert_eq!(left, [("Level", "High"), ("Link", "https://example.org/")]);
        let missing: Vec<&str> = carried.missing.iter().map(Line::as_str).collect();
        assert_eq!(missing, ["Level", "Patches"]);
        assert_eq!((carried.content.form, carried.content.minutes), (7, Some(45)));
    }

    #[test]
    fn an_answer_that_is_asked_only_after_another_is_left_where_that_one_lacks() {
        let form = Form { version: 1, fields: vec![field("Details", line())] };
        let first = field("More?", FieldKind::Tick);
        let only_if = Some(Condition { field: first.key.clone(), is: Line::default() });
        let asked = Form { version: 1, fields: vec![first, Field { only_if, ..field("Details", line()) }] };
        let mut content = Content::default();
        content.answers.insert(FieldKey::parse("details").unwrap(), Answer::Line(Line::from("Much")));
        let carried = carry(&content, &form, &call(CallKind::Bofs), &asked, &[]);
        assert!(carried.content.answers.is_empty());
        assert_eq!(carried.left[0].text, "Much");
    }

    #[test]
    fn tracks_go_along_only_where_authors_name_them_and_they_are_there() {
        let (one, other) = (TrackId(Uuid::from_u128(1)), TrackId(Uuid::from_u128(2)));
        let content = Content { tracks: vec![one, other], ..Content::default() };
        let none = Form::default();
        let to = |asks_tracks| Call { asks_tracks, ..call(CallKind::Bofs) };
        assert_eq!(carry(&content, &none, &to(true), &none, &[other]).content.tracks, [other]);
        assert_eq!(carry(&content, &none, &to(false), &none, &[other]).content.tracks, []);
        let elsewhere = carry(&content, &none, &to(true), &none, &[TrackId(Uuid::from_u128(3))]);
        assert_eq!(elsewhere.missing, [Line::from("Tracks")]);
    }

    #[test]
    fn only_what_becomes_a_session_is_passed_on() {
        let talks = call(CallKind::Presentations);
        assert!(check_calls(&talks, &call(CallKind::Topics)).is_ok());
        assert!(check_calls(&talks, &call(CallKind::Offers)).is_err());
        assert!(check_calls(&call(CallKind::Sponsors), &talks).is_err());
        assert!(check_calls(&talks, &talks).unwrap_err().problem.contains("was submitted to that call"));
    }

    #[test]
    fn an_offer_without_a_title_or_an_author_stands_for_nothing() {
        let author = OfferedAuthor {
            name: Line::from("Ada"),
            email: Email::parse("ada@example.org").unwrap(),
            affiliation: Line::default(),
            speaks: true,
        };
        let offer = Offer {
            title: Line::from("A talk"),
            summary: RichText::default(),
            minutes: None,
            fields: vec![],
            answers: Answers::new(),
            authors: vec![author],
        };
        assert!(offer.check().is_ok());
        assert_eq!(Offer { title: Line::default(), ..offer.clone() }.check().unwrap_err().field, "title");
        assert_eq!(Offer { authors: vec![], ..offer }.check().unwrap_err().field, "authors");
    }
}
