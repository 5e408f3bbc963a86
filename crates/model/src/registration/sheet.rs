//! A list of registrations from elsewhere: its columns, and what each of them means.

use crate::text::folded;
use serde::{Deserialize, Serialize};

/// A table as it was given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sheet {
    /// The name of the file, for messages.
    pub name: String,
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Row>,
}

/// A row of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The line of the file on which it begins.
    pub line: u64,
    /// Its cells; fewer than there are columns where the row is short.
    pub cells: Vec<String>,
}

/// What a column can mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The address. Every list needs it.
    Email,
    /// The whole name.
    Name,
    /// The given name, which stands before the family name.
    FirstName,
    /// The family name.
    LastName,
    /// As what they come: a type, or a ticket's name.
    Kind,
    /// How they take part.
    Mode,
    /// Where they work or belong.
    Affiliation,
    /// Their country.
    Country,
    /// Their zone.
    Zone,
    /// The code of the registration.
    Code,
    /// Whether it holds.
    State,
}

impl Field {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Email,
        Self::Name,
        Self::FirstName,
        Self::LastName,
        Self::Kind,
        Self::Mode,
        Self::Affiliation,
        Self::Country,
        Self::Zone,
        Self::Code,
        Self::State,
    ];

    /// The word kept in the record and used in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Name => "name",
            Self::FirstName => "first_name",
            Self::LastName => "last_name",
            Self::Kind => "kind",
            Self::Mode => "mode",
            Self::Affiliation => "affiliation",
            Self::Country => "country",
            Self::Zone => "zone",
            Self::Code => "code",
            Self::State => "state",
        }
    }

    /// How pages name it.
    pub fn shown(self) -> &'static str {
        match self {
            Self::Email => "E-mail address",
            Self::Name => "Name",
            Self::FirstName => "Given name",
            Self::LastName => "Family name",
            Self::Kind => "Type or ticket",
            Self::Mode => "In person or virtual",
            Self::Affiliation => "Affiliation",
            Self::Country => "Country",
            Self::Zone => "Time zone",
            Self::Code => "Registration code",
            Self::State => "Registered or cancelled",
        }
    }

    /// The one of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == word)
    }

    /// What a column of that name most likely means: by the names that registration systems give.
    fn guess(column: &str) -> Option<Self> {
        let words: String =
            folded(column).chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let exact = |names: &[&str]| names.contains(&words.as_str());
        let holds = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
        if holds(&["secondary", "cc email", "emergency", "billing", "invoice", "assistant"]) {
            None
        } else if holds(&["email", "e mail"]) || exact(&["mail", "username"]) {
            Some(Self::Email)
        } else if holds(&["first name", "given name", "forename"]) || exact(&["first"]) {
            Some(Self::FirstName)
        } else if holds(&["last name", "family name", "surname"]) || exact(&["last"]) {
            Some(Self::LastName)
        } else if exact(&[
            "name",
            "full name",
            "attendee name",
            "attendee",
            "display name",
            "badge name",
            "participant",
        ]) {
            Some(Self::Name)
        } else if holds(&[
            "confirmation number",
            "order code",
            "registration code",
            "registration id",
            "pseudonymization",
        ]) || exact(&[
            "code",
            "order",
            "id",
            "secret",
            "reference number",
            "ticket code",
            "source id",
            "contact id",
        ]) {
            Some(Self::Code)
        } else if holds(&["attendance", "in person", "virtual"]) || exact(&["mode"]) {
            Some(Self::Mode)
        } else if holds(&[
            "registration type",
            "ticket",
            "product",
            "admission item",
            "attendee type",
            "pass type",
        ]) || exact(&["type", "kind", "item", "registration", "category", "pass"])
        {
            Some(Self::Kind)
        } else if holds(&[
            "affiliation",
            "company",
            "organisation",
            "organization",
            "employer",
            "institution",
        ]) {
            Some(Self::Affiliation)
        } else if holds(&["country"]) {
            Some(Self::Country)
        } else if holds(&["time zone", "timezone"]) || exact(&["zone", "tz"]) {
            Some(Self::Zone)
        } else if holds(&["status"]) || exact(&["state", "cancelled", "canceled"]) {
            Some(Self::State)
        } else {
            None
        }
    }
}

/// What each column of a table means; a field stands at most once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mapping(pub Vec<Option<Field>>);

impl Mapping {
    /// A mapping by the names of the columns. Where several columns could be a field, the first is.
    pub fn guess(columns: &[String]) -> Self {
        let mut taken = vec![];
        let guessed = columns.iter().map(|column| {
            let field = Field::guess(column).filter(|field| !taken.contains(field));
            taken.extend(field);
            field
        });
        Self(guessed.collect())
    }

    /// The column of a field.
    pub fn column(&self, field: Field) -> Option<usize> {
        self.0.iter().position(|mapped| *mapped == Some(field))
    }

    /// Whether the table says anything about a field.
    pub fn has(&self, field: Field) -> bool {
        self.column(field).is_some()
    }

    /// The trimmed cell of a field; empty where there is none.
    pub fn cell<'a>(&self, row: &'a Row, field: Field) -> &'a str {
        self.column(field).and_then(|at| row.cells.get(at)).map_or("", |cell| cell.trim())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessed(columns: &str) -> Vec<Option<Field>> {
        Mapping::guess(&columns.split(',').map(str::to_owned).collect::<Vec<_>>()).0
    }

    #[test]
    fn the_columns_of_well_known_systems_are_guessed() {
        use Field as F;
        // As Cvent names them.
        assert_eq!(
            guessed(
                "First Name,Last Name,Email Address,Company Name,Registration Type,Invitee Status,Confirmation Number,Country"
            ),
            [F::FirstName, F::LastName, F::Email, F::Affiliation, F::Kind, F::State, F::Code, F::Country]
                .map(Some)
        );
        // As pretix names them.
        assert_eq!(
            guessed("Order code,Product,Attendee name,Attendee email,Attendee name: Given name,Status"),
            [Some(F::Code), Some(F::Kind), Some(F::Name), Some(F::Email), Some(F::FirstName), Some(F::State)]
        );
        assert_eq!(guessed("E-Mail,Email,CC Email Address,Shoe size"), [Some(F::Email), None, None, None]);
    }
}
