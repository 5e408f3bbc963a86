//! Looks at the rooms, and takes the steps of a [plan](crate::plan).
//!
//! Looking takes two calls for each room, and one more to find it where one does not hand over its identifier from the last
//! time. Nothing here keeps anything; a process that ends in the middle loses nothing
//! but time.

use crate::{
    client::{Client, NewRoom},
    error::Error,
    id::{Alias, RoomId},
    plan::{Access, Action, Desired, Fact, Found, Observed, Room, plan},
};
use std::{collections::BTreeMap, time::Duration};

/// How long we wait before a call that may succeed later is made again; after the last it is given up.
const AGAIN: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(9)];

/// How often [`reconcile`] looks and acts: the second time puts right what the first found to be otherwise than expected.
const ROUNDS: usize = 3;

/// A step that could not be taken, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// The step.
    pub action: Action,
    /// Why; `None` where another step, on which it depends, could not be taken.
    pub why: Option<Error>,
}

/// What came of taking steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many steps were taken.
    pub done: usize,
    /// Those that could not be taken. The homeserver refused them, and others went on.
    pub unmet: Vec<Unmet>,
    /// Why it ended before all were tried: the homeserver could not be reached any more.
    pub stopped: Option<Error>,
}

impl Report {
    /// Whether everything is as it should be.
    pub fn complete(&self) -> bool {
        self.unmet.is_empty() && self.stopped.is_none()
    }
}

/// Looks at the rooms. `known` are the identifiers that one has, by the rooms' keys; others are found by their aliases.
pub async fn observe(
    client: &Client,
    desired: &Desired,
    known: &BTreeMap<String, RoomId>,
) -> Result<Observed, Error> {
    let mut observed = Observed::default();
    for room in desired.rooms() {
        let id = match known.get(&room.key) {
            Some(id) => Some(id.clone()),
            None => patiently(|| async { client.resolve(&alias(desired, &room.key)?).await }).await?,
        };
        if let Some(id) = id {
            let found = look(client, desired, room, id).await?;
            observed.rooms.insert(room.key.clone(), found);
        }
    }
    Ok(observed)
}

/// Looks at one room.
async fn look(client: &Client, desired: &Desired, room: &Room, id: RoomId) -> Result<Found, Error> {
    let state = patiently(|| client.whole_state(&id)).await?.filter(|state| state.holds(desired.sender()));
    let Some(state) = state else { return Ok(Found::strange(id)) };
    let version = state.version().to_owned();
    Ok(Found {
        listed: patiently(|| client.listed(&id)).await?,
        entered: true,
        version,
        state: state.facts,
        members: if room.access == Access::Invited { state.members } else { BTreeMap::new() },
        id,
    })
}

/// Takes the steps one after another, and tells `each` before it does. `observed` is that of the plan; the rooms that are
/// made are added to it.
///
/// A step that the homeserver refuses is reported and passed over, with what depends on it. Where the homeserver cannot be
/// reached, or fails, a step is tried again three times within 13 s; then it ends, and the rest is for the next time.
pub async fn apply(
    client: &Client,
    desired: &Desired,
    observed: &mut Observed,
    actions: &[Action],
    mut each: impl FnMut(&Action),
) -> Report {
    let mut report = Report::default();
    for action in actions {
        each(action);
        match step(client, desired, observed, action).await {
            Ok(true) => report.done += 1,
            Ok(false) => report.unmet.push(Unmet { action: action.clone(), why: None }),
            Err(error) if error.may_pass() => {
                report.stopped = Some(error);
                break;
            }
            Err(error) => {
                tracing::warn!(%action, %error, "a step in Matrix was refused");
                report.unmet.push(Unmet { action: action.clone(), why: Some(error) });
            }
        }
    }
    report
}

/// Looks, plans and acts until everything is as it should be or nothing more can be done, and says what came of it. What was
/// observed last, with the identifiers to keep for the next time, comes back too.
///
/// # Errors
/// The homeserver cannot even be looked at.
pub async fn reconcile(
    client: &Client,
    desired: &Desired,
    known: &BTreeMap<String, RoomId>,
    mut each: impl FnMut(&Action),
) -> Result<(Report, Observed), Error> {
    let mut whole = Report::default();
    let mut observed = observe(client, desired, known).await?;
    for _ in 0..ROUNDS {
        let actions = plan(desired, &observed);
        // What was refused a moment ago is refused again.
        if actions.iter().all(|action| whole.unmet.iter().any(|unmet| unmet.action == *action)) {
            break;
        }
        let report = apply(client, desired, &mut observed, &actions, &mut each).await;
        whole.done += report.done;
        whole.unmet = report.unmet;
        whole.stopped = report.stopped;
        if whole.stopped.is_some() {
            break;
        }
        observed = observe(client, desired, &observed.ids()).await?;
    }
    Ok((whole, observed))
}

/// Takes one step; `false` where what it needs does not exist.
async fn step(
    client: &Client,
    desired: &Desired,
    observed: &mut Observed,
    action: &Action,
) -> Result<bool, Error> {
    let id = |key: &str| observed.rooms.get(key).filter(|found| found.entered).map(|found| found.id.clone());
    match action {
        Action::Release { room } => {
            patiently(|| async { client.release(&alias(desired, room)?).await }).await?;
            observed.rooms.remove(room);
        }
        Action::Make { room } => {
            let Some(wanted) = desired.room(room) else { return Ok(false) };
            let Some(found) = make(client, desired, observed, wanted).await? else { return Ok(false) };
            observed.rooms.insert(room.clone(), found);
        }
        Action::State { room, fact } => {
            let Some(found) = observed.rooms.get(room).filter(|found| found.entered) else {
                return Ok(false);
            };
            let about = match fact {
                Fact::Child(child) | Fact::NoChild(child) => child,
                _ => room,
            };
            let Some(event) = desired.event(&found.version, about, fact, &observed.ids()) else {
                return Ok(false);
            };
            patiently(|| client.set_state(&found.id, &event)).await?;
        }
        Action::List { room, listed } => {
            let Some(id) = id(room) else { return Ok(false) };
            patiently(|| client.list(&id, *listed)).await?;
        }
        Action::Invite { room, user } => {
            let Some(id) = id(room) else { return Ok(false) };
            patiently(|| client.invite(&id, user)).await?;
        }
        Action::Remove { room, user } => {
            let Some(id) = id(room) else { return Ok(false) };
            patiently(|| client.remove(&id, user, "")).await?;
        }
    }
    Ok(true)
}

/// Makes a room, or takes the one that an attempt before made: a call that failed may have been carried out, wholly or so far
/// that the alias is taken.
async fn make(
    client: &Client,
    desired: &Desired,
    observed: &Observed,
    room: &Room,
) -> Result<Option<Found>, Error> {
    let Some(state) = desired.initial(room, &observed.ids()) else { return Ok(None) };
    let alias = alias(desired, &room.key)?;
    let new = NewRoom {
        localpart: alias.localpart().to_owned(),
        space: room.space,
        version: desired.version().to_owned(),
        federated: true,
        levels: desired.initial_powers(room),
        state,
    };
    let mut pauses = AGAIN.iter();
    loop {
        let error = match client.create_room(&new).await {
            Ok(id) => return Ok(Some(Found { entered: true, version: new.version, ..Found::strange(id) })),
            Err(error) => error,
        };
        let taken = error.is("M_ROOM_IN_USE");
        if !taken && !error.may_pass() {
            return Err(error);
        }
        let Some(&pause) = pauses.next() else { return Err(error) };
        if !taken {
            tokio::time::sleep(pause).await;
        }
        if let Some(id) = patiently(|| client.resolve(&alias)).await? {
            let found = look(client, desired, room, id).await?;
            if found.entered {
                return Ok(Some(found));
            }
            tracing::info!(%alias, "an alias of ours leads to no room of ours and is freed");
            patiently(|| client.release(&alias)).await?;
        }
    }
}

/// Makes a call again where it may succeed later, a few times.
async fn patiently<T, F: Future<Output = Result<T, Error>>>(call: impl Fn() -> F) -> Result<T, Error> {
    for pause in AGAIN {
        match call().await {
            Err(error) if error.may_pass() => {
                tracing::debug!(%error, "the homeserver is asked again");
                tokio::time::sleep(pause).await;
            }
            other => return other,
        }
    }
    call().await
}

/// The alias of a room whose key was checked when it was desired.
fn alias(desired: &Desired, key: &str) -> Result<Alias, Error> {
    desired.ours().alias(key).map_err(|refusal| Error::Request(refusal.to_string()))
}

#[cfg(test)]
mod tests;
