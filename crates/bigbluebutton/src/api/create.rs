//! Opening a room: everything that `create` takes
//! (<https://docs.bigbluebutton.org/development/api/#create>).

use crate::{
    meeting::MeetingId,
    profile::{Feature, Layout},
    server::Query,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use quick_xml::escape::escape;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

/// Whether guests are let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuestPolicy {
    /// They come in.
    AlwaysAccept,
    /// A moderator lets each in.
    AskModerator,
    /// They do not.
    AlwaysDeny,
}

impl GuestPolicy {
    /// As the API spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AlwaysAccept => "ALWAYS_ACCEPT",
            Self::AskModerator => "ASK_MODERATOR",
            Self::AlwaysDeny => "ALWAYS_DENY",
        }
    }
}

/// What is recorded, and who decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recording {
    /// Nothing, and nobody can start it.
    #[default]
    Never,
    /// A moderator starts and stops it.
    ByModerators,
    /// From the first moment, and nobody can stop it: the policy for public rooms.
    Always,
}

/// What viewers may not do. A lock does not bind moderators.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Locks {
    /// No cameras.
    pub cameras: bool,
    /// Listening only.
    pub microphones: bool,
    /// No private chats.
    pub private_chat: bool,
    /// No writing in the public chat.
    pub public_chat: bool,
    /// No writing in the shared notes.
    pub notes: bool,
    /// Viewers do not see one another in the list.
    pub user_list: bool,
}

/// A document for the room: slides, mostly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Document {
    /// The server fetches it. Newer servers refuse addresses in their own network.
    At {
        /// Where it is.
        url: String,
        /// What it is called in the room; the ending decides how it is converted.
        name: String,
        /// Whether people in the room may download it.
        downloadable: bool,
    },
    /// It goes along in the call.
    Inline {
        /// What it is called in the room; the ending decides how it is converted.
        name: String,
        /// Its bytes.
        bytes: Vec<u8>,
    },
}

/// A room to be opened. What is `None`, empty or `false` where the server has a default stays the server's decision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreateMeeting {
    /// What it is called.
    pub name: String,
    /// The text in the chat for those who come in. BigBlueButton knows some HTML and %%CONFNAME%% in it.
    pub welcome: String,
    /// The text for moderators only.
    pub moderators_welcome: String,
    /// A line above everything.
    pub banner: String,
    /// Its colour, such as `#334455`.
    pub banner_colour: String,
    /// The address of a picture in the corner.
    pub logo: String,
    /// The same for the dark theme, since 3.0.
    pub dark_logo: String,
    /// Where people find themselves after leaving.
    pub logout_url: String,
    /// How many people fit in; `None` for no limit.
    pub most_people: Option<u32>,
    /// After how many minutes it ends by itself; `None` for never.
    pub minutes: Option<u32>,
    /// After how many minutes it vanishes when nobody comes; the server's default is 5.
    pub minutes_until_first: Option<u32>,
    /// After how many minutes it vanishes when everybody has left, 0 for never; the server's default is 1.
    pub minutes_after_last: Option<u32>,
    /// What is recorded.
    pub recording: Recording,
    /// Whether people are told that they are being recorded, since 2.6.
    pub tell_recording: bool,
    /// Whether people come in muted. Servers differ in their default, so it is always said.
    pub muted: bool,
    /// Whether moderators may unmute people.
    pub moderators_unmute: Option<bool>,
    /// Whether cameras are shown to moderators only.
    pub cameras_for_moderators: Option<bool>,
    /// How many cameras one person may share.
    pub cameras_each: Option<u32>,
    /// How many cameras there may be.
    pub cameras: Option<u32>,
    /// Who decides on guests.
    pub guests: Option<GuestPolicy>,
    /// What viewers may not do.
    pub locks: Locks,
    /// How the room is laid out. Only layouts of the server's version are sent; see [`crate::profile`].
    pub layout: Option<Layout>,
    /// What is switched off.
    pub disabled: BTreeSet<Feature>,
    /// Whether the client works in a frame whose cookies are refused. Then a leaked session token is enough to get in.
    pub without_cookies: bool,
    /// What the meeting carries: came back by `getMeetingInfo`, callbacks and recordings with names in lower case.
    pub metadata: BTreeMap<String, String>,
    /// Where the server says that the meeting ended ([`crate::callback::end`]). It does not sign this.
    pub end_callback: String,
    /// Where the server says that a recording can be watched ([`crate::callback::recording`]).
    pub recording_callback: String,
    /// Manifests of client plugins, as JSON; since 3.0.
    pub plugins: String,
    /// Slides. The first is shown. A repetition of `create` ignores them; see [`crate::api::Client::insert_documents`].
    pub documents: Vec<Document>,
}

impl CreateMeeting {
    /// A room called `name`, in which people come in muted.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), muted: true, ..Self::default() }
    }

    /// All of it but the documents, which go in the body.
    pub(crate) fn query(&self, id: &MeetingId) -> Query {
        let yes = |flag: bool| flag.then_some(true);
        let (record, start, stop) = match self.recording {
            Recording::Never => (false, None, Some(false)),
            Recording::ByModerators => (true, Some(false), Some(true)),
            Recording::Always => (true, Some(true), Some(false)),
        };
        let locks = &self.locks;
        Query::new()
            .add("name", &self.name)
            .add("meetingID", id.as_str())
            .text("welcome", &self.welcome)
            .text("moderatorOnlyMessage", &self.moderators_welcome)
            .text("bannerText", &self.banner)
            .text("bannerColor", &self.banner_colour)
            .text("logo", &self.logo)
            .text("darklogo", &self.dark_logo)
            .text("logoutURL", &self.logout_url)
            .maybe("maxParticipants", self.most_people)
            .maybe("duration", self.minutes)
            .maybe("meetingExpireIfNoUserJoinedInMinutes", self.minutes_until_first)
            .maybe("meetingExpireWhenLastUserLeftInMinutes", self.minutes_after_last)
            .maybe("record", Some(record))
            .maybe("autoStartRecording", start)
            .maybe("allowStartStopRecording", stop)
            .maybe("notifyRecordingIsOn", yes(self.tell_recording))
            .maybe("muteOnStart", Some(self.muted))
            .maybe("allowModsToUnmuteUsers", self.moderators_unmute)
            .maybe("webcamsOnlyForModerator", self.cameras_for_moderators)
            .maybe("userCameraCap", self.cameras_each)
            .maybe("meetingCameraCap", self.cameras)
            .maybe("guestPolicy", self.guests.map(GuestPolicy::as_str))
            .maybe("lockSettingsDisableCam", yes(locks.cameras))
            .maybe("lockSettingsDisableMic", yes(locks.microphones))
            .maybe("lockSettingsDisablePrivateChat", yes(locks.private_chat))
            .maybe("lockSettingsDisablePublicChat", yes(locks.public_chat))
            .maybe("lockSettingsDisableNotes", yes(locks.notes))
            .maybe("lockSettingsHideUserList", yes(locks.user_list))
            .maybe("meetingLayout", self.layout.map(Layout::as_str))
            .list("disabledFeatures", self.disabled.iter().map(|feature| feature.as_str()))
            .maybe("allowRequestsWithoutSession", yes(self.without_cookies))
            .text("pluginManifests", &self.plugins)
            .text("meta_endCallbackUrl", &self.end_callback)
            .text("meta_bbb-recording-ready-url", &self.recording_callback)
            .each("meta_", &self.metadata)
    }
}

/// The documents as the XML that `create` and `insertDocument` take; `None` for none.
pub(crate) fn documents_xml(documents: &[Document], current: bool) -> Option<String> {
    if documents.is_empty() {
        return None;
    }
    let mut xml = "<modules><module name=\"presentation\">".to_owned();
    for (at, document) in documents.iter().enumerate() {
        // Writing into a text does not fail. Only insertDocument knows `current`, and only one document can be.
        let shown = if current && at == 0 { " current=\"true\"" } else { "" };
        match document {
            Document::At { url, name, downloadable } => {
                let (url, name) = (escape(url.as_str()), escape(name.as_str()));
                let _ = write!(
                    xml,
                    "<document url=\"{url}\" filename=\"{name}\" downloadable=\"{downloadable}\"{shown}/>"
                );
            }
            Document::Inline { name, bytes } => {
                let name = escape(name.as_str());
                let _ = write!(xml, "<document name=\"{name}\"{shown}>");
                STANDARD.encode_string(bytes, &mut xml);
                xml.push_str("</document>");
            }
        }
    }
    xml.push_str("</module></modules>");
    Some(xml)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(create: &CreateMeeting) -> String {
        let server = crate::server::Server::new(
            "https://bbb.example.org",
            crate::secret::Secret::new("s"),
            crate::checksum::Algorithm::Sha1,
        )
        .unwrap();
        let url = server.signed("create", create.query(&MeetingId::parse("room").unwrap()));
        url.split_once('?').unwrap().1.rsplit_once("&checksum=").unwrap().0.to_owned()
    }

    #[test]
    fn a_public_room_is_recorded_from_the_start_and_nobody_stops_it() {
        let room = CreateMeeting { recording: Recording::Always, ..CreateMeeting::new("Room & co") };
        assert_eq!(
            query(&room),
            "name=Room+%26+co&meetingID=room&record=true&autoStartRecording=true&allowStartStopRecording=false\
             &muteOnStart=true"
        );
        assert!(query(&CreateMeeting::new("x")).contains("record=false&allowStartStopRecording=false"));
    }

    #[test]
    fn documents_are_named_without_breaking_the_xml() {
        let documents = [
            Document::At {
                url: "https://x.org/a?b=1&c=\"2\"".to_owned(),
                name: "a<b>.pdf".to_owned(),
                downloadable: true,
            },
            Document::Inline { name: "b.pdf".to_owned(), bytes: b"%PDF".to_vec() },
        ];
        let xml = documents_xml(&documents, true).unwrap();
        let root = crate::xml::Element::parse(xml.as_bytes()).unwrap();
        let read: Vec<_> = root.listed("module", "document").collect();
        assert_eq!(read[0].attributes[0].1, "https://x.org/a?b=1&c=\"2\"");
        assert_eq!(read[0].attributes[1].1, "a<b>.pdf");
        assert_eq!(xml.matches("current").count(), 1);
        assert_eq!(STANDARD.decode(&read[1].text).unwrap(), b"%PDF");
        assert_eq!(documents_xml(&[], true), None);
    }
}
