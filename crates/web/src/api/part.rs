//! Rooms, tracks and persons: lists of things that make up a programme, all alike.

use super::{
    BASE,
    answer::{self, Answer, Page, Paging, Seen},
    body::{Json, Patch, Query},
    caller::Caller,
    fault::Fault,
    programme::{self, OfState, decide},
    schema,
};
use crate::site::Site;
use axum::{
    extract::{Path, State as Held},
    http::{HeaderMap, Uri},
};
use model::{
    edit::Command,
    id::{PersonId, RoomId, TrackId},
    permission::{Action, Place},
    programme::Programme,
};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The operations.
pub(super) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(rooms::list, rooms::create))
        .routes(routes!(rooms::get, rooms::change, rooms::remove))
        .routes(routes!(tracks::list, tracks::create))
        .routes(routes!(tracks::get, tracks::change, tracks::remove))
        .routes(routes!(persons::list, persons::create))
        .routes(routes!(persons::get, persons::change, persons::remove))
}

macro_rules! parts {
    (
        $module:ident: $field:ident of $shown:ident by $input:ident with $id:ident,
        $one:tt, $many:tt, $list_path:tt, $item_path:tt, $action:ident,
        $list_id:tt, $create_id:tt, $get_id:tt, $change_id:tt, $remove_id:tt,
        $same:ident, $put:ident, $remove:ident
    ) => {
        mod $module {
            use super::*;
            use schema::{$input, $shown};

            #[utoipa::path(
                get, path = $list_path, operation_id = $list_id, tag = "Programme",
                summary = concat!("Lists ", $many, "."),
                params(("edition" = String, Path, description = "The edition's slug or identifier"), OfState, Paging),
                responses((status = 200, description = "A page of the list", body = Page<$shown>)),
            )]
            pub(super) async fn list(
                Held(site): Held<Site>,
                caller: Caller,
                uri: Uri,
                headers: HeaderMap,
                Path(edition): Path<String>,
                Query(state): Query<OfState>,
                Query(paging): Query<Paging>,
            ) -> Answer {
                let source = programme::read(&site, &caller, &edition, state.state.unwrap_or_default()).await?;
                let all: Vec<$shown> = source.$field.iter().map($shown::from).collect();
                answer::list(&headers, &uri, &paging.cut(all, |one| one.id)?)
            }

            #[utoipa::path(
                post, path = $list_path, operation_id = $create_id, tag = "Programme",
                summary = concat!("Adds ", $one, " to the working state."),
                params(("edition" = String, Path, description = "The edition's slug or identifier")),
                request_body = $input,
                responses((status = 201, description = "It is added", body = $shown)),
                security(("token" = [])),
            )]
            pub(super) async fn create(
                Held(site): Held<Site>,
                caller: Caller,
                Path(edition): Path<String>,
                Json(input): Json<$input>,
            ) -> Answer {
                let edition = programme::desk(&site, &caller, &edition).await?.edition;
                caller.may(Action::$action, &Place::edition(&edition))?;
                let id = $id(Uuid::now_v7());
                let new = input.read(id, None)?;
                let after = programme::change(&site, &caller, &edition, |all| $put(&caller, &all, new)).await?;
                let shown = after.$field.iter().find(|one| one.id == id).map($shown::from);
                let shown = shown.ok_or_else(|| Fault::none($many, &id.to_string()))?;
                answer::created(&format!("{BASE}/editions/{}/{}/{id}", edition.slug, $many), &shown)
            }

            #[utoipa::path(
                get, path = $item_path, operation_id = $get_id, tag = "Programme",
                summary = concat!("Shows ", $one, "."),
                params(
                    ("edition" = String, Path, description = "The edition's slug or identifier"),
                    ("id" = String, Path, description = "Its identifier or slug"),
                    OfState,
                ),
                responses(
                    (status = 200, description = "The thing", body = $shown),
                    (status = 304, description = "The caller has it already"),
                ),
            )]
            pub(super) async fn get(
                Held(site): Held<Site>,
                caller: Caller,
                headers: HeaderMap,
                Path((edition, key)): Path<(String, String)>,
                Query(state): Query<OfState>,
            ) -> Answer {
                let source = programme::read(&site, &caller, &edition, state.state.unwrap_or_default()).await?;
                let found = source.$field.iter().find(|one| $same(*one, &key));
                let found = found.ok_or_else(|| Fault::none($many, &key))?;
                answer::thing(&headers, &$shown::from(found))
            }

            #[utoipa::path(
                patch, path = $item_path, operation_id = $change_id, tag = "Programme",
                summary = concat!("Changes ", $one, " of the working state."),
                params(
                    ("edition" = String, Path, description = "The edition's slug or identifier"),
                    ("id" = String, Path, description = "Its identifier or slug"),
                    ("If-Match" = Option<String>, Header, description = "The ETag of the working state's thing"),
                ),
                request_body(content = $input, content_type = "application/merge-patch+json"),
                responses((status = 200, description = "The thing as it is now", body = $shown)),
                security(("token" = [])),
            )]
            pub(super) async fn change(
                Held(site): Held<Site>,
                caller: Caller,
                headers: HeaderMap,
                Path((edition, key)): Path<(String, String)>,
                patch: Patch,
            ) -> Answer {
                let edition = programme::desk(&site, &caller, &edition).await?.edition;
                caller.may(Action::$action, &Place::edition(&edition))?;
                let seen = Seen::required(&headers)?;
                let mut id = None;
                let after = programme::change(&site, &caller, &edition, |all| {
                    let present = all.$field.iter().find(|one| $same(*one, &key));
                    let present = present.ok_or_else(|| Fault::none($many, &key))?;
                    id = Some(present.id);
                    let shown = $shown::from(present);
                    seen.check(&shown)?;
                    let changed = patch.apply::<$input>(&shown.input)?.read(present.id, Some(present))?;
                    $put(&caller, &all, changed)
                })
                .await?;
                let shown = after.$field.iter().find(|one| Some(one.id) == id).map($shown::from);
                answer::changed(&shown.ok_or_else(|| Fault::none($many, &key))?)
            }

            #[utoipa::path(
                delete, path = $item_path, operation_id = $remove_id, tag = "Programme",
                summary = concat!("Removes ", $one, " from the working state."),
                params(
                    ("edition" = String, Path, description = "The edition's slug or identifier"),
                    ("id" = String, Path, description = "Its identifier or slug"),
                    ("If-Match" = Option<String>, Header, description = "The ETag of the working state's thing"),
                ),
                responses((status = 204, description = "It is gone")),
                security(("token" = [])),
            )]
            pub(super) async fn remove(
                Held(site): Held<Site>,
                caller: Caller,
                headers: HeaderMap,
                Path((edition, key)): Path<(String, String)>,
            ) -> Answer {
                let edition = programme::desk(&site, &caller, &edition).await?.edition;
                caller.may(Action::$action, &Place::edition(&edition))?;
                let seen = Seen::required(&headers)?;
                programme::change(&site, &caller, &edition, |all| {
                    let present = all.$field.iter().find(|one| $same(*one, &key));
                    let present = present.ok_or_else(|| Fault::none($many, &key))?;
                    seen.check(&$shown::from(present))?;
                    let id = present.id;
                    $remove(&caller, &all, id)
                })
                .await?;
                answer::nothing()
            }
        }
    };
}

parts!(
    rooms: rooms of Room by RoomInput with RoomId,
    "a room", "rooms", "/api/v1/editions/{edition}/rooms", "/api/v1/editions/{edition}/rooms/{id}", EditProgramme,
    "listRooms", "createRoom", "getRoom", "changeRoom", "removeRoom",
    is_room, put_room, remove_room
);
parts!(
    tracks: tracks of Track by TrackInput with TrackId,
    "a track", "tracks", "/api/v1/editions/{edition}/tracks", "/api/v1/editions/{edition}/tracks/{id}", EditProgramme,
    "listTracks", "createTrack", "getTrack", "changeTrack", "removeTrack",
    is_track, put_track, remove_track
);
parts!(
    persons: persons of Person by PersonInput with PersonId,
    "a person", "persons", "/api/v1/editions/{edition}/persons", "/api/v1/editions/{edition}/persons/{id}", EditProgramme,
    "listPersons", "createPerson", "getPerson", "changePerson", "removePerson",
    is_person, put_person, remove_person
);

fn is_room(one: &model::programme::Room, key: &str) -> bool {
    one.slug.as_str() == key || one.id.to_string() == key
}

fn put_room(caller: &Caller, all: &Programme, one: model::programme::Room) -> Result<Programme, Fault> {
    decide(caller, all, &Command::PutRoom(one))
}

fn remove_room(caller: &Caller, all: &Programme, id: RoomId) -> Result<Programme, Fault> {
    decide(caller, all, &Command::RemoveRoom(id))
}

fn is_track(one: &model::programme::Track, key: &str) -> bool {
    one.slug.as_str() == key || one.id.to_string() == key
}

fn put_track(caller: &Caller, all: &Programme, one: model::programme::Track) -> Result<Programme, Fault> {
    decide(caller, all, &Command::PutTrack(one))
}

fn remove_track(caller: &Caller, all: &Programme, id: TrackId) -> Result<Programme, Fault> {
    decide(caller, all, &Command::RemoveTrack(id))
}

fn is_person(one: &model::programme::Person, key: &str) -> bool {
    one.slug.as_str() == key || one.id.to_string() == key
}

fn put_person(caller: &Caller, all: &Programme, one: model::programme::Person) -> Result<Programme, Fault> {
    decide(caller, all, &Command::PutPerson(one))
}

fn remove_person(caller: &Caller, all: &Programme, id: PersonId) -> Result<Programme, Fault> {
    decide(caller, all, &Command::RemovePerson(id))
}
