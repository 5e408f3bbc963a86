//! The audit log: who changed what and when, of the whole installation or of one edition.

use super::enter;
use crate::{
    error::Failure,
    form::Form,
    inner::{Answer, Inner, done, show},
    page::Anchor,
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
use jiff::{Timestamp, civil::Date};
use model::{
    address::{Desk, EditionDesk},
    edition::Edition,
    feed::{Actor, Entry},
    id::AccountId,
    permission::{Action, Place, Subject},
    time::Zone,
};
use serde_json::Value;
use std::collections::HashMap;
use store::LogFilter;
use uuid::Uuid;

/// Entries on one page.
const PAGE: usize = 50;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/desk/log/", get(whole));
    let router = at(router, "/desk/log/{seq}/", get(one));
    let router = at(router, "/desk/log/{seq}/undo/", post(undo));
    at(router, "/desk/{edition}/log/", get(of_edition))
}

const HELP: &str =
    "Every change to the record: when, who, what, before and after. Nothing is ever removed from it.";

#[derive(Template)]
#[template(path = "desk/log.html")]
struct Log {
    inner: Inner,
    form: Form,
    kinds: Vec<(String, String)>,
    entries: Vec<Line>,
    older: Option<String>,
    zone: String,
}

/// One entry in the list.
struct Line {
    href: String,
    at: String,
    who: String,
    by: String,
    deed: &'static str,
    kind: String,
    name: String,
    about: String,
}

async fn whole(State(site): State<Site>, asked: Asked, person: Person) -> Answer {
    person.may(Action::SeeLog, &Place::installation())?;
    let inner = Inner::desk(&person, &Desk::Log.path(), "Log", HELP);
    list(&site, &asked, inner, None, &Desk::Log.path()).await
}

async fn of_edition(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(slug): Path<String>,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::SeeLog, &Place::edition(&edition))?;
    let path = EditionDesk::Log.path(&edition.slug);
    let inner = Inner::edition(&person, &edition, &path, "Log", HELP);
    list(&site, &asked, inner, Some(&edition), &path).await
}

async fn list(site: &Site, asked: &Asked, inner: Inner, edition: Option<&Edition>, path: &str) -> Answer {
    let zone = edition.map_or_else(Zone::utc, |edition| edition.zone.clone());
    let mut form = Form::default();
    for name in ["who", "kind", "thing", "from", "until"] {
        form = form.with(name, asked.value(name).unwrap_or_default());
    }
    let mut filter = LogFilter { edition: edition.map(|edition| edition.id), ..LogFilter::default() };
    filter.account = form.read_optional("who", uuid_of).flatten().map(AccountId);
    filter.thing = form.read_optional("thing", uuid_of).flatten();
    filter.kind = asked.value("kind").map(str::to_owned);
    filter.from = day(&mut form, "from", &zone, 0);
    filter.until = day(&mut form, "until", &zone, 1);
    filter.before = asked.value("before").and_then(|before| before.parse().ok());
    // One more than shown, to know whether there are older ones.
    let mut entries = site.store().log(&filter, PAGE as u64 + 1).await?;
    let more = entries.len() > PAGE;
    entries.truncate(PAGE);
    let names = names(site, &entries).await?;
    let own = |name: &str, value: String| query(path, asked, name, &value);
    let lines: Vec<Line> = entries
        .iter()
        .map(|entry| Line {
            href: Desk::LogEntry(entry.seq).path(),
            at: zone.local(entry.at).strftime("%a %-d %b %Y %H:%M:%S").to_string(),
            who: who(&entry.actor, &names),
            by: Actor::account_in(&entry.actor).map_or_else(String::new, |id| own("who", id.to_string())),
            deed: entry.deed.as_str(),
            kind: entry.kind.clone(),
            name: name_of(entry),
            about: own("thing", entry.thing.to_string()),
        })
        .collect();
    let older = entries.last().filter(|_| more).map(|last| own("before", last.seq.to_string()));
    let kinds = std::iter::once((String::new(), "All".to_owned()))
        .chain(KINDS.iter().map(|kind| ((*kind).to_owned(), (*kind).to_owned())))
        .collect();
    let inner = inner.noticing(site, &asked.headers);
    show(&Log { inner, form, kinds, entries: lines, older, zone: zone.name().to_owned() })
}

/// What can be chosen to narrow the log; any other kind may stand in the address.
const KINDS: [&str; 21] = [
    "session",
    "slot",
    "room",
    "track",
    "person",
    "edition",
    "release",
    "session-type",
    "page",
    "menu",
    "sponsor",
    "post",
    "account",
    "identity",
    "sign-in",
    "grant",
    "invitation",
    "registration",
    "mail",
    "token",
    "webhook",
];

fn uuid_of(text: &str) -> Result<Uuid, model::Refusal> {
    Uuid::try_parse(text.trim())
        .map_err(|_| model::Refusal::new("id", "it is no identifier", "Follow a link in the list instead"))
}

/// The begin of a day on the clocks of `zone`, `later` days later.
fn day(form: &mut Form, name: &str, zone: &Zone, later: i64) -> Option<Timestamp> {
    let read = |text: &str| {
        text.trim()
            .parse::<Date>()
            .map_err(|_| model::Refusal::new(name, "it is no date", "Type one like 2027-10-02"))
    };
    let date = form.read_optional(name, read).flatten()?;
    zone.instant(date.saturating_add(jiff::Span::new().days(later)).at(0, 0, 0, 0))
}

/// The page's own address with another value in its query.
fn query(path: &str, asked: &Asked, name: &str, value: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for kept in ["who", "kind", "thing", "from", "until"] {
        if let Some(kept_value) = asked.value(kept).filter(|_| kept != name) {
            query.append_pair(kept, kept_value);
        }
    }
    query.append_pair(name, value);
    format!("{path}?{}", query.finish())
}

/// The names of those who did something. One query.
pub(super) async fn names(
    site: &Site,
    entries: &[Entry<Value>],
) -> Result<HashMap<AccountId, String>, Failure> {
    let mut ids: Vec<AccountId> =
        entries.iter().filter_map(|entry| Actor::account_in(&entry.actor)).collect();
    ids.sort_unstable();
    ids.dedup();
    let accounts = site.store().accounts(&ids).await?;
    Ok(accounts.into_iter().map(|account| (account.id, account.name.to_string())).collect())
}

/// Who did it, for people.
pub(super) fn who(actor: &str, names: &HashMap<AccountId, String>) -> String {
    match (Actor::account_in(actor), actor) {
        (Some(id), _) => {
            let name = names.get(&id).cloned().unwrap_or_else(|| "somebody who is gone".to_owned());
            if actor.contains("/token:") { format!("{name}, by a program") } else { name }
        }
        (None, "system") => "Plenary".to_owned(),
        (None, "visitor") => "A visitor".to_owned(),
        (None, other) => match other.strip_prefix("operator:") {
            Some(name) => format!("{name}, at the server"),
            None => other.to_owned(),
        },
    }
}

/// What the thing is called, by its own fields.
fn name_of(entry: &Entry<Value>) -> String {
    let thing = entry.after.as_ref().or(entry.before.as_ref());
    let field = |name: &str| thing.and_then(|thing| thing.get(name));
    let text = ["title", "name", "subject", "number", "role", "way"].into_iter().find_map(field);
    match text {
        Some(Value::String(text)) => model::text::excerpt(text, 80),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

#[derive(Template)]
#[template(path = "desk/log_entry.html")]
struct EntryPage {
    inner: Inner,
    at: String,
    who: String,
    deed: &'static str,
    kind: String,
    name: String,
    fields: Vec<Field>,
    together: Vec<Anchor>,
    undo: Undo,
}

/// Whether the deed can be taken back.
enum Undo {
    /// Yes, here.
    At(String),
    /// No, and why.
    Not(String),
}

/// One field that differs.
struct Field {
    name: String,
    before: Option<String>,
    after: Option<String>,
}

/// The entry, its edition and the place where it is decided what may be done with it. To those who may not see it there
/// is none. For the API too.
pub(crate) async fn entry_for(
    site: &Site,
    subject: &Subject,
    seq: i64,
) -> Result<(Entry<Value>, Option<Edition>, Place), Failure> {
    let none = || Failure::no("entry", &seq.to_string());
    let entry = site.store().log_entry(seq).await?.ok_or_else(none)?;
    let edition = match entry.edition {
        Some(id) => site.store().editions().await?.into_iter().find(|head| head.edition.id == id),
        None => None,
    };
    let edition = edition.map(|head| head.edition);
    let place = edition.as_ref().map_or_else(Place::installation, Place::edition);
    subject.may(Action::SeeLog, &place).map_err(|_| none())?;
    Ok((entry, edition, place))
}

/// Whether somebody may take back what was written together, as far as can be said before it is tried.
pub(crate) fn may_undo(
    subject: &Subject,
    place: &Place,
    together: &[Entry<Value>],
) -> Result<(), model::Refusal> {
    subject.may(Action::Undo, place)?;
    store::can_undo(together)
}

async fn one(State(site): State<Site>, asked: Asked, person: Person, Path(seq): Path<i64>) -> Answer {
    let (entry, edition, place) = entry_for(&site, &person.subject, seq).await?;
    let zone = edition.as_ref().map_or_else(Zone::utc, |edition| edition.zone.clone());
    let names = names(&site, std::slice::from_ref(&entry)).await?;
    let list =
        edition.as_ref().map_or_else(|| Desk::Log.path(), |edition| EditionDesk::Log.path(&edition.slug));
    let title = format!("Entry {seq}");
    let inner = match &edition {
        Some(edition) => Inner::edition(&person, edition, &list, &title, HELP),
        None => Inner::desk(&person, &list, &title, HELP),
    };
    let inner = inner.below(list, "Log").noticing(&site, &asked.headers);
    let together = site.store().written_together(seq).await?;
    let undoable = may_undo(&person.subject, &place, &together);
    show(&EntryPage {
        inner,
        at: zone.local(entry.at).strftime("%A %-d %B %Y %H:%M:%S %Z").to_string(),
        who: who(&entry.actor, &names),
        deed: entry.deed.as_str(),
        kind: entry.kind.clone(),
        name: name_of(&entry),
        fields: fields(&entry),
        together: together
            .iter()
            .filter(|other| other.seq != seq)
            .map(|other| Anchor {
                href: Desk::LogEntry(other.seq).path(),
                text: format!("{} {} {}", other.kind, other.deed.as_str(), name_of(other)),
                current: false,
            })
            .collect(),
        undo: match undoable {
            Ok(()) => Undo::At(format!("{}undo/", Desk::LogEntry(seq).path())),
            Err(refusal) => Undo::Not(refusal.to_string()),
        },
    })
}

async fn undo(State(site): State<Site>, person: Person, Path(seq): Path<i64>) -> Answer {
    let (_, edition, place) = entry_for(&site, &person.subject, seq).await?;
    person.may(Action::Undo, &place)?;
    let count = site.store().undo(&person.subject, seq).await?;
    let list = edition.map_or_else(|| Desk::Log.path(), |edition| EditionDesk::Log.path(&edition.slug));
    let notice = match count {
        1 => "Taken back: one thing is what it was.".to_owned(),
        count => format!("Taken back: {count} things are what they were."),
    };
    done(&site, &list, &notice)
}

/// The fields that differ, as text.
fn fields(entry: &Entry<Value>) -> Vec<Field> {
    let empty = serde_json::Map::new();
    let of = |side: &Option<Value>| side.as_ref().and_then(Value::as_object).unwrap_or(&empty).clone();
    let (before, after) = (of(&entry.before), of(&entry.after));
    let mut names: Vec<&String> = before.keys().collect();
    names.extend(after.keys().filter(|name| !before.contains_key(*name)));
    let text = |value: Option<&Value>| match value {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(other) => serde_json::to_string_pretty(other).ok(),
    };
    names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| Field {
            name: name.clone(),
            before: text(before.get(name)),
            after: text(after.get(name)),
        })
        .collect()
}
