//! What makes up a programme: rooms, tracks, persons and sessions, read from the newest release or the working state and
//! changed by the commands of the desk.

use super::{
    answer::Seen,
    caller::Caller,
    fault::Fault,
    programme::{self, OfState, decide},
    resource::{Change, Desk, Ordered, Removable, Resource},
};
use crate::site::Site;
use model::{
    Refusal,
    edit::{Command, Shift},
    programme::Programme,
};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

/// A part of the programme as the API shows it.
pub(super) trait Part: Serialize + Sized + Send {
    /// The part itself.
    type Model: Sync;

    /// See [`Resource::Input`].
    type Input: Serialize + DeserializeOwned + Send + Sync;

    /// See [`Resource::ONE`].
    const ONE: &'static str;

    /// See [`Resource::LIST`].
    const LIST: &'static str;

    /// As it is shown.
    fn shown(one: &Self::Model) -> Self;

    /// Its identifier.
    fn id(&self) -> Uuid;

    /// What was decided of it.
    fn input(&self) -> &Self::Input;

    /// All of them in a programme.
    fn of(all: &Programme) -> &[Self::Model];

    /// Whether an address means it.
    fn is(one: &Self::Model, key: &str) -> bool;

    /// The part that an input decides, in that programme, in the place of `present`.
    fn read(
        input: &Self::Input,
        id: Uuid,
        present: Option<&Self::Model>,
        all: &Programme,
    ) -> Result<Self::Model, Refusal>;

    /// The command that adds or changes it.
    fn put(one: Self::Model) -> Command;

    /// The command that removes it.
    fn without(id: Uuid) -> Command;
}

/// A part whose place among the others is decided by hand.
pub(super) trait OrderedPart: Part {
    /// The command that moves it.
    fn moved(id: Uuid, by: Shift) -> Command;
}

/// The part that an address means.
pub(super) fn find<'a, P: Part>(all: &'a Programme, key: &str) -> Result<&'a P::Model, Fault> {
    P::of(all).iter().find(|one| P::is(one, key)).ok_or_else(|| Fault::none(P::ONE, key))
}

/// Changes the part that an address means, and gives it as it is then.
pub(super) async fn change_by<P: Part>(
    site: &Site,
    caller: &Caller,
    edition: &model::edition::Edition,
    key: &str,
    rule: impl FnOnce(&Programme, &P::Model) -> Result<Programme, Fault> + Send,
) -> Result<P, Fault> {
    let mut id = None;
    let after = programme::change(site, caller, edition, |all| {
        let present = find::<P>(&all, key)?;
        id = Some(P::shown(present).id().to_string());
        rule(&all, present)
    })
    .await?;
    // By its identifier: the change may have given it another name.
    find::<P>(&after, id.as_deref().unwrap_or(key)).map(P::shown)
}

impl<P: Part> Resource for P {
    type Input = P::Input;
    type Wanted = OfState;

    const ONE: &'static str = P::ONE;
    const LIST: &'static str = P::LIST;

    fn id(&self) -> Uuid {
        Part::id(self)
    }

    fn input(&self) -> &Self::Input {
        Part::input(self)
    }

    async fn all(site: &Site, caller: &Caller, edition: &str, wanted: &OfState) -> Result<Vec<Self>, Fault> {
        let source = programme::read(site, caller, edition, wanted.state.unwrap_or_default()).await?;
        Ok(P::of(&source).iter().map(P::shown).collect())
    }

    async fn find(
        site: &Site,
        caller: &Caller,
        edition: &str,
        key: &str,
        wanted: &OfState,
    ) -> Result<Self, Fault> {
        let source = programme::read(site, caller, edition, wanted.state.unwrap_or_default()).await?;
        find::<P>(&source, key).map(P::shown)
    }

    async fn add(desk: &Desk, input: &Self::Input) -> Result<Self, Fault> {
        let id = Uuid::now_v7();
        let after = programme::change(&desk.site, &desk.caller, &desk.edition, |all| {
            decide(&desk.caller, &all, &P::put(P::read(input, id, None, &all)?))
        })
        .await?;
        find::<P>(&after, &id.to_string()).map(P::shown)
    }

    async fn change(desk: &Desk, key: &str, change: &Change) -> Result<Self, Fault> {
        change_by::<P>(&desk.site, &desk.caller, &desk.edition, key, |all, present| {
            let shown = P::shown(present);
            let changed = P::read(&change.of(&shown)?, Part::id(&shown), Some(present), all)?;
            decide(&desk.caller, all, &P::put(changed))
        })
        .await
    }
}

impl<P: Part> Removable for P {
    async fn remove(desk: &Desk, key: &str, seen: &Seen) -> Result<(), Fault> {
        programme::change(&desk.site, &desk.caller, &desk.edition, |all| {
            let shown = P::shown(find::<P>(&all, key)?);
            seen.check(&shown)?;
            decide(&desk.caller, &all, &P::without(Part::id(&shown)))
        })
        .await?;
        Ok(())
    }
}

impl<P: OrderedPart> Ordered for P {
    async fn shift(desk: &Desk, key: &str, by: Shift) -> Result<(), Fault> {
        change_by::<P>(&desk.site, &desk.caller, &desk.edition, key, |all, present| {
            decide(&desk.caller, all, &P::moved(Part::id(&P::shown(present)), by))
        })
        .await?;
        Ok(())
    }
}
