//! What becomes of somebody whom a provider or directory has proved: they are signed in where they are known, else asked
//! whether they are new here or have an account that this shall be connected to.
//!
//! **Nobody is joined to an account because of an address.** Where the address is an account's, its person signs in there
//! first; then the two are connected, by both of their proofs.

use super::{ceremony_cookie, ceremony_in, ceremony_over, enter, ways::with_next};
use crate::{
    error::Failure,
    form::{Form, sentences},
    inner::{Answer, Inner, again, done, see_other, show},
    route::{Asked, at},
    signed::{Asker, agent},
    site::Site,
};
use ::identity::Proven;
use askama::Template;
use axum::{Router, extract::State, http::header, routing::get};
use model::{account::Proof, address::Account, email::Email, text::Line};
use serde::{Deserialize, Serialize};
use store::{Arrival, Way};

/// The kind of its ceremonies.
const KIND: &str = "arrival";

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    at(router, "/sign-in/arrival/", get(ask).post(decide))
}

/// Somebody who was proved, until it is decided what becomes of them. Kept on the server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Arrived {
    proof: Proof,
    name: String,
    email: Option<Email>,
    /// The provider or directory: its name in the settings, and whether it is a directory.
    outside: String,
    is_directory: bool,
    title: String,
    next: String,
}

impl Arrived {
    pub(super) fn new(proven: Proven, way: Way, title: &str, next: &str) -> Self {
        let (outside, is_directory) = match way {
            Way::Ldap(name) => (name, true),
            Way::Oidc(name) => (name, false),
            other => (other.word(), false),
        };
        Self {
            proof: proven.proof,
            name: proven.name.unwrap_or_default(),
            email: proven.email,
            outside,
            is_directory,
            title: title.to_owned(),
            next: model::address::local_path(next).unwrap_or_default().to_owned(),
        }
    }

    fn way(&self) -> Way {
        if self.is_directory { Way::Ldap(self.outside.clone()) } else { Way::Oidc(self.outside.clone()) }
    }
}

/// Signs in whoever is known, and leads everybody else to the page that asks.
pub(super) async fn arrive(site: &Site, asked: &Asked, asker: &Asker, arrived: Arrived) -> Answer {
    match (site.store().arrival(&arrived.proof, arrived.email.as_ref()).await?, asker) {
        (Arrival::Known(owner), Asker(Some(person))) if person.signed.account.id != owner => {
            let notice = format!(
                "Your account at {} belongs to another account here. Merge the two if both are yours, or sign out to use it.",
                arrived.title
            );
            done(site, &Account::Identities.path(), &notice)
        }
        (Arrival::Known(_), _) => {
            let (browser, client) = (agent(&asked.headers), asked.client.to_string());
            let way = arrived.way();
            let name = Line::default();
            let entering = (&way, browser.as_str(), client.as_str());
            match site.store().arrive(&arrived.proof, None, &name, entering).await {
                Ok((_, secret)) => enter(site, asker, &secret, &arrived.next).await,
                // Whose account it is was proved, so its person may know why: it is blocked.
                Err(store::Error::Refused(refusal)) => {
                    done(site, &Account::SignIn.path(), &sentences(&refusal))
                }
                Err(error) => Err(error.into()),
            }
        }
        _ => {
            let kept = serde_json::to_string(&arrived).map_err(|_| Failure::Internal)?;
            let token = site.store().begin_ceremony(KIND, None, &kept).await?;
            let mut response = see_other(&Account::SignInArrival.path());
            response.headers_mut().append(header::SET_COOKIE, ceremony_cookie(KIND, &token));
            Ok(response)
        }
    }
}

#[derive(Template)]
#[template(path = "sign_in/arrival.html")]
struct Page {
    inner: Inner,
    form: Form,
    title: String,
    /// Whose account it would be connected to.
    to: Option<String>,
    /// The address that is an account's already.
    taken: Option<String>,
    /// The address that a new account would have.
    email: Option<String>,
    /// Where one signs in to connect it to an account of one's own.
    sign_in: String,
}

async fn draw(site: &Site, asker: &Asker, arrived: &Arrived, form: Form) -> Result<Page, Failure> {
    let title = arrived.title.clone();
    let sign_in = with_next(&Account::SignIn.path(), &Account::SignInArrival.path());
    let email = arrived.email.as_ref().map(ToString::to_string);
    let seen = site.store().arrival(&arrived.proof, arrived.email.as_ref()).await?;
    let page = |inner: Inner| Page {
        inner,
        form,
        title: title.clone(),
        to: None,
        taken: None,
        email: email.clone(),
        sign_in,
    };
    if let Asker(Some(person)) = asker {
        let help = format!("From then on you can sign in here with your account at {title} too.");
        let inner = Inner::outside(&format!("Connect your account at {title}"), &help);
        return Ok(Page { to: Some(person.signed.account.name.to_string()), ..page(inner) });
    }
    if let Arrival::SameAddress(_) = seen {
        let help = format!("{title} says who you are, and that your address is one that is known here.");
        let inner = Inner::outside("You have an account already", &help);
        return Ok(Page { taken: email.clone(), ..page(inner) });
    }
    let help = format!("{title} says who you are. Say whether you are new here.");
    Ok(page(Inner::outside("Welcome", &help)))
}

/// What is kept of whoever arrived in this browser.
async fn kept(site: &Site, asked: &Asked) -> Result<Option<Arrived>, Failure> {
    let Some(token) = ceremony_in(&asked.headers, KIND) else { return Ok(None) };
    let kept = site.store().ceremony(KIND, token).await?;
    Ok(kept.and_then(|kept| serde_json::from_str(&kept.body).ok()))
}

fn too_late(site: &Site) -> Answer {
    done(
        site,
        &Account::SignIn.path(),
        "That took too long, or began in another browser. Please begin again.",
    )
}

async fn ask(State(site): State<Site>, asked: Asked, asker: Asker) -> Answer {
    let Some(arrived) = kept(&site, &asked).await? else { return too_late(&site) };
    let form = Form::default().with("name", &arrived.name);
    show(&draw(&site, &asker, &arrived, form).await?)
}

async fn decide(State(site): State<Site>, asked: Asked, asker: Asker, mut form: Form) -> Answer {
    let Some(arrived) = kept(&site, &asked).await? else { return too_late(&site) };
    let email = arrived.email.as_ref();
    let over = |mut answer: axum::response::Response| {
        answer.headers_mut().append(header::SET_COOKIE, ceremony_over(KIND));
        answer
    };
    if let Asker(Some(person)) = &asker {
        person.subject.may_write().map_err(Failure::Forbidden)?;
        if !take(&site, &asked).await? {
            return too_late(&site);
        }
        let account = person.signed.account.id;
        let connected = site.store().connect(&person.subject.actor, account, &arrived.proof, email).await;
        return match connected {
            Ok(_) => {
                let next =
                    if arrived.next.is_empty() { Account::Identities.path() } else { arrived.next.clone() };
                done(&site, &next, &format!("Your account at {} is connected.", arrived.title)).map(over)
            }
            Err(store::Error::Refused(refusal)) => {
                done(&site, &Account::Identities.path(), &format!("Not connected: {refusal}")).map(over)
            }
            Err(other) => Err(other.into()),
        };
    }
    let Some(name) = form.line("name") else { return again(&draw(&site, &asker, &arrived, form).await?) };
    if !take(&site, &asked).await? {
        return too_late(&site);
    }
    let (browser, client) = (agent(&asked.headers), asked.client.to_string());
    let way = arrived.way();
    let entering = (&way, browser.as_str(), client.as_str());
    let (_, secret) = site.store().arrive(&arrived.proof, email, &name, entering).await?;
    enter(&site, &asker, &secret, &arrived.next).await.map(over)
}

/// Takes the ceremony, which is good for one decision.
async fn take(site: &Site, asked: &Asked) -> Result<bool, Failure> {
    let Some(token) = ceremony_in(&asked.headers, KIND) else { return Ok(false) };
    Ok(site.store().take_ceremony(KIND, token).await?.is_some())
}
