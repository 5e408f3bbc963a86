//! What reviewers want to review: a list of what was submitted to a call, with a choice for each.

use super::{
    enter, form_at,
    paging::{Pages, page_of},
};
use crate::{
    error::Failure,
    form::Form,
    inner::{Answer, Inner, done, show},
    markup,
    route::Asked,
    signed::Person,
    site::Site,
};
use askama::Template;
use axum::{
    Router,
    extract::{Path, RawQuery, State},
    routing::get,
};
use model::{
    address::EditionDesk,
    assignment::Bid,
    edition::Edition,
    id::{CallId, ProposalId, TrackId},
    permission::Action,
};
use std::collections::BTreeMap;
use store::{FILED_PER_PAGE, OpenCall};
use uuid::Uuid;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    form_at(router, "/desk/{edition}/proposals/bids/", get(list).post(save))
}

const HELP: &str = "Say what you want to review before reviews are assigned. It is a wish: the committee also looks who else can, and nobody but the committee sees it.";

#[derive(Template)]
#[template(path = "desk/bids.html")]
struct BidsPage {
    inner: Inner,
    /// The calls that one reviews: address, name, whether it is this one.
    calls: Vec<(String, String, bool)>,
    call: String,
    page: usize,
    rows: Vec<Row>,
    topics: Vec<(String, String, bool)>,
    pages: Pages,
}

struct Row {
    id: String,
    number: u32,
    title: String,
    href: String,
    summary: String,
    conflict: Option<&'static str>,
    choices: Vec<(&'static str, &'static str, bool)>,
}

/// The calls whose proposals they may review and which want reviews.
async fn calls(site: &Site, person: &Person, edition: &Edition) -> Result<Vec<OpenCall>, Failure> {
    let all = site.store().calls(edition.id).await?;
    Ok(all
        .into_iter()
        .filter(|open| {
            let place = super::call::place(edition, &open.call);
            let reviews = person.subject.may(Action::Review, &place).is_ok();
            reviews && open.call.reviewing.wanted > 0 && open.call.is_open_to_committee(site.now())
        })
        .collect())
}

fn wanted(query: &str) -> Option<CallId> {
    let found = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "call");
    found.and_then(|(_, value)| Uuid::try_parse(&value).ok()).map(CallId)
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
    let open = calls(&site, &person, &edition).await?;
    let query = query.unwrap_or_default();
    let path = EditionDesk::Bids.path(&edition.slug);
    let asked_for = wanted(&query);
    let here = match asked_for {
        None => open.first(),
        Some(id) => open.iter().find(|open| open.call.id == id),
    };
    let at = page_of(Some(&query));
    let mut page = None;
    if let Some(here) = here {
        page = site.store().bids(&person.subject, &edition, here.call.id, at).await?;
    }
    let list = EditionDesk::Proposals.path(&edition.slug);
    let inner = Inner::edition(&person, &edition, &list, "What you want to review", HELP)
        .below(list.clone(), "Proposals")
        .noticing(&site, &asked.headers);
    let of = |call: CallId| format!("{path}?call={call}");
    let links = open
        .iter()
        .map(|open| {
            (
                of(open.call.id),
                open.call.name.to_string(),
                Some(open.call.id) == here.map(|here| here.call.id),
            )
        })
        .collect();
    let (Some(here), Some(page)) = (here, page) else {
        let pages = Pages::plain(&path, 0, 1, 0);
        return show(&BidsPage {
            inner,
            calls: links,
            call: String::new(),
            page: 0,
            rows: vec![],
            topics: vec![],
            pages,
        });
    };
    let topics = if here.call.asks_tracks {
        let tracks = crate::proposing::tracks(&site, &edition).await?;
        tracks
            .iter()
            .map(|track| (track.id.to_string(), track.name.to_string(), page.topics.contains(&track.id)))
            .collect()
    } else {
        vec![]
    };
    let rows = page
        .heads
        .iter()
        .map(|head| Row {
            id: head.id.to_string(),
            number: head.number,
            title: head.title.to_string(),
            href: EditionDesk::Proposal(head.id).path(&edition.slug),
            summary: markup::html(&head.summary, 4).as_str().to_owned(),
            conflict: head.conflicts.first().map(|conflict| conflict.shown()),
            choices: std::iter::once(("", "Nothing said", head.bid.is_none()))
                .chain(Bid::ALL.iter().map(|bid| (bid.as_str(), bid.shown(), head.bid == Some(*bid))))
                .collect(),
        })
        .collect();
    let pages = Pages::plain(&of(here.call.id), at, page.pages(), page.total);
    show(&BidsPage { inner, calls: links, call: here.call.id.to_string(), page: at + 1, rows, topics, pages })
}

async fn save(State(site): State<Site>, person: Person, Path(slug): Path<String>, form: Form) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let open = calls(&site, &person, &edition).await?;
    let call = Uuid::try_parse(form.value("call")).unwrap_or_default();
    let found = open.iter().find(|open| open.call.id.0 == call);
    let found = found.ok_or_else(|| Failure::no("call", &call.to_string()))?;
    let mut bids: BTreeMap<ProposalId, Option<Bid>> = BTreeMap::new();
    for id in form.values("proposal").filter_map(|id| Uuid::try_parse(id).ok()).take(FILED_PER_PAGE) {
        bids.insert(ProposalId(id), Bid::parse(form.value(&format!("bid_{id}"))));
    }
    let tracks = crate::proposing::tracks(&site, &edition).await?;
    let known = |id: &TrackId| tracks.iter().any(|track| track.id == *id);
    let topics: Vec<TrackId> =
        form.values("topic").filter_map(|id| Uuid::try_parse(id).ok()).map(TrackId).filter(known).collect();
    let put = site.store().put_bids(&person.subject, &edition, found.call.id, &bids, &topics).await;
    let page = form.value("page").parse::<usize>().unwrap_or(1);
    let to = format!("{}?call={call}&page={page}", EditionDesk::Bids.path(&edition.slug));
    match put {
        Ok(_) => done(&site, &to, "Kept. You can change it until reviews are assigned."),
        Err(store::Error::Refused(refusal)) => done(&site, &to, &format!("Nothing was changed: {refusal}")),
        Err(other) => Err(other.into()),
    }
}
