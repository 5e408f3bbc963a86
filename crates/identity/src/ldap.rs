//! Signing in with the password of an LDAP directory (RFC 4511, 4513): the person's entry is searched for, then the
//! directory is asked to bind as them with the password that they typed.
//!
//! **An empty password is never sent**: a directory answers it with success and proves nothing (RFC 4513, section 5.1.2).
//! What is typed reaches a filter or a name only escaped (RFC 4515, 4514). Referrals are not followed, because they would
//! carry the password to a server that nobody configured.

use crate::{Health, Proven, Pulse, Secret, Trouble, settings::LdapSettings};
use ldap3::{
    Ldap, LdapConnAsync, LdapConnSettings, LdapError, LdapResult, ResultEntry, Scope, SearchEntry,
    SearchOptions, dn_escape, ldap_escape,
};
use model::{account::Proof, email::Email, text::excerpt};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject},
};
use std::sync::Arc;

/// Result codes (RFC 4511, section 4.1.9).
const SUCCESS: u32 = 0;
const NO_SUCH_OBJECT: u32 = 32;
const INVALID_CREDENTIALS: u32 = 49;
/// More entries than were asked for.
const SIZE_LIMIT: u32 = 4;

/// The longest name that somebody types.
const LONGEST: usize = 256;

/// One directory.
#[derive(Clone, Debug)]
pub struct Directory(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: LdapSettings,
    tls: Arc<ClientConfig>,
    pulse: Pulse,
}

/// How a try ended, where the directory answered.
enum Outcome {
    Right(SearchEntry),
    Wrong,
}

impl Directory {
    /// The directory of these settings, which were checked. It is not asked before somebody needs it; the certificates
    /// to trust are read now.
    pub fn new(settings: LdapSettings) -> Result<Self, Trouble> {
        let tls = trust(&settings)?;
        Ok(Self(Arc::new(Inner { settings, tls: Arc::new(tls), pulse: Pulse::default() })))
    }

    /// Its name in the record.
    pub fn name(&self) -> &str {
        &self.0.settings.name
    }

    /// What people know it by.
    pub fn title(&self) -> &str {
        &self.0.settings.title
    }

    /// How it is doing.
    pub fn health(&self) -> Health {
        self.0.pulse.health()
    }

    /// Asks whether it answers, and accepts who searches, for who runs the server.
    pub async fn reach(&self) -> Result<(), Trouble> {
        let inner = Arc::clone(&self.0);
        let task = tokio::spawn(async move {
            let asked = async {
                let mut ldap = inner.connect().await?;
                let searches = inner.settings.dn.is_empty();
                if searches {
                    inner.bind_as_reader(&mut ldap).await?;
                    let base = inner.settings.base.clone();
                    inner.search(&mut ldap, &base, Scope::Base, "(objectClass=*)").await?;
                }
                ldap.unbind().await.map_err(|error| explain(&error))
            };
            let answered = tokio::time::timeout(inner.settings.timeout() * 3, asked).await;
            answered.unwrap_or_else(|_| Err("it did not answer in time".to_owned()))
        });
        let outcome = task.await.unwrap_or_else(|_| Err("its answer breaks the protocol".to_owned()));
        match outcome {
            Ok(()) => {
                self.0.pulse.up();
                Ok(())
            }
            Err(why) => {
                self.0.pulse.down(&why);
                Err(Trouble::Down(format!("{}: {why}", self.title())))
            }
        }
    }

    /// Checks the password of `user` and tells what the directory says of them. A person who is not there and a wrong
    /// password get the same refusal.
    pub async fn check(&self, user: &str, password: &Secret) -> Result<Proven, Trouble> {
        let inner = Arc::clone(&self.0);
        let wrong =
            || Trouble::Refused(format!("{}: this name and password do not go together", self.title()));
        let user = user.trim().to_owned();
        if user.is_empty() || user.len() > LONGEST || user.contains('\0') || password.is_empty() {
            return Err(wrong());
        }
        let password = password.clone();
        // A task of its own: the library ends a task on an answer that breaks the protocol, and only that one.
        let task = tokio::spawn(async move {
            let patience = inner.settings.timeout() * 3;
            let asked = tokio::time::timeout(patience, inner.ask(&user, &password)).await;
            asked.unwrap_or_else(|_| Err("it did not answer in time".to_owned()))
        });
        let outcome = task.await.unwrap_or_else(|_| Err("its answer breaks the protocol".to_owned()));
        match outcome {
            Ok(Outcome::Right(entry)) => {
                self.0.pulse.up();
                Ok(self.0.proven(&entry))
            }
            Ok(Outcome::Wrong) => {
                self.0.pulse.up();
                Err(wrong())
            }
            Err(why) => {
                tracing::warn!(directory = self.name(), error = %why, "a directory does not work");
                self.0.pulse.down(&why);
                Err(Trouble::Down(format!("{}: {why}", self.title())))
            }
        }
    }
}

impl Inner {
    async fn ask(&self, user: &str, password: &Secret) -> Result<Outcome, String> {
        let settings = &self.settings;
        if !settings.dn.is_empty() {
            let dn = settings.dn.replace("{user}", &dn_escape(user));
            return self.bind_and_read(&dn, password).await;
        }
        let mut ldap = self.connect().await?;
        self.bind_as_reader(&mut ldap).await?;
        let filter = settings.filter.replace("{user}", &ldap_escape(user));
        let found = self.search(&mut ldap, &settings.base, Scope::Subtree, &filter).await;
        ldap.unbind().await.ok();
        match found?.as_slice() {
            [] => Ok(Outcome::Wrong),
            [entry] => self.bind_and_read(&entry.dn, password).await,
            // Whose password it is could only be guessed.
            [..] => {
                tracing::warn!(directory = settings.name, "the filter finds several entries for one name");
                Ok(Outcome::Wrong)
            }
        }
    }

    /// Binds as who searches, where somebody is named.
    async fn bind_as_reader(&self, ldap: &mut Ldap) -> Result<(), String> {
        let settings = &self.settings;
        if settings.bind_dn.is_empty() {
            return Ok(());
        }
        let bound = ldap
            .with_timeout(settings.timeout())
            .simple_bind(&settings.bind_dn, settings.bind_password.reveal())
            .await
            .map_err(|error| explain(&error))?;
        if bound.rc == SUCCESS {
            return Ok(());
        }
        Err(format!("it does not accept bind_dn and bind_password ({})", code(&bound)))
    }

    /// Binds as the entry and reads it with its own rights, in a connection that nobody else has used.
    async fn bind_and_read(&self, dn: &str, password: &Secret) -> Result<Outcome, String> {
        let mut ldap = self.connect().await?;
        let bound = ldap.with_timeout(self.settings.timeout()).simple_bind(dn, password.reveal()).await;
        let bound = bound.map_err(|error| explain(&error))?;
        match bound.rc {
            SUCCESS => {}
            INVALID_CREDENTIALS | NO_SUCH_OBJECT => return Ok(Outcome::Wrong),
            _ => return Err(format!("it does not let people sign in ({})", code(&bound))),
        }
        let mut found = self.search(&mut ldap, dn, Scope::Base, "(objectClass=*)").await?;
        ldap.unbind().await.ok();
        match found.pop() {
            Some(entry) => Ok(Outcome::Right(entry)),
            None => Err("people may not read their own entry there, and its name must be known".to_owned()),
        }
    }

    async fn search(
        &self,
        ldap: &mut Ldap,
        base: &str,
        scope: Scope,
        filter: &str,
    ) -> Result<Vec<SearchEntry>, String> {
        let settings = &self.settings;
        let attributes = vec![settings.mail.clone(), settings.display_name.clone()];
        let seconds = i32::try_from(settings.timeout_seconds).unwrap_or(i32::MAX);
        let found = ldap
            .with_timeout(settings.timeout())
            .with_search_options(SearchOptions::new().sizelimit(2).timelimit(seconds))
            .search(base, scope, filter, attributes)
            .await
            .map_err(|error| explain(&error))?;
        let (entries, result) = (found.0, found.1);
        match result.rc {
            SUCCESS | SIZE_LIMIT => {}
            NO_SUCH_OBJECT if scope == Scope::Base => {}
            _ => return Err(format!("it does not search ({})", code(&result))),
        }
        let real = |entry: &ResultEntry| !entry.is_ref() && !entry.is_intermediate();
        Ok(entries.into_iter().filter(real).map(SearchEntry::construct).collect())
    }

    async fn connect(&self) -> Result<Ldap, String> {
        let settings = LdapConnSettings::new()
            .set_conn_timeout(self.settings.timeout())
            .set_starttls(self.settings.starttls)
            .set_config(Arc::clone(&self.tls));
        let (connection, ldap) = LdapConnAsync::with_settings(settings, &self.settings.url)
            .await
            .map_err(|error| explain(&error))?;
        tokio::spawn(async move {
            if let Err(error) = connection.drive().await {
                tracing::debug!(%error, "the connection to a directory ended");
            }
        });
        Ok(ldap)
    }

    fn proven(&self, entry: &SearchEntry) -> Proven {
        let settings = &self.settings;
        // Attribute names have no case (RFC 4512, section 2.5), and a directory writes them as it likes.
        let value = |wanted: &str| {
            let held = entry.attrs.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            held.and_then(|(_, values)| values.first()).map(|value| excerpt(value.trim(), 100))
        };
        let email = value(&settings.mail).filter(|_| settings.mail_is_verified);
        Proven {
            proof: Proof::Ldap { directory: settings.name.clone(), dn: entry.dn.clone() },
            name: value(&settings.display_name).filter(|name| !name.is_empty()),
            email: email.and_then(|email| Email::parse(&email).ok()),
        }
    }
}

fn trust(settings: &LdapSettings) -> Result<ClientConfig, Trouble> {
    let down = |problem: String| Trouble::Down(format!("{}: {problem}", settings.title));
    let mut roots = RootCertStore::empty();
    if let Some(file) = &settings.ca_file {
        let unreadable = |error: &dyn std::fmt::Display| {
            down(format!("ca_file {} cannot be read: {error}", file.display()))
        };
        for certificate in CertificateDer::pem_file_iter(file).map_err(|error| unreadable(&error))? {
            let certificate = certificate.map_err(|error| unreadable(&error))?;
            roots.add(certificate).map_err(|error| unreadable(&error))?;
        }
        if roots.is_empty() {
            return Err(unreadable(&"it holds no certificate"));
        }
    } else {
        for certificate in rustls_native_certs::load_native_certs().certs {
            // One that this build cannot read is one that it does not trust.
            roots.add(certificate).ok();
        }
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| down(error.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

fn code(result: &LdapResult) -> String {
    format!("result {}: {}", result.rc, excerpt(&result.text, 100))
}

fn explain(error: &LdapError) -> String {
    match error {
        LdapError::Io { source } => format!("it cannot be reached: {source}"),
        LdapError::Timeout { .. } => "it did not answer in time".to_owned(),
        LdapError::LdapResult { result } => format!("it refuses ({})", code(result)),
        other => format!("it cannot be reached: {other}"),
    }
}
