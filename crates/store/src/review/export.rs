//! Everything that was submitted, with its full text, as far as whoever asks may know it: for exports and for finding
//! what is alike.

use super::{
    filed::Reading,
    judge::{Judge, Over},
    knows_authors, review_of,
};
use crate::{
    Result, Store, call as calls,
    entity::{account, author, call_form, proposal, review},
    proposal::{author_of, proposal_of},
};
use model::{
    call::{FieldKey, HandedIn, Reader, readable},
    conflict::Conflict,
    edition::Edition,
    id::{CallId, ProposalId},
    permission::{Action, Subject},
    proposal::{Author, Proposal},
    review::{Review, Tally},
    text::Line,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// A proposal with all that somebody may know of it.
#[derive(Clone, Debug)]
pub struct FiledText {
    /// The proposal; without what is prepared where that is not to be known, and without answers.
    pub proposal: Proposal,
    /// The name of its call.
    pub call: Line,
    /// Its authors, unless they are not to be known.
    pub authors: Option<Vec<Author>>,
    /// The answers that are for them, in the order of the form.
    pub answers: Vec<FiledAnswer>,
    /// Why they must not review it.
    pub conflicts: Vec<Conflict>,
    /// What the reviews say together; `None` where there is a conflict.
    pub tally: Option<Tally>,
    /// The submitted reviews; none where there is a conflict.
    pub reviews: Vec<Opinion>,
}

/// An answer to a field of a call's form.
#[derive(Clone, Debug)]
pub struct FiledAnswer {
    /// The name of the field.
    pub key: FieldKey,
    /// What it asks.
    pub asked: String,
    /// What was said, as text.
    pub said: String,
    /// The file, where one was handed in.
    pub file: Option<HandedIn>,
}

/// A submitted review.
#[derive(Clone, Debug)]
pub struct Opinion {
    /// Who wrote it.
    pub by: Line,
    /// Its scores as one figure, 0 to 100.
    pub figure: Option<f64>,
    /// What it says.
    pub review: Review,
}

/// A title, and whose it is: enough to find what is alike.
#[derive(Clone, Debug)]
pub struct FiledTitle {
    /// Which.
    pub id: ProposalId,
    /// Its number.
    pub number: u32,
    /// Its title.
    pub title: Line,
    /// Its authors by account, or by name where they have none yet; empty where they are not to be known.
    pub authors: Vec<String>,
}

impl Store {
    /// All that was submitted to the calls of an edition that `subject` may read, or to one of them, by number. A constant
    /// number of statements.
    pub async fn filed_texts(
        &self,
        subject: &Subject,
        edition: &Edition,
        call: Option<CallId>,
    ) -> Result<Vec<FiledText>> {
        let db = self.read().await?;
        let reading = Reading::new(&db, subject, edition, self.now()).await?;
        let wanted = reading.calls.keys().copied().filter(|id| call.is_none_or(|call| call == *id));
        let Some(wanted) = reading.filed(wanted) else { return Ok(vec![]) };
        let rows = proposal::Entity::find()
            .filter(wanted.clone())
            .order_by_asc(proposal::Column::Number)
            .all(&db)
            .await?;
        let ids = || {
            proposal::Entity::find()
                .select_only()
                .column(proposal::Column::Id)
                .filter(wanted.clone())
                .into_query()
        };
        let author_rows = author::Entity::find()
            .filter(author::Column::Proposal.in_subquery(ids()))
            .order_by_asc(author::Column::Position)
            .order_by_asc(author::Column::Id)
            .all(&db)
            .await?;
        let judge = Judge::of(&db, edition.id, subject.account, &Over::Edition).await?;
        let reviews = review::Entity::find()
            .filter(review::Column::Proposal.in_subquery(ids()))
            .filter(review::Column::Submitted.eq(true))
            .order_by_asc(review::Column::At)
            .all(&db)
            .await?;
        let writers = review::Entity::find()
            .select_only()
            .column(review::Column::Account)
            .filter(review::Column::Proposal.in_subquery(ids()))
            .into_query();
        let names: HashMap<Uuid, String> = account::Entity::find()
            .select_only()
            .columns([account::Column::Id, account::Column::Name])
            .filter(account::Column::Id.in_subquery(writers))
            .into_tuple::<(Uuid, String)>()
            .all(&db)
            .await?
            .into_iter()
            .collect();
        let forms =
            call_form::Entity::find().filter(call_form::Column::Edition.eq(edition.id.0)).all(&db).await?;
        db.commit().await?;
        let forms: HashMap<(Uuid, u32), model::call::Form> = forms
            .iter()
            .map(|row| calls::form_of(row).map(|form| ((row.call, form.version), form)))
            .collect::<Result<_>>()?;
        let mut authors: HashMap<Uuid, Vec<Author>> = HashMap::new();
        for row in &author_rows {
            authors.entry(row.proposal).or_default().push(author_of(row)?);
        }
        let mut reviews_of: BTreeMap<Uuid, Vec<Opinion>> = BTreeMap::new();
        for row in &reviews {
            let by = names.get(&row.account).map(|name| Line::clean(name)).unwrap_or_default();
            reviews_of.entry(row.proposal).or_default().push(Opinion {
                by,
                figure: None,
                review: review_of(row)?,
            });
        }
        let mut out = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut proposal = proposal_of(row)?;
            let Some(open) = reading.calls.get(&proposal.call) else { continue };
            let conflicts = judge.conflicts(subject.account, proposal.id);
            let clear = conflicts.is_empty();
            let decides = clear && reading.may(Action::DecideProposals, open);
            let reader = if decides { Reader::Committee } else { Reader::Reviewers };
            if !decides {
                proposal.prepared = None;
            }
            let criteria = &open.call.reviewing.criteria;
            let mut reviews = reviews_of.remove(&row.id).filter(|_| clear).unwrap_or_default();
            for opinion in &mut reviews {
                opinion.figure = opinion.review.figure(criteria);
            }
            let tally =
                clear.then(|| Tally::of(reviews.iter().map(|one| &one.review), criteria, proposal.revision));
            let answers = std::mem::take(&mut proposal.content.answers);
            let answers = forms
                .get(&(row.call, proposal.content.form))
                .map(|form| {
                    readable(form, &answers, reader)
                        .map(|(field, answer)| FiledAnswer {
                            key: field.key.clone(),
                            asked: field.label.to_string(),
                            said: answer.plain(),
                            file: answer.as_file().cloned(),
                        })
                        .collect()
                })
                .unwrap_or_default();
            out.push(FiledText {
                call: open.call.name.clone(),
                authors: knows_authors(subject, edition, open)
                    .then(|| authors.remove(&row.id).unwrap_or_default()),
                proposal,
                answers,
                conflicts,
                tally,
                reviews,
            });
        }
        Ok(out)
    }

    /// The titles of all that was submitted to the calls that `subject` may read, and whose they are as far as that is to be
    /// known. Four statements.
    pub async fn filed_titles(&self, subject: &Subject, edition: &Edition) -> Result<Vec<FiledTitle>> {
        let db = self.read().await?;
        let reading = Reading::new(&db, subject, edition, self.now()).await?;
        let Some(wanted) = reading.filed(reading.calls.keys().copied()) else { return Ok(vec![]) };
        let rows: Vec<(Uuid, Uuid, i32, String)> = proposal::Entity::find()
            .select_only()
            .columns([
                proposal::Column::Id,
                proposal::Column::Call,
                proposal::Column::Number,
                proposal::Column::Title,
            ])
            .filter(wanted)
            .order_by_asc(proposal::Column::Number)
            .into_tuple()
            .all(&db)
            .await?;
        let people: Vec<(Uuid, Option<Uuid>, String)> = author::Entity::find()
            .select_only()
            .columns([author::Column::Proposal, author::Column::Account, author::Column::Name])
            .filter(author::Column::Edition.eq(edition.id.0))
            .into_tuple()
            .all(&db)
            .await?;
        db.commit().await?;
        let mut authors: HashMap<Uuid, Vec<String>> = HashMap::new();
        for (proposal, account, name) in people {
            let who = account.map_or_else(|| model::text::folded(&name), |account| account.to_string());
            authors.entry(proposal).or_default().push(who);
        }
        Ok(rows
            .into_iter()
            .filter_map(|(id, call, number, title)| {
                let open = reading.calls.get(&CallId(call))?;
                let authors = authors.remove(&id).filter(|_| knows_authors(subject, edition, open));
                Some(FiledTitle {
                    id: ProposalId(id),
                    number: u32::try_from(number).unwrap_or_default(),
                    title: Line::clean(&title),
                    authors: authors.unwrap_or_default(),
                })
            })
            .collect())
    }

    /// What some of these proposals are about, of those that `subject` may read.
    pub async fn filed_summaries(
        &self,
        subject: &Subject,
        edition: &Edition,
        ids: &[ProposalId],
    ) -> Result<BTreeMap<ProposalId, String>> {
        let db = self.read().await?;
        let reading = Reading::new(&db, subject, edition, self.now()).await?;
        let (Some(wanted), false) = (reading.filed(reading.calls.keys().copied()), ids.is_empty()) else {
            return Ok(BTreeMap::new());
        };
        let rows: Vec<(Uuid, String)> = proposal::Entity::find()
            .select_only()
            .columns([proposal::Column::Id, proposal::Column::Summary])
            .filter(wanted)
            .filter(crate::lookup::among(proposal::Column::Id, ids.iter().map(|id| id.0)))
            .into_tuple()
            .all(&db)
            .await?;
        db.commit().await?;
        Ok(rows.into_iter().map(|(id, text)| (ProposalId(id), text)).collect())
    }
}
