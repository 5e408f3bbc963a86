//! From the demo's file to the programme of one of its releases.
//!
//! Every identifier is derived from the id that the file gives, never from a title or a time, so a session that
//! was moved or retitled is the same session in every release.

use super::file::{Differs, Event, File, Microconference, Place, Release, Talk, Topic};
use jiff::{SignedDuration, Timestamp};
use model::{
    Refusal,
    edition::{Edition, Sponsor},
    id::{EditionId, PersonId, RoomId, SessionId, SlotId, SponsorId, TrackId},
    programme::{
        Participation, Person, Programme, Recording, Role, Room, Session, SessionKind, Slot, Slugish,
        Standing, Track,
    },
    text::{Line, RichText, Slug},
};
use std::collections::{BTreeMap, BTreeSet};

/// Half of a microconference, in minutes: its topics fill two of them.
const HALF: i64 = 90;
/// The break between the halves, in minutes.
const PAUSE: i64 = 30;
/// The track of the talks.
const REFEREED: &str = "refereed";
/// The track of the BoFs.
const BOFS: &str = "bofs";

/// The programme as it stood at `release`, normalised.
pub(super) fn programme(file: &File, release: &Release) -> Result<Programme, Refusal> {
    let absent: BTreeSet<&str> = release.absent.iter().map(String::as_str).collect();
    let differs = release.differs.iter().map(|d| (d.session.as_str(), d)).collect();
    let mut builder = Builder {
        file,
        slug: file.edition.slug.as_str(),
        absent,
        differs,
        seen: BTreeSet::new(),
        sessions: vec![],
    };
    for event in &file.event {
        builder.event(event)?;
    }
    for talk in &file.talk {
        builder.talk(talk, SessionKind::Talk, REFEREED)?;
    }
    for bof in &file.bof {
        builder.talk(bof, SessionKind::Bof, BOFS)?;
    }
    for mc in &file.mc {
        builder.microconference(mc)?;
    }
    builder.finish()
}

/// What all sessions of one release have in common while they are made.
struct Builder<'a> {
    file: &'a File,
    slug: &'a str,
    absent: BTreeSet<&'a str>,
    differs: BTreeMap<&'a str, &'a Differs>,
    /// Every session id met so far, on the programme of this release or not.
    seen: BTreeSet<&'a str>,
    sessions: Vec<Session>,
}

impl<'a> Builder<'a> {
    fn event(&mut self, event: &'a Event) -> Result<(), Refusal> {
        let Some(session) = self.begin(&event.id, event.kind, &event.title, &event.text)? else {
            return Ok(());
        };
        let role = if event.kind == SessionKind::Hack { Role::Host } else { Role::Speaker };
        let people = self.people(&event.id, &event.speakers, role)?;
        let slots = self.slots(&event.id, &event.at, event.minutes, Standing::Planned)?;
        self.sessions.push(Session { people, slots, ..session });
        Ok(())
    }

    /// A talk of the refereed track or a BoF; `track` is the id of its track in the file.
    fn talk(&mut self, talk: &'a Talk, kind: SessionKind, track: &str) -> Result<(), Refusal> {
        let Some(session) = self.begin(&talk.id, kind, &talk.title, &talk.text)? else { return Ok(()) };
        if !self.file.track.iter().any(|t| t.id.as_str() == track) {
            return Err(unknown(&talk.id, "track", track));
        }
        let differs = self.differs.get(talk.id.as_str());
        let as_planned = differs.is_some_and(|d| d.as_planned);
        let standing = match talk.delayed_minutes {
            _ if as_planned => Standing::Planned,
            _ if talk.cancelled => Standing::Cancelled,
            0 => Standing::Planned,
            minutes => Standing::Delayed(minutes),
        };
        let bof = kind == SessionKind::Bof;
        let role = if bof { Role::Moderator } else { Role::Speaker };
        let subtitle = differs.and_then(|d| d.subtitle.as_ref()).unwrap_or(&talk.subtitle).clone();
        let people = self.people(&talk.id, &talk.speakers, role)?;
        let slots = self.slots(&talk.id, &talk.at, talk.minutes, standing)?;
        self.sessions.push(Session {
            subtitle,
            track: Some(TrackId::from_key(self.slug, track)),
            people,
            slots,
            links: talk.links.clone(),
            // BoFs are for talking freely.
            recording: Recording { opt_out: bof, ..Recording::default() },
            ..session
        });
        Ok(())
    }

    fn microconference(&mut self, mc: &'a Microconference) -> Result<(), Refusal> {
        let id = mc.id.as_str();
        let Some(session) = self.begin(id, SessionKind::Microconference, &mc.title, &mc.text)? else {
            self.seen.extend(mc.topic.iter().map(|topic| topic.id.as_str()));
            return Ok(());
        };
        let differs = self.differs.get(id);
        let place = match differs.and_then(|d| d.at.as_deref()) {
            None => &mc.at,
            Some([place]) => place,
            Some(_) => return Err(Refusal::new(id, "an MC sits in one place", "Give `at` one slot")),
        };
        let topics = match differs.and_then(|d| d.order.as_deref()) {
            None => mc.topic.iter().collect(),
            Some(order) => reordered(id, &mc.topic, order)?,
        };
        let track = TrackId::from_key(self.slug, id);
        let people = self.people(id, &mc.leads, Role::Lead)?;
        let block = self.slot(id, 0, place, 0, HALF + PAUSE + HALF, Standing::Planned)?;
        let parent = session.id;
        self.sessions.push(Session { track: Some(track), people, slots: vec![block], ..session });

        let mut filled = 0;
        for topic in topics {
            let minutes = topic.minutes;
            if filled < HALF && filled + minutes > HALF {
                return Err(Refusal::new(
                    topic.id.clone(),
                    "runs into the break of its MC",
                    "Order the topics so that one ends at minute 90",
                ));
            }
            let offset = if filled < HALF { filled } else { filled + PAUSE };
            filled += minutes;
            let Some(session) = self.begin(&topic.id, SessionKind::Topic, &topic.title, &topic.text)? else {
                continue;
            };
            let people = self.people(&topic.id, &topic.speakers, Role::Speaker)?;
            let slot = self.slot(&topic.id, 0, place, offset, minutes, Standing::Planned)?;
            let (track, parent) = (Some(track), Some(parent));
            self.sessions.push(Session { track, parent, people, slots: vec![slot], ..session });
        }
        if filled == 2 * HALF {
            Ok(())
        } else {
            Err(Refusal::new(id, format!("its topics take {filled} minutes"), "Let them add up to 180"))
        }
    }

    /// The session of `id` without people and slots, or `None` when this release does not have it.
    fn begin(
        &mut self,
        id: &'a str,
        kind: SessionKind,
        title: &Line,
        text: &RichText,
    ) -> Result<Option<Session>, Refusal> {
        if !self.seen.insert(id) {
            return Err(Refusal::new(id, "two sessions have this id", "Give each its own"));
        }
        if self.absent.contains(id) {
            return Ok(None);
        }
        let title = self.differs.get(id).and_then(|d| d.title.as_ref()).unwrap_or(title).clone();
        let session_id = SessionId::from_key(self.slug, id);
        Ok(Some(Session {
            id: session_id,
            code: Slugish::from_id(session_id.0),
            kind,
            type_label: Line::default(),
            title,
            subtitle: Line::default(),
            summary: RichText::default(),
            description: text.clone(),
            language: self.file.edition.language.clone(),
            track: None,
            parent: None,
            people: vec![],
            slots: vec![],
            links: vec![],
            logo: None,
            url: None,
            feedback_url: None,
            recording: Recording::default(),
        }))
    }

    /// Those who take part in the session `id`: `now`, unless this release says otherwise.
    fn people(&self, id: &str, now: &[String], role: Role) -> Result<Vec<Participation>, Refusal> {
        let then = self.differs.get(id).and_then(|d| d.speakers.as_deref()).unwrap_or(now);
        then.iter()
            .map(|person| {
                if !self.file.people.contains_key(person) {
                    return Err(unknown(id, "person", person));
                }
                Ok(Participation { person: PersonId::from_key(self.slug, person), role })
            })
            .collect()
    }

    /// The slots of the session `id`: `now`, unless this release says otherwise.
    fn slots(&self, id: &str, now: &[Place], minutes: i64, standing: Standing) -> Result<Vec<Slot>, Refusal> {
        let then = self.differs.get(id).and_then(|d| d.at.as_deref()).unwrap_or(now);
        then.iter()
            .zip(0..)
            .map(|(place, number)| self.slot(id, number, place, 0, minutes, standing))
            .collect()
    }

    /// Slot number `number` of the session `id`, which begins `offset` minutes after `place`.
    fn slot(
        &self,
        id: &str,
        number: usize,
        place: &Place,
        offset: i64,
        minutes: i64,
        standing: Standing,
    ) -> Result<Slot, Refusal> {
        let room = match &place.room {
            None => None,
            Some(room) if self.file.room.iter().any(|r| r.id.as_str() == room) => {
                Some(RoomId::from_key(self.slug, room))
            }
            Some(room) => return Err(unknown(id, "room", room)),
        };
        let start = self.instant(id, place)?;
        let later = |minutes| {
            start
                .checked_add(SignedDuration::from_mins(minutes))
                .map_err(|_| Refusal::new(id, "ends after the last instant there is", "Shorten `minutes`"))
        };
        Ok(Slot {
            id: SlotId::from_key(self.slug, &format!("{id}/{number}")),
            number: 0,
            room,
            start: later(offset)?,
            end: later(offset + minutes)?,
            standing,
        })
    }

    /// The instant that `place` names: its time on the edition's first day of that name.
    fn instant(&self, id: &str, place: &Place) -> Result<Timestamp, Refusal> {
        let edition = &self.file.edition;
        edition
            .first_day
            .series(jiff::Span::new().days(1))
            .take_while(|date| *date <= edition.last_day)
            .find(|date| date.weekday() == place.day)
            .and_then(|date| edition.zone.instant(date.to_datetime(place.time)))
            .ok_or_else(|| {
                Refusal::new(
                    id,
                    "its day is not a day of the edition",
                    "Name a day from first_day to last_day",
                )
            })
    }

    /// The programme of the sessions made so far, with everything that they name.
    fn finish(self) -> Result<Programme, Refusal> {
        let Self { file, slug, absent, differs, seen, sessions } = self;
        for id in absent.iter().chain(differs.keys()) {
            if !seen.contains(id) {
                return Err(unknown("release", "session", id));
            }
        }
        let taking_part: BTreeSet<PersonId> =
            sessions.iter().flat_map(|session| &session.people).map(|part| part.person).collect();
        let mut programme = Programme::empty(edition(file));
        programme.rooms = file.room.iter().map(|room| self::room(slug, room)).collect();
        let tracks = file.track.iter().map(|t| track(slug, &t.id, &t.title, &t.description, t.accent));
        let of_mcs = file
            .mc
            .iter()
            .filter(|mc| !absent.contains(mc.id.as_str()))
            .map(|mc| track(slug, &mc.id, &mc.title, &mc.text, mc.accent));
        programme.tracks = tracks.chain(of_mcs).collect();
        programme.persons = file
            .people
            .iter()
            .map(|(id, person)| self::person(slug, id, person))
            .filter(|person| person.as_ref().map_or(true, |person| taking_part.contains(&person.id)))
            .collect::<Result<_, _>>()?;
        programme.sponsors =
            file.sponsor.iter().map(|sponsor| self::sponsor(file, sponsor)).collect::<Result<_, _>>()?;
        programme.sessions = sessions;
        programme.normalise();
        Ok(programme)
    }
}

fn edition(file: &File) -> Edition {
    let facts = &file.edition;
    Edition {
        id: EditionId::from_key(facts.slug.as_str(), facts.slug.as_str()),
        slug: facts.slug.clone(),
        series: facts.series.clone(),
        title: facts.title.clone(),
        subtitle: facts.tagline.clone(),
        description: facts.welcome.clone(),
        zone: facts.zone.clone(),
        first_day: facts.first_day,
        last_day: facts.last_day,
        day_change: facts.day_change_minutes,
        venue: facts.venue.clone(),
        city: facts.city.clone(),
        country: facts.country.clone(),
        url: Some(facts.url.clone()),
        logo: None,
        language: facts.language.clone(),
        colour: Some(facts.accent),
        timeslot_minutes: 5,
        mode: model::edition::Mode::default(),
        state: model::edition::EditionState::default(),
        notice: Line::default(),
    }
}

fn room(slug: &str, room: &super::file::Room) -> Room {
    Room {
        id: RoomId::from_key(slug, room.id.as_str()),
        slug: room.id.clone(),
        name: room.name.clone(),
        kind: room.kind,
        capacity: room.capacity,
        description: room.description.clone(),
    }
}

fn track(slug: &str, id: &Slug, name: &Line, text: &RichText, colour: model::text::Colour) -> Track {
    Track {
        id: TrackId::from_key(slug, id.as_str()),
        slug: id.clone(),
        name: name.clone(),
        description: text.clone(),
        colour: Some(colour),
    }
}

fn person(slug: &str, id: &str, person: &super::file::Person) -> Result<Person, Refusal> {
    Ok(Person {
        id: PersonId::from_key(slug, id),
        slug: Slug::parse(id)?,
        code: None,
        number: None,
        name: person.name.clone(),
        biography: person.bio.clone(),
        affiliation: person.of.clone(),
        avatar: None,
        links: vec![],
    })
}

fn sponsor(file: &File, sponsor: &super::file::Sponsor) -> Result<Sponsor, Refusal> {
    let (level, rank) = file
        .sponsor_level
        .iter()
        .zip(0..)
        .find(|(level, _)| level.id == sponsor.level)
        .ok_or_else(|| unknown(sponsor.name.as_str(), "sponsor level", &sponsor.level))?;
    Ok(Sponsor {
        id: SponsorId::from_key(file.edition.slug.as_str(), sponsor.name.as_str()),
        name: sponsor.name.clone(),
        level: level.title.clone(),
        rank,
        url: Some(sponsor.url.clone()),
        logo: None,
        upload: None,
        description: sponsor.text.clone(),
    })
}

/// The topics in the order of these ids, each exactly once.
fn reordered<'a>(mc: &str, topics: &'a [Topic], order: &[String]) -> Result<Vec<&'a Topic>, Refusal> {
    let found: Vec<&Topic> =
        order.iter().filter_map(|id| topics.iter().find(|topic| topic.id == *id)).collect();
    let distinct: BTreeSet<&str> = found.iter().map(|topic| topic.id.as_str()).collect();
    if distinct.len() == topics.len() && order.len() == topics.len() {
        Ok(found)
    } else {
        Err(Refusal::new(mc, "its order does not name each of its topics once", "List every topic's id once"))
    }
}

/// The refusal of a reference to something that the file does not have.
fn unknown(place: &str, kind: &str, id: &str) -> Refusal {
    Refusal::new(place, format!("there is no {kind} \"{id}\""), format!("Add the {kind} or correct the name"))
}
