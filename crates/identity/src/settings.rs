//! What an operator writes about providers and directories, and whether it can hold. Everything is checked when the
//! server starts, so that a slip of the pen is told to the operator and not to the first person who signs in.

use crate::Secret;
use model::Refusal;
use serde::Deserialize;
use std::{collections::BTreeSet, net::IpAddr, path::PathBuf, time::Duration};
use url::{Host, Url};

/// An OpenID Connect provider: a `[[oidc]]` table of the settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcSettings {
    /// Its name in addresses: lower-case letters, digits and hyphens. Changing it changes the return address that
    /// the provider must allow.
    pub name: String,
    /// What its button says: "Sign in with TITLE".
    pub title: String,
    /// Its issuer identifier. `ISSUER/.well-known/openid-configuration` must answer.
    pub issuer: String,
    /// The identifier that the provider gave this installation.
    pub client_id: String,
    /// The secret that the provider gave it; absent for a public client.
    #[serde(default)]
    pub client_secret: Secret,
    /// What is asked of the provider beside `openid`.
    #[serde(default = "usual_scopes")]
    pub scopes: Vec<String>,
}

fn usual_scopes() -> Vec<String> {
    vec!["email".to_owned(), "profile".to_owned()]
}

impl OidcSettings {
    /// Whether the settings can hold.
    pub fn check(&self) -> Result<(), Refusal> {
        let field = |field: &str| format!("oidc.{}.{field}", self.name);
        check_name("oidc", &self.name)?;
        let issuer = Url::parse(&self.issuer).map_err(|error| {
            let problem = format!("\"{}\" is no address ({error})", self.issuer);
            Refusal::new(
                field("issuer"),
                problem,
                "Give the provider's issuer, such as https://id.example.org",
            )
        })?;
        if issuer.scheme() != "https" && !(issuer.scheme() == "http" && is_this_machine(&issuer)) {
            return Err(Refusal::new(
                field("issuer"),
                format!("\"{}\" is not an https: address", self.issuer),
                "Give its https: address; plain http: is for a provider on this machine",
            ));
        }
        if issuer.query().is_some() || issuer.fragment().is_some() || !issuer.username().is_empty() {
            let problem = "an issuer has no query, fragment or user name";
            return Err(Refusal::new(
                field("issuer"),
                problem,
                "Copy the \"issuer\" of its discovery document",
            ));
        }
        if self.client_id.is_empty() {
            let remedy = "Register this installation at the provider and copy the client id";
            return Err(Refusal::new(field("client_id"), "it is empty", remedy));
        }
        if self.title.trim().is_empty() {
            return Err(Refusal::new(field("title"), "it is empty", "Say what people know the provider by"));
        }
        Ok(())
    }
}

/// An LDAP directory: an `[[ldap]]` table of the settings.
///
/// Either `base` and `filter` say how somebody's entry is searched for, or `dn` says how its name is made.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LdapSettings {
    /// Its name in the record: lower-case letters, digits and hyphens. **Never change it**: the identities that
    /// people proved are kept under it.
    pub name: String,
    /// What the form says: "Sign in with TITLE".
    pub title: String,
    /// `ldaps://HOST[:PORT]`, or `ldap://HOST[:PORT]` with `starttls`. Plain `ldap://` only to this machine.
    pub url: String,
    /// Whether a connection to `ldap://` is turned into an encrypted one before anything is sent.
    #[serde(default)]
    pub starttls: bool,
    /// A PEM file with the certificates of the authorities to trust, instead of the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Who searches; absent for an anonymous search.
    #[serde(default)]
    pub bind_dn: String,
    /// The password of `bind_dn`.
    #[serde(default)]
    pub bind_password: Secret,
    /// Where entries are searched for.
    #[serde(default)]
    pub base: String,
    /// The filter that finds one person, with `{user}` for what was typed:
    /// `(&(objectClass=person)(|(uid={user})(mail={user})))`.
    #[serde(default)]
    pub filter: String,
    /// The name of somebody's entry, with `{user}` for what was typed: `uid={user},ou=people,dc=example,dc=org`.
    #[serde(default)]
    pub dn: String,
    /// The attribute with their e-mail address.
    #[serde(default = "mail_attribute")]
    pub mail: String,
    /// Whether addresses in the directory are known to be read by the person. Where people can write their own, or
    /// nobody checks, they are not.
    #[serde(default)]
    pub mail_is_verified: bool,
    /// The attribute with their name.
    #[serde(default = "name_attribute")]
    pub display_name: String,
    /// Seconds after which the directory is taken to be down.
    #[serde(default = "ldap_seconds")]
    pub timeout_seconds: u64,
}

fn mail_attribute() -> String {
    "mail".to_owned()
}

fn name_attribute() -> String {
    "cn".to_owned()
}

fn ldap_seconds() -> u64 {
    10
}

impl LdapSettings {
    /// Whether the settings can hold.
    pub fn check(&self) -> Result<(), Refusal> {
        let field = |field: &str| format!("ldap.{}.{field}", self.name);
        check_name("ldap", &self.name)?;
        let url = Url::parse(&self.url).map_err(|error| {
            let problem = format!("\"{}\" is no address ({error})", self.url);
            Refusal::new(field("url"), problem, "Give an address such as ldaps://ldap.example.org")
        })?;
        let Some(_) = url.host_str().filter(|host| !host.is_empty()) else {
            return Err(Refusal::new(field("url"), "it names no host", "Give one: ldaps://ldap.example.org"));
        };
        match url.scheme() {
            "ldaps" => {}
            "ldap" if self.starttls || is_this_machine(&url) => {}
            "ldap" => {
                let problem = "passwords would travel in the clear";
                return Err(Refusal::new(field("url"), problem, "Use ldaps://, or set starttls = true"));
            }
            other => {
                let problem = format!("\"{other}:\" is not LDAP");
                return Err(Refusal::new(field("url"), problem, "Use ldaps:// or ldap://"));
            }
        }
        let searches = !self.base.is_empty() || !self.filter.is_empty();
        match (searches, self.dn.is_empty()) {
            (true, true) => {
                if self.base.is_empty() || !self.filter.contains("{user}") {
                    let problem = "a search needs a base, and a filter with {user}";
                    return Err(Refusal::new(field("filter"), problem, "Give base and filter, or only dn"));
                }
                ldap3::parse_filter(self.filter.replace("{user}", "x")).map_err(|()| {
                    let remedy = "Write it as RFC 4515 does: (uid={user})";
                    Refusal::new(field("filter"), "it is no LDAP filter", remedy)
                })?;
            }
            (false, false) if self.dn.contains("{user}") => {}
            (false, false) => {
                let remedy = "Write it like uid={user},ou=people,dc=example,dc=org";
                return Err(Refusal::new(field("dn"), "it lacks {user}", remedy));
            }
            (true, false) | (false, true) => {
                let problem = "it is not said how somebody's entry is found";
                return Err(Refusal::new(field("filter"), problem, "Give either base and filter, or dn"));
            }
        }
        if self.bind_dn.is_empty() != self.bind_password.is_empty() {
            let problem = "bind_dn and bind_password go together";
            return Err(Refusal::new(
                field("bind_dn"),
                problem,
                "Give both, or neither for an anonymous search",
            ));
        }
        if !(1..=60).contains(&self.timeout_seconds) {
            return Err(Refusal::new(field("timeout_seconds"), "it is not 1 to 60", "Leave it out for 10"));
        }
        if self.title.trim().is_empty() {
            return Err(Refusal::new(field("title"), "it is empty", "Say what people know the directory by"));
        }
        Ok(())
    }

    /// After how long a step is given up.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds)
    }
}

/// Whether no two providers, and no two directories, share a name.
pub fn check_all(oidc: &[OidcSettings], ldap: &[LdapSettings]) -> Result<(), Refusal> {
    let mut names = BTreeSet::new();
    for one in oidc {
        one.check()?;
        if !names.insert(one.name.as_str()) {
            let problem = format!("two providers are called \"{}\"", one.name);
            return Err(Refusal::new("oidc.name", problem, "Give each its own name"));
        }
    }
    names.clear();
    for one in ldap {
        one.check()?;
        if !names.insert(one.name.as_str()) {
            let problem = format!("two directories are called \"{}\"", one.name);
            return Err(Refusal::new("ldap.name", problem, "Give each its own name"));
        }
    }
    Ok(())
}

fn check_name(kind: &str, name: &str) -> Result<(), Refusal> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if (1..=32).contains(&name.len()) && name.chars().all(plain) {
        return Ok(());
    }
    Err(Refusal::new(
        format!("{kind}.name"),
        format!("\"{}\" cannot be a name", model::text::excerpt(name, 60)),
        "Use 1 to 32 lower-case letters, digits and hyphens",
    ))
}

/// Whether the address names this machine, to which nothing travels over a network.
pub(crate) fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            // Only `http:` and the like are "special": elsewhere an IPv4 address stays a domain.
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
        }
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ldap(url: &str) -> LdapSettings {
        LdapSettings {
            name: "lpc".to_owned(),
            title: "LPC".to_owned(),
            url: url.to_owned(),
            starttls: false,
            ca_file: None,
            bind_dn: String::new(),
            bind_password: Secret::default(),
            base: "dc=example,dc=org".to_owned(),
            filter: "(uid={user})".to_owned(),
            dn: String::new(),
            mail: mail_attribute(),
            mail_is_verified: false,
            display_name: name_attribute(),
            timeout_seconds: 10,
        }
    }

    fn oidc(issuer: &str) -> OidcSettings {
        OidcSettings {
            name: "lf".to_owned(),
            title: "Linux Foundation".to_owned(),
            issuer: issuer.to_owned(),
            client_id: "plenary".to_owned(),
            client_secret: Secret::new("hush"),
            scopes: usual_scopes(),
        }
    }

    #[test]
    fn a_password_never_travels_in_the_clear() {
        for sound in ["ldaps://ldap.example.org", "ldap://127.0.0.1:3389", "ldap://localhost", "ldap://[::1]"]
        {
            ldap(sound).check().unwrap();
        }
        LdapSettings { starttls: true, ..ldap("ldap://ldap.example.org") }.check().unwrap();
        for unsound in
            ["ldap://ldap.example.org", "http://ldap.example.org", "ldap://10.0.0.1", "ldaps:///", "x"]
        {
            assert!(ldap(unsound).check().is_err(), "{unsound}");
        }
        oidc("https://id.example.org/realms/lpc").check().unwrap();
        oidc("http://127.0.0.1:3000").check().unwrap();
        for unsound in ["http://id.example.org", "https://id.example.org/?x", "ftp://x", "https://me@x.org"] {
            assert!(oidc(unsound).check().is_err(), "{unsound}");
        }
    }

    #[test]
    fn how_an_entry_is_found_is_said_in_exactly_one_way() {
        let sound = ldap("ldaps://x.org");
        let dn = "uid={user},dc=x".to_owned();
        let unsound = [
            LdapSettings { dn: dn.clone(), ..sound.clone() },
            LdapSettings { base: String::new(), ..sound.clone() },
            LdapSettings { filter: "(uid=ada)".to_owned(), ..sound.clone() },
            LdapSettings { filter: "(uid={user}".to_owned(), ..sound.clone() },
            LdapSettings { bind_dn: "cn=reader".to_owned(), ..sound.clone() },
            LdapSettings { name: "L P C".to_owned(), ..sound.clone() },
        ];
        for settings in unsound {
            assert!(settings.check().is_err(), "{settings:?}");
        }
        LdapSettings { dn, base: String::new(), filter: String::new(), ..sound.clone() }.check().unwrap();
        assert!(check_all(&[], &[sound.clone(), sound]).is_err(), "two of one name");
    }

    #[test]
    fn no_secret_is_printed() {
        let settings = LdapSettings { bind_password: Secret::new("hush"), ..ldap("ldaps://x.org") };
        let printed = format!("{settings:?} {:?}", oidc("https://x.org"));
        assert!(!printed.contains("hush"), "{printed}");
    }
}
