//! Releases: numbered, published, immutable states of the timetable.

use crate::{id::EditionId, programme::Programme};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is known of a release without reading its programme.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseHead {
    /// The edition.
    pub edition: EditionId,
    /// 1 for the first release of the edition; each next one counts up by one.
    pub number: u32,
    /// When it was published.
    pub at: Timestamp,
    /// What its publisher says about it; may be empty.
    pub note: String,
    /// How many things changed against the release before: added, changed, removed sessions.
    pub counts: Counts,
}

/// How many sessions a release added, changed and removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Sessions that are new.
    pub added: u32,
    /// Sessions of which something changed.
    pub changed: u32,
    /// Sessions that are gone.
    pub removed: u32,
}

/// A release with its programme.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Number, time, note.
    pub head: ReleaseHead,
    /// The programme as it was published.
    pub programme: Programme,
}
