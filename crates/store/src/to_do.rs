//! What of the proposals waits for somebody, and for how long: reviews that were asked for, questions between authors and
//! reviewers, decisions that were prepared. And the reminders of it.
//!
//! What somebody has a conflict with is in no list and in no count of theirs.

use crate::{
    Result, Store,
    entity::{assignment, author, edition, mail as mails, proposal, proposal_comment, review},
    forward::{self, ForwardHead},
    lookup::among,
    mail::{self, Notice},
    review::{
        filed::Reading,
        judge::{Judge, Over},
    },
    rows,
    tx::Tx,
};
use jiff::{SignedDuration, Timestamp};
use model::{
    edition::Edition,
    feed::Actor,
    id::{AccountId, CallId, EditionId, ProposalId},
    permission::{Action, Subject},
    text::Line,
    time::{from_micros, to_micros},
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// So long after it was asked for, a review is late, and its reviewer is reminded once in so long.
pub const PATIENCE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How many of each list are shown; the rest is counted.
pub const TO_DO_SHOWN: usize = 50;

/// The word by which the keys of reminders begin.
const REMINDER: &str = "review reminder";

/// A proposal that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Which.
    pub id: ProposalId,
    /// Its number.
    pub number: u32,
    /// Its title.
    pub title: Line,
    /// Since when.
    pub since: Timestamp,
}

/// A list of them, the longest waiting first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaitingList {
    /// At most [`TO_DO_SHOWN`].
    pub shown: Vec<Waiting>,
    /// How many there are.
    pub total: usize,
}

impl WaitingList {
    fn of(mut all: Vec<Waiting>) -> Self {
        let total = all.len();
        all.sort_by(|one, other| one.since.cmp(&other.since).then(one.number.cmp(&other.number)));
        all.truncate(TO_DO_SHOWN);
        Self { shown: all, total }
    }
}

/// A reviewer who was asked for reviews and has not written them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behind {
    /// Who.
    pub id: AccountId,
    /// How they are called.
    pub name: Line,
    /// How many reviews.
    pub reviews: usize,
    /// Since when the first of them was asked for.
    pub since: Timestamp,
}

/// What waits, as far as it is for whoever asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToDo {
    /// Reviews that they are asked for and have not begun.
    pub to_write: WaitingList,
    /// Reviews that they began.
    pub drafts: WaitingList,
    /// Reviews of theirs of proposals that changed since.
    pub stale: WaitingList,
    /// Proposals whose authors wrote, and nobody answered.
    pub questions: WaitingList,
    /// Proposals whose authors were asked, and did not answer.
    pub answers: WaitingList,
    /// Prepared decisions, since the proposal was submitted: for those who decide.
    pub prepared: WaitingList,
    /// Who is behind with reviews: for those who decide.
    pub behind: Vec<Behind>,
    /// What other calls pass on to those that they decide.
    pub incoming: Vec<ForwardHead>,
    /// What those pass on and nobody has answered.
    pub outgoing: Vec<ForwardHead>,
}

/// A proposal that waits for a decision, as far as these lists need it.
struct Open {
    id: ProposalId,
    call: CallId,
    number: u32,
    title: Line,
    revision: i32,
    submitted: Option<i64>,
    prepared: bool,
}

/// The row that it is made of.
type OpenRow = (Uuid, Uuid, i32, String, i32, Option<i64>, Option<String>);

impl Open {
    fn waiting(&self, since: i64) -> Option<Waiting> {
        let since = from_micros(since)?;
        Some(Waiting { id: self.id, number: self.number, title: self.title.clone(), since })
    }
}

impl Store {
    /// What waits in an edition. A constant number of statements.
    pub async fn to_do(&self, subject: &Subject, edition: &Edition) -> Result<ToDo> {
        let db = self.read().await?;
        let mut out = to_do(&db, subject, edition, self.now()).await?;
        out.incoming = forward::incoming(&db, subject, edition, self.now()).await?;
        out.outgoing = forward::outgoing(&db, subject, edition, self.now()).await?;
        db.commit().await?;
        Ok(out)
    }

    /// Reminds everybody who is behind with reviews of a call that `subject` decides, whoever was not reminded within
    /// [`PATIENCE`]. Gives how many mails were queued.
    pub async fn remind_reviewers(
        &self,
        subject: &Subject,
        edition: &Edition,
        base_url: &str,
    ) -> Result<usize> {
        self.write(&subject.actor, async |tx| {
            subject.may_write()?;
            let behind = to_do(tx.db(), subject, edition, tx.at()).await?.behind;
            remind(tx, edition, &behind, base_url).await
        })
        .await
    }

    /// Reminds, in all editions, everybody who has been behind with a review for [`PATIENCE`] and was not reminded within it.
    /// What the clock does. Gives how many mails were queued.
    pub async fn remind_due(&self, base_url: &str) -> Result<usize> {
        let limit = to_micros(self.now().saturating_sub(PATIENCE).unwrap_or(Timestamp::MIN));
        let late = assignment::Entity::find()
            .filter(assignment::Column::Given.eq(true))
            .filter(assignment::Column::Since.lte(limit));
        let editions: Vec<Uuid> = late
            .select_only()
            .column(assignment::Column::Edition)
            .distinct()
            .into_tuple()
            .all(self.readers())
            .await?;
        let mut queued = 0;
        for id in editions {
            let behind = {
                let db = self.read().await?;
                let mut behind = behind(&db, EditionId(id), None).await?;
                db.commit().await?;
                behind.retain(|one| to_micros(one.since) <= limit);
                behind
            };
            let known = {
                let db = self.read().await?;
                let known = reminded(&db, EditionId(id), self.now()).await?;
                db.commit().await?;
                known
            };
            // Nothing is written where there is nothing to say: this runs again and again.
            if behind.iter().all(|one| known.contains(&one.id)) {
                continue;
            }
            queued += self
                .write(&Actor::System, async |tx| {
                    let Some(row) = edition::Entity::find_by_id(id).one(tx.db()).await? else { return Ok(0) };
                    let home = rows::edition(&row)?;
                    if home.state == model::edition::EditionState::Archived {
                        return Ok(0);
                    }
                    remind(tx, &home, &behind, base_url).await
                })
                .await?;
        }
        Ok(queued)
    }
}

async fn to_do(
    db: &impl ConnectionTrait,
    subject: &Subject,
    edition: &Edition,
    now: Timestamp,
) -> Result<ToDo> {
    let reading = Reading::new(db, subject, edition, now).await?;
    let Some(filed) = reading.filed(reading.calls.keys().copied()) else { return Ok(ToDo::default()) };
    let waiting = filed.add(crate::bid::undecided());
    let rows: Vec<OpenRow> = proposal::Entity::find()
        .select_only()
        .columns([
            proposal::Column::Id,
            proposal::Column::Call,
            proposal::Column::Number,
            proposal::Column::Title,
            proposal::Column::Revision,
            proposal::Column::SubmittedAt,
            proposal::Column::Prepared,
        ])
        .filter(waiting)
        .into_tuple()
        .all(db)
        .await?;
    let judge = Judge::of(db, edition.id, subject.account, &Over::Edition).await?;
    let open: BTreeMap<ProposalId, Open> = rows
        .into_iter()
        .map(|(id, call, number, title, revision, submitted, prepared)| Open {
            id: ProposalId(id),
            call: CallId(call),
            number: u32::try_from(number).unwrap_or_default(),
            title: Line::clean(&title),
            revision,
            submitted,
            prepared: prepared.is_some(),
        })
        .filter(|one| judge.is_clear(subject.account, one.id))
        .map(|one| (one.id, one))
        .collect();
    let mut out = ToDo::default();
    if let Some(me) = subject.account {
        own(db, edition.id, me, &open, &mut out).await?;
    }
    letters(db, edition.id, &open, &mut out).await?;
    let decided: BTreeSet<CallId> = reading.calls_with(Action::DecideProposals).collect();
    if !decided.is_empty() {
        let mine: BTreeMap<ProposalId, &Open> =
            open.iter().filter(|(_, one)| decided.contains(&one.call)).map(|(id, one)| (*id, one)).collect();
        let prepared = mine.values().filter(|one| one.prepared);
        out.prepared = WaitingList::of(
            prepared.filter_map(|one| one.waiting(one.submitted.unwrap_or_default())).collect(),
        );
        out.behind = behind(db, edition.id, Some(&mine.keys().copied().collect())).await?;
    }
    Ok(out)
}

/// Somebody's own reviews. Two statements.
async fn own(
    db: &impl ConnectionTrait,
    edition: EditionId,
    me: AccountId,
    open: &BTreeMap<ProposalId, Open>,
    out: &mut ToDo,
) -> Result<()> {
    let reviews: Vec<(Uuid, i32, bool, i64)> = review::Entity::find()
        .select_only()
        .columns([
            review::Column::Proposal,
            review::Column::Revision,
            review::Column::Submitted,
            review::Column::At,
        ])
        .filter(review::Column::Account.eq(me.0))
        .filter(review::Column::Edition.eq(edition.0))
        .into_tuple()
        .all(db)
        .await?;
    let asked: Vec<(Uuid, i64)> = assignment::Entity::find()
        .select_only()
        .columns([assignment::Column::Proposal, assignment::Column::Since])
        .filter(assignment::Column::Account.eq(me.0))
        .filter(assignment::Column::Edition.eq(edition.0))
        .filter(assignment::Column::Given.eq(true))
        .into_tuple()
        .all(db)
        .await?;
    let begun: BTreeSet<Uuid> = reviews.iter().map(|review| review.0).collect();
    let (mut drafts, mut stale) = (vec![], vec![]);
    for (id, revision, submitted, at) in reviews {
        let Some(one) = open.get(&ProposalId(id)) else { continue };
        if !submitted {
            drafts.extend(one.waiting(at));
        } else if revision < one.revision {
            stale.extend(one.waiting(at));
        }
    }
    let to_write = asked
        .into_iter()
        .filter(|(id, _)| !begun.contains(id))
        .filter_map(|(id, since)| open.get(&ProposalId(id))?.waiting(since));
    out.to_write = WaitingList::of(to_write.collect());
    out.drafts = WaitingList::of(drafts);
    out.stale = WaitingList::of(stale);
    Ok(())
}

/// What authors and reviewers wrote to one another, and the other did not answer. Two statements.
async fn letters(
    db: &impl ConnectionTrait,
    edition: EditionId,
    open: &BTreeMap<ProposalId, Open>,
    out: &mut ToDo,
) -> Result<()> {
    let of_edition = proposal::Entity::find()
        .select_only()
        .column(proposal::Column::Id)
        .filter(proposal::Column::Edition.eq(edition.0))
        .filter(crate::bid::undecided())
        .into_query();
    let written: Vec<(Uuid, Option<Uuid>, i64)> = proposal_comment::Entity::find()
        .select_only()
        .columns([
            proposal_comment::Column::Proposal,
            proposal_comment::Column::Account,
            proposal_comment::Column::At,
        ])
        .filter(proposal_comment::Column::Proposal.in_subquery(of_edition))
        .filter(proposal_comment::Column::ToAuthors.eq(true))
        .order_by_asc(proposal_comment::Column::At)
        .into_tuple()
        .all(db)
        .await?;
    let ids: BTreeSet<Uuid> = written.iter().map(|one| one.0).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let authors: BTreeSet<(Uuid, Option<Uuid>)> = author::Entity::find()
        .select_only()
        .columns([author::Column::Proposal, author::Column::Account])
        .filter(among(author::Column::Proposal, ids))
        .into_tuple()
        .all(db)
        .await?
        .into_iter()
        .collect();
    // The first of those that were written since the other side wrote last.
    let mut since: BTreeMap<Uuid, (bool, i64)> = BTreeMap::new();
    for (id, by, at) in written {
        let by_author = by.is_some() && authors.contains(&(id, by));
        match since.get(&id) {
            Some((last, _)) if *last == by_author => {}
            _ => {
                since.insert(id, (by_author, at));
            }
        }
    }
    let (mut questions, mut answers) = (vec![], vec![]);
    for (id, (by_author, at)) in since {
        let Some(one) = open.get(&ProposalId(id)) else { continue };
        if by_author { questions.extend(one.waiting(at)) } else { answers.extend(one.waiting(at)) }
    }
    out.questions = WaitingList::of(questions);
    out.answers = WaitingList::of(answers);
    Ok(())
}

/// Who was asked for reviews of what waits for a decision and has submitted none of it, of `only` these proposals where they
/// are given, by how long. Eight statements.
async fn behind(
    db: &impl ConnectionTrait,
    edition: EditionId,
    only: Option<&BTreeSet<ProposalId>>,
) -> Result<Vec<Behind>> {
    let waiting = proposal::Entity::find()
        .select_only()
        .column(proposal::Column::Id)
        .filter(proposal::Column::Edition.eq(edition.0))
        .filter(crate::bid::undecided())
        .into_query();
    let asked: Vec<(Uuid, Uuid, i64)> = assignment::Entity::find()
        .select_only()
        .columns([assignment::Column::Proposal, assignment::Column::Account, assignment::Column::Since])
        .filter(assignment::Column::Edition.eq(edition.0))
        .filter(assignment::Column::Given.eq(true))
        .filter(assignment::Column::Proposal.in_subquery(waiting))
        .into_tuple()
        .all(db)
        .await?;
    if asked.is_empty() {
        return Ok(vec![]);
    }
    let done: BTreeSet<(Uuid, Uuid)> = review::Entity::find()
        .select_only()
        .columns([review::Column::Proposal, review::Column::Account])
        .filter(review::Column::Edition.eq(edition.0))
        .filter(review::Column::Submitted.eq(true))
        .into_tuple()
        .all(db)
        .await?
        .into_iter()
        .collect();
    // Somebody whose conflict was found after they were asked cannot write it, and is not behind with it.
    let judge =
        Judge::of(db, edition, asked.iter().map(|(_, who, _)| AccountId(*who)), &Over::Edition).await?;
    let mut of: BTreeMap<AccountId, (usize, i64)> = BTreeMap::new();
    for (proposal, who, since) in asked {
        let counts = only.is_none_or(|only| only.contains(&ProposalId(proposal)));
        let clear = judge.is_clear(Some(AccountId(who)), ProposalId(proposal));
        if counts && clear && !done.contains(&(proposal, who)) {
            let (reviews, first) = of.entry(AccountId(who)).or_insert((0, since));
            *reviews += 1;
            *first = (*first).min(since);
        }
    }
    let names = crate::assignment::names(db, &of.keys().copied().collect()).await?;
    let mut out: Vec<Behind> = of
        .into_iter()
        .filter_map(|(id, (reviews, since))| {
            let name = names.get(&id).cloned().unwrap_or_default();
            Some(Behind { id, name, reviews, since: from_micros(since)? })
        })
        .collect();
    out.sort_by(|one, other| one.since.cmp(&other.since).then(one.id.cmp(&other.id)));
    Ok(out)
}

/// Who was reminded within [`PATIENCE`]. One statement.
async fn reminded(
    db: &impl ConnectionTrait,
    edition: EditionId,
    now: Timestamp,
) -> Result<BTreeSet<AccountId>> {
    let limit = to_micros(now.saturating_sub(PATIENCE).unwrap_or(Timestamp::MIN));
    let rows: Vec<Option<Uuid>> = mails::Entity::find()
        .select_only()
        .column(mails::Column::Account)
        .filter(mails::Column::Edition.eq(edition.0))
        .filter(mails::Column::Once.starts_with(REMINDER))
        .filter(mails::Column::CreatedAt.gt(limit))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().flatten().map(AccountId).collect())
}

async fn remind(tx: &Tx, edition: &Edition, behind: &[Behind], base_url: &str) -> Result<usize> {
    let known = reminded(tx.db(), edition.id, tx.at()).await?;
    let mut mails = vec![];
    for one in behind.iter().filter(|one| !known.contains(&one.id)) {
        let reviews = match one.reviews {
            1 => "one review".to_owned(),
            reviews => format!("{reviews} reviews"),
        };
        let since = edition.zone.local(one.since).strftime("%-d %B %Y");
        let notice = Notice {
            subject: &format!("{reviews} to write"),
            body: &format!(
                "You were asked for {reviews} that you have not submitted, the first of them on {since}. If you cannot \
                 write them, tell the committee, so that somebody else can."
            ),
            link: &crate::assignment::to_do_page(base_url, edition),
            once: &format!("{REMINDER} {} {}", edition.id, to_micros(tx.at())),
        };
        mails.extend(mail::notice_to(tx, edition.id, one.id, &notice).await?);
    }
    Ok(mail::queue(tx, mails).await?.queued.len())
}
