//! Roles that wait for an address: making them, listing them, and giving them to whoever proves the address.

use crate::{
    Error, Result, Store,
    account::{fact, owner},
    entity::{invitation, role_grant},
    grant::{self, NewGrant, Scoped},
    holding::{blank, scrub_things},
    save::upsert,
    tx::{Change, Tx},
};
use model::{
    account::Proof,
    edition::Edition,
    email::Email,
    feed::Deed,
    id::{AccountId, GrantId},
    invitation::{Invitation, KIND},
    permission::{Place, Role, Scope, Subject},
    text::Line,
    time::{from_micros, to_micros},
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Map, Value, json};
use uuid::Uuid;

impl Store {
    /// The roles that wait for an address, the latest first: in one edition, with those of its series and of the whole
    /// installation, or everywhere. One query.
    pub async fn invitations(&self, edition: Option<&Edition>) -> Result<Vec<Invitation>> {
        let mut find = invitation::Entity::find().order_by_desc(invitation::Column::GivenAt);
        if let Some(edition) = edition {
            find = find.filter(
                Condition::any()
                    .add(invitation::Column::Edition.eq(edition.id.0))
                    .add(invitation::Column::Scope.is_in(["everywhere", "series"])),
            );
        }
        let rows = find.all(self.readers()).await?;
        let all = rows.iter().map(invitation_of).collect::<Result<Vec<_>>>()?;
        let here = |one: &Invitation| match (&one.scope, edition) {
            (Scope::Series(_), Some(edition)) => one.scope.covers(&Place::edition(edition)),
            _ => true,
        };
        let now = self.now();
        Ok(all.into_iter().filter(|one| one.waits(now) && here(one)).collect())
    }

    /// The roles that wait for that address. One query.
    pub async fn invitations_to(&self, email: &Email) -> Result<Vec<Invitation>> {
        let now = self.now();
        let mut all = to_address(self.readers(), email).await?;
        all.retain(|one| one.waits(now));
        Ok(all)
    }
}

/// Has a role wait for an address that no account has. Gives the invitation, and whether it is new: the same role with the
/// same scope and times waits only once.
pub(crate) async fn invite(
    tx: &Tx,
    subject: &Subject,
    email: &Email,
    new: &NewGrant,
) -> Result<(GrantId, bool)> {
    let waiting = to_address(tx.db(), email).await?;
    let same = waiting.iter().find(|one| {
        one.role == new.role && one.scope == new.scope && one.from == new.from && one.until == new.until
    });
    if let Some(one) = same {
        return Ok((one.id, false));
    }
    let invitation = Invitation {
        id: GrantId(Uuid::now_v7()),
        email: email.clone(),
        role: new.role,
        scope: new.scope.clone(),
        given_by: subject.actor.to_string(),
        given_at: tx.at(),
        from: new.from,
        until: new.until,
        note: new.note.clone(),
    };
    put(tx, &invitation).await?;
    Ok((invitation.id, true))
}

/// The invitation of that identifier.
pub(crate) async fn find(db: &impl ConnectionTrait, id: GrantId) -> Result<Option<Invitation>> {
    let row = invitation::Entity::find_by_id(id.0).one(db).await?;
    row.as_ref().map(invitation_of).transpose()
}

/// Takes an invitation out of the record: it was withdrawn, accepted, or its time is over.
pub(crate) async fn remove(tx: &Tx, gone: &Invitation) -> Result<()> {
    invitation::Entity::delete_by_id(gone.id.0).exec(tx.db()).await?;
    tx.note(vec![change(gone, Deed::Removed)?]).await
}

/// Gives an account the roles that waited for an address which its person has just proved. Called wherever an address
/// becomes an identity, in the same transaction. A role that they have already is not given twice.
pub(crate) async fn accept(tx: &Tx, account: AccountId, email: &Email) -> Result<()> {
    let waiting = to_address(tx.db(), email).await?;
    if waiting.is_empty() {
        return Ok(());
    }
    let held = grant::of_account(tx.db(), account).await?;
    for one in &waiting {
        remove(tx, one).await?;
        let Some(grant) = one.accepted(account, tx.at()) else { continue };
        if !held.iter().any(|had| had.gives(&grant)) {
            grant::put(tx, None, &grant).await?;
        }
    }
    Ok(())
}

/// Takes the address and what was said to its person out of what the feed tells of the invitations that these accounts
/// accepted: their grants have the same identifiers.
pub(crate) async fn scrub(tx: &Tx, ids: &[AccountId]) -> Result<()> {
    let things: Vec<Uuid> = role_grant::Entity::find()
        .select_only()
        .column(role_grant::Column::Id)
        .filter(role_grant::Column::Account.is_in(ids.iter().map(|id| id.0)))
        .into_tuple()
        .all(tx.db())
        .await?;
    let erase = |fact: &mut Map<String, Value>| {
        fact.insert("email".to_owned(), json!("erased@erased.invalid"));
        blank(fact, &["note"]);
    };
    scrub_things(tx, KIND, &things, erase).await
}

/// Removes invitations that wait no more. Gives how many.
pub(crate) async fn forget_over(tx: &Tx) -> Result<u64> {
    let rows = invitation::Entity::find()
        .filter(invitation::Column::UntilAt.lte(to_micros(tx.at())))
        .all(tx.db())
        .await?;
    for row in &rows {
        remove(tx, &invitation_of(row)?).await?;
    }
    Ok(rows.len() as u64)
}

/// Makes an invitation what it was `before`, if it still is what it was `after` and `subject` may give its role; gives
/// whether it was. One that comes back while somebody has the address is theirs at once.
pub(crate) async fn restore(
    tx: &Tx,
    subject: &Subject,
    thing: Uuid,
    before: Option<Value>,
    after: Option<&Value>,
) -> Result<bool> {
    let present = find(tx.db(), GrantId(thing)).await?;
    if present.as_ref().map(fact).transpose()?.as_ref() != after {
        return Ok(false);
    }
    let wanted: Option<Invitation> =
        before.map(serde_json::from_value).transpose().map_err(|error| Error::damaged("feed", error))?;
    let Some(one) = wanted.as_ref().or(present.as_ref()) else { return Ok(true) };
    let series = grant::series_of(tx.db(), &one.scope).await?;
    subject.may_give(one.role, &one.scope, series.as_ref())?;
    let Some(wanted) = wanted else {
        remove(tx, one).await?;
        return Ok(true);
    };
    put(tx, &wanted).await?;
    if let Some(row) = owner(tx.db(), &Proof::Email(wanted.email.clone())).await? {
        accept(tx, AccountId(row.account), &wanted.email).await?;
    }
    Ok(true)
}

/// All of them with what the feed says of each, and what is wrong, for [`crate::verify()`]: none waits for an address that
/// an account has.
pub(crate) async fn state(
    db: &impl ConnectionTrait,
    broken: &mut Vec<String>,
) -> Result<Vec<(Option<Uuid>, Uuid, Value)>> {
    let mut facts = vec![];
    for row in invitation::Entity::find().all(db).await? {
        let one = invitation_of(&row)?;
        if let Some(owner) = owner(db, &Proof::Email(one.email.clone())).await? {
            broken.push(format!("invitation {}: account {} has its address", row.id, owner.account));
        }
        facts.push((row.edition, row.id, fact(&one)?));
    }
    Ok(facts)
}

async fn to_address(db: &impl ConnectionTrait, email: &Email) -> Result<Vec<Invitation>> {
    let rows = invitation::Entity::find()
        .filter(invitation::Column::Email.eq(email.as_str()))
        .order_by_asc(invitation::Column::GivenAt)
        .order_by_asc(invitation::Column::Id)
        .all(db)
        .await?;
    rows.iter().map(invitation_of).collect()
}

async fn put(tx: &Tx, new: &Invitation) -> Result<()> {
    let Scoped { word, edition, thing, series } = Scoped::from(&new.scope);
    let row = invitation::Model {
        id: new.id.0,
        email: new.email.to_string(),
        role: new.role.as_str().to_owned(),
        scope: word,
        edition,
        thing,
        series,
        given_by: new.given_by.clone(),
        given_at: to_micros(new.given_at),
        from_at: new.from.map(to_micros),
        until_at: new.until.map(to_micros),
        note: new.note.to_string(),
    };
    upsert::<invitation::Entity>(tx.db(), vec![row]).await?;
    tx.note(vec![change(new, Deed::Created)?]).await
}

fn change(one: &Invitation, deed: Deed) -> Result<Change> {
    let fact = Some(fact(one)?);
    let (before, after) = if deed == Deed::Removed { (fact, None) } else { (None, fact) };
    Ok(Change { kind: KIND, thing: one.id.0, edition: one.scope.edition(), deed, before, after })
}

fn invitation_of(row: &invitation::Model) -> Result<Invitation> {
    let damaged = |what: &str| Error::damaged(format!("invitation {}", row.id), what);
    let instant = |micros: i64| from_micros(micros).ok_or_else(|| damaged("no such instant"));
    let scoped = Scoped {
        word: row.scope.clone(),
        edition: row.edition,
        thing: row.thing,
        series: row.series.clone(),
    };
    Ok(Invitation {
        id: GrantId(row.id),
        email: Email::parse(&row.email).map_err(|refusal| damaged(&refusal.problem))?,
        role: Role::parse(&row.role).ok_or_else(|| damaged("no such role"))?,
        scope: scoped.scope().ok_or_else(|| damaged("no such scope"))?,
        given_by: row.given_by.clone(),
        given_at: instant(row.given_at)?,
        from: row.from_at.map(instant).transpose()?,
        until: row.until_at.map(instant).transpose()?,
        note: Line::clean(&row.note),
    })
}
