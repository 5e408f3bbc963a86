//! How a form or a button of the desk becomes a change of the programme.
//!
//! What somebody typed is merged with what others saved, read and decided **within the transaction that writes it**, so
//! that two who save at the same moment never overwrite one another.

use crate::{error::Failure, form::Form, signed::Person, site::Site};
use model::{Refusal, edit::Command, edition::Edition, programme::Programme};
use uuid::Uuid;

/// The present working state of an edition.
pub(super) async fn programme(site: &Site, edition: &Edition) -> Result<Programme, Failure> {
    let programme = site.store().programme(edition.id).await?;
    programme.ok_or_else(|| Failure::no("edition", edition.slug.as_str()))
}

/// Changes the programme by a form: `read` merges it with the present state, reads it and answers with what to do, or
/// with `None` when the form is refused and says why. Gives the programme after it, `None` when the form is to be shown
/// again.
pub(super) async fn by_form(
    site: &Site,
    person: &Person,
    edition: &Edition,
    form: &mut Form,
    read: impl FnOnce(&mut Form, &Programme) -> Result<Option<Vec<Command>>, Refusal> + Send,
) -> Result<Option<Programme>, Failure> {
    let mut forbidden = None;
    let outcome = site
        .store()
        .change(&person.subject.actor, edition.id, |all| {
            let Some(commands) = read(form, &all)? else { return Err(undecided()) };
            commands.iter().try_fold(all, |all, command| apply(person, &all, command, &mut forbidden))
        })
        .await;
    match (outcome, forbidden) {
        (Ok(after), _) => Ok(Some(after)),
        (Err(_), Some(refusal)) => Err(Failure::Forbidden(refusal)),
        (Err(store::Error::Refused(refusal)), None) => {
            if !form.is_refused() {
                form.refuse_by(&refusal);
            }
            Ok(None)
        }
        (Err(error), None) => Err(error.into()),
    }
}

/// Changes the programme by a button. Gives the programme after it.
pub(super) async fn by_button(
    site: &Site,
    person: &Person,
    edition: &Edition,
    command: &Command,
) -> Result<Programme, Failure> {
    let mut forbidden = None;
    let outcome = site
        .store()
        .change(&person.subject.actor, edition.id, |all| apply(person, &all, command, &mut forbidden))
        .await;
    match forbidden {
        Some(refusal) => Err(Failure::Forbidden(refusal)),
        None => Ok(outcome?),
    }
}

fn apply(
    person: &Person,
    all: &Programme,
    command: &Command,
    forbidden: &mut Option<Refusal>,
) -> Result<Programme, Refusal> {
    for (action, place) in command.needs(all) {
        if let Err(refusal) = person.subject.may(action, &place) {
            *forbidden = Some(refusal.clone());
            return Err(refusal);
        }
    }
    command.apply(all)
}

/// Ends a transaction because the form says what is to be decided.
pub(super) fn undecided() -> Refusal {
    Refusal::new("form", "it is not complete", "Mend what is marked")
}

/// The thing of that identifier in the address.
pub(super) fn find<T: Clone>(
    things: &[T],
    kind: &str,
    id: Uuid,
    is_it: impl Fn(&T) -> bool,
) -> Result<T, Failure> {
    let thing = things.iter().find(|thing| is_it(thing));
    thing.cloned().ok_or_else(|| Failure::no(kind, &id.to_string()))
}

/// What is left of something once it is gone, as `1 session` or `3 sessions`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}
