//! Viewing as another person: reading only, for an hour at most, kept in the record and shown to that person
//! (requirement 14).

use crate::{
    Error, Result, Store,
    account::{account_of, active, fact},
    entity::{account, edition, registration, role_grant, sign_in, viewing},
    grant,
    save::upsert,
    tx::{Change, Tx},
};
use jiff::SignedDuration;
use model::{
    Refusal,
    account::{Account, Viewing},
    feed::Deed,
    id::{AccountId, EditionId, SignInId, ViewingId},
    permission::{Grant, Place, Scope, Subject},
    text::Line,
    time::{from_micros, to_micros},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};
use std::collections::HashMap;
use uuid::Uuid;

/// How long somebody views as another person at most.
pub const VIEW_LIFE: SignedDuration = SignedDuration::from_hours(1);

/// What is known of a person for the question whether somebody may view as them.
pub(crate) struct Known {
    /// Their grants, each with the place where it is given.
    pub(crate) grants: Vec<(Grant, Place)>,
    /// Where they are known: the installation, the series in which they have a role, and every edition that they have to do
    /// with.
    pub(crate) places: Vec<Place>,
}

impl Store {
    /// Begins to view as another person in that browser, when `subject` may.
    pub async fn view_as(&self, subject: &Subject, browser: SignInId, other: AccountId) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            active(tx.db(), other).await?;
            let known = known(tx.db(), other, &grant::of_account(tx.db(), other).await?).await?;
            subject.may_view_as(other, &known.grants, &known.places)?;
            let row = sign_in::Entity::find_by_id(browser.0).one(tx.db()).await?;
            let row = row
                .filter(|row| Some(AccountId(row.account)) == subject.account)
                .ok_or_else(|| Refusal::new("view as", "you are not signed in any more", "Sign in first"))?;
            end(tx, browser).await?;
            let until = tx.at().checked_add(VIEW_LIFE).unwrap_or(tx.at());
            let view = Viewing {
                id: ViewingId(Uuid::now_v7()),
                viewer: AccountId(row.account),
                viewed: other,
                begun: tx.at(),
                until,
                ended: None,
            };
            let viewing =
                sign_in::Model { viewing_as: Some(other.0), viewing_until: Some(to_micros(until)), ..row };
            upsert::<sign_in::Entity>(tx.db(), vec![viewing]).await?;
            put(tx, None, &view, browser).await
        })
        .await
    }

    /// Returns to one's own view in that browser.
    pub async fn end_view(&self, subject: &Subject, browser: SignInId) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            let row = sign_in::Entity::find_by_id(browser.0).one(tx.db()).await?;
            let Some(row) = row.filter(|row| Some(AccountId(row.account)) == subject.account) else {
                return Ok(());
            };
            let own = sign_in::Model { viewing_as: None, viewing_until: None, ..row };
            upsert::<sign_in::Entity>(tx.db(), vec![own]).await?;
            end(tx, browser).await
        })
        .await
    }

    /// Who has viewed as that person, the latest first, with the viewers. Two queries.
    pub async fn viewings_of(&self, viewed: AccountId) -> Result<Vec<(Viewing, Account)>> {
        let rows = viewing::Entity::find()
            .filter(viewing::Column::Viewed.eq(viewed.0))
            .order_by_desc(viewing::Column::BegunAt)
            .all(self.readers())
            .await?;
        let viewers = account::Entity::find()
            .filter(account::Column::Id.is_in(rows.iter().map(|row| row.viewer)))
            .all(self.readers())
            .await?;
        let mut out = Vec::with_capacity(rows.len());
        for row in &rows {
            if let Some(viewer) = viewers.iter().find(|viewer| viewer.id == row.viewer) {
                out.push((viewing_of(row)?, account_of(viewer)?));
            }
        }
        Ok(out)
    }

    /// The places where a person is known: the installation, the series in which they have a role, and every edition that
    /// they have to do with. Two queries.
    pub async fn places_of(&self, id: AccountId) -> Result<Vec<Place>> {
        let grants = grant::of_account(self.readers(), id).await?;
        Ok(known(self.readers(), id, &grants).await?.places)
    }
}

/// What is known of the person with these grants. One query.
pub(crate) async fn known(db: &impl ConnectionTrait, id: AccountId, grants: &[Grant]) -> Result<Known> {
    let editions = editions_of(db, id).await?;
    let place = |grant: &Grant| {
        let series = grant.scope.edition().and_then(|edition| editions.get(&edition));
        (grant.clone(), Place::of_scope(&grant.scope, series))
    };
    let mut places = vec![Place::installation()];
    places.extend(
        editions.iter().map(|(edition, series)| Place { edition: Some(*edition), ..Place::series(series) }),
    );
    places.extend(grants.iter().filter_map(|grant| match &grant.scope {
        Scope::Series(name) => Some(Place::series(name)),
        _ => None,
    }));
    Ok(Known { grants: grants.iter().map(place).collect(), places })
}

/// The editions that a person has to do with, each with its series: where they have a role or are registered.
async fn editions_of(db: &impl ConnectionTrait, id: AccountId) -> Result<HashMap<EditionId, Line>> {
    let with_role = role_grant::Entity::find()
        .select_only()
        .column(role_grant::Column::Edition)
        .filter(role_grant::Column::Account.eq(id.0))
        .filter(role_grant::Column::Edition.is_not_null())
        .into_query();
    let registered = registration::Entity::find()
        .select_only()
        .column(registration::Column::Edition)
        .filter(registration::Column::Account.eq(id.0))
        .into_query();
    let rows: Vec<(Uuid, String)> = edition::Entity::find()
        .select_only()
        .columns([edition::Column::Id, edition::Column::Series])
        .filter(
            Condition::any()
                .add(edition::Column::Id.in_subquery(with_role))
                .add(edition::Column::Id.in_subquery(registered)),
        )
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|(id, series)| (EditionId(id), Line::clean(&series))).collect())
}

/// Notes that the view of that browser has ended, where there is one.
pub(crate) async fn end(tx: &Tx, browser: SignInId) -> Result<()> {
    let open = viewing::Entity::find()
        .filter(viewing::Column::SignIn.eq(browser.0))
        .filter(viewing::Column::EndedAt.is_null())
        .filter(viewing::Column::UntilAt.gt(to_micros(tx.at())))
        .all(tx.db())
        .await?;
    for row in open {
        let before = viewing_of(&row)?;
        let after = Viewing { ended: Some(tx.at()), ..before.clone() };
        put(tx, Some(&before), &after, browser).await?;
    }
    Ok(())
}

async fn put(tx: &Tx, before: Option<&Viewing>, after: &Viewing, browser: SignInId) -> Result<()> {
    let row = viewing::Model {
        id: after.id.0,
        viewer: after.viewer.0,
        viewed: after.viewed.0,
        sign_in: browser.0,
        begun_at: to_micros(after.begun),
        until_at: to_micros(after.until),
        ended_at: after.ended.map(to_micros),
    };
    upsert::<viewing::Entity>(tx.db(), vec![row]).await?;
    tx.note(vec![Change {
        kind: ViewingId::KIND,
        thing: after.id.0,
        edition: None,
        deed: if before.is_some() { Deed::Changed } else { Deed::Created },
        before: before.map(fact).transpose()?,
        after: Some(fact(after)?),
    }])
    .await
}

/// The view of a row.
pub(crate) fn viewing_of(row: &viewing::Model) -> Result<Viewing> {
    let instant = |micros| {
        from_micros(micros).ok_or_else(|| Error::damaged(format!("viewing {}", row.id), "no such instant"))
    };
    Ok(Viewing {
        id: ViewingId(row.id),
        viewer: AccountId(row.viewer),
        viewed: AccountId(row.viewed),
        begun: instant(row.begun_at)?,
        until: instant(row.until_at)?,
        ended: row.ended_at.map(instant).transpose()?,
    })
}
