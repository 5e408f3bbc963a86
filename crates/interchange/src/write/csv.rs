//! CSV (RFC 4180) for spreadsheets: one row for each slot, and one for each session that has none.
//!
//! A cell that a spreadsheet would take for a formula (it begins with `=`, `+`, `-` or `@`) gets an apostrophe
//! before it, because titles and names come from people one does not know.

use super::{Export, Index, is_datable, stamp};
use model::{
    address::Address,
    programme::{Session, Slot, Standing},
};

/// The columns, in their order.
const COLUMNS: [&str; 20] = [
    "slot",
    "number",
    "session",
    "code",
    "title",
    "subtitle",
    "type",
    "track",
    "room",
    "start",
    "end",
    "minutes",
    "time_zone",
    "standing",
    "delay_minutes",
    "language",
    "people",
    "abstract",
    "description",
    "url",
];

/// The release as a table.
pub fn csv(export: &Export<'_>) -> String {
    let programme = export.programme;
    let index = Index::new(programme);
    let buffer = Vec::with_capacity(1_024 + programme.sessions.len() * 1_000);
    let mut writer = csv_writer(buffer);
    // Writing into memory cannot fail; a table cut short is still better than none.
    let _ = writer.write_record(COLUMNS);
    for session in &programme.sessions {
        if session.slots.is_empty() {
            let _ = writer.write_record(row(export, &index, session, None).map(guarded));
        }
        for slot in &session.slots {
            let _ = writer.write_record(row(export, &index, session, Some(slot)).map(guarded));
        }
    }
    writer.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

fn csv_writer(buffer: Vec<u8>) -> csv::Writer<Vec<u8>> {
    csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(buffer)
}

fn row(export: &Export<'_>, index: &Index<'_>, session: &Session, slot: Option<&Slot>) -> [String; 20] {
    let zone = export.zone();
    let dated = slot.filter(|slot| is_datable(slot));
    let people: Vec<&str> = index.people(session).map(|(_, person)| person.name.as_str()).collect();
    let (standing, delay) = match slot.map(|slot| slot.standing) {
        None => ("unscheduled", String::new()),
        Some(Standing::Planned) => ("planned", String::new()),
        Some(Standing::Delayed(minutes)) => ("delayed", minutes.to_string()),
        Some(Standing::Cancelled) => ("cancelled", String::new()),
    };
    [
        slot.map(|slot| slot.id.to_string()).unwrap_or_default(),
        slot.map(|slot| slot.number.to_string()).unwrap_or_default(),
        session.id.to_string(),
        session.code.to_string(),
        session.title.to_string(),
        session.subtitle.to_string(),
        session.kind_label().to_owned(),
        index.track(session).map(|track| track.name.to_string()).unwrap_or_default(),
        slot.and_then(|slot| index.room(slot)).map(|room| room.name.to_string()).unwrap_or_default(),
        dated.map(|slot| stamp(zone, slot.actual_start())).unwrap_or_default(),
        dated.map(|slot| stamp(zone, slot.actual_end())).unwrap_or_default(),
        slot.map(|slot| slot.minutes().to_string()).unwrap_or_default(),
        zone.name().to_owned(),
        standing.to_owned(),
        delay,
        session.language.to_string(),
        people.join("; "),
        session.summary.to_string(),
        session.description.to_string(),
        export.url(&Address::from(session)),
    ]
}

/// The cell, with an apostrophe before what a spreadsheet would take for a formula.
pub(super) fn guarded(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@']) { format!("'{cell}") } else { cell }
}
