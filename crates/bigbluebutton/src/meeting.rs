//! What a meeting is called, by us and by its server.

use model::Refusal;
use std::fmt;

/// The identifier by which we know a meeting: `meetingID` in calls, `external-meeting-id` in callbacks. One room keeps
/// the same one over all of its meetings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MeetingId(String);

impl MeetingId {
    /// The longest that BigBlueButton takes, in characters; the shortest is 2.
    pub const LONGEST: usize = 256;

    /// Accepts an identifier: 2 to 256 characters, without commas (lists in calls are separated by them), control
    /// characters and space around it.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let refuse = |problem, remedy| Err(Refusal::new("meeting", problem, remedy));
        if !(2..=Self::LONGEST).contains(&text.chars().count()) {
            return refuse("the identifier is too short or too long", "Use 2 to 256 characters");
        }
        if text.contains([',', '/', '\\']) || text.contains(char::is_control) || text.trim() != text {
            return refuse(
                "the identifier has a comma, a slash, a control character or space around it",
                "Use letters, digits and hyphens",
            );
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MeetingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which run of a room a meeting is: its server's time of creation, in milliseconds since 1970. A room that was ended
/// and opened again has another one; a join link that names it leads into no other run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CreateTime(pub i64);

impl fmt::Display for CreateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What somebody may do in a meeting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Takes part.
    #[default]
    Viewer,
    /// Also mutes, removes people, ends the meeting, lets guests in.
    Moderator,
}

impl Role {
    /// As the API spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "VIEWER",
            Self::Moderator => "MODERATOR",
        }
    }

    /// As the API spells it; whatever is not known has the least rights.
    pub fn lenient(text: &str) -> Self {
        if text.eq_ignore_ascii_case("MODERATOR") { Self::Moderator } else { Self::Viewer }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meeting_has_an_identifier_that_the_server_takes() {
        assert_eq!(MeetingId::parse("track-a").unwrap().as_str(), "track-a");
        assert!(MeetingId::parse(&"é".repeat(256)).is_ok());
        for bad in ["", "a", "a,b", " ab", "a\nb", "a/b", &"x".repeat(257)] {
            assert!(MeetingId::parse(bad).is_err(), "{bad}");
        }
    }
}
