//! The page of one microconference: what it shows to the committee and to its leads.

use crate::{
    desk::{
        call::local,
        session::{capital, place_of},
    },
    error::Failure,
    form::Form,
    inner::Inner,
    route::Asked,
    signed::Person,
    site::Site,
};
use askama::Template;
use model::{
    address::{Address, EditionDesk},
    call::{Call, Deadline, Invitation, invitation},
    edition::Edition,
    id::{ProposalId, SessionId},
    microconference::{Agenda, Check, Format, Held, Microconference, may_accept, topics},
    post::Publication,
    programme::{Programme, SessionKind},
    proposal::{Decision, State},
    text::Line,
};
use store::MicroconferenceView;

const HELP: &str = "The committee accepts it here; its leads then run it: the call for topics, the topics within their block, the post.";

/// A microconference in its edition.
pub(super) struct View {
    pub(super) edition: Edition,
    pub(super) all: MicroconferenceView,
}

/// The forms of the page that keep what was typed.
pub(super) struct Forms {
    pub(super) accept: Form,
    pub(super) call: Form,
    pub(super) agenda: Form,
}

impl Forms {
    /// As they stand before anything is typed.
    pub(super) fn of(view: &View) -> Self {
        let latest = view.all.open.call.terms.latest(&view.edition);
        let closes = view.all.topic_call.as_ref().map(|open| open.call.closes.clone());
        let closes = closes.unwrap_or_else(|| Some(latest.clone()));
        let zone = closes.as_ref().map_or(latest.zone.as_str(), |closes| closes.zone.as_str()).to_owned();
        let deadline =
            Form::default().with("topics_close", local(closes.as_ref())).with("topics_zone", &zone);
        let text = view.all.topic_call.as_ref().map(|open| open.call.text.to_string());
        let mut agenda = Form::default();
        for (place, (session, minutes)) in (1..).zip(order(view)) {
            let listed = minutes.is_some();
            agenda = agenda
                .with(&format!("order_{session}"), if listed { format!("{place}") } else { String::new() })
                .with(&format!("minutes_{session}"), minutes.unwrap_or(30));
        }
        let pause = view.all.microconference.held.as_ref().and_then(|held| held.agenda.pause);
        Self {
            accept: deadline.clone().with("format", Format::Full.as_str()),
            call: deadline.with("text", text.unwrap_or_default()),
            agenda: agenda.with("pause", pause.map(|id| id.to_string()).unwrap_or_default()),
        }
    }
}

/// The topics that were chosen, those with a place in the block first, in its order, with their minutes.
pub(super) fn order(view: &View) -> Vec<(SessionId, Option<u16>)> {
    let none = Agenda::default();
    let agenda = view.all.microconference.held.as_ref().map_or(&none, |held| &held.agenda);
    let mut out: Vec<_> = agenda.items.iter().map(|item| (item.session, Some(item.minutes))).collect();
    let chosen = view.all.topics.iter().filter(|topic| topic.proposal.state.takes_place());
    for session in chosen.filter_map(|topic| topic.proposal.session) {
        if out.iter().all(|(id, _)| *id != session) {
            out.push((session, None));
        }
    }
    out
}

#[derive(Template)]
#[template(path = "desk/microconference.html")]
pub(super) struct MicroconferencePage {
    inner: Inner,
    path: String,
    state: &'static str,
    proposal: Option<String>,
    facts: Vec<(&'static str, String)>,
    missing: Vec<&'static str>,
    may_decide: bool,
    may_lead: bool,
    is_undecided: bool,
    accept: Form,
    formats: Vec<(String, String)>,
    refused: Option<String>,
    may_wait_list: bool,
    held: Option<HeldView>,
    merge: Vec<(ProposalId, String)>,
    topics: Vec<String>,
    leads: Vec<(model::id::AuthorId, String)>,
}

/// What an accepted one has.
struct HeldView {
    is_open: bool,
    call: Form,
    call_page: String,
    latest: String,
    texts: Invitation,
    proposed: Vec<TopicView>,
    agenda: Form,
    rows: Vec<AgendaRow>,
    pauses: Vec<(String, String)>,
    taken: u32,
    content: u32,
    left: String,
    place: Option<String>,
    post: Option<PostView>,
    agreed: bool,
    sessions: Vec<(String, String)>,
}

struct TopicView {
    id: ProposalId,
    href: String,
    number: u32,
    title: String,
    authors: String,
    minutes: u16,
    state: &'static str,
    may_choose: bool,
    may_drop: bool,
}

struct AgendaRow {
    title: String,
    order: String,
    minutes: String,
    time: String,
}

struct PostView {
    href: String,
    title: String,
    public: Option<String>,
}

/// What one gets on the programme, in a list.
pub(super) fn format_shown(one: &Microconference) -> &'static str {
    match one.held.as_ref().map(|held| held.format) {
        Some(Some(format)) => format.shown(),
        Some(None) => "Left open",
        None => "",
    }
}

/// Until when microconferences can be proposed to a call.
pub(super) fn until(call: &Call) -> String {
    call.closes.as_ref().map_or_else(
        || "Microconferences can be proposed without an end".to_owned(),
        |closes| format!("Microconferences can be proposed until {}", closes.shown()),
    )
}

/// How many places there are, and how many are left.
pub(super) fn places(call: &Call, taken: usize) -> String {
    match call.places {
        None => format!("{taken} accepted, no limit"),
        Some(places) => {
            let left = usize::from(places).saturating_sub(taken);
            format!("{taken} of {places} places taken, {left} left")
        }
    }
}

pub(super) async fn page(
    site: &Site,
    asked: &Asked,
    person: &Person,
    view: &View,
    forms: Forms,
) -> Result<MicroconferencePage, Failure> {
    let View { edition, all } = view;
    let (proposal, call, one) = (&all.proposal, &all.open.call, &all.microconference);
    let at = |instant| edition.zone.local(instant).strftime("%-d %B %Y, %H:%M %Z").to_string();
    let list = EditionDesk::Microconferences.path(&edition.slug);
    let title = format!("#{} {}", proposal.number, proposal.content.title);
    let inner = Inner::edition(person, edition, &list, &title, HELP)
        .below(list.clone(), "Microconferences")
        .noticing(site, &asked.headers);
    let names = all.authors.iter().filter(|author| author.has_joined()).map(|author| author.name.as_str());
    let mut facts = vec![("Leads", names.collect::<Vec<_>>().join(", "))];
    facts.push(("Ready", one.ready.map_or_else(|| "Not yet".to_owned(), at)));
    if one.is_late(call) {
        facts.push(("Late", "It was called ready after the call had closed".to_owned()));
    }
    facts.push(("Proposals", until(call)));
    if let Some(topics) = &all.topic_call {
        let closes = topics.call.closes.as_ref().map(Deadline::shown).unwrap_or_default();
        facts.push(("Topics", format!("Topics can be proposed until {closes}")));
        facts.push(("Gets", format_shown(one).to_owned()));
        facts.push(("Passes", format!("Its leads may hand out {}", call.terms.passes)));
    }
    if all.may_decide {
        facts.push(("Places", places(call, all.taken)));
    }
    if let Some(into) = one.merged_into.and_then(|id| all.waiting.iter().find(|other| other.proposal == id)) {
        facts.push(("Merged", format!("It is part of #{} now", into.number)));
    }
    let joinable = proposal.state.is_undecided() || proposal.state == State::WaitListed;
    let heads = if all.may_decide && joinable {
        site.store().microconferences(&person.subject, edition).await?
    } else {
        vec![]
    };
    let merge = heads
        .iter()
        .filter(|head| head.call == call.id && head.microconference.proposal != proposal.id)
        .filter(|head| head.state.is_undecided() || head.state == State::WaitListed)
        .map(|head| (head.microconference.proposal, format!("#{} {}", head.number, head.title)))
        .collect();
    let held = match &one.held {
        Some(held) => Some(held_view(site, view, held, (forms.call, forms.agenda)).await?),
        None => None,
    };
    let refused = may_accept(one, proposal.state, call, &all.waiting).err();
    let mut formats = words();
    formats.push((String::new(), "Leave that open: accept provisionally".to_owned()));
    Ok(MicroconferencePage {
        inner,
        path: EditionDesk::Microconference(proposal.id).path(&edition.slug),
        state: proposal.state.shown(),
        proposal: all.may_decide.then(|| EditionDesk::Proposal(proposal.id).path(&edition.slug)),
        facts,
        missing: Check::ALL
            .iter()
            .filter(|check| !one.checked.contains(check))
            .map(|one| one.shown())
            .collect(),
        may_decide: all.may_decide,
        may_lead: all.may_lead,
        is_undecided: joinable,
        accept: forms.accept,
        formats,
        refused: refused.map(|refusal| format!("{}. {}.", capital(&refusal.problem), refusal.remedy)),
        may_wait_list: proposal.state.is_undecided(),
        held,
        merge,
        topics: topics(&proposal.content.answers),
        leads: all.authors.iter().map(|author| (author.id, author.name.to_string())).collect(),
    })
}

fn words() -> Vec<(String, String)> {
    Format::ALL.iter().map(|one| (one.as_str().to_owned(), one.shown().to_owned())).collect()
}

async fn held_view(
    site: &Site,
    view: &View,
    held: &Held,
    (call_form, agenda_form): (Form, Form),
) -> Result<HeldView, Failure> {
    let View { edition, all } = view;
    let none = || Failure::no("call", &held.call.to_string());
    let topic_call = &all.topic_call.as_ref().ok_or_else(none)?.call;
    let programme = site.store().programme(edition.id).await?;
    let programme = programme.ok_or_else(|| Failure::no("edition", edition.slug.as_str()))?;
    let format = held.format.unwrap_or(Format::Full);
    let rows = rows(&programme, view, held);
    let title_of = |id: SessionId| {
        let found = programme.sessions.iter().find(|session| session.id == id);
        found.map(|session| session.title.to_string()).unwrap_or_default()
    };
    let mut pauses = vec![(String::new(), "The topic that ends nearest to the middle".to_owned())];
    pauses.extend(held.agenda.items.iter().map(|item| (item.session.to_string(), title_of(item.session))));
    let block = programme.sessions.iter().find(|session| session.id == held.block);
    let place = block.and_then(|block| block.first_slot()).map(|slot| place_of(&programme, slot));
    let path = Address::Call(topic_call.slug.as_str()).path(&edition.slug);
    let taken = held.agenda.minutes();
    let content = format.content_minutes();
    let sessions = programme
        .sessions
        .iter()
        .filter(|session| session.parent == Some(held.block) || session.id == held.block)
        .filter(|session| session.kind == SessionKind::Topic || session.id == held.block)
        .map(|session| (EditionDesk::Session(session.id).path(&edition.slug), session.title.to_string()))
        .collect();
    Ok(HeldView {
        is_open: held.format.is_none(),
        call: call_form,
        call_page: path.clone(),
        latest: all.open.call.terms.latest(edition).shown(),
        texts: invitation(edition, topic_call, &format!("{}{path}", site.base_url())),
        proposed: all.topics.iter().map(|topic| topic_view(edition, topic)).collect(),
        agenda: agenda_form,
        rows,
        pauses: if format.break_minutes() > 0 { pauses } else { vec![] },
        taken,
        content,
        left: match content.checked_sub(taken) {
            Some(left) => format!("{left} are left"),
            None => format!("{} too many: what does not fit has no time", taken - content),
        },
        place,
        post: all.post.as_ref().map(|post| PostView {
            href: EditionDesk::Post(post.id).path(&edition.slug),
            title: post.title.to_string(),
            public: matches!(post.publication, Publication::Published(_))
                .then(|| Address::Post(post.slug.as_str()).path(&edition.slug)),
        }),
        agreed: held.nod.is_some(),
        sessions,
    })
}

fn topic_view(edition: &Edition, topic: &store::TopicHead) -> TopicView {
    let one = &topic.proposal;
    let open = !matches!(one.state, State::Withdrawn | State::Cancelled | State::Confirmed);
    TopicView {
        id: one.id,
        href: EditionDesk::Proposal(one.id).path(&edition.slug),
        number: one.number,
        title: one.content.title.to_string(),
        authors: topic.authors.iter().map(Line::as_str).collect::<Vec<_>>().join(", "),
        minutes: one.content.minutes.unwrap_or(30),
        state: one.state.shown(),
        may_choose: open && !one.state.takes_place(),
        may_drop: open && one.state != Decision::Decline.state(),
    }
}

/// The rows of the agenda: as they were saved, with the time that each topic then has.
fn rows(programme: &Programme, view: &View, held: &Held) -> Vec<AgendaRow> {
    let zone = &view.edition.zone;
    let format = held.format.unwrap_or(Format::Full);
    let start = programme
        .sessions
        .iter()
        .find(|session| session.id == held.block)
        .and_then(|block| block.first_slot())
        .map(|slot| slot.start);
    let times = held.agenda.times(format, start.unwrap_or(jiff::Timestamp::UNIX_EPOCH));
    order(view)
        .into_iter()
        .map(|(session, _)| {
            let found = programme.sessions.iter().find(|one| one.id == session);
            let clock = |instant| zone.local(instant).strftime("%H:%M").to_string();
            let time = times.iter().find(|(id, ..)| *id == session).map(|(_, begin, end)| {
                if start.is_some() {
                    return format!("{}–{}", clock(*begin), clock(*end));
                }
                let after = begin.duration_since(jiff::Timestamp::UNIX_EPOCH).as_mins();
                format!("after {after} minutes")
            });
            AgendaRow {
                title: found.map(|one| one.title.to_string()).unwrap_or_default(),
                order: format!("order_{session}"),
                minutes: format!("minutes_{session}"),
                time: time.unwrap_or_else(|| "No time".to_owned()),
            }
        })
        .collect()
}
