//! The form of a call: which fields it asks for beside the title, the abstract and the people.
//!
//! **A form is versioned and a version never changes once something was filed with it**: what was filed is read by the
//! version that it was filed with, so that a changed form breaks nothing (see [`super::readable`]).

use super::{Answers, CallKind, FileRule};
use crate::{
    Refusal,
    text::{Line, folded},
    words::words,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt};

/// The most words that a text field may allow.
pub const WORDS_MAX: u32 = 20_000;

/// The most fields of a form.
const FIELDS_MAX: usize = 60;

/// The name of a field within its form, by which answers find it in every version: lower-case letters, digits and `_`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct FieldKey(String);

impl FieldKey {
    /// Reads a key.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let holds = (1..=40).contains(&text.len())
            && text.chars().all(plain)
            && text.starts_with(|c: char| c.is_ascii_lowercase());
        if holds {
            return Ok(Self(text.to_owned()));
        }
        let problem = format!("\"{}\" is no name of a field", crate::text::excerpt(text, 50));
        Err(Refusal::new("key", problem, "Use lower-case letters, digits and _"))
    }

    /// One made from a label, that no field in `taken` has.
    pub fn from_label<'a>(label: &str, taken: impl Iterator<Item = &'a Self>) -> Self {
        let taken: BTreeSet<&str> = taken.map(Self::as_str).collect();
        let plain: String =
            folded(label).chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let mut base = plain.split('_').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_");
        base.truncate(30);
        let base =
            if base.starts_with(|c: char| c.is_ascii_lowercase()) { base } else { format!("field_{base}") };
        let base = base.trim_end_matches('_').to_owned();
        let free = std::iter::once(base.clone())
            .chain((2_u32..=10_000).map(|number| format!("{base}_{number}")))
            .find(|key| !taken.contains(key.as_str()));
        Self(free.unwrap_or(base))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FieldKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for FieldKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

words! {
    /// Who reads the answer to a field, from the most to the fewest.
    Reader {
        /// Everybody, once the proposal is accepted.
        Public = "public", "Everybody, once it is accepted";
        /// Reviewers and the committee.
        Reviewers = "reviewers", "Reviewers and the committee";
        /// The committee.
        Committee = "committee", "The committee only";
    }
}

/// What a field takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// Text, in one line or in Markdown of several.
    Text {
        /// Whether it may have several lines.
        long: bool,
        /// The most words; not limited where none is said.
        words: Option<u32>,
    },
    /// One of several choices, or some of them.
    Choice {
        /// What there is to choose from; at least two.
        options: Vec<Line>,
        /// Whether more than one may be chosen.
        several: bool,
    },
    /// A date.
    Date,
    /// An address on the web.
    Url,
    /// Names of people, one in a line, each public or for the committee only ("key attendees").
    People,
    /// A box to tick: a consent, a confirmation. Where it is required, only a ticked one is accepted.
    Tick,
    /// A file: slides, a paper, a picture.
    File(FileRule),
}

impl FieldKind {
    /// The words for the kinds, and how pages name them.
    pub const WORDS: [(&'static str, &'static str); 9] = [
        ("line", "Text, one line"),
        ("text", "Text, several lines"),
        ("choice", "Choice of one"),
        ("choices", "Choice of several"),
        ("date", "Date"),
        ("url", "Web address"),
        ("people", "People"),
        ("tick", "Box to tick"),
        ("file", "File"),
    ];

    /// The word for it, as in [`Self::WORDS`].
    pub fn word(&self) -> &'static str {
        match self {
            Self::Text { long: false, .. } => "line",
            Self::Text { long: true, .. } => "text",
            Self::Choice { several: false, .. } => "choice",
            Self::Choice { several: true, .. } => "choices",
            Self::Date => "date",
            Self::Url => "url",
            Self::People => "people",
            Self::Tick => "tick",
            Self::File(_) => "file",
        }
    }

    /// The kind of that word, with what it allows. What a file may be says [`FileRule`], so that a file is none of these.
    pub fn parse(word: &str, words: Option<u32>, options: Vec<Line>) -> Result<Self, Refusal> {
        Ok(match word {
            "line" => Self::Text { long: false, words },
            "text" => Self::Text { long: true, words },
            "choice" => Self::Choice { options, several: false },
            "choices" => Self::Choice { options, several: true },
            "date" => Self::Date,
            "url" => Self::Url,
            "people" => Self::People,
            "tick" => Self::Tick,
            _ => {
                return Err(Refusal::new("kind", "there is no such kind of field", "Choose one of the list"));
            }
        })
    }
}

/// When a field is asked: only where a choice before it was answered so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// The field with a choice, or a box to tick, that stands before this one.
    pub field: FieldKey,
    /// The choice that it must have; of a box to tick, empty.
    pub is: Line,
}

/// One field of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Its name within the form.
    pub key: FieldKey,
    /// What it asks.
    pub label: Line,
    /// What helps to answer.
    #[serde(default)]
    pub help: Line,
    /// What it takes.
    pub kind: FieldKind,
    /// Whether a proposal cannot be submitted without. Drafts are kept without.
    #[serde(default)]
    pub required: bool,
    /// Who reads the answer.
    pub reader: Reader,
    /// When it is asked; always where nothing is said.
    #[serde(default)]
    pub only_if: Option<Condition>,
}

impl Field {
    /// Whether it is asked of somebody who answered so.
    pub fn is_asked(&self, answers: &Answers) -> bool {
        self.only_if.as_ref().is_none_or(|condition| {
            answers.get(&condition.field).is_some_and(|answer| answer.says(condition.is.as_str()))
        })
    }
}

/// What a call asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    /// The number of the version, from 1.
    pub version: u32,
    /// The fields, in their order.
    pub fields: Vec<Field>,
}

impl Form {
    /// The field of that name.
    pub fn field(&self, key: &FieldKey) -> Option<&Field> {
        self.fields.iter().find(|field| field.key == *key)
    }

    /// Whether the form can be asked.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.fields.len() > FIELDS_MAX {
            return Err(Refusal::new(
                "fields",
                "nobody fills in so long a form",
                format!("Ask at most {FIELDS_MAX}"),
            ));
        }
        let mut before: Vec<&Field> = vec![];
        for field in &self.fields {
            let at = |problem: &str, remedy: &str| {
                Refusal::new("field", format!("\"{}\": {problem}", field.label), remedy)
            };
            if field.label.is_empty() {
                return Err(Refusal::new("label", "a field asks nothing", "Give it a label"));
            }
            if before.iter().any(|other| other.key == field.key) {
                return Err(at("another field has its name", "Remove one of the two"));
            }
            match &field.kind {
                FieldKind::Text { words: Some(words), .. } if !(1..=WORDS_MAX).contains(words) => {
                    return Err(at("that is no limit of words", "Give 1 to 20000, or none"));
                }
                FieldKind::Choice { options, .. } => {
                    let different: BTreeSet<String> =
                        options.iter().map(|option| folded(option.as_str())).collect();
                    if options.len() < 2
                        || different.len() < options.len()
                        || options.iter().any(Line::is_empty)
                    {
                        return Err(at(
                            "it offers no choice",
                            "Name at least two different choices, one in a line",
                        ));
                    }
                }
                FieldKind::File(rule) => rule.check().map_err(|wrong| at(&wrong.problem, &wrong.remedy))?,
                _ => {}
            }
            if let Some(condition) = &field.only_if {
                let fits = |other: &&&Field| {
                    other.key == condition.field
                        && match &other.kind {
                            FieldKind::Choice { options, .. } => options.contains(&condition.is),
                            FieldKind::Tick => true,
                            _ => false,
                        }
                };
                if !before.iter().any(|other| fits(&other)) {
                    return Err(at(
                        "what decides whether it is asked is no choice before it",
                        "Choose a field further up, and one of its choices",
                    ));
                }
            }
            before.push(field);
        }
        Ok(())
    }

    /// The form with which a call of that kind begins: what LPC and the like ask (requirements 19 to 21).
    pub fn usual(kind: CallKind) -> Self {
        use Reader as R;
        let mut fields = Vec::new();
        let mut ask = |label: &str, help: &str, kind: FieldKind, required: bool, reader: Reader| {
            let key = FieldKey::from_label(label, fields.iter().map(|field: &Field| &field.key));
            let (label, help) = (Line::from(label), Line::from(help));
            fields.push(Field { key, label, help, kind, required, reader, only_if: None });
        };
        let long = |words| FieldKind::Text { long: true, words };
        let one_of = |options: &[&str]| FieldKind::Choice {
            options: options.iter().map(|option| Line::from(*option)).collect(),
            several: false,
        };
        let presence = || one_of(&["In person", "Remote", "Not decided yet"]);
        match kind {
            CallKind::Presentations => {
                ask(
                    "Outcome sought",
                    "What should be different after your session?",
                    long(Some(200)),
                    true,
                    R::Reviewers,
                );
                ask("How will you take part?", "", presence(), true, R::Reviewers);
                ask(
                    "Notes for the committee",
                    "What the public need not know.",
                    long(Some(500)),
                    false,
                    R::Reviewers,
                );
                ask("I agree to be recorded", "", FieldKind::Tick, false, R::Committee);
            }
            CallKind::Microconferences => {
                let problem = "The open problems that this microconference is to solve.";
                ask("Problem statement", problem, long(Some(1_000)), true, R::Public);
                let people = "Who must be in the room? One in a line; put (private) behind a name that should not be published.";
                ask("Key attendees", people, FieldKind::People, true, R::Public);
                ask("Suggested topics", "One in a line.", long(Some(500)), false, R::Public);
                ask("It was held before", "At an earlier edition.", FieldKind::Tick, false, R::Public);
                let last = "What came of the topics of the last time?";
                ask("Results since last time", last, long(Some(1_000)), false, R::Public);
                ask(
                    "What is new?",
                    "What is different from the last time?",
                    long(Some(500)),
                    false,
                    R::Public,
                );
                let zones = "The zones of the people who take part from afar.";
                ask(
                    "Preferred time zones",
                    zones,
                    FieldKind::Text { long: false, words: None },
                    false,
                    R::Reviewers,
                );
            }
            CallKind::Topics => {
                ask("Problem", "What is open, in a few sentences.", long(Some(400)), true, R::Public);
                ask(
                    "What do you want to discuss?",
                    "At most half of the time is for slides.",
                    long(Some(300)),
                    true,
                    R::Reviewers,
                );
                ask("Patches and links", "", long(None), false, R::Public);
                ask("Who must be present?", "One in a line.", FieldKind::People, false, R::Reviewers);
                ask("How will you take part?", "", presence(), true, R::Reviewers);
            }
            CallKind::Bofs => {
                let phases = one_of(&["With sound and video", "A room is enough"]);
                ask("What do you need?", "", phases, true, R::Reviewers);
                ask("Who should come?", "", long(Some(200)), false, R::Public);
            }
            CallKind::Offers => {
                ask("What we offer", "", long(None), true, R::Committee);
                ask(
                    "Price",
                    "With its currency, and what is not in it.",
                    FieldKind::Text { long: false, words: None },
                    true,
                    R::Committee,
                );
                ask("Valid until", "", FieldKind::Date, false, R::Committee);
            }
            CallKind::Sponsors => {
                ask("Organisation", "", FieldKind::Text { long: false, words: None }, true, R::Committee);
                ask("Website", "", FieldKind::Url, false, R::Committee);
                ask("What would you like to support?", "", long(None), false, R::Committee);
            }
        }
        for field in &mut fields {
            // Only one that comes back has a last time.
            if kind == CallKind::Microconferences
                && ["Results since last time", "What is new?"].contains(&field.label.as_str())
            {
                field.only_if = FieldKey::parse(crate::microconference::AGAIN)
                    .ok()
                    .map(|field| Condition { field, is: Line::default() });
            }
        }
        Self { version: 1, fields }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_forms_can_be_asked() {
        for kind in CallKind::ALL {
            let form = Form::usual(*kind);
            assert_eq!(form.check(), Ok(()), "{kind}");
            assert!(form.fields.iter().any(|field| field.required), "{kind}");
        }
    }

    #[test]
    fn keys_come_from_labels_and_never_meet() {
        let first = FieldKey::from_label("What do you need?", std::iter::empty());
        assert_eq!(first.as_str(), "what_do_you_need");
        assert_eq!(
            FieldKey::from_label("What do you need", [&first].into_iter()).as_str(),
            "what_do_you_need_2"
        );
        assert_eq!(FieldKey::from_label("1. Größe", std::iter::empty()).as_str(), "field_1_gro_e");
        assert_eq!(FieldKey::from_label("…", std::iter::empty()).as_str(), "field");
    }

    #[test]
    fn a_condition_names_a_choice_further_up() {
        let mut form = Form::usual(CallKind::Bofs);
        let first = form.fields[0].key.clone();
        form.fields[1].only_if =
            Some(Condition { field: first.clone(), is: Line::from("With sound and video") });
        assert_eq!(form.check(), Ok(()));
        form.fields[1].only_if = Some(Condition { field: first, is: Line::from("Perhaps") });
        assert!(form.check().unwrap_err().problem.contains("no choice before it"));
        form.fields[0].kind = FieldKind::Choice { options: vec![Line::from("One")], several: false };
        assert!(form.check().unwrap_err().problem.contains("offers no choice"));
    }
}
