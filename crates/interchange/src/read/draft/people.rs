//! Rooms, tracks and persons: each once, however often a file names it.

use super::{Notes, RawPerson, RawRoom, RawTrack, values::Addresses};
use model::{
    id::{PersonId, RoomId, TrackId},
    programme::{Person, Room, RoomKind, Track},
    text::{Colour, Line, RichText, Slug, excerpt},
};
use std::collections::{HashMap, HashSet};

/// The rooms of a file, in its order.
#[derive(Debug)]
pub(super) struct Rooms<'a> {
    edition: &'a str,
    pub list: Vec<Room>,
    by_name: HashMap<String, usize>,
    by_key: HashMap<String, usize>,
}

impl<'a> Rooms<'a> {
    pub(super) fn new(edition: &'a str) -> Self {
        Self { edition, list: vec![], by_name: HashMap::new(), by_key: HashMap::new() }
    }

    /// Adds a room that the file lists; what an earlier entry of the same name left open is filled in.
    pub(super) fn declare(&mut self, raw: &RawRoom) {
        let name = Line::clean(&raw.name);
        if name.is_empty() {
            return;
        }
        let at = match self.by_name.get(name.as_str()) {
            Some(at) => *at,
            None => self.add(name, raw),
        };
        for key in [raw.guid.trim(), raw.key.trim()] {
            if !key.is_empty() {
                self.by_key.entry(key.to_owned()).or_insert(at);
            }
        }
        let room = &mut self.list[at];
        room.capacity = room.capacity.or(raw.capacity.and_then(|n| u32::try_from(n).ok()));
        if room.description.is_empty() {
            room.description = RichText::clean(&raw.description);
        }
        if raw.is_virtual {
            room.kind = RoomKind::Virtual;
        }
    }

    /// The room that an event names.
    pub(super) fn used(&mut self, key: &str, name: &str) -> Option<RoomId> {
        let key = key.trim();
        if let Some(at) = self.by_key.get(key) {
            return Some(self.list[*at].id);
        }
        let name = Line::clean(name);
        if name.is_empty() {
            return None;
        }
        let at = match self.by_name.get(name.as_str()) {
            Some(at) => *at,
            None => self.add(name, &RawRoom { guid: key.to_owned(), ..RawRoom::default() }),
        };
        Some(self.list[at].id)
    }

    fn add(&mut self, name: Line, raw: &RawRoom) -> usize {
        let guid = raw.guid.trim();
        // Some exporters give all rooms one guid; then only names tell them apart.
        let id = match guid {
            guid if guid.is_empty() || self.by_key.contains_key(guid) => {
                RoomId::from_key(self.edition, &format!("name:{name}"))
            }
            guid => RoomId::from_key(self.edition, guid),
        };
        let slug = Slug::from_any(&[&raw.slug, name.as_str()], "room", id.0);
        let at = self.list.len();
        self.by_name.insert(name.as_str().to_owned(), at);
        let kind = RoomKind::default();
        self.list.push(Room { id, slug, name, kind, capacity: None, description: RichText::default() });
        at
    }
}

/// The tracks of a file, in its order.
#[derive(Debug)]
pub(super) struct Tracks<'a> {
    edition: &'a str,
    pub list: Vec<Track>,
    by_name: HashMap<String, usize>,
    by_key: HashMap<String, usize>,
}

impl<'a> Tracks<'a> {
    pub(super) fn new(edition: &'a str) -> Self {
        Self { edition, list: vec![], by_name: HashMap::new(), by_key: HashMap::new() }
    }

    /// The track that the file lists or an event names; `None` where nothing is named.
    pub(super) fn named(&mut self, raw: &RawTrack, place: &str, notes: &mut Notes) -> Option<TrackId> {
        let name = Line::clean(&raw.name);
        let keys = [raw.guid.trim(), raw.key.trim(), raw.slug.trim()];
        let known =
            self.by_name.get(name.as_str()).or_else(|| keys.iter().find_map(|key| self.by_key.get(*key)));
        let at = match known {
            Some(at) => *at,
            None => self.add(name, raw)?,
        };
        for key in keys {
            if !key.is_empty() {
                self.by_key.entry(key.to_owned()).or_insert(at);
            }
        }
        let track = &mut self.list[at];
        if track.description.is_empty() {
            track.description = RichText::clean(&raw.description);
        }
        if track.colour.is_none() && !raw.colour.trim().is_empty() {
            match Colour::parse(&raw.colour) {
                Ok(colour) => track.colour = Some(colour),
                Err(refusal) => notes.add(place, refusal.problem, refusal.remedy),
            }
        }
        Some(track.id)
    }

    fn add(&mut self, name: Line, raw: &RawTrack) -> Option<usize> {
        let (guid, slug) = (raw.guid.trim(), raw.slug.trim());
        let name = if name.is_empty() { Line::clean(slug) } else { name };
        if name.is_empty() {
            return None;
        }
        let id = match (guid, slug) {
            ("", "") => TrackId::from_key(self.edition, &format!("name:{name}")),
            ("", slug) => TrackId::from_key(self.edition, &format!("slug:{slug}")),
            (guid, _) => TrackId::from_key(self.edition, guid),
        };
        let at = self.list.len();
        self.by_name.insert(name.as_str().to_owned(), at);
        self.list.push(Track {
            id,
            slug: Slug::from_any(&[slug, name.as_str()], "track", id.0),
            name,
            description: RichText::default(),
            colour: None,
        });
        Some(at)
    }
}

/// The persons of a file.
#[derive(Debug)]
pub(super) struct People<'a> {
    edition: &'a str,
    by_name_only: bool,
    pub list: Vec<Person>,
    /// Where the person of a key stands in the list.
    by_key: HashMap<String, usize>,
    /// The names that stand under each number: more than one where systems were merged.
    names: HashMap<String, HashSet<Line>>,
    /// The keys of listed persons of a name.
    listed: HashMap<Line, HashSet<String>>,
}

impl<'a> People<'a> {
    /// No persons yet; `all` are all that the file lists and `named` all that its events name.
    pub(super) fn new<'r>(
        edition: &'a str,
        by_name_only: bool,
        listed: &'r [RawPerson],
        named: impl Iterator<Item = &'r RawPerson>,
    ) -> Self {
        let mut people = Self {
            edition,
            by_name_only,
            list: vec![],
            by_key: HashMap::new(),
            names: HashMap::new(),
            listed: HashMap::new(),
        };
        for person in listed.iter().chain(named) {
            let (id, name) = (number_key(person), Line::clean(&person.name));
            if !id.is_empty() && !name.is_empty() {
                people.names.entry(id.to_owned()).or_default().insert(name);
            }
        }
        for person in listed {
            if let Some(key) = people.key(person) {
                people.listed.entry(Line::clean(&person.name)).or_default().insert(key);
            }
        }
        people
    }

    /// The person that `raw` means, with what it says of them; `None` for one without a name.
    pub(super) fn person(
        &mut self,
        raw: &RawPerson,
        addresses: &Addresses,
        notes: &mut Notes,
    ) -> Option<PersonId> {
        let name = Line::clean(&raw.name);
        let Some(key) = self.key(raw) else {
            if !number_key(raw).is_empty() || !raw.place.is_empty() {
                notes.add(&raw.place, "a person has no name", "They were left out; give the name");
            }
            return None;
        };
        let at = match self.by_key.get(&key) {
            Some(at) => *at,
            None if name.is_empty() => {
                let problem = format!(
                    "a person without a name is named by \"{}\", whom the file does not list",
                    excerpt(&key, 60)
                );
                notes.add(&raw.place, problem, "They were left out; give the name");
                return None;
            }
            None => {
                let id = PersonId::from_key(self.edition, &key);
                let at = self.list.len();
                self.list.push(Person {
                    id,
                    slug: Slug::from_any(&[name.as_str()], "person", id.0),
                    code: None,
                    number: None,
                    name,
                    biography: RichText::default(),
                    affiliation: Line::default(),
                    avatar: None,
                    links: vec![],
                });
                self.by_key.insert(key, at);
                at
            }
        };
        let person = &mut self.list[at];
        if person.code.is_none() {
            person.code = Line::clean(&raw.code).non_empty().map(Line::clean);
        }
        if person.number.is_none() && !self.by_name_only {
            person.number = number_key(raw).parse().ok();
        }
        if person.biography.is_empty() {
            person.biography = RichText::clean(&raw.biography);
        }
        if person.affiliation.is_empty() {
            person.affiliation = Line::clean(&raw.affiliation);
        }
        if person.avatar.is_none() {
            person.avatar = addresses.web(&raw.avatar, &raw.place, "picture", notes);
        }
        for link in &raw.links {
            let link = addresses.link(link, &raw.place, notes);
            person.links.extend(link.filter(|link| !person.links.contains(link)));
        }
        Some(person.id)
    }

    /// The key that tells this person from all others: guid, code, number (with the name where several names
    /// stand under it), name.
    fn key(&self, raw: &RawPerson) -> Option<String> {
        let name = Line::clean(&raw.name);
        let by_name = || (!name.is_empty()).then(|| format!("name:{name}"));
        if self.by_name_only {
            return by_name();
        }
        if !raw.guid.trim().is_empty() {
            return Some(raw.guid.trim().to_owned());
        }
        if !raw.code.trim().is_empty() {
            return Some(format!("code:{}", raw.code.trim()));
        }
        let id = number_key(raw);
        if id.is_empty() {
            // One person of that name in the file's own list is meant; of several, none can be told.
            return match self.listed.get(&name).map(|keys| keys.iter().collect::<Vec<_>>()).as_deref() {
                Some([key]) => Some((*key).clone()),
                _ => by_name(),
            };
        }
        match self.names.get(id).map_or(0, HashSet::len) {
            0 => None,
            1 => Some(format!("number:{id}")),
            _ if name.is_empty() => None,
            _ => Some(format!("number:{id}:{name}")),
        }
    }
}

/// The person's number; empty for "0", which merged schedules give to everybody from a wiki.
fn number_key(raw: &RawPerson) -> &str {
    match raw.id.trim() {
        "0" => "",
        id => id,
    }
}
