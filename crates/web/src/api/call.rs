//! Calls: what one can submit, until when, and what is asked.

use super::{
    answer::{self, Answer, Page, Paging},
    body::Query,
    caller::Caller,
    fault::Fault,
    field::same_words,
    programme, resource,
};
use crate::site::Site;
use axum::{
    extract::{Path, State as Held},
    http::{HeaderMap, Uri},
};
use jiff::Timestamp;
use model::{
    call::{self as m, CallKind as Kind, Deadline, FieldKind, Phase},
    edition::Edition,
    permission::{Action, Place},
};
use serde::{Deserialize, Serialize};
use store::OpenCall;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The operations.
pub(super) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get))
}

/// What a call invites to.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum CallKind {
    /// Talks on a stage, chosen by referees.
    Presentations,
    /// Blocks of discussions on one area, each run by its leads.
    Microconferences,
    /// Discussions within one microconference.
    Topics,
    /// Informal meetings on a subject, or rooms to work in.
    Bofs,
    /// What suppliers ask for a service; sealed until the call closes.
    Offers,
    /// Support of the conference by organisations.
    Sponsors,
}

same_words!(CallKind = Kind { Presentations, Microconferences, Topics, Bofs, Offers, Sponsors });

/// Where a call is in time.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum CallPhase {
    /// Only the desk sees it.
    Hidden,
    /// It opens later.
    Announced,
    /// One can submit.
    Open,
    /// It is over.
    Closed,
}

/// A call: an invitation to submit.
#[derive(Debug, Serialize, ToSchema)]
struct Call {
    /// Its identifier.
    id: Uuid,
    /// Its place in addresses.
    slug: String,
    /// Its name.
    name: String,
    /// What it invites to.
    kind: CallKind,
    /// What it is, in a sentence.
    summary: String,
    /// What is sought, and how it is chosen. Markdown.
    text: String,
    /// Where it is in time.
    phase: CallPhase,
    /// From when on one can submit; null where nothing is said.
    #[schema(value_type = Option<String>, format = DateTime)]
    opens: Option<Timestamp>,
    /// Until when, exclusive; null for a call without an end.
    #[schema(value_type = Option<String>, format = DateTime)]
    closes: Option<Timestamp>,
    /// The closing time as people read it, with its zone; empty for a call without an end.
    closes_shown: String,
    /// The track into which what is accepted goes; null where nothing is said.
    track: Option<Uuid>,
    /// Whether authors name tracks in order of preference.
    asks_tracks: bool,
    /// The lengths that one can propose, in minutes.
    minutes: Vec<u16>,
    /// How many can be accepted; null where that is not limited.
    places: Option<u16>,
    /// The version of the form.
    form: u32,
    /// What it asks beside title, abstract, length and authors, in order.
    fields: Vec<CallField>,
}

/// A field of a call's form.
#[derive(Debug, Serialize, ToSchema)]
struct CallField {
    /// Its name within the form.
    key: String,
    /// What it asks.
    label: String,
    /// What helps to answer; may be empty.
    help: String,
    /// `line`, `text`, `choice`, `choices`, `date`, `url`, `people`, `tick` or `file`.
    kind: String,
    /// What there is to choose from; empty for what is no choice.
    options: Vec<String>,
    /// The most words; null where they are not limited.
    words: Option<u32>,
    /// The media types that a file may have; empty for what takes no file.
    types: Vec<String>,
    /// The most bytes of a file; null for what takes no file.
    bytes: Option<u64>,
    /// Whether a proposal cannot be submitted without.
    required: bool,
    /// Who reads the answer: `public` once it is accepted, `reviewers` or `committee`.
    reader: String,
}

impl Call {
    fn of(open: &OpenCall, now: Timestamp, ceiling: u16) -> Self {
        let call = &open.call;
        let phase = match call.phase(now) {
            Phase::Hidden => CallPhase::Hidden,
            Phase::Announced(_) => CallPhase::Announced,
            Phase::Open(_) => CallPhase::Open,
            Phase::Closed(_) => CallPhase::Closed,
        };
        Self {
            id: call.id.0,
            slug: call.slug.to_string(),
            name: call.name.to_string(),
            kind: call.kind.into(),
            summary: call.summary.to_string(),
            text: call.text.to_string(),
            phase,
            opens: call.opens.as_ref().map(Deadline::instant),
            closes: call.closes.as_ref().map(Deadline::instant),
            closes_shown: call.closes.as_ref().map(Deadline::shown).unwrap_or_default(),
            track: call.track.map(|track| track.0),
            asks_tracks: call.asks_tracks,
            minutes: call.minutes.clone(),
            places: call.places,
            form: open.form.version,
            fields: open.form.fields.iter().map(|field| CallField::of(field, ceiling)).collect(),
        }
    }
}

impl CallField {
    fn of(field: &m::Field, ceiling: u16) -> Self {
        let rule = if let FieldKind::File(rule) = &field.kind { Some(rule) } else { None };
        let (options, words) = match &field.kind {
            FieldKind::Choice { options, .. } => (options.iter().map(ToString::to_string).collect(), None),
            FieldKind::Text { words, .. } => (vec![], *words),
            _ => (vec![], None),
        };
        Self {
            key: field.key.to_string(),
            label: field.label.to_string(),
            help: field.help.to_string(),
            kind: field.kind.word().to_owned(),
            options,
            words,
            types: rule
                .map(|rule| rule.kinds.iter().map(|kind| kind.media_type().to_owned()).collect())
                .unwrap_or_default(),
            bytes: rule.map(|rule| rule.most(ceiling)),
            required: field.required,
            reader: field.reader.as_str().to_owned(),
        }
    }
}

/// The calls of an edition that the caller may see: those that are public, and the others for who makes them.
pub(super) async fn seen(site: &Site, caller: &Caller, key: &str) -> Result<(Edition, Vec<OpenCall>), Fault> {
    let none = || Fault::none("edition", key);
    // An edition of which nothing is released can have public calls already.
    let heads = site.store().editions().await?;
    let edition = heads
        .into_iter()
        .map(|head| head.edition)
        .find(|edition| edition.slug.as_str() == key || resource::is_id(edition.id.0, key))
        .ok_or_else(none)?;
    let manages = |call: &m::Call| {
        let place = Place::edition(&edition).in_track(call.track).in_call(Some(call.id));
        caller.subject.may(Action::ManageCalls, &place).is_ok()
    };
    let mut calls = site.store().calls(edition.id).await?;
    calls.retain(|open| open.call.published || manages(&open.call));
    if calls.is_empty() {
        programme::known(site, caller, key).await?;
    }
    Ok((edition, calls))
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/calls", operation_id = "listCalls", tag = "Calls",
    summary = "Lists the calls of an edition: those that are public, and for who makes calls the others too.",
    params(("edition" = String, Path, description = "The edition's slug or identifier"), Paging),
    responses(
        (status = 200, description = "A page of the list", body = Page<Call>),
        (status = 304, description = "The caller has it already"),
    ),
)]
async fn list(
    Held(site): Held<Site>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    Path(edition): Path<String>,
    Query(paging): Query<Paging>,
) -> Answer {
    let (_, calls) = seen(&site, &caller, &edition).await?;
    let all: Vec<Call> =
        calls.iter().map(|open| Call::of(open, site.now(), site.options().file_megabytes)).collect();
    answer::list(&headers, &uri, &paging.cut(all, |call| call.id)?)
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/calls/{id}", operation_id = "getCall", tag = "Calls",
    summary = "Shows a call and what it asks.",
    params(
        ("edition" = String, Path, description = "The edition's slug or identifier"),
        ("id" = String, Path, description = "The call's slug or identifier"),
    ),
    responses(
        (status = 200, description = "The call", body = Call),
        (status = 304, description = "The caller has it already"),
    ),
)]
async fn get(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path((edition, key)): Path<(String, String)>,
) -> Answer {
    let (_, calls) = seen(&site, &caller, &edition).await?;
    let open = calls
        .iter()
        .find(|open| open.call.slug.as_str() == key || resource::is_id(open.call.id.0, &key))
        .ok_or_else(|| Fault::none("call", &key))?;
    answer::thing(&headers, &Call::of(open, site.now(), site.options().file_megabytes))
}
