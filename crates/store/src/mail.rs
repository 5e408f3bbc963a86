//! The queue of mail, and what became of each.
//!
//! Whatever else a command does, it queues its mail in the same transaction ([`queue`]): either both are there after a
//! kill or neither. Mail leaves the record only through the mailer, which works with leases ([`deliver`]).
//!
//! The feed tells of a mail that it waits and what became of it in the end, of what kind it is, and nothing of what it
//! says or to whom it goes: what stands in the feed stays there for ever.

mod choice;
mod deliver;
mod desk;
mod notify;
mod template;

pub use choice::OptOut;
pub(crate) use choice::{
    claim_mail_to, forget_opt_outs, give_back_opt_outs, hand_over_opt_outs, opt_out_fact,
    restore_suppression, suppression_fact,
};
pub use deliver::{Claimed, Outgoing, ServerTrouble};
pub(crate) use desk::call_off;
pub use desk::{MailFilter, MailPage};
pub(crate) use notify::{Notice, notice_to, notify};
pub(crate) use template::{
    bring, restore_sender, restore_text, sender_fact, sender_of, sender_thing, template_fact, template_thing,
};

use crate::{
    Error, Result, Store,
    entity::{edition, mail, mail_template},
    lookup::{LOOKUP, among},
    rows,
    tx::{Change, Tx},
};
use model::{
    email::Email,
    feed::{Actor, Deed},
    id::{AccountId, EditionId, MailId, ReplyId},
    mail::{Compiled, List, Mail, MailKind, Mailbox, NewMail, Sender, Stage, State, Text},
    text::{Line, folded},
    time::{from_micros, to_micros},
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt::Display,
};
use uuid::Uuid;

/// Rows in one statement: 23 bind variables each.
const CHUNK: usize = 200;

/// The words for these things in the feed.
pub(crate) const SENDER_KIND: &str = "mail-sender";
pub(crate) const OPT_OUT_KIND: &str = "opt-out";

/// What became of mails that were to be queued.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queued {
    /// Those that are in the queue now.
    pub queued: Vec<MailId>,
    /// How many are in the record and will not be sent: the address is on the suppress list, or its person has left the
    /// list.
    pub suppressed: usize,
    /// How many were queued before under the same key, and are left alone.
    pub known: usize,
}

impl Store {
    /// Queues mails that belong to no other change. What belongs to one is queued within it.
    pub async fn queue_mail(&self, actor: &Actor, mails: Vec<NewMail>) -> Result<Queued> {
        self.write(actor, async |tx| queue(tx, mails).await).await
    }
}

/// Queues mails within a write: as many statements for ten as for two hundred. Nothing is sent before the write commits.
///
/// A mail whose key `once` is in the record already is left out. One to an address on the suppress list, or to somebody
/// who has left its list, is kept as suppressed. The edition's own text is used where it has one and can be filled in,
/// else the built-in one. Refused when an edition does not exist or a variable of the built-in text is missing.
pub(crate) async fn queue(tx: &Tx, mails: Vec<NewMail>) -> Result<Queued> {
    let db = tx.db();
    let mut outcome = Queued::default();
    let mut keys: BTreeSet<String> = known_keys(db, &mails).await?;
    let mut fresh = Vec::with_capacity(mails.len());
    for mail in mails {
        match &mail.once {
            Some(key) if !keys.insert(key.clone()) => outcome.known += 1,
            _ => fresh.push(mail),
        }
    }
    let editions = Editions::of(db, fresh.iter().filter_map(|mail| mail.edition)).await?;
    let addresses: BTreeSet<String> = fresh.iter().map(|mail| mail.to.address.to_string()).collect();
    let suppressions = choice::suppressions_of(db, &addresses).await?;
    let opt_outs = choice::opt_outs_of(
        db,
        fresh.iter().filter(|mail| mail.list.is_some()).map(|mail| (mail.to.address.as_str(), mail.account)),
    )
    .await?;
    let mut texts = Texts::default();
    let mut rows = Vec::with_capacity(fresh.len());
    let mut feed = Vec::with_capacity(fresh.len());
    let now = tx.at();
    for new in fresh {
        let edition = new.edition.map(|id| editions.get(id)).transpose()?;
        let rendered = texts.render(&new, edition)?;
        let series = edition.map_or("", |edition| edition.series.as_str());
        let stopped = suppressions
            .get(new.to.address.as_str())
            .and_then(|suppression| suppression.reason.stops(new.kind).then(|| suppression.reason.shown()))
            .or_else(|| {
                let left = new.list.is_some_and(|list| {
                    opt_outs.has_left(new.to.address.as_str(), new.account, series, list)
                });
                left.then_some(choice::HAS_LEFT)
            });
        let state = match stopped {
            Some(_) => State::Suppressed { at: now },
            None => State::Queued { next: new.not_before.unwrap_or(now).max(now) },
        };
        let id = MailId(Uuid::now_v7());
        let row = mail::Model {
            id: id.0,
            edition: new.edition.map(|id| id.0),
            kind: new.kind.as_str().to_owned(),
            list: new.list.map(|list| list.as_str().to_owned()),
            rank: match (new.list, new.kind.is_asked_for()) {
                (Some(_), _) => 2,
                (None, true) => 0,
                (None, false) => 1,
            },
            account: new.account.map(|id| id.0),
            to_name: new.to.name.to_string(),
            to_address: new.to.address.to_string(),
            sender: edition.and_then(|edition| edition.sender.as_ref()).map(rows::json).transpose()?,
            subject: rendered.subject.to_string(),
            body: rendered.body,
            link: new.link.as_ref().map(rows::json).transpose()?,
            stage: state.stage().as_str().to_owned(),
            at: to_micros(state.at()),
            answer: stopped.unwrap_or_default().to_owned(),
            attempts: 0,
            failed: 0,
            lease: None,
            lease_until: None,
            message_id: None,
            once: new.once,
            created_at: to_micros(now),
            good_until: new.good_until.map(to_micros),
            reply: new.reply.map(|reply| reply.0),
        };
        feed.push(Change {
            kind: MailId::KIND,
            thing: id.0,
            edition: new.edition,
            deed: Deed::Created,
            before: None,
            after: Some(fact(&row)),
        });
        if stopped.is_some() {
            outcome.suppressed += 1;
        } else {
            outcome.queued.push(id);
        }
        rows.push(row);
    }
    let mut rows = rows.into_iter().map(IntoActiveModel::into_active_model).peekable();
    while rows.peek().is_some() {
        mail::Entity::insert_many(rows.by_ref().take(CHUNK)).exec_without_returning(db).await?;
    }
    tx.note(feed).await?;
    Ok(outcome)
}

/// What would become of mails if they were queued now.
pub(crate) struct Foreseen {
    /// So many would be sent.
    pub(crate) fresh: usize,
    /// So many are in the record already.
    pub(crate) known: usize,
    /// So many would be kept without being sent.
    pub(crate) suppressed: usize,
}

/// Counts what [`queue`] would do with mails of one edition, and writes nothing.
pub(crate) async fn foresee(db: &impl ConnectionTrait, mails: &[NewMail]) -> Result<Foreseen> {
    let keys = known_keys(db, mails).await?;
    let editions = Editions::of(db, mails.iter().filter_map(|mail| mail.edition)).await?;
    let addresses: BTreeSet<String> = mails.iter().map(|mail| mail.to.address.to_string()).collect();
    let suppressions = choice::suppressions_of(db, &addresses).await?;
    let opt_outs = choice::opt_outs_of(
        db,
        mails.iter().filter(|mail| mail.list.is_some()).map(|mail| (mail.to.address.as_str(), mail.account)),
    )
    .await?;
    let mut foreseen = Foreseen { fresh: 0, known: 0, suppressed: 0 };
    for mail in mails {
        let edition = mail.edition.map(|id| editions.get(id)).transpose()?;
        let series = edition.map_or("", |edition| edition.series.as_str());
        let address = mail.to.address.as_str();
        let stops = suppressions.get(address).is_some_and(|suppression| suppression.reason.stops(mail.kind))
            || mail.list.is_some_and(|list| opt_outs.has_left(address, mail.account, series, list));
        if mail.once.as_ref().is_some_and(|key| keys.contains(key)) {
            foreseen.known += 1;
        } else if stops {
            foreseen.suppressed += 1;
        } else {
            foreseen.fresh += 1;
        }
    }
    Ok(foreseen)
}

/// The keys among those of `mails` that the record has.
async fn known_keys(db: &impl ConnectionTrait, mails: &[NewMail]) -> Result<BTreeSet<String>> {
    let keys: Vec<&str> = mails.iter().filter_map(|mail| mail.once.as_deref()).collect();
    let mut known = BTreeSet::new();
    for chunk in keys.chunks(LOOKUP) {
        let found = mail::Entity::find()
            .select_only()
            .column(mail::Column::Once)
            .filter(among(mail::Column::Once, chunk.iter().copied()))
            .into_tuple::<Option<String>>()
            .all(db)
            .await?;
        known.extend(found.into_iter().flatten());
    }
    Ok(known)
}

/// What the mails of an edition need to know of it.
struct EditionMail {
    series: String,
    title: String,
    sender: Option<Sender>,
    texts: HashMap<MailKind, Text>,
}

/// Those of several editions, read with three statements.
struct Editions(BTreeMap<EditionId, EditionMail>);

impl Editions {
    async fn of(db: &impl ConnectionTrait, ids: impl Iterator<Item = EditionId>) -> Result<Self> {
        let ids: BTreeSet<Uuid> = ids.map(|id| id.0).collect();
        if ids.is_empty() {
            return Ok(Self(BTreeMap::new()));
        }
        let heads: Vec<(Uuid, String, String)> = edition::Entity::find()
            .select_only()
            .columns([edition::Column::Id, edition::Column::Series, edition::Column::Title])
            .filter(edition::Column::Id.is_in(ids.iter().copied()))
            .into_tuple()
            .all(db)
            .await?;
        let mut senders = template::senders_of(db, &ids).await?;
        let mut texts: HashMap<Uuid, HashMap<MailKind, Text>> = HashMap::new();
        let rows = mail_template::Entity::find().filter(mail_template::Column::Edition.is_in(ids));
        for row in rows.all(db).await? {
            if let Some(kind) = MailKind::parse(&row.kind) {
                let text = Text { subject: row.subject, body: row.body };
                texts.entry(row.edition).or_default().insert(kind, text);
            }
        }
        let of = |(id, series, title): (Uuid, String, String)| {
            let edition = EditionMail {
                series: folded(&series),
                title,
                sender: senders.remove(&id),
                texts: texts.remove(&id).unwrap_or_default(),
            };
            (EditionId(id), edition)
        };
        Ok(Self(heads.into_iter().map(of).collect()))
    }

    fn get(&self, id: EditionId) -> Result<&EditionMail> {
        self.0.get(&id).ok_or_else(|| Error::no_edition(id))
    }
}

/// The texts in use, each read once.
#[derive(Default)]
struct Texts(HashMap<(Option<EditionId>, MailKind), Option<Compiled>>);

impl Texts {
    fn render(&mut self, new: &NewMail, edition: Option<&EditionMail>) -> Result<model::mail::Rendered> {
        let mut variables = new.variables.clone();
        if !variables.contains_key("conference") {
            let title = edition.map_or("Plenary", |edition| edition.title.as_str());
            variables.insert("conference", title.into());
        }
        variables.entry("name").or_insert_with(|| new.to.name.as_str().into());
        if let Some(link) = &new.link {
            variables.insert("minutes", link.minutes.to_string().into());
        }
        let secret = new.link.is_some();
        let own = self.0.entry((new.edition, new.kind)).or_insert_with(|| {
            let text = edition.and_then(|edition| edition.texts.get(&new.kind))?;
            Compiled::new(new.kind, text).ok()
        });
        if let Some(own) = own {
            match own.render(&variables, secret) {
                Ok(rendered) => return Ok(rendered),
                // An edition's text that cannot be filled in must not keep the news from anybody.
                Err(refusal) => {
                    tracing::warn!(%refusal, kind = new.kind.as_str(), "an edition's text of a mail cannot be filled in");
                }
            }
        }
        let built_in = match self.0.entry((None, new.kind)) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => entry.insert(None),
        };
        if built_in.is_none() {
            *built_in = Some(Compiled::new(new.kind, &new.kind.text())?);
        }
        match built_in {
            Some(compiled) => Ok(compiled.render(&variables, secret)?),
            None => Err(Error::damaged("a built-in text of a mail", new.kind.as_str())),
        }
    }
}

/// What the feed tells of a mail.
pub(crate) fn fact(row: &mail::Model) -> Value {
    fact_of(row, &row.stage)
}

/// The same, with another stage.
fn fact_of(row: &mail::Model, stage: &str) -> Value {
    let waits = Stage::parse(stage).is_some_and(Stage::is_waiting);
    json!({ "kind": row.kind, "list": row.list, "state": if waits { "waiting" } else { stage } })
}

/// The feed's entry for a mail that goes from one stage to another; none where the feed sees no difference.
fn change(row: &mail::Model, to: Stage) -> Option<Change> {
    let (before, after) = (fact(row), fact_of(row, to.as_str()));
    (before != after).then_some(Change {
        kind: MailId::KIND,
        thing: row.id,
        edition: row.edition.map(EditionId),
        deed: Deed::Changed,
        before: Some(before),
        after: Some(after),
    })
}

/// The model's mail of a row.
fn mail_of(row: mail::Model) -> Result<Mail> {
    let place = Place(row.id);
    let instant = |micros| place.known("instant", from_micros(micros));
    let stage = place.known("stage", Stage::parse(&row.stage))?;
    let to = match row.to_address.as_str() {
        "" => None,
        address => Some(Mailbox {
            name: Line::clean(&row.to_name),
            address: place.valid("to_address", Email::parse(address))?,
        }),
    };
    Ok(Mail {
        id: MailId(row.id),
        edition: row.edition.map(EditionId),
        kind: place.known("kind", MailKind::parse(&row.kind))?,
        list: row.list.as_deref().map(|word| place.known("list", List::parse(word))).transpose()?,
        account: row.account.map(AccountId),
        to,
        from: place.json("sender", row.sender.as_deref())?,
        subject: Line::clean(&row.subject),
        link: place.json("link", row.link.as_deref())?,
        state: State::new(stage, instant(row.at)?),
        answer: Line::clean(&row.answer),
        attempts: place.valid("attempts", row.attempts.try_into())?,
        message_id: row.message_id,
        created: instant(row.created_at)?,
        good_until: row.good_until.map(instant).transpose()?,
        reply: row.reply.map(ReplyId),
        body: row.body,
    })
}

/// A row, for messages about what is wrong in it.
struct Place(Uuid);

impl Place {
    fn damaged(&self, column: &str, detail: impl Display) -> Error {
        Error::damaged(format!("mail {}, column {column}", self.0), detail)
    }

    fn valid<T, E: Display>(&self, column: &str, value: Result<T, E>) -> Result<T> {
        value.map_err(|error| self.damaged(column, error))
    }

    fn known<T>(&self, column: &str, value: Option<T>) -> Result<T> {
        value.ok_or_else(|| self.damaged(column, "not a value that is known here"))
    }

    fn json<T: DeserializeOwned>(&self, column: &str, text: Option<&str>) -> Result<Option<T>> {
        text.map(|text| self.valid(column, serde_json::from_str(text))).transpose()
    }
}
