//! What has to be done so that what is there is what is wanted.
//!
//! [`plan`] compares the rooms of the record with what the servers answered, and says what to do. Doing all of it and
//! planning again gives nothing more to do. **A server that did not answer is left alone**: of what is on it nothing is known,
//! and only its rooms that people want now are opened elsewhere once it is offline.

use super::{Node, State, Wish, choose};
use crate::{
    api::{Hook, Meeting},
    meeting::{CreateTime, MeetingId},
};
use model::text::Slug;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// A room as the record has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredRoom {
    /// Its meeting.
    pub meeting: MeetingId,
    /// Whether it may be open now. One that may not is closed, also with people inside.
    pub open: bool,
    /// Where it was opened, and as which run; `None` while it has not been opened.
    pub placed: Option<(Slug, CreateTime)>,
    /// How many people are expected.
    pub seats: u32,
    /// Where the organisers want it.
    pub pin: Option<Slug>,
    /// What its server has to be good for.
    pub tags: BTreeSet<String>,
    /// Whether somebody asked to have it moved.
    pub leave: bool,
}

/// A meeting that was seen on a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Which.
    pub meeting: MeetingId,
    /// Which run of it.
    pub run: CreateTime,
    /// How many people are inside.
    pub people: u32,
    /// Whether it is ours: it carries the mark of this installation. Others may use the same server.
    pub ours: bool,
    /// Whether it is being ended already.
    pub ended: bool,
}

impl Seen {
    /// A meeting as a server answered it, where its identifier is one that rooms can have. `installation` is what ours carry
    /// as [`super::MARK`].
    pub fn of(meeting: &Meeting, installation: &str) -> Option<Self> {
        Some(Self {
            meeting: MeetingId::parse(&meeting.id).ok()?,
            run: meeting.run,
            people: meeting.people,
            ours: meeting.metadata.get(super::MARK).is_some_and(|mark| mark == installation),
            ended: meeting.ended,
        })
    }
}

/// A hook that was seen on a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The server's number for it.
    pub id: String,
    /// Where it calls.
    pub callback: String,
    /// Whether it is for one meeting only.
    pub filtered: bool,
}

impl From<Hook> for Found {
    fn from(hook: Hook) -> Self {
        Self { id: hook.id, callback: hook.callback, filtered: !hook.meeting.is_empty() }
    }
}

/// What a server answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// Its meetings; `None` when it did not answer.
    pub meetings: Option<Vec<Seen>>,
    /// Its hooks; `None` when it did not answer or has none to give.
    pub hooks: Option<Vec<Found>>,
}

/// How our hooks are addressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OurHook {
    /// The beginning of the address, up to the server's name, such as `https://conf.example.org/bbb/`. What begins like that on a
    /// server is ours.
    pub base: String,
}

impl OurHook {
    /// The address for that server.
    pub fn address(&self, node: &Slug) -> String {
        format!("{}{node}", self.base)
    }
}

/// Why something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// The room is closed.
    Closed,
    /// The room is in the record no more, and nobody is inside.
    Unknown,
    /// The room is open on another server.
    Elsewhere,
    /// The server lost the run of the room, as by a restart.
    Lost,
    /// The server is offline.
    Offline,
    /// The server is disabled or out of the pool.
    Disabled,
    /// The server is draining, and nobody is inside.
    Draining,
    /// Somebody asked for it, or pinned the room.
    Asked,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "the room is closed",
            Self::Unknown => "no room is known for it, and nobody is inside",
            Self::Elsewhere => "the room is on another server",
            Self::Lost => "the server lost it",
            Self::Offline => "the server does not answer",
            Self::Disabled => "the server is disabled",
            Self::Draining => "the server is draining, and nobody is inside",
            Self::Asked => "it was asked for",
        })
    }
}

/// Something to do. [`fmt::Display`] says it to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// End a meeting.
    End {
        /// Where.
        node: Slug,
        /// Which.
        meeting: MeetingId,
        /// Why.
        why: Why,
    },
    /// Open a room on the server on which it was; people come back with one click.
    Reopen {
        /// Where.
        node: Slug,
        /// Which.
        meeting: MeetingId,
        /// Why.
        why: Why,
    },
    /// Open a room on another server, and send its people there. What is left on the old one is ended by a later plan.
    Move {
        /// Which.
        meeting: MeetingId,
        /// From where.
        from: Slug,
        /// To where.
        to: Slug,
        /// Why.
        why: Why,
    },
    /// Take over the run that is there: somebody else opened the room again, or our answer was lost.
    Adopt {
        /// Where.
        node: Slug,
        /// Which.
        meeting: MeetingId,
        /// As which run.
        run: CreateTime,
    },
    /// Have the server tell us of events.
    Register {
        /// Which server.
        node: Slug,
        /// At which address.
        callback: String,
    },
    /// Have the server tell an address of ours no more: an old one, or one that hears of one meeting only, which cannot
    /// be changed but by removing it.
    Unregister {
        /// Which server.
        node: Slug,
        /// Its number for the hook.
        hook: String,
        /// The address.
        callback: String,
    },
    /// Nothing can be done by itself: tell the organisers.
    Tell {
        /// Which meeting.
        meeting: MeetingId,
        /// What is the matter, and what to do.
        matter: String,
    },
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::End { node, meeting, why } => write!(f, "end {meeting} on {node}: {why}"),
            Self::Reopen { node, meeting, why } => write!(f, "open {meeting} on {node} again: {why}"),
            Self::Move { meeting, from, to, why } => write!(f, "move {meeting} from {from} to {to}: {why}"),
            Self::Adopt { node, meeting, run } => {
                write!(f, "take over {meeting} on {node} as it was opened at {run}")
            }
            Self::Register { node, callback } => write!(f, "register {callback} on {node}"),
            Self::Unregister { node, callback, .. } => write!(f, "remove {callback} from {node}"),
            Self::Tell { meeting, matter } => write!(f, "{meeting}: {matter}"),
        }
    }
}

/// What has to be done. `observed` has an entry for each server that was asked.
pub fn plan(
    nodes: &[Node],
    rooms: &[DesiredRoom],
    observed: &BTreeMap<Slug, Observed>,
    ours: &OurHook,
) -> Vec<Action> {
    let mut actions = vec![];
    let mut load = nodes.to_vec();
    let mut known: BTreeMap<&MeetingId, Known<'_>> = BTreeMap::new();
    for room in rooms {
        let mut at = room.placed.as_ref().map(|(at, _)| at.clone());
        let mut moves = false;
        if let Some((from, run)) = room.placed.as_ref().filter(|_| room.open) {
            let to = settle(&mut load, room, from, *run, observed, &mut actions);
            moves = to != *from;
            at = Some(to);
        }
        known.insert(&room.meeting, Known { room, at, moves });
    }
    for (name, seen) in observed {
        let node = nodes.iter().find(|node| node.name == *name);
        if node.is_none_or(|node| node.state == State::Disabled) {
            continue;
        }
        for meeting in seen.meetings.iter().flatten().filter(|meeting| meeting.ours && !meeting.ended) {
            superfluous(name, meeting, &mut known, &mut actions);
        }
        if let Some(hooks) = seen.hooks.as_ref().filter(|_| node.is_some_and(|node| node.abilities().events))
        {
            listen(name, hooks, ours, &mut actions);
        }
    }
    actions
}

/// Sees that a room that is open is where it should be, and says where that is.
fn settle(
    nodes: &mut [Node],
    room: &DesiredRoom,
    at: &Slug,
    run: CreateTime,
    observed: &BTreeMap<Slug, Observed>,
    actions: &mut Vec<Action>,
) -> Slug {
    let meeting = &room.meeting;
    let node = nodes.iter().find(|node| node.name == *at);
    let list = observed.get(at).and_then(|seen| seen.meetings.as_ref());
    let seen = list.and_then(|list| list.iter().find(|seen| seen.meeting == *meeting && !seen.ended));
    let empty = list.is_some() && seen.is_none_or(|seen| seen.people == 0);
    let pinned_away = room.pin.as_ref().is_some_and(|pin| pin != at);
    let reason = match node {
        None => Some(Why::Disabled),
        Some(node) if node.state == State::Disabled => Some(Why::Disabled),
        Some(node) if !node.keeps_rooms() => Some(Why::Offline),
        Some(_) if room.leave || pinned_away => Some(Why::Asked),
        Some(node) if node.state == State::Draining && empty => Some(Why::Draining),
        Some(_) => None,
    };
    if let Some(why) = reason {
        let wish = Wish {
            seats: room.seats,
            pin: room.pin.clone(),
            tags: room.tags.clone(),
            current: Some(at.clone()),
            leave: room.leave || matches!(why, Why::Draining),
        };
        match choose(nodes, &wish).map(|placed| placed.node.name.clone()) {
            Ok(to) if to != *at => {
                // The next room sees what this one brings along.
                if let Some(node) = nodes.iter_mut().find(|node| node.name == to) {
                    node.meetings = node.meetings.saturating_add(1);
                    node.reserved = node.reserved.saturating_add(room.seats);
                }
                let (meeting, from) = (meeting.clone(), at.clone());
                actions.push(Action::Move { meeting, from, to: to.clone(), why });
                return to;
            }
            Ok(_) => {}
            // An empty room on a server that is draining can stay until there is another place.
            Err(_) if why == Why::Draining => {}
            Err(no) => {
                let matter = format!("it cannot be moved from {at} ({why}): {no}");
                actions.push(Action::Tell { meeting: meeting.clone(), matter });
                return at.clone();
            }
        }
    }
    match (list, seen) {
        (Some(_), None) => {
            actions.push(Action::Reopen { node: at.clone(), meeting: meeting.clone(), why: Why::Lost });
        }
        (_, Some(seen)) if seen.run != run => {
            actions.push(Action::Adopt { node: at.clone(), meeting: meeting.clone(), run: seen.run });
        }
        _ => {}
    }
    at.clone()
}

/// A room while a plan is made.
struct Known<'r> {
    room: &'r DesiredRoom,
    /// Where it is once the plan is carried out; `None` while nobody knows.
    at: Option<Slug>,
    /// Whether it moves there by this plan.
    moves: bool,
}

/// Ends a meeting that is there and is not wanted there.
fn superfluous(
    node: &Slug,
    seen: &Seen,
    known: &mut BTreeMap<&MeetingId, Known<'_>>,
    actions: &mut Vec<Action>,
) {
    let meeting = &seen.meeting;
    let end = |why| Action::End { node: node.clone(), meeting: meeting.clone(), why };
    match known.get_mut(meeting) {
        Some(known) if !known.room.open => actions.push(end(Why::Closed)),
        // The new place has to be there before people are sent away from the old one.
        Some(known) if known.moves => {}
        Some(known) => match &known.at {
            Some(place) if place == node => {}
            Some(_) => actions.push(end(Why::Elsewhere)),
            // Opened a moment ago by a call whose answer was lost.
            None => {
                known.at = Some(node.clone());
                actions.push(Action::Adopt { node: node.clone(), meeting: meeting.clone(), run: seen.run });
            }
        },
        None if seen.people == 0 => actions.push(end(Why::Unknown)),
        None => actions.push(Action::Tell {
            meeting: meeting.clone(),
            matter: format!(
                "no room is known for it, and {} are inside on {node}; end it by hand",
                seen.people
            ),
        }),
    }
}

/// Sees that the server tells us, and nobody of ours who should not be told.
fn listen(node: &Slug, hooks: &[Found], ours: &OurHook, actions: &mut Vec<Action>) {
    let callback = ours.address(node);
    let mut there = false;
    for hook in hooks.iter().filter(|hook| hook.callback.starts_with(&ours.base)) {
        if hook.callback == callback && !hook.filtered {
            there = true;
        } else {
            let (hook, callback) = (hook.id.clone(), hook.callback.clone());
            actions.push(Action::Unregister { node: node.clone(), hook, callback });
        }
    }
    if !there {
        actions.push(Action::Register { node: node.clone(), callback });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::{
        Health,
        placement::tests::{any_pool, slug},
    };
    use proptest::prelude::*;

    fn id(text: &str) -> MeetingId {
        MeetingId::parse(text).unwrap()
    }

    fn hook() -> OurHook {
        OurHook { base: "https://conf.example.org/bbb/".to_owned() }
    }

    fn room(name: &str, at: &str) -> DesiredRoom {
        DesiredRoom {
            meeting: id(name),
            open: true,
            placed: Some((slug(at), CreateTime(1))),
            seats: 20,
            pin: None,
            tags: BTreeSet::new(),
            leave: false,
        }
    }

    fn seen(name: &str, people: u32) -> Seen {
        Seen { meeting: id(name), run: CreateTime(1), people, ours: true, ended: false }
    }

    fn here(meetings: Vec<Seen>) -> Observed {
        Observed { meetings: Some(meetings), hooks: None }
    }

    fn said(nodes: &[Node], rooms: &[DesiredRoom], observed: Vec<(&str, Observed)>) -> Vec<String> {
        let observed = observed.into_iter().map(|(name, seen)| (slug(name), seen)).collect();
        plan(nodes, rooms, &observed, &hook()).iter().map(ToString::to_string).collect()
    }

    fn two() -> Vec<Node> {
        vec![Node::new(slug("a")), Node::new(slug("b"))]
    }

    #[test]
    fn what_is_as_wanted_needs_nothing() {
        let hooks = Some(vec![Found {
            id: "1".to_owned(),
            callback: "https://conf.example.org/bbb/a".to_owned(),
            filtered: false,
        }]);
        let observed = Observed { hooks, ..here(vec![seen("track-a", 12)]) };
        assert!(said(&two(), &[room("track-a", "a")], vec![("a", observed)]).is_empty());
    }

    #[test]
    fn a_room_that_was_lost_is_opened_again_at_once() {
        let nothing = said(&two(), &[room("track-a", "a")], vec![("a", here(vec![]))]);
        assert_eq!(nothing, ["open track-a on a again: the server lost it"]);
        let mut ending = seen("track-a", 3);
        ending.ended = true;
        let by_mistake = said(&two(), &[room("track-a", "a")], vec![("a", here(vec![ending]))]);
        assert_eq!(by_mistake, nothing);
        let mut other = seen("track-a", 3);
        other.run = CreateTime(9);
        let again = said(&two(), &[room("track-a", "a")], vec![("a", here(vec![other]))]);
        assert_eq!(again, ["take over track-a on a as it was opened at 9"]);
    }

    #[test]
    fn rooms_of_a_server_that_is_offline_are_opened_elsewhere_and_those_of_one_that_is_suspect_stay() {
        let mut nodes = two();
        nodes[0].health = Health::Suspect;
        let rooms = [room("track-a", "a")];
        assert!(said(&nodes, &rooms, vec![("a", Observed::default())]).is_empty());
        nodes[0].health = Health::Offline;
        let moved = said(&nodes, &rooms, vec![("a", Observed::default())]);
        assert_eq!(moved, ["move track-a from a to b: the server does not answer"]);
        nodes[1].state = State::Draining;
        let stuck = said(&nodes, &rooms, vec![("a", Observed::default())]);
        assert_eq!(
            stuck,
            [
                "track-a: it cannot be moved from a (the server does not answer): none of the 2 servers takes rooms \
              (0 disabled, 1 draining, 1 do not answer). Enable one"
            ]
        );
    }

    #[test]
    fn the_old_copy_of_a_room_that_moved_is_ended_when_its_server_comes_back() {
        let observed = vec![("a", here(vec![seen("track-a", 4)])), ("b", here(vec![seen("track-a", 30)]))];
        let ended = said(&two(), &[room("track-a", "b")], observed);
        assert_eq!(ended, ["end track-a on a: the room is on another server"]);
    }

    #[test]
    fn a_room_that_was_opened_by_a_call_whose_answer_was_lost_is_taken_over_once() {
        let lost = DesiredRoom { placed: None, ..room("track-a", "a") };
        let observed = vec![("a", here(vec![seen("track-a", 0)])), ("b", here(vec![seen("track-a", 0)]))];
        assert_eq!(
            said(&two(), &[lost], observed),
            [
                "take over track-a on a as it was opened at 1",
                "end track-a on b: the room is on another server"
            ]
        );
    }

    #[test]
    fn draining_moves_what_is_empty_and_leaves_what_is_not() {
        let mut nodes = two();
        nodes[0].state = State::Draining;
        let rooms = [room("full", "a"), room("empty", "a")];
        let observed = vec![("a", here(vec![seen("full", 4), seen("empty", 0)]))];
        assert_eq!(
            said(&nodes, &rooms, observed),
            ["move empty from a to b: the server is draining, and nobody is inside",]
        );
    }

    #[test]
    fn meetings_of_others_are_left_alone_and_people_are_not_thrown_out_of_an_unknown_one() {
        let mut others = seen("theirs", 0);
        others.ours = false;
        let observed = vec![("a", here(vec![others, seen("old", 0), seen("busy", 2)]))];
        assert_eq!(
            said(&two(), &[], observed),
            [
                "end old on a: no room is known for it, and nobody is inside",
                "busy: no room is known for it, and 2 are inside on a; end it by hand",
            ]
        );
        let closed = DesiredRoom { open: false, ..room("track-a", "a") };
        let observed = vec![("a", here(vec![seen("track-a", 7)]))];
        assert_eq!(said(&two(), &[closed], observed), ["end track-a on a: the room is closed"]);
    }

    #[test]
    fn hooks_are_registered_and_old_or_filtered_ones_removed() {
        let found = |id: &str, callback: &str, filtered| Found {
            id: id.to_owned(),
            callback: callback.to_owned(),
            filtered,
        };
        let hooks = Some(vec![
            found("1", "https://other.example.org/x", false),
            found("2", "https://conf.example.org/bbb/a", true),
            found("3", "https://conf.example.org/bbb/old-name", false),
        ]);
        let observed = Observed { hooks, ..here(vec![]) };
        assert_eq!(
            said(&two(), &[], vec![("a", observed)]),
            [
                "remove https://conf.example.org/bbb/a from a",
                "remove https://conf.example.org/bbb/old-name from a",
                "register https://conf.example.org/bbb/a on a",
            ]
        );
    }

    /// Does what the plan says, as the loop around it will.
    fn carry_out(actions: &[Action], rooms: &mut [DesiredRoom], observed: &mut BTreeMap<Slug, Observed>) {
        for action in actions {
            let mut open = |node: &Slug, meeting: &MeetingId| {
                if let Some(list) = observed.get_mut(node).and_then(|seen| seen.meetings.as_mut()) {
                    list.retain(|seen| seen.meeting != *meeting);
                    list.push(Seen { run: CreateTime(77), ..seen(meeting.as_str(), 0) });
                }
            };
            let mut place = |meeting: &MeetingId, node: &Slug, run| {
                for room in rooms.iter_mut().filter(|room| room.meeting == *meeting) {
                    room.placed = Some((node.clone(), run));
                    room.leave = false;
                }
            };
            match action {
                Action::End { node, meeting, .. } => {
                    if let Some(list) = observed.get_mut(node).and_then(|seen| seen.meetings.as_mut()) {
                        list.retain(|seen| seen.meeting != *meeting);
                    }
                }
                Action::Reopen { node, meeting, .. } | Action::Move { to: node, meeting, .. } => {
                    open(node, meeting);
                    place(meeting, node, CreateTime(77));
                }
                Action::Adopt { node, meeting, run } => place(meeting, node, *run),
                Action::Register { node, callback } => {
                    let hooks = observed.get_mut(node).and_then(|seen| seen.hooks.as_mut());
                    let id = callback.clone();
                    hooks.unwrap().push(Found { id, callback: callback.clone(), filtered: false });
                }
                Action::Unregister { node, hook, .. } => {
                    let hooks = observed.get_mut(node).and_then(|seen| seen.hooks.as_mut());
                    hooks.unwrap().retain(|found| found.id != *hook);
                }
                Action::Tell { .. } => {}
            }
        }
    }

    /// Whether it has the identifier of a room of [`any_rooms`], which a meeting of others never has.
    fn is_a_room(seen: &Seen) -> bool {
        seen.meeting.as_str() < "room-5"
    }

    fn any_rooms() -> impl Strategy<Value = Vec<DesiredRoom>> {
        let name = prop_oneof![Just("a"), Just("b"), Just("c"), Just("d"), Just("gone")];
        let placed = prop::option::of((name, 1_i64..3));
        let one = (any::<bool>(), placed, 0_u32..100, prop::option::of(Just("b")), any::<bool>());
        prop::collection::vec(one, 0..5).prop_map(|rooms| {
            let made =
                rooms.into_iter().enumerate().map(|(at, (open, placed, seats, pin, leave))| DesiredRoom {
                    meeting: id(&format!("room-{at}")),
                    open,
                    placed: placed.map(|(name, run)| (slug(name), CreateTime(run))),
                    seats,
                    pin: pin.map(slug),
                    tags: BTreeSet::new(),
                    leave,
                });
            made.collect()
        })
    }

    fn any_observed() -> impl Strategy<Value = BTreeMap<Slug, Observed>> {
        let meeting = (0_usize..7, 1_i64..3, 0_u32..3, any::<bool>(), any::<bool>()).prop_map(
            |(at, run, people, ours, ended)| Seen {
                meeting: id(&format!("room-{at}")),
                run: CreateTime(run),
                people,
                ours,
                ended,
            },
        );
        let found = (0_usize..3, any::<bool>()).prop_map(|(at, filtered)| Found {
            id: format!("{at}{filtered}"),
            callback: ["https://conf.example.org/bbb/a", "https://conf.example.org/bbb/x", "https://x.org/"]
                [at]
                .to_owned(),
            filtered,
        });
        let meetings = prop::option::of(prop::collection::vec(meeting, 0..5));
        let hooks = prop::option::of(prop::collection::vec(found, 0..3));
        let one = (meetings, hooks).prop_map(|(meetings, hooks)| {
            let mut names = BTreeSet::new();
            let meetings = meetings.map(|list| {
                list.into_iter().filter(|seen| names.insert(seen.meeting.clone())).collect::<Vec<_>>()
            });
            Observed { meetings, hooks }
        });
        prop::collection::vec(one, 4)
            .prop_map(|all| ["a", "b", "c", "d"].map(slug).into_iter().zip(all).collect())
    }

    proptest! {
        /// What is done is done: a second plan finds nothing but what it has to tell, and meetings of others stay.
        #[test]
        fn a_plan_that_was_carried_out_leaves_nothing_to_do(
            nodes in any_pool(), rooms in any_rooms(), observed in any_observed(),
        ) {
            let (mut rooms, mut observed) = (rooms, observed);
            let others = |observed: &BTreeMap<Slug, Observed>| -> usize {
                observed.values().flat_map(|seen| seen.meetings.iter().flatten())
                    .filter(|seen| !seen.ours && !is_a_room(seen)).count()
            };
            let before = others(&observed);
            let mut last = vec![];
            // A move is carried out in one pass, its remains in the next.
            for _ in 0..4 {
                last = plan(&nodes, &rooms, &observed, &hook());
                carry_out(&last, &mut rooms, &mut observed);
            }
            let left: Vec<String> = last
                .iter()
                .filter(|action| !matches!(action, Action::Tell { .. }))
                .map(ToString::to_string)
                .collect();
            prop_assert!(left.is_empty(), "{left:?}");
            prop_assert_eq!(others(&observed), before);
        }

        /// Nobody is thrown out of a room that is open where it belongs.
        #[test]
        fn people_in_an_open_room_stay_where_they_are(
            nodes in any_pool(), people in 1_u32..50, state in 0_usize..2,
        ) {
            let mut nodes = nodes;
            nodes[0].health = Health::Healthy;
            nodes[0].state = [State::Enabled, State::Draining][state];
            let observed = BTreeMap::from([(slug("a"), here(vec![seen("track-a", people)]))]);
            prop_assert_eq!(plan(&nodes, &[room("track-a", "a")], &observed, &hook()), vec![]);
        }
    }
}
