//! Signing in: the page with all ways, the link in a mail, and signing out.
//!
//! The mail is asked for with the same answer after the same work whether anybody has the address or not. **Opening a link
//! uses nothing up**: programs that look through mail open links. The page behind it has a button, and only that counts.

use super::may_write;
use crate::{
    error::Failure,
    form::Form,
    identity::{WaysView, entered, onwards, with_next},
    inner::{Answer, Inner, again, done, page, see_other, show},
    limit::Limiter,
    route::{Asked, at},
    signed::{self, Asker, Person, agent},
    site::Site,
};
use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    http::{StatusCode, header},
    routing::{get, post},
};
use jiff::SignedDuration;
use model::{
    Refusal,
    account::Account as Somebody,
    address::{Account, local_path},
    email::Email,
    feed::Actor,
    id::AccountId,
    mail::{MailKind, Mailbox, NewMail, Opens, SecretLink},
};
use std::time::{Duration, Instant};
use store::{LINK_LIFE, Link, Purpose};

/// So many links go to one address at once, and then one every so often.
const LINKS_AT_ONCE: u32 = 5;
const LINK_EVERY: Duration = Duration::from_mins(5);

/// The longest token that is looked up; ours have 43 letters.
const TOKEN_MAX: usize = 64;

/// Who may ask for links how often.
#[derive(Debug)]
pub(crate) struct Links {
    clients: Limiter,
    addresses: Limiter,
}

impl Links {
    /// With so many in a minute for each client address.
    pub(crate) fn new(per_minute: u32) -> Self {
        Self { clients: Limiter::new(per_minute), addresses: Limiter::slow(LINKS_AT_ONCE, LINK_EVERY) }
    }
}

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/sign-in/", get(sign_in));
    let router = at(router, "/sign-in/link/", post(ask));
    let router = at(router, "/sign-in/link/{token}/", get(open).post(redeem));
    at(router, "/sign-out/", post(sign_out))
}

#[derive(Template)]
#[template(path = "sign_in/page.html")]
struct SignInPage {
    inner: Inner,
    form: Form,
    ways: WaysView,
    /// Whether mail can be sent.
    mail: bool,
}

fn draw(site: &Site, asked: &Asked, form: Form, next: &str) -> SignInPage {
    let help = "One account for registration, talks and the committee's desk. Whoever is new gets one by signing in.";
    let inner = Inner::outside("Sign in", help).script(WaysView::SCRIPT).noticing(site, &asked.headers);
    let ways = WaysView::new(site, next);
    SignInPage { inner, form, ways, mail: site.options().mail.is_some() }
}

async fn sign_in(State(site): State<Site>, asked: Asked) -> Answer {
    let next = asked.value("next").unwrap_or_default();
    show(&draw(&site, &asked, Form::default(), next))
}

#[derive(Template)]
#[template(path = "sign_in/sent.html")]
struct Sent {
    inner: Inner,
    address: String,
    minutes: i64,
    again: String,
}

async fn ask(State(site): State<Site>, asked: Asked, mut form: Form) -> Answer {
    let next = local_path(form.value("next")).unwrap_or_default().to_owned();
    let Some(email) = form.read("email", Email::parse) else {
        return again(&draw(&site, &asked, form, &next));
    };
    match send(&site, &asked, &email, Opens::SignIn, None, &next).await? {
        Ok(()) => {
            let inner = Inner::outside("Look at your mail", "The link in it signs you in, in any browser.");
            let again = with_next(&Account::SignIn.path(), &next);
            show(&Sent { inner, address: email.to_string(), minutes: LINK_LIFE.as_mins(), again })
        }
        Err(refusal) => {
            form.refuse("email", &refusal);
            again(&draw(&site, &asked, form, &next))
        }
    }
}

/// Has a link sent to an address. Refused when mail is not set up, or when the address got too many lately, which it is
/// whether anybody has it or not.
pub(super) async fn send(
    site: &Site,
    asked: &Asked,
    email: &Email,
    opens: Opens,
    account: Option<&Somebody>,
    next: &str,
) -> Result<Result<(), Refusal>, Failure> {
    if site.options().mail.is_none() {
        let remedy = "Ask whoever runs the server for a link: plenary user link";
        return Ok(Err(Refusal::new("email", "mail is not set up on this server", remedy)));
    }
    let now = Instant::now();
    site.links().clients.take(asked.client, now).map_err(Failure::TooMany)?;
    if let Err(seconds) = site.links().addresses.take_name(email.as_str(), now) {
        let minutes = seconds.div_ceil(60);
        let remedy = format!("Look at your mail, also among unwanted mail, or try again in {minutes} min");
        return Ok(Err(Refusal::new("email", "several links were sent to it already", remedy)));
    }
    let kind = match opens {
        Opens::SignIn => MailKind::SignIn,
        Opens::Verify | Opens::Merge => MailKind::VerifyAddress,
    };
    let mailbox = match account {
        Some(account) => Mailbox::new(&account.name, email),
        None => Mailbox::bare(email.clone()),
    };
    let mut mail = NewMail::new(kind, mailbox);
    if kind == MailKind::VerifyAddress {
        mail = mail.with("address", email.as_str());
    }
    mail.account = account.map(|account| account.id);
    mail.link = Some(SecretLink {
        opens,
        before: format!("{}{}", site.base_url(), Account::SignInLink.path()),
        after: "/".to_owned(),
        next: next.to_owned(),
        minutes: u32::try_from(LINK_LIFE.as_mins()).unwrap_or(30),
    });
    mail.good_until = site.now().checked_add(SignedDuration::from_hours(1)).ok();
    let actor = account.map_or(Actor::Visitor, |account| Actor::person(account.id));
    site.store().queue_mail(&actor, vec![mail]).await?;
    Ok(Ok(()))
}

#[derive(Template)]
#[template(path = "sign_in/link.html")]
struct LinkPage {
    inner: Inner,
    form: Form,
    /// What the button does.
    button: String,
    /// What is about to happen, in a sentence.
    says: String,
    /// The two accounts of which one stays, where they are joined: whose browser this is, and the other.
    both: Option<(AccountView, AccountView)>,
}

/// An account, to be told from another.
struct AccountView {
    name: String,
    handle: String,
    since: String,
}

fn view(account: &Somebody) -> AccountView {
    AccountView {
        name: account.name.to_string(),
        handle: account.handle.to_string(),
        since: account.created.strftime("%-d %B %Y").to_string(),
    }
}

/// The link of that token, unless it is good no more.
async fn link_of(site: &Site, token: &str) -> Result<Option<Link>, Failure> {
    if token.len() > TOKEN_MAX {
        return Ok(None);
    }
    Ok(site.store().link(token).await?)
}

/// Says that a link is good no more. The token is no part of it: messages may be seen by others.
fn dead() -> Answer {
    let help = "Links are good for one use and half an hour.";
    let inner = Inner::outside("This link is good no more", help);
    let says = "It was used already, or its time is over. Ask for a new one; the newest mail is the one that counts.";
    page(
        StatusCode::GONE,
        &LinkPage { inner, form: Form::default(), button: String::new(), says: says.to_owned(), both: None },
    )
}

async fn open(State(site): State<Site>, asker: Asker, Path(token): Path<String>) -> Answer {
    let Some(link) = link_of(&site, &token).await? else { return dead() };
    match drawn(&site, &asker, &link, Form::default().with("keep", "own")).await? {
        Some(drawn) => show(&drawn),
        None => dead(),
    }
}

/// The page behind a link; `None` for one that is for no page of these.
async fn drawn(site: &Site, asker: &Asker, link: &Link, form: Form) -> Result<Option<LinkPage>, Failure> {
    let email = link.email.as_ref().map(ToString::to_string).unwrap_or_default();
    let owner = match link.account {
        Some(id) => site.store().account(id).await?.map(|known| known.account),
        None => None,
    };
    let one = |title: &str, help: &str, button: &str, says: String| {
        let inner = Inner::outside(title, help);
        Some(LinkPage { inner, form: Form::default(), button: button.to_owned(), says, both: None })
    };
    Ok(match (link.purpose, owner) {
        (Purpose::SignIn, _) => {
            let says = format!("You read mail at {email}. Go on, and you are signed in in this browser.");
            one("Sign in", "The link is good for this one use.", "Sign in", says)
        }
        (Purpose::Account, Some(owner)) => {
            let says = format!("Go on, and you are signed in as {} in this browser.", owner.name);
            one("Sign in", "Whoever runs the server made this link for you.", "Sign in", says)
        }
        (Purpose::Verify, Some(owner)) => {
            let says = format!(
                "{email} will belong to the account of {} (@{}): mail can go to it, and it signs in to that account. \
                 If you did not ask for this, close the page.",
                owner.name, owner.handle
            );
            one("Is this address yours?", "The link is good for this one use.", "Add the address", says)
        }
        (Purpose::Merge, Some(owner)) => {
            let Asker(Some(person)) = asker else { return Ok(Some(elsewhere(&owner))) };
            if person.signed.account.id != owner.id {
                return Ok(Some(elsewhere(&owner)));
            }
            let proof = link.email.clone().map(model::account::Proof::Email);
            let other = match proof {
                Some(proof) => site.store().account_of(&proof).await?,
                None => None,
            };
            let other = match other.filter(|id| *id != owner.id) {
                Some(id) => site.store().account(id).await?.map(|known| known.account),
                None => None,
            };
            if let Some(other) = other {
                let help = "Everything of both accounts will belong to one: addresses, ways to sign in, roles, registrations. It can be undone.";
                let inner = Inner::outside("Merge two accounts", help);
                let says = format!("You read mail at {email}, so both accounts are yours.");
                Some(LinkPage {
                    inner,
                    form,
                    button: "Merge the two".to_owned(),
                    says,
                    both: Some((view(&owner), view(&other))),
                })
            } else {
                let says = format!("No other account has {email}. It will be added to yours.");
                one("Add an address", "The link is good for this one use.", "Add the address", says)
            }
        }
        _ => None,
    })
}

fn elsewhere(owner: &Somebody) -> LinkPage {
    let help =
        "Two accounts are merged only by somebody who is signed in to one and reads the mail of the other.";
    let inner = Inner::outside("Open this link where you asked for it", help);
    let says = format!(
        "It was asked for by {} (@{}). Sign in to that account in this browser, or open the link in the one in which you are signed in.",
        owner.name, owner.handle
    );
    LinkPage { inner, form: Form::default(), button: String::new(), says, both: None }
}

async fn redeem(
    State(site): State<Site>,
    asked: Asked,
    asker: Asker,
    Path(token): Path<String>,
    form: Form,
) -> Answer {
    // Looked for before anything is written: a token that is none costs one query.
    let Some(link) = link_of(&site, &token).await? else { return dead() };
    if link.purpose == Purpose::Setup {
        return dead();
    }
    if link.purpose == Purpose::Merge {
        return merge(&site, &asker, &link, &token, form).await;
    }
    let (browser, client) = (agent(&asked.headers), asked.client.to_string());
    let used = match site.store().redeem(&token, &browser, &client).await {
        Ok(used) => used,
        Err(store::Error::Refused(refusal)) if refusal.field == "link" => return dead(),
        Err(store::Error::Refused(refusal)) => {
            let inner = Inner::outside("That did not work", "Nothing was changed.");
            let says = crate::form::sentences(&refusal);
            return page(
                StatusCode::UNPROCESSABLE_ENTITY,
                &LinkPage { inner, form: Form::default(), button: String::new(), says, both: None },
            );
        }
        Err(other) => return Err(other.into()),
    };
    match used.secret {
        Some(secret) => {
            let to = if used.is_new {
                with_next(&Account::Welcome.path(), &used.next)
            } else {
                onwards(&used.next)
            };
            entered(&site, &asker, &secret, see_other(&to)).await
        }
        None => verified(&site, &asker, used.account, link.email.as_ref()),
    }
}

fn verified(site: &Site, asker: &Asker, account: AccountId, email: Option<&Email>) -> Answer {
    let email = email.map(ToString::to_string).unwrap_or_default();
    let own = asker.0.as_ref().is_some_and(|person| person.signed.account.id == account);
    if own {
        return done(site, &Account::Identities.path(), &format!("{email} belongs to your account now."));
    }
    done(
        site,
        &Account::SignIn.path(),
        &format!("{email} is confirmed. It signs in to that account from now on."),
    )
}

async fn merge(site: &Site, asker: &Asker, link: &Link, token: &str, form: Form) -> Answer {
    let refused = drawn(site, asker, link, form.clone()).await?;
    let Asker(Some(person)) = asker else {
        return refused.map_or_else(dead, |drawn| again(&drawn));
    };
    if link.account != Some(person.signed.account.id) {
        return refused.map_or_else(dead, |drawn| again(&drawn));
    }
    may_write(person)?;
    let own = person.signed.account.id;
    let keep_own = form.value("keep") != "other";
    match site.store().merge_by_link(&person.subject, own, token, keep_own).await {
        Ok(_) => done(
            site,
            &Account::Merge.path(),
            "The two accounts are one now. Look through it; it can be undone.",
        ),
        Err(store::Error::Refused(refusal)) => {
            done(site, &Account::Merge.path(), &format!("Nothing was merged: {refusal}"))
        }
        Err(other) => Err(other.into()),
    }
}

async fn sign_out(State(site): State<Site>, Asker(asker): Asker) -> Answer {
    if let Some(Person { signed, .. }) = asker {
        let (account, which) = (signed.account.id, signed.sign_in.id);
        site.store().sign_out(&Actor::person(account), account, Some(which)).await?;
    }
    let mut response = done(&site, &Account::SignIn.path(), "You are signed out.")?;
    response.headers_mut().append(header::SET_COOKIE, signed::sign_out_cookie());
    Ok(response)
}
