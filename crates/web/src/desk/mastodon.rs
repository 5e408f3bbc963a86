//! The Mastodon account on which an edition's posts are published. Its token is taken and never shown.

use super::{enter, form_at};
use crate::{
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
use model::{
    Refusal,
    address::EditionDesk,
    edition::Edition,
    mastodon::{MastodonAccount, Visibility},
    permission::{Action, Place},
};
use store::AccessToken;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = form_at(router, "/desk/{edition}/mastodon/", get(shown).post(save));
    at(router, "/desk/{edition}/mastodon/forget/", post(forget))
}

const HELP: &str = "The account on which posts of this edition are published, where their author chose so, or from the post's page.";

#[derive(Template)]
#[template(path = "desk/mastodon.html")]
struct Account {
    inner: Inner,
    form: Form,
    since: Option<String>,
    visibilities: Vec<(String, String)>,
    here: String,
}

fn page(
    site: &Site,
    asked: &Asked,
    person: &Person,
    edition: &Edition,
    since: Option<jiff::Timestamp>,
    form: Form,
) -> Account {
    let posts = EditionDesk::Posts.path(&edition.slug);
    Account {
        inner: Inner::edition(person, edition, &posts, "Mastodon", HELP)
            .below(posts.clone(), "Posts")
            .noticing(site, &asked.headers),
        form,
        since: since.map(|at| edition.zone.local(at).strftime("%-d %B %Y").to_string()),
        visibilities: Visibility::ALL.map(|one| (one.as_str().to_owned(), one.shown().to_owned())).to_vec(),
        here: EditionDesk::Mastodon.path(&edition.slug),
    }
}

fn filled(account: Option<&MastodonAccount>) -> Form {
    match account {
        Some(account) => {
            Form::default().with("server", &account.server).with("visibility", account.visibility.as_str())
        }
        None => Form::default().with("server", "").with("visibility", Visibility::default().as_str()),
    }
    // So that what is refused about it is said there; its value is never drawn.
    .with("token", "")
}

async fn shown(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::EditEdition, &Place::edition(&edition))?;
    let (account, since) = site.store().mastodon(edition.id).await?.unzip();
    show(&page(&site, &asked, &person, &edition, since, filled(account.as_ref())))
}

async fn save(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(slug): Path<String>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::EditEdition, &Place::edition(&edition))?;
    let (before, since) = site.store().mastodon(edition.id).await?.unzip();
    if form.merge(&filled(before.as_ref())) {
        let server = form.read("server", MastodonAccount::parse_server);
        let token = form.read_optional("token", AccessToken::parse);
        let visibility = form.read("visibility", |word| {
            Visibility::parse(word)
                .ok_or_else(|| Refusal::new("visibility", "none was chosen", "Choose who sees the posts"))
        });
        if let (Some(server), Some(token), Some(visibility)) = (server, token, visibility) {
            let account = MastodonAccount { server, visibility };
            let saved =
                site.store().set_mastodon(&person.subject, edition.id, &account, token.as_ref()).await;
            match saved {
                Ok(()) => {
                    let here = EditionDesk::Mastodon.path(&edition.slug);
                    return done(&site, &here, "The account is saved; its token is kept and never shown.");
                }
                Err(store::Error::Refused(refusal)) => form.refuse_by(&refusal),
                Err(error) => return Err(error.into()),
            }
        }
    }
    again(&page(&site, &asked, &person, &edition, since, form))
}

async fn forget(State(site): State<Site>, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::EditEdition, &Place::edition(&edition))?;
    site.store().forget_mastodon(&person.subject, edition.id).await?;
    done(&site, &EditionDesk::Mastodon.path(&edition.slug), "The account and its token are forgotten.")
}
