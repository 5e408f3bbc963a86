//! What people were told of an edition's dates and mode: see [`model::announced`].

use crate::{
    Error, Result, Store, audience,
    entity::announced,
    mail::{self, Queued},
    release,
    rows::json,
    save::upsert,
    tx::{Change, Tx},
};
use model::{
    announced::Facts,
    edition::{Edition, EditionState},
    feed::{Actor, Deed},
    id::{EditionId, derived},
    mail::{MailKind, Mailbox, NewMail},
    post::Segment,
    time::to_micros,
};
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::Value;

/// The word for it in the feed; the thing is the edition.
pub(crate) const KIND: &str = "announced";

/// Whom new dates or another mode concern: who comes, who speaks, who works for it, who wants to hear of it.
const CONCERNED: [Segment; 5] =
    [Segment::Registered, Segment::Speakers, Segment::Leads, Segment::Organisers, Segment::Subscribers];

/// What is published and was not told yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untold {
    /// The edition as it is published.
    pub edition: Edition,
    /// What people were told last.
    pub told: Facts,
    /// What they do not know yet, a sentence for each fact.
    pub news: Vec<String>,
}

impl Store {
    /// What is published of an edition's dates and mode and was not told yet; `None` where there is nothing to tell.
    pub async fn untold(&self, edition: &Edition) -> Result<Option<Untold>> {
        untold(self.readers(), edition.id, edition.state).await
    }

    /// What people were told of the edition; `None` before its first release.
    pub async fn told(&self, id: EditionId) -> Result<Option<Facts>> {
        facts(self.readers(), id).await
    }

    /// How many people would be told of it now.
    pub async fn concerned(&self, edition: &Edition) -> Result<usize> {
        let db = self.read().await?;
        let people = audience::people(&db, edition, &CONCERNED, self.now()).await?;
        db.commit().await?;
        Ok(people.len())
    }

    /// Tells everybody concerned by mail what is published of the dates and the mode and was not told yet, and notes that
    /// they know it: both in one write, so that they are told once whatever happens. `link` is the front page of the
    /// edition. `None` where there is nothing to tell.
    pub async fn tell(&self, actor: &Actor, id: EditionId, link: &str) -> Result<Option<(Untold, Queued)>> {
        self.write(actor, async |tx| {
            let Some(untold) = untold(tx.db(), id, EditionState::Open).await? else { return Ok(None) };
            let before = announced::Entity::find_by_id(id.0).one(tx.db()).await?.map_or(0, |row| row.at);
            let now = Facts::of(&untold.edition);
            let people = audience::people(tx.db(), &untold.edition, &CONCERNED, tx.at()).await?;
            let mails = people.into_iter().map(|person| {
                let who = match person.account {
                    Some(account) => account.0,
                    // The address itself would stay in the record after its person is gone.
                    None => derived("", "dates-mail", person.address.as_str()),
                };
                NewMail {
                    edition: Some(id),
                    account: person.account,
                    once: Some(format!("dates {id} {before} {who}")),
                    ..NewMail::new(MailKind::DatesChanged, Mailbox::new(&person.name, &person.address))
                }
                .with("name", person.name.as_str())
                .with("before", untold.told.phrase())
                .with("after", now.phrase())
                .with("link", link)
            });
            let queued = mail::queue(tx, mails.collect()).await?;
            set(tx, id, &now).await?;
            Ok(Some((untold, queued)))
        })
        .await
    }

    /// Notes that everybody concerned knows what is published, without sending anything: they were told by other ways,
    /// or there is nobody to tell. Gives what they know now.
    pub async fn note_told(&self, actor: &Actor, id: EditionId) -> Result<Option<Untold>> {
        self.write(actor, async |tx| {
            let Some(untold) = untold(tx.db(), id, EditionState::Open).await? else { return Ok(None) };
            set(tx, id, &Facts::of(&untold.edition)).await?;
            Ok(Some(untold))
        })
        .await
    }
}

/// See [`Store::untold`].
pub(crate) async fn untold(
    db: &impl ConnectionTrait,
    id: EditionId,
    state: EditionState,
) -> Result<Option<Untold>> {
    let Some(told) = facts(db, id).await? else { return Ok(None) };
    let Some(row) = release::newest(db, id.0).await? else { return Ok(None) };
    let published = release::read(&row)?.programme.edition;
    let news = Facts::to_tell(&published, state, &told);
    Ok((!news.is_empty()).then_some(Untold { edition: published, told, news }))
}

/// What people were told; `None` before the first release.
pub(crate) async fn facts(db: &impl ConnectionTrait, id: EditionId) -> Result<Option<Facts>> {
    let row = announced::Entity::find_by_id(id.0).one(db).await?;
    row.map(|row| facts_of(&row)).transpose()
}

/// Keeps what people were told.
pub(crate) async fn set(tx: &Tx, id: EditionId, told: &Facts) -> Result<()> {
    let before = announced::Entity::find_by_id(id.0).one(tx.db()).await?;
    let row = announced::Model { edition: id.0, facts: json(told)?, at: to_micros(tx.at()) };
    if before.as_ref().is_some_and(|before| before.facts == row.facts) {
        return Ok(());
    }
    let change = Change {
        kind: KIND,
        thing: id.0,
        edition: Some(id),
        deed: if before.is_some() { Deed::Changed } else { Deed::Created },
        before: before.as_ref().map(fact).transpose()?,
        after: Some(fact(&row)?),
    };
    upsert::<announced::Entity>(tx.db(), vec![row]).await?;
    tx.note(vec![change]).await
}

fn facts_of(row: &announced::Model) -> Result<Facts> {
    serde_json::from_str(&row.facts)
        .map_err(|error| Error::damaged(format!("announced {}", row.edition), error))
}

/// The JSON of it in the feed.
pub(crate) fn fact(row: &announced::Model) -> Result<Value> {
    serde_json::to_value(facts_of(row)?).map_err(|error| Error::damaged("what was told", error))
}
