//! How many may be registered for an edition: a cap for each type and each way that has one.
//!
//! **By hand and by programs nobody is registered over a cap.** A list from elsewhere may go over it, because its tickets
//! are sold already, and only when somebody has seen by how much and says so.

use super::{Attendance, Difference, Registration, RegistrationState, RegistrationType};
use crate::Refusal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most that a cap can be.
pub const MOST_CAP: u32 = 200_000;

/// How many registrations hold, by type and way.
pub type Counted = BTreeMap<(RegistrationType, Attendance), u64>;

/// What has a cap of its own. Each registration counts for its type and for its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Capped {
    /// Everybody who comes as that.
    Kind(RegistrationType),
    /// Everybody who takes part that way.
    Mode(Attendance),
}

impl Capped {
    /// All that can have a cap: the types, then the ways.
    pub fn all() -> impl Iterator<Item = Self> {
        RegistrationType::ALL.map(Self::Kind).into_iter().chain(Attendance::ALL.map(Self::Mode))
    }

    /// The word kept in the record and used in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kind(kind) => kind.as_str(),
            Self::Mode(mode) => mode.as_str(),
        }
    }

    /// How pages name it.
    pub fn shown(self) -> &'static str {
        match self {
            Self::Kind(kind) => kind.shown(),
            Self::Mode(mode) => mode.shown(),
        }
    }

    /// The one of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::all().find(|one| one.as_str() == word)
    }

    /// Whether a registration takes one of its places.
    fn counts(self, one: &Registration) -> bool {
        one.state == RegistrationState::Active
            && match self {
                Self::Kind(kind) => one.kind == kind,
                Self::Mode(mode) => one.mode == mode,
            }
    }

    /// How many take one of its places.
    fn among(self, counted: &Counted) -> u64 {
        let has = |(kind, mode): (RegistrationType, Attendance)| {
            self == Self::Kind(kind) || self == Self::Mode(mode)
        };
        counted.iter().filter(|(key, _)| has(**key)).map(|(_, count)| count).sum()
    }

    /// The field of a registration by which it takes a place.
    fn field(self) -> &'static str {
        match self {
            Self::Kind(_) => "kind",
            Self::Mode(_) => "mode",
        }
    }
}

impl From<Capped> for String {
    fn from(one: Capped) -> Self {
        one.as_str().to_owned()
    }
}

impl TryFrom<String> for Capped {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        Self::parse(&word).ok_or_else(|| format!("\"{word}\" is no type and no way"))
    }
}

/// How much of a cap is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// What has the cap.
    pub of: Capped,
    /// How many are registered.
    pub count: u64,
    /// How many may be.
    pub most: u32,
}

impl Taken {
    /// How many are registered over the cap.
    pub fn over(&self) -> u64 {
        self.count.saturating_sub(self.most.into())
    }

    /// Whether nobody more may be registered.
    pub fn is_full(&self) -> bool {
        self.count >= self.most.into()
    }
}

/// The caps of an edition. What has none is open to any number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Caps(BTreeMap<Capped, u32>);

impl FromIterator<(Capped, u32)> for Caps {
    fn from_iter<I: IntoIterator<Item = (Capped, u32)>>(caps: I) -> Self {
        Self(caps.into_iter().collect())
    }
}

impl Caps {
    /// The cap of one; `None` where it has none.
    pub fn get(&self, of: Capped) -> Option<u32> {
        self.0.get(&of).copied()
    }

    /// Whether nothing has a cap.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Refuses a cap beyond [`MOST_CAP`].
    pub fn check(&self) -> Result<(), Refusal> {
        match self.0.iter().find(|(_, most)| **most > MOST_CAP) {
            None => Ok(()),
            Some((of, most)) => Err(Refusal::new(
                of.as_str(),
                format!("{most} is more than an edition has registrations"),
                format!("Give a number up to {MOST_CAP}, or none for no cap"),
            )),
        }
    }

    /// How much of each cap is taken.
    pub fn taken(&self, counted: &Counted) -> Vec<Taken> {
        self.0.iter().map(|(&of, &most)| Taken { of, count: of.among(counted), most }).collect()
    }

    /// Refuses to make `after` of `before` where it would take a place that is not there. `counted` is as it is before.
    pub fn room(
        &self,
        counted: &Counted,
        before: Option<&Registration>,
        after: &Registration,
    ) -> Result<(), Refusal> {
        let asks = |of: Capped| of.counts(after) && !before.is_some_and(|before| of.counts(before));
        let Some(full) = self.taken(counted).into_iter().find(|one| one.is_full() && asks(one.of)) else {
            return Ok(());
        };
        let (another, shown) = match full.of {
            Capped::Kind(_) => ("another type", format!("as {}", full.of.shown().to_lowercase())),
            Capped::Mode(Attendance::InPerson) => ("the other way", "in person".to_owned()),
            Capped::Mode(Attendance::Virtual) => ("the other way", "to take part virtually".to_owned()),
        };
        Err(Refusal::new(
            full.of.field(),
            format!("{} of at most {} are registered {shown}", full.count, full.most),
            format!("Choose {another}, or raise the cap under Registrations, Caps"),
        ))
    }
}

impl Difference {
    /// The caps over which applying it would go, further than they are now. `counted` is as it is before.
    pub fn over(&self, caps: &Caps, counted: &Counted, cancel_missing: bool) -> Vec<Taken> {
        let mut after = counted.clone();
        let mut count = |one: &Registration, more: bool| {
            if one.state == RegistrationState::Active {
                let count = after.entry((one.kind, one.mode)).or_default();
                *count = if more { count.saturating_add(1) } else { count.saturating_sub(1) };
            }
        };
        self.added.iter().for_each(|(_, one)| count(one, true));
        for changed in &self.changed {
            count(&changed.before, false);
            count(&changed.after, true);
        }
        if cancel_missing {
            self.missing.iter().for_each(|one| count(one, false));
        }
        let before = caps.taken(counted);
        let after = caps.taken(&after);
        after.into_iter().zip(before).filter(|(a, b)| a.over() > b.over()).map(|(after, _)| after).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        email::Email,
        id::{EditionId, RegistrationId},
        registration::Changed,
        text::Line,
    };
    use uuid::Uuid;

    fn one(kind: RegistrationType, mode: Attendance) -> Registration {
        Registration {
            id: RegistrationId(Uuid::from_u128(1)),
            edition: EditionId(Uuid::from_u128(2)),
            email: Email::parse("ada@example.org").unwrap(),
            name: Line::default(),
            kind,
            mode,
            affiliation: Line::default(),
            country: Line::default(),
            zone: None,
            code: Line::default(),
            state: RegistrationState::Active,
            account: None,
        }
    }

    const STUDENT: Capped = Capped::Kind(RegistrationType::Student);
    const IN_PERSON: Capped = Capped::Mode(Attendance::InPerson);

    fn counted() -> Counted {
        Counted::from([
            ((RegistrationType::Student, Attendance::InPerson), 2),
            ((RegistrationType::Student, Attendance::Virtual), 1),
            ((RegistrationType::Staff, Attendance::InPerson), 1),
        ])
    }

    #[test]
    fn every_type_and_every_way_has_a_word_of_its_own() {
        for of in Capped::all() {
            assert_eq!(Capped::parse(of.as_str()), Some(of));
        }
        let caps: Caps = [(STUDENT, 3), (IN_PERSON, 810)].into_iter().collect();
        let json = serde_json::to_string(&caps).unwrap();
        assert_eq!(json, r#"{"student":3,"in_person":810}"#);
        assert_eq!(serde_json::from_str::<Caps>(&json).unwrap(), caps);
        assert!(serde_json::from_str::<Caps>(r#"{"king":1}"#).is_err());
    }

    #[test]
    fn a_full_type_takes_nobody_more_and_says_so_at_its_field() {
        let caps: Caps = [(STUDENT, 3)].into_iter().collect();
        let student = one(RegistrationType::Student, Attendance::Virtual);
        let staff = one(RegistrationType::Staff, Attendance::Virtual);
        let refusal = caps.room(&counted(), None, &student).unwrap_err();
        assert_eq!(
            (refusal.field.as_str(), refusal.problem.as_str()),
            ("kind", "3 of at most 3 are registered as student")
        );
        assert!(
            caps.room(&counted(), Some(&staff), &student).is_err(),
            "who changes their type takes a place"
        );
        let cancelled = Registration { state: RegistrationState::Cancelled, ..student.clone() };
        assert!(caps.room(&counted(), Some(&cancelled), &student).is_err(), "who comes back takes a place");
        assert!(caps.room(&counted(), None, &staff).is_ok());
        assert!(caps.room(&counted(), None, &cancelled).is_ok());
        assert!(caps.room(&counted(), Some(&student), &student).is_ok(), "who is in stays in");
    }

    #[test]
    fn a_way_has_a_cap_over_all_types() {
        let caps: Caps = [(IN_PERSON, 3)].into_iter().collect();
        let speaker = one(RegistrationType::Speaker, Attendance::InPerson);
        assert_eq!(caps.room(&counted(), None, &speaker).unwrap_err().field, "mode");
        assert!(caps.room(&counted(), None, &Registration { mode: Attendance::Virtual, ..speaker }).is_ok());
    }

    #[test]
    fn a_list_that_goes_over_a_cap_is_named_with_the_number() {
        let caps: Caps = [(STUDENT, 3), (IN_PERSON, 3)].into_iter().collect();
        let student = one(RegistrationType::Student, Attendance::InPerson);
        let staff = one(RegistrationType::Staff, Attendance::InPerson);
        let mut difference =
            Difference { added: vec![(2, student.clone()), (3, student.clone())], ..Difference::default() };
        let over = difference.over(&caps, &counted(), true);
        let told: Vec<_> = over.iter().map(|one| (one.of, one.count, one.over())).collect();
        assert_eq!(told, [(STUDENT, 5, 2), (IN_PERSON, 5, 2)]);
        // Who is cancelled makes room, where they are.
        difference.missing = vec![student.clone(), student.clone()];
        assert_eq!(difference.over(&caps, &counted(), true), []);
        assert_eq!(difference.over(&caps, &counted(), false).len(), 2);
        // What was over a cap before and goes no further is no news.
        let tight: Caps = [(STUDENT, 1)].into_iter().collect();
        let moved = Difference {
            changed: vec![Changed { line: 2, before: student.clone(), after: staff }],
            ..Difference::default()
        };
        assert_eq!(moved.over(&tight, &counted(), false), []);
    }

    #[test]
    fn a_cap_is_a_number_that_can_be() {
        let caps: Caps = [(STUDENT, MOST_CAP + 1)].into_iter().collect();
        assert_eq!(caps.check().unwrap_err().field, "student");
        let caps: Caps = [(STUDENT, 0)].into_iter().collect();
        assert!(caps.check().is_ok() && caps.taken(&Counted::default())[0].is_full());
    }
}
