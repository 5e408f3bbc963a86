//! Joining two accounts of one person, and taking that back.
//!
//! Everything that belongs to the one goes to the other ([`crate::holding`]), and the record keeps exactly what went. The
//! account that is gone keeps its own row, so that undoing gives its person back what they had.

use crate::{
    Error, Result, Store,
    account::{self, active, fact},
    entity::{account_merge, identity},
    holding,
    save::upsert,
    sign_in::{Purpose, take_link},
    tx::{Change, Tx},
};
use model::{
    Refusal,
    account::{Account, AccountState, Merge, Moved, Proof, Undone},
    feed::Deed,
    id::{AccountId, IdentityId, MergeId},
    permission::{Action, Place, Subject},
    time::{from_micros, to_micros},
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder};
use std::collections::BTreeSet;
use uuid::Uuid;

impl Store {
    /// Merges `gone` into `kept`, when `subject` may merge accounts of others. Who asks for it themselves proves both
    /// accounts: see [`Store::merge_by_link`].
    pub async fn merge_accounts(
        &self,
        subject: &Subject,
        gone: AccountId,
        kept: AccountId,
    ) -> Result<MergeId> {
        subject.may(Action::ManagePeople, &Place::installation())?;
        self.write(&subject.actor, async |tx| merge(tx, gone, kept).await).await
    }

    /// Merges two accounts of the one who asks: `own`, in which they are signed in, and the one that holds the address to
    /// which the link of that token went. `keep_own` says which of the two goes on being used. Gives the one that does.
    pub async fn merge_by_link(
        &self,
        subject: &Subject,
        own: AccountId,
        token: &str,
        keep_own: bool,
    ) -> Result<AccountId> {
        subject.may_write()?;
        self.write(&subject.actor, async |tx| {
            let link = take_link(tx, token).await?;
            let (Purpose::Merge, Some(email), Some(asked)) = (link.purpose, &link.email, link.account) else {
                return Err(Refusal::new("link", "it is for something else", "Ask for a new one").into());
            };
            if asked != own {
                return Err(Refusal::new(
                    "link",
                    "it was asked for by somebody who is signed in with another account",
                    "Open it in the browser in which you asked for it",
                )
                .into());
            }
            let Some(row) = account::owner(tx.db(), &Proof::Email(email.clone())).await? else {
                // Nobody has the address: they read its mail, so it is theirs now.
                account::add_identity(tx, own, &Proof::Email(email.clone())).await?;
                return Ok(own);
            };
            let other = AccountId(row.account);
            if other == own {
                return Ok(own);
            }
            let (gone, kept) = if keep_own { (other, own) } else { (own, other) };
            merge(tx, gone, kept).await?;
            Ok(kept)
        })
        .await
    }

    /// Takes a merge back, when `subject` may merge accounts of others or is the person. What moved and is still there
    /// goes back; what came to the account since stays with it.
    pub async fn undo_merge(&self, subject: &Subject, id: MergeId) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            let row = account_merge::Entity::find_by_id(id.0).one(tx.db()).await?;
            let before = row.as_ref().map(merge_of).transpose()?;
            let Some(before) = before.filter(|merge| merge.undone.is_none()) else {
                return Err(
                    Refusal::new("merge", "there is no such merge any more", "Load the page again").into()
                );
            };
            subject.may_write()?;
            if subject.account != Some(before.kept) {
                subject.may(Action::ManagePeople, &Place::installation())?;
            }
            undo(tx, &before).await
        })
        .await
    }

    /// The merges that an account had part in, the latest first. One query.
    pub async fn merges_of(&self, id: AccountId) -> Result<Vec<Merge>> {
        let rows = account_merge::Entity::find()
            .filter(
                Condition::any()
                    .add(account_merge::Column::Kept.eq(id.0))
                    .add(account_merge::Column::Gone.eq(id.0)),
            )
            .order_by_desc(account_merge::Column::At)
            .all(self.readers())
            .await?;
        rows.iter().map(merge_of).collect()
    }
}

async fn merge(tx: &Tx, gone: AccountId, kept: AccountId) -> Result<MergeId> {
    if gone == kept {
        return Err(Refusal::new("account", "these are the same account", "Choose two").into());
    }
    let before = active(tx.db(), gone).await?;
    active(tx.db(), kept).await?;
    let primary = primary(tx, gone).await?;
    let mut moved = holding::hand_over(tx, gone, kept, None).await?;
    moved.extend(crate::mail::hand_over_opt_outs(tx, gone, kept).await?);
    settle_primary(tx, kept, None).await?;
    let after = Account { state: AccountState::Merged(kept), ..before.clone() };
    account::put(tx, Some(&before), &after).await?;
    let merge = Merge {
        id: MergeId(Uuid::now_v7()),
        gone,
        kept,
        at: tx.at(),
        by: tx.actor().to_owned(),
        moved,
        primary,
        undone: None,
    };
    put(tx, None, &merge).await?;
    Ok(merge.id)
}

async fn undo(tx: &Tx, merge: &Merge) -> Result<()> {
    active(tx.db(), merge.kept).await.map_err(|error| match error {
        Error::Refused(_) => Error::Refused(Refusal::new(
            "merge",
            "the account that was kept is in use no more",
            "If it was merged into another, undo that first",
        )),
        other => other,
    })?;
    let Some(gone) = account::known(tx.db(), merge.gone).await? else {
        return Err(Error::damaged(format!("merge {}", merge.id), "its account is not there"));
    };
    let back = Account { state: AccountState::Active, ..gone.account.clone() };
    account::put(tx, Some(&gone.account), &back).await?;
    let things: BTreeSet<Uuid> = merge.moved.iter().map(|moved| moved.thing).collect();
    holding::hand_over(tx, merge.kept, merge.gone, Some(&things)).await?;
    crate::mail::give_back_opt_outs(tx, merge).await?;
    settle_primary(tx, merge.gone, merge.primary).await?;
    settle_primary(tx, merge.kept, None).await?;
    let undone = Some(Undone { at: tx.at(), by: tx.actor().to_owned() });
    put(tx, Some(merge), &Merge { undone, ..merge.clone() }).await
}

/// The primary address of an account.
async fn primary(tx: &Tx, id: AccountId) -> Result<Option<IdentityId>> {
    let row = identity::Entity::find()
        .filter(identity::Column::Account.eq(id.0))
        .filter(identity::Column::Primary.eq(true))
        .one(tx.db())
        .await?;
    Ok(row.map(|row| IdentityId(row.id)))
}

/// Sees to it that exactly one address of an account is the primary one: `wanted` where it is there, else the one that is,
/// else the first that was proved.
pub(crate) async fn settle_primary(tx: &Tx, id: AccountId, wanted: Option<IdentityId>) -> Result<()> {
    let rows = identity::Entity::find()
        .filter(identity::Column::Account.eq(id.0))
        .filter(identity::Column::Kind.eq("email"))
        .order_by_asc(identity::Column::VerifiedAt)
        .order_by_asc(identity::Column::Id)
        .all(tx.db())
        .await?;
    let chosen = rows
        .iter()
        .find(|row| wanted.is_some_and(|wanted| wanted.0 == row.id))
        .or_else(|| rows.iter().find(|row| row.primary))
        .or_else(|| rows.first())
        .map(|row| row.id);
    let (mut written, mut changes) = (vec![], vec![]);
    for before in rows {
        let after = identity::Model { primary: Some(before.id) == chosen, ..before.clone() };
        if after != before {
            changes.push(Change {
                kind: IdentityId::KIND,
                thing: after.id,
                edition: None,
                deed: Deed::Changed,
                before: Some(fact(&account::identity_of(&before)?)?),
                after: Some(fact(&account::identity_of(&after)?)?),
            });
            written.push(after);
        }
    }
    upsert::<identity::Entity>(tx.db(), written).await?;
    tx.note(changes).await
}

async fn put(tx: &Tx, before: Option<&Merge>, after: &Merge) -> Result<()> {
    let row = account_merge::Model {
        id: after.id.0,
        gone: after.gone.0,
        kept: after.kept.0,
        at: to_micros(after.at),
        by: after.by.clone(),
        moved: crate::rows::json(&after.moved)?,
        primary_identity: after.primary.map(|id| id.0),
        undone_at: after.undone.as_ref().map(|undone| to_micros(undone.at)),
        undone_by: after.undone.as_ref().map(|undone| undone.by.clone()),
    };
    upsert::<account_merge::Entity>(tx.db(), vec![row]).await?;
    tx.note(vec![Change {
        kind: MergeId::KIND,
        thing: after.id.0,
        edition: None,
        deed: if before.is_some() { Deed::Changed } else { Deed::Created },
        before: before.map(fact).transpose()?,
        after: Some(fact(after)?),
    }])
    .await
}

/// The merge of a row.
pub(crate) fn merge_of(row: &account_merge::Model) -> Result<Merge> {
    let damaged = |what: &str| Error::damaged(format!("merge {}", row.id), what);
    let instant = |micros| from_micros(micros).ok_or_else(|| damaged("no such instant"));
    let moved: Vec<Moved> = serde_json::from_str(&row.moved).map_err(|error| damaged(&error.to_string()))?;
    let undone = match (row.undone_at, &row.undone_by) {
        (Some(at), by) => Some(Undone { at: instant(at)?, by: by.clone().unwrap_or_default() }),
        (None, _) => None,
    };
    Ok(Merge {
        id: MergeId(row.id),
        gone: AccountId(row.gone),
        kept: AccountId(row.kept),
        at: instant(row.at)?,
        by: row.by.clone(),
        moved,
        primary: row.primary_identity.map(IdentityId),
        undone,
    })
}
