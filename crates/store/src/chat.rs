//! What is said in rooms: one log for all of them, see [`model::chat`].
//!
//! The log is not in the change feed: it is one itself, with its own ascending numbers, and nothing in it is ever
//! changed but whose account said something. Many people speak at once, so what they say is written many at a time
//! ([`Store::say`]); each is told of its own outcome.

use crate::{
    Error, Result, Store,
    content::{allowed, note},
    entity::{chat_ban, chat_event, chat_report, edition},
    holding::Holding,
    lookup::among,
    proposal::signed_in,
    rows,
    save::upsert,
    tx::Tx,
};
use jiff::Timestamp;
use model::{
    Refusal,
    chat::{Author, Ban, Event, Message, Position, Report, Rights, Said, Spoke, Standing, fold, may_say},
    edition::{Edition, EditionState},
    id::{AccountId, EditionId, RoomId},
    permission::{Action, Place, Subject},
    text::{Line, RichText},
    time::{from_micros, to_micros},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, Func},
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use tokio::sync::watch;
use uuid::Uuid;

/// The words for bans and reports in the feed.
pub(crate) const BAN_KIND: &str = "chat-ban";
pub(crate) const REPORT_KIND: &str = "chat-report";
/// What an account's own export calls what it said. The feed does not know it.
const SAID_KIND: &str = "chat-event";

const MESSAGE: &str = "message";
const QUESTION: &str = "question";
const EDIT: &str = "edit";
const REMOVAL: &str = "removal";
const REACTION: &str = "reaction";
const ANSWERED: &str = "answered";

/// Rows of one statement; thirteen bind variables each.
const CHUNK: usize = 500;

/// The most messages that a search gives.
const FOUND_MAX: u64 = 50;

/// How many reports of one person may wait.
const WAITING_MAX: usize = 20;

/// Something that somebody wants to say.
#[derive(Clone, Debug)]
pub struct Saying {
    /// Its identifier, chosen by whoever says it: the same is said once.
    pub id: Uuid,
    /// The edition.
    pub edition: EditionId,
    /// The room, of that edition.
    pub room: RoomId,
    /// Through which way.
    pub spoke: Spoke,
    /// Who.
    pub author: Author,
    /// How they are called.
    pub name: Line,
    /// What they may do in the room.
    pub rights: Rights,
    /// What.
    pub said: Said,
    /// What its spoke calls the message, where it calls it anything.
    pub outside: Option<String>,
}

/// What was last said in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    /// The room.
    pub room: RoomId,
    /// Where in the log.
    pub position: Position,
    /// When.
    pub at: Timestamp,
}

/// A report, with what it is about.
#[derive(Clone, Debug)]
pub struct Reported {
    /// The report.
    pub report: Report,
    /// How whoever reports is called; empty once they have no account any more.
    pub by: Line,
    /// The message as it stands; `None` where it is not there any more.
    pub message: Option<Message>,
}

impl Store {
    /// Adds to the log what is allowed of these, in their order, all in one transaction. Gives for each its place, or why
    /// it was refused. What was said before under the same identifier gives its place again.
    ///
    /// Some eight statements for up to 500 sayings.
    pub async fn say(&self, sayings: &[Saying]) -> Result<Vec<Result<Position, Refusal>>> {
        if sayings.is_empty() {
            return Ok(vec![]);
        }
        self.write(&model::feed::Actor::System, async |tx| {
            let db = tx.db();
            let mut places = said_before(db, sayings).await?;
            let mut standing = standings(db, sayings).await?;
            let bans = bans_on(db, sayings, tx.at()).await?;
            let closed = archived(db, sayings).await?;
            let head = head(db).await?;
            let mut next = head;
            let (mut outcomes, mut written) = (Vec::with_capacity(sayings.len()), vec![]);
            let mut names = vec![];
            for saying in sayings {
                if let Some(place) = places.get(&saying.id) {
                    outcomes.push(Ok(*place));
                    continue;
                }
                let target = saying.said.needs().and_then(|target| standing.get(&target));
                let banned = match &saying.author {
                    Author::Account(id) => bans.get(&(saying.edition, *id)),
                    _ => None,
                };
                let allowed = if let Some(title) = closed.get(&saying.edition) {
                    Err(crate::edition::archived(title))
                } else if let Some(ban) = banned {
                    Err(ban.refusal())
                } else {
                    may_say(&saying.said, &saying.author, saying.rights, saying.room, target)
                };
                if let Err(refusal) = allowed {
                    outcomes.push(Err(refusal));
                    continue;
                }
                next += 1;
                match &saying.said {
                    Said::Message { .. } | Said::Question { .. } => {
                        let stands = Standing {
                            room: saying.room,
                            author: saying.author.clone(),
                            question: matches!(saying.said, Said::Question { .. }),
                            removed: false,
                        };
                        standing.insert(next, stands);
                    }
                    Said::Removal { target } => {
                        if let Some(target) = standing.get_mut(target) {
                            target.removed = true;
                        }
                    }
                    Said::Edit { .. } | Said::Reaction { .. } | Said::Answered { .. } => {}
                }
                places.insert(saying.id, next);
                names.extend(saying.outside.clone().map(|outside| (saying.spoke, next, outside)));
                written.push(row_of(saying, next, tx.at()));
                outcomes.push(Ok(next));
            }
            for chunk in written.chunks(CHUNK) {
                let rows = chunk.iter().cloned().map(IntoActiveModel::into_active_model);
                chat_event::Entity::insert_many(rows).exec_without_returning(db).await?;
            }
            if !names.is_empty() {
                crate::spoke::remember(tx, names).await?;
            }
            if next > head {
                tx.said(next);
            }
            Ok(outcomes)
        })
        .await
    }

    /// What was said after a place, in all rooms, the earliest first.
    pub async fn chat_since(&self, after: Position, limit: u64) -> Result<Vec<Event>> {
        let rows = chat_event::Entity::find()
            .filter(chat_event::Column::Seq.gt(after))
            .order_by_asc(chat_event::Column::Seq)
            .limit(limit)
            .all(self.readers())
            .await?;
        rows.iter().map(event_of).collect()
    }

    /// What was said after a place in one room, the earliest first. One query.
    pub async fn chat_in(&self, room: RoomId, after: Position, limit: u64) -> Result<Vec<Event>> {
        let rows = chat_event::Entity::find()
            .filter(chat_event::Column::Room.eq(room.0))
            .filter(chat_event::Column::Seq.gt(after))
            .order_by_asc(chat_event::Column::Seq)
            .limit(limit)
            .all(self.readers())
            .await?;
        rows.iter().map(event_of).collect()
    }

    /// The newest messages of a room before a place, as they stand, the earliest first; and the head of the log that they
    /// are as of. Three queries.
    pub async fn chat_page(
        &self,
        room: RoomId,
        before: Option<Position>,
        limit: u64,
    ) -> Result<(Vec<Message>, Position)> {
        let db = self.read().await?;
        let mut find = messages_of(room);
        if let Some(before) = before {
            find = find.filter(chat_event::Column::Seq.lt(before));
        }
        let rows = find.order_by_desc(chat_event::Column::Seq).limit(limit).all(&db).await?;
        let messages = with_what_followed(&db, rows).await?;
        let head = head(&db).await?;
        db.commit().await?;
        Ok((messages, head))
    }

    /// These messages as they stand. Two queries.
    pub async fn chat_messages(&self, positions: &[Position]) -> Result<Vec<Message>> {
        if positions.is_empty() {
            return Ok(vec![]);
        }
        let db = self.read().await?;
        let rows = messages().filter(among(chat_event::Column::Seq, positions.to_vec())).all(&db).await?;
        let messages = with_what_followed(&db, rows).await?;
        db.commit().await?;
        Ok(messages)
    }

    /// The questions of a room as they stand: those that wait first, by their votes. Two queries.
    pub async fn chat_questions(&self, room: RoomId) -> Result<Vec<Message>> {
        let db = self.read().await?;
        let rows = messages_of(room).filter(chat_event::Column::Kind.eq(QUESTION)).all(&db).await?;
        let mut questions = with_what_followed(&db, rows).await?;
        db.commit().await?;
        questions.retain(|question| question.text.is_some());
        questions.sort_by_key(|one| (one.answered, std::cmp::Reverse(one.votes()), one.position));
        Ok(questions)
    }

    /// The messages of a room that hold all these words, the newest first. Three queries.
    pub async fn chat_search(&self, room: RoomId, words: &str) -> Result<Vec<Message>> {
        let words: Vec<String> = words.split_whitespace().take(8).map(str::to_lowercase).collect();
        if words.is_empty() {
            return Ok(vec![]);
        }
        let db = self.read().await?;
        let mut holds = Condition::all();
        for word in &words {
            let escaped = word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            let like = sea_orm::sea_query::LikeExpr::new(format!("%{escaped}%")).escape('\\');
            holds = holds.add(Func::lower(Expr::col(chat_event::Column::Body)).like(like));
        }
        let matching: Vec<(i64, Option<i64>, String)> = chat_event::Entity::find()
            .select_only()
            .columns([chat_event::Column::Seq, chat_event::Column::Target, chat_event::Column::Kind])
            .filter(chat_event::Column::Room.eq(room.0))
            .filter(chat_event::Column::Kind.is_in([MESSAGE, QUESTION, EDIT]))
            .filter(holds)
            .order_by_desc(chat_event::Column::Seq)
            .limit(FOUND_MAX * 2)
            .into_tuple()
            .all(&db)
            .await?;
        let positions: BTreeSet<i64> = matching
            .into_iter()
            .filter_map(|(seq, target, kind)| if kind == EDIT { target } else { Some(seq) })
            .collect();
        if positions.is_empty() {
            return Ok(vec![]);
        }
        let rows = messages().filter(among(chat_event::Column::Seq, positions)).all(&db).await?;
        let mut found = with_what_followed(&db, rows).await?;
        db.commit().await?;
        // What was changed or removed since may hold them no more.
        found.retain(|message| {
            let text = message.text.as_ref().map(|text| text.as_str().to_lowercase()).unwrap_or_default();
            words.iter().all(|word| text.contains(word))
        });
        found.reverse();
        found.truncate(FOUND_MAX as usize);
        Ok(found)
    }

    /// What was last said in each room of an edition where anything was. Two queries.
    pub async fn chat_activity(&self, edition: EditionId) -> Result<Vec<Activity>> {
        let newest: Vec<i64> = chat_event::Entity::find()
            .select_only()
            .column_as(chat_event::Column::Seq.max(), "newest")
            .filter(chat_event::Column::Edition.eq(edition.0))
            .filter(chat_event::Column::Kind.is_in([MESSAGE, QUESTION]))
            .group_by(chat_event::Column::Room)
            .into_tuple()
            .all(self.readers())
            .await?;
        if newest.is_empty() {
            return Ok(vec![]);
        }
        let rows = messages().filter(among(chat_event::Column::Seq, newest)).all(self.readers()).await?;
        let activity = |row: &chat_event::Model| {
            let event = event_of(row)?;
            Ok(Activity { room: event.room, position: event.position, at: event.at })
        };
        rows.iter().map(activity).collect()
    }

    /// The end of the log, now and whenever something is said: in this process at once, elsewhere within a second.
    pub fn watch_chat(&self) -> watch::Receiver<Position> {
        self.chat_heads().subscribe()
    }

    /// Bans somebody from saying anything in the rooms of an edition; they are told why nothing of theirs is taken, not
    /// who banned them.
    pub async fn ban(
        &self,
        subject: &Subject,
        edition: &Edition,
        account: AccountId,
        until: Option<Timestamp>,
        reason: &Line,
    ) -> Result<Ban> {
        self.write(&subject.actor, async |tx| {
            allowed(tx.db(), subject, Action::ModerateRoom, edition.id, None).await?;
            if subject.account == Some(account) {
                let problem = "that is you";
                return Err(Refusal::new("person", problem, "Choose somebody else").into());
            }
            if until.is_some_and(|until| until <= tx.at()) {
                let problem = "it would be over already";
                return Err(Refusal::new("until", problem, "Name a time to come, or none").into());
            }
            let ban = Ban {
                id: Uuid::now_v7(),
                edition: edition.id,
                account,
                at: tx.at(),
                until,
                reason: reason.clone(),
                lifted: None,
            };
            put_ban(tx, None, &ban).await?;
            Ok(ban)
        })
        .await
    }

    /// Lifts a ban.
    pub async fn lift_ban(&self, subject: &Subject, edition: &Edition, id: Uuid) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            allowed(tx.db(), subject, Action::ModerateRoom, edition.id, None).await?;
            let row = chat_ban::Entity::find_by_id(id).one(tx.db()).await?;
            let row = row.filter(|row| row.edition == edition.id.0);
            let none = || Refusal::new("ban", "it is not there any more", "Look in the list of bans");
            let before = ban_of(&row.ok_or_else(none)?)?;
            if before.lifted.is_some() {
                return Ok(());
            }
            put_ban(tx, Some(&before), &Ban { lifted: Some(tx.at()), ..before.clone() }).await
        })
        .await
    }

    /// The bans of an edition, the newest first. One query.
    pub async fn bans(&self, edition: EditionId) -> Result<Vec<Ban>> {
        let rows = chat_ban::Entity::find()
            .filter(chat_ban::Column::Edition.eq(edition.0))
            .order_by_desc(chat_ban::Column::Id)
            .all(self.readers())
            .await?;
        rows.iter().map(ban_of).collect()
    }

    /// Reports a message to those who moderate.
    pub async fn report(
        &self,
        subject: &Subject,
        edition: &Edition,
        room: RoomId,
        message: Position,
        reason: &Line,
    ) -> Result<()> {
        let account = signed_in(subject)?;
        self.write(&subject.actor, async |tx| {
            let row = messages_of(room).filter(chat_event::Column::Seq.eq(message)).one(tx.db()).await?;
            if row.is_none_or(|row| row.edition != edition.id.0) {
                let problem = "it is not there any more";
                return Err(Refusal::new("message", problem, "Look at the newest messages").into());
            }
            let waiting = chat_report::Entity::find()
                .filter(chat_report::Column::Account.eq(account.0))
                .filter(chat_report::Column::SettledAt.is_null())
                .all(tx.db())
                .await?;
            let waiting: Vec<Report> = waiting.iter().map(report_of).collect::<Result<_>>()?;
            if waiting.iter().any(|one| one.message == message) {
                return Ok(());
            }
            if waiting.len() >= WAITING_MAX {
                let problem = format!("{WAITING_MAX} reports of yours wait");
                return Err(Refusal::new("message", problem, "Write to those who run the conference").into());
            }
            let report = Report {
                id: Uuid::now_v7(),
                message,
                room,
                account: Some(account),
                at: tx.at(),
                reason: reason.clone(),
                settled: None,
            };
            put_report(tx, edition.id, None, &report).await
        })
        .await
    }

    /// Says that a report was dealt with.
    pub async fn settle_report(&self, subject: &Subject, edition: &Edition, id: Uuid) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            allowed(tx.db(), subject, Action::ModerateRoom, edition.id, None).await?;
            let row = chat_report::Entity::find_by_id(id).one(tx.db()).await?;
            let row = row.filter(|row| row.edition == edition.id.0);
            let none = || Refusal::new("report", "it is not there any more", "Look in the list of reports");
            let before = report_of(&row.ok_or_else(none)?)?;
            let after = Report { settled: before.settled.or(Some(tx.at())), ..before.clone() };
            put_report(tx, edition.id, Some(&before), &after).await
        })
        .await
    }

    /// The reports of an edition that wait, the earliest first, for those who moderate all of it. Four queries.
    pub async fn reports(&self, subject: &Subject, edition: &Edition) -> Result<Vec<Reported>> {
        subject.may(Action::ModerateRoom, &Place::edition(edition))?;
        let db = self.read().await?;
        let rows = chat_report::Entity::find()
            .filter(chat_report::Column::Edition.eq(edition.id.0))
            .filter(chat_report::Column::SettledAt.is_null())
            .order_by_asc(chat_report::Column::Id)
            .all(&db)
            .await?;
        let names = crate::review::names_of(&db, rows.iter().filter_map(|row| row.account)).await?;
        let reports: Vec<Report> = rows.iter().map(report_of).collect::<Result<_>>()?;
        let positions: BTreeSet<i64> = reports.iter().map(|report| report.message).collect();
        let mut about = HashMap::new();
        if !positions.is_empty() {
            let rows = messages().filter(among(chat_event::Column::Seq, positions)).all(&db).await?;
            let found = with_what_followed(&db, rows).await?;
            about = found.into_iter().map(|message| (message.position, message)).collect();
        }
        db.commit().await?;
        Ok(reports
            .into_iter()
            .map(|report| Reported {
                by: report.account.and_then(|id| names.get(&id.0).cloned()).unwrap_or_default(),
                message: about.get(&report.message).cloned(),
                report,
            })
            .collect())
    }
}

fn messages() -> sea_orm::Select<chat_event::Entity> {
    chat_event::Entity::find().filter(chat_event::Column::Kind.is_in([MESSAGE, QUESTION]))
}

fn messages_of(room: RoomId) -> sea_orm::Select<chat_event::Entity> {
    messages().filter(chat_event::Column::Room.eq(room.0))
}

/// The messages of these rows with all that was said about them.
async fn with_what_followed(db: &impl ConnectionTrait, rows: Vec<chat_event::Model>) -> Result<Vec<Message>> {
    let positions: Vec<i64> = rows.iter().map(|row| row.seq).collect();
    let mut events: Vec<Event> = rows.iter().map(event_of).collect::<Result<_>>()?;
    if !positions.is_empty() {
        let about = chat_event::Entity::find()
            .filter(among(chat_event::Column::Target, positions))
            .filter(chat_event::Column::Kind.is_not_in([MESSAGE, QUESTION]))
            .all(db)
            .await?;
        for row in &about {
            events.push(event_of(row)?);
        }
    }
    Ok(fold(events))
}

/// The newest place of the log; 0 where nothing was said yet.
pub(crate) async fn head(db: &impl ConnectionTrait) -> Result<Position> {
    let newest: Option<Position> = chat_event::Entity::find()
        .select_only()
        .column(chat_event::Column::Seq)
        .order_by_desc(chat_event::Column::Seq)
        .into_tuple()
        .one(db)
        .await?;
    Ok(newest.unwrap_or_default())
}

async fn said_before(db: &impl ConnectionTrait, sayings: &[Saying]) -> Result<HashMap<Uuid, Position>> {
    let ids: BTreeSet<Uuid> = sayings.iter().map(|saying| saying.id).collect();
    let known: Vec<(Uuid, i64)> = chat_event::Entity::find()
        .select_only()
        .columns([chat_event::Column::Id, chat_event::Column::Seq])
        .filter(among(chat_event::Column::Id, ids))
        .into_tuple()
        .all(db)
        .await?;
    Ok(known.into_iter().collect())
}

async fn standings(db: &impl ConnectionTrait, sayings: &[Saying]) -> Result<HashMap<Position, Standing>> {
    let wanted: BTreeSet<i64> = sayings.iter().filter_map(|saying| saying.said.needs()).collect();
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let removed: HashSet<i64> = chat_event::Entity::find()
        .select_only()
        .column(chat_event::Column::Target)
        .filter(among(chat_event::Column::Target, wanted.clone()))
        .filter(chat_event::Column::Kind.eq(REMOVAL))
        .into_tuple()
        .all(db)
        .await?
        .into_iter()
        .collect();
    let rows = messages().filter(among(chat_event::Column::Seq, wanted)).all(db).await?;
    let standing = |row: &chat_event::Model| {
        let event = event_of(row)?;
        let stands = Standing {
            room: event.room,
            author: event.author,
            question: row.kind == QUESTION,
            removed: removed.contains(&row.seq),
        };
        Ok((row.seq, stands))
    };
    rows.iter().map(standing).collect()
}

async fn bans_on(
    db: &impl ConnectionTrait,
    sayings: &[Saying],
    now: Timestamp,
) -> Result<HashMap<(EditionId, AccountId), Ban>> {
    let people = sayings.iter().filter_map(|saying| match saying.author {
        Author::Account(id) => Some(id.0),
        _ => None,
    });
    let people: BTreeSet<Uuid> = people.collect();
    if people.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = chat_ban::Entity::find().filter(among(chat_ban::Column::Account, people)).all(db).await?;
    let bans: Vec<Ban> = rows.iter().map(ban_of).collect::<Result<_>>()?;
    let holding = bans.into_iter().filter(|ban| ban.holds(now));
    Ok(holding.map(|ban| ((ban.edition, ban.account), ban)).collect())
}

/// The editions of these that are archived, by their titles: nothing is said in them any more.
async fn archived(db: &impl ConnectionTrait, sayings: &[Saying]) -> Result<HashMap<EditionId, Line>> {
    let editions: BTreeSet<Uuid> = sayings.iter().map(|saying| saying.edition.0).collect();
    let rows: Vec<(Uuid, String)> = edition::Entity::find()
        .select_only()
        .columns([edition::Column::Id, edition::Column::Title])
        .filter(among(edition::Column::Id, editions))
        .filter(edition::Column::State.eq(EditionState::Archived.as_str()))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|(id, title)| (EditionId(id), Line::clean(&title))).collect())
}

fn row_of(saying: &Saying, seq: Position, at: Timestamp) -> chat_event::Model {
    let (account, outside) = match &saying.author {
        Author::Account(id) => (Some(id.0), None),
        Author::Outside(id) => (None, Some(id.clone())),
        Author::System | Author::Gone => (None, None),
    };
    let (kind, target, flag, body) = match &saying.said {
        Said::Message { text, reply_to } => (MESSAGE, *reply_to, false, text.to_string()),
        Said::Question { text } => (QUESTION, None, false, text.to_string()),
        Said::Edit { target, text } => (EDIT, Some(*target), false, text.to_string()),
        Said::Removal { target } => (REMOVAL, Some(*target), false, String::new()),
        Said::Reaction { target, emoji, given } => (REACTION, Some(*target), *given, emoji.clone()),
        Said::Answered { target, answered } => (ANSWERED, Some(*target), *answered, String::new()),
    };
    chat_event::Model {
        edition: saying.edition.0,
        seq,
        id: saying.id,
        room: saying.room.0,
        at: to_micros(at),
        spoke: saying.spoke.as_str().to_owned(),
        account,
        outside,
        name: saying.name.to_string(),
        kind: kind.to_owned(),
        target,
        flag,
        body,
    }
}

fn event_of(row: &chat_event::Model) -> Result<Event> {
    let damaged = |what: &str| Error::damaged(format!("message {}", row.seq), what);
    let spoke = Spoke::parse(&row.spoke).ok_or_else(|| damaged("no such spoke"))?;
    let author = match (row.account, &row.outside) {
        (Some(id), _) => Author::Account(AccountId(id)),
        (None, Some(id)) => Author::Outside(id.clone()),
        (None, None) if spoke == Spoke::System => Author::System,
        (None, None) => Author::Gone,
    };
    let text = || RichText::clean(&row.body);
    let target = || row.target.ok_or_else(|| damaged("it is about nothing"));
    let said = match row.kind.as_str() {
        MESSAGE => Said::Message { text: text(), reply_to: row.target },
        QUESTION => Said::Question { text: text() },
        EDIT => Said::Edit { target: target()?, text: text() },
        REMOVAL => Said::Removal { target: target()? },
        REACTION => Said::Reaction { target: target()?, emoji: row.body.clone(), given: row.flag },
        ANSWERED => Said::Answered { target: target()?, answered: row.flag },
        _ => return Err(damaged("no such kind")),
    };
    Ok(Event {
        position: row.seq,
        id: row.id,
        edition: EditionId(row.edition),
        room: RoomId(row.room),
        at: from_micros(row.at).ok_or_else(|| damaged("no such instant"))?,
        spoke,
        author,
        name: Line::clean(&row.name),
        said,
    })
}

async fn put_ban(tx: &Tx, before: Option<&Ban>, after: &Ban) -> Result<()> {
    let row = chat_ban::Model {
        edition: after.edition.0,
        id: after.id,
        account: after.account.0,
        facts: rows::json(after)?,
    };
    upsert::<chat_ban::Entity>(tx.db(), vec![row]).await?;
    note(tx, (BAN_KIND, after.id), after.edition, before, Some(after)).await
}

fn ban_of(row: &chat_ban::Model) -> Result<Ban> {
    serde_json::from_str(&row.facts).map_err(|error| Error::damaged(format!("ban {}", row.id), error))
}

async fn put_report(tx: &Tx, edition: EditionId, before: Option<&Report>, after: &Report) -> Result<()> {
    upsert::<chat_report::Entity>(tx.db(), vec![report_row(edition, after)?]).await?;
    note(tx, (REPORT_KIND, after.id), edition, before, Some(after)).await
}

fn report_row(edition: EditionId, report: &Report) -> Result<chat_report::Model> {
    Ok(chat_report::Model {
        edition: edition.0,
        id: report.id,
        account: report.account.map(|id| id.0),
        settled_at: report.settled.map(to_micros),
        facts: rows::json(report)?,
    })
}

fn report_of(row: &chat_report::Model) -> Result<Report> {
    serde_json::from_str(&row.facts).map_err(|error| Error::damaged(format!("report {}", row.id), error))
}

/// What the rows hold, in the feed's words, for [`crate::verify()`]; broken invariants of the log go to `broken`.
pub(crate) async fn state(
    db: &DatabaseTransaction,
    state: &mut BTreeMap<(Option<Uuid>, String, Uuid), Value>,
    broken: &mut Vec<String>,
) -> Result<()> {
    for row in chat_ban::Entity::find().all(db).await? {
        let fact = crate::account::fact(&ban_of(&row)?)?;
        state.insert((Some(row.edition), BAN_KIND.to_owned(), row.id), fact);
    }
    for row in chat_report::Entity::find().all(db).await? {
        let fact = crate::account::fact(&report_of(&row)?)?;
        state.insert((Some(row.edition), REPORT_KIND.to_owned(), row.id), fact);
    }
    let mut messages: HashMap<i64, Uuid> = HashMap::new();
    let mut last = 0;
    loop {
        let rows = chat_event::Entity::find()
            .filter(chat_event::Column::Seq.gt(last))
            .order_by_asc(chat_event::Column::Seq)
            .limit(2_000)
            .all(db)
            .await?;
        let Some(newest) = rows.last() else { return Ok(()) };
        last = newest.seq;
        for row in &rows {
            if let Err(error) = event_of(row) {
                broken.push(error.to_string());
            }
            if row.target.is_some_and(|target| messages.get(&target) != Some(&row.room)) {
                broken
                    .push(format!("message {}: it is about none that was said in its room before", row.seq));
            }
            if row.kind == MESSAGE || row.kind == QUESTION {
                messages.insert(row.seq, row.room);
            }
        }
    }
}

impl Holding for chat_event::Entity {
    const KIND: &'static str = SAID_KIND;
    const ACCOUNT: Self::Column = chat_event::Column::Account;
    const ID: Self::Column = chat_event::Column::Id;

    fn id(row: &chat_event::Model) -> Uuid {
        row.id
    }

    /// The log is its own feed.
    fn fact(_row: &chat_event::Model) -> Result<Value> {
        Ok(Value::Null)
    }

    fn of_account(row: chat_event::Model, account: Uuid) -> chat_event::Model {
        chat_event::Model { account: Some(account), ..row }
    }

    /// Others answered it: it stays, without the person.
    fn kept(row: chat_event::Model, _at: Timestamp, _by: &str) -> Option<chat_event::Model> {
        Some(chat_event::Model { account: None, name: String::new(), ..row })
    }

    fn exported(row: &chat_event::Model) -> Result<Value> {
        Ok(serde_json::json!({
            "at": from_micros(row.at), "room": row.room, "kind": row.kind, "text": row.body,
        }))
    }
}

impl Holding for chat_ban::Entity {
    const KIND: &'static str = BAN_KIND;
    const ACCOUNT: Self::Column = chat_ban::Column::Account;
    const ID: Self::Column = chat_ban::Column::Id;

    fn id(row: &chat_ban::Model) -> Uuid {
        row.id
    }

    fn edition(row: &chat_ban::Model) -> Option<EditionId> {
        Some(EditionId(row.edition))
    }

    fn fact(row: &chat_ban::Model) -> Result<Value> {
        crate::account::fact(&ban_of(row)?)
    }

    fn of_account(row: chat_ban::Model, account: Uuid) -> chat_ban::Model {
        let facts = ban_of(&row).and_then(|ban| rows::json(&Ban { account: AccountId(account), ..ban }));
        chat_ban::Model { account, facts: facts.unwrap_or_else(|_| row.facts.clone()), ..row }
    }
}

impl Holding for chat_report::Entity {
    const KIND: &'static str = REPORT_KIND;
    const ACCOUNT: Self::Column = chat_report::Column::Account;
    const ID: Self::Column = chat_report::Column::Id;

    fn id(row: &chat_report::Model) -> Uuid {
        row.id
    }

    fn edition(row: &chat_report::Model) -> Option<EditionId> {
        Some(EditionId(row.edition))
    }

    fn fact(row: &chat_report::Model) -> Result<Value> {
        crate::account::fact(&report_of(row)?)
    }

    fn of_account(row: chat_report::Model, account: Uuid) -> chat_report::Model {
        let of = |account| move |report| Report { account, ..report };
        rewritten(row, of(Some(AccountId(account))))
    }

    /// Those who moderate still need it.
    fn kept(row: chat_report::Model, _at: Timestamp, _by: &str) -> Option<chat_report::Model> {
        Some(rewritten(row, |report| Report { account: None, ..report }))
    }
}

/// The report as another one; a damaged row stays as it is, for `doctor` to find.
fn rewritten(row: chat_report::Model, change: impl FnOnce(Report) -> Report) -> chat_report::Model {
    match report_of(&row).map(change).and_then(|report| report_row(EditionId(row.edition), &report)) {
        Ok(after) => after,
        Err(_) => row,
    }
}
