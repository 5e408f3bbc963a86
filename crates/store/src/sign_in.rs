//! Signing in: links that are good for one use, and the browsers in which somebody is signed in.
//!
//! Of every secret the record keeps only the SHA-256, so that a copy of the database signs nobody in.

use crate::{
    Error, Result, Store,
    account::{self, account_of, add_identity},
    body,
    entity::{account as account_entity, link, role_grant, sign_in},
    grant, invitation, secret,
    tx::{Change, Tx},
    viewing,
};
use jiff::{SignedDuration, Timestamp};
use model::{
    Refusal,
    account::{Account, AccountState, Proof},
    email::Email,
    feed::{Actor, Deed},
    id::{AccountId, SignInId},
    permission::{Grant, Role, Scope, Subject},
    text::{Line, excerpt},
    time::{from_micros, to_micros},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// How long somebody stays signed in in one browser.
pub const STAY: SignedDuration = SignedDuration::from_hours(24 * 30);

/// How long a link to sign in or to verify an address is good.
pub const LINK_LIFE: SignedDuration = SignedDuration::from_mins(30);

/// How long a link for setting up the installation is good.
pub const SETUP_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// After how long without being noted it is noted again that a browser was seen.
const SEEN_EVERY: SignedDuration = SignedDuration::from_mins(10);

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Signs in whoever reads mail at its address, and makes an account where there is none.
    SignIn,
    /// Adds its address to its account.
    Verify,
    /// Signs in the person of its account: made at the command line of the server.
    Account,
    /// Proves that the person of its account reads mail at its address, which is another account's: joins the two.
    Merge,
    /// Sets up a new installation.
    Setup,
}

impl Purpose {
    const ALL: [Self; 5] = [Self::SignIn, Self::Verify, Self::Account, Self::Merge, Self::Setup];

    fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::Verify => "verify",
            Self::Account => "account",
            Self::Merge => "merge",
            Self::Setup => "setup",
        }
    }
}

/// A link that is good for one use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What it is for.
    pub purpose: Purpose,
    /// The address to which it was sent.
    pub email: Option<Email>,
    /// The account that it is about.
    pub account: Option<AccountId>,
    /// The path of this site to go on to; empty for none.
    pub next: String,
    /// Until when it is good.
    pub expires: Timestamp,
}

/// How somebody signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// By a link in a mail.
    Email,
    /// With a password.
    Password,
    /// With a passkey.
    Passkey,
    /// At the OpenID Connect provider of that name.
    Oidc(String),
    /// With the password of the directory of that name.
    Ldap(String),
    /// By a link made at the command line of the server.
    Operator,
}

impl Way {
    /// The word kept in the record, such as `password` or `oidc:keycloak`.
    pub fn word(&self) -> String {
        match self {
            Self::Email => "email".to_owned(),
            Self::Password => "password".to_owned(),
            Self::Passkey => "passkey".to_owned(),
            Self::Oidc(name) => format!("oidc:{name}"),
            Self::Ldap(name) => format!("ldap:{name}"),
            Self::Operator => "operator".to_owned(),
        }
    }
}

/// A browser in which somebody is signed in, as its person sees it in their list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// Its identifier.
    pub id: SignInId,
    /// Whose it is.
    pub account: AccountId,
    /// How they signed in: the word of a [`Way`].
    pub way: String,
    /// What the browser calls itself.
    pub agent: String,
    /// The network address from which they signed in.
    pub client: String,
    /// When they signed in.
    pub created: Timestamp,
    /// When the browser was last seen, to ten minutes.
    pub seen: Timestamp,
    /// Until when they stay signed in.
    pub expires: Timestamp,
}

impl SignIn {
    /// What the export of a person's own data says of it.
    pub(crate) fn exported(&self) -> Value {
        json!({
            "way": self.way,
            "agent": self.agent,
            "client": self.client,
            "created": self.created,
            "seen": self.seen,
            "expires": self.expires,
        })
    }
}

/// Somebody who is signed in, with what they may do.
#[derive(Clone, Debug)]
pub struct Signed {
    /// In which browser.
    pub sign_in: SignIn,
    /// Who.
    pub account: Account,
    /// As whom they view, reading only.
    pub viewing_as: Option<Account>,
    /// Until when they do at most.
    pub viewing_until: Option<Timestamp>,
    /// The roles that count: those of the person viewed as, else their own. Also past and revoked ones.
    pub grants: Vec<Grant>,
}

impl Signed {
    /// What they may do at `now`.
    pub fn subject(&self, now: Timestamp) -> Subject {
        Subject {
            viewing_as: self.viewing_as.as_ref().map(|account| account.id),
            ..Subject::person(self.account.id, self.grants.clone(), now)
        }
    }

    /// The person whose pages are shown: the one viewed as, else themselves.
    pub fn shown(&self) -> &Account {
        self.viewing_as.as_ref().unwrap_or(&self.account)
    }
}

/// What using a link led to.
#[derive(Clone, Debug)]
pub struct Redeemed {
    /// The account.
    pub account: AccountId,
    /// The secret for the browser, where the link signed somebody in.
    pub secret: Option<String>,
    /// The path to go on to; empty for none.
    pub next: String,
    /// What the link was for.
    pub purpose: Purpose,
    /// Whether the person has not said yet how others shall know them: the account came into being with it.
    pub is_new: bool,
}

impl Store {
    /// Makes a link, and gives its token. `next` is kept only where it is a path of this site.
    pub async fn make_link(
        &self,
        purpose: Purpose,
        email: Option<&Email>,
        account: Option<AccountId>,
        next: &str,
        life: SignedDuration,
    ) -> Result<String> {
        self.write(&Actor::System, async |tx| make_link(tx, purpose, email, account, next, life).await).await
    }

    /// What the link of that token is for; `None` when there is none, or it was used, or its time is over. One query.
    pub async fn link(&self, token: &str) -> Result<Option<Link>> {
        find_link(self.readers(), token, self.now()).await
    }

    /// Uses the link of that token. Signs somebody in, adds an address, or both, as the link says, and makes it good
    /// for nothing more. `agent` and `client` say in which browser, for the person's own list. Refused when the link
    /// is good no more, and for links that set up or merge: see [`Store::set_up`] and [`Store::merge_by_link`].
    pub async fn redeem(&self, token: &str, agent: &str, client: &str) -> Result<Redeemed> {
        self.write(&Actor::System, async |tx| {
            let link = take_link(tx, token).await?;
            let done = |account, secret, is_new| Redeemed {
                account,
                secret,
                next: link.next.clone(),
                purpose: link.purpose,
                is_new,
            };
            match (link.purpose, &link.email, link.account) {
                (Purpose::SignIn, Some(email), _) => {
                    let proof = Proof::Email(email.clone());
                    let account = account::account_for(tx, &proof, &account::NewAccount::default()).await?;
                    let is_new = account::active(tx.db(), account).await?.is_unnamed();
                    let secret = sign_in(tx, account, &Way::Email, agent, client).await?;
                    Ok(done(account, Some(secret), is_new))
                }
                (Purpose::Verify, Some(email), Some(account)) => {
                    account::active(tx.db(), account).await?;
                    add_identity(tx, account, &Proof::Email(email.clone())).await?;
                    Ok(done(account, None, false))
                }
                (Purpose::Account, _, Some(account)) => {
                    account::active(tx.db(), account).await?;
                    let secret = sign_in(tx, account, &Way::Operator, agent, client).await?;
                    Ok(done(account, Some(secret), false))
                }
                _ => Err(dead_link().into()),
            }
        })
        .await
    }

    /// Whether the installation has no administrator yet. Two queries.
    pub async fn needs_set_up(&self) -> Result<bool> {
        grant::no_administrator(self.readers(), self.now()).await
    }

    /// Sets up the installation with the link of that token: makes the first administrator, whose address the one who
    /// runs the server vouches for, and signs them in. Refused when there is an administrator already.
    pub async fn set_up(
        &self,
        token: &str,
        email: &Email,
        name: &Line,
        agent: &str,
        client: &str,
    ) -> Result<Redeemed> {
        let operator = Actor::Operator("set-up".to_owned());
        self.write(&operator, async |tx| {
            let link = take_link(tx, token).await?;
            if link.purpose != Purpose::Setup {
                return Err(dead_link().into());
            }
            if !grant::no_administrator(tx.db(), tx.at()).await? {
                return Err(Refusal::new(
                    "set-up",
                    "this installation has an administrator already",
                    "Sign in, or ask them for a role",
                )
                .into());
            }
            let new = account::NewAccount { name: name.clone(), ..account::NewAccount::default() };
            let account = account::account_for(tx, &Proof::Email(email.clone()), &new).await?;
            let given = grant::NewGrant {
                note: Line::from("Set up this installation"),
                ..grant::NewGrant::new(account, Role::Administrator, Scope::Everywhere)
            };
            grant::insert(tx, account, &given, &operator).await?;
            let secret = sign_in(tx, account, &Way::Operator, agent, client).await?;
            Ok(Redeemed {
                account,
                secret: Some(secret),
                next: link.next,
                purpose: Purpose::Setup,
                is_new: true,
            })
        })
        .await
    }

    /// Signs in the person of an account who has proved to be them in that way. Gives the secret for the browser.
    pub async fn sign_in(&self, id: AccountId, way: &Way, agent: &str, client: &str) -> Result<String> {
        self.write(&Actor::person(id), async |tx| {
            account::active(tx.db(), id).await?;
            sign_in(tx, id, way, agent, client).await
        })
        .await
    }

    /// Who is signed in with that secret; `None` when nobody is any more. Three queries, four while they view as
    /// another person; that ends by itself when its hour is over or a role on either side says so.
    pub async fn signed(&self, secret: &str) -> Result<Option<Signed>> {
        let db = self.readers();
        let row = sign_in::Entity::find()
            .filter(sign_in::Column::Digest.eq(body::digest(secret.as_bytes())))
            .filter(sign_in::Column::ExpiresAt.gt(to_micros(self.now())))
            .one(db)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let until = row.viewing_until.and_then(from_micros).filter(|until| *until > self.now());
        let viewed = row.viewing_as.filter(|_| until.is_some());
        let ids: Vec<Uuid> = [row.account].into_iter().chain(viewed).collect();
        let accounts = account_entity::Entity::find()
            .filter(account_entity::Column::Id.is_in(ids.iter().copied()))
            .all(db)
            .await?;
        let find = |id: Uuid| {
            let account = accounts.iter().find(|row| row.id == id).map(account_of).transpose()?;
            Ok::<_, Error>(account.filter(|account| account.state == AccountState::Active))
        };
        let Some(account) = find(row.account)? else { return Ok(None) };
        let grants =
            role_grant::Entity::find().filter(role_grant::Column::Account.is_in(ids)).all(db).await?;
        let grants = grants.iter().map(grant::grant_of).collect::<Result<Vec<Grant>>>()?;
        let (own, theirs): (Vec<Grant>, Vec<Grant>) =
            grants.into_iter().partition(|grant| grant.account == account.id);
        let sign_in = sign_in_of(&row)?;
        let signed = Signed { sign_in, account, viewing_as: None, viewing_until: None, grants: own };
        let viewed = match viewed {
            Some(id) => find(id)?,
            None => None,
        };
        let Some(viewed) = viewed else { return Ok(Some(signed)) };
        // Asked each time: either of the two may have got or lost a role since the view began.
        let known = viewing::known(db, viewed.id, &theirs).await?;
        let subject = signed.subject(self.now());
        if subject.may_view_as(viewed.id, &known.grants, &known.places).is_err() {
            return Ok(Some(signed));
        }
        Ok(Some(Signed { viewing_as: Some(viewed), viewing_until: until, grants: theirs, ..signed }))
    }

    /// Whether it is time to note again that a browser was seen.
    pub fn is_unseen(&self, sign_in: &SignIn) -> bool {
        self.now().duration_since(sign_in.seen) >= SEEN_EVERY
    }

    /// Notes that a browser was seen, at most every ten minutes. Not in the feed: it changes nothing that people see
    /// but the time in their own list.
    pub async fn seen(&self, sign_in: &SignIn) -> Result<()> {
        let now = self.now();
        if !self.is_unseen(sign_in) {
            return Ok(());
        }
        self.write(&Actor::System, async |tx| {
            let row = sign_in::ActiveModel {
                id: Set(sign_in.id.0),
                seen_at: Set(to_micros(now)),
                ..sign_in::ActiveModel::default()
            };
            sign_in::Entity::update_many()
                .set(row)
                .filter(sign_in::Column::Id.eq(sign_in.id.0))
                .exec(tx.db())
                .await?;
            Ok(())
        })
        .await
    }

    /// The browsers in which a person is signed in, the latest first. One query.
    pub async fn sign_ins(&self, id: AccountId) -> Result<Vec<SignIn>> {
        let rows = sign_in::Entity::find()
            .filter(sign_in::Column::Account.eq(id.0))
            .filter(sign_in::Column::ExpiresAt.gt(to_micros(self.now())))
            .order_by_desc(sign_in::Column::CreatedAt)
            .all(self.readers())
            .await?;
        rows.iter().map(sign_in_of).collect()
    }

    /// Signs a person out of those of their browsers that `which` names, of all where it is `None`. Gives of how many.
    pub async fn sign_out(&self, actor: &Actor, id: AccountId, which: Option<SignInId>) -> Result<usize> {
        self.write(actor, async |tx| sign_out(tx, id, which).await).await
    }

    /// Removes links, sign-ins and invitations whose time is over. Gives how many; for a timer.
    pub async fn forget_expired(&self) -> Result<u64> {
        self.write(&Actor::System, async |tx| {
            let now = to_micros(tx.at());
            let links =
                link::Entity::delete_many().filter(link::Column::ExpiresAt.lte(now)).exec(tx.db()).await?;
            let over = sign_in::Column::ExpiresAt.lte(now);
            let gone = sign_in::Entity::find().filter(over.clone()).all(tx.db()).await?;
            sign_in::Entity::delete_many().filter(over).exec(tx.db()).await?;
            tx.note(gone.iter().map(|row| change(row, Deed::Removed)).collect()).await?;
            let invitations = invitation::forget_over(tx).await?;
            Ok(links.rows_affected + gone.len() as u64 + invitations)
        })
        .await
    }
}

/// See [`Store::make_link`].
pub(crate) async fn make_link(
    tx: &Tx,
    purpose: Purpose,
    email: Option<&Email>,
    account: Option<AccountId>,
    next: &str,
    life: SignedDuration,
) -> Result<String> {
    let token = secret::new_token()?;
    let row = link::Model {
        digest: body::digest(token.as_bytes()),
        purpose: purpose.as_str().to_owned(),
        email: email.map(ToString::to_string),
        account: account.map(|account| account.0),
        next: model::address::local_path(next).unwrap_or_default().to_owned(),
        created_at: to_micros(tx.at()),
        expires_at: to_micros(tx.at().checked_add(life).unwrap_or(tx.at())),
    };
    link::Entity::insert(row.into_active_model()).exec_without_returning(tx.db()).await?;
    Ok(token)
}

async fn find_link(db: &impl ConnectionTrait, token: &str, now: Timestamp) -> Result<Option<Link>> {
    let row = link::Entity::find_by_id(body::digest(token.as_bytes()))
        .filter(link::Column::ExpiresAt.gt(to_micros(now)))
        .one(db)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let damaged = || Error::damaged("link", "a row that no version writes");
    Ok(Some(Link {
        purpose: Purpose::ALL.into_iter().find(|one| one.as_str() == row.purpose).ok_or_else(damaged)?,
        email: row.email.as_deref().map(Email::parse).transpose()?,
        account: row.account.map(AccountId),
        next: row.next,
        expires: from_micros(row.expires_at).ok_or_else(damaged)?,
    }))
}

/// The link of that token, which is good for nothing more.
pub(crate) async fn take_link(tx: &Tx, token: &str) -> Result<Link> {
    let link = find_link(tx.db(), token, tx.at()).await?.ok_or_else(dead_link)?;
    link::Entity::delete_by_id(body::digest(token.as_bytes())).exec(tx.db()).await?;
    Ok(link)
}

fn dead_link() -> Refusal {
    Refusal::new("link", "it was used already, or its time is over", "Ask for a new one")
}

/// Signs somebody in, and gives the secret for their browser.
pub(crate) async fn sign_in(tx: &Tx, id: AccountId, way: &Way, agent: &str, client: &str) -> Result<String> {
    let secret = secret::new_token()?;
    let row = sign_in::Model {
        id: Uuid::now_v7(),
        account: id.0,
        digest: body::digest(secret.as_bytes()),
        way: way.word(),
        agent: excerpt(agent, 300),
        client: excerpt(client, 60),
        created_at: to_micros(tx.at()),
        seen_at: to_micros(tx.at()),
        expires_at: to_micros(tx.at().checked_add(STAY).unwrap_or(tx.at())),
        viewing_as: None,
        viewing_until: None,
    };
    tx.note(vec![change(&row, Deed::Created)]).await?;
    sign_in::Entity::insert(row.into_active_model()).exec_without_returning(tx.db()).await?;
    Ok(secret)
}

/// See [`Store::sign_out`].
pub(crate) async fn sign_out(tx: &Tx, id: AccountId, which: Option<SignInId>) -> Result<usize> {
    let mut find = sign_in::Entity::find().filter(sign_in::Column::Account.eq(id.0));
    if let Some(which) = which {
        find = find.filter(sign_in::Column::Id.eq(which.0));
    }
    let rows = find.all(tx.db()).await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    sign_in::Entity::delete_many().filter(sign_in::Column::Id.is_in(ids)).exec(tx.db()).await?;
    for row in rows.iter().filter(|row| row.viewing_as.is_some()) {
        viewing::end(tx, SignInId(row.id)).await?;
    }
    tx.note(rows.iter().map(|row| change(row, Deed::Removed)).collect()).await?;
    Ok(rows.len())
}

/// What the feed says of a sign-in: whose it is and how, nothing that would open it.
pub(crate) fn fact(row: &sign_in::Model) -> Value {
    json!({ "account": row.account, "way": row.way, "agent": row.agent })
}

fn change(row: &sign_in::Model, deed: Deed) -> Change {
    let fact = Some(fact(row));
    let (before, after) = if deed == Deed::Removed { (fact, None) } else { (None, fact) };
    Change { kind: SignInId::KIND, thing: row.id, edition: None, deed, before, after }
}

/// The sign-in of a row.
pub(crate) fn sign_in_of(row: &sign_in::Model) -> Result<SignIn> {
    let instant = |micros| {
        from_micros(micros).ok_or_else(|| Error::damaged(format!("sign-in {}", row.id), "no such instant"))
    };
    Ok(SignIn {
        id: SignInId(row.id),
        account: AccountId(row.account),
        way: row.way.clone(),
        agent: row.agent.clone(),
        client: row.client.clone(),
        created: instant(row.created_at)?,
        seen: instant(row.seen_at)?,
        expires: instant(row.expires_at)?,
    })
}
