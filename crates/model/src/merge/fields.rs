//! How each kind of thing is merged, field by field: which field belongs to which set of [`Carries`].

use super::{Carries, Desk};
use crate::{
    edition::{Edition, Sponsor},
    id::{EditionId, PersonId, RoomId, SessionId, SlotId, SponsorId, TrackId},
    programme::{Participation, Person, Role, Room, Session, Slot, Standing, Track},
    text::excerpt,
};
use std::fmt::Debug;
use std::hash::Hash;

/// A thing that can be merged field by field.
pub(crate) trait Fields: Clone + PartialEq {
    /// What it is found by.
    type Id: Copy + Eq + Hash + Debug;
    /// Its identifier.
    fn id(&self) -> Self::Id;
    /// What people call it.
    fn name(&self) -> String;
    /// `ours` with what `theirs` changed against `base`.
    fn merge(ours: &Self, base: Option<&Self>, theirs: &Self, desk: &mut Desk) -> Self;
}

/// Merges the named fields into a copy of ours, each only where the format carries it.
macro_rules! merged {
    ($ours:ident, $base:ident, $theirs:ident, $desk:ident; $($carry:ident: $($field:ident),+;)*) => {{
        let mut out = $ours.clone();
        $(if $desk.carries.has(Carries::$carry) {
            $(out.$field = $desk.pick(
                &stringify!($field).replace('_', " "),
                &$ours.$field,
                $base.map(|base| &base.$field),
                &$theirs.$field,
                |value| show(value),
            );)+
        })*
        out
    }};
}

/// A value on one short line.
fn show<T: Debug>(value: &T) -> String {
    let text = format!("{value:?}");
    // The newtypes' own names say nothing to an organiser.
    let text = text.replace("RichText(", "").replace("Line(", "").replace("Some(", "").replace("WebUrl(", "");
    excerpt(text.trim_end_matches(')'), 120)
}

impl Fields for Edition {
    type Id = EditionId;
    fn id(&self) -> EditionId {
        self.id
    }
    fn name(&self) -> String {
        self.title.to_string()
    }
    fn merge(ours: &Self, base: Option<&Self>, theirs: &Self, desk: &mut Desk) -> Self {
        merged!(ours, base, theirs, desk;
            EDITION: title, zone, first_day, last_day, day_change, timeslot_minutes;
            EDITION_DETAILS: series, subtitle, description, venue, city, country, url, logo, language, colour;
        )
    }
}

impl Fields for Room {
    type Id = RoomId;
    fn id(&self) -> RoomId {
        self.id
    }
    fn name(&self) -> String {
        self.name.to_string()
    }
    fn merge(ours: &Self, base: Option<&Self>, theirs: &Self, desk: &mut Desk) -> Self {
        // The slug stays: it is an address that people have.
        merged!(ours, base, theirs, desk;
            BASICS: name;
            ROOM_DETAILS: kind, capacity, description;
        )
    }
}

impl Fields for Track {
    type Id = TrackId;
    fn id(&self) -> TrackId {
        self.id
    }
    fn name(&self) -> String {
        self.name.to_string()
    }
    fn merge(ours: &Self, base: Option<&Self>, theirs: &Self, desk: &mut Desk) -> Self {
        merged!(ours, base, theirs, desk;
            BASICS: name;
            TRACK_DETAILS: description, colour;
        )
    }
}

impl Fields for Person {
    type Id = PersonId;
    fn id(&self) -> PersonId {
        self.id
    }
    fn name(&self) -> String {
        self.name.to_string()
    }
    fn merge(ours: &Self, base: Option<&Self>, theirs: &Self, desk: &mut Desk) -> Self {
        let mut out = merged!(ours, base, theirs, desk;
            BASICS: name;
            PROFILES: biography, affiliation, avatar, links;
        );
        // Codes and numbers are names in other systems: a file that lacks them does not clear them.
        out.code = theirs.code.clone().or(out.code);
        out.number = theirs.number.or(out.number);
        out
    }
}

impl Fields for Sponsor {
    type Id = SponsorId;
    fn id(&self) -> SponsorId {
        self.id
    }
    fn name(&self) -> String {
        self.name.to_string()
    }
    fn merge(ours: &Self, base: Option<&Self>, theirs: &Self, desk: &mut Desk) -> Self {
        merged!(ours, base, theirs, desk; SPONSORS: name, level, rank, url, logo, description;)
    }
}

impl Fields for Slot {
    type Id = SlotId;
    fn id(&self) -> SlotId {
        self.id
    }
    fn name(&self) -> String {
        self.start.to_string()
    }
    fn merge(ours: &Self, base: Option<&Self>, theirs: &Self, desk: &mut Desk) -> Self {
        let mut out = merged!(ours, base, theirs, desk;
            BASICS: room, start, end;
        );
        // Once the file gave it a number it keeps that one, as its session keeps its code: some tools number
        // anew each time, and readers of our files know events by their number. 0: this file gives it none.
        if desk.carries.has(Carries::NUMBERS) && theirs.number > 0 && ours.number == ours.drawn_number() {
            out.number = theirs.number;
        }
        // Most formats cannot say "cancelled" or "delayed", and those that can often do not: a file that says
        // "planned" as it always did leaves ours alone, by the rule of every field.
        if desk.carries.has(Carries::STANDING) || theirs.standing != Standing::Planned {
            out.standing = desk.pick(
                "standing",
                &ours.standing,
                base.map(|base| &base.standing),
                &theirs.standing,
                show,
            );
        }
        out
    }
}

impl Fields for Session {
    type Id = SessionId;
    fn id(&self) -> SessionId {
        self.id
    }
    fn name(&self) -> String {
        self.title.to_string()
    }
    fn merge(ours: &Self, base: Option<&Self>, theirs: &Self, desk: &mut Desk) -> Self {
        let mut out = merged!(ours, base, theirs, desk;
            BASICS: title;
            SUBTITLE: subtitle;
            SUMMARY: summary;
            DESCRIPTION: description;
            KIND: kind, type_label;
            LANGUAGE: language;
            TRACK: track;
            LINKS: links;
            LOGO: logo;
            URL: url;
            FEEDBACK: feedback_url;
            RECORDING: recording;
            PARENT: parent;
        );
        if desk.carries.has(Carries::PEOPLE) {
            let roles = desk.carries.has(Carries::ROLES);
            let known: Vec<Participation> = theirs
                .people
                .iter()
                .map(|part| {
                    let ours = ours.people.iter().find(|our| our.person == part.person);
                    let role = ours
                        .filter(|_| !roles && part.role == Role::Speaker)
                        .map_or(part.role, |our| our.role);
                    Participation { person: part.person, role }
                })
                .collect();
            out.people = desk.pick("people", &ours.people, base.map(|base| &base.people), &known, show);
        }
        out.slots = desk.slots(ours, base, theirs);
        out
    }
}

impl Desk {
    /// The slots of one session, merged one by one under the session's name.
    fn slots(&mut self, ours: &Session, base: Option<&Session>, theirs: &Session) -> Vec<Slot> {
        let (kind, name) = (self.kind, self.name.clone());
        let merged = self.things("slot", &ours.slots, base.map(|base| &base.slots[..]), &theirs.slots, true);
        // What was noted about a slot is said of its session, whose title people know.
        for kept in self.kept.iter_mut().rev().take_while(|kept| kept.kind == "slot") {
            kept.name = format!("{name} ({})", kept.name);
            kind.clone_into(&mut kept.kind);
        }
        self.kind = kind;
        self.name = name;
        merged
    }
}
