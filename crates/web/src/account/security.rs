//! How one signs in, and the browsers in which one is signed in.

use super::may_write;
use crate::{
    form::Form,
    identity::{CredentialsView, when},
    inner::{Answer, Inner, done, show},
    route::{Asked, at},
    signed::Person,
    site::Site,
};
use askama::Template;
use axum::{Router, extract::State, routing::get};
use model::{address::Account, id::SignInId};
use store::SignIn;
use uuid::Uuid;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    at(router, "/account/security/", get(security).post(revoke))
}

#[derive(Template)]
#[template(path = "account/security.html")]
struct Security {
    inner: Inner,
    credentials: CredentialsView,
    browsers: Vec<BrowserView>,
}

struct BrowserView {
    id: Uuid,
    browser: String,
    way: String,
    client: String,
    since: String,
    seen: String,
    current: bool,
}

async fn security(State(site): State<Site>, asked: Asked, person: Person) -> Answer {
    let path = Account::Security.path();
    let zone = super::zone(&person);
    let sign_ins = site.store().sign_ins(person.signed.shown().id).await?;
    let browsers = sign_ins.iter().map(|one| BrowserView {
        id: one.id.0,
        browser: browser(&one.agent),
        way: way(one),
        client: one.client.clone(),
        since: when(&zone, one.created),
        seen: when(&zone, one.seen),
        current: one.id == person.signed.sign_in.id,
    });
    let browsers = browsers.collect();
    let credentials = CredentialsView::of(&site, &person, &path).await?;
    let help = "How you sign in, and where you are signed in at this moment.";
    let inner = Inner::account(&person, &path, "Signing in", help).noticing(&site, &asked.headers);
    show(&Security { inner, credentials, browsers })
}

async fn revoke(State(site): State<Site>, person: Person, form: Form) -> Answer {
    may_write(&person)?;
    let (actor, account) = (&person.subject.actor, person.signed.account.id);
    let own = person.signed.sign_in.id;
    let mut ended = 0;
    if form.value("do") == "others" {
        for other in site.store().sign_ins(account).await?.iter().filter(|other| other.id != own) {
            ended += site.store().sign_out(actor, account, Some(other.id)).await?;
        }
    } else if let Ok(which) = form.value("browser").parse::<Uuid>() {
        ended = site.store().sign_out(actor, account, Some(SignInId(which))).await?;
    }
    let notice = match ended {
        0 => "Nothing was to be ended.".to_owned(),
        1 => "You are signed out there.".to_owned(),
        many => format!("You are signed out of {many} other browsers."),
    };
    done(&site, &Account::Security.path(), &notice)
}

/// How somebody signed in, for people.
fn way(sign_in: &SignIn) -> String {
    match sign_in.way.split_once(':') {
        Some(("oidc" | "ldap", name)) => format!("with {name}"),
        _ => match sign_in.way.as_str() {
            "email" => "by a link in a mail".to_owned(),
            "password" => "with a password".to_owned(),
            "passkey" => "with a passkey".to_owned(),
            "operator" => "by a link from whoever runs the server".to_owned(),
            other => other.to_owned(),
        },
    }
}

/// The browser and the system that a `User-Agent` names, as far as they can be told (RFC 9110, section 10.1.5: it is
/// what the browser claims); the beginning of it otherwise.
fn browser(agent: &str) -> String {
    let first = |known: &[(&str, &'static str)]| {
        known.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    // Browsers that are made from another name that one too, so the more special come first.
    let name = first(&[
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("Chromium/", "Chromium"),
        ("Chrome/", "Chrome"),
        ("CriOS/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    match (name, system) {
        (Some(name), Some(system)) => format!("{name} on {system}"),
        (Some(name), None) => name.to_owned(),
        (None, Some(system)) => format!("A browser on {system}"),
        (None, None) if agent.is_empty() => "A browser that does not say its name".to_owned(),
        (None, None) => model::text::excerpt(agent, 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_recognises_their_browsers() {
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0";
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";
        assert_eq!(browser(firefox), "Firefox on Linux");
        assert_eq!(browser(edge), "Edge on Windows");
        assert_eq!(browser(phone), "Safari on iPhone");
        assert_eq!(browser("curl/8.14"), "curl/8.14");
        assert_eq!(browser(""), "A browser that does not say its name");
    }
}
