//! What was done to one's account, by whom, and who looked at its pages as its person sees them.

use crate::{
    identity::when,
    inner::{Answer, Inner, show},
    route::{Asked, at},
    signed::Person,
    site::Site,
};
use askama::Template;
use axum::{Router, extract::State, routing::get};
use model::{
    address::Account,
    feed::{Actor, Deed, Entry},
    id::{AccountId, CredentialId, GrantId, IdentityId, MergeId, SignInId},
};
use serde_json::Value;
use std::collections::HashMap;

/// Entries on the page.
const ENTRIES: u64 = 200;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    at(router, "/account/history/", get(history))
}

#[derive(Template)]
#[template(path = "account/history.html")]
struct History {
    inner: Inner,
    entries: Vec<EntryView>,
    views: Vec<ViewView>,
}

/// Something that was done.
pub(crate) struct EntryView {
    pub(crate) at: String,
    pub(crate) who: String,
    pub(crate) what: String,
}

/// A view of somebody else as this person.
pub(crate) struct ViewView {
    pub(crate) at: String,
    pub(crate) who: String,
    pub(crate) until: String,
}

async fn history(State(site): State<Site>, asked: Asked, person: Person) -> Answer {
    let id = person.signed.shown().id;
    let (entries, views) = of(&site, &person, id).await?;
    let help =
        "Everything that was done to your account and who did it, and who looked at the site as you see it.";
    let path = Account::History.path();
    let inner = Inner::account(&person, &path, "History", help).noticing(&site, &asked.headers);
    show(&History { inner, entries, views })
}

/// The history of an account for `reader`, in their zone.
pub(crate) async fn of(
    site: &Site,
    reader: &Person,
    id: AccountId,
) -> Result<(Vec<EntryView>, Vec<ViewView>), crate::error::Failure> {
    let zone = super::zone(reader);
    let entries = site.store().history(id, ENTRIES).await?;
    let views = site.store().viewings_of(id).await?;
    let actors: Vec<AccountId> = entries.iter().filter_map(|entry| Actor::account_in(&entry.actor)).collect();
    let names: HashMap<AccountId, String> = site
        .store()
        .accounts(&actors)
        .await?
        .into_iter()
        .map(|account| (account.id, account.name.to_string()))
        .collect();
    let entries = entries
        .iter()
        .map(|entry| EntryView {
            at: when(&zone, entry.at),
            who: actor(&entry.actor, &names),
            what: what(entry),
        })
        .collect();
    let views = views
        .iter()
        .map(|(view, viewer)| ViewView {
            at: when(&zone, view.begun),
            who: viewer.name.to_string(),
            until: when(&zone, view.ended.unwrap_or(view.until)),
        })
        .collect();
    Ok((entries, views))
}

/// Who it was, for people.
pub(crate) fn actor(text: &str, names: &HashMap<AccountId, String>) -> String {
    if let Some(id) = Actor::account_in(text) {
        let name = names.get(&id).map_or("Somebody", String::as_str);
        return if text.contains("/token:") { format!("A program of {name}") } else { name.to_owned() };
    }
    match text.split_once(':') {
        Some(("operator", name)) => format!("{name} at the server"),
        _ if text == "visitor" => "A visitor".to_owned(),
        _ => "Plenary".to_owned(),
    }
}

/// What was done, in a few words.
fn what(entry: &Entry<Value>) -> String {
    let text = |name: &str| {
        let side = entry.after.as_ref().or(entry.before.as_ref());
        side.and_then(|fact| fact.get(name)).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let identity = || {
        let side = entry.after.as_ref().or(entry.before.as_ref());
        let proof = side.and_then(|fact| fact.get("proof"));
        let email = proof.and_then(|proof| proof.get("email")).and_then(Value::as_str);
        email.map_or_else(|| "An outside account".to_owned(), str::to_owned)
    };
    let state = |side: &Option<Value>| {
        let state = side.as_ref().and_then(|fact| fact.get("state")).and_then(Value::as_str);
        state.unwrap_or_default().to_owned()
    };
    match (entry.kind.as_str(), entry.deed) {
        (AccountId::KIND, _) if state(&entry.after) == "blocked" => "The account was blocked".to_owned(),
        (AccountId::KIND, _) if state(&entry.before) == "blocked" => "The account was unblocked".to_owned(),
        (AccountId::KIND, Deed::Created) => "The account was made".to_owned(),
        (AccountId::KIND, _) => "The profile was changed".to_owned(),
        (IdentityId::KIND, Deed::Created) => format!("{} was added", identity()),
        (IdentityId::KIND, Deed::Removed) => format!("{} was taken off", identity()),
        (IdentityId::KIND, Deed::Changed) => format!("{} was changed", identity()),
        (SignInId::KIND, Deed::Created) => "Signed in".to_owned(),
        (SignInId::KIND, Deed::Removed) => "Signed out".to_owned(),
        (GrantId::KIND, Deed::Created) => format!("The role {} was given", text("role")),
        (GrantId::KIND, _) => format!("The role {} was revoked or changed", text("role")),
        (CredentialId::KIND, Deed::Created) => format!("A {} was added", text("kind")),
        (CredentialId::KIND, Deed::Removed) => format!("A {} was removed", text("kind")),
        (MergeId::KIND, Deed::Created) => "Two accounts were merged".to_owned(),
        (MergeId::KIND, _) => "A merge was undone".to_owned(),
        (kind, deed) => format!("{kind} {}", deed.as_str()),
    }
}
