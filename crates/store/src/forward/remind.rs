//! Reminders of forwards that nobody answers: to the authors first, then to the receiver's committee.

use super::{Stored, deciders, desk, of_row, source};
use crate::{
    Result, Store, call as calls,
    entity::{edition, forward},
    mail::{self, Notice},
    proposal as proposals, rows,
    to_do::PATIENCE,
    tx::Tx,
};
use jiff::Timestamp;
use model::{
    address::EditionDesk,
    edition::EditionState,
    feed::Actor,
    forward::{End, State},
    time::to_micros,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

impl Store {
    /// Reminds those for whom a forward has waited for [`PATIENCE`], once in so long. What the clock does. Gives how many
    /// mails were queued.
    pub async fn remind_forwards(&self, base_url: &str) -> Result<usize> {
        let limit = to_micros(self.now().saturating_sub(PATIENCE).unwrap_or(Timestamp::MIN));
        let open = State::ALL.iter().filter(|state| state.is_open()).map(|state| state.as_str());
        let late = forward::Entity::find()
            .filter(forward::Column::State.is_in(open))
            .filter(forward::Column::SinceAt.lte(limit))
            .all(self.readers())
            .await?;
        let mut queued = 0;
        for row in &late {
            let one = of_row(row)?;
            queued += self.write(&Actor::System, async |tx| remind(tx, &one, base_url).await).await?;
        }
        Ok(queued)
    }
}

async fn remind(tx: &Tx, one: &Stored, base_url: &str) -> Result<usize> {
    let weeks = tx.at().duration_since(one.forward.since).as_secs() / PATIENCE.as_secs();
    let once = format!("forward reminder {} {} {weeks}", one.forward.id, to_micros(one.forward.since));
    let asked = one.forward.state == State::Asked;
    let end = if asked { &one.forward.from } else { &one.forward.to };
    let End::Here { edition: home, call, .. } = end else { return Ok(0) };
    let Some(row) = edition::Entity::find_by_id(home.0).one(tx.db()).await? else { return Ok(0) };
    let home = rows::edition(&row)?;
    if home.state == EditionState::Archived {
        return Ok(0);
    }
    let Some(open) = calls::find(tx.db(), home.id, *call).await? else { return Ok(0) };
    let title = match (source(tx.db(), one).await?, &one.offer) {
        (Some((stored, _)), _) => stored.content.title,
        (None, Some(offer)) => offer.title.clone(),
        (None, None) => return Ok(0),
    };
    let (whom, about, body, link) = if asked {
        let Some(id) = one.forward.from.proposal() else { return Ok(0) };
        let authors = proposals::authors(tx.db(), id).await?;
        let to = super::listed::label(tx.db(), &one.forward.to).await?;
        (
            authors.into_iter().filter_map(|author| author.account).collect(),
            format!("may \"{title}\" be passed on?"),
            format!(
                "The committee of {} would like to pass it on to {to}, and waits for your answer.",
                open.call.name
            ),
            proposals::own_page(base_url),
        )
    } else {
        (
            deciders(tx.db(), &home, &open.call, one, tx.at()).await?,
            format!("\"{title}\" waits for {}", open.call.name),
            "It was passed on to your call, and nobody has taken or declined it.".to_owned(),
            desk(base_url, &home, EditionDesk::Forward(one.forward.id)),
        )
    };
    let notice = Notice { subject: &about, body: &body, link: &link, once: &once };
    mail::notify(tx, home.id, whom, &notice).await
}
