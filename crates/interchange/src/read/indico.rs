//! Indico's HTTP export: `/export/timetable/ID.json` and `/export/event/ID.json?detail=...`.
//!
//! Source: Indico `docs/source/http-api`. A session of Indico is a block of contributions: it becomes a session
//! of the programme that holds topics. Indico places a block by blocks of time (`slotTitle`), so one block may
//! stand in the timetable several times. The listings of a category and of a search hold no timetable.

use super::{
    Format, Imported, Options, ReadError,
    draft::{Draft, RawConference, RawEvent, RawLength, RawLink, RawPerson, RawTime, RawTrack},
    json::{JsonFile, Node},
};
use model::programme::SessionKind;
use serde_json::Value;

/// Whether `value` is an answer of the export API.
pub(super) fn recognises(value: &Value) -> bool {
    value.get("_type").and_then(Value::as_str) == Some("HTTPAPIResult")
        || (value.get("results").is_some() && value.get("ts").is_some() && value.get("url").is_some())
}

/// Reads it; refuses a listing without a timetable.
pub(super) fn read(file: &JsonFile, options: &Options) -> Result<Imported, ReadError> {
    let results = file.value.get("results");
    let timetable = results.and_then(Value::as_object).is_some_and(|events| !events.is_empty());
    let detailed = results.and_then(Value::as_array).is_some_and(|events| {
        events.iter().any(|event| event.get("contributions").is_some() || event.get("sessions").is_some())
    });
    if !timetable && !detailed {
        return Err(ReadError::Unrecognised {
            file: file.name.clone(),
            problem: "this is an Indico listing of events, which holds no timetable".to_owned(),
            remedy: "Fetch /export/timetable/ID.json of the event, or /export/event/ID.json?detail=sessions; an event \
                     whose contributions are not published yet gives an empty timetable"
                .to_owned(),
        });
    }
    file.draft(Format::Indico, options, |root, draft| {
        if timetable {
            for (id, event) in root.get("results").map(|node| node.entries()).unwrap_or_default() {
                take_timetable(id, &event, draft)?;
            }
        } else {
            for event in root.objects("results") {
                take_event(&event, draft)?;
            }
        }
        Ok(())
    })
}

/// The timetable of one event: days of entries.
fn take_timetable(id: &str, event: &Node<'_>, draft: &mut Draft) -> Result<(), ReadError> {
    if draft.conference.acronym.is_empty() {
        draft.conference.acronym = format!("indico-{id}");
        draft.conference.title = format!("Indico event {id}");
    }
    for (day, entries) in event.entries() {
        let day = match day.get(..8).filter(|day| day.bytes().all(|b| b.is_ascii_digit())) {
            Some(day) => format!("{}-{}-{}", &day[..4], &day[4..6], &day[6..8]),
            None => day.to_owned(),
        };
        for (key, entry) in entries.entries() {
            zone_of(&entry, &mut draft.conference);
            let own = take_entry(key, &entry, &day, None, draft)?;
            for (key, child) in entry.get("entries").map(|node| node.entries()).unwrap_or_default() {
                take_entry(key, &child, &day, Some(&own), draft)?;
            }
        }
    }
    Ok(())
}

/// A session of Indico, as what stands in it knows it.
struct Block {
    key: String,
    title: String,
}

impl Block {
    /// What a contribution in it is: a topic of a microconference; elsewhere what its own type says.
    fn child_kind(&self) -> Option<SessionKind> {
        is_microconference(&self.title).then_some(SessionKind::Topic)
    }
}

/// Whether a title says so: "Rust MC", "Containers Microconference".
fn is_microconference(title: &str) -> bool {
    let words = |c: char| !c.is_alphanumeric();
    title.split(words).any(|word| word == "MC" || word.to_lowercase().starts_with("microconf"))
}

/// What a session of Indico is. One that holds contributions and is no microconference is a track or a part of
/// a day; one that holds none is a meeting, unless its title says that it is a BoF, a workshop or a keynote.
fn block_kind(title: &str, has_children: bool) -> SessionKind {
    match SessionKind::guess(title) {
        _ if is_microconference(title) => SessionKind::Microconference,
        _ if has_children => SessionKind::Other,
        kind @ (SessionKind::Bof | SessionKind::Workshop | SessionKind::Keynote | SessionKind::Hack) => kind,
        _ => SessionKind::Meeting,
    }
}

/// One entry of a timetable; returns it as the block that its children stand in.
fn take_entry(
    key: &str,
    entry: &Node<'_>,
    day: &str,
    parent: Option<&Block>,
    draft: &mut Draft,
) -> Result<Block, ReadError> {
    let word = entry.text("entryType");
    let is_block = word == "Session";
    let unique = match entry.text("uniqueId") {
        unique if unique.is_empty() => key.to_owned(),
        unique => unique,
    };
    // All placements of a block share the session; a contribution is placed once.
    let (session, id) = match (is_block, entry.text("sessionId"), entry.text("contributionId")) {
        (true, session, _) if !session.is_empty() => (format!("session-{session}"), String::new()),
        (false, _, contribution) if !contribution.is_empty() => {
            (format!("contribution-{contribution}"), contribution)
        }
        _ => (unique.clone(), String::new()),
    };
    let has_children = entry.get("entries").is_some_and(|children| !children.entries().is_empty());
    let (title, slot_title) = (entry.text("title"), entry.text("slotTitle"));
    let known_kind = match word.as_str() {
        "Break" => Some(SessionKind::Break),
        "Session" => Some(block_kind(&title, has_children)),
        _ => parent.and_then(Block::child_kind),
    };
    let track = match parent {
        Some(block) => block.title.clone(),
        None if is_block && has_children => title.clone(),
        None => String::new(),
    };
    let mut persons = people(entry, &["presenters", "speakers"], "");
    persons.extend(people(entry, &["conveners", "sessionConveners"], if is_block { "lead" } else { "" }));
    draft.event(RawEvent {
        place: entry.place.clone(),
        // The block's identity is the session's; each of its placements is told apart by the entry's own key.
        guid: String::new(),
        id: if is_block || id.is_empty() { unique } else { id },
        session_key: session.clone(),
        title: title.clone(),
        subtitle: slot_title,
        description: entry.text("description"),
        kind: if word == "Contribution" || word == "Session" { String::new() } else { word },
        known_kind,
        track: RawTrack { name: track, ..RawTrack::default() },
        persons,
        start: moment(entry, "startDate"),
        length: length(entry),
        day: day.to_owned(),
        room: entry.text("room"),
        links: material(entry),
        url: entry.text("url"),
        parent_key: parent.map(|block| block.key.clone()).unwrap_or_default(),
        ..RawEvent::default()
    })?;
    Ok(Block { key: session, title })
}

/// An event with its contributions and sessions.
fn take_event(event: &Node<'_>, draft: &mut Draft) -> Result<(), ReadError> {
    let id = event.text("id");
    draft.conference = RawConference {
        title: event.text("title"),
        acronym: if id.is_empty() { String::new() } else { format!("indico-{id}") },
        description: event.text("description"),
        start: event.object("startDate").map(|date| date.text("date")).unwrap_or_default(),
        end: event.object("endDate").map(|date| date.text("date")).unwrap_or_default(),
        zone: event.text("timezone"),
        url: event.text("url"),
        venue: event.text("location"),
        ..RawConference::default()
    };
    for block in event.objects("sessions") {
        let own = Block { key: format!("session-{}", block.text("id")), title: block.text("title") };
        let contributions = block.objects("contributions");
        draft.event(RawEvent {
            persons: people(&block, &["sessionConveners", "conveners"], "lead"),
            known_kind: Some(block_kind(&own.title, !contributions.is_empty())),
            track: RawTrack {
                name: if contributions.is_empty() { String::new() } else { own.title.clone() },
                ..RawTrack::default()
            },
            ..contribution(&block, &own.key)
        })?;
        for child in contributions {
            let raw = contribution(&child, &format!("contribution-{}", child.text("id")));
            let untracked = raw.track.name.trim().is_empty();
            draft.event(RawEvent {
                known_kind: own.child_kind(),
                parent_key: own.key.clone(),
                id: child.text("id"),
                track: if untracked {
                    RawTrack { name: own.title.clone(), ..RawTrack::default() }
                } else {
                    raw.track.clone()
                },
                ..raw
            })?;
        }
    }
    for child in event.objects("contributions") {
        let key = format!("contribution-{}", child.text("id"));
        draft.event(RawEvent { id: child.text("id"), ..contribution(&child, &key) })?;
    }
    Ok(())
}

fn contribution(node: &Node<'_>, key: &str) -> RawEvent {
    let mut persons = people(node, &["speakers", "presenters"], "");
    for author in people(node, &["primaryauthors", "coauthors"], "contributor") {
        if !persons.iter().any(|person| person.name == author.name) {
            persons.push(author);
        }
    }
    RawEvent {
        place: node.place.clone(),
        id: key.to_owned(),
        session_key: key.to_owned(),
        title: node.text("title"),
        description: node.text("description"),
        kind: node.text("type"),
        track: RawTrack { name: node.text("track"), ..RawTrack::default() },
        persons,
        start: moment(node, "startDate"),
        length: length(node),
        room: node.first_text(&["room", "roomFullname"]),
        links: material(node),
        url: node.text("url"),
        ..RawEvent::default()
    }
}

fn people(node: &Node<'_>, fields: &[&str], role: &str) -> Vec<RawPerson> {
    let mut out: Vec<RawPerson> = vec![];
    for field in fields {
        for person in node.objects(field) {
            let first_last = format!("{} {}", person.text("first_name"), person.text("last_name"));
            let name = match person.first_text(&["fullName", "name"]) {
                // Indico writes "Last, First" or "LAST, First" where it has no display order of its own.
                name if name.trim().is_empty() => first_last,
                _ if first_last.trim().len() > 1 && person.has("first_name") && person.has("last_name") => {
                    first_last
                }
                name => swapped(&name),
            };
            if out.iter().any(|known| known.name == name) {
                continue;
            }
            out.push(RawPerson {
                place: person.place.clone(),
                guid: String::new(),
                name,
                affiliation: person.text("affiliation"),
                role: role.to_owned(),
                ..RawPerson::default()
            });
        }
    }
    out
}

/// "Last, First" as "First Last"; a title before the name goes.
fn swapped(name: &str) -> String {
    match name.split_once(", ") {
        Some((last, first)) if !first.contains(',') => {
            let first = ["Dr. ", "Dr ", "Prof. ", "Prof ", "Mr. ", "Mr ", "Ms ", "Mrs "]
                .iter()
                .find_map(|title| first.strip_prefix(title))
                .unwrap_or(first);
            format!("{} {}", first.trim(), last.trim())
        }
        _ => name.to_owned(),
    }
}

/// A date object: `{date, time, tz}`.
fn moment(node: &Node<'_>, field: &str) -> RawTime {
    let Some(date) = node.object(field) else { return RawTime::default() };
    let (day, time) = (date.text("date"), date.text("time"));
    // Microseconds appear in some versions.
    let time = time.split('.').next().unwrap_or_default().to_owned();
    RawTime {
        full: if day.is_empty() || time.is_empty() { String::new() } else { format!("{day}T{time}") },
        zone: date.text("tz"),
        ..RawTime::default()
    }
}

fn length(node: &Node<'_>) -> RawLength {
    let end = moment(node, "endDate");
    match node.int("duration") {
        _ if !end.is_empty() => RawLength::Until(end),
        Some(minutes) => RawLength::Minutes(minutes),
        None => RawLength::Unknown,
    }
}

fn zone_of(entry: &Node<'_>, conference: &mut RawConference) {
    if conference.zone.is_empty() {
        conference.zone = entry.object("startDate").map(|date| date.text("tz")).unwrap_or_default();
    }
}

/// Slides and other files: `material[].resources[]` in older versions, `attachments` in newer ones.
fn material(node: &Node<'_>) -> Vec<RawLink> {
    let mut out = vec![];
    for material in node.list("material").iter().filter(|material| material.value.is_object()) {
        for resource in material.objects("resources") {
            out.push(RawLink {
                kind: "attachment".to_owned(),
                title: resource.first_text(&["name", "fileName"]),
                url: resource.text("url"),
            });
        }
    }
    if let Some(attachments) = node.object("attachments") {
        let folders = attachments.objects("folders");
        let files = folders
            .iter()
            .flat_map(|folder| folder.objects("attachments"))
            .chain(attachments.objects("files"));
        for file in files {
            out.push(RawLink {
                kind: "attachment".to_owned(),
                title: file.text("title"),
                url: file.first_text(&["download_url", "link_url"]),
            });
        }
    }
    out
}
