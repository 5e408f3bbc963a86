//! What is said about a call while it runs: amendments to its text, questions about it, and their answers. All of it is
//! published to everybody, so that nobody who offers or proposes knows more than the others.

use super::{Call, Phase};
use crate::{
    Refusal,
    id::{AccountId, AmendmentId, CallId, QuestionId},
    text::RichText,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The most characters of a question, of an answer, of an amendment.
pub const SAID_MAX: usize = 10_000;

/// A change of what a call says, made after it was published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amendment {
    /// Its identifier.
    pub id: AmendmentId,
    /// The call.
    pub call: CallId,
    /// Its number within the call, from 1.
    pub number: u32,
    /// When it was published.
    pub at: Timestamp,
    /// What is changed.
    pub body: RichText,
}

impl Amendment {
    /// Whether it can be published at `now`.
    pub fn check(&self, call: &Call, now: Timestamp) -> Result<(), Refusal> {
        said("amendment", &self.body)?;
        match call.phase(now) {
            Phase::Hidden => {
                let problem = "the call is not public, so that nobody has read it";
                Err(Refusal::new("amendment", problem, "Change its text instead"))
            }
            Phase::Closed(_) => {
                let problem = "the call is closed, and what was submitted cannot follow it any more";
                Err(Refusal::new("amendment", problem, "Give the call a later closing time first"))
            }
            Phase::Announced(_) | Phase::Open(_) => Ok(()),
        }
    }
}

/// A question about a call. The public reads it with its answer, and never learns who asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Its identifier.
    pub id: QuestionId,
    /// The call.
    pub call: CallId,
    /// Who asked; nobody any more, where they had their account deleted.
    pub account: Option<AccountId>,
    /// When it was asked.
    pub asked: Timestamp,
    /// What was asked.
    pub body: RichText,
    /// The answer; empty while there is none.
    pub answer: RichText,
    /// When it was answered first.
    pub answered: Option<Timestamp>,
}

impl Question {
    /// Whether it can be asked at `now`.
    pub fn check(&self, call: &Call, now: Timestamp) -> Result<(), Refusal> {
        said("question", &self.body)?;
        match call.phase(now) {
            Phase::Announced(_) | Phase::Open(_) => Ok(()),
            Phase::Hidden | Phase::Closed(_) => {
                let problem = "the call is closed, and answers would come too late";
                Err(Refusal::new("question", problem, "Write to the committee"))
            }
        }
    }

    /// The question with that answer, given at `now`.
    pub fn answer(self, answer: RichText, now: Timestamp) -> Result<Self, Refusal> {
        said("answer", &answer)?;
        Ok(Self { answer, answered: self.answered.or(Some(now)), ..self })
    }
}

fn said(field: &str, body: &RichText) -> Result<(), Refusal> {
    let length = body.as_str().chars().count();
    if length == 0 {
        return Err(Refusal::new(field, "it is empty", "Write something"));
    }
    if length > SAID_MAX {
        let problem = format!("it has {length} characters");
        return Err(Refusal::new(field, problem, format!("Use at most {SAID_MAX}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{CallKind, Deadline, DeadlineZone};
    use uuid::Uuid;

    fn call() -> Call {
        let closes = Deadline {
            local: "2027-04-01T12:00".parse().unwrap(),
            zone: DeadlineZone::parse("Europe/Prague").unwrap(),
        };
        Call {
            published: true,
            closes: Some(closes),
            ..Call::usual(CallId(Uuid::from_u128(1)), CallKind::Offers)
        }
    }

    fn question(body: &str) -> Question {
        Question {
            id: QuestionId(Uuid::from_u128(2)),
            call: call().id,
            account: None,
            asked: Timestamp::UNIX_EPOCH,
            body: RichText::clean(body),
            answer: RichText::default(),
            answered: None,
        }
    }

    #[test]
    fn one_asks_and_amends_while_the_others_can_still_follow() {
        let (open, closed) = (Timestamp::UNIX_EPOCH, "2027-04-01T10:00:00Z".parse().unwrap());
        let amendment = Amendment {
            id: AmendmentId(Uuid::from_u128(3)),
            call: call().id,
            number: 1,
            at: open,
            body: RichText::clean("Six rooms instead of five."),
        };
        assert!(question("How many rooms?").check(&call(), open).is_ok());
        assert!(amendment.check(&call(), open).is_ok());
        assert!(question("How many rooms?").check(&call(), closed).is_err());
        assert!(amendment.check(&call(), closed).unwrap_err().remedy.contains("later closing time"));
        let hidden = Call { published: false, ..call() };
        assert!(amendment.check(&hidden, open).unwrap_err().remedy.contains("Change its text"));
        assert!(question("How many rooms?").check(&hidden, open).is_err());
    }

    #[test]
    fn nothing_empty_is_published_and_a_better_answer_keeps_the_first_time() {
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(question("  ").check(&call(), now).unwrap_err().field, "question");
        assert_eq!(question("?").answer(RichText::default(), now).unwrap_err().field, "answer");
        let first = question("?").answer(RichText::clean("Five."), now).unwrap();
        let later = now + jiff::SignedDuration::from_hours(1);
        let second = first.answer(RichText::clean("Six."), later).unwrap();
        assert_eq!((second.answered, second.answer.as_str()), (Some(now), "Six."));
    }
}
