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

mod account;
mod audience;
mod body;
mod content;
mod edition;
#[expect(unreachable_pub, reason = "the derive of an entity wants its types public; the module is not")]
mod entity;
mod error;
mod feed;
mod grant;
mod import;
mod load;
mod location;
mod log;
mod migration;
mod page;
mod post;
mod release;
mod rows;
mod save;
pub mod search;
mod secret;
mod sign_in;
mod sponsor;
mod star;
mod store;
mod toot;
mod tx;
mod verify;
mod watch;

pub use account::{AccountEdit, KnownAccount, NewAccount};
pub use content::Content;
pub use edition::EditionHead;
pub use error::{Error, Result};
pub use grant::NewGrant;
pub use import::{ImportOptions, ImportOutcome};
pub use location::{FILE_NAME, Location};
pub use log::LogFilter;
pub use post::{PostStep, Stepped};
pub use search::Hit;
pub use secret::Secret;
pub use sign_in::{LINK_LIFE, Link, Purpose, Redeemed, SETUP_LIFE, STAY, SignIn, Signed, Way};
pub use store::Store;
pub use toot::{AccessToken, ClaimedToot};
pub use verify::verify;
