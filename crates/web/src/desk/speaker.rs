//! Whose accounts the persons of the programme are: so that posts can be mailed to speakers. It is said by somebody who
//! makes the programme, and never guessed from a name.

use super::enter;
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
    routing::get,
};
use model::{
    Refusal,
    account::{Account, Handle, Proof},
    address::EditionDesk,
    edition::Edition,
    email::Email,
    id::{AccountId, PersonId},
    permission::{Action, Place},
    text::folded,
};
use std::collections::HashMap;
use uuid::Uuid;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    at(router, "/desk/{edition}/posts/speakers/", get(list).post(save))
}

const HELP: &str = "Whose accounts the persons of the programme are. Posts to speakers go to these accounts. Type a handle or a verified e-mail address; leave the field empty to say that none is known.";

#[derive(Template)]
#[template(path = "desk/speakers.html")]
struct Speakers {
    inner: Inner,
    form: Form,
    rows: Vec<Row>,
    known: usize,
}

struct Row {
    person: String,
    name: String,
    /// Who it is, where that is known.
    account: Option<String>,
    typed: String,
}

async fn drawn(
    site: &Site,
    asked: &Asked,
    person: &Person,
    edition: &Edition,
    form: Form,
) -> Result<Speakers, Failure> {
    let programme = site.store().programme(edition.id).await?;
    let linked = site.store().speaker_accounts(edition.id).await?;
    let ids: Vec<AccountId> = linked.values().copied().collect();
    let accounts: HashMap<AccountId, Account> =
        site.store().accounts(&ids).await?.into_iter().map(|account| (account.id, account)).collect();
    let mut rows: Vec<Row> = programme
        .map(|programme| programme.persons)
        .unwrap_or_default()
        .into_iter()
        .map(|one| {
            let account = linked.get(&one.id).and_then(|id| accounts.get(id));
            let person = one.id.to_string();
            let refused = form.value("person") == person;
            Row {
                name: one.name.to_string(),
                account: account.map(|account| account.name.to_string()),
                typed: if refused {
                    form.value("account").to_owned()
                } else {
                    account.map(|account| account.handle.to_string()).unwrap_or_default()
                },
                person,
            }
        })
        .collect();
    rows.sort_by_key(|row| folded(&row.name));
    let posts = EditionDesk::Posts.path(&edition.slug);
    Ok(Speakers {
        inner: Inner::edition(person, edition, &posts, "Speakers and their accounts", HELP)
            .below(posts.clone(), "Posts")
            .noticing(site, &asked.headers),
        form,
        known: rows.iter().filter(|row| row.account.is_some()).count(),
        rows,
    })
}

async fn list(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::EditProgramme, &Place::edition(&edition))?;
    show(&drawn(&site, &asked, &person, &edition, Form::default()).await?)
}

async fn save(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(slug): Path<String>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::EditProgramme, &Place::edition(&edition))?;
    let programme = site.store().programme(edition.id).await?;
    let id = Uuid::try_parse(form.value("person")).ok().map(PersonId);
    let persons = programme.map(|programme| programme.persons).unwrap_or_default();
    let Some(one) = persons.into_iter().find(|one| Some(one.id) == id) else {
        return Err(Failure::no("person", form.value("person")));
    };
    let sees_people = person.subject.may(Action::SeePeople, &Place::edition(&edition)).is_ok();
    match account(&site, form.value("account"), sees_people).await? {
        Ok(account) => {
            site.store().set_speaker_account(&person.subject, edition.id, one.id, account).await?;
            let told = match account {
                Some(_) => format!("The account of {} is known.", one.name),
                None => format!("No account of {} is known.", one.name),
            };
            done(&site, &EditionDesk::SpeakerAccounts.path(&edition.slug), &told)
        }
        Err(refusal) => {
            form.refuse("", &refusal);
            again(&drawn(&site, &asked, &person, &edition, form).await?)
        }
    }
}

/// The account that was typed, by handle or address; `None` for an empty field. Whether an address has an account is
/// told only to those who see addresses anyway. For the API too.
pub(crate) async fn account(
    site: &Site,
    typed: &str,
    sees_people: bool,
) -> Result<Result<Option<AccountId>, Refusal>, Failure> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(Ok(None));
    }
    let found = match Email::parse(typed) {
        Ok(_) if !sees_people => {
            let remedy = "Type their handle, or ask an organiser";
            return Ok(Err(Refusal::new("account", "you do not see addresses here", remedy)));
        }
        Ok(email) => site.store().account_of(&Proof::Email(email)).await?,
        Err(_) => match Handle::parse(typed) {
            Ok(handle) => site.store().account_by_handle(&handle).await?.map(|known| known.account.id),
            Err(refusal) => return Ok(Err(refusal)),
        },
    };
    Ok(found.map(Some).ok_or_else(|| {
        let problem = format!("nobody is known as \"{}\"", model::text::excerpt(typed, 60));
        Refusal::new("account", problem, "Ask them to sign in once, then type their handle or address")
    }))
}
