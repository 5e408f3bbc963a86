//! Everything that was submitted, with its full text, for spreadsheets and programs (requirement 43).
//!
//! Whoever exports gets what their pages show: without the authors of a blind call, without answers that are for others, and
//! of what they have a conflict with nothing of the reviews.

use super::enter;
use crate::{
    error::Failure,
    headers::{self, Policy},
    inner::Answer,
    route::at,
    signed::Person,
    site::Site,
};
use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderValue, header},
    response::IntoResponse,
    routing::get,
};
use interchange::write::{ProposalRow, proposals_csv};
use model::{edition::Edition, permission::Action};
use serde_json::{Value, json};
use store::{FiledAnswer, FiledText};

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/desk/{edition}/proposals/proposals.csv", get(csv));
    at(router, "/desk/{edition}/proposals/proposals.json", get(as_json))
}

async fn all(site: &Site, person: &Person, slug: &str) -> Result<(Edition, Vec<FiledText>), Failure> {
    let edition = enter(site, person, slug).await?;
    super::within(person, Action::SeeProposals, &edition)?;
    let all = site.store().filed_texts(&person.subject, &edition, None).await?;
    Ok((edition, all))
}

fn file(edition: &Edition, name: &str, kind: &'static str, body: String) -> Answer {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.extend(headers::of(Policy::Private));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    let name = format!("attachment; filename=\"{}-{name}\"", edition.slug);
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::try_from(name).map_err(|_| Failure::Internal)?);
    Ok(response)
}

async fn csv(State(site): State<Site>, person: Person, Path(slug): Path<String>) -> Answer {
    let (edition, all) = all(&site, &person, &slug).await?;
    let rows: Vec<ProposalRow> = all.into_iter().map(row).collect();
    file(&edition, "proposals.csv", "text/csv; charset=utf-8", proposals_csv(&rows))
}

fn row(one: FiledText) -> ProposalRow {
    let figure = |figure: Option<f64>| figure.map(|figure| format!("{figure:.1}")).unwrap_or_default();
    ProposalRow {
        number: one.proposal.number,
        call: one.call.to_string(),
        title: one.proposal.content.title.to_string(),
        state: one.proposal.state.as_str(),
        authors: one
            .authors
            .map(|all| all.iter().map(|author| author.name.to_string()).collect())
            .unwrap_or_default(),
        minutes: one.proposal.content.minutes,
        submitted: one.proposal.submitted.map(|at| at.to_string()).unwrap_or_default(),
        revision: one.proposal.revision,
        summary: one.proposal.content.summary.to_string(),
        answers: one.answers.into_iter().map(|answer| (answer.asked, answer.said)).collect(),
        conflict: one.conflicts.first().map(|conflict| conflict.as_str()).unwrap_or_default(),
        reviews: one.tally.map(|tally| tally.reviews),
        score: figure(one.tally.and_then(|tally| tally.mean)),
        spread: figure(one.tally.and_then(|tally| tally.spread)),
        prepared: one.proposal.prepared.map(model::proposal::Decision::as_str).unwrap_or_default(),
    }
}

async fn as_json(State(site): State<Site>, person: Person, Path(slug): Path<String>) -> Answer {
    let (edition, all) = all(&site, &person, &slug).await?;
    let proposals: Vec<Value> = all.iter().map(value).collect();
    let body = json!({ "edition": edition.slug, "proposals": proposals });
    let body = serde_json::to_string_pretty(&body).map_err(|_| Failure::Internal)?;
    file(&edition, "proposals.json", "application/json", body)
}

/// An answer; of a file what it is, so that it can be told from others.
fn answer(one: &FiledAnswer) -> Value {
    let mut out = json!({ "asked": one.asked, "said": one.said });
    if let (Some(file), Value::Object(map)) = (&one.file, &mut out) {
        let file = json!({ "name": file.name, "type": file.kind.media_type(), "bytes": file.bytes, "sha256": file.digest });
        map.insert("file".to_owned(), file);
    }
    out
}

fn value(one: &FiledText) -> Value {
    let proposal = &one.proposal;
    let mut out = json!({
        "id": proposal.id,
        "number": proposal.number,
        "call": one.call,
        "state": proposal.state,
        "title": proposal.content.title,
        "abstract": proposal.content.summary,
        "minutes": proposal.content.minutes,
        "tracks": proposal.content.tracks,
        "submitted": proposal.submitted,
        "changed": proposal.changed,
        "revision": proposal.revision,
        "session": proposal.session,
        "answers": one.answers.iter().map(answer).collect::<Vec<_>>(),
        "conflicts": one.conflicts,
    });
    let Value::Object(map) = &mut out else { return out };
    if let Some(authors) = &one.authors {
        let authors: Vec<Value> = authors
            .iter()
            .map(|author| json!({ "name": author.name, "speaks": author.speaks, "joined": author.has_joined() }))
            .collect();
        map.insert("authors".to_owned(), authors.into());
    }
    // With a conflict there is no such key at all, rather than an empty one that says that there are no reviews.
    if let Some(tally) = one.tally {
        map.insert("score".to_owned(), json!(tally.mean));
        map.insert("spread".to_owned(), json!(tally.spread));
        let reviews: Vec<Value> = one
            .reviews
            .iter()
            .map(|opinion| {
                json!({
                    "by": opinion.by,
                    "score": opinion.figure,
                    "scores": opinion.review.scores,
                    "to_committee": opinion.review.to_committee,
                    "to_authors": opinion.review.to_authors,
                    "at": opinion.review.at,
                    "stale": opinion.review.is_stale(proposal.revision),
                })
            })
            .collect();
        map.insert("reviews".to_owned(), reviews.into());
    }
    if let Some(prepared) = proposal.prepared {
        map.insert("prepared".to_owned(), json!(prepared));
    }
    out
}
