//! Optimisation and planning: plain data in, plain data out.
//!
//! Nothing here reads a clock, a file or the record, and the same input always gives the same answer. Every answer
//! says why: a planner whose reasons cannot be read is not believed.
//!
//! - [`assignment`] assigns reviewers to proposals, provably with the largest total affinity, or fairly.
//! - [`dates`] compares days on which an edition could take place with other conferences.
//! - [`hours`] compares the hours of a conference day with where people are.
//! - [`likeness`] finds proposals that are likely the same.

pub mod assignment;
pub mod dates;
pub mod hours;
pub mod likeness;
