//! Lists of other conferences: confs.tech's folders of JSON, the YAML of the Ruby and AI communities, the CSV of
//! Python's organisers, and calendars.
//!
//! These lists are kept by hand and differ in the names of their fields more than in what they say. So one reader
//! takes all: a conference is whatever has a name and a first day, under any of the names that lists use. Nothing here
//! decides what clashes; that is the planner's.

use super::{
    Input, Note, ReadError,
    bundle::{Table, archive_of},
    decode::Source,
    draft::notes::Notes,
    icalendar,
    json::{JsonFile, Log, Node},
};
use crate::container;
use jiff::civil::Date;
use model::{
    calendar::{CONFERENCES_MAX, LENGTH_MAX, OtherConference, normalise},
    country::Country,
    text::{Line, WebUrl, excerpt},
};

/// The most bytes of one list that is JSON or YAML; the largest real ones have some hundred kilobytes.
const LIST_MAX: usize = 8 * 1_024 * 1_024;

/// The most topics that are kept of one conference.
const TOPICS_MAX: usize = 30;

/// What lists of conferences said.
#[derive(Clone, Debug, Default)]
pub struct ConferenceList {
    /// The conferences, by date and name, each once.
    pub conferences: Vec<OtherConference>,
    /// What was wrong or doubtful, in the order of the files.
    pub notes: Vec<Note>,
}

/// Reads `inputs` as lists of conferences: unpacks them, finds out what each is, and joins what they say.
///
/// Read are calendars (iCalendar), JSON as confs.tech writes it, YAML as ruby-conferences and ai-deadlines write it, and
/// CSV with a column of names and one of first days. Other files in an archive are left out with a note.
///
/// # Errors
/// When a file is broken, when more than [`CONFERENCES_MAX`] conferences come out, or when no file is a list.
pub fn read_conferences(inputs: &[Input<'_>]) -> Result<ConferenceList, ReadError> {
    let mut list = ConferenceList::default();
    let mut lists = 0;
    for input in inputs {
        for member in container::unpack(input.name, input.bytes)? {
            let source = Source::decode(&member.name, &member.bytes)?;
            let mut draft = Draft::new(&source.name, CONFERENCES_MAX - list.conferences.len());
            match take(&source, &mut draft) {
                Ok(()) => lists += 1,
                Err(ReadError::Unrecognised { problem, .. }) if archive_of(&member.name).is_some() => {
                    draft.note("", problem, "The file was left out");
                }
                Err(error) => return Err(error),
            }
            list.notes.extend(source.notes);
            list.conferences.append(&mut draft.conferences);
            list.notes.append(&mut draft.notes.into_list());
        }
    }
    if lists == 0 {
        let file = inputs.first().map_or("the list", |input| input.name).to_owned();
        return Err(unrecognised(file, "there is no list of conferences in it"));
    }
    normalise(&mut list.conferences);
    Ok(list)
}

fn unrecognised(file: String, problem: &str) -> ReadError {
    ReadError::Unrecognised {
        file,
        problem: problem.to_owned(),
        remedy:
            "Give a calendar (.ics), or JSON, YAML or CSV with a name and a first day for each conference"
                .to_owned(),
    }
}

fn take(source: &Source, draft: &mut Draft) -> Result<(), ReadError> {
    let text = source.text.trim_start();
    if text.is_empty() {
        return Err(unrecognised(source.name.clone(), "the file is empty"));
    }
    if text.get(..15).is_some_and(|head| head.eq_ignore_ascii_case("BEGIN:VCALENDAR")) {
        return icalendar::conferences::take(source, draft);
    }
    if text.starts_with('<') {
        return Err(unrecognised(source.name.clone(), "this is a web page or XML, not a list"));
    }
    // A row of names of columns reads as YAML too, as one text; a list in YAML has a dash before each conference.
    let dashed = text.lines().any(|line| line.starts_with("- ") || line == "-");
    if text.starts_with(['[', '{']) {
        if text.len() > LIST_MAX {
            return Err(ReadError::too_large(&source.name, "", "8 MiB"));
        }
        let file = JsonFile::parse(source)?;
        return take_values(source, &file.value, draft);
    }
    if !dashed {
        return match Table::parse(source)? {
            Some(table) => take_table(source, &table, draft),
            None => Err(unrecognised(source.name.clone(), "this is no list of conferences")),
        };
    }
    take_values(source, &yaml(source)?, draft)
}

/// A text in YAML as JSON values, so that one reader takes both.
fn yaml(source: &Source) -> Result<serde_json::Value, ReadError> {
    if source.text.len() > LIST_MAX {
        return Err(ReadError::too_large(&source.name, "", "8 MiB"));
    }
    // The parser takes time that grows with the square of the depth before it gives up.
    let (mut depth, mut deepest) = (0_usize, 0);
    for byte in source.text.bytes() {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    if deepest > 1_000 {
        return Err(ReadError::too_large(&source.name, "", "1,000 brackets inside one another"));
    }
    serde_norway::from_str(&source.text).map_err(|error| {
        let place = error.location().map(|at| format!("line {}", at.line())).unwrap_or_default();
        let problem = format!("this is not YAML: {}", excerpt(&error.to_string(), 120));
        ReadError::malformed(&source.name, place, problem, "Download the list again")
    })
}

fn take_values(source: &Source, value: &serde_json::Value, draft: &mut Draft) -> Result<(), ReadError> {
    let log = Log::new(&source.name);
    let root = Node::root(value, &log);
    // A list, or an object with a list in it.
    let nodes = if value.is_array() {
        root.as_objects()
    } else {
        ["conferences", "events", "data"]
            .iter()
            .map(|field| root.objects(field))
            .find(|list| !list.is_empty())
            .unwrap_or_default()
    };
    let named = |node: &Node<'_>| {
        NAMES.iter().any(|field| node.has(field)) && FIRSTS.iter().any(|field| node.has(field))
    };
    if !nodes.is_empty() && !nodes.iter().any(named) || (nodes.is_empty() && !value.is_array()) {
        return Err(unrecognised(source.name.clone(), "nothing in it has a name and a first day"));
    }
    let folder = topic_of(&source.name);
    for node in nodes {
        let year = node.first_text(&["year"]);
        let name = node.first_text(&["full_name", "name", "title", "summary"]);
        let short = node.first_text(&["title"]);
        let name = match (name.is_empty(), short.is_empty() || short == name) {
            (true, _) => short,
            (false, true) if !year.is_empty() && !name.contains(&year) => format!("{name} {year}"),
            (false, true) => name,
            (false, false) => format!("{name} ({short} {year})").replace(" )", ")"),
        };
        let mut topics = folder.clone();
        for field in ["topics", "topic", "tags", "sub"] {
            if let Some(found) = node.get(field) {
                topics.extend(if found.value.is_array() {
                    found.as_list().iter().map(Node::as_text).collect()
                } else {
                    vec![found.as_text()]
                });
            }
        }
        draft.conference(&Raw {
            place: node.place.clone(),
            name,
            url: node.first_text(&["url", "link", "website"]),
            first: node.first_text(&FIRSTS),
            last: node.first_text(&["endDate", "end_date", "end"]),
            city: node.first_text(&["city"]),
            country: node.first_text(&["country"]),
            location: node.first_text(&["location", "place", "venue"]),
            online: node.has("online") && node.flag("online"),
            topics,
            cfp: node.first_text(&["cfpEndDate", "cfp_close_date", "cfp_end", "deadline"]),
            cancelled: node.first_text(&["status"]).trim().eq_ignore_ascii_case("cancelled"),
        })?;
    }
    draft.notes.take(&log.into_list());
    Ok(())
}

/// Under which names lists give a conference's name.
const NAMES: [&str; 4] = ["name", "title", "full_name", "summary"];

/// Under which names lists give its first day.
const FIRSTS: [&str; 3] = ["startDate", "start_date", "start"];

fn take_table(source: &Source, table: &Table, draft: &mut Draft) -> Result<(), ReadError> {
    const NAME: (&str, &[&str]) = ("Subject", &["Name", "Conference", "Title", "Event", "Summary"]);
    const FIRST: (&str, &[&str]) =
        ("Start Date", &["Start", "Begin", "From", "startDate", "start_date", "First day"]);
    if !table.has(NAME.0, NAME.1) || !table.has(FIRST.0, FIRST.1) {
        return Err(unrecognised(
            source.name.clone(),
            "this table has no column of names or none of first days",
        ));
    }
    for row in 0..table.rows.len() {
        let cell = |name: &str, others: &[&str]| table.cell(row, name, others).to_owned();
        draft.conference(&Raw {
            place: table.place(row),
            name: cell(NAME.0, NAME.1),
            url: cell("Website URL", &["URL", "Website", "Link"]),
            first: cell(FIRST.0, FIRST.1),
            last: cell("End Date", &["End", "To", "Until", "endDate", "end_date", "Last day"]),
            city: cell("City", &[]),
            country: cell("Country", &[]),
            location: cell("Location", &["Place"]),
            topics: cell("Topics", &["Topic", "Tags"]).split([',', ';']).map(str::to_owned).collect(),
            cfp: cell("Talk Deadline", &["CfP end", "cfpEndDate", "Deadline"]),
            ..Raw::default()
        })?;
    }
    Ok(())
}

/// The topic that a file of confs.tech is about: `conferences/2024/javascript.json` is about JavaScript. Names of
/// collections and years are none.
fn topic_of(name: &str) -> Vec<String> {
    let base = name.rsplit(['/', '\\', '!']).next().unwrap_or(name);
    let Some((stem, kind)) = base.rsplit_once('.') else { return vec![] };
    let collection = ["conferences", "all", "events", "data", "list", "index"];
    let plain = stem.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-');
    // Data is a topic of confs.tech where it stands in a folder of a year.
    let in_year = name.rsplit(['/', '\\']).nth(1).is_some_and(|folder| folder.parse::<u16>().is_ok());
    if kind.eq_ignore_ascii_case("json") && plain && (in_year || !collection.contains(&stem)) {
        vec![stem.replace('-', " ")]
    } else {
        vec![]
    }
}

/// What the letters mean by which ai-deadlines names its subjects.
const SUBJECTS: [(&str, &str); 10] = [
    ("ML", "machine learning"),
    ("CV", "computer vision"),
    ("CG", "computer graphics"),
    ("NLP", "natural language processing"),
    ("RO", "robotics"),
    ("SP", "speech and signal processing"),
    ("DM", "data mining"),
    ("AP", "automated planning"),
    ("KR", "knowledge representation"),
    ("HCI", "human-computer interaction"),
];

/// A conference as a file writes it.
#[derive(Debug, Default)]
pub(super) struct Raw {
    pub(super) place: String,
    pub(super) name: String,
    pub(super) url: String,
    pub(super) first: String,
    pub(super) last: String,
    pub(super) city: String,
    pub(super) country: String,
    /// City and country in one.
    pub(super) location: String,
    pub(super) online: bool,
    pub(super) topics: Vec<String>,
    pub(super) cfp: String,
    pub(super) cancelled: bool,
}

/// The conferences of one file in the making.
pub(super) struct Draft {
    file: Line,
    left: usize,
    conferences: Vec<OtherConference>,
    notes: Notes,
}

impl Draft {
    fn new(file: &str, left: usize) -> Self {
        Self { file: Line::clean(file), left, conferences: vec![], notes: Notes::new(file) }
    }

    pub(super) fn note(&mut self, place: impl Into<String>, problem: impl Into<String>, remedy: &str) {
        self.notes.add(place, problem, remedy);
    }

    /// Cleans a conference and takes it; one without a name or a first day is left out with a note.
    pub(super) fn conference(&mut self, raw: &Raw) -> Result<(), ReadError> {
        let place = raw.place.as_str();
        let name = Line::clean(&raw.name);
        let shown = excerpt(name.as_str(), 60);
        if name.is_empty() {
            self.note(place, "the conference has no name", "It was left out");
            return Ok(());
        }
        if raw.cancelled {
            self.note(place, format!("{shown} is cancelled"), "It was left out");
            return Ok(());
        }
        let Some(first_day) = day(&raw.first) else {
            let problem = if raw.first.trim().is_empty() {
                format!("{shown} has no first day")
            } else {
                format!("{shown}: \"{}\" is no day", excerpt(&raw.first, 30))
            };
            self.note(place, problem, "It was left out");
            return Ok(());
        };
        let last_day = self.last_day(raw, &shown, first_day);
        let (city, country) = where_it_is(raw);
        let url = match raw.url.trim() {
            "" => None,
            text => WebUrl::parse(text)
                .map_err(|refusal| self.note(place, refusal.problem, "The address was left out"))
                .ok(),
        };
        let topics = raw.topics.iter().take(TOPICS_MAX).map(|topic| {
            let topic = topic.trim();
            let meant =
                SUBJECTS.iter().find(|(letters, _)| *letters == topic).map_or(topic, |(_, words)| *words);
            Line::clean(meant)
        });
        if self.conferences.len() >= self.left {
            return Err(ReadError::too_large(
                self.file.as_str(),
                place,
                format!("{CONFERENCES_MAX} conferences"),
            ));
        }
        let afar = |text: &Line| {
            ["online", "virtual", "remote", "internet"]
                .iter()
                .any(|word| text.as_str().eq_ignore_ascii_case(word))
        };
        self.conferences.push(OtherConference {
            online: raw.online || afar(&city) || afar(&country),
            topics: topics.filter(|topic| !topic.is_empty()).collect(),
            cfp_end: day(&raw.cfp),
            source: self.file.clone(),
            name,
            url,
            first_day,
            last_day,
            city,
            country,
        });
        Ok(())
    }

    fn last_day(&mut self, raw: &Raw, shown: &str, first_day: Date) -> Date {
        if raw.last.trim().is_empty() {
            return first_day;
        }
        let place = raw.place.as_str();
        let remedy = "It was taken to last one day; correct it in the list";
        match day(&raw.last) {
            None => {
                let problem = format!("{shown}: \"{}\" is no day", excerpt(&raw.last, 30));
                self.note(place, problem, remedy);
                first_day
            }
            Some(last) if last < first_day => {
                self.note(place, format!("{shown} ends on {last}, before it begins"), remedy);
                first_day
            }
            Some(last) if first_day.until(last).map_or(i32::MAX, |span| span.get_days()) >= LENGTH_MAX => {
                self.note(place, format!("{shown} lasts longer than {LENGTH_MAX} days"), remedy);
                first_day
            }
            Some(last) => last,
        }
    }
}

/// A day as lists write it: `2024-09-18`, with or without a time behind it; `2024/9/18`. A month alone is none.
fn day(text: &str) -> Option<Date> {
    let text = text.trim().trim_matches(['\'', '"']);
    let date = text.split(['T', ' ']).next()?;
    let date: Date = if let Ok(date) = date.parse() {
        date
    } else {
        let numbers: Vec<i16> = date.split(['-', '/', '.']).map(str::parse).collect::<Result<_, _>>().ok()?;
        let [year, month, day] = numbers[..] else { return None };
        Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?
    };
    (1970..=9_000).contains(&date.year()).then_some(date)
}

/// City and country, from their fields or from a place that names both.
fn where_it_is(raw: &Raw) -> (Line, Line) {
    let (city, country) = (Line::clean(&raw.city), Line::clean(&raw.country));
    let location = Line::clean(&raw.location);
    if !city.is_empty() || location.is_empty() {
        return (city, country);
    }
    let known = |text: &str| Country::of_place(text);
    match location.as_str().rsplit_once(',') {
        // "Minsk, Minsk, Belarus" is in Minsk.
        Some((before, last)) if known(last).is_some() || !country.is_empty() => {
            let city = before.split(',').next().unwrap_or(before);
            let country = if country.is_empty() { Line::clean(last) } else { country };
            (Line::clean(city), country)
        }
        // "Orlando, FL".
        Some((before, _)) if known(location.as_str()).is_some() => {
            let name = known(location.as_str()).map(Country::name).unwrap_or_default();
            (Line::clean(before), Line::clean(name))
        }
        None if country.is_empty() && known(location.as_str()).is_some() => (Line::default(), location),
        _ => (location, country),
    }
}
