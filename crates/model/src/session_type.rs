//! Session types: what kinds of session an edition offers, and how long each of them usually is.
//!
//! A type belongs to the edition and not to its programme: a session keeps the kind and the name of the type that it
//! was given, so that a type can be renamed or removed without changing what is published.

use crate::{
    Refusal,
    edit::Shift,
    id::SessionTypeId,
    programme::SessionKind,
    text::{Line, RichText, folded},
};
use serde::{Deserialize, Serialize};

/// The longest that a type may be, in minutes: a day.
pub const MINUTES_MAX: u16 = 24 * 60;

/// One type of session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionType {
    /// Its identifier.
    pub id: SessionTypeId,
    /// Its name, which sessions of it carry.
    pub name: Line,
    /// What it is.
    pub kind: SessionKind,
    /// How long a session of it usually is, in minutes, 1 to 1,440.
    pub minutes: u16,
    /// What it is for, for those who choose one.
    #[serde(default)]
    pub description: RichText,
}

impl SessionType {
    /// Whether it can stand beside `others`.
    pub fn check(&self, others: &[Self]) -> Result<(), Refusal> {
        let names = others.iter().filter(|other| other.id != self.id).map(|other| &other.name);
        crate::edit::named("session type", &self.name, names)?;
        if !(1..=MINUTES_MAX).contains(&self.minutes) {
            return Err(Refusal::new(
                "minutes",
                format!("{} minutes is no length", self.minutes),
                format!("Give 1 to {MINUTES_MAX} minutes"),
            ));
        }
        Ok(())
    }
}

/// `types` with `one` in the place of that with its identifier, or at the end.
pub fn put(types: &[SessionType], one: &SessionType) -> Result<Vec<SessionType>, Refusal> {
    one.check(types)?;
    let mut out = types.to_vec();
    match out.iter_mut().find(|other| other.id == one.id) {
        Some(place) => *place = one.clone(),
        None => out.push(one.clone()),
    }
    Ok(out)
}

/// `types` without that one. Sessions of it stay what they are.
pub fn remove(types: &[SessionType], id: SessionTypeId) -> Result<Vec<SessionType>, Refusal> {
    let out: Vec<SessionType> = types.iter().filter(|one| one.id != id).cloned().collect();
    if out.len() == types.len() { Err(crate::edit::gone("session type")) } else { Ok(out) }
}

/// `types` with that one a step up or down.
pub fn shift(types: &[SessionType], id: SessionTypeId, by: Shift) -> Result<Vec<SessionType>, Refusal> {
    let mut out = types.to_vec();
    crate::edit::shift(&mut out, "session type", |one| one.id == id, by)?;
    Ok(out)
}

/// The type of `types` that a session of that kind and name is of.
pub fn of<'a>(types: &'a [SessionType], kind: SessionKind, label: &Line) -> Option<&'a SessionType> {
    let name = folded(label.non_empty().unwrap_or(kind.label()));
    types.iter().find(|one| one.kind == kind && folded(one.name.as_str()) == name)
}

/// What a new edition begins with: the usual types and their lengths.
pub const USUAL: [(&str, SessionKind, u16); 9] = [
    ("Talk", SessionKind::Talk, 30),
    ("Keynote", SessionKind::Keynote, 45),
    ("Microconference", SessionKind::Microconference, 180),
    ("Topic", SessionKind::Topic, 20),
    ("BoF", SessionKind::Bof, 45),
    ("Workshop", SessionKind::Workshop, 90),
    ("Lightning talk", SessionKind::Lightning, 5),
    ("Social event", SessionKind::Social, 120),
    ("Break", SessionKind::Break, 30),
];

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn one(number: u128, name: &str, minutes: u16) -> SessionType {
        SessionType {
            id: SessionTypeId(Uuid::from_u128(number)),
            name: Line::from(name),
            kind: SessionKind::Talk,
            minutes,
            description: RichText::default(),
        }
    }

    #[test]
    fn types_have_names_of_their_own_and_a_length() {
        let types = put(&[], &one(1, "Talk", 30)).unwrap();
        assert_eq!(put(&types, &one(2, "TALK", 20)).unwrap_err().field, "name");
        assert_eq!(put(&types, &one(2, "Short talk", 0)).unwrap_err().field, "minutes");
        let types = put(&types, &one(2, "Short talk", 10)).unwrap();
        let turned = shift(&types, types[1].id, Shift::Up).unwrap();
        assert_eq!(turned[0].name.as_str(), "Short talk");
        assert_eq!(shift(&turned, turned[0].id, Shift::Up).unwrap(), turned, "the first stays the first");
        assert_eq!(remove(&turned, turned[0].id).unwrap().len(), 1);
        assert!(remove(&[], types[0].id).is_err());
        assert_eq!(of(&types, SessionKind::Talk, &Line::default()), Some(&types[0]));
    }
}
