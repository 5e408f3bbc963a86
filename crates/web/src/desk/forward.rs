//! Passing proposals on to other calls, and taking what others pass on.
//!
//! Whom a forward concerns, and what of it they may know, is decided in `store`.

use super::{enter, form_at, proposal as proposals, to_do};
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
    extract::{Path, State},
    routing::{get, post},
};
use model::{
    Refusal,
    address::EditionDesk,
    edition::Edition,
    forward::State as Standing,
    id::{CallId, EditionId, ForwardId, PartnerId, ProposalId},
    permission::Action,
    text::{RichText, Slug},
};
use store::{ForwardAnswer, ForwardView, IncomingForward, Target, Targets};
use uuid::Uuid;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/desk/{edition}/proposals/forwards/", get(list));
    let router = form_at(router, "/desk/{edition}/proposals/forwards/{forward}/", get(one).post(decide));
    let router = at(router, "/desk/{edition}/proposals/forwards/{forward}/cancel/", post(cancel));
    form_at(router, "/desk/{edition}/proposals/{proposal}/forward/", post(offer))
}

const HELP: &str = "A proposal that fits another call better is passed on there: its authors are asked first, then the committee of that call. Reviews and what the committee said stay here.";

#[derive(Template)]
#[template(path = "desk/forwards.html")]
struct ListPage {
    inner: Inner,
    lists: Vec<to_do::ListView>,
}

async fn list(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    super::within(&person, Action::SeeProposals, &edition)?;
    let incoming = site.store().incoming_forwards(&person.subject, &edition).await?;
    let outgoing = site.store().outgoing_forwards(&person.subject, &edition).await?;
    let list = EditionDesk::Proposals.path(&edition.slug);
    let inner = Inner::edition(&person, &edition, &list, "What is passed on", HELP)
        .below(list.clone(), "Proposals")
        .noticing(&site, &asked.headers);
    let lists = to_do::passed_on(&edition, &incoming, &outgoing, site.now());
    show(&ListPage { inner, lists })
}

/// A forward as pages show it.
pub(crate) struct TrailView {
    pub(crate) id: ForwardId,
    pub(crate) from: String,
    pub(crate) to: String,
    /// Where it stands at the other end, for whoever may go there.
    pub(crate) href: Option<String>,
    pub(crate) state: &'static str,
    pub(crate) steps: Vec<StepView>,
    pub(crate) left: Vec<(String, String)>,
    /// How the message to another Plenary fares, where it was not taken yet.
    pub(crate) trouble: Option<String>,
    pub(crate) waits_for_authors: bool,
    pub(crate) is_open: bool,
    pub(crate) is_offered: bool,
    /// Whether the proposal of the page went, rather than came.
    pub(crate) went: bool,
}

pub(crate) struct StepView {
    pub(crate) at: String,
    pub(crate) by: String,
    pub(crate) what: String,
    pub(crate) note: String,
}

/// A forward as it is shown on the page of the proposal `own`; `href` is where the proposal at the other end is.
pub(crate) async fn trail(
    site: &Site,
    view: &ForwardView,
    own: Option<ProposalId>,
    href: Option<String>,
    at: impl Fn(jiff::Timestamp) -> String,
) -> Result<TrailView, Failure> {
    let state = view.forward.state;
    let away = view.forward.to.partner().or(view.forward.from.partner()).is_some();
    let trouble = if away { site.store().forward_trouble(view.forward.id).await? } else { None };
    let trouble = trouble.map(|(attempts, answer, waits)| match (attempts, waits) {
        (0, _) => "The other Plenary is about to be told.".to_owned(),
        (attempts, true) => {
            format!("The other Plenary did not take the message in {attempts} attempts ({answer}). It is tried again.")
        }
        (_, false) => format!("The other Plenary was not told: {answer}. Write to its committee."),
    });
    Ok(TrailView {
        id: view.forward.id,
        from: view.from.label.clone(),
        to: view.to.label.clone(),
        href,
        state: state.shown(),
        steps: view
            .trail
            .iter()
            .map(|step| StepView {
                at: at(step.at),
                by: step.by.non_empty().unwrap_or("Somebody who left").to_owned(),
                what: step.step.shown().to_lowercase(),
                note: markup::html(&step.note, 4).as_str().to_owned(),
            })
            .collect(),
        left: view.forward.left.iter().map(|said| (said.label.to_string(), said.text.clone())).collect(),
        trouble,
        waits_for_authors: state == Standing::Asked,
        is_open: state.is_open(),
        is_offered: state == Standing::Offered,
        went: own.is_some() && view.forward.from.proposal() == own,
    })
}

/// Where a proposal can be passed on, as a form takes it.
pub(super) fn choices(targets: &Targets) -> Vec<(String, String)> {
    let here = targets.here.iter().map(|(edition, call)| {
        (format!("here {} {}", edition.id, call.id), format!("{}, {}", call.name, edition.title))
    });
    let away = targets.away.iter().flat_map(|partner| {
        partner.calls.iter().map(move |call| {
            (format!("away {} {}", partner.id, call.slug), format!("{}, {}", call.name, partner.name))
        })
    });
    here.chain(away).collect()
}

fn target(text: &str) -> Result<Target, Refusal> {
    let parts: Vec<&str> = text.split(' ').collect();
    let none = || Refusal::new("to", "no call is chosen", "Choose the call to which it fits");
    let id = |text: &str| Uuid::try_parse(text).map_err(|_| none());
    match parts.as_slice() {
        ["here", edition, call] => Ok(Target::Here(EditionId(id(edition)?), CallId(id(call)?))),
        ["away", partner, slug] => {
            Ok(Target::Away(PartnerId(id(partner)?), Slug::parse(slug).map_err(|_| none())?))
        }
        _ => Err(none()),
    }
}

async fn offer(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let filed = proposals::find(&site, &person, &edition, id).await?;
    let note = RichText::clean(form.value("note"));
    let base = site.base_url().to_owned();
    let outcome = match target(form.value("to")) {
        Ok(to) => {
            let store = site.store();
            store.offer_forward(&person.subject, &edition, filed.proposal.id, (&to, &note), &base).await
        }
        Err(refusal) => Err(refusal.into()),
    };
    match outcome {
        Ok(_) => {
            let to = EditionDesk::Proposal(filed.proposal.id).path(&edition.slug);
            done(&site, &to, "Its authors are asked by mail. It goes once one of them agrees.")
        }
        Err(store::Error::Refused(refusal)) => {
            form.refuse_by(&refusal);
            again(&proposals::page_with_forward(&site, &asked, &person, &edition, &filed, form).await?)
        }
        Err(other) => Err(other.into()),
    }
}

async fn cancel(
    State(site): State<Site>,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    super::within(&person, Action::DecideProposals, &edition)?;
    if !site.store().sends_forward(edition.id, ForwardId(id)).await? {
        return Err(Failure::no("forward", &id.to_string()));
    }
    let note = RichText::clean(form.value("note"));
    let base = site.base_url().to_owned();
    match site.store().cancel_forward(&person.subject, &edition, ForwardId(id), &note, &base).await {
        Ok(forward) => {
            let to = forward.from.proposal().map_or(EditionDesk::Forwards, EditionDesk::Proposal);
            done(&site, &to.path(&edition.slug), "It is not passed on; its authors are told.")
        }
        Err(store::Error::Refused(refusal)) => {
            let to = EditionDesk::Forwards.path(&edition.slug);
            done(&site, &to, &format!("Nothing was changed: {refusal}"))
        }
        Err(other) => Err(other.into()),
    }
}

#[derive(Template)]
#[template(path = "desk/forward.html")]
struct ForwardPage {
    inner: Inner,
    forward: TrailView,
    facts: Vec<(String, String)>,
    summary: String,
    answers: Vec<(String, String)>,
    /// What of it the receiving call does not ask, and what that asks and it does not say.
    left: Vec<String>,
    missing: Vec<String>,
    lengths: Vec<(String, String)>,
    /// That the call is closed, or not open yet.
    late: bool,
    call: String,
    form: Form,
}

async fn find(site: &Site, person: &Person, edition: &Edition, id: Uuid) -> Result<IncomingForward, Failure> {
    let found = site.store().incoming_forward(&person.subject, edition, ForwardId(id)).await?;
    found.ok_or_else(|| Failure::no("forward", &id.to_string()))
}

fn filled(incoming: &IncomingForward) -> Form {
    let minutes = incoming.carried.content.minutes.map(|minutes| minutes.to_string()).unwrap_or_default();
    Form::default().with("minutes", minutes).with("note", "")
}

async fn page(
    site: &Site,
    asked: &Asked,
    person: &Person,
    edition: &Edition,
    (incoming, form): (&IncomingForward, Form),
) -> Result<ForwardPage, Failure> {
    let at = |instant| edition.zone.local(instant).strftime("%-d %B %Y, %H:%M %Z").to_string();
    let path = EditionDesk::Forwards.path(&edition.slug);
    let inner = Inner::edition(
        person,
        edition,
        &EditionDesk::Proposals.path(&edition.slug),
        incoming.title.as_str(),
        HELP,
    )
    .below(path, "What is passed on")
    .noticing(site, &asked.headers);
    let new = incoming.view.to.proposal.map(|(id, _)| EditionDesk::Proposal(id).path(&edition.slug));
    let names: Vec<&str> = incoming.authors.iter().map(model::text::Line::as_str).collect();
    let mut facts = vec![("Authors".to_owned(), names.join(", "))];
    if let Some(minutes) = incoming.minutes {
        facts.push(("Length so far".to_owned(), format!("{minutes} minutes")));
    }
    let call = &incoming.open.call;
    Ok(ForwardPage {
        inner,
        forward: trail(site, &incoming.view, None, new, at).await?,
        facts,
        summary: markup::html(&incoming.summary, 3).as_str().to_owned(),
        answers: incoming.answers.iter().map(|said| (said.label.to_string(), said.text.clone())).collect(),
        left: incoming.carried.left.iter().map(|said| said.label.to_string()).collect(),
        missing: incoming.carried.missing.iter().map(ToString::to_string).collect(),
        lengths: call
            .minutes
            .iter()
            .map(|minutes| (minutes.to_string(), format!("{minutes} minutes")))
            .collect(),
        late: call.accepts(site.now(), model::call::Late::No).is_err(),
        call: call.name.to_string(),
        form,
    })
}

async fn one(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let incoming = find(&site, &person, &edition, id).await?;
    let form = filled(&incoming);
    show(&page(&site, &asked, &person, &edition, (&incoming, form)).await?)
}

async fn decide(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let incoming = find(&site, &person, &edition, id).await?;
    let accept = form.is_chosen("do", "accept");
    let minutes = form.value("minutes").trim();
    let answer = ForwardAnswer {
        accept,
        minutes: minutes.parse().ok().filter(|_| accept),
        note: RichText::clean(form.value("note")),
    };
    let base = site.base_url().to_owned();
    let id = incoming.view.forward.id;
    match site.store().decide_forward(&person.subject, &edition, id, &answer, &base).await {
        Ok(forward) => {
            let new = forward.to.proposal().filter(|_| accept);
            let (to, told) = match new {
                Some(new) => {
                    (EditionDesk::Proposal(new), "It is a proposal of your call now; its authors are told.")
                }
                None => {
                    (EditionDesk::Forwards, "It is declined; its authors and the other committee are told.")
                }
            };
            done(&site, &to.path(&edition.slug), told)
        }
        Err(store::Error::Refused(refusal)) => {
            form.refuse_by(&refusal);
            again(&page(&site, &asked, &person, &edition, (&incoming, form)).await?)
        }
        Err(other) => Err(other.into()),
    }
}
