//! The demo's pages, menu and posts, written into a record as organisers would have written them.

use super::{EDITION, file};
use anyhow::Context;
use jiff::Timestamp;
use model::{
    id::{PostId, WebPageId},
    page::{BuiltIn, Menu, MenuItem, MenuTarget, WebPage},
    permission::Subject,
    post::{Post, PostKind, Publication},
    text::Slug,
    time::StoppedClock,
};
use std::{collections::BTreeMap, sync::Arc};
use store::{Location, PostStep, Store};
use uuid::Uuid;

/// Who wrote them, for the change feed.
const WRITER: &str = "demo";

/// Writes what of the demo's pages and posts there was at `now` into a record that has none of them. Each stands there
/// since its own moment: the pages since the first release, the posts since they were published.
pub(crate) async fn fill(location: &Location, slug: &Slug, now: Timestamp) -> anyhow::Result<()> {
    let file: file::File = toml::from_str(EDITION).context("the demo's own data is broken")?;
    let Some(begin) = file.release.iter().map(|release| release.published).min() else { return Ok(()) };
    let store = Store::open(location, Arc::new(StoppedClock(begin))).await?;
    let edition = store.edition(slug).await?.context("the demo's edition is missing")?.edition.id;
    if !store.pages(edition).await?.is_empty() {
        store.close().await;
        return Ok(());
    }
    let writer = Subject::operator(WRITER.to_owned(), begin);
    let mut pages: BTreeMap<Slug, WebPageId> = BTreeMap::new();
    for page in &file.page {
        let page = WebPage {
            id: WebPageId(Uuid::nil()),
            slug: page.slug.clone(),
            title: page.title.clone(),
            body: page.text.clone(),
            published: true,
            position: 0,
        };
        let page = store.add_page(&writer, edition, page).await?;
        pages.insert(page.slug, page.id);
    }
    let mut rows = vec![];
    for entry in &file.menu {
        let target = match (&entry.page, &entry.own) {
            (Some(slug), _) => MenuTarget::Page(
                *pages.get(slug).with_context(|| format!("edition.toml: the menu names no page {slug}"))?,
            ),
            (None, Some(own)) => MenuTarget::BuiltIn(
                BuiltIn::parse(own).with_context(|| format!("edition.toml: there is no page \"{own}\""))?,
            ),
            (None, None) => MenuTarget::Heading,
        };
        rows.push((MenuItem { label: entry.label.clone(), target }, entry.below));
    }
    let menu = Menu::from_rows(rows);
    store.change_menu(&writer, edition, |_| Ok(menu.clone())).await?;
    store.close().await;
    let mut posts: Vec<&file::Post> = file.post.iter().filter(|post| post.published <= now).collect();
    posts.sort_by_key(|post| post.published);
    for post in posts {
        let store = Store::open(location, Arc::new(StoppedClock(post.published))).await?;
        let writer = Subject::operator(WRITER.to_owned(), post.published);
        let new = Post {
            id: PostId(Uuid::nil()),
            slug: post.slug.clone(),
            title: post.title.clone(),
            kind: if post.blog { PostKind::Blog } else { PostKind::Announcement },
            summary: post.summary.clone(),
            body: post.text.clone(),
            author: post.author.clone(),
            track: None,
            created: post.published,
            publication: Publication::Draft,
            mail_to: vec![],
            mastodon: false,
        };
        let added = store.add_post(&writer, edition, new).await?;
        store.step_post(&writer, edition, added.id, PostStep::Publish, "").await?;
        store.close().await;
    }
    Ok(())
}
