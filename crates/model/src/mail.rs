//! Mail: what is sent to whom, and what became of it.
//!
//! A mail is made from a [template](MailKind), stands in the record's queue, and goes to an SMTP server. What can
//! become of it is [`State`]:
//!
//! ```text
//!             ┌──────── later (4xx, no connection) ────────┐
//!             v                                            │
//! queued ── begin ──> sending ── 2xx ──> sent              │
//!   │ │                  ├────── 5xx ──> refused           │
//!   │ │                  ├─────────────────────────────────┘
//!   │ │                  └── no answer, or a kill ──> uncertain
//!   │ ├── too often, too late, or called off ──> given up
//!   │ └── on the suppress list, or has left the list ──> suppressed
//!   └── no SMTP server is configured ──> kept
//! ```
//!
//! **A mail is `sending` in the record before the server gets its text, and never leaves that state by being sent
//! again.** SMTP has a gap: between the server's "250" and our note of it, a kill leaves us not knowing. A mail that was
//! in that gap becomes `uncertain`, and people decide; sending it again by ourselves could send it twice, dropping it
//! could lose it. A mail that was not yet `sending` was not given to any server, and is tried again.

pub mod reply;
mod template;

pub use template::{Compiled, MailKind, Rendered, Text, Variable, Variables, redacted, with_link};

use crate::{
    Refusal,
    email::Email,
    id::{AccountId, EditionId, MailId, ReplyId, derived},
    retry::Schedule,
    text::{Line, excerpt},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// When a mail that the server took back is tried again: after a minute, then less and less often, for almost three
/// days. Greylisting (RFC 6647) asks for the first few minutes, an outage over a weekend for the rest.
pub const RETRY: Schedule =
    Schedule { first: SignedDuration::from_mins(1), longest: SignedDuration::from_hours(4), attempts: 24 };

/// The longest answer of a server that is kept, in characters.
const ANSWER: usize = 500;

/// A name and an address: to whom mail goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// How the person is called; may be empty.
    #[serde(default)]
    pub name: Line,
    /// Where their mail goes.
    pub address: Email,
}

impl Mailbox {
    /// An address without a name.
    pub fn bare(address: Email) -> Self {
        Self { name: Line::default(), address }
    }

    /// A name and an address.
    pub fn new(name: &Line, address: &Email) -> Self {
        Self { name: name.clone(), address: address.clone() }
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.non_empty() {
            Some(name) => write!(f, "{name} <{}>", self.address),
            None => self.address.fmt(f),
        }
    }
}

/// From whom the mail of an edition comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// The name that recipients see: that of the conference.
    #[serde(default)]
    pub name: Line,
    /// The address that it comes from. The SMTP server must be allowed to send for its domain (SPF, DKIM).
    pub address: Email,
    /// Where answers go, when not to `address`.
    #[serde(default)]
    pub reply_to: Option<Email>,
}

impl Sender {
    /// The name and the address.
    pub fn mailbox(&self) -> Mailbox {
        Mailbox::new(&self.name, &self.address)
    }
}

/// Something that is sent to many, and that each of them can leave: once for all editions of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum List {
    /// What everybody concerned should know: deadlines, changes, calls.
    Announcements,
    /// Entries of the blog.
    Blog,
}

impl List {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Announcements, Self::Blog];

    /// The word kept in the record and used in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Announcements => "announcements",
            Self::Blog => "blog",
        }
    }

    /// How pages name it.
    pub fn shown(self) -> &'static str {
        match self {
            Self::Announcements => "Announcements",
            Self::Blog => "Blog posts",
        }
    }

    /// The list of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|list| list.as_str() == word)
    }
}

/// What became of a mail. See the head of this module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits for its next attempt.
    Queued {
        /// Not before this instant.
        next: Timestamp,
    },
    /// A server has it or is being given it.
    Sending {
        /// If nothing is known of it by then, it never will be.
        until: Timestamp,
    },
    /// The server has taken it over.
    Sent {
        /// When it did.
        at: Timestamp,
    },
    /// The server will never take it.
    Refused {
        /// When it said so.
        at: Timestamp,
    },
    /// It was tried too often, its time was over, or what it tells of was taken back.
    GivenUp {
        /// When.
        at: Timestamp,
    },
    /// It was not to be sent: the address is on the suppress list, or the person has left the list.
    Suppressed {
        /// When that was noticed.
        at: Timestamp,
    },
    /// The server may have taken it over or not.
    Uncertain {
        /// When that was noticed.
        at: Timestamp,
    },
    /// There was no server to send it with.
    Kept {
        /// When that was noticed.
        at: Timestamp,
    },
}

/// The name of a [`State`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// See [`State::Queued`].
    Queued,
    /// See [`State::Sending`].
    Sending,
    /// See [`State::Sent`].
    Sent,
    /// See [`State::Refused`].
    Refused,
    /// See [`State::GivenUp`].
    GivenUp,
    /// See [`State::Suppressed`].
    Suppressed,
    /// See [`State::Uncertain`].
    Uncertain,
    /// See [`State::Kept`].
    Kept,
}

impl Stage {
    /// All of them, in the order in which pages show them.
    pub const ALL: [Self; 8] = [
        Self::Queued,
        Self::Sending,
        Self::Sent,
        Self::Uncertain,
        Self::Refused,
        Self::GivenUp,
        Self::Suppressed,
        Self::Kept,
    ];

    /// The word kept in the record and used in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Refused => "refused",
            Self::GivenUp => "given_up",
            Self::Suppressed => "suppressed",
            Self::Uncertain => "uncertain",
            Self::Kept => "kept",
        }
    }

    /// How pages name it.
    pub fn shown(self) -> &'static str {
        match self {
            Self::Queued => "Waiting",
            Self::Sending => "Being sent",
            Self::Sent => "Sent",
            Self::Refused => "Refused",
            Self::GivenUp => "Given up",
            Self::Suppressed => "Not to be sent",
            Self::Uncertain => "Uncertain",
            Self::Kept => "Kept, not sent",
        }
    }

    /// What it means, in one sentence.
    pub fn explained(self) -> &'static str {
        match self {
            Self::Queued => "It waits for its next attempt.",
            Self::Sending => "The server is being given it at this moment.",
            Self::Sent => "The mail server has taken it over and answers for it from there.",
            Self::Refused => "The mail server said that it will never take it.",
            Self::GivenUp => {
                "It is not tried any more: the mail server did not take it for as long as it made sense, or somebody decided so."
            }
            Self::Suppressed => "The address is on the suppress list, or the person has left this list.",
            Self::Uncertain => {
                "The connection or this server broke off before the mail server's answer was noted: it may have arrived or not. \
                 Nothing is sent twice by itself, so somebody has to decide."
            }
            Self::Kept => "No mail server is configured, so it is kept here and goes nowhere.",
        }
    }

    /// The stage of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == word)
    }

    /// Whether it still is on its way: nothing has been decided.
    pub fn is_waiting(self) -> bool {
        matches!(self, Self::Queued | Self::Sending)
    }
}

impl State {
    /// Its name.
    pub fn stage(&self) -> Stage {
        match self {
            Self::Queued { .. } => Stage::Queued,
            Self::Sending { .. } => Stage::Sending,
            Self::Sent { .. } => Stage::Sent,
            Self::Refused { .. } => Stage::Refused,
            Self::GivenUp { .. } => Stage::GivenUp,
            Self::Suppressed { .. } => Stage::Suppressed,
            Self::Uncertain { .. } => Stage::Uncertain,
            Self::Kept { .. } => Stage::Kept,
        }
    }

    /// The instant that belongs to it: the next attempt, or when it came about.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Queued { next: at }
            | Self::Sending { until: at }
            | Self::Sent { at }
            | Self::Refused { at }
            | Self::GivenUp { at }
            | Self::Suppressed { at }
            | Self::Uncertain { at }
            | Self::Kept { at } => *at,
        }
    }

    /// The state of that name at that instant.
    pub fn new(stage: Stage, at: Timestamp) -> Self {
        match stage {
            Stage::Queued => Self::Queued { next: at },
            Stage::Sending => Self::Sending { until: at },
            Stage::Sent => Self::Sent { at },
            Stage::Refused => Self::Refused { at },
            Stage::GivenUp => Self::GivenUp { at },
            Stage::Suppressed => Self::Suppressed { at },
            Stage::Uncertain => Self::Uncertain { at },
            Stage::Kept => Self::Kept { at },
        }
    }
}

/// How an attempt to send a mail ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server has taken it over (2xx after the text); what it said, often with its own number for the mail.
    Accepted(Line),
    /// The server will never take it (5xx); what it said.
    Refused(Line),
    /// It certainly was not taken over, and may be later (4xx, or the connection ended in time); what was said.
    Later(Line),
    /// It had the whole text, and its answer was not heard.
    Unknown(Line),
}

impl Outcome {
    /// What a reply of the server means for the mail: RFC 5321, section 4.2.1. A code that is no answer to this is
    /// taken as one that may change.
    pub fn of_reply(code: u16, text: &str) -> Self {
        let said = Line::clean(&excerpt(&format!("{code} {}", text.trim()), ANSWER));
        match code {
            200..300 => Self::Accepted(said),
            500..600 => Self::Refused(said),
            _ => Self::Later(said),
        }
    }

    /// It was not taken over for a reason outside the server's answers.
    pub fn later(why: &str) -> Self {
        Self::Later(Line::clean(&excerpt(why, ANSWER)))
    }

    /// Nobody knows whether it was taken over.
    pub fn unknown(why: &str) -> Self {
        Self::Unknown(Line::clean(&excerpt(why, ANSWER)))
    }

    /// What was said.
    pub fn said(&self) -> &Line {
        match self {
            Self::Accepted(said) | Self::Refused(said) | Self::Later(said) | Self::Unknown(said) => said,
        }
    }

    /// The word kept in the record.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "accepted",
            Self::Refused(_) => "refused",
            Self::Later(_) => "later",
            Self::Unknown(_) => "unknown",
        }
    }

    /// What becomes of a mail whose attempt ended so at `now`, its `failed`th failure if it is one; `spread` is any
    /// number of its own, see [`Schedule::next`].
    pub fn settle(&self, failed: u32, good_until: Option<Timestamp>, now: Timestamp, spread: u64) -> State {
        match self {
            Self::Accepted(_) => State::Sent { at: now },
            Self::Refused(_) => State::Refused { at: now },
            Self::Unknown(_) => State::Uncertain { at: now },
            Self::Later(_) => match RETRY.next(failed, now, spread) {
                Some(next) if good_until.is_none_or(|until| next < until) => State::Queued { next },
                _ => State::GivenUp { at: now },
            },
        }
    }

    /// Whether the server said that there is no such mailbox, now or ever (RFC 3463: 5.1.1, 5.1.2, 5.1.6, 5.1.10):
    /// then sending more to it would only harm the sender's reputation.
    pub fn no_such_mailbox(&self) -> bool {
        let Self::Refused(said) = self else { return false };
        said.as_str().split_whitespace().any(|word| matches!(word, "5.1.1" | "5.1.2" | "5.1.6" | "5.1.10"))
    }
}

/// The number by which the server knows a mail that it took over, as far as its answer says one: Postfix, Exim and
/// most others write `queued as NUMBER` or `id=NUMBER`.
pub fn server_number(answer: &str) -> Option<&str> {
    let after = answer.split_once("queued as ").or_else(|| answer.split_once("id=")).map(|(_, rest)| rest)?;
    let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(after.len());
    let number = after[..end].trim_end_matches('.');
    (!number.is_empty()).then_some(number)
}

/// A link that is good for one use, to be made when its mail is sent. It is made for the address that the mail goes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretLink {
    /// What it opens.
    pub opens: Opens,
    /// The link up to its token: `https://conf.example.org/sign-in/link/`.
    pub before: String,
    /// The link after its token: `/`.
    pub after: String,
    /// The path of this site to go on to after it was used; may be empty.
    pub next: String,
    /// For how many minutes it is good once it is sent.
    pub minutes: u32,
}

/// What a link in a mail opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opens {
    /// It signs in whoever reads mail at the address.
    SignIn,
    /// It adds the address to the account of the mail.
    Verify,
    /// It joins the account of the mail with the one that has the address.
    Merge,
}

/// A mail to be queued.
#[derive(Clone, Debug)]
pub struct NewMail {
    /// The template that it is made from.
    pub kind: MailKind,
    /// The edition that it is about: its sender, and its own text of the template where it has one.
    pub edition: Option<EditionId>,
    /// To whom.
    pub to: Mailbox,
    /// Whose address that is, where it is somebody's.
    pub account: Option<AccountId>,
    /// What the template's variables stand for. `conference` is filled in where it is missing.
    pub variables: Variables,
    /// A link that opens something for whoever has it. It stands for the variables `link` and `minutes`, and is made at
    /// the moment at which the mail is sent: no copy of the record, of the queue or of a log ever holds it.
    pub link: Option<SecretLink>,
    /// The list that it goes to, for what is sent to many; without it the mail cannot be left.
    pub list: Option<List>,
    /// After this instant it makes no sense any more.
    pub good_until: Option<Timestamp>,
    /// Not before this instant; at once where none is said.
    pub not_before: Option<Timestamp>,
    /// The thread that its recipient can answer in by replying to it, where the server takes replies.
    pub reply: Option<ReplyId>,
    /// A key of which there is at most one mail, so that whatever runs twice tells once. It is best made of what is
    /// told and to whom: `dates 2027-10-03 ada@example.org`.
    pub once: Option<String>,
}

impl NewMail {
    /// A mail of that kind about no edition, without variables.
    pub fn new(kind: MailKind, to: Mailbox) -> Self {
        Self {
            kind,
            edition: None,
            to,
            account: None,
            variables: Variables::new(),
            link: None,
            list: None,
            good_until: None,
            not_before: None,
            reply: None,
            once: None,
        }
    }

    /// About an edition.
    #[must_use]
    pub fn about(self, edition: EditionId) -> Self {
        Self { edition: Some(edition), ..self }
    }

    /// With the variable `name` standing for `value`.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<std::sync::Arc<str>>) -> Self {
        self.variables.insert(name, value.into());
        self
    }
}

/// A mail as the record keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Its identifier.
    pub id: MailId,
    /// The edition that it is about.
    pub edition: Option<EditionId>,
    /// The template that it was made from.
    pub kind: MailKind,
    /// The list that it goes to.
    pub list: Option<List>,
    /// Whose address it goes to, where that is known.
    pub account: Option<AccountId>,
    /// To whom; `None` when the person had their data deleted.
    pub to: Option<Mailbox>,
    /// From whom it came or will come, where that is known.
    pub from: Option<Sender>,
    /// The subject.
    pub subject: Line,
    /// The text. Where it holds a secret link, that stands in it as a mark only; see [`redacted`].
    pub body: String,
    /// The link that is made for it whenever it is sent.
    pub link: Option<SecretLink>,
    /// The thread that its recipient can answer in by replying to it.
    pub reply: Option<ReplyId>,
    /// What became of it.
    pub state: State,
    /// What was said last about it.
    pub answer: Line,
    /// How often it was tried.
    pub attempts: u32,
    /// Its Message-ID, once it was tried.
    pub message_id: Option<String>,
    /// When it was queued.
    pub created: Timestamp,
    /// After this instant it makes no sense any more.
    pub good_until: Option<Timestamp>,
}

impl Mail {
    /// Whether it can be sent again, and why not.
    pub fn may_send_again(&self) -> Result<(), Refusal> {
        let refuse = |problem: &str, remedy: &str| Err(Refusal::new("mail", problem, remedy));
        if self.state.stage().is_waiting() {
            return refuse("it is still on its way", "Wait until it is sent or refused");
        }
        if self.to.is_none() {
            return refuse("the person had their address deleted", "There is nobody to send it to");
        }
        Ok(())
    }
}

/// One attempt to send a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Its number, from 1.
    pub number: u32,
    /// When it ended.
    pub at: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
}

/// Why nothing is sent to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuppressReason {
    /// The server said that there is no such mailbox. Only what the person asks for at this moment goes there, such
    /// as a link to sign in: it may be there again.
    NoMailbox,
    /// Somebody asked that nothing be sent there. Nothing is, whatever it be.
    Asked,
}

impl SuppressReason {
    /// The word kept in the record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoMailbox => "no_mailbox",
            Self::Asked => "asked",
        }
    }

    /// How pages name it.
    pub fn shown(self) -> &'static str {
        match self {
            Self::NoMailbox => "The mail server says that there is no such mailbox",
            Self::Asked => "An organiser entered it",
        }
    }

    /// The reason of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::NoMailbox, Self::Asked].into_iter().find(|reason| reason.as_str() == word)
    }

    /// Whether it stops a mail of that kind.
    pub fn stops(self, kind: MailKind) -> bool {
        match self {
            Self::Asked => true,
            Self::NoMailbox => !kind.is_asked_for(),
        }
    }
}

/// An address to which nothing is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// The address.
    pub address: Email,
    /// Why.
    pub reason: SuppressReason,
    /// What the server or the organiser said.
    pub note: Line,
    /// Since when.
    pub since: Timestamp,
}

impl Suppression {
    /// The word for it in the feed.
    pub const KIND: &'static str = "suppression";

    /// By what an address on the list is known where the address itself must not stand: in the feed and in addresses of
    /// the site.
    pub fn thing(address: &str) -> Uuid {
        derived("", Self::KIND, address)
    }

    /// By what this one is known.
    pub fn id(&self) -> Uuid {
        Self::thing(self.address.as_str())
    }
}

/// The end of the text of a mail that can be left.
pub fn footer(conference: &str, list: List, leave: &str) -> String {
    format!(
        "-- \nYou get this because you take part in {conference}. To get no more of \"{}\" from it:\n{leave}\n",
        list.shown()
    )
}

#[cfg(test)]
mod tests;
