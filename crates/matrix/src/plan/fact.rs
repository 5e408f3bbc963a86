//! What is stated of a room, and the events that state it.

use super::{Access, Desired, Room};
use crate::{id::RoomId, registration::Namespace, state::StateEvent};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, fmt};

/// The key of our widget.
pub const WIDGET: &str = "plenary";

/// Something that is stated of a room. Rooms are named by their keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// Its name.
    Name,
    /// Its topic.
    Topic,
    /// Its alias, as the one to show.
    Alias,
    /// Who may enter.
    Access,
    /// Who may read what was said before they came.
    History,
    /// Whether the homeserver's guests may come.
    Guests,
    /// Who may do what.
    Powers,
    /// The page above the conversation.
    Widget,
    /// Where it is shown.
    Layout,
    /// That it has no such page.
    NoWidget,
    /// That nothing is shown above.
    NoLayout,
    /// That it stands in that space.
    Parent(String),
    /// That it stands in that space no more.
    NoParent(String),
    /// That it holds that room.
    Child(String),
    /// That it holds that room no more.
    NoChild(String),
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("set the name"),
            Self::Topic => f.write_str("set the topic"),
            Self::Alias => f.write_str("show the alias"),
            Self::Access => f.write_str("set who may enter"),
            Self::History => f.write_str("set who may read"),
            Self::Guests => f.write_str("set whether guests may come"),
            Self::Powers => f.write_str("set who may do what"),
            Self::Widget => f.write_str("set the page above"),
            Self::Layout => f.write_str("show the page above"),
            Self::NoWidget => f.write_str("take away the page above"),
            Self::NoLayout => f.write_str("show no page above"),
            Self::Parent(key) => write!(f, "say that it stands in {key}"),
            Self::NoParent(key) => write!(f, "say no more that it stands in {key}"),
            Self::Child(key) => write!(f, "hold {key}"),
            Self::NoChild(key) => write!(f, "hold {key} no more"),
        }
    }
}

/// Whether what is said covers what should be: every field of it stands there as it should. The homeserver adds fields of
/// its own. Nothing should be said where `wanted` is empty.
pub(super) fn covers(said: Option<&Value>, wanted: &Value) -> bool {
    let nothing = Map::new();
    let said = said.and_then(Value::as_object).unwrap_or(&nothing);
    match wanted.as_object() {
        Some(wanted) if !wanted.is_empty() => {
            wanted.iter().all(|(name, value)| said.get(name) == Some(value))
        }
        _ => said.is_empty(),
    }
}

/// Whether who makes a room of that version has all power without being named, and must not be: so it is since 12.
fn creator_unnamed(version: &str) -> bool {
    version.parse::<u32>().is_ok_and(|version| version >= 12)
}

/// What is stated of a room itself, without what it holds.
pub(super) fn facts(room: &Room) -> Vec<Fact> {
    let mut facts =
        vec![Fact::Name, Fact::Topic, Fact::Alias, Fact::Access, Fact::History, Fact::Guests, Fact::Powers];
    if room.page().is_some() {
        facts.extend([Fact::Widget, Fact::Layout]);
    }
    facts.extend(room.places().iter().cloned().map(Fact::Parent));
    facts
}

impl Desired {
    /// The event that states a fact: about the room `key`, or, for what a space holds, about its child `key`.
    /// `None` where a room that it names does not exist yet.
    pub(crate) fn event(
        &self,
        version: &str,
        key: &str,
        fact: &Fact,
        ids: &BTreeMap<String, RoomId>,
    ) -> Option<StateEvent> {
        let (kind, of, content) = match fact {
            Fact::Child(child) | Fact::NoChild(child) => {
                ("m.space.child", ids.get(child)?.to_string(), self.child(child, fact))
            }
            Fact::NoParent(parent) => ("m.space.parent", ids.get(parent)?.to_string(), json!({})),
            Fact::Parent(parent) => {
                let canonical = self.room(key)?.places().first() == Some(parent);
                let content = json!({ "via": [self.ours.server], "canonical": canonical });
                ("m.space.parent", ids.get(parent)?.to_string(), content)
            }
            _ => self.own(version, self.room(key)?, fact, ids)?,
        };
        Some(StateEvent { kind: kind.to_owned(), key: of, content })
    }

    fn child(&self, key: &str, fact: &Fact) -> Value {
        let room = self.room(key).filter(|_| matches!(fact, Fact::Child(_)));
        room.map_or_else(
            || json!({}),
            |room| {
                let mut content = json!({ "via": [self.ours.server], "suggested": room.suggested });
                if let Some(order) = &room.order {
                    content["order"] = json!(order);
                }
                content
            },
        )
    }

    fn own(
        &self,
        version: &str,
        room: &Room,
        fact: &Fact,
        ids: &BTreeMap<String, RoomId>,
    ) -> Option<(&'static str, String, Value)> {
        let mut of = String::new();
        let (kind, content) = match fact {
            Fact::Name => ("m.room.name", json!({ "name": room.name })),
            Fact::Topic => ("m.room.topic", json!({ "topic": room.topic })),
            Fact::Alias => ("m.room.canonical_alias", json!({ "alias": alias(&self.ours, &room.key)? })),
            Fact::Access => {
                let content = match room.access {
                    Access::Open => json!({ "join_rule": "public" }),
                    Access::Invited => json!({ "join_rule": "invite" }),
                    Access::OfSpace => {
                        let of = |parent| {
                            Some(json!({ "type": "m.room_membership", "room_id": ids.get(parent)? }))
                        };
                        let allow = room.parents.iter().map(of).collect::<Option<Vec<Value>>>()?;
                        json!({ "join_rule": "restricted", "allow": allow })
                    }
                };
                ("m.room.join_rules", content)
            }
            Fact::History => {
                // What is said in private is never for the world.
                let seen = match (room.access, room.readable) {
                    (Access::Invited, false) => "invited",
                    (Access::Invited, true) | (_, false) => "shared",
                    (_, true) => "world_readable",
                };
                ("m.room.history_visibility", json!({ "history_visibility": seen }))
            }
            // Guests read by entering, where anybody may; nothing lets them into a private room.
            Fact::Guests => {
                let may = room.readable && room.access == Access::Open;
                ("m.room.guest_access", json!({ "guest_access": if may { "can_join" } else { "forbidden" } }))
            }
            Fact::Powers => ("m.room.power_levels", self.powers(version, room)),
            Fact::Widget => {
                let page = room.page()?;
                WIDGET.clone_into(&mut of);
                let content = json!({
                    "id": WIDGET, "type": "m.custom", "name": page.name, "url": page.url, "data": {},
                    "creatorUserId": self.sender, "waitForIframeLoad": true,
                });
                ("im.vector.modular.widgets", content)
            }
            Fact::Layout => {
                let place = json!({ "container": "top", "index": 0, "width": 100, "height": 40 });
                ("io.element.widgets.layout", json!({ "widgets": { WIDGET: place } }))
            }
            Fact::NoWidget => {
                WIDGET.clone_into(&mut of);
                ("im.vector.modular.widgets", json!({}))
            }
            Fact::NoLayout => ("io.element.widgets.layout", json!({})),
            Fact::Parent(_) | Fact::NoParent(_) | Fact::Child(_) | Fact::NoChild(_) => return None,
        };
        Some((kind, of, content))
    }

    /// Who may do what in a room of that version. Every field is stated, so that nothing depends on what the homeserver
    /// thinks usual.
    pub(super) fn powers(&self, version: &str, room: &Room) -> Value {
        let unnamed = creator_unnamed(version);
        let mut users: BTreeMap<&str, i64> =
            room.powers.iter().map(|(user, &power)| (user.as_str(), power)).collect();
        if unnamed {
            users.remove(self.sender.as_str());
        } else {
            users.insert(self.sender.as_str(), 100);
        }
        let speak = if room.space || room.closed || room.quiet { 50 } else { 0 };
        json!({
            "users": users,
            "users_default": 0,
            "events_default": speak,
            "state_default": 50,
            "invite": if room.access == Access::Invited { 50 } else { 0 },
            "kick": 50,
            "ban": 50,
            "redact": 50,
            "notifications": { "room": 50 },
            "events": {
                // What the record says is not for moderators to change: it would be put right again.
                "m.room.name": 100,
                "m.room.topic": 100,
                "m.room.canonical_alias": 100,
                "m.room.join_rules": 100,
                "m.room.history_visibility": 100,
                "m.room.guest_access": 100,
                "m.room.power_levels": 100,
                "m.room.server_acl": 100,
                "m.space.parent": 100,
                "im.vector.modular.widgets": 100,
                "io.element.widgets.layout": 100,
                // An encrypted room could be read neither by us nor by who comes later, and there is no way back.
                "m.room.encryption": 100,
                // Version 12 lets only its creators replace a room, who stand above 100.
                "m.room.tombstone": if unnamed { 150 } else { 100 },
            },
        })
    }

    /// What is said of a room when it is made: everything but its powers and its alias, which are said apart. `None` where
    /// a room that it names does not exist yet.
    pub fn initial(&self, room: &Room, ids: &BTreeMap<String, RoomId>) -> Option<Vec<StateEvent>> {
        let facts = facts(room).into_iter().filter(|fact| !matches!(fact, Fact::Powers | Fact::Alias));
        facts.map(|fact| self.event(&self.version, &room.key, &fact, ids)).collect()
    }

    /// The powers in a new room.
    pub fn initial_powers(&self, room: &Room) -> Value {
        self.powers(&self.version, room)
    }
}

fn alias(ours: &Namespace, key: &str) -> Option<String> {
    ours.alias(key).ok().map(|alias| alias.as_str().to_owned())
}
