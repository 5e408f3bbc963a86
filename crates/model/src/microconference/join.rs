//! Two proposals become one, and one becomes two (requirement 38): what each then says.

use super::{TOPICS, said, topics};
use crate::{
    Refusal,
    call::{Answer, Answers, FieldKey, People},
    proposal::Content,
    text::{Line, RichText, folded},
};

/// What `one` says once `other` is merged into it, under `title`: the texts of both, the topics and people of both, each
/// once. What only one can say, such as a date, stays that of `one`.
pub fn merged(one: &Content, other: &Content, title: &Line) -> Result<Content, Refusal> {
    if title.is_empty() {
        return Err(Refusal::new("title", "it is empty", "Give both together a title"));
    }
    let mut answers = one.answers.clone();
    for (key, theirs) in &other.answers {
        let both = match answers.remove(key) {
            None => theirs.clone(),
            Some(ours) => joined(key, ours, theirs),
        };
        answers.insert(key.clone(), both);
    }
    Ok(Content {
        title: title.clone(),
        summary: paragraphs(&one.summary, &other.summary),
        answers,
        ..one.clone()
    })
}

fn paragraphs(one: &RichText, other: &RichText) -> RichText {
    let parts = [one.as_str(), other.as_str()];
    if one == other || parts.iter().any(|part| part.is_empty()) {
        return if one.is_empty() { other.clone() } else { one.clone() };
    }
    RichText::clean(&parts.join("\n\n"))
}

/// Lines of both, each once.
fn lines<'a>(all: impl Iterator<Item = &'a Line>) -> Vec<Line> {
    let mut out: Vec<Line> = vec![];
    for line in all {
        if !out.iter().any(|other| folded(other.as_str()) == folded(line.as_str())) {
            out.push(line.clone());
        }
    }
    out
}

fn joined(key: &FieldKey, ours: Answer, theirs: &Answer) -> Answer {
    match (ours, theirs) {
        (Answer::Text(ours), Answer::Text(theirs)) if key.as_str() == TOPICS => {
            let of = |text: &RichText| text.as_str().lines().map(Line::clean).collect::<Vec<_>>();
            let (ours, theirs) = (of(&ours), of(theirs));
            let all = lines(ours.iter().chain(&theirs).filter(|line| !line.is_empty()));
            let all: Vec<&str> = all.iter().map(Line::as_str).collect();
            Answer::Text(RichText::clean(&all.join("\n")))
        }
        (Answer::Text(ours), Answer::Text(theirs)) => Answer::Text(paragraphs(&ours, theirs)),
        (Answer::Line(ours), Answer::Line(theirs)) if folded(ours.as_str()) != folded(theirs.as_str()) => {
            Answer::Line(Line::clean(&format!("{ours}; {theirs}")))
        }
        (Answer::People(ours), Answer::People(theirs)) => {
            let private = lines(ours.private.iter().chain(&theirs.private));
            let public = lines(ours.public.iter().chain(&theirs.public));
            // Who is private in one of the two stays so.
            let hidden =
                |name: &Line| private.iter().any(|other| folded(other.as_str()) == folded(name.as_str()));
            let public = public.into_iter().filter(|name| !hidden(name)).collect();
            Answer::People(People { public, private })
        }
        (ours, _) => ours,
    }
}

/// `one` without the topics at these places of its list, and a second proposal under `title` with them. Everything else both
/// say, for their leads to tell apart.
pub fn split(one: &Content, title: &Line, places: &[usize]) -> Result<(Content, Content), Refusal> {
    let all = topics(&one.answers);
    if title.is_empty() || folded(title.as_str()) == folded(one.title.as_str()) {
        return Err(Refusal::new("title", "both would be called the same", "Give the second another title"));
    }
    let goes = |at: usize| places.contains(&at);
    let part = |gone: bool| -> Vec<&str> {
        all.iter().enumerate().filter(|(at, _)| goes(*at) == gone).map(|(_, topic)| topic.as_str()).collect()
    };
    let (stay, go) = (part(false), part(true));
    if !all.is_empty() && (stay.is_empty() || go.is_empty()) {
        return Err(Refusal::new(
            "topics",
            "one of the two would have no topic",
            "Tick some of them, not all",
        ));
    }
    let with = |topics: &[&str]| -> Answers {
        let mut answers = one.answers.clone();
        if let (Ok(key), Some(_)) = (FieldKey::parse(TOPICS), said(&one.answers, TOPICS)) {
            answers.insert(key, Answer::Text(RichText::clean(&topics.join("\n"))));
        }
        answers
    };
    let first = Content { answers: with(&stay), ..one.clone() };
    let second = Content { title: title.clone(), answers: with(&go), ..one.clone() };
    Ok((first, second))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> FieldKey {
        FieldKey::parse(text).unwrap()
    }

    fn content(title: &str, topics: &str, people: (&[&str], &[&str])) -> Content {
        let names = |names: &[&str]| names.iter().map(|name| Line::from(*name)).collect();
        Content {
            title: Line::from(title),
            summary: RichText::clean(&format!("About {title}.")),
            minutes: Some(180),
            form: 1,
            answers: [
                (key(TOPICS), Answer::Text(RichText::clean(topics))),
                (
                    key("key_attendees"),
                    Answer::People(People { public: names(people.0), private: names(people.1) }),
                ),
            ]
            .into(),
            ..Content::default()
        }
    }

    #[test]
    fn what_is_merged_has_the_topics_and_people_of_both_once_and_nobody_private_becomes_public() {
        let one = content("Rust", "Locks\nBuild", (&["Ada", "Bo"], &[]));
        let other = content("Tooling", "build\nFuzzing", (&["ada"], &["BO", "Cy"]));
        let both = merged(&one, &other, &Line::from("Rust and tooling")).unwrap();
        assert_eq!(topics(&both.answers), ["Locks", "Build", "Fuzzing"]);
        let Some(Answer::People(people)) = both.answers.get(&key("key_attendees")) else { panic!() };
        assert_eq!(people.public, [Line::from("Ada")]);
        assert_eq!(people.private, [Line::from("BO"), Line::from("Cy")]);
        assert_eq!(both.summary.as_str(), "About Rust.\n\nAbout Tooling.");
        assert!(merged(&one, &other, &Line::default()).is_err());
    }

    #[test]
    fn what_is_split_shares_its_topics_between_the_two() {
        let one = content("Rust", "Locks\nBuild\nFuzzing", (&["Ada"], &[]));
        let (first, second) = split(&one, &Line::from("Fuzzing"), &[2]).unwrap();
        assert_eq!(topics(&first.answers), ["Locks", "Build"]);
        assert_eq!(topics(&second.answers), ["Fuzzing"]);
        assert_eq!((first.title.as_str(), second.title.as_str()), ("Rust", "Fuzzing"));
        assert_eq!(split(&one, &Line::from("rust"), &[2]).unwrap_err().field, "title");
        assert_eq!(split(&one, &Line::from("X"), &[]).unwrap_err().field, "topics");
        assert_eq!(split(&one, &Line::from("X"), &[0, 1, 2]).unwrap_err().field, "topics");
    }
}
