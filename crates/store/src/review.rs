//! Proposals as reviewers and the committee see them: reviews, comments, conflicts, decisions.
//!
//! **Whoever has a conflict with a proposal gets nothing of its reviews from here**: no scores, no comments, no reviewers,
//! no place in an order made by scores, no prepared decision, and no count that tells whether there are any. Every function
//! that reads for a [`Subject`] finds the conflicts itself; none takes them from its caller. Whoever only reviews a blind call
//! learns no author.

pub(crate) mod export;
pub(crate) mod filed;
pub(crate) mod judge;

use crate::{
    Error, Result, Store, call as calls,
    call::{Forms, OpenCall},
    content::note,
    edition as editions,
    entity::{account, proposal, proposal_comment, review, review_conflict},
    holding::Holding,
    mail::{self, Notice},
    proposal as proposals,
    proposal::{gone, proposal_of},
    reply,
    rows::json,
    save::upsert,
    tx::Tx,
};
use jiff::Timestamp;
use judge::{Judge, Over};
use model::{
    Refusal,
    call::{CommentTime, Naming},
    conflict::Conflict,
    edition::Edition,
    id::{AccountId, CommentId, EditionId, ProposalId},
    permission::{Action, Subject},
    proposal::{Author, Decision, Proposal, Step},
    review::Review,
    text::{Line, RichText},
    time::{from_micros, to_micros},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The words for these in the feed.
pub(crate) const KIND: &str = "review";
pub(crate) const CONFLICT_KIND: &str = "review-conflict";

/// How far somebody's own review is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mine {
    /// Whether it counts.
    pub submitted: bool,
    /// Whether the proposal has changed since.
    pub stale: bool,
}

/// A proposal at the desk, as far as whoever asks may know it.
#[derive(Clone, Debug)]
pub struct Filed {
    /// The call with its present form.
    pub open: OpenCall,
    /// Every version of its form.
    pub forms: Forms,
    /// The proposal; without what is prepared where that is not to be known.
    pub proposal: Proposal,
    /// Its revisions, the newest first.
    pub revisions: Vec<proposals::Revision>,
    /// Its authors, unless they are not to be known.
    pub authors: Option<Vec<Author>>,
    /// Why whoever asks must not review it.
    pub conflicts: Vec<Conflict>,
    /// Whether they declared a conflict themselves, which they may take back.
    pub declared: bool,
    /// The submitted reviews with their writers' names; none where there is a conflict.
    pub reviews: Vec<(Line, Review)>,
    /// The own review, draft or not.
    pub mine: Option<Review>,
    /// What was said about it; none where there is a conflict.
    pub comments: Vec<Comment>,
    /// Whether they may decide it.
    pub may_decide: bool,
    /// Whether they may review it: they have the role, and no conflict.
    pub may_review: bool,
}

/// Something that was said about a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Which it is.
    pub id: CommentId,
    /// Who said it; empty for somebody who has no account any more.
    pub by: Line,
    /// Whether an author said it.
    pub by_author: bool,
    /// When.
    pub at: Timestamp,
    /// Whether the authors read it.
    pub to_authors: bool,
    /// Whether it came by mail.
    pub by_mail: bool,
    /// What.
    pub body: RichText,
}

impl Store {
    /// One proposal at the desk; `None` for drafts, and for those who may not read its call. A constant number of queries.
    pub async fn filed_proposal(
        &self,
        subject: &Subject,
        edition: &Edition,
        id: ProposalId,
    ) -> Result<Option<Filed>> {
        let db = self.read().await?;
        let out = one(&db, subject, edition, id, self.now()).await?;
        db.commit().await?;
        Ok(out)
    }

    /// What reviewers and the committee said to the authors of a proposal: for one of them. Comments that wait for the
    /// decision are not among them before it.
    pub async fn comments_to_authors(
        &self,
        subject: &Subject,
        edition: EditionId,
        id: ProposalId,
    ) -> Result<Vec<Comment>> {
        let Some(own) = self.own_proposal(subject, edition, id).await? else { return Ok(vec![]) };
        let policy = own.open.call.reviewing.comments;
        let decided = own.proposal.state.is_decided();
        let db = self.read().await?;
        let authors: BTreeSet<AccountId> = own.authors.iter().filter_map(|author| author.account).collect();
        let mut out = comments(&db, id, &authors).await?;
        out.retain(|comment| {
            comment.to_authors && (comment.by_author || policy == CommentTime::AtOnce || decided)
        });
        if policy == CommentTime::AtOnce || decided {
            let reviews = review::Entity::find()
                .filter(review::Column::Proposal.eq(id.0))
                .filter(review::Column::Submitted.eq(true))
                .filter(review::Column::ToAuthors.ne(""))
                .all(&db)
                .await?;
            for row in reviews {
                let review = review_of(&row)?;
                out.push(Comment {
                    id: CommentId(row.id),
                    by: Line::from("A reviewer"),
                    by_author: false,
                    at: review.at,
                    to_authors: true,
                    by_mail: false,
                    body: review.to_authors,
                });
            }
        }
        db.commit().await?;
        // Authors never learn who reviews.
        for comment in out.iter_mut().filter(|comment| !comment.by_author) {
            comment.by = Line::from("The reviewers");
        }
        out.sort_by_key(|comment| comment.at);
        Ok(out)
    }

    /// Writes one's own review: `rule` gets the present one and answers with the new one. Refused with a conflict.
    pub async fn put_review(
        &self,
        subject: &Subject,
        edition: &Edition,
        id: ProposalId,
        rule: impl FnOnce(Option<&Review>, &OpenCall) -> Result<Review, Refusal> + Send,
    ) -> Result<Review> {
        self.write(&subject.actor, async |tx| {
            subject.may_write()?;
            editions::open(tx.db(), edition.id).await?;
            let filed = one(tx.db(), subject, edition, id, tx.at()).await?.ok_or_else(gone)?;
            let me = reviewer(subject, &filed)?;
            if !filed.proposal.state.is_undecided() && filed.mine.is_none() {
                let problem = format!("the proposal is {}", filed.proposal.state.shown().to_lowercase());
                return Err(Refusal::new("review", problem, "Nothing is to be reviewed here any more").into());
            }
            let wanted = rule(filed.mine.as_ref(), &filed.open)?;
            let review = Review {
                proposal: id,
                reviewer: me,
                revision: filed.proposal.revision,
                at: tx.at(),
                // What counts goes on counting: it can be changed, not hidden again.
                submitted: wanted.submitted || filed.mine.as_ref().is_some_and(|mine| mine.submitted),
                ..wanted
            };
            review.check(&filed.open.call.reviewing.criteria)?;
            let before = review::Entity::find()
                .filter(review::Column::Proposal.eq(id.0))
                .filter(review::Column::Account.eq(me.0))
                .one(tx.db())
                .await?;
            let row = review::Model {
                edition: edition.id.0,
                id: before.as_ref().map_or_else(Uuid::now_v7, |row| row.id),
                proposal: id.0,
                account: me.0,
                revision: i32::try_from(review.revision).unwrap_or(i32::MAX),
                scores: json(&review.scores)?,
                to_committee: review.to_committee.to_string(),
                to_authors: review.to_authors.to_string(),
                submitted: review.submitted,
                at: to_micros(review.at),
            };
            upsert::<review::Entity>(tx.db(), vec![row.clone()]).await?;
            note(tx, (KIND, row.id), edition.id, before.as_ref().map(said).as_ref(), Some(&said(&row)))
                .await?;
            let taken_up = filed.proposal.clone().step(
                Step::TakeUp,
                &filed.open.call,
                model::call::Late::No,
                0,
                tx.at(),
            )?;
            if taken_up.state != filed.proposal.state {
                let stored = proposals::find(tx.db(), edition.id, id).await?.ok_or_else(gone)?;
                let after = Proposal { state: taken_up.state, ..stored.clone() };
                proposals::put(tx, edition.id, Some(&stored), Some(&after)).await?;
            }
            Ok(review)
        })
        .await
    }

    /// Says something about a proposal, to the committee or to its authors, who get a mail. Authors write to the reviewers
    /// by the same way. Refused with a conflict.
    pub async fn comment_proposal(
        &self,
        subject: &Subject,
        edition: &Edition,
        id: ProposalId,
        (to_authors, body): (bool, &RichText),
        base_url: &str,
    ) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            subject.may_write()?;
            editions::open(tx.db(), edition.id).await?;
            let account = subject.account;
            let all = proposals::authors(tx.db(), id).await?;
            let is_author = account.is_some() && all.iter().any(|author| author.account == account);
            if body.is_empty() {
                return Err(Refusal::new("comment", "it is empty", "Write something").into());
            }
            let stored = proposals::find(tx.db(), edition.id, id).await?.ok_or_else(gone)?;
            let policy = if is_author {
                CommentTime::AtOnce
            } else {
                let filed = one(tx.db(), subject, edition, id, tx.at()).await?.ok_or_else(gone)?;
                reviewer(subject, &filed)?;
                filed.open.call.reviewing.comments
            };
            let row = proposal_comment::Model {
                edition: edition.id.0,
                id: Uuid::now_v7(),
                proposal: id.0,
                account: account.map(|account| account.0),
                at: to_micros(tx.at()),
                to_authors: to_authors || is_author,
                by_author: is_author,
                by_mail: false,
                body: body.to_string(),
            };
            let thing = row.id;
            upsert::<proposal_comment::Entity>(tx.db(), vec![row.clone()]).await?;
            note(tx, (CommentId::KIND, thing), edition.id, None, Some(&comment_said(&row))).await?;
            if to_authors && !is_author && policy == CommentTime::AtOnce {
                let subject = format!("a comment on your proposal #{}", stored.number);
                let text = format!("On \"{}\":\n\n{body}", stored.content.title);
                let link = proposals::own_page(base_url);
                let notice =
                    Notice { subject: &subject, body: &text, link: &link, once: &format!("comment {thing}") };
                let mut mails = vec![];
                for account in all.iter().filter_map(|author| author.account) {
                    let Some(mut mail) = mail::notice_to(tx, edition.id, account, &notice).await? else {
                        continue;
                    };
                    mail.reply = Some(reply::address_of(tx, edition.id, id, account).await?);
                    mails.push(mail);
                }
                mail::queue(tx, mails).await?;
            }
            Ok(())
        })
        .await
    }

    /// Declares a conflict of one's own with a proposal, or takes that back. What one wrote about it before stays, and is not
    /// shown to oneself any more.
    pub async fn declare_conflict(
        &self,
        subject: &Subject,
        edition: &Edition,
        id: ProposalId,
        declared: bool,
    ) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            subject.may_write()?;
            let filed = one(tx.db(), subject, edition, id, tx.at()).await?.ok_or_else(gone)?;
            let Some(me) = subject.account else { return Err(gone()) };
            if declared == filed.declared {
                return Ok(());
            }
            let before = review_conflict::Entity::find()
                .filter(review_conflict::Column::Proposal.eq(id.0))
                .filter(review_conflict::Column::Account.eq(me.0))
                .one(tx.db())
                .await?;
            let after = declared.then(|| review_conflict::Model {
                edition: edition.id.0,
                id: Uuid::now_v7(),
                proposal: id.0,
                account: me.0,
                since: to_micros(tx.at()),
            });
            let Some(thing) = after.as_ref().or(before.as_ref()).map(|row| row.id) else { return Ok(()) };
            match &after {
                Some(row) => upsert::<review_conflict::Entity>(tx.db(), vec![row.clone()]).await?,
                None => {
                    review_conflict::Entity::delete_by_id(thing).exec(tx.db()).await?;
                }
            }
            let (before, after) = (before.as_ref().map(conflict_said), after.as_ref().map(conflict_said));
            note(tx, (CONFLICT_KIND, thing), edition.id, before.as_ref(), after.as_ref()).await
        })
        .await
    }

    /// Notes what the committee means to decide, or that it means nothing yet. Nobody else learns of it before it is applied.
    pub async fn prepare_decision(
        &self,
        subject: &Subject,
        edition: &Edition,
        id: ProposalId,
        decision: Option<Decision>,
    ) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            let filed = decidable(tx, subject, edition, id).await?;
            let stored = proposals::find(tx.db(), edition.id, id).await?.ok_or_else(gone)?;
            if let Some(decision) = decision {
                // Refused now rather than on the day on which all are applied.
                stored.clone().step(
                    Step::Decide(decision),
                    &filed.open.call,
                    model::call::Late::No,
                    0,
                    tx.at(),
                )?;
            }
            let after = Proposal { prepared: decision, ..stored.clone() };
            proposals::put(tx, edition.id, Some(&stored), Some(&after)).await
        })
        .await
    }
}

/// Somebody who may review that proposal.
fn reviewer(subject: &Subject, filed: &Filed) -> Result<AccountId> {
    if let Some(conflict) = filed.conflicts.first() {
        let problem = format!("you have a conflict with it: {}", conflict.shown().to_lowercase());
        return Err(Refusal::new("conflict", problem, "Leave it to the others").into());
    }
    if !filed.may_review {
        return Err(Refusal::new(
            "review",
            "you are no reviewer of this call",
            "Ask an organiser for the role",
        )
        .into());
    }
    let nobody = || Refusal::new("account", "you are not signed in", "Sign in first");
    Ok(subject.account.ok_or_else(nobody)?)
}

/// The proposal, when `subject` may decide it: the right, and no conflict.
pub(crate) async fn decidable(
    tx: &Tx,
    subject: &Subject,
    edition: &Edition,
    id: ProposalId,
) -> Result<Filed> {
    subject.may_write()?;
    editions::open(tx.db(), edition.id).await?;
    let filed = one(tx.db(), subject, edition, id, tx.at()).await?.ok_or_else(gone)?;
    subject.may(Action::DecideProposals, &calls::place(edition, &filed.open.call))?;
    if let Some(conflict) = filed.conflicts.first() {
        let problem = format!("you have a conflict with it: {}", conflict.shown().to_lowercase());
        return Err(Refusal::new("conflict", problem, "Leave the decision to the others").into());
    }
    Ok(filed)
}

/// Notes that somebody who was an author of a proposal must not review it, now that they are none any more.
pub(crate) async fn stays_conflicted(
    tx: &Tx,
    edition: EditionId,
    id: ProposalId,
    account: AccountId,
) -> Result<()> {
    let known = review_conflict::Entity::find()
        .filter(review_conflict::Column::Proposal.eq(id.0))
        .filter(review_conflict::Column::Account.eq(account.0))
        .one(tx.db())
        .await?;
    if known.is_some() {
        return Ok(());
    }
    let row = review_conflict::Model {
        edition: edition.0,
        id: Uuid::now_v7(),
        proposal: id.0,
        account: account.0,
        since: to_micros(tx.at()),
    };
    upsert::<review_conflict::Entity>(tx.db(), vec![row.clone()]).await?;
    note(tx, (CONFLICT_KIND, row.id), edition, None, Some(&conflict_said(&row))).await
}

/// Mails something to the authors who take part, once.
pub(crate) async fn tell(
    tx: &Tx,
    edition: &Edition,
    authors: &[Author],
    (subject, body): (&str, &str),
    once: &str,
    base_url: &str,
) -> Result<usize> {
    let notice = Notice { subject, body, link: &proposals::own_page(base_url), once };
    let joined = authors.iter().filter_map(|author| author.account).collect();
    mail::notify(tx, edition.id, joined, &notice).await
}

/// Whether `subject` may know who proposes.
pub(crate) fn knows_authors(subject: &Subject, edition: &Edition, open: &OpenCall) -> bool {
    open.call.reviewing.naming == Naming::Named
        || subject.may(Action::DecideProposals, &calls::place(edition, &open.call)).is_ok()
}

/// See [`Store::filed_proposal`].
pub(crate) async fn one(
    db: &impl ConnectionTrait,
    subject: &Subject,
    edition: &Edition,
    id: ProposalId,
    now: Timestamp,
) -> Result<Option<Filed>> {
    let row =
        proposal::Entity::find_by_id(id.0).filter(proposal::Column::Edition.eq(edition.id.0)).one(db).await?;
    let Some(row) = row else { return Ok(None) };
    let mut stored = proposal_of(&row)?;
    let Some(open) = calls::find(db, edition.id, stored.call).await? else { return Ok(None) };
    let place = calls::place(edition, &open.call);
    if !stored.state.is_filed()
        || subject.may(Action::SeeProposals, &place).is_err()
        || !open.call.is_open_to_committee(now)
    {
        return Ok(None);
    }
    let authors = proposals::authors(db, id).await?;
    let judge = Judge::of(db, edition.id, subject.account, &Over::These([id.0].into())).await?;
    let conflicts = judge.conflicts(subject.account, id);
    let clear = conflicts.is_empty();
    let may_decide = clear && subject.may(Action::DecideProposals, &place).is_ok();
    if !may_decide {
        stored.prepared = None;
    }
    let mut mine = None;
    let mut reviews = vec![];
    let mut said = vec![];
    if clear {
        let rows = review::Entity::find()
            .filter(review::Column::Proposal.eq(id.0))
            .order_by_asc(review::Column::At)
            .all(db)
            .await?;
        let names = names_of(db, rows.iter().map(|row| row.account)).await?;
        for row in &rows {
            let review = review_of(row)?;
            if Some(review.reviewer) == subject.account {
                mine = Some(review.clone());
            }
            if review.submitted {
                reviews.push((names.get(&row.account).cloned().unwrap_or_default(), review));
            }
        }
        let accounts: BTreeSet<AccountId> = authors.iter().filter_map(|author| author.account).collect();
        said = comments(db, id, &accounts).await?;
        if !knows_authors(subject, edition, &open) {
            for comment in said.iter_mut().filter(|comment| comment.by_author) {
                comment.by = Line::from("An author");
            }
        }
    }
    let may_review = clear && subject.may(Action::Review, &place).is_ok();
    Ok(Some(Filed {
        forms: calls::forms(db, edition.id, open.call.id).await?,
        revisions: proposals::revisions(db, id).await?,
        authors: knows_authors(subject, edition, &open).then_some(authors),
        declared: subject.account.is_some_and(|me| judge.has_declared(me, id)),
        proposal: stored,
        open,
        conflicts,
        reviews,
        mine,
        comments: said,
        may_decide,
        may_review,
    }))
}

async fn comments(
    db: &impl ConnectionTrait,
    id: ProposalId,
    authors: &BTreeSet<AccountId>,
) -> Result<Vec<Comment>> {
    let rows = proposal_comment::Entity::find()
        .filter(proposal_comment::Column::Proposal.eq(id.0))
        .order_by_asc(proposal_comment::Column::At)
        .all(db)
        .await?;
    let names = names_of(db, rows.iter().filter_map(|row| row.account)).await?;
    rows.into_iter()
        .map(|row| {
            let name = row.account.and_then(|account| names.get(&account)).cloned();
            Ok(Comment {
                id: CommentId(row.id),
                by: name.unwrap_or_default(),
                by_author: row.by_author
                    || row.account.is_some_and(|account| authors.contains(&AccountId(account))),
                at: from_micros(row.at)
                    .ok_or_else(|| Error::damaged(format!("comment {}", row.id), "no such instant"))?,
                to_authors: row.to_authors,
                by_mail: row.by_mail,
                body: RichText::clean(&row.body),
            })
        })
        .collect()
}

/// How the people of these accounts are called.
pub(crate) async fn names_of(
    db: &impl ConnectionTrait,
    ids: impl Iterator<Item = Uuid>,
) -> Result<BTreeMap<Uuid, Line>> {
    let rows: Vec<(Uuid, String)> = account::Entity::find()
        .select_only()
        .columns([account::Column::Id, account::Column::Name])
        .filter(account::Column::Id.is_in(ids))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|(id, name)| (id, Line::clean(&name))).collect())
}

pub(crate) fn review_of(row: &review::Model) -> Result<Review> {
    let damaged = |error: &dyn std::fmt::Display| Error::damaged(format!("review {}", row.id), error);
    Ok(Review {
        proposal: ProposalId(row.proposal),
        reviewer: AccountId(row.account),
        revision: u32::try_from(row.revision).map_err(|error| damaged(&error))?,
        scores: serde_json::from_str(&row.scores).map_err(|error| damaged(&error))?,
        to_committee: RichText::clean(&row.to_committee),
        to_authors: RichText::clean(&row.to_authors),
        submitted: row.submitted,
        at: from_micros(row.at).ok_or_else(|| damaged(&"no such instant"))?,
    })
}

/// What the feed says of a review: that there is one. Not of what, since the log is read by those with a conflict too.
pub(crate) fn said(row: &review::Model) -> Value {
    json!({ "submitted": row.submitted, "revision": row.revision })
}

/// What the feed says of a declared conflict, for the same reason.
pub(crate) fn conflict_said(row: &review_conflict::Model) -> Value {
    json!({ "since": from_micros(row.since) })
}

/// What the feed says of a comment.
pub(crate) fn comment_said(row: &proposal_comment::Model) -> Value {
    json!({ "to_authors": row.to_authors })
}

/// What the rows hold, in the feed's words, for [`crate::verify()`].
pub(crate) async fn state(
    db: &DatabaseTransaction,
    state: &mut BTreeMap<(Option<Uuid>, String, Uuid), Value>,
) -> Result<()> {
    for row in review::Entity::find().all(db).await? {
        state.insert((Some(row.edition), KIND.to_owned(), row.id), said(&row));
    }
    for row in review_conflict::Entity::find().all(db).await? {
        state.insert((Some(row.edition), CONFLICT_KIND.to_owned(), row.id), conflict_said(&row));
    }
    for row in proposal_comment::Entity::find().all(db).await? {
        state.insert((Some(row.edition), CommentId::KIND.to_owned(), row.id), comment_said(&row));
    }
    Ok(())
}

/// A table of what somebody wrote about proposals: theirs by the column `account`, kept by the conference without them
/// only where `kept` says so.
macro_rules! written {
    ($entity:ident, $kind:expr, $said:path, $of:expr, $stays:expr) => {
        impl Holding for $entity::Entity {
            const KIND: &'static str = $kind;
            const ACCOUNT: Self::Column = $entity::Column::Account;
            const ID: Self::Column = $entity::Column::Id;

            fn id(row: &$entity::Model) -> uuid::Uuid {
                row.id
            }

            fn edition(row: &$entity::Model) -> Option<model::id::EditionId> {
                Some(model::id::EditionId(row.edition))
            }

            fn fact(row: &$entity::Model) -> Result<serde_json::Value> {
                Ok($said(row))
            }

            fn of_account(row: $entity::Model, account: uuid::Uuid) -> $entity::Model {
                ($of)(row, account)
            }

            fn stays(row: &$entity::Model, others: &[$entity::Model]) -> bool {
                $stays && others.iter().any(|other| other.proposal == row.proposal)
            }

            fn exported(row: &$entity::Model) -> Result<serde_json::Value> {
                let mut value = $said(row);
                if let serde_json::Value::Object(map) = &mut value {
                    map.insert("proposal".to_owned(), serde_json::json!(row.proposal));
                }
                Ok(value)
            }
        }
    };
}

pub(crate) use written;

written!(review, KIND, said, |row, account| review::Model { account, ..row }, true);
written!(
    review_conflict,
    CONFLICT_KIND,
    conflict_said,
    |row, account| review_conflict::Model { account, ..row },
    true
);
written!(
    proposal_comment,
    CommentId::KIND,
    comment_said,
    |row, account| proposal_comment::Model { account: Some(account), ..row },
    false
);

/// What the mail with the decision says of the reviews: their texts to the authors, where those waited for it.
pub(crate) async fn told_with_decision(
    db: &impl ConnectionTrait,
    call: &model::call::Call,
    id: ProposalId,
) -> Result<String> {
    if call.reviewing.comments != CommentTime::WithDecision {
        return Ok(String::new());
    }
    let texts: Vec<String> = review::Entity::find()
        .select_only()
        .column(review::Column::ToAuthors)
        .filter(review::Column::Proposal.eq(id.0))
        .filter(review::Column::Submitted.eq(true))
        .filter(review::Column::ToAuthors.ne(""))
        .order_by_asc(review::Column::At)
        .into_tuple()
        .all(db)
        .await?;
    Ok(texts.join("\n\n---\n\n"))
}
