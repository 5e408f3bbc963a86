//! What is said in the demo's rooms: written into a record as its people would have said it, each thing at its moment. The
//! content is `demo/live.toml`.

use super::calls::{StoryClock, people};
use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use model::{
    account::Account,
    chat::{Author, Position, Rights, Said, Spoke},
    edition::Edition,
    id::{RegistrationId, RoomId},
    permission::{Role, Scope, Subject},
    registration::{Attendance, Registration, RegistrationState, RegistrationType},
    text::{Line, RichText},
};
use serde::Deserialize;
use std::{collections::BTreeMap, sync::Arc};
use store::{Location, NewGrant, Saying, Store};
use uuid::Uuid;

const LIVE: &str = include_str!("../../demo/live.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    registered: Vec<String>,
    crew: String,
    hack: Vec<Hack>,
    say: Vec<Say>,
    react: Vec<React>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hack {
    who: String,
    minutes: i64,
    name: Line,
    topic: RichText,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Say {
    #[serde(default)]
    id: String,
    room: String,
    who: String,
    minutes: i64,
    text: RichText,
    #[serde(default)]
    question: bool,
    #[serde(default)]
    to: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct React {
    about: String,
    who: Vec<String>,
    emoji: String,
    minutes: i64,
}

/// Something that is said, by whom and where.
struct Word<'a> {
    at: Timestamp,
    who: &'a str,
    room: RoomId,
    id: &'a str,
    what: What<'a>,
}

enum What<'a> {
    Say(&'a Say),
    React { about: &'a str, emoji: &'a str },
}

/// Writes the rooms of `edition` and what was said in them until `now` into a record that has none of it. Before the
/// conference nobody is in a room yet.
pub(crate) async fn fill(location: &Location, edition: &Edition, now: Timestamp) -> anyhow::Result<()> {
    let file: File = toml::from_str(LIVE).context("live.toml: the demo's own data is broken")?;
    if edition.zone.local(now).date() < edition.first_day {
        return Ok(());
    }
    let clock = Arc::new(StoryClock::at(now));
    let store = Store::open(location, clock.clone()).await?;
    if store.live_rooms(edition.id).await?.is_empty() {
        tell(&store, &clock, &file, edition, now).await?;
    }
    store.close().await;
    Ok(())
}

async fn tell(
    store: &Store,
    clock: &StoryClock,
    file: &File,
    edition: &Edition,
    now: Timestamp,
) -> anyhow::Result<()> {
    let people = people(store).await?;
    if people.is_empty() {
        // Nobody has come yet: the calls in which they appear begin later.
        return Ok(());
    }
    let person = |id: &str| people.get(id).with_context(|| format!("live.toml: there is no person {id}"));
    let ago = |minutes: i64| now.checked_sub(SignedDuration::from_mins(minutes));
    for id in &file.registered {
        let (account, email) = person(id)?;
        let registration = Registration {
            id: RegistrationId::from_key(edition.slug.as_str(), id),
            edition: edition.id,
            email: email.clone(),
            name: account.name.clone(),
            kind: RegistrationType::Attendee,
            mode: Attendance::Virtual,
            affiliation: account.affiliation.clone(),
            country: Line::default(),
            zone: None,
            code: Line::default(),
            state: RegistrationState::Active,
            account: Some(account.id),
        };
        let operator = Subject::operator("demo".to_owned(), clock_now(clock));
        store.put_registration(&operator.actor, &registration).await?;
    }
    let operator = Subject::operator("demo".to_owned(), clock_now(clock));
    let crew = NewGrant::new(person(&file.crew)?.0.id, Role::Crew, Scope::Edition(edition.id));
    store.give(&operator, &crew).await?;
    for hack in &file.hack {
        clock.turn_to(ago(hack.minutes)?);
        let subject = Subject::person(person(&hack.who)?.0.id, vec![], clock_now(clock));
        store.open_hack_room(&subject, edition, &hack.name, &hack.topic).await?;
    }
    let programme = store.programme(edition.id).await?.context("the demo has no programme")?;
    let room = |slug: &str| {
        let found = programme.rooms.iter().find(|room| room.slug.as_str() == slug);
        found.map(|room| room.id).with_context(|| format!("live.toml: there is no room {slug}"))
    };
    let mut words = vec![];
    for say in &file.say {
        words.push(Word {
            at: ago(say.minutes)?,
            who: &say.who,
            room: room(&say.room)?,
            id: &say.id,
            what: What::Say(say),
        });
    }
    for react in &file.react {
        let about = file.say.iter().find(|say| say.id == react.about);
        let about = about.with_context(|| format!("live.toml: nothing is called {}", react.about))?;
        for who in &react.who {
            words.push(Word {
                at: ago(react.minutes)?,
                who,
                room: room(&about.room)?,
                id: "",
                what: What::React { about: &react.about, emoji: &react.emoji },
            });
        }
    }
    words.sort_by_key(|word| word.at);
    let mut places: BTreeMap<&str, Position> = BTreeMap::new();
    for word in words {
        clock.turn_to(word.at);
        let (account, _) = person(word.who)?;
        let place = speak(store, edition, account, &word, &places).await?;
        places.insert(word.id, place);
    }
    Ok(())
}

async fn speak(
    store: &Store,
    edition: &Edition,
    account: &Account,
    word: &Word<'_>,
    places: &BTreeMap<&str, Position>,
) -> anyhow::Result<Position> {
    let place = |id: &str| {
        places.get(id).copied().with_context(|| format!("live.toml: {id} is not said before that"))
    };
    let said = match &word.what {
        What::Say(say) if say.question => Said::Question { text: say.text.clone() },
        What::Say(say) if say.to.is_empty() => Said::Message { text: say.text.clone(), reply_to: None },
        What::Say(say) => Said::Message { text: say.text.clone(), reply_to: Some(place(&say.to)?) },
        What::React { about, emoji } => {
            Said::Reaction { target: place(about)?, emoji: (*emoji).to_owned(), given: true }
        }
    };
    let saying = Saying {
        id: Uuid::now_v7(),
        edition: edition.id,
        room: word.room,
        spoke: Spoke::Browser,
        author: Author::Account(account.id),
        name: account.name.clone(),
        rights: Rights { moderates: false, locked: false },
        said,
        outside: None,
    };
    let outcome = store.say(&[saying]).await?.pop().context("nothing became of what was said")?;
    Ok(outcome?)
}

fn clock_now(clock: &StoryClock) -> Timestamp {
    model::time::Clock::now(clock)
}

/// Everybody of the demo by their names in its files.
pub(super) type People = BTreeMap<String, (Account, model::email::Email)>;
