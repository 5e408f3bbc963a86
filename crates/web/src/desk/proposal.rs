//! What was submitted: the list, and each proposal with its reviews, what was said about it, and the decision.
//!
//! What somebody with a conflict may not know never comes here: `store` leaves it out.

mod alike;
mod opinion;

use super::{
    enter, form_at,
    forward::{self, TrailView},
    paging::{Pages, page_of},
    to_do,
};
pub(super) use opinion::{CommentView, ReviewView, decisions, names, opinions, tally};

use crate::{
    error::Failure,
    form::Form,
    inner::{Answer, Inner, again, done, show},
    markup,
    route::{Asked, at},
    signed::Person,
    site::Site,
};
use askama::Template;
use axum::{
    Router,
    extract::{Path, RawQuery, State},
    routing::{get, post},
};
use model::{
    Refusal,
    address::EditionDesk,
    call::{CallKind, FieldKey, Reader, readable},
    edition::Edition,
    id::{AccountId, CallId, ProposalId},
    permission::Action,
    proposal::{Decision, State as Standing, changes},
    review::{Criterion, Review, Scores},
    text::RichText,
};
use store::{Filed, FiledFilter, FiledHead, Taken};
use uuid::Uuid;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/desk/{edition}/proposals/", get(list));
    let router = form_at(router, "/desk/{edition}/proposals/decide/", get(prepared).post(decide));
    let router = at(router, "/desk/{edition}/proposals/{proposal}/", get(one));
    let router = at(router, "/desk/{edition}/proposals/{proposal}/files/{field}/", get(file));
    let router = form_at(router, "/desk/{edition}/proposals/{proposal}/review/", post(review));
    let router = form_at(router, "/desk/{edition}/proposals/{proposal}/comments/", post(comment));
    let router = at(router, "/desk/{edition}/proposals/{proposal}/conflict/", post(conflict));
    let router = at(router, "/desk/{edition}/proposals/{proposal}/prepare/", post(prepare));
    at(router, "/desk/{edition}/proposals/{proposal}/cancel/", post(cancel))
}

const HELP: &str = "What was submitted to the calls that you review or decide. With a conflict of interest you see the proposal and nothing of its reviews.";

#[derive(Template)]
#[template(path = "desk/proposals.html")]
struct ListPage {
    inner: Inner,
    mine: Option<to_do::ListView>,
    /// Where one says what one wants to review, and where the export is.
    links: Vec<(String, &'static str)>,
    rows: Vec<Row>,
    /// Whether anything was submitted at all, before the filter.
    is_empty: bool,
    calls: Vec<(String, String)>,
    states: Vec<(String, String)>,
    call: String,
    state: String,
    by_score: bool,
    pages: Pages,
    /// Where prepared decisions are applied and how many there are, for those who decide.
    prepared: Option<(String, usize)>,
    /// Where calls are made, for those who may.
    calls_page: Option<String>,
}

/// What of the list is asked for, by the address.
#[derive(Clone, Debug, Default)]
struct Asking {
    filter: FiledFilter,
}

impl Asking {
    fn of(query: Option<&str>) -> Self {
        let mut filter = FiledFilter { page: page_of(query), ..FiledFilter::default() };
        for (key, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match key.as_ref() {
                "call" => filter.call = Uuid::try_parse(&value).ok().map(CallId),
                "state" => filter.state = Standing::parse(&value),
                "order" => filter.by_score = value == "score",
                _ => {}
            }
        }
        Self { filter }
    }

    /// The address of the same list, but for the page.
    fn path(&self, path: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(format!("{path}?"));
        if let Some(call) = self.filter.call {
            query.append_pair("call", &call.to_string());
        }
        if let Some(state) = self.filter.state {
            query.append_pair("state", state.as_str());
        }
        if self.filter.by_score {
            query.append_pair("order", "score");
        }
        query.finish()
    }
}

struct Row {
    href: String,
    number: u32,
    title: String,
    authors: String,
    state: &'static str,
    reviews: String,
    mean: String,
    mine: &'static str,
    conflict: Option<&'static str>,
    prepared: Option<&'static str>,
    /// The number of the one that it is most alike, where it is likely the same.
    like: Option<u32>,
}

fn row(edition: &Edition, head: &FiledHead, wanted: u8, like: Option<u32>) -> Row {
    let authors = names(head.authors.as_deref());
    let tally = head.tally.as_ref();
    Row {
        href: EditionDesk::Proposal(head.id).path(&edition.slug),
        number: head.number,
        title: head.title.to_string(),
        authors,
        state: head.state.shown(),
        reviews: tally
            .map(|tally| match tally.stale {
                0 => format!("{} of {wanted}", tally.reviews),
                stale => format!("{} of {wanted}, {stale} stale", tally.reviews),
            })
            .unwrap_or_default(),
        mean: tally.and_then(|tally| tally.mean).map(|mean| format!("{mean:.0}")).unwrap_or_default(),
        mine: match head.mine {
            Some(mine) if mine.stale => "Stale",
            Some(mine) if mine.submitted => "Done",
            Some(_) => "Draft",
            None => "",
        },
        conflict: head.conflicts.first().map(|conflict| conflict.shown()),
        prepared: head.prepared.map(Decision::shown),
        like,
    }
}

async fn list(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(slug): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    super::within(&person, Action::SeeProposals, &edition)?;
    let calls = site.store().calls(edition.id).await?;
    let asked_for = Asking::of(query.as_deref());
    let all = site.store().filed_proposals(&person.subject, &edition, &asked_for.filter).await?;
    let reviews = |id: CallId| {
        calls.iter().find(|open| open.call.id == id).map_or(0, |open| open.call.reviewing.wanted)
    };
    let likes = alike::of_list(&site, &person, &edition, &all.heads).await?;
    let like = |head: &FiledHead| likes.get(&head.id).copied();
    let rows = all.heads.iter().map(|head| row(&edition, head, reviews(head.call), like(head))).collect();
    // What one is asked for comes first.
    let first = person.subject.may_within(Action::Review, &edition);
    let mut mine = None;
    if first && asked_for.filter == FiledFilter::default() {
        let to_do = site.store().to_do(&person.subject, &edition).await?;
        let told = ("My reviews to write", "You are asked for them.");
        mine = to_do::view(&edition, told, &to_do.to_write, site.now());
    }
    let path = EditionDesk::Proposals.path(&edition.slug);
    let mut call_choices = vec![(String::new(), "All calls".to_owned())];
    call_choices.extend(
        calls
            .iter()
            .filter(|open| all.filed.contains_key(&open.call.id))
            .map(|open| (open.call.id.to_string(), open.call.name.to_string())),
    );
    let mut states = vec![(String::new(), "Every state".to_owned())];
    states.extend(
        Standing::ALL
            .iter()
            .filter(|state| state.is_filed())
            .map(|state| (state.as_str().to_owned(), state.shown().to_owned())),
    );
    let inner = Inner::edition(&person, &edition, &path, "Proposals", HELP).noticing(&site, &asked.headers);
    let links = links(&person, &edition, &path);
    show(&ListPage {
        inner,
        mine,
        links,
        rows,
        is_empty: all.filed.is_empty(),
        calls: call_choices,
        states,
        call: asked_for.filter.call.map(|call| call.to_string()).unwrap_or_default(),
        state: asked_for.filter.state.map(|state| state.as_str().to_owned()).unwrap_or_default(),
        by_score: asked_for.filter.by_score,
        pages: Pages::plain(&asked_for.path(&path), asked_for.filter.page, all.pages(), all.total),
        prepared: person
            .subject
            .may_within(Action::DecideProposals, &edition)
            .then(|| (format!("{path}decide/"), all.prepared)),
        calls_page: person
            .subject
            .may_within(Action::ManageCalls, &edition)
            .then(|| EditionDesk::Calls.path(&edition.slug)),
    })
}

/// The ways on from the list.
fn links(person: &Person, edition: &Edition, path: &str) -> Vec<(String, &'static str)> {
    let mut links = vec![];
    if person.subject.may_within(Action::Review, edition) {
        links.push((EditionDesk::Bids.path(&edition.slug), "What I want to review"));
    }
    links.push((EditionDesk::Forwards.path(&edition.slug), "What is passed on"));
    links.push((format!("{path}proposals.csv"), "All as CSV"));
    links.push((format!("{path}proposals.json"), "All as JSON"));
    links
}

#[derive(Template)]
#[template(path = "desk/proposal.html")]
struct ProposalPage {
    inner: Inner,
    path: String,
    state: &'static str,
    facts: Vec<(String, String)>,
    summary: String,
    answers: Vec<AnswerView>,
    authors: Option<Vec<String>>,
    conflicts: Vec<&'static str>,
    declared: bool,
    may_review: bool,
    may_decide: bool,
    may_cancel: bool,
    form: Form,
    criteria: Vec<CriterionView>,
    reviews: Vec<ReviewView>,
    tally: String,
    comments: Vec<CommentView>,
    comments_wait: bool,
    history: Vec<RevisionView>,
    /// What is likely the same: address, title, and by what.
    similar: Vec<alike::Similar>,
    decisions: Vec<(String, String)>,
    prepared: String,
    session: Option<String>,
    /// Where it is accepted one at a time and run, where it is a microconference.
    microconference: Option<String>,
    /// How it was passed on, and where it can be.
    forwards: Vec<TrailView>,
    targets: Vec<(String, String)>,
    forward: Form,
    forwards_path: String,
}

/// An answer to a field of the call's form.
struct AnswerView {
    asked: String,
    said: String,
    /// Where the file is, where it is one that may be read.
    href: Option<String>,
}

struct CriterionView {
    name: String,
    label: String,
    scores: Vec<(String, String)>,
}

struct RevisionView {
    number: u32,
    at: String,
    since_mine: bool,
    changed: Vec<model::proposal::Changed>,
}

/// The form of a review.
fn filled(mine: Option<&Review>, criteria: &[Criterion]) -> Form {
    let mut form = Form::default();
    for criterion in criteria {
        let score = mine.and_then(|mine| mine.scores.get(&criterion.key));
        form = form
            .with(&format!("score_{}", criterion.key), score.map(ToString::to_string).unwrap_or_default());
    }
    form.with("to_committee", mine.map(|mine| mine.to_committee.to_string()).unwrap_or_default())
        .with("to_authors", mine.map(|mine| mine.to_authors.to_string()).unwrap_or_default())
}

pub(super) async fn find(
    site: &Site,
    person: &Person,
    edition: &Edition,
    id: Uuid,
) -> Result<Filed, Failure> {
    let filed = site.store().filed_proposal(&person.subject, edition, ProposalId(id)).await?;
    filed.ok_or_else(|| Failure::no("proposal", &id.to_string()))
}

/// A file of a proposal, as it is now or as it was in a revision, for those who read the answer.
async fn file(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id, field)): Path<(String, Uuid, String)>,
) -> Answer {
    let none = || Failure::no("file", &field);
    let edition = enter(&site, &person, &slug).await?;
    let key = FieldKey::parse(&field).map_err(|_| none())?;
    let revision = asked.value("revision").and_then(|number| number.parse().ok());
    let found = site.store().filed_file(&person.subject, &edition, ProposalId(id), (&key, revision)).await?;
    crate::upload::download(&site, &found.ok_or_else(none)?).await
}

/// The page of a proposal with what was typed about passing it on.
pub(super) async fn page_with_forward(
    site: &Site,
    asked: &Asked,
    person: &Person,
    edition: &Edition,
    filed: &Filed,
    forward: Form,
) -> Result<impl Template + use<>, Failure> {
    let form = filled(filed.mine.as_ref(), &filed.open.call.reviewing.criteria);
    let page = page(site, asked, person, edition, filed, form).await?;
    Ok(ProposalPage { forward, ..page })
}

/// How a proposal was passed on, as whoever asks may know it, and where it can be.
async fn forwards(
    site: &Site,
    person: &Person,
    edition: &Edition,
    filed: &Filed,
) -> Result<(Vec<TrailView>, Vec<(String, String)>), Failure> {
    let at = |instant| edition.zone.local(instant).strftime("%-d %B %Y, %H:%M %Z").to_string();
    let id = filed.proposal.id;
    let mut trails = vec![];
    for view in site.store().forwards_of(&person.subject, edition, id).await? {
        // The other end is linked where it stands in this edition: whether it may be read is asked there.
        let to = view.to.proposal.filter(|(to, _)| *to != id);
        let own = view.to.edition.as_ref() == Some(&edition.slug);
        let href = to.filter(|_| own).map(|(to, _)| EditionDesk::Proposal(to).path(&edition.slug));
        trails.push(forward::trail(site, &view, Some(id), href, at).await?);
    }
    let targets = site.store().forward_targets(&person.subject, edition, id).await?;
    Ok((trails, forward::choices(&targets)))
}

async fn page(
    site: &Site,
    asked: &Asked,
    person: &Person,
    edition: &Edition,
    filed: &Filed,
    form: Form,
) -> Result<ProposalPage, Failure> {
    let (proposal, call) = (&filed.proposal, &filed.open.call);
    let at = |instant| edition.zone.local(instant).strftime("%-d %B %Y, %H:%M %Z").to_string();
    let html = |text: &RichText| markup::html(text, 3).as_str().to_owned();
    let reader = if filed.may_decide { Reader::Committee } else { Reader::Reviewers };
    let tracks = crate::proposing::tracks(site, edition).await?;
    let track =
        |id| tracks.iter().find(|one| one.id == id).map(|one| one.name.to_string()).unwrap_or_default();
    let content = &proposal.content;
    let mut facts = vec![("Call".to_owned(), call.name.to_string())];
    if let Some(minutes) = content.minutes {
        facts.push(("Length".to_owned(), format!("{minutes} minutes")));
    }
    if !content.tracks.is_empty() {
        facts.push((
            "Tracks".to_owned(),
            content.tracks.iter().map(|id| track(*id)).collect::<Vec<_>>().join(", "),
        ));
    }
    if let Some(submitted) = proposal.submitted {
        facts.push(("Submitted".to_owned(), at(submitted)));
    }
    if let Some(confirmation) = &proposal.confirmation {
        let said = [
            if confirmation.remote { "presents from afar" } else { "presents in person" },
            if confirmation.recording {
                "the recording may be published"
            } else {
                "the recording may not be published"
            },
            confirmation.availability.as_str(),
        ];
        let said: Vec<&str> = said.into_iter().filter(|part| !part.is_empty()).collect();
        facts.push(("Confirmed".to_owned(), said.join("; ")));
    }
    let answers = filed
        .forms
        .get(&content.form)
        .map(|by| {
            readable(by, &content.answers, reader)
                .map(|(field, answer)| AnswerView {
                    asked: field.label.to_string(),
                    said: answer.plain(),
                    href: answer.as_file().filter(|_| filed.conflicts.is_empty()).map(|_| {
                        let page = EditionDesk::Proposal(proposal.id).path(&edition.slug);
                        format!("{page}files/{}/", field.key)
                    }),
                })
                .collect()
        })
        .unwrap_or_default();
    let mine = filed.mine.as_ref().map(|mine| mine.revision);
    let history = filed
        .revisions
        .windows(2)
        .filter_map(|pair| {
            let [after, before] = pair else { return None };
            let (old, new) = (filed.forms.get(&before.content.form)?, filed.forms.get(&after.content.form)?);
            Some(RevisionView {
                number: after.number,
                at: at(after.at),
                since_mine: mine.is_some_and(|mine| mine < after.number),
                changed: changes((&before.content, old), (&after.content, new), reader, track),
            })
        })
        .collect();
    let criteria = &call.reviewing.criteria;
    let (reviews, comments) = opinions(edition, filed);
    let (forwards, targets) = forwards(site, person, edition, filed).await?;
    let similar = alike::of_one(site, person, edition, filed).await?;
    let list = EditionDesk::Proposals.path(&edition.slug);
    let title = format!("#{} {}", proposal.number, content.title);
    let inner = Inner::edition(person, edition, &list, &title, HELP)
        .below(list.clone(), "Proposals")
        .noticing(site, &asked.headers);
    Ok(ProposalPage {
        inner,
        path: EditionDesk::Proposal(proposal.id).path(&edition.slug),
        state: proposal.state.shown(),

        facts,
        summary: html(&content.summary),
        answers,
        authors: filed.authors.as_ref().map(|all| {
            all.iter()
                .map(|author| {
                    let invited = if author.has_joined() { "" } else { " (invited)" };
                    format!("{}{invited}", author.name)
                })
                .collect()
        }),
        conflicts: filed.conflicts.iter().map(|conflict| conflict.shown()).collect(),
        declared: filed.declared,
        may_review: filed.may_review && (proposal.state.is_undecided() || filed.mine.is_some()),
        may_decide: filed.may_decide,
        may_cancel: filed.may_decide && proposal.state.takes_place(),
        form,
        criteria: criteria
            .iter()
            .map(|one| CriterionView {
                name: format!("score_{}", one.key),
                label: one.name.to_string(),
                scores: std::iter::once((String::new(), "No score".to_owned()))
                    .chain((1..=one.best).map(|score| {
                        let shown = match score {
                            1 => "1 (worst)".to_owned(),
                            score if score == one.best => format!("{score} (best)"),
                            score => score.to_string(),
                        };
                        (score.to_string(), shown)
                    }))
                    .collect(),
            })
            .collect(),
        reviews,
        tally: tally(filed),
        comments,
        similar,
        comments_wait: call.reviewing.comments == model::call::CommentTime::WithDecision,
        history,
        decisions: decisions(),
        prepared: proposal.prepared.map(|one| one.as_str().to_owned()).unwrap_or_default(),
        session: proposal.session.map(|session| EditionDesk::Session(session).path(&edition.slug)),
        microconference: (call.kind == CallKind::Microconferences)
            .then(|| EditionDesk::Microconference(proposal.id).path(&edition.slug)),
        forwards,
        targets,
        forward: Form::default(),
        forwards_path: EditionDesk::Forwards.path(&edition.slug),
    })
}

async fn one(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let filed = find(&site, &person, &edition, id).await?;
    let form = filled(filed.mine.as_ref(), &filed.open.call.reviewing.criteria);
    show(&page(&site, &asked, &person, &edition, &filed, form).await?)
}

async fn review(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let filed = find(&site, &person, &edition, id).await?;
    let submit = form.is_chosen("do", "submit");
    let me = person.subject.account.unwrap_or(AccountId(Uuid::nil()));
    let put = site
        .store()
        .put_review(&person.subject, &edition, filed.proposal.id, |mine, open| {
            let criteria = &open.call.reviewing.criteria;
            if !form.merge(&filled(mine, criteria)) {
                return Err(Refusal::new("form", "it is not complete", "Mend what is marked"));
            }
            let mut scores = Scores::new();
            for criterion in criteria {
                let typed = form.value(&format!("score_{}", criterion.key)).trim();
                if let Ok(score) = typed.parse() {
                    scores.insert(criterion.key.clone(), score);
                }
            }
            Ok(Review {
                proposal: filed.proposal.id,
                reviewer: me,
                revision: filed.proposal.revision,
                scores,
                to_committee: RichText::clean(form.value("to_committee")),
                to_authors: RichText::clean(form.value("to_authors")),
                submitted: submit,
                at: site.now(),
            })
        })
        .await;
    match put {
        Ok(review) => {
            let told = if review.submitted {
                "Your review counts."
            } else {
                "Your draft is kept; nobody else sees it."
            };
            return done(&site, &EditionDesk::Proposal(filed.proposal.id).path(&edition.slug), told);
        }
        Err(store::Error::Refused(refusal)) => {
            if !form.is_refused() {
                let score = format!("score_{}", refusal.field);
                let known =
                    filed.open.call.reviewing.criteria.iter().any(|one| one.key.as_str() == refusal.field);
                if known { form.refuse(&score, &refusal) } else { form.refuse_by(&refusal) }
            }
        }
        Err(other) => return Err(other.into()),
    }
    again(&page(&site, &asked, &person, &edition, &filed, form).await?)
}

/// Leads back to the proposal with what was done, or why it was not.
fn told(site: &Site, edition: &Edition, id: Uuid, outcome: store::Result<()>, notice: &str) -> Answer {
    let to = EditionDesk::Proposal(ProposalId(id)).path(&edition.slug);
    match outcome {
        Ok(()) => done(site, &to, notice),
        Err(store::Error::Refused(refusal)) => done(site, &to, &format!("Nothing was changed: {refusal}")),
        Err(other) => Err(other.into()),
    }
}

async fn comment(
    State(site): State<Site>,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    find(&site, &person, &edition, id).await?;
    let to_authors = form.value("to") == "authors";
    let body = RichText::clean(form.value("body"));
    let base = site.base_url().to_owned();
    let outcome = site
        .store()
        .comment_proposal(&person.subject, &edition, ProposalId(id), (to_authors, &body), &base)
        .await;
    let notice = if to_authors { "The authors see it." } else { "The committee sees it." };
    told(&site, &edition, id, outcome, notice)
}

async fn conflict(
    State(site): State<Site>,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    find(&site, &person, &edition, id).await?;
    let declared = form.value("declared") == "yes";
    let outcome = site.store().declare_conflict(&person.subject, &edition, ProposalId(id), declared).await;
    let notice = if declared {
        "Your conflict is noted. You see nothing of the reviews any more."
    } else {
        "It is taken back."
    };
    told(&site, &edition, id, outcome, notice)
}

async fn prepare(
    State(site): State<Site>,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    find(&site, &person, &edition, id).await?;
    let decision = Decision::parse(form.value("decision"));
    let outcome = site.store().prepare_decision(&person.subject, &edition, ProposalId(id), decision).await;
    if outcome.is_ok() && form.value("then") == "meeting" {
        return done(&site, &EditionDesk::Sitting.path(&edition.slug), "Noted.");
    }
    told(
        &site,
        &edition,
        id,
        outcome,
        "Noted. Nobody outside the committee learns of it before it is applied.",
    )
}

async fn cancel(State(site): State<Site>, person: Person, Path((slug, id)): Path<(String, Uuid)>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    find(&site, &person, &edition, id).await?;
    let base = site.base_url().to_owned();
    let outcome = site.store().cancel_proposal(&person.subject, &edition, ProposalId(id), &base).await;
    let notice = outcome.as_ref().map(|left| cancelled(&left.promoted)).unwrap_or_default();
    told(&site, &edition, id, outcome.map(|_| ()), &notice)
}

/// What is said of a cancellation, with what took the place.
fn cancelled(promoted: &[model::proposal::Proposal]) -> String {
    let numbers: Vec<String> = promoted.iter().map(|one| format!("#{}", one.number)).collect();
    if numbers.is_empty() {
        return "It is cancelled, and so is its session.".to_owned();
    }
    format!("It is cancelled, and so is its session. Accepted from the wait list: {}.", numbers.join(", "))
}

#[derive(Template)]
#[template(path = "desk/decide.html")]
struct DecidePage {
    inner: Inner,
    rows: Vec<PreparedRow>,
    places: Vec<(String, String)>,
    pages: Pages,
}

struct PreparedRow {
    id: ProposalId,
    number: u32,
    title: String,
    decision: &'static str,
}

async fn prepared(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(slug): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    super::within(&person, Action::DecideProposals, &edition)?;
    let filter = FiledFilter { prepared: true, page: page_of(query.as_deref()), ..FiledFilter::default() };
    let all = site.store().filed_proposals(&person.subject, &edition, &filter).await?;
    let taken = site.store().places_taken(&person.subject, &edition).await?;
    let calls = site.store().calls(edition.id).await?;
    let places = calls
        .iter()
        .filter_map(|open| {
            let Taken { taken, coming } =
                taken.get(&open.call.id).copied().filter(|taken| *taken != Taken::default())?;
            let there =
                open.call.places.map_or_else(|| "no limit".to_owned(), |places| format!("{places} places"));
            let told = format!("{taken} accepted, {coming} prepared to be, {there}");
            Some((open.call.name.to_string(), told))
        })
        .collect();
    let rows = all
        .heads
        .iter()
        .filter_map(|head| {
            Some(PreparedRow {
                id: head.id,
                number: head.number,
                title: head.title.to_string(),
                decision: head.prepared?.shown(),
            })
        })
        .collect();
    let list = EditionDesk::Proposals.path(&edition.slug);
    let help = "All that is chosen is decided together: each author gets one mail, and what is accepted becomes a session without a time.";
    let inner = Inner::edition(&person, &edition, &list, "Apply decisions", help)
        .below(list.clone(), "Proposals")
        .noticing(&site, &asked.headers);
    let pages = Pages::plain(&format!("{list}decide/"), filter.page, all.pages(), all.total);
    show(&DecidePage { inner, rows, places, pages })
}

async fn decide(State(site): State<Site>, person: Person, Path(slug): Path<String>, form: Form) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let ids: Vec<ProposalId> =
        form.values("proposal").filter_map(|id| Uuid::try_parse(id).ok()).map(ProposalId).collect();
    let list = EditionDesk::Proposals.path(&edition.slug);
    if ids.is_empty() {
        return done(&site, &format!("{list}decide/"), "Nothing was changed: choose at least one proposal.");
    }
    let base = site.base_url().to_owned();
    match site.store().apply_decisions(&person.subject, &edition, &ids, &base).await {
        Ok(decided) => {
            let told =
                format!("{} decided, {} mails to authors queued.", decided.proposals.len(), decided.mails);
            done(&site, &list, &told)
        }
        Err(store::Error::Refused(refusal)) => {
            done(&site, &format!("{list}decide/"), &format!("Nothing was changed: {refusal}"))
        }
        Err(other) => Err(other.into()),
    }
}
