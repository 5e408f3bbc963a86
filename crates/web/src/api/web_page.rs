//! Pages that organisers write, and the menu that leads to them.

use super::{
    answer::{self, Answer, Seen},
    body::Json,
    caller::Caller,
    fault::Fault,
    field::{line, slug},
    programme,
    resource::{self, Change, Desk, Nothing, Removable, Resource, Said, reading, writing},
};
use crate::site::Site;
use axum::{
    extract::{Path, State as Held},
    http::HeaderMap,
};
use model::{
    Refusal,
    id::WebPageId,
    page::{BuiltIn, Menu, MenuEntry, MenuItem, MenuTarget, WebPage},
    permission::{Action, Place},
    text::{Line, RichText, WebUrl},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The operations.
pub(super) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, change, remove))
        .routes(routes!(menu, set_menu))
}

reading!(
    SitePage, "Site", "/api/v1/editions/{edition}/pages", "/api/v1/editions/{edition}/pages/{id}" by "Its identifier or slug",
    [] [],
    "listPages": "Lists pages: those that are published, and the others for those who write them.",
    "getPage": "Shows a page.",
);
writing!(
    SitePage by SitePageInput, "Site",
    "/api/v1/editions/{edition}/pages", "/api/v1/editions/{edition}/pages/{id}" by "Its identifier or slug",
    "createPage": "Adds a page. A published page is public at once.",
    "changePage": "Changes a page. A published page changes at once.",
    "removePage": "Removes a page, and what leads to it from the menu.",
);

/// A page that organisers write.
#[derive(Debug, Serialize, ToSchema)]
struct SitePage {
    /// Its identifier.
    id: Uuid,
    /// What was written.
    #[serde(flatten)]
    input: SitePageInput,
}

/// What one decides of a page.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct SitePageInput {
    /// Its title.
    #[schema(min_length = 1, max_length = 300)]
    title: String,
    /// Its place in its address; made from the title where it is left out.
    #[serde(default)]
    slug: Option<String>,
    /// Its text. Markdown.
    #[serde(default)]
    body: String,
    /// Whether visitors see it.
    #[serde(default)]
    published: bool,
    /// Where it stands among the pages where no menu orders them, small numbers first; behind all where it is left out.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 9_999)]
    position: Option<i64>,
}

impl From<&WebPage> for SitePage {
    fn from(page: &WebPage) -> Self {
        Self {
            id: page.id.0,
            input: SitePageInput {
                title: page.title.to_string(),
                slug: Some(page.slug.to_string()),
                body: page.body.to_string(),
                published: page.published,
                position: Some(page.position),
            },
        }
    }
}

impl SitePageInput {
    /// The page that it decides.
    fn read(&self, id: WebPageId, present: Option<&WebPage>) -> Result<WebPage, Refusal> {
        let title = line("title", &self.title)?;
        let before = present.map_or(0, |page| page.position);
        let position = self.position.unwrap_or(before);
        // What an import gave it may lie beyond, and stays.
        if position != before && !(0..=9_999).contains(&position) {
            return Err(Refusal::new(
                "position",
                "it is no number from 0 to 9999",
                "Give one or leave it out",
            ));
        }
        Ok(WebPage {
            id,
            slug: slug(self.slug.as_deref(), &title, "page", id.0)?,
            title,
            body: RichText::clean(&self.body),
            published: self.published,
            position,
        })
    }
}

impl SitePage {
    /// The page as the record has it, for somebody who writes pages.
    async fn held(desk: &Desk, key: &str) -> Result<WebPage, Fault> {
        desk.may(Action::EditPages)?;
        let pages = desk.site.store().pages(desk.edition.id).await?;
        let found = pages.into_iter().find(|page| Self::from(page).is(key));
        found.ok_or_else(|| Fault::none(Self::ONE, key))
    }
}

impl Resource for SitePage {
    type Input = SitePageInput;
    type Wanted = Nothing;

    const ONE: &'static str = "page";
    const LIST: &'static str = "pages";

    fn id(&self) -> Uuid {
        self.id
    }

    fn input(&self) -> &SitePageInput {
        &self.input
    }

    fn is(&self, key: &str) -> bool {
        self.input.slug.as_deref() == Some(key) || resource::is_id(self.id, key)
    }

    async fn all(site: &Site, caller: &Caller, edition: &str, _: &Nothing) -> Result<Vec<Self>, Fault> {
        let edition = programme::known(site, caller, edition).await?.edition;
        let writes = caller.may_read(Action::EditPages, &Place::edition(&edition)).is_ok();
        let pages = site.store().pages(edition.id).await?;
        Ok(pages.iter().filter(|page| page.published || writes).map(Self::from).collect())
    }

    async fn add(desk: &Desk, input: &SitePageInput) -> Result<Self, Fault> {
        desk.may(Action::EditPages)?;
        let new = input.read(WebPageId(Uuid::now_v7()), None)?;
        let page = desk.site.store().add_page(&desk.caller.subject, desk.edition.id, new).await?;
        Ok(Self::from(&page))
    }

    async fn change(desk: &Desk, key: &str, change: &Change) -> Result<Self, Fault> {
        let id = Self::held(desk, key).await?.id;
        let said = Said::default();
        let rule = |page: WebPage| {
            let input = said.keep(change.of(&Self::from(&page)))?;
            input.read(id, Some(&page))
        };
        let done = desk.site.store().change_page(&desk.caller.subject, desk.edition.id, id, rule).await;
        said.outcome(done).map(|page| Self::from(&page))
    }
}

impl Removable for SitePage {
    async fn remove(desk: &Desk, key: &str, seen: &Seen) -> Result<(), Fault> {
        let page = Self::held(desk, key).await?;
        seen.check(&Self::from(&page))?;
        desk.site.store().remove_page(&desk.caller.subject, desk.edition.id, page.id).await?;
        Ok(())
    }
}

/// The menu of an edition.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Menu)]
struct SiteMenu {
    /// Its entries, in their order. An empty menu lists the usual pages and every published page.
    #[schema(max_items = 40)]
    entries: Vec<SiteMenuEntry>,
}

/// An entry of the menu's first level.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = MenuEntry)]
struct SiteMenuEntry {
    /// The entry.
    #[serde(flatten)]
    item: SiteMenuItem,
    /// The entries below it, in their order.
    #[serde(default)]
    #[schema(max_items = 40)]
    below: Vec<SiteMenuItem>,
}

/// An entry of the menu. It leads to one of `page`, `own` and `url`, or is a heading where it has none of them.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = MenuItem)]
struct SiteMenuItem {
    /// What it says; empty for the name of where it leads.
    #[serde(default)]
    label: String,
    /// The page that it leads to.
    #[serde(default)]
    page: Option<Uuid>,
    /// The page of Plenary that it leads to: `home`, `schedule`, `list`, `now`, `speakers`, `tracks`, `rooms`, `posts` or
    /// `releases`.
    #[serde(default)]
    own: Option<String>,
    /// The address that it leads to.
    #[serde(default)]
    url: Option<String>,
}

impl From<&MenuItem> for SiteMenuItem {
    fn from(item: &MenuItem) -> Self {
        let mut out = Self { label: item.label.to_string(), ..Self::default() };
        match &item.target {
            MenuTarget::Page(id) => out.page = Some(id.0),
            MenuTarget::BuiltIn(page) => out.own = Some(page.as_str().to_owned()),
            MenuTarget::Url(url) => out.url = Some(url.to_string()),
            MenuTarget::Heading => {}
        }
        out
    }
}

impl SiteMenuItem {
    fn read(&self) -> Result<MenuItem, Refusal> {
        let target = match (self.page, self.own.as_deref(), self.url.as_deref()) {
            (Some(id), None, None) => MenuTarget::Page(WebPageId(id)),
            (None, Some(word), None) => {
                let words = BuiltIn::ALL.map(BuiltIn::as_str).join(", ");
                MenuTarget::BuiltIn(BuiltIn::parse(word).ok_or_else(|| {
                    Refusal::new("own", "there is no such page", format!("Give one of {words}"))
                })?)
            }
            (None, None, Some(url)) => MenuTarget::Url(super::field::field("url", url, WebUrl::parse)?),
            (None, None, None) => MenuTarget::Heading,
            _ => {
                return Err(Refusal::new(
                    "entry",
                    "it leads to several places",
                    "Give one of page, own and url",
                ));
            }
        };
        Ok(MenuItem { label: Line::clean(&self.label), target })
    }
}

impl From<&Menu> for SiteMenu {
    fn from(menu: &Menu) -> Self {
        let entry = |entry: &MenuEntry| SiteMenuEntry {
            item: SiteMenuItem::from(&entry.item),
            below: entry.below.iter().map(SiteMenuItem::from).collect(),
        };
        Self { entries: menu.entries.iter().map(entry).collect() }
    }
}

impl SiteMenu {
    fn read(&self) -> Result<Menu, Refusal> {
        let entry = |entry: &SiteMenuEntry| {
            let below = entry.below.iter().map(SiteMenuItem::read).collect::<Result<_, _>>()?;
            Ok(MenuEntry { item: entry.item.read()?, below })
        };
        Ok(Menu { entries: self.entries.iter().map(entry).collect::<Result<_, Refusal>>()? })
    }
}

#[utoipa::path(
    get, path = "/api/v1/editions/{edition}/menu", operation_id = "getMenu", tag = "Site",
    summary = "Shows the menu that stands on every public page, as those who write pages keep it.",
    params(("edition" = String, Path, description = "The edition's slug or identifier")),
    responses(
        (status = 200, description = "The menu", body = SiteMenu),
        (status = 304, description = "The caller has it already"),
    ),
    security(("token" = [])),
)]
async fn menu(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path(edition): Path<String>,
) -> Answer {
    let edition = programme::desk(&site, &caller, &edition).await?.edition;
    caller.may_read(Action::EditPages, &Place::edition(&edition))?;
    let menu = site.store().menu(edition.id).await?.unwrap_or_default();
    answer::thing(&headers, &SiteMenu::from(&menu))
}

#[utoipa::path(
    put, path = "/api/v1/editions/{edition}/menu", operation_id = "setMenu", tag = "Site",
    summary = "Sets the menu. It stands on every public page at once.",
    params(
        ("edition" = String, Path, description = "The edition's slug or identifier"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the menu"),
    ),
    request_body = SiteMenu,
    responses((status = 200, description = "The menu as it is now", body = SiteMenu)),
    security(("token" = [])),
)]
async fn set_menu(
    Held(site): Held<Site>,
    caller: Caller,
    headers: HeaderMap,
    Path(edition): Path<String>,
    Json(wanted): Json<SiteMenu>,
) -> Answer {
    let desk = Desk::enter(site, caller, &edition).await?;
    desk.may(Action::EditPages)?;
    let seen = Seen::required(&headers)?;
    let new = wanted.read()?;
    let said = Said::default();
    let rule = |menu: Menu| said.keep(seen.check(&SiteMenu::from(&menu))).map(|()| new.clone());
    let done = desk.site.store().change_menu(&desk.caller.subject, desk.edition.id, rule).await;
    answer::changed(&SiteMenu::from(&said.outcome(done)?))
}
