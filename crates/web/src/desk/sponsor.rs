//! Sponsors of an edition, by level: entered once, shown on every public page, frozen when the edition is over.

use super::{
    enter, form_at,
    history::{self, Past},
};
use crate::{
    error::Failure,
    form::Form,
    headers::Policy,
    inner::{Answer, Inner, again, done, show},
    route::{Asked, at},
    signed::Person,
    site::Site,
    upload,
};
use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    routing::{get, post},
};
use model::{
    Refusal,
    address::EditionDesk,
    edition::{Edition, Sponsor},
    id::SponsorId,
    permission::{Action, Place},
    sponsor::{SponsorPlan, is_frozen},
    text::{Line, RichText, WebUrl},
};
use uuid::Uuid;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/desk/{edition}/sponsors/", get(list));
    let router = at(router, "/desk/{edition}/sponsors/levels/", post(levels));
    let router = at(router, "/desk/{edition}/sponsors/copy-levels/", post(copy_levels));
    let router = at(router, "/desk/{edition}/sponsors/reopen/", post(reopen));
    let router = at(router, "/desk/{edition}/sponsors/freeze/", post(freeze));
    let router = form_at(router, "/desk/{edition}/sponsors/new/", get(new).post(create));
    let router = form_at(router, "/desk/{edition}/sponsors/{sponsor}/", get(one).post(save));
    let router = at(router, "/desk/{edition}/sponsors/{sponsor}/logo", get(logo));
    let router = at(router, "/desk/{edition}/sponsors/{sponsor}/move/", post(shift));
    at(router, "/desk/{edition}/sponsors/{sponsor}/remove/", post(remove))
}

const HELP: &str = "Who makes the conference possible, by level. Entered once, they stand on every public page at once; when the edition is over they are frozen.";

#[derive(Template)]
#[template(path = "desk/sponsors.html")]
struct Sponsors {
    inner: Inner,
    form: Form,
    levels: Vec<Level>,
    has_levels: bool,
    frozen: bool,
    reopened: Option<String>,
    reopened_at: String,
    may_edit: bool,
    may_open: bool,
    here: String,
    new: String,
}

struct Level {
    name: String,
    sponsors: Vec<Row>,
}

struct Row {
    href: String,
    name: String,
    logo: Option<String>,
}

/// What every page here needs to know.
struct Known {
    edition: Edition,
    plan: SponsorPlan,
    sponsors: Vec<Sponsor>,
    frozen: bool,
}

impl Known {
    async fn enter(site: &Site, person: &Person, slug: &str) -> Result<Self, Failure> {
        let edition = enter(site, person, slug).await?;
        person.may(Action::EditSponsors, &Place::edition(&edition))?;
        let (plan, sponsors) = site.store().sponsors(edition.id).await?;
        let frozen = is_frozen(&edition, &plan, site.now());
        Ok(Self { edition, plan, sponsors, frozen })
    }

    fn find(&self, id: Uuid) -> Result<Sponsor, Failure> {
        let sponsor = self.sponsors.iter().find(|sponsor| sponsor.id.0 == id);
        sponsor.cloned().ok_or_else(|| Failure::no("sponsor", &id.to_string()))
    }

    fn list(&self) -> String {
        EditionDesk::Sponsors.path(&self.edition.slug)
    }

    fn own(&self, id: SponsorId) -> String {
        EditionDesk::Sponsor(id).path(&self.edition.slug)
    }

    /// Where its logo is seen from the desk, which may show it before it is public.
    fn logo(&self, sponsor: &Sponsor) -> Option<String> {
        match &sponsor.upload {
            Some(_) => Some(format!("{}logo", self.own(sponsor.id))),
            None => sponsor.logo.as_ref().map(ToString::to_string).filter(|url| url.starts_with("https:")),
        }
    }
}

fn page(site: &Site, asked: &Asked, person: &Person, known: &Known, form: Form) -> Sponsors {
    let offered = known.plan.offered(&known.sponsors);
    let levels = offered
        .iter()
        .map(|level| Level {
            name: level.to_string(),
            sponsors: known
                .sponsors
                .iter()
                .filter(|sponsor| sponsor.level == *level)
                .map(|sponsor| Row {
                    href: known.own(sponsor.id),
                    name: sponsor.name.to_string(),
                    logo: known.logo(sponsor),
                })
                .collect(),
        })
        .collect();
    let edition = &known.edition;
    let path = known.list();
    let at = |reopened: &model::sponsor::Reopened| {
        edition.zone.local(reopened.at).strftime("%-d %B %Y %H:%M %Z").to_string()
    };
    let may_write = person.subject.may(Action::EditSponsors, &Place::edition(edition)).is_ok();
    Sponsors {
        inner: Inner::edition(person, edition, &path, "Sponsors", HELP).noticing(site, &asked.headers),
        form,
        levels,
        has_levels: !offered.is_empty(),
        frozen: known.frozen,
        reopened: known.plan.reopened.as_ref().map(|reopened| reopened.reason.to_string()),
        reopened_at: known.plan.reopened.as_ref().map(at).unwrap_or_default(),
        may_edit: may_write && !known.frozen,
        may_open: person.subject.may(Action::EditEdition, &Place::edition(edition)).is_ok(),
        here: path,
        new: EditionDesk::NewSponsor.path(&edition.slug),
    }
}

fn level_form(known: &Known) -> Form {
    let lines: Vec<String> = known.plan.offered(&known.sponsors).iter().map(ToString::to_string).collect();
    Form::default().with("levels", lines.join("\n"))
}

async fn list(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let known = Known::enter(&site, &person, &slug).await?;
    show(&page(&site, &asked, &person, &known, level_form(&known)))
}

async fn levels(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(slug): Path<String>,
    mut form: Form,
) -> Answer {
    let known = Known::enter(&site, &person, &slug).await?;
    if form.merge(&level_form(&known)) {
        let typed: Vec<Line> = form.value("levels").lines().map(Line::clean).collect();
        let used = known.sponsors.iter().find(|sponsor| !typed.contains(&sponsor.level));
        if let Some(sponsor) = used {
            let problem = format!("{} is at the level {}", sponsor.name, sponsor.level);
            form.refuse("levels", &Refusal::new("levels", problem, "Keep it, or move them to another first"));
        } else {
            match site.store().set_levels(&person.subject, known.edition.id, &typed).await {
                Ok(_) => return done(&site, &known.list(), "The levels are saved."),
                Err(store::Error::Refused(refusal)) => form.refuse_by(&refusal),
                Err(error) => return Err(error.into()),
            }
        }
    }
    again(&page(&site, &asked, &person, &known, form))
}

async fn copy_levels(State(site): State<Site>, person: Person, Path(slug): Path<String>) -> Answer {
    let known = Known::enter(&site, &person, &slug).await?;
    let told = match site.store().copy_levels(&person.subject, known.edition.id).await? {
        Some(title) => format!("The levels of {title} are taken over."),
        None => "No earlier edition of this series has levels.".to_owned(),
    };
    done(&site, &known.list(), &told)
}

async fn reopen(State(site): State<Site>, person: Person, Path(slug): Path<String>, form: Form) -> Answer {
    let known = Known::enter(&site, &person, &slug).await?;
    person.may(Action::EditEdition, &Place::edition(&known.edition))?;
    let reason = Line::clean(form.value("reason"));
    site.store().reopen_sponsors(&person.subject, known.edition.id, Some(&reason)).await?;
    done(&site, &known.list(), "The sponsors are open. Freeze them again when you are done.")
}

async fn freeze(State(site): State<Site>, person: Person, Path(slug): Path<String>) -> Answer {
    let known = Known::enter(&site, &person, &slug).await?;
    person.may(Action::EditEdition, &Place::edition(&known.edition))?;
    site.store().reopen_sponsors(&person.subject, known.edition.id, None).await?;
    done(&site, &known.list(), "The sponsors are frozen again.")
}

#[derive(Template)]
#[template(path = "desk/sponsor.html")]
struct SponsorForm {
    inner: Inner,
    form: Form,
    levels: Vec<(String, String)>,
    frozen: bool,
    logo: Option<String>,
    uploaded: bool,
    remove: Option<String>,
    history: Vec<Past>,
}

async fn drawn(
    site: &Site,
    asked: &Asked,
    person: &Person,
    known: &Known,
    sponsor: Option<&Sponsor>,
    form: Form,
) -> Result<SponsorForm, Failure> {
    let list = known.list();
    let title = sponsor.map_or("New sponsor", |sponsor| sponsor.name.as_str());
    let levels = known.plan.offered(&known.sponsors);
    Ok(SponsorForm {
        inner: Inner::edition(person, &known.edition, &list, title, HELP)
            .below(list.clone(), "Sponsors")
            .noticing(site, &asked.headers),
        form,
        levels: levels.iter().map(|level| (level.to_string(), level.to_string())).collect(),
        frozen: known.frozen,
        logo: sponsor.and_then(|sponsor| known.logo(sponsor)),
        uploaded: sponsor.is_some_and(|sponsor| sponsor.upload.is_some()),
        remove: sponsor.filter(|_| !known.frozen).map(|sponsor| format!("{}remove/", known.own(sponsor.id))),
        history: match sponsor {
            Some(sponsor) => history::of(site, person, &known.edition, sponsor.id.0).await?,
            None => vec![],
        },
    })
}

fn filled(sponsor: &Sponsor) -> Form {
    let address = |url: &Option<WebUrl>| url.as_ref().map(ToString::to_string).unwrap_or_default();
    Form::default()
        .with("name", &sponsor.name)
        .with("level", &sponsor.level)
        .with("url", address(&sponsor.url))
        .with("logo", address(&sponsor.logo))
        .with("description", &sponsor.description)
}

/// What the form says; `None` when a field is refused, which then says why. A picture is kept last of all, so that what
/// is refused leaves no file behind.
async fn read(site: &Site, form: &mut Form, before: &Sponsor) -> Result<Option<Sponsor>, Failure> {
    let name = form.line("name");
    let level = form.line("level");
    let url = form.read_optional("url", WebUrl::parse);
    let logo = form.read_optional("logo", WebUrl::parse);
    let (Some(name), Some(level), Some(url), Some(logo)) = (name, level, url, logo) else { return Ok(None) };
    let upload = match form.file("logo_file").cloned() {
        Some(file) => match upload::keep(site, &file).await {
            Ok(name) => Some(name),
            Err(Failure::Refused(refusal)) => {
                form.refuse("logo_file", &refusal);
                return Ok(None);
            }
            Err(failure) => return Err(failure),
        },
        None if form.is_ticked("no_logo") => None,
        None => before.upload.clone(),
    };
    let description = RichText::clean(form.value("description"));
    Ok(Some(Sponsor { id: before.id, name, level, rank: before.rank, url, logo, upload, description }))
}

async fn new(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let known = Known::enter(&site, &person, &slug).await?;
    let form = Form::default();
    show(&drawn(&site, &asked, &person, &known, None, form).await?)
}

async fn create(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(slug): Path<String>,
    mut form: Form,
) -> Answer {
    let known = Known::enter(&site, &person, &slug).await?;
    let blank = Sponsor {
        id: SponsorId(Uuid::now_v7()),
        name: Line::default(),
        level: Line::default(),
        rank: 0,
        url: None,
        logo: None,
        upload: None,
        description: RichText::default(),
    };
    if let Some(sponsor) = read(&site, &mut form, &blank).await? {
        match site.store().save_sponsor(&person.subject, known.edition.id, &sponsor).await {
            Ok(()) => return done(&site, &known.list(), &format!("{} is entered.", sponsor.name)),
            Err(store::Error::Refused(refusal)) => form.refuse_by(&refusal),
            Err(error) => return Err(error.into()),
        }
    }
    again(&drawn(&site, &asked, &person, &known, None, form).await?)
}

async fn one(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
) -> Answer {
    let known = Known::enter(&site, &person, &slug).await?;
    let sponsor = known.find(id)?;
    show(&drawn(&site, &asked, &person, &known, Some(&sponsor), filled(&sponsor)).await?)
}

async fn save(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    mut form: Form,
) -> Answer {
    let known = Known::enter(&site, &person, &slug).await?;
    let before = known.find(id)?;
    if form.merge(&filled(&before))
        && let Some(sponsor) = read(&site, &mut form, &before).await?
    {
        match site.store().save_sponsor(&person.subject, known.edition.id, &sponsor).await {
            Ok(()) => return done(&site, &known.list(), &format!("{} is saved.", sponsor.name)),
            Err(store::Error::Refused(refusal)) => form.refuse_by(&refusal),
            Err(error) => return Err(error.into()),
        }
    }
    again(&drawn(&site, &asked, &person, &known, Some(&before), form).await?)
}

/// The uploaded logo, for those who enter sponsors: the public address shows it once the edition is public.
async fn logo(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
) -> Answer {
    const ROUTE: &str = "/desk/{edition}/sponsors/{sponsor}/logo";
    let known = Known::enter(&site, &person, &slug).await?;
    let none = || Failure::no("logo", &id.to_string());
    let name = known.find(id)?.upload.ok_or_else(none)?;
    let bytes = upload::read(&site, &name).await.ok_or_else(none)?;
    Ok(asked.answer(site.passing(ROUTE, Policy::Upload, name.picture().content_type(), bytes)).await)
}

async fn shift(
    State(site): State<Site>,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    form: Form,
) -> Answer {
    let known = Known::enter(&site, &person, &slug).await?;
    let sponsor = known.find(id)?;
    let up = form.value("to") == "up";
    site.store().move_sponsor(&person.subject, known.edition.id, sponsor.id, up).await?;
    done(&site, &known.list(), &format!("{} is moved.", sponsor.name))
}

async fn remove(State(site): State<Site>, person: Person, Path((slug, id)): Path<(String, Uuid)>) -> Answer {
    let known = Known::enter(&site, &person, &slug).await?;
    let sponsor = known.find(id)?;
    site.store().remove_sponsor(&person.subject, known.edition.id, sponsor.id).await?;
    done(&site, &known.list(), &format!("{} is removed.", sponsor.name))
}
