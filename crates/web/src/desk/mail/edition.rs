//! From whom an edition's mail comes, and its own texts.

use super::{mails_of, page_of, tone, trouble};
use crate::{
    desk::{enter, form_at},
    error::Failure,
    form::Form,
    inner::{Answer, Inner, again, done, show},
    page::date_span,
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
    address::{Account, Address, EditionDesk},
    edition::Edition,
    email::Email,
    mail::{Compiled, List, MailKind, Sender, Stage, Text, Variables, footer},
    permission::{Action, Place},
    programme::Programme,
    registration::Registration,
    text::Line,
};
use store::MailFilter;
use uuid::Uuid;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = form_at(router, "/desk/{edition}/mail/", get(overview).post(save_sender));
    let router =
        form_at(router, "/desk/{edition}/mail/templates/{template}/", get(template).post(save_template));
    at(router, "/desk/{edition}/mail/templates/{template}/reset/", post(reset))
}

const HELP: &str = "From whom this edition's mail comes, what its mails say, and what became of them.";

#[derive(Template)]
#[template(path = "desk/mail_edition.html")]
struct Overview {
    inner: Inner,
    trouble: Option<super::Trouble>,
    form: Form,
    default: String,
    texts: Vec<TextView>,
    counts: Vec<(u64, &'static str, &'static str)>,
    mails: String,
}

struct TextView {
    href: String,
    name: &'static str,
    explained: &'static str,
    own: bool,
}

/// The edition, for somebody who may manage its mail.
async fn manage(site: &Site, person: &Person, slug: &str) -> Result<Edition, Failure> {
    let edition = enter(site, person, slug).await?;
    person.may(Action::ManageMail, &Place::edition(&edition))?;
    Ok(edition)
}

async fn page(
    site: &Site,
    asked: &Asked,
    person: &Person,
    edition: &Edition,
    form: Form,
) -> Result<Overview, Failure> {
    let own = site.store().mail_texts(edition.id).await?;
    let texts = MailKind::ALL.into_iter().filter(|kind| kind.is_of_edition()).map(|kind| TextView {
        href: EditionDesk::Template(kind.template_id(edition.id)).path(&edition.slug),
        name: kind.shown(),
        explained: kind.explained(),
        own: own.contains_key(&kind),
    });
    let filter = MailFilter { editions: Some(vec![edition.id]), ..MailFilter::default() };
    let counts = site.store().mail_counts(&filter).await?;
    let counts = Stage::ALL
        .into_iter()
        .filter_map(|stage| counts.get(&stage).map(|number| (*number, stage.shown(), tone(stage))));
    let default = site.options().mail.as_ref().map_or_else(
        || "Left empty, the address in the server's settings is used.".to_owned(),
        |server| format!("Left empty, mail comes from {}.", server.sender.mailbox()),
    );
    Ok(Overview {
        inner: Inner::edition(person, edition, &page_of(edition), "Mail", HELP)
            .noticing(site, &asked.headers),
        trouble: trouble(site).await?,
        form,
        default,
        texts: texts.collect(),
        counts: counts.collect(),
        mails: mails_of(edition),
    })
}

fn filled(sender: Option<&Sender>) -> Form {
    let of = |value: Option<String>| value.unwrap_or_default();
    Form::default()
        .with("name", of(sender.map(|sender| sender.name.to_string())))
        .with("address", of(sender.map(|sender| sender.address.to_string())))
        .with("reply_to", of(sender.and_then(|sender| sender.reply_to.as_ref().map(ToString::to_string))))
}

async fn overview(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(slug): Path<String>,
) -> Answer {
    let edition = manage(&site, &person, &slug).await?;
    let sender = site.store().mail_sender(edition.id).await?;
    show(&page(&site, &asked, &person, &edition, filled(sender.as_ref())).await?)
}

/// What the form says: `None` when a field is refused, `Some(None)` when nothing is filled in.
#[expect(
    clippy::option_option,
    reason = "a field is refused, left empty or filled in, and `?` ends at the first"
)]
fn read(form: &mut Form) -> Option<Option<Sender>> {
    let name = Line::clean(form.value("name"));
    let address = form.read_optional("address", Email::parse);
    let reply_to = form.read_optional("reply_to", Email::parse);
    match (address?, reply_to?) {
        (Some(address), reply_to) => Some(Some(Sender { name, address, reply_to })),
        (None, None) if name.is_empty() => Some(None),
        (None, _) => {
            let missing =
                Refusal::new("address", "it is empty", "Fill it in, or leave the other fields empty too");
            form.refuse("address", &missing);
            None
        }
    }
}

async fn save_sender(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(slug): Path<String>,
    mut form: Form,
) -> Answer {
    let edition = manage(&site, &person, &slug).await?;
    let before = site.store().mail_sender(edition.id).await?;
    if form.merge(&filled(before.as_ref()))
        && let Some(sender) = read(&mut form)
    {
        let (actor, seen) = (&person.subject.actor, before.as_ref());
        match site.store().set_mail_sender(actor, edition.id, seen, sender.as_ref()).await? {
            Ok(()) => return done(&site, &page_of(&edition), "The sender is saved."),
            // Somebody saved between our look and our write: the form is merged with that.
            Err(now) => {
                form.merge(&filled(now.as_ref()));
            }
        }
    }
    again(&page(&site, &asked, &person, &edition, form).await?)
}

#[derive(Template)]
#[template(path = "desk/mail_template.html")]
struct TemplatePage {
    inner: Inner,
    form: Form,
    variables: Vec<(String, &'static str, &'static str)>,
    recipients: Vec<(String, String)>,
    preview: Option<Preview>,
    /// Where the built-in text comes back, while an own one is used.
    reset: Option<String>,
}

/// A mail as one recipient would get it.
struct Preview {
    to: String,
    subject: String,
    body: String,
}

/// The kind whose text has that identifier in the edition.
fn kind_of(edition: &Edition, id: Uuid) -> Result<MailKind, Failure> {
    MailKind::ALL
        .into_iter()
        .find(|kind| kind.is_of_edition() && kind.template_id(edition.id).0 == id)
        .ok_or_else(|| Failure::no("template", &id.to_string()))
}

fn filled_text(text: &Text) -> Form {
    Form::default().with("subject", &text.subject).with("body", &text.body)
}

/// The variables of that kind for one recipient: what is known of the edition and the recipient, else samples.
fn variables(site: &Site, edition: &Edition, kind: MailKind, name: &str) -> Variables {
    let mut variables = kind.sample();
    let mut put = |key: &'static str, value: String| {
        if let Some(known) = variables.get_mut(key) {
            *known = value.into();
        }
    };
    put("name", name.to_owned());
    put("conference", edition.title.to_string());
    put("dates", date_span(edition.first_day, edition.last_day));
    let place: Vec<&str> =
        [&edition.city, &edition.country].into_iter().filter_map(|line| line.non_empty()).collect();
    put("place", place.join(", "));
    if !kind.needs_link() {
        put("link", format!("{}{}", site.base_url(), Address::Home.path(&edition.slug)));
    }
    variables
}

/// For whom a preview can be made: the one who asks, the first who are registered, and who is on the programme.
fn recipients(
    person: &Person,
    registered: &[Registration],
    programme: Option<&Programme>,
) -> Vec<(String, String)> {
    let you = person.signed.account.name.to_string();
    let persons = programme.into_iter().flat_map(|programme| &programme.persons);
    let mut names: Vec<String> = registered
        .iter()
        .filter_map(|one| one.name.non_empty().map(str::to_owned))
        .chain(persons.map(|person| person.name.to_string()))
        .collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| *name != you);
    let first =
        [(you.clone(), format!("You ({you})")), (String::new(), "Somebody without a name".to_owned())];
    first.into_iter().chain(names.into_iter().map(|name| (name.clone(), name))).collect()
}

/// How many of those who are registered can be chosen for a preview.
const RECIPIENTS: u64 = 200;

/// The page; `form` also says for whom the preview is. A text that cannot be filled in has none.
async fn template_page(
    site: &Site,
    asked: &Asked,
    person: &Person,
    edition: &Edition,
    kind: MailKind,
    own: bool,
    form: Form,
) -> Result<TemplatePage, Failure> {
    let programme = site.store().programme(edition.id).await?;
    let registered = store::RegistrationFilter::default();
    let (registered, _) = site.store().registrations(edition.id, &registered, 0, RECIPIENTS).await?;
    let recipients = recipients(person, &registered, programme.as_ref());
    let to = form.value("recipient").to_owned();
    let to =
        if form.values("recipient").next().is_none() { person.signed.account.name.to_string() } else { to };
    let text = Text { subject: form.value("subject").to_owned(), body: form.value("body").to_owned() };
    let preview = Compiled::new(kind, &text)
        .and_then(|compiled| compiled.render(&variables(site, edition, kind, &to), false))
        .ok()
        .map(|rendered| {
            let mut body = rendered.body;
            if kind == MailKind::Post {
                let leave = format!("{}{}", site.base_url(), Account::Unsubscribe("…").path());
                body.push('\n');
                body.push_str(&footer(edition.title.as_str(), List::Announcements, &leave));
            }
            let to = if to.is_empty() { "Somebody without a name".to_owned() } else { to.clone() };
            Preview { to, subject: rendered.subject.to_string(), body }
        });
    let path = EditionDesk::Template(kind.template_id(edition.id)).path(&edition.slug);
    let form = if form.values("recipient").next().is_none() { form.with("recipient", &to) } else { form };
    Ok(TemplatePage {
        inner: Inner::edition(person, edition, &page_of(edition), kind.shown(), kind.explained())
            .below(page_of(edition), "Mail")
            .noticing(site, &asked.headers),
        variables: kind
            .variables()
            .iter()
            .map(|variable| (format!("{{{{ {} }}}}", variable.name), variable.says, variable.sample))
            .collect(),
        recipients,
        preview,
        reset: own.then(|| format!("{path}reset/")),
        form,
    })
}

async fn template(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
) -> Answer {
    let edition = manage(&site, &person, &slug).await?;
    let kind = kind_of(&edition, id)?;
    let own = site.store().mail_texts(edition.id).await?.remove(&kind);
    let form = filled_text(own.as_ref().unwrap_or(&kind.text()));
    show(&template_page(&site, &asked, &person, &edition, kind, own.is_some(), form).await?)
}

async fn save_template(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    mut form: Form,
) -> Answer {
    let edition = manage(&site, &person, &slug).await?;
    let kind = kind_of(&edition, id)?;
    let own = site.store().mail_texts(edition.id).await?.remove(&kind);
    let previews = form.value("do") == "preview";
    let merged = previews || form.merge(&filled_text(own.as_ref().unwrap_or(&kind.text())));
    if merged {
        match Text::parse(kind, form.value("subject"), form.value("body")) {
            Ok(_) if previews => {
                return show(
                    &template_page(&site, &asked, &person, &edition, kind, own.is_some(), form).await?,
                );
            }
            Ok(text) => {
                // The built-in text is nobody's own.
                let new = Some(&text).filter(|text| !kind.is_built_in(text));
                let actor = &person.subject.actor;
                match site.store().set_mail_text(actor, edition.id, kind, own.as_ref(), new).await? {
                    Ok(()) => {
                        let notice = format!("The text of \"{}\" is saved.", kind.shown());
                        return done(&site, &page_of(&edition), &notice);
                    }
                    // Somebody saved between our look and our write: the form is merged with that.
                    Err(now) => {
                        form.merge(&filled_text(now.as_ref().unwrap_or(&kind.text())));
                    }
                }
            }
            Err(refusal) => form.refuse_by(&refusal),
        }
    }
    again(&template_page(&site, &asked, &person, &edition, kind, own.is_some(), form).await?)
}

async fn reset(State(site): State<Site>, person: Person, Path((slug, id)): Path<(String, Uuid)>) -> Answer {
    let edition = manage(&site, &person, &slug).await?;
    let kind = kind_of(&edition, id)?;
    let own = site.store().mail_texts(edition.id).await?.remove(&kind);
    let actor = &person.subject.actor;
    let notice = match site.store().set_mail_text(actor, edition.id, kind, own.as_ref(), None).await? {
        Ok(()) => "The built-in text is used again; the log has the other.",
        Err(_) => "Somebody else has just changed the text, so it stays. Look at it again.",
    };
    done(&site, &page_of(&edition), notice)
}
