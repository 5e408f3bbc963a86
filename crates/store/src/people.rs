//! Finding people among all accounts, and the addresses and outside accounts that each has.

use crate::{
    Result, Store,
    account::{self, KnownAccount, account_of, identity_of},
    account_merge::settle_primary,
    credential::WaysIn,
    entity::{account as account_entity, identity, registration, role_grant},
    grant,
    tx::Change,
};
use model::{
    Refusal,
    account::{Handle, Identity},
    email::Email,
    feed::{Actor, Deed},
    id::{AccountId, EditionId, IdentityId},
    permission::Grant,
    text::folded,
    time::to_micros,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Select,
    sea_query::{Expr, LikeExpr},
};

/// How many people stand on one page.
pub const PEOPLE_PER_PAGE: u64 = 50;

/// Which people are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeopleQuery {
    /// Parts of their name, handle, affiliation or address, each of which must be there; all people where it is empty.
    pub words: String,
    /// Only those who have to do with one of these editions.
    pub within: Option<Vec<EditionId>>,
}

/// A page of people.
#[derive(Clone, Debug, Default)]
pub struct PeoplePage {
    /// The people, by name.
    pub people: Vec<FoundPerson>,
    /// How many were found on all pages.
    pub total: u64,
}

/// Somebody who was found.
#[derive(Clone, Debug)]
pub struct FoundPerson {
    /// The account, with its addresses.
    pub known: KnownAccount,
    /// The roles that they have at this moment.
    pub grants: Vec<Grant>,
}

impl Store {
    /// People by name, handle, affiliation and address: the page of that number, from 0. Four queries, however many there
    /// are.
    pub async fn people(&self, query: &PeopleQuery, page: u64) -> Result<PeoplePage> {
        let found = account_entity::Entity::find().filter(wanted(query));
        let total = found.clone().count(self.readers()).await?;
        let page = found.offset(page.saturating_mul(PEOPLE_PER_PAGE)).limit(PEOPLE_PER_PAGE);
        Ok(PeoplePage { people: self.found(page).await?, total })
    }

    /// The same from a place in the list on: at most `limit` people who stand after that one, by the name that they have
    /// now. Four queries.
    pub async fn people_after(
        &self,
        query: &PeopleQuery,
        last: Option<AccountId>,
        limit: u64,
    ) -> Result<Vec<FoundPerson>> {
        let mut found = account_entity::Entity::find().filter(wanted(query));
        if let Some(last) = last
            && let Some(row) = account_entity::Entity::find_by_id(last.0).one(self.readers()).await?
        {
            let same = Condition::all()
                .add(account_entity::Column::FoundBy.eq(row.found_by.as_str()))
                .add(account_entity::Column::Id.gt(last.0));
            found = found
                .filter(Condition::any().add(account_entity::Column::FoundBy.gt(row.found_by)).add(same));
        }
        self.found(found.limit(limit)).await
    }

    /// The people of these accounts, in the order of lists, with their addresses and roles.
    async fn found(&self, accounts: Select<account_entity::Entity>) -> Result<Vec<FoundPerson>> {
        let db = self.readers();
        let rows = accounts
            .order_by_asc(account_entity::Column::FoundBy)
            .order_by_asc(account_entity::Column::Id)
            .all(db)
            .await?;
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        let identities = identity::Entity::find()
            .filter(identity::Column::Account.is_in(ids.iter().copied()))
            .order_by_asc(identity::Column::Kind)
            .order_by_desc(identity::Column::Primary)
            .order_by_asc(identity::Column::VerifiedAt)
            .all(db)
            .await?;
        let identities = identities.iter().map(identity_of).collect::<Result<Vec<Identity>>>()?;
        let grants =
            role_grant::Entity::find().filter(role_grant::Column::Account.is_in(ids)).all(db).await?;
        let grants = grants.iter().map(grant::grant_of).collect::<Result<Vec<Grant>>>()?;
        let now = self.now();
        rows.iter()
            .map(|row| {
                let id = AccountId(row.id);
                let known = KnownAccount {
                    account: account_of(row)?,
                    identities: identities.iter().filter(|one| one.account == id).cloned().collect(),
                };
                let grants = grants.iter().filter(|grant| grant.account == id && grant.holds(now)).cloned();
                Ok(FoundPerson { known, grants: grants.collect() })
            })
            .collect()
    }

    /// Who is meant by an address or a handle as somebody typed it, also when they are blocked: `None` when nobody who is
    /// still here has it.
    pub async fn person_named(&self, text: &str) -> Result<Option<KnownAccount>> {
        if text.trim().trim_start_matches('@').contains('@') {
            let proof = model::account::Proof::Email(Email::parse(text)?);
            return match self.account_of(&proof).await? {
                Some(id) => self.account(id).await,
                None => Ok(None),
            };
        }
        account::by_handle(self.readers(), &Handle::parse(text)?).await
    }

    /// The account of `email` with another tag behind its `+`, or without one: nearly always the same box
    /// (requirement 3). `None` where there is none besides `own`. One query.
    pub async fn alias_of(&self, email: &Email, own: AccountId) -> Result<Option<Email>> {
        let plain = email.without_tag();
        if plain == *email {
            return Ok(None);
        }
        let row = identity::Entity::find()
            .filter(identity::Column::Kind.eq("email"))
            .filter(identity::Column::Subject.eq(plain.as_str()))
            .filter(identity::Column::Account.ne(own.0))
            .one(self.readers())
            .await?;
        Ok(row.map(|_| plain))
    }

    /// Takes an address or an outside account off an account. The last one by which one can sign in stays.
    pub async fn remove_identity(
        &self,
        actor: &Actor,
        id: AccountId,
        which: IdentityId,
        ways: &WaysIn,
    ) -> Result<()> {
        self.write(actor, async |tx| {
            account::active(tx.db(), id).await?;
            let known = account::known(tx.db(), id).await?;
            let identities = known.map(|known| known.identities).unwrap_or_default();
            let Some(gone) = identities.iter().find(|identity| identity.id == which) else {
                return Err(Refusal::new(
                    "identity",
                    "it belongs to this account no more",
                    "Load the page again",
                )
                .into());
            };
            if !identities.iter().any(|one| one.id != which && ways.admit(&one.proof)) {
                return Err(Refusal::new(
                    "identity",
                    "it is the last way into this account",
                    "Add another address first",
                )
                .into());
            }
            identity::Entity::delete_by_id(which.0).exec(tx.db()).await?;
            tx.note(vec![Change {
                kind: IdentityId::KIND,
                thing: which.0,
                edition: None,
                deed: Deed::Removed,
                before: Some(account::fact(gone)?),
                after: None,
            }])
            .await?;
            settle_primary(tx, id, None).await
        })
        .await
    }

    /// Has mail go to that address of an account from now on.
    pub async fn make_primary(&self, actor: &Actor, id: AccountId, which: IdentityId) -> Result<()> {
        self.write(actor, async |tx| {
            account::active(tx.db(), id).await?;
            let known = account::known(tx.db(), id).await?;
            let is_address = |identity: &Identity| identity.id == which && identity.proof.email().is_some();
            if !known.is_some_and(|known| known.identities.iter().any(is_address)) {
                let gone =
                    Refusal::new("identity", "it is no address of this account", "Load the page again");
                return Err(gone.into());
            }
            settle_primary(tx, id, Some(which)).await
        })
        .await
    }

    /// How many accounts are in use that came into being since then, for the figures of the desk. One query.
    pub async fn accounts_since(&self, since: jiff::Timestamp) -> Result<u64> {
        let found = account_entity::Entity::find()
            .filter(account_entity::Column::State.eq("active"))
            .filter(account_entity::Column::CreatedAt.gte(to_micros(since)));
        Ok(found.count(self.readers()).await?)
    }
}

/// The accounts that a query means.
fn wanted(query: &PeopleQuery) -> Condition {
    let mut wanted = Condition::all().add(account_entity::Column::State.is_in(account::HERE));
    for word in query.words.split_whitespace().take(8) {
        let by_address = identity::Entity::find()
            .select_only()
            .column(identity::Column::Account)
            .filter(identity::Column::Kind.eq("email"))
            .filter(Expr::col(identity::Column::Subject).like(containing(&word.to_lowercase())))
            .into_query();
        wanted = wanted.add(
            Condition::any()
                .add(Expr::col(account_entity::Column::FoundBy).like(containing(&folded(word))))
                .add(account_entity::Column::Id.in_subquery(by_address)),
        );
    }
    if let Some(editions) = &query.within {
        let with_role = role_grant::Entity::find()
            .select_only()
            .column(role_grant::Column::Account)
            .filter(role_grant::Column::Edition.is_in(editions.iter().map(|id| id.0)))
            .into_query();
        let registered = registration::Entity::find()
            .select_only()
            .column(registration::Column::Account)
            .filter(registration::Column::Edition.is_in(editions.iter().map(|id| id.0)))
            .filter(registration::Column::Account.is_not_null())
            .into_query();
        wanted = wanted.add(
            Condition::any()
                .add(account_entity::Column::Id.in_subquery(with_role))
                .add(account_entity::Column::Id.in_subquery(registered)),
        );
    }
    wanted
}

/// A pattern for texts that hold `part` as it is written.
fn containing(part: &str) -> LikeExpr {
    let escaped: String = part
        .chars()
        .flat_map(|c| matches!(c, '%' | '_' | '\\').then_some('\\').into_iter().chain([c]))
        .collect();
    LikeExpr::new(format!("%{escaped}%")).escape('\\')
}
