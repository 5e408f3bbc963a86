//! One's password, passkeys, and accounts at providers and directories.
//!
//! Who came by an unattended or stolen browser must not be able to stay: whatever changes how one signs in is changed only
//! within an hour of signing in.

use super::{
    ceremony_cookie, ceremony_in, ceremony_over, failed, one_try,
    passkey::{Onwards, json, passkeys},
    ways::{OutsideView, WaysView, with_next},
};
use crate::{
    error::Failure,
    form::Form,
    inner::{Answer, Inner, again, done, show},
    route::{Asked, at},
    signed::Person,
    site::Site,
};
use ::identity::{Secret, password::NewPassword};
use askama::Template;
use axum::{
    Json, Router,
    extract::{Path, State},
    http::header,
    routing::{get, post},
};
use jiff::{SignedDuration, Timestamp};
use model::{
    Refusal,
    account::{Identity, Proof},
    address::Account,
    id::{CredentialId, IdentityId},
    text::Line,
    time::Zone,
};
use serde::Deserialize;
use serde_json::Value;
use store::{Credential, CredentialKind};
use uuid::Uuid;

/// The kind of its ceremonies.
const KIND: &str = "passkey-new";

/// How long after signing in one may change how one signs in.
const FRESH: SignedDuration = SignedDuration::from_hours(1);

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/account/security/password/", get(password).post(set_password));
    let router = at(router, "/account/security/passkeys/", get(keys).post(add_passkey));
    let router = at(router, "/account/security/passkeys/begin/", post(begin_passkey));
    let router = at(router, "/account/security/{credential}/", post(change));
    at(router, "/account/identities/{identity}/disconnect/", post(disconnect))
}

/// A password or passkey, as its person sees it.
#[derive(Clone, Debug)]
pub(crate) struct CredentialView {
    pub(crate) action: String,
    pub(crate) name: String,
    pub(crate) created: String,
    pub(crate) used: String,
}

/// One's password and passkeys in short; drawn by `account/credentials.html`.
#[derive(Clone, Debug)]
pub(crate) struct CredentialsView {
    /// When the password was set, and how it fares; `None` when there is none.
    pub(crate) password: Option<CredentialView>,
    /// How many wrong passwords were typed lately, where it is a sign of guessing.
    pub(crate) guessed: Option<u32>,
    pub(crate) passkeys: Vec<CredentialView>,
    /// Why this site has no passkeys, where it has none.
    pub(crate) no_passkeys: Option<String>,
    pub(crate) password_page: String,
    pub(crate) passkeys_page: String,
    /// Where one signs in again, when that was long ago.
    pub(crate) again: Option<String>,
}

impl CredentialsView {
    /// Those of the person who is signed in. `path` is the page that shows them. Two queries.
    pub(crate) async fn of(site: &Site, person: &Person, path: &str) -> Result<Self, Failure> {
        let shown = person.signed.shown();
        let zone = shown.zone.clone().unwrap_or_else(Zone::utc);
        let all = site.store().credentials(shown.id).await?;
        let view = |one: &Credential| CredentialView {
            action: Account::Credential(one.id).path(),
            name: one.name.to_string(),
            created: when(&zone, one.created),
            used: one.used.map_or_else(|| "never".to_owned(), |used| when(&zone, used)),
        };
        let password = all.iter().find(|one| one.kind == CredentialKind::Password);
        Ok(Self {
            password: password.map(view),
            guessed: password.map(|one| one.misses).filter(|misses| *misses >= 5),
            passkeys: all.iter().filter(|one| one.kind == CredentialKind::Passkey).map(view).collect(),
            no_passkeys: site.ways().passkeys(site).err().map(|why| why.to_string()),
            password_page: Account::Password.path(),
            passkeys_page: Account::Passkeys.path(),
            again: (!is_fresh(site, person)).then(|| with_next(&Account::SignIn.path(), path)),
        })
    }
}

/// An account at a provider or directory, as its person sees it.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionView {
    /// The provider or directory.
    pub(crate) title: String,
    /// As what it knows the person.
    pub(crate) subject: String,
    pub(crate) since: String,
    /// Where it is taken off.
    pub(crate) action: String,
}

/// One's accounts at providers and directories, and those that may be connected; drawn by `account/connections.html`.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionsView {
    pub(crate) connected: Vec<ConnectionView>,
    pub(crate) offered: Vec<OutsideView>,
}

impl ConnectionsView {
    /// Those among `identities`, which are the shown person's; `path` is the page that shows them.
    pub(crate) fn of(site: &Site, person: &Person, identities: &[Identity], path: &str) -> Self {
        let zone = person.signed.shown().zone.clone().unwrap_or_else(Zone::utc);
        let connected = identities.iter().filter_map(|identity| {
            let (title, subject) = match &identity.proof {
                Proof::Email(_) => return None,
                Proof::Oidc { issuer, subject } => {
                    let provider = site.ways().provider_of(issuer);
                    (provider.map_or(issuer.as_str(), |one| one.title()).to_owned(), subject.clone())
                }
                Proof::Ldap { directory, dn } => {
                    let known = site.ways().directory(directory);
                    (known.map_or(directory.as_str(), |one| one.title()).to_owned(), dn.clone())
                }
            };
            Some(ConnectionView {
                title,
                subject,
                since: when(&zone, identity.verified),
                action: Account::Disconnect(identity.id).path(),
            })
        });
        Self { connected: connected.collect(), offered: WaysView::new(site, path).outside }
    }
}

/// An instant as pages of one's account show it.
pub(crate) fn when(zone: &Zone, at: Timestamp) -> String {
    format!("{} {}", zone.local(at).strftime("%-d %B %Y, %H:%M"), zone.abbreviation(at))
}

fn is_fresh(site: &Site, person: &Person) -> bool {
    site.now().duration_since(person.signed.sign_in.created) < FRESH
}

/// Refuses who views as another, and who signed in long ago.
pub(crate) fn may_change(site: &Site, person: &Person) -> Result<(), Failure> {
    person.subject.may_write().map_err(Failure::Forbidden)?;
    if is_fresh(site, person) {
        return Ok(());
    }
    let problem = "you signed in more than an hour ago";
    let remedy = "Sign in again, then change how you sign in";
    Err(Failure::Forbidden(Refusal::new("sign-in", problem, remedy)))
}

#[derive(Template)]
#[template(path = "account/password.html")]
struct PasswordPage {
    inner: Inner,
    form: Form,
    credentials: CredentialsView,
    /// For password managers: whose password it is.
    name: String,
    password_help: String,
}

async fn draw_password(
    site: &Site,
    asked: &Asked,
    person: &Person,
    form: Form,
) -> Result<PasswordPage, Failure> {
    let path = Account::Password.path();
    let credentials = CredentialsView::of(site, person, &path).await?;
    let title = if credentials.password.is_some() { "Change your password" } else { "Set a password" };
    let help =
        "With a password you can sign in without reading mail. A link by mail goes on working beside it.";
    let up = Account::Security.path();
    let inner = Inner::account(person, &up, title, help)
        .below(up.clone(), "Signing in")
        .noticing(site, &asked.headers);
    let name = person.signed.shown().handle.to_string();
    let password_help = format!(
        "At least {} characters: a few random words in a row, or what a password manager makes.",
        ::identity::password::LEAST
    );
    Ok(PasswordPage { inner, form, credentials, name, password_help })
}

async fn password(State(site): State<Site>, asked: Asked, person: Person) -> Answer {
    let form = Form::default().ticked("others", true);
    show(&draw_password(&site, &asked, &person, form).await?)
}

async fn set_password(State(site): State<Site>, asked: Asked, person: Person, mut form: Form) -> Answer {
    may_change(&site, &person)?;
    one_try(&site, &asked)?;
    let account = person.signed.account.id;
    let typed = Secret::new(form.value("password"));
    let same = form.value("password") == form.value("again");
    form.put("password", "");
    form.put("again", "");
    let known = site.store().account(account).await?;
    let mut words = vec![person.signed.account.handle.to_string(), person.signed.account.name.to_string()];
    for identity in known.iter().flat_map(|known| &known.identities) {
        words.extend(identity.proof.email().map(ToString::to_string));
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let chosen = match NewPassword::choose(&typed, &words) {
        Ok(chosen) => chosen,
        Err(refusal) => {
            form.refuse("password", &refusal);
            return again(&draw_password(&site, &asked, &person, form).await?);
        }
    };
    if !same {
        let refusal = Refusal::new("again", "it is not the same", "Type the same password twice");
        form.refuse("again", &refusal);
        return again(&draw_password(&site, &asked, &person, form).await?);
    }
    let hash = site.ways().passwords().hash(&chosen).await.map_err(failed)?;
    let keep = form.is_ticked("others").then_some(person.signed.sign_in.id);
    site.store().set_password(&person.subject.actor, account, &hash, keep).await?;
    let notice = if keep.is_some() {
        "Your password is set. You are signed out everywhere else."
    } else {
        "Your password is set."
    };
    done(&site, &Account::Security.path(), notice)
}

#[derive(Template)]
#[template(path = "account/passkeys.html")]
struct PasskeysPage {
    inner: Inner,
    credentials: CredentialsView,
    begin: String,
    end: String,
}

async fn keys(State(site): State<Site>, asked: Asked, person: Person) -> Answer {
    let credentials = CredentialsView::of(&site, &person, &Account::Passkeys.path()).await?;
    let help = "A passkey signs you in by a finger, a face or a number on your own device. Nothing can be guessed or \
                typed into a false page, so it is the safest way.";
    let up = Account::Security.path();
    let inner = Inner::account(&person, &up, "Passkeys", help)
        .below(up.clone(), "Signing in")
        .script(WaysView::SCRIPT)
        .noticing(&site, &asked.headers);
    let (begin, end) = (Account::PasskeysBegin.path(), Account::Passkeys.path());
    show(&PasskeysPage { inner, credentials, begin, end })
}

async fn begin_passkey(State(site): State<Site>, asked: Asked, person: Person) -> Answer {
    may_change(&site, &person)?;
    one_try(&site, &asked)?;
    let account = &person.signed.account;
    let has = site.store().passkeys(account.id).await?;
    let begun = passkeys(&site)?
        .begin_making(account.id.0, account.handle.as_str(), account.name.as_str(), &has)
        .map_err(failed)?;
    let token = site.store().begin_ceremony(KIND, Some(account.id), &begun.state).await?;
    let mut response = json(&begun.options);
    response.headers_mut().append(header::SET_COOKIE, ceremony_cookie(KIND, &token));
    Ok(response)
}

#[derive(Deserialize)]
struct Made {
    answer: Value,
    #[serde(default)]
    name: String,
}

async fn add_passkey(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Json(made): Json<Made>,
) -> Answer {
    may_change(&site, &person)?;
    let account = person.signed.account.id;
    let late = || Failure::Refused(Refusal::new("passkey", "it took too long", "Try again"));
    let token = ceremony_in(&asked.headers, KIND).ok_or_else(late)?;
    let taken = site.store().take_ceremony(KIND, token).await?.ok_or_else(late)?;
    let kept =
        passkeys(&site)?.end_making(account.0, &taken.body, &made.answer.to_string()).map_err(failed)?;
    let name = Line::clean(&made.name);
    site.store().add_passkey(&person.subject.actor, account, &kept.id, &kept.body, &name).await?;
    let to = Account::Passkeys.path();
    let mut response = json(&Onwards { to: &to });
    response.headers_mut().append(header::SET_COOKIE, ceremony_over(KIND));
    Ok(response)
}

/// Renames or removes a password or passkey.
async fn change(State(site): State<Site>, Path(which): Path<Uuid>, person: Person, form: Form) -> Answer {
    may_change(&site, &person)?;
    let (account, which) = (person.signed.account.id, CredentialId(which));
    let all = site.store().credentials(account).await?;
    let Some(credential) = all.iter().find(|one| one.id == which) else {
        return Err(Failure::no("password or passkey", &which.to_string()));
    };
    let (page, what) = match credential.kind {
        CredentialKind::Password => (Account::Security.path(), "Your password".to_owned()),
        CredentialKind::Passkey => (Account::Passkeys.path(), format!("\"{}\"", credential.name)),
    };
    let actor = &person.subject.actor;
    let (outcome, notice) = if form.value("do") == "remove" {
        (
            site.store().remove_credential(actor, account, which, &site.ways().in_use()).await,
            format!("{what} is removed."),
        )
    } else {
        let name = Line::clean(form.value("name"));
        let notice = format!("{what} is called \"{name}\" now.");
        (site.store().rename_passkey(actor, account, which, &name).await, notice)
    };
    match outcome {
        Ok(()) => done(&site, &page, &notice),
        Err(store::Error::Refused(refusal)) => {
            done(&site, &page, &format!("{what} stays as it is: {refusal}"))
        }
        Err(other) => Err(other.into()),
    }
}

async fn disconnect(State(site): State<Site>, Path(which): Path<Uuid>, person: Person) -> Answer {
    may_change(&site, &person)?;
    let account = person.signed.account.id;
    let page = Account::Identities.path();
    match site
        .store()
        .disconnect(&person.subject.actor, account, IdentityId(which), &site.ways().in_use())
        .await
    {
        Ok(()) => done(&site, &page, "The account is no longer connected."),
        Err(store::Error::Refused(refusal)) => done(&site, &page, &format!("It stays connected: {refusal}")),
        Err(other) => Err(other.into()),
    }
}
