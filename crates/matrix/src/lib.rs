//! Chat: a Matrix homeserver, to which Plenary is an application service.
//!
//! An [application service](https://spec.matrix.org/v1.16/application-service-api/) is a program that the homeserver trusts
//! with a part of its names. It makes the rooms of a conference, speaks in them as *ghosts* (users who stand for people that
//! speak elsewhere, such as in a video room), and is told everything that happens in them.
//!
//! | module | what it does | I/O |
//! |---|---|---|
//! | [`registration`] | the file that makes the homeserver know us, and which names are ours | none |
//! | [`synapse`] | the configuration that Synapse needs for a conference | none |
//! | [`plan`] | from what the rooms should be and are to the steps between | none |
//! | [`appservice`] | reads what the homeserver calls us with | none |
//! | [`client`] | the calls that we make | HTTP |
//! | [`apply`] | looks at the rooms and takes the steps | HTTP |
//! | `spoke` (feature `spoke`) | carries the conversation of rooms to the homeserver and back | HTTP, the record |
//! | [`doctor`] | whether it will work, and how to mend what will not | HTTP |
//!
//! No type of another crate's protocol is seen from outside; identifiers are those of [`id`]. Without the feature `client`
//! nothing that calls is built.
//!
//! # What is easily got wrong
//!
//! - **The homeserver reads the registration once**, when it starts. One without `rate_limited: false` is limited like one
//!   person.
//! - **Everything comes back**: what our ghosts say is told to us like everything else. [`appservice::Incoming::ours`] says so.
//! - **Everything comes again** until it was answered with 200. Identifiers of transactions are to be kept with the work.
//! - **The identifier of a room is opaque** and since room version 12 names no server. Rooms are found by their aliases.
//! - **Since version 12 the maker of a room stands above all powers and must not be named among them**: naming it fails, and the
//!   alias of the room that was not made stays behind and leads to nothing of use. [`apply`] takes over or frees it.
//! - **Nothing stands in Synapse's public list** since 1.126 unless a rule allows it. [`synapse::fragment`] has the rule.
//! - **Asking for an alias of ours that is not there makes the homeserver ask us** ([`appservice::Call::Room`]): who makes rooms
//!   listens first, or waits a third of a second for each.
//! - Our own user cannot `/sync`: Synapse answers 500 to an application service's sender. We are told by transactions.
//!
//! Tested against Synapse 1.163.2 (`tests/homeserver`).

#[cfg(feature = "client")]
pub mod apply;
pub mod appservice;
#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "client")]
pub mod doctor;
pub mod error;
pub mod id;
pub mod message;
pub mod plan;
pub mod registration;
pub mod secret;
#[cfg(feature = "spoke")]
pub mod spoke;
pub mod state;
pub mod synapse;
