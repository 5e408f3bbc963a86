//! Accepting a microconference: track, block, rights, call for topics and post, all in one transaction, and what is
//! decided about its topics.

use super::{find, of_topics, put, topics, waiting};
use crate::{
    Result, Store, call as calls,
    call::OpenCall,
    decision,
    entity::post as post_entity,
    grant,
    grant::NewGrant,
    post as posts, proposal as proposals,
    proposal::gone,
    review::{decidable, tell},
    tx::Tx,
};
use model::{
    Refusal,
    address::Address,
    call::{Call, CallKind, Deadline, Form, Late},
    edit::Command,
    edition::Edition,
    feed::Actor,
    id::{AccountId, CallId, EditionId, PostId, ProposalId, SessionId, TrackId},
    microconference::{
        Agenda, Announced, Format, Held, Item, Microconference, PROBLEM, announcement, may_accept,
    },
    permission::{Grant, Revoked, Role, Scope, Subject},
    post::{Post, PostKind},
    programme::{Role as Part, Track},
    proposal::{Author, Decision, Proposal, State, Step},
    text::{Line, RichText, Slug},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

/// The minutes of a topic that names none.
const TOPIC_MINUTES: u16 = 30;

/// How a microconference is accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acceptance {
    /// What it gets on the programme; `None` accepts it provisionally, with that left open.
    pub format: Option<Format>,
    /// Until when topics can be proposed; the latest moment that its call allows where none is said.
    pub closes: Option<Deadline>,
}

impl Store {
    /// Accepts a microconference with all that it needs, in one transaction, which can be taken back as one: its track, its
    /// block on the programme, the role of the lead in that track for each of its authors, its call for topics, a draft of
    /// the post that announces it. `base_url` is the site's address.
    pub async fn accept_microconference(
        &self,
        subject: &Subject,
        edition: &Edition,
        id: ProposalId,
        acceptance: &Acceptance,
        base_url: &str,
    ) -> Result<Proposal> {
        self.write(&subject.actor, async |tx| {
            crate::edition::open(tx.db(), edition.id).await?;
            let filed = decidable(tx, subject, edition, id).await?;
            let stored = proposals::find(tx.db(), edition.id, id).await?.ok_or_else(gone)?;
            let (open, actor) = (&filed.open, &subject.actor);
            let after = accept(tx, actor, edition, open, (&stored, acceptance), base_url).await?;
            proposals::put(tx, edition.id, Some(&stored), Some(&after)).await?;
            let authors = proposals::authors(tx.db(), id).await?;
            decision::tell(tx, edition, &open.call, &after, &authors, base_url).await?;
            Ok(after)
        })
        .await
    }

    /// Takes back all that accepting it has made, and tells its authors. Refused once something of it has changed since,
    /// as when a topic was proposed.
    pub async fn take_back_microconference(
        &self,
        subject: &Subject,
        edition: &Edition,
        id: ProposalId,
        base_url: &str,
    ) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            crate::edition::open(tx.db(), edition.id).await?;
            decidable(tx, subject, edition, id).await?;
            let seq = find(tx.db(), id).await?.held()?.seq;
            crate::undo::take_back(tx, subject, seq).await?;
            let stored = proposals::find(tx.db(), edition.id, id).await?.ok_or_else(gone)?;
            let authors = proposals::authors(tx.db(), id).await?;
            let subject = format!("your microconference #{} is not accepted after all", stored.number);
            let text = format!(
                "The acceptance of \"{}\" was taken back. It is {} again.",
                stored.content.title,
                stored.state.shown().to_lowercase()
            );
            let once = format!("taken back {id} {}", tx.at());
            tell(tx, edition, &authors, (&subject, &text), &once, base_url).await?;
            Ok(())
        })
        .await
    }

    /// Says what an accepted microconference gets on the programme. What was provisional is accepted with it; its leads and
    /// everybody who proposed a topic are told. Gives how many mails were queued.
    pub async fn set_microconference_format(
        &self,
        subject: &Subject,
        edition: &Edition,
        id: ProposalId,
        format: Format,
        base_url: &str,
    ) -> Result<usize> {
        self.write(&subject.actor, async |tx| {
            crate::edition::open(tx.db(), edition.id).await?;
            let filed = decidable(tx, subject, edition, id).await?;
            let stored = proposals::find(tx.db(), edition.id, id).await?.ok_or_else(gone)?;
            if stored.state == State::Provisional {
                let decision = Step::Decide(Decision::Accept);
                let after = stored.clone().step(decision, &filed.open.call, Late::No, 0, tx.at())?;
                proposals::put(tx, edition.id, Some(&stored), Some(&after)).await?;
            }
            settle(tx, edition, &stored, format, base_url).await
        })
        .await
    }
}

/// What accepting makes, but for the proposal itself, which is given as it is then.
pub(crate) async fn accept(
    tx: &Tx,
    actor: &Actor,
    edition: &Edition,
    open: &OpenCall,
    (stored, acceptance): (&Proposal, &Acceptance),
    base_url: &str,
) -> Result<Proposal> {
    let before = find(tx.db(), stored.id).await?;
    if before.held.is_some() {
        let problem = "it is accepted already";
        return Err(Refusal::new("decision", problem, "Say on its page what it gets").into());
    }
    let waiting = waiting(tx.db(), edition.id, open.call.id).await?;
    may_accept(&before, stored.state, &open.call, &waiting)?;
    let decision = if acceptance.format.is_some() { Decision::Accept } else { Decision::Provisional };
    let taken = waiting.iter().filter(|one| one.proposal != stored.id && one.state.takes_place()).count();
    let mut after = stored.clone().step(Step::Decide(decision), &open.call, Late::No, taken, tx.at())?;
    let closes = acceptance.closes.clone().unwrap_or_else(|| open.call.terms.latest(edition));
    open.call.terms.allow(edition, &closes)?;
    if closes.instant() <= tx.at() {
        let problem = format!("{} is over", closes.shown());
        return Err(
            Refusal::new("closes", problem, "Choose a later time, or give the call fewer days").into()
        );
    }
    let authors = proposals::authors(tx.db(), stored.id).await?;
    let title = &stored.content.title;
    let track = make_track(tx, edition.id, title, &stored.content.summary).await?;
    let block = SessionId(Uuid::now_v7());
    let about = decision::NewSession { id: block, track: Some(track), parent: None, part: Some(Part::Lead) };
    decision::make_session(tx, edition.id, &open.call, stored, &authors, about).await?;
    after.session = Some(block);
    give_roles(tx, actor, edition.id, track, (stored, &authors)).await?;
    let call = make_call(tx, edition.id, (title, stored), track, &closes).await?;
    let post = make_post(tx, edition, (stored, &authors), (track, &call, &closes), base_url).await?;
    let held = Held {
        seq: tx.head().await?,
        format: acceptance.format,
        track,
        block,
        call: call.id,
        post,
        nod: None,
        agreed: None,
        agenda: Agenda::default(),
    };
    put(tx, edition.id, Some(&before), &Microconference { held: Some(held), ..before.clone() }).await?;
    Ok(after)
}

async fn make_track(tx: &Tx, edition: EditionId, title: &Line, about: &RichText) -> Result<TrackId> {
    let id = TrackId(Uuid::now_v7());
    decision::change_programme(tx, edition, |all| {
        let taken = all.tracks.iter().map(|track| &track.slug);
        let slug = Slug::from_any(&[title.as_str()], "microconference", id.0).free_among(taken);
        let track = Track { id, slug, name: title.clone(), description: about.clone(), colour: None };
        *all = Command::PutTrack(track).apply(all).map_err(|refusal| Refusal {
            field: "title".to_owned(),
            remedy: "Give the microconference another title, or rename the track".to_owned(),
            ..refusal
        })?;
        Ok(())
    })
    .await?;
    Ok(id)
}

/// Gives each author who takes part the role of the lead in the track.
async fn give_roles(
    tx: &Tx,
    actor: &Actor,
    edition: EditionId,
    track: TrackId,
    (stored, authors): (&Proposal, &[Author]),
) -> Result<()> {
    for account in authors.iter().filter_map(|author| author.account) {
        give_role(tx, actor, edition, track, (stored.number, account)).await?;
    }
    Ok(())
}

/// Gives somebody who joins the authors of an accepted microconference the role of the lead, as the others have it.
pub(crate) async fn let_lead(
    tx: &Tx,
    actor: &Actor,
    edition: EditionId,
    (proposal, number): (ProposalId, u32),
    account: AccountId,
) -> Result<()> {
    let Some(held) = find(tx.db(), proposal).await?.held else { return Ok(()) };
    give_role(tx, actor, edition, held.track, (number, account)).await
}

/// Takes the role of the lead from authors of an accepted microconference who do not lead it any more.
pub(crate) async fn stop_leading(
    tx: &Tx,
    actor: &Actor,
    edition: EditionId,
    proposal: ProposalId,
    accounts: &[AccountId],
) -> Result<()> {
    let Some(held) = find(tx.db(), proposal).await?.held else { return Ok(()) };
    for account in accounts {
        let grants = grant::of_account(tx.db(), *account).await?;
        let led = Scope::Track(edition, held.track);
        for before in
            grants.iter().filter(|one| one.role == Role::Lead && one.scope == led && one.revoked.is_none())
        {
            let revoked = Some(Revoked { at: tx.at(), by: actor.to_string() });
            grant::put(tx, Some(before), &Grant { revoked, ..before.clone() }).await?;
        }
    }
    Ok(())
}

async fn give_role(
    tx: &Tx,
    actor: &Actor,
    edition: EditionId,
    track: TrackId,
    (number, account): (u32, AccountId),
) -> Result<()> {
    let note = Line::clean(&format!("leads the microconference #{number}"));
    let new = NewGrant { note, ..NewGrant::new(account, Role::Lead, Scope::Track(edition, track)) };
    grant::insert(tx, account, &new, actor).await
}

/// The call for the topics of a microconference, public at once.
async fn make_call(
    tx: &Tx,
    edition: EditionId,
    (title, stored): (&Line, &Proposal),
    track: TrackId,
    closes: &Deadline,
) -> Result<Call> {
    let present = calls::calls(tx.db(), edition).await?;
    let id = CallId(Uuid::now_v7());
    let name = Line::clean(&format!("Topics: {title}"));
    let slugs: Vec<Slug> = present.iter().map(|one| one.call.slug.clone()).collect();
    let text = model::call::FieldKey::parse(PROBLEM).ok().and_then(|key| stored.content.answers.get(&key));
    let call = Call {
        slug: Slug::from_any(&[title.as_str()], "topics", id.0).free_among(slugs.iter()),
        name,
        summary: Line::clean(&format!("Discussions within the microconference {title}.")),
        text: RichText::clean(&text.map(model::call::Answer::plain).unwrap_or_default()),
        published: true,
        track: Some(track),
        closes: Some(closes.clone()),
        ..Call::usual(id, CallKind::Topics)
    };
    call.check(present.iter().map(|one| &one.call)).map_err(|refusal| Refusal {
        field: "title".to_owned(),
        remedy: "Give the microconference another title, or rename the call".to_owned(),
        ..refusal
    })?;
    let position = i64::try_from(present.len()).unwrap_or_default();
    let open = OpenCall { call: call.clone(), form: Form::usual(CallKind::Topics) };
    calls::put(tx, edition, None, &open, Some(position)).await?;
    Ok(call)
}

/// A draft of the post that announces it.
async fn make_post(
    tx: &Tx,
    edition: &Edition,
    (stored, authors): (&Proposal, &[Author]),
    (track, call, closes): (TrackId, &Call, &Deadline),
    base_url: &str,
) -> Result<PostId> {
    let forms = calls::forms(tx.db(), edition.id, stored.call).await?;
    let none = Form::default();
    let leads: Vec<Line> =
        authors.iter().filter(|author| author.has_joined()).map(|author| author.name.clone()).collect();
    let path = Address::Propose(call.slug.as_str()).path(&edition.slug);
    let (title, body) = announcement(&Announced {
        edition,
        content: &stored.content,
        form: forms.get(&stored.content.form).unwrap_or(&none),
        leads: &leads,
        closes,
        link: &format!("{}{path}", base_url.trim_end_matches('/')),
    });
    let taken: Vec<String> = post_entity::Entity::find()
        .select_only()
        .column(post_entity::Column::Slug)
        .filter(post_entity::Column::Edition.eq(edition.id.0))
        .into_tuple()
        .all(tx.db())
        .await?;
    let taken: Vec<Slug> = taken.iter().filter_map(|slug| Slug::parse(slug).ok()).collect();
    let id = PostId(Uuid::now_v7());
    let post = Post {
        slug: Slug::from_any(&[stored.content.title.as_str()], "post", id.0).free_among(taken.iter()),
        title,
        kind: PostKind::Blog,
        body,
        author: Line::clean(&leads.iter().map(Line::as_str).collect::<Vec<_>>().join(", ")),
        track: Some(track),
        ..Post::draft(id, tx.at())
    };
    posts::put_post(tx, edition.id, None, Some(&post)).await?;
    Ok(id)
}

/// Gives an accepted microconference its format: the block gets its length, the topics their times, everybody is told.
pub(crate) async fn settle(
    tx: &Tx,
    edition: &Edition,
    stored: &Proposal,
    format: Format,
    base_url: &str,
) -> Result<usize> {
    let before = find(tx.db(), stored.id).await?;
    let held = before.held()?.clone();
    if held.format == Some(format) {
        return Ok(0);
    }
    let after = Held { format: Some(format), ..held.clone() };
    decision::change_programme(tx, edition.id, |all| {
        let block = all.sessions.iter_mut().find(|session| session.id == held.block);
        for slot in block.into_iter().flat_map(|block| &mut block.slots) {
            let length = jiff::SignedDuration::from_mins(i64::from(format.block_minutes()));
            slot.end = slot.start.checked_add(length).unwrap_or(slot.end);
        }
        after.agenda.lay_out(held.block, format, all);
        Ok(())
    })
    .await?;
    put(tx, edition.id, Some(&before), &Microconference { held: Some(after), ..before.clone() }).await?;
    let title = &stored.content.title;
    let leads = proposals::authors(tx.db(), stored.id).await?;
    let once = format!("format {} {}", stored.id, tx.at());
    let subject = format!("what the microconference \"{title}\" gets");
    let text = format!(
        "\"{title}\" gets a {}: {} minutes for its topics.",
        format.shown().to_lowercase(),
        format.content_minutes()
    );
    let mut mails = tell(tx, edition, &leads, (&subject, &text), &once, base_url).await?;
    for topic in topics(tx.db(), edition.id, held.call).await? {
        if matches!(
            topic.proposal.state,
            State::Withdrawn | State::Declined | State::Cancelled | State::Forwarded
        ) {
            continue;
        }
        let authors = proposals::authors(tx.db(), topic.proposal.id).await?;
        let text = format!("{text} You proposed \"{}\" to it.", topic.proposal.content.title);
        mails += tell(tx, edition, &authors, (&subject, &text), &once, base_url).await?;
    }
    Ok(mails)
}

/// Takes an accepted topic into the agenda of its microconference: gives the block that it is part of. `None` for a topic of
/// no microconference that was accepted here. The session that it becomes is `session`.
pub(crate) async fn take_topic(
    tx: &Tx,
    edition: EditionId,
    topic: &Proposal,
    session: SessionId,
    minutes: Option<u16>,
) -> Result<Option<SessionId>> {
    let Some(before) = of_topics(tx.db(), edition, topic.call).await? else { return Ok(None) };
    let held = before.held()?.clone();
    let mut agenda = held.agenda.clone();
    let minutes = minutes.or(topic.content.minutes).unwrap_or(TOPIC_MINUTES);
    agenda.items.push(Item { session, minutes });
    let format = held.format.unwrap_or(Format::Full);
    agenda.check(format.content_minutes())?;
    let block = held.block;
    let after = Held { agenda, ..held };
    put(tx, edition, Some(&before), &Microconference { held: Some(after), ..before.clone() }).await?;
    Ok(Some(block))
}

/// Takes a topic that is not accepted any more from the agenda and from the programme, and gives the others their times.
pub(crate) async fn drop_topic(
    tx: &Tx,
    edition: EditionId,
    topic: &Proposal,
    session: SessionId,
) -> Result<()> {
    let before = of_topics(tx.db(), edition, topic.call).await?;
    let held = before.as_ref().and_then(|before| before.held.clone());
    let after = held.map(|held| {
        let mut agenda = held.agenda.clone();
        agenda.items.retain(|item| item.session != session);
        Held { agenda, ..held }
    });
    decision::change_programme(tx, edition, |all| {
        *all = Command::RemoveSession(session).apply(all)?;
        if let Some(held) = &after {
            held.agenda.lay_out(held.block, held.format.unwrap_or(Format::Full), all);
        }
        Ok(())
    })
    .await?;
    if let (Some(before), Some(held)) = (before, after) {
        put(tx, edition, Some(&before), &Microconference { held: Some(held), ..before.clone() }).await?;
    }
    Ok(())
}

/// Closes the call for topics of a microconference that does not take place.
pub(crate) async fn close_topics(tx: &Tx, edition: EditionId, id: ProposalId) -> Result<()> {
    let Some(held) = find(tx.db(), id).await?.held else { return Ok(()) };
    let Some(before) = calls::find(tx.db(), edition, held.call).await? else { return Ok(()) };
    let mut after = before.clone();
    after.call.published = false;
    calls::put(tx, edition, Some(&before), &after, None).await
}
