//! What our own files carry beside their format, so that reading one back gives the programme that made it.
//!
//! Schedule XML and JSON have no place for a microconference's topics, for roles, delays, cancelled slots,
//! biographies, sponsors. Our files hold those in one JSON value that every other reader passes over: in XML the
//! processing instruction `<?plenary {...}?>` at the end of the document, in JSON the member
//! `schedule.conference.meta.plenary`.
//!
//! It holds only what the format has no place for. What a file says in its own elements always wins: titles,
//! times, texts, persons that somebody changed in the file are taken from there.

mod restore;

use crate::write::{is_datable, is_listed, uri};
use jiff::Timestamp;
use model::{
    edition::{Edition, Sponsor},
    id::{PersonId, RoomId, SessionId, SlotId, TrackId},
    programme::{
        Link, LinkKind, Person, Programme, Recording, Role, Room, RoomKind, Session, SessionKind, Slot,
        Slugish, Standing, Track,
    },
    text::{Colour, Line, RichText, Slug, WebUrl},
};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// The target of the processing instruction and the name of the JSON member.
pub(crate) const NAME: &str = "plenary";

/// Which format the extras stand beside; formats differ in what they can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beside {
    /// Schedule XML.
    Xml,
    /// Schedule JSON v1.
    Json,
    /// Schedule JSON v2.
    Json2,
}

/// What a file of ours carries beside its format.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Extras {
    #[serde(skip_serializing_if = "Option::is_none")]
    edition: Option<Edition>,
    rooms: Vec<RoomExtra>,
    tracks: Vec<TrackExtra>,
    persons: Vec<PersonExtra>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sponsors: Vec<Sponsor>,
    sessions: Vec<SessionExtra>,
    /// Sessions of which the file shows nothing: not scheduled, or cancelled.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unlisted: Vec<Session>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct RoomExtra {
    id: RoomId,
    slug: Slug,
    /// Only for a room that a reader cannot tell by its name: of two of one name it sees one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<Line>,
    #[serde(default, skip_serializing_if = "is_default")]
    kind: RoomKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    capacity: Option<u32>,
    #[serde(default, skip_serializing_if = "RichText::is_empty")]
    description: RichText,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct TrackExtra {
    id: TrackId,
    slug: Slug,
    /// The name as the file shows it, to find the track by: files know tracks by name.
    name: Line,
    #[serde(default, skip_serializing_if = "RichText::is_empty")]
    description: RichText,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    colour: Option<Colour>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct PersonExtra {
    id: PersonId,
    slug: Slug,
    /// Only for somebody who takes part in nothing that the file shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<Line>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<Line>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    number: Option<u32>,
    #[serde(default, skip_serializing_if = "RichText::is_empty")]
    biography: RichText,
    #[serde(default, skip_serializing_if = "Line::is_empty")]
    affiliation: Line,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    avatar: Option<WebUrl>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    links: Vec<Link>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct SessionExtra {
    id: SessionId,
    code: Slugish,
    slots: Vec<SlotExtra>,
    kind: SessionKind,
    /// The type's own label where the file's `type` is not it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label: Option<Line>,
    /// The language where the file could not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    language: Option<Line>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    track: Option<TrackId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<SessionId>,
    /// Roles other than speaker.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    roles: Vec<(PersonId, Role)>,
    /// The kinds of the links in their order; files keep links and attachments apart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    link_kinds: Vec<LinkKind>,
    /// The links themselves, where the file could not hold every one as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    links: Option<Vec<Link>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<WebUrl>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    logo: Option<WebUrl>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    feedback_url: Option<WebUrl>,
    #[serde(default, skip_serializing_if = "is_default")]
    recording: Recording,
    /// Slots that the file does not show.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unlisted: Vec<Slot>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct SlotExtra {
    id: SlotId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    number: Option<u32>,
    /// Minutes by which the file's times are later than planned.
    #[serde(default, skip_serializing_if = "is_default")]
    delay: u16,
    /// The room where its name alone would not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    room: Option<RoomId>,
    /// Whether it has no room; the file may give a stand-in.
    #[serde(default, skip_serializing_if = "is_default")]
    nowhere: bool,
    /// The planned times where the file is too coarse for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exact: Option<(Timestamp, Timestamp)>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Extras {
    /// What `programme` needs beside a file of that format.
    pub(crate) fn of(programme: &Programme, beside: Beside) -> Self {
        let mut shown: HashSet<PersonId> = HashSet::new();
        let mut names: HashMap<&str, usize> = HashMap::new();
        for room in &programme.rooms {
            *names.entry(room.name.as_str()).or_default() += 1;
        }
        let rooms: HashMap<RoomId, &Room> = programme.rooms.iter().map(|room| (room.id, room)).collect();
        let needs_room = |slot: &Slot| {
            slot.room.filter(|id| {
                rooms.get(id).is_none_or(|room| room.name.is_empty() || names[room.name.as_str()] > 1)
            })
        };
        let mut sessions = Vec::with_capacity(programme.sessions.len());
        let mut unlisted = vec![];
        for session in &programme.sessions {
            let shows = |slot: &Slot| shows(slot, beside);
            if !session.slots.iter().any(shows) {
                unlisted.push(session.clone());
                continue;
            }
            shown.extend(session.people.iter().map(|part| part.person));
            let faithful =
                |url: &WebUrl| beside == Beside::Xml || uri::strict(url).as_deref() == Some(url.as_str());
            let web = |url: &Option<WebUrl>| {
                let url = url.as_ref()?;
                let told = beside != Beside::Json2 && uri::strict_http(url).as_deref() == Some(url.as_str());
                (!told).then(|| url.clone())
            };
            // A reader takes two links that differ only in their kind for one.
            let mut seen = HashSet::new();
            let links_told = (session.links.iter()).all(|link| {
                faithful(&link.url) && !link.title.is_empty() && seen.insert((&link.title, &link.url))
            });
            sessions.push(SessionExtra {
                id: session.id,
                code: session.code.clone(),
                slots: session
                    .slots
                    .iter()
                    .filter(|slot| shows(slot))
                    .map(|slot| SlotExtra {
                        id: slot.id,
                        number: (beside == Beside::Json2).then_some(slot.number),
                        delay: match slot.standing {
                            Standing::Delayed(minutes) => minutes,
                            Standing::Planned | Standing::Cancelled => 0,
                        },
                        room: needs_room(slot),
                        nowhere: slot.room.is_none(),
                        exact: is_coarse(slot).then_some((slot.start, slot.end)),
                    })
                    .collect(),
                kind: session.kind,
                label: match beside {
                    Beside::Xml | Beside::Json => session.type_label.is_empty().then(Line::default),
                    Beside::Json2 => Some(session.type_label.clone()),
                },
                language: (beside == Beside::Json2).then(|| session.language.clone()),
                track: session.track,
                parent: session.parent,
                roles: session
                    .people
                    .iter()
                    .filter(|part| part.role != Role::Speaker)
                    .map(|part| (part.person, part.role))
                    .collect(),
                link_kinds: session.links.iter().map(|link| link.kind).collect(),
                links: (!links_told).then(|| session.links.clone()),
                url: session.url.clone(),
                logo: web(&session.logo),
                feedback_url: web(&session.feedback_url),
                recording: if beside == Beside::Json2 {
                    session.recording.clone()
                } else {
                    Recording::default()
                },
                unlisted: session.slots.iter().filter(|slot| !shows(slot)).cloned().collect(),
            });
        }
        Self {
            edition: Some(programme.edition.clone()),
            rooms: programme
                .rooms
                .iter()
                .map(|room| {
                    RoomExtra::of(room, room.name.is_empty() || names[room.name.as_str()] > 1, beside)
                })
                .collect(),
            tracks: programme.tracks.iter().map(TrackExtra::of).collect(),
            persons: programme
                .persons
                .iter()
                .map(|person| PersonExtra::of(person, shown.contains(&person.id), beside))
                .collect(),
            sponsors: programme.sponsors.clone(),
            sessions,
            unlisted,
        }
    }

    /// As JSON that may stand in a processing instruction: `?>` cannot occur in it.
    pub(crate) fn to_instruction(&self) -> String {
        serde_json::to_string(self).unwrap_or_default().replace("?>", "?\\u003e")
    }

    /// The extras of one of our JSON files, given the member `schedule`; `None` for a file that has none.
    pub(crate) fn from_json(schedule: &serde_json::Value) -> Option<serde_json::Result<Self>> {
        schedule.pointer("/conference/meta/plenary").map(Self::deserialize)
    }

    /// The extras of one of our XML files, given the content of its processing instruction.
    pub(crate) fn from_instruction(content: &str) -> serde_json::Result<Self> {
        serde_json::from_str(content)
    }
}

impl RoomExtra {
    fn of(room: &Room, ambiguous: bool, beside: Beside) -> Self {
        Self {
            id: room.id,
            slug: room.slug.clone(),
            name: ambiguous.then(|| room.name.clone()),
            kind: room.kind,
            capacity: room.capacity,
            description: if beside == Beside::Xml || ambiguous {
                room.description.clone()
            } else {
                RichText::default()
            },
        }
    }
}

impl TrackExtra {
    fn of(track: &Track) -> Self {
        Self {
            id: track.id,
            slug: track.slug.clone(),
            name: track.name.clone(),
            description: track.description.clone(),
            colour: track.colour,
        }
    }
}

impl PersonExtra {
    fn of(person: &Person, shown: bool, beside: Beside) -> Self {
        let told = shown && beside == Beside::Json;
        Self {
            id: person.id,
            slug: person.slug.clone(),
            name: (!shown).then(|| person.name.clone()),
            code: person.code.clone(),
            number: person.number,
            biography: if told { RichText::default() } else { person.biography.clone() },
            affiliation: person.affiliation.clone(),
            avatar: person.avatar.clone(),
            links: person.links.clone(),
        }
    }
}

/// Whether a file of that format shows the slot.
fn shows(slot: &Slot, beside: Beside) -> bool {
    if beside == Beside::Json2 { is_datable(slot) } else { is_listed(slot) }
}

/// Whether `HH:MM` for start and length would lose something.
fn is_coarse(slot: &Slot) -> bool {
    let whole = |t: Timestamp| t.as_nanosecond() % 60_000_000_000 == 0;
    !whole(slot.start) || !whole(slot.end) || slot.minutes() >= 100 * 60
}
