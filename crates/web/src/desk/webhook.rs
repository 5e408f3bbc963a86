//! Webhooks: who is told of changes, and what was delivered.

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
    Refusal,
    address::Desk,
    edition::Edition,
    id::WebhookId,
    permission::{Action, Place},
    text::WebUrl,
    time::Zone,
    webhook::{DeliveryState, KINDS},
};
use std::collections::BTreeSet;
use store::{Attempt, Delivery, KnownWebhook, WebhookEdit};
use uuid::Uuid;

/// Deliveries on one page.
const PAGE: usize = 50;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = form_at(router, "/desk/webhooks/", get(list).post(create));
    let router = form_at(router, "/desk/webhooks/{webhook}/", get(one).post(save));
    let router = at(router, "/desk/webhooks/{webhook}/secret/", post(rotate));
    let router = at(router, "/desk/webhooks/{webhook}/ping/", post(ping));
    let router = at(router, "/desk/webhooks/{webhook}/stop/", post(stop));
    let router = at(router, "/desk/webhooks/{webhook}/resume/", post(resume));
    let router = at(router, "/desk/webhooks/{webhook}/remove/", post(remove));
    at(router, "/desk/webhooks/{webhook}/deliveries/{delivery}/", post(redeliver))
}

const HELP: &str = "Addresses of other systems that are told of changes here: a chat, a mirror, your own scripts. Each delivery is signed.";

const ONE: &str =
    "What this webhook is told, and what became of each delivery. Deliveries are kept for 30 days.";

#[derive(Template)]
#[template(path = "desk/webhooks.html")]
struct Webhooks {
    inner: Inner,
    hooks: Vec<HookView>,
    form: Form,
    editions: Vec<(String, String)>,
    kinds: &'static [(&'static str, &'static str)],
    may_create: bool,
    /// A secret that is shown this once.
    made: Option<Made>,
}

struct HookView {
    href: String,
    name: String,
    receiver: String,
    edition: String,
    state: &'static str,
    class: &'static str,
    pending: u64,
}

struct Made {
    name: String,
    secret: String,
    href: String,
}

/// How a webhook stands, and the class of that.
fn standing(hook: &KnownWebhook) -> (&'static str, &'static str) {
    match (&hook.webhook.stopped, hook.webhook.failing_since) {
        (Some(_), _) => ("Stopped", "bad"),
        (None, Some(_)) => ("Failing", "wait"),
        (None, None) => ("In use", "good"),
    }
}

fn edition_name(hook: &KnownWebhook) -> String {
    hook.edition.as_ref().map_or_else(|| "Whole installation".to_owned(), |edition| edition.title.to_string())
}

/// The receiver without what may be secret in its address.
fn receiver_name(url: &WebUrl) -> String {
    url.as_str().split('/').nth(2).unwrap_or_default().to_owned()
}

async fn list(State(site): State<Site>, asked: Asked, person: Person) -> Answer {
    show(&page(&site, &asked, &person, Form::default(), None).await?)
}

/// The page, for those who may manage a webhook somewhere; to others there is none.
async fn page(
    site: &Site,
    asked: &Asked,
    person: &Person,
    form: Form,
    made: Option<Made>,
) -> Result<Webhooks, Failure> {
    if !person.subject.may_somewhere(Action::ManageWebhooks) {
        return Err(Failure::no("page", &Desk::Webhooks.path()));
    }
    let hooks = site.store().webhooks(&person.subject).await?;
    let hooks = hooks
        .iter()
        .map(|hook| {
            let (state, class) = standing(hook);
            HookView {
                href: Desk::Webhook(hook.webhook.id).path(),
                name: hook.webhook.name.to_string(),
                receiver: receiver_name(&hook.webhook.url),
                edition: edition_name(hook),
                state,
                class,
                pending: hook.pending,
            }
        })
        .collect();
    let editions = choices(site, person).await?;
    let inner = Inner::desk(person, &Desk::Webhooks.path(), "Webhooks", HELP).noticing(site, &asked.headers);
    let may_create = !editions.is_empty();
    Ok(Webhooks { inner, hooks, form, editions, kinds: &KINDS, may_create, made })
}

/// Of what one may have a webhook told.
async fn choices(site: &Site, person: &Person) -> Result<Vec<(String, String)>, Failure> {
    let may = |place: &Place| person.subject.may(Action::ManageWebhooks, place).is_ok();
    let heads = site.store().editions().await?;
    let editions = heads.iter().map(|head| &head.edition).filter(|edition| may(&Place::edition(edition)));
    let mut all: Vec<(String, String)> =
        editions.map(|edition| (edition.slug.to_string(), edition.title.to_string())).collect();
    if may(&Place::installation()) {
        all.insert(0, (String::new(), "Everything in this installation".to_owned()));
    }
    Ok(all)
}

/// Whether the receiver may be called, as far as its address tells.
pub(crate) fn receiver(site: &Site, url: &WebUrl) -> Result<(), Refusal> {
    let Some(fetcher) = site.fetcher() else {
        return Err(Refusal::new(
            "url",
            "nothing can be sent from this server",
            "Tell its operator to look at the log",
        ));
    };
    fetcher
        .check(url.as_str())
        .map(|_| ())
        .map_err(|error| Refusal::new("url", error.to_string(), error.remedy()))
}

/// What the form says; `None` when a field is refused, which then says why.
fn read(site: &Site, form: &mut Form) -> Option<WebhookEdit> {
    let name = form.line("name");
    let url = form.read("url", |text| {
        let url = WebUrl::parse(text)?;
        receiver(site, &url)?;
        Ok(url)
    });
    let kinds: BTreeSet<String> =
        form.values("kinds").filter(|kind| !kind.is_empty()).map(str::to_owned).collect();
    Some(WebhookEdit { name: name?, url: url?, kinds })
}

async fn create(State(site): State<Site>, asked: Asked, person: Person, mut form: Form) -> Answer {
    let edition = chosen(&site, &person, form.value("edition")).await?;
    let place = edition.as_ref().map_or_else(Place::installation, Place::edition);
    person.may(Action::ManageWebhooks, &place)?;
    if let Some(edit) = read(&site, &mut form) {
        match site.store().add_webhook(&person.subject, edition.map(|edition| edition.id), &edit).await {
            Ok((id, secret)) => {
                let made = Made { name: edit.name.to_string(), secret, href: Desk::Webhook(id).path() };
                return show(&page(&site, &asked, &person, Form::default(), Some(made)).await?);
            }
            Err(store::Error::Refused(refusal)) => form.refuse_by(&refusal),
            Err(error) => return Err(error.into()),
        }
    }
    again(&page(&site, &asked, &person, form, None).await?)
}

/// The edition that was chosen, if one was.
async fn chosen(site: &Site, person: &Person, slug: &str) -> Result<Option<Edition>, Failure> {
    if slug.is_empty() {
        return Ok(None);
    }
    super::enter(site, person, slug).await.map(Some)
}

#[derive(Template)]
#[template(path = "desk/webhook.html")]
struct WebhookPage {
    inner: Inner,
    form: Form,
    kinds: &'static [(&'static str, &'static str)],
    path: String,
    edition: String,
    owner: String,
    state: &'static str,
    class: &'static str,
    stopped: Option<String>,
    failing: Option<String>,
    pending: u64,
    secret: Option<String>,
    deliveries: Vec<DeliveryView>,
    older: Option<String>,
}

struct DeliveryView {
    id: Uuid,
    event: String,
    seq: Option<i64>,
    queued: String,
    state: &'static str,
    class: &'static str,
    next: Option<String>,
    attempts: Vec<AttemptView>,
    again: bool,
}

struct AttemptView {
    number: u32,
    at: String,
    status: String,
    answer: String,
    took: u32,
}

fn clock(zone: &Zone, at: Timestamp) -> String {
    zone.local(at).strftime("%-d %b %Y %H:%M:%S %Z").to_string()
}

impl DeliveryView {
    fn of(one: &Delivery, attempts: &[Attempt], zone: &Zone) -> Self {
        let class = match one.state {
            DeliveryState::Pending => "wait",
            DeliveryState::Delivered => "good",
            DeliveryState::Failed => "bad",
            DeliveryState::Skipped => "",
        };
        Self {
            id: one.id,
            event: one.event.clone(),
            seq: (one.seq > 0).then_some(one.seq),
            queued: clock(zone, one.created),
            state: one.state.shown(),
            class,
            next: one.next.filter(|_| one.attempts > 0).map(|next| clock(zone, next)),
            attempts: attempts
                .iter()
                .map(|made| AttemptView {
                    number: made.number,
                    at: clock(zone, made.at),
                    status: made.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string()),
                    answer: made.answer.clone(),
                    took: made.took,
                })
                .collect(),
            again: one.attempts > 0 || one.state != DeliveryState::Pending,
        }
    }
}

/// The webhook, if the person may manage it; to others there is none.
async fn found(site: &Site, person: &Person, id: Uuid) -> Result<KnownWebhook, Failure> {
    let known = site.store().webhook(&person.subject, WebhookId(id)).await?;
    known.ok_or_else(|| Failure::no("webhook", &id.to_string()))
}

fn filled(hook: &KnownWebhook) -> Form {
    let form = Form::default().with("name", &hook.webhook.name).with("url", &hook.webhook.url);
    hook.webhook.kinds.iter().fold(form, |form, kind| form.with("kinds", kind))
}

async fn detail(
    site: &Site,
    asked: &Asked,
    person: &Person,
    hook: &KnownWebhook,
    form: Form,
    secret: Option<String>,
) -> Result<WebhookPage, Failure> {
    let zone = hook.edition.as_ref().map_or_else(Zone::utc, |edition| edition.zone.clone());
    let after = asked.value("after").and_then(|after| Uuid::try_parse(after).ok());
    let mut rows = site.store().deliveries(hook.webhook.id, after, PAGE as u64 + 1).await?;
    let path = Desk::Webhook(hook.webhook.id).path();
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let older = rows.last().filter(|_| more).map(|(last, _)| format!("{path}?after={}", last.id));
    let (state, class) = standing(hook);
    let name = hook.webhook.name.to_string();
    let inner = Inner::desk(person, &Desk::Webhooks.path(), &name, ONE)
        .below(Desk::Webhooks.path(), "Webhooks")
        .noticing(site, &asked.headers);
    Ok(WebhookPage {
        inner,
        form,
        kinds: &KINDS,
        path,
        edition: edition_name(hook),
        owner: hook
            .owner
            .as_ref()
            .map_or_else(|| "The operator of the server".to_owned(), |owner| owner.name.to_string()),
        state,
        class,
        stopped: hook.webhook.stopped.as_ref().map(ToString::to_string),
        failing: hook.webhook.failing_since.map(|since| clock(&zone, since)),
        pending: hook.pending,
        secret,
        deliveries: rows.iter().map(|(one, made)| DeliveryView::of(one, made, &zone)).collect(),
        older,
    })
}

async fn one(State(site): State<Site>, asked: Asked, person: Person, Path(id): Path<Uuid>) -> Answer {
    let hook = found(&site, &person, id).await?;
    show(&detail(&site, &asked, &person, &hook, filled(&hook), None).await?)
}

async fn save(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(id): Path<Uuid>,
    mut form: Form,
) -> Answer {
    let hook = found(&site, &person, id).await?;
    person.may(Action::ManageWebhooks, &hook.place())?;
    if form.merge(&filled(&hook))
        && let Some(edit) = read(&site, &mut form)
    {
        match site.store().edit_webhook(&person.subject, hook.webhook.id, &edit).await {
            Ok(()) => return done(&site, &Desk::Webhook(hook.webhook.id).path(), "The webhook is saved."),
            Err(store::Error::Refused(refusal)) => form.refuse_by(&refusal),
            Err(error) => return Err(error.into()),
        }
    }
    again(&detail(&site, &asked, &person, &hook, form, None).await?)
}

async fn rotate(State(site): State<Site>, asked: Asked, person: Person, Path(id): Path<Uuid>) -> Answer {
    let hook = found(&site, &person, id).await?;
    person.may(Action::ManageWebhooks, &hook.place())?;
    let secret = site.store().rotate_webhook_secret(&person.subject, hook.webhook.id).await?;
    show(&detail(&site, &asked, &person, &hook, filled(&hook), Some(secret)).await?)
}

async fn ping(State(site): State<Site>, person: Person, Path(id): Path<Uuid>) -> Answer {
    let hook = found(&site, &person, id).await?;
    person.may(Action::ManageWebhooks, &hook.place())?;
    site.store().ping_webhook(&person.subject, hook.webhook.id).await?;
    done(
        &site,
        &Desk::Webhook(hook.webhook.id).path(),
        "A test is on its way. Load the page again in a moment to see what the receiver answered.",
    )
}

async fn stop(State(site): State<Site>, person: Person, Path(id): Path<Uuid>) -> Answer {
    let hook = found(&site, &person, id).await?;
    person.may(Action::ManageWebhooks, &hook.place())?;
    site.store().stop_webhook(&person.subject, hook.webhook.id).await?;
    done(
        &site,
        &Desk::Webhook(hook.webhook.id).path(),
        "The webhook is stopped. What happens meanwhile is kept for it.",
    )
}

async fn resume(State(site): State<Site>, person: Person, Path(id): Path<Uuid>, form: Form) -> Answer {
    let hook = found(&site, &person, id).await?;
    person.may(Action::ManageWebhooks, &hook.place())?;
    let leave_out = form.is_ticked("leave_out");
    site.store().resume_webhook(&person.subject, hook.webhook.id, leave_out).await?;
    done(&site, &Desk::Webhook(hook.webhook.id).path(), "The webhook is in use.")
}

async fn remove(State(site): State<Site>, person: Person, Path(id): Path<Uuid>) -> Answer {
    let hook = found(&site, &person, id).await?;
    person.may(Action::ManageWebhooks, &hook.place())?;
    site.store().remove_webhook(&person.subject, hook.webhook.id).await?;
    done(&site, &Desk::Webhooks.path(), &format!("The webhook {} is removed.", hook.webhook.name))
}

async fn redeliver(
    State(site): State<Site>,
    person: Person,
    Path((id, delivery)): Path<(Uuid, Uuid)>,
) -> Answer {
    let hook = found(&site, &person, id).await?;
    person.may(Action::ManageWebhooks, &hook.place())?;
    site.store().redeliver(&person.subject, hook.webhook.id, delivery).await?;
    let notice = if hook.webhook.stopped.is_some() {
        "It is sent again once the webhook goes on."
    } else {
        "It is sent again."
    };
    done(&site, &Desk::Webhook(hook.webhook.id).path(), notice)
}
