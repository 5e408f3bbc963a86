//! Where a room goes.

use super::{Node, State};
use model::text::Slug;
use std::collections::BTreeSet;

/// A room that has to go somewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// How many people are expected.
    pub seats: u32,
    /// Where the organisers want it, whatever the load is.
    pub pin: Option<Slug>,
    /// What its server has to be good for.
    pub tags: BTreeSet<String>,
    /// Where it is now. It stays there while the server keeps rooms.
    pub current: Option<Slug>,
    /// Whether somebody wants it off its present server.
    pub leave: bool,
}

/// Where it goes, and why there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed<'n> {
    /// The server.
    pub node: &'n Node,
    /// Whether more people are expected than fit there. It is the best there is; people should be told.
    pub tight: bool,
}

/// Why it goes nowhere, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPlace {
    /// There are no servers.
    #[error("there is no BigBlueButton server. Add one to the pool")]
    Empty,
    /// The server that it is pinned to is not in the pool.
    #[error("{0}, to which the room is pinned, is not in the pool. Pin it to another one, or to none")]
    UnknownPin(Slug),
    /// The server that it is pinned to takes no rooms.
    #[error(
        "{node}, to which the room is pinned, is {why}. Wait, pin the room to another server, or to none"
    )]
    PinTakesNone {
        /// The server.
        node: Slug,
        /// `draining`, `disabled`, `suspect` or `offline`.
        why: &'static str,
    },
    /// No server has the tags.
    #[error("no server is tagged {0}. Tag one, or ask less of the room")]
    NoTags(String),
    /// Servers there are, but none takes rooms.
    #[error(
        "none of the {of} servers takes rooms ({disabled} disabled, {draining} draining, {ill} do not answer). Enable one"
    )]
    NoneTakes {
        /// How many have the tags.
        of: usize,
        /// How many are disabled.
        disabled: usize,
        /// How many are draining.
        draining: usize,
        /// How many are suspect or offline.
        ill: usize,
    },
}

/// Chooses a server: where the room is, else where it is pinned, else the least loaded of those that are good for it and on
/// which the people fit; where they fit nowhere, the one with the most room. The same input gives the same answer.
pub fn choose<'n>(nodes: &'n [Node], wish: &Wish) -> Result<Placed<'n>, NoPlace> {
    let placed = |node: &'n Node| Placed { node, tight: node.free().is_some_and(|free| free < wish.seats) };
    let named = |name: &Slug| nodes.iter().find(|node| node.name == *name);
    let stays = |name: &&Slug| !wish.leave && wish.pin.as_ref().is_none_or(|pin| pin == *name);
    if let Some(node) = wish.current.as_ref().filter(stays).and_then(named).filter(|node| node.keeps_rooms())
    {
        // Its people are counted there already.
        return Ok(Placed { node, tight: false });
    }
    if nodes.is_empty() {
        return Err(NoPlace::Empty);
    }
    if let Some(pin) = &wish.pin {
        let node = named(pin).ok_or_else(|| NoPlace::UnknownPin(pin.clone()))?;
        if node.takes_rooms() {
            return Ok(placed(node));
        }
        let why = if node.state == State::Enabled { node.health.as_str() } else { node.state.as_str() };
        return Err(NoPlace::PinTakesNone { node: pin.clone(), why });
    }
    let good: Vec<&Node> = nodes.iter().filter(|node| wish.tags.is_subset(&node.tags)).collect();
    if good.is_empty() {
        let tags: Vec<&str> = wish.tags.iter().map(String::as_str).collect();
        return Err(NoPlace::NoTags(tags.join(", ")));
    }
    let elsewhere = |node: &&Node| !wish.leave || Some(&node.name) != wish.current.as_ref();
    let takes = good.iter().copied().filter(|node| node.takes_rooms()).filter(elsewhere);
    let fits = |node: &&Node| node.free().is_none_or(|free| free >= wish.seats);
    let best = takes.clone().filter(fits).min_by_key(|node| (node.score(), &node.name));
    // Somewhere tight is better than nowhere.
    let best = best.or_else(|| takes.max_by_key(|node| (node.free(), std::cmp::Reverse(&node.name))));
    best.map(placed).ok_or_else(|| {
        let count = |test: &dyn Fn(&Node) -> bool| good.iter().filter(|node| test(node)).count();
        NoPlace::NoneTakes {
            of: good.len(),
            disabled: count(&|node| node.state == State::Disabled),
            draining: count(&|node| node.state == State::Draining),
            ill: count(&|node| node.state == State::Enabled && !node.takes_rooms()),
        }
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::pool::Health;
    use proptest::prelude::*;

    pub(in crate::pool) fn slug(text: &str) -> Slug {
        Slug::parse(text).unwrap()
    }

    fn three() -> Vec<Node> {
        let node = |name: &str, people| Node { people, ..Node::new(slug(name)) };
        vec![node("a", 50), node("b", 10), node("c", 30)]
    }

    fn name(nodes: &[Node], wish: &Wish) -> String {
        choose(nodes, wish).unwrap().node.name.to_string()
    }

    #[test]
    fn a_new_room_goes_where_there_is_least_load() {
        let mut nodes = three();
        assert_eq!(name(&nodes, &Wish::default()), "b");
        nodes[1].meetings = 1;
        assert_eq!(name(&nodes, &Wish::default()), "c", "a meeting counts as thirty people");
        nodes[2].reserved = 60;
        assert_eq!(name(&nodes, &Wish::default()), "b", "what the timetable reserves counts");
    }

    #[test]
    fn a_room_stays_while_its_server_keeps_rooms() {
        let mut nodes = three();
        let wish = Wish { current: Some(slug("a")), ..Wish::default() };
        assert_eq!(name(&nodes, &wish), "a");
        nodes[0].health = Health::Suspect;
        assert_eq!(name(&nodes, &wish), "a");
        nodes[0].health = Health::Offline;
        assert_eq!(name(&nodes, &wish), "b");
        nodes[0].health = Health::Healthy;
        assert_eq!(name(&nodes, &Wish { leave: true, ..wish }), "b");
    }

    #[test]
    fn a_pin_is_obeyed_or_refused_with_its_reason() {
        let mut nodes = three();
        let wish = Wish { pin: Some(slug("a")), current: Some(slug("b")), ..Wish::default() };
        assert_eq!(name(&nodes, &wish), "a");
        nodes[0].state = State::Draining;
        let refusal = choose(&nodes, &wish).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "a, to which the room is pinned, is draining. Wait, pin the room to another server, or to none"
        );
        let unknown = Wish { pin: Some(slug("z")), ..Wish::default() };
        assert_eq!(choose(&nodes, &unknown), Err(NoPlace::UnknownPin(slug("z"))));
    }

    #[test]
    fn people_who_fit_nowhere_get_the_most_room_there_is() {
        let mut nodes = three();
        for (node, capacity) in nodes.iter_mut().zip([100, 60, 90]) {
            node.capacity = Some(capacity);
        }
        assert_eq!(name(&nodes, &Wish { seats: 55, ..Wish::default() }), "c");
        let tight = choose(&nodes, &Wish { seats: 200, ..Wish::default() }).unwrap();
        assert_eq!((tight.node.name.as_str(), tight.tight), ("c", true));
    }

    #[test]
    fn when_nothing_takes_rooms_one_is_told_why() {
        let mut nodes = three();
        nodes[0].state = State::Disabled;
        nodes[1].state = State::Draining;
        nodes[2].health = Health::Suspect;
        let refusal = choose(&nodes, &Wish::default()).unwrap_err();
        assert_eq!(refusal, NoPlace::NoneTakes { of: 3, disabled: 1, draining: 1, ill: 1 });
        let tagged = Wish { tags: ["eu".to_owned()].into(), ..Wish::default() };
        assert_eq!(choose(&nodes, &tagged), Err(NoPlace::NoTags("eu".to_owned())));
        assert_eq!(choose(&[], &Wish::default()), Err(NoPlace::Empty));
    }

    pub(in crate::pool) fn any_node(name: &'static str) -> impl Strategy<Value = Node> {
        let health = prop_oneof![Just(Health::Healthy), Just(Health::Suspect), Just(Health::Offline)];
        let state =
            prop_oneof![4 => Just(State::Enabled), 1 => Just(State::Draining), 1 => Just(State::Disabled)];
        let load = (0_u32..300, 0_u32..10, 0_u32..200, prop::option::of(0_u32..500));
        (state, health, load, any::<bool>()).prop_map(move |(state, health, load, tagged)| Node {
            state,
            health,
            people: load.0,
            meetings: load.1,
            reserved: load.2,
            capacity: load.3,
            tags: if tagged { ["eu".to_owned()].into() } else { BTreeSet::new() },
            ..Node::new(slug(name))
        })
    }

    pub(in crate::pool) fn any_pool() -> impl Strategy<Value = Vec<Node>> {
        (any_node("a"), any_node("b"), any_node("c"), any_node("d")).prop_map(|(a, b, c, d)| vec![a, b, c, d])
    }

    proptest! {
        #[test]
        fn a_place_keeps_every_rule(
            nodes in any_pool(), seats in 0_u32..300, eu in any::<bool>(),
            current in prop::option::of(0_usize..4), leave in any::<bool>(),
        ) {
            let wish = Wish {
                seats,
                tags: if eu { ["eu".to_owned()].into() } else { BTreeSet::new() },
                current: current.map(|at| nodes[at].name.clone()),
                leave,
                pin: None,
            };
            let could = |node: &Node| {
                node.takes_rooms() && (!eu || node.tags.contains("eu"))
                    && !(leave && Some(&node.name) == wish.current.as_ref())
            };
            match choose(&nodes, &wish) {
                Ok(Placed { node, .. }) if Some(&node.name) == wish.current.as_ref() => {
                    prop_assert!(node.keeps_rooms() && !leave || could(node));
                }
                Ok(Placed { node, tight }) => {
                    prop_assert!(could(node));
                    let fits = |node: &Node| node.free().is_none_or(|free| free >= seats);
                    prop_assert_eq!(tight, !fits(node));
                    for other in nodes.iter().filter(|other| could(other)) {
                        prop_assert!(!fits(other) || !tight, "it would have fitted on {}", other.name);
                        prop_assert!(tight || !fits(other) || node.score() <= other.score());
                    }
                }
                Err(why) => {
                    prop_assert!(!nodes.iter().any(could), "{why}");
                    prop_assert!(why.to_string().contains(". "), "no remedy: {why}");
                }
            }
            let mut turned = nodes.clone();
            turned.reverse();
            let names = |result: Result<Placed<'_>, NoPlace>| result.map(|placed| placed.node.name.clone()).ok();
            prop_assert_eq!(names(choose(&nodes, &wish)), names(choose(&turned, &wish)), "order matters not");
        }
    }
}
