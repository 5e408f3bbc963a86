//! Takes what the homeserver sends.
//!
//! A message or an edit that a rule refuses, in a room that was just closed or an edition that is archived, is taken back
//! in Matrix with the reason: what stands in the room is what is in the record, and its author learns why. A text that is too
//! long is cut, since nobody should type it anew. A reaction that is no emoji of ours stays in Matrix alone.

use super::Spoke;
use crate::{
    appservice::{Call, Incoming, What, answer},
    client::Utterance,
    id::{EventId, RoomId as MatrixId},
    message::Manner,
    state::Membership,
};
use model::{
    Refusal,
    chat::{Author, Position, Rights, Said, Spoke as Way, TEXT_MAX, VOTE},
    id::RoomId,
    room::RoomAccess,
    text::RichText,
};
use std::collections::{BTreeMap, BTreeSet};
use store::{MatrixRoom, Saying};
use uuid::{Uuid, uuid};
use venue::Unsaid;

/// In which the identifiers of events become those of sayings.
const EVENTS: Uuid = uuid!("5a2e5d0c-4c0e-5d6f-9a39-3d1f6f1f1f0b");

/// What stands at the end of a text that is cut.
const CUT: &str = "… (the rest is in Matrix)";

impl Spoke {
    /// Whether a call is the homeserver's; asked before its body is read. The status and body of the answer where not.
    pub fn admits(&self, authorization: Option<&str>) -> Result<(), (u16, String)> {
        self.0.listener.admit(authorization).map_err(|rejection| (rejection.status, rejection.body()))
    }

    /// Answers a call of the homeserver: gives the status and the body, which is JSON.
    pub async fn answer(
        &self,
        method: &str,
        path: &str,
        authorization: Option<&str>,
        body: &[u8],
    ) -> (u16, String) {
        let call = match self.0.listener.read(method, path, authorization, body) {
            Ok(call) => call,
            Err(rejection) => return (rejection.status, rejection.body()),
        };
        match call {
            Call::Ping => (200, "{}".to_owned()),
            // Whoever is there was made by us before, and is then not asked for.
            Call::User(_) | Call::Room(_) => {
                let (status, body) = answer(false);
                (status, body.to_owned())
            }
            Call::Transaction { events, .. } => match self.take(&events).await {
                Ok(()) => (200, "{}".to_owned()),
                Err(failed) => {
                    tracing::warn!(%failed, "what Matrix sends cannot be taken; it comes again");
                    let body =
                        r#"{"errcode":"M_UNKNOWN","error":"The record could not take it; send it again"}"#;
                    (503, body.to_owned())
                }
            },
        }
    }

    async fn take(&self, events: &[Incoming]) -> Result<(), Failed> {
        let ids: BTreeSet<String> = events.iter().map(|event| event.room.to_string()).collect();
        let ids: Vec<String> = ids.into_iter().collect();
        let known = self.0.store.matrix_rooms_called(&ids).await?;
        let mut rooms: BTreeMap<String, Option<Place>> = BTreeMap::new();
        for event in events.iter().filter(|event| !event.ours) {
            if let What::Membership { user, now: Membership::Join, name } = &event.what {
                self.0.names.learn(user, name.as_deref().unwrap_or_default());
                continue;
            }
            if matches!(event.what, What::Membership { .. } | What::Other { .. }) {
                continue;
            }
            let id = event.room.to_string();
            if !rooms.contains_key(&id) {
                let row = known.iter().find(|row| row.outside.as_deref() == Some(&id)).cloned();
                let row = match row {
                    Some(row) => Some(row),
                    None => self.adopted(&event.room).await?,
                };
                let place = match row {
                    Some(row) => self.place(&row).await?,
                    None => None,
                };
                rooms.insert(id.clone(), place);
            }
            let Some(Some(place)) = rooms.get(&id) else { continue };
            self.event(place, event).await?;
        }
        Ok(())
    }

    /// A room that was just made, and is not in the record by its identifier yet.
    async fn adopted(&self, id: &MatrixId) -> Result<Option<MatrixRoom>, Failed> {
        for row in self.0.store.matrix_rooms().await? {
            if row.outside.is_some() {
                continue;
            }
            let Ok(alias) = self.0.settings.ours.alias(&row.key) else { continue };
            // Where the homeserver cannot be asked, it sends the transaction again.
            let there = self.0.client.resolve(&alias).await.map_err(|error| Failed(error.to_string()))?;
            if there.as_ref() == Some(id) {
                let row = MatrixRoom { outside: Some(id.to_string()), ..row };
                self.0.store.keep_matrix_rooms(vec![row.clone()]).await?;
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    /// The room here, with what may be done in it; `None` for one from which nothing is taken.
    async fn place(&self, row: &MatrixRoom) -> Result<Option<Place>, Failed> {
        if row.room == row.edition.0 {
            return Ok(None);
        }
        let room = RoomId(row.room);
        let said = self.0.store.live_rooms(row.edition).await?;
        let said = said.into_iter().find(|known| known.id == room);
        if said.as_ref().is_some_and(|room| room.access != RoomAccess::Public) {
            return Ok(None);
        }
        let locked = said.is_some_and(|room| room.locked || room.closed.is_some());
        Ok(Some(Place { edition: row.edition, room, rights: Rights { moderates: false, locked } }))
    }

    async fn event(&self, place: &Place, event: &Incoming) -> Result<(), Failed> {
        let Some(said) = self.said(place, &event.what).await? else { return Ok(()) };
        let text = matches!(said, Said::Message { .. } | Said::Edit { .. });
        let saying = Saying {
            id: Uuid::new_v5(&EVENTS, event.event.as_str().as_bytes()),
            edition: place.edition,
            room: place.room,
            spoke: Way::Matrix,
            author: Author::Outside(event.sender.to_string()),
            name: self.0.names.of(&self.0.client, &event.room, &event.sender).await,
            rights: place.rights,
            said,
            outside: Some(event.event.to_string()),
        };
        match self.0.venue.say(saying).await {
            Ok(_) => Ok(()),
            Err(Unsaid::Refused(refusal)) if text => {
                self.take_back(event, &refusal).await;
                Ok(())
            }
            Err(Unsaid::Refused(refusal)) => {
                tracing::debug!(%refusal, "what somebody did in Matrix stays there");
                Ok(())
            }
            Err(failed) => Err(Failed(failed.to_string())),
        }
    }

    /// What an event says here; `None` where it says nothing.
    async fn said(&self, place: &Place, what: &What) -> Result<Option<Said>, Failed> {
        Ok(match what {
            What::Message { manner, body, html, reply_to, edits, attached } => {
                let text = text_of(*manner, body, html.is_some(), attached.is_some());
                if let Some(of) = edits {
                    self.here(of).await?.map(|target| Said::Edit { target, text })
                } else {
                    let reply_to = match reply_to {
                        Some(to) => self.here(to).await?,
                        None => None,
                    };
                    Some(Said::Message { text, reply_to })
                }
            }
            What::Reaction { to, with } => {
                let emoji = inward(with);
                self.here(to).await?.map(|target| Said::Reaction { target, emoji, given: true })
            }
            What::Redaction { of, .. } => match self.here(of).await? {
                Some(at) => self.undone(place.room, at).await?,
                None => None,
            },
            What::Membership { .. } | What::Other { .. } => None,
        })
    }

    /// What it says that the event at that place was taken back.
    async fn undone(&self, room: RoomId, at: Position) -> Result<Option<Said>, Failed> {
        let event = self.0.store.chat_in(room, at - 1, 1).await?.into_iter().next();
        Ok(event.filter(|event| event.position == at).and_then(|event| match event.said {
            Said::Message { .. } | Said::Question { .. } => Some(Said::Removal { target: at }),
            Said::Reaction { target, emoji, given: true } => {
                Some(Said::Reaction { target, emoji, given: false })
            }
            _ => None,
        }))
    }

    async fn here(&self, event: &EventId) -> Result<Option<Position>, Failed> {
        let name = event.to_string();
        Ok(self.0.store.messages_called(Way::Matrix, std::slice::from_ref(&name)).await?.remove(&name))
    }

    async fn take_back(&self, event: &Incoming, refusal: &Refusal) {
        let key = format!("refused {}", event.event);
        let who = Utterance { room: &event.room, by: None, key: &key, at: None };
        let reason = format!("{}. {}", refusal.problem, refusal.remedy);
        if let Err(error) = self.0.client.redact(who, &event.event, &reason).await {
            tracing::warn!(%error, %refusal, "what is refused here stays in Matrix");
        }
    }
}

/// A room from which something is taken.
struct Place {
    edition: model::id::EditionId,
    room: RoomId,
    rights: Rights,
}

/// Why a transaction is to come again.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Failed(String);

impl From<store::Error> for Failed {
    fn from(error: store::Error) -> Self {
        Self(error.to_string())
    }
}

/// What somebody said, as Markdown. Clients that offer formatting send what was typed as the body, and HTML beside it; a body
/// alone is plain text.
fn text_of(manner: Manner, body: &str, formatted: bool, attached: bool) -> RichText {
    let mut text = if attached {
        format!("(in Matrix: {})", escaped(body))
    } else if formatted {
        body.to_owned()
    } else {
        escaped(body)
    };
    if manner == Manner::Emote {
        text.insert_str(0, "\\* ");
    }
    if text.chars().count() > TEXT_MAX {
        text = text.chars().take(TEXT_MAX - CUT.chars().count()).collect();
        text.push_str(CUT);
    }
    RichText::clean(&text)
}

/// Text that Markdown shows as it is. Addresses stay links.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for word in text.split_inclusive(char::is_whitespace) {
        if word.starts_with("https://") || word.starts_with("http://") {
            out.push_str(word);
            continue;
        }
        for (at, c) in word.char_indices() {
            if "\\`*_[]<>#~|".contains(c) || (at == 0 && "-+=".contains(c)) {
                out.push('\\');
            }
            out.push(c);
        }
    }
    out
}

/// A reaction as we keep it: clients add to the thumb that it is a picture.
fn inward(with: &str) -> String {
    if with.trim_end_matches('\u{fe0f}') == VOTE { VOTE.to_owned() } else { with.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_plain_stays_plain_and_what_is_too_long_is_cut() {
        let text = |manner, body: &str, formatted| text_of(manner, body, formatted, false).to_string();
        assert_eq!(
            text(Manner::Text, "2*3*4 https://a.example/b_c_d", false),
            "2\\*3\\*4 https://a.example/b_c_d"
        );
        assert_eq!(text(Manner::Text, "**so**", true), "**so**");
        assert_eq!(text(Manner::Emote, "waves", false), "\\* waves");
        let long = text(Manner::Text, &"a".repeat(TEXT_MAX + 1), true);
        assert_eq!(long.chars().count(), TEXT_MAX);
        assert!(long.ends_with(CUT));
        assert_eq!(inward("👍\u{fe0f}"), VOTE);
    }
}
