//! The rooms on the homeserver: a space for each released edition, and in it a room for each room that everybody may
//! read.

use super::{Rooms, Settings, Spoke, Trouble};
use crate::{
    apply,
    id::RoomId as MatrixId,
    plan::{Access, Desired, Room},
};
use model::{
    Refusal,
    address::Address,
    edition::{Edition, EditionState},
    id::{EditionId, RoomId},
    programme,
    room::{LiveKind, LiveRoom, RoomAccess},
    text::RichText,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};
use store::{MatrixRoom, Store};

/// How long the feed is to be quiet, or at most moving, before the rooms are looked at again.
const SETTLED: Duration = Duration::from_secs(2);

/// How often they are looked at when nothing moves: people change rooms in their clients.
const OFTEN: Duration = Duration::from_mins(5);

/// How long to wait after the homeserver or the record failed.
const AGAIN: Duration = Duration::from_secs(15);

/// The longest parts of a key, so that an alias stays one that people can type.
const EDITION_MAX: usize = 30;
const ROOM_MAX: usize = 50;

/// The longest name and topic, in bytes: what the homeserver takes, less the link.
const NAME_MAX: usize = 250;
const TOPIC_MAX: usize = 3_000;

/// An edition whose rooms should be on the homeserver.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The edition.
    pub edition: Edition,
    /// Its rooms in order, those of the programme first.
    pub rooms: Vec<LiveRoom>,
}

/// The rooms of releases that were read already, by edition and number: a release never changes.
pub(super) type Released = HashMap<EditionId, (u32, Vec<programme::Room>)>;

/// Reads which rooms there are. Two queries for each edition, and its release where it is new.
pub(super) async fn wanted(store: &Store, released: &mut Released) -> store::Result<Vec<Wanted>> {
    let mut all = vec![];
    for head in store.editions().await? {
        let Some(latest) = head.latest else { continue };
        let id = head.edition.id;
        if released.get(&id).is_none_or(|(number, _)| *number != latest.number) {
            let Some(release) = store.release(id, latest.number).await? else { continue };
            released.insert(id, (latest.number, release.programme.rooms));
        }
        let said = store.live_rooms(id).await?;
        let planned = released.get(&id).map(|(_, rooms)| rooms.as_slice()).unwrap_or_default();
        let planned = planned
            .iter()
            .map(|room| LiveRoom::planned(room, said.iter().find(|said| said.id == room.id).cloned()));
        let others = said.iter().filter(|room| room.kind != LiveKind::Programme).cloned();
        all.push(Wanted { rooms: planned.chain(others).collect(), edition: head.edition });
    }
    Ok(all)
}

/// What the rooms should be, and the rows that say which is which: those that are `known`, and new ones. `base` is the
/// site's address.
///
/// A room that not everybody may read is not made. One that was open before is closed there, and everybody taken out.
pub fn desired(
    wanted: &[Wanted],
    known: &[MatrixRoom],
    settings: &Settings,
    base: &str,
) -> Result<(Desired, Vec<MatrixRoom>), Refusal> {
    let mut keys: BTreeSet<String> = known.iter().map(|row| row.key.clone()).collect();
    let mut rows = vec![];
    let mut rooms = vec![];
    for Wanted { edition, rooms: all } in wanted {
        let of_edition = short(edition.slug.as_str(), EDITION_MAX);
        let row = |room: uuid::Uuid, key: &str, keys: &mut BTreeSet<String>| {
            known.iter().find(|row| row.room == room).cloned().unwrap_or_else(|| {
                let mut key = key.to_owned();
                if keys.contains(&key) {
                    let simple = room.simple().to_string();
                    key = format!("{key}_{}", &simple[simple.len() - 12..]);
                }
                keys.insert(key.clone());
                MatrixRoom { room, edition: edition.id, key, outside: None }
            })
        };
        let over = edition.state == EditionState::Archived;
        let of_space = row(edition.id.0, of_edition, &mut keys);
        let link = format!("{base}{}", Address::Live.path(&edition.slug));
        let mut space = Room::space(&of_space.key, cut(edition.title.as_str(), NAME_MAX), &[]);
        space.topic = topic(edition.subtitle.as_str(), &link);
        space.listed = true;
        rooms.push(space);
        for (at, room) in all.iter().enumerate() {
            let shown = room.access == RoomAccess::Public;
            let before = known.iter().any(|row| row.room == room.id.0);
            if !shown && !before {
                continue;
            }
            let key = format!("{of_edition}_{}", short(room.slug.as_str(), ROOM_MAX));
            let row = row(room.id.0, &key, &mut keys);
            let mut there = Room::chat(&row.key, cut(room.name.as_str(), NAME_MAX), &[of_space.key.as_str()]);
            there.order = Some(format!("{at:04}"));
            there.suggested = room.kind != LiveKind::Hack;
            there.closed = room.closed.is_some() || !shown;
            there.quiet = room.locked || over || there.closed;
            if shown {
                let link = format!("{base}{}", Address::LiveRoom(room.slug.as_str()).path(&edition.slug));
                there.topic = topic(&line(&room.topic), &link);
            } else {
                there.access = Access::Invited;
                there.readable = false;
            }
            rooms.push(there);
            rows.push(row);
        }
        rows.push(of_space);
    }
    let desired = Desired::new(settings.ours.clone(), &settings.room_version, rooms)?;
    Ok((desired, rows))
}

fn short(slug: &str, max: usize) -> &str {
    slug.get(..max).unwrap_or(slug)
}

/// What a room is about, and where its page is.
fn topic(about: &str, link: &str) -> String {
    format!("{} {link}", cut(about, TOPIC_MAX)).trim().to_owned()
}

/// The beginning of a text that has at most so many bytes.
fn cut(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

fn line(text: &RichText) -> String {
    text.as_str().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The identifiers that are known, by key.
pub(super) fn ids(rows: &[MatrixRoom]) -> BTreeMap<String, MatrixId> {
    let known =
        rows.iter().filter_map(|row| Some((row.key.clone(), MatrixId::parse(row.outside.as_deref()?).ok()?)));
    known.collect()
}

/// Keeps the rooms as they should be, for ever.
pub(super) async fn keep(spoke: &Spoke, base: &str) {
    let mut feed = spoke.0.store.watch();
    let mut released = Released::default();
    loop {
        feed.mark_unchanged();
        let wait = match reconcile(spoke, base, &mut released).await {
            Ok(true) => OFTEN,
            Ok(false) => AGAIN,
            Err(error) => {
                tracing::warn!(%error, "the rooms in Matrix cannot be put right; trying again");
                AGAIN
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            changed = feed.changed() => {
                if changed.is_err() {
                    std::future::pending::<()>().await;
                }
                tokio::time::sleep(SETTLED).await;
            }
        }
    }
}

/// Puts the rooms right once. Gives whether everything is as it should be.
async fn reconcile(spoke: &Spoke, base: &str, released: &mut Released) -> Result<bool, Trouble> {
    let store = &spoke.0.store;
    let wanted = wanted(store, released).await?;
    let known = store.matrix_rooms().await?;
    let (desired, mut rows) = desired(&wanted, &known, &spoke.0.settings, base)?;
    // Kept before anything is made, so that an alias that exists is known whatever happens.
    let fresh = rows.iter().filter(|row| !known.contains(row)).cloned().collect();
    store.keep_matrix_rooms(fresh).await?;
    tell(spoke, &wanted, &rows);
    let each = |action: &crate::plan::Action| tracing::info!(%action, "in Matrix");
    let (report, observed) = apply::reconcile(&spoke.0.client, &desired, &ids(&rows), each).await?;
    let ids = observed.ids();
    let mut changed = vec![];
    for row in &mut rows {
        let now = ids.get(&row.key).map(ToString::to_string);
        if now.is_some() && row.outside != now {
            row.outside = now;
            changed.push(row.clone());
        }
    }
    store.keep_matrix_rooms(changed).await?;
    tell(spoke, &wanted, &rows);
    if let Some(error) = &report.stopped {
        tracing::warn!(%error, "the homeserver went away while rooms were put right; trying again");
    }
    Ok(report.complete())
}

/// Tells to which rooms the log is carried: those that everybody may read.
fn tell(spoke: &Spoke, wanted: &[Wanted], rows: &[MatrixRoom]) {
    let open =
        wanted.iter().flat_map(|wanted| &wanted.rooms).filter(|room| room.access == RoomAccess::Public);
    let carried: BTreeMap<RoomId, MatrixId> = open
        .filter_map(|room| {
            let row = rows.iter().find(|row| row.room == room.id.0)?;
            Some((room.id, MatrixId::parse(row.outside.as_deref()?).ok()?))
        })
        .collect();
    let carried: Rooms = Arc::new(carried);
    spoke.0.rooms.send_if_modified(|rooms| {
        let news = *rooms != carried;
        *rooms = carried;
        news
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        client::Options,
        id::ServerName,
        registration::{Namespace, Registration},
    };
    use jiff::civil::date;
    use model::{
        text::{Line, Slug},
        time::Zone,
    };
    use uuid::Uuid;

    fn settings() -> Settings {
        let server = ServerName::parse("plenary.test").unwrap();
        let registration = Registration::new(&server, "http://127.0.0.1:1").unwrap();
        Settings {
            options: Options::new("http://127.0.0.1:2", &registration.as_token),
            registration,
            ours: Namespace::new(server),
            room_version: "12".to_owned(),
        }
    }

    fn room(number: u128, name: &str, access: RoomAccess) -> LiveRoom {
        let id = RoomId(Uuid::from_u128(number));
        let by = model::id::AccountId(Uuid::nil());
        let slug = Slug::from_text("room").unwrap();
        let hack =
            LiveRoom::hack(id, slug, Line::clean(name), RichText::default(), by, jiff::Timestamp::UNIX_EPOCH);
        LiveRoom { access, ..hack }
    }

    fn wanted(rooms: Vec<LiveRoom>) -> Wanted {
        let day = date(2027, 5, 3);
        let slug = Slug::from_text("conf").unwrap();
        let edition = Edition {
            id: EditionId(Uuid::from_u128(9)),
            slug,
            series: "Conf".into(),
            title: "Conf".into(),
            subtitle: Line::default(),
            description: RichText::default(),
            zone: Zone::parse("UTC").unwrap(),
            first_day: day,
            last_day: day,
            day_change: 240,
            venue: Line::default(),
            city: Line::default(),
            country: Line::default(),
            url: None,
            logo: None,
            language: "en".into(),
            colour: None,
            timeslot_minutes: 5,
            mode: model::edition::Mode::default(),
            state: EditionState::Open,
            notice: Line::default(),
        };
        Wanted { edition, rooms }
    }

    #[test]
    fn only_open_rooms_are_made_and_each_keeps_its_alias() {
        let of = |rooms, known: &[MatrixRoom]| {
            desired(&[wanted(rooms)], known, &settings(), "https://conf.example.org").unwrap()
        };
        let rooms = vec![
            room(1, "Hall", RoomAccess::Public),
            room(2, "Staff", RoomAccess::Private),
            room(3, &"\u{4e2d}".repeat(200), RoomAccess::Public),
        ];
        let (first, rows) = of(rooms.clone(), &[]);
        let keys: Vec<&str> = first.rooms().iter().map(|room| room.key.as_str()).collect();
        assert_eq!(
            keys,
            ["conf", "conf_room", "conf_room_000000000003"],
            "the private room is not among them"
        );
        assert_eq!(first.room("conf_room").unwrap().topic, "https://conf.example.org/conf/live/room/");
        // A room that was open and is not any more is closed, by the same alias.
        let mut closed = rooms;
        closed[0].access = RoomAccess::Registered;
        let (second, _) = of(closed, &rows);
        let hall = second.room("conf_room").unwrap();
        assert!(hall.closed && !hall.readable && hall.access == Access::Invited);
    }
}
