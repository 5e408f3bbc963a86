//! Which mail one gets: the lists of each series, each of which can be left for all its editions.

use super::may_write;
use crate::{
    error::Failure,
    form::Form,
    inner::{Answer, Inner, done, show},
    route::{Asked, at},
    signed::Person,
    site::Site,
};
use askama::Template;
use axum::{
    Router,
    extract::State,
    routing::{get, post},
};
use model::{
    address::Account,
    email::Email,
    id::AccountId,
    mail::List,
    text::{Line, folded},
};
use store::OptOut;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/account/notifications/", get(notifications).post(save));
    at(router, "/account/notifications/replies/", post(revoke))
}

#[derive(Template)]
#[template(path = "account/notifications.html")]
struct Notifications {
    inner: Inner,
    series: Vec<SeriesView>,
    to: Option<String>,
}

struct SeriesView {
    name: String,
    lists: Vec<ListView>,
}

struct ListView {
    field: String,
    shown: &'static str,
    wanted: bool,
}

/// The names of the series, each once.
async fn series(site: &Site) -> Result<Vec<Line>, Failure> {
    let mut all: Vec<Line> =
        site.store().editions().await?.into_iter().map(|head| head.edition.series).collect();
    all.sort_by_key(|name| folded(name.as_str()));
    all.dedup_by_key(|name| folded(name.as_str()));
    Ok(all)
}

async fn addresses(site: &Site, id: AccountId) -> Result<Vec<Email>, Failure> {
    let known = site.store().account(id).await?.map(|known| known.identities).unwrap_or_default();
    Ok(known.iter().filter_map(|identity| identity.proof.email().cloned()).collect())
}

fn field(at: usize, list: List) -> String {
    format!("list_{at}_{}", list.as_str())
}

fn has_left(left: &[OptOut], series: &Line, list: List) -> bool {
    left.iter().any(|one| one.list == list && one.series == folded(series.as_str()))
}

async fn notifications(State(site): State<Site>, asked: Asked, person: Person) -> Answer {
    let shown = person.signed.shown().id;
    let addresses = addresses(&site, shown).await?;
    let left = site.store().opt_outs(shown, &addresses).await?;
    let view = |(at, name): (usize, Line)| SeriesView {
        lists: List::ALL
            .into_iter()
            .map(|list| ListView {
                field: field(at, list),
                shown: list.shown(),
                wanted: !has_left(&left, &name, list),
            })
            .collect(),
        name: name.to_string(),
    };
    let series = series(&site).await?.into_iter().enumerate().map(view).collect();
    let help = "What is sent to many, you can leave. What concerns you alone, such as links to sign in, always comes.";
    let path = Account::Notifications.path();
    let inner = Inner::account(&person, &path, "Mail to you", help).noticing(&site, &asked.headers);
    show(&Notifications { inner, series, to: addresses.first().map(ToString::to_string) })
}

async fn save(State(site): State<Site>, person: Person, form: Form) -> Answer {
    may_write(&person)?;
    let account = person.signed.account.id;
    let addresses = addresses(&site, account).await?;
    let left = site.store().opt_outs(account, &addresses).await?;
    for (at, name) in series(&site).await?.into_iter().enumerate() {
        for list in List::ALL {
            let leaves = !form.is_ticked(&field(at, list));
            if leaves != has_left(&left, &name, list) {
                let actor = &person.subject.actor;
                site.store().set_opt_out(actor, account, &addresses, &name, list, leaves).await?;
            }
        }
    }
    done(&site, &Account::Notifications.path(), "Your choice is saved.")
}

/// Makes void the addresses to which they reply by mail, for somebody who fears that another knows one.
async fn revoke(State(site): State<Site>, person: Person) -> Answer {
    may_write(&person)?;
    site.store().revoke_reply_addresses(&person.subject.actor, person.signed.account.id).await?;
    done(
        &site,
        &Account::Notifications.path(),
        "What was sent to you so far cannot be answered by mail any more.",
    )
}
