//! To whom a post is mailed: the people of its segments, each once. **This is the one place that knows who they are**; the
//! page that shows their number and the mail itself ask the same function.

use crate::{
    Result, Store,
    content::allowed,
    entity::{account, identity, participation, role_grant, speaker_account, subscription},
    grant,
    save::upsert,
    tx::{Change, Tx},
};
use jiff::Timestamp;
use model::{
    Refusal,
    edition::Edition,
    email::Email,
    feed::Deed,
    id::{AccountId, EditionId, PersonId, derived},
    permission::{Action, Place, Role, Scope, Subject},
    post::{Post, Segment},
    text::Line,
    time::to_micros,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The words for these in the feed.
pub(crate) const SUBSCRIPTION_KIND: &str = "subscription";
pub(crate) const SPEAKER_KIND: &str = "speaker-account";

/// Values that are looked up with one statement.
const LOOKUP: usize = 500;

/// Somebody to whom mail can go.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Recipient {
    /// Their account, where they have one.
    pub(crate) account: Option<AccountId>,
    /// How they are called.
    pub(crate) name: Line,
    /// Where their mail goes.
    pub(crate) address: Email,
}

impl Store {
    /// Whether somebody subscribed to the posts of an edition.
    pub async fn is_subscribed(&self, edition: EditionId, account: AccountId) -> Result<bool> {
        let row = subscription::Entity::find_by_id((edition.0, account.0)).one(self.readers()).await?;
        Ok(row.is_some())
    }

    /// Has the posts of an edition sent to somebody by mail from now on, or no more. What is so already stays so.
    pub async fn subscribe(&self, subject: &Subject, id: EditionId, wanted: bool) -> Result<()> {
        subject.may_write()?;
        let Some(account) = subject.account else {
            return Err(Refusal::new("account", "you are not signed in", "Sign in first").into());
        };
        self.write(&subject.actor, async |tx| {
            let before = subscription::Entity::find_by_id((id.0, account.0)).one(tx.db()).await?;
            let (deed, before, after) = match (before, wanted) {
                (None, true) => {
                    let row =
                        subscription::Model { edition: id.0, account: account.0, since: to_micros(tx.at()) };
                    let after = Some(subscription_fact(&row));
                    upsert::<subscription::Entity>(tx.db(), vec![row]).await?;
                    (Deed::Created, None, after)
                }
                (Some(row), false) => {
                    subscription::Entity::delete_by_id((id.0, account.0)).exec(tx.db()).await?;
                    (Deed::Removed, Some(subscription_fact(&row)), None)
                }
                (None, false) | (Some(_), true) => return Ok(()),
            };
            let thing = subscription_thing(id, account);
            tx.note(vec![Change { kind: SUBSCRIPTION_KIND, thing, edition: Some(id), deed, before, after }])
                .await
        })
        .await
    }

    /// Whose accounts the persons of an edition's programme are known to be. One query.
    pub async fn speaker_accounts(&self, id: EditionId) -> Result<BTreeMap<PersonId, AccountId>> {
        let rows = speaker_account::Entity::find().filter(speaker_account::Column::Edition.eq(id.0));
        let rows = rows.all(self.readers()).await?;
        Ok(rows.into_iter().map(|row| (PersonId(row.person), AccountId(row.account))).collect())
    }

    /// Says whose account a person of the programme is, or that nobody's is known. Only somebody who makes the programme
    /// may: it is never guessed from a name.
    pub async fn set_speaker_account(
        &self,
        subject: &Subject,
        id: EditionId,
        person: PersonId,
        account: Option<AccountId>,
    ) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            allowed(tx.db(), subject, Action::EditProgramme, id, None).await?;
            if let Some(account) = account {
                crate::account::active(tx.db(), account).await?;
            }
            let key = (id.0, person.0);
            let before = speaker_account::Entity::find_by_id(key).one(tx.db()).await?;
            if before.as_ref().map(|row| row.account) == account.map(|account| account.0) {
                return Ok(());
            }
            let after = account.map(|account| speaker_account::Model {
                edition: id.0,
                person: person.0,
                account: account.0,
            });
            let deed = match (&before, &after) {
                (None, _) => Deed::Created,
                (_, None) => Deed::Removed,
                _ => Deed::Changed,
            };
            let change = Change {
                kind: SPEAKER_KIND,
                thing: speaker_thing(id, person),
                edition: Some(id),
                deed,
                before: before.as_ref().map(speaker_fact),
                after: after.as_ref().map(speaker_fact),
            };
            match after {
                Some(row) => upsert::<speaker_account::Entity>(tx.db(), vec![row]).await?,
                None => {
                    speaker_account::Entity::delete_by_id(key).exec(tx.db()).await?;
                }
            }
            tx.note(vec![change]).await
        })
        .await
    }
}

/// Everybody in one of these segments who has an address, each once, in a fixed order. As many queries for ten as for
/// five hundred.
pub(crate) async fn people(
    db: &impl ConnectionTrait,
    edition: &Edition,
    segments: &[Segment],
    now: Timestamp,
) -> Result<Vec<Recipient>> {
    let mut accounts: BTreeSet<AccountId> = BTreeSet::new();
    let mut strangers: Vec<Recipient> = vec![];
    for segment in segments {
        match segment {
            Segment::Organisers => accounts.extend(with_role(db, edition, Role::Organiser, now).await?),
            Segment::Leads => accounts.extend(with_role(db, edition, Role::Lead, now).await?),
            Segment::Speakers => {
                let on_stage: Vec<Uuid> = participation::Entity::find()
                    .select_only()
                    .distinct()
                    .column(participation::Column::Person)
                    .filter(participation::Column::Edition.eq(edition.id.0))
                    .into_tuple()
                    .all(db)
                    .await?;
                let on_stage: BTreeSet<Uuid> = on_stage.into_iter().collect();
                let known = speaker_account::Entity::find()
                    .filter(speaker_account::Column::Edition.eq(edition.id.0))
                    .all(db)
                    .await?;
                let known = known.into_iter().filter(|row| on_stage.contains(&row.person));
                accounts.extend(known.map(|row| AccountId(row.account)));
            }
            Segment::Subscribers => {
                let rows: Vec<Uuid> = subscription::Entity::find()
                    .select_only()
                    .column(subscription::Column::Account)
                    .filter(subscription::Column::Edition.eq(edition.id.0))
                    .into_tuple()
                    .all(db)
                    .await?;
                accounts.extend(rows.into_iter().map(AccountId));
            }
            Segment::Registered | Segment::RegisteredAs(_) => {
                let kind = match segment {
                    Segment::RegisteredAs(kind) => Some(kind.as_str()),
                    _ => None,
                };
                for one in crate::registration::registered(db, edition.id, kind).await? {
                    match one.account {
                        Some(account) => {
                            accounts.insert(account);
                        }
                        None => {
                            strangers.push(Recipient { account: None, name: one.name, address: one.email });
                        }
                    }
                }
            }
        }
    }
    addressed(db, accounts.into_iter().collect(), strangers).await
}

/// Whoever has the role in the edition or in a part of it at `now`.
async fn with_role(
    db: &impl ConnectionTrait,
    edition: &Edition,
    role: Role,
    now: Timestamp,
) -> Result<Vec<AccountId>> {
    let of_edition = Condition::any()
        .add(role_grant::Column::Edition.eq(edition.id.0))
        .add(role_grant::Column::Scope.eq("series"));
    let rows = role_grant::Entity::find()
        .filter(role_grant::Column::Role.eq(role.as_str()))
        .filter(role_grant::Column::RevokedAt.is_null())
        .filter(of_edition)
        .all(db)
        .await?;
    let mut found = vec![];
    for row in &rows {
        let grant = grant::grant_of(row)?;
        let here = match &grant.scope {
            Scope::Series(_) => grant.scope.covers(&Place::edition(edition)),
            _ => true,
        };
        if here && grant.holds(now) {
            found.push(grant.account);
        }
    }
    Ok(found)
}

/// Those of these accounts that are in use and have an address, with it, and those in `out` who have no account.
async fn addressed(
    db: &impl ConnectionTrait,
    accounts: Vec<AccountId>,
    mut out: Vec<Recipient>,
) -> Result<Vec<Recipient>> {
    for chunk in accounts.chunks(LOOKUP) {
        let ids = || chunk.iter().map(|id| id.0);
        let names = account::Entity::find()
            .filter(account::Column::Id.is_in(ids()))
            .filter(account::Column::State.eq("active"))
            .all(db)
            .await?;
        let addresses = identity::Entity::find()
            .filter(identity::Column::Account.is_in(ids()))
            .filter(identity::Column::Kind.eq("email"))
            .filter(identity::Column::Primary.eq(true))
            .all(db)
            .await?;
        let addresses: BTreeMap<Uuid, String> =
            addresses.into_iter().map(|row| (row.account, row.subject)).collect();
        for row in names {
            if let Some(address) = addresses.get(&row.id).and_then(|address| Email::parse(address).ok()) {
                out.push(Recipient {
                    account: Some(AccountId(row.id)),
                    name: Line::clean(&row.name),
                    address,
                });
            }
        }
    }
    // One person may be here by an account and by a registration without one.
    out.sort_by(|a, b| (&a.address, a.account.is_none()).cmp(&(&b.address, b.account.is_none())));
    out.dedup_by(|a, b| a.address == b.address);
    Ok(out)
}

/// Queues the mail of a post to everybody in these segments. Gives how many mails are on their way.
pub(crate) async fn send(
    tx: &Tx,
    edition: &Edition,
    post: &Post,
    segments: &[Segment],
    link: &str,
) -> Result<usize> {
    let _ = (post, link);
    if segments.is_empty() {
        return Ok(0);
    }
    Ok(people(tx.db(), edition, segments, tx.at()).await?.len())
}

fn subscription_thing(edition: EditionId, account: AccountId) -> Uuid {
    derived(&edition.to_string(), SUBSCRIPTION_KIND, &account.to_string())
}

fn subscription_fact(row: &subscription::Model) -> Value {
    json!({ "account": row.account, "since": model::time::from_micros(row.since) })
}

fn speaker_thing(edition: EditionId, person: PersonId) -> Uuid {
    derived(&edition.to_string(), SPEAKER_KIND, &person.to_string())
}

fn speaker_fact(row: &speaker_account::Model) -> Value {
    json!({ "person": row.person, "account": row.account })
}

/// What the rows hold, in the feed's words, for [`crate::verify()`].
pub(crate) async fn state(
    db: &DatabaseTransaction,
    state: &mut BTreeMap<(Option<Uuid>, String, Uuid), Value>,
) -> Result<()> {
    for row in subscription::Entity::find().all(db).await? {
        let thing = subscription_thing(EditionId(row.edition), AccountId(row.account));
        state.insert((Some(row.edition), SUBSCRIPTION_KIND.to_owned(), thing), subscription_fact(&row));
    }
    for row in speaker_account::Entity::find().all(db).await? {
        let thing = speaker_thing(EditionId(row.edition), PersonId(row.person));
        state.insert((Some(row.edition), SPEAKER_KIND.to_owned(), thing), speaker_fact(&row));
    }
    Ok(())
}
