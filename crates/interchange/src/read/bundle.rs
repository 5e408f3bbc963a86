//! JSON, CSV and other exports of which several files may belong together.
//!
//! Files of one export lie in one folder (or archive), so that is where parts are sought: the speakers of a list
//! of sessions, the pages of a list, the files of an Open Event archive. Two whole lists are two exports.

use super::{
    Imported, Note, Options, ReadError, decode::Source, emf, feeds, fosdem_bot, frab_json, indico,
    json::JsonFile, open_event, pretalx, schedule_json, schedule_json_v2, sessionize,
};
use model::text::excerpt;
use serde_json::Value;
use std::collections::HashSet;

/// The most cells in one table, for the same reason as in JSON.
const CELLS_MAX: usize = 4_000_000;

/// Reads `sources`, joining those that are parts of one export.
///
/// `strangers` are files of archives that are no schedules, `known` the archives of which something was read
/// already. In an archive of which anything is read, strangers are passed over: exports carry notes, forms and
/// settings with them. In any other, the first of them is the error.
pub(super) fn read(
    sources: Vec<Source>,
    mut strangers: Vec<(String, ReadError)>,
    mut known: HashSet<String>,
    options: &Options,
) -> Result<Vec<Imported>, ReadError> {
    let mut groups: Vec<Group> = vec![];
    for source in sources {
        match File::of(&source)? {
            Ok(file) => {
                known.extend(archive_of(&source.name));
                let folder = folder_of(&source.name).to_owned();
                let alone = file.role() == PartRole::Alone;
                let joins = |group: &&mut Group| {
                    !alone && group.open && group.family == file.family() && group.folder == folder
                };
                match groups.iter_mut().find(joins) {
                    Some(group) => group.files.push(file),
                    None => {
                        groups.push(Group { family: file.family(), folder, open: !alone, files: vec![file] });
                    }
                }
            }
            Err(error) => strangers.push((source.name, error)),
        }
    }
    strangers.retain(|(name, _)| archive_of(name).is_none_or(|archive| !known.contains(&archive)));
    if let Some((name, error)) = strangers.first() {
        let archive = archive_of(name);
        let fellows =
            strangers.iter().filter(|(other, _)| archive.is_some() && archive_of(other) == archive).count();
        return Err(match archive {
            Some(archive) if fellows > 1 => unrecognised(
                &archive,
                format!("none of its {fellows} files is in a schedule format Plenary reads"),
            ),
            _ => error.clone(),
        });
    }
    let mut imported = vec![];
    for group in groups {
        for files in group.exports() {
            imported.push(read_export(&files, options)?);
        }
    }
    Ok(imported)
}

/// The refusal of a file that is no schedule.
pub(super) fn unrecognised(file: &str, problem: impl Into<String>) -> ReadError {
    ReadError::Unrecognised {
        file: file.to_owned(),
        problem: problem.into(),
        remedy: "Give schedule XML or JSON, xCal, iCalendar, or an export of pretalx, frab, Indico, Sessionize, Open \
                 Event, FOSDEM, EMF, OSCON or KotlinConf"
            .to_owned(),
    }
}

/// The archive out of which a file came.
pub(super) fn archive_of(name: &str) -> Option<String> {
    name.split_once('!').map(|(archive, _)| archive.to_owned())
}

fn folder_of(name: &str) -> &str {
    name.rfind(['/', '\\', '!']).map_or("", |at| &name[..at])
}

/// Which family of files a file belongs to: only files of one family can be one export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Schedule,
    ScheduleV2,
    Pretalx,
    Frab,
    Indico,
    Sessionize,
    SessionizeTable,
    OpenEvent,
    Emf,
    FosdemBot,
    Oscon,
    KotlinConf,
}

/// What a file is within its export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PartRole {
    /// All of it.
    Alone,
    /// The list of sessions.
    Main,
    /// One page of the list of sessions.
    Page,
    /// What the list of sessions refers to.
    Support,
}

/// A file that was recognised.
#[derive(Debug)]
enum File {
    Json(Family, PartRole, JsonFile),
    Csv(PartRole, Table),
}

impl File {
    /// The file in `source`: the outer error for one that is broken, the inner one for one that is none of ours.
    fn of(source: &Source) -> Result<Result<Self, ReadError>, ReadError> {
        let text = source.text.trim_start();
        if text.starts_with(['{', '[']) || text.starts_with("/*") || text.starts_with("//") {
            let file = JsonFile::parse(source)?;
            let Some((family, role)) = recognise(&source.name, &file.value) else {
                return Ok(Err(unrecognised(&source.name, stranger(&file.value))));
            };
            return Ok(Ok(Self::Json(family, role, file)));
        }
        let refused = || unrecognised(&source.name, "this is not a schedule format Plenary reads");
        let Some(table) = Table::parse(source)? else { return Ok(Err(refused())) };
        if sessionize::recognises_sessions(&table) {
            Ok(Ok(Self::Csv(PartRole::Main, table)))
        } else if sessionize::recognises_speakers(&table) {
            Ok(Ok(Self::Csv(PartRole::Support, table)))
        } else {
            Ok(Err(refused()))
        }
    }

    fn family(&self) -> Family {
        match self {
            Self::Json(family, ..) => *family,
            Self::Csv(..) => Family::SessionizeTable,
        }
    }

    fn role(&self) -> PartRole {
        match self {
            Self::Json(_, role, _) | Self::Csv(role, _) => *role,
        }
    }
}

/// What JSON is, by its shape.
fn recognise(name: &str, value: &Value) -> Option<(Family, PartRole)> {
    use PartRole::{Alone, Main, Page, Support};
    if schedule_json_v2::recognises(value) {
        return Some((Family::ScheduleV2, Alone));
    }
    if schedule_json::recognises(value) {
        return Some((Family::Schedule, Alone));
    }
    if indico::recognises(value) {
        return Some((Family::Indico, Alone));
    }
    if let Some(part) = open_event::recognises(name, value) {
        let role = if part == open_event::Part::Sessions { Main } else { Support };
        return Some((Family::OpenEvent, role));
    }
    if let Some(part) = pretalx::recognises(value) {
        let role = match part {
            pretalx::Part::Pyconfr => Alone,
            pretalx::Part::Submissions if value.get("results").is_some() => Page,
            pretalx::Part::Submissions => Main,
            pretalx::Part::Speakers | pretalx::Part::Slots | pretalx::Part::Rooms => Support,
        };
        return Some((Family::Pretalx, role));
    }
    if frab_json::recognises_events(value) {
        return Some((Family::Frab, Main));
    }
    if frab_json::recognises_speakers(value) {
        return Some((Family::Frab, Support));
    }
    if fosdem_bot::recognises(value) {
        return Some((Family::FosdemBot, Alone));
    }
    if feeds::recognises_oscon(value) {
        return Some((Family::Oscon, Alone));
    }
    if feeds::recognises_kotlinconf(value) {
        return Some((Family::KotlinConf, Alone));
    }
    if sessionize::recognises(value) {
        let role = if value.is_object() {
            Alone
        } else if value.get(0).is_some_and(|first| first.get("firstName").is_some()) {
            Support
        } else {
            Main
        };
        return Some((Family::Sessionize, role));
    }
    emf::recognises(value).then_some((Family::Emf, Alone))
}

/// What JSON that is none of ours looks like, so that its owner can tell what went wrong.
fn stranger(value: &Value) -> String {
    let fields = |value: &Value| {
        let names: Vec<String> = value
            .as_object()
            .map_or_else(Vec::new, |fields| fields.keys().take(6).map(|key| excerpt(key, 30)).collect());
        names.join(", ")
    };
    let shape = match value {
        Value::Array(items) if items.is_empty() => "an empty list".to_owned(),
        Value::Array(items) => match items.first().map(fields) {
            Some(names) if !names.is_empty() => format!("a list of objects with {names}"),
            _ => "a list without objects".to_owned(),
        },
        value => match fields(value) {
            names if names.is_empty() => "an empty object".to_owned(),
            names => format!("an object with {names}"),
        },
    };
    format!("this JSON is {shape}, which is not a schedule format Plenary reads")
}

/// Files of one family in one folder.
#[derive(Debug)]
struct Group {
    family: Family,
    folder: String,
    /// Whether further parts may join.
    open: bool,
    files: Vec<File>,
}

impl Group {
    /// The exports that the files make: one with all parts where there is one list of sessions; else each list by
    /// itself, because nobody can tell to which of them a list of speakers belongs.
    fn exports(&self) -> Vec<Vec<&File>> {
        let of = |role: PartRole| self.files.iter().filter(move |file| file.role() == role);
        let lists = of(PartRole::Main).count() + usize::from(of(PartRole::Page).next().is_some());
        if lists <= 1 {
            return vec![self.files.iter().collect()];
        }
        let mut out: Vec<Vec<&File>> = of(PartRole::Main).map(|file| vec![file]).collect();
        let pages: Vec<&File> = of(PartRole::Page).collect();
        out.extend((!pages.is_empty()).then_some(pages));
        out.extend(of(PartRole::Support).map(|file| vec![file]));
        out
    }
}

fn read_export(files: &[&File], options: &Options) -> Result<Imported, ReadError> {
    let mut json = vec![];
    let mut tables = vec![];
    let mut family = Family::SessionizeTable;
    for file in files {
        match file {
            File::Json(of, _, file) => {
                family = *of;
                json.push(file);
            }
            File::Csv(_, table) => tables.push(table),
        }
    }
    let Some(&first) = json.first() else { return sessionize::read_tables(&tables, options) };
    match family {
        Family::Schedule => schedule_json::read(first, options),
        Family::ScheduleV2 => schedule_json_v2::read(first, options),
        Family::Pretalx => pretalx::read(&json, options),
        Family::Frab => frab_json::read(&json, options),
        Family::Indico => indico::read(first, options),
        Family::Sessionize => sessionize::read(&json, options),
        Family::SessionizeTable => sessionize::read_tables(&tables, options),
        Family::OpenEvent => open_event::read(&json, options),
        Family::Emf => emf::read(first, options),
        Family::FosdemBot => fosdem_bot::read(first, options),
        Family::Oscon => feeds::read_oscon(first, options),
        Family::KotlinConf => feeds::read_kotlinconf(first, options),
    }
}

/// A spreadsheet as CSV: names of columns, then rows.
#[derive(Debug)]
pub(super) struct Table {
    /// Its file's name, for messages.
    pub name: String,
    /// The names of the columns, trimmed.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Row>,
    /// What was wrong with it as a text.
    pub notes: Vec<Note>,
}

/// A row of a [`Table`].
#[derive(Debug)]
pub(super) struct Row {
    line: u64,
    /// Its cells; fewer than there are columns where the row is short.
    pub cells: Vec<String>,
}

impl Row {
    /// A row on that line.
    pub(super) fn new(line: u64, cells: Vec<String>) -> Self {
        Self { line, cells }
    }

    /// The line on which it begins.
    pub(super) fn line(&self) -> u64 {
        self.line
    }
}

impl Table {
    /// The table in `source`: separated by commas, semicolons or tabs; `None` for a text that is no table.
    pub(super) fn parse(source: &Source) -> Result<Option<Self>, ReadError> {
        let header = source.text.lines().next().unwrap_or_default();
        let count = |separator: char| header.matches(separator).count();
        let Some(separator) =
            [',', ';', '\t'].into_iter().max_by_key(|c| count(*c)).filter(|c| count(*c) > 0)
        else {
            return Ok(None);
        };
        let cells = source.text.bytes().filter(|b| *b == separator as u8 || *b == b'\n').count();
        if cells > CELLS_MAX {
            return Err(ReadError::too_large(&source.name, "", "4,000,000 cells"));
        }
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator as u8)
            .flexible(true)
            .from_reader(source.text.as_bytes());
        // Broken rows would only show that this is some other text.
        let Ok(headers) = reader.headers() else { return Ok(None) };
        let columns = headers.iter().map(|name| name.trim().to_owned()).collect();
        let mut rows = vec![];
        for record in reader.records() {
            let Ok(record) = record else { return Ok(None) };
            if record.iter().all(|cell| cell.trim().is_empty()) {
                continue;
            }
            let line = record.position().map_or(0, csv::Position::line);
            rows.push(Row { line, cells: record.iter().map(str::to_owned).collect() });
        }
        Ok(Some(Self { name: source.name.clone(), columns, rows, notes: source.notes.clone() }))
    }

    /// The column called `name` or one of `others`.
    pub(super) fn column(&self, name: &str, others: &[&str]) -> Option<usize> {
        std::iter::once(&name)
            .chain(others)
            .find_map(|name| self.columns.iter().position(|column| column.eq_ignore_ascii_case(name)))
    }

    /// Whether there is a column called `name` or one of `others`.
    pub(super) fn has(&self, name: &str, others: &[&str]) -> bool {
        self.column(name, others).is_some()
    }

    /// The cell of `row` under `name` or one of `others`; empty where there is none.
    pub(super) fn cell(&self, row: usize, name: &str, others: &[&str]) -> &str {
        self.column(name, others).and_then(|at| self.rows.get(row)?.cells.get(at)).map_or("", String::as_str)
    }

    /// Where `row` begins.
    pub(super) fn place(&self, row: usize) -> String {
        format!("line {}", self.rows.get(row).map_or(0, |row| row.line))
    }
}
