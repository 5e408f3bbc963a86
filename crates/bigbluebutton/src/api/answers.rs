//! What servers answer, as types. Reading is lenient: what is missing is empty, zero or false, what is unknown is passed
//! over, because versions and balancers differ in what they say.

use crate::{
    meeting::{CreateTime, Role},
    profile::Version,
    xml::Element,
};
use serde_json::Value;
use std::collections::BTreeMap;

/// What a server says of itself without being asked for a checksum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The version of the API, `2.0` for all that are in use.
    pub api: String,
    /// The version of BigBlueButton, where its operator lets it say so.
    pub version: Option<Version>,
    /// What can be told of the version anyway: the least that it must be.
    pub at_least: Option<Version>,
}

impl About {
    pub(crate) fn read(root: &Element) -> Self {
        let said =
            ["bbbVersion", "apiVersion"].into_iter().find_map(|name| Version::parse(root.text_of(name)));
        // `apiVersion` is "2.0" where the version itself is kept back.
        let version = said.filter(|version| *version > Version::new(2, 0));
        // Plugins came with 3.0 (SDK 0.0), and SDK 0.1 is of 3.1 and later; both have a GraphQL address.
        let sdk = Version::parse(root.text_of("html5PluginSdkVersion"));
        let graphql = !root.text_of("graphqlApiUrl").is_empty();
        let at_least = match (version, sdk) {
            (Some(version), _) => Some(version),
            (None, Some(sdk)) if sdk >= Version::new(0, 1) => Some(Version::new(3, 1)),
            (None, sdk) => (sdk.is_some() || graphql).then(|| Version::new(3, 0)),
        };
        Self { api: root.text_of("version").to_owned(), version, at_least }
    }
}

/// A room that is open now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Created {
    /// The server's own identifier of this run, `internal-meeting-id` in callbacks; also that of its recording.
    pub internal: String,
    /// Which run it is.
    pub run: CreateTime,
    /// Whether it was open before. Then what this call asked for was ignored.
    pub already: bool,
    /// Whether somebody has been inside.
    pub joined: bool,
}

impl Created {
    pub(crate) fn read(root: &Element) -> Self {
        Self {
            internal: root.text_of("internalMeetingID").to_owned(),
            run: CreateTime(root.number("createTime")),
            already: root.text_of("messageKey") == "duplicateWarning",
            joined: root.flag("hasUserJoined"),
        }
    }
}

/// Somebody who is inside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attendee {
    /// Whom we know them as, from their join address; something of the server's where we gave nothing.
    pub person: String,
    /// Their name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether they present.
    pub presenter: bool,
    /// Whether they only listen.
    pub listening_only: bool,
    /// Whether they can speak.
    pub voice: bool,
    /// Whether their camera is on.
    pub camera: bool,
}

/// A meeting, as its server sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meeting {
    /// Our identifier. Meetings of others on the same server have what their makers gave them.
    pub id: String,
    /// The server's own identifier of this run.
    pub internal: String,
    /// What it is called.
    pub name: String,
    /// Which run it is.
    pub run: CreateTime,
    /// Whether somebody is inside.
    pub running: bool,
    /// Whether it can be recorded.
    pub recorded: bool,
    /// Whether somebody ended it.
    pub ended: bool,
    /// Whether it is a breakout room of another one.
    pub breakout: bool,
    /// When somebody came in first, in milliseconds since 1970; zero for not yet.
    pub started: i64,
    /// How many are inside.
    pub people: u32,
    /// How many of them are moderators.
    pub moderators: u32,
    /// How many of them only listen.
    pub listeners: u32,
    /// How many of them can speak.
    pub voices: u32,
    /// How many cameras are on.
    pub cameras: u32,
    /// How many fit in; zero for no limit.
    pub most_people: u32,
    /// What it carries, names in lower case.
    pub metadata: BTreeMap<String, String>,
    /// Who is inside.
    pub attendees: Vec<Attendee>,
}

impl Meeting {
    pub(crate) fn read(element: &Element) -> Self {
        Self {
            id: element.text_of("meetingID").to_owned(),
            internal: element.text_of("internalMeetingID").to_owned(),
            name: element.text_of("meetingName").to_owned(),
            run: CreateTime(element.number("createTime")),
            running: element.flag("running"),
            recorded: element.flag("recording"),
            ended: element.flag("hasBeenForciblyEnded"),
            breakout: element.flag("isBreakout"),
            started: element.number("startTime"),
            people: element.number("participantCount"),
            moderators: element.number("moderatorCount"),
            listeners: element.number("listenerCount"),
            voices: element.number("voiceParticipantCount"),
            cameras: element.number("videoCount"),
            most_people: element.number("maxUsers"),
            metadata: metadata(element),
            attendees: element.listed("attendees", "attendee").map(attendee).collect(),
        }
    }
}

fn attendee(element: &Element) -> Attendee {
    Attendee {
        person: element.text_of("userID").to_owned(),
        name: element.text_of("fullName").to_owned(),
        role: Role::lenient(element.text_of("role")),
        presenter: element.flag("isPresenter"),
        listening_only: element.flag("isListeningOnly"),
        voice: element.flag("hasJoinedVoice"),
        camera: element.flag("hasVideo"),
    }
}

fn metadata(element: &Element) -> BTreeMap<String, String> {
    let entries = element.child("metadata").into_iter().flat_map(|metadata| &metadata.children);
    entries.map(|entry| (entry.name.to_lowercase(), entry.text.clone())).collect()
}

/// How far a recording is.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordingState {
    /// It is being made.
    #[default]
    Processing,
    /// It is made and not published yet.
    Processed,
    /// It can be watched.
    Published,
    /// It was taken back.
    Unpublished,
    /// It is gone.
    Deleted,
    /// Something else, as it stands.
    Other(String),
}

impl RecordingState {
    /// As the API spells it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Processing => "processing",
            Self::Processed => "processed",
            Self::Published => "published",
            Self::Unpublished => "unpublished",
            Self::Deleted => "deleted",
            Self::Other(other) => other,
        }
    }

    /// As the API spells it.
    pub fn parse(text: &str) -> Self {
        match text {
            "processing" => Self::Processing,
            "processed" => Self::Processed,
            "published" => Self::Published,
            "unpublished" => Self::Unpublished,
            "deleted" => Self::Deleted,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// One way to watch a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Playback {
    /// Which: `presentation`, `video`, `podcast` and others.
    pub format: String,
    /// Where.
    pub url: String,
    /// How long it is, in minutes.
    pub minutes: u32,
    /// How large it is, in bytes; zero where it is not said.
    pub bytes: u64,
}

/// A recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recording {
    /// Its identifier, which is that of the meeting's run.
    pub id: String,
    /// Our identifier of the meeting.
    pub meeting: String,
    /// What the meeting was called.
    pub name: String,
    /// How far it is.
    pub state: RecordingState,
    /// Whether it can be watched.
    pub published: bool,
    /// When the meeting began, in milliseconds since 1970.
    pub started: i64,
    /// When it ended, in milliseconds since 1970.
    pub ended: i64,
    /// How many took part.
    pub people: u32,
    /// What it carries, names in lower case.
    pub metadata: BTreeMap<String, String>,
    /// The ways to watch it.
    pub playbacks: Vec<Playback>,
}

impl Recording {
    pub(crate) fn read(element: &Element) -> Self {
        Self {
            id: element.text_of("recordID").to_owned(),
            meeting: element.text_of("meetingID").to_owned(),
            name: element.text_of("name").to_owned(),
            state: RecordingState::parse(element.text_of("state")),
            published: element.flag("published"),
            started: element.number("startTime"),
            ended: element.number("endTime"),
            people: element.number("participants"),
            metadata: metadata(element),
            playbacks: element.listed("playback", "format").map(playback).collect(),
        }
    }
}

fn playback(element: &Element) -> Playback {
    Playback {
        format: element.text_of("type").to_owned(),
        url: element.text_of("url").to_owned(),
        minutes: element.number("length"),
        bytes: element.number("size"),
    }
}

/// Subtitles or captions of a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextTrack {
    /// Where the WebVTT file is.
    pub url: String,
    /// `subtitles` or `captions`.
    pub kind: String,
    /// The language as an RFC 5646 tag.
    pub language: String,
    /// What it is called in the player.
    pub label: String,
    /// Where it came from: `live`, `automatic` or `upload`.
    pub source: String,
}

impl TextTrack {
    pub(crate) fn read(value: &Value) -> Self {
        let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self {
            url: text("href"),
            kind: text("kind"),
            language: text("lang"),
            label: text("label"),
            source: text("source"),
        }
    }
}

/// Whom a server tells of events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hook {
    /// The server's number for it.
    pub id: String,
    /// Where it calls. This alone is its identity: registering it again changes nothing of it.
    pub callback: String,
    /// The one meeting that it is for; empty for all.
    pub meeting: String,
    /// Whether it stays after calls have failed for minutes.
    pub permanent: bool,
    /// Whether events come as they are inside the server.
    pub raw: bool,
}

impl Hook {
    pub(crate) fn read(element: &Element) -> Self {
        Self {
            id: element.text_of("hookID").to_owned(),
            callback: element.text_of("callbackURL").to_owned(),
            meeting: element.text_of("meetingID").to_owned(),
            permanent: element.flag("permanentHook"),
            raw: element.flag("rawData"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(xml: &str) -> About {
        About::read(&Element::parse(xml.as_bytes()).unwrap())
    }

    #[test]
    fn a_version_is_believed_and_else_inferred() {
        let three = about(
            "<response><version>2.0</version><apiVersion>2.0</apiVersion><bbbVersion>3.0.4</bbbVersion></response>",
        );
        assert_eq!((three.api.as_str(), three.version), ("2.0", Version::parse("3.0.4")));
        let hidden = about(
            "<response><version>2.0</version><apiVersion>2.0</apiVersion><bbbVersion/>\
             <html5PluginSdkVersion>0.0.64</html5PluginSdkVersion></response>",
        );
        assert_eq!((hidden.version, hidden.at_least), (None, Some(Version::new(3, 0))));
        let four = about("<response><html5PluginSdkVersion>0.1.26</html5PluginSdkVersion></response>");
        assert_eq!(four.at_least, Some(Version::new(3, 1)));
        assert_eq!(about("<response><version>2.0</version></response>").at_least, None);
    }

    #[test]
    fn a_meeting_of_which_little_is_said_is_still_one() {
        let root = Element::parse(
            b"<meeting><meetingID>a1</meetingID><participantCount>x</participantCount></meeting>",
        );
        let meeting = Meeting::read(&root.unwrap());
        assert_eq!((meeting.id.as_str(), meeting.people, meeting.attendees.len()), ("a1", 0, 0));
    }
}
