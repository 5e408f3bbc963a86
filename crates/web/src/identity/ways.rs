//! Which ways of signing in there are, and what the sign-in page shows of them.

use crate::{
    limit::Limiter,
    site::{Site, SiteOptions},
};
use ::identity::{
    Health, Trouble,
    ldap::Directory,
    oidc::Provider,
    passkey::{NoPasskeys, Passkeys},
    password::Passwords,
    settings,
};
use model::{Refusal, address::Account};
use std::{num::NonZero, sync::OnceLock};
use store::WaysIn;

/// How many passwords may be tried for one name in a minute, whether anybody has the name or not.
const TRIES_FOR_A_NAME: u32 = 6;

/// The ways of signing in beside the link in a mail.
#[derive(Debug)]
pub(crate) struct Ways {
    passwords: Passwords,
    passkeys: OnceLock<Result<Passkeys, NoPasskeys>>,
    providers: Vec<Provider>,
    directories: Vec<Directory>,
    tries: Limiter,
    names: Limiter,
}

impl Ways {
    /// Those that the operator's settings name. Nothing outside is asked yet.
    pub(crate) fn new(options: &SiteOptions) -> Result<Self, store::Error> {
        settings::check_all(&options.oidc, &options.ldap)?;
        let wrong = |trouble: Trouble| Refusal::new("sign-in", trouble.to_string(), "Mend the settings");
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let providers = options.oidc.iter().cloned().map(Provider::new).collect::<Result<_, _>>();
        let directories = options.ldap.iter().cloned().map(Directory::new).collect::<Result<_, _>>();
        Ok(Self {
            // One core stays free for everybody else.
            passwords: Passwords::new(cores.saturating_sub(1).max(1)).map_err(wrong)?,
            passkeys: OnceLock::new(),
            providers: providers.map_err(wrong)?,
            directories: directories.map_err(wrong)?,
            tries: Limiter::new(options.sign_in_tries_per_minute),
            names: Limiter::new(TRIES_FOR_A_NAME),
        })
    }

    pub(super) fn passwords(&self) -> &Passwords {
        &self.passwords
    }

    /// Passkeys; or why browsers make none for this site's address.
    pub(super) fn passkeys(&self, site: &Site) -> Result<&Passkeys, NoPasskeys> {
        // The address may be known only once the server listens.
        self.passkeys.get_or_init(|| Passkeys::new(site.base_url(), host(site))).as_ref().map_err(|why| *why)
    }

    pub(super) fn provider(&self, name: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.name() == name)
    }

    pub(super) fn provider_of(&self, issuer: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.issuer() == issuer)
    }

    pub(super) fn directory(&self, name: &str) -> Option<&Directory> {
        self.directories.iter().find(|directory| directory.name() == name)
    }

    pub(super) fn tries(&self) -> &Limiter {
        &self.tries
    }

    pub(super) fn names(&self) -> &Limiter {
        &self.names
    }

    /// The providers and directories that there are at present.
    pub(crate) fn in_use(&self) -> WaysIn {
        WaysIn {
            issuers: self.providers.iter().map(|one| one.issuer().to_owned()).collect(),
            directories: self.directories.iter().map(|one| one.name().to_owned()).collect(),
        }
    }

    /// How the outside ones are doing, by title.
    pub(crate) fn health(&self) -> Vec<(String, Health)> {
        let providers = self.providers.iter().map(|one| (one.title().to_owned(), one.health()));
        let directories = self.directories.iter().map(|one| (one.title().to_owned(), one.health()));
        providers.chain(directories).collect()
    }
}

/// What devices call the site.
fn host(site: &Site) -> &str {
    let rest = site.base_url().split_once("://").map_or("", |(_, rest)| rest);
    rest.split(['/', ':']).next().unwrap_or(rest)
}

/// A provider or directory on the sign-in page.
#[derive(Clone, Debug)]
pub(crate) struct OutsideView {
    /// Where it leads.
    pub(crate) href: String,
    /// What people know it by.
    pub(crate) title: String,
    /// Whether it did not answer the last time.
    pub(crate) is_down: bool,
}

/// What the sign-in page shows beside the link in a mail; drawn by `sign_in/ways.html`.
#[derive(Clone, Debug)]
pub(crate) struct WaysView {
    /// Where to go on to.
    pub(crate) next: String,
    /// Where passwords go.
    pub(crate) password: String,
    /// Whether passkeys are offered.
    pub(crate) passkey: bool,
    /// Where signing in with a passkey begins, and ends.
    pub(crate) passkey_begin: String,
    pub(crate) passkey_end: String,
    /// The providers and directories.
    pub(crate) outside: Vec<OutsideView>,
}

impl WaysView {
    /// The script that the page needs for passkeys.
    pub(crate) const SCRIPT: &'static str = "passkey.js";

    /// All that are configured. They lead on to `next`.
    pub(crate) fn new(site: &Site, next: &str) -> Self {
        let ways = site.ways();
        let next = model::address::local_path(next).unwrap_or_default();
        let down = |health: &Health| matches!(health, Health::Down { .. });
        let providers = ways.providers.iter().map(|one| OutsideView {
            href: with_next(&Account::SignInOidc(one.name()).path(), next),
            title: one.title().to_owned(),
            is_down: down(&one.health()),
        });
        let directories = ways.directories.iter().map(|one| OutsideView {
            href: with_next(&format!("{}?directory={}", Account::SignInLdap.path(), one.name()), next),
            title: one.title().to_owned(),
            is_down: down(&one.health()),
        });
        Self {
            password: Account::SignInPassword.path(),
            passkey: ways.passkeys(site).is_ok(),
            passkey_begin: Account::SignInPasskeyBegin.path(),
            passkey_end: Account::SignInPasskey.path(),
            outside: providers.chain(directories).collect(),
            next: next.to_owned(),
        }
    }
}

/// A path with the place to go on to.
pub(crate) fn with_next(path: &str, next: &str) -> String {
    if next.is_empty() {
        return path.to_owned();
    }
    let mut out = format!("{path}{}next=", if path.contains('?') { '&' } else { '?' });
    out.extend(form_urlencoded::byte_serialize(next.as_bytes()));
    out
}
