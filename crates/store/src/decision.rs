//! Decisions: applied together, told to the authors once, and, where a proposal is accepted, made a session.

use crate::{
    Error, Result, Store, account as accounts, call as calls, edition as editions,
    entity::{edition, proposal, speaker_account},
    load, mail, microconference,
    microconference::Acceptance,
    proposal as proposals,
    proposal::gone,
    review::{self, decidable},
    save::{self, upsert},
    tx::{Change, Tx},
    waiting::{Left, leave},
};
use model::{
    Refusal,
    call::{Call, CallKind, Late},
    edition::Edition,
    feed::{Actor, Deed},
    id::{AccountId, EditionId, PersonId, ProposalId, SessionId, TrackId},
    mail::{MailKind, Mailbox, NewMail},
    microconference::Format,
    permission::Subject,
    programme::{Participation, Person, Programme, Recording, Role, Session, Slugish},
    proposal::{Author, Decision, Proposal, State, Step},
    text::{Line, RichText, Slug},
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::json;
use uuid::Uuid;

/// What came of applying decisions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decided {
    /// The proposals, as they are now.
    pub proposals: Vec<Proposal>,
    /// How many mails to authors were queued.
    pub mails: usize,
}

impl Store {
    /// Applies what the committee prepared for these proposals, all of it or nothing: each gets its state, what is accepted
    /// becomes a session without a time, and every author is told once. `base_url` is the site's address. Refused when
    /// nothing is prepared for one of them, when the call has no place left, and with a conflict.
    pub async fn apply_decisions(
        &self,
        subject: &Subject,
        edition: &Edition,
        ids: &[ProposalId],
        base_url: &str,
    ) -> Result<Decided> {
        self.write(&subject.actor, async |tx| {
            editions::open(tx.db(), edition.id).await?;
            let mut out = Decided::default();
            for id in ids {
                let filed = decidable(tx, subject, edition, *id).await?;
                let stored = proposals::find(tx.db(), edition.id, *id).await?.ok_or_else(gone)?;
                let Some(decision) = stored.prepared else {
                    let problem = format!("nothing is prepared for #{}", stored.number);
                    return Err(Refusal::new("decision", problem, "Choose a decision for it first").into());
                };
                // Accepting one is taken back as a whole, and nothing else may go with it.
                let whole =
                    filed.open.call.kind == CallKind::Microconferences && decision.state().takes_place();
                if whole && ids.len() > 1 {
                    let problem =
                        format!("#{} is a microconference, which is accepted by itself", stored.number);
                    return Err(Refusal::new(
                        "decision",
                        problem,
                        "Apply it alone, or accept it on its page",
                    )
                    .into());
                }
                let how = How { decision, minutes: None };
                let (after, mails) = decide(tx, &subject.actor, edition, stored, how, base_url).await?;
                out.proposals.push(after);
                out.mails += mails;
            }
            Ok(out)
        })
        .await
    }

    /// Decides one proposal at once, as when there is one decision at a time; its authors are told.
    pub async fn decide_proposal(
        &self,
        subject: &Subject,
        edition: &Edition,
        id: ProposalId,
        decision: Decision,
        base_url: &str,
    ) -> Result<Proposal> {
        self.write(&subject.actor, async |tx| {
            editions::open(tx.db(), edition.id).await?;
            decidable(tx, subject, edition, id).await?;
            let stored = proposals::find(tx.db(), edition.id, id).await?.ok_or_else(gone)?;
            let how = How { decision, minutes: None };
            Ok(decide(tx, &subject.actor, edition, stored, how, base_url).await?.0)
        })
        .await
    }

    /// Cancels what was accepted, and its session with it: one that has a time stays on the programme, marked. The wait list
    /// moves up where the call says so. `base_url` is the site's address.
    pub async fn cancel_proposal(
        &self,
        subject: &Subject,
        edition: &Edition,
        id: ProposalId,
        base_url: &str,
    ) -> Result<Left> {
        self.write(&subject.actor, async |tx| {
            let filed = decidable(tx, subject, edition, id).await?;
            let stored = proposals::find(tx.db(), edition.id, id).await?.ok_or_else(gone)?;
            let call = &filed.open.call;
            let after = stored.clone().step(Step::Cancel, call, Late::No, 0, tx.at())?;
            leave(tx, &subject.actor, edition, call, (&stored, after), base_url).await
        })
        .await
    }
}

/// What is decided.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How {
    /// The decision.
    pub(crate) decision: Decision,
    /// How long it gets, where that is not as proposed: for a topic.
    pub(crate) minutes: Option<u16>,
}

/// Decides one proposal within a write.
pub(crate) async fn decide(
    tx: &Tx,
    actor: &Actor,
    edition: &Edition,
    stored: Proposal,
    how: How,
    base_url: &str,
) -> Result<(Proposal, usize)> {
    let open = calls::find(tx.db(), edition.id, stored.call).await?.ok_or_else(calls::gone)?;
    let authors = proposals::authors(tx.db(), stored.id).await?;
    let kind = open.call.kind;
    let step = Step::Decide(how.decision);
    let after = if kind == CallKind::Microconferences
        && how.decision.state().takes_place()
        && stored.session.is_none()
    {
        let format = (how.decision == Decision::Accept).then_some(Format::Full);
        let acceptance = Acceptance { format, closes: None };
        microconference::accept(tx, actor, edition, &open, (&stored, &acceptance), base_url).await?
    } else {
        if kind == CallKind::Microconferences
            && stored.session.is_some()
            && !how.decision.state().takes_place()
        {
            let problem = "it has its track, its block and its call for topics";
            let remedy = "Take the acceptance back on its page, or cancel it";
            return Err(Refusal::new("decision", problem, remedy).into());
        }
        let taken = places_taken(tx.db(), edition.id, &open.call, stored.id).await?;
        let mut after = stored.clone().step(step, &open.call, Late::No, taken, tx.at())?;
        match (after.state, after.session) {
            (State::Accepted, None) if kind.session_kind().is_some() => {
                after.session = Some(place(tx, edition.id, &open.call, &after, &authors, how.minutes).await?);
            }
            (State::Accepted, Some(_)) if kind == CallKind::Microconferences => {
                microconference::settle(tx, edition, &stored, Format::Full, base_url).await?;
            }
            (_, Some(session)) if kind == CallKind::Topics && !after.state.takes_place() => {
                after.session = None;
                microconference::drop_topic(tx, edition.id, &stored, session).await?;
            }
            _ => {}
        }
        after
    };
    if after.state.takes_place() {
        let by = (model::forward::Step::Cancel, actor);
        crate::forward::settle(tx, edition.id, &after, by).await?;
    }
    proposals::put(tx, edition.id, Some(&stored), Some(&after)).await?;
    let mails = tell(tx, edition, &open.call, &after, &authors, base_url).await?;
    Ok((after, mails))
}

/// Makes a session of what is accepted: of a topic within its microconference's block, with its time there.
async fn place(
    tx: &Tx,
    edition: EditionId,
    call: &Call,
    proposal: &Proposal,
    authors: &[Author],
    minutes: Option<u16>,
) -> Result<SessionId> {
    let track = call.track.or(proposal.content.tracks.first().copied());
    let mut about = NewSession { id: SessionId(Uuid::now_v7()), track, parent: None, part: None };
    if call.kind == CallKind::Topics {
        about.parent = microconference::take_topic(tx, edition, proposal, about.id, minutes).await?;
    }
    make_session(tx, edition, call, proposal, authors, about).await?;
    if about.parent.is_some() {
        microconference::lay_out_topics(tx, edition, call.id).await?;
    }
    Ok(about.id)
}

/// How many others take a place of the call.
pub(crate) async fn places_taken(
    db: &impl ConnectionTrait,
    edition: EditionId,
    call: &Call,
    but: ProposalId,
) -> Result<usize> {
    let taking = State::ALL.iter().filter(|state| state.takes_place()).map(|state| state.as_str());
    let taken = proposal::Entity::find()
        .filter(proposal::Column::Edition.eq(edition.0))
        .filter(proposal::Column::Call.eq(call.id.0))
        .filter(proposal::Column::Id.ne(but.0))
        .filter(proposal::Column::State.is_in(taking))
        .count(db)
        .await?;
    Ok(usize::try_from(taken).unwrap_or(usize::MAX))
}

/// Changes the working state of the programme within a write.
pub(crate) async fn change_programme<T>(
    tx: &Tx,
    edition: EditionId,
    rule: impl FnOnce(&mut Programme) -> Result<T, Refusal>,
) -> Result<T> {
    let before = load::load(tx.db(), edition::Column::Id.eq(edition.0))
        .await?
        .ok_or_else(|| Error::no_edition(edition))?;
    let mut programme = before.programme()?;
    let out = rule(&mut programme)?;
    programme.normalise();
    save::save(tx, Some(&before), &programme).await?;
    Ok(out)
}

/// Where a new session stands, and as what its authors take part.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewSession {
    /// Its identifier.
    pub(crate) id: SessionId,
    /// Its track.
    pub(crate) track: Option<TrackId>,
    /// The block that it is part of.
    pub(crate) parent: Option<SessionId>,
    /// The role of its authors; speakers and contributors, as each said, where none is given.
    pub(crate) part: Option<Role>,
}

/// Makes a session of an accepted proposal, with its authors as persons of the programme. Whose account is known on the
/// programme already is that person; nobody is guessed from a name.
pub(crate) async fn make_session(
    tx: &Tx,
    edition: EditionId,
    call: &Call,
    proposal: &Proposal,
    authors: &[Author],
    about: NewSession,
) -> Result<()> {
    let known = speaker_account::Entity::find()
        .filter(speaker_account::Column::Edition.eq(edition.0))
        .all(tx.db())
        .await?;
    let mut people = vec![];
    let mut fresh = vec![];
    for author in authors.iter().filter(|author| author.has_joined()) {
        let own = if author.speaks { Role::Speaker } else { Role::Contributor };
        let role = about.part.unwrap_or(own);
        let person = known
            .iter()
            .find(|row| author.account == Some(AccountId(row.account)))
            .map(|row| PersonId(row.person));
        let person = match (person, author.account) {
            (Some(person), _) => person,
            (None, Some(account)) => {
                // Also whoever is blocked stands on the programme: it says who speaks, not who signs in.
                let Some(known) = accounts::known(tx.db(), account).await? else { continue };
                let about = known.account;
                let id = PersonId(Uuid::now_v7());
                fresh.push((id, account, author.name.clone(), about.affiliation, about.biography));
                id
            }
            (None, None) => continue,
        };
        people.push(Participation { person, role });
    }
    let id = about.id;
    let content = &proposal.content;
    change_programme(tx, edition, |programme| {
        for (id, _, name, affiliation, biography) in &fresh {
            let taken = programme.persons.iter().map(|person| &person.slug);
            let slug = Slug::from_any(&[name.as_str()], "person", id.0).free_among(taken);
            programme.persons.push(Person {
                id: *id,
                slug,
                code: None,
                number: None,
                name: name.clone(),
                biography: biography.clone(),
                affiliation: affiliation.clone(),
                avatar: None,
                links: vec![],
            });
        }
        programme.sessions.push(Session {
            id,
            code: Slugish::from_id(id.0),
            kind: call.kind.session_kind().unwrap_or_default(),
            type_label: Line::default(),
            title: content.title.clone(),
            subtitle: Line::default(),
            summary: content.summary.clone(),
            description: RichText::default(),
            language: Line::default(),
            track: about.track,
            parent: about.parent,
            people: people.clone(),
            slots: vec![],
            links: vec![],
            logo: None,
            url: None,
            feedback_url: None,
            recording: Recording::default(),
        });
        Ok(())
    })
    .await?;
    for (person, account, ..) in fresh {
        let row = speaker_account::Model {
            id: Uuid::now_v7(),
            edition: edition.0,
            person: person.0,
            account: account.0,
        };
        let change = Change {
            kind: crate::audience::SPEAKER_KIND,
            thing: row.id,
            edition: Some(edition),
            deed: Deed::Created,
            before: None,
            after: Some(json!({ "person": row.person, "account": row.account })),
        };
        upsert::<speaker_account::Entity>(tx.db(), vec![row]).await?;
        tx.note(vec![change]).await?;
    }
    Ok(())
}

/// Tells every author what was decided, once for each decision.
pub(crate) async fn tell(
    tx: &Tx,
    edition: &Edition,
    call: &Call,
    proposal: &Proposal,
    authors: &[Author],
    base_url: &str,
) -> Result<usize> {
    let comments = review::told_with_decision(tx.db(), call, proposal.id).await?;
    let decision = proposal.state.shown().to_lowercase();
    let mut mails = vec![];
    for account in authors.iter().filter_map(|author| author.account) {
        let Some(known) = accounts::known(tx.db(), account).await? else { continue };
        let Some(email) = known.email() else { continue };
        let mut mail =
            NewMail::new(MailKind::Decision, Mailbox::new(&known.account.name, email)).about(edition.id);
        mail = mail
            .with("name", known.account.name.as_str())
            .with("title", proposal.content.title.as_str())
            .with("call", call.name.as_str())
            .with("decision", decision.as_str())
            .with("comments", comments.as_str())
            .with("link", proposals::own_page(base_url));
        mail.account = Some(account);
        // Decided again to the same, as after being wait-listed and declined in between, is told again.
        mail.once = Some(format!("decision {} {decision} {} {account}", proposal.id, tx.at()));
        mails.push(mail);
    }
    Ok(mail::queue(tx, mails).await?.queued.len())
}
