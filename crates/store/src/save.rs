//! Writing the working state of an edition: only the rows that differ, and one feed entry for each thing
//! that changed.
//!
//! A *thing* is an edition, a room, a track, a person, a session with its people and slots, or a sponsor. In
//! the feed it is the JSON of the model's type; rooms, tracks and sponsors carry their `position` beside their
//! own fields, because their order is theirs to change.

use crate::{
    Result,
    entity::{edition, participation, person, room, session, slot, sponsor, track},
    rows::{Positions, Rows},
    tx::{Change, Tx},
};
use model::{
    edition::{Edition, Sponsor},
    feed::Deed,
    id::{EditionId, PersonId, RoomId, SessionId, SponsorId, TrackId},
    programme::{Person, Programme, Room, Session, Track},
};
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, ExprTrait, IntoActiveModel, Iterable,
    PrimaryKeyToColumn, QueryFilter, sea_query::OnConflict,
};
use serde::Serialize;
use serde_json::Value;
use std::{collections::HashMap, hash::Hash};
use uuid::Uuid;

/// Rows in one statement: with the widest table far below the bind variables that SQLite (32,766) and
/// PostgreSQL (65,535) allow, and small enough that prepared statements take little memory.
const CHUNK: usize = 200;

/// The distance between neighbours of a fresh order, so that a thing put between two others moves neither.
const STEP: i64 = 1 << 20;

/// Makes `after` the working state in place of `before`. Returns what a reader will now get, and how many
/// things changed. `after` is normalised.
pub(crate) async fn save(tx: &Tx, before: Option<&Rows>, after: &Programme) -> Result<(Programme, usize)> {
    let old_positions = before.map(Rows::positions).unwrap_or_default();
    let mut positions = Positions::new();
    place(&old_positions, after.rooms.iter().map(|room| room.id.0), &mut positions);
    place(&old_positions, after.tracks.iter().map(|track| track.id.0), &mut positions);
    place(&old_positions, after.sponsors.iter().map(|sponsor| sponsor.id.0), &mut positions);
    let rows = Rows::of(after, &positions)?;
    let after = rows.programme()?;
    write_rows(tx, before, &rows).await?;

    let edition = after.edition.id;
    let old = before.map(Rows::programme).transpose()?;
    let mut feed = vec![];
    compare(
        edition,
        old.iter().flat_map(|old| things(old, &old_positions)),
        things(&after, &positions),
        &mut feed,
    )?;
    let changed = feed.len();
    tx.note(feed).await?;
    Ok((after, changed))
}

/// One thing of a programme as the feed shows it.
#[derive(Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Thing<'a> {
    Edition(&'a Edition),
    Room(Placed<&'a Room>),
    Track(Placed<&'a Track>),
    Person(&'a Person),
    Session(&'a Session),
    Sponsor(Placed<&'a Sponsor>),
}

/// A thing and its place in an order.
#[derive(Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Placed<T> {
    position: i64,
    #[serde(flatten)]
    thing: T,
}

impl Thing<'_> {
    /// The kind of thing and its identifier: what it is known by in the feed.
    pub(crate) fn key(&self) -> (&'static str, Uuid) {
        match self {
            Self::Edition(edition) => (EditionId::KIND, edition.id.0),
            Self::Room(room) => (RoomId::KIND, room.thing.id.0),
            Self::Track(track) => (TrackId::KIND, track.thing.id.0),
            Self::Person(person) => (PersonId::KIND, person.id.0),
            Self::Session(session) => (SessionId::KIND, session.id.0),
            Self::Sponsor(sponsor) => (SponsorId::KIND, sponsor.thing.id.0),
        }
    }

    /// Its JSON in the feed.
    pub(crate) fn json(&self) -> Result<Value> {
        serde_json::to_value(self).map_err(|error| crate::Error::damaged("a thing to be written", error))
    }
}

/// All things of a programme, in the order in which they are written.
pub(crate) fn things<'a>(
    programme: &'a Programme,
    positions: &'a Positions,
) -> impl Iterator<Item = Thing<'a>> {
    let at = |id: Uuid| positions.get(&id).copied().unwrap_or_default();
    std::iter::once(Thing::Edition(&programme.edition))
        .chain(
            programme.rooms.iter().map(move |thing| Thing::Room(Placed { position: at(thing.id.0), thing })),
        )
        .chain(
            programme
                .tracks
                .iter()
                .map(move |thing| Thing::Track(Placed { position: at(thing.id.0), thing })),
        )
        .chain(programme.persons.iter().map(Thing::Person))
        .chain(programme.sessions.iter().map(Thing::Session))
        .chain(
            programme
                .sponsors
                .iter()
                .map(move |thing| Thing::Sponsor(Placed { position: at(thing.id.0), thing })),
        )
}

/// The feed's entries for what differs.
fn compare<'a>(
    edition: EditionId,
    before: impl Iterator<Item = Thing<'a>>,
    after: impl Iterator<Item = Thing<'a>>,
    feed: &mut Vec<Change>,
) -> Result<()> {
    let mut gone: Vec<Thing<'a>> = vec![];
    let mut old: HashMap<(&'static str, Uuid), Thing<'a>> = HashMap::new();
    for thing in before {
        gone.push(thing);
        old.insert(thing.key(), thing);
    }
    let change = |thing: Thing<'a>, deed, before, after| {
        let (kind, id) = thing.key();
        Change { kind, thing: id, edition: Some(edition), deed, before, after }
    };
    for thing in after {
        match old.remove(&thing.key()) {
            None => feed.push(change(thing, Deed::Created, None, Some(thing.json()?))),
            Some(previous) if previous == thing => {}
            Some(previous) => {
                feed.push(change(thing, Deed::Changed, Some(previous.json()?), Some(thing.json()?)));
            }
        }
    }
    for thing in gone.into_iter().filter(|thing| old.contains_key(&thing.key())) {
        feed.push(change(thing, Deed::Removed, Some(thing.json()?), None));
    }
    Ok(())
}

/// Gives each of `order` a position, keeping as many of the old ones as ascend; `new` gets the outcome.
pub(crate) fn place(old: &Positions, order: impl Iterator<Item = Uuid>, new: &mut Positions) {
    let order: Vec<Uuid> = order.collect();
    // The old position of the next thing that had one, seen from each place.
    let mut ahead: Vec<Option<i64>> = vec![None; order.len() + 1];
    for (at, id) in order.iter().enumerate().rev() {
        ahead[at] = old.get(id).copied().or(ahead[at + 1]);
    }
    let mut last = 0;
    for (at, id) in order.iter().enumerate() {
        last = match (old.get(id), ahead[at + 1]) {
            (Some(position), _) if *position > last => *position,
            (_, Some(next)) if next > last + 1 => last + (next - last) / 2,
            _ => last + STEP,
        };
        new.insert(*id, last);
    }
}

/// Inserts and updates from the top of the foreign keys down, then removes from the bottom up, so that no row
/// ever names one that is not there. A topic comes after the block that it names as its parent.
async fn write_rows(tx: &Tx, before: Option<&Rows>, after: &Rows) -> Result<()> {
    let db = tx.db();
    let edition = after.edition.id;
    if before.is_none_or(|before| before.edition != after.edition) {
        upsert::<edition::Entity>(db, vec![after.edition.clone()]).await?;
    }
    let rooms = differ(of(before, |r| &r.rooms), &after.rooms, |row| row.id);
    let tracks = differ(of(before, |r| &r.tracks), &after.tracks, |row| row.id);
    let persons = differ(of(before, |r| &r.persons), &after.persons, |row| row.id);
    let mut sessions = differ(of(before, |r| &r.sessions), &after.sessions, |row| row.id);
    sessions.written.sort_by_key(|row| row.parent.is_some());
    let parts =
        differ(of(before, |r| &r.participations), &after.participations, |row| (row.session, row.person));
    let slots = differ(of(before, |r| &r.slots), &after.slots, |row| row.id);
    let sponsors = differ(of(before, |r| &r.sponsors), &after.sponsors, |row| row.id);

    upsert::<room::Entity>(db, rooms.written).await?;
    upsert::<track::Entity>(db, tracks.written).await?;
    upsert::<person::Entity>(db, persons.written).await?;
    upsert::<session::Entity>(db, sessions.written).await?;
    upsert::<participation::Entity>(db, parts.written).await?;
    upsert::<slot::Entity>(db, slots.written).await?;
    upsert::<sponsor::Entity>(db, sponsors.written).await?;

    remove::<sponsor::Entity>(db, edition, sponsor::Column::Edition, sponsor::Column::Id, sponsors.gone)
        .await?;
    remove::<slot::Entity>(db, edition, slot::Column::Edition, slot::Column::Id, slots.gone).await?;
    for chunk in parts.gone.chunks(CHUNK) {
        let mut any = Condition::any();
        for (session, person) in chunk {
            any = any.add(
                participation::Column::Session.eq(*session).and(participation::Column::Person.eq(*person)),
            );
        }
        participation::Entity::delete_many()
            .filter(participation::Column::Edition.eq(edition))
            .filter(any)
            .exec(db)
            .await?;
    }
    // Topics before the blocks that they name.
    let blocks: Vec<Uuid> = of(before, |r| &r.sessions).iter().filter_map(|row| row.parent).collect();
    let (later, first): (Vec<Uuid>, Vec<Uuid>) =
        sessions.gone.into_iter().partition(|id| blocks.contains(id));
    remove::<session::Entity>(db, edition, session::Column::Edition, session::Column::Id, first).await?;
    remove::<session::Entity>(db, edition, session::Column::Edition, session::Column::Id, later).await?;
    remove::<person::Entity>(db, edition, person::Column::Edition, person::Column::Id, persons.gone).await?;
    remove::<track::Entity>(db, edition, track::Column::Edition, track::Column::Id, tracks.gone).await?;
    remove::<room::Entity>(db, edition, room::Column::Edition, room::Column::Id, rooms.gone).await
}

/// The rows of one table, none before the first save.
fn of<M: Clone>(before: Option<&Rows>, rows: impl Fn(&Rows) -> &Vec<M>) -> Vec<M> {
    before.map(|before| rows(before).clone()).unwrap_or_default()
}

/// The rows to write and the keys of those to remove.
struct Differing<M, K> {
    written: Vec<M>,
    gone: Vec<K>,
}

fn differ<M: Clone + PartialEq, K: Copy + Eq + Hash>(
    before: Vec<M>,
    after: &[M],
    key: impl Fn(&M) -> K,
) -> Differing<M, K> {
    let mut old: HashMap<K, M> = before.into_iter().map(|row| (key(&row), row)).collect();
    let written = after
        .iter()
        .filter(|row| old.remove(&key(row)).is_none_or(|previous| previous != **row))
        .cloned()
        .collect();
    Differing { written, gone: old.into_keys().collect() }
}

/// Inserts rows, or puts them in the place of those with the same key.
pub(crate) async fn upsert<E>(db: &DatabaseTransaction, rows: Vec<E::Model>) -> Result<()>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: Send,
{
    let key: Vec<E::Column> = E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column).collect();
    let is_key = |column: &E::Column| E::PrimaryKey::from_column(*column).is_some();
    let rest: Vec<E::Column> = E::Column::iter().filter(|column| !is_key(column)).collect();
    let mut rows = rows.into_iter().map(IntoActiveModel::into_active_model).peekable();
    while rows.peek().is_some() {
        let replace = OnConflict::columns(key.clone()).update_columns(rest.clone()).to_owned();
        E::insert_many(rows.by_ref().take(CHUNK)).on_conflict(replace).exec_without_returning(db).await?;
    }
    Ok(())
}

async fn remove<E: EntityTrait>(
    db: &DatabaseTransaction,
    edition: Uuid,
    edition_column: E::Column,
    id_column: E::Column,
    ids: Vec<Uuid>,
) -> Result<()> {
    for chunk in ids.chunks(CHUNK) {
        E::delete_many()
            .filter(edition_column.eq(edition))
            .filter(id_column.is_in(chunk.iter().copied()))
            .exec(db)
            .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(old: &Positions, order: &[u128]) -> Positions {
        let mut new = Positions::new();
        place(old, order.iter().map(|id| Uuid::from_u128(*id)), &mut new);
        new
    }

    #[test]
    fn a_new_thing_between_others_moves_neither() {
        let old = placed(&Positions::new(), &[1, 2, 3]);
        let new = placed(&old, &[1, 9, 2, 3]);
        assert!(old.iter().all(|(id, position)| new[id] == *position));
        assert!(
            new[&Uuid::from_u128(1)] < new[&Uuid::from_u128(9)]
                && new[&Uuid::from_u128(9)] < new[&Uuid::from_u128(2)]
        );
    }

    #[test]
    fn any_order_is_kept_however_often_things_move() {
        let mut positions = placed(&Positions::new(), &[1, 2, 3, 4, 5]);
        for orders in [[5, 4, 3, 2, 1], [2, 1, 4, 3, 5], [3, 1, 2, 5, 4]].iter().cycle().take(300) {
            positions = placed(&positions, orders);
            let mut shown: Vec<u128> = orders.to_vec();
            shown.sort_by_key(|id| positions[&Uuid::from_u128(*id)]);
            assert_eq!(&shown, orders);
        }
    }
}
