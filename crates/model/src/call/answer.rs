//! What was filled in to a form: read once, by the field that asked for it.

use super::{Field, FieldKey, FieldKind, Form, HandedIn, Reader};
use crate::{
    Refusal,
    text::{Line, RichText, WebUrl},
};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The answers to the fields of a form.
pub type Answers = BTreeMap<FieldKey, Answer>;

/// The answer to one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// One line.
    Line(Line),
    /// Markdown.
    Text(RichText),
    /// What was chosen.
    Chosen(Vec<Line>),
    /// A date.
    Date(Date),
    /// An address.
    Url(WebUrl),
    /// People.
    People(People),
    /// A box that was ticked.
    Ticked,
    /// A file that was handed in.
    File(HandedIn),
}

/// People whom somebody named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct People {
    /// Those who may be named in public.
    pub public: Vec<Line>,
    /// Those whom only the committee sees.
    pub private: Vec<Line>,
}

impl People {
    /// Reads one person a line; `(private)` behind a name keeps it from the public.
    fn read(text: &str) -> Self {
        let mut people = Self::default();
        for line in text.lines().map(Line::clean).filter(|line| !line.is_empty()) {
            match line.as_str().strip_suffix("(private)") {
                Some(name) => people.private.push(Line::clean(name)),
                None => people.public.push(line),
            }
        }
        people.private.retain(|name| !name.is_empty());
        people
    }
}

/// How much of a form must be filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// A draft is kept as it is.
    Draft,
    /// What is submitted answers all that is required.
    Submitted,
}

impl Answer {
    /// Reads what was typed in a field, where several values are sent for a choice of several; `None` when nothing was.
    pub fn read(field: &Field, typed: &[&str], stage: Stage) -> Result<Option<Self>, Refusal> {
        let first = typed.first().copied().unwrap_or_default().trim();
        let refuse = |problem: String, remedy: &str| Refusal::new(field.key.as_str(), problem, remedy);
        let answer = match &field.kind {
            _ if typed.iter().all(|text| text.trim().is_empty()) => None,
            FieldKind::Text { long, words } => {
                let answer =
                    if *long { Self::Text(RichText::clean(first)) } else { Self::Line(Line::clean(first)) };
                // A draft that is too long is kept; cutting it is the author's work.
                if let (Some(most), Stage::Submitted) = (words, stage) {
                    let count = first.split_whitespace().count();
                    if count > usize::try_from(*most).unwrap_or(usize::MAX) {
                        let problem = format!("it has {count} words, and {most} are allowed");
                        return Err(refuse(problem, "Shorten it"));
                    }
                }
                Some(answer)
            }
            FieldKind::Choice { options, several } => {
                let chosen: Vec<Line> =
                    typed.iter().map(|text| Line::clean(text)).filter(|line| !line.is_empty()).collect();
                if let Some(other) = chosen.iter().find(|one| !options.contains(one)) {
                    return Err(refuse(format!("\"{other}\" is none of the choices"), "Choose again"));
                }
                if !several && chosen.len() > 1 {
                    return Err(refuse("more than one is chosen".to_owned(), "Choose one"));
                }
                // In the order of the form, so that the same choice is the same answer.
                Some(Self::Chosen(options.iter().filter(|option| chosen.contains(option)).cloned().collect()))
            }
            FieldKind::Date => {
                let date = first.parse().map_err(|_| {
                    refuse(
                        format!("\"{}\" is no date", crate::text::excerpt(first, 30)),
                        "Type one like 2027-10-02",
                    )
                })?;
                Some(Self::Date(date))
            }
            FieldKind::Url => Some(Self::Url(
                WebUrl::parse(first)
                    .map_err(|refusal| Refusal { field: field.key.to_string(), ..refusal })?,
            )),
            FieldKind::People => Some(Self::People(People::read(first))),
            FieldKind::Tick => Some(Self::Ticked),
            FieldKind::File(_) => {
                return Err(refuse(
                    "a file cannot be typed".to_owned(),
                    "Choose it in the form of the proposal",
                ));
            }
        };
        Self::complete(field, answer, stage)
    }

    /// The answer to a field that takes a file: the one that was handed in, if one was.
    pub fn file(field: &Field, file: Option<HandedIn>, stage: Stage) -> Result<Option<Self>, Refusal> {
        Self::complete(field, file.map(Self::File), stage)
    }

    /// Refuses that nothing was answered where something must be.
    fn complete(field: &Field, answer: Option<Self>, stage: Stage) -> Result<Option<Self>, Refusal> {
        if answer.is_none() && field.required && stage == Stage::Submitted {
            let (problem, remedy) = match field.kind {
                FieldKind::Tick => ("it is not ticked", "Tick it, or ask the committee"),
                FieldKind::Choice { .. } => ("nothing is chosen", "Choose"),
                FieldKind::File(_) => ("there is no file", "Choose one"),
                _ => ("it is empty", "Fill it in"),
            };
            return Err(Refusal::new(field.key.as_str(), problem, remedy));
        }
        Ok(answer)
    }

    /// Whether it is that choice, or a ticked box.
    pub(super) fn says(&self, choice: &str) -> bool {
        match self {
            Self::Chosen(chosen) => chosen.iter().any(|one| one.as_str() == choice),
            Self::Ticked => true,
            _ => false,
        }
    }

    /// As a form shows it for editing: the values of the field.
    pub fn typed(&self) -> Vec<String> {
        match self {
            Self::Line(line) => vec![line.to_string()],
            Self::Text(text) => vec![text.to_string()],
            Self::Chosen(chosen) => chosen.iter().map(ToString::to_string).collect(),
            Self::Date(date) => vec![date.to_string()],
            Self::Url(url) => vec![url.to_string()],
            Self::People(people) => {
                let public = people.public.iter().map(ToString::to_string);
                let private = people.private.iter().map(|name| format!("{name} (private)"));
                vec![public.chain(private).collect::<Vec<_>>().join("\n")]
            }
            Self::Ticked => vec!["yes".to_owned()],
            Self::File(file) => vec![file.id.to_string()],
        }
    }

    /// As text, for lists, exports and differences.
    pub fn plain(&self) -> String {
        match self {
            Self::Ticked => "Yes".to_owned(),
            Self::File(file) => file.shown(),
            other => other.typed().join(", "),
        }
    }

    /// The file, where it is one.
    pub fn as_file(&self) -> Option<&HandedIn> {
        match self {
            Self::File(file) => Some(file),
            _ => None,
        }
    }

    /// What of it the public may read.
    #[must_use]
    pub fn public(&self) -> Self {
        match self {
            Self::People(people) => Self::People(People { public: people.public.clone(), private: vec![] }),
            other => other.clone(),
        }
    }
}

/// What of `answers` somebody reads: those of `reader` and of all that more people read, in the order of the form by
/// which they were filed. Answers to fields that were not asked are left out.
pub fn readable<'a>(
    form: &'a Form,
    answers: &'a Answers,
    reader: Reader,
) -> impl Iterator<Item = (&'a Field, &'a Answer)> {
    form.fields
        .iter()
        .filter(move |field| field.reader <= reader && field.is_asked(answers))
        .filter_map(|field| Some((field, answers.get(&field.key)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{CallKind, Condition};

    fn field(kind: FieldKind) -> Field {
        Field {
            key: FieldKey::parse("x").unwrap(),
            label: Line::from("X"),
            help: Line::default(),
            kind,
            required: true,
            reader: Reader::Committee,
            only_if: None,
        }
    }

    #[test]
    fn drafts_are_kept_as_they_are_and_submissions_are_complete() {
        let text = field(FieldKind::Text { long: true, words: Some(3) });
        assert_eq!(Answer::read(&text, &[""], Stage::Draft), Ok(None));
        assert_eq!(Answer::read(&text, &["  "], Stage::Submitted).unwrap_err().problem, "it is empty");
        assert!(Answer::read(&text, &["one two three four"], Stage::Draft).is_ok());
        let long = Answer::read(&text, &["one two three four"], Stage::Submitted).unwrap_err();
        assert_eq!(long.problem, "it has 4 words, and 3 are allowed");
    }

    #[test]
    fn a_choice_is_one_of_the_choices() {
        let options = vec![Line::from("A"), Line::from("B")];
        let one = field(FieldKind::Choice { options: options.clone(), several: false });
        assert!(Answer::read(&one, &["C"], Stage::Draft).is_err());
        assert!(Answer::read(&one, &["A", "B"], Stage::Draft).is_err());
        let some = field(FieldKind::Choice { options: options.clone(), several: true });
        assert_eq!(Answer::read(&some, &["B", "A"], Stage::Draft), Ok(Some(Answer::Chosen(options))));
    }

    #[test]
    fn a_file_is_handed_in_and_never_typed() {
        let rule = super::super::FileRule::parse(["pdf"].into_iter(), None).unwrap();
        let slides = field(FieldKind::File(rule));
        assert_eq!(Answer::file(&slides, None, Stage::Draft), Ok(None));
        assert_eq!(Answer::file(&slides, None, Stage::Submitted).unwrap_err().problem, "there is no file");
        assert!(Answer::read(&slides, &["slides.pdf"], Stage::Draft).is_err());
        assert_eq!(Answer::read(&slides, &[""], Stage::Draft), Ok(None));
    }

    #[test]
    fn key_people_may_be_named_in_private() {
        let people = field(FieldKind::People);
        let answer = Answer::read(&people, &["Ada\nBo (private)\n\n"], Stage::Draft).unwrap().unwrap();
        assert_eq!(answer.typed(), ["Ada\nBo (private)"]);
        assert_eq!(answer.public().plain(), "Ada");
    }

    #[test]
    fn nobody_reads_what_is_for_fewer_and_what_was_not_asked_counts_for_nothing() {
        let mut form = Form::usual(CallKind::Bofs);
        let (needs, who) = (form.fields[0].key.clone(), form.fields[1].key.clone());
        form.fields[1].only_if = Some(Condition { field: needs.clone(), is: Line::from("A room is enough") });
        let mut answers = Answers::new();
        answers.insert(needs.clone(), Answer::Chosen(vec![Line::from("With sound and video")]));
        answers.insert(who.clone(), Answer::Text(RichText::from("Everybody")));
        let keys = |answers: &Answers, reader| -> Vec<String> {
            readable(&form, answers, reader).map(|(field, _)| field.key.to_string()).collect()
        };
        assert_eq!(keys(&answers, Reader::Committee), [needs.as_str()], "the other was not asked");
        answers.insert(needs.clone(), Answer::Chosen(vec![Line::from("A room is enough")]));
        assert_eq!(keys(&answers, Reader::Public), [who.as_str()]);
        assert_eq!(keys(&answers, Reader::Reviewers).len(), 2);
    }
}
