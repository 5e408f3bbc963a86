//! Tracks and microconferences of an edition: the list, the form for a new one, the form of each.

use super::{
    change::{by_button, by_form, count, find, programme},
    enter, form_at,
};
use crate::{
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
use model::{
    address::EditionDesk,
    edit::{Command, Shift},
    edition::Edition,
    id::TrackId,
    permission::{Action, Place},
    programme::{Programme, Track},
    text::{Colour, RichText, Slug},
};
use uuid::Uuid;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/desk/{edition}/tracks/", get(list));
    let router = form_at(router, "/desk/{edition}/tracks/new/", get(new).post(create));
    let router = form_at(router, "/desk/{edition}/tracks/{track}/", get(track).post(save));
    let router = at(router, "/desk/{edition}/tracks/{track}/remove/", post(remove));
    at(router, "/desk/{edition}/tracks/{track}/{shift}/", post(shift))
}

const HELP: &str = "Sessions that belong together; every microconference is a track. A track has a page, a colour and a calendar.";

#[derive(Template)]
#[template(path = "desk/tracks.html")]
struct TracksPage {
    inner: Inner,
    tracks: Vec<TrackView>,
    new: String,
    may_edit: bool,
}

struct TrackView {
    link: Anchor,
    sessions: usize,
}

async fn list(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let programme = programme(&site, &edition).await?;
    let sessions =
        |id: TrackId| programme.sessions.iter().filter(|session| session.track == Some(id)).count();
    let tracks = programme
        .tracks
        .iter()
        .map(|track| TrackView {
            link: Anchor {
                href: EditionDesk::Track(track.id).path(&edition.slug),
                text: track.name.to_string(),
                current: false,
            },
            sessions: sessions(track.id),
        })
        .collect();
    let path = EditionDesk::Tracks.path(&edition.slug);
    let inner = Inner::edition(&person, &edition, &path, "Tracks", HELP).noticing(&site, &asked.headers);
    let may_edit = person.subject.may(Action::EditProgramme, &Place::edition(&edition)).is_ok();
    show(&TracksPage { inner, tracks, new: EditionDesk::NewTrack.path(&edition.slug), may_edit })
}

#[derive(Template)]
#[template(path = "desk/track.html")]
struct TrackPage {
    inner: Inner,
    form: Form,
    /// Where it is removed, for one that exists, and what that does.
    remove: Option<(String, String)>,
}

/// The form of a track, and what it is filled with.
fn page(
    site: &Site,
    asked: &Asked,
    person: &Person,
    edition: &Edition,
    track: Option<(&Track, &Programme)>,
    form: Form,
) -> TrackPage {
    let list = EditionDesk::Tracks.path(&edition.slug);
    let title = track.map_or("New track", |(track, _)| track.name.as_str());
    let inner = Inner::edition(person, edition, &list, title, HELP)
        .below(list.clone(), "Tracks")
        .noticing(site, &asked.headers);
    let remove = track.map(|(track, programme)| {
        let used = programme.sessions.iter().filter(|session| session.track == Some(track.id)).count();
        let what = match used {
            0 => "No session is in it.".to_owned(),
            used => format!(
                "{} of it stay on the programme, in no track. Who leads the track loses the right to them.",
                count(used, "session", "sessions")
            ),
        };
        (format!("{}remove/", EditionDesk::Track(track.id).path(&edition.slug)), what)
    });
    TrackPage { inner, form, remove }
}

/// The form with what a track holds.
fn filled(track: &Track) -> Form {
    Form::default()
        .with("name", &track.name)
        .with("slug", &track.slug)
        .with("colour", track.colour.as_ref().map(ToString::to_string).unwrap_or_default())
        .with("description", &track.description)
}

/// What the form says; `None` when a field is refused, which then says why.
fn read(form: &mut Form, id: TrackId, all: &Programme) -> Option<Track> {
    let name = form.line("name");
    let slug = form.read_optional("slug", Slug::parse);
    let colour = form.read_optional("colour", Colour::parse);
    let description = RichText::clean(form.value("description"));
    let (name, slug, colour) = (name?, slug?, colour?);
    let slug = slug.unwrap_or_else(|| {
        let others = all.tracks.iter().filter(|other| other.id != id).map(|other| &other.slug);
        Slug::from_any(&[name.as_str()], "track", id.0).free_among(others)
    });
    Some(Track { id, slug, name, description, colour })
}

async fn new(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::EditProgramme, &Place::edition(&edition))?;
    show(&page(&site, &asked, &person, &edition, None, Form::default()))
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
    let id = TrackId(Uuid::now_v7());
    let put = by_form(&site, &person, &edition, &mut form, |form, all| {
        Ok(read(form, id, all).map(|track| vec![Command::PutTrack(track)]))
    });
    if put.await?.is_some() {
        let name = form.value("name").trim().to_owned();
        let to = if form.is_chosen("then", "more") { EditionDesk::NewTrack } else { EditionDesk::Tracks };
        return done(&site, &to.path(&edition.slug), &format!("The track {name} is added."));
    }
    again(&page(&site, &asked, &person, &edition, None, form))
}

async fn track(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let all = programme(&site, &edition).await?;
    let track = find(&all.tracks, "track", id, |track| track.id.0 == id)?;
    person.may(Action::EditProgramme, &Place::edition(&edition))?;
    show(&page(&site, &asked, &person, &edition, Some((&track, &all)), filled(&track)))
}

async fn save(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let all = programme(&site, &edition).await?;
    let track = find(&all.tracks, "track", id, |track| track.id.0 == id)?;
    person.may(Action::EditProgramme, &Place::edition(&edition))?;
    // Merged and read within the transaction that writes: two who save at once never overwrite one another.
    let put = by_form(&site, &person, &edition, &mut form, |form, all| {
        let present = all.tracks.iter().find(|other| other.id == track.id);
        let merged = present.is_none_or(|present| form.merge(&filled(present)));
        Ok(if merged { read(form, track.id, all).map(|track| vec![Command::PutTrack(track)]) } else { None })
    });
    if put.await?.is_some() {
        let name = form.value("name").trim().to_owned();
        return done(&site, &EditionDesk::Tracks.path(&edition.slug), &format!("The track {name} is saved."));
    }
    again(&page(&site, &asked, &person, &edition, Some((&track, &all)), form))
}

async fn remove(State(site): State<Site>, person: Person, Path((slug, id)): Path<(String, Uuid)>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let all = programme(&site, &edition).await?;
    let track = find(&all.tracks, "track", id, |track| track.id.0 == id)?;
    by_button(&site, &person, &edition, &Command::RemoveTrack(track.id)).await?;
    done(&site, &EditionDesk::Tracks.path(&edition.slug), &format!("The track {} is removed.", track.name))
}

async fn shift(
    State(site): State<Site>,
    person: Person,
    Path((slug, id, way)): Path<(String, Uuid, String)>,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let all = programme(&site, &edition).await?;
    let track = find(&all.tracks, "track", id, |track| track.id.0 == id)?;
    let by = super::shift_of(&way)?;
    by_button(&site, &person, &edition, &Command::ShiftTrack(track.id, by)).await?;
    let way = if by == Shift::Up { "up" } else { "down" };
    done(
        &site,
        &EditionDesk::Tracks.path(&edition.slug),
        &format!("{} is one place further {way}.", track.name),
    )
}
