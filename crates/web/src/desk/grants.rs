//! Roles: who has which, giving them with an invitation, revoking them, and what each of them allows.

use super::enter;
use crate::{
    account::actor_name,
    error::Failure,
    form::Form,
    identity::{when, with_next},
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
    account::Account as Somebody,
    address::{Account, Desk, EditionDesk},
    edition::Edition,
    email::Email,
    feed::Actor,
    id::{AccountId, EditionId, GrantId, RoomId, TrackId},
    invitation::Invitation,
    mail::{MailKind, Mailbox, NewMail},
    permission::{Action, Grant, Place, Role, Scope, Subject},
    text::{Line, folded},
    time::Zone,
};
use std::collections::HashMap;
use store::{Given, Grantee, NewGrant};
use uuid::Uuid;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/desk/grants/", get(whole).post(change_whole));
    at(router, "/desk/{edition}/grants/", get(of_edition).post(change_edition))
}

const HELP: &str =
    "Who may do what. A role holds in its scope and nowhere else, and every change of one is logged.";

#[derive(Template)]
#[template(path = "desk/grants.html")]
struct GrantsPage {
    inner: Inner,
    form: Form,
    grants: Vec<GrantLine>,
    may_give: bool,
    roles: Vec<(String, String)>,
    scopes: Vec<(String, String)>,
    zone: String,
    rights: Vec<(&'static str, Vec<bool>)>,
}

/// A role that somebody has or had, or that waits for an address.
pub(super) struct GrantLine {
    href: Option<String>,
    who: String,
    pub(super) role: &'static str,
    pub(super) scope: String,
    pub(super) state: String,
    pub(super) class: &'static str,
    pub(super) given: String,
    note: String,
    /// Which it is, where the one who looks may revoke it.
    revoke: Option<Uuid>,
    /// Whether it waits for an address, and is withdrawn instead.
    waits: bool,
}

/// What scopes are called: editions with their tracks and rooms.
struct Names {
    editions: HashMap<EditionId, Edition>,
    parts: HashMap<Uuid, String>,
}

impl Names {
    /// Those that these scopes need. One query, and one more for each edition with a role in a part of it.
    async fn of(site: &Site, scopes: impl Iterator<Item = &Scope> + Clone) -> store::Result<Self> {
        let heads = site.store().editions().await?;
        let editions: HashMap<_, _> = heads.into_iter().map(|head| (head.edition.id, head.edition)).collect();
        let mut with_parts: Vec<EditionId> = scopes
            .filter(|scope| matches!(scope, Scope::Track(..) | Scope::Room(..)))
            .filter_map(Scope::edition)
            .collect();
        with_parts.sort_unstable();
        with_parts.dedup();
        let mut parts = HashMap::new();
        for id in with_parts {
            if let Some(programme) = site.store().programme(id).await? {
                parts.extend(programme.tracks.iter().map(|one| (one.id.0, one.name.to_string())));
                parts.extend(programme.rooms.iter().map(|one| (one.id.0, one.name.to_string())));
            }
        }
        Ok(Self { editions, parts })
    }

    fn scope(&self, scope: &Scope) -> String {
        let edition = |id: &EditionId| self.editions.get(id).map_or("an edition", |one| one.title.as_str());
        let part = |id: &Uuid| self.parts.get(id).map_or("one that is gone", String::as_str);
        match scope {
            Scope::Everywhere => "the whole installation".to_owned(),
            Scope::Series(name) => format!("all editions of {name}"),
            Scope::Edition(id) => edition(id).to_owned(),
            Scope::Track(id, track) => format!("the track {} of {}", part(&track.0), edition(id)),
            Scope::Room(id, room) => format!("the room {} of {}", part(&room.0), edition(id)),
            Scope::Call(id, _) => format!("a call of {}", edition(id)),
        }
    }

    fn series(&self, scope: &Scope) -> Option<&Line> {
        scope.edition().and_then(|id| self.editions.get(&id)).map(|edition| &edition.series)
    }
}

/// Roles as lines of a page for `person`.
pub(super) async fn lines(
    site: &Site,
    person: &Person,
    zone: &Zone,
    grants: Vec<(Grant, Somebody)>,
) -> Result<Vec<GrantLine>, Failure> {
    let names = Names::of(site, grants.iter().map(|(grant, _)| &grant.scope)).await?;
    let givers: Vec<AccountId> =
        grants.iter().filter_map(|(grant, _)| Actor::account_in(&grant.given_by)).collect();
    let givers: HashMap<AccountId, String> =
        site.store().accounts(&givers).await?.into_iter().map(|one| (one.id, one.name.to_string())).collect();
    let now = site.now();
    let everywhere = Place::installation();
    let line = |(grant, account): &(Grant, Somebody)| {
        let series = names.series(&grant.scope);
        let place = Place::of_scope(&grant.scope, series);
        let (state, class) = match (&grant.revoked, grant.from, grant.until) {
            (Some(revoked), ..) => (format!("revoked {}", when(zone, revoked.at)), "bad"),
            (None, Some(from), _) if from > now => (format!("from {}", when(zone, from)), "wait"),
            (None, _, Some(until)) if until <= now => (format!("ended {}", when(zone, until)), "bad"),
            (None, _, Some(until)) => (format!("until {}", when(zone, until)), "good"),
            (None, ..) => ("holds".to_owned(), "good"),
        };
        let may_revoke = grant.revoked.is_none()
            && person.subject.may_write().is_ok()
            && person.subject.may_give(grant.role, &grant.scope, series).is_ok();
        GrantLine {
            // A role in a series makes its holder known in no edition yet, so it alone opens their page to nobody below
            // the whole installation.
            href: person
                .subject
                .may(Action::SeePeople, if place.edition.is_some() { &place } else { &everywhere })
                .is_ok()
                .then(|| Desk::Person(account.id).path()),
            who: account.name.to_string(),
            role: grant.role.shown(),
            scope: names.scope(&grant.scope),
            state,
            class,
            given: format!("{} by {}", when(zone, grant.given_at), actor_name(&grant.given_by, &givers)),
            note: grant.note.to_string(),
            revoke: may_revoke.then_some(grant.id.0),
            waits: false,
        }
    };
    Ok(grants.iter().map(line).collect())
}

/// Roles that wait for an address as lines of a page for `person`.
async fn waiting(
    site: &Site,
    person: &Person,
    zone: &Zone,
    invitations: Vec<Invitation>,
) -> Result<Vec<GrantLine>, Failure> {
    let names = Names::of(site, invitations.iter().map(|one| &one.scope)).await?;
    let givers: Vec<AccountId> =
        invitations.iter().filter_map(|one| Actor::account_in(&one.given_by)).collect();
    let givers: HashMap<AccountId, String> =
        site.store().accounts(&givers).await?.into_iter().map(|one| (one.id, one.name.to_string())).collect();
    let line = |one: &Invitation| {
        let may_withdraw = person.subject.may_write().is_ok()
            && person.subject.may_give(one.role, &one.scope, names.series(&one.scope)).is_ok();
        GrantLine {
            href: None,
            who: one.email.to_string(),
            role: one.role.shown(),
            scope: names.scope(&one.scope),
            state: match one.until {
                Some(until) => format!("waits for the address until {}", when(zone, until)),
                None => "waits for the address".to_owned(),
            },
            class: "wait",
            given: format!("{} by {}", when(zone, one.given_at), actor_name(&one.given_by, &givers)),
            note: one.note.to_string(),
            revoke: may_withdraw.then_some(one.id.0),
            waits: true,
        }
    };
    Ok(invitations.iter().map(line).collect())
}

/// Where roles are given: in one edition, or in the whole installation.
struct Where<'a> {
    edition: Option<&'a Edition>,
    zone: Zone,
    path: String,
}

impl<'a> Where<'a> {
    fn new(edition: Option<&'a Edition>) -> Self {
        Self {
            edition,
            zone: edition.map_or_else(Zone::utc, |edition| edition.zone.clone()),
            path: edition
                .map_or_else(|| Desk::Grants.path(), |edition| EditionDesk::Grants.path(&edition.slug)),
        }
    }

    fn place(&self) -> Place {
        self.edition.map_or_else(Place::installation, Place::edition)
    }

    /// The scopes that can be chosen, with the words by which the form knows them.
    async fn scopes(&self, site: &Site, person: &Person) -> Result<Vec<(String, String)>, Failure> {
        let mut out = vec![];
        if let Some(edition) = self.edition {
            out.push((format!("edition:{}", edition.id), "this edition".to_owned()));
            let programme = site.store().programme(edition.id).await?;
            for track in programme.iter().flat_map(|programme| &programme.tracks) {
                out.push((format!("track:{}", track.id), format!("the track {}", track.name)));
            }
            for room in programme.iter().flat_map(|programme| &programme.rooms) {
                out.push((format!("room:{}", room.id), format!("the room {}", room.name)));
            }
            return Ok(out);
        }
        if person.subject.may(Action::GiveRoles, &Place::installation()).is_ok() {
            out.push(("everywhere".to_owned(), "the whole installation".to_owned()));
        }
        let heads = site.store().editions().await?;
        let mut series: Vec<&Line> = heads.iter().map(|head| &head.edition.series).collect();
        series.sort_by_key(|name| folded(name.as_str()));
        series.dedup_by_key(|name| folded(name.as_str()));
        for name in series.into_iter().filter(|name| !name.is_empty()) {
            if person.subject.may(Action::GiveRoles, &Place::series(name)).is_ok() {
                out.push((format!("series:{name}"), format!("all editions of {name}")));
            }
        }
        for head in &heads {
            if person.subject.may(Action::GiveRoles, &Place::edition(&head.edition)).is_ok() {
                out.push((format!("edition:{}", head.edition.id), head.edition.title.to_string()));
            }
        }
        Ok(out)
    }

    /// The scope that a form means: only one that it offers.
    fn scope(&self, offered: &[(String, String)], text: &str) -> Result<Scope, Refusal> {
        let none = || Refusal::new("scope", "it is none of the choices", "Choose where the role holds");
        if !offered.iter().any(|(word, _)| word == text) {
            return Err(none());
        }
        let id = |text: &str| text.parse::<Uuid>().map_err(|_| none());
        match text.split_once(':') {
            None => Ok(Scope::Everywhere),
            Some(("series", name)) => Ok(Scope::Series(Line::clean(name))),
            Some(("edition", text)) => Ok(Scope::Edition(EditionId(id(text)?))),
            Some((kind, text)) => {
                let edition = self.edition.ok_or_else(none)?.id;
                match kind {
                    "track" => Ok(Scope::Track(edition, TrackId(id(text)?))),
                    "room" => Ok(Scope::Room(edition, RoomId(id(text)?))),
                    _ => Err(none()),
                }
            }
        }
    }
}

async fn draw(
    site: &Site,
    asked: &Asked,
    person: &Person,
    here: &Where<'_>,
    form: Form,
) -> Result<GrantsPage, Failure> {
    let inner = match here.edition {
        Some(edition) => Inner::edition(person, edition, &here.path, "Roles", HELP),
        None => Inner::desk(person, &here.path, "All roles", HELP),
    };
    let invitations = site.store().invitations(here.edition).await?;
    let mut grants = waiting(site, person, &here.zone, invitations).await?;
    let all = site.store().grants(here.edition).await?;
    grants.extend(lines(site, person, &here.zone, all).await?);
    let may_give = person.subject.may(Action::GiveRoles, &here.place()).is_ok();
    let scopes = if may_give { here.scopes(site, person).await? } else { vec![] };
    let rights = Action::ALL
        .iter()
        .map(|action| (action.shown(), Role::ALL.iter().map(|role| role.allows(*action)).collect()))
        .collect();
    Ok(GrantsPage {
        inner: inner.noticing(site, &asked.headers),
        form,
        grants,
        may_give,
        roles: Role::ALL.iter().map(|role| (role.as_str().to_owned(), role.shown().to_owned())).collect(),
        scopes,
        zone: here.zone.name().to_owned(),
        rights,
    })
}

async fn whole(State(site): State<Site>, asked: Asked, person: Person) -> Answer {
    person.may(Action::SeePeople, &Place::installation())?;
    show(&draw(&site, &asked, &person, &Where::new(None), blank()).await?)
}

async fn of_edition(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(slug): Path<String>,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::SeePeople, &Place::edition(&edition))?;
    show(&draw(&site, &asked, &person, &Where::new(Some(&edition)), blank()).await?)
}

/// Most roles that are given are of the committee.
fn blank() -> Form {
    Form::default().with("role", Role::Committee.as_str())
}

async fn change_whole(State(site): State<Site>, asked: Asked, person: Person, form: Form) -> Answer {
    person.may(Action::SeePeople, &Place::installation())?;
    change(&site, &asked, &person, &Where::new(None), form).await
}

async fn change_edition(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(slug): Path<String>,
    form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::SeePeople, &Place::edition(&edition))?;
    change(&site, &asked, &person, &Where::new(Some(&edition)), form).await
}

async fn change(site: &Site, asked: &Asked, person: &Person, here: &Where<'_>, mut form: Form) -> Answer {
    person.may(Action::GiveRoles, &here.place())?;
    let (outcome, notice) = if form.value("do") == "revoke" {
        revoke(site, person, here, &form).await?
    } else {
        match give(site, person, here, &mut form).await? {
            Some((outcome, notice)) => (outcome, notice),
            None => return again(&draw(site, asked, person, here, form).await?),
        }
    };
    match outcome {
        Ok(()) => done(site, &here.path, &notice),
        Err(refusal) => {
            form.refuse_by(&refusal);
            again(&draw(site, asked, person, here, form).await?)
        }
    }
}

/// A role of this page only: one edition's desk revokes nothing of another. An invitation that is accepted in the moment in
/// which it is withdrawn is revoked.
async fn revoke(
    site: &Site,
    person: &Person,
    here: &Where<'_>,
    form: &Form,
) -> Result<(Result<(), Refusal>, String), Failure> {
    let which = GrantId(form.value("grant").parse().unwrap_or_default());
    let waits = site.store().invitations(here.edition).await?.iter().any(|one| one.id == which);
    let shown = site.store().grants(here.edition).await?;
    if !waits && !shown.iter().any(|(grant, _)| grant.id == which) {
        return Err(Failure::no("role", &which.to_string()));
    }
    let notice = if waits { "The invitation is withdrawn." } else { "The role is revoked." };
    Ok((refusable(site.store().revoke(&person.subject, which).await)?, notice.to_owned()))
}

/// Gives the role of a form. `None` when a field is refused, which then says why.
async fn give(
    site: &Site,
    person: &Person,
    here: &Where<'_>,
    form: &mut Form,
) -> Result<Option<(Result<(), Refusal>, String)>, Failure> {
    let offered = here.scopes(site, person).await?;
    let role = form.read("role", |text| {
        Role::parse(text).ok_or_else(|| Refusal::new("role", "it is none of the choices", "Choose a role"))
    });
    let scope = form.read("scope", |text| here.scope(&offered, text));
    let blank = |form: &Form, name: &str| form.value(name).trim().is_empty();
    let from = if blank(form, "from") { Some(None) } else { form.instant("from", &here.zone).map(Some) };
    let until = if blank(form, "until") { Some(None) } else { form.instant("until", &here.zone).map(Some) };
    let who = form.line("who");
    let (Some(role), Some(scope), Some(from), Some(until), Some(who)) = (role, scope, from, until, who)
    else {
        return Ok(None);
    };
    let named = match site.store().person_named(who.as_str()).await {
        Ok(named) => named,
        Err(store::Error::Refused(refusal)) => {
            form.refuse("who", &refusal);
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let to = if let Some(known) = &named {
        Grantee::Account(known.account.id)
    } else if let Ok(email) = Email::parse(who.as_str()) {
        Grantee::Address(email)
    } else {
        let remedy = "Type their e-mail address instead, so that they can be invited";
        form.refuse("who", &Refusal::new("who", "nobody has this handle", remedy));
        return Ok(None);
    };
    let note = Line::clean(form.value("note"));
    let grant = NewGrant { to, role, scope, from, until, note };
    let (given, is_told) = match give_and_tell(site, &person.subject, &grant).await {
        Ok(done) => done,
        Err(store::Error::Refused(refusal)) => return Ok(Some((Err(refusal), String::new()))),
        Err(error) => return Err(error.into()),
    };
    let notice = match (given.account, is_told) {
        (Some(_), true) => format!("{who} has the role now, and is told by mail."),
        (Some(_), false) => format!("{who} has the role now."),
        (None, _) => {
            format!("{who} is invited by mail. The role waits until somebody signs in with this address.")
        }
    };
    Ok(Some((Ok(()), notice)))
}

/// Gives a role and tells by mail whom it was given; for the API too. Gives also whether there is an address to tell.
pub(crate) async fn give_and_tell(
    site: &Site,
    subject: &Subject,
    grant: &NewGrant,
) -> store::Result<(Given, bool)> {
    let email = match &grant.to {
        Grantee::Address(email) => Some(email.clone()),
        Grantee::Account(id) => site.store().account(*id).await?.and_then(|known| known.email().cloned()),
    };
    let Some(email) = email else { return Ok((site.store().give(subject, grant).await?, false)) };
    let names = Names::of(site, std::iter::once(&grant.scope)).await?;
    let giver = match subject.account {
        Some(id) => site.store().account(id).await?.map(|known| known.account.name.to_string()),
        None => None,
    };
    let link = with_next(&format!("{}{}", site.base_url(), Account::SignIn.path()), &Desk::Home.path());
    let told = |account: Option<&Somebody>| {
        let address = if account.is_none() { email.as_str() } else { "" };
        let mut mail = NewMail::new(MailKind::Invitation, Mailbox::bare(email.clone()))
            .with("role", grant.role.shown())
            .with("scope", names.scope(&grant.scope))
            .with("address", address)
            .with("giver", giver.as_deref().unwrap_or_default())
            .with("note", grant.note.as_str())
            .with("link", link.as_str());
        if let Some(account) = account {
            mail.to.name = account.name.clone();
            mail.account = Some(account.id);
        }
        mail.edition = grant.scope.edition();
        mail
    };
    Ok((site.store().invite(subject, grant, told).await?, true))
}

/// What a rule refused, apart from what went wrong.
fn refusable(outcome: store::Result<()>) -> Result<Result<(), Refusal>, Failure> {
    match outcome {
        Ok(()) => Ok(Ok(())),
        Err(store::Error::Refused(refusal)) => Ok(Err(refusal)),
        Err(error) => Err(error.into()),
    }
}
