//! The conversation of a room: one log, from which everything that is seen of it is made (design, section 4).
//!
//! What is said is an [`Event`], appended once and never changed: a message, a question, an edit, a removal, a reaction.
//! [`fold`] makes of events what a reader sees. Whether somebody may say something is [`may_say`]; both are pure, and the
//! same for whoever comes in by a browser, by Matrix or by BigBlueButton (the *spokes* of the log).
//!
//! Two things are said by other names elsewhere and have no kind of their own here: an up-vote for a question is the
//! reaction [`VOTE`], which every chat program can give, and a mention is the name of a person after an `@`.

use crate::{
    Refusal,
    id::{AccountId, EditionId, RoomId},
    text::{Line, RichText},
    words::words,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// A place in the log of all rooms of the record: ascends in the order in which things were said.
pub type Position = i64;

/// The longest text of one message, in characters. Longer texts belong into a document that the message links to.
pub const TEXT_MAX: usize = 4_000;

/// The reaction that counts as an up-vote for a question.
pub const VOTE: &str = "👍";

/// The longest reaction, in bytes: the longest emoji sequences have some 35.
const REACTION_MAX: usize = 40;

words! {
    /// A way into the conversation of a room.
    Spoke {
        /// Our own pages.
        Browser = "browser", "our pages";
        /// A Matrix homeserver.
        Matrix = "matrix", "Matrix";
        /// The chat of a BigBlueButton meeting.
        BigBlueButton = "big_blue_button", "BigBlueButton";
        /// The system itself: that a session begins or ends.
        System = "system", "the timetable";
    }
}

/// Who said something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Author {
    /// Somebody with an account here.
    Account(AccountId),
    /// Somebody who is known by the identifier of a spoke, such as `@ada:example.org`.
    Outside(String),
    /// The system.
    System,
    /// Somebody who has had their account deleted.
    Gone,
}

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A message, perhaps in reply to another.
    Message {
        /// What it says: Markdown without HTML.
        text: RichText,
        /// The message that it answers.
        reply_to: Option<Position>,
    },
    /// A question for those who speak, which others vote for and the chair marks as answered.
    Question {
        /// What it asks.
        text: RichText,
    },
    /// Another text in place of an earlier one.
    Edit {
        /// The message.
        target: Position,
        /// What it says now.
        text: RichText,
    },
    /// That a message is gone.
    Removal {
        /// The message.
        target: Position,
    },
    /// A reaction to a message, or that it is taken back.
    Reaction {
        /// The message.
        target: Position,
        /// An emoji.
        emoji: String,
        /// Whether it is given; else it is taken back.
        given: bool,
    },
    /// That a question was answered, or that it was not after all.
    Answered {
        /// The question.
        target: Position,
        /// Whether it was.
        answered: bool,
    },
}

impl Said {
    /// The message that it is about, where it is none itself.
    pub fn target(&self) -> Option<Position> {
        match self {
            Self::Message { .. } | Self::Question { .. } => None,
            Self::Edit { target, .. }
            | Self::Removal { target }
            | Self::Reaction { target, .. }
            | Self::Answered { target, .. } => Some(*target),
        }
    }

    /// The message that must be there for it to be said: the one that it is about or that it answers.
    pub fn needs(&self) -> Option<Position> {
        match self {
            Self::Message { reply_to, .. } => *reply_to,
            other => other.target(),
        }
    }
}

/// Something that was said, as the log keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place.
    pub position: Position,
    /// Its identifier. Whoever says something chooses it, so that saying it twice is saying it once.
    pub id: Uuid,
    /// The edition.
    pub edition: EditionId,
    /// The room.
    pub room: RoomId,
    /// When.
    pub at: Timestamp,
    /// Through which way.
    pub spoke: Spoke,
    /// Who.
    pub author: Author,
    /// How they are called; empty for nobody.
    pub name: Line,
    /// What.
    pub said: Said,
}

/// A message as it stands, with all that was said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its place.
    pub position: Position,
    /// When it was said.
    pub at: Timestamp,
    /// Through which way.
    pub spoke: Spoke,
    /// Who said it.
    pub author: Author,
    /// How they are called.
    pub name: Line,
    /// What it says; `None` where it was removed.
    pub text: Option<RichText>,
    /// The message that it answers.
    pub reply_to: Option<Position>,
    /// Whether it is a question.
    pub question: bool,
    /// Whether a question was answered.
    pub answered: bool,
    /// When it was last changed.
    pub edited: Option<Timestamp>,
    /// Who reacted, by emoji in the order in which they were first given.
    pub reactions: Vec<(String, BTreeSet<Author>)>,
}

impl Message {
    /// How many want a question to be answered.
    pub fn votes(&self) -> usize {
        self.reactions.iter().find(|(emoji, _)| emoji == VOTE).map_or(0, |(_, who)| who.len())
    }
}

/// What a message is now, for whoever wants to say something about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The room in which it was said.
    pub room: RoomId,
    /// Who said it.
    pub author: Author,
    /// Whether it is a question.
    pub question: bool,
    /// Whether it was removed.
    pub removed: bool,
}

/// What somebody may do in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// Whether they keep the peace in it.
    pub moderates: bool,
    /// Whether only those who do may speak.
    pub locked: bool,
}

/// Whether `author` may say `said` in `room`; `target` is how the message stands that it needs, if there is one.
pub fn may_say(
    said: &Said,
    author: &Author,
    rights: Rights,
    room: RoomId,
    target: Option<&Standing>,
) -> Result<(), Refusal> {
    let of_moderator = matches!(said, Said::Removal { .. } | Said::Answered { .. });
    if rights.locked && !rights.moderates && !of_moderator {
        return Err(Refusal::new("text", "this room is closed for messages", "Ask its chair to open it"));
    }
    match said {
        Said::Message { text, .. } | Said::Question { text } | Said::Edit { text, .. } => check_text(text)?,
        Said::Reaction { emoji, .. } => check_reaction(emoji)?,
        Said::Removal { .. } | Said::Answered { .. } => {}
    }
    if said.needs().is_none() {
        return Ok(());
    }
    let gone = || Refusal::new("message", "it is not there any more", "Look at the newest messages");
    let target = target.filter(|target| target.room == room && !target.removed).ok_or_else(gone)?;
    let own = target.author == *author && !matches!(author, Author::Gone);
    match said {
        Said::Edit { .. } if !own => {
            Err(Refusal::new("message", "only its author changes it", "Answer it instead"))
        }
        Said::Removal { .. } if !own && !rights.moderates => Err(Refusal::new(
            "message",
            "only its author and those who moderate the room remove it",
            "Report it to them instead",
        )),
        Said::Answered { .. } if !target.question => {
            Err(Refusal::new("message", "it is no question", "React to it instead"))
        }
        Said::Answered { .. } if !own && !rights.moderates => Err(Refusal::new(
            "message",
            "only who asked and those who moderate the room mark it as answered",
            "Answer it in a message",
        )),
        _ => Ok(()),
    }
}

fn check_text(text: &RichText) -> Result<(), Refusal> {
    if text.is_empty() {
        return Err(Refusal::new("text", "it is empty", "Type a message"));
    }
    let length = text.as_str().chars().count();
    if length > TEXT_MAX {
        let problem = format!("it has {length} characters");
        let remedy = format!("Use at most {TEXT_MAX}, or link to a document");
        return Err(Refusal::new("text", problem, remedy));
    }
    Ok(())
}

/// An emoji, or what somebody's chat program sends as one: a short text of which nothing is a letter of ours, white space,
/// or markup.
fn check_reaction(emoji: &str) -> Result<(), Refusal> {
    let strange =
        |c: char| c.is_whitespace() || c.is_control() || c.is_ascii_alphabetic() || "<>&\"'`".contains(c);
    if emoji.is_empty() || emoji.len() > REACTION_MAX || emoji.chars().any(strange) {
        return Err(Refusal::new("reaction", "it is no emoji", "Choose one of those shown"));
    }
    Ok(())
}

/// What readers see of these events, in the order of the messages. Events about messages that are not among them are left
/// out.
pub fn fold(events: impl IntoIterator<Item = Event>) -> Vec<Message> {
    let mut messages: BTreeMap<Position, Message> = BTreeMap::new();
    let mut events: Vec<Event> = events.into_iter().collect();
    events.sort_by_key(|event| event.position);
    for event in events {
        let question = matches!(event.said, Said::Question { .. });
        match event.said {
            Said::Message { .. } | Said::Question { .. } => {
                let (text, reply_to) = match event.said {
                    Said::Message { text, reply_to } => (text, reply_to),
                    Said::Question { text } => (text, None),
                    _ => continue,
                };
                let message = Message {
                    position: event.position,
                    at: event.at,
                    spoke: event.spoke,
                    author: event.author,
                    name: event.name,
                    text: Some(text),
                    reply_to,
                    question,
                    answered: false,
                    edited: None,
                    reactions: vec![],
                };
                messages.insert(event.position, message);
            }
            Said::Edit { target, text } => {
                if let Some(message) = messages.get_mut(&target).filter(|message| message.text.is_some()) {
                    message.text = Some(text);
                    message.edited = Some(event.at);
                }
            }
            Said::Removal { target } => {
                if let Some(message) = messages.get_mut(&target) {
                    message.text = None;
                    message.reactions.clear();
                }
            }
            Said::Reaction { target, emoji, given } => {
                if let Some(message) = messages.get_mut(&target).filter(|message| message.text.is_some()) {
                    react(&mut message.reactions, emoji, event.author, given);
                }
            }
            Said::Answered { target, answered } => {
                if let Some(message) = messages.get_mut(&target) {
                    message.answered = answered;
                }
            }
        }
    }
    messages.into_values().collect()
}

fn react(reactions: &mut Vec<(String, BTreeSet<Author>)>, emoji: String, author: Author, given: bool) {
    match reactions.iter_mut().find(|(other, _)| *other == emoji) {
        Some((_, who)) if given => {
            who.insert(author);
        }
        Some((_, who)) => {
            who.remove(&author);
        }
        None if given => reactions.push((emoji, BTreeSet::from([author]))),
        None => {}
    }
    reactions.retain(|(_, who)| !who.is_empty());
}

/// Somebody may say nothing in the rooms of an edition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    /// Its identifier.
    pub id: Uuid,
    /// The edition, in all of whose rooms it holds.
    pub edition: EditionId,
    /// Who.
    pub account: AccountId,
    /// From when on.
    pub at: Timestamp,
    /// Until when; until it is lifted where none is said.
    pub until: Option<Timestamp>,
    /// Why, for those who moderate.
    pub reason: Line,
    /// When it was lifted.
    pub lifted: Option<Timestamp>,
}

impl Ban {
    /// Whether it holds at `now`.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.lifted.is_none() && self.until.is_none_or(|until| now < until)
    }

    /// What whoever is banned is told.
    pub fn refusal(&self) -> Refusal {
        let problem = match self.until {
            Some(until) => format!("you may say nothing here until {}", until.strftime("%-d %B %H:%M UTC")),
            None => "you may say nothing here".to_owned(),
        };
        Refusal::new("text", problem, "Write to those who run the conference")
    }
}

/// A report of a message to those who keep the peace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Its identifier.
    pub id: Uuid,
    /// The message.
    pub message: Position,
    /// The room in which it was said.
    pub room: RoomId,
    /// Who reports it; `None` once they have no account any more.
    pub account: Option<AccountId>,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: Line,
    /// When somebody of them dealt with it.
    pub settled: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: RoomId = RoomId(Uuid::from_u128(1));

    fn ada() -> Author {
        Author::Account(AccountId(Uuid::from_u128(7)))
    }

    fn bob() -> Author {
        Author::Outside("@bob:example.org".to_owned())
    }

    fn event(position: Position, author: Author, said: Said) -> Event {
        Event {
            position,
            id: Uuid::from_u128(position.unsigned_abs().into()),
            edition: EditionId(Uuid::nil()),
            room: ROOM,
            at: Timestamp::UNIX_EPOCH,
            spoke: Spoke::Browser,
            author,
            name: "Somebody".into(),
            said,
        }
    }

    fn message(text: &str) -> Said {
        Said::Message { text: text.into(), reply_to: None }
    }

    const NOBODY: Rights = Rights { moderates: false, locked: false };
    const CHAIR: Rights = Rights { moderates: true, locked: false };

    fn standing(author: Author) -> Standing {
        Standing { room: ROOM, author, question: false, removed: false }
    }

    #[test]
    fn a_message_has_text_of_some_length() {
        let may = |text: &str| may_say(&message(text), &ada(), NOBODY, ROOM, None);
        assert!(may("Hello").is_ok());
        assert_eq!(may(" \n ").unwrap_err().field, "text");
        assert!(may(&"x".repeat(TEXT_MAX)).is_ok());
        assert!(may(&"x".repeat(TEXT_MAX + 1)).is_err());
    }

    #[test]
    fn only_its_author_edits_a_message_and_those_who_moderate_remove_it() {
        let edit = Said::Edit { target: 1, text: "Better".into() };
        let removal = Said::Removal { target: 1 };
        let of = |said: &Said, who: Author, rights| may_say(said, &who, rights, ROOM, Some(&standing(ada())));
        assert!(of(&edit, ada(), NOBODY).is_ok());
        assert!(of(&edit, bob(), CHAIR).is_err());
        assert!(of(&removal, ada(), NOBODY).is_ok());
        assert!(of(&removal, bob(), NOBODY).is_err());
        assert!(of(&removal, bob(), CHAIR).is_ok());
        let gone = Standing { author: Author::Gone, ..standing(ada()) };
        assert!(may_say(&removal, &Author::Gone, NOBODY, ROOM, Some(&gone)).is_err());
    }

    #[test]
    fn nothing_is_said_about_a_message_of_another_room_or_one_that_is_gone() {
        let reply = Said::Message { text: "Yes".into(), reply_to: Some(1) };
        let elsewhere = Standing { room: RoomId(Uuid::from_u128(2)), ..standing(ada()) };
        let removed = Standing { removed: true, ..standing(ada()) };
        for target in [None, Some(&elsewhere), Some(&removed)] {
            assert_eq!(may_say(&reply, &bob(), CHAIR, ROOM, target).unwrap_err().field, "message");
        }
        assert!(may_say(&reply, &bob(), NOBODY, ROOM, Some(&standing(ada()))).is_ok());
    }

    #[test]
    fn a_locked_room_is_for_those_who_moderate_it() {
        let locked = |moderates| Rights { moderates, locked: true };
        assert!(may_say(&message("Hello"), &ada(), locked(false), ROOM, None).is_err());
        assert!(may_say(&message("Hello"), &ada(), locked(true), ROOM, None).is_ok());
        // What one regrets can be taken back all the same.
        let removal = Said::Removal { target: 1 };
        assert!(may_say(&removal, &ada(), locked(false), ROOM, Some(&standing(ada()))).is_ok());
    }

    #[test]
    fn a_reaction_is_an_emoji_and_never_markup() {
        let may = |emoji: &str| {
            let said = Said::Reaction { target: 1, emoji: emoji.to_owned(), given: true };
            may_say(&said, &bob(), NOBODY, ROOM, Some(&standing(ada()))).is_ok()
        };
        for emoji in ["👍", "❤️", "👩‍👩‍👧‍👦", "+1", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"] {
            assert!(may(emoji), "{emoji}");
        }
        for text in ["", "yes", "<b>", "👍 👍", "\u{0}", &"👍".repeat(20)] {
            assert!(!may(text), "{text:?}");
        }
    }

    #[test]
    fn a_question_is_marked_by_its_chair_or_by_who_asked() {
        let answered = Said::Answered { target: 1, answered: true };
        let question = Standing { question: true, ..standing(ada()) };
        assert!(may_say(&answered, &ada(), NOBODY, ROOM, Some(&question)).is_ok());
        assert!(may_say(&answered, &bob(), NOBODY, ROOM, Some(&question)).is_err());
        assert!(may_say(&answered, &bob(), CHAIR, ROOM, Some(&question)).is_ok());
        assert!(may_say(&answered, &bob(), CHAIR, ROOM, Some(&standing(ada()))).is_err());
    }

    #[test]
    fn what_is_seen_is_what_was_last_said() {
        let react = |position, who, given| {
            event(position, who, Said::Reaction { target: 1, emoji: VOTE.to_owned(), given })
        };
        let seen = fold([
            event(1, ada(), Said::Question { text: "Why?".into() }),
            event(2, bob(), message("Because")),
            event(3, ada(), Said::Edit { target: 1, text: "Why though?".into() }),
            react(4, ada(), true),
            react(5, bob(), true),
            react(6, bob(), true),
            react(7, ada(), false),
            event(8, bob(), Said::Answered { target: 1, answered: true }),
            event(9, bob(), Said::Removal { target: 2 }),
            // An edit that arrives after the removal brings nothing back.
            event(10, bob(), Said::Edit { target: 2, text: "Because!".into() }),
            event(11, bob(), Said::Edit { target: 99, text: "?".into() }),
        ]);
        assert_eq!(seen.len(), 2);
        assert_eq!(seen[0].text, Some("Why though?".into()));
        assert!(seen[0].question && seen[0].answered && seen[0].edited.is_some());
        assert_eq!(seen[0].votes(), 1);
        assert_eq!(seen[1].text, None);
    }
}
