//! Proposals as their authors have them: drafts, revisions, co-authors, and the steps that authors take.
//!
//! **Only its authors read or write a proposal here.** What reviewers and the committee see of it comes from
//! [`crate::review`], which knows of conflicts.

use crate::{
    Error, Result, Store, access, account as accounts, call as calls,
    call::{Forms, OpenCall},
    content::note,
    edition as editions,
    entity::{author, edition, identity, proposal, proposal_revision, track},
    holding::Holding,
    mail::{self, Notice},
    microconference,
    rows::{self, json},
    save::upsert,
    tx::Tx,
    waiting::{Left, leave},
};
use jiff::Timestamp;
use model::{
    Refusal,
    address::Account as AccountPage,
    call::{Late, Stage},
    edition::Edition,
    email::Email,
    id::{AccountId, AuthorId, CallId, EditionId, ProposalId, SessionId, TrackId},
    mail::{MailKind, Mailbox, NewMail},
    permission::Subject,
    proposal::{Author, Confirmation, Content, Decision, Proposal, State, Step, check_authors},
    text::{Line, RichText},
    time::{from_micros, to_micros},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The most drafts and proposals of one person to one call.
const OWN_MAX: u64 = 40;

/// A proposal as its authors see it.
#[derive(Clone, Debug)]
pub struct OwnProposal {
    /// The edition.
    pub edition: Edition,
    /// The call, with the form that it asks now.
    pub open: OpenCall,
    /// The proposal.
    pub proposal: Proposal,
    /// Its authors in their order, those who were invited too.
    pub authors: Vec<Author>,
    /// The tracks of the edition.
    pub tracks: Vec<TrackId>,
}

/// A proposal in the list of somebody's own.
#[derive(Clone, Debug)]
pub struct OwnHead {
    /// The edition.
    pub edition: Edition,
    /// The call's name.
    pub call: Line,
    /// Which it is.
    pub id: ProposalId,
    /// Its number.
    pub number: u32,
    /// Its title; may be empty in a draft.
    pub title: Line,
    /// Where it stands.
    pub state: State,
    /// Whether they were invited to it and have not answered.
    pub invited: Option<AuthorId>,
}

/// A revision that was kept.
#[derive(Clone, Debug)]
pub struct Revision {
    /// Its number, from 1.
    pub number: u32,
    /// What the proposal said.
    pub content: Content,
    /// When it was saved.
    pub at: Timestamp,
}

/// What an author writes.
#[derive(Clone, Debug)]
pub struct Written {
    /// The proposal, as it is now.
    pub proposal: Proposal,
    /// Whether it was submitted by this.
    pub submitted: bool,
}

impl Store {
    /// What somebody proposes or was invited to propose with others, in all editions, the newest first. Five queries.
    pub async fn own_proposals(&self, account: AccountId) -> Result<Vec<OwnHead>> {
        let db = self.read().await?;
        let addresses = addresses_of(&db, account).await?;
        let mine = author::Entity::find()
            .filter(
                Condition::any().add(author::Column::Account.eq(account.0)).add(
                    Condition::all()
                        .add(author::Column::Account.is_null())
                        .add(author::Column::Email.is_in(addresses.iter().map(Email::as_str))),
                ),
            )
            .all(&db)
            .await?;
        let of: BTreeMap<Uuid, &author::Model> = mine.iter().map(|row| (row.proposal, row)).collect();
        let rows = proposal::Entity::find()
            .filter(proposal::Column::Id.is_in(of.keys().copied()))
            .order_by_desc(proposal::Column::ChangedAt)
            .order_by_desc(proposal::Column::Id)
            .all(&db)
            .await?;
        let editions = edition::Entity::find()
            .filter(edition::Column::Id.is_in(rows.iter().map(|row| row.edition)))
            .all(&db)
            .await?;
        let mut homes = BTreeMap::new();
        for row in &editions {
            homes.insert(row.id, (rows::edition(row)?, calls::calls(&db, EditionId(row.id)).await?));
        }
        db.commit().await?;
        let mut out = vec![];
        for row in rows {
            let Some((edition, open)) = homes.get(&row.edition) else { continue };
            let call = open.iter().find(|one| one.call.id.0 == row.call);
            let invited = of.get(&row.id).filter(|author| author.account.is_none());
            out.push(OwnHead {
                edition: edition.clone(),
                call: call.map(|one| one.call.name.clone()).unwrap_or_default(),
                id: ProposalId(row.id),
                number: u32::try_from(row.number).unwrap_or_default(),
                title: Line::clean(&row.title),
                state: state_of(&row)?,
                invited: invited.map(|author| AuthorId(author.id)),
            });
        }
        Ok(out)
    }

    /// A proposal of somebody's own; to others there is none.
    pub async fn own_proposal(
        &self,
        subject: &Subject,
        edition: EditionId,
        id: ProposalId,
    ) -> Result<Option<OwnProposal>> {
        let Some(account) = subject.account else { return Ok(None) };
        let db = self.read().await?;
        let own = own(&db, account, edition, id).await?;
        db.commit().await?;
        Ok(own)
    }

    /// The revisions of a proposal of somebody's own and the forms by which they were filed, the newest first. To others
    /// there are none.
    pub async fn own_revisions(
        &self,
        subject: &Subject,
        edition: EditionId,
        id: ProposalId,
    ) -> Result<(Vec<Revision>, Forms)> {
        let Some(own) = self.own_proposal(subject, edition, id).await? else {
            return Ok((vec![], Forms::new()));
        };
        let revisions = revisions(self.readers(), id).await?;
        Ok((revisions, self.call_forms(edition, own.open.call.id).await?))
    }

    /// Begins a proposal as a draft, or submits it at once where `submit` holds the access code that was typed, which may be
    /// empty. `content` was read by the present form.
    pub async fn begin_proposal(
        &self,
        subject: &Subject,
        edition: EditionId,
        call: CallId,
        content: &Content,
        submit: Option<&str>,
    ) -> Result<Written> {
        let account = signed_in(subject)?;
        self.write(&subject.actor, async |tx| {
            let home = rows::edition(&editions::open(tx.db(), edition).await?)?;
            let open = calls::find(tx.db(), edition, call).await?.ok_or_else(calls::gone)?;
            // One may begin a draft before the call opens, not of one that nobody has heard of.
            if open.call.phase(tx.at()) == model::call::Phase::Hidden {
                return Err(calls::gone());
            }
            let submit = match submit {
                Some(code) => Some(access::right(tx, edition, call, code).await?.unwrap_or(Late::No)),
                None => None,
            };
            let me = accounts::active(tx.db(), account).await?;
            let own = author::Entity::find()
                .filter(author::Column::Account.eq(account.0))
                .filter(author::Column::Edition.eq(edition.0))
                .count(tx.db())
                .await?;
            if own >= OWN_MAX {
                let problem = format!("you have {own} proposals and drafts in this edition");
                return Err(Refusal::new("proposal", problem, "Delete drafts that you do not need").into());
            }
            let begun = Proposal {
                id: ProposalId(Uuid::now_v7()),
                call,
                number: next_number(tx.db(), edition).await?,
                state: State::Draft,
                content: content.clone(),
                revision: 1,
                created: tx.at(),
                changed: tx.at(),
                submitted: None,
                prepared: None,
                session: None,
                confirmation: None,
            };
            let tracks = tracks(tx.db(), edition).await?;
            let submitted = submit.is_some();
            let begun = finish(begun, &open, &tracks, submit, tx.at())?;
            put(tx, edition, None, Some(&begun)).await?;
            let first = Author {
                id: AuthorId(Uuid::now_v7()),
                account: Some(account),
                name: me.name.clone(),
                email: None,
                speaks: true,
            };
            put_author(tx, edition, begun.id, None, Some((&first, 0))).await?;
            if submitted {
                receipt(tx, &home, &begun, account).await?;
            }
            Ok(Written { proposal: begun, submitted })
        })
        .await
    }

    /// Saves what an author wrote: `rule` gets the proposal as it is and answers with what it says now. Where `submit`
    /// holds the access code that was typed, which may be empty, it is submitted too. What was submitted before must stay complete.
    pub async fn revise_proposal(
        &self,
        subject: &Subject,
        edition: EditionId,
        id: ProposalId,
        submit: Option<&str>,
        rule: impl FnOnce(&OwnProposal) -> Result<Content, Refusal> + Send,
    ) -> Result<Written> {
        let account = signed_in(subject)?;
        self.write(&subject.actor, async |tx| {
            editions::open(tx.db(), edition).await?;
            let own = own(tx.db(), account, edition, id).await?.ok_or_else(gone)?;
            let content = rule(&own)?;
            let revised = own.proposal.clone().revise(content, &own.open.call, tx.at())?;
            let submit = match submit.filter(|_| matches!(revised.state, State::Draft | State::Withdrawn)) {
                Some(code) => {
                    let right = access::right(tx, edition, own.open.call.id, code).await?;
                    Some(right.unwrap_or(Late::Began))
                }
                None => None,
            };
            let after = finish(revised, &own.open, &own.tracks, submit, tx.at())?;
            put(tx, edition, Some(&own.proposal), Some(&after)).await?;
            if submit.is_some() {
                receipt(tx, &own.edition, &after, account).await?;
            }
            Ok(Written { proposal: after, submitted: submit.is_some() })
        })
        .await
    }

    /// Confirms that the authors come.
    pub async fn confirm_proposal(
        &self,
        subject: &Subject,
        edition: EditionId,
        id: ProposalId,
        said: impl FnOnce(Timestamp) -> Confirmation + Send,
    ) -> Result<Proposal> {
        let account = signed_in(subject)?;
        self.write(&subject.actor, async |tx| {
            let own = own(tx.db(), account, edition, id).await?.ok_or_else(gone)?;
            let step = Step::Confirm(said(tx.at()));
            let after = own.proposal.clone().step(step, &own.open.call, Late::No, 0, tx.at())?;
            put(tx, edition, Some(&own.proposal), Some(&after)).await?;
            Ok(after)
        })
        .await
    }

    /// Takes a proposal back, and its session with it: one that has a time stays on the programme, marked as cancelled. The
    /// wait list moves up where the call says so. `base_url` is the site's address.
    pub async fn withdraw_proposal(
        &self,
        subject: &Subject,
        edition: EditionId,
        id: ProposalId,
        base_url: &str,
    ) -> Result<Left> {
        let account = signed_in(subject)?;
        self.write(&subject.actor, async |tx| {
            let own = own(tx.db(), account, edition, id).await?.ok_or_else(gone)?;
            let call = &own.open.call;
            let after = own.proposal.clone().step(Step::Withdraw, call, Late::No, 0, tx.at())?;
            let by = (model::forward::Step::Refuse, &subject.actor);
            crate::forward::settle(tx, edition, &after, by).await?;
            leave(tx, &subject.actor, &own.edition, call, (&own.proposal, after), base_url).await
        })
        .await
    }

    /// Deletes a draft that nobody but its authors has seen.
    pub async fn delete_draft(&self, subject: &Subject, edition: EditionId, id: ProposalId) -> Result<()> {
        let account = signed_in(subject)?;
        self.write(&subject.actor, async |tx| {
            let own = own(tx.db(), account, edition, id).await?.ok_or_else(gone)?;
            if own.proposal.state != State::Draft {
                return Err(Refusal::new("proposal", "it was submitted", "Withdraw it instead").into());
            }
            for author in &own.authors {
                put_author(tx, edition, id, Some(author), None).await?;
            }
            crate::microconference::forget(tx, edition, id).await?;
            crate::idea::release(tx, edition, id).await?;
            proposal_revision::Entity::delete_many()
                .filter(proposal_revision::Column::Proposal.eq(id.0))
                .exec(tx.db())
                .await?;
            put(tx, edition, Some(&own.proposal), None).await
        })
        .await
    }

    /// Invites somebody to propose it with the present authors, and mails them. They take part once they have accepted;
    /// until then the name stands there alone. `base_url` is the site's address.
    pub async fn invite_author(
        &self,
        subject: &Subject,
        edition: EditionId,
        id: ProposalId,
        (name, email, speaks): (&Line, &Email, bool),
        base_url: &str,
    ) -> Result<Author> {
        let account = signed_in(subject)?;
        self.write(&subject.actor, async |tx| {
            let own = own(tx.db(), account, edition, id).await?.ok_or_else(gone)?;
            let mut after = own.authors.clone();
            let invited = Author {
                id: AuthorId(Uuid::now_v7()),
                account: None,
                name: name.clone(),
                email: Some(email.clone()),
                speaks,
            };
            if invited.name.is_empty() {
                return Err(Refusal::new("name", "it is empty", "Say how they are called").into());
            }
            after.push(invited.clone());
            check_authors(&after)?;
            let position = i32::try_from(after.len()).unwrap_or(i32::MAX);
            put_author(tx, edition, id, None, Some((&invited, position))).await?;
            let me = accounts::active(tx.db(), account).await?;
            let mut mail = NewMail::new(MailKind::CoAuthor, Mailbox::new(name, email)).about(edition);
            mail = mail
                .with("name", name.as_str())
                .with("inviter", me.name.as_str())
                .with("title", own.proposal.content.title.non_empty().unwrap_or("(no title yet)"))
                .with("call", own.open.call.name.as_str())
                .with("link", own_page(base_url));
            mail.once = Some(format!("author {} {email}", id.0));
            mail::queue(tx, vec![mail]).await?;
            Ok(invited)
        })
        .await
    }

    /// Takes an author, or one who was invited, from a proposal. The last one who takes part stays.
    pub async fn remove_author(
        &self,
        subject: &Subject,
        edition: EditionId,
        id: ProposalId,
        which: AuthorId,
    ) -> Result<Author> {
        let account = signed_in(subject)?;
        self.write(&subject.actor, async |tx| {
            let own = own(tx.db(), account, edition, id).await?.ok_or_else(gone)?;
            let gone = own.authors.iter().find(|author| author.id == which);
            let gone =
                gone.ok_or_else(|| Refusal::new("author", "is not among them any more", "Look again"))?;
            let after: Vec<Author> =
                own.authors.iter().filter(|author| author.id != which).cloned().collect();
            check_authors(&after)?;
            put_author(tx, edition, id, Some(gone), None).await?;
            if let Some(account) = gone.account.filter(|_| own.proposal.state.is_filed()) {
                crate::review::stays_conflicted(tx, edition, id, account).await?;
            }
            let left: Vec<AccountId> = gone.account.into_iter().collect();
            microconference::stop_leading(tx, &subject.actor, edition, id, &left).await?;
            Ok(gone.clone())
        })
        .await
    }

    /// Accepts or declines an invitation to a proposal, as whoever has proved the address that was invited.
    pub async fn answer_invitation(
        &self,
        subject: &Subject,
        which: AuthorId,
        accept: bool,
    ) -> Result<ProposalId> {
        let account = signed_in(subject)?;
        self.write(&subject.actor, async |tx| {
            let none = || Refusal::new("invitation", "it is not there any more", "Ask whoever invited you");
            let row = author::Entity::find_by_id(which.0).one(tx.db()).await?.ok_or_else(none)?;
            let before = author_of(&row)?;
            let addresses = addresses_of(tx.db(), account).await?;
            let for_me = before.account.is_none()
                && before.email.as_ref().is_some_and(|email| addresses.contains(email));
            if !for_me {
                return Err(none().into());
            }
            let (edition, id) = (EditionId(row.edition), ProposalId(row.proposal));
            if accept {
                let after = Author { account: Some(account), ..before.clone() };
                let all: Vec<Author> = authors(tx.db(), id)
                    .await?
                    .into_iter()
                    .map(|author| if author.id == which { after.clone() } else { author })
                    .collect();
                check_authors(&all)?;
                put_author(tx, edition, id, Some(&before), Some((&after, row.position))).await?;
                let number = find(tx.db(), edition, id).await?.map(|one| one.number).unwrap_or_default();
                microconference::let_lead(tx, &subject.actor, edition, (id, number), account).await?;
            } else {
                put_author(tx, edition, id, Some(&before), None).await?;
            }
            Ok(id)
        })
        .await
    }
}

/// The account of somebody who may write.
pub(crate) fn signed_in(subject: &Subject) -> Result<AccountId> {
    subject.may_write()?;
    let nobody = || Refusal::new("account", "you are not signed in", "Sign in first");
    Ok(subject.account.ok_or_else(nobody)?)
}

/// A proposal that was written: complete where it is or becomes submitted.
fn finish(
    written: Proposal,
    open: &OpenCall,
    tracks: &[TrackId],
    submit: Option<Late>,
    now: Timestamp,
) -> Result<Proposal> {
    let filed = submit.is_some() || written.state.is_filed();
    let stage = if filed { Stage::Submitted } else { Stage::Draft };
    written.content.check(&open.call, &open.form, tracks, stage).map_err(|mut wrong| wrong.swap_remove(0))?;
    match submit {
        Some(late) => Ok(written.step(Step::Submit, &open.call, late, 0, now)?),
        None => Ok(written),
    }
}

/// Tells the author that it has arrived.
async fn receipt(tx: &Tx, edition: &Edition, proposal: &Proposal, account: AccountId) -> Result<()> {
    let notice = Notice {
        subject: &format!("your proposal #{} has arrived", proposal.number),
        body: &format!(
            "\"{}\" was submitted. You can change it at any time; the committee sees what changed.",
            proposal.content.title
        ),
        link: "",
        once: &format!("submitted {} {}", proposal.id, proposal.revision),
    };
    mail::notify(tx, edition.id, vec![account], &notice).await?;
    Ok(())
}

/// The page of somebody's own proposals, where invitations are answered.
pub(crate) fn own_page(base_url: &str) -> String {
    format!("{}{}", base_url.trim_end_matches('/'), AccountPage::Proposals.path())
}

pub(crate) fn gone() -> Error {
    Refusal::new("proposal", "it is not there any more", "Look in the list of proposals").into()
}

/// A proposal, if that account is among its authors.
pub(crate) async fn own(
    db: &impl ConnectionTrait,
    account: AccountId,
    edition: EditionId,
    id: ProposalId,
) -> Result<Option<OwnProposal>> {
    let authors = authors(db, id).await?;
    if authors.iter().all(|author| author.account != Some(account)) {
        return Ok(None);
    }
    let Some(proposal) = find(db, edition, id).await? else { return Ok(None) };
    let open = calls::find(db, edition, proposal.call).await?.ok_or_else(calls::gone)?;
    let home =
        edition::Entity::find_by_id(edition.0).one(db).await?.ok_or_else(|| Error::no_edition(edition))?;
    let tracks = tracks(db, edition).await?;
    Ok(Some(OwnProposal { edition: rows::edition(&home)?, open, proposal, authors, tracks }))
}

pub(crate) async fn find(
    db: &impl ConnectionTrait,
    edition: EditionId,
    id: ProposalId,
) -> Result<Option<Proposal>> {
    let row =
        proposal::Entity::find_by_id(id.0).filter(proposal::Column::Edition.eq(edition.0)).one(db).await?;
    row.as_ref().map(proposal_of).transpose()
}

/// The number of the next proposal of an edition.
pub(crate) async fn next_number(db: &impl ConnectionTrait, edition: EditionId) -> Result<u32> {
    let newest: Option<i32> = proposal::Entity::find()
        .select_only()
        .column_as(proposal::Column::Number.max(), "newest")
        .filter(proposal::Column::Edition.eq(edition.0))
        .into_tuple::<Option<i32>>()
        .one(db)
        .await?
        .flatten();
    Ok(u32::try_from(newest.unwrap_or_default()).unwrap_or_default() + 1)
}

/// The authors of a proposal, in their order.
pub(crate) async fn authors(db: &impl ConnectionTrait, id: ProposalId) -> Result<Vec<Author>> {
    let rows = author::Entity::find()
        .filter(author::Column::Proposal.eq(id.0))
        .order_by_asc(author::Column::Position)
        .order_by_asc(author::Column::Id)
        .all(db)
        .await?;
    rows.iter().map(author_of).collect()
}

/// The revisions of a proposal, the newest first.
pub(crate) async fn revisions(db: &impl ConnectionTrait, id: ProposalId) -> Result<Vec<Revision>> {
    let rows = proposal_revision::Entity::find()
        .filter(proposal_revision::Column::Proposal.eq(id.0))
        .order_by_desc(proposal_revision::Column::Revision)
        .all(db)
        .await?;
    rows.iter()
        .map(|row| {
            let damaged = |error: &dyn std::fmt::Display| {
                Error::damaged(format!("revision {} of proposal {}", row.revision, row.proposal), error)
            };
            Ok(Revision {
                number: u32::try_from(row.revision).map_err(|error| damaged(&error))?,
                content: serde_json::from_str(&row.content).map_err(|error| damaged(&error))?,
                at: from_micros(row.at).ok_or_else(|| damaged(&"no such instant"))?,
            })
        })
        .collect()
}

/// The tracks of an edition.
async fn tracks(db: &impl ConnectionTrait, edition: EditionId) -> Result<Vec<TrackId>> {
    let ids: Vec<Uuid> = track::Entity::find()
        .select_only()
        .column(track::Column::Id)
        .filter(track::Column::Edition.eq(edition.0))
        .into_tuple()
        .all(db)
        .await?;
    Ok(ids.into_iter().map(TrackId).collect())
}

/// The proved addresses of somebody.
pub(crate) async fn addresses_of(db: &impl ConnectionTrait, account: AccountId) -> Result<Vec<Email>> {
    let rows = identity::Entity::find()
        .filter(identity::Column::Account.eq(account.0))
        .filter(identity::Column::Kind.eq("email"))
        .all(db)
        .await?;
    Ok(rows.iter().filter_map(|row| Email::parse(&row.subject).ok()).collect())
}

/// Makes a proposal what `after` says, keeps its revision, and notes it.
pub(crate) async fn put(
    tx: &Tx,
    edition: EditionId,
    before: Option<&Proposal>,
    after: Option<&Proposal>,
) -> Result<()> {
    let Some(id) = after.or(before).map(|one| one.id) else { return Ok(()) };
    if before == after {
        return Ok(());
    }
    if let Some(after) = after {
        upsert::<proposal::Entity>(tx.db(), vec![row_of(edition, after)?]).await?;
        if before.is_none_or(|before| before.revision != after.revision) {
            let row = proposal_revision::Model {
                proposal: id.0,
                revision: small(after.revision),
                content: json(&after.content)?,
                at: to_micros(tx.at()),
            };
            upsert::<proposal_revision::Entity>(tx.db(), vec![row]).await?;
        }
    } else {
        proposal::Entity::delete_by_id(id.0).exec(tx.db()).await?;
    }
    let (before, after) = (before.map(said), after.map(said));
    note(tx, (ProposalId::KIND, id.0), edition, before.as_ref(), after.as_ref()).await
}

/// Makes an author what `after` says, and notes it.
pub(crate) async fn put_author(
    tx: &Tx,
    edition: EditionId,
    proposal: ProposalId,
    before: Option<&Author>,
    after: Option<(&Author, i32)>,
) -> Result<()> {
    let Some(id) = after.map(|(after, _)| after.id).or(before.map(|before| before.id)) else { return Ok(()) };
    match after {
        Some((after, position)) => {
            let row = author::Model {
                edition: edition.0,
                id: id.0,
                proposal: proposal.0,
                account: after.account.map(|account| account.0),
                name: after.name.to_string(),
                email: after.email.as_ref().map(ToString::to_string),
                speaks: after.speaks,
                position,
            };
            upsert::<author::Entity>(tx.db(), vec![row]).await?;
        }
        None => {
            author::Entity::delete_by_id(id.0).exec(tx.db()).await?;
        }
    }
    let said =
        |author: &Author| author_said(proposal.0, author.account.map(|account| account.0), author.speaks);
    let (before, after) = (before.map(said), after.map(|(after, _)| said(after)));
    note(tx, (AuthorId::KIND, id.0), edition, before.as_ref(), after.as_ref()).await
}

/// What the feed says of a proposal: where it stands, and nothing that it says. Its texts stand in its revisions, which
/// only those read who may; what the committee prepares is not for the log at all.
pub(crate) fn said(proposal: &Proposal) -> Value {
    // That a review was begun stands beside the entry of that review, and would tell whose it is.
    let state = if proposal.state == State::UnderReview { State::Submitted } else { proposal.state };
    json!({
        "call": proposal.call,
        "number": proposal.number,
        "state": state,
        "revision": proposal.revision,
        "session": proposal.session,
        "confirmed": proposal.confirmation.is_some(),
    })
}

/// What the feed says of an author.
pub(crate) fn author_said(proposal: Uuid, account: Option<Uuid>, speaks: bool) -> Value {
    json!({ "proposal": proposal, "account": account, "speaks": speaks })
}

fn small(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn row_of(edition: EditionId, one: &Proposal) -> Result<proposal::Model> {
    Ok(proposal::Model {
        edition: edition.0,
        id: one.id.0,
        call: one.call.0,
        number: small(one.number),
        state: one.state.as_str().to_owned(),
        title: one.content.title.to_string(),
        summary: one.content.summary.to_string(),
        minutes: one.content.minutes.map(i32::from),
        tracks: json(&one.content.tracks)?,
        form: small(one.content.form),
        answers: json(&one.content.answers)?,
        revision: small(one.revision),
        created_at: to_micros(one.created),
        changed_at: to_micros(one.changed),
        submitted_at: one.submitted.map(to_micros),
        prepared: one.prepared.map(|decision| decision.as_str().to_owned()),
        session: one.session.map(|session| session.0),
        confirmation: one.confirmation.as_ref().map(json).transpose()?,
    })
}

fn state_of(row: &proposal::Model) -> Result<State> {
    State::parse(&row.state).ok_or_else(|| Error::damaged(format!("proposal {}", row.id), "no such state"))
}

/// The proposal of a row.
pub(crate) fn proposal_of(row: &proposal::Model) -> Result<Proposal> {
    let damaged = |error: &dyn std::fmt::Display| Error::damaged(format!("proposal {}", row.id), error);
    let instant = |micros: i64| from_micros(micros).ok_or_else(|| damaged(&"no such instant"));
    let number = |number: i32| u32::try_from(number).map_err(|error| damaged(&error));
    let minutes = row.minutes.map(u16::try_from).transpose().map_err(|error| damaged(&error))?;
    Ok(Proposal {
        id: ProposalId(row.id),
        call: CallId(row.call),
        number: number(row.number)?,
        state: state_of(row)?,
        content: Content {
            title: Line::clean(&row.title),
            summary: RichText::clean(&row.summary),
            minutes,
            tracks: serde_json::from_str(&row.tracks).map_err(|error| damaged(&error))?,
            form: number(row.form)?,
            answers: serde_json::from_str(&row.answers).map_err(|error| damaged(&error))?,
        },
        revision: number(row.revision)?,
        created: instant(row.created_at)?,
        changed: instant(row.changed_at)?,
        submitted: row.submitted_at.map(instant).transpose()?,
        prepared: row.prepared.as_deref().and_then(Decision::parse),
        session: row.session.map(SessionId),
        confirmation: row
            .confirmation
            .as_deref()
            .map(serde_json::from_str)
            .transpose()
            .map_err(|error| damaged(&error))?,
    })
}

pub(crate) fn author_of(row: &author::Model) -> Result<Author> {
    let email = row.email.as_deref().map(Email::parse).transpose();
    Ok(Author {
        id: AuthorId(row.id),
        account: row.account.map(AccountId),
        name: Line::clean(&row.name),
        email: email.map_err(|refusal| Error::damaged(format!("author {}", row.id), refusal))?,
        speaks: row.speaks,
    })
}

impl Holding for author::Entity {
    const KIND: &'static str = AuthorId::KIND;
    const ACCOUNT: Self::Column = author::Column::Account;
    const ID: Self::Column = author::Column::Id;

    fn id(row: &author::Model) -> Uuid {
        row.id
    }

    fn edition(row: &author::Model) -> Option<EditionId> {
        Some(EditionId(row.edition))
    }

    fn fact(row: &author::Model) -> Result<Value> {
        Ok(author_said(row.proposal, row.account, row.speaks))
    }

    fn of_account(row: author::Model, account: Uuid) -> author::Model {
        author::Model { account: Some(account), ..row }
    }

    /// Where both are authors, one is enough.
    fn stays(row: &author::Model, others: &[author::Model]) -> bool {
        others.iter().any(|other| other.proposal == row.proposal)
    }

    /// What was submitted to the conference stays with it, without the person.
    fn kept(row: author::Model, _at: Timestamp, _by: &str) -> Option<author::Model> {
        Some(author::Model { account: None, email: None, ..row })
    }
}

/// What the rows hold, in the feed's words, for [`crate::verify()`]; broken invariants go to `broken`.
pub(crate) async fn state(
    db: &DatabaseTransaction,
    state: &mut BTreeMap<(Option<Uuid>, String, Uuid), Value>,
    broken: &mut Vec<String>,
) -> Result<()> {
    for row in proposal::Entity::find().all(db).await? {
        let one = proposal_of(&row)?;
        let kept = proposal_revision::Entity::find_by_id((row.id, row.revision)).one(db).await?;
        if kept.is_none_or(|kept| {
            serde_json::from_str::<Content>(&kept.content).ok().as_ref() != Some(&one.content)
        }) {
            broken.push(format!("proposal {}: revision {} is not what it says", row.id, row.revision));
        }
        if one.state.is_filed() != one.submitted.is_some() {
            broken.push(format!("proposal {}: it is {} and has no fitting time", row.id, one.state));
        }
        state.insert((Some(row.edition), ProposalId::KIND.to_owned(), row.id), said(&one));
    }
    for row in author::Entity::find().all(db).await? {
        let said = author_said(row.proposal, row.account, row.speaks);
        state.insert((Some(row.edition), AuthorId::KIND.to_owned(), row.id), said);
    }
    crate::microconference::state(db, state, broken).await?;
    crate::idea::state(db, state).await?;
    crate::access::state(db, state).await?;
    crate::question::state(db, state).await?;
    crate::opening::state(db, state).await?;
    crate::partner::state(db, state).await?;
    crate::forward::state(db, state, broken).await?;
    crate::review::state(db, state).await?;
    crate::bid::state(db, state).await?;
    crate::assignment::state(db, state).await?;
    crate::sitting::state(db, state).await
}
