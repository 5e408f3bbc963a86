//! xCal, iCalendar in XML: as RFC 6321 has it, and as pentabarf and frab wrote it before there was one.
//!
//! RFC 6321 puts a property's value into an element of its type (`<dtstart><date-time>`) inside `properties`; the
//! older form puts it into the property itself, and has its own `pentabarf:title`, `subtitle`, `event-id`,
//! `language-code`.

use crate::read::{
    Format, Imported, Options, ReadError,
    decode::Source,
    draft::{Draft, RawEvent, RawLength, RawPerson, RawTime},
    xml::{Node, Token, Xml},
};
use model::merge::Carries;
use std::collections::HashSet;

/// Reads `source`, whose root element is `icalendar`, in any letter case.
pub(super) fn read(source: &Source, options: &Options) -> Result<Imported, ReadError> {
    let mut draft = Draft::new(&source.name, Format::Xcal, options);
    draft.take_notes(&source.notes);
    let mut xml = Xml::new(source);
    let mut old_form = false;
    let mut kinds = HashSet::new();
    loop {
        match xml.next()? {
            Token::End => break,
            Token::Close | Token::Instruction(..) => {}
            Token::Open(element) => match element.name.as_str() {
                "vevent" => {
                    let node = xml.subtree(element)?;
                    old_form |= node.children.iter().any(|child| child.prefix == "pentabarf");
                    let event = event(&node);
                    kinds.insert(event.kind.clone());
                    draft.event(event)?;
                    xml.events += 1;
                }
                // Containers, of which the parts come next.
                "vcalendar" | "components" | "properties" => {}
                name if name.eq_ignore_ascii_case("icalendar") => {}
                _ => {
                    let property = xml.subtree(element)?;
                    calendar_property(&mut draft, &property);
                }
            },
        }
    }
    if old_form {
        draft.carries = draft.carries.and(Carries::SUBTITLE).and(Carries::LANGUAGE).and(Carries::NUMBERS);
        // frab writes "Lecture" for everything.
        if kinds.len() > 1 {
            draft.carries = draft.carries.and(Carries::KIND);
        }
    }
    draft.take_notes(&xml.into_notes());
    Ok(draft.finish())
}

fn calendar_property(draft: &mut Draft, property: &Node) {
    let value = value(property);
    match property.name.as_str() {
        "x-wr-calname" | "name" => {
            let name = value.trim();
            name.strip_suffix(" Schedule").unwrap_or(name).clone_into(&mut draft.conference.title);
        }
        "x-wr-timezone" => value.clone_into(&mut draft.conference.zone),
        _ => {}
    }
}

fn event(node: &Node) -> RawEvent {
    let properties = node.child("properties").unwrap_or(node);
    let of = |name: &str| properties.child(name).map(value).unwrap_or_default().to_owned();
    let own = |name: &str| {
        let found =
            properties.children.iter().find(|child| child.prefix == "pentabarf" && child.name == name);
        found.map(|child| child.text.clone()).unwrap_or_default()
    };
    let title = own("title");
    let end = time(properties.child("dtend"));
    let duration = of("duration");
    let category = of("category");
    RawEvent {
        place: node.place.clone(),
        guid: of("uid"),
        id: own("event-id"),
        title: if title.trim().is_empty() { of("summary") } else { title },
        subtitle: own("subtitle"),
        description: of("description"),
        kind: if category.is_empty() { of("categories") } else { category },
        language: own("language-code"),
        persons: properties.all("attendee").map(attendee).collect(),
        start: time(properties.child("dtstart")),
        length: if end.is_empty() { RawLength::Text(clock_length(&duration)) } else { RawLength::Until(end) },
        room: of("location"),
        url: of("url"),
        cancelled: of("status").trim().eq_ignore_ascii_case("cancelled"),
        ..RawEvent::default()
    }
}

/// The value of a property: its own text, or that of the element of its type.
fn value(property: &Node) -> &str {
    if !property.text.trim().is_empty() {
        return &property.text;
    }
    property.children.iter().find(|child| child.name != "parameters").map_or("", |child| child.text.as_str())
}

fn parameter<'n>(property: &'n Node, name: &str) -> &'n str {
    property.child("parameters").and_then(|all| all.child(name)).map_or("", value)
}

fn time(property: Option<&Node>) -> RawTime {
    let Some(property) = property else { return RawTime::default() };
    RawTime { zone: parameter(property, "tzid").to_owned(), ..RawTime::full(value(property)) }
}

/// A person by name; an address of the form `mailto:` is not one, and is not kept.
fn attendee(property: &Node) -> RawPerson {
    let name = parameter(property, "cn");
    let text = value(property);
    let name = if name.is_empty() && !text.trim_start().starts_with("mailto:") { text } else { name };
    RawPerson { name: name.to_owned(), ..RawPerson::default() }
}

/// Pentabarf's duration `013000` as `01:30:00`; any other as it is.
fn clock_length(text: &str) -> String {
    let text = text.trim();
    if text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("{}:{}:{}", &text[..2], &text[2..4], &text[4..])
    } else {
        text.to_owned()
    }
}
