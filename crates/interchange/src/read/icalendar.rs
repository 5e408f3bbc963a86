//! iCalendar (RFC 5545, with RFC 7986's additions): the VEVENTs of a calendar as sessions.
//!
//! Most calendars hold less than they seem to: names stand in titles and descriptions, where nobody can tell
//! them from other words. They stay there; only what a property names as a person becomes one.

pub(super) mod conferences;
mod lines;
mod zones;

use super::{
    Format, Imported, Options, ReadError,
    decode::Source,
    draft::{Draft, RawEvent, RawLength, RawLink, RawPerson, RawTime, RawTrack},
};
use lines::{Component, Property};
use model::{merge::Carries, programme::SessionKind, text::excerpt};
use std::collections::{BTreeMap, HashSet};
use zones::{Meaning, Zones};

/// Reads the calendars of a file.
pub(super) fn read(source: &Source, options: &Options) -> Result<Imported, ReadError> {
    let (calendars, complaints) = lines::parse(&source.name, &source.text)?;
    let mut draft = Draft::new(&source.name, Format::ICalendar, options);
    draft.take_notes(&source.notes);
    let mut zones = Zones::default();
    for calendar in &calendars {
        zones.take(calendar);
    }
    let ours = calendars.iter().any(|calendar| calendar.text("PRODID").starts_with("-//Plenary//"));
    if ours {
        // Our own description repeats other fields, and our own address is not where the session came from.
        draft.carries = draft.carries.without(Carries::DESCRIPTION);
    }
    for calendar in &calendars {
        take_head(calendar, &mut draft);
    }
    let events: Vec<&Component> = calendars
        .iter()
        .flat_map(|calendar| std::iter::once(calendar).chain(&calendar.parts))
        .filter(|part| part.name == "VEVENT")
        .collect();
    if draft.conference.zone.is_empty() {
        draft.conference.zone = usual_zone(&events, &zones);
    }
    draft.conference.venue = common_venue(&events);
    let uids: HashSet<String> = events.iter().map(|event| key_of(&event.text("UID"))).collect();
    let mut complaints = complaints.into_iter().peekable();
    let reader = Reader { zones: &zones, uids, ours, venue: draft.conference.venue.clone() };
    for event in events {
        while let Some((line, problem, remedy)) = complaints.next_if(|(line, ..)| *line < event.line) {
            draft.note(format!("line {line}"), problem, remedy);
        }
        let raw = reader.event(event, &mut draft);
        for (named, carried) in [
            (!raw.track.name.is_empty(), Carries::TRACK),
            (!raw.kind.is_empty(), Carries::KIND),
            (!raw.persons.is_empty(), Carries::PEOPLE),
            (!raw.links.is_empty(), Carries::LINKS),
            (!raw.url.is_empty() && !ours, Carries::URL),
        ] {
            if named {
                draft.carries = draft.carries.and(carried);
            }
        }
        draft.event(raw)?;
    }
    for (line, problem, remedy) in complaints {
        draft.note(format!("line {line}"), problem, remedy);
    }
    Ok(draft.finish())
}

/// What the calendar says of the conference.
fn take_head(calendar: &Component, draft: &mut Draft) {
    let first = |names: &[&str]| {
        names.iter().map(|name| calendar.text(name)).find(|text| !text.is_empty()).unwrap_or_default()
    };
    let conference = &mut draft.conference;
    if conference.title.is_empty() {
        conference.title = first(&["X-WR-CALNAME", "NAME", "SUMMARY"]);
    }
    if conference.zone.is_empty() {
        conference.zone = calendar.text("X-WR-TIMEZONE");
    }
    if conference.made.is_empty() {
        conference.made = calendar.text("LAST-MODIFIED");
    }
    let subtitle = first(&["X-WR-CALDESC", "DESCRIPTION"]);
    if conference.subtitle.is_empty() && subtitle != conference.title {
        conference.subtitle = subtitle;
    }
}

/// The known zone in which most events stand.
fn usual_zone(events: &[&Component], zones: &Zones) -> String {
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    for start in events.iter().filter_map(|event| event.get("DTSTART")) {
        *uses.entry(start.parameter("TZID")).or_default() += 1;
    }
    let mut by_use: Vec<(&str, usize)> = uses.into_iter().filter(|(id, _)| !id.is_empty()).collect();
    by_use.sort_by_key(|(_, uses)| std::cmp::Reverse(*uses));
    by_use
        .into_iter()
        .find_map(|(id, _)| match zones.meaning(id) {
            Meaning::Known(name) => Some(name),
            Meaning::Own(_) | Meaning::Unknown => None,
        })
        .unwrap_or_default()
}

/// The building, where every location ends in it: `Room 1, Kongresshalle`.
fn common_venue(events: &[&Component]) -> String {
    let locations: Vec<String> = events
        .iter()
        .map(|event| event.text("LOCATION").trim().to_owned())
        .filter(|location| !location.is_empty())
        .collect();
    let Some(first) = locations.iter().find(|location| location.contains(", ")) else { return String::new() };
    first
        .match_indices(", ")
        .map(|(at, comma)| &first[at + comma.len()..])
        .find(|venue| {
            !venue.trim().is_empty()
                && locations.iter().all(|location| {
                    location == venue || location.strip_suffix(venue).is_some_and(|room| room.ends_with(", "))
                })
        })
        .unwrap_or_default()
        .to_owned()
}

/// The lasting key in a UID: the UUID before the host where it is one, else all of it.
fn key_of(uid: &str) -> String {
    let uid = uid.trim();
    match uid.split_once('@') {
        Some((local, _)) if uuid::Uuid::try_parse(local).is_ok() => local.to_owned(),
        _ => uid.to_owned(),
    }
}

/// What is known while events are read.
struct Reader<'a> {
    zones: &'a Zones,
    uids: HashSet<String>,
    ours: bool,
    venue: String,
}

impl Reader<'_> {
    fn event(&self, event: &Component, draft: &mut Draft) -> RawEvent {
        let place = format!("line {}", event.line);
        if event.get("RRULE").is_some() || event.get("RDATE").is_some() {
            draft.note(&place, "the event recurs", "Its first occurrence was taken; add the others by hand");
        }
        let uid = key_of(&event.text("UID"));
        let sibling = event
            .all("RELATED-TO")
            .filter(|related| related.parameter("RELTYPE").eq_ignore_ascii_case("SIBLING"))
            .map(|related| key_of(&related.text()))
            .find(|sibling| self.uids.contains(sibling));
        let numbered =
            !uid.is_empty() && uid.strip_prefix('-').unwrap_or(&uid).bytes().all(|b| b.is_ascii_digit());
        let recurrence = event.text("RECURRENCE-ID");
        let (guid, id) = match (numbered, recurrence.is_empty()) {
            (true, true) => (String::new(), uid.clone()),
            (false, true) => (uid.clone(), String::new()),
            (_, false) => (format!("{uid}#{}", recurrence.trim()), String::new()),
        };
        let session_key = match sibling {
            Some(sibling) => sibling,
            None if numbered && recurrence.is_empty() => String::new(),
            None => uid,
        };
        let (track, kind) = self.categories(event);
        let status = event.text("STATUS");
        let description = event.text("DESCRIPTION");
        let (description, below) = link_below(&description);
        let url = event.text("URL");
        RawEvent {
            guid,
            id,
            session_key,
            title: event.text("SUMMARY"),
            description: if self.ours { String::new() } else { description.to_owned() },
            kind,
            track: RawTrack { name: track, ..RawTrack::default() },
            persons: persons(event, &place),
            start: self.time(event.get("DTSTART"), &place, draft),
            length: self.length(event, &place, draft),
            room: self.room(&event.text("LOCATION")),
            links: links(event),
            url: match (self.ours, url.trim().is_empty()) {
                (true, _) => String::new(),
                (false, true) => below.to_owned(),
                (false, false) => url,
            },
            logo: event.text("IMAGE"),
            cancelled: status.trim().eq_ignore_ascii_case("CANCELLED"),
            place,
            ..RawEvent::default()
        }
    }

    /// The room in a LOCATION, without the building that all share.
    fn room(&self, location: &str) -> String {
        let location = location.trim();
        if self.venue.is_empty() {
            return location.to_owned();
        }
        location
            .strip_suffix(&self.venue)
            .map_or(location, |room| room.trim_end_matches([',', ' ']))
            .to_owned()
    }

    /// Track and kind. Our own files give the kind last; elsewhere the first word that names no kind is a track.
    fn categories(&self, event: &Component) -> (String, String) {
        let words: Vec<String> = event
            .all("CATEGORIES")
            .flat_map(Property::texts)
            .filter(|word| !word.trim().is_empty())
            .collect();
        if self.ours {
            let track = if words.len() > 1 { words[0].clone() } else { String::new() };
            return (track, words.last().cloned().unwrap_or_default());
        }
        let names_kind = |word: &String| {
            SessionKind::ALL.iter().any(|kind| {
                word.trim().eq_ignore_ascii_case(kind.label())
                    || word.trim().eq_ignore_ascii_case(kind.as_str())
            }) || word.trim().eq_ignore_ascii_case("lecture")
        };
        let track = words.iter().find(|word| !names_kind(word)).cloned().unwrap_or_default();
        let kind = words.iter().find(|word| names_kind(word)).cloned().unwrap_or_default();
        (track, kind)
    }

    /// A DATE-TIME or DATE.
    fn time(&self, property: Option<&Property>, place: &str, draft: &mut Draft) -> RawTime {
        let Some(property) = property else { return RawTime::default() };
        let text = property.value.trim();
        if text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit()) {
            if property.name == "DTSTART" {
                draft.note(place, "the event is of a whole day", "It was placed from midnight to midnight");
            }
            return RawTime::full(format!("{}-{}-{}T00:00:00", &text[..4], &text[4..6], &text[6..]));
        }
        let id = property.parameter("TZID");
        if id.is_empty() || text.ends_with(['Z', 'z']) {
            return RawTime::full(text);
        }
        match self.zones.meaning(id) {
            Meaning::Known(zone) => RawTime { full: text.to_owned(), zone, ..RawTime::default() },
            Meaning::Own(rules) => {
                let instant = text.parse().ok().and_then(|local| zones::instant(&rules, local));
                RawTime { full: text.to_owned(), instant, ..RawTime::default() }
            }
            Meaning::Unknown => {
                let problem = format!(
                    "the zone \"{}\" is not known, and the calendar does not define it",
                    excerpt(id, 60)
                );
                draft.note(place, problem, "The time was read as UTC; give the zone by its IANA name");
                RawTime { full: text.to_owned(), zone: "UTC".to_owned(), ..RawTime::default() }
            }
        }
    }

    fn length(&self, event: &Component, place: &str, draft: &mut Draft) -> RawLength {
        if let Some(end) = event.get("DTEND") {
            return RawLength::Until(self.time(Some(end), place, draft));
        }
        match (event.get("DURATION"), event.get("DTSTART")) {
            (Some(duration), _) => RawLength::Text(duration.value.trim().trim_start_matches('+').to_owned()),
            // A day without an end is that one day (RFC 5545, section 3.6.1).
            (None, Some(start)) if start.value.trim().len() == 8 => RawLength::Minutes(24 * 60),
            (None, _) => RawLength::Unknown,
        }
    }
}

/// Attendees, contacts and organisers that have a name. Addresses are never taken.
/// The text and the address that stands as its last line, `Link: https://...`, as EMF writes it.
fn link_below(text: &str) -> (&str, &str) {
    let text = text.trim_end();
    let (above, last) = text.rsplit_once('\n').unwrap_or(("", text));
    match last.strip_prefix("Link: ") {
        Some(link) if link.starts_with("http") && !link.contains(char::is_whitespace) => {
            (above.trim_end(), link)
        }
        _ => (text, ""),
    }
}

fn persons(event: &Component, place: &str) -> Vec<RawPerson> {
    let mut seen = HashSet::new();
    let mut out = vec![];
    for (property, role) in [("ATTENDEE", ""), ("CONTACT", ""), ("ORGANIZER", "host")] {
        for line in event.all(property) {
            let kind = line.parameter("CUTYPE");
            if !(kind.is_empty() || kind.eq_ignore_ascii_case("INDIVIDUAL")) {
                continue;
            }
            let name = if property == "CONTACT" { line.text() } else { line.parameter("CN").to_owned() };
            let name = name.trim();
            if name.is_empty() || name.contains('@') || name.contains("://") || !seen.insert(name.to_owned())
            {
                continue;
            }
            let chairs = line.parameter("ROLE").eq_ignore_ascii_case("CHAIR");
            out.push(RawPerson {
                place: place.to_owned(),
                name: name.to_owned(),
                role: if chairs { "moderator".to_owned() } else { role.to_owned() },
                ..RawPerson::default()
            });
        }
    }
    out
}

/// Attachments that are addresses, and the rooms to join by video (RFC 7986).
fn links(event: &Component) -> Vec<RawLink> {
    let mut out = vec![];
    for attachment in event.all("ATTACH").filter(|line| line.value.trim().starts_with("http")) {
        out.push(RawLink {
            kind: "attachment".to_owned(),
            title: attachment.parameter("FILENAME").to_owned(),
            url: attachment.value.trim().to_owned(),
        });
    }
    for conference in event.all("CONFERENCE").filter(|line| line.value.trim().starts_with("http")) {
        out.push(RawLink {
            kind: "stream".to_owned(),
            title: conference.parameter("LABEL").to_owned(),
            url: conference.value.trim().to_owned(),
        });
    }
    out
}
