//! From whom an edition's mail comes, and its own texts.

use super::SENDER_KIND;
use crate::{
    Error, Result, Store,
    entity::{edition, mail_sender, mail_template},
    rows,
    save::upsert,
    tx::{Change, Tx},
};
use model::{
    email::Email,
    feed::{Actor, Deed},
    id::{EditionId, TemplateId, derived},
    mail::{MailKind, Sender, Text},
    text::Line,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

impl Store {
    /// From whom the edition's mail comes; `None` where it comes from the address in the settings.
    pub async fn mail_sender(&self, edition: EditionId) -> Result<Option<Sender>> {
        stored_sender(self.readers(), edition).await
    }

    /// Sets from whom the edition's mail comes from now on; `None` for the address in the settings. Where somebody has
    /// changed it since it was `seen`, nothing is written, and what it is now is given back.
    pub async fn set_mail_sender(
        &self,
        actor: &Actor,
        edition: EditionId,
        seen: Option<&Sender>,
        sender: Option<&Sender>,
    ) -> Result<Result<(), Option<Sender>>> {
        self.write(actor, async |tx| {
            must_exist(tx, edition).await?;
            let before = stored_sender(tx.db(), edition).await?;
            if before.as_ref() == sender {
                return Ok(Ok(()));
            }
            if before.as_ref() != seen {
                return Ok(Err(before));
            }
            put_sender(tx, edition, before.as_ref(), sender).await?;
            Ok(Ok(()))
        })
        .await
    }

    /// The edition's own texts, by kind.
    pub async fn mail_texts(&self, edition: EditionId) -> Result<BTreeMap<MailKind, Text>> {
        let rows = mail_template::Entity::find().filter(mail_template::Column::Edition.eq(edition.0));
        let rows = rows.all(self.readers()).await?;
        Ok(rows
            .into_iter()
            .filter_map(|row| {
                Some((MailKind::parse(&row.kind)?, Text { subject: row.subject, body: row.body }))
            })
            .collect())
    }

    /// Sets the edition's own text of that kind; `None` for the built-in one. The text was read with
    /// [`Text::parse`]. Where somebody has changed it since it was `seen`, nothing is written, and what it is now is
    /// given back; `seen` is the text that the writer began with.
    pub async fn set_mail_text(
        &self,
        actor: &Actor,
        edition: EditionId,
        kind: MailKind,
        seen: Option<&Text>,
        text: Option<&Text>,
    ) -> Result<Result<(), Option<Text>>> {
        self.write(actor, async |tx| {
            must_exist(tx, edition).await?;
            let before = stored_text(tx.db(), edition, kind.as_str()).await?;
            if before.as_ref() == text {
                return Ok(Ok(()));
            }
            if before.as_ref() != seen {
                return Ok(Err(before));
            }
            put_text(tx, edition, kind.as_str(), before.as_ref(), text).await?;
            Ok(Ok(()))
        })
        .await
    }
}

async fn stored_sender(db: &impl ConnectionTrait, edition: EditionId) -> Result<Option<Sender>> {
    let row = mail_sender::Entity::find_by_id(edition.0).one(db).await?;
    row.as_ref().map(sender_of).transpose()
}

async fn put_sender(
    tx: &Tx,
    edition: EditionId,
    before: Option<&Sender>,
    after: Option<&Sender>,
) -> Result<()> {
    match after {
        Some(sender) => {
            let row = mail_sender::Model {
                edition: edition.0,
                name: sender.name.to_string(),
                address: sender.address.to_string(),
                reply_to: sender.reply_to.as_ref().map(ToString::to_string),
            };
            upsert::<mail_sender::Entity>(tx.db(), vec![row]).await?;
        }
        None => {
            mail_sender::Entity::delete_by_id(edition.0).exec(tx.db()).await?;
        }
    }
    let (before, after) = (before.map(sender_fact).transpose()?, after.map(sender_fact).transpose()?);
    note(tx, SENDER_KIND, sender_thing(edition), edition, before, after).await
}

async fn stored_text(db: &impl ConnectionTrait, edition: EditionId, kind: &str) -> Result<Option<Text>> {
    let row = mail_template::Entity::find_by_id((edition.0, kind.to_owned())).one(db).await?;
    Ok(row.map(|row| Text { subject: row.subject, body: row.body }))
}

async fn put_text(
    tx: &Tx,
    edition: EditionId,
    kind: &str,
    before: Option<&Text>,
    after: Option<&Text>,
) -> Result<()> {
    if let Some(text) = after {
        let row = mail_template::Model {
            edition: edition.0,
            kind: kind.to_owned(),
            subject: text.subject.clone(),
            body: text.body.clone(),
        };
        upsert::<mail_template::Entity>(tx.db(), vec![row]).await?;
    } else {
        let key = (edition.0, kind.to_owned());
        mail_template::Entity::delete_by_id(key).exec(tx.db()).await?;
    }
    let fact = |text: &Text| template_fact(kind, &text.subject, &text.body);
    note(tx, TemplateId::KIND, template_thing(edition, kind), edition, before.map(fact), after.map(fact))
        .await
}

/// Makes the sender of an edition what it was `before`, if it still is what it was `after`; gives whether it was.
pub(crate) async fn restore_sender(
    tx: &Tx,
    edition: EditionId,
    before: Option<Value>,
    after: Option<&Value>,
) -> Result<bool> {
    let present = stored_sender(tx.db(), edition).await?;
    if present.as_ref().map(sender_fact).transpose()?.as_ref() != after {
        return Ok(false);
    }
    let wanted: Option<Sender> = read(before)?;
    put_sender(tx, edition, present.as_ref(), wanted.as_ref()).await?;
    Ok(true)
}

/// A text as the feed tells of it.
#[derive(Deserialize)]
struct TextFact {
    kind: String,
    #[serde(flatten)]
    text: Text,
}

/// The same of one of its texts.
pub(crate) async fn restore_text(
    tx: &Tx,
    edition: EditionId,
    before: Option<Value>,
    after: Option<Value>,
) -> Result<bool> {
    let (wanted, left): (Option<TextFact>, Option<TextFact>) = (read(before)?, read(after)?);
    let Some(kind) = wanted.as_ref().or(left.as_ref()).map(|fact| fact.kind.clone()) else {
        return Ok(true);
    };
    let present = stored_text(tx.db(), edition, &kind).await?;
    if present != left.map(|fact| fact.text) {
        return Ok(false);
    }
    put_text(tx, edition, &kind, present.as_ref(), wanted.map(|fact| fact.text).as_ref()).await?;
    Ok(true)
}

fn read<T: DeserializeOwned>(value: Option<Value>) -> Result<Option<T>> {
    value.map(serde_json::from_value).transpose().map_err(|error| Error::damaged("feed", error))
}

/// Gives an edition that has none yet the sender and the texts of another.
pub(crate) async fn bring(tx: &Tx, from: EditionId, to: EditionId) -> Result<()> {
    if let Some(sender) = stored_sender(tx.db(), from).await? {
        put_sender(tx, to, None, Some(&sender)).await?;
    }
    let texts = mail_template::Entity::find().filter(mail_template::Column::Edition.eq(from.0));
    for row in texts.all(tx.db()).await? {
        let text = Text { subject: row.subject, body: row.body };
        put_text(tx, to, &row.kind, None, Some(&text)).await?;
    }
    Ok(())
}

async fn must_exist(tx: &Tx, edition: EditionId) -> Result<()> {
    match edition::Entity::find_by_id(edition.0).one(tx.db()).await? {
        Some(_) => Ok(()),
        None => Err(Error::no_edition(edition)),
    }
}

async fn note(
    tx: &Tx,
    kind: &'static str,
    thing: Uuid,
    edition: EditionId,
    before: Option<Value>,
    after: Option<Value>,
) -> Result<()> {
    let deed = match (&before, &after) {
        (None, _) => Deed::Created,
        (_, None) => Deed::Removed,
        _ => Deed::Changed,
    };
    tx.note(vec![Change { kind, thing, edition: Some(edition), deed, before, after }]).await
}

/// The senders of these editions.
pub(super) async fn senders_of(
    db: &impl ConnectionTrait,
    editions: &BTreeSet<Uuid>,
) -> Result<HashMap<Uuid, Sender>> {
    let rows =
        mail_sender::Entity::find().filter(mail_sender::Column::Edition.is_in(editions.iter().copied()));
    rows.all(db).await?.iter().map(|row| Ok((row.edition, sender_of(row)?))).collect()
}

/// The model's sender of a row.
pub(crate) fn sender_of(row: &mail_sender::Model) -> Result<Sender> {
    let valid = |text: &str| {
        Email::parse(text).map_err(|error| Error::damaged(format!("mail_sender {}", row.edition), error))
    };
    Ok(Sender {
        name: Line::clean(&row.name),
        address: valid(&row.address)?,
        reply_to: row.reply_to.as_deref().map(valid).transpose()?,
    })
}

/// By what an edition's sender is known in the feed.
pub(crate) fn sender_thing(edition: EditionId) -> Uuid {
    derived(&edition.to_string(), SENDER_KIND, "")
}

/// What the feed tells of it.
pub(crate) fn sender_fact(sender: &Sender) -> Result<Value> {
    let text = rows::json(sender)?;
    serde_json::from_str(&text).map_err(|error| Error::damaged("a sender to be written", error))
}

/// By what an edition's own text of that kind is known in the feed.
pub(crate) fn template_thing(edition: EditionId, kind: &str) -> Uuid {
    derived(&edition.to_string(), TemplateId::KIND, kind)
}

/// What the feed tells of an edition's own text.
pub(crate) fn template_fact(kind: &str, subject: &str, body: &str) -> Value {
    json!({ "kind": kind, "subject": subject, "body": body })
}
