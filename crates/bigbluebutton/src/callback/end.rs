//! The end of a meeting: the server calls the address that `meta_endCallbackUrl` gave it, with
//! `recordingmarks=true|false` and `meetingID=...` added
//! (<https://docs.bigbluebutton.org/development/api/#end-meeting-callback-url>).
//!
//! It does not sign this, so the address has to hold a token that only the server was given. The token proves nothing but
//! that somebody knows the address of this one run, and what it makes us do is to look whether the meeting is over.

use crate::{checksum::hex, meeting::MeetingId, secret::Secret};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// What was told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Our identifier of the meeting; empty where the version does not say it.
    pub meeting: String,
    /// Whether somebody pressed the button that starts recording. Without that, no playback will be made.
    pub marked: bool,
}

/// The token for a meeting's address: a MAC with `key`, which only we know, over the meeting's identifier.
pub fn token(key: &Secret, meeting: &MeetingId) -> String {
    // A MAC takes keys of any length; the error exists for others.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.reveal().as_bytes()) else { return String::new() };
    mac.update(b"end-of-meeting\0");
    mac.update(meeting.as_str().as_bytes());
    let whole = hex(&mac.finalize().into_bytes());
    whole[..32].to_owned()
}

/// Whether it is the token of that meeting.
pub fn verify(key: &Secret, meeting: &MeetingId, claimed: &str) -> bool {
    let expected = token(key, meeting);
    !key.is_empty() && !expected.is_empty() && bool::from(expected.as_bytes().ct_eq(claimed.as_bytes()))
}

/// Reads the query of the callback.
pub fn read(query: &str) -> Ended {
    let mut ended = Ended::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "recordingmarks" => ended.marked = value == "true",
            "meetingID" => ended.meeting = value.into_owned(),
            _ => {}
        }
    }
    ended
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_of_one_meeting_and_one_key() {
        let (a, b) = (MeetingId::parse("track-a").unwrap(), MeetingId::parse("track-b").unwrap());
        let key = Secret::new("key");
        let token = token(&key, &a);
        assert_eq!(token.len(), 32);
        assert!(verify(&key, &a, &token));
        assert!(!verify(&key, &b, &token) && !verify(&Secret::new("other"), &a, &token));
        assert!(!verify(&key, &a, "") && !verify(&Secret::new(""), &a, &self::token(&Secret::new(""), &a)));
    }

    #[test]
    fn the_query_says_whether_there_will_be_a_playback() {
        let marked = read("token=x&recordingmarks=true&meetingID=track-a");
        assert_eq!(marked, Ended { meeting: "track-a".to_owned(), marked: true });
        assert_eq!(read(""), Ended::default());
    }
}
