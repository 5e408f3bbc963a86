//! To whom a post is mailed: the people of its segments, each once. **This is the one place that knows who they are**; the
//! page that shows their number and the mail itself ask the same function.

use crate::{
    Result, Store,
    content::allowed,
    entity::{
        account, identity, mail as mail_entity, participation, role_grant, slot, speaker_account,
        subscription,
    },
    grant,
    holding::Holding,
    lookup::LOOKUP,
    mail,
    registration::registered,
    save::upsert,
    tx::{Change, Tx},
};
use jiff::Timestamp;
use model::{
    Refusal,
    edition::Edition,
    email::Email,
    feed::Deed,
    id::{AccountId, EditionId, PersonId, PostId, derived},
    mail::{List, MailKind, Mailbox, NewMail},
    permission::{Action, Place, Role, Scope, Subject},
    post::{Post, PostKind, Segment},
    registration::{RegistrationState, RegistrationType},
    text::Line,
    time::to_micros,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter,
    QuerySelect, QueryTrait,
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use uuid::Uuid;

/// The words for these in the feed.
pub(crate) const SUBSCRIPTION_KIND: &str = "subscription";
pub(crate) const SPEAKER_KIND: &str = "speaker-account";

/// As rows hold [`model::programme::Standing::Cancelled`].
const CANCELLED: &str = "cancelled";

/// How many people a post would reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    /// So many would get a mail.
    pub reach: usize,
    /// So many have got it already.
    pub known: usize,
    /// So many have left the list, or take no mail at all.
    pub left: usize,
}

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
    /// How many people a post would reach if it were mailed to these segments now.
    pub async fn audience(&self, edition: &Edition, post: &Post, segments: &[Segment]) -> Result<Audience> {
        let db = self.read().await?;
        let mails = mails(&db, edition, post, segments, "", self.now()).await?;
        let foreseen = mail::foresee(&db, &mails).await?;
        db.commit().await?;
        Ok(Audience { reach: foreseen.fresh, known: foreseen.known, left: foreseen.suppressed })
    }

    /// How many mails were made of a post. One query.
    pub async fn post_mails(&self, edition: EditionId, post: PostId) -> Result<u64> {
        let made = mail_entity::Entity::find()
            .filter(mail_entity::Column::Edition.eq(edition.0))
            .filter(mail_entity::Column::Kind.eq(MailKind::Post.as_str()))
            .filter(mail_entity::Column::Once.starts_with(key_of(post)));
        Ok(made.count(self.readers()).await?)
    }

    /// Whether somebody subscribed to the posts of an edition.
    pub async fn is_subscribed(&self, edition: EditionId, account: AccountId) -> Result<bool> {
        let row = subscribed(self.readers(), edition, account).await?;
        Ok(row.is_some())
    }

    /// Has the posts of an edition sent to somebody by mail from now on, or no more. What is so already stays so.
    pub async fn subscribe(&self, subject: &Subject, id: EditionId, wanted: bool) -> Result<()> {
        subject.may_write()?;
        let Some(account) = subject.account else {
            return Err(Refusal::new("account", "you are not signed in", "Sign in first").into());
        };
        self.write(&subject.actor, async |tx| {
            let before = subscribed(tx.db(), id, account).await?;
            let thing = before.as_ref().map_or_else(Uuid::now_v7, |row| row.id);
            let (deed, before, after) = match (before, wanted) {
                (None, true) => {
                    let row = subscription::Model {
                        id: thing,
                        edition: id.0,
                        account: account.0,
                        since: to_micros(tx.at()),
                    };
                    let after = Some(subscription_fact(&row));
                    upsert::<subscription::Entity>(tx.db(), vec![row]).await?;
                    (Deed::Created, None, after)
                }
                (Some(row), false) => {
                    subscription::Entity::delete_by_id(thing).exec(tx.db()).await?;
                    (Deed::Removed, Some(subscription_fact(&row)), None)
                }
                (None, false) | (Some(_), true) => return Ok(()),
            };
            tx.note(vec![Change { kind: SUBSCRIPTION_KIND, thing, edition: Some(id), deed, before, after }])
                .await
        })
        .await
    }

    /// The editions that somebody takes part in, as far as it is known: as a speaker, registered, or with
    /// a role. Three queries.
    pub async fn taking_part(&self, account: AccountId) -> Result<Vec<EditionId>> {
        let speaks = speaker_account::Entity::find()
            .select_only()
            .column(speaker_account::Column::Edition)
            .filter(speaker_account::Column::Account.eq(account.0));
        let mut editions: BTreeSet<Uuid> =
            speaks.into_tuple::<Uuid>().all(self.readers()).await?.into_iter().collect();
        let registered = self.registrations_of(account).await?;
        let coming = registered.iter().filter(|one| one.state == RegistrationState::Active);
        editions.extend(coming.map(|one| one.edition.0));
        let now = self.now();
        let grants = grant::of_account(self.readers(), account).await?;
        let holding = grants.iter().filter(|grant| grant.holds(now));
        editions.extend(holding.filter_map(|grant| grant.scope.edition()).map(|id| id.0));
        Ok(editions.into_iter().map(EditionId).collect())
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
            let before = speaker_account::Entity::find()
                .filter(speaker_account::Column::Edition.eq(id.0))
                .filter(speaker_account::Column::Person.eq(person.0))
                .one(tx.db())
                .await?;
            let thing = before.as_ref().map_or_else(Uuid::now_v7, |row| row.id);
            if before.as_ref().map(|row| row.account) == account.map(|account| account.0) {
                return Ok(());
            }
            let after = account.map(|account| speaker_account::Model {
                id: thing,
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
                thing,
                edition: Some(id),
                deed,
                before: before.as_ref().map(speaker_fact),
                after: after.as_ref().map(speaker_fact),
            };
            match after {
                Some(row) => upsert::<speaker_account::Entity>(tx.db(), vec![row]).await?,
                None => {
                    speaker_account::Entity::delete_by_id(thing).exec(tx.db()).await?;
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
                let slots = || {
                    slot::Entity::find()
                        .select_only()
                        .column(slot::Column::Session)
                        .filter(slot::Column::Edition.eq(edition.id.0))
                };
                // A session is cancelled when it has slots and all of them are.
                let held = slots().filter(slot::Column::Standing.ne(CANCELLED)).into_query();
                let takes_place = Condition::any()
                    .add(participation::Column::Session.in_subquery(held))
                    .add(participation::Column::Session.not_in_subquery(slots().into_query()));
                let on_stage: Vec<Uuid> = participation::Entity::find()
                    .select_only()
                    .distinct()
                    .column(participation::Column::Person)
                    .filter(participation::Column::Edition.eq(edition.id.0))
                    .filter(takes_place)
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
            Segment::Registered | Segment::RegisteredAs(_) => {}
        }
        // Who registered as a speaker or lead is one of them too, whether or not an account is known.
        let kind = match segment {
            Segment::Registered => None,
            Segment::RegisteredAs(kind) => Some(*kind),
            Segment::Speakers => Some(RegistrationType::Speaker),
            Segment::Leads => Some(RegistrationType::Lead),
            Segment::Organisers | Segment::Subscribers => continue,
        };
        for one in registered(db, edition.id, kind).await? {
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
    addressed(db, accounts.into_iter().collect(), strangers).await
}

/// Whoever has the role in the edition or in a part of it, in its series or everywhere at `now`.
async fn with_role(
    db: &impl ConnectionTrait,
    edition: &Edition,
    role: Role,
    now: Timestamp,
) -> Result<Vec<AccountId>> {
    let of_edition = Condition::any()
        .add(role_grant::Column::Edition.eq(edition.id.0))
        .add(role_grant::Column::Scope.is_in(["everywhere", "series"]));
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
    Ok(out)
}

/// The mails of a post to everybody in these segments. A person gets one, whatever segments they are in and however often
/// it is sent: its key is made of the post and of who they are.
async fn mails(
    db: &impl ConnectionTrait,
    edition: &Edition,
    post: &Post,
    segments: &[Segment],
    link: &str,
    now: Timestamp,
) -> Result<Vec<NewMail>> {
    let (title, body): (Arc<str>, Arc<str>) = (post.title.as_str().into(), post.body.as_str().into());
    let link: Arc<str> = link.into();
    let list = match post.kind {
        PostKind::Announcement => List::Announcements,
        PostKind::Blog => List::Blog,
    };
    let people = people(db, edition, segments, now).await?;
    Ok(people
        .into_iter()
        .map(|person| {
            let who = match person.account {
                Some(account) => account.0,
                // The address itself would stay in the record after its person is gone.
                None => derived("", "post-mail", person.address.as_str()),
            };
            let name: Arc<str> = person.name.as_str().into();
            let mail = NewMail::new(MailKind::Post, Mailbox::new(&person.name, &person.address))
                .with("name", name)
                .with("title", Arc::clone(&title))
                .with("body", Arc::clone(&body))
                .with("link", Arc::clone(&link));
            NewMail {
                edition: Some(edition.id),
                account: person.account,
                list: Some(list),
                once: Some(format!("{}{who}", key_of(post.id))),
                ..mail
            }
        })
        .collect())
}

/// The begin of the keys of a post's mails.
fn key_of(post: PostId) -> String {
    format!("post:{post}:")
}

/// Queues the mail of a post to everybody in these segments. Gives how many mails are on their way.
pub(crate) async fn send(
    tx: &Tx,
    edition: &Edition,
    post: &Post,
    segments: &[Segment],
    link: &str,
) -> Result<usize> {
    if segments.is_empty() {
        return Ok(0);
    }
    let mails = mails(tx.db(), edition, post, segments, link, tx.at()).await?;
    Ok(mail::queue(tx, mails).await?.queued.len())
}

async fn subscribed(
    db: &impl ConnectionTrait,
    edition: EditionId,
    account: AccountId,
) -> Result<Option<subscription::Model>> {
    let row = subscription::Entity::find()
        .filter(subscription::Column::Edition.eq(edition.0))
        .filter(subscription::Column::Account.eq(account.0));
    Ok(row.one(db).await?)
}

fn subscription_fact(row: &subscription::Model) -> Value {
    json!({ "account": row.account, "since": model::time::from_micros(row.since) })
}

/// What the feed tells of it.
pub(crate) fn speaker_fact(row: &speaker_account::Model) -> Value {
    json!({ "person": row.person, "account": row.account })
}

impl Holding for subscription::Entity {
    const KIND: &'static str = SUBSCRIPTION_KIND;
    const ACCOUNT: Self::Column = subscription::Column::Account;
    const ID: Self::Column = subscription::Column::Id;

    fn id(row: &subscription::Model) -> Uuid {
        row.id
    }

    fn edition(row: &subscription::Model) -> Option<EditionId> {
        Some(EditionId(row.edition))
    }

    fn fact(row: &subscription::Model) -> Result<Value> {
        Ok(subscription_fact(row))
    }

    fn of_account(row: subscription::Model, account: Uuid) -> subscription::Model {
        subscription::Model { account, ..row }
    }

    /// Where both subscribed, one subscription is enough.
    fn stays(row: &subscription::Model, others: &[subscription::Model]) -> bool {
        others.iter().any(|other| other.edition == row.edition)
    }
}

impl Holding for speaker_account::Entity {
    const KIND: &'static str = SPEAKER_KIND;
    const ACCOUNT: Self::Column = speaker_account::Column::Account;
    const ID: Self::Column = speaker_account::Column::Id;

    fn id(row: &speaker_account::Model) -> Uuid {
        row.id
    }

    fn edition(row: &speaker_account::Model) -> Option<EditionId> {
        Some(EditionId(row.edition))
    }

    fn fact(row: &speaker_account::Model) -> Result<Value> {
        Ok(speaker_fact(row))
    }

    fn of_account(row: speaker_account::Model, account: Uuid) -> speaker_account::Model {
        speaker_account::Model { account, ..row }
    }
}

/// What the rows hold, in the feed's words, for [`crate::verify()`].
pub(crate) async fn state(
    db: &DatabaseTransaction,
    state: &mut BTreeMap<(Option<Uuid>, String, Uuid), Value>,
) -> Result<()> {
    for row in subscription::Entity::find().all(db).await? {
        state.insert((Some(row.edition), SUBSCRIPTION_KIND.to_owned(), row.id), subscription_fact(&row));
    }
    for row in speaker_account::Entity::find().all(db).await? {
        state.insert((Some(row.edition), SPEAKER_KIND.to_owned(), row.id), speaker_fact(&row));
    }
    Ok(())
}
