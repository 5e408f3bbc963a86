//! Passwords and passkeys, and signing in with what a provider or a directory says.
//!
//! A passkey is found by the identifier that its device gave it, a password by its account. The feed tells that there is
//! one, what it is called, and how often it was guessed wrong; never what opens it.

use crate::{
    Error, Result, Store,
    account::{self, NewAccount},
    body,
    entity::{credential, identity, sign_in as sign_in_entity},
    sign_in::{self, Way},
    tx::{Change, Tx},
};
use jiff::Timestamp;
use model::{
    Refusal,
    account::Proof,
    email::Email,
    feed::{Actor, Deed},
    id::{AccountId, CredentialId, IdentityId, SignInId},
    text::Line,
    time::{from_micros, to_micros},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The most passkeys of one account.
const MOST: usize = 20;

/// So many wrong passwords in a row are told in the account's history, and every so many after them.
const STREAK: i64 = 5;

/// What kind of credential it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// A password; an account has at most one.
    Password,
    /// A passkey.
    Passkey,
}

impl CredentialKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Passkey => "passkey",
        }
    }
}

/// A password or a passkey, as its person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Its identifier.
    pub id: CredentialId,
    /// Whose it is.
    pub account: AccountId,
    /// What it is.
    pub kind: CredentialKind,
    /// What its person calls it; empty for a password.
    pub name: Line,
    /// When it was set or made.
    pub created: Timestamp,
    /// When somebody last signed in with it.
    pub used: Option<Timestamp>,
    /// How many wrong passwords were typed since the last right one.
    pub misses: u32,
}

/// Whose an outside identity is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// This account's.
    Known(AccountId),
    /// Nobody's yet, and the address that the provider vouches for is this account's.
    SameAddress(AccountId),
    /// Nobody's yet.
    New,
}

/// The providers and directories at which people can sign in at present. What somebody proved at another, from when it was
/// configured, lets nobody in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaysIn {
    /// The issuers of the OpenID Connect providers.
    pub issuers: BTreeSet<String>,
    /// The names of the LDAP directories.
    pub directories: BTreeSet<String>,
}

impl WaysIn {
    /// Whether somebody who has proved that can sign in by it.
    pub(crate) fn admit(&self, proof: &Proof) -> bool {
        match proof {
            Proof::Email(_) => true,
            Proof::Oidc { issuer, .. } => self.issuers.contains(issuer),
            Proof::Ldap { directory, .. } => self.directories.contains(directory),
        }
    }
}

impl Store {
    /// The passwords and passkeys of an account, the password first, then the oldest passkey. One query.
    pub async fn credentials(&self, id: AccountId) -> Result<Vec<Credential>> {
        let rows = of_account(self.readers(), id).await?;
        rows.iter().map(credential_of).collect()
    }

    /// The password of an account, with the string that it is checked against. One query.
    pub async fn password(&self, id: AccountId) -> Result<Option<(Credential, String)>> {
        let row = password_row(self.readers(), id).await?;
        row.map(|row| Ok((credential_of(&row)?, row.secret.clone()))).transpose()
    }

    /// Sets the password of an account to the one that `hash` is of, and signs its person out everywhere but in the
    /// browser `keep`, when one is named.
    pub async fn set_password(
        &self,
        actor: &Actor,
        id: AccountId,
        hash: &str,
        keep: Option<SignInId>,
    ) -> Result<CredentialId> {
        self.write(actor, async |tx| {
            account::active(tx.db(), id).await?;
            let before = password_row(tx.db(), id).await?;
            let after = credential::Model {
                // A new one each time, so that the history tells that it changed.
                id: Uuid::now_v7(),
                account: id.0,
                kind: CredentialKind::Password.as_str().to_owned(),
                name: String::new(),
                secret: hash.to_owned(),
                created_at: to_micros(tx.at()),
                used_at: None,
                key_digest: None,
                misses: 0,
                missed_at: None,
            };
            if let Some(before) = &before {
                delete(tx, before).await?;
            }
            insert(tx, &after).await?;
            if let Some(keep) = keep {
                sign_out_others(tx, id, keep).await?;
            }
            Ok(CredentialId(after.id))
        })
        .await
    }

    /// Keeps a password's string with newer parameters, unless it was changed meanwhile. Not in the feed: it is the same
    /// password.
    pub async fn renew_password(&self, id: CredentialId, before: &str, hash: &str) -> Result<()> {
        self.write(&Actor::System, async |tx| {
            credential::Entity::update_many()
                .set(credential::ActiveModel { secret: Set(hash.to_owned()), ..Default::default() })
                .filter(credential::Column::Id.eq(id.0))
                .filter(credential::Column::Secret.eq(before))
                .exec(tx.db())
                .await?;
            Ok(())
        })
        .await
    }

    /// Counts a wrong password. Every fifth in a row is told in the account's history.
    pub async fn password_missed(&self, id: CredentialId) -> Result<()> {
        self.write(&Actor::Visitor, async |tx| {
            let Some(before) = credential::Entity::find_by_id(id.0).one(tx.db()).await? else {
                return Ok(());
            };
            let after = credential::Model {
                misses: before.misses.saturating_add(1),
                missed_at: Some(to_micros(tx.at())),
                ..before.clone()
            };
            put(tx, &before, after).await
        })
        .await
    }

    /// Signs in with a password or passkey that was proved; `renewed` is what is to be kept of a passkey from now on.
    /// Gives the account and the secret for the browser.
    pub async fn sign_in_with(
        &self,
        id: CredentialId,
        renewed: Option<&str>,
        agent: &str,
        client: &str,
    ) -> Result<(AccountId, String)> {
        let gone = || Refusal::new("credential", "it was removed", "Sign in in another way");
        let row = credential::Entity::find_by_id(id.0).one(self.readers()).await?.ok_or_else(gone)?;
        let actor = Actor::person(AccountId(row.account));
        self.write(&actor, async |tx| {
            let before = credential::Entity::find_by_id(id.0).one(tx.db()).await?.ok_or_else(gone)?;
            let owner = AccountId(before.account);
            account::active(tx.db(), owner).await?;
            let after = credential::Model {
                used_at: Some(to_micros(tx.at())),
                misses: 0,
                missed_at: None,
                secret: renewed.unwrap_or(&before.secret).to_owned(),
                ..before.clone()
            };
            let way = if before.kind == "passkey" { Way::Passkey } else { Way::Password };
            put(tx, &before, after).await?;
            Ok((owner, sign_in::sign_in(tx, owner, &way, agent, client).await?))
        })
        .await
    }

    /// Keeps a passkey: `key` is its device's identifier, `body` what it is checked against.
    pub async fn add_passkey(
        &self,
        actor: &Actor,
        id: AccountId,
        key: &[u8],
        body: &str,
        name: &Line,
    ) -> Result<CredentialId> {
        self.write(actor, async |tx| {
            account::active(tx.db(), id).await?;
            let has = of_account(tx.db(), id).await?;
            let passkeys = has.iter().filter(|row| row.kind == "passkey").count();
            if passkeys >= MOST {
                let problem = format!("you have {MOST} passkeys already");
                return Err(Refusal::new("name", problem, "Remove one that you do not use").into());
            }
            if by_key(tx.db(), key).await?.is_some() {
                let problem = "this passkey is known already";
                return Err(Refusal::new("name", problem, "Use another device or password manager").into());
            }
            let row = credential::Model {
                id: Uuid::now_v7(),
                account: id.0,
                kind: CredentialKind::Passkey.as_str().to_owned(),
                name: passkey_name(name, passkeys + 1),
                secret: body.to_owned(),
                created_at: to_micros(tx.at()),
                used_at: None,
                key_digest: Some(body::digest(key)),
                misses: 0,
                missed_at: None,
            };
            insert(tx, &row).await?;
            Ok(CredentialId(row.id))
        })
        .await
    }

    /// The passkey that its device knows by `key`, with what it is checked against. One query.
    pub async fn passkey(&self, key: &[u8]) -> Result<Option<(Credential, String)>> {
        let row = by_key(self.readers(), key).await?;
        row.map(|row| Ok((credential_of(&row)?, row.secret.clone()))).transpose()
    }

    /// What the passkeys of an account are checked against, so that a device makes no second one. One query.
    pub async fn passkeys(&self, id: AccountId) -> Result<Vec<String>> {
        let rows = of_account(self.readers(), id).await?;
        Ok(rows.into_iter().filter(|row| row.kind == "passkey").map(|row| row.secret).collect())
    }

    /// Calls a passkey something else.
    pub async fn rename_passkey(
        &self,
        actor: &Actor,
        id: AccountId,
        which: CredentialId,
        name: &Line,
    ) -> Result<()> {
        self.write(actor, async |tx| {
            let before = own(tx, id, which).await?;
            if before.kind != "passkey" || name.is_empty() {
                return Err(Refusal::new("name", "it is empty", "Name the device or password manager").into());
            }
            let after = credential::Model { name: passkey_name(name, 1), ..before.clone() };
            put(tx, &before, after).await
        })
        .await
    }

    /// Removes a password or a passkey. The last way to sign in stays.
    pub async fn remove_credential(
        &self,
        actor: &Actor,
        id: AccountId,
        which: CredentialId,
        ways: &WaysIn,
    ) -> Result<()> {
        self.write(actor, async |tx| {
            let row = own(tx, id, which).await?;
            delete(tx, &row).await?;
            leave_a_way(tx, id, ways).await
        })
        .await
    }

    /// Takes the identity at a provider or directory from an account. The last way to sign in stays.
    pub async fn disconnect(
        &self,
        actor: &Actor,
        id: AccountId,
        which: IdentityId,
        ways: &WaysIn,
    ) -> Result<()> {
        self.write(actor, async |tx| {
            let row = identity::Entity::find_by_id(which.0)
                .filter(identity::Column::Account.eq(id.0))
                .filter(identity::Column::Kind.ne("email"))
                .one(tx.db())
                .await?
                .ok_or_else(|| {
                    Refusal::new("identity", "there is no such one any more", "Load the page again")
                })?;
            let gone = account::identity_of(&row)?;
            identity::Entity::delete_by_id(which.0).exec(tx.db()).await?;
            tx.note(vec![Change {
                kind: IdentityId::KIND,
                thing: row.id,
                edition: None,
                deed: Deed::Removed,
                before: Some(account::fact(&gone)?),
                after: None,
            }])
            .await?;
            leave_a_way(tx, id, ways).await
        })
        .await
    }

    /// Whose that is which a provider or directory proved, and whose the address that it vouches for. Up to two queries.
    pub async fn arrival(&self, proof: &Proof, email: Option<&Email>) -> Result<Arrival> {
        if let Some(row) = account::owner(self.readers(), proof).await? {
            return Ok(Arrival::Known(AccountId(row.account)));
        }
        let Some(email) = email else { return Ok(Arrival::New) };
        let owner = account::owner(self.readers(), &Proof::Email(email.clone())).await?;
        Ok(owner.map_or(Arrival::New, |row| Arrival::SameAddress(AccountId(row.account))))
    }

    /// Signs in whoever a provider or directory proved, and makes an account for who is new: with that name, and with the
    /// address that it vouches for. **Never joins an account by an address**: where the address is somebody's, it is
    /// refused, for its person must sign in there and connect the two.
    pub async fn arrive(
        &self,
        proof: &Proof,
        email: Option<&Email>,
        name: &Line,
        (way, agent, client): (&Way, &str, &str),
    ) -> Result<(AccountId, String)> {
        let owner = account::owner(self.readers(), proof).await?;
        let actor = owner.map_or(Actor::System, |row| Actor::person(AccountId(row.account)));
        self.write(&actor, async |tx| {
            let id = if let Some(row) = account::owner(tx.db(), proof).await? {
                AccountId(row.account)
            } else {
                let new = NewAccount { name: name.clone(), ..NewAccount::default() };
                let id = account::account_for(tx, proof, &new).await?;
                if let Some(email) = email {
                    account::add_identity(tx, id, &Proof::Email(email.clone())).await?;
                }
                id
            };
            account::active(tx.db(), id).await?;
            Ok((id, sign_in::sign_in(tx, id, way, agent, client).await?))
        })
        .await
    }

    /// Connects what was proved to the account of the person who is signed in, with the address that is vouched for where
    /// it is nobody's yet.
    pub async fn connect(
        &self,
        actor: &Actor,
        id: AccountId,
        proof: &Proof,
        email: Option<&Email>,
    ) -> Result<IdentityId> {
        self.write(actor, async |tx| {
            account::active(tx.db(), id).await?;
            let connected = account::add_identity(tx, id, proof).await?;
            if let Some(email) = email {
                let proof = Proof::Email(email.clone());
                if account::owner(tx.db(), &proof).await?.is_none() {
                    account::add_identity(tx, id, &proof).await?;
                }
            }
            Ok(connected)
        })
        .await
    }
}

/// Signs a person out in all their browsers but one.
async fn sign_out_others(tx: &Tx, id: AccountId, keep: SignInId) -> Result<()> {
    let others = sign_in_entity::Entity::find()
        .filter(sign_in_entity::Column::Account.eq(id.0))
        .filter(sign_in_entity::Column::Id.ne(keep.0))
        .all(tx.db())
        .await?;
    for row in others {
        sign_in::sign_out(tx, id, Some(SignInId(row.id))).await?;
    }
    Ok(())
}

/// Refuses when nothing is left by which the person of an account could sign in.
async fn leave_a_way(tx: &Tx, id: AccountId, ways: &WaysIn) -> Result<()> {
    let known = account::known(tx.db(), id).await?;
    let identities = known.map(|known| known.identities).unwrap_or_default();
    let credentials =
        credential::Entity::find().filter(credential::Column::Account.eq(id.0)).count(tx.db()).await?;
    if credentials > 0 || identities.iter().any(|identity| ways.admit(&identity.proof)) {
        return Ok(());
    }
    Err(Refusal::new(
        "way",
        "it is the only way in which you can sign in",
        "Add another first: an e-mail address, a passkey or a password",
    )
    .into())
}

async fn own(tx: &Tx, id: AccountId, which: CredentialId) -> Result<credential::Model> {
    let row = credential::Entity::find_by_id(which.0)
        .filter(credential::Column::Account.eq(id.0))
        .one(tx.db())
        .await?;
    Ok(row
        .ok_or_else(|| Refusal::new("credential", "there is no such one any more", "Load the page again"))?)
}

fn passkey_name(name: &Line, number: usize) -> String {
    let name: String = name.as_str().chars().take(80).collect();
    if name.is_empty() { format!("Passkey {number}") } else { name }
}

async fn of_account(db: &impl ConnectionTrait, id: AccountId) -> Result<Vec<credential::Model>> {
    Ok(credential::Entity::find()
        .filter(credential::Column::Account.eq(id.0))
        .order_by_desc(credential::Column::Kind)
        .order_by_asc(credential::Column::CreatedAt)
        .order_by_asc(credential::Column::Id)
        .all(db)
        .await?)
}

async fn password_row(db: &impl ConnectionTrait, id: AccountId) -> Result<Option<credential::Model>> {
    Ok(credential::Entity::find()
        .filter(credential::Column::Account.eq(id.0))
        .filter(credential::Column::Kind.eq(CredentialKind::Password.as_str()))
        .order_by_desc(credential::Column::CreatedAt)
        .one(db)
        .await?)
}

async fn by_key(db: &impl ConnectionTrait, key: &[u8]) -> Result<Option<credential::Model>> {
    let digest = body::digest(key);
    Ok(credential::Entity::find().filter(credential::Column::KeyDigest.eq(digest)).one(db).await?)
}

async fn insert(tx: &Tx, row: &credential::Model) -> Result<()> {
    credential::Entity::insert(row.clone().into_active_model()).exec_without_returning(tx.db()).await?;
    tx.note(vec![change(row.id, None, Some(fact(row)))]).await
}

async fn delete(tx: &Tx, row: &credential::Model) -> Result<()> {
    credential::Entity::delete_by_id(row.id).exec(tx.db()).await?;
    tx.note(vec![change(row.id, Some(fact(row)), None)]).await
}

/// Writes a credential, and notes what the feed tells of it.
async fn put(tx: &Tx, before: &credential::Model, after: credential::Model) -> Result<()> {
    let (was, is) = (fact(before), fact(&after));
    crate::save::upsert::<credential::Entity>(tx.db(), vec![after]).await?;
    if was == is { Ok(()) } else { tx.note(vec![change(before.id, Some(was), Some(is))]).await }
}

fn change(thing: Uuid, before: Option<Value>, after: Option<Value>) -> Change {
    let deed = match (&before, &after) {
        (None, _) => Deed::Created,
        (_, None) => Deed::Removed,
        _ => Deed::Changed,
    };
    Change { kind: CredentialId::KIND, thing, edition: None, deed, before, after }
}

/// What the feed tells of a credential. Wrong passwords by fives, so that somebody who guesses fills no feed.
pub(crate) fn fact(row: &credential::Model) -> Value {
    json!({
        "account": row.account,
        "kind": row.kind,
        "name": row.name,
        "wrong_passwords": row.misses / STREAK * STREAK,
    })
}

fn credential_of(row: &credential::Model) -> Result<Credential> {
    let damaged = |what: &str| Error::damaged(format!("credential {}", row.id), what);
    let instant = |micros: i64| from_micros(micros).ok_or_else(|| damaged("no such instant"));
    Ok(Credential {
        id: CredentialId(row.id),
        account: AccountId(row.account),
        kind: match row.kind.as_str() {
            "password" => CredentialKind::Password,
            "passkey" => CredentialKind::Passkey,
            _ => return Err(damaged("no such kind")),
        },
        name: Line::clean(&row.name),
        created: instant(row.created_at)?,
        used: row.used_at.map(instant).transpose()?,
        misses: u32::try_from(row.misses).unwrap_or_default(),
    })
}
