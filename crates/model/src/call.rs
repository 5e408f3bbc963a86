//! Calls: invitations to submit, each with its kind, its form, its time and its rules for review.
//!
//! An edition has several calls at once (requirement 17): refereed presentations, microconferences, the topics of each
//! microconference, BoFs, offers, sponsors. What is submitted to one is a [`crate::proposal::Proposal`]; who decides it
//! are those with the role of the committee in the call.

mod access;
mod answer;
mod deadline;
mod file;
mod form;
mod incoming;
mod invitation;
mod opening;
mod question;

pub use access::{AccessCode, CODE_LENGTH, LETTERS, late, normal_code, shown_code};
pub use answer::{Answer, Answers, People, Stage, readable};
pub use deadline::{Deadline, DeadlineZone};
pub use file::{
    FileDigest, FileKind, FileRule, HANDED_IN, HandedIn, MEGABYTE, MEGABYTES_MAX, PERSON_FILES_MAX,
    PERSON_MAX, size,
};
pub use form::{Condition, Field, FieldKey, FieldKind, Form, Reader, WORDS_MAX};
pub use incoming::{Column, Incoming, incoming};
pub use invitation::{Invitation, invitation};
pub use opening::{Opened, Opening};
pub use question::{Amendment, Question, SAID_MAX};

use crate::{
    Refusal,
    edition::Edition,
    id::{CallId, TrackId},
    microconference::Terms,
    programme::SessionKind,
    review::Criterion,
    text::{Line, RichText, Slug},
    words::words,
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The most minutes after the closing time in which what was begun before may still be submitted: an hour.
pub const GRACE_MAX: u16 = 60;

words! {
    /// What a call invites to.
    CallKind {
        /// A talk on a stage, chosen by referees.
        Presentations = "presentations", "Refereed presentations";
        /// A block of discussions on one area, run by its leads.
        Microconferences = "microconferences", "Microconferences";
        /// A discussion within one microconference.
        Topics = "topics", "Topics of a microconference";
        /// An informal meeting on a subject, or a room to work in.
        Bofs = "bofs", "BoFs and hack sessions";
        /// What a supplier asks for a service that the conference needs.
        Offers = "offers", "Offers (request for quotation)";
        /// Support of the conference by an organisation.
        Sponsors = "sponsors", "Sponsors";
    }
}

impl CallKind {
    /// What one proposal to such a call is called.
    pub fn one(self) -> &'static str {
        match self {
            Self::Presentations => "presentation",
            Self::Microconferences => "microconference",
            Self::Topics => "topic",
            Self::Bofs => "BoF or hack session",
            Self::Offers => "offer",
            Self::Sponsors => "sponsorship",
        }
    }

    /// The same with its article, as in "Propose a presentation".
    pub fn a(self) -> &'static str {
        match self {
            Self::Presentations => "a presentation",
            Self::Microconferences => "a microconference",
            Self::Topics => "a topic",
            Self::Bofs => "a BoF or hack session",
            Self::Offers => "an offer",
            Self::Sponsors => "a sponsorship",
        }
    }

    /// What it is, for somebody who has never run one and decides which to propose (requirement 18).
    pub fn explained(self) -> &'static str {
        match self {
            Self::Presentations => {
                "A talk on a stage to everybody, questions included. Referees choose, so the abstract has to convince \
                 on its own. Choose this to explain a problem or present work to a wide audience."
            }
            Self::Microconferences => {
                "Half a day of discussions on one area, with the people who can settle its open problems in one room. \
                 You run it: you gather the topics, order them and lead the discussion. The proposal lives on, and is \
                 accepted when it is ready."
            }
            Self::Topics => {
                "A discussion of one open problem within a microconference: a few minutes to say what it is, the rest to \
                 solve it. Its leads choose. Choose this if the people who must be in the room come to that microconference."
            }
            Self::Bofs => {
                "An informal meeting on one subject, or a room in which to work together. Little has to be prepared, and \
                 it can be proposed late."
            }
            Self::Offers => {
                "A service that the conference asks for, with a price. Offers stay sealed until the call closes."
            }
            Self::Sponsors => "Your organisation supports the conference and is thanked for it.",
        }
    }

    /// What an accepted proposal is on the programme; `None` for what has no session.
    pub fn session_kind(self) -> Option<SessionKind> {
        match self {
            Self::Presentations => Some(SessionKind::Talk),
            Self::Microconferences => Some(SessionKind::Microconference),
            Self::Topics => Some(SessionKind::Topic),
            Self::Bofs => Some(SessionKind::Bof),
            Self::Offers | Self::Sponsors => None,
        }
    }

    /// The lengths that such a call offers to begin with, in minutes.
    pub fn usual_minutes(self) -> &'static [u16] {
        match self {
            Self::Presentations => &[45],
            Self::Microconferences => &[180],
            Self::Topics => &[15, 20, 30, 45],
            Self::Bofs => &[45, 90],
            Self::Offers | Self::Sponsors => &[],
        }
    }

    /// Whether nobody sees what was submitted before the call has closed.
    pub fn is_sealed(self) -> bool {
        self == Self::Offers
    }
}

words! {
    /// Whether reviewers know who proposes.
    Naming {
        /// They see the authors.
        Named = "named", "Reviewers see who proposes";
        /// They do not, before the decision.
        Blind = "blind", "Reviewers do not see who proposes";
    }
}

words! {
    /// When authors see the comments that are meant for them.
    CommentTime {
        /// At once, so that they can answer and improve the proposal.
        AtOnce = "at_once", "As soon as they are written";
        /// With the decision.
        WithDecision = "with_decision", "Together with the decision";
    }
}

/// How the proposals of a call are reviewed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviewing {
    /// Whether reviewers know who proposes.
    pub naming: Naming,
    /// When authors see the comments that are meant for them.
    pub comments: CommentTime,
    /// By what a proposal is measured; at least one.
    pub criteria: Vec<Criterion>,
    /// How many reviews each proposal should have, 0 to 20.
    pub wanted: u8,
}

impl Default for Reviewing {
    fn default() -> Self {
        Self {
            naming: Naming::Named,
            comments: CommentTime::AtOnce,
            criteria: vec![Criterion::overall()],
            wanted: 3,
        }
    }
}

/// An invitation to submit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Its identifier.
    pub id: CallId,
    /// Its place in addresses.
    pub slug: Slug,
    /// Its name.
    pub name: Line,
    /// What it invites to.
    pub kind: CallKind,
    /// What it is, in a sentence, for those who choose between calls.
    #[serde(default)]
    pub summary: Line,
    /// What is sought, and how it is chosen.
    #[serde(default)]
    pub text: RichText,
    /// Whether the public sees it.
    #[serde(default)]
    pub published: bool,
    /// The track into which what is accepted goes; of a call for topics, the microconference.
    #[serde(default)]
    pub track: Option<TrackId>,
    /// Whether authors name tracks in order of preference (requirement 37). Never together with `track`.
    #[serde(default)]
    pub asks_tracks: bool,
    /// From when on one can submit; once it is published, where none is said.
    #[serde(default)]
    pub opens: Option<Deadline>,
    /// Until when one can submit; without an end, where none is said.
    #[serde(default)]
    pub closes: Option<Deadline>,
    /// Minutes after the closing time in which a draft that was begun before it may still be submitted. Not announced.
    #[serde(default)]
    pub grace: u16,
    /// The lengths that one can propose, in minutes, in the order in which they are offered.
    #[serde(default)]
    pub minutes: Vec<u16>,
    /// How many can be accepted; not limited where none is said.
    #[serde(default)]
    pub places: Option<u16>,
    /// Whether the best of the wait list is accepted by itself when a place becomes free.
    #[serde(default)]
    pub moves_up: bool,
    /// How what is submitted is reviewed.
    #[serde(default)]
    pub reviewing: Reviewing,
    /// What is asked of microconferences, and what each gets; of other calls, what is usual.
    #[serde(default, skip_serializing_if = "Terms::is_usual")]
    pub terms: Terms,
}

/// Where a call is in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Only the desk sees it.
    Hidden,
    /// It opens at that instant.
    Announced(Timestamp),
    /// One can submit, until that instant where one is said.
    Open(Option<Timestamp>),
    /// It closed at that instant.
    Closed(Timestamp),
}

/// With what right somebody submits after the closing time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Late {
    /// With none.
    No,
    /// They began before the call closed.
    Began,
    /// The committee let them, with an access code.
    Invited,
}

impl Call {
    /// A call of that kind as it is usually held, to begin with.
    pub fn usual(id: CallId, kind: CallKind) -> Self {
        let name = Line::from(kind.shown());
        let mut reviewing = Reviewing::default();
        match kind {
            CallKind::Presentations => reviewing.criteria = Criterion::of_presentations(),
            CallKind::Offers => reviewing.comments = CommentTime::WithDecision,
            CallKind::Microconferences | CallKind::Topics | CallKind::Bofs | CallKind::Sponsors => {
                reviewing.wanted = 0;
            }
        }
        Self {
            id,
            slug: Slug::from_any(&[kind.as_str()], "call", id.0),
            name,
            kind,
            summary: Line::default(),
            text: RichText::default(),
            published: false,
            track: None,
            asks_tracks: false,
            opens: None,
            closes: None,
            grace: if kind.is_sealed() { 0 } else { 5 },
            minutes: kind.usual_minutes().to_vec(),
            places: None,
            moves_up: kind != CallKind::Microconferences,
            reviewing,
            terms: Terms::default(),
        }
    }

    /// Whether it can stand beside `others`, the other calls of its edition.
    pub fn check<'a>(&self, others: impl Iterator<Item = &'a Self> + Clone) -> Result<(), Refusal> {
        let others = others.filter(|other| other.id != self.id);
        crate::edit::named("call", &self.name, others.clone().map(|other| &other.name))?;
        if let Some(other) = others.clone().find(|other| other.slug == self.slug) {
            let problem = format!("\"{}\" is the address of the call {}", self.slug, other.name);
            return Err(Refusal::new("slug", problem, "Choose another"));
        }
        if self.kind == CallKind::Topics && self.track.is_none() {
            let problem = "a call for topics belongs to a microconference";
            return Err(Refusal::new("track", problem, "Choose the microconference's track"));
        }
        if self.track.is_some() && self.asks_tracks {
            let problem = "what is accepted goes into one track, so that authors have none to choose";
            return Err(Refusal::new("asks tracks", problem, "Leave one of the two empty"));
        }
        if let (Some(opens), Some(closes)) = (&self.opens, &self.closes)
            && closes.instant() <= opens.instant()
        {
            return Err(Refusal::new("closes", "it closes before it opens", "Choose a later time"));
        }
        if self.kind.is_sealed() && self.closes.is_none() {
            let problem = "offers are opened when the call closes, and it never does";
            return Err(Refusal::new("closes", problem, "Say when it closes"));
        }
        if self.kind.is_sealed() && self.grace > 0 {
            let problem = "offers are opened in the closing second, and none is taken afterwards";
            return Err(Refusal::new("grace", problem, "Give none"));
        }
        if self.grace > GRACE_MAX {
            let problem = format!("{} minutes are too many", self.grace);
            return Err(Refusal::new("grace", problem, format!("Give at most {GRACE_MAX}")));
        }
        if self.minutes.iter().any(|minutes| !(1..=crate::session_type::MINUTES_MAX).contains(minutes)) {
            return Err(Refusal::new("minutes", "a length is none", "Give lengths of 1 to 1440 minutes"));
        }
        if self.reviewing.wanted > 20 {
            return Err(Refusal::new("reviews", "nobody reads so many reviews", "Ask for at most 20"));
        }
        let Terms { topics, days, passes } = self.terms;
        for (field, value, most) in [("topics", topics, 20), ("days", days, 200), ("passes", passes, 20)] {
            if value > most {
                return Err(Refusal::new(
                    field,
                    format!("{value} are too many"),
                    format!("Give at most {most}"),
                ));
            }
        }
        Criterion::check_all(&self.reviewing.criteria)
    }

    /// Where it is at `now`.
    pub fn phase(&self, now: Timestamp) -> Phase {
        let opens = self.opens.as_ref().map(Deadline::instant);
        let closes = self.closes.as_ref().map(Deadline::instant);
        if !self.published {
            return Phase::Hidden;
        }
        match (opens, closes) {
            (Some(opens), _) if now < opens => Phase::Announced(opens),
            (_, Some(closes)) if closes <= now => Phase::Closed(closes),
            (_, closes) => Phase::Open(closes),
        }
    }

    /// Whether one may submit to it at `now`. The refusal says until or from when one may, and what to do.
    pub fn accepts(&self, now: Timestamp, late: Late) -> Result<(), Refusal> {
        match self.phase(now) {
            Phase::Open(_) => Ok(()),
            Phase::Closed(_) if self.kind.is_sealed() => {
                let closed = self.closes.as_ref().map(Deadline::shown).unwrap_or_default();
                let problem = format!("it closed on {closed}, and the offers were opened");
                Err(Refusal::new("call", problem, "Write to the committee"))
            }
            Phase::Hidden | Phase::Closed(_) if late == Late::Invited => Ok(()),
            Phase::Hidden => Err(Refusal::new("call", "it is not published", "Wait for its announcement")),
            Phase::Announced(_) => {
                let opens = self.opens.as_ref().map(Deadline::shown).unwrap_or_default();
                Err(Refusal::new("call", format!("it opens on {opens}"), "Keep a draft until then"))
            }
            Phase::Closed(closed)
                if late == Late::Began && now < closed + SignedDuration::from_mins(i64::from(self.grace)) =>
            {
                Ok(())
            }
            Phase::Closed(_) => {
                let closed = self.closes.as_ref().map(Deadline::shown).unwrap_or_default();
                Err(Refusal::new(
                    "call",
                    format!("it closed on {closed}"),
                    "Your text is kept as a draft. Ask the committee for an access code",
                ))
            }
        }
    }

    /// The places of the call, where one that becomes free at `now` goes to the wait list by itself: until the edition begins,
    /// and never of microconferences, which are accepted one at a time when they are ready.
    pub fn fills_places(&self, edition: &Edition, now: Timestamp) -> Option<u16> {
        let begins = edition.zone.instant(edition.first_day.at(0, 0, 0, 0))?;
        let fills = self.moves_up && self.kind != CallKind::Microconferences && now < begins;
        self.places.filter(|_| fills)
    }

    /// Whether what was submitted may be read at `now` by those who decide.
    pub fn is_open_to_committee(&self, now: Timestamp) -> bool {
        !self.kind.is_sealed() || matches!(self.phase(now), Phase::Closed(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn call(kind: CallKind) -> Call {
        Call { published: true, ..Call::usual(CallId(Uuid::from_u128(1)), kind) }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn deadline(text: &str) -> Deadline {
        Deadline { local: text.parse().unwrap(), zone: DeadlineZone::AnywhereOnEarth }
    }

    #[test]
    fn sealed_offers_are_taken_until_the_closing_second_and_not_after_by_anybody() {
        let closes = Some(deadline("2027-04-01T23:59"));
        let offers = Call { closes, ..call(CallKind::Offers) };
        assert!(offers.check(std::iter::empty()).is_ok());
        for late in [Late::No, Late::Began, Late::Invited] {
            assert!(offers.accepts(at("2027-04-02T11:58:59Z"), late).is_ok());
            assert!(offers.accepts(at("2027-04-02T11:59:00Z"), late).is_err(), "{late:?}");
        }
        let graceful = Call { grace: 1, ..offers };
        assert_eq!(graceful.check(std::iter::empty()).unwrap_err().field, "grace");
    }

    #[test]
    fn a_call_is_open_between_its_times_and_says_when() {
        let call = Call {
            opens: Some(deadline("2027-03-01T00:00")),
            closes: Some(deadline("2027-04-01T23:59")),
            ..call(CallKind::Presentations)
        };
        assert_eq!(call.phase(at("2027-03-01T11:59:59Z")), Phase::Announced(at("2027-03-01T12:00:00Z")));
        assert!(call.accepts(at("2027-03-01T12:00:00Z"), Late::No).is_ok());
        assert!(call.accepts(at("2027-04-02T11:58:59Z"), Late::No).is_ok());
        let refused = call.accepts(at("2027-04-02T11:59:00Z"), Late::No).unwrap_err();
        assert!(refused.problem.contains("1 April 2027, 23:59 anywhere on Earth"), "{refused}");
        // A draft that was begun before has the grace of five minutes, an invited author all the time there is.
        assert!(call.accepts(at("2027-04-02T12:03:59Z"), Late::Began).is_ok());
        assert!(call.accepts(at("2027-04-02T12:04:00Z"), Late::Began).is_err());
        assert!(call.accepts(at("2027-06-01T00:00:00Z"), Late::Invited).is_ok());
    }

    #[test]
    fn an_unpublished_call_accepts_nobody_but_the_invited() {
        let hidden = Call { published: false, ..call(CallKind::Bofs) };
        assert_eq!(hidden.phase(at("2027-03-01T00:00:00Z")), Phase::Hidden);
        assert!(hidden.accepts(at("2027-03-01T00:00:00Z"), Late::Began).is_err());
        assert!(hidden.accepts(at("2027-03-01T00:00:00Z"), Late::Invited).is_ok());
    }

    #[test]
    fn offers_stay_sealed_until_the_closing_second() {
        let offers = Call { closes: Some(deadline("2027-04-01T12:00")), ..call(CallKind::Offers) };
        assert!(!offers.is_open_to_committee(at("2027-04-01T23:59:59Z")));
        assert!(offers.is_open_to_committee(at("2027-04-02T00:00:00Z")));
        let endless = Call { closes: None, ..offers };
        assert_eq!(endless.check(std::iter::empty()).unwrap_err().field, "closes");
    }

    #[test]
    fn calls_have_names_and_addresses_of_their_own_and_times_in_order() {
        let first = call(CallKind::Presentations);
        let twin = Call { id: CallId(Uuid::from_u128(2)), ..first.clone() };
        assert_eq!(twin.check([&first].into_iter()).unwrap_err().field, "name");
        let renamed = Call { name: Line::from("Other"), ..twin };
        assert_eq!(renamed.check([&first].into_iter()).unwrap_err().field, "slug");
        assert_eq!(call(CallKind::Topics).check(std::iter::empty()).unwrap_err().field, "track");
        let turned = Call {
            opens: Some(deadline("2027-04-01T00:00")),
            closes: Some(deadline("2027-03-01T00:00")),
            ..first.clone()
        };
        assert_eq!(turned.check(std::iter::empty()).unwrap_err().field, "closes");
        assert!(first.check([&first].into_iter()).is_ok());
    }
}
