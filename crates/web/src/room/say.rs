//! Saying something: by the form of a page, or through its socket.

use super::{Entered, Silent, enter, page};
use crate::{
    error::Failure,
    form::Form,
    inner::{Answer, again, done, see_other},
    route::Asked,
    signed::Asker,
    site::Site,
};
use axum::extract::{Path, State};
use jiff::SignedDuration;
use model::{
    Refusal,
    address::Address,
    chat::{Author, Position, Said, Spoke},
    text::{Line, RichText},
};
use serde::Deserialize;
use std::time::Instant;
use store::Saying;
use uuid::Uuid;
use venue::Unsaid;

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
pub(super) async fn speak(site: &Site, entered: &Entered, sent: &Sent) -> Result<Position, Unsaid> {
    let speaker = entered.speaker.clone().map_err(|silent| match silent {
        Silent::Visitor => Refusal::new("account", "you are not signed in", "Sign in first"),
        Silent::Refused(refusal) => refusal,
    })?;
    if let Author::Account(id) = &speaker.author
        && let Err(seconds) = site.saying().take_name(&id.to_string(), Instant::now())
    {
        let remedy = format!("Wait {seconds} seconds, then send it again");
        return Err(Refusal::new("text", "you send very much in a short time", remedy).into());
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
    site.venue().say(saying).await
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
    let outcome = match Sent::of_form(&form) {
        Some(sent) => speak(&site, &entered, &sent).await.map(|position| {
            let about = sent.target.filter(|_| !matches!(sent.deed, Deed::Say));
            see_other(&format!("{to}#m{}", about.unwrap_or(position)))
        }),
        None => {
            let Some(person) = &asker.0 else { return Err(Failure::SignIn(to)) };
            match other(&site, &entered, person, &form).await {
                Ok(notice) => return done(&site, &to, notice),
                Err(store::Error::Refused(refusal)) => Err(Unsaid::Refused(refusal)),
                Err(error) => return Err(error.into()),
            }
        }
    };
    match outcome {
        Ok(response) => Ok(response),
        Err(Unsaid::Refused(refusal)) => {
            form.refuse_by(&refusal);
            let page = page::draw(&site, &asked, &asker, &entered, form).await?;
            Ok(page.policed(again(&page)?))
        }
        Err(failed @ Unsaid::Failed(_)) => {
            tracing::warn!(error = %failed, "a message was not taken");
            let refusal = Refusal::new("text", "it could not be kept at the moment", "Send it again");
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
            let messages = store.chat_messages(&[target]).await?;
            let author = messages.first().map(|message| message.author.clone());
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
