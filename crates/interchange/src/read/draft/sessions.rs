//! Sessions: which events are one, what each slot's identifier is, what stands in them.

use super::{
    Notes, RawEvent,
    people::{People, Rooms, Tracks},
    values::{self, Addresses},
    when::Calendar,
};
use jiff::Timestamp;
use model::{
    id::{SessionId, SlotId},
    programme::{Participation, Recording, Role, Session, SessionKind, Slot, Slugish, Standing},
    text::{Line, RichText},
};
use std::collections::{HashMap, HashSet};

/// What is needed to make sessions of events.
pub(super) struct Workshop<'a, 'b> {
    pub edition: &'a str,
    pub calendar: &'b Calendar,
    pub addresses: &'b Addresses,
    pub rooms: &'b mut Rooms<'a>,
    pub tracks: &'b mut Tracks<'a>,
    pub people: &'b mut People<'a>,
    pub notes: &'b mut Notes,
}

/// The sessions, and each event's conference day and start, for finding the day change.
pub(super) struct Made {
    pub sessions: Vec<Session>,
    pub placed: Vec<(String, Timestamp)>,
}

impl Workshop<'_, '_> {
    /// Makes the sessions of `events`, in the order in which the file first names them.
    pub(super) fn make(&mut self, events: &[RawEvent]) -> Made {
        let mut sessions = vec![];
        let mut placed = vec![];
        let mut taken = HashSet::new();
        let mut by_key: HashMap<String, SessionId> = HashMap::new();
        let mut topics: Vec<(usize, &RawEvent)> = vec![];
        for members in groups(events) {
            let session = self.session(&members, &mut taken, &mut placed);
            for event in &members {
                for key in [&event.guid, &event.code, &event.session_key, &event.id] {
                    if !key.trim().is_empty() {
                        by_key.entry(key.trim().to_owned()).or_insert(session.id);
                    }
                }
            }
            if let Some(topic) = members.iter().find(|event| !event.parent_key.trim().is_empty()) {
                topics.push((sessions.len(), topic));
            }
            sessions.push(session);
        }
        for (at, event) in topics {
            let session: &mut Session = &mut sessions[at];
            session.parent = by_key.get(event.parent_key.trim()).copied();
            if session.parent.is_none() {
                self.notes.add(
                    &event.place,
                    "the block that this belongs to is not in the file",
                    "It was left out",
                );
            }
        }
        Made { sessions, placed }
    }

    /// One session of the events that are its slots.
    fn session(
        &mut self,
        members: &[&RawEvent],
        taken: &mut HashSet<SlotId>,
        placed: &mut Vec<(String, Timestamp)>,
    ) -> Session {
        let first = members[0];
        let id = session_id(self.edition, members);
        let (title, _) = titled(&first.title);
        let mut session = Session {
            id,
            code: session_code(id, members),
            kind: kind(first),
            type_label: Line::clean(&first.kind),
            title: Line::clean(title),
            subtitle: Line::default(),
            summary: RichText::default(),
            description: RichText::default(),
            language: Line::default(),
            track: None,
            parent: None,
            people: vec![],
            slots: vec![],
            links: vec![],
            logo: None,
            url: None,
            feedback_url: None,
            recording: Recording::default(),
        };
        if session.title.is_empty() {
            self.notes.add(&first.place, "there is no title", "It was called \"Untitled\"; give it a title");
            session.title = Line::clean("Untitled");
        }
        for event in members {
            self.fill(&mut session, event);
            self.slot(&mut session, event, taken, placed);
        }
        session
    }

    /// Takes from `event` what the session does not know yet.
    fn fill(&mut self, session: &mut Session, event: &RawEvent) {
        let place = event.place.as_str();
        if session.subtitle.is_empty() {
            session.subtitle = Line::clean(&event.subtitle);
        }
        if session.summary.is_empty() {
            session.summary = RichText::clean(&event.summary);
        }
        if session.description.is_empty() {
            session.description = RichText::clean(&event.description);
        }
        if session.language.is_empty() {
            session.language = values::language(&event.language, place, self.notes);
        }
        session.track = session.track.or_else(|| self.tracks.named(&event.track, place, self.notes));
        for raw in &event.persons {
            if let Some(person) = self.people.person(raw, self.addresses, self.notes)
                && session.people.iter().all(|part| part.person != person)
            {
                let role = Role::parse(&raw.role).unwrap_or_default();
                session.people.push(Participation { person, role });
            }
        }
        for raw in &event.links {
            let link = self.addresses.link(raw, place, self.notes);
            session.links.extend(link.filter(|link| !session.links.contains(link)));
        }
        if session.logo.is_none() {
            session.logo = self.addresses.web(&event.logo, place, "logo", self.notes);
        }
        if session.url.is_none() {
            session.url = self.addresses.web(&event.url, place, "address", self.notes);
        }
        if session.feedback_url.is_none() {
            session.feedback_url =
                self.addresses.web(&event.feedback_url, place, "feedback address", self.notes);
        }
        if session.recording.licence.is_empty() {
            session.recording.licence = Line::clean(&event.licence);
        }
        session.recording.opt_out |= event.opt_out;
    }

    /// Adds the slot that `event` is, where it has a start.
    fn slot(
        &mut self,
        session: &mut Session,
        event: &RawEvent,
        taken: &mut HashSet<SlotId>,
        placed: &mut Vec<(String, Timestamp)>,
    ) {
        // The room is the file's even where the time is not.
        let room = self.rooms.used(&event.room_key, &event.room);
        let Some((start, end)) = self.calendar.span(event, self.notes) else { return };
        if session.slots.iter().any(|slot| (slot.start, slot.end, slot.room) == (start, end, room)) {
            let problem = "this event stands in the file twice, at one time and in one room";
            self.notes.add(&event.place, problem, "It was taken once");
            return;
        }
        if !event.day.is_empty() {
            placed.push((event.day.clone(), start));
        }
        let minutes = event.delay_minutes.unwrap_or(0).clamp(0, 1_440) as u16;
        let standing = match (event.cancelled || titled(&event.title).1, minutes) {
            (true, _) => Standing::Cancelled,
            (false, 0) => Standing::Planned,
            (false, minutes) => Standing::Delayed(minutes),
        };
        let number = event.id.trim().parse().ok().filter(|n| i32::try_from(*n).is_ok()).unwrap_or(0_u32);
        let (guid, own) = (event.guid.trim(), event.id.trim());
        let where_and_when =
            format!("{}:{start}:{}", session.id, room.map(|room| room.to_string()).unwrap_or_default());
        let keys = match (guid, own) {
            ("", "") => vec![],
            ("", own) => vec![format!("event:{own}")],
            (guid, own) => vec![guid.to_owned(), format!("{guid}:{own}")],
        };
        // Of several slots under one guid and id only the place in the timetable tells the rest apart.
        let id = keys
            .iter()
            .chain([&where_and_when])
            .map(|key| SlotId::from_key(self.edition, key))
            .find(|id| taken.insert(*id))
            .unwrap_or_else(|| SlotId::from_key(self.edition, &format!("{where_and_when}:{end}")));
        session.slots.push(Slot { id, number, room, start, end, standing });
    }
}

/// The events of each session: those that share a guid, a code, a session key, an id (where there is no guid), or
/// both a non-empty address and the title. Within a session by number, so that a file in another order names
/// the same things.
fn groups(events: &[RawEvent]) -> Vec<Vec<&RawEvent>> {
    let mut parent: Vec<usize> = (0..events.len()).collect();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (at, event) in events.iter().enumerate() {
        let [guid, code, key, id, url] =
            [&event.guid, &event.code, &event.session_key, &event.id, &event.url].map(|text| text.trim());
        let mut keys = vec![];
        for (kind, key) in
            [("g", guid), ("c", code), ("s", key), ("i", if guid.is_empty() { id } else { "" })]
        {
            if !key.is_empty() {
                keys.push(format!("{kind}{key}"));
            }
        }
        if !url.is_empty() {
            keys.push(format!("u{url}\n{}", event.title.trim()));
        }
        for key in keys {
            let other = *seen.entry(key).or_insert(at);
            let (a, b) = (root(&mut parent, other), root(&mut parent, at));
            parent[a.max(b)] = a.min(b);
        }
    }
    let mut groups: Vec<Vec<&RawEvent>> = vec![];
    let mut group_of: HashMap<usize, usize> = HashMap::new();
    for (at, event) in events.iter().enumerate() {
        let group = *group_of.entry(root(&mut parent, at)).or_insert_with(|| {
            groups.push(vec![]);
            groups.len() - 1
        });
        groups[group].push(event);
    }
    for group in &mut groups {
        group.sort_by_cached_key(|event| {
            let id = event.id.trim();
            let start = &event.start;
            (
                id.parse::<u64>().unwrap_or(u64::MAX),
                id,
                start.instant,
                &start.full,
                &start.date,
                &start.clock,
                &event.room,
            )
        });
    }
    groups
}

/// The root of `at` in a union-find, halving the path on the way.
fn root(parent: &mut [usize], mut at: usize) -> usize {
    while parent[at] != at {
        parent[at] = parent[parent[at]];
        at = parent[at];
    }
    at
}

/// The identifier of the session of these events.
fn session_id(edition: &str, members: &[&RawEvent]) -> SessionId {
    let first = |field: fn(&RawEvent) -> &str| {
        members.iter().map(|event| field(event).trim()).find(|text| !text.is_empty())
    };
    let key = if let Some(code) = first(|event| &event.code) {
        format!("code:{code}")
    } else if let Some(key) = first(|event| &event.session_key).or_else(|| first(|event| &event.guid)) {
        key.to_owned()
    } else if let Some(id) = first(|event| &event.id) {
        format!("event:{id}")
    } else {
        let event = members[0];
        let start = event.start.instant.map(|instant| instant.to_string()).unwrap_or_default();
        format!(
            "title:{}:{start}{}{}{}:{}",
            event.title.trim(),
            event.start.full,
            event.start.date,
            event.start.clock,
            event.room.trim()
        )
    };
    SessionId::from_key(edition, &key)
}

/// The session's short code: the file's, else its number, else one drawn from its identifier.
fn session_code(id: SessionId, members: &[&RawEvent]) -> Slugish {
    let numbered = |event: &&RawEvent| event.id.trim().bytes().all(|b| b.is_ascii_digit());
    members
        .iter()
        .find_map(|event| Slugish::parse(&event.code))
        .or_else(|| {
            members.iter().filter(|event| numbered(event)).find_map(|event| Slugish::parse(&event.id))
        })
        .unwrap_or_else(|| Slugish::from_id(id.0))
}

/// What the session is: as the reader knows, as the file's word says; where it has none, a break by its title.
fn kind(event: &RawEvent) -> SessionKind {
    const PAUSES: [&str; 7] = ["breakfast", "break", "lunch", "dinner", "coffee", "pause", "mittagspause"];
    let title = model::text::folded(&event.title);
    let words: Vec<&str> =
        title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let unsaid = event.kind.trim().is_empty() && event.persons.is_empty();
    match event.known_kind {
        Some(kind) => kind,
        None if unsaid && words.len() <= 3 && words.iter().any(|word| PAUSES.contains(word)) => {
            SessionKind::Break
        }
        None => SessionKind::guess(&event.kind),
    }
}

/// The title without a mark that it is cancelled, and whether there was one: `CANCELLED `, `CANCELED: `,
/// `[Cancelled] `, `(CANCELLED) `. A word in small letters is part of the title unless it is set apart.
fn titled(raw: &str) -> (&str, bool) {
    let title = raw.trim();
    let marked = title.trim_start_matches(['[', '(', '*']);
    let (set_off, word_end) =
        (marked.len() < title.len(), marked.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(marked.len()));
    let (word, rest) = marked.split_at(word_end);
    if !matches!(word.to_ascii_lowercase().as_str(), "cancelled" | "canceled") {
        return (title, false);
    }
    let shouted = word.bytes().all(|b| b.is_ascii_uppercase());
    let closed = rest.starts_with([']', ')', '*']);
    let apart = if set_off { closed } else { shouted || rest.starts_with(':') };
    let rest = rest.trim_start_matches(|c: char| {
        c.is_whitespace() || matches!(c, ']' | ')' | '*' | ':' | '-' | '–' | '—' | '!')
    });
    if apart && !rest.is_empty() { (rest, true) } else { (title, false) }
}
