//! Proposals as reviewers and the committee see them, and what is decided about them. Whoever has a conflict with one gets
//! nothing of its reviews here either: what is read comes from where the pages of the desk read it.

use super::{
    answer::{self, Answer, Page, Paging},
    body::{Json, Query},
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
    call::FieldKey,
    edition::Edition,
    id::{CallId, EditionId, ProposalId},
    permission::Action,
    proposal as m,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{FiledAnswer, FiledText};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The operations.
pub(super) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(file))
        .routes(routes!(prepare))
        .routes(routes!(apply))
}

/// Where a proposal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ProposalState {
    /// It is being written; only its authors see it.
    Draft,
    /// It has arrived.
    Submitted,
    /// Somebody has begun to review it.
    UnderReview,
    /// Accepted, with something left open.
    Provisional,
    /// Accepted; its authors have still to confirm.
    Accepted,
    /// Accepted when a place becomes free.
    WaitListed,
    /// Not accepted.
    Declined,
    /// Its authors took it back.
    Withdrawn,
    /// It was accepted and does not take place.
    Cancelled,
    /// Its authors come.
    Confirmed,
    /// Another call has it now.
    Forwarded,
}

same_words!(
    ProposalState = m::State {
        Draft,
        Submitted,
        UnderReview,
        Provisional,
        Accepted,
        WaitListed,
        Declined,
        Withdrawn,
        Cancelled,
        Confirmed,
        Forwarded,
    }
);

/// What the committee decides.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ProposalDecision {
    /// Accepted, with something left open.
    Provisional,
    /// Accepted.
    Accept,
    /// Accepted when a place becomes free.
    WaitList,
    /// Not accepted.
    Decline,
}

same_words!(ProposalDecision = m::Decision { Provisional, Accept, WaitList, Decline });

/// A proposal, as far as the caller may know it.
#[derive(Debug, Serialize, ToSchema)]
struct Proposal {
    /// Its identifier.
    id: Uuid,
    /// Its number within the edition, by which people speak of it.
    number: u32,
    /// The call.
    call: Uuid,
    /// Where it stands.
    state: ProposalState,
    /// Its title.
    title: String,
    /// What it is about. Markdown.
    #[serde(rename = "abstract")]
    summary: String,
    /// How long it should be, in minutes; null where the call offers no lengths.
    minutes: Option<u16>,
    /// The tracks into which it fits, the best first.
    tracks: Vec<Uuid>,
    /// What was asked and said, of what the caller may read.
    answers: Vec<ProposalAnswer>,
    /// Its authors; null where the caller must not know them.
    authors: Option<Vec<ProposalAuthor>>,
    /// The number of its revision, from 1.
    revision: u32,
    /// When it was submitted.
    #[schema(value_type = Option<String>, format = DateTime)]
    submitted: Option<Timestamp>,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    changed: Timestamp,
    /// The session that it became.
    session: Option<Uuid>,
    /// Why the caller must not review it; then nothing is said of its reviews.
    conflicts: Vec<String>,
    /// What its reviews say; null with a conflict.
    reviews: Option<ProposalReviews>,
    /// What the committee means to decide; null where nothing is prepared, or the caller must not know.
    prepared: Option<ProposalDecision>,
}

/// An answer to a field of the call's form.
#[derive(Debug, Serialize, ToSchema)]
struct ProposalAnswer {
    /// What was asked.
    asked: String,
    /// What was said, as text.
    said: String,
    /// The file, where one was handed in.
    file: Option<ProposalFile>,
}

/// A file that was handed in.
#[derive(Debug, Serialize, ToSchema)]
struct ProposalFile {
    /// How its author called it.
    name: String,
    /// Its media type, by what it holds.
    #[serde(rename = "type")]
    kind: String,
    /// How many bytes it has.
    bytes: u64,
    /// SHA-256 of its bytes, as hexadecimal digits.
    sha256: String,
    /// Where it is, for the same caller; null with a conflict.
    href: Option<String>,
}

/// An author.
#[derive(Debug, Serialize, ToSchema)]
struct ProposalAuthor {
    /// Their name.
    name: String,
    /// Whether they present it.
    speaks: bool,
    /// Whether they take part, rather than being invited.
    joined: bool,
}

/// What the reviews of a proposal say together, and each of them.
#[derive(Debug, Serialize, ToSchema)]
struct ProposalReviews {
    /// The weighted mean of the scores, from 0 to 100; null where nobody has reviewed it.
    score: Option<f64>,
    /// The distance between the best and the worst; null below two reviews.
    spread: Option<f64>,
    /// The submitted reviews.
    items: Vec<ProposalReview>,
}

/// A submitted review.
#[derive(Debug, Serialize, ToSchema)]
struct ProposalReview {
    /// Who wrote it.
    by: String,
    /// Its scores as one figure from 0 to 100.
    score: Option<f64>,
    /// The scores by criterion.
    scores: BTreeMap<String, u8>,
    /// What the committee reads. Markdown.
    to_committee: String,
    /// What the authors read. Markdown.
    to_authors: String,
    /// Whether the proposal has changed since.
    stale: bool,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

impl Proposal {
    /// Of the edition with that identifier.
    fn of(edition: EditionId, one: FiledText) -> Self {
        let proposal = one.proposal;
        let clear = one.conflicts.is_empty();
        let answer = |answer: FiledAnswer| ProposalAnswer {
            file: answer.file.map(|file| ProposalFile {
                name: file.name.to_string(),
                kind: file.kind.media_type().to_owned(),
                bytes: file.bytes,
                sha256: file.digest.to_string(),
                href: clear.then(|| {
                    format!("/api/v1/editions/{edition}/proposals/{}/files/{}", proposal.id, answer.key)
                }),
            }),
            asked: answer.asked,
            said: answer.said,
        };
        let present = proposal.revision;
        let reviews = one.tally.map(|tally| ProposalReviews {
            score: tally.mean,
            spread: tally.spread,
            items: one
                .reviews
                .iter()
                .map(|opinion| ProposalReview {
                    by: opinion.by.to_string(),
                    score: opinion.figure,
                    scores: opinion
                        .review
                        .scores
                        .iter()
                        .map(|(key, score)| (key.to_string(), *score))
                        .collect(),
                    to_committee: opinion.review.to_committee.to_string(),
                    to_authors: opinion.review.to_authors.to_string(),
                    stale: opinion.review.is_stale(present),
                    at: opinion.review.at,
                })
                .collect(),
        });
        Self {
            id: proposal.id.0,
            number: proposal.number,
            call: proposal.call.0,
            state: proposal.state.into(),
            title: proposal.content.title.to_string(),
            summary: proposal.content.summary.to_string(),
            minutes: proposal.content.minutes,
            tracks: proposal.content.tracks.iter().map(|track| track.0).collect(),
            answers: one.answers.into_iter().map(answer).collect(),
            authors: one.authors.map(|authors| {
                let author = |one: &m::Author| ProposalAuthor {
                    name: one.name.to_string(),
                    speaks: one.speaks,
                    joined: one.has_joined(),
                };
                authors.iter().map(author).collect()
            }),
            revision: present,
            submitted: proposal.submitted,
            changed: proposal.changed,
            session: proposal.session.map(|session| session.0),
            conflicts: one.conflicts.iter().map(|conflict| conflict.as_str().to_owned()).collect(),
            reviews,
            prepared: proposal.prepared.map(Into::into),
        }
    }
}

/// Which proposals.
#[derive(Clone, Copy, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Only of this call.
    #[serde(default)]
    call: Option<Uuid>,
    /// Only in this state.
    #[serde(default)]
    #[param(inline)]
    state: Option<ProposalState>,
}

/// The edition, for a caller who may read proposals of it.
async fn edition(site: &Site, caller: &Caller, key: &str) -> Result<Edition, Fault> {
    let edition = programme::desk(site, caller, key).await?.edition;
    if caller.subject.may_within(Action::SeeProposals, &edition) {
        return Ok(edition);
    }
    caller.may(Action::SeeProposals, &model::permission::Place::edition(&edition)).map(|()| edition)
}

/// One proposal, as far as the caller may know it.
async fn one(site: &Site, caller: &Caller, edition: &Edition, key: &str) -> Result<Proposal, Fault> {
    let none = || Fault::none("proposal", key);
    let id = ProposalId(resource::id_in("proposal", key)?);
    let filed = site.store().filed_proposal(&caller.subject, edition, id).await?.ok_or_else(none)?;
    let all = site.store().filed_texts(&caller.subject, edition, Some(filed.open.call.id)).await?;
    all.into_iter()
        .find(|text| text.proposal.id == id)
        .map(|text| Proposal::of(edition.id, text))
        .ok_or_else(none)
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/proposals", operation_id = "listProposals", tag = "Calls",
    summary = "Lists what was submitted to the calls that the caller reviews or decides, by number.",
    params(("edition" = String, Path, description = "The edition's slug or identifier"), Wanted, Paging),
    responses(
        (status = 200, description = "A page of the list", body = Page<Proposal>),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn list(
    Held(site): Held<Site>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    Path(key): Path<String>,
    Query(wanted): Query<Wanted>,
    Query(paging): Query<Paging>,
) -> Answer {
    let edition = edition(&site, &caller, &key).await?;
    let all = site.store().filed_texts(&caller.subject, &edition, wanted.call.map(CallId)).await?;
    let state = wanted.state.map(m::State::from);
    let all = all.into_iter().filter(|one| state.is_none_or(|state| one.proposal.state == state)).collect();
    let page = paging.cut(all, |one: &FiledText| one.proposal.id.0)?;
    let items = page.items.into_iter().map(|one| Proposal::of(edition.id, one)).collect();
    answer::list(&headers, &uri, &Page { items, next: page.next })
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/proposals/{id}", operation_id = "getProposal", tag = "Calls",
    summary = "Shows a proposal with its reviews.",
    params(
        ("edition" = String, Path, description = "The edition's slug or identifier"),
        ("id" = String, Path, description = "The proposal's identifier"),
    ),
    responses(
        (status = 200, description = "The proposal", body = Proposal),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn get(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path((key, id)): Path<(String, String)>,
) -> Answer {
    let edition = edition(&site, &caller, &key).await?;
    answer::thing(&headers, &one(&site, &caller, &edition, &id).await?)
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/proposals/{id}/files/{field}", operation_id = "getProposalFile", tag = "Calls",
    summary = "Gives a file that was handed in with a proposal, to those who read the answer.",
    params(
        ("edition" = String, Path, description = "The edition's slug or identifier"),
        ("id" = String, Path, description = "The proposal's identifier"),
        ("field" = String, Path, description = "The name of the field in the call's form"),
    ),
    responses(
        (status = 200, description = "The file, with the media type that its content has", content_type = "application/octet-stream", body = Vec<u8>),
    ),
    security(("token" = [])),
)]
async fn file(
    Held(site): Held<Site>,
    caller: Caller,
    Path((key, id, field)): Path<(String, String, String)>,
) -> Answer {
    let none = || Fault::none("file", &field);
    let edition = edition(&site, &caller, &key).await?;
    let id = ProposalId(resource::id_in("proposal", &id)?);
    let key = FieldKey::parse(&field).map_err(|_| none())?;
    let file =
        site.store().filed_file(&caller.subject, &edition, id, (&key, None)).await?.ok_or_else(none)?;
    Ok(crate::upload::download(&site, &file).await?)
}

/// What the committee means to decide.
#[derive(Debug, Deserialize, ToSchema)]
struct Prepared {
    /// The decision; null takes back what was prepared.
    decision: Option<ProposalDecision>,
}

#[utoipa::path(
    put, path = "/api/v1/editions/{edition}/proposals/{id}/decision", operation_id = "prepareDecision", tag = "Calls",
    summary = "Notes what the committee means to decide. Nobody else learns of it before it is applied.",
    params(
        ("edition" = String, Path, description = "The edition's slug or identifier"),
        ("id" = String, Path, description = "The proposal's identifier"),
    ),
    request_body = Prepared,
    responses((status = 200, description = "The proposal as it is now", body = Proposal)),
    security(("token" = [])),
)]
async fn prepare(
    Held(site): Held<Site>,
    caller: Caller,
    Path((key, id)): Path<(String, String)>,
    Json(prepared): Json<Prepared>,
) -> Answer {
    let edition = edition(&site, &caller, &key).await?;
    caller.may_write()?;
    let proposal = one(&site, &caller, &edition, &id).await?;
    let decision = prepared.decision.map(Into::into);
    site.store().prepare_decision(&caller.subject, &edition, ProposalId(proposal.id), decision).await?;
    answer::changed(&one(&site, &caller, &edition, &id).await?)
}

/// Proposals that are decided together.
#[derive(Debug, Deserialize, ToSchema)]
struct ToApply {
    /// Their identifiers; a decision is prepared for each.
    #[schema(min_items = 1, max_items = 500)]
    proposals: Vec<Uuid>,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
struct Applied {
    /// The proposals that were decided.
    proposals: Vec<Uuid>,
    /// How many mails to authors were queued.
    mails: usize,
}

#[utoipa::path(
    post, path = "/api/v1/editions/{edition}/proposals/decisions", operation_id = "applyDecisions", tag = "Calls",
    summary = "Applies what is prepared for some proposals, all of it or nothing: authors are told, and what is accepted becomes a session.",
    params(("edition" = String, Path, description = "The edition's slug or identifier")),
    request_body = ToApply,
    responses((status = 200, description = "They are decided", body = Applied)),
    security(("token" = [])),
)]
async fn apply(
    Held(site): Held<Site>,
    caller: Caller,
    Path(key): Path<String>,
    Json(wanted): Json<ToApply>,
) -> Answer {
    let edition = edition(&site, &caller, &key).await?;
    caller.may_write()?;
    if wanted.proposals.is_empty() || wanted.proposals.len() > 500 {
        let problem = format!("{} cannot be decided at once", wanted.proposals.len());
        return Err(Fault::from(model::Refusal::new("proposals", problem, "Name 1 to 500")));
    }
    let ids: Vec<ProposalId> = wanted.proposals.iter().copied().map(ProposalId).collect();
    let base = site.base_url().to_owned();
    let decided = site.store().apply_decisions(&caller.subject, &edition, &ids, &base).await?;
    let proposals = decided.proposals.iter().map(|proposal| proposal.id.0).collect();
    answer::changed(&Applied { proposals, mails: decided.mails })
}
