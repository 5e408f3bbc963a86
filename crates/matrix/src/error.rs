//! Why the homeserver did not do what it was asked, and what to do about it.

use std::time::Duration;

/// Why a call failed. The text names the host and what the homeserver said, never a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// What was given as the homeserver's address is none that can be called.
    #[error("this is not the address of a homeserver: {0}")]
    NotAnAddress(String),
    /// No connection, or none that can be trusted.
    #[error("no connection to {host}: {detail}")]
    Unreachable {
        /// The host as configured.
        host: String,
        /// What the network or TLS said.
        detail: String,
    },
    /// It took too long. What was asked may have been done nevertheless.
    #[error("{host} did not answer within {} s", after.as_secs_f32())]
    TimedOut {
        /// The host as configured.
        host: String,
        /// How long it had.
        after: Duration,
    },
    /// It wants fewer calls (429), also after we had waited for as long as we wait.
    #[error("the homeserver wants fewer calls; the next may come after {} s", after.as_secs_f32())]
    Limited {
        /// When it may be asked again.
        after: Duration,
    },
    /// It refuses (400 to 499).
    #[error("the homeserver refuses ({status} {errcode}): {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The code that the specification gives the reason, such as `M_FORBIDDEN`; empty where none came.
        errcode: String,
        /// What it says, for people.
        message: String,
    },
    /// It failed itself (500 to 599), or something in front of it did.
    #[error("the homeserver failed ({status}): {message}")]
    Failed {
        /// The HTTP status.
        status: u16,
        /// What it says, for people.
        message: String,
    },
    /// The answer is none that the specification knows.
    #[error("the answer of {host} cannot be read: {detail}")]
    Malformed {
        /// The host as configured.
        host: String,
        /// What is wrong with it.
        detail: String,
    },
    /// What is to be sent cannot stand in a call.
    #[error("the call cannot be made: {0}")]
    Request(String),
    /// The machine lacks what HTTPS needs.
    #[error("HTTPS cannot be set up: {0}")]
    Setup(String),
}

impl Error {
    /// Whether it may succeed later without anything being changed here or there.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::TimedOut { .. } | Self::Limited { .. } | Self::Failed { .. } => {
                true
            }
            Self::Refused { status, .. } => matches!(status, 408 | 425),
            Self::NotAnAddress(_) | Self::Malformed { .. } | Self::Request(_) | Self::Setup(_) => false,
        }
    }

    /// Whether the homeserver refused for that reason.
    pub fn is(&self, code: &str) -> bool {
        matches!(self, Self::Refused { errcode, .. } if errcode == code)
    }

    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::NotAnAddress(_) => "Enter the address as https://matrix.example.org, without a path",
            Self::Unreachable { .. } => "Check that the homeserver runs, and that its certificate is valid",
            Self::TimedOut { .. } => "Look at the load of the homeserver; the call is made again by itself",
            Self::Limited { .. } => {
                "Put \"rate_limited: false\" into the registration of the application service and restart the homeserver"
            }
            Self::Refused { errcode, .. } => match errcode.as_str() {
                "M_UNKNOWN_TOKEN" | "M_MISSING_TOKEN" => {
                    "Give the homeserver the registration with our present tokens and restart it"
                }
                "M_EXCLUSIVE" => "Keep names of users and aliases within the namespaces of the registration",
                "M_FORBIDDEN" => "Give our user the power that this takes in the room",
                _ => "Read what the homeserver says, and its log",
            },
            Self::Failed { .. } => "Read the log of the homeserver",
            Self::Malformed { .. } => {
                "Check that the address is that of the homeserver and not of a web page"
            }
            Self::Request(_) => "Use names without control characters",
            Self::Setup(_) => {
                "Install the certificates of the authorities (on Debian: ca-certificates) and restart"
            }
        }
    }
}
