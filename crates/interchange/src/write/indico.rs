//! The answer of Indico's `/export/timetable/ID.json` (HTTP export API), read-only: enough for scripts such as
//! lpcfe, which read `entryType`, `title`, `startDate`, `endDate`, `room`, `description`, `url`,
//! `presenters[].name` and `entries`.
//!
//! A microconference is an entry `Session` with its topics in `entries`, a break is `Break`, everything else is
//! `Contribution`. Dates and times stand in the edition's zone, which each of them names. Addresses are full
//! ones, where Indico's own are paths.

use super::{Export, Index, days, is_listed, parent_of};
use jiff::Timestamp;
use model::{
    address::Address,
    id::{SessionId, SlotId},
    programme::{LinkKind, Session, SessionKind, Slot},
};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};

/// The timetable of the release as Indico's export gives it for the event `id`.
pub fn indico_timetable(export: &Export<'_>, id: &str) -> String {
    let programme = export.programme;
    let index = Index::new(programme);
    let sessions: HashMap<SessionId, &Session> = programme.sessions.iter().map(|s| (s.id, s)).collect();
    let slots: Vec<(&Session, &Slot)> = programme.slots().filter(|(_, slot)| is_listed(slot)).collect();
    // The topics of each slot of a block, found once.
    let mut inside: HashMap<SlotId, Vec<(&Session, &Slot)>> = HashMap::new();
    let mut on_their_own: Vec<(&Session, &Slot)> = vec![];
    for &(session, slot) in &slots {
        match parent_of(&sessions, session).and_then(|block| block_of(block, slot)) {
            Some(block) => inside.entry(block.id).or_default().push((session, slot)),
            None => on_their_own.push((session, slot)),
        }
    }
    let mut by_day: BTreeMap<String, Map<String, Value>> = days(programme)
        .into_iter()
        .map(|day| (day.date.strftime("%Y%m%d").to_string(), Map::new()))
        .collect();
    for (session, slot) in on_their_own {
        let day = export.zone().local(slot.actual_start()).strftime("%Y%m%d").to_string();
        let topics = inside.get(&slot.id);
        let is_block = session.kind == SessionKind::Microconference || topics.is_some();
        let mut value = entry(export, &index, id, session, slot, is_block);
        if is_block {
            let mut entries = Map::new();
            for (topic, at) in topics.into_iter().flatten() {
                let mut value = entry(export, &index, id, topic, at, false);
                value["sessionId"] = json!(slot.number);
                value["sessionSlotId"] = json!(slot.number);
                value["sessionCode"] = json!(session.code.as_str());
                entries.insert(key(topic, at, false), value);
            }
            value["entries"] = Value::Object(entries);
            value["sessionId"] = json!(slot.number);
            value["sessionSlotId"] = json!(slot.number);
            value["sessionCode"] = json!(session.code.as_str());
            value["slotTitle"] = json!("");
            value["isPoster"] = json!(false);
            let leads = value["presenters"].take();
            value["conveners"] = leads;
            value["presenters"] = json!([]);
        }
        by_day.entry(day).or_default().insert(key(session, slot, is_block), value);
    }
    let count = u8::from(!slots.is_empty());
    json!({
        "count": count,
        "_type": "HTTPAPIResult",
        "complete": true,
        "url": format!("{}/export/timetable/{id}.json", export.base_url),
        "ts": export.generated.as_second(),
        "additionalInfo": {},
        "results": { id: by_day },
    })
    .to_string()
}

/// The slot of the block within which `topic` begins; the block's first where it begins in none.
fn block_of<'a>(block: &'a Session, topic: &Slot) -> Option<&'a Slot> {
    let listed = || block.slots.iter().filter(|slot| is_listed(slot));
    listed()
        .find(|slot| (slot.actual_start()..slot.actual_end()).contains(&topic.actual_start()))
        .or_else(|| listed().next())
}

/// Indico's keys: `s` for a session block, `b` for a break, `c` for a contribution, and the entry's number.
fn key(session: &Session, slot: &Slot, is_block: bool) -> String {
    let letter = match session.kind {
        _ if is_block => 's',
        SessionKind::Break => 'b',
        _ => 'c',
    };
    format!("{letter}{}", slot.number)
}

fn entry(
    export: &Export<'_>,
    index: &Index<'_>,
    id: &str,
    session: &Session,
    slot: &Slot,
    is_block: bool,
) -> Value {
    let (entry_type, kind) = match session.kind {
        _ if is_block => ("Session", "LinkedTimeSchEntry"),
        SessionKind::Break => ("Break", "BreakTimeSchEntry"),
        _ => ("Contribution", "ContribSchEntry"),
    };
    let presenters: Vec<Value> = index
        .people(session)
        .map(|(part, person)| {
            let (first, family) = person.name.as_str().rsplit_once(' ').unwrap_or(("", person.name.as_str()));
            json!({
                "_type": "ContributionParticipation",
                "name": person.name.as_str(),
                "firstName": first,
                "familyName": family,
                "affiliation": person.affiliation.as_str(),
                "role": part.role.as_str(),
            })
        })
        .collect();
    let files: Vec<Value> = session
        .links
        .iter()
        .filter(|link| matches!(link.kind, LinkKind::Attachment | LinkKind::Slides | LinkKind::Paper))
        .map(|link| json!({ "_type": "attachment", "title": link.title.as_str(), "link_url": link.url.as_str() }))
        .collect();
    let texts: Vec<&str> = [session.summary.as_str(), session.description.as_str()]
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect();
    json!({
        "_type": kind,
        "id": key(session, slot, is_block),
        "uniqueId": format!("a{id}t{}", slot.number),
        "entryType": entry_type,
        "conferenceId": id,
        "contributionId": if entry_type == "Contribution" { json!(session.code.as_str()) } else { Value::Null },
        "sessionId": Value::Null,
        "sessionSlotId": Value::Null,
        "sessionCode": Value::Null,
        "title": session.title.as_str(),
        "description": texts.join("\n\n"),
        "startDate": date(export, slot.actual_start()),
        "endDate": date(export, slot.actual_end()),
        "duration": slot.minutes().max(0),
        "room": index.room(slot).map_or("", |room| room.name.as_str()),
        "location": export.programme.edition.venue.as_str(),
        "url": export.url(&Address::from(session)),
        "presenters": presenters,
        "attachments": { "files": files, "folders": [] },
        "pdf": Value::Null,
    })
}

fn date(export: &Export<'_>, instant: Timestamp) -> Value {
    let local = export.zone().local(instant);
    json!({
        "date": local.strftime("%Y-%m-%d").to_string(),
        "time": local.strftime("%H:%M:%S").to_string(),
        "tz": export.zone().name(),
    })
}
