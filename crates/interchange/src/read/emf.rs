//! The JSON of Electromagnetic Field: a flat list of entries, each with one speaker's name in free text.
//!
//! Its times are those on the clocks of the field, whatever follows them: in 2014 they end in a `Z` that is
//! wrong. The place is the same every time, so the zone is known where nobody says another.

use super::{
    Format, Imported, Options, ReadError,
    draft::{Draft, RawEvent, RawLength, RawLink, RawPerson, RawTime},
    json::{JsonFile, Node},
};
use serde_json::Value;

/// Whether `value` is such a list.
pub(super) fn recognises(value: &Value) -> bool {
    value.get(0).is_some_and(|first| {
        ["venue", "speaker", "title", "id"].iter().all(|field| first.get(field).is_some())
    })
}

/// Reads it.
pub(super) fn read(file: &JsonFile, options: &Options) -> Result<Imported, ReadError> {
    file.draft(Format::Emf, options, |root, draft| {
        "Europe/London".clone_into(&mut draft.conference.zone);
        let year =
            root.as_list().iter().find_map(|entry| entry.text("start_date").get(..4).map(str::to_owned));
        if let Some(year) = year.filter(|year| year.bytes().all(|b| b.is_ascii_digit())) {
            draft.conference.title = format!("Electromagnetic Field {year}");
            draft.conference.acronym = format!("emf{year}");
        }
        for entry in root.as_objects() {
            take_entry(&entry, draft)?;
        }
        Ok(())
    })
}

fn take_entry(entry: &Node<'_>, draft: &mut Draft) -> Result<(), ReadError> {
    let local = |field: &str| RawTime::full(entry.text(field).trim().trim_end_matches(['Z', 'z']));
    let speaker = entry.text("speaker");
    let mut persons = vec![];
    if !speaker.trim().is_empty() {
        persons.push(RawPerson {
            place: entry.place.clone(),
            id: entry.text("user_id"),
            name: speaker,
            ..RawPerson::default()
        });
    }
    let link = |title: &str, url: Node<'_>| RawLink {
        kind: "video".to_owned(),
        title: title.to_owned(),
        url: url.as_text(),
    };
    let mut links = vec![];
    if let Some(video) = entry.object("video") {
        for (name, url) in video.entries() {
            match name {
                "ccc" => links.push(link("Recording on media.ccc.de", url)),
                "youtube" => links.push(link("Recording on YouTube", url)),
                "archiveorg" => links.push(link("Recording on archive.org", url)),
                _ => {}
            }
        }
    }
    if let Some(map) = entry.get("map_link") {
        links.push(RawLink { kind: "web".to_owned(), title: "Map".to_owned(), url: map.as_text() });
    }
    draft.event(RawEvent {
        place: entry.place.clone(),
        id: entry.text("id"),
        title: entry.text("title"),
        description: entry.text("description"),
        kind: entry.text("type"),
        persons,
        start: local("start_date"),
        length: RawLength::Until(local("end_date")),
        room: entry.text("venue"),
        links,
        url: entry.text("link"),
        opt_out: entry.has("may_record") && !entry.flag("may_record"),
        ..RawEvent::default()
    })
}
