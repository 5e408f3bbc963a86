//! Why a call failed, and what to do about it.

use model::text::Line;
use std::{fmt, time::Duration};

/// What a server names as the reason of its refusal (`messageKey`). Texts beside it differ from version to version and
/// are for people only.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MessageKey {
    /// The checksum is wrong: the secret, or an algorithm that the server does not allow.
    ChecksumError,
    /// A parameter is too long, too short or of the wrong form.
    ValidationError,
    /// There is no such meeting, or no such recording.
    NotFound,
    /// What some versions say instead of `notFound`.
    MeetingNotFound,
    /// What joining a meeting that does not exist is answered with.
    InvalidMeetingIdentifier,
    /// A meeting of that identifier exists with other passwords.
    IdNotUnique,
    /// A meeting of that identifier exists already: success, and the parameters of the repetition were ignored.
    DuplicateWarning,
    /// The voice bridge is another meeting's.
    NonUniqueVoiceBridge,
    /// The link belongs to another run of the room.
    MismatchCreateTime,
    /// The meeting was ended.
    MeetingForciblyEnded,
    /// No more people fit in.
    MaxParticipantsReached,
    /// Guests are not let in.
    GuestDeny,
    /// The password is wrong.
    InvalidPassword,
    /// A parameter is missing.
    Missing(String),
    /// The body is of a type that is not taken.
    UnsupportedContentType,
    /// There are no meetings: success.
    NoMeetings,
    /// There are no recordings: success.
    NoRecordings,
    /// The meeting is being ended: success.
    SentEndMeetingRequest,
    /// Scalelite: no server is free.
    ServerUnavailable,
    /// Scalelite: no server with the wanted tag is free.
    ServerTagUnavailable,
    /// Scalelite: it failed itself.
    InternalError,
    /// Anything else, as it stands.
    Other(String),
}

impl MessageKey {
    /// The key as a server spells it.
    pub fn parse(key: &str) -> Self {
        match key {
            "checksumError" => Self::ChecksumError,
            "validationError" => Self::ValidationError,
            "notFound" => Self::NotFound,
            "meetingNotFound" => Self::MeetingNotFound,
            "invalidMeetingIdentifier" => Self::InvalidMeetingIdentifier,
            "idNotUnique" => Self::IdNotUnique,
            "duplicateWarning" => Self::DuplicateWarning,
            "nonUniqueVoiceBridge" => Self::NonUniqueVoiceBridge,
            "mismatchCreateTimeParam" => Self::MismatchCreateTime,
            "meetingForciblyEnded" | "meetingEnded" => Self::MeetingForciblyEnded,
            "maxParticipantsReached" => Self::MaxParticipantsReached,
            "guestDeny" | "guestDenied" => Self::GuestDeny,
            "invalidPassword" => Self::InvalidPassword,
            "unsupportedContentType" => Self::UnsupportedContentType,
            "noMeetings" => Self::NoMeetings,
            "noRecordings" => Self::NoRecordings,
            "sentEndMeetingRequest" => Self::SentEndMeetingRequest,
            "serverUnavailable" => Self::ServerUnavailable,
            "serverTagUnavailable" => Self::ServerTagUnavailable,
            "internalError" => Self::InternalError,
            "Params required" | "missingParameters" => Self::Missing(String::new()),
            other => match other.strip_prefix("missingParam") {
                Some(parameter) => Self::Missing(clean(parameter)),
                None => Self::Other(clean(other)),
            },
        }
    }
}

/// Keys are short; what is longer was not meant as one.
fn clean(text: &str) -> String {
    Line::clean(text).as_str().chars().take(60).collect()
}

impl fmt::Display for MessageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ChecksumError => "checksumError",
            Self::ValidationError => "validationError",
            Self::NotFound => "notFound",
            Self::MeetingNotFound => "meetingNotFound",
            Self::InvalidMeetingIdentifier => "invalidMeetingIdentifier",
            Self::IdNotUnique => "idNotUnique",
            Self::DuplicateWarning => "duplicateWarning",
            Self::NonUniqueVoiceBridge => "nonUniqueVoiceBridge",
            Self::MismatchCreateTime => "mismatchCreateTimeParam",
            Self::MeetingForciblyEnded => "meetingForciblyEnded",
            Self::MaxParticipantsReached => "maxParticipantsReached",
            Self::GuestDeny => "guestDeny",
            Self::InvalidPassword => "invalidPassword",
            Self::Missing(parameter) => return write!(f, "missingParam{parameter}"),
            Self::UnsupportedContentType => "unsupportedContentType",
            Self::NoMeetings => "noMeetings",
            Self::NoRecordings => "noRecordings",
            Self::SentEndMeetingRequest => "sentEndMeetingRequest",
            Self::ServerUnavailable => "serverUnavailable",
            Self::ServerTagUnavailable => "serverTagUnavailable",
            Self::InternalError => "internalError",
            Self::Other(key) if key.is_empty() => "no reason",
            Self::Other(key) => key,
        })
    }
}

/// Why a call failed. The text names the server's host and never an address, which would hold a checksum.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No connection, or one that broke off.
    #[error("{host} cannot be reached: {detail}")]
    Unreachable {
        /// The server's host.
        host: String,
        /// What the network or TLS said.
        detail: String,
    },
    /// It took too long. Whether the server did what was asked is not known.
    #[error("{host} did not answer within {} s", after.as_secs_f32())]
    TimedOut {
        /// The server's host.
        host: String,
        /// How long it had.
        after: Duration,
    },
    /// It answers with a failure of its own or of the proxy before it.
    #[error("{host} fails with status {status}")]
    Failing {
        /// The server's host.
        host: String,
        /// The HTTP status, 500 or more, 408, 425 or 429.
        status: u16,
    },
    /// What answers there is not BigBlueButton.
    #[error("what answers at {host} is not BigBlueButton ({detail})")]
    NotBigBlueButton {
        /// The server's host.
        host: String,
        /// What it answered instead.
        detail: String,
    },
    /// There is no such meeting or recording (any more).
    #[error("{host} has no such meeting or recording ({key})")]
    Gone {
        /// The server's host.
        host: String,
        /// How it said so.
        key: MessageKey,
    },
    /// It refused.
    #[error("{host} refuses: {key}{}{message}", if message.is_empty() { "" } else { ", " })]
    Refused {
        /// The server's host.
        host: String,
        /// Why.
        key: MessageKey,
        /// What it says to people.
        message: Line,
    },
    /// More than fits in a call.
    #[error("{what} is too long for {host}: {size} bytes, of which {limit} fit")]
    TooLong {
        /// The server's host.
        host: String,
        /// What is too long.
        what: &'static str,
        /// How long it is.
        size: usize,
        /// How long it may be.
        limit: usize,
    },
    /// The call cannot be made from here at all.
    #[error("{host} is not called: {detail}")]
    NotCalled {
        /// The server's host.
        host: String,
        /// Why.
        detail: String,
        /// What to do.
        remedy: &'static str,
    },
}

impl Error {
    /// Whether the thing that was asked for does not exist (any more), by whichever of the words for it.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Gone { .. })
    }

    /// Whether it may succeed later without anything being changed here. Every call may be repeated: `create` is
    /// idempotent, and the others ask or bring about a state. The exception is a chat message whose answer was lost,
    /// which would stand there twice.
    pub fn may_pass(&self) -> bool {
        match self {
            // The last is a proxy's page in place of an answer, as during a restart.
            Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::Failing { .. }
            | Self::NotBigBlueButton { .. } => true,
            Self::Refused { key, .. } => matches!(
                key,
                MessageKey::ServerUnavailable | MessageKey::ServerTagUnavailable | MessageKey::InternalError
            ),
            Self::Gone { .. } | Self::TooLong { .. } | Self::NotCalled { .. } => false,
        }
    }

    /// Whether it speaks against the server's health: it did not answer as BigBlueButton does.
    pub fn is_missed(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::TimedOut { .. }
                | Self::Failing { .. }
                | Self::NotBigBlueButton { .. }
        )
    }

    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => {
                "Check that the server runs, that its certificate is valid, and that this machine may reach it"
            }
            Self::TimedOut { .. } => {
                "See whether the server is overloaded; rooms can be moved to another one"
            }
            Self::Failing { .. } => "Look into the server's log; `bbb-conf --check` finds most causes",
            Self::NotBigBlueButton { .. } => {
                "Copy the line \"URL\" that `bbb-conf --secret` prints on the server"
            }
            Self::Gone { .. } => "Open the room again",
            Self::Refused { key, .. } => match key {
                MessageKey::ChecksumError => {
                    "Copy the line \"Secret\" that `bbb-conf --secret` prints, and choose an algorithm that the server's \
                     supportedChecksumAlgorithms allows"
                }
                MessageKey::IdNotUnique => "End the other meeting, or give the room another identifier",
                MessageKey::MismatchCreateTime => "Open the room's page again for a new link",
                MessageKey::MaxParticipantsReached => {
                    "Raise the limit of the room, or wait until somebody leaves"
                }
                MessageKey::ServerUnavailable | MessageKey::ServerTagUnavailable => {
                    "Enable more servers at the balancer"
                }
                _ => "Look into the server's log for the reason",
            },
            Self::TooLong { .. } => "Shorten it",
            Self::NotCalled { remedy, .. } => remedy,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_key_is_known_and_spelled_back() {
        for key in [
            "checksumError",
            "validationError",
            "missingParamMeetingID",
            "notFound",
            "meetingNotFound",
            "invalidMeetingIdentifier",
            "idNotUnique",
            "duplicateWarning",
            "nonUniqueVoiceBridge",
            "mismatchCreateTimeParam",
            "meetingForciblyEnded",
            "maxParticipantsReached",
            "guestDeny",
            "invalidPassword",
            "unsupportedContentType",
            "noMeetings",
            "noRecordings",
            "missingParamRecordID",
            "missingParamPublish",
            "sentEndMeetingRequest",
            "internalError",
            "serverUnavailable",
            "serverTagUnavailable",
        ] {
            let parsed = MessageKey::parse(key);
            assert!(!matches!(parsed, MessageKey::Other(_)), "{key}");
            assert_eq!(parsed.to_string(), key);
        }
        let other = MessageKey::parse("somethingNew\n\u{1b}[31m");
        assert_eq!(other.to_string(), "somethingNew [31m");
    }

    #[test]
    fn a_wrong_secret_is_not_tried_again() {
        let host = || "bbb1".to_owned();
        let refused =
            Error::Refused { host: host(), key: MessageKey::ChecksumError, message: Line::default() };
        assert!(!refused.may_pass() && !refused.is_missed());
        assert_eq!(refused.to_string(), "bbb1 refuses: checksumError");
        let failing = Error::Failing { host: host(), status: 502 };
        assert!(failing.may_pass() && failing.is_missed());
    }
}
