//! The audit log: the change feed, filtered by who, what and when, the newest first.

use crate::{Result, Store, entity::change, feed::entry};
use jiff::Timestamp;
use model::{
    feed::{Entry, Sequence},
    id::{AccountId, EditionId},
    time::to_micros,
};
use sea_orm::{
    ColumnTrait, DbBackend, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use serde_json::Value;
use uuid::Uuid;

/// Which entries are wanted. What is left out does not narrow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// In this edition.
    pub edition: Option<EditionId>,
    /// By this person, at pages or with a token.
    pub account: Option<AccountId>,
    /// About this thing.
    pub thing: Option<Uuid>,
    /// About things of this kind.
    pub kind: Option<String>,
    /// From this instant on.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub until: Option<Timestamp>,
    /// Older than this entry: the last one of the page before.
    pub before: Option<Sequence>,
}

impl Store {
    /// The newest `limit` entries that `filter` wants, newest first. A few queries, each of which an index
    /// answers: the numbers at the edges of the time are found first, since numbers and times ascend together; of a person,
    /// one for each of the tokens that acted in their name.
    pub async fn log(&self, filter: &LogFilter, limit: u64) -> Result<Vec<Entry<Value>>> {
        let mut find = change::Entity::find();
        // SQLite without statistics takes any index for as good as another. What a person did or what befell a thing is
        // little; by the other columns it would read a million entries for them. A unary plus keeps it from their indexes
        // (sqlite.org/optoverview.html, section 4.3); PostgreSQL knows by itself.
        let is_narrow = filter.account.is_some() || filter.thing.is_some();
        let column = |column: change::Column, name: &'static str| match self.backend() {
            DbBackend::Sqlite if is_narrow => Expr::cust(name),
            _ => Expr::col(column),
        };
        if let Some(edition) = filter.edition {
            find = find.filter(column(change::Column::Edition, "+edition").eq(edition.0));
        }
        if let Some(thing) = filter.thing {
            find = find.filter(change::Column::Thing.eq(thing));
        }
        if let Some(kind) = &filter.kind {
            find = find.filter(column(change::Column::Kind, "+kind").eq(kind.as_str()));
        }
        if let Some(before) = filter.before {
            find = find.filter(change::Column::Seq.lt(before));
        }
        if let Some(from) = filter.from {
            match self.first_since(from).await? {
                Some(first) => find = find.filter(change::Column::Seq.gte(first)),
                None => return Ok(vec![]),
            }
        }
        if let Some(until) = filter.until
            && let Some(first) = self.first_since(until).await?
        {
            find = find.filter(change::Column::Seq.lt(first));
        }
        let find = find.order_by_desc(change::Column::Seq).limit(limit);
        let Some(account) = filter.account else {
            return find.all(self.readers()).await?.into_iter().map(entry).collect();
        };
        // For one actor the index holds the entries in their order. For a range of actors it does not, and PostgreSQL
        // would rather read the whole feed backwards.
        let mut rows = vec![];
        for actor in self.actors_of(account).await? {
            rows.extend(find.clone().filter(self.actor().eq(actor)).all(self.readers()).await?);
        }
        rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.seq));
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        rows.into_iter().map(entry).collect()
    }

    /// The column `actor`, compared byte by byte as its index is.
    fn actor(&self) -> Expr {
        match self.backend() {
            DbBackend::Sqlite => Expr::col(change::Column::Actor),
            _ => Expr::cust("actor COLLATE \"C\""),
        }
    }

    /// All that somebody acted as: at pages, and with each token. One query for each and one more, of one row of an index
    /// each.
    async fn actors_of(&self, account: AccountId) -> Result<Vec<String>> {
        // `person:ID` and `person:ID/token:...`: all that begins so, and nothing else, sorts from the first up to
        // `person:ID0`, as `0` follows `/` in ASCII.
        let until = format!("person:{account}0");
        let mut found: Vec<String> = vec![];
        loop {
            let beyond = match found.last() {
                None => self.actor().gte(format!("person:{account}")),
                Some(last) => self.actor().gt(last.as_str()),
            };
            let next = change::Entity::find()
                .select_only()
                .column(change::Column::Actor)
                .filter(beyond)
                .filter(self.actor().lt(until.as_str()))
                .order_by_asc(self.actor())
                .order_by_asc(change::Column::Seq)
                .into_tuple()
                .one(self.readers())
                .await?;
            match next {
                Some(actor) => found.push(actor),
                None => return Ok(found),
            }
        }
    }

    /// One entry of the feed.
    pub async fn log_entry(&self, seq: Sequence) -> Result<Option<Entry<Value>>> {
        change::Entity::find_by_id(seq).one(self.readers()).await?.map(entry).transpose()
    }

    /// The number of the first entry at or after `instant`.
    async fn first_since(&self, instant: Timestamp) -> Result<Option<Sequence>> {
        let first = change::Entity::find()
            .select_only()
            .column(change::Column::Seq)
            .filter(change::Column::At.gte(to_micros(instant)))
            .order_by_asc(change::Column::At)
            .order_by_asc(change::Column::Seq);
        Ok(first.into_tuple().one(self.readers()).await?)
    }
}
