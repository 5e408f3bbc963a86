//! Editions: a new one, the next one from this one's settings, the settings of each, and archiving.

use super::{change::undecided, enter, form_at};
use crate::{
    error::Failure,
    form::Form,
    inner::{Answer, Inner, again, done, show},
    page::COMMON_ZONES,
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
use jiff::civil::Date;
use model::{
    Refusal,
    address::{Desk, EditionDesk},
    announced::Facts,
    copy::{Kept, may_follow},
    edit,
    edition::{Edition, EditionState, Mode},
    id::EditionId,
    permission::{Action, Place},
    text::{Colour, Line, RichText, Slug, WebUrl},
    time::Zone,
};
use store::NextEdition;
use uuid::Uuid;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = form_at(router, "/desk/new/", get(new).post(create));
    let router = form_at(router, "/desk/{edition}/settings/", get(settings).post(save));
    let router = at(router, "/desk/{edition}/settings/archive/", post(archive));
    form_at(router, "/desk/{edition}/copy/", get(copy).post(make_copy))
}

#[derive(Template)]
#[template(path = "desk/new_edition.html")]
struct NewPage {
    inner: Inner,
    form: Form,
    modes: Vec<(&'static str, &'static str)>,
    zones: &'static [&'static str],
    /// The edition that it is made from, and what can come along.
    from: Option<Earlier>,
}

/// The edition that another is made from.
struct Earlier {
    title: String,
    kept: Vec<(&'static str, &'static str)>,
}

/// What can come along, by the name of its box.
const KEPT: [(&str, &str); 6] = [
    ("rooms", "Rooms"),
    ("tracks", "Tracks"),
    ("types", "Session types"),
    ("pages", "Pages and the menu"),
    ("levels", "Levels of sponsors, without the sponsors"),
    ("mail", "Sender and templates of mail"),
];

fn modes() -> Vec<(&'static str, &'static str)> {
    Mode::ALL.iter().map(|mode| (mode.as_str(), mode.shown())).collect()
}

fn new_page(site: &Site, asked: &Asked, person: &Person, form: Form, from: Option<&Edition>) -> NewPage {
    let inner = match from {
        None => Inner::desk(
            person,
            &Desk::NewEdition.path(),
            "New edition",
            "One year of a conference. Nothing is public until you publish its first release; everything here can be changed later.",
        )
        .below(Desk::Home.path(), "Your conferences"),
        Some(edition) => Inner::edition(
            person,
            edition,
            &EditionDesk::Copy.path(&edition.slug),
            "Next edition",
            "The next year from this one's settings. People, sessions and sponsors stay with this one, which stays at its addresses.",
        ),
    };
    let from = from.map(|edition| Earlier { title: edition.title.to_string(), kept: KEPT.to_vec() });
    NewPage { inner: inner.noticing(site, &asked.headers), form, modes: modes(), zones: COMMON_ZONES, from }
}

/// What the form for a new edition says; `None` when a field is refused.
fn read_new(form: &mut Form) -> Option<Edition> {
    let title = form.line("title");
    let series = form.line("series");
    let slug = form.read_optional("slug", Slug::parse);
    let (first_day, last_day) = (form.date("first_day"), form.date("last_day"));
    let zone = form.read("zone", Zone::parse);
    let mode = form.read("mode", mode_of);
    let (title, series, slug) = (title?, series?, slug?);
    let id = EditionId(Uuid::now_v7());
    let edition = Edition {
        id,
        slug: slug.unwrap_or_else(|| Slug::from_any(&[title.as_str()], "edition", id.0)),
        series,
        title,
        subtitle: Line::default(),
        description: RichText::default(),
        zone: zone?,
        first_day: first_day?,
        last_day: last_day?,
        day_change: 0,
        venue: Line::clean(form.value("venue")),
        city: Line::clean(form.value("city")),
        country: Line::clean(form.value("country")),
        url: None,
        logo: None,
        language: Line::default(),
        colour: None,
        timeslot_minutes: 5,
        mode: mode?,
        state: EditionState::Open,
        notice: Line::default(),
    };
    match edition.check_entered() {
        Ok(()) => Some(edition),
        Err(refusal) => {
            form.refuse_by(&refusal);
            None
        }
    }
}

fn mode_of(word: &str) -> Result<Mode, Refusal> {
    Mode::parse(word)
        .ok_or_else(|| Refusal::new("mode", "nothing is chosen", "Choose where people take part"))
}

async fn new(State(site): State<Site>, asked: Asked, person: Person) -> Answer {
    may_create_somewhere(&person)?;
    // A second edition is mostly of the series and in the zone of the first.
    let editions = site.store().editions().await?;
    let latest = editions.iter().find(|head| person.subject.may_within(Action::SeeDesk, &head.edition));
    let form = Form::default()
        .with("series", latest.map_or("", |head| head.edition.series.as_str()))
        .with("zone", latest.map_or("UTC", |head| head.edition.zone.name()))
        .with("mode", Mode::InPerson.as_str());
    show(&new_page(&site, &asked, &person, form, None))
}

fn may_create_somewhere(person: &Person) -> Result<(), Failure> {
    if person.subject.may_open_editions() {
        return Ok(());
    }
    person.may(Action::CreateEdition, &Place::installation())
}

async fn create(State(site): State<Site>, asked: Asked, person: Person, mut form: Form) -> Answer {
    may_create_somewhere(&person)?;
    if let Some(entered) = read_new(&mut form) {
        // An organiser of a series opens editions of that series, and of no other.
        person.may(Action::CreateEdition, &Place::series(&entered.series))?;
        match site.store().new_edition(&person.subject.actor, &entered).await {
            Ok(edition) => {
                let to = EditionDesk::Home.path(&edition.slug);
                return done(
                    &site,
                    &to,
                    &format!("{} is there. Nothing of it is public yet.", edition.title),
                );
            }
            Err(store::Error::Refused(refusal)) => form.refuse_by(&refusal),
            Err(error) => return Err(error.into()),
        }
    }
    again(&new_page(&site, &asked, &person, form, None))
}

async fn copy(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::CreateEdition, &Place::edition(&edition))?;
    let next = |text: &str| next_year(text, edition.first_day);
    let shifted = |date: Date| {
        // The same weekday, a year on.
        date.checked_add(jiff::Span::new().weeks(52)).unwrap_or(date)
    };
    let mut form = Form::default()
        .with("series", &edition.series)
        .with("title", next(edition.title.as_str()))
        .with("slug", next(edition.slug.as_str()))
        .with("first_day", shifted(edition.first_day))
        .with("last_day", shifted(edition.last_day))
        .with("zone", edition.zone.name())
        .with("mode", edition.mode.as_str())
        .with("venue", &edition.venue)
        .with("city", &edition.city)
        .with("country", &edition.country);
    for (name, _) in KEPT {
        form = form.ticked(name, true);
    }
    let over = edition.last_day < edition.zone.local(site.now()).date();
    show(&new_page(&site, &asked, &person, form.ticked("archive", over), Some(&edition)))
}

/// `text` with the year after the one that it holds.
fn next_year(text: &str, first_day: Date) -> String {
    let year = first_day.year();
    text.replace(&year.to_string(), &(year + 1).to_string())
}

async fn make_copy(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(slug): Path<String>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::CreateEdition, &Place::edition(&edition))?;
    if let Some(entered) = read_new(&mut form) {
        let archive = form.is_ticked("archive");
        let organiser =
            may_follow(&person.subject, &edition, &entered.series, archive).map_err(Failure::Forbidden)?;
        let kept = Kept {
            rooms: form.is_ticked("rooms"),
            tracks: form.is_ticked("tracks"),
            types: form.is_ticked("types"),
            pages: form.is_ticked("pages"),
            levels: form.is_ticked("levels"),
            mail: form.is_ticked("mail"),
        };
        let next = NextEdition { edition: entered, kept, archive, organiser };
        match site.store().copy_edition(&person.subject.actor, edition.id, &next).await {
            Ok(made) => {
                let to = EditionDesk::Home.path(&made.slug);
                return done(&site, &to, &format!("{} is there. Nothing of it is public yet.", made.title));
            }
            Err(store::Error::Refused(refusal)) => form.refuse_by(&refusal),
            Err(error) => return Err(error.into()),
        }
    }
    again(&new_page(&site, &asked, &person, form, Some(&edition)))
}

#[derive(Template)]
#[template(path = "desk/settings.html")]
struct Settings {
    inner: Inner,
    form: Form,
    modes: Vec<(&'static str, &'static str)>,
    zones: &'static [&'static str],
    /// Whether its address can still be changed: nobody has it yet.
    may_move: bool,
    archived: bool,
    /// What was told of the dates and the mode, once something is public.
    told: bool,
}

fn filled(edition: &Edition) -> Form {
    let text = |url: Option<&WebUrl>| url.map(ToString::to_string).unwrap_or_default();
    Form::default()
        .with("title", &edition.title)
        .with("series", &edition.series)
        .with("slug", &edition.slug)
        .with("subtitle", &edition.subtitle)
        .with("description", &edition.description)
        .with("notice", &edition.notice)
        .with("first_day", edition.first_day)
        .with("last_day", edition.last_day)
        .with("zone", edition.zone.name())
        .with("day_change", edition.day_change / 60)
        .with("mode", edition.mode.as_str())
        .with("venue", &edition.venue)
        .with("city", &edition.city)
        .with("country", &edition.country)
        .with("url", text(edition.url.as_ref()))
        .with("logo", text(edition.logo.as_ref()))
        .with("language", &edition.language)
        .with("colour", edition.colour.as_ref().map(ToString::to_string).unwrap_or_default())
}

/// What the form says; `None` when a field is refused.
fn read(form: &mut Form, present: &Edition, may_move: bool) -> Option<Edition> {
    let title = form.line("title");
    let series = form.line("series");
    let slug = if may_move { form.read("slug", Slug::parse) } else { Some(present.slug.clone()) };
    let (first_day, last_day) = (form.date("first_day"), form.date("last_day"));
    let zone = form.read("zone", Zone::parse);
    let day_change = form.number("day_change", 0, 23);
    let mode = form.read("mode", mode_of);
    let url = form.read_optional("url", WebUrl::parse);
    let logo = form.read_optional("logo", WebUrl::parse);
    let colour = form.read_optional("colour", Colour::parse);
    let hour = day_change?;
    let minutes = present.day_change % 60;
    let edition = Edition {
        title: title?,
        series: series?,
        slug: slug?,
        subtitle: Line::clean(form.value("subtitle")),
        description: RichText::clean(form.value("description")),
        notice: Line::clean(form.value("notice")),
        zone: zone?,
        first_day: first_day?,
        last_day: last_day?,
        day_change: u16::try_from(hour).unwrap_or_default() * 60 + minutes,
        venue: Line::clean(form.value("venue")),
        city: Line::clean(form.value("city")),
        country: Line::clean(form.value("country")),
        url: url?,
        logo: logo?,
        language: Line::clean(form.value("language")),
        colour: colour?,
        mode: mode?,
        ..present.clone()
    };
    match edition.check_entered() {
        Ok(()) => Some(edition),
        Err(refusal) => {
            form.refuse_by(&refusal);
            None
        }
    }
}

fn settings_page(
    site: &Site,
    asked: &Asked,
    person: &Person,
    edition: &Edition,
    released: bool,
    form: Form,
) -> Settings {
    let path = EditionDesk::Settings.path(&edition.slug);
    let help = "What is true of the whole edition. The public sees a change when you release it.";
    Settings {
        inner: Inner::edition(person, edition, &path, "Settings", help).noticing(site, &asked.headers),
        form,
        modes: modes(),
        zones: COMMON_ZONES,
        may_move: !released,
        archived: edition.state == EditionState::Archived,
        told: released,
    }
}

/// Whether something of the edition is public.
async fn is_released(site: &Site, edition: &Edition) -> Result<bool, Failure> {
    Ok(site.store().edition(&edition.slug).await?.is_some_and(|head| head.latest.is_some()))
}

async fn settings(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(slug): Path<String>,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::EditEdition, &Place::edition(&edition))?;
    let released = is_released(&site, &edition).await?;
    show(&settings_page(&site, &asked, &person, &edition, released, filled(&edition)))
}

async fn save(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(slug): Path<String>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::EditEdition, &Place::edition(&edition))?;
    let released = is_released(&site, &edition).await?;
    let told = site.store().told(edition.id).await?;
    let mut series_changed = None;
    let outcome = site
        .store()
        .change(&person.subject.actor, edition.id, |mut all| {
            if !form.merge(&filled(&all.edition)) {
                return Err(undecided());
            }
            let mut entered = read(&mut form, &all.edition, !released).ok_or_else(undecided)?;
            // To another series only by those who may do it there too.
            if entered.series != all.edition.series {
                let there = Place { series: Some(entered.series.clone()), ..Place::edition(&all.edition) };
                if let Err(refusal) = person.subject.may(Action::EditEdition, &there) {
                    series_changed = Some(refusal.clone());
                    return Err(refusal);
                }
            }
            if form.is_ticked("shift") {
                edit::move_days(&mut all, entered.first_day)?;
            }
            if let Some(told) = &told {
                let (before, after) = (Facts::of(&all.edition), Facts::of(&entered));
                entered.notice = after.notice(&before, told, &entered.notice);
            }
            all.edition = entered;
            Ok(all)
        })
        .await;
    match (outcome, series_changed) {
        (_, Some(refusal)) => return Err(Failure::Forbidden(refusal)),
        (Ok(after), None) => {
            let news = Facts::of(&after.edition).news(&Facts::of(&edition));
            let notice = if news.is_empty() || !released {
                "Saved. The public sees it with the next release.".to_owned()
            } else {
                "Saved. Once you release it, you can tell everybody concerned, once: the release page offers it."
                    .to_owned()
            };
            return done(&site, &EditionDesk::Settings.path(&after.edition.slug), &notice);
        }
        (Err(store::Error::Refused(refusal)), None) => {
            if !form.is_refused() {
                form.refuse_by(&refusal);
            }
        }
        (Err(error), None) => return Err(error.into()),
    }
    again(&settings_page(&site, &asked, &person, &edition, released, form))
}

/// Archives the edition, or opens it again.
async fn archive(State(site): State<Site>, person: Person, Path(slug): Path<String>, form: Form) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::EditEdition, &Place::edition(&edition))?;
    let open = form.is_chosen("state", "open");
    let state = if open { EditionState::Open } else { EditionState::Archived };
    site.store()
        .change(&person.subject.actor, edition.id, |mut all| {
            all.edition.state = state;
            Ok(all)
        })
        .await?;
    let notice = if open {
        "It is open again: its programme can be changed and released."
    } else {
        "It is archived: everything of it stays at its addresses, and nothing changes any more."
    };
    done(&site, &EditionDesk::Settings.path(&edition.slug), notice)
}
