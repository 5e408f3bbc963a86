//! The editions, and the one way in which an edition's programme is edited.

use crate::{
    Error, Result, Store,
    entity::{edition, release},
    grant, load, release as releases, rows, save, session_type as types, settings,
    tx::Tx,
};
use model::{
    Refusal,
    copy::{self, Beginning, Kept},
    edition::{Edition, EditionState},
    feed::Actor,
    id::{AccountId, EditionId, SessionTypeId},
    permission::{Role, Scope},
    programme::Programme,
    release::ReleaseHead,
    session_type::{self, SessionType},
    text::{Line, RichText, Slug},
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use std::collections::HashMap;
use uuid::Uuid;

/// An edition and its newest release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditionHead {
    /// The edition, as its working state has it.
    pub edition: Edition,
    /// Its newest release; `None` while nothing is published.
    pub latest: Option<ReleaseHead>,
}

/// The next edition of a series, as it is made from an earlier one.
#[derive(Clone, Debug)]
pub struct NextEdition {
    /// What was entered for it; it gets an identifier of its own.
    pub edition: Edition,
    /// What comes along.
    pub kept: Kept,
    /// Whether the earlier one is archived.
    pub archive: bool,
    /// Who organises the next one from the start: whoever makes it with no right beyond the earlier edition.
    pub organiser: Option<AccountId>,
}

impl Store {
    /// All editions, newest first. Two queries.
    pub async fn editions(&self) -> Result<Vec<EditionHead>> {
        let rows = edition::Entity::find()
            .order_by_desc(edition::Column::FirstDay)
            .order_by_asc(edition::Column::Slug)
            .all(self.readers())
            .await?;
        let newest = release::Entity::find()
            .order_by_asc(release::Column::Number)
            .into_partial_model::<releases::HeadRow>()
            .all(self.readers())
            .await?;
        // The last one in ascending order stays.
        let mut newest: HashMap<_, _> = newest.into_iter().map(|row| (row.edition, row)).collect();
        rows.iter()
            .map(|row| {
                let latest = newest.remove(&row.id).map(releases::HeadRow::head).transpose()?;
                Ok(EditionHead { edition: rows::edition(row)?, latest })
            })
            .collect()
    }

    /// The edition of this slug.
    pub async fn edition(&self, slug: &Slug) -> Result<Option<EditionHead>> {
        let Some(row) = edition::Entity::find()
            .filter(edition::Column::Slug.eq(slug.as_str()))
            .one(self.readers())
            .await?
        else {
            return Ok(None);
        };
        let latest = releases::newest_head(self.readers(), row.id).await?;
        Ok(Some(EditionHead { edition: rows::edition(&row)?, latest }))
    }

    /// Opens a new edition with the usual session types. `entered` gets an identifier of its own.
    pub async fn new_edition(&self, actor: &Actor, entered: &Edition) -> Result<Edition> {
        let usual = session_type::USUAL.into_iter().map(|(name, kind, minutes)| SessionType {
            id: SessionTypeId(Uuid::now_v7()),
            name: Line::from(name),
            kind,
            minutes,
            description: RichText::default(),
        });
        let edition = Edition { id: EditionId(Uuid::now_v7()), ..entered.clone() };
        let beginning = Beginning { programme: Programme::empty(edition), types: usual.collect() };
        self.write(actor, async |tx| begin(tx, &beginning).await).await
    }

    /// Opens the next edition from the settings of an earlier one: rooms, tracks, session types and the like as `next`
    /// says, no people and no sessions. The earlier one stays where it is, archived where `next` says so.
    pub async fn copy_edition(&self, actor: &Actor, id: EditionId, next: &NextEdition) -> Result<Edition> {
        self.write(actor, async |tx| {
            let rows = load::load(tx.db(), edition::Column::Id.eq(id.0))
                .await?
                .ok_or_else(|| Error::no_edition(id))?;
            let old = rows.programme()?;
            let types: Vec<SessionType> =
                types::rows(tx.db(), id).await?.iter().map(types::session_type_of).collect::<Result<_>>()?;
            let beginning = copy::next(&old, &types, &next.edition, next.kept, Uuid::now_v7);
            let edition = begin(tx, &beginning).await?;
            settings::bring(tx, id, edition.id, next.kept).await?;
            if let Some(account) = next.organiser {
                let scope = Scope::Edition(edition.id);
                let note = Line::clean(&format!("Made it from {}", old.edition.title));
                let given = grant::NewGrant { note, ..grant::NewGrant::new(account, Role::Organiser, scope) };
                grant::insert(tx, account, &given, actor).await?;
            }
            if next.archive && old.edition.state != EditionState::Archived {
                let mut after = old.clone();
                after.edition.state = EditionState::Archived;
                save::save(tx, Some(&rows), &after).await?;
            }
            Ok(edition)
        })
        .await
    }

    /// Edits the working state of an edition: `rule` gets the present state and answers with the new one, or
    /// says no. Writes the rows that differ and one feed entry for each thing that changed, in one
    /// transaction. Returns the new state, normalised.
    pub async fn change(
        &self,
        actor: &Actor,
        id: EditionId,
        rule: impl FnOnce(Programme) -> Result<Programme, Refusal> + Send,
    ) -> Result<Programme> {
        self.write(actor, async |tx| {
            let before = load::load(tx.db(), edition::Column::Id.eq(id.0))
                .await?
                .ok_or_else(|| Error::no_edition(id))?;
            let present = before.programme()?;
            let old = present.clone();
            let sponsors = present.sponsors.clone();
            let state = present.edition.state;
            let mut after = rule(present)?;
            after.edition.id = id;
            after.normalise();
            crate::microconference::follow(tx, &old, &mut after).await?;
            if after.sponsors != sponsors {
                let plan = crate::sponsor::plan(tx.db(), id).await?;
                model::sponsor::may_change(&after.edition, &plan, tx.at())?;
            }
            if state == EditionState::Archived
                && after.edition.state == EditionState::Archived
                && old != after
            {
                return Err(archived(&after.edition.title).into());
            }
            slug_may_become(tx.db(), &before.edition, &after.edition.slug).await?;
            Ok(save::save(tx, Some(&before), &after).await?.0)
        })
        .await
    }
}

/// The edition of that identifier, where it can be changed.
pub(crate) async fn open(db: &impl ConnectionTrait, id: EditionId) -> Result<edition::Model> {
    let row = edition::Entity::find_by_id(id.0).one(db).await?.ok_or_else(|| Error::no_edition(id))?;
    if row.state == EditionState::Archived.as_str() {
        return Err(archived(&Line::clean(&row.title)).into());
    }
    Ok(row)
}

/// The refusal of a change to an archived edition.
pub(crate) fn archived(title: &Line) -> Refusal {
    Refusal::new(
        "edition",
        format!("{title} is archived: it stays as it is"),
        "Open it again in its settings to change it",
    )
}

/// An edition and what it begins with, in the record for the first time.
async fn begin(tx: &Tx, beginning: &Beginning) -> Result<Edition> {
    let edition = &beginning.programme.edition;
    edition.check_entered()?;
    slug_is_free(tx.db(), &edition.slug).await?;
    let (programme, _) = save::save(tx, None, &beginning.programme).await?;
    types::save_types(tx, edition.id, &[], &beginning.types).await?;
    Ok(programme.edition)
}

/// Refuses another address for an edition where it is somebody else's, or where the edition is published: links to it stand
/// everywhere.
pub(crate) async fn slug_may_become(
    db: &impl ConnectionTrait,
    before: &edition::Model,
    slug: &Slug,
) -> Result<()> {
    if before.slug == slug.as_str() {
        return Ok(());
    }
    if releases::newest_head(db, before.id).await?.is_some() {
        let problem = "it is public under its address, which stays";
        return Err(Refusal::new("slug", problem, "Leave it as it is").into());
    }
    slug_is_free(db, slug).await
}

async fn slug_is_free(db: &impl ConnectionTrait, slug: &Slug) -> Result<()> {
    match edition::Entity::find().filter(edition::Column::Slug.eq(slug.as_str())).one(db).await? {
        None => Ok(()),
        Some(other) => Err(Error::Refused(Refusal::new(
            "slug",
            format!("\"{slug}\" is the address of {}", other.title),
            "Choose another",
        ))),
    }
}
