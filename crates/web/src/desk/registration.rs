//! Registrations of an edition: the list, each of them, how many there may be (`registration/caps.rs`), and lists from elsewhere
//! (`registration/import.rs`).

mod caps;
mod import;

pub(crate) use import::tell;

use super::{enter, form_at};
use crate::{
    error::Failure,
    form::Form,
    headers::{self, Policy},
    inner::{Answer, Inner, again, done, show},
    route::{Asked, at},
    signed::Person,
    site::Site,
};
use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderValue, header},
    response::IntoResponse,
    routing::get,
};
use model::{
    Refusal,
    address::EditionDesk,
    country::Country,
    edition::Edition,
    email::Email,
    id::RegistrationId,
    permission::{Action, Place},
    registration::{Attendance, Capped, Registration, RegistrationState, RegistrationType, Taken},
    text::Line,
    time::Zone,
};
use store::RegistrationFilter;
use uuid::Uuid;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/desk/{edition}/registrations/", get(list));
    let router = at(router, "/desk/{edition}/registrations/registrations.csv", get(export));
    let router = form_at(router, "/desk/{edition}/registrations/new/", get(new).post(create));
    let router = form_at(router, "/desk/{edition}/registrations/{registration}/", get(one).post(save));
    import::routes(caps::routes(router))
}

const HELP: &str = "Who comes, as what, in person or from afar. Whoever is registered here can sign in with their address at once; being registered gives no role.";

/// Registrations on one page.
const PAGE: u64 = 50;

/// A value and its text in a choice.
type Choice = (String, String);

#[derive(Template)]
#[template(path = "desk/registrations.html")]
struct Registrations {
    inner: Inner,
    form: Form,
    kinds: Vec<Choice>,
    modes: Vec<Choice>,
    states: Vec<Choice>,
    linked: Vec<Choice>,
    rows: Vec<RowView>,
    count: u64,
    total: u64,
    cancelled: u64,
    signed_in: u64,
    counts: Vec<(String, u64)>,
    caps: Vec<Taken>,
    zones: Vec<(String, u32)>,
    more_zones: usize,
    page: u64,
    pages: u64,
    previous: Option<String>,
    next: Option<String>,
    new: String,
    import: String,
    set_caps: String,
    export: String,
    may_edit: bool,
    is_filtered: bool,
}

struct RowView {
    href: String,
    name: String,
    email: String,
    kind: &'static str,
    mode: &'static str,
    affiliation: String,
    country: String,
    cancelled: bool,
    signed_in: bool,
}

async fn list(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::SeeRegistrations, &Place::edition(&edition))?;
    let mut form = Form::default();
    for name in ["q", "type", "mode", "state", "linked"] {
        form = form.with(name, asked.value(name).unwrap_or_default());
    }
    let filter = RegistrationFilter {
        words: form.value("q").to_owned(),
        kind: RegistrationType::parse(form.value("type")),
        mode: Attendance::parse(form.value("mode")),
        state: RegistrationState::parse(form.value("state")),
        linked: match form.value("linked") {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        },
    };
    let page = asked.value("page").and_then(|page| page.parse::<u64>().ok()).unwrap_or(1).clamp(1, 10_000);
    let store = site.store();
    let (found, count) = store.registrations(edition.id, &filter, (page - 1) * PAGE, PAGE).await?;
    let counts = store.registration_counts(edition.id).await?;
    let caps = store.registration_caps(edition.id).await?.taken(&counts.active);
    let zones = store.people_by_zone(edition.id).await?;
    let path = EditionDesk::Registrations.path(&edition.slug);
    let inner =
        Inner::edition(&person, &edition, &path, "Registrations", HELP).noticing(&site, &asked.headers);
    let pages = count.div_ceil(PAGE).max(1);
    let to_page = |page: u64| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for name in ["q", "type", "mode", "state", "linked"] {
            if !form.value(name).is_empty() {
                query.append_pair(name, form.value(name));
            }
        }
        query.append_pair("page", &page.to_string());
        format!("{path}?{}", query.finish())
    };
    let rows = found
        .iter()
        .map(|one| RowView {
            href: EditionDesk::Registration(one.id).path(&edition.slug),
            name: if one.name.is_empty() { one.email.to_string() } else { one.name.to_string() },
            email: one.email.to_string(),
            kind: one.kind.shown(),
            mode: one.mode.shown(),
            affiliation: one.affiliation.to_string(),
            country: one.country.to_string(),
            cancelled: one.state == RegistrationState::Cancelled,
            signed_in: one.account.is_some(),
        })
        .collect();
    let (previous, next) = ((page > 1).then(|| to_page(page - 1)), (page < pages).then(|| to_page(page + 1)));
    show(&Registrations {
        kinds: choices(RegistrationType::ALL.map(|one| (one.as_str(), one.shown())), "any type"),
        modes: choices(Attendance::ALL.map(|one| (one.as_str(), one.shown())), "either way"),
        states: choices(RegistrationState::ALL.map(|one| (one.as_str(), one.shown())), "registered or not"),
        linked: choices([("yes", "have signed in"), ("no", "have not signed in")], "signed in or not"),
        rows,
        count,
        total: counts.total,
        cancelled: counts.cancelled,
        signed_in: counts.linked,
        counts: counts
            .active
            .iter()
            .map(|((kind, mode), count)| {
                (format!("{}, {}", kind.shown(), mode.shown().to_lowercase()), *count)
            })
            .collect(),
        caps,
        more_zones: zones.len().saturating_sub(12),
        zones: zones.iter().take(12).map(|one| (one.zone.name().to_owned(), one.people)).collect(),
        page,
        pages,
        previous,
        next,
        new: EditionDesk::NewRegistration.path(&edition.slug),
        import: EditionDesk::ImportRegistrations.path(&edition.slug),
        set_caps: EditionDesk::RegistrationCaps.path(&edition.slug),
        export: format!("{path}registrations.csv"),
        may_edit: person.subject.may(Action::EditRegistrations, &Place::edition(&edition)).is_ok(),
        is_filtered: filter != RegistrationFilter::default(),
        inner,
        form,
    })
}

/// The choices of a filter, with the one that filters nothing first.
fn choices<const N: usize>(values: [(&str, &str); N], all: &str) -> Vec<Choice> {
    std::iter::once(("", all))
        .chain(values)
        .map(|(value, text)| (value.to_owned(), text.to_owned()))
        .collect()
}

async fn export(State(site): State<Site>, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::SeeRegistrations, &Place::edition(&edition))?;
    let all = site.store().all_registrations(edition.id).await?;
    let mut response = interchange::write::registrations_csv(&all).into_response();
    let headers = response.headers_mut();
    headers.extend(headers::of(Policy::Private));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    let name = format!("attachment; filename=\"{}-registrations.csv\"", edition.slug);
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::try_from(name).map_err(|_| Failure::Internal)?);
    Ok(response)
}

#[derive(Template)]
#[template(path = "desk/registration.html")]
struct RegistrationPage {
    inner: Inner,
    form: Form,
    kinds: Vec<Choice>,
    modes: Vec<Choice>,
    states: Vec<Choice>,
    may_edit: bool,
    is_new: bool,
    signed_in: bool,
}

async fn page(
    site: &Site,
    asked: &Asked,
    person: &Person,
    edition: &Edition,
    registration: Option<&Registration>,
    form: Form,
) -> Result<RegistrationPage, Failure> {
    let counts = site.store().registration_counts(edition.id).await?;
    let full: Vec<Capped> = site
        .store()
        .registration_caps(edition.id)
        .await?
        .taken(&counts.active)
        .iter()
        .filter(|one| one.is_full())
        .map(|one| one.of)
        .collect();
    let offered = |of: Capped| {
        let note = if full.contains(&of) { " (full)" } else { "" };
        (of.as_str().to_owned(), format!("{}{note}", of.shown()))
    };
    let list = EditionDesk::Registrations.path(&edition.slug);
    let title = match registration {
        Some(one) if one.name.is_empty() => one.email.as_str(),
        Some(one) => one.name.as_str(),
        None => "New registration",
    };
    let inner = Inner::edition(person, edition, &list, title, HELP)
        .below(list.clone(), "Registrations")
        .noticing(site, &asked.headers);
    Ok(RegistrationPage {
        inner,
        form,
        kinds: RegistrationType::ALL.map(|kind| offered(Capped::Kind(kind))).into(),
        modes: Attendance::ALL.map(|mode| offered(Capped::Mode(mode))).into(),
        states: RegistrationState::ALL.map(|one| (one.as_str().to_owned(), one.shown().to_owned())).into(),
        may_edit: person.subject.may(Action::EditRegistrations, &Place::edition(edition)).is_ok(),
        is_new: registration.is_none(),
        signed_in: registration.is_some_and(|one| one.account.is_some()),
    })
}

/// Says a refusal at the field of the form that it means; the form calls the kind a type.
fn refuse(form: &mut Form, refusal: &Refusal) {
    match refusal.field.as_str() {
        "kind" => form.refuse("type", refusal),
        _ => form.refuse_by(refusal),
    }
}

/// The form with what a registration holds.
fn filled(one: &Registration) -> Form {
    Form::default()
        .with("email", &one.email)
        .with("name", &one.name)
        .with("type", one.kind.as_str())
        .with("mode", one.mode.as_str())
        .with("affiliation", &one.affiliation)
        .with("country", &one.country)
        .with("zone", one.zone.as_ref().map(|zone| zone.name().to_owned()).unwrap_or_default())
        .with("code", &one.code)
        .with("state", one.state.as_str())
}

/// What the form says; `None` when a field is refused, which then says why.
fn read(form: &mut Form, edition: &Edition, before: Option<&Registration>) -> Option<Registration> {
    let choice = |what: &str| Refusal::new(what, "it is none of these", "Choose one");
    let email = form.read("email", Email::parse);
    let kind = form.read("type", |word| RegistrationType::parse(word).ok_or_else(|| choice("type")));
    let mode = form.read("mode", |word| Attendance::parse(word).ok_or_else(|| choice("mode")));
    let state = form.read("state", |word| match word {
        "" => Ok(RegistrationState::Active),
        word => RegistrationState::parse(word).ok_or_else(|| choice("state")),
    });
    let zone = form.read_optional("zone", Zone::parse);
    let country = form.value("country");
    let country =
        Country::parse(country).map_or_else(|| Line::clean(country), |known| Line::from(known.name()));
    let (name, affiliation, code) = (
        Line::clean(form.value("name")),
        Line::clean(form.value("affiliation")),
        Line::clean(form.value("code")),
    );
    Some(Registration {
        id: before.map_or_else(|| RegistrationId(Uuid::now_v7()), |before| before.id),
        edition: edition.id,
        email: email?,
        name,
        kind: kind?,
        mode: mode?,
        affiliation,
        country,
        zone: zone?,
        code,
        state: state?,
        account: before.and_then(|before| before.account),
    })
}

async fn new(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::EditRegistrations, &Place::edition(&edition))?;
    show(&page(&site, &asked, &person, &edition, None, Form::default()).await?)
}

async fn create(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(slug): Path<String>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::EditRegistrations, &Place::edition(&edition))?;
    if let Some(one) = read(&mut form, &edition, None) {
        match site.store().put_registration(&person.subject.actor, &one).await {
            Ok(one) => {
                if form.is_ticked("tell") {
                    import::tell(&site, &person.subject.actor, &edition, std::slice::from_ref(&one)).await?;
                }
                let list = EditionDesk::Registrations.path(&edition.slug);
                return done(&site, &list, &format!("{} is registered and can sign in now.", one.email));
            }
            Err(store::Error::Refused(refusal)) => refuse(&mut form, &refusal),
            Err(error) => return Err(error.into()),
        }
    }
    again(&page(&site, &asked, &person, &edition, None, form).await?)
}

async fn one(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::SeeRegistrations, &Place::edition(&edition))?;
    let one = find(&site, &edition, id).await?;
    show(&page(&site, &asked, &person, &edition, Some(&one), filled(&one)).await?)
}

async fn save(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::EditRegistrations, &Place::edition(&edition))?;
    let before = find(&site, &edition, id).await?;
    if form.merge(&filled(&before))
        && let Some(one) = read(&mut form, &edition, Some(&before))
    {
        match site.store().put_registration(&person.subject.actor, &one).await {
            Ok(one) => {
                let list = EditionDesk::Registrations.path(&edition.slug);
                return done(&site, &list, &format!("The registration of {} is saved.", one.email));
            }
            Err(store::Error::Refused(refusal)) => refuse(&mut form, &refusal),
            Err(error) => return Err(error.into()),
        }
    }
    again(&page(&site, &asked, &person, &edition, Some(&before), form).await?)
}

async fn find(site: &Site, edition: &Edition, id: Uuid) -> Result<Registration, Failure> {
    let one = site.store().registration(edition.id, RegistrationId(id)).await?;
    one.ok_or_else(|| Failure::no("registration", &id.to_string()))
}
