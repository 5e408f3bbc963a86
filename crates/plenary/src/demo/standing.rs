//! When and where a demo runs, for the commands that are run beside it: its clock stands in another year, so that what they
//! write by the machine's clock, such as a link, would be over before it is made.

use anyhow::Context;
use jiff::SignedDuration;
use model::time::{Clock, SharedClock, ShiftedClock, SystemClock};
use serde::{Deserialize, Serialize};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// A file of this name lies beside the record of a demo while it runs.
const FILE: &str = "demo.json";

/// When and where a demo runs.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Standing {
    /// So many seconds its clock is ahead of the machine's.
    ahead: i64,
    /// Its address, without a slash at its end.
    pub(crate) origin: String,
}

impl Standing {
    /// Where `clock` stands, of a demo at that address.
    pub(crate) fn of(clock: &SharedClock, origin: String) -> Self {
        Self { ahead: clock.now().duration_since(SystemClock.now()).as_secs(), origin }
    }

    /// The demo whose record lies in that folder; `None` where none runs there.
    pub(crate) fn beside(folder: &Path) -> Option<Self> {
        serde_json::from_str(&std::fs::read_to_string(folder.join(FILE)).ok()?).ok()
    }

    /// Its clock.
    pub(crate) fn clock(&self) -> SharedClock {
        let now = SystemClock.now();
        let there = now.checked_add(SignedDuration::from_secs(self.ahead)).unwrap_or(now);
        Arc::new(ShiftedClock::standing_at(there))
    }

    /// Says it to the commands that are run beside the demo, until what it gives is dropped.
    pub(crate) fn note(&self, folder: &Path) -> anyhow::Result<Noted> {
        let file = folder.join(FILE);
        std::fs::write(&file, serde_json::to_string(self)?)
            .with_context(|| format!("keep: cannot write {}. Name a writable folder.", file.display()))?;
        Ok(Noted(file))
    }

    /// Takes away what a demo that was killed has left there: what is served next stands in the present.
    pub(crate) fn forget(folder: &Path) {
        let _ = std::fs::remove_file(folder.join(FILE));
    }
}

/// Takes the file away when it is dropped.
#[derive(Debug)]
pub(crate) struct Noted(PathBuf);

impl Drop for Noted {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
