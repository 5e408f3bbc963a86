//! Registrations: who comes to an edition, as what, and how a list from elsewhere becomes a difference.
//!
//! A registration is known by its address, which is compared as [`crate::email`] says, and by the code that the system
//! gave it in which people registered. It says nothing about roles: whoever is registered as a speaker or as staff has no
//! right by that, and no list that is imported gives or takes one (requirement 5).

use crate::{
    country::Country,
    email::Email,
    id::{AccountId, EditionId, RegistrationId},
    text::{Line, folded},
    time::Zone,
};
use serde::{Deserialize, Serialize};

mod caps;
mod difference;
mod sheet;

pub use caps::{Capped, Caps, Counted, MOST_CAP, Taken};
pub use difference::{Changed, Difference, Problem, difference};
pub use sheet::{Field, Mapping, Row, Sheet};

/// As what somebody comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationType {
    /// To listen and to talk.
    #[default]
    Attendee,
    /// To give a talk.
    Speaker,
    /// To lead a track or microconference.
    Lead,
    /// For a sponsor.
    Sponsor,
    /// To help run it.
    Staff,
    /// As a student.
    Student,
}

impl RegistrationType {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Attendee, Self::Speaker, Self::Lead, Self::Sponsor, Self::Staff, Self::Student];

    /// The word kept in the record and used in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Attendee => "attendee",
            Self::Speaker => "speaker",
            Self::Lead => "lead",
            Self::Sponsor => "sponsor",
            Self::Staff => "staff",
            Self::Student => "student",
        }
    }

    /// How pages name it.
    pub fn shown(self) -> &'static str {
        match self {
            Self::Attendee => "Attendee",
            Self::Speaker => "Speaker",
            Self::Lead => "Lead",
            Self::Sponsor => "Sponsor",
            Self::Staff => "Staff",
            Self::Student => "Student",
        }
    }

    /// The one of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }

    /// The one that a ticket's name means, such as "Early bird student pass"; `None` for a name that says nothing.
    pub fn meant(text: &str) -> Option<Self> {
        let text = folded(text);
        let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
        if says(&["speaker", "presenter", "panelist"]) {
            Some(Self::Speaker)
        } else if says(&["student", "academic"]) {
            Some(Self::Student)
        } else if says(&["sponsor", "exhibitor"]) {
            Some(Self::Sponsor)
        } else if says(&["staff", "crew", "volunteer", "organis", "organiz", "committee"]) {
            Some(Self::Staff)
        } else if says(&["lead", "chair", "microconference"]) {
            Some(Self::Lead)
        } else if says(&[
            "attend",
            "regular",
            "general",
            "professional",
            "hobby",
            "delegate",
            "participant",
            "early",
        ]) {
            Some(Self::Attendee)
        } else {
            None
        }
    }
}

/// How somebody takes part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attendance {
    /// At the place.
    #[default]
    InPerson,
    /// From afar.
    Virtual,
}

impl Attendance {
    /// Both.
    pub const ALL: [Self; 2] = [Self::InPerson, Self::Virtual];

    /// The word kept in the record and used in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InPerson => "in_person",
            Self::Virtual => "virtual",
        }
    }

    /// How pages name it.
    pub fn shown(self) -> &'static str {
        match self {
            Self::InPerson => "In person",
            Self::Virtual => "Virtual",
        }
    }

    /// The one of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }

    /// The one that a ticket's name means; `None` for a name that says nothing.
    pub fn meant(text: &str) -> Option<Self> {
        let text = folded(text);
        let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
        if says(&["virtual", "online", "remote"]) {
            Some(Self::Virtual)
        } else if says(&["in person", "in-person", "onsite", "on-site", "on site"]) {
            Some(Self::InPerson)
        } else {
            None
        }
    }
}

/// Whether a registration holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationState {
    /// It does.
    #[default]
    Active,
    /// It was cancelled; it stays in the record.
    Cancelled,
}

impl RegistrationState {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Active, Self::Cancelled];

    /// The word kept in the record and used in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Cancelled => "cancelled",
        }
    }

    /// How pages name it.
    pub fn shown(self) -> &'static str {
        match self {
            Self::Active => "Registered",
            Self::Cancelled => "Cancelled",
        }
    }

    /// The one of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }

    /// The one that a list's word means; `None` for a word that says nothing.
    pub fn meant(text: &str) -> Option<Self> {
        let text = folded(text);
        let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
        if says(&["cancel", "refund", "declin", "withdrawn", "no longer", "waitlist", "waiting"]) {
            Some(Self::Cancelled)
        } else if says(&[
            "accept",
            "active",
            "confirm",
            "registered",
            "paid",
            "complete",
            "approved",
            "attend",
        ]) {
            Some(Self::Active)
        } else {
            None
        }
    }
}

/// Somebody's registration for an edition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// Its identifier.
    pub id: RegistrationId,
    /// For which edition.
    pub edition: EditionId,
    /// The address by which they are known; one registration for each address.
    pub email: Email,
    /// Their name, as they registered.
    #[serde(default)]
    pub name: Line,
    /// As what they come.
    #[serde(default)]
    pub kind: RegistrationType,
    /// How they take part.
    #[serde(default)]
    pub mode: Attendance,
    /// Where they work or belong.
    #[serde(default)]
    pub affiliation: Line,
    /// Their country, as they wrote it.
    #[serde(default)]
    pub country: Line,
    /// The zone of their clocks, where they said it.
    #[serde(default)]
    pub zone: Option<Zone>,
    /// The code that the system gave it in which they registered.
    #[serde(default)]
    pub code: Line,
    /// Whether it holds.
    #[serde(default)]
    pub state: RegistrationState,
    /// Whose account it is, once they have proved that they read mail at the address.
    #[serde(default)]
    pub account: Option<AccountId>,
}

impl Registration {
    /// Where their clocks are: in the zone that they said, else in that of their country where it has one.
    pub fn clock(&self) -> Option<Zone> {
        self.zone.clone().or_else(|| Country::parse(self.country.as_str())?.zone())
    }

    /// What a search looks in.
    pub fn searched(&self) -> String {
        folded(
            &[self.name.as_str(), self.email.as_str(), self.affiliation.as_str(), self.code.as_str()]
                .join(" "),
        )
    }
}
