//! Microconferences at the desk: the committee's queue, and the page of each, on which the committee accepts it and its
//! leads run it.

mod page;

use super::{call::deadline, enter, form_at};
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
    extract::{Path, State},
    routing::{get, post},
};
use model::{
    Refusal,
    address::EditionDesk,
    call::{CallKind, DeadlineZone},
    edition::Edition,
    id::{AuthorId, ProposalId, SessionId},
    microconference::{Agenda, Format, Item},
    permission::{Action, Place},
    proposal::Decision,
    text::{Line, RichText},
};
use page::{Forms, View, order, page};
use store::{Acceptance, MicroconferenceHead};
use uuid::Uuid;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/desk/{edition}/microconferences/", get(list));
    let router = at(router, "/desk/{edition}/microconferences/{microconference}/", get(one));
    let router = form_at(router, "/desk/{edition}/microconferences/{microconference}/accept/", post(accept));
    let router = at(router, "/desk/{edition}/microconferences/{microconference}/decide/", post(decide));
    let router = at(router, "/desk/{edition}/microconferences/{microconference}/take-back/", post(take_back));
    let router = at(router, "/desk/{edition}/microconferences/{microconference}/format/", post(format));
    let router = at(router, "/desk/{edition}/microconferences/{microconference}/nod/", post(nod));
    let router = at(router, "/desk/{edition}/microconferences/{microconference}/announce/", post(announce));
    let router =
        form_at(router, "/desk/{edition}/microconferences/{microconference}/call/", post(topic_call));
    let router = at(router, "/desk/{edition}/microconferences/{microconference}/topics/", post(choose));
    let router = form_at(router, "/desk/{edition}/microconferences/{microconference}/agenda/", post(agenda));
    let router = at(router, "/desk/{edition}/microconferences/{microconference}/merge/", post(merge));
    at(router, "/desk/{edition}/microconferences/{microconference}/split/", post(split))
}

const HELP: &str = "Microconferences in the order in which their leads called them ready: the committee decides one at a time. What is accepted has its track, its block, its call for topics and its leads at once.";

#[derive(Template)]
#[template(path = "desk/microconferences.html")]
struct ListPage {
    inner: Inner,
    calls: Vec<CallView>,
    /// Where ideas wait for a lead.
    ideas: Option<String>,
}

/// A call with what was proposed to it.
struct CallView {
    name: String,
    when: String,
    /// How many places there are and are left, for those who see all of it; leads see their own.
    places: Option<String>,
    queue: Vec<Row>,
    accepted: Vec<Row>,
    others: Vec<Row>,
}

struct Row {
    href: String,
    number: u32,
    title: String,
    leads: String,
    state: &'static str,
    ready: String,
    is_late: bool,
    /// Whether it is the one that is decided next.
    is_next: bool,
    format: &'static str,
}

async fn list(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    super::within(&person, Action::SeeProposals, &edition)?;
    let calls = site.store().calls(edition.id).await?;
    let all = site.store().microconferences(&person.subject, &edition).await?;
    let at = |instant| edition.zone.local(instant).strftime("%-d %B %Y, %H:%M %Z").to_string();
    let of_kind = calls.iter().filter(|open| open.call.kind == CallKind::Microconferences);
    let views = of_kind.filter_map(|open| {
        let call = &open.call;
        let place = Place::edition(&edition).in_track(call.track).in_call(Some(call.id));
        let sees_all = person.subject.may(Action::SeeProposals, &place).is_ok();
        let here: Vec<&MicroconferenceHead> = all.iter().filter(|head| head.call == call.id).collect();
        if !sees_all && here.is_empty() {
            return None;
        }
        let undecided = |head: &MicroconferenceHead| head.state.is_undecided();
        let next = here
            .iter()
            .find(|head| undecided(head) && head.microconference.ready.is_some())
            .map(|head| head.number);
        let rows = |fits: &dyn Fn(&MicroconferenceHead) -> bool| -> Vec<Row> {
            let row = |head: &&MicroconferenceHead| {
                let one = &head.microconference;
                Row {
                    href: EditionDesk::Microconference(one.proposal).path(&edition.slug),
                    number: head.number,
                    title: head.title.to_string(),
                    leads: head.leads.iter().map(Line::as_str).collect::<Vec<_>>().join(", "),
                    state: head.state.shown(),
                    ready: one.ready.map(at).unwrap_or_default(),
                    is_late: one.is_late(call),
                    is_next: next == Some(head.number),
                    format: page::format_shown(one),
                }
            };
            here.iter().filter(|head| fits(head)).map(row).collect()
        };
        let taken = here.iter().filter(|head| head.state.takes_place()).count();
        Some(CallView {
            name: call.name.to_string(),
            when: page::until(call),
            places: sees_all.then(|| page::places(call, taken)),
            queue: rows(&|head| undecided(head)),
            accepted: rows(&|head| head.state.takes_place()),
            others: rows(&|head| !undecided(head) && !head.state.takes_place()),
        })
    });
    let views = views.collect();
    let path = EditionDesk::Microconferences.path(&edition.slug);
    let inner =
        Inner::edition(&person, &edition, &path, "Microconferences", HELP).noticing(&site, &asked.headers);
    let ideas = calls
        .iter()
        .any(|open| open.call.kind == CallKind::Microconferences && open.call.published)
        .then(|| model::address::Address::Ideas.path(&edition.slug));
    show(&ListPage { inner, calls: views, ideas })
}

/// The microconference of an address, for those who decide on it or lead it.
async fn find(site: &Site, person: &Person, slug: &str, id: Uuid) -> Result<View, Failure> {
    let edition = enter(site, person, slug).await?;
    let all = site.store().microconference(&person.subject, &edition, ProposalId(id)).await?;
    let all = all.ok_or_else(|| Failure::no("microconference", &id.to_string()))?;
    Ok(View { edition, all })
}

async fn one(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
) -> Answer {
    let view = find(&site, &person, &slug, id).await?;
    let forms = Forms::of(&view);
    show(&page(&site, &asked, &person, &view, forms).await?)
}

fn own(edition: &Edition, id: Uuid) -> String {
    EditionDesk::Microconference(ProposalId(id)).path(&edition.slug)
}

/// Leads back to the page with what was done, or why it was not.
fn told(site: &Site, edition: &Edition, id: Uuid, outcome: store::Result<()>, notice: &str) -> Answer {
    match outcome {
        Ok(()) => done(site, &own(edition, id), notice),
        Err(store::Error::Refused(refusal)) => {
            done(site, &own(edition, id), &format!("Nothing was changed: {refusal}"))
        }
        Err(other) => Err(other.into()),
    }
}

async fn accept(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    mut form: Form,
) -> Answer {
    let view = find(&site, &person, &slug, id).await?;
    let zone = form.read("topics_zone", DeadlineZone::parse);
    if let Some(closes) = deadline(&mut form, "topics_close", zone.as_ref())
        && zone.is_some()
    {
        let how = Acceptance { format: Format::parse(form.value("format")), closes };
        let (subject, edition) = (&person.subject, &view.edition);
        let accepted = site
            .store()
            .accept_microconference(subject, edition, ProposalId(id), &how, site.base_url())
            .await;
        match accepted {
            Ok(proposal) => {
                let told = format!(
                    "{} is {}: it has its track, its block, its call for topics and a draft of its post, and its leads run it from here.",
                    proposal.content.title,
                    proposal.state.shown().to_lowercase()
                );
                return done(&site, &own(&view.edition, id), &told);
            }
            Err(store::Error::Refused(refusal)) if refusal.field == "closes" => {
                form.refuse("topics_close", &refusal);
            }
            Err(store::Error::Refused(refusal)) => form.refuse_by(&refusal),
            Err(other) => return Err(other.into()),
        }
    }
    let forms = Forms { accept: form, ..Forms::of(&view) };
    again(&page(&site, &asked, &person, &view, forms).await?)
}

async fn decide(
    State(site): State<Site>,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    form: Form,
) -> Answer {
    let view = find(&site, &person, &slug, id).await?;
    let decision = match form.value("decision") {
        "decline" => Decision::Decline,
        _ => Decision::WaitList,
    };
    let (subject, edition) = (&person.subject, &view.edition);
    let outcome =
        site.store().decide_proposal(subject, edition, ProposalId(id), decision, site.base_url()).await;
    told(&site, edition, id, outcome.map(|_| ()), "It is decided, and its leads are told.")
}

async fn take_back(
    State(site): State<Site>,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
) -> Answer {
    let view = find(&site, &person, &slug, id).await?;
    let (subject, edition) = (&person.subject, &view.edition);
    let outcome =
        site.store().take_back_microconference(subject, edition, ProposalId(id), site.base_url()).await;
    told(
        &site,
        edition,
        id,
        outcome,
        "All that the acceptance had made is taken back, and its leads are told.",
    )
}

async fn format(
    State(site): State<Site>,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    form: Form,
) -> Answer {
    let view = find(&site, &person, &slug, id).await?;
    let (subject, edition) = (&person.subject, &view.edition);
    let outcome = match Format::parse(form.value("format")) {
        Some(format) => {
            let (store, base) = (site.store(), site.base_url());
            store.set_microconference_format(subject, edition, ProposalId(id), format, base).await
        }
        None => Err(Refusal::new("format", "nothing is chosen", "Choose what it gets").into()),
    };
    let notice = match &outcome {
        Ok(mails) => format!("It is settled; {mails} mails to leads and authors of topics are queued."),
        Err(_) => String::new(),
    };
    told(&site, edition, id, outcome.map(|_| ()), &notice)
}

async fn nod(
    State(site): State<Site>,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    form: Form,
) -> Answer {
    let view = find(&site, &person, &slug, id).await?;
    let agreed = form.value("agreed") == "yes";
    let outcome =
        site.store().nod_microconference(&person.subject, &view.edition, ProposalId(id), agreed).await;
    let notice =
        if agreed { "Its leads may publish the post now." } else { "They may not publish it any more." };
    told(&site, &view.edition, id, outcome, notice)
}

async fn announce(
    State(site): State<Site>,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
) -> Answer {
    let view = find(&site, &person, &slug, id).await?;
    let (subject, edition) = (&person.subject, &view.edition);
    let outcome =
        site.store().announce_microconference(subject, edition, ProposalId(id), site.base_url()).await;
    told(&site, edition, id, outcome, "The post is public.")
}

async fn topic_call(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    mut form: Form,
) -> Answer {
    let view = find(&site, &person, &slug, id).await?;
    let current = Forms::of(&view).call;
    if form.merge(&current) {
        let zone = form.read("topics_zone", DeadlineZone::parse);
        let closes = deadline(&mut form, "topics_close", zone.as_ref());
        if let (Some(closes), Some(_)) = (closes, &zone) {
            let outcome = match closes {
                Some(closes) => {
                    let text = RichText::clean(form.value("text"));
                    let (subject, edition) = (&person.subject, &view.edition);
                    site.store().set_topic_call(subject, edition, ProposalId(id), &closes, &text).await
                }
                None => {
                    Err(Refusal::new("closes", "it never closes", "Say until when topics can be proposed")
                        .into())
                }
            };
            match outcome {
                Ok(()) => {
                    return done(&site, &own(&view.edition, id), "The call for topics is saved, and public.");
                }
                Err(store::Error::Refused(refusal)) if refusal.field == "closes" => {
                    form.refuse("topics_close", &refusal);
                }
                Err(store::Error::Refused(refusal)) => form.refuse_by(&refusal),
                Err(other) => return Err(other.into()),
            }
        }
    }
    let forms = Forms { call: form, ..Forms::of(&view) };
    again(&page(&site, &asked, &person, &view, forms).await?)
}

async fn choose(
    State(site): State<Site>,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    form: Form,
) -> Answer {
    let view = find(&site, &person, &slug, id).await?;
    let topic = Uuid::try_parse(form.value("topic")).map(ProposalId).ok();
    let minutes = form.value("minutes").trim().parse().ok();
    let decision = Decision::parse(form.value("decision"));
    let (subject, edition) = (&person.subject, &view.edition);
    let outcome = match (topic, decision) {
        (Some(topic), Some(decision)) => {
            let (store, how) = (site.store(), (decision, minutes));
            store.choose_topic(subject, edition, ProposalId(id), topic, how, site.base_url()).await
        }
        _ => Err(Refusal::new("topic", "nothing is chosen", "Use the buttons beside a topic").into()),
    };
    told(&site, edition, id, outcome.map(|_| ()), "It is decided, and its authors are told.")
}

/// The order that the form says; `None` when a field is refused. A topic whose place is left empty has none.
fn read_agenda(view: &View, form: &mut Form) -> Option<Agenda> {
    let mut items: Vec<(u32, Item)> = vec![];
    for (session, _) in order(view) {
        let (place, minutes) = (format!("order_{session}"), format!("minutes_{session}"));
        let typed = form.read_optional(&place, |text| {
            let number = text.trim().parse::<u32>();
            number.map_err(|_| Refusal::new("order", "it is no number", "Type one, or leave it empty"))
        })?;
        if let Some(place) = typed {
            let minutes = form.number(&minutes, 5, 180)?;
            items.push((place, Item { session, minutes: u16::try_from(minutes).ok()? }));
        }
    }
    // Stable: what has the same number stays in the order of the rows.
    items.sort_by_key(|(place, _)| *place);
    let pause = Uuid::try_parse(form.value("pause")).ok().map(SessionId);
    Some(Agenda { items: items.into_iter().map(|(_, item)| item).collect(), pause })
}

async fn agenda(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    mut form: Form,
) -> Answer {
    let view = find(&site, &person, &slug, id).await?;
    if form.merge(&Forms::of(&view).agenda)
        && let Some(agenda) = read_agenda(&view, &mut form)
    {
        let (subject, edition) = (&person.subject, &view.edition);
        match site.store().arrange_topics(subject, edition, ProposalId(id), &agenda).await {
            Ok(()) => {
                let told = "The order is saved. The public sees it with the next release.";
                return done(&site, &own(edition, id), told);
            }
            Err(store::Error::Refused(refusal)) => form.refuse_by(&refusal),
            Err(other) => return Err(other.into()),
        }
    }
    let forms = Forms { agenda: form, ..Forms::of(&view) };
    again(&page(&site, &asked, &person, &view, forms).await?)
}

async fn merge(
    State(site): State<Site>,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    form: Form,
) -> Answer {
    let view = find(&site, &person, &slug, id).await?;
    let title = Line::clean(form.value("title"));
    let (subject, edition) = (&person.subject, &view.edition);
    let outcome = match Uuid::try_parse(form.value("other")).map(ProposalId) {
        Ok(other) => {
            let (store, base) = (site.store(), site.base_url());
            store.merge_microconferences(subject, edition, ProposalId(id), other, &title, base).await
        }
        Err(_) => Err(Refusal::new("other", "nothing is chosen", "Choose what joins it").into()),
    };
    told(&site, edition, id, outcome.map(|_| ()), "Both are one now, and the leads of both are told.")
}

async fn split(
    State(site): State<Site>,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    form: Form,
) -> Answer {
    let view = find(&site, &person, &slug, id).await?;
    let title = Line::clean(form.value("title"));
    let topics: Vec<usize> = form.values("topic").filter_map(|at| at.parse().ok()).collect();
    let leads: Vec<AuthorId> =
        form.values("lead").filter_map(|id| Uuid::try_parse(id).ok()).map(AuthorId).collect();
    let (subject, edition, parts) = (&person.subject, &view.edition, (&title, &topics[..], &leads[..]));
    let outcome =
        site.store().split_microconference(subject, edition, ProposalId(id), parts, site.base_url()).await;
    let notice = match &outcome {
        Ok(second) => format!("It is two now: the second is #{}. Their leads are told.", second.number),
        Err(_) => String::new(),
    };
    told(&site, edition, id, outcome.map(|_| ()), &notice)
}
