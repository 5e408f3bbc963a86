//! The fields of a session's form: from the session to the form, and back.

use crate::form::Form;
use model::{
    Refusal,
    edit::Command,
    id::{PersonId, SessionId, TrackId},
    programme::{
        Link, LinkKind, Participation, Person, Programme, Recording, Role, Session, SessionKind, Slugish,
    },
    session_type::{self, SessionType},
    text::{Line, RichText, Slug, WebUrl, folded},
};
use std::collections::HashMap;
use uuid::Uuid;

/// How many empty rows for people a form has below those that are filled.
const SPARE_ROWS: usize = 2;

/// The most people that are named in a session by the form.
const PEOPLE_MAX: usize = 100;

/// The roles, as the form names them.
pub(super) const ROLES: [(Role, &str); 5] = [
    (Role::Speaker, "Speaker"),
    (Role::Lead, "Lead"),
    (Role::Moderator, "Moderator"),
    (Role::Host, "Host"),
    (Role::Contributor, "Contributor"),
];

/// The words for kinds of links.
const LINKS: [(LinkKind, &str); 8] = [
    (LinkKind::Related, "related"),
    (LinkKind::Slides, "slides"),
    (LinkKind::Paper, "paper"),
    (LinkKind::Video, "video"),
    (LinkKind::Attachment, "attachment"),
    (LinkKind::Chat, "chat"),
    (LinkKind::Stream, "stream"),
    (LinkKind::Web, "web"),
];

/// Links as lines: `slides: https://example.org/slides.pdf My slides`.
pub(in crate::desk) fn links_text(links: &[Link]) -> String {
    let line = |link: &Link| {
        let word = LINKS.iter().find(|(kind, _)| *kind == link.kind).map_or("related", |(_, word)| word);
        let kind = if link.kind == LinkKind::Related { String::new() } else { format!("{word}: ") };
        let title = if link.title.as_str() == link.url.as_str() { "" } else { link.title.as_str() };
        format!("{kind}{} {title}", link.url).trim_end().to_owned()
    };
    links.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The links that such lines say.
pub(in crate::desk) fn links_in(text: &str) -> Result<Vec<Link>, Refusal> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let known = LINKS.iter().find_map(|(kind, word)| {
                let rest = line.strip_prefix(word)?.trim_start().strip_prefix(':')?;
                // `web://` is an address and no kind.
                (!rest.starts_with("//")).then(|| (*kind, rest.trim_start()))
            });
            let (kind, rest) = known.unwrap_or((LinkKind::Related, line));
            let (url, title) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            let url =
                WebUrl::parse(url).map_err(|refusal| Refusal { field: "links".to_owned(), ..refusal })?;
            let title = Line::clean(title);
            let title = if title.is_empty() { Line::clean(url.as_str()) } else { title };
            Ok(Link { kind, title, url })
        })
        .collect()
}

/// What people are called in the form: by name, with the address behind it where two have the same.
fn called(all: &Programme) -> HashMap<PersonId, String> {
    let mut times: HashMap<String, usize> = HashMap::new();
    for person in &all.persons {
        *times.entry(folded(person.name.as_str())).or_default() += 1;
    }
    let name = |person: &Person| match times.get(&folded(person.name.as_str())) {
        Some(1) => person.name.to_string(),
        _ => format!("{} ({})", person.name, person.slug),
    };
    all.persons.iter().map(|person| (person.id, name(person))).collect()
}

/// Everybody, as the form calls them.
pub(super) fn names(all: &Programme) -> Vec<String> {
    let called = called(all);
    all.persons.iter().filter_map(|person| called.get(&person.id).cloned()).collect()
}

/// What can be chosen as type: those of the edition, what the session is where that is none of them, other kinds.
pub(super) fn type_choices(types: &[SessionType], session: Option<&Session>) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> =
        types.iter().map(|one| (one.id.to_string(), one.name.to_string())).collect();
    if let Some(session) = session
        && session_type::of(types, session.kind, &session.type_label).is_none()
    {
        out.push(("as-it-is".to_owned(), session.kind_label().to_owned()));
    }
    let other = SessionKind::ALL.into_iter().filter(|kind| types.iter().all(|one| one.kind != *kind));
    out.extend(other.map(|kind| (kind.as_str().to_owned(), kind.label().to_owned())));
    out
}

fn chosen_type(types: &[SessionType], session: &Session) -> String {
    session_type::of(types, session.kind, &session.type_label)
        .map_or_else(|| "as-it-is".to_owned(), |one| one.id.to_string())
}

/// The usual length of the type that is chosen.
pub(super) fn minutes_of(form: &Form, types: &[SessionType]) -> Option<u32> {
    let chosen = types.iter().find(|one| form.is_chosen("type", &one.id.to_string()));
    chosen.map(|one| one.minutes.into())
}

/// The form of a session as it stands.
pub(super) fn filled(session: &Session, all: &Programme, types: &[SessionType]) -> Form {
    let called = called(all);
    let mut form = Form::default()
        .with("title", &session.title)
        .with("subtitle", &session.subtitle)
        .with("type", chosen_type(types, session))
        .with("track", session.track.map(|id| id.to_string()).unwrap_or_default())
        .with("block", session.parent.map(|id| id.to_string()).unwrap_or_default())
        .with("language", &session.language)
        .with("summary", &session.summary)
        .with("description", &session.description)
        .with("links", links_text(&session.links))
        .with("licence", &session.recording.licence)
        .ticked("opt_out", session.recording.opt_out)
        .with("code", &session.code);
    for (at, part) in session.people.iter().enumerate() {
        form = form
            .with(&format!("person{at}"), called.get(&part.person).map_or("", String::as_str))
            .with(&format!("role{at}"), part.role.as_str());
    }
    with_spare_roles(form, session.people.len())
}

/// The form of a new session: the first type.
pub(super) fn filled_new(types: &[SessionType]) -> Form {
    let first = types.first();
    let form = Form::default().with("type", first.map(|one| one.id.to_string()).unwrap_or_default());
    with_spare_roles(form, 0)
}

/// Rows in which nobody is named say "speaker", as they are drawn, so that it never looks like a change.
fn with_spare_roles(form: Form, from: usize) -> Form {
    let speaker = Role::Speaker.as_str();
    (from..PEOPLE_MAX).fold(form, |form, at| form.with(&format!("role{at}"), speaker))
}

/// The rows for people that the form is drawn with: those that are filled, and some to add more.
pub(super) fn people_rows(form: &Form) -> Vec<usize> {
    let filled = (0..PEOPLE_MAX)
        .rev()
        .find(|at| {
            !form.value(&format!("person{at}")).trim().is_empty()
                || form.theirs(&format!("person{at}")).is_some()
        })
        .map_or(0, |last| last + 1);
    (0..(filled + SPARE_ROWS).min(PEOPLE_MAX)).collect()
}

/// What the form says: the session, and before it the persons that are new; `None` when a field is refused. What the
/// form does not ask for stays as `present` has it.
pub(super) fn read(
    form: &mut Form,
    id: SessionId,
    present: Option<&Session>,
    all: &Programme,
    types: &[SessionType],
    may_add: bool,
) -> Option<Vec<Command>> {
    let title = form.line("title");
    let kind = form.read("type", |word| kind_of(word, types, present));
    let track = form.read_optional("track", |text| {
        let known = all.tracks.iter().find(|track| track.id.to_string() == text);
        known.map(|track| track.id).ok_or_else(|| vanished("track"))
    });
    let block = form.read_optional("block", |text| {
        let known = all.sessions.iter().find(|session| session.id.to_string() == text);
        known.map(|session| session.id).ok_or_else(|| vanished("block"))
    });
    let code = form.read_optional("code", |text| {
        Slugish::parse(text).ok_or_else(|| {
            Refusal::new("code", "it cannot stand in an address", "Use letters, digits, - and _, at most 40")
        })
    });
    let links = form.read("links", links_in);
    let people = people(form, all, may_add);
    let (title, (kind, type_label)) = (title?, kind?);
    let (track, block, code, links, (people, new)): (Option<TrackId>, _, _, _, _) =
        (track?, block?, code?, links?, people?);
    let session = Session {
        id,
        code: code.unwrap_or_else(|| {
            present.map_or_else(|| Slugish::from_id(id.0), |present| present.code.clone())
        }),
        kind,
        type_label,
        title,
        subtitle: Line::clean(form.value("subtitle")),
        summary: RichText::clean(form.value("summary")),
        description: RichText::clean(form.value("description")),
        language: Line::clean(form.value("language")),
        track,
        parent: block,
        people,
        slots: vec![],
        links,
        logo: present.and_then(|present| present.logo.clone()),
        url: present.and_then(|present| present.url.clone()),
        feedback_url: present.and_then(|present| present.feedback_url.clone()),
        recording: Recording {
            licence: Line::clean(form.value("licence")),
            opt_out: form.is_ticked("opt_out"),
        },
    };
    let mut commands: Vec<Command> = new.into_iter().map(Command::PutPerson).collect();
    commands.push(Command::PutSession(session));
    Some(commands)
}

fn vanished(what: &str) -> Refusal {
    Refusal::new(what, "what was chosen is not there any more", "Choose another")
}

/// The kind and the name of the type that is chosen.
fn kind_of(
    word: &str,
    types: &[SessionType],
    present: Option<&Session>,
) -> Result<(SessionKind, Line), Refusal> {
    if let Some(one) = types.iter().find(|one| one.id.to_string() == word) {
        // The plain name of a kind needs no label of its own.
        let label = if one.name.as_str() == one.kind.label() { Line::default() } else { one.name.clone() };
        return Ok((one.kind, label));
    }
    match (word, present) {
        ("as-it-is", Some(present)) => Ok((present.kind, present.type_label.clone())),
        ("", _) => Ok((SessionKind::Talk, Line::default())),
        _ => SessionKind::parse(word).map(|kind| (kind, Line::default())).ok_or_else(|| vanished("type")),
    }
}

/// Who takes part, and those of them who are new.
fn people(form: &mut Form, all: &Programme, may_add: bool) -> Option<(Vec<Participation>, Vec<Person>)> {
    let by_name: HashMap<String, PersonId> =
        called(all).into_iter().map(|(id, name)| (folded(&name), id)).collect();
    let (mut parts, mut new): (Vec<Participation>, Vec<Person>) = (vec![], vec![]);
    let mut sound = true;
    for at in 0..PEOPLE_MAX {
        let field = format!("person{at}");
        let name = Line::clean(form.value(&field));
        if name.is_empty() {
            continue;
        }
        let role = Role::parse(form.value(&format!("role{at}"))).unwrap_or_default();
        let mut refuse = |problem: &str, remedy: &str| {
            form.refuse(&field, &Refusal::new(field.clone(), problem, remedy));
            sound = false;
        };
        let wanted = folded(name.as_str());
        let person = match by_name.get(&wanted) {
            Some(id) => *id,
            None if all.persons.iter().any(|person| folded(person.name.as_str()) == wanted) => {
                refuse(
                    "several people have this name",
                    "Choose one from the list, with the address behind it",
                );
                continue;
            }
            None if new.iter().any(|person| folded(person.name.as_str()) == wanted) => {
                refuse("somebody is named twice", "Name everybody once");
                continue;
            }
            None if !may_add => {
                refuse("nobody of this name is known", "Ask an organiser to add the person first");
                continue;
            }
            None => {
                let id = PersonId(Uuid::now_v7());
                let taken = all.persons.iter().chain(&new).map(|person| &person.slug);
                let slug = Slug::from_any(&[name.as_str()], "person", id.0).free_among(taken);
                new.push(Person {
                    id,
                    slug,
                    code: None,
                    number: None,
                    name,
                    biography: RichText::default(),
                    affiliation: Line::default(),
                    avatar: None,
                    links: vec![],
                });
                id
            }
        };
        if parts.iter().any(|part| part.person == person) {
            refuse("somebody is named twice", "Name everybody once");
            continue;
        }
        parts.push(Participation { person, role });
    }
    sound.then_some((parts, new))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_lines_that_come_back_as_they_were() {
        let text = "slides: https://example.org/a.pdf My slides\nhttps://example.org/b\nweb: https://example.org/c Page";
        let links = links_in(text).unwrap();
        assert_eq!(links[0].kind, LinkKind::Slides);
        assert_eq!(links[0].title.as_str(), "My slides");
        assert_eq!(links_text(&links), text);
        assert_eq!(links_in("slides: nonsense").unwrap_err().field, "links");
    }
}
