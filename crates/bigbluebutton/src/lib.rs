//! Outside system: a pool of BigBlueButton servers.
//!
//! Only documented interfaces are used: the HTTP API (<https://docs.bigbluebutton.org/development/api/>), its callbacks, and
//! bbb-webhooks (<https://docs.bigbluebutton.org/development/webhooks/>). No server is patched, so that updating one needs
//! nothing of us.
//!
//! | module | what it does | I/O |
//! |---|---|---|
//! | [`checksum`], [`Server`], [`Secret`] | where a server is, and how calls to it are signed | none |
//! | [`api`] | the calls, and their answers as types; [`api::Client`] makes them | HTTP, through [`fetch`] |
//! | [`callback`] | what servers tell us: verified, read, put in order | none |
//! | [`chat`] | texts cut into messages that fit | none |
//! | [`profile`] | what which version and which balancer can do | none |
//! | [`pool`] | health, load, where a room goes, and what has to be done | none |
//! | [`simulator`] | a server that is none, for tests and for the demo | a port |
//!
//! What it takes to run a room, from the first click to the last:
//!
//! 1. [`pool::choose`] says on which server. Keep the answer in the record before anything is called, so that two clicks at
//!    the same moment get one room.
//! 2. [`api::Client::create`] opens it; whoever comes second finds it open. The run that it answers goes into the record.
//! 3. [`api::Join::url`] is where the browser is sent: signed for this person, this role and this run.
//! 4. [`callback::events`] tells who is inside and what is said, [`callback::inbox`] puts that in order.
//! 5. [`pool::plan`] is made every [`pool::LOOK`] from what `getMeetings` and `hooks/list` answer, and puts right what is not as it
//!    should be: rooms that were lost, servers that died, hooks that were deleted.
//! 6. [`callback::end`] and [`callback::recording`] say that the meeting is over and that its recording can be watched.
//!
//! **A person's join address is for their browser only.** Whoever opens it is that person to the server.
//!
//! # Adding a call
//!
//! Its answer is a type in `api/answers.rs` with a lenient `read`, the call a method in `api/client.rs`; the simulator answers it in
//! `simulator/answer.rs`; `tests/conformance.rs` says what we rely on, and so does a real server when `BBB_URL` and
//! `BBB_SECRET` name one. What only some versions have joins [`profile::Abilities`].
#![cfg_attr(
    not(feature = "net"),
    allow(dead_code, reason = "what the client and the simulator need besides")
)]

pub mod api;
pub mod callback;
pub mod chat;
pub mod checksum;
pub mod meeting;
pub mod pool;
pub mod profile;
mod secret;
mod server;
#[cfg(feature = "net")]
pub mod simulator;
mod xml;

pub use secret::Secret;
pub use server::{NotAServer, Server};
