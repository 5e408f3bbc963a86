//! What the record holds of a person: giving it to them, telling what was done to it, and erasing it.

use crate::{
    Result, Store,
    account::{self, account_of, active, fact},
    entity::{account as account_entity, account_merge, change, link, viewing},
    feed, grant, holding, mail,
    tx::Tx,
};
use model::{
    Refusal,
    account::{Account, AccountState},
    email::Email,
    feed::{Actor, Entry},
    id::AccountId,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, ExprTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// The most entries of a history.
const ENTRIES: u64 = 500;

impl Store {
    /// Everything that the record holds of a person, for themselves: no secrets, and nothing about others but who viewed
    /// as them. `None` when there is no such account.
    pub async fn own_data(&self, id: AccountId) -> Result<Option<Value>> {
        let db = self.read().await?;
        let Some(row) = account_entity::Entity::find_by_id(id.0).one(&db).await? else {
            return Ok(None);
        };
        let account = account_of(&row)?;
        let mut out = Map::new();
        out.insert("account".to_owned(), fact(&account)?);
        out.append(&mut holding::exported(&db, id).await?);
        let merges = account_merge::Entity::find()
            .filter(
                Condition::any()
                    .add(account_merge::Column::Kept.eq(id.0))
                    .add(account_merge::Column::Gone.eq(id.0)),
            )
            .order_by_asc(account_merge::Column::At)
            .all(&db)
            .await?;
        let merges = merges.iter().map(|row| fact(&crate::account_merge::merge_of(row)?));
        out.insert("account-merge".to_owned(), Value::Array(merges.collect::<Result<_>>()?));
        let views = viewing::Entity::find()
            .filter(viewing::Column::Viewed.eq(id.0))
            .order_by_asc(viewing::Column::BegunAt)
            .all(&db)
            .await?;
        let views = views.iter().map(|row| fact(&crate::viewing::viewing_of(row)?));
        out.insert("viewed-by".to_owned(), Value::Array(views.collect::<Result<_>>()?));
        let history = history(&db, self.backend(), id, ENTRIES).await?;
        let history = history.iter().map(|entry| json!({ "at": entry.at, "by": entry.actor, "kind": entry.kind, "thing": entry.thing, "deed": entry.deed }));
        out.insert("history".to_owned(), Value::Array(history.collect()));
        db.commit().await?;
        Ok(Some(Value::Object(out)))
    }

    /// What was done to an account and what belongs to it, and by whom, the latest first. As many queries as there are
    /// kinds of things that belong to accounts, and one more.
    pub async fn history(&self, id: AccountId, limit: u64) -> Result<Vec<Entry<Value>>> {
        history(self.readers(), self.backend(), id, Ord::min(limit, ENTRIES)).await
    }

    /// Deletes the account of a person: signs them out everywhere, removes their addresses, outside accounts and
    /// credentials, ends their roles, and takes their name, biography and addresses out of the account and out of the
    /// change feed. What they did stays under the account's identifier. The programme stays as it was published: it names
    /// speakers, not accounts. The last administrator stays.
    pub async fn delete_account(&self, actor: &Actor, id: AccountId) -> Result<()> {
        self.write(actor, async |tx| {
            let before = active(tx.db(), id).await?;
            let merged = merged_into(tx, id).await?;
            let identities =
                account::known(tx.db(), id).await?.map(|known| known.identities).unwrap_or_default();
            let addresses: Vec<Email> =
                identities.iter().filter_map(|identity| identity.proof.email().cloned()).collect();
            mail::claim_mail_to(tx, id, &addresses).await?;
            mail::forget_opt_outs(tx, id, &addresses).await?;
            let was_administrated = !grant::no_administrator(tx.db(), tx.at()).await?;
            holding::forget(tx, id, tx.actor()).await?;
            if was_administrated && grant::no_administrator(tx.db(), tx.at()).await? {
                return Err(Refusal::new(
                    "account",
                    "nobody would be an administrator any more",
                    "Make somebody else one first",
                )
                .into());
            }
            let mut about = Condition::any().add(link::Column::Account.eq(id.0));
            for address in &addresses {
                about = about.add(link::Column::Email.eq(address.as_str()));
            }
            link::Entity::delete_many().filter(about).exec(tx.db()).await?;
            let after = Account { state: AccountState::Deleted, ..before.erased() };
            account::put(tx, Some(&before), &after).await?;
            for account in &merged {
                account::put(tx, Some(account), &account.erased()).await?;
            }
            let ids: Vec<AccountId> = merged.iter().map(|account| account.id).chain([id]).collect();
            holding::scrub(tx, &ids).await?;
            crate::registration::scrub(tx, &ids).await?;
            crate::invitation::scrub(tx, &ids).await?;
            scrub_accounts(tx, &ids).await
        })
        .await
    }
}

/// The accounts that were merged into one, and into those.
async fn merged_into(tx: &Tx, id: AccountId) -> Result<Vec<Account>> {
    let mut out: Vec<Account> = vec![];
    let mut into = vec![id.0];
    while !into.is_empty() {
        let rows = account_entity::Entity::find()
            .filter(account_entity::Column::MergedInto.is_in(into))
            .all(tx.db())
            .await?;
        into = rows.iter().map(|row| row.id).filter(|id| out.iter().all(|known| known.id.0 != *id)).collect();
        out.extend(rows.iter().map(account_of).collect::<Result<Vec<_>>>()?);
    }
    Ok(out)
}

async fn scrub_accounts(tx: &Tx, ids: &[AccountId]) -> Result<()> {
    let names: Vec<String> = ids.iter().map(ToString::to_string).collect();
    holding::scrub_feed(tx, AccountId::KIND, &names, |fact| {
        let ours = fact.get("id").and_then(Value::as_str).is_some_and(|id| names.iter().any(|own| own == id));
        let account = serde_json::from_value::<Account>(Value::Object(fact.clone()));
        if let (true, Ok(account)) = (ours, account)
            && let Ok(Value::Object(erased)) = serde_json::to_value(account.erased())
        {
            *fact = erased;
        }
    })
    .await
}

async fn history(
    db: &impl ConnectionTrait,
    backend: DbBackend,
    id: AccountId,
    limit: u64,
) -> Result<Vec<Entry<Value>>> {
    let mut things: Vec<Uuid> = holding::things(db, id).await?;
    things.push(id.0);
    // What is gone already is found by who removed it: nearly always the person.
    let own = Actor::person(id).to_string();
    let actor = match backend {
        // As its index sorts it.
        DbBackend::Postgres => Expr::cust("actor COLLATE \"C\""),
        _ => Expr::col(change::Column::Actor),
    };
    let by_person = actor.eq(own);
    let theirs = Condition::all().add(by_person).add(change::Column::Kind.is_in(holding::KINDS));
    let rows = change::Entity::find()
        .filter(Condition::any().add(change::Column::Thing.is_in(things)).add(theirs))
        .order_by_desc(change::Column::Seq)
        .limit(limit)
        .all(db)
        .await?;
    rows.into_iter().map(feed::entry).collect()
}
