//! Posts: announcements and entries of the blog. A post is written, published at once or at a time, and then stays at
//! its address.
//!
//! ```text
//! draft ── publish ──────────────────> published
//!   │ ^                                   ^  │
//!   │ └──── take back ── scheduled ───────┘  │
//!   └─────── schedule ──────^   (its time)   │
//!     ^──────────────── take back ───────────┘
//! ```

use crate::{
    Refusal,
    id::{PostId, TrackId},
    registration::RegistrationType,
    text::{Line, RichText, Slug},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A post is not put off further than this: what is later is a slip of the year.
const AHEAD_MAX: SignedDuration = SignedDuration::from_hours(24 * 366 * 2);

/// What kind of post it is. It decides which list its mail goes to, so that one can leave the blog and still hear of
/// what everybody concerned should know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PostKind {
    /// What everybody concerned should know: deadlines, changes, calls.
    #[default]
    Announcement,
    /// An entry of the blog.
    Blog,
}

impl PostKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Announcement, Self::Blog];

    /// The word kept in the record and used in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Announcement => "announcement",
            Self::Blog => "blog",
        }
    }

    /// How pages name it.
    pub fn shown(self) -> &'static str {
        match self {
            Self::Announcement => "Announcement",
            Self::Blog => "Blog post",
        }
    }

    /// The kind of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Whether a post is public.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Publication {
    /// It is being written.
    #[default]
    Draft,
    /// It will be published at this instant.
    Scheduled(Timestamp),
    /// It was published at this instant.
    Published(Timestamp),
}

impl Publication {
    /// How pages name it.
    pub fn shown(self) -> &'static str {
        match self {
            Self::Draft => "Draft",
            Self::Scheduled(_) => "Scheduled",
            Self::Published(_) => "Published",
        }
    }
}

/// Some of the people of an edition, to whom a post is mailed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Segment {
    /// Everybody who is registered.
    Registered,
    /// Everybody whose registration is of that type.
    RegisteredAs(RegistrationType),
    /// Everybody who takes part in a session that is not cancelled, as far as an account is known to be theirs, and who
    /// registered as a speaker.
    Speakers,
    /// Everybody who has the role of a lead in the edition, and who registered as one.
    Leads,
    /// Everybody who has the role of an organiser of the edition, of its series or of the whole installation.
    Organisers,
    /// Everybody who subscribed to the edition's posts.
    Subscribers,
}

impl Segment {
    /// All of them, in the order in which forms offer them.
    pub fn all() -> Vec<Self> {
        let mut all = vec![Self::Registered];
        all.extend(RegistrationType::ALL.map(Self::RegisteredAs));
        all.extend([Self::Speakers, Self::Leads, Self::Organisers, Self::Subscribers]);
        all
    }

    /// The word used in forms: `registered`, `registered:TYPE`, `speakers`, ...
    pub fn word(&self) -> String {
        match self {
            Self::Registered => "registered".to_owned(),
            Self::RegisteredAs(kind) => format!("registered:{}", kind.as_str()),
            Self::Speakers => "speakers".to_owned(),
            Self::Leads => "leads".to_owned(),
            Self::Organisers => "organisers".to_owned(),
            Self::Subscribers => "subscribers".to_owned(),
        }
    }

    /// The segment of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "registered" => Self::Registered,
            "speakers" => Self::Speakers,
            "leads" => Self::Leads,
            "organisers" => Self::Organisers,
            "subscribers" => Self::Subscribers,
            other => Self::RegisteredAs(RegistrationType::parse(other.strip_prefix("registered:")?)?),
        })
    }

    /// How pages name it.
    pub fn shown(&self) -> String {
        match self {
            Self::Registered => "Everybody who is registered".to_owned(),
            Self::RegisteredAs(kind) => format!("Registered as {}", kind.shown().to_lowercase()),
            Self::Speakers => "Speakers".to_owned(),
            Self::Leads => "Leads".to_owned(),
            Self::Organisers => "Organisers".to_owned(),
            Self::Subscribers => "Subscribers".to_owned(),
        }
    }
}

/// An announcement or an entry of the blog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// Its identifier.
    pub id: PostId,
    /// Its place in its address: `/lpc-2021/posts/call-for-proposals/`.
    pub slug: Slug,
    /// Its title.
    pub title: Line,
    /// Announcement or blog.
    #[serde(default)]
    pub kind: PostKind,
    /// A sentence or two for lists and feeds; where it is empty, the beginning of the text stands there.
    #[serde(default)]
    pub summary: Line,
    /// Its text, in Markdown.
    #[serde(default)]
    pub body: RichText,
    /// Who is named as its author; the organisers where it is empty.
    #[serde(default)]
    pub author: Line,
    /// The track that it is about: its leads may write it.
    #[serde(default)]
    pub track: Option<TrackId>,
    /// When it was begun.
    pub created: Timestamp,
    /// Whether it is public.
    #[serde(default)]
    pub publication: Publication,
    /// To whom it is mailed in the moment in which it is published.
    #[serde(default)]
    pub mail_to: Vec<Segment>,
    /// Whether it is published on Mastodon in that moment too.
    #[serde(default)]
    pub mastodon: bool,
}

impl Post {
    /// A draft in which nothing is written yet.
    pub fn draft(id: PostId, now: Timestamp) -> Self {
        Self {
            id,
            slug: Slug::from_any(&[], "post", id.0),
            title: Line::default(),
            kind: PostKind::default(),
            summary: Line::default(),
            body: RichText::default(),
            author: Line::default(),
            track: None,
            created: now,
            publication: Publication::Draft,
            mail_to: vec![],
            mastodon: false,
        }
    }

    /// Whether it can be kept: a post has a title.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.title.is_empty() {
            return Err(Refusal::new("title", "it is empty", "Give the post a title"));
        }
        Ok(())
    }

    /// When it was published; `None` while it is not.
    pub fn published(&self) -> Option<Timestamp> {
        match self.publication {
            Publication::Published(at) => Some(at),
            Publication::Draft | Publication::Scheduled(_) => None,
        }
    }

    /// The same, published at `now`; as it is where it is published already.
    pub fn publish(self, now: Timestamp) -> Result<Self, Refusal> {
        self.has_text()?;
        match self.publication {
            Publication::Published(_) => Ok(self),
            Publication::Draft | Publication::Scheduled(_) => {
                Ok(Self { publication: Publication::Published(now), ..self })
            }
        }
    }

    /// The same, to be published at `at`, which must lie ahead of `now`.
    pub fn schedule(self, at: Timestamp, now: Timestamp) -> Result<Self, Refusal> {
        self.has_text()?;
        let refuse = |problem: &str, remedy: &str| Err(Refusal::new("publish at", problem, remedy));
        if self.published().is_some() {
            return refuse("it is published already", "Take it back first");
        }
        if at <= now {
            return refuse("that time is over", "Choose a later one, or publish it now");
        }
        if at.duration_since(now) > AHEAD_MAX {
            return refuse("that is more than two years ahead", "Choose an earlier time");
        }
        Ok(Self { publication: Publication::Scheduled(at), ..self })
    }

    /// The same as a draft. What was mailed stays mailed.
    #[must_use]
    pub fn take_back(self) -> Self {
        Self { publication: Publication::Draft, ..self }
    }

    fn has_text(&self) -> Result<(), Refusal> {
        if self.body.is_empty() && self.summary.is_empty() {
            return Err(Refusal::new("text", "it is empty", "Write something before you publish it"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn post() -> Post {
        let blank = Post::draft(PostId(Uuid::nil()), Timestamp::UNIX_EPOCH);
        Post { title: "Call for proposals".into(), body: "Send yours.".into(), ..blank }
    }

    #[test]
    fn a_post_is_scheduled_for_a_time_that_lies_ahead() {
        let now = Timestamp::UNIX_EPOCH;
        let hours = |n| now.checked_add(SignedDuration::from_hours(n)).unwrap();
        assert_eq!(post().schedule(hours(1), now).unwrap().publication, Publication::Scheduled(hours(1)));
        assert!(post().schedule(now, now).is_err());
        assert!(post().schedule(hours(24 * 800), now).is_err());
        assert!(post().publish(now).unwrap().schedule(hours(1), now).is_err());
    }

    #[test]
    fn publishing_twice_keeps_the_first_moment_and_an_empty_post_is_not_published() {
        let (first, second) = (Timestamp::UNIX_EPOCH, Timestamp::from_second(60).unwrap());
        let published = post().publish(first).unwrap();
        assert_eq!(published.clone().publish(second).unwrap(), published);
        assert_eq!(published.take_back().publication, Publication::Draft);
        assert!(Post { body: RichText::default(), ..post() }.publish(first).is_err());
    }

    #[test]
    fn a_segment_comes_back_from_its_word() {
        for segment in Segment::all() {
            assert_eq!(Segment::parse(&segment.word()), Some(segment));
        }
        assert_eq!(Segment::parse("registered:"), None);
        assert_eq!(Segment::parse("everybody"), None);
    }
}
