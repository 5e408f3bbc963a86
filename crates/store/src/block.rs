//! Blocking an account, and unblocking it.
//!
//! **Nobody signs in to a blocked account in any way, and no program acts in its name**: every way in asks
//! [`account::active`], and the browsers and tokens that it has end with the blocking. What it has stays: addresses, roles,
//! registrations.

use crate::{
    Result, Store,
    account::{self, known},
    entity::link,
    grant,
    sign_in::sign_out,
    token,
    tx::Tx,
};
use model::{
    Refusal,
    account::{Account, AccountState},
    id::AccountId,
    permission::Subject,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};

impl Store {
    /// Blocks an account, when `subject` may: its person is signed out of all browsers, its tokens are revoked, links to it
    /// are good for nothing more. The last administrator stays.
    pub async fn block_account(&self, subject: &Subject, id: AccountId) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            subject.may_block(id)?;
            let before = account::active(tx.db(), id).await?;
            let was_administrated = !grant::no_administrator(tx.db(), tx.at()).await?;
            let after = Account { state: AccountState::Blocked, ..before.clone() };
            account::put(tx, Some(&before), &after).await?;
            if was_administrated && grant::no_administrator(tx.db(), tx.at()).await? {
                let remedy = "Make somebody else one first";
                return Err(
                    Refusal::new("account", "nobody would be an administrator any more", remedy).into()
                );
            }
            sign_out(tx, id, None).await?;
            token::revoke_all(tx, id).await?;
            forget_links(tx, id).await
        })
        .await
    }

    /// Unblocks an account, when `subject` may. Its person signs in again as before; tokens stay revoked.
    pub async fn unblock_account(&self, subject: &Subject, id: AccountId) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            subject.may_block(id)?;
            let known = known(tx.db(), id).await?.map(|known| known.account);
            let Some(before) = known.filter(|account| account.state == AccountState::Blocked) else {
                return Err(Refusal::new("account", "it is not blocked", "Load the page again").into());
            };
            let after = Account { state: AccountState::Active, ..before.clone() };
            account::put(tx, Some(&before), &after).await
        })
        .await
    }
}

/// Makes every link good for nothing that would sign somebody in to that account.
async fn forget_links(tx: &Tx, id: AccountId) -> Result<()> {
    let identities = known(tx.db(), id).await?.map(|known| known.identities).unwrap_or_default();
    let addresses = identities.iter().filter_map(|identity| identity.proof.email().map(ToString::to_string));
    let about =
        Condition::any().add(link::Column::Account.eq(id.0)).add(link::Column::Email.is_in(addresses));
    link::Entity::delete_many().filter(about).exec(tx.db()).await?;
    Ok(())
}
