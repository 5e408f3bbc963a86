//! Which programme is read and how it is changed: the newest release, which is public, or the working state.

use super::{answer::Seen, caller::Caller, fault::Fault, resource::Said};
use crate::{
    site::{Live, Site},
    snapshot::Snapshot,
};
use model::{
    edit::Command,
    edition::Edition,
    permission::{Action, Place},
    programme::Programme,
    text::Slug,
};
use serde::{Deserialize, Serialize};
use std::{ops::Deref, sync::Arc};
use store::EditionHead;
use utoipa::ToSchema;
use uuid::Uuid;

/// Which programme of an edition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// The newest release, as everybody sees it.
    #[default]
    Released,
    /// The working state, for those who may see the edition's desk. What is changed is changed here.
    Working,
}

/// A query that names the state alone.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfState {
    /// Which programme: the newest release, or the working state.
    #[serde(default)]
    #[param(inline)]
    pub(crate) state: Option<State>,
}

/// The programme that is read.
#[derive(Debug)]
pub(crate) enum Source {
    /// A release.
    Released(Arc<Snapshot>),
    /// The working state.
    Working(Box<Programme>),
}

impl Deref for Source {
    type Target = Programme;

    fn deref(&self) -> &Programme {
        match self {
            Self::Released(snapshot) => snapshot.programme(),
            Self::Working(programme) => programme,
        }
    }
}

/// The public edition of that slug or identifier.
pub(crate) fn live(site: &Site, key: &str) -> Option<Arc<Live>> {
    site.edition(key).or_else(|| {
        let id = Uuid::try_parse(key).ok()?;
        site.editions().into_iter().find(|live| live.edition.id.0 == id)
    })
}

/// The programme of an edition in that state, for a caller who may see it.
pub(crate) async fn read(site: &Site, caller: &Caller, key: &str, state: State) -> Result<Source, Fault> {
    if state == State::Working {
        let edition = desk(site, caller, key).await?.edition;
        let programme = site.store().programme(edition.id).await?;
        return Ok(Source::Working(Box::new(programme.ok_or_else(|| Fault::none("edition", key))?)));
    }
    let live = live(site, key).ok_or_else(|| Fault::none("edition", key))?;
    Ok(Source::Released(site.snapshot(&live).await?))
}

/// The edition of that slug or identifier as its working state has it; none for those who may not know of it.
pub(crate) async fn known(site: &Site, caller: &Caller, key: &str) -> Result<EditionHead, Fault> {
    let none = || Fault::none("edition", key);
    let head = match Uuid::try_parse(key) {
        Ok(id) => site.store().editions().await?.into_iter().find(|head| head.edition.id.0 == id),
        Err(_) => site.store().edition(&Slug::parse(key).map_err(|_| none())?).await?,
    };
    let head = head.ok_or_else(none)?;
    let visible = head.latest.is_some() || caller.subject.may_within(Action::SeeDesk, &head.edition);
    if visible { Ok(head) } else { Err(none()) }
}

/// The same for a caller who may see its desk or that of a part of it.
pub(crate) async fn desk(site: &Site, caller: &Caller, key: &str) -> Result<EditionHead, Fault> {
    caller.known()?;
    let head = known(site, caller, key).await?;
    if caller.subject.may_within(Action::SeeDesk, &head.edition) {
        return Ok(head);
    }
    caller.may(Action::SeeDesk, &Place::edition(&head.edition)).map(|()| head)
}

/// Changes the working state of an edition by `rule`, which says what is wrong with a fault of its own.
pub(crate) async fn change(
    site: &Site,
    caller: &Caller,
    edition: &Edition,
    rule: impl FnOnce(Programme) -> Result<Programme, Fault> + Send,
) -> Result<Programme, Fault> {
    let said = Said::default();
    let done =
        site.store().change(&caller.subject.actor, edition.id, |programme| said.keep(rule(programme))).await;
    said.outcome(done)
}

/// What a command of the desk makes of the programme, for a caller who may give it.
pub(crate) fn decide(caller: &Caller, programme: &Programme, command: &Command) -> Result<Programme, Fault> {
    for (action, place) in command.needs(programme) {
        caller.may(action, &place)?;
    }
    Ok(command.apply(programme)?)
}

/// Refuses when the thing is not any more what the caller saw, where they say what they saw.
pub(crate) fn unless_outdated(seen: Option<&Seen>, present: &impl Serialize) -> Result<(), Fault> {
    seen.map_or(Ok(()), |seen| seen.check(present))
}
