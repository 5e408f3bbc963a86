//! Why an address could not be fetched, and what to do about it.

use std::time::Duration;

/// Why an address could not be fetched. The text names the host at most, never the whole address: that may hold a
/// secret.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// What was typed is no address.
    #[error("this is not a web address: {0}")]
    NotAnAddress(String),
    /// It is neither `https:` nor, where that is allowed, `http:`.
    #[error("addresses that begin with {scheme}: are not called")]
    Scheme {
        /// The scheme, without a colon.
        scheme: String,
    },
    /// It holds a user's name or password.
    #[error("the address holds a name or password before the host")]
    Credentials,
    /// It leads to where the server must not be made to call.
    #[error("{host} is not called: {reason}")]
    Forbidden {
        /// The host as typed.
        host: String,
        /// Why its address is not called.
        reason: &'static str,
    },
    /// The name of the host resolves to nothing.
    #[error("the name {host} has no address")]
    Unresolved {
        /// The host as typed.
        host: String,
    },
    /// No connection, or none that can be trusted.
    #[error("no connection to {host}: {detail}")]
    NoConnection {
        /// The host as typed.
        host: String,
        /// What the network or TLS said.
        detail: String,
    },
    /// It took too long.
    #[error("{host} did not answer within {} s", after.as_secs_f32())]
    Timeout {
        /// The host as typed.
        host: String,
        /// How long it had.
        after: Duration,
    },
    /// The answer is larger than is read.
    #[error("the answer of {host} is larger than {limit} bytes")]
    TooLarge {
        /// The host as typed.
        host: String,
        /// The most bytes that are read, after decompression.
        limit: usize,
    },
    /// One redirect led to another for too long.
    #[error("{host} redirects more than {limit} times")]
    Redirects {
        /// The host that redirected last.
        host: String,
        /// The most redirects that are followed.
        limit: usize,
    },
    /// The answer broke off or is no HTTP.
    #[error("the answer of {host} cannot be read: {detail}")]
    Broken {
        /// The host as typed.
        host: String,
        /// What is wrong with it.
        detail: String,
    },
    /// It answered with a status that means failure.
    #[error("{host} answered with status {status}")]
    Status {
        /// The host as typed.
        host: String,
        /// The HTTP status.
        status: u16,
    },
    /// What is to be sent cannot stand in a request.
    #[error("the request cannot be made: {0}")]
    Request(String),
    /// The machine lacks what HTTPS needs.
    #[error("HTTPS cannot be set up: {0}")]
    Setup(String),
}

impl Error {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::NotAnAddress(_) => "Copy the whole address from the browser, with https:// at its start",
            Self::Scheme { .. } => "Use an address that begins with https://",
            Self::Credentials => "Leave out the name and password before the @",
            Self::Forbidden { .. } => {
                "Use an address that is reachable from the Internet, or ask the operator to allow private addresses"
            }
            Self::Unresolved { .. } => "Check the spelling of the host",
            Self::NoConnection { .. } => {
                "Check that the other server runs, and that its certificate is valid"
            }
            Self::Timeout { .. } => "Try again later, or ask those who run the other server",
            Self::TooLarge { .. } => "Use an address that answers with less",
            Self::Redirects { .. } => "Use the address to which the redirects lead in the end",
            Self::Broken { .. } | Self::Status { .. } => {
                "Open the address in a browser and see whether it is the right one"
            }
            Self::Request(_) => "Use plain text in names and values of headers",
            Self::Setup(_) => {
                "Install the certificates of the authorities (on Debian: ca-certificates) and restart"
            }
        }
    }

    /// Whether it may succeed later without anything being changed here.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unresolved { .. }
            | Self::NoConnection { .. }
            | Self::Timeout { .. }
            | Self::Broken { .. } => true,
            Self::Status { status, .. } => *status >= 500 || matches!(status, 408 | 425 | 429),
            _ => false,
        }
    }
}
