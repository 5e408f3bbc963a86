//! The post that announces a microconference, made from its proposal (requirement 26), and what a new proposal takes from
//! the last time (requirement 30). What only the committee may read is never in a post.

use super::{AGAIN, PEOPLE, PROBLEM, RESULTS, TOPICS, topics};
use crate::{
    call::{Answer, Answers, Deadline, FieldKey, Form, Reader, readable},
    edition::Edition,
    programme::{Programme, Role, Session},
    proposal::Content,
    text::{Line, RichText},
};
use std::fmt::Write as _;

/// What is known when a microconference is announced.
#[derive(Clone, Copy, Debug)]
pub struct Announced<'a> {
    /// The edition.
    pub edition: &'a Edition,
    /// What was proposed.
    pub content: &'a Content,
    /// The form by which it was filed.
    pub form: &'a Form,
    /// Who leads it.
    pub leads: &'a [Line],
    /// Until when topics can be proposed.
    pub closes: &'a Deadline,
    /// Where they are proposed.
    pub link: &'a str,
}

/// The title and the text of the post: last time's results, this time's topics, who leads it, until when and where one
/// proposes topics.
pub fn announcement(about: &Announced<'_>) -> (Line, RichText) {
    let Announced { edition, content, form, leads, closes, link } = about;
    let title = Line::clean(&format!("{} at {}", content.title, edition.title));
    let mut text = format!(
        "We are pleased to announce the microconference **{}** at {}.\n\n{}\n",
        content.title,
        edition.title,
        content.summary.as_str().trim()
    );
    let public: Answers = readable(form, &content.answers, Reader::Public)
        .map(|(field, answer)| (field.key.clone(), answer.public()))
        .collect();
    let mut section = |heading: &str, body: &str| {
        if !body.trim().is_empty() {
            let _ = write!(text, "\n## {heading}\n\n{}\n", body.trim());
        }
    };
    let listed =
        |lines: &[String]| lines.iter().map(|line| format!("- {line}")).collect::<Vec<_>>().join("\n");
    let own = [PROBLEM, RESULTS, TOPICS, PEOPLE, AGAIN];
    let plain = |key: &str| super::said(&public, key).map(Answer::plain).unwrap_or_default();
    section("What it is to solve", &plain(PROBLEM));
    section("What came of the last one", &plain(RESULTS));
    section("Topics so far", &listed(&topics(&public)));
    for (field, answer) in readable(form, &public, Reader::Public) {
        if !own.contains(&field.key.as_str()) {
            section(field.label.as_str(), &answer.plain());
        }
    }
    if let Some(Answer::People(people)) = super::said(&public, PEOPLE) {
        let names: Vec<String> = people.public.iter().map(ToString::to_string).collect();
        section("Who is expected", &listed(&names));
    }
    let names: Vec<String> = leads.iter().map(ToString::to_string).collect();
    section(if names.len() == 1 { "Its lead" } else { "Its leads" }, &listed(&names));
    let call = format!(
        "Topics can be proposed until {}. A topic is a discussion of an open problem: a few minutes to say what it is, \
         the rest to solve it.\n\n[Propose a topic]({link})",
        closes.shown()
    );
    section("Propose a topic", &call);
    (title, RichText::clean(&text))
}

/// What a new proposal begins with when the microconference was held before: its title, its text, its topics as a list of
/// which one says what came of each. `block` is its session in `last`.
pub fn from_last_time(last: &Programme, block: &Session, form: &Form) -> Content {
    let mut answers = Answers::new();
    let mut answer = |key: &str, value: Answer| {
        let field = FieldKey::parse(key).ok().and_then(|key| form.field(&key));
        // Only where the form asks it so.
        if let Some(field) = field {
            let fits = match (&value, &field.kind) {
                (Answer::Text(_), crate::call::FieldKind::Text { long, .. }) => *long,
                (Answer::Ticked, crate::call::FieldKind::Tick) => true,
                _ => false,
            };
            if fits {
                answers.insert(field.key.clone(), value);
            }
        }
    };
    let topics = last.sessions.iter().filter(|session| session.parent == Some(block.id));
    let outcomes = topics.map(|topic| format!("- {}: \n", topic.title)).collect::<Vec<_>>().concat();
    answer(AGAIN, Answer::Ticked);
    if !outcomes.is_empty() {
        answer(RESULTS, Answer::Text(RichText::clean(&outcomes)));
    }
    Content {
        title: block.title.clone(),
        summary: block.summary.clone(),
        form: form.version,
        answers,
        ..Content::default()
    }
}

/// Who led a block: those in the role of a lead, else everybody who took part in it.
pub fn leads_of(programme: &Programme, block: &Session) -> Vec<Line> {
    let led = block.people.iter().any(|part| part.role == Role::Lead);
    let parts = block.people.iter().filter(|part| !led || part.role == Role::Lead);
    parts
        .filter_map(|part| programme.persons.iter().find(|person| person.id == part.person))
        .map(|person| person.name.clone())
        .collect()
}
