//! xCal in the form that Pentabarf began and frab and pretalx go on writing; Giggity and engelsystem read it.
//!
//! Times are local to the edition's zone and say nothing about it, so the zone stands in `x-wr-timezone`. Of a time
//! that clocks show twice the format cannot say which is meant; iCalendar proper can.

use super::{Export, Index, event_slug, is_listed, plain_text, xml::Xml};
use jiff::Timestamp;
use model::{
    address::Address,
    programme::{Session, Slot},
};

/// The release as xCal.
pub fn xcal(export: &Export<'_>) -> String {
    let programme = export.programme;
    let index = Index::new(programme);
    let mut xml = Xml::new(1_024 + programme.sessions.len() * 1_500);
    xml.open(
        "iCalendar",
        &[("xmlns:pentabarf", "http://pentabarf.org"), ("xmlns:xCal", "urn:ietf:params:xml:ns:xcal")],
    );
    xml.open("vcalendar", &[]);
    xml.leaf("version", "2.0");
    xml.leaf("prodid", "-//Pentabarf//Schedule//EN");
    xml.leaf("x-wr-caldesc", programme.edition.title.as_str());
    xml.leaf("x-wr-calname", programme.edition.title.as_str());
    xml.leaf("x-wr-timezone", programme.edition.zone.name());
    let mut slots: Vec<(&Session, &Slot)> = programme.slots().filter(|(_, slot)| is_listed(slot)).collect();
    slots.sort_by_key(|(_, slot)| (slot.actual_start(), slot.id));
    for (session, slot) in slots {
        event(&mut xml, export, &index, session, slot);
    }
    xml.finish()
}

fn event(xml: &mut Xml, export: &Export<'_>, index: &Index<'_>, session: &Session, slot: &Slot) {
    xml.open("vevent", &[]);
    xml.leaf("method", "PUBLISH");
    xml.leaf("uid", &format!("{}@{}", slot.id, export.host()));
    xml.leaf("pentabarf:event-id", &slot.number.to_string());
    xml.leaf("pentabarf:event-slug", &event_slug(&export.programme.edition.slug, session, slot));
    xml.leaf("pentabarf:title", session.title.as_str());
    xml.leaf("pentabarf:subtitle", session.subtitle.as_str());
    xml.leaf("pentabarf:language", session.language.as_str());
    xml.leaf("pentabarf:language-code", session.language.as_str());
    xml.leaf("dtstart", &local(export, slot.actual_start()));
    xml.leaf("dtend", &local(export, slot.actual_end()));
    let minutes = slot.minutes().max(0);
    xml.leaf("duration", &format!("{:02}:{:02}:00", minutes / 60, minutes % 60));
    xml.leaf("summary", session.title.as_str());
    let texts = [plain_text(&session.summary), plain_text(&session.description)];
    xml.leaf(
        "description",
        texts.into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join("\n\n").as_str(),
    );
    xml.leaf("class", "PUBLIC");
    xml.leaf("status", "CONFIRMED");
    xml.leaf("category", session.kind_label());
    xml.leaf("url", &export.url(&Address::from(session)));
    xml.leaf("location", index.place_name(index.place(session, slot)));
    for (_, person) in index.people(session) {
        xml.leaf("attendee", person.name.as_str());
    }
    xml.close();
}

fn local(export: &Export<'_>, instant: Timestamp) -> String {
    export.zone().local(instant).strftime("%Y%m%dT%H%M%S").to_string()
}
