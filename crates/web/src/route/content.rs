//! Uploaded files of an edition, and the page on which one has its posts sent by mail.

use super::{Asked, at};
use crate::{
    error::Failure,
    headers::Policy,
    inner::{Answer, Inner, done, show},
    signed::Person,
    site::Site,
    upload,
};
use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    routing::get,
};
use model::{address::Address, sponsor::UploadName};

/// Adds the routes of what stands beside the programme.
pub(crate) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/{edition}/uploads/{name}", get(uploaded));
    let router = at(router, "/{edition}/sessions/{session}/files/{name}", get(handed_in));
    at(router, "/{edition}/subscribe/", get(subscription).post(subscribe))
}

/// An uploaded file that a public page shows. Files of which no page speaks are not there.
async fn uploaded(
    State(site): State<Site>,
    asked: Asked,
    Path((edition, name)): Path<(String, String)>,
) -> Answer {
    const ROUTE: &str = "/{edition}/uploads/{name}";
    let none = || Failure::no("file", &name);
    let known = UploadName::parse(&name).ok_or_else(none)?;
    let live = site.live(&edition)?;
    let snapshot = site.snapshot(&live).await?;
    if snapshot.content().sponsors.iter().all(|sponsor| sponsor.upload.as_ref() != Some(&known)) {
        return Err(none());
    }
    let bytes = upload::read(&site, &known).await.ok_or_else(none)?;
    let body = site.passing(ROUTE, Policy::Upload, known.picture().content_type(), bytes);
    Ok(asked.answer(body).await)
}

/// A file that the authors of an accepted proposal handed in for everybody: only while its session's page shows it.
async fn handed_in(
    State(site): State<Site>,
    Path((edition, session, name)): Path<(String, String, String)>,
) -> Answer {
    let none = || Failure::no("file", &name);
    let live = site.live(&edition)?;
    let snapshot = site.snapshot(&live).await?;
    let session = snapshot.session_by_code(&session).ok_or_else(none)?;
    let answers = snapshot.content().said.get(&session.id).into_iter().flatten();
    let mut files = answers.filter_map(|one| Some((&one.key, one.answer.as_file()?)));
    let (_, file) = files.find(|(key, file)| file.public_name(key) == name).ok_or_else(none)?;
    upload::download(&site, file).await
}

#[derive(Template)]
#[template(path = "subscribe.html")]
struct Subscription {
    inner: Inner,
    subscribed: bool,
    address: Option<String>,
    posts: String,
    atom: String,
}

async fn subscription(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(edition): Path<String>,
) -> Answer {
    let live = site.live(&edition)?;
    let account = person.signed.account.id;
    let known = site.store().account(account).await?;
    let title = format!("News of {} by mail", live.edition.title);
    let help = "Announcements and blog posts of this edition, sent to you when they are published. Each of these mails says how to leave.";
    let mut inner = Inner::account(&person, "", &title, help).noticing(&site, &asked.headers);
    inner.title = title;
    show(&Subscription {
        inner,
        subscribed: site.store().is_subscribed(live.edition.id, account).await?,
        address: known.and_then(|known| known.email().map(ToString::to_string)),
        posts: Address::Posts.path(live.slug()),
        atom: Address::PostFeed.path(live.slug()),
    })
}

async fn subscribe(
    State(site): State<Site>,
    person: Person,
    Path(edition): Path<String>,
    form: crate::form::Form,
) -> Answer {
    let live = site.live(&edition)?;
    let wanted = form.value("wanted") == "yes";
    site.store().subscribe(&person.subject, live.edition.id, wanted).await?;
    let told = if wanted { "You will get its news by mail." } else { "You get its news by mail no more." };
    done(&site, &Address::Subscribe.path(live.slug()), told)
}
