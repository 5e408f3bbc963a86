//! Completing what was read from a file of ours with what the file carries beside its format.

use super::{Extras, SessionExtra, SlotExtra};
use crate::read::MAX_EVENTS;
use jiff::Timestamp;
use model::{
    edition::DAYS_MAX,
    id::{PersonId, RoomId, SessionId, SlotId, TrackId},
    programme::{
        Link, LinkKind, Participation, Person, Programme, Recording, Role, Room, RoomKind, Session, Slot,
        Standing, Track,
    },
    text::{Line, RichText},
};
use std::collections::{HashMap, HashSet, VecDeque};

/// The years in which slots and editions are believed to lie, as in the draft.
const YEARS: std::ops::RangeInclusive<i16> = 1970..=2200;

impl Extras {
    /// Completes what was read from the file's own members. `keeps_edition`: the importer named the edition or
    /// the zone, so those stay as they are.
    pub(crate) fn restore(mut self, programme: &mut Programme, keeps_edition: bool, keeps_zone: bool) {
        self.bound();
        if let Some(mut edition) = self.edition.take() {
            // A file of one edition that was renamed for another speaks of that other one: its old identifier
            // would lead it into the edition that it was copied from.
            if keeps_edition || edition.slug != programme.edition.slug {
                edition.id = programme.edition.id;
                edition.slug = programme.edition.slug.clone();
            }
            if keeps_zone {
                edition.zone = programme.edition.zone.clone();
            }
            if !programme.edition.title.is_empty() {
                edition.title = programme.edition.title.clone();
            }
            programme.edition = edition;
        }
        self.restore_rooms(programme);
        let tracks = self.restore_tracks(programme);
        self.restore_persons(programme);
        self.restore_sessions(programme, &tracks);
        if programme.sponsors.is_empty() {
            programme.sponsors = std::mem::take(&mut self.sponsors);
        }
        let present: HashSet<SessionId> = programme.sessions.iter().map(|session| session.id).collect();
        programme.sessions.extend(self.unlisted.into_iter().filter(|session| !present.contains(&session.id)));
        programme.normalise();
    }

    /// Drops what no schedule has. The file may come from anyone: its extras pass by the checks that the draft
    /// makes of everything else.
    fn bound(&mut self) {
        let sane = |slot: &Slot| {
            let year = |t: Timestamp| t.to_zoned_datetime(jiff::tz::TimeZone::UTC).year();
            YEARS.contains(&year(slot.start)) && YEARS.contains(&year(slot.end))
        };
        self.edition = self.edition.take().filter(|edition| {
            YEARS.contains(&edition.first_day.year()) && YEARS.contains(&edition.last_day.year())
        });
        self.unlisted.truncate(MAX_EVENTS);
        let mut room = MAX_EVENTS;
        for slots in (self.unlisted.iter_mut().map(|session| &mut session.slots))
            .chain(self.sessions.iter_mut().map(|session| &mut session.unlisted))
        {
            slots.retain(sane);
            slots.truncate(room);
            room -= slots.len();
        }
        for slot in self.sessions.iter_mut().flat_map(|session| &mut session.slots) {
            slot.delay = slot.delay.min(1_440);
            slot.exact = slot.exact.filter(|(start, end)| {
                let length = end.duration_since(*start).as_hours();
                (0..24 * i64::from(DAYS_MAX)).contains(&length)
            });
        }
    }

    fn restore_rooms(&mut self, programme: &mut Programme) {
        let known: HashMap<RoomId, usize> = self.rooms.iter().map(|room| room.id).zip(0..).collect();
        let read: HashSet<RoomId> = programme.rooms.iter().map(|room| room.id).collect();
        for extra in self.rooms.iter().filter(|extra| !read.contains(&extra.id)) {
            if let Some(name) = extra.name.clone() {
                programme.rooms.push(Room {
                    id: extra.id,
                    slug: extra.slug.clone(),
                    name,
                    kind: RoomKind::default(),
                    capacity: None,
                    description: RichText::default(),
                });
            }
        }
        for room in &mut programme.rooms {
            if let Some(extra) = known.get(&room.id).map(|&at| &self.rooms[at]) {
                room.slug = extra.slug.clone();
                room.kind = extra.kind;
                room.capacity = extra.capacity;
                if room.description.is_empty() || extra.name.is_some() {
                    room.description = extra.description.clone();
                }
            }
        }
        // The order of ours first; rooms that somebody added to the file follow.
        programme.rooms.sort_by_key(|room| known.get(&room.id).copied().unwrap_or(usize::MAX));
    }

    /// Gives tracks their own identifiers back; returns which of the file's became which.
    fn restore_tracks(&mut self, programme: &mut Programme) -> HashMap<TrackId, Vec<TrackId>> {
        let mut renamed: HashMap<TrackId, Vec<TrackId>> = HashMap::new();
        let mut out = Vec::with_capacity(self.tracks.len());
        let mut names: HashMap<Line, usize> = HashMap::new();
        for extra in &self.tracks {
            *names.entry(extra.name.clone()).or_default() += 1;
        }
        for extra in std::mem::take(&mut self.tracks) {
            let tracks = &programme.tracks;
            let read = (tracks.iter().find(|track| track.name == extra.name))
                .or_else(|| tracks.iter().find(|track| track.slug == extra.slug));
            if let Some(read) = read {
                renamed.entry(read.id).or_default().push(extra.id);
            }
            // Of two tracks of one name a reader sees one, with the colour of either.
            let told = read.and_then(|track| track.colour).filter(|_| names[&extra.name] == 1);
            let colour = told.or(extra.colour);
            out.push(Track {
                id: extra.id,
                slug: extra.slug,
                name: extra.name,
                description: extra.description,
                colour,
            });
        }
        out.extend(programme.tracks.drain(..).filter(|track| !renamed.contains_key(&track.id)));
        programme.tracks = out;
        renamed
    }

    fn restore_persons(&mut self, programme: &mut Programme) {
        let mut read: HashMap<PersonId, usize> =
            programme.persons.iter().map(|person| person.id).zip(0..).collect();
        for extra in std::mem::take(&mut self.persons) {
            let at = match (read.get(&extra.id), extra.name) {
                (Some(&at), _) => at,
                (None, Some(name)) => {
                    programme.persons.push(Person {
                        id: extra.id,
                        slug: extra.slug.clone(),
                        code: None,
                        number: None,
                        name,
                        biography: RichText::default(),
                        affiliation: Line::default(),
                        avatar: None,
                        links: vec![],
                    });
                    read.insert(extra.id, programme.persons.len() - 1);
                    programme.persons.len() - 1
                }
                // Taken out of the file by somebody.
                (None, None) => continue,
            };
            let person = &mut programme.persons[at];
            person.slug = extra.slug;
            person.code = extra.code;
            person.number = extra.number;
            person.affiliation = extra.affiliation;
            person.avatar = extra.avatar.or(person.avatar.take());
            person.links = extra.links;
            if person.biography.is_empty() {
                person.biography = extra.biography;
            }
        }
    }

    fn restore_sessions(&mut self, programme: &mut Programme, tracks: &HashMap<TrackId, Vec<TrackId>>) {
        let mut home: HashMap<SlotId, usize> = HashMap::new();
        for (at, session) in programme.sessions.iter().enumerate() {
            home.extend(session.slots.iter().map(|slot| (slot.id, at)));
        }
        for session in &mut programme.sessions {
            session.track = session.track.map(|id| tracks.get(&id).map_or(id, |ours| ours[0]));
        }
        let mut stand_ins: HashSet<RoomId> = HashSet::new();
        let mut used: HashSet<usize> = HashSet::new();
        for extra in std::mem::take(&mut self.sessions) {
            let Some(at) = extra
                .slots
                .iter()
                .find_map(|slot| home.get(&slot.id).copied().filter(|at| !used.contains(at)))
            else {
                continue;
            };
            used.insert(at);
            // Slots that a reader could not know to be one session's.
            for slot in &extra.slots {
                if let Some(&other) = home.get(&slot.id).filter(|other| **other != at) {
                    let moved = take_slot(&mut programme.sessions[other].slots, slot.id);
                    programme.sessions[at].slots.extend(moved);
                    home.insert(slot.id, at);
                }
            }
            extra.restore(&mut programme.sessions[at], tracks, &mut stand_ins);
        }
        let left: HashSet<usize> = programme
            .sessions
            .iter()
            .enumerate()
            .filter(|(_, s)| s.slots.is_empty())
            .map(|(at, _)| at)
            .collect();
        let mut at = 0;
        programme.sessions.retain(|_| {
            at += 1;
            !left.contains(&(at - 1)) || used.contains(&(at - 1))
        });
        let ours: HashSet<RoomId> = self.rooms.iter().map(|room| room.id).collect();
        programme.rooms.retain(|room| ours.contains(&room.id) || !stand_ins.contains(&room.id));
    }
}

impl SessionExtra {
    fn restore(
        self,
        session: &mut Session,
        tracks: &HashMap<TrackId, Vec<TrackId>>,
        stand_ins: &mut HashSet<RoomId>,
    ) {
        session.id = self.id;
        session.code = self.code;
        let own = self.label.is_none_or(|label| {
            // Another type than the one we wrote: somebody changed it in the file.
            let ours = label.is_empty() && session.type_label.as_str() != self.kind.label();
            let changed = ours && !session.type_label.is_empty() && self.language.is_none();
            if !changed {
                session.type_label = label;
            }
            !changed
        });
        if own {
            session.kind = self.kind;
        }
        if let Some(language) = self.language {
            session.language = language;
        }
        session.track = match (session.track, self.track) {
            // The file's track is the one we wrote, or it could not be told from one of the same name.
            (Some(read), Some(ours))
                if !tracks.values().any(|same| same[0] == read && same.contains(&ours)) =>
            {
                Some(read)
            }
            (_, ours) => ours,
        };
        session.parent = self.parent;
        let roles: HashMap<PersonId, Role> = self.roles.into_iter().collect();
        for part in &mut session.people {
            *part = Participation {
                person: part.person,
                role: roles.get(&part.person).copied().unwrap_or_default(),
            };
        }
        if let Some(links) = self.links {
            session.links = links;
        } else if self.link_kinds.len() == session.links.len() {
            let (mut attached, mut plain): (VecDeque<Link>, VecDeque<Link>) =
                std::mem::take(&mut session.links)
                    .into_iter()
                    .partition(|link| link.kind == LinkKind::Attachment);
            let mut kept = vec![];
            for kind in self.link_kinds {
                let queue = if kind == LinkKind::Attachment { &mut attached } else { &mut plain };
                kept.extend(queue.pop_front().map(|link| Link { kind, ..link }));
            }
            kept.extend(plain);
            kept.extend(attached);
            session.links = kept;
        }
        session.url = self.url;
        session.logo = self.logo.or(session.logo.take());
        session.feedback_url = self.feedback_url.or(session.feedback_url.take());
        if self.recording != Recording::default() {
            session.recording = self.recording;
        }
        let extras: HashMap<SlotId, SlotExtra> = self.slots.into_iter().map(|slot| (slot.id, slot)).collect();
        for slot in &mut session.slots {
            if let Some(extra) = extras.get(&slot.id) {
                extra.restore(slot, stand_ins);
            }
        }
        session.slots.extend(self.unlisted);
    }
}

impl SlotExtra {
    fn restore(&self, slot: &mut Slot, stand_ins: &mut HashSet<RoomId>) {
        if let Some(number) = self.number {
            slot.number = number;
        }
        if self.delay > 0 && slot.standing != Standing::Cancelled {
            let back = jiff::SignedDuration::from_mins(i64::from(self.delay));
            slot.start = slot.start.checked_sub(back).unwrap_or(slot.start);
            slot.end = slot.end.checked_sub(back).unwrap_or(slot.end);
            slot.standing = Standing::Delayed(self.delay);
        }
        if let Some((start, end)) = self.exact
            && slot.start.duration_since(start).as_mins().abs() < 1
        {
            (slot.start, slot.end) = (start, end);
        }
        if let Some(room) = self.room {
            slot.room = Some(room);
        } else if self.nowhere {
            stand_ins.extend(slot.room.take());
        }
    }
}

fn take_slot(slots: &mut Vec<Slot>, id: SlotId) -> Option<Slot> {
    slots.iter().position(|slot| slot.id == id).map(|at| slots.remove(at))
}
