//! Forwards: passing proposals to other calls, with the authors' consent.
//!
//! **Whoever has a conflict with the proposal sees nothing of its forwards**, neither at the sender nor at the receiver: every
//! function that reads for a committee finds the conflicts itself. What goes along is what the authors wrote; reviews and
//! what the committee said never leave [`crate::review`].

mod deliver;
mod inbox;
mod kept;
mod listed;
mod remind;

pub(crate) use deliver::queue as queue_message;
pub use deliver::{DueMessage, SentMessage};
pub use inbox::Received;
pub(crate) use kept::{STEP_KIND, restore, state};
use kept::{find, of_row, put, put_step, steps};
pub use listed::{EndView, ForwardHead, ForwardView, IncomingForward, TrailStep};
pub(crate) use listed::{incoming, outgoing};

use crate::{
    Error, Result, Store, call as calls,
    call::OpenCall,
    edition as editions,
    entity::{call, edition, forward, role_grant, track},
    grant,
    mail::{self, Notice},
    microconference, partner as partners, proposal as proposals,
    proposal::gone,
    review::{
        self, decidable,
        judge::{Judge, Over},
    },
    rows,
    tx::Tx,
    waiting::leave,
};
use jiff::Timestamp;
use model::{
    Refusal,
    address::EditionDesk,
    call::{Answer, Call, Field, FieldKind, Form, Late},
    conflict::Conflict,
    edition::{Edition, EditionState},
    feed::Actor,
    forward::{
        Carried, End, Forward, Offer, OfferedAuthor, State, Step, carry, check_calls, check_note, may_pass,
    },
    id::{AccountId, AuthorId, CallId, EditionId, ForwardId, PartnerId, ProposalId, TrackId},
    mail::{MailKind, Mailbox, NewMail},
    partner::{Message, Partner, TheirCall},
    permission::{Action, Subject},
    proposal::{Author, Content, Proposal, State as Standing, Step as Doing},
    text::{Line, RichText, Slug, WebUrl},
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Where a proposal can be passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A call of this record.
    Here(EditionId, CallId),
    /// A call at a partner, by its place in addresses there.
    Away(PartnerId, Slug),
}

/// Where a proposal can be passed on, to choose from.
#[derive(Clone, Debug, Default)]
pub struct Targets {
    /// Calls of this record with their editions, those of the proposal's own edition first.
    pub here: Vec<(Edition, Call)>,
    /// The partners of the edition.
    pub away: Vec<Partner>,
}

/// What a receiver says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardAnswer {
    /// Whether they take it.
    pub accept: bool,
    /// How long it may be, in minutes; as [`carry`] finds where none is said.
    pub minutes: Option<u16>,
    /// What they say with it.
    pub note: RichText,
}

impl Store {
    /// Where a proposal can be passed on by `subject`; nowhere where they do not decide it, have a conflict with it, or it
    /// cannot be passed on. A constant number of statements.
    pub async fn forward_targets(
        &self,
        subject: &Subject,
        edition: &Edition,
        id: ProposalId,
    ) -> Result<Targets> {
        let db = self.read().await?;
        let filed = review::one(&db, subject, edition, id, self.now()).await?;
        let Some(filed) = filed.filter(|filed| filed.may_decide && filed.proposal.state.may_forward()) else {
            return Ok(Targets::default());
        };
        if !may_pass(filed.open.call.kind) || open_of(&db, id).await?.is_some() {
            return Ok(Targets::default());
        }
        let rows = edition::Entity::find()
            .filter(edition::Column::State.ne(EditionState::Archived.as_str()))
            .order_by_desc(edition::Column::FirstDay)
            .all(&db)
            .await?;
        let homes = rows.iter().map(rows::edition).collect::<Result<Vec<_>>>()?;
        let found = call::Entity::find()
            .filter(call::Column::Edition.is_in(homes.iter().map(|home| home.id.0)))
            .order_by_asc(call::Column::Position)
            .order_by_asc(call::Column::Id)
            .all(&db)
            .await?;
        let away = partners::of_edition(&db, edition.id).await?;
        db.commit().await?;
        let mut here = vec![];
        for row in &found {
            let to = calls::call_of(row)?;
            let Some(home) = homes.iter().find(|home| home.id.0 == row.edition) else { continue };
            if check_calls(&filed.open.call, &to).is_ok() && sees(subject, home, &to) {
                here.push((home.clone(), to));
            }
        }
        here.sort_by_key(|(home, _)| home.id != edition.id);
        Ok(Targets { here, away })
    }

    /// Means to pass a proposal on, when `subject` decides it: its authors are asked by mail first. `note` is for the receiver,
    /// and the authors read it too. Refused with a conflict, while another forward of it is open, and where it does not wait
    /// for a decision, is not wait-listed and not declined.
    pub async fn offer_forward(
        &self,
        subject: &Subject,
        edition: &Edition,
        id: ProposalId,
        (to, note): (&Target, &RichText),
        base_url: &str,
    ) -> Result<Forward> {
        self.write(&subject.actor, async |tx| {
            let filed = decidable(tx, subject, edition, id).await?;
            check_note(note)?;
            let stored = proposals::find(tx.db(), edition.id, id).await?.ok_or_else(gone)?;
            let from = &filed.open.call;
            // Refused now rather than on the day on which the receiver accepts.
            stored.clone().step(Doing::Forward, from, Late::No, 0, tx.at())?;
            if open_of(tx.db(), id).await?.is_some() {
                let problem = "it is being passed on already";
                return Err(Refusal::new("to", problem, "Wait for the answer, or cancel that first").into());
            }
            let end = target(tx, subject, edition, from, to).await?;
            let one = Forward {
                id: ForwardId(Uuid::now_v7()),
                state: State::Asked,
                from: End::Here { edition: edition.id, call: from.id, proposal: Some(id) },
                to: end,
                since: tx.at(),
                left: vec![],
            };
            put(tx, edition.id, None, Some(&Stored { forward: one.clone(), offer: None })).await?;
            put_step(tx, edition.id, one.id, (Step::Ask, subject.account), note).await?;
            let to = listed::label(tx.db(), &one.to).await?;
            let text = format!(
                "The committee of {} would like to pass \"{}\" on to {to}. It goes there only if you agree; until then \
                 nothing changes. Please agree or refuse on the page of your proposal.{}",
                from.name,
                stored.content.title,
                quoted(note)
            );
            let subject = format!("may your proposal #{} be passed on?", stored.number);
            let authors = proposals::authors(tx.db(), id).await?;
            let once = format!("forward asked {}", one.id);
            review::tell(tx, edition, &authors, (&subject, &text), &once, base_url).await?;
            Ok(one)
        })
        .await
    }

    /// Agrees to a forward of a proposal of one's own, or refuses it. The first author who agrees is enough; one who refuses
    /// ends it, also after another agreed and before the receiver has answered.
    pub async fn answer_forward(
        &self,
        subject: &Subject,
        edition: EditionId,
        (proposal, id): (ProposalId, ForwardId),
        (agree, note): (bool, &RichText),
        base_url: &str,
    ) -> Result<Forward> {
        let account = proposals::signed_in(subject)?;
        self.write(&subject.actor, async |tx| {
            editions::open(tx.db(), edition).await?;
            let own = proposals::own(tx.db(), account, edition, proposal).await?.ok_or_else(gone)?;
            let before = find(tx.db(), id).await?.ok_or_else(no_forward)?;
            if before.forward.from.proposal() != Some(proposal) {
                return Err(no_forward());
            }
            check_note(note)?;
            let step = if agree { Step::Agree } else { Step::Refuse };
            if agree {
                // What was accepted or withdrawn since goes nowhere.
                own.proposal.clone().step(Doing::Forward, &own.open.call, Late::No, 0, tx.at())?;
            }
            let after = advance(tx, edition, &before, (step, Some(account)), note).await?;
            let title = &own.proposal.content.title;
            if agree {
                offered(tx, &own.edition, &after, (&own.open.call, title), base_url).await?;
            } else {
                let text = format!(
                    "An author of #{} \"{title}\" does not want it to be passed on. It stays as it is.{}",
                    own.proposal.number,
                    quoted(note)
                );
                let notice = Notice {
                    subject: &format!("#{} is not passed on", own.proposal.number),
                    body: &text,
                    link: &desk(base_url, &own.edition, EditionDesk::Proposal(proposal)),
                    once: &format!("forward refused {id}"),
                };
                let whom = deciders(tx.db(), &own.edition, &own.open.call, &after, tx.at()).await?;
                mail::notify(tx, edition, whom, &notice).await?;
                take_back(tx, &before.forward).await?;
            }
            Ok(after.forward)
        })
        .await
    }

    /// Takes a forward back that nobody has answered, or that its authors agreed to and the receiver has not decided, when
    /// `subject` decides the proposal.
    pub async fn cancel_forward(
        &self,
        subject: &Subject,
        edition: &Edition,
        id: ForwardId,
        note: &RichText,
        base_url: &str,
    ) -> Result<Forward> {
        self.write(&subject.actor, async |tx| {
            let before = find(tx.db(), id).await?.ok_or_else(no_forward)?;
            let own = before.forward.from.edition() == Some(edition.id);
            let proposal = before.forward.from.proposal().filter(|_| own).ok_or_else(no_forward)?;
            let filed = decidable(tx, subject, edition, proposal).await?;
            check_note(note)?;
            let by = (Step::Cancel, subject.account);
            let after = advance(tx, edition.id, &before, by, note).await?;
            take_back(tx, &before.forward).await?;
            let content = &filed.proposal.content;
            let text = format!(
                "The committee does not pass \"{}\" on after all. It stays as it is.{}",
                content.title,
                quoted(note)
            );
            let subject = format!("your proposal #{} is not passed on", filed.proposal.number);
            let authors = proposals::authors(tx.db(), proposal).await?;
            let once = format!("forward cancelled {id}");
            review::tell(tx, edition, &authors, (&subject, &text), &once, base_url).await?;
            Ok(after.forward)
        })
        .await
    }

    /// Takes what was passed on, or declines it, when `subject` decides the receiving call and has no conflict with it.
    /// Accepted, it stands there as submitted, also where the call is closed or not yet open: the receiver decides that by
    /// accepting. Its authors are told, and asked to fill in what that call requires and the first did not ask.
    pub async fn decide_forward(
        &self,
        subject: &Subject,
        edition: &Edition,
        id: ForwardId,
        answer: &ForwardAnswer,
        base_url: &str,
    ) -> Result<Forward> {
        self.write(&subject.actor, async |tx| {
            subject.may_write()?;
            editions::open(tx.db(), edition.id).await?;
            let before = find(tx.db(), id).await?.ok_or_else(no_forward)?;
            let open = received(tx.db(), subject, edition, &before).await?.ok_or_else(no_forward)?;
            check_note(&answer.note)?;
            let owner = before.owner()?;
            if answer.accept {
                // Large, since it leaves one call and enters another.
                let taken = accept(tx, subject, (edition, &open), &before, answer, base_url);
                let (after, new) = Box::pin(taken).await?;
                put(tx, owner, Some(&before), Some(&after)).await?;
                put_step(tx, owner, id, (Step::Accept, subject.account), &answer.note).await?;
                answered(tx, edition, &after, Some(&new), &answer.note, base_url).await?;
                Ok(after.forward)
            } else {
                let by = (Step::Decline, subject.account);
                let after = advance(tx, owner, &before, by, &answer.note).await?;
                declined(tx, &after, &open.call, edition, &answer.note, base_url).await?;
                answered(tx, edition, &after, None, &answer.note, base_url).await?;
                Ok(after.forward)
            }
        })
        .await
    }
}

/// What that end is, when it may be chosen.
async fn target(tx: &Tx, subject: &Subject, edition: &Edition, from: &Call, to: &Target) -> Result<End> {
    match to {
        Target::Here(home, call) => {
            let home = rows::edition(&editions::open(tx.db(), *home).await?)?;
            let to = calls::find(tx.db(), home.id, *call).await?.ok_or_else(calls::gone)?.call;
            if !sees(subject, &home, &to) {
                return Err(calls::gone());
            }
            check_calls(from, &to)?;
            Ok(End::Here { edition: home.id, call: to.id, proposal: None })
        }
        Target::Away(partner, slug) => {
            let known = partners::find(tx.db(), edition.id, *partner).await?.ok_or_else(partners::gone)?;
            let call = known.calls.iter().find(|call| call.slug == *slug);
            let none = || Refusal::new("to", "the partner has no such call", "Ask for its calls again");
            let TheirCall { name, .. } = call.cloned().ok_or_else(none)?;
            let name = Line::clean(&format!("{name}, {}", known.name));
            Ok(End::Away { partner: *partner, slug: slug.clone(), name, page: None })
        }
    }
}

/// Tells the receiver of what was offered.
async fn offered(
    tx: &Tx,
    edition: &Edition,
    one: &Stored,
    (from, title): (&Call, &Line),
    base_url: &str,
) -> Result<()> {
    match &one.forward.to {
        End::Here { edition: home, call, .. } => {
            let home = rows::edition(&editions::open(tx.db(), *home).await?)?;
            let to = calls::find(tx.db(), home.id, *call).await?.ok_or_else(calls::gone)?.call;
            let text = format!(
                "The committee of {}, {} would like to pass \"{title}\" on to {}, and its author agrees. Please take it \
                 or decline it.",
                from.name, edition.title, to.name
            );
            let notice = Notice {
                subject: &format!("\"{title}\" is passed on to {}", to.name),
                body: &text,
                link: &desk(base_url, &home, EditionDesk::Forward(one.forward.id)),
                once: &format!("forward offered {}", one.forward.id),
            };
            let whom = deciders(tx.db(), &home, &to, one, tx.at()).await?;
            mail::notify(tx, home.id, whom, &notice).await?;
            Ok(())
        }
        End::Away { partner, slug, .. } => {
            let Some((proposal, form)) = source(tx.db(), one).await? else { return Err(gone()) };
            let authors = proposals::authors(tx.db(), proposal.id).await?;
            let asked = steps(tx.db(), one.forward.id).await?.into_iter().next();
            let message = Message::Offer {
                call: slug.clone(),
                from: from.name.clone(),
                note: asked.map(|step| RichText::clean(&step.note)).unwrap_or_default(),
                proposal: offer_of(tx.db(), &proposal.content, form, &authors).await?,
            };
            deliver::queue(tx, *partner, Some(one.forward.id), &message).await
        }
    }
}

/// A forward, and what a partner sent with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) forward: Forward,
    pub(crate) offer: Option<Offer>,
}

impl Stored {
    /// The edition in which it is noted.
    fn owner(&self) -> Result<EditionId> {
        let owner = self.forward.from.edition().or(self.forward.to.edition());
        owner.ok_or_else(|| Error::damaged(format!("forward {}", self.forward.id), "it is of no edition"))
    }
}

/// Whether somebody may choose that call: it is public, or they read what is submitted to it.
fn sees(subject: &Subject, home: &Edition, call: &Call) -> bool {
    call.published || subject.may(Action::SeeProposals, &calls::place(home, call)).is_ok()
}

fn no_forward() -> Error {
    Refusal::new("forward", "it is not there any more", "Look at the proposals that are passed on").into()
}

fn quoted(note: &RichText) -> String {
    if note.is_empty() { String::new() } else { format!("\n\nThey say:\n\n{note}") }
}

fn desk(base_url: &str, edition: &Edition, page: EditionDesk) -> String {
    format!("{}{}", base_url.trim_end_matches('/'), page.path(&edition.slug))
}

/// The open forward of a proposal.
async fn open_of(db: &impl ConnectionTrait, id: ProposalId) -> Result<Option<Stored>> {
    let open = State::ALL.iter().filter(|state| state.is_open()).map(|state| state.as_str());
    let row = forward::Entity::find()
        .filter(forward::Column::FromProposal.eq(id.0))
        .filter(forward::Column::State.is_in(open))
        .one(db)
        .await?;
    row.as_ref().map(of_row).transpose()
}

/// Whether somebody has a conflict with what a forward passes on.
pub(crate) async fn has_conflict(
    db: &impl ConnectionTrait,
    who: Option<AccountId>,
    id: ForwardId,
) -> Result<bool> {
    let Some(one) = find(db, id).await? else { return Ok(false) };
    Ok(!conflicts(db, who, &one).await?.is_empty())
}

/// Ends the forward of a proposal that its authors withdrew, or that the committee accepted or merged, by that step.
pub(crate) async fn settle(
    tx: &Tx,
    edition: EditionId,
    proposal: &Proposal,
    (step, by): (Step, &Actor),
) -> Result<()> {
    let Some(before) = open_of(tx.db(), proposal.id).await? else { return Ok(()) };
    let account = match by {
        Actor::Person { account, .. } => Some(*account),
        Actor::Operator(_) | Actor::Visitor | Actor::System => None,
    };
    let note = RichText::clean(&format!("The proposal is {}.", proposal.state.shown().to_lowercase()));
    advance(tx, edition, &before, (step, account), &note).await?;
    take_back(tx, &before.forward).await
}

/// Tells a partner that what was offered is offered no more.
async fn take_back(tx: &Tx, before: &Forward) -> Result<()> {
    match (before.state, before.to.partner()) {
        (State::Offered, Some(partner)) => {
            deliver::queue(tx, partner, Some(before.id), &Message::Cancel).await
        }
        _ => Ok(()),
    }
}

/// Takes a step and keeps it in the trail.
async fn advance(
    tx: &Tx,
    owner: EditionId,
    before: &Stored,
    (step, account): (Step, Option<AccountId>),
    note: &RichText,
) -> Result<Stored> {
    let state = before.forward.state.step(step)?;
    let forward = Forward { state, since: tx.at(), ..before.forward.clone() };
    let after = Stored { forward, ..before.clone() };
    put(tx, owner, Some(before), Some(&after)).await?;
    put_step(tx, owner, before.forward.id, (step, account), note).await?;
    Ok(after)
}

/// The receiving call, where `subject` decides it and has no conflict with what is passed on to it.
async fn received(
    db: &impl ConnectionTrait,
    subject: &Subject,
    edition: &Edition,
    one: &Stored,
) -> Result<Option<OpenCall>> {
    let End::Here { edition: home, call, .. } = &one.forward.to else { return Ok(None) };
    if *home != edition.id || one.forward.state == State::Asked {
        return Ok(None);
    }
    let Some(open) = calls::find(db, edition.id, *call).await? else { return Ok(None) };
    let decides = Subject { viewing_as: None, token: None, ..subject.clone() };
    if decides.may(Action::DecideProposals, &calls::place(edition, &open.call)).is_err() {
        return Ok(None);
    }
    Ok(conflicts(db, subject.account, one).await?.is_empty().then_some(open))
}

/// Why that person must know nothing of it.
async fn conflicts(db: &impl ConnectionTrait, who: Option<AccountId>, one: &Stored) -> Result<Vec<Conflict>> {
    match (&one.forward.from, &one.offer) {
        (End::Here { edition, proposal: Some(id), .. }, _) => {
            Ok(Judge::of(db, *edition, who, &Over::These([id.0].into())).await?.conflicts(who, *id))
        }
        (_, Some(offer)) => {
            let id = ProposalId(one.forward.id.0);
            Ok(Judge::of_offer(db, who, id, &offer.authors).await?.conflicts(who, id))
        }
        _ => Ok(vec![]),
    }
}

/// What is passed on and the form by which it was filed; `None` where it is not of this record, or gone.
async fn source(db: &impl ConnectionTrait, one: &Stored) -> Result<Option<(Proposal, Form)>> {
    let End::Here { edition, call, proposal: Some(id) } = &one.forward.from else { return Ok(None) };
    let Some(stored) = proposals::find(db, *edition, *id).await? else { return Ok(None) };
    let forms = calls::forms(db, *edition, *call).await?;
    let form = forms.get(&stored.content.form).cloned();
    let form = form.ok_or_else(|| Error::damaged(format!("proposal {id}"), "its form is missing"))?;
    Ok(Some((stored, form)))
}

/// What it would say in the receiving call.
async fn carried(db: &impl ConnectionTrait, one: &Stored, to: &OpenCall) -> Result<Option<Carried>> {
    let (content, form) = match (source(db, one).await?, &one.offer) {
        (Some((stored, form)), _) => (stored.content, form),
        (None, Some(offer)) => (offer.content(), offer.form()),
        (None, None) => return Ok(None),
    };
    let Some(home) = one.forward.to.edition() else { return Ok(None) };
    let tracks: Vec<Uuid> = track::Entity::find()
        .select_only()
        .column(track::Column::Id)
        .filter(track::Column::Edition.eq(home.0))
        .into_tuple()
        .all(db)
        .await?;
    let tracks: Vec<TrackId> = tracks.into_iter().map(TrackId).collect();
    Ok(Some(carry(&content, &form, &to.call, &to.form, &tracks)))
}

/// Makes it a proposal of the receiving call, and ends it in the sending one.
async fn accept(
    tx: &Tx,
    subject: &Subject,
    (edition, open): (&Edition, &OpenCall),
    before: &Stored,
    answer: &ForwardAnswer,
    base_url: &str,
) -> Result<(Stored, Proposal)> {
    let state = before.forward.state.step(Step::Accept)?;
    let mut carried = carried(tx.db(), before, open).await?.ok_or_else(gone)?;
    if let Some(minutes) = answer.minutes {
        if !open.call.minutes.contains(&minutes) {
            let problem = format!("the call offers no {minutes} minutes");
            return Err(Refusal::new("minutes", problem, "Choose one of its lengths").into());
        }
        carried.content.minutes = Some(minutes);
    }
    let new = Proposal {
        id: ProposalId(Uuid::now_v7()),
        call: open.call.id,
        number: proposals::next_number(tx.db(), edition.id).await?,
        state: Standing::Submitted,
        content: carried.content.clone(),
        revision: 1,
        created: tx.at(),
        changed: tx.at(),
        submitted: Some(tx.at()),
        prepared: None,
        session: None,
        confirmation: None,
    };
    proposals::put(tx, edition.id, None, Some(&new)).await?;
    let mut to = before.forward.to.clone();
    if let End::Here { proposal, .. } = &mut to {
        *proposal = Some(new.id);
    }
    let forward = Forward { state, since: tx.at(), to, left: carried.left.clone(), ..before.forward.clone() };
    let after = Stored { forward, ..before.clone() };
    let lacks = if carried.missing.is_empty() {
        String::new()
    } else {
        let missing: Vec<String> = carried.missing.iter().map(|label| format!("\"{label}\"")).collect();
        format!(" That call asks what the first did not. Please fill in: {}.", missing.join(", "))
    };
    let told = format!(
        "\"{}\" is #{} of {}, {} now. It is reviewed and decided there.{lacks}{}",
        new.content.title,
        new.number,
        open.call.name,
        edition.title,
        quoted(&answer.note)
    );
    match (&before.forward.from, &before.offer) {
        (End::Here { edition: home, proposal: Some(old), .. }, _) => {
            let authors = proposals::authors(tx.db(), *old).await?;
            for (position, author) in (0_i32..).zip(&authors) {
                let author = Author { id: AuthorId(Uuid::now_v7()), ..author.clone() };
                proposals::put_author(tx, edition.id, new.id, None, Some((&author, position))).await?;
            }
            microconference::join::keep_conflicts(tx, edition.id, *old, new.id).await?;
            close(tx, &subject.actor, *home, *old, base_url).await?;
            let about = format!("your proposal is #{} of {} now", new.number, open.call.name);
            let once = format!("forward accepted {}", before.forward.id);
            review::tell(tx, edition, &authors, (&about, &told), &once, base_url).await?;
        }
        (_, Some(offer)) => invite(tx, edition, (&new, &open.call), &offer.authors, &told, base_url).await?,
        _ => return Err(gone()),
    }
    Ok((after, new))
}

/// Invites the authors of what a partner passed on: they take part once they have accepted, as everybody who is invited.
async fn invite(
    tx: &Tx,
    edition: &Edition,
    (new, call): (&Proposal, &Call),
    authors: &[OfferedAuthor],
    told: &str,
    base_url: &str,
) -> Result<()> {
    let mut mails = vec![];
    for (position, one) in (0_i32..).zip(authors) {
        let author = Author {
            id: AuthorId(Uuid::now_v7()),
            account: None,
            name: one.name.clone(),
            email: Some(one.email.clone()),
            speaks: one.speaks,
        };
        proposals::put_author(tx, edition.id, new.id, None, Some((&author, position))).await?;
        let body = format!(
            "{told}\n\nSign in with this address, which takes no account beforehand, and accept the invitation to \
             \"{}\" among your proposals.",
            new.content.title
        );
        let mut mail = NewMail::new(MailKind::Notice, Mailbox::new(&one.name, &one.email)).about(edition.id);
        mail = mail
            .with("name", one.name.as_str())
            .with("subject", format!("your proposal is #{} of {} now", new.number, call.name).as_str())
            .with("body", body.as_str())
            .with("link", proposals::own_page(base_url));
        mail.once = Some(format!("author {} {}", new.id, one.email));
        mails.push(mail);
    }
    mail::queue(tx, mails).await?;
    Ok(())
}

/// Ends a proposal in the call from which it was passed on.
async fn close(tx: &Tx, actor: &Actor, home: EditionId, id: ProposalId, base_url: &str) -> Result<Proposal> {
    let home = rows::edition(&editions::open(tx.db(), home).await?)?;
    let stored = proposals::find(tx.db(), home.id, id).await?.ok_or_else(gone)?;
    let call = calls::find(tx.db(), home.id, stored.call).await?.ok_or_else(calls::gone)?.call;
    let after = stored.clone().step(Doing::Forward, &call, Late::No, 0, tx.at())?;
    Ok(leave(tx, actor, &home, &call, (&stored, after), base_url).await?.proposal)
}

/// Tells the sender of the receiver's answer: its committee, or the partner.
async fn answered(
    tx: &Tx,
    edition: &Edition,
    after: &Stored,
    new: Option<&Proposal>,
    note: &RichText,
    base_url: &str,
) -> Result<()> {
    match &after.forward.from {
        End::Here { edition: home, call, proposal: Some(id) } => {
            let Some(row) = edition::Entity::find_by_id(home.0).one(tx.db()).await? else { return Ok(()) };
            let home = rows::edition(&row)?;
            let Some(open) = calls::find(tx.db(), home.id, *call).await? else { return Ok(()) };
            let Some(stored) = proposals::find(tx.db(), home.id, *id).await? else { return Ok(()) };
            let to = listed::label(tx.db(), &after.forward.to).await?;
            let what = if new.is_some() { "took" } else { "did not take" };
            let notice = Notice {
                subject: &format!("{to} {what} #{}", stored.number),
                body: &format!(
                    "{to} {what} #{} \"{}\".{}",
                    stored.number,
                    stored.content.title,
                    quoted(note)
                ),
                link: &desk(base_url, &home, EditionDesk::Proposal(*id)),
                once: &format!("forward answered {}", after.forward.id),
            };
            let whom = deciders(tx.db(), &home, &open.call, after, tx.at()).await?;
            mail::notify(tx, home.id, whom, &notice).await?;
            Ok(())
        }
        End::Here { .. } => Ok(()),
        End::Away { partner, .. } => {
            let page = new.map(|new| {
                let path = model::address::Account::Proposal(&edition.slug, new.id).path();
                format!("{}{path}", base_url.trim_end_matches('/'))
            });
            let page = page.as_deref().and_then(|page| WebUrl::parse(page).ok());
            let message = Message::Answer { accepted: new.is_some(), note: note.clone(), page };
            deliver::queue(tx, *partner, Some(after.forward.id), &message).await
        }
    }
}

/// Tells authors whose proposal is of this record that the receiver did not take it.
async fn declined(
    tx: &Tx,
    after: &Stored,
    to: &Call,
    edition: &Edition,
    note: &RichText,
    base_url: &str,
) -> Result<()> {
    let End::Here { edition: home, proposal: Some(id), .. } = &after.forward.from else { return Ok(()) };
    let to = format!("{}, {}", to.name, edition.title);
    not_taken(tx, (*home, *id), after.forward.id, &to, note, base_url).await
}

/// See [`declined`].
async fn not_taken(
    tx: &Tx,
    (home, id): (EditionId, ProposalId),
    forward: ForwardId,
    to: &str,
    note: &RichText,
    base_url: &str,
) -> Result<()> {
    let Some(row) = edition::Entity::find_by_id(home.0).one(tx.db()).await? else { return Ok(()) };
    let home = rows::edition(&row)?;
    let Some(stored) = proposals::find(tx.db(), home.id, id).await? else { return Ok(()) };
    let authors = proposals::authors(tx.db(), id).await?;
    let text = format!(
        "{to} did not take \"{}\". It stays where it is, as it is: {}.{}",
        stored.content.title,
        stored.state.shown().to_lowercase(),
        quoted(note)
    );
    let about = format!("your proposal #{} was not taken", stored.number);
    let once = format!("forward declined {forward}");
    review::tell(tx, &home, &authors, (&about, &text), &once, base_url).await?;
    Ok(())
}

/// What another Plenary is told of a proposal. Authors who take part are named with the address at which they are invited;
/// those who were invited and have not answered, too.
async fn offer_of(
    db: &impl ConnectionTrait,
    content: &Content,
    form: Form,
    authors: &[Author],
) -> Result<Offer> {
    let mut named = vec![];
    for author in authors {
        let known = match author.account {
            Some(account) => crate::account::known(db, account).await?,
            None => None,
        };
        let email = known.as_ref().and_then(|known| known.email().cloned()).or(author.email.clone());
        // Whoever has no address cannot be invited, and stays behind.
        let Some(email) = email else { continue };
        let affiliation = known.map(|known| known.account.affiliation).unwrap_or_default();
        named.push(OfferedAuthor { name: author.name.clone(), email, affiliation, speaks: author.speaks });
    }
    // Files stay here: what names them means nothing elsewhere, and would open them to whoever asks for it.
    let is_file = |field: &Field| matches!(content.answers.get(&field.key), Some(Answer::File(_)));
    let of_files = |field: &Field| matches!(field.kind, FieldKind::File(_));
    let fields = form.fields.into_iter().filter(|field| !is_file(field) && !of_files(field)).collect();
    let mut answers = content.answers.clone();
    answers.retain(|_, answer| !matches!(answer, Answer::File(_)));
    let offer = Offer {
        title: content.title.clone(),
        summary: content.summary.clone(),
        minutes: content.minutes,
        fields,
        answers,
        authors: named,
    };
    offer.check()?;
    Ok(offer)
}

/// Who decides a call and has no conflict with what is passed on: those whose role is that, else its organisers.
async fn deciders(
    db: &impl ConnectionTrait,
    edition: &Edition,
    call: &Call,
    one: &Stored,
    now: Timestamp,
) -> Result<Vec<AccountId>> {
    let of_edition = Condition::any()
        .add(role_grant::Column::Edition.eq(edition.id.0))
        .add(role_grant::Column::Scope.is_in(["everywhere", "series"]));
    let rows = role_grant::Entity::find()
        .filter(role_grant::Column::RevokedAt.is_null())
        .filter(of_edition)
        .all(db)
        .await?;
    let place = calls::place(edition, call);
    let (mut asked, mut others) = (BTreeSet::new(), BTreeSet::new());
    for row in &rows {
        let grant = grant::grant_of(row)?;
        if grant.role.allows(Action::DecideProposals) && grant.holds(now) && grant.scope.covers(&place) {
            let to = if grant.role.is_asked_to_review() { &mut asked } else { &mut others };
            to.insert(grant.account);
        }
    }
    let whom = if asked.is_empty() { others } else { asked };
    if let (Some(home), Some(id)) = (one.forward.from.edition(), one.forward.from.proposal()) {
        let judge = Judge::of(db, home, whom.iter().copied(), &Over::These([id.0].into())).await?;
        return Ok(whom.into_iter().filter(|who| judge.is_clear(Some(*who), id)).collect());
    }
    let mut out = vec![];
    for who in whom {
        if conflicts(db, Some(who), one).await?.is_empty() {
            out.push(who);
        }
    }
    Ok(out)
}
