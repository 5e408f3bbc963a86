//! Roles: giving them, revoking them, and who has which.

use crate::{
    Error, Result, Store,
    account::{account_of, active, fact, owner},
    entity::{account, edition, role_grant},
    invitation,
    tx::{Change, Tx},
};
use jiff::Timestamp;
use model::{
    Refusal,
    account::{Account, Proof},
    email::Email,
    feed::{Actor, Deed},
    id::{AccountId, CallId, EditionId, GrantId, RoomId, TrackId},
    mail::NewMail,
    permission::{Grant, Revoked, Role, Scope, Subject},
    text::Line,
    time::{from_micros, to_micros},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
};
use uuid::Uuid;

/// To whom a role is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grantee {
    /// To the person of that account.
    Account(AccountId),
    /// To whoever has proved that address. Where nobody has, the role waits for it as an invitation.
    Address(Email),
}

impl From<AccountId> for Grantee {
    fn from(account: AccountId) -> Self {
        Self::Account(account)
    }
}

impl From<Email> for Grantee {
    fn from(address: Email) -> Self {
        Self::Address(address)
    }
}

/// A role to be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGrant {
    /// To whom.
    pub to: Grantee,
    /// Which.
    pub role: Role,
    /// Where it holds.
    pub scope: Scope,
    /// From when on; at once where none is said.
    pub from: Option<Timestamp>,
    /// Until when, exclusive; until it is revoked where none is said.
    pub until: Option<Timestamp>,
    /// Why.
    pub note: Line,
}

impl NewGrant {
    /// The role, at once and until it is revoked.
    pub fn new(to: impl Into<Grantee>, role: Role, scope: Scope) -> Self {
        Self { to: to.into(), role, scope, from: None, until: None, note: Line::default() }
    }

    /// What `account` is given by `actor` at `at`.
    fn grant(&self, account: AccountId, actor: &Actor, at: Timestamp) -> Grant {
        Grant {
            id: GrantId(Uuid::now_v7()),
            account,
            role: self.role,
            scope: self.scope.clone(),
            given_by: actor.to_string(),
            given_at: at,
            from: self.from,
            until: self.until,
            revoked: None,
            note: self.note.clone(),
        }
    }
}

/// What became of a role that was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Given {
    /// The grant, or the invitation that becomes it.
    pub id: GrantId,
    /// Who has it; `None` where it waits for an address.
    pub account: Option<AccountId>,
}

impl Store {
    /// Gives a role, when `subject` may. The same role with the same scope and times is given only once.
    pub async fn give(&self, subject: &Subject, new: &NewGrant) -> Result<Given> {
        self.write(&subject.actor, async |tx| Ok(give(tx, subject, new).await?.0)).await
    }

    /// Gives a role, when `subject` may, and queues the mail that tells whom it was given. `mail` makes the mail from their
    /// account, where they have one, unless they were given the role before.
    pub async fn invite(
        &self,
        subject: &Subject,
        new: &NewGrant,
        mail: impl FnOnce(Option<&Account>) -> NewMail,
    ) -> Result<Given> {
        self.write(&subject.actor, async |tx| {
            let (given, is_new) = give(tx, subject, new).await?;
            if is_new {
                let account = match given.account {
                    Some(id) => Some(active(tx.db(), id).await?),
                    None => None,
                };
                crate::mail::queue(tx, vec![mail(account.as_ref())]).await?;
            }
            Ok(given)
        })
        .await
    }

    /// Revokes a role, or withdraws the invitation to it, when `subject` may. The last administrator stays.
    pub async fn revoke(&self, subject: &Subject, id: GrantId) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            if let Some(waiting) = invitation::find(tx.db(), id).await? {
                let series = series_of(tx.db(), &waiting.scope).await?;
                subject.may_give(waiting.role, &waiting.scope, series.as_ref())?;
                return invitation::remove(tx, &waiting).await;
            }
            let row = role_grant::Entity::find_by_id(id.0).one(tx.db()).await?;
            let before = row.as_ref().map(grant_of).transpose()?;
            let Some(before) = before.filter(|grant| grant.revoked.is_none()) else {
                return Err(
                    Refusal::new("grant", "there is no such role any more", "Load the page again").into()
                );
            };
            let series = series_of(tx.db(), &before.scope).await?;
            subject.may_give(before.role, &before.scope, series.as_ref())?;
            let revoked = Some(Revoked { at: tx.at(), by: subject.actor.to_string() });
            let after = Grant { revoked, ..before.clone() };
            put(tx, Some(&before), &after).await?;
            if before.role == Role::Administrator { keep_an_administrator(tx).await } else { Ok(()) }
        })
        .await
    }

    /// A person's grants, also past and revoked ones, the latest first. One query.
    pub async fn grants_of(&self, id: AccountId) -> Result<Vec<Grant>> {
        of_account(self.readers(), id).await
    }

    /// Who was given which role, the latest first: in one edition, with those of its series and of the whole
    /// installation, or everywhere. Two queries.
    pub async fn grants(&self, edition: Option<&model::edition::Edition>) -> Result<Vec<(Grant, Account)>> {
        let mut find = role_grant::Entity::find().order_by_desc(role_grant::Column::GivenAt);
        if let Some(edition) = edition {
            find = find.filter(
                Condition::any()
                    .add(role_grant::Column::Edition.eq(edition.id.0))
                    .add(role_grant::Column::Scope.is_in(["everywhere", "series"])),
            );
        }
        let rows = find.all(self.readers()).await?;
        let accounts = account::Entity::find()
            .filter(account::Column::Id.is_in(rows.iter().map(|row| row.account)))
            .all(self.readers())
            .await?;
        let mut out = Vec::with_capacity(rows.len());
        for row in &rows {
            let grant = grant_of(row)?;
            let covers = edition.is_none_or(|edition| match &grant.scope {
                Scope::Series(_) => grant.scope.covers(&model::permission::Place::edition(edition)),
                _ => true,
            });
            let account = accounts.iter().find(|account| account.id == row.account);
            if let (true, Some(account)) = (covers, account) {
                out.push((grant, account_of(account)?));
            }
        }
        Ok(out)
    }
}

/// See [`Store::give`]. Gives what became of it, and whether it was given now.
async fn give(tx: &Tx, subject: &Subject, new: &NewGrant) -> Result<(Given, bool)> {
    let series = series_of(tx.db(), &new.scope).await?;
    subject.may_give(new.role, &new.scope, series.as_ref())?;
    if new.until.is_some_and(|until| until <= new.from.unwrap_or(tx.at())) {
        return Err(Refusal::new("until", "the role would end before it begins", "Choose a later end").into());
    }
    let account = match &new.to {
        Grantee::Account(account) => *account,
        Grantee::Address(email) => {
            let Some(row) = owner(tx.db(), &Proof::Email(email.clone())).await? else {
                let (id, is_new) = invitation::invite(tx, subject, email, new).await?;
                return Ok((Given { id, account: None }, is_new));
            };
            AccountId(row.account)
        }
    };
    active(tx.db(), account).await?;
    let grant = new.grant(account, &subject.actor, tx.at());
    let held = of_account(tx.db(), account).await?;
    if let Some(had) = held.iter().find(|had| had.gives(&grant)) {
        return Ok((Given { id: had.id, account: Some(account) }, false));
    }
    put(tx, None, &grant).await?;
    Ok((Given { id: grant.id, account: Some(account) }, true))
}

/// Gives a role to an account, without asking whether one may.
pub(crate) async fn insert(tx: &Tx, account: AccountId, new: &NewGrant, actor: &Actor) -> Result<()> {
    put(tx, None, &new.grant(account, actor, tx.at())).await
}

/// Writes a grant and notes it.
pub(crate) async fn put(tx: &Tx, before: Option<&Grant>, after: &Grant) -> Result<()> {
    crate::save::upsert::<role_grant::Entity>(tx.db(), vec![row_of(after)]).await?;
    tx.note(vec![Change {
        kind: GrantId::KIND,
        thing: after.id.0,
        edition: after.scope.edition(),
        deed: if before.is_some() { Deed::Changed } else { Deed::Created },
        before: before.map(fact).transpose()?,
        after: Some(fact(after)?),
    }])
    .await
}

/// See [`Store::grants_of`].
pub(crate) async fn of_account(db: &impl ConnectionTrait, id: AccountId) -> Result<Vec<Grant>> {
    let rows = role_grant::Entity::find()
        .filter(role_grant::Column::Account.eq(id.0))
        .order_by_desc(role_grant::Column::GivenAt)
        .all(db)
        .await?;
    rows.iter().map(grant_of).collect()
}

/// Refuses when nobody would be an administrator any more.
pub(crate) async fn keep_an_administrator(tx: &Tx) -> Result<()> {
    if no_administrator(tx.db(), tx.at()).await? {
        let remedy = "Make somebody else one first";
        return Err(Refusal::new("grant", "nobody would be an administrator any more", remedy).into());
    }
    Ok(())
}

/// Whether nobody who can sign in is an administrator at `now`.
pub(crate) async fn no_administrator(db: &impl ConnectionTrait, now: Timestamp) -> Result<bool> {
    let rows = role_grant::Entity::find()
        .filter(role_grant::Column::Role.eq(Role::Administrator.as_str()))
        .filter(role_grant::Column::RevokedAt.is_null())
        .all(db)
        .await?;
    let grants = rows.iter().map(grant_of).collect::<Result<Vec<_>>>()?;
    let holders = grants.iter().filter(|grant| grant.holds(now)).map(|grant| grant.account.0);
    let here = account::Entity::find()
        .filter(account::Column::Id.is_in(holders))
        .filter(account::Column::State.eq("active"))
        .count(db)
        .await?;
    Ok(here == 0)
}

/// The series of the edition in which a scope lies.
pub(crate) async fn series_of(db: &impl ConnectionTrait, scope: &Scope) -> Result<Option<Line>> {
    let Some(id) = scope.edition() else { return Ok(None) };
    let row = edition::Entity::find_by_id(id.0).one(db).await?.ok_or_else(|| Error::no_edition(id))?;
    Ok(Some(Line::clean(&row.series)))
}

/// A scope as rows hold it.
pub(crate) struct Scoped {
    pub(crate) word: String,
    pub(crate) edition: Option<Uuid>,
    pub(crate) thing: Option<Uuid>,
    pub(crate) series: String,
}

impl From<&Scope> for Scoped {
    fn from(scope: &Scope) -> Self {
        let (word, thing, series) = match scope {
            Scope::Everywhere => ("everywhere", None, String::new()),
            Scope::Series(name) => ("series", None, name.to_string()),
            Scope::Edition(_) => ("edition", None, String::new()),
            Scope::Track(_, id) => ("track", Some(id.0), String::new()),
            Scope::Call(_, id) => ("call", Some(id.0), String::new()),
            Scope::Room(_, id) => ("room", Some(id.0), String::new()),
        };
        Self { word: word.to_owned(), edition: scope.edition().map(|id| id.0), thing, series }
    }
}

impl Scoped {
    /// The scope; `None` for what no version writes.
    pub(crate) fn scope(&self) -> Option<Scope> {
        match (self.word.as_str(), self.edition.map(EditionId), self.thing) {
            ("everywhere", ..) => Some(Scope::Everywhere),
            ("series", ..) => Some(Scope::Series(Line::clean(&self.series))),
            ("edition", Some(edition), _) => Some(Scope::Edition(edition)),
            ("track", Some(edition), Some(id)) => Some(Scope::Track(edition, TrackId(id))),
            ("call", Some(edition), Some(id)) => Some(Scope::Call(edition, CallId(id))),
            ("room", Some(edition), Some(id)) => Some(Scope::Room(edition, RoomId(id))),
            _ => None,
        }
    }
}

fn row_of(grant: &Grant) -> role_grant::Model {
    let Scoped { word, edition, thing, series } = Scoped::from(&grant.scope);
    role_grant::Model {
        id: grant.id.0,
        account: grant.account.0,
        role: grant.role.as_str().to_owned(),
        scope: word,
        edition,
        thing,
        series,
        given_by: grant.given_by.clone(),
        given_at: to_micros(grant.given_at),
        from_at: grant.from.map(to_micros),
        until_at: grant.until.map(to_micros),
        revoked_at: grant.revoked.as_ref().map(|revoked| to_micros(revoked.at)),
        revoked_by: grant.revoked.as_ref().map(|revoked| revoked.by.clone()),
        note: grant.note.to_string(),
    }
}

/// The grant of a row.
pub(crate) fn grant_of(row: &role_grant::Model) -> Result<Grant> {
    let damaged = |what: &str| Error::damaged(format!("grant {}", row.id), what);
    let instant = |micros: i64| from_micros(micros).ok_or_else(|| damaged("no such instant"));
    let scoped = Scoped {
        word: row.scope.clone(),
        edition: row.edition,
        thing: row.thing,
        series: row.series.clone(),
    };
    let revoked = match (row.revoked_at, &row.revoked_by) {
        (Some(at), by) => Some(Revoked { at: instant(at)?, by: by.clone().unwrap_or_default() }),
        (None, _) => None,
    };
    Ok(Grant {
        id: GrantId(row.id),
        account: AccountId(row.account),
        role: Role::parse(&row.role).ok_or_else(|| damaged("no such role"))?,
        scope: scoped.scope().ok_or_else(|| damaged("no such scope"))?,
        given_by: row.given_by.clone(),
        given_at: instant(row.given_at)?,
        from: row.from_at.map(instant).transpose()?,
        until: row.until_at.map(instant).transpose()?,
        revoked,
        note: Line::clean(&row.note),
    })
}
