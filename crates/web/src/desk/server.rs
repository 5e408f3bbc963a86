//! The servers of meetings with sound and picture: which there are, how they are, what is done with them. Their secrets are
//! taken and never shown.

use super::form_at;
use crate::{
    error::Failure,
    form::Form,
    inner::{Answer, Inner, again, done, show},
    meeting,
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
use bigbluebutton::{
    api::Client,
    pool::{Health, Pulse},
};
use jiff::Timestamp;
use model::{
    Refusal,
    address::Desk,
    meeting::{MeetingServer, ServerLook, ServerState},
    permission::{Action, Place},
    text::{Line, Slug},
};
use store::{KnownServer, SharedSecret};

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = form_at(router, "/desk/servers/", get(list).post(add));
    at(router, "/desk/servers/{server}/", post(change))
}

const HELP: &str = "The BigBlueButton servers on which rooms have their video. A room goes to the least loaded one; when a server dies, its rooms open on another.";

#[derive(Template)]
#[template(path = "desk/servers.html")]
struct Servers {
    inner: Inner,
    rows: Vec<ServerRow>,
    told: Vec<String>,
    form: Form,
}

struct ServerRow {
    name: String,
    action: String,
    host: String,
    version: String,
    state: &'static str,
    class: &'static str,
    problem: String,
    people: u32,
    meetings: u32,
    capacity: String,
    tags: String,
    enabled: bool,
    draining: bool,
    disabled: bool,
}

fn row(known: &KnownServer) -> ServerRow {
    let KnownServer { server, look, .. } = known;
    let health = Pulse { missed: look.missed, answered: look.answered }.health();
    let (state, class) = match (server.state, health) {
        (ServerState::Disabled, _) => (ServerState::Disabled.shown(), "wait"),
        (_, Health::Offline) => ("Does not answer", "bad"),
        (_, Health::Suspect) => ("Suspect", "wait"),
        (ServerState::Draining, Health::Healthy) => (ServerState::Draining.shown(), "wait"),
        (ServerState::Enabled, Health::Healthy) => (ServerState::Enabled.shown(), "good"),
    };
    ServerRow {
        name: server.name.to_string(),
        action: format!("{}{}/", Desk::Servers.path(), server.name),
        host: server.url.split('/').nth(2).unwrap_or_default().to_owned(),
        version: look.version.non_empty().unwrap_or("not told").to_owned(),
        state,
        class,
        problem: look.problem.to_string(),
        people: look.people,
        meetings: look.meetings,
        capacity: server.capacity.map(|capacity| capacity.to_string()).unwrap_or_default(),
        tags: server.tags.iter().cloned().collect::<Vec<_>>().join(", "),
        enabled: server.state == ServerState::Enabled,
        draining: server.state == ServerState::Draining,
        disabled: server.state == ServerState::Disabled,
    }
}

async fn page(site: &Site, asked: &Asked, person: &Person, form: Form) -> Result<Servers, Failure> {
    let servers = site.store().meeting_servers().await?;
    let path = Desk::Servers.path();
    Ok(Servers {
        inner: Inner::desk(person, &path, "Video servers", HELP).noticing(site, &asked.headers),
        rows: servers.iter().map(row).collect(),
        told: site.meetings().told(),
        form,
    })
}

fn blank() -> Form {
    ["name", "url", "capacity", "tags", "secret"]
        .into_iter()
        .fold(Form::default(), |form, name| form.with(name, ""))
}

async fn list(State(site): State<Site>, asked: Asked, person: Person) -> Answer {
    person.may(Action::ManageInstallation, &Place::installation())?;
    show(&page(&site, &asked, &person, blank()).await?)
}

/// Adds a server, or replaces address and secret of the one of that name, once it has answered.
async fn add(State(site): State<Site>, asked: Asked, person: Person, mut form: Form) -> Answer {
    person.may(Action::ManageInstallation, &Place::installation())?;
    let name = form.read("name", Slug::parse);
    let secret = form.read("secret", SharedSecret::parse);
    let tags = form.read("tags", MeetingServer::parse_tags);
    let capacity = form.read_optional("capacity", |text| {
        let refuse = |_| {
            Refusal::new("capacity", "this is no number", "Say how many people it serves well, or nothing")
        };
        text.parse::<u32>().map_err(refuse)
    });
    let url = form.value("url").to_owned();
    if let (Some(name), Some(secret), Some(tags), Some(capacity)) = (name, secret, tags, capacity) {
        match check(&site, &url, &secret).await {
            Ok(look) => {
                let server = MeetingServer { name, url, state: ServerState::Enabled, capacity, tags };
                let put = site.store().put_meeting_server(&person.subject, &server, &secret).await;
                match put {
                    Ok(()) => {
                        site.store().note_look(&server.name, &look).await?;
                        site.meetings().look_soon();
                        let notice = format!("{} answered and takes rooms from now on.", server.name);
                        return done(&site, &Desk::Servers.path(), &notice);
                    }
                    Err(store::Error::Refused(refusal)) => form.refuse_by(&refusal),
                    Err(other) => return Err(other.into()),
                }
            }
            Err(refusal) => form.refuse_by(&refusal),
        }
    }
    // What was typed as the secret is not drawn.
    form.put("secret", "");
    again(&page(&site, &asked, &person, form).await?)
}

/// Whether a server answers, and whether the secret is its own.
async fn check(site: &Site, url: &str, secret: &SharedSecret) -> Result<ServerLook, Refusal> {
    let server = meeting::server(url, secret)?;
    let none = || Refusal::new("url", "nothing can be called from here", "Look in the server's log");
    let client = Client::new(site.fetcher().cloned().ok_or_else(none)?, server);
    let refuse =
        |field, error: bigbluebutton::api::Error| Refusal::new(field, error.to_string(), error.remedy());
    let about = client.about().await.map_err(|error| refuse("url", error))?;
    let meetings = client.meetings().await.map_err(|error| {
        let field = if matches!(error, bigbluebutton::api::Error::Refused { .. }) { "secret" } else { "url" };
        refuse(field, error)
    })?;
    let own = meetings.iter().filter(|meeting| !meeting.breakout);
    let now: Timestamp = site.now();
    let version = about.version.or(about.at_least).map(|version| version.to_string()).unwrap_or_default();
    Ok(ServerLook {
        at: Some(now),
        answered: Some(now),
        missed: 0,
        people: own.clone().map(|meeting| meeting.people).sum(),
        meetings: u32::try_from(own.count()).unwrap_or(u32::MAX),
        version: Line::clean(&version),
        problem: Line::default(),
    })
}

async fn change(State(site): State<Site>, person: Person, Path(name): Path<String>, form: Form) -> Answer {
    person.may(Action::ManageInstallation, &Place::installation())?;
    let none = || Failure::no("server", &name);
    let slug = Slug::parse(&name).map_err(|_| none())?;
    let store = site.store();
    let (changed, notice) = match form.value("do") {
        "enable" => {
            let set = store.set_meeting_server(&person.subject, &slug, ServerState::Enabled).await;
            (set, "It takes rooms again.")
        }
        "drain" => {
            let set = store.set_meeting_server(&person.subject, &slug, ServerState::Draining).await;
            (set, "It keeps rooms with people and gets no new ones.")
        }
        "disable" => {
            let set = store.set_meeting_server(&person.subject, &slug, ServerState::Disabled).await;
            (set, "It is not called any more; its rooms open on other servers.")
        }
        "remove" => {
            let removed = store.remove_meeting_server(&person.subject, &slug).await;
            (removed, "The server and its secret are forgotten; its rooms open on others.")
        }
        _ => return Err(Failure::NotFound("There is nothing of that name to do".to_owned())),
    };
    match changed {
        Ok(()) => {
            site.meetings().look_soon();
            done(&site, &Desk::Servers.path(), &format!("{slug}: {notice}"))
        }
        Err(store::Error::Refused(_)) => Err(none()),
        Err(other) => Err(other.into()),
    }
}
