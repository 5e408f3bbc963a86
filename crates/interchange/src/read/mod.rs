//! Reading: what a file is, what it may cost, and how what is wrong with it is told.

mod bundle;
mod conferences;
mod decode;
pub(crate) mod draft;
mod emf;
mod europython;
mod feeds;
mod fosdem_bot;
mod frab_json;
mod icalendar;
mod indico;
mod json;
mod open_event;
mod pretalx;
mod schedule_json;
mod schedule_json_v2;
mod schedule_xml;
mod sessionize;
mod table;
mod xcal;
mod xml;

pub use conferences::{ConferenceList, read_conferences};
pub use table::{read_records, read_table};

use crate::{container, read::decode::Source};
use jiff::Timestamp;
use model::{merge::Carries, programme::Programme, text::Slug, time::Zone};
use std::{collections::HashSet, fmt};

/// The most bytes read from one import, after unpacking.
pub const MAX_INPUT: usize = 64 * 1024 * 1024;
/// The most events read from one file.
pub const MAX_EVENTS: usize = 50_000;
/// The deepest nesting of elements, objects or components.
pub const MAX_DEPTH: usize = 64;

/// A file as it was given.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Its name, for messages and as a hint of what it is.
    pub name: &'a str,
    /// Its bytes, packed or not.
    pub bytes: &'a [u8],
}

/// What the person importing says over the file.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The slug of the edition, instead of the one that the file names.
    pub edition: Option<Slug>,
    /// The zone in which the conference takes place, instead of the one that the file names. Times in the file
    /// that have no offset are read in it.
    pub zone: Option<Zone>,
}

/// The formats that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// Schedule XML by pentabarf: events directly under the day.
    PentabarfXml,
    /// Schedule XML by FOSDEM, frab, pretalx, wafer, the c3voc hub, EMF and others.
    ScheduleXml,
    /// The XML of EuroPython 2014.
    EuropythonXml,
    /// xCal, RFC 6321 and frab's and pentabarf's variants of it.
    Xcal,
    /// Schedule JSON, version 1.
    ScheduleJson,
    /// Schedule JSON, version 2, of the CCC hub.
    ScheduleJsonV2,
    /// Exports and API answers of pretalx.
    Pretalx,
    /// Indico's HTTP export.
    Indico,
    /// Sessionize's API and spreadsheets.
    Sessionize,
    /// Open Event archives.
    OpenEvent,
    /// iCalendar, RFC 5545.
    ICalendar,
    /// The JSON of Electromagnetic Field.
    Emf,
    /// The JSON that FOSDEM gives conference-bot.
    FosdemBot,
    /// frab's own JSON of events and of speakers.
    Frab,
    /// The feed of O'Reilly's OSCON.
    Oscon,
    /// The JSON of KotlinConf's app.
    KotlinConf,
}

impl Format {
    /// What people read.
    pub fn label(self) -> &'static str {
        match self {
            Self::PentabarfXml => "Pentabarf XML",
            Self::ScheduleXml => "schedule XML",
            Self::EuropythonXml => "EuroPython XML",
            Self::Xcal => "xCal",
            Self::ScheduleJson => "schedule JSON",
            Self::ScheduleJsonV2 => "schedule JSON version 2",
            Self::Pretalx => "pretalx export",
            Self::Indico => "Indico export",
            Self::Sessionize => "Sessionize export",
            Self::OpenEvent => "Open Event archive",
            Self::ICalendar => "iCalendar",
            Self::Emf => "EMF JSON",
            Self::FosdemBot => "FOSDEM JSON for conference-bot",
            Self::Frab => "frab JSON",
            Self::Oscon => "OSCON feed",
            Self::KotlinConf => "KotlinConf JSON",
        }
    }

    /// The fields that files of this format express. A reader may say less for a file that lacks some.
    pub fn carries(self) -> Carries {
        // What every kind of schedule XML and JSON says of a session.
        const SCHEDULE: Carries = Carries::SESSIONS
            .and(Carries::EDITION)
            .and(Carries::SUBTITLE)
            .and(Carries::SUMMARY)
            .and(Carries::DESCRIPTION)
            .and(Carries::KIND)
            .and(Carries::LANGUAGE)
            .and(Carries::TRACK)
            .and(Carries::PEOPLE)
            .and(Carries::LINKS)
            .and(Carries::NUMBERS);
        const SESSION: Carries =
            Carries::SESSIONS.and(Carries::DESCRIPTION).and(Carries::PEOPLE).and(Carries::NUMBERS);
        match self {
            // Each dialect has more, by the elements that it writes.
            Self::PentabarfXml | Self::ScheduleXml => SCHEDULE,
            Self::EuropythonXml => {
                SESSION.and(Carries::SUMMARY).and(Carries::KIND).and(Carries::TRACK).and(Carries::PROFILES)
            }
            Self::Xcal => Carries::SESSIONS
                .and(Carries::DESCRIPTION)
                .and(Carries::PEOPLE)
                .and(Carries::URL)
                .and(Carries::STANDING),
            Self::ScheduleJson => SCHEDULE
                .and(Carries::LOGO)
                .and(Carries::URL)
                .and(Carries::FEEDBACK)
                .and(Carries::RECORDING)
                .and(Carries::PROFILES),
            Self::ScheduleJsonV2 => SCHEDULE
                .and(Carries::LOGO)
                .and(Carries::URL)
                .and(Carries::FEEDBACK)
                .and(Carries::RECORDING)
                .and(Carries::ROLES)
                .and(Carries::STANDING),
            Self::Pretalx => SESSION
                .and(Carries::SUMMARY)
                .and(Carries::KIND)
                .and(Carries::TRACK)
                .and(Carries::LANGUAGE)
                .and(Carries::PROFILES)
                .and(Carries::LINKS)
                .and(Carries::LOGO)
                .and(Carries::RECORDING),
            Self::Indico => SESSION
                .and(Carries::KIND)
                .and(Carries::TRACK)
                .and(Carries::URL)
                .and(Carries::ROLES)
                .and(Carries::PARENT)
                .and(Carries::LINKS),
            // A single event has a long text and links too; the reader says so.
            Self::Frab => SESSION
                .without(Carries::DESCRIPTION)
                .and(Carries::SUMMARY)
                .and(Carries::KIND)
                .and(Carries::PROFILES)
                .and(Carries::LOGO),
            Self::OpenEvent => SESSION
                .and(Carries::EDITION)
                .and(Carries::SUBTITLE)
                .and(Carries::SUMMARY)
                .and(Carries::KIND)
                .and(Carries::TRACK)
                .and(Carries::TRACK_DETAILS)
                .and(Carries::PROFILES)
                .and(Carries::LINKS)
                .and(Carries::SPONSORS)
                .and(Carries::STANDING),
            Self::Sessionize | Self::KotlinConf => {
                SESSION.and(Carries::KIND).and(Carries::TRACK).and(Carries::PROFILES).and(Carries::LINKS)
            }
            Self::Oscon => {
                SESSION.and(Carries::KIND).and(Carries::TRACK).and(Carries::PROFILES).and(Carries::URL)
            }
            // A calendar may also name addresses, tracks and persons; the reader says so of those that do.
            Self::ICalendar => Carries::SESSIONS.and(Carries::DESCRIPTION).and(Carries::STANDING),
            Self::Emf => {
                SESSION.and(Carries::KIND).and(Carries::URL).and(Carries::LINKS).and(Carries::RECORDING)
            }
            Self::FosdemBot => SESSION.and(Carries::TRACK).and(Carries::ROLES),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// What one file, or the parts of one export, said.
#[derive(Clone, Debug)]
pub struct Imported {
    /// What it was.
    pub format: Format,
    /// The programme, normalised.
    pub programme: Programme,
    /// Which fields the file could express; what it could not is no reason to clear anything.
    pub carries: Carries,
    /// Whether the zone was named, by the file or by the importer. Where it was not, it is only the offset of the
    /// first event; whoever knows the edition already reads the file again with the edition's zone.
    pub zone_named: bool,
    /// When the file says it was made, where it does.
    pub made: Option<Timestamp>,
    /// The release that the file says it holds, such as "0.12"; empty where it says nothing.
    pub version: String,
    /// What was wrong or doubtful, in the order of the file.
    pub notes: Vec<Note>,
}

/// Something in a file that was wrong or doubtful, and what was done about it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Note {
    /// The file.
    pub file: String,
    /// Where in it: "line 12", "sessions\[3\].startsAt"; empty for the file as a whole.
    pub place: String,
    /// What is wrong, without a full stop.
    pub problem: String,
    /// What was done, or what to do, without a full stop.
    pub remedy: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, place, problem, remedy } = self;
        let comma = if place.is_empty() { "" } else { ", " };
        write!(f, "{file}{comma}{place}: {problem}. {remedy}.")
    }
}

/// Why nothing was read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No format that is read looks like this.
    #[error("{file}: {problem}. {remedy}.")]
    Unrecognised {
        /// The file.
        file: String,
        /// What it looks like.
        problem: String,
        /// What to do.
        remedy: String,
    },
    /// More bytes, events or nesting than a schedule has.
    #[error("{file}{}: more than {limit}. Check that this is a schedule; if it is, split it.", Comma(.place))]
    TooLarge {
        /// The file.
        file: String,
        /// Where the limit was passed; empty for the file as a whole.
        place: String,
        /// The limit, such as "50,000 events".
        limit: String,
    },
    /// It ends in the middle. Never read in part: what is missing would count as removed.
    #[error("{file}, {place}: the file ends early; {events} events came before. Fetch it again.")]
    Truncated {
        /// The file.
        file: String,
        /// Where it ends.
        place: String,
        /// How many events were complete.
        events: usize,
    },
    /// It breaks the rules of its syntax, or holds something that is never read.
    #[error("{file}{}: {problem}. {remedy}.", Comma(.place))]
    Malformed {
        /// The file.
        file: String,
        /// Where.
        place: String,
        /// What is wrong.
        problem: String,
        /// What to do.
        remedy: String,
    },
}

/// A place after the file's name, with a comma where there is one.
struct Comma<'a>(&'a str);

impl fmt::Display for Comma<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, ", {}", self.0) }
    }
}

impl ReadError {
    /// The syntax of `file` is broken at `place`.
    pub(crate) fn malformed(
        file: &str,
        place: impl Into<String>,
        problem: impl Into<String>,
        remedy: &str,
    ) -> Self {
        Self::Malformed {
            file: file.to_owned(),
            place: place.into(),
            problem: problem.into(),
            remedy: remedy.to_owned(),
        }
    }

    /// `file` passes a limit at `place`.
    pub(crate) fn too_large(file: &str, place: impl Into<String>, limit: impl Into<String>) -> Self {
        Self::TooLarge { file: file.to_owned(), place: place.into(), limit: limit.into() }
    }
}

/// Reads `inputs`: unpacks them, finds out what each is, joins those that are parts of one export, and gives a
/// programme for each.
///
/// Either everything is read or nothing: the first file that cannot be read is the error.
pub fn read(inputs: &[Input<'_>], options: &Options) -> Result<Vec<Imported>, ReadError> {
    let mut imported = vec![];
    let mut parts = vec![];
    let mut strangers = vec![];
    let mut known = HashSet::new();
    for input in inputs {
        for member in container::unpack(input.name, input.bytes)? {
            let found = Source::decode(&member.name, &member.bytes)
                .and_then(|source| Ok((Syntax::of(&source)?, source)));
            let (syntax, source) = match found {
                Ok(found) => found,
                // Archives hold other things beside the schedule.
                Err(error) if bundle::archive_of(&member.name).is_some() => {
                    strangers.push((member.name, error));
                    continue;
                }
                Err(error) => return Err(error),
            };
            imported.push(match syntax {
                Syntax::ScheduleXml => schedule_xml::read(&source, options)?,
                Syntax::Xcal => xcal::read(&source, options)?,
                Syntax::ICalendar => icalendar::read(&source, options)?,
                Syntax::Other => {
                    parts.push(source);
                    continue;
                }
            });
            known.extend(bundle::archive_of(&member.name));
        }
    }
    imported.extend(bundle::read(parts, strangers, known, options)?);
    Ok(imported)
}

/// What a file is by its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Syntax {
    /// XML with the root `schedule`.
    ScheduleXml,
    /// XML with the root `icalendar`.
    Xcal,
    /// A calendar.
    ICalendar,
    /// JSON, CSV and others, of which several files may make one export.
    Other,
}

impl Syntax {
    fn of(source: &Source) -> Result<Self, ReadError> {
        let text = source.text.trim_start();
        let unrecognised = |problem: String, remedy: &str| {
            Err(ReadError::Unrecognised { file: source.name.clone(), problem, remedy: remedy.to_owned() })
        };
        if text.is_empty() {
            return unrecognised("the file is empty".to_owned(), "Fetch it again");
        }
        if text.get(..15).is_some_and(|head| head.eq_ignore_ascii_case("BEGIN:VCALENDAR")) {
            return Ok(Self::ICalendar);
        }
        if !text.starts_with('<') {
            return Ok(Self::Other);
        }
        let root = xml::root(source)?;
        match root.to_ascii_lowercase().as_str() {
            "schedule" => Ok(Self::ScheduleXml),
            "icalendar" => Ok(Self::Xcal),
            "html" => unrecognised(
                "this is a web page, not a schedule".to_owned(),
                "Give the address that the page links to as its schedule export",
            ),
            _ => unrecognised(
                format!(
                    "XML with the root element \"{}\" is not a schedule",
                    model::text::excerpt(&root, 40)
                ),
                "Give schedule XML (root \"schedule\") or xCal (root \"icalendar\")",
            ),
        }
    }
}
