//! Ceremonies: what is kept between the two requests of a sign-in that leads to a device or a provider and back.
//!
//! It stays here and the browser gets only a token for it, so that nobody chooses it, and **it is taken once**, so that
//! nobody uses an answer twice, on whichever node the second request arrives. None of it is in the feed: it is gone within
//! minutes, and what it leads to is told there.

use crate::{Result, Store, body, entity::ceremony, secret};
use jiff::SignedDuration;
use model::{feed::Actor, id::AccountId, time::to_micros};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};

/// How long somebody may take at a device or a provider.
pub const CEREMONY_LIFE: SignedDuration = SignedDuration::from_mins(10);

/// Of a ceremony that was taken: whose it is, where it began with somebody signed in, and what was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ceremony {
    /// Who was signed in when it began.
    pub account: Option<AccountId>,
    /// What was kept.
    pub body: String,
}

impl Store {
    /// Keeps `body` for a ceremony of that kind, and gives the token for the browser. Forgets those whose time is over.
    pub async fn begin_ceremony(&self, kind: &str, account: Option<AccountId>, body: &str) -> Result<String> {
        self.write(&Actor::System, async |tx| {
            let now = to_micros(tx.at());
            ceremony::Entity::delete_many()
                .filter(ceremony::Column::ExpiresAt.lte(now))
                .exec(tx.db())
                .await?;
            let token = secret::new_token()?;
            let row = ceremony::Model {
                digest: body::digest(token.as_bytes()),
                kind: kind.to_owned(),
                account: account.map(|account| account.0),
                body: body.to_owned(),
                expires_at: to_micros(tx.at().checked_add(CEREMONY_LIFE).unwrap_or(tx.at())),
            };
            ceremony::Entity::insert(row.into_active_model()).exec_without_returning(tx.db()).await?;
            Ok(token)
        })
        .await
    }

    /// What the ceremony of that token holds, leaving it there: for showing a page that asks something.
    pub async fn ceremony(&self, kind: &str, token: &str) -> Result<Option<Ceremony>> {
        let row = ceremony::Entity::find_by_id(body::digest(token.as_bytes()))
            .filter(ceremony::Column::Kind.eq(kind))
            .filter(ceremony::Column::ExpiresAt.gt(to_micros(self.now())))
            .one(self.readers())
            .await?;
        Ok(row.map(ceremony_of))
    }

    /// Takes the ceremony of that token, which is good for nothing more; `None` when there is none of that kind.
    pub async fn take_ceremony(&self, kind: &str, token: &str) -> Result<Option<Ceremony>> {
        let digest = body::digest(token.as_bytes());
        self.write(&Actor::System, async |tx| {
            let row = ceremony::Entity::find_by_id(digest.clone())
                .filter(ceremony::Column::Kind.eq(kind))
                .one(tx.db())
                .await?;
            let Some(row) = row else { return Ok(None) };
            ceremony::Entity::delete_by_id(digest.clone()).exec(tx.db()).await?;
            Ok(Some(row).filter(|row| row.expires_at > to_micros(tx.at())).map(ceremony_of))
        })
        .await
    }
}

fn ceremony_of(row: ceremony::Model) -> Ceremony {
    Ceremony { account: row.account.map(AccountId), body: row.body }
}
