//! The calls that we make to the homeserver, in the application service's name or as one of its users.
//!
//! Every call has a time limit. A call that the homeserver limits (429) waits for as long as it says, up to
//! [`Options::wait_for_limits`] in all. Nothing else is tried again here: who calls knows whether there is time, and all
//! calls but [`Client::create_room`] may be made again without doing anything twice.
//!
//! The types of the requests are those of [ruma](https://docs.rs/ruma); none of them is seen from outside.

mod room;
mod talk;

use crate::{
    error::Error,
    id::{Alias, EventId, RoomId, UserId},
    secret::Secret,
};
use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};
use reqwest::{
    Url,
    header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER, SERVER},
    redirect::Policy,
};
pub use room::NewRoom;
use ruma::{
    OwnedEventId, OwnedRoomAliasId, OwnedRoomId, OwnedUserId,
    api::{
        AppserviceUserIdentity, IncomingResponseExt, MatrixVersion, OutgoingRequest,
        OutgoingRequestAppserviceExt, OutgoingRequestExt, SupportedVersions,
        auth_scheme::{AuthScheme, SendAccessToken},
        client::{account, appservice, discovery, presence, profile, session},
        error::IntoHttpError,
        path_builder::PathBuilder,
    },
    exports::http,
    presence::PresenceState,
    profile::ProfileFieldValue,
};
use serde_json::Value;
use std::{borrow::Cow, collections::BTreeSet, error::Error as _, sync::Arc, time::Duration};
pub use talk::{Ghost, Utterance};

/// How a client reaches its homeserver.
#[derive(Clone, Debug)]
pub struct Options {
    /// The web address of the homeserver, such as `https://matrix.example.org` or `http://127.0.0.1:8008`.
    pub address: String,
    /// The `as_token` of the registration.
    pub token: Secret,
    /// How long connecting may take.
    pub connect_within: Duration,
    /// How long a call may take, with its answer.
    pub answer_within: Duration,
    /// How long a call waits in all when the homeserver wants fewer calls. Zero: it says so at once.
    pub wait_for_limits: Duration,
    /// The most bytes of an answer, after decompression.
    pub body_bytes: usize,
}

impl Options {
    /// The usual limits: 5 s to connect, 30 s for a call, 60 s of waiting where calls are limited, 32 MiB.
    pub fn new(address: &str, token: &Secret) -> Self {
        Self {
            address: address.trim().trim_end_matches('/').to_owned(),
            token: token.clone(),
            connect_within: Duration::from_secs(5),
            answer_within: Duration::from_secs(30),
            wait_for_limits: Duration::from_mins(1),
            body_bytes: 32 * 1_024 * 1_024,
        }
    }
}

/// Calls one homeserver. Cloning it costs nothing, and connections are shared.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    options: Arc<Options>,
    host: Arc<str>,
    /// Which paths ruma may use.
    supported: Arc<SupportedVersions>,
}

/// What the homeserver says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions {
    /// The versions of the specification that it speaks, such as `v1.11`.
    pub spec: Vec<String>,
    /// The program, such as `Synapse/1.163.2`, where neither it nor a proxy hides it.
    pub program: Option<String>,
    /// What its clock said when it answered, to the second.
    pub clock: Option<Timestamp>,
}

/// An answer with its headers.
struct Answer<T> {
    value: T,
    headers: HeaderMap,
}

impl Client {
    /// A client for that homeserver. Nothing is called yet.
    pub fn new(options: Options) -> Result<Self, Error> {
        let url = Url::parse(&options.address).map_err(|error| Error::NotAnAddress(error.to_string()))?;
        let plain = matches!(url.scheme(), "http" | "https") && url.path() == "/" && url.query().is_none();
        let Some(host) =
            url.host_str().filter(|_| plain && url.username().is_empty() && url.password().is_none())
        else {
            return Err(Error::NotAnAddress(
                "it is http: or https:, a host and perhaps a port, and nothing else".to_owned(),
            ));
        };
        let http = reqwest::Client::builder()
            .user_agent(concat!("Plenary/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(options.connect_within)
            .timeout(options.answer_within)
            .pool_idle_timeout(Duration::from_secs(30))
            // The token was given for this server and for no other.
            .redirect(Policy::none())
            .build()
            .map_err(|error| Error::Setup(innermost(&error)))?;
        let supported = SupportedVersions {
            versions: BTreeSet::from([MatrixVersion::V1_1, MatrixVersion::V1_7, MatrixVersion::V1_11]),
            features: BTreeSet::new(),
        };
        Ok(Self { http, host: host.into(), options: Arc::new(options), supported: Arc::new(supported) })
    }

    /// The web address of the homeserver.
    pub fn address(&self) -> &str {
        &self.options.address
    }

    /// What the homeserver is. Needs no registration.
    pub async fn versions(&self) -> Result<Versions, Error> {
        type Request = discovery::get_supported_versions::Request;
        // Without our token: one that the homeserver does not know would hide that there is a homeserver.
        let request = Request::new().try_into_http_request(&self.options.address, SendAccessToken::None, ());
        let answer = self.exchange::<Request>(sendable(request)?).await?;
        let text = |value: Option<&HeaderValue>| value.and_then(|v| v.to_str().ok()).map(str::to_owned);
        let clock = text(answer.headers.get(DATE))
            .and_then(|date| DateTimeParser::new().parse_timestamp(date.as_bytes()).ok());
        Ok(Versions { spec: answer.value.versions, program: text(answer.headers.get(SERVER)), clock })
    }

    /// The version in which the homeserver makes rooms where none is asked for.
    pub async fn default_room_version(&self) -> Result<String, Error> {
        let answer = self.call(discovery::get_capabilities::v3::Request::new(), None).await?;
        Ok(answer.capabilities.room_versions.default.as_str().to_owned())
    }

    /// The ways to sign in that the homeserver offers, such as `m.login.sso`.
    pub async fn ways_to_sign_in(&self) -> Result<Vec<String>, Error> {
        let answer = self.call(session::get_login_types::v3::Request::new(), None).await?;
        Ok(answer.flows.iter().map(|flow| flow.login_type().to_owned()).collect())
    }

    /// Whom the homeserver takes us for.
    pub async fn whoami(&self) -> Result<UserId, Error> {
        let answer = self.call(account::whoami::v3::Request::new(), None).await?;
        self.user(answer.user_id.as_str())
    }

    /// Has the homeserver call us, as it does when something happens, and says how long that took.
    /// `id` is that of the registration.
    pub async fn ping(&self, id: &str) -> Result<Duration, Error> {
        let request = appservice::request_ping::v1::Request::new(id.to_owned());
        Ok(self.call(request, None).await?.duration)
    }

    /// Makes sure that the user of that name exists; it must lie in our namespace.
    /// Whether it is new comes back.
    pub async fn register(&self, localpart: &str) -> Result<bool, Error> {
        let mut request = account::register::v3::Request::new();
        request.username = Some(localpart.to_owned());
        request.login_type = Some(account::register::LoginType::ApplicationService);
        // Without this a homeserver with a separate authentication service refuses.
        request.inhibit_login = true;
        match self.call(request, None).await {
            Ok(_) => Ok(true),
            Err(error) if error.is("M_USER_IN_USE") => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Names one of our users.
    pub async fn set_display_name(&self, user: &UserId, name: &str) -> Result<(), Error> {
        self.set_profile(user, ProfileFieldValue::DisplayName(name.to_owned())).await
    }

    /// Gives one of our users a picture, which the homeserver already has as `mxc:`.
    pub async fn set_avatar(&self, user: &UserId, mxc: &str) -> Result<(), Error> {
        self.set_profile(user, ProfileFieldValue::AvatarUrl(mxc.into())).await
    }

    async fn set_profile(&self, user: &UserId, value: ProfileFieldValue) -> Result<(), Error> {
        let request = profile::set_profile_field::v3::Request::new(owned_user(user)?, value);
        self.call(request, Some(user)).await?;
        Ok(())
    }

    /// Whether the homeserver tells who is online, tried with one of our users, who is offline afterwards.
    pub async fn tells_presence(&self, user: &UserId) -> Result<bool, Error> {
        let set = |state| async move {
            let request = presence::set_presence::v3::Request::new(owned_user(user)?, state);
            self.call(request, Some(user)).await
        };
        set(PresenceState::Online).await?;
        let seen = self.call(presence::get_presence::v3::Request::new(owned_user(user)?), Some(user)).await?;
        set(PresenceState::Offline).await?;
        Ok(seen.presence == PresenceState::Online)
    }

    /// Makes a call, as ourselves or as one of our users.
    pub(crate) async fn call<R>(
        &self,
        request: R,
        user: Option<&UserId>,
    ) -> Result<R::IncomingResponse, Error>
    where
        R: OutgoingRequest,
        for<'a> R::Authentication: AuthScheme<Input<'a> = SendAccessToken<'a>>,
        for<'a> R::PathBuilder: PathBuilder<Input<'a> = Cow<'a, SupportedVersions>>,
    {
        let token = SendAccessToken::Always(self.options.token.secret());
        let paths = Cow::Borrowed(&*self.supported);
        let request = match user.map(owned_user).transpose()? {
            Some(user) => request.try_into_http_request_with_identity(
                &self.options.address,
                token,
                AppserviceUserIdentity::new(&user),
                paths,
            ),
            None => request.try_into_http_request(&self.options.address, token, paths),
        };
        Ok(self.exchange::<R>(sendable(request)?).await?.value)
    }

    /// Sends a request, waiting where the homeserver wants fewer, and reads its answer.
    async fn exchange<R: OutgoingRequest>(
        &self,
        request: reqwest::Request,
    ) -> Result<Answer<R::IncomingResponse>, Error> {
        let mut waited = Duration::ZERO;
        let (headers, response) = loop {
            let again = request
                .try_clone()
                .ok_or_else(|| Error::Request("its body cannot be repeated".to_owned()))?;
            match self.once(again).await {
                Err(Error::Limited { after }) if waited + after <= self.options.wait_for_limits => {
                    tracing::debug!(host = %self.host, ?after, "the homeserver wants fewer calls");
                    waited += after;
                    tokio::time::sleep(after).await;
                }
                other => break other?,
            }
        };
        let (parts, body) = response.into_parts();
        let value =
            R::IncomingResponse::try_from_http_response(http::Response::from_parts(parts, body.as_slice()))
                .map_err(|error| self.malformed(&error.to_string()))?;
        Ok(Answer { value, headers })
    }

    /// Sends it once. The answer comes back where it means success.
    async fn once(&self, request: reqwest::Request) -> Result<(HeaderMap, http::Response<Vec<u8>>), Error> {
        let mut response = self.http.execute(request).await.map_err(|error| self.explain(&error))?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.explain(&error))? {
            if body.len() + chunk.len() > self.options.body_bytes {
                return Err(self.malformed(&format!("it is larger than {} bytes", self.options.body_bytes)));
            }
            body.extend_from_slice(&chunk);
        }
        let headers = std::mem::take(response.headers_mut());
        if !status.is_success() {
            return Err(refusal(status.as_u16(), &headers, &body));
        }
        let mut whole = http::Response::new(body);
        *whole.status_mut() = status;
        Ok((headers, whole))
    }

    /// What the client's error means. Its own text holds the whole address and is not used.
    fn explain(&self, error: &reqwest::Error) -> Error {
        let host = self.host.to_string();
        if error.is_timeout() {
            let after =
                if error.is_connect() { self.options.connect_within } else { self.options.answer_within };
            return Error::TimedOut { host, after };
        }
        if error.is_decode() {
            return Error::Malformed { host, detail: innermost(error) };
        }
        Error::Unreachable { host, detail: innermost(error) }
    }

    fn malformed(&self, detail: &str) -> Error {
        Error::Malformed { host: self.host.to_string(), detail: detail.to_owned() }
    }

    fn user(&self, text: &str) -> Result<UserId, Error> {
        UserId::parse(text).map_err(|error| self.malformed(&error.problem))
    }

    fn room(&self, text: &str) -> Result<RoomId, Error> {
        RoomId::parse(text).map_err(|error| self.malformed(&error.problem))
    }

    fn event(&self, text: &str) -> Result<EventId, Error> {
        EventId::parse(text).map_err(|error| self.malformed(&error.problem))
    }
}

/// The request as it is sent.
fn sendable(request: Result<http::Request<Vec<u8>>, IntoHttpError>) -> Result<reqwest::Request, Error> {
    let request = request.map_err(|error| Error::Request(error.to_string()))?;
    request.try_into().map_err(|error: reqwest::Error| Error::Request(innermost(&error)))
}

/// How long we wait where the homeserver limits without saying for how long, and the longest that is believed.
const LIMITED: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(10));

/// What a status and a body that mean failure say, by the specification's
/// [standard error response](https://spec.matrix.org/v1.16/client-server-api/#standard-error-response).
fn refusal(status: u16, headers: &HeaderMap, body: &[u8]) -> Error {
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| said.get(name).and_then(Value::as_str).unwrap_or_default();
    let line = |text: &str| model::text::excerpt(text, 300);
    if status == 429 {
        // The header takes precedence over the older field; either may be missing.
        let header = headers
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .map(Duration::from_secs);
        let field = said.get("retry_after_ms").and_then(Value::as_u64).map(Duration::from_millis);
        // The header has whole seconds: the field is exact where both are there and agree.
        let after = match (header, field) {
            (Some(header), Some(field)) if field <= header => field,
            (header, field) => header.or(field).unwrap_or(LIMITED.0),
        };
        return Error::Limited { after: after.min(LIMITED.1) };
    }
    let message = if text("error").is_empty() { String::from_utf8_lossy(body) } else { text("error").into() };
    let message = line(&message);
    if status >= 500 {
        return Error::Failed { status, message };
    }
    Error::Refused { status, errcode: line(text("errcode")), message }
}

/// The innermost cause, which names no address.
fn innermost(error: &reqwest::Error) -> String {
    let Some(mut cause) = error.source() else { return "the connection failed".to_owned() };
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// What ruma refuses of an identifier that we took.
fn unfit(error: ruma::IdParseError) -> Error {
    Error::Request(error.to_string())
}

fn owned_user(id: &UserId) -> Result<OwnedUserId, Error> {
    id.as_str().parse().map_err(unfit)
}

fn owned_room(id: &RoomId) -> Result<OwnedRoomId, Error> {
    id.as_str().parse().map_err(unfit)
}

fn owned_event(id: &EventId) -> Result<OwnedEventId, Error> {
    id.as_str().parse().map_err(unfit)
}

fn owned_alias(id: &Alias) -> Result<OwnedRoomAliasId, Error> {
    id.as_str().parse().map_err(unfit)
}

#[cfg(test)]
mod tests;
