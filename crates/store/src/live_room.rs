//! Rooms on the day: what was said about a room of the programme, and the rooms that no timetable knows.

use crate::{
    Error, Result, Store, account as accounts,
    content::{allowed, note},
    edition as editions,
    entity::{live_room, room},
    holding::Holding,
    proposal::signed_in,
    rows,
    save::upsert,
    tx::Tx,
};
use jiff::Timestamp;
use model::{
    Refusal,
    chat::Rights,
    edition::Edition,
    id::{AccountId, EditionId, RoomId},
    permission::{Action, Place, Subject},
    room::{LiveKind, LiveRoom},
    text::{Line, RichText, Slug},
    time::to_micros,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The word for it in the feed.
pub(crate) const KIND: &str = "live-room";

impl Store {
    /// What was said about rooms of an edition, and its rooms that no timetable knows, closed ones too. One query.
    pub async fn live_rooms(&self, edition: EditionId) -> Result<Vec<LiveRoom>> {
        let rows = live_room::Entity::find()
            .filter(live_room::Column::Edition.eq(edition.0))
            .order_by_asc(live_room::Column::Id)
            .all(self.readers())
            .await?;
        rows.iter().map(of_row).collect()
    }

    /// The one of that name in addresses. One query.
    pub async fn live_room(&self, edition: EditionId, slug: &str) -> Result<Option<LiveRoom>> {
        let row = live_room::Entity::find()
            .filter(live_room::Column::Edition.eq(edition.0))
            .filter(live_room::Column::Slug.eq(slug))
            .one(self.readers())
            .await?;
        row.as_ref().map(of_row).transpose()
    }

    /// Says who may enter a room and what is seen in it, or makes a hallway or a help desk. A room of the programme must
    /// be one; its name stays the programme's.
    pub async fn put_live_room(
        &self,
        subject: &Subject,
        edition: &Edition,
        wanted: &LiveRoom,
    ) -> Result<LiveRoom> {
        self.write(&subject.actor, async |tx| {
            editions::open(tx.db(), edition.id).await?;
            subject.may(Action::RunRooms, &Place::edition(edition).in_room(Some(wanted.id)))?;
            let before = find(tx.db(), edition.id, wanted.id).await?;
            let planned = room::Entity::find_by_id((edition.id.0, wanted.id.0)).one(tx.db()).await?;
            let mut after = wanted.clone();
            match planned {
                Some(row) => {
                    after.kind = LiveKind::Programme;
                    after.slug = Slug::parse(&row.slug)?;
                    after.name = Line::clean(&row.name);
                }
                None if wanted.kind == LiveKind::Programme => {
                    let problem = "the programme has no such room any more";
                    return Err(Refusal::new("room", problem, "Look in the list of rooms").into());
                }
                None => {
                    after.check(0, 0)?;
                    after.slug = free_slug(tx.db(), edition.id, &after).await?;
                    after.opened = before.as_ref().and_then(|before| before.opened).or(Some(tx.at()));
                }
            }
            put(tx, edition.id, before.as_ref(), &after).await?;
            Ok(after)
        })
        .await
    }

    /// Opens a hack room.
    pub async fn open_hack_room(
        &self,
        subject: &Subject,
        edition: &Edition,
        name: &Line,
        topic: &RichText,
    ) -> Result<LiveRoom> {
        let account = signed_in(subject)?;
        self.write(&subject.actor, async |tx| {
            editions::open(tx.db(), edition.id).await?;
            accounts::active(tx.db(), account).await?;
            let open: Vec<Option<Uuid>> = live_room::Entity::find()
                .select_only()
                .column(live_room::Column::OpenedBy)
                .filter(live_room::Column::Edition.eq(edition.id.0))
                .filter(live_room::Column::Kind.eq(LiveKind::Hack.as_str()))
                .filter(live_room::Column::ClosedAt.is_null())
                .into_tuple()
                .all(tx.db())
                .await?;
            let own = open.iter().filter(|by| **by == Some(account.0)).count();
            let id = RoomId(Uuid::now_v7());
            let slug = Slug::from_any(&[name.as_str()], "room", id.0);
            let mut room = LiveRoom::hack(id, slug, name.clone(), topic.clone(), account, tx.at());
            room.check(own, open.len())?;
            room.slug = free_slug(tx.db(), edition.id, &room).await?;
            put(tx, edition.id, None, &room).await?;
            Ok(room)
        })
        .await
    }

    /// Makes a room one in which only those who moderate it may speak, or opens it again. Whether `subject` does is told
    /// by `rights`, since who leads a session does so while it is on; `room` is what is known of it.
    pub async fn lock_live_room(
        &self,
        subject: &Subject,
        edition: &Edition,
        room: &LiveRoom,
        rights: Rights,
        locked: bool,
    ) -> Result<()> {
        subject.may_write()?;
        if !rights.moderates {
            subject.may(Action::ModerateRoom, &Place::edition(edition).in_room(Some(room.id)))?;
        }
        self.write(&subject.actor, async |tx| {
            editions::open(tx.db(), edition.id).await?;
            let before = find(tx.db(), edition.id, room.id).await?;
            let after = LiveRoom { locked, ..before.clone().unwrap_or_else(|| room.clone()) };
            put(tx, edition.id, before.as_ref(), &after).await
        })
        .await
    }

    /// Closes a hack room, or opens it again: whoever opened it, and those who run rooms.
    pub async fn close_live_room(
        &self,
        subject: &Subject,
        edition: &Edition,
        id: RoomId,
        closed: bool,
    ) -> Result<()> {
        subject.may_write()?;
        self.write(&subject.actor, async |tx| {
            editions::open(tx.db(), edition.id).await?;
            let gone = || Refusal::new("room", "it is not there any more", "Look in the list of rooms");
            let before = find(tx.db(), edition.id, id).await?.ok_or_else(gone)?;
            if before.kind == LiveKind::Programme {
                let problem = "it is a room of the programme";
                return Err(Refusal::new("room", problem, "Lock it instead").into());
            }
            if !before.is_own(subject.account) {
                allowed(tx.db(), subject, Action::RunRooms, edition.id, None).await?;
            }
            let at = closed.then(|| before.closed.unwrap_or(tx.at()));
            put(tx, edition.id, Some(&before), &LiveRoom { closed: at, ..before.clone() }).await
        })
        .await
    }
}

async fn find(db: &impl ConnectionTrait, edition: EditionId, id: RoomId) -> Result<Option<LiveRoom>> {
    let row = live_room::Entity::find_by_id((edition.0, id.0)).one(db).await?;
    row.as_ref().map(of_row).transpose()
}

/// A name in addresses that no other room of the edition has, of the programme or not.
async fn free_slug(db: &impl ConnectionTrait, edition: EditionId, wanted: &LiveRoom) -> Result<Slug> {
    let mut taken: Vec<(Uuid, String)> = room::Entity::find()
        .select_only()
        .columns([room::Column::Id, room::Column::Slug])
        .filter(room::Column::Edition.eq(edition.0))
        .into_tuple()
        .all(db)
        .await?;
    let live: Vec<(Uuid, String)> = live_room::Entity::find()
        .select_only()
        .columns([live_room::Column::Id, live_room::Column::Slug])
        .filter(live_room::Column::Edition.eq(edition.0))
        .into_tuple()
        .all(db)
        .await?;
    taken.extend(live);
    let taken: Vec<Slug> = taken
        .iter()
        .filter(|(id, _)| *id != wanted.id.0)
        .filter_map(|(_, slug)| Slug::parse(slug).ok())
        .collect();
    Ok(wanted.slug.free_among(taken.iter()))
}

async fn put(tx: &Tx, edition: EditionId, before: Option<&LiveRoom>, after: &LiveRoom) -> Result<()> {
    upsert::<live_room::Entity>(tx.db(), vec![row_of(edition, after)?]).await?;
    note(tx, (KIND, after.id.0), edition, before, Some(after)).await
}

fn row_of(edition: EditionId, room: &LiveRoom) -> Result<live_room::Model> {
    Ok(live_room::Model {
        edition: edition.0,
        id: room.id.0,
        slug: room.slug.to_string(),
        kind: room.kind.as_str().to_owned(),
        opened_by: room.opened_by.map(|id| id.0),
        closed_at: room.closed.map(to_micros),
        facts: rows::json(room)?,
    })
}

fn of_row(row: &live_room::Model) -> Result<LiveRoom> {
    serde_json::from_str(&row.facts).map_err(|error| Error::damaged(format!("live room {}", row.id), error))
}

/// What the rows hold, in the feed's words, for [`crate::verify()`].
pub(crate) async fn state(
    db: &DatabaseTransaction,
    state: &mut BTreeMap<(Option<Uuid>, String, Uuid), Value>,
) -> Result<()> {
    for row in live_room::Entity::find().all(db).await? {
        let fact = accounts::fact(&of_row(&row)?)?;
        state.insert((Some(row.edition), KIND.to_owned(), row.id), fact);
    }
    Ok(())
}

impl Holding for live_room::Entity {
    const KIND: &'static str = KIND;
    const ACCOUNT: Self::Column = live_room::Column::OpenedBy;
    const ID: Self::Column = live_room::Column::Id;

    fn id(row: &live_room::Model) -> Uuid {
        row.id
    }

    fn edition(row: &live_room::Model) -> Option<EditionId> {
        Some(EditionId(row.edition))
    }

    fn fact(row: &live_room::Model) -> Result<Value> {
        accounts::fact(&of_row(row)?)
    }

    fn of_account(row: live_room::Model, account: Uuid) -> live_room::Model {
        rewritten(row, Some(AccountId(account)))
    }

    /// Others may be in it: it stays, without the person.
    fn kept(row: live_room::Model, _at: Timestamp, _by: &str) -> Option<live_room::Model> {
        Some(rewritten(row, None))
    }
}

/// The room opened by somebody else; a damaged row stays as it is, for `doctor` to find.
fn rewritten(row: live_room::Model, by: Option<AccountId>) -> live_room::Model {
    let after =
        of_row(&row).and_then(|room| row_of(EditionId(row.edition), &LiveRoom { opened_by: by, ..room }));
    after.unwrap_or(row)
}
