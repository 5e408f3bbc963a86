//! What a session looks like.

use super::super::{
    field::{line, optional, same_words, shown, url},
    link::{Link, links},
    part::Part,
    resource::is_id,
};
use jiff::Timestamp;
use model::{
    Refusal,
    edit::Command,
    id::{PersonId, SessionId, TrackId},
    programme::{self as p, Programme},
    text::{Line, RichText},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Something on the programme.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct Session {
    /// Its identifier.
    pub(super) id: Uuid,
    /// What is known of it.
    #[serde(flatten)]
    pub(super) input: SessionInput,
    /// When and where it takes place, by time. Changed with the operations place, delay, cancel and restore.
    pub(super) slots: Vec<Slot>,
}

/// What one decides of a session, but for its slots.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct SessionInput {
    /// Its title; never a place for "CANCELLED".
    #[schema(min_length = 1, max_length = 500)]
    title: String,
    /// Its short code in addresses; drawn where it is left out.
    #[serde(default)]
    #[schema(pattern = "^[A-Za-z0-9_-]{1,40}$")]
    code: Option<String>,
    /// What it is.
    #[serde(default)]
    kind: SessionKind,
    /// The name of its type that people read; empty for the usual word.
    #[serde(default)]
    type_label: String,
    /// A line under the title.
    #[serde(default)]
    subtitle: String,
    /// The short text. Markdown.
    #[serde(default)]
    summary: String,
    /// The long text. Markdown.
    #[serde(default)]
    description: String,
    /// The language it is held in, as a BCP 47 tag; empty where unknown.
    #[serde(default)]
    language: String,
    /// Its track.
    #[serde(default)]
    track: Option<Uuid>,
    /// The microconference block that it is a topic of.
    #[serde(default)]
    parent: Option<Uuid>,
    /// Who takes part, in the order in which they are named.
    #[serde(default)]
    people: Vec<Participation>,
    /// Links, slides, videos.
    #[serde(default)]
    links: Vec<Link>,
    /// Its picture.
    #[serde(default)]
    logo: Option<String>,
    /// Where it stands in the system it came from.
    #[serde(default)]
    url: Option<String>,
    /// Where one says what one thought of it.
    #[serde(default)]
    feedback_url: Option<String>,
    /// The licence of its recording; empty where none is said.
    #[serde(default)]
    licence: String,
    /// Whether the speaker does not want to be recorded.
    #[serde(default)]
    opt_out: bool,
}

/// What a session is.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum SessionKind {
    /// A talk.
    #[default]
    Talk,
    /// A talk to everybody.
    Keynote,
    /// A block of topics on one area, with leads.
    Microconference,
    /// A topic inside a microconference.
    Topic,
    /// Birds of a feather.
    Bof,
    /// A workshop or tutorial.
    Workshop,
    /// One of many short talks.
    Lightning,
    /// A discussion on a stage.
    Panel,
    /// Work in a hack room.
    Hack,
    /// A meeting of a group.
    Meeting,
    /// Music, theatre, games, an evening event.
    Social,
    /// A pause.
    Break,
    /// Opening, closing, registration and the like.
    Service,
    /// Anything else.
    Other,
}

same_words!(
    SessionKind = p::SessionKind {
        Talk,
        Keynote,
        Microconference,
        Topic,
        Bof,
        Workshop,
        Lightning,
        Panel,
        Hack,
        Meeting,
        Social,
        Break,
        Service,
        Other,
    }
);

/// One person's part in a session.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct Participation {
    /// Who.
    person: Uuid,
    /// As what.
    #[serde(default)]
    role: Role,
}

/// In which role somebody takes part.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Part)]
pub(super) enum Role {
    /// Speaks.
    #[default]
    Speaker,
    /// Runs a microconference.
    Lead,
    /// Chairs the session.
    Moderator,
    /// Looks after the room.
    Host,
    /// Contributed without speaking.
    Contributor,
}

same_words!(Role = p::Role { Speaker, Lead, Moderator, Host, Contributor });

/// A session's place: room, start, end.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct Slot {
    /// Its identifier; the `guid` in schedule files.
    id: Uuid,
    /// Its number in schedule files, by which operations name it.
    number: u32,
    /// Where; null while no room is decided.
    room: Option<Uuid>,
    /// When it was planned to begin.
    #[schema(value_type = String, format = DateTime)]
    start: Timestamp,
    /// When it was planned to end.
    #[schema(value_type = String, format = DateTime)]
    end: Timestamp,
    /// How it stands.
    standing: Standing,
    /// By how many minutes it is late; 0 unless it is delayed.
    delay: u16,
}

/// How a slot stands on the day.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Standing {
    /// As planned.
    Planned,
    /// It begins and ends later than planned.
    Delayed,
    /// It does not take place.
    Cancelled,
}

impl From<&p::Slot> for Slot {
    fn from(slot: &p::Slot) -> Self {
        let (standing, delay) = match slot.standing {
            p::Standing::Planned => (Standing::Planned, 0),
            p::Standing::Delayed(minutes) => (Standing::Delayed, minutes),
            p::Standing::Cancelled => (Standing::Cancelled, 0),
        };
        Self {
            id: slot.id.0,
            number: slot.number,
            room: slot.room.map(|room| room.0),
            start: slot.start,
            end: slot.end,
            standing,
            delay,
        }
    }
}

impl Part for Session {
    type Model = p::Session;
    type Input = SessionInput;

    const ONE: &'static str = "session";
    const LIST: &'static str = "sessions";

    fn shown(session: &p::Session) -> Self {
        let people = session.people.iter();
        Self {
            id: session.id.0,
            input: SessionInput {
                title: session.title.to_string(),
                code: Some(session.code.to_string()),
                kind: session.kind.into(),
                type_label: session.type_label.to_string(),
                subtitle: session.subtitle.to_string(),
                summary: session.summary.to_string(),
                description: session.description.to_string(),
                language: session.language.to_string(),
                track: session.track.map(|track| track.0),
                parent: session.parent.map(|parent| parent.0),
                people: people
                    .map(|part| Participation { person: part.person.0, role: part.role.into() })
                    .collect(),
                links: session.links.iter().map(Link::from).collect(),
                logo: shown(session.logo.as_ref()),
                url: shown(session.url.as_ref()),
                feedback_url: shown(session.feedback_url.as_ref()),
                licence: session.recording.licence.to_string(),
                opt_out: session.recording.opt_out,
            },
            slots: session.slots.iter().map(Slot::from).collect(),
        }
    }

    fn id(&self) -> Uuid {
        self.id
    }

    fn input(&self) -> &SessionInput {
        &self.input
    }

    fn of(all: &Programme) -> &[p::Session] {
        &all.sessions
    }

    fn is(one: &p::Session, key: &str) -> bool {
        one.code.as_str().eq_ignore_ascii_case(key) || is_id(one.id.0, key)
    }

    /// The session with the slots that it has.
    fn read(
        input: &SessionInput,
        id: Uuid,
        present: Option<&p::Session>,
        programme: &Programme,
    ) -> Result<p::Session, Refusal> {
        let code = optional("code", input.code.as_deref(), |text| {
            p::Slugish::parse(text).ok_or_else(|| {
                Refusal::new("code", "it cannot be a code", "Use 1 to 40 of A-Z, a-z, 0-9, - and _")
            })
        })?;
        let unknown = |name: &str, id: Uuid| {
            Refusal::new(name, format!("there is no {name} {id} in this edition"), "List them with the API")
        };
        let (track, parent) = (input.track.map(TrackId), input.parent.map(SessionId));
        if let Some(track) = track.filter(|track| programme.tracks.iter().all(|one| one.id != *track)) {
            return Err(unknown("track", track.0));
        }
        if let Some(parent) = parent.filter(|parent| programme.sessions.iter().all(|one| one.id != *parent)) {
            return Err(unknown("parent", parent.0));
        }
        if parent == Some(SessionId(id)) {
            return Err(Refusal::new("parent", "it is the session itself", "Name the block that it is in"));
        }
        let person = |part: &Participation| {
            let known = programme.persons.iter().any(|person| person.id.0 == part.person);
            if !known {
                return Err(unknown("people", part.person));
            }
            Ok(p::Participation { person: PersonId(part.person), role: part.role.into() })
        };
        Ok(p::Session {
            id: SessionId(id),
            code: code.unwrap_or_else(|| p::Slugish::from_id(id)),
            kind: input.kind.into(),
            type_label: Line::clean(&input.type_label),
            title: line("title", &input.title)?,
            subtitle: Line::clean(&input.subtitle),
            summary: RichText::clean(&input.summary),
            description: RichText::clean(&input.description),
            language: Line::clean(&input.language),
            track,
            parent,
            people: input.people.iter().map(person).collect::<Result<_, _>>()?,
            slots: present.map(|session| session.slots.clone()).unwrap_or_default(),
            links: links(&input.links)?,
            logo: url("logo", input.logo.as_deref())?,
            url: url("url", input.url.as_deref())?,
            feedback_url: url("feedback_url", input.feedback_url.as_deref())?,
            recording: p::Recording { licence: Line::clean(&input.licence), opt_out: input.opt_out },
        })
    }

    fn put(one: p::Session) -> Command {
        Command::PutSession(one)
    }

    fn without(id: Uuid) -> Command {
        Command::RemoveSession(SessionId(id))
    }
}
