//! What the next edition takes along from an earlier one beside its programme: pages and the menu, the levels of
//! sponsors, the sender and the texts of mail.

use crate::{
    Result,
    entity::web_page,
    mail,
    page::{menu_of, page_of, put_menu, put_page},
    sponsor::{put_plan, stored},
    tx::Tx,
};
use model::{
    copy::Kept,
    id::{EditionId, WebPageId},
    page::{Menu, MenuItem, MenuTarget, WebPage},
    sponsor::SponsorPlan,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use std::collections::HashMap;
use uuid::Uuid;

/// Gives the new edition `to` what it takes along from `from`. Pages come as drafts: what they say is the earlier
/// edition's, until somebody has looked at it.
pub(crate) async fn bring(tx: &Tx, from: EditionId, to: EditionId, kept: Kept) -> Result<()> {
    if kept.pages {
        pages(tx, from, to).await?;
    }
    if kept.levels
        && let Some(plan) = stored(tx.db(), from).await?.filter(|plan| !plan.levels.is_empty())
    {
        let plan = SponsorPlan { levels: plan.levels, reopened: None };
        put_plan(tx, to, None, Some(&plan)).await?;
    }
    if kept.mail {
        mail::bring(tx, from, to).await?;
    }
    Ok(())
}

async fn pages(tx: &Tx, from: EditionId, to: EditionId) -> Result<()> {
    let rows = web_page::Entity::find().filter(web_page::Column::Edition.eq(from.0)).all(tx.db()).await?;
    let mut new: HashMap<WebPageId, WebPageId> = HashMap::new();
    for row in &rows {
        let page = page_of(row)?;
        let id = WebPageId(Uuid::now_v7());
        new.insert(page.id, id);
        put_page(tx, to, None, Some(&WebPage { id, published: false, ..page })).await?;
    }
    let Some(menu) = menu_of(tx.db(), from).await? else { return Ok(()) };
    let rows = menu.rows().map(|(item, is_below)| {
        let target = match &item.target {
            MenuTarget::Page(id) => MenuTarget::Page(new.get(id).copied().unwrap_or(*id)),
            other => other.clone(),
        };
        (MenuItem { target, ..item.clone() }, is_below)
    });
    put_menu(tx, to, None, Some(&Menu::from_rows(rows))).await
}
