//! The secret that a BigBlueButton server shares with those who may use it.

use std::fmt;
use zeroize::Zeroizing;

/// A server's shared secret. Whoever has it may do everything on that server, so printing it with `{:?}` shows nothing
/// of it, and its memory is overwritten when it goes.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Keeps `text` from being printed. Space around it, which copying from a terminal brings along, is left out.
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.trim().to_owned()))
    }

    /// The text, for the places that compute with it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether there is none, which signs nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "none" } else { "***" })
    }
}
