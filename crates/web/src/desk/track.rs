//! Tracks and microconferences of an edition: the list, the form for a new one, the form of each.

use super::{enter, form_at};
use crate::{
    error::Failure,
    form::Form,
    inner::{Answer, Inner, again, done, show},
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
    edit,
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
    at(router, "/desk/{edition}/tracks/{track}/remove/", post(remove))
}

const HELP: &str = "Sessions that belong together; every microconference is a track. A track has a page, a colour and a calendar.";

#[derive(Template)]
#[template(path = "desk/tracks.html")]
struct Tracks {
    inner: Inner,
    tracks: Vec<TrackView>,
    new: String,
    may_edit: bool,
}

struct TrackView {
    href: String,
    name: String,
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
            href: EditionDesk::Track(track.id).path(&edition.slug),
            name: track.name.to_string(),
            sessions: sessions(track.id),
        })
        .collect();
    let path = EditionDesk::Tracks.path(&edition.slug);
    let inner = Inner::edition(&person, &edition, &path, "Tracks", HELP).noticing(&site, &asked.headers);
    let may_edit = person.subject.may(Action::EditProgramme, &Place::edition(&edition)).is_ok();
    show(&Tracks { inner, tracks, new: EditionDesk::NewTrack.path(&edition.slug), may_edit })
}

#[derive(Template)]
#[template(path = "desk/track.html")]
struct TrackPage {
    inner: Inner,
    form: Form,
    /// Where it is removed, for one that exists.
    remove: Option<String>,
}

/// The form of a track, and what it is filled with.
fn page(
    site: &Site,
    asked: &Asked,
    person: &Person,
    edition: &Edition,
    track: Option<&Track>,
    form: Form,
) -> TrackPage {
    let list = EditionDesk::Tracks.path(&edition.slug);
    let title = track.map_or("New track", |track| track.name.as_str());
    let inner = Inner::edition(person, edition, &list, title, HELP)
        .below(list.clone(), "Tracks")
        .noticing(site, &asked.headers);
    let remove = track.map(|track| format!("{}remove/", EditionDesk::Track(track.id).path(&edition.slug)));
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
fn read(form: &mut Form, id: TrackId) -> Option<Track> {
    let name = form.line("name");
    let slug = form.read_optional("slug", Slug::parse);
    let colour = form.read_optional("colour", Colour::parse);
    let description = RichText::clean(form.value("description"));
    let (name, slug, colour) = (name?, slug?, colour?);
    let slug = slug.unwrap_or_else(|| Slug::from_any(&[name.as_str()], "track", id.0));
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
    if let Some(track) = read(&mut form, TrackId(Uuid::now_v7())) {
        let name = track.name.clone();
        match site.store().change(&person.subject.actor, edition.id, |all| edit::put_track(all, track)).await
        {
            Ok(_) => {
                let list = EditionDesk::Tracks.path(&edition.slug);
                return done(&site, &list, &format!("The track {name} is added."));
            }
            Err(store::Error::Refused(refusal)) => form.refuse_by(&refusal),
            Err(error) => return Err(error.into()),
        }
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
    let track = find(&programme(&site, &edition).await?, id)?;
    show(&page(&site, &asked, &person, &edition, Some(&track), filled(&track)))
}

async fn save(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let before = find(&programme(&site, &edition).await?, id)?;
    person.may(Action::EditProgramme, &Place::edition(&edition).in_track(Some(before.id)))?;
    if form.merge(&filled(&before))
        && let Some(track) = read(&mut form, before.id)
    {
        let name = track.name.clone();
        match site.store().change(&person.subject.actor, edition.id, |all| edit::put_track(all, track)).await
        {
            Ok(_) => {
                let list = EditionDesk::Tracks.path(&edition.slug);
                return done(&site, &list, &format!("The track {name} is saved."));
            }
            Err(store::Error::Refused(refusal)) => form.refuse_by(&refusal),
            Err(error) => return Err(error.into()),
        }
    }
    again(&page(&site, &asked, &person, &edition, Some(&before), form))
}

async fn remove(State(site): State<Site>, person: Person, Path((slug, id)): Path<(String, Uuid)>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let track = find(&programme(&site, &edition).await?, id)?;
    person.may(Action::EditProgramme, &Place::edition(&edition).in_track(Some(track.id)))?;
    site.store().change(&person.subject.actor, edition.id, |all| edit::remove_track(all, track.id)).await?;
    done(&site, &EditionDesk::Tracks.path(&edition.slug), &format!("The track {} is removed.", track.name))
}

async fn programme(site: &Site, edition: &Edition) -> Result<Programme, Failure> {
    let programme = site.store().programme(edition.id).await?;
    programme.ok_or_else(|| Failure::no("edition", edition.slug.as_str()))
}

fn find(programme: &Programme, id: Uuid) -> Result<Track, Failure> {
    let track = programme.tracks.iter().find(|track| track.id.0 == id);
    track.cloned().ok_or_else(|| Failure::no("track", &id.to_string()))
}
