//! Who has a conflict with what, for any number of people and proposals at once.

use crate::{
    Result,
    entity::{account, author, identity, review_conflict},
    lookup::{among, listed},
};
use model::{
    conflict::{Conflict, Known, conflicts},
    email::Email,
    forward::OfferedAuthor,
    id::{AccountId, EditionId, ProposalId},
    text::Line,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, JoinType, QueryFilter, QuerySelect,
    QueryTrait,
    sea_query::{Expr, Query},
};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Over which proposals conflicts are found.
#[derive(Clone, Debug)]
pub(crate) enum Over {
    /// Over these.
    These(BTreeSet<Uuid>),
    /// Over all of the edition.
    Edition,
}

impl Over {
    /// Which authors that concerns; `None` where there are none.
    fn authors(&self, edition: EditionId) -> Option<Condition> {
        match self {
            Self::Edition => Some(Condition::all().add(author::Column::Edition.eq(edition.0))),
            Self::These(ids) if ids.is_empty() => None,
            Self::These(ids) => {
                Some(Condition::all().add(among(author::Column::Proposal, ids.iter().copied())))
            }
        }
    }
}

/// What is needed to find the conflicts of some people with some proposals.
#[derive(Clone, Debug, Default)]
pub(crate) struct Judge {
    people: BTreeSet<AccountId>,
    known: BTreeMap<AccountId, Known>,
    authors: BTreeMap<ProposalId, Vec<AccountId>>,
    declared: BTreeSet<(AccountId, ProposalId)>,
}

impl Judge {
    /// Of `people` over these proposals: five statements, for ten as for two thousand.
    pub(crate) async fn of(
        db: &impl ConnectionTrait,
        edition: EditionId,
        people: impl IntoIterator<Item = AccountId>,
        over: &Over,
    ) -> Result<Self> {
        let people: BTreeSet<AccountId> = people.into_iter().collect();
        let (Some(authors), false) = (over.authors(edition), people.is_empty()) else {
            return Ok(Self { people, ..Self::default() });
        };
        let ids = || people.iter().map(|id| id.0);
        // Whoever was invited and has not answered stands there with an address alone, and counts as if they had.
        let invited = || {
            let addresses = author::Entity::find()
                .select_only()
                .column(author::Column::Email)
                .filter(
                    authors
                        .clone()
                        .add(author::Column::Account.is_null())
                        .add(author::Column::Email.is_not_null()),
                )
                .into_query();
            identity::Entity::find()
                .select_only()
                .column(identity::Column::Account)
                .filter(identity::Column::Kind.eq("email"))
                .filter(identity::Column::Subject.in_subquery(addresses))
        };
        let accounts = || {
            author::Entity::find()
                .select_only()
                .column(author::Column::Account)
                .filter(authors.clone().add(author::Column::Account.is_not_null()))
        };
        let either = Condition::any()
            .add(author::Column::Account.is_not_null())
            .add(author::Column::Email.is_not_null());
        let parts: Vec<(Uuid, Uuid, Option<Uuid>, Option<String>)> = author::Entity::find()
            .select_only()
            .columns([
                author::Column::Id,
                author::Column::Proposal,
                author::Column::Account,
                author::Column::Email,
            ])
            .filter(authors.clone().add(either))
            .into_tuple()
            .all(db)
            .await?;
        let affiliations: Vec<(Uuid, String)> = account::Entity::find()
            .select_only()
            .columns([account::Column::Id, account::Column::Affiliation])
            .filter(
                Condition::any()
                    .add(account::Column::Id.in_subquery(accounts().into_query()))
                    .add(account::Column::Id.in_subquery(invited().into_query()))
                    .add(among(account::Column::Id, ids())),
            )
            .into_tuple()
            .all(db)
            .await?;
        let proved: Vec<(Uuid, String)> = identity::Entity::find()
            .select_only()
            .columns([identity::Column::Account, identity::Column::Subject])
            .filter(identity::Column::Kind.eq("email"))
            .filter(
                Condition::any()
                    .add(identity::Column::Account.in_subquery(accounts().into_query()))
                    .add(identity::Column::Account.in_subquery(invited().into_query()))
                    .add(among(identity::Column::Account, ids())),
            )
            .into_tuple()
            .all(db)
            .await?;
        let declared: Vec<(Uuid, Uuid)> = review_conflict::Entity::find()
            .select_only()
            .columns([review_conflict::Column::Account, review_conflict::Column::Proposal])
            .filter(review_conflict::Column::Edition.eq(edition.0))
            .filter(among(review_conflict::Column::Account, ids()))
            .into_tuple()
            .all(db)
            .await?;
        let mut addresses: BTreeMap<Uuid, Vec<Email>> = BTreeMap::new();
        let mut owners: BTreeMap<String, AccountId> = BTreeMap::new();
        for (id, address) in proved {
            if let Ok(address) = Email::parse(&address) {
                owners.insert(address.to_string(), AccountId(id));
                addresses.entry(id).or_default().push(address);
            }
        }
        let mut known: BTreeMap<AccountId, Known> = affiliations
            .into_iter()
            .map(|(id, name)| {
                let addresses = addresses.get(&id).into_iter().flatten();
                (AccountId(id), Known::new(AccountId(id), &Line::clean(&name), addresses))
            })
            .collect();
        for (one, other) in companions(db, ids()).await? {
            known.entry(one).or_default().companions.insert(other);
        }
        let mut authors: BTreeMap<ProposalId, Vec<AccountId>> = BTreeMap::new();
        for (row, proposal, account, address) in parts {
            let address = address.and_then(|address| Email::parse(&address).ok());
            let owner = address.as_ref().and_then(|address| owners.get(address.as_str()).copied());
            let who = match (account.map(AccountId).or(owner), &address) {
                (Some(account), _) => account,
                (None, Some(address)) => {
                    // Nobody has proved that address: its organisation is all that is known.
                    let nobody = AccountId(row);
                    known.insert(nobody, Known::new(nobody, &Line::default(), std::iter::once(address)));
                    nobody
                }
                (None, None) => continue,
            };
            authors.entry(ProposalId(proposal)).or_default().push(who);
        }
        let declared = declared.into_iter().map(|(who, what)| (AccountId(who), ProposalId(what))).collect();
        Ok(Self { people, known, authors, declared })
    }

    /// Of one person over what another Plenary offers as `id`: its authors are known by the addresses that it names, and count
    /// as whoever proved one. Five statements.
    pub(crate) async fn of_offer(
        db: &impl ConnectionTrait,
        who: Option<AccountId>,
        id: ProposalId,
        offered: &[OfferedAuthor],
    ) -> Result<Self> {
        let Some(me) = who else { return Ok(Self::default()) };
        let named: Vec<&str> = offered.iter().map(|author| author.email.as_str()).collect();
        let owners: Vec<(Uuid, String)> = identity::Entity::find()
            .select_only()
            .columns([identity::Column::Account, identity::Column::Subject])
            .filter(identity::Column::Kind.eq("email"))
            .filter(identity::Column::Subject.is_in(named))
            .into_tuple()
            .all(db)
            .await?;
        let ids: BTreeSet<Uuid> = owners.iter().map(|owner| owner.0).chain([me.0]).collect();
        let affiliations: Vec<(Uuid, String)> = account::Entity::find()
            .select_only()
            .columns([account::Column::Id, account::Column::Affiliation])
            .filter(among(account::Column::Id, ids.iter().copied()))
            .into_tuple()
            .all(db)
            .await?;
        let proved: Vec<(Uuid, String)> = identity::Entity::find()
            .select_only()
            .columns([identity::Column::Account, identity::Column::Subject])
            .filter(identity::Column::Kind.eq("email"))
            .filter(among(identity::Column::Account, ids.iter().copied()))
            .into_tuple()
            .all(db)
            .await?;
        let mut known: BTreeMap<AccountId, Known> = affiliations
            .into_iter()
            .map(|(id, name)| {
                let own = proved.iter().filter(|(owner, _)| *owner == id);
                let addresses: Vec<Email> =
                    own.filter_map(|(_, address)| Email::parse(address).ok()).collect();
                (AccountId(id), Known::new(AccountId(id), &Line::clean(&name), addresses.iter()))
            })
            .collect();
        for (one, other) in companions(db, std::iter::once(me.0)).await? {
            known.entry(one).or_default().companions.insert(other);
        }
        let mut authors = vec![];
        for author in offered {
            let nobody = AccountId(Uuid::now_v7());
            known.insert(nobody, Known::new(nobody, &author.affiliation, std::iter::once(&author.email)));
            authors.push(nobody);
            let owner = owners.iter().find(|(_, address)| address == author.email.as_str());
            authors.extend(owner.map(|(id, _)| AccountId(*id)));
        }
        Ok(Self { people: [me].into(), known, authors: [(id, authors)].into(), declared: BTreeSet::new() })
    }

    /// Why that person must not review or see the reviews of that proposal. Nobody, as at the command line, has none.
    ///
    /// **Both must be among those that it was made of**: of others it knows nothing.
    pub(crate) fn conflicts(&self, who: Option<AccountId>, id: ProposalId) -> Vec<Conflict> {
        let Some(who) = who else { return vec![] };
        debug_assert!(self.people.contains(&who), "{who} is none of those that are judged");
        let Some(me) = self.known.get(&who) else { return vec![] };
        let authors: Vec<&Known> =
            self.authors.get(&id).into_iter().flatten().filter_map(|author| self.known.get(author)).collect();
        conflicts(me, &authors, self.has_declared(who, id))
    }

    /// Whether nothing stands between them.
    pub(crate) fn is_clear(&self, who: Option<AccountId>, id: ProposalId) -> bool {
        self.conflicts(who, id).is_empty()
    }

    /// Whether that person declared a conflict.
    pub(crate) fn has_declared(&self, who: AccountId, id: ProposalId) -> bool {
        self.declared.contains(&(who, id))
    }
}

/// Each of these people with everybody beside whom they stood on a programme, in any edition. One statement.
async fn companions(
    db: &impl ConnectionTrait,
    people: impl Iterator<Item = Uuid>,
) -> Result<Vec<(AccountId, AccountId)>> {
    let both = |one: &'static str, other: &'static str, column: &'static str| {
        Expr::col((one, "edition"))
            .equals((other, "edition"))
            .and(Expr::col((one, column)).equals((other, column)))
    };
    let select = Query::select()
        .distinct()
        .column(("mine", "account"))
        .column(("theirs", "account"))
        .from_as("speaker_account", "mine")
        .join_as(JoinType::InnerJoin, "participation", "part", both("part", "mine", "person"))
        .join_as(JoinType::InnerJoin, "participation", "beside", both("beside", "part", "session"))
        .join_as(JoinType::InnerJoin, "speaker_account", "theirs", both("theirs", "beside", "person"))
        .and_where(Expr::col(("mine", "account")).in_subquery(listed(people)))
        .and_where(Expr::col(("mine", "account")).not_equals(("theirs", "account")))
        .to_owned();
    let rows = db.query_all(&select).await?;
    rows.iter()
        .map(|row| {
            let (one, other): (Uuid, Uuid) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            Ok((AccountId(one), AccountId(other)))
        })
        .collect()
}
