//! Proving who somebody is: passwords, passkeys, OpenID Connect providers, LDAP directories.
//!
//! Nothing here knows the record. A proof goes in (a password, a signed challenge, a code that a provider gave), and
//! what it proves comes out: that a stored credential is theirs, or a [`Proven`] with the identity under which a
//! provider or directory knows them. Whoever calls keeps what must be kept: hashes, public keys, and the state of a
//! ceremony between its two requests, which must be taken **once** and stay on the server.
//!
//! # The rules of this house, for who audits it
//!
//! - A password is never kept, logged or passed on, except to the directory that it is for. [`Secret`] does not print.
//! - An account is found by what a provider can never give to somebody else: issuer and subject, directory and entry.
//!   An e-mail address that a provider or directory tells is a hint, and only where it says that it has checked it.
//! - Every outside call ends after a time limit, reads a bounded answer, and follows no redirect or referral.
//! - A wrong proof takes as long as a right one, and whether an account exists cannot be told from the time it takes.
//!
//! # How a way of signing in is added
//!
//! A module with its settings and a type that proves; a `Proof` in `model::account` where it is an identity of its own;
//! its page in `web::route::sign_in`.

pub mod ldap;
pub mod oidc;
pub mod passkey;
pub mod password;
mod secret;
pub mod settings;

pub use secret::Secret;

use model::{account::Proof, email::Email};
use std::time::Duration;

/// What a provider or a directory says of somebody who proved themselves there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The identity.
    pub proof: Proof,
    /// How they are called there.
    pub name: Option<String>,
    /// Their e-mail address, only where the provider or directory vouches that they read it.
    pub email: Option<Email>,
}

/// Why somebody could not be proved to be who they say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// What they gave does not prove it: a wrong password, a refused or replayed answer.
    #[error("{0}")]
    Refused(String),
    /// The provider or directory does not answer, or not as it should. Others still work.
    #[error("{0}")]
    Down(String),
    /// More people than the server can check at once; worth trying again in a moment.
    #[error("too many people are signing in at this moment")]
    Busy,
}

/// How an outside provider or directory is doing, for those who run it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// Nobody has needed it since the start.
    #[default]
    Unknown,
    /// It answered the last time.
    Up,
    /// It did not.
    Down {
        /// What went wrong, without secrets.
        why: String,
        /// For how long it has not answered.
        since: Duration,
    },
}

/// The state behind a [`Health`].
#[derive(Debug, Default)]
pub(crate) struct Pulse(std::sync::Mutex<Beat>);

#[derive(Debug, Default)]
enum Beat {
    #[default]
    Unknown,
    Up,
    Down(String, std::time::Instant),
}

impl Pulse {
    pub(crate) fn up(&self) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Beat::Up;
    }

    pub(crate) fn down(&self, why: &str) {
        let mut beat = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let since = match &*beat {
            Beat::Down(_, since) => *since,
            Beat::Unknown | Beat::Up => std::time::Instant::now(),
        };
        *beat = Beat::Down(why.to_owned(), since);
    }

    pub(crate) fn health(&self) -> Health {
        match &*self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) {
            Beat::Unknown => Health::Unknown,
            Beat::Up => Health::Up,
            Beat::Down(why, since) => Health::Down { why: why.clone(), since: since.elapsed() },
        }
    }
}
