//! An edition's things as the values of pretalx's API, under the identifiers that it uses.

use super::{List, Paging, Query, range};
use crate::write::{Export, Index, is_datable, number_from, stamp};
use model::{
    address::Address,
    id::{PersonId, RoomId, TrackId},
    programme::{LinkKind, Person, Room, Session, SessionKind, Slot, Slugish, Track},
    text::{RichText, WebUrl},
};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

/// Everything of an edition under the identifiers that pretalx's API uses.
pub(super) struct Api<'a> {
    pub(super) export: &'a Export<'a>,
    pub(super) index: Index<'a>,
    pub(super) rooms: HashMap<RoomId, u32>,
    pub(super) tracks: HashMap<TrackId, u32>,
    pub(super) codes: HashMap<PersonId, String>,
    /// What pretalx calls submissions: sessions other than breaks.
    pub(super) submissions: Vec<&'a Session>,
    pub(super) slots: Vec<(&'a Session, &'a Slot)>,
    pub(super) types: Vec<&'a str>,
    pub(super) by_person: HashMap<PersonId, Vec<&'a Session>>,
    pub(super) locale: String,
}

impl<'a> Api<'a> {
    pub(super) fn new(export: &'a Export<'a>) -> Self {
        let programme = export.programme;
        let mut taken = HashSet::new();
        let rooms =
            programme.rooms.iter().map(|room| (room.id, number_from(room.id.0, &mut taken))).collect();
        let mut taken = HashSet::new();
        let tracks =
            programme.tracks.iter().map(|track| (track.id, number_from(track.id.0, &mut taken))).collect();
        let mut taken = HashSet::new();
        let mut codes = HashMap::new();
        for person in &programme.persons {
            let own = person.code.as_ref().and_then(|code| Slugish::parse(code.as_str()));
            let stem = own.unwrap_or_else(|| Slugish::from_id(person.id.0));
            let mut code = stem.to_string();
            let mut number = 1;
            while !taken.insert(code.to_ascii_uppercase()) {
                number += 1;
                code = format!("{stem}{number}");
            }
            codes.insert(person.id, code);
        }
        let submissions: Vec<&Session> = programme.sessions.iter().filter(|s| is_submission(s)).collect();
        let mut by_person: HashMap<PersonId, Vec<&Session>> = HashMap::new();
        let mut types: Vec<&str> = vec![];
        let mut types_seen = HashSet::new();
        for session in &submissions {
            for part in &session.people {
                by_person.entry(part.person).or_default().push(session);
            }
            if types_seen.insert(session.kind_label()) {
                types.push(session.kind_label());
            }
        }
        types.sort_unstable();
        let locale = export.programme.edition.language.as_str();
        Self {
            export,
            index: Index::new(programme),
            rooms,
            tracks,
            codes,
            submissions,
            slots: programme.slots().filter(|(_, slot)| is_datable(slot)).collect(),
            types,
            by_person,
            locale: if locale.is_empty() { "en".to_owned() } else { locale.to_owned() },
        }
    }

    pub(super) fn range(&self, list: List, paging: Paging) -> Option<(usize, std::ops::Range<usize>)> {
        let programme = self.export.programme;
        let count = match list {
            List::Submissions => self.submissions.len(),
            List::Speakers => programme.persons.len(),
            List::Rooms => programme.rooms.len(),
            List::Tracks => programme.tracks.len(),
            List::Slots => self.slots.len(),
            List::Schedules => 1,
            List::SubmissionTypes => self.types.len(),
        };
        Some((count, range(count, paging)?))
    }

    pub(super) fn localised(&self, text: &str) -> Value {
        json!({ self.locale.as_str(): text })
    }

    pub(super) fn speaker_codes(&self, session: &Session) -> Vec<&str> {
        self.index.people(session).map(|(_, person)| self.codes[&person.id].as_str()).collect()
    }

    pub(super) fn room_number(&self, slot: &Slot) -> Option<u32> {
        slot.room.and_then(|id| self.rooms.get(&id)).copied()
    }

    pub(super) fn submission(&self, session: &Session, query: &Query<'_>) -> Value {
        let slots = || session.slots.iter().filter(|slot| is_datable(slot));
        let label = session.kind_label();
        json!({
            "code": session.code.as_str(),
            "title": session.title.as_str(),
            "speakers": if query.expands("speakers") {
                self.index.people(session).map(|(_, person)| self.speaker(person)).collect::<Value>()
            } else {
                json!(self.speaker_codes(session))
            },
            "submission_type": if query.expands("submission_type") {
                self.submission_type(label)
            } else {
                json!(self.type_number(label))
            },
            "track": match self.index.track(session) {
                Some(track) if query.expands("track") => self.track(track),
                Some(track) => json!(self.tracks[&track.id]),
                None => Value::Null,
            },
            "tags": [],
            "state": if session.is_cancelled() { "canceled" } else { "confirmed" },
            "abstract": session.summary.as_str(),
            "description": session.description.as_str(),
            "duration": session.slots.first().map(Slot::minutes),
            "slot_count": session.slots.len().max(1),
            "content_locale": language(self.export, session),
            "do_not_record": session.recording.opt_out,
            "is_featured": session.kind == SessionKind::Keynote,
            "image": session.logo.as_ref().map(WebUrl::as_str),
            "resources": session.links.iter().filter(|link| !matches!(link.kind, LinkKind::Chat | LinkKind::Stream))
                .map(|link| json!({ "resource": link.url.as_str(), "description": link.title.as_str() }))
                .collect::<Vec<_>>(),
            "slots": if query.expands("slots") || query.expands("slots.room") {
                slots().map(|slot| self.slot(session, slot, query)).collect::<Value>()
            } else {
                slots().map(|slot| json!(slot.number)).collect::<Value>()
            },
            "answers": [],
            "signup_status": Value::Null,
            "url": self.export.url(&Address::from(session)),
        })
    }

    pub(super) fn speaker(&self, person: &Person) -> Value {
        let avatar = person.avatar.as_ref().map(WebUrl::as_str);
        let sessions = self.by_person.get(&person.id);
        json!({
            "code": self.codes[&person.id],
            "name": person.name.as_str(),
            "biography": person.biography.as_str(),
            "submissions": sessions.into_iter().flatten().map(|session| session.code.as_str()).collect::<Vec<_>>(),
            "avatar_url": avatar,
            "avatar": avatar,
            "answers": [],
        })
    }

    pub(super) fn room(&self, room: &Room) -> Value {
        json!({
            "id": self.rooms[&room.id],
            "name": self.localised(room.name.as_str()),
            "description": self.localised(room.description.as_str()),
            "uuid": room.id,
            "guid": room.id,
            "capacity": room.capacity,
            "position": self.index.rooms.get(&room.id),
        })
    }

    pub(super) fn track(&self, track: &Track) -> Value {
        json!({
            "id": self.tracks[&track.id],
            "name": self.localised(track.name.as_str()),
            "description": self.localised(track.description.as_str()),
            "color": track.colour.map_or_else(|| "#5a5a5a".to_owned(), |colour| colour.to_string()),
            "position": self.export.programme.tracks.iter().position(|other| other.id == track.id),
            "requires_access_code": false,
        })
    }

    pub(super) fn slot(&self, session: &Session, slot: &Slot, query: &Query<'_>) -> Value {
        let zone = self.export.zone();
        let room = match self.index.room(slot) {
            Some(room) if query.expands("room") || query.expands("slots.room") => self.room(room),
            Some(room) => json!(self.rooms[&room.id]),
            None => Value::Null,
        };
        let submission = is_submission(session);
        json!({
            "id": slot.number,
            "room": room,
            "start": stamp(zone, slot.actual_start()),
            "end": stamp(zone, slot.actual_end()),
            "duration": slot.minutes(),
            "submission": submission.then(|| session.code.as_str()),
            "schedule": self.export.release.number,
            "description": if submission { Value::Null } else { self.localised(session.title.as_str()) },
            "is_visible": !slot.is_cancelled(),
        })
    }

    pub(super) fn schedule(&self) -> Value {
        let release = self.export.release;
        json!({
            "id": release.number,
            "version": release.number.to_string(),
            "published": stamp(self.export.zone(), release.at),
            "comment": self.localised(RichText::clean(&release.note).as_str()),
            "slots": self.slots.iter().map(|(_, slot)| slot.number).collect::<Vec<_>>(),
        })
    }

    pub(super) fn type_number(&self, label: &str) -> usize {
        self.types.binary_search(&label).map_or(0, |at| at + 1)
    }

    pub(super) fn submission_type(&self, label: &str) -> Value {
        json!({
            "id": self.type_number(label),
            "name": self.localised(label),
            "default_duration": Value::Null,
            "deadline": Value::Null,
            "requires_access_code": false,
        })
    }
}

/// Whether pretalx would hold the session as a submission.
pub(super) fn is_submission(session: &Session) -> bool {
    session.kind != SessionKind::Break
}

pub(super) fn language<'a>(export: &Export<'a>, session: &'a Session) -> &'a str {
    session.language.non_empty().or(export.programme.edition.language.non_empty()).unwrap_or("en")
}
