//! Access codes: how the committee lets somebody submit to a call that is closed (requirement 17).

use super::Late;
use crate::{
    Refusal,
    id::{AccessCodeId, CallId},
    text::Line,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The letters of a code: none that is mistaken for another when it is read aloud or copied by hand.
pub const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// How many letters a code has: sixty bits, which nobody guesses through a rate limit.
pub const CODE_LENGTH: usize = 12;

/// A code with which one may submit to a call after it has closed. Its text is shown once; the record keeps its digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessCode {
    /// Its identifier.
    pub id: AccessCodeId,
    /// The call.
    pub call: CallId,
    /// For whom it is, or why.
    pub note: Line,
    /// When it was made.
    pub made: Timestamp,
    /// Until when it is good.
    pub until: Timestamp,
    /// When it was taken back.
    #[serde(default)]
    pub revoked: Option<Timestamp>,
}

impl AccessCode {
    /// Whether it is good at `now`.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && now < self.until
    }

    /// Whether it can be made at `now`.
    pub fn check(&self, now: Timestamp) -> Result<(), Refusal> {
        if self.note.is_empty() {
            return Err(Refusal::new("note", "it is empty", "Say for whom the code is"));
        }
        if self.until <= now {
            return Err(Refusal::new("until", "it is in the past", "Choose a later day"));
        }
        Ok(())
    }
}

/// The code as it is compared, of what somebody typed: letters and digits, without case, spaces and hyphens.
pub fn normal_code(typed: &str) -> String {
    typed.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect()
}

/// The code as people read it: in groups of four.
pub fn shown_code(code: &str) -> String {
    let letters: Vec<char> = code.chars().collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// With what right somebody submits to `call` who typed a code that was `found` to be that one. `None` where nothing was typed.
pub fn late(
    typed: &str,
    found: Option<&AccessCode>,
    call: CallId,
    now: Timestamp,
) -> Result<Option<Late>, Refusal> {
    if normal_code(typed).is_empty() {
        return Ok(None);
    }
    match found {
        Some(code) if code.call == call && code.holds(now) => Ok(Some(Late::Invited)),
        // One answer for all, so that nothing is learnt about the codes that there are.
        _ => Err(Refusal::new(
            "code",
            "it is not good for this call any more, or never was",
            "Copy it again, or ask the committee for another",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn code() -> AccessCode {
        AccessCode {
            id: AccessCodeId(Uuid::from_u128(1)),
            call: CallId(Uuid::from_u128(2)),
            note: Line::from("Ada, who was ill"),
            made: Timestamp::UNIX_EPOCH,
            until: "2027-05-01T00:00:00Z".parse().unwrap(),
            revoked: None,
        }
    }

    #[test]
    fn a_code_is_good_for_its_call_until_its_time_or_until_it_is_taken_back() {
        let (code, now) = (code(), "2027-04-30T23:59:59Z".parse().unwrap());
        assert_eq!(late("k7mq-2xpd-9abc", Some(&code), code.call, now), Ok(Some(Late::Invited)));
        assert_eq!(late(" - ", None, code.call, now), Ok(None));
        let other = CallId(Uuid::from_u128(3));
        let revoked = AccessCode { revoked: Some(now), ..code.clone() };
        for (found, call, now) in [
            (None, code.call, now),
            (Some(&code), other, now),
            (Some(&revoked), code.call, now),
            (Some(&code), code.call, code.until),
        ] {
            assert_eq!(late("K7MQ", found, call, now).unwrap_err().field, "code");
        }
    }

    #[test]
    fn what_is_typed_and_what_is_shown_are_the_same_code() {
        assert_eq!(shown_code("K7MQ2XPD9ABC"), "K7MQ-2XPD-9ABC");
        assert_eq!(normal_code(" k7mq 2xpd-9abc\n"), "K7MQ2XPD9ABC");
    }

    #[test]
    fn a_code_says_for_whom_it_is_and_ends() {
        assert!(code().check(code().made).is_ok());
        assert_eq!(code().check(code().until).unwrap_err().field, "until");
        let nobody = AccessCode { note: Line::default(), ..code() };
        assert_eq!(nobody.check(code().made).unwrap_err().field, "note");
    }
}
