//! From what the rooms should be and what they are to what has to be done: as little as possible, in an order in which each
//! step has what it needs, and so that one can stop anywhere and begin again by looking.
//!
//! Pure: [`crate::apply`] looks and acts. **A plan is only good for what was observed; after a failure, observe again
//! instead of repeating it.**
//!
//! Nobody is put into an open room: people enter when they open it, our ghosts when they first speak. Only private rooms
//! have members here, who are invited.
//!
//! The record decides: what is stated below is put right again when somebody changes it in a client. What is not
//! stated (a picture, pinned messages, bans, rooms that others add to a space) stays as people left it.

mod fact;

use crate::{
    id::{RoomId, UserId},
    registration::Namespace,
    state::{Membership, Standing, StateEvent},
};
use fact::covers;
pub use fact::{Fact, WIDGET};
use model::Refusal;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// Who may enter a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Access {
    /// Everybody.
    #[default]
    Open,
    /// Who is in one of the spaces that hold it.
    OfSpace,
    /// Who is invited: [`Room::members`], and those who have powers in it.
    Invited,
}

/// A page of ours shown above the conversation by clients that can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Widget {
    /// What people see above it.
    pub name: String,
    /// Its address. The state of a room is read by everybody in it: never an address that lets somebody in by itself.
    pub url: String,
}

/// A room as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// By what it is known, in the record and in its alias; see [`Namespace::alias`].
    pub key: String,
    /// Whether it is a space, which holds other rooms. A room that exists cannot become one or cease to be one.
    pub space: bool,
    /// Its name.
    pub name: String,
    /// What it is about, with a link to its page.
    pub topic: String,
    /// The keys of the spaces that hold it; the first is the one that clients show above it.
    pub parents: Vec<String>,
    /// Where it stands among its neighbours, by the order of these texts; at most 50 characters of ASCII.
    pub order: Option<String>,
    /// Whether clients recommend it to who enters the space.
    pub suggested: bool,
    /// Who may enter.
    pub access: Access,
    /// Whether it stands in the homeserver's public list.
    pub listed: bool,
    /// Whether it can be read without entering, also by guests of the homeserver. In a room by invitation it means only
    /// that who is invited later reads what was said before.
    pub readable: bool,
    /// Whether only those with powers speak.
    pub quiet: bool,
    /// Who has powers in it: 50 for moderators, up to 100. We ourselves always have all.
    pub powers: BTreeMap<UserId, i64>,
    /// Who is in it, where that is by invitation.
    pub members: BTreeSet<UserId>,
    /// Our page above the conversation.
    pub widget: Option<Widget>,
    /// Whether it is over: nothing is made for it; where it is, it stays readable as before, loses its place and its widget,
    /// and nobody without powers speaks.
    pub closed: bool,
}

impl Room {
    /// An open conversation in these spaces.
    pub fn chat(key: &str, name: &str, parents: &[&str]) -> Self {
        Self {
            key: key.to_owned(),
            space: false,
            name: name.to_owned(),
            topic: String::new(),
            parents: parents.iter().map(|&key| key.to_owned()).collect(),
            order: None,
            suggested: false,
            access: Access::Open,
            listed: false,
            readable: true,
            quiet: false,
            powers: BTreeMap::new(),
            members: BTreeSet::new(),
            widget: None,
            closed: false,
        }
    }

    /// A space, in other spaces or in none.
    pub fn space(key: &str, name: &str, parents: &[&str]) -> Self {
        Self { space: true, quiet: true, ..Self::chat(key, name, parents) }
    }

    /// The spaces in which it stands.
    fn places(&self) -> &[String] {
        if self.closed { &[] } else { &self.parents }
    }

    /// Whether it stands in the public list.
    fn shown(&self) -> bool {
        self.listed && !self.closed
    }

    /// The widget that it has.
    fn page(&self) -> Option<&Widget> {
        self.widget.as_ref().filter(|_| !self.closed)
    }

    /// Whether somebody belongs into it.
    fn wants(&self, user: &UserId) -> bool {
        self.members.contains(user) || self.powers.contains_key(user)
    }
}

/// All rooms of ours as they should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    ours: Namespace,
    sender: UserId,
    version: String,
    /// Spaces before what they hold.
    rooms: Vec<Room>,
}

/// The versions in which rooms can be made: what we know of powers holds in these.
pub const VERSIONS: [&str; 2] = ["11", "12"];

impl Desired {
    /// Takes the rooms, in any order, and the version in which new ones are made.
    ///
    /// **A room that was made once stays among them, as [`Room::closed`] when it is over.** One that is left out is not looked
    /// at any more, and stays as it is.
    pub fn new(ours: Namespace, version: &str, rooms: Vec<Room>) -> Result<Self, Refusal> {
        if !VERSIONS.contains(&version) {
            let problem = format!("rooms are not made in version {version}");
            return Err(Refusal::new("room version", problem, "Use 11 or 12"));
        }
        let mut waiting: BTreeMap<String, Room> = BTreeMap::new();
        for room in rooms {
            check(&ours, &room)?;
            if let Some(other) = waiting.insert(room.key.clone(), room) {
                let problem = format!("two rooms are called \"{}\"", other.key);
                return Err(Refusal::new("rooms", problem, "Give each a key of its own"));
            }
        }
        for room in waiting.values() {
            for parent in &room.parents {
                if !waiting.get(parent).is_some_and(|parent| parent.space) {
                    let problem = format!("\"{}\" stands in \"{parent}\", which is no space", room.key);
                    return Err(Refusal::new(
                        "rooms",
                        problem,
                        "Put it into a space that is among the rooms",
                    ));
                }
            }
        }
        // Spaces first, then what they hold, by keys where there is a choice.
        let mut ordered: Vec<Room> = vec![];
        let mut placed: BTreeSet<String> = BTreeSet::new();
        while !waiting.is_empty() {
            let next =
                waiting.values().find(|room| room.parents.iter().all(|parent| placed.contains(parent)));
            let Some(key) = next.map(|room| room.key.clone()) else {
                let keys: Vec<&str> = waiting.keys().map(String::as_str).collect();
                let problem = format!("these spaces hold each other: {}", keys.join(", "));
                return Err(Refusal::new("rooms", problem, "Take one of them out of the other"));
            };
            ordered.extend(waiting.remove(&key));
            placed.insert(key);
        }
        let sender = ours.sender()?;
        Ok(Self { ours, sender, version: version.to_owned(), rooms: ordered })
    }

    /// The rooms, spaces before what they hold.
    pub fn rooms(&self) -> &[Room] {
        &self.rooms
    }

    /// Our names on the homeserver.
    pub fn ours(&self) -> &Namespace {
        &self.ours
    }

    /// Our own user.
    pub fn sender(&self) -> &UserId {
        &self.sender
    }

    /// The version in which new rooms are made.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The room of that key.
    pub fn room(&self, key: &str) -> Option<&Room> {
        self.rooms.iter().find(|room| room.key == key)
    }
}

fn check(ours: &Namespace, room: &Room) -> Result<(), Refusal> {
    ours.alias(&room.key)?;
    let field = |name: &str| format!("{name} of the room \"{}\"", room.key);
    if room.name.trim().is_empty() || room.name.len() > 255 {
        return Err(Refusal::new(
            field("name"),
            "it is empty or longer than 255 bytes",
            "Give it a short name",
        ));
    }
    if room.topic.len() > 4_096 {
        return Err(Refusal::new(field("topic"), "it is longer than 4096 bytes", "Shorten it"));
    }
    if room.access == Access::OfSpace && room.parents.is_empty() {
        let problem = "it is for those in its space and stands in none";
        return Err(Refusal::new(field("access"), problem, "Put it into a space, or open it"));
    }
    if room.powers.values().any(|power| !(0..=100).contains(power)) {
        return Err(Refusal::new(
            field("powers"),
            "a power is not between 0 and 100",
            "Use 50 for moderators",
        ));
    }
    let fit = |order: &String| order.len() <= 50 && order.bytes().all(|b| (0x20..=0x7e).contains(&b));
    if !room.order.as_ref().is_none_or(fit) {
        return Err(Refusal::new(
            field("order"),
            "it is no text of ASCII up to 50",
            "Use figures of one length",
        ));
    }
    Ok(())
}

/// A room as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its identifier.
    pub id: RoomId,
    /// Whether we are in it. An alias of ours that leads elsewhere was left behind by a room that was never finished.
    pub entered: bool,
    /// Its version.
    pub version: String,
    /// What is stated of it, by kind and key.
    pub state: BTreeMap<(String, String), Value>,
    /// Whether it stands in the homeserver's public list.
    pub listed: bool,
    /// Those who have to do with it; only where it is by invitation.
    pub members: BTreeMap<UserId, Standing>,
}

impl Found {
    /// A room of which nothing is known but where it is, as one in which we are not.
    pub fn strange(id: RoomId) -> Self {
        Self {
            id,
            entered: false,
            version: String::new(),
            state: BTreeMap::new(),
            listed: false,
            members: BTreeMap::new(),
        }
    }
}

/// All rooms of ours as they are, by their keys. A room that is not among them does not exist.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Observed {
    /// The rooms.
    pub rooms: BTreeMap<String, Found>,
}

impl Observed {
    /// The identifiers of the rooms that can be worked with.
    pub fn ids(&self) -> BTreeMap<String, RoomId> {
        let entered = self.rooms.iter().filter(|(_, found)| found.entered);
        entered.map(|(key, found)| (key.clone(), found.id.clone())).collect()
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Frees an alias of ours that leads to a room in which we are not.
    Release {
        /// The room's key.
        room: String,
    },
    /// Makes a room, with all that is said of it.
    Make {
        /// The room's key.
        room: String,
    },
    /// States something about a room.
    State {
        /// The room's key.
        room: String,
        /// What.
        fact: Fact,
    },
    /// Puts a room into the public list, or takes it out.
    List {
        /// The room's key.
        room: String,
        /// Whether it stands there.
        listed: bool,
    },
    /// Invites somebody.
    Invite {
        /// The room's key.
        room: String,
        /// Whom.
        user: UserId,
    },
    /// Takes somebody out who does not belong there any more, or withdraws the invitation.
    Remove {
        /// The room's key.
        room: String,
        /// Whom.
        user: UserId,
    },
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Release { room } => write!(f, "{room}: free the alias that an unfinished room left behind"),
            Self::Make { room } => write!(f, "{room}: make the room"),
            Self::State { room, fact } => write!(f, "{room}: {fact}"),
            Self::List { room, listed: true } => write!(f, "{room}: put it into the public list"),
            Self::List { room, listed: false } => write!(f, "{room}: take it out of the public list"),
            Self::Invite { room, user } => write!(f, "{room}: invite {user}"),
            Self::Remove { room, user } => write!(f, "{room}: take {user} out"),
        }
    }
}

/// What has to be done.
pub fn plan(desired: &Desired, observed: &Observed) -> Vec<Action> {
    let ids = observed.ids();
    let mut actions = vec![];
    for room in &desired.rooms {
        let found = observed.rooms.get(&room.key);
        let usable = found.filter(|found| found.entered);
        if room.closed && usable.is_none() {
            continue;
        }
        if let Some(found) = usable {
            actions.extend(put_right(desired, &ids, room, found));
        } else {
            if found.is_some() {
                actions.push(Action::Release { room: room.key.clone() });
            }
            actions.push(Action::Make { room: room.key.clone() });
        }
        // Now the room exists, so its spaces can hold it.
        for parent in room.places() {
            let fact = Fact::Child(room.key.clone());
            let held = observed.rooms.get(parent).filter(|parent| parent.entered).is_some_and(|parent| {
                let event = desired.event(&parent.version, &room.key, &fact, &ids);
                event.is_some_and(|event| holds(parent, &event))
            });
            if !held {
                actions.push(Action::State { room: parent.clone(), fact });
            }
        }
        if usable.is_some_and(|found| found.listed) != room.shown() {
            actions.push(Action::List { room: room.key.clone(), listed: room.shown() });
        }
        if room.access == Access::Invited {
            actions.extend(membership(desired, room, usable));
        }
    }
    // What a space holds and should not, among our own rooms: others' rooms are the business of those who put them there.
    for space in desired.rooms.iter().filter(|room| room.space) {
        let Some(found) = observed.rooms.get(&space.key).filter(|found| found.entered) else { continue };
        for (key, id) in &ids {
            let wanted = desired.room(key).is_some_and(|room| room.places().contains(&space.key));
            if !wanted && stated(found, "m.space.child", id.as_str()) {
                actions.push(Action::State { room: space.key.clone(), fact: Fact::NoChild(key.clone()) });
            }
        }
    }
    actions
}

/// What has to be stated of a room that exists.
fn put_right(desired: &Desired, ids: &BTreeMap<String, RoomId>, room: &Room, found: &Found) -> Vec<Action> {
    let state = |fact| Action::State { room: room.key.clone(), fact };
    let mut actions = vec![];
    for fact in fact::facts(room) {
        let event = desired.event(&found.version, &room.key, &fact, ids);
        if !event.is_some_and(|event| holds(found, &event)) {
            actions.push(state(fact));
        }
    }
    if room.page().is_none() {
        for fact in [Fact::NoWidget, Fact::NoLayout] {
            if desired.event(&found.version, &room.key, &fact, ids).is_some_and(|event| !holds(found, &event))
            {
                actions.push(state(fact));
            }
        }
    }
    for (key, id) in ids {
        if !room.places().contains(key) && stated(found, "m.space.parent", id.as_str()) {
            actions.push(state(Fact::NoParent(key.clone())));
        }
    }
    actions
}

/// Who has to be invited and taken out.
fn membership(desired: &Desired, room: &Room, found: Option<&Found>) -> Vec<Action> {
    let nobody = BTreeMap::new();
    let known = found.map_or(&nobody, |found| &found.members);
    let wanted = room.members.iter().chain(room.powers.keys()).collect::<BTreeSet<_>>();
    let mut actions = vec![];
    // Ghosts come when they speak.
    for user in wanted.into_iter().filter(|user| !desired.ours.holds(user)) {
        let absent = match known.get(user) {
            None => true,
            Some(standing) if standing.now == Membership::Leave => !standing.own,
            Some(standing) => standing.now == Membership::Knock,
        };
        if absent && !room.closed {
            actions.push(Action::Invite { room: room.key.clone(), user: user.clone() });
        }
    }
    for (user, standing) in known {
        let there = matches!(standing.now, Membership::Join | Membership::Invite);
        if there && !room.wants(user) && !desired.ours.holds(user) {
            actions.push(Action::Remove { room: room.key.clone(), user: user.clone() });
        }
    }
    actions
}

/// Whether a room says what it should.
fn holds(found: &Found, event: &StateEvent) -> bool {
    let said = found.state.get(&(event.kind.clone(), event.key.clone()));
    covers(said, &event.content)
}

/// Whether something is stated that has not been taken back.
fn stated(found: &Found, kind: &str, key: &str) -> bool {
    let said = found.state.get(&(kind.to_owned(), key.to_owned()));
    said.and_then(Value::as_object).is_some_and(|said| !said.is_empty())
}

#[cfg(test)]
mod tests;
