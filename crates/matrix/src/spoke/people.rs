//! Who people are on the other side.

use crate::{
    client::Client,
    id::{RoomId, UserId},
    registration::Namespace,
};
use model::{
    chat::Author,
    text::{Line, excerpt},
};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    fmt::Write as _,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use store::Store;

/// How long the homeserver may take to say how somebody is called; what they said does not wait longer.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long a name is believed, and how many are remembered.
const FRESH: Duration = Duration::from_mins(10);
const NAMES_MAX: usize = 20_000;

/// The longest name shown, in characters.
const NAME_MAX: usize = 80;

/// The ghost of somebody who speaks elsewhere; `None` for whoever has none and is spoken for by ourselves. Its name tells
/// nothing of the account, and stays the same for it.
pub(super) fn ghost(store: &Store, ours: &Namespace, author: &Author) -> Option<UserId> {
    let key = match author {
        Author::Account(id) => format!("account {id}"),
        Author::Outside(id) => format!("outside {id}"),
        Author::System | Author::Gone => return None,
    };
    let signature = store.secret().sign("ghost in Matrix", &key);
    let mut name = String::with_capacity(24);
    for byte in &Sha256::digest(signature)[..12] {
        // Writing to a string cannot fail.
        let _ = write!(name, "{byte:02x}");
    }
    ours.ghost(&name).ok()
}

/// How people are called there, and which ghosts are called what.
#[derive(Debug, Default)]
pub(super) struct Names(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    people: HashMap<UserId, (String, Instant)>,
    ghosts: HashMap<UserId, String>,
}

impl Names {
    /// Remembers how somebody calls themselves.
    pub(super) fn learn(&self, user: &UserId, name: &str) {
        let mut known = self.known();
        if known.people.len() >= NAMES_MAX {
            known.people.clear();
        }
        known.people.insert(user.clone(), (name.to_owned(), Instant::now()));
    }

    /// How somebody is called in a room: by the name that they gave themselves, or by that of their Matrix id.
    pub(super) async fn of(&self, client: &Client, room: &RoomId, user: &UserId) -> Line {
        let remembered = self.known().people.get(user).cloned();
        let name = match remembered {
            Some((name, at)) if at.elapsed() < FRESH => name,
            _ => {
                let asked = client.state(room, "m.room.member", user.as_str());
                let answer = tokio::time::timeout(PATIENCE, asked).await;
                let given = answer.ok().and_then(Result::ok).flatten();
                let given = given.and_then(|member| Some(member.get("displayname")?.as_str()?.to_owned()));
                let name = given.unwrap_or_default();
                self.learn(user, &name);
                name
            }
        };
        let name = Line::clean(&excerpt(&name, NAME_MAX));
        if name.is_empty() { Line::clean(&excerpt(user.localpart(), NAME_MAX)) } else { name }
    }

    /// Whether a ghost is not known to be called so.
    pub(super) fn is_new(&self, ghost: &UserId, name: &str) -> bool {
        self.known().ghosts.get(ghost).is_none_or(|known| known != name)
    }

    /// That a ghost is called so now.
    pub(super) fn named(&self, ghost: &UserId, name: &str) {
        self.known().ghosts.insert(ghost.clone(), name.to_owned());
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
