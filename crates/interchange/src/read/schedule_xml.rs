//! Schedule XML: what pentabarf began in 2004 and FOSDEM, frab, pretalx, wafer, the c3voc hub and Electromagnetic
//! Field write today, each a little differently.
//!
//! The form is that of c3voc's `schedule.xml.xsd`, but next to no file out there is valid by it. So everything is
//! optional here but the nesting `schedule/day/room/event`, and what differs is read where it stands:
//!
//! - pentabarf has no `room` elements, no `guid` and no `date`; its `person@id` counts appearances, not persons;
//! - FOSDEM writes times without zone, venue and city, and since 2025 `schedule/tracks`;
//! - frab's guids are sometimes not UUIDs, its logos and files relative addresses;
//! - merged schedules of the CCC give wiki users the id 0, and write a link's address as its text;
//! - wafer writes the page as `full_conf_url` and "No Track" for none;
//! - the hub writes tracks with colours into `conference`, and `guid` on persons and rooms.

use crate::{
    extras::{self, Extras},
    read::{
        Format, Imported, Options, ReadError,
        decode::Source,
        draft::{
            Draft, RawConference, RawDay, RawEvent, RawLength, RawLink, RawPerson, RawRoom, RawTime, RawTrack,
        },
        europython,
        xml::{Node, Token, Xml},
    },
};
use model::merge::Carries;

/// Reads `source`, whose root element is `schedule`.
pub(super) fn read(source: &Source, options: &Options) -> Result<Imported, ReadError> {
    let mut draft = Draft::new(&source.name, Format::ScheduleXml, options);
    draft.take_notes(&source.notes);
    let mut xml = Xml::new(source);
    // The day and the room that are open.
    let mut day = Node::default();
    let mut room: Option<Node> = None;
    let mut depth = 0_u8;
    loop {
        let element = match xml.next()? {
            Token::End => break,
            Token::Close => {
                depth = depth.saturating_sub(1);
                if depth == 2 {
                    room = None;
                }
                continue;
            }
            Token::Instruction(target, content) => {
                if target == extras::NAME {
                    draft.take_extras(Extras::from_instruction(&content));
                }
                continue;
            }
            Token::Open(element) => element,
        };
        match (depth, element.name.as_str()) {
            (0, _) => {
                element.attribute("created").clone_into(&mut draft.conference.made);
                depth = 1;
            }
            (1, "conference") => {
                let conference = xml.subtree(element)?;
                read_conference(&mut draft, &conference);
            }
            (1, "tracks") => {
                let tracks = xml.subtree(element)?;
                tracks.all("track").for_each(|node| draft.track(track(node)));
            }
            (1, "version") => draft.conference.version = xml.subtree(element)?.text,
            (1, "day") => {
                draft.conference.days.push(RawDay {
                    date: element.attribute("date").to_owned(),
                    start: element.attribute("start").to_owned(),
                    end: element.attribute("end").to_owned(),
                });
                day = element;
                depth = 2;
            }
            (2, "room") => {
                draft.room(RawRoom {
                    guid: element.attribute("guid").to_owned(),
                    name: element.attribute("name").to_owned(),
                    slug: element.attribute("slug").to_owned(),
                    ..RawRoom::default()
                });
                room = Some(element);
                depth = 3;
            }
            (2 | 3, "event") => {
                if depth == 2 && draft.event_count() == 0 {
                    draft.set_format(Format::PentabarfXml);
                    draft.persons_by_name = true;
                }
                let node = xml.subtree(element)?;
                draft.carries = draft.carries.and(carried(&node));
                draft.event(event(&node, &day, room.as_ref()))?;
                xml.events += 1;
            }
            (2, "entry") => {
                if draft.event_count() == 0 {
                    draft.set_format(Format::EuropythonXml);
                }
                let node = xml.subtree(element)?;
                europython::entry(&mut draft, &node, day.attribute("date"))?;
                xml.events += 1;
            }
            _ => xml.skip()?,
        }
    }
    draft.carries = draft.carries.and(Carries::PROFILES);
    draft.says_only_what_it_has();
    draft.take_notes(&xml.into_notes());
    Ok(draft.finish())
}

fn read_conference(draft: &mut Draft, node: &Node) {
    let text = |name: &str| node.text_of(name).to_owned();
    let old = std::mem::take(&mut draft.conference);
    draft.conference = RawConference {
        title: text("title"),
        acronym: text("acronym"),
        subtitle: text("subtitle"),
        description: text("description"),
        start: text("start"),
        end: text("end"),
        day_change: text("day_change"),
        timeslot: text("timeslot_duration"),
        zone: node.first_text(&["time_zone_name", "timezone", "time_zone"]).to_owned(),
        base_url: text("base_url"),
        url: text("url"),
        logo: text("logo"),
        venue: text("venue"),
        city: text("city"),
        country: text("country"),
        language: text("language"),
        colour: node.child("color").map(|colour| colour.attribute("primary").to_owned()).unwrap_or_default(),
        version: if old.version.trim().is_empty() { text("release") } else { old.version },
        made: old.made,
        days: old.days,
    };
    node.all("track").for_each(|node| draft.track(track(node)));
}

/// What an event can express in this dialect, beyond what all can: the elements that stand in it, filled or not.
fn carried(event: &Node) -> Carries {
    [
        ("logo", Carries::LOGO),
        ("url", Carries::URL),
        ("full_conf_url", Carries::URL),
        ("feedback_url", Carries::FEEDBACK),
        ("recording", Carries::RECORDING),
    ]
    .into_iter()
    .filter(|(name, _)| event.child(name).is_some())
    .fold(Carries::BASICS, |all, (_, one)| all.and(one))
}

/// A track as `<track slug="s">Name</track>` or `<track name="Name" slug="s" color="#rrggbb"/>`.
fn track(node: &Node) -> RawTrack {
    let name = if node.text.trim().is_empty() { node.attribute("name") } else { &node.text };
    if name.trim() == "No Track" {
        return RawTrack::default();
    }
    RawTrack {
        guid: node.attribute("guid").to_owned(),
        name: name.to_owned(),
        slug: node.attribute("slug").to_owned(),
        colour: node.attribute("color").to_owned(),
        ..RawTrack::default()
    }
}

fn event(node: &Node, day: &Node, room: Option<&Node>) -> RawEvent {
    let text = |name: &str| node.text_of(name).to_owned();
    let recording = node.child("recording");
    let date = day.attribute("date");
    let own_room = node.text_of("room");
    RawEvent {
        place: node.place.clone(),
        guid: node.attribute("guid").to_owned(),
        id: node.attribute("id").to_owned(),
        code: node.attribute("code").to_owned(),
        title: text("title"),
        subtitle: text("subtitle"),
        summary: text("abstract"),
        description: text("description"),
        kind: text("type"),
        language: text("language"),
        track: node.child("track").map(track).unwrap_or_default(),
        persons: node.listed("persons", "person").map(person).collect(),
        start: RawTime { full: text("date"), ..RawTime::clock(date, node.text_of("start")) },
        length: RawLength::Text(text("duration")),
        day: date.to_owned(),
        room: if own_room.trim().is_empty() {
            room.map_or("", |room| room.attribute("name"))
        } else {
            own_room
        }
        .to_owned(),
        links: links(node),
        url: node.first_text(&["url", "full_conf_url", "conf_url"]).to_owned(),
        logo: text("logo"),
        feedback_url: text("feedback_url"),
        licence: recording.map(|recording| recording.text_of("license").to_owned()).unwrap_or_default(),
        opt_out: recording.is_some_and(|recording| truth(recording.text_of("optout"))),
        ..RawEvent::default()
    }
}

/// A person: the name is the element's own text, or a child of one of several names.
fn person(node: &Node) -> RawPerson {
    let own = node.text.trim();
    let name =
        if own.is_empty() { node.first_text(&["public_name", "full_public_name", "name"]) } else { own };
    let code = node.attribute("code");
    let page = node.attribute("href");
    let links =
        if page.is_empty() { vec![] } else { vec![RawLink { url: page.to_owned(), ..RawLink::default() }] };
    RawPerson {
        place: node.place.clone(),
        guid: node.attribute("guid").to_owned(),
        code: if code.is_empty() { node.text_of("code") } else { code }.to_owned(),
        id: node.attribute("id").to_owned(),
        name: name.to_owned(),
        biography: node.text_of("biography").to_owned(),
        role: node.attribute("role").to_owned(),
        links,
        ..RawPerson::default()
    }
}

fn links(node: &Node) -> Vec<RawLink> {
    let mut links: Vec<RawLink> =
        node.listed("links", "link").map(|node| link(node, node.attribute("type"))).collect();
    links.extend(node.listed("attachments", "attachment").map(|node| {
        let word = node.attribute("type");
        link(node, if word.is_empty() { "attachment" } else { word })
    }));
    for name in ["video_download_url", "video"] {
        let url = node.text_of(name);
        if url.contains("://") {
            links.push(RawLink { kind: "video".to_owned(), title: "Video".to_owned(), url: url.to_owned() });
        }
    }
    links.retain(|link| !link.url.trim().is_empty());
    links
}

/// `<link href="address">title</link>`, or `<link>address</link>`.
fn link(node: &Node, kind: &str) -> RawLink {
    let href = node.attribute("href");
    let (title, url) =
        if href.trim().is_empty() { ("", node.text.as_str()) } else { (node.text.as_str(), href) };
    RawLink { kind: kind.to_owned(), title: title.to_owned(), url: url.to_owned() }
}

fn truth(text: &str) -> bool {
    matches!(text.trim().to_ascii_lowercase().as_str(), "true" | "1" | "yes")
}
