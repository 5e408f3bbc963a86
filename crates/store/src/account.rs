//! Accounts and what they have proved to be theirs.

use crate::{
    Error, Result, Store,
    entity::{account, identity},
    rows::json,
    tx::{Change, Tx},
};
use model::{
    Refusal,
    account::{Account, AccountState, Handle, Identity, Proof, Visibility},
    email::Email,
    feed::{Actor, Deed},
    id::{AccountId, IdentityId},
    text::{Line, RichText, folded},
    time::{Zone, from_micros, to_micros},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::Value;
use uuid::Uuid;

/// The states of accounts whose person is still here: in use, or blocked.
pub(crate) const HERE: [&str; 2] = ["active", "blocked"];

/// An account with everything that was proved to be its person's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownAccount {
    /// The account.
    pub account: Account,
    /// Its identities, e-mail addresses first, the primary one before the others.
    pub identities: Vec<Identity>,
}

impl KnownAccount {
    /// The address to which mail goes; `None` for somebody who has none.
    pub fn email(&self) -> Option<&Email> {
        let mut emails = self.identities.iter().filter(|identity| identity.proof.email().is_some());
        let first = emails.clone().find(|identity| identity.primary).or_else(|| emails.next());
        first.and_then(|identity| identity.proof.email())
    }
}

/// What is known of somebody who is new.
#[derive(Clone, Debug, Default)]
pub struct NewAccount {
    /// Their public name; "Guest" and a number where none is known. Never made from an address.
    pub name: Line,
    /// Where they work or belong.
    pub affiliation: Line,
}

/// What a person may change of their account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountEdit {
    /// The public name.
    pub name: Line,
    /// The handle.
    pub handle: Handle,
    /// Where they work or belong.
    pub affiliation: Line,
    /// What they say about themselves.
    pub biography: RichText,
    /// The zone of their times.
    pub zone: Option<Zone>,
    /// Who may see what.
    pub visibility: Visibility,
}

impl Store {
    /// The account of that identifier, also one that was blocked, merged or deleted. Two queries.
    pub async fn account(&self, id: AccountId) -> Result<Option<KnownAccount>> {
        known(self.readers(), id).await
    }

    /// The account in use of that handle; `None` when nobody who is still here has it. Three queries.
    pub async fn account_by_handle(&self, handle: &Handle) -> Result<Option<KnownAccount>> {
        let known = by_handle(self.readers(), handle).await?;
        Ok(known.filter(|known| known.account.state == AccountState::Active))
    }

    /// Whose this is; `None` when nobody has proved it.
    pub async fn account_of(&self, proof: &Proof) -> Result<Option<AccountId>> {
        Ok(owner(self.readers(), proof).await?.map(|row| AccountId(row.account)))
    }

    /// The identifiers of all accounts that are in use, for those who have to find one by what was made of it. One query.
    pub async fn active_account_ids(&self) -> Result<Vec<AccountId>> {
        let ids: Vec<Uuid> = account::Entity::find()
            .select_only()
            .column(account::Column::Id)
            .filter(account::Column::State.eq("active"))
            .into_tuple()
            .all(self.readers())
            .await?;
        Ok(ids.into_iter().map(AccountId).collect())
    }

    /// The accounts of these identifiers, for showing who did what; unknown ones are left out. One query.
    pub async fn accounts(&self, ids: &[AccountId]) -> Result<Vec<Account>> {
        let rows = account::Entity::find()
            .filter(account::Column::Id.is_in(ids.iter().map(|id| id.0)))
            .all(self.readers())
            .await?;
        rows.iter().map(account_of).collect()
    }

    /// Makes an account for somebody who has proved `proof`, or gives the one that they have.
    pub async fn account_for(&self, actor: &Actor, proof: &Proof, new: &NewAccount) -> Result<AccountId> {
        self.write(actor, async |tx| account_for(tx, proof, new).await).await
    }

    /// Changes what a person may change of their account. A handle that somebody else has is refused.
    pub async fn edit_account(&self, actor: &Actor, id: AccountId, edit: &AccountEdit) -> Result<()> {
        self.write(actor, async |tx| {
            let before = active(tx.db(), id).await?;
            if edit.name.is_empty() {
                return Err(
                    Refusal::new("name", "no name was given", "Type the name that others shall see").into()
                );
            }
            let taken = account::Entity::find()
                .filter(account::Column::Handle.eq(edit.handle.as_str()))
                .filter(account::Column::Id.ne(id.0))
                .one(tx.db())
                .await?;
            if taken.is_some() {
                return Err(Refusal::new(
                    "handle",
                    format!("\"{}\" is somebody else's", edit.handle),
                    "Choose another",
                )
                .into());
            }
            let AccountEdit { name, handle, affiliation, biography, zone, visibility } = edit.clone();
            let after = Account { name, handle, affiliation, biography, zone, visibility, ..before.clone() };
            put(tx, Some(&before), &after).await
        })
        .await
    }

    /// Adds something that the person of an account has proved. Refused when it is another account's.
    pub async fn add_identity(&self, actor: &Actor, id: AccountId, proof: &Proof) -> Result<IdentityId> {
        self.write(actor, async |tx| {
            active(tx.db(), id).await?;
            add_identity(tx, id, proof).await
        })
        .await
    }
}

/// See [`Store::account`].
pub(crate) async fn known(db: &impl ConnectionTrait, id: AccountId) -> Result<Option<KnownAccount>> {
    let Some(row) = account::Entity::find_by_id(id.0).one(db).await? else {
        return Ok(None);
    };
    let identities = identity::Entity::find()
        .filter(identity::Column::Account.eq(id.0))
        .order_by_asc(identity::Column::Kind)
        .order_by_desc(identity::Column::Primary)
        .order_by_asc(identity::Column::VerifiedAt)
        .order_by_asc(identity::Column::Id)
        .all(db)
        .await?;
    let identities = identities.iter().map(identity_of).collect::<Result<_>>()?;
    Ok(Some(KnownAccount { account: account_of(&row)?, identities }))
}

/// The account of that handle which is in use or blocked.
pub(crate) async fn by_handle(db: &impl ConnectionTrait, handle: &Handle) -> Result<Option<KnownAccount>> {
    let row = account::Entity::find()
        .filter(account::Column::Handle.eq(handle.as_str()))
        .filter(account::Column::State.is_in(HERE))
        .one(db)
        .await?;
    match row {
        Some(row) => known(db, AccountId(row.id)).await,
        None => Ok(None),
    }
}

/// The account of that identifier, if it is in use.
pub(crate) async fn active(db: &impl ConnectionTrait, id: AccountId) -> Result<Account> {
    let row = account::Entity::find_by_id(id.0).one(db).await?;
    let account = row.as_ref().map(account_of).transpose()?;
    match account {
        Some(account) if account.state == AccountState::Active => Ok(account),
        Some(account) if account.state == AccountState::Blocked => Err(Refusal::new(
            "account",
            "this account is blocked",
            "Ask those who run the site; an administrator can unblock it",
        )
        .into()),
        _ => {
            Err(Refusal::new("account", "there is no such account any more", "Look the person up again")
                .into())
        }
    }
}

/// See [`Store::account_for`].
pub(crate) async fn account_for(tx: &Tx, proof: &Proof, new: &NewAccount) -> Result<AccountId> {
    if let Some(row) = owner(tx.db(), proof).await? {
        return Ok(AccountId(row.account));
    }
    let mut number = [0; 4];
    getrandom::fill(&mut number)
        .map_err(|error| Error::Database { detail: format!("no random numbers: {error}") })?;
    let number = u32::from_be_bytes(number) % 1_000_000;
    let account = Account {
        id: AccountId(Uuid::now_v7()),
        name: if new.name.is_empty() { Account::guest_name(number) } else { new.name.clone() },
        handle: free_handle(tx.db(), new.name.as_str(), number).await?,
        affiliation: new.affiliation.clone(),
        biography: RichText::default(),
        zone: None,
        visibility: Visibility::default(),
        created: tx.at(),
        state: AccountState::Active,
    };
    put(tx, None, &account).await?;
    add_identity(tx, account.id, proof).await?;
    Ok(account.id)
}

async fn free_handle(db: &impl ConnectionTrait, name: &str, number: u32) -> Result<Handle> {
    for more in 0..100 {
        let handle = Handle::suggested(name, number.wrapping_add(more * 7_919) % 10_000_000);
        let taken =
            account::Entity::find().filter(account::Column::Handle.eq(handle.as_str())).one(db).await?;
        if taken.is_none() {
            return Ok(handle);
        }
    }
    Err(Error::Database { detail: "no free handle was found".to_owned() })
}

/// Adds what the person of an account has proved; gives the one that is there when it is theirs already.
pub(crate) async fn add_identity(tx: &Tx, id: AccountId, proof: &Proof) -> Result<IdentityId> {
    if let Some(row) = owner(tx.db(), proof).await? {
        if row.account == id.0 {
            return Ok(IdentityId(row.id));
        }
        let (kind, _, subject) = proof.key();
        let field = if kind == "email" { "email" } else { "identity" };
        let problem = match proof {
            Proof::Email(_) => format!("{subject} belongs to another account"),
            Proof::Oidc { .. } | Proof::Ldap { .. } => "it belongs to another account".to_owned(),
        };
        return Err(Refusal::new(field, problem, "Merge the two accounts if both are yours").into());
    }
    let is_email = proof.email().is_some();
    let other_email = identity::Entity::find()
        .filter(identity::Column::Account.eq(id.0))
        .filter(identity::Column::Kind.eq("email"))
        .one(tx.db())
        .await?;
    let identity = Identity {
        id: IdentityId(Uuid::now_v7()),
        account: id,
        proof: proof.clone(),
        verified: tx.at(),
        primary: is_email && other_email.is_none(),
    };
    identity::Entity::insert(identity_row(&identity).into_active_model())
        .exec_without_returning(tx.db())
        .await?;
    tx.note(vec![Change {
        kind: IdentityId::KIND,
        thing: identity.id.0,
        edition: None,
        deed: Deed::Created,
        before: None,
        after: Some(fact(&identity)?),
    }])
    .await?;
    if let Proof::Email(email) = proof {
        crate::registration::link_registrations(tx, id, email).await?;
        crate::invitation::accept(tx, id, email).await?;
    }
    Ok(identity.id)
}

/// The row of whoever has proved this.
pub(crate) async fn owner(db: &impl ConnectionTrait, proof: &Proof) -> Result<Option<identity::Model>> {
    let (kind, issuer, subject) = proof.key();
    Ok(identity::Entity::find()
        .filter(identity::Column::Kind.eq(kind))
        .filter(identity::Column::Issuer.eq(issuer))
        .filter(identity::Column::Subject.eq(subject))
        .one(db)
        .await?)
}

/// Writes an account and notes it.
pub(crate) async fn put(tx: &Tx, before: Option<&Account>, after: &Account) -> Result<()> {
    if before == Some(after) {
        return Ok(());
    }
    crate::save::upsert::<account::Entity>(tx.db(), vec![account_row(after)?]).await?;
    tx.note(vec![Change {
        kind: AccountId::KIND,
        thing: after.id.0,
        edition: None,
        deed: if before.is_some() { Deed::Changed } else { Deed::Created },
        before: before.map(fact).transpose()?,
        after: Some(fact(after)?),
    }])
    .await
}

/// The JSON of a thing in the feed.
pub(crate) fn fact(thing: &impl serde::Serialize) -> Result<Value> {
    serde_json::to_value(thing).map_err(|error| Error::damaged("a thing to be written", error))
}

fn account_row(account: &Account) -> Result<account::Model> {
    let (state, merged_into) = match account.state {
        AccountState::Active => ("active", None),
        AccountState::Blocked => ("blocked", None),
        AccountState::Merged(into) => ("merged", Some(into.0)),
        AccountState::Deleted => ("deleted", None),
    };
    Ok(account::Model {
        id: account.id.0,
        name: account.name.to_string(),
        handle: account.handle.to_string(),
        affiliation: account.affiliation.to_string(),
        biography: account.biography.to_string(),
        zone: account.zone.as_ref().map(|zone| zone.name().to_owned()),
        visibility: json(&account.visibility)?,
        created_at: to_micros(account.created),
        state: state.to_owned(),
        merged_into,
        found_by: folded(&format!("{} {} {}", account.name, account.handle, account.affiliation)),
    })
}

/// The account of a row.
pub(crate) fn account_of(row: &account::Model) -> Result<Account> {
    let damaged = |what: &str| Error::damaged(format!("account {}", row.id), what);
    Ok(Account {
        id: AccountId(row.id),
        name: Line::clean(&row.name),
        handle: Handle::parse(&row.handle).map_err(|refusal| damaged(&refusal.to_string()))?,
        affiliation: Line::clean(&row.affiliation),
        biography: RichText::clean(&row.biography),
        zone: row.zone.as_deref().and_then(|name| Zone::parse(name).ok()),
        visibility: serde_json::from_str(&row.visibility).map_err(|error| damaged(&error.to_string()))?,
        created: from_micros(row.created_at).ok_or_else(|| damaged("no such instant"))?,
        state: match (row.state.as_str(), row.merged_into) {
            ("active", None) => AccountState::Active,
            ("blocked", None) => AccountState::Blocked,
            ("deleted", None) => AccountState::Deleted,
            ("merged", Some(into)) => AccountState::Merged(AccountId(into)),
            _ => return Err(damaged("no such state")),
        },
    })
}

/// The row of an identity.
pub(crate) fn identity_row(identity: &Identity) -> identity::Model {
    let (kind, issuer, subject) = identity.proof.key();
    identity::Model {
        id: identity.id.0,
        account: identity.account.0,
        kind: kind.to_owned(),
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        verified_at: to_micros(identity.verified),
        primary: identity.primary,
    }
}

/// The identity of a row.
pub(crate) fn identity_of(row: &identity::Model) -> Result<Identity> {
    let damaged = |what: &str| Error::damaged(format!("identity {}", row.id), what);
    Ok(Identity {
        id: IdentityId(row.id),
        account: AccountId(row.account),
        proof: Proof::from_key(&row.kind, &row.issuer, &row.subject)
            .ok_or_else(|| damaged("no such proof"))?,
        verified: from_micros(row.verified_at).ok_or_else(|| damaged("no such instant"))?,
        primary: row.primary,
    })
}
