//! Access codes of a call: with one, somebody submits after it has closed.

use super::{call::find, enter};
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
use jiff::ToSpan;
use model::{
    address::EditionDesk,
    call::{AccessCode, shown_code},
    edition::Edition,
    id::AccessCodeId,
};
use store::OpenCall;
use uuid::Uuid;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/desk/{edition}/calls/{call}/codes/", get(list).post(create));
    at(router, "/desk/{edition}/calls/{call}/codes/{code}/revoke/", post(revoke))
}

const HELP: &str = "Whoever has a code can submit to this call after it has closed, until the code ends. Make one for each person whom you let in late, so that it can be taken back.";

/// For how many days a code is good, to begin with.
const DAYS: i64 = 7;

#[derive(Template)]
#[template(path = "desk/codes.html")]
struct CodesPage {
    inner: Inner,
    form: Form,
    codes: Vec<CodeView>,
    /// A code that is shown this once.
    made: Option<(String, String)>,
}

struct CodeView {
    note: String,
    made: String,
    state: String,
    class: &'static str,
    revoke: Option<String>,
}

async fn page(
    site: &Site,
    asked: &Asked,
    person: &Person,
    (edition, open): (&Edition, &OpenCall),
    form: Form,
    made: Option<(String, String)>,
) -> Result<CodesPage, Failure> {
    let calls = EditionDesk::Calls.path(&edition.slug);
    let inner = Inner::edition(person, edition, &calls, "Access codes", HELP)
        .below(calls.clone(), "Calls")
        .below(EditionDesk::Call(open.call.id).path(&edition.slug), open.call.name.as_str())
        .noticing(site, &asked.headers);
    let codes = site.store().access_codes(edition.id, open.call.id).await?;
    let codes = codes.iter().map(|code| view(site, edition, code)).collect();
    Ok(CodesPage { inner, form, codes, made })
}

fn view(site: &Site, edition: &Edition, code: &AccessCode) -> CodeView {
    let at = |instant| edition.zone.local(instant).strftime("%-d %b %Y, %H:%M").to_string();
    let (state, class) = match code.revoked {
        Some(when) => (format!("Taken back {}", at(when)), ""),
        None if code.holds(site.now()) => (format!("Good until {}", at(code.until)), "good"),
        None => (format!("Over since {}", at(code.until)), ""),
    };
    let here = EditionDesk::CallCodes(code.call).path(&edition.slug);
    CodeView {
        note: code.note.to_string(),
        made: at(code.made),
        state,
        class,
        revoke: code.holds(site.now()).then(|| format!("{here}{}/revoke/", code.id)),
    }
}

/// The empty form: good for a week.
fn beginning(site: &Site, edition: &Edition) -> Form {
    let last = edition.zone.local(site.now()).date().saturating_add(DAYS.days());
    Form::default().with("until", last.at(23, 59, 0, 0).strftime("%Y-%m-%dT%H:%M"))
}

async fn list(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let open = find(&site, &person, &edition, id).await?;
    let form = beginning(&site, &edition);
    show(&page(&site, &asked, &person, (&edition, &open), form, None).await?)
}

async fn create(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let open = find(&site, &person, &edition, id).await?;
    let (note, until) = (form.line("note"), form.instant("until", &edition.zone));
    if let (Some(note), Some(until)) = (note, until) {
        let made =
            site.store().add_access_code(&person.subject, &edition, open.call.id, (&note, until)).await;
        match made {
            Ok((code, text)) => {
                let made = Some((code.note.to_string(), shown_code(&text)));
                let form = beginning(&site, &edition);
                return show(&page(&site, &asked, &person, (&edition, &open), form, made).await?);
            }
            Err(store::Error::Refused(refusal)) => form.refuse_by(&refusal),
            Err(other) => return Err(other.into()),
        }
    }
    again(&page(&site, &asked, &person, (&edition, &open), form, None).await?)
}

async fn revoke(
    State(site): State<Site>,
    person: Person,
    Path((slug, id, code)): Path<(String, Uuid, Uuid)>,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    let open = find(&site, &person, &edition, id).await?;
    let to = EditionDesk::CallCodes(open.call.id).path(&edition.slug);
    match site.store().revoke_access_code(&person.subject, &edition, AccessCodeId(code)).await {
        Ok(()) => done(&site, &to, "The code is taken back. What was submitted with it stays."),
        Err(store::Error::Refused(refusal)) => done(&site, &to, &format!("Nothing was changed: {refusal}")),
        Err(other) => Err(other.into()),
    }
}
