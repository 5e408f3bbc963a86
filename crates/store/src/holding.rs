//! What belongs to an account, over all capabilities: the one list by which accounts are merged, exported and deleted.
//!
//! # How a capability joins
//!
//! Whoever keeps a table with an account in it implements [`Holding`] for its entity beside its own queries, and adds the
//! entity to the list in [`holdings`]. Merging two accounts then moves its rows and can take that back, the export of a
//! person's data holds them, and the deletion of an account removes them or keeps what the conference must keep. **A table
//! that is not in the list loses its rows to a dead account when two accounts are merged.**

use crate::{
    Result,
    account::fact,
    entity::{
        assignment, author, bid, change, chat_ban, chat_event, chat_report, credential, idea, idea_interest,
        identity, live_room, mail, proposal_comment, question, registration, review, review_conflict,
        review_load, role_grant, sign_in, speaker_account, subscription, token, webhook,
    },
    save::upsert,
    tx::{Change, Tx},
};
use jiff::Timestamp;
use model::{
    account::Moved,
    feed::Deed,
    id::{AccountId, CredentialId, EditionId, GrantId, IdentityId, MailId, SignInId, TokenId, WebhookId},
    mail::Stage,
    time::to_micros,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

/// A table whose rows belong to accounts.
pub(crate) trait Holding:
    EntityTrait<Model: Clone + Send + Sync + IntoActiveModel<Self::ActiveModel>, ActiveModel: Send>
{
    /// The word for such a thing in the feed.
    const KIND: &'static str;
    /// The column that says whose it is.
    const ACCOUNT: Self::Column;
    /// The column that says which it is.
    const ID: Self::Column;

    /// Which it is.
    fn id(row: &Self::Model) -> Uuid;

    /// The value of the column [`Self::ID`], where that is another.
    fn key(row: &Self::Model) -> Uuid {
        Self::id(row)
    }

    /// The edition under which the feed knows it.
    fn edition(_row: &Self::Model) -> Option<EditionId> {
        None
    }

    /// What the feed says of it; null where it says nothing yet.
    fn fact(row: &Self::Model) -> Result<Value>;

    /// The same thing, belonging to another account.
    fn of_account(row: Self::Model, account: Uuid) -> Self::Model;

    /// Whether it must stay where it is when the accounts are merged, because of what the other has.
    fn stays(_row: &Self::Model, _others: &[Self::Model]) -> bool {
        false
    }

    /// What is kept of it when the person has the account deleted; nothing where none is said.
    fn kept(_row: Self::Model, _at: Timestamp, _by: &str) -> Option<Self::Model> {
        None
    }

    /// Takes out of what the feed says of it whatever tells who the person is.
    fn scrub(_fact: &mut Map<String, Value>) {}

    /// What a person's own export says of it: never a secret.
    fn exported(row: &Self::Model) -> Result<Value> {
        Self::fact(row)
    }
}

/// Calls `$function::<ENTITY>` for every table whose rows belong to accounts.
macro_rules! holdings {
    ($function:ident($($argument:expr),*)) => {
        $crate::holding::holdings!(@ $function ($($argument),*) [
            identity::Entity,
            sign_in::Entity,
            role_grant::Entity,
            registration::Entity,
            subscription::Entity,
            credential::Entity,
            token::Entity,
            webhook::Entity,
            speaker_account::Entity,
            author::Entity,
            review::Entity,
            review_conflict::Entity,
            proposal_comment::Entity,
            idea_interest::Entity,
            idea::Entity,
            question::Entity,
            bid::Entity,
            assignment::Entity,
            review_load::Entity,
            live_room::Entity,
            chat_event::Entity,
            chat_ban::Entity,
            chat_report::Entity,
            mail::Entity,
        ])
    };
    (@ $function:ident $arguments:tt [$($entity:ty),* $(,)?]) => {
        $($crate::holding::holdings!(! $function::<$entity> $arguments);)*
    };
    (! $function:ident::<$entity:ty> ($($argument:expr),*)) => {
        $function::<$entity>($($argument),*).await?
    };
}
use holdings;

/// The words in the feed for what belongs to accounts.
pub(crate) const KINDS: [&str; 22] = [
    AccountId::KIND,
    IdentityId::KIND,
    SignInId::KIND,
    GrantId::KIND,
    model::id::RegistrationId::KIND,
    crate::audience::SUBSCRIPTION_KIND,
    crate::audience::SPEAKER_KIND,
    model::id::AuthorId::KIND,
    crate::review::KIND,
    crate::review::CONFLICT_KIND,
    model::id::CommentId::KIND,
    crate::idea::INTEREST_KIND,
    model::id::IdeaId::KIND,
    model::id::QuestionId::KIND,
    crate::bid::KIND,
    crate::assignment::KIND,
    crate::bid::LOAD_KIND,
    crate::live_room::KIND,
    crate::chat::BAN_KIND,
    crate::chat::REPORT_KIND,
    CredentialId::KIND,
    TokenId::KIND,
];

/// Hands over what belongs to `from` to `into`, of `only` these things where they are given. Gives what moved.
pub(crate) async fn hand_over(
    tx: &Tx,
    from: AccountId,
    into: AccountId,
    only: Option<&BTreeSet<Uuid>>,
) -> Result<Vec<Moved>> {
    let mut moved = vec![];
    holdings!(hand_over_rows(tx, from.0, into.0, only, &mut moved));
    Ok(moved)
}

/// What belongs to an account, as its person may have it: by kind, without secrets.
pub(crate) async fn exported(db: &impl ConnectionTrait, id: AccountId) -> Result<Map<String, Value>> {
    let mut out = Map::new();
    holdings!(export_rows(db, id.0, &mut out));
    Ok(out)
}

/// The things that belong to an account, by which the feed knows them.
pub(crate) async fn things(db: &impl ConnectionTrait, id: AccountId) -> Result<Vec<Uuid>> {
    let mut out = vec![];
    holdings!(collect_things(db, id.0, &mut out));
    Ok(out)
}

/// Removes what belongs to an account, or keeps of it what the conference must keep.
pub(crate) async fn forget(tx: &Tx, id: AccountId, by: &str) -> Result<()> {
    holdings!(forget_rows(tx, id.0, by));
    Ok(())
}

/// Takes out of the feed what its entries about these accounts' things tell of their person.
pub(crate) async fn scrub(tx: &Tx, ids: &[AccountId]) -> Result<()> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    holdings!(scrub_rows(tx, &ids));
    Ok(())
}

async fn hand_over_rows<E: Holding>(
    tx: &Tx,
    from: Uuid,
    into: Uuid,
    only: Option<&BTreeSet<Uuid>>,
    moved: &mut Vec<Moved>,
) -> Result<()> {
    let mut rows = rows_of::<E>(tx.db(), from).await?;
    if let Some(only) = only {
        rows.retain(|row| only.contains(&E::id(row)));
    }
    if rows.is_empty() {
        return Ok(());
    }
    let others = rows_of::<E>(tx.db(), into).await?;
    rows.retain(|row| !E::stays(row, &others));
    let mut written = Vec::with_capacity(rows.len());
    let mut changes = vec![];
    for row in rows {
        moved.push(Moved { kind: E::KIND.to_owned(), thing: E::id(&row) });
        let after = E::of_account(row.clone(), into);
        changes.extend(change::<E>(Some(&row), Some(&after))?);
        written.push(after);
    }
    upsert::<E>(tx.db(), written).await?;
    tx.note(changes).await
}

async fn export_rows<E: Holding>(
    db: &impl ConnectionTrait,
    id: Uuid,
    out: &mut Map<String, Value>,
) -> Result<()> {
    let rows = rows_of::<E>(db, id).await?;
    let mut rows = rows.iter().map(E::exported).collect::<Result<Vec<_>>>()?;
    rows.retain(|row| !row.is_null());
    out.insert(E::KIND.to_owned(), Value::Array(rows));
    Ok(())
}

async fn collect_things<E: Holding>(db: &impl ConnectionTrait, id: Uuid, out: &mut Vec<Uuid>) -> Result<()> {
    out.extend(rows_of::<E>(db, id).await?.iter().map(E::id));
    Ok(())
}

async fn forget_rows<E: Holding>(tx: &Tx, id: Uuid, by: &str) -> Result<()> {
    let rows = rows_of::<E>(tx.db(), id).await?;
    let (mut written, mut gone, mut changes) = (vec![], vec![], vec![]);
    for row in rows {
        let after = E::kept(row.clone(), tx.at(), by);
        changes.extend(change::<E>(Some(&row), after.as_ref())?);
        match after {
            Some(after) => written.push(after),
            None => gone.push(E::key(&row)),
        }
    }
    upsert::<E>(tx.db(), written).await?;
    for gone in gone.chunks(500) {
        E::delete_many()
            .filter(E::ACCOUNT.eq(id))
            .filter(E::ID.is_in(gone.iter().copied()))
            .exec(tx.db())
            .await?;
    }
    tx.note(changes).await
}

/// The feed's entry for a thing that changes; none where the feed sees no difference.
fn change<E: Holding>(before: Option<&E::Model>, after: Option<&E::Model>) -> Result<Option<Change>> {
    let Some(row) = before.or(after) else { return Ok(None) };
    let (thing, edition) = (E::id(row), E::edition(row));
    let known = |row: Option<&E::Model>| -> Result<Option<Value>> {
        Ok(row.map(E::fact).transpose()?.filter(|fact| !fact.is_null()))
    };
    let (before, after) = (known(before)?, known(after)?);
    if before == after {
        return Ok(None);
    }
    let deed = match (&before, &after) {
        (None, _) => Deed::Created,
        (_, None) => Deed::Removed,
        _ => Deed::Changed,
    };
    Ok(Some(Change { kind: E::KIND, thing, edition, deed, before, after }))
}

async fn scrub_rows<E: Holding>(tx: &Tx, ids: &[String]) -> Result<()> {
    scrub_feed(tx, E::KIND, ids, |fact| {
        let whose = fact.get("account").and_then(Value::as_str);
        if whose.is_some_and(|whose| ids.iter().any(|id| id == whose)) {
            E::scrub(fact);
        }
    })
    .await
}

/// Rewrites what the feed says about things of a kind wherever one of `ids` is named. An entry that says nothing
/// afterwards is removed: the feed must not tell of a change that it does not show. Reads all entries of the feed that
/// name one of them, which takes a second for a million.
pub(crate) async fn scrub_feed(
    tx: &Tx,
    kind: &str,
    ids: &[String],
    rewrite: impl Fn(&mut Map<String, Value>),
) -> Result<()> {
    let mut named = Condition::any();
    for id in ids {
        named = named.add(change::Column::Before.contains(id)).add(change::Column::After.contains(id));
    }
    let entries = change::Entity::find()
        .filter(change::Column::Kind.eq(kind))
        .filter(named)
        .order_by_asc(change::Column::Seq)
        .all(tx.db())
        .await?;
    rewrite_entries(tx, entries, rewrite).await
}

/// Rewrites what the feed says about these things of a kind, like [`scrub_feed`]: for entries that name no account because
/// the things were nobody's yet.
pub(crate) async fn scrub_things(
    tx: &Tx,
    kind: &str,
    things: &[Uuid],
    rewrite: impl Fn(&mut Map<String, Value>),
) -> Result<()> {
    for things in things.chunks(500) {
        let entries = change::Entity::find()
            .filter(change::Column::Kind.eq(kind))
            .filter(change::Column::Thing.is_in(things.iter().copied()))
            .all(tx.db())
            .await?;
        rewrite_entries(tx, entries, &rewrite).await?;
    }
    Ok(())
}

async fn rewrite_entries(
    tx: &Tx,
    entries: Vec<change::Model>,
    rewrite: impl Fn(&mut Map<String, Value>),
) -> Result<()> {
    let scrubbed = |kind: &str, text: Option<&String>| -> Result<Option<String>> {
        let Some(text) = text else { return Ok(None) };
        let mut value: Value = serde_json::from_str(text)
            .map_err(|error| crate::Error::damaged(format!("an entry of the feed about a {kind}"), error))?;
        if let Value::Object(fact) = &mut value {
            rewrite(fact);
        }
        crate::rows::json(&value).map(Some)
    };
    let (mut written, mut empty) = (vec![], vec![]);
    for entry in entries {
        let before = scrubbed(&entry.kind, entry.before.as_ref())?;
        let after = scrubbed(&entry.kind, entry.after.as_ref())?;
        if before == after {
            empty.push(entry.seq);
        } else if before != entry.before || after != entry.after {
            written.push(change::Model { before, after, ..entry });
        }
    }
    upsert::<change::Entity>(tx.db(), written).await?;
    for chunk in empty.chunks(500) {
        change::Entity::delete_many()
            .filter(change::Column::Seq.is_in(chunk.iter().copied()))
            .exec(tx.db())
            .await?;
    }
    Ok(())
}

async fn rows_of<E: Holding>(db: &impl ConnectionTrait, id: Uuid) -> Result<Vec<E::Model>> {
    Ok(E::find().filter(E::ACCOUNT.eq(id)).order_by_asc(E::ID).all(db).await?)
}

/// Blanks members of a fact.
pub(crate) fn blank(fact: &mut Map<String, Value>, members: &[&str]) {
    for member in members {
        if let Some(value) = fact.get_mut(*member) {
            *value = match value {
                Value::String(_) => json!(""),
                _ => Value::Null,
            };
        }
    }
}

impl Holding for identity::Entity {
    const KIND: &'static str = IdentityId::KIND;
    const ACCOUNT: Self::Column = identity::Column::Account;
    const ID: Self::Column = identity::Column::Id;

    fn id(row: &identity::Model) -> Uuid {
        row.id
    }

    fn fact(row: &identity::Model) -> Result<Value> {
        fact(&crate::account::identity_of(row)?)
    }

    fn of_account(row: identity::Model, account: Uuid) -> identity::Model {
        // Which address of the other account is the primary one is settled afterwards.
        identity::Model { account, primary: false, ..row }
    }

    fn scrub(fact: &mut Map<String, Value>) {
        fact.insert("proof".to_owned(), json!({ "email": "erased@erased.invalid" }));
    }
}

impl Holding for sign_in::Entity {
    const KIND: &'static str = SignInId::KIND;
    const ACCOUNT: Self::Column = sign_in::Column::Account;
    const ID: Self::Column = sign_in::Column::Id;

    fn id(row: &sign_in::Model) -> Uuid {
        row.id
    }

    fn fact(row: &sign_in::Model) -> Result<Value> {
        Ok(crate::sign_in::fact(row))
    }

    fn of_account(row: sign_in::Model, account: Uuid) -> sign_in::Model {
        sign_in::Model { account, viewing_as: None, viewing_until: None, ..row }
    }

    fn scrub(fact: &mut Map<String, Value>) {
        blank(fact, &["agent"]);
    }

    fn exported(row: &sign_in::Model) -> Result<Value> {
        Ok(crate::sign_in::sign_in_of(row)?.exported())
    }
}

impl Holding for role_grant::Entity {
    const KIND: &'static str = GrantId::KIND;
    const ACCOUNT: Self::Column = role_grant::Column::Account;
    const ID: Self::Column = role_grant::Column::Id;

    fn id(row: &role_grant::Model) -> Uuid {
        row.id
    }

    fn edition(row: &role_grant::Model) -> Option<EditionId> {
        row.edition.map(EditionId)
    }

    fn fact(row: &role_grant::Model) -> Result<Value> {
        fact(&crate::grant::grant_of(row)?)
    }

    fn of_account(row: role_grant::Model, account: Uuid) -> role_grant::Model {
        role_grant::Model { account, ..row }
    }

    /// Who had which role stays: it explains who could do what was done.
    fn kept(row: role_grant::Model, at: Timestamp, by: &str) -> Option<role_grant::Model> {
        let (revoked_at, revoked_by) = match row.revoked_at {
            Some(_) => (row.revoked_at, row.revoked_by.clone()),
            None => (Some(to_micros(at)), Some(by.to_owned())),
        };
        Some(role_grant::Model { revoked_at, revoked_by, note: String::new(), ..row })
    }

    fn scrub(fact: &mut Map<String, Value>) {
        blank(fact, &["note"]);
    }
}

impl Holding for credential::Entity {
    const KIND: &'static str = CredentialId::KIND;
    const ACCOUNT: Self::Column = credential::Column::Account;
    const ID: Self::Column = credential::Column::Id;

    fn id(row: &credential::Model) -> Uuid {
        row.id
    }

    fn fact(row: &credential::Model) -> Result<Value> {
        Ok(crate::credential::fact(row))
    }

    fn of_account(row: credential::Model, account: Uuid) -> credential::Model {
        credential::Model { account, ..row }
    }

    /// An account has one password. The other's comes back with it when the merge is undone.
    fn stays(row: &credential::Model, others: &[credential::Model]) -> bool {
        row.kind == "password" && others.iter().any(|other| other.kind == "password")
    }

    fn scrub(fact: &mut Map<String, Value>) {
        blank(fact, &["name"]);
    }
}

impl Holding for token::Entity {
    const KIND: &'static str = TokenId::KIND;
    const ACCOUNT: Self::Column = token::Column::Account;
    const ID: Self::Column = token::Column::Id;

    fn id(row: &token::Model) -> Uuid {
        row.id
    }

    fn fact(row: &token::Model) -> Result<Value> {
        fact(&crate::token::token_of(row)?)
    }

    fn of_account(row: token::Model, account: Uuid) -> token::Model {
        token::Model { account, ..row }
    }

    fn scrub(fact: &mut Map<String, Value>) {
        blank(fact, &["name"]);
    }
}

impl Holding for webhook::Entity {
    const KIND: &'static str = WebhookId::KIND;
    const ACCOUNT: Self::Column = webhook::Column::Owner;
    const ID: Self::Column = webhook::Column::Id;

    fn id(row: &webhook::Model) -> Uuid {
        row.id
    }

    fn edition(row: &webhook::Model) -> Option<EditionId> {
        row.edition.map(EditionId)
    }

    fn fact(row: &webhook::Model) -> Result<Value> {
        Ok(crate::webhook::fact(row))
    }

    fn of_account(row: webhook::Model, account: Uuid) -> webhook::Model {
        webhook::Model { owner: Some(account), ..row }
    }

    /// Other systems go on being told until an organiser says otherwise.
    fn kept(row: webhook::Model, _at: Timestamp, _by: &str) -> Option<webhook::Model> {
        Some(webhook::Model { owner: None, ..row })
    }
}

impl Holding for mail::Entity {
    const KIND: &'static str = MailId::KIND;
    const ACCOUNT: Self::Column = mail::Column::Account;
    const ID: Self::Column = mail::Column::Id;

    fn id(row: &mail::Model) -> Uuid {
        row.id
    }

    fn edition(row: &mail::Model) -> Option<EditionId> {
        row.edition.map(EditionId)
    }

    fn fact(row: &mail::Model) -> Result<Value> {
        Ok(crate::mail::fact(row))
    }

    fn of_account(row: mail::Model, account: Uuid) -> mail::Model {
        mail::Model { account: Some(account), ..row }
    }

    /// That there was a mail of that kind and what became of it stays; to whom it went and what it said does not. What
    /// still waits is not sent any more.
    fn kept(row: mail::Model, at: Timestamp, _by: &str) -> Option<mail::Model> {
        let waits = Stage::parse(&row.stage).is_some_and(Stage::is_waiting);
        let (stage, at) = if waits {
            (Stage::Suppressed.as_str().to_owned(), to_micros(at))
        } else {
            (row.stage.clone(), row.at)
        };
        Some(mail::Model {
            stage,
            at,
            account: None,
            to_name: String::new(),
            to_address: String::new(),
            subject: String::new(),
            body: String::new(),
            // Servers name the address in their answers.
            answer: String::new(),
            link: None,
            once: None,
            ..row
        })
    }

    fn exported(row: &mail::Model) -> Result<Value> {
        Ok(json!({
            "kind": row.kind,
            "to": row.to_address,
            "subject": row.subject,
            "body": model::mail::redacted(&row.body),
            "state": row.stage,
            "at": model::time::from_micros(row.created_at),
        }))
    }
}
