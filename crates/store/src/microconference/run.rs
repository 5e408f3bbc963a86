//! What the leads of an accepted microconference do: their call for topics, the topics in their order, the post.

use super::{all, find, of_topics, put};
use crate::{
    Result, Store,
    body::{digest, hexadecimal},
    call as calls, decision,
    decision::How,
    post as posts, proposal as proposals,
    proposal::gone,
    review::decidable,
    rows::json,
    tx::Tx,
};
use model::{
    Refusal,
    call::Deadline,
    edition::Edition,
    id::{CallId, EditionId, ProposalId, SessionId},
    microconference::{Agenda, Format, Held, Microconference},
    permission::{Action, Place, Subject},
    post::{Post, Publication},
    programme::{Programme, SessionKind},
    proposal::{Decision, Proposal},
    text::RichText,
};

impl Store {
    /// Says until when topics can be proposed, as far as the call for microconferences allows, and what is sought.
    pub async fn set_topic_call(
        &self,
        subject: &Subject,
        edition: &Edition,
        id: ProposalId,
        closes: &Deadline,
        text: &RichText,
    ) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            crate::edition::open(tx.db(), edition.id).await?;
            let held = led(tx, subject, edition, id, Action::DecideProposals).await?.1;
            let stored = proposals::find(tx.db(), edition.id, id).await?.ok_or_else(gone)?;
            let of = calls::find(tx.db(), edition.id, stored.call).await?.ok_or_else(calls::gone)?;
            of.call.terms.allow(edition, closes)?;
            let before = calls::find(tx.db(), edition.id, held.call).await?.ok_or_else(calls::gone)?;
            let mut after = before.clone();
            (after.call.closes, after.call.text) = (Some(closes.clone()), text.clone());
            let present = calls::calls(tx.db(), edition.id).await?;
            after.call.check(present.iter().map(|one| &one.call))?;
            calls::put(tx, edition.id, Some(&before), &after, None).await?;
            let old = before.call.closes.as_ref().map(Deadline::shown);
            retell(tx, edition, &held, old.as_deref(), &closes.shown()).await
        })
        .await
    }

    /// Decides about a topic: one that is chosen becomes a session within the block, for so many minutes, as far as the block
    /// has them left; one that is not chosen any more leaves it. Its authors are told.
    pub async fn choose_topic(
        &self,
        subject: &Subject,
        edition: &Edition,
        id: ProposalId,
        topic: ProposalId,
        (decision, minutes): (Decision, Option<u16>),
        base_url: &str,
    ) -> Result<Proposal> {
        self.write(&subject.actor, async |tx| {
            crate::edition::open(tx.db(), edition.id).await?;
            let held = led(tx, subject, edition, id, Action::DecideProposals).await?.1;
            decidable(tx, subject, edition, topic).await?;
            let stored = proposals::find(tx.db(), edition.id, topic).await?.ok_or_else(gone)?;
            if stored.call != held.call {
                return Err(gone());
            }
            let how = How { decision, minutes };
            Ok(decision::decide(tx, &subject.actor, edition, stored, how, base_url).await?.0)
        })
        .await
    }

    /// Puts the topics of a block in their order, each with its minutes; those that are left out have no time any more.
    /// Refused where they take longer than the block has.
    pub async fn arrange_topics(
        &self,
        subject: &Subject,
        edition: &Edition,
        id: ProposalId,
        agenda: &Agenda,
    ) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            crate::edition::open(tx.db(), edition.id).await?;
            let (before, held) = led(tx, subject, edition, id, Action::PlaceSession).await?;
            let format = held.format.unwrap_or(Format::Full);
            agenda.check(format.content_minutes())?;
            decision::change_programme(tx, edition.id, |all| {
                let of_block = |id: SessionId| {
                    all.sessions.iter().any(|one| one.id == id && one.parent == Some(held.block))
                };
                if agenda.items.iter().any(|item| !of_block(item.session)) {
                    let problem = "a topic is not part of this block any more";
                    return Err(Refusal::new("order", problem, "Load the page again"));
                }
                let out: Vec<SessionId> = held
                    .agenda
                    .items
                    .iter()
                    .map(|item| item.session)
                    .filter(|id| agenda.items.iter().all(|item| item.session != *id))
                    .collect();
                for session in all.sessions.iter_mut().filter(|session| out.contains(&session.id)) {
                    session.slots.clear();
                }
                agenda.lay_out(held.block, format, all);
                Ok(())
            })
            .await?;
            let held = Held { agenda: agenda.clone(), ..held };
            put(tx, edition.id, Some(&before), &Microconference { held: Some(held), ..before.clone() }).await
        })
        .await
    }

    /// Agrees, or no longer, that the leads of a microconference publish the post that announces it.
    pub async fn nod_microconference(
        &self,
        subject: &Subject,
        edition: &Edition,
        id: ProposalId,
        agreed: bool,
    ) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            crate::edition::open(tx.db(), edition.id).await?;
            decidable(tx, subject, edition, id).await?;
            let before = find(tx.db(), id).await?;
            let held = before.held()?.clone();
            let post = posts::find(tx.db(), edition.id, held.post).await?.ok_or_else(posts::gone)?;
            let text = agreed.then(|| text_of(&post)).transpose()?;
            let held = Held { nod: agreed.then_some(tx.at()), agreed: text, ..held };
            put(tx, edition.id, Some(&before), &Microconference { held: Some(held), ..before.clone() }).await
        })
        .await
    }

    /// Publishes the post that announces a microconference, as one of its leads, once the committee has agreed. `base_url` is
    /// the site's address.
    pub async fn announce_microconference(
        &self,
        subject: &Subject,
        edition: &Edition,
        id: ProposalId,
        base_url: &str,
    ) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            crate::edition::open(tx.db(), edition.id).await?;
            let held = led(tx, subject, edition, id, Action::WritePosts).await?.1;
            let refuse = |problem: &str, remedy: &str| Err(Refusal::new("post", problem, remedy).into());
            if held.nod.is_none() {
                return refuse("the committee has not agreed yet", "Ask the committee to look at the draft");
            }
            let post = posts::find(tx.db(), edition.id, held.post).await?.ok_or_else(posts::gone)?;
            if held.agreed != Some(text_of(&post)?) {
                let problem = "the draft was changed since the committee agreed";
                return refuse(problem, "Ask the committee to look at it again");
            }
            // The committee agreed to a text, not to whom it is mailed.
            let published = subject.may(Action::PublishPosts, &Place::edition(edition).in_track(post.track));
            if published.is_err() && (!post.mail_to.is_empty() || post.mastodon) {
                let problem = "it would be mailed, or go to Mastodon";
                return refuse(problem, "Choose nobody to mail it to, or ask an organiser to publish it");
            }
            posts::publish(tx, edition, &post, base_url).await?;
            Ok(())
        })
        .await
    }
}

/// What stands for the text of a post: SHA-256 in hexadecimal digits.
fn text_of(post: &Post) -> Result<String> {
    let text = json(&(&post.title, &post.summary, &post.body))?;
    Ok(hexadecimal(&digest(text.as_bytes())))
}

/// Says the new deadline in the draft of the post wherever it says the old one. What is public stays as it was read.
async fn retell(tx: &Tx, edition: &Edition, held: &Held, old: Option<&str>, new: &str) -> Result<()> {
    let Some(before) = posts::find(tx.db(), edition.id, held.post).await? else { return Ok(()) };
    let (Publication::Draft, Some(old)) = (before.publication, old) else { return Ok(()) };
    let body = RichText::clean(&before.body.as_str().replace(old, new));
    posts::put_post(tx, edition.id, Some(&before), Some(&Post { body, ..before.clone() })).await
}

/// A microconference that was accepted, for somebody who may do that in its track. To others there is none.
async fn led(
    tx: &Tx,
    subject: &Subject,
    edition: &Edition,
    id: ProposalId,
    action: Action,
) -> Result<(Microconference, Held)> {
    subject.may_write()?;
    proposals::find(tx.db(), edition.id, id).await?.ok_or_else(gone)?;
    let one = find(tx.db(), id).await?;
    let held = one.held()?.clone();
    subject.may(action, &Place::edition(edition).in_track(Some(held.track)))?;
    Ok((one, held))
}

/// Gives the topics of a microconference their times again, by its call for topics.
pub(crate) async fn lay_out_topics(tx: &Tx, edition: EditionId, call: CallId) -> Result<()> {
    let Some(held) = of_topics(tx.db(), edition, call).await?.and_then(|one| one.held) else { return Ok(()) };
    decision::change_programme(tx, edition, |all| {
        held.agenda.lay_out(held.block, held.format.unwrap_or(Format::Full), all);
        Ok(())
    })
    .await
}

/// Lets topics follow their block: where a change of the programme gives a block another place, its topics get theirs.
pub(crate) async fn follow(tx: &Tx, before: &Programme, after: &mut Programme) -> Result<()> {
    let moved: Vec<SessionId> = after
        .sessions
        .iter()
        .filter(|session| session.kind == SessionKind::Microconference)
        .filter(|session| {
            let old = before.sessions.iter().find(|old| old.id == session.id);
            let place = |slot: &model::programme::Slot| (slot.room, slot.start);
            old.is_some_and(|old| old.first_slot().map(place) != session.first_slot().map(place))
        })
        .map(|session| session.id)
        .collect();
    if moved.is_empty() {
        return Ok(());
    }
    for held in all(tx.db(), after.edition.id).await?.into_values().filter_map(|one| one.held) {
        if moved.contains(&held.block) {
            held.agenda.lay_out(held.block, held.format.unwrap_or(Format::Full), after);
        }
    }
    after.normalise();
    Ok(())
}
