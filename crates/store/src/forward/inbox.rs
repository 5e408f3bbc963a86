//! What partners tell: offers, answers to ours, offers that are taken back. Each is taken once, however often it arrives.

use super::{
    Stored, advance, answered, close, deciders, desk, find, no_forward, not_taken, put, put_step, source,
};
use crate::{
    Result, Store, call as calls, edition as editions,
    entity::{partner, partner_nonce},
    mail::{self, Notice},
    partner as partners, proposal as proposals, review,
    save::upsert,
    tx::Tx,
};
use model::{
    Refusal,
    address::EditionDesk,
    edition::Edition,
    feed::Actor,
    forward::{End, Forward, State, Step, check_note, may_pass},
    id::{EditionId, ForwardId},
    partner::{Envelope, Message, Partner, PublicKey, SKEW, TheirCall},
    proposal::State as Standing,
    text::{Line, RichText},
    time::to_micros,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

/// What a partner is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// It was taken, now or before.
    Taken,
    /// The calls to which one may pass on.
    Calls(Vec<TheirCall>),
}

impl Store {
    /// The partner of an edition with that key, at that address.
    pub async fn partner_by_key(
        &self,
        edition: EditionId,
        key: &PublicKey,
        from: &str,
    ) -> Result<Option<Partner>> {
        let row = partner::Entity::find()
            .filter(partner::Column::Edition.eq(edition.0))
            .filter(partner::Column::Key.eq(key.to_string()))
            .filter(partner::Column::Address.eq(from))
            .one(self.readers())
            .await?;
        row.as_ref().map(partners::partner_of).transpose()
    }

    /// Takes a message whose signature was found to be `partner`'s. `nonce` is that of the signature, which is good once.
    pub async fn receive_message(
        &self,
        edition: &Edition,
        partner: &Partner,
        (envelope, nonce): (&Envelope, &str),
        base_url: &str,
    ) -> Result<Received> {
        self.write(&Actor::System, async |tx| {
            editions::open(tx.db(), edition.id).await?;
            let key = (partner.id.0, nonce.to_owned());
            if partner_nonce::Entity::find_by_id(key).one(tx.db()).await?.is_some() {
                let problem = "that message was received already";
                return Err(Refusal::new("nonce", problem, "Sign it again with a new one").into());
            }
            // Whatever is older is refused by its date.
            let kept = tx.at().saturating_sub(SKEW * 3).unwrap_or(jiff::Timestamp::MIN);
            partner_nonce::Entity::delete_many()
                .filter(partner_nonce::Column::Partner.eq(partner.id.0))
                .filter(partner_nonce::Column::At.lt(to_micros(kept)))
                .exec(tx.db())
                .await?;
            let row = partner_nonce::Model {
                partner: partner.id.0,
                nonce: nonce.to_owned(),
                at: to_micros(tx.at()),
            };
            upsert::<partner_nonce::Entity>(tx.db(), vec![row]).await?;
            let forward = || {
                let none = || Refusal::new("forward", "none is named", "Send its identifier");
                envelope.forward.ok_or_else(none)
            };
            match &envelope.message {
                Message::Calls => {
                    let open = calls::calls(tx.db(), edition.id).await?;
                    let public = open.into_iter().map(|one| one.call);
                    let public = public.filter(|call| call.published && may_pass(call.kind));
                    return Ok(Received::Calls(
                        public.map(|call| TheirCall { slug: call.slug, name: call.name }).collect(),
                    ));
                }
                Message::Offer { .. } => {
                    offer(tx, edition, partner, (forward()?, &envelope.message), base_url).await?;
                }
                Message::Answer { .. } => {
                    answer(tx, edition, partner, (forward()?, &envelope.message), base_url).await?;
                }
                Message::Cancel => cancel(tx, edition, partner, forward()?, base_url).await?,
            }
            Ok(Received::Taken)
        })
        .await
    }
}

async fn offer(
    tx: &Tx,
    edition: &Edition,
    partner: &Partner,
    (id, message): (ForwardId, &Message),
    base_url: &str,
) -> Result<()> {
    let Message::Offer { call, from, note, proposal } = message else { return Ok(()) };
    if let Some(known) = find(tx.db(), id).await? {
        // The same again: the answer to the first was lost.
        let same = known.forward.from.partner() == Some(partner.id);
        return if same { Ok(()) } else { Err(no_forward()) };
    }
    proposal.check()?;
    check_note(note)?;
    let open = calls::calls(tx.db(), edition.id).await?;
    let open = open.into_iter().find(|one| one.call.slug == *call);
    let to = open.filter(|one| one.call.published && may_pass(one.call.kind)).ok_or_else(calls::gone)?.call;
    let one = Stored {
        forward: Forward {
            id,
            state: State::Offered,
            from: End::Away {
                partner: partner.id,
                slug: call.clone(),
                name: Line::clean(&format!("{from}, {}", partner.name)),
                page: None,
            },
            to: End::Here { edition: edition.id, call: to.id, proposal: None },
            since: tx.at(),
            left: vec![],
        },
        offer: Some(proposal.clone()),
    };
    put(tx, edition.id, None, Some(&one)).await?;
    put_step(tx, edition.id, id, (Step::Ask, None), note).await?;
    put_step(tx, edition.id, id, (Step::Agree, None), &RichText::default()).await?;
    let text = format!(
        "{} would like to pass \"{}\" of its call {from} on to {}, and its author agrees. Please take it or decline it.",
        partner.name, proposal.title, to.name
    );
    let notice = Notice {
        subject: &format!("\"{}\" is passed on to {}", proposal.title, to.name),
        body: &text,
        link: &desk(base_url, edition, EditionDesk::Forward(id)),
        once: &format!("forward offered {id}"),
    };
    let whom = deciders(tx.db(), edition, &to, &one, tx.at()).await?;
    mail::notify(tx, edition.id, whom, &notice).await?;
    Ok(())
}

async fn answer(
    tx: &Tx,
    edition: &Edition,
    partner: &Partner,
    (id, message): (ForwardId, &Message),
    base_url: &str,
) -> Result<()> {
    let Message::Answer { accepted, note, page } = message else { return Ok(()) };
    check_note(note)?;
    let before = find(tx.db(), id).await?.ok_or_else(no_forward)?;
    if before.forward.to.partner() != Some(partner.id) || before.forward.from.edition() != Some(edition.id) {
        return Err(no_forward());
    }
    let (step, state) =
        if *accepted { (Step::Accept, State::Accepted) } else { (Step::Decline, State::Declined) };
    if before.forward.state == state {
        return Ok(());
    }
    let mut after = before.clone();
    // Where our cancellation crossed their acceptance, they have it, and so it is passed on.
    let crossed = *accepted && before.forward.state == State::Cancelled;
    after.forward.state = if crossed { state } else { before.forward.state.step(step)? };
    after.forward.since = tx.at();
    put_step(tx, edition.id, id, (step, None), note).await?;
    if let End::Away { page: at, .. } = &mut after.forward.to {
        at.clone_from(page);
    }
    put(tx, edition.id, Some(&before), Some(&after)).await?;
    let Some((stored, _)) = source(tx.db(), &after).await? else { return Ok(()) };
    let to = super::listed::label(tx.db(), &after.forward.to).await?;
    if *accepted {
        if stored.state.may_forward() {
            close(tx, &Actor::System, edition.id, stored.id, base_url).await?;
        }
        let authors = proposals::authors(tx.db(), stored.id).await?;
        let text = format!(
            "{to} took \"{}\". You are invited to it there by mail, and it is decided there.",
            stored.content.title
        );
        let about = format!("your proposal #{} was passed on", stored.number);
        let once = format!("forward accepted {id}");
        review::tell(tx, edition, &authors, (&about, &text), &once, base_url).await?;
    } else if stored.state != Standing::Withdrawn {
        not_taken(tx, (edition.id, stored.id), id, &to, note, base_url).await?;
    }
    answered(tx, edition, &after, accepted.then_some(&stored), note, base_url).await
}

async fn cancel(tx: &Tx, edition: &Edition, partner: &Partner, id: ForwardId, base_url: &str) -> Result<()> {
    // Taken back before it came: there is nothing to do.
    let Some(before) = find(tx.db(), id).await? else { return Ok(()) };
    if before.forward.from.partner() != Some(partner.id) {
        return Err(no_forward());
    }
    if before.forward.state != State::Offered {
        // Decided already: our answer is on its way, and holds.
        return Ok(());
    }
    let none = RichText::default();
    let after = advance(tx, edition.id, &before, (Step::Cancel, None), &none).await?;
    let End::Here { call, .. } = &after.forward.to else { return Ok(()) };
    let Some(open) = calls::find(tx.db(), edition.id, *call).await? else { return Ok(()) };
    let title = after.offer.as_ref().map(|offer| offer.title.to_string()).unwrap_or_default();
    let notice = Notice {
        subject: &format!("\"{title}\" is not passed on"),
        body: &format!("{} took \"{title}\" back. There is nothing to decide.", partner.name),
        link: &desk(base_url, edition, EditionDesk::Forwards),
        once: &format!("forward cancelled {id}"),
    };
    let whom = deciders(tx.db(), edition, &open.call, &after, tx.at()).await?;
    mail::notify(tx, edition.id, whom, &notice).await?;
    Ok(())
}
