//! Calls as everybody sees them: what one can submit, one call, and the form with which one proposes something.

use super::{Asked, at};
use crate::{
    error::Failure,
    form::Form,
    inner::{Answer, Inner, again, done, show},
    markup,
    proposing::{self, Choices, FieldView, Files},
    signed::{Asker, Person},
    site::Site,
};
use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    routing::{get, post},
};
use model::{
    address::{Account, Address},
    call::{Call, CallKind, Deadline, Late, Phase, Stage},
    edition::Edition,
    id::{EditionId, SessionId},
    microconference::{from_last_time, leads_of},
    programme::{Programme, Session},
    text::{RichText, Slug},
};
use store::OpenCall;
use uuid::Uuid;

/// Adds the routes.
pub(crate) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/{edition}/calls/", get(list));
    let router = at(router, "/{edition}/calls/{call}/", get(call));
    let router = crate::desk::form_at(router, "/{edition}/calls/{call}/questions/", post(ask));
    crate::desk::files_at(router, "/{edition}/calls/{call}/propose/", get(new).post(create))
}

#[derive(Template)]
#[template(path = "calls.html")]
struct CallsPage {
    inner: Inner,
    calls: Vec<CallView>,
}

#[derive(Template)]
#[template(path = "call.html")]
struct CallPage {
    inner: Inner,
    call: CallView,
    text: String,
    /// What the form asks, for those who prepare.
    fields: Vec<FieldView>,
    /// The deadlines that are not this call's own, so that nobody takes one for the other.
    deadlines: Vec<String>,
    /// Where ideas wait for a lead.
    ideas: Option<String>,
    /// What was changed since it was published: its number, when, and what.
    amendments: Vec<(u32, String, String)>,
    /// What was asked and answered.
    questions: Vec<(String, String)>,
    /// The form of a question.
    form: Form,
    /// Where a question is sent; `None` once the call is closed.
    ask: Option<String>,
    signed_in: bool,
    /// What waits for an answer, of this person's own.
    mine: Vec<String>,
}

struct CallView {
    name: String,
    kind: &'static str,
    explained: &'static str,
    summary: String,
    href: String,
    /// Where one proposes something; `None` while one cannot.
    propose: Option<String>,
    /// Until when, or from when on, and how long that is.
    when: String,
    left: Option<String>,
    minutes: String,
}

/// The edition of that slug and its published calls; none where it has none.
pub(super) async fn published(site: &Site, slug: &str) -> Result<(Edition, Vec<OpenCall>), Failure> {
    let none = || Failure::no("call", slug);
    let known = Slug::parse(slug).map_err(|_| none())?;
    let edition = site.store().edition(&known).await?.ok_or_else(none)?.edition;
    let mut calls = site.store().calls(edition.id).await?;
    calls.retain(|one| one.call.phase(site.now()) != Phase::Hidden);
    if calls.is_empty() { Err(none()) } else { Ok((edition, calls)) }
}

async fn find(site: &Site, slug: &str, call: &str) -> Result<(Edition, OpenCall), Failure> {
    let (edition, calls) = published(site, slug).await?;
    Ok((edition, chosen(&calls, call)?))
}

/// The call of that slug among these.
fn chosen(calls: &[OpenCall], slug: &str) -> Result<OpenCall, Failure> {
    let found = calls.iter().find(|one| one.call.slug.as_str() == slug);
    found.cloned().ok_or_else(|| Failure::no("call", slug))
}

fn view(site: &Site, edition: &Edition, call: &Call) -> CallView {
    let now = site.now();
    let said = |deadline: &Option<Deadline>| deadline.as_ref().map(Deadline::shown).unwrap_or_default();
    let when = match call.phase(now) {
        Phase::Announced(_) => format!("Opens on {}", said(&call.opens)),
        Phase::Open(Some(_)) => format!("Open until {}", said(&call.closes)),
        Phase::Closed(_) => format!("Closed on {}", said(&call.closes)),
        Phase::Open(None) | Phase::Hidden => "Open".to_owned(),
    };
    let left = match call.phase(now) {
        Phase::Announced(_) => {
            call.opens.as_ref().and_then(|opens| opens.left(now)).map(|left| format!("in {left}"))
        }
        Phase::Open(_) => {
            call.closes.as_ref().and_then(|closes| closes.left(now)).map(|left| format!("{left} left"))
        }
        _ => None,
    };
    let propose = (!matches!(call.phase(now), Phase::Closed(_) | Phase::Hidden))
        .then(|| Address::Propose(call.slug.as_str()).path(&edition.slug));
    CallView {
        name: call.name.to_string(),
        kind: call.kind.a(),
        explained: call.kind.explained(),
        summary: call.summary.to_string(),
        href: Address::Call(call.slug.as_str()).path(&edition.slug),
        propose,
        when,
        left,
        minutes: call
            .minutes
            .iter()
            .map(|minutes| format!("{minutes} minutes"))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// The deadlines of the other calls that a call for topics, or for microconferences, could be confused with.
fn others(edition: &Edition, call: &Call, calls: &[OpenCall]) -> Vec<String> {
    let closes = |call: &Call| {
        call.closes
            .as_ref()
            .map_or_else(|| "without an end".to_owned(), |one| format!("until {}", one.shown()))
    };
    let other = match call.kind {
        CallKind::Topics => CallKind::Microconferences,
        CallKind::Microconferences => CallKind::Topics,
        _ => return vec![],
    };
    let all = calls.iter().map(|open| &open.call).filter(|one| one.kind == other);
    all.map(|one| match other {
        CallKind::Microconferences => {
            format!("A microconference as a whole can be proposed to {} {}", edition.title, closes(one))
        }
        _ => format!("{}: topics can be proposed {}", one.name, closes(one)),
    })
    .collect()
}

/// The frame: that of one's account for those who are signed in, a plain one for visitors.
pub(super) fn frame(asker: &Asker, title: &str, help: &str) -> Inner {
    match &asker.0 {
        Some(person) => Inner::account(person, "", title, help),
        None => Inner { narrow: false, ..Inner::outside(title, help) },
    }
}

async fn list(State(site): State<Site>, asked: Asked, asker: Asker, Path(slug): Path<String>) -> Answer {
    let (edition, calls) = published(&site, &slug).await?;
    let title = format!("What do you want to run at {}?", edition.title);
    let help = "Each call is for another kind of session. Read what they are before you write: a good proposal to the wrong call helps nobody.";
    let inner = frame(&asker, &title, help)
        .below(Address::Home.path(&edition.slug), edition.title.as_str())
        .noticing(&site, &asked.headers);
    show(&CallsPage { inner, calls: calls.iter().map(|one| view(&site, &edition, &one.call)).collect() })
}

async fn call_page(
    site: &Site,
    asked: &Asked,
    asker: &Asker,
    (edition, calls, open): (&Edition, &[OpenCall], &OpenCall),
    form: Form,
) -> Result<CallPage, Failure> {
    let help = open.call.summary.to_string();
    let inner = frame(asker, open.call.name.as_str(), &help)
        .below(Address::Calls.path(&edition.slug), "All calls")
        .noticing(site, &asked.headers);
    let exchange = site.store().exchange(edition.id, open.call.id).await?;
    let at = |instant| edition.zone.local(instant).strftime("%-d %B %Y, %H:%M %Z").to_string();
    let html = |text| markup::html(text, 3).as_str().to_owned();
    let me = asker.0.as_ref().map(|person| person.signed.shown().id);
    let still = !matches!(open.call.phase(site.now()), Phase::Closed(_) | Phase::Hidden);
    let (answered, waiting): (Vec<_>, Vec<_>) =
        exchange.questions.iter().partition(|question| question.answered.is_some());
    Ok(CallPage {
        inner,
        call: view(site, edition, &open.call),
        text: markup::html(&open.call.text, 2).as_str().to_owned(),
        fields: proposing::fields(&open.form, site.options().file_megabytes),
        deadlines: others(edition, &open.call, calls),
        ideas: (open.call.kind == CallKind::Microconferences).then(|| Address::Ideas.path(&edition.slug)),
        amendments: exchange.amendments.iter().map(|one| (one.number, at(one.at), html(&one.body))).collect(),
        questions: answered.iter().map(|one| (html(&one.body), html(&one.answer))).collect(),
        form,
        ask: still
            .then(|| format!("{}questions/", Address::Call(open.call.slug.as_str()).path(&edition.slug))),
        signed_in: me.is_some(),
        mine: waiting
            .iter()
            .filter(|one| me.is_some() && one.account == me)
            .map(|one| html(&one.body))
            .collect(),
    })
}

async fn call(
    State(site): State<Site>,
    asked: Asked,
    asker: Asker,
    Path((slug, call)): Path<(String, String)>,
) -> Answer {
    let (edition, calls) = published(&site, &slug).await?;
    let open = chosen(&calls, &call)?;
    show(&call_page(&site, &asked, &asker, (&edition, &calls, &open), Form::default()).await?)
}

async fn ask(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, call)): Path<(String, String)>,
    mut form: Form,
) -> Answer {
    let (edition, calls) = published(&site, &slug).await?;
    let open = chosen(&calls, &call)?;
    let body = RichText::clean(form.value("question"));
    match site.store().ask(&person.subject, &edition, open.call.id, &body).await {
        Ok(_) => {
            let told = "Your question is sent. You get the answer by mail, and everybody reads it here, without your name.";
            done(&site, &Address::Call(open.call.slug.as_str()).path(&edition.slug), told)
        }
        Err(store::Error::Refused(refusal)) => {
            form.refuse_by(&refusal);
            let asker = Asker(Some(person));
            again(&call_page(&site, &asked, &asker, (&edition, &calls, &open), form).await?)
        }
        Err(other) => Err(other.into()),
    }
}

/// The form of a new proposal.
#[derive(Template)]
#[template(path = "propose.html")]
struct ProposePage {
    inner: Inner,
    form: Form,
    explained: &'static str,
    choices: Choices,
    fields: Vec<FieldView>,
    /// Whether the form is sent in parts, with files.
    takes_files: bool,
    when: String,
    may_submit: bool,
    /// Whether only an access code opens it.
    is_closed: bool,
    /// The microconferences of earlier editions, from one of which one can begin.
    before: Vec<(String, String)>,
    /// The one from which this begins, as a form sends it; empty for none.
    again: String,
    /// What it was.
    last: Option<LastTime>,
}

/// A microconference as it was held the last time.
pub(crate) struct LastTime {
    pub(crate) title: String,
    pub(crate) edition: String,
    pub(crate) leads: Vec<String>,
    pub(crate) topics: Vec<String>,
}

/// What a microconference was when it was held; `None` where there was none.
pub(crate) async fn last_time(
    site: &Site,
    edition: &Edition,
    last: (EditionId, SessionId),
) -> Result<Option<(LastTime, Programme, Session)>, Failure> {
    let Some((programme, block)) = site.store().last_time(edition, last).await? else { return Ok(None) };
    let topics = programme.sessions.iter().filter(|session| session.parent == Some(block.id));
    let view = LastTime {
        title: block.title.to_string(),
        edition: programme.edition.title.to_string(),
        leads: leads_of(&programme, &block).iter().map(ToString::to_string).collect(),
        topics: topics.map(|topic| topic.title.to_string()).collect(),
    };
    Ok(Some((view, programme, block)))
}

/// Which one a form or an address means by `EDITION.SESSION`.
fn meant(text: &str) -> Option<(EditionId, SessionId)> {
    let (edition, session) = text.split_once('.')?;
    Some((EditionId(Uuid::try_parse(edition).ok()?), SessionId(Uuid::try_parse(session).ok()?)))
}

async fn page(
    site: &Site,
    asked: &Asked,
    person: &Person,
    edition: &Edition,
    open: &OpenCall,
    (mut form, files): (Form, &Files),
) -> Result<ProposePage, Failure> {
    let mut fields = proposing::fields(&open.form, site.options().file_megabytes);
    proposing::show_files(&mut fields, &mut form, files, |_, _| None);
    let again = meant(form.value("again"));
    let is_one = open.call.kind == CallKind::Microconferences;
    let before = if is_one { site.store().held_before(edition).await? } else { vec![] };
    let last = match again {
        Some(last) => last_time(site, edition, last).await?.map(|(view, ..)| view),
        None => None,
    };
    let title = format!("Propose {}", open.call.kind.a());
    let help = "A draft is yours alone. Once it is submitted, you can still change it at any time, and add others who propose it with you.";
    let inner = Inner::account(person, "", &title, help)
        .below(Address::Call(open.call.slug.as_str()).path(&edition.slug), open.call.name.as_str())
        .noticing(site, &asked.headers);
    let tracks = proposing::tracks(site, edition).await?;
    Ok(ProposePage {
        inner,
        form,
        explained: open.call.kind.explained(),
        choices: proposing::choices(&open.call, &tracks),
        fields,
        takes_files: proposing::takes_files(&open.form),
        when: view(site, edition, &open.call).when,
        may_submit: open.call.accepts(site.now(), Late::No).is_ok(),
        is_closed: matches!(open.call.phase(site.now()), Phase::Closed(_)),
        before: before
            .iter()
            .map(|one| {
                (
                    format!("{}.{}", one.edition.id, one.session),
                    format!("{}, {}", one.title, one.edition.title),
                )
            })
            .collect(),
        again: last
            .as_ref()
            .and(again)
            .map(|(edition, session)| format!("{edition}.{session}"))
            .unwrap_or_default(),
        last,
    })
}

async fn new(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, call)): Path<(String, String)>,
) -> Answer {
    let (edition, open) = find(&site, &slug, &call).await?;
    let only = if let [only] = open.call.minutes.as_slice() { only.to_string() } else { String::new() };
    let mut form = Form::default().with("minutes", &only);
    if let Some(last) = asked.value("again").and_then(meant)
        && open.call.kind == CallKind::Microconferences
        && let Some((_, programme, block)) = last_time(&site, &edition, last).await?
    {
        let content = from_last_time(&programme, &block, &open.form);
        form = proposing::filled(&content, &open.form).with("again", format!("{}.{}", last.0, last.1));
        form.put("minutes", &only);
    }
    show(&page(&site, &asked, &person, &edition, &open, (form, &Files::new())).await?)
}

async fn create(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, call)): Path<(String, String)>,
    mut form: Form,
) -> Answer {
    let (edition, open) = find(&site, &slug, &call).await?;
    person.subject.may_write().map_err(Failure::Forbidden)?;
    let submit = form.is_chosen("do", "submit");
    let stage = if submit { Stage::Submitted } else { Stage::Draft };
    let tracks = proposing::tracks(&site, &edition).await?;
    let files = proposing::hand_in(&site, &person, &edition, (&mut form, &open.form)).await?;
    if let Some(content) = proposing::read(&mut form, (&open.call, &open.form), &tracks, &files, stage) {
        let code = submit.then(|| form.value("code").to_owned());
        let begun = site
            .store()
            .begin_proposal(&person.subject, edition.id, open.call.id, &content, code.as_deref())
            .await;
        match begun {
            Ok(written) => {
                if let Some(last) = meant(form.value("again"))
                    && open.call.kind == CallKind::Microconferences
                    && last_time(&site, &edition, last).await?.is_some()
                {
                    let id = written.proposal.id;
                    site.store().continue_microconference(&person.subject, edition.id, id, last).await?;
                }
                let to = Account::Proposal(&edition.slug, written.proposal.id).path();
                let number = written.proposal.number;
                let told = if written.submitted {
                    format!("Your proposal #{number} is submitted. You can change it here at any time.")
                } else {
                    format!("Your draft #{number} is kept. Submit it when it is complete.")
                };
                return done(&site, &to, &told);
            }
            Err(store::Error::Refused(refusal)) => form.refuse_by(&refusal),
            Err(other) => return Err(other.into()),
        }
    }
    again(&page(&site, &asked, &person, &edition, &open, (form, &files)).await?)
}
