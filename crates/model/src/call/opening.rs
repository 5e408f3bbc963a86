//! The opening of sealed offers: who offered what by when, written down in the moment in which they can be read.

use crate::{id::CallId, proposal::State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The log of an opening. It is written once and proves later what the offers said then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// The call.
    pub call: CallId,
    /// The closing second, from which on the offers could be read.
    pub closed: Timestamp,
    /// When this was written down.
    pub at: Timestamp,
    /// The offers by their numbers, those that were withdrawn too; no drafts.
    pub offers: Vec<Opened>,
}

/// One offer as it was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// Its number within the edition.
    pub number: u32,
    /// Its revision.
    pub revision: u32,
    /// Where it stood.
    pub state: State,
    /// When it was submitted first.
    pub submitted: Timestamp,
    /// When it was last changed.
    pub changed: Timestamp,
    /// SHA-256 of its content as the record keeps it, in hexadecimal digits.
    pub digest: String,
}
