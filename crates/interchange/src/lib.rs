//! Schedule files in and out: read leniently, written strictly.
//!
//! [`read`] takes files as a conference's present tool exports them, finds out what they are, and gives a
//! [`model::programme::Programme`] for each, with a [`Note`] for every thing in the file that was wrong. Nothing
//! here touches a disk or a network, and no input makes it panic, recurse without end or fill the memory.
//!
//! [`read_conferences`] takes lists of other conferences in the same way, for the date planner, and
//! [`read_table`] a table of which somebody says what its columns mean, for registrations, and [`read_records`] also a list of
//! objects, for proposals.
//!
//! # How a format is added
//!
//! 1. Name it in [`Format`].
//! 2. Write `read/FORMAT.rs`: it knows the file's names for things and nothing else. It hands raw strings to a
//!    `Draft` (`read/draft.rs`), which does once for all formats what has to be done with them: cleaning,
//!    identifiers, times, grouping slots into sessions, limits, notes.
//! 3. Recognise it in `read/mod.rs` (XML, calendars) or `read/bundle.rs` (JSON, CSV, exports of several files).

mod container;
mod extras;
mod read;
pub mod write;

pub use read::{
    ConferenceList, Format, Imported, Input, MAX_DEPTH, MAX_EVENTS, MAX_INPUT, Note, Options, ReadError,
    read, read_conferences, read_records, read_table,
};
