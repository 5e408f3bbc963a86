//! The record, on SQLite or PostgreSQL: rows, releases, the change feed, the search index.
//!
//! Everybody who reads or writes the record does so through [`Store`]; no entity, statement or connection
//! leaves this crate.
//!
//! # How a capability is added
//!
//! 1. Its tables: a new file in `migration/` (never an edit of a released one), and the entities in `entity/`.
//! 2. A module of the capability's name with an `impl Store`: queries that answer with the model's types, and
//!    commands that load, let a pure rule of `model` decide, write the difference and note each changed thing
//!    in the feed, all inside one `Store::write`.
//! 3. What the feed says about it goes into [`verify()`], so that the crash test watches over it.
//! 4. Tests that run on both databases (`tests/`).

mod access;
mod account;
mod account_merge;
mod announced;
pub mod archive;
mod assignment;
mod audience;
mod bid;
mod block;
mod body;
mod calendar;
mod call;
mod ceremony;
mod chat;
mod content;
mod credential;
mod date_plan;
mod decision;
mod edition;
#[expect(unreachable_pub, reason = "the derive of an entity wants its types public; the module is not")]
mod entity;
mod error;
mod examine;
mod feed;
mod forward;
mod grant;
mod handed_in;
mod holding;
mod idea;
mod import;
mod invitation;
mod lease;
mod live_room;
mod load;
mod location;
mod log;
mod lookup;
mod mail;
mod matrix_room;
mod meeting;
mod microconference;
mod migration;
mod opening;
mod own_data;
mod page;
mod partner;
mod people;
mod post;
mod proposal;
mod proposal_import;
mod question;
mod registration;
mod release;
mod reply;
mod review;
mod rows;
mod save;
pub mod search;
mod secret;
mod session_type;
mod settings;
mod sign_in;
mod sitting;
mod spoke;
mod sponsor;
mod star;
mod store;
mod to_do;
mod token;
mod toot;
mod tx;
mod undo;
mod upload;
mod verify;
mod viewing;
mod waiting;
mod watch;
mod webhook;

pub use account::{AccountEdit, KnownAccount, NewAccount};
pub use announced::Untold;
pub use assignment::{Applied, AssignedPair, AssignedProposal, AssignedReviewer, Assigning};
pub use audience::Audience;
pub use bid::{BidHead, BidPage};
pub use calendar::{CalendarContent, KnownCalendar};
pub use call::{Forms, OpenCall};
pub use ceremony::{CEREMONY_LIFE, Ceremony};
pub use chat::{Activity, Reported, Saying};
pub use content::{Content, PublicAnswer};
pub use credential::{Arrival, Credential, CredentialKind, WaysIn};
pub use decision::Decided;
pub use edition::{EditionHead, NextEdition};
pub use error::{Error, Result};
pub use examine::{Examination, Following, examine};
pub use forward::{
    DueMessage, EndView, ForwardAnswer, ForwardHead, ForwardView, IncomingForward, Received, SentMessage,
    Target, Targets, TrailStep,
};
pub use grant::{Given, Grantee, NewGrant};
pub use idea::IdeaView;
pub use import::{ImportOptions, ImportOutcome};
pub use location::{FILE_NAME, Location};
pub use log::LogFilter;
pub use mail::{Claimed, MailFilter, MailPage, OptOut, Outgoing, Queued, ServerTrouble};
pub use matrix_room::MatrixRoom;
pub use meeting::{KnownServer, SharedSecret};
pub use microconference::{Acceptance, HeldBefore, MicroconferenceHead, MicroconferenceView, TopicHead};
pub use partner::{KnownPartner, NewPartner, PartnerSeed};
pub use people::{FoundPerson, PEOPLE_PER_PAGE, PeoplePage, PeopleQuery};
pub use post::{PostStep, Stepped};
pub use proposal::{OwnHead, OwnProposal, Revision, Written};
pub use proposal_import::FiledElsewhere;
pub use question::Exchange;
pub use registration::{Agreed, RegistrationCounts, RegistrationFilter, RegistrationImport};
pub use reply::{KeptOut, Reply};
pub use review::{
    Comment, Filed, Mine,
    export::{FiledAnswer, FiledText, FiledTitle, Opinion},
    filed::{FILED_PER_PAGE, FiledFilter, FiledHead, FiledPage, Taken},
};
pub use search::Hit;
pub use secret::Secret;
pub use sign_in::{LINK_LIFE, Link, Purpose, Redeemed, SETUP_LIFE, STAY, SignIn, Signed, Way};
pub use sitting::{Sitting, Turn};
pub use store::Store;
pub use to_do::{Behind, PATIENCE, TO_DO_SHOWN, ToDo, Waiting, WaitingList};
pub use token::{Bearer, KnownToken, NewToken};
pub use toot::{AccessToken, ClaimedToot};
pub use undo::can_undo;
pub use verify::verify;
pub use viewing::VIEW_LIFE;
pub use waiting::Left;
pub use webhook::{Attempt, Delivery, Due, KnownWebhook, Outcome, WebhookEdit};
