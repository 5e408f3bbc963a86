//! Pages that organisers wrote, and their posts.

use super::{
    Page, PageError, Viewer,
    frame::Frame,
    part::{Anchor, When},
};
use crate::{
    markup::{self, Heading, SafeHtml},
    snapshot::Snapshot,
};
use askama::Template;
use model::{
    address::Address,
    post::{Post, PostKind},
};

/// How many posts the front page shows.
const NEWEST: usize = 3;

/// From how many headings on a page begins with a list of them.
const CONTENTS_FROM: usize = 4;

/// How many characters of a post stand in lists where it has no summary.
const BEGINNING: usize = 240;

#[derive(Template)]
#[template(path = "web_page.html")]
struct WebPageView {
    frame: Frame,
    title: String,
    body: SafeHtml,
    contents: Vec<Heading>,
}

/// Draws a page that organisers wrote; `None` where none of that slug is published.
pub(super) fn web_page(
    page: &Page,
    slug: &str,
    snapshot: &Snapshot,
    viewer: &Viewer,
) -> Result<Option<String>, PageError> {
    let Some(own) = snapshot.content().pages.iter().find(|own| own.slug.as_str() == slug) else {
        return Ok(None);
    };
    let (body, headings) = markup::page(&own.body, 2, |path| viewer.links.to(path));
    let description = markup::beginning(&markup::plain(&own.body), 200);
    let outer: Vec<Heading> = headings.into_iter().filter(|heading| heading.outer).collect();
    let view = WebPageView {
        frame: Frame::new(snapshot, viewer, page, own.title.as_str(), description),
        title: own.title.to_string(),
        body,
        contents: if outer.len() < CONTENTS_FROM { vec![] } else { outer },
    };
    Ok(Some(view.render()?))
}

/// A post in a list.
pub(crate) struct PostLine {
    pub(crate) link: Anchor,
    pub(crate) when: Option<When>,
    pub(crate) summary: String,
    pub(crate) blog: bool,
}

fn line(post: &Post, snapshot: &Snapshot, viewer: &Viewer) -> PostLine {
    let edition = snapshot.edition();
    PostLine {
        link: Anchor {
            href: viewer.page(edition, Address::Post(post.slug.as_str())),
            text: post.title.to_string(),
            current: false,
        },
        when: published(post, snapshot, viewer),
        summary: summary(post, BEGINNING),
        blog: post.kind == PostKind::Blog,
    }
}

fn published(post: &Post, snapshot: &Snapshot, viewer: &Viewer) -> Option<When> {
    let zone = &snapshot.edition().zone;
    post.published().map(|at| When::instant(zone, viewer, at).with_day(zone))
}

fn summary(post: &Post, most: usize) -> String {
    match post.summary.non_empty() {
        Some(summary) => summary.to_owned(),
        None => markup::beginning(&markup::plain(&post.body), most),
    }
}

/// The newest posts, for the front page.
pub(super) fn newest(snapshot: &Snapshot, viewer: &Viewer) -> Vec<PostLine> {
    snapshot.content().posts.iter().take(NEWEST).map(|post| line(post, snapshot, viewer)).collect()
}

#[derive(Template)]
#[template(path = "posts.html")]
struct Posts {
    frame: Frame,
    atom: String,
    /// Where one subscribes by mail; `None` in a static copy.
    subscribe: Option<String>,
    list: Vec<PostLine>,
}

/// Draws all posts, the newest first.
pub(super) fn posts(page: &Page, snapshot: &Snapshot, viewer: &Viewer) -> Result<Option<String>, PageError> {
    let edition = snapshot.edition();
    let view = Posts {
        frame: Frame::new(snapshot, viewer, page, "News", String::new()),
        atom: viewer.file(edition, Address::PostFeed),
        subscribe: (!viewer.links.folder).then(|| viewer.file(edition, Address::Subscribe)),
        list: snapshot.content().posts.iter().map(|post| line(post, snapshot, viewer)).collect(),
    };
    Ok(Some(view.render()?))
}

#[derive(Template)]
#[template(path = "post.html")]
struct PostView {
    frame: Frame,
    title: String,
    author: String,
    when: Option<When>,
    body: SafeHtml,
    track: Option<Anchor>,
    all: String,
    older: Option<Anchor>,
    newer: Option<Anchor>,
}

/// Draws a post; `None` where none of that slug is published.
pub(super) fn post(
    page: &Page,
    slug: &str,
    snapshot: &Snapshot,
    viewer: &Viewer,
) -> Result<Option<String>, PageError> {
    let posts = &snapshot.content().posts;
    let Some(at) = posts.iter().position(|post| post.slug.as_str() == slug) else { return Ok(None) };
    let (post, edition) = (&posts[at], snapshot.edition());
    let neighbour = |post: &Post| Anchor {
        href: viewer.page(edition, Address::Post(post.slug.as_str())),
        text: post.title.to_string(),
        current: false,
    };
    let track = post.track.and_then(|track| snapshot.track(track)).map(|track| Anchor {
        href: viewer.page(edition, track.into()),
        text: track.name.to_string(),
        current: false,
    });
    let view = PostView {
        frame: Frame::new(snapshot, viewer, page, post.title.as_str(), summary(post, 200)),
        title: post.title.to_string(),
        author: post.author.to_string(),
        when: published(post, snapshot, viewer),
        body: markup::page(&post.body, 2, |path| viewer.links.to(path)).0,
        track,
        all: viewer.page(edition, Address::Posts),
        older: posts.get(at + 1).map(neighbour),
        newer: at.checked_sub(1).and_then(|at| posts.get(at)).map(neighbour),
    };
    Ok(Some(view.render()?))
}
