//! From whom an edition's mail comes, and its own texts.

use super::{
    answer::{self, Answer, Page, Paging, Seen},
    body::{Json, Query},
    caller::Caller,
    fault::Fault,
    field::optional,
    programme,
    resource::Desk,
};
use crate::site::Site;
use axum::{
    extract::{Path, State as Held},
    http::{HeaderMap, Uri},
};
use model::{
    Refusal,
    edition::Edition,
    email::Email,
    mail::{self as m, MailKind, Text},
    permission::{Action, Place},
    text::Line,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The operations.
pub(super) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(sender, set_sender))
        .routes(routes!(list))
        .routes(routes!(get, set, reset))
}

/// From whom an edition's mail comes.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct MailSender {
    /// The name that recipients see; may be empty.
    #[serde(default)]
    name: String,
    /// The address; null for the one in the settings of the server.
    #[serde(default)]
    email: Option<String>,
    /// Where answers go; null for the same address.
    #[serde(default)]
    reply_to: Option<String>,
}

impl From<Option<&m::Sender>> for MailSender {
    fn from(sender: Option<&m::Sender>) -> Self {
        Self {
            name: sender.map_or_else(String::new, |sender| sender.name.to_string()),
            email: sender.map(|sender| sender.address.to_string()),
            reply_to: sender.and_then(|sender| sender.reply_to.as_ref().map(ToString::to_string)),
        }
    }
}

impl MailSender {
    fn read(&self) -> Result<Option<m::Sender>, Refusal> {
        let name = Line::clean(&self.name);
        let address = optional("email", self.email.as_deref(), Email::parse)?;
        let reply_to = optional("reply_to", self.reply_to.as_deref(), Email::parse)?;
        match address {
            Some(address) => Ok(Some(m::Sender { name, address, reply_to })),
            None if name.is_empty() && reply_to.is_none() => Ok(None),
            None => {
                Err(Refusal::new("email", "it is empty", "Fill it in, or leave out the other fields too"))
            }
        }
    }
}

/// The edition, for a caller who may read what belongs to its mail.
async fn readable(site: &Site, caller: &Caller, key: &str) -> Result<Edition, Fault> {
    let edition = programme::desk(site, caller, key).await?.edition;
    caller.may_read(Action::ManageMail, &Place::edition(&edition))?;
    Ok(edition)
}

/// The edition, for a caller who may change it.
async fn managed(site: Site, caller: Caller, key: &str) -> Result<Desk, Fault> {
    let desk = Desk::enter(site, caller, key).await?;
    desk.may(Action::ManageMail)?;
    Ok(desk)
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/mail-sender", operation_id = "getMailSender", tag = "Mail",
    summary = "Shows from whom the edition's mail comes.",
    params(("edition" = String, Path, description = "The edition's slug or identifier")),
    responses(
        (status = 200, description = "The sender", body = MailSender),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn sender(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path(key): Path<String>,
) -> Answer {
    let edition = readable(&site, &caller, &key).await?;
    let sender = site.store().mail_sender(edition.id).await?;
    answer::thing(&headers, &MailSender::from(sender.as_ref()))
}

#[utoipa::path(
    put, path = "/api/v1/editions/{edition}/mail-sender", operation_id = "setMailSender", tag = "Mail",
    summary = "Sets from whom the edition's mail comes from now on.",
    params(
        ("edition" = String, Path, description = "The edition's slug or identifier"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the sender"),
    ),
    request_body = MailSender,
    responses((status = 200, description = "The sender as it is now", body = MailSender)),
    security(("token" = [])),
)]
async fn set_sender(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path(key): Path<String>,
    Json(wanted): Json<MailSender>,
) -> Answer {
    let desk = managed(site, caller, &key).await?;
    let (store, id) = (desk.site.store(), desk.edition.id);
    let before = store.mail_sender(id).await?;
    Seen::required(&headers)?.check(&MailSender::from(before.as_ref()))?;
    let new = wanted.read()?;
    let actor = &desk.caller.subject.actor;
    store.set_mail_sender(actor, id, before.as_ref(), new.as_ref()).await?.map_err(|_| Fault::outdated())?;
    answer::changed(&MailSender::from(new.as_ref()))
}

/// What a kind of mail says in an edition.
#[derive(Debug, Serialize, ToSchema)]
struct MailText {
    /// The kind, such as `post`.
    kind: String,
    /// When it is sent.
    explained: String,
    /// What one decides of it.
    #[serde(flatten)]
    input: MailTextInput,
    /// Whether the edition has a text of its own; else it is the built-in one.
    own: bool,
    /// What can stand in it as `{{ name }}`.
    variables: Vec<MailVariable>,
}

/// What can stand in a text of a mail.
#[derive(Debug, Serialize, ToSchema)]
struct MailVariable {
    /// Its name.
    name: String,
    /// What it stands for.
    says: String,
}

/// What one decides of the text of a kind of mail.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct MailTextInput {
    /// The subject, in one line.
    subject: String,
    /// The body.
    body: String,
}

impl MailText {
    fn of(kind: MailKind, own: Option<&Text>) -> Self {
        let text = own.cloned().unwrap_or_else(|| kind.text());
        let variable =
            |one: &m::Variable| MailVariable { name: one.name.to_owned(), says: one.says.to_owned() };
        Self {
            kind: kind.as_str().to_owned(),
            explained: kind.explained().to_owned(),
            input: MailTextInput { subject: text.subject, body: text.body },
            own: own.is_some(),
            variables: kind.variables().iter().map(variable).collect(),
        }
    }
}

/// The kind that an address means, of which an edition can have a text of its own.
fn kind_of(key: &str) -> Result<MailKind, Fault> {
    MailKind::parse(key).filter(|kind| kind.is_of_edition()).ok_or_else(|| Fault::none("kind of mail", key))
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/mail-texts", operation_id = "listMailTexts", tag = "Mail",
    summary = "Lists what each kind of mail says in the edition.",
    params(("edition" = String, Path, description = "The edition's slug or identifier"), Paging),
    responses(
        (status = 200, description = "A page of the list", body = Page<MailText>),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn list(
    Held(site): Held<Site>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    Path(key): Path<String>,
    Query(paging): Query<Paging>,
) -> Answer {
    let edition = readable(&site, &caller, &key).await?;
    let own = site.store().mail_texts(edition.id).await?;
    let kinds: Vec<MailKind> = MailKind::ALL.into_iter().filter(|kind| kind.is_of_edition()).collect();
    let page = paging.cut(kinds, |kind| kind.template_id(edition.id).0)?;
    let items = page.items.iter().map(|kind| MailText::of(*kind, own.get(kind))).collect();
    answer::list(&headers, &uri, &Page { items, next: page.next })
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/mail-texts/{kind}", operation_id = "getMailText", tag = "Mail",
    summary = "Shows what a kind of mail says in the edition.",
    params(
        ("edition" = String, Path, description = "The edition's slug or identifier"),
        ("kind" = String, Path, description = "The kind of mail, such as post"),
    ),
    responses(
        (status = 200, description = "The text", body = MailText),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn get(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path((key, kind)): Path<(String, String)>,
) -> Answer {
    let edition = readable(&site, &caller, &key).await?;
    let kind = kind_of(&kind)?;
    let own = site.store().mail_texts(edition.id).await?.remove(&kind);
    answer::thing(&headers, &MailText::of(kind, own.as_ref()))
}

#[utoipa::path(
    put, path = "/api/v1/editions/{edition}/mail-texts/{kind}", operation_id = "setMailText", tag = "Mail",
    summary = "Gives the edition its own text for a kind of mail.",
    params(
        ("edition" = String, Path, description = "The edition's slug or identifier"),
        ("kind" = String, Path, description = "The kind of mail, such as post"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the text"),
    ),
    request_body = MailTextInput,
    responses((status = 200, description = "The text as it is now", body = MailText)),
    security(("token" = [])),
)]
async fn set(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path((key, kind)): Path<(String, String)>,
    Json(input): Json<MailTextInput>,
) -> Answer {
    let desk = managed(site, caller, &key).await?;
    let kind = kind_of(&kind)?;
    let text = Text::parse(kind, &input.subject, &input.body)?;
    answer::changed(&write(&desk, kind, &headers, Some(text)).await?)
}

#[utoipa::path(
    delete, path = "/api/v1/editions/{edition}/mail-texts/{kind}", operation_id = "resetMailText", tag = "Mail",
    summary = "Gives up the edition's own text for a kind of mail: the built-in one is used again.",
    params(
        ("edition" = String, Path, description = "The edition's slug or identifier"),
        ("kind" = String, Path, description = "The kind of mail, such as post"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the text"),
    ),
    responses((status = 204, description = "The built-in text is used")),
    security(("token" = [])),
)]
async fn reset(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path((key, kind)): Path<(String, String)>,
) -> Answer {
    let desk = managed(site, caller, &key).await?;
    write(&desk, kind_of(&kind)?, &headers, None).await?;
    answer::nothing()
}

/// Writes the edition's own text of that kind, if it still is what the caller saw. The built-in text is nobody's own.
async fn write(
    desk: &Desk,
    kind: MailKind,
    headers: &HeaderMap,
    text: Option<Text>,
) -> Result<MailText, Fault> {
    let (store, id, actor) = (desk.site.store(), desk.edition.id, &desk.caller.subject.actor);
    let before = store.mail_texts(id).await?.remove(&kind);
    Seen::required(headers)?.check(&MailText::of(kind, before.as_ref()))?;
    let text = text.filter(|text| !kind.is_built_in(text));
    let done = store.set_mail_text(actor, id, kind, before.as_ref(), text.as_ref()).await?;
    done.map_err(|_| Fault::outdated())?;
    Ok(MailText::of(kind, text.as_ref()))
}
