//! What a simulated server knows, and what happens in it. No I/O: calls and instants come in, and what the server would
//! tell others waits in [`State::outbox`].

use crate::{
    api::MessageKey,
    checksum::sha1_hex,
    meeting::{MeetingId, Role},
};
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The parameters of a call, decoded.
pub(super) type Parameters = BTreeMap<String, String>;

/// What is to be told.
#[derive(Clone, Debug)]
pub(super) enum Told {
    /// An event, to all hooks that want it.
    Event(Value),
    /// The end of a meeting, by a GET of this address.
    End(String),
    /// A recording that is ready: to that address, of that meeting and recording.
    Ready { address: String, meeting: String, recording: String },
}

/// A session in a meeting.
#[derive(Clone, Debug)]
pub(super) struct User {
    pub(super) internal: String,
    pub(super) external: String,
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) token: String,
    /// A guest whom nobody has let in yet.
    pub(super) waits: bool,
}

/// A line of the public chat.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) name: String,
    pub(super) text: String,
}

/// A meeting.
#[derive(Clone, Debug)]
pub(super) struct Meeting {
    pub(super) id: String,
    pub(super) internal: String,
    pub(super) name: String,
    pub(super) created: i64,
    pub(super) started: i64,
    pub(super) parameters: Parameters,
    pub(super) moderator_password: String,
    pub(super) attendee_password: String,
    pub(super) voice_bridge: String,
    pub(super) users: Vec<User>,
    pub(super) chat: Vec<Said>,
    pub(super) documents: usize,
    pub(super) joined: bool,
    pub(super) ended: bool,
    pub(super) marked: bool,
    emptied: i64,
}

impl Meeting {
    pub(super) fn inside(&self) -> impl Iterator<Item = &User> {
        self.users.iter().filter(|user| !user.waits)
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.parameters.get(name).is_some_and(|value| value == "true")
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.parameters.get(name).map_or("", String::as_str)
    }

    fn minutes(&self, name: &str, usual: i64) -> i64 {
        self.parameters.get(name).and_then(|value| value.parse().ok()).unwrap_or(usual)
    }

    /// What it carries, names in lower case as in real answers.
    pub(super) fn metadata(&self) -> BTreeMap<String, String> {
        metadata(&self.parameters)
    }

    fn disables(&self, feature: &str) -> bool {
        self.text("disabledFeatures").split(',').any(|disabled| disabled.trim() == feature)
    }

    fn reference(&self) -> Value {
        json!({"internal-meeting-id": self.internal, "external-meeting-id": self.id})
    }
}

/// A recording.
#[derive(Clone, Debug)]
pub(super) struct Recorded {
    pub(super) id: String,
    pub(super) meeting: String,
    pub(super) name: String,
    pub(super) started: i64,
    pub(super) ended: i64,
    pub(super) people: usize,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) state: &'static str,
    ready_at: i64,
}

/// Somebody who wants to be told of events.
#[derive(Clone, Debug)]
pub(super) struct Hook {
    pub(super) id: u32,
    pub(super) callback: String,
    pub(super) meeting: String,
    pub(super) events: Vec<String>,
}

/// All that a server knows.
#[derive(Debug)]
pub(super) struct State {
    pub(super) meetings: BTreeMap<String, Meeting>,
    pub(super) recordings: Vec<Recorded>,
    pub(super) hooks: Vec<Hook>,
    pub(super) outbox: Vec<Told>,
    pub(super) rng: Rng,
    next_hook: u32,
    /// When the last meeting was opened: a run is known by its time, also where the machine's clock is set back.
    last_created: i64,
    processing: SignedDuration,
}

/// What a call is refused with: its key, and what it says to people.
pub(super) type Refused = (MessageKey, &'static str);

fn refuse<T>(key: MessageKey, message: &'static str) -> Result<T, Refused> {
    Err((key, message))
}

fn metadata(parameters: &Parameters) -> BTreeMap<String, String> {
    let carried = parameters.iter().filter_map(|(name, value)| Some((name.strip_prefix("meta_")?, value)));
    carried.map(|(name, value)| (name.to_lowercase(), value.clone())).collect()
}

impl State {
    pub(super) fn new(seed: u64, processing: SignedDuration) -> Self {
        Self {
            meetings: BTreeMap::new(),
            recordings: vec![],
            hooks: vec![],
            outbox: vec![],
            rng: Rng::with_seed(seed),
            next_hook: 1,
            last_created: 0,
            processing,
        }
    }

    fn letters(&mut self, count: usize) -> String {
        std::iter::repeat_with(|| self.rng.alphanumeric().to_ascii_lowercase()).take(count).collect()
    }

    /// The meeting that a call names.
    pub(super) fn meeting(&mut self, parameters: &Parameters) -> Result<&mut Meeting, Refused> {
        let Some(id) = parameters.get("meetingID").filter(|id| !id.is_empty()) else {
            return refuse(MessageKey::Missing("MeetingID".to_owned()), "You must provide a meeting ID");
        };
        match self.meetings.get_mut(id) {
            Some(meeting) => Ok(meeting),
            None => refuse(MessageKey::NotFound, "A meeting with that ID does not exist"),
        }
    }

    /// Opens a room or finds it open; the latter is said by the second value.
    pub(super) fn create(
        &mut self,
        parameters: &Parameters,
        documents: usize,
        now: Timestamp,
    ) -> Result<(&Meeting, bool), Refused> {
        let Some(id) = parameters.get("meetingID").filter(|id| !id.is_empty()).cloned() else {
            return refuse(MessageKey::Missing("MeetingID".to_owned()), "You must provide a meeting ID");
        };
        if id.contains(',') || !(2..=MeetingId::LONGEST).contains(&id.chars().count()) {
            return refuse(MessageKey::ValidationError, "Meeting ID must be between 2 and 256 characters");
        }
        let name = parameters.get("name").map_or("", String::as_str);
        if name.is_empty() {
            return refuse(MessageKey::Missing("Name".to_owned()), "You must provide a meeting name");
        }
        if !(2..=256).contains(&name.chars().count()) {
            return refuse(MessageKey::ValidationError, "Meeting name must be between 2 and 256 characters");
        }
        let password = |name: &str| parameters.get(name).filter(|value| !value.is_empty());
        let (moderator, attendee) = (password("moderatorPW").cloned(), password("attendeePW").cloned());
        let bridge = password("voiceBridge").cloned();
        let open = self.meetings.values().filter(|meeting| !meeting.ended && meeting.id != id);
        if bridge.is_some() && open.into_iter().any(|meeting| Some(&meeting.voice_bridge) == bridge.as_ref())
        {
            return refuse(MessageKey::NonUniqueVoiceBridge, "The selected voice bridge is already in use");
        }
        if self.meetings.get(&id).is_some_and(|meeting| !meeting.ended) {
            let meeting = &self.meetings[&id];
            let same = moderator.is_none_or(|password| password == meeting.moderator_password)
                && attendee.is_none_or(|password| password == meeting.attendee_password);
            if same {
                return Ok((meeting, true));
            }
            return refuse(MessageKey::IdNotUnique, "A meeting already exists with that meeting ID");
        }
        let created = now.as_millisecond().max(self.last_created + 1);
        self.last_created = created;
        let meeting = Meeting {
            internal: format!("{}-{created}", sha1_hex(&id)),
            name: name.to_owned(),
            created,
            started: 0,
            parameters: parameters.clone(),
            moderator_password: moderator.unwrap_or_else(|| self.letters(8)),
            attendee_password: attendee.unwrap_or_else(|| self.letters(8)),
            voice_bridge: bridge.unwrap_or_else(|| self.rng.u32(10_000..99_999).to_string()),
            users: vec![],
            chat: vec![],
            documents,
            joined: false,
            ended: false,
            marked: false,
            emptied: created,
            id: id.clone(),
        };
        let mut attributes = meeting.reference();
        attributes["name"] = json!(meeting.name);
        attributes["create-time"] = json!(created);
        attributes["record"] = json!(meeting.flag("record"));
        attributes["voice-conf"] = json!(meeting.voice_bridge);
        attributes["metadata"] = json!(meeting.metadata());
        self.tell("meeting-created", &json!({"meeting": attributes}), now);
        self.meetings.insert(id.clone(), meeting);
        Ok((&self.meetings[&id], false))
    }

    /// Lets somebody in.
    pub(super) fn join(
        &mut self,
        parameters: &Parameters,
        now: Timestamp,
    ) -> Result<(User, String), Refused> {
        let (internal, token) = (format!("w_{}", self.letters(12)), self.letters(16));
        let text = |name: &str| parameters.get(name).map_or("", String::as_str);
        if text("meetingID").is_empty() {
            return refuse(MessageKey::Missing("MeetingID".to_owned()), "You must provide a meeting ID");
        }
        if text("fullName").is_empty() {
            return refuse(MessageKey::Missing("FullName".to_owned()), "You must provide a full name");
        }
        let Some(meeting) = self.meetings.get_mut(text("meetingID")) else {
            return refuse(MessageKey::InvalidMeetingIdentifier, "The meeting ID does not match any");
        };
        if meeting.ended {
            return refuse(MessageKey::MeetingForciblyEnded, "You can not join a meeting that was ended");
        }
        let run = text("createTime");
        if !run.is_empty() && run != meeting.created.to_string() {
            return refuse(MessageKey::MismatchCreateTime, "The createTime parameter does not match");
        }
        let password = text("password");
        let role = match text("role") {
            role if !role.is_empty() => Role::lenient(role),
            _ if password.is_empty() => {
                return refuse(MessageKey::Missing(String::new()), "You must provide a role or password");
            }
            _ if password == meeting.moderator_password => Role::Moderator,
            _ if password == meeting.attendee_password => Role::Viewer,
            _ => {
                return refuse(
                    MessageKey::InvalidPassword,
                    "You either did not supply a password or it is wrong",
                );
            }
        };
        let most: usize = meeting.text("maxParticipants").parse().unwrap_or_default();
        if most > 0 && meeting.inside().count() >= most {
            return refuse(
                MessageKey::MaxParticipantsReached,
                "The number of participants has reached its limit",
            );
        }
        let guest = text("guest") == "true";
        let waits = match meeting.text("guestPolicy") {
            "ALWAYS_DENY" if guest => return refuse(MessageKey::GuestDeny, "You are not allowed to join"),
            "ASK_MODERATOR" => guest,
            _ => false,
        };
        let external = match text("userID") {
            "" => internal.clone(),
            external => external.to_owned(),
        };
        let user = User { internal, external, name: text("fullName").to_owned(), role, token, waits };
        let id = meeting.id.clone();
        meeting.users.push(user.clone());
        if !waits {
            self.enter(&id, &user, now);
        }
        Ok((user, id))
    }

    fn enter(&mut self, id: &str, user: &User, now: Timestamp) {
        let Some(meeting) = self.meetings.get_mut(id) else { return };
        meeting.joined = true;
        if meeting.started == 0 {
            meeting.started = now.as_millisecond();
        }
        meeting.marked |= meeting.flag("record") && meeting.flag("autoStartRecording");
        let attributes = json!({"meeting": meeting.reference(), "user": described(user)});
        self.tell("user-joined", &attributes, now);
    }

    /// Somebody opens their client with the token of their session: the meeting and they.
    pub(super) fn session(&self, token: &str) -> Option<(&Meeting, &User)> {
        let meetings = self.meetings.values().filter(|meeting| !meeting.ended);
        meetings
            .flat_map(|meeting| meeting.users.iter().map(move |user| (meeting, user)))
            .find(|(_, user)| user.token == token)
    }

    /// A moderator lets a guest in.
    pub(super) fn let_in(&mut self, meeting: &str, internal: &str, now: Timestamp) {
        let waiting = self.meetings.get_mut(meeting).and_then(|meeting| {
            meeting.users.iter_mut().find(|user| user.internal == internal && user.waits)
        });
        if let Some(user) = waiting {
            user.waits = false;
            let user = user.clone();
            self.enter(meeting, &user, now);
        }
    }

    /// Somebody leaves.
    pub(super) fn leave(&mut self, meeting: &str, internal: &str, now: Timestamp) {
        let Some(meeting) = self.meetings.get_mut(meeting) else { return };
        let Some(at) = meeting.users.iter().position(|user| user.internal == internal) else { return };
        let user = meeting.users.remove(at);
        meeting.emptied = now.as_millisecond();
        if !user.waits {
            let attributes = json!({"meeting": meeting.reference(), "user": described(&user)});
            self.tell("user-left", &attributes, now);
        }
    }

    /// Somebody who is inside writes into the chat. `escaped` is what the version makes of it.
    pub(super) fn say(&mut self, meeting: &str, internal: &str, escaped: &str, now: Timestamp) -> bool {
        let Some(user) = self
            .meetings
            .get(meeting)
            .and_then(|meeting| meeting.inside().find(|user| user.internal == internal).cloned())
        else {
            return false;
        };
        let sender = json!({
            "internal-user-id": user.internal, "external-user-id": user.external, "name": user.name,
            "time": now.as_millisecond(),
        });
        self.chat(meeting, &user.name, escaped, &sender, now)
    }

    /// Somebody outside writes into the chat. The server takes the name for the session, and tells of no person.
    pub(super) fn say_from_outside(
        &mut self,
        parameters: &Parameters,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let text = parameters.get("message").cloned().unwrap_or_default();
        let name = parameters.get("userName").map_or("System", String::as_str).to_owned();
        let units = |text: &str| text.chars().map(char::len_utf16).sum::<usize>();
        if !(1..=crate::chat::LONGEST).contains(&units(&text)) || units(&name) > crate::chat::NAME_LONGEST {
            return refuse(MessageKey::ValidationError, "The message must be between 1 and 500 characters");
        }
        let meeting = self.meeting(parameters)?;
        if meeting.ended {
            return refuse(MessageKey::NotFound, "A meeting with that ID does not exist");
        }
        let id = meeting.id.clone();
        let sender = json!({"internal-user-id": name, "name": name, "time": now.as_millisecond()});
        self.chat(&id, &name, &text, &sender, now);
        Ok(())
    }

    fn chat(&mut self, id: &str, name: &str, text: &str, sender: &Value, now: Timestamp) -> bool {
        let message = format!("{}-{}", now.as_millisecond(), self.letters(8));
        let Some(meeting) = self.meetings.get_mut(id).filter(|meeting| !meeting.ended) else { return false };
        // The server goes on as if nothing had been said.
        if meeting.disables("chat") {
            return false;
        }
        meeting.chat.push(Said { name: name.to_owned(), text: text.to_owned() });
        let attributes = json!({
            "meeting": meeting.reference(),
            "chat-message": {"id": message, "message": text, "sender": sender},
            "chat-id": "MAIN-PUBLIC-GROUP-CHAT",
        });
        self.tell("chat-group-message-sent", &attributes, now);
        true
    }

    /// A moderator presses the button that starts recording.
    pub(super) fn mark(&mut self, meeting: &str) -> bool {
        self.meetings.get_mut(meeting).is_some_and(|meeting| {
            meeting.marked |= meeting.flag("record");
            meeting.marked
        })
    }

    /// Ends a meeting; it is gone with the next [`State::tick`].
    pub(super) fn end(&mut self, id: &str, now: Timestamp) {
        let Some(meeting) = self.meetings.get_mut(id).filter(|meeting| !meeting.ended) else { return };
        meeting.ended = true;
        let people = meeting.inside().count();
        let users: Vec<User> = std::mem::take(&mut meeting.users);
        let meeting = meeting.clone();
        for user in users.iter().filter(|user| !user.waits) {
            self.tell("user-left", &json!({"meeting": meeting.reference(), "user": described(user)}), now);
        }
        self.tell("meeting-ended", &json!({"meeting": meeting.reference()}), now);
        // The server asks with the name of the parameter as its maker wrote it; in answers it is in lower case.
        for name in ["meetingEndedURL", "meta_endCallbackUrl"] {
            let address = meeting.text(name);
            if !address.is_empty() {
                let joint = if address.contains('?') { '&' } else { '?' };
                let id: String = form_urlencoded::byte_serialize(meeting.id.as_bytes()).collect();
                let marks = meeting.marked;
                self.outbox.push(Told::End(format!("{address}{joint}recordingmarks={marks}&meetingID={id}")));
            }
        }
        if meeting.marked {
            let ready = now.checked_add(self.processing).unwrap_or(now);
            self.recordings.push(Recorded {
                id: meeting.internal.clone(),
                meeting: meeting.id.clone(),
                name: meeting.name.clone(),
                started: meeting.created,
                ended: now.as_millisecond(),
                people,
                metadata: meeting.metadata(),
                state: "processing",
                ready_at: ready.as_millisecond(),
            });
            self.rap("archive-ended", &meeting.internal, &meeting.id, now);
        }
    }

    /// Lets time do its work: meetings without people vanish, those that were ended are gone, recordings get ready.
    pub(super) fn tick(&mut self, now: Timestamp) {
        let instant = now.as_millisecond();
        self.meetings.retain(|_, meeting| !meeting.ended);
        let over = |meeting: &Meeting| {
            let minutes = |count: i64| count.saturating_mul(60_000);
            let duration = meeting.minutes("duration", 0);
            let empty = meeting.users.is_empty();
            let first = minutes(meeting.minutes("meetingExpireIfNoUserJoinedInMinutes", 5));
            let last = minutes(meeting.minutes("meetingExpireWhenLastUserLeftInMinutes", 1));
            (duration > 0 && instant - meeting.created >= minutes(duration))
                || (!meeting.joined && empty && first > 0 && instant - meeting.created >= first)
                || (meeting.joined && empty && last > 0 && instant - meeting.emptied >= last)
        };
        let gone: Vec<String> = self
            .meetings
            .values()
            .filter(|meeting| over(meeting))
            .map(|meeting| meeting.id.clone())
            .collect();
        for id in gone {
            self.end(&id, now);
        }
        let mut ready = vec![];
        for recording in &mut self.recordings {
            if recording.state == "processing" && instant >= recording.ready_at {
                recording.state = "published";
                ready.push(recording.clone());
            }
        }
        for recording in ready {
            self.rap("publish-ended", &recording.id, &recording.meeting, now);
            if let Some(address) = recording.metadata.get("bbb-recording-ready-url") {
                self.outbox.push(Told::Ready {
                    address: address.clone(),
                    meeting: recording.meeting.clone(),
                    recording: recording.id.clone(),
                });
            }
        }
    }

    fn rap(&mut self, step: &str, recording: &str, meeting: &str, now: Timestamp) {
        let attributes = json!({
            "meeting": {"internal-meeting-id": recording, "external-meeting-id": meeting},
            "record-id": recording, "success": true, "step-time": 0,
        });
        self.tell(&format!("rap-{step}"), &attributes, now);
    }

    /// The recordings that a list of identifiers or beginnings names.
    pub(super) fn named(&mut self, list: &str) -> Vec<&mut Recorded> {
        let names: Vec<&str> = list.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        self.recordings
            .iter_mut()
            .filter(|recording| names.iter().any(|name| recording.id.starts_with(name)))
            .collect()
    }

    /// Changes the state of recordings, and tells of it.
    pub(super) fn move_recordings(&mut self, list: &str, state: &'static str, now: Timestamp) -> bool {
        let named: Vec<(String, String)> = self
            .named(list)
            .into_iter()
            .map(|recording| {
                recording.state = state;
                (recording.id.clone(), recording.meeting.clone())
            })
            .collect();
        for (recording, meeting) in &named {
            self.rap(state, recording, meeting, now);
        }
        !named.is_empty()
    }

    /// Adds a hook, or finds it by its address; the latter is said by the second value.
    pub(super) fn hook(&mut self, parameters: &Parameters) -> Result<(Hook, bool), Refused> {
        let text = |name: &str| parameters.get(name).cloned().unwrap_or_default();
        let callback = text("callbackURL");
        if callback.is_empty() {
            return refuse(MessageKey::Missing("CallbackURL".to_owned()), "You must specify a callbackURL");
        }
        if let Some(hook) = self.hooks.iter().find(|hook| hook.callback == callback) {
            return Ok((hook.clone(), true));
        }
        let events = text("eventID");
        let hook = Hook {
            id: self.next_hook,
            callback,
            meeting: text("meetingID"),
            events: events
                .split(',')
                .map(|event| event.trim().to_owned())
                .filter(|e| !e.is_empty())
                .collect(),
        };
        self.next_hook += 1;
        self.hooks.push(hook.clone());
        Ok((hook, false))
    }

    fn tell(&mut self, name: &str, attributes: &Value, now: Timestamp) {
        self.outbox.push(Told::Event(json!({"data": {
            "type": "event", "id": name, "attributes": attributes, "event": {"ts": now.as_millisecond()},
        }})));
    }
}

impl Hook {
    /// Whether it is told of that event.
    pub(super) fn wants(&self, event: &Value) -> bool {
        let text = |path: &str| event.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let meeting = text("/data/attributes/meeting/external-meeting-id");
        let name = text("/data/id");
        (self.meeting.is_empty() || self.meeting == meeting)
            && (self.events.is_empty() || self.events.iter().any(|event| event == name))
    }
}

fn described(user: &User) -> Value {
    json!({
        "internal-user-id": user.internal, "external-user-id": user.external, "name": user.name,
        "role": user.role.as_str(), "presenter": false, "stream": false,
    })
}
