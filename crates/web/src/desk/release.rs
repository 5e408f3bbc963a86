//! Releases at the desk: what one would change, publishing it, taking it back, and telling people of new dates.

use super::{
    change::{count, programme},
    enter, form_at,
    session::capital,
};
use crate::{
    error::Failure,
    form::Form,
    inner::{Answer, Inner, again, done, show},
    page::{Anchor, Changes},
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
    Refusal,
    address::{Address, EditionDesk},
    announced::Facts,
    diff::diff,
    doubt::{Weight, doubts},
    edition::{Edition, EditionState},
    mail::{Compiled, MailKind, Variables},
    permission::{Action, Place},
    programme::Programme,
    release::ReleaseHead,
};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use store::Untold;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = form_at(router, "/desk/{edition}/release/", get(page).post(publish));
    let router = at(router, "/desk/{edition}/release/back/", post(take_back));
    let router = at(router, "/desk/{edition}/release/reset/", post(reset));
    at(router, "/desk/{edition}/release/told/", post(told))
}

const HELP: &str = "The public sees the newest release and nothing else. Here you see what a release would change, publish it, and take it \
    back. Releases are numbered and never change: taking one back publishes what was public before as a further release.";

#[derive(Template)]
#[template(path = "desk/release.html")]
struct ReleasePage {
    inner: Inner,
    form: Form,
    changes: Changes,
    /// The number that the next release gets.
    next: u32,
    first: bool,
    sessions: usize,
    /// What stands in the way of a good release: whether it is wrong or only doubtful, the session, what it is.
    doubts: Vec<(bool, Anchor, String)>,
    /// What the programme was when the page was drawn: what was not seen is not published.
    seen: String,
    releases: Vec<ReleaseView>,
    /// What the public can go back to.
    backs: Vec<(u32, String)>,
    untold: Option<UntoldView>,
    archived: bool,
    may_release: bool,
}

struct ReleaseView {
    link: Anchor,
    when: String,
    note: String,
    counts: String,
}

struct UntoldView {
    news: Vec<String>,
    /// How many people would get a mail.
    people: usize,
    subject: String,
    mail: String,
}

/// What the page is drawn from.
struct Standing {
    edition: Edition,
    all: Programme,
    latest: Option<Programme>,
    heads: Vec<ReleaseHead>,
    untold: Option<UntoldView>,
}

async fn load(site: &Site, person: &Person, slug: &str) -> Result<Standing, Failure> {
    let edition = enter(site, person, slug).await?;
    let all = programme(site, &edition).await?;
    let latest = site.store().latest_release(&edition.slug).await?.map(|release| release.programme);
    let heads = site.store().releases(edition.id).await?;
    let untold = match site.store().untold(&edition).await? {
        Some(untold) => Some(preview(site, &edition, untold).await?),
        None => None,
    };
    Ok(Standing { edition, all, latest, heads, untold })
}

/// What would be told and to how many, before it is.
async fn preview(site: &Site, edition: &Edition, untold: Untold) -> Result<UntoldView, Failure> {
    let own = site.store().mail_texts(edition.id).await?.remove(&MailKind::DatesChanged);
    let text = own.unwrap_or_else(|| MailKind::DatesChanged.text());
    let mut variables = Variables::new();
    for (name, value) in [
        ("name", "Ada Lovelace".to_owned()),
        ("conference", edition.title.to_string()),
        ("before", untold.told.phrase()),
        ("after", Facts::of(&untold.edition).phrase()),
        ("link", front_page(site, edition)),
    ] {
        variables.insert(name, value.into());
    }
    let rendered = Compiled::new(MailKind::DatesChanged, &text)
        .and_then(|compiled| compiled.render(&variables, false))
        .map(|rendered| (rendered.subject.to_string(), rendered.body));
    let (subject, mail) = rendered.unwrap_or_default();
    let people = site.store().concerned(edition).await?;
    Ok(UntoldView { news: untold.news, people, subject, mail })
}

/// The full address of the edition's front page; for the API too.
pub(crate) fn front_page(site: &Site, edition: &Edition) -> String {
    format!("{}{}", site.base_url(), Address::Home.path(&edition.slug))
}

fn draw(site: &Site, asked: &Asked, person: &Person, state: Standing, form: Form) -> ReleasePage {
    let Standing { edition, all, latest, heads, untold } = state;
    let (edition, all) = (&edition, &all);
    let path = EditionDesk::Release.path(&edition.slug);
    let empty = Programme::empty(all.edition.clone());
    // That an edition is archived is no news about its programme.
    let mut present = all.clone();
    present.edition.state = EditionState::Open;
    let difference = diff(latest.as_ref().unwrap_or(&empty), &present);
    let viewer = site.viewer(None, site.now());
    let link = |id: model::id::SessionId| EditionDesk::Session(id).path(&edition.slug);
    let held = |id| all.sessions.iter().any(|session| session.id == id);
    let changes = Changes::of(&difference, &edition.zone, &viewer, |change| {
        held(change.session).then(|| link(change.session))
    });
    let releases = heads.iter().map(|head| ReleaseView {
        link: Anchor {
            href: Address::Release(head.number).path(&edition.slug),
            text: format!("Release {}", head.number),
            current: false,
        },
        when: edition.zone.local(head.at).strftime("%-d %B %Y, %H:%M %Z").to_string(),
        note: head.note.clone(),
        counts: format!(
            "{} new, {} changed, {} removed",
            head.counts.added, head.counts.changed, head.counts.removed
        ),
    });
    let mut backs: Vec<(u32, String)> = heads
        .iter()
        .skip(1)
        .map(|head| {
            let at = edition.zone.local(head.at).strftime("%-d %B, %H:%M");
            (head.number, format!("Release {} of {at}", head.number))
        })
        .collect();
    if !heads.is_empty() {
        backs.push((0, "An empty programme".to_owned()));
    }
    ReleasePage {
        inner: Inner::edition(person, edition, &path, "Release", HELP).noticing(site, &asked.headers),
        form,
        changes,
        next: heads.first().map_or(1, |head| head.number + 1),
        first: heads.is_empty(),
        sessions: all.sessions.len(),
        doubts: doubts(all)
            .into_iter()
            .map(|doubt| {
                let at = Anchor { href: link(doubt.session), text: doubt.title, current: false };
                (doubt.weight == Weight::Wrong, at, capital(&doubt.text))
            })
            .collect(),
        seen: digest(all),
        releases: releases.collect(),
        backs,
        untold,
        archived: edition.state == EditionState::Archived,
        may_release: person.subject.may(Action::Release, &Place::edition(edition)).is_ok(),
    }
}

/// What tells one state of a programme from another.
fn digest(programme: &Programme) -> String {
    let text = serde_json::to_vec(programme).unwrap_or_default();
    Sha256::digest(text).iter().take(12).fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

async fn page(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let state = load(&site, &person, &slug).await?;
    show(&draw(&site, &asked, &person, state, Form::default()))
}

async fn publish(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(slug): Path<String>,
    mut form: Form,
) -> Answer {
    let state = load(&site, &person, &slug).await?;
    person.may(Action::Release, &Place::edition(&state.edition))?;
    if form.value("seen") == digest(&state.all) {
        let note = form.value("note").to_owned();
        let path = EditionDesk::Release.path(&state.edition.slug);
        match site.store().publish(&person.subject.actor, state.edition.id, &note).await {
            Ok(Some(head)) => return done(&site, &path, &format!("Release {} is public.", head.number)),
            Ok(None) => return done(&site, &path, "Nothing has changed since the newest release."),
            Err(store::Error::Refused(refusal)) => form.refuse_by(&refusal),
            Err(error) => return Err(error.into()),
        }
    } else {
        form.refuse(
            "",
            &Refusal::new(
                "release",
                "the programme has changed since you opened this page",
                "Look at what a release changes now, and publish again",
            ),
        );
    }
    again(&draw(&site, &asked, &person, state, form))
}

async fn take_back(
    State(site): State<Site>,
    person: Person,
    Path(slug): Path<String>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::Release, &Place::edition(&edition))?;
    let path = EditionDesk::Release.path(&edition.slug);
    let Some(to) = form.number("to", 0, u32::MAX) else {
        return Err(Refusal::new("release", "none is chosen", "Choose what the public is to see").into());
    };
    let reset = form.is_ticked("reset");
    if reset {
        // To drop what others have changed takes the right to change it.
        person.may(Action::EditProgramme, &Place::edition(&edition))?;
    }
    let note = match (form.value("note").trim(), to) {
        ("", 0) => "The programme is withdrawn.".to_owned(),
        ("", to) => format!("Back to release {to}."),
        (note, _) => note.to_owned(),
    };
    let head = site.store().take_back(&person.subject.actor, edition.id, to, &note, reset).await?;
    let what = match (head, reset) {
        (None, _) => "That is what the public sees already.".to_owned(),
        (Some(head), true) => format!(
            "Release {} is public and says what was public before. The working state says the same.",
            head.number
        ),
        (Some(head), false) => format!(
            "Release {} is public and says what was public before. Your changes are kept: mend them and release again.",
            head.number
        ),
    };
    done(&site, &path, &what)
}

/// Drops what was changed since the newest release.
async fn reset(State(site): State<Site>, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::Release, &Place::edition(&edition))?;
    person.may(Action::EditProgramme, &Place::edition(&edition))?;
    site.store().reset_to_release(&person.subject.actor, edition.id).await?;
    let path = EditionDesk::Release.path(&edition.slug);
    done(&site, &path, "The working state is what the newest release says. The log has what was dropped.")
}

/// Tells everybody concerned of the new dates, once; or notes that they know, without sending anything.
async fn told(State(site): State<Site>, person: Person, Path(slug): Path<String>, form: Form) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::EditEdition, &Place::edition(&edition))?;
    if form.is_chosen("how", "mail") {
        let link = front_page(&site, &edition);
        let told = site.store().tell(&person.subject.actor, edition.id, &link).await?;
        let notice = told.map_or_else(
            || "They were told already.".to_owned(),
            |(_, queued)| format!("Told {} by mail.", count(queued.queued.len(), "person", "people")),
        );
        return done(&site, &EditionDesk::Release.path(&edition.slug), &notice);
    }
    let told = site.store().note_told(&person.subject.actor, edition.id).await?;
    let facts = told.map_or(0, |untold| untold.news.len());
    let notice = match facts {
        0 => "There is nothing to tell any more.".to_owned(),
        facts => {
            format!("Noted: people know of {}. Nobody is sent a mail.", count(facts, "change", "changes"))
        }
    };
    done(&site, &EditionDesk::Release.path(&edition.slug), &notice)
}
