//! The page of a room: what is on, what is seen, the conversation and the questions.

use super::{Entered, Silent, enter, matrix, message};
use crate::{
    error::Failure,
    form::Form,
    inner::{Answer, Inner, show},
    markup::{self, SafeHtml},
    page::{RoomCard, room_now},
    route::Asked,
    signed::Asker,
    site::Site,
};
use askama::Template;
use axum::{
    body::Body as HttpBody,
    extract::{Path, State},
    http::{HeaderValue, Response, header},
};
use model::{
    address::{Account, Address},
    chat::{Author, Message, Position, TEXT_MAX, VOTE},
    permission::{Action, Place},
    room::{LiveKind, RoomAccess, Video},
    time::Zone,
};
use std::collections::{BTreeMap, BTreeSet};
use store::Store;
use uuid::Uuid;

/// How many messages a page begins with.
pub(super) const MESSAGES: u64 = 30;

const HELP: &str =
    "What is on in this room, and one conversation about it, before, during and after each session.";

/// The reactions that the page offers.
const REACTIONS: [&str; 6] = [VOTE, "❤️", "😄", "🎉", "🤔", "👀"];

#[derive(Template)]
#[template(path = "room/page.html")]
pub(super) struct RoomPage {
    inner: Inner,
    path: String,
    kind: &'static str,
    topic: SafeHtml,
    zone: String,
    zone_id: String,
    now: Option<RoomCard>,
    video: Option<VideoView>,
    matrix: Option<matrix::View>,
    meeting: Option<MeetingView>,
    /// The list items of the messages.
    messages: Vec<String>,
    questions: Vec<String>,
    /// Where the page asks for what is older; `None` where nothing is.
    older: Option<String>,
    newest: bool,
    query: String,
    /// Up to where the log is on the page.
    head: Position,
    /// Who looks at it; empty for visitors.
    me: String,
    name: String,
    moderates: bool,
    locked: bool,
    lockable: bool,
    closed: bool,
    closable: bool,
    may_ban: bool,
    /// Why one may not speak; `None` where one may.
    silent: Option<String>,
    sign_in: Option<String>,
    form: Form,
    id: Uuid,
    text_max: usize,
    here: Vec<String>,
    readers: usize,
    act: Option<Act>,
}

struct VideoView {
    /// Where it is seen.
    href: String,
    /// Whether it is shown within the page.
    framed: bool,
    host: String,
}

/// The meeting of the room.
#[derive(Debug, Default)]
pub(super) struct MeetingView {
    /// Why it cannot be joined now; empty where it can.
    pub(super) shut: String,
    /// What is recorded.
    pub(super) recording: &'static str,
    /// How many are inside.
    pub(super) people: u32,
    /// The origins to which joining leads.
    pub(super) origins: Vec<String>,
}

/// What can be done with one message.
struct Act {
    position: Position,
    name: String,
    text: String,
    mine: bool,
    question: bool,
    answered: bool,
    /// Each reaction that the page offers, and whether they gave it; then those that they gave besides.
    reactions: Vec<(String, bool)>,
    has_account: bool,
}

/// `GET /{edition}/live/{room}/`.
pub(super) async fn page(
    State(site): State<Site>,
    asked: Asked,
    asker: Asker,
    Path((edition, slug)): Path<(String, String)>,
) -> Answer {
    let entered = enter(&site, &asker, &edition, &slug).await?;
    let page = draw(&site, &asked, &asker, &entered, Form::default()).await?;
    let response = show(&page)?;
    Ok(page.policed(response))
}

impl RoomPage {
    /// The page's answer, which may show its video within it and lead on to its meeting.
    pub(super) fn policed(&self, mut response: Response<HttpBody>) -> Response<HttpBody> {
        let frames = self.video.as_ref().filter(|video| video.framed).map(|video| origin(&video.href));
        if let Some(Some(origin)) = frames
            && let Some(policy) =
                with_frames_of(response.headers().get(header::CONTENT_SECURITY_POLICY), &origin)
        {
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        if let Some(meeting) = self.meeting.as_ref().filter(|meeting| !meeting.origins.is_empty())
            && let Some(policy) =
                leading_to(response.headers().get(header::CONTENT_SECURITY_POLICY), &meeting.origins)
        {
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        response
    }
}

/// The page's own rules, and that its forms may lead to these origins: browsers hold redirects to them too.
fn leading_to(policy: Option<&HeaderValue>, origins: &[String]) -> Option<HeaderValue> {
    let policy = policy?.to_str().ok()?;
    let with = format!("form-action 'self' {}", origins.join(" "));
    HeaderValue::try_from(policy.replace("form-action 'self'", &with)).ok()
}

/// The page's own rules, and that it may show pages of `origin` within it.
fn with_frames_of(policy: Option<&HeaderValue>, origin: &str) -> Option<HeaderValue> {
    let policy = policy?.to_str().ok()?;
    HeaderValue::try_from(format!("{policy}; frame-src {origin}")).ok()
}

/// The scheme, host and port of an address; none where it is not HTTPS, which nothing is framed from.
fn origin(url: &str) -> Option<String> {
    let rest = url.strip_prefix("https://")?;
    let host = rest.split(['/', '?', '#']).next().filter(|host| !host.is_empty())?;
    let plain = host.chars().all(|c| c.is_ascii_alphanumeric() || ".-:[]".contains(c));
    plain.then(|| format!("https://{host}"))
}

/// The list items of messages, with what they answer.
pub(super) async fn items(
    store: &Store,
    messages: &[Message],
    zone: Option<&Zone>,
    anchor: char,
) -> Result<Vec<String>, Failure> {
    let mut known: BTreeMap<Position, Message> =
        messages.iter().map(|message| (message.position, message.clone())).collect();
    let missing: BTreeSet<Position> =
        messages.iter().filter_map(|one| one.reply_to).filter(|at| !known.contains_key(at)).collect();
    let missing: Vec<Position> = missing.into_iter().collect();
    for message in store.chat_messages(&missing).await? {
        known.insert(message.position, message);
    }
    let item =
        |one: &Message| message::html(store, one, one.reply_to.and_then(|at| known.get(&at)), zone, anchor);
    let items: Result<Vec<String>, askama::Error> = messages.iter().map(item).collect();
    Ok(items.map_err(crate::page::PageError::from)?)
}

/// The page as it stands, for one person.
pub(super) async fn draw(
    site: &Site,
    asked: &Asked,
    asker: &Asker,
    entered: &Entered,
    mut form: Form,
) -> Result<RoomPage, Failure> {
    let Entered { edition, snapshot, room, rights, speaker, .. } = entered;
    let store = site.store();
    let person = asker.0.as_ref();
    let path = Address::LiveRoom(room.slug.as_str()).path(&edition.slug);
    let query = asked.value("q").unwrap_or_default().to_owned();
    let before: Option<Position> = asked.value("before").and_then(|before| before.parse().ok());
    if !query.is_empty()
        && let Err(seconds) = site.searching().take(asked.client, std::time::Instant::now())
    {
        return Err(Failure::TooMany(seconds));
    }
    let (messages, head) = if query.is_empty() {
        store.chat_page(room.id, before, MESSAGES).await?
    } else {
        let head = *store.watch_chat().borrow();
        (store.chat_search(room.id, &query).await?, head)
    };
    let oldest = messages.first().map(|message| message.position);
    let older = oldest.filter(|_| query.is_empty() && messages.len() as u64 == MESSAGES);
    let questions = store.chat_questions(room.id).await?;
    let author = person.and_then(|person| person.subject.account).map(Author::Account);
    let target = asked.value("message").map(str::to_owned).filter(|_| !form.is_refused());
    let target = target.or_else(|| {
        let target = form.value("target").to_owned();
        (!target.is_empty()).then_some(target)
    });
    let act = match target.and_then(|target| target.parse::<Position>().ok()) {
        Some(position) => act(store, position, room.id, author.as_ref()).await?,
        None => None,
    };
    if let (Some(act), false) = (&act, form.is_refused()) {
        form = form.with("edited", &act.text);
    }
    let title = room.name.as_str();
    let inner = Inner::public(person, edition, title, HELP)
        .below(Address::Live.path(&edition.slug), "All rooms")
        .noticing(site, &asked.headers)
        .script("room.js");
    let silent = match speaker {
        Ok(_) => None,
        Err(Silent::Visitor) => Some("Everybody may read here. Sign in to write.".to_owned()),
        Err(Silent::Refused(refusal)) => Some(refusal.to_string()),
    };
    let here = site.venue().here_in(room.id);
    let place = Place::edition(edition).in_room(Some(room.id));
    let zone = &edition.zone;
    let video = match &room.video {
        Video::Page(url) => Some(VideoView {
            framed: origin(url.as_str()).is_some(),
            host: url.as_str().split('/').nth(2).unwrap_or_default().to_owned(),
            href: url.to_string(),
        }),
        Video::Meeting | Video::None => None,
    };
    let meeting = super::join::view(site, entered).await?;
    Ok(RoomPage {
        video,
        matrix: matrix::view(site, room.id, room.access == RoomAccess::Public).await?,
        meeting,
        now: room_now(snapshot, &site.viewer(None, site.now()), room.id),
        kind: if room.kind == LiveKind::Programme { "" } else { room.kind.shown() },
        topic: markup::html(&room.topic, 2),
        zone: zone.name().replace('_', " "),
        zone_id: zone.name().to_owned(),
        messages: items(store, &messages, Some(zone), message::MESSAGE).await?,
        questions: items(store, &questions, Some(zone), message::QUESTION).await?,
        older: older.map(|before| format!("?before={before}")),
        newest: before.is_none() && query.is_empty(),
        query,
        head,
        me: author.as_ref().map(|author| message::who(store, author)).unwrap_or_default(),
        name: speaker.as_ref().map(|speaker| speaker.name.to_string()).unwrap_or_default(),
        moderates: rights.moderates,
        locked: room.locked,
        lockable: rights.moderates,
        closed: room.closed.is_some(),
        closable: room.kind != LiveKind::Programme
            && person.is_some_and(|person| {
                room.is_own(person.subject.account) || person.subject.may(Action::RunRooms, &place).is_ok()
            }),
        may_ban: person
            .is_some_and(|person| person.subject.may(Action::ModerateRoom, &Place::edition(edition)).is_ok()),
        silent,
        sign_in: person.is_none().then(|| format!("{}?next={path}", Account::SignIn.path())),
        id: Uuid::now_v7(),
        text_max: TEXT_MAX,
        here: here.names.clone(),
        readers: here.readers,
        act,
        inner,
        path,
        form,
    })
}

async fn act(
    store: &Store,
    position: Position,
    room: model::id::RoomId,
    author: Option<&Author>,
) -> Result<Option<Act>, Failure> {
    // A message of another room is none here.
    let here = store.chat_in(room, position - 1, 1).await?;
    if here.first().is_none_or(|event| event.position != position) {
        return Ok(None);
    }
    let message = store.chat_messages(&[position]).await?.into_iter().next();
    Ok(message.filter(|message| message.text.is_some()).map(|message| Act {
        position,
        name: message::name(&message),
        text: message.text.as_ref().map(ToString::to_string).unwrap_or_default(),
        mine: author == Some(&message.author),
        question: message.question,
        answered: message.answered,
        reactions: {
            let given = |emoji: &str| {
                let by = message.reactions.iter().find(|(other, _)| other == emoji);
                by.is_some_and(|(_, by)| author.is_some_and(|author| by.contains(author)))
            };
            let others = message.reactions.iter().map(|(emoji, _)| emoji.as_str());
            let all = REACTIONS.into_iter().chain(others.filter(|emoji| !REACTIONS.contains(emoji)));
            all.map(|emoji| (emoji.to_owned(), given(emoji))).collect()
        },
        has_account: matches!(message.author, Author::Account(_)),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_pages_are_framed_and_nothing_slips_into_the_policy() {
        assert_eq!(origin("https://live.example.org/a?b").as_deref(), Some("https://live.example.org"));
        assert_eq!(origin("http://live.example.org/"), None);
        assert_eq!(origin("https://a;script-src *"), None);
        let policy = HeaderValue::from_static("default-src 'none'");
        let with = with_frames_of(Some(&policy), "https://live.example.org").unwrap();
        assert_eq!(with.to_str().unwrap(), "default-src 'none'; frame-src https://live.example.org");
    }
}
