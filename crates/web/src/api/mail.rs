//! Mail: what was sent to whom and what became of it, and the addresses to which nothing is sent.

use super::{
    BASE,
    answer::{self, Answer, Page, Paging},
    body::{Json, Query},
    caller::Caller,
    fault::Fault,
    field::{field, same_words},
    resource,
};
use crate::{
    desk::mail::{self as desk, Sight},
    site::Site,
};
use axum::{
    extract::{Path, State as Held},
    http::{HeaderMap, Uri},
};
use jiff::Timestamp;
use model::{
    email::Email,
    id::MailId,
    mail::{self as m, MailKind},
    permission::{Action, Place},
    text::Line,
};
use serde::{Deserialize, Serialize};
use store::MailFilter;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The operations.
pub(super) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(again))
        .routes(routes!(let_be))
        .routes(routes!(suppressions, suppress))
        .routes(routes!(suppression, unsuppress))
}

/// What became of a mail.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum MailState {
    /// It waits for its next attempt.
    Queued,
    /// The server is being given it at this moment.
    Sending,
    /// The mail server has taken it over.
    Sent,
    /// The mail server will never take it.
    Refused,
    /// It is not tried any more: it was for as long as it made sense, or somebody decided so.
    GivenUp,
    /// The address is on the suppress list, or the person has left the list.
    Suppressed,
    /// It may have arrived or not: somebody decides.
    Uncertain,
    /// There is no mail server to send it with.
    Kept,
}

same_words!(MailState = m::Stage { Queued, Sending, Sent, Refused, GivenUp, Suppressed, Uncertain, Kept });

/// A name and an address.
#[derive(Debug, Serialize, ToSchema)]
struct Mailbox {
    /// How the person is called; may be empty.
    name: String,
    /// Where their mail goes.
    email: String,
}

impl From<&m::Mailbox> for Mailbox {
    fn from(mailbox: &m::Mailbox) -> Self {
        Self { name: mailbox.name.to_string(), email: mailbox.address.to_string() }
    }
}

/// A mail, without what it says.
#[derive(Debug, Serialize, ToSchema)]
struct Mail {
    /// Its identifier.
    id: Uuid,
    /// The edition that it is about; null where it is about none.
    edition: Option<Uuid>,
    /// What it tells, such as `post` or `invitation`.
    kind: String,
    /// The list that it goes to and that people can leave, `announcements` or `blog`; null for what goes to one person.
    list: Option<String>,
    /// To whom; null when the person had their account deleted.
    to: Option<Mailbox>,
    /// Whose address that is, where that is known.
    account: Option<Uuid>,
    /// Its subject.
    subject: String,
    /// What became of it.
    state: MailState,
    /// The next attempt of what waits; else since when its state holds.
    #[schema(value_type = String, format = DateTime)]
    state_at: Timestamp,
    /// What the mail server said last; may be empty.
    answer: String,
    /// How often it was tried.
    attempts: u32,
    /// When it was queued.
    #[schema(value_type = String, format = DateTime)]
    created: Timestamp,
    /// Whether it can be sent again.
    may_send_again: bool,
}

impl From<&m::Mail> for Mail {
    fn from(mail: &m::Mail) -> Self {
        Self {
            id: mail.id.0,
            edition: mail.edition.map(|edition| edition.0),
            kind: mail.kind.as_str().to_owned(),
            list: mail.list.map(|list| list.as_str().to_owned()),
            to: mail.to.as_ref().map(Mailbox::from),
            account: mail.account.map(|account| account.0),
            subject: mail.subject.to_string(),
            state: mail.state.stage().into(),
            state_at: mail.state.at(),
            answer: mail.answer.to_string(),
            attempts: mail.attempts,
            created: mail.created,
            may_send_again: mail.may_send_again().is_ok(),
        }
    }
}

/// A mail with what it says and how sending it went.
#[derive(Debug, Serialize, ToSchema)]
struct WholeMail {
    /// The mail.
    #[serde(flatten)]
    mail: Mail,
    /// From whom it came or will come; null where that is not decided yet.
    from: Option<Mailbox>,
    /// Where answers go, where that is another address.
    reply_to: Option<String>,
    /// Its Message-ID, once it was tried.
    message_id: Option<String>,
    /// Its text. A link that opens something for whoever has it is never in it.
    body: String,
    /// Every attempt, in order.
    tries: Vec<MailAttempt>,
}

/// One attempt to send a mail.
#[derive(Debug, Serialize, ToSchema)]
struct MailAttempt {
    /// Its number, from 1.
    number: u32,
    /// When it ended.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// `accepted`, `refused`, `later` or `unknown`.
    outcome: String,
    /// What the mail server said, or why it could not be asked.
    answer: String,
}

/// Which mails.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// In this state; in any where it is left out.
    #[serde(default)]
    #[param(inline)]
    state: Option<MailState>,
    /// Of this kind, such as `post`; of any where it is left out.
    #[serde(default)]
    kind: Option<String>,
    /// About this edition, by slug or identifier; about all that the caller may see where it is left out.
    #[serde(default)]
    edition: Option<String>,
    /// Whose recipient's name or address, or whose subject, holds this.
    #[serde(default)]
    text: Option<String>,
}

impl Wanted {
    /// What is looked for within what somebody may see.
    fn filter(&self, sight: &Sight) -> Result<MailFilter, Fault> {
        let editions = match &self.edition {
            None => sight.only.clone(),
            Some(key) => {
                let is_it = |edition: &&model::edition::Edition| {
                    edition.slug.as_str() == key || resource::is_id(edition.id.0, key)
                };
                let edition = sight.editions.iter().find(is_it);
                Some(vec![edition.ok_or_else(|| Fault::none("edition", key))?.id])
            }
        };
        let kind = |word: &String| {
            MailKind::parse(word).ok_or_else(|| {
                let words: Vec<&str> = MailKind::ALL.iter().map(|kind| kind.as_str()).collect();
                Fault::unreadable(format!("kind: it is none of {}", words.join(", ")))
            })
        };
        Ok(MailFilter {
            editions,
            stage: self.state.map(Into::into),
            kind: self.kind.as_ref().map(kind).transpose()?,
            text: self.text.clone().unwrap_or_default(),
        })
    }
}

#[utoipa::path(
    get, path = "/api/v1/mail", operation_id = "listMail", tag = "Mail",
    summary = "Lists the mail that the caller may manage, the latest first.",
    params(Wanted, Paging),
    responses(
        (status = 200, description = "A page of the list", body = Page<Mail>),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn list(
    Held(site): Held<Site>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
    Query(paging): Query<Paging>,
) -> Answer {
    let sight = Sight::of(&site, &caller.reader()?).await?;
    let filter = wanted.filter(&sight)?;
    let limit = paging.limit()? as u64 + 1;
    let found = site.store().mails(&filter, paging.last()?.map(MailId), limit).await?;
    let all: Vec<Mail> = found.mails.iter().map(Mail::from).collect();
    answer::list(&headers, &uri, &paging.page(all, |mail| mail.id)?)
}

/// The mail that an address means.
async fn whole(site: &Site, caller: &Caller, key: &str) -> Result<WholeMail, Fault> {
    let id = resource::id_in("mail", key)?;
    let (sight, mail, attempts) = desk::find(site, &caller.reader()?, id).await?;
    let tries = attempts.into_iter().map(|attempt| MailAttempt {
        number: attempt.number,
        at: attempt.at,
        outcome: attempt.outcome.as_str().to_owned(),
        answer: attempt.outcome.said().to_string(),
    });
    Ok(WholeMail {
        mail: Mail::from(&mail),
        from: mail.from.as_ref().map(|sender| Mailbox::from(&sender.mailbox())),
        reply_to: mail.from.as_ref().and_then(|sender| sender.reply_to.as_ref().map(ToString::to_string)),
        message_id: mail.message_id.clone(),
        body: desk::text_of(site, &mail, sight.edition(mail.edition)),
        tries: tries.collect(),
    })
}

#[utoipa::path(
    get, path = "/api/v1/mail/{id}", operation_id = "getMail", tag = "Mail",
    summary = "Shows a mail, what it says and how sending it went.",
    params(("id" = String, Path, description = "Its identifier")),
    responses(
        (status = 200, description = "The mail", body = WholeMail),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn get(Held(site): Held<Site>, caller: Caller, headers: HeaderMap, Path(key): Path<String>) -> Answer {
    answer::thing(&headers, &whole(&site, &caller, &key).await?)
}

#[utoipa::path(
    post, path = "/api/v1/mail/{id}/again", operation_id = "sendMailAgain", tag = "Mail",
    summary = "Sends a mail again. One that was sent stays what it is, and a copy of it is queued.",
    params(("id" = String, Path, description = "Its identifier")),
    responses((status = 200, description = "The mail that is queued now", body = WholeMail)),
    security(("token" = [])),
)]
async fn again(Held(site): Held<Site>, caller: Caller, Path(key): Path<String>) -> Answer {
    caller.may_write()?;
    let mail = whole(&site, &caller, &key).await?.mail.id;
    let queued = site.store().send_mail_again(&caller.subject.actor, MailId(mail)).await?;
    answer::changed(&whole(&site, &caller, &queued.to_string()).await?)
}

#[utoipa::path(
    post, path = "/api/v1/mail/{id}/let-be", operation_id = "letMailBe", tag = "Mail",
    summary = "Leaves an uncertain mail as it is: it counts as given up.",
    params(("id" = String, Path, description = "Its identifier")),
    responses((status = 200, description = "The mail as it is now", body = WholeMail)),
    security(("token" = [])),
)]
async fn let_be(Held(site): Held<Site>, caller: Caller, Path(key): Path<String>) -> Answer {
    caller.may_write()?;
    let mail = whole(&site, &caller, &key).await?.mail.id;
    site.store().let_mail_be(&caller.subject.actor, MailId(mail)).await?;
    answer::changed(&whole(&site, &caller, &key).await?)
}

/// An address to which nothing is sent.
#[derive(Debug, Serialize, ToSchema)]
struct Suppression {
    /// Its identifier, by which the change feed knows it too.
    id: Uuid,
    /// The address.
    email: String,
    /// `asked`: somebody entered it. `no_mailbox`: the mail server says that there is no such mailbox; links to sign in are
    /// still sent there.
    reason: String,
    /// What the mail server or whoever entered it said.
    note: String,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
}

impl From<&m::Suppression> for Suppression {
    fn from(one: &m::Suppression) -> Self {
        Self {
            id: one.id(),
            email: one.address.to_string(),
            reason: one.reason.as_str().to_owned(),
            note: one.note.to_string(),
            since: one.since,
        }
    }
}

/// An address to which nothing is to be sent.
#[derive(Debug, Deserialize, ToSchema)]
struct SuppressionInput {
    /// The address.
    email: String,
    /// Why.
    #[serde(default)]
    #[schema(max_length = 300)]
    note: String,
}

/// The one that an address of the API means, for a caller who may see the list.
async fn find(site: &Site, caller: &Caller, key: &str) -> Result<m::Suppression, Fault> {
    caller.may_read(Action::ManageMail, &Place::installation())?;
    let id = resource::id_in("suppression", key)?;
    let all = site.store().suppressions().await?;
    all.into_iter().find(|one| one.id() == id).ok_or_else(|| Fault::none("suppression", key))
}

#[utoipa::path(
    get, path = "/api/v1/suppressions", operation_id = "listSuppressions", tag = "Mail",
    summary = "Lists the addresses to which nothing is sent, the latest first.",
    params(Paging),
    responses(
        (status = 200, description = "A page of the list", body = Page<Suppression>),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn suppressions(
    Held(site): Held<Site>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    Query(paging): Query<Paging>,
) -> Answer {
    caller.may_read(Action::ManageMail, &Place::installation())?;
    let all: Vec<Suppression> = site.store().suppressions().await?.iter().map(Suppression::from).collect();
    answer::list(&headers, &uri, &paging.cut(all, |one| one.id)?)
}

#[utoipa::path(
    post, path = "/api/v1/suppressions", operation_id = "suppressAddress", tag = "Mail",
    summary = "Has nothing sent to an address from now on.",
    request_body = SuppressionInput,
    responses((status = 201, description = "Nothing is sent there any more", body = Suppression)),
    security(("token" = [])),
)]
async fn suppress(Held(site): Held<Site>, caller: Caller, Json(input): Json<SuppressionInput>) -> Answer {
    caller.may(Action::ManageMail, &Place::installation())?;
    let address = field("email", &input.email, Email::parse)?;
    site.store().suppress(&caller.subject.actor, &address, &Line::clean(&input.note)).await?;
    let id = m::Suppression::thing(address.as_str());
    let entered = find(&site, &caller, &id.to_string()).await?;
    answer::created(&format!("{BASE}/suppressions/{id}"), &Suppression::from(&entered))
}

#[utoipa::path(
    get, path = "/api/v1/suppressions/{id}", operation_id = "getSuppression", tag = "Mail",
    summary = "Shows an address to which nothing is sent.",
    params(("id" = String, Path, description = "Its identifier")),
    responses(
        (status = 200, description = "The address and why", body = Suppression),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn suppression(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path(key): Path<String>,
) -> Answer {
    answer::thing(&headers, &Suppression::from(&find(&site, &caller, &key).await?))
}

#[utoipa::path(
    delete, path = "/api/v1/suppressions/{id}", operation_id = "unsuppressAddress", tag = "Mail",
    summary = "Takes an address off the list: mail goes there again.",
    params(("id" = String, Path, description = "Its identifier")),
    responses((status = 204, description = "It is off the list")),
    security(("token" = [])),
)]
async fn unsuppress(Held(site): Held<Site>, caller: Caller, Path(key): Path<String>) -> Answer {
    caller.may(Action::ManageMail, &Place::installation())?;
    let found = find(&site, &caller, &key).await?;
    site.store().unsuppress(&caller.subject.actor, &found.address).await?;
    answer::nothing()
}
