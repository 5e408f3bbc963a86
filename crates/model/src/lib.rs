//! The facts and the rules of Plenary.
//!
//! Everything here is pure: no I/O, no async, no clock of its own and no random numbers. Time comes in as an
//! argument (see [`time::Clock`]); identifiers that must be new come in from the caller.
//!
//! # How a capability is added
//!
//! 1. Name it with a word of the glossary (`design.md`, section 9) and open a module of that name here.
//! 2. Write its facts as types in which a wrong state cannot be written, and its rules as functions from the
//!    present state and a command to the new state or a [`Refusal`].
//! 3. Open the module of the same name in `store` (rows and queries) and in `web` (pages, feeds).
//!
//! The programme of an edition, [`programme::Programme`], is the value that most of the house passes around:
//! importers produce it, the record keeps it, a release freezes it, and every page and feed is drawn from it.

pub mod account;
pub mod address;
pub mod announced;
pub mod assignment;
pub mod calendar;
pub mod call;
pub mod chat;
pub mod conflict;
pub mod copy;
pub mod country;
pub mod diff;
pub mod doubt;
pub mod edit;
pub mod edition;
pub mod email;
pub mod feed;
pub mod forward;
pub mod id;
pub mod idea;
pub mod invitation;
pub mod mail;
pub mod mastodon;
pub mod meeting;
pub mod merge;
pub mod microconference;
pub mod now;
pub mod page;
pub mod partner;
pub mod permission;
pub mod post;
pub mod programme;
pub mod proposal;
pub mod refusal;
pub mod registration;
pub mod release;
pub mod retry;
pub mod review;
pub mod room;
pub mod session_type;
pub mod sponsor;
pub mod text;
pub mod time;
pub mod token;
pub mod webhook;
mod words;

pub use refusal::Refusal;
