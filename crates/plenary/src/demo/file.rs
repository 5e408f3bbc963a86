//! The shapes of `demo/edition.toml`, whose own comments say what they mean. An unknown key is an error, so that a
//! misspelt one cannot be lost in silence.

use jiff::{
    Timestamp,
    civil::{Date, Time, Weekday},
};
use model::{
    Refusal,
    programme::{Link, RoomKind, SessionKind},
    text::{Colour, Line, RichText, Slug, WebUrl, excerpt},
    time::Zone,
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) edition: Edition,
    pub(super) room: Vec<Room>,
    pub(super) track: Vec<Track>,
    pub(super) sponsor_level: Vec<SponsorLevel>,
    pub(super) sponsor: Vec<Sponsor>,
    pub(super) event: Vec<Event>,
    pub(super) talk: Vec<Talk>,
    pub(super) bof: Vec<Talk>,
    pub(super) mc: Vec<Microconference>,
    pub(super) people: BTreeMap<String, Person>,
    pub(super) release: Vec<Release>,
    pub(super) page: Vec<WebPage>,
    pub(super) menu: Vec<MenuEntry>,
    pub(super) post: Vec<Post>,
}

/// A page beside the programme.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WebPage {
    pub(super) slug: Slug,
    pub(super) title: Line,
    pub(super) text: RichText,
}

/// An entry of the menu: the slug of a page, or the name of one that Plenary draws; without either a heading.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MenuEntry {
    #[serde(default)]
    pub(super) label: Line,
    #[serde(default)]
    pub(super) page: Option<Slug>,
    #[serde(default)]
    pub(super) own: Option<String>,
    #[serde(default)]
    pub(super) below: bool,
}

/// A post, published at its time.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Post {
    pub(super) slug: Slug,
    pub(super) title: Line,
    pub(super) published: Timestamp,
    #[serde(default)]
    pub(super) blog: bool,
    pub(super) author: Line,
    pub(super) summary: Line,
    pub(super) text: RichText,
}

/// The facts of the year.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Edition {
    pub(super) slug: Slug,
    pub(super) series: Line,
    pub(super) title: Line,
    pub(super) tagline: Line,
    pub(super) venue: Line,
    pub(super) city: Line,
    pub(super) country: Line,
    pub(super) zone: Zone,
    pub(super) first_day: Date,
    pub(super) last_day: Date,
    pub(super) day_change_minutes: u16,
    pub(super) language: Line,
    pub(super) accent: Colour,
    pub(super) url: WebUrl,
    pub(super) welcome: RichText,
}

/// A place.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Room {
    pub(super) id: Slug,
    pub(super) name: Line,
    pub(super) kind: RoomKind,
    pub(super) capacity: Option<u32>,
    pub(super) description: RichText,
}

/// A track that is not a microconference's.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Track {
    pub(super) id: Slug,
    pub(super) title: Line,
    pub(super) accent: Colour,
    pub(super) description: RichText,
}

/// A kind of sponsorship; their order in the file is their rank.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SponsorLevel {
    pub(super) id: String,
    pub(super) title: Line,
}

/// A sponsor, at a [`SponsorLevel`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sponsor {
    pub(super) name: Line,
    pub(super) level: String,
    pub(super) url: WebUrl,
    pub(super) text: RichText,
}

/// Opening, closing, breaks, the evening event, hack rooms.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) kind: SessionKind,
    pub(super) title: Line,
    pub(super) at: Vec<Place>,
    pub(super) minutes: i64,
    #[serde(default)]
    pub(super) speakers: Vec<String>,
    #[serde(rename = "abstract")]
    pub(super) text: RichText,
}

/// A talk of the refereed track, or a BoF.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Talk {
    pub(super) id: String,
    pub(super) title: Line,
    #[serde(default)]
    pub(super) subtitle: Line,
    pub(super) at: Vec<Place>,
    #[serde(default = "talk_minutes")]
    pub(super) minutes: i64,
    pub(super) speakers: Vec<String>,
    #[serde(default)]
    pub(super) links: Vec<Link>,
    #[serde(default)]
    pub(super) delayed_minutes: u16,
    #[serde(default)]
    pub(super) cancelled: bool,
    #[serde(rename = "abstract")]
    pub(super) text: RichText,
}

fn talk_minutes() -> i64 {
    45
}

/// A microconference with its topics in running order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Microconference {
    pub(super) id: Slug,
    pub(super) at: Place,
    pub(super) title: Line,
    pub(super) accent: Colour,
    pub(super) leads: Vec<String>,
    #[serde(rename = "abstract")]
    pub(super) text: RichText,
    pub(super) topic: Vec<Topic>,
}

/// A topic of a microconference.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Topic {
    pub(super) id: String,
    pub(super) title: Line,
    pub(super) minutes: i64,
    pub(super) speakers: Vec<String>,
    #[serde(rename = "abstract")]
    pub(super) text: RichText,
}

/// Somebody named in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Person {
    pub(super) name: Line,
    #[serde(default)]
    pub(super) of: Line,
    #[serde(default)]
    pub(super) bio: RichText,
}

/// How the programme stood at one release.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Release {
    pub(super) published: Timestamp,
    pub(super) note: String,
    pub(super) absent: Vec<String>,
    #[serde(default)]
    pub(super) differs: Vec<Differs>,
}

/// What was different about one session at a release.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Differs {
    pub(super) session: String,
    pub(super) at: Option<Vec<Place>>,
    pub(super) title: Option<Line>,
    pub(super) subtitle: Option<Line>,
    pub(super) speakers: Option<Vec<String>>,
    pub(super) order: Option<Vec<String>>,
    #[serde(default)]
    pub(super) as_planned: bool,
}

/// When and where a session begins, written `thu 09:30 roundhouse`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Place {
    pub(super) day: Weekday,
    pub(super) time: Time,
    /// The room's id; `None`, written `-`, means everywhere.
    pub(super) room: Option<String>,
}

impl TryFrom<String> for Place {
    type Error = Refusal;

    fn try_from(text: String) -> Result<Self, Refusal> {
        let parsed = match text.split_whitespace().collect::<Vec<_>>()[..] {
            [day, time, room] => weekday(day).zip(time.parse::<Time>().ok()).map(|(day, time)| Self {
                day,
                time,
                room: (room != "-").then(|| room.to_owned()),
            }),
            _ => None,
        };
        parsed.ok_or_else(|| {
            Refusal::new(
                "at",
                format!("\"{}\" is not a day, a time and a room", excerpt(&text, 60)),
                "Write it as \"thu 09:30 roundhouse\"",
            )
        })
    }
}

/// The day of a three-letter English name in lower case.
fn weekday(name: &str) -> Option<Weekday> {
    Some(match name {
        "mon" => Weekday::Monday,
        "tue" => Weekday::Tuesday,
        "wed" => Weekday::Wednesday,
        "thu" => Weekday::Thursday,
        "fri" => Weekday::Friday,
        "sat" => Weekday::Saturday,
        "sun" => Weekday::Sunday,
        _ => return None,
    })
}
