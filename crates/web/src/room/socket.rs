//! What is new in a room, for open pages: by WebSocket (RFC 6455), or as JSON to those who ask again and again because
//! their network lets no WebSocket through.
//!
//! `GET .../socket?after=N` sends, each as one text message of JSON:
//!
//! - `{"seq", "message", "new", "name", "html", "text"}` for everything that was said after place `N`, in order;
//! - `{"here": {"names", "readers"}}` when somebody came or went, at most every few seconds;
//! - `{"said": ID, "seq"}` or `{"refused": ID, "problem", "remedy"}` for what the page sent: see [`Sent`].
//!
//! `GET .../messages?after=N` answers with `{"news": [...], "seq"}` as soon as there is any, at the latest after
//! [`PATIENCE`]; `GET .../messages?before=N` with `{"items": [...], "older"}`, list items of what was said before.

use super::{
    Entered, enter, page,
    say::{Sent, speak},
};
use crate::{
    error::Failure,
    headers::{self, Policy},
    inner::Answer,
    route::Asked,
    signed::{self, Asker, Person},
    site::{Site, StreamPlace},
};
use axum::{
    body::Body as HttpBody,
    extract::{
        Path, State,
        ws::{
            Message as Frame, Utf8Bytes, WebSocket, WebSocketUpgrade, rejection::WebSocketUpgradeRejection,
        },
    },
    http::{HeaderMap, Response, header},
    response::IntoResponse,
};
use model::{
    Refusal,
    chat::{Author, Position},
};
use serde_json::{Value, json};
use std::time::Duration;
use venue::{Drawn, Seat, Unsaid};

/// How long somebody who asks again and again waits for news.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often an open page is asked whether it is still there, which keeps proxies from closing the connection.
const HEARTBEAT: Duration = Duration::from_secs(25);

/// How often it is looked at whether whoever has the page open may still be in the room.
const AGAIN: Duration = Duration::from_mins(1);

/// How often at most a page is told of who came and went.
const PEOPLE: Duration = Duration::from_secs(5);

/// How many names a page is told.
const NAMES: usize = 100;

/// The largest message that a page may send.
const SENT_MAX: usize = 32 * 1_024;

/// What a connection holds while nothing happens. The library's own 128 KB would be 640 MB for 5,000 people.
const BUFFER: usize = 2_048;

/// `GET /{edition}/live/{room}/socket`.
pub(super) async fn socket(
    State(site): State<Site>,
    asked: Asked,
    asker: Asker,
    Path((edition, slug)): Path<(String, String)>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Answer {
    let entered = enter(&site, &asker, &edition, &slug).await?;
    let upgrade = upgrade.map_err(|_| {
        let problem = "it is opened by the room's page, as a WebSocket";
        Failure::Refused(Refusal::new("address", problem, "Open the room's page"))
    })?;
    // A form of another site is told by the browser's headers; a socket only by its origin (RFC 6455, section 10.2).
    if !is_own(&site, &asked.headers) {
        return Err(Failure::ForeignOrigin);
    }
    let place = site.stream(asked.client)?;
    let after = after(&asked).unwrap_or_else(|| *site.store().watch_chat().borrow());
    let secret = signed::secret_in(&site, &asked.headers);
    let seat = site.venue().enter(entered.room.id, seated(&site, &entered));
    let open = Open { site, edition, slug, secret, entered, seat, after, _place: place };
    let response = upgrade
        .read_buffer_size(BUFFER)
        .write_buffer_size(0)
        .max_message_size(SENT_MAX)
        .max_frame_size(SENT_MAX)
        .on_upgrade(move |socket| open.talk(socket));
    Ok(response)
}

/// `GET /{edition}/live/{room}/messages`.
pub(super) async fn messages(
    State(site): State<Site>,
    asked: Asked,
    asker: Asker,
    Path((edition, slug)): Path<(String, String)>,
) -> Answer {
    let entered = enter(&site, &asker, &edition, &slug).await?;
    if let Some(before) = asked.value("before").and_then(|before| before.parse().ok()) {
        let (found, _) = site.store().chat_page(entered.room.id, Some(before), page::MESSAGES).await?;
        let items = page::items(site.store(), &found, Some(&entered.edition.zone)).await?;
        let older = found.first().filter(|_| found.len() as u64 == page::MESSAGES);
        return Ok(answer(&json!({ "items": items, "older": older.map(|one| one.position) })));
    }
    let _place = site.stream(asked.client)?;
    let after = after(&asked).unwrap_or_else(|| *site.store().watch_chat().borrow());
    let mut seat = site.venue().enter(entered.room.id, seated(&site, &entered));
    let news = tokio::select! {
        news = seat.after(after) => news?,
        () = tokio::time::sleep(PATIENCE) => vec![],
        () = site.stop().cancelled() => vec![],
    };
    let seq = news.last().map_or(after, |one| one.position);
    let news: Vec<Value> = news.iter().filter_map(|one| serde_json::from_slice(&one.text).ok()).collect();
    Ok(answer(&json!({ "news": news, "seq": seq, "here": here(&seat) })))
}

fn answer(value: &Value) -> Response<HttpBody> {
    let mut response = axum::Json(value).into_response();
    response.headers_mut().extend(headers::of(Policy::Private));
    response
}

fn after(asked: &Asked) -> Option<Position> {
    asked.value("after").and_then(|after| after.parse().ok())
}

/// Whether a page of this site asks.
fn is_own(site: &Site, headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
    // A program that is no browser sends none, and has no cookie of anybody's either.
    let Some(origin) = text(header::ORIGIN) else { return true };
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    let own = site.base_url();
    text(header::HOST) == Some(host) || own == origin || own.starts_with(&format!("{origin}/"))
}

/// Who sits in a seat: somebody who may speak is named, others read along.
fn seated(site: &Site, entered: &Entered) -> Option<(String, String)> {
    let speaker = entered.speaker.as_ref().ok()?;
    let who = super::message::who(site.store(), &speaker.author);
    Some((who, speaker.name.to_string()))
}

fn here(seat: &Seat) -> Value {
    let here = seat.here();
    let more = here.names.len().saturating_sub(NAMES);
    let names: Vec<&String> = here.names.iter().take(NAMES).collect();
    json!({ "names": names, "more": more, "readers": here.readers })
}

/// An open page.
struct Open {
    site: Site,
    edition: String,
    slug: String,
    /// The secret of the cookie with which it was opened.
    secret: Option<String>,
    entered: Entered,
    seat: Seat,
    after: Position,
    _place: StreamPlace,
}

impl Open {
    /// Until the page is closed, somebody leaves the room for another reason, or the server stops.
    async fn talk(mut self, mut socket: WebSocket) {
        let stop = self.site.stop().clone();
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        heartbeat.reset();
        let mut again = tokio::time::interval(AGAIN);
        again.reset();
        let mut people = tokio::time::interval(PEOPLE);
        let (mut comings, mut stale) = (self.seat.comings(), true);
        loop {
            let sent = tokio::select! {
                news = self.seat.after(self.after) => match news {
                    Ok(news) => self.tell(&mut socket, news).await,
                    // The page comes back by itself, and asks for what it missed.
                    Err(_) => break,
                },
                () = comings.changed(), if !stale => { stale = true; true }
                _ = people.tick(), if stale => {
                    stale = false;
                    send(&mut socket, json!({ "here": here(&self.seat) }).to_string()).await
                }
                _ = heartbeat.tick() => socket.send(Frame::Ping(bytes::Bytes::new())).await.is_ok(),
                _ = again.tick() => self.may_stay().await,
                () = stop.cancelled() => false,
                frame = socket.recv() => match frame {
                    Some(Ok(Frame::Text(text))) => self.hear(&mut socket, text.as_str()).await,
                    Some(Ok(Frame::Ping(_) | Frame::Pong(_))) => true,
                    Some(Ok(Frame::Binary(_) | Frame::Close(_)) | Err(_)) | None => false,
                },
            };
            if !sent {
                break;
            }
        }
        // Whoever is gone already hears nothing of it.
        let _ = socket.send(Frame::Close(None)).await;
    }

    async fn tell(&mut self, socket: &mut WebSocket, news: Vec<Drawn>) -> bool {
        for one in news {
            let Ok(text) = Utf8Bytes::try_from(one.text) else { continue };
            if socket.send(Frame::Text(text)).await.is_err() {
                return false;
            }
            self.after = one.position;
        }
        true
    }

    /// Takes what the page sends, and says what became of it.
    async fn hear(&mut self, socket: &mut WebSocket, text: &str) -> bool {
        let sent: Sent = match serde_json::from_str(text) {
            Ok(sent) => sent,
            Err(_) => return false,
        };
        // Roles, bans and locks hold from the moment on which they are given.
        if !self.may_stay().await {
            return false;
        }
        let told = match speak(&self.site, &self.entered, &sent).await {
            Ok(seq) => json!({ "said": sent.id, "seq": seq }),
            Err(Unsaid::Refused(refusal)) => json!({
                "refused": sent.id, "problem": refusal.problem, "remedy": refusal.remedy,
            }),
            Err(failed @ Unsaid::Failed(_)) => {
                tracing::warn!(error = %failed, "a message was not taken");
                json!({ "failed": sent.id })
            }
        };
        send(socket, told.to_string()).await
    }

    /// Whether whoever has the page open may still be in the room, with what they may do in it now.
    async fn may_stay(&mut self) -> bool {
        let asker = match &self.secret {
            None => Asker(None),
            Some(secret) => match self.site.store().signed(secret).await {
                Ok(signed) => {
                    Asker(signed.map(|signed| Person { subject: signed.subject(self.site.now()), signed }))
                }
                // While the record cannot be read, nothing can be written either.
                Err(_) => return true,
            },
        };
        let before = author(&self.entered);
        match enter(&self.site, &asker, &self.edition, &self.slug).await {
            Ok(entered) => {
                self.entered = entered;
                // Somebody else now, or nobody: the page is drawn for who it was.
                before.is_none() || author(&self.entered).is_none() || before == author(&self.entered)
            }
            Err(Failure::Unavailable) => true,
            Err(_) => false,
        }
    }
}

fn author(entered: &Entered) -> Option<Author> {
    entered.speaker.as_ref().ok().map(|speaker| speaker.author.clone())
}

async fn send(socket: &mut WebSocket, text: String) -> bool {
    socket.send(Frame::Text(text.into())).await.is_ok()
}
