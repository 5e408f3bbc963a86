//! Plenary on the real data: conferences as their tools exported them, from file to record to site.
//!
//! The data is looked for in `PLENARY_TEST_DATA`, else in `../shared/data` beside the checkout. Where it is absent
//! each test says so and passes. What the files hold is counted and compared by programs that share no code
//! with Plenary: `crates/interchange/tests/independent/*.py`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "../support/mod.rs"]
mod binary;
mod edits;
mod folder;
mod formats;
mod history;
mod proposals;
mod served;
mod support;
