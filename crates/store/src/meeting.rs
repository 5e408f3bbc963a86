//! Servers for meetings with sound and picture, and which room has its meeting on which.
//!
//! **Where a meeting goes is written before anything is called** ([`Store::place_meeting`]): of two people who click at
//! the same moment one decides, and the other follows. What a server answers is written only while the meeting is still
//! placed there.

use crate::{
    Error, Result, Store, account as accounts, chat,
    content::note,
    edition as editions,
    entity::{meeting, meeting_recording, meeting_server, server_look},
    rows,
    save::upsert,
    tx::{Change, Tx},
};
use model::{
    Refusal,
    edition::Edition,
    feed::{Actor, Deed},
    id::{EditionId, RoomId},
    meeting::{KnownMeeting, Meeting, MeetingRecording, MeetingServer, SERVERS_MAX, ServerLook, ServerState},
    permission::{Action, Place, Subject},
    text::{Line, Slug, excerpt},
    time::{from_micros, to_micros},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr,
};
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The words in the feed.
pub(crate) const SERVER_KIND: &str = "meeting-server";
pub(crate) const KIND: &str = "meeting";
pub(crate) const RECORDING_KIND: &str = "meeting-recording";

/// The longest problem of a server that is kept, in characters.
const PROBLEM: usize = 300;

/// What a server shares with those who may use it: it can be used, and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SharedSecret(String);

impl SharedSecret {
    /// Takes a secret as typed.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        if (1..=200).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(Self(text.to_owned()));
        }
        let remedy = "Copy the line \"Secret\" that `bbb-conf --secret` prints on the server";
        Err(Refusal::new("secret", "this is no secret of a server", remedy))
    }

    /// The secret, to sign with and for nothing else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedSecret(..)")
    }
}

/// A server with its secret, and how it was when it was last looked at.
#[derive(Clone, Debug)]
pub struct KnownServer {
    /// The server.
    pub server: MeetingServer,
    /// Its secret.
    pub secret: SharedSecret,
    /// How it was.
    pub look: ServerLook,
}

impl Store {
    /// The servers, by name. Two queries.
    pub async fn meeting_servers(&self) -> Result<Vec<KnownServer>> {
        let looks = server_look::Entity::find().all(self.readers()).await?;
        let rows = meeting_server::Entity::find()
            .order_by_asc(meeting_server::Column::Name)
            .all(self.readers())
            .await?;
        let known = |row: &meeting_server::Model| {
            let look = looks.iter().find(|look| look.name == row.name).map(look_of).unwrap_or_default();
            Ok(KnownServer { server: server_of(row)?, secret: SharedSecret(row.secret.clone()), look })
        };
        rows.iter().map(known).collect()
    }

    /// Adds a server, or gives the one of that name another address, secret, capacity or tags.
    pub async fn put_meeting_server(
        &self,
        subject: &Subject,
        server: &MeetingServer,
        secret: &SharedSecret,
    ) -> Result<()> {
        subject.may(Action::ManageInstallation, &Place::installation())?;
        self.write(&subject.actor, async |tx| {
            let rows = meeting_server::Entity::find().all(tx.db()).await?;
            let before = rows.iter().find(|row| row.name == server.name.as_str());
            if before.is_none() && rows.len() >= SERVERS_MAX {
                let problem = format!("there are {SERVERS_MAX} servers already");
                return Err(Refusal::new("name", problem, "Remove one that is not used any more").into());
            }
            let after = meeting_server::Model {
                id: before.map_or_else(Uuid::now_v7, |row| row.id),
                name: server.name.to_string(),
                secret: secret.0.clone(),
                facts: rows::json(server)?,
            };
            put_server(tx, before, Some(after)).await
        })
        .await
    }

    /// Says whether a server is used, drained or not called.
    pub async fn set_meeting_server(&self, subject: &Subject, name: &Slug, state: ServerState) -> Result<()> {
        subject.may(Action::ManageInstallation, &Place::installation())?;
        self.write(&subject.actor, async |tx| {
            let before = server_row(tx.db(), name).await?;
            let server = MeetingServer { state, ..server_of(&before)? };
            let after = meeting_server::Model { facts: rows::json(&server)?, ..before.clone() };
            put_server(tx, Some(&before), Some(after)).await
        })
        .await
    }

    /// Forgets a server and its secret. Its rooms are opened on others by the next look.
    pub async fn remove_meeting_server(&self, subject: &Subject, name: &Slug) -> Result<()> {
        subject.may(Action::ManageInstallation, &Place::installation())?;
        self.write(&subject.actor, async |tx| {
            let before = server_row(tx.db(), name).await?;
            server_look::Entity::delete_by_id(name.to_string()).exec(tx.db()).await?;
            put_server(tx, Some(&before), None).await
        })
        .await
    }

    /// Keeps how a server was. Not in the feed: it is written at every look.
    pub async fn note_look(&self, name: &Slug, look: &ServerLook) -> Result<()> {
        self.write(&Actor::System, async |tx| {
            let row = server_look::Model {
                name: name.to_string(),
                at: look.at.map_or_else(|| to_micros(tx.at()), to_micros),
                answered: look.answered.map(to_micros),
                missed: i64::from(look.missed),
                people: i64::from(look.people),
                meetings: i64::from(look.meetings),
                version: look.version.to_string(),
                problem: excerpt(look.problem.as_str(), PROBLEM),
            };
            upsert::<server_look::Entity>(tx.db(), vec![row]).await
        })
        .await
    }

    /// All meetings. One query.
    pub async fn meetings(&self) -> Result<Vec<KnownMeeting>> {
        let rows = meeting::Entity::find()
            .order_by_asc(meeting::Column::Edition)
            .order_by_asc(meeting::Column::Room)
            .all(self.readers())
            .await?;
        rows.iter().map(known_of).collect()
    }

    /// The meeting of a room; `None` where it never had one. One query.
    pub async fn meeting(&self, edition: EditionId, room: RoomId) -> Result<Option<KnownMeeting>> {
        let row = meeting::Entity::find_by_id((edition.0, room.0)).one(self.readers()).await?;
        row.as_ref().map(known_of).transpose()
    }

    /// The meeting whose run its server calls so. One query, which an index answers.
    pub async fn meeting_called(&self, internal: &str) -> Result<Option<KnownMeeting>> {
        if internal.is_empty() {
            return Ok(None);
        }
        let row = meeting::Entity::find()
            .filter(meeting::Column::Internal.eq(internal))
            .one(self.readers())
            .await?;
        row.as_ref().map(known_of).transpose()
    }

    /// Places a room's meeting on a server, unless it was placed otherwise than at `was` meanwhile. Gives how it stands.
    pub async fn place_meeting(
        &self,
        actor: &Actor,
        edition: EditionId,
        room: RoomId,
        was: Option<&Slug>,
        to: &Slug,
    ) -> Result<Meeting> {
        self.write(actor, async |tx| {
            editions::open(tx.db(), edition).await?;
            let row = row_of(tx.db(), edition, room).await?;
            let before = row.as_ref().map(meeting_of).transpose()?;
            let now = before.clone().unwrap_or_else(|| Meeting::none(room));
            if now.server.as_ref() != was || (now.server.as_ref() == Some(to) && now.ended.is_none()) {
                return Ok(now);
            }
            let after = Meeting { server: Some(to.clone()), pin: now.pin, ..Meeting::none(room) };
            put(tx, edition, row.as_ref(), &after).await?;
            Ok(after)
        })
        .await
    }

    /// Says that a room's meeting is open as this run. Gives false where the room was placed elsewhere meanwhile.
    pub async fn meeting_began(
        &self,
        edition: EditionId,
        room: RoomId,
        server: &Slug,
        (run, internal): (i64, &str),
    ) -> Result<bool> {
        self.write(&Actor::System, async |tx| {
            let row = row_of(tx.db(), edition, room).await?;
            let Some(row) = row else { return Ok(false) };
            let now = meeting_of(&row)?;
            if now.server.as_ref() != Some(server) || now.ended.is_some() {
                return Ok(false);
            }
            if now.run == run {
                return Ok(true);
            }
            let after = Meeting { run, internal: internal.to_owned(), begun: Some(tx.at()), ..now };
            let since = chat::head(tx.db()).await?;
            put(tx, edition, Some(&meeting::Model { since, people: 0, ..row }), &after).await?;
            Ok(true)
        })
        .await
    }

    /// Says that a run is over and nobody is inside: the next click opens another one.
    pub async fn meeting_over(&self, edition: EditionId, room: RoomId, run: i64) -> Result<()> {
        self.write(&Actor::System, async |tx| {
            let Some(row) = row_of(tx.db(), edition, room).await? else { return Ok(()) };
            let now = meeting_of(&row)?;
            if now.run != run {
                return Ok(());
            }
            let after = Meeting { pin: now.pin, ..Meeting::none(room) };
            put(tx, edition, Some(&row), &after).await
        })
        .await
    }

    /// Keeps how many are inside. Not in the feed.
    pub async fn count_meeting(&self, edition: EditionId, room: RoomId, people: u32) -> Result<()> {
        self.write(&Actor::System, async |tx| {
            meeting::Entity::update_many()
                .col_expr(meeting::Column::People, Expr::value(i64::from(people)))
                .filter(meeting::Column::Edition.eq(edition.0))
                .filter(meeting::Column::Room.eq(room.0))
                .exec(tx.db())
                .await?;
            Ok(())
        })
        .await
    }

    /// Ends a room's meeting: it is ended on its server by the next look, and the next click opens another one.
    pub async fn end_meeting(&self, subject: &Subject, edition: &Edition, room: RoomId) -> Result<()> {
        self.change_meeting(subject, edition, room, |meeting, at| {
            if meeting.is_open() {
                meeting.ended = Some(at);
            }
        })
        .await
    }

    /// Asks to have a room's meeting moved to another server.
    pub async fn move_meeting(&self, subject: &Subject, edition: &Edition, room: RoomId) -> Result<()> {
        self.change_meeting(subject, edition, room, |meeting, _| {
            meeting.leave = meeting.server.is_some();
        })
        .await
    }

    /// Pins a room's meeting to a server, or to none. It moves there with the next look.
    pub async fn pin_meeting(
        &self,
        subject: &Subject,
        edition: &Edition,
        room: RoomId,
        pin: Option<&Slug>,
    ) -> Result<()> {
        self.change_meeting(subject, edition, room, |meeting, _| meeting.pin = pin.cloned()).await
    }

    async fn change_meeting(
        &self,
        subject: &Subject,
        edition: &Edition,
        room: RoomId,
        change: impl Fn(&mut Meeting, jiff::Timestamp) + Send,
    ) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            editions::open(tx.db(), edition.id).await?;
            subject.may(Action::RunRooms, &Place::edition(edition).in_room(Some(room)))?;
            let row = row_of(tx.db(), edition.id, room).await?;
            let mut after = row.as_ref().map(meeting_of).transpose()?.unwrap_or_else(|| Meeting::none(room));
            change(&mut after, tx.at());
            put(tx, edition.id, row.as_ref(), &after).await
        })
        .await
    }

    /// Keeps that a recording can be watched. The same is kept once.
    pub async fn note_recording(&self, edition: EditionId, recording: &MeetingRecording) -> Result<()> {
        self.write(&Actor::System, async |tx| {
            let id = Uuid::new_v5(&recording.room.0, recording.recording.as_bytes());
            if meeting_recording::Entity::find_by_id(id).one(tx.db()).await?.is_some() {
                return Ok(());
            }
            let row = meeting_recording::Model {
                edition: edition.0,
                id,
                room: recording.room.0,
                facts: rows::json(recording)?,
            };
            upsert::<meeting_recording::Entity>(tx.db(), vec![row]).await?;
            note(tx, (RECORDING_KIND, id), edition, None, Some(recording)).await
        })
        .await
    }

    /// The recordings of an edition's rooms. One query.
    pub async fn meeting_recordings(&self, edition: EditionId) -> Result<Vec<MeetingRecording>> {
        let rows = meeting_recording::Entity::find()
            .filter(meeting_recording::Column::Edition.eq(edition.0))
            .order_by_asc(meeting_recording::Column::Id)
            .all(self.readers())
            .await?;
        rows.iter().map(recording_of).collect()
    }
}

async fn server_row(db: &impl ConnectionTrait, name: &Slug) -> Result<meeting_server::Model> {
    let row =
        meeting_server::Entity::find().filter(meeting_server::Column::Name.eq(name.as_str())).one(db).await?;
    let gone = || Refusal::new("server", "it is not in the pool any more", "Look in the list of servers");
    Ok(row.ok_or_else(gone)?)
}

async fn row_of(
    db: &impl ConnectionTrait,
    edition: EditionId,
    room: RoomId,
) -> Result<Option<meeting::Model>> {
    Ok(meeting::Entity::find_by_id((edition.0, room.0)).one(db).await?)
}

async fn put(tx: &Tx, edition: EditionId, row: Option<&meeting::Model>, after: &Meeting) -> Result<()> {
    let before = row.map(meeting_of).transpose()?;
    let row = meeting::Model {
        edition: edition.0,
        room: after.room.0,
        server: after.server.as_ref().map(ToString::to_string),
        internal: after.internal.clone(),
        people: if after.is_open() { row.map_or(0, |row| row.people) } else { 0 },
        since: row.map_or(0, |row| row.since),
        facts: rows::json(after)?,
    };
    upsert::<meeting::Entity>(tx.db(), vec![row]).await?;
    note(tx, (KIND, after.room.0), edition, before.as_ref(), Some(after)).await
}

async fn put_server(
    tx: &Tx,
    before: Option<&meeting_server::Model>,
    after: Option<meeting_server::Model>,
) -> Result<()> {
    let Some(thing) = before.map(|row| row.id).or_else(|| after.as_ref().map(|row| row.id)) else {
        return Ok(());
    };
    let deed = match (before, &after) {
        (None, _) => Deed::Created,
        (Some(_), Some(_)) => Deed::Changed,
        (Some(_), None) => Deed::Removed,
    };
    let fact = |row: &meeting_server::Model| accounts::fact(&server_of(row)?);
    let (was, is) = (before.map(fact).transpose()?, after.as_ref().map(fact).transpose()?);
    match after {
        Some(row) => upsert::<meeting_server::Entity>(tx.db(), vec![row]).await?,
        None => {
            meeting_server::Entity::delete_by_id(thing).exec(tx.db()).await?;
        }
    }
    // Another secret alone is no change that anybody may be told of.
    if was == is {
        return Ok(());
    }
    tx.note(vec![Change { kind: SERVER_KIND, thing, edition: None, deed, before: was, after: is }]).await
}

fn server_of(row: &meeting_server::Model) -> Result<MeetingServer> {
    serde_json::from_str(&row.facts)
        .map_err(|error| Error::damaged(format!("meeting server {}", row.name), error))
}

fn look_of(row: &server_look::Model) -> ServerLook {
    let number = |number: i64| u32::try_from(number).unwrap_or_default();
    ServerLook {
        at: from_micros(row.at),
        answered: row.answered.and_then(from_micros),
        missed: number(row.missed),
        people: number(row.people),
        meetings: number(row.meetings),
        version: Line::clean(&row.version),
        problem: Line::clean(&row.problem),
    }
}

fn meeting_of(row: &meeting::Model) -> Result<Meeting> {
    serde_json::from_str(&row.facts)
        .map_err(|error| Error::damaged(format!("meeting of room {}", row.room), error))
}

fn known_of(row: &meeting::Model) -> Result<KnownMeeting> {
    Ok(KnownMeeting {
        edition: EditionId(row.edition),
        meeting: meeting_of(row)?,
        people: u32::try_from(row.people).unwrap_or_default(),
        since: row.since,
    })
}

fn recording_of(row: &meeting_recording::Model) -> Result<MeetingRecording> {
    serde_json::from_str(&row.facts).map_err(|error| Error::damaged(format!("recording {}", row.id), error))
}

/// What the rows hold, in the feed's words, for [`crate::verify()`].
pub(crate) async fn state(
    db: &DatabaseTransaction,
    state: &mut BTreeMap<(Option<Uuid>, String, Uuid), Value>,
) -> Result<()> {
    for row in meeting_server::Entity::find().all(db).await? {
        state.insert((None, SERVER_KIND.to_owned(), row.id), accounts::fact(&server_of(&row)?)?);
    }
    for row in meeting::Entity::find().all(db).await? {
        let fact = accounts::fact(&meeting_of(&row)?)?;
        state.insert((Some(row.edition), KIND.to_owned(), row.room), fact);
    }
    for row in meeting_recording::Entity::find().all(db).await? {
        let fact = accounts::fact(&recording_of(&row)?)?;
        state.insert((Some(row.edition), RECORDING_KIND.to_owned(), row.id), fact);
    }
    Ok(())
}
