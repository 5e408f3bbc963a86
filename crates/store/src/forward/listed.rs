//! What of forwards is shown: the trail at both ends, what waits for a receiver, and what the sender waits for.

use super::{Stored, carried, conflicts, find, of_row, received, source, steps};
use crate::{
    Result, Store, call as calls,
    call::OpenCall,
    entity::{edition, forward, proposal},
    proposal as proposals, review,
    review::{
        filed::Reading,
        judge::{Judge, Over},
        knows_authors, names_of,
    },
    rows,
};
use jiff::Timestamp;
use model::{
    call::{Reader, readable},
    edition::Edition,
    forward::{Carried, End, Forward, Said, State, Step},
    id::{EditionId, ForwardId, ProposalId},
    permission::{Action, Subject},
    text::{Line, RichText, Slug, WebUrl},
    time::from_micros,
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// How many forwards stand in one list; the longest waiting first.
const LISTED: usize = 200;

/// One end of a forward, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndView {
    /// The call with its edition.
    pub label: String,
    /// The edition's place in addresses, where it is of this record.
    pub edition: Option<Slug>,
    /// The proposal and its number, where it is of this record.
    pub proposal: Option<(ProposalId, u32)>,
    /// Its page on another Plenary.
    pub page: Option<WebUrl>,
}

/// Something that was done with a forward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailStep {
    /// When.
    pub at: Timestamp,
    /// What.
    pub step: Step,
    /// Who, as far as whoever asks may know it.
    pub by: Line,
    /// What they said.
    pub note: RichText,
}

/// A forward with its trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardView {
    /// The forward; without what was left over, where that is not for whoever asks.
    pub forward: Forward,
    /// From where.
    pub from: EndView,
    /// To where.
    pub to: EndView,
    /// What was done with it, the first step first.
    pub trail: Vec<TrailStep>,
}

/// A forward in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardHead {
    /// Which.
    pub id: ForwardId,
    /// The title of what is passed on.
    pub title: Line,
    /// The proposal, where it stands in the edition of the list.
    pub proposal: Option<ProposalId>,
    /// From where.
    pub from: String,
    /// To where.
    pub to: String,
    /// Where it stands.
    pub state: State,
    /// Since when.
    pub since: Timestamp,
}

/// What waits for the receiver's decision, with all that goes along.
#[derive(Clone, Debug)]
pub struct IncomingForward {
    /// The forward and its trail.
    pub view: ForwardView,
    /// The receiving call.
    pub open: OpenCall,
    /// The title.
    pub title: Line,
    /// What it is about.
    pub summary: RichText,
    /// How long it was to be, in minutes.
    pub minutes: Option<u16>,
    /// What was answered to the sender's form.
    pub answers: Vec<Said>,
    /// Who proposes it.
    pub authors: Vec<Line>,
    /// What it would say in the receiving call.
    pub carried: Carried,
}

impl Store {
    /// The forwards of a proposal at the desk, from it and to it, the newest first; none with a conflict.
    pub async fn forwards_of(
        &self,
        subject: &Subject,
        edition: &Edition,
        id: ProposalId,
    ) -> Result<Vec<ForwardView>> {
        let db = self.read().await?;
        let filed = review::one(&db, subject, edition, id, self.now()).await?;
        let Some(filed) = filed.filter(|filed| filed.conflicts.is_empty()) else { return Ok(vec![]) };
        let known = knows_authors(subject, edition, &filed.open);
        let mut out = vec![];
        for one in of_proposal(&db, id).await? {
            let mut view = view(&db, &one).await?;
            if !known {
                for step in view.trail.iter_mut().filter(|step| step.step.is_of_authors()) {
                    step.by = Line::from("An author");
                    step.note = RichText::default();
                }
            }
            // Some of it was for the committee only.
            if !filed.may_decide {
                view.forward.left.clear();
            }
            out.push(view);
        }
        db.commit().await?;
        Ok(out)
    }

    /// The forwards of a proposal of somebody's own, the newest first. Authors do not learn who of a committee did what.
    pub async fn own_forwards(
        &self,
        subject: &Subject,
        edition: EditionId,
        id: ProposalId,
    ) -> Result<Vec<ForwardView>> {
        if self.own_proposal(subject, edition, id).await?.is_none() {
            return Ok(vec![]);
        }
        let db = self.read().await?;
        let mut out = vec![];
        for one in of_proposal(&db, id).await? {
            let mut view = view(&db, &one).await?;
            for step in view.trail.iter_mut().filter(|step| !step.step.is_of_authors()) {
                step.by = Line::from("The committee");
            }
            out.push(view);
        }
        db.commit().await?;
        Ok(out)
    }

    /// What waits to be taken by the calls of an edition that `subject` decides, the longest waiting first.
    pub async fn incoming_forwards(&self, subject: &Subject, edition: &Edition) -> Result<Vec<ForwardHead>> {
        let db = self.read().await?;
        let out = incoming(&db, subject, edition, self.now()).await?;
        db.commit().await?;
        Ok(out)
    }

    /// What the calls of an edition that `subject` decides pass on and nobody has answered yet, the longest waiting first.
    pub async fn outgoing_forwards(&self, subject: &Subject, edition: &Edition) -> Result<Vec<ForwardHead>> {
        let db = self.read().await?;
        let out = outgoing(&db, subject, edition, self.now()).await?;
        db.commit().await?;
        Ok(out)
    }

    /// Whether that is a forward from a call of that edition.
    pub async fn sends_forward(&self, edition: EditionId, id: ForwardId) -> Result<bool> {
        let found = find(self.readers(), id).await?;
        Ok(found.is_some_and(|one| one.forward.from.edition() == Some(edition)))
    }

    /// What is passed on to a call of the edition that `subject` decides; `None` for others, with a conflict, and before its
    /// authors have agreed.
    pub async fn incoming_forward(
        &self,
        subject: &Subject,
        edition: &Edition,
        id: ForwardId,
    ) -> Result<Option<IncomingForward>> {
        let db = self.read().await?;
        let Some(one) = find(&db, id).await? else { return Ok(None) };
        let Some(open) = received(&db, subject, edition, &one).await? else { return Ok(None) };
        let Some(carried) = carried(&db, &one, &open).await? else { return Ok(None) };
        let (content, form, authors) = match (source(&db, &one).await?, &one.offer) {
            (Some((stored, form)), _) => {
                let authors = proposals::authors(&db, stored.id).await?;
                (stored.content, form, authors.into_iter().map(|author| author.name).collect())
            }
            (None, Some(offer)) => {
                let authors = offer.authors.iter().map(|author| author.name.clone()).collect();
                (offer.content(), offer.form(), authors)
            }
            (None, None) => return Ok(None),
        };
        let view = view(&db, &one).await?;
        db.commit().await?;
        let answers = readable(&form, &content.answers, Reader::Committee)
            .map(|(field, answer)| Said { label: field.label.clone(), text: answer.plain() })
            .collect();
        let (title, summary, minutes) = (content.title, content.summary, content.minutes);
        Ok(Some(IncomingForward { view, open, title, summary, minutes, answers, authors, carried }))
    }
}

pub(super) async fn of_proposal(db: &impl ConnectionTrait, id: ProposalId) -> Result<Vec<Stored>> {
    let either = Condition::any()
        .add(forward::Column::FromProposal.eq(id.0))
        .add(forward::Column::ToProposal.eq(id.0));
    let rows = forward::Entity::find().filter(either).order_by_desc(forward::Column::Id).all(db).await?;
    rows.iter().map(of_row).collect()
}

/// See [`Store::incoming_forwards`].
pub(crate) async fn incoming(
    db: &impl ConnectionTrait,
    subject: &Subject,
    edition: &Edition,
    now: Timestamp,
) -> Result<Vec<ForwardHead>> {
    let Some(decided) = decided(db, subject, edition, now).await? else { return Ok(vec![]) };
    let rows = forward::Entity::find()
        .filter(forward::Column::ToEdition.eq(edition.id.0))
        .filter(forward::Column::ToCall.is_in(decided))
        .filter(forward::Column::State.eq(State::Offered.as_str()))
        .order_by_asc(forward::Column::SinceAt)
        .all(db)
        .await?;
    let mut from: BTreeMap<Uuid, BTreeSet<Uuid>> = BTreeMap::new();
    for row in &rows {
        if let (Some(edition), Some(proposal)) = (row.from_edition, row.from_proposal) {
            from.entry(edition).or_default().insert(proposal);
        }
    }
    let mut judges = BTreeMap::new();
    for (edition, ids) in from {
        let judge = Judge::of(db, EditionId(edition), subject.account, &Over::These(ids)).await?;
        judges.insert(edition, judge);
    }
    let mut clear = vec![];
    for row in &rows {
        let one = of_row(row)?;
        let judge = row.from_edition.and_then(|edition| judges.get(&edition));
        let is_clear = match (judge, one.forward.from.proposal()) {
            (Some(judge), Some(id)) => judge.is_clear(subject.account, id),
            _ => conflicts(db, subject.account, &one).await?.is_empty(),
        };
        if is_clear {
            clear.push(one);
        }
    }
    heads(db, edition.id, clear).await
}

/// See [`Store::outgoing_forwards`].
pub(crate) async fn outgoing(
    db: &impl ConnectionTrait,
    subject: &Subject,
    edition: &Edition,
    now: Timestamp,
) -> Result<Vec<ForwardHead>> {
    let Some(decided) = decided(db, subject, edition, now).await? else { return Ok(vec![]) };
    let open = State::ALL.iter().filter(|state| state.is_open()).map(|state| state.as_str());
    let rows = forward::Entity::find()
        .filter(forward::Column::FromEdition.eq(edition.id.0))
        .filter(forward::Column::FromCall.is_in(decided))
        .filter(forward::Column::State.is_in(open))
        .order_by_asc(forward::Column::SinceAt)
        .all(db)
        .await?;
    let ids: BTreeSet<Uuid> = rows.iter().filter_map(|row| row.from_proposal).collect();
    let judge = Judge::of(db, edition.id, subject.account, &Over::These(ids)).await?;
    let clear = rows
        .iter()
        .filter(|row| row.from_proposal.is_some_and(|id| judge.is_clear(subject.account, ProposalId(id))))
        .map(of_row)
        .collect::<Result<Vec<_>>>()?;
    heads(db, edition.id, clear).await
}

/// The calls that somebody decides; `None` where there are none.
async fn decided(
    db: &impl ConnectionTrait,
    subject: &Subject,
    edition: &Edition,
    now: Timestamp,
) -> Result<Option<Vec<Uuid>>> {
    let reading = Reading::new(db, subject, edition, now).await?;
    // Looking at a list decides nothing: whoever views as another, or reads by a token, sees what they would.
    let decides = Subject { viewing_as: None, token: None, ..subject.clone() };
    let decided: Vec<Uuid> = reading
        .calls
        .values()
        .filter(|open| decides.may(Action::DecideProposals, &calls::place(edition, &open.call)).is_ok())
        .map(|open| open.call.id.0)
        .collect();
    Ok((!decided.is_empty()).then_some(decided))
}

async fn heads(
    db: &impl ConnectionTrait,
    edition: EditionId,
    mut all: Vec<Stored>,
) -> Result<Vec<ForwardHead>> {
    all.truncate(LISTED);
    let ids = all.iter().filter_map(|one| one.forward.from.proposal()).map(|id| id.0);
    let rows = proposal::Entity::find().filter(proposal::Column::Id.is_in(ids)).all(db).await?;
    let titles: BTreeMap<Uuid, Line> = rows.iter().map(|row| (row.id, Line::clean(&row.title))).collect();
    // Many go between the same few calls.
    let mut labels: BTreeMap<(Uuid, Uuid), String> = BTreeMap::new();
    for end in all.iter().flat_map(|one| [&one.forward.from, &one.forward.to]) {
        if let Some(key) = key(end)
            && !labels.contains_key(&key)
        {
            labels.insert(key, label(db, end).await?);
        }
    }
    let named = |end: &End| match end {
        End::Away { name, .. } => name.to_string(),
        End::Here { .. } => key(end).and_then(|key| labels.get(&key).cloned()).unwrap_or_default(),
    };
    let mut out = vec![];
    for one in all {
        let offered = one.offer.as_ref().map(|offer| offer.title.clone());
        let own = one.forward.from.proposal();
        let title = own.and_then(|id| titles.get(&id.0).cloned()).or(offered).unwrap_or_default();
        out.push(ForwardHead {
            id: one.forward.id,
            title,
            proposal: own.filter(|_| one.forward.from.edition() == Some(edition)),
            from: named(&one.forward.from),
            to: named(&one.forward.to),
            state: one.forward.state,
            since: one.forward.since,
        });
    }
    Ok(out)
}

fn key(end: &End) -> Option<(Uuid, Uuid)> {
    match end {
        End::Here { edition, call, .. } => Some((edition.0, call.0)),
        End::Away { .. } => None,
    }
}

/// A call with its edition, as people call it.
pub(super) async fn label(db: &impl ConnectionTrait, end: &End) -> Result<String> {
    Ok(end_view(db, end).await?.label)
}

async fn end_view(db: &impl ConnectionTrait, end: &End) -> Result<EndView> {
    match end {
        End::Away { name, page, .. } => {
            Ok(EndView { label: name.to_string(), edition: None, proposal: None, page: page.clone() })
        }
        End::Here { edition: id, call, proposal } => {
            let row = edition::Entity::find_by_id(id.0).one(db).await?;
            let home = row.as_ref().map(rows::edition).transpose()?;
            let call = calls::find(db, *id, *call).await?;
            let call =
                call.map_or_else(|| "A call that was removed".to_owned(), |one| one.call.name.to_string());
            let number = match proposal {
                Some(one) => proposals::find(db, *id, *one).await?.map(|found| (*one, found.number)),
                None => None,
            };
            let label = home.as_ref().map_or_else(|| call.clone(), |home| format!("{call}, {}", home.title));
            Ok(EndView { label, edition: home.map(|home| home.slug), proposal: number, page: None })
        }
    }
}

async fn view(db: &impl ConnectionTrait, one: &Stored) -> Result<ForwardView> {
    let rows = steps(db, one.forward.id).await?;
    let names = names_of(db, rows.iter().filter_map(|row| row.account)).await?;
    let partner = one.forward.from.partner().or(one.forward.to.partner()).is_some();
    let mut trail = vec![];
    for row in rows {
        let (Some(step), Some(at)) = (Step::parse(&row.step), from_micros(row.at)) else { continue };
        let unknown = if partner { "The other Plenary" } else { "" };
        let by = row.account.and_then(|id| names.get(&id).cloned()).unwrap_or_else(|| Line::from(unknown));
        trail.push(TrailStep { at, step, by, note: RichText::clean(&row.note) });
    }
    Ok(ForwardView {
        forward: one.forward.clone(),
        from: end_view(db, &one.forward.from).await?,
        to: end_view(db, &one.forward.to).await?,
        trail,
    })
}
