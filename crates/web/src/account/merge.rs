//! Merging another account of one's own into this one, and taking that back.

use super::{link, told};
use crate::{
    error::Failure,
    form::Form,
    identity::{may_change, when},
    inner::{Answer, Inner, again, done, show},
    route::{Asked, at},
    signed::Person,
    site::Site,
};
use askama::Template;
use axum::{Router, extract::State, routing::get};
use model::{
    address::Account,
    email::Email,
    id::{AccountId, MergeId},
    mail::Opens,
    time::Zone,
};
use uuid::Uuid;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    at(router, "/account/merge/", get(merge).post(change))
}

#[derive(Template)]
#[template(path = "account/merge.html")]
struct MergePage {
    inner: Inner,
    form: Form,
    merges: Vec<MergeView>,
    mail: bool,
}

/// A merge, for its person or for who merges accounts of others.
pub(crate) struct MergeView {
    pub(crate) id: Uuid,
    pub(crate) at: String,
    /// The account that is gone.
    pub(crate) gone: String,
    /// How many things moved.
    pub(crate) moved: usize,
    /// When it was undone.
    pub(crate) undone: Option<String>,
    /// Whether it can be undone from this account.
    pub(crate) can_undo: bool,
}

/// The merges of an account.
pub(crate) async fn of(site: &Site, zone: &Zone, id: AccountId) -> Result<Vec<MergeView>, Failure> {
    let merges = site.store().merges_of(id).await?;
    let others: Vec<AccountId> = merges.iter().map(|merge| merge.gone).collect();
    let accounts = site.store().accounts(&others).await?;
    let view = |merge: &model::account::Merge| MergeView {
        id: merge.id.0,
        at: when(zone, merge.at),
        gone: accounts
            .iter()
            .find(|account| account.id == merge.gone)
            .map(|account| format!("{} (@{})", account.name, account.handle))
            .unwrap_or_default(),
        moved: merge.moved.len(),
        undone: merge.undone.as_ref().map(|undone| when(zone, undone.at)),
        can_undo: merge.undone.is_none() && merge.kept == id,
    };
    Ok(merges.iter().map(view).collect())
}

async fn draw(site: &Site, asked: &Asked, person: &Person, form: Form) -> Result<MergePage, Failure> {
    let merges = of(site, &super::zone(person), person.signed.shown().id).await?;
    let help = "If you have two accounts, make them one: addresses, ways to sign in, roles and registrations all go together, and nothing is lost.";
    let path = Account::Merge.path();
    let inner = Inner::account(person, &path, "Merge accounts", help).noticing(site, &asked.headers);
    Ok(MergePage { inner, form, merges, mail: site.options().mail.is_some() })
}

async fn merge(State(site): State<Site>, asked: Asked, person: Person) -> Answer {
    show(&draw(&site, &asked, &person, Form::default()).await?)
}

async fn change(State(site): State<Site>, asked: Asked, person: Person, mut form: Form) -> Answer {
    may_change(&site, &person)?;
    let path = Account::Merge.path();
    if form.value("do") == "undo" {
        let which = MergeId(form.value("merge").parse().unwrap_or_default());
        let outcome = site.store().undo_merge(&person.subject, which).await;
        return told(&site, &path, outcome, "The merge is undone: both accounts are as they were.");
    }
    let Some(email) = form.read("email", Email::parse) else {
        return again(&draw(&site, &asked, &person, form).await?);
    };
    let account = &person.signed.account;
    // The same answer whether the address is anybody's: only who reads its mail learns more.
    match link::send(&site, &asked, &email, Opens::Merge, Some(account), "").await? {
        Ok(()) => {
            let notice = format!("A link is on its way to {email}. Open it in this browser to go on.");
            done(&site, &path, &notice)
        }
        Err(refusal) => {
            form.refuse("email", &refusal);
            again(&draw(&site, &asked, &person, form).await?)
        }
    }
}
