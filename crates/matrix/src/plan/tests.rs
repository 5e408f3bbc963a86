use super::*;
use crate::id::ServerName;
use proptest::prelude::*;
use serde_json::json;

fn ours() -> Namespace {
    Namespace::new(ServerName::parse("example.org").unwrap())
}

fn user(n: u8) -> UserId {
    UserId::parse(&format!("@person{n}:elsewhere.example")).unwrap()
}

fn desired(rooms: Vec<Room>) -> Desired {
    Desired::new(ours(), "12", rooms).unwrap()
}

/// A homeserver of which only the rooms exist.
#[derive(Clone, Default)]
struct Model {
    observed: Observed,
    made: usize,
}

impl Model {
    fn act(&mut self, desired: &Desired, action: &Action) {
        let ids = self.observed.ids();
        match action {
            Action::Release { room } => {
                let gone = self.observed.rooms.remove(room).expect("what is freed is there");
                assert!(!gone.entered, "{room} was ours");
            }
            Action::Make { room: key } => {
                let room = desired.room(key).unwrap();
                self.made += 1;
                let mut state: BTreeMap<_, _> = desired
                    .initial(room, &ids)
                    .expect("what it stands in was made before")
                    .into_iter()
                    .map(|event| ((event.kind, event.key), event.content))
                    .collect();
                // What a homeserver adds by itself.
                let mut powers = desired.initial_powers(room);
                powers["historical"] = json!(100);
                state.insert(("m.room.power_levels".to_owned(), String::new()), powers);
                let alias = json!({ "alias": desired.ours().alias(key).unwrap() });
                state.insert(("m.room.canonical_alias".to_owned(), String::new()), alias);
                let found = Found {
                    id: RoomId::parse(&format!("!made{}", self.made)).unwrap(),
                    entered: true,
                    version: desired.version().to_owned(),
                    state,
                    listed: false,
                    members: BTreeMap::new(),
                };
                assert!(self.observed.rooms.insert(key.clone(), found).is_none(), "{key} was there already");
            }
            Action::State { room, fact } => {
                let version = self.observed.rooms[room].version.clone();
                let about = match fact {
                    Fact::Child(child) => child,
                    _ => room,
                };
                let event = desired.event(&version, about, fact, &ids).expect("what it names exists");
                let found = self.observed.rooms.get_mut(room).unwrap();
                found.state.insert((event.kind, event.key), event.content);
            }
            Action::List { room, listed } => self.observed.rooms.get_mut(room).unwrap().listed = *listed,
            Action::Invite { room, user } => {
                let standing = Standing { now: Membership::Invite, own: false };
                self.observed.rooms.get_mut(room).unwrap().members.insert(user.clone(), standing);
            }
            Action::Remove { room, user } => {
                let standing = Standing { now: Membership::Leave, own: false };
                self.observed.rooms.get_mut(room).unwrap().members.insert(user.clone(), standing);
            }
        }
    }

    fn apply(&mut self, desired: &Desired) {
        for action in plan(desired, &self.observed) {
            self.act(desired, &action);
        }
    }
}

#[test]
fn a_plan_reads_as_what_is_done_spaces_first() {
    let mut private = Room::chat("staff", "Staff", &["2026"]);
    private.access = Access::Invited;
    private.members.insert(user(1));
    let mut space = Room::space("2026", "LPC 2026", &[]);
    space.listed = true;
    let wanted = desired(vec![Room::chat("hall", "Hallway", &["2026"]), private, space]);
    let lines: Vec<String> = plan(&wanted, &Observed::default()).iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "2026: make the room",
            "2026: put it into the public list",
            "hall: make the room",
            "2026: hold hall",
            "staff: make the room",
            "2026: hold staff",
            "staff: invite @person1:elsewhere.example",
        ]
    );
}

#[test]
fn the_maker_of_a_room_is_named_among_its_powers_before_version_12_and_not_since() {
    let room = Room { powers: BTreeMap::from([(user(1), 50)]), ..Room::chat("hall", "Hallway", &[]) };
    for (version, named) in [("11", true), ("12", false)] {
        let wanted = Desired::new(ours(), version, vec![room.clone()]).unwrap();
        let powers = wanted.initial_powers(&room);
        assert_eq!(powers["users"].get("@plenary:example.org").is_some(), named, "{version}");
        assert_eq!(powers["users"]["@person1:elsewhere.example"], 50);
    }
}

#[test]
fn what_is_said_in_private_is_never_for_the_world() {
    let seen = |access, readable| {
        let space = Room::space("s", "S", &[]);
        let room = Room { access, readable, ..Room::chat("hall", "Hallway", &["s"]) };
        let wanted = desired(vec![space, room]);
        let mut model = Model::default();
        model.apply(&wanted);
        let state = &model.observed.rooms["hall"].state;
        let of = |kind: &str, name: &str| {
            state[&(kind.to_owned(), String::new())][name].as_str().unwrap().to_owned()
        };
        (of("m.room.history_visibility", "history_visibility"), of("m.room.guest_access", "guest_access"))
    };
    let pair = |seen: &str, guests: &str| (seen.to_owned(), guests.to_owned());
    assert_eq!(seen(Access::Open, true), pair("world_readable", "can_join"));
    assert_eq!(seen(Access::Open, false), pair("shared", "forbidden"));
    assert_eq!(seen(Access::OfSpace, true), pair("world_readable", "forbidden"));
    assert_eq!(seen(Access::Invited, true), pair("shared", "forbidden"));
    assert_eq!(seen(Access::Invited, false), pair("invited", "forbidden"));
}

#[test]
fn what_people_do_beside_the_record_stays_and_who_left_is_not_called_back() {
    let mut private = Room::chat("staff", "Staff", &["2026"]);
    private.access = Access::Invited;
    private.members.extend([user(1), user(2)]);
    let wanted = desired(vec![Room::space("2026", "LPC 2026", &[]), private]);
    let mut model = Model::default();
    model.apply(&wanted);
    let space = model.observed.rooms.get_mut("2026").unwrap();
    space
        .state
        .insert(("m.space.child".to_owned(), "!others".to_owned()), json!({ "via": ["elsewhere.example"] }));
    space.state.insert(("m.room.avatar".to_owned(), String::new()), json!({ "url": "mxc://a/b" }));
    let staff = model.observed.rooms.get_mut("staff").unwrap();
    staff.members.insert(user(1), Standing { now: Membership::Leave, own: true });
    staff.members.insert(user(2), Standing { now: Membership::Ban, own: false });
    assert_eq!(plan(&wanted, &model.observed), []);
    staff_is(&mut model, user(1), Membership::Leave);
    staff_is(&mut model, user(3), Membership::Join);
    let lines: Vec<String> = plan(&wanted, &model.observed).iter().map(ToString::to_string).collect();
    let invited = "staff: invite @person1:elsewhere.example";
    assert_eq!(lines, [invited, "staff: take @person3:elsewhere.example out"]);
}

fn staff_is(model: &mut Model, who: UserId, now: Membership) {
    let staff = model.observed.rooms.get_mut("staff").unwrap();
    staff.members.insert(who, Standing { now, own: false });
}

#[test]
fn a_room_that_is_over_loses_its_place_and_keeps_what_was_said() {
    let mut hall = Room::chat("hall", "Hallway", &["2026"]);
    hall.listed = true;
    hall.widget = Some(Widget { name: "Room".to_owned(), url: "https://conf.example.org/room".to_owned() });
    let space = Room::space("2026", "LPC 2026", &[]);
    let mut model = Model::default();
    model.apply(&desired(vec![space.clone(), hall.clone()]));
    let over = desired(vec![space, Room { closed: true, ..hall }]);
    let lines: Vec<String> = plan(&over, &model.observed).iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "hall: set who may do what",
            "hall: take away the page above",
            "hall: show no page above",
            "hall: say no more that it stands in 2026",
            "hall: take it out of the public list",
            "2026: hold hall no more",
        ]
    );
    model.apply(&over);
    assert_eq!(plan(&over, &model.observed), []);
    assert_eq!(plan(&over, &Observed::default()).len(), 1, "nothing is made for what is over");
}

#[test]
fn rooms_that_cannot_be_are_refused_with_the_room_named() {
    let refused = |rooms: Vec<Room>| Desired::new(ours(), "12", rooms).unwrap_err().to_string();
    let chat = |key: &str, parents: &[&str]| Room::chat(key, "Name", parents);
    assert!(refused(vec![chat("a", &[]), chat("a", &[])]).contains("two rooms"));
    assert!(refused(vec![chat("a", &["b"])]).contains("no space"));
    assert!(refused(vec![chat("a", &["b"]), chat("b", &[])]).contains("no space"));
    let circle = vec![Room::space("a", "A", &["b"]), Room::space("b", "B", &["a"])];
    assert!(refused(circle).contains("hold each other: a, b"));
    assert!(refused(vec![Room { access: Access::OfSpace, ..chat("a", &[]) }]).contains("stands in none"));
    assert!(refused(vec![Room { name: " ".to_owned(), ..chat("a", &[]) }]).contains("\"a\""));
    assert!(
        refused(vec![Room { powers: BTreeMap::from([(user(1), 101)]), ..chat("a", &[]) }]).contains("powers")
    );
    assert!(refused(vec![chat("A", &[])]).contains("cannot be a name"));
    assert!(Desired::new(ours(), "10", vec![]).is_err());
}

/// Reads the state itself, without the code that plans.
fn is_as_desired(wanted: &Desired, observed: &Observed) {
    let said = |found: &Found, kind: &str, key: &str| {
        found.state.get(&(kind.to_owned(), key.to_owned())).cloned().unwrap_or(Value::Null)
    };
    let is_said = |value: &Value| value.as_object().is_some_and(|object| !object.is_empty());
    for room in wanted.rooms() {
        let Some(found) = observed.rooms.get(&room.key) else {
            assert!(room.closed, "{} is missing", room.key);
            continue;
        };
        assert!(found.entered);
        assert_eq!(said(found, "m.room.name", "")["name"], room.name);
        assert_eq!(said(found, "m.room.topic", "")["topic"], room.topic);
        assert_eq!(found.listed, room.listed && !room.closed, "{}", room.key);
        let page = said(found, "im.vector.modular.widgets", WIDGET);
        assert_eq!(is_said(&page), room.widget.is_some() && !room.closed, "{page}");
        let rule = said(found, "m.room.join_rules", "");
        let may = match room.access {
            Access::Open => "public",
            Access::OfSpace => "restricted",
            Access::Invited => "invite",
        };
        assert_eq!(rule["join_rule"], may);
        let powers = said(found, "m.room.power_levels", "");
        let named: BTreeMap<UserId, i64> = serde_json::from_value(powers["users"].clone()).unwrap();
        assert_eq!(named, room.powers);
        let silent = room.quiet || room.closed || room.space;
        assert_eq!(powers["events_default"], if silent { 50 } else { 0 });
        for (key, other) in &observed.rooms {
            let holds = is_said(&said(other, "m.space.child", found.id.as_str()));
            let stands = is_said(&said(found, "m.space.parent", other.id.as_str()));
            let should = room.parents.contains(key) && !room.closed;
            // Rooms that are not among the desired ones are left alone.
            if wanted.room(key).is_some() {
                assert_eq!(holds, should, "{key} holds {}", room.key);
            }
            assert_eq!(stands, should, "{} stands in {key}", room.key);
        }
        if room.access == Access::Invited {
            let wants = |user: &UserId| room.members.contains(user) || room.powers.contains_key(user);
            for (user, standing) in &found.members {
                let there = matches!(standing.now, Membership::Join | Membership::Invite);
                assert!(!there || wants(user), "{user} does not belong into {}", room.key);
            }
            let called = room.members.iter().chain(room.powers.keys());
            assert!(room.closed || called.clone().all(|user| found.members.contains_key(user)));
        }
    }
}

/// Rooms of which spaces hold each other in no circle: a space stands only in spaces before it. What is a space stays one.
fn rooms() -> impl Strategy<Value = Vec<Room>> {
    let one = (
        any::<[bool; 7]>(),
        0_u8..3,
        proptest::collection::btree_set(0_u8..5, 0..4),
        proptest::collection::btree_set(0_usize..4, 0..3),
        "[a-z]{1,8}",
    );
    (1_usize..4, proptest::collection::vec(one, 1..9)).prop_map(|(spaces, all)| {
        let mut rooms = vec![];
        for (n, (flags, access, people, parents, text)) in all.into_iter().enumerate() {
            let is_space = n < spaces;
            let parents: Vec<String> = parents
                .into_iter()
                .filter(|&parent| parent < n.min(spaces))
                .map(|parent| format!("s{parent}"))
                .collect();
            let access = match access {
                0 => Access::Invited,
                1 if !parents.is_empty() => Access::OfSpace,
                _ => Access::Open,
            };
            rooms.push(Room {
                space: is_space,
                topic: text.clone(),
                parents,
                order: flags[0].then(|| text.clone()),
                suggested: flags[1],
                access,
                listed: flags[2],
                readable: flags[3],
                quiet: flags[4],
                powers: people.iter().take(1).map(|&n| (user(n), 50)).collect(),
                members: people.iter().skip(1).map(|&n| user(n)).collect(),
                widget: flags[5]
                    .then(|| Widget { name: text.clone(), url: format!("https://example.org/{text}") }),
                closed: flags[6] && !is_space,
                ..Room::chat(&format!("{}{n}", if is_space { "s" } else { "r" }), &text, &[])
            });
        }
        rooms
    })
}

proptest! {
    /// From any state to any other: afterwards there is nothing left, and whoever stops on the way and looks again finds
    /// exactly the rest.
    #[test]
    fn a_plan_leads_to_what_is_desired_and_can_be_taken_up_anywhere(
        before in rooms(),
        after in rooms(),
        orphan in any::<bool>(),
        stop in any::<prop::sample::Index>(),
    ) {
        let mut model = Model::default();
        model.apply(&Desired::new(ours(), "12", before).unwrap());
        if orphan && let Some(found) = model.observed.rooms.get_mut("s0") {
            found.entered = false;
        }
        let wanted = Desired::new(ours(), "12", after).unwrap();
        let actions = plan(&wanted, &model.observed);
        let done = stop.index(actions.len() + 1);
        for action in &actions[..done] {
            model.act(&wanted, action);
        }
        let rest = plan(&wanted, &model.observed);
        prop_assert_eq!(&rest[..], &actions[done..]);
        for action in &rest {
            model.act(&wanted, action);
        }
        prop_assert_eq!(plan(&wanted, &model.observed), []);
        is_as_desired(&wanted, &model.observed);
    }
}
