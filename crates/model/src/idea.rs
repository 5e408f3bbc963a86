//! Ideas: microconferences that somebody would like to see and nobody leads yet (requirement 29).
//!
//! An idea collects who is interested. It is nothing that can be scheduled until somebody adopts it: then it is a draft of
//! theirs, and everybody who was interested is told.

use crate::{
    Refusal,
    id::{AccountId, IdeaId, ProposalId},
    text::{Line, RichText},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The most ideas of one person in one edition that nobody has adopted.
pub const OWN_MAX: usize = 10;

/// The longest text of an idea, in characters: more belongs into a proposal.
pub const TEXT_MAX: usize = 2_000;

/// An idea.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idea {
    /// Its identifier.
    pub id: IdeaId,
    /// Who had it; `None` once they have no account any more.
    pub account: Option<AccountId>,
    /// What it is about, in a line.
    pub title: Line,
    /// What is to be discussed, and who could lead it.
    pub text: RichText,
    /// When it was posted.
    pub at: Timestamp,
    /// The proposal that somebody made of it.
    pub adopted: Option<ProposalId>,
}

impl Idea {
    /// Whether it can be posted beside `own`, the number of one's ideas that wait.
    pub fn check(&self, own: usize) -> Result<(), Refusal> {
        if self.title.is_empty() {
            return Err(Refusal::new("title", "it is empty", "Say in a line what it is about"));
        }
        if self.text.is_empty() {
            return Err(Refusal::new("text", "it is empty", "Say what is to be discussed"));
        }
        if self.text.as_str().chars().count() > TEXT_MAX {
            let problem = "it is too long for an idea";
            return Err(Refusal::new("text", problem, format!("Use at most {TEXT_MAX} characters")));
        }
        if own >= OWN_MAX {
            let problem = format!("{own} of your ideas wait already");
            return Err(Refusal::new("title", problem, "Take one back, or propose it yourself"));
        }
        Ok(())
    }

    /// Whether it can be adopted, or somebody can say that it interests them.
    pub fn waits(&self) -> Result<(), Refusal> {
        match self.adopted {
            None => Ok(()),
            Some(_) => {
                Err(Refusal::new("idea", "somebody leads it already", "Write to them on its call for topics"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn an_idea_says_something_and_one_person_has_few_that_wait() {
        let idea = Idea {
            id: IdeaId(Uuid::nil()),
            account: None,
            title: "Sheds".into(),
            text: RichText::clean("Who keeps what where."),
            at: Timestamp::UNIX_EPOCH,
            adopted: None,
        };
        assert!(idea.check(OWN_MAX - 1).is_ok());
        assert_eq!(idea.check(OWN_MAX).unwrap_err().field, "title");
        let long = Idea { text: RichText::clean(&"x".repeat(TEXT_MAX + 1)), ..idea.clone() };
        assert_eq!(long.check(0).unwrap_err().field, "text");
        assert!(idea.waits().is_ok());
        assert!(Idea { adopted: Some(ProposalId(Uuid::nil())), ..idea }.waits().is_err());
    }
}
