//! Registrations from elsewhere: a table is given, its columns are named, the difference is shown, and then applied.
//!
//! Nothing is written before somebody has seen what it would change, and nothing but registrations is written then.

use super::HELP;
use crate::{
    desk::{enter, form_at},
    error::Failure,
    form::Form,
    inner::{Answer, Inner, again, done, see_other, show},
    page::date_span,
    route::Asked,
    signed::Person,
    site::Site,
};
use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    routing::get,
};
use interchange::{Input, read_table};
use model::{
    Refusal,
    address::{Address, EditionDesk},
    edition::Edition,
    feed::Actor,
    mail::{MailKind, Mailbox, NewMail},
    permission::{Action, Place},
    registration::{Difference, Field, Mapping, Registration, RegistrationState, Sheet, Taken},
    text::excerpt,
};
use store::Agreed;
use uuid::Uuid;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = form_at(router, "/desk/{edition}/registrations/import/", get(begin).post(upload));
    let router = form_at(router, "/desk/{edition}/registrations/import/{upload}/", get(columns).post(map));
    form_at(router, "/desk/{edition}/registrations/import/{upload}/difference/", get(compare).post(apply))
}

/// Registrations of each part of a difference that are listed; the others are counted.
const LISTED: usize = 200;

/// Rows of a table that are shown beside its columns.
const SAMPLE: usize = 3;

#[derive(Template)]
#[template(path = "desk/registration_import.html")]
struct Begin {
    inner: Inner,
    form: Form,
}

#[derive(Template)]
#[template(path = "desk/registration_columns.html")]
struct ColumnsPage {
    inner: Inner,
    form: Form,
    file: String,
    rows: usize,
    columns: Vec<ColumnView>,
}

struct ColumnView {
    field: String,
    name: String,
    sample: String,
    /// The value, the text, and whether it is chosen.
    choices: Vec<(&'static str, &'static str, bool)>,
}

#[derive(Template)]
#[template(path = "desk/registration_difference.html")]
struct Compare {
    inner: Inner,
    form: Form,
    file: String,
    seen: String,
    back: String,
    added: Vec<AddedView>,
    added_count: usize,
    changed: Vec<ChangedView>,
    changed_count: usize,
    missing: Vec<String>,
    missing_count: usize,
    active: usize,
    cancels_most: bool,
    over: Vec<Taken>,
    unchanged: usize,
    problems: Vec<String>,
    problem_count: usize,
    nothing: bool,
}

struct AddedView {
    line: u64,
    name: String,
    email: String,
    told: String,
}

struct ChangedView {
    line: u64,
    name: String,
    fields: Vec<(&'static str, String, String)>,
}

fn frame(site: &Site, asked: &Asked, person: &Person, edition: &Edition, title: &str) -> Inner {
    let list = EditionDesk::Registrations.path(&edition.slug);
    Inner::edition(person, edition, &list, title, HELP)
        .below(list.clone(), "Registrations")
        .noticing(site, &asked.headers)
}

fn at(edition: &Edition, id: Uuid, end: &str) -> String {
    format!("{}{id}/{end}", EditionDesk::ImportRegistrations.path(&edition.slug))
}

/// The edition, for somebody who may import.
async fn entered(site: &Site, person: &Person, slug: &str) -> Result<Edition, Failure> {
    let edition = enter(site, person, slug).await?;
    person.may(Action::EditRegistrations, &Place::edition(&edition))?;
    Ok(edition)
}

/// The list that was uploaded.
async fn kept(site: &Site, edition: &Edition, id: Uuid) -> Result<(Sheet, Mapping), Failure> {
    let kept = site.store().upload(edition.id, id).await?;
    kept.ok_or_else(|| {
        Failure::NotFound("This list is not kept any more: an hour is over, or it was imported".to_owned())
    })
}

async fn begin(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = entered(&site, &person, &slug).await?;
    let inner = frame(&site, &asked, &person, &edition, "Import registrations");
    show(&Begin { inner, form: Form::default() })
}

async fn upload(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(slug): Path<String>,
    mut form: Form,
) -> Answer {
    let edition = entered(&site, &person, &slug).await?;
    let refusal = match form.file("file").cloned() {
        None => {
            Refusal::new("file", "no file was chosen", "Choose the list that the registration system exports")
        }
        Some(file) => {
            let name = excerpt(file.name.rsplit(['/', '\\']).next().unwrap_or_default(), 100);
            let reading = tokio::task::spawn_blocking(move || {
                let name = if name.is_empty() { "list.csv" } else { &name };
                read_table(Input { name, bytes: &file.bytes }).map_err(|error| error.to_string())
            });
            match reading.await.map_err(|_| Failure::Internal)? {
                Ok((sheet, _)) => {
                    let mapping = Mapping::guess(&sheet.columns);
                    let id = site.store().keep_upload(edition.id, &sheet, &mapping).await?;
                    return Ok(see_other(&at(&edition, id, "")));
                }
                Err(said) => {
                    let said = said.trim_end_matches('.');
                    let (problem, remedy) = said.rsplit_once(". ").unwrap_or((said, "Give another file"));
                    Refusal::new("file", problem, remedy)
                }
            }
        }
    };
    form.refuse("file", &refusal);
    let inner = frame(&site, &asked, &person, &edition, "Import registrations");
    again(&Begin { inner, form })
}

async fn columns(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
) -> Answer {
    let edition = entered(&site, &person, &slug).await?;
    let (sheet, mapping) = kept(&site, &edition, id).await?;
    let inner = frame(&site, &asked, &person, &edition, "What the columns mean");
    show(&columns_page(inner, &sheet, &mapping, Form::default()))
}

fn columns_page(inner: Inner, sheet: &Sheet, mapping: &Mapping, form: Form) -> ColumnsPage {
    let columns = sheet.columns.iter().enumerate().map(|(at, name)| {
        let sample: Vec<String> = sheet
            .rows
            .iter()
            .filter_map(|row| row.cells.get(at))
            .filter(|cell| !cell.trim().is_empty())
            .take(SAMPLE)
            .map(|cell| excerpt(cell, 40))
            .collect();
        let chosen = mapping.0.get(at).copied().flatten();
        let fields = Field::ALL.iter().map(|field| (field.as_str(), field.shown(), chosen == Some(*field)));
        ColumnView {
            field: format!("column-{at}"),
            name: if name.is_empty() { format!("column {}", at + 1) } else { excerpt(name, 80) },
            sample: sample.join(" · "),
            choices: std::iter::once(("", "left out", chosen.is_none())).chain(fields).collect(),
        }
    });
    ColumnsPage { columns: columns.collect(), file: sheet.name.clone(), rows: sheet.rows.len(), inner, form }
}

async fn map(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    mut form: Form,
) -> Answer {
    let edition = entered(&site, &person, &slug).await?;
    let (sheet, _) = kept(&site, &edition, id).await?;
    let fields: Vec<Option<Field>> =
        (0..sheet.columns.len()).map(|at| Field::parse(form.value(&format!("column-{at}")))).collect();
    let mapping = Mapping(fields);
    let refusal = if mapping.has(Field::Email) {
        Field::ALL
            .iter()
            .find(|field| mapping.0.iter().filter(|mapped| **mapped == Some(**field)).count() > 1)
            .map(|field| {
                let problem = format!("two columns are \"{}\"", field.shown());
                Refusal::new("columns", problem, "Leave one of them out")
            })
    } else {
        Some(Refusal::new("columns", "no column is the e-mail address", "Say which one is"))
    };
    if let Some(refusal) = refusal {
        form.refuse("", &refusal);
        let inner = frame(&site, &asked, &person, &edition, "What the columns mean");
        return again(&columns_page(inner, &sheet, &mapping, form));
    }
    site.store().map_upload(edition.id, id, &mapping).await?;
    Ok(see_other(&at(&edition, id, "difference/")))
}

async fn compare(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
) -> Answer {
    let edition = entered(&site, &person, &slug).await?;
    show(&difference_page(&site, &asked, &person, &edition, id, Form::default()).await?)
}

async fn difference_page(
    site: &Site,
    asked: &Asked,
    person: &Person,
    edition: &Edition,
    id: Uuid,
    form: Form,
) -> Result<Compare, Failure> {
    let (sheet, mapping) = kept(site, edition, id).await?;
    let difference = site.store().registration_difference(edition.id, &sheet, &mapping).await?;
    let counts = site.store().registration_counts(edition.id).await?;
    let caps = site.store().registration_caps(edition.id).await?;
    let active = usize::try_from(counts.total).unwrap_or(usize::MAX);
    let over = difference.over(&caps, &counts.active, form.is_ticked("cancel_missing"));
    let Difference { added, changed, missing, problems, unchanged, .. } = &difference;
    Ok(Compare {
        inner: frame(site, asked, person, edition, "What the import would change"),
        form,
        file: sheet.name.clone(),
        seen: difference.seen(),
        back: at(edition, id, ""),
        added_count: added.len(),
        added: added
            .iter()
            .take(LISTED)
            .map(|(line, one)| AddedView {
                line: *line,
                name: one.name.to_string(),
                email: one.email.to_string(),
                told: format!("{}, {}", one.kind.shown(), one.mode.shown().to_lowercase()),
            })
            .collect(),
        changed_count: changed.len(),
        changed: changed
            .iter()
            .take(LISTED)
            .map(|one| ChangedView {
                line: one.line,
                name: if one.before.name.is_empty() {
                    one.before.email.to_string()
                } else {
                    one.before.name.to_string()
                },
                fields: fields(&one.before, &one.after),
            })
            .collect(),
        missing_count: missing.len(),
        missing: missing
            .iter()
            .take(LISTED)
            .map(|one| {
                if one.name.is_empty() {
                    one.email.to_string()
                } else {
                    format!("{} ({})", one.name, one.email)
                }
            })
            .collect(),
        active,
        cancels_most: difference.cancels_most(active),
        over,
        unchanged: *unchanged,
        problem_count: problems.len(),
        problems: problems
            .iter()
            .take(LISTED)
            .map(|one| {
                let column = if one.column.is_empty() {
                    String::new()
                } else {
                    format!(", {}", excerpt(&one.column, 60))
                };
                format!("Line {}{column}: {}. {}.", one.line, one.problem, one.remedy)
            })
            .collect(),
        nothing: difference.is_empty() && missing.is_empty(),
    })
}

/// What differs between two states of a registration: the field, before and after.
fn fields(before: &Registration, after: &Registration) -> Vec<(&'static str, String, String)> {
    let zone = |one: &Registration| one.zone.as_ref().map(|zone| zone.name().to_owned()).unwrap_or_default();
    let both = [
        ("address", before.email.to_string(), after.email.to_string()),
        ("name", before.name.to_string(), after.name.to_string()),
        ("type", before.kind.shown().to_owned(), after.kind.shown().to_owned()),
        ("way", before.mode.shown().to_owned(), after.mode.shown().to_owned()),
        ("affiliation", before.affiliation.to_string(), after.affiliation.to_string()),
        ("country", before.country.to_string(), after.country.to_string()),
        ("time zone", zone(before), zone(after)),
        ("code", before.code.to_string(), after.code.to_string()),
        ("state", before.state.shown().to_owned(), after.state.shown().to_owned()),
    ];
    both.into_iter().filter(|(_, before, after)| before != after).collect()
}

async fn apply(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    mut form: Form,
) -> Answer {
    let edition = entered(&site, &person, &slug).await?;
    let (sheet, mapping) = kept(&site, &edition, id).await?;
    let agreed = Agreed {
        seen: form.value("seen").to_owned(),
        cancel_missing: form.is_ticked("cancel_missing"),
        cancel_most: form.is_ticked("cancel_most"),
        over_caps: form.is_ticked("over_caps"),
    };
    let actor = &person.subject.actor;
    match site.store().import_registrations(actor, edition.id, &sheet, &mapping, &agreed).await {
        Ok(outcome) => {
            site.store().drop_upload(edition.id, id).await?;
            let mut notice = format!(
                "{} added, {} changed, {} cancelled.",
                outcome.added.len(),
                outcome.changed,
                outcome.cancelled
            );
            if form.is_ticked("tell") {
                let told = tell(&site, &person.subject.actor, &edition, &outcome.added).await?;
                notice = format!("{notice} {told} are told by mail.");
            }
            done(&site, &EditionDesk::Registrations.path(&edition.slug), &notice)
        }
        Err(store::Error::Refused(refusal)) => {
            // The guards stand on this form, whatever else the refusal calls its field.
            let guard = ["cancel_most", "over_caps"].into_iter().find(|guard| refusal.field == *guard);
            form.refuse(guard.unwrap_or_default(), &refusal);
            again(&difference_page(&site, &asked, &person, &edition, id, form).await?)
        }
        Err(error) => Err(error.into()),
    }
}

/// Queues the mail that confirms a registration, to those who are registered now; each of them is told once. Gives how
/// many mails are new in the queue.
pub(crate) async fn tell(
    site: &Site,
    actor: &Actor,
    edition: &Edition,
    added: &[Registration],
) -> Result<usize, Failure> {
    let link = format!("{}{}", site.base_url(), Address::Home.path(&edition.slug));
    let place: Vec<&str> =
        [&edition.city, &edition.country].into_iter().filter_map(|line| line.non_empty()).collect();
    let mails: Vec<NewMail> = added
        .iter()
        .filter(|one| one.state == RegistrationState::Active)
        .map(|one| {
            let to = Mailbox { name: one.name.clone(), address: one.email.clone() };
            let mail = NewMail::new(MailKind::Registered, to)
                .with("name", one.name.as_str())
                .with("dates", date_span(edition.first_day, edition.last_day))
                .with("place", place.join(", "))
                .with("link", link.clone());
            NewMail {
                edition: Some(edition.id),
                account: one.account,
                once: Some(format!("registered {} {}", edition.id, one.id)),
                ..mail
            }
        })
        .collect();
    if mails.is_empty() {
        return Ok(0);
    }
    Ok(site.store().queue_mail(actor, mails).await?.queued.len())
}
