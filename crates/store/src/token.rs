//! Tokens of the API. A token's text is shown once; the record keeps its SHA-256, so that a copy of the database
//! opens nothing.

use crate::{
    Error, Result, Store,
    account::{account_of, active, fact},
    body::digest,
    entity::{account, edition, token},
    grant, rows,
    secret::new_token,
    tx::{Change, Tx},
};
use jiff::{SignedDuration, Timestamp};
use model::{
    Refusal,
    account::{Account, AccountState},
    edition::Edition,
    feed::{Actor, Deed},
    id::{AccountId, EditionId, TokenId},
    permission::{Grant, Subject, TokenScope},
    text::Line,
    time::{from_micros, to_micros},
    token::{PREFIX, Token, narrowed},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, sea_query::Expr,
};
use uuid::Uuid;

/// The most tokens that one person may have at once.
const MOST: usize = 50;

/// After how long without being noted it is noted again that a token was used.
const SEEN: SignedDuration = SignedDuration::from_mins(10);

/// A token to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    /// What it is for.
    pub name: Line,
    /// Whether it may change anything.
    pub scope: TokenScope,
    /// The only edition in which it is good; everywhere where none is said.
    pub edition: Option<EditionId>,
    /// Until when it is good; until it is revoked where none is said.
    pub expires: Option<Timestamp>,
}

/// A token as its owner sees it in their list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownToken {
    /// The token.
    pub token: Token,
    /// When it was last used, to ten minutes.
    pub used: Option<Timestamp>,
}

/// What a program shows itself to be with a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// The token.
    pub token: Token,
    /// Whose it is.
    pub account: Account,
    /// The owner's roles, as far as the token lets a program use them.
    pub grants: Vec<Grant>,
}

impl Bearer {
    /// What the program may do at `now`.
    pub fn subject(&self, now: Timestamp) -> Subject {
        Subject {
            actor: Actor::Person { account: self.account.id, token: Some(self.token.id) },
            token: Some((self.token.id, self.token.scope)),
            ..Subject::person(self.account.id, self.grants.clone(), now)
        }
    }
}

impl Store {
    /// Makes a token of the account, and gives its text, which cannot be had again.
    pub async fn add_token(&self, actor: &Actor, id: AccountId, new: &NewToken) -> Result<(Token, String)> {
        let text = format!("{PREFIX}{}", new_token()?);
        let token = self
            .write(actor, async |tx| {
                active(tx.db(), id).await?;
                let token = Token {
                    id: TokenId(Uuid::now_v7()),
                    account: id,
                    name: new.name.clone(),
                    scope: new.scope,
                    edition: new.edition,
                    created: tx.at(),
                    expires: new.expires.and_then(|end| from_micros(to_micros(end))),
                    revoked: None,
                };
                if token.name.is_empty() {
                    return Err(Refusal::new("name", "it is empty", "Say what the token is for").into());
                }
                if !token.holds(tx.at()) {
                    return Err(Refusal::new("expires", "it is in the past", "Choose a later day").into());
                }
                if let Some(edition) = token.edition
                    && edition::Entity::find_by_id(edition.0).one(tx.db()).await?.is_none()
                {
                    return Err(Error::no_edition(edition));
                }
                let good = of_account(tx.db(), id).await?;
                if good.iter().filter(|known| known.token.holds(tx.at())).count() >= MOST {
                    return Err(Refusal::new(
                        "token",
                        format!("you have {MOST} tokens already"),
                        "Revoke those that are not used any more",
                    )
                    .into());
                }
                let row = token::Model { digest: digest(text.as_bytes()), ..row_of(&token) };
                token::Entity::insert_many([row.into_active_model()]).exec_without_returning(tx.db()).await?;
                note(tx, None, &token).await?;
                Ok(token)
            })
            .await?;
        Ok((token, text))
    }

    /// Revokes a token of the account; nothing is written when it is revoked already.
    pub async fn revoke_token(&self, actor: &Actor, owner: AccountId, id: TokenId) -> Result<()> {
        self.write(actor, async |tx| {
            let row =
                token::Entity::find_by_id(id.0).one(tx.db()).await?.filter(|row| row.account == owner.0);
            let Some(row) = row else {
                return Err(Refusal::new("token", "there is no such token", "Load the page again").into());
            };
            revoke(tx, &token_of(&row)?).await
        })
        .await
    }

    /// The tokens of an account, the latest first, also those that are good no more. One query.
    pub async fn tokens_of(&self, id: AccountId) -> Result<Vec<KnownToken>> {
        of_account(self.readers(), id).await
    }

    /// What the token of that text is good for at `now`; `None` when it is good for nothing. At most four queries.
    pub async fn bearer(&self, text: &str, now: Timestamp) -> Result<Option<Bearer>> {
        if !text.starts_with(PREFIX) {
            return Ok(None);
        }
        let db = self.readers();
        let found =
            token::Entity::find().filter(token::Column::Digest.eq(digest(text.as_bytes()))).one(db).await?;
        let Some(row) = found else { return Ok(None) };
        let token = token_of(&row)?;
        let Some(owner) = account::Entity::find_by_id(row.account).one(db).await? else { return Ok(None) };
        let account = account_of(&owner)?;
        if !token.holds(now) || account.state != AccountState::Active {
            return Ok(None);
        }
        let mut grants = grant::of_account(db, account.id).await?;
        if let Some(edition) = token.edition {
            grants = match self.edition_of(edition).await? {
                Some(edition) => narrowed(grants, &edition),
                None => vec![],
            };
        }
        Ok(Some(Bearer { token, account, grants }))
    }

    /// Notes that a token is used, at most once in ten minutes.
    pub async fn token_used(&self, id: TokenId) -> Result<()> {
        let stale = to_micros(self.now().saturating_sub(SEEN).unwrap_or(Timestamp::MIN));
        let row = token::Entity::find_by_id(id.0).one(self.readers()).await?;
        if row.is_none_or(|row| row.used_at.is_some_and(|used| used > stale)) {
            return Ok(());
        }
        self.write(&Actor::System, async |tx| {
            token::Entity::update_many()
                .col_expr(token::Column::UsedAt, Expr::value(to_micros(tx.at())))
                .filter(token::Column::Id.eq(id.0))
                .exec(tx.db())
                .await?;
            Ok(())
        })
        .await
    }

    /// The settings of the edition of that identifier. One query.
    pub(crate) async fn edition_of(&self, id: EditionId) -> Result<Option<Edition>> {
        let row = edition::Entity::find_by_id(id.0).one(self.readers()).await?;
        row.as_ref().map(rows::edition).transpose()
    }
}

/// Revokes a token; nothing is written when it is revoked already.
async fn revoke(tx: &Tx, before: &Token) -> Result<()> {
    if before.revoked.is_some() {
        return Ok(());
    }
    let after = Token { revoked: Some(tx.at()), ..before.clone() };
    token::Entity::update_many()
        .col_expr(token::Column::RevokedAt, Expr::value(to_micros(tx.at())))
        .filter(token::Column::Id.eq(before.id.0))
        .exec(tx.db())
        .await?;
    note(tx, Some(before), &after).await
}

/// Revokes all tokens of an account.
pub(crate) async fn revoke_all(tx: &Tx, id: AccountId) -> Result<()> {
    for known in of_account(tx.db(), id).await? {
        revoke(tx, &known.token).await?;
    }
    Ok(())
}

async fn of_account(db: &impl ConnectionTrait, id: AccountId) -> Result<Vec<KnownToken>> {
    let rows = token::Entity::find()
        .filter(token::Column::Account.eq(id.0))
        .order_by_desc(token::Column::CreatedAt)
        .order_by_desc(token::Column::Id)
        .all(db)
        .await?;
    rows.iter()
        .map(|row| Ok(KnownToken { token: token_of(row)?, used: row.used_at.and_then(from_micros) }))
        .collect()
}

async fn note(tx: &Tx, before: Option<&Token>, after: &Token) -> Result<()> {
    tx.note(vec![Change {
        kind: TokenId::KIND,
        thing: after.id.0,
        edition: None,
        deed: if before.is_some() { Deed::Changed } else { Deed::Created },
        before: before.map(fact).transpose()?,
        after: Some(fact(after)?),
    }])
    .await
}

fn row_of(token: &Token) -> token::Model {
    token::Model {
        id: token.id.0,
        account: token.account.0,
        name: token.name.as_str().to_owned(),
        digest: vec![],
        scope: token.scope.as_str().to_owned(),
        edition: token.edition.map(|edition| edition.0),
        created_at: to_micros(token.created),
        used_at: None,
        expires_at: token.expires.map(to_micros),
        revoked_at: token.revoked.map(to_micros),
    }
}

/// The token of a row.
pub(crate) fn token_of(row: &token::Model) -> Result<Token> {
    let damaged = |what: &str| Error::damaged(format!("token {}", row.id), what);
    let instant = |micros: Option<i64>| {
        micros.map(|at| from_micros(at).ok_or_else(|| damaged("no such instant"))).transpose()
    };
    Ok(Token {
        id: TokenId(row.id),
        account: AccountId(row.account),
        name: Line::clean(&row.name),
        scope: TokenScope::parse(&row.scope).ok_or_else(|| damaged("no such scope"))?,
        edition: row.edition.map(EditionId),
        created: from_micros(row.created_at).ok_or_else(|| damaged("no such instant"))?,
        expires: instant(row.expires_at)?,
        revoked: instant(row.revoked_at)?,
    })
}

/// All tokens as the feed shows them, for [`crate::verify()`].
pub(crate) async fn facts(db: &impl ConnectionTrait) -> Result<Vec<(Uuid, serde_json::Value)>> {
    let rows = token::Entity::find().all(db).await?;
    rows.iter().map(|row| Ok((row.id, fact(&token_of(row)?)?))).collect()
}
