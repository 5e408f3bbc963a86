//! The client, the receiver, the planner and the doctor against a real Synapse. Each test starts one of its own, so a test
//! keeps several promises.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod rooms;
mod support;
mod talk;
