//! The client: one method for each call.

use super::{
    About, CreateMeeting, Created, Document, Error, Hook, Join, JoinUrl, Meeting, MessageKey, Recording,
    RecordingState, TextTrack, create,
};
use crate::{
    chat,
    meeting::MeetingId,
    server::{Query, Server},
    xml::Element,
};
use fetch::{Answer, Fetcher, Request};
use model::text::{Line, excerpt};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// How long a call may take unless somebody says otherwise.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many times as long a call may take that opens a room with documents or lists recordings.
const LONG: u32 = 3;

/// The longest address that is sent: nginx takes 8 KiB of it unless told otherwise.
const ADDRESS_MAX: usize = 7_800;

/// The largest body that is sent: 2 MB is what the servers take by default.
const BODY_MAX: usize = 2_000_000;

/// The most recordings in one answer; the API takes 1 to 100.
const PAGE: u32 = 100;

/// Which recordings are wanted. All fields that are empty ask for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordingsWanted {
    /// Of these meetings.
    pub meetings: Vec<MeetingId>,
    /// These; a beginning of an identifier is enough.
    pub recordings: Vec<String>,
    /// In these states; without any, those that are published or unpublished.
    pub states: Vec<RecordingState>,
    /// That carry this.
    pub metadata: BTreeMap<String, String>,
    /// How many are passed over; since 2.6, and ignored by older servers, which send all at once.
    pub offset: u32,
}

/// Calls one server. Cloning it costs nothing.
///
/// The fetcher's operator decides whether servers in private networks may be called; see [`fetch::Options`].
#[derive(Clone, Debug)]
pub struct Client {
    fetcher: Fetcher,
    server: Arc<Server>,
    /// How long a call may take.
    patience: Duration,
}

impl Client {
    /// A client of that server.
    pub fn new(fetcher: Fetcher, server: Server) -> Self {
        Self { fetcher, server: Arc::new(server), patience: PATIENCE }
    }

    /// Gives calls another time than 10 s; those that open rooms with documents or list recordings get three times as much.
    #[must_use]
    pub fn within(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The server that is called.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// What the server says of itself. This needs no secret; to see whether the secret is right, ask for
    /// [`Client::meetings`].
    pub async fn about(&self) -> Result<About, Error> {
        let root = self.send(Request::get(self.server.base()).within(self.patience)).await?;
        Ok(About::read(&self.accept(root)?))
    }

    /// Opens a room, or finds it open: the same identifier always gives the same run until that ends.
    pub async fn create(&self, id: &MeetingId, meeting: &CreateMeeting) -> Result<Created, Error> {
        let body = create::documents_xml(&meeting.documents, false);
        let root = self.call_with("create", meeting.query(id), body, self.patience * LONG).await?;
        Ok(Created::read(&root))
    }

    /// The address with which somebody enters. Nothing is called.
    pub fn join_url(&self, meeting: &MeetingId, join: &Join) -> JoinUrl {
        join.url(&self.server, meeting)
    }

    /// Whether anybody is inside; also false where there is no such meeting.
    pub async fn is_running(&self, id: &MeetingId) -> Result<bool, Error> {
        let root = self.call("isMeetingRunning", Query::new().add("meetingID", id.as_str())).await?;
        Ok(root.flag("running"))
    }

    /// One meeting with who is inside.
    pub async fn meeting(&self, id: &MeetingId) -> Result<Meeting, Error> {
        let root = self.call("getMeetingInfo", Query::new().add("meetingID", id.as_str())).await?;
        Ok(Meeting::read(&root))
    }

    /// All meetings on the server, also those of others who use it.
    pub async fn meetings(&self) -> Result<Vec<Meeting>, Error> {
        let root = self.call("getMeetings", Query::new()).await?;
        Ok(root.listed("meetings", "meeting").map(Meeting::read).collect())
    }

    /// Ends a meeting. The server does so a moment later.
    pub async fn end(&self, id: &MeetingId) -> Result<(), Error> {
        self.call("end", Query::new().add("meetingID", id.as_str())).await.map(drop)
    }

    /// Adds documents to an open room and shows the first of them; since 2.5.
    pub async fn insert_documents(&self, id: &MeetingId, documents: &[Document]) -> Result<(), Error> {
        let Some(body) = create::documents_xml(documents, true) else { return Ok(()) };
        let query = Query::new().add("meetingID", id.as_str());
        self.call_with("insertDocument", query, Some(body), self.patience * LONG).await.map(drop)
    }

    /// Writes into the public chat; since 3.0. `sender` is the name that stands before it. A text of more than
    /// [`chat::LONGEST`] is refused: [`chat::split`] it before, and send one part after another.
    pub async fn send_chat(&self, id: &MeetingId, sender: &str, text: &str) -> Result<(), Error> {
        let units: usize = text.chars().map(char::len_utf16).sum();
        if units > chat::LONGEST {
            return Err(self.too_long("the chat message", units, chat::LONGEST));
        }
        let query = Query::new()
            .add("meetingID", id.as_str())
            .add("message", text)
            .text("userName", &chat::sender(sender));
        self.call("sendChatMessage", query).await.map(drop)
    }

    /// Recordings, at most 100 at once where the server knows pages.
    pub async fn recordings(&self, wanted: &RecordingsWanted) -> Result<Vec<Recording>, Error> {
        let query = Query::new()
            .list("meetingID", wanted.meetings.iter().map(MeetingId::as_str))
            .list("recordID", wanted.recordings.iter().map(String::as_str))
            .list("state", wanted.states.iter().map(RecordingState::as_str))
            .each("meta_", &wanted.metadata)
            .maybe("offset", (wanted.offset > 0).then_some(wanted.offset))
            .maybe("limit", Some(PAGE));
        let root = self.call_with("getRecordings", query, None, self.patience * LONG).await?;
        Ok(root.listed("recordings", "recording").map(Recording::read).collect())
    }

    /// Publishes recordings, or takes them back.
    pub async fn publish_recordings(&self, ids: &[String], publish: bool) -> Result<(), Error> {
        let query =
            Query::new().list("recordID", ids.iter().map(String::as_str)).maybe("publish", Some(publish));
        self.call("publishRecordings", query).await.map(drop)
    }

    /// Deletes recordings for good.
    pub async fn delete_recordings(&self, ids: &[String]) -> Result<(), Error> {
        self.call("deleteRecordings", Query::new().list("recordID", ids.iter().map(String::as_str)))
            .await
            .map(drop)
    }

    /// Changes what recordings carry; an empty value takes it away.
    pub async fn update_recordings(
        &self,
        ids: &[String],
        metadata: &BTreeMap<String, String>,
    ) -> Result<(), Error> {
        let query = Query::new().list("recordID", ids.iter().map(String::as_str)).each("meta_", metadata);
        self.call("updateRecordings", query).await.map(drop)
    }

    /// Subtitles and captions of a recording. This call alone answers in JSON.
    pub async fn text_tracks(&self, recording: &str) -> Result<Vec<TextTrack>, Error> {
        let url = self.server.signed("getRecordingTextTracks", Query::new().add("recordID", recording));
        let answer = self.answer(Request::get(&url).within(self.patience)).await?;
        let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let Some(said) = said.get("response") else {
            // A server that refuses the checksum answers in XML here too.
            let root = self.read(&answer)?;
            return self.accept(root).map(|_| vec![]);
        };
        let text = |name: &str| said.get(name).and_then(Value::as_str).unwrap_or_default();
        self.judge(text("returncode"), text("messageKey"), text("message"))?;
        let tracks = said.get("tracks").and_then(Value::as_array);
        Ok(tracks.into_iter().flatten().map(TextTrack::read).collect())
    }

    /// Has the server call `callback` for every event of every meeting. The hook of that address is found where there
    /// is one already, **and is not changed then**. No filter is ever set: a filter of events can stop bbb-webhooks' queue for
    /// good.
    pub async fn create_hook(&self, callback: &str) -> Result<Hook, Error> {
        let root = self.call("hooks/create", Query::new().add("callbackURL", callback)).await?;
        Ok(Hook { callback: callback.to_owned(), ..Hook::read(&root) })
    }

    /// Whom the server tells of events.
    pub async fn hooks(&self) -> Result<Vec<Hook>, Error> {
        let root = self.call("hooks/list", Query::new()).await?;
        Ok(root.listed("hooks", "hook").map(Hook::read).collect())
    }

    /// Has the server tell somebody no more.
    pub async fn destroy_hook(&self, id: &str) -> Result<(), Error> {
        self.call("hooks/destroy", Query::new().add("hookID", id)).await.map(drop)
    }

    /// Enters a meeting without a browser, for rehearsals with simulated attendees.
    ///
    /// Never for a person: the session would belong to us.
    pub async fn join_as_simulated(&self, id: &MeetingId, join: &Join) -> Result<Session, Error> {
        let url = join.url_without_redirect(&self.server, id);
        let answer = self.answer(Request::get(url.reveal()).follow_nothing().within(self.patience)).await?;
        let root = self.accept(self.read(&answer)?)?;
        Ok(Session {
            user: root.text_of("user_id").to_owned(),
            token: root.text_of("session_token").to_owned(),
            let_in: matches!(root.text_of("guestStatus"), "" | "ALLOW"),
        })
    }

    async fn call(&self, call: &str, query: Query) -> Result<Element, Error> {
        self.call_with(call, query, None, self.patience).await
    }

    async fn call_with(
        &self,
        call: &str,
        query: Query,
        body: Option<String>,
        within: Duration,
    ) -> Result<Element, Error> {
        let url = self.server.signed(call, query);
        if url.len() > ADDRESS_MAX {
            return Err(self.too_long("what is asked for", url.len(), ADDRESS_MAX));
        }
        let request = match body {
            Some(body) if body.len() > BODY_MAX => {
                return Err(self.too_long("the documents", body.len(), BODY_MAX));
            }
            Some(body) => Request::post(&url, "application/xml", body),
            None => Request::get(&url),
        };
        let root = self.send(request.within(within)).await?;
        self.accept(root)
    }

    async fn send(&self, request: Request) -> Result<Element, Error> {
        let answer = self.answer(request).await?;
        self.read(&answer)
    }

    async fn answer(&self, request: Request) -> Result<Answer, Error> {
        // A redirect would carry the checksum to somebody else.
        self.fetcher.send(request.follow_nothing()).await.map_err(|error| self.failed(error))
    }

    fn read(&self, answer: &Answer) -> Result<Element, Error> {
        let host = self.server.host();
        let status = answer.status;
        if status >= 500 || matches!(status, 408 | 425 | 429) {
            return Err(Error::Failing { host, status });
        }
        let other = |detail: String| Error::NotBigBlueButton { host: self.server.host(), detail };
        if status != 200 {
            return Err(other(format!("status {status}")));
        }
        let root = Element::parse(&answer.body)
            .map_err(|error| other(format!("{error}: \"{}\"", excerpt(&answer.excerpt(60), 60))))?;
        if root.name == "response" { Ok(root) } else { Err(other(format!("<{}>", excerpt(&root.name, 40)))) }
    }

    /// The answer, where it says success.
    fn accept(&self, root: Element) -> Result<Element, Error> {
        self.judge(root.text_of("returncode"), root.text_of("messageKey"), root.text_of("message"))?;
        Ok(root)
    }

    fn judge(&self, code: &str, key: &str, message: &str) -> Result<(), Error> {
        let host = self.server.host();
        match code {
            "SUCCESS" => Ok(()),
            "FAILED" | "ERROR" => Err(match MessageKey::parse(key) {
                key @ (MessageKey::NotFound
                | MessageKey::MeetingNotFound
                | MessageKey::InvalidMeetingIdentifier) => Error::Gone { host, key },
                key => Error::Refused { host, key, message: Line::clean(&excerpt(message, 200)) },
            }),
            _ => Err(Error::NotBigBlueButton { host, detail: "an answer without a returncode".to_owned() }),
        }
    }

    fn failed(&self, error: fetch::Error) -> Error {
        let host = self.server.host();
        match error {
            fetch::Error::Timeout { after, .. } => Error::TimedOut { host, after },
            fetch::Error::NoConnection { detail, .. } | fetch::Error::Broken { detail, .. } => {
                Error::Unreachable { host, detail }
            }
            fetch::Error::Unresolved { .. } => {
                Error::Unreachable { host, detail: "its name has no address".to_owned() }
            }
            fetch::Error::TooLarge { limit, .. } => {
                Error::NotBigBlueButton { host, detail: format!("an answer of more than {limit} bytes") }
            }
            other => Error::NotCalled { host, detail: other.to_string(), remedy: other.remedy() },
        }
    }

    fn too_long(&self, what: &'static str, size: usize, limit: usize) -> Error {
        Error::TooLong { host: self.server.host(), what, size, limit }
    }
}

/// The session of a simulated attendee.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// The server's identifier of the attendee.
    pub user: String,
    /// What the session is known by.
    token: String,
    /// Whether they are inside; a guest may be waiting.
    pub let_in: bool,
}

impl Session {
    /// What the session is known by, for those who simulate its client.
    pub fn token(&self) -> &str {
        &self.token
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { user, token: _, let_in } = self;
        f.debug_struct("Session").field("user", user).field("let_in", let_in).finish_non_exhaustive()
    }
}
