//! The rooms on the day, for those who run them: who may enter, what is seen, who is there, what was reported, who is banned.

use super::{enter, within};
use crate::{
    error::Failure,
    form::Form,
    inner::{Answer, Inner, again, done, show},
    markup,
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
    address::{Address, EditionDesk},
    chat::{Author, Rights, Said, Spoke},
    edition::Edition,
    id::RoomId,
    meeting::KnownMeeting,
    permission::{Action, Place},
    room::{LiveKind, LiveRoom, RoomAccess, Video},
    text::{Line, RichText, Slug, WebUrl},
};
use store::Saying;
use uuid::Uuid;

pub(super) fn routes(router: Router<Site>) -> Router<Site> {
    let router = at(router, "/desk/{edition}/live/", get(list));
    let router = super::form_at(router, "/desk/{edition}/live/new/", get(new).post(create));
    let router = super::form_at(router, "/desk/{edition}/live/{room}/", get(room).post(save));
    let router = at(router, "/desk/{edition}/live/{room}/meeting/", post(meeting));
    let router = at(router, "/desk/{edition}/live/reports/{report}/", post(settle));
    at(router, "/desk/{edition}/live/bans/{ban}/lift/", post(lift))
}

const HELP: &str = "Every room has a page with its video and one conversation. Say here who may enter and what is seen; see who is there, what was reported and who is banned.";

const SHOWN: [(&str, &str); 3] = [
    ("none", "Only the conversation"),
    ("meeting", "A video meeting on our own servers"),
    ("page", "A stream or another page, at the address below"),
];

#[derive(Template)]
#[template(path = "desk/live.html")]
struct LivePage {
    inner: Inner,
    rooms: Vec<RoomRow>,
    new: String,
    may_run: bool,
    reports: Vec<ReportRow>,
    bans: Vec<BanRow>,
}

struct RoomRow {
    name: String,
    kind: &'static str,
    href: String,
    edit: Option<String>,
    access: &'static str,
    video: String,
    here: usize,
    said: String,
    state: Option<&'static str>,
}

struct ReportRow {
    href: String,
    room: String,
    message: String,
    by: String,
    text: String,
    reason: String,
    at: String,
}

struct BanRow {
    href: String,
    name: String,
    reason: String,
    until: String,
}

async fn rooms_of(site: &Site, edition: &Edition) -> Result<Vec<LiveRoom>, Failure> {
    let programme = super::change::programme(site, edition).await?;
    let said = site.store().live_rooms(edition.id).await?;
    let planned = programme.rooms.iter().map(|room| {
        let fresh = LiveRoom::of(room);
        match said.iter().find(|known| known.id == room.id).cloned() {
            Some(known) => LiveRoom { slug: fresh.slug, name: fresh.name, ..known },
            None => fresh,
        }
    });
    let others = said.iter().filter(|room| room.kind != LiveKind::Programme).cloned();
    Ok(planned.chain(others).collect())
}

async fn list(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    within(&person, Action::ModerateRoom, &edition)?;
    let place = Place::edition(&edition);
    let (may_run, moderates) = (
        person.subject.may(Action::RunRooms, &place).is_ok(),
        person.subject.may(Action::ModerateRoom, &place).is_ok(),
    );
    let here = site.venue().here();
    let activity = site.activity(edition.id).await?;
    let time = |at| edition.zone.local(at).strftime("%-d %b, %H:%M").to_string();
    let all = rooms_of(&site, &edition).await?;
    let name_of = |id: RoomId| all.iter().find(|room| room.id == id).map(|room| room.name.to_string());
    let path_of = |id: RoomId| {
        let room = all.iter().find(|room| room.id == id);
        room.map(|room| Address::LiveRoom(room.slug.as_str()).path(&edition.slug))
    };
    let seen = all.iter().filter(|room| {
        let place = place.clone().in_room(Some(room.id));
        room.access != RoomAccess::Private || person.subject.holding().any(|grant| grant.scope.covers(&place))
    });
    let meetings = site.store().meetings().await?;
    let rooms = seen.map(|room| {
        let may = person.subject.may(Action::RunRooms, &place.clone().in_room(Some(room.id))).is_ok();
        RoomRow {
            name: room.name.to_string(),
            kind: room.kind.shown(),
            href: Address::LiveRoom(room.slug.as_str()).path(&edition.slug),
            edit: may.then(|| EditionDesk::LiveRoom(room.id).path(&edition.slug)),
            access: match room.access {
                RoomAccess::Public => "Everybody",
                RoomAccess::Registered => "Registered",
                RoomAccess::Private => "Private",
            },
            video: match &room.video {
                Video::None => String::new(),
                Video::Meeting => where_is(
                    meetings.iter().find(|one| one.edition == edition.id && one.meeting.room == room.id),
                ),
                Video::Page(url) => url.as_str().split('/').nth(2).unwrap_or_default().to_owned(),
            },
            here: here.get(&room.id).map_or(0, |here| here.count()),
            said: activity.iter().find(|one| one.room == room.id).map(|one| time(one.at)).unwrap_or_default(),
            state: match (room.closed.is_some(), room.locked) {
                (true, _) => Some("closed"),
                (false, true) => Some("only moderators write"),
                (false, false) => None,
            },
        }
    });
    let rooms = rooms.collect();
    let (mut reports, mut bans) = (vec![], vec![]);
    if moderates {
        for one in site.store().reports(&person.subject, &edition).await? {
            let report = &one.report;
            let text = one.message.as_ref().and_then(|message| message.text.as_ref());
            let at = format!("#m{}", report.message);
            reports.push(ReportRow {
                href: format!("{}reports/{}/", EditionDesk::Live.path(&edition.slug), report.id),
                room: name_of(report.room).unwrap_or_default(),
                message: path_of(report.room)
                    .map(|path| format!("{path}?before={}{at}", report.message + 1))
                    .unwrap_or_default(),
                by: one.by.to_string(),
                text: text.map_or_else(
                    || "It is removed already.".to_owned(),
                    |text| markup::beginning(&markup::plain(text), 300),
                ),
                reason: report.reason.to_string(),
                at: time(report.at),
            });
        }
        let holding = site.store().bans(edition.id).await?;
        let holding: Vec<_> = holding.into_iter().filter(|ban| ban.holds(site.now())).collect();
        let ids: Vec<_> = holding.iter().map(|ban| ban.account).collect();
        let accounts = site.store().accounts(&ids).await?;
        for ban in holding {
            let account = accounts.iter().find(|account| account.id == ban.account);
            bans.push(BanRow {
                href: format!("{}bans/{}/lift/", EditionDesk::Live.path(&edition.slug), ban.id),
                name: account.map(|account| account.name.to_string()).unwrap_or_default(),
                reason: ban.reason.to_string(),
                until: ban
                    .until
                    .map_or_else(|| "until it is lifted".to_owned(), |at| format!("until {}", time(at))),
            });
        }
    }
    let path = EditionDesk::Live.path(&edition.slug);
    let inner = Inner::edition(&person, &edition, &path, "Live rooms", HELP).noticing(&site, &asked.headers);
    let new = EditionDesk::NewLiveRoom.path(&edition.slug);
    show(&LivePage { inner, rooms, new, may_run, reports, bans })
}

#[derive(Template)]
#[template(path = "desk/live_room.html")]
struct LiveRoomPage {
    inner: Inner,
    form: Form,
    planned: bool,
    kinds: Vec<(&'static str, &'static str)>,
    accesses: Vec<(&'static str, &'static str)>,
    shown: [(&'static str, &'static str); 3],
    page: Option<String>,
    meeting: Option<MeetingForm>,
}

/// The room's meeting, for those who run it.
struct MeetingForm {
    action: String,
    place: String,
    people: u32,
    open: bool,
    servers: Vec<(String, bool)>,
    recordings: Vec<String>,
}

fn page(
    site: &Site,
    asked: &Asked,
    person: &Person,
    edition: &Edition,
    room: Option<&LiveRoom>,
    form: Form,
) -> LiveRoomPage {
    let list = EditionDesk::Live.path(&edition.slug);
    let title = room.map_or("New live room", |room| room.name.as_str());
    let inner = Inner::edition(person, edition, &list, title, HELP)
        .below(list.clone(), "Live rooms")
        .noticing(site, &asked.headers);
    let kinds = [LiveKind::Hallway, LiveKind::HelpDesk];
    LiveRoomPage {
        inner,
        form,
        planned: room.is_some_and(|room| room.kind == LiveKind::Programme),
        kinds: kinds.iter().map(|kind| (kind.as_str(), kind.shown())).collect(),
        accesses: RoomAccess::ALL.iter().map(|access| (access.as_str(), access.shown())).collect(),
        shown: SHOWN,
        page: room.map(|room| Address::LiveRoom(room.slug.as_str()).path(&edition.slug)),
        meeting: None,
    }
}

fn filled(room: &LiveRoom) -> Form {
    let (shown, url) = match &room.video {
        Video::None => ("none", String::new()),
        Video::Meeting => ("meeting", String::new()),
        Video::Page(url) => ("page", url.to_string()),
    };
    Form::default()
        .with("kind", room.kind.as_str())
        .with("name", &room.name)
        .with("topic", &room.topic)
        .with("access", room.access.as_str())
        .with("show", shown)
        .with("url", url)
}

/// The room as the form says; `None` where a field is refused.
fn read(form: &mut Form, before: LiveRoom) -> Option<LiveRoom> {
    let kind = match before.kind {
        LiveKind::Programme | LiveKind::Hack => Some(before.kind),
        _ => form.read("kind", |word| {
            LiveKind::parse(word)
                .filter(|kind| matches!(kind, LiveKind::Hallway | LiveKind::HelpDesk))
                .ok_or_else(|| Refusal::new("kind", "nothing is chosen", "Choose what the room is"))
        }),
    };
    let name = if before.kind == LiveKind::Programme { Some(before.name.clone()) } else { form.line("name") };
    let access = form.read("access", |word| {
        RoomAccess::parse(word)
            .ok_or_else(|| Refusal::new("access", "nothing is chosen", "Choose who may enter"))
    });
    let video = match form.value("show") {
        "meeting" => Some(Video::Meeting),
        "page" => form.read("url", WebUrl::parse).map(Video::Page),
        _ => Some(Video::None),
    };
    let topic = RichText::clean(form.value("topic"));
    Some(LiveRoom { kind: kind?, name: name?, access: access?, video: video?, topic, ..before })
}

async fn new(State(site): State<Site>, asked: Asked, person: Person, Path(slug): Path<String>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::RunRooms, &Place::edition(&edition))?;
    let form = Form::default()
        .with("kind", LiveKind::Hallway.as_str())
        .with("access", RoomAccess::Registered.as_str())
        .with("show", "none");
    show(&page(&site, &asked, &person, &edition, None, form))
}

async fn create(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path(slug): Path<String>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::RunRooms, &Place::edition(&edition))?;
    let id = RoomId(Uuid::now_v7());
    let name = Line::clean(form.value("name"));
    let blank = LiveRoom {
        id,
        kind: LiveKind::Hallway,
        slug: Slug::from_any(&[name.as_str()], "room", id.0),
        name,
        topic: RichText::default(),
        access: RoomAccess::Registered,
        locked: false,
        video: Video::None,
        opened_by: None,
        opened: None,
        closed: None,
        closed_by: None,
    };
    let read = read(&mut form, blank);
    put(&site, &asked, &person, (&edition, None), read, form).await
}

async fn find(site: &Site, edition: &Edition, id: Uuid) -> Result<LiveRoom, Failure> {
    let rooms = rooms_of(site, edition).await?;
    rooms.into_iter().find(|room| room.id.0 == id).ok_or_else(|| Failure::no("room", &id.to_string()))
}

async fn room(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::RunRooms, &Place::edition(&edition).in_room(Some(RoomId(id))))?;
    let room = find(&site, &edition, id).await?;
    let mut page = page(&site, &asked, &person, &edition, Some(&room), filled(&room));
    if room.video == Video::Meeting {
        page.meeting = Some(meeting_form(&site, &edition, room.id).await?);
    }
    show(&page)
}

/// Where a room's meeting is, in a few words.
fn where_is(known: Option<&KnownMeeting>) -> String {
    match known {
        Some(one) if one.meeting.is_open() => {
            let server = one.meeting.server.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("On {server}, {} inside", one.people)
        }
        _ => "Opened by whoever joins first".to_owned(),
    }
}

async fn meeting_form(site: &Site, edition: &Edition, room: RoomId) -> Result<MeetingForm, Failure> {
    let store = site.store();
    let known = store.meeting(edition.id, room).await?;
    let pin = known.as_ref().and_then(|one| one.meeting.pin.clone());
    let servers = store.meeting_servers().await?;
    let recordings = store.meeting_recordings(edition.id).await?;
    Ok(MeetingForm {
        action: format!("{}meeting/", EditionDesk::LiveRoom(room).path(&edition.slug)),
        place: where_is(known.as_ref()),
        people: known.as_ref().map_or(0, |one| one.people),
        open: known.as_ref().is_some_and(|one| one.meeting.is_open()),
        servers: servers
            .iter()
            .map(|known| (known.server.name.to_string(), Some(&known.server.name) == pin.as_ref()))
            .collect(),
        recordings: recordings
            .iter()
            .filter(|one| one.room == room)
            .map(|one| {
                let at = edition.zone.local(one.ready).strftime("%-d %b, %H:%M");
                format!("{} on {}, ready {at}, not published", one.recording, one.server)
            })
            .collect(),
    })
}

/// Ends a room's meeting, moves it off its server, or pins it to one.
async fn meeting(
    State(site): State<Site>,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::RunRooms, &Place::edition(&edition).in_room(Some(RoomId(id))))?;
    let room = find(&site, &edition, id).await?;
    let store = site.store();
    let (changed, notice) = match form.value("do") {
        "end" => {
            let ended = store.end_meeting(&person.subject, &edition, room.id).await;
            (ended, "The meeting is ended within seconds; whoever joins next opens another one.")
        }
        "move" => {
            let moved = store.move_meeting(&person.subject, &edition, room.id).await;
            (
                moved,
                "The meeting moves to another server within seconds; people inside are told to join again.",
            )
        }
        "pin" => {
            let pin = form.read_optional("server", Slug::parse).flatten();
            let pinned = store.pin_meeting(&person.subject, &edition, room.id, pin.as_ref()).await;
            (pinned, "Where the meeting belongs is saved; it moves there within seconds.")
        }
        _ => return Err(Failure::NotFound("There is nothing of that name to do".to_owned())),
    };
    changed?;
    site.meetings().look_soon();
    done(&site, &EditionDesk::LiveRoom(room.id).path(&edition.slug), notice)
}

async fn save(
    State(site): State<Site>,
    asked: Asked,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    mut form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::RunRooms, &Place::edition(&edition).in_room(Some(RoomId(id))))?;
    let room = find(&site, &edition, id).await?;
    let merged = form.merge(&filled(&room));
    let read = if merged { read(&mut form, room.clone()) } else { None };
    put(&site, &asked, &person, (&edition, Some(&room)), read, form).await
}

async fn put(
    site: &Site,
    asked: &Asked,
    person: &Person,
    (edition, before): (&Edition, Option<&LiveRoom>),
    read: Option<LiveRoom>,
    mut form: Form,
) -> Answer {
    if let Some(wanted) = read {
        match site.store().put_live_room(&person.subject, edition, &wanted).await {
            Ok(room) => {
                let to = EditionDesk::Live.path(&edition.slug);
                return done(site, &to, &format!("The room {} is saved.", room.name));
            }
            Err(store::Error::Refused(refusal)) => form.refuse_by(&refusal),
            Err(other) => return Err(other.into()),
        }
    }
    again(&page(site, asked, person, edition, before, form))
}

/// Says that a report was dealt with, with the message removed where that is what was chosen.
async fn settle(
    State(site): State<Site>,
    person: Person,
    Path((slug, id)): Path<(String, Uuid)>,
    form: Form,
) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::ModerateRoom, &Place::edition(&edition))?;
    let to = EditionDesk::Live.path(&edition.slug);
    let reported = site.store().reports(&person.subject, &edition).await?;
    let report = reported.into_iter().map(|one| one.report).find(|report| report.id == id);
    if let (Some(report), "remove", Some(account)) = (report, form.value("do"), person.subject.account) {
        let removal = Saying {
            id: Uuid::new_v5(&report.id, b"removal"),
            edition: edition.id,
            room: report.room,
            spoke: Spoke::Browser,
            author: Author::Account(account),
            name: person.signed.account.name.clone(),
            rights: Rights { moderates: true, locked: false },
            said: Said::Removal { target: report.message },
            outside: None,
        };
        // A message that is gone already is what was wanted.
        if let Err(failed @ venue::Unsaid::Failed(_)) = site.venue().say(removal).await {
            tracing::warn!(error = %failed, "a message was not removed");
            return Err(Failure::Unavailable);
        }
    }
    match site.store().settle_report(&person.subject, &edition, id).await {
        Ok(()) => done(&site, &to, "The report is dealt with."),
        Err(store::Error::Refused(refusal)) => Err(Failure::NotFound(refusal.to_string())),
        Err(other) => Err(other.into()),
    }
}

async fn lift(State(site): State<Site>, person: Person, Path((slug, id)): Path<(String, Uuid)>) -> Answer {
    let edition = enter(&site, &person, &slug).await?;
    person.may(Action::ModerateRoom, &Place::edition(&edition))?;
    let to = EditionDesk::Live.path(&edition.slug);
    match site.store().lift_ban(&person.subject, &edition, id).await {
        Ok(()) => done(&site, &to, "They may write in rooms again."),
        Err(store::Error::Refused(refusal)) => Err(Failure::NotFound(refusal.to_string())),
        Err(other) => Err(other.into()),
    }
}
