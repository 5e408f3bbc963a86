//! How many may be registered: a cap for each type and each way.

use crate::{
    desk::{enter, form_at},
    error::Failure,
    form::Form,
    inner::{Answer, Inner, again, done, show},
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
use model::{
    Refusal,
    address::EditionDesk,
    edition::Edition,
    permission::{Action, Place},
    registration::{Attendance, Capped, Caps, MOST_CAP, RegistrationType},
};
use std::collections::BTreeMap;

const HELP: &str = "How many may be registered at most. Left empty, any number. Nobody is entered over a cap, and a list that goes over one says so before it is imported. A cap below what is registered cancels nobody.";

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    form_at(router, "/desk/{edition}/registrations/caps/", get(edit).post(save))
}

#[derive(Template)]
#[template(path = "desk/registration_caps.html")]
struct CapsPage {
    inner: Inner,
    form: Form,
    kinds: Vec<Field>,
    modes: Vec<Field>,
}

/// One field: its name, its label, and how many are registered now.
struct Field {
    name: &'static str,
    label: &'static str,
    help: String,
}

/// The form with the caps that there are.
fn filled(caps: &Caps) -> Form {
    Capped::all().fold(Form::default(), |form, of| {
        form.with(of.as_str(), caps.get(of).map(|most| most.to_string()).unwrap_or_default())
    })
}

/// What the form says; `None` when a field is refused, which then says why.
fn read(form: &mut Form) -> Option<Caps> {
    let mut caps = vec![];
    let mut is_refused = false;
    for of in Capped::all() {
        let number = |text: &str| {
            text.trim().parse().ok().filter(|most| *most <= MOST_CAP).ok_or_else(|| {
                let problem = format!(
                    "the cap for \"{}\" is no number from 0 to {MOST_CAP}",
                    of.shown().to_lowercase()
                );
                Refusal::new("cap", problem, "Type one, or leave it empty for no cap")
            })
        };
        match form.read_optional(of.as_str(), number) {
            Some(most) => caps.extend(most.map(|most| (of, most))),
            None => is_refused = true,
        }
    }
    (!is_refused).then(|| caps.into_iter().collect())
}

async fn page(
    site: &Site,
    asked: &Asked,
    person: &Person,
    edition: &Edition,
    form: Form,
) -> Result<CapsPage, Failure> {
    let list = EditionDesk::Registrations.path(&edition.slug);
    let counts = site.store().registration_counts(edition.id).await?;
    // Against a cap of zero each of them: how many there are.
    let zero: Caps = Capped::all().map(|of| (of, 0)).collect();
    let counted: BTreeMap<Capped, u64> =
        zero.taken(&counts.active).into_iter().map(|one| (one.of, one.count)).collect();
    let field = |of: Capped| Field {
        name: of.as_str(),
        label: of.shown(),
        help: format!("{} registered now.", counted.get(&of).copied().unwrap_or_default()),
    };
    Ok(CapsPage {
        inner: Inner::edition(person, edition, &list, "Caps", HELP)
            .below(list.clone(), "Registrations")
            .noticing(site, &asked.headers),
        form,
        kinds: RegistrationType::ALL.map(|kind| field(Capped::Kind(kind))).into(),
        modes: Attendance::ALL.map(|mode| field(Capped::Mode(mode))).into(),
    })
}

async fn edit(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::EditRegistrations, &Place::edition(&edition))?;
    let caps = site.store().registration_caps(edition.id).await?;
    show(&page(&site, &asked, &person, &edition, filled(&caps)).await?)
}

async fn save(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(slug): Path<String>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::EditRegistrations, &Place::edition(&edition))?;
    let present = site.store().registration_caps(edition.id).await?;
    if form.merge(&filled(&present))
        && let Some(caps) = read(&mut form)
    {
        let seen = present.clone();
        let rule = |now: Caps| if now == seen { Ok(caps) } else { Err(changed()) };
        match site.store().change_registration_caps(&person.subject.actor, edition.id, rule).await {
            Ok(_) => {
                return done(&site, &EditionDesk::Registrations.path(&edition.slug), "The caps are saved.");
            }
            Err(store::Error::Refused(refusal)) => form.refuse_by(&refusal),
            Err(error) => return Err(error.into()),
        }
    }
    again(&page(&site, &asked, &person, &edition, form).await?)
}

fn changed() -> Refusal {
    Refusal::new(
        "caps",
        "somebody changed the caps at the same moment",
        "Save again: what they changed is merged then",
    )
}
