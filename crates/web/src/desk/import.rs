//! A schedule file in the browser: read, compared and merged as `plenary import` does it, and released by nobody but you.

use crate::{
    error::Failure,
    form::{Form, UploadedFile},
    inner::{Answer, Inner, again, show},
    page::Anchor,
    route::{Asked, at},
    signed::Person,
    site::Site,
};
use askama::Template;
use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    routing::get,
};
use interchange::{Imported, Input, Options};
use model::{
    Refusal,
    address::{Desk, EditionDesk},
    edition::Edition,
    permission::{Action, Place},
    text::Slug,
    time::Zone,
};
use store::ImportOptions;

/// The most bytes that a file may have here; larger ones are read on the command line.
const FILE_MAX: usize = 32 * 1_024 * 1_024;

/// The most faults of a file that are listed.
const NOTES_SHOWN: usize = 200;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    at(router, "/desk/import/", get(page).post(import).layer(DefaultBodyLimit::max(FILE_MAX)))
}

const HELP: &str = "The schedule that you have, as your present tool exports it. It becomes the working state of an edition: nothing is \
    public until you release it. Import as often as you like; what you changed here is kept.";

#[derive(Template)]
#[template(path = "desk/import.html")]
struct ImportPage {
    inner: Inner,
    form: Form,
    /// What was read, once something was.
    read: Vec<Outcome>,
}

/// What became of one conference in the file.
struct Outcome {
    edition: Anchor,
    counts: String,
    kept: usize,
    notes: Vec<String>,
    more: usize,
}

fn draw(site: &Site, asked: &Asked, person: &Person, form: Form, read: Vec<Outcome>) -> ImportPage {
    let inner = Inner::desk(person, &Desk::Import.path(), "Import a file", HELP)
        .below(Desk::Home.path(), "Your conferences")
        .noticing(site, &asked.headers);
    ImportPage { inner, form, read }
}

/// Only those who may open editions get here: a file may hold any.
fn may_import(person: &Person) -> Result<(), Failure> {
    if person.subject.may_open_editions() {
        return Ok(());
    }
    person.may(Action::CreateEdition, &Place::installation())
}

async fn page(State(site): State<Site>, asked: Asked, person: Person) -> Answer {
    may_import(&person)?;
    show(&draw(&site, &asked, &person, Form::default(), vec![]))
}

async fn import(State(site): State<Site>, asked: Asked, person: Person, mut form: Form) -> Answer {
    may_import(&person)?;
    let edition = form.read_optional("edition", Slug::parse);
    let zone = form.read_optional("zone", Zone::parse);
    let file = form.file("file").cloned();
    if file.is_none() {
        form.refuse("file", &Refusal::new("file", "none was chosen", "Choose the file of your schedule"));
    }
    let (Some(edition), Some(zone), Some(file)) = (edition, zone, file) else {
        return again(&draw(&site, &asked, &person, form, vec![]));
    };
    let read = match read(&file, edition.clone(), zone.clone()).await? {
        Ok(read) => read,
        Err(refusal) => {
            form.refuse("file", &refusal);
            return again(&draw(&site, &asked, &person, form, vec![]));
        }
    };
    // A file that names no zone is meant on the clocks of the edition that it is of.
    let read = match read.as_slice() {
        [only] if !only.zone_named && zone.is_none() => match known(&site, only).await? {
            Some(held) => read_again(&file, edition, held.zone, read).await?,
            None => read,
        },
        _ => read,
    };
    let mut outcomes = vec![];
    for conference in read {
        match take(&site, &person, conference).await {
            Ok(outcome) => outcomes.push(outcome),
            Err(Failure::Refused(refusal)) => {
                form.refuse("file", &refusal);
                return again(&draw(&site, &asked, &person, form, outcomes));
            }
            Err(failure) => return Err(failure),
        }
    }
    show(&draw(&site, &asked, &person, Form::default(), outcomes))
}

/// Reads a file on a thread of its own: a large schedule takes a second, and other requests shall not wait for it.
async fn read(
    file: &UploadedFile,
    edition: Option<Slug>,
    zone: Option<Zone>,
) -> Result<Result<Vec<Imported>, Refusal>, Failure> {
    let file = file.clone();
    let reading = tokio::task::spawn_blocking(move || {
        let input = Input { name: &file.name, bytes: &file.bytes };
        interchange::read(&[input], &Options { edition, zone })
    });
    match reading.await {
        Ok(Ok(read)) => Ok(Ok(read)),
        Ok(Err(error)) => {
            let problem = error.to_string();
            Ok(Err(Refusal::new("file", problem.trim_end_matches('.'), "Nothing was changed")))
        }
        Err(error) => {
            tracing::error!(%error, "a file could not be read");
            Err(Failure::Internal)
        }
    }
}

async fn read_again(
    file: &UploadedFile,
    edition: Option<Slug>,
    zone: Zone,
    before: Vec<Imported>,
) -> Result<Vec<Imported>, Failure> {
    Ok(read(file, edition, Some(zone)).await?.unwrap_or(before))
}

/// The edition that a conference of a file is: the one of its identifier, else the one of its address.
async fn known(site: &Site, conference: &Imported) -> Result<Option<Edition>, Failure> {
    let edition = &conference.programme.edition;
    match site.store().programme(edition.id).await? {
        Some(held) => Ok(Some(held.edition)),
        None => Ok(site.store().edition(&edition.slug).await?.map(|head| head.edition)),
    }
}

/// Merges one conference into the record.
async fn take(site: &Site, person: &Person, conference: Imported) -> Result<Outcome, Failure> {
    let known = known(site, &conference).await?;
    let Imported { programme, carries, notes, .. } = conference;
    let store = site.store();
    match &known {
        Some(edition) => {
            let place = Place::edition(edition);
            person.may(Action::EditProgramme, &place)?;
            person.may(Action::EditEdition, &place)?;
        }
        None => person.may(Action::CreateEdition, &Place::series(&programme.edition.series))?,
    }
    let options = ImportOptions::default();
    let outcome = store.import(&person.subject.actor, &programme, carries, &options).await?;
    let held = &outcome.merged.programme;
    let counts = [
        (held.sessions.len(), "sessions"),
        (held.persons.len(), "persons"),
        (held.rooms.len(), "rooms"),
        (held.tracks.len(), "tracks"),
    ];
    let counts: Vec<String> = counts.iter().map(|(count, what)| format!("{count} {what}")).collect();
    Ok(Outcome {
        edition: Anchor {
            href: EditionDesk::Home.path(&held.edition.slug),
            text: held.edition.title.to_string(),
            current: false,
        },
        counts: counts.join(", "),
        kept: outcome.merged.kept.len(),
        more: notes.len().saturating_sub(NOTES_SHOWN),
        notes: notes.iter().take(NOTES_SHOWN).map(ToString::to_string).collect(),
    })
}
