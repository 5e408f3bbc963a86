//! Who reviews what: what is asked of the assignment of a call, its plan with the reasons, and who is asked.
//!
//! A run is planned, not applied: nobody is told before *Apply*. What whoever plans has a conflict with never comes here.

use super::{
    enter, form_at,
    paging::{Pages, page_of},
};
use crate::{
    error::Failure,
    form::Form,
    inner::{Answer, Inner, again, done, show},
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
    assignment::{Load, Plan, REVIEWS_MAX, Why},
    edition::Edition,
    id::{AccountId, CallId, ProposalId},
    permission::Action,
};
use std::collections::BTreeMap;
use store::{AssignedPair, Assigning};
use uuid::Uuid;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/desk/{edition}/assignment/", get(list));
    let router = form_at(router, "/desk/{edition}/assignment/{call}/", get(one).post(save));
    let router = at(router, "/desk/{edition}/assignment/{call}/run/", post(run));
    let router = at(router, "/desk/{edition}/assignment/{call}/settle/", post(settle));
    at(router, "/desk/{edition}/assignment/{call}/apply/", post(apply))
}

const HELP: &str = "Who is asked to review what. Plan it, look at the reasons, lock what should stay, plan again, and apply it when it is right. Conflicts of interest are kept out by themselves.";

#[derive(Template)]
#[template(path = "desk/assignments.html")]
struct ListPage {
    inner: Inner,
    calls: Vec<(String, String, &'static str, u8)>,
}

async fn list(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    super::within(&person, Action::DecideProposals, &edition)?;
    let calls = site.store().calls(edition.id).await?;
    let calls = calls
        .iter()
        .filter(|open| {
            let place = super::call::place(&edition, &open.call);
            person.subject.may(Action::DecideProposals, &place).is_ok()
                && open.call.is_open_to_committee(site.now())
        })
        .map(|open| {
            let to = EditionDesk::Assignment(open.call.id).path(&edition.slug);
            (to, open.call.name.to_string(), open.call.kind.shown(), open.call.reviewing.wanted)
        })
        .collect();
    let path = EditionDesk::Assignments.path(&edition.slug);
    let inner = Inner::edition(&person, &edition, &path, "Assignments", HELP).noticing(&site, &asked.headers);
    show(&ListPage { inner, calls })
}

#[derive(Template)]
#[template(path = "desk/assignment.html")]
struct AssignmentPage {
    inner: Inner,
    path: String,
    /// Whether the limits are shown at once: nothing is planned, or they were refused.
    opened: bool,
    form: Form,
    needed_help: String,
    reviewers: Vec<ReviewerView>,
    proposals: Vec<ProposalView>,
    choices: Vec<(String, String)>,
    pages: Pages,
    left_out: usize,
    differs: usize,
    short: usize,
    total: usize,
}

struct ReviewerView {
    /// The names of the fields of the own load, and what they are.
    fields: [(String, &'static str); 2],
    name: String,
    bids: usize,
    given: usize,
    planned: usize,
    written: usize,
}

struct ProposalView {
    id: String,
    number: u32,
    title: String,
    href: String,
    pairs: Vec<PairView>,
    next: Vec<PairView>,
}

struct PairView {
    reviewer: String,
    name: String,
    state: &'static str,
    planned: bool,
    locked: bool,
    /// Whether a run or a hand may still change it.
    open: bool,
    why: String,
}

/// What a reason says, in words.
fn told(why: &Why, planned: bool) -> String {
    let percent = |part: f64| format!("{:.0}", part * 100.0);
    let parts: Vec<String> = [(why.topics, "topics"), (why.bid, "bid"), (why.text, "texts")]
        .into_iter()
        .filter_map(|(part, name)| Some(format!("{} from {name}", percent(part?))))
        .collect();
    let parts = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
    let words =
        if why.words.is_empty() { String::new() } else { format!(", by the words {}", why.words.join(", ")) };
    let cost = percent(why.margin);
    // A missing review counts for more than any fit.
    let missing = why.margin > 1.0;
    let otherwise = match (planned, why.settled) {
        (_, true) => " It was settled before the run.".to_owned(),
        (true, false) if missing => " Without it a review would be missing.".to_owned(),
        (true, false) if why.margin > 0.0 => format!(" Without it the whole would lose at least {cost}."),
        (true, false) => String::new(),
        (false, false) if missing => " To ask them instead would leave a review missing.".to_owned(),
        (false, false) => format!(" To ask them instead would cost the whole at least {cost}."),
    };
    format!("Fits {} of 100{parts}{words}.{otherwise}", percent(why.affinity))
}

fn pair_view(pair: &AssignedPair) -> PairView {
    let state = match (pair.begun, pair.given, pair.planned) {
        (Some(true), ..) => "Reviewed",
        (Some(false), ..) => "Has begun",
        (None, true, true) => "Asked",
        (None, true, false) => "Asked, would be released",
        (None, false, true) => "Planned",
        (None, false, false) => "",
    };
    PairView {
        reviewer: pair.reviewer.to_string(),
        name: pair.name.to_string(),
        state,
        planned: pair.planned,
        locked: pair.locked,
        open: pair.begun.is_none(),
        why: pair.why.as_ref().map(|why| told(why, pair.planned)).unwrap_or_default(),
    }
}

/// The form of what is asked of the assignment.
fn filled(board: &Assigning) -> Form {
    let mut form = Form::default()
        .with("needed", board.plan.needed)
        .with("least", board.plan.load.least)
        .with("most", board.plan.load.most);
    for one in &board.reviewers {
        let shown = |number: Option<u16>| number.map(|number| number.to_string()).unwrap_or_default();
        form = form
            .with(&format!("least_{}", one.id), shown(one.own.map(|load| load.least)))
            .with(&format!("most_{}", one.id), shown(one.own.map(|load| load.most)));
    }
    form
}

async fn find(
    site: &Site,
    person: &Person,
    edition: &Edition,
    call: Uuid,
    page: usize,
) -> Result<Assigning, Failure> {
    let board = site.store().assigning(&person.subject, edition, CallId(call), page).await?;
    board.ok_or_else(|| Failure::no("call", &call.to_string()))
}

fn page(
    site: &Site,
    asked: &Asked,
    person: &Person,
    edition: &Edition,
    (board, page): (&Assigning, usize),
    form: Form,
) -> AssignmentPage {
    let list = EditionDesk::Assignments.path(&edition.slug);
    let path = EditionDesk::Assignment(board.open.call.id).path(&edition.slug);
    let title = format!("Assignment: {}", board.open.call.name);
    let inner = Inner::edition(person, edition, &list, &title, HELP)
        .below(list.clone(), "Assignments")
        .noticing(site, &asked.headers);
    let proposals = board
        .proposals
        .iter()
        .map(|one| ProposalView {
            id: one.id.to_string(),
            number: one.number,
            title: one.title.to_string(),
            href: EditionDesk::Proposal(one.id).path(&edition.slug),
            pairs: one.pairs.iter().map(pair_view).collect(),
            next: one.next.iter().map(pair_view).collect(),
        })
        .collect();
    AssignmentPage {
        inner,
        pages: Pages::plain(&path, page, board.pages(), board.total),
        path,
        opened: form.is_refused() || board.reviewers.iter().all(|one| one.planned == 0),
        form,
        needed_help: format!(
            "The call wants {} of each; the plan gives as many of them as it can.",
            board.open.call.reviewing.wanted
        ),
        reviewers: board
            .reviewers
            .iter()
            .map(|one| ReviewerView {
                fields: [(format!("least_{}", one.id), "At least"), (format!("most_{}", one.id), "At most")],
                name: one.name.to_string(),
                bids: one.bids,
                given: one.given,
                planned: one.planned,
                written: one.written,
            })
            .collect(),
        proposals,
        choices: board
            .reviewers
            .iter()
            .filter(|one| one.may_be_asked)
            .map(|one| (one.id.to_string(), one.name.to_string()))
            .collect(),
        left_out: board.left_out,
        differs: board.differs,
        short: board.short,
        total: board.total,
    }
}

async fn one(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, call)): Path<(String, Uuid)>,
    RawQuery(query): RawQuery,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let at = page_of(query.as_deref());
    let board = find(&site, &person, &edition, call, at).await?;
    let form = filled(&board);
    show(&page(&site, &asked, &person, &edition, (&board, at), form))
}

/// Reads the limits; what is wrong is marked in the form.
fn limits(form: &mut Form, board: &Assigning) -> Option<(Plan, BTreeMap<AccountId, Option<Load>>)> {
    let most = u32::from(REVIEWS_MAX);
    let mut number = |name: &str| form.number(name, 0, most).and_then(|number| u16::try_from(number).ok());
    let (needed, least, highest) = (number("needed"), number("least"), number("most"));
    let mut loads = BTreeMap::new();
    for one in &board.reviewers {
        let (least_name, most_name) = (format!("least_{}", one.id), format!("most_{}", one.id));
        let load = match (form.value(&least_name).trim(), form.value(&most_name).trim()) {
            ("", "") => None,
            (low, _) => {
                let least = if low.is_empty() { Some(0) } else { form.number(&least_name, 0, most) };
                let highest = form.number(&most_name, 0, most);
                let load = least.zip(highest).and_then(|(least, most)| {
                    Some(Load { least: u16::try_from(least).ok()?, most: u16::try_from(most).ok()? })
                });
                match load.map(|load| load.check(one.name.as_str())) {
                    Some(Err(refusal)) => {
                        form.refuse(&most_name, &refusal);
                        None
                    }
                    load => load.and_then(Result::ok),
                }
            }
        };
        if load != one.own {
            loads.insert(one.id, load);
        }
    }
    if form.is_refused() {
        return None;
    }
    Some((Plan { needed: needed?, load: Load { least: least?, most: highest? } }, loads))
}

async fn save(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, call)): Path<(String, Uuid)>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let board = find(&site, &person, &edition, call, 0).await?;
    if form.merge(&filled(&board))
        && let Some((plan, loads)) = limits(&mut form, &board)
    {
        let put =
            site.store().put_assignment_plan(&person.subject, &edition, CallId(call), plan, &loads).await;
        match put {
            Ok(()) => {
                let to = EditionDesk::Assignment(CallId(call)).path(&edition.slug);
                return done(&site, &to, "The limits are kept. Plan again to follow them.");
            }
            Err(store::Error::Refused(refusal)) if refusal.field == "load" => form.refuse("most", &refusal),
            Err(store::Error::Refused(refusal)) => form.refuse_by(&refusal),
            Err(other) => return Err(other.into()),
        }
    }
    again(&page(&site, &asked, &person, &edition, (&board, 0), form))
}

async fn run(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, call)): Path<(String, Uuid)>,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let round = site.store().assignment_round(&person.subject, &edition, CallId(call)).await?;
    let round = round.ok_or_else(|| Failure::no("call", &call.to_string()))?;
    let refused = if round.proposals.is_empty() || round.reviewers.is_empty() {
        let (problem, remedy) = if round.proposals.is_empty() {
            ("nothing waits for reviews", "Wait until something is submitted")
        } else {
            ("nobody can be asked", "Give somebody the role Reviewer for this call")
        };
        Refusal::new("plan", problem, remedy)
    } else {
        let assigning = tokio::task::spawn_blocking(move || planner::assignment::round::assign(&round)).await;
        match assigning.map_err(|_| Failure::Internal)? {
            Ok(chosen) => {
                let planned =
                    site.store().plan_assignment(&person.subject, &edition, CallId(call), &chosen).await;
                let notice = "Planned. Nobody is asked before you apply it.";
                return told_at(&site, &edition, call, planned, notice);
            }
            Err(refusal) => refusal,
        }
    };
    // Why there is no plan is long, and belongs beside the limits that can be changed.
    let board = find(&site, &person, &edition, call, 0).await?;
    let mut form = filled(&board);
    form.refuse("most", &refused);
    again(&page(&site, &asked, &person, &edition, (&board, 0), form))
}

async fn settle(
    State(site): State<Site>,
    person: Person,
    Path((slug, call)): Path<(String, Uuid)>,
    form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    find(&site, &person, &edition, call, 0).await?;
    let id = |name: &str| Uuid::try_parse(form.value(name)).unwrap_or_default();
    let pair = (ProposalId(id("proposal")), AccountId(id("reviewer")));
    let planned = form.value("do") != "out";
    let settled =
        site.store().settle_assignment(&person.subject, &edition, CallId(call), pair, planned).await;
    let notice = if planned { "Locked: no run changes it." } else { "It is out of the plan." };
    told_at(&site, &edition, call, settled, notice)
}

async fn apply(State(site): State<Site>, person: Person, Path((slug, call)): Path<(String, Uuid)>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    find(&site, &person, &edition, call, 0).await?;
    let base = site.base_url().to_owned();
    let applied = site.store().apply_assignment(&person.subject, &edition, CallId(call), &base).await;
    let notice = applied
        .as_ref()
        .map(|applied| {
            format!(
                "{} newly asked for, {} released, {} mails queued.",
                super::change::count(applied.asked, "review", "reviews"),
                applied.released,
                applied.mails
            )
        })
        .unwrap_or_default();
    told_at(&site, &edition, call, applied.map(|_| ()), &notice)
}

/// Leads back to the assignment with what was done, or why it was not.
fn told_at(site: &Site, edition: &Edition, call: Uuid, outcome: store::Result<()>, notice: &str) -> Answer {
    let to = EditionDesk::Assignment(CallId(call)).path(&edition.slug);
    match outcome {
        Ok(()) => done(site, &to, notice),
        Err(store::Error::Refused(refusal)) => done(site, &to, &format!("Nothing was changed: {refusal}")),
        Err(other) => Err(other.into()),
    }
}
