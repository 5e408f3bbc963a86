//! The calls of a simulated server, from their parameters to the XML that answers them.

use super::{
    Version,
    state::{Meeting, Parameters, Recorded, Refused, State},
};
use crate::{api::MessageKey, xml::Element};
use jiff::Timestamp;
use quick_xml::escape::escape;
use std::fmt::Write as _;

/// An answer under construction.
#[derive(Default)]
pub(super) struct Xml(String);

impl Xml {
    /// One element with text.
    #[expect(clippy::needless_pass_by_value, reason = "numbers and flags are written where they are said")]
    pub(super) fn tag(mut self, name: &str, value: impl ToString) -> Self {
        let value = value.to_string();
        // Writing into a text does not fail.
        let _ = write!(self.0, "<{name}>{}</{name}>", escape(value.as_str()));
        self
    }

    /// One element with what `fill` puts inside.
    pub(super) fn inside(self, name: &str, fill: impl FnOnce(Self) -> Self) -> Self {
        let Self(mut text) = self;
        let _ = write!(text, "<{name}>");
        let Self(mut text) = fill(Self(text));
        let _ = write!(text, "</{name}>");
        Self(text)
    }

    /// The whole as it is sent.
    pub(super) fn response(self, code: &str) -> String {
        format!("<response><returncode>{code}</returncode>{}</response>", self.0)
    }
}

/// The answer that refuses.
pub(super) fn refusal((key, message): &Refused) -> String {
    let key = match key {
        MessageKey::Missing(parameter) if parameter.is_empty() => "Params required".to_owned(),
        key => key.to_string(),
    };
    Xml::default().tag("messageKey", key).tag("message", message).response("FAILED")
}

/// The answer to the call without a name.
pub(super) fn about(version: Version) -> String {
    let xml =
        Xml::default().tag("version", "2.0").tag("apiVersion", "2.0").tag("bbbVersion", version.number());
    match version {
        Version::V2_7 => xml,
        Version::V3_0 => xml.tag("graphqlWebsocketUrl", "").tag("html5PluginSdkVersion", "0.0.70"),
        Version::V4_0 => xml.tag("graphqlWebsocketUrl", "").tag("html5PluginSdkVersion", "0.1.26"),
    }
    .response("SUCCESS")
}

/// Answers a call whose checksum was right. `None` for calls that the version does not have.
pub(super) fn call(
    state: &mut State,
    version: Version,
    call: &str,
    parameters: &Parameters,
    body: &[u8],
    now: Timestamp,
) -> Option<Result<String, Refused>> {
    let text = |name: &str| parameters.get(name).map_or("", String::as_str);
    let done = |xml: Xml| Ok(xml.response("SUCCESS"));
    Some(match call {
        "create" => state.create(parameters, documents(body), now).map(|(meeting, already)| {
            let (key, message) = if already {
                (
                    "duplicateWarning",
                    "This conference was already in existence and may currently be in progress.",
                )
            } else {
                ("", "")
            };
            created(meeting).tag("messageKey", key).tag("message", message).response("SUCCESS")
        }),
        "isMeetingRunning" => match state.meeting(parameters) {
            Ok(meeting) => done(Xml::default().tag("running", meeting.inside().next().is_some())),
            Err((MessageKey::NotFound, _)) => done(Xml::default().tag("running", false)),
            Err(refused) => Err(refused),
        },
        "getMeetingInfo" => {
            state.meeting(parameters).map(|meeting| described(Xml::default(), meeting).response("SUCCESS"))
        }
        "getMeetings" => {
            let empty = state.meetings.is_empty();
            let list = Xml::default().inside("meetings", |xml| {
                state
                    .meetings
                    .values()
                    .fold(xml, |xml, meeting| xml.inside("meeting", |xml| described(xml, meeting)))
            });
            done(if empty {
                list.tag("messageKey", "noMeetings").tag("message", "no meetings were found on this server")
            } else {
                list
            })
        }
        "end" => match state.meeting(parameters) {
            Ok(meeting) => {
                let password = text("password");
                if !password.is_empty() && password != meeting.moderator_password {
                    return Some(Err((
                        MessageKey::InvalidPassword,
                        "The supplied moderator password is incorrect",
                    )));
                }
                let id = meeting.id.clone();
                state.end(&id, now);
                done(Xml::default().tag("messageKey", "sentEndMeetingRequest").tag(
                    "message",
                    "A request to end the meeting was sent. Please wait a few seconds, and then use the \
                     getMeetingInfo or isMeetingRunning API calls to verify that it was ended.",
                ))
            }
            Err(refused) => Err(refused),
        },
        "insertDocument" => state.meeting(parameters).map(|meeting| {
            meeting.documents += documents(body);
            Xml::default().tag("message", "Presentation is being uploaded").response("SUCCESS")
        }),
        "sendChatMessage" if version >= Version::V3_0 => state.say_from_outside(parameters, now).map(|()| {
            Xml::default()
                .tag("messageKey", "")
                .tag("message", "Message successfully sent")
                .response("SUCCESS")
        }),
        "getRecordings" => recordings(state, parameters),
        "publishRecordings" | "deleteRecordings" | "updateRecordings" => change(state, call, parameters, now),
        "hooks/create" => state.hook(parameters).map(|(hook, already)| {
            let xml = Xml::default().tag("hookID", hook.id).tag("permanentHook", false).tag("rawData", false);
            let xml = if already {
                xml.tag("messageKey", "duplicateWarning")
                    .tag("message", "There is already a hook for this callback URL.")
            } else {
                xml
            };
            xml.response("SUCCESS")
        }),
        "hooks/list" => done(Xml::default().inside("hooks", |xml| {
            state.hooks.iter().fold(xml, |xml, hook| {
                xml.inside("hook", |xml| {
                    let xml = xml.tag("hookID", hook.id).tag("callbackURL", &hook.callback);
                    let xml = if hook.meeting.is_empty() { xml } else { xml.tag("meetingID", &hook.meeting) };
                    xml.tag("permanentHook", false).tag("rawData", false)
                })
            })
        })),
        "hooks/destroy" => {
            let before = state.hooks.len();
            state.hooks.retain(|hook| hook.id.to_string() != text("hookID"));
            if state.hooks.len() < before {
                done(Xml::default().tag("removed", true))
            } else {
                Err((MessageKey::Other("destroyMissingHook".to_owned()), "The hook informed was not found."))
            }
        }
        _ => return None,
    })
}

/// How many documents a body names. What is no XML names none.
fn documents(body: &[u8]) -> usize {
    Element::parse(body).map_or(0, |root| root.listed("module", "document").count())
}

fn created(meeting: &Meeting) -> Xml {
    Xml::default()
        .tag("meetingID", &meeting.id)
        .tag("internalMeetingID", &meeting.internal)
        .tag("parentMeetingID", "bbb-none")
        .tag("attendeePW", &meeting.attendee_password)
        .tag("moderatorPW", &meeting.moderator_password)
        .tag("createTime", meeting.created)
        .tag("voiceBridge", &meeting.voice_bridge)
        .tag("dialNumber", "613-555-1234")
        .tag("createDate", date(meeting.created))
        .tag("hasUserJoined", meeting.joined)
        .tag("duration", or_zero(meeting.text("duration")))
        .tag("hasBeenForciblyEnded", meeting.ended)
}

/// A number as it was given; zero for none.
fn or_zero(number: &str) -> &str {
    if number.is_empty() { "0" } else { number }
}

fn date(millis: i64) -> String {
    let instant = Timestamp::from_millisecond(millis).unwrap_or_default();
    instant.strftime("%a %b %d %H:%M:%S UTC %Y").to_string()
}

fn described(xml: Xml, meeting: &Meeting) -> Xml {
    let count = |role| meeting.inside().filter(|user| user.role == role).count();
    let people = meeting.inside().count();
    xml.tag("meetingName", &meeting.name)
        .tag("meetingID", &meeting.id)
        .tag("internalMeetingID", &meeting.internal)
        .tag("createTime", meeting.created)
        .tag("createDate", date(meeting.created))
        .tag("voiceBridge", &meeting.voice_bridge)
        .tag("dialNumber", "613-555-1234")
        .tag("attendeePW", &meeting.attendee_password)
        .tag("moderatorPW", &meeting.moderator_password)
        .tag("running", people > 0)
        .tag("duration", or_zero(meeting.text("duration")))
        .tag("hasUserJoined", meeting.joined)
        .tag("recording", meeting.flag("record"))
        .tag("hasBeenForciblyEnded", meeting.ended)
        .tag("startTime", meeting.started)
        .tag("endTime", 0)
        .tag("participantCount", people)
        .tag("listenerCount", 0)
        .tag("voiceParticipantCount", 0)
        .tag("videoCount", 0)
        .tag("maxUsers", or_zero(meeting.text("maxParticipants")))
        .tag("moderatorCount", count(crate::meeting::Role::Moderator))
        .inside("attendees", |xml| {
            meeting.inside().fold(xml, |xml, user| {
                xml.inside("attendee", |xml| {
                    xml.tag("userID", &user.external)
                        .tag("fullName", &user.name)
                        .tag("role", user.role.as_str())
                        .tag("isPresenter", false)
                        .tag("isListeningOnly", false)
                        .tag("hasJoinedVoice", false)
                        .tag("hasVideo", false)
                        .tag("clientType", "HTML5")
                })
            })
        })
        .inside("metadata", |xml| carried(xml, &meeting.metadata()))
        .tag("isBreakout", false)
}

/// Metadata as elements. A name that cannot be one is left out, as otherwise nobody could read the answer.
fn carried(xml: Xml, metadata: &std::collections::BTreeMap<String, String>) -> Xml {
    let fits = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    metadata.iter().filter(|(name, _)| fits(name)).fold(xml, |xml, (name, value)| xml.tag(name, value))
}

fn recordings(state: &State, parameters: &Parameters) -> Result<String, Refused> {
    let text = |name: &str| parameters.get(name).map_or("", String::as_str);
    let listed = |name: &str| {
        let list: Vec<&str> = text(name).split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
        list
    };
    let (meetings, ids, states) = (listed("meetingID"), listed("recordID"), listed("state"));
    let limit = match text("limit") {
        "" => usize::MAX,
        limit => match limit.parse() {
            Ok(limit @ 1..=100) => limit,
            _ => return Err((MessageKey::ValidationError, "limit must be between 1 and 100")),
        },
    };
    let offset = text("offset").parse().unwrap_or_default();
    let wanted = |recording: &&Recorded| {
        (meetings.is_empty() || meetings.contains(&recording.meeting.as_str()))
            && (ids.is_empty() || ids.iter().any(|id| recording.id.starts_with(id)))
            && (states.contains(&"any")
                || if states.is_empty() {
                    matches!(recording.state, "published" | "unpublished")
                } else {
                    states.contains(&recording.state)
                })
            && parameters.iter().all(|(name, value)| {
                name.strip_prefix("meta_")
                    .is_none_or(|name| recording.metadata.get(&name.to_lowercase()) == Some(value))
            })
    };
    let found: Vec<&Recorded> = state.recordings.iter().filter(wanted).skip(offset).take(limit).collect();
    if found.is_empty() {
        let xml = Xml::default().inside("recordings", |xml| xml).tag("messageKey", "noRecordings");
        return Ok(xml.tag("message", "There are no recordings for the meeting(s).").response("SUCCESS"));
    }
    let list = |xml| {
        found.iter().fold(xml, |xml: Xml, recording| xml.inside("recording", |xml| recorded(xml, recording)))
    };
    Ok(Xml::default().inside("recordings", list).response("SUCCESS"))
}

fn recorded(xml: Xml, recording: &Recorded) -> Xml {
    let minutes = (recording.ended - recording.started) / 60_000;
    let xml = xml
        .tag("recordID", &recording.id)
        .tag("meetingID", &recording.meeting)
        .tag("internalMeetingID", &recording.id)
        .tag("name", &recording.name)
        .tag("isBreakout", false)
        .tag("published", recording.state == "published")
        .tag("state", recording.state)
        .tag("startTime", recording.started)
        .tag("endTime", recording.ended)
        .tag("participants", recording.people)
        .inside("metadata", |xml| carried(xml, &recording.metadata));
    if matches!(recording.state, "processing" | "deleted") {
        return xml.inside("playback", |xml| xml);
    }
    xml.inside("playback", |xml| {
        xml.inside("format", |xml| {
            xml.tag("type", "presentation")
                .tag("url", format!("https://simulated.invalid/playback/presentation/2.3/{}", recording.id))
                .tag("processingTime", 7_177)
                .tag("length", minutes)
                .tag("size", 1_104_836)
        })
    })
}

fn change(state: &mut State, call: &str, parameters: &Parameters, now: Timestamp) -> Result<String, Refused> {
    let text = |name: &str| parameters.get(name).map_or("", String::as_str);
    let list = text("recordID");
    if list.is_empty() {
        return Err((MessageKey::Missing("RecordID".to_owned()), "You must specify a recordID"));
    }
    let (found, name) = match call {
        "publishRecordings" => {
            let state_wanted = match text("publish") {
                "true" => "published",
                "false" => "unpublished",
                _ => return Err((MessageKey::Missing("Publish".to_owned()), "You must specify publish")),
            };
            (state.move_recordings(list, state_wanted, now), "published")
        }
        "deleteRecordings" => (state.move_recordings(list, "deleted", now), "deleted"),
        _ => {
            let mut found = false;
            for recording in state.named(list) {
                found = true;
                for (name, value) in parameters {
                    let Some(name) = name.strip_prefix("meta_").map(str::to_lowercase) else { continue };
                    if value.is_empty() {
                        recording.metadata.remove(&name);
                    } else {
                        recording.metadata.insert(name, value.clone());
                    }
                }
            }
            (found, "updated")
        }
    };
    if !found {
        return Err((MessageKey::NotFound, "We could not find recordings"));
    }
    let value = if call == "publishRecordings" { text("publish") } else { "true" };
    Ok(Xml::default().tag(name, value).response("SUCCESS"))
}
