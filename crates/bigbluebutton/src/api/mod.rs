//! The calls of BigBlueButton's API, as its documentation has them
//! (<https://docs.bigbluebutton.org/development/api/>), and those of bbb-webhooks
//! (<https://docs.bigbluebutton.org/development/webhooks/>).
//!
//! Every parameter stands in the signed address; a body carries documents only, because servers disagree on how a body
//! is signed. Answers are XML with status 200 even where they refuse. Nothing is tried again here: [`Error::may_pass`]
//! says whether the caller may.

mod answers;
#[cfg(feature = "net")]
mod client;
mod create;
mod error;
mod join;

pub use answers::{About, Attendee, Created, Hook, Meeting, Playback, Recording, RecordingState, TextTrack};
#[cfg(feature = "net")]
pub use client::{Client, RecordingsWanted, Session};
pub use create::{CreateMeeting, Document, GuestPolicy, Locks, Recording as RecordingPolicy};
pub use error::{Error, MessageKey};
pub use join::{Join, JoinUrl};

use crate::xml::Element;

/// Reads bytes as the answer of every call at once, and says how many meetings, recordings and hooks were found; `None` for
/// what is no answer. Fuzzers hold the readers to it.
pub fn count(bytes: &[u8]) -> Option<usize> {
    let root = Element::parse(bytes).ok()?;
    let _ = (About::read(&root), Created::read(&root), Meeting::read(&root));
    let meetings = root.listed("meetings", "meeting").map(Meeting::read).count();
    let recordings = root.listed("recordings", "recording").map(Recording::read).count();
    let hooks = root.listed("hooks", "hook").map(Hook::read).count();
    Some(meetings + recordings + hooks)
}
