//! Mail: what was sent to whom, what became of it, and the addresses to which nothing is sent. Senders and texts of an
//! edition are in [`edition`].

mod edition;

use super::form_at;
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
use jiff::Timestamp;
use model::{
    address::{Account, Desk, EditionDesk},
    edition::Edition,
    email::Email,
    id::{EditionId, MailId},
    mail::{Mail, Outcome, Stage, footer, redacted, server_number},
    permission::{Action, Place, Subject},
    text::Line,
    time::Zone,
};
use store::MailFilter;
use uuid::Uuid;

/// Mails on one page.
const PAGE: u64 = 50;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/desk/mail/", get(list));
    let router = form_at(router, "/desk/mail/suppressed/", get(suppressed).post(suppress));
    let router = form_at(router, "/desk/mail/suppressed/remove/", post(unsuppress));
    let router = at(router, "/desk/mail/{mail}/", get(one));
    let router = at(router, "/desk/mail/{mail}/again/", post(send_again));
    let router = at(router, "/desk/mail/{mail}/let-be/", post(let_be));
    edition::routes(router)
}

const HELP: &str =
    "Every mail that Plenary has sent or is to send: what, to whom, when, and what became of it.";

/// What somebody may see of the mail; for the API too.
pub(crate) struct Sight {
    /// The editions whose mail they may see.
    pub(crate) editions: Vec<Edition>,
    /// The same by identifier; `None` when they may see all mail, that of no edition included.
    pub(crate) only: Option<Vec<EditionId>>,
}

impl Sight {
    pub(crate) async fn of(site: &Site, subject: &Subject) -> Result<Self, Failure> {
        let editions: Vec<Edition> =
            site.store().editions().await?.into_iter().map(|head| head.edition).collect();
        let everywhere = subject.may(Action::ManageMail, &Place::installation());
        let Err(refusal) = everywhere else { return Ok(Self { editions, only: None }) };
        let editions: Vec<Edition> = editions
            .into_iter()
            .filter(|edition| subject.may(Action::ManageMail, &Place::edition(edition)).is_ok())
            .collect();
        if editions.is_empty() {
            return Err(Failure::Forbidden(refusal));
        }
        let only = Some(editions.iter().map(|edition| edition.id).collect());
        Ok(Self { editions, only })
    }

    pub(crate) fn edition(&self, id: Option<EditionId>) -> Option<&Edition> {
        self.editions.iter().find(|edition| Some(edition.id) == id)
    }

    fn sees(&self, mail: &Mail) -> bool {
        self.only.as_ref().is_none_or(|only| mail.edition.is_some_and(|id| only.contains(&id)))
    }
}

/// What is wrong with sending mail at all.
struct Trouble {
    text: String,
    detail: String,
}

async fn trouble(site: &Site) -> Result<Option<Trouble>, Failure> {
    let Some(server) = &site.options().mail else {
        return Ok(Some(Trouble {
            text: "No mail server is configured, so mail is kept here and goes nowhere.".to_owned(),
            detail: "Whoever runs this server names one in its settings, in the section [smtp]. Until then they can make a \
                     link to sign in for somebody with: plenary user link EMAIL"
                .to_owned(),
        }));
    };
    let trouble = site.store().mail_server_trouble().await?;
    Ok(trouble.map(|trouble| Trouble {
        text: format!(
            "The mail server {} cannot be used since {}. Mail waits, and nothing is lost.",
            server.name,
            moment(trouble.since, &Zone::utc())
        ),
        detail: format!("{} It is tried again at {}.", trouble.error, moment(trouble.retry, &Zone::utc())),
    }))
}

fn moment(at: Timestamp, zone: &Zone) -> String {
    zone.local(at).strftime("%a %-d %b %Y %H:%M:%S %Z").to_string()
}

/// How the state of a mail is coloured.
fn tone(stage: Stage) -> &'static str {
    match stage {
        Stage::Sent => "good",
        Stage::Queued | Stage::Sending => "wait",
        Stage::Refused | Stage::GivenUp | Stage::Uncertain => "bad",
        Stage::Suppressed | Stage::Kept => "",
    }
}

#[derive(Template)]
#[template(path = "desk/mail.html")]
struct List {
    inner: Inner,
    trouble: Option<Trouble>,
    form: Form,
    stages: Vec<(String, String)>,
    editions: Vec<(String, String)>,
    counts: Vec<Count>,
    mails: Vec<Row>,
    older: Option<String>,
    filtered: bool,
    zone: String,
    suppressed: Option<String>,
}

struct Count {
    href: String,
    number: u64,
    text: &'static str,
    tone: &'static str,
}

struct Row {
    href: String,
    at: String,
    to: String,
    subject: String,
    kind: &'static str,
    edition: String,
    state: &'static str,
    tone: &'static str,
}

async fn list(State(site): State<Site>, asked: Asked, person: Person) -> Answer {
    let sight = Sight::of(&site, &person.subject).await?;
    let mut form = Form::default();
    for name in ["state", "edition", "text"] {
        form = form.with(name, asked.value(name).unwrap_or_default());
    }
    let chosen = sight.editions.iter().find(|edition| form.is_chosen("edition", edition.slug.as_str()));
    let filter = MailFilter {
        editions: chosen.map_or_else(|| sight.only.clone(), |edition| Some(vec![edition.id])),
        stage: Stage::parse(form.value("state")),
        kind: None,
        text: form.value("text").to_owned(),
    };
    let before = asked.value("before").and_then(|id| Uuid::try_parse(id).ok()).map(MailId);
    let counts = site.store().mail_counts(&filter).await?;
    let page = site.store().mails(&filter, before, PAGE).await?;
    let zone = chosen.map_or_else(Zone::utc, |edition| edition.zone.clone());
    let path = Desk::Mail.path();
    let counts = Stage::ALL.into_iter().filter_map(|stage| {
        let number = *counts.get(&stage)?;
        let href = query(&path, &asked, "state", stage.as_str());
        Some(Count { href, number, text: stage.shown(), tone: tone(stage) })
    });
    let mails = page.mails.iter().map(|mail| row(mail, &sight, &zone)).collect();
    let choices = |first: &str, rest: Vec<(String, String)>| {
        std::iter::once((String::new(), first.to_owned())).chain(rest).collect()
    };
    let may_suppress = person.subject.may(Action::ManageMail, &Place::installation()).is_ok();
    show(&List {
        trouble: trouble(&site).await?,
        stages: choices(
            "All",
            Stage::ALL.iter().map(|stage| (stage.as_str().to_owned(), stage.shown().to_owned())).collect(),
        ),
        editions: choices(
            "All",
            sight
                .editions
                .iter()
                .map(|edition| (edition.slug.to_string(), edition.title.to_string()))
                .collect(),
        ),
        counts: counts.collect(),
        mails,
        older: page.next.map(|id| query(&path, &asked, "before", &id.to_string())),
        filtered: ["state", "edition", "text", "before"].iter().any(|name| asked.value(name).is_some()),
        zone: zone.name().to_owned(),
        suppressed: may_suppress.then(|| Desk::Suppressed.path()),
        inner: Inner::desk(&person, &path, "Mail", HELP).noticing(&site, &asked.headers),
        form,
    })
}

fn row(mail: &Mail, sight: &Sight, zone: &Zone) -> Row {
    let stage = mail.state.stage();
    Row {
        href: Desk::MailItem(mail.id).path(),
        at: zone.local(mail.created).strftime("%-d %b %Y %H:%M").to_string(),
        to: recipient(mail),
        subject: mail.subject.to_string(),
        kind: mail.kind.shown(),
        edition: sight.edition(mail.edition).map_or_else(String::new, |edition| edition.title.to_string()),
        state: stage.shown(),
        tone: tone(stage),
    }
}

fn recipient(mail: &Mail) -> String {
    mail.to.as_ref().map_or_else(|| "Somebody whose account was deleted".to_owned(), ToString::to_string)
}

/// The page's own address with another value in its query.
fn query(path: &str, asked: &Asked, name: &str, value: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for kept in ["state", "edition", "text"] {
        if let Some(kept_value) = asked.value(kept).filter(|_| kept != name) {
            query.append_pair(kept, kept_value);
        }
    }
    query.append_pair(name, value);
    format!("{path}?{}", query.finish())
}

#[derive(Template)]
#[template(path = "desk/mail_item.html")]
struct Item {
    inner: Inner,
    state: &'static str,
    tone: &'static str,
    explained: &'static str,
    answer: String,
    facts: Vec<(&'static str, String)>,
    attempts: Vec<(u32, String, String)>,
    body: String,
    again: Option<String>,
    why_not: Option<String>,
    let_be: Option<String>,
    was_sent: bool,
}

/// The mail of that identifier, for somebody who may see it; to others there is none.
pub(crate) async fn find(
    site: &Site,
    subject: &Subject,
    id: Uuid,
) -> Result<(Sight, Mail, Vec<model::mail::Attempt>), Failure> {
    let sight = Sight::of(site, subject).await?;
    let found = site.store().mail(MailId(id)).await?;
    match found.filter(|(mail, _)| sight.sees(mail)) {
        Some((mail, attempts)) => Ok((sight, mail, attempts)),
        None => Err(Failure::no("mail", &id.to_string())),
    }
}

/// What the mail says, without what opens something for whoever reads it.
pub(crate) fn text_of(site: &Site, mail: &Mail, edition: Option<&Edition>) -> String {
    let mut body = redacted(&mail.body);
    if let (Some(list), Some(edition)) = (mail.list, edition) {
        let leave = format!("{}{}", site.base_url(), Account::Unsubscribe("…").path());
        body.push('\n');
        body.push_str(&footer(edition.title.as_str(), list, &leave));
    }
    body
}

async fn one(State(site): State<Site>, asked: Asked, person: Person, Path(id): Path<Uuid>) -> Answer {
    let (sight, mail, attempts) = find(&site, &person.subject, id).await?;
    let edition = sight.edition(mail.edition);
    let zone = edition.map_or_else(Zone::utc, |edition| edition.zone.clone());
    let stage = mail.state.stage();
    let mut facts = vec![("To", recipient(&mail))];
    if let Some(from) = &mail.from {
        facts.push(("From", from.mailbox().to_string()));
        facts.extend(from.reply_to.as_ref().map(|reply_to| ("Answers go to", reply_to.to_string())));
    }
    facts.push(("Made from", mail.kind.shown().to_owned()));
    facts.extend(edition.map(|edition| ("Edition", edition.title.to_string())));
    facts.extend(mail.list.map(|list| ("List", list.shown().to_owned())));
    facts.push(("Queued", moment(mail.created, &zone)));
    let when = match stage {
        Stage::Queued => "Next attempt",
        Stage::Sending => "Known at the latest",
        Stage::Sent => "Sent",
        _ => "Since",
    };
    facts.push((when, moment(mail.state.at(), &zone)));
    facts.extend(mail.message_id.as_ref().map(|id| ("Message-ID", id.clone())));
    if stage == Stage::Sent
        && let Some(number) = server_number(mail.answer.as_str())
    {
        facts.push(("The server's number", number.to_owned()));
    }
    let body = text_of(&site, &mail, edition);
    let attempts = attempts
        .into_iter()
        .map(|attempt| {
            let how = match &attempt.outcome {
                Outcome::Accepted(_) => "Taken over",
                Outcome::Refused(_) => "Refused",
                Outcome::Later(_) => "Not now",
                Outcome::Unknown(_) => "Unknown",
            };
            let said = attempt.outcome.said();
            let text = if said.is_empty() { how.to_owned() } else { format!("{how}: {said}") };
            (attempt.number, moment(attempt.at, &zone), text)
        })
        .collect();
    let path = Desk::MailItem(mail.id).path();
    let may_again = mail.may_send_again();
    show(&Item {
        inner: Inner::desk(
            &person,
            &Desk::Mail.path(),
            mail.subject.as_str(),
            "One mail, as it was sent or is to be.",
        )
        .below(Desk::Mail.path(), "Mail")
        .noticing(&site, &asked.headers),
        state: stage.shown(),
        tone: tone(stage),
        explained: stage.explained(),
        answer: mail.answer.to_string(),
        facts,
        attempts,
        body,
        again: may_again.is_ok().then(|| format!("{path}again/")),
        why_not: may_again.err().map(|refusal| format!("It cannot be sent again: {}.", refusal.problem)),
        let_be: (stage == Stage::Uncertain).then(|| format!("{path}let-be/")),
        was_sent: stage == Stage::Sent,
    })
}

async fn send_again(State(site): State<Site>, person: Person, Path(id): Path<Uuid>) -> Answer {
    let (_, mail, _) = find(&site, &person.subject, id).await?;
    let id = site.store().send_mail_again(&person.subject.actor, mail.id).await?;
    done(&site, &Desk::MailItem(id).path(), "It is queued, and sent as soon as possible.")
}

async fn let_be(State(site): State<Site>, person: Person, Path(id): Path<Uuid>) -> Answer {
    let (_, mail, _) = find(&site, &person.subject, id).await?;
    site.store().let_mail_be(&person.subject.actor, mail.id).await?;
    done(&site, &Desk::MailItem(mail.id).path(), "It is left as it is, and counts as given up.")
}

#[derive(Template)]
#[template(path = "desk/mail_suppressed.html")]
struct Suppressed {
    inner: Inner,
    form: Form,
    entries: Vec<Entry>,
}

struct Entry {
    address: String,
    reason: &'static str,
    note: String,
    since: String,
}

const SUPPRESSED: &str = "Addresses to which nothing is sent. The mail server's word that there is no such mailbox brings one here; \
                          links to sign in are still sent to those, because somebody asks for them at that moment.";

async fn suppressed_page(
    site: &Site,
    asked: &Asked,
    person: &Person,
    form: Form,
) -> Result<Suppressed, Failure> {
    let entries = site.store().suppressions().await?.into_iter().map(|entry| Entry {
        address: entry.address.to_string(),
        reason: entry.reason.shown(),
        note: entry.note.to_string(),
        since: moment(entry.since, &Zone::utc()),
    });
    Ok(Suppressed {
        inner: Inner::desk(person, &Desk::Mail.path(), "Suppress list", SUPPRESSED)
            .below(Desk::Mail.path(), "Mail")
            .noticing(site, &asked.headers),
        form,
        entries: entries.collect(),
    })
}

async fn suppressed(State(site): State<Site>, asked: Asked, person: Person) -> Answer {
    person.may(Action::ManageMail, &Place::installation())?;
    show(&suppressed_page(&site, &asked, &person, Form::default()).await?)
}

async fn suppress(State(site): State<Site>, asked: Asked, person: Person, mut form: Form) -> Answer {
    person.may(Action::ManageMail, &Place::installation())?;
    if let Some(address) = form.read("address", Email::parse) {
        let note = Line::clean(form.value("note"));
        site.store().suppress(&person.subject.actor, &address, &note).await?;
        return done(&site, &Desk::Suppressed.path(), &format!("Nothing is sent to {address} any more."));
    }
    again(&suppressed_page(&site, &asked, &person, form).await?)
}

async fn unsuppress(State(site): State<Site>, person: Person, form: Form) -> Answer {
    person.may(Action::ManageMail, &Place::installation())?;
    let address = Email::parse(form.value("address")).map_err(Failure::Refused)?;
    site.store().unsuppress(&person.subject.actor, &address).await?;
    done(&site, &Desk::Suppressed.path(), &format!("Mail goes to {address} again."))
}

/// The way to the mails of an edition.
fn mails_of(edition: &Edition) -> String {
    format!("{}?edition={}", Desk::Mail.path(), edition.slug)
}

/// The way to the mail page of an edition.
fn page_of(edition: &Edition) -> String {
    EditionDesk::Mail.path(&edition.slug)
}
