//! Merging two proposals for a microconference into one, and splitting one in two.

use super::{find, put};
use crate::{
    Result, Store,
    entity::review_conflict,
    proposal as proposals,
    proposal::gone,
    review::{decidable, stays_conflicted, tell},
    tx::Tx,
};
use model::{
    Refusal,
    call::CallKind,
    edition::Edition,
    id::{AccountId, AuthorId, EditionId, ProposalId},
    microconference::{Microconference, merged, split},
    permission::Subject,
    proposal::{Author, Content, Proposal, State, check_authors},
    text::Line,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

impl Store {
    /// Merges `other` into the microconference `id`: it gets the leads, the topics and the texts of both under `title`, and
    /// the other is withdrawn with a note where it went. Both must wait for a decision. One transaction, which can be taken
    /// back as one; the leads of both are told.
    pub async fn merge_microconferences(
        &self,
        subject: &Subject,
        edition: &Edition,
        id: ProposalId,
        other: ProposalId,
        title: &Line,
        base_url: &str,
    ) -> Result<Proposal> {
        self.write(&subject.actor, async |tx| {
            crate::edition::open(tx.db(), edition.id).await?;
            if id == other {
                let problem = "a proposal cannot be merged with itself";
                return Err(Refusal::new("other", problem, "Choose another").into());
            }
            let one = joinable(tx, subject, edition, id).await?;
            let second = joinable(tx, subject, edition, other).await?;
            if one.call != second.call {
                let problem = "it was proposed to another call";
                return Err(Refusal::new("other", problem, "Choose one of the same call").into());
            }
            let content = merged(&one.content, &second.content, title)?;
            let after = revised(&one, content, tx);
            proposals::put(tx, edition.id, Some(&one), Some(&after)).await?;
            let gone = Proposal { state: State::Withdrawn, prepared: None, ..second.clone() };
            proposals::put(tx, edition.id, Some(&second), Some(&gone)).await?;
            let by = (model::forward::Step::Cancel, &subject.actor);
            crate::forward::settle(tx, edition.id, &gone, by).await?;
            let mut all = proposals::authors(tx.db(), id).await?;
            let joining = proposals::authors(tx.db(), other).await?;
            for author in joining {
                let known = all.iter().any(|present| {
                    (author.account.is_some() && author.account == present.account)
                        || (author.email.is_some() && author.email == present.email)
                });
                if !known {
                    add(tx, edition.id, id, &mut all, author).await?;
                }
            }
            check_authors(&all)?;
            keep_conflicts(tx, edition.id, other, id).await?;
            let (first, joined) = (find(tx.db(), id).await?, find(tx.db(), other).await?);
            // The earlier of the two moments: neither loses its place in the queue.
            let ready = first.ready.into_iter().chain(joined.ready).min();
            let again = first.again.or(joined.again);
            put(tx, edition.id, Some(&first), &Microconference { ready, again, ..first.clone() }).await?;
            let merged_into = Some(id);
            put(
                tx,
                edition.id,
                Some(&joined),
                &Microconference { merged_into, ready: None, ..joined.clone() },
            )
            .await?;
            let text = format!(
                "#{} \"{}\" and #{} \"{}\" are one proposal now: #{} \"{title}\", which all of you lead.",
                one.number, one.content.title, second.number, second.content.title, one.number
            );
            let once = format!("merged {other} {id} {}", tx.at());
            tell(tx, edition, &all, ("your microconferences were merged", &text), &once, base_url).await?;
            Ok(after)
        })
        .await
    }

    /// Splits a microconference in two: the topics at these places of its list and these of its authors go to a second one
    /// under `title`, which stands at the same place of the queue. One transaction, which can be taken back as one; the
    /// leads of both are told. Gives the second.
    pub async fn split_microconference(
        &self,
        subject: &Subject,
        edition: &Edition,
        id: ProposalId,
        (title, topics, leads): (&Line, &[usize], &[AuthorId]),
        base_url: &str,
    ) -> Result<Proposal> {
        self.write(&subject.actor, async |tx| {
            crate::edition::open(tx.db(), edition.id).await?;
            let one = joinable(tx, subject, edition, id).await?;
            let (stay, go) = split(&one.content, title, topics)?;
            let all = proposals::authors(tx.db(), id).await?;
            let chosen: Vec<Author> =
                all.iter().filter(|author| leads.contains(&author.id)).cloned().collect();
            if !chosen.iter().any(Author::has_joined) {
                let problem = "nobody would lead the second";
                return Err(Refusal::new("lead", problem, "Tick at least one who takes part").into());
            }
            let after = if stay == one.content { one.clone() } else { revised(&one, stay, tx) };
            proposals::put(tx, edition.id, Some(&one), Some(&after)).await?;
            let second = Proposal {
                id: ProposalId(Uuid::now_v7()),
                number: proposals::next_number(tx.db(), edition.id).await?,
                content: go,
                revision: 1,
                created: tx.at(),
                changed: tx.at(),
                prepared: None,
                ..one.clone()
            };
            proposals::put(tx, edition.id, None, Some(&second)).await?;
            let mut theirs = vec![];
            for author in chosen {
                add(tx, edition.id, second.id, &mut theirs, author).await?;
            }
            keep_conflicts(tx, edition.id, id, second.id).await?;
            let first = find(tx.db(), id).await?;
            put(tx, edition.id, None, &Microconference { proposal: second.id, ..first.clone() }).await?;
            let text = format!(
                "#{} \"{}\" is two proposals now: the second is #{} \"{title}\". Please look which texts belong to which.",
                one.number, one.content.title, second.number
            );
            let once = format!("split {id} {}", second.id);
            tell(tx, edition, &all, ("your microconference was split", &text), &once, base_url).await?;
            Ok(second)
        })
        .await
    }
}

/// Whoever declared a conflict with `from` has it with what comes of it in `edition`, too.
pub(crate) async fn keep_conflicts(
    tx: &Tx,
    edition: EditionId,
    from: ProposalId,
    into: ProposalId,
) -> Result<()> {
    let declared = review_conflict::Entity::find().filter(review_conflict::Column::Proposal.eq(from.0));
    for row in declared.all(tx.db()).await? {
        stays_conflicted(tx, edition, into, AccountId(row.account)).await?;
    }
    Ok(())
}

/// A proposal that can be merged or split: it waits for a decision, and whoever asks decides on it.
async fn joinable(tx: &Tx, subject: &Subject, edition: &Edition, id: ProposalId) -> Result<Proposal> {
    let filed = decidable(tx, subject, edition, id).await?;
    let stored = proposals::find(tx.db(), edition.id, id).await?.ok_or_else(gone)?;
    if filed.open.call.kind != CallKind::Microconferences {
        return Err(gone());
    }
    if !(stored.state.is_undecided() || stored.state == State::WaitListed) {
        let problem = format!("#{} is {}", stored.number, stored.state.shown().to_lowercase());
        return Err(
            Refusal::new("state", problem, "Only what waits for a decision is merged or split").into()
        );
    }
    Ok(stored)
}

fn revised(one: &Proposal, content: Content, tx: &Tx) -> Proposal {
    Proposal { content, revision: one.revision + 1, changed: tx.at(), ..one.clone() }
}

/// Adds somebody to the authors of a proposal, as they were of another.
async fn add(
    tx: &Tx,
    edition: EditionId,
    id: ProposalId,
    all: &mut Vec<Author>,
    author: Author,
) -> Result<()> {
    let author = Author { id: AuthorId(Uuid::now_v7()), ..author };
    let position = i32::try_from(all.len()).unwrap_or(i32::MAX);
    proposals::put_author(tx, edition, id, None, Some((&author, position))).await?;
    all.push(author);
    Ok(())
}
