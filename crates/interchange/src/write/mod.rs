//! Writing: one pure function for each format in which the programme of a release goes out.
//!
//! Reading is lenient, writing is strict: whatever the programme holds, a schedule file is valid against its
//! published schema, a calendar against RFC 5545, a feed against RFC 4287. What a format has no place for is
//! left out or carried beside it (see `extras.rs`), never squeezed into a title.
//!
//! # How a slot's standing goes out
//!
//! A **delayed** slot goes out with the times at which it really takes place: whoever looks into an app wants
//! to be in the room then.
//!
//! A **cancelled** slot is left out of the formats that cannot say "cancelled": schedule XML, schedule JSON v1,
//! xCal, the pretalx widget, Indico's timetable and the FOSDEM JSON. That is what frab and pretalx do, and what
//! the readers of those files expect: EventFahrplan shows a session that has disappeared as cancelled, and video
//! and chat tools must not prepare anything for it. Formats that can say it do: schedule JSON v2
//! (`state: CANCELED`), iCalendar (`STATUS:CANCELLED`), CSV (column `standing`) and the pretalx API (`state`).
//!
//! # How several slots of one session go out
//!
//! | format | how |
//! |---|---|
//! | schedule XML, JSON v1 and v2, xCal | one event for each slot: own guid, number and slug, the same `url`, no `code` |
//! | iCalendar | one VEVENT for each slot with its own UID; the later ones are RELATED-TO the first |
//! | CSV | one row for each slot; `session` and `code` repeat |
//! | pretalx API | one submission, several `slots` |
//! | pretalx widget, Indico | several entries with the same `code` or `contributionId` |
//! | FOSDEM JSON | several talks |

mod atom;
mod csv;
mod fosdem_bot;
mod icalendar;
mod indico;
mod plain;
pub mod pretalx;
mod proposals;
mod registrations;
mod schedule_json;
mod schedule_json_v2;
mod schedule_xml;
pub(crate) mod uri;
mod xcal;
mod xml;

pub use atom::{PostEntry, atom, post_atom};
pub use csv::csv;
pub use fosdem_bot::fosdem_bot;
pub use icalendar::{Filter, icalendar};
pub use indico::indico_timetable;
pub use plain::plain_text;
pub use proposals::{ProposalRow, proposals_csv};
pub use registrations::registrations_csv;
pub use schedule_json::schedule_json;
pub use schedule_json_v2::schedule_json_v2;
pub use schedule_xml::schedule_xml;
pub use xcal::xcal;

use jiff::{Timestamp, civil::Date};
use model::{
    address::Address,
    edition::Day,
    id::{PersonId, RoomId, SessionId, TrackId},
    programme::{Participation, Person, Programme, Room, Session, SessionKind, Slot, Track},
    release::ReleaseHead,
    text::Slug,
    time::Zone,
};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The name by which our files call their generator.
pub const GENERATOR: &str = "plenary";

/// The version by which our files call their generator.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What every writer needs: the programme of a release and where its pages are.
#[derive(Clone, Copy, Debug)]
pub struct Export<'a> {
    /// The programme, in its canonical form ([`Programme::normalise`]).
    pub programme: &'a Programme,
    /// The release it was published as.
    pub release: &'a ReleaseHead,
    /// The site's address without a slash at its end: `https://conf.example.org`.
    pub base_url: &'a str,
    /// When the file is written.
    pub generated: Timestamp,
}

impl<'a> Export<'a> {
    /// The full address of a page or file of the edition.
    pub fn url(&self, address: &Address<'_>) -> String {
        format!("{}{}", self.base_url, address.path(&self.programme.edition.slug))
    }

    /// The host of the site with its port, as it stands in [`Export::base_url`].
    pub fn host(&self) -> &'a str {
        let rest = self.base_url.split_once("://").map_or(self.base_url, |(_, rest)| rest);
        rest.split('/').next().unwrap_or(rest)
    }

    fn zone(&self) -> &'a Zone {
        &self.programme.edition.zone
    }
}

/// Where a slot takes place in the order of rooms: a room, the whole house, or nowhere yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// The room at this position of the programme.
    Room(usize),
    /// Everywhere: a break that concerns the whole house.
    House,
    /// No room is decided.
    Open,
}

/// The name under which slots of the whole house stand in formats that cannot do without a room.
pub(crate) const HOUSE: &str = "All rooms";
/// The name under which slots without a room stand in formats that cannot do without one.
pub(crate) const OPEN: &str = "To be announced";

/// What takes place on a day, by place and then by time.
type ByPlace<'a> = BTreeMap<Place, Vec<(&'a Session, &'a Slot)>>;

/// The programme's parts by identifier, made once for each file.
struct Index<'a> {
    programme: &'a Programme,
    rooms: HashMap<RoomId, usize>,
    tracks: HashMap<TrackId, &'a Track>,
    persons: HashMap<PersonId, &'a Person>,
    /// How many persons' numbers files give, each once.
    numbers: HashMap<PersonId, u32>,
}

impl<'a> Index<'a> {
    fn new(programme: &'a Programme) -> Self {
        let mut taken = HashSet::new();
        let mut numbers = HashMap::with_capacity(programme.persons.len());
        for person in &programme.persons {
            if let Some(number) =
                person.number.filter(|n| (1..=i32::MAX as u32).contains(n) && taken.insert(*n))
            {
                numbers.insert(person.id, number);
            }
        }
        for person in &programme.persons {
            numbers.entry(person.id).or_insert_with(|| number_from(person.id.0, &mut taken));
        }
        Self {
            programme,
            rooms: programme.rooms.iter().map(|room| room.id).zip(0..).collect(),
            tracks: programme.tracks.iter().map(|track| (track.id, track)).collect(),
            persons: programme.persons.iter().map(|person| (person.id, person)).collect(),
            numbers,
        }
    }

    fn room(&self, slot: &Slot) -> Option<&'a Room> {
        slot.room.and_then(|id| self.rooms.get(&id)).map(|&at| &self.programme.rooms[at])
    }

    fn track(&self, session: &Session) -> Option<&'a Track> {
        session.track.and_then(|id| self.tracks.get(&id)).copied()
    }

    /// Who takes part, with their role, in the order in which they are named.
    fn people<'s>(
        &'s self,
        session: &'s Session,
    ) -> impl Iterator<Item = (&'s Participation, &'a Person)> + 's {
        session.people.iter().filter_map(|part| self.persons.get(&part.person).map(|person| (part, *person)))
    }

    /// The number of a person in schedule files: positive, unique in the file.
    fn number(&self, person: &Person) -> u32 {
        self.numbers.get(&person.id).copied().unwrap_or_default()
    }

    fn place(&self, session: &Session, slot: &Slot) -> Place {
        match slot.room.and_then(|id| self.rooms.get(&id)) {
            Some(&at) => Place::Room(at),
            None if matches!(
                session.kind,
                SessionKind::Break | SessionKind::Service | SessionKind::Social
            ) =>
            {
                Place::House
            }
            None => Place::Open,
        }
    }

    fn place_name(&self, place: Place) -> &'a str {
        match place {
            Place::Room(at) => self.programme.rooms[at].name.as_str(),
            Place::House => HOUSE,
            Place::Open => OPEN,
        }
    }

    /// The days, with what takes place on each by room: the shape of schedule files. Cancelled slots are left
    /// out. There is always at least one day.
    fn by_day(&self) -> Vec<(Day, ByPlace<'a>)> {
        let edition = &self.programme.edition;
        let mut days: Vec<_> = days(self.programme).into_iter().map(|day| (day, BTreeMap::new())).collect();
        let at: HashMap<Date, usize> = days.iter().map(|(day, _)| day.date).zip(0..).collect();
        for (session, slot) in self.programme.slots().filter(|(_, slot)| is_listed(slot)) {
            if let Some(&at) = at.get(&edition.day_of(slot.start)) {
                days[at].1.entry(self.place(session, slot)).or_insert_with(Vec::new).push((session, slot));
            }
        }
        for (_, places) in &mut days {
            for held in places.values_mut() {
                held.sort_by_key(|(_, slot)| (slot.actual_start(), slot.id));
            }
        }
        days
    }
}

/// The days of the programme that files can name (years 1 to 9998); at least one.
fn days(programme: &Programme) -> Vec<Day> {
    let mut days: Vec<Day> =
        programme.days().into_iter().filter(|day| (1..=9_998).contains(&day.date.year())).collect();
    if days.is_empty() {
        days = programme.edition.days([Date::constant(1970, 1, 1)]);
        days.retain(|day| day.date.year() == 1970);
        days.truncate(1);
    }
    for (day, index) in days.iter_mut().zip(1..) {
        day.index = index;
    }
    days
}

/// Whether files can give the slot's times: in the years 1 to 9998.
pub(crate) fn is_datable(slot: &Slot) -> bool {
    let year = |t: Timestamp| t.to_zoned_datetime(jiff::tz::TimeZone::UTC).year();
    year(slot.start) > 1 && year(slot.actual_end()) < 9_998
}

/// Whether the slot stands in files that cannot say "cancelled".
pub(crate) fn is_listed(slot: &Slot) -> bool {
    !slot.is_cancelled() && is_datable(slot)
}

/// How many slots of the session stand in files that cannot say "cancelled".
pub(crate) fn listed(session: &Session) -> usize {
    session.slots.iter().filter(|slot| is_listed(slot)).count()
}

/// A number for an identifier, above a million so that it stays away from the numbers that files give.
fn number_from(id: uuid::Uuid, taken: &mut HashSet<u32>) -> u32 {
    let mut number = 1_000_000 + (id.as_u128() % 1_000_000_000) as u32;
    while !taken.insert(number) {
        number += 1;
    }
    number
}

/// RFC 3339 with the offset in the zone. Offsets that the format cannot say (local mean times with seconds)
/// become UTC.
fn stamp(zone: &Zone, instant: Timestamp) -> String {
    let local = zone.local(instant);
    let offset = local.offset().seconds();
    if offset % 60 == 0 && offset.abs() <= 14 * 3_600 {
        local.strftime("%Y-%m-%dT%H:%M:%S%.f%:z").to_string()
    } else {
        stamp_utc(instant)
    }
}

/// RFC 3339 in UTC, with the literal `Z`.
fn stamp_utc(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%S%.fZ").to_string()
}

/// The wall-clock time in the zone as `HH:MM`.
fn clock(zone: &Zone, instant: Timestamp) -> String {
    let local = zone.local(instant);
    format!("{:02}:{:02}", local.hour(), local.minute())
}

/// The slug of an event in schedule files, unique because the slot's number is:
/// `acronym-number-title`, by the pattern `[a-z0-9_]{4,}-[a-z0-9\-_]{4,}`.
fn event_slug(edition: &Slug, session: &Session, slot: &Slot) -> String {
    let title = Slug::from_text(session.title.as_str());
    let title = title.as_ref().map_or("session", Slug::as_str);
    let title = if title.len() < 2 { "session" } else { title };
    format!("{}-{}-{title}", acronym(edition), slot.number)
}

/// The edition's slug as an acronym: at least four of `[a-z0-9_]`, the pattern on which both schemas agree.
fn acronym(edition: &Slug) -> String {
    let mut out = edition.as_str().replace('-', "_");
    while out.len() < 4 {
        out.push('_');
    }
    out
}

/// The session's code where a schedule file may hold it: made of `[0-9A-Z]`, and used once.
fn event_code(session: &Session) -> Option<&str> {
    let code = session.code.as_str();
    (listed(session) == 1 && code.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()))
        .then_some(code)
}

/// The session's first slot, where it has several: what the others say they belong to.
fn sibling<'s>(session: &'s Session, slot: &Slot) -> Option<&'s Slot> {
    session.slots.first().filter(|first| first.id != slot.id)
}

/// The identifier of the session by which formats with one entry per session know it.
fn parent_of<'a>(sessions: &HashMap<SessionId, &'a Session>, session: &Session) -> Option<&'a Session> {
    session.parent.and_then(|id| sessions.get(&id)).copied()
}

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
