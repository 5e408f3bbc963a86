//! Sessionize: the views `All`, `GridSmart`, `Sessions` and `Speakers` of its API, and its spreadsheets as CSV.
//!
//! Source: the community's OpenAPI of `https://sessionize.com/api/v2/{id}/view/...`. Times stand without a zone:
//! they are those on the clocks of the place. A spreadsheet of sessions names its speakers; the one of speakers
//! brings their texts, and the two join by name.

use super::{
    Format, Imported, Options, ReadError,
    bundle::Table,
    draft::{Draft, RawEvent, RawLength, RawLink, RawPerson, RawRoom, RawTime, RawTrack},
    feeds::unstaffed_kind,
    json::{JsonFile, Node, common_name, draft_of},
};
use model::programme::SessionKind;
use serde_json::Value;
use std::collections::HashSet;

/// Whether `value` is one of the API's views.
pub(super) fn recognises(value: &Value) -> bool {
    let first = |value: &Value, fields: &[&str]| {
        value.get(0).is_some_and(|first| fields.iter().all(|field| first.get(field).is_some()))
    };
    (value.get("sessions").is_some_and(Value::is_array)
        && value.get("speakers").is_some_and(Value::is_array)
        && value.get("rooms").is_some_and(Value::is_array))
        || first(value, &["date", "rooms", "timeSlots"])
        || first(value, &["groupId", "sessions"])
        || first(value, &["firstName", "lastName", "fullName"])
}

/// Whether `table` is a spreadsheet of sessions.
pub(super) fn recognises_sessions(table: &Table) -> bool {
    title_column(table).is_some() && table.has("Speaker names", &["Speakers", "Owner"])
}

/// Whether `table` is a spreadsheet of speakers.
pub(super) fn recognises_speakers(table: &Table) -> bool {
    table.has("Name", &["FullName"]) && table.has("Proposal titles", &["TagLine", "Bio", "Biography"])
}

fn title_column(table: &Table) -> Option<usize> {
    table.column("Proposal title", &["Title"])
}

/// Reads the views of one event.
pub(super) fn read(files: &[&JsonFile], options: &Options) -> Result<Imported, ReadError> {
    draft_of(files, Format::Sessionize, options, |roots, draft| {
        let mut seen = HashSet::new();
        for root in roots {
            if root.value.is_object() {
                take_all(root, &mut seen, draft)?;
                continue;
            }
            for item in root.as_objects() {
                if item.has("firstName") || item.has("fullName") {
                    draft.person(speaker(&item));
                } else if item.has("timeSlots") || item.has("rooms") {
                    for room in item.objects("rooms") {
                        draft.room(RawRoom {
                            key: room.text("id"),
                            name: room.text("name"),
                            ..RawRoom::default()
                        });
                        for session in room.objects("sessions") {
                            take_session(&session, None, &mut seen, draft)?;
                        }
                    }
                } else {
                    for session in item.objects("sessions") {
                        take_session(&session, None, &mut seen, draft)?;
                    }
                }
            }
        }
        Ok(())
    })
}

fn take_all(root: &Node<'_>, seen: &mut HashSet<String>, draft: &mut Draft) -> Result<(), ReadError> {
    let mut rooms = root.objects("rooms");
    rooms.sort_by_key(|room| room.int("sort").unwrap_or(i64::MAX));
    for room in rooms {
        draft.room(RawRoom { key: room.text("id"), name: room.text("name"), ..RawRoom::default() });
    }
    for node in root.objects("speakers") {
        draft.person(speaker(&node));
    }
    let categories = Categories::of(root);
    for session in root.objects("sessions") {
        take_session(&session, Some(&categories), seen, draft)?;
    }
    Ok(())
}

/// The items of the lists from which speakers choose, by what the list is about.
#[derive(Default)]
struct Categories {
    tracks: Vec<(String, String)>,
    formats: Vec<(String, String)>,
    languages: Vec<(String, String)>,
}

impl Categories {
    fn of(root: &Node<'_>) -> Self {
        let mut out = Self::default();
        for category in root.objects("categories") {
            let title = category.text("title").to_lowercase();
            let list = if title.contains("track") {
                &mut out.tracks
            } else if title.contains("format") || title.contains("type") {
                &mut out.formats
            } else if title.contains("language") || title.contains("sprache") {
                &mut out.languages
            } else {
                continue;
            };
            list.extend(category.objects("items").iter().map(|item| (item.text("id"), item.text("name"))));
        }
        out
    }

    fn chosen(list: &[(String, String)], ids: &[String]) -> String {
        list.iter().find(|(id, _)| ids.contains(id)).map(|(_, name)| name.clone()).unwrap_or_default()
    }
}

fn take_session(
    session: &Node<'_>,
    categories: Option<&Categories>,
    seen: &mut HashSet<String>,
    draft: &mut Draft,
) -> Result<(), ReadError> {
    let id = session.text("id");
    // The views repeat one another; the grid repeats a plenary session under every room.
    if !id.is_empty() && !seen.insert(id.clone()) {
        return Ok(());
    }
    let status = session.text("status").to_ascii_lowercase();
    if !matches!(status.as_str(), "" | "accepted" | "confirmed") {
        session.log.note(
            &session.place,
            format!("the session \"{}\" is {status}", model::text::excerpt(&session.text("title"), 60)),
            "It is not on the programme and was left out",
        );
        return Ok(());
    }
    let chosen: Vec<String> = session.list("categoryItems").iter().map(Node::as_text).collect();
    let (track, format, language) = match categories {
        Some(all) => (
            Categories::chosen(&all.tracks, &chosen),
            Categories::chosen(&all.formats, &chosen),
            Categories::chosen(&all.languages, &chosen),
        ),
        None => <_>::default(),
    };
    let persons: Vec<RawPerson> = session
        .list("speakers")
        .iter()
        .map(|node| {
            if node.value.is_object() {
                RawPerson {
                    place: node.place.clone(),
                    guid: node.text("id"),
                    name: node.text("name"),
                    ..RawPerson::default()
                }
            } else {
                RawPerson { place: node.place.clone(), guid: node.as_text(), ..RawPerson::default() }
            }
        })
        .collect();
    let mut links = vec![];
    for (field, kind, title) in [("recordingUrl", "video", "Recording"), ("liveUrl", "stream", "Live stream")]
    {
        let url = session.text(field);
        if !url.trim().is_empty() {
            links.push(RawLink { kind: kind.to_owned(), title: title.to_owned(), url });
        }
    }
    let title = session.text("title");
    let known_kind = if session.flag("isServiceSession") {
        Some(unstaffed_kind(&title, &[]).unwrap_or(SessionKind::Service))
    } else if session.flag("isPlenumSession") {
        Some(SessionKind::Keynote)
    } else {
        None
    };
    draft.event(RawEvent {
        place: session.place.clone(),
        id,
        title,
        description: session.text("description"),
        known_kind,
        kind: format,
        language: language_tag(&language),
        track: RawTrack { name: track, ..RawTrack::default() },
        persons,
        start: RawTime::full(session.text("startsAt")),
        length: RawLength::Until(RawTime::full(session.text("endsAt"))),
        room: session.text("room"),
        room_key: session.text("roomId"),
        links,
        cancelled: session.flag("isCancelled"),
        ..RawEvent::default()
    })
}

/// Speakers choose the language from a list that organisers write, mostly in English or German words.
fn language_tag(word: &str) -> String {
    match word.trim().to_lowercase().as_str() {
        "english" | "englisch" => "en",
        "german" | "deutsch" => "de",
        "french" | "français" | "französisch" => "fr",
        "spanish" | "español" => "es",
        "italian" | "italiano" => "it",
        "dutch" | "nederlands" => "nl",
        "portuguese" | "português" => "pt",
        word if word.len() == 2 => return word.to_owned(),
        _ => "",
    }
    .to_owned()
}

fn speaker(node: &Node<'_>) -> RawPerson {
    let full = node.text("fullName");
    let name = if full.trim().is_empty() {
        format!("{} {}", node.text("firstName"), node.text("lastName"))
    } else {
        full
    };
    let links = node
        .list("links")
        .iter()
        .filter(|link| link.value.is_object())
        .map(|link| RawLink { title: link.text("title"), url: link.text("url"), ..RawLink::default() })
        .collect();
    RawPerson {
        place: node.place.clone(),
        guid: node.text("id"),
        name,
        biography: node.text("bio"),
        affiliation: node.text("tagLine"),
        avatar: node.text("profilePicture"),
        links,
        ..RawPerson::default()
    }
}

/// Reads spreadsheets of sessions and of speakers.
pub(super) fn read_tables(tables: &[&Table], options: &Options) -> Result<Imported, ReadError> {
    let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    let mut draft = Draft::new(&common_name(&names), Format::Sessionize, options);
    for table in tables {
        draft.take_notes(&table.notes);
    }
    for table in tables.iter().filter(|table| !recognises_sessions(table)) {
        for row in 0..table.rows.len() {
            draft.person(table_speaker(table, row));
        }
    }
    for table in tables.iter().filter(|table| recognises_sessions(table)) {
        for row in 0..table.rows.len() {
            draft.event(table_session(table, row))?;
        }
    }
    draft.says_only_what_it_has();
    Ok(draft.finish())
}

fn table_speaker(table: &Table, row: usize) -> RawPerson {
    let cell = |name: &str, others: &[&str]| table.cell(row, name, others).to_owned();
    let mut links = vec![];
    for (at, column) in table.columns.iter().enumerate() {
        let url = table.rows[row].cells.get(at).map_or("", String::as_str);
        if url.starts_with("http")
            && !column.eq_ignore_ascii_case("Picture")
            && !column.eq_ignore_ascii_case("Profile Picture")
        {
            links.push(RawLink {
                title: column.replace("(user URL)", "").trim().to_owned(),
                url: url.to_owned(),
                ..RawLink::default()
            });
        }
    }
    let position = [cell("Your job title", &["TagLine", "Tag Line"]), cell("Your company", &["Company"])];
    let position: Vec<&str> =
        position.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect();
    RawPerson {
        place: table.place(row),
        code: cell("ID", &["Speaker Id"]),
        name: cell("Name", &["FullName"]),
        biography: cell("Biography", &["Bio"]),
        affiliation: position.join(", "),
        avatar: cell("Picture", &["Profile Picture"]),
        links,
        ..RawPerson::default()
    }
}

fn table_session(table: &Table, row: usize) -> RawEvent {
    let cell = |name: &str, others: &[&str]| table.cell(row, name, others).to_owned();
    let names = cell("Speaker names", &["Speakers", "Owner"]);
    let place = table.place(row);
    let persons: Vec<RawPerson> = names
        .split(',')
        .filter(|name| !name.trim().is_empty())
        .map(|name| RawPerson { place: place.clone(), name: name.to_owned(), ..RawPerson::default() })
        .collect();
    let title = title_column(table)
        .map(|at| table.rows[row].cells.get(at).cloned().unwrap_or_default())
        .unwrap_or_default();
    let (date, clock) = (cell("Date", &[]), cell("Start Time", &["Start"]));
    let start = if clock.trim().is_empty() {
        RawTime::full(cell("Scheduled At", &[]))
    } else {
        RawTime::clock(date.clone(), clock)
    };
    let length = match cell("Duration", &["Scheduled Duration"]) {
        text if text.trim().is_empty() => RawLength::Unknown,
        text => RawLength::Text(text),
    };
    RawEvent {
        place,
        code: cell("ID", &["Session Id"]),
        known_kind: unstaffed_kind(&title, &persons),
        title,
        description: cell("Abstract", &["Description"]),
        kind: cell("Session format", &["Format", "Session type"]),
        language: language_tag(&cell("Language", &[])),
        track: RawTrack { name: cell("Track", &[]), ..RawTrack::default() },
        persons,
        start,
        length,
        day: date,
        room: cell("Room", &[]),
        ..RawEvent::default()
    }
}
