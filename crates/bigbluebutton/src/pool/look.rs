//! Looking at a server: what [`super::plan`] wants to know of it.

use super::{Found, Observed, Seen};
use crate::{
    api::{Client, Error},
    profile::Abilities,
};
use std::time::Duration;

/// How long a server has for each answer. What takes longer is no better for those who want to get into a room.
const PATIENCE: Duration = Duration::from_secs(5);

/// What looking at a server showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// For the plan.
    pub observed: Observed,
    /// How many people are on it, also in meetings of others. Breakout rooms hold people of their meetings, who are not counted
    /// twice.
    pub people: u32,
    /// How many meetings are on it, also of others.
    pub meetings: u32,
    /// What went wrong, to be shown; the last thing where there are several.
    pub problem: Option<Error>,
}

impl Looked {
    /// Whether it answered, for [`super::Pulse::after`]. One that refuses, as for a wrong secret, answers and is not ill; it
    /// is of no use all the same, so it counts as missed too.
    pub fn answered(&self) -> bool {
        self.observed.meetings.is_some()
    }
}

/// Asks a server for its meetings and, where it tells of events, for its hooks. Never fails: what was not answered is not there.
pub async fn look(client: &Client, abilities: &Abilities, installation: &str) -> Looked {
    let client = client.clone().within(PATIENCE);
    let mut looked = Looked::default();
    match client.meetings().await {
        Ok(meetings) => {
            let own = meetings.iter().filter(|meeting| !meeting.breakout);
            looked.people = own.clone().fold(0, |sum, meeting| sum.saturating_add(meeting.people));
            looked.meetings = u32::try_from(own.count()).unwrap_or(u32::MAX);
            looked.observed.meetings =
                Some(meetings.iter().filter_map(|meeting| Seen::of(meeting, installation)).collect());
        }
        Err(error) => {
            looked.problem = Some(error);
            return looked;
        }
    }
    if abilities.events {
        match client.hooks().await {
            Ok(hooks) => looked.observed.hooks = Some(hooks.into_iter().map(Found::from).collect()),
            // Without bbb-webhooks there are rooms all the same.
            Err(error) => looked.problem = Some(error),
        }
    }
    looked
}
