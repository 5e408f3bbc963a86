//! The HTTP of a simulated server: its API, and the page that stands for its client.

use super::{
    Node, answer,
    page::{self, Deed},
    state::Parameters,
};
use crate::api::MessageKey;
use axum::{
    Router,
    body::Bytes,
    extract::State as Shared,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use serde_json::json;
use std::sync::Arc;
use tokio::{net::TcpListener, task::JoinSet};

/// Where the API is.
const API: &str = "/bigbluebutton/api";

/// Where the page is that stands for the client.
pub(super) const CLIENT: &str = "/html5client/";

/// A page that is no answer, as of a proxy.
const BROKEN: &str =
    "<!DOCTYPE html><html><head><title>500</title></head><body>Internal Server Error</body></html>";

/// Serves until it is aborted; its connections end with it.
pub(super) async fn serve(node: Arc<Node>, listener: TcpListener) {
    let router = Router::new().fallback(handle).with_state(node);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else {
                    // Too many open files, mostly: those that are served have to end first.
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                    continue;
                };
                let service = TowerToHyperService::new(router.clone());
                connections.spawn(async move {
                    // A client that breaks off is no concern of a server.
                    let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn handle(
    Shared(node): Shared<Arc<Node>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query = uri.query().unwrap_or_default();
    if uri.path() == CLIENT {
        return client(&node, &method, query, &body);
    }
    let Some(call) = uri.path().strip_prefix(API).map(|call| call.trim_matches('/')) else {
        return (StatusCode::NOT_FOUND, html("<!DOCTYPE html><title>404</title>Not Found".to_owned()))
            .into_response();
    };
    let chaos = node.options.chaos;
    if node.chance(chaos.slow) {
        tokio::time::sleep(chaos.slowness).await;
    }
    if node.chance(chaos.crash) {
        node.state().meetings.clear();
        return broken();
    }
    if node.chance(chaos.fail) {
        return broken();
    }
    api(&node, call, query, &headers, &body)
}

fn api(node: &Arc<Node>, call: &str, query: &str, headers: &HeaderMap, body: &[u8]) -> Response {
    let version = node.options.version;
    if call.is_empty() {
        return xml(answer::about(version));
    }
    // The checksum is over the query as it came, without itself. More than one is none.
    let (checksums, signed): (Vec<&str>, Vec<&str>) =
        query.split('&').partition(|pair| pair.starts_with("checksum="));
    let checksum = match checksums.as_slice() {
        [one] => one.trim_start_matches("checksum="),
        _ => "",
    };
    if call.starts_with("hooks/") && crate::checksum::Algorithm::of_digits(checksum.len()).is_none() {
        return broken();
    }
    if !node.verify(call, &signed.join("&"), checksum) {
        let refused = (MessageKey::ChecksumError, "Checksums do not match");
        return xml(answer::refusal(&refused));
    }
    let posted = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if call == "create" && !body.is_empty() && !(posted.contains("xml") || posted.contains("form")) {
        return xml(answer::refusal(&(
            MessageKey::UnsupportedContentType,
            "POST Content-Type is not supported",
        )));
    }
    let parameters: Parameters = form_urlencoded::parse(signed.join("&").as_bytes()).into_owned().collect();
    match call {
        "join" => join(node, &parameters),
        "getRecordingTextTracks" => text_tracks(node, &parameters),
        call => {
            let answered = node.with(|state, now| answer::call(state, version, call, &parameters, body, now));
            xml(match answered {
                Some(Ok(answered)) => answered,
                Some(Err(refused)) => answer::refusal(&refused),
                None => answer::refusal(&(
                    MessageKey::Other("unsupportedRequest".to_owned()),
                    "This request is not supported.",
                )),
            })
        }
    }
}

fn join(node: &Arc<Node>, parameters: &Parameters) -> Response {
    let redirects = parameters.get("redirect").is_none_or(|value| value != "false");
    let joined = node.with(|state, now| state.join(parameters, now));
    let (user, meeting) = match joined {
        Ok(joined) => joined,
        Err(refused) => {
            let error = parameters.get("errorRedirectUrl").filter(|_| redirects);
            return error
                .filter(|url| url.starts_with("https://") || url.starts_with("http://"))
                .and_then(|url| redirect(url))
                .unwrap_or_else(|| xml(answer::refusal(&refused)));
        }
    };
    let client = format!("{CLIENT}?sessionToken={}", user.token);
    if redirects {
        return redirect(&client).unwrap_or_else(broken);
    }
    let internal = node.state().meetings.get(&meeting).map(|meeting| meeting.internal.clone());
    let written = answer::Xml::default()
        .tag("messageKey", "successfullyJoined")
        .tag("message", "You have joined successfully.")
        .tag("meeting_id", internal.unwrap_or_default())
        .tag("user_id", &user.internal)
        .tag("auth_token", &user.token)
        .tag("session_token", &user.token)
        .tag("guestStatus", if user.waits { "WAIT" } else { "ALLOW" })
        .tag("url", format!("http://{}{client}", node.deliverer.domain()))
        .response("SUCCESS");
    xml(written)
}

/// Recordings of the simulator have no text tracks; of whether there is the recording one is told all the same.
fn text_tracks(node: &Arc<Node>, parameters: &Parameters) -> Response {
    let id = parameters.get("recordID").map_or("", String::as_str);
    let known =
        node.state().recordings.iter().any(|recording| recording.id == id && recording.state != "deleted");
    let said = if known {
        json!({"response": {"returncode": "SUCCESS", "tracks": []}})
    } else {
        json!({"response": {"returncode": "FAILED", "messageKey": "noRecordings", "message": "No recording found"}})
    };
    ([(header::CONTENT_TYPE, "application/json")], said.to_string()).into_response()
}

/// The page that stands for the client. The token of the session is all that is needed, as with the real one.
fn client(node: &Arc<Node>, method: &Method, query: &str, body: &[u8]) -> Response {
    let from = if method == Method::POST { body } else { query.as_bytes() };
    let fields: Parameters = form_urlencoded::parse(from).into_owned().collect();
    let token = fields.get("sessionToken").cloned().unwrap_or_default();
    let found = node.state().session(&token).map(|(meeting, user)| (meeting.id.clone(), user.clone()));
    let Some((meeting, user)) = found else {
        return (StatusCode::UNAUTHORIZED, html(page::over())).into_response();
    };
    if method != Method::POST {
        let state = node.state();
        let Some(open) = state.meetings.get(&meeting) else {
            return (StatusCode::UNAUTHORIZED, html(page::over())).into_response();
        };
        return html(page::room(open, &user)).into_response();
    }
    let text = fields.get("text").map_or("", String::as_str).trim();
    match Deed::parse(fields.get("deed").map_or("", String::as_str)) {
        Some(Deed::Say) if !text.is_empty() && !user.waits => {
            let sent = super::as_sent(node.options.version, text);
            node.with(|state, now| state.say(&meeting, &user.internal, &sent, now));
        }
        Some(Deed::Record) if user.role == crate::meeting::Role::Moderator => {
            node.with(|state, _| state.mark(&meeting));
        }
        Some(Deed::LetIn) if user.role == crate::meeting::Role::Moderator => {
            let guest = fields.get("user").cloned().unwrap_or_default();
            node.with(|state, now| state.let_in(&meeting, &guest, now));
        }
        Some(Deed::End) if user.role == crate::meeting::Role::Moderator => {
            node.with(|state, now| state.end(&meeting, now));
            return html(page::over()).into_response();
        }
        Some(Deed::Leave) => {
            node.with(|state, now| state.leave(&meeting, &user.internal, now));
            return html(page::over()).into_response();
        }
        _ => {}
    }
    redirect(&format!("{CLIENT}?sessionToken={token}")).unwrap_or_else(broken)
}

fn redirect(to: &str) -> Option<Response> {
    let location = HeaderValue::from_str(to).ok()?;
    Some((StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response())
}

fn broken() -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, html(BROKEN.to_owned())).into_response()
}

fn xml(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/xml;charset=utf-8")], text).into_response()
}

fn html(text: String) -> Response {
    let policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'";
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, text).into_response()
}
