//! Schedule XML, as frab began it and c3voc's schema (`schedule.xml.xsd`) states it; media type
//! `application/vnd.c3voc.schedule+xml`.
//!
//! Valid against that schema for any programme, and with the elements that voctoweb, EventFahrplan and Giggity
//! need although the schema does not ask for them: `subtitle`, `slug`, `persons`, `description`, `recording`,
//! `links`, `attachments` always stand, even empty; rooms and persons have a `guid`, persons an integer `id`.
//! Every room is declared on the first day, in the order in which rooms are shown. What the schema has no place
//! for stands in the processing instruction `<?plenary ...?>` at the end (see [`crate::extras`]).

use super::{Export, GENERATOR, Index, Place, VERSION, clock, event_code, event_slug, stamp, uri, xml::Xml};
use crate::extras::{Beside, Extras, NAME};
use model::{
    address::Address,
    programme::{LinkKind, Session, Slot},
};
use std::collections::BTreeMap;

/// The release as schedule XML.
pub fn schedule_xml(export: &Export<'_>) -> String {
    let programme = export.programme;
    let edition = &programme.edition;
    let index = Index::new(programme);
    let days = index.by_day();
    let mut xml = Xml::new(4_096 + programme.sessions.len() * 3_000);
    xml.open("schedule", &[]);
    xml.leaf_with("generator", &[("name", GENERATOR), ("system", export.host()), ("version", VERSION)], "");
    xml.leaf("url", &export.url(&Address::File("schedule.xml")));
    xml.leaf("version", &export.release.number.to_string());
    xml.open("conference", &[]);
    xml.leaf("acronym", &acronym(edition.slug.as_str()));
    xml.leaf("title", edition.title.as_str());
    for (name, date) in [("start", edition.first_day), ("end", edition.last_day)] {
        if (1..=9_998).contains(&date.year()) {
            xml.leaf(name, &date.to_string());
        }
    }
    xml.leaf("days", &days.len().to_string());
    let grid = edition.timeslot_minutes.min(99 * 60);
    xml.leaf("timeslot_duration", &format!("{:02}:{:02}", grid / 60, grid % 60));
    xml.leaf("base_url", &export.url(&Address::Home));
    if let Some(logo) = edition.logo.as_ref().and_then(uri::strict_http) {
        xml.leaf("logo", &logo);
    }
    let home = export.url(&Address::Home);
    let url = edition.url.as_ref().and_then(uri::strict_http);
    xml.leaf("url", url.as_deref().unwrap_or(&home));
    xml.leaf("time_zone_name", edition.zone.name());
    if let Some(colour) = edition.colour {
        xml.leaf_with("color", &[("primary", &colour.to_string())], "");
    }
    for track in &programme.tracks {
        let colour = track.colour.map(|colour| colour.to_string());
        let slug = track.slug.as_str();
        let mut attributes = vec![("name", track.name.as_str())];
        if slug.len() >= 2 && slug.starts_with(|c: char| c.is_ascii_lowercase()) {
            attributes.push(("slug", slug));
        }
        if let Some(colour) = &colour {
            attributes.push(("color", colour));
        }
        xml.leaf_with("track", &attributes, "");
    }
    xml.close();
    let zone = export.zone();
    for (day, mut places) in days {
        xml.open(
            "day",
            &[
                ("index", &day.index.to_string()),
                ("date", &day.date.to_string()),
                ("start", &stamp(zone, day.start)),
                ("end", &stamp(zone, day.end)),
            ],
        );
        if day.index == 1 {
            declare_rooms(&mut places, programme.rooms.len());
        }
        for (place, held) in places {
            let name = index.place_name(place);
            match place {
                Place::Room(at) => {
                    xml.open("room", &[("name", name), ("guid", &programme.rooms[at].id.to_string())]);
                }
                Place::House | Place::Open => xml.open("room", &[("name", name)]),
            }
            for (session, slot) in held {
                event(&mut xml, export, &index, name, session, slot);
            }
            xml.close();
        }
        xml.close();
    }
    xml.instruction(NAME, &Extras::of(programme, Beside::Xml).to_instruction());
    xml.finish()
}

fn event(xml: &mut Xml, export: &Export<'_>, index: &Index<'_>, room: &str, session: &Session, slot: &Slot) {
    let (guid, number) = (slot.id.to_string(), slot.number.to_string());
    let mut attributes = vec![("guid", guid.as_str()), ("id", &number)];
    if let Some(code) = event_code(session).filter(|code| code.len() == 6) {
        attributes.push(("code", code));
    }
    xml.open("event", &attributes);
    xml.leaf("room", room);
    xml.leaf("title", session.title.as_str());
    xml.leaf("subtitle", session.subtitle.as_str());
    xml.leaf("type", session.kind_label());
    xml.leaf("date", &stamp(export.zone(), slot.actual_start()));
    xml.leaf("start", &clock(export.zone(), slot.actual_start()));
    xml.leaf("duration", &duration(slot));
    xml.leaf("abstract", session.summary.as_str());
    xml.leaf("slug", &event_slug(&export.programme.edition.slug, session, slot));
    xml.leaf("track", index.track(session).map_or("", |track| track.name.as_str()));
    xml.leaf("logo", session.logo.as_ref().and_then(uri::strict_http).as_deref().unwrap_or_default());
    xml.open("persons", &[]);
    for (_, person) in index.people(session) {
        let (id, guid) = (index.number(person).to_string(), person.id.to_string());
        xml.leaf_with("person", &[("id", &id), ("guid", &guid)], person.name.as_str());
    }
    xml.close();
    xml.leaf("language", session.language.as_str());
    xml.leaf("description", session.description.as_str());
    xml.open("recording", &[]);
    xml.leaf("license", session.recording.licence.as_str());
    xml.leaf("optout", if session.recording.opt_out { "true" } else { "false" });
    xml.close();
    xml.open("links", &[]);
    for link in session.links.iter().filter(|link| link.kind != LinkKind::Attachment) {
        xml.leaf_with(
            "link",
            &[("href", link.url.as_str()), ("type", link_type(link.kind))],
            link.title.as_str(),
        );
    }
    xml.close();
    xml.open("attachments", &[]);
    for link in session.links.iter().filter(|link| link.kind == LinkKind::Attachment) {
        xml.leaf_with("attachment", &[("href", link.url.as_str())], link.title.as_str());
    }
    xml.close();
    xml.leaf("url", &export.url(&Address::from(session)));
    for (name, url) in [("feedback_url", &session.feedback_url), ("origin_url", &session.url)] {
        if let Some(url) = url.as_ref().and_then(uri::strict_http) {
            xml.leaf(name, &url);
        }
    }
    xml.close();
}

/// The word for a link's kind; the schema leaves it free.
fn link_type(kind: LinkKind) -> &'static str {
    match kind {
        LinkKind::Related => "related",
        LinkKind::Slides => "slides",
        LinkKind::Paper => "paper",
        LinkKind::Video => "video",
        LinkKind::Attachment => "attachment",
        LinkKind::Chat => "chat",
        LinkKind::Stream => "stream",
        LinkKind::Web => "web",
    }
}

/// `HH:MM`, with seconds only where there are some; at most 99:59.
fn duration(slot: &Slot) -> String {
    let seconds = slot.end.duration_since(slot.start).as_secs().clamp(0, 99 * 3_600 + 59 * 60);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if seconds == 0 {
        format!("{hours:02}:{minutes:02}")
    } else {
        format!("{hours:02}:{minutes:02}:{seconds:02}")
    }
}

/// The slug as the schema's `acronym`: at least four of `[a-z0-9_-]`.
fn acronym(slug: &str) -> String {
    format!("{slug:_<4}")
}

/// Makes every room stand on the day, even those in which nothing takes place then.
fn declare_rooms<T: Default>(places: &mut BTreeMap<Place, T>, rooms: usize) {
    for at in 0..rooms {
        places.entry(Place::Room(at)).or_default();
    }
}
