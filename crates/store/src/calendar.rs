//! Calendars of other conferences.
//!
//! The conferences of a calendar are somebody else's facts. The record keeps them as they were last read, in one body,
//! and the feed tells of the calendar: its name, its address, how many conferences it held and the digest of them. When
//! it was fetched and what failed is the state of a projection and no change of the record.

use crate::{
    Error, Result, Store,
    account::fact,
    body,
    entity::{calendar, edition},
    rows::json,
    tx::{Change, Tx},
};
use jiff::{SignedDuration, Timestamp};
use model::{
    Refusal,
    calendar::{CALENDARS_MAX, CONFERENCES_MAX, Calendar, OtherConference},
    feed::{Actor, Deed},
    id::{CalendarId, EditionId},
    retry::Schedule,
    text::{Line, WebUrl, excerpt},
    time::{from_micros, to_micros},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DerivePartialModel, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde_json::Value;
use uuid::Uuid;

/// How often an address is fetched.
const DAILY: SignedDuration = SignedDuration::from_hours(24);

/// When an address that failed is tried again. It is never given up: organisers see that it fails, and remove it.
const AGAIN: Schedule = Schedule {
    first: SignedDuration::from_mins(10),
    longest: SignedDuration::from_hours(24),
    attempts: u32::MAX,
};

/// The most notes that are kept of one calendar.
const NOTES_MAX: usize = 50;

/// A calendar, and how reading it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownCalendar {
    /// The calendar.
    pub calendar: Calendar,
    /// When it was last read.
    pub read_at: Option<Timestamp>,
    /// When that was last tried.
    pub tried_at: Option<Timestamp>,
    /// When it is fetched again; `None` for a file.
    pub due_at: Option<Timestamp>,
    /// How often it has failed since it was last read.
    pub failures: u32,
    /// Why it failed last; empty when it did not.
    pub error: String,
    /// What identifies the content that was last fetched (RFC 9110, section 8.8.3); empty where the server gave none.
    pub etag: String,
    /// What was wrong in it.
    pub notes: Vec<String>,
}

/// What was read from a calendar.
#[derive(Clone, Debug, Default)]
pub struct CalendarContent {
    /// The conferences, in their canonical form.
    pub conferences: Vec<OtherConference>,
    /// What was wrong in it.
    pub notes: Vec<String>,
    /// The server's entity tag.
    pub etag: String,
}

impl Store {
    /// The calendars of an edition, by name. One query, without the conferences.
    pub async fn calendars(&self, id: EditionId) -> Result<Vec<KnownCalendar>> {
        let rows = calendar::Entity::find()
            .filter(calendar::Column::Edition.eq(id.0))
            .order_by_asc(calendar::Column::Name)
            .order_by_asc(calendar::Column::Id)
            .into_partial_model::<Head>()
            .all(self.readers())
            .await?;
        rows.into_iter().map(Head::known).collect()
    }

    /// The calendar of that identifier, if it is the edition's. One query.
    pub async fn calendar(&self, edition: EditionId, id: CalendarId) -> Result<Option<KnownCalendar>> {
        head(self.readers(), edition, id).await?.map(Head::known).transpose()
    }

    /// The conferences of all calendars of an edition, each with the topics of its calendar, by date and name. One
    /// query.
    pub async fn other_conferences(&self, id: EditionId) -> Result<Vec<OtherConference>> {
        let rows = calendar::Entity::find()
            .filter(calendar::Column::Edition.eq(id.0))
            .order_by_asc(calendar::Column::Id)
            .all(self.readers())
            .await?;
        let reading = tokio::task::spawn_blocking(move || {
            let mut out = vec![];
            for row in rows {
                let place = place(row.id);
                let topics: Vec<Line> =
                    serde_json::from_str(&row.topics).map_err(|error| Error::damaged(&place, error))?;
                if row.body.is_empty() {
                    continue;
                }
                let mut conferences: Vec<OtherConference> = body::decode(&row.body, &place)?;
                for conference in &mut conferences {
                    conference.topics.extend(topics.iter().cloned());
                    if conference.source.is_empty() {
                        conference.source = Line::clean(&row.name);
                    }
                }
                out.append(&mut conferences);
            }
            model::calendar::normalise(&mut out);
            Ok(out)
        });
        reading.await.map_err(|error| Error::damaged("a calendar", error))?
    }

    /// Keeps a file that was given. A file of the same name takes the place of the one before.
    pub async fn put_calendar_file(
        &self,
        actor: &Actor,
        edition: EditionId,
        name: &Line,
        topics: &[Line],
        content: &CalendarContent,
    ) -> Result<CalendarId> {
        self.write(actor, async |tx| {
            let same = calendar::Entity::find()
                .filter(calendar::Column::Edition.eq(edition.0))
                .filter(calendar::Column::Name.eq(name.as_str()))
                .filter(calendar::Column::Address.is_null())
                .one(tx.db())
                .await?;
            let before = match same {
                Some(row) => row,
                None => new_row(tx, edition, name, None, topics).await?,
            };
            let row = calendar::Model { topics: json(&topics)?, ..before };
            fill(tx, row, content).await
        })
        .await
    }

    /// Adds an address, to be fetched at once and then every day. One that is there already is not added again.
    pub async fn add_calendar(
        &self,
        actor: &Actor,
        edition: EditionId,
        name: &Line,
        address: &WebUrl,
        topics: &[Line],
    ) -> Result<CalendarId> {
        self.write(actor, async |tx| {
            let same = calendar::Entity::find()
                .filter(calendar::Column::Edition.eq(edition.0))
                .filter(calendar::Column::Address.eq(address.as_str()))
                .into_partial_model::<Head>()
                .one(tx.db())
                .await?;
            if let Some(same) = same {
                return Ok(CalendarId(same.id));
            }
            let row = new_row(tx, edition, name, Some(address), topics).await?;
            let row = calendar::Model { due_at: Some(to_micros(tx.at())), ..row };
            let id = CalendarId(row.id);
            put(tx, None, row).await?;
            Ok(id)
        })
        .await
    }

    /// Puts what was fetched into a calendar. Returns whether that changed it; reading the same again changes nothing
    /// but when it was read. `None` for content that is as it was.
    pub async fn fill_calendar(
        &self,
        edition: EditionId,
        id: CalendarId,
        content: Option<&CalendarContent>,
    ) -> Result<bool> {
        self.write(&Actor::System, async |tx| {
            let Some(row) = row(tx.db(), edition, id).await? else {
                return Err(gone());
            };
            let before = row.digest.clone();
            let Some(content) = content else {
                let row = read_now(tx, row);
                crate::save::upsert::<calendar::Entity>(tx.db(), vec![row]).await?;
                return Ok(false);
            };
            fill(tx, row, content).await?;
            let after = head(tx.db(), edition, id).await?.map(|head| head.digest).unwrap_or_default();
            Ok(before != after)
        })
        .await
    }

    /// Says that fetching a calendar failed, and when it is tried again.
    pub async fn calendar_failed(&self, edition: EditionId, id: CalendarId, why: &str) -> Result<()> {
        self.write(&Actor::System, async |tx| {
            let Some(row) = row(tx.db(), edition, id).await? else {
                return Ok(());
            };
            let failures = row.failures.saturating_add(1);
            let spread = id.0.as_u128() as u64;
            let due = AGAIN.next(u32::try_from(failures).unwrap_or(1), tx.at(), spread);
            let row = calendar::Model {
                tried_at: Some(to_micros(tx.at())),
                due_at: row.address.as_ref().and(due).map(to_micros),
                failures,
                error: excerpt(why, 500),
                ..row
            };
            crate::save::upsert::<calendar::Entity>(tx.db(), vec![row]).await?;
            Ok(())
        })
        .await
    }

    /// Up to `most` calendars whose address is to be fetched by `now`, the longest overdue first. One query.
    pub async fn calendars_due(&self, now: Timestamp, most: u64) -> Result<Vec<KnownCalendar>> {
        let rows = calendar::Entity::find()
            .filter(calendar::Column::DueAt.lte(to_micros(now)))
            .order_by_asc(calendar::Column::DueAt)
            .limit(most)
            .into_partial_model::<Head>()
            .all(self.readers())
            .await?;
        rows.into_iter().map(Head::known).collect()
    }

    /// Removes a calendar and its conferences.
    pub async fn remove_calendar(&self, actor: &Actor, edition: EditionId, id: CalendarId) -> Result<()> {
        self.write(actor, async |tx| {
            let Some(row) = row(tx.db(), edition, id).await? else {
                return Err(gone());
            };
            drop_row(tx, &calendar_of(&row)?).await
        })
        .await
    }
}

/// Whether what was done to a calendar can be taken back, as far as the record holds what it takes: the conferences of a
/// calendar are not in the feed.
pub(crate) fn can_undo(deed: Deed, before: Option<&Value>) -> Result<(), Refusal> {
    let has_address = before.and_then(|fact| fact.get("address")).is_some_and(|address| !address.is_null());
    let (problem, remedy) = match deed {
        Deed::Created => return Ok(()),
        Deed::Removed if has_address => return Ok(()),
        Deed::Removed => ("the file was not kept", "Give it again on the page Dates"),
        Deed::Changed => (
            "it holds what stands at its source",
            "Fetch it again, or give its file again, on the page Dates",
        ),
    };
    Err(Refusal::new("undo", problem, remedy))
}

/// Removes a calendar that was added, if it still is the one, whatever was read from it since; adds one that was removed
/// again, to be fetched at once. Gives whether it was as that deed left it.
pub(crate) async fn restore(
    tx: &Tx,
    edition: EditionId,
    id: CalendarId,
    before: Option<Value>,
    after: Option<Value>,
) -> Result<bool> {
    // How much stands at its source is not what was decided of it.
    let decided = |calendar: Calendar| Calendar { conferences: 0, digest: String::new(), ..calendar };
    let (wanted, left): (Option<Calendar>, Option<Calendar>) = (read(before)?, read(after)?);
    let present = row_as_it_is(tx, id.0).await?;
    if present.clone().map(decided) != left.map(decided) {
        return Ok(false);
    }
    if let Some(present) = present {
        drop_row(tx, &present).await?;
    }
    if let Some(wanted) = wanted {
        let row = new_row(tx, edition, &wanted.name, wanted.address.as_ref(), &wanted.topics).await?;
        let row = calendar::Model { id: id.0, due_at: Some(to_micros(tx.at())), ..row };
        put(tx, None, row).await?;
    }
    Ok(true)
}

fn read<T: serde::de::DeserializeOwned>(value: Option<Value>) -> Result<Option<T>> {
    value.map(serde_json::from_value).transpose().map_err(|error| Error::damaged("feed", error))
}

async fn drop_row(tx: &Tx, calendar: &Calendar) -> Result<()> {
    calendar::Entity::delete_by_id(calendar.id.0).exec(tx.db()).await?;
    tx.note(vec![Change {
        kind: CalendarId::KIND,
        thing: calendar.id.0,
        edition: Some(calendar.edition),
        deed: Deed::Removed,
        before: Some(fact(calendar)?),
        after: None,
    }])
    .await
}

fn gone() -> Error {
    Refusal::new("calendar", "there is no such calendar any more", "Load the page again").into()
}

fn place(id: Uuid) -> String {
    format!("calendar {id}")
}

async fn row(
    db: &impl ConnectionTrait,
    edition: EditionId,
    id: CalendarId,
) -> Result<Option<calendar::Model>> {
    let found = calendar::Entity::find_by_id(id.0).filter(calendar::Column::Edition.eq(edition.0));
    Ok(found.one(db).await?)
}

async fn head(db: &impl ConnectionTrait, edition: EditionId, id: CalendarId) -> Result<Option<Head>> {
    let found = calendar::Entity::find_by_id(id.0).filter(calendar::Column::Edition.eq(edition.0));
    Ok(found.into_partial_model::<Head>().one(db).await?)
}

/// A row that is not written yet.
async fn new_row(
    tx: &Tx,
    edition: EditionId,
    name: &Line,
    address: Option<&WebUrl>,
    topics: &[Line],
) -> Result<calendar::Model> {
    if edition::Entity::find_by_id(edition.0).one(tx.db()).await?.is_none() {
        return Err(Error::no_edition(edition));
    }
    let present =
        calendar::Entity::find().filter(calendar::Column::Edition.eq(edition.0)).count(tx.db()).await?;
    if present >= CALENDARS_MAX as u64 {
        return Err(Refusal::new(
            "calendar",
            format!("the edition has {CALENDARS_MAX} calendars already"),
            "Remove one that is not needed",
        )
        .into());
    }
    if name.is_empty() {
        return Err(Refusal::new("name", "no name was given", "Say what the calendar is called").into());
    }
    Ok(calendar::Model {
        id: Uuid::now_v7(),
        edition: edition.0,
        name: name.to_string(),
        address: address.map(ToString::to_string),
        topics: json(&topics)?,
        conferences: 0,
        digest: String::new(),
        read_at: None,
        tried_at: None,
        due_at: None,
        failures: 0,
        error: String::new(),
        etag: String::new(),
        notes: "[]".to_owned(),
        body: vec![],
    })
}

/// The row after it was read without a failure.
fn read_now(tx: &Tx, row: calendar::Model) -> calendar::Model {
    let now = Some(to_micros(tx.at()));
    let due = tx.at().checked_add(DAILY).ok().map(to_micros);
    calendar::Model {
        read_at: now,
        tried_at: now,
        due_at: row.address.as_ref().and(due),
        failures: 0,
        error: String::new(),
        ..row
    }
}

/// Puts content into a row and writes it.
async fn fill(tx: &Tx, row: calendar::Model, content: &CalendarContent) -> Result<CalendarId> {
    if content.conferences.len() > CONFERENCES_MAX {
        return Err(Refusal::new(
            "calendar",
            format!("it has more than {CONFERENCES_MAX} conferences"),
            "Split it by year",
        )
        .into());
    }
    let before = row_as_it_is(tx, row.id).await?;
    let written = json(&content.conferences)?;
    let mut notes = content.notes.clone();
    if notes.len() > NOTES_MAX {
        let more = notes.len() - NOTES_MAX;
        notes.truncate(NOTES_MAX);
        notes.push(format!("{more} more notes."));
    }
    let row = calendar::Model {
        conferences: i32::try_from(content.conferences.len()).unwrap_or(i32::MAX),
        digest: body::hexadecimal(&body::digest(written.as_bytes())),
        etag: excerpt(&content.etag, 200),
        notes: json(&notes)?,
        body: body::encode(&content.conferences)?,
        ..read_now(tx, row)
    };
    let id = CalendarId(row.id);
    put(tx, before.as_ref(), row).await?;
    Ok(id)
}

async fn row_as_it_is(tx: &Tx, id: Uuid) -> Result<Option<Calendar>> {
    let found = calendar::Entity::find_by_id(id).into_partial_model::<Head>().one(tx.db()).await?;
    found.map(|head| head.calendar()).transpose()
}

async fn put(tx: &Tx, before: Option<&Calendar>, row: calendar::Model) -> Result<()> {
    let after = calendar_of(&row)?;
    let thing = row.id;
    crate::save::upsert::<calendar::Entity>(tx.db(), vec![row]).await?;
    if before == Some(&after) {
        return Ok(());
    }
    tx.note(vec![Change {
        kind: CalendarId::KIND,
        thing,
        edition: Some(after.edition),
        deed: if before.is_some() { Deed::Changed } else { Deed::Created },
        before: before.map(fact).transpose()?,
        after: Some(fact(&after)?),
    }])
    .await
}

/// The calendar of a row.
pub(crate) fn calendar_of(row: &calendar::Model) -> Result<Calendar> {
    calendar(
        row.id,
        row.edition,
        &row.name,
        row.address.as_deref(),
        &row.topics,
        row.conferences,
        &row.digest,
    )
}

fn calendar(
    id: Uuid,
    edition: Uuid,
    name: &str,
    address: Option<&str>,
    topics: &str,
    conferences: i32,
    digest: &str,
) -> Result<Calendar> {
    let damaged = |error: &dyn std::fmt::Display| Error::damaged(place(id), error);
    Ok(Calendar {
        id: CalendarId(id),
        edition: EditionId(edition),
        name: Line::clean(name),
        address: address.map(WebUrl::parse).transpose().map_err(|error| damaged(&error))?,
        topics: serde_json::from_str(topics).map_err(|error| damaged(&error))?,
        conferences: u32::try_from(conferences).map_err(|error| damaged(&error))?,
        digest: digest.to_owned(),
    })
}

/// What a row says without its body.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "calendar::Entity")]
struct Head {
    id: Uuid,
    edition: Uuid,
    name: String,
    address: Option<String>,
    topics: String,
    conferences: i32,
    digest: String,
    read_at: Option<i64>,
    tried_at: Option<i64>,
    due_at: Option<i64>,
    failures: i32,
    error: String,
    etag: String,
    notes: String,
}

impl Head {
    fn calendar(&self) -> Result<Calendar> {
        calendar(
            self.id,
            self.edition,
            &self.name,
            self.address.as_deref(),
            &self.topics,
            self.conferences,
            &self.digest,
        )
    }

    fn known(self) -> Result<KnownCalendar> {
        Ok(KnownCalendar {
            calendar: self.calendar()?,
            read_at: self.read_at.and_then(from_micros),
            tried_at: self.tried_at.and_then(from_micros),
            due_at: self.due_at.and_then(from_micros),
            failures: u32::try_from(self.failures).unwrap_or_default(),
            error: self.error,
            etag: self.etag,
            notes: serde_json::from_str(&self.notes)
                .map_err(|error| Error::damaged(place(self.id), error))?,
        })
    }
}

/// What verification looks at beside the feed: a body that says something else than its digest.
pub(crate) fn broken(row: &calendar::Model) -> Result<Option<String>> {
    if row.body.is_empty() && row.digest.is_empty() {
        return Ok(None);
    }
    let conferences: Vec<OtherConference> = body::decode(&row.body, &place(row.id))?;
    let sound = body::hexadecimal(&body::digest(json(&conferences)?.as_bytes())) == row.digest
        && usize::try_from(row.conferences).is_ok_and(|count| count == conferences.len());
    Ok((!sound).then(|| format!("calendar {}: its conferences are not those that it says", row.id)))
}
