//! Sponsors: entered once, frozen when the edition is over. They are part of the programme, so that files carry them and
//! releases keep them; the public site shows them as they are now.

use crate::{
    Error, Result, Store,
    content::{allowed, note},
    entity::{edition, sponsor_plan},
    load, rows, save,
    save::upsert,
    tx::Tx,
};
use model::{
    Refusal,
    edition::Sponsor,
    id::{EditionId, SponsorId},
    permission::{Action, Place, Subject},
    sponsor::{Reopened, SponsorPlan, check, may_change},
    text::Line,
    time::{from_micros, to_micros},
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

/// The word for a plan in the feed; it is known by its edition's identifier.
pub(crate) const PLAN_KIND: &str = "sponsors";

impl Store {
    /// The sponsors of an edition, by rank, and the plan of its levels. Two queries.
    pub async fn sponsors(&self, id: EditionId) -> Result<(SponsorPlan, Vec<Sponsor>)> {
        use crate::entity::sponsor;
        let rows = sponsor::Entity::find()
            .filter(sponsor::Column::Edition.eq(id.0))
            .order_by_asc(sponsor::Column::Rank)
            .order_by_asc(sponsor::Column::Position)
            .all(self.readers())
            .await?;
        Ok((plan(self.readers(), id).await?, rows.iter().map(rows::sponsor).collect::<Result<_>>()?))
    }

    /// Adds a sponsor, or makes the one of its identifier what it says: see [`Store::change_sponsor`].
    pub async fn save_sponsor(&self, subject: &Subject, id: EditionId, sponsor: &Sponsor) -> Result<()> {
        self.change_sponsor(subject, id, sponsor.id, |_| Ok(Some(sponsor.clone()))).await.map(drop)
    }

    /// Removes a sponsor: see [`Store::change_sponsor`].
    pub async fn remove_sponsor(&self, subject: &Subject, id: EditionId, sponsor: SponsorId) -> Result<()> {
        self.change_sponsor(subject, id, sponsor, |_| Ok(None)).await.map(drop)
    }

    /// Adds, changes or removes a sponsor: `rule` gets it as it is, `None` where there is none, and answers with the new
    /// one, with `None` for none, or says no. Its rank is that of its level. Refused while the sponsors are frozen. Gives
    /// what is in the record then.
    pub async fn change_sponsor(
        &self,
        subject: &Subject,
        id: EditionId,
        sponsor: SponsorId,
        rule: impl Fn(Option<&Sponsor>) -> Result<Option<Sponsor>, Refusal> + Send + Sync,
    ) -> Result<Option<Sponsor>> {
        self.change_sponsors(subject, id, |plan, sponsors| {
            let before = sponsors.iter().position(|other| other.id == sponsor);
            let Some(wanted) = rule(before.map(|at| &sponsors[at]))? else {
                sponsors.retain(|other| other.id != sponsor);
                return Ok(None);
            };
            check(&wanted)?;
            let mut after = Sponsor { id: sponsor, ..wanted };
            let alike = sponsors.iter().find(|other| other.level == after.level);
            let last = sponsors.last().map_or(0, |last| last.rank.saturating_add(1));
            after.rank = match alike {
                _ if plan.levels.contains(&after.level) => plan.rank(&after.level),
                // A level that came with a file and stands in no plan.
                Some(other) => other.rank,
                None => last,
            };
            match before {
                Some(at) => sponsors[at] = after.clone(),
                None => sponsors.push(after.clone()),
            }
            Ok(Some(after))
        })
        .await
    }

    /// Puts a sponsor one place up or down among those of its level.
    pub async fn move_sponsor(
        &self,
        subject: &Subject,
        id: EditionId,
        sponsor: SponsorId,
        up: bool,
    ) -> Result<()> {
        self.change_sponsors(subject, id, |_, sponsors| {
            let Some(at) = sponsors.iter().position(|other| other.id == sponsor) else {
                return Err(Refusal::new("sponsor", "it is not there any more", "Load the page again"));
            };
            let rank = sponsors[at].rank;
            let other = if up {
                sponsors[..at].iter().rposition(|other| other.rank == rank)
            } else {
                sponsors[at + 1..].iter().position(|other| other.rank == rank).map(|next| at + 1 + next)
            };
            if let Some(other) = other {
                sponsors.swap(at, other);
            }
            Ok(())
        })
        .await
    }

    async fn change_sponsors<T>(
        &self,
        subject: &Subject,
        id: EditionId,
        rule: impl Fn(&SponsorPlan, &mut Vec<Sponsor>) -> Result<T, Refusal> + Send + Sync,
    ) -> Result<T> {
        self.write(&subject.actor, async |tx| {
            let edition = allowed(tx.db(), subject, Action::EditSponsors, id, None).await?;
            let plan = plan(tx.db(), id).await?;
            may_change(&edition, &plan, tx.at())?;
            alter(tx, id, |sponsors| rule(&plan, sponsors)).await
        })
        .await
    }

    /// Sets the levels of an edition, the highest first: see [`Store::change_levels`].
    pub async fn set_levels(&self, subject: &Subject, id: EditionId, levels: &[Line]) -> Result<SponsorPlan> {
        self.change_levels(subject, id, |_| Ok(levels.to_vec())).await
    }

    /// Changes the levels of an edition: `rule` gets the plan as it is and answers with the levels, the highest first, or
    /// says no. The ranks of its sponsors follow. Refused while they are frozen.
    pub async fn change_levels(
        &self,
        subject: &Subject,
        id: EditionId,
        rule: impl Fn(&SponsorPlan) -> Result<Vec<Line>, Refusal> + Send + Sync,
    ) -> Result<SponsorPlan> {
        self.write(&subject.actor, async |tx| {
            let edition = allowed(tx.db(), subject, Action::EditSponsors, id, None).await?;
            let before = stored(tx.db(), id).await?;
            let present = before.clone().unwrap_or_default();
            may_change(&edition, &present, tx.at())?;
            let after = present.with_levels(rule(&present)?)?;
            put_plan(tx, id, before.as_ref(), Some(&after)).await?;
            alter(tx, id, |sponsors| {
                for sponsor in sponsors.iter_mut() {
                    sponsor.rank = after.rank(&sponsor.level);
                }
                Ok(())
            })
            .await?;
            Ok(after)
        })
        .await
    }

    /// Takes over the levels of the latest earlier edition of the series that has any. Gives its title; `None` when there
    /// is none.
    pub async fn copy_levels(&self, subject: &Subject, id: EditionId) -> Result<Option<Line>> {
        let heads = self.editions().await?;
        let Some(own) = heads.iter().map(|head| &head.edition).find(|edition| edition.id == id) else {
            return Err(Error::no_edition(id));
        };
        let earlier = heads.iter().map(|head| &head.edition).filter(|edition| {
            Place::edition(edition).series == Place::edition(own).series && edition.first_day < own.first_day
        });
        for edition in earlier {
            let (plan, sponsors) = self.sponsors(edition.id).await?;
            let levels = plan.offered(&sponsors);
            if !levels.is_empty() {
                self.set_levels(subject, id, &levels).await?;
                return Ok(Some(edition.title.clone()));
            }
        }
        Ok(None)
    }

    /// Opens the sponsors of an edition that is over, for `reason`, or freezes them again where there is none.
    pub async fn reopen_sponsors(
        &self,
        subject: &Subject,
        id: EditionId,
        reason: Option<&Line>,
    ) -> Result<SponsorPlan> {
        self.write(&subject.actor, async |tx| {
            // Not for those who only enter sponsors: it is the edition's promise that is opened.
            allowed(tx.db(), subject, Action::EditEdition, id, None).await?;
            let before = stored(tx.db(), id).await?;
            let reopened = match reason {
                Some(reason) if reason.is_empty() => {
                    let remedy = "Say why; it stands in the audit log";
                    return Err(Refusal::new("reason", "it is empty", remedy).into());
                }
                Some(reason) => Some(Reopened { at: tx.at(), reason: reason.clone() }),
                None => None,
            };
            let after = SponsorPlan { reopened, ..before.clone().unwrap_or_default() };
            put_plan(tx, id, before.as_ref(), Some(&after)).await?;
            Ok(after)
        })
        .await
    }
}

/// Changes the sponsors among the edition's rows, and notes what differs.
async fn alter<T>(
    tx: &Tx,
    id: EditionId,
    rule: impl FnOnce(&mut Vec<Sponsor>) -> Result<T, Refusal>,
) -> Result<T> {
    let before = load::load(tx.db(), edition::Column::Id.eq(id.0)).await?;
    let before = before.ok_or_else(|| Error::no_edition(id))?;
    let mut after = before.programme()?;
    let outcome = rule(&mut after.sponsors)?;
    after.normalise();
    save::save(tx, Some(&before), &after).await?;
    Ok(outcome)
}

/// Makes the plan what `after` says, and notes it.
pub(crate) async fn put_plan(
    tx: &Tx,
    edition: EditionId,
    before: Option<&SponsorPlan>,
    after: Option<&SponsorPlan>,
) -> Result<()> {
    match after {
        Some(plan) => {
            let row = sponsor_plan::Model {
                edition: edition.0,
                levels: rows::json(&plan.levels)?,
                reopened_at: plan.reopened.as_ref().map(|reopened| to_micros(reopened.at)),
                reopened_reason: plan.reopened.as_ref().map(|r| r.reason.to_string()).unwrap_or_default(),
            };
            upsert::<sponsor_plan::Entity>(tx.db(), vec![row]).await?;
        }
        None => {
            sponsor_plan::Entity::delete_by_id(edition.0).exec(tx.db()).await?;
        }
    }
    note(tx, (PLAN_KIND, edition.0), edition, before, after).await
}

/// The plan of an edition; an empty one where none was made.
pub(crate) async fn plan(db: &impl ConnectionTrait, id: EditionId) -> Result<SponsorPlan> {
    Ok(stored(db, id).await?.unwrap_or_default())
}

/// The plan of an edition, where one was made.
pub(crate) async fn stored(db: &impl ConnectionTrait, id: EditionId) -> Result<Option<SponsorPlan>> {
    let row = sponsor_plan::Entity::find_by_id(id.0).one(db).await?;
    row.as_ref().map(plan_of).transpose()
}

/// The plan of a row.
pub(crate) fn plan_of(row: &sponsor_plan::Model) -> Result<SponsorPlan> {
    let damaged = |what: &str| Error::damaged(format!("sponsors of edition {}", row.edition), what);
    let reopened = match row.reopened_at {
        Some(at) => Some(Reopened {
            at: from_micros(at).ok_or_else(|| damaged("no such instant"))?,
            reason: Line::clean(&row.reopened_reason),
        }),
        None => None,
    };
    Ok(SponsorPlan { levels: serde_json::from_str(&row.levels).map_err(|_| damaged("no list"))?, reopened })
}
