//! The partners of an edition: editions on other Plenarys. What goes between them is in [`crate::forward`].

use crate::{
    Error, Result, Store,
    content::{allowed, note},
    edition as editions,
    entity::{forward, partner, partner_message, partner_nonce},
    forward::queue_message,
    rows::json,
    save::upsert,
    secret::Secret,
    tx::Tx,
};
use model::{
    Refusal,
    id::{EditionId, PartnerId},
    partner::{Message, PARTNERS_MAX, Partner, PublicKey},
    permission::{Action, Subject},
    text::{Line, WebUrl},
    time::{from_micros, to_micros},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt};
use uuid::Uuid;

/// What the signing key of the installation is made for, see [`Secret`].
const PURPOSE: &str = "partner key";

/// What an organiser enters of a partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPartner {
    /// How it is called here.
    pub name: Line,
    /// The address of their edition.
    pub address: WebUrl,
    /// Their public key.
    pub key: PublicKey,
}

/// A partner with how it fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPartner {
    /// The partner.
    pub partner: Partner,
    /// How many messages to it wait.
    pub waiting: u64,
    /// What the last message that was tried or sent got for an answer; empty where none was tried.
    pub answer: String,
    /// Whether that one was taken.
    pub well: bool,
}

/// The seed of the installation's Ed25519 key (RFC 8032): made from the server's secret, so that there is one secret to keep.
#[derive(Clone)]
pub struct PartnerSeed(pub [u8; 32]);

impl fmt::Debug for PartnerSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PartnerSeed(..)")
    }
}

impl Store {
    /// The seed of the key with which this installation signs what it tells its partners.
    pub async fn partner_seed(&self) -> Result<PartnerSeed> {
        Ok(PartnerSeed(Secret::read(self.readers()).await?.key(PURPOSE)))
    }

    /// The partners of an edition by name, when `subject` makes its calls. A constant number of statements.
    pub async fn partners(&self, subject: &Subject, edition: EditionId) -> Result<Vec<KnownPartner>> {
        let db = self.read().await?;
        let reading = Subject { viewing_as: None, token: None, ..subject.clone() };
        allowed(&db, &reading, Action::ManageCalls, edition, None).await?;
        let partners = of_edition(&db, edition).await?;
        let messages = partner_message::Entity::find()
            .filter(partner_message::Column::Partner.is_in(partners.iter().map(|one| one.id.0)))
            .order_by_asc(partner_message::Column::CreatedAt)
            .all(&db)
            .await?;
        db.commit().await?;
        Ok(partners
            .into_iter()
            .map(|partner| {
                let of = || messages.iter().filter(|row| row.partner == partner.id.0);
                let last = of().rfind(|row| row.attempts > 0);
                KnownPartner {
                    waiting: of().filter(|row| row.state == "pending").count() as u64,
                    answer: last.map(|row| row.answer.clone()).unwrap_or_default(),
                    well: last.is_some_and(|row| row.state == "delivered"),
                    partner,
                }
            })
            .collect())
    }

    /// Enters a partner, when `subject` makes the calls of the edition, and asks it for its calls.
    pub async fn add_partner(
        &self,
        subject: &Subject,
        edition: EditionId,
        new: &NewPartner,
    ) -> Result<PartnerId> {
        self.write(&subject.actor, async |tx| {
            editions::open(tx.db(), edition).await?;
            allowed(tx.db(), subject, Action::ManageCalls, edition, None).await?;
            let present = of_edition(tx.db(), edition).await?;
            if new.name.is_empty() {
                return Err(Refusal::new("name", "it is empty", "Say how it is called").into());
            }
            if present.iter().any(|one| one.address == new.address) {
                let problem = "it is a partner already";
                return Err(Refusal::new("address", problem, "Remove the other entry first").into());
            }
            if present.len() >= PARTNERS_MAX {
                let problem = format!("there are {PARTNERS_MAX} partners already");
                return Err(Refusal::new("partner", problem, "Remove one first").into());
            }
            let partner = Partner {
                id: PartnerId(Uuid::now_v7()),
                edition,
                name: new.name.clone(),
                address: new.address.clone(),
                key: new.key,
                made: tx.at(),
                calls: vec![],
                calls_at: None,
            };
            put(tx, None, Some(&partner)).await?;
            queue_message(tx, partner.id, None, &Message::Calls).await?;
            Ok(partner.id)
        })
        .await
    }

    /// Asks a partner for its calls again, when `subject` makes the calls of the edition. What waits for it is tried at once.
    pub async fn ask_partner(&self, subject: &Subject, edition: EditionId, id: PartnerId) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            allowed(tx.db(), subject, Action::ManageCalls, edition, None).await?;
            find(tx.db(), edition, id).await?.ok_or_else(gone)?;
            partner_message::Entity::update_many()
                .col_expr(
                    partner_message::Column::NextAt,
                    sea_orm::sea_query::Expr::value(to_micros(tx.at())),
                )
                .filter(partner_message::Column::Partner.eq(id.0))
                .filter(partner_message::Column::State.eq("pending"))
                .exec(tx.db())
                .await?;
            queue_message(tx, id, None, &Message::Calls).await
        })
        .await
    }

    /// Removes a partner with which nothing was passed on, when `subject` makes the calls of the edition.
    pub async fn remove_partner(&self, subject: &Subject, edition: EditionId, id: PartnerId) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            allowed(tx.db(), subject, Action::ManageCalls, edition, None).await?;
            let before = find(tx.db(), edition, id).await?.ok_or_else(gone)?;
            let passed =
                forward::Entity::find().filter(forward::Column::Partner.eq(id.0)).count(tx.db()).await?;
            if passed > 0 {
                let problem = format!("{passed} proposals were passed on between you");
                return Err(Refusal::new("partner", problem, "Leave it: the trail of those names it").into());
            }
            partner_message::Entity::delete_many()
                .filter(partner_message::Column::Partner.eq(id.0))
                .exec(tx.db())
                .await?;
            partner_nonce::Entity::delete_many()
                .filter(partner_nonce::Column::Partner.eq(id.0))
                .exec(tx.db())
                .await?;
            put(tx, Some(&before), None).await
        })
        .await
    }
}

pub(crate) fn gone() -> Error {
    Refusal::new("partner", "it is not there any more", "Look in the list of partners").into()
}

pub(crate) async fn of_edition(db: &impl ConnectionTrait, edition: EditionId) -> Result<Vec<Partner>> {
    let rows = partner::Entity::find()
        .filter(partner::Column::Edition.eq(edition.0))
        .order_by_asc(partner::Column::Name)
        .order_by_asc(partner::Column::Id)
        .all(db)
        .await?;
    rows.iter().map(partner_of).collect()
}

pub(crate) async fn find(
    db: &impl ConnectionTrait,
    edition: EditionId,
    id: PartnerId,
) -> Result<Option<Partner>> {
    let row =
        partner::Entity::find_by_id(id.0).filter(partner::Column::Edition.eq(edition.0)).one(db).await?;
    row.as_ref().map(partner_of).transpose()
}

/// Makes a partner what `after` says, and notes it.
pub(crate) async fn put(tx: &Tx, before: Option<&Partner>, after: Option<&Partner>) -> Result<()> {
    let Some(one) = after.or(before) else { return Ok(()) };
    match after {
        Some(after) => {
            let row = partner::Model {
                edition: after.edition.0,
                id: after.id.0,
                name: after.name.to_string(),
                address: after.address.as_str().to_owned(),
                key: after.key.to_string(),
                made_at: to_micros(after.made),
                calls: json(&after.calls)?,
                calls_at: after.calls_at.map(to_micros),
            };
            upsert::<partner::Entity>(tx.db(), vec![row]).await?;
        }
        None => {
            partner::Entity::delete_by_id(one.id.0).exec(tx.db()).await?;
        }
    }
    let (before, after) = (before.map(said), after.map(said));
    note(tx, (PartnerId::KIND, one.id.0), one.edition, before.as_ref(), after.as_ref()).await
}

/// What the feed says of a partner. What calls it has is no fact of this record.
fn said(one: &Partner) -> Value {
    json!({ "name": one.name, "address": one.address, "key": one.key.to_string(), "made": one.made })
}

pub(crate) fn partner_of(row: &partner::Model) -> Result<Partner> {
    let damaged = |what: &dyn fmt::Display| Error::damaged(format!("partner {}", row.id), what);
    let instant = |micros: i64| from_micros(micros).ok_or_else(|| damaged(&"no such instant"));
    Ok(Partner {
        id: PartnerId(row.id),
        edition: EditionId(row.edition),
        name: Line::clean(&row.name),
        address: WebUrl::parse(&row.address).map_err(|error| damaged(&error))?,
        key: PublicKey::parse(&row.key).map_err(|error| damaged(&error))?,
        made: instant(row.made_at)?,
        calls: serde_json::from_str(&row.calls).map_err(|error| damaged(&error))?,
        calls_at: row.calls_at.map(instant).transpose()?,
    })
}

/// What the rows hold, in the feed's words, for [`crate::verify()`].
pub(crate) async fn state(
    db: &DatabaseTransaction,
    state: &mut BTreeMap<(Option<Uuid>, String, Uuid), Value>,
) -> Result<()> {
    for row in partner::Entity::find().all(db).await? {
        state.insert((Some(row.edition), PartnerId::KIND.to_owned(), row.id), said(&partner_of(&row)?));
    }
    Ok(())
}
