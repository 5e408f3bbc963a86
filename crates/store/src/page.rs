//! Pages that organisers write, and the menu.

use crate::{
    Error, Result, Store,
    content::{allowed, note},
    entity::{menu, web_page},
    rows::json,
    save::upsert,
    tx::Tx,
};
use model::{
    Refusal,
    id::{EditionId, WebPageId},
    page::{Menu, WebPage},
    permission::{Action, Subject},
    text::{Line, RichText, Slug},
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The word for the menu in the feed; it is known by its edition's identifier.
pub(crate) const MENU_KIND: &str = "menu";

impl Store {
    /// All pages of an edition, in their order. One query.
    pub async fn pages(&self, edition: EditionId) -> Result<Vec<WebPage>> {
        let rows = web_page::Entity::find()
            .filter(web_page::Column::Edition.eq(edition.0))
            .order_by_asc(web_page::Column::Position)
            .order_by_asc(web_page::Column::Title);
        rows.all(self.readers()).await?.iter().map(page_of).collect()
    }

    /// One page.
    pub async fn page(&self, edition: EditionId, id: WebPageId) -> Result<Option<WebPage>> {
        find(self.readers(), edition, id).await
    }

    /// Adds a page. Its identifier is made here; it stands behind those that are there. An address that another page
    /// has is refused.
    pub async fn add_page(&self, subject: &Subject, edition: EditionId, page: WebPage) -> Result<WebPage> {
        self.write(&subject.actor, async |tx| {
            allowed(tx.db(), subject, Action::EditPages, edition, None).await?;
            let last: Option<i64> = web_page::Entity::find()
                .select_only()
                .column(web_page::Column::Position)
                .filter(web_page::Column::Edition.eq(edition.0))
                .order_by_desc(web_page::Column::Position)
                .into_tuple()
                .one(tx.db())
                .await?;
            let page = WebPage {
                id: WebPageId(Uuid::now_v7()),
                position: last.unwrap_or_default() + 1,
                ..page.clone()
            };
            put_page(tx, edition, None, Some(&page)).await?;
            Ok(page)
        })
        .await
    }

    /// Changes a page: `rule` gets it as it is and answers with the new one, or says no.
    pub async fn change_page(
        &self,
        subject: &Subject,
        edition: EditionId,
        id: WebPageId,
        rule: impl Fn(WebPage) -> Result<WebPage, Refusal> + Send + Sync,
    ) -> Result<WebPage> {
        self.write(&subject.actor, async |tx| {
            allowed(tx.db(), subject, Action::EditPages, edition, None).await?;
            let before = find(tx.db(), edition, id).await?.ok_or_else(gone)?;
            let after = WebPage { id, ..rule(before.clone())? };
            put_page(tx, edition, Some(&before), Some(&after)).await?;
            Ok(after)
        })
        .await
    }

    /// Removes a page, and what leads to it from the menu.
    pub async fn remove_page(&self, subject: &Subject, edition: EditionId, id: WebPageId) -> Result<()> {
        self.write(&subject.actor, async |tx| {
            allowed(tx.db(), subject, Action::EditPages, edition, None).await?;
            let before = find(tx.db(), edition, id).await?.ok_or_else(gone)?;
            put_page(tx, edition, Some(&before), None).await
        })
        .await
    }

    /// The menu of an edition; `None` where none was made.
    pub async fn menu(&self, edition: EditionId) -> Result<Option<Menu>> {
        menu_of(self.readers(), edition).await
    }

    /// Changes the menu: `rule` gets it as it is, an empty one where none was made.
    pub async fn change_menu(
        &self,
        subject: &Subject,
        edition: EditionId,
        rule: impl Fn(Menu) -> Result<Menu, Refusal> + Send + Sync,
    ) -> Result<Menu> {
        self.write(&subject.actor, async |tx| {
            allowed(tx.db(), subject, Action::EditPages, edition, None).await?;
            let before = menu_of(tx.db(), edition).await?;
            let after = rule(before.clone().unwrap_or_default())?;
            let kept = (!after.entries.is_empty()).then_some(&after);
            put_menu(tx, edition, before.as_ref(), kept).await?;
            Ok(after)
        })
        .await
    }
}

/// Makes a page what `after` says, and notes it. Refused when its address belongs to another. With a page that goes, the
/// menu loses what leads there.
pub(crate) async fn put_page(
    tx: &Tx,
    edition: EditionId,
    before: Option<&WebPage>,
    after: Option<&WebPage>,
) -> Result<()> {
    let Some(id) = after.or(before).map(|page| page.id) else { return Ok(()) };
    if let Some(page) = after {
        page.check()?;
        let other = web_page::Entity::find()
            .filter(web_page::Column::Edition.eq(edition.0))
            .filter(web_page::Column::Slug.eq(page.slug.as_str()))
            .filter(web_page::Column::Id.ne(id.0))
            .one(tx.db())
            .await?;
        if let Some(other) = other {
            let problem = format!("\"{}\" is the address of the page {}", page.slug, other.title);
            return Err(Refusal::new("slug", problem, "Choose another").into());
        }
        upsert::<web_page::Entity>(tx.db(), vec![row_of(edition, page)]).await?;
    } else {
        if let Some(menu) = menu_of(tx.db(), edition).await? {
            let left = menu.without(id);
            if left != menu {
                let kept = (!left.entries.is_empty()).then_some(&left);
                put_menu(tx, edition, Some(&menu), kept).await?;
            }
        }
        web_page::Entity::delete_by_id((edition.0, id.0)).exec(tx.db()).await?;
    }
    note(tx, (WebPageId::KIND, id.0), edition, before, after).await
}

/// Makes the menu what `after` says, and notes it. Refused when it leads to a page that is not there.
pub(crate) async fn put_menu(
    tx: &Tx,
    edition: EditionId,
    before: Option<&Menu>,
    after: Option<&Menu>,
) -> Result<()> {
    match after {
        Some(menu) => {
            menu.check(&page_ids(tx.db(), edition).await?)?;
            let row = menu::Model { edition: edition.0, entries: json(menu)? };
            upsert::<menu::Entity>(tx.db(), vec![row]).await?;
        }
        None => {
            menu::Entity::delete_by_id(edition.0).exec(tx.db()).await?;
        }
    }
    note(tx, (MENU_KIND, edition.0), edition, before, after).await
}

async fn page_ids(db: &impl ConnectionTrait, edition: EditionId) -> Result<BTreeSet<WebPageId>> {
    let ids: Vec<Uuid> = web_page::Entity::find()
        .select_only()
        .column(web_page::Column::Id)
        .filter(web_page::Column::Edition.eq(edition.0))
        .into_tuple()
        .all(db)
        .await?;
    Ok(ids.into_iter().map(WebPageId).collect())
}

pub(crate) async fn find(
    db: &impl ConnectionTrait,
    edition: EditionId,
    id: WebPageId,
) -> Result<Option<WebPage>> {
    let row = web_page::Entity::find_by_id((edition.0, id.0)).one(db).await?;
    row.as_ref().map(page_of).transpose()
}

pub(crate) async fn menu_of(db: &impl ConnectionTrait, edition: EditionId) -> Result<Option<Menu>> {
    let row = menu::Entity::find_by_id(edition.0).one(db).await?;
    row.as_ref().map(menu_from).transpose()
}

pub(crate) fn menu_from(row: &menu::Model) -> Result<Menu> {
    serde_json::from_str(&row.entries)
        .map_err(|error| Error::damaged(format!("menu of edition {}", row.edition), error))
}

fn gone() -> Error {
    Refusal::new("page", "it is not there any more", "Look in the list, or bring it back from the log").into()
}

fn row_of(edition: EditionId, page: &WebPage) -> web_page::Model {
    web_page::Model {
        edition: edition.0,
        id: page.id.0,
        slug: page.slug.to_string(),
        title: page.title.to_string(),
        body: page.body.to_string(),
        published: page.published,
        position: page.position,
    }
}

/// The page of a row.
pub(crate) fn page_of(row: &web_page::Model) -> Result<WebPage> {
    Ok(WebPage {
        id: WebPageId(row.id),
        slug: Slug::parse(&row.slug).map_err(|error| Error::damaged(format!("page {}", row.id), error))?,
        title: Line::clean(&row.title),
        body: RichText::clean(&row.body),
        published: row.published,
        position: row.position,
    })
}
