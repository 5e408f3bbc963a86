//! All accounts, for those who may see them: finding somebody, what is known of them, merging, blocking, viewing as them.

use super::grants::{self, GrantLine};
use crate::{
    account::{EntryView, MergeView, ViewView, history_of, merges_of},
    error::Failure,
    form::Form,
    identity::when,
    inner::{Answer, Inner, again, done, show},
    route::{Asked, at},
    signed::Person,
    site::Site,
};
use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    routing::{get, post},
};
use model::{
    account::{AccountState, Proof},
    address::{Account, Desk},
    id::{AccountId, EditionId, MergeId},
    permission::{Action, Place, Subject},
    time::Zone,
};
use store::{KnownAccount, PEOPLE_PER_PAGE, PeopleQuery};
use uuid::Uuid;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/desk/people/", get(list));
    let router = at(router, "/desk/people/{account}/", get(one).post(change));
    at(router, "/desk/people/{account}/view-as/", post(view_as))
}

const HELP: &str =
    "Everybody who has signed in or was given a role. Their addresses are shown to nobody but organisers.";

#[derive(Template)]
#[template(path = "desk/people.html")]
struct PeoplePage {
    inner: Inner,
    words: String,
    people: Vec<Found>,
    total: u64,
    before: Option<String>,
    after: Option<String>,
}

struct Found {
    href: String,
    name: String,
    handle: String,
    address: String,
    roles: String,
    is_blocked: bool,
}

/// Among whom somebody may look for accounts: all of them (`None`), or who has to do with some editions. For the API too.
pub(crate) async fn within(site: &Site, subject: &Subject) -> Result<Option<Vec<EditionId>>, Failure> {
    let Err(refusal) = subject.may(Action::SeePeople, &Place::installation()) else { return Ok(None) };
    let heads = site.store().editions().await?;
    let seen = heads
        .into_iter()
        .map(|head| head.edition)
        .filter(|edition| subject.may(Action::SeePeople, &Place::edition(edition)).is_ok());
    let seen: Vec<_> = seen.map(|edition| edition.id).collect();
    if seen.is_empty() { Err(Failure::Forbidden(refusal)) } else { Ok(Some(seen)) }
}

async fn list(State(site): State<Site>, asked: Asked, person: Person) -> Answer {
    let within = within(&site, &person.subject).await?;
    let page: u64 = asked.value("page").and_then(|page| page.parse().ok()).unwrap_or(0).min(1_000_000);
    let words = asked.value("q").unwrap_or_default().to_owned();
    let found = site.store().people(&PeopleQuery { words: words.clone(), within }, page).await?;
    let people = found.people.iter().map(|one| {
        let mut roles: Vec<&str> = one.grants.iter().map(|grant| grant.role.shown()).collect();
        roles.sort_unstable();
        roles.dedup();
        Found {
            href: Desk::Person(one.known.account.id).path(),
            name: one.known.account.name.to_string(),
            handle: one.known.account.handle.to_string(),
            address: one.known.email().map(ToString::to_string).unwrap_or_default(),
            roles: roles.join(", "),
            is_blocked: one.known.account.state == AccountState::Blocked,
        }
    });
    let people = people.collect();
    let to = |page: u64| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if !words.is_empty() {
            query.append_pair("q", &words);
        }
        query.append_pair("page", &page.to_string());
        format!("?{}", query.finish())
    };
    let inner = Inner::desk(&person, &Desk::People.path(), "Accounts", HELP).noticing(&site, &asked.headers);
    show(&PeoplePage {
        inner,
        people,
        total: found.total,
        before: page.checked_sub(1).map(to),
        after: ((page + 1) * PEOPLE_PER_PAGE < found.total).then(|| to(page + 1)),
        words,
    })
}

#[derive(Template)]
#[template(path = "desk/account.html")]
struct One {
    inner: Inner,
    form: Form,
    name: String,
    handle: String,
    affiliation: String,
    since: String,
    state: Option<String>,
    identities: Vec<String>,
    grants: Vec<GrantLine>,
    view_as: Option<String>,
    may_merge: bool,
    may_block: bool,
    may_unblock: bool,
    merges: Vec<MergeView>,
    history: Vec<EntryView>,
    views: Vec<ViewView>,
}

/// The account and where its person is known, for somebody who may see it. To others there is none. For the API too.
pub(crate) async fn seen(
    site: &Site,
    subject: &Subject,
    id: Uuid,
) -> Result<(KnownAccount, Vec<Place>), Failure> {
    let none = || Failure::no("account", &id.to_string());
    let known = site.store().account(AccountId(id)).await?.ok_or_else(none)?;
    let places = site.store().places_of(known.account.id).await?;
    if places.iter().any(|place| subject.may(Action::SeePeople, place).is_ok()) {
        Ok((known, places))
    } else {
        Err(none())
    }
}

async fn draw(
    site: &Site,
    asked: &Asked,
    person: &Person,
    known: &KnownAccount,
    places: &[Place],
    form: Form,
) -> Result<One, Failure> {
    let account = &known.account;
    let zone = person.signed.shown().zone.clone().unwrap_or_else(Zone::utc);
    let given = site.store().grants_of(account.id).await?;
    let given = given.into_iter().map(|grant| (grant, account.clone())).collect();
    let grants = grants::lines(site, person, &zone, given).await?;
    let (history, views) = history_of(site, person, account.id).await?;
    let may_merge = person.subject.may(Action::ManagePeople, &Place::installation()).is_ok();
    let may_block = person.subject.may_block(account.id).is_ok();
    let in_use = account.state == AccountState::Active;
    let views_as = in_use
        && Some(account.id) != person.subject.account
        && places.iter().any(|place| person.subject.may(Action::ViewAs, place).is_ok());
    let identities = known.identities.iter().map(|identity| match &identity.proof {
        Proof::Email(email) if identity.primary => format!("{email} (primary)"),
        Proof::Email(email) => email.to_string(),
        Proof::Oidc { issuer, subject } => format!("{subject} at {issuer}"),
        Proof::Ldap { directory, dn } => format!("{dn} in {directory}"),
    });
    let inner = Inner::desk(person, &Desk::People.path(), account.name.as_str(), HELP)
        .below(Desk::People.path(), "Accounts")
        .noticing(site, &asked.headers);
    Ok(One {
        inner,
        form,
        name: account.name.to_string(),
        handle: account.handle.to_string(),
        affiliation: account.affiliation.to_string(),
        since: when(&zone, account.created),
        state: match account.state {
            AccountState::Active => None,
            AccountState::Blocked => Some("Blocked".to_owned()),
            AccountState::Merged(_) => Some("Merged into another account".to_owned()),
            AccountState::Deleted => Some("Deleted".to_owned()),
        },
        identities: identities.collect(),
        grants,
        view_as: views_as.then(|| format!("{}view-as/", Desk::Person(account.id).path())),
        may_merge: may_merge && in_use,
        may_block: may_block && in_use,
        may_unblock: may_block && account.state == AccountState::Blocked,
        merges: merges_of(site, &zone, account.id).await?,
        history,
        views,
    })
}

async fn one(State(site): State<Site>, asked: Asked, person: Person, Path(id): Path<Uuid>) -> Answer {
    let (known, places) = seen(&site, &person.subject, id).await?;
    show(&draw(&site, &asked, &person, &known, &places, Form::default()).await?)
}

/// Merges another account into this one, takes a merge back, blocks it or unblocks it.
async fn change(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(id): Path<Uuid>,
    mut form: Form,
) -> Answer {
    let (known, places) = seen(&site, &person.subject, id).await?;
    person.may(Action::ManagePeople, &Place::installation())?;
    let page = Desk::Person(known.account.id).path();
    let (store, own) = (site.store(), known.account.id);
    let (outcome, notice, field) = match form.value("do") {
        "undo" => {
            let which = MergeId(form.value("merge").parse().unwrap_or_default());
            (store.undo_merge(&person.subject, which).await, "The merge is undone.", "")
        }
        "block" => {
            let notice =
                "The account is blocked: its person is signed out everywhere, its tokens are revoked.";
            (store.block_account(&person.subject, own).await, notice, "")
        }
        "unblock" => (store.unblock_account(&person.subject, own).await, "Its person can sign in again.", ""),
        _ => {
            let nobody = || {
                model::Refusal::new("other", "nobody has this address or handle", "Look it up in the list")
            };
            let other = match store.person_named(form.value("other")).await {
                Ok(other) => other.ok_or_else(nobody),
                Err(store::Error::Refused(refusal)) => Err(refusal),
                Err(error) => return Err(error.into()),
            };
            match other {
                Ok(other) => {
                    let merged = store.merge_accounts(&person.subject, other.account.id, own).await;
                    (merged.map(|_| ()), "The two accounts are one now.", "other")
                }
                Err(refusal) => (Err(refusal.into()), "", "other"),
            }
        }
    };
    match outcome {
        Ok(()) => done(&site, &page, notice),
        Err(store::Error::Refused(refusal)) => {
            form.refuse(field, &refusal);
            again(&draw(&site, &asked, &person, &known, &places, form).await?)
        }
        Err(error) => Err(error.into()),
    }
}

async fn view_as(State(site): State<Site>, person: Person, Path(id): Path<Uuid>) -> Answer {
    let (known, _) = seen(&site, &person.subject, id).await?;
    match site.store().view_as(&person.subject, person.signed.sign_in.id, known.account.id).await {
        Ok(()) => {
            done(&site, &Account::Profile.path(), "You see the pages of this person now, and change nothing.")
        }
        Err(store::Error::Refused(refusal)) => Err(Failure::Forbidden(refusal)),
        Err(error) => Err(error.into()),
    }
}
