//! A session.

use super::{
    Page, PageError, Viewer,
    frame::Frame,
    part::{
        Anchor, Card, Cards, Delay, When, calendar, colour_class, label, language, person_name, role_label,
        title,
    },
};
use crate::{
    markup::{self, SafeHtml},
    snapshot::Snapshot,
};
use askama::Template;
use model::{
    address::Address,
    call::Answer,
    programme::{Link, LinkKind, SessionKind},
};
use store::PublicAnswer;

#[derive(Template)]
#[template(path = "session.html")]
struct SessionView {
    frame: Frame,
    code: String,
    title: String,
    subtitle: String,
    label: String,
    lang: String,
    language: Option<String>,
    cancelled: bool,
    track: Option<Anchor>,
    colour: String,
    parent: Option<Anchor>,
    places: Vec<PlaceView>,
    summary: SafeHtml,
    description: SafeHtml,
    people: Vec<PersonView>,
    topics: Vec<Card>,
    /// What its authors said to everybody in the form of the call.
    said: Vec<SaidView>,
    links: Vec<LinkView>,
    licence: String,
    opt_out: bool,
    calendar: Option<Anchor>,
    feedback: Option<String>,
    origin: Option<String>,
    previous: Option<Anchor>,
    next: Option<Anchor>,
}

/// When and where.
struct PlaceView {
    when: When,
    minutes: i64,
    room: Option<Anchor>,
    cancelled: bool,
    delay: Option<Delay>,
}

/// An answer to the form of the call: a text, and where it leads if it is an address or a file.
struct SaidView {
    asked: String,
    text: SafeHtml,
    plain: String,
    href: Option<String>,
    is_file: bool,
}

struct PersonView {
    link: Anchor,
    role: Option<&'static str>,
    affiliation: String,
    about: String,
}

struct LinkView {
    href: String,
    text: String,
    kind: &'static str,
}

/// Draws the page of a session.
pub(super) fn session(
    page: &Page,
    code: &str,
    snapshot: &Snapshot,
    viewer: &Viewer,
) -> Result<Option<String>, PageError> {
    let Some(session) = snapshot.session_by_code(code) else { return Ok(None) };
    let edition = snapshot.edition();
    let cards = Cards::dated(snapshot, viewer);
    let text = if session.summary.is_empty() { &session.description } else { &session.summary };
    let parent = session.parent.and_then(|id| snapshot.session(id));
    let places = session.slots.iter().map(|slot| PlaceView {
        when: cards.when(slot),
        minutes: slot.minutes(),
        room: slot.room.and_then(|id| snapshot.room(id)).map(|room| cards.room(room)),
        cancelled: slot.is_cancelled(),
        delay: cards.delay(slot),
    });
    let people = snapshot.people(session).map(|(person, part)| PersonView {
        link: cards.person(person),
        role: role_label(part.role),
        affiliation: person.affiliation.to_string(),
        about: markup::beginning(&markup::plain(&person.biography), 240),
    });
    let topics =
        if session.kind == SessionKind::Microconference || snapshot.topics(session.id).next().is_some() {
            let near = Cards::of_a_day(snapshot, viewer);
            let several = session.slots.len() > 1;
            snapshot
                .topics(session.id)
                .flat_map(|topic| if several { cards.all(topic) } else { near.all(topic) })
                .collect()
        } else {
            vec![]
        };
    let (previous, next) = neighbours(snapshot, viewer, session);
    let view = SessionView {
        frame: Frame::new(
            snapshot,
            viewer,
            page,
            &title(session),
            markup::beginning(&markup::plain(text), 200),
        ),
        code: session.code.to_string(),
        title: title(session),
        subtitle: session.subtitle.to_string(),
        label: label(session),
        lang: language(session, snapshot),
        language: session.language.non_empty().map(language_name),
        cancelled: session.is_cancelled(),
        track: session.track.and_then(|id| snapshot.track(id)).map(|track| Anchor {
            href: viewer.page(edition, track.into()),
            text: track.name.to_string(),
            current: false,
        }),
        colour: colour_class(snapshot, session),
        parent: parent.map(|block| Anchor {
            href: viewer.page(edition, block.into()),
            text: title(block),
            current: false,
        }),
        places: places.collect(),
        // A summary that the description repeats is not shown twice.
        summary: if session.description.as_str().starts_with(session.summary.as_str()) {
            SafeHtml::default()
        } else {
            markup::html(&session.summary, 2)
        },
        description: markup::html(&session.description, 2),
        people: people.collect(),
        topics,
        said: snapshot
            .content()
            .said
            .get(&session.id)
            .into_iter()
            .flatten()
            .map(|answer| said(answer, session.code.as_str(), snapshot, viewer))
            .collect(),
        links: session.links.iter().map(link).collect(),
        licence: session.recording.licence.to_string(),
        opt_out: session.recording.opt_out,
        calendar: (!session.slots.is_empty()).then(|| {
            calendar(viewer, snapshot, Address::SessionCalendar(session.code.as_str()), "Add to calendar")
        }),
        feedback: session.feedback_url.as_ref().map(ToString::to_string),
        origin: session.url.as_ref().map(ToString::to_string),
        previous,
        next,
    };
    Ok(Some(view.render()?))
}

fn said(one: &PublicAnswer, code: &str, snapshot: &Snapshot, viewer: &Viewer) -> SaidView {
    let (text, href, is_file) = match &one.answer {
        Answer::Text(text) => (markup::html(text, 3), None, false),
        Answer::Url(url) => (SafeHtml::default(), Some(url.to_string()), false),
        Answer::File(file) => {
            let name = file.public_name(&one.key);
            let href = viewer.file(snapshot.edition(), Address::SessionFile(code, &name));
            (SafeHtml::default(), Some(href), true)
        }
        _ => (SafeHtml::default(), None, false),
    };
    SaidView { asked: one.asked.to_string(), text, plain: one.answer.plain(), href, is_file }
}

/// What comes before and after in the same room.
fn neighbours(
    snapshot: &Snapshot,
    viewer: &Viewer,
    session: &model::programme::Session,
) -> (Option<Anchor>, Option<Anchor>) {
    let Some(room) = session.first_slot().and_then(|slot| slot.room) else { return (None, None) };
    let (mut previous, mut next, mut passed) = (None, None, false);
    for (other, _) in snapshot.slots_of_room(room) {
        if other.id == session.id {
            passed = true;
        } else if other.kind == SessionKind::Break {
        } else if !passed {
            previous = Some(other);
        } else {
            next = Some(other);
            break;
        }
    }
    let anchor = |other: &model::programme::Session| Anchor {
        href: viewer.page(snapshot.edition(), other.into()),
        text: title(other),
        current: false,
    };
    (previous.map(anchor), next.map(anchor))
}

/// The name of a common language; the tag of another.
fn language_name(tag: &str) -> String {
    let name = match tag.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("en") => "English",
        Some("de") => "German",
        Some("fr") => "French",
        Some("es") => "Spanish",
        Some("pt") => "Portuguese",
        Some("it") => "Italian",
        Some("nl") => "Dutch",
        Some("cs") => "Czech",
        Some("pl") => "Polish",
        Some("ja") => "Japanese",
        Some("zh") => "Chinese",
        Some("ko") => "Korean",
        _ => tag,
    };
    name.to_owned()
}

/// A link of a session as it is shown.
fn link(link: &Link) -> LinkView {
    let kind = match link.kind {
        LinkKind::Slides => "Slides",
        LinkKind::Paper => "Paper",
        LinkKind::Video => "Recording",
        LinkKind::Attachment => "File",
        LinkKind::Chat => "Chat",
        LinkKind::Stream => "Live stream",
        LinkKind::Related | LinkKind::Web => "",
    };
    let text = link.title.non_empty().unwrap_or(link.url.as_str());
    let kind = if text.to_lowercase().contains(&kind.to_lowercase()) { "" } else { kind };
    LinkView { href: link.url.to_string(), text: text.to_owned(), kind }
}

#[derive(Template)]
#[template(path = "speaker.html")]
struct PersonPage {
    frame: Frame,
    name: String,
    affiliation: String,
    avatar: Option<String>,
    biography: SafeHtml,
    links: Vec<LinkView>,
    sessions: Vec<Card>,
}

/// Draws the page of a person.
pub(super) fn speaker(
    page: &Page,
    slug: &str,
    snapshot: &Snapshot,
    viewer: &Viewer,
) -> Result<Option<String>, PageError> {
    let Some(person) = snapshot.person_by_slug(slug) else { return Ok(None) };
    let cards = Cards::dated(snapshot, viewer);
    let about = markup::beginning(&markup::plain(&person.biography), 200);
    let view = PersonPage {
        frame: Frame::new(snapshot, viewer, page, &person_name(person), about),
        name: person_name(person),
        affiliation: person.affiliation.to_string(),
        avatar: person.avatar.as_ref().map(ToString::to_string).filter(|url| url.starts_with("https:")),
        biography: markup::html(&person.biography, 2),
        links: person.links.iter().map(link).collect(),
        sessions: snapshot.sessions_of_person(person.id).flat_map(|session| cards.all(session)).collect(),
    };
    Ok(Some(view.render()?))
}

#[derive(Template)]
#[template(path = "speakers.html")]
struct Speakers {
    frame: Frame,
    count: usize,
    letters: Vec<Letter>,
}

/// The persons whose names begin with a letter.
struct Letter {
    initial: String,
    id: String,
    people: Vec<(Anchor, String)>,
}

/// Draws the page of everybody who takes part.
pub(super) fn speakers(
    page: &Page,
    snapshot: &Snapshot,
    viewer: &Viewer,
) -> Result<Option<String>, PageError> {
    let cards = Cards::dated(snapshot, viewer);
    let mut letters: Vec<Letter> = vec![];
    let mut count = 0;
    for person in &snapshot.programme().persons {
        if snapshot.sessions_of_person(person.id).next().is_none() {
            continue;
        }
        count += 1;
        let first = model::text::folded(person.name.as_str()).chars().next().filter(|c| c.is_alphabetic());
        let letter = first.map_or_else(|| "#".to_owned(), |c| c.to_uppercase().to_string());
        let entry = (cards.person(person), person.affiliation.to_string());
        match letters.iter_mut().find(|other| other.initial == letter) {
            Some(other) => other.people.push(entry),
            None => letters.push(Letter {
                id: format!("letter-{}", letters.len() + 1),
                initial: letter,
                people: vec![entry],
            }),
        }
    }
    let view =
        Speakers { frame: Frame::new(snapshot, viewer, page, "Speakers", String::new()), count, letters };
    Ok(Some(view.render()?))
}
