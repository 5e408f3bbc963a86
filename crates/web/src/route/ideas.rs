//! Ideas for microconferences: everybody reads them; who is signed in posts them, says that they interest them, or leads one.

use super::{Asked, at};
use crate::{
    error::Failure,
    form::Form,
    inner::{Answer, Inner, again, done, show},
    markup,
    route::calls::{frame, published},
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
    call::{CallKind, Phase},
    edition::Edition,
    id::IdeaId,
    permission::{Action, Place},
    text::{Line, RichText},
};
use uuid::Uuid;

/// Adds the routes.
pub(crate) fn routes(router: Router<Site>) -> Router<Site> {
    let router = crate::desk::form_at(router, "/{edition}/ideas/", get(list).post(create));
    let router = at(router, "/{edition}/ideas/{idea}/interest/", post(interest));
    let router = at(router, "/{edition}/ideas/{idea}/adopt/", post(adopt));
    at(router, "/{edition}/ideas/{idea}/remove/", post(remove))
}

const HELP: &str = "Microconferences that somebody would like to see and nobody leads yet. Say that you are interested, or lead one: it then becomes a draft proposal of yours.";

#[derive(Template)]
#[template(path = "ideas.html")]
struct IdeasPage {
    inner: Inner,
    path: String,
    ideas: Vec<IdeaRow>,
    form: Form,
    signed_in: bool,
    may_adopt: bool,
    sign_in: String,
}

struct IdeaRow {
    id: IdeaId,
    title: String,
    by: String,
    at: String,
    text: String,
    interested: String,
    mine: bool,
    adopted: bool,
    may_remove: bool,
}

/// The edition of that slug, if it has a call for microconferences that is public; and whether one is open.
async fn find(site: &Site, slug: &str) -> Result<(Edition, bool), Failure> {
    let (edition, calls) = published(site, slug).await?;
    let of_kind = || calls.iter().filter(|open| open.call.kind == CallKind::Microconferences);
    if of_kind().next().is_none() {
        return Err(Failure::no("call", slug));
    }
    let open = of_kind().any(|open| !matches!(open.call.phase(site.now()), Phase::Closed(_)));
    Ok((edition, open))
}

async fn page(
    site: &Site,
    asked: &Asked,
    asker: &Asker,
    (edition, open): (&Edition, bool),
    form: Form,
) -> Result<IdeasPage, Failure> {
    let subject = asker.0.as_ref().map(|person| &person.subject);
    let viewer = subject.and_then(|subject| subject.account);
    let ideas = site.store().ideas(edition.id, viewer).await?;
    let tidies = subject.is_some_and(|one| one.may(Action::ManageCalls, &Place::edition(edition)).is_ok());
    let rows = ideas.into_iter().map(|view| IdeaRow {
        id: view.idea.id,
        title: view.idea.title.to_string(),
        by: view.by.to_string(),
        at: edition.zone.local(view.idea.at).strftime("%-d %B %Y").to_string(),
        text: markup::html(&view.idea.text, 3).as_str().to_owned(),
        interested: match view.interested {
            0 => "nobody is interested yet".to_owned(),
            1 => "1 person is interested".to_owned(),
            many => format!("{many} people are interested"),
        },
        mine: view.mine,
        adopted: view.idea.adopted.is_some(),
        may_remove: tidies || (viewer.is_some() && view.idea.account == viewer),
    });
    let path = Address::Ideas.path(&edition.slug);
    let inner = frame(asker, &format!("Ideas for {}", edition.title), HELP)
        .below(Address::Calls.path(&edition.slug), "All calls")
        .noticing(site, &asked.headers);
    Ok(IdeasPage {
        inner,
        sign_in: format!("{}?next={path}", Account::SignIn.path()),
        path,
        ideas: rows.collect(),
        form,
        signed_in: viewer.is_some(),
        may_adopt: open,
    })
}

async fn list(State(site): State<Site>, asked: Asked, asker: Asker, Path(slug): Path<String>) -> Answer {
    let (edition, open) = find(&site, &slug).await?;
    show(&page(&site, &asked, &asker, (&edition, open), Form::default()).await?)
}

async fn create(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(slug): Path<String>,
    mut form: Form,
) -> Answer {
    let (edition, open) = find(&site, &slug).await?;
    person.subject.may_write().map_err(Failure::Forbidden)?;
    let (title, text) = (Line::clean(form.value("title")), RichText::clean(form.value("text")));
    match site.store().post_idea(&person.subject, edition.id, &title, &text).await {
        Ok(_) => done(&site, &Address::Ideas.path(&edition.slug), "Your idea is posted."),
        Err(store::Error::Refused(refusal)) => {
            form.refuse_by(&refusal);
            let asker = Asker(Some(person));
            again(&page(&site, &asked, &asker, (&edition, open), form).await?)
        }
        Err(other) => Err(other.into()),
    }
}

/// Leads back to the ideas with what was done, or why it was not.
fn told(site: &Site, edition: &Edition, outcome: store::Result<()>, notice: &str) -> Answer {
    let to = Address::Ideas.path(&edition.slug);
    match outcome {
        Ok(()) => done(site, &to, notice),
        Err(store::Error::Refused(refusal)) => done(site, &to, &format!("Nothing was changed: {refusal}")),
        Err(other) => Err(other.into()),
    }
}

async fn interest(
    State(site): State<Site>,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    form: Form,
) -> Answer {
    let (edition, _) = find(&site, &slug).await?;
    let interested = form.value("interested") != "no";
    let outcome = site.store().set_interest(&person.subject, edition.id, IdeaId(id), interested).await;
    let notice = if interested { "You will hear of it when somebody leads it." } else { "It is taken back." };
    told(&site, &edition, outcome, notice)
}

async fn adopt(State(site): State<Site>, person: Person, Path((slug, id)): Path<(String, Uuid)>) -> Answer {
    let (edition, _) = find(&site, &slug).await?;
    match site.store().adopt_idea(&person.subject, &edition, IdeaId(id), site.base_url()).await {
        Ok(proposal) => {
            let told =
                "It is a draft of yours now. Those who are interested are told; complete it and submit it.";
            done(&site, &Account::Proposal(&edition.slug, proposal).path(), told)
        }
        Err(error) => told(&site, &edition, Err(error), ""),
    }
}

async fn remove(State(site): State<Site>, person: Person, Path((slug, id)): Path<(String, Uuid)>) -> Answer {
    let (edition, _) = find(&site, &slug).await?;
    let outcome = site.store().remove_idea(&person.subject, edition.id, IdeaId(id)).await;
    told(&site, &edition, outcome, "The idea is taken back.")
}
