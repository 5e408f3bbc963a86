//! Tokens for programs, on the pages of one's own account.

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
use jiff::{Timestamp, ToSpan};
use model::{
    Refusal,
    address::Account,
    id::{EditionId, TokenId},
    permission::{Action, TokenScope},
    time::Zone,
};
use store::{EditionHead, KnownToken, NewToken};
use uuid::Uuid;

/// Adds the routes.
pub(crate) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/account/tokens/", get(list).post(create));
    at(router, "/account/tokens/{token}/revoke/", post(revoke))
}

const HELP: &str = "A token lets a program use the API in your name, with your roles. Make one for each program, and revoke it when the program is gone.";

#[derive(Template)]
#[template(path = "tokens.html")]
struct TokensPage {
    inner: Inner,
    form: Form,
    tokens: Vec<TokenView>,
    scopes: Vec<(String, String)>,
    editions: Vec<(String, String)>,
    /// A token that is shown this once.
    made: Option<(String, String)>,
}

struct TokenView {
    name: String,
    scope: &'static str,
    edition: String,
    created: String,
    used: String,
    state: String,
    class: &'static str,
    revoke: Option<String>,
}

async fn page(
    site: &Site,
    asked: &Asked,
    person: &Person,
    form: Form,
    made: Option<(String, String)>,
) -> Result<TokensPage, crate::error::Failure> {
    let zone = person.signed.account.zone.clone().unwrap_or_else(Zone::utc);
    let heads = site.store().editions().await?;
    let tokens = site.store().tokens_of(person.signed.shown().id).await?;
    let now = site.now();
    let tokens = tokens.iter().map(|known| view(known, &heads, &zone, now)).collect();
    let mine = heads.iter().filter(|head| person.subject.may_within(Action::SeeDesk, &head.edition));
    let editions = std::iter::once((String::new(), "Everywhere".to_owned()))
        .chain(mine.map(|head| (head.edition.id.to_string(), head.edition.title.to_string())))
        .collect();
    let scopes =
        TokenScope::ALL.iter().map(|one| (one.as_str().to_owned(), one.shown().to_owned())).collect();
    let path = Account::Tokens.path();
    let inner = Inner::account(person, &path, "Tokens for programs", HELP).noticing(site, &asked.headers);
    Ok(TokensPage { inner, form, tokens, scopes, editions, made })
}

fn view(known: &KnownToken, heads: &[EditionHead], zone: &Zone, now: Timestamp) -> TokenView {
    let token = &known.token;
    let day = |at: Timestamp| zone.local(at).strftime("%-d %b %Y").to_string();
    let (state, class) = match (token.revoked, token.expires) {
        (Some(at), _) => (format!("Revoked {}", day(at)), ""),
        (None, Some(end)) if end <= now => (format!("Over since {}", day(end)), ""),
        (None, Some(end)) => (format!("Good until {}", day(end)), "good"),
        (None, None) => ("Good".to_owned(), "good"),
    };
    let edition = match token.edition {
        None => "Everywhere".to_owned(),
        Some(id) => heads
            .iter()
            .find(|head| head.edition.id == id)
            .map_or_else(|| "An edition that is gone".to_owned(), |head| head.edition.title.to_string()),
    };
    TokenView {
        name: token.name.to_string(),
        scope: token.scope.shown(),
        edition,
        created: day(token.created),
        used: known.used.map_or_else(|| "Never".to_owned(), day),
        state,
        class,
        revoke: token.holds(now).then(|| format!("{}{}/revoke/", Account::Tokens.path(), token.id)),
    }
}

async fn list(State(site): State<Site>, asked: Asked, person: Person) -> Answer {
    show(&page(&site, &asked, &person, beginning(&site), None).await?)
}

/// The empty form: read only, for a year.
fn beginning(site: &Site) -> Form {
    let year = Zone::utc().local(site.now()).date().saturating_add(1.year());
    Form::default().with("name", "").with("scope", "read").with("edition", "").with("expires", year)
}

async fn create(State(site): State<Site>, asked: Asked, person: Person, mut form: Form) -> Answer {
    person.subject.may_write().map_err(crate::error::Failure::Forbidden)?;
    let name = form.line("name");
    let scope = form.read("scope", |word| {
        TokenScope::parse(word).ok_or_else(|| Refusal::new("scope", "it is not known", "Choose one"))
    });
    let edition = form.read_optional("edition", |text| {
        let id =
            Uuid::try_parse(text).map_err(|_| Refusal::new("edition", "it is not known", "Choose one"))?;
        Ok(EditionId(id))
    });
    let expires =
        if form.value("expires").trim().is_empty() { Some(None) } else { form.date("expires").map(Some) };
    if let (Some(name), Some(scope), Some(edition), Some(day)) = (name, scope, edition, expires) {
        // The day that is named is the last one.
        let zone = person.signed.account.zone.clone().unwrap_or_else(Zone::utc);
        let expires = day.and_then(|day| zone.instant(day.saturating_add(1.day()).at(0, 0, 0, 0)));
        let new = NewToken { name, scope, edition, expires };
        match site.store().add_token(&person.subject.actor, person.signed.account.id, &new).await {
            Ok((token, text)) => {
                let made = Some((token.name.to_string(), text));
                return show(&page(&site, &asked, &person, beginning(&site), made).await?);
            }
            Err(store::Error::Refused(refusal)) => form.refuse_by(&refusal),
            Err(error) => return Err(error.into()),
        }
    }
    again(&page(&site, &asked, &person, form, None).await?)
}

async fn revoke(State(site): State<Site>, person: Person, Path(id): Path<Uuid>) -> Answer {
    person.subject.may_write().map_err(crate::error::Failure::Forbidden)?;
    site.store().revoke_token(&person.subject.actor, person.signed.account.id, TokenId(id)).await?;
    done(
        &site,
        &Account::Tokens.path(),
        "The token is revoked. Programs that use it are refused from now on.",
    )
}
