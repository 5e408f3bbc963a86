//! The meeting of the committee: one proposal at a time on everybody's screen.
//!
//! An open page learns by server-sent events that the meeting went on, and loads itself again; without a script one reloads.
//! The event says when, and nothing of what is before the committee.

use super::{enter, proposal};
use crate::{
    error::Failure,
    form::Form,
    headers::{self, Policy},
    inner::{Answer, Inner, done, show},
    live,
    route::{Asked, at},
    signed::Person,
    site::{Site, StreamPlace},
};
use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderName, HeaderValue},
    response::{
        IntoResponse,
        sse::{Event, KeepAlive, Sse},
    },
    routing::get,
};
use futures_util::{Stream, StreamExt, stream};
use model::{
    Refusal, address::EditionDesk, feed::Sequence, id::EditionId, permission::Action, time::to_micros,
};
use std::convert::Infallible;
use store::{Sitting, Turn};
use tokio::sync::watch;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/desk/{edition}/proposals/meeting/", get(here).post(turn));
    at(router, "/desk/{edition}/proposals/meeting/events", get(events))
}

const HELP: &str = "What the committee has before it, the same for everybody. Whoever has a conflict of interest is shown out while it is discussed.";

#[derive(Template)]
#[template(path = "desk/sitting.html")]
struct SittingPage {
    inner: Inner,
    /// Since when it is so, by which the script knows that it went on.
    since: i64,
    events: String,
    path: String,
    may_lead: bool,
    without: bool,
    shown: Option<Shown>,
}

struct Shown {
    href: String,
    title: String,
    state: &'static str,
    authors: String,
    summary: String,
    tally: String,
    reviews: Vec<proposal::ReviewView>,
    comments: Vec<proposal::CommentView>,
    decisions: Vec<(String, String)>,
    prepared: String,
    may_decide: bool,
}

async fn here(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    super::within(&person, Action::SeeProposals, &edition)?;
    let (sitting, since) = site.store().sitting(&person.subject, &edition).await?;
    let without = matches!(sitting, Sitting::Without);
    let shown = match sitting {
        Sitting::Before(filed) => {
            let (reviews, comments) = proposal::opinions(&edition, &filed);
            Some(Shown {
                href: EditionDesk::Proposal(filed.proposal.id).path(&edition.slug),
                title: format!("#{} {}", filed.proposal.number, filed.proposal.content.title),
                state: filed.proposal.state.shown(),
                authors: proposal::names(filed.authors.as_deref()),
                summary: crate::markup::html(&filed.proposal.content.summary, 3).as_str().to_owned(),
                tally: proposal::tally(&filed),
                reviews,
                comments,
                decisions: proposal::decisions(),
                prepared: filed.proposal.prepared.map(|one| one.as_str().to_owned()).unwrap_or_default(),
                may_decide: filed.may_decide,
            })
        }
        Sitting::Nothing | Sitting::Without => None,
    };
    let path = EditionDesk::Sitting.path(&edition.slug);
    let inner = Inner::edition(&person, &edition, &path, "Meeting", HELP)
        .noticing(&site, &asked.headers)
        .script("meeting.js");
    show(&SittingPage {
        inner,
        since: since.map(to_micros).unwrap_or_default(),
        events: format!("{path}events"),
        path,
        may_lead: person.subject.may_within(Action::DecideProposals, &edition),
        without,
        shown,
    })
}

async fn turn(State(site): State<Site>, person: Person, Path(slug): Path<String>, form: Form) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    super::within(&person, Action::DecideProposals, &edition)?;
    let to = EditionDesk::Sitting.path(&edition.slug);
    let turn = match form.value("do") {
        "next" => Ok(Turn::Next),
        "previous" => Ok(Turn::Previous),
        "end" => Ok(Turn::End),
        _ => {
            form.value("number").trim().trim_start_matches('#').parse().map(Turn::Number).map_err(|_| {
                Refusal::new("number", "it is none", "Type the number of a proposal, such as 12")
            })
        }
    };
    let turned = match turn {
        Ok(turn) => site.store().turn_sitting(&person.subject, &edition, turn).await,
        Err(refusal) => Err(refusal.into()),
    };
    match turned {
        Ok(()) => done(&site, &to, "Everybody sees it."),
        Err(store::Error::Refused(refusal)) => done(&site, &to, &format!("Nothing was changed: {refusal}")),
        Err(other) => Err(other.into()),
    }
}

struct Follower {
    site: Site,
    edition: EditionId,
    feed: watch::Receiver<Sequence>,
    known: Option<i64>,
    _place: StreamPlace,
}

async fn events(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    super::within(&person, Action::SeeProposals, &edition)?;
    let place = site.stream(asked.client)?;
    let stop = site.stop().clone();
    let feed = site.store().watch();
    let follower = Follower { feed, site, edition: edition.id, known: None, _place: place };
    let events = turns(follower).take_until(stop.cancelled_owned());
    let mut response =
        Sse::new(events).keep_alive(KeepAlive::new().interval(live::HEARTBEAT)).into_response();
    response.headers_mut().extend(headers::of(Policy::Private));
    // nginx holds answers back to fill its buffers, unless told not to.
    response
        .headers_mut()
        .insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok::<_, Failure>(response)
}

fn turns(follower: Follower) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(follower, |mut follower| async move {
        loop {
            follower.feed.mark_unchanged();
            // A record that does not answer ends the stream; the browser comes back by itself.
            let since = follower.site.store().sitting_since(follower.edition).await.ok()?;
            let since = since.map(to_micros).unwrap_or_default();
            if follower.known != Some(since) {
                follower.known = Some(since);
                let event = Event::default().event("turn").retry(live::RETRY).data(since.to_string());
                return Some((Ok(event), follower));
            }
            follower.feed.changed().await.ok()?;
        }
    })
}
