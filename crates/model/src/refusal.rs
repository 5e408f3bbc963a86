//! How a rule says no: which field or rule, and what to do about it.

use serde::{Deserialize, Serialize};

/// A command that the rules do not allow.
///
/// Shown to people as `field: problem. remedy.`; the field is a name that the person typing has seen (a form
/// field, a command-line argument, a column).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{field}: {problem}. {remedy}.")]
pub struct Refusal {
    /// The field, argument or rule that refuses.
    pub field: String,
    /// What is wrong, without a full stop.
    pub problem: String,
    /// What to do about it, as an instruction without a full stop.
    pub remedy: String,
}

impl Refusal {
    /// A refusal of `field` because of `problem`; `remedy` says what to do.
    pub fn new(field: impl Into<String>, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into(), remedy: remedy.into() }
    }
}
