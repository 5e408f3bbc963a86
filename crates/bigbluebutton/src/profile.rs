//! What which server can do: one table, by version and by whether it is a balancer.
//!
//! A server says its version only where its operator lets it
//! (`allowRevealOfBBBVersion`, <https://docs.bigbluebutton.org/administration/configuration-files/>), so an unknown
//! version counts as the oldest that is supported, 2.7: **what is not known to be there is not used**, because a layout of
//! another version is not what people get, and a chat message to 2.x never arrives.

use std::fmt;

/// A version of BigBlueButton.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The first number.
    pub major: u16,
    /// The second number.
    pub minor: u16,
    /// The third number; zero where it is not said.
    pub patch: u16,
}

impl Version {
    /// A version without its third number.
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor, patch: 0 }
    }

    /// Reads `3.0.4`, `2.7`, `3.0.0-beta.1` and the like.
    pub fn parse(text: &str) -> Option<Self> {
        let numbers = text.trim().split(['-', '+', ' ']).next()?;
        let mut numbers = numbers.split('.').map(|number| number.parse::<u16>().ok());
        let (major, minor) = (numbers.next()??, numbers.next()??);
        Some(Self { major, minor, patch: numbers.next().flatten().unwrap_or(0) })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// What answers at an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A server of BigBlueButton itself.
    #[default]
    Server,
    /// Scalelite, which spreads rooms over servers that only it knows.
    Scalelite,
    /// B3LB, which does so too.
    B3lb,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Server, Self::Scalelite, Self::B3lb];

    /// The word in settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Scalelite => "scalelite",
            Self::B3lb => "b3lb",
        }
    }

    /// The kind of that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// How a room is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layout {
    /// As the moderator leaves it.
    Custom,
    /// By what is going on.
    Smart,
    /// The slides are large.
    PresentationFocus,
    /// The cameras are large.
    VideoFocus,
    /// Nothing but cameras.
    CamerasOnly,
    /// Nothing but slides.
    PresentationOnly,
    /// Nothing but the list of people and the chat.
    ParticipantsAndChatOnly,
    /// Slides and cameras without anything around them.
    MediaOnly,
    /// The one of 4.0, in place of the first four.
    Unified,
}

impl Layout {
    const UNTIL_4: [Self; 4] = [Self::Custom, Self::Smart, Self::PresentationFocus, Self::VideoFocus];
    const SINCE_3: [Self; 8] = [
        Self::Custom,
        Self::Smart,
        Self::PresentationFocus,
        Self::VideoFocus,
        Self::CamerasOnly,
        Self::PresentationOnly,
        Self::ParticipantsAndChatOnly,
        Self::MediaOnly,
    ];
    const SINCE_4: [Self; 5] = [
        Self::Unified,
        Self::CamerasOnly,
        Self::PresentationOnly,
        Self::ParticipantsAndChatOnly,
        Self::MediaOnly,
    ];

    /// As the API spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Custom => "CUSTOM_LAYOUT",
            Self::Smart => "SMART_LAYOUT",
            Self::PresentationFocus => "PRESENTATION_FOCUS",
            Self::VideoFocus => "VIDEO_FOCUS",
            Self::CamerasOnly => "CAMERAS_ONLY",
            Self::PresentationOnly => "PRESENTATION_ONLY",
            Self::ParticipantsAndChatOnly => "PARTICIPANTS_AND_CHAT_ONLY",
            Self::MediaOnly => "MEDIA_ONLY",
            Self::Unified => "UNIFIED_LAYOUT",
        }
    }
}

/// What can be switched off in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feature {
    /// Breakout rooms.
    BreakoutRooms,
    /// The public chat. Without it, messages sent from outside vanish without a word.
    Chat,
    /// Chats between two people.
    PrivateChat,
    /// Taking back a message, since 3.0.
    DeleteChatMessage,
    /// Changing a message, since 3.0.
    EditChatMessage,
    /// Answering to a message, since 3.0.
    ReplyChatMessage,
    /// Reactions to a message, since 3.0.
    ChatMessageReactions,
    /// Polls.
    Polls,
    /// Sharing a screen.
    Screenshare,
    /// The shared notes.
    SharedNotes,
    /// Videos from other places.
    ExternalVideos,
    /// Slides.
    Presentation,
    /// A timer, since 2.7.
    Timer,
    /// The learning dashboard, which shows how much each person did.
    LearningDashboard,
    /// Virtual backgrounds.
    VirtualBackgrounds,
    /// Captions.
    Captions,
}

impl Feature {
    /// As the API spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BreakoutRooms => "breakoutRooms",
            Self::Chat => "chat",
            Self::PrivateChat => "privateChat",
            Self::DeleteChatMessage => "deleteChatMessage",
            Self::EditChatMessage => "editChatMessage",
            Self::ReplyChatMessage => "replyChatMessage",
            Self::ChatMessageReactions => "chatMessageReactions",
            Self::Polls => "polls",
            Self::Screenshare => "screenshare",
            Self::SharedNotes => "sharedNotes",
            Self::ExternalVideos => "externalVideos",
            Self::Presentation => "presentation",
            Self::Timer => "timer",
            Self::LearningDashboard => "learningDashboard",
            Self::VirtualBackgrounds => "virtualBackgrounds",
            Self::Captions => "captions",
        }
    }
}

/// What a server can do for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// Messages can be written into the chat from outside (`sendChatMessage`).
    pub write_chat: bool,
    /// It tells of events (bbb-webhooks), and can be told so through this address.
    pub events: bool,
    /// Slides can be added while the meeting runs (`insertDocument`).
    pub insert_documents: bool,
    /// The client takes plugins.
    pub plugins: bool,
    /// Text tracks of recordings can be read.
    pub text_tracks: bool,
    /// `getMeetings` says what is there now, rather than what a balancer remembers.
    pub live_list: bool,
    /// Our end callback reaches us under its usual name; B3LB puts its own there and calls ours itself.
    pub own_end_callback: bool,
    /// The layouts that may be asked for.
    pub layouts: &'static [Layout],
    /// What a room whose chat is bridged has to do without, because nobody outside is told of it.
    pub unbridged: &'static [Feature],
}

impl Abilities {
    /// The abilities of such a server; an unknown version counts as 2.7.
    pub fn of(kind: Kind, version: Option<Version>) -> Self {
        let version = version.unwrap_or(Version::new(2, 7));
        let three = version >= Version::new(3, 0);
        let four = version >= Version::new(4, 0);
        Self {
            write_chat: three && kind != Kind::Scalelite,
            events: kind == Kind::Server,
            insert_documents: version >= Version::new(2, 5),
            plugins: three,
            text_tracks: kind != Kind::Scalelite,
            live_list: kind != Kind::B3lb,
            own_end_callback: kind != Kind::B3lb,
            layouts: if four {
                &Layout::SINCE_4
            } else if three {
                &Layout::SINCE_3
            } else {
                &Layout::UNTIL_4
            },
            unbridged: if three {
                &[Feature::EditChatMessage, Feature::DeleteChatMessage, Feature::ChatMessageReactions]
            } else {
                &[]
            },
        }
    }

    /// Whether the chat of a room there can be bridged both ways.
    pub fn bridges_chat(&self) -> bool {
        self.write_chat && self.events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_compared() {
        assert_eq!(Version::parse("3.0.4"), Some(Version { major: 3, minor: 0, patch: 4 }));
        assert_eq!(Version::parse(" 4.0.0-beta.1 "), Some(Version::new(4, 0)));
        assert_eq!(Version::parse("2.7"), Some(Version::new(2, 7)));
        assert_eq!(Version::parse(""), None);
        assert_eq!(Version::parse("three"), None);
        assert!(Version::new(2, 7) < Version { major: 2, minor: 7, patch: 9 });
    }

    #[test]
    fn only_servers_since_3_bridge_the_chat() {
        let bridges = |kind, version| Abilities::of(kind, Version::parse(version)).bridges_chat();
        assert!(bridges(Kind::Server, "3.0.0") && bridges(Kind::Server, "4.0"));
        assert!(!bridges(Kind::Server, "2.7.14") && !bridges(Kind::Server, ""));
        assert!(!bridges(Kind::Scalelite, "3.0") && !bridges(Kind::B3lb, "3.0"));
        assert!(Abilities::of(Kind::B3lb, Version::parse("3.0")).write_chat);
    }

    #[test]
    fn four_knows_no_layout_of_two() {
        let four = Abilities::of(Kind::Server, Version::parse("4.0"));
        assert!(Layout::UNTIL_4.iter().all(|layout| !four.layouts.contains(layout)));
        let two = Abilities::of(Kind::Server, None);
        assert!(!two.layouts.contains(&Layout::CamerasOnly));
    }
}
