//! Who wants no mail: addresses to which nothing is sent, and people who have left a list.
//!
//! A list is left for a series, so that next year's edition does not begin anew with those who left. An address that
//! belongs to an account leaves for the account too, whichever of its addresses is used later.

use super::OPT_OUT_KIND;
use crate::{
    Error, Result, Store,
    entity::{edition, mail, mail_attempt, opt_out, suppression},
    lookup::{LOOKUP, among},
    save::upsert,
    tx::{Change, Tx},
};
use model::{
    Refusal,
    account::{Merge, Moved},
    email::Email,
    feed::{Actor, Deed},
    id::{AccountId, MailId, derived},
    mail::{List, SuppressReason, Suppression},
    text::{Line, folded},
    time::{from_micros, to_micros},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, Query},
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use uuid::Uuid;

/// What is said of a mail to somebody who has left its list.
pub(super) const HAS_LEFT: &str = "The recipient has left this list";

/// A list that somebody has left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptOut {
    /// The name of the series, folded as search folds it.
    pub series: String,
    /// The list.
    pub list: List,
}

impl Store {
    /// Leaves the list of the mail with that identifier, for its address and its account. Whether there is such a mail
    /// is not told: whoever calls this answers the same in any case.
    pub async fn leave_list(&self, id: MailId) -> Result<()> {
        self.write(&Actor::Visitor, async |tx| {
            let Some(row) = mail::Entity::find_by_id(id.0).one(tx.db()).await? else { return Ok(()) };
            let list = row.list.as_deref().and_then(List::parse);
            let (Some(list), Some(edition)) = (list, row.edition) else { return Ok(()) };
            let edition = edition::Entity::find_by_id(edition).one(tx.db()).await?;
            let Some(edition) = edition else { return Ok(()) };
            let address = Some(row.to_address).filter(|address| !address.is_empty());
            let whos: Vec<String> =
                address.into_iter().chain(row.account.map(|id| account_who(AccountId(id)))).collect();
            for who in whos {
                set(tx, &who, &folded(&edition.series), list, true).await?;
            }
            Ok(())
        })
        .await
    }

    /// The lists that the person of an account has left, by the account or by any of these addresses.
    pub async fn opt_outs(&self, account: AccountId, addresses: &[Email]) -> Result<Vec<OptOut>> {
        let whos: Vec<String> =
            addresses.iter().map(ToString::to_string).chain([account_who(account)]).collect();
        let rows = opt_out::Entity::find().filter(opt_out::Column::Who.is_in(whos)).all(self.readers());
        let mut left: Vec<OptOut> = rows
            .await?
            .into_iter()
            .filter_map(|row| Some(OptOut { list: List::parse(&row.list)?, series: row.series }))
            .collect();
        left.sort_by(|a, b| (&a.series, a.list).cmp(&(&b.series, b.list)));
        left.dedup();
        Ok(left)
    }

    /// Leaves a list of the series of that name, or comes back to it, for an account and all its addresses: should the
    /// account be merged into another, the addresses still say so.
    pub async fn set_opt_out(
        &self,
        actor: &Actor,
        account: AccountId,
        addresses: &[Email],
        series: &Line,
        list: List,
        left: bool,
    ) -> Result<()> {
        self.write(actor, async |tx| {
            let series = folded(series.as_str());
            set(tx, &account_who(account), &series, list, left).await?;
            for address in addresses {
                set(tx, address.as_str(), &series, list, left).await?;
            }
            Ok(())
        })
        .await
    }

    /// All addresses to which nothing is sent, the newest first.
    pub async fn suppressions(&self) -> Result<Vec<Suppression>> {
        let rows = suppression::Entity::find()
            .order_by_desc(suppression::Column::Since)
            .order_by_asc(suppression::Column::Address);
        rows.all(self.readers()).await?.iter().map(suppression_of).collect()
    }

    /// Has nothing sent to an address from now on, by an organiser's wish.
    pub async fn suppress(&self, actor: &Actor, address: &Email, note: &Line) -> Result<()> {
        self.write(actor, async |tx| {
            let before = suppression::Entity::find_by_id(address.to_string()).one(tx.db()).await?;
            let row = suppression::Model {
                address: address.to_string(),
                reason: SuppressReason::Asked.as_str().to_owned(),
                note: note.to_string(),
                since: before.as_ref().map_or_else(|| to_micros(tx.at()), |row| row.since),
            };
            put(tx, before, row).await
        })
        .await
    }

    /// Takes an address off the suppress list. Refused when it is not on it.
    pub async fn unsuppress(&self, actor: &Actor, address: &Email) -> Result<()> {
        self.write(actor, async |tx| {
            let Some(row) = suppression::Entity::find_by_id(address.to_string()).one(tx.db()).await? else {
                return Err(Error::Refused(Refusal::new(
                    "address",
                    format!("{address} is not on the list"),
                    "Look whether somebody has taken it off already",
                )));
            };
            remove(tx, &row).await
        })
        .await
    }
}

/// Notes that the server knows no such mailbox; an organiser's entry stays as it is.
pub(super) async fn no_mailbox(tx: &Tx, address: &str, answer: &str) -> Result<()> {
    if suppression::Entity::find_by_id(address.to_owned()).one(tx.db()).await?.is_some() {
        return Ok(());
    }
    let row = suppression::Model {
        address: address.to_owned(),
        reason: SuppressReason::NoMailbox.as_str().to_owned(),
        note: answer.to_owned(),
        since: to_micros(tx.at()),
    };
    put(tx, None, row).await
}

/// Takes the address of that identifier off the suppress list again, if it still is on it as it was `after` it came there;
/// gives whether it was.
pub(crate) async fn restore_suppression(tx: &Tx, thing: Uuid, after: Option<&Value>) -> Result<bool> {
    let rows = suppression::Entity::find().all(tx.db()).await?;
    let row = rows.into_iter().find(|row| Suppression::thing(&row.address) == thing);
    match row {
        Some(row) if Some(&suppression_fact(&row)) == after => {
            remove(tx, &row).await?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

async fn remove(tx: &Tx, row: &suppression::Model) -> Result<()> {
    suppression::Entity::delete_by_id(row.address.clone()).exec(tx.db()).await?;
    tx.note(vec![Change {
        kind: Suppression::KIND,
        thing: Suppression::thing(&row.address),
        edition: None,
        deed: Deed::Removed,
        before: Some(suppression_fact(row)),
        after: None,
    }])
    .await
}

async fn put(tx: &Tx, before: Option<suppression::Model>, after: suppression::Model) -> Result<()> {
    if before.as_ref() == Some(&after) {
        return Ok(());
    }
    let (was, is) = (before.as_ref().map(suppression_fact), suppression_fact(&after));
    let thing = Suppression::thing(&after.address);
    upsert::<suppression::Entity>(tx.db(), vec![after]).await?;
    if was.as_ref() == Some(&is) {
        return Ok(());
    }
    tx.note(vec![Change {
        kind: Suppression::KIND,
        thing,
        edition: None,
        deed: if was.is_some() { Deed::Changed } else { Deed::Created },
        before: was,
        after: Some(is),
    }])
    .await
}

async fn set(tx: &Tx, who: &str, series: &str, list: List, left: bool) -> Result<()> {
    let id = opt_out_thing(who, series, list.as_str());
    let before = opt_out::Entity::find_by_id(id).one(tx.db()).await?;
    let change =
        |deed, before, after| Change { kind: OPT_OUT_KIND, thing: id, edition: None, deed, before, after };
    match (before, left) {
        (None, true) => {
            let row = opt_out::Model {
                id,
                who: who.to_owned(),
                series: series.to_owned(),
                list: list.as_str().to_owned(),
                since: to_micros(tx.at()),
            };
            let after = Some(opt_out_fact(&row));
            upsert::<opt_out::Entity>(tx.db(), vec![row]).await?;
            tx.note(vec![change(Deed::Created, None, after)]).await
        }
        (Some(row), false) => {
            opt_out::Entity::delete_by_id(id).exec(tx.db()).await?;
            tx.note(vec![change(Deed::Removed, Some(opt_out_fact(&row)), None)]).await
        }
        (None, false) | (Some(_), true) => Ok(()),
    }
}

/// How an account stands in the column `who`, beside addresses, which always hold an `@`.
pub(super) fn account_who(account: AccountId) -> String {
    format!("account:{account}")
}

/// Those of these addresses that are on the suppress list.
pub(super) async fn suppressions_of(
    db: &impl ConnectionTrait,
    addresses: &BTreeSet<String>,
) -> Result<BTreeMap<String, Suppression>> {
    let addresses: Vec<&String> = addresses.iter().collect();
    let mut found = BTreeMap::new();
    for chunk in addresses.chunks(LOOKUP) {
        let chunk = chunk.iter().map(|address| address.as_str());
        let rows = suppression::Entity::find().filter(among(suppression::Column::Address, chunk));
        for row in rows.all(db).await? {
            found.insert(row.address.clone(), suppression_of(&row)?);
        }
    }
    Ok(found)
}

/// Who of some recipients has left which list.
pub(super) struct OptOuts(HashSet<(String, String, String)>);

impl OptOuts {
    pub(super) fn has_left(
        &self,
        address: &str,
        account: Option<AccountId>,
        series: &str,
        list: List,
    ) -> bool {
        let left = |who: String| self.0.contains(&(who, series.to_owned(), list.as_str().to_owned()));
        !self.0.is_empty() && (left(address.to_owned()) || account.is_some_and(|id| left(account_who(id))))
    }
}

/// See [`OptOuts`].
pub(super) async fn opt_outs_of<'a>(
    db: &impl ConnectionTrait,
    recipients: impl Iterator<Item = (&'a str, Option<AccountId>)>,
) -> Result<OptOuts> {
    let whos: BTreeSet<String> = recipients
        .flat_map(|(address, account)| [Some(address.to_owned()), account.map(account_who)])
        .flatten()
        .collect();
    let whos: Vec<String> = whos.into_iter().collect();
    let mut left = HashSet::new();
    for chunk in whos.chunks(LOOKUP) {
        let rows: Vec<(String, String, String)> = opt_out::Entity::find()
            .select_only()
            .columns([opt_out::Column::Who, opt_out::Column::Series, opt_out::Column::List])
            .filter(among(opt_out::Column::Who, chunk.iter().map(String::as_str)))
            .into_tuple()
            .all(db)
            .await?;
        left.extend(rows);
    }
    Ok(OptOuts(left))
}

fn suppression_of(row: &suppression::Model) -> Result<Suppression> {
    let damaged = |what: &str| Error::damaged(format!("suppression {}", row.address), what.to_owned());
    Ok(Suppression {
        address: Email::parse(&row.address).map_err(|_| damaged("no address"))?,
        reason: SuppressReason::parse(&row.reason).ok_or_else(|| damaged("no such reason"))?,
        note: Line::clean(&row.note),
        since: from_micros(row.since).ok_or_else(|| damaged("no such instant"))?,
    })
}

/// What the feed tells of it: the address stays out, since the feed stays for ever.
pub(crate) fn suppression_fact(row: &suppression::Model) -> Value {
    json!({ "reason": row.reason, "domain": row.address.rsplit('@').next() })
}

/// By what it is known that somebody has left a list.
pub(crate) fn opt_out_thing(who: &str, series: &str, list: &str) -> Uuid {
    derived(series, OPT_OUT_KIND, &format!("{list}\u{1f}{who}"))
}

/// What the feed tells of it.
pub(crate) fn opt_out_fact(row: &opt_out::Model) -> Value {
    json!({ "series": row.series, "list": row.list })
}

/// Has the other account leave the lists that one has left. Gives which it had not left before, by which a merge is
/// undone.
pub(crate) async fn hand_over_opt_outs(tx: &Tx, from: AccountId, into: AccountId) -> Result<Vec<Moved>> {
    let mut moved = vec![];
    let left = opt_out::Entity::find().filter(opt_out::Column::Who.eq(account_who(from)));
    for row in left.all(tx.db()).await? {
        if let Some(list) = List::parse(&row.list) {
            let who = account_who(into);
            let thing = opt_out_thing(&who, &row.series, list.as_str());
            if opt_out::Entity::find_by_id(thing).one(tx.db()).await?.is_none() {
                set(tx, &who, &row.series, list, true).await?;
                moved.push(Moved { kind: OPT_OUT_KIND.to_owned(), thing });
            }
        }
    }
    Ok(moved)
}

/// Has an account come back to the lists that it left by a merge alone. Where its person has come back and left again
/// since, that stays.
pub(crate) async fn give_back_opt_outs(tx: &Tx, merge: &Merge) -> Result<()> {
    let moved = merge.moved.iter().filter(|moved| moved.kind == OPT_OUT_KIND);
    let things: Vec<Uuid> = moved.map(|moved| moved.thing).collect();
    let rows = opt_out::Entity::find()
        .filter(opt_out::Column::Id.is_in(things))
        .filter(opt_out::Column::Who.eq(account_who(merge.kept)))
        .filter(opt_out::Column::Since.eq(to_micros(merge.at)));
    for row in rows.all(tx.db()).await? {
        if let Some(list) = List::parse(&row.list) {
            set(tx, &row.who, &row.series, list, false).await?;
        }
    }
    Ok(())
}

/// Forgets which lists an account and its addresses have left. What must not be sent to an address at all stays on the
/// suppress list.
pub(crate) async fn forget_opt_outs(tx: &Tx, account: AccountId, addresses: &[Email]) -> Result<()> {
    let whos: Vec<String> = addresses.iter().map(ToString::to_string).chain([account_who(account)]).collect();
    let rows = opt_out::Entity::find().filter(opt_out::Column::Who.is_in(whos)).all(tx.db()).await?;
    for row in rows {
        if let Some(list) = List::parse(&row.list) {
            set(tx, &row.who, &row.series, list, false).await?;
        }
    }
    Ok(())
}

/// Has all mail to these addresses count as that account's, so that what is done to the one is done to the other, and
/// takes the servers' answers out of its attempts, since they name the address.
pub(crate) async fn claim_mail_to(tx: &Tx, account: AccountId, addresses: &[Email]) -> Result<()> {
    mail::Entity::update_many()
        .col_expr(mail::Column::Account, Expr::value(account.0))
        .filter(mail::Column::ToAddress.is_in(addresses.iter().map(Email::as_str)))
        .filter(mail::Column::Account.is_null())
        .exec(tx.db())
        .await?;
    let mails = Query::select()
        .column(mail::Column::Id)
        .from(mail::Entity)
        .and_where(mail::Column::Account.eq(account.0))
        .take();
    mail_attempt::Entity::update_many()
        .col_expr(mail_attempt::Column::Answer, Expr::value(""))
        .filter(mail_attempt::Column::Mail.in_subquery(mails))
        .exec(tx.db())
        .await?;
    Ok(())
}
