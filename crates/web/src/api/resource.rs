//! What all things of an edition have in common: a program lists them, reads one, adds, changes and removes one.
//!
//! A file of the API says of its thing what is its own, in a [`Resource`]: how it looks, what one decides of it, and which
//! commands of the record change it. The requests are alike and are answered here; `reading!` and `writing!` describe
//! them, each under the thing's own name, for the document.

use super::{
    BASE,
    answer::{self, Answer, Paging, Seen},
    body::Patch,
    caller::Caller,
    fault::Fault,
    programme,
};
use crate::site::Site;
use axum::http::{HeaderMap, Uri};
use model::{
    Refusal,
    edit::Shift,
    edition::Edition,
    permission::{Action, Place},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::sync::{Mutex, PoisonError};
use utoipa::ToSchema;
use uuid::Uuid;

/// A thing of an edition as the API shows it.
pub(super) trait Resource: Serialize + Sized + Send {
    /// What one decides of it, which is what a merge patch changes.
    type Input: Serialize + DeserializeOwned + Send + Sync;

    /// Which of them are read, as the query of a request says.
    type Wanted: Send + Sync;

    /// What one of it is called.
    const ONE: &'static str;

    /// Their list in addresses.
    const LIST: &'static str;

    /// Its identifier.
    fn id(&self) -> Uuid;

    /// What was decided of it.
    fn input(&self) -> &Self::Input;

    /// Whether an address means it.
    fn is(&self, key: &str) -> bool {
        is_id(self.id(), key)
    }

    /// Those of the edition that the caller may see, in their order.
    async fn all(
        site: &Site,
        caller: &Caller,
        edition: &str,
        wanted: &Self::Wanted,
    ) -> Result<Vec<Self>, Fault>;

    /// The one that the address means.
    async fn find(
        site: &Site,
        caller: &Caller,
        edition: &str,
        key: &str,
        wanted: &Self::Wanted,
    ) -> Result<Self, Fault> {
        let all = Self::all(site, caller, edition, wanted).await?;
        all.into_iter().find(|one| one.is(key)).ok_or_else(|| Fault::none(Self::ONE, key))
    }

    /// Adds one.
    async fn add(desk: &Desk, input: &Self::Input) -> Result<Self, Fault>;

    /// Changes the one that the address means.
    async fn change(desk: &Desk, key: &str, change: &Change) -> Result<Self, Fault>;
}

/// A thing that can be removed.
pub(super) trait Removable: Resource {
    /// Removes the one that the address means, if it still is what was seen.
    async fn remove(desk: &Desk, key: &str, seen: &Seen) -> Result<(), Fault>;
}

/// A thing whose place among the others is decided by hand.
pub(super) trait Ordered: Resource {
    /// Moves the one that the address means by one place.
    async fn shift(desk: &Desk, key: &str, by: Shift) -> Result<(), Fault>;
}

/// Whether an address means the thing of that identifier.
pub(super) fn is_id(id: Uuid, key: &str) -> bool {
    Uuid::try_parse(key).is_ok_and(|key| key == id)
}

/// The identifier in an address.
pub(super) fn id_in(kind: &str, key: &str) -> Result<Uuid, Fault> {
    Uuid::try_parse(key).map_err(|_| Fault::none(kind, key))
}

/// The query of things that are read in one way only.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(super) struct Nothing {}

/// An edition whose things are changed, and who changes them.
pub(super) struct Desk {
    pub(super) site: Site,
    pub(super) caller: Caller,
    pub(super) edition: Edition,
}

impl Desk {
    /// The desk of an edition, for a caller who may see it and whose token changes things.
    pub(super) async fn enter(site: Site, caller: Caller, edition: &str) -> Result<Self, Fault> {
        let edition = programme::desk(&site, &caller, edition).await?.edition;
        caller.may_write()?;
        Ok(Self { site, caller, edition })
    }

    /// Refuses whoever may not do that in the whole edition.
    pub(super) fn may(&self, action: Action) -> Result<(), Fault> {
        self.caller.may(action, &Place::edition(&self.edition))
    }

    /// Where a thing of the edition stands.
    pub(super) fn address<R: Resource>(&self, id: Uuid) -> String {
        format!("{BASE}/editions/{}/{}/{id}", self.edition.slug, R::LIST)
    }
}

/// What a caller saw of a thing, and what is to be different.
pub(super) struct Change {
    seen: Seen,
    patch: Patch,
}

impl Change {
    /// What becomes of the thing, if it still is what the caller saw.
    pub(super) fn of<R: Resource>(&self, present: &R) -> Result<R::Input, Fault> {
        self.seen.check(present)?;
        self.patch.apply(present.input())
    }
}

/// Lets a rule that the record applies say what is wrong with a fault of its own: the record knows refusals only.
#[derive(Debug, Default)]
pub(super) struct Said(Mutex<Option<Fault>>);

impl Said {
    /// The outcome as the record takes it.
    pub(super) fn keep<T>(&self, outcome: Result<T, Fault>) -> Result<T, Refusal> {
        outcome.map_err(|fault| {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
            Refusal::new("change", "it was refused", "Read what is wrong")
        })
    }

    /// What came of it, with what the rule said where it said no.
    pub(super) fn outcome<T>(self, done: Result<T, store::Error>) -> Result<T, Fault> {
        let said = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.map_err(|error| said.unwrap_or_else(|| error.into()))
    }
}

/// Answers with a page of the list.
pub(super) async fn list<R: Resource>(
    site: Site,
    caller: Caller,
    (uri, headers): (Uri, HeaderMap),
    edition: &str,
    wanted: &R::Wanted,
    paging: Paging,
) -> Answer {
    let all = R::all(&site, &caller, edition, wanted).await?;
    answer::list(&headers, &uri, &paging.cut(all, R::id)?)
}

/// Answers with the one that the address means.
pub(super) async fn get<R: Resource>(
    site: Site,
    caller: Caller,
    headers: HeaderMap,
    (edition, key): (String, String),
    wanted: &R::Wanted,
) -> Answer {
    answer::thing(&headers, &R::find(&site, &caller, &edition, &key, wanted).await?)
}

/// Adds one, and answers with it.
pub(super) async fn create<R: Resource>(
    site: Site,
    caller: Caller,
    edition: &str,
    input: &R::Input,
) -> Answer {
    let desk = Desk::enter(site, caller, edition).await?;
    let added = R::add(&desk, input).await?;
    answer::created(&desk.address::<R>(added.id()), &added)
}

/// Changes one, and answers with it.
pub(super) async fn change<R: Resource>(
    site: Site,
    caller: Caller,
    headers: HeaderMap,
    (edition, key): (String, String),
    patch: Patch,
) -> Answer {
    let desk = Desk::enter(site, caller, &edition).await?;
    let change = Change { seen: Seen::required(&headers)?, patch };
    answer::changed(&R::change(&desk, &key, &change).await?)
}

/// Removes one.
pub(super) async fn remove<R: Removable>(
    site: Site,
    caller: Caller,
    headers: HeaderMap,
    (edition, key): (String, String),
) -> Answer {
    let desk = Desk::enter(site, caller, &edition).await?;
    R::remove(&desk, &key, &Seen::required(&headers)?).await?;
    answer::nothing()
}

/// Moves one by a place.
pub(super) async fn shift<R: Ordered>(
    site: Site,
    caller: Caller,
    (edition, key): (String, String),
    step: Step,
) -> Answer {
    let desk = Desk::enter(site, caller, &edition).await?;
    R::shift(&desk, &key, step.to.into()).await?;
    answer::nothing()
}

/// One step in an order.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
pub(super) struct Step {
    /// Whereto.
    to: Way,
}

/// Whereto something moves in its list.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Way {
    /// Towards the beginning.
    Up,
    /// Towards the end.
    Down,
}

impl From<Way> for Shift {
    fn from(way: Way) -> Self {
        match way {
            Way::Up => Self::Up,
            Way::Down => Self::Down,
        }
    }
}

/// The operations that read a thing: `list` and `get`. In the first brackets stands the query of reading where there is
/// one, in the second what else the document says of both.
macro_rules! reading {
    (
        $thing:ident, $tag:tt, $list_path:tt, $item_path:tt by $key:tt,
        [$($wanted:ident)?] [$($said:tt)*],
        $list:tt: $lists:expr, $get:tt: $shows:expr $(,)?
    ) => {
        #[utoipa::path(
            get, path = $list_path, operation_id = $list, tag = $tag, summary = $lists,
            params(
                ("edition" = String, Path, description = "The edition's slug or identifier"),
                $($wanted,)? super::answer::Paging,
            ),
            responses(
                (status = 200, description = "A page of the list", body = super::answer::Page<$thing>),
                (status = 304, description = "The caller has it already"),
            ),
            $($said)*
        )]
        async fn list(
            axum::extract::State(site): axum::extract::State<crate::site::Site>,
            caller: super::caller::Caller,
            uri: axum::http::Uri,
            headers: axum::http::HeaderMap,
            axum::extract::Path(edition): axum::extract::Path<String>,
            super::body::Query(wanted): super::body::Query<<$thing as super::resource::Resource>::Wanted>,
            super::body::Query(paging): super::body::Query<super::answer::Paging>,
        ) -> super::answer::Answer {
            super::resource::list::<$thing>(site, caller, (uri, headers), &edition, &wanted, paging).await
        }

        #[utoipa::path(
            get, path = $item_path, operation_id = $get, tag = $tag, summary = $shows,
            params(
                ("edition" = String, Path, description = "The edition's slug or identifier"),
                ("id" = String, Path, description = $key),
                $($wanted,)?
            ),
            responses(
                (status = 200, description = "The thing", body = $thing),
                (status = 304, description = "The caller has it already"),
            ),
            $($said)*
        )]
        async fn get(
            axum::extract::State(site): axum::extract::State<crate::site::Site>,
            caller: super::caller::Caller,
            headers: axum::http::HeaderMap,
            axum::extract::Path(at): axum::extract::Path<(String, String)>,
            super::body::Query(wanted): super::body::Query<<$thing as super::resource::Resource>::Wanted>,
        ) -> super::answer::Answer {
            super::resource::get::<$thing>(site, caller, headers, at, &wanted).await
        }
    };
}

/// The operations that write a thing: `create`, `change` and `remove`.
macro_rules! writing {
    (
        $thing:ident by $input:ident, $tag:tt, $list_path:tt, $item_path:tt by $key:tt,
        $create:tt: $creates:expr, $change:tt: $changes:expr, $remove:tt: $removes:expr $(,)?
    ) => {
        super::resource::adding!(
            $thing by $input, $tag, $list_path, $item_path by $key, $create: $creates, $change: $changes
        );
        super::resource::removing!($thing, $tag, $item_path by $key, $remove: $removes);
    };
}

/// The operations that write a thing which is never removed: `create` and `change`.
macro_rules! adding {
    (
        $thing:ident by $input:ident, $tag:tt, $list_path:tt, $item_path:tt by $key:tt,
        $create:tt: $creates:expr, $change:tt: $changes:expr $(,)?
    ) => {
        #[utoipa::path(
            post, path = $list_path, operation_id = $create, tag = $tag, summary = $creates,
            params(("edition" = String, Path, description = "The edition's slug or identifier")),
            request_body = $input,
            responses((status = 201, description = "It is added", body = $thing)),
            security(("token" = [])),
        )]
        async fn create(
            axum::extract::State(site): axum::extract::State<crate::site::Site>,
            caller: super::caller::Caller,
            axum::extract::Path(edition): axum::extract::Path<String>,
            super::body::Json(input): super::body::Json<$input>,
        ) -> super::answer::Answer {
            super::resource::create::<$thing>(site, caller, &edition, &input).await
        }

        #[utoipa::path(
            patch, path = $item_path, operation_id = $change, tag = $tag, summary = $changes,
            params(
                ("edition" = String, Path, description = "The edition's slug or identifier"),
                ("id" = String, Path, description = $key),
                ("If-Match" = Option<String>, Header, description = "The ETag of the thing as it is now, in the working state"),
            ),
            request_body(content = $input, content_type = "application/merge-patch+json"),
            responses((status = 200, description = "The thing as it is now", body = $thing)),
            security(("token" = [])),
        )]
        async fn change(
            axum::extract::State(site): axum::extract::State<crate::site::Site>,
            caller: super::caller::Caller,
            headers: axum::http::HeaderMap,
            axum::extract::Path(at): axum::extract::Path<(String, String)>,
            patch: super::body::Patch,
        ) -> super::answer::Answer {
            super::resource::change::<$thing>(site, caller, headers, at, patch).await
        }
    };
}

/// The operation that removes a thing: `remove`.
macro_rules! removing {
    ($thing:ident, $tag:tt, $item_path:tt by $key:tt, $remove:tt: $removes:expr $(,)?) => {
        #[utoipa::path(
            delete, path = $item_path, operation_id = $remove, tag = $tag, summary = $removes,
            params(
                ("edition" = String, Path, description = "The edition's slug or identifier"),
                ("id" = String, Path, description = $key),
                ("If-Match" = Option<String>, Header, description = "The ETag of the thing as it is now, in the working state"),
            ),
            responses((status = 204, description = "It is gone")),
            security(("token" = [])),
        )]
        async fn remove(
            axum::extract::State(site): axum::extract::State<crate::site::Site>,
            caller: super::caller::Caller,
            headers: axum::http::HeaderMap,
            axum::extract::Path(at): axum::extract::Path<(String, String)>,
        ) -> super::answer::Answer {
            super::resource::remove::<$thing>(site, caller, headers, at).await
        }
    };
}

/// The operation that moves a thing among the others: `shift`.
macro_rules! moving {
    ($thing:ident, $tag:tt, $path:tt by $key:tt, $shift:tt: $shifts:expr $(,)?) => {
        #[utoipa::path(
            post, path = $path, operation_id = $shift, tag = $tag, summary = $shifts,
            params(
                ("edition" = String, Path, description = "The edition's slug or identifier"),
                ("id" = String, Path, description = $key),
            ),
            request_body = super::resource::Step,
            responses((status = 204, description = "It is moved, unless it stood at the end already")),
            security(("token" = [])),
        )]
        async fn shift(
            axum::extract::State(site): axum::extract::State<crate::site::Site>,
            caller: super::caller::Caller,
            axum::extract::Path(at): axum::extract::Path<(String, String)>,
            super::body::Json(step): super::body::Json<super::resource::Step>,
        ) -> super::answer::Answer {
            super::resource::shift::<$thing>(site, caller, at, step).await
        }
    };
}

pub(super) use {adding, moving, reading, removing, writing};
