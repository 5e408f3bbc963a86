//! What of the proposals waits for somebody, and since when.

use super::{change::count, enter};
use crate::{
    inner::{Answer, Inner, done, show},
    route::{Asked, at},
    signed::Person,
    site::Site,
};
use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    routing::{get, post},
};
use jiff::Timestamp;
use model::{address::EditionDesk, edition::Edition, permission::Action};
use store::{ForwardHead, PATIENCE, WaitingList};

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/desk/{edition}/proposals/to-do/", get(list));
    at(router, "/desk/{edition}/proposals/to-do/remind/", post(remind))
}

const HELP: &str = "What of the proposals waits, the oldest first. What is more than a week old is marked. What you have a conflict with is not here.";

#[derive(Template)]
#[template(path = "desk/to_do.html")]
struct ToDoPage {
    inner: Inner,
    lists: Vec<ListView>,
    behind: Vec<BehindView>,
    remind: String,
}

pub(super) struct ListView {
    pub(super) title: &'static str,
    pub(super) help: &'static str,
    pub(super) rows: Vec<RowView>,
    /// How many more there are.
    pub(super) more: usize,
}

pub(super) struct RowView {
    pub(super) href: String,
    pub(super) text: String,
    pub(super) age: String,
    pub(super) late: bool,
}

struct BehindView {
    name: String,
    reviews: String,
    age: String,
    late: bool,
}

/// How long ago something was, in words, and whether that is late.
fn age(since: Timestamp, now: Timestamp) -> (String, bool) {
    let gone = now.duration_since(since);
    let days = usize::try_from(gone.as_hours() / 24).unwrap_or_default();
    let text = if days == 0 { "today".to_owned() } else { count(days, "day", "days") };
    (text, gone >= PATIENCE)
}

/// A list as it is shown; `None` for an empty one.
pub(super) fn view(
    edition: &Edition,
    (title, help): (&'static str, &'static str),
    list: &WaitingList,
    now: Timestamp,
) -> Option<ListView> {
    let rows: Vec<RowView> = list
        .shown
        .iter()
        .map(|one| {
            let (age, late) = age(one.since, now);
            RowView {
                href: EditionDesk::Proposal(one.id).path(&edition.slug),
                text: format!("#{} {}", one.number, one.title),
                age,
                late,
            }
        })
        .collect();
    let more = list.total - rows.len();
    (!rows.is_empty()).then_some(ListView { title, help, rows, more })
}

/// What other calls pass on to those of the edition, and these to others; without empty lists.
pub(super) fn passed_on(
    edition: &Edition,
    incoming: &[ForwardHead],
    outgoing: &[ForwardHead],
    now: Timestamp,
) -> Vec<ListView> {
    let row = |one: &ForwardHead, page: EditionDesk, text: String| {
        let (age, late) = age(one.since, now);
        RowView { href: page.path(&edition.slug), text, age, late }
    };
    let came = incoming.iter().map(|one| {
        row(one, EditionDesk::Forward(one.id), format!("{}, from {} to {}", one.title, one.from, one.to))
    });
    let went = outgoing.iter().map(|one| {
        let page = one.proposal.map_or(EditionDesk::Forwards, EditionDesk::Proposal);
        let text = format!("{}, to {}: {}", one.title, one.to, one.state.shown().to_lowercase());
        row(one, page, text)
    });
    let lists = [
        (
            "Passed on to you",
            "Another committee passes them on, and their authors agree. Take or decline them.",
            came.collect::<Vec<_>>(),
        ),
        ("Passed on by you", "Their authors, or the receivers, have not answered yet.", went.collect()),
    ];
    lists
        .into_iter()
        .filter(|(.., rows)| !rows.is_empty())
        .map(|(title, help, rows)| ListView { title, help, rows, more: 0 })
        .collect()
}

async fn list(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    super::within(&person, Action::SeeProposals, &edition)?;
    let all = site.store().to_do(&person.subject, &edition).await?;
    let now = site.now();
    let lists = [
        ("Reviews to write", "You are asked for them.", &all.to_write),
        ("Reviews that you began", "They count once they are submitted.", &all.drafts),
        (
            "Reviews that are stale",
            "The proposal has changed since. Look whether your review still holds, and submit it again.",
            &all.stale,
        ),
        ("Authors who wait for an answer", "They wrote last.", &all.questions),
        ("Authors who did not answer", "Somebody wrote to them last.", &all.answers),
        (
            "Decisions that are prepared",
            "Since the proposal was submitted. Nobody learns of them before they are applied.",
            &all.prepared,
        ),
    ];
    let mut shown = passed_on(&edition, &all.incoming, &all.outgoing, now);
    shown
        .extend(lists.into_iter().filter_map(|(title, help, list)| view(&edition, (title, help), list, now)));
    let lists = shown;
    let behind = all
        .behind
        .iter()
        .map(|one| {
            let (age, late) = age(one.since, now);
            BehindView {
                name: one.name.to_string(),
                reviews: count(one.reviews, "review", "reviews"),
                age,
                late,
            }
        })
        .collect();
    let path = EditionDesk::ToDo.path(&edition.slug);
    let inner = Inner::edition(&person, &edition, &path, "To do", HELP).noticing(&site, &asked.headers);
    show(&ToDoPage { inner, lists, behind, remind: format!("{path}remind/") })
}

async fn remind(State(site): State<Site>, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    super::within(&person, Action::DecideProposals, &edition)?;
    let base = site.base_url().to_owned();
    let queued = site.store().remind_reviewers(&person.subject, &edition, &base).await?;
    let told = match queued {
        0 => {
            "Nobody was reminded: all were within the last week, or have an address to which nothing is sent."
                .to_owned()
        }
        queued => format!("{} reminded.", count(queued, "reviewer", "reviewers")),
    };
    done(&site, &EditionDesk::ToDo.path(&edition.slug), &told)
}
