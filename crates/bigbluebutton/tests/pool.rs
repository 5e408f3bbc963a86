//! The pool over real connections: servers that die, come back, and forget.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test helpers")]

mod support;

use bigbluebutton::{
    api::{Client, CreateMeeting, Join},
    meeting::{CreateTime, MeetingId, Role},
    pool::{Action, DesiredRoom, Health, MARK, Node, OurHook, Pulse, Wish, choose, look, plan},
    simulator::{Options, Simulator},
};
use jiff::Timestamp;
use model::text::Slug;
use std::collections::{BTreeMap, BTreeSet};
use support::{hasty, simulated};

const INSTALLATION: &str = "conf.example.org";

/// A pool with what the record would hold of it.
struct Pool {
    servers: BTreeMap<Slug, (Simulator, Client)>,
    nodes: Vec<Node>,
    pulses: BTreeMap<Slug, Pulse>,
    rooms: Vec<DesiredRoom>,
}

impl Pool {
    async fn start(names: &[&str]) -> Self {
        let mut pool =
            Self { servers: BTreeMap::new(), nodes: vec![], pulses: BTreeMap::new(), rooms: vec![] };
        for name in names {
            let name = Slug::parse(name).unwrap();
            pool.servers.insert(name.clone(), simulated(Options { ..hasty() }).await);
            pool.nodes.push(Node::new(name));
        }
        pool.round().await;
        pool
    }

    fn client(&self, node: &Slug) -> &Client {
        &self.servers[node].1
    }

    fn simulator(&mut self, node: &Slug) -> &mut Simulator {
        &mut self.servers.get_mut(node).unwrap().0
    }

    async fn open(&self, node: &Slug, meeting: &MeetingId) -> CreateTime {
        let mut room = CreateMeeting::new(meeting.as_str());
        room.metadata.insert(MARK.to_owned(), INSTALLATION.to_owned());
        self.client(node).create(meeting, &room).await.unwrap().run
    }

    /// Somebody opens the room of that name; where it is.
    async fn room(&mut self, name: &str) -> Slug {
        let meeting = MeetingId::parse(name).unwrap();
        let node = choose(&self.nodes, &Wish { seats: 10, ..Wish::default() }).unwrap().node.name.clone();
        let run = self.open(&node, &meeting).await;
        let placed = Some((node.clone(), run));
        let (pin, tags) = (None, BTreeSet::new());
        self.rooms.push(DesiredRoom { meeting, open: true, placed, seats: 10, pin, tags, leave: false });
        node
    }

    /// Looks, plans and does; what was planned.
    async fn round(&mut self) -> Vec<String> {
        let mut observed = BTreeMap::new();
        for node in &mut self.nodes {
            let client = &self.servers[&node.name].1;
            let looked = look(client, &node.abilities(), INSTALLATION).await;
            let pulse = self.pulses.entry(node.name.clone()).or_default();
            *pulse = pulse.after(looked.answered(), Timestamp::UNIX_EPOCH);
            (node.health, node.people, node.meetings) = (pulse.health(), looked.people, looked.meetings);
            observed.insert(node.name.clone(), looked.observed);
        }
        let ours = OurHook { base: "https://conf.example.org/bbb/".to_owned() };
        let actions = plan(&self.nodes, &self.rooms, &observed, &ours);
        for action in &actions {
            match action {
                Action::End { node, meeting, .. } => self.client(node).end(meeting).await.unwrap(),
                Action::Reopen { node, meeting, .. } | Action::Move { to: node, meeting, .. } => {
                    let run = self.open(node, meeting).await;
                    self.place(meeting, node, run);
                }
                Action::Adopt { node, meeting, run } => self.place(meeting, node, *run),
                Action::Register { node, callback } => {
                    self.client(node).create_hook(callback).await.unwrap();
                }
                Action::Unregister { node, hook, .. } => self.client(node).destroy_hook(hook).await.unwrap(),
                Action::Tell { .. } => {}
            }
        }
        actions.iter().map(ToString::to_string).collect()
    }

    fn place(&mut self, meeting: &MeetingId, node: &Slug, run: CreateTime) {
        for room in self.rooms.iter_mut().filter(|room| room.meeting == *meeting) {
            room.placed = Some((node.clone(), run));
        }
    }
}

#[tokio::test]
async fn rooms_spread_and_every_server_is_asked_to_tell_us_once() {
    let mut pool = Pool::start(&["a", "b"]).await;
    let hooks = pool.client(&Slug::parse("b").unwrap()).hooks().await.unwrap();
    assert_eq!(
        hooks.iter().map(|hook| hook.callback.as_str()).collect::<Vec<_>>(),
        ["https://conf.example.org/bbb/b"]
    );
    let first = pool.room("track-a").await;
    assert!(pool.round().await.is_empty(), "all is as wanted");
    let second = pool.room("track-b").await;
    assert_ne!(first, second);
    assert!(pool.round().await.is_empty());
}

#[tokio::test]
async fn a_server_that_dies_gives_its_rooms_away_after_a_while_and_is_tidied_when_it_returns() {
    let mut pool = Pool::start(&["a", "b"]).await;
    let from = pool.room("track-a").await;
    let join = Join::new("Ada", Role::Viewer, "p1", CreateTime::default());
    let meeting = MeetingId::parse("track-a").unwrap();
    pool.client(&from).join_as_simulated(&meeting, &join).await.unwrap();
    pool.simulator(&from).die().await;
    for _ in 0..Pulse::OFFLINE - 1 {
        assert!(pool.round().await.is_empty(), "people are not moved for a hiccup");
    }
    let to = if from.as_str() == "a" { "b" } else { "a" };
    assert_eq!(pool.round().await, [format!("move track-a from {from} to {to}: the server does not answer")]);
    let moved = pool.client(&Slug::parse(to).unwrap()).meeting(&meeting).await.unwrap();
    assert_eq!(Some(moved.run), pool.rooms[0].placed.as_ref().map(|(_, run)| *run));
    // The server comes back, and with it a copy of the room: it was only the network.
    pool.simulator(&from).restart().await.unwrap();
    pool.open(&from, &meeting).await;
    assert_eq!(pool.round().await, [format!("end track-a on {from}: the room is on another server")]);
    assert!(pool.round().await.is_empty());
    assert!(pool.nodes.iter().all(|node| node.health == Health::Healthy));
}

#[tokio::test]
async fn a_server_that_restarts_gets_its_rooms_back_and_one_that_lost_its_hooks_is_asked_again() {
    let mut pool = Pool::start(&["a"]).await;
    let node = pool.room("track-a").await;
    let before = pool.rooms[0].placed.clone();
    pool.simulator(&node).restart().await.unwrap();
    for hook in pool.client(&node).hooks().await.unwrap() {
        pool.client(&node).destroy_hook(&hook.id).await.unwrap();
    }
    assert_eq!(
        pool.round().await,
        ["open track-a on a again: the server lost it", "register https://conf.example.org/bbb/a on a"]
    );
    assert!(pool.rooms[0].placed > before, "it is another run");
    assert!(pool.round().await.is_empty());
}

#[tokio::test]
async fn meetings_of_others_on_the_same_server_stay() {
    let mut pool = Pool::start(&["a"]).await;
    let node = Slug::parse("a").unwrap();
    let theirs = MeetingId::parse("seminar").unwrap();
    pool.client(&node).create(&theirs, &CreateMeeting::new("Seminar")).await.unwrap();
    let old = MeetingId::parse("old-room").unwrap();
    pool.open(&node, &old).await;
    assert_eq!(pool.round().await, ["end old-room on a: no room is known for it, and nobody is inside"]);
    assert!(pool.client(&node).meeting(&theirs).await.is_ok());
}
