//! Sessions of an edition: the list, the form for a new one, and the page of each with its text, people and slots.

mod fields;

pub(super) use fields::{links_in, links_text};

use super::{
    change::{by_button, by_form, find, programme},
    enter, form_at,
};
use crate::{
    error::Failure,
    form::Form,
    inner::{Answer, Inner, again, done, show},
    page::Anchor,
    route::{Asked, at},
    signed::Person,
    site::Site,
};
use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    routing::{get, post},
};
use fields::{filled, filled_new, people_rows, read};
use model::{
    Refusal,
    address::EditionDesk,
    doubt::{self, Weight, doubts_of},
    edit::Command,
    edition::Edition,
    id::{SessionId, SlotId},
    permission::{Action, Place},
    programme::{Programme, Session, Slot, Standing},
    session_type::SessionType,
    text::folded,
};
use std::collections::HashSet;
use uuid::Uuid;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/desk/{edition}/sessions/", get(list));
    let router = form_at(router, "/desk/{edition}/sessions/new/", get(new).post(create));
    let router = form_at(router, "/desk/{edition}/sessions/{session}/", get(one).post(save));
    let router = at(router, "/desk/{edition}/sessions/{session}/remove/", post(remove));
    at(router, "/desk/{edition}/sessions/{session}/stand/", post(stand))
}

const HELP: &str = "Everything on the programme: talks, microconferences and their topics, breaks. The public sees a change when you \
    release it.";

#[derive(Template)]
#[template(path = "desk/sessions.html")]
struct SessionsPage {
    inner: Inner,
    sessions: Vec<SessionView>,
    total: usize,
    query: String,
    track: String,
    tracks: Vec<(String, String)>,
    only: String,
    new: String,
    may_add: bool,
}

struct SessionView {
    link: Anchor,
    kind: String,
    track: String,
    people: String,
    places: Vec<String>,
    cancelled: bool,
    late: Option<u16>,
    wrong: bool,
}

async fn list(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let all = programme(&site, &edition).await?;
    let query = asked.value("q").unwrap_or_default().to_owned();
    let track = asked.value("track").unwrap_or_default().to_owned();
    let only = asked.value("only").unwrap_or_default().to_owned();
    let wanted = folded(&query);
    let wrong: HashSet<SessionId> = doubt::doubts(&all)
        .into_iter()
        .filter(|doubt| doubt.weight == Weight::Wrong)
        .map(|doubt| doubt.session)
        .collect();
    let names = |session: &Session| -> String {
        let named = session.people.iter().filter_map(|part| all.persons.iter().find(|p| p.id == part.person));
        named.map(|person| person.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let fits = |session: &&Session| {
        let text = format!("{} {} {}", session.title, session.code, names(session));
        (wanted.is_empty() || folded(&text).contains(&wanted))
            && (track.is_empty() || session.track.is_some_and(|id| id.to_string() == track))
            && match only.as_str() {
                "unplaced" => session.slots.is_empty(),
                "wrong" => wrong.contains(&session.id),
                _ => true,
            }
    };
    let sessions = all
        .sessions
        .iter()
        .filter(fits)
        .map(|session| SessionView {
            link: Anchor {
                href: EditionDesk::Session(session.id).path(&edition.slug),
                text: session.title.to_string(),
                current: false,
            },
            kind: session.kind_label().to_owned(),
            track: track_name(&all, session),
            people: names(session),
            places: session.slots.iter().map(|slot| place_of(&all, slot)).collect(),
            cancelled: session.is_cancelled(),
            late: session.slots.iter().find_map(|slot| match slot.standing {
                Standing::Delayed(minutes) => Some(minutes),
                _ => None,
            }),
            wrong: wrong.contains(&session.id),
        })
        .collect();
    let path = EditionDesk::Sessions.path(&edition.slug);
    let inner = Inner::edition(&person, &edition, &path, "Sessions", HELP).noticing(&site, &asked.headers);
    let mut tracks = vec![(String::new(), "All".to_owned())];
    tracks.extend(all.tracks.iter().map(|track| (track.id.to_string(), track.name.to_string())));
    show(&SessionsPage {
        inner,
        sessions,
        total: all.sessions.len(),
        query,
        track,
        tracks,
        only,
        new: EditionDesk::NewSession.path(&edition.slug),
        may_add: person.subject.may(Action::EditProgramme, &Place::edition(&edition)).is_ok(),
    })
}

fn track_name(all: &Programme, session: &Session) -> String {
    let track = session.track.and_then(|id| all.tracks.iter().find(|track| track.id == id));
    track.map(|track| track.name.to_string()).unwrap_or_default()
}

/// When and where a slot is, on the conference's clocks.
pub(super) fn place_of(all: &Programme, slot: &Slot) -> String {
    let zone = &all.edition.zone;
    let (start, end) = (zone.local(slot.start), zone.local(slot.end));
    let room = slot.room.and_then(|id| all.rooms.iter().find(|room| room.id == id));
    format!(
        "{} {}–{}, {}",
        crate::page::short_date(start.date()),
        start.strftime("%H:%M"),
        end.strftime("%H:%M"),
        room.map_or("no room", |room| room.name.as_str())
    )
}

#[derive(Template)]
#[template(path = "desk/session.html")]
struct SessionPage {
    inner: Inner,
    form: Form,
    types: Vec<(String, String)>,
    tracks: Vec<(String, String)>,
    blocks: Vec<(String, String)>,
    rooms: Vec<(String, String)>,
    roles: Vec<(&'static str, &'static str)>,
    /// The numbers of the rows in which people are named.
    people: Vec<usize>,
    /// Every person by name, for the fields to suggest.
    known: Vec<String>,
    zone: String,
    may_edit: bool,
    /// What there is only of one that exists.
    held: Option<Held>,
}

/// What a session that exists has beside its texts.
struct Held {
    slots: Vec<SlotView>,
    doubts: Vec<(bool, String)>,
    place: String,
    stand: String,
    remove: Option<(String, String)>,
    public: Option<String>,
    topics: Vec<Anchor>,
    may_place: bool,
    may_run: bool,
    all_cancelled: bool,
}

struct SlotView {
    id: SlotId,
    href: String,
    place: String,
    cancelled: bool,
    late: Option<u16>,
}

/// What the page of a session is drawn from.
struct World<'a> {
    site: &'a Site,
    asked: &'a Asked,
    person: &'a Person,
    edition: &'a Edition,
    all: &'a Programme,
    types: &'a [SessionType],
}

fn page(world: &World<'_>, session: Option<&Session>, form: Form) -> SessionPage {
    let World { site, asked, person, edition, all, types } = world;
    let list = EditionDesk::Sessions.path(&edition.slug);
    let title = session.map_or("New session", |session| session.title.as_str());
    let help = match session {
        Some(_) => {
            "What the session says, who takes part, when and where it is. The public sees a change when you release it."
        }
        None => "Only the title is needed now. Who is not known yet is added to the persons.",
    };
    let inner = Inner::edition(person, edition, &list, title, help)
        .below(list.clone(), "Sessions")
        .noticing(site, &asked.headers);
    let choose = |text: &str| vec![(String::new(), text.to_owned())];
    let mut tracks = choose("None");
    tracks.extend(all.tracks.iter().map(|track| (track.id.to_string(), track.name.to_string())));
    let mut rooms = choose("No room yet");
    rooms.extend(all.rooms.iter().map(|room| (room.id.to_string(), room.name.to_string())));
    let mut blocks = choose("None: it stands by itself");
    let can_hold = |block: &&Session| block.parent.is_none() && Some(block.id) != session.map(|s| s.id);
    let mut held_by: Vec<&Session> = all.sessions.iter().filter(can_hold).collect();
    held_by.sort_by_cached_key(|block| {
        (block.kind != model::programme::SessionKind::Microconference, folded(block.title.as_str()))
    });
    blocks.extend(held_by.iter().map(|block| (block.id.to_string(), block.title.to_string())));
    let place = Place::edition(edition).in_track(session.and_then(|session| session.track));
    let may = |action| person.subject.may(action, &place).is_ok();
    let rows = people_rows(&form);
    SessionPage {
        inner,
        types: fields::type_choices(types, session),
        tracks,
        blocks,
        rooms,
        roles: fields::ROLES.iter().map(|(role, text)| (role.as_str(), *text)).collect(),
        people: rows,
        known: fields::names(all),
        zone: edition.zone.name().replace('_', " "),
        may_edit: match session {
            Some(_) => may(Action::EditSession),
            None => person.subject.may(Action::EditProgramme, &Place::edition(edition)).is_ok(),
        },
        held: session.map(|session| held(world, session, may(Action::PlaceSession))),
        form,
    }
}

fn held(world: &World<'_>, session: &Session, may_place: bool) -> Held {
    let World { site, person, edition, all, .. } = world;
    let own = EditionDesk::Session(session.id).path(&edition.slug);
    let slots = session
        .slots
        .iter()
        .map(|slot| SlotView {
            id: slot.id,
            href: format!("{own}slots/{}/", slot.id),
            place: place_of(all, slot),
            cancelled: slot.is_cancelled(),
            late: match slot.standing {
                Standing::Delayed(minutes) => Some(minutes),
                _ => None,
            },
        })
        .collect();
    let topics: Vec<&Session> =
        all.sessions.iter().filter(|other| other.parent == Some(session.id)).collect();
    let published = site.edition(edition.slug.as_str()).is_some();
    let whole = Place::edition(edition);
    let remove = person.subject.may(Action::EditProgramme, &whole).is_ok().then(|| {
        let mut what = "It goes from the programme with the next release.".to_owned();
        if published {
            what.push_str(
                " If people have seen it already, cancel it instead: then it stays on the programme, marked, and nobody waits for it.",
            );
        }
        if !topics.is_empty() {
            what.push_str(" The sessions that are part of it stay, by themselves.");
        }
        (format!("{own}remove/"), what)
    });
    let stand = Command::Stand { session: session.id, slot: None, standing: Standing::Planned };
    let may_run = stand.needs(all).iter().any(|(action, place)| person.subject.may(*action, place).is_ok());
    Held {
        slots,
        doubts: doubts_of(all, session.id)
            .into_iter()
            .map(|doubt| (doubt.weight == Weight::Wrong, capital(&doubt.text)))
            .collect(),
        place: format!("{own}slots/new/"),
        stand: format!("{own}stand/"),
        remove,
        public: published
            .then(|| model::address::Address::Session(session.code.as_str()).path(&edition.slug)),
        topics: topics
            .into_iter()
            .map(|topic| Anchor {
                href: EditionDesk::Session(topic.id).path(&edition.slug),
                text: topic.title.to_string(),
                current: false,
            })
            .collect(),
        may_place,
        may_run,
        all_cancelled: session.is_cancelled(),
    }
}

/// `text` as a sentence.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str())
}

async fn new(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::EditProgramme, &Place::edition(&edition))?;
    let all = programme(&site, &edition).await?;
    let types = site.store().session_types(edition.id).await?;
    let world =
        World { site: &site, asked: &asked, person: &person, edition: &edition, all: &all, types: &types };
    show(&page(&world, None, filled_new(&types)))
}

async fn create(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(slug): Path<String>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::EditProgramme, &Place::edition(&edition))?;
    let types = site.store().session_types(edition.id).await?;
    let id = SessionId(Uuid::now_v7());
    let put = by_form(&site, &person, &edition, &mut form, |form, all| {
        let mut commands = read(form, id, None, all, &types, true);
        // A time is given at once, or later.
        if !form.value("start").trim().is_empty() {
            let slot = SlotId(Uuid::now_v7());
            let usual = fields::minutes_of(form, &types);
            let placing = super::slot::read(form, all, usual);
            commands = match (commands, placing) {
                (Some(mut commands), Some(placing)) => {
                    commands.push(Command::Place { session: id, slot, placing });
                    Some(commands)
                }
                _ => None,
            };
        }
        Ok(commands)
    });
    if let Some(after) = put.await? {
        let title = form.value("title").trim().to_owned();
        let warned = doubts_of(&after, id).iter().any(|doubt| doubt.weight == Weight::Wrong);
        let more = form.is_chosen("then", "more");
        let to = match (warned, more) {
            (false, true) => EditionDesk::NewSession.path(&edition.slug),
            _ => EditionDesk::Session(id).path(&edition.slug),
        };
        return done(&site, &to, &format!("“{title}” is added."));
    }
    let all = programme(&site, &edition).await?;
    let world =
        World { site: &site, asked: &asked, person: &person, edition: &edition, all: &all, types: &types };
    again(&page(&world, None, form))
}

async fn one(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let all = programme(&site, &edition).await?;
    let types = site.store().session_types(edition.id).await?;
    let session = find(&all.sessions, "session", id, |session| session.id.0 == id)?;
    let world =
        World { site: &site, asked: &asked, person: &person, edition: &edition, all: &all, types: &types };
    show(&page(&world, Some(&session), filled(&session, &all, &types)))
}

async fn save(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let before = programme(&site, &edition).await?;
    let session = find(&before.sessions, "session", id, |session| session.id.0 == id)?;
    person.may(Action::EditSession, &Place::edition(&edition).in_track(session.track))?;
    let types = site.store().session_types(edition.id).await?;
    let may_add = person.subject.may(Action::EditProgramme, &Place::edition(&edition)).is_ok();
    let put = by_form(&site, &person, &edition, &mut form, |form, all| {
        let Some(present) = all.sessions.iter().find(|other| other.id == session.id) else {
            return Err(gone());
        };
        if !form.merge(&filled(present, all, &types)) {
            return Ok(None);
        }
        Ok(read(form, session.id, Some(present), all, &types, may_add))
    });
    if put.await?.is_some() {
        let to = EditionDesk::Session(session.id).path(&edition.slug);
        return done(&site, &to, "Saved. The public sees it with the next release.");
    }
    let all = programme(&site, &edition).await?;
    let world =
        World { site: &site, asked: &asked, person: &person, edition: &edition, all: &all, types: &types };
    again(&page(&world, Some(&session), form))
}

fn gone() -> Refusal {
    Refusal::new(
        "session",
        "somebody has removed it meanwhile",
        "What you typed stands below; bring it back from the log, or add it anew",
    )
}

async fn remove(State(site): State<Site>, person: Person, Path((slug, id)): Path<(String, Uuid)>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let all = programme(&site, &edition).await?;
    let session = find(&all.sessions, "session", id, |session| session.id.0 == id)?;
    by_button(&site, &person, &edition, &Command::RemoveSession(session.id)).await?;
    done(&site, &EditionDesk::Sessions.path(&edition.slug), &format!("“{}” is removed.", session.title))
}

/// Cancels, delays or restores: the whole session, or one slot of it.
async fn stand(
    State(site): State<Site>,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let all = programme(&site, &edition).await?;
    let session = find(&all.sessions, "session", id, |session| session.id.0 == id)?;
    let slot = Uuid::try_parse(form.value("slot")).ok().map(SlotId);
    let (standing, said) = match form.value("standing") {
        "cancel" => (Standing::Cancelled, "It is cancelled.".to_owned()),
        "restore" => (Standing::Planned, "It takes place as planned.".to_owned()),
        "delay" => {
            let minutes = form.number("minutes", 1, 1_440).unwrap_or_default();
            let minutes = u16::try_from(minutes).unwrap_or_default();
            (Standing::Delayed(minutes), format!("It is {minutes} minutes late."))
        }
        other => return Err(Failure::no("standing", other)),
    };
    by_button(&site, &person, &edition, &Command::Stand { session: session.id, slot, standing }).await?;
    let to = EditionDesk::Session(session.id).path(&edition.slug);
    done(&site, &to, &format!("{said} The public sees it with the next release."))
}
