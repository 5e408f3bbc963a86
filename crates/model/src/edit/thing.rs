//! Rooms, tracks and persons: added, changed, put in order, removed.

use super::Shift;
use crate::{
    Refusal,
    id::{PersonId, RoomId, TrackId},
    programme::{Person, Programme, Room, Track},
    text::{Line, Slug, folded},
};

pub(super) fn put_room(programme: &mut Programme, room: &Room) -> Result<(), Refusal> {
    let others = programme.rooms.iter().filter(|other| other.id != room.id);
    named("room", &room.name, others.clone().map(|other| &other.name))?;
    addressed("room", &room.slug, others.map(|other| (&other.slug, &other.name)))?;
    put(&mut programme.rooms, room, |other| other.id == room.id);
    Ok(())
}

pub(super) fn put_track(programme: &mut Programme, track: &Track) -> Result<(), Refusal> {
    let others = programme.tracks.iter().filter(|other| other.id != track.id);
    named("track", &track.name, others.clone().map(|other| &other.name))?;
    addressed("track", &track.slug, others.map(|other| (&other.slug, &other.name)))?;
    put(&mut programme.tracks, track, |other| other.id == track.id);
    Ok(())
}

/// Two persons may have one name.
pub(super) fn put_person(programme: &mut Programme, person: &Person) -> Result<(), Refusal> {
    named("person", &person.name, std::iter::empty())?;
    let others = programme.persons.iter().filter(|other| other.id != person.id);
    addressed("person", &person.slug, others.map(|other| (&other.slug, &other.name)))?;
    put(&mut programme.persons, person, |other| other.id == person.id);
    Ok(())
}

pub(super) fn remove_room(programme: &mut Programme, id: RoomId) -> Result<(), Refusal> {
    take(&mut programme.rooms, "room", |room| room.id == id)?;
    for slot in programme.sessions.iter_mut().flat_map(|session| &mut session.slots) {
        slot.room = slot.room.filter(|room| *room != id);
    }
    Ok(())
}

pub(super) fn remove_track(programme: &mut Programme, id: TrackId) -> Result<(), Refusal> {
    take(&mut programme.tracks, "track", |track| track.id == id)?;
    for session in &mut programme.sessions {
        session.track = session.track.filter(|track| *track != id);
    }
    Ok(())
}

pub(super) fn remove_person(programme: &mut Programme, id: PersonId) -> Result<(), Refusal> {
    take(&mut programme.persons, "person", |person| person.id == id)?;
    for session in &mut programme.sessions {
        session.people.retain(|part| part.person != id);
    }
    Ok(())
}

/// Moves a thing one step in its order; at the end of the order it stays where it is.
pub(crate) fn shift<T>(
    things: &mut [T],
    kind: &str,
    is_it: impl Fn(&T) -> bool,
    by: Shift,
) -> Result<(), Refusal> {
    let at = things.iter().position(is_it).ok_or_else(|| gone(kind))?;
    match by {
        Shift::Up if at > 0 => things.swap(at, at - 1),
        Shift::Down if at + 1 < things.len() => things.swap(at, at + 1),
        Shift::Up | Shift::Down => {}
    }
    Ok(())
}

/// The refusal of a command about something that is not there, or not any more.
pub(crate) fn gone(kind: &str) -> Refusal {
    Refusal::new(
        kind,
        format!("this {kind} is not there any more"),
        "Somebody may have removed it meanwhile; look at the list",
    )
}

/// Whether `name` says something, and nothing else of its kind is called so.
pub(crate) fn named<'a>(
    kind: &str,
    name: &Line,
    mut others: impl Iterator<Item = &'a Line>,
) -> Result<(), Refusal> {
    if name.is_empty() {
        return Err(Refusal::new("name", "it is empty", format!("Give the {kind} a name")));
    }
    let wanted = folded(name.as_str());
    match others.find(|other| folded(other.as_str()) == wanted) {
        None => Ok(()),
        Some(other) => Err(Refusal::new(
            "name",
            format!("there is a {kind} called \"{other}\" already"),
            "Choose a name that people can tell from it",
        )),
    }
}

/// Whether nothing else of its kind stands at that address.
fn addressed<'a>(
    kind: &str,
    slug: &Slug,
    mut others: impl Iterator<Item = (&'a Slug, &'a Line)>,
) -> Result<(), Refusal> {
    match others.find(|(other, _)| *other == slug) {
        None => Ok(()),
        Some((_, name)) => Err(Refusal::new(
            "slug",
            format!("\"{slug}\" is the address of the {kind} {name}"),
            "Choose another",
        )),
    }
}

fn put<T: Clone>(things: &mut Vec<T>, thing: &T, is_it: impl Fn(&T) -> bool) {
    match things.iter_mut().find(|other| is_it(other)) {
        Some(place) => *place = thing.clone(),
        None => things.push(thing.clone()),
    }
}

fn take<T>(things: &mut Vec<T>, kind: &str, is_it: impl Fn(&T) -> bool) -> Result<(), Refusal> {
    let at = things.iter().position(is_it).ok_or_else(|| gone(kind))?;
    things.remove(at);
    Ok(())
}
