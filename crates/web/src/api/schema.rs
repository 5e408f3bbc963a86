//! The things of the programme as the API shows and takes them.
//!
//! Each thing has two types: what is shown, and what a caller decides of it (`...Input`), which is also what a merge
//! patch changes. Fields are named as in the model and in the change feed.

use jiff::{Timestamp, civil::Date};
use model::{
    Refusal, edition,
    id::{PersonId, RoomId, SessionId, SponsorId, TrackId},
    programme as p,
    text::{Colour, Line, RichText, Slug, WebUrl},
    time::Zone,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Reads a field with a rule of the model, and says at which field it was refused.
pub(crate) fn field<T>(
    name: &str,
    text: &str,
    rule: impl FnOnce(&str) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    rule(text).map_err(|refusal| Refusal { field: name.to_owned(), ..refusal })
}

/// The same for a field that may be left out.
fn optional<T>(
    name: &str,
    text: Option<&str>,
    rule: impl FnOnce(&str) -> Result<T, Refusal>,
) -> Result<Option<T>, Refusal> {
    text.map(str::trim).filter(|text| !text.is_empty()).map(|text| field(name, text, rule)).transpose()
}

/// One line that must not be empty.
fn line(name: &str, text: &str) -> Result<Line, Refusal> {
    let line = Line::clean(text);
    if line.is_empty() { Err(Refusal::new(name, "it is empty", "Fill it in")) } else { Ok(line) }
}

fn url(name: &str, text: Option<&str>) -> Result<Option<WebUrl>, Refusal> {
    optional(name, text, WebUrl::parse)
}

fn shown<T: ToString>(value: Option<&T>) -> Option<String> {
    value.map(ToString::to_string)
}

/// A room.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Room {
    /// Its identifier.
    pub(crate) id: Uuid,
    /// What is known of it.
    #[serde(flatten)]
    pub(crate) input: RoomInput,
}

/// What one decides of a room.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct RoomInput {
    /// Its name.
    #[schema(min_length = 1, max_length = 300)]
    name: String,
    /// Its place in addresses; made from the name where it is left out.
    #[serde(default)]
    slug: Option<String>,
    /// `physical`, `virtual` or `hybrid`.
    #[serde(default)]
    kind: RoomKind,
    /// How many people it holds.
    #[serde(default)]
    #[schema(maximum = 1_000_000)]
    capacity: Option<u32>,
    /// Where it is and what one should know. Markdown.
    #[serde(default)]
    description: String,
}

/// What a room is.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RoomKind {
    /// A place in a building.
    #[default]
    Physical,
    /// A video room only.
    Virtual,
    /// Both.
    Hybrid,
}

impl From<&p::Room> for Room {
    fn from(room: &p::Room) -> Self {
        let kind = match room.kind {
            p::RoomKind::Physical => RoomKind::Physical,
            p::RoomKind::Virtual => RoomKind::Virtual,
            p::RoomKind::Hybrid => RoomKind::Hybrid,
        };
        Self {
            id: room.id.0,
            input: RoomInput {
                name: room.name.to_string(),
                slug: Some(room.slug.to_string()),
                kind,
                capacity: room.capacity,
                description: room.description.to_string(),
            },
        }
    }
}

impl RoomInput {
    /// The room that it decides.
    pub(crate) fn read(&self, id: RoomId, _: Option<&p::Room>) -> Result<p::Room, Refusal> {
        let name = line("name", &self.name)?;
        let slug = optional("slug", self.slug.as_deref(), Slug::parse)?;
        Ok(p::Room {
            id,
            slug: slug.unwrap_or_else(|| Slug::from_any(&[name.as_str()], "room", id.0)),
            name,
            kind: match self.kind {
                RoomKind::Physical => p::RoomKind::Physical,
                RoomKind::Virtual => p::RoomKind::Virtual,
                RoomKind::Hybrid => p::RoomKind::Hybrid,
            },
            capacity: self.capacity,
            description: RichText::clean(&self.description),
        })
    }
}

/// A track; every microconference is one.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Track {
    /// Its identifier.
    pub(crate) id: Uuid,
    /// What is known of it.
    #[serde(flatten)]
    pub(crate) input: TrackInput,
}

/// What one decides of a track.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct TrackInput {
    /// Its name.
    #[schema(min_length = 1, max_length = 300)]
    name: String,
    /// Its place in addresses; made from the name where it is left out.
    #[serde(default)]
    slug: Option<String>,
    /// Its colour on pages, such as `#0055aa`.
    #[serde(default)]
    colour: Option<String>,
    /// What it is about. Markdown.
    #[serde(default)]
    description: String,
}

impl From<&p::Track> for Track {
    fn from(track: &p::Track) -> Self {
        Self {
            id: track.id.0,
            input: TrackInput {
                name: track.name.to_string(),
                slug: Some(track.slug.to_string()),
                colour: shown(track.colour.as_ref()),
                description: track.description.to_string(),
            },
        }
    }
}

impl TrackInput {
    /// The track that it decides.
    pub(crate) fn read(&self, id: TrackId, _: Option<&p::Track>) -> Result<p::Track, Refusal> {
        let name = line("name", &self.name)?;
        let slug = optional("slug", self.slug.as_deref(), Slug::parse)?;
        Ok(p::Track {
            id,
            slug: slug.unwrap_or_else(|| Slug::from_any(&[name.as_str()], "track", id.0)),
            name,
            description: RichText::clean(&self.description),
            colour: optional("colour", self.colour.as_deref(), Colour::parse)?,
        })
    }
}

/// A person as the edition's programme presents them.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Person {
    /// Their identifier.
    pub(crate) id: Uuid,
    /// What is known of them.
    #[serde(flatten)]
    pub(crate) input: PersonInput,
}

/// What one decides of a person of the programme.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct PersonInput {
    /// Their public name.
    #[schema(min_length = 1, max_length = 300)]
    name: String,
    /// Their place in addresses; made from the name where it is left out.
    #[serde(default)]
    slug: Option<String>,
    /// Where they work or belong.
    #[serde(default)]
    affiliation: String,
    /// What they say about themselves. Markdown.
    #[serde(default)]
    biography: String,
    /// Their picture.
    #[serde(default)]
    avatar: Option<String>,
    /// Their pages elsewhere.
    #[serde(default)]
    links: Vec<Link>,
}

/// A link on a session or a person.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Link {
    /// What it leads to.
    #[serde(default)]
    kind: LinkKind,
    /// What it is called.
    #[serde(default)]
    title: String,
    /// Where it leads: an `http:` or `https:` address.
    url: String,
}

/// What a link leads to.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LinkKind {
    /// Something related.
    #[default]
    Related,
    /// Slides.
    Slides,
    /// A paper.
    Paper,
    /// A recording.
    Video,
    /// A file that belongs to the session.
    Attachment,
    /// A chat room.
    Chat,
    /// The live stream or video room.
    Stream,
    /// A web page.
    Web,
}

macro_rules! same_words {
    ($ours:ident = $theirs:path { $($variant:ident),+ $(,)? }) => {
        impl From<$theirs> for $ours {
            fn from(one: $theirs) -> Self {
                use $theirs as T;
                match one { $(T::$variant => Self::$variant,)+ }
            }
        }

        impl From<$ours> for $theirs {
            fn from(one: $ours) -> Self {
                match one { $($ours::$variant => Self::$variant,)+ }
            }
        }
    };
}

same_words!(LinkKind = p::LinkKind { Related, Slides, Paper, Video, Attachment, Chat, Stream, Web });

impl From<&p::Link> for Link {
    fn from(link: &p::Link) -> Self {
        Self { kind: link.kind.into(), title: link.title.to_string(), url: link.url.to_string() }
    }
}

fn links(links: &[Link]) -> Result<Vec<p::Link>, Refusal> {
    let read = |link: &Link| {
        let url = field("links", &link.url, WebUrl::parse)?;
        let title = Line::clean(&link.title);
        let title = if title.is_empty() { Line::clean(url.as_str()) } else { title };
        Ok(p::Link { kind: link.kind.into(), title, url })
    };
    links.iter().map(read).collect()
}

impl From<&p::Person> for Person {
    fn from(person: &p::Person) -> Self {
        Self {
            id: person.id.0,
            input: PersonInput {
                name: person.name.to_string(),
                slug: Some(person.slug.to_string()),
                affiliation: person.affiliation.to_string(),
                biography: person.biography.to_string(),
                avatar: shown(person.avatar.as_ref()),
                links: person.links.iter().map(Link::from).collect(),
            },
        }
    }
}

impl PersonInput {
    /// The person that it decides.
    pub(crate) fn read(&self, id: PersonId, present: Option<&p::Person>) -> Result<p::Person, Refusal> {
        let name = line("name", &self.name)?;
        let slug = optional("slug", self.slug.as_deref(), Slug::parse)?;
        Ok(p::Person {
            id,
            slug: slug.unwrap_or_else(|| Slug::from_any(&[name.as_str()], "person", id.0)),
            code: present.and_then(|person| person.code.clone()),
            number: present.and_then(|person| person.number),
            name,
            biography: RichText::clean(&self.biography),
            affiliation: Line::clean(&self.affiliation),
            avatar: url("avatar", self.avatar.as_deref())?,
            links: links(&self.links)?,
        })
    }
}

/// A sponsor of the edition.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Sponsor {
    /// Its identifier.
    pub(crate) id: Uuid,
    /// What is known of it.
    #[serde(flatten)]
    pub(crate) input: SponsorInput,
}

/// What one decides of a sponsor.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct SponsorInput {
    /// The company or foundation.
    #[schema(min_length = 1, max_length = 300)]
    name: String,
    /// The kind of sponsorship, such as "Platinum".
    #[schema(min_length = 1, max_length = 300)]
    level: String,
    /// The order of the levels: 0 is shown first.
    #[serde(default)]
    rank: u16,
    /// Its site.
    #[serde(default)]
    url: Option<String>,
    /// Its logo.
    #[serde(default)]
    logo: Option<String>,
    /// A line or two about it. Markdown.
    #[serde(default)]
    description: String,
}

impl From<&edition::Sponsor> for Sponsor {
    fn from(sponsor: &edition::Sponsor) -> Self {
        Self {
            id: sponsor.id.0,
            input: SponsorInput {
                name: sponsor.name.to_string(),
                level: sponsor.level.to_string(),
                rank: sponsor.rank,
                url: shown(sponsor.url.as_ref()),
                logo: shown(sponsor.logo.as_ref()),
                description: sponsor.description.to_string(),
            },
        }
    }
}

impl SponsorInput {
    /// The sponsor that it decides.
    pub(crate) fn read(
        &self,
        id: SponsorId,
        present: Option<&edition::Sponsor>,
    ) -> Result<edition::Sponsor, Refusal> {
        Ok(edition::Sponsor {
            id,
            name: line("name", &self.name)?,
            level: Line::clean(&self.level),
            rank: self.rank,
            url: url("url", self.url.as_deref())?,
            logo: url("logo", self.logo.as_deref())?,
            description: RichText::clean(&self.description),
            // An uploaded logo is changed on the sponsor's own page.
            upload: present.and_then(|sponsor| sponsor.upload.clone()),
        })
    }
}

/// Something on the programme.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Session {
    /// Its identifier.
    pub(crate) id: Uuid,
    /// What is known of it.
    #[serde(flatten)]
    pub(crate) input: SessionInput,
    /// When and where it takes place, by time. Changed with the operations place, delay, cancel and restore.
    pub(crate) slots: Vec<Slot>,
}

/// What one decides of a session, but for its slots.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct SessionInput {
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
pub(crate) enum SessionKind {
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
pub(crate) struct Participation {
    /// Who.
    person: Uuid,
    /// As what.
    #[serde(default)]
    role: Part,
}

/// In which role somebody takes part.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Part {
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

same_words!(Part = p::Role { Speaker, Lead, Moderator, Host, Contributor });

/// A session's place: room, start, end.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Slot {
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
pub(crate) enum Standing {
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

impl From<&p::Session> for Session {
    fn from(session: &p::Session) -> Self {
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
}

impl SessionInput {
    /// The session that it decides, in `programme`, with the slots that it has.
    pub(crate) fn read(
        &self,
        id: SessionId,
        present: Option<&p::Session>,
        programme: &p::Programme,
    ) -> Result<p::Session, Refusal> {
        let code = optional("code", self.code.as_deref(), |text| {
            p::Slugish::parse(text).ok_or_else(|| {
                Refusal::new("code", "it cannot be a code", "Use 1 to 40 of A-Z, a-z, 0-9, - and _")
            })
        })?;
        let unknown = |name: &str, id: Uuid| {
            Refusal::new(name, format!("there is no {name} {id} in this edition"), "List them with the API")
        };
        let (track, parent) = (self.track.map(TrackId), self.parent.map(SessionId));
        if let Some(track) = track.filter(|track| programme.tracks.iter().all(|one| one.id != *track)) {
            return Err(unknown("track", track.0));
        }
        if let Some(parent) = parent.filter(|parent| programme.sessions.iter().all(|one| one.id != *parent)) {
            return Err(unknown("parent", parent.0));
        }
        if parent == Some(id) {
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
            id,
            code: code.unwrap_or_else(|| p::Slugish::from_id(id.0)),
            kind: self.kind.into(),
            type_label: Line::clean(&self.type_label),
            title: line("title", &self.title)?,
            subtitle: Line::clean(&self.subtitle),
            summary: RichText::clean(&self.summary),
            description: RichText::clean(&self.description),
            language: Line::clean(&self.language),
            track,
            parent,
            people: self.people.iter().map(person).collect::<Result<_, _>>()?,
            slots: present.map(|session| session.slots.clone()).unwrap_or_default(),
            links: links(&self.links)?,
            logo: url("logo", self.logo.as_deref())?,
            url: url("url", self.url.as_deref())?,
            feedback_url: url("feedback_url", self.feedback_url.as_deref())?,
            recording: p::Recording { licence: Line::clean(&self.licence), opt_out: self.opt_out },
        })
    }
}

/// One edition of a series.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Edition {
    /// Its identifier.
    pub(crate) id: Uuid,
    /// What is known of it.
    #[serde(flatten)]
    pub(crate) input: EditionInput,
    /// The number of its newest release; null while nothing is published.
    pub(crate) release: Option<u32>,
}

/// What one decides of an edition.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct EditionInput {
    /// Its place in every address, such as `lpc-2027`.
    #[schema(min_length = 1, max_length = 80)]
    pub(crate) slug: String,
    /// The conference over the years, without the year.
    #[schema(min_length = 1, max_length = 300)]
    pub(crate) series: String,
    /// Its title.
    #[schema(min_length = 1, max_length = 300)]
    pub(crate) title: String,
    /// A line under the title.
    #[serde(default)]
    subtitle: String,
    /// The welcome text of the front page. Markdown.
    #[serde(default)]
    description: String,
    /// The zone in which its days and its timetable are meant, such as `Europe/Prague`.
    zone: String,
    /// Its first day, in its zone.
    #[schema(value_type = String, format = Date)]
    first_day: Date,
    /// Its last day, in its zone.
    #[schema(value_type = String, format = Date)]
    last_day: Date,
    /// When a conference day ends and the next begins, in minutes after midnight.
    #[serde(default)]
    #[schema(maximum = 1_439)]
    day_change: u16,
    /// The building.
    #[serde(default)]
    venue: String,
    /// The city.
    #[serde(default)]
    city: String,
    /// The country.
    #[serde(default)]
    country: String,
    /// Its own site, where it has another.
    #[serde(default)]
    url: Option<String>,
    /// Its logo.
    #[serde(default)]
    logo: Option<String>,
    /// The main language as a BCP 47 tag; empty where unknown.
    #[serde(default)]
    language: String,
    /// The colour of its pages, such as `#0055aa`.
    #[serde(default)]
    colour: Option<String>,
}

impl Edition {
    /// As it is shown, with its newest release.
    pub(crate) fn of(edition: &edition::Edition, release: Option<u32>) -> Self {
        Self {
            id: edition.id.0,
            input: EditionInput {
                slug: edition.slug.to_string(),
                series: edition.series.to_string(),
                title: edition.title.to_string(),
                subtitle: edition.subtitle.to_string(),
                description: edition.description.to_string(),
                zone: edition.zone.to_string(),
                first_day: edition.first_day,
                last_day: edition.last_day,
                day_change: edition.day_change,
                venue: edition.venue.to_string(),
                city: edition.city.to_string(),
                country: edition.country.to_string(),
                url: shown(edition.url.as_ref()),
                logo: shown(edition.logo.as_ref()),
                language: edition.language.to_string(),
                colour: shown(edition.colour.as_ref()),
            },
            release,
        }
    }
}

impl EditionInput {
    /// The edition that it decides, in the place of `present`.
    pub(crate) fn read(&self, present: &edition::Edition) -> Result<edition::Edition, Refusal> {
        if self.last_day < self.first_day {
            return Err(Refusal::new(
                "last_day",
                "it is before the first day",
                "Give the same day or a later one",
            ));
        }
        if self.day_change > 1_439 {
            return Err(Refusal::new("day_change", "a day has 1440 minutes", "Give 0 to 1439"));
        }
        Ok(edition::Edition {
            slug: field("slug", &self.slug, Slug::parse)?,
            series: line("series", &self.series)?,
            title: line("title", &self.title)?,
            subtitle: Line::clean(&self.subtitle),
            description: RichText::clean(&self.description),
            zone: field("zone", &self.zone, Zone::parse)?,
            first_day: self.first_day,
            last_day: self.last_day,
            day_change: self.day_change,
            venue: Line::clean(&self.venue),
            city: Line::clean(&self.city),
            country: Line::clean(&self.country),
            url: url("url", self.url.as_deref())?,
            logo: url("logo", self.logo.as_deref())?,
            language: Line::clean(&self.language),
            colour: optional("colour", self.colour.as_deref(), Colour::parse)?,
            ..present.clone()
        })
    }
}
