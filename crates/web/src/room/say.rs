//! Saying something: by the form of a page, or through its socket.

use super::{Entered, Silent, enter, page};
use crate::{
    error::{Failure, wants_json},
    form::Form,
    headers::{self, Policy},
    inner::{Answer, again, done, see_other},
    route::Asked,
    signed::Asker,
    site::Site,
};
use axum::{
    extract::{Path, State},
    response::IntoResponse,
};
use jiff::SignedDuration;
use model::{
    Refusal,
    address::Address,
    chat::{Author, Position, Said, Spoke},
    permission::{Action, Place},
    text::{Line, RichText},
};
use serde::Deserialize;
use std::time::Instant;
use store::Saying;
use uuid::Uuid;
use venue::Unsaid;

/// After how many seconds what the record could not take is sent again.
const AGAIN: u64 = 3;

/// Why something was not said.
pub(super) enum Unspoken {
    /// A rule said no.
    Refused(Refusal),
    /// So many seconds later it may be sent again: too much was said, or the record could not take it.
    Later(u64),
}

impl From<Refusal> for Unspoken {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// What a page is told of what it sent.
pub(super) fn told(sent: &Sent, outcome: Result<Position, Unspoken>) -> serde_json::Value {
    match outcome {
        Ok(seq) => serde_json::json!({ "said": sent.id, "seq": seq }),
        Err(Unspoken::Refused(refusal)) => serde_json::json!({
            "refused": sent.id, "problem": refusal.problem, "remedy": refusal.remedy,
        }),
        Err(Unspoken::Later(seconds)) => serde_json::json!({ "failed": sent.id, "after": seconds }),
    }
}

/// What an open page sends.
#[derive(Debug, Deserialize)]
pub(super) struct Sent {
    /// Chosen by the page: what it sends again is said once.
    pub(super) id: Uuid,
    #[serde(rename = "do")]
    deed: Deed,
    #[serde(default)]
    text: String,
    #[serde(default)]
    target: Option<Position>,
    #[serde(default)]
    emoji: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Deed {
    Say,
    Ask,
    Edit,
    Remove,
    React,
    Unreact,
    Answered,
    Unanswered,
}

impl Sent {
    /// What the fields of a form say; `None` for one that says nothing in the room.
    fn of_form(form: &Form) -> Option<Self> {
        let deed = match form.value("do") {
            "say" => Deed::Say,
            "ask" => Deed::Ask,
            "edit" => Deed::Edit,
            "remove" => Deed::Remove,
            "react" => Deed::React,
            "unreact" => Deed::Unreact,
            "answered" => Deed::Answered,
            "unanswered" => Deed::Unanswered,
            _ => return None,
        };
        Some(Self {
            id: Uuid::try_parse(form.value("id")).unwrap_or_else(|_| Uuid::now_v7()),
            deed,
            text: form.value("text").to_owned(),
            target: form.value("target").parse().ok(),
            emoji: form.value("emoji").to_owned(),
        })
    }

    fn said(&self) -> Result<Said, Refusal> {
        let nothing = || Refusal::new("message", "none is named", "Choose a message");
        let target = || self.target.ok_or_else(nothing);
        let text = RichText::clean(&self.text);
        let reaction = |given| Ok(Said::Reaction { target: target()?, emoji: self.emoji.clone(), given });
        match self.deed {
            Deed::Say => Ok(Said::Message { text, reply_to: self.target }),
            Deed::Ask => Ok(Said::Question { text }),
            Deed::Edit => Ok(Said::Edit { target: target()?, text }),
            Deed::Remove => Ok(Said::Removal { target: target()? }),
            Deed::React => reaction(true),
            Deed::Unreact => reaction(false),
            Deed::Answered => Ok(Said::Answered { target: target()?, answered: true }),
            Deed::Unanswered => Ok(Said::Answered { target: target()?, answered: false }),
        }
    }
}

/// Says something in a room, if whoever asks may.
pub(super) async fn speak(site: &Site, entered: &Entered, sent: &Sent) -> Result<Position, Unspoken> {
    let speaker = entered.speaker.clone().map_err(|silent| match silent {
        Silent::Visitor => Refusal::new("account", "you are not signed in", "Sign in first"),
        Silent::Refused(refusal) => refusal,
    })?;
    if let Author::Account(id) = &speaker.author
        && let Err(seconds) = site.saying().take_name(&id.to_string(), Instant::now())
    {
        return Err(Unspoken::Later(seconds));
    }
    let saying = Saying {
        // Two people cannot take each other's names for what they say.
        id: Uuid::new_v5(&sent.id, super::message::who(site.store(), &speaker.author).as_bytes()),
        edition: entered.edition.id,
        room: entered.room.id,
        spoke: Spoke::Browser,
        author: speaker.author,
        name: speaker.name,
        rights: entered.rights,
        said: sent.said()?,
        outside: None,
    };
    match site.venue().say(saying).await {
        Ok(position) => Ok(position),
        Err(Unsaid::Refused(refusal)) => Err(Unspoken::Refused(refusal)),
        Err(failed @ Unsaid::Failed(_)) => {
            tracing::warn!(error = %failed, "a message was not taken");
            Err(Unspoken::Later(AGAIN))
        }
    }
}

/// `POST /{edition}/live/{room}/`: a form of the page.
pub(super) async fn say(
    State(site): State<Site>,
    asked: Asked,
    asker: Asker,
    Path((edition, slug)): Path<(String, String)>,
    mut form: Form,
) -> Answer {
    let entered = enter(&site, &asker, &edition, &slug).await?;
    let to = Address::LiveRoom(entered.room.slug.as_str()).path(&entered.edition.slug);
    if entered.speaker == Err(Silent::Visitor) {
        return Err(Failure::SignIn(to));
    }
    let sent = Sent::of_form(&form);
    if let Some(sent) = &sent
        && wants_json(&to, &asked.headers)
    {
        // A page whose network lets no WebSocket through.
        let outcome = speak(&site, &entered, sent).await;
        let mut response = axum::Json(told(sent, outcome)).into_response();
        response.headers_mut().extend(headers::of(Policy::Private));
        return Ok(response);
    }
    let outcome = if let Some(sent) = sent {
        speak(&site, &entered, &sent).await.map(|position| {
            let about = sent.target.filter(|_| !matches!(sent.deed, Deed::Say));
            see_other(&format!("{to}#m{}", about.unwrap_or(position)))
        })
    } else {
        let Some(person) = &asker.0 else { return Err(Failure::SignIn(to)) };
        match other(&site, &entered, person, &form).await {
            Ok(notice) => return done(&site, &to, notice),
            Err(store::Error::Refused(refusal)) => Err(Unspoken::Refused(refusal)),
            Err(error) => return Err(error.into()),
        }
    };
    match outcome {
        Ok(response) => Ok(response),
        Err(unspoken) => {
            let refusal = match unspoken {
                Unspoken::Refused(refusal) => refusal,
                Unspoken::Later(seconds) => {
                    let remedy = format!("Send it again in {seconds} seconds");
                    Refusal::new("text", "it could not be taken at the moment", remedy)
                }
            };
            form.refuse_by(&refusal);
            let page = page::draw(&site, &asked, &asker, &entered, form).await?;
            Ok(page.policed(again(&page)?))
        }
    }
}

/// What a form does that is no part of the conversation. Gives what to say of it.
async fn other(
    site: &Site,
    entered: &Entered,
    person: &crate::signed::Person,
    form: &Form,
) -> store::Result<&'static str> {
    let store = site.store();
    let (subject, edition) = (&person.subject, &entered.edition);
    let reason = Line::clean(form.value("reason"));
    let target: Position = form.value("target").parse().unwrap_or_default();
    match form.value("do") {
        "report" => {
            store.report(subject, edition, entered.room.id, target, &reason).await?;
            Ok("Those who keep the peace will look at it.")
        }
        "ban" => {
            subject.may(Action::ModerateRoom, &Place::edition(edition))?;
            // A message of another room is none here.
            let said = store.chat_in(entered.room.id, target - 1, 1).await?;
            let author =
                said.first().filter(|event| event.position == target).map(|event| event.author.clone());
            let Some(Author::Account(account)) = author else {
                let problem = "whoever said it has no account here";
                let remedy = "Remove the message; ban them where they come from";
                return Err(Refusal::new("message", problem, remedy).into());
            };
            let until = match form.value("hours") {
                "1" => Some(1),
                "24" => Some(24),
                _ => None,
            };
            let until = until
                .map(SignedDuration::from_hours)
                .and_then(|duration| site.now().checked_add(duration).ok());
            store.ban(subject, edition, account, until, &reason).await?;
            Ok("They may say nothing in any room.")
        }
        locking @ ("lock" | "unlock") => {
            let locked = locking == "lock";
            store.lock_live_room(subject, edition, &entered.room, entered.rights, locked).await?;
            Ok(if locked { "Only those who run the room may write now." } else { "Everybody may write." })
        }
        _ => Err(Refusal::new("do", "there is no such thing to do", "Use a form of the page").into()),
    }
}
